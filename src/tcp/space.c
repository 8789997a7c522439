/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: how much may wait. Each connection has two buffers, and all connections of a stack share tcp_mem.
 *
 * Receiving: what is counted is memory, not payload, so the window is a part of the buffer (tcp_adv_win_scale: half) that is free. It grows
 * no further than rcv_ssthresh, which follows the segments that come as long as they fill their memory well: many small ones must not
 * run it out long before the window. The right edge never moves back (RFC 9293, 3.8.6) and opens in large steps (3.8.6.2.2).
 * The buffer itself grows up to tcp_rmem's last number with what is read in a round trip (dynamic right sizing: Fisk, Feng), of
 * which a receiver measures one by time stamps, or by how long a whole window takes to come.
 *
 * Sending: room for twice the congestion window, up to tcp_wmem's last number, made when somebody waits for it.
 *
 * All together: each worker counts what its connections hold; every JUDGED_BYTES it adds up what all of them do, and says whether
 * that is plenty, pressure (above tcp_mem's second number, until it is below the first), or full. Under pressure no buffer grows and windows
 * stay at four segments; at the limit a connection holds no more than a packet in order. Who said himself how large a buffer
 * is (SO_RCVBUF, SO_SNDBUF) keeps it.
 *
 * Linux's, with its names where there are some: tcp_select_window(), tcp_grow_window(), tcp_rcv_space_adjust(),
 * tcp_sndbuf_expand(), __sk_mem_raise_allocated(). */
#include "tcp/tcp_internal.h"

enum { JUDGED_BYTES = 16384, MEM_PAGE = 4096 };

static const struct tcp_conf *conf(const struct tcp_conn *c)
{
	return &tcp_stack(c->w->st)->conf;
}

/* --- all connections together --- */

static uint64_t held_by_all(const struct leat_stack *st)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < st->n_workers; i++)
		sum += racy_get(tcp_worker(st->worker[i])->held);
	return sum;
}

static void judge(struct worker *w)
{
	struct tcp_stack *ts = tcp_stack(w->st);
	uint64_t pages = held_by_all(w->st) / MEM_PAGE;
	const uint64_t *mem = ts->conf.mem_pages;
	enum tcp_memory was = tcp_memory(w->st), now = was;
	if (pages > racy_get(mem[2]))
		now = TCP_MEMORY_FULL;
	else if (pages > racy_get(mem[1]) || (was && pages > racy_get(mem[0])))
		now = TCP_MEMORY_PRESSURE;
	else
		now = TCP_MEMORY_PLENTY;
	if (now && !was)
		tcp_count(w, TCP_N_MEMORY_PRESSURES);
	if (now != was)
		racy_set(ts->memory, (uint8_t)now);
	tcp_worker(w)->judged = tcp_worker(w)->held;
}

void tcp_hold(struct worker *w, uint32_t bytes)
{
	struct tcp_worker *tw = tcp_worker(w);
	racy_add(tw->held, bytes);
	if (unlikely(tw->held - tw->judged >= JUDGED_BYTES && tw->held > tw->judged))
		judge(w);
}

void tcp_let_go(struct worker *w, uint32_t bytes)
{
	struct tcp_worker *tw = tcp_worker(w);
	assert(tw->held >= bytes);
	racy_add(tw->held, -(uint64_t)bytes);
	if (unlikely(tw->held < tw->judged && (tw->judged - tw->held >= JUDGED_BYTES || !tw->held)))
		judge(w);
}

static uint64_t connections(const struct leat_stack *st)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < st->n_workers; i++)
		n += racy_get(tcp_worker(st->worker[i])->conns.used) +
		     racy_get(tcp_worker(st->worker[i])->asleep.used);
	return n;
}

/* Under pressure everybody may have the least, and who has less than his share may have more. */
bool tcp_may_hold(const struct tcp_conn *c, uint32_t held, uint32_t least)
{
	enum tcp_memory m = tcp_memory(c->w->st);
	if (likely(m == TCP_MEMORY_PLENTY))
		return true;
	if (m == TCP_MEMORY_FULL)
		return false;
	uint64_t all = racy_get(conf(c)->mem_pages[2]), own = held / MEM_PAGE + 1;
	return held < least || connections(c->w->st) * own < all;
}

/* --- windows and memory --- */

static uint32_t window_of(const struct tcp_conf *f, uint32_t bytes)
{
	int scale = racy_get(f->adv_win_scale);
	return scale <= 0 ? bytes >> -scale : bytes - (bytes >> scale);
}

static uint64_t bytes_of(const struct tcp_conf *f, uint64_t window)
{
	int scale = racy_get(f->adv_win_scale);
	return scale <= 0 ? window << -scale : (window << scale) / ((1ULL << scale) - 1);
}

