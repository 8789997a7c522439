/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a turn takes the time once, loads every worker's view, runs the messages that were there when it
 * began, fires due timers, polls, and then does what was asked to be done at its end. Posting puts a message into the
 * ring between the two lcores; what does not fit waits on the sender's side, in order, and is tried again in each turn.
 * Wake-ups are sent once, at the end of the turn: a receiver says `sleeping` before its last look at its rings, a sender
 * looks at `sleeping` after its last put, and a full fence between each pair means that one of them sees the other. */
#include "core/lcore.h"

#include "core/mbox.h"
#include "core/stack.h"

#include <errno.h>

enum { FLUSH_ROUNDS = 4096, RESERVE = 256 };

struct overflow_msg {
	struct list link;
	struct msg msg;
	bool reserved;
};

static unsigned n_all(const struct leat_runtime *rt)
{
	return rt->n_lcores + 1;
}

static int reserve_init(struct leat_runtime *rt, struct lcore *lc)
{
	struct overflow_msg *o = mem_zalloc(&rt->mem, RESERVE * sizeof *o);
	list_init(&lc->reserve);
	lc->reserve_mem = o;
	for (unsigned i = 0; o && i < RESERVE; i++) {
		o[i].reserved = true;
		list_append(&lc->reserve, &o[i].link);
	}
	return o ? 0 : -1;
}

static struct overflow_msg *overflow_new(struct lcore *lc)
{
	struct overflow_msg *o = mem_zalloc(&lc->rt->mem, sizeof *o);
	if (o || list_empty(&lc->reserve))
		return o;
	o = list_first(&lc->reserve, struct overflow_msg, link);
	list_remove(&o->link);
	return o;
}

static void overflow_free(struct lcore *lc, struct overflow_msg *o)
{
	list_remove(&o->link);
	if (o->reserved)
		list_append(&lc->reserve, &o->link);
	else
		mem_free(o);
}

static int lcore_init(struct leat_runtime *rt, struct lcore *lc, unsigned id)
{
	lc->rt = rt;
	lc->id = id;
	lc->now_us = rt->ops->now_us(rt);
	wheel_init(&lc->wheel, lc->now_us);
	list_init(&lc->pollers);
	list_init(&lc->workers);
	lc->poll_next = &lc->pollers;
	lc->turn_end_tail = &lc->turn_end;
	for (unsigned i = 0; i < n_all(rt); i++) {
		list_init(&lc->overflow[i]);
		lc->in[i] = mem_zalloc_aligned(&rt->mem, sizeof(struct mbox), CACHELINE);
		if (!lc->in[i])
			return -1;
	}
	return reserve_init(rt, lc);
}

static void lcore_free(struct lcore *lc)
{
	if (!lc)
		return;
	for (unsigned i = 0; i < LCORE_MAX; i++) {
		while (lc->overflow[i].next && !list_empty(&lc->overflow[i]))
			overflow_free(lc, list_first(&lc->overflow[i], struct overflow_msg, link));
		mem_free(lc->in[i]);
	}
	mem_free(lc->reserve_mem);
	mem_free(lc);
}

int rt_init_lcores(struct leat_runtime *rt, unsigned n_lcores)
{
	if (n_lcores == 0 || n_lcores >= LCORE_MAX)
		return -EINVAL;
	rt->n_lcores = n_lcores;
	for (unsigned i = 0; i <= n_lcores; i++) {
		rt->lcore[i] = mem_zalloc_aligned(&rt->mem, sizeof(struct lcore), CACHELINE);
		if (!rt->lcore[i] || lcore_init(rt, rt->lcore[i], i)) {
			rt_done_lcores(rt);
			return -ENOMEM;
		}
	}
	rt->ctl = rt->lcore[n_lcores];
	return 0;
}

void rt_done_lcores(struct leat_runtime *rt)
{
	for (unsigned i = 0; i < LCORE_MAX; i++) {
		lcore_free(rt->lcore[i]);
		rt->lcore[i] = NULL;
	}
	rt->ctl = NULL;
}

bool lcore_try_post(struct lcore *from, struct lcore *to, const struct msg *m)
{
	if (!list_empty(&from->overflow[to->id]) || !mbox_put(to->in[from->id], m))
		return false;
	from->wake_mask |= (uint64_t)1 << to->id;
	return true;
}

bool lcore_try_post_stranger(struct lcore *from, struct lcore *to, const struct msg *m)
{
	return mbox_count(to->in[from->id]) < MBOX_SIZE / 2 && lcore_try_post(from, to, m);
}

bool lcore_post(struct lcore *from, struct lcore *to, const struct msg *m)
{
	if (lcore_try_post(from, to, m))
		return true;
	struct overflow_msg *o = overflow_new(from);
	if (!o) {
		racy_add(from->lost, 1);
		return false;
	}
	o->msg = *m;
	list_append(&from->overflow[to->id], &o->link);
	from->n_overflow++;
	return true;
}

