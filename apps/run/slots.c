/* SPDX-License-Identifier: BSD-2-Clause */
/* Short requests by memory shared with the daemon (sockd/slots.h).
 *
 * Theory of operation: a run that sends often is given slots. A request that is posted in one counts as sent; its sender goes on. Then we look
 * whether it is done for about as long as it takes to be put to sleep and woken again: mostly it is, and neither we nor
 * the daemon make a system call for it. The answer we put into the application's pair, by our copy of the daemon's end, where it
 * would have come from. The daemon puts nothing into that pair before the slot is free, so nothing is overtaken. What is longer than a slot, a
 * dump, what finds its socket's slot or all of them taken, and what might overtake something that the application wrote without our
 * knowing, goes through the pair.
 *
 * Looking is of use only where the daemon runs meanwhile, and not too late. Where it has been in vain a few times, we mostly go to sleep at
 * once. */
#include "run/superv_internal.h"
#include "sockd/slots.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_AFTER = 16 /* requests */, LOOK_NS = 50000, VAIN_MAX = 4, LOOK_ANYWAY_EVERY = 16, PAUSES = 8 };

struct posted {
	bool busy;
	uint64_t cookie;
	uint32_t at; /* of its answer, what is in the pair */
	struct superv_event room; /* fd: the pair it waits for room of, or -1 */
	struct superv *s;
};

struct superv_slots {
	struct slots_shared *shared;
	int bell_fd;
	unsigned n_busy;
	unsigned n_vain, n_skipped; /* looks */
	bool alone; /* on our only processor */
	struct posted posted[SLOTS];
};

/* --- their life --- */

void slots_want(struct superv *s)
{
	struct sockd_req req = { .op = SOCKD_SLOTS };

	if (s->slots || s->n_requests >= OPEN_AFTER || ++s->n_requests < OPEN_AFTER)
		return;
	req.seq = superv_seq(s);
	daemon_send(s, &req, NULL, 0);
}

static bool is_alone(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) || CPU_COUNT(&set) < 2;
}

static struct superv_slots *new_slots(struct superv *s, int mem_fd)
{
	struct superv_slots *sl = mem_zalloc(&s->mem, sizeof *sl);
	struct stat st;

	if (!sl || fstat(mem_fd, &st) || st.st_size < (off_t)sizeof *sl->shared)
		goto fail;
	sl->shared = mmap(NULL, sizeof *sl->shared, PROT_READ | PROT_WRITE, MAP_SHARED, mem_fd, 0);
	if (sl->shared == MAP_FAILED)
		goto fail;
	sl->alone = is_alone();
	for (unsigned i = 0; i < SLOTS; i++)
		sl->posted[i] = (struct posted){ .s = s, .room.fd = -1 };
	return sl;
fail:
	mem_free(sl);
	return NULL;
}

/* Without them everything goes as before, so there is nobody to be told of a failure. */
void slots_opened(struct superv *s, const struct sockd_rep *rep, const int fd[2])
{
	if (!rep->err && fd[0] >= 0 && fd[1] >= 0 && !s->slots)
		s->slots = new_slots(s, fd[0]);
	if (fd[0] >= 0)
		close(fd[0]);
	if (s->slots && !s->slots->bell_fd)
		s->slots->bell_fd = fd[1];
	else if (fd[1] >= 0)
		close(fd[1]);
}

static void stop_waiting(struct posted *p)
{
	if (p->room.fd >= 0)
		superv_unwatch(p->s, &p->room);
	p->room.fd = -1;
}

void slots_drop(struct superv *s)
{
	struct superv_slots *sl = s->slots;

	s->n_requests = 0; /* of the next daemon's */
	if (!sl)
		return;
	slots_settle(s);
	for (unsigned i = 0; i < SLOTS; i++)
		stop_waiting(&sl->posted[i]);
	munmap(sl->shared, sizeof *sl->shared);
	close(sl->bell_fd);
	mem_free(sl);
	s->slots = NULL;
}

/* --- out --- */

static struct posted *posted_of(struct superv_slots *sl, uint64_t cookie)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (sl->posted[i].busy && sl->posted[i].cookie == cookie)
			return &sl->posted[i];
	return NULL;
}