static uint32_t adv_mss(const struct tcp_conn *c)
{
	return tcp_adv_mss(c);
}

uint32_t tcp_said_clamp(const struct tcp_conn *c)
{
	const struct tcp_rare *r = c->rare;
	return !r ? 0 : r->opts.window_clamp ? r->opts.window_clamp : r->window;
}

/* TCP_WINDOW_CLAMP is another one (Linux: tcp_set_window_clamp()). */
void tcp_apply_window_clamp(struct tcp_conn *c)
{
	uint32_t clamp = tcp_window_clamp(c);
	c->rcv_ssthresh = c->rcv_ssthresh > clamp ? clamp : MAX(c->rcv_ssthresh, MIN(c->rcv_wnd, clamp));
}

/* Linux: tcp_set_rcvlowat() */
void tcp_apply_rcvlowat(struct tcp_conn *c)
{
	uint64_t bytes = bytes_of(conf(c), c->rare->opts.rcvlowat);
	if (!c->rcvbuf_said && bytes > c->rcvbuf)
		c->rcvbuf = (uint32_t)MIN(bytes, (uint64_t)INT32_MAX);
}

/* SO_RCVLOWAT: but he who waits for more than will ever come hears of what there is. Linux: tcp_epollin_ready() */
bool tcp_is_enough(const struct tcp_conn *c)
{
	uint32_t least = c->rare ? c->rare->opts.rcvlowat : 0;
	if (likely(least <= 1))
		return true;
	return c->rcv_nxt - c->rcv_read >= least || tcp_memory(c->w->st) != TCP_MEMORY_PLENTY || c->fin_got ||
	       c->h.state == TCP_CLOSE || tcp_window_left(c) <= c->rcv_mss;
}

/* The most that may be told: a part is kept for readers that are late, and a segment. */
uint32_t tcp_window_clamp(const struct tcp_conn *c)
{
	const struct tcp_conf *f = conf(c);
	uint32_t all = window_of(f, c->rcvbuf), mss = adv_mss(c), most = all;
	if (f->app_win && all > 4 * mss)
		most = MAX(all - (all >> f->app_win), 4 * mss);
	if (f->app_win && most > 2 * mss && most + mss > all)
		most = MAX(2 * mss, all - mss);
	if (unlikely(tcp_said_clamp(c)))
		most = MIN(most, tcp_said_clamp(c));
	return MIN(most, (uint32_t)UINT16_MAX << c->rcv_wscale);
}

static uint32_t free_space(const struct tcp_conn *c)
{
	uint32_t held = tcp_rcv_held(c);
	return window_of(conf(c), c->rcvbuf > held ? c->rcvbuf - held : 0);
}

uint32_t tcp_window_left(const struct tcp_conn *c)
{
	seq32 edge = c->rcv_wup + c->rcv_wnd;
	return seq_lt(c->rcv_nxt, edge) ? edge - c->rcv_nxt : 0;
}

static uint32_t ssthresh_now(const struct tcp_conn *c)
{
	bool pressed = tcp_memory(c->w->st) != TCP_MEMORY_PLENTY;
	return pressed ? MIN(c->rcv_ssthresh, 4 * adv_mss(c)) : c->rcv_ssthresh;
}

/* Without scaling a window is a number of whole segments, so that the peer has no reason to cut one. */
static uint32_t whole_segments(const struct tcp_conn *c, uint32_t space, uint32_t mss, uint32_t full)
{
	uint32_t now = c->rcv_wnd;
	if (now + mss <= space || now > space)
		return space - space % mss;
	return mss == full && space > now + full / 2 ? space : now;
}

/* RFC 9293, 3.8.6.2.2; Linux: __tcp_select_window() */
uint32_t tcp_choose_window(const struct tcp_conn *c)
{
	const struct tcp_conf *f = conf(c);
	uint32_t space = free_space(c), all = window_of(f, c->rcvbuf), full = MIN(tcp_window_clamp(c), all),
		 mss = MIN((uint32_t)c->rcv_mss, full), step = 1U << c->rcv_wscale;
	bool shrinks = f->shrink_window && c->rcv_wscale;
	if (!mss)
		return 0;
	if (shrinks || space < full / 2)
		space &= ~(step - 1);
	if (space < full / 2 && (space < all / 16 || space < mss || space < step))
		return 0;
	uint32_t most = space < full / 2 ? ssthresh_now(c) : c->rcv_ssthresh;
	if (c->rcv_wscale)
		return space > most || !shrinks ? (MIN(space, most) + step - 1) & ~(step - 1) : space;
	return whole_segments(c, MIN(space, most), mss, full);
}

