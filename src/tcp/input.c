/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a segment is checked and read once into a struct tcp_seg, then finds who it is for: a connection, a half-open
 * one, one that waits out its time, a listener, nobody. A connection looks at it in the order of RFC 9293, 3.10.7.4: is it new enough
 * (PAWS) and within the window, is it a reset, a SYN, what does it acknowledge, what does it bring, does it end the stream. Then
 * whatever may leave leaves.
 *
 * iface-input has brought each flow to the worker of its bucket, so all this is one thread's. */
#include <linux/rtnetlink.h>

#include "net/fib.h"
#include "net/l3.h"
#include "pkt/csum.h"
#include "tcp/tcp_internal.h"
#include "wire/csum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

/* --- reading --- */

static uint32_t get32(const uint8_t *p)
{
	be32 b;
	memcpy(&b, p, sizeof b);
	return be32_get(b);
}

static void read_sacks(struct tcp_seg *s, const struct tcp_opt *o)
{
	for (unsigned i = 0; i + 8 <= o->len && s->n_sack < TCP_SACK_MAX; i += 8)
		s->sack[s->n_sack++] = (struct tcp_range){ get32(o->data + i), get32(o->data + i + 4) };
}

static void read_option(struct tcp_seg *s, const struct tcp_opt *o)
{
	bool syn = s->flags & TCP_F_SYN;
	if (o->kind == TCP_OPT_STAMP && o->len == 8) {
		s->has_ts = true;
		s->ts_val = get32(o->data);
		s->ts_ecr = get32(o->data + 4);
	} else if (o->kind == TCP_OPT_MD5 && o->len == 16) {
		s->has_md5 = true;
	} else if (o->kind == TCP_OPT_SACK) {
		read_sacks(s, o);
	} else if (syn && o->kind == TCP_OPT_MSS && o->len == 2) {
		s->mss = (uint16_t)(o->data[0] << 8 | o->data[1]);
	} else if (syn && o->kind == TCP_OPT_WSCALE && o->len == 1) {
		s->wscale = (int8_t)MIN(o->data[0], TCP_WSCALE_MAX); /* RFC 7323, 2.3 */
	} else if (syn && o->kind == TCP_OPT_SACK_OK && !o->len) {
		s->sack_ok = true;
	} else if (syn) {
		tcp_fast_read(s, o);
	}
}

/* Nearly every segment's: two paddings and a time stamp. */
static bool read_stamp_alone(struct tcp_seg *s, const uint8_t *opts, uint32_t len)
{
	static const uint8_t head[] = { TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_STAMP, 10 };
	if (len != TCP_STAMP_BYTES || memcmp(opts, head, sizeof head) != 0)
		return false;
	s->has_ts = true;
	s->ts_val = get32(opts + 4);
	s->ts_ecr = get32(opts + 8);
	return true;
}

static void read_options(struct tcp_seg *s, const uint8_t *opts, uint32_t len)
{
	struct tcp_opt o;
	if (!len || read_stamp_alone(s, opts, len))
		return;
	for (struct cursor c = cur_of(opts, len); tcp_opt_next(&c, &o);)
		read_option(s, &o);
}

