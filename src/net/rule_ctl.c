/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*RULE: rules in and out, with the checks, their order and their words as in Linux's net/core/fib_rules.c, net/ipv4/fib_rules.c
 * and net/ipv6/fib6_rules.c. */
#include "net/rule_ctl.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>

#include "net/ctl_util.h"
#include "net/rule_internal.h"

/* Newer than some installed headers. */
enum {
	RULE_A_DSCP = 25,
	RULE_A_FLOWLABEL,
	RULE_A_FLOWLABEL_MASK,
	RULE_A_SPORT_MASK,
	RULE_A_DPORT_MASK,
	RULE_A_DSCP_MASK,
	RULE_A_MAX = RULE_A_DSCP_MASK,
};
enum { ECN_BITS = 3, TOS_MASK = 0x1e, DSCP_MAX = 63, DSFIELD_MASK = 0xfc, FLOW_LABEL_MASK = 0xfffff };

static const struct nl_policy rule_policy[RULE_A_MAX + 1] = {
	[FRA_DST] = { NL_BYTES, .name = "FRA_DST" },
	[FRA_SRC] = { NL_BYTES, .name = "FRA_SRC" },
	[FRA_IIFNAME] = { NL_STRING, .max = IFNAMSIZ - 1, .name = "FRA_IIFNAME" },
	[FRA_GOTO] = { NL_U32, .name = "FRA_GOTO" },
	[FRA_PRIORITY] = { NL_U32, .name = "FRA_PRIORITY" },
	[FRA_FWMARK] = { NL_U32, .name = "FRA_FWMARK" },
	[FRA_FLOW] = { NL_U32, .name = "FRA_FLOW", .help = "realms, kept and shown; IPv4" },
	[FRA_TUN_ID] = { NL_U64, .name = "FRA_TUN_ID", .help = "kept; no packet has one" },
	[FRA_SUPPRESS_IFGROUP] = { NL_U32, .name = "FRA_SUPPRESS_IFGROUP" },
	[FRA_SUPPRESS_PREFIXLEN] = { NL_U32, .name = "FRA_SUPPRESS_PREFIXLEN" },
	[FRA_TABLE] = { NL_U32, .name = "FRA_TABLE" },
	[FRA_FWMASK] = { NL_U32, .name = "FRA_FWMASK" },
	[FRA_OIFNAME] = { NL_STRING, .max = IFNAMSIZ - 1, .name = "FRA_OIFNAME" },
	[FRA_L3MDEV] = { NL_U8, .name = "FRA_L3MDEV" },
	[FRA_UID_RANGE] = { NL_BYTES, .min = 8, .name = "FRA_UID_RANGE", .help = "first and last" },
	[FRA_PROTOCOL] = { NL_U8, .name = "FRA_PROTOCOL" },
	[FRA_IP_PROTO] = { NL_U8, .name = "FRA_IP_PROTO" },
	[FRA_SPORT_RANGE] = { NL_BYTES, .min = 4, .name = "FRA_SPORT_RANGE", .help = "first and last" },
	[FRA_DPORT_RANGE] = { NL_BYTES, .min = 4, .name = "FRA_DPORT_RANGE", .help = "first and last" },
	[RULE_A_DSCP] = { NL_U8, .max = DSCP_MAX, .name = "FRA_DSCP" },
	[RULE_A_FLOWLABEL] = { NL_BE32, .name = "FRA_FLOWLABEL" },
	[RULE_A_FLOWLABEL_MASK] = { NL_BE32, .name = "FRA_FLOWLABEL_MASK" },
	[RULE_A_SPORT_MASK] = { NL_U16, .name = "FRA_SPORT_MASK" },
	[RULE_A_DPORT_MASK] = { NL_U16, .name = "FRA_DPORT_MASK" },
	[RULE_A_DSCP_MASK] = { NL_U8, .max = DSCP_MAX, .name = "FRA_DSCP_MASK" },
};

/* --- in --- */

static uint32_t get_u32(const struct nl_req *r, uint16_t type, uint32_t otherwise)
{
	return r->attrs[type] ? mnl_attr_get_u32(r->attrs[type]) : otherwise;
}

