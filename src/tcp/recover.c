/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what is lost, and how the window comes down.
 *
 *	OPEN      all is well
 *	DISORDER  there are SACKed bytes, or duplicate ACKs, and too few to mean loss; new segments go out for them (RFC 3042)
 *	RECOVERY  something was lost: from then on until RecoveryPoint is acknowledged, lost data goes first (RFC 6675), in step with
 *	          what arrives (PRR, RFC 9937), and the window ends at ssthresh
 *	LOSS      the retransmission timer struck: everything not SACKed is lost, the window is one segment, and grows
 *
 * A peer without SACK is treated as if each duplicate ACK were a block for one segment beyond the first (RFC 5681, 3.2, what Linux
 * calls Reno SACK), and each partial ACK of a recovery says that the next one is lost, too (RFC 6582).
 *
 * Left out: RACK-TLP (RFC 8985), F-RTO, Eifel, undoing by DSACK, learning how far segments overtake each other. */
#include "tcp/tcp_internal.h"

enum { DUP_THRESH = 3 };

static uint32_t dup_thresh(const struct tcp_conn *c)
{
	uint32_t n = racy_get(tcp_stack(c->w->st)->conf.reordering);
	return n ? n : DUP_THRESH;
}

static uint32_t ssthresh(struct tcp_conn *c, enum cc_why why)
{
	return cc_reduced(&c->cc, why);
}

/* --- without SACK --- */

static void count_dup(struct tcp_conn *c)
{
	seq32 start = c->snd_una + c->mss + c->m->log.sacked;
	struct tcp_range r = { start, seq_min(start + c->mss, c->snd_nxt) };
	c->m->dup_acks = (uint8_t)MIN(c->m->dup_acks + 1, 255);
	if (seq_lt(r.start, r.end))
		tcp_log_sack(&c->m->log, &c->w->st->mem, &r);
}

static void forget_dups(struct tcp_conn *c)
{
	c->m->dup_acks = 0;
	if (!c->sack_ok)
		tcp_log_forget_sacks(&c->m->log);
}

/* --- into recovery and out of it --- */

static void enter(struct tcp_conn *c)
{
	c->repair = TCP_RECOVERY;
	c->m->recover = c->snd_nxt;
	c->m->prr_flight = MAX(c->snd_nxt - c->snd_una, (uint32_t)c->mss);
	c->m->prr_delivered = c->m->prr_out = 0;
	c->cc.ssthresh = ssthresh(c, CC_LOSS);
	c->cc.acked = 0;
	tcp_count(c->w, c->sack_ok ? TCP_N_SACK_RECOVERY : TCP_N_RENO_RECOVERY);
}

static void leave(struct tcp_conn *c)
{
	if (c->repair == TCP_RECOVERY)
		c->cc.cwnd = c->cc.ssthresh;
	c->repair = c->m->log.sacked ? TCP_DISORDER : TCP_OPEN;
	forget_dups(c);
}

/* RFC 9937, 6.1: as many bytes may leave as bring the flight to ssthresh by the time all is delivered. first: at least the segment
 * that is lost leaves at once. */
static void reduce(struct tcp_conn *c, uint32_t newly, bool first, bool safe)
{
	uint32_t flight = tcp_in_flight(c), may;
	c->m->prr_delivered += newly;
	if (flight > c->cc.ssthresh) {
		uint64_t due = ((uint64_t)c->m->prr_delivered * c->cc.ssthresh + c->m->prr_flight - 1) /
			       c->m->prr_flight;
		may = due > c->m->prr_out ? (uint32_t)(due - c->m->prr_out) : 0;
	} else {
		uint32_t owed = c->m->prr_delivered > c->m->prr_out ? c->m->prr_delivered - c->m->prr_out : 0;
		uint32_t limit = MAX(owed, newly) + (safe ? c->mss : 0);
		may = MIN(c->cc.ssthresh - flight, limit);
	}
	if (first)
		may = MAX(may, (uint32_t)c->mss);
	c->cc.cwnd = flight + may;
}

void tcp_count_prr_sent(struct tcp_conn *c, uint32_t bytes)
{
	if (c->repair == TCP_RECOVERY)
		c->m->prr_out += bytes;
}

/* --- what an ACK means for all this --- */

static bool find_lost(struct tcp_conn *c, bool partial)
{
	if (c->sack_ok)
		return c->m->log.sacked && tcp_log_find_lost(&c->m->log, dup_thresh(c), c->mss);
	if (!partial && c->m->dup_acks < dup_thresh(c))
		return false;
	uint32_t before = c->m->log.lost;
	tcp_log_lose_first(&c->m->log, &c->w->st->mem, c->mss);
	return c->m->log.lost != before;
}

static void when_open(struct tcp_conn *c, uint32_t newly)
{
	if (find_lost(c, false)) {
		enter(c);
		reduce(c, newly, true, false);
		tcp_count(c->w, TCP_N_FAST_RETRANS);
		return;
	}
	c->repair = c->m->log.sacked || c->m->dup_acks ? TCP_DISORDER : TCP_OPEN;
}

