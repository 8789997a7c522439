/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_GETNETCONF: what `ip netconf` shows of an interface's switches. Those that do not exist here are off. */
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"
#include "wire/ip6.h"
#include "net/netconf_ctl.h"
#include "net/sysctl.h"

static const struct nl_policy netconf_policy[NETCONFA_MAX + 1] = {
	[NETCONFA_IFINDEX] = { NL_S32, .name = "NETCONFA_IFINDEX", .help = "-1: all, -2: those to come" },
};

/* Which switches: an interface's, or those that all begin with (NETCONFA_IFINDEX_DEFAULT), or the stack's (_ALL). */
struct whose {
	struct leat_stack *st;
	uint8_t family;
	int32_t ifindex;
	const struct iface *i; /* NULL: of no single one */
};

static bool forwards(const struct whose *w)
{
	struct sysctl s;
	bool is4 = w->family == AF_INET;
	const struct iface_conf *conf = w->i ? &w->i->conf : iface_conf_default(w->st);
	if (w->ifindex != NETCONFA_IFINDEX_ALL)
		return is4 ? conf->forward4 : conf->forward6;
	uint64_t v[KNOB_VALUES] = { 0 };
	if (!sysctl_find(w->st, is4 ? "net.ipv4.conf.all.forwarding" : "net.ipv6.conf.all.forwarding", &s))
		knob_read(s.knob, s.base, v);
	return v[0];
}

static bool ignores_linkdown(const struct whose *w)
{
	struct sysctl s;
	bool is4 = w->family == AF_INET;
	const struct iface_conf *conf = w->i ? &w->i->conf : iface_conf_default(w->st);
	if (w->ifindex != NETCONFA_IFINDEX_ALL)
		return conf->guard[!is4].ignore_linkdown;
	uint64_t v[KNOB_VALUES] = { 0 };
	if (!sysctl_find(w->st,
			 is4 ? "net.ipv4.conf.all.ignore_routes_with_linkdown"
			     : "net.ipv6.conf.all.ignore_routes_with_linkdown",
			 &s))
		knob_read(s.knob, s.base, v);
	return v[0];
}

static void put_switches(struct nl_buf *b, const struct whose *w, bool all)
{
	bool is4 = w->family == AF_INET;
	struct netconfmsg *m = b->msg ? mnl_nlmsg_get_payload(b->msg) : NULL;
	if (m && !b->full)
		m->ncm_family = w->family;
	nl_put_u32(b, NETCONFA_IFINDEX, (uint32_t)w->ifindex);
	nl_put_u32(b, NETCONFA_FORWARDING, forwards(w));
	if (!all)
		return;
	if (is4)
		nl_put_u32(b, NETCONFA_RP_FILTER, 0);
	nl_put_u32(b, NETCONFA_MC_FORWARDING, 0);
	if (is4)
		nl_put_u32(b, NETCONFA_BC_FORWARDING, 0);
	nl_put_u32(b, NETCONFA_PROXY_NEIGH, 0);
	nl_put_u32(b, NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, ignores_linkdown(w));
}

static int put(struct nl_req *r, uint16_t flags, uint8_t family, const struct iface *i, int32_t ifindex)
{
	const struct whose w = { r->st, family, ifindex, i };
	nl_begin(r->reply, RTM_NEWNETCONF, flags, r->msg->nlmsg_seq, r->portid, sizeof(struct netconfmsg));
	put_switches(r->reply, &w, true);
	return nl_end(r->reply);
}

static void fill(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	nl_begin(b, type, 0, seq, portid, sizeof(struct netconfmsg));
	put_switches(b, what, false);
	nl_end(b);
}

static void fill_linkdown(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct whose *w = what;
	struct netconfmsg *m = nl_begin(b, type, 0, seq, portid, sizeof *m);
	if (m)
		m->ncm_family = w->family;
	nl_put_u32(b, NETCONFA_IFINDEX, (uint32_t)w->ifindex);
	nl_put_u32(b, NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, ignores_linkdown(w));
	nl_end(b);
}

void netconf_tell_linkdown(struct leat_stack *st, uint8_t family, int32_t ifindex)
{
	const struct whose w = { st, family, ifindex,
				 ifindex > 0 ? iface_by_index(st, (uint32_t)ifindex) : NULL };
	nl_notify(st, NETLINK_ROUTE, family == AF_INET ? RTNLGRP_IPV4_NETCONF : RTNLGRP_IPV6_NETCONF,
		  RTM_NEWNETCONF, fill_linkdown, &w);
}

void netconf_tell_forwarding(struct leat_stack *st, uint8_t family, int32_t ifindex)
{
	const struct whose w = { st, family, ifindex,
				 ifindex > 0 ? iface_by_index(st, (uint32_t)ifindex) : NULL };
	nl_notify(st, NETLINK_ROUTE, family == AF_INET ? RTNLGRP_IPV4_NETCONF : RTNLGRP_IPV6_NETCONF,
		  RTM_NEWNETCONF, fill, &w);
}

