/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-frag: cuts what this stack itself sends and is longer than the link's MTU (RFC 8200, 4.5); what is forwarded is never cut. Each
 * fragment is a packet of its own with a copied header and a share of the payload's buffers. A partial transport checksum is
 * finished first. Of extension headers, hop-by-hop options stand in each fragment, destination options in the first (RFC 8200,
 * 4.5); headers that a program wrote itself are not cut. */
#include "base/siphash.h"
#include "ip/ip6_internal.h"
#include "ip/ip_frag.h"
#include "pkt/csum.h"

struct cut {
	uint32_t step, body; /* step: payload bytes per fragment, a multiple of 8 */
	uint32_t id;
	uint32_t hdr_len, name_off; /* of what stands in each fragment, and where it says what comes next */
};

/* RFC 7739: unique for a pair of addresses for as long as fragments may live, and not for strangers to guess: a counter per
 * worker, from a place that depends on both. */
static uint32_t new_id(struct worker *w, const struct ip6_hdr *h)
{
	struct ip6_worker *iw = worker_state(w, MODULE_ip6);
	uint64_t where = siphash(&w->st->hash_key, &h->src, sizeof h->src + sizeof h->dst);
	return (uint32_t)(where + ((uint64_t)w->index << 27)) + iw->next_id++;
}

static struct pkt *cut_one(struct worker *w, const struct pkt *p, const void *how, uint32_t at, uint32_t len)
{
	const struct cut *c = how;
	const uint16_t more = at + len < c->body ? IP6_FRAG_MORE : 0;
	const struct ip6_frag_hdr fh = { .next = p->data[c->name_off],
					 .off_more = be16_of((uint16_t)(at | more)),
					 .id = be32_of(c->id) };
	struct pkt *f = pkt_new(w->lc);
	if (!f)
		return NULL;
	if (!pkt_append(w->lc, f, p->data, c->hdr_len) || !pkt_append(w->lc, f, &fh, sizeof fh) ||
	    !pkt_append_range(w->lc, f, p, c->hdr_len + at, len)) {
		pkt_free(w->lc, f);
		return NULL;
	}
	struct ip6_hdr *h = (struct ip6_hdr *)f->data;
	f->data[c->name_off] = IP_PROTO_FRAGMENT;
	h->payload_len = be16_of((uint16_t)(f->len - sizeof *h));
	ip_frag_inherit(f, p, c->hdr_len + (uint32_t)sizeof fh);
	return f;
}

/* What stands in each. Those that this stack writes lie together with the header. */
static void find_body(const struct pkt *p, struct cut *c)
{
	const struct ip6_hdr *h = (const struct ip6_hdr *)p->data;
	c->hdr_len = sizeof *h;
	c->name_off = offsetof(struct ip6_hdr, next);
	if (h->next == IP_PROTO_HOPOPTS && p->head_len > sizeof *h + 1) {
		c->name_off = c->hdr_len;
		c->hdr_len += (p->data[sizeof *h + 1] + 1u) * 8;
	}
}

static enum drop ip6_frag_one(struct worker *w, struct pkt *p)
{
	const struct ip6_hdr *h = (const struct ip6_hdr *)p->data;
	const struct iface *out = iface_get(w, p->out_if);
	if (!out)
		return DROP_IF_GONE;
	enum drop why = pkt_csum_finish(p);
	if (why)
		return why;
	uint32_t mtu = ip6_packet_mtu(w, p, out);
	struct cut c = { .id = new_id(w, h) };
	find_body(p, &c);
	if (c.hdr_len > p->head_len || mtu < c.hdr_len + sizeof(struct ip6_frag_hdr) + 8)
		return DROP_IP_TOO_BIG;
	c.step = (mtu - c.hdr_len - (uint32_t)sizeof(struct ip6_frag_hdr)) & ~7u;
	c.body = p->len - c.hdr_len;
	return ip_frag_all(w, p, c.body, c.step, cut_one, &c);
}

static void ip6_frag(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		enum drop why = ip6_frag_one(w, v->pkt[i]);
		next[i] = pkt_drop(v->pkt[i], why ? why : DROP_IP_FRAGMENTED);
	}
	vec_dispatch(w, v, next);
}

const struct node ip6_frag_node = { .name = "ip6-frag",
				    .run = ip6_frag,
				    .next = { [IP_FRAG_POST] = "ip6-post" } };
