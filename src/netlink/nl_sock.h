/* SPDX-License-Identifier: BSD-2-Clause */
/* A netlink socket as its user sees it: sockd behind an application's descriptor, the daemon itself, or a test. All calls
 * run on the control lcore. Nothing blocks: messages go out through ops->deliver while the receiver takes them, and wait
 * in the socket, up to its receive buffer, while it does not. */
#ifndef LEAT_NETLINK_NL_SOCK_H
#define LEAT_NETLINK_NL_SOCK_H

#include <sys/types.h>

#include "core/stack.h"
#include "nlmsg/family.h"

struct nl_sock;

struct nl_creds {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* autobind takes it as the port, when free */
	bool may_configure; /* messages that change the stack; others get EPERM */
};

struct nl_sock_ops {
	/* One datagram for the receiver: one or more whole messages. 0: taken. -EAGAIN (or -ENOBUFS): full; it is kept, and
	 * nothing more is offered before nl_sock_writable(). Any other error: the receiver is gone, the datagram is dropped.
	 * group is 0 for unicast, else the number of the multicast group (NETLINK_PKTINFO). Must not free the socket. */
	int (*deliver)(void *ctx, const void *bytes, size_t len_bytes, uint32_t src_portid, uint32_t group);
	/* The next receive is to say err once (ENOBUFS: messages were lost). May be NULL. */
	void (*error)(void *ctx, int err);
};

/* creds are copied, ops borrowed. 0, -EPROTONOSUPPORT (no family of that protocol is loaded), -ENOMEM. */
int nl_sock_new(struct leat_stack *st, int protocol, const struct nl_creds *creds,
		const struct nl_sock_ops *ops, void *ctx, struct nl_sock **ret_sock);
void nl_sock_free(struct nl_sock *s); /* NULL is welcome */

/* The receiver drained: sends what waits and goes on with a dump. */
void nl_sock_writable(struct nl_sock *s);
/* sendmsg() to the kernel's port: one datagram of requests. They are executed in order, published together, and answered
 * after. Each succeeds or fails in its answer; the result is that of sendmsg: 0 or -EMSGSIZE, -ENOBUFS. */
int nl_sock_input(struct nl_sock *s, const void *bytes, size_t len_bytes);
/* One whole request, executed as one of those, whose result comes back instead of an answer. Inside the handler of another request,
 * too; it is then published with that one. 0 or -errno. */
int nl_sock_execute(struct nl_sock *s, const struct nlmsghdr *h);
/* The same of bytes that are aligned to 8 and that nobody changes meanwhile; the other copies them. */
int nl_sock_input_own(struct nl_sock *s, const void *bytes, size_t len_bytes);
/* sendmsg() with a destination: as above for port and groups 0, else -ECONNREFUSED or -EPERM as Linux. */
int nl_sock_input_to(struct nl_sock *s, const void *bytes, size_t len_bytes, uint32_t portid,
		     uint32_t groups);
/* How large the receiver's buffers are, when known: a dump then uses them. (An application that reads with 32 KiB gets a dump
 * in pieces of up to 32 KiB, one that has not read yet in pieces of under 4 KiB, as from Linux.) */
void nl_sock_recv_hint(struct nl_sock *s, size_t len_bytes);

/* bind(): portid 0 takes a free one; groups is the mask of the first 32. 0, -EADDRINUSE, -EINVAL (bound to another), -EPERM. */
int nl_sock_bind(struct nl_sock *s, uint32_t portid, uint32_t groups);
/* getsockname(). */
void nl_sock_getname(const struct nl_sock *s, uint32_t *ret_portid, uint32_t *ret_groups);
/* connect() to (portid, groups): remembered for getpeername; binds when not bound. */
int nl_sock_connect(struct nl_sock *s, uint32_t portid, uint32_t groups);
void nl_sock_getpeer(const struct nl_sock *s, uint32_t *ret_portid, uint32_t *ret_groups);

/* SOL_NETLINK, and of SOL_SOCKET SO_RCVBUF, SO_SNDBUF and their FORCE forms, SO_PROTOCOL and SO_DOMAIN. 0 or -errno, -ENOPROTOOPT
 * for what is not known here. */
int nl_sock_setsockopt(struct nl_sock *s, int level, int name, const void *val, size_t len_bytes);
/* *len_bytes: room in, used out. */
int nl_sock_getsockopt(struct nl_sock *s, int level, int name, void *val, size_t *len_bytes);

/* What NETLINK_PKTINFO asked for: sockd adds the control message. */
bool nl_sock_wants_pktinfo(const struct nl_sock *s);
/* Something waits in the socket or a dump is running. */
bool nl_sock_has_more(const struct nl_sock *s);

/* --- going on in another process (nl_hand.c) --- */

struct saver;
struct loader;

/* False: a family keeps something for it that cannot go along (a trace, a capture). */
bool nl_sock_can_go(const struct nl_sock *s);
void nl_sock_save(const struct nl_sock *s, struct saver *to);
/* As nl_sock_new(). It counts as full until nl_sock_writable(). */
int nl_sock_restore(struct leat_stack *st, struct loader *l, const struct nl_sock_ops *ops, void *ctx,
		    struct nl_sock **ret_sock);

/* The n-th of a stack's sockets, for people. false: there are no more. */
struct nl_sock_facts {
	int protocol;
	uint32_t portid, groups;
	uint64_t waiting_bytes, lost;
	bool dumping;
};
bool nl_sock_at(const struct leat_stack *st, uint64_t n, struct nl_sock_facts *ret);

extern const struct module netlink_module;
extern const struct module genl_leat_module;
extern const struct module genl_ethtool_module;

#endif
