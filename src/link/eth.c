/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: eth-input looks at the Ethernet header of every received frame, notes to whom it was sent, and leaves
 * the ingress hook's edge. What the hook lets through goes to eth-demux, which drops frames for other stations (after the
 * hook, so that taps and later bridges see them, as on Linux) and sends the rest to whoever registered for the EtherType.
 * eth-output is the way back: it writes the header in front of the packet and leaves by the egress hook's edge.
 *
 * data stands at the Ethernet header in eth-input and behind eth-output, at the network header elsewhere; l2_off and l3_off
 * say where both are.
 *
 * A tag that the device took out of the frame (vlan_proto) is what eth-demux looks at first, as if it still stood there: tagged
 * frames go to the VLAN module, which finds out whose they are. IEEE 802.3 length-and-LLC frames (type below 0x600) have no taker. */
#include "link/eth.h"

#include "graph/facts.h"
#include "graph/node.h"
#include "wire/eth.h"
#include "wire/frame.h"

enum eth_input_next { ETH_INPUT_DEMUX = 1, ETH_INPUT_HOOK };
enum eth_output_next { ETH_OUTPUT_IFACE = 1, ETH_OUTPUT_HOOK };

/* --- in --- */

static uint8_t flags_of_dst(const struct iface *ifc, const uint8_t dst[ETH_ALEN])
{
	if (likely(eth_addr_eq(dst, ifc->mac)))
		return 0;
	if (!eth_is_group(dst))
		return PKT_F_L2_OTHER;
	return eth_is_broadcast(dst) ? PKT_F_L2_BROADCAST : PKT_F_L2_MULTICAST;
}

static uint8_t eth_input_one(struct worker *w, struct pkt *p, struct iface_run *run)
{
	struct iface *ifc = iface_run_get(w, run, p->in_if);
	if (unlikely(!ifc))
		return pkt_drop(p, DROP_IF_GONE);
	if (unlikely(!(racy_get(ifc->flags) & IFF_UP)))
		return pkt_drop(p, DROP_IF_DOWN);
	enum drop why = pkt_pull_up(w->lc, p, sizeof(struct eth_hdr));
	if (unlikely(why))
		return pkt_drop(p, why);
	const struct eth_hdr *h = (const struct eth_hdr *)p->data;
	p->l2_off = p->headroom;
	p->ethertype = be16_get(h->type);
	if (unlikely(eth_is_group(h->src)))
		return pkt_drop(p, DROP_ETH_SOURCE_MULTICAST);
	uint8_t to = flags_of_dst(ifc, h->dst);
	p->flags |= to;
	if (unlikely(to & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST)))
		racy_add(iface_stats_of(ifc, w)->rx_multicast, 1);
	pkt_pull(p, sizeof *h);
	p->l3_off = p->headroom;
	return racy_get(ifc->hooks.edge[HOOK_INGRESS]);
}

static void eth_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct iface_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = eth_input_one(w, v->pkt[i], &run);
	}
	vec_dispatch(w, v, next);
}

static void print_frame(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_frame(pkt_cursor(p), to, len);
}

static uint8_t edge_of_type(const struct ethertypes *t, uint16_t type)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->row[i].type == type)
			return t->row[i].edge;
	return 0;
}

/* The last EtherType looked up: neighbours mostly share it. */
struct type_run {
	uint16_t type; /* 0: none yet, and edge says so too */
	uint8_t edge;
};

/* A VLAN may have an address of its own. */
static bool is_tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

static uint8_t eth_demux_one(const struct ethertypes *t, struct pkt *p, struct type_run *run)
{
	uint16_t type = likely(!p->vlan_proto) ? p->ethertype : p->vlan_proto;
	if (unlikely(p->flags & PKT_F_L2_OTHER && !is_tag(type)))
		return pkt_drop(p, DROP_OTHER_HOST);
	if (unlikely(type < ETH_TYPE_MIN))
		return pkt_drop(p, DROP_ETHERTYPE_UNKNOWN);
	if (unlikely(type != run->type))
		*run = (struct type_run){ type, edge_of_type(t, type) };
	return likely(run->edge) ? run->edge : pkt_drop(p, DROP_ETHERTYPE_UNKNOWN);
}

static void eth_demux(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	const struct ethertypes *t = &eth_stack(w->st)->types;
	struct type_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++)
		next[i] = eth_demux_one(t, v->pkt[i], &run);
	vec_dispatch(w, v, next);
}

/* --- out --- */

static uint8_t eth_output_one(struct worker *w, struct pkt *p, struct iface_run *run)
{
	struct iface *ifc = iface_run_get(w, run, p->out_if);
	if (unlikely(!ifc))
		return pkt_drop(p, DROP_IF_GONE);
	if (unlikely(!pkt_push(p, sizeof(struct eth_hdr))))
		return pkt_drop(p, DROP_NO_HEADROOM);
	struct eth_hdr *h = (struct eth_hdr *)p->data;
	memcpy(h->dst, p->edge.eth_output.dst, ETH_ALEN);
	memcpy(h->src, ifc->mac, ETH_ALEN);
	h->type = be16_of(p->ethertype);
	p->l2_off = p->headroom;
	pkt_edge_done(p);
	return racy_get(ifc->hooks.edge[HOOK_EGRESS]);
}

static void eth_output(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct iface_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = eth_output_one(w, v->pkt[i], &run);
	}
	vec_dispatch(w, v, next);
}

/* --- the module --- */

static int eth_init(struct leat_stack *st)
{
	eth_stack(st)->neigh_resume = node_find(st, neigh_resume_node.name);
	return 0;
}

static void explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	if (leaves && !p->drop)
		fact(f, "frame", "%s",
		     p->flags & PKT_F_L2_OTHER       ? "for another station"
		     : p->flags & PKT_F_L2_BROADCAST ? "for everybody"
		     : p->flags & PKT_F_L2_MULTICAST ? "for a group"
						     : "for us");
}

static const struct node eth_input_node = {
	.name = "eth-input",
	.run = eth_input,
	.explain = explain,
	.next = { [ETH_INPUT_DEMUX] = "eth-demux", [ETH_INPUT_HOOK] = "hook-ingress" },
	.print = print_frame,
};
/* Its edges are what ethertype_add() gives it. */
static const struct node eth_demux_node = { .name = "eth-demux", .run = eth_demux };
static const struct node eth_output_node = {
	.name = "eth-output",
	.run = eth_output,
	.next = { [ETH_OUTPUT_IFACE] = "iface-output", [ETH_OUTPUT_HOOK] = "hook-egress" },
};

static const struct node *const eth_nodes[] = { &eth_input_node,    &eth_demux_node,    &eth_output_node,
						&neigh_output_node, &neigh_resume_node, NULL };
const struct module eth_module = {
	.name = "eth",
	.id = MODULE_eth,
	.nodes = eth_nodes,
	.stack_size = sizeof(struct eth_stack),
	.init = eth_init,
};
