/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a SYN to a listener makes a request, a small object in the table of the flow's worker, and is answered. The
 * ACK of that answer makes a connection of it, which goes into the queue of that worker, from where accept() takes it. So a listener
 * is no place where workers meet: they read it, and each has a queue of its own. The backlog bounds the sum of what is ready, and
 * that of what is half open; each worker reads the others' numbers, which may be a little old.
 *
 * Under a flood there are as many requests as the backlog allows, and no more: further calls are answered with a cookie (cookie.c) and
 * forgotten, or, with tcp_syncookies 0, dropped. While more than half the room is taken requests that are not answered go sooner
 * (Linux: reqsk_timer_handler()). When nobody accepts, the last ACK of an open is dropped and its request stays, so the peer asks
 * again. */
#include "net/l3.h"
#include "tcp/cookie.h"
#include "tcp/tcp_internal.h"

/* --- how full it is --- */

struct fill {
	uint32_t ready, half, young;
};

static struct fill fill_of(const struct tcp_listener *l, unsigned n_workers)
{
	struct fill f = { 0 };
	for (unsigned i = 0; i < n_workers; i++) {
		f.ready += racy_get(l->of[i].n_ready);
		f.half += racy_get(l->of[i].n_half);
		f.young += racy_get(l->of[i].n_young);
	}
	return f;
}

/* Linux: one more than the backlog. */
static bool queue_is_full(const struct tcp_listener *l, const struct worker *w)
{
	return fill_of(l, w->st->n_workers).ready > l->backlog;
}

static enum drop overflow(struct worker *w)
{
	tcp_count(w, TCP_N_LISTEN_OVERFLOWS);
	tcp_count(w, TCP_N_LISTEN_DROPS);
	return DROP_TCP_BACKLOG;
}

/* --- requests --- */

static struct tcp_out out_of(const struct tcp_request *r, uint16_t flags)
{
	return (struct tcp_out){ .key = &r->h.key,
				 .ip = { .tos = r->tos,
					 .ttl = r->ttl,
					 .df = r->df,
					 .out_if = r->h.out_if,
					 .mark = r->mark,
					 .uid = r->uid },
				 .flags = flags,
				 .seq = r->iss,
				 .ack = r->rcv_nxt,
				 .win = (uint16_t)MIN(r->rcv_wnd, (uint32_t)UINT16_MAX) };
}

static void send_synack_with(struct tcp_request *r, uint32_t stamp, const struct tcp_fast_cookie *ck)
{
	struct tcp_out o = out_of(r, TCP_F_SYN | TCP_F_ACK | (r->ecn_ok ? TCP_F_ECE : 0));
	const uint32_t stamps[2] = { stamp, r->ts_recent };
	o.n_opts = tcp_put_syn_options(o.opts, r->mss_told, r->sack_ok, r->ts_ok ? stamps : NULL,
				       r->wscale_ok ? r->rcv_wscale : -1);
	if (ck)
		o.n_opts = (uint8_t)(o.n_opts + tcp_put_fast_cookie(o.opts + o.n_opts,
								    (uint8_t)(sizeof o.opts - o.n_opts), ck));
	tcp_send_bare(r->w, &o);
}

void tcp_request_answer(struct tcp_request *r, const struct tcp_fast_cookie *ck)
{
	send_synack_with(r, tcp_now_stamp(r->w, r->ts_off), ck);
}

static struct tcp_backlog *backlog_of(const struct tcp_request *r)
{
	return &r->l->of[r->w->index];
}

void tcp_request_free(struct tcp_request *r)
{
	struct tcp_backlog *b = backlog_of(r);
	lcore_timer_stop(r->w->lc, &r->timer);
	tcp_leave_table(r->w, &r->h);
	list_remove(&r->link);
	racy_add(b->n_half, -1U);
	if (!r->timeouts)
		racy_add(b->n_young, -1U);
	slab_free_at(r, sizeof *r, r->h.place);
}