static enum drop read_seg(struct worker *w, struct pkt *p, bool is6, struct tcp_seg *s)
{
	uint32_t front = (uint32_t)(p->l4_off - p->headroom), len = p->len - front;
	enum drop why = pkt_pull_up(w->lc, p, front + (uint32_t)sizeof(struct tcp_hdr));
	if (why)
		return why;
	uint32_t hdr_len = tcp_hdr_len(pkt_l4(p));
	if (hdr_len < sizeof(struct tcp_hdr) || hdr_len > len)
		return DROP_BAD_LENGTH;
	why = pkt_pull_up(w->lc, p, front + hdr_len);
	if (why)
		return why;
	const struct ip4_hdr *h4 = pkt_l3(p);
	const struct ip6_hdr *h6 = pkt_l3(p);
	uint32_t pseudo = is6 ? csum_pseudo6(&h6->src, &h6->dst, IPPROTO_TCP, len)
			      : csum_pseudo4(h4->src, h4->dst, IPPROTO_TCP, len);
	if (!pkt_csum_ok(p, pseudo, len))
		return DROP_L4_CSUM;
	const struct tcp_hdr *h = pkt_l4(p);
	*s = (struct tcp_seg){ .p = p,
			       .flags = (uint16_t)tcp_flags(h),
			       .win = be16_get(h->window),
			       .seq = be32_get(h->seq),
			       .ack = be32_get(h->ack),
			       .len = len - hdr_len,
			       .hdr_len = (uint16_t)hdr_len,
			       .urgent = be16_get(h->urgent),
			       .ecn = is6 ? be32_get(h6->ver_tc_flow) >> 20 & 3 : h4->tos & 3,
			       .wscale = -1,
			       .fast_len = -1 };
	s->end = s->seq + s->len + !!(s->flags & TCP_F_SYN) + !!(s->flags & TCP_F_FIN);
	read_options(s, (const uint8_t *)(h + 1), hdr_len - (uint32_t)sizeof *h);
	return DROP_NONE;
}

static void read_key(const struct worker *w, const struct pkt *p, bool is6, struct tcp_key *k)
{
	const struct ip4_hdr *h4 = pkt_l3(p);
	const struct ip6_hdr *h6 = pkt_l3(p);
	const struct tcp_hdr *h = pkt_l4(p);
	k->local = is6 ? h6->dst : l4_of4(h4->dst);
	k->remote = is6 ? h6->src : l4_of4(h4->src);
	k->lport = be16_get(h->dport);
	k->rport = be16_get(h->sport);
	k->scope = tcp_scope(w, p->in_if, &k->local);
}

/* --- checks of a connection --- */

enum { PAWS_DAYS_US_LOG = 41 }; /* 25 days: RFC 7323, 5.5 */

/* RFC 7323, 5.3, R1: older than what came before. */
static bool paws_refuses(const struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!c->ts_ok || !s->has_ts || !seq_lt(s->ts_val, c->ts_recent))
		return false;
	return (c->w->lc->now_us - c->ts_recent_us) >> PAWS_DAYS_US_LOG == 0;
}

static bool in_window(const struct tcp_conn *c, const struct tcp_seg *s)
{
	seq32 edge = c->rcv_wup + c->rcv_wnd;
	return seq_le(c->rcv_wup, s->end) && seq_le(s->seq, seq_max(edge, c->rcv_nxt));
}

/* RFC 5961, 4.2 */
static enum drop refuse_syn(struct tcp_conn *c)
{
	tcp_count(c->w, TCP_N_SYN_CHALLENGE);
	tcp_challenge(c);
	return DROP_TCP_SYN;
}

/* 3.10.7.4, first: an ACK says where we are, but not to what brings nothing more often than need be. */
static enum drop refuse_seq(struct tcp_conn *c, const struct tcp_seg *s, enum drop why)
{
	bool old = why == DROP_TCP_PAWS;
	if (s->flags & TCP_F_SYN)
		return refuse_syn(c);
	if (tcp_is_too_often(c->w, s, &c->refused_us, old ? TCP_N_SKIPPED_PAWS : TCP_N_SKIPPED_SEQ))
		return why;
	if (c->sack_ok && s->len && racy_get(tcp_stack(c->w->st)->conf.dsack) &&
	    seq_lt(s->seq, c->rcv_nxt)) { /* Linux: tcp_send_dupack(), with what came twice */
		c->dsack = (struct tcp_range){ s->seq, seq_min(s->end, c->rcv_nxt) };
		c->dsack_due = true;
	}
	tcp_send_ack(c);
	return why;
}

/* Linux: after his FIN a peer may still count from before it. */
static bool is_before_fin(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->fin_got && s->seq == c->rcv_nxt - 1;
}

