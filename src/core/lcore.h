/* SPDX-License-Identifier: BSD-2-Clause */
/* An lcore: a value that owns buffer pools, vectors, timers, mailboxes and its idea of now, with one entry point. The
 * daemon gives each a thread; the simulator and the tests call lcore_turn() in turn on one thread. Nothing in a turn
 * blocks and nothing is thread-local.
 *
 * The control lcore (rt->ctl) is one more: netlink, tables' writers, the timers of the control plane live on it. It has
 * no workers and carries no packets, only messages. */
#ifndef LEAT_CORE_LCORE_H
#define LEAT_CORE_LCORE_H

#include "base/list.h"
#include "core/runtime.h"
#include "core/timer.h"

struct worker;

/* A message from one lcore to another: a function and seven words, by value. It runs on the receiver in its turn. */
struct msg;
typedef void msg_fn(struct lcore *at, const struct msg *m);
struct msg {
	msg_fn *fn;
	union {
		uint64_t u;
		void *p;
	} arg[7];
};
static_assert(sizeof(struct msg) == 64, "one cache line");

/* Something to look at in every turn: a device queue. Returns how much work it found; 0 lets the lcore sleep. */
struct poller {
	struct list link;
	unsigned (*poll)(struct poller *p, struct lcore *lc);
	/* For what another thread fills, who looks at lcore.sleeping after it did (and a fence): the last look before the sleep. True:
	 * there is something. NULL: a descriptor wakes the lcore. */
	bool (*more)(struct poller *p);
};

/* Something to do at the end of a turn in which it was asked for: flush a transmit queue. */
struct turn_end {
	struct turn_end *next; /* owned by the lcore while pending */
	bool pending;
	void (*fn)(struct turn_end *e, struct lcore *lc);
};

/* Per-lcore state of rooms above core (buffer pool, vectors), each with its slot. */
enum lcore_slot { LCORE_SLOT_PKT, LCORE_SLOT_GRAPH, LCORE_SLOT_RT, LCORE_SLOTS };

struct lcore {
	struct leat_runtime *rt;
	unsigned id; /* rt->n_lcores for the control lcore */
	uint64_t now_us; /* of this turn; never goes back */
	struct wheel wheel;
	struct list pollers;
	struct list *poll_next; /* so that a poller may be removed from within a poll */
	struct turn_end *turn_end, **turn_end_tail; /* pending, in the order asked for */
	struct list workers; /* struct worker.lc_link */
	uint64_t wake_mask; /* lcores posted to in this turn */
	uint64_t turns, busy_turns;
	unsigned n_done, n_fired; /* things that the last turn had to do; and timers among them */
	uint64_t views_seen; /* rt->views_published when its workers' views were loaded */
	struct mbox *in[LCORE_MAX]; /* from each lcore; single producer, single consumer */
	struct list overflow[LCORE_MAX]; /* messages to each lcore that its ring had no room for, in order */
	unsigned n_overflow; /* in all of them */
	struct list reserve; /* room for overflow when memory is spent */
	void *reserve_mem;
	uint64_t lost; /* messages for which there was neither */
	void *slot[LCORE_SLOTS];
	/* Read by others when they post. Written by this lcore around its sleep. */
	int sleeping cacheline_aligned;
};

/* One turn: take the time, load the workers' views, run messages and due timers, poll, run turn ends, wake who was posted to.
 * Returns true when there was anything to do. The runtime announces quiescence between turns. */
bool lcore_turn(struct lcore *lc);
/* Until when the lcore may sleep (absolute; UINT64_MAX: until woken), or 0: not at all. The runtime calls it with
 * lc->sleeping set, so that a message posted meanwhile wakes it. */
uint64_t lcore_sleep_until(struct lcore *lc);

/* Never reordered between the same two lcores. Takes memory only when the ring is full, and has some in reserve for when the
 * budget is spent. `from` is the calling lcore; from == to is allowed and runs in the next turn. False only when that has run
 * out, too: counted, and up to the caller to try again. */
bool lcore_post(struct lcore *from, struct lcore *to, const struct msg *m);
/* As lcore_post(), but false when the ring is full: for packets, whose sender then drops by name. */
bool lcore_try_post(struct lcore *from, struct lcore *to, const struct msg *m);
/* The same for what strangers can cause: they never get more than half of the ring, so that others find room in it. */
bool lcore_try_post_stranger(struct lcore *from, struct lcore *to, const struct msg *m);

/* Runs what is in lc's mailboxes now. For rt_flush_messages(); a turn does it by itself. Returns how many. */
unsigned lcore_run_messages(struct lcore *lc);
/* Control lcore, while paused: runs every message in flight between lcores and what they ask for at turn ends, until none
 * is left (or, when others keep sending, some thousand rounds). */
void rt_flush_messages(struct leat_runtime *rt);

void lcore_poll_add(struct lcore *lc, struct poller *p);
void lcore_poll_remove(struct lcore *lc, struct poller *p); /* also from within a poll */
void lcore_at_turn_end(struct lcore *lc, struct turn_end *e); /* harmless when pending already */

static inline void lcore_timer_in(struct lcore *lc, struct timer *t, uint64_t delay_us)
{
	timer_set_at(&lc->wheel, t, lc->now_us + delay_us);
}
static inline void lcore_timer_stop(struct lcore *lc, struct timer *t)
{
	timer_stop(&lc->wheel, t);
}

#endif
