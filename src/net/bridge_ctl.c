/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_BRIDGE: what `bridge` asks for while there are no bridges. No interface is a port, so lists are empty, and who would change a port is
 * refused as Linux refuses it for a device that is none (rtnl_bridge_setlink(), rtnl_fdb_add()). What is shown of devices, and can be
 * added with `self`, are the addresses that they take beside their own (net/hw_list.h). */
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>

#include "net/bridge_ctl.h"
#include "net/ctl_util.h"
#include "net/hw_list.h"
#include "net/notify.h"

static const struct nl_policy port_policy[IFLA_MAX + 1] = {
	[IFLA_EXT_MASK] = { NL_U32, .name = "IFLA_EXT_MASK" },
};
static const struct nl_policy fdb_policy[NDA_MAX + 1] = {
	[NDA_LLADDR] = { NL_BYTES, .name = "NDA_LLADDR", .help = "6 bytes" },
	[NDA_VLAN] = { NL_U16, .name = "NDA_VLAN", .help = "refused" },
	[NDA_IFINDEX] = { NL_U32, .name = "NDA_IFINDEX", .help = "a filter in dumps" },
	[NDA_MASTER] = { NL_U32, .name = "NDA_MASTER", .help = "a filter in dumps" },
};

static int dump_nothing(struct nl_req *r, struct nl_dump *d)
{
	return 0;
}

static int set_port(struct nl_req *r)
{
	const struct ifinfomsg *m = r->hdr;
	return iface_by_index(r->st, (uint32_t)m->ifi_index)
		       ? -EOPNOTSUPP
		       : nl_bad(r->ext, NULL, -ENODEV, "unknown ifindex");
}

/* --- addresses of devices --- */

struct fdb_told {
	const struct iface *i;
	const uint8_t *mac;
	uint16_t state, nlm_flags;
};

/* Linux: nlmsg_populate_fdb_fill() */
static int put_fdb(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const struct fdb_told *t)
{
	struct ndmsg *m = nl_begin(b, type, t->nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ndmsg){ .ndm_family = AF_BRIDGE,
				     .ndm_ifindex = (int)t->i->ifindex,
				     .ndm_state = t->state,
				     .ndm_flags = NTF_SELF };
	nl_put(b, NDA_LLADDR, t->mac, ETH_ALEN);
	return nl_end(b);
}

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	put_fdb(b, type, seq, portid, what);
}

/* KEY_IF: the ifindex being shown; KEY_N: how many of its addresses were. */
enum { KEY_IF, KEY_N };

static int dump_fdb_of(struct nl_req *r, struct nl_dump *d, const struct iface *i)
{
	uint64_t n = 0;
	const struct hw_addr *a;
	for (unsigned k = 0; k < ARRAY_SIZE(i->hw); k++)
		list_for_each (a, &i->hw[k], link) {
			const struct fdb_told t = { i, a->mac, NUD_PERMANENT, NLM_F_MULTI };
			if (n++ < d->key[KEY_N])
				continue;
			if (put_fdb(r->reply, RTM_NEWNEIGH, r->msg->nlmsg_seq, r->portid, &t))
				return 1;
			d->key[KEY_N] = n;
		}
	return 0;
}

/* Of a bridge there is nothing to show, and a device is asked for by NDA_IFINDEX, or, by an old tool, as in a request for links. */
static bool wants_fdb_of(const struct nl_req *r, const struct iface *i)
{
	const struct nlattr *index = r->attrs[NDA_IFINDEX], *master = r->attrs[NDA_MASTER];
	uint32_t wanted =
		index ? mnl_attr_get_u32(index) : (uint32_t)((const struct ndmsg *)r->hdr)->ndm_ifindex;
	return i->hw_type == ARPHRD_ETHER && (!wanted || wanted == i->ifindex) &&
	       !(master && mnl_attr_get_u32(master));
}

static int dump_fdb(struct nl_req *r, struct nl_dump *d)
{
	const struct iface *i = d->key[KEY_IF] ? iface_by_index(r->st, (uint32_t)d->key[KEY_IF]) : NULL;
	i = i ? i : iface_next(r->st, (uint32_t)d->key[KEY_IF]);
	for (; i; i = iface_next(r->st, i->ifindex), d->key[KEY_N] = 0) {
		d->key[KEY_IF] = i->ifindex;
		if (wants_fdb_of(r, i) && dump_fdb_of(r, d, i))
			return 1;
	}
	d->key[KEY_IF] = UINT32_MAX;
	return 0;
}

