/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's side of slots (slots.h).
 *
 * Theory of operation: a request in a slot is executed like one that came through the pair, and what is said to its socket
 * meanwhile, answers and notifications alike, is gathered and left in the slot. The client puts it into the pair, where the application finds
 * it; so the daemon makes no system call for it. Until the slot is free again nothing else may get into that pair before those: it
 * waits in the netlink socket (`held`), and the client rings when it has freed a slot that says that there is more.
 *
 * Order of requests: an application may also write to its descriptor without the client's knowing. The client posts only while nothing waits
 * in the pair, and not while we may be about to execute what we have read from it (`reading`). And who has read something from the pair
 * executes what was posted before it was sent, first: that is there by then.
 *
 * What is gathered lies in memory of our own, so that a copy of this process (core/aside.h) writes nothing into the client's. */
#include "sockd/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fds.h"
#include "sockd/sockd_internal.h"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

struct slots {
	struct client *c;
	struct slots_shared *shared;
	int mem_fd; /* for the next daemon */
	struct fd_watch bell; /* edge-triggered and never read */
	struct pair *holder[SLOTS]; /* whose messages lie in it */
	struct pair *executing;
	bool refused; /* something did not fit while executing */
	uint32_t rep_len;
	uint8_t req[SLOT_REQ_MAX];
	uint8_t rep[SLOT_REP_MAX];
};

/* --- a request's turn --- */

static bool append(struct slots *sl, const void *bytes, uint32_t len_bytes)
{
	uint32_t need = sizeof len_bytes + ((len_bytes + 3) & ~3u);
	uint8_t *to = sl->rep + sl->rep_len;

	if (sl->refused || len_bytes > SLOT_REP_MAX || need > SLOT_REP_MAX - sl->rep_len)
		return false;
	memcpy(to, &len_bytes, sizeof len_bytes);
	memcpy(to + sizeof len_bytes, bytes, len_bytes);
	sl->rep_len += need;
	return true;
}

static void release(struct slots *sl, unsigned i)
{
	struct pair *s = sl->holder[i];

	if (!s)
		return;
	sl->holder[i] = NULL;
	s->held_by = 0;
	pair_room(s);
}

int slots_send(struct pair *s, const void *bytes, size_t len_bytes)
{
	struct slots *sl = s->client ? s->client->slots : NULL;

	if (!sl)
		return SLOTS_NOT;
	if (sl->executing == s) {
		sl->refused |= !append(sl, bytes, (uint32_t)MIN(len_bytes, (size_t)UINT32_MAX));
		return sl->refused ? -EAGAIN : 0;
	}
	if (!s->held_by)
		return SLOTS_NOT;
	struct slot_head *h = &sl->shared->head[s->held_by - 1];
	__atomic_store_n(&h->more, 1, __ATOMIC_SEQ_CST);
	if (slot_state(h) == SLOT_DONE)
		return -EAGAIN;
	sl->holder[s->held_by - 1] = NULL;
	s->held_by = 0;
	return SLOTS_NOT;
}

static struct pair *pair_of_slot(struct client *c, uint64_t cookie)
{
	struct pair *s = pair_of_cookie(c, cookie);

	return s && s->client == c ? s : NULL;
}

static void execute(struct slots *sl, unsigned i, struct pair *s)
{
	struct slot_head *h = &sl->shared->head[i];
	uint32_t len = racy_get(h->req_len);

	sl->rep_len = 0;
	sl->refused = false;
	sl->executing = s;
	if (len <= SLOT_REQ_MAX)
		memcpy(sl->req, sl->shared->req[i], len);
	if (len > SLOT_REQ_MAX || nl_sock_input_own(s->nl, sl->req, len) < 0)
		sl->c->d->stats.refused++;
	if (!sl->executing) /* closed */
		sl->rep_len = 0;
	sl->executing = NULL;
	memcpy(sl->shared->rep[i], sl->rep, sl->rep_len);
	if (sl->rep_len) {
		sl->holder[i] = s;
		s->held_by = (uint8_t)(i + 1);
	}
}

