/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*LINK: what a netlink request does to an interface. Order of checks, errors and their words as in Linux's
 * net/core/rtnetlink.c. How new ones come is in link_create.c. */
#include <stdio.h>

#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>

#include "net/bridge_ctl.h"
#include "net/ctl_util.h"
#include "net/iface_internal.h"
#include "net/l3.h"
#include "net/link_create.h"
#include "net/link_fill.h"
#include "net/netconf_ctl.h"
#include "net/stats_ctl.h"

static const struct nl_policy link_info_policy[IFLA_INFO_MAX + 1] = {
	[IFLA_INFO_KIND] = { NL_STRING, .name = "IFLA_INFO_KIND",
			     .help = "dummy, veth, vlan, generator, sink, ..." },
	[IFLA_INFO_DATA] = { NL_NESTED, .name = "IFLA_INFO_DATA",
			     .help = "veth: VETH_INFO_PEER; vlan: IFLA_VLAN_*" },
};

enum { GSO_SIZE_MIN = 321 }; /* Linux: MAX_TCP_HEADER + 1 */

static const struct nl_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { NL_STRING, .max = IFNAMSIZ - 1, .name = "IFLA_IFNAME" },
	[IFLA_ADDRESS] = { NL_BYTES, .max = 32, .name = "IFLA_ADDRESS", .help = "6 bytes" },
	[IFLA_BROADCAST] = { NL_BYTES, .max = 32, .name = "IFLA_BROADCAST", .help = "6 bytes" },
	[IFLA_MTU] = { NL_U32, .name = "IFLA_MTU" },
	[IFLA_LINK] = { NL_U32, .name = "IFLA_LINK" },
	[IFLA_MASTER] = { NL_U32, .name = "IFLA_MASTER", .help = "a VRF; a filter in dumps" },
	[IFLA_TXQLEN] = { NL_U32, .name = "IFLA_TXQLEN" },
	[IFLA_OPERSTATE] = { NL_U8, .name = "IFLA_OPERSTATE" },
	[IFLA_LINKMODE] = { NL_U8, .name = "IFLA_LINKMODE" },
	[IFLA_LINKINFO] = { NL_NESTED, .nested = link_info_policy, .max_attr = IFLA_INFO_MAX,
			    .name = "IFLA_LINKINFO" },
	[IFLA_NET_NS_PID] = { NL_U32, .name = "IFLA_NET_NS_PID", .help = "refused" },
	[IFLA_NET_NS_FD] = { NL_U32, .name = "IFLA_NET_NS_FD", .help = "refused" },
	[IFLA_IFALIAS] = { NL_BYTES, .max = 255, .name = "IFLA_IFALIAS" },
	[IFLA_AF_SPEC] = { NL_NESTED, .name = "IFLA_AF_SPEC", .help = "AF_INET6: IFLA_INET6_ADDR_GEN_MODE" },
	[IFLA_EXT_MASK] = { NL_U32, .name = "IFLA_EXT_MASK", .help = "RTEXT_FILTER_SKIP_STATS" },
	[IFLA_GROUP] = { NL_U32, .name = "IFLA_GROUP" },
	[IFLA_GSO_MAX_SEGS] = { NL_U32, .name = "IFLA_GSO_MAX_SEGS" },
	[IFLA_GSO_MAX_SIZE] = { NL_U32, .min = GSO_SIZE_MIN, .max = UINT32_MAX, .name = "IFLA_GSO_MAX_SIZE" },
	[IFLA_GRO_MAX_SIZE] = { NL_U32, .name = "IFLA_GRO_MAX_SIZE", .help = "kept" },
	[IFLA_CARRIER] = { NL_U8, .name = "IFLA_CARRIER", .help = "dummy" },
	[IFLA_PROTO_DOWN_REASON] = { NL_NESTED, .name = "IFLA_PROTO_DOWN_REASON", .help = "refused" },
	[IFLA_PROTO_DOWN] = { NL_U8, .name = "IFLA_PROTO_DOWN", .help = "refused" },
	[IFLA_TARGET_NETNSID] = { NL_S32, .name = "IFLA_TARGET_NETNSID", .help = "refused" },
	[IFLA_PROP_LIST] = { NL_NESTED, .name = "IFLA_PROP_LIST" },
	[IFLA_ALT_IFNAME] = { NL_STRING, .max = ALTIFNAMSIZ - 1, .name = "IFLA_ALT_IFNAME" },
};

