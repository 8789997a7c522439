/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of a packet: appending, cutting, cloning, reading. Payload is shared where it can be and counted where it is
 * copied (pkt_stats.copied_bytes). */
#include "pkt/pkt.h"

#include <string.h>

#include "pkt/pool.h"

static uint32_t tailroom(const struct pkt *p)
{
	return p->buf->size - p->headroom - p->head_len;
}

static const uint8_t *piece(const void *ctx, unsigned i, uint32_t *ret_len)
{
	const struct pkt *p = ctx;
	if (i >= p->n_frags)
		return NULL;
	*ret_len = p->frags[i].len;
	return p->frags[i].buf->mem + p->frags[i].off;
}

struct cursor pkt_cursor(const struct pkt *p)
{
	return (struct cursor){ .p = p->data, .here = p->head_len, .left = p->len, .more = piece, .ctx = p };
}

struct cursor pkt_cursor_at(const struct pkt *p, uint16_t off)
{
	struct cursor c = pkt_cursor(p);
	int ahead = (int)off - (int)p->headroom;
	if (ahead < 0) { /* a header that has been pulled already */
		c.p += ahead;
		c.here -= (uint32_t)ahead;
		c.left -= (uint32_t)ahead;
	} else if (!cur_skip(&c, (uint32_t)ahead)) {
		c.here = c.left = 0;
	}
	return c;
}

bool pkt_add_frag(struct lcore *lc, struct pkt *p, struct buf *b, uint32_t off, uint32_t len)
{
	assert(off <= b->size && len <= b->size - off);
	if (p->n_frags == PKT_FRAGS_MAX)
		return false;
	p->frags[p->n_frags++] = (struct pkt_frag){ .buf = b, .off = off, .len = len };
	p->len += len;
	return true;
}

/* Frees fragments from number n on. */
static void cut_frags(struct lcore *lc, struct pkt *p, unsigned n)
{
	while (p->n_frags > n) {
		const struct pkt_frag *f = &p->frags[--p->n_frags];
		p->len -= f->len;
		buf_put(lc, f->buf);
	}
}

bool pkt_trim(struct lcore *lc, struct pkt *p, uint32_t len_bytes)
{
	if (len_bytes > p->len)
		return false;
	if (len_bytes <= p->head_len) {
		cut_frags(lc, p, 0);
		p->head_len = p->len = len_bytes;
		return true;
	}
	uint32_t at = p->head_len;
	unsigned i = 0;
	for (; at + p->frags[i].len < len_bytes; i++)
		at += p->frags[i].len;
	cut_frags(lc, p, i + 1);
	p->frags[i].len = len_bytes - at;
	p->len = len_bytes;
	return true;
}

/* Of the first piece at most so many bytes are taken. */
static bool append(struct lcore *lc, struct pkt *p, const void *bytes, uint32_t len, uint32_t head_max)
{
	const uint8_t *from = bytes;
	uint32_t old_len = p->len;
	if (!p->n_frags) {
		uint32_t n = MIN(len, head_max);
		memcpy(p->data + p->head_len, from, n);
		p->head_len += n;
		p->len += n;
		from += n;
		len -= n;
	}
	while (len) {
		uint32_t n = MIN(len, (uint32_t)BUF_PAGE_SIZE);
		struct buf *b = p->n_frags < PKT_FRAGS_MAX ? buf_page_new(lc) : NULL;
		if (!b) {
			pkt_trim(lc, p, old_len);
			return false;
		}
		memcpy(b->mem, from, n);
		pkt_add_frag(lc, p, b, 0, n);
		from += n;
		len -= n;
	}
	return true;
}

bool pkt_append(struct lcore *lc, struct pkt *p, const void *bytes, uint32_t len)
{
	return append(lc, p, bytes, len, tailroom(p));
}

bool pkt_append_split(struct lcore *lc, struct pkt *p, const void *bytes, uint32_t len, uint32_t at)
{
	return append(lc, p, bytes, len, at && at <= tailroom(p) ? at : tailroom(p));
}

