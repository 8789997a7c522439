/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/packet_ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* The kernel gets a block as one run of pages if it can. 255 pages hold 15 slots of 17 pages (a 64 KiB frame and its
 * headers), so next to nothing of the megabyte they come from is lost. A pitch of 17 pages also keeps the headers of
 * neighbouring slots out of each other's cache sets. */
enum { RING_PAGE = 4096, RING_BLOCK = 255 * RING_PAGE, RING_SLOT_LARGE = 17 * RING_PAGE };

/* Version 3: a quarter of a megabyte holds the longest frame; many blocks, because the timeout hands over a whole one even for
 * one frame. */
enum { V3_BLOCK = 64 * RING_PAGE, V3_BLOCKS_MIN = 4, V3_FRAME = 2048 };

static uint32_t slot_size_for(uint32_t frame_max)
{
	uint32_t n = TPACKET_ALIGN(frame_max + RING_RX_FRAME_AT);
	return n > RING_SLOT_LARGE / 2 ? RING_SLOT_LARGE : n;
}

void packet_ring_layout(struct packet_ring *r, unsigned version)
{
	bool v3 = version == 3;
	r->status_at =
		v3 ? offsetof(struct tpacket3_hdr, tp_status) : offsetof(struct tpacket2_hdr, tp_status);
	r->len_at = v3 ? offsetof(struct tpacket3_hdr, tp_len) : offsetof(struct tpacket2_hdr, tp_len);
	r->frame_at = (uint8_t)((v3 ? TPACKET3_HDRLEN : TPACKET2_HDRLEN) - sizeof(struct sockaddr_ll));
}

/* The first of it is a struct tpacket_req. */
static struct tpacket_req3 plan(struct packet_ring *r, unsigned version, uint32_t frame_max, uint32_t slots)
{
	packet_ring_layout(r, version);
	r->slot_size = slot_size_for(frame_max);
	r->per_block = RING_BLOCK / r->slot_size;
	r->block_size = RING_BLOCK;
	uint32_t blocks = (slots + r->per_block - 1) / r->per_block;
	r->n = blocks * r->per_block;
	return (struct tpacket_req3){ .tp_block_size = r->block_size,
				      .tp_block_nr = blocks,
				      .tp_frame_size = r->slot_size,
				      .tp_frame_nr = r->n };
}

static struct tpacket_req3 plan_blocks(struct packet_blocks *b, uint32_t slots)
{
	b->block_size = V3_BLOCK;
	b->n = MAX((uint32_t)V3_BLOCKS_MIN, (slots + V3_BLOCK / V3_FRAME - 1) / (V3_BLOCK / V3_FRAME));
	return (struct tpacket_req3){ .tp_block_size = b->block_size,
				      .tp_block_nr = b->n,
				      .tp_frame_size = V3_FRAME,
				      .tp_frame_nr = b->n * (V3_BLOCK / V3_FRAME),
				      .tp_retire_blk_tov = PACKET_RETIRE_MS };
}

int packet_rings_map(int fd, unsigned version, uint32_t frame_max, uint32_t rx_slots, uint32_t tx_slots,
		     struct packet_rings *ret)
{
	struct packet_rings r = { .version = version };
	socklen_t len = version == 3 ? sizeof(struct tpacket_req3) : sizeof(struct tpacket_req);
	struct tpacket_req3 tx = plan(&r.tx, version, frame_max, tx_slots),
			    rx = version == 3 ? plan_blocks(&r.blocks, rx_slots)
					      : plan(&r.rx, version, frame_max, rx_slots);
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &rx, len) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &tx, len))
		return -errno;
	size_t rx_len = (size_t)rx.tp_block_nr * rx.tp_block_size,
	       tx_len = (size_t)tx.tp_block_nr * tx.tp_block_size;
	r.mem = mmap(NULL, rx_len + tx_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r.mem == MAP_FAILED)
		return -errno;
	r.rx.mem = r.blocks.mem = r.mem;
	r.tx.mem = r.rx.mem + rx_len;
	r.len_bytes = rx_len + tx_len;
	*ret = r;
	return 0;
}

void packet_rings_unmap(struct packet_rings *r)
{
	if (r->mem)
		munmap(r->mem, r->len_bytes);
	r->mem = NULL;
}
