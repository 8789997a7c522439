/* SPDX-License-Identifier: BSD-2-Clause */
/* What all algorithms share: slow start (RFC 5681, 3.1), counted in bytes (RFC 3465, but without its limit, as Linux: one ACK may be for
 * a whole large segment), names, and taking back. */
#include "cc/cc.h"

#include <string.h>

/* In this order settings are kept: what is new goes to the end. */
static const struct cc_ops *const all[] = { &cc_reno, &cc_cubic, &cc_bic, &cc_dctcp, &cc_bbr };

static_assert(ARRAY_SIZE(all) == CC_ALGORITHMS, "settings name them all");

const struct cc_ops *cc_get(unsigned number)
{
	return number < ARRAY_SIZE(all) ? all[number] : NULL;
}

const struct cc_ops *cc_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

unsigned cc_number(const struct cc_ops *ops)
{
	unsigned i = 0;
	while (i < ARRAY_SIZE(all) - 1 && all[i] != ops)
		i++;
	return i;
}

const char *cc_name(unsigned number)
{
	return number < ARRAY_SIZE(all) ? all[number]->name : NULL;
}

/* --- its life --- */

static void begin(struct cc *c)
{
	if (c->ops->init && (!c->ops->large_bytes || c->large))
		c->ops->init(c);
}

void cc_init(struct cc *c, const struct cc_ops *ops, uint32_t mss)
{
	*c = (struct cc){ .ops = ops, .mss = mss, .cwnd = cc_initial_window(mss), .ssthresh = UINT32_MAX };
	begin(c);
}

void cc_change(struct cc *c, const struct cc_ops *ops, void *large)
{
	memset(c->priv, 0, sizeof c->priv);
	c->ops = ops;
	c->acked = 0;
	if (ops->large_bytes)
		c->large = large;
	begin(c);
}

void cc_lend(struct cc *c, void *large)
{
	if (!c->ops->large_bytes || c->large == large)
		return;
	c->large = large;
	if (large)
		begin(c);
}

/* --- growing --- */

/* RFC 5681, 3.1; RFC 3465. Linux: what was counted while the window was larger is worth one segment, no more. */
void cc_grow(struct cc *c, uint32_t bytes, uint32_t per)
{
	if (c->acked >= per) {
		c->acked = 0;
		cc_widen(c, c->mss);
	}
	c->acked += bytes;
	if (c->acked < per)
		return;
	uint32_t times = c->acked / per;
	c->acked -= times * per;
	cc_widen(c, times * c->mss);
}

uint32_t cc_slow_start(struct cc *c, uint32_t bytes)
{
	uint32_t n = MIN(bytes, c->ssthresh - c->cwnd);
	cc_widen(c, n);
	return bytes - n;
}

static uint32_t slow_start(struct cc *c, const struct cc_ack *a)
{
	if (c->cwnd >= c->ssthresh)
		return a->bytes;
	return c->ops->slow_start ? c->ops->slow_start(c, a) : cc_slow_start(c, a->bytes);
}

void cc_acked(struct cc *c, const struct cc_ack *a)
{
	if (c->ops->control) {
		if (c->large)
			c->ops->control(c, a);
		return;
	}
	if (c->ops->acked)
		c->ops->acked(c, a);
	if (!a->grows)
		return;
	struct cc_ack rest = *a;
	rest.bytes = slow_start(c, a);
	if (rest.bytes)
		c->ops->avoid(c, &rest);
}

/* --- shrinking --- */

uint32_t cc_reduced(struct cc *c, enum cc_why why)
{
	return MAX(c->ops->ssthresh(c, why), 2 * c->mss); /* RFC 5681, eqn. 4 */
}

void cc_undo(struct cc *c, uint32_t prior_cwnd, uint32_t prior_ssthresh)
{
	c->cwnd = MAX(c->cwnd, prior_cwnd);
	c->ssthresh = MAX(c->ssthresh, prior_ssthresh);
	if (c->ops->undo && (!c->ops->large_bytes || c->large))
		c->ops->undo(c);
}
