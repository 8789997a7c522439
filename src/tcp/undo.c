/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what was taken for lost may only have been late. Then the window that was halved for it comes back. Two signs:
 *
 *	Eifel (RFC 3522, 4015)	an ACK that passes what was sent again echoes a time stamp from before that
 *	DSACK (RFC 2883, 3708)	everything that was sent again since has arrived twice
 *
 * and a third for timeouts, F-RTO (RFC 5682), in recover.c. What there was before is kept from the beginning of a recovery
 * (tcp_undo_begin()) until it is undone or over. Marks from the network (ECN) are no mistakes: prior_ssthresh is 0 then. */
#include "tcp/recover.h"

void tcp_undo_begin(struct tcp_conn *c, bool with_window)
{
	struct tcp_motion *m = c->m;
	m->undoable = true;
	m->undo_una = c->snd_una;
	m->undo_left = (int32_t)m->log.again;
	if (!m->undo_left)
		m->undo_left = -1;
	m->prior_ssthresh = with_window ? tcp_current_ssthresh(c) : 0;
	m->prior_cwnd = c->cc.cwnd;
}

void tcp_undo_note_again(struct tcp_conn *c, uint32_t bytes)
{
	struct tcp_motion *m = c->m;
	if (!m->was_again) {
		m->was_again = true;
		m->again_stamp = tcp_now_stamp(c->w, c->ts_off);
	}
	m->undo_left = (int32_t)MIN((int64_t)MAX(m->undo_left, 0) + bytes, (int64_t)INT32_MAX);
}

void tcp_undo_note_twice(struct tcp_conn *c, uint32_t bytes)
{
	struct tcp_motion *m = c->m;
	if (m->undoable && m->undo_left > 0)
		m->undo_left = bytes < (uint32_t)m->undo_left ? m->undo_left - (int32_t)bytes : 0;
}

/* RFC 3522, 3.2, step 4: an ACK of what was sent before anything was sent again. Linux: or nothing was. */
bool tcp_undo_was_late(const struct tcp_conn *c, const struct tcp_news *n)
{
	const struct tcp_motion *m = c->m;
	return !m->was_again || (c->ts_ok && n->ecr && seq_lt(n->ecr, m->again_stamp));
}

bool tcp_undo_may(const struct tcp_conn *c, const struct tcp_news *n)
{
	return c->m->undoable && (!c->m->undo_left || tcp_undo_was_late(c, n));
}

/* RFC 4015, 3.3, in Linux's way: at once. RACK looks at everything anew. */
void tcp_undo(struct tcp_conn *c, bool find_lost)
{
	struct tcp_motion *m = c->m;
	if (find_lost)
		tcp_log_find_all(&m->log);
	if (m->prior_ssthresh) {
		c->ecn_cwr &= m->prior_ssthresh <= c->cc.ssthresh;
		cc_undo(&c->cc, m->prior_cwnd, m->prior_ssthresh);
	}
	m->undoable = false;
	m->rack_news = m->rack;
}

bool tcp_undo_by_dsack(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	if (!m->undoable || m->undo_left)
		return false;
	m->rack_persist = (uint8_t)MIN(m->rack_persist + 1, 16);
	tcp_undo(c, false);
	tcp_count(c->w, TCP_N_DSACK_UNDO);
	return true;
}

/* True: the timeout was a mistake, and what is under way is not repaired any more. */
bool tcp_undo_loss(struct tcp_conn *c, const struct tcp_news *n, bool by_frto)
{
	if (!by_frto && !tcp_undo_may(c, n))
		return false;
	tcp_undo(c, true);
	tcp_count(c->w, TCP_N_LOSS_UNDO);
	if (by_frto)
		tcp_count(c->w, TCP_N_SPURIOUS_RTOS);
	c->m->timeouts = 0;
	if (!c->sack_ok && c->snd_una == c->m->recover) /* RFC 6582: not yet */
		return true;
	if (c->sack_ok || by_frto)
		c->repair = TCP_OPEN;
	c->m->forgot_sacks = false;
	return true;
}
