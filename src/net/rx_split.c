/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/rx_split.h"

#include <errno.h>

#include "net/iface_internal.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { TAGS_MAX = 4, VLAN_TAG = 4 };

/* --- the rules: written while workers stand between turns --- */

static struct rx_split_rule *find(struct rx_splits *s, uint8_t proto, uint16_t port)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->rule[i].proto == proto && s->rule[i].port == port)
			return &s->rule[i];
	return NULL;
}

int rx_split_add(struct leat_stack *st, const struct rx_split_rule *rule)
{
	struct rx_splits *s = &iface_state(st)->splits;
	if (find(s, rule->proto, rule->port))
		return -EEXIST;
	if (s->n == RX_SPLIT_RULES_MAX)
		return -ENOSPC;
	st->rt->ops->pause(st->rt);
	s->rule[s->n++] = *rule;
	st->rt->ops->resume(st->rt);
	return 0;
}

void rx_split_remove(struct leat_stack *st, const struct rx_split_rule *rule)
{
	struct rx_splits *s = &iface_state(st)->splits;
	struct rx_split_rule *r = find(s, rule->proto, rule->port);
	if (!r)
		return;
	st->rt->ops->pause(st->rt);
	*r = s->rule[--s->n];
	st->rt->ops->resume(st->rt);
}

/* --- a frame --- */

/* To the network header; its EtherType in *ret_type. */
static bool to_network(struct cursor *c, uint16_t *ret_type)
{
	struct eth_hdr h;
	uint8_t tag[VLAN_TAG];
	if (!cur_copy(c, &h, sizeof h))
		return false;
	*ret_type = be16_get(h.type);
	for (unsigned i = 0; i < TAGS_MAX && (*ret_type == ETH_P_8021Q || *ret_type == ETH_P_8021AD); i++) {
		if (!cur_copy(c, tag, sizeof tag))
			return false;
		*ret_type = (uint16_t)(tag[2] << 8 | tag[3]);
	}
	return true;
}

/* To the transport header; its protocol in *ret_proto. */
static bool to_transport(struct cursor *c, uint16_t type, uint8_t *ret_proto)
{
	struct ip4_hdr h;
	struct ip6_chain ch;
	if (type == ETH_P_IP) {
		struct cursor look = *c;
		*ret_proto = 0;
		if (!cur_copy(&look, &h, sizeof h) || ip4_is_fragment(&h) || ip4_hdr_len(&h) < sizeof h)
			return false;
		*ret_proto = h.proto;
		return cur_skip(c, ip4_hdr_len(&h));
	}
	if (type != ETH_P_IPV6 || ip6_walk(*c, IP6_WALK_DESTINATION, &ch) || ip6_is_fragment(&ch))
		return false;
	*ret_proto = ch.proto;
	return cur_skip(c, ch.l4_off);
}

/* Its destination port, where it has one at all: the transports that are split have it there. */
static uint16_t port_of(const struct cursor *c)
{
	uint8_t tmp[4];
	const uint8_t *ports = cur_peek(c, tmp, sizeof tmp);
	return ports ? (uint16_t)(ports[2] << 8 | ports[3]) : 0;
}

uint32_t rx_split_at(const struct leat_stack *st, const uint8_t *frame, uint32_t len)
{
	struct rx_splits *s = &iface_state(st)->splits;
	struct cursor c = cur_of(frame, len);
	uint16_t type;
	uint8_t proto;
	if (!s->n || !to_network(&c, &type) || !to_transport(&c, type, &proto))
		return 0;
	const struct rx_split_rule *r = find(s, proto, port_of(&c));
	if (!r)
		r = find(s, proto, 0);
	uint32_t own = r ? r->fn(c) : 0, front = len - cur_left(&c);
	return own && own < cur_left(&c) ? front + own : 0;
}
