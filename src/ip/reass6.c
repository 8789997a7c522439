/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-reass: fragments for this stack wait here for the rest (RFC 8200, 4.5). The headers in front of the fragment header are judged
 * when a fragment comes, those behind it when the datagram is whole. What is no fragment does not come here, nor does a whole packet
 * with a fragment header, over which ip6-local steps (RFC 6946). */
#include "graph/hook.h"
#include "ip/ip6_internal.h"
#include "ip/ip_route.h"
#include "ip/reass_internal.h"

enum { IP6_REASS_ERROR = IP_ROUTE_ERROR };

static uint8_t problem(struct pkt *p, struct ip6_chain *ch, uint8_t code, uint32_t pointer, enum drop why)
{
	ch->icmp_due = true;
	ch->icmp_code = code;
	ch->icmp_pointer = pointer;
	return ip6_walk_failed(p, IP6_REASS_ERROR, ch, why);
}

/* RFC 7112, 5: the first fragment shows the whole chain, upper-layer header included. Linux looks for the same. */
static bool shows_chain(const struct pkt *p)
{
	static const uint8_t hdr_len[256] = { [IP_PROTO_TCP] = 20, [IP_PROTO_UDP] = 8, [IP_PROTO_ICMP6] = 8 };
	struct ip6_chain ch;
	if (ip6_walk_within(pkt_cursor(p), IP6_WALK_DESTINATION, &ip6_limits_none, &ch) == DROP_TRUNCATED)
		return false;
	uint32_t want = hdr_len[ch.proto] ? hdr_len[ch.proto] : 1;
	return ch.proto == IP_PROTO_NONE || ch.l4_off + want <= p->len;
}

/* RFC 6980, 5: neighbour discovery in fragments is ignored; with its first one the others wait in vain. */
static bool is_discovery(const struct pkt *p)
{
	struct ip6_chain ch;
	struct cursor c = pkt_cursor(p);
	uint8_t type;
	return !ip6_walk(c, IP6_WALK_DESTINATION, &ch) && ch.proto == IP_PROTO_ICMP6 &&
	       cur_skip(&c, ch.l4_off) && cur_u8(&c, &type) && type >= ICMP6_ROUTER_SOLICIT &&
	       type <= ICMP6_REDIRECT;
}

static uint8_t next_in_fragment(const struct pkt *p, const struct ip6_chain *ch)
{
	struct cursor c = pkt_cursor(p);
	uint8_t next = IP_PROTO_NONE;
	if (cur_skip(&c, ch->frag_hdr_off + (uint32_t)offsetof(struct ip6_frag_hdr, next)))
		cur_u8(&c, &next);
	return next;
}

/* NEXT_DROP with p->drop, an edge to the error node, or NODE_KEPT to go on. */
static uint8_t check(struct pkt *p, struct ip6_chain *ch)
{
	uint32_t len = p->len - ch->l4_off;
	if (p->csum == PKT_CSUM_PARTIAL || pkt_is_gso(p))
		return pkt_drop(p, DROP_BAD_OFFLOAD);
	if (ch->frag_more && len % 8)
		return problem(p, ch, ICMP6_PARAM_FIELD, offsetof(struct ip6_hdr, payload_len),
			       DROP_BAD_LENGTH);
	if (ch->frag_hdr_off - sizeof(struct ip6_hdr) + ch->frag_off + len > UINT16_MAX)
		return problem(p, ch, ICMP6_PARAM_FIELD,
			       ch->frag_hdr_off + (uint32_t)offsetof(struct ip6_frag_hdr, off_more),
			       DROP_BAD_LENGTH);
	if (!len)
		return pkt_drop(p, DROP_BAD_LENGTH);
	if (!ch->frag_off && is_discovery(p))
		return pkt_drop(p, DROP_ND_FRAGMENT);
	/* RFC 8200, 4: hop-by-hop options behind any header but the first are not recognised. Put together, they would stand
	 * in the right place. */
	if (!ch->frag_off && next_in_fragment(p, ch) == IP_PROTO_HOPOPTS)
		return problem(p, ch, ICMP6_PARAM_NEXT_HEADER, ch->frag_hdr_off, DROP_IP_EXT_HEADER);
	if (!ch->frag_off && !shows_chain(p))
		return problem(p, ch, ICMP6_PARAM_HEADER_CHAIN, 0, DROP_IP_EXT_HEADER);
	return NODE_KEPT;
}

