/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_NEWLINK as far as it is about the kind of device. */
#ifndef LEAT_NET_LINK_CREATE_H
#define LEAT_NET_LINK_CREATE_H

#include <linux/rtnetlink.h>

#include "net/iface.h"
#include "nlmsg/family.h"

/* An interface, and what the request says of it. */
struct link_born {
	struct iface *i; /* NULL: there is none */
	struct ifinfomsg hdr;
	const struct nlattr *attrs[IFLA_MAX + 1];
	bool took_number; /* of a pair that did not come: the other end's is gone all the same */
};

/* Makes the interface that IFLA_LINKINFO describes, down and quiet (iface.quiet), and with a pair its other end; everything else in
 * the request is the caller's to apply. The policies are those of IFLA_* and IFLA_INFO_*. 0 or -errno with an extended ack. Control
 * lcore. */
int link_create(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy,
		struct link_born *ret_link, struct link_born *ret_peer);
/* RTM_NEWLINK for one that is there: what IFLA_LINKINFO says of it. */
int link_change(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy,
		struct iface *i, bool *ret_changed);

/* What a kind says of a request by itself, before anybody looks for what it is about. 0 or -errno with an extended ack. */
int link_validate(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy);

bool link_kind_is_known(struct leat_stack *st, const char *linux_name);

#endif