/* --- finding --- */

static uint32_t ext_mask_of(const struct nl_req *r)
{
	return r->attrs[IFLA_EXT_MASK] ? mnl_attr_get_u32(r->attrs[IFLA_EXT_MASK]) : 0;
}

/* By index, else by name, whichever. *ret_named: something was said. */
static struct iface *find_link(const struct nl_req *r, bool *ret_named)
{
	const struct ifinfomsg *m = r->hdr;
	const struct nlattr *name = r->attrs[IFLA_IFNAME] ? r->attrs[IFLA_IFNAME] : r->attrs[IFLA_ALT_IFNAME];
	char buf[ALTIFNAMSIZ];
	*ret_named = m->ifi_index > 0 || name;
	if (m->ifi_index > 0)
		return iface_by_index(r->st, (uint32_t)m->ifi_index);
	return name && attr_copy_name(name, buf, sizeof buf) ? iface_by_any_name(r->st, buf) : NULL;
}

/* --- get --- */

static int check_strict_get(const struct nl_req *r)
{
	const struct ifinfomsg *m = r->hdr;
	if (m->ifi_type || m->ifi_flags || m->ifi_change)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for get link request");
	for (uint16_t t = 1; t <= IFLA_MAX; t++)
		if (r->attrs[t] && t != IFLA_IFNAME && t != IFLA_ALT_IFNAME && t != IFLA_EXT_MASK &&
		    t != IFLA_TARGET_NETNSID)
			return nl_bad(r->ext, r->attrs[t], -EINVAL,
				      "Unsupported attribute in get link request");
	return 0;
}

static int get_link(struct nl_req *r)
{
	bool named;
	int err = r->strict ? check_strict_get(r) : 0;
	if (err)
		return err;
	if (r->attrs[IFLA_TARGET_NETNSID])
		return nl_bad(r->ext, r->attrs[IFLA_TARGET_NETNSID], -EINVAL,
			      "Invalid target network namespace id");
	struct iface *i = find_link(r, &named);
	if (!i)
		return named ? -ENODEV : -EINVAL;
	struct link_view v = { .i = i, .ext_mask = ext_mask_of(r) };
	return link_put(r->reply, RTM_NEWLINK, r->msg->nlmsg_seq, r->portid, &v);
}

static int check_strict_dump(const struct nl_req *r)
{
	const struct ifinfomsg *m = r->hdr;
	if (m->ifi_type || m->ifi_flags || m->ifi_change)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for link dump");
	if (m->ifi_index)
		return nl_bad(r->ext, NULL, -EINVAL, "Filter by device index not supported for link dumps");
	for (uint16_t t = 1; t <= IFLA_MAX; t++)
		if (r->attrs[t] && t != IFLA_MASTER && t != IFLA_LINKINFO && t != IFLA_EXT_MASK)
			return nl_bad(r->ext, r->attrs[t], -EINVAL, "Unsupported attribute in link dump");
	return 0;
}

static const struct nlattr *kind_attr(const struct nl_req *r)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1];
	if (!r->attrs[IFLA_LINKINFO] ||
	    nl_parse_nested(r->attrs[IFLA_LINKINFO], 0, link_info_policy, IFLA_INFO_MAX, info, NULL))
		return NULL;
	return info[IFLA_INFO_KIND];
}

static bool is_kind(struct leat_stack *st, const struct nlattr *kind)
{
	char name[32];
	return attr_copy_name(kind, name, sizeof name) && link_kind_is_known(st, name);
}

static bool dump_wants(const struct nl_req *r, const struct iface *i)
{
	const struct nlattr *kind = kind_attr(r);
	const char *have = link_kind_of(i);
	if (!has_master(i, r->attrs[IFLA_MASTER]))
		return false;
	return !kind || !is_kind(r->st, kind) ||
	       (have && attr_is_name(kind, have)); /* Linux: unknown ones mean all */
}

