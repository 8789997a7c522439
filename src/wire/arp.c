/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/arp.h"

#include <linux/if_ether.h>

#include "wire/text.h"

/* Linux: takes hardware type 6 (IEEE 802) on Ethernet for 1, as RFC 1042 hosts send it. */
static bool is_ip4_over_ethernet(const struct arp_hdr *h)
{
	uint16_t htype = be16_get(h->htype);
	return (htype == ARP_HTYPE_ETHER || htype == ARP_HTYPE_IEEE802) && be16_get(h->ptype) == ETH_P_IP &&
	       h->hlen == sizeof h->sha && h->plen == sizeof h->spa;
}

enum drop arp_parse(struct cursor c, struct arp_msg *ret_msg)
{
	struct arp_hdr tmp;
	const struct arp_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	if (!is_ip4_over_ethernet(h))
		return DROP_ARP_MALFORMED;
	*ret_msg = (struct arp_msg){ .op = be16_get(h->op), .spa = h->spa, .tpa = h->tpa };
	memcpy(ret_msg->sha, h->sha, 6);
	memcpy(ret_msg->tha, h->tha, 6);
	return DROP_NONE;
}

void arp_emit(const struct arp_msg *m, struct arp_hdr *to)
{
	*to = (struct arp_hdr){
		.htype = be16_of(ARP_HTYPE_ETHER),
		.ptype = be16_of(ETH_P_IP),
		.hlen = sizeof to->sha,
		.plen = sizeof to->spa,
		.op = be16_of(m->op),
		.spa = m->spa,
		.tpa = m->tpa,
	};
	memcpy(to->sha, m->sha, 6);
	memcpy(to->tha, m->tha, 6);
}

static void print_request(const struct arp_msg *m, struct text *to)
{
	text_add(to, "arp who-has ");
	text_ip4(to, m->tpa);
	text_add(to, " tell ");
	text_ip4(to, m->spa);
}

static void print_reply(const struct arp_msg *m, struct text *to)
{
	text_add(to, "arp ");
	text_ip4(to, m->spa);
	text_add(to, " is-at ");
	text_mac(to, m->sha);
}

void arp_print(struct cursor c, struct text *to)
{
	struct arp_msg m;
	enum drop why = arp_parse(c, &m);
	if (why)
		text_add(to, "arp (%s)", drop_name(why));
	else if (m.op == ARP_OP_REQUEST)
		print_request(&m, to);
	else if (m.op == ARP_OP_REPLY)
		print_reply(&m, to);
	else
		text_add(to, "arp op %u", m.op);
}