/* Half the room is for the young: the more old ones there are, the sooner they go. */
static unsigned patience(const struct tcp_request *r)
{
	unsigned syncnt = tcp_sock_of(r->l->end)->opts->syn_retries,
		 most = syncnt ? syncnt : racy_get(tcp_stack(r->w->st)->conf.synack_retries);
	struct fill f = fill_of(r->l, r->w->st->n_workers);
	if (f.half * 2 <= MAX(8U, r->l->backlog))
		return most;
	for (uint64_t young = f.young * 2ULL; most > 2 && f.half >= young; young *= 2)
		most--;
	return most;
}

uint64_t tcp_request_timeout_us(const struct tcp_request *r)
{
	uint64_t us = (uint64_t)TCP_RTO_FIRST_US << MIN(r->timeouts, 30);
	return MIN(us, (uint64_t)TCP_RTO_MAX_US);
}

static void request_timeout(struct lcore *lc, struct timer *t)
{
	struct tcp_request *r = container_of(t, struct tcp_request, timer);
	struct worker *w = r->w;
	unsigned defer = tcp_sock_of(r->l->end)->opts->defer_accept, most = patience(r);
	bool waits = r->acked && r->timeouts < defer; /* TCP_DEFER_ACCEPT: for his data */
	tcp_count(w, TCP_N_TIMEOUTS);
	if (r->timeouts >= most && !waits) {
		tcp_count(w, TCP_N_ATTEMPT_FAILS);
		tcp_request_free(r);
		return;
	}
	if (!r->timeouts)
		racy_add(backlog_of(r)->n_young, -1U);
	if (!r->acked || r->timeouts + 1U >= defer) {
		r->retries++;
		tcp_request_answer(r, NULL);
		tcp_count(w, TCP_N_RETRANS_SEGS);
	}
	r->timeouts++;
	lcore_timer_in(lc, &r->timer, tcp_request_timeout_us(r));
	graph_run(w);
}

/* --- a SYN --- */

static void agree(struct tcp_request *r, const struct tcp_seg *s, const struct tcp_path *path)
{
	const struct tcp_conf *f = &tcp_stack(r->w->st)->conf;
	const struct tcp_opts *o = tcp_sock_of(r->l->end)->opts;
	r->pmtu = (uint16_t)MIN(path->mtu, (uint32_t)UINT16_MAX);
	r->mss_told = path->metrics.advmss ? path->metrics.advmss : tcp_mss_of_mtu(&r->h.key, r->pmtu);
	r->by_route = tcp_are_for_life(&path->metrics);
	if (o->mss)
		r->mss_told = MIN(r->mss_told, o->mss);
	r->peer_mss = s->mss ? s->mss : tcp_is6(&r->h.key) ? TCP_MSS_UNSAID6 : TCP_MSS_UNSAID;
	r->ts_ok = s->has_ts && f->stamps;
	r->sack_ok = s->sack_ok && f->sack;
	r->ecn_ok = tcp_ecn_agrees(r->w->st, path->ecn, o->cc ? o->cc : tcp_default_cc(r->w->st), s);
	r->wscale_ok = s->wscale >= 0 && f->wscale;
	r->snd_wscale = r->wscale_ok ? (uint8_t)s->wscale : 0;
	r->ts_recent = s->ts_val;
	const struct tcp_first first = { .rcvbuf = o->rcvbuf,
					 .mss = r->mss_told,
					 .clamp = o->window_clamp ? o->window_clamp : path->metrics.window,
					 .initrwnd = path->metrics.initrwnd,
					 .wscale = r->wscale_ok };
	tcp_first_window(r->w->st, &first, &r->rcv_wnd, &r->rcv_wscale);
}

static void fill_ip(struct tcp_request *r, const struct tcp_path *path)
{
	const struct l4_opts *o = r->l->end->opt;
	bool is6 = tcp_is6(&r->h.key);
	int hops = is6 ? o->hops : o->ttl;
	r->tos = is6 ? o->tclass : o->tos;
	r->ttl = hops < 0 ? path->hops : (uint8_t)hops;
	r->df = is6 || o->pmtudisc4 != IP_PMTUDISC_DONT;
	r->mark = o->mark;
	r->h.out_if = o->bound_if ? o->bound_if : r->h.key.scope;
}