static int read_addr(struct nl_req *r, uint16_t type, uint8_t plen, struct ipaddr *to, const char *why)
{
	uint8_t family = ((const struct fib_rule_hdr *)r->hdr)->family;
	if (!plen)
		return 0;
	if (!r->attrs[type] || plen > addr_len(family) * 8 || !addr_of_attr(r->attrs[type], family, to))
		return nl_bad(r->ext, NULL, -EINVAL, why);
	return 0;
}

static int read_uids(struct nl_req *r, struct rule *to)
{
	const struct fib_rule_uid_range *u =
		r->attrs[FRA_UID_RANGE] ? mnl_attr_get_payload(r->attrs[FRA_UID_RANGE]) : NULL;
	to->uid_last = UINT32_MAX;
	if (!u)
		return 0;
	if (u->start == UINT32_MAX || u->end == UINT32_MAX || u->start > u->end)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid uid range");
	to->has_uids = true;
	to->uid_first = u->start;
	to->uid_last = u->end;
	return 0;
}

static int read_ports(struct nl_req *r, uint16_t type, uint16_t mask_type, const char *why,
		      struct rule_ports *to)
{
	const struct nlattr *range = r->attrs[type], *mask = r->attrs[mask_type];
	if (range) {
		const struct fib_rule_port_range *p = mnl_attr_get_payload(range);
		if (!p->start || !p->end || p->end == UINT16_MAX || p->start > p->end)
			return nl_bad(r->ext, NULL, -EINVAL, why);
		*to = (struct rule_ports){ p->start, p->end, p->start == p->end ? UINT16_MAX : 0 };
	}
	if (!mask)
		return 0;
	if (!range)
		return nl_bad(r->ext, mask, -EINVAL, "Cannot specify port mask without port value");
	if (to->first != to->last)
		return nl_bad(r->ext, mask, -EINVAL, "Cannot specify port mask for port range");
	to->mask = mnl_attr_get_u16(mask);
	return to->first & ~to->mask ? nl_bad(r->ext, mask, -EINVAL, "Invalid port mask") : 0;
}

static int read_names(struct nl_req *r, struct rule *to)
{
	if (r->attrs[FRA_IIFNAME] && !attr_copy_name(r->attrs[FRA_IIFNAME], to->iif, sizeof to->iif))
		return -EINVAL;
	if (r->attrs[FRA_OIFNAME] && !attr_copy_name(r->attrs[FRA_OIFNAME], to->oif, sizeof to->oif))
		return -EINVAL;
	return 0;
}

static void read_mark(struct nl_req *r, struct rule *to)
{
	to->mark = get_u32(r, FRA_FWMARK, 0);
	to->mark_mask = get_u32(r, FRA_FWMASK, to->mark ? UINT32_MAX : 0);
	if (r->attrs[FRA_TUN_ID])
		memcpy(&to->tun_id, mnl_attr_get_payload(r->attrs[FRA_TUN_ID]), sizeof to->tun_id);
}

