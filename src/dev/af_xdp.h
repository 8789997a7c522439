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

static inline struct xdp_queue *xdp_queue_of(struct hostdev_queue *q)
{
	return container_of(q, struct xdp_queue, q);
}

void af_xdp_send(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n);
unsigned af_xdp_receive(struct hostdev_queue *q, struct worker *w);

/* --- home lcore, or while it is paused --- */

/* arena, shelf and slot[n_slots] are set. */
void af_xdp_init_queue(struct xdp_queue *x);
/* Gives the kernel as many frames as its ring takes. */
void af_xdp_refill(struct xdp_queue *x);
/* The socket is closed: takes back all that was with the kernel. What had not left is dropped by that name. */
void af_xdp_take_back(struct xdp_queue *x, struct worker *w, enum drop why);

#endif
