/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a plan without some of its lines is a plan, so lines are taken out in blocks, large ones first, and stay out when
 * what is left still fails in the same way (delta debugging; Zeller, Hildebrandt 2002). Then arguments are made simple, one at a
 * time: 0, else 1, else half of what they are. That is repeated until nothing helps, or time is up.
 *
 * The same way: by the name in front of the colon, so that a search for one fault does not end at another. */
#include <string.h>

#include "run.h"

enum { SECONDS_MAX = 60 };

struct shrinker {
	struct plan *p;
	struct plan without;
	char name[WHY_MAX];
	struct result last;
	unsigned plays;
	double until;
};

static bool same_way(const struct shrinker *s, const char *why)
{
	size_t n = strlen(s->name);
	return !strncmp(why, s->name, n) && why[n] == ':';
}

/* Takes over `without` if it fails, too. */
static bool try(struct shrinker *s)
{
	struct result r;
	if (seconds_now() > s->until)
		return false;
	s->plays++;
	if (play_apart(&s->without, &r) || !same_way(s, r.why))
		return false;
	*s->p = s->without;
	s->last = r;
	return true;
}

static bool drop_block(struct shrinker *s, unsigned from, unsigned n)
{
	struct plan *q = &s->without;
	*q = *s->p;
	memmove(&q->deed[from], &q->deed[from + n], (q->n - from - n) * sizeof q->deed[0]);
	q->n -= n;
	return try(s);
}

static bool drop_lines(struct shrinker *s)
{
	bool any = false;
	for (unsigned n = MAX(s->p->n / 2, 1U); n; n /= 2)
		for (unsigned from = s->p->n; from >= n && s->p->n >= n;) {
			from -= n;
			if (from + n <= s->p->n && drop_block(s, from, n))
				any = true;
			if (from < n && from) /* the rest in front is shorter than a block */
				from = n;
		}
	return any;
}

static bool simplify_arg(struct shrinker *s, unsigned i, unsigned k)
{
	uint32_t was = s->p->deed[i].arg[k];
	const uint32_t simple[] = { 0, 1, was / 2 };
	for (unsigned t = 0; t < ARRAY_SIZE(simple); t++) {
		if (simple[t] >= was || (t == 2 && was < 8))
			continue;
		s->without = *s->p;
		s->without.deed[i].arg[k] = simple[t];
		if (try(s))
			return true;
	}
	return false;
}

static bool simplify(struct shrinker *s)
{
	bool any = false;
	for (unsigned i = 0; i < s->p->n; i++)
		for (unsigned k = 0; k < ARGS_MAX; k++)
			any |= s->p->deed[i].arg[k] && simplify_arg(s, i, k);
	return any;
}

unsigned shrink(struct plan *p, struct result *ret)
{
	static struct shrinker s;
	s = (struct shrinker){ .p = p, .until = seconds_now() + SECONDS_MAX };
	if (!play_apart(p, &s.last)) {
		size_t n = strcspn(s.last.why, ":");
		memcpy(s.name, s.last.why, n);
		s.name[n] = 0;
		for (bool any = true; any;) {
			any = drop_lines(&s);
			any = simplify(&s) || any;
		}
	}
	*ret = s.last;
	return s.plays;
}
