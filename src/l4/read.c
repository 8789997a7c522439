/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reader gets out of an endpoint's queue.
 *
 * A packet in the queue is a datagram or, if it is a large one, several of the same length but the last. They are taken out one by
 * one where they lie: l4_wait.off of the packet says how far that went. With UDP_GRO datagrams that follow each other, have the same headers and the
 * same length are given to the reader together, as many as he has room for, with their length; so nothing is done per packet when
 * they come, and those that came in different turns are still brought together. Linux joins them when they come and cuts what
 * the reader has no room for; here it stays for the next call. */
#include "l4/l4_internal.h"
#include "pkt/gso.h"
#include "wire/udp.h"

/* Linux: UDP_MAX_SEGMENTS; and what a program that is used to it has room for. */
enum { JOIN_MAX = 128, JOIN_BYTES_MAX = UINT16_MAX };

/* A place in the queue, where a datagram begins. */
struct place {
	struct pkt *p; /* NULL: the end */
	uint32_t off, len; /* in its payload, and that in all */
	struct l4_addr from;
};

static struct place place_of(const struct l4_end *e, struct pkt *p, uint32_t off)
{
	struct place at = { .p = p, .off = off };
	struct cursor c = p ? e->ops->payload(e, p, &at.from) : (struct cursor){ 0 };
	at.len = cur_left(&c);
	return at;
}

static struct place first_place(const struct l4_end *e)
{
	return place_of(e, e->rcv.head, e->rcv.head ? e->rcv.head->edge.l4_wait.off : 0);
}

static uint32_t len_at(const struct place *at)
{
	uint32_t left = at->len - at->off;
	return pkt_is_gso(at->p) ? MIN(left, (uint32_t)at->p->gso_size) : left;
}

static void step(const struct l4_end *e, struct place *at)
{
	at->off += len_at(at);
	if (at->off >= at->len)
		*at = place_of(e, at->p->next, 0);
}

/* --- what goes together --- */

static bool same4(const struct ip4_hdr *a, const struct ip4_hdr *b)
{
	return a->ver_ihl == b->ver_ihl && ip4_hdr_len(a) == sizeof *a && a->tos == b->tos &&
	       a->ttl == b->ttl && be32_eq(a->src, b->src) && be32_eq(a->dst, b->dst);
}

/* Extension headers are the reader's business: who has any is given alone. */
static bool same6(const struct ip6_hdr *a, const struct ip6_hdr *b, uint8_t proto)
{
	return memcmp(&a->ver_tc_flow, &b->ver_tc_flow, sizeof a->ver_tc_flow) == 0 && a->next == proto &&
	       b->next == proto && a->hop_limit == b->hop_limit && ip6_eq(&a->src, &b->src) &&
	       ip6_eq(&a->dst, &b->dst);
}

static bool same_flow(const struct l4_end *e, const struct pkt *a, const struct pkt *b)
{
	const struct udp_hdr *x = pkt_l4(a), *y = pkt_l4(b);
	uint8_t va = *(const uint8_t *)pkt_l3(a) >> 4, vb = *(const uint8_t *)pkt_l3(b) >> 4;
	if (a == b)
		return true;
	if (va != vb || a->in_if != b->in_if || memcmp(&x->sport, &y->sport, sizeof x->sport))
		return false;
	return va == 6 ? same6(pkt_l3(a), pkt_l3(b), e->proto) : same4(pkt_l3(a), pkt_l3(b));
}

/* May the datagram at `at` stand behind others of `size` bytes each? */
static bool follows(const struct l4_end *e, const struct l4_reading *r, const struct place *at, uint32_t size,
		    uint32_t most)
{
	if (!at->p || r->n == JOIN_MAX || !same_flow(e, r->p, at->p))
		return false;
	if (pkt_is_gso(at->p) && at->p->gso_size != size)
		return false;
	uint32_t len = len_at(at);
	return len && len <= size && r->len + len <= most;
}

static void join(const struct l4_end *e, struct place at, size_t room, struct l4_reading *r)
{
	uint32_t size = r->len, most = (uint32_t)MIN(room, (size_t)JOIN_BYTES_MAX), last = size;
	for (step(e, &at); last == size && follows(e, r, &at, size, most); step(e, &at)) {
		last = len_at(&at);
		r->len += last;
		r->n++;
	}
	r->segment = r->n > 1 ? size : 0;
}

/* --- reading --- */

void l4_read(const struct l4_end *e, size_t room, uint32_t off, struct l4_reading *ret)
{
	struct place at = first_place(e);
	*ret = (struct l4_reading){ 0 };
	while (at.p && off && off >= len_at(&at)) {
		off -= len_at(&at);
		step(e, &at);
	}
	if (!at.p)
		return;
	ret->p = at.p;
	ret->from = at.from;
	ret->off = at.off;
	ret->skip = off;
	ret->len = len_at(&at) - off;
	ret->n = 1;
	if (e->opt->gro && e->proto == IPPROTO_UDP && !off && ret->len)
		join(e, at, room, ret);
}

void l4_read_bytes(const struct l4_end *e, const struct l4_reading *r, void *to, uint32_t len)
{
	struct l4_addr from;
	uint8_t *bytes = to;
	uint32_t off = r->off + r->skip;
	for (const struct pkt *p = r->p; len; p = p->next, off = 0) {
		struct cursor c = e->ops->payload(e, p, &from);
		cur_skip(&c, off);
		uint32_t n = MIN(len, cur_left(&c));
		cur_copy(&c, bytes, n);
		bytes += n;
		len -= n;
	}
}

void l4_read_done(struct l4_end *e, const struct l4_reading *r)
{
	assert(r->p == e->rcv.head && !r->skip);
	if (e->ops->count)
		e->ops->count(e, r->p, L4_READ, 1);
	if (likely(r->n == 1 && !pkt_is_gso(r->p))) {
		l4_pop(e);
		return;
	}
	for (uint32_t n = r->n; n; n--) {
		struct place at = first_place(e);
		at.off += len_at(&at);
		if (at.off >= at.len)
			l4_pop(e);
		else
			at.p->edge.l4_wait.off = at.off;
	}
}
