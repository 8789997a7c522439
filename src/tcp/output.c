/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: tcp_output() sends whatever may leave now: what is lost first (RFC 6675, 4, NextSeg), then what was never
 * sent, as far as both windows reach. It is asked after each segment that came, each call and each timer, so nobody waits for
 * anybody else. What leaves is made as large as it can be, one packet with the size of its segments in the descriptor, and cut
 * at the edge, if the device does not cut. Its payload is the send queue's own pages, by reference.
 *
 * Small segments wait (RFC 9293, 3.7.4 Nagle, in Minshall's form; 3.8.6.2.1 silly windows): for what is sent to be acknowledged, for
 * more, or for the timer. */
#include "ip/ip.h"
#include "pkt/csum.h"
#include "tcp/recover.h"
#include "wire/csum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

/* --- one packet --- */

static void put_ip(struct worker *w, const struct tcp_out *o, void *to)
{
	const struct tcp_key *k = o->key;
	if (!tcp_is6(k)) {
		*(struct ip4_hdr *)to = (struct ip4_hdr){ .ver_ihl = 0x45,
							  .tos = o->ip.tos,
							  .frag = be16_of(o->ip.df ? IP4_DF : 0),
							  .ttl = o->ip.ttl,
							  .proto = IPPROTO_TCP,
							  .src = l4_v4(&k->local),
							  .dst = l4_v4(&k->remote) };
		return;
	}
	uint64_t flow = (uint64_t)IPPROTO_TCP << 32 | (uint32_t)k->lport << 16 | k->rport;
	uint32_t label = ip6_auto_label(w->st, &k->local, &k->remote, flow, ip6_labels_by_default(w->st));
	*(struct ip6_hdr *)to =
		(struct ip6_hdr){ .ver_tc_flow = be32_of(6U << 28 | (uint32_t)o->ip.tos << 20 | label),
				  .next = IPPROTO_TCP,
				  .hop_limit = o->ip.ttl,
				  .src = k->local,
				  .dst = k->remote };
}

static bool put_sender(struct worker *w, const struct tcp_out *o, struct pkt *p)
{
	p->out_if = o->ip.out_if ? o->ip.out_if : ip6_is_link_local(&o->key->remote) ? o->key->scope : 0;
	if (!o->ip.mark && !fib_looks(w, tcp_is6(o->key) ? AF_INET6 : AF_INET))
		return true;
	struct pkt_ext *ext = pkt_ext(w->lc, p);
	if (!ext)
		return false;
	ext->mark = o->ip.mark;
	ext->sender.uid = o->ip.uid;
	return true;
}

/* With IP header and TCP header; payload is appended by the caller. */
struct pkt *tcp_begin(struct worker *w, const struct tcp_out *o)
{
	uint8_t head[sizeof(struct ip6_hdr) + TCP_HDR_MAX];
	uint32_t ip_len = tcp_is6(o->key) ? sizeof(struct ip6_hdr) : sizeof(struct ip4_hdr);
	const struct tcp_msg m = { .sport = o->key->lport,
				   .dport = o->key->rport,
				   .seq = o->seq,
				   .ack = o->ack,
				   .flags = o->flags,
				   .window = o->win,
				   .options = cur_of(o->opts, o->n_opts) };
	struct pkt *p = pkt_new(w->lc);
	if (!p)
		return NULL;
	put_ip(w, o, head);
	uint32_t len = ip_len + tcp_emit(&m, head + ip_len);
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + ip_len);
	if (!pkt_append(w->lc, p, head, len) || !put_sender(w, o, p)) {
		pkt_free(w->lc, p);
		return NULL;
	}
	return p;
}

void tcp_finish(struct worker *w, const struct tcp_key *k, struct pkt *p, uint32_t len, uint32_t gso_size)
{
	bool is6 = tcp_is6(k);
	uint32_t l4_len = p->len - (uint32_t)(p->l4_off - p->l3_off);
	uint32_t pseudo = is6 ? csum_pseudo6(&k->local, &k->remote, IPPROTO_TCP, l4_len)
			      : csum_pseudo4(l4_v4(&k->local), l4_v4(&k->remote), IPPROTO_TCP, l4_len);
	uint64_t segs = 1;
	pkt_csum_defer(p, pseudo, offsetof(struct tcp_hdr, csum));
	if (len > gso_size) {
		segs = (len + gso_size - 1) / gso_size;
		p->gso = is6 ? PKT_GSO_TCP6 : PKT_GSO_TCP4;
		if (tcp_flags(pkt_l4(p)) & TCP_F_CWR)
			p->gso |= PKT_GSO_ECN;
		p->gso_size = (uint16_t)gso_size;
		p->gso_segs = (uint16_t)segs;
	}
	racy_add(tcp_worker(w)->counts[TCP_N_OUT_SEGS], segs);
	graph_enqueue(w, is6 ? tcp_stack(w->st)->out6 : tcp_stack(w->st)->out4, p);
}

