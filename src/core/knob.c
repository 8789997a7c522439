/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/knob.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/save.h"
#include "core/stack.h"

static unsigned n_values(const struct knob *k)
{
	return k->more + 1U;
}

static uint64_t scale(const struct knob *k)
{
	return k->scale ? k->scale : 1;
}

static uint64_t member_get(const struct knob *k, const void *at)
{
	switch (k->size) {
	case 1:
		return racy_get(*(const uint8_t *)at);
	case 2:
		return racy_get(*(const uint16_t *)at);
	case 4:
		return racy_get(*(const uint32_t *)at);
	default:
		return racy_get(*(const uint64_t *)at);
	}
}

static void member_set(const struct knob *k, void *at, uint64_t v)
{
	switch (k->size) {
	case 1:
		racy_set(*(uint8_t *)at, (uint8_t)v);
		break;
	case 2:
		racy_set(*(uint16_t *)at, (uint16_t)v);
		break;
	case 4:
		racy_set(*(uint32_t *)at, (uint32_t)v);
		break;
	default:
		racy_set(*(uint64_t *)at, v);
		break;
	}
}

/* What stands in fewer than 64 bits is negative when its highest bit says so. */
static uint64_t widened(const struct knob *k, uint64_t v)
{
	unsigned shift = 64 - 8u * k->size;
	return k->flags & KNOB_SIGNED ? (uint64_t)((int64_t)(v << shift) >> shift) : v;
}

void knob_read(const struct knob *k, const void *base, uint64_t ret_v[KNOB_VALUES])
{
	memset(ret_v, 0, KNOB_VALUES * sizeof ret_v[0]);
	for (unsigned i = 0; i < n_values(k); i++)
		ret_v[i] = widened(k, member_get(k, (const char *)base + k->at + i * k->size)) / scale(k);
}

void knob_write(const struct knob *k, void *base, const uint64_t v[KNOB_VALUES])
{
	for (unsigned i = 0; i < n_values(k); i++)
		member_set(k, (char *)base + k->at + i * k->size, v[i] * scale(k));
}

void knob_set_default(const struct knob *k, void *base)
{
	knob_write(k, base, k->dflt);
}

bool knob_is_default(const struct knob *k, const void *base)
{
	uint64_t v[KNOB_VALUES];
	knob_read(k, base, v);
	return memcmp(v, k->dflt, n_values(k) * sizeof v[0]) == 0;
}

static bool is_within(const struct knob *k, uint64_t v)
{
	if (k->flags & KNOB_SIGNED)
		return (int64_t)v >= (int64_t)k->min && (int64_t)v <= (int64_t)k->max;
	return v >= k->min && v <= k->max;
}

static void say_bounds(const struct knob *k, uint64_t v, char *to, size_t len)
{
	if (k->flags & KNOB_SIGNED)
		snprintf(to, len, "%" PRId64 " is not between %" PRId64 " and %" PRId64, (int64_t)v,
			 (int64_t)k->min, (int64_t)k->max);
	else
		snprintf(to, len, "%" PRIu64 " is not between %" PRIu64 " and %" PRIu64, v, k->min, k->max);
}

int knob_set(struct leat_stack *st, struct iface *i, const struct knob *k, void *base,
	     const uint64_t v[KNOB_VALUES], char *ret_why, size_t why_len)
{
	for (unsigned n = 0; n < n_values(k); n++)
		if (!is_within(k, v[n])) {
			say_bounds(k, v[n], ret_why, why_len);
			return -EINVAL;
		}
	int err = k->check ? k->check(st, i, v) : 0;
	if (err) {
		snprintf(ret_why, why_len, "these values do not fit together");
		return err;
	}
	knob_write(k, base, v);
	if (k->changed)
		k->changed(st, i, k);
	return 0;
}

/* --- text --- */

