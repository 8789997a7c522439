/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow hash of any bytes: the same however they are cut into pieces, and the same for the other direction. Input: bit 0
 * the family, bits 1-7 how long the first piece is; then the packet. */
#include <linux/if_ether.h>
#include <string.h>

#include "core/manual.h"
#include "fuzz.h"
#include "net/flow.h"

enum { PACKET_MAX = 1400 };

static struct toeplitz key;

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[16];
	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

/* Turns addresses and ports around where they are plain to see: no options, no extension headers. False elsewhere. */
static bool turn_around(uint8_t *p, size_t len, bool v6)
{
	size_t hdr = v6 ? 40 : 20;
	uint8_t proto = len >= hdr ? p[v6 ? 6 : 9] : 0;
	bool fragment = !v6 && len >= hdr && ((p[6] & 0x3f) || p[7]);
	if (len < hdr + 4 || (proto != 6 && proto != 17) || (!v6 && (p[0] & 15) != 5))
		return false;
	if (v6)
		swap(p + 8, p + 24, 16);
	else
		swap(p + 12, p + 16, 4);
	if (!fragment)
		swap(p + hdr, p + hdr + 2, 2);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manual_rt *m;
	uint8_t packet[PACKET_MAX];
	if (!m) {
		static const uint8_t bytes[TOEPLITZ_KEY] = "any key will do: both ways are the same";
		toeplitz_init(&key, bytes);
		m = manual_rt_new(1, 1);
		fuzz_check(pkt_pools_init(manual_rt_of(m), 16 << 20) == 0);
	}
	if (size < 1 || size > sizeof packet)
		return 0;
	struct lcore *lc = manual_rt_of(m)->lcore[0];
	bool v6 = data[0] & 1;
	uint16_t type = v6 ? ETH_P_IPV6 : ETH_P_IP;
	uint32_t len = (uint32_t)size - 1, first = MIN((uint32_t)data[0] >> 1, len);
	memcpy(packet, data + 1, len);
	uint32_t h = flow_hash(&key, type, cur_of(packet, len));

	struct pkt *p = pkt_new(lc);
	struct buf *page = buf_page_new(lc);
	fuzz_check(p && page && pkt_append(lc, p, packet, first));
	memcpy(page->mem, packet + first, len - first);
	fuzz_check(pkt_add_frag(lc, p, page, 0, len - first));
	fuzz_check(flow_hash(&key, type, pkt_cursor(p)) == h);
	pkt_free(lc, p);

	if (turn_around(packet, len, v6))
		fuzz_check(flow_hash(&key, type, cur_of(packet, len)) == h);
	return 0;
}
