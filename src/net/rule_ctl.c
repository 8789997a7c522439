/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_GETRULE: the rules that are always there, as Linux makes them. There are no others yet; adding one is refused as an
 * unknown request. */
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"
#include "net/rule_ctl.h"

static const struct {
	uint8_t family;
	uint8_t table;
	uint32_t priority;
} rules[] = {
	{ AF_INET, RT_TABLE_LOCAL, 0 },       { AF_INET, RT_TABLE_MAIN, 32766 },
	{ AF_INET, RT_TABLE_DEFAULT, 32767 }, { AF_INET6, RT_TABLE_LOCAL, 0 },
	{ AF_INET6, RT_TABLE_MAIN, 32766 },
};

static int put(struct nl_req *r, unsigned i)
{
	struct nl_buf *b = r->reply;
	struct fib_rule_hdr *h =
		nl_begin(b, RTM_NEWRULE, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, sizeof *h);
	if (h)
		*h = (struct fib_rule_hdr){ .family = rules[i].family,
					    .table = rules[i].table,
					    .action = FR_ACT_TO_TBL };
	nl_put_u32(b, FRA_TABLE, rules[i].table);
	nl_put_u32(b, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	nl_put_u8(b, FRA_PROTOCOL, RTPROT_KERNEL);
	if (rules[i].priority)
		nl_put_u32(b, FRA_PRIORITY, rules[i].priority);
	return nl_end(b);
}

static int dump_rules(struct nl_req *r, struct nl_dump *d)
{
	const struct fib_rule_hdr *h = r->hdr;
	if (r->strict && (h->dst_len || h->src_len || h->tos || h->table || h->action || h->flags))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for fib rule dump request");
	for (; d->key[0] < ARRAY_SIZE(rules); d->key[0]++)
		if ((!h->family || rules[d->key[0]].family == h->family) && put(r, (unsigned)d->key[0]))
			return 1;
	return 0;
}

static const struct nl_msg rule_msgs[] = {
	{ RTM_GETRULE, 0, sizeof(struct fib_rule_hdr), 0, NULL, NULL, dump_rules, "RTM_GETRULE" },
	{ 0 },
};

const struct nl_family rule_family = {
	.name = "route/rule", .protocol = NETLINK_ROUTE, .pf = AF_UNSPEC, .msgs = rule_msgs
};
