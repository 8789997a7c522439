/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/kinds.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static uint8_t family_of(const struct nlmsghdr *h)
{
	return *(const uint8_t *)mnl_nlmsg_get_payload(h);
}

/* Bridges tell of their ports in the same messages. */
static bool is_link(const struct nlmsghdr *h)
{
	return family_of(h) == AF_UNSPEC;
}

/* Entries of bridges and proxies are tables of their own. */
static bool is_neighbour(const struct nlmsghdr *h)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);

	return (n->ndm_family == AF_INET || n->ndm_family == AF_INET6) && !(n->ndm_flags & NTF_PROXY);
}

/* What PMTU and redirects have made is no route of anybody's. */
static bool is_route(const struct nlmsghdr *h)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);

	return (r->rtm_family == AF_INET || r->rtm_family == AF_INET6) && !(r->rtm_flags & RTM_F_CLONED);
}

static bool is_unicast_rule(const struct nlmsghdr *h)
{
	return family_of(h) == AF_INET || family_of(h) == AF_INET6;
}

/* What was replaced is not told; IPv6 tells of a next hop added by all of them, and of one taken away by it alone. */
static bool is_vague_route(const struct nlmsghdr *h)
{
	if (h->nlmsg_type != RTM_NEWROUTE)
		return false;
	return h->nlmsg_flags & (family_of(h) == AF_INET6 ? NLM_F_REPLACE | NLM_F_APPEND : NLM_F_REPLACE);
}

#define BYTES(from, n) (((1U << (n)) - 1) << (from))

const struct kind kinds[KINDS] = {
	{
		/* Linux: routes go silently with the flags of their link. */
		.kind = LEAT_NL_LINKS,
		.new_type = RTM_NEWLINK,
		.del_type = RTM_DELLINK,
		.get_type = RTM_GETLINK,
		.group = { RTNLGRP_LINK },
		.header_bytes = sizeof(struct ifinfomsg),
		.header_key = BYTES(4, 4),
		.volatile_attr = { IFLA_STATS, IFLA_STATS64, IFLA_AF_SPEC, IFLA_EVENT },
		.is_kept = is_link,
		.upset = LEAT_NL_ROUTES | LEAT_NL_NEXTHOPS,
	},
	{
		/* Linux: so do those that prefer the address as their source. */
		.kind = LEAT_NL_ADDRESSES,
		.new_type = RTM_NEWADDR,
		.del_type = RTM_DELADDR,
		.get_type = RTM_GETADDR,
		.group = { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR },
		.header_bytes = sizeof(struct ifaddrmsg),
		.header_key = BYTES(0, 2) | BYTES(4, 4),
		.key = { IFA_ADDRESS, IFA_LOCAL },
		.volatile_attr = { IFA_CACHEINFO },
		.upset = LEAT_NL_ROUTES,
	},
	{
		.kind = LEAT_NL_NEIGHBOURS,
		.new_type = RTM_NEWNEIGH,
		.del_type = RTM_DELNEIGH,
		.get_type = RTM_GETNEIGH,
		.group = { RTNLGRP_NEIGH },
		.header_bytes = sizeof(struct ndmsg),
		.header_key = BYTES(0, 1) | BYTES(4, 4),
		.key = { NDA_DST },
		.volatile_attr = { NDA_CACHEINFO, NDA_PROBES },
		.is_kept = is_neighbour,
	},
	{
		.kind = LEAT_NL_ROUTES,
		.new_type = RTM_NEWROUTE,
		.del_type = RTM_DELROUTE,
		.get_type = RTM_GETROUTE,
		.group = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE },
		.header_bytes = sizeof(struct rtmsg),
		.header_key = BYTES(0, 8),
		.key = { RTA_DST, RTA_SRC, RTA_PRIORITY, RTA_TABLE, RTA_GATEWAY, RTA_VIA, RTA_OIF,
			 RTA_MULTIPATH, RTA_NH_ID, RTA_PREFSRC },
		.volatile_attr = { RTA_CACHEINFO },
		.is_kept = is_route,
		.is_vague = is_vague_route,
	},
	{
		.kind = LEAT_NL_RULES,
		.new_type = RTM_NEWRULE,
		.del_type = RTM_DELRULE,
		.get_type = RTM_GETRULE,
		.group = { RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE },
		.header_bytes = sizeof(struct fib_rule_hdr),
		.header_key = BYTES(0, 8),
		.key_is_all = true,
		.is_kept = is_unicast_rule,
	},
	{
		.kind = LEAT_NL_NEXTHOPS,
		.new_type = RTM_NEWNEXTHOP,
		.del_type = RTM_DELNEXTHOP,
		.get_type = RTM_GETNEXTHOP,
		.group = { RTNLGRP_NEXTHOP },
		.header_bytes = sizeof(struct nhmsg),
		.key = { NHA_ID },
	},
};

