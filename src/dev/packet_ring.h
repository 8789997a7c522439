/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory-mapped rings of a packet socket: where they lie, not what they carry. */
#ifndef LEAT_DEV_PACKET_RING_H
#define LEAT_DEV_PACKET_RING_H

#include <linux/if_packet.h>

#include "base/base.h"

/* A ring of slots: transmit, and receive in version 2. Slots lie in blocks; a block's rest behind its last slot is unused. */
struct packet_ring {
	uint8_t *mem;
	uint32_t slot_size, per_block, block_size, n; /* n slots in all */
	uint32_t at; /* next slot */
	uint8_t status_at, len_at, frame_at; /* where the version has them; frame_at is of transmit slots */
};

/* How long a block that has frames waits for more before it is handed over: the least the kernel knows. */
enum { PACKET_RETIRE_MS = 1 };

/* Receive in version 3: frames of any size one behind the other, handed over by the block. */
struct packet_blocks {
	uint8_t *mem;
	uint32_t block_size, n;
	uint32_t at; /* the block that is read, or next */
	uint32_t left; /* frames of it not yet read; 0: it has not been opened */
	uint8_t *frame; /* the next of those */
};

struct packet_rings {
	unsigned version; /* 2 or 3 */
	struct packet_ring tx, rx; /* rx in version 2 */
	struct packet_blocks blocks; /* in version 3 */
	size_t len_bytes; /* of the mapping */
	void *mem;
};

static inline void *ring_slot(const struct packet_ring *r, uint32_t i)
{
	return r->mem + (size_t)(i / r->per_block) * r->block_size +
	       (size_t)(i % r->per_block) * r->slot_size;
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
static inline uint32_t slot_status(const struct packet_ring *r, const void *slot)
{
	return __atomic_load_n((const uint32_t *)((const uint8_t *)slot + r->status_at), __ATOMIC_ACQUIRE);
}
static inline void slot_set_status(const struct packet_ring *r, void *slot, uint32_t s)
{
	__atomic_store_n((uint32_t *)((uint8_t *)slot + r->status_at), s, __ATOMIC_RELEASE);
}
static inline void slot_set_len(const struct packet_ring *r, void *slot, uint32_t len)
{
	*(uint32_t *)((uint8_t *)slot + r->len_at) = len;
}

static inline struct tpacket_block_desc *ring_block(const struct packet_blocks *b)
{
	return (struct tpacket_block_desc *)(b->mem + (size_t)b->at * b->block_size);
}
static inline void blocks_give_back(struct packet_blocks *b)
{
	__atomic_store_n(&ring_block(b)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	b->at = b->at + 1 == b->n ? 0 : b->at + 1;
}
/* The next frame to read, or NULL: the kernel still fills the block. */
static inline const struct tpacket3_hdr *blocks_peek(struct packet_blocks *b)
{
	struct tpacket_block_desc *d = ring_block(b);
	if (b->left)
		return (const struct tpacket3_hdr *)b->frame;
	if (!(__atomic_load_n(&d->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return NULL;
	b->left = d->hdr.bh1.num_pkts;
	b->frame = (uint8_t *)d + d->hdr.bh1.offset_to_first_pkt;
	if (likely(b->left))
		return (const struct tpacket3_hdr *)b->frame;
	blocks_give_back(b);
	return NULL;
}
/* Done with that frame; behind the last one the block goes back. */
static inline void blocks_next(struct packet_blocks *b)
{
	b->frame += ((const struct tpacket3_hdr *)b->frame)->tp_next_offset;
	if (--b->left == 0)
		blocks_give_back(b);
}

/* How long a frame a slot takes: offset of the frame within a receive slot, at most. */
enum { RING_RX_FRAME_AT = 128, RING_TX_FRAME_AT_MAX = TPACKET3_HDRLEN - sizeof(struct sockaddr_ll) };

/* Where version 2 or 3 has what in a slot. */
void packet_ring_layout(struct packet_ring *r, unsigned version);

/* Makes and maps both rings for frames of up to frame_max bytes, with at least the given numbers of slots; in version 3
 * rx_slots counts frames of full-sized Ethernet. The socket has that version already. 0 or -errno. */
int packet_rings_map(int fd, unsigned version, uint32_t frame_max, uint32_t rx_slots, uint32_t tx_slots,
		     struct packet_rings *ret);
void packet_rings_unmap(struct packet_rings *r);

#endif
