/* SPDX-License-Identifier: BSD-2-Clause */
/* Congestion control as a table of operations. A transport has a struct cc in each connection, tells it what every acknowledgment
 * delivered, and sends no more than cwnd; when data was lost, what is in flight and what is sent again is the transport's business
 * (RFC 6675), what the window becomes is said here. Functions of their arguments: no clock, no memory.
 *
 * What an algorithm remembers lies in the connection when it is small. What is large (bbr) lies in an area that the transport lends
 * while data is under way (cc_lend()) and takes back when the connection has been idle for long; what was measured before is of
 * the past then. Without its area such an algorithm leaves the window as it is. */
#ifndef LEAT_CC_CC_H
#define LEAT_CC_CC_H

#include "base/base.h"
#include "cc/rate.h"

enum { CC_NAME_MAX = 16, CC_PRIVATE = 5, CC_LARGE_BYTES = 208, CC_INITIAL_SEGMENTS = 10 /* RFC 6928 */ };

struct cc_ops;

struct cc {
	const struct cc_ops *ops;
	uint32_t mss;
	uint32_t cwnd, ssthresh; /* bytes; ssthresh UINT32_MAX: no loss yet */
	uint32_t acked; /* bytes, towards the next segment of growth */
	union {
		uint64_t priv[CC_PRIVATE]; /* the algorithm's */
		void *large; /* of one with .large_bytes; NULL: not lent */
	};
};

/* What ends the first slow start of algorithms that do not wait for a loss: Linux's hybrid slow start (hybrid.h), by bits, or the
 * whole of RFC 9406. */
enum cc_start_by { CC_START_TRAIN = 1, CC_START_DELAY = 2, CC_START_PLUS = 4 };
struct cc_start {
	uint32_t low_window, ack_delta_us; /* segments; of one train */
	uint8_t detect;
};

/* What an acknowledgment said. Every one that delivers something is told, whatever state the transport is in. */
struct cc_ack {
	uint32_t bytes; /* newly delivered */
	uint32_t una, nxt; /* serial numbers: acknowledged up to, sent up to. They tell round trips apart */
	uint32_t rtt_us; /* measured by it; 0: not */
	uint32_t srtt_us;
	uint64_t now_us;
	bool recovering; /* the transport repairs what a timeout took for lost */
	bool limited; /* the window kept data from leaving */
	bool grows; /* the window was made use of, and nothing is being repaired */
	bool ece; /* the receiver says that what it acknowledges was marked (RFC 3168) */
	bool paced; /* what it acknowledges left in pace */
	uint64_t pace_rate; /* bytes in a second, of a large packet, whether paced or not; 0: not known */
	const struct cc_start *start; /* NULL: as RFC 9406 says */
	const struct cc_sample *rate; /* NULL: not kept for this connection */
};

enum cc_why { CC_LOSS, CC_TIMEOUT, CC_ECE };

enum cc_flags {
	CC_NEEDS_ECN = 1 << 0, /* ECN is asked for whatever the settings say */
	CC_EXACT_ECE = 1 << 1, /* as a receiver: ECE tells of each segment (RFC 8257, 3.2), not until CWR */
	CC_PACES = 1 << 2, /* it needs pacing, and says at which rate */
	CC_OWNS_WINDOW = 1 << 3, /* .control says what the window is while things are repaired, too: no PRR */
};

struct cc_ops {
	const char *name; /* as on Linux */
	uint8_t flags;
	uint8_t large_bytes; /* 0: priv is enough */
	void (*init)(struct cc *c);
	/* In congestion avoidance. Of one without CC_OWNS_WINDOW. */
	void (*avoid)(struct cc *c, const struct cc_ack *a);
	/* In slow start, instead of what is the same for most. Returns the bytes that are left for avoid(). May be NULL. */
	uint32_t (*slow_start)(struct cc *c, const struct cc_ack *a);
	/* Every acknowledgment, before the window grows. May be NULL. */
	void (*acked)(struct cc *c, const struct cc_ack *a);
	/* Instead of all growth and shrinking: CC_OWNS_WINDOW. */
	void (*control)(struct cc *c, const struct cc_ack *a);
	/* Data was lost or marked: what ssthresh becomes. */
	uint32_t (*ssthresh)(struct cc *c, enum cc_why why);
	/* It was not lost after all. cwnd and ssthresh are restored already. May be NULL. */
	void (*undo)(struct cc *c);
	/* Nothing was sent for longer than the retransmission timeout, or the timeout struck: what it measured is of the past. May be
	 * NULL. */
	void (*restart)(struct cc *c);
	/* Data leaves where none was under way for idle_us. May be NULL. */
	void (*resume)(struct cc *c, uint64_t now_us, uint64_t idle_us);
	/* Bytes in a second; 0: it does not know. CC_PACES. */
	uint64_t (*pacing)(const struct cc *c);
};

extern const struct cc_ops cc_reno, cc_cubic, cc_bic, cc_dctcp, cc_bbr;

/* By its name, by its number (from 0; stable); NULL: there is none. */
const struct cc_ops *cc_find(const char *name);
const struct cc_ops *cc_get(unsigned number);
unsigned cc_number(const struct cc_ops *ops);
const char *cc_name(unsigned number);
enum { CC_ALGORITHMS = 5 }; /* numbers below */

/* With a fresh window for segments of mss bytes. */
void cc_init(struct cc *c, const struct cc_ops *ops, uint32_t mss);
/* Another algorithm takes over the window as it is; `large`: CC_LARGE_BYTES, or NULL. */
void cc_change(struct cc *c, const struct cc_ops *ops, void *large);
/* The area for a large one, taken back with NULL. It begins anew then. */
void cc_lend(struct cc *c, void *large);

void cc_acked(struct cc *c, const struct cc_ack *a);
/* ssthresh after a loss. */
uint32_t cc_reduced(struct cc *c, enum cc_why why);
/* The loss was none: back to what there was before, or where it has come since. */
void cc_undo(struct cc *c, uint32_t prior_cwnd, uint32_t prior_ssthresh);

/* --- for algorithms --- */

/* One segment more for each segment's worth of bytes counted, as often as `per` bytes have been acknowledged. */
void cc_grow(struct cc *c, uint32_t bytes, uint32_t per);
/* Twice the window in a round trip; returns what is left when ssthresh is reached. */
uint32_t cc_slow_start(struct cc *c, uint32_t bytes);
static inline void cc_widen(struct cc *c, uint32_t bytes)
{
	c->cwnd += MIN(bytes, UINT32_MAX - c->cwnd);
}
/* Serial numbers: a is at or behind b. */
static inline bool cc_reached(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

/* RFC 5681, 3.1: IW, by RFC 6928. */
static inline uint32_t cc_initial_window(uint32_t mss)
{
	return CC_INITIAL_SEGMENTS * mss;
}

#endif