const struct kind *kind_of(const struct nlmsghdr *h)
{
	for (unsigned i = 0; i < KINDS; i++) {
		const struct kind *k = &kinds[i];
		if (h->nlmsg_type != k->new_type && h->nlmsg_type != k->del_type)
			continue;
		if (mnl_nlmsg_get_payload_len(h) < k->header_bytes)
			return NULL;
		return !k->is_kept || k->is_kept(h) ? k : NULL;
	}
	return NULL;
}

static bool is_in(const uint16_t *list, unsigned n, uint16_t type)
{
	for (unsigned i = 0; i < n && list[i]; i++)
		if (list[i] == type)
			return true;
	return false;
}

static bool is_volatile(const struct kind *k, const struct nlattr *a)
{
	return is_in(k->volatile_attr, VOLATILE_ATTRS, mnl_attr_get_type(a));
}

static bool is_key(const struct kind *k, const struct nlattr *a)
{
	if (k->key_is_all)
		return !is_volatile(k, a);
	return is_in(k->key, KEY_ATTRS, mnl_attr_get_type(a));
}

size_t kind_key(const struct kind *k, const struct nlmsghdr *h, uint8_t *ret_key)
{
	const uint8_t *header = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	size_t n = 0;

	ret_key[n++] = (uint8_t)k->kind;
	for (unsigned i = 0; i < k->header_bytes && i < 16; i++)
		if (k->header_key >> i & 1)
			ret_key[n++] = header[i];
	mnl_attr_for_each (a, h, k->header_bytes) {
		if (!is_key(k, a))
			continue;
		if (n + a->nla_len > KEY_MAX)
			break;
		memcpy(ret_key + n, a, a->nla_len);
		n += a->nla_len;
	}
	return n;
}

/* The next attribute that counts, from *at on; NULL at the end. */
static const struct nlattr *next_attr(const struct kind *k, const struct nlmsghdr *h,
				      const struct nlattr **at)
{
	const char *end = mnl_nlmsg_get_payload_tail(h);

	while (mnl_attr_ok(*at, (int)(end - (const char *)*at))) {
		const struct nlattr *a = *at;
		*at = mnl_attr_next(a);
		if (!is_volatile(k, a))
			return a;
	}
	return NULL;
}

bool kind_same(const struct kind *k, const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	const struct nlattr *at = mnl_nlmsg_get_payload_offset(a, k->header_bytes), *x;
	const struct nlattr *bt = mnl_nlmsg_get_payload_offset(b, k->header_bytes), *y;
	size_t header = k->kind == LEAT_NL_LINKS ? offsetof(struct ifinfomsg, ifi_change) : k->header_bytes;

	if (memcmp(mnl_nlmsg_get_payload(a), mnl_nlmsg_get_payload(b), header) != 0)
		return false;
	do {
		x = next_attr(k, a, &at);
		y = next_attr(k, b, &bt);
		if (!x || !y)
			return x == y;
	} while (x->nla_len == y->nla_len && !memcmp(x, y, x->nla_len));
	return false;
}
