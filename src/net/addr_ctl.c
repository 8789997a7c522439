/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*ADDR for both families. Order of checks, errors and words as in Linux's devinet.c and addrconf.c. */
#include <stdio.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "net/addr_label.h"
#include "net/ctl_util.h"

/* The 6.1 headers know no attribute after this one; iproute2 sends none either. */
const struct nl_policy addr_policy[IFA_MAX + 1] = {
	[IFA_ADDRESS] = { NL_BYTES, .name = "IFA_ADDRESS", .help = "the prefix, or the peer" },
	[IFA_LOCAL] = { NL_BYTES, .name = "IFA_LOCAL" },
	[IFA_LABEL] = { NL_STRING, .max = IFNAMSIZ - 1, .name = "IFA_LABEL", .help = "IPv4" },
	[IFA_BROADCAST] = { NL_U32, .name = "IFA_BROADCAST", .help = "IPv4" },
	[IFA_CACHEINFO] = { NL_BYTES, .min = sizeof(struct ifa_cacheinfo), .name = "IFA_CACHEINFO",
			    .help = "lifetimes" },
	[IFA_FLAGS] = { NL_U32, .name = "IFA_FLAGS", .help = "IFA_F_*" },
	[IFA_RT_PRIORITY] = { NL_U32, .name = "IFA_RT_PRIORITY", .help = "metric of the connected route" },
	[IFA_TARGET_NETNSID] = { NL_S32, .name = "IFA_TARGET_NETNSID", .help = "refused" },
	[IFA_PROTO] = { NL_U8, .name = "IFA_PROTO" },
};

/* --- out --- */

static uint32_t flags_of(const struct addr *a)
{
	return addr_is_permanent(a) ? a->flags | IFA_F_PERMANENT : a->flags & ~(uint32_t)IFA_F_PERMANENT;
}

static void put_addresses(struct nl_buf *b, const struct addr *a)
{
	bool peer = !ipaddr_is_zero(&a->peer) && !ipaddr_eq(&a->peer, &a->local);
	if (a->family == AF_INET6) {
		if (peer)
			put_addr(b, IFA_LOCAL, a->family, &a->local);
		put_addr(b, IFA_ADDRESS, a->family, peer ? &a->peer : &a->local);
		return;
	}
	put_addr(b, IFA_ADDRESS, a->family, peer ? &a->peer : &a->local);
	put_addr(b, IFA_LOCAL, a->family, &a->local);
	if (!ipaddr_is_zero(&a->broadcast))
		put_addr(b, IFA_BROADCAST, a->family, &a->broadcast);
	if (a->label[0])
		nl_put_str(b, IFA_LABEL, a->label);
}

static int put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	       uint32_t portid, const struct addr *a)
{
	/* Linux: of IPv4, what stays for ever is preferred for ever. */
	bool for_ever = a->family == AF_INET && addr_is_permanent(a);
	struct ifa_cacheinfo ci = {
		.ifa_prefered = for_ever ? UINT32_MAX : addr_left_s(st, a, a->preferred_s),
		.ifa_valid = addr_left_s(st, a, a->valid_s),
		.cstamp = ticks_of_us(a->created_us),
		.tstamp = ticks_of_us(a->updated_us),
	};
	struct ifaddrmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ifaddrmsg){
			.ifa_family = a->family,
			.ifa_prefixlen = a->plen,
			.ifa_flags = (uint8_t)flags_of(a),
			.ifa_scope = a->scope,
			.ifa_index = ifindex_of(st, a->if_handle),
		};
	put_addresses(b, a);
	if (a->proto)
		nl_put_u8(b, IFA_PROTO, a->proto);
	nl_put_u32(b, IFA_FLAGS, flags_of(a));
	if (a->metric)
		nl_put_u32(b, IFA_RT_PRIORITY, a->metric);
	nl_put(b, IFA_CACHEINFO, &ci, sizeof ci);
	return nl_end(b);
}

struct told {
	struct leat_stack *st;
	const struct addr *a;
};

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	put(b, t->st, type, 0, seq, portid, t->a);
}

void addr_tell(struct leat_stack *st, uint16_t type, const struct addr *a)
{
	struct told t = { .st = st, .a = a };
	nl_notify(st, NETLINK_ROUTE, a->family == AF_INET ? RTNLGRP_IPV4_IFADDR : RTNLGRP_IPV6_IFADDR, type,
		  fill_told, &t);
}