static int dump_links(struct nl_req *r, struct nl_dump *d)
{
	int err = r->strict ? check_strict_dump(r) : 0;
	if (err)
		return err;
	/* Linux: of links the messages say that they are a choice, and DONE does not. */
	uint16_t filtered = r->attrs[IFLA_MASTER] || r->attrs[IFLA_LINKINFO] ? NLM_F_DUMP_FILTERED : 0;
	for (struct iface *i; (i = iface_next(r->st, (uint32_t)d->key[0])); d->key[0] = i->ifindex) {
		struct link_view v = { .i = i,
				       .ext_mask = ext_mask_of(r),
				       .nlm_flags = NLM_F_MULTI | filtered,
				       .family = ((const struct ifinfomsg *)r->hdr)->ifi_family };
		if (dump_wants(r, i) && link_put(r->reply, RTM_NEWLINK, r->msg->nlmsg_seq, r->portid, &v))
			return 1;
	}
	return 0;
}

/* --- set --- */

static int set_mac(struct nl_req *r, struct iface *i)
{
	const struct nlattr *a = r->attrs[IFLA_ADDRESS];
	if (!a)
		return 0;
	if (memcmp(i->mac, mnl_attr_get_payload(a), sizeof i->mac) == 0) {
		link_tell(i, RTM_NEWLINK, 0); /* Linux: NETDEV_CHANGEADDR all the same */
		return 0;
	}
	return iface_set_mac(i, mnl_attr_get_payload(a));
}

static int set_mtu(struct nl_req *r, struct iface *i)
{
	const struct nlattr *a = r->attrs[IFLA_MTU];
	if (!a)
		return 0;
	uint32_t mtu = mnl_attr_get_u32(a);
	if (mtu > INT32_MAX)
		/* Linux: it is signed there. */
		return nl_bad(r->ext, NULL, -EINVAL, "mtu less than device minimum");
	if (mtu != i->mtu && mtu < i->mtu_min)
		return nl_bad(r->ext, NULL, -EINVAL, "mtu less than device minimum");
	if (mtu != i->mtu && i->mtu_max && mtu > i->mtu_max)
		return nl_bad(r->ext, NULL, -EINVAL, "mtu greater than device maximum");
	return iface_set_mtu(i, mtu);
}

static int set_name(struct nl_req *r, struct iface *i)
{
	const struct ifinfomsg *m = r->hdr;
	char name[IFACE_NAME_MAX];
	if (!r->attrs[IFLA_IFNAME] || m->ifi_index <= 0)
		return 0;
	if (!attr_copy_name(r->attrs[IFLA_IFNAME], name, sizeof name))
		return -EINVAL;
	return name[0] ? iface_rename(i, name) : 0;
}

/* Things that only netlink ever looks at. Returns whether anything changed. */
static bool set_plain(struct nl_req *r, struct iface *i)
{
	const struct nlattr *a;
	bool changed = false;
	if ((a = r->attrs[IFLA_IFALIAS])) {
		attr_copy_name(a, i->alias, sizeof i->alias);
		changed = true;
	}
	if ((a = r->attrs[IFLA_GROUP])) {
		i->group = mnl_attr_get_u32(a);
		changed = true;
	}
	if ((a = r->attrs[IFLA_BROADCAST])) {
		memcpy(i->broadcast, mnl_attr_get_payload(a), sizeof i->broadcast);
		changed = true;
	}
	return changed;
}

/* Linux: inet6_set_iftoken(). Whoever asks for routers asks again then (ip/ra_solicit.c). */
static int set_token(struct nl_req *r, struct iface *i, const struct nlattr *a, bool *ret_changed)
{
	const struct ip6_auto_conf *c = &i->conf.ip6;
	const char *why = i->flags & IFF_LOOPBACK ? "ipv6: Device is loopback"
			  : i->flags & IFF_NOARP  ? "ipv6: Device does not do neighbour discovery"
			  : !(i->conf.forward6 ? c->accept_ra == 2 : c->accept_ra)
				  ? "ipv6: Router advertisement is disabled on device"
			  : !c->rs_count ? "ipv6: Router solicitation is disabled on device"
					 : NULL;
	if (why)
		return nl_bad(r->ext, NULL, -EINVAL, why);
	memset(&i->in6.token, 0, sizeof i->in6.token);
	memcpy(i->in6.token.b + 8, (const uint8_t *)mnl_attr_get_payload(a) + 8, 8);
	*ret_changed = true;
	return 0;
}