static int check_fdb(struct nl_req *r, const char *no_ethernet, struct iface **ret)
{
	const struct ndmsg *m = r->hdr;
	const struct nlattr *mac = r->attrs[NDA_LLADDR];
	if (!m->ndm_ifindex)
		return nl_bad(r->ext, NULL, -EINVAL, "invalid ifindex");
	struct iface *i = iface_by_index(r->st, (uint32_t)m->ndm_ifindex);
	if (!i)
		return nl_bad(r->ext, NULL, -ENODEV, "unknown ifindex");
	if (!mac || mnl_attr_get_payload_len(mac) != ETH_ALEN)
		return nl_bad(r->ext, NULL, -EINVAL, "invalid address");
	if (i->hw_type != ARPHRD_ETHER)
		return nl_bad(r->ext, NULL, -EINVAL, no_ethernet);
	*ret = i;
	/* Linux says why in its log */
	if (m->ndm_flags & NTF_SELF &&
	    (r->attrs[NDA_VLAN] || (m->ndm_state && !(m->ndm_state & NUD_PERMANENT))))
		return -EINVAL;
	return m->ndm_flags & NTF_SELF ? 0 : -EOPNOTSUPP;
}

static void tell_fdb(struct nl_req *r, uint16_t type, const struct iface *i, const uint8_t *mac)
{
	const struct fdb_told t = { i, mac, ((const struct ndmsg *)r->hdr)->ndm_state, 0 };
	nl_notify(r->st, NETLINK_ROUTE, RTNLGRP_NEIGH, type, fill_told, &t);
}

/* Linux: ndo_dflt_fdb_add(). */
static int add_fdb(struct nl_req *r)
{
	struct iface *i;
	int err = check_fdb(r, "FDB add only supported for Ethernet devices", &i);
	if (err)
		return err;
	const uint8_t *mac = mnl_attr_get_payload(r->attrs[NDA_LLADDR]);
	err = hw_list_add(i, hw_list_by_mac(mac), mac, HW_FOR_FDB);
	if (err == -EEXIST && !(r->msg->nlmsg_flags & NLM_F_EXCL))
		err = 0;
	if (!err)
		tell_fdb(r, RTM_NEWNEIGH, i, mac);
	return err;
}

static int del_fdb(struct nl_req *r)
{
	struct iface *i;
	int err = check_fdb(r, "FDB delete only supported for Ethernet devices", &i);
	if (err)
		return err;
	const uint8_t *mac = mnl_attr_get_payload(r->attrs[NDA_LLADDR]);
	err = hw_list_remove(i, hw_list_by_mac(mac), mac, HW_FOR_FDB);
	if (!err)
		tell_fdb(r, RTM_DELNEIGH, i, mac);
	return err;
}

enum { LINK = sizeof(struct ifinfomsg), NEIGH = sizeof(struct ndmsg), MDB = sizeof(struct br_port_msg) };
static const struct nl_msg bridge_msgs[] = {
	{ RTM_GETLINK, 0, LINK, IFLA_MAX, port_policy, NULL, dump_nothing, "RTM_GETLINK" },
	{ RTM_SETLINK, NL_ADMIN, LINK, IFLA_MAX, port_policy, set_port, NULL, "RTM_SETLINK" },
	{ RTM_DELLINK, NL_ADMIN, LINK, IFLA_MAX, port_policy, set_port, NULL, "RTM_DELLINK" },
	{ RTM_GETNEIGH, 0, NEIGH, NDA_MAX, fdb_policy, NULL, dump_fdb, "RTM_GETNEIGH" },
	{ RTM_NEWNEIGH, NL_ADMIN, NEIGH, NDA_MAX, fdb_policy, add_fdb, NULL, "RTM_NEWNEIGH" },
	{ RTM_DELNEIGH, NL_ADMIN, NEIGH, NDA_MAX, fdb_policy, del_fdb, NULL, "RTM_DELNEIGH" },
	{ RTM_GETMDB, 0, MDB, 0, NULL, NULL, dump_nothing, "RTM_GETMDB" },
	{ 0 },
};

const struct nl_family bridge_family = {
	.name = "route/bridge",
	.protocol = NETLINK_ROUTE,
	.pf = AF_BRIDGE,
	.msgs = bridge_msgs,
};
