/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold whenever nothing is left to do at an instant.
 *
 * Wires: what went in came out, was dropped by a reason, or is held. Interfaces: what they count is what the wire counts at their end.
 * Packets: as many are out of the pools as stacks hold (parked for neighbours, waiting for other fragments, queued to sockets), and each that went back was
 * sent, dropped by a name that was counted once, or read. Neighbours: who is waited for is being asked for, by a timer that is set;
 * queues keep their bounds. Nothing is left in a mailbox. */
#include <stdlib.h>
#include <string.h>

#include "core/mbox.h"
#include "graph/graph_internal.h"
#include "ip/reass_internal.h"
#include "l4/l4_internal.h"
#include "net/fib_exc.h"
#include "net/neigh_internal.h"
#include "pkt/pkt.h"
#include "prop.h"

/* As documented, not as compiled: a bound that moves by itself is to be noticed. */
enum { BOUND_NEIGH_QUEUE = 101, BOUND_NEIGH_WORKER = 4096, BOUND_NEIGHS = 1024 };
enum { SHARED_MAX = 4096 };

/* --- wires and interfaces --- */

static uint64_t all_dropped(const struct sim_wire_stats *s)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < SIM_DROPS; i++)
		n += s->dropped[i];
	return n;
}

static bool check_end(struct world *w, unsigned wire, unsigned e)
{
	const struct prop_wire *p = &w->wire[wire];
	const struct prop_end *end = &p->end[e];
	const struct iface *i = iface_of(w, wire, e);
	struct sim_wire_stats out, in;
	struct iface_worker_stats s;
	sim_wire_stats(p->w, e, &out);
	sim_wire_stats(p->w, !e, &in);
	if (out.in + out.duplicated != out.out + all_dropped(&out) + out.held)
		return broken(w, "wire: w%u from end %u: %lu + %lu in, %lu out, %lu dropped, %lu held", wire,
			      e, out.in, out.duplicated, out.out, all_dropped(&out), out.held);
	if (!i || !end->counting)
		return true;
	iface_stats(i, &s);
	if (s.tx_packets != out.in - end->in0)
		return broken(w, "interface: w%u end %u counts %lu sent, the wire %lu", wire, e, s.tx_packets,
			      out.in - end->in0);
	if (s.rx_packets + s.rx_dropped != in.out - end->out0)
		return broken(w, "interface: w%u end %u counts %lu received and %lu refused, the wire %lu",
			      wire, e, s.rx_packets, s.rx_dropped, in.out - end->out0);
	return true;
}

static bool check_wires(struct world *w)
{
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2 && w->wire[i].w; e++)
			if (!check_end(w, i, e))
				return false;
	return true;
}

/* What interfaces hand to a stack is what its first node is given, but for what did not fit between workers. */
static bool check_input(struct world *w, unsigned node)
{
	struct leat_stack *st = stack_of(w, node);
	uint16_t first = node_find(st, "iface-input"), eth = node_find(st, "eth-input");
	uint64_t received = w->node[node].gone_rx;
	struct node_stats given;
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
		struct iface_worker_stats s;
		iface_stats(i, &s);
		received += s.rx_packets;
	}
	graph_stats(st, eth, &given);
	uint64_t lost = graph_drops(st, first, DROP_HANDOVER_FULL) + graph_drops(st, first, DROP_NO_MEMORY);
	return received == given.packets + lost || broken(w,
							  "interface: n%u: interfaces received %lu, "
							  "eth-input was given %lu, %lu were lost between",
							  node, received, given.packets, lost);
}

/* --- packets --- */

static void pools(const struct world *w, struct pkt_stats *ret)
{
	const struct leat_runtime *rt = sim_rt(w->sim);
	*ret = (struct pkt_stats){ 0 };
	for (unsigned i = 0; i <= rt->n_lcores; i++) {
		struct pkt_stats s;
		pkt_stats(rt->lcore[i], &s);
		ret->freed += s.freed;
		ret->in_use += s.in_use;
		ret->pages_in_use += s.pages_in_use;
	}
}

/* What is held: packets, and head buffers of others that lie in them as fragments and so are not free yet. */
struct held {
	uint64_t packets, shared;
	unsigned n;
	const struct buf *seen[SHARED_MAX];
};

