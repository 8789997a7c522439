/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the AF_PACKET driver: af_packet.c is what a packet meets, af_packet_ctl.c the rest. */
#ifndef LEAT_DEV_AF_PACKET_H
#define LEAT_DEV_AF_PACKET_H

#include "dev/hostdev.h"
#include "dev/hostlink.h"
#include "dev/packet_ring.h"

struct af_packet {
	struct hostdev dev;
	bool vnet; /* a virtio-net header goes in front of each frame */
	uint32_t frame_max; /* that a transmit slot takes */

	/* Home lcore. */
	struct packet_rings ring;
	struct turn_end flush;
	struct timer retry;
	unsigned retries; /* in a row, without progress */

	/* Control lcore. */
	char ifname[IFACE_NAME_MAX]; /* as given; the device may have been renamed since */
	unsigned ifindex;
	uint64_t charged_bytes;
	struct fd_watch link_watch;
	struct hostlink link; /* as last seen */
};

void af_packet_send(struct hostdev *d, struct worker *w, struct pkt *const *p, unsigned n);
unsigned af_packet_receive(struct hostdev *d, struct worker *w);
/* Drops by that name what still waits in the transmit ring. On the home lcore, or while it is paused. */
void af_packet_give_up(struct af_packet *a, struct worker *w, enum drop why);
void af_packet_init_queue(struct af_packet *a);

#endif
