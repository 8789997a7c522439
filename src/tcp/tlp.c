/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: tail loss probes (RFC 8985, 7). When the last segments of a flight are lost nothing comes back that could tell, and
 * the timeout is long. So after two round trips of silence something more is sent: new data, if there is any and the window lets it
 * out, else the last segment again. Its answer brings SACK blocks, and with them RACK finds what is missing; the window shrinks then as
 * after any loss. When it was the last segment itself that was missing, and the probe mended it, the only sign is that no second
 * acknowledgment tells of having it twice (7.4): that counts as a loss, too.
 *
 * One probe for a flight, in OPEN or CWR only, with SACK, if the knob tcp_early_retrans is 3 or 4. It takes the timeout's place in the
 * timer: TCP_DUE_PROBE. */
#include "tcp/recover.h"

enum { EARLIEST_US = 2000 }; /* Linux: TCP_TIMEOUT_MIN */

/* 7.2: PTO; a receiver may delay the ACK of a lone segment (Linux: as long as the smallest timeout). */
static uint64_t wait_us(const struct tcp_conn *c)
{
	if (!c->srtt_us)
		return TCP_RTO_FIRST_US;
	bool lone = c->m->log.n == 1 && c->snd_nxt - c->snd_una <= tcp_log_at(&c->m->log, 0)->seg;
	return 2ULL * c->srtt_us + (lone ? tcp_rto_min_us(c) : EARLIEST_US);
}

bool tcp_tlp_arm(struct tcp_conn *c, bool anew)
{
	uint8_t knob = racy_get(tcp_stack(c->w->st)->conf.early);
	if ((knob != 3 && knob != 4) || !c->m || !c->m->log.n || !c->sack_ok ||
	    (c->repair != TCP_OPEN && c->repair != TCP_CWR))
		return false;
	uint64_t wait = wait_us(c);
	int64_t timeout = anew ? (int64_t)tcp_rto_us(c) : tcp_left_us(c);
	if (timeout > 0)
		wait = MIN(wait, (uint64_t)timeout);
	c->probing = false;
	c->m->due = TCP_DUE_PROBE;
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, wait);
	return true;
}

void tcp_tlp_timeout(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	if (c->paced && c->snd_end != c->snd_nxt && tcp_pace_waits(c)) {
		m->due =
			TCP_DUE_TIMEOUT; /* Linux: new data is the probe, and it leaves when its time comes */
	} else if (!m->tlp) {
		m->tlp_again = false;
		bool sent = tcp_send_one(c);
		if (!sent)
			sent = m->tlp_again = tcp_send_tail(c);
		if (sent) {
			m->tlp = true;
			m->tlp_end = c->snd_nxt;
			tcp_count(c->w, TCP_N_LOSS_PROBES);
			m->due = TCP_DUE_TIMEOUT; /* the timeout begins from now */
		}
	}
	tcp_arm_retransmit(c);
}

/* 7.4.2 */
void tcp_tlp_acked(struct tcp_conn *c, const struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	if (seq_lt(n->ack, m->tlp_end))
		return;
	if (!m->tlp_again || n->dsack_of_probe) {
		m->tlp = false;
	} else if (seq_lt(m->tlp_end, n->ack)) {
		tcp_begin_reduction(c, CC_LOSS);
		c->repair = TCP_CWR;
		tcp_end_reduction(c);
		tcp_keep_open(c);
		tcp_count(c->w, TCP_N_LOSS_PROBE_RECOVERY);
	} else if (!n->advanced && !n->has_data && !n->window && !n->took.sacked) {
		m->tlp = false; /* a mere duplicate: it had the probe's bytes before */
	}
}
