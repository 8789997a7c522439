/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a connection has several times at which something is due and one timer on the lcore's wheel. The timer is set
 * for the earliest, or earlier: what moves to a later time (the retransmission timeout, with every ACK) is a store and leaves
 * the wheel alone, and a timer that finds nothing due yet sets itself anew. */
#include "tcp/tcp_internal.h"

/* --- what is to be done --- */

/* RFC 9293, 3.8.6.3; Linux: tcp_delack_timer_handler() */
static void delayed_ack(struct tcp_conn *c)
{
	if (!c->ack_later)
		return;
	if (!c->pingpong) /* the peer sends too slowly for that delay */
		c->ato_us = MIN(c->ato_us * 2, c->rto_us);
	else
		c->ato_us = TCP_DELACK_US;
	c->pingpong = false;
	tcp_count(c->w, TCP_N_DELAYED_ACKS);
	tcp_send_ack(c);
}

static uint64_t keep_interval_us(const struct tcp_conn *c)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	return 1000000ULL * (c->rare && c->rare->opts.keep_interval_s ? c->rare->opts.keep_interval_s
								      : f->keep_interval_s);
}

/* Linux: TCP_USER_TIMEOUT takes the place of how often it asks, once it has asked. */
static bool is_silent_too_long(const struct tcp_conn *c, uint64_t silent_us)
{
	const struct tcp_opts *o = c->rare ? &c->rare->opts : NULL;
	unsigned most = o && o->keep_probes ? o->keep_probes : tcp_stack(c->w->st)->conf.keep_probes;
	if (o && o->user_timeout_ms)
		return c->probes && silent_us >= o->user_timeout_ms * 1000ULL;
	return c->probes >= most;
}

/* RFC 9293, 3.8.4; Linux: tcp_keepalive_timer() */
static void keep_alive(struct tcp_conn *c)
{
	uint64_t idle = tcp_keep_idle_s(c) * 1000000ULL, silent = c->w->lc->now_us - c->heard_us;
	if (!c->keepalive || c->h.state == TCP_SYN_SENT)
		return;
	if (c->snd_una != c->snd_nxt || c->snd_nxt - c->fin_sent != c->snd_end) { /* it is asked for anyway */
		tcp_set_timer(c, TCP_TIMER_LIFE, idle);
		return;
	}
	if (silent < idle) {
		tcp_set_timer(c, TCP_TIMER_LIFE, idle - silent);
		return;
	}
	if (is_silent_too_long(c, silent)) {
		tcp_count(c->w, TCP_N_ABORT_ON_TIMEOUT);
		tcp_send_reset(c);
		tcp_fail(c, c->soft_error ? c->soft_error : ETIMEDOUT);
		return;
	}
	c->probes++;
	tcp_count(c->w, TCP_N_KEEPALIVE);
	tcp_send_probe(c, false);
	tcp_set_timer(c, TCP_TIMER_LIFE, keep_interval_us(c));
}

/* Nobody is there to hear what the peer of FIN_WAIT2 may still say, or the time of keepalives is up. */
static void life(struct tcp_conn *c)
{
	if (c->h.state == TCP_FIN_WAIT2 && c->orphan)
		tcp_done(c);
	else
		keep_alive(c);
}

static void (*const deeds[TCP_TIMERS])(struct tcp_conn *c) = {
	[TCP_TIMER_RETRANSMIT] = tcp_retransmit_timeout,
	[TCP_TIMER_DELACK] = delayed_ack,
	[TCP_TIMER_LIFE] = life,
	[TCP_TIMER_TIDY] = tcp_tidy,
};

/* --- when --- */

static void set_earliest(struct tcp_conn *c)
{
	uint64_t first = UINT64_MAX;
	for (unsigned i = 0; i < TCP_TIMERS; i++)
		first = MIN(first, c->due_us[i]);
	if (first != UINT64_MAX)
		timer_set_at(&c->w->lc->wheel, &c->timer, first);
}

/* The one that is due first; what follows may be the end of the connection, so the others wait for the wheel to come round, in the same
 * microsecond. */
void tcp_timer_fire(struct lcore *lc, struct timer *t)
{
	struct tcp_conn *c = container_of(t, struct tcp_conn, timer);
	struct worker *w = c->w;
	unsigned first = 0;
	for (unsigned i = 1; i < TCP_TIMERS; i++)
		if (c->due_us[i] < c->due_us[first])
			first = i;
	if (c->due_us[first] > lc->now_us) {
		set_earliest(c);
		return;
	}
	c->due_us[first] = UINT64_MAX;
	set_earliest(c);
	deeds[first](c);
	graph_run(w);
}

void tcp_timer_init(struct tcp_conn *c)
{
	timer_init(&c->timer, tcp_timer_fire);
	for (unsigned i = 0; i < TCP_TIMERS; i++)
		c->due_us[i] = UINT64_MAX;
}

void tcp_set_timer(struct tcp_conn *c, enum tcp_timer t, uint64_t in_us)
{
	c->due_us[t] = c->w->lc->now_us + in_us;
	if (!timer_is_set(&c->timer) || c->due_us[t] < c->timer.when_us)
		timer_set_at(&c->w->lc->wheel, &c->timer, c->due_us[t]);
}

void tcp_stop_timer(struct tcp_conn *c, enum tcp_timer t)
{
	c->due_us[t] = UINT64_MAX;
}
