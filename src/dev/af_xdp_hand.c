/* SPDX-License-Identifier: BSD-2-Clause */
/* An AF_XDP device goes on in another process. Its sockets stay bound and its program attached; the memory of its frames is a file that
 * both map. What has to be told is who has which frame: those that are with the kernel, in the fill ring or behind it, are listed when the
 * old process has stopped, all others are free in the new one. What was on its way out is waited for a moment first, so that
 * no completion comes back for a packet that only the old one knew; were there one all the same, its frames stay out of use.
 *
 * Frames are dealt to lcores, so the new process must have as many of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/af_xdp.h"

enum { DRAIN_ROUNDS = 200, DRAIN_US = 50 };

/* --- giving --- */

static void give(const struct hostdev *d, struct saver *s, struct fds *fds)
{
	const struct af_xdp *a = container_of(d, struct af_xdp, dev);
	save_fd(s, "sock", fds, a->follow.sock);
	save_fd(s, "keep", fds, a->keep);
	save_fd(s, "frames", fds, a->arena->fd);
	save_u64(s, "per_lcore", a->arena->per_lcore);
	save_u64(s, "slots", a->slots);
	save_u64(s, "generic", a->generic);
	save_u64(s, "zerocopy", a->zerocopy);
	save_u64(s, "shared", a->shared);
	save_u64(s, "sg", a->sg);
	save_str(s, "driver_why", a->driver_why);
	save_str(s, "zerocopy_why", a->zerocopy_why);
	hand_give_queues(d, s, fds);
}

/* Its lcore is paused. What has not left by then is lost; the next process counts it to nobody. */
static void drain(struct xdp_queue *x)
{
	struct lcore *lc = hostdev_worker(&x->q)->lc;
	for (unsigned i = 0; i < DRAIN_ROUNDS && !af_xdp_sent_all(x, lc); i++)
		usleep(DRAIN_US);
}

static bool is_with_kernel(const struct xdp_queue *x, const struct pkt *frame)
{
	return frame->buf->user == x->user;
}

/* Frames of packets that are still on their way out are the kernel's, too. */
static void mark_in_flight(struct xdp_queue *x, uint32_t mark)
{
	for (uint32_t i = 0; i < x->n_slots; i++) {
		const struct pkt *p = x->slot[i].p;
		if (!p)
			continue;
		struct pkt *head = pkt_arena_at(x->arena, arena_addr(x->arena, p->data));
		if (head)
			head->buf->user = mark;
	}
}

static uint32_t n_frames(const struct pkt_arena *a)
{
	return (uint32_t)((a->len_bytes - ARENA_START) >> ARENA_PITCH_SHIFT);
}

static int list_frames(const struct xdp_queue *x, uint32_t **ret, uint32_t *ret_n)
{
	uint32_t n = 0, *list = malloc((n_frames(x->arena) + 1) * sizeof *list);
	struct pkt *p;
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; (p = pkt_arena_frame(x->arena, i)); i++)
		if (is_with_kernel(x, p))
			list[n++] = i;
	*ret = list;
	*ret_n = n;
	return 0;
}

static void give_queue_state(struct xdp_queue *x, struct saver *s)
{
	uint32_t *list, n;
	drain(x);
	mark_in_flight(x, x->user);
	int err = list_frames(x, &list, &n);
	mark_in_flight(x, 0);
	if (err) {
		save_failed(s, err);
		return;
	}
	save_bytes(s, "with_kernel", list, n * sizeof *list);
	free(list);
}

static void give_state(struct hostdev *d, struct saver *s)
{
	save_list(s, "queues");
	for (unsigned i = 0; i < d->n_queues; i++) {
		save_item(s);
		give_queue_state(xdp_queue_of(d->queue[i]), s);
		save_end(s);
	}
	save_end(s);
}

/* --- taking --- */

static bool load_flag(struct loader *l, const char *key, bool *ret)
{
	uint64_t v;
	if (!load_u64(l, key, 0, 1, &v))
		return false;
	*ret = v;
	return true;
}