/* --- options --- */

uint32_t tcp_now_stamp(const struct worker *w, uint32_t off)
{
	return (uint32_t)(w->lc->now_us / 1000) + off;
}

static uint8_t *put32(uint8_t *to, uint32_t v)
{
	be32 b = be32_of(v);
	memcpy(to, &b, sizeof b);
	return to + sizeof b;
}

uint8_t tcp_put_stamp(uint8_t *opts, uint32_t val, uint32_t ecr)
{
	const uint8_t head[] = { TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_STAMP, 10 };
	memcpy(opts, head, sizeof head);
	put32(put32(opts + sizeof head, val), ecr);
	return TCP_STAMP_BYTES;
}

/* In Linux's order: SACK permitted takes the place of the time stamp's padding. */
uint8_t tcp_put_syn_options(uint8_t *opts, uint16_t mss, bool sack, const uint32_t stamps[2], int wscale)
{
	uint8_t *at = opts;
	const uint8_t m[] = { TCP_OPT_MSS, 4, (uint8_t)(mss >> 8), (uint8_t)mss };
	memcpy(at, m, sizeof m);
	at += sizeof m;
	if (stamps) {
		tcp_put_stamp(at, stamps[0], stamps[1]);
		if (sack)
			memcpy(at, (const uint8_t[]){ TCP_OPT_SACK_OK, 2 }, 2);
		at += TCP_STAMP_BYTES;
	} else if (sack) {
		memcpy(at, (const uint8_t[]){ TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK_OK, 2 }, 4);
		at += 4;
	}
	if (wscale >= 0) {
		memcpy(at, (const uint8_t[]){ TCP_OPT_NOP, TCP_OPT_WSCALE, 3, (uint8_t)wscale }, 4);
		at += 4;
	}
	return (uint8_t)(at - opts);
}

/* --- a connection's segments --- */

static struct tcp_ip ip_of(const struct tcp_conn *c)
{
	return (struct tcp_ip){ .tos = c->tos,
				.ttl = c->ttl,
				.df = c->df,
				.out_if = c->h.out_if,
				.mark = c->mark,
				.uid = c->uid };
}

/* fresh: with data that was never sent. */
static void fill(struct tcp_conn *c, struct tcp_out *o, uint16_t flags, seq32 seq, bool fresh)
{
	*o = (struct tcp_out){ .key = &c->h.key,
			       .ip = ip_of(c),
			       .flags = flags,
			       .seq = seq,
			       .ack = c->rcv_nxt,
			       .win = (uint16_t)tcp_window(c) };
	if (unlikely(c->ecn_ok))
		o->flags |= tcp_ecn_send(c, fresh, &o->ip.tos);
	if (c->ts_ok)
		o->n_opts = tcp_put_stamp(o->opts, tcp_now_stamp(c->w, c->ts_off), c->ts_recent);
	if ((c->ofo || c->dsack_due) && c->sack_ok)
		o->n_opts = (uint8_t)(o->n_opts + tcp_put_sacks(c, o->opts + o->n_opts,
								(uint8_t)(TCP_OPTIONS_LEN_MAX - o->n_opts)));
}

/* Everything that came is acknowledged by this. */
static void acked_all(struct tcp_conn *c)
{
	c->ack_now = c->ack_later = false;
	if (c->quick)
		c->quick--;
	tcp_stop_timer(c, TCP_TIMER_DELACK);
}

void tcp_send_ack(struct tcp_conn *c)
{
	struct tcp_out o;
	fill(c, &o, TCP_F_ACK, c->snd_nxt, false);
	struct pkt *p = tcp_begin(c->w, &o);
	if (!p) { /* Linux: later */
		c->ack_later = true;
		tcp_set_timer(c, TCP_TIMER_DELACK, TCP_DELACK_MAX_US);
		return;
	}
	tcp_finish(c->w, &c->h.key, p, 0, c->mss);
	if (c->m)
		c->m->segs_out++;
	acked_all(c);
}

/* RFC 9293, 3.8.4, 3.8.6.1: what the peer has to answer. Linux: the byte before what he waits for. */
void tcp_send_probe(struct tcp_conn *c, bool urgent)
{
	struct tcp_out o;
	fill(c, &o, TCP_F_ACK, c->snd_una - 1, false);
	struct pkt *p = tcp_begin(c->w, &o);
	if (p)
		tcp_finish(c->w, &c->h.key, p, 0, c->mss);
}