static bool parse_one(const struct knob *k, const char **at, uint64_t *ret)
{
	const char *s = *at + strspn(*at, " \t\n");
	bool minus = k->flags & KNOB_SIGNED && *s == '-';
	char *end;
	s += minus;
	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*ret = strtoull(s, &end, 0);
	*at = end;
	if (k->flags & KNOB_SIGNED && *ret > INT64_MAX)
		return false;
	if (minus)
		*ret = KNOB_MINUS(*ret);
	return !errno && (!*end || strchr(" \t\n", *end));
}

static bool parse_ip6(const char *text, uint64_t ret_v[KNOB_VALUES])
{
	char word[INET6_ADDRSTRLEN];
	text += strspn(text, " \t\n");
	size_t n = strcspn(text, " \t\n");
	if (text[n + strspn(text + n, " \t\n")] || n >= sizeof word)
		return false;
	memcpy(word, text, n);
	word[n] = 0;
	ret_v[0] = ret_v[1] = 0;
	return n == 0 || inet_pton(AF_INET6, word, ret_v) == 1;
}

enum { BITS_MAX = 128 };

static bool has_bit(const uint64_t v[KNOB_VALUES], unsigned bit)
{
	return v[bit / 64] >> bit % 64 & 1;
}

static bool parse_bit(const char **at, unsigned *ret)
{
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	unsigned long n = strtoul(*at, &end, 10);
	*ret = (unsigned)n;
	*at = end;
	return n < BITS_MAX;
}

/* Linux: proc_do_large_bitmap(). Nothing is no bits. */
static bool parse_bits(const char *text, uint64_t ret_v[KNOB_VALUES])
{
	uint64_t v[KNOB_VALUES] = { 0 };
	unsigned from, to;
	for (text += strspn(text, " \t\n"); *text && !strchr(" \t\n", *text);) {
		if (!parse_bit(&text, &from))
			return false;
		to = from;
		if (*text == '-' && (text++, !parse_bit(&text, &to)))
			return false;
		if (to < from || (*text && !strchr(", \t\n", *text)))
			return false;
		text += *text == ',';
		for (; from <= to; from++)
			v[from / 64] |= UINT64_C(1) << from % 64;
	}
	if (text[strspn(text, " \t\n")])
		return false;
	memcpy(ret_v, v, sizeof v);
	return true;
}

static void print_bits(const uint64_t v[KNOB_VALUES], char *to, size_t len)
{
	size_t at = 0;
	to[0] = 0;
	for (unsigned bit = 0, last; bit < BITS_MAX && at < len; bit = last + 1) {
		last = bit;
		if (!has_bit(v, bit))
			continue;
		while (last + 1 < BITS_MAX && has_bit(v, last + 1))
			last++;
		at += (size_t)snprintf(to + at, len - at, last > bit ? "%s%u-%u" : "%s%u", at ? "," : "", bit,
				       last);
	}
}

/* --- words --- */

static bool find_word(const struct knob *k, const char *text, size_t len, unsigned *ret)
{
	for (unsigned i = 0; k->word(i); i++)
		if (strlen(k->word(i)) == len && !memcmp(k->word(i), text, len)) {
			*ret = i;
			return true;
		}
	return false;
}

static bool parse_words(const struct knob *k, const char *text, uint64_t ret_v[KNOB_VALUES])
{
	uint64_t bits = 0;
	unsigned n = 0, count = 0;
	for (size_t len; (len = strcspn(text += strspn(text, " \t\n"), " \t\n")); text += len, count++) {
		if (!find_word(k, text, len, &n))
			return false;
		bits |= UINT64_C(1) << n;
	}
	if (k->flags & KNOB_WORD && count != 1)
		return false;
	memset(ret_v, 0, KNOB_VALUES * sizeof ret_v[0]);
	ret_v[0] = k->flags & KNOB_WORD ? n : bits;
	return true;
}

