/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a connection. It has an owner (an endpoint), or nobody yet (in a listener's queue), or nobody any more (closed, with
 * something still to be said). Over is when it stands in no table and no timer runs; an owner may still read what came. */
#include "tcp/tcp_internal.h"

static_assert(sizeof(struct tcp_conn) <= TCP_CONN_MAX, "there are many");
static_assert(TCP_ASLEEP_BYTES <= TCP_IDLE_MAX,
	      "W:T8: with its endpoint, hash tables and slabs 512 bytes; bench/conns measures them");

const struct tcp_opts *tcp_opts_default(const struct leat_stack *st)
{
	const struct tcp_stack *ts = tcp_stack(st);
	struct tcp_opts o;
	memset(&o, 0, sizeof o); /* padding is compared, too */
	o.rcvbuf = racy_get(ts->conf.rmem[1]);
	o.sndbuf = racy_get(ts->conf.wmem[1]);
	return shared_of(&ts->opts, &o);
}

const struct cc_ops *tcp_default_cc(const struct leat_stack *st)
{
	return cc_get(racy_get(tcp_stack(st)->conf.cc));
}

/* Is there more in o than a connection has room for? */
static bool is_rare(const struct tcp_opts *o)
{
	return o->user_timeout_ms || o->keep_idle_s || o->keep_interval_s || o->keep_probes || o->linger ||
	       o->mss || o->syn_retries || o->linger2_s || o->max_pacing || o->notsent_lowat ||
	       o->oob_inline || o->window_clamp || o->rcvlowat;
}

struct tcp_conn *tcp_conn_new(struct worker *w, const struct tcp_key *k, const struct tcp_opts *o)
{
	struct tcp_conn *c = slab_zalloc(&tcp_worker(w)->conns);
	if (!c)
		return NULL;
	if (is_rare(o) && !tcp_rare(w, c)) {
		slab_free_at(c, sizeof *c, c->h.place);
		return NULL;
	}
	if (c->rare)
		c->rare->opts = *o;
	c->h.key = *k;
	c->h.kind = TCP_KIND_CONN;
	c->h.state = TCP_CLOSE;
	c->w = w;
	c->nodelay = o->nodelay;
	c->cork = o->cork;
	c->keepalive = o->keepalive;
	c->rcvbuf = o->rcvbuf;
	c->sndbuf = o->sndbuf;
	c->rcvbuf_said = o->rcvbuf_said;
	c->sndbuf_said = o->sndbuf_said;
	c->rto_us = TCP_RTO_FIRST_US;
	c->rcv_mss = TCP_MSS_UNSAID;
	tcp_timer_init(c);
	cc_init(&c->cc, o->cc ? o->cc : tcp_default_cc(w->st), TCP_MSS_UNSAID);
	tcp_pace_choose(c);
	return c;
}

struct tcp_rare *tcp_rare(struct worker *w, struct tcp_conn *c)
{
	if (!c->rare)
		c->rare = mem_zalloc(&w->st->mem, sizeof *c->rare);
	return c->rare;
}

void tcp_conn_free(struct tcp_conn *c)
{
	assert(c->h.state == TCP_CLOSE && !c->end);
	tcp_drop_unsent(c);
	tcp_drop_received(c);
	tcp_rest(c);
	if (c->rare)
		tcp_notes_free(c->rare->notes);
	mem_free(c->rare);
	mem_free(c->ofo);
	slab_free_at(c, sizeof *c, c->h.place);
}

static void stop(struct tcp_conn *c)
{
	lcore_timer_stop(c->w->lc, &c->timer);
	for (unsigned i = 0; i < TCP_TIMERS; i++)
		c->due_us[i] = UINT64_MAX;
}

void tcp_done(struct tcp_conn *c)
{
	if (c->fast)
		tcp_fast_end(c, false);
	if (c->h.state != TCP_CLOSE) {
		tcp_fast_ends(c);
		if (c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV)
			tcp_count(c->w, TCP_N_ATTEMPT_FAILS);
		tcp_set_state(c, TCP_CLOSE);
		tcp_leave_table(c->w, &c->h);
		tcp_conn_unhold(c);
		if (c->orphan)
			racy_add(tcp_worker(c->w)->n_orphans, -1U);
	}
	stop(c);
	if (!c->in_accept)
		tcp_drop_unsent(c);
	if (c->end)
		tcp_tell(c);
	else if (!c->in_accept)
		tcp_conn_free(c);
}

void tcp_fail(struct tcp_conn *c, int err)
{
	if (c->end)
		c->end->error = err;
	else if (c->in_accept) /* to be told by accept() */
		c->soft_error = (uint8_t)err;
	c->no_more_reading = true;
	tcp_done(c);
}

