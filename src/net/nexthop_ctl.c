/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*NEXTHOP and RTM_GETNEXTHOPBUCKET. Checks, their order and their words are those of Linux's rtm_to_nh_config(). */
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "net/ctl_util.h"
#include "net/nexthop.h"

/* Newer than some headers. */
enum {
	NHA_OP_FLAGS_ = 14,
	NHA_GROUP_STATS_ = 15,
	NHA_HW_STATS_ENABLE_ = 16,
	NHA_HW_STATS_USED_ = 17,
	NHA_LAST = NHA_HW_STATS_USED_,
};
enum { STATS_ENTRY = 1, STATS_ENTRY_ID = 1, STATS_ENTRY_PACKETS = 2 };
enum { OP_DUMP_STATS = 1, OP_DUMP_HW_STATS = 2 };
static const uint32_t op_resp_grp_resvd_0 = 1u << 31;

/* struct nexthop_grp, whose third member was not always called so. */
struct group_entry {
	uint32_t id;
	uint8_t weight, weight_high;
	uint16_t resvd2;
};
static_assert(sizeof(struct group_entry) == sizeof(struct nexthop_grp), "as in NHA_GROUP");

enum { TICK_US = 10000, IDLE_DEFAULT_S = 120 };

static const struct nl_policy res_policy[NHA_RES_GROUP_MAX + 1] = {
	[NHA_RES_GROUP_BUCKETS] = { NL_U16, .name = "NHA_RES_GROUP_BUCKETS" },
	[NHA_RES_GROUP_IDLE_TIMER] = { NL_U32, .name = "NHA_RES_GROUP_IDLE_TIMER",
				       .help = "hundredths of a second" },
	[NHA_RES_GROUP_UNBALANCED_TIMER] = { NL_U32, .name = "NHA_RES_GROUP_UNBALANCED_TIMER",
					     .help = "hundredths of a second" },
};
static const struct nl_policy res_bucket_policy[NHA_RES_BUCKET_MAX + 1] = {
	[NHA_RES_BUCKET_INDEX] = { NL_U16, .name = "NHA_RES_BUCKET_INDEX" },
	[NHA_RES_BUCKET_NH_ID] = { NL_U32, .name = "NHA_RES_BUCKET_NH_ID" },
};
static const struct nl_policy new_policy[NHA_LAST + 1] = {
	[NHA_ID] = { NL_U32, .name = "NHA_ID" },
	[NHA_GROUP] = { NL_BYTES, .name = "NHA_GROUP", .help = "struct nexthop_grp, several" },
	[NHA_GROUP_TYPE] = { NL_U16, .name = "NHA_GROUP_TYPE", .help = "0 hash-threshold, 1 resilient" },
	[NHA_BLACKHOLE] = { NL_FLAG, .name = "NHA_BLACKHOLE" },
	[NHA_OIF] = { NL_U32, .name = "NHA_OIF" },
	[NHA_GATEWAY] = { NL_BYTES, .name = "NHA_GATEWAY" },
	[NHA_ENCAP_TYPE] = { NL_U16, .name = "NHA_ENCAP_TYPE", .help = "refused" },
	[NHA_ENCAP] = { NL_NESTED, .name = "NHA_ENCAP", .help = "refused" },
	[NHA_FDB] = { NL_FLAG, .name = "NHA_FDB" },
	[NHA_RES_GROUP] = { NL_NESTED, .nested = res_policy, .max_attr = NHA_RES_GROUP_MAX,
			    .name = "NHA_RES_GROUP" },
	[NHA_HW_STATS_ENABLE_] = { NL_U32, .name = "NHA_HW_STATS_ENABLE",
				   .help = "kept; there is no such hardware" },
};
static const struct nl_policy get_policy[NHA_LAST + 1] = {
	[NHA_ID] = { NL_U32, .name = "NHA_ID" },
	[NHA_OP_FLAGS_] = { NL_U32, .name = "NHA_OP_FLAGS", .help = "1: with statistics" },
};
static const struct nl_policy del_policy[NHA_ID + 1] = {
	[NHA_ID] = { NL_U32, .name = "NHA_ID" },
};
static const struct nl_policy dump_policy[NHA_LAST + 1] = {
	[NHA_OIF] = { NL_U32, .name = "NHA_OIF" },
	[NHA_GROUPS] = { NL_FLAG, .name = "NHA_GROUPS" },
	[NHA_MASTER] = { NL_U32, .name = "NHA_MASTER" },
	[NHA_FDB] = { NL_FLAG, .name = "NHA_FDB" },
	[NHA_OP_FLAGS_] = { NL_U32, .name = "NHA_OP_FLAGS" },
};
static const struct nl_policy bucket_policy[NHA_RES_BUCKET + 1] = {
	[NHA_ID] = { NL_U32, .name = "NHA_ID" },
	[NHA_OIF] = { NL_U32, .name = "NHA_OIF" },
	[NHA_MASTER] = { NL_U32, .name = "NHA_MASTER" },
	[NHA_RES_BUCKET] = { NL_NESTED, .nested = res_bucket_policy, .max_attr = NHA_RES_BUCKET_MAX,
			     .name = "NHA_RES_BUCKET" },
};