/* Linux: who wants stable identifiers has to have a secret for them. */
static bool may_generate(struct leat_stack *st, const struct iface *i, uint8_t mode)
{
	const uint64_t *own = i->conf.ip6.stable_secret, *dflt = iface_conf_default(st)->ip6.stable_secret;
	if (mode == IN6_ADDR_GEN_MODE_STABLE_PRIVACY)
		return own[0] || own[1] || dflt[0] || dflt[1];
	return mode <= IN6_ADDR_GEN_MODE_RANDOM;
}

/* Asked first (check), and done last: Linux's validate_linkmsg() and do_setlink(). */
static int set_inet6(struct nl_req *r, struct iface *i, const struct nlattr *spec, bool check,
		     bool *ret_changed)
{
	static const struct nl_policy policy[IFLA_INET6_MAX + 1] = {
		[IFLA_INET6_ADDR_GEN_MODE] = { NL_U8 },
		[IFLA_INET6_TOKEN] = { NL_BYTES, .min = 16 },
	};
	const struct nlattr *attrs[IFLA_INET6_MAX + 1];
	int err = nl_parse_nested(spec, 0, policy, IFLA_INET6_MAX, attrs, r->ext);
	if (err)
		return err;
	const struct nlattr *mode = attrs[IFLA_INET6_ADDR_GEN_MODE], *token = attrs[IFLA_INET6_TOKEN];
	if (mode && !may_generate(r->st, i, mnl_attr_get_u8(mode)))
		return -EINVAL;
	if (check)
		return 0;
	err = token ? set_token(r, i, token, ret_changed) : 0;
	if (err || !mode)
		return err;
	*ret_changed = true;
	i->conf.addr_gen_mode = mnl_attr_get_u8(mode);
	return 0;
}

static int set_af_spec(struct nl_req *r, struct iface *i, bool check, bool *ret_changed)
{
	const struct nlattr *af;
	int err = 0;
	if (!r->attrs[IFLA_AF_SPEC])
		return 0;
	mnl_attr_for_each_nested(af, r->attrs[IFLA_AF_SPEC])
	{
		if (mnl_attr_get_type(af) == AF_INET6 && !err)
			err = set_inet6(r, i, af, check, ret_changed);
		else if (mnl_attr_get_type(af) != AF_INET && !err)
			err = -EAFNOSUPPORT;
	}
	return err;
}

/* IFF_UP has its own way; of the other flags those change that the kernel lets change. */
static uint32_t set_plain_flags(struct nl_req *r, struct iface *i, uint32_t *ret_change)
{
	enum {
		SETTABLE = IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI |
			   IFF_MULTICAST | IFF_DYNAMIC
	};
	const struct ifinfomsg *m = r->hdr;
	uint32_t mask = m->ifi_change ? m->ifi_change : m->ifi_flags ? UINT32_MAX : 0;
	uint32_t flags = (i->flags & ~(mask & SETTABLE)) | (m->ifi_flags & mask & SETTABLE);
	*ret_change = flags ^ i->flags;
	if (*ret_change) {
		r->st->rt->ops->pause(r->st->rt);
		racy_set(i->flags, flags);
		r->st->rt->ops->resume(r->st->rt);
		if (*ret_change & IFF_NOARP)
			iface_send_event(i, IFACE_ARP);
	}
	return mask;
}

/* Linux: __dev_notify_flags(). They are told of by themselves, at once. */
static int set_flags(struct nl_req *r, struct iface *i)
{
	uint32_t change, mask = set_plain_flags(r, i, &change);
	bool up = mask & IFF_UP ? ((const struct ifinfomsg *)r->hdr)->ifi_flags & IFF_UP : i->flags & IFF_UP;
	if (!up != !(i->flags & IFF_UP))
		return iface_set_up(i, up);
	if (change) {
		link_tell(i, RTM_NEWLINK, change);
		iface_send_event(i, IFACE_CHANGED);
	}
	return 0;
}