void tcp_send_reset(struct tcp_conn *c)
{
	struct tcp_out o;
	fill(c, &o, TCP_F_RST | TCP_F_ACK, c->snd_nxt, false);
	if (c->h.state == TCP_SYN_SENT || c->h.state == TCP_CLOSE)
		return;
	struct pkt *p = tcp_begin(c->w, &o);
	if (!p)
		return;
	tcp_finish(c->w, &c->h.key, p, 0, c->mss);
	tcp_count(c->w, TCP_N_OUT_RSTS);
}

static uint32_t append_bytes(struct tcp_conn *c, struct pkt *p, seq32 seq, uint32_t len);

/* SYN, or SYN and ACK of a simultaneous open; also once more. */
void tcp_send_syn(struct tcp_conn *c)
{
	tcp_send_syn_with(c, NULL, 0);
}

void tcp_send_syn_with(struct tcp_conn *c, const struct tcp_fast_cookie *ck, uint32_t len)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	bool answer = c->h.state == TCP_SYN_RECV;
	uint16_t mss = (uint16_t)tcp_adv_mss(c);
	const uint32_t stamps[2] = { tcp_now_stamp(c->w, c->ts_off), answer ? c->ts_recent : 0 };
	bool ts = answer ? c->ts_ok : f->stamps, sack = answer ? c->sack_ok : f->sack,
	     scale = answer ? c->wscale_ok : f->wscale;
	if (c->rare && c->rare->opts.mss)
		mss = MIN(mss, c->rare->opts.mss);
	struct tcp_out o = { .key = &c->h.key,
			     .ip = ip_of(c),
			     .flags = (uint16_t)(TCP_F_SYN | (answer ? TCP_F_ACK : 0) | tcp_ecn_syn(c)),
			     .seq = c->snd_una,
			     .ack = answer ? c->rcv_nxt : 0,
			     .win = (uint16_t)MIN(c->rcv_wnd, (uint32_t)UINT16_MAX) };
	o.n_opts = tcp_put_syn_options(o.opts, mss, sack, ts ? stamps : NULL, scale ? c->rcv_wscale : -1);
	uint8_t fast =
		ck ? tcp_put_fast_cookie(o.opts + o.n_opts, (uint8_t)(sizeof o.opts - o.n_opts), ck) : 0;
	o.n_opts = (uint8_t)(o.n_opts + fast);
	c->fast_asked |= fast != 0;
	c->fast_exp |= fast && ck->exp;
	struct pkt *p = tcp_begin(c->w, &o);
	if (!p)
		return;
	if (len && append_bytes(c, p, c->snd_una + 1, len) != len) { /* it is as if it were lost on its way */
		pkt_free(c->w->lc, p);
		return;
	}
	tcp_finish(c->w, &c->h.key, p, 0, c->mss);
}

/* --- the send queue --- */

/* Bytes of p that lie behind its last one in a page of ours. */
static uint32_t brim(const struct lcore *lc, const struct pkt *p)
{
	if (!p->n_frags)
		return 0;
	const struct pkt_frag *f = &p->frags[p->n_frags - 1];
	return f->buf->kind == BUF_PAGE && f->buf->home == lc->id ? f->buf->size - f->off - f->len : 0;
}

static uint32_t tail_room(const struct pkt *p)
{
	return p->n_frags ? 0 : p->buf->size - p->headroom - p->head_len;
}

enum { QUEUE_PKT_MAX = 65536 };

uint32_t tcp_fill_pkt(struct lcore *lc, struct pkt *p, const uint8_t *from, uint32_t len)
{
	uint32_t n = MIN(len, tail_room(p)), room = brim(lc, p);
	if (p->len >= QUEUE_PKT_MAX || (p->n_frags && p->frags[p->n_frags - 1].buf->kind == BUF_FOREIGN))
		return 0;
	if (n)
		return pkt_append(lc, p, from, n) ? n : 0;
	if (!room) {
		struct buf *page = p->n_frags < PKT_FRAGS_MAX ? buf_page_new(lc) : NULL;
		if (!page)
			return 0;
		pkt_add_frag(lc, p, page, 0, 0);
		room = page->size;
	}
	struct pkt_frag *f = &p->frags[p->n_frags - 1];
	n = MIN(len, room);
	memcpy(f->buf->mem + f->off + f->len, from, n);
	f->len += n;
	p->len += n;
	return n;
}

/* What Linux's device takes as one, which is how it fills its buffers: half the peer's window at most. */
static uint32_t size_goal(const struct tcp_conn *c)
{
	uint32_t most = MIN((uint32_t)TCP_GSO_BYTES_MAX, MAX(c->max_wnd / 2, (uint32_t)c->mss));
	if (!c->mss) /* it is being restored */
		return most;
	return most > c->mss ? most - most % c->mss
			     : most; /* by loopback a segment may hold more than that */
}

/* At the limit of all connections one packet each may still be on its way, so that an acknowledgment comes and wakes who waits. */
static bool may_queue(const struct tcp_conn *c)
{
	return tcp_may_hold(c, c->snd_end - c->snd_una, racy_get(tcp_stack(c->w->st)->conf.wmem[0])) ||
	       !c->snd.head || c->snd_end == c->snd_una;
}

