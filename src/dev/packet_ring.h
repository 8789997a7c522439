/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory-mapped rings of a packet socket: where they lie, not what they carry. */
#ifndef LEAT_DEV_PACKET_RING_H
#define LEAT_DEV_PACKET_RING_H

#include <linux/if_packet.h>

#include "base/base.h"

/* One direction. Slots lie in blocks; a block's rest behind its last slot is unused. */
struct packet_ring {
	uint8_t *mem;
	uint32_t slot_size, per_block, block_size, n; /* n slots in all */
	uint32_t at; /* next slot */
};

struct packet_rings {
	struct packet_ring rx, tx;
	size_t len_bytes; /* of the mapping */
};

static inline struct tpacket2_hdr *ring_slot(const struct packet_ring *r, uint32_t i)
{
	return (struct tpacket2_hdr *)(r->mem + (size_t)(i / r->per_block) * r->block_size +
				       (size_t)(i % r->per_block) * r->slot_size);
}
static inline uint32_t ring_next(const struct packet_ring *r, uint32_t i)
{
	return i + 1 == r->n ? 0 : i + 1;
}
static inline uint32_t ring_before(const struct packet_ring *r, uint32_t i)
{
	return i == 0 ? r->n - 1 : i - 1;
}
/* The kernel is the other side. */
static inline uint32_t slot_status(const struct tpacket2_hdr *h)
{
	return __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
}
static inline void slot_set_status(struct tpacket2_hdr *h, uint32_t s)
{
	__atomic_store_n(&h->tp_status, s, __ATOMIC_RELEASE);
}

/* How long a frame a slot takes: offset of the frame within a slot, at most. */
enum { RING_RX_FRAME_AT = 128, RING_TX_FRAME_AT = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll) };

/* Makes and maps both rings for frames of up to frame_max bytes, with at least the given numbers of slots. 0 or -errno. */
int packet_rings_map(int fd, uint32_t frame_max, uint32_t rx_slots, uint32_t tx_slots,
		     struct packet_rings *ret);
void packet_rings_unmap(struct packet_rings *r);

#endif