/* Everything but what makes it stay. */
static enum drop fill(struct tcp_request *r, struct worker *w, struct tcp_listener *l,
		      const struct tcp_key *k, const struct tcp_seg *s)
{
	const struct tcp_ip ip = { .out_if = l->end->opt->bound_if ? l->end->opt->bound_if : k->scope,
				   .mark = l->end->opt->mark,
				   .uid = l->end->uid };
	struct tcp_path path;
	if (tcp_path_find(w, k, &ip, &path))
		return DROP_IP_NO_ROUTE;
	r->h.key = *k;
	r->h.kind = TCP_KIND_REQUEST;
	r->h.state = TCP_SYN_RECV;
	r->l = l;
	r->w = w;
	r->irs = s->seq;
	r->rcv_nxt = s->seq + 1;
	r->uid = l->end->uid;
	r->ts_off = tcp_stamp_offset(w->st, k);
	r->sent_us = w->lc->now_us;
	r->cc = path.cc;
	r->no_cookie = path.no_cookie;
	fill_ip(r, &path);
	agree(r, s, &path);
	return DROP_NONE;
}

static void keep(struct tcp_request *r)
{
	struct tcp_backlog *b = backlog_of(r);
	timer_init(&r->timer, request_timeout);
	tcp_enter_table(r->w, &r->h);
	list_append(&b->half, &r->link);
	racy_add(b->n_half, 1);
	if (!r->timeouts)
		racy_add(b->n_young, 1);
}

static enum drop new_request(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
			     struct tcp_seg *s)
{
	struct tcp_fast_cookie give = { .len = -1 };
	struct tcp_request *r = slab_zalloc(&tcp_worker(w)->requests);
	enum drop why = r ? fill(r, w, l, k, s) : DROP_NO_MEMORY;
	if (why) {
		if (r)
			slab_free_at(r, sizeof *r, r->h.place);
		return why;
	}
	r->iss = s->has_iss ? s->iss : tcp_first_seq(w, k);
	if ((s->len || s->fast_len >= 0) && tcp_fast_accept(r, s, &give))
		return DROP_TCP_DONE;
	keep(r);
	tcp_request_answer(r, &give);
	lcore_timer_in(w->lc, &r->timer, tcp_request_timeout_us(r));
	return DROP_TCP_DONE;
}

int tcp_request_put_back(struct worker *w, struct tcp_listener *l, const struct tcp_request *like,
			 uint64_t in_us)
{
	struct tcp_request *r = slab_zalloc(&tcp_worker(w)->requests);
	if (!r)
		return -ENOMEM;
	uint16_t place = r->h.place;
	*r = *like;
	r->h.place = place;
	r->h.kind = TCP_KIND_REQUEST;
	r->h.state = TCP_SYN_RECV;
	r->l = l;
	r->w = w;
	r->uid = l->end->uid;
	r->rcv_nxt = r->irs + 1;
	r->sent_us = w->lc->now_us;
	r->retries = MAX(r->retries, 1); /* no round trip is measured by it */
	keep(r);
	lcore_timer_in(w->lc, &r->timer, in_us);
	return 0;
}

/* --- cookies --- */

/* Linux: the last quarter is for peers who are known to be there; we know of none. */
static bool last_quarter(const struct worker *w, const struct fill *f)
{
	uint32_t most = racy_get(tcp_stack(w->st)->conf.syn_backlog);
	return f->half >= most || most - f->half < most / 4;
}

static enum drop answer_with_cookie(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
				    const struct tcp_seg *s)
{
	struct tcp_request r = { 0 };
	enum drop why = fill(&r, w, l, k, s);
	if (why)
		return why;
	if (!r.ts_ok)
		r.sack_ok = r.wscale_ok = r.ecn_ok = false;
	const struct cookie_options o = { .wscale = r.wscale_ok ? (int8_t)r.snd_wscale : -1,
					  .sack = r.sack_ok,
					  .ecn = r.ecn_ok };
	r.iss = cookie_make(&tcp_stack(w->st)->cookie_key, k, sizeof *k, r.irs, w->lc->now_us, r.peer_mss);
	l->of[w->index].cookies_until_us = w->lc->now_us + TCP_COOKIES_US;
	send_synack_with(&r, cookie_stamp(tcp_now_stamp(w, 0), &o) + r.ts_off, NULL);
	tcp_count(w, TCP_N_SYNCOOKIES_SENT);
	return DROP_TCP_DONE;
}

