/* SPDX-License-Identifier: BSD-2-Clause */
/* Deeds about the network: what there is, and what happens to wires and nodes. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prop.h"

enum { THOUSANDTHS = SIM_ALWAYS / 1000 };
/* In a loop of routes a packet has 64 chances to become two: more than this would never end. */
enum { DUPLICATE_MAX = 80 };

struct leat_stack *stack_of(const struct world *w, unsigned node)
{
	return node && node <= NODES_MAX && w->node[node].n ? sim_node_stack(w->node[node].n) : NULL;
}

struct iface *iface_of(const struct world *w, unsigned wire, unsigned end)
{
	if (!wire || wire > WIRES_MAX || end > 1 || !w->wire[wire].w)
		return NULL;
	return sim_wire_iface(w->wire[wire].w, end);
}

static struct prop_wire *wire_of(struct world *w, uint32_t wire)
{
	return wire && wire <= WIRES_MAX && w->wire[wire].w ? &w->wire[wire] : NULL;
}

static bool must(struct world *w, int err, const char *what)
{
	return !err || broken(w, "harness: %s: %s", what, strerror(-err));
}

/* --- what there is --- */

void deed_node(struct world *w, const uint32_t *arg)
{
	char name[16];
	unsigned i = arg[0];
	if (!i || i > NODES_MAX || w->node[i].n || arg[1] < 1 || arg[1] > 3)
		return;
	snprintf(name, sizeof name, "n%u", i);
	if (!must(w, sim_node_new(w->sim, name, arg[1], &w->node[i].n), "node"))
		return;
	w->node[i].forward = arg[2];
	config_node(w, i);
}

static void begin_counting(struct prop_wire *p, unsigned end)
{
	struct sim_wire_stats out, in;
	sim_wire_stats(p->w, end, &out);
	sim_wire_stats(p->w, !end, &in);
	p->end[end] = (struct prop_end){ .counting = true, .in0 = out.in, .out0 = in.out };
}

void deed_wire(struct world *w, const uint32_t *arg)
{
	unsigned i = arg[0];
	char name[16];
	if (!i || i > WIRES_MAX || w->wire[i].w || arg[1] == arg[2] || !stack_of(w, arg[1]) ||
	    !stack_of(w, arg[2]))
		return;
	struct prop_wire *p = &w->wire[i];
	p->plain = (struct sim_wire_conf){ .delay_us = arg[3],
					   .jitter_us = arg[4],
					   .rate_bps = arg[5] * 1000ULL,
					   .queue_packets = arg[6],
					   .mtu = 0,
					   .offload = arg[8] };
	snprintf(name, sizeof name, "w%u", i);
	if (!must(w, sim_wire_new(w->sim, w->node[arg[1]].n, name, w->node[arg[2]].n, name, &p->plain, &p->w),
		  "wire"))
		return;
	for (unsigned e = 0; e < 2; e++) {
		p->node[e] = arg[1 + e];
		begin_counting(p, e);
		if (arg[7] && arg[7] != 1500)
			iface_set_mtu(iface_of(w, i, e), arg[7]);
		config_end(w, i, e);
	}
}

/* --- wires --- */

void deed_cut(struct world *w, const uint32_t *arg)
{
	struct prop_wire *p = wire_of(w, arg[0]);
	if (p)
		sim_wire_cut(p->w, arg[1]);
}

void deed_unplug(struct world *w, const uint32_t *arg)
{
	struct prop_wire *p = wire_of(w, arg[0]);
	if (!p)
		return;
	for (unsigned e = 0; e < 2; e++)
		w->node[p->node[e]].replugged |= sim_wire_is_unplugged(p->w) != (bool)arg[1];
	sim_wire_unplug(p->w, arg[1]);
}

void deed_faults(struct world *w, const uint32_t *arg)
{
	struct prop_wire *p = wire_of(w, arg[0]);
	if (!p)
		return;
	struct sim_wire_conf c = p->plain;
	c.loss = arg[1] * THOUSANDTHS;
	c.burst_enter = arg[2] * THOUSANDTHS;
	c.burst_leave = SIM_ALWAYS / 4;
	c.burst_loss = SIM_ALWAYS;
	c.duplicate = MIN(arg[3], (uint32_t)DUPLICATE_MAX) * THOUSANDTHS;
	c.reorder = arg[4] * THOUSANDTHS;
	c.reorder_us = 3 * SIM_MS;
	c.corrupt = c.offload ? 0 : arg[5] * THOUSANDTHS; /* nobody has summed what such a wire carries */
	c.aqm = (enum sim_aqm)(arg[6] % 3);
	c.mtu = arg[7];
	must(w, sim_wire_set(p->w, &c), "faults");
}

/* --- crash and return --- */

/* What the save file will hold. Saving drops what waits, so it is done until nothing does, and what was under way between lcores
 * has arrived. */