static int read_action(struct nl_req *r, struct rule *to)
{
	const struct fib_rule_hdr *h = r->hdr;
	to->action = h->action;
	to->flags = h->flags;
	to->table = get_u32(r, FRA_TABLE, h->table);
	to->suppress_plen = get_u32(r, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	to->suppress_group = get_u32(r, FRA_SUPPRESS_IFGROUP, UINT32_MAX);
	to->target = get_u32(r, FRA_GOTO, 0);
	if (r->attrs[FRA_L3MDEV]) {
		to->l3mdev = mnl_attr_get_u8(r->attrs[FRA_L3MDEV]);
		if (to->l3mdev != 1)
			return nl_bad(r->ext, NULL, -EINVAL, "Invalid l3mdev attribute");
	}
	if (r->attrs[FRA_GOTO] && to->action != FR_ACT_GOTO)
		return nl_bad(r->ext, NULL, -EINVAL, "Unexpected goto");
	if (!r->attrs[FRA_GOTO] && to->action == FR_ACT_GOTO)
		return nl_bad(r->ext, NULL, -EINVAL, "Missing goto target for action goto");
	if (to->l3mdev && to->table)
		return nl_bad(r->ext, NULL, -EINVAL, "l3mdev and table are mutually exclusive");
	return 0;
}

/* Linux: fib_nl2rule(). */
static int read_rule(struct nl_req *r, struct rule *to)
{
	const struct fib_rule_hdr *h = r->hdr;
	*to = (struct rule){ .family = h->family, .src_plen = h->src_len, .dst_plen = h->dst_len };
	if (h->family != AF_INET && h->family != AF_INET6)
		return nl_bad(r->ext, NULL, -EAFNOSUPPORT, "Rule family not supported");
	int err = read_addr(r, FRA_SRC, h->src_len, &to->src, "Invalid source address");
	if (!err)
		err = read_addr(r, FRA_DST, h->dst_len, &to->dst, "Invalid dst address");
	if (!err)
		err = read_names(r, to);
	if (err)
		return err;
	to->protocol = r->attrs[FRA_PROTOCOL] ? mnl_attr_get_u8(r->attrs[FRA_PROTOCOL]) : RTPROT_UNSPEC;
	read_mark(r, to);
	err = read_action(r, to);
	if (!err)
		err = read_uids(r, to);
	if (err)
		return err;
	to->ip_proto = r->attrs[FRA_IP_PROTO] ? mnl_attr_get_u8(r->attrs[FRA_IP_PROTO]) : 0;
	err = read_ports(r, FRA_SPORT_RANGE, RULE_A_SPORT_MASK, "Invalid sport range", &to->sport);
	if (!err)
		err = read_ports(r, FRA_DPORT_RANGE, RULE_A_DPORT_MASK, "Invalid dport range", &to->dport);
	if (err)
		return err;
	to->priority = get_u32(r, FRA_PRIORITY, rule_default_priority(r->st, to->family));
	if (r->attrs[FRA_GOTO] && to->target <= to->priority)
		return nl_bad(r->ext, NULL, -EINVAL, "Backward goto not supported");
	return 0;
}

/* --- what the family reads --- */

static int read_dscp(struct nl_req *r, struct rule *to)
{
	const struct nlattr *dscp = r->attrs[RULE_A_DSCP], *mask = r->attrs[RULE_A_DSCP_MASK];
	if (dscp) {
		if (to->dsfield)
			return nl_bad(r->ext, NULL, -EINVAL, "Cannot specify both TOS and DSCP");
		to->dsfield = (uint8_t)(mnl_attr_get_u8(dscp) << 2);
		to->dsmask = DSFIELD_MASK;
	}
	if (!mask)
		return 0;
	if (!dscp)
		return nl_bad(r->ext, mask, -EINVAL, "Cannot specify DSCP mask without DSCP value");
	to->dsmask = (uint8_t)(mnl_attr_get_u8(mask) << 2);
	return to->dsfield & ~to->dsmask ? nl_bad(r->ext, mask, -EINVAL, "Invalid DSCP mask") : 0;
}

static int read_flow(struct nl_req *r, struct rule *to)
{
	const struct nlattr *flow = r->attrs[RULE_A_FLOWLABEL], *mask = r->attrs[RULE_A_FLOWLABEL_MASK];
	be32 v;
	if (!flow && !mask)
		return 0;
	if (to->family == AF_INET)
		return nl_bad(r->ext, NULL, -EINVAL, "Flow label cannot be specified for IPv4 FIB rules");
	if (!flow || !mask)
		return nl_missing(r->ext, NULL, flow ? RULE_A_FLOWLABEL_MASK : RULE_A_FLOWLABEL, NULL);
	memcpy(&v, mnl_attr_get_payload(flow), sizeof v);
	to->flow = be32_get(v);
	memcpy(&v, mnl_attr_get_payload(mask), sizeof v);
	to->flow_mask = be32_get(v);
	if (to->flow_mask & ~(uint32_t)FLOW_LABEL_MASK)
		return nl_bad(r->ext, mask, -EINVAL, "Invalid flow label mask");
	return to->flow & ~to->flow_mask ? nl_bad(r->ext, NULL, -EINVAL, "Flow label and mask do not match")
					 : 0;
}

/* Linux: fib_empty_table(). */
static uint32_t empty_table(struct leat_stack *st)
{
	uint32_t id = 1;
	while (id < UINT32_MAX && fib_has_table(st, AF_INET, id))
		id++;
	return id;
}

static int read_table(struct nl_req *r, struct rule *to)
{
	if (to->action != FR_ACT_TO_TBL || to->l3mdev)
		return 0;
	if (to->family == AF_INET) {
		if (!to->table)
			to->table = empty_table(r->st);
		return 0;
	}
	if (!to->table)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid table");
	struct fib_table *t = fib_table_make(r->st, AF_INET6, to->table);
	if (!t)
		return -ENOBUFS;
	t->shown = true;
	return 0;
}

/* Linux: fib4_rule_configure(), fib6_rule_configure(). */
static int configure(struct nl_req *r, struct rule *to)
{
	const struct fib_rule_hdr *h = r->hdr;
	int err = to->family == AF_INET ? read_flow(r, to) : 0;
	if (err)
		return err;
	if (h->tos & ECN_BITS)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	if (to->family == AF_INET && h->tos & ~TOS_MASK)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid tos");
	to->dsfield = h->tos;
	err = read_dscp(r, to);
	if (!err && to->family == AF_INET6)
		err = read_flow(r, to);
	if (!err && to->family == AF_INET) {
		to->realms = get_u32(r, FRA_FLOW, 0);
		fib_state(r->st)->had_rules = true;
	}
	return err ? err : read_table(r, to);
}

/* --- which rule is meant --- */

static bool same_ports(const struct rule_ports *a, const struct rule_ports *b)
{
	return a->first == b->first && a->last == b->last;
}

/* Linux: fib4_rule_compare(): what the request does not say matches anything. */
static bool same_addresses(const struct nl_req *q, const struct rule *r, const struct rule *want)
{
	const struct fib_rule_hdr *h = q->hdr;
	const struct nlattr *dscp = q->attrs[RULE_A_DSCP], *dscp_mask = q->attrs[RULE_A_DSCP_MASK];
	const struct nlattr *flow = q->attrs[RULE_A_FLOWLABEL], *flow_mask = q->attrs[RULE_A_FLOWLABEL_MASK];
	be32 v;
	if (h->src_len && (r->src_plen != h->src_len || !ipaddr_eq(&r->src, &want->src)))
		return false;
	if (h->dst_len && (r->dst_plen != h->dst_len || !ipaddr_eq(&r->dst, &want->dst)))
		return false;
	if (q->attrs[FRA_FLOW] && h->family == AF_INET && r->realms != mnl_attr_get_u32(q->attrs[FRA_FLOW]))
		return false;
	if (h->tos && (r->dsmask || r->dsfield != h->tos))
		return false;
	if (dscp && (!r->dsmask || r->dsfield != (uint8_t)(mnl_attr_get_u8(dscp) << 2)))
		return false;
	if (dscp_mask && r->dsmask != (uint8_t)(mnl_attr_get_u8(dscp_mask) << 2))
		return false;
	if (flow && (memcpy(&v, mnl_attr_get_payload(flow), sizeof v), r->flow != be32_get(v)))
		return false;
	return !(flow_mask &&
		 (memcpy(&v, mnl_attr_get_payload(flow_mask), sizeof v), r->flow_mask != be32_get(v)));
}

static bool same_rest(const struct rule *a, const struct rule *b)
{
	return a->action == b->action && a->table == b->table && a->priority == b->priority &&
	       !strcmp(a->iif, b->iif) && !strcmp(a->oif, b->oif) && a->mark == b->mark &&
	       a->suppress_group == b->suppress_group && a->suppress_plen == b->suppress_plen &&
	       a->mark_mask == b->mark_mask && a->tun_id == b->tun_id && a->l3mdev == b->l3mdev &&
	       a->has_uids == b->has_uids && a->uid_first == b->uid_first && a->uid_last == b->uid_last &&
	       a->ip_proto == b->ip_proto && a->protocol == b->protocol && same_ports(&a->sport, &b->sport) &&
	       same_ports(&a->dport, &b->dport) && a->sport.mask == b->sport.mask &&
	       a->dport.mask == b->dport.mask;
}

/* Linux: rule_find(). */
static bool is_meant(const struct nl_req *q, const struct rule *r, const struct rule *w)
{
	if ((w->action && r->action != w->action) || (w->table && r->table != w->table) ||
	    (q->attrs[FRA_PRIORITY] && r->priority != w->priority))
		return false;
	if ((w->iif[0] && strcmp(r->iif, w->iif)) || (w->oif[0] && strcmp(r->oif, w->oif)))
		return false;
	if ((w->mark && r->mark != w->mark) || (w->mark_mask && r->mark_mask != w->mark_mask) ||
	    (w->tun_id && r->tun_id != w->tun_id) || (w->l3mdev && r->l3mdev != w->l3mdev))
		return false;
	if ((w->suppress_group != UINT32_MAX && r->suppress_group != w->suppress_group) ||
	    (w->suppress_plen != UINT32_MAX && r->suppress_plen != w->suppress_plen))
		return false;
	if (w->has_uids && (!r->has_uids || r->uid_first != w->uid_first || r->uid_last != w->uid_last))
		return false;
	if ((w->ip_proto && r->ip_proto != w->ip_proto) || (w->protocol && r->protocol != w->protocol))
		return false;
	if ((w->sport.first && !same_ports(&r->sport, &w->sport)) ||
	    (w->dport.first && !same_ports(&r->dport, &w->dport)) ||
	    (w->sport.mask && r->sport.mask != w->sport.mask) ||
	    (w->dport.mask && r->dport.mask != w->dport.mask))
		return false;
	return same_addresses(q, r, w);
}

static int new_rule(struct nl_req *q)
{
	struct rule rule;
	int err = read_rule(q, &rule);
	if (err)
		return err;
	for (const struct rule *r = NULL;
	     q->msg->nlmsg_flags & NLM_F_EXCL && (r = rule_next(q->st, rule.family, r));)
		if (same_rest(r, &rule) && same_addresses(q, r, &rule))
			return -EEXIST;
	err = configure(q, &rule);
	return err ? err : rule_add(q->st, &rule);
}

static int del_rule(struct nl_req *q)
{
	struct rule want;
	const struct rule *r = NULL;
	int err = read_rule(q, &want);
	if (err)
		return err;
	while ((r = rule_next(q->st, want.family, r)) && !is_meant(q, r, &want)) {}
	if (!r)
		return -ENOENT;
	if (r->flags & FIB_RULE_PERMANENT)
		return -EPERM;
	if (r->family == AF_INET)
		fib_state(q->st)->had_rules = true; /* Linux: fib_unmerge() */
	rule_delete(q->st, (struct rule *)r);
	return 0;
}

/* --- out --- */

static void put_ports(struct nl_buf *b, uint16_t type, uint16_t mask_type, const struct rule_ports *p)
{
	const struct fib_rule_port_range range = { p->first, p->last };
	if (p->first)
		nl_put(b, type, &range, sizeof range);
	if (p->mask)
		nl_put_u16(b, mask_type, p->mask);
}

static void put_matches(struct nl_buf *b, const struct rule *r)
{
	const struct fib_rule_uid_range uids = { r->uid_first, r->uid_last };
	if (r->priority)
		nl_put_u32(b, FRA_PRIORITY, r->priority);
	if (r->mark)
		nl_put_u32(b, FRA_FWMARK, r->mark);
	if (r->mark_mask || r->mark)
		nl_put_u32(b, FRA_FWMASK, r->mark_mask);
	if (r->target)
		nl_put_u32(b, FRA_GOTO, r->target);
	if (r->tun_id)
		nl_put_u64(b, FRA_TUN_ID, r->tun_id, FRA_PAD);
	if (r->l3mdev)
		nl_put_u8(b, FRA_L3MDEV, r->l3mdev);
	if (r->has_uids)
		nl_put(b, FRA_UID_RANGE, &uids, sizeof uids);
	put_ports(b, FRA_SPORT_RANGE, RULE_A_SPORT_MASK, &r->sport);
	put_ports(b, FRA_DPORT_RANGE, RULE_A_DPORT_MASK, &r->dport);
	if (r->ip_proto)
		nl_put_u8(b, FRA_IP_PROTO, r->ip_proto);
	if (r->suppress_group != UINT32_MAX)
		nl_put_u32(b, FRA_SUPPRESS_IFGROUP, r->suppress_group);
}

static void put_addresses(struct nl_buf *b, const struct rule *r)
{
	be32 v = be32_of(r->flow);
	if (r->dsmask) {
		nl_put_u8(b, RULE_A_DSCP, r->dsfield >> 2);
		nl_put_u8(b, RULE_A_DSCP_MASK, r->dsmask >> 2);
	}
	if (r->flow_mask) {
		nl_put(b, RULE_A_FLOWLABEL, &v, sizeof v);
		v = be32_of(r->flow_mask);
		nl_put(b, RULE_A_FLOWLABEL_MASK, &v, sizeof v);
	}
	if (r->dst_plen)
		put_addr(b, FRA_DST, r->family, &r->dst);
	if (r->src_plen)
		put_addr(b, FRA_SRC, r->family, &r->src);
	if (r->realms)
		nl_put_u32(b, FRA_FLOW, r->realms);
}

/* Linux: fib_nl_fill_rule(). */
static int rule_put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t flags, uint32_t seq,
		    uint32_t portid, const struct rule *r)
{
	struct fib_rule_hdr *h = nl_begin(b, type, flags, seq, portid, sizeof *h);
	if (h)
		*h = (struct fib_rule_hdr){ .family = r->family,
					    .dst_len = r->dst_plen,
					    .src_len = r->src_plen,
					    .tos = r->dsmask ? 0 : r->dsfield,
					    .table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_COMPAT),
					    .action = r->action,
					    .flags = r->flags | rule_state_flags(st, r) };
	nl_put_u32(b, FRA_TABLE, r->table);
	nl_put_u32(b, FRA_SUPPRESS_PREFIXLEN, r->suppress_plen);
	nl_put_u8(b, FRA_PROTOCOL, r->protocol);
	if (r->iif[0])
		nl_put_str(b, FRA_IIFNAME, r->iif);
	if (r->oif[0])
		nl_put_str(b, FRA_OIFNAME, r->oif);
	put_matches(b, r);
	put_addresses(b, r);
	return nl_end(b);
}