/* What the call would have made of the request, by what the cookie and the time stamp say. */
static enum drop fill_from_cookie(struct tcp_request *r, struct worker *w, struct tcp_listener *l,
				  const struct tcp_key *k, const struct tcp_seg *s, uint16_t mss)
{
	uint32_t stamp = s->ts_ecr - tcp_stamp_offset(w->st, k);
	const struct cookie_options o =
		s->has_ts ? cookie_stamp_read(stamp) : (struct cookie_options){ .wscale = -1 };
	const struct tcp_seg syn = { .flags = o.ecn ? TCP_F_SYN | TCP_F_ECE | TCP_F_CWR : TCP_F_SYN,
				     .seq = s->seq - 1,
				     .mss = mss,
				     .has_ts = s->has_ts,
				     .ts_val = s->ts_val,
				     .wscale = o.wscale,
				     .sack_ok = o.sack };
	r->iss = s->ack - 1;
	return fill(r, w, l, k, &syn);
}

/* --- a request becomes a connection --- */

static void take_over(struct tcp_conn *c, const struct tcp_request *r, const struct tcp_seg *s)
{
	c->ts_ok = r->ts_ok;
	c->sack_ok = r->sack_ok;
	c->ecn_ok = r->ecn_ok;
	c->wscale_ok = r->wscale_ok;
	c->df = r->df;
	c->snd_wscale = r->snd_wscale;
	c->rcv_wscale = r->rcv_wscale;
	c->ts_recent = r->ts_recent;
	c->ts_recent_us = r->sent_us;
	c->ts_off = r->ts_off;
	c->peer_mss = r->peer_mss;
	c->pmtu = r->pmtu;
	c->h.out_if = r->h.out_if;
	c->tos = r->tos;
	c->ttl = r->ttl;
	c->mark = r->mark;
	c->uid = r->uid;
	c->snd_una = c->snd_nxt = c->snd_end = c->snd_first = r->iss + 1;
	c->rcv_nxt = c->rcv_wup = c->rcv_read = r->irs + 1;
	c->rcv_wnd = r->rcv_wnd;
	c->snd_wl1 = s->seq;
	c->snd_wnd = c->max_wnd = (uint32_t)s->win << c->snd_wscale;
	c->syn_again = r->retries > 0;
	c->backoff = tcp_syn_was_late(c, s, r->sent_us) ? 0 : r->retries;
	tcp_take_route_cc(c, r->cc);
}

struct tcp_conn *tcp_request_conn(const struct tcp_request *r, const struct tcp_seg *s)
{
	struct tcp_conn *c = tcp_conn_new(r->w, &r->h.key, tcp_sock_of(r->l->end)->opts);
	if (!c)
		return NULL;
	take_over(c, r, s);
	if (r->by_route)
		tcp_ask_metrics(c);
	tcp_set_mss(c);
	return c;
}

void tcp_ready_put_back(struct tcp_conn *c, struct tcp_listener *l)
{
	struct tcp_backlog *b = &l->of[c->w->index];
	c->in_accept = true;
	list_append(&b->ready, &c->accept);
	racy_add(b->n_ready, 1);
}

void tcp_conn_ready(struct tcp_conn *c, struct tcp_listener *l)
{
	struct worker *w = c->w;
	tcp_conn_hold(c, tcp_sharing(l->end));
	tcp_enter_table(w, &c->h);
	tcp_ready_put_back(c, l);
	tcp_count(w, TCP_N_PASSIVE_OPENS);
	l4_tell_from(w, l->end);
}

/* It waits to be accepted; the request is gone. */
static void make_ready(struct tcp_conn *c, struct tcp_listener *l)
{
	tcp_begin_established(c, true);
	tcp_conn_ready(c, l);
}

static struct tcp_conn *become_conn(struct tcp_request *r, const struct tcp_seg *s)
{
	struct tcp_listener *l = r->l;
	struct tcp_conn *c = tcp_request_conn(r, s);
	if (!c)
		return NULL;
	if (!r->retries && !r->acked)
		tcp_measured(c, r->w->lc->now_us - r->sent_us);
	tcp_request_free(r);
	make_ready(c, l);
	return c;
}

