/* SPDX-License-Identifier: BSD-2-Clause */
/* Congestion control as a table of operations. A transport has a struct cc in each connection, counts bytes into it, and sends no
 * more than cwnd; when data was lost, what is in flight and what is sent again is the transport's business (RFC 6675), what the
 * window becomes is said here. Pure functions of their arguments: no clock, no memory. */
#ifndef LEAT_CC_CC_H
#define LEAT_CC_CC_H

#include "base/base.h"

enum { CC_NAME_MAX = 16, CC_PRIVATE = 4, CC_INITIAL_SEGMENTS = 10 /* RFC 6928 */ };

struct cc_ops;

struct cc {
	const struct cc_ops *ops;
	uint32_t mss;
	uint32_t cwnd, ssthresh; /* bytes; ssthresh UINT32_MAX: no loss yet */
	uint32_t acked; /* bytes, towards the next segment of growth */
	uint64_t priv[CC_PRIVATE]; /* the algorithm's */
};

/* What came to be acknowledged while the window was made use of. */
struct cc_ack {
	uint32_t bytes;
	uint64_t now_us;
	uint32_t srtt_us;
};

struct cc_ops {
	const char *name; /* as on Linux */
	void (*init)(struct cc *c);
	/* In congestion avoidance; slow start is the same for all (cc_acked()). */
	void (*avoid)(struct cc *c, const struct cc_ack *a);
	/* Data was lost: what ssthresh becomes. */
	uint32_t (*ssthresh)(struct cc *c);
	/* Nothing was sent for longer than the retransmission timeout, or the timeout struck: what it measured is of the past. May be
	 * NULL. */
	void (*restart)(struct cc *c);
};

extern const struct cc_ops cc_reno, cc_cubic;

/* By its name; NULL: there is none. */
const struct cc_ops *cc_find(const char *name);

/* With a fresh window for segments of mss bytes. */
void cc_init(struct cc *c, const struct cc_ops *ops, uint32_t mss);
/* Another algorithm takes over the window as it is. */
void cc_change(struct cc *c, const struct cc_ops *ops);
void cc_acked(struct cc *c, const struct cc_ack *a);
/* One segment more for each segment's worth of bytes counted, as often as `per` bytes have been acknowledged. */
void cc_grow(struct cc *c, uint32_t bytes, uint32_t per);

/* RFC 5681, 3.1: IW, by RFC 6928. */
static inline uint32_t cc_initial_window(uint32_t mss)
{
	return CC_INITIAL_SEGMENTS * mss;
}

#endif
