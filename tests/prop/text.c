/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans as text:
 *
 *	seed 42
 *	end 3000000
 *	0 node node=1 workers=3 forward=1
 *	250000 cut wire=2 cut=1
 *
 * The time is in microseconds. Arguments that are 0 need not be written. Lines that are empty or start with # say nothing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static const struct {
	const char *name;
	const char *arg[ARGS_MAX];
} forms[DEEDS] = {
#define DEED(name, ...) [DEED_##name] = { #name, { __VA_ARGS__ } },
#include "deeds.def"
#undef DEED
};

void deed_write(const struct deed *d, FILE *to)
{
	fprintf(to, "%" PRIu64 " %s", d->at_us, forms[d->kind].name);
	for (unsigned i = 0; i < ARGS_MAX && forms[d->kind].arg[i]; i++)
		if (d->arg[i])
			fprintf(to, " %s=%u", forms[d->kind].arg[i], d->arg[i]);
	fputc('\n', to);
}

void plan_write(const struct plan *p, FILE *to)
{
	fprintf(to, "seed %" PRIu64 "\nend %" PRIu64 "\n", p->seed, p->end_us);
	for (unsigned i = 0; i < p->n; i++)
		deed_write(&p->deed[i], to);
}

static bool read_number(const char *s, uint64_t *ret)
{
	char *end;
	*ret = strtoull(s, &end, 10);
	return end != s && !*end;
}

static bool read_kind(const char *name, enum deed_kind *ret)
{
	for (unsigned k = 0; k < DEEDS; k++) {
		if (!strcmp(forms[k].name, name)) {
			*ret = (enum deed_kind)k;
			return true;
		}
	}
	return false;
}

static bool read_arg(struct deed *d, char *word)
{
	char *value = strchr(word, '=');
	uint64_t v;
	if (!value)
		return false;
	*value++ = 0;
	for (unsigned i = 0; i < ARGS_MAX && forms[d->kind].arg[i]; i++) {
		if (strcmp(forms[d->kind].arg[i], word) != 0)
			continue;
		if (!read_number(value, &v) || v > UINT32_MAX)
			return false;
		d->arg[i] = (uint32_t)v;
		return true;
	}
	return false;
}

/* `word` is the line's first; strtok_r() has the rest. */
static bool read_deed(struct plan *p, const char *word, char **rest)
{
	struct deed d = { 0 };
	const char *kind = strtok_r(NULL, " \t\n", rest);
	if (p->n == DEEDS_MAX || !read_number(word, &d.at_us) || !kind || !read_kind(kind, &d.kind))
		return false;
	for (char *w; (w = strtok_r(NULL, " \t\n", rest));)
		if (!read_arg(&d, w))
			return false;
	p->deed[p->n++] = d;
	return true;
}

static bool read_line(struct plan *p, char *line)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);
	uint64_t *to = !word                   ? NULL
		       : !strcmp(word, "seed") ? &p->seed
		       : !strcmp(word, "end")  ? &p->end_us
					       : NULL;
	if (!word || *word == '#')
		return true;
	if (!to)
		return read_deed(p, word, &rest);
	word = strtok_r(NULL, " \t\n", &rest);
	return word && read_number(word, to);
}

bool plan_read(struct plan *p, FILE *from, const char *name)
{
	char line[512], copy[512];
	memset(p, 0, sizeof *p);
	for (unsigned n = 1; fgets(line, sizeof line, from); n++) {
		memcpy(copy, line, sizeof copy);
		if (!read_line(p, copy)) {
			fprintf(stderr, "%s:%u: not a line of a plan: %s", name, n, line);
			return false;
		}
	}
	return true;
}