static void fill_whole(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct whose *w = what;
	struct netconfmsg *m = nl_begin(b, type, 0, seq, portid, sizeof *m);
	if (m)
		m->ncm_family = w->family;
	if (type == RTM_NEWNETCONF)
		put_switches(b, w, true);
	else
		nl_put_u32(b, NETCONFA_IFINDEX, (uint32_t)w->ifindex);
	nl_end(b);
}

void netconf_tell_iface(const struct iface *i, uint16_t type)
{
	const struct whose w4 = { i->st, AF_INET, (int32_t)i->ifindex, i },
			   w6 = { i->st, AF_INET6, (int32_t)i->ifindex, i };
	nl_notify(i->st, NETLINK_ROUTE, RTNLGRP_IPV4_NETCONF, type, fill_whole, &w4);
	if (i->mtu >= IP6_MIN_MTU) /* Linux: else it has no IPv6 */
		nl_notify(i->st, NETLINK_ROUTE, RTNLGRP_IPV6_NETCONF, type, fill_whole, &w6);
}

void netconf_tell_renamed(const struct iface *i)
{
	static const struct {
		uint8_t family;
		uint32_t group;
	} each[] = { { AF_INET, RTNLGRP_IPV4_NETCONF }, { AF_INET6, RTNLGRP_IPV6_NETCONF } };
	for (unsigned k = 0; k < ARRAY_SIZE(each); k++) {
		const struct whose w = { i->st, each[k].family, (int32_t)i->ifindex, i };
		nl_notify(i->st, NETLINK_ROUTE, each[k].group, RTM_DELNETCONF, fill_whole, &w);
		nl_notify(i->st, NETLINK_ROUTE, each[k].group, RTM_NEWNETCONF, fill_whole, &w);
	}
}

void netconf_tell_ip6(const struct iface *i, uint16_t type)
{
	const struct whose w = { i->st, AF_INET6, (int32_t)i->ifindex, i };
	if (!i->quiet)
		nl_notify(i->st, NETLINK_ROUTE, RTNLGRP_IPV6_NETCONF, type, fill_whole, &w);
}

static int get_netconf(struct nl_req *r)
{
	const struct netconfmsg *m = r->hdr;
	if (!r->attrs[NETCONFA_IFINDEX])
		return -EINVAL;
	int32_t index = (int32_t)mnl_attr_get_u32(r->attrs[NETCONFA_IFINDEX]);
	struct iface *i = index > 0 ? iface_by_index(r->st, (uint32_t)index) : NULL;
	bool is_general = index == NETCONFA_IFINDEX_ALL || index == NETCONFA_IFINDEX_DEFAULT;
	if (!i && !is_general)
		return -ENODEV;
	return put(r, 0, m->ncm_family, i, index);
}

/* key[0]: 0 for IPv4, 1 for IPv6, 2 at the end; key[1]: the interface before; key[2]: the general ones done. */
static int dump_family(struct nl_req *r, struct nl_dump *d, uint8_t family)
{
	static const int32_t general[] = { NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT };
	for (struct iface *i; (i = iface_next(r->st, (uint32_t)d->key[1])); d->key[1] = i->ifindex)
		if (put(r, NLM_F_MULTI, family, i, (int32_t)i->ifindex))
			return 1;
	for (; d->key[2] < ARRAY_SIZE(general); d->key[2]++)
		if (put(r, NLM_F_MULTI, family, NULL, general[d->key[2]]))
			return 1;
	return 0;
}

static int dump_netconf(struct nl_req *r, struct nl_dump *d)
{
	const struct netconfmsg *m = r->hdr;
	for (; d->key[0] < 2; d->key[0]++) {
		uint8_t family = d->key[0] ? AF_INET6 : AF_INET;
		bool wanted =
			m->ncm_family == family || (m->ncm_family != AF_INET && m->ncm_family != AF_INET6);
		if (wanted && dump_family(r, d, family))
			return 1;
		d->key[1] = d->key[2] = 0;
	}
	return 0;
}

enum { HDR = sizeof(struct netconfmsg) };
static const struct nl_msg any_msgs[] = {
	{ RTM_GETNETCONF, 0, HDR, NETCONFA_MAX, netconf_policy, NULL, dump_netconf, "RTM_GETNETCONF" },
	{ 0 },
};
static const struct nl_msg inet_msgs[] = {
	{ RTM_GETNETCONF, 0, HDR, NETCONFA_MAX, netconf_policy, get_netconf, dump_netconf, "RTM_GETNETCONF" },
	{ 0 },
};

const struct nl_family netconf_family = {
	.name = "route/netconf",
	.protocol = NETLINK_ROUTE,
	.msgs = any_msgs,
};
const struct nl_family netconf4_family = {
	.name = "route/netconf4",
	.protocol = NETLINK_ROUTE,
	.pf = AF_INET,
	.msgs = inet_msgs,
};
const struct nl_family netconf6_family = {
	.name = "route/netconf6",
	.protocol = NETLINK_ROUTE,
	.pf = AF_INET6,
	.msgs = inet_msgs,
};