static int refuse_unsupported(struct nl_req *r)
{
	static const struct {
		uint16_t type;
		const char *why;
	} refused[] = {
		{ IFLA_NET_NS_PID, "Interfaces cannot leave their stack" },
		{ IFLA_NET_NS_FD, "Interfaces cannot leave their stack" },
		{ IFLA_TARGET_NETNSID, "Interfaces cannot leave their stack" },
		{ IFLA_VFINFO_LIST, "Virtual functions are not supported" },
		{ IFLA_XDP, "XDP programs are not supported" },
	};
	for (unsigned k = 0; k < ARRAY_SIZE(refused); k++)
		if (r->attrs[refused[k].type])
			return nl_bad(r->ext, r->attrs[refused[k].type], -EOPNOTSUPP, refused[k].why);
	return 0;
}

/* Linux: do_set_master(), vrf_add_slave(). */
static int set_master(struct nl_req *r, struct iface *i)
{
	const struct nlattr *a = r->attrs[IFLA_MASTER];
	uint32_t index = a ? mnl_attr_get_u32(a) : 0;
	struct iface *master = index ? iface_by_index(r->st, index) : NULL;
	if (!a)
		return 0;
	if (i->l3_master && (!master || i->l3_master != master->handle))
		l3_enslave(i, NULL);
	if (index && !master)
		return -EINVAL;
	if (!master)
		return 0;
	if (!master->l3_table)
		return -EOPNOTSUPP;
	if (i->l3_table)
		return nl_bad(r->ext, NULL, -EINVAL, "Can not enslave an L3 master device to a VRF");
	if (i->flags & IFF_LOOPBACK)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "Can not enslave loopback device to a VRF");
	return l3_enslave(i, master);
}

/* RFC 2863: what the administrator, or a supplicant, says of the state. */
static void set_state(struct nl_req *r, struct iface *i, bool *ret_changed)
{
	const struct nlattr *state = r->attrs[IFLA_OPERSTATE], *mode = r->attrs[IFLA_LINKMODE];
	if (state)
		*ret_changed |= iface_set_operstate(i, mnl_attr_get_u8(state));
	if (mode &&
	    i->link_mode != mnl_attr_get_u8(mode)) { /* as on Linux for the next change: what is, stays */
		i->link_mode = mnl_attr_get_u8(mode);
		*ret_changed = true;
	}
}

static int set_carrier(struct nl_req *r, struct iface *i)
{
	const struct nlattr *carrier = r->attrs[IFLA_CARRIER];
	if (carrier && !i->ops->carrier_settable)
		return -EOPNOTSUPP;
	if (carrier)
		iface_set_carrier(i, mnl_attr_get_u8(carrier));
	return 0;
}

/* Linux: dev_change_tx_queue_len() tells by itself. */
static void set_txqlen(struct nl_req *r, struct iface *i)
{
	const struct nlattr *a = r->attrs[IFLA_TXQLEN];
	if (!a || i->txqlen == mnl_attr_get_u32(a))
		return;
	i->txqlen = mnl_attr_get_u32(a);
	link_tell(i, RTM_NEWLINK, 0);
}

static uint32_t attr_u32(const struct nl_req *r, uint16_t type, uint32_t otherwise)
{
	return r->attrs[type] ? mnl_attr_get_u32(r->attrs[type]) : otherwise;
}

/* Linux: nobody is told of these. */
static void set_segments(struct nl_req *r, struct iface *i)
{
	racy_set(i->gso_max_size, attr_u32(r, IFLA_GSO_MAX_SIZE, i->gso_max_size));
	racy_set(i->gso_max_segs, attr_u32(r, IFLA_GSO_MAX_SEGS, i->gso_max_segs));
	i->gro_max_size = attr_u32(r, IFLA_GRO_MAX_SIZE, i->gro_max_size);
}

/* Linux: validate_linkmsg() */
static int check_segments(const struct nl_req *r, const struct iface *i)
{
	uint32_t most = link_takes_large_segments(i) ? IFACE_GSO_SIZE_MAX : IFACE_GSO_SIZE;
	if (attr_u32(r, IFLA_GSO_MAX_SIZE, 0) > most)
		return nl_bad(r->ext, NULL, -EINVAL, "too big gso_max_size");
	if (attr_u32(r, IFLA_GSO_MAX_SEGS, 0) > IFACE_GSO_SEGS)
		return nl_bad(r->ext, NULL, -EINVAL, "too big gso_max_segs");
	if (attr_u32(r, IFLA_GRO_MAX_SIZE, 0) > IFACE_GSO_SIZE_MAX)
		return nl_bad(r->ext, NULL, -EINVAL, "too big gro_max_size");
	return 0;
}