/* --- out --- */

static void put_res(struct nl_buf *b, const struct nexthop_res *res)
{
	uint64_t now = res->st->rt->ctl->now_us;
	uint64_t for_us = res->unbalanced_since_us ? now - res->unbalanced_since_us : 0;
	size_t nest = nl_nest(b, NHA_RES_GROUP);
	nl_put_u16(b, NHA_RES_GROUP_BUCKETS, (uint16_t)res->buckets->n);
	nl_put_u32(b, NHA_RES_GROUP_IDLE_TIMER, ticks_of_us(res->idle_us));
	nl_put_u32(b, NHA_RES_GROUP_UNBALANCED_TIMER, ticks_of_us(res->unbalanced_us));
	nl_put_u64(b, NHA_RES_GROUP_UNBALANCED_TIME, for_us / TICK_US, NHA_RES_GROUP_PAD);
	nl_nest_end(b, nest);
}

static void put_stats(struct nl_buf *b, const struct leat_stack *st, const struct nexthop *nh)
{
	size_t all = nl_nest(b, NHA_GROUP_STATS_);
	for (unsigned i = 0; i < nh->n_members; i++) {
		uint64_t n = 0;
		for (unsigned w = 0; w < st->n_workers; w++)
			n += racy_get(nh->members[i].hits->n[w]);
		size_t one = nl_nest(b, STATS_ENTRY);
		nl_put_u32(b, STATS_ENTRY_ID, nh->members[i].id);
		nl_put(b, STATS_ENTRY_PACKETS, &n, n > UINT32_MAX ? 8 : 4); /* Linux: as short as it may be */
		nl_nest_end(b, one);
	}
	nl_nest_end(b, all);
}

static void put_group(struct nl_buf *b, const struct leat_stack *st, const struct nexthop *nh, uint32_t op)
{
	if (nh->fdb)
		nl_put_flag(b, NHA_FDB);
	nl_put_u16(b, NHA_GROUP_TYPE, nh->res ? NEXTHOP_GRP_TYPE_RES : NEXTHOP_GRP_TYPE_MPATH);
	struct group_entry *g = nl_put_room(b, NHA_GROUP, nh->n_members * sizeof *g);
	for (unsigned i = 0; g && i < nh->n_members; i++) {
		unsigned weight = nh->members[i].weight - 1u;
		g[i] = (struct group_entry){ .id = nh->members[i].id,
					     .weight = (uint8_t)weight,
					     .weight_high = (uint8_t)(weight >> 8) }; /* its upper half */
	}
	if (nh->res)
		put_res(b, nh->res);
	if (op & OP_DUMP_STATS) {
		nl_put_u32(b, NHA_HW_STATS_ENABLE_, nh->hw_stats);
		put_stats(b, st, nh);
		if (op & OP_DUMP_HW_STATS)
			nl_put_u32(b, NHA_HW_STATS_USED_, 0);
	}
	nl_put_u32(b, NHA_OP_FLAGS_, op_resp_grp_resvd_0);
}