/* So many bytes of the last batch have not been sent; 0: none, or nothing may be added to it. */
static uint32_t open_batch(const struct tcp_conn *c)
{
	if (!c->snd.last || c->snd.last->edge.tcp.last || !seq_lt(c->snd_nxt, c->snd_end))
		return 0;
	return c->snd_end - seq_max(c->snd_batch, c->snd_nxt);
}

/* A batch that is full, or sent, is followed by another one. */
static bool begin_batch(struct tcp_conn *c)
{
	uint32_t open = open_batch(c);
	if (open && open < size_goal(c))
		return false;
	c->snd_batch = c->snd_end;
	if (c->snd.last && !seq_lt(c->snd_nxt, c->snd_end))
		c->snd.last->edge.tcp.push = false; /* that was of what is sent */
	return true;
}

void tcp_queue_pkt(struct tcp_conn *c, struct pkt *p)
{
	struct pkt *before = c->snd.last;
	tcp_hold(c->w, l4_truesize(p));
	p->edge.tcp.last = p->edge.tcp.goes_on = false;
	p->edge.tcp.push = false;
	if (before && !begin_batch(c)) {
		before->edge.tcp.goes_on = true;
		p->edge.tcp.push = before->edge.tcp.push;
	} else {
		c->snd_batch = c->snd_end;
	}
	tcp_queue_push(&c->snd, p);
}

/* The packet at the end, if bytes may be added there: not when they begin a batch while the one before waits. */
static struct pkt *last_open(struct tcp_conn *c)
{
	struct pkt *p = c->snd.last;
	bool begins = begin_batch(c);
	return p && !p->edge.tcp.last && (!begins || !seq_lt(c->snd_nxt, c->snd_end)) ? p : NULL;
}

ssize_t tcp_queue_bytes(struct tcp_conn *c, const void *buf, size_t len)
{
	const uint8_t *from = buf;
	size_t left = len;
	struct pkt *p = left ? last_open(c) : NULL;
	while (left && may_queue(c)) {
		uint32_t before = p ? l4_truesize(p) : 0,
			 n = p ? tcp_fill_pkt(c->w->lc, p, from, (uint32_t)left) : 0;
		if (!n) {
			p = pkt_new(c->w->lc);
			if (!p)
				break;
			tcp_queue_pkt(c, p);
			continue;
		}
		tcp_hold(c->w, l4_truesize(p) - before);
		from += n;
		left -= n;
		c->snd_end += n;
	}
	return from - (const uint8_t *)buf;
}

void tcp_acked_bytes(struct tcp_conn *c)
{
	while (c->snd.head && seq_le(c->snd_first + c->snd.head->len, c->snd_una) &&
	       (c->snd.head != c->snd.last || c->snd_una == c->snd_end || seq_lt(c->snd_end, c->snd_una))) {
		if (c->snd_hint == c->snd.head)
			c->snd_hint = NULL;
		c->snd_first += c->snd.head->len;
		tcp_let_go(c->w, l4_truesize(c->snd.head));
		pkt_free(c->w->lc, tcp_queue_pop(&c->snd));
	}
	if (c->noting)
		tcp_note_acked(c);
	c->records = c->records && c->snd.head;
}

void tcp_check_room(struct tcp_conn *c)
{
	tcp_space_acked(c);
	if (!tcp_is_writable(c))
		return;
	c->send_blocked = false; /* Linux: a third is free */
	tcp_tell(c);
	if (c->m)
		tcp_note_held(c);
}

static uint32_t notsent_lowat(const struct tcp_conn *c)
{
	uint32_t own = c->rare ? c->rare->opts.notsent_lowat : 0;
	return own ? own : tcp_stack(c->w->st)->conf.notsent_lowat;
}

static uint32_t unsent(const struct tcp_conn *c)
{
	return seq_lt(c->snd_nxt, c->snd_end) ? c->snd_end - c->snd_nxt : 0;
}

/* What each such costs beside its bytes (Linux: its descriptor, and the kilobyte that its headers and skb_shared_info lie in). */
static uint64_t buffered(const struct tcp_conn *c)
{
	enum { COST = 1280 };
	uint32_t held = c->snd_end - c->snd_una, goal = size_goal(c);
	return held + ((uint64_t)held + goal - 1) / goal * COST;
}

/* Linux: what is begun is filled; another one is begun when both limits say so. */
uint32_t tcp_may_take(const struct tcp_conn *c, uint32_t len)
{
	uint32_t goal = size_goal(c), there = unsent(c), open = open_batch(c),
		 tail = open && open < goal ? goal - open : 0;
	uint64_t have = buffered(c);
	if (have >= (uint64_t)c->sndbuf + goal) /* by what was lent */
		return 0;
	if (!tail && have < c->sndbuf && there < notsent_lowat(c))
		tail = goal;
	return MIN(tail, len);
}

