/* SPDX-License-Identifier: BSD-2-Clause */
/* Three workers on real threads send into an in-memory pair whose other end is in a stack with one worker, which sends
 * everything back, while the control lcore takes the ends up and down, deletes and makes the pair, and ends and starts
 * the second stack under them. No packet may be lost in the end, and some must have come back.
 *
 *   mem_stress [SECONDS] */
#include <stdio.h>
#include <stdlib.h>

#include "dev/dev.h"
#include "dev/mem.h"
#include "rt/rt.h"

enum { WORKERS = 3, BURST = 32, FRAME_LEN = 60, IN_NEXT_OUTPUT = 1 };

/* --- the graph: what comes into the first stack has come back; the second sends it where it came from --- */

struct front {
	uint32_t handle; /* of the first stack's end; 0: none. Written by the control lcore */
	struct {
		uint64_t made, back;
	} cacheline_aligned per[WORKERS];
};

static void in_run(struct worker *w, struct pkt_vec *v)
{
	struct front *f = w->st->user;
	for (unsigned i = 0; i < v->n; i++)
		v->pkt[i]->out_if = v->pkt[i]->in_if;
	if (!f) {
		vec_dispatch_all(w, v, IN_NEXT_OUTPUT);
		return;
	}
	f->per[w->index].back += v->n;
	for (unsigned i = 0; i < v->n; i++)
		pkt_drop(v->pkt[i], DROP_CONSUMED);
	vec_dispatch_all(w, v, NEXT_DROP);
}
static const struct node in_node = {
	.name = "eth-input",
	.run = in_run,
	.next = { [IN_NEXT_OUTPUT] = "iface-output", [2] = "eth-demux", [3] = "hook-ingress" },
};
static const struct node *const in_nodes[] = { &in_node, NULL };
static const struct module in_module = { .name = "in", .id = MODULE_TEST, .nodes = in_nodes };
static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module,
						&in_module,  &dev_module,   NULL };

struct source {
	struct poller poller;
	struct worker *w;
};

static unsigned source_poll(struct poller *p, struct lcore *lc)
{
	struct source *s = container_of(p, struct source, poller);
	struct front *f = s->w->st->user;
	static const uint8_t frame[FRAME_LEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	struct pkt *pkt[BURST];
	unsigned n = pkt_new_bulk(lc, pkt, BURST);
	for (unsigned i = 0; i < n; i++) {
		pkt_append(lc, pkt[i], frame, sizeof frame);
		pkt[i]->out_if = racy_get(f->handle);
	}
	f->per[s->w->index].made += n;
	graph_enqueue_bulk(s->w, node_find(s->w->st, "iface-output"), pkt, n);
	graph_run(s->w);
	return 1;
}

/* --- control --- */

struct driver {
	struct timer timer;
	struct leat_runtime *rt;
	struct leat_stack *a, *b;
	struct front *front;
	uint64_t end_us;
	unsigned n;
};

static void pair_make(struct driver *d)
{
	struct iface *e[2];
	if (mem_pair_new(d->a, "a0", d->b, "b0", NULL, e))
		abort();
	iface_set_up(e[0], true);
	iface_set_up(e[1], true);
	racy_set(d->front->handle, e[0]->handle);
}

static void second_stack_anew(struct driver *d)
{
	stack_free(d->b);
	if (iface_by_name(d->a, "a0") || stack_new(d->rt, "b", 1, modules, &d->b))
		abort();
	pair_make(d);
}

static void step(struct lcore *lc, struct timer *t)
{
	struct driver *d = container_of(t, struct driver, timer);
	switch (d->n++ % 6) {
	case 0:
	case 1:
		iface_set_up(iface_by_name(d->b, "b0"), d->n % 6 == 2);
		break;
	case 2:
		iface_delete(iface_by_name(d->a, "a0"));
		pair_make(d);
		break;
	case 3:
		iface_delete(iface_by_name(d->b, "b0"));
		pair_make(d);
		break;
	case 4:
		second_stack_anew(d);
		break;
	}
	if (lc->now_us >= d->end_us)
		rt_stop(lc->rt);
	else
		lcore_timer_in(lc, t, 700);
}

/* What is under way arrives or goes home. */
static void settle(struct leat_runtime *rt)
{
	for (unsigned k = 0; k < 16; k++)
		for (unsigned i = 0; i <= WORKERS; i++)
			lcore_turn(rt->lcore[i]);
}

static int check(struct leat_runtime *rt, const struct driver *d)
{
	uint64_t made = 0, back = 0;
	int bad = 0;
	for (unsigned i = 0; i < WORKERS; i++) {
		struct pkt_stats s;
		pkt_stats(rt->lcore[i], &s);
		made += d->front->per[i].made;
		back += d->front->per[i].back;
		if (s.in_use) {
			fprintf(stderr, "mem_stress: %llu packets of lcore %u are lost\n",
				(unsigned long long)s.in_use, i);
			bad = 1;
		}
	}
	printf("%llu packets, %llu came back, %u steps\n", (unsigned long long)made, (unsigned long long)back,
	       d->n);
	return bad || !back;
}

int main(int argc, char **argv)
{
	static struct front front;
	struct source src[WORKERS] = { 0 };
	struct driver d = { .front = &front, .end_us = (uint64_t)(argc > 1 ? atoi(argv[1]) : 2) * 1000000 };
	if (rt_new(WORKERS, NULL, &d.rt) || pkt_pools_init(d.rt, 32 << 20) ||
	    stack_new(d.rt, "a", WORKERS, modules, &d.a) || stack_new(d.rt, "b", 1, modules, &d.b))
		return 2;
	d.a->user = &front;
	pair_make(&d);
	for (unsigned i = 0; i < WORKERS; i++) {
		src[i] = (struct source){ .poller.poll = source_poll, .w = d.a->worker[i] };
		lcore_poll_add(d.rt->lcore[i], &src[i].poller);
	}
	timer_init(&d.timer, step);
	lcore_timer_in(d.rt->ctl, &d.timer, 0);
	int err = rt_run(d.rt);
	for (unsigned i = 0; i < WORKERS; i++)
		lcore_poll_remove(d.rt->lcore[i], &src[i].poller);
	settle(d.rt);
	stack_free(d.b);
	stack_free(d.a);
	settle(d.rt);
	int bad = err ? 2 : check(d.rt, &d);
	pkt_pools_done(d.rt);
	rt_free(d.rt);
	return bad;
}