static void wake_client(struct slots *sl)
{
	const struct sockd_rep rep = { .op = SOCKD_SLOTS_DONE };

	/* Where there is no room, there is something that it is going to read, and then it looks. */
	if (racy_get(sl->shared->asleep) && __atomic_exchange_n(&sl->shared->asleep, 0, __ATOMIC_SEQ_CST))
		send(sl->c->watch.fd, &rep, sizeof rep, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void serve(struct slots *sl, unsigned i)
{
	struct slot_head *h = &sl->shared->head[i];
	struct pair *s = pair_of_slot(sl->c, racy_get(h->cookie));

	sl->rep_len = 0;
	sl->refused = false;
	sl->c->d->stats.slot_requests++;
	if (s && s->held_by && slot_state(&sl->shared->head[s->held_by - 1]) != SLOT_DONE)
		release(sl, s->held_by - 1u);
	if (s && !s->held_by)
		execute(sl, i, s);
	else
		sl->c->d->stats.refused++; /* closed meanwhile; or one that has not fetched its last answer */
	racy_set(h->more, sl->refused);
	racy_set(h->rep_len, sl->rep_len);
	slot_set_state(h, SLOT_DONE);
	wake_client(sl);
	if (sl->refused && !sl->rep_len && s)
		pair_room(s); /* its first message is larger than a slot */
}

void slots_run(struct client *c)
{
	struct slots *sl = c->slots;

	if (!sl || sl->executing)
		return;
	for (unsigned i = 0; i < SLOTS; i++) {
		uint32_t state = slot_state(&sl->shared->head[i]);
		if (state != SLOT_DONE)
			release(sl, i);
		if (state == SLOT_POSTED)
			serve(sl, i);
	}
}

void slots_reading(struct client *c, uint64_t cookie)
{
	if (c->slots)
		__atomic_store_n(&c->slots->shared->reading, cookie, __ATOMIC_SEQ_CST);
}

void slots_forget(struct pair *s)
{
	struct slots *sl = s->client ? s->client->slots : NULL;

	if (s->held_by)
		sl->holder[s->held_by - 1] = NULL;
	s->held_by = 0;
	if (sl && sl->executing == s)
		sl->executing = NULL;
}

static void rung(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	slots_run(container_of(w, struct slots, bell)->c);
}

/* --- their life --- */

static int make_memory(void)
{
	int fd = memfd_create("leat-slots", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, sizeof(struct slots_shared)) && fcntl(fd, F_ADD_SEALS, SEALS) >= 0)
		return fd;
	int err = -errno;
	close(fd);
	return err;
}

static bool is_memory(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_size == sizeof(struct slots_shared) &&
	       fcntl(fd, F_GET_SEALS) == SEALS;
}

static int attach(struct client *c, int mem_fd, int bell_fd)
{
	struct sockd *d = c->d;
	struct slots *sl = mem_zalloc(&d->mem, sizeof *sl);
	void *at = mmap(NULL, sizeof *sl->shared, PROT_READ | PROT_WRITE, MAP_SHARED, mem_fd, 0);
	int err = at == MAP_FAILED ? -errno : sl ? 0 : -ENOMEM;

	if (err)
		goto fail;
	*sl = (struct slots){ .c = c, .shared = at, .mem_fd = mem_fd };
	sl->bell = (struct fd_watch){ .fd = bell_fd, .events = EPOLLIN | EPOLLET, .ready = rung };
	err = d->rt->ops->fd_watch(d->rt, d->rt->ctl, &sl->bell);
	if (err)
		goto fail;
	c->slots = sl;
	d->stats.with_slots++;
	return 0;
fail:
	if (at != MAP_FAILED)
		munmap(at, sizeof *sl->shared);
	mem_free(sl);
	return err;
}

int slots_open(struct client *c)
{
	int mem_fd, bell_fd, err;

	if (c->slots)
		return -EEXIST;
	if (c->d->stats.with_slots >= SLOTS_CLIENTS_MAX)
		return -ENOSPC;
	mem_fd = make_memory();
	if (mem_fd < 0)
		return mem_fd;
	bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = bell_fd < 0 ? -errno : attach(c, mem_fd, bell_fd);
	if (!err)
		return 0;
	close(mem_fd);
	if (bell_fd >= 0)
		close(bell_fd);
	return err;
}

void slots_fds(const struct client *c, int ret_fd[2])
{
	ret_fd[0] = c->slots->mem_fd;
	ret_fd[1] = c->slots->bell.fd;
}

void slots_close(struct client *c)
{
	struct slots *sl = c->slots;

	if (!sl)
		return;
	c->slots = NULL;
	for (unsigned i = 0; i < SLOTS; i++)
		release(sl, i);
	c->d->rt->ops->fd_unwatch(c->d->rt, c->d->rt->ctl, &sl->bell);
	munmap(sl->shared, sizeof *sl->shared);
	close(sl->mem_fd);
	close(sl->bell.fd);
	mem_free(sl);
	c->d->stats.with_slots--;
}

/* --- in another process --- */

void slots_save(struct client *c, struct saver *s, struct fds *fds)
{
	if (!c->slots)
		return;
	save_fd(s, "slots", fds, c->slots->mem_fd);
	save_fd(s, "bell", fds, c->slots->bell.fd);
}

int slots_restore(struct client *c, struct loader *l, struct fds *fds)
{
	int mem_fd, bell_fd;

	if (!load_has(l, "slots"))
		return 0;
	if (!load_fd(l, "slots", fds, &mem_fd))
		return -EINVAL;
	if (!load_fd(l, "bell", fds, &bell_fd)) {
		close(mem_fd);
		return -EINVAL;
	}
	int err = is_memory(mem_fd) && !is_memory(bell_fd) ? attach(c, mem_fd, bell_fd)
							   : load_bad(l, "slots", "no memory of slots");
	if (!err)
		return 0;
	close(mem_fd);
	close(bell_fd);
	return err;
}

void slots_hold(struct client *c)
{
	struct slots *sl = c->slots;

	for (unsigned i = 0; sl && i < SLOTS; i++) {
		struct slot_head *h = &sl->shared->head[i];
		struct pair *s = slot_state(h) == SLOT_DONE ? pair_of_slot(c, h->cookie) : NULL;
		if (!s || s->held_by)
			continue;
		sl->holder[i] = s;
		s->held_by = (uint8_t)(i + 1);
	}
}