/* Linux: sk_stream_is_writeable(): a third is free, and half the bytes that may wait to be sent. */
bool tcp_is_writable(const struct tcp_conn *c)
{
	return buffered(c) <= c->sndbuf - c->sndbuf / 3 && 2ULL * unsent(c) < notsent_lowat(c);
}

void tcp_end_write(struct tcp_conn *c)
{
	if (c->snd.last && seq_lt(c->snd_nxt, c->snd_end))
		c->snd.last->edge.tcp.push = true;
}

void tcp_end_record(struct tcp_conn *c)
{
	if (c->snd.last)
		c->snd.last->edge.tcp.last = c->records = true;
}

void tcp_drop_unsent(struct tcp_conn *c)
{
	if (c->noting)
		tcp_note_dropped(c);
	c->snd_hint = NULL;
	for (struct pkt *p; (p = tcp_queue_pop(&c->snd));) {
		tcp_let_go(c->w, l4_truesize(p));
		tcp_lent_is_lost(p);
		pkt_free(c->w->lc, p);
	}
	if (c->m)
		tcp_log_done(&c->m->log);
	c->snd_end = c->snd_una = c->snd_nxt;
}

/* How many of so many bytes from seq on belong to the first one's record, or (`batch`) batch. *ret_push: up to its end they are for
 * the reader to see. */
static uint32_t in_same(const struct tcp_conn *c, seq32 seq, uint32_t len, bool batch, bool *ret_push)
{
	const struct pkt *p = c->snd_hint;
	seq32 at = c->snd_hint_seq;
	if (!p || seq_lt(seq, at)) {
		p = c->snd.head;
		at = c->snd_first;
	}
	*ret_push = false;
	for (; p; at += p->len, p = p->next) {
		if (!seq_lt(seq, at + p->len) || (batch ? p->edge.tcp.goes_on : !p->edge.tcp.last))
			continue;
		uint32_t n = at + p->len - seq;
		*ret_push = n <= len && p->edge.tcp.push;
		return MIN(len, n);
	}
	return len;
}

static uint32_t in_record(const struct tcp_conn *c, seq32 seq, uint32_t len)
{
	bool push;
	return c->records ? in_same(c, seq, len, false, &push) : len;
}

/* Bytes [seq, seq + len) by reference; how many there is room for. */
static uint32_t append_bytes(struct tcp_conn *c, struct pkt *p, seq32 seq, uint32_t len)
{
	struct pkt *from = c->snd_hint;
	seq32 at = c->snd_hint_seq;
	uint32_t before = p->len;
	if (!from || seq_lt(seq, at)) {
		from = c->snd.head;
		at = c->snd_first;
	}
	while (from && len) {
		if (seq_le(at + from->len, seq)) {
			at += from->len;
			from = from->next;
			continue;
		}
		uint32_t off = seq - at, n = MIN(len, from->len - off);
		c->snd_hint = from;
		c->snd_hint_seq = at;
		if (!pkt_append_range(c->w->lc, p, from, off, n))
			break;
		seq += n;
		len -= n;
	}
	return p->len - before;
}

/* Makes and sends [seq, seq + len) with what follows from it. Returns how much of the sequence space went, 0: no buffer. */
static uint32_t send_as(struct tcp_conn *c, seq32 seq, uint32_t len, bool fin, bool push, uint32_t mss)
{
	struct tcp_out o;
	uint16_t flags = TCP_F_ACK;
	bool urgent = unlikely(c->rare != NULL) && tcp_is_urgent(c, seq);
	if (urgent && len > mss) { /* one by one: the pointer is each one's own */
		len = mss;
		fin = push = false;
	}
	if (push)
		flags |= TCP_F_PSH;
	fill(c, &o, fin ? flags | TCP_F_FIN : flags, seq, len && !seq_lt(seq, c->snd_nxt));
	mss -= o.n_opts - (c->ts_ok ? TCP_STAMP_BYTES : 0U); /* SACK blocks take the place of payload */
	struct pkt *p = tcp_begin(c->w, &o);
	if (!p)
		return 0;
	uint32_t hdr = p->len, put = append_bytes(c, p, seq, len);
	if (put != len) { /* too many pieces: whole segments, and the rest is another packet's */
		put = put > mss ? put - put % mss : put;
		struct tcp_hdr *h = pkt_l4(p);
		h->off_flags = be16_of(be16_get(h->off_flags) & (uint16_t) ~(TCP_F_FIN | TCP_F_PSH));
		fin = false;
		pkt_trim(c->w->lc, p, hdr + put);
		if (!put) {
			pkt_free(c->w->lc, p);
			return 0;
		}
	}
	if (urgent)
		tcp_put_urgent(c, p, seq);
	tcp_finish(c->w, &c->h.key, p, put, mss);
	uint32_t segs = put > mss ? (put + mss - 1) / mss : 1;
	c->m->segs_out += segs;
	c->m->data_out += put ? segs : 0;
	acked_all(c);
	return put + fin;
}

