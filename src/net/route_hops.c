/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways of a route as netlink says them: one gateway, or RTA_MULTIPATH with several. Words and their order are those of Linux's
 * fib_get_nhs() and rtm_to_fib6_multipath_config(). */
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"
#include "net/route_fill.h"

/* --- gateways --- */

static int read_via(struct nl_ext *ext, const struct nlattr *via, uint8_t family, struct fib_hop *hop)
{
	const uint8_t *bytes = mnl_attr_get_payload(via);
	unsigned len = mnl_attr_get_payload_len(via);
	uint16_t via_family;
	if (family == AF_INET6)
		return nl_bad(ext, NULL, -EINVAL, "IPv6 does not support RTA_VIA attribute");
	if (len <= sizeof via_family)
		return nl_bad(ext, via, -EINVAL, "Invalid attribute length for RTA_VIA");
	memcpy(&via_family, bytes, sizeof via_family);
	if (via_family != AF_INET && via_family != AF_INET6)
		return nl_bad(ext, NULL, -EINVAL, "Unsupported address family in RTA_VIA");
	if (len != sizeof via_family + addr_len((uint8_t)via_family))
		return nl_bad(ext, NULL, -EINVAL,
			      via_family == AF_INET ? "Invalid IPv4 address in RTA_VIA"
						    : "Invalid IPv6 address in RTA_VIA");
	memcpy(&hop->gw, bytes + sizeof via_family, addr_len((uint8_t)via_family));
	hop->gw_family = (uint8_t)via_family;
	return 0;
}

int route_read_gateway(struct nl_ext *ext, const struct nlattr *gw, const struct nlattr *via, uint8_t family,
		       struct fib_hop *hop)
{
	if (gw && via)
		return nl_bad(ext, NULL, -EINVAL,
			      "Nexthop configuration can not contain both GATEWAY and VIA");
	if (via)
		return read_via(ext, via, family, hop);
	if (!gw)
		return 0;
	if (!addr_of_attr(gw, family, &hop->gw))
		return -EINVAL;
	hop->gw_family = ipaddr_is_zero(&hop->gw) ? 0 : family;
	return 0;
}

/* --- several --- */

static bool rtnh_ok(const struct rtnexthop *h, unsigned left)
{
	return left >= sizeof *h && h->rtnh_len >= sizeof *h && h->rtnh_len <= left;
}

static const struct rtnexthop *rtnh_next(const struct rtnexthop *h, unsigned *left)
{
	unsigned step = RTNH_ALIGN(h->rtnh_len);
	*left = step <= *left ? *left - step : 0;
	return (const struct rtnexthop *)((const uint8_t *)h + step);
}

static const struct nlattr *rtnh_attr(const struct rtnexthop *h, uint16_t type)
{
	const struct nlattr *a = (const struct nlattr *)(h + 1);
	int left = (int)(h->rtnh_len - sizeof *h);
	for (; mnl_attr_ok(a, left); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == type)
			return a;
		left -= (int)MNL_ALIGN(a->nla_len);
	}
	return NULL;
}

static unsigned count_hops(const struct nlattr *mp, unsigned *ret_left)
{
	const struct rtnexthop *h = mnl_attr_get_payload(mp);
	unsigned n = 0, left = mnl_attr_get_payload_len(mp);
	for (; rtnh_ok(h, left); h = rtnh_next(h, &left))
		n++;
	*ret_left = left;
	return n;
}

int route_hops_new(struct nl_req *r, struct fib_hop **ret)
{
	unsigned left, n = r->attrs[RTA_MULTIPATH] ? count_hops(r->attrs[RTA_MULTIPATH], &left) : 0;
	*ret = n ? mem_zalloc(&r->st->mem, n * sizeof **ret) : NULL;
	return n && !*ret ? -ENOMEM : 0;
}

