/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a SYN to a listener makes a request, a small object in the table of the flow's worker, and is answered. The
 * ACK of that answer makes a connection of it, which goes into the queue of that worker, from where accept() takes it. So a listener
 * is no place where workers meet: they read it, and each has a queue of its own. The backlog bounds the sum of what is ready, and
 * that of what is half open; each worker reads the others' numbers, which may be a little old.
 *
 * Left out: SYN cookies. When there are too many requests, SYNs are dropped. */
#include "net/l3.h"
#include "tcp/tcp_internal.h"

/* --- how full it is --- */

static uint32_t sum(const struct tcp_listener *l, unsigned n_workers, bool half)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < n_workers; i++)
		n += half ? racy_get(l->of[i].n_half) : racy_get(l->of[i].n_ready);
	return n;
}

/* Linux: one more than the backlog. */
static bool queue_is_full(const struct tcp_listener *l, const struct worker *w)
{
	return sum(l, w->st->n_workers, false) > l->backlog;
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
					 .uid = r->l->end->uid },
				 .flags = flags,
				 .seq = r->iss,
				 .ack = r->irs + 1,
				 .win = (uint16_t)MIN(r->rcv_wnd, (uint32_t)UINT16_MAX) };
}

static void send_synack(struct tcp_request *r)
{
	struct tcp_out o = out_of(r, TCP_F_SYN | TCP_F_ACK);
	const uint32_t stamps[2] = { tcp_now_stamp(r->w, r->ts_off), r->ts_recent };
	o.n_opts = tcp_put_syn_options(o.opts, r->mss_told, r->sack_ok, r->ts_ok ? stamps : NULL,
				       r->wscale_ok ? r->rcv_wscale : -1);
	tcp_send_bare(r->w, &o);
}

void tcp_request_free(struct tcp_request *r)
{
	lcore_timer_stop(r->w->lc, &r->timer);
	tcp_leave_table(r->w, &r->h);
	list_remove(&r->link);
	racy_add(r->l->of[r->w->index].n_half, -1U);
	slab_free_at(r, sizeof *r, r->h.place);
}

static void synack_again(struct lcore *lc, struct timer *t)
{
	struct tcp_request *r = container_of(t, struct tcp_request, timer);
	struct worker *w = r->w;
	if (r->retries >= racy_get(tcp_stack(w->st)->conf.synack_retries)) {
		tcp_count(w, TCP_N_ATTEMPT_FAILS);
		tcp_request_free(r);
		return;
	}
	r->retries++;
	send_synack(r);
	tcp_count(w, TCP_N_RETRANS_SEGS);
	lcore_timer_in(lc, &r->timer,
		       MIN((uint64_t)TCP_RTO_FIRST_US << r->retries, (uint64_t)TCP_RTO_MAX_US));
	graph_run(w);
}

static void agree(struct tcp_request *r, const struct tcp_seg *s, const struct tcp_path *path)
{
	const struct tcp_conf *f = &tcp_stack(r->w->st)->conf;
	const struct tcp_opts *o = &tcp_sock_of(r->l->end)->opts;
	r->pmtu = (uint16_t)MIN(path->mtu, (uint32_t)UINT16_MAX);
	r->mss_told = tcp_mss_of_mtu(&r->h.key, r->pmtu);
	if (o->mss)
		r->mss_told = MIN(r->mss_told, o->mss);
	r->peer_mss = s->mss ? s->mss : tcp_is6(&r->h.key) ? TCP_MSS_UNSAID6 : TCP_MSS_UNSAID;
	r->ts_ok = s->has_ts && f->stamps;
	r->sack_ok = s->sack_ok && f->sack;
	r->wscale_ok = s->wscale >= 0 && f->wscale;
	r->snd_wscale = r->wscale_ok ? (uint8_t)s->wscale : 0;
	r->ts_recent = s->ts_val;
	tcp_first_window(r->w->st, o->rcvbuf, r->mss_told, r->wscale_ok, &r->rcv_wnd, &r->rcv_wscale);
}