/* Linux: where a reset was sent by who got our SACK blocks, and nothing else of us. */
static bool is_last_island(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->sack_ok && c->ofo && c->ofo->n && s->seq == c->ofo->at[c->ofo->n - 1].end;
}

/* RFC 5961, 3.2: only the very number that is waited for resets. */
static enum drop reset(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (s->seq != c->rcv_nxt && !is_before_fin(c, s) && !is_last_island(c, s)) {
		tcp_challenge(c);
		return DROP_TCP_RST;
	}
	if (c->h.state == TCP_ESTABLISHED || c->h.state == TCP_CLOSE_WAIT)
		tcp_count(c->w, TCP_N_ESTAB_RESETS);
	tcp_fail(c, c->h.state == TCP_SYN_RECV     ? ECONNREFUSED
		    : c->h.state == TCP_CLOSE_WAIT ? EPIPE
						   : ECONNRESET);
	return DROP_TCP_DONE;
}

/* Both have called: the answer to our call, which has its SYN once more. */
static bool is_synack(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->h.state == TCP_SYN_RECV && s->flags & TCP_F_ACK && s->end == s->seq + 1 &&
	       s->end == c->rcv_nxt && seq_lt(c->snd_una, s->ack) && seq_le(s->ack, c->snd_nxt);
}

static enum drop check(struct tcp_conn *c, const struct tcp_seg *s)
{
	bool rst = s->flags & TCP_F_RST;
	if (!rst && paws_refuses(c, s)) {
		tcp_count(c->w, TCP_N_PAWS_ESTAB);
		return refuse_seq(c, s, DROP_TCP_PAWS);
	}
	if (!in_window(c, s)) {
		if (rst)
			return is_before_fin(c, s) ? reset(c, s) : DROP_TCP_WINDOW;
		return refuse_seq(c, s, DROP_TCP_WINDOW);
	}
	if (rst)
		return reset(c, s);
	if (s->flags & TCP_F_SYN && !is_synack(c, s))
		return refuse_syn(c);
	return s->flags & TCP_F_ACK ? DROP_NONE : DROP_TCP_NO_ACK;
}

/* RFC 7323, 4.3: of the segment that the next ACK acknowledges first. */
static void note_stamp(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!c->ts_ok || !s->has_ts || !seq_le(s->seq, c->rcv_wup) || seq_lt(s->ts_val, c->ts_recent))
		return;
	c->ts_recent = s->ts_val;
	c->ts_recent_us = c->w->lc->now_us;
}

/* --- steps --- */

/* Our FIN has arrived. False: there is no connection any more. */
static bool fin_acked(struct tcp_conn *c)
{
	uint8_t next = tcp_states[c->h.state].on_fin_acked;
	if (!c->fin_sent || c->snd_una != c->snd_nxt || !next)
		return true;
	switch (next) {
	case TCP_CLOSE:
		tcp_done(c);
		return false;
	case TCP_TIME_WAIT:
		tcp_begin_wait(c, TCP_TIME_WAIT_US);
		return false;
	default:
		tcp_set_state(c, next);
		tcp_tell(c);
		return true;
	}
}

/* RFC 9293, 3.10.7.4, eighth. False: as above. */
static bool take_fin(struct tcp_conn *c)
{
	uint8_t next = tcp_states[c->h.state].on_fin;
	if (!c->fin_known || c->rcv_nxt != c->fin_at || c->fin_got || !next)
		return true;
	c->rcv_nxt++;
	c->fin_got = true;
	c->ack_now = true;
	tcp_tell(c);
	if (next == TCP_TIME_WAIT) {
		tcp_send_ack(c);
		tcp_begin_wait(c, TCP_TIME_WAIT_US);
		return false;
	}
	tcp_set_state(c, next);
	return true;
}

