/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio-net header and the frame behind it, as a packet socket or TAP device hands them over: refused without a trace, or the
 * packet's state says what the header said, survives the way back, and the packet can be split and summed. Input: the
 * header, how many bytes lie in the first piece (16 bits), how to go on (bit 0: the checksum is to be guessed, bits 1-2: a tag
 * stands in front on the way out), the frame. */
#include <linux/if_ether.h>
#include <string.h>

#include "core/manual.h"
#include "dev/vnet.h"
#include "fuzz.h"
#include "pkt/csum.h"
#include "pkt/gso.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

struct said {
	struct virtio_net_hdr h;
	be16 in_head;
	uint8_t how, unused;
};
static_assert(sizeof(struct said) == 14, "no holes");

static struct pkt *build(struct lcore *lc, uint32_t in_head, const uint8_t *frame, uint32_t len)
{
	struct pkt *p = pkt_new(lc);
	uint32_t room = BUF_HEAD_SIZE - BUF_HEADROOM, n = MIN(in_head, room);
	n = MIN(n, len);
	fuzz_check(p && pkt_append(lc, p, frame, n));
	for (uint32_t at = n; at < len; at += n) {
		struct buf *page = buf_page_new(lc);
		n = MIN(len - at, (uint32_t)BUF_PAGE_SIZE);
		memcpy(page->mem, frame + at, n);
		fuzz_check(pkt_add_frag(lc, p, page, 0, n));
	}
	return p;
}

/* What ip4-input and ip6-input would find. */
static void find_headers(struct pkt *p)
{
	const uint8_t *f = p->data;
	p->l2_off = p->headroom;
	p->l3_off = (uint16_t)(p->headroom + ETH_HLEN);
	p->l4_off = p->l3_off;
	if (p->head_len < ETH_HLEN + sizeof(struct ip4_hdr))
		return;
	if (f[ETH_HLEN] >> 4 == 4)
		p->l4_off = (uint16_t)(p->l3_off + (f[ETH_HLEN] & 15) * 4);
	else
		p->l4_off = (uint16_t)(p->l3_off + sizeof(struct ip6_hdr));
}

/* What we would tell a device is what we were told. */
static void check_way_back(const struct pkt *p, unsigned shift)
{
	struct virtio_net_hdr h;
	struct pkt q = *p;
	q.gso = q.csum = 0;
	vnet_emit(p, shift, &h);
	if (p->csum == PKT_CSUM_PARTIAL)
		h.csum_start = (uint16_t)(h.csum_start - shift);
	fuzz_check(vnet_parse(&h, &q) == DROP_NONE);
	fuzz_check(q.gso == p->gso && (!p->gso || q.gso_size == p->gso_size));
	fuzz_check((q.csum == PKT_CSUM_PARTIAL) == (p->csum == PKT_CSUM_PARTIAL));
	if (p->csum == PKT_CSUM_PARTIAL)
		fuzz_check(q.csum_start == p->csum_start && q.csum_off == p->csum_off);
}

static void check_segments(struct lcore *lc, struct pkt_queue *q)
{
	for (struct pkt *p; (p = pkt_queue_pop(q));) {
		fuzz_check(!pkt_is_gso(p));
		if (p->csum == PKT_CSUM_PARTIAL)
			fuzz_check(pkt_csum_finish(p) == DROP_NONE && p->csum != PKT_CSUM_PARTIAL);
		pkt_free(lc, p);
	}
}

static void go_on(struct lcore *lc, struct pkt *p)
{
	struct pkt_queue q;
	pkt_queue_init(&q);
	pkt_gso_l3_len(p);
	if (pkt_is_gso(p) && pkt_gso_split(lc, p, &q) == DROP_NONE) {
		check_segments(lc, &q);
		return;
	}
	if (p->csum == PKT_CSUM_PARTIAL)
		pkt_csum_finish(p);
	pkt_free(lc, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manual_rt *m;
	struct said s;
	struct pkt_stats stats;
	if (!m) {
		m = manual_rt_new(1, 1);
		fuzz_check(pkt_pools_init(manual_rt_of(m), 64 << 20) == 0);
	}
	struct lcore *lc = manual_rt_of(m)->lcore[0];
	if (size < sizeof s + ETH_HLEN || size > sizeof s + ETH_HLEN + 65535)
		return 0;
	memcpy(&s, data, sizeof s);
	uint32_t in_head = MAX((uint32_t)be16_get(s.in_head), (uint32_t)ETH_HLEN);
	struct pkt *p = build(lc, in_head, data + sizeof s, (uint32_t)(size - sizeof s));
	enum drop why = s.how & 1 ? vnet_guess_partial(p) : vnet_parse(&s.h, p);
	if (why) {
		fuzz_check(why == DROP_BAD_OFFLOAD);
		pkt_free(lc, p);
	} else {
		find_headers(p);
		check_way_back(p, s.how & 2 ? 4 : 0);
		go_on(lc, p);
	}
	pkt_stats(lc, &stats);
	fuzz_check(stats.in_use == 0 && stats.pages_in_use == 0);
	return 0;
}
