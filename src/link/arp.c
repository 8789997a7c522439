/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: arp-demux parses, refuses what no station may say, and leaves by the hook's edge. arp-input does what
 * RFC 826 says: a request for an address of ours is answered and its sender remembered; of everything else only the
 * neighbours we know already are updated. Answers leave by arp-output and its hook. The neighbour table does the rest:
 * it calls arp_solicit() when it wants to know an address.
 *
 * Whether we answer is arp_policy.c's to say: every address of the stack is answered for on every interface, unless arp_ignore
 * or arp_filter say otherwise, and those of others that we stand in for (proxies). Announcements of our own addresses are in
 * arp_announce.c.
 *
 * Somebody who claims an address of ours is counted as arp-conflict and not heard; as on Linux it is not defended (RFC 5227,
 * 2.4, leaves that to who configures addresses). Left out: RARP. */
#include "link/arp.h"

#include <sys/socket.h>

#include "graph/node.h"
#include "link/arp_internal.h"
#include "link/eth.h"
#include "net/addr.h"
#include "net/neigh.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/frame.h"
#include "wire/icmp4.h"

enum arp_demux_next { ARP_DEMUX_INPUT = 1, ARP_DEMUX_HOOK };
enum arp_input_next { ARP_INPUT_REPLY = 1 };
enum arp_output_next { ARP_OUTPUT_ETH = 1, ARP_OUTPUT_HOOK };

static const be32 no_addr;

/* --- in --- */

static bool is_host_addr(be32 a)
{
	return !ip4_is_multicast(a) && !ip4_is_loopback(a) && be32_get(a) != UINT32_MAX;
}

/* What no station says: group addresses as senders, of either layer. */
static enum drop arp_check(const struct arp_msg *m)
{
	if (m->op != ARP_OP_REQUEST && m->op != ARP_OP_REPLY)
		return DROP_ARP_MALFORMED;
	if (!eth_is_station(m->sha) || !is_host_addr(m->spa))
		return DROP_ARP_MALFORMED;
	return is_host_addr(m->tpa) ? DROP_NONE : DROP_ARP_NOT_FOR_US;
}

static uint8_t arp_demux_one(struct worker *w, struct pkt *p)
{
	struct arp_msg m;
	const struct iface *in = iface_get(w, p->in_if);
	if (!in)
		return pkt_drop(p, DROP_IF_GONE);
	if (racy_get(in->flags) & (IFF_NOARP | IFF_LOOPBACK))
		return pkt_drop(p, DROP_ARP_NOT_FOR_US);
	enum drop why = arp_parse(pkt_cursor(p), &m);
	if (!why)
		why = arp_check(&m);
	return why ? pkt_drop(p, why) : racy_get(in->hooks.edge[HOOK_ARP_INPUT]);
}

static void arp_demux(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = arp_demux_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

/* The request becomes its answer: same buffer, same interface. */
static uint8_t turn_to_reply(struct worker *w, struct pkt *p, const struct iface *in,
			     const struct arp_msg *req)
{
	struct arp_msg m = { .op = ARP_OP_REPLY, .spa = req->tpa, .tpa = req->spa };
	enum drop why = pkt_pull_up(w->lc, p, sizeof(struct arp_hdr));
	if (why)
		return pkt_drop(p, why);
	uint32_t out_if = p->in_if;
	memcpy(m.sha, in->mac, sizeof m.sha);
	memcpy(m.tha, req->sha, sizeof m.tha);
	pkt_trim(w->lc, p, sizeof(struct arp_hdr));
	pkt_reset_meta(p);
	arp_emit(&m, (struct arp_hdr *)p->data);
	p->out_if = out_if;
	memcpy(p->edge.eth_output.dst, req->sha, sizeof req->sha);
	return ARP_INPUT_REPLY;
}

static enum drop hear(struct worker *w, const struct pkt *p, const struct arp_msg *m, unsigned flags)
{
	struct ipaddr who = { .v4 = m->spa };
	return neigh_heard(w, p->in_if, AF_INET, &who, m->sha, flags);
}

/* Linux: of announcements made as replies the target must be the sender in both layers. */
static bool is_gratuitous(const struct arp_msg *m)
{
	return be32_eq(m->spa, m->tpa) && (m->op == ARP_OP_REQUEST || !memcmp(m->sha, m->tha, sizeof m->sha));
}

/* What is said to others, or unasked: those we know learn from it; of strangers as arp_accept says. What it is dropped as. */
static enum drop overhear(struct worker *w, const struct pkt *p, const struct iface *in,
			  const struct arp_msg *m)
{
	bool gratuitous = is_gratuitous(m), is_reply = m->op == ARP_OP_REPLY;
	bool answers_us = is_reply && !(p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST));
	unsigned flags = gratuitous ? NEIGH_HEARD_OVERRIDE : NEIGH_HEARD_LOCKED;
	if (answers_us)
		flags |= NEIGH_HEARD_SOLICITED;
	if ((gratuitous || is_reply) && arp_accepts(w, in, m->spa))
		flags |= NEIGH_HEARD_CREATE;
	enum drop why = hear(w, p, m, flags);
	if (why)
		return why;
	return is_reply || gratuitous ? DROP_ARP_DONE : DROP_ARP_NOT_FOR_US;
}

