/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the edge splits what its device cannot. The offload fields came from a device, so they are outside
 * input: plan_make() believes none of them before it has looked at the headers. Each segment is a descriptor of its own
 * whose head gets a copy of all headers; its payload is a scatter list over the same buffers the large packet used, its
 * head buffer included (pool.c keeps that one until the last reference goes). So no payload byte moves, and every
 * segment can still grow at both ends. Only the home lcore may count references: payload that lives on another lcore is
 * copied, and counted.
 *
 * Reusing the large packet as the first segment would save one descriptor, but the bytes behind its end would then be
 * the next segment's payload, and whoever appended to it (padding, a trailer) would write over them. */
#include "pkt/gso.h"

#include <netinet/in.h>

#include "pkt/pool.h"
#include "wire/csum.h"

enum { TCP_FIN = 0x01, TCP_PSH = 0x08, TCP_CWR = 0x80 };

struct gso_plan {
	uint32_t l3, l4, hdr_len; /* from data: the headers, and the end of the last one */
	uint32_t payload, size, n; /* bytes, bytes per segment, segments */
	uint16_t csum_off; /* from l4 */
	uint16_t pseudo; /* folded sum of the pseudo header without its length */
	bool v6, tcp, sum; /* sum: UDP over IPv4 may go without a checksum */
};

static uint16_t get16(const uint8_t *p)
{
	be16 v;
	memcpy(&v, p, sizeof v);
	return be16_get(v);
}

static void put16(uint8_t *p, uint16_t v)
{
	be16 x = be16_of(v);
	memcpy(p, &x, sizeof x);
}

/* Walks the extension headers between the fixed header and l4_len bytes on; RFC 8200, 4.1. Those that may stand in front
 * of a segmentable packet: hop-by-hop, routing, destination options. *ret_final: the address in the header is the last. */
static bool ip6_chain_ok(const uint8_t *h, uint32_t len, uint8_t proto, bool *ret_final)
{
	uint8_t next = h[6];
	uint32_t at = 40;
	*ret_final = true;
	while (at + 8 <= len) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			return false;
		if (next == IPPROTO_ROUTING && h[at + 3])
			*ret_final = false;
		next = h[at];
		at += (h[at + 1] + 1U) * 8;
	}
	return at == len && next == proto;
}

static bool ip4_ok(const uint8_t *h, uint32_t len, uint8_t proto, bool *ret_final)
{
	*ret_final = len == 20; /* options may name further hops */
	return (h[0] & 15U) * 4 == len && h[9] == proto && (get16(h + 6) & 0x3fff) == 0;
}

static bool ip_ok(const uint8_t *h, const struct gso_plan *g, bool *ret_final)
{
	uint8_t proto = g->tcp ? IPPROTO_TCP : IPPROTO_UDP;
	uint32_t len = g->l4 - g->l3;
	if (h[0] >> 4 != (g->v6 ? 6 : 4) || len < (g->v6 ? 40 : 20))
		return false;
	return g->v6 ? ip6_chain_ok(h, len, proto, ret_final) : ip4_ok(h, len, proto, ret_final);
}

/* From where the segments' pseudo sums come. A partial checksum field holds one that is right even while a routing header
 * is on its way, so only the length is taken out of it; without one the addresses must be the final ones. */
static enum drop plan_pseudo(const struct pkt *p, struct gso_plan *g, bool addresses_final)
{
	const uint8_t *l3 = p->data + g->l3, *l4 = p->data + g->l4;
	g->csum_off = g->tcp ? 16 : 6;
	g->sum = true;
	if (p->csum == PKT_CSUM_PARTIAL) {
		if (p->csum_start != p->l4_off || p->csum_off != g->csum_off)
			return DROP_BAD_OFFLOAD;
		g->pseudo =
			csum_fold((uint32_t)get16(l4 + g->csum_off) + (uint16_t)~csum_fold(p->len - g->l4));
		return DROP_NONE;
	}
	if (!addresses_final)
		return DROP_GSO_UNSUPPORTED;
	g->sum = g->tcp || g->v6 || get16(l4 + g->csum_off); /* RFC 768: zero: the sender made none */
	uint32_t sum = g->v6 ? csum_mem(l3 + 8, 32) : csum_mem(l3 + 12, 8);
	g->pseudo = csum_fold(sum + (g->tcp ? IPPROTO_TCP : IPPROTO_UDP));
	return DROP_NONE;
}

