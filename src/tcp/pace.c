/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: pacing. A window that leaves as one burst fills queues on the way that it would not need. A paced connection
 * has a rate, and each packet has a time before which the next may not leave:
 *
 *	next = max(next, now) + bytes / rate, less half of it at most for having come too late	(Linux: tcp_update_skb_after_send())
 *
 * The rate is the algorithm's own (bbr), or what a window in a round trip is, times 2 in slow start and 1.2 later, so that pacing does not
 * keep the window from growing (Linux: tcp_update_pacing_rate()), and never above SO_MAX_PACING_RATE. It is computed for all, since it
 * says how much leaves as one packet, too: what the way takes in a millisecond (Linux: tcp_tso_autosize()), and more where round trips
 * are short. Whoever is not paced pays for this one branch; numbers are computed anew when window or round trip have moved by 1/32.
 *
 * Who waits stands in the worker's wheel: 512 slots of 32 us and one timer, which is set for the first busy slot; all who stand in it
 * send, and what they sent goes through the graph as one vector. A slot is looked at when it has passed, so nobody is early, and
 * nobody is later than 32 us, which the formula makes up for. Who is due later than in 16 ms waits in the last slot and moves on.
 *
 * The first ten segments leave at once (Linux, too). */
#include "tcp/tcp_internal.h"

enum { RATE_MIN = 1000, FULL_SHIFT = 10, TSO_SHIFT_MAX = 31 };
static const uint64_t NS = 1000000000;

static struct tcp_pacer *pacer_of(const struct tcp_conn *c)
{
	return &tcp_worker(c->w)->pacer;
}

static const struct tcp_conf *conf_of(const struct tcp_conn *c)
{
	return &tcp_stack(c->w->st)->conf;
}

/* --- the wheel --- */

static struct list *slot_of(struct tcp_pacer *p, uint64_t n)
{
	return &p->slot[n % TCP_PACE_SLOTS];
}

/* The first busy slot behind p->at; 0: none. */
static uint64_t next_busy(const struct tcp_pacer *p)
{
	for (uint64_t n = p->at + 1, end = p->at + TCP_PACE_SLOTS - 1; n <= end;) {
		uint64_t bits = p->busy[n % TCP_PACE_SLOTS / 64] >> n % 64;
		if (bits) {
			n += (unsigned)__builtin_ctzll(bits);
			return n <= end ? n : 0;
		}
		n += 64 - n % 64;
	}
	return 0;
}

static void set_pacer(struct tcp_pacer *p)
{
	uint64_t n = next_busy(p);
	if (n)
		timer_set_at(&p->w->lc->wheel, &p->timer, n << TCP_PACE_SLOT_SHIFT);
}

static void wait_until(struct tcp_conn *c, uint64_t when_ns)
{
	struct tcp_pacer *p = pacer_of(c);
	uint64_t now = c->w->lc->now_us >> TCP_PACE_SLOT_SHIFT;
	uint64_t when_us = (when_ns + 999) / 1000, slot_us = 1 << TCP_PACE_SLOT_SHIFT;
	uint64_t n = (when_us + slot_us - 1) >> TCP_PACE_SLOT_SHIFT;
	if (!next_busy(p))
		p->at = now;
	n = MIN(MAX(n, p->at + 1), p->at + TCP_PACE_SLOTS - 1);
	list_append(slot_of(p, n), &c->m->pace_link);
	p->busy[n % TCP_PACE_SLOTS / 64] |= UINT64_C(1) << n % 64;
	if (!timer_is_set(&p->timer) || n << TCP_PACE_SLOT_SHIFT < p->timer.when_us)
		timer_set_at(&p->w->lc->wheel, &p->timer, n << TCP_PACE_SLOT_SHIFT);
}

/* Each may be put into another slot, or the same of the next round. */
static void run_slot(struct tcp_pacer *p, uint64_t n)
{
	struct list due, *l = slot_of(p, n);
	p->busy[n % TCP_PACE_SLOTS / 64] &= ~(UINT64_C(1) << n % 64);
	if (list_empty(l))
		return;
	due = *l;
	due.next->prev = due.prev->next = &due;
	list_init(l);
	while (!list_empty(&due)) {
		struct tcp_conn *c = list_first(&due, struct tcp_motion, pace_link)->conn;
		list_remove(&c->m->pace_link);
		tcp_output(c);
	}
}

static void fire(struct lcore *lc, struct timer *t)
{
	struct tcp_pacer *p = container_of(t, struct tcp_pacer, timer);
	uint64_t now = lc->now_us >> TCP_PACE_SLOT_SHIFT;
	for (uint64_t n; (n = next_busy(p)) && n <= now;) {
		p->at = n;
		run_slot(p, n);
	}
	p->at = MAX(p->at, now);
	set_pacer(p);
	graph_run(p->w);
}

void tcp_pacer_init(struct worker *w)
{
	struct tcp_pacer *p = &tcp_worker(w)->pacer;
	p->w = w;
	timer_init(&p->timer, fire);
	for (unsigned i = 0; i < TCP_PACE_SLOTS; i++)
		list_init(&p->slot[i]);
}

void tcp_pacer_stop(struct worker *w)
{
	lcore_timer_stop(w->lc, &tcp_worker(w)->pacer.timer);
}

/* --- who may send --- */