/* Linux: tcp_select_window() */
uint32_t tcp_window(struct tcp_conn *c)
{
	uint32_t step = 1U << c->rcv_wscale, was = c->rcv_wnd >> c->rcv_wscale, left = tcp_window_left(c),
		 now = tcp_choose_window(c);
	if (now < left && !(conf(c)->shrink_window && c->rcv_wscale)) {
		if (!now)
			tcp_count(c->w, TCP_N_WANT_ZERO_WINDOW);
		now = (left + step - 1) & ~(step - 1);
	}
	c->rcv_wnd = MIN(now, (uint32_t)UINT16_MAX << c->rcv_wscale);
	c->rcv_wup = c->rcv_nxt;
	uint32_t told = c->rcv_wnd >> c->rcv_wscale;
	if (unlikely(!told != !was))
		tcp_count(c->w, told ? TCP_N_FROM_ZERO_WINDOW : TCP_N_TO_ZERO_WINDOW);
	return told;
}

/* The reader has made room (Linux: tcp_cleanup_rbuf()). */
bool tcp_should_tell_window(const struct tcp_conn *c)
{
	uint32_t left = tcp_window_left(c);
	if (c->ack_later && (c->rcv_nxt - c->rcv_wup > c->rcv_mss || (!c->rcv.head && !c->pingpong)))
		return true;
	if (c->fin_got || 2 * left > tcp_window_clamp(c))
		return false;
	uint32_t now = tcp_choose_window(c);
	return now && now >= 2 * left;
}

/* Linux: tcp_select_initial_window(), with tcp_rmem's largest for the scale. */
void tcp_first_window(const struct leat_stack *st, const struct tcp_first *first, uint32_t *ret_wnd,
		      uint8_t *ret_scale)
{
	const struct tcp_conf *f = &tcp_stack(st)->conf;
	uint32_t clamp = first->clamp ? first->clamp : UINT32_MAX, space, most;
	space = MIN(window_of(f, first->rcvbuf), clamp);
	if (space > first->mss)
		space -= space % first->mss;
	most = MAX(space, f->rmem[2]);
	most = MAX(most, l4_conf(st)->rcvbuf_max);
	most = MIN(most, clamp);
	if (first->initrwnd)
		space = (uint32_t)MIN(space, (uint64_t)first->initrwnd * first->mss);
	*ret_scale = 0;
	while (first->wscale && *ret_scale < TCP_WSCALE_MAX && most > UINT16_MAX) {
		most >>= 1;
		++*ret_scale;
	}
	*ret_wnd = MIN(space, (uint32_t)UINT16_MAX << *ret_scale);
}

/* There is more than the buffer holds (Linux). */
void tcp_clamp_window(struct tcp_conn *c)
{
	const struct tcp_conf *f = conf(c);
	uint32_t held = tcp_rcv_held(c);
	c->quick = 0;
	if (!c->rcvbuf_said && c->rcvbuf < f->rmem[2] && tcp_memory(c->w->st) == TCP_MEMORY_PLENTY)
		c->rcvbuf = MIN(held, f->rmem[2]);
	if (held > c->rcvbuf)
		c->rcv_ssthresh = MIN(tcp_window_clamp(c), 2 * adv_mss(c));
}

/* --- the window grows --- */

/* How much further, for a segment that does not fill its memory (Linux: __tcp_grow_window()). */
static uint32_t growth(const struct tcp_conn *c, uint32_t len, uint32_t truesize)
{
	const struct tcp_conf *f = conf(c);
	uint32_t own = window_of(f, truesize), most = window_of(f, f->rmem[2]) / 2;
	if (own <= len)
		return 2 * adv_mss(c);
	for (own /= 2; c->rcv_ssthresh <= most; own /= 2, most /= 2)
		if (own <= len)
			return 2U * c->rcv_mss;
	return 0;
}

/* Linux: tcp_grow_window() */
void tcp_space_early(struct tcp_conn *c, uint32_t len, uint32_t truesize)
{
	uint32_t room = MIN(tcp_window_clamp(c), free_space(c));
	if (room <= c->rcv_ssthresh)
		return;
	if (tcp_memory(c->w->st) != TCP_MEMORY_PLENTY) {
		c->rcv_ssthresh = ssthresh_now(c);
		return;
	}
	uint32_t more = growth(c, len, truesize);
	if (!more)
		return;
	c->rcv_ssthresh += MIN(room - c->rcv_ssthresh, MAX(more, 2 * len));
	c->quick |= 1;
}

/* --- the buffer grows --- */

static void measured(struct tcp_motion *m, uint32_t us, bool by_window)
{
	us = MAX(us, 1U);
	if (!m->rcv_rtt_us8)
		m->rcv_rtt_us8 = us * 8;
	else if (!by_window)
		m->rcv_rtt_us8 += us - m->rcv_rtt_us8 / 8;
	else
		m->rcv_rtt_us8 = MIN(m->rcv_rtt_us8, us * 8); /* an upper bound */
}

