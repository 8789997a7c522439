/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. README.md has the picture. */
#ifndef LEAT_RING_INTERNAL_H
#define LEAT_RING_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include "base/slab.h"
#include "pkt/pkt.h"
#include "ring/ring.h"
#include "tcp/tcp.h"
#include "sock/turn.h"

struct ring_hub;
struct ring_sock;

enum {
	RING_ENTRIES = 256,
	RING_ENTRIES_MAX = 32768,
	RING_CQ_FACTOR = 4,
	RING_LENDS = 256,
	RING_BATCH = 64, /* entries of one ring in one turn */
	RING_ACCEPTS =
		64, /* connections that another worker may take for one operation, before it asks again */
	RING_DATAGRAM_MAX = 65536, /* of several pieces, brought together */
};

/* Results of a try that are none. */
enum { RING_WAIT = INT_MIN, RING_CTL, RING_MOVED };

/* --- a ring --- */

/* Packets whose bytes the program looks at. */
struct ring_lend {
	struct pkt *p; /* NULL: free */
	uint32_t left; /* pieces that were not given back */
	uint32_t next; /* free ones: index + 1 of the next */
};

struct leat_ring {
	/* Written before it is shared. */
	struct ring_hub *hub;
	struct leat_runtime *rt;
	int fd; /* eventfd that wakes the program */
	uint32_t sq_mask, cq_mask;
	struct leat_sqe *sq;
	struct leat_cqe *cq;

	/* The program's; the worker reads the first, and cq_tail, and waiting. */
	uint32_t sq_head cacheline_aligned;
	uint32_t cq_tail;
	uint32_t waiting; /* racy: the worker takes it back before it wakes */
	uint32_t sq_next; /* its own: entries written */
	uint32_t blocking; /* its own, as all that follows: numbers that calls.c gave to operations */
	uint64_t patience_us;
	struct leat_cqe *aside; /* that somebody found who waited for another */
	unsigned aside_first, n_aside, aside_room;

	/* The worker's; the program reads the first three. */
	uint32_t sq_tail cacheline_aligned;
	uint32_t cq_head;
	uint32_t has_late; /* racy */
	uint32_t cq_tail_seen;
	struct list link; /* struct ring_hub.rings */
	struct list wake; /* struct ring_hub.to_wake */
	struct list ops; /* struct ring_op.of_ring: kept */
	struct list late; /* struct ring_late */
	struct ring_lend *lend;
	uint32_t lend_free, n_lends; /* index + 1; 0: none */
	bool ended;
};

/* A completion for which there is no room yet. */
struct ring_late {
	struct list link;
	struct leat_cqe e;
	uint16_t place;
};

/* --- an operation --- */

struct ring_op {
	struct leat_ring *ring;
	struct leat_sqe e;
	struct ring_sock *rs; /* for which it waits; NULL: for none */
	struct list of_sock; /* struct ring_sock.ops; struct ring_hub.unsent */
	struct list of_ring;
	uint64_t done; /* bytes */
	int res;
	uint32_t flags; /* of its completion, with the next two */
	void *data;
	uint64_t lent;
	uint32_t out; /* an accepting one: workers that take connections for it */
	bool kept; /* of the slab, not just tried */
	bool over; /* while it was out; with res */
	bool begun; /* a connection */
	uint16_t place;
	msg_fn *unsent_fn; /* to be told to unsent_to */
	struct lcore *unsent_to;
	struct timer timer;
	struct buf buf; /* its bytes, while they are sent without a copy */
	uint32_t lend; /* its place among those that may be lent, + 1; 0: none */
};

enum ring_dir { RING_DIR_NONE, RING_DIR_IN, RING_DIR_OUT, RING_DIRS };
/* A result, or one of the above. */
typedef int ring_try_fn(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op);
/* On the control lcore, with the workers between turns. rs NULL: no such socket. */
typedef int ring_ctl_fn(struct rings *all, struct ring_sock *rs, struct ring_op *op);

struct ring_row {
	const char *name;
	enum { RING_AT_RING, RING_AT_SOCK, RING_AT_CTL } where;
	enum ring_dir dir;
	ring_try_fn *try;
	ring_ctl_fn *ctl;
	bool keep; /* from the beginning */
};
extern const struct ring_row ring_rows[LEAT_OPS];
static inline const struct ring_row *ring_row(const struct ring_op *op)
{
	return &ring_rows[op->e.op];
}

/* --- a socket --- */

struct ring_sock {
	struct sock *s; /* NULL: free, or moved */
	struct list ops; /* struct ring_op.of_sock: those that wait, in order */
	struct ring_hub *hub;
	struct ring_listener *l; /* NULL: does not listen */
	int32_t fd;
	int32_t moved; /* where it is now; 0: here */
	uint32_t next_free; /* slot + 1 */
	uint16_t waits[RING_DIRS];
};

struct ring_listener_at {
	struct turn_end end;
	struct ring_listener *l;
	struct ring_hub *h;
};
/* Read by all workers. Written between turns; ready_mask: home's. Never freed before its stack, and used again. */
struct ring_listener {
	struct list link; /* struct rings.listeners */
	struct sock *s; /* NULL: none now */
	struct ring_hub *home;
	int32_t fd;
	uint32_t gen;
	uint32_t ready_mask; /* workers at which connections wait */
	struct ring_listener_at at[LCORE_MAX];
};

/* --- a worker --- */

