/* SPDX-License-Identifier: BSD-2-Clause */
/* Socket calls in a worker's turn: what sock.h does with every worker between turns, for a socket that is at home with the worker whose
 * turn it is. For rings, whose requests go straight to workers.
 *
 * A stream that is not bound and does not listen (one just opened, connected or accepted here) stands in no table of its stack: all calls
 * about it may be made in a turn. A datagram socket sends and receives in a turn, once it has a port; what changes its names or
 * its options is the control lcore's. Nothing here waits. */
#ifndef LEAT_SOCK_TURN_H
#define LEAT_SOCK_TURN_H

#include "pkt/pkt.h"
#include "sock/sock.h"

/* Streams alone; of others -EOPNOTSUPP. creds NULL: root. As sock_open(). Nobody but its owner knows of it: who goes closes it. */
int sock_open_in_turn(struct worker *w, int domain, int type, int protocol, const struct sock_creds *creds,
		      struct sock **ret);
void sock_close_in_turn(struct sock *s);
/* Of what came to w; s may be at home elsewhere. -EAGAIN: nothing. */
int sock_accept_in_turn(struct sock *s, struct worker *w, struct sock **ret);
int sock_connect_in_turn(struct sock *s, const struct sockaddr *addr, socklen_t len);
int sock_shutdown_in_turn(struct sock *s, int how);
ssize_t sock_sendmsg_in_turn(struct sock *s, const struct sock_msg *m, int flags);
/* Bytes that left with a stream's open on behalf of a writer that does not wait any longer (struct sock_msg.waits); it is told of them now. */
size_t sock_sent_untold_in_turn(struct sock *s);
ssize_t sock_recvmsg_in_turn(struct sock *s, struct sock_msg *m, int flags);
/* tcp_send_lent(), tcp_recv_lent(); -EOPNOTSUPP: no stream. */
int sock_send_lent_in_turn(struct sock *s, struct buf *b);
struct pkt *sock_recv_lent_in_turn(struct sock *s, uint32_t *ret_off, ssize_t *ret_len);
/* Options of level IPPROTO_TCP. */
int sock_setsockopt_in_turn(struct sock *s, int name, const void *val, socklen_t len);
int sock_getsockopt_in_turn(struct sock *s, int name, void *val, socklen_t *len);
uint32_t sock_poll_in_turn(const struct sock *s);
void sock_want_room_in_turn(struct sock *s); /* its owner is to be told when EPOLLOUT comes */
/* Its peer's name; the address's own length. */
socklen_t sock_peer_in_turn(const struct sock *s, struct sockaddr *addr, socklen_t len);

/* All that is done to it may be done in a turn. */
bool sock_is_unlisted(const struct sock *s);
/* Receiving may; sending needs a port, too. */
bool sock_has_port(const struct sock *s);
bool sock_is_stream_type(const struct sock *s);
struct worker *sock_home(const struct sock *s);
/* Between turns, right after sock_open(): a datagram socket is at home with w. */
void sock_set_home(struct sock *s, struct worker *w);

/* As sock_on_ready(), on a worker (struct l4_end.ready_here). NULL: nobody. In a turn of the home worker, or between turns. */
typedef void sock_ready_in_turn_fn(struct sock *s, struct worker *at, void *ctx);
void sock_on_ready_in_turn(struct sock *s, sock_ready_in_turn_fn *fn, void *ctx);

#endif
