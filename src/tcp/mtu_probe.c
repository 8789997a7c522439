/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: how large a packet the path takes, found out by sending one (RFC 4821), where ICMP does not tell. The search keeps
 * two bounds, what has passed and what is not worth trying. New data leaves once as a segment of the size between them, with enough
 * behind it that its loss alone shows; it is acknowledged, and is the lower bound then, or it alone is lost, and no sign of
 * congestion: the upper bound comes down, and its bytes leave as ordinary segments. The search is over when the bounds are
 * tcp_probe_threshold apart, and begins anew after tcp_probe_interval.
 *
 * tcp_mtu_probing 2: every connection searches. 1: those in a black hole, which is where data was sent again for longer than tcp_retries1
 * timeouts take: segments become tcp_base_mss, with the next timeouts half of it and so on, and the search goes up from there.
 *
 * Linux: who calls begins with tcp_base_mss under 2, who is called with what his route says (tcp_mtup_init()). Not here: searching
 * downwards below what the route says without a timeout. */
#include "tcp/recover.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { CWND_LEAST = 11, PROBING_ALL = 2 };

static const struct tcp_conf *conf_of(const struct tcp_conn *c)
{
	return &tcp_stack(c->w->st)->conf;
}

/* Headers with the options of every segment. */
static uint32_t header_len(const struct tcp_conn *c)
{
	uint32_t ip = tcp_is6(&c->h.key) ? sizeof(struct ip6_hdr) : sizeof(struct ip4_hdr);
	return ip + (uint32_t)sizeof(struct tcp_hdr) + (c->ts_ok ? TCP_STAMP_BYTES : 0);
}

static uint16_t mtu_of(const struct tcp_conn *c, uint32_t mss)
{
	return (uint16_t)MIN(mss + header_len(c), (uint32_t)UINT16_MAX);
}

static uint32_t mss_of(const struct tcp_conn *c, uint32_t mtu)
{
	return mtu > header_len(c) ? mtu - header_len(c) : 0;
}

/* As its route says now; it may have changed since the connection began. */
static uint16_t path_mtu(const struct tcp_conn *c)
{
	const struct tcp_ip ip = { .out_if = c->h.out_if, .mark = c->mark, .uid = c->uid, .tos = c->tos };
	struct tcp_path path;
	if (tcp_path_find(c->w, &c->h.key, &ip, &path))
		return c->pmtu;
	return (uint16_t)MIN(path.mtu, (uint32_t)UINT16_MAX);
}

static void set_bounds(struct tcp_conn *c, struct tcp_rare *r, uint32_t low_mss)
{
	uint32_t peer = c->peer_mss + header_len(c) - (c->ts_ok ? TCP_STAMP_BYTES : 0);
	r->mtu_low = mtu_of(c, low_mss);
	r->mtu_high = (uint16_t)MIN(peer, (uint32_t)UINT16_MAX);
	r->mtu_probe = 0;
	r->searched_us = c->w->lc->now_us;
}

static struct tcp_rare *enable(struct tcp_conn *c)
{
	struct tcp_rare *r = tcp_rare(c->w, c);
	if (!r)
		return NULL;
	set_bounds(c, r, racy_get(conf_of(c)->base_mss));
	c->mtu_search = true;
	return r;
}

/* What has passed bounds segments from now on. */
static void bound(struct tcp_conn *c)
{
	c->rare->mtu_bound = true;
	tcp_set_mss(c);
}

void tcp_mtu_begin(struct tcp_conn *c, bool called)
{
	if (racy_get(conf_of(c)->mtu_probing) < PROBING_ALL || !c->df || !enable(c))
		return;
	if (!called)
		bound(c);
}

/* --- a probe --- */

static bool may_probe(const struct tcp_conn *c, const struct tcp_rare *r)
{
	return !r->mtu_probe && c->repair == TCP_OPEN && c->cc.cwnd >= CWND_LEAST * (uint32_t)c->mss &&
	       !c->ofo && !c->dsack_due && !c->records && !r->urgent_out;
}

/* Linux: tcp_mtu_check_reprobe() */
static void search_anew(struct tcp_conn *c, struct tcp_rare *r)
{
	uint64_t interval_us = racy_get(conf_of(c)->probe_interval_s) * 1000000ULL;
	if (c->w->lc->now_us - r->searched_us >= interval_us)
		set_bounds(c, r, c->mss);
}

