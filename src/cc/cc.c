/* SPDX-License-Identifier: BSD-2-Clause */
/* What all algorithms share: slow start (RFC 5681, 3.1), counted in bytes (RFC 3465, but without its limit, as Linux). */
#include "cc/cc.h"

#include <string.h>

static const struct cc_ops *const all[] = { &cc_reno, &cc_cubic };

const struct cc_ops *cc_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

void cc_init(struct cc *c, const struct cc_ops *ops, uint32_t mss)
{
	*c = (struct cc){ .ops = ops, .mss = mss, .cwnd = cc_initial_window(mss), .ssthresh = UINT32_MAX };
	if (ops->init)
		ops->init(c);
}

void cc_change(struct cc *c, const struct cc_ops *ops)
{
	memset(c->priv, 0, sizeof c->priv);
	c->ops = ops;
	c->acked = 0;
	if (ops->init)
		ops->init(c);
}

void cc_grow(struct cc *c, uint32_t bytes, uint32_t per)
{
	c->acked += bytes;
	if (c->acked < per)
		return;
	uint32_t times = c->acked / per;
	c->acked -= times * per;
	c->cwnd += MIN(times * c->mss, UINT32_MAX - c->cwnd);
}

void cc_acked(struct cc *c, const struct cc_ack *a)
{
	struct cc_ack rest = *a;
	if (c->cwnd < c->ssthresh) {
		uint32_t n = MIN(a->bytes, c->ssthresh - c->cwnd);
		c->cwnd += MIN(n, UINT32_MAX - c->cwnd);
		rest.bytes -= n;
	}
	if (rest.bytes)
		c->ops->avoid(c, &rest);
}
