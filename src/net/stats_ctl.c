/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_GETSTATS: counters of interfaces, of which a request names the kinds. Order of checks, errors and words as in Linux's
 * rtnl_stats_get() and rtnl_stats_dump(). What no device here has (statistics of bridges, of offloads) is left out as there. */
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"
#include "net/link_fill.h"
#include "net/stats_ctl.h"

enum {
	KINDS = (1 << (IFLA_STATS_MAX + 1)) - 2,
	BIT_LINK_64 = 1 << (IFLA_STATS_LINK_64 - 1),
	BIT_OFFLOAD = 1 << (IFLA_STATS_LINK_OFFLOAD_XSTATS - 1),
	BIT_AF_SPEC = 1 << (IFLA_STATS_AF_SPEC - 1),
	BIT_HW_S_INFO = 1 << (IFLA_OFFLOAD_XSTATS_HW_S_INFO - 1),
};

static const struct nl_policy stats_policy[IFLA_STATS_GETSET_MAX + 1] = {
	[IFLA_STATS_GET_FILTERS] = { NL_NESTED, .name = "IFLA_STATS_GET_FILTERS",
				     .help = "a nest of masks by kind" },
};

/* Which of the offload kind's own kinds; all when nothing is said. */
static uint32_t offload_mask(const struct nl_req *r)
{
	const struct nlattr *a;
	uint32_t mask = UINT32_MAX;
	if (r->attrs[IFLA_STATS_GET_FILTERS])
		mnl_attr_for_each_nested(
			a, r->attrs[IFLA_STATS_GET_FILTERS]) if (mnl_attr_get_type(a) ==
									 IFLA_STATS_LINK_OFFLOAD_XSTATS &&
								 mnl_attr_get_payload_len(a) >= sizeof mask)
			mask = mnl_attr_get_u32(a);
	return mask;
}

/* Nobody counts in hardware. */
static void put_offload(struct nl_buf *b, uint32_t mask)
{
	if (!(mask & BIT_HW_S_INFO))
		return;
	size_t kind = nl_nest_noflag(b, IFLA_STATS_LINK_OFFLOAD_XSTATS),
	       info = nl_nest(b, IFLA_OFFLOAD_XSTATS_HW_S_INFO),
	       l3 = nl_nest(b, IFLA_OFFLOAD_XSTATS_L3_STATS);
	nl_put_u8(b, IFLA_OFFLOAD_XSTATS_HW_S_INFO_REQUEST, 0);
	nl_put_u8(b, IFLA_OFFLOAD_XSTATS_HW_S_INFO_USED, 0);
	nl_nest_end(b, l3);
	nl_nest_end(b, info);
	nl_nest_end(b, kind);
}

static int put(struct nl_req *r, uint16_t flags, const struct iface *i)
{
	const struct if_stats_msg *asked = r->hdr;
	struct nl_buf *b = r->reply;
	struct if_stats_msg *m = nl_begin(b, RTM_NEWSTATS, flags, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct if_stats_msg){ .ifindex = i->ifindex, .filter_mask = asked->filter_mask };
	if (asked->filter_mask & BIT_LINK_64) {
		struct rtnl_link_stats64 s;
		link_stats64(i, &s);
		nl_put_aligned64(b, IFLA_STATS_LINK_64, &s, sizeof s, IFLA_STATS_UNSPEC);
	}
	if (asked->filter_mask & BIT_OFFLOAD)
		put_offload(b, offload_mask(r));
	if (asked->filter_mask & BIT_AF_SPEC)
		nl_nest_end(b, nl_nest_noflag(b, IFLA_STATS_AF_SPEC));
	return nl_end(b);
}

static int check(const struct nl_req *r, bool is_dump)
{
	const struct if_stats_msg *m = r->hdr;
	if (!r->strict)
		return 0;
	if (m->pad1 || m->pad2 || (is_dump && m->ifindex))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for stats dump request");
	if (m->filter_mask >= 1u << IFLA_STATS_MAX)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid stats requested through filter mask");
	return 0;
}

static int get_stats(struct nl_req *r)
{
	const struct if_stats_msg *m = r->hdr;
	int err = check(r, false);
	if (err)
		return err;
	const struct iface *i = m->ifindex ? iface_by_index(r->st, m->ifindex) : NULL;
	if (!i)
		return m->ifindex ? -ENODEV : -EINVAL;
	if (!m->filter_mask)
		return nl_bad(r->ext, NULL, -EINVAL, "Filter mask must be set for stats get");
	return put(r, 0, i);
}

static int dump_stats(struct nl_req *r, struct nl_dump *d)
{
	const struct if_stats_msg *m = r->hdr;
	int err = check(r, true);
	if (err)
		return err;
	if (!m->filter_mask)
		return nl_bad(r->ext, NULL, -EINVAL, "Filter mask must be set for stats dump");
	for (struct iface *i; (i = iface_next(r->st, (uint32_t)d->key[0])); d->key[0] = i->ifindex)
		if (put(r, NLM_F_MULTI, i))
			return 1;
	return 0;
}

static const struct nl_msg stats_msgs[] = {
	{ RTM_GETSTATS, 0, sizeof(struct if_stats_msg), IFLA_STATS_GETSET_MAX, stats_policy, get_stats,
	  dump_stats, "RTM_GETSTATS" },
	{ 0 },
};

const struct nl_family stats_family = {
	.name = "route/stats",
	.protocol = NETLINK_ROUTE,
	.pf = AF_UNSPEC,
	.msgs = stats_msgs,
};