static uint8_t answer(struct worker *w, struct pkt *p, const struct iface *in, const struct arp_msg *m,
		      bool late)
{
	const struct arp_stack *s = arp_stack(w->st);
	uint32_t delay_ms = racy_get(in->conf.neigh[0].proxy_delay_ms);
	bool group = p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST);
	switch (arp_policy(w, in, m)) {
	case ARP_ANSWER:
		break;
	case ARP_ANSWER_FOR_OTHER:
		if (!group || !delay_ms || late)
			break;
		hear(w, p, m, NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE);
		neigh_answer_late(w, p, AF_INET, delay_ms, s->late_node);
		return NODE_KEPT;
	case ARP_IGNORE:
		return pkt_drop(p, DROP_ARP_NOT_FOR_US);
	case ARP_NOT_OURS:
		return pkt_drop(p, overhear(w, p, in, m));
	}
	if (!be32_eq(m->spa, no_addr)) /* RFC 5227, 2.1.1: a probe is answered, and nothing learnt from it */
		hear(w, p, m, NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE);
	return turn_to_reply(w, p, in, m);
}

static uint8_t arp_input_one(struct worker *w, struct pkt *p, bool late)
{
	struct arp_msg m;
	struct iface *in = iface_get(w, p->in_if);
	if (!in)
		return pkt_drop(p, DROP_IF_GONE);
	enum drop why = arp_parse(pkt_cursor(p), &m); /* again: a hook may have changed it */
	if (why)
		return pkt_drop(p, why);
	if (be32_eq(m.spa, m.tpa) && arp_drops_gratuitous(w, in))
		return pkt_drop(p, DROP_ARP_GRATUITOUS);
	if (be32_eq(m.spa, no_addr) && (m.op != ARP_OP_REQUEST || !arp_is_ours(w, in->handle, m.tpa)))
		return pkt_drop(p, DROP_ARP_NOT_FOR_US);
	if (!be32_eq(m.spa, no_addr) &&
	    arp_is_ours(w, in->handle, m.spa)) /* an echo of our own, or somebody else claims it */
		return pkt_drop(p, memcmp(m.sha, in->mac, sizeof m.sha) ? DROP_ARP_CONFLICT
									: DROP_ARP_NOT_FOR_US);
	if (m.op == ARP_OP_REQUEST)
		return answer(w, p, in, &m, late);
	return pkt_drop(p, overhear(w, p, in, &m));
}

static inline void input_body(struct worker *w, struct pkt_vec *v, bool late)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = arp_input_one(w, v->pkt[i], late);
	vec_dispatch(w, v, next);
}

static void arp_input(struct worker *w, struct pkt_vec *v)
{
	input_body(w, v, false);
}

/* Questions that have waited: whether the answer is still ours to give is asked again. */
static void arp_late(struct worker *w, struct pkt_vec *v)
{
	input_body(w, v, true);
}

/* --- out --- */

static uint8_t arp_output_one(struct worker *w, struct pkt *p)
{
	const struct iface *out = iface_get(w, p->out_if);
	p->ethertype = ETH_P_ARP;
	return out ? racy_get(out->hooks.edge[HOOK_ARP_OUTPUT]) : pkt_drop(p, DROP_IF_GONE);
}