static int read_hop(struct nl_req *r, const struct fib_route *to, const struct rtnexthop *h,
		    struct fib_hop *hop)
{
	uint8_t settable = to->family == AF_INET ? UINT8_MAX : RTNH_F_ONLINK;
	if (to->family == AF_INET && h->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Invalid flags for nexthop - can not contain DEAD or LINKDOWN");
	if (rtnh_attr(h, RTA_ENCAP))
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "lwt encapsulation type not supported");
	const struct nlattr *flow = to->family == AF_INET ? rtnh_attr(h, RTA_FLOW) : NULL;
	*hop = (struct fib_hop){ .flags = h->rtnh_flags & settable,
				 .weight = (uint16_t)(h->rtnh_hops + 1),
				 .realms = flow ? mnl_attr_get_u32(flow) : 0 };
	int err = route_read_gateway(r->ext, rtnh_attr(h, RTA_GATEWAY),
				     to->family == AF_INET ? rtnh_attr(h, RTA_VIA) : NULL, to->family, hop);
	if (err || !h->rtnh_ifindex)
		return err;
	const struct iface *i = iface_by_index(r->st, (uint32_t)h->rtnh_ifindex);
	if (!i)
		return -ENODEV;
	hop->if_handle = i->handle;
	return 0;
}

/* Linux: what is said of the route as a whole holds for the first way of IPv4, and for each of IPv6 that says nothing itself. */
static int agree4(struct nl_req *r, const struct fib_route *to, const struct fib_hop *first)
{
	const struct fib_nh *nh = &to->nh;
	if (nh->if_handle && nh->if_handle != first->if_handle)
		return nl_bad(r->ext, NULL, -EINVAL, "Nexthop device index does not match RTA_OIF");
	if (nh->gw_family && (nh->gw_family != first->gw_family || !ipaddr_eq(&nh->gw, &first->gw)))
		return nl_bad(r->ext, NULL, -EINVAL, "Nexthop gateway does not match RTA_GATEWAY or RTA_VIA");
	if (nh->realms && nh->realms != first->realms)
		return nl_bad(r->ext, NULL, -EINVAL, "Nexthop class id does not match RTA_FLOW");
	return 0;
}

static int inherit6(struct nl_req *r, const struct fib_route *to, struct fib_hop *hop, bool adding)
{
	if (!hop->if_handle)
		hop->if_handle = to->nh.if_handle;
	if (!hop->gw_family) {
		hop->gw_family = to->nh.gw_family;
		hop->gw = to->nh.gw;
	}
	if (adding && !hop->gw_family)
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Device only routes can not be added for IPv6 using the multipath API.");
	return 0;
}

/* IPv4 has no route of several ways with one. */
static void only_one(struct fib_route *to)
{
	const struct fib_hop *hop = &to->hops[0];
	to->nh.if_handle = hop->if_handle;
	to->nh.gw_family = hop->gw_family;
	to->nh.gw = hop->gw;
	to->nh.flags |= hop->flags;
	to->nh.realms = hop->realms;
	to->n_hops = 0;
}

int route_read_hops(struct nl_req *r, struct fib_route *to, struct fib_hop *hops, bool adding)
{
	const struct nlattr *mp = r->attrs[RTA_MULTIPATH];
	unsigned left, n = mp ? count_hops(mp, &left) : 0;
	int err = 0;
	if (!mp)
		return 0;
	if (to->family == AF_INET && left)
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Invalid nexthop configuration - extra data after nexthops");
	if (!n)
		return to->family == AF_INET6 ? nl_bad(r->ext, NULL, -EINVAL,
						       "Invalid nexthop configuration - no valid nexthops")
					      : -EINVAL;
	const struct rtnexthop *h = mnl_attr_get_payload(mp);
	left = mnl_attr_get_payload_len(mp);
	for (unsigned i = 0; i < n && !err; i++, h = rtnh_next(h, &left)) {
		err = read_hop(r, to, h, &hops[i]);
		if (!err && to->family == AF_INET6)
			err = inherit6(r, to, &hops[i], adding);
	}
	if (!err && to->family == AF_INET && adding)
		err = agree4(r, to, &hops[0]);
	if (err)
		return err;
	to->hops = hops;
	to->n_hops = (uint16_t)n;
	if (n == 1 && to->family == AF_INET && adding)
		only_one(to);
	return 0;
}
