/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what comes in order goes behind the receive queue, packet by packet, as it came; where its payload lies is
 * noted in its edge. What comes too early goes into one list ordered by sequence number, and an array of islands, the ranges without
 * holes in that list: where a segment belongs is found by halving, and what it overlaps is cut off or let go. When the first hole
 * closes, its island moves to the receive queue as a whole. The islands are what SACK blocks tell (RFC 2018), the one that changed
 * last first; what came twice is told once (RFC 2883).
 *
 * How much may come is said in space.c. When more memory is held than that, what is in order moves together into full pages, and then
 * what came early goes, the latest first, as if it had never come: it was not acknowledged but by SACK, which a peer must not
 * take for more (RFC 2018, 8). */
#include "tcp/tcp_internal.h"

/* --- held packets --- */

static void pin(struct pkt *p, const struct tcp_seg *s)
{
	p->edge.tcp.seq = s->seq;
	p->edge.tcp.end = s->seq + s->len;
	p->edge.tcp.off = (uint16_t)(p->l4_off - p->headroom + s->hdr_len);
}

/* Bytes in front of `seq` and from `end` on are not wanted. */
static void cut(struct tcp_conn *c, struct pkt *p, seq32 seq, seq32 end)
{
	if (seq_lt(p->edge.tcp.seq, seq)) {
		p->edge.tcp.off = (uint16_t)(p->edge.tcp.off + (seq - p->edge.tcp.seq));
		p->edge.tcp.seq = seq;
	}
	if (seq_lt(end, p->edge.tcp.end)) {
		p->edge.tcp.end = end;
		pkt_trim(c->w->lc, p, p->edge.tcp.off + (end - p->edge.tcp.seq));
	}
}

/* Small ones move in with the one before, whose buffer has room: many small segments would fill the memory long before the window. */
static bool move_in(struct tcp_conn *c, struct pkt *to, struct pkt *p)
{
	uint32_t len = p->edge.tcp.end - p->edge.tcp.seq;
	if (!to || to->n_frags || to->buf->refs != 1 || to->buf->home != c->w->lc->id ||
	    len > to->buf->size - to->headroom - to->head_len)
		return false;
	struct cursor cur = pkt_cursor(p);
	if (!cur_skip(&cur, p->edge.tcp.off) || !cur_copy(&cur, to->data + to->head_len, len))
		return false;
	to->head_len += len;
	to->len += len;
	to->edge.tcp.end += len;
	pkt_free(c->w->lc, p);
	return true;
}

enum { SMALL = 512 };

/* A few bytes that hold a page: into a packet of their own, for more to move in. */
static struct pkt *slim(struct tcp_conn *c, struct pkt *p)
{
	uint32_t len = p->edge.tcp.end - p->edge.tcp.seq;
	uint8_t bytes[SMALL];
	struct cursor cur = pkt_cursor(p);
	if (!p->n_frags || len > SMALL || !cur_skip(&cur, p->edge.tcp.off) || !cur_copy(&cur, bytes, len))
		return p;
	struct pkt *q = pkt_new(c->w->lc);
	if (!q || !pkt_append(c->w->lc, q, bytes, len)) {
		if (q)
			pkt_free(c->w->lc, q);
		return p;
	}
	q->edge = p->edge;
	q->edge.tcp.off = 0;
	pkt_free(c->w->lc, p);
	return q;
}

static void append(struct tcp_conn *c, struct pkt *p)
{
	c->rcv_nxt = p->edge.tcp.end;
	if (move_in(c, c->rcv.last, p))
		return;
	p = slim(c, p);
	c->rcv_bytes += l4_truesize(p);
	tcp_hold(c->w, l4_truesize(p));
	tcp_queue_push(&c->rcv, p);
}

/* --- islands --- */

static struct tcp_ofo *grow(struct tcp_conn *c)
{
	struct tcp_ofo *o = c->ofo;
	unsigned room = o ? o->room * 2U : 8;
	if (o && o->n < o->room)
		return o;
	if (room > TCP_ISLANDS_MAX)
		return NULL;
	o = mem_resize(&c->w->st->mem, o, sizeof *o + room * sizeof o->at[0]);
	if (!o)
		return NULL;
	o->room = (uint16_t)room;
	return c->ofo = o;
}

