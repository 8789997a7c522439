/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sent what when, and what came of it: pings and datagrams count alike. */
#include <errno.h>
#include <stdlib.h>

#include "sim/sim_internal.h"

int tally_init(struct tally *t, struct sim *s, uint32_t count)
{
	*t = (struct tally){ .sim = s, .sent_us = calloc(count, sizeof *t->sent_us) };
	t->came = calloc(count, sizeof *t->came);
	return t->sent_us && t->came ? 0 : -ENOMEM;
}

void tally_done(struct tally *t)
{
	free(t->sent_us);
	free(t->came);
}

uint32_t tally_sent(struct tally *t)
{
	t->sent_us[t->stats.sent] = sim_now_us(t->sim);
	return t->stats.sent++;
}

void tally_refused(struct tally *t, int err)
{
	t->stats.refused++;
	t->stats.why = err;
}

bool tally_knows(const struct tally *t, uint32_t seq)
{
	return seq < t->stats.sent;
}

void tally_came(struct tally *t, uint32_t seq, bool whole)
{
	uint64_t took = sim_now_us(t->sim) - t->sent_us[seq];
	struct sim_ping_stats *s = &t->stats;
	if (!whole) {
		s->bad++;
		return;
	}
	if (t->came[seq]) {
		s->duplicates++;
		return;
	}
	t->came[seq] = true;
	s->min_us = s->received ? MIN(s->min_us, took) : took;
	s->max_us = MAX(s->max_us, took);
	s->sum_us += took;
	s->received++;
}