/* --- dump: Linux shows all of IPv4, then all of IPv6, in order of interfaces --- */

enum { KEY_FAMILY, KEY_IFINDEX, KEY_POS };

int addr_check_dump(const struct nl_req *r)
{
	const struct ifaddrmsg *m = r->hdr;
	if (m->ifa_prefixlen || m->ifa_flags || m->ifa_scope)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for address dump request");
	for (uint16_t t = 1; t <= IFA_MAX; t++)
		if (r->attrs[t])
			return nl_bad(r->ext, r->attrs[t], -EINVAL, "Unsupported attribute in dump request");
	return 0;
}

/* Those of one interface and family, from position key[KEY_POS] on. */
static int dump_of(struct nl_req *r, struct nl_dump *d, const struct iface *i, uint8_t family)
{
	uint64_t pos = 0;
	for (const struct addr *a = addr_first(r->st, i); a; a = addr_next(r->st, i, a)) {
		if (a->family != family || pos++ < d->key[KEY_POS])
			continue;
		if (put(r->reply, r->st, RTM_NEWADDR, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, a))
			return 1;
		d->key[KEY_POS] = pos;
	}
	d->key[KEY_POS] = 0;
	return 0;
}

static int dump_family(struct nl_req *r, struct nl_dump *d, uint8_t family, uint32_t only)
{
	for (struct iface *i; (i = iface_next(r->st, (uint32_t)d->key[KEY_IFINDEX]));
	     d->key[KEY_IFINDEX] = i->ifindex)
		if ((!only || i->ifindex == only) && dump_of(r, d, i, family))
			return 1;
	return 0;
}

static int dump_addrs(struct nl_req *r, struct nl_dump *d)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	const struct ifaddrmsg *m = r->hdr;
	uint32_t only = r->strict ? m->ifa_index : 0;
	int err = r->strict ? addr_check_dump(r) : 0;
	if (err)
		return err;
	if (only) {
		d->flags = NLM_F_DUMP_FILTERED;
		if (!iface_by_index(r->st, only))
			return -ENODEV;
	}
	for (; d->key[KEY_FAMILY] < ARRAY_SIZE(families); d->key[KEY_FAMILY]++) {
		uint8_t family = families[d->key[KEY_FAMILY]];
		bool wanted =
			m->ifa_family == family || (m->ifa_family != AF_INET && m->ifa_family != AF_INET6);
		if (wanted && dump_family(r, d, family, only))
			return 1;
		d->key[KEY_IFINDEX] = 0;
	}
	return 0;
}

/* --- in --- */

static int read_addresses(struct nl_req *r, struct addr *a)
{
	const struct nlattr *address = r->attrs[IFA_ADDRESS], *local = r->attrs[IFA_LOCAL];
	const char *short_of = a->family == AF_INET ? "ipv4: Local address is not supplied" : NULL;
	if (a->family == AF_INET && !local)
		return nl_bad(r->ext, NULL, -EINVAL, short_of);
	if ((address && !addr_of_attr(address, a->family, &a->peer)) ||
	    (local && !addr_of_attr(local, a->family, &a->local)))
		return -EINVAL;
	if (!local)
		a->local = a->peer;
	if (!address)
		a->peer = a->local;
	return a->family == AF_INET6 && !local && !address ? -EINVAL : 0;
}

static int read_lifetimes(struct nl_req *r, struct addr *a)
{
	struct ifa_cacheinfo ci;
	a->valid_s = a->preferred_s = UINT32_MAX;
	if (!r->attrs[IFA_CACHEINFO])
		return 0;
	memcpy(&ci, mnl_attr_get_payload(r->attrs[IFA_CACHEINFO]), sizeof ci);
	if (!ci.ifa_valid)
		return nl_bad(r->ext, r->attrs[IFA_CACHEINFO], -EINVAL,
			      a->family == AF_INET ? "ipv4: valid_lft is zero" : "address lifetime invalid");
	if (ci.ifa_prefered > ci.ifa_valid)
		return nl_bad(r->ext, r->attrs[IFA_CACHEINFO], -EINVAL,
			      a->family == AF_INET ? "ipv4: preferred_lft is greater than valid_lft"
						   : "address lifetime invalid");
	a->valid_s = ci.ifa_valid;
	a->preferred_s = ci.ifa_prefered;
	if (!ci.ifa_prefered)
		a->flags |= IFA_F_DEPRECATED;
	return 0;
}

