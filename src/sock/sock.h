/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets as calls of this process: what socket(2), bind(2), ... do, with Linux's names, values and error numbers. Nothing
 * here waits: where Linux would block, the answer is -EAGAIN, and sock_on_ready() tells when to ask again.
 *
 * Where to call from: the control lcore, in a turn or between two; in a runtime of one thread (the manual one, a simulation)
 * anywhere outside the turn of a worker. Each call pauses the workers for as long as it takes, so it sees the receive queue, which
 * belongs to the socket's home worker, between two turns of that worker. What is sent has left for the device, or waits for a
 * neighbour, when the call returns; what goes to this host itself arrives in the next turn.
 *
 * Errors are returned as -errno and have, where Linux's have, a second way out: SO_ERROR, the error queue, the next call. */
#ifndef LEAT_SOCK_SOCK_H
#define LEAT_SOCK_SOCK_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "core/stack.h"

struct sock;

/* Whose call it is; capabilities as Linux checks them in the stack's user namespace. */
struct sock_creds {
	uint32_t uid, gid;
	bool net_raw; /* CAP_NET_RAW: raw sockets */
	bool net_bind; /* CAP_NET_BIND_SERVICE: ports below 1024 */
	bool net_admin; /* CAP_NET_ADMIN: SO_RCVBUFFORCE, SO_MARK, ... */
};
extern const struct sock_creds sock_creds_root; /* may do everything */

/* AF_INET, AF_INET6; SOCK_DGRAM with 0, IPPROTO_UDP, IPPROTO_ICMP or IPPROTO_ICMPV6 (ping sockets), SOCK_RAW with a protocol.
 * SOCK_STREAM with 0 or IPPROTO_TCP. SOCK_NONBLOCK and SOCK_CLOEXEC in type are let pass: a descriptor's flags are the caller's. creds are copied; NULL: root.
 * 0; -EAFNOSUPPORT, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -EPERM, -ENOBUFS. */
int sock_open(struct leat_stack *st, int domain, int type, int protocol, const struct sock_creds *creds,
	      struct sock **ret);
/* Ends it at once: it is not found any more, what it had queued goes back. NULL is welcome. A stack closes what is left open
 * when it goes; such a struct sock must not be used any more. */
void sock_close(struct sock *s);

int sock_bind(struct sock *s, const struct sockaddr *addr, socklen_t len);
/* AF_UNSPEC takes the peer away again, and what connect had chosen. A stream: -EINPROGRESS, and 0 once after it is up; -EALREADY,
 * -EISCONN, or why it failed. */
int sock_connect(struct sock *s, const struct sockaddr *addr, socklen_t len);
int sock_shutdown(struct sock *s, int how);
int sock_listen(struct sock *s, int backlog); /* -EOPNOTSUPP for what is no stream */
/* -EAGAIN, -EINVAL (it does not listen), -ENOBUFS. The new one belongs to the same owner. */
int sock_accept(struct sock *s, struct sock **ret);

/* *len is the room at addr and becomes the address's own length, as in Linux; what does not fit is cut off. */
int sock_getsockname(struct sock *s, struct sockaddr *addr, socklen_t *len);
int sock_getpeername(struct sock *s, struct sockaddr *addr, socklen_t *len); /* -ENOTCONN */

/* A struct msghdr with one buffer. */
struct sock_msg {
	void *buf; /* not written to by sock_sendmsg() */
	size_t len;
	void *name; /* to: a struct sockaddr, or NULL for the peer; from: room for one, or NULL */
	socklen_t name_len; /* from: the room; becomes the address's own length */
	void *control; /* struct cmsghdr ..., or NULL; both ways IP_PKTINFO, IP_TTL, IP_TOS, IP_RETOPTS, IPV6_PKTINFO,
			* _HOPLIMIT, _TCLASS, _HOPOPTS, _DSTOPTS */
	size_t control_len; /* from: the room; becomes what was written */
	int flags; /* from: becomes MSG_TRUNC, MSG_CTRUNC, MSG_ERRQUEUE */
	bool waits; /* of a stream: the caller asks again, with the same bytes, as long as it hears -EAGAIN */
};
/* Bytes sent. flags: MSG_DONTWAIT and MSG_NOSIGNAL change nothing, MSG_CONFIRM (the way is known to work; with
 * MSG_PROBE nothing is sent but that is told), MSG_DONTROUTE; others -EOPNOTSUPP or ignored, as in
 * Linux. */
ssize_t sock_sendmsg(struct sock *s, const struct sock_msg *m, int flags);
/* Bytes copied; with MSG_TRUNC in flags, bytes there were. MSG_PEEK, MSG_ERRQUEUE (IP_RECVERR in Linux's layout). -EAGAIN. */
ssize_t sock_recvmsg(struct sock *s, struct sock_msg *m, int flags);

static inline ssize_t sock_sendto(struct sock *s, const void *buf, size_t len, int flags,
				  const struct sockaddr *to, socklen_t to_len)
{
	struct sock_msg m = {
		.buf = (void *)buf, .len = len, .name = (void *)to, .name_len = to ? to_len : 0
	};
	return sock_sendmsg(s, &m, flags);
}
/* from may be NULL; then from_len is not looked at. */
static inline ssize_t sock_recvfrom(struct sock *s, void *buf, size_t len, int flags, struct sockaddr *from,
				    socklen_t *from_len)
{
	struct sock_msg m = { .buf = buf, .len = len, .name = from, .name_len = from ? *from_len : 0 };
	ssize_t n = sock_recvmsg(s, &m, flags);
	if (n >= 0 && from)
		*from_len = m.name_len;
	return n;
}

/* -ENOPROTOOPT for what is not known, at a level that is; -EOPNOTSUPP or -ENOPROTOOPT for a level that is not, as Linux. */
int sock_setsockopt(struct sock *s, int level, int name, const void *val, socklen_t len);
int sock_getsockopt(struct sock *s, int level, int name, void *val, socklen_t *len);

/* EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP as they are now. */
uint32_t sock_poll(struct sock *s);
/* Of a stream, a number that changes with all that comes, also when something waits already (an edge of EPOLLET); of others 0. */
uint32_t sock_news(struct sock *s);
/* Bytes: what can be read (FIONREAD; of datagrams the next one's), what is not acknowledged (SIOCOUTQ), what has not left (SIOCOUTQNSD). -EINVAL for who
 * listens. */
enum sock_amount {
	SOCK_READABLE,
	SOCK_UNACKED,
	SOCK_UNSENT,
	SOCK_AT_MARK /* 1: urgent data is next (SIOCATMARK) */
};
int sock_amount(struct sock *s, enum sock_amount which);
/* fn runs on the control lcore, in its turn, after a datagram or an error came to a socket that had none waiting. What has come since
 * does not call again until the socket was emptied. It may call anything here, sock_close() of the same socket too. */
typedef void sock_ready_fn(struct sock *s, void *ctx);
void sock_on_ready(struct sock *s, sock_ready_fn *fn, void *ctx);

/* A stream of a saved stack that nobody has taken yet, in the order of making; its names say which it is. It was restored with what waited in
 * it, both ways. -ENOENT: no more. */
int sock_restored(struct leat_stack *st, struct sock **ret);

extern const struct module sock_module;

#endif
