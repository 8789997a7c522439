/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what is lost, and how the window comes down. The states are Linux's:
 *
 *	OPEN      all is well
 *	DISORDER  there are SACKed bytes, or duplicate ACKs, and too few to mean loss; new segments go out for them (RFC 3042)
 *	CWR       the network marked packets (ECN), or a probe mended a tail: nothing to repair, but the window comes down, too
 *	RECOVERY  something was lost: until RecoveryPoint is acknowledged lost data goes first, in step with what arrives (PRR,
 *	          RFC 9937), and the window ends at ssthresh
 *	LOSS      the retransmission timer struck (timeout.c): the window is one segment, and grows
 *
 * What is lost is RACK's to say (rack.c); without it, RFC 6675's IsLost(). A peer without SACK is treated as if each duplicate ACK
 * were a block for one segment beyond the first (RFC 5681, 3.2, what Linux calls Reno SACK), and each partial ACK of a recovery
 * says that the next one is lost, too (RFC 6582).
 *
 * Was it lost at all? undo.c says for each ACK whether all that was a mistake; for timeouts F-RTO asks on purpose (RFC 5682, 3.1): the
 * first ACK after one lets out new data before anything else is sent again, and if then something arrives that was never sent again,
 * nothing had been lost. */
#include "tcp/recover.h"

/* --- the window comes down --- */

/* RFC 9937, 6.1: RecoverFS; what was SACKed before is not delivered in this recovery. */
static uint32_t recover_flight(const struct tcp_conn *c)
{
	uint32_t flight = c->snd_nxt - c->snd_una - c->m->log.sacked;
	return MAX(flight, (uint32_t)c->mss);
}

void tcp_begin_reduction(struct tcp_conn *c, enum cc_why why)
{
	struct tcp_motion *m = c->m;
	m->recover = c->snd_nxt;
	m->tlp = false;
	m->prior_cwnd = c->cc.cwnd;
	m->prr_flight = recover_flight(c);
	m->prr_delivered = m->prr_out = 0;
	c->cc.ssthresh = cc_reduced(&c->cc, why);
	c->ecn_cwr = c->ecn_ok;
	c->cc.acked = 0;
}

void tcp_end_reduction(struct tcp_conn *c)
{
	if (c->cc.ops->flags & CC_OWNS_WINDOW || c->cc.ssthresh == UINT32_MAX)
		return;
	if (c->repair == TCP_CWR || c->m->undoable)
		c->cc.cwnd = c->cc.ssthresh;
}

/* RFC 9937, 6.2: as many bytes may leave as bring the flight to ssthresh by the time all is delivered; at least the segment that is
 * lost leaves at once. */
void tcp_reduce(struct tcp_conn *c, uint32_t newly, bool safe)
{
	struct tcp_motion *m = c->m;
	uint32_t flight = tcp_in_flight(c), may;
	m->prr_delivered += newly;
	if (flight > c->cc.ssthresh) {
		uint64_t due =
			((uint64_t)m->prr_delivered * c->cc.ssthresh + m->prr_flight - 1) / m->prr_flight;
		may = due > m->prr_out ? (uint32_t)(due - m->prr_out) : 0;
	} else {
		uint32_t owed = m->prr_delivered > m->prr_out ? m->prr_delivered - m->prr_out : 0;
		may = MIN(c->cc.ssthresh - flight, MAX(owed, newly) + (safe ? c->mss : 0));
	}
	if (!m->prr_out)
		may = MAX(may, (uint32_t)c->mss);
	c->cc.cwnd = flight + may;
}

void tcp_count_prr_sent(struct tcp_conn *c, uint32_t bytes)
{
	if (tcp_is_reducing(c))
		c->m->prr_out += bytes;
}

/* RFC 3168, 6.1.2; Linux: tcp_enter_cwr() */
static void enter_cwr(struct tcp_conn *c)
{
	c->m->prior_ssthresh = 0;
	if (c->repair >= TCP_CWR)
		return;
	c->m->undoable = false;
	tcp_begin_reduction(c, CC_ECE);
	c->repair = TCP_CWR;
}