/* RFC 2525, 2.17; Linux: data for nobody, after we have said that we are done. */
static bool is_for_nobody(const struct tcp_conn *c, const struct tcp_seg *s)
{
	bool deaf = c->orphan || c->no_more_reading;
	bool closing = c->h.state == TCP_FIN_WAIT1 || c->h.state == TCP_FIN_WAIT2;
	return deaf && closing && s->len && seq_lt(c->rcv_nxt, s->seq + s->len);
}

static enum drop take_data(struct tcp_conn *c, struct tcp_seg *s)
{
	if (s->flags & TCP_F_FIN && tcp_states[c->h.state].takes_data) {
		c->fin_known = true;
		c->fin_at = s->end - 1;
	}
	if (!s->len) {
		if (s->flags & TCP_F_FIN && seq_lt(s->seq, c->rcv_nxt))
			c->ack_now = true; /* again: our ACK was lost */
		return DROP_TCP_DONE;
	}
	if (!tcp_states[c->h.state].takes_data)
		return DROP_TCP_DONE;
	return tcp_receive(c, s);
}

/* A simultaneous open is acknowledged (3.10.7.4, fifth, SYN-RECEIVED). */
static enum drop finish_open(struct tcp_conn *c, struct tcp_seg *s)
{
	if (seq_le(s->ack, c->snd_una) || seq_lt(c->snd_nxt, s->ack)) {
		tcp_refuse(c->w, &c->h.key, s, c->h.out_if);
		return DROP_TCP_ACK;
	}
	tcp_opened(c, s);
	if (s->flags & TCP_F_SYN && c->sack_ok && racy_get(tcp_stack(c->w->st)->conf.dsack)) {
		c->dsack = (struct tcp_range){ s->seq, s->seq + 1 }; /* Linux: the SYN has come twice */
		c->dsack_due = c->ack_now = true;
	}
	return DROP_NONE;
}

/* TCP_INFO */
static void count_in(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t segs = s->p->gso_segs > 1 ? s->p->gso_segs : 1;
	c->m->segs_in += segs;
	c->m->data_in += s->len ? segs : 0;
}

bool tcp_take_text(struct tcp_conn *c, struct tcp_seg *s, enum drop *ret_why)
{
	seq32 was = c->rcv_nxt;
	*ret_why = take_data(c, s);
	if (c->m)
		c->m->bytes_received += c->rcv_nxt - was;
	return take_fin(c);
}

enum drop tcp_conn_input(struct tcp_conn *c, struct tcp_seg *s)
{
	enum drop why;
	if (c->h.state == TCP_SYN_SENT)
		return tcp_syn_sent_input(c, s);
	if (unlikely(c->fast) && (why = tcp_fast_input(c, s)))
		return why;
	if ((why = check(c, s)))
		return why;
	if (c->h.state == TCP_SYN_RECV && (why = finish_open(c, s)))
		return why;
	if (c->m)
		count_in(c, s);
	if ((why = tcp_ack(c, s)))
		return why;
	c->heard_us = c->w->lc->now_us;
	note_stamp(c, s);
	if (!fin_acked(c))
		return DROP_TCP_DONE;
	if (is_for_nobody(c, s)) {
		tcp_count(c->w, TCP_N_ABORT_ON_DATA);
		if (s->flags & TCP_F_FIN)
			tcp_fast_odd_end(c);
		tcp_refuse(c->w, &c->h.key, s, c->h.out_if);
		tcp_done(c);
		return DROP_TCP_DONE;
	}
	if (unlikely(s->flags & TCP_F_URG || (c->rare && c->rare->urgent == TCP_URGENT_COMES)))
		tcp_take_urgent(c, s);
	if (!tcp_take_text(c, s, &why))
		return why;
	tcp_output(c);
	if (c->send_blocked)
		tcp_check_room(c);
	if (c->orphan && c->h.state == TCP_FIN_WAIT2)
		tcp_orphan_waits(c, s);
	return why;
}

/* --- whom it is for --- */