static void hold_shared(struct held *h, const struct buf *b)
{
	if (b->kind != BUF_HEAD)
		return;
	for (unsigned i = h->n; i--;)
		if (h->seen[i] == b)
			return;
	h->shared++;
	if (h->n < SHARED_MAX)
		h->seen[h->n++] = b;
}

static void hold(struct held *h, const struct pkt_queue *q)
{
	for (const struct pkt *p = q->head; p; p = p->next) {
		h->packets++;
		for (unsigned i = 0; i < p->n_frags; i++)
			hold_shared(h, p->frags[i].buf);
	}
}

static void hold_all(struct held *h, const struct leat_stack *st)
{
	struct hash_node *n;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct neigh_worker *nw = worker_state(st->worker[i], MODULE_neigh);
		for (unsigned b = 0; nw->parked && b < NEIGH_PEND_BUCKETS; b++)
			for (const struct neigh_pend *d = nw->bucket[b]; d; d = d->next)
				hold(h, &d->q);
	}
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct reass_worker *rw = reass_worker(st->worker[i]);
		h->packets += rw ? reass_counts(rw->t4).fragments + reass_counts(rw->t6).fragments : 0;
	}
	hash_for_each (n, &l4_stack(st)->by_id) {
		const struct l4_end *e = container_of(n, struct l4_end, by_id);
		if (!e->is_stream)
			hold(h, &e->rcv);
		if (e->more)
			hold(h, &e->more->err);
	}
}

uint64_t held_by_stack(const struct leat_stack *st)
{
	struct held h = { 0 };
	hold_all(&h, st);
	return h.packets;
}

static uint64_t drops_of(const struct leat_stack *st)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < st->n_workers; i++)
		for (unsigned id = 0; id < graph_n_nodes(st); id++) {
			const uint64_t *row = node_run(graph_worker(st->worker[i]), id)->drops;
			for (unsigned why = 0; row && why < DROP_MAX; why++)
				n += row[why];
		}
	return n;
}

void reached_add(const struct world *w, struct reached *to)
{
	for (unsigned i = 1; i <= NODES_MAX; i++) {
		const struct leat_stack *st = stack_of(w, i);
		for (unsigned id = 0; st && id < graph_n_nodes(st); id++)
			for (unsigned why = 0; why < DROP_MAX; why++)
				to->drop[why] += graph_drops(st, (uint16_t)id, (enum drop)why);
	}
}

static uint64_t sent_by(const struct world *w, unsigned node)
{
	uint64_t n = 0;
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2; e++) {
			const struct iface *ifc = iface_of(w, i, e);
			struct iface_worker_stats s;
			if (!ifc || w->wire[i].node[e] != node)
				continue;
			iface_stats(ifc, &s);
			n += s.tx_packets;
		}
	return n;
}

static void hold_everything(struct held *h, const struct world *w)
{
	for (unsigned i = 1; i <= NODES_MAX; i++)
		if (stack_of(w, i))
			hold_all(h, stack_of(w, i));
}

/* Packets that went back, or would have but for others that share their bytes. */
static uint64_t gone_back(const struct world *w)
{
	struct held held = { 0 };
	struct pkt_stats p;
	pools(w, &p);
	hold_everything(&held, w);
	return p.freed + held.shared;
}

struct fate {
	uint64_t sent, dropped;
};

static struct fate fate_of_all(const struct world *w)
{
	struct fate f = { w->gone.tx, w->gone.drops };
	for (unsigned i = 1; i <= NODES_MAX; i++) {
		if (!stack_of(w, i))
			continue;
		f.sent += sent_by(w, i);
		f.dropped += drops_of(stack_of(w, i));
	}
	return f;
}

static uint64_t known(const struct world *w)
{
	struct fate f = fate_of_all(w);
	return f.sent + f.dropped + w->taken + w->freed_else;
}

static bool check_packets(struct world *w)
{
	struct pkt_stats p;
	struct held held = { 0 };
	struct fate f = fate_of_all(w);
	pools(w, &p);
	hold_everything(&held, w);
	if (p.in_use != held.packets + held.shared)
		return broken(w, "leak: %lu packets are out of the pools, stacks hold %lu and parts of %lu",
			      p.in_use, held.packets, held.shared);
	if (!held.packets && p.pages_in_use)
		return broken(w, "leak: %lu pages are out of the pools", p.pages_in_use);
	return gone_back(w) == known(w) || broken(w,
						  "drops: %lu packets went back; %lu were sent, %lu dropped "
						  "by name, %lu read, %lu went with their stack",
						  gone_back(w), f.sent, f.dropped, w->taken, w->freed_else);
}

