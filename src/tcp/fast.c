/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: Fast Open (RFC 7413) of who calls. The first open to a host asks for a cookie in its SYN, which comes with the
 * answer and is remembered (host.c) with the MSS. The next one sends the cookie and as much data as such a segment may hold: the
 * call that opens is the call that writes, sendto(MSG_FASTOPEN); or connect() does nothing but choose names (TCP_FASTOPEN_CONNECT,
 * the bit `deferred`), and the first write opens.
 *
 * The data lies in the send queue and in the log like any other, behind the SYN. The answer acknowledges both, or the SYN alone: then
 * what was not taken is lost, and is sent again at once. A SYN that is sent again has neither data nor cookie, in case it
 * was they that a box on the way did not like.
 *
 * Where the option is not answered its experimental form is tried, once (Linux). A path that swallows such opens is noticed by what
 * follows: two timeouts in a row, or an end that comes with nothing before it; then nobody calls so for a time that doubles, up
 * to 64 times the knob's, until data comes in by a connection that was opened so. */
#include <linux/rtnetlink.h>
#include <linux/tcp.h>

#include "tcp/host.h"
#include "tcp/recover.h"

enum { BLACKHOLE_DOUBLINGS = 6 };

/* --- paths that swallow it --- */

/* Linux: tcp_fastopen_active_should_disable() */
static bool is_believed(struct tcp_conn *c)
{
	struct tcp_stack *ts = tcp_stack(c->w->st);
	uint64_t s = racy_get(ts->conf.fast_blackhole_s), times = racy_get(ts->fast_lost_times);
	if (!s || !times)
		return true;
	uint64_t us = (s << MIN(times - 1, (uint64_t)BLACKHOLE_DOUBLINGS)) * 1000000;
	if (c->w->lc->now_us < racy_get(ts->fast_lost_us) + us)
		return false;
	c->fast_tried = true;
	return true;
}

/* Any worker: of two that say so at once one may be lost, which is one doubling less. */
static void doubt(struct tcp_conn *c)
{
	struct tcp_stack *ts = tcp_stack(c->w->st);
	if (!racy_get(ts->conf.fast_blackhole_s))
		return;
	racy_set(ts->fast_lost_us, c->w->lc->now_us);
	racy_set(ts->fast_lost_times, racy_get(ts->fast_lost_times) + 1);
	tcp_count(c->w, TCP_N_FAST_BLACKHOLE);
}

void tcp_fast_believe_again(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	racy_set(tcp_stack(st)->fast_lost_times, 0);
}

static bool was_fast(const struct tcp_conn *c)
{
	return c->fast_asked || c->fast_acked || (c->h.state == TCP_SYN_SENT && c->snd_nxt - c->snd_una > 1);
}

/* Linux: tcp_fastopen_active_detect_blackhole() */
void tcp_fast_timed_out(struct tcp_conn *c, unsigned times, bool hopeless)
{
	if (!was_fast(c) || c->in_accept || (times != 2 && !(times < 2 && hopeless)))
		return;
	doubt(c);
	tcp_count(c->w, TCP_N_FAST_ACTIVE_FAIL);
}

void tcp_fast_odd_end(struct tcp_conn *c)
{
	if (c->fast_asked)
		doubt(c);
}

static bool by_loopback(const struct tcp_conn *c)
{
	const struct tcp_ip ip = { .out_if = c->h.out_if, .mark = c->mark, .uid = c->uid, .tos = c->tos };
	struct tcp_path path;
	return tcp_path_find(c->w, &c->h.key, &ip, &path) || path.type == RTN_LOCAL;
}

/* Its only word was the end of its stream, and something is missing before that: it was swallowed. Linux:
 * tcp_fastopen_active_disable_ofo_check() */
void tcp_fast_ends(struct tcp_conn *c)
{
	struct tcp_stack *ts = tcp_stack(c->w->st);
	if (!c->fast_asked)
		return;
	if (!c->fast_data && c->fin_known && !c->fin_got && (!c->ofo || !c->ofo->n))
		doubt(c);
	else if (c->fast_data && c->fast_tried && racy_get(ts->fast_lost_times) && !by_loopback(c))
		racy_set(ts->fast_lost_times, 0);
}

/* --- what the SYN says --- */

static bool needs_no_cookie(const struct tcp_conn *c)
{
	const struct tcp_ip ip = { .out_if = c->h.out_if, .mark = c->mark, .uid = c->uid, .tos = c->tos };
	struct tcp_path path;
	return racy_get(tcp_stack(c->w->st)->conf.fastopen) & TCP_FAST_CLIENT_NO_COOKIE ||
	       tcp_sock_of(c->end)->opts->fast_no_cookie ||
	       (!tcp_path_find(c->w, &c->h.key, &ip, &path) && path.no_cookie);
}