/* Takes n bytes off the front of the scatter list. */
static void drop_front(struct lcore *lc, struct pkt *p, uint32_t n)
{
	unsigned gone = 0;
	p->len -= n;
	while (n) {
		struct pkt_frag *f = &p->frags[gone];
		uint32_t k = MIN(n, f->len);
		f->off += k;
		f->len -= k;
		n -= k;
		if (f->len)
			break;
		buf_put(lc, f->buf);
		gone++;
	}
	p->n_frags = (uint8_t)(p->n_frags - gone);
	memmove(p->frags, p->frags + gone, p->n_frags * sizeof p->frags[0]);
}

enum drop pkt_pull_up_slow(struct lcore *lc, struct pkt *p, uint32_t n)
{
	if (n > p->len)
		return DROP_TRUNCATED;
	if (n - p->head_len > tailroom(p))
		return DROP_HEADER_SCATTERED;
	struct pkt_pool *pool = pool_of(lc);
	struct cursor c = pkt_cursor(p);
	uint32_t more = n - p->head_len;
	cur_skip(&c, p->head_len);
	cur_copy(&c, p->data + p->head_len, more);
	drop_front(lc, p, more);
	p->head_len += more;
	p->len += more;
	racy_add(pool->stats.pulled_up, 1);
	return DROP_NONE;
}

void pkt_copy_meta(struct pkt *to, const struct pkt *from)
{
	memcpy((char *)to + offsetof(struct pkt, l2_off), (const char *)from + offsetof(struct pkt, l2_off),
	       offsetof(struct pkt, n_frags) - offsetof(struct pkt, l2_off));
	to->ip_proto = from->ip_proto;
	to->edge = from->edge;
	to->gso_size = from->gso_size;
	to->gso_segs = from->gso_segs;
	to->vlan_tci = from->vlan_tci;
	to->vlan_proto = from->vlan_proto;
	to->trace_id = from->trace_id;
}

/* Can all behind the first `keep` bytes be shared here, and will those fit a head of ours? (A foreign buffer may be larger.) */
static bool may_clone(const struct lcore *lc, const struct pkt *p, uint32_t keep)
{
	bool rest = keep < p->head_len;
	if (p->headroom + keep > BUF_HEAD_SIZE || (rest && p->buf->home != lc->id))
		return false;
	for (unsigned i = 0; i < p->n_frags; i++)
		if (p->frags[i].buf->home != lc->id)
			return false;
	return p->n_frags + rest <= PKT_FRAGS_MAX;
}

/* Shares len bytes of b from off on as to's next fragment. */
static void share(struct lcore *lc, struct pkt *to, struct buf *b, uint32_t off, uint32_t len)
{
	if (len && pkt_add_frag(lc, to, b, off, len))
		buf_get(lc, b);
}

struct pkt *pkt_clone(struct lcore *lc, struct pkt *p, uint32_t keep_bytes)
{
	uint32_t keep = MIN(keep_bytes, p->head_len);
	struct pkt *c = may_clone(lc, p, keep) ? pkt_new(lc) : NULL;
	if (!c)
		return NULL;
	pkt_copy_meta(c, p);
	c->headroom = p->headroom; /* so that header offsets mean the same */
	c->data = c->buf->mem + c->headroom;
	memcpy(pkt_start(c), pkt_start(p), p->headroom + keep);
	c->head_len = c->len = keep;
	share(lc, c, p->buf, p->headroom + keep, p->head_len - keep);
	for (unsigned i = 0; i < p->n_frags; i++)
		share(lc, c, p->frags[i].buf, p->frags[i].off, p->frags[i].len);
	if (p->ext)
		*pkt_ext(lc, c) = *p->ext;
	return c;
}

void pkt_reset_meta(struct pkt *p)
{
	p->in_if = p->out_if = 0;
	p->hash = 0;
	p->flags &= PKT_F_TRACED;
	p->gso = PKT_GSO_NONE;
	p->gso_size = p->gso_segs = 0;
	p->csum = PKT_CSUM_NONE;
	p->csum_level = 0;
	p->vlan_tci = p->vlan_proto = 0;
	p->ext = NULL;
}

void pkt_park(struct pkt *p, uint16_t node)
{
	p->flags |= PKT_F_PARKED;
	p->resume = node;
	if (LEAT_POISON)
		memset(&p->edge, 0xdb, sizeof p->edge);
}

void pkt_unpark(struct pkt *p)
{
	assert(p->flags & PKT_F_PARKED);
	p->flags &= (uint8_t)~PKT_F_PARKED;
}