static void measure_by_window(struct tcp_conn *c, uint32_t now)
{
	struct tcp_motion *m = c->m;
	if (m->rcv_rtt_at_us && seq_lt(c->rcv_nxt, m->rcv_rtt_seq))
		return;
	if (m->rcv_rtt_at_us)
		measured(m, now - m->rcv_rtt_at_us, true);
	m->rcv_rtt_seq = c->rcv_nxt + c->rcv_wnd;
	m->rcv_rtt_at_us = MAX(now, 1U);
}

static void measure_by_stamp(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!c->ts_ok || !s->has_ts || s->ts_ecr == c->m->rcv_ts_ecr)
		return;
	c->m->rcv_ts_ecr = s->ts_ecr;
	uint32_t ms = tcp_now_stamp(c->w, c->ts_off) - s->ts_ecr;
	if (s->len >= c->rcv_mss && ms < TCP_RTO_MAX_US / 1000)
		measured(c->m, ms * 1000, false);
}

void tcp_space_data(struct tcp_conn *c, const struct tcp_seg *s, uint32_t truesize)
{
	enum { SMALL = 128 };
	if (c->m) {
		measure_by_window(c, (uint32_t)c->w->lc->now_us);
		measure_by_stamp(c, s);
	}
	if (s->len >= SMALL)
		tcp_space_early(c, s->len, truesize);
}

/* Twice what was read in the last round trip, and more while that grows. */
static void make_larger(struct tcp_conn *c, uint32_t copied)
{
	const struct tcp_conf *f = conf(c);
	uint64_t want = ((uint64_t)copied << 1) + 16ULL * adv_mss(c);
	want += 2 * (want * (copied - c->m->read_space) / c->m->read_space);
	uint64_t rcvbuf = MIN(bytes_of(f, want), (uint64_t)f->rmem[2]);
	if (rcvbuf > c->rcvbuf)
		c->rcvbuf = (uint32_t)rcvbuf;
}

/* Linux: tcp_rcv_space_adjust() */
void tcp_space_read(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	uint32_t now = (uint32_t)c->w->lc->now_us;
	if (!m || !m->rcv_rtt_us8 || now - m->read_at_us < m->rcv_rtt_us8 / 8)
		return;
	uint32_t copied = c->rcv_read - m->read_seq;
	if (copied > m->read_space) {
		if (conf(c)->moderate_rcvbuf && !c->rcvbuf_said)
			make_larger(c, copied);
		m->read_space = copied;
	}
	m->read_seq = c->rcv_read;
	m->read_at_us = now;
}

void tcp_space_moves(struct tcp_conn *c)
{
	uint32_t first = CC_INITIAL_SEGMENTS * adv_mss(c);
	first = MIN(first, c->rcv_ssthresh);
	first = MIN(first, c->rcv_wnd);
	c->m->read_space = MAX(first, 1U);
	c->m->read_at_us = (uint32_t)c->w->lc->now_us;
	c->m->read_seq = c->rcv_read;
}

/* --- sending --- */

/* What a segment is taken to cost (Linux: its headers, skb_shared_info, sk_buff, and slabs of powers of two). */
static uint32_t cost_of_segment(uint32_t mss)
{
	enum { HEADERS = 640, DESCRIPTOR = 256 };
	uint32_t bytes = 1;
	while (bytes < mss + HEADERS)
		bytes <<= 1;
	return bytes + DESCRIPTOR;
}

static void make_sndbuf_larger(struct tcp_conn *c)
{
	const struct tcp_conf *f = conf(c);
	uint32_t segs = c->mss ? c->cc.cwnd / c->mss : 0, mss = MIN(c->peer_mss, c->pmtu);
	segs = MAX(segs, (uint32_t)CC_INITIAL_SEGMENTS);
	segs = MAX(segs, f->reordering + 1);
	mss = MAX(mss, c->mss);
	uint64_t want = 2ULL * segs * cost_of_segment(mss);
	want = MIN(want, (uint64_t)f->wmem[2]);
	c->sndbuf = MAX(c->sndbuf, (uint32_t)want);
}

/* Linux: tcp_should_expand_sndbuf() */
void tcp_space_acked(struct tcp_conn *c)
{
	if (!c->sndbuf_said && tcp_memory(c->w->st) == TCP_MEMORY_PLENTY && tcp_in_flight(c) < c->cc.cwnd)
		make_sndbuf_larger(c);
}

void tcp_space_established(struct tcp_conn *c)
{
	if (!c->sndbuf_said)
		make_sndbuf_larger(c);
	c->rcv_ssthresh = MIN(c->rcv_wnd, tcp_window_clamp(c));
}