static void put_way(struct nl_buf *b, struct leat_stack *st, const struct nexthop *nh)
{
	uint32_t oif = ifindex_of(st, nh->hop.if_handle);
	if (nh->blackhole) {
		nl_put_flag(b, NHA_BLACKHOLE);
		return;
	}
	if (nh->fdb)
		nl_put_flag(b, NHA_FDB);
	else if (oif)
		nl_put_u32(b, NHA_OIF, oif);
	if (nh->hop.gw_family)
		put_addr(b, NHA_GATEWAY, nh->hop.gw_family, &nh->hop.gw);
}

/* Linux: of one whose interface has no carrier, too, though it goes with it. */
static int nexthop_put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags,
		       uint32_t seq, uint32_t portid, const struct nexthop *nh, uint32_t op)
{
	struct nhmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct nhmsg){ .nh_family = nh->is_group ? AF_UNSPEC : nh->family,
				     .nh_scope = nh->is_group || nh->blackhole ? 0 : nh->scope,
				     .nh_protocol = nh->protocol,
				     .nh_flags = nh->flags };
	nl_put_u32(b, NHA_ID, nh->id);
	if (nh->is_group)
		put_group(b, st, nh, op);
	else
		put_way(b, st, nh);
	return nl_end(b);
}

struct told {
	struct leat_stack *st;
	const struct nexthop *nh;
	uint32_t bucket;
	uint16_t nlm_flags;
};

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	nexthop_put(b, t->st, type, t->nlm_flags, seq, portid, t->nh, 0);
}

void nexthop_tell(struct leat_stack *st, uint16_t type, uint16_t nlm_flags, const struct nexthop *nh)
{
	struct told t = { .st = st, .nh = nh, .nlm_flags = nlm_flags };
	nl_notify(st, NETLINK_ROUTE, RTNLGRP_NEXTHOP, type, fill_told, &t);
}

/* --- in: groups --- */

static int check_entries(struct nl_req *r, const struct group_entry *g, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (g[i].resvd2)
			return nl_bad(r->ext, NULL, -EINVAL, "Reserved field in nexthop_grp must be 0");
		if (g[i].weight == UINT8_MAX && g[i].weight_high == UINT8_MAX)
			return nl_bad(r->ext, NULL, -EINVAL, "Invalid value for weight");
		for (unsigned k = i + 1; k < n; k++)
			if (g[i].id == g[k].id)
				return nl_bad(r->ext, NULL, -EINVAL,
					      "Nexthop id can not be used twice in a group");
	}
	return 0;
}

static int check_member(struct nl_req *r, uint32_t id, unsigned n, uint8_t *fdb_family)
{
	const struct nexthop *nh = nexthop_find(r->st, id);
	bool fdb_group = r->attrs[NHA_FDB];
	if (!nh)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid nexthop id");
	if (nh->is_group)
		return nl_bad(r->ext, NULL, -EINVAL,
			      nh->res ? "Resilient group can not be a nexthop within a group"
				      : "Hash-threshold group can not be a nexthop within a group");
	if (nh->blackhole && n > 1)
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Blackhole nexthop can not be used in a group with more than 1 path");
	if (fdb_group && !nh->fdb)
		return nl_bad(r->ext, NULL, -EINVAL, "FDB nexthop group can only have fdb nexthops");
	if (fdb_group && *fdb_family && *fdb_family != nh->family)
		return nl_bad(r->ext, NULL, -EINVAL, "FDB nexthop group cannot have mixed family nexthops");
	if (!fdb_group && nh->fdb)
		return nl_bad(r->ext, NULL, -EINVAL, "Non FDB nexthop group cannot have fdb nexthops");
	*fdb_family = nh->family;
	return 0;
}