static void read_rest(struct nl_req *r, struct addr *a, const struct iface *i)
{
	if (r->attrs[IFA_BROADCAST] && a->family == AF_INET)
		addr_of_attr(r->attrs[IFA_BROADCAST], a->family, &a->broadcast);
	if (r->attrs[IFA_LABEL] && a->family == AF_INET)
		attr_copy_name(r->attrs[IFA_LABEL], a->label, sizeof a->label);
	else if (a->family == AF_INET)
		snprintf(a->label, sizeof a->label, "%s", i->name);
	if (r->attrs[IFA_RT_PRIORITY])
		a->metric = mnl_attr_get_u32(r->attrs[IFA_RT_PRIORITY]);
	if (r->attrs[IFA_PROTO])
		a->proto = mnl_attr_get_u8(r->attrs[IFA_PROTO]);
}

static int check_prefix(struct nl_req *r, const struct addr *a)
{
	unsigned max = a->family == AF_INET ? 32 : 128;
	if (a->plen <= max)
		return 0;
	return nl_bad(r->ext, NULL, -EINVAL,
		      a->family == AF_INET ? "ipv4: Invalid prefix length" : "ipv6: Invalid prefix length");
}

static int new_addr(struct nl_req *r)
{
	const struct ifaddrmsg *m = r->hdr;
	struct addr a = { .family = m->ifa_family, .plen = m->ifa_prefixlen, .scope = m->ifa_scope };
	uint16_t nlm = r->msg->nlmsg_flags;
	int err = check_prefix(r, &a);
	if (!err)
		err = read_addresses(r, &a);
	if (err)
		return err;
	struct iface *i = iface_by_index(r->st, m->ifa_index);
	if (!i)
		return nl_bad(r->ext, NULL, -ENODEV,
			      a.family == AF_INET ? "ipv4: Device not found"
						  : "ipv6: Unable to find the interface");
	a.if_handle = i->handle;
	a.flags = r->attrs[IFA_FLAGS] ? mnl_attr_get_u32(r->attrs[IFA_FLAGS]) : m->ifa_flags;
	a.flags &= IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN |
		   (a.family == AF_INET6
			    ? IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR
			    : 0);
	if (a.flags & IFA_F_MANAGETEMPADDR && a.plen != 64)
		return nl_bad(r->ext, NULL, -EINVAL,
			      "ipv6: address with \"mngtmpaddr\" flag must have a prefix length of 64");
	err = read_lifetimes(r, &a);
	if (err)
		return err;
	if (a.family == AF_INET6 && ip6_is_multicast(&a.local.v6) && !(a.flags & IFA_F_MCAUTOJOIN))
		return nl_bad(r->ext, NULL, -EADDRNOTAVAIL,
			      "ipv6: Cannot assign multicast address without \"IFA_F_MCAUTOJOIN\" flag");
	read_rest(r, &a, i);
	err = addr_add(r->st, &a, nlm & NLM_F_REPLACE && !(nlm & NLM_F_EXCL));
	if (err == -EACCES)
		return nl_bad(r->ext, NULL, err, "ipv6: IPv6 is disabled on this device");
	if (err == -EADDRNOTAVAIL) /* the table refuses nothing else so */
		return nl_bad(r->ext, NULL, err,
			      ipaddr_is_zero(&a.local)
				      ? "ipv6: Invalid address"
				      : "ipv6: Cannot assign loopback address on this device");
	if (err == -EEXIST)
		return nl_bad(r->ext, NULL, err,
			      a.family == AF_INET ? "ipv4: Address already assigned"
						  : "ipv6: address already assigned");
	return err;
}

/* RTM_DELADDR leaves things open: any local address, any label, any prefix length for IPv4. */
static bool is_meant(const struct nl_req *r, const struct addr *a, const struct addr *want)
{
	const struct ifaddrmsg *m = r->hdr;
	if (a->family != want->family)
		return false;
	if ((r->attrs[IFA_LOCAL] || want->family == AF_INET6) && !ipaddr_eq(&a->local, &want->local))
		return false;
	if (want->family == AF_INET6)
		return !m->ifa_prefixlen || a->plen == m->ifa_prefixlen;
	if (r->attrs[IFA_LABEL] && !attr_is_name(r->attrs[IFA_LABEL], a->label))
		return false;
	if (!r->attrs[IFA_ADDRESS])
		return true;
	struct ipaddr x = ipaddr_is_zero(&a->peer) ? a->local : a->peer, y = want->peer;
	addr_mask(&x, a->plen);
	addr_mask(&y, a->plen);
	return a->plen == m->ifa_prefixlen && ipaddr_eq(&x, &y);
}

