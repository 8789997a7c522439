/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/packet_ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* The kernel gets a block as one run of pages if it can. 255 pages hold 15 slots of 17 pages (a 64 KiB frame and its
 * headers), so next to nothing of the megabyte they come from is lost. A pitch of 17 pages also keeps the headers of
 * neighbouring slots out of each other's cache sets. */
enum { RING_PAGE = 4096, RING_BLOCK = 255 * RING_PAGE, RING_SLOT_LARGE = 17 * RING_PAGE };

static uint32_t slot_size_for(uint32_t frame_max)
{
	uint32_t n = TPACKET_ALIGN(frame_max + RING_RX_FRAME_AT);
	return n > RING_SLOT_LARGE / 2 ? RING_SLOT_LARGE : n;
}

static void plan(struct packet_ring *r, uint32_t frame_max, uint32_t slots, struct tpacket_req *ret)
{
	r->slot_size = slot_size_for(frame_max);
	r->per_block = RING_BLOCK / r->slot_size;
	r->block_size = RING_BLOCK;
	uint32_t blocks = (slots + r->per_block - 1) / r->per_block;
	r->n = blocks * r->per_block;
	*ret = (struct tpacket_req){ .tp_block_size = r->block_size,
				     .tp_block_nr = blocks,
				     .tp_frame_size = r->slot_size,
				     .tp_frame_nr = r->n };
}

int packet_rings_map(int fd, uint32_t frame_max, uint32_t rx_slots, uint32_t tx_slots,
		     struct packet_rings *ret)
{
	struct packet_rings r = { 0 };
	struct tpacket_req rx, tx;
	plan(&r.rx, frame_max, rx_slots, &rx);
	plan(&r.tx, frame_max, tx_slots, &tx);
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &rx, sizeof rx) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &tx, sizeof tx))
		return -errno;
	size_t rx_len = (size_t)rx.tp_block_nr * rx.tp_block_size,
	       tx_len = (size_t)tx.tp_block_nr * tx.tp_block_size;
	void *m = mmap(NULL, rx_len + tx_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		return -errno;
	r.rx.mem = m;
	r.tx.mem = r.rx.mem + rx_len;
	r.len_bytes = rx_len + tx_len;
	*ret = r;
	return 0;
}

void packet_rings_unmap(struct packet_rings *r)
{
	if (r->rx.mem)
		munmap(r->rx.mem, r->len_bytes);
	r->rx.mem = NULL;
}
