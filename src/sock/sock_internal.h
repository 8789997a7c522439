/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef LEAT_SOCK_INTERNAL_H
#define LEAT_SOCK_INTERNAL_H

#include <errno.h>
#include <string.h>

#include "base/slab.h"
#include "l4/l4.h"
#include "sock/sock.h"
#include "sock/turn.h"
#include "tcp/tcp.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { SOCK_EXT_HOP, SOCK_EXT_DST_FIRST, SOCK_EXT_DST, SOCK_EXTS };

/* A million of them may be there: what few have is in end.more. Memory is of a slab of the worker where it was made. */
struct sock {
	union {
		sock_ready_fn *ready;
		sock_ready_in_turn_fn *ready_in_turn; /* turn.h: with end.ready_here */
	};
	void *ready_ctx;
	struct l4_end end; /* last, since a stream's is shorter */
};
enum { SOCK_STREAM_BYTES = offsetof(struct sock, end) + L4_STREAM_BYTES };

/* Of end.more. */
enum { SOCK_OWN_ANYCASTS, SOCK_OWN_EXT }; /* anycast.h; ext.h: whole headers, SOCK_EXTS of them */
static_assert(SOCK_OWN_EXT + SOCK_EXTS <= ARRAY_SIZE(((struct l4_more *)0)->own), "room for them");

/* The state of module sock. */
struct sock_stack {
	uint32_t restored_next, restored_end; /* ids that sock_restored() has not given out yet */
	struct l4_end
		*gone; /* those that module l4 left behind, by struct l4_end.tell; the last one's is itself */
};
struct sock_worker {
	struct slab streams, datagrams;
};

static inline struct sock_stack *sock_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_sock);
}
static inline struct sock *sock_of(struct l4_end *e)
{
	return container_of(e, struct sock, end);
}
/* A result, positive or not, on the way out of the section between turns. */
static inline ssize_t sock_leave(struct sock *s, ssize_t ret)
{
	l4_leave(&s->end);
	return ret;
}

static inline bool sock_is_stream(const struct sock *s)
{
	return s->end.ops->type == SOCK_STREAM;
}

/* --- stream.c --- */

ssize_t sock_stream_send(struct sock *s, const struct sock_msg *m, int flags);
/* Between turns, or in a turn of its home. */
ssize_t sock_stream_write(struct sock *s, const struct sock_msg *m, int flags, bool in_turn);
ssize_t sock_stream_receive(struct sock *s, struct sock_msg *m, int flags);
ssize_t sock_stream_take(struct sock *s, struct sock_msg *m, int flags); /* the same, within the section */
int sock_stream_connect(struct sock *s, const struct l4_addr *to);
int sock_stream_shutdown(struct sock *s, int how);

/* --- sock.c --- */

/* In a turn of w, or between turns. */
struct sock *sock_alloc(struct worker *w, const struct l4_ops *ops, const struct sock_creds *creds);
void sock_free(struct sock *s);
struct sock_creds sock_creds_of(const struct sock *s);

int sock_find_ops(const struct leat_stack *st, int domain, int type, int protocol,
		  const struct sock_creds *creds, const struct l4_ops **ret, uint8_t *ret_proto);
void sock_became_ready(struct l4_end *e, struct worker *at);
/* With the workers between turns. */
int sock_new(struct leat_stack *st, const struct l4_ops *ops, uint8_t family, uint8_t proto,
	     const struct sock_creds *creds, struct sock **ret);

/* --- save.c --- */

int sock_save(struct leat_stack *st, struct saver *s);
int sock_restore(struct leat_stack *st, struct loader *l);

/* --- control.c --- */

/* One control message behind *at bytes of others, or as much of it as there is room for. */
void sock_put_control(struct sock_msg *m, size_t *at, int level, int type, const void *data, size_t len);
/* Of what is read: when it came, what was lost before it, how long its datagrams are. */
void sock_put_reading(const struct sock *s, const struct l4_reading *r, struct sock_msg *m, size_t *at);
void sock_put_times(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at);
/* What the socket asked for about a packet. */
void sock_put_controls(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at);
/* Those of a datagram to be sent. 0, -EINVAL, -ENODEV, -ENETUNREACH. */
int sock_take_controls(struct sock *s, const struct sock_msg *m, bool is6, struct l4_with *ret);

/* --- path.c --- */

int sock_get_pathmtu(struct sock *s, void *val, socklen_t *len);
bool sock_has_path(const struct sock *s); /* a message about one waits */
ssize_t sock_receive_path(struct sock *s, struct sock_msg *m);

/* --- name.c --- */

struct l4_addr sock_peer(const struct sock *s);
/* 0, -EINVAL (too short), -EAFNOSUPPORT, -ENODEV. */
int sock_addr_in(struct sock *s, const struct sockaddr *addr, socklen_t len, struct l4_addr *ret);
/* As a socket of s's family sees it; returns the length. */
socklen_t sock_addr_fill(const struct sock *s, const struct l4_addr *a, struct sockaddr_storage *ret);
/* Copies what fits; *len becomes the whole length. */
void sock_addr_out(const struct sock *s, const struct l4_addr *a, struct sockaddr *addr, socklen_t *len);

#endif