/* Where the headers lie and that they are what the type says. */
static enum drop plan_headers(const struct pkt *p, struct gso_plan *g)
{
	unsigned type = p->gso & PKT_GSO_TYPE_MASK;
	if (type < PKT_GSO_TCP4 || type > PKT_GSO_UDP_L4)
		return DROP_GSO_UNSUPPORTED;
	if (!p->gso_size || p->l3_off < p->headroom || p->l4_off < p->l3_off)
		return DROP_BAD_OFFLOAD;
	*g = (struct gso_plan){ .l3 = (uint32_t)p->l3_off - p->headroom,
				.l4 = (uint32_t)p->l4_off - p->headroom,
				.size = p->gso_size,
				.tcp = type != PKT_GSO_UDP_L4 };
	if (g->l4 + (g->tcp ? 20 : 8) > p->head_len)
		return DROP_BAD_OFFLOAD;
	const uint8_t *l4 = p->data + g->l4;
	uint32_t l4_hdr_len = g->tcp ? (l4[12] >> 4) * 4U : 8;
	g->hdr_len = g->l4 + l4_hdr_len;
	if ((g->tcp && l4_hdr_len < 20) || g->hdr_len > p->head_len)
		return DROP_BAD_OFFLOAD;
	g->v6 = g->tcp ? type == PKT_GSO_TCP6 : p->data[g->l3] >> 4 == 6;
	bool final;
	if (!ip_ok(p->data + g->l3, g, &final))
		return DROP_BAD_OFFLOAD;
	return plan_pseudo(p, g, final);
}

static enum drop plan_make(const struct pkt *p, struct gso_plan *g)
{
	enum drop why = plan_headers(p, g);
	if (why)
		return why;
	g->payload = p->len - g->hdr_len;
	g->n = g->payload <= g->size ? 1 : (g->payload + g->size - 1) / g->size;
	if (g->n > PKT_GSO_SEGS_MAX || p->headroom + g->hdr_len > BUF_HEAD_SIZE)
		return DROP_GSO_UNSUPPORTED;
	if (g->n > 1 && g->hdr_len - g->l3 + g->size > UINT16_MAX)
		return DROP_BAD_OFFLOAD;
	return DROP_NONE;
}

uint32_t pkt_gso_l3_len(const struct pkt *p)
{
	struct gso_plan g;
	if (!pkt_is_gso(p) || plan_make(p, &g))
		return p->len + p->headroom - p->l3_off;
	return g.hdr_len - g.l3 + MIN(g.size, g.payload);
}

static void ip_fix(const struct gso_plan *g, uint8_t *h, uint32_t i, uint32_t l3_len)
{
	if (g->v6) {
		put16(h + 4, (uint16_t)(l3_len - 40));
		return;
	}
	put16(h + 2, (uint16_t)l3_len);
	/* Linux: ids count up, also when DF makes them meaningless. */
	put16(h + 4, (uint16_t)(get16(h + 4) + i));
	put16(h + 10, 0);
	put16(h + 10, (uint16_t)~csum_fold(csum_mem(h, g->l4 - g->l3)));
}

