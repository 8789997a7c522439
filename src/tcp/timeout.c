/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer of what is under way (RFC 6298), of a SYN, and of a window that is closed (RFC 9293, 3.8.6.1): what is done when it strikes,
 * and when a connection is given up. */
#include "tcp/recover.h"

enum {
	TCP_ORPHAN_RETRIES = 8, /* Linux: what 0 means */
	USER_TIMEOUT_STEP_US = 2000,
};

/* --- for how long --- */

/* Linux: retransmits_timed_out(): so long as it takes to fail `retries` times, beginning with the shortest timeout. */
static uint64_t patience_us(const struct tcp_conn *c, unsigned retries)
{
	uint64_t us = 0, rto = tcp_rto_min_us(c);
	for (unsigned i = 0; i <= retries && us < UINT64_MAX / 2; i++) {
		us += rto;
		rto = MIN(rto * 2, (uint64_t)TCP_RTO_MAX_US);
	}
	return us;
}

static uint64_t user_timeout_us(const struct tcp_conn *c)
{
	return c->rare ? c->rare->opts.user_timeout_ms * 1000ULL : 0; /* RFC 5482 */
}

/* How often for one whose program has gone: fewer times when it was said that there is no way (Linux: tcp_orphan_retries()). */
static unsigned orphan_retries(const struct tcp_conn *c)
{
	bool alive = tcp_rto_us(c) < TCP_RTO_MAX_US;
	unsigned n = c->soft_error && !alive ? 0 : racy_get(tcp_stack(c->w->st)->conf.orphan_retries);
	return !n && alive ? TCP_ORPHAN_RETRIES : n;
}

static unsigned retries(const struct tcp_conn *c)
{
	return c->orphan ? orphan_retries(c) : racy_get(tcp_stack(c->w->st)->conf.retries2);
}

/* Never before something was sent again. */
static bool is_hopeless(const struct tcp_conn *c)
{
	uint64_t most = user_timeout_us(c);
	if (!most)
		most = patience_us(c, retries(c));
	return c->m->timeouts && c->w->lc->now_us - c->m->stuck_us >= most;
}

/* The timer strikes when the user's time is up, too (Linux: tcp_clamp_rto_to_user_timeout()). */
static uint64_t within(const struct tcp_conn *c, uint64_t since_us, uint64_t us)
{
	uint64_t most = user_timeout_us(c), passed = c->w->lc->now_us - since_us;
	if (!most)
		return us;
	return MIN(us,
		   passed < most ? MAX(most - passed, (uint64_t)USER_TIMEOUT_STEP_US) : USER_TIMEOUT_STEP_US);
}

static void give_up(struct tcp_conn *c)
{
	tcp_count(c->w, TCP_N_ABORT_ON_TIMEOUT);
	tcp_fail(c, c->soft_error ? c->soft_error : ETIMEDOUT);
}

/* --- of a SYN --- */

/* Linux: the first few are a second apart (tcp_syn_linear_timeouts), then each waits twice as long as the one before. */
static void syn_timeout(struct tcp_conn *c)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	unsigned most = c->rare && c->rare->opts.syn_retries ? c->rare->opts.syn_retries : f->syn_retries;
	unsigned linear = c->h.state == TCP_SYN_SENT ? f->syn_linear : 0;
	uint64_t since = c->last_sent_us + TCP_RTO_FIRST_US, patience = user_timeout_us(c);
	bool hopeless = c->backoff >= most + linear ||
			(c->backoff && patience && c->w->lc->now_us - since >= patience);
	tcp_fast_timed_out(c, c->backoff, hopeless);
	if (hopeless) {
		give_up(c);
		return;
	}
	c->backoff++;
	c->syn_again = true;
	tcp_send_syn(c);
	tcp_count(c->w, TCP_N_RETRANS_SEGS);
	uint64_t us = (uint64_t)c->rto_us << (c->backoff > linear ? MIN(c->backoff - linear, 30U) : 0);
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, within(c, since, MIN(us, (uint64_t)TCP_RTO_MAX_US)));
}

/* --- of a closed window --- */

/* RFC 9293, 3.8.6.1: for ever, as long as the peer answers; but not longer than the user wants, and not for nobody (Linux:
 * tcp_probe_timer()). */
static bool asks_in_vain(struct tcp_conn *c)
{
	uint64_t most_us = user_timeout_us(c), now = c->w->lc->now_us;
	unsigned most = retries(c);
	if (most_us && (!c->backoff || !c->rare->probing_us))
		c->rare->probing_us = now;
	else if (most_us && now - c->rare->probing_us >= most_us)
		return true;
	if (c->orphan && tcp_rto_us(c) >= TCP_RTO_MAX_US && c->backoff >= most)
		return true;
	return c->probes >= most;
}

uint64_t tcp_probe_in_us(const struct tcp_conn *c)
{
	uint64_t us = tcp_rto_us(c);
	return c->backoff && c->rare && c->rare->probing_us ? within(c, c->rare->probing_us, us) : us;
}

