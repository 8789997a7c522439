/* SPDX-License-Identifier: BSD-2-Clause */
/* An AF_PACKET device goes on in another process: that maps the very rings. The socket, its place in the fanout group and what it
 * listens to stay as they are, so the kernel notices nothing; what arrives while nobody looks waits in the ring. Of a ring the
 * new process must know how it is laid out, and, when the old one has stopped, which slot is next. */
#include <errno.h>
#include <sys/mman.h>

#include "dev/af_packet.h"

enum { RING_BYTES_MOST = 1 << 30 };

static const struct number {
	const char *key;
	size_t at;
} tx_layout[] = {
#define NUMBER(key, member)                               \
	{                                                 \
		key, offsetof(struct packet_ring, member) \
	}
	NUMBER("slot_size", slot_size),
	NUMBER("per_block", per_block),
	NUMBER("block_size", block_size),
	NUMBER("slots", n),
#undef NUMBER
};

/* --- giving --- */

static void give_ring(const struct packet_ring *r, const char *key, struct saver *s)
{
	save_begin(s, key);
	for (unsigned i = 0; i < ARRAY_SIZE(tx_layout); i++)
		save_u64(s, tx_layout[i].key, *(const uint32_t *)((const char *)r + tx_layout[i].at));
	save_end(s);
}

static void give_blocks(const struct packet_blocks *b, struct saver *s)
{
	save_begin(s, "blocks");
	save_u64(s, "block_size", b->block_size);
	save_u64(s, "n", b->n);
	save_end(s);
}

static void give(const struct hostdev *d, struct saver *s, struct fds *fds)
{
	save_list(s, "queues");
	for (unsigned i = 0; i < d->n_queues; i++) {
		const struct packet_queue *q = packet_queue_of(d->queue[i]);
		save_item(s);
		save_fd(s, "fd", fds, q->q.fd);
		save_u64(s, "version", q->ring.version);
		save_u64(s, "frame_max", q->frame_max);
		give_ring(&q->ring.tx, "tx", s);
		if (q->ring.version == 3)
			give_blocks(&q->ring.blocks, s);
		else
			give_ring(&q->ring.rx, "rx", s);
		save_end(s);
	}
	save_end(s);
}

static void give_state(struct hostdev *d, struct saver *s)
{
	save_list(s, "queues");
	for (unsigned i = 0; i < d->n_queues; i++) {
		const struct packet_rings *r = &packet_queue_of(d->queue[i])->ring;
		const struct packet_blocks *b = &r->blocks;
		save_item(s);
		save_u64(s, "tx", r->tx.at);
		save_u64(s, "rx", r->version == 3 ? b->at : r->rx.at);
		save_u64(s, "left", b->left);
		save_u64(s, "frame", b->left ? (uint64_t)(b->frame - b->mem) : 0);
		save_end(s);
	}
	save_end(s);
}

/* --- taking --- */

static int take_ring(struct packet_ring *r, const char *key, struct loader *l)
{
	if (!load_begin(l, key))
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(tx_layout); i++) {
		uint64_t v;
		if (!load_u64(l, tx_layout[i].key, 1, RING_BYTES_MOST, &v))
			return -EINVAL;
		*(uint32_t *)((char *)r + tx_layout[i].at) = (uint32_t)v;
	}
	load_end(l);
	return (uint64_t)r->per_block * r->slot_size <= r->block_size ? 0 : -EINVAL;
}

static int take_blocks(struct packet_blocks *b, struct loader *l)
{
	uint64_t size, n;
	if (!load_begin(l, "blocks") || !load_u64(l, "block_size", 1, RING_BYTES_MOST, &size) ||
	    !load_u64(l, "n", 1, RING_BYTES_MOST, &n))
		return -EINVAL;
	load_end(l);
	b->block_size = (uint32_t)size;
	b->n = (uint32_t)n;
	return 0;
}