static void print_words(const struct knob *k, uint64_t v, char to[KNOB_TEXT_MAX])
{
	size_t at = 0;
	to[0] = 0;
	for (unsigned i = 0; k->word(i); i++)
		if (k->flags & KNOB_WORD ? v == i : v >> i & 1)
			at += (size_t)snprintf(to + at, KNOB_TEXT_MAX - at, "%s%s", at ? " " : "",
					       k->word(i));
}

/* --- keys --- */

enum { KEY_WORDS = 4 };

/* Linux: proc_tcp_fastopen_key(). */
static bool parse_key(const char **at, uint64_t ret_key[2])
{
	const char *s = *at;
	char *end;
	ret_key[0] = ret_key[1] = 0;
	for (unsigned i = 0; i < KEY_WORDS; i++, s = end) {
		if (i && *s++ != '-')
			return false;
		unsigned long word = isxdigit((unsigned char)*s) ? strtoul(s, &end, 16) : 0;
		if (!isxdigit((unsigned char)*s) || end - s > 8)
			return false;
		ret_key[i / 2] |= (uint64_t)word << (i % 2 ? 32 : 0);
	}
	*at = s;
	return true;
}

static bool parse_keys(const char *text, uint64_t ret_v[KNOB_VALUES])
{
	uint64_t v[KNOB_VALUES] = { 1 };
	text += strspn(text, " \t\n");
	if (!parse_key(&text, v + 1))
		return false;
	if (*text == ',') {
		text++;
		v[0] = 2;
		if (!parse_key(&text, v + 3))
			return false;
	}
	if (text[strspn(text, " \t\n")])
		return false;
	memcpy(ret_v, v, sizeof v);
	return true;
}

static void print_keys(const uint64_t v[KNOB_VALUES], char to[KNOB_TEXT_MAX])
{
	size_t at = 0;
	for (unsigned i = 1; i < 2 + 2 * (v[0] > 1); i += 2)
		at += (size_t)snprintf(to + at, KNOB_TEXT_MAX - at, "%s%08x-%08x-%08x-%08x", at ? "," : "",
				       (uint32_t)v[i], (uint32_t)(v[i] >> 32), (uint32_t)v[i + 1],
				       (uint32_t)(v[i + 1] >> 32));
}

bool knob_parse(const struct knob *k, const char *text, uint64_t ret_v[KNOB_VALUES])
{
	uint64_t v[KNOB_VALUES] = { 0 };
	if (k->flags & KNOB_BITS)
		return parse_bits(text, ret_v);
	if (k->flags & KNOB_IP6)
		return parse_ip6(text, ret_v);
	if (k->flags & KNOB_KEYS)
		return parse_keys(text, ret_v);
	if (k->flags & (KNOB_WORD | KNOB_WORDS))
		return parse_words(k, text, ret_v);
	for (unsigned i = 0; i < n_values(k); i++)
		if (!parse_one(k, &text, &v[i]))
			return false;
	if (text[strspn(text, " \t\n")])
		return false;
	memcpy(ret_v, v, sizeof v);
	return true;
}

/* Linux reads an address that was never set with an error; here it is empty. */
static void print_ip6(const uint64_t v[KNOB_VALUES], char to[KNOB_TEXT_MAX])
{
	char word[INET6_ADDRSTRLEN] = "";
	if (v[0] || v[1])
		inet_ntop(AF_INET6, v, word, sizeof word);
	snprintf(to, KNOB_TEXT_MAX, "%s", word);
}

static void print_numbers(const struct knob *k, const uint64_t v[KNOB_VALUES], char to[KNOB_TEXT_MAX])
{
	size_t at = 0;
	for (unsigned i = 0; i < n_values(k); i++)
		at += (size_t)snprintf(to + at, KNOB_TEXT_MAX - at, "%s%" PRIu64, i ? "\t" : "", v[i]);
}

