/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a packet match a filter that is made for Ethernet frames? */
#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <string.h>

#include "graph/graph_internal.h"

enum { FILTER_BYTES = 256 };

/* With its tag where the wire has it. */
static bool match_tagged(const struct bpf_insn *prog, const struct pkt *p)
{
	enum { ADDRESSES = 2 * ETH_ALEN, TAG = 4 };
	uint8_t first[FILTER_BYTES];
	const uint8_t tag[TAG] = { (uint8_t)(p->vlan_proto >> 8), (uint8_t)p->vlan_proto,
				   (uint8_t)(p->vlan_tci >> 8), (uint8_t)p->vlan_tci };
	struct cursor c = pkt_cursor(p);
	uint32_t n = MIN(p->len, (uint32_t)(FILTER_BYTES - TAG));
	cur_copy(&c, first, n);
	if (n < ADDRESSES)
		return false;
	memmove(first + ADDRESSES + TAG, first + ADDRESSES, n - ADDRESSES);
	memcpy(first + ADDRESSES, tag, sizeof tag);
	return bpf_filter(prog, first, p->len + TAG, n + TAG) != 0;
}

static bool match_frame(const struct bpf_insn *prog, const struct pkt *p)
{
	uint8_t first[FILTER_BYTES];
	if (p->vlan_proto)
		return match_tagged(prog, p);
	if (p->head_len >= p->len || p->head_len >= FILTER_BYTES)
		return bpf_filter(prog, p->data, p->len, p->head_len) != 0;
	struct cursor c = pkt_cursor(p);
	uint32_t n = MIN(p->len, (uint32_t)FILTER_BYTES);
	cur_copy(&c, first, n);
	return bpf_filter(prog, first, p->len, n) != 0;
}

/* From the network header on, behind an Ethernet header that says no more than the family. */
static bool match_l3(const struct bpf_insn *prog, const struct pkt *p)
{
	uint8_t first[FILTER_BYTES] = { 0 };
	struct cursor c = pkt_cursor(p);
	uint32_t n = MIN(p->len, (uint32_t)(FILTER_BYTES - ETH_HLEN));
	cur_copy(&c, first + ETH_HLEN, n);
	unsigned type = p->ethertype ? p->ethertype : first[ETH_HLEN] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
	first[12] = (uint8_t)(type >> 8);
	first[13] = (uint8_t)type;
	return bpf_filter(prog, first, p->len + ETH_HLEN, n + ETH_HLEN) != 0;
}

bool match_pkt(const struct bpf_insn *prog, unsigned n_insns, const struct pkt *p, bool l3)
{
	return !n_insns || (l3 ? match_l3(prog, p) : match_frame(prog, p));
}

uint8_t pkt_layer(const struct pkt *p)
{
	if (p->l3_off && p->headroom == p->l3_off)
		return 3;
	return p->ethertype == 0 || p->headroom == p->l2_off ? 2 : 0;
}