/* Linux: what the device's driver would have to do comes last. */
static int set_of_device(struct nl_req *r, struct iface *i)
{
	if (r->attrs[IFLA_PROTO_DOWN] || r->attrs[IFLA_PROTO_DOWN_REASON])
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "Protodown not supported by device");
	return 0;
}

/* Linux: validate_linkmsg() */
static int check_lengths(const struct nl_req *r, const struct iface *i)
{
	static const uint16_t types[] = { IFLA_ADDRESS, IFLA_BROADCAST };
	for (unsigned k = 0; k < ARRAY_SIZE(types); k++)
		if (r->attrs[types[k]] && mnl_attr_get_payload_len(r->attrs[types[k]]) < sizeof i->mac)
			return -EINVAL;
	return 0;
}

/* In the order of Linux's do_setlink(): what comes before a failure stays changed there as here. */
static int apply(struct nl_req *r, struct iface *i)
{
	bool changed = false;
	int err = refuse_unsupported(r);
	if (!err)
		err = check_lengths(r, i);
	if (!err)
		err = check_segments(r, i);
	if (!err)
		err = set_af_spec(r, i, true, &changed);
	if (!err)
		err = set_mac(r, i);
	if (!err)
		err = set_mtu(r, i);
	if (!err)
		err = set_name(r, i);
	if (!err)
		changed = set_plain(r, i);
	if (!err)
		err = set_flags(r, i);
	if (!err)
		err = set_master(r, i);
	if (!err)
		err = set_carrier(r, i);
	if (!err) {
		set_txqlen(r, i);
		set_segments(r, i);
		set_state(r, i, &changed);
		err = set_af_spec(r, i, false, &changed);
	}
	if (!err)
		err = set_of_device(r, i);
	if (changed && i->flags & IFF_UP) /* Linux: netdev_state_change() */
		iface_changed(i);
	return err;
}

static int set_link(struct nl_req *r)
{
	bool named;
	struct iface *i = find_link(r, &named);
	if (!i)
		return named ? -ENODEV : -EINVAL;
	return apply(r, i);
}

/* --- new --- */

/* Without a name the group says whom: all that are in it. */
static int change_group(struct nl_req *r)
{
	uint32_t group = mnl_attr_get_u32(r->attrs[IFLA_GROUP]), after = 0;
	int err = 0;
	for (struct iface *i; !err && (i = iface_next(r->st, after));) {
		after = i->ifindex;
		if (i->group == group)
			err = apply(r, i);
	}
	return err;
}

/* Linux: rtnl_create_link() and what its callers check before. */
static int check_birth(struct nl_req *r)
{
	const struct ifinfomsg *m = r->hdr;
	if (m->ifi_index < 0)
		return nl_bad(r->ext, NULL, -EINVAL, "ifindex can't be negative");
	return 0;
}

/* Linux: rtnl_create_link() takes these, rtnl_configure_link() tells of the device, and a master comes last. */
static int bear(struct nl_req *r, const struct link_born *born)
{
	struct nl_req own = *r;
	bool changed = false;
	own.hdr = &born->hdr;
	own.attrs = born->attrs;
	int err = check_lengths(&own, born->i);
	if (!err)
		err = check_segments(&own, born->i);
	if (!err)
		err = set_mtu(&own, born->i);
	if (!err)
		err = set_mac(&own, born->i);
	if (err)
		return err;
	set_plain(&own, born->i);
	set_txqlen(&own, born->i);
	set_segments(&own, born->i);
	set_state(&own, born->i, &changed);
	uint32_t flags;
	set_plain_flags(&own, born->i, &flags);
	err = iface_announce(born->i, born->hdr.ifi_change & born->hdr.ifi_flags & IFF_UP);
	return err ? err : set_master(&own, born->i);
}

/* Linux: the kind's own words come first. */
static int change_link(struct nl_req *r, struct iface *i)
{
	bool changed = false;
	int err = link_change(r, link_policy, link_info_policy, i, &changed);
	if (!err)
		err = apply(r, i);
	if (changed)
		iface_changed(i);
	return err;
}

