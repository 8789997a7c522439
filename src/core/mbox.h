/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of messages with one producer and one consumer. Room-internal; lcore.h is what others use. */
#ifndef LEAT_CORE_MBOX_H
#define LEAT_CORE_MBOX_H

#include "core/lcore.h"

enum { MBOX_SIZE = 256 };

/* head is written by the producer, tail by the consumer, each on a line of its own; both only grow. */
struct mbox {
	uint32_t head cacheline_aligned;
	uint32_t tail cacheline_aligned;
	struct msg ring[MBOX_SIZE] cacheline_aligned;
};

static inline bool mbox_put(struct mbox *b, const struct msg *m)
{
	uint32_t head = b->head;
	if (head - __atomic_load_n(&b->tail, __ATOMIC_ACQUIRE) == MBOX_SIZE)
		return false;
	b->ring[head % MBOX_SIZE] = *m;
	__atomic_store_n(&b->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* From either side: the other's end is read as it is at some time, one's own as it is. */
static inline uint32_t mbox_count(const struct mbox *b)
{
	return __atomic_load_n(&b->head, __ATOMIC_ACQUIRE) - __atomic_load_n(&b->tail, __ATOMIC_ACQUIRE);
}

static inline struct msg mbox_take(struct mbox *b) /* mbox_count() said there is one */
{
	uint32_t tail = b->tail;
	struct msg m = b->ring[tail % MBOX_SIZE];
	__atomic_store_n(&b->tail, tail + 1, __ATOMIC_RELEASE);
	return m;
}

#endif