struct told {
	struct leat_stack *st;
	const struct rule *r;
};

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	rule_put(b, t->st, type, 0, seq, portid, t->r);
}

void rule_tell(struct leat_stack *st, uint16_t type, const struct rule *r)
{
	struct told t = { .st = st, .r = r };
	nl_notify(st, NETLINK_ROUTE, r->family == AF_INET ? RTNLGRP_IPV4_RULE : RTNLGRP_IPV6_RULE, type,
		  fill_told, &t);
}

/* The place of a dump: family, priority and serial of the last one shown, 0 before the first. */
enum { KEY_FAMILY, KEY_PRIORITY, KEY_SERIAL };

static int dump_family(struct nl_req *q, struct nl_dump *d, uint8_t family)
{
	struct rule last = { .priority = (uint32_t)d->key[KEY_PRIORITY], .serial = d->key[KEY_SERIAL] };
	const struct rule *r = rule_next(q->st, family, last.serial ? &last : NULL);
	for (; r; r = rule_next(q->st, family, r)) {
		if (rule_put(q->reply, q->st, RTM_NEWRULE, NLM_F_MULTI, q->msg->nlmsg_seq, q->portid, r))
			return 1;
		d->key[KEY_PRIORITY] = r->priority;
		d->key[KEY_SERIAL] = r->serial;
	}
	return 0;
}