enum { RING_SLOT_BITS = 20, RING_WORKER_BITS = 4, RING_CHUNK = 1024, RING_CHUNKS = 1024, RING_GENS = 127 };
static_assert(RING_CHUNK * RING_CHUNKS == 1 << RING_SLOT_BITS, "the table holds what a handle can say");

struct ring_hub {
	struct worker *w;
	struct rings *all;
	struct poller poller;
	struct list rings;
	struct slab ops, lates;
	struct ring_op *anchor; /* keeps a chunk of ops, which would come and go with each that waits */
	struct list to_wake;
	struct turn_end wake_end;
	struct list unsent; /* struct ring_op.of_sock: the mailbox was full, and memory spent */
	uint8_t *scratch; /* RING_DATAGRAM_MAX */
	struct ring_sock *chunk[RING_CHUNKS];
	uint32_t n_slots, free_slot; /* + 1 */
};

struct rings {
	struct leat_stack *st;
	struct ring_hub *hub[LCORE_MAX];
	unsigned next_hub;
	struct list listeners; /* all that were ever made */
};

/* --- app.c, for calls.c --- */

/* Completions that are there, for leat_reap() later. */
void ring_put_aside(struct leat_ring *r);
/* Waits for one with user_data from lo to hi, and takes it; others are put aside. 0, -ETIME, -EINTR. */
int ring_take(struct leat_ring *r, uint64_t lo, uint64_t hi, int64_t timeout_us, struct leat_cqe *ret);

/* --- table.c --- */

bool ring_sock_has_room(struct ring_hub *h); /* for one more */
/* NULL: no memory, or too many. s is heard of from now on. */
struct ring_sock *ring_sock_add(struct ring_hub *h, struct sock *s);
void ring_sock_remove(struct ring_hub *h, struct ring_sock *rs);
struct ring_sock *ring_sock_find(const struct ring_hub *h, int32_t fd); /* of this worker; NULL: none */
struct ring_hub *ring_hub_of(const struct rings *all, int32_t fd); /* NULL: no such worker */
struct ring_sock *ring_sock_next(const struct ring_hub *h, uint32_t *at); /* all of them: *at 0 at first */
void ring_table_done(struct ring_hub *h);

/* --- hub.c --- */

void ring_put(struct leat_ring *r, const struct leat_cqe *e); /* at the ring's worker */
/* One that is followed by others; from any worker. */
void ring_more(struct ring_hub *h, const struct ring_op *op, int res);
/* It is done with. Frees it, wherever it is. */
void ring_finish(struct ring_hub *h, struct ring_op *op, int res);
/* As ring_finish(), from wherever: the ring's worker hears of it in its next turn. */
void ring_finish_later(struct lcore *from, struct ring_op *op, int res);
/* An operation goes on at another worker, or on the control lcore. */
void ring_send_op(struct lcore *from, struct ring_hub *to, struct ring_op *op);
void ring_to_ctl(struct ring_hub *h, struct ring_op *op);
/* One that is only tried becomes one that stays; NULL: no memory, and its completion says so. */
struct ring_op *ring_keep(struct ring_hub *h, struct ring_op *op);

/* --- op.c --- */

void ring_begin(struct ring_hub *h, struct ring_op *op);
void ring_run(struct ring_hub *h, struct ring_op *op); /* at its socket's worker, as far as known */
void ring_unwait(struct ring_hub *h, struct ring_op *op);
void ring_end_wait(struct ring_hub *h, struct ring_op *op, int res);
/* It waited too long, or is cancelled: what was done of it counts, else it is err (Linux: a write that a signal ends). */
void ring_give_up(struct ring_hub *h, struct ring_op *op, int err);
void ring_ready(struct sock *s, struct worker *at, void *ctx);
void ring_step(struct ring_hub *h, struct ring_sock *rs);
ring_try_fn ring_try_nop, ring_try_close, ring_try_cancel, ring_try_timeout;

/* --- stream.c --- */

ring_try_fn ring_try_open, ring_try_connect, ring_try_send, ring_try_recv, ring_try_shutdown, ring_try_poll;
ring_try_fn ring_try_sendmsg, ring_try_recvmsg;

ring_try_fn ring_try_set, ring_try_get;

/* --- lend.c --- */

ring_try_fn ring_try_send_zc, ring_try_recv_lend, ring_try_give_back;
bool ring_lend_reserve(struct leat_ring *r,
		       struct ring_op *op); /* at the ring's worker; false: all are lent */
void ring_lend_release(struct ring_op *op); /* what was reserved and not used */
void ring_lends_done(struct leat_ring *r);
void ring_abort_lent(struct leat_ring *r); /* between turns: connections that send bytes of its operations */

/* --- accept.c --- */

ring_try_fn ring_try_accept;
void ring_accept_step(struct ring_hub *h, struct ring_sock *rs);
struct ring_listener *ring_listener_new(struct rings *all, struct ring_hub *home, struct ring_sock *rs);
void ring_listener_stop(struct ring_listener *l); /* between turns */

/* --- control.c --- */

void ring_ctl_run(struct lcore *at, const struct msg *m);
ring_ctl_fn ring_ctl_open, ring_ctl_bind, ring_ctl_listen, ring_ctl_connect, ring_ctl_sendmsg,
	ring_ctl_shutdown, ring_ctl_close, ring_ctl_set, ring_ctl_get, ring_ctl_name, ring_ctl_peer;

#endif