static uint32_t send_range(struct tcp_conn *c, seq32 seq, uint32_t len, bool fin, bool push)
{
	return send_as(c, seq, len, fin, push, c->mss);
}

/* --- what may leave --- */

/* Before what is under way counts it. */
static void note_sent(struct tcp_conn *c, uint32_t bytes)
{
	c->last_sent_us = c->w->lc->now_us;
	c->m->rate.lost = c->m->log.lost_ever;
	cc_rate_sent(&c->m->rate, (uint32_t)c->w->lc->now_us, tcp_in_flight(c), bytes);
	if (unlikely(c->paced))
		tcp_pace_sent(c, bytes);
}

static void count_again(struct tcp_conn *c, uint32_t len)
{
	uint32_t segs = (len + c->mss - 1) / c->mss;
	c->m->sent_again += segs;
	c->m->bytes_again += len;
	racy_add(tcp_worker(c->w)->counts[TCP_N_RETRANS_SEGS], segs);
}

static void note_again(struct tcp_conn *c, struct tcp_sent *t)
{
	uint32_t len = t->end - t->start;
	enum tcp_count how = c->repair == TCP_LOSS ? TCP_N_SLOW_START_RETRANS : TCP_N_FAST_RETRANS;
	note_sent(c, len);
	tcp_log_sent_again(&c->m->log, t, false, c->w->lc->now_us);
	tcp_undo_note_again(c, len);
	count_again(c, len);
	racy_add(tcp_worker(c->w)->counts[how], (len + c->mss - 1) / c->mss);
	if (t == tcp_log_at(&c->m->log, 0) && c->m->due != TCP_DUE_OVERTAKEN)
		c->m->rearm = true;
	tcp_count_prr_sent(c, len);
}

/* RFC 6675: what was lost. The FIN is a byte behind the last. */
bool tcp_send_again(struct tcp_conn *c, uint32_t max)
{
	max = MIN(max, c->m->tso_bytes);
	max = MAX(max - max % c->mss, (uint32_t)c->mss);
	struct tcp_sent *t = tcp_log_next_lost(&c->m->log, &c->w->st->mem, max);
	if (!t || (t->start != c->snd_una && seq_lt(c->snd_una + c->snd_wnd, t->end)))
		return false; /* Linux: the peer has no room for it any more */
	bool fin = c->fin_sent && t->end == c->snd_nxt;
	uint32_t len = t->end - t->start - fin, one = in_record(c, t->start, len);
	fin = fin && one == len;
	uint32_t sent =
		send_range(c, t->start, one, fin, one < len || one > c->mss || t->flags & TCP_SENT_PUSHED);
	if (!sent)
		return false;
	if (sent < t->end - t->start) {
		t = tcp_log_next_lost(&c->m->log, &c->w->st->mem, sent);
		if (!t || t->end - t->start != sent)
			return false;
	}
	note_again(c, t);
	return true;
}

bool tcp_send_tail(struct tcp_conn *c)
{
	struct tcp_sent *t = tcp_log_tail(&c->m->log, &c->w->st->mem);
	if (!t)
		return false;
	bool fin = c->fin_sent && t->end == c->snd_nxt;
	uint32_t len = t->end - t->start;
	if (send_range(c, t->start, len - fin, fin, len > fin) != len)
		return false;
	note_sent(c, len);
	tcp_log_sent_again(&c->m->log, t, true, c->w->lc->now_us);
	count_again(c, len);
	return true;
}

/* And it was not sent again. */
static bool has_lost(const struct tcp_conn *c)
{
	return c->m && c->m->log.waits;
}

static uint32_t room_in_cwnd(const struct tcp_conn *c)
{
	uint32_t flight = tcp_in_flight(c);
	return c->cc.cwnd > flight ? c->cc.cwnd - flight : 0;
}

static uint32_t room_in_window(const struct tcp_conn *c)
{
	uint32_t used = c->snd_nxt - c->snd_una;
	return c->snd_wnd > used ? c->snd_wnd - used : 0;
}

/* RFC 9293, 3.7.4, as Minshall would have it: one small segment may be under way. */
static bool nagle_waits(const struct tcp_conn *c, uint32_t len)
{
	if (len >= c->mss || (c->nodelay && !c->cork))
		return false;
	if (c->cork)
		return !c->fin_wanted;
	return c->small_out && seq_lt(c->snd_una, c->snd_small);
}