static void take_counters(struct world *w, unsigned node)
{
	struct leat_stack *st = stack_of(w, node);
	char *text;
	size_t len;
	for (unsigned i = 0; i < 3; i++) {
		if (!must(w, stack_save_text(st, &text, &len), "save"))
			return;
		free(text);
		rt_flush_messages(sim_rt(w->sim));
	}
	counters_free(w->node[node].kept);
	w->node[node].kept = counters_take(st);
	w->node[node].replugged = false;
	w->node[node].kept_reordered = w->node[node].reordered;
}

void deed_crash(struct world *w, const uint32_t *arg)
{
	if (!stack_of(w, arg[0]))
		return;
	if (arg[1])
		take_counters(w, arg[0]);
	traffic_node_gone(w, arg[0]);
	account_before_end(w, arg[0]);
	must(w, sim_crash(w->node[arg[0]].n, arg[1]), "crash");
	account_after_end(w);
	memset(w->node[arg[0]].unloaded, 0, sizeof w->node[arg[0]].unloaded);
	w->node[arg[0]].reordered = false;
}

static void came_back_empty(struct world *w, unsigned node)
{
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2; e++)
			if (w->wire[i].w && w->wire[i].node[e] == node)
				begin_counting(&w->wire[i], e);
	config_node(w, node);
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2; e++)
			if (w->wire[i].w && w->wire[i].node[e] == node)
				config_end(w, i, e);
	config_routes_of(w, node);
}

void deed_return(struct world *w, const uint32_t *arg)
{
	unsigned i = arg[0];
	if (!i || i > NODES_MAX || !w->node[i].n || stack_of(w, i))
		return;
	bool kept = sim_node_is_kept(w->node[i].n);
	if (!must(w, sim_return(w->node[i].n), "return"))
		return;
	if (!kept) {
		w->node[i].gone_rx = 0;
		came_back_empty(w, i);
		return;
	}
	w->reached.restored++;
	counters_continue(w, w->node[i].kept, stack_of(w, i),
			  !w->node[i].replugged && !w->node[i].untested && !w->node[i].kept_reordered);
	account_back(w, i);
	counters_free(w->node[i].kept);
	w->node[i].kept = NULL;
}

/* --- an interface goes and comes --- */

void deed_link_gone(struct world *w, const uint32_t *arg)
{
	struct iface *i = iface_of(w, arg[0], arg[1]);
	if (!i)
		return;
	account_end_gone(w, arg[0], arg[1]);
	iface_delete(i);
}

void deed_link_back(struct world *w, const uint32_t *arg)
{
	struct prop_wire *p = wire_of(w, arg[0]);
	char name[16], options[40], why[200] = "";
	if (!p || arg[1] > 1 || iface_of(w, arg[0], arg[1]) || !stack_of(w, p->node[arg[1]]))
		return;
	struct leat_stack *st = stack_of(w, p->node[arg[1]]);
	snprintf(name, sizeof name, "w%u", arg[0]);
	snprintf(options, sizeof options, "wire=%u,end=%u", arg[0], arg[1]);
	/* The wire's own number, which differs when lines have been taken out of the plan. */
	for (unsigned k = 1; sim_wire_get(w->sim, k); k++)
		if (sim_wire_get(w->sim, k) == p->w)
			snprintf(options, sizeof options, "wire=%u,end=%u", k, arg[1]);
	if (!must(w, iface_kind_find(st, "sim")->open(st, name, options, why, sizeof why), "device"))
		return;
	begin_counting(p, arg[1]);
	config_end(w, arg[0], arg[1]);
	config_routes_of(w, p->node[arg[1]]);
}

/* --- the end of all faults --- */

static void heal_end(struct world *w, unsigned wire, unsigned end)
{
	struct iface *i = iface_of(w, wire, end);
	if (!i)
		deed_link_back(w, (uint32_t[]){ wire, end });
	else if (!(i->flags & IFF_UP))
		deed_link_up(w, (uint32_t[]){ wire, end, 1 });
}

void network_heal(struct world *w)
{
	for (uint32_t i = 1; i <= NODES_MAX; i++) {
		deed_return(w, &i);
		for (uint32_t m = 0; m < ARRAY_SIZE(w->node[i].unloaded); m++)
			deed_module(w, (uint32_t[]){ i, m, 1 });
	}
	for (uint32_t i = 1; i <= WIRES_MAX; i++) {
		if (!w->wire[i].w)
			continue;
		deed_cut(w, (uint32_t[]){ i, 0 });
		deed_unplug(w, (uint32_t[]){ i, 0 });
		const struct sim_wire_conf whole = { .delay_us = w->wire[i].plain.delay_us };
		must(w, sim_wire_set(w->wire[i].w, &whole), "healing");
		heal_end(w, i, 0);
		heal_end(w, i, 1);
	}
	tables_reset(w);
	tune_reset(w);
}
