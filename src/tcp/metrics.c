/* SPDX-License-Identifier: BSD-2-Clause */
/* What a route says of its connections (ip route ... advmss, initcwnd, initrwnd, window, rto_min, quickack). It is asked when a connection
 * is called, and once more when a request becomes one, for what it needs for life; only a connection of such a route has room for it. */
#include <linux/rtnetlink.h>

#include "net/fib.h"
#include "tcp/tcp_internal.h"

enum { SEGMENTS_MAX = UINT16_MAX, RTO_MIN_MOST_MS = TCP_RTO_MAX_US / 1000 };

void tcp_read_metrics(const struct fib_nh *nh, struct tcp_metrics *ret)
{
	const uint32_t *m = nh->metric;
	bool rto_min = m[RTAX_LOCK] & 1U << RTAX_RTO_MIN; /* Linux: else it is only remembered */
	*ret = (struct tcp_metrics){
		.advmss = (uint16_t)MIN(m[RTAX_ADVMSS], (uint32_t)UINT16_MAX),
		.window = m[RTAX_WINDOW],
		.initcwnd = (uint16_t)MIN(m[RTAX_INITCWND], (uint32_t)SEGMENTS_MAX),
		.initrwnd = (uint16_t)MIN(m[RTAX_INITRWND], (uint32_t)SEGMENTS_MAX),
		.rto_min_us = rto_min ? 1000 * MIN(m[RTAX_RTO_MIN], (uint32_t)RTO_MIN_MOST_MS) : 0,
		.quickack = m[RTAX_QUICKACK] != 0,
	};
}

bool tcp_are_for_life(const struct tcp_metrics *m)
{
	return m->window || m->initcwnd || m->rto_min_us || m->quickack || m->advmss;
}

/* Without memory they are not heeded, as where there are none. */
void tcp_take_metrics(struct tcp_conn *c, const struct tcp_metrics *m)
{
	struct tcp_rare *r;
	c->quickack = m->quickack;
	if (!m->initcwnd && !m->rto_min_us && !m->window && !m->advmss)
		return;
	r = tcp_rare(c->w, c);
	if (!r)
		return;
	r->initcwnd = m->initcwnd;
	r->advmss = m->advmss;
	r->rto_min_us = m->rto_min_us;
	if (!r->opts.window_clamp)
		r->window = m->window;
}

void tcp_ask_metrics(struct tcp_conn *c)
{
	const struct tcp_ip ip = { .out_if = c->h.out_if, .mark = c->mark, .uid = c->uid, .tos = c->tos };
	struct tcp_path path;
	if (!tcp_path_find(c->w, &c->h.key, &ip, &path))
		tcp_take_metrics(c, &path.metrics);
}

uint32_t tcp_initial_window(const struct tcp_conn *c)
{
	uint32_t segs = c->rare ? c->rare->initcwnd : 0;
	return segs ? segs * c->mss : cc_initial_window(c->mss);
}
