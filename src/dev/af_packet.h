/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the AF_PACKET driver: af_packet.c is what a packet meets, af_packet_ctl.c the rest. */
#ifndef LEAT_DEV_AF_PACKET_H
#define LEAT_DEV_AF_PACKET_H

#include "dev/hostdev.h"
#include "dev/hostfollow.h"
#include "dev/packet_ring.h"

struct packet_queue {
	struct hostdev_queue q;
	bool vnet; /* a virtio-net header goes in front of each frame */
	uint32_t frame_max; /* that a transmit slot takes */
	uint32_t split; /* payloads of so many bytes and more start a page; 0: none */
	struct packet_rings ring;
	uint64_t charged_bytes;
	struct turn_end flush;
	struct timer retry;
	unsigned retries; /* in a row, without progress */
};

/* Control lcore. */
struct af_packet {
	struct hostdev dev;
	struct hostfollow follow;
	bool vnet;
	unsigned version, fanout; /* fanout: PACKET_FANOUT_* */
	uint32_t slots_asked; /* 0: chosen */
	uint32_t split; /* payloads of so many bytes and more start a page; 0: none */
};

static inline struct packet_queue *packet_queue_of(struct hostdev_queue *q)
{
	return container_of(q, struct packet_queue, q);
}

void af_packet_send(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n);
unsigned af_packet_receive(struct hostdev_queue *q, struct worker *w);
/* Drops by that name what still waits in the transmit ring. On the home lcore, or while it is paused. */
void af_packet_give_up(struct packet_queue *a, struct worker *w, enum drop why);
void af_packet_init_queue(struct packet_queue *a);

/* Another queue; from then on the descriptor is its own. NULL without memory. */
struct packet_queue *af_packet_add_queue(struct af_packet *a, int fd);
/* What is left in the transmit ring is tried again. Control lcore, while the home lcore is paused. */
void af_packet_resume(struct packet_queue *a);

/* af_packet_hand.c */
extern const struct hostdev_hand af_packet_hand;
/* All its queues, as they were handed over (hand_enter()). 0 or -errno. */
int af_packet_take(struct af_packet *a);

#endif