static int take_layout(struct packet_queue *q, struct loader *l)
{
	uint64_t version, frame_max;
	if (!load_u64(l, "version", 2, 3, &version) || !load_u64(l, "frame_max", 1, UINT32_MAX, &frame_max))
		return -EINVAL;
	q->frame_max = (uint32_t)frame_max;
	q->ring.version = (unsigned)version;
	int err = take_ring(&q->ring.tx, "tx", l);
	if (!err && version == 3)
		err = take_blocks(&q->ring.blocks, l);
	else if (!err)
		err = take_ring(&q->ring.rx, "rx", l);
	return err;
}

static uint64_t ring_bytes(const struct packet_ring *r)
{
	return (uint64_t)(r->n / r->per_block) * r->block_size;
}

/* The kernel refuses another length than that of the rings. */
static int map(struct packet_queue *q)
{
	struct packet_rings *r = &q->ring;
	uint64_t rx = r->version == 3 ? (uint64_t)r->blocks.n * r->blocks.block_size : ring_bytes(&r->rx);
	uint64_t tx = ring_bytes(&r->tx);
	void *mem = mmap(NULL, rx + tx, PROT_READ | PROT_WRITE, MAP_SHARED, q->q.fd, 0);
	if (mem == MAP_FAILED)
		return -errno;
	r->mem = mem;
	r->len_bytes = rx + tx;
	r->rx.mem = r->blocks.mem = mem;
	r->tx.mem = r->rx.mem + rx;
	packet_ring_layout(&r->tx, r->version);
	packet_ring_layout(&r->rx, r->version);
	return 0;
}

static int take_queue(struct af_packet *a, struct loader *l)
{
	int fd;
	if (!load_fd(l, "fd", a->dev.host->handed_fds, &fd))
		return -EINVAL;
	struct packet_queue *q = af_packet_add_queue(a, fd);
	int err = q ? take_layout(q, l) : -ENOMEM;
	if (!err)
		err = map(q);
	if (!err)
		err = mem_charge(&a->dev.st->mem, q->ring.len_bytes);
	if (!err)
		q->charged_bytes = q->ring.len_bytes;
	return err;
}

int af_packet_take(struct af_packet *a)
{
	struct loader *l = a->dev.host->handed;
	size_t n;
	if (!load_list(l, "queues", &n))
		return -EINVAL;
	int err = n && n <= HOSTDEV_QUEUES_MAX ? 0 : -EINVAL;
	for (size_t i = 0; i < n && !err; i++) {
		err = load_item(l, i) ? take_queue(a, l) : -EINVAL;
		load_end(l);
	}
	load_end(l);
	return err;
}

static int take_queue_state(struct packet_queue *q, struct loader *l)
{
	struct packet_rings *r = &q->ring;
	bool v3 = r->version == 3;
	uint64_t tx, rx, left, frame;
	if (!load_u64(l, "tx", 0, r->tx.n - 1, &tx) ||
	    !load_u64(l, "rx", 0, (v3 ? r->blocks.n : r->rx.n) - 1, &rx) ||
	    !load_u64(l, "left", 0, UINT32_MAX, &left) || !load_u64(l, "frame", 0, r->len_bytes, &frame))
		return -EINVAL;
	r->tx.at = (uint32_t)tx;
	if (!v3) {
		r->rx.at = (uint32_t)rx;
	} else {
		r->blocks.at = (uint32_t)rx;
		r->blocks.left = (uint32_t)left;
		r->blocks.frame = r->blocks.mem + frame;
	}
	af_packet_resume(q);
	return 0;
}

static int take_state(struct hostdev *d, struct loader *l)
{
	struct af_packet *a = container_of(d, struct af_packet, dev);
	size_t n;
	if (!load_list(l, "queues", &n) || n != d->n_queues)
		return -EINVAL;
	int err = 0;
	for (unsigned i = 0; i < n && !err; i++) {
		err = load_item(l, i) ? take_queue_state(packet_queue_of(d->queue[i]), l) : -EINVAL;
		load_end(l);
	}
	load_end(l);
	a->follow.taken = false;
	return err;
}

const struct hostdev_hand af_packet_hand = { .give = give,
					     .give_state = give_state,
					     .take_state = take_state };