static void when_recovering(struct tcp_conn *c, uint32_t acked, uint32_t newly)
{
	if (seq_le(c->m->recover, c->snd_una)) {
		leave(c);
		return;
	}
	if (!c->sack_ok && acked)
		forget_dups(c);
	bool lost = find_lost(c, acked != 0);
	reduce(c, newly, !c->sack_ok && acked, acked && !lost);
}

static void when_lost(struct tcp_conn *c)
{
	if (seq_le(c->m->recover, c->snd_una))
		leave(c);
}

void tcp_repair(struct tcp_conn *c, const struct tcp_seg *s, uint32_t acked, uint32_t newly, bool dup)
{
	if (!c->m || likely(c->repair == TCP_OPEN && !c->m->log.sacked && !dup))
		return;
	if (!c->sack_ok && dup) {
		count_dup(c);
		newly += c->mss;
	} else if (!c->sack_ok && acked && c->repair != TCP_RECOVERY) {
		forget_dups(c);
	}
	if (c->repair == TCP_LOSS)
		when_lost(c);
	else if (c->repair == TCP_RECOVERY)
		when_recovering(c, acked, newly);
	else
		when_open(c, newly);
}

/* --- the timer --- */

/* Linux: retransmits_timed_out(): so long as it takes to fail `retries` times, beginning with the shortest timeout. */
static uint64_t patience_us(unsigned retries)
{
	uint64_t us = 0, rto = TCP_RTO_MIN_US;
	for (unsigned i = 0; i <= retries && us < UINT64_MAX / 2; i++) {
		us += rto;
		rto = MIN(rto * 2, (uint64_t)TCP_RTO_MAX_US);
	}
	return us;
}

/* How long nothing has come back, by the timeouts that have passed. */
static uint64_t stuck_us(const struct tcp_conn *c)
{
	uint64_t us = 0;
	for (unsigned i = 0; i <= c->backoff; i++) {
		uint64_t rto = (uint64_t)c->rto_us << (i < 30 ? i : 30);
		us += MIN(rto, (uint64_t)TCP_RTO_MAX_US);
	}
	return us;
}

static bool is_hopeless(const struct tcp_conn *c)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	uint64_t most = patience_us(c->orphan ? f->orphan_retries : f->retries2);
	if (c->rare && c->rare->opts.user_timeout_ms) /* RFC 5482 */
		most = (uint64_t)c->rare->opts.user_timeout_ms * 1000;
	return stuck_us(c) >= most;
}

static void give_up(struct tcp_conn *c)
{
	tcp_count(c->w, TCP_N_ABORT_ON_TIMEOUT);
	tcp_fail(c, c->soft_error ? c->soft_error : ETIMEDOUT);
}

static void syn_timeout(struct tcp_conn *c)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	unsigned most = c->h.state == TCP_SYN_RECV             ? f->synack_retries
			: c->rare && c->rare->opts.syn_retries ? c->rare->opts.syn_retries
							       : f->syn_retries;
	if (c->backoff >= most) {
		give_up(c);
		return;
	}
	c->backoff++;
	c->syn_again = true;
	tcp_send_syn(c);
	tcp_count(c->w, TCP_N_RETRANS_SEGS);
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_rto_us(c));
}

/* RFC 9293, 3.8.6.1: for ever, as long as the peer answers. */
static void ask_for_window(struct tcp_conn *c)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	if (c->probes > (c->orphan ? f->orphan_retries : f->retries2)) {
		give_up(c);
		return;
	}
	if (!tcp_push_window(c)) {
		c->probes++;
		c->backoff = (uint8_t)MIN(c->backoff + 1, 255);
		tcp_send_probe(c, false);
	}
	if (c->snd_una == c->snd_nxt)
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_rto_us(c));
	else
		tcp_arm_retransmit(c);
}

/* RFC 6298, 5.4 to 5.6; RFC 5681, 3.1, eqn. 4: once for each window of data. */
static void begin_loss(struct tcp_conn *c)
{
	if (c->repair != TCP_LOSS || seq_le(c->m->recover, c->snd_una)) {
		c->cc.ssthresh = ssthresh(c, CC_TIMEOUT);
		c->m->recover = c->snd_nxt;
	}
	if (c->cc.ops->restart)
		c->cc.ops->restart(&c->cc);
	forget_dups(c);
	c->repair = TCP_LOSS;
	tcp_log_all_lost(&c->m->log, false);
	c->cc.cwnd = c->mss;
	c->cc.acked = 0;
}

void tcp_retransmit_timeout(struct tcp_conn *c)
{
	if (c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV) {
		syn_timeout(c);
	} else if (c->probing) {
		ask_for_window(c);
	} else if (c->snd_una != c->snd_nxt) {
		if (is_hopeless(c)) {
			give_up(c);
			return;
		}
		tcp_count(c->w, TCP_N_TIMEOUTS);
		begin_loss(c);
		c->backoff = (uint8_t)MIN(c->backoff + 1, 255);
		tcp_send_again(c, c->mss);
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_rto_us(c));
	}
}