/* An ACK of no request: does it acknowledge a cookie? NULL: no, or *ret_why. */
static struct tcp_conn *open_by_cookie(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
				       const struct tcp_seg *s, enum drop *ret_why)
{
	struct tcp_request r = { 0 };
	*ret_why = DROP_NONE;
	if (s->flags & (TCP_F_SYN | TCP_F_RST) || w->lc->now_us >= l->of[w->index].cookies_until_us)
		return NULL;
	uint16_t mss = cookie_mss(&tcp_stack(w->st)->cookie_key, k, sizeof *k, s->seq - 1, w->lc->now_us,
				  s->ack - 1);
	tcp_count(w, mss ? TCP_N_SYNCOOKIES_RECV : TCP_N_SYNCOOKIES_FAILED);
	if (!mss)
		return NULL;
	*ret_why = queue_is_full(l, w) ? overflow(w) : fill_from_cookie(&r, w, l, k, s, mss);
	struct tcp_conn *c = *ret_why ? NULL : tcp_request_conn(&r, s);
	if (c)
		make_ready(c, l);
	else if (!*ret_why)
		*ret_why = DROP_NO_MEMORY;
	return c;
}

/* --- what comes to a listener --- */

static enum drop call_in(struct worker *w, struct tcp_listener *l, const struct tcp_key *k, struct tcp_seg *s)
{
	const struct fill f = fill_of(l, w->st->n_workers);
	unsigned cookies = racy_get(tcp_stack(w->st)->conf.syncookies);
	bool flood = !s->has_iss && (cookies == 2 || f.half >= MAX(l->backlog, 1U));
	if (flood)
		tcp_count(w, cookies ? TCP_N_REQ_FULL_COOKIES : TCP_N_REQ_FULL_DROP);
	if (f.ready > l->backlog)
		return overflow(w);
	if (cookies && flood)
		return answer_with_cookie(w, l, k, s);
	if (flood || (!cookies && !s->has_iss && last_quarter(w, &f))) {
		tcp_count(w, TCP_N_LISTEN_DROPS);
		return DROP_TCP_BACKLOG;
	}
	return new_request(w, l, k, s);
}

/* RFC 9293, 3.10.7.2 */
enum drop tcp_listen_input(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
			   struct tcp_seg *s)
{
	if (s->flags & TCP_F_RST)
		return DROP_TCP_RST;
	if (s->flags & TCP_F_ACK) {
		enum drop why;
		struct tcp_conn *c = open_by_cookie(w, l, k, s, &why);
		if (c)
			return tcp_conn_input(c, s);
		if (!why)
			tcp_refuse(w, k, s, s->p->in_if);
		return why ? why : DROP_TCP_ACK;
	}
	if (!(s->flags & TCP_F_SYN) || s->flags & TCP_F_FIN) /* Linux: not with a FIN, either */
		return DROP_TCP_NO_ACK;
	return call_in(w, l, k, s);
}

/* The same SYN again: our answer was lost. */
enum drop tcp_request_again(struct tcp_request *r, const struct tcp_seg *s)
{
	if (tcp_is_too_often(r->w, s, &r->refused_us, TCP_N_SKIPPED_SYN_RECV))
		return DROP_TCP_SYN;
	tcp_request_answer(r, NULL);
	r->retries++;
	tcp_count(r->w, TCP_N_RETRANS_SEGS);
	if (r->conn)
		tcp_set_timer(r->conn, TCP_TIMER_RETRANSMIT, tcp_request_timeout_us(r));
	else
		lcore_timer_in(r->w->lc, &r->timer, tcp_request_timeout_us(r));
	return DROP_TCP_DONE;
}

/* Where it stands, to who does not fit in (RFC 9293, 3.10.7.4, first). */
static enum drop say_where(struct tcp_request *r, const struct tcp_seg *s, enum drop why)
{
	struct tcp_out o = out_of(r, TCP_F_ACK);
	o.seq = r->iss + 1;
	o.win = (uint16_t)(r->rcv_wnd >> r->rcv_wscale);
	if (r->ts_ok)
		o.n_opts = tcp_put_stamp(o.opts, tcp_now_stamp(r->w, r->ts_off), r->ts_recent);
	if (!tcp_is_too_often(r->w, s, &r->refused_us, TCP_N_SKIPPED_SYN_RECV))
		tcp_send_bare(r->w, &o);
	return why;
}

