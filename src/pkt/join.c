/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes from one packet to another: what fragments are cut and put together with. A piece changes hands by reference as long as
 * this lcore may count it; only the rest is copied, and counted (pkt_stats.copied_bytes). */
#include "pkt/pkt.h"

#include <string.h>

#include "pkt/pool.h"

static void count_copied(struct lcore *lc, uint64_t len_bytes)
{
	racy_add(pool_of(lc)->stats.copied_bytes, len_bytes);
}

/* --- cutting --- */

static bool append_part(struct lcore *lc, struct pkt *p, struct buf *b, uint32_t off, uint32_t len)
{
	if (b->home != lc->id) {
		count_copied(lc, len);
		return pkt_append(lc, p, b->mem + off, len);
	}
	if (!pkt_add_frag(lc, p, b, off, len))
		return false;
	buf_get(lc, b);
	return true;
}

/* Piece i of p: 0 is the first, 1 its first fragment. */
static struct pkt_frag piece_of(const struct pkt *p, unsigned i)
{
	return i ? p->frags[i - 1]
		 : (struct pkt_frag){ .buf = p->buf, .off = p->headroom, .len = p->head_len };
}

bool pkt_append_range(struct lcore *lc, struct pkt *p, const struct pkt *from, uint32_t off, uint32_t len)
{
	uint32_t at = 0;
	for (unsigned i = 0; i <= from->n_frags && len; i++) {
		struct pkt_frag f = piece_of(from, i);
		if (off < at + f.len) {
			uint32_t skip = off - at, n = MIN(f.len - skip, len);
			if (!append_part(lc, p, f.buf, f.off + skip, n))
				return false;
			off += n;
			len -= n;
		}
		at += f.len;
	}
	return len == 0;
}

/* --- joining --- */

/* Pieces of q's packets in all, or more than a list holds when one is not lc's to share. */
static unsigned count_pieces(const struct lcore *lc, const struct pkt_queue *q)
{
	unsigned n = 0;
	for (const struct pkt *p = q->head; p && n <= PKT_FRAGS_MAX; p = p->next)
		for (unsigned i = 0; i <= p->n_frags; i++) {
			struct pkt_frag f = piece_of(p, i);
			n += f.buf->home == lc->id ? f.len > 0 : PKT_FRAGS_MAX + 1;
		}
	return n;
}

static void share_all(struct lcore *lc, struct pkt *p, const struct pkt *from)
{
	bool fits = pkt_append_range(lc, p, from, 0, from->len);
	assert(fits);
	(void)fits;
}

/* The page at the end of p that is being filled. */
struct brim {
	struct buf *page;
	uint32_t used;
};

static bool copy_all(struct lcore *lc, struct pkt *p, const struct pkt *from, struct brim *b)
{
	struct cursor c = pkt_cursor(from);
	while (cur_left(&c)) {
		if (!b->page || b->used == BUF_PAGE_SIZE) {
			b->page = p->n_frags < PKT_FRAGS_MAX ? buf_page_new(lc) : NULL;
			b->used = 0;
			if (!b->page)
				return false;
			pkt_add_frag(lc, p, b->page, 0, 0);
		}
		uint32_t n = MIN(cur_left(&c), BUF_PAGE_SIZE - b->used);
		cur_copy(&c, b->page->mem + b->used, n);
		b->used += n;
		p->frags[p->n_frags - 1].len += n;
		p->len += n;
		count_copied(lc, n);
	}
	return true;
}

bool pkt_join(struct lcore *lc, struct pkt *p, struct pkt_queue *q)
{
	bool share = p->n_frags + count_pieces(lc, q) <= PKT_FRAGS_MAX;
	uint32_t old_len = p->len;
	struct brim brim = { 0 };
	for (const struct pkt *from = q->head; from; from = from->next) {
		if (share) {
			share_all(lc, p, from);
		} else if (!copy_all(lc, p, from, &brim)) {
			pkt_trim(lc, p, old_len);
			return false;
		}
	}
	for (struct pkt *done; (done = pkt_queue_pop(q));)
		pkt_free(lc, done);
	return true;
}
