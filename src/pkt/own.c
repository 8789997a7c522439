/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/own.h"

#include "pkt/pool.h"

/* Pages that are filled to the brim, so that never more pieces come of it than the bytes need. */
static bool copy(struct lcore *lc, struct pkt *p, const struct pkt_frag *f, struct buf **brim)
{
	const uint8_t *from = f->buf->mem + f->off;
	uint32_t left = f->len;
	racy_add(pool_of(lc)->stats.copied_bytes, left);
	while (left) {
		struct pkt_frag *last = *brim ? &p->frags[p->n_frags - 1] : NULL;
		if (!last || last->len == BUF_PAGE_SIZE) {
			*brim = p->n_frags < PKT_FRAGS_MAX ? buf_page_new(lc) : NULL;
			if (!*brim)
				return false;
			pkt_add_frag(lc, p, *brim, 0, 0);
			continue;
		}
		uint32_t n = MIN(left, BUF_PAGE_SIZE - last->len);
		memcpy((*brim)->mem + last->len, from, n);
		last->len += n;
		p->len += n;
		from += n;
		left -= n;
	}
	return true;
}

/* Takes over f's reference, or gives it back. */
static bool take_over(struct lcore *lc, struct pkt *p, const struct pkt_frag *f, struct buf **brim)
{
	if (f->buf->kind == BUF_FOREIGN) {
		bool ok = copy(lc, p, f, brim);
		buf_put(lc, f->buf);
		return ok;
	}
	*brim = NULL;
	if (pkt_add_frag(lc, p, f->buf, f->off, f->len))
		return true;
	buf_put(lc, f->buf);
	return false;
}

bool pkt_own_frags_slow(struct lcore *lc, struct pkt *p)
{
	struct pkt_frag old[PKT_FRAGS_MAX];
	struct buf *brim = NULL;
	unsigned n = p->n_frags;
	bool ok = true;
	memcpy(old, p->frags, n * sizeof *old);
	p->n_frags = 0;
	p->len = p->head_len;
	for (unsigned i = 0; i < n; i++) {
		if (ok)
			ok = take_over(lc, p, &old[i], &brim);
		else
			buf_put(lc, old[i].buf);
	}
	return ok;
}