/* --- around an end --- */

/* What a stack still has goes with it, unnamed. What others do meanwhile, since messages are flushed, they count as ever; and what is
 * known but on its way home to its pool arrives. */
void account_before_end(struct world *w, unsigned node)
{
	w->gone.tx += sent_by(w, node);
	w->gone.drops += drops_of(stack_of(w, node));
}

void account_after_end(struct world *w)
{
	w->freed_else += gone_back(w) - known(w);
}

void account_back(struct world *w, unsigned node)
{
	w->gone.tx -= sent_by(w, node);
	w->gone.drops -= drops_of(stack_of(w, node));
}

void account_end_gone(struct world *w, unsigned wire, unsigned end)
{
	struct iface_worker_stats s;
	iface_stats(iface_of(w, wire, end), &s);
	w->gone.tx += s.tx_packets;
	w->node[w->wire[wire].node[end]].gone_rx += s.rx_packets + tables_received_above(w, wire, end);
	w->wire[wire].end[end].counting = false;
}

/* --- neighbours --- */

static struct neigh_worker *worker_neighs(const struct worker *wk)
{
	return worker_state(wk, MODULE_neigh);
}

static bool check_queue(struct world *w, const struct worker *wk, const struct neigh_pend *d)
{
	const struct neigh_key k = { d->if_handle, d->family, d->addr };
	const struct neigh_entry *e = neigh_lookup(wk->st, view_ctl(wk->st, VIEW_neighs), &k);
	const char *name = wk->st->name;
	const struct iface *i = iface_by_handle(wk->st, d->if_handle);
	if (!d->q.n || d->q.n > MAX(w->queue_max, (uint32_t)BOUND_NEIGH_QUEUE))
		return broken(w, "queue-bound: %s: %u packets wait for one neighbour", name, d->q.n);
	if (!i)
		return broken(w, "stuck: %s: packets wait at an interface that is gone", name);
	if (!d->asked && timer_is_set(&worker_neighs(wk)->pace))
		return true; /* a stranger whose turn has not come */
	if (!e)
		return broken(w, "stuck: %s: packets wait for a neighbour that nobody asks for", name);
	if (neigh_word_state(e->word) != NUD_INCOMPLETE)
		return broken(w, "stuck: %s: packets wait for a neighbour in state %#x", name,
			      neigh_word_state(e->word));
	return true;
}

static bool check_queues(struct world *w, const struct worker *wk)
{
	const struct neigh_worker *nw = worker_neighs(wk);
	unsigned n = 0, queues = 0;
	for (unsigned b = 0; b < NEIGH_PEND_BUCKETS; b++)
		for (const struct neigh_pend *d = nw->bucket[b]; d; d = d->next) {
			queues++;
			n += d->q.n;
			if (!check_queue(w, wk, d))
				return false;
		}
	if (n != nw->parked || n > BOUND_NEIGH_WORKER)
		return broken(w, "queue-bound: %s: %u packets wait, %u are counted", wk->st->name, n,
			      nw->parked);
	if (queues + nw->n_free != nw->n_chunks * NEIGH_PENDS)
		return broken(w, "leak: %s: %u queues in use and %u free are not all", wk->st->name, queues,
			      nw->n_free);
	return true;
}

static bool check_neighbour(struct world *w, const struct neigh_entry *e)
{
	const uint8_t timed = NUD_INCOMPLETE | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_FAILED;
	uint8_t state = neigh_word_state(e->word);
	if (state & timed && (!timer_is_set(&e->timer) || e->timer.when_us <= sim_now_us(w->sim)))
		return broken(w, "timer: %s: none is set for a neighbour in state %#x", e->st->name, state);
	if (!iface_by_handle(e->st, e->if_handle))
		return broken(w, "stuck: %s: a neighbour at an interface that is gone", e->st->name);
	return true;
}