bool tcp_pace_waits(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	if (!m || m->pace_next_ns <= c->w->lc->now_us * 1000)
		return false;
	if (list_empty(&m->pace_link))
		wait_until(c, m->pace_next_ns);
	return true;
}

void tcp_pace_sent(struct tcp_conn *c, uint32_t bytes)
{
	struct tcp_motion *m = c->m;
	uint64_t now_ns = c->w->lc->now_us * 1000;
	if (!m->pace_recip ||
	    m->rate.delivered + (c->snd_nxt - c->snd_una) + bytes < cc_initial_window(c->mss))
		return;
	uint64_t takes = bytes * m->pace_recip >> TCP_PACE_SHIFT;
	if (m->pace_next_ns < now_ns) {
		takes -= m->pace_next_ns ? MIN(takes / 2, now_ns - m->pace_next_ns) : 0;
		m->pace_next_ns = now_ns;
	}
	m->pace_next_ns += takes;
}

/* draft-cheng-iccrg-delivery-rate-estimation, 3.4: until now there was too little to send, and no other reason not to. */
void tcp_note_app_limited(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	if (m && c->snd_end - c->snd_nxt < c->mss && tcp_in_flight(c) < c->cc.cwnd && !m->log.waits &&
	    list_empty(&m->pace_link))
		cc_rate_app_limited(&m->rate, tcp_in_flight(c));
}

/* --- how fast --- */

static uint64_t most(const struct tcp_conn *c)
{
	uint64_t said = c->rare ? c->rare->opts.max_pacing : 0;
	return said ? said : UINT64_MAX;
}

/* Linux: tcp_tso_autosize() */
static void set_tso(struct tcp_conn *c)
{
	const struct tcp_conf *f = conf_of(c);
	uint32_t log = MIN(f->tso_rtt_log, (uint32_t)TSO_SHIFT_MAX);
	uint32_t shift = MIN(tcp_min_rtt(c) >> log, (uint32_t)TSO_SHIFT_MAX);
	uint64_t bytes = MIN(c->m->pace_rate >> FULL_SHIFT, (uint64_t)TCP_GSO_BYTES_MAX);
	bytes = MIN(bytes + ((uint32_t)TCP_GSO_BYTES_MAX >> shift), (uint64_t)TCP_GSO_BYTES_MAX);
	uint32_t segs = MAX((uint32_t)bytes / c->mss, f->min_tso_segs);
	c->m->tso_bytes = MIN(segs * c->mss, (uint32_t)TCP_GSO_BYTES_MAX);
}

static void set_rate(struct tcp_conn *c, uint64_t rate)
{
	struct tcp_motion *m = c->m;
	rate = MIN(rate, most(c));
	if (rate == m->pace_rate)
		return;
	m->pace_rate = rate;
	m->pace_recip = rate == UINT64_MAX ? 0 : (NS << TCP_PACE_SHIFT) / MAX(rate, (uint64_t)RATE_MIN);
}

static bool is_near(uint32_t a, uint32_t b)
{
	return a - b + (b >> 5) <= b >> 4;
}

void tcp_pace_update(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	const struct cc_ops *ops = c->cc.ops;
	uint32_t wnd = MAX(c->cc.cwnd, c->snd_nxt - c->snd_una);
	uint64_t own = ops->pacing ? ops->pacing(&c->cc) : 0;
	if (own) {
		uint64_t was = m->pace_rate;
		set_rate(c, own);
		if (was != m->pace_rate)
			set_tso(c);
		return;
	}
	if (likely(is_near(wnd, m->pace_wnd) && is_near(c->srtt_us, m->pace_srtt_us)))
		return;
	m->pace_wnd = wnd;
	m->pace_srtt_us = c->srtt_us;
	const struct tcp_conf *f = conf_of(c);
	uint64_t percent = c->cc.cwnd < c->cc.ssthresh / 2 ? f->pacing_ss_ratio : f->pacing_ca_ratio;
	set_rate(c, c->srtt_us ? wnd * percent * 10000 / c->srtt_us : UINT64_MAX);
	set_tso(c);
}

/* --- its life --- */

uint32_t tcp_min_rtt(const struct tcp_conn *c)
{
	return c->m && c->m->min_rtt.best[0].v ? c->m->min_rtt.best[0].v : UINT32_MAX;
}

void tcp_pace_begin(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	list_init(&m->pace_link);
	m->conn = c;
	m->tso_bytes = TCP_GSO_BYTES_MAX;
	m->pace_rate = UINT64_MAX;
	if (c->srtt_us)
		cc_min_add(&m->min_rtt, UINT32_MAX, (uint32_t)c->w->lc->now_us, c->srtt_us);
	cc_lend(&c->cc, m->cc_large);
	if (c->mss)
		tcp_pace_update(c);
}

void tcp_pace_end(struct tcp_conn *c)
{
	list_remove(&c->m->pace_link);
	cc_lend(&c->cc, NULL);
}

void tcp_pace_choose(struct tcp_conn *c)
{
	c->paced = c->cc.ops->flags & CC_PACES || most(c) != UINT64_MAX || racy_get(conf_of(c)->pace_all);
	if (!c->m)
		return;
	if (!c->paced) {
		list_remove(&c->m->pace_link);
		c->m->pace_next_ns = 0;
	}
	c->m->pace_wnd = 0;
	tcp_pace_update(c);
}