static int check_group(struct nl_req *r, bool resilient)
{
	const struct nlattr *a = r->attrs[NHA_GROUP];
	const struct group_entry *g = mnl_attr_get_payload(a);
	unsigned len = mnl_attr_get_payload_len(a), n = len / (unsigned)sizeof *g;
	uint8_t fdb_family = 0;
	if (!len || len % sizeof(struct group_entry))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid length for nexthop group attribute");
	int err = check_entries(r, g, n);
	for (unsigned i = 0; i < n && !err; i++)
		err = check_member(r, g[i].id, n, &fdb_family);
	for (unsigned t = NHA_GROUP_TYPE + 1; t <= NHA_LAST && !err; t++)
		if (r->attrs[t] && t != NHA_FDB && t != NHA_HW_STATS_ENABLE_ &&
		    !(t == NHA_RES_GROUP && resilient))
			err = nl_bad(r->ext, NULL, -EINVAL,
				     "No other attributes can be set in nexthop groups");
	return err;
}

static uint64_t ticks_attr(const struct nlattr *a)
{
	return (uint64_t)mnl_attr_get_u32(a) * TICK_US;
}

static int read_res(struct nl_req *r, struct nexthop_new *to)
{
	const struct nlattr *a[NHA_RES_GROUP_MAX + 1];
	to->res.idle_us = (uint64_t)IDLE_DEFAULT_S * 1000000;
	if (!r->attrs[NHA_RES_GROUP])
		return 0;
	int err =
		nl_parse_nested(r->attrs[NHA_RES_GROUP], NL_STRICT, res_policy, NHA_RES_GROUP_MAX, a, r->ext);
	if (err)
		return err;
	if (a[NHA_RES_GROUP_BUCKETS]) {
		to->res.has_buckets = true;
		to->res.buckets = mnl_attr_get_u16(a[NHA_RES_GROUP_BUCKETS]);
		if (!to->res.buckets)
			return nl_bad(r->ext, NULL, -EINVAL, "Number of buckets needs to be non-0");
	}
	if (a[NHA_RES_GROUP_IDLE_TIMER]) {
		to->res.has_idle = true;
		to->res.idle_us = ticks_attr(a[NHA_RES_GROUP_IDLE_TIMER]);
	}
	if (a[NHA_RES_GROUP_UNBALANCED_TIMER]) {
		to->res.has_unbalanced = true;
		to->res.unbalanced_us = ticks_attr(a[NHA_RES_GROUP_UNBALANCED_TIMER]);
	}
	return 0;
}

static int read_members(struct nl_req *r, struct nexthop *nh)
{
	const struct nlattr *a = r->attrs[NHA_GROUP];
	const struct group_entry *g = mnl_attr_get_payload(a);
	nh->n_members = (uint16_t)(mnl_attr_get_payload_len(a) / sizeof(struct group_entry));
	nh->members = mem_zalloc(&r->st->mem, nh->n_members * sizeof *nh->members);
	if (!nh->members) {
		nh->n_members = 0;
		return -ENOMEM;
	}
	for (unsigned i = 0; i < nh->n_members; i++)
		nh->members[i] = (struct nexthop_member){
			.id = g[i].id, .weight = (uint16_t)(g[i].weight + (g[i].weight_high << 8) + 1)
		};
	return 0;
}

static int read_group(struct nl_req *r, struct nexthop_new *to)
{
	unsigned type = r->attrs[NHA_GROUP_TYPE] ? mnl_attr_get_u16(r->attrs[NHA_GROUP_TYPE])
						 : NEXTHOP_GRP_TYPE_MPATH;
	if (to->nh.family != AF_UNSPEC)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid family for group");
	if (type > NEXTHOP_GRP_TYPE_MAX)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid group type");
	to->resilient = type == NEXTHOP_GRP_TYPE_RES;
	to->nh.is_group = true;
	if (r->attrs[NHA_HW_STATS_ENABLE_])
		to->nh.hw_stats = mnl_attr_get_u32(r->attrs[NHA_HW_STATS_ENABLE_]);
	int err = check_group(r, to->resilient);
	if (!err && to->resilient)
		err = read_res(r, to);
	return err ? err : read_members(r, &to->nh);
}

/* --- in: single ones --- */

