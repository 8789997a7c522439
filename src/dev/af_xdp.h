/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the AF_XDP driver: af_xdp.c is what a packet meets, af_xdp_ctl.c the rest. */
#ifndef LEAT_DEV_AF_XDP_H
#define LEAT_DEV_AF_XDP_H

#include "dev/hostdev.h"
#include "dev/hostfollow.h"
#include "dev/xsk.h"
#include "pkt/arena.h"

/* A packet that is with the kernel. Its number goes along in the upper bits of its addresses. */
struct xdp_slot {
	struct pkt *p;
	uint32_t left; /* pieces not yet completed; next free slot while there is no packet */
};

struct xdp_queue {
	struct hostdev_queue q;
	struct xsk xsk;
	struct pkt_arena *arena;
	struct pkt_shelf *shelf; /* the home lcore's part of it */
	uint32_t user; /* marks frames in the fill ring, or beyond, as this queue's */
	uint32_t frame_max; /* longest frame to be received */
	bool sg; /* frames of several pieces */

	/* Home lcore. */
	struct pkt *partial; /* of a frame whose further pieces are yet to come */
	bool spoilt; /* that frame is no good; its pieces are passed over */
	uint32_t n_slots, free_slot, n_in_flight;
	struct xdp_slot *slot;
	struct turn_end flush;
	struct timer reap, ask;
	unsigned retries; /* kicks in a row without progress */
	uint64_t received; /* when ask was last set */
	struct xdp_statistics seen;
};

enum { XDP_WHY = 96 };

/* Control lcore. */
struct af_xdp {
	struct hostdev dev;
	struct hostfollow follow;
	struct pkt_arena *arena;
	struct list user; /* of the arena */
	uint32_t need[LCORE_MAX]; /* promised by the arena */
	uint32_t slots;
	char mode_asked[12];
	bool slots_asked, held;
	int keep; /* keeps the program attached while the helper is gone; -1: none */
	bool generic, zerocopy, shared, sg;
	char driver_why[XDP_WHY], zerocopy_why[XDP_WHY]; /* why not better; empty: it was not refused */
};

static inline struct xdp_queue *xdp_queue_of(struct hostdev_queue *q)
{
	return container_of(q, struct xdp_queue, q);
}

void af_xdp_send(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n);
unsigned af_xdp_receive(struct hostdev_queue *q, struct worker *w);

/* --- control lcore --- */

/* Queues without sockets, with their homes. */
int af_xdp_add_queues(struct af_xdp *a, unsigned n, uint64_t lcore);
/* What a queue needs beside its socket; the arena is there. */
int af_xdp_set_up_queue(struct af_xdp *a, struct xdp_queue *x);
/* af_xdp_hand.c */
extern const struct hostdev_hand af_xdp_hand;
/* The whole device, as it was handed over (hand_enter()). 0 or -errno; -EXDEV: by a process with another number of workers. */
int af_xdp_take(struct af_xdp *a, uint64_t lcore);

/* --- home lcore, or while it is paused --- */

/* Tries once more to get rid of what is on its way out; whether it is. */
bool af_xdp_sent_all(struct xdp_queue *x, struct lcore *lc);

/* arena, shelf and slot[n_slots] are set. */
void af_xdp_init_queue(struct xdp_queue *x);
/* Gives the kernel as many frames as its ring takes. */
void af_xdp_refill(struct xdp_queue *x);
/* The socket is closed: takes back all that was with the kernel. What had not left is dropped by that name. */
void af_xdp_take_back(struct xdp_queue *x, struct worker *w, enum drop why);

#endif
