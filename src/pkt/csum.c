/* SPDX-License-Identifier: BSD-2-Clause */
/* Transport checksums by descriptor state. The sum runs over the scatter list in place. */
#include "pkt/csum.h"

#include "wire/csum.h"

bool pkt_csum_ok(struct pkt *p, uint32_t pseudo, uint32_t l4_len)
{
	if (p->csum == PKT_CSUM_PARTIAL || p->csum == PKT_CSUM_UNNECESSARY)
		return true;
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	if (!cur_trim(&c, l4_len))
		return false;
	if (!csum_ok(csum_add(pseudo, csum_cursor(c))))
		return false;
	p->csum = PKT_CSUM_UNNECESSARY; /* nobody further in sums it again */
	p->csum_level = 0;
	return true;
}

enum { UDP_CSUM_OFF = 6 };

enum drop pkt_csum_finish(struct pkt *p)
{
	if (p->csum != PKT_CSUM_PARTIAL)
		return DROP_NONE;
	uint32_t start = (uint32_t)p->csum_start - p->headroom;
	if (p->csum_start < p->headroom || start + p->csum_off + 2 > p->head_len)
		return DROP_BAD_OFFLOAD;
	/* RFC 768: a sum of 0 is sent as 0xffff, and by its place in the header this one is UDP's. The two zeros are one number to
	 * receivers of TCP and ICMP, but no sender of those may choose. */
	uint32_t sum = csum_cursor(pkt_cursor_at(p, p->csum_start));
	be16 field = be16_of(p->csum_off == UDP_CSUM_OFF ? csum_done_udp(sum) : csum_done(sum));
	memcpy(p->data + start + p->csum_off, &field, sizeof field);
	p->csum = PKT_CSUM_NONE;
	return DROP_NONE;
}

void pkt_csum_defer(struct pkt *p, uint32_t pseudo, uint16_t off)
{
	be16 field = be16_of(csum_fold(pseudo));
	memcpy((uint8_t *)pkt_l4(p) + off, &field, sizeof field);
	p->csum = PKT_CSUM_PARTIAL;
	p->csum_start = p->l4_off;
	p->csum_off = off;
}
