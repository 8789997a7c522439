/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a VLAN is an interface above another one. A tagged frame comes from eth-demux to vlan-input, which takes the
 * outermost tag away, out of the descriptor or out of the frame, finds the VLAN by lower interface, tag type and number, and lets the
 * frame come in there as if a device had received it: iface-input hashes the flow that the tag had hidden, eth-input looks at
 * addresses again, since a VLAN may have one of its own, and at the next tag, if there is one.
 *
 * What is sent into a VLAN gets its tag in the descriptor, if the lower device takes tags there; a tag that is there already, and
 * one for a device that does not, is written into the frame. Then it leaves by the lower interface, its egress hook included.
 *
 * Linux drops what is for a VLAN that nobody made; so does this, by name. A priority tag (number 0) is taken away and heeded no
 * further. The tag's priority is mapped by vlan_prio.c. Left out: GVRP and MVRP, and a tag that stays in the frame (reorder_hdr off),
 * which nobody could see. */
#include "dev/vlan_internal.h"

#include "base/siphash.h"
#include "graph/capture.h"

enum vlan_input_next { VLAN_INPUT_IFACE = 1, VLAN_INPUT_ETH };
enum vlan_output_next { VLAN_OUTPUT_IFACE = 1, VLAN_OUTPUT_HOOK }; /* as eth-output's, which owns the hook */
enum { ADDRESSES = 2 * ETH_ALEN, TAG = 4 };

/* --- the table --- */

static uint32_t tag_hash(const struct leat_stack *st, uint32_t lower_handle, uint16_t proto, uint16_t vid)
{
	return (uint32_t)siphash_2u64(&st->hash_key, lower_handle, (uint64_t)proto << 16 | vid);
}

struct vlan *vlan_find(const struct leat_stack *st, uint32_t lower_handle, uint16_t proto, uint16_t vid)
{
	struct hash_node *n;
	hash_for_each_same(n, &vlan_stack(st)->by_tag, tag_hash(st, lower_handle, proto, vid))
	{
		struct vlan *v = container_of(n, struct vlan, node);
		if (v->lower_handle == lower_handle && v->proto == proto && v->vid == vid)
			return v;
	}
	return NULL;
}

void vlan_insert(struct leat_stack *st, struct vlan *v)
{
	hash_insert(&vlan_stack(st)->by_tag, &v->node, tag_hash(st, v->lower_handle, v->proto, v->vid));
}

void vlan_remove(struct leat_stack *st, struct vlan *v)
{
	hash_remove(&vlan_stack(st)->by_tag, &v->node);
}

/* --- in --- */

/* Takes the outermost tag away; data comes from the network header back to the Ethernet header. */
static enum drop untag(struct lcore *lc, struct pkt *p, uint16_t *ret_proto, uint16_t *ret_tci)
{
	if (p->vlan_proto) { /* the frame is whole without it */
		*ret_proto = p->vlan_proto;
		*ret_tci = p->vlan_tci;
		p->vlan_proto = p->vlan_tci = 0;
		return pkt_push(p, ETH_HLEN) ? DROP_NONE : DROP_NO_HEADROOM;
	}
	enum drop why = pkt_pull_up(lc, p, sizeof(struct vlan_tag));
	if (why)
		return why;
	*ret_proto = p->ethertype;
	*ret_tci = be16_get(((const struct vlan_tag *)p->data)->tci);
	if (!pkt_push(p, ETH_HLEN - TAG))
		return DROP_NO_HEADROOM;
	memmove(p->data, p->data - TAG, ADDRESSES);
	return DROP_NONE;
}

