/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP_INFO: what a connection is doing, in Linux's structure. Sums, and how long it was held back and by what, are of its motion, and
 * forgotten when it rests (TCP_TIDY_US): one that sleeps has no room for them. Linux keeps them for life. */
#include <linux/tcp.h>

#include "tcp/recover.h"

/* --- what holds it back (Linux: tcp_chrono) --- */

static enum tcp_held held_by(const struct tcp_conn *c)
{
	uint32_t under_way = c->snd_nxt - c->snd_una, unsent = c->snd_end - c->snd_nxt;
	if (c->fin_sent || seq_lt(c->snd_end, c->snd_nxt))
		unsent = 0;
	if (!under_way && !unsent)
		return TCP_HELD_NOT;
	bool cwnd_full = c->m && tcp_in_flight(c) >= c->cc.cwnd; /* Linux: it is asked first */
	if (unsent && !cwnd_full && c->snd_wnd < under_way + MIN(unsent, (uint32_t)c->mss))
		return TCP_HELD_WINDOW;
	return c->send_blocked && !unsent && !c->cwnd_limited ? TCP_HELD_BUFFER : TCP_HELD_BUSY;
}

void tcp_note_held(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	enum tcp_held by = held_by(c);
	if (likely(by == m->held))
		return;
	uint64_t now = c->w->lc->now_us;
	m->held_us[m->held] += now - m->held_since_us;
	m->held_since_us = now;
	m->held = (uint8_t)by;
}

static uint64_t held_us(const struct tcp_conn *c, enum tcp_held by)
{
	const struct tcp_motion *m = c->m;
	return m->held_us[by] + (m->held == by ? c->w->lc->now_us - m->held_since_us : 0);
}

/* --- all of it --- */

static void fill_held(const struct tcp_conn *c, struct tcp_info *i)
{
	i->tcpi_rwnd_limited = held_us(c, TCP_HELD_WINDOW);
	i->tcpi_sndbuf_limited = held_us(c, TCP_HELD_BUFFER);
	i->tcpi_busy_time = held_us(c, TCP_HELD_BUSY) + i->tcpi_rwnd_limited + i->tcpi_sndbuf_limited;
}

/* Of what is measured while data moves. Linux: no limit and no measurement are all ones. */
static void fill_rates(const struct tcp_conn *c, struct tcp_info *i)
{
	uint64_t most = c->rare ? c->rare->opts.max_pacing : 0;
	i->tcpi_max_pacing_rate = most ? most : UINT64_MAX;
	i->tcpi_pacing_rate = c->m ? c->m->pace_rate : i->tcpi_max_pacing_rate;
	i->tcpi_min_rtt = tcp_min_rtt(c);
	if (!c->m)
		return;
	i->tcpi_delivery_rate = cc_rate_bytes_per_s(&c->m->rate);
	i->tcpi_delivery_rate_app_limited = c->m->rate.best_app_limited & 1;
}

static void fill_motion(const struct tcp_conn *c, struct tcp_info *i)
{
	const struct tcp_motion *m = c->m;
	i->tcpi_retransmits = m->timeouts;
	i->tcpi_unacked = tcp_log_segments(&m->log, 0);
	i->tcpi_sacked = m->log.n_sacked;
	i->tcpi_lost = tcp_log_segments(&m->log, TCP_SENT_LOST);
	i->tcpi_retrans = tcp_log_segments(&m->log, TCP_SENT_AGAIN);
	i->tcpi_reordering = m->reordering;
	i->tcpi_reord_seen = m->times_reordered;
	i->tcpi_dsack_dups = m->dsacks;
	i->tcpi_rcv_ooopack = m->early;
	i->tcpi_rcv_rtt = m->rcv_rtt_us8 / 8;
	i->tcpi_rcv_space = m->read_space;
	i->tcpi_delivered_ce = m->delivered_ce;
}