static int new_link(struct nl_req *r)
{
	bool named;
	struct iface *i = find_link(r, &named);
	uint16_t flags = r->msg->nlmsg_flags;
	if (i) {
		int bad = link_validate(r, link_policy, link_info_policy);
		if (bad)
			return bad;
		if (flags & NLM_F_EXCL)
			return -EEXIST;
		if (flags & NLM_F_REPLACE)
			return -EOPNOTSUPP;
		return change_link(r, i);
	}
	if (!(flags & NLM_F_CREATE))
		return !named && r->attrs[IFLA_GROUP] ? change_group(r) : -ENODEV;
	struct link_born link = { 0 }, peer = { 0 };
	uint32_t last = iface_state(r->st)->last_ifindex;
	int err = refuse_unsupported(r);
	if (!err)
		err = check_birth(r);
	if (!err)
		err = link_create(r, link_policy, link_info_policy, &link, &peer);
	if (!err && peer.i)
		err = bear(r, &peer);
	if (!err)
		err = bear(r, &link);
	if (err && link.i)
		iface_delete(link.i);
	if (err && !peer.took_number) /* Linux: numbers are taken last */
		iface_state(r->st)->last_ifindex = last;
	return err;
}

/* Linux: rtnl_linkprop(). What comes before a failure stays. */
static int link_prop(struct nl_req *r, int (*act)(struct iface *i, const char *name))
{
	bool named, changed = false;
	struct iface *i = find_link(r, &named);
	const struct nlattr *a;
	char name[ALTIFNAMSIZ];
	int err = 0;
	if (!i)
		return named ? -ENODEV : -EINVAL;
	if (!r->attrs[IFLA_PROP_LIST])
		return 0;
	mnl_attr_for_each_nested(a, r->attrs[IFLA_PROP_LIST])
	{
		if (err || mnl_attr_get_type(a) != IFLA_ALT_IFNAME)
			continue;
		err = attr_copy_name(a, name, sizeof name)
			      ? act(i, name)
			      : nl_bad(r->ext, a, -ERANGE, "Attribute failed policy validation");
		changed |= !err;
	}
	if (changed && i->flags & IFF_UP)
		iface_changed(i);
	return err;
}

static int new_prop(struct nl_req *r)
{
	return link_prop(r, iface_altname_add);
}

static int del_prop(struct nl_req *r)
{
	return link_prop(r, iface_altname_remove);
}

static int del_link(struct nl_req *r)
{
	bool named;
	struct iface *i = find_link(r, &named);
	if (!i)
		return named ? -ENODEV : -EINVAL;
	if (i->hw_type == ARPHRD_LOOPBACK)
		return -EOPNOTSUPP;
	iface_delete(i);
	return 0;
}

static const struct nl_msg link_msgs[] = {
	{ RTM_GETLINK, 0, sizeof(struct ifinfomsg), IFLA_MAX, link_policy, get_link, dump_links,
	  "RTM_GETLINK" },
	{ RTM_NEWLINK, NL_ADMIN, sizeof(struct ifinfomsg), IFLA_MAX, link_policy, new_link, NULL,
	  "RTM_NEWLINK" },
	{ RTM_SETLINK, NL_ADMIN, sizeof(struct ifinfomsg), IFLA_MAX, link_policy, set_link, NULL,
	  "RTM_SETLINK" },
	{ RTM_DELLINK, NL_ADMIN, sizeof(struct ifinfomsg), IFLA_MAX, link_policy, del_link, NULL,
	  "RTM_DELLINK" },
	{ RTM_NEWLINKPROP, NL_ADMIN, sizeof(struct ifinfomsg), IFLA_MAX, link_policy, new_prop, NULL,
	  "RTM_NEWLINKPROP" },
	{ RTM_DELLINKPROP, NL_ADMIN, sizeof(struct ifinfomsg), IFLA_MAX, link_policy, del_prop, NULL,
	  "RTM_DELLINKPROP" },
	{ 0 },
};

static const struct nl_family link_family = {
	.name = "route/link",
	.protocol = NETLINK_ROUTE,
	.pf = AF_UNSPEC,
	.msgs = link_msgs,
};

const struct nl_family *const link_families[] = {
	&link_family,     &bridge_family,   &stats_family, &netconf_family,
	&netconf4_family, &netconf6_family, NULL,
};