static int read_device(struct nl_req *r, struct nexthop *nh)
{
	if (!nh->fdb && !r->attrs[NHA_OIF])
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Device attribute required for non-blackhole and non-fdb nexthops");
	if (!r->attrs[NHA_OIF])
		return 0;
	const struct iface *i = iface_by_index(r->st, mnl_attr_get_u32(r->attrs[NHA_OIF]));
	if (!i)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid device index");
	if (!(i->flags & IFF_UP))
		return nl_bad(r->ext, NULL, -ENETDOWN, "Nexthop device is not up");
	if (!i->carrier)
		return nl_bad(r->ext, NULL, -ENETDOWN, "Carrier for nexthop device is down");
	nh->hop.if_handle = i->handle;
	return 0;
}

static int read_gateway(struct nl_req *r, struct nexthop *nh)
{
	const struct nlattr *gw = r->attrs[NHA_GATEWAY];
	if (!gw)
		return nh->flags & RTNH_F_ONLINK
			       ? nl_bad(r->ext, NULL, -EINVAL,
					"ONLINK flag can not be set for nexthop without a gateway")
			       : 0;
	if (!addr_of_attr(gw, nh->family, &nh->hop.gw))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid gateway");
	nh->hop.gw_family = ipaddr_is_zero(&nh->hop.gw) ? 0 : nh->family;
	return 0;
}

/* As a route of scope universe would have to satisfy it; and how far the gateway is. */
static int check_way(struct nl_req *r, struct nexthop *nh)
{
	const char *why = NULL;
	struct fib_route as = { .family = nh->family, .table = RT_TABLE_MAIN, .nh.type = RTN_UNICAST };
	nh->scope = nh->family == AF_INET && !nh->hop.gw_family ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	if (nh->fdb)
		return 0;
	fib_nh_put_hop(&as.nh, &nh->hop);
	int err = fib_check_hop(r->st, &as, &why);
	if (err)
		return why ? nl_bad(r->ext, NULL, err, why) : err;
	if (nh->hop.gw_family == AF_INET && fib_addr_type(r->st, AF_INET, &nh->hop.gw) == RTN_LOCAL)
		nh->scope = RT_SCOPE_HOST;
	return 0;
}

static int read_way(struct nl_req *r, struct nexthop *nh)
{
	if (r->attrs[NHA_BLACKHOLE]) {
		if (r->attrs[NHA_GATEWAY] || r->attrs[NHA_OIF] || r->attrs[NHA_ENCAP] ||
		    r->attrs[NHA_ENCAP_TYPE] || r->attrs[NHA_FDB])
			return nl_bad(r->ext, NULL, -EINVAL,
				      "Blackhole attribute can not be used with gateway, oif, encap or fdb");
		const struct iface *lo = iface_by_index(r->st, loopback_index(r->st));
		nh->blackhole = true;
		nh->hop.if_handle = lo ? lo->handle : 0; /* Linux: where what leads nowhere leads */
		return 0;
	}
	int err = read_device(r, nh);
	if (!err)
		err = read_gateway(r, nh);
	if (err)
		return err;
	if (r->attrs[NHA_ENCAP] && !r->attrs[NHA_ENCAP_TYPE])
		return nl_bad(r->ext, NULL, -EINVAL, "LWT encapsulation type is missing");
	if (r->attrs[NHA_ENCAP_TYPE] && !r->attrs[NHA_ENCAP])
		return nl_bad(r->ext, NULL, -EINVAL, "LWT encapsulation attribute is missing");
	if (r->attrs[NHA_ENCAP])
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "lwt encapsulation type not supported");
	if (r->attrs[NHA_HW_STATS_ENABLE_])
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Cannot enable nexthop hardware statistics for non-group nexthops");
	nh->hop.flags = nh->flags;
	return check_way(r, nh);
}

static int read_fdb(struct nl_req *r, struct nexthop *nh)
{
	if (r->attrs[NHA_OIF] || r->attrs[NHA_BLACKHOLE] || r->attrs[NHA_ENCAP] || r->attrs[NHA_ENCAP_TYPE])
		return nl_bad(r->ext, NULL, -EINVAL, "Fdb flag can not be used with encap, oif or blackhole");
	if (nh->flags)
		return nl_bad(r->ext, NULL, -EINVAL, "Unsupported nexthop flags in ancillary header");
	nh->fdb = true;
	return 0;
}