static int take_settings(struct af_xdp *a, struct loader *l)
{
	uint64_t slots;
	if (!load_u64(l, "slots", 1, UINT16_MAX, &slots) || !load_flag(l, "generic", &a->generic) ||
	    !load_flag(l, "zerocopy", &a->zerocopy) || !load_flag(l, "shared", &a->shared) ||
	    !load_flag(l, "sg", &a->sg) || !load_str(l, "driver_why", a->driver_why, sizeof a->driver_why) ||
	    !load_str(l, "zerocopy_why", a->zerocopy_why, sizeof a->zerocopy_why))
		return -EINVAL;
	a->slots = (uint32_t)slots;
	return 0;
}

static int take_arena(struct af_xdp *a, struct loader *l, struct fds *fds)
{
	uint64_t per_lcore;
	int fd;
	if (!load_u64(l, "per_lcore", 1, UINT32_MAX, &per_lcore) || !load_fd(l, "frames", fds, &fd))
		return -EINVAL;
	return pkt_arena_adopt(a->dev.st->rt, fd, (uint32_t)per_lcore, a->need, &a->arena);
}

static int take_queue(struct af_xdp *a, struct xdp_queue *x, struct loader *l, struct fds *fds)
{
	int fd;
	if (!load_fd(l, "fd", fds, &fd))
		return -EINVAL;
	int err = xsk_adopt(&x->xsk, fd, a->slots);
	x->q.fd = fd;
	x->sg = a->sg;
	return err ? err : af_xdp_set_up_queue(a, x);
}

int af_xdp_take(struct af_xdp *a, uint64_t lcore)
{
	struct loader *l = a->dev.host->handed;
	struct fds *fds = a->dev.host->handed_fds;
	size_t n;
	int err = load_fd(l, "sock", fds, &a->follow.sock) ? take_settings(a, l) : -EINVAL;
	a->held = !err;
	if (!err && !load_fd(l, "keep", fds, &a->keep))
		err = -EINVAL;
	a->follow.taken = true;
	if (!err)
		err = hostfollow_init(&a->follow);
	if (!err && (!load_list(l, "queues", &n) || !n || n > HOSTDEV_QUEUES_MAX))
		return -EINVAL;
	if (!err) {
		load_end(l);
		err = af_xdp_add_queues(a, (unsigned)n, lcore);
	}
	if (!err)
		err = take_arena(a, l, fds);
	if (err || !load_list(l, "queues", &n))
		return err ? err : -EINVAL;
	for (unsigned i = 0; i < n && !err; i++) {
		err = load_item(l, i) ? take_queue(a, xdp_queue_of(a->dev.queue[i]), l, fds) : -EINVAL;
		load_end(l);
	}
	load_end(l);
	return err;
}

static int take_queue_state(struct xdp_queue *x, struct loader *l)
{
	uint32_t room = n_frames(x->arena), *list = malloc((room + 1) * sizeof *list);
	size_t len;
	int err = list ? 0 : -ENOMEM;
	if (!err && !load_blob(l, "with_kernel", list, room * sizeof *list, &len))
		err = -EINVAL;
	for (size_t i = 0; !err && i < len / sizeof *list; i++) {
		struct pkt *p = pkt_arena_frame(x->arena, list[i]);
		if (p)
			p->buf->user = x->user;
		else
			err = load_bad(l, "with_kernel", "no such frame");
	}
	free(list);
	xsk_refresh(&x->xsk);
	return err;
}

static int take_state(struct hostdev *d, struct loader *l)
{
	struct af_xdp *a = container_of(d, struct af_xdp, dev);
	size_t n;
	int err = load_list(l, "queues", &n) && n == d->n_queues ? 0 : -EINVAL;
	for (unsigned i = 0; i < n && !err; i++) {
		err = load_item(l, i) ? take_queue_state(xdp_queue_of(d->queue[i]), l) : -EINVAL;
		load_end(l);
	}
	load_end(l);
	pkt_arena_sift(a->arena);
	a->follow.taken = false;
	return err;
}

const struct hostdev_hand af_xdp_hand = { .give = give, .give_state = give_state, .take_state = take_state };