static uint8_t enter(struct worker *w, struct pkt *p, const struct vlan *v, uint16_t tci)
{
	struct iface *i = iface_get(w, v->handle);
	if (!i)
		return pkt_drop(p, DROP_IF_GONE);
	struct iface_worker_stats *s = iface_stats_of(i, w);
	if (!(racy_get(i->flags) & IFF_UP)) {
		racy_add(s->rx_dropped, 1);
		return pkt_drop(p, DROP_IF_DOWN);
	}
	racy_add(s->rx_packets, 1);
	racy_add(s->rx_bytes, p->len);
	if (unlikely(racy_get(v->has_ingress) || p->ext))
		vlan_prio_in(w->lc, p, v, tci);
	p->in_if = v->handle;
	if (unlikely(capture_is_on(w)))
		capture_frames(w, CAPTURE_IN, v->handle, &p, 1);
	return VLAN_INPUT_IFACE;
}

static uint8_t vlan_input_one(struct worker *w, struct pkt *p)
{
	uint16_t proto, tci;
	enum drop why = untag(w->lc, p, &proto, &tci);
	if (why)
		return pkt_drop(p, why);
	p->flags &= (uint8_t) ~(PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST | PKT_F_L2_OTHER);
	p->edge.eth_input.frame_len = p->len;
	if (!(tci & VLAN_VID_MASK))
		return VLAN_INPUT_ETH;
	const struct vlan *v = vlan_find(w->st, p->in_if, proto, tci & VLAN_VID_MASK);
	return v ? enter(w, p, v, tci) : pkt_drop(p, DROP_VLAN_UNKNOWN);
}

static void vlan_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = vlan_input_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node vlan_input_node = {
	.name = "vlan-input",
	.run = vlan_input,
	.next = { [VLAN_INPUT_IFACE] = "iface-input", [VLAN_INPUT_ETH] = "eth-input" },
};

/* --- out --- */

/* The descriptor's tag into the frame, whose headers lie together: eth-output has written them. */
static bool tag_to_frame(struct pkt *p)
{
	const struct vlan_tag tag = { be16_of(p->vlan_tci), be16_of(0) };
	const be16 proto = be16_of(p->vlan_proto);
	if (!pkt_push(p, TAG))
		return false;
	memmove(p->data, p->data + TAG, ADDRESSES);
	memcpy(p->data + ADDRESSES, &proto, sizeof proto);
	memcpy(p->data + ADDRESSES + sizeof proto, &tag.tci, sizeof tag.tci);
	p->l2_off = p->headroom;
	p->vlan_proto = p->vlan_tci = 0;
	return true;
}

static bool tag(struct pkt *p, const struct vlan *v)
{
	if (p->vlan_proto && !tag_to_frame(p))
		return false;
	p->vlan_proto = v->proto;
	p->vlan_tci = v->vid;
	if (unlikely(racy_get(v->n_egress)))
		p->vlan_tci |= vlan_prio_out(p, v);
	return racy_get(v->lower->features) & IFACE_TX_VLAN || tag_to_frame(p);
}

void vlan_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	const struct vlan *v = ifc->driver;
	struct pkt *tagged[PKT_VEC_MAX];
	unsigned n_tagged = 0;
	for (unsigned i = 0; i < n; i++) {
		if (unlikely(!tag(p[i], v))) {
			racy_add(iface_stats_of(ifc, w)->tx_dropped, 1);
			graph_drop(w, v->output_node, p[i], DROP_NO_HEADROOM);
			continue;
		}
		p[i]->out_if = v->lower_handle;
		tagged[n_tagged++] = p[i];
	}
	graph_enqueue_bulk(w, v->output_node, tagged, n_tagged);
}

static void vlan_output(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		const struct iface *lower = iface_get(w, v->pkt[i]->out_if);
		next[i] =
			lower ? racy_get(lower->hooks.edge[HOOK_EGRESS]) : pkt_drop(v->pkt[i], DROP_IF_GONE);
	}
	vec_dispatch(w, v, next);
}

const struct node vlan_output_node = {
	.name = "vlan-output",
	.run = vlan_output,
	.next = { [VLAN_OUTPUT_IFACE] = "iface-output", [VLAN_OUTPUT_HOOK] = "hook-egress" },
};