static enum drop give_up(struct tcp_request *r, const struct tcp_seg *s, enum drop why)
{
	tcp_count(r->w, TCP_N_ATTEMPT_FAILS);
	tcp_count(r->w, TCP_N_EMBRYONIC_RSTS);
	if (!(s->flags & TCP_F_RST))
		tcp_refuse(r->w, &r->h.key, s, s->p->in_if);
	tcp_request_free(r);
	return why;
}

/* Its last ACK has come; nobody has room for it. */
static enum drop no_room(struct tcp_request *r, const struct tcp_seg *s)
{
	overflow(r->w);
	if (racy_get(tcp_stack(r->w->st)->conf.abort_on_overflow))
		return give_up(r, s, DROP_TCP_BACKLOG);
	r->acked = true; /* Linux: the peer is asked again */
	return DROP_TCP_BACKLOG;
}

enum drop tcp_request_input(struct tcp_request *r, struct tcp_seg *s, struct tcp_conn **ret)
{
	seq32 first = r->irs + 1;
	bool old = r->ts_ok && s->has_ts && seq_lt(s->ts_val, r->ts_recent);
	*ret = NULL;
	if (s->seq == r->irs && (s->flags & (TCP_F_SYN | TCP_F_ACK | TCP_F_RST)) == TCP_F_SYN)
		return old ? DROP_TCP_PAWS : tcp_request_again(r, s);
	if (seq_lt(s->end, first) || seq_lt(first + r->rcv_wnd, s->seq) || old)
		return s->flags & TCP_F_RST ? DROP_TCP_WINDOW
					    : say_where(r, s, old ? DROP_TCP_PAWS : DROP_TCP_WINDOW);
	if (s->flags & TCP_F_RST)
		return s->seq == first ? give_up(r, s, DROP_TCP_DONE) /* RFC 5961, 3.2 */
				       : say_where(r, s, DROP_TCP_RST);
	if (s->flags & TCP_F_SYN)
		return give_up(r, s, DROP_TCP_SYN);
	if (!(s->flags & TCP_F_ACK))
		return DROP_TCP_NO_ACK;
	if (s->ack != r->iss + 1) {
		tcp_refuse(r->w, &r->h.key, s, s->p->in_if);
		return DROP_TCP_ACK;
	}
	if (r->timeouts < tcp_sock_of(r->l->end)->opts->defer_accept && s->end == first) {
		r->acked = true; /* TCP_DEFER_ACCEPT: not before he says something */
		tcp_count(r->w, TCP_N_DEFER_ACCEPT_DROP);
		return DROP_TCP_DONE;
	}
	if (queue_is_full(r->l, r->w))
		return no_room(r, s);
	*ret = become_conn(r, s);
	return *ret ? DROP_NONE : DROP_NO_MEMORY;
}

/* --- nobody listens any more --- */

/* What the list took the place of begins anew. */
void tcp_take_accepted(struct tcp_conn *c, struct tcp_backlog *b)
{
	list_remove(&c->accept);
	racy_add(b->n_ready, -1U);
	c->snd_hint = NULL;
	c->last_sent_us = 0;
	c->in_accept = false;
}

void tcp_backlog_empty(struct worker *w, struct tcp_backlog *b)
{
	tcp_fast_backlog_empty(b);
	while (!list_empty(&b->half))
		tcp_request_free(list_first(&b->half, struct tcp_request, link));
	while (!list_empty(&b->ready)) {
		struct tcp_conn *c = list_first(&b->ready, struct tcp_conn, accept);
		tcp_take_accepted(c, b);
		tcp_send_reset(c);
		tcp_done(c);
	}
}

void tcp_listener_free(struct tcp_listener *l)
{
	struct leat_stack *st = l->end->st;
	hash_remove(&tcp_stack(st)->listening, &l->by_port);
	for (unsigned i = 0; i < st->n_workers; i++) {
		tcp_wake_worker(st->worker[i]);
		tcp_backlog_empty(st->worker[i], &l->of[i]);
		graph_run(st->worker[i]);
	}
	mem_free(l);
}