/* How much of what is there may leave as one packet now; 0: nothing. */
static uint32_t how_much(struct tcp_conn *c, uint32_t there, bool more)
{
	uint32_t cwnd = room_in_cwnd(c), wnd = room_in_window(c);
	uint32_t most = MIN(tcp_tso_most(c), size_goal(c));
	uint32_t fits = MIN(there, wnd), len = MIN(fits, most);
	c->cwnd_limited = cwnd < fits;
	if (cwnd < MIN(len, (uint32_t)c->mss))
		return 0;
	if (there > c->mss && tcp_tso_waits(c, there, MIN(cwnd, wnd), most))
		return 0;
	len = MIN(len, cwnd);
	if (len >= c->mss)
		return len < there || (!more && nagle_waits(c, len % c->mss ? len % c->mss : c->mss))
			       ? len - len % c->mss
			       : len;
	if (len < there) /* a part of a segment: 3.8.6.2.1 */
		return len >= c->max_wnd / 2 ? len : 0;
	return !more && nagle_waits(c, len) ? 0 : len;
}

static bool send_new(struct tcp_conn *c)
{
	uint32_t there = c->snd_end - c->snd_nxt;
	if ((!there && !c->fin_wanted) || c->fin_sent || !tcp_move(c))
		return false;
	bool push = false;
	uint32_t one = there ? in_same(c, c->snd_nxt, there, true, &push) : 0;
	uint32_t len = one ? how_much(c, one, one < there) : 0;
	bool ends = len && len == one && push;
	bool large = len > c->mss ||
		     (len && c->m->large_end == c->snd_nxt + len); /* Linux: their last segments, too */
	bool fin = c->fin_wanted && !c->fin_sent && len == there;
	if (!len && !(fin && !there))
		return false;
	struct mem_account *mem = &c->w->st->mem;
	uint64_t now = c->w->lc->now_us;
	if (!tcp_log_add(&c->m->log, mem, c->snd_nxt, c->snd_nxt + len + fin, c->mss, now))
		return false;
	uint32_t sent = send_range(c, c->snd_nxt, len, fin, ends || large);
	if (large && sent && sent < len) /* too many pieces; the rest comes next */
		c->m->large_end = c->snd_nxt + len;
	if (sent != len + fin)
		tcp_log_cut(&c->m->log, c->snd_nxt + sent);
	if (!sent)
		return false;
	if (ends)
		tcp_log_pushed(&c->m->log);
	if (sent % c->mss) {
		c->small_out = true;
		c->snd_small = c->snd_nxt + sent;
	}
	note_sent(c, sent);
	c->fin_sent |= fin && sent == len + fin;
	c->snd_nxt += sent;
	if (c->noting)
		tcp_note_sent(c);
	c->m->max_flight = MAX(c->m->max_flight, tcp_in_flight(c));
	tcp_count_prr_sent(c, sent);
	return true;
}

/* At most one segment, whatever the windows say of its size. */
static bool send_segment(struct tcp_conn *c, bool push)
{
	bool ends;
	uint32_t there = in_same(c, c->snd_nxt, c->snd_end - c->snd_nxt, true, &ends),
		 room = MIN(room_in_window(c), (uint32_t)c->mss);
	uint32_t len = MIN(there, room);
	uint64_t now = c->w->lc->now_us;
	if (!len || !tcp_move(c) ||
	    !tcp_log_add(&c->m->log, &c->w->st->mem, c->snd_nxt, c->snd_nxt + len, c->mss, now))
		return false;
	uint32_t sent = send_range(c, c->snd_nxt, len, false, push || (ends && len == there));
	tcp_log_cut(&c->m->log, c->snd_nxt + sent);
	note_sent(c, sent);
	c->snd_nxt += sent;
	if (c->noting)
		tcp_note_sent(c);
	c->last_sent_us = now;
	return sent != 0;
}

bool tcp_send_whole(struct tcp_conn *c, uint32_t len)
{
	uint64_t now = c->w->lc->now_us;
	if (!tcp_log_add(&c->m->log, &c->w->st->mem, c->snd_nxt, c->snd_nxt + len, len, now))
		return false;
	uint32_t sent = send_as(c, c->snd_nxt, len, false, false, len);
	tcp_log_cut(&c->m->log, c->snd_nxt + sent);
	note_sent(c, sent);
	c->snd_nxt += sent;
	if (c->noting)
		tcp_note_sent(c);
	return sent == len;
}

/* RFC 9293, 3.8.6.2.1, (4): the override of silly-window avoidance. */
bool tcp_push_window(struct tcp_conn *c)
{
	return send_segment(c, true);
}

bool tcp_send_one(struct tcp_conn *c)
{
	uint32_t there = c->snd_end - c->snd_nxt;
	return there && room_in_window(c) >= MIN(there, (uint32_t)c->mss) && send_segment(c, false);
}

