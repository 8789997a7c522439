/* SPDX-License-Identifier: BSD-2-Clause */
/* Offload state comes from devices. Whatever it says, a packet is refused and stays as it was, or becomes segments that
 * hold its payload in order, whose checksums can be finished. Input: a struct said, then the frame. */
#include <stdlib.h>

#include "core/manual.h"
#include "pkt/csum.h"
#include "pkt/gso.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct said {
	uint8_t gso, csum;
	be16 gso_size, csum_start, csum_off;
	uint8_t l3, l4; /* from the frame's first byte; 1 is taken off, so that they can lie in front of it */
	be16 in_head; /* bytes in the first piece */
};

static void fail_if(bool wrong)
{
	if (wrong)
		abort();
}

static struct pkt *build(struct lcore *lc, const struct said *s, const uint8_t *frame, uint32_t len)
{
	struct pkt *p = pkt_new(lc);
	uint32_t room = BUF_HEAD_SIZE - BUF_HEADROOM, asked = MIN(be16_get(s->in_head), room),
		 head = MIN(len, asked);
	struct buf *page;
	pkt_append(lc, p, frame, head);
	for (uint32_t at = head, n; at < len; at += n) {
		n = MIN(len - at, (uint32_t)BUF_PAGE_SIZE);
		page = buf_page_new(lc);
		memcpy(page->mem, frame + at, n);
		pkt_add_frag(lc, p, page, 0, n);
	}
	p->gso = s->gso;
	p->csum = s->csum % (PKT_CSUM_PARTIAL + 1);
	p->gso_size = be16_get(s->gso_size);
	p->csum_start = be16_get(s->csum_start);
	p->csum_off = be16_get(s->csum_off);
	p->l2_off = p->headroom;
	p->l3_off = (uint16_t)(p->headroom + s->l3 - 1);
	p->l4_off = (uint16_t)(p->headroom + s->l4 - 1);
	if (s->csum & 0x80) /* where it belongs, so that inputs get this far */
		p->csum_start = p->l4_off;
	return p;
}

/* The segments' payload, joined, is the frame's: its end, since headers come first. */
static void check_segments(struct lcore *lc, struct pkt_queue *q, const uint8_t *frame, uint32_t len)
{
	static uint8_t joined[1 << 20], seg[1 << 17];
	uint32_t n = q->n, all = 0, at = 0;
	struct pkt *p;
	for (p = q->head; p; p = p->next)
		all += p->len;
	uint32_t hdr_len =
		n == 1 ? 0 : (all - len) / (n - 1); /* n headers and one payload against one of each */
	while ((p = pkt_queue_pop(q))) {
		struct cursor c = pkt_cursor(p);
		fail_if(p->gso || p->len < hdr_len || !cur_copy(&c, seg, p->len));
		memcpy(joined + at, seg + hdr_len, p->len - hdr_len);
		at += p->len - hdr_len;
		fail_if(n > 1 && (pkt_csum_finish(p) || p->csum == PKT_CSUM_PARTIAL));
		pkt_free(lc, p);
	}
	fail_if(at + hdr_len != len || memcmp(joined, frame + hdr_len, at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct manual_rt *m;
	struct said s;
	struct pkt_queue q;
	if (!m) {
		m = manual_rt_new(1, 1);
		fail_if(pkt_pools_init(manual_rt_of(m), 64 << 20));
	}
	struct lcore *lc = manual_rt_of(m)->lcore[0];
	if (len <= sizeof s || len > sizeof s + 60000)
		return 0;
	memcpy(&s, data, sizeof s);
	data += sizeof s;
	len -= sizeof s;
	struct pkt *p = build(lc, &s, data, (uint32_t)len);
	pkt_queue_init(&q);
	pkt_gso_l3_len(p);
	if (!pkt_is_gso(p) || pkt_gso_split(lc, p, &q)) {
		struct pkt_stats stats;
		pkt_stats(lc, &stats);
		fail_if(stats.in_use != 1 || p->len != len);
		pkt_csum_finish(p);
		pkt_csum_ok(p, 0, (uint32_t)len / 2);
		pkt_linearise(lc, p);
		pkt_free(lc, p);
	} else {
		check_segments(lc, &q, data, (uint32_t)len);
	}
	return 0;
}
