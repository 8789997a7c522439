/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/frame.h"

#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/text.h"

enum { PRINT_TAGS_MAX = 4 };

static bool is_tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/* Prints tags and leaves type and c at what they carry. */
static bool print_tags(uint16_t *type, struct cursor *c, struct text *to)
{
	for (unsigned i = 0; i < PRINT_TAGS_MAX && is_tag(*type); i++) {
		struct vlan_msg v;
		if (vlan_parse(*c, &v)) {
			text_add(to, " vlan, cut short");
			return false;
		}
		text_add(to, " %s %u", *type == ETH_P_8021Q ? "vlan" : "s-vlan", v.vid);
		if (v.pcp)
			text_add(to, " pcp %u", v.pcp);
		*type = v.type;
		*c = v.body;
	}
	return true;
}

static void print_payload(uint16_t type, struct cursor c, struct text *to)
{
	if (type == ETH_P_IP)
		ip4_print(c, to, 0);
	else if (type == ETH_P_IPV6)
		ip6_print(c, to, 0);
	else if (type == ETH_P_ARP)
		arp_print(c, to);
	else if (type < ETH_TYPE_MIN)
		text_add(to, "802.3 length %u", type);
	else
		text_add(to, "ethertype 0x%04x, %u bytes", type, cur_left(&c));
}

void eth_print(struct cursor c, struct text *to)
{
	struct eth_msg m;
	if (eth_parse(c, &m)) {
		text_add(to, "frame of %u bytes, cut short", cur_left(&c));
		return;
	}
	text_mac(to, m.src);
	text_add(to, " > ");
	text_mac(to, m.dst);
	if (!print_tags(&m.type, &m.body, to))
		return;
	text_add(to, ", ");
	print_payload(m.type, m.body, to);
}

void wire_print_frame(struct cursor c, char *to, size_t size)
{
	struct text t = text_of(to, size);
	eth_print(c, &t);
}

void wire_print_l3(uint16_t ethertype, struct cursor c, char *to, size_t size)
{
	struct text t = text_of(to, size);
	print_payload(ethertype, c, &t);
}
