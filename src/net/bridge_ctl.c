/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_BRIDGE: what `bridge` asks for while there are no bridges. No interface is a port, so lists are empty, and who would change a port is
 * refused as Linux refuses it for a device that is none (rtnl_bridge_setlink(), rtnl_fdb_add()). Entries of a device's own (self) cannot
 * be added. */
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>

#include "net/bridge_ctl.h"
#include "net/ctl_util.h"

static const struct nl_policy port_policy[IFLA_MAX + 1] = {
	[IFLA_EXT_MASK] = { NL_U32, .name = "IFLA_EXT_MASK" },
};
static const struct nl_policy fdb_policy[NDA_MAX + 1] = {
	[NDA_LLADDR] = { NL_BYTES, .name = "NDA_LLADDR" },
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

static int check_fdb(struct nl_req *r, const char *no_ethernet)
{
	const struct ndmsg *m = r->hdr;
	const struct nlattr *mac = r->attrs[NDA_LLADDR];
	if (!m->ndm_ifindex)
		return nl_bad(r->ext, NULL, -EINVAL, "invalid ifindex");
	const struct iface *i = iface_by_index(r->st, (uint32_t)m->ndm_ifindex);
	if (!i)
		return nl_bad(r->ext, NULL, -ENODEV, "unknown ifindex");
	if (!mac || mnl_attr_get_payload_len(mac) != ETH_ALEN)
		return nl_bad(r->ext, NULL, -EINVAL, "invalid address");
	return i->hw_type == ARPHRD_ETHER ? 0 : nl_bad(r->ext, NULL, -EINVAL, no_ethernet);
}

static int add_fdb(struct nl_req *r)
{
	int err = check_fdb(r, "FDB add only supported for Ethernet devices");
	return err ? err : nl_bad(r->ext, NULL, -EOPNOTSUPP, "Devices keep no addresses beside their own");
}

static int del_fdb(struct nl_req *r)
{
	int err = check_fdb(r, "FDB delete only supported for Ethernet devices");
	return err ? err : -ENOENT;
}

enum { LINK = sizeof(struct ifinfomsg), NEIGH = sizeof(struct ndmsg), MDB = sizeof(struct br_port_msg) };
static const struct nl_msg bridge_msgs[] = {
	{ RTM_GETLINK, 0, LINK, IFLA_MAX, port_policy, NULL, dump_nothing, "RTM_GETLINK" },
	{ RTM_SETLINK, NL_ADMIN, LINK, IFLA_MAX, port_policy, set_port, NULL, "RTM_SETLINK" },
	{ RTM_DELLINK, NL_ADMIN, LINK, IFLA_MAX, port_policy, set_port, NULL, "RTM_DELLINK" },
	{ RTM_GETNEIGH, 0, NEIGH, NDA_MAX, fdb_policy, NULL, dump_nothing, "RTM_GETNEIGH" },
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