/* ece: the network has asked for it anyhow. */
void tcp_begin_recovery(struct tcp_conn *c, bool ece)
{
	struct tcp_motion *m = c->m;
	tcp_count(c->w, c->sack_ok ? TCP_N_SACK_RECOVERY : TCP_N_RENO_RECOVERY);
	m->was_again &= tcp_any_again(c);
	bool reducing = tcp_is_reducing(c);
	tcp_undo_begin(c, !reducing && !ece);
	if (!reducing)
		tcp_begin_reduction(c, CC_LOSS);
	c->repair = TCP_RECOVERY;
}

/* --- and stays --- */

bool tcp_any_again(const struct tcp_conn *c)
{
	const struct tcp_log *l = &c->m->log;
	return l->again || (l->n && l->at[l->first].flags & TCP_SENT_EVER_AGAIN);
}

void tcp_keep_open(struct tcp_conn *c)
{
	bool disorder = c->m->log.sacked || c->m->log.lost || tcp_any_again(c);
	uint8_t state = disorder ? TCP_DISORDER : TCP_OPEN;
	if (c->repair == state)
		return;
	c->repair = state;
	c->m->recover = c->snd_nxt;
}

static void try_to_open(struct tcp_conn *c, bool ece)
{
	c->m->was_again &= tcp_any_again(c);
	if (ece)
		enter_cwr(c);
	if (c->repair != TCP_CWR)
		tcp_keep_open(c);
}

/* --- out of it --- */

/* Everything up to RecoveryPoint has arrived. False: without SACK only more than that ends it (RFC 6582, 3.2, step 3, careful). */
static bool leave(struct tcp_conn *c, const struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	if (tcp_undo_may(c, n)) {
		tcp_undo(c, false);
		tcp_count(c->w, c->repair == TCP_LOSS ? TCP_N_LOSS_UNDO : TCP_N_FULL_UNDO);
	} else if (m->rack_persist) {
		m->rack_persist--;
	}
	if (!c->sack_ok && c->snd_una == m->recover) {
		m->was_again &= tcp_any_again(c);
		return false;
	}
	c->repair = TCP_OPEN;
	m->forgot_sacks = false;
	return true;
}

/* Linux: tcp_try_undo_partial(). True: what is under way may all have been late, so nothing more is taken for lost now. */
static bool undo_partial(struct tcp_conn *c, const struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	if (!m->undoable || !tcp_undo_was_late(c, n))
		return false;
	tcp_note_overtaken(c, n->prior_una, true);
	if (m->log.again) {
		m->hold = true;
		return true;
	}
	m->was_again &= tcp_any_again(c);
	tcp_undo(c, true);
	tcp_count(c->w, TCP_N_PARTIAL_UNDO);
	tcp_keep_open(c);
	return false;
}

/* --- what is lost --- */

static bool lose_first(struct tcp_conn *c, const struct tcp_news *n)
{
	const struct tcp_motion *m = c->m;
	return c->repair < TCP_RECOVERY ? m->log.n_sacked >= m->reordering
					: c->repair == TCP_RECOVERY && n->advanced;
}

static void find_lost(struct tcp_conn *c, struct tcp_news *n)
{
	struct tcp_log *l = &c->m->log;
	if (!l->n)
		return;
	if (!c->sack_ok) {
		if (lose_first(c, n))
			tcp_log_lose_first(l, &c->w->st->mem, c->mss);
	} else if (tcp_has_rack(c)) {
		tcp_rack_find_lost(c, n);
	} else if (l->sacked && c->repair != TCP_LOSS) {
		tcp_log_find_lost(l, c->m->reordering, c->mss);
	}
}

/* --- RFC 5682, 3.1: was the timeout true? --- */

/* True: all is said. */
static bool ask_frto(struct tcp_conn *c, const struct tcp_news *n, bool recovered)
{
	struct tcp_motion *m = c->m;
	if (n->took.original && tcp_undo_loss(c, n, true)) /* 3.b */
		return true;
	if (seq_lt(m->recover, c->snd_nxt)) {
		if (n->took.sacked || n->dups)
			m->frto = false; /* 3.a: it was */
	} else if (n->advanced && !recovered) {
		m->recover = c->snd_nxt;
		m->new_first = tcp_may_send_new(c); /* 2.b */
		if (m->new_first)
			return true;
		m->frto = false;
	}
	return false;
}

