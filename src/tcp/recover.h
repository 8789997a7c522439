/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of loss recovery share: sack.c, rack.c, tlp.c, undo.c, recover.c, timeout.c. All of them are about a connection that has
 * its struct tcp_motion. */
#ifndef LEAT_TCP_RECOVER_H
#define LEAT_TCP_RECOVER_H

#include "tcp/tcp_internal.h"

/* What a segment told of what is under way; each step of tcp_ack() reads what the ones before found out. */
struct tcp_news {
	struct tcp_took took;
	seq32 ack, prior_una;
	uint32_t ecr; /* the time stamp it echoes; 0: none */
	uint32_t prior_flight, prior_lost, prior_dups; /* bytes; segments */
	uint32_t dups; /* segments that the peer says it got, without saying which */
	uint32_t rtt_us; /* measured; 0: not */
	bool advanced, has_data, window; /* snd_una; the segment brings something; the window changed */
	bool dsack, dsack_of_probe; /* something arrived twice; it was a tail loss probe */
	bool ece;
	bool set_timer, keep_timer; /* for what is under way: anew; RACK has set it */
	bool lost_again; /* what was sent again is lost again */
};

/* --- sack.c --- */

void tcp_take_sacks(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_news *n);
/* What begins at `low` arrived after what was sent later, as far as m->highest. */
void tcp_note_overtaken(struct tcp_conn *c, seq32 low, bool by_stamp);
/* Without SACK: `n` more segments have arrived; of `before` counted so, those that `acked` ones held are acknowledged. */
void tcp_count_dups(struct tcp_conn *c, uint32_t n);
void tcp_forget_dups(struct tcp_conn *c);
void tcp_lessen_dups(struct tcp_conn *c, uint32_t before, uint32_t acked);

/* --- rack.c --- */

static inline bool tcp_has_rack(const struct tcp_conn *c)
{
	return c->sack_ok && tcp_stack(c->w->st)->conf.recovery & 1;
}
void tcp_rack_note(struct tcp_conn *c, const struct tcp_took *t);
void tcp_rack_adapt(struct tcp_conn *c); /* how long others may take longer */
/* What is lost by now; sets the timer for what may be soon. */
void tcp_rack_find_lost(struct tcp_conn *c, struct tcp_news *n);
void tcp_rack_timeout(struct tcp_conn *c);

/* --- tlp.c --- */

/* Sets the timer for a probe instead of the timeout. False: none is due, or it would come after the timeout. anew: data was
 * acknowledged, and the timeout begins from now. */
bool tcp_tlp_arm(struct tcp_conn *c, bool anew);
void tcp_tlp_timeout(struct tcp_conn *c);
void tcp_tlp_acked(struct tcp_conn *c, const struct tcp_news *n);

/* --- undo.c --- */

void tcp_undo_begin(struct tcp_conn *c,
		    bool with_window); /* something is taken for lost; or with no way back to the window */
void tcp_undo_note_again(struct tcp_conn *c, uint32_t bytes); /* sent again */
void tcp_undo_note_twice(struct tcp_conn *c, uint32_t bytes); /* and arrived twice */
bool tcp_undo_may(const struct tcp_conn *c, const struct tcp_news *n);
bool tcp_undo_was_late(const struct tcp_conn *c,
		       const struct tcp_news *n); /* RFC 3522: the ACK is of what was sent first */
void tcp_undo(struct tcp_conn *c, bool find_lost);
bool tcp_undo_by_dsack(struct tcp_conn *c);
bool tcp_undo_loss(struct tcp_conn *c, const struct tcp_news *n, bool by_frto);

/* --- recover.c --- */

/* What the news mean for what is lost. */
void tcp_repair(struct tcp_conn *c, struct tcp_news *n);
void tcp_begin_recovery(struct tcp_conn *c, bool ece);
void tcp_begin_reduction(struct tcp_conn *c, enum cc_why why); /* PRR, from here to ssthresh */
void tcp_end_reduction(struct tcp_conn *c);
void tcp_reduce(struct tcp_conn *c, uint32_t newly, bool advanced_clean);
void tcp_keep_open(struct tcp_conn *c); /* OPEN, or DISORDER */
bool tcp_any_again(const struct tcp_conn *c); /* something that was sent again is under way */
static inline bool tcp_is_reducing(const struct tcp_conn *c)
{
	return c->repair == TCP_CWR || c->repair == TCP_RECOVERY;
}
/* RFC 5681: how large the window would be allowed to be, were it not for what is being repaired. */
static inline uint32_t tcp_current_ssthresh(const struct tcp_conn *c)
{
	return tcp_is_reducing(c) ? c->cc.ssthresh : MAX(c->cc.ssthresh, c->cc.cwnd / 2 + c->cc.cwnd / 4);
}

#endif
