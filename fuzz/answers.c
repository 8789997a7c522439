/* SPDX-License-Identifier: BSD-2-Clause */
#include "answers.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/if_addrlabel.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "fuzz.h"
#include "netlink/netlink_internal.h"

/* Of the family header; -1: not looked into. */
static int header_len(uint16_t type, bool generic)
{
	if (generic)
		return type >= NLMSG_MIN_TYPE ? (int)GENL_HDRLEN : -1;
	switch (type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return sizeof(struct ifinfomsg);
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_GETMULTICAST:
	case RTM_GETANYCAST:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return sizeof(struct rtmsg);
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return sizeof(struct fib_rule_hdr);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return sizeof(struct ndmsg);
	case RTM_NEWNEIGHTBL:
		return sizeof(struct ndtmsg);
	case RTM_NEWSTATS:
		return sizeof(struct if_stats_msg);
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
	case RTM_NEWNEXTHOPBUCKET:
		return sizeof(struct nhmsg);
	case RTM_NEWADDRLABEL:
	case RTM_DELADDRLABEL:
		return sizeof(struct ifaddrlblmsg);
	default:
		return -1;
	}
}

static void check_attributes(const struct nlmsghdr *h, size_t header)
{
	const struct nlattr *a;
	size_t left = mnl_nlmsg_get_payload_len(h);
	fuzz_check(left >= header);
	left -= NLMSG_ALIGN(header);
	for (a = mnl_nlmsg_get_payload_offset(h, header); mnl_attr_ok(a, (int)left); a = mnl_attr_next(a)) {
		fuzz_check(left >= NLMSG_ALIGN((size_t)a->nla_len));
		left -= NLMSG_ALIGN((size_t)a->nla_len);
	}
	fuzz_check(left == 0);
}

static void print_answer(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(h) >= sizeof *e)
		printf("  %u: %s\n", e->msg.nlmsg_type, e->error ? strerror(-e->error) : "done");
	else
		printf("  answer %u\n", h->nlmsg_type);
}

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct receiver *r = ctx;
	const struct nlmsghdr *h = bytes;
	int left = (int)len;
	if (!r->room)
		return -EAGAIN;
	r->room--;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		int header = header_len(h->nlmsg_type, r->generic);
		if (r->verbose)
			print_answer(h);
		if (header >= 0)
			check_attributes(h, (size_t)header);
	}
	fuzz_check(left == 0);
	return 0;
}

const struct nl_sock_ops answers_ops = { .deliver = deliver };
