/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets by the number that programs have for them: generation, worker, slot. Each worker has a table of its own, which it alone looks
 * at in its turn (others between turns). A slot is used again with the next generation, so that a number of a socket that was closed
 * does not soon mean another. */
#include "ring/ring_internal.h"

static struct ring_sock *at(const struct ring_hub *h, uint32_t slot)
{
	return &h->chunk[slot / RING_CHUNK][slot % RING_CHUNK];
}

static uint32_t slot_of(int32_t fd)
{
	return (uint32_t)fd & ((1U << RING_SLOT_BITS) - 1);
}

static int32_t fd_of(unsigned gen, unsigned worker, uint32_t slot)
{
	return (int32_t)(gen << (RING_SLOT_BITS + RING_WORKER_BITS) | worker << RING_SLOT_BITS | slot);
}

static unsigned gen_of(int32_t fd)
{
	return (uint32_t)fd >> (RING_SLOT_BITS + RING_WORKER_BITS);
}

struct ring_hub *ring_hub_of(const struct rings *all, int32_t fd)
{
	unsigned w = (uint32_t)fd >> RING_SLOT_BITS & ((1U << RING_WORKER_BITS) - 1);
	return fd >= 0 ? all->hub[w] : NULL;
}

struct ring_sock *ring_sock_find(const struct ring_hub *h, int32_t fd)
{
	uint32_t slot = slot_of(fd);
	struct ring_sock *rs = slot < h->n_slots ? at(h, slot) : NULL;
	return rs && rs->fd == fd && (rs->s || rs->moved) ? rs : NULL;
}

struct ring_sock *ring_sock_next(const struct ring_hub *h, uint32_t *pos)
{
	while (*pos < h->n_slots) {
		struct ring_sock *rs = at(h, (*pos)++);
		if (rs->s || rs->moved)
			return rs;
	}
	return NULL;
}

static bool grow(struct ring_hub *h)
{
	uint32_t c = h->n_slots / RING_CHUNK;
	if (c == RING_CHUNKS)
		return false;
	struct ring_sock *rs = mem_zalloc(&h->w->st->mem, RING_CHUNK * sizeof *rs);
	if (!rs)
		return false;
	h->chunk[c] = rs;
	for (uint32_t i = RING_CHUNK; i-- > 0;) {
		rs[i].fd = fd_of(0, h->w->index, h->n_slots + i);
		rs[i].next_free = h->free_slot;
		h->free_slot = h->n_slots + i + 1;
	}
	h->n_slots += RING_CHUNK;
	return true;
}

bool ring_sock_has_room(struct ring_hub *h)
{
	return h->free_slot || grow(h);
}

struct ring_sock *ring_sock_add(struct ring_hub *h, struct sock *s)
{
	if (!ring_sock_has_room(h))
		return NULL;
	struct ring_sock *rs = at(h, h->free_slot - 1);
	unsigned gen = gen_of(rs->fd) % RING_GENS + 1;
	h->free_slot = rs->next_free;
	*rs = (struct ring_sock){ .s = s, .hub = h, .fd = fd_of(gen, h->w->index, slot_of(rs->fd)) };
	list_init(&rs->ops);
	sock_on_ready_in_turn(s, ring_ready, rs);
	return rs;
}

void ring_sock_remove(struct ring_hub *h, struct ring_sock *rs)
{
	assert(list_empty(&rs->ops));
	if (rs->s && !rs->l) /* of a listener others may just be telling */
		sock_on_ready_in_turn(rs->s, NULL, NULL);
	rs->s = NULL;
	rs->moved = 0;
	rs->next_free = h->free_slot;
	h->free_slot = slot_of(rs->fd) + 1;
}

void ring_table_done(struct ring_hub *h)
{
	for (unsigned i = 0; i < RING_CHUNKS; i++)
		mem_free(h->chunk[i]);
}
