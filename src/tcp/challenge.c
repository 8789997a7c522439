/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what a stranger may have sent is answered by an ACK that says where we are (RFC 5961): a peer who really
 * means it answers in a way that no stranger can. Two bounds hold: per connection one such answer in half a second, so that two
 * ends do not answer each other for ever, and, if net.ipv4.tcp_challenge_ack_limit says so, so many in a second over all (RFC 5961, 7). That
 * second bound can be counted from outside, which tells of other connections, so it is off, and random by half where it is on (as Linux
 * does since CVE-2016-5696). Each worker has its share of it. */
#include "tcp/tcp_internal.h"

static bool is_soon(struct worker *w, uint64_t *last_us)
{
	uint64_t now = w->lc->now_us, gap_us = racy_get(tcp_stack(w->st)->conf.invalid_ms) * 1000ULL;
	if (*last_us && now - *last_us < gap_us)
		return true;
	*last_us = now;
	return false;
}

/* Data is no answer to an answer. */
bool tcp_is_too_often(struct worker *w, const struct tcp_seg *s, uint64_t *last_us, enum tcp_count n)
{
	bool data = s->seq != s->end && !(s->flags & TCP_F_SYN);
	if (data || !is_soon(w, last_us))
		return false;
	tcp_count(w, n);
	return true;
}

static bool worker_has_one(struct worker *w)
{
	struct tcp_worker *tw = tcp_worker(w);
	uint32_t most = racy_get(tcp_stack(w->st)->conf.challenge_limit);
	if (most == INT32_MAX)
		return true;
	most = MAX(most / w->st->n_workers, most ? 1U : 0U);
	if (w->lc->now_us >= tw->challenges_until_us) {
		uint32_t half = (most + 1) / 2;
		tw->challenges_until_us = w->lc->now_us + 1000000;
		tw->challenges_left = most ? half + (uint32_t)(rt_random_u64(w->st->rt) % most) : 0;
	}
	if (!tw->challenges_left)
		return false;
	tw->challenges_left--;
	return true;
}

void tcp_challenge(struct tcp_conn *c)
{
	if (is_soon(c->w, &c->refused_us)) {
		tcp_count(c->w, TCP_N_SKIPPED_CHALLENGE);
		return;
	}
	if (!worker_has_one(c->w))
		return;
	tcp_count(c->w, TCP_N_CHALLENGE_ACK);
	tcp_send_ack(c);
}
