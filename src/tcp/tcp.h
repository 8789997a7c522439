/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP, for the room sock: what socket calls do to an endpoint of SOCK_STREAM. Nothing here waits: where Linux would block, the answer
 * is -EAGAIN (connect: -EINPROGRESS), and the endpoint's owner is told when to ask again (struct l4_end.ready).
 *
 * All of it is called between l4_enter() and l4_leave(), with every worker between turns. What takes an endpoint that has a connection
 * (sending, receiving, shutdown, poll, amounts, options that TCP alone acts by) may also be called in a turn of its home worker. */
#ifndef LEAT_TCP_TCP_H
#define LEAT_TCP_TCP_H

#include "l4/l4.h"

/* Numbers as in struct tcp_info and /proc/net/tcp. tcp_state.c says what may happen in each. */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_STATES
};
const char *tcp_state_name(uint8_t state); /* "ESTABLISHED" */

int tcp_bind(struct l4_end *e, const struct l4_addr *to); /* as l4_bind() */
/* 0, -EINVAL (connected), -EADDRINUSE. Again: another backlog. */
int tcp_listen(struct l4_end *e, int backlog);
/* 0: connected, and not told yet; -EINPROGRESS, -EALREADY, -EISCONN, the error it failed with, and l4_connect()'s. */
int tcp_connect(struct l4_end *e, const struct l4_addr *to);
/* The same in a turn of e's home worker: e is not bound, and the flow will be that worker's. */
int tcp_connect_in_turn(struct l4_end *e, const struct l4_addr *to);
int tcp_disconnect(struct l4_end *e);
/* Is a connection there to be accepted? -EAGAIN; -EINVAL when nobody listens. */
int tcp_acceptable(const struct l4_end *e);
/* `fresh`, just made, becomes the oldest such connection of one of e's workers. */
void tcp_accept(struct l4_end *e, struct l4_end *fresh);
/* The same in a turn of w, of what waits at w; fresh is at home there. */
int tcp_acceptable_in_turn(const struct l4_end *e, const struct worker *w);
void tcp_accept_in_turn(struct l4_end *e, struct worker *w, struct l4_end *fresh);
/* Bytes taken; -EAGAIN, -EPIPE, -ENOTCONN, the pending error. flags: MSG_MORE, MSG_EOR, MSG_ZEROCOPY (-ENOBUFS); MSG_OOB. */
ssize_t tcp_send(struct l4_end *e, const void *buf, size_t len, int flags);
/* sendto(MSG_FASTOPEN): connects, and writes what fits into the SYN: so many bytes, or -EINPROGRESS. to: NULL: unsaid. in_turn: as
 * tcp_connect_in_turn(). Later: -EALREADY, -EISCONN, why it failed, or as tcp_send(). */
ssize_t tcp_send_open(struct l4_end *e, const struct l4_addr *to, const void *buf, size_t len, int flags,
		      bool in_turn);
/* In flags of both: the caller asks again, with the same bytes, as long as it hears -EAGAIN: it is told once all is open. */
enum { TCP_SEND_WAITS = 1 << 24 };
/* Such a caller does not ask again: bytes that left with the open, which it is told of now. */
size_t tcp_sent_untold(struct l4_end *e);
/* Bytes copied; 0 at the end; -EAGAIN, -ENOTCONN, the pending error. flags: MSG_PEEK, MSG_TRUNC (dropped instead of copied). */
ssize_t tcp_recv(struct l4_end *e, void *buf, size_t len, int flags);
/* All of b, whose one reference becomes the connection's: 0, or as tcp_send(), and b is not taken. It is given back (b->release) when the
 * peer has acknowledged it, or when it is given up: then b->user is not 0. b: BUF_FOREIGN, user 0, at home with e's worker. */