static int del_addr(struct nl_req *r)
{
	const struct ifaddrmsg *m = r->hdr;
	bool is4 = m->ifa_family == AF_INET;
	struct addr want = { .family = m->ifa_family };
	const struct nlattr *address = r->attrs[IFA_ADDRESS], *local = r->attrs[IFA_LOCAL];
	if ((address && !addr_of_attr(address, want.family, &want.peer)) ||
	    (local && !addr_of_attr(local, want.family, &want.local)))
		return -EINVAL;
	if (!local && !is4)
		want.local = want.peer;
	if (!is4 && !address && !local)
		return -EINVAL;
	struct iface *i = iface_by_index(r->st, m->ifa_index);
	if (!i)
		return nl_bad(r->ext, NULL, -ENODEV,
			      is4 ? "ipv4: Device not found" : "ipv6: Unable to find the interface");
	for (struct addr *a = addr_first(r->st, i); a; a = addr_next(r->st, i, a))
		if (is_meant(r, a, &want))
			return addr_delete(r->st, i->handle, a->family, &a->local, a->plen);
	return nl_bad(r->ext, NULL, -EADDRNOTAVAIL,
		      is4 ? "ipv4: Address not found" : "ipv6: address not found");
}

/* Linux: of IPv6 addresses one can be asked for. */
static int get_addr6(struct nl_req *r)
{
	const struct ifaddrmsg *m = r->hdr;
	const struct nlattr *asked = r->attrs[IFA_LOCAL] ? r->attrs[IFA_LOCAL] : r->attrs[IFA_ADDRESS];
	struct ipaddr want;
	if (!asked || !addr_of_attr(asked, AF_INET6, &want))
		return -EINVAL;
	for (struct iface *i = NULL; (i = iface_next(r->st, i ? i->ifindex : 0));) {
		if (m->ifa_index && i->ifindex != m->ifa_index)
			continue;
		for (const struct addr *a = addr_first(r->st, i); a; a = addr_next(r->st, i, a))
			if (a->family == AF_INET6 && ipaddr_eq(&a->local, &want))
				return put(r->reply, r->st, RTM_NEWADDR, 0, r->msg->nlmsg_seq, r->portid, a);
	}
	return -EADDRNOTAVAIL;
}

enum { HDR = sizeof(struct ifaddrmsg) };
static const struct nl_msg any_msgs[] = {
	{ RTM_GETADDR, 0, HDR, IFA_MAX, addr_policy, NULL, dump_addrs, "RTM_GETADDR" },
	{ 0 },
};
static const struct nl_msg inet_msgs[] = {
	{ RTM_GETADDR, 0, HDR, IFA_MAX, addr_policy, NULL, dump_addrs, "RTM_GETADDR" },
	{ RTM_NEWADDR, NL_ADMIN, HDR, IFA_MAX, addr_policy, new_addr, NULL, "RTM_NEWADDR" },
	{ RTM_DELADDR, NL_ADMIN, HDR, IFA_MAX, addr_policy, del_addr, NULL, "RTM_DELADDR" },
	{ 0 },
};
static const struct nl_msg inet6_msgs[] = {
	{ RTM_GETADDR, 0, HDR, IFA_MAX, addr_policy, get_addr6, dump_addrs, "RTM_GETADDR" },
	{ RTM_NEWADDR, NL_ADMIN, HDR, IFA_MAX, addr_policy, new_addr, NULL, "RTM_NEWADDR" },
	{ RTM_DELADDR, NL_ADMIN, HDR, IFA_MAX, addr_policy, del_addr, NULL, "RTM_DELADDR" },
	{ 0 },
};

static const struct nl_family addr_family = { .name = "route/addr",
					      .protocol = NETLINK_ROUTE,
					      .msgs = any_msgs };
static const struct nl_family addr4_family = {
	.name = "route/addr4", .protocol = NETLINK_ROUTE, .pf = AF_INET, .msgs = inet_msgs
};
static const struct nl_family addr6_family = {
	.name = "route/addr6", .protocol = NETLINK_ROUTE, .pf = AF_INET6, .msgs = inet6_msgs
};

const struct nl_family *const addr_families[] = { &addr_family, &addr4_family, &addr6_family,
						  &addr_label_family, NULL };
