/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_race SECONDS [SEED]: a large table that changes while three workers look into it, by its index, by its trie and a vector at a time.
 * Which of the states an answer is of cannot be known; but each has to be one that was there:
 *
 *	- an answer is of a prefix that the address lies in, and in use (what is freed says so, and goes back to malloc())
 *	- it is never shorter than the longest prefix that is never taken away
 *	- a /12 is taken away only after its sixteen /16 have come, and they only go after it has come back: an address in it never
 *	  finds something shorter. (The order that readers look in is the walk's, from above; so the way back has a grace period between.)
 *
 * The table grows and shrinks, so that indices come and go. Built with ASan and TSan it proves that nothing is freed too early; on one
 * processor the scheduler decides how often the two meet, so the writer's steps are small and many. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/stack.h"
#include "graph/node.h"
#include "net/fib_index.h"
#include "net/fib_internal.h"
#include "pkt/pkt.h"
#include "rt/rt.h"

enum {
	WORKERS = 3,
	ROWS = 6000,
	FIXED = 64,
	SPLIT = 16,
	VECTOR = 64,
	STEPS = 50,
	LIVE = 0x11ee,
	DEAD = 0xdead
};

/* What a route says: struct fib_nh, of which gw is the prefix, and its length and life stand in members that nobody reads here. */
struct said {
	struct deferred deferred;
	struct fib_nh nh;
};

struct row {
	struct fib_key key;
	uint8_t plen;
	struct said *said; /* NULL: it is not there */
};

enum phase { WHOLE, BOTH, PARTS, WAIT };

static struct {
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct fib fib;
	struct fib_trie several;
	struct slab nodes;
	struct fib_trie *trie;
	struct row fixed[FIXED], row[ROWS], whole[SPLIT], part[SPLIT][16];
	enum phase phase[SPLIT];
	bool ready[SPLIT]; /* a grace period is over */
	struct deferred grace[SPLIT];
	struct timer timer;
	uint64_t seed, end_us, steps, resized;
	const struct fib_index *index;
} race;

static struct reader {
	struct poller poller;
	uint64_t seed, lookups, bad;
	char why[128];
} reader[WORKERS];

static uint32_t rnd(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* --- the table --- */

static struct fib_key key_of(uint32_t addr, unsigned plen)
{
	return fib_key4(be32_of(plen ? addr & ~0u << (32 - plen) : 0));
}

static void put(struct row *r)
{
	struct fib_node *n = fib_trie_make(race.st, race.trie, &r->key, r->plen);
	struct said *s = calloc(1, sizeof *s);
	if (!n || !s)
		abort();
	s->nh = (struct fib_nh){ .if_handle = LIVE, .type = RTN_UNICAST, .metric[RTAX_HOPLIMIT] = r->plen };
	memcpy(s->nh.gw.b, &r->key, sizeof r->key);
	r->said = s;
	n->entries = (struct fib_entry *)s; /* not looked into by the trie */
	fib_trie_set_best(race.trie, n, &s->nh);
}

static void said_free(struct deferred *d)
{
	struct said *s = container_of(d, struct said, deferred);
	racy_set(s->nh.if_handle, DEAD);
	free(s);
}

static void take(struct row *r)
{
	struct fib_node *n = fib_trie_get(race.trie, &r->key, r->plen);
	n->entries = NULL;
	fib_trie_set_best(race.trie, n, NULL);
	fib_trie_prune(race.st, race.trie, &r->key, r->plen);
	rt_defer(race.rt->ctl, race.rt, &r->said->deferred, said_free);
	r->said = NULL;
}

static void put_again(struct row *r) /* another answer, in one step */
{
	struct said *old = r->said;
	put(r);
	rt_defer(race.rt->ctl, race.rt, &old->deferred, said_free);
}

static void make_rows(void)
{
	for (unsigned i = 0; i < FIXED; i++) {
		unsigned plen = i ? 8 + i % 12 : 0;
		race.fixed[i] = (struct row){ .key = key_of(i << 26 | rnd(&race.seed) >> 6, plen),
					      .plen = (uint8_t)plen };
		if (!fib_trie_get(race.trie, &race.fixed[i].key, plen))
			put(&race.fixed[i]);
	}
	for (unsigned i = 0; i < ROWS; i++) {
		unsigned plen = i % 8 ? 21 + i % 12 : 5 + rnd(&race.seed) % 15;
		uint32_t addr = rnd(&race.seed) * 2;
		if (addr >> 24 == 0xf1) /* what is split there has its prefixes for itself */
			addr ^= 1u << 31;
		race.row[i] = (struct row){ .key = key_of(addr, plen), .plen = (uint8_t)plen };
	}
	for (unsigned i = 0; i < SPLIT; i++) {
		uint32_t at = 0xf1000000u + (i << 20);
		race.whole[i] = (struct row){ .key = key_of(at, 12), .plen = 12 };
		put(&race.whole[i]);
		for (unsigned k = 0; k < 16; k++)
			race.part[i][k] = (struct row){ .key = key_of(at + (k << 16), 16), .plen = 16 };
	}
}

/* --- the writer --- */

static void grace_over(struct deferred *d)
{
	race.ready[d - race.grace] = true;
}

static void next_phase(unsigned i)
{
	switch (race.phase[i]) {
	case WHOLE:
		for (unsigned k = 0; k < 16; k++)
			put(&race.part[i][k]);
		race.phase[i] = BOTH;
		break;
	case BOTH:
		take(&race.whole[i]);
		race.phase[i] = PARTS;
		break;
	case PARTS:
		put(&race.whole[i]);
		race.ready[i] = false;
		rt_defer(race.rt->ctl, race.rt, &race.grace[i], grace_over);
		race.phase[i] = WAIT;
		break;
	case WAIT:
		if (!race.ready[i])
			return;
		for (unsigned k = 0; k < 16; k++)
			take(&race.part[i][k]);
		race.phase[i] = WHOLE;
	}
}

static bool is_free(const struct row *r)
{
	const struct fib_node *n = fib_trie_get(race.trie, &r->key, r->plen);
	return !n || !n->entries;
}

/* The table grows for a while, then shrinks. */
static void one_step(void)
{
	bool grows = race.steps / 20000 % 2 == 0;
	struct row *r = &race.row[rnd(&race.seed) % ROWS];
	unsigned what = rnd(&race.seed) % 16;
	race.steps++;
	if (what == 0)
		next_phase(rnd(&race.seed) % SPLIT);
	else if (!r->said && (grows || what < 4) && is_free(r))
		put(r);
	else if (r->said && what < 6)
		put_again(r);
	else if (r->said && (!grows || what < 8))
		take(r);
	race.resized += race.trie->index != race.index;
	race.index = race.trie->index;
}

static void tick(struct lcore *lc, struct timer *t)
{
	for (unsigned i = 0; i < STEPS; i++)
		one_step();
	if (lc->now_us >= race.end_us)
		rt_stop(race.rt);
	else
		lcore_timer_in(lc, t, 100);
}

/* --- readers --- */

static unsigned least(uint32_t addr)
{
	unsigned best = 0;
	struct fib_key k = fib_key4(be32_of(addr));
	for (unsigned i = 0; i < FIXED; i++)
		if (race.fixed[i].plen > best && fib_key_match(&race.fixed[i].key, &k, race.fixed[i].plen))
			best = race.fixed[i].plen;
	if (addr >> 24 == 0xf1)
		best = MAX(best, 12u);
	return best;
}

static void check(struct reader *r, uint32_t addr, const struct fib_nh *nh, const char *by)
{
	struct fib_key k = fib_key4(be32_of(addr)), of;
	r->lookups++;
	if (nh) {
		memcpy(&of, nh->gw.b, sizeof of);
		if (racy_get(nh->if_handle) == LIVE && nh->metric[RTAX_HOPLIMIT] >= least(addr) &&
		    fib_key_match(&of, &k, nh->metric[RTAX_HOPLIMIT]))
			return;
	}
	if (!r->bad++)
		snprintf(r->why, sizeof r->why, "%08x by %s: %s /%u, and not shorter than /%u was wanted",
			 addr, by,
			 !nh                     ? "nothing"
			 : nh->if_handle == LIVE ? "an answer of"
						 : "a freed answer of",
			 nh ? nh->metric[RTAX_HOPLIMIT] : 0, least(addr));
}

static uint32_t rnd_addr(struct reader *r)
{
	uint32_t a = rnd(&r->seed) * 2 + (rnd(&r->seed) & 1);
	if (rnd(&r->seed) % 4 == 0)
		return 0xf1000000u | (a & 0xffffff);
	return a;
}

static unsigned look(struct poller *p, struct lcore *lc)
{
	struct reader *r = container_of(p, struct reader, poller);
	be32 dst[VECTOR];
	uint32_t addr[VECTOR];
	const struct fib_nh *nh[VECTOR];
	for (unsigned i = 0; i < VECTOR; i++) {
		addr[i] = rnd_addr(r);
		dst[i] = be32_of(addr[i]);
		struct fib_key k = fib_key4(dst[i]);
		check(r, addr[i], fib4_find_in(race.trie, &k), "index");
		check(r, addr[i], fib_find_in(race.trie, &k), "index, of IPv6");
		check(r, addr[i], fib4_trie_find(race.trie, &k), "trie");
	}
	fib4_find_many(&race.fib, dst, VECTOR, nh);
	for (unsigned i = 0; i < VECTOR; i++)
		check(r, addr[i], nh[i], "vector");
	return VECTOR;
}

/* --- start and end --- */

static const struct module *const modules[] = { &pkt_module, &graph_module, NULL };

static bool start(unsigned seconds)
{
	struct rt_opts opts = { .log_level = LOG_WARN };
	if (rt_new(WORKERS, &opts, &race.rt) || pkt_pools_init(race.rt, 8 << 20) ||
	    stack_new(race.rt, "race", WORKERS, modules, &race.st))
		return false;
	SLAB_INIT(&race.nodes, &race.st->mem, struct fib_node, place);
	race.fib.n = race.fib.n_small = 1;
	race.trie = &race.fib.trie[0];
	race.trie->several = &race.several;
	race.trie->slab = &race.nodes;
	race.trie->of = &race.fib;
	make_rows();
	for (unsigned i = 0; i < WORKERS; i++) {
		reader[i] = (struct reader){ .poller.poll = look, .seed = race.seed + i };
		lcore_poll_add(race.st->worker[i]->lc, &reader[i].poller);
	}
	timer_init(&race.timer, tick);
	race.end_us = race.rt->ctl->now_us + seconds * 1000000ull;
	lcore_timer_in(race.rt->ctl, &race.timer, 100);
	return true;
}

static void take_all(struct row *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (r[i].said)
			take(&r[i]);
}

static void end(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		lcore_poll_remove(race.st->worker[i]->lc, &reader[i].poller);
	take_all(race.fixed, FIXED);
	take_all(race.row, ROWS);
	take_all(race.whole, SPLIT);
	for (unsigned i = 0; i < SPLIT; i++)
		take_all(race.part[i], 16);
	race.rt->ops->run_deferred(race.rt);
	slab_done(&race.nodes);
	stack_free(race.st);
	pkt_pools_done(race.rt);
	rt_free(race.rt);
}

int main(int argc, char **argv)
{
	uint64_t lookups = 0, bad = 0;
	race.seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("seed %lu\n", (unsigned long)race.seed);
	fflush(stdout);
	if (!start(argc > 1 ? (unsigned)atoi(argv[1]) : 3) || rt_run(race.rt)) {
		printf("cannot start\n");
		return 1;
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		lookups += reader[i].lookups;
		bad += reader[i].bad;
		if (reader[i].bad)
			printf("worker %u, %lu times: %s\n", i, (unsigned long)reader[i].bad, reader[i].why);
	}
	end();
	printf("%lu steps, %lu indices, %lu lookups\n", (unsigned long)race.steps,
	       (unsigned long)race.resized, (unsigned long)lookups);
	if (race.steps < 1000 || race.resized < 2 || lookups < 10000) {
		printf("too little happened\n");
		bad = 1;
	}
	return bad != 0;
}