int tcp_send_lent(struct l4_end *e, struct buf *b);
/* The next packet of payload, *ret_len bytes from *ret_off on, for the caller to free; NULL: *ret_len is what tcp_recv() would say. */
struct pkt *tcp_recv_lent(struct l4_end *e, uint32_t *ret_off, ssize_t *ret_len);
/* Connections that have such bytes are reset. Between turns. */
typedef bool tcp_lent_fn(const struct buf *b, void *ctx);
void tcp_abort_lent(struct worker *w, tcp_lent_fn *is_it, void *ctx);
/* What the error queue has to tell of bytes that were sent. */
struct tcp_note {
	bool zerocopy; /* calls info to data, counted from 0, need their bytes no longer; else a time */
	uint32_t info, data; /* of a time: SCM_TSTAMP_*; the byte's key */
	uint64_t at_ns; /* wall clock */
};
bool tcp_take_note(struct l4_end *e, struct tcp_note *ret);
bool tcp_tells_inq(const struct l4_end *e); /* TCP_INQ */
int tcp_inq(const struct l4_end *e); /* bytes that wait; 1 at the end (Linux: tcp_inq_hint()) */
int tcp_shutdown(struct l4_end *e, int how); /* 0, -ENOTCONN */
bool tcp_is_unlisted(const struct l4_end *e); /* it stands in no table of the stack: not bound, no listener */
uint32_t tcp_poll(const struct l4_end *e); /* EPOLL* */
void tcp_want_room(struct l4_end *e); /* its owner is to be told when EPOLLOUT comes */
struct l4_addr tcp_peer(const struct l4_end *e); /* all zero: none */
uint8_t tcp_state_of(const struct l4_end *e);
uint32_t tcp_news(const struct l4_end *e); /* changes with all that comes */
uint32_t tcp_readable(const struct l4_end *e), tcp_unacked(const struct l4_end *e),
	tcp_unsent(const struct l4_end *e); /* bytes: SIOCINQ, SIOCOUTQ, SIOCOUTQNSD */

/* Options of the levels below have been set: a connection that there is already goes by them, too. */
void tcp_heed(struct l4_end *e);

/* Level IPPROTO_TCP: -ENOPROTOOPT for what is not there. */
int tcp_setopt(struct l4_end *e, int name, const void *val, socklen_t len);
int tcp_getopt(struct l4_end *e, int name, void *val, socklen_t *len);
void tcp_opts_settle(struct l4_end *e); /* between turns: options that are as somebody else's are shared */
/* Of SOL_SOCKET those that TCP acts by: SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF. */
int tcp_set_oob_inline(struct l4_end *e, bool on);
bool tcp_get_oob_inline(const struct l4_end *e);
int tcp_at_mark(const struct l4_end *e); /* SIOCATMARK */
int tcp_set_keepalive(struct l4_end *e, bool on);
bool tcp_get_keepalive(const struct l4_end *e);
int tcp_set_max_pacing(struct l4_end *e, uint64_t bytes_per_s); /* UINT64_MAX: no limit */
uint64_t tcp_get_max_pacing(const struct l4_end *e);
int tcp_set_linger(struct l4_end *e, bool on, int seconds);
void tcp_get_linger(const struct l4_end *e, int ret_on_seconds[2]);
int tcp_set_rcvbuf(struct l4_end *e, uint32_t bytes);
int tcp_set_sndbuf(struct l4_end *e, uint32_t bytes);
int tcp_set_rcvlowat(struct l4_end *e, uint32_t bytes);
uint32_t tcp_get_rcvlowat(const struct l4_end *e);
int tcp_set_zerocopy(struct l4_end *e, bool on);
bool tcp_get_zerocopy(const struct l4_end *e);
int tcp_set_stamping_flags(struct l4_end *e, uint32_t flags); /* SO_TIMESTAMPING: of sending, in software */
uint32_t tcp_get_stamping_flags(const struct l4_end *e);
void tcp_get_memory(const struct l4_end *e, uint32_t ret[3]); /* bytes in both queues, notes lost */
void tcp_get_bufs(const struct l4_end *e, uint32_t ret_rcv_snd[2]);

/* For save files: a socket's part in TCP, and all that hangs below it (connections nobody has accepted yet). The second meets a fresh
 * endpoint with its names. 0, -EINVAL, -ENOMEM. */
struct saver;
struct loader;
bool tcp_is_worth_saving(const struct l4_end *e); /* it has more than options */
void tcp_save_end(const struct l4_end *e, struct saver *s);
int tcp_restore_end(struct l4_end *e, struct loader *l);

/* What happened, under the names of /proc/net/snmp and netstat. */
enum tcp_count {
#define TCP_COUNT(id, group, name) TCP_N_##id,
#include "tcp/counts.def"
#undef TCP_COUNT
	TCP_COUNTS
};
uint64_t tcp_counted(const struct leat_stack *st,
		     enum tcp_count n); /* over all workers; 0 without TCP. Any thread */

extern const struct module tcp_module;

#endif
