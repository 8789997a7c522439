/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the packets of one call go as a chain in one message: the descriptors themselves, so nothing is
 * copied, on the same lcore or across. A message to the sender's own lcore runs in its next turn: two stacks that send
 * each other packets in a circle cannot keep a turn from ending. The message names the receiver by handle, so an
 * interface that went away meanwhile is found gone; a stack is freed only after all messages have run (core/stack.h).
 *
 * The ring between two lcores is bounded and so is what they can owe each other. Within an lcore nothing may be lost for
 * want of a slot in the lcore's own ring, so there the message waits (lcore_post()). */
#include "dev/cross.h"

#include "pkt/own.h"

/* Linux: skb_scrub_packet(). What the sending stack knew of the packet says nothing to another one; its checksum and
 * segmentation state belongs to the bytes and stays. */
static void scrub(struct pkt *p, bool same_stack)
{
	p->in_if = p->out_if = 0;
	p->hash = 0;
	p->ip_proto = 0;
	p->flags &= same_stack ? PKT_F_TRACED : 0;
	if (!same_stack) {
		p->trace_id = 0;
		p->ext = NULL;
	} else if (p->ext) {
		p->ext->ct = p->ext->secpath = p->ext->dst = 0;
	}
}

static void drop_chain(struct worker *w, uint16_t node, struct pkt *p, enum drop why)
{
	for (struct pkt *next; p; p = next) {
		next = p->next;
		graph_drop(w, node, p, why);
	}
}

static void arrive(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct iface *ifc = iface_get(w, (uint32_t)m->arg[1].u);
	struct pkt *p = m->arg[2].p, *batch[PKT_VEC_MAX];
	if (unlikely(!ifc)) {
		drop_chain(w, 0, p, DROP_IF_GONE);
		return;
	}
	while (p) {
		unsigned n = 0;
		for (; p && n < PKT_VEC_MAX; p = p->next)
			batch[n++] = p;
		iface_input(w, ifc, batch, n);
	}
}

/* The packets as a chain. What a program lent the sender must not depend on when the receiver reads. */
static struct pkt *chain_of(struct worker *w, struct iface *from, struct pkt *const *p, unsigned n,
			    bool same_stack)
{
	struct pkt *first = NULL, **at = &first;
	for (unsigned i = 0; i < n; i++) {
		if (unlikely(!pkt_own_frags(w->lc, p[i]))) {
			racy_add(iface_stats_of(from, w)->tx_dropped, 1);
			graph_drop(w, node_find(w->st, "iface-output"), p[i], DROP_NO_BUFFER);
			continue;
		}
		scrub(p[i], same_stack);
		*at = p[i];
		at = &p[i]->next;
	}
	*at = NULL;
	return first;
}

void dev_cross(struct worker *w, struct iface *from, struct worker *to, uint32_t to_if, struct pkt *const *p,
	       unsigned n)
{
	struct pkt *first = chain_of(w, from, p, n, w->st == to->st);
	const struct msg m = { .fn = arrive, .arg = { { .p = to }, { .u = to_if }, { .p = first } } };
	if (likely(to->lc == w->lc ? lcore_post(w->lc, to->lc, &m) : lcore_try_post(w->lc, to->lc, &m)))
		return;
	racy_add(iface_stats_of(from, w)->tx_dropped, n);
	drop_chain(w, node_find(w->st, "iface-output"), first, DROP_TX_FULL);
}