static bool check_neighbours(struct world *w, struct leat_stack *st)
{
	unsigned n[2][NEIGH_CLASSES] = { 0 };
	for (unsigned i = 0; i < st->n_workers; i++)
		if (!check_queues(w, st->worker[i]))
			return false;
	for (struct neigh_entry *e = neigh_entry_after(st, NULL); e; e = neigh_entry_after(st, e)) {
		n[neigh_index(e->family)][e->class]++;
		if (!check_neighbour(w, e))
			return false;
	}
	for (unsigned f = 0; f < 2; f++)
		if (memcmp(n[f], neigh_state(st)->n[f], sizeof n[f]) || n[f][NEIGH_KNOWN] > BOUND_NEIGHS ||
		    n[f][NEIGH_STRANGER] > NEIGH_STRANGERS)
			return broken(
				w, "queue-bound: %s: %u neighbours and %u strangers, %u and %u are counted",
				st->name, n[f][NEIGH_KNOWN], n[f][NEIGH_STRANGER],
				neigh_state(st)->n[f][NEIGH_KNOWN], neigh_state(st)->n[f][NEIGH_STRANGER]);
	return true;
}

/* --- exceptions from routes --- */

/* What somebody told is believed for a time. */
static bool check_exceptions(struct world *w, struct leat_stack *st)
{
	const struct fib_exc *x = fib_exc_next(st, AF_UNSPEC, 0);
	for (; x; x = fib_exc_next(st, AF_UNSPEC, x->serial))
		if (!timer_is_set(&x->timer) || x->timer.when_us <= sim_now_us(w->sim))
			return broken(w, "timer: %s: none is set for an exception from a route", st->name);
	return true;
}

/* --- sockets --- */

static uint64_t memory_of(const struct pkt_queue *q)
{
	uint64_t n = 0;
	for (const struct pkt *p = q->head; p; p = p->next)
		n += l4_truesize(p);
	return n;
}

static bool check_sockets(struct world *w, const struct leat_stack *st)
{
	struct hash_node *h;
	hash_for_each (h, &l4_stack(st)->by_id) {
		const struct l4_end *e = container_of(h, struct l4_end, by_id);
		if (e->is_stream)
			continue;
		uint64_t rcv = memory_of(&e->rcv), err = e->more ? memory_of(&e->more->err) : 0;
		uint32_t err_bytes = e->more ? e->more->err_bytes : 0;
		if (rcv != e->rcv_bytes || err != err_bytes)
			return broken(w, "memory: %s: a socket is charged %u + %u bytes for %lu + %lu",
				      st->name, e->rcv_bytes, err_bytes, rcv, err);
		for (const struct pkt *p = e->rcv.head; p; p = p->next)
			rcv -= p->next ? 0 : l4_truesize(p);
		if (rcv > e->opt->rcvbuf)
			return broken(
				w, "queue-bound: %s: a socket with a buffer of %u bytes took one more at %lu",
				st->name, e->opt->rcvbuf, rcv);
	}
	return true;
}

/* --- lcores --- */

static bool check_lcore(struct world *w, struct lcore *lc)
{
	const struct leat_runtime *rt = lc->rt;
	for (unsigned i = 0; i <= rt->n_lcores; i++)
		if (mbox_count(lc->in[i]))
			return broken(w, "stuck: messages from lcore %u to %u", i, lc->id);
	if (lc->n_overflow || lc->turn_end)
		return broken(w, "stuck: lcore %u has something to send", lc->id);
	if (wheel_next_us(&lc->wheel) <= sim_now_us(w->sim))
		return broken(w, "timer: one of lcore %u is due and does not fire", lc->id);
	return true;
}

static bool check_lcores(struct world *w)
{
	struct leat_runtime *rt = sim_rt(w->sim);
	for (unsigned i = 0; i <= rt->n_lcores; i++)
		if (!check_lcore(w, rt->lcore[i]))
			return false;
	return true;
}

bool check_all(struct world *w)
{
	if (!holds(w) || !check_lcores(w) || !check_wires(w) || !check_packets(w))
		return false;
	for (unsigned i = 1; i <= NODES_MAX; i++) {
		struct leat_stack *st = stack_of(w, i);
		if (st && (!check_input(w, i) || !check_neighbours(w, st) || !check_exceptions(w, st) ||
			   !check_sockets(w, st)))
			return false;
	}
	return check_traffic(w);
}