static int read_nexthop(struct nl_req *r, struct nexthop_new *to)
{
	const struct nhmsg *m = r->hdr;
	*to = (struct nexthop_new){
		.nlm_flags = r->msg->nlmsg_flags,
		.nh = { .family = m->nh_family, .protocol = m->nh_protocol, .flags = (uint8_t)m->nh_flags }
	};
	if (m->resvd || m->nh_scope)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in ancillary header");
	if (m->nh_flags & ~(unsigned)RTNH_F_ONLINK)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid nexthop flags in ancillary header");
	if (m->nh_family != AF_INET && m->nh_family != AF_INET6 &&
	    !(m->nh_family == AF_UNSPEC && r->attrs[NHA_GROUP]))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid address family");
	if (r->attrs[NHA_ID])
		to->nh.id = mnl_attr_get_u32(r->attrs[NHA_ID]);
	int err = r->attrs[NHA_FDB] ? read_fdb(r, &to->nh) : 0;
	if (err)
		return err;
	return r->attrs[NHA_GROUP] ? read_group(r, to) : read_way(r, &to->nh);
}

static int new_nexthop(struct nl_req *r)
{
	struct nexthop_new how;
	const char *why = NULL;
	int err = read_nexthop(r, &how);
	if (err)
		return err;
	err = nexthop_add(r->st, &how, &why);
	return err && why ? nl_bad(r->ext, NULL, err, why) : err;
}

/* --- one by its number --- */

static int read_id(struct nl_req *r, const struct nexthop **ret)
{
	const struct nhmsg *m = r->hdr;
	if (m->nh_protocol || m->resvd || m->nh_scope || m->nh_flags)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header");
	if (!r->attrs[NHA_ID])
		return nl_bad(r->ext, NULL, -EINVAL, "Nexthop id is missing");
	if (!mnl_attr_get_u32(r->attrs[NHA_ID]))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid nexthop id");
	*ret = nexthop_find(r->st, mnl_attr_get_u32(r->attrs[NHA_ID]));
	return *ret ? 0 : -ENOENT;
}

static uint32_t op_of(const struct nl_req *r)
{
	return r->attrs[NHA_OP_FLAGS_] ? mnl_attr_get_u32(r->attrs[NHA_OP_FLAGS_]) : 0;
}

static int get_nexthop(struct nl_req *r)
{
	const struct nexthop *nh;
	int err = read_id(r, &nh);
	return err ? err
		   : nexthop_put(r->reply, r->st, RTM_NEWNEXTHOP, 0, r->msg->nlmsg_seq, r->portid, nh,
				 op_of(r));
}

static int del_nexthop(struct nl_req *r)
{
	const struct nexthop *nh;
	int err = read_id(r, &nh);
	if (!err)
		nexthop_remove(r->st, (struct nexthop *)nh);
	return err;
}

/* --- dumps --- */

static int read_dump(struct nl_req *r, uint32_t *ret_handle)
{
	const struct nhmsg *m = r->hdr;
	*ret_handle = 0;
	if (r->attrs[NHA_OIF] && mnl_attr_get_u32(r->attrs[NHA_OIF]) > INT32_MAX)
		return nl_bad(r->ext, r->attrs[NHA_OIF], -EINVAL, "Invalid device index");
	if (r->attrs[NHA_MASTER] && mnl_attr_get_u32(r->attrs[NHA_MASTER]) > INT32_MAX)
		return nl_bad(r->ext, r->attrs[NHA_MASTER], -EINVAL, "Invalid master device index");
	if (m->nh_protocol || m->resvd || m->nh_scope || m->nh_flags)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for nexthop dump request");
	if (r->attrs[NHA_OIF] && mnl_attr_get_u32(r->attrs[NHA_OIF])) {
		const struct iface *i = iface_by_index(r->st, mnl_attr_get_u32(r->attrs[NHA_OIF]));
		*ret_handle = i ? i->handle : UINT32_MAX;
	}
	return 0;
}