static void fill_ip(struct tcp_request *r, const struct tcp_path *path)
{
	const struct l4_opts *o = &r->l->end->opt;
	bool is6 = tcp_is6(&r->h.key);
	int hops = is6 ? o->hops : o->ttl;
	r->tos = is6 ? o->tclass : o->tos;
	r->ttl = hops < 0 ? path->hops : (uint8_t)hops;
	r->df = is6 || o->pmtudisc4 != IP_PMTUDISC_DONT;
	r->mark = o->mark;
	r->h.out_if = o->bound_if ? o->bound_if : r->h.key.scope;
}

static enum drop new_request(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
			     struct tcp_seg *s)
{
	struct tcp_request *r = slab_zalloc(&tcp_worker(w)->requests);
	const struct tcp_ip ip = { .out_if = l->end->opt.bound_if ? l->end->opt.bound_if : k->scope,
				   .mark = l->end->opt.mark,
				   .uid = l->end->uid };
	struct tcp_path path;
	if (!r)
		return DROP_NO_MEMORY;
	if (tcp_path_find(w, k, &ip, &path)) {
		slab_free_at(r, sizeof *r, r->h.place);
		return DROP_IP_NO_ROUTE;
	}
	r->h.key = *k;
	r->h.kind = TCP_KIND_REQUEST;
	r->h.state = TCP_SYN_RECV;
	r->l = l;
	r->w = w;
	r->irs = s->seq;
	r->iss = tcp_first_seq(w, k);
	r->ts_off = tcp_stamp_offset(w->st, k);
	r->sent_us = w->lc->now_us;
	fill_ip(r, &path);
	agree(r, s, &path);
	timer_init(&r->timer, synack_again);
	tcp_enter_table(w, &r->h);
	list_append(&l->of[w->index].half, &r->link);
	racy_add(l->of[w->index].n_half, 1);
	send_synack(r);
	lcore_timer_in(w->lc, &r->timer, TCP_RTO_FIRST_US);
	return DROP_TCP_DONE;
}

/* RFC 9293, 3.10.7.2 */
enum drop tcp_listen_input(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
			   struct tcp_seg *s)
{
	if (s->flags & TCP_F_RST)
		return DROP_TCP_RST;
	if (s->flags & TCP_F_ACK) {
		tcp_refuse(w, k, s, s->p->in_if);
		return DROP_TCP_ACK;
	}
	if (!(s->flags & TCP_F_SYN) || s->flags & TCP_F_FIN) /* Linux: not with a FIN, either */
		return DROP_TCP_NO_ACK;
	if (queue_is_full(l, w) || sum(l, w->st->n_workers, true) >= MAX(l->backlog, 1U)) {
		tcp_count(w, queue_is_full(l, w) ? TCP_N_LISTEN_OVERFLOWS : TCP_N_LISTEN_DROPS);
		return DROP_TCP_BACKLOG;
	}
	return new_request(w, l, k, s);
}

/* --- a request becomes a connection --- */

static void take_over(struct tcp_conn *c, const struct tcp_request *r, const struct tcp_seg *s)
{
	c->ts_ok = r->ts_ok;
	c->sack_ok = r->sack_ok;
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
	c->uid = r->l->end->uid;
	c->snd_una = c->snd_nxt = c->snd_end = c->snd_first = r->iss + 1;
	c->rcv_nxt = c->rcv_wup = c->rcv_read = r->irs + 1;
	c->rcv_wnd = r->rcv_wnd;
	c->snd_wl1 = s->seq;
	c->snd_wnd = c->max_wnd = (uint32_t)s->win << c->snd_wscale;
	c->syn_again = r->retries > 0;
}

