/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-reass: fragments of IPv4 datagrams for this stack (RFC 791, 3.2). ip4-input has checked the header and cut the packet to its
 * length; header and options lie together. */
#include "graph/hook.h"
#include "ip/ip_route.h"
#include "ip/reass_internal.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

enum { IP4_REASS_ERROR = IP_ROUTE_ERROR };

/* Linux: bytes beyond a multiple of 8 are cut off a fragment that is not the last. */
static enum drop piece_of(struct lcore *lc, struct pkt *p, const struct ip4_hdr *h, struct reass_piece *ret)
{
	uint32_t hdr_len = ip4_hdr_len(h);
	uint16_t frag = be16_get(h->frag);
	*ret = (struct reass_piece){
		.off = (frag & IP4_FRAG_OFF_MASK) * 8u,
		.more = frag & IP4_MF,
		.ecn = h->tos & 3,
	};
	if (p->csum == PKT_CSUM_PARTIAL || pkt_is_gso(p))
		return DROP_BAD_OFFLOAD;
	if (ret->more)
		pkt_trim(lc, p, hdr_len + ((p->len - hdr_len) & ~7u));
	ret->len = p->len - hdr_len;
	return ret->len && hdr_len + ret->off + ret->len <= IP4_LEN_MAX ? DROP_NONE : DROP_BAD_LENGTH;
}

static enum drop finish(struct pkt *p, uint8_t ecn)
{
	struct ip4_hdr *h = (struct ip4_hdr *)p->data;
	if (p->len > IP4_LEN_MAX) /* the first fragment's header was the longer one */
		return DROP_BAD_LENGTH;
	h->len = be16_of((uint16_t)p->len);
	h->frag = be16_of(0);
	h->tos = (uint8_t)((h->tos & ~3) | ecn);
	ip4_csum_set(h);
	return DROP_NONE;
}

static const struct reass_family family4 = {
	.node = "ip4-reass",
	.error_node = "icmp4-error",
	.exceeded = ICMP4_TIME_EXCEEDED,
	.hook = HOOK_IP4_INPUT,
	.finish = finish,
};

static uint8_t ip4_reass_one(struct worker *w, uint16_t node, struct pkt *p)
{
	const struct ip4_hdr *h = (const struct ip4_hdr *)p->data;
	struct reass_key k = { .src.v4 = h->src, .dst.v4 = h->dst, .proto = h->proto, .id = be16_get(h->id) };
	struct reass_piece piece;
	enum drop why = piece_of(w->lc, p, h, &piece);
	return why ? pkt_drop(p, why)
		   : reass_take(w, node, &family4, &reass_stack(w)->c4, &reass_worker(w)->t4, &k, &piece, p);
}

static void ip4_reass(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip4_reass_one(w, v->node, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node ip4_reass_node = {
	.name = "ip4-reass",
	.run = ip4_reass,
	.next = { [IP_ROUTE_LOCAL] = "ip4-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip4-local-in",
		  [IP4_REASS_ERROR] = "icmp4-error" },
};