/* Linux: a group is of no device and no family. */
static bool is_wanted(const struct nl_req *r, const struct nexthop *nh, uint32_t handle)
{
	uint8_t family = ((const struct nhmsg *)r->hdr)->nh_family;
	if (r->attrs[NHA_GROUPS] && !nh->is_group)
		return false;
	if (!handle && !r->attrs[NHA_MASTER] && !family)
		return true;
	if (nh->is_group)
		return false;
	if (r->attrs[NHA_MASTER] && mnl_attr_get_u32(r->attrs[NHA_MASTER])) /* nothing here has one */
		return false;
	return (!family || family == nh->family) && (!handle || handle == nh->hop.if_handle);
}

static int dump_nexthops(struct nl_req *r, struct nl_dump *d)
{
	const struct nexthop *nh;
	uint32_t handle;
	int err = read_dump(r, &handle);
	if (err)
		return err;
	while ((nh = nexthop_next(r->st, (uint32_t)d->key[0]))) {
		if (is_wanted(r, nh, handle) && nexthop_put(r->reply, r->st, RTM_NEWNEXTHOP, NLM_F_MULTI,
							    r->msg->nlmsg_seq, r->portid, nh, op_of(r)))
			return 1;
		d->key[0] = nh->id;
	}
	return 0;
}

/* --- buckets --- */

static int bucket_put(struct nl_buf *b, struct leat_stack *st, uint16_t nlm_flags, uint32_t seq,
		      uint32_t portid, const struct nexthop *group, uint32_t i)
{
	const struct fib_bucket *k = &group->res->buckets->bucket[i];
	uint64_t used = racy_get(k->used_us), now = st->rt->ctl->now_us;
	struct nhmsg *m = nl_begin(b, RTM_NEWNEXTHOPBUCKET, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct nhmsg){ .nh_protocol = group->protocol };
	nl_put_u32(b, NHA_ID, group->id);
	size_t nest = nl_nest(b, NHA_RES_BUCKET);
	nl_put_u16(b, NHA_RES_BUCKET_INDEX, (uint16_t)i);
	nl_put_u64(b, NHA_RES_BUCKET_IDLE_TIME, now > used ? (now - used) / TICK_US : 0, NHA_RES_BUCKET_PAD);
	nl_put_u32(b, NHA_RES_BUCKET_NH_ID, group->members[k->way].id);
	nl_nest_end(b, nest);
	return nl_end(b);
}

static void fill_bucket(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	bucket_put(b, t->st, NLM_F_REPLACE, seq, portid, t->nh, t->bucket);
}

void nexthop_tell_bucket(struct leat_stack *st, const struct nexthop *group, uint32_t bucket)
{
	struct told t = { .st = st, .nh = group, .bucket = bucket };
	nl_notify(st, NETLINK_ROUTE, RTNLGRP_NEXTHOP, RTM_NEWNEXTHOPBUCKET, fill_bucket, &t);
}

static int check_resilient(struct nl_req *r, const struct nexthop *nh)
{
	if (!nh->is_group)
		return nl_bad(r->ext, NULL, -EINVAL, "Not a nexthop group");
	return nh->res ? 0 : nl_bad(r->ext, NULL, -EINVAL, "Nexthop group not of type resilient");
}

static int get_bucket(struct nl_req *r)
{
	const struct nlattr *a[NHA_RES_BUCKET_MAX + 1];
	const struct nexthop *nh;
	int err = read_id(r, &nh);
	if (err == -ENOENT)
		return -ENOENT; /* Linux: nexthop_find_group_resilient() */
	if (!err && !r->attrs[NHA_RES_BUCKET])
		return nl_bad(r->ext, NULL, -EINVAL, "Bucket information is missing");
	if (!err)
		err = nl_parse_nested(r->attrs[NHA_RES_BUCKET], NL_STRICT, res_bucket_policy,
				      NHA_RES_BUCKET_MAX, a, r->ext);
	if (err)
		return err;
	if (!a[NHA_RES_BUCKET_INDEX])
		return nl_bad(r->ext, NULL, -EINVAL, "Bucket index is missing");
	err = check_resilient(r, nh);
	if (err)
		return err;
	uint16_t i = mnl_attr_get_u16(a[NHA_RES_BUCKET_INDEX]);
	if (i >= nh->res->buckets->n)
		return nl_bad(r->ext, NULL, -ENOENT, "Bucket index out of bounds");
	return bucket_put(r->reply, r->st, 0, r->msg->nlmsg_seq, r->portid, nh, i);
}