static void ask_for_window(struct tcp_conn *c)
{
	if (asks_in_vain(c)) {
		give_up(c);
		return;
	}
	if (!tcp_push_window(c)) {
		c->probes++;
		if (c->backoff < racy_get(tcp_stack(c->w->st)->conf.retries2))
			c->backoff++;
		tcp_count(c->w, TCP_N_WIN_PROBE);
		tcp_send_probe(c, false);
	}
	if (c->snd_una == c->snd_nxt)
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_probe_in_us(c));
	else
		tcp_arm_retransmit(c);
}

/* --- of data --- */

static void count_timeout(const struct tcp_conn *c)
{
	bool sack = c->sack_ok;
	tcp_count(c->w, TCP_N_TIMEOUTS);
	if (c->m->timeouts)
		return;
	if (c->repair == TCP_RECOVERY)
		tcp_count(c->w, sack ? TCP_N_SACK_RECOVERY_FAIL : TCP_N_RENO_RECOVERY_FAIL);
	else if (c->repair == TCP_LOSS)
		tcp_count(c->w, TCP_N_LOSS_FAILURES);
	else if (c->repair == TCP_DISORDER || c->m->log.sacked)
		tcp_count(c->w, sack ? TCP_N_SACK_FAILURES : TCP_N_RENO_FAILURES);
}

/* RFC 6298, 5.4; RFC 2018, 8: what the receiver SACKed and does not acknowledge it has thrown away. Linux: what was sent within the last
 * round trip may still arrive. */
static void lose_all(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	bool reneged = m->log.n && tcp_log_at(&m->log, 0)->flags & TCP_SENT_SACKED && c->sack_ok;
	uint32_t spare = !reneged && m->rack && tcp_has_rack(c) ? m->rack_rtt_us : 0;
	if (reneged) {
		tcp_count(c->w, TCP_N_SACK_RENEGING);
		m->forgot_sacks = true;
	} else if (!c->sack_ok) {
		tcp_forget_dups(c);
	}
	tcp_log_all_lost(&m->log, reneged, (uint32_t)c->w->lc->now_us, spare);
}

/* RFC 5681, 3.1, eqn. 4: once for each window of data. Linux: tcp_enter_loss() */
static void begin_loss(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	bool fresh = c->repair < TCP_RECOVERY, calm = c->repair <= TCP_DISORDER;
	if (calm && m->log.n_sacked >= m->reordering) /* so many were not only overtaken */
		m->reordering = (uint16_t)MIN(m->reordering, racy_get(f->reordering));
	lose_all(c);
	if (calm || seq_le(m->recover, c->snd_una) || (c->repair == TCP_LOSS && !m->timeouts)) {
		tcp_undo_begin(c, true);
		c->cc.ssthresh = cc_reduced(&c->cc, CC_TIMEOUT);
		if (c->cc.ops->restart)
			c->cc.ops->restart(&c->cc);
	}
	c->cc.cwnd = tcp_in_flight(c) + c->mss;
	c->cc.acked = 0;
	c->repair = TCP_LOSS;
	m->recover = c->snd_nxt;
	m->tlp = false;
	c->ecn_cwr = c->ecn_ok;
	m->frto = racy_get(f->frto) && (fresh || m->timeouts); /* RFC 5682, 3.1, step 1 */
}

static void data_timeout(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	if (!m->timeouts)
		m->stuck_us = c->w->lc->now_us; /* Linux: retrans_stamp */
	bool hopeless = is_hopeless(c);
	tcp_fast_timed_out(c, m->timeouts, hopeless);
	if (hopeless) {
		give_up(c);
		return;
	}
	if (m->timeouts &&
	    c->w->lc->now_us - m->stuck_us >= patience_us(c, racy_get(tcp_stack(c->w->st)->conf.retries1)))
		tcp_mtu_black_hole(c);
	if (unlikely(c->mtu_search))
		tcp_mtu_is_unclear(c);
	count_timeout(c);
	begin_loss(c);
	m->timeouts = (uint8_t)MIN(m->timeouts + 1, 255);
	tcp_send_again(c, c->mss);
	c->backoff = (uint8_t)MIN(c->backoff + 1, 255);
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, within(c, m->stuck_us, tcp_rto_us(c)));
}

void tcp_retransmit_timeout(struct tcp_conn *c)
{
	uint8_t due = c->m ? c->m->due : TCP_DUE_TIMEOUT;
	if (c->fast)
		tcp_fast_timeout(c);
	else if (c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV)
		syn_timeout(c);
	else if (c->probing)
		ask_for_window(c);
	else if (c->snd_una == c->snd_nxt)
		return;
	else if (due == TCP_DUE_PROBE)
		tcp_tlp_timeout(c);
	else if (due == TCP_DUE_OVERTAKEN)
		tcp_rack_timeout(c);
	else
		data_timeout(c);
}