static struct tcp_conn *become_conn(struct tcp_request *r, const struct tcp_seg *s)
{
	struct worker *w = r->w;
	struct tcp_listener *l = r->l;
	struct tcp_backlog *b = &l->of[w->index];
	struct tcp_conn *c = tcp_conn_new(w, &r->h.key, &tcp_sock_of(l->end)->opts);
	if (!c)
		return NULL;
	take_over(c, r, s);
	tcp_set_mss(c);
	if (!r->retries)
		tcp_measured(c, w->lc->now_us - r->sent_us);
	tcp_request_free(r);
	tcp_enter_table(w, &c->h);
	tcp_begin_established(c);
	c->in_accept = true;
	list_append(&b->ready, &c->accept);
	racy_add(b->n_ready, 1);
	tcp_count(w, TCP_N_PASSIVE_OPENS);
	l4_tell_from(w, l->end);
	return c;
}

/* The same SYN again: our answer was lost. Linux: not more often than twice a second. */
static enum drop syn_again(struct tcp_request *r)
{
	uint64_t now = r->w->lc->now_us;
	if (r->refused_us && now - r->refused_us < TCP_CHALLENGE_US)
		return DROP_TCP_SYN;
	r->refused_us = now;
	send_synack(r);
	tcp_count(r->w, TCP_N_RETRANS_SEGS);
	return DROP_TCP_DONE;
}

/* Where it stands, to who does not fit in (RFC 9293, 3.10.7.4, first). */
static enum drop say_where(struct tcp_request *r, enum drop why)
{
	struct tcp_out o = out_of(r, TCP_F_ACK);
	o.seq = r->iss + 1;
	o.win = (uint16_t)(r->rcv_wnd >> r->rcv_wscale);
	if (r->ts_ok)
		o.n_opts = tcp_put_stamp(o.opts, tcp_now_stamp(r->w, r->ts_off), r->ts_recent);
	uint64_t now = r->w->lc->now_us;
	if (!r->refused_us || now - r->refused_us >= TCP_CHALLENGE_US) {
		r->refused_us = now;
		tcp_send_bare(r->w, &o);
	}
	return why;
}

enum drop tcp_request_input(struct tcp_request *r, struct tcp_seg *s, struct tcp_conn **ret)
{
	seq32 first = r->irs + 1;
	bool old = r->ts_ok && s->has_ts && seq_lt(s->ts_val, r->ts_recent);
	*ret = NULL;
	if (s->seq == r->irs && (s->flags & (TCP_F_SYN | TCP_F_ACK | TCP_F_RST)) == TCP_F_SYN)
		return old ? DROP_TCP_PAWS : syn_again(r);
	if (seq_lt(s->end, first) || seq_lt(first + r->rcv_wnd, s->seq) || old)
		return s->flags & TCP_F_RST ? DROP_TCP_WINDOW
					    : say_where(r, old ? DROP_TCP_PAWS : DROP_TCP_WINDOW);
	if (s->flags & TCP_F_RST) {
		if (s->seq != first) /* RFC 5961, 3.2 */
			return say_where(r, DROP_TCP_RST);
		tcp_count(r->w, TCP_N_ATTEMPT_FAILS);
		tcp_request_free(r);
		return DROP_TCP_DONE;
	}
	if (s->flags & TCP_F_SYN) {
		tcp_count(r->w, TCP_N_ATTEMPT_FAILS);
		tcp_refuse(r->w, &r->h.key, s, s->p->in_if);
		return DROP_TCP_SYN;
	}
	if (!(s->flags & TCP_F_ACK))
		return DROP_TCP_NO_ACK;
	if (s->ack != r->iss + 1) {
		tcp_refuse(r->w, &r->h.key, s, s->p->in_if);
		return DROP_TCP_ACK;
	}
	if (queue_is_full(r->l, r->w)) { /* Linux: it is asked again */
		tcp_count(r->w, TCP_N_LISTEN_OVERFLOWS);
		return DROP_TCP_BACKLOG;
	}
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