struct bucket_filter {
	uint32_t handle, nh_id;
};

static bool bucket_is_wanted(const struct nl_req *r, const struct bucket_filter *f, const struct nexthop *nh,
			     uint32_t i)
{
	const struct nexthop *way = nexthop_find(r->st, nh->members[nh->res->buckets->bucket[i].way].id);
	return way && (!f->nh_id || f->nh_id == way->id) && (!f->handle || f->handle == way->hop.if_handle) &&
	       !(r->attrs[NHA_MASTER] && mnl_attr_get_u32(r->attrs[NHA_MASTER]));
}

static int dump_group(struct nl_req *r, struct nl_dump *d, const struct bucket_filter *f,
		      const struct nexthop *nh)
{
	for (; d->key[1] < nh->res->buckets->n; d->key[1]++)
		if (bucket_is_wanted(r, f, nh, (uint32_t)d->key[1]) &&
		    bucket_put(r->reply, r->st, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, nh,
			       (uint32_t)d->key[1]))
			return 1;
	d->key[1] = 0;
	return 0;
}

static int read_bucket_dump(struct nl_req *r, struct bucket_filter *f, uint32_t *ret_id)
{
	const struct nlattr *a[NHA_RES_BUCKET_MAX + 1];
	*f = (struct bucket_filter){ 0 };
	*ret_id = 0;
	int err = read_dump(r, &f->handle);
	if (!err && r->attrs[NHA_RES_BUCKET]) {
		err = nl_parse_nested(r->attrs[NHA_RES_BUCKET], NL_STRICT, res_bucket_policy,
				      NHA_RES_BUCKET_MAX, a, r->ext);
		if (!err && a[NHA_RES_BUCKET_NH_ID])
			f->nh_id = mnl_attr_get_u32(a[NHA_RES_BUCKET_NH_ID]);
	}
	if (err || !r->attrs[NHA_ID])
		return err;
	*ret_id = mnl_attr_get_u32(r->attrs[NHA_ID]);
	const struct nexthop *nh = nexthop_find(r->st, *ret_id);
	return nh ? check_resilient(r, nh) : -ENOENT;
}

static int dump_buckets(struct nl_req *r, struct nl_dump *d)
{
	struct bucket_filter f;
	const struct nexthop *nh;
	uint32_t id;
	int err = read_bucket_dump(r, &f, &id);
	if (err)
		return err;
	while ((nh = nexthop_next(r->st, (uint32_t)d->key[0]))) {
		if (nh->res && (!id || id == nh->id) && dump_group(r, d, &f, nh))
			return 1;
		d->key[0] = nh->id;
	}
	return 0;
}

enum { HDR = sizeof(struct nhmsg) };
static const struct nl_msg nexthop_msgs[] = {
	{ RTM_NEWNEXTHOP, NL_ADMIN, HDR, NHA_LAST, new_policy, new_nexthop, NULL, "RTM_NEWNEXTHOP" },
	{ RTM_DELNEXTHOP, NL_ADMIN, HDR, NHA_ID, del_policy, del_nexthop, NULL, "RTM_DELNEXTHOP" },
	{ RTM_GETNEXTHOP, 0, HDR, NHA_LAST, get_policy, get_nexthop, NULL, "RTM_GETNEXTHOP" },
	{ RTM_GETNEXTHOP, 0, HDR, NHA_LAST, dump_policy, NULL, dump_nexthops, "RTM_GETNEXTHOP" },
	{ RTM_GETNEXTHOPBUCKET, 0, HDR, NHA_RES_BUCKET, bucket_policy, get_bucket, dump_buckets,
	  "RTM_GETNEXTHOPBUCKET" },
	{ 0 },
};

const struct nl_family nexthop_family = {
	.name = "route/nexthop", .protocol = NETLINK_ROUTE, .msgs = nexthop_msgs, .parse_flags = NL_STRICT
};