static void fill_sums(const struct tcp_conn *c, struct tcp_info *i)
{
	const struct tcp_motion *m = c->m;
	i->tcpi_bytes_acked = m->bytes_acked;
	i->tcpi_bytes_received = m->bytes_received;
	i->tcpi_bytes_retrans = m->bytes_again;
	i->tcpi_bytes_sent = m->bytes_acked + (c->snd_nxt - c->snd_una) + m->bytes_again;
	i->tcpi_segs_in = m->segs_in;
	i->tcpi_segs_out = m->segs_out;
	i->tcpi_data_segs_in = m->data_in;
	i->tcpi_data_segs_out = m->data_out;
	i->tcpi_total_retrans = m->sent_again;
	i->tcpi_delivered += m->delivered; /* Linux: the SYN is delivered, too */
}

static void fill_window(const struct tcp_conn *c, struct tcp_info *i)
{
	i->tcpi_snd_ssthresh = c->cc.ssthresh == UINT32_MAX ? INT32_MAX : c->cc.ssthresh / c->mss;
	i->tcpi_snd_cwnd = c->cc.cwnd / c->mss;
	i->tcpi_snd_wnd = c->snd_wnd;
	i->tcpi_rcv_ssthresh = c->rcv_ssthresh;
	i->tcpi_notsent_bytes = seq_lt(c->snd_nxt, c->snd_end) ? c->snd_end - c->snd_nxt : 0;
	i->tcpi_advmss = tcp_adv_mss(c);
	if (c->rare && c->rare->opts.mss && c->rare->opts.mss < i->tcpi_advmss)
		i->tcpi_advmss = c->rare->opts.mss;
}

static void fill_times(const struct tcp_conn *c, struct tcp_info *i)
{
	uint64_t now = c->w->lc->now_us, sent = c->in_accept ? c->heard_us : c->last_sent_us;
	i->tcpi_last_data_sent = (uint32_t)((now - sent) / 1000);
	i->tcpi_last_data_recv = (uint32_t)((now - c->last_data_us) / 1000);
	i->tcpi_last_ack_recv = (uint32_t)((now - c->heard_us) / 1000);
	i->tcpi_rto = (uint32_t)tcp_rto_us(c);
	i->tcpi_ato = c->ato_us;
	i->tcpi_rtt = c->srtt_us;
	i->tcpi_rttvar = c->rttvar_us;
}

void tcp_fill_info(const struct tcp_conn *c, struct tcp_info *i)
{
	i->tcpi_ca_state = c->repair; /* Linux: the same numbers */
	i->tcpi_retransmits = i->tcpi_backoff = c->backoff;
	i->tcpi_probes = c->probes;
	i->tcpi_options =
		(uint8_t)((c->ts_ok ? TCPI_OPT_TIMESTAMPS : 0) | (c->sack_ok ? TCPI_OPT_SACK : 0) |
			  (c->wscale_ok ? TCPI_OPT_WSCALE : 0) | (c->ecn_ok ? TCPI_OPT_ECN : 0) |
			  (c->ecn_seen ? TCPI_OPT_ECN_SEEN : 0) | (c->fast_acked ? TCPI_OPT_SYN_DATA : 0));
	i->tcpi_fastopen_client_fail = c->fast_fail & 3;
	i->tcpi_snd_wscale = c->snd_wscale & 15;
	i->tcpi_rcv_wscale = c->rcv_wscale & 15;
	i->tcpi_snd_mss = c->mss;
	i->tcpi_rcv_mss = c->rcv_mss;
	i->tcpi_pmtu = c->pmtu;
	i->tcpi_reordering = racy_get(tcp_stack(c->w->st)->conf.reordering);
	fill_window(c, i);
	fill_times(c, i);
	fill_rates(c, i);
	i->tcpi_delivered = !c->fast && c->h.state != TCP_SYN_SENT && c->h.state != TCP_SYN_RECV;
	if (!c->m)
		return;
	fill_motion(c, i);
	fill_sums(c, i);
	fill_held(c, i);
}