bool tcp_may_send_new(const struct tcp_conn *c)
{
	bool there = c->snd_end != c->snd_nxt || c->fin_wanted;
	return there && !c->fin_sent && room_in_window(c);
}

/* RFC 5681, 4.1: after a pause nobody knows what the path holds. */
static void restart_idle(struct tcp_conn *c)
{
	bool idle = c->snd_nxt == c->snd_una && c->snd_end != c->snd_nxt && c->last_sent_us;
	if (idle && c->cc.ops->resume)
		c->cc.ops->resume(&c->cc, c->w->lc->now_us, c->w->lc->now_us - c->last_sent_us);
	if (!idle || c->cc.ops->flags & CC_OWNS_WINDOW || !tcp_stack(c->w->st)->conf.idle_restart ||
	    c->w->lc->now_us - c->last_sent_us < c->rto_us)
		return;
	c->cc.cwnd = MIN(c->cc.cwnd, tcp_initial_window(c));
	if (c->cc.ops->restart)
		c->cc.ops->restart(&c->cc);
}

/* RFC 6675, 4: NextSeg(), rule 3, when there is nothing better to do with what PRR lets out. */
static bool may_be_lost(struct tcp_conn *c)
{
	return c->repair == TCP_RECOVERY && c->m && c->sack_ok && !tcp_has_rack(c) && !c->m->log.waits &&
	       room_in_cwnd(c) >= c->mss && tcp_log_lose_hole(&c->m->log, &c->w->st->mem, c->mss);
}

/* Pacing: for the next departure. Then it is not the window that holds back. */
static bool must_wait(struct tcp_conn *c)
{
	if (likely(!c->paced))
		return false;
	if (!tcp_pace_waits(c))
		return false;
	c->cwnd_limited = false;
	return true;
}

/* What is lost, as far as the window reaches. */
static bool repair_some(struct tcp_conn *c)
{
	bool any = false;
	while (has_lost(c) && !c->m->hold && !must_wait(c) && room_in_cwnd(c) >= MIN(c->mss, c->cc.cwnd) &&
	       tcp_send_again(c, room_in_cwnd(c)))
		any = true;
	while (may_be_lost(c) && !must_wait(c) && tcp_send_again(c, c->mss))
		any = true;
	return any;
}

static bool send_some(struct tcp_conn *c)
{
	bool any = false;
	if (unlikely(c->mtu_search) && tcp_move(c) && !has_lost(c)) {
		enum tcp_probed p = tcp_mtu_try(c);
		if (p == TCP_PROBED_WAITS)
			return false;
		any = p == TCP_PROBED;
	}
	while ((!has_lost(c) || c->m->hold || c->m->new_first) && !must_wait(c) && send_new(c))
		any = true;
	return any;
}

/* RFC 5682, 3.1, step 2.b: new data first, and if there is none, what is lost after all. */
static bool ask_by_new(struct tcp_conn *c)
{
	send_some(c);
	if (c->m->recover != c->snd_nxt)
		return true;
	c->m->frto = c->m->new_first = false;
	return repair_some(c);
}

static void arm_after(struct tcp_conn *c, bool was_idle, bool again, bool fresh)
{
	struct tcp_motion *m = c->m;
	if (c->fast) /* Linux: before the open is over its answer alone is sent again */
		return;
	if (again && m->rearm)
		m->due = TCP_DUE_TIMEOUT;
	else if (fresh && m->due != TCP_DUE_OVERTAKEN && tcp_tlp_arm(c, false))
		return;
	else if (tcp_timer_runs(c, TCP_TIMER_RETRANSMIT) && !was_idle &&
		 !(m && m->due == TCP_DUE_PROBE && fresh))
		return;
	if (m)
		m->rearm = false;
	tcp_arm_retransmit(c);
}

void tcp_output(struct tcp_conn *c)
{
	bool again = false, fresh = false, was_idle = c->snd_una == c->snd_nxt;
	if (tcp_states[c->h.state].sends || unlikely(c->fast)) {
		restart_idle(c);
		if (c->m && c->m->new_first) {
			fresh = ask_by_new(c);
		} else {
			again = has_lost(c) && repair_some(c);
			fresh = send_some(c);
			again |= !fresh && repair_some(c);
		}
		if (again || fresh)
			c->last_sent_us = c->w->lc->now_us;
		if (again || fresh || !tcp_timer_runs(c, TCP_TIMER_RETRANSMIT))
			arm_after(c, was_idle, again, fresh);
	}
	if ((again || fresh) && !c->pingpong && c->ato_us && c->w->lc->now_us - c->heard_us < c->ato_us)
		c->pingpong = true; /* Linux: an answer, so acks may go with answers */
	if (c->ack_now)
		tcp_send_ack(c);
	if (c->m)
		tcp_note_held(c);
}
