/* SPDX-License-Identifier: BSD-2-Clause */
/* What a switch that knows ECN does with packets that find too many in front of them (RFC 3168, 5): CE, if the sender can take it. */
#include "sim/sim_internal.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/ip.h"

enum { IP4_TOS = 1, IP4_CSUM = 10, IP6_ECN_SHIFT = 4 };

/* RFC 1624, eqn. 3, for the word of version and TOS. */
static bool mark4(uint8_t *ip)
{
	if (!(ip[IP4_TOS] & IP_ECN_CE))
		return false;
	uint16_t before = (uint16_t)(ip[0] << 8 | ip[IP4_TOS]);
	uint16_t csum = (uint16_t)(ip[IP4_CSUM] << 8 | ip[IP4_CSUM + 1]);
	ip[IP4_TOS] |= IP_ECN_CE;
	uint16_t after = (uint16_t)(ip[0] << 8 | ip[IP4_TOS]);
	csum = csum_done((uint32_t)(uint16_t)~csum + (uint16_t)~before + after);
	ip[IP4_CSUM] = (uint8_t)(csum >> 8);
	ip[IP4_CSUM + 1] = (uint8_t)csum;
	return true;
}

static bool mark6(uint8_t *ip)
{
	if (!(ip[1] & IP_ECN_CE << IP6_ECN_SHIFT))
		return false;
	ip[1] |= IP_ECN_CE << IP6_ECN_SHIFT;
	return true;
}

bool mark_frame(struct sim_frame *f)
{
	uint8_t *ip = f->b + ETH_HLEN;
	if (f->len < ETH_HLEN + 20)
		return false;
	switch (f->b[12] << 8 | f->b[13]) {
	case ETH_P_IP:
		return mark4(ip);
	case ETH_P_IPV6:
		return mark6(ip);
	default:
		return false;
	}
}
