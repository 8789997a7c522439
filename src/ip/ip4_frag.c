/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-frag: cuts what is longer than the link's MTU and may be cut (RFC 791, 3.2; RFC 1812, 5.2.6). Each fragment is a packet of
 * its own with a copied header and a share of the payload's buffers; only payload that lives on another lcore is copied. A
 * partial transport checksum is finished first, since no device could do it any more. A segmentable packet becomes its
 * segments first, each of which is cut if it is too long. */
#include "ip/ip_frag.h"
#include "pkt/csum.h"
#include "pkt/gso.h"
#include "wire/ip4.h"

enum { OPT_COPIED = 0x80 };

/* RFC 791, 3.1: options without the copied flag are in the first fragment only; here they become padding. */
static void drop_first_only_options(uint8_t *opt, unsigned len)
{
	for (unsigned i = 0; i < len && opt[i] != IP4_OPT_END;) {
		unsigned n = opt[i] == IP4_OPT_NOP ? 1 : i + 1 < len ? opt[i + 1] : 0;
		if (n == 0 || n > len - i)
			return; /* ip4-input has seen to it */
		if (!(opt[i] & OPT_COPIED))
			memset(opt + i, IP4_OPT_NOP, n);
		i += n;
	}
}

struct cut {
	uint32_t hdr_len, step, body; /* step: payload bytes per fragment, a multiple of 8 */
	uint16_t off8, more; /* of the packet being cut, which may be a fragment itself */
};

static struct pkt *cut_one(struct worker *w, const struct pkt *p, const void *how, uint32_t at, uint32_t len)
{
	const struct cut *c = how;
	struct pkt *f = pkt_new(w->lc);
	if (!f)
		return NULL;
	if (!pkt_append(w->lc, f, p->data, c->hdr_len) ||
	    !pkt_append_range(w->lc, f, p, c->hdr_len + at, len)) {
		pkt_free(w->lc, f);
		return NULL;
	}
	struct ip4_hdr *h = (struct ip4_hdr *)f->data;
	bool last = at + len == c->body;
	h->len = be16_of((uint16_t)(c->hdr_len + len));
	h->frag = be16_of((uint16_t)((c->off8 + at / 8) | (last ? c->more : IP4_MF)));
	if (at)
		drop_first_only_options(f->data + sizeof *h, c->hdr_len - sizeof *h);
	ip4_csum_set(h);
	ip_frag_inherit(f, p, c->hdr_len);
	return f;
}

static enum drop cut_all(struct worker *w, struct pkt *p, uint32_t mtu)
{
	const struct ip4_hdr *h = (const struct ip4_hdr *)p->data;
	uint32_t hdr_len = ip4_hdr_len(h);
	if (mtu < hdr_len + 8)
		return DROP_IP_TOO_BIG;
	enum drop why = pkt_csum_finish(p);
	if (why)
		return why;
	uint16_t frag = be16_get(h->frag);
	struct cut c = {
		.hdr_len = hdr_len,
		.step = (mtu - hdr_len) & ~7U,
		.body = p->len - hdr_len,
		.off8 = frag & IP4_FRAG_OFF_MASK,
		.more = frag & IP4_MF,
	};
	return ip_frag_all(w, p, c.body, c.step, cut_one, &c);
}

static uint8_t frag_frame(struct worker *w, struct pkt *p, uint32_t mtu)
{
	if (p->len <= mtu) /* the last segment */
		return IP_FRAG_POST;
	enum drop why = cut_all(w, p, mtu);
	return pkt_drop(p, why ? why : DROP_IP_FRAGMENTED);
}

static uint8_t frag_segments(struct worker *w, struct pkt *p, uint32_t mtu)
{
	struct pkt_queue q;
	pkt_queue_init(&q);
	enum drop why = pkt_gso_split(w->lc, p, &q);
	if (why)
		return pkt_drop(p, why);
	for (struct pkt *s; (s = pkt_queue_pop(&q));)
		node_send(w, frag_frame(w, s, mtu), s);
	return NODE_KEPT;
}

static uint8_t ip4_frag_one(struct worker *w, struct pkt *p)
{
	const struct iface *out = iface_get(w, p->out_if);
	if (!out)
		return pkt_drop(p, DROP_IF_GONE);
	uint32_t mtu = packet_mtu(w, p, out);
	return unlikely(pkt_is_gso(p)) ? frag_segments(w, p, mtu) : frag_frame(w, p, mtu);
}

static void ip4_frag(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip4_frag_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node ip4_frag_node = { .name = "ip4-frag",
				    .run = ip4_frag,
				    .next = { [IP_FRAG_POST] = "ip4-post" } };