void tcp_tell(struct tcp_conn *c)
{
	if (c->end)
		l4_tell(c->end);
}

/* The largest payload: what the peer takes, what the path does, less the options of every segment. */
void tcp_set_mss(struct tcp_conn *c)
{
	uint16_t own = tcp_mss_of_mtu(&c->h.key, c->pmtu), mss = MIN(own, c->peer_mss);
	if (c->rare && c->rare->opts.mss)
		mss = MIN(mss, c->rare->opts.mss);
	if (unlikely(c->mtu_search) && c->rare->mtu_bound)
		mss = MIN(mss, tcp_mss_of_mtu(&c->h.key, c->rare->mtu_low));
	mss = (uint16_t)MAX(mss, racy_get(tcp_stack(c->w->st)->conf.min_snd_mss));
	if (c->ts_ok)
		mss = (uint16_t)(mss - TCP_STAMP_BYTES);
	c->mss = (uint16_t)MAX(mss, TCP_MSS_MIN - TCP_STAMP_BYTES);
	c->cc.mss = c->mss;
	if (c->m)
		tcp_pace_choose(c); /* packets are of whole segments */
}

void tcp_change_cc(struct tcp_conn *c, const struct cc_ops *ops)
{
	cc_change(&c->cc, ops, c->m ? c->m->cc_large : NULL);
	tcp_pace_choose(c);
}

/* Linux: the route's word counts more than the program's. */
void tcp_take_route_cc(struct tcp_conn *c, uint8_t cc)
{
	if (!cc)
		return;
	c->cc_locked = cc & TCP_CC_LOCKED;
	tcp_change_cc(c, cc_get((cc & (uint8_t)~TCP_CC_LOCKED) - 1U));
}

/* --- close --- */

/* RFC 2525, 2.17; Linux: who does not read what came, or does not want to wait, says so. */
static bool must_reset(struct tcp_conn *c)
{
	if (c->rcv.head && c->h.state != TCP_SYN_SENT) {
		tcp_count(c->w, TCP_N_ABORT_ON_CLOSE);
		return true;
	}
	bool hard = c->rare && c->rare->opts.linger && !c->rare->opts.linger_s;
	if (hard)
		tcp_count(c->w, TCP_N_ABORT_ON_DATA);
	return hard;
}

/* The rest of FIN_WAIT2, when nobody listens any more (Linux: tcp_fin_timeout; RFC 9293 would wait for ever). s: what brought it there;
 * NULL: it was there when it was closed. */
void tcp_orphan_waits(struct tcp_conn *c, const struct tcp_seg *s)
{
	int own_s = c->rare ? c->rare->opts.linger2_s : 0;
	uint64_t how_long_s = own_s > 0 ? (uint64_t)own_s : racy_get(tcp_stack(c->w->st)->conf.fin_timeout_s);
	if (own_s >= 0) {
		tcp_begin_wait(c, how_long_s * 1000000);
		return;
	}
	tcp_count(c->w, s ? TCP_N_ABORT_ON_DATA : TCP_N_ABORT_ON_LINGER);
	if (s)
		tcp_refuse(c->w, &c->h.key, s, c->h.out_if);
	else
		tcp_send_reset(c);
	tcp_done(c);
}

/* Of all workers, a little old. */
static bool too_many_orphans(const struct leat_stack *st)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < st->n_workers; i++)
		n += racy_get(tcp_worker(st->worker[i])->n_orphans);
	return n > racy_get(tcp_stack(st)->conf.orphans_max);
}

void tcp_orphan(struct tcp_conn *c)
{
	c->orphan = true;
	racy_add(tcp_worker(c->w)->n_orphans, 1);
}

static void abort_quietly(struct tcp_conn *c)
{
	tcp_send_reset(c);
	tcp_done(c);
}

/* Linux: __tcp_close() */
void tcp_release(struct tcp_conn *c)
{
	uint8_t next = tcp_states[c->h.state].on_close;
	uint8_t sharing = tcp_sharing(c->end);
	c->end = NULL;
	if (c->h.state == TCP_CLOSE) {
		tcp_conn_free(c);
		return;
	}
	tcp_conn_hold(c, sharing);
	tcp_orphan(c);
	if (c->h.state == TCP_SYN_SENT) {
		tcp_done(c);
	} else if (must_reset(c)) {
		abort_quietly(c);
	} else if (too_many_orphans(c->w->st)) {
		tcp_count(c->w, TCP_N_ABORT_ON_MEMORY);
		abort_quietly(c);
	} else if (c->h.state == TCP_FIN_WAIT2) {
		tcp_orphan_waits(c, NULL);
	} else if (next) {
		tcp_set_state(c, next);
		c->fin_wanted = true;
		tcp_output(c);
	}
}