/* Linux: tcp_fastopen_cookie_check(). True: data may go along. */
static bool may_carry(struct tcp_conn *c, struct tcp_fast_cookie *ret_ck, uint16_t *ret_mss)
{
	const struct tcp_host *m = tcp_host_find(c->w->st, &c->h.key.local, &c->h.key.remote);
	*ret_ck = m ? m->cookie : (struct tcp_fast_cookie){ 0 };
	*ret_mss = m && m->mss ? m->mss : UINT16_MAX;
	if (ret_ck->len <= 0 && m && m->try_exp == 1)
		ret_ck->exp = true;
	bool believed = is_believed(c), free = believed && needs_no_cookie(c);
	if (!believed || free)
		ret_ck->len = -1;
	if (believed && !free && ret_ck->len <= 0)
		c->fast_fail = TFO_COOKIE_UNAVAILABLE;
	return free || ret_ck->len > 0;
}

bool tcp_fast_may_defer(struct tcp_conn *c)
{
	struct tcp_fast_cookie ck;
	uint16_t mss;
	return may_carry(c, &ck, &mss);
}

/* Room is left for options that boxes on the way may add (Linux). */
static uint32_t room(const struct tcp_conn *c, uint16_t mss)
{
	mss = MIN(mss, tcp_mss_of_mtu(&c->h.key, c->pmtu));
	if (c->rare && c->rare->opts.mss)
		mss = MIN(mss, c->rare->opts.mss);
	return MAX(mss, TCP_MSS_MIN) - TCP_OPTIONS_LEN_MAX;
}

static uint32_t put_data(struct tcp_conn *c, const void *buf, size_t len, uint16_t mss)
{
	len = MIN(len, (size_t)room(c, mss));
	if (!len || !tcp_move(c))
		return 0;
	uint32_t n = (uint32_t)tcp_queue_bytes(c, buf, len);
	if (n &&
	    !tcp_log_add(&c->m->log, &c->w->st->mem, c->snd_nxt, c->snd_nxt + n, c->mss, c->w->lc->now_us)) {
		tcp_drop_unsent(c);
		c->snd_nxt = c->snd_end = c->snd_una + 1;
		return 0;
	}
	if (n)
		tcp_log_pushed(&c->m->log);
	return n;
}

/* Linux: tcp_send_syn_data() */
uint32_t tcp_fast_call(struct tcp_conn *c, const void *buf, size_t len)
{
	struct tcp_fast_cookie ck;
	uint16_t mss;
	uint32_t n = 0;
	if (may_carry(c, &ck, &mss))
		n = put_data(c, buf, len, mss);
	if (!n && len && ck.len > 0)
		ck.len = 0;
	tcp_call(c, &ck, n);
	return n;
}

/* --- the answer --- */

/* What the SYN took along did not arrive: it is sent again at once, and nobody is to blame (Linux:
 * tcp_non_congestion_loss_retransmit()). Its segments are of another size now. */
static void lose(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	tcp_log_cut(&m->log, c->snd_una);
	if (!tcp_log_add(&m->log, &c->w->st->mem, c->snd_una, c->snd_nxt, c->mss, c->w->lc->now_us))
		return;
	tcp_log_pushed(&m->log);
	tcp_log_all_lost(&m->log, false, (uint32_t)c->w->lc->now_us, 0);
	c->cc.ssthresh = tcp_current_ssthresh(c);
	m->prior_ssthresh = 0;
	m->undoable = m->frto = false;
	m->recover = c->snd_nxt;
	c->repair = TCP_LOSS;
}

static void remember(struct tcp_conn *c, const struct tcp_seg *s, bool had_data, bool unacked)
{
	struct tcp_host_news n = {
		.local = c->h.key.local, .remote = c->h.key.remote, .mss = c->peer_mss, .cookie.len = -1
	};
	if (c->fast_asked && s->fast_len >= 0) {
		n.cookie.len = s->fast_len;
		n.cookie.exp = s->fast_exp;
		memcpy(n.cookie.bytes, s->fast, (size_t)s->fast_len);
	}
	if (c->fast_asked && c->syn_again)
		n.lost = s->fast_len < 0 && unacked;
	else if (c->fast_asked && s->fast_len < 0 && !had_data)
		n.try_exp = c->fast_exp ? 2 : 1;
	tcp_host_tell(c->w, &n);
}

/* Linux: tcp_rcv_fastopen_synack() */
bool tcp_fast_answered(struct tcp_conn *c, const struct tcp_seg *s, bool had_data)
{
	bool unacked = c->snd_una != c->snd_nxt;
	if (!c->fast_asked && !had_data)
		return false;
	remember(c, s, had_data, unacked);
	if (unacked) {
		c->fast_fail = c->syn_again ? TFO_SYN_RETRANSMITTED : TFO_DATA_NOT_ACKED;
		tcp_count(c->w, TCP_N_FAST_ACTIVE_FAIL);
		lose(c);
		return false;
	}
	c->fast_acked = had_data;
	if (had_data)
		tcp_count(c->w, TCP_N_FAST_ACTIVE);
	return true;
}