/* The first island that ends at or behind s; n: none. */
static unsigned island_of(const struct tcp_ofo *o, seq32 s)
{
	unsigned lo = 0, hi = o->n;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		if (seq_lt(o->at[mid].end, s))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void link_after(struct tcp_ofo *o, struct pkt *prev, struct pkt *p)
{
	struct pkt **at = prev ? &prev->next : &o->head;
	p->next = *at;
	*at = p;
}

static void remove_island(struct tcp_ofo *o, unsigned i)
{
	memmove(&o->at[i], &o->at[i + 1], (o->n - i - 1U) * sizeof o->at[0]);
	o->n--;
}

static void forget_early(struct tcp_conn *c, const struct pkt *p)
{
	c->ofo->bytes -= l4_truesize(p);
	tcp_let_go(c->w, l4_truesize(p));
}

/* Island i with all its packets, of which a larger segment makes nothing new. */
static void free_island(struct tcp_conn *c, unsigned i)
{
	struct tcp_ofo *o = c->ofo;
	struct pkt **from = i ? &o->at[i - 1].last->next : &o->head, *last = o->at[i].last;
	for (bool more = true; more;) {
		struct pkt *p = *from;
		more = p != last;
		*from = p->next;
		forget_early(c, p);
		pkt_free(c->w->lc, p);
	}
	remove_island(o, i);
}

/* Behind i, or in front of it (it begins where p ends). */
static void widen(struct tcp_ofo *o, unsigned i, struct pkt *p)
{
	struct tcp_island *at = &o->at[i];
	if (p->edge.tcp.seq == at->end) {
		link_after(o, at->last, p);
		at->end = p->edge.tcp.end;
		at->last = p;
		if (i + 1U < o->n && o->at[i + 1].start == at->end) {
			at->end = o->at[i + 1].end;
			at->last = o->at[i + 1].last;
			remove_island(o, i + 1);
		}
		return;
	}
	link_after(o, i ? o->at[i - 1].last : NULL, p);
	at->start = p->edge.tcp.seq;
}

/* A small one moves in with the last of an island that it does not join to the next. */
static bool merge(struct tcp_conn *c, unsigned i, struct pkt *p)
{
	struct tcp_ofo *o = c->ofo;
	seq32 end = p->edge.tcp.end;
	if ((i + 1U < o->n && o->at[i + 1].start == end) || !move_in(c, o->at[i].last, p))
		return false;
	o->at[i].end = end;
	tcp_count(c->w, TCP_N_OFO_MERGE);
	return true;
}

static void make_island(struct tcp_ofo *o, unsigned i, struct pkt *p)
{
	link_after(o, i ? o->at[i - 1].last : NULL, p);
	memmove(&o->at[i + 1], &o->at[i], (o->n - i) * sizeof o->at[0]);
	o->at[i] = (struct tcp_island){ p->edge.tcp.seq, p->edge.tcp.end, p };
	o->n++;
}

static void note_recent(struct tcp_ofo *o, seq32 seq)
{
	memmove(o->recent + 1, o->recent, sizeof o->recent - sizeof o->recent[0]);
	o->recent[0] = seq;
	o->n_recent = (uint8_t)MIN(o->n_recent + 1, TCP_SACK_MAX);
}

/* RFC 2883, 4: what came twice, or was acknowledged already. */
static void tell_twice(struct tcp_conn *c, seq32 start, seq32 end)
{
	if (!c->sack_ok || c->dsack_due || !racy_get(tcp_stack(c->w->st)->conf.dsack))
		return;
	tcp_count(c->w, seq_le(end, c->rcv_nxt) ? TCP_N_DSACK_OLD_SENT : TCP_N_DSACK_OFO_SENT);
	c->dsack = (struct tcp_range){ start, end };
	c->dsack_due = true;
}

/* p, which begins behind rcv_nxt, finds its place. */
static enum drop put_early(struct tcp_conn *c, struct pkt *p)
{
	struct tcp_ofo *o = grow(c);
	if (!o)
		return DROP_TCP_HOLES;
	unsigned i = island_of(o, p->edge.tcp.seq);
	if (i < o->n && seq_le(o->at[i].start, p->edge.tcp.seq)) {
		if (seq_le(p->edge.tcp.end, o->at[i].end)) {
			tell_twice(c, p->edge.tcp.seq, p->edge.tcp.end);
			note_recent(o, o->at[i].start);
			return DROP_TCP_DUPLICATE;
		}
		if (o->at[i].end != p->edge.tcp.seq)
			tell_twice(c, p->edge.tcp.seq, o->at[i].end);
		cut(c, p, o->at[i].end, p->edge.tcp.end);
	}
	unsigned next = i < o->n && seq_le(o->at[i].start, p->edge.tcp.seq) ? i + 1 : i;
	while (next < o->n && seq_lt(p->edge.tcp.seq, o->at[next].start) &&
	       seq_le(o->at[next].end, p->edge.tcp.end)) {
		tell_twice(c, o->at[next].start, o->at[next].end);
		free_island(c, next);
	}
	if (next < o->n && seq_lt(o->at[next].start, p->edge.tcp.end)) {
		tell_twice(c, o->at[next].start, p->edge.tcp.end);
		cut(c, p, p->edge.tcp.seq, o->at[next].start);
	}
	note_recent(o, p->edge.tcp.seq);
	tcp_space_early(c, p->edge.tcp.end - p->edge.tcp.seq, l4_truesize(p));
	tcp_count(c->w, TCP_N_OFO_QUEUE);
	if (c->m)
		c->m->early++;
	if (i < o->n && o->at[i].end == p->edge.tcp.seq && merge(c, i, p))
		return DROP_NONE;
	p = slim(c, p);
	o->bytes += l4_truesize(p);
	tcp_hold(c->w, l4_truesize(p));
	if (i < o->n && o->at[i].end == p->edge.tcp.seq)
		widen(o, i, p);
	else if (next < o->n && o->at[next].start == p->edge.tcp.end)
		widen(o, next, p);
	else
		make_island(o, next, p);
	return DROP_NONE;
}

/* The first hole is closed as far as rcv_nxt: what follows is in order now. */
static void join_islands(struct tcp_conn *c)
{
	struct tcp_ofo *o = c->ofo;
	while (o && o->n && seq_le(o->at[0].start, c->rcv_nxt)) {
		struct pkt *last = o->at[0].last;
		for (bool more = true; more;) {
			struct pkt *p = o->head;
			more = p != last;
			o->head = p->next;
			forget_early(c, p);
			if (seq_le(p->edge.tcp.end, c->rcv_nxt)) {
				pkt_free(c->w->lc, p);
				continue;
			}
			cut(c, p, c->rcv_nxt, p->edge.tcp.end);
			append(c, p);
		}
		remove_island(o, 0);
	}
	if (o && !o->n) {
		mem_free(o);
		c->ofo = NULL;
	}
}

/* --- SACK blocks --- */

static uint8_t *put_block(uint8_t *to, seq32 start, seq32 end)
{
	const be32 b[2] = { be32_of(start), be32_of(end) };
	memcpy(to, b, sizeof b);
	return to + sizeof b;
}

/* RFC 2018, 4: the island that the last segment went to, then those told last. */
static unsigned pick_blocks(const struct tcp_ofo *o, unsigned room, unsigned *ret)
{
	unsigned n = 0;
	for (unsigned r = 0; o && r < o->n_recent && n < room; r++) {
		unsigned i = island_of(o, o->recent[r] + 1), k = 0;
		while (k < n && ret[k] != i)
			k++;
		if (k == n && i < o->n && seq_le(o->at[i].start, o->recent[r]))
			ret[n++] = i;
	}
	return n;
}

uint8_t tcp_put_sacks(struct tcp_conn *c, uint8_t *opts, uint8_t room)
{
	unsigned blocks = room >= 12 ? (room - 4U) / 8 : 0, which[TCP_SACK_MAX] = { 0 };
	blocks = MIN(blocks, (unsigned)TCP_SACK_MAX);
	uint8_t *at = opts + 4;
	if (c->dsack_due && blocks) {
		at = put_block(at, c->dsack.start, c->dsack.end);
		blocks--;
	}
	unsigned n = pick_blocks(c->ofo, blocks, which);
	for (unsigned i = 0; i < n; i++)
		at = put_block(at, c->ofo->at[which[i]].start, c->ofo->at[which[i]].end);
	c->dsack_due = false;
	if (at == opts + 4)
		return 0;
	memcpy(opts, (const uint8_t[]){ TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK, (uint8_t)(at - opts - 2) },
	       4);
	return (uint8_t)(at - opts);
}

/* --- when to acknowledge --- */

static void be_quick(struct tcp_conn *c)
{
	uint32_t n = c->rcv_wnd / (2U * MAX(c->rcv_mss, 1));
	c->quick = (uint8_t)MIN(n ? n : 2, (uint32_t)TCP_QUICK_ACKS);
}

/* How far apart the peer's segments are (Linux: tcp_event_data_recv()). */
static void note_data(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint64_t now = c->w->lc->now_us, gap = now - c->last_data_us;
	uint32_t seg = s->p->gso_size ? s->p->gso_size : s->len;
	if (seg >= c->rcv_mss)
		c->rcv_mss = (uint16_t)MIN(seg, (uint32_t)UINT16_MAX);
	if (!c->ato_us) {
		be_quick(c);
		c->ato_us = TCP_DELACK_US;
	} else if (gap <= TCP_DELACK_US / 2) {
		c->ato_us = c->ato_us / 2 + TCP_DELACK_US / 2;
	} else if (gap < c->ato_us) {
		c->ato_us = MIN((uint32_t)(c->ato_us / 2 + gap), c->rto_us);
	} else if (gap > c->rto_us) {
		be_quick(c);
	}
	c->last_data_us = now;
	tcp_space_data(c, s, l4_truesize(s->p));
}

static void ack_in_time(struct tcp_conn *c)
{
	uint32_t ato = c->ato_us, most = c->pingpong ? TCP_DELACK_MAX_US : 500000;
	if (c->srtt_us)
		most = MIN(most, MAX(c->srtt_us, (uint32_t)TCP_DELACK_US));
	if (unlikely(tcp_rto_min_us(c) < TCP_RTO_MIN_US)) /* Linux: so the peer's is likely to be as short */
		most = MIN(most, tcp_rto_min_us(c) - 1000);
	c->ack_later = true;
	if (!tcp_timer_runs(c, TCP_TIMER_DELACK))
		tcp_set_timer(c, TCP_TIMER_DELACK, MIN(ato, most));
}

/* RFC 9293, 3.8.6.3: at least every second full segment; RFC 5681, 4.2: at once what is out of order. */
static void schedule_ack(struct tcp_conn *c)
{
	bool two = c->rcv_nxt - c->rcv_wup > c->rcv_mss && tcp_choose_window(c) >= tcp_window_left(c);
	if (two || c->quickack || (c->quick && !c->pingpong) || c->ofo || c->dsack_due)
		c->ack_now = true;
	else
		ack_in_time(c);
}

/* --- less memory --- */

/* Is at least half of what it holds payload? */
static bool is_full(const struct pkt *p)
{
	return 2 * (p->edge.tcp.end - p->edge.tcp.seq) >= l4_truesize(p);
}

static struct pkt *roomy(struct tcp_conn *c, struct tcp_queue *q, seq32 seq)
{
	struct pkt *p = pkt_new(c->w->lc);
	if (!p)
		return NULL;
	p->edge.tcp.seq = p->edge.tcp.end = seq;
	p->edge.tcp.off = 0;
	tcp_queue_push(q, p);
	return p;
}

/* The payload of p into the last of q, and fresh ones behind it. False: no buffer; what has been copied stands in q. */
static bool pour(struct tcp_conn *c, struct tcp_queue *q, struct pkt *to, struct pkt *p)
{
	struct cursor cur = pkt_cursor(p);
	uint32_t n;
	if (!cur_skip(&cur, p->edge.tcp.off))
		return false;
	for (const uint8_t *run; (run = cur_run(&cur, &n));) {
		while (n) {
			uint32_t put = to ? tcp_fill_pkt(c->w->lc, to, run, n) : 0;
			if (!put && !(to = roomy(c, q, p->edge.tcp.seq)))
				return false;
			run += put;
			n -= put;
			to->edge.tcp.end += put;
			p->edge.tcp.seq += put;
			p->edge.tcp.off = (uint16_t)(p->edge.tcp.off + put);
		}
	}
	return true;
}

/* What waits to be read moves together into full pages (Linux: tcp_collapse()). */
static void collapse(struct tcp_conn *c)
{
	struct tcp_queue old = c->rcv, fresh = { 0 };
	struct pkt *to = NULL;
	tcp_let_go(c->w, c->rcv_bytes);
	for (struct pkt *p; (p = tcp_queue_pop(&old));) {
		if (!is_full(p) && pour(c, &fresh, to, p)) {
			to = fresh.last;
			pkt_free(c->w->lc, p);
			tcp_count(c->w, TCP_N_RCV_COLLAPSED);
			continue;
		}
		tcp_queue_push(&fresh, p);
		to = NULL;
	}
	c->rcv = fresh;
	c->rcv_bytes = 0;
	for (const struct pkt *p = fresh.head; p; p = p->next)
		c->rcv_bytes += l4_truesize(p);
	tcp_hold(c->w, c->rcv_bytes);
}

bool tcp_prune(struct tcp_conn *c)
{
	bool any = c->ofo && c->ofo->n;
	while (c->ofo && c->ofo->n) {
		free_island(c, c->ofo->n - 1U);
		if (tcp_rcv_held(c) <= c->rcvbuf - c->rcvbuf / 8 && tcp_may_hold(c, tcp_rcv_held(c), 0))
			break;
	}
	if (any) {
		c->ofo->n_recent = 0; /* Linux: what SACK blocks told is taken back */
		tcp_count(c->w, TCP_N_OFO_PRUNED);
	}
	return any;
}

static bool fits(const struct tcp_conn *c)
{
	return tcp_rcv_held(c) <= c->rcvbuf &&
	       tcp_may_hold(c, tcp_rcv_held(c), racy_get(tcp_stack(c->w->st)->conf.rmem[0]));
}

/* Linux: tcp_prune_queue() */
static bool make_room(struct tcp_conn *c)
{
	tcp_count(c->w, TCP_N_PRUNE_CALLED);
	if (tcp_rcv_held(c) > c->rcvbuf)
		tcp_clamp_window(c);
	if (!fits(c))
		collapse(c);
	if (!fits(c))
		tcp_prune(c);
	if (fits(c))
		return true;
	tcp_count(c->w, TCP_N_RCV_PRUNED);
	return false;
}

/* --- a segment --- */

/* Linux: one in order, when nothing waits, is always taken, so that there is something to go on with. */
static bool has_room(struct tcp_conn *c, bool in_order)
{
	return likely(fits(c)) || (in_order && !c->rcv.head) || make_room(c);
}

static enum drop in_order(struct tcp_conn *c, struct tcp_seg *s)
{
	bool was_empty = !c->rcv.head;
	struct pkt *p = s->p;
	s->p = NULL;
	append(c, p);
	join_islands(c);
	bool tell = was_empty || c->rcv_nxt - c->rcv_read >= c->rcv_wnd / 2;
	if (unlikely(c->rare && c->rare->opts.rcvlowat > 1))
		tell = tcp_is_enough(c);
	if (tell)
		tcp_tell(c);
	return DROP_NONE;
}

enum drop tcp_receive(struct tcp_conn *c, struct tcp_seg *s)
{
	seq32 end = s->seq + s->len, edge = c->rcv_nxt + tcp_window_left(c);
	if (seq_le(end, c->rcv_nxt)) { /* all of it is old */
		tell_twice(c, s->seq, end);
		be_quick(c);
		c->ack_now = true;
		return DROP_TCP_DUPLICATE;
	}
	bool next = seq_le(s->seq, c->rcv_nxt);
	if (seq_le(edge, s->seq) || !has_room(c, next)) {
		c->ack_now = true;
		tcp_count(c->w, edge == c->rcv_nxt ? TCP_N_ZERO_WINDOW_DROP
				: next             ? TCP_N_RCV_Q_DROP
						   : TCP_N_OFO_DROP);
		return DROP_SOCK_RCVBUF;
	}
	if (unlikely(c->ecn_ok))
		tcp_ecn_data(c, s);
	tcp_move(c);
	c->fast_data = true;
	note_data(c, s);
	pin(s->p, s);
	if (seq_lt(s->seq, c->rcv_nxt))
		tell_twice(c, s->seq, c->rcv_nxt);
	cut(c, s->p, c->rcv_nxt, edge);
	if (seq_lt(edge, end))
		s->flags &= (uint16_t)~TCP_F_FIN; /* it lies beyond the window */
	enum drop why;
	if (s->p->edge.tcp.seq == c->rcv_nxt) {
		why = in_order(c, s);
	} else {
		be_quick(c);
		why = put_early(c, s->p);
		if (!why)
			s->p = NULL;
	}
	schedule_ack(c);
	return why;
}

bool tcp_put_back(struct tcp_conn *c, seq32 seq, const uint8_t *bytes, uint32_t len)
{
	struct lcore *lc = c->w->lc;
	struct pkt *p = pkt_new(lc);
	uint32_t done = 0, n = 1;
	while (p && done < len && n)
		done += n = tcp_fill_pkt(lc, p, bytes + done, len - done);
	bool ok = p && done == len && len && !seq_lt(seq, c->rcv_nxt);
	if (ok) {
		p->edge.tcp.seq = seq;
		p->edge.tcp.end = seq + len;
		p->edge.tcp.off = 0;
	}
	if (ok && seq == c->rcv_nxt)
		append(c, p);
	else if (p && (!ok || put_early(c, p)))
		pkt_free(lc, p);
	return ok;
}

void tcp_drop_received(struct tcp_conn *c)
{
	tcp_let_go(c->w, tcp_rcv_held(c));
	for (struct pkt *p; (p = tcp_queue_pop(&c->rcv));)
		pkt_free(c->w->lc, p);
	c->rcv_bytes = 0;
	for (struct pkt *p; c->ofo && (p = c->ofo->head);) {
		c->ofo->head = p->next;
		pkt_free(c->w->lc, p);
	}
	mem_free(c->ofo);
	c->ofo = NULL;
}
