/* SPDX-License-Identifier: BSD-2-Clause */
/* Transport checksums by descriptor state. The sum runs over the scatter list in place; a piece that starts at an odd
 * byte of the sum counts with its bytes swapped (RFC 1071, 2.B). */
#include "pkt/csum.h"

/* Sum of a run of bytes as little-endian words, folded to 16 bits (RFC 1071, 2.C: 64 bits at a time, carries last). */
static uint32_t sum_run(const uint8_t *p, uint32_t len)
{
	uint64_t sum = 0, word;
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		sum += word;
		sum += sum < word;
	}
	word = 0;
	memcpy(&word, p, len);
	sum += word;
	sum += sum < word;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	return (uint32_t)((sum >> 16) + (uint16_t)sum);
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum >> 16) + (uint16_t)sum;
	return (uint16_t)((sum >> 16) + sum);
}

/* Sum of all that the cursor still has, in host order, folded. */
static uint16_t sum_cursor(struct cursor c)
{
	uint64_t sum = 0;
	uint32_t n, at = 0;
	for (const uint8_t *p; (p = cur_run(&c, &n)); at += n) {
		uint32_t s = sum_run(p, n);
		s = fold(s);
		sum += at & 1 ? __builtin_bswap16((uint16_t)s) : s;
	}
	return __builtin_bswap16(fold((uint32_t)sum));
}

bool pkt_csum_ok(struct pkt *p, uint32_t pseudo, uint32_t l4_len)
{
	if (p->csum == PKT_CSUM_PARTIAL || p->csum == PKT_CSUM_UNNECESSARY)
		return true;
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	if (!cur_trim(&c, l4_len))
		return false;
	if (fold((uint32_t)fold(pseudo) + sum_cursor(c)) != 0xffff)
		return false;
	p->csum = PKT_CSUM_UNNECESSARY; /* nobody further in sums it again */
	p->csum_level = 0;
	return true;
}

enum drop pkt_csum_finish(struct pkt *p)
{
	if (p->csum != PKT_CSUM_PARTIAL)
		return DROP_NONE;
	uint32_t start = (uint32_t)p->csum_start - p->headroom;
	if (p->csum_start < p->headroom || start + p->csum_off + 2 > p->head_len)
		return DROP_BAD_OFFLOAD;
	uint16_t sum = (uint16_t)~sum_cursor(pkt_cursor_at(p, p->csum_start));
	/* RFC 768: a sum of zero goes out as all ones, since zero says "none"; to TCP both are the same number. */
	be16 field = be16_of(sum ? sum : 0xffff);
	memcpy(p->data + start + p->csum_off, &field, sizeof field);
	p->csum = PKT_CSUM_NONE;
	return DROP_NONE;
}

void pkt_csum_defer(struct pkt *p, uint32_t pseudo, uint16_t off)
{
	be16 field = be16_of(fold(pseudo));
	memcpy((uint8_t *)pkt_l4(p) + off, &field, sizeof field);
	p->csum = PKT_CSUM_PARTIAL;
	p->csum_start = p->l4_off;
	p->csum_off = off;
}