static void arp_output(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = arp_output_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

void arp_send_request(struct worker *w, struct iface *out, be32 from, be32 target, const uint8_t *mac)
{
	struct arp_hdr h;
	struct arp_msg m = { .op = ARP_OP_REQUEST, .spa = from, .tpa = target };
	struct pkt *p = pkt_new(w->lc);
	uint16_t node = node_find(w->st, "arp-output");
	if (!p)
		return; /* the table asks again */
	memcpy(m.sha, out->mac, sizeof m.sha);
	arp_emit(&m, &h);
	pkt_append(w->lc, p, &h, sizeof h);
	p->flags |= PKT_F_LOCAL_OUT;
	p->l3_off = p->headroom;
	p->ethertype = ETH_P_ARP;
	p->out_if = out->handle;
	if (mac)
		memcpy(p->edge.eth_output.dst, mac, sizeof p->edge.eth_output.dst);
	else
		memset(p->edge.eth_output.dst, 0xff, sizeof p->edge.eth_output.dst);
	graph_enqueue(w, node, p);
	graph_run(w);
}

static void arp_solicit(struct worker *w, struct iface *out, const struct ipaddr *target, const uint8_t *mac,
			const struct ipaddr *src_hint)
{
	arp_send_request(w, out, arp_solicit_source(w, out, target, src_hint), target->v4, mac);
}

static void arp_unreachable(struct worker *w, struct pkt *p)
{
	uint16_t node = node_find(w->st, "icmp4-error");
	if (!node) {
		graph_drop(w, node_find(w->st, "arp-input"), p, DROP_NEIGH_FAILED);
		return;
	}
	p->edge.icmp_error.type = ICMP4_UNREACH;
	p->edge.icmp_error.code = ICMP4_UNREACH_HOST;
	p->edge.icmp_error.info = 0;
	p->edge.icmp_error.why = DROP_NEIGH_FAILED;
	graph_enqueue(w, node, p);
	graph_run(w);
}

/* --- the module --- */

static const struct neigh_proto arp_proto = {
	.family = AF_INET,
	.solicit = arp_solicit,
	.unreachable = arp_unreachable,
};

static int arp_init(struct leat_stack *st)
{
	int err = ethertype_add(st, ETH_P_ARP, "arp-demux");
	if (err)
		return err;
	arp_stack(st)->late_node = node_find(st, "arp-late");
	neigh_proto_set(st, &arp_proto);
	arp_announce_init(st);
	return 0;
}

static void arp_unlink(struct leat_stack *st)
{
	arp_announce_unlink(st);
	ethertype_remove(st, ETH_P_ARP);
	neigh_proto_clear(st, AF_INET);
}

static void print_arp(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_ARP, pkt_cursor(p), to, len);
}

static const struct node arp_demux_node = {
	.name = "arp-demux",
	.run = arp_demux,
	.next = { [ARP_DEMUX_INPUT] = "arp-input", [ARP_DEMUX_HOOK] = "hook-arp-in" },
	.print = print_arp,
};
static const struct node arp_input_node = {
	.name = "arp-input",
	.run = arp_input,
	.next = { [ARP_INPUT_REPLY] = "arp-output" },
};
static const struct node arp_late_node = {
	.name = "arp-late",
	.run = arp_late,
	.next = { [ARP_INPUT_REPLY] = "arp-output" },
};
static const struct node arp_output_node = {
	.name = "arp-output",
	.run = arp_output,
	.next = { [ARP_OUTPUT_ETH] = "eth-output", [ARP_OUTPUT_HOOK] = "hook-arp-out" },
	.print = print_arp,
};
static const struct node *const arp_nodes[] = { &arp_demux_node, &arp_input_node, &arp_late_node,
						&arp_output_node, NULL };

const struct module arp_module = {
	.name = "arp",
	.id = MODULE_arp,
	.nodes = arp_nodes,
	.knobs = arp_knobs,
	.stack_size = sizeof(struct arp_stack),
	.init = arp_init,
	.unlink = arp_unlink,
};
