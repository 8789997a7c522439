/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/nd_redirect.h"

enum { ND_HOP_LIMIT = 255 };

static bool take_mac(struct cursor c, struct nd_redirect_msg *m)
{
	struct nd_lladdr_opt tmp;
	const struct nd_lladdr_opt *o = cur_take(&c, &tmp, sizeof tmp);
	if (!o || cur_left(&c) != 0)
		return false; /* Linux: of another length than the link's */
	if (!m->has_mac)
		memcpy(m->mac, o->mac, sizeof m->mac);
	m->has_mac = true;
	return true;
}

static enum drop take_options(struct cursor c, struct nd_redirect_msg *m)
{
	struct nd_opt o;
	bool bad;
	while (nd_opt_next(&c, &o, &bad)) {
		if (o.type == ND_OPT_TARGET_LLADDR && !take_mac(o.whole, m))
			return DROP_ND_MALFORMED;
		if (o.type == ND_OPT_REDIRECTED && !cur_left(&m->packet) &&
		    cur_skip(&o.whole, sizeof(struct nd_redirected_opt)))
			m->packet = o.whole;
	}
	return bad ? DROP_ND_MALFORMED : DROP_NONE;
}

enum drop nd_redirect_parse(struct cursor c, const struct nd_envelope *ip, struct nd_redirect_msg *ret_msg)
{
	struct nd_redirect_hdr h;
	if (ip->hop_limit != ND_HOP_LIMIT)
		return DROP_ND_HOP_LIMIT;
	if (!cur_copy(&c, &h, sizeof h))
		return DROP_TRUNCATED;
	if (h.icmp.type != ICMP6_REDIRECT || h.icmp.code != 0 || !ip6_is_link_local(&ip->src))
		return DROP_ND_MALFORMED;
	if (ip6_is_multicast(&h.dst) || (!ip6_is_link_local(&h.target) && !ip6_eq(&h.target, &h.dst)))
		return DROP_ND_MALFORMED;
	struct nd_redirect_msg m = { .target = h.target, .dst = h.dst };
	enum drop why = take_options(c, &m);
	if (!why)
		*ret_msg = m;
	return why;
}

static uint32_t head_len(const struct nd_redirect_msg *m)
{
	return (uint32_t)sizeof(struct nd_redirect_hdr) +
	       (m->has_mac ? (uint32_t)sizeof(struct nd_lladdr_opt) : 0);
}

uint32_t nd_redirect_room(const struct nd_redirect_msg *m, uint32_t len)
{
	uint32_t room = IP6_MIN_MTU - (uint32_t)sizeof(struct ip6_hdr) - head_len(m) -
			(uint32_t)sizeof(struct nd_redirected_opt);
	return (len < room ? len : room) & ~7u;
}

unsigned nd_redirect_emit(const struct nd_redirect_msg *m, uint32_t packet_len,
			  uint8_t to[static ND_REDIRECT_HEAD_MAX])
{
	struct nd_redirect_hdr h = { .icmp.type = ICMP6_REDIRECT, .target = m->target, .dst = m->dst };
	struct nd_lladdr_opt mac = { .type = ND_OPT_TARGET_LLADDR, .len = 1 };
	struct nd_redirected_opt o = { .type = ND_OPT_REDIRECTED, .len = (uint8_t)(packet_len / 8 + 1) };
	unsigned len = head_len(m);
	memcpy(to, &h, sizeof h);
	memcpy(mac.mac, m->mac, sizeof mac.mac);
	if (m->has_mac)
		memcpy(to + sizeof h, &mac, sizeof mac);
	if (packet_len) {
		memcpy(to + len, &o, sizeof o);
		len += (unsigned)sizeof o;
	}
	return len;
}
