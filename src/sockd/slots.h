/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that a client shares with the daemon, through which short requests and their answers go without a system call of the daemon's but
 * the one it sleeps in. What is in here, and how the two take turns.
 *
 * A slot holds one request of one socket and the messages that answer it. FREE: the client's. POSTED: the daemon's, until it is DONE: the
 * client's again. Who is about to sleep says so, fences, and looks once more; who has something to tell writes it, fences, and looks
 * whether the other sleeps. The daemon is woken by an eventfd, the client by a message over its connection (SOCKD_SLOTS_DONE).
 *
 * Nobody believes what he reads here: lengths are looked at once, bytes are copied before they are parsed. The memory cannot shrink (it is
 * sealed), so it can always be read. */
#ifndef LEAT_SOCKD_SLOTS_H
#define LEAT_SOCKD_SLOTS_H

#include "base/base.h"

enum { SLOTS = 8, SLOT_REQ_MAX = 4 << 10, SLOT_REP_MAX = 8 << 10 };

enum slot_state { SLOT_FREE, SLOT_POSTED, SLOT_DONE };

struct slot_head {
	uint32_t state; /* enum slot_state; slot_state(), slot_set_state() */
	uint32_t
		more; /* the daemon's: there is more for this socket, which comes when the slot is free; ring for it */
	uint64_t cookie; /* of the application's end */
	uint32_t req_len, rep_len; /* bytes */
	uint64_t zero;
};

struct slots_shared {
	/* The client's: it waits in the kernel for a slot to be done. Who takes this back tells it. */
	uint32_t asleep;
	uint32_t zero;
	/* The daemon's: the cookie of the socket whose pair it is reading or was just reading from; what was read may not be executed yet.
	 * 0: none. */
	uint64_t reading;
	struct slot_head head[SLOTS];
	uint8_t req[SLOTS][SLOT_REQ_MAX];
	uint8_t rep
		[SLOTS]
		[SLOT_REP_MAX]; /* messages: a uint32_t of how many bytes, the bytes, up to a multiple of 4 */
};

static inline uint32_t slot_state(const struct slot_head *h)
{
	return __atomic_load_n(&h->state, __ATOMIC_ACQUIRE);
}

/* Hands the slot over; what is read after that is read after that. */
static inline void slot_set_state(struct slot_head *h, enum slot_state state)
{
	__atomic_store_n(&h->state, (uint32_t)state, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