static void when_lost(struct tcp_conn *c, struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	bool recovered = seq_le(m->recover, c->snd_una);
	if (n->advanced && tcp_undo_loss(c, n, false))
		return;
	if (m->frto && ask_frto(c, n, recovered))
		return;
	if (recovered) {
		leave(c, n);
		return;
	}
	if (c->sack_ok)
		return;
	if (seq_lt(m->recover, c->snd_nxt) && n->dups)
		tcp_count_dups(c, n->dups);
	else if (n->advanced)
		tcp_forget_dups(c);
}

/* --- what an ACK means for all this --- */

/* The receiver took back what it had SACKed (RFC 2018, 8): once it acknowledges up to there. Linux waits a while for it to think better
 * of it, and then the timeout begins. */
static bool reneged(struct tcp_conn *c, struct tcp_news *n)
{
	struct tcp_log *l = &c->m->log;
	if (!n->advanced || !c->sack_ok || !l->n || !(tcp_log_at(l, 0)->flags & TCP_SENT_SACKED))
		return false;
	n->keep_timer = true;
	c->m->due = TCP_DUE_TIMEOUT;
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, MAX(c->srtt_us / 2, 10000U));
	return true;
}

static bool is_time(const struct tcp_conn *c)
{
	return c->m->log.lost != 0;
}

static void repair_open(struct tcp_conn *c, struct tcp_news *n)
{
	if (!c->sack_ok) {
		if (n->advanced)
			tcp_forget_dups(c);
		tcp_count_dups(c, n->dups);
	}
	if (c->repair <= TCP_DISORDER)
		tcp_undo_by_dsack(c);
	find_lost(c, n);
	if (is_time(c) && unlikely(c->mtu_search) && tcp_mtu_failed(c))
		return;
	if (is_time(c))
		tcp_begin_recovery(c, n->ece);
	else
		try_to_open(c, n->ece);
}

/* False: the recovery is over by this, and what follows is as if there had been none. */
static void repair_recovery(struct tcp_conn *c, struct tcp_news *n)
{
	if (!n->advanced) {
		if (!c->sack_ok)
			tcp_count_dups(c, n->dups);
	} else {
		if (!c->sack_ok)
			tcp_lessen_dups(c, n->prior_dups, n->took.n_acked);
		if (undo_partial(c, n))
			return;
	}
	if (tcp_undo_by_dsack(c))
		try_to_open(c, n->ece);
	find_lost(c, n);
	if (c->repair != TCP_RECOVERY && is_time(c))
		tcp_begin_recovery(c, n->ece);
}

static void repair_loss(struct tcp_conn *c, struct tcp_news *n)
{
	when_lost(c, n);
	find_lost(c, n);
	if (c->repair == TCP_OPEN || n->lost_again)
		repair_open(c, n);
}

/* What was to be reached is acknowledged. True: that is all for now. */
static bool is_over(struct tcp_conn *c, const struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	if (c->repair == TCP_OPEN) {
		m->was_again = false;
	} else if (seq_lt(c->snd_una, m->recover)) {
		return false;
	} else if (c->repair == TCP_CWR && c->snd_una != m->recover) {
		tcp_end_reduction(c);
		c->repair = TCP_OPEN;
	} else if (c->repair == TCP_RECOVERY) {
		if (!c->sack_ok)
			tcp_forget_dups(c);
		if (!leave(c, n))
			return true;
		tcp_end_reduction(c);
	}
	return false;
}

void tcp_repair(struct tcp_conn *c, struct tcp_news *n)
{
	if (n->ece)
		c->m->prior_ssthresh = 0;
	if (reneged(c, n) || is_over(c, n))
		return;
	if (c->repair == TCP_RECOVERY)
		repair_recovery(c, n);
	else if (c->repair == TCP_LOSS)
		repair_loss(c, n);
	else
		repair_open(c, n);
}
