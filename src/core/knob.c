/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/knob.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/save.h"
#include "core/stack.h"

static unsigned n_values(const struct knob *k)
{
	return k->two ? 2 : 1;
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

void knob_read(const struct knob *k, const void *base, uint64_t ret_v[2])
{
	ret_v[1] = 0;
	for (unsigned i = 0; i < n_values(k); i++)
		ret_v[i] = member_get(k, (const char *)base + k->at + i * k->size) / scale(k);
}

void knob_write(const struct knob *k, void *base, const uint64_t v[2])
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
	uint64_t v[2];
	knob_read(k, base, v);
	return v[0] == k->dflt[0] && (!k->two || v[1] == k->dflt[1]);
}

int knob_set(struct leat_stack *st, struct iface *i, const struct knob *k, void *base, const uint64_t v[2],
	     char *ret_why, size_t why_len)
{
	for (unsigned n = 0; n < n_values(k); n++)
		if (v[n] < k->min || v[n] > k->max) {
			snprintf(ret_why, why_len, "%" PRIu64 " is not between %" PRIu64 " and %" PRIu64,
				 v[n], k->min, k->max);
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

static bool parse_one(const char **at, uint64_t *ret)
{
	const char *s = *at + strspn(*at, " \t\n");
	char *end;
	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*ret = strtoull(s, &end, 0);
	*at = end;
	return !errno && (!*end || strchr(" \t\n", *end));
}

bool knob_parse(const struct knob *k, const char *text, uint64_t ret_v[2])
{
	uint64_t v[2] = { 0 };
	for (unsigned i = 0; i < n_values(k); i++)
		if (!parse_one(&text, &v[i]))
			return false;
	if (text[strspn(text, " \t\n")])
		return false;
	memcpy(ret_v, v, sizeof v);
	return true;
}

void knob_print(const struct knob *k, const uint64_t v[2], char to[KNOB_TEXT_MAX])
{
	if (k->two)
		snprintf(to, KNOB_TEXT_MAX, "%" PRIu64 "\t%" PRIu64, v[0], v[1]);
	else
		snprintf(to, KNOB_TEXT_MAX, "%" PRIu64, v[0]);
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
	uint64_t v[2];
	char text[KNOB_TEXT_MAX];
	knob_read(k, base, v);
	knob_print(k, v, text);
	save_str(s, name, text);
}

int knob_restore_value(struct leat_stack *st, struct iface *i, struct loader *l, const char *name,
		       const struct knob *k, void *base)
{
	char text[KNOB_TEXT_MAX], why[96];
	uint64_t v[2];
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
		if (!base || k->flags & KNOB_ALIAS || knob_is_default(k, base))
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