static int dump_rules(struct nl_req *q, struct nl_dump *d)
{
	const struct fib_rule_hdr *h = q->hdr;
	if (q->strict &&
	    (h->dst_len || h->src_len || h->tos || h->table || h->res1 || h->res2 || h->action || h->flags))
		return nl_bad(q->ext, NULL, -EINVAL, "Invalid values in header for fib rule dump request");
	if (!d->key[KEY_FAMILY])
		d->key[KEY_FAMILY] = h->family == AF_INET6 ? AF_INET6 : AF_INET;
	for (;;) {
		if (dump_family(q, d, (uint8_t)d->key[KEY_FAMILY]))
			return 1;
		if (d->key[KEY_FAMILY] == AF_INET6 || h->family == AF_INET)
			return 0;
		d->key[KEY_FAMILY] = AF_INET6;
		d->key[KEY_PRIORITY] = d->key[KEY_SERIAL] = 0;
	}
}

enum { HDR = sizeof(struct fib_rule_hdr) };
static const struct nl_msg rule_msgs[] = {
	{ RTM_GETRULE, 0, HDR, 0, NULL, NULL, dump_rules, "RTM_GETRULE" },
	{ RTM_NEWRULE, NL_ADMIN, HDR, RULE_A_MAX, rule_policy, new_rule, NULL, "RTM_NEWRULE" },
	{ RTM_DELRULE, NL_ADMIN, HDR, RULE_A_MAX, rule_policy, del_rule, NULL, "RTM_DELRULE" },
	{ 0 },
};

const struct nl_family rule_family = {
	.name = "route/rule", .protocol = NETLINK_ROUTE, .pf = AF_UNSPEC, .msgs = rule_msgs
};