static bool is_narrow(const struct tcp_conn *c, const struct tcp_rare *r)
{
	uint32_t threshold = racy_get(conf_of(c)->probe_threshold);
	return r->mtu_high < r->mtu_low || (uint32_t)r->mtu_high - r->mtu_low < threshold;
}

static bool has_enough(const struct tcp_conn *c, uint32_t size, uint32_t *ret_needed)
{
	*ret_needed = size + (c->m->reordering + 1U) * c->mss;
	return c->snd_end - c->snd_nxt >= *ret_needed && c->snd_wnd >= *ret_needed;
}

/* Linux: tcp_mtu_probe() */
enum tcp_probed tcp_mtu_try(struct tcp_conn *c)
{
	struct tcp_rare *r = c->rare;
	uint32_t needed, used = c->snd_nxt - c->snd_una;
	if (!may_probe(c, r) || !has_enough(c, c->mss, &needed))
		return TCP_PROBED_NOT;
	if (!is_narrow(c, r))
		r->mtu_high = MIN(r->mtu_high, path_mtu(c));
	if (is_narrow(c, r)) {
		search_anew(c, r);
		return TCP_PROBED_NOT;
	}
	uint32_t mtu = ((uint32_t)r->mtu_low + r->mtu_high) / 2, size = mss_of(c, mtu);
	if (size <= c->mss || !has_enough(c, size, &needed))
		return TCP_PROBED_NOT;
	if (c->snd_wnd - MIN(used, c->snd_wnd) < needed)
		return TCP_PROBED_WAITS;
	if (tcp_in_flight(c) + size > c->cc.cwnd)
		return tcp_in_flight(c) ? TCP_PROBED_WAITS : TCP_PROBED_NOT;
	r->probe_start = c->snd_nxt;
	if (!tcp_send_whole(c, size))
		return TCP_PROBED_NOT;
	r->probe_end = c->snd_nxt;
	r->mtu_probe = (uint16_t)mtu;
	return TCP_PROBED;
}

void tcp_mtu_acked(struct tcp_conn *c)
{
	struct tcp_rare *r = c->rare;
	if (!r->mtu_probe || seq_lt(c->snd_una, r->probe_end))
		return;
	r->mtu_low = r->mtu_probe;
	r->mtu_probe = 0;
	c->pmtu = path_mtu(c);
	tcp_count(c->w, TCP_N_MTU_PROBE_PASSED);
	bound(c);
}

/* Only its bytes are sent again, by the window there is (Linux: tcp_simple_retransmit()). */
bool tcp_mtu_failed(struct tcp_conn *c)
{
	struct tcp_rare *r = c->rare;
	struct tcp_motion *m = c->m;
	if (!r->mtu_probe || c->snd_una != r->probe_start || c->repair >= TCP_CWR)
		return false;
	r->mtu_high = (uint16_t)(r->mtu_probe - 1);
	r->mtu_probe = 0;
	tcp_count(c->w, TCP_N_MTU_PROBE_LOST);
	m->recover = c->snd_nxt;
	m->undoable = m->frto = false;
	m->prior_ssthresh = 0;
	c->repair = TCP_LOSS;
	return true;
}

/* --- what else happens --- */

/* Linux: tcp_mtu_probing() */
void tcp_mtu_black_hole(struct tcp_conn *c)
{
	const struct tcp_conf *f = conf_of(c);
	struct tcp_rare *r = c->rare;
	if (!racy_get(f->mtu_probing) || !c->df)
		return;
	if (c->mtu_search && r->mtu_bound) {
		uint32_t mss = MIN(mss_of(c, r->mtu_low) / 2, racy_get(f->base_mss));
		mss = MAX(mss, racy_get(f->mtu_probe_floor));
		r->mtu_low = mtu_of(c, MAX(mss, racy_get(f->min_snd_mss)));
	} else if (!c->mtu_search && !enable(c)) {
		return;
	}
	bound(c);
}

void tcp_mtu_is_unclear(struct tcp_conn *c)
{
	c->rare->mtu_probe = 0;
}

void tcp_mtu_heard(struct tcp_conn *c)
{
	c->rare->mtu_high = MIN(c->rare->mtu_high, c->pmtu);
}
