/* SPDX-License-Identifier: BSD-2-Clause */
/* What a netlink family declares: message types with their policies and handlers, as tables. The sockets, groups,
 * transactions and dumps that serve them are in netlink/. */
#ifndef LEAT_NLMSG_FAMILY_H
#define LEAT_NLMSG_FAMILY_H

#include "nlmsg/nlmsg.h"

struct leat_stack;
struct nl_req;

/* State a dump keeps between two receives: keys, never pointers. The first call finds it zeroed. */
struct nl_dump {
	uint64_t key[8];
	void *priv; /* freed with free() at the end */
	uint16_t flags; /* for DONE: NLM_F_DUMP_FILTERED */
	bool wait; /* set with 1 and nothing put: what comes next is not there yet; call again in a moment */
};

/* A request as a handler sees it. */
struct nl_req {
	struct leat_stack *st;
	const struct nlmsghdr *msg;
	const void *hdr; /* the family header (ifinfomsg, ...), at least hdr_len bytes */
	const struct nlattr *const *attrs; /* indexed by type up to max_attr, checked against the policy */
	struct nl_ext *ext;
	bool strict; /* NETLINK_GET_STRICT_CHK */
	bool may_configure; /* the sender is root or the daemon's user; checked for NL_ADMIN messages */
	uint32_t portid, uid; /* the sender's */
	struct nl_buf *reply; /* doit: messages put here go to the sender before the ack. dump: one batch */
	void *sock; /* the sender's socket (struct nl_sock), for families that keep something per socket */
};

enum nl_msg_flags {
	NL_ADMIN = 1, /* needs the right to configure */
};

struct nl_msg {
	uint16_t type; /* RTM_NEWLINK; generic netlink: the command */
	uint16_t flags;
	uint16_t hdr_len; /* of the family header */
	uint16_t max_attr;
	const struct nl_policy *policy;
	int (*doit)(struct nl_req *r); /* 0 or -errno */
	/* Puts messages until the table ends (return 0) or one does not fit (return 1: call again). -errno ends the dump. */
	int (*dump)(struct nl_req *r, struct nl_dump *d);
	const char *name; /* "RTM_NEWLINK" */
};

struct nl_family {
	const char *name; /* "route/link"; generic netlink: the family's name */
	int protocol; /* NETLINK_ROUTE, NETLINK_GENERIC */
	uint8_t pf; /* route: AF_INET ... or AF_UNSPEC for all */
	uint16_t version; /* generic netlink */
	const struct nl_msg *msgs; /* ends with name NULL */
	unsigned parse_flags; /* enum nl_parse_flags: what it asks for whatever the socket says */
	const char *const *mcgrps; /* generic netlink: names, NULL-terminated */
};

/* Puts one message that tells of a change (net/notify.h). seq and portid are those of the request that caused it, or 0. */
typedef void nl_fill_fn(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what);

#endif