static void tcp_fix(const struct gso_plan *g, uint8_t *h, uint32_t i, bool ecn)
{
	be32 seq;
	memcpy(&seq, h + 4, sizeof seq);
	seq = be32_of(be32_get(seq) + i * g->size);
	memcpy(h + 4, &seq, sizeof seq);
	if (i + 1 < g->n)
		h[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	/* RFC 3168, 6.1.2: CWR answers one ECE, so it goes out once. Without the ECN mark it is part of a count that every
	 * segment repeats (RFC 9768). */
	if (i > 0 && ecn)
		h[13] &= (uint8_t)~TCP_CWR;
}

/* Turns the copy of the large packet's headers in s into those of segment i. */
static void seg_fix(const struct gso_plan *g, struct pkt *s, uint32_t i)
{
	uint8_t *l4 = s->data + g->l4;
	uint32_t l4_len = s->len - g->l4;
	ip_fix(g, s->data + g->l3, i, s->len - g->l3);
	if (g->tcp)
		tcp_fix(g, l4, i, s->gso & PKT_GSO_ECN);
	else
		put16(l4 + 4, (uint16_t)l4_len);
	s->gso = PKT_GSO_NONE;
	s->gso_size = s->gso_segs = 0;
	s->csum = PKT_CSUM_NONE;
	if (!g->sum)
		return;
	put16(l4 + g->csum_off, csum_fold((uint32_t)g->pseudo + l4_len));
	s->csum = PKT_CSUM_PARTIAL;
	s->csum_start = s->l4_off;
	s->csum_off = g->csum_off;
}

/* How far the payload has been handed out: piece 0 is the first piece, piece n fragment n - 1. */
struct taker {
	const struct pkt *p;
	unsigned piece;
	uint32_t off;
};

static bool give(struct lcore *lc, struct pkt *to, struct buf *b, uint32_t off, uint32_t len)
{
	if (b->home == lc->id && pkt_add_frag(lc, to, b, off, len)) {
		buf_get(lc, b);
		return true;
	}
	if (!pkt_append(lc, to, b->mem + off, len))
		return false;
	racy_add(pool_of(lc)->stats.copied_bytes, len);
	return true;
}

/* The next len bytes of payload to the end of `to`. False at the budget. */
static bool take(struct lcore *lc, struct taker *t, struct pkt *to, uint32_t len)
{
	while (len) {
		const struct pkt *p = t->p;
		struct pkt_frag f = t->piece ? p->frags[t->piece - 1]
					     : (struct pkt_frag){ p->buf, p->headroom, p->head_len };
		uint32_t n = MIN(len, f.len - t->off);
		if (n && !give(lc, to, f.buf, f.off + t->off, n))
			return false;
		t->off += n;
		len -= n;
		if (t->off == f.len) {
			t->piece++;
			t->off = 0;
		}
	}
	return true;
}

/* A new descriptor with p's metadata, headroom and headers, and no payload. */
static struct pkt *seg_new(struct lcore *lc, const struct pkt *p, uint32_t hdr_len)
{
	struct pkt *s = pkt_new(lc);
	if (!s)
		return NULL;
	pkt_copy_meta(s, p);
	s->flags = p->flags & (uint8_t)~PKT_F_PARKED;
	s->headroom = p->headroom;
	s->data = s->buf->mem + s->headroom;
	memcpy(s->data, p->data, hdr_len);
	s->head_len = s->len = hdr_len;
	if (p->ext)
		*pkt_ext(lc, s) = *p->ext;
	return s;
}

static bool split(struct lcore *lc, const struct pkt *p, const struct gso_plan *g, struct pkt_queue *q)
{
	struct taker t = { .p = p, .off = g->hdr_len };
	for (uint32_t i = 0; i < g->n; i++) {
		struct pkt *s = seg_new(lc, p, g->hdr_len);
		if (!s)
			return false;
		pkt_queue_push(q, s);
		if (!take(lc, &t, s, MIN(g->size, g->payload - i * g->size)))
			return false;
		seg_fix(g, s, i);
	}
	return true;
}

enum drop pkt_gso_split(struct lcore *lc, struct pkt *p, struct pkt_queue *ret)
{
	struct gso_plan g;
	struct pkt_queue q;
	enum drop why = plan_make(p, &g);
	if (why)
		return why;
	/* Linux: virtio_net_hdr_to_skb() takes a packet of one segment as one that is not segmentable. */
	if (g.n == 1) {
		p->gso = PKT_GSO_NONE;
		p->gso_size = p->gso_segs = 0;
		pkt_queue_push(ret, p);
		return DROP_NONE;
	}
	pkt_queue_init(&q);
	if (!split(lc, p, &g, &q)) {
		for (struct pkt *s; (s = pkt_queue_pop(&q));)
			pkt_free(lc, s);
		return DROP_NO_BUFFER;
	}
	*ret->tail = q.head;
	ret->tail = q.tail;
	ret->n += q.n;
	pkt_free(lc, p);
	return DROP_NONE;
}

bool pkt_linearise(struct lcore *lc, struct pkt *p)
{
	uint32_t more = p->len - p->head_len;
	if (!more)
		return true;
	if (pkt_pull_up(lc, p, p->len))
		return false;
	racy_add(pool_of(lc)->stats.copied_bytes, more);
	return true;
}
