/* SPDX-License-Identifier: BSD-2-Clause */
/* What listeners of netlink hear of router advertisements: prefixes (RTM_NEWPREFIX) and options that are for user space, whole
 * (RTM_NEWNDUSEROPT: resolvers, search lists, captive portals, NAT64 prefixes). */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "ip/ra.h"
#include "net/notify.h"

#ifndef IF_PREFIX_ONLINK
enum { IF_PREFIX_ONLINK = 1, IF_PREFIX_AUTOCONF = 2 };
#endif

struct told {
	const struct iface *i;
	const struct nd_prefix_msg *prefix;
	const struct ip6 *src;
	struct cursor option;
};

static void fill_prefix(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	struct prefixmsg *m = nl_begin(b, type, 0, seq, portid, sizeof *m);
	struct prefix_cacheinfo ci = { .preferred_time = t->prefix->preferred_s,
				       .valid_time = t->prefix->valid_s };
	if (m)
		*m = (struct prefixmsg){
			.prefix_family = AF_INET6,
			.prefix_ifindex = (int)t->i->ifindex,
			.prefix_type = ND_OPT_PREFIX,
			.prefix_len = t->prefix->plen,
			.prefix_flags = (t->prefix->flags & ND_PREFIX_ON_LINK ? IF_PREFIX_ONLINK : 0) |
					(t->prefix->flags & ND_PREFIX_AUTONOMOUS ? IF_PREFIX_AUTOCONF : 0),
		};
	nl_put(b, PREFIX_ADDRESS, &t->prefix->prefix, sizeof t->prefix->prefix);
	nl_put(b, PREFIX_CACHEINFO, &ci, sizeof ci);
	nl_end(b);
}

void ra_tell_prefix(struct leat_stack *st, const struct iface *i, const struct nd_prefix_msg *p)
{
	struct told t = { .i = i, .prefix = p };
	nl_notify(st, NETLINK_ROUTE, RTNLGRP_IPV6_PREFIX, RTM_NEWPREFIX, fill_prefix, &t);
}

static void fill_option(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	struct cursor c = t->option;
	uint32_t len = cur_left(&c);
	struct nduseroptmsg *m = nl_begin(b, type, 0, seq, portid, sizeof *m + len);
	if (m) {
		*m = (struct nduseroptmsg){
			.nduseropt_family = AF_INET6,
			.nduseropt_opts_len = (uint16_t)len,
			.nduseropt_ifindex = (int)t->i->ifindex,
			.nduseropt_icmp_type = ICMP6_ROUTER_ADVERT,
		};
		cur_copy(&c, m + 1, len);
	}
	nl_put(b, NDUSEROPT_SRCADDR, t->src, sizeof *t->src);
	nl_end(b);
}

void ra_tell_option(struct leat_stack *st, const struct iface *i, const struct ip6 *src, struct cursor option)
{
	struct told t = { .i = i, .src = src, .option = option };
	nl_notify(st, NETLINK_ROUTE, RTNLGRP_ND_USEROPT, RTM_NEWNDUSEROPT, fill_option, &t);
}
