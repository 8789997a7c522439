/* SPDX-License-Identifier: BSD-2-Clause */
/* Submission and completion rings: how a program that has a stack of its own (leat/leat.h) talks to it.
 *
 * A ring belongs to one thread at a time. What it is asked is written into entries of its submission ring; leat_submit() shows them to the
 * worker, which acts in its next turn; each ends with an entry of the completion ring that bears its user_data. Nothing is locked, and no
 * system call is made but to wake who sleeps. A thread may have several rings, and a socket may be used by all rings of its stack.
 *
 * Memory that an entry names (buffers, names, struct msghdr) is the stack's from leat_submit() until the completion has come.
 * Results are 0, a number of bytes, a socket, or -errno as Linux would say it. Values of enums never change their meaning.
 *
 * Order: of one ring's operations on one socket those that receive are done in the order in which they were submitted, and those that
 * send, too; else nothing is promised. */
#ifndef LEAT_RING_H
#define LEAT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_stack;
struct leat_ring;

enum leat_op {
	LEAT_OP_NOP,
	LEAT_OP_SOCKET, /* fd: domain, arg: type, arg2: protocol; a socket */
	LEAT_OP_BIND, /* addr, addr_len */
	LEAT_OP_LISTEN, /* arg: backlog */
	LEAT_OP_CONNECT, /* addr, addr_len; 0 when it is up */
	LEAT_OP_ACCEPT, /* addr, ret_len: NULL or the peer's name; a socket. LEAT_MULTI: one after the other */
	LEAT_OP_SEND, /* buf, len, arg: MSG_*; all of it, with MSG_DONTWAIT as much as there is room for */
	LEAT_OP_RECV, /* buf, len, arg: MSG_*; 0: the end. MSG_WAITALL, MSG_PEEK, MSG_DONTWAIT (-EAGAIN), MSG_TRUNC */
	LEAT_OP_SENDMSG, /* buf: struct msghdr, arg: MSG_* */
	LEAT_OP_RECVMSG, /* the same; what comes back stands in the struct msghdr */
	LEAT_OP_SEND_ZC, /* buf, len: not copied, a stream's; completed when the peer has acknowledged it all */
	/* A stream's bytes where they lie, a packet at a time: for each of its pieces a completion with data and lent, which is to be given
	 * back. LEAT_MULTI: packet after packet, of a socket of the ring's own worker; -ENOBUFS ends it when too much is lent. */
	LEAT_OP_RECV_LEND,
	LEAT_OP_GIVE_BACK, /* len: lent, of a completion */
	LEAT_OP_SHUTDOWN, /* arg: SHUT_* */
	LEAT_OP_CLOSE, /* what waits for the socket ends with -ECANCELED, or with what was done of it */
	LEAT_OP_POLL, /* arg: EPOLL* ; those that are there. LEAT_MULTI: whenever something has changed */
	LEAT_OP_CANCEL, /* of fd's operations (fd -1: timeouts) those with user_data buf: how many; -ENOENT: none waits */
	LEAT_OP_TIMEOUT, /* timeout_us: -ETIME, then */
	LEAT_OP_SETSOCKOPT, /* arg: level, arg2: name, buf, len */
	LEAT_OP_GETSOCKOPT, /* the same; ret_len: room, then length */
	LEAT_OP_GETSOCKNAME, /* addr, ret_len */
	LEAT_OP_GETPEERNAME,
	LEAT_OPS
};

enum leat_sqe_flags {
	LEAT_MULTI = 1 << 0, /* completes again and again, each time but the last with LEAT_CQE_MORE */
	LEAT_QUIET = 1 << 1, /* no completion, unless it fails */
	LEAT_NOWAIT = 1 << 2, /* -EAGAIN instead of waiting, as MSG_DONTWAIT; of LEAT_OP_POLL: 0 */
};

struct leat_sqe {
	uint8_t op, flags; /* enum leat_op, enum leat_sqe_flags */
	uint16_t zero;
	int32_t fd;
	uint64_t user_data;
	void *buf;
	uint64_t len;
	void *addr;
	union {
		socklen_t *ret_len;
		uint64_t addr_len;
	};
	uint32_t arg;
	int32_t arg2;
	uint64_t
		timeout_us; /* how long to wait at most, from submission: then -ETIME, or what was done; 0: for ever */
};

enum leat_cqe_flags {
	LEAT_CQE_MORE = 1 << 0, /* others of the same user_data follow */
	LEAT_CQE_LENT = 1 << 1, /* data and lent are set */
};

struct leat_cqe {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
	void *data; /* lent bytes, res of them */
	uint64_t lent; /* for leat_give_back() */
};

/* --- rings --- */

struct leat_ring_opts {
	unsigned
		entries; /* of the submission ring, a power of two; 0: 256. The completion ring has four times as many. */
	int worker; /* the one that serves it: 0, 1, ...; -1: the next in turn */
	unsigned lends; /* packets whose bytes may be lent at a time; 0: 256 */
};

/* opts may be NULL. 0 or -errno. */
int leat_ring_new(struct leat_stack *st, const struct leat_ring_opts *opts, struct leat_ring **ret);
/* Ends what was asked and is not done; lent bytes must not be looked at any more, connections that still send bytes of
 * LEAT_OP_SEND_ZC are reset. Sockets stay. NULL is welcome. */
void leat_ring_free(struct leat_ring *r);

/* The next entry, zeroed, with fd -1; NULL: the ring is full, leat_submit() and wait. */
struct leat_sqe *leat_sqe(struct leat_ring *r);
/* Shows the worker what was written since. Returns how many. */
unsigned leat_submit(struct leat_ring *r);
/* Copies completions out, max at most: how many. Never waits. */
unsigned leat_reap(struct leat_ring *r, struct leat_cqe *to, unsigned max);
/* Waits until there is a completion. timeout_us < 0: for ever. 0, -ETIME, -EINTR (a signal). */
int leat_wait(struct leat_ring *r, int64_t timeout_us);
/* leat_submit(), leat_wait(), leat_reap(). */
int leat_submit_and_wait(struct leat_ring *r, struct leat_cqe *to, unsigned max, int64_t timeout_us);
/* For a poll loop of the program's own: a descriptor that becomes readable when there are completions, after leat_arm() said true:
 * there are none now. Read its eight bytes when it was. */
int leat_ring_fd(const struct leat_ring *r);
bool leat_arm(struct leat_ring *r);

/* --- entries, filled in --- */

static inline struct leat_sqe *leat_put(struct leat_ring *r, enum leat_op op, int fd, uint64_t user_data)
{
	struct leat_sqe *e = leat_sqe(r);

	if (e) {
		e->op = (uint8_t)op;
		e->fd = fd;
		e->user_data = user_data;
	}
	return e;
}

#ifdef __cplusplus
}
#endif

#endif
