/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: DCTCP (RFC 8257). Switches mark packets as soon as a short queue has formed; the receiver tells exactly which were
 * marked (CC_EXACT_ECE), so the sender knows how much of a window was, and gives up so much of it:
 *
 *	alpha = (1 - g) * alpha + g * marked / acknowledged, for each window, g = 1/16		(3.3)
 *	cwnd = cwnd * (1 - alpha / 2), once for a window with a mark in it				(3.3, 9)
 *
 * It grows like Reno, and a loss halves the window like Reno's (3.5). Where the peer does no ECN nothing is marked, so it is Reno. */
#include "cc/cc.h"

enum { ALPHA_SHIFT = 10, ALPHA_ONE = 1 << ALPHA_SHIFT, G_SHIFT = 4 };

struct dctcp {
	uint32_t window_end; /* DCTCP.WindowEnd */
	uint32_t acked, marked; /* DCTCP.BytesAcked, .BytesMarked */
	uint16_t alpha; /* of ALPHA_ONE */
	bool begun;
};
static_assert(sizeof(struct dctcp) <= sizeof(((struct cc *)0)->priv), "an algorithm's room");

static struct dctcp *dctcp_of(struct cc *c)
{
	return (struct dctcp *)c->priv;
}

/* 4.2: one that knows nothing yet is careful. */
static void init(struct cc *c)
{
	*dctcp_of(c) = (struct dctcp){ .alpha = ALPHA_ONE };
}

/* 3.3, 5 to 8 */
static void window_over(struct dctcp *d, const struct cc_ack *a)
{
	uint32_t less = MAX(d->alpha >> G_SHIFT, d->alpha ? 1 : 0), alpha = d->alpha - less;
	if (d->marked)
		alpha += (uint32_t)(((uint64_t)d->marked << (ALPHA_SHIFT - G_SHIFT)) / MAX(d->acked, 1U));
	d->alpha = (uint16_t)MIN(alpha, (uint32_t)ALPHA_ONE);
	d->window_end = a->nxt;
	d->acked = d->marked = 0;
}

static void acked(struct cc *c, const struct cc_ack *a)
{
	struct dctcp *d = dctcp_of(c);
	if (!d->begun) {
		d->begun = true;
		d->window_end = a->nxt;
	}
	d->acked += a->bytes;
	if (a->ece)
		d->marked += a->bytes;
	if (cc_reached(a->una, d->window_end))
		window_over(d, a);
}

static void avoid(struct cc *c, const struct cc_ack *a)
{
	cc_grow(c, a->bytes, c->cwnd);
}

static uint32_t ssthresh(struct cc *c, enum cc_why why)
{
	if (why != CC_ECE)
		return c->cwnd / 2;
	return c->cwnd - (uint32_t)((uint64_t)c->cwnd * dctcp_of(c)->alpha >> (ALPHA_SHIFT + 1));
}

const struct cc_ops cc_dctcp = {
	.name = "dctcp",
	.flags = CC_NEEDS_ECN | CC_EXACT_ECE,
	.init = init,
	.acked = acked,
	.avoid = avoid,
	.ssthresh = ssthresh,
};