void knob_print(const struct knob *k, const uint64_t v[KNOB_VALUES], char to[KNOB_TEXT_MAX])
{
	if (k->flags & KNOB_IP6)
		print_ip6(v, to);
	else if (k->flags & KNOB_KEYS)
		print_keys(v, to);
	else if (k->flags & (KNOB_WORD | KNOB_WORDS))
		print_words(k, v[0], to);
	else if (k->flags & KNOB_BITS)
		print_bits(v, to, KNOB_TEXT_MAX);
	else if (k->flags & KNOB_SIGNED)
		snprintf(to, KNOB_TEXT_MAX, "%" PRId64, (int64_t)v[0]);
	else
		print_numbers(k, v, to);
}

void knob_full_name(const struct knob *k, const char *iface, char to[KNOB_NAME_MAX])
{
	const char *at = k->flags & KNOB_PER_IFACE ? strstr(k->name, ".IF.") : NULL;
	if (at)
		snprintf(to, KNOB_NAME_MAX, "%.*s.%s%s", (int)(at - k->name), k->name, iface, at + 3);
	else
		snprintf(to, KNOB_NAME_MAX, "%s", k->name);
}

/* --- tables --- */

void *knob_base(const struct leat_stack *st, const struct module *m, const struct knob *k)
{
	return k->flags & KNOB_PER_IFACE ? st->iface_conf : st->state[m->id];
}

void knobs_reset(struct leat_stack *st, const struct module *m)
{
	for (const struct knob *k = m->knobs; k && k->name; k++) {
		void *base = knob_base(st, m, k);
		assert(base || k->flags & KNOB_PER_IFACE);
		if (base && !(k->flags & KNOB_ALIAS))
			knob_set_default(k, base);
	}
	if (st->on_knobs)
		st->on_knobs(st, m);
}

void knob_save_value(struct saver *s, const char *name, const struct knob *k, const void *base)
{
	uint64_t v[KNOB_VALUES];
	char text[KNOB_TEXT_MAX];
	knob_read(k, base, v);
	knob_print(k, v, text);
	save_str(s, name, text);
}

int knob_restore_value(struct leat_stack *st, struct iface *i, struct loader *l, const char *name,
		       const struct knob *k, void *base)
{
	char text[KNOB_TEXT_MAX], why[96];
	uint64_t v[KNOB_VALUES];
	if (!load_has(l, name)) {
		knob_set_default(k, base);
		if (k->changed)
			k->changed(st, i, k);
		return 0;
	}
	if (!load_str(l, name, text, sizeof text))
		return -EINVAL;
	if (!knob_parse(k, text, v) || knob_set(st, i, k, base, v, why, sizeof why))
		return load_bad(l, name, "out of range");
	return 0;
}

void knobs_save(struct leat_stack *st, const struct module *m, struct saver *s)
{
	char name[KNOB_NAME_MAX];
	if (!m->knobs)
		return;
	save_begin(s, "knobs");
	for (const struct knob *k = m->knobs; k->name; k++) {
		void *base = knob_base(st, m, k);
		if (!base || k->flags & KNOB_ALIAS ||
		    (knob_is_default(k, base) && !(k->flags & KNOB_FOLLOWS)))
			continue;
		knob_full_name(k, "default", name);
		knob_save_value(s, name, k, base);
	}
	save_end(s);
}

int knobs_restore(struct leat_stack *st, const struct module *m, struct loader *l)
{
	char name[KNOB_NAME_MAX];
	int err = 0;
	if (!m->knobs || !load_has(l, "knobs"))
		return 0;
	if (!load_begin(l, "knobs"))
		return -EINVAL;
	for (const struct knob *k = m->knobs; !err && k->name; k++) {
		void *base = knob_base(st, m, k);
		if (!base || k->flags & KNOB_ALIAS)
			continue;
		knob_full_name(k, "default", name);
		err = knob_restore_value(st, NULL, l, name, k, base);
	}
	load_end(l);
	return err;
}
