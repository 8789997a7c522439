/* SPDX-License-Identifier: BSD-2-Clause */
/* NETLINK_ROUTE: which family serves a request. Order of the checks and their errors as Linux's rtnetlink_rcv_msg(). */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* The last two bits of an rtnetlink type. */
enum rtnl_kind { KIND_NEW, KIND_DEL, KIND_GET, KIND_SET };

/* The row that does (or dumps) `type` for exactly this protocol family. */
static const struct nl_msg *find_exact(const struct leat_stack *st, uint8_t pf, uint16_t type, bool dump,
				       const struct nl_family **ret_family)
{
	struct nl_family_iter it = { 0 };
	const struct nl_family *f;
	while ((f = nl_family_next(st, NETLINK_ROUTE, &it))) {
		if (f->pf != pf)
			continue;
		for (const struct nl_msg *m = f->msgs; m->name; m++) {
			if (m->type != type || !(dump ? (void *)m->dump : (void *)m->doit))
				continue;
			*ret_family = f;
			return m;
		}
	}
	return NULL;
}

static const struct nl_row *find(const struct leat_stack *st, uint8_t pf, uint16_t type, bool dump)
{
	struct nl_row *r = &nl_state(st)->row;
	if (r->msg && r->type == type && r->pf == pf && r->dump == dump &&
	    r->modules_changed == st->modules_changed)
		return r;
	*r = (struct nl_row){ .modules_changed = st->modules_changed, .type = type, .pf = pf, .dump = dump };
	r->msg = find_exact(st, pf, type, dump, &r->family);
	if (!r->msg)
		r->msg = find_exact(st, AF_UNSPEC, type, dump, &r->family);
	return r;
}

static int rtnl_receive(struct nl_sock *s, const struct nlmsghdr *h, struct nl_ext *ext, struct nl_buf *reply)
{
	enum rtnl_kind kind = h->nlmsg_type & 3;

	if (h->nlmsg_type > RTM_MAX)
		return -EOPNOTSUPP;
	if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(struct rtgenmsg))
		return 0; /* Linux: ignored */
	uint8_t pf = ((const struct rtgenmsg *)((const uint8_t *)h + NLMSG_HDRLEN))->rtgen_family;
	if (kind != KIND_GET && !s->creds.may_configure)
		return -EPERM;
	bool dump = kind == KIND_GET && h->nlmsg_flags & NLM_F_DUMP;
	const struct nl_row row = *find(s->st, pf, h->nlmsg_type, dump);
	if (!row.msg)
		return -EOPNOTSUPP;
	if (dump)
		return nl_dump_begin(s, row.family, row.msg, h);
	struct nl_call c = {
		.sock = s,
		.msg = row.msg,
		.h = h,
		.ext = ext,
		.reply = reply,
		.parse_flags = row.family->parse_flags |
			       (kind == KIND_GET && s->flags & NL_F_STRICT ? NL_STRICT : 0),
	};
	return nl_call(&c);
}

/* Up to RTNLGRP_IPV6_ACADDR, which older headers do not know. */
enum { RTNL_GROUPS_MIN = 39, RTNL_GROUPS = RTNLGRP_MAX > RTNL_GROUPS_MIN ? RTNLGRP_MAX : RTNL_GROUPS_MIN };

const struct nl_proto nl_route = {
	.protocol = NETLINK_ROUTE,
	.name = "route",
	.n_groups = RTNL_GROUPS,
	.receive = rtnl_receive,
};