static bool is_ours4(const struct worker *w, const struct tcp_key *k)
{
	const struct fib_nh *nh = fib4_lookup_at(w, k->scope, l4_v4(&k->local));
	return nh && nh->type == RTN_LOCAL;
}

/* RFC 9293, 3.9.2.3: nobody is called by a group or a broadcast. */
static bool is_for_one(const struct worker *w, const struct pkt *p, const struct tcp_key *k)
{
	if (p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST))
		return false;
	return tcp_is6(k) ? !ip6_is_multicast(&k->local) && !ip6_is_multicast(&k->remote) : is_ours4(w, k);
}

static enum drop to_listener(struct worker *w, const struct tcp_key *k, struct tcp_seg *s, uint32_t in_if)
{
	struct tcp_listener *l = tcp_find_listener(w, k, in_if);
	if (l)
		return tcp_listen_input(w, l, k, s);
	tcp_refuse(w, k, s, in_if);
	return DROP_TCP_NO_PORT;
}

static enum drop to_head(struct worker *w, struct tcp_head *h, const struct tcp_key *k, struct tcp_seg *s,
			 uint32_t in_if)
{
	struct tcp_conn *c;
	enum drop why;
	switch ((enum tcp_kind)h->kind) {
	case TCP_KIND_CONN:
		return tcp_conn_input(container_of(h, struct tcp_conn, h), s);
	case TCP_KIND_ASLEEP:
		c = tcp_wake(container_of(h, struct tcp_conn, h));
		return c ? tcp_conn_input(c, s) : DROP_NO_MEMORY;
	case TCP_KIND_REQUEST:
		why = tcp_request_input(container_of(h, struct tcp_request, h), s, &c);
		return c ? tcp_conn_input(c, s) : why;
	case TCP_KIND_WAIT: {
		struct tcp_wait *t = container_of(h, struct tcp_wait, h);
		if (!tcp_wait_input(t, s, &why))
			return why;
		if (!tcp_find_listener(w, k, in_if)) {
			tcp_wait_answer(t);
			return DROP_TCP_DONE;
		}
		tcp_wait_free(t);
		return to_listener(w, k, s, in_if);
	}
	}
	return DROP_TCP_DONE;
}

static uint8_t input_one(struct worker *w, struct pkt *p, bool is6)
{
	struct tcp_seg s;
	struct tcp_key k;
	uint32_t in_if = p->in_if;
	tcp_count(w, TCP_N_IN_SEGS);
	enum drop why = read_seg(w, p, is6, &s);
	if (unlikely(why)) {
		tcp_count(w, TCP_N_IN_ERRS);
		if (why == DROP_L4_CSUM)
			tcp_count(w, TCP_N_IN_CSUM_ERRORS);
		return pkt_drop(p, why);
	}
	if (unlikely(s.has_md5)) { /* RFC 2385, 2.0: nor is it answered */
		tcp_count(w, TCP_N_MD5_UNEXPECTED);
		return pkt_drop(p, DROP_TCP_MD5);
	}
	read_key(w, p, is6, &k);
	struct tcp_head *h = tcp_find(w, &k);
	if (likely(h))
		why = to_head(w, h, &k, &s, in_if);
	else if (!is_for_one(w, p, &k))
		why = DROP_IP_NOT_MEMBER;
	else
		why = to_listener(w, &k, &s, in_if);
	return s.p ? pkt_drop(p, why ? why : DROP_TCP_DONE) : NODE_KEPT;
}

static inline void input_body(struct worker *w, struct pkt_vec *v, bool is6)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = input_one(w, v->pkt[i], is6);
	}
	vec_dispatch(w, v, next);
}

static void tcp4_input(struct worker *w, struct pkt_vec *v)
{
	input_body(w, v, false);
}

static void tcp6_input(struct worker *w, struct pkt_vec *v)
{
	input_body(w, v, true);
}

const struct node tcp4_node = { .name = "tcp4-input", .run = tcp4_input };
const struct node tcp6_node = { .name = "tcp6-input", .run = tcp6_input };
