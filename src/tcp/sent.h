/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of what is sent and not acknowledged; sent.c has the theory. It knows bytes and times, and nothing of connections. */
#ifndef LEAT_TCP_SENT_H
#define LEAT_TCP_SENT_H

#include "base/base.h"
#include "base/bytes.h"
#include "base/mem.h"

static inline bool seq_le(seq32 a, seq32 b)
{
	return !seq_lt(b, a);
}
static inline seq32 seq_max(seq32 a, seq32 b)
{
	return seq_lt(a, b) ? b : a;
}
static inline seq32 seq_min(seq32 a, seq32 b)
{
	return seq_lt(a, b) ? a : b;
}

struct tcp_range {
	seq32 start, end; /* end is behind the last byte */
};

enum tcp_sent_flags {
	TCP_SENT_SACKED = 1 << 0,
	TCP_SENT_LOST = 1 << 1, /* taken for lost, not counted in flight */
	TCP_SENT_AGAIN = 1 << 2, /* and sent once more: in flight again */
	TCP_SENT_EVER_AGAIN = 1 << 3, /* RFC 6298, 3: no round trip is measured by it */
	TCP_SENT_PUSHED = 1 << 4, /* its last byte is one that the reader is told of (PSH) */
};
struct tcp_sent {
	seq32 start, end;
	uint32_t sent_us; /* last; of the clock the lower bits, enough for a round trip */
	uint16_t seg; /* bytes of each of its segments but the last */
	uint8_t flags;
};
static_assert(sizeof(struct tcp_sent) == 16, "there are many");

enum { TCP_SENT_INLINE = 2 };
struct tcp_log {
	struct tcp_sent *at; /* own, or more from the account */
	uint16_t first, n, room;
	uint32_t sacked, lost, again; /* bytes with those flags; AGAIN only of what is not SACKED */
	uint32_t waits; /* LOST and not AGAIN: to be sent */
	uint32_t n_sacked; /* segments */
	/* Of all time, for rates: bytes that arrived, that were taken for lost; when the newest of those that arrived since it was
	 * looked at last (any_new) had been sent. */
	uint32_t delivered, lost_ever, newest_us;
	bool any_new;
	seq32 waits_from; /* nothing that waits lies before it */
	struct tcp_sent own[TCP_SENT_INLINE];
};

void tcp_log_init(struct tcp_log *l);
void tcp_log_done(struct tcp_log *l);
static inline struct tcp_sent *tcp_log_at(struct tcp_log *l, unsigned i)
{
	return &l->at[l->first + i];
}
/* Segments with all of these flags. */
uint32_t tcp_log_segments(const struct tcp_log *l, uint8_t flags);

/* seg: how large its segments are. */
bool tcp_log_add(struct tcp_log *l, struct mem_account *mem, seq32 start, seq32 end, uint32_t seg,
		 uint64_t now_us);
void tcp_log_cut(struct tcp_log *l, seq32 end); /* what did not leave */
void tcp_log_pushed(struct tcp_log *l); /* the last one was, to its end */

/* What a segment that came tells of the log, summed over its blocks and its acknowledgment. */
struct tcp_took {
	/* Said by the caller. */
	uint32_t now_us, min_rtt_us;
	seq32 recover; /* what was sent once, and below it, tells whether a timeout was true */
	seq32 highest; /* what was SACKed reaches to here */

	uint32_t acked, n_acked; /* bytes and segments of the acknowledgment */
	uint32_t sacked; /* bytes of the blocks */
	uint32_t newly, n_newly; /* bytes and segments of both that nobody knew of */
	bool again_acked; /* some of what was acknowledged had been sent twice */
	bool original; /* some of what was sent once, below `recover`, has arrived */
	bool has_time, has_sack_time, was_overtaken, has_newest;
	uint32_t first_us,
		last_us; /* when the first and the last were sent, of what was acknowledged and sent once */
	uint32_t again_us; /* when the first of what had been sent twice was sent last; if again_acked */
	uint32_t sack_first_us, sack_last_us; /* likewise of what was SACKed */
	seq32 overtaken; /* the first that what was sent later has overtaken */
	uint32_t last_arrived_us; /* when what was looked at last had been sent */
	uint32_t newest_us; /* RFC 8985, 6.2, step 2: of what was delivered, what had been sent last */
	seq32 newest_end;
};
void tcp_log_ack(struct tcp_log *l, seq32 una, struct tcp_took *t);
void tcp_log_sack(struct tcp_log *l, struct mem_account *mem, const struct tcp_range *r, struct tcp_took *t);
/* RFC 2883: of these the receiver had two. Returns how many of their bytes were sent again. */
uint32_t tcp_log_twice(struct tcp_log *l, const struct tcp_range *r, struct tcp_took *t);
/* Without SACK, by a duplicate ACK: a segment more has arrived, and it was not the first. False: there is no other. */
bool tcp_log_dup(struct tcp_log *l, struct mem_account *mem);
void tcp_log_forget_sacks(struct tcp_log *l);

/* RFC 6675, 4: IsLost() for every entry; returns whether any became so. */
bool tcp_log_find_lost(struct tcp_log *l, uint32_t dup_thresh, uint32_t mss);
/* RFC 8985, 6.2, step 5: what was sent before (newest_us, newest_end), and longer than most_us ago. Returns whether any became lost; in
 * how many microseconds to look again, 0: no need; how many segments that had been sent again were lost again. */
bool tcp_log_rack(struct tcp_log *l, const struct tcp_took *newest, uint32_t most_us, uint32_t *ret_again_us,
		  uint32_t *ret_lost_again);
/* All that is not SACKED; but for the first, not what was sent within spare_us. */
void tcp_log_all_lost(struct tcp_log *l, bool forget_sacks, uint32_t now_us, uint32_t spare_us);
void tcp_log_lose_first(struct tcp_log *l, struct mem_account *mem, uint32_t bytes);
bool tcp_log_lose_hole(struct tcp_log *l, struct mem_account *mem, uint32_t bytes); /* false: there is none */
void tcp_log_find_all(struct tcp_log *l); /* nothing was lost after all */

/* The next that waits; cut to max bytes. NULL: none. */
struct tcp_sent *tcp_log_next_lost(struct tcp_log *l, struct mem_account *mem, uint32_t max);
/* The last segment, whatever is thought of it. */
struct tcp_sent *tcp_log_tail(struct tcp_log *l, struct mem_account *mem);
/* probe: nobody says that what was sent before is lost. */
void tcp_log_sent_again(struct tcp_log *l, struct tcp_sent *t, bool probe, uint64_t now_us);

#endif
