/* SPDX-License-Identifier: BSD-2-Clause */
#include "text_change.h"

#include <string.h>

#include "fuzz.h"

enum { LINES_MAX = 8192, CHANGES_MAX = 16, CHANGE_BYTES = 5 };

struct doc {
	unsigned n;
	char *line[LINES_MAX];
};

static void doc_split(struct doc *d, char *text)
{
	d->n = 0;
	for (char *save, *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		fuzz_check(d->n < LINES_MAX / 2);
		d->line[d->n++] = strdup(s);
	}
}

static size_t indent(const char *s)
{
	return strspn(s, " ");
}

static void insert(struct doc *d, unsigned at, char *s)
{
	if (d->n == LINES_MAX) {
		free(s);
		return;
	}
	memmove(&d->line[at + 1], &d->line[at], (d->n - at) * sizeof d->line[0]);
	d->line[at] = s;
	d->n++;
}

/* The object or list that opens here, once more in front of itself. */
static void repeat_block(struct doc *d, unsigned at)
{
	unsigned end = at + 1;
	char last[64];
	while (end < d->n && indent(d->line[end]) > indent(d->line[at]))
		end++;
	unsigned n = end - at;
	if (n > 64 || end == d->n)
		return;
	snprintf(last, sizeof last, "%.60s,", d->line[end]);
	last[strcspn(last, ",") + 1] = 0;
	for (unsigned i = 0; i < n; i++)
		insert(d, at + i, strdup(d->line[at + 2 * i]));
	insert(d, at + n, strdup(last));
}

/* "key": VALUE, */
static void set_value(struct doc *d, unsigned at, const char *value)
{
	char *old = d->line[at], *colon = strstr(old, "\": "), *now;
	if (!colon)
		return;
	size_t len = strlen(old);
	fuzz_check(asprintf(&now, "%.*s\": %s%s", (int)(colon - old), old, value,
			    old[len - 1] == ',' ? "," : "") > 0);
	free(old);
	d->line[at] = now;
}

static void copy_value(struct doc *d, unsigned at, unsigned from)
{
	char value[256], *colon = strstr(d->line[from], "\": ");
	if (!colon)
		return;
	snprintf(value, sizeof value, "%s", colon + 3);
	value[strcspn(value, ",")] = 0;
	set_value(d, at, value);
}

static void change(struct doc *d, const char *const *values, unsigned n_values, const uint8_t *c)
{
	unsigned at = ((unsigned)c[0] << 8 | c[1]) % d->n, how = (unsigned)c[3] << 8 | c[4];
	char *s = d->line[at], raw[] = { (char)c[3], (char)c[4], 0 };
	switch (c[2] % 6) {
	case 0:
		set_value(d, at, values[how % n_values]);
		break;
	case 1:
		copy_value(d, at, how % d->n);
		break;
	case 2:
		s[how % strlen(s)] = "0123456789abcdef\",:{}[] \\u"[c[3] % 26];
		break;
	case 3:
		free(s);
		memmove(&d->line[at], &d->line[at + 1], (--d->n - at) * sizeof s);
		break;
	case 4:
		set_value(d, at, raw);
		break;
	default:
		repeat_block(d, at);
	}
}

size_t text_change(const char *good, const char *const *values, unsigned n_values, const uint8_t *data,
		   size_t size, char *to, size_t room)
{
	static struct doc d;
	size_t len = 0;
	char *text = strdup(good);
	doc_split(&d, text);
	for (unsigned i = 0; i < CHANGES_MAX && size >= CHANGE_BYTES && d.n;
	     i++, data += CHANGE_BYTES, size -= CHANGE_BYTES)
		change(&d, values, n_values, data);
	for (unsigned i = 0; i < d.n; i++) {
		if (len + strlen(d.line[i]) + 2 < room)
			len += (size_t)sprintf(to + len, "%s\n", d.line[i]);
		free(d.line[i]);
	}
	free(text);
	return len;
}