static struct reass_key key_of(const struct pkt *p, const struct ip6_chain *ch)
{
	const struct ip6_hdr *h = (const struct ip6_hdr *)p->data;
	bool scoped = ip6_is_link_local(&h->dst) || ip6_is_multicast(&h->dst);
	return (struct reass_key){
		.src.v6 = h->src, .dst.v6 = h->dst, .in_if = scoped ? p->in_if : 0, .id = ch->frag_id
	};
}

/* Takes the fragment header out of the first fragment's headers. */
static enum drop finish(struct pkt *p, uint8_t ecn)
{
	struct ip6_chain ch;
	/* As it was when it came, whatever limits there are now. */
	ip6_walk_within(pkt_cursor(p), IP6_WALK_FRAGMENT, &ip6_limits_none, &ch);
	p->data[ch.frag_name_off] = ((const struct ip6_frag_hdr *)(p->data + ch.frag_hdr_off))->next;
	memmove(p->data + sizeof(struct ip6_frag_hdr), p->data, ch.frag_hdr_off);
	pkt_pull(p, sizeof(struct ip6_frag_hdr));
	struct ip6_hdr *h = (struct ip6_hdr *)p->data;
	if (p->len - sizeof *h > UINT16_MAX) /* the first fragment's headers were the longer ones */
		return DROP_BAD_LENGTH;
	h->payload_len = be16_of((uint16_t)(p->len - sizeof *h));
	h->ver_tc_flow.b[1] = (uint8_t)((h->ver_tc_flow.b[1] & 0xcf) | ecn << 4);
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + sizeof *h); /* ip6-local walks along what is left of the chain */
	p->ip_proto = h->next;
	return DROP_NONE;
}

static const struct reass_family family6 = {
	.node = "ip6-reass",
	.error_node = "icmp6-error",
	.exceeded = ICMP6_TIME_EXCEEDED,
	.hook = HOOK_IP6_INPUT,
	.finish = finish,
};

static uint8_t take_fragment(struct worker *w, uint16_t node, struct pkt *p, struct ip6_chain *ch)
{
	struct reass_piece piece = { .off = ch->frag_off, .more = ch->frag_more };
	struct reass_key k = key_of(p, ch);
	piece.len = p->len - ch->l4_off;
	piece.ecn = ip6_traffic_class((const struct ip6_hdr *)p->data) & 3;
	enum drop why = pkt_pull_up(w->lc, p, ch->l4_off);
	return why ? pkt_drop(p, why)
		   : reass_take(w, node, &family6, &reass_stack(w)->c6, &reass_worker(w)->t6, &k, &piece, p);
}

static uint8_t ip6_reass_one(struct worker *w, uint16_t node, struct pkt *p)
{
	struct ip6_chain ch;
	enum drop why = ip6_walk_in(w, p, IP6_WALK_FRAGMENT, &ch);
	if (why)
		return ip6_walk_failed(p, IP6_REASS_ERROR, &ch, why);
	if (!ip6_is_fragment(&ch)) /* ip6-route saw one, under settings that have changed */
		return pkt_drop(p, DROP_STALE);
	uint8_t next = check(p, &ch);
	return next == NODE_KEPT ? take_fragment(w, node, p, &ch) : next;
}

static void ip6_reass(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip6_reass_one(w, v->node, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node ip6_reass_node = {
	.name = "ip6-reass",
	.run = ip6_reass,
	.next = { [IP_ROUTE_LOCAL] = "ip6-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip6-local-in",
		  [IP6_REASS_ERROR] = "icmp6-error" },
};