static void overflow_retry(struct lcore *lc)
{
	for (unsigned i = 0; i < n_all(lc->rt) && lc->n_overflow; i++) {
		while (!list_empty(&lc->overflow[i])) {
			struct overflow_msg *o = list_first(&lc->overflow[i], struct overflow_msg, link);
			if (!mbox_put(lc->rt->lcore[i]->in[lc->id], &o->msg))
				break;
			lc->wake_mask |= (uint64_t)1 << i;
			overflow_free(lc, o);
			lc->n_overflow--;
		}
	}
}

static void wake_others(struct lcore *lc)
{
	uint64_t mask = lc->wake_mask & ~((uint64_t)1 << lc->id);
	lc->wake_mask = 0;
	if (!mask)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (; mask; mask &= mask - 1) {
		struct lcore *to = lc->rt->lcore[__builtin_ctzll(mask)];
		if (racy_get(to->sleeping))
			lc->rt->ops->wake(lc->rt, to);
	}
}

unsigned lcore_run_messages(struct lcore *lc)
{
	unsigned done = 0;
	for (unsigned i = 0; i < n_all(lc->rt); i++) {
		uint32_t n = mbox_count(lc->in[i]); /* what arrives meanwhile waits: a turn is bounded */
		for (uint32_t k = 0; k < n; k++) {
			struct msg m = mbox_take(lc->in[i]);
			m.fn(lc, &m);
		}
		done += n;
	}
	return done;
}

static unsigned run_turn_ends(struct lcore *lc)
{
	unsigned n = 0;
	while (lc->turn_end) {
		struct turn_end *e = lc->turn_end;
		lc->turn_end = e->next;
		if (!lc->turn_end)
			lc->turn_end_tail = &lc->turn_end;
		e->pending = false;
		e->fn(e, lc);
		n++;
	}
	return n;
}

void rt_flush_messages(struct leat_runtime *rt)
{
	unsigned n, rounds = 0;
	do { /* bounded: other stacks may be sending to themselves for ever */
		n = 0;
		for (unsigned i = 0; i < n_all(rt); i++) {
			overflow_retry(rt->lcore[i]);
			n += lcore_run_messages(rt->lcore[i]);
			/* What the messages asked for, and packets on their way home. */
			n += run_turn_ends(rt->lcore[i]);
		}
	} while (n && ++rounds < FLUSH_ROUNDS);
}

static unsigned run_pollers(struct lcore *lc)
{
	unsigned n = 0;
	for (struct list *l = lc->pollers.next; l != &lc->pollers; l = lc->poll_next) {
		struct poller *p = list_entry(l, struct poller, link);
		lc->poll_next = l->next;
		n += p->poll(p, lc);
	}
	lc->poll_next = &lc->pollers;
	return n;
}

/* An lcore may have a thousand workers, so it looks at them only when something has been published. The counter is written
 * behind the view, and both before the grace period that ends with this lcore between turns. */
static void load_views(struct lcore *lc)
{
	struct worker *w;
	uint64_t published = rcu_get(lc->rt->views_published);
	if (likely(published == lc->views_seen))
		return;
	lc->views_seen = published;
	list_for_each (w, &lc->workers, lc_link)
		w->view = rcu_get(w->st->view);
}

bool lcore_turn(struct lcore *lc)
{
	uint64_t now = lc->rt->ops->now_us(lc->rt);
	unsigned n = 0;
	if (now > lc->now_us)
		lc->now_us = now;
	load_views(lc);
	n += lcore_run_messages(lc);
	lc->n_fired = wheel_advance(&lc->wheel, lc, lc->now_us);
	n += lc->n_fired;
	n += run_pollers(lc);
	n += run_turn_ends(lc);
	if (unlikely(lc->n_overflow))
		overflow_retry(lc);
	wake_others(lc);
	racy_add(lc->turns, 1);
	lc->n_done = n;
	if (n)
		racy_add(lc->busy_turns, 1);
	return n || lc->n_overflow;
}

static bool has_more(const struct lcore *lc)
{
	struct poller *p;
	list_for_each (p, &lc->pollers, link)
		if (p->more && p->more(p))
			return true;
	return false;
}

uint64_t lcore_sleep_until(struct lcore *lc)
{
	if (lc->n_overflow || lc->turn_end || has_more(lc))
		return 0;
	for (unsigned i = 0; i < n_all(lc->rt); i++)
		if (mbox_count(lc->in[i]))
			return 0;
	return wheel_next_us(&lc->wheel);
}

void lcore_poll_add(struct lcore *lc, struct poller *p)
{
	list_append(&lc->pollers, &p->link);
}

void lcore_poll_remove(struct lcore *lc, struct poller *p)
{
	if (lc->poll_next == &p->link)
		lc->poll_next = p->link.next;
	list_remove(&p->link);
}

void lcore_at_turn_end(struct lcore *lc, struct turn_end *e)
{
	if (e->pending)
		return;
	e->pending = true;
	e->next = NULL;
	*lc->turn_end_tail = e;
	lc->turn_end_tail = &e->next;
}
