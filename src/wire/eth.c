/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/eth.h"

enum drop eth_parse(struct cursor c, struct eth_msg *ret_msg)
{
	struct eth_hdr tmp;
	const struct eth_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret_msg = (struct eth_msg){ .type = be16_get(h->type), .body = c };
	memcpy(ret_msg->dst, h->dst, 6);
	memcpy(ret_msg->src, h->src, 6);
	return DROP_NONE;
}

void eth_emit(const struct eth_msg *m, struct eth_hdr *to)
{
	memcpy(to->dst, m->dst, 6);
	memcpy(to->src, m->src, 6);
	to->type = be16_of(m->type);
}

enum drop vlan_parse(struct cursor c, struct vlan_msg *ret_msg)
{
	struct vlan_tag tmp;
	const struct vlan_tag *t = cur_take(&c, &tmp, sizeof tmp);
	if (!t)
		return DROP_TRUNCATED;
	uint16_t tci = be16_get(t->tci);
	*ret_msg = (struct vlan_msg){
		.vid = tci & VLAN_VID_MASK,
		.pcp = (uint8_t)(tci >> VLAN_PCP_SHIFT),
		.dei = tci & VLAN_DEI,
		.type = be16_get(t->type),
		.body = c,
	};
	return DROP_NONE;
}

void vlan_emit(const struct vlan_msg *m, struct vlan_tag *to)
{
	unsigned tci =
		(unsigned)m->pcp << VLAN_PCP_SHIFT | (m->dei ? VLAN_DEI : 0) | (m->vid & VLAN_VID_MASK);
	to->tci = be16_of((uint16_t)tci);
	to->type = be16_of(m->type);
}