static bool is_dump(const void *bytes, size_t len_bytes)
{
	struct nlmsghdr h;

	if (len_bytes < sizeof h)
		return false;
	memcpy(&h, bytes, sizeof h);
	return (h.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

/* Nothing that the application wrote without us is yet to be executed. */
static bool is_quiet(struct superv_slots *sl, const struct known *k)
{
	int bytes = 0;

	return !ioctl(k->own_fd, SIOCINQ, &bytes) && !bytes &&
	       __atomic_load_n(&sl->shared->reading, __ATOMIC_SEQ_CST) != k->cookie;
}

static void ring(struct superv_slots *sl)
{
	/* Fails only when 2^64 - 2 requests were made; the daemon is woken all the same. */
	(void)!write(sl->bell_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static bool fill(struct superv_slots *sl, unsigned i, uint64_t cookie, const void *bytes, size_t len_bytes)
{
	struct slot_head *h = &sl->shared->head[i];
	struct posted *p = &sl->posted[i];

	if (p->busy)
		return false;
	memcpy(sl->shared->req[i], bytes, len_bytes);
	h->req_len = (uint32_t)len_bytes;
	h->cookie = cookie;
	slot_set_state(h, SLOT_POSTED);
	p->busy = true;
	p->cookie = cookie;
	p->at = 0;
	sl->n_busy++;
	return true;
}

bool slots_post(struct superv *s, const struct known *k, const void *bytes, size_t len_bytes)
{
	struct superv_slots *sl = s->slots;

	if (!sl || len_bytes > SLOT_REQ_MAX || is_dump(bytes, len_bytes) || !daemon_is_there(s) ||
	    k->room_ev.fn)
		return false;
	slots_settle(s);
	if (posted_of(sl, k->cookie) || !is_quiet(sl, k))
		return false;
	for (unsigned i = 0; i < SLOTS; i++)
		if (fill(sl, i, k->cookie, bytes, len_bytes)) {
			ring(sl);
			return true;
		}
	return false;
}

/* --- in --- */

static void room_again(struct superv_event *e, uint32_t events)
{
	struct posted *p = container_of(e, struct posted, room);

	stop_waiting(p);
	slots_settle(p->s);
}

static void wait_for_room(struct posted *p, const struct known *k)
{
	p->room = (struct superv_event){ .fd = k->own_fd, .fn = room_again };
	if (superv_watch(p->s, &p->room, EPOLLOUT))
		p->room.fd = -1;
}

/* The next message of the answer; NULL: there is none. */
static const void *next_message(const struct slots_shared *m, unsigned i, uint32_t at, uint32_t *ret_len)
{
	uint32_t all = MIN(racy_get(m->head[i].rep_len), (uint32_t)SLOT_REP_MAX);

	if (at > all || all - at < sizeof *ret_len)
		return NULL;
	memcpy(ret_len, m->rep[i] + at, sizeof *ret_len);
	return *ret_len <= all - at - sizeof *ret_len ? m->rep[i] + at + sizeof *ret_len : NULL;
}

/* False: the pair is full. */
static bool deliver(struct superv_slots *sl, unsigned i, const struct known *k)
{
	struct posted *p = &sl->posted[i];
	const void *bytes;
	uint32_t len;

	while ((bytes = next_message(sl->shared, i, p->at, &len))) {
		if (send(k->own_fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM))
			return false;
		p->at += sizeof len + ((len + 3) & ~3u);
	}
	return true;
}

static void settle_one(struct superv *s, unsigned i)
{
	struct superv_slots *sl = s->slots;
	struct slot_head *h = &sl->shared->head[i];
	struct posted *p = &sl->posted[i];
	struct known *k;

	if (!p->busy || p->room.fd >= 0 || slot_state(h) != SLOT_DONE)
		return;
	k = known_find(s, p->cookie);
	if (k && !deliver(sl, i, k)) {
		wait_for_room(p, k);
		return;
	}
	p->busy = false;
	sl->n_busy--;
	slot_set_state(h, SLOT_FREE);
	if (__atomic_exchange_n(&h->more, 0, __ATOMIC_SEQ_CST))
		ring(sl);
}

void slots_settle(struct superv *s)
{
	struct superv_slots *sl = s->slots;

	if (!sl || !sl->n_busy)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		settle_one(s, i);
	if (!sl->n_busy)
		racy_set(sl->shared->asleep, 0);
}

void slots_gone(struct superv *s, uint64_t cookie)
{
	struct posted *p = s->slots ? posted_of(s->slots, cookie) : NULL;

	if (p)
		stop_waiting(p);
}

static bool any_done(const struct superv_slots *sl)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (sl->posted[i].busy && sl->posted[i].room.fd < 0 &&
		    slot_state(&sl->shared->head[i]) == SLOT_DONE)
			return true;
	return false;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static bool is_worth_looking(struct superv_slots *sl)
{
	return sl->n_vain < VAIN_MAX || ++sl->n_skipped % LOOK_ANYWAY_EVERY == 0;
}

static void pause_a_little(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield");
#endif
}

static bool look(struct superv_slots *sl)
{
	uint64_t until = now_ns() + LOOK_NS;

	do {
		for (unsigned i = 0; i < PAUSES; i++) {
			if (any_done(sl))
				return true;
			pause_a_little();
		}
		if (sl->alone)
			sched_yield(); /* the daemon may be here, too */
	} while (now_ns() < until);
	return false;
}

void slots_wait(struct superv *s)
{
	struct superv_slots *sl = s->slots;

	if (!sl || !sl->n_busy)
		return;
	if (is_worth_looking(sl))
		sl->n_vain = look(sl) ? 0 : sl->n_vain + 1;
	slots_settle(s);
	while (sl->n_busy) {
		__atomic_store_n(&sl->shared->asleep, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!any_done(sl))
			return;
		slots_settle(s);
	}
}
