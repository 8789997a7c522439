/* SPDX-License-Identifier: BSD-2-Clause */
/* Three workers on real threads make packets, hand them to each other and drop them, while the control lcore loads and
 * unloads modules and starts and ends traces under them. Every packet made must be dropped by name in the end.
 *
 *   graph_stress [SECONDS] */
#include <stdio.h>
#include <stdlib.h>

#include "core/stack.h"
#include "graph/node.h"
#include "graph/trace.h"
#include "hook_count.h"
#include "rt/rt.h"

enum { WORKERS = 3, BURST = 48 };
enum { IN_DEMUX = 1, IN_HOOK, DEMUX_LATE = 1, DEMUX_END };

/* --- the graph: eth-input (which owns a hook point), eth-demux, end, and late, which comes and goes --- */

static void in_run(struct worker *w, struct pkt_vec *v)
{
	const struct hook_edges *e = w->st->user;
	vec_dispatch_all(w, v, hook_read_edge(e, HOOK_INGRESS));
}

static void demux_run(struct worker *w, struct pkt_vec *v)
{
	struct pkt *away[PKT_VEC_MAX];
	uint8_t next[PKT_VEC_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		next[i] = (uint8_t)(v->pkt[i]->len % 4);
		if (next[i] == 0) {
			pkt_drop(v->pkt[i], DROP_TRUNCATED);
		} else if (next[i] == 3) {
			away[n++] = v->pkt[i];
			next[i] = NODE_KEPT;
		}
	}
	graph_hand_over(w, (w->index + 1) % WORKERS, node_find(w->st, "end"), away, n);
	vec_dispatch(w, v, next);
}

static void end_run(struct worker *w, struct pkt_vec *v)
{
	for (unsigned i = 0; i < v->n; i++)
		pkt_drop(v->pkt[i], DROP_CONSUMED);
	vec_dispatch_all(w, v, NEXT_DROP);
}

static const struct node in_node = {
	.name = "eth-input",
	.run = in_run,
	.next = { [IN_DEMUX] = "eth-demux", [IN_HOOK] = "hook-ingress" },
};
static const struct node demux_node = {
	.name = "eth-demux",
	.run = demux_run,
	.next = { [DEMUX_LATE] = "late", [DEMUX_END] = "end" },
};
static const struct node end_node = { .name = "end", .run = end_run };
static const struct node late_node = { .name = "late", .run = end_run };
static const struct node *const mill_nodes[] = { &in_node, &demux_node, &end_node, NULL };
static const struct node *const late_nodes[] = { &late_node, NULL };
static const struct module mill_module = { .name = "mill", .id = MODULE_eth, .nodes = mill_nodes };
static const struct module late_module = { .name = "late", .id = MODULE_arp, .nodes = late_nodes };

/* --- workers --- */

struct source {
	struct poller poller;
	struct worker *w;
	uint64_t made;
};

static unsigned source_poll(struct poller *p, struct lcore *lc)
{
	struct source *s = container_of(p, struct source, poller);
	static const uint8_t bytes[8];
	struct pkt_vec v;
	v.n = (uint16_t)pkt_new_bulk(lc, v.pkt, BURST);
	for (unsigned i = 0; i < v.n; i++)
		pkt_append(lc, v.pkt[i], bytes, (uint32_t)((s->made + i) / 5 % sizeof bytes));
	s->made += v.n;
	if (trace_is_on(s->w))
		trace_mark_slow(s->w, &v);
	graph_enqueue_bulk(s->w, node_find(s->w->st, "eth-input"), v.pkt, v.n);
	graph_run(s->w);
	return v.n;
}

/* --- control --- */

struct driver {
	struct timer timer;
	struct leat_stack *st;
	uint64_t end_us, records, lost, hooked;
	unsigned n;
	bool loaded, counting;
};

static void toggle_late(struct driver *d)
{
	int err = d->loaded ? stack_unload(d->st, &late_module) : stack_load(d->st, &late_module);
	d->loaded ^= !err;
}

static void toggle_count(struct driver *d)
{
	if (d->counting)
		d->hooked += hook_count(d->st, HOOK_INGRESS);
	int err =
		d->counting ? stack_unload(d->st, &hook_count_module) : stack_load(d->st, &hook_count_module);
	d->counting ^= !err;
}

static void look_at_trace(struct driver *d)
{
	struct trace_record r[64];
	unsigned n;
	trace_start(d->st, NULL, 0, 0);
	while ((n = trace_read(d->st, r, 64, &d->lost)) && d->records < UINT64_MAX - n) {
		d->records += n;
		if (n < 64)
			break;
	}
	if (d->n % 16 == 15)
		trace_stop(d->st);
}

static void step(struct lcore *lc, struct timer *t)
{
	struct driver *d = container_of(t, struct driver, timer);
	switch (d->n++ % 4) {
	case 0:
		toggle_late(d);
		break;
	case 2:
		toggle_count(d);
		break;
	default:
		look_at_trace(d);
	}
	if (lc->now_us >= d->end_us && !d->counting)
		rt_stop(lc->rt);
	else
		lcore_timer_in(lc, t, 500);
}

static int check(struct leat_runtime *rt, const struct driver *d, const struct source *src)
{
	uint64_t made = 0, dropped = graph_drops_total(d->st);
	for (unsigned i = 0; i < WORKERS; i++)
		made += src[i].made;
	printf("%llu packets, %u steps, %llu at the hook, %llu trace records, %llu lost\n",
	       (unsigned long long)made, d->n, (unsigned long long)d->hooked, (unsigned long long)d->records,
	       (unsigned long long)d->lost);
	if (made != dropped || !d->hooked || !d->records) {
		fprintf(stderr, "graph_stress: made %llu packets, dropped %llu\n", (unsigned long long)made,
			(unsigned long long)dropped);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct module *const modules[] = { &pkt_module, &graph_module, &mill_module, NULL };
	struct source src[WORKERS] = { 0 };
	struct driver d = { .end_us = (uint64_t)(argc > 1 ? atoi(argv[1]) : 2) * 1000000 };
	struct hook_edges edges;
	struct leat_runtime *rt;
	if (rt_new(WORKERS, NULL, &rt) || pkt_pools_init(rt, 32 << 20) ||
	    stack_new(rt, "stress", WORKERS, modules, &d.st))
		return 2;
	hook_edges_add(d.st, &edges);
	d.st->user = &edges;
	for (unsigned i = 0; i < WORKERS; i++) {
		src[i] = (struct source){ .poller.poll = source_poll, .w = d.st->worker[i] };
		lcore_poll_add(rt->lcore[i], &src[i].poller);
	}
	timer_init(&d.timer, step);
	lcore_timer_in(rt->ctl, &d.timer, 0);
	int err = rt_run(rt);
	rt_flush_messages(rt);
	int bad = err ? 2 : check(rt, &d, src);
	for (unsigned i = 0; i < WORKERS; i++)
		lcore_poll_remove(rt->lcore[i], &src[i].poller);
	for (unsigned i = 0; i < 4 * WORKERS; i++) /* packets freed elsewhere go home */
		lcore_turn(rt->lcore[i % WORKERS]);
	stack_free(d.st);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct pkt_stats s;
		pkt_stats(rt->lcore[i], &s);
		if (s.in_use) {
			fprintf(stderr, "graph_stress: %llu packets of lcore %u are lost\n",
				(unsigned long long)s.in_use, i);
			bad = 1;
		}
	}
	pkt_pools_done(rt);
	rt_free(rt);
	return bad;
}
