/* SPDX-License-Identifier: BSD-2-Clause */
/* What socket calls do (tcp.h). An endpoint of ours has first nothing, then a listener or a connection.
 * Every worker stands between turns, so a call may act for whichever worker has the flow; the packets it makes leave before it
 * returns. */
#include <sys/epoll.h>

#include "tcp/tcp_internal.h"

/* --- life --- */

static int tcp_open(struct l4_end *e)
{
	struct tcp_sock *s = tcp_sock_of(e);
	*s = (struct tcp_sock){ .opts = tcp_opts_default(e->st) };
	return s->opts ? 0 : -ENOBUFS;
}

static void let_go(struct tcp_sock *s)
{
	struct tcp_conn *c = s->conn;
	s->conn = NULL;
	if (!c)
		return;
	struct worker *w = c->w;
	if (tcp_end_of(s)->shut & 1)
		c->no_more_reading = true;
	tcp_release(c);
	graph_run(w);
}

static void tcp_close(struct l4_end *e)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (s->listener)
		tcp_listener_free(s->listener);
	let_go(s);
	tcp_give_port(e);
	shared_put(s->opts);
	*s = (struct tcp_sock){ 0 };
}

const struct l4_ops tcp_ops = {
	.name = "tcp",
	.type = SOCK_STREAM,
	.proto4 = IPPROTO_TCP,
	.proto6 = IPPROTO_TCP,
	.has_ports = true,
	.by_peer = true,
	.one_host = true,
	.open = tcp_open,
	.close = tcp_close,
};

/* The one that acts now has not had a turn for some time. */
void tcp_wake_worker(struct worker *w)
{
	w->view = rcu_get(w->st->view);
	w->lc->now_us = MAX(w->lc->now_us, w->st->rt->ctl->now_us);
}

static void move_home(struct l4_end *e, struct worker *w)
{
	tcp_wake_worker(w);
	l4_tell_not(e);
	e->home = w;
	w->st->rt->ops->wake(w->st->rt, w->lc);
}

struct l4_addr tcp_peer(const struct l4_end *e)
{
	const struct tcp_conn *c = e->stream.conn; /* asleep, too */
	if (!c)
		return (struct l4_addr){ 0 };
	const struct tcp_key *k = &c->h.key;
	return (struct l4_addr){ .a = k->remote,
				 .port = k->rport,
				 .if_handle = ip6_is_link_local(&k->local) ? k->scope : 0 };
}

uint8_t tcp_state_of(const struct l4_end *e)
{
	const struct tcp_sock *s = &e->stream; /* asleep, too */
	return s->listener ? TCP_LISTEN : s->conn ? s->conn->h.state : TCP_CLOSE;
}

/* --- names --- */

int tcp_bind(struct l4_end *e, const struct l4_addr *to)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!l4_may_bind(e, to))
		return -EADDRNOTAVAIL;
	if (tcp_end_of(s)->stream_port || s->conn || s->listener)
		return -EINVAL;
	int err = tcp_take_port(e, to);
	if (err)
		return err;
	e->addr_bound = !l4_is_any(&to->a);
	e->port_bound = to->port != 0;
	return 0;
}

/* --- listening --- */

/* Fast Open without an option, where the stack wants so (Linux: TFO_SERVER_WO_SOCKOPT1). */
static void heed_all_listeners(struct tcp_sock *s, uint32_t backlog)
{
	uint32_t how = racy_get(tcp_stack(tcp_end_of(s)->st)->conf.fastopen);
	if (how & TCP_FAST_ALL_LISTENERS && how & TCP_FAST_SERVER && !s->opts->fast_max && tcp_opts_own(s))
		tcp_opts_own(s)->fast_max = backlog;
}

int tcp_listen(struct l4_end *e, int backlog)
{
	struct tcp_sock *s = tcp_sock_of(e);
	struct tcp_stack *ts = tcp_stack(e->st);
	if (s->conn)
		return -EINVAL;
	uint32_t most = MIN((uint32_t)backlog, ts->conf.somaxconn); /* Linux: a negative one is a large one */
	if (s->listener) {
		s->listener->backlog = most;
		return 0;
	}
	int err = tcp_end_of(s)->stream_port ? 0 : tcp_take_port(e, &e->local);
	if (!err && !tcp_may_listen(e))
		err = -EADDRINUSE;
	struct tcp_listener *l = err ? NULL : mem_zalloc(&e->st->mem, sizeof *l);
	if (!l)
		return err ? err : -ENOBUFS;
	l->end = e;
	l->backlog = most;
	for (unsigned i = 0; i < ARRAY_SIZE(l->of); i++) {
		list_init(&l->of[i].ready);
		list_init(&l->of[i].half);
		list_init(&l->of[i].fast);
	}
	heed_all_listeners(s, most);
	s->listener = l;
	hash_insert(&ts->listening, &l->by_port, tcp_port_hash(e->local.port));
	return 0;
}

static struct tcp_backlog *next_ready(const struct l4_end *e)
{
	struct tcp_listener *l = tcp_sock_of(e)->listener;
	for (unsigned i = 0; l && i < e->st->n_workers; i++)
		if (racy_get(l->of[i].n_ready))
			return &l->of[i];
	return NULL;
}

int tcp_acceptable(const struct l4_end *e)
{
	if (!tcp_sock_of(e)->listener)
		return -EINVAL;
	return next_ready(e) ? 0 : -EAGAIN;
}

static void take_next(struct tcp_backlog *b, struct l4_end *e, struct l4_end *fresh)
{
	struct tcp_sock *s = tcp_sock_of(fresh);
	struct tcp_conn *c = list_first(&b->ready, struct tcp_conn, accept);
	tcp_take_accepted(c, b);
	c->told_connected = true;
	c->end = fresh;
	s->conn = c;
	shared_put(s->opts);
	s->opts = shared_get(tcp_sock_of(e)->opts);
	fresh->home = c->w;
	shared_put(fresh->opt);
	fresh->opt = shared_get(e->opt);
	fresh->v6only = e->v6only;
	fresh->local = (struct l4_addr){ .a = c->h.key.local, .port = c->h.key.lport };
	if (ip6_is_link_local(&c->h.key.local))
		fresh->local.if_handle = c->h.key.scope;
	fresh->connected = true;
	if (c->h.state == TCP_CLOSE) /* it ended while it waited */
		fresh->error = c->fin_got ? 0 : c->soft_error ? c->soft_error : ECONNRESET;
}

void tcp_accept(struct l4_end *e, struct l4_end *fresh)
{
	take_next(next_ready(e), e, fresh);
	move_home(fresh, fresh->home);
}

int tcp_acceptable_in_turn(const struct l4_end *e, const struct worker *w)
{
	const struct tcp_listener *l = tcp_sock_of(e)->listener;
	if (!l)
		return -EINVAL;
	return l->of[w->index].n_ready ? 0 : -EAGAIN;
}

void tcp_accept_in_turn(struct l4_end *e, struct worker *w, struct l4_end *fresh)
{
	take_next(&tcp_sock_of(e)->listener->of[w->index], e, fresh);
}

/* --- connecting --- */

static struct ip6 real_dst(const struct ip6 *to)
{
	if (!l4_is_any(to))
		return *to;
	return l4_is4(to) ? l4_of4(be32_of(0x7f000001)) : (struct ip6){ { [15] = 1 } };
}

/* Of a connection that there is, or was. > 0: none is in the way. */
static int connect_again(struct l4_end *e)
{
	struct tcp_sock *s = tcp_sock_of(e);
	struct tcp_conn *c = s->conn;
	if (s->listener)
		return -EISCONN;
	if (!c)
		return 1;
	if (c->deferred)
		return -EISCONN;
	if (c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV)
		return -EALREADY;
	if (c->h.state != TCP_CLOSE) {
		bool told = c->told_connected;
		c->told_connected = true;
		return told ? -EISCONN : 0;
	}
	if (c->told_connected)
		return -EISCONN;
	int err = l4_take_error(e);
	tcp_disconnect(e);
	return err ? err : -ECONNABORTED;
}

static int choose_names(struct l4_end *e, const struct l4_addr *to, struct tcp_key *k,
			const struct tcp_ip *ip, struct tcp_path *path, bool in_turn)
{
	*k = (struct tcp_key){
		.local = e->local.a, .remote = real_dst(&to->a), .lport = e->local.port, .rport = to->port
	};
	if (!l4_is_any(&k->local) && l4_is4(&k->local) != l4_is4(&k->remote))
		return -ENETUNREACH;
	if (l4_is_any(&k->local))
		k->local = l4_any(l4_is4(&k->remote) ? AF_INET : AF_INET6);
	int err = tcp_path_find(e->home, k, ip, path);
	if (err)
		return err;
	k->local = path->src;
	k->scope = tcp_scope(e->home, path->out_if, &k->local);
	return tcp_choose_port(e, k, in_turn);
}

static void fill_conn(struct tcp_conn *c, struct l4_end *e, const struct tcp_ip *ip,
		      const struct tcp_path *path)
{
	const struct tcp_conf *f = &tcp_stack(e->st)->conf;
	const struct l4_opts *o = e->opt;
	bool is6 = tcp_is6(&c->h.key);
	int hops = is6 ? o->hops : o->ttl;
	c->end = e;
	c->uid = e->uid;
	c->tos = ip->tos;
	c->mark = ip->mark;
	c->ttl = hops < 0 ? path->hops : (uint8_t)hops;
	c->df = is6 || o->pmtudisc4 != IP_PMTUDISC_DONT;
	c->h.out_if = ip->out_if;
	c->pmtu = (uint16_t)MIN(path->mtu, (uint32_t)UINT16_MAX);
	c->peer_mss = UINT16_MAX;
	tcp_take_route_cc(c, path->cc);
	c->ecn_ok = path->ecn;
	tcp_set_mss(c);
	tcp_take_metrics(c, &path->metrics);
	const struct tcp_first first = { .rcvbuf = c->rcvbuf,
					 .mss = path->metrics.advmss ? path->metrics.advmss : c->mss,
					 .clamp = tcp_said_clamp(c),
					 .initrwnd = path->metrics.initrwnd,
					 .wscale = f->wscale };
	tcp_first_window(e->st, &first, &c->rcv_wnd, &c->rcv_wscale);
	c->ts_off = tcp_stamp_offset(e->st, &c->h.key);
	c->ts_asked = f->stamps;
}

/* It has its names, and may send its SYN. */
static void enter(struct tcp_conn *c)
{
	struct tcp_head *old = tcp_find(c->w, &c->h.key);
	c->snd_una = tcp_first_seq(c->w, &c->h.key);
	if (old)
		tcp_wait_give_way(container_of(old, struct tcp_wait, h), c);
	c->snd_nxt = c->snd_end = c->snd_first = c->snd_una + 1;
	tcp_enter_table(c->w, &c->h);
	tcp_set_state(c, TCP_SYN_SENT);
}

void tcp_call(struct tcp_conn *c, const struct tcp_fast_cookie *ck, uint32_t len)
{
	c->deferred = false;
	c->last_sent_us = c->w->lc->now_us;
	tcp_send_syn_with(c, ck, len);
	c->snd_nxt += len;
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, c->rto_us);
	tcp_count(c->w, TCP_N_ACTIVE_OPENS);
	graph_run(c->w);
}

/* > 0: its SYN is to be sent; else as tcp_connect(). */
static int begin_connection(struct l4_end *e, const struct l4_addr *to, bool in_turn)
{
	struct tcp_sock *s = tcp_sock_of(e);
	struct tcp_key k;
	struct tcp_path path;
	bool is6 = !l4_is4(&to->a);
	const struct tcp_ip ip = { .tos = is6 ? e->opt->tclass : e->opt->tos,
				   .out_if = e->opt->bound_if ? e->opt->bound_if : to->if_handle,
				   .mark = e->opt->mark,
				   .uid = e->uid };
	int err = connect_again(e);
	if (err <= 0)
		return err;
	assert(!in_turn || tcp_is_unlisted(e));
	err = choose_names(e, to, &k, &ip, &path, in_turn);
	if (err)
		return err;
	struct worker *w = in_turn ? e->home : tcp_owner(e->st, &k);
	if (!in_turn)
		tcp_wake_worker(w);
	struct tcp_conn *c = tcp_conn_new(w, &k, s->opts);
	if (!c)
		return -ENOBUFS;
	if (w != e->home && e->stream_port == TCP_PORT_CHOSEN)
		tcp_give_port(e); /* tables are of workers */
	if (!in_turn)
		move_home(e, w);
	e->local.a = k.local;
	e->local.port = k.lport;
	tcp_keep_port(e);
	e->connected = true;
	e->error = 0;
	s->conn = c;
	fill_conn(c, e, &ip, &path);
	enter(c);
	return 1;
}

/* With TCP_FASTOPEN_CONNECT the first write sends the SYN, where there is a cookie; else it asks for one. */
static int connect_to(struct l4_end *e, const struct l4_addr *to, bool in_turn)
{
	struct tcp_sock *s = tcp_sock_of(e);
	int err = begin_connection(e, to, in_turn);
	if (err <= 0)
		return err;
	if (!s->opts->fast_connect) {
		tcp_call(s->conn, NULL, 0);
	} else if (tcp_fast_may_defer(s->conn)) {
		s->conn->deferred = true;
		return 0;
	} else {
		tcp_fast_call(s->conn, NULL, 0);
	}
	return -EINPROGRESS;
}

int tcp_connect(struct l4_end *e, const struct l4_addr *to)
{
	return connect_to(e, to, false);
}

int tcp_connect_in_turn(struct l4_end *e, const struct l4_addr *to)
{
	return connect_to(e, to, true);
}

/* connect(AF_UNSPEC): everything but what was bound is forgotten. */
int tcp_disconnect(struct l4_end *e)
{
	struct tcp_sock *s = tcp_sock_of(e);
	struct tcp_conn *c = s->conn;
	if (s->listener) {
		tcp_listener_free(s->listener);
		s->listener = NULL;
	}
	if (c && c->h.state != TCP_CLOSE) { /* Linux: with a reset, where one is due */
		struct worker *w = c->w;
		c->end = NULL;
		s->conn = NULL;
		if (tcp_states[c->h.state].takes_data || c->h.state == TCP_CLOSE_WAIT)
			tcp_send_reset(c);
		tcp_done(c);
		graph_run(w);
	}
	let_go(s);
	if (!e->port_bound)
		tcp_give_port(e);
	e->local = (struct l4_addr){ .a = e->addr_bound ? e->local.a : l4_any(e->family),
				     .port = e->port_bound ? e->local.port : 0 };
	e->connected = false;
	e->shut = 0;
	return 0;
}

/* --- bytes --- */

int tcp_may_send(struct l4_end *e, struct tcp_conn *c)
{
	int err = l4_take_error(e);
	if (err)
		return err;
	if (!c || e->shut & 2)
		return -EPIPE;
	if (c->deferred) /* what cannot go along with the SYN follows it */
		tcp_fast_call(c, NULL, 0);
	if ((c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV) && !c->fast)
		return -EAGAIN;
	return tcp_states[c->h.state].on_close ? 0 : -EPIPE;
}

static void push(struct tcp_conn *c, bool more, bool unpushed)
{
	bool cork = c->cork;
	if (!unpushed)
		tcp_end_write(c);
	c->cork |= more;
	tcp_output(c);
	c->cork = cork;
}

/* Linux: what one segment of the device holds is queued and pushed; then it is looked whether there is room for more. The reader
 * is told to look after half a window at the latest. */
static size_t queue_all(struct tcp_conn *c, const uint8_t *buf, size_t len)
{
	size_t done = 0;
	seq32 told = c->snd_end;
	for (;;) {
		size_t room = tcp_may_take(c, (uint32_t)MIN(len - done, (size_t)INT32_MAX));
		size_t n = (size_t)tcp_queue_bytes(c, buf + done, room);
		done += n;
		c->send_blocked = done < len;
		if (n < room || !room || done == len)
			return done;
		bool tell = c->snd_end - told > c->max_wnd / 2;
		told = tell ? c->snd_end : told;
		push(c, true, !tell);
	}
}

static bool is_opening(const struct tcp_conn *c)
{
	return c && (c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV) && !c->fast;
}

/* The SYN leaves, with what it may hold. Who waits is told how much that was when it is answered. */
static ssize_t open_and_send(struct l4_end *e, const void *buf, size_t len, int flags)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	const struct tcp_opts *o = tcp_sock_of(e)->opts;
	c->deferred = true;
	int err = tcp_notes_ready(c, o, flags);
	if (err)
		return err;
	uint32_t n = tcp_fast_call(c, buf, len);
	if (n && (n == len || !(flags & TCP_SEND_WAITS)))
		tcp_mark(c, o, flags);
	if (c->noting)
		tcp_note_sent(c);
	if (!(flags & TCP_SEND_WAITS))
		return n ? (ssize_t)n : -EINPROGRESS;
	c->fast_owes = n != 0;
	if (n)
		c->m->syn_copied = n;
	c->write_waits = n < len;
	return -EAGAIN;
}

/* A deferred open, or the rest of what was begun by one. */
static ssize_t send_after_open(struct l4_end *e, struct tcp_conn *c, const uint8_t *buf, size_t len,
			       int flags)
{
	if (c->deferred && !(racy_get(tcp_stack(e->st)->conf.fastopen) & TCP_FAST_CLIENT))
		return -EOPNOTSUPP;
	if (c->deferred)
		return open_and_send(e, buf, len, flags);
	size_t owed = flags & TCP_SEND_WAITS && c->m ? MIN((size_t)c->m->syn_copied, len) : 0;
	c->fast_owes = false;
	ssize_t n = owed < len || !owed ? tcp_send(e, buf + owed, len - owed, flags) : 0;
	return n >= 0 ? (ssize_t)owed + n : owed ? (ssize_t)owed : n;
}

ssize_t tcp_send_open(struct l4_end *e, const struct l4_addr *to, const void *buf, size_t len, int flags,
		      bool in_turn)
{
	struct tcp_sock *s = tcp_sock_of(e);
	int err = 1;
	if (!(racy_get(tcp_stack(e->st)->conf.fastopen) & TCP_FAST_CLIENT))
		return -EOPNOTSUPP;
	if (s->conn && s->conn->deferred)
		return send_after_open(e, s->conn, buf, len, flags);
	if (is_opening(s->conn))
		return flags & TCP_SEND_WAITS ? -EAGAIN : -EALREADY;
	if (s->conn || s->listener)
		err = connect_again(e);
	else
		err = to ? begin_connection(e, to, in_turn) : -EINVAL;
	if (err > 0)
		return open_and_send(e, buf, len, flags);
	return err ? err : tcp_send(e, buf, len, flags);
}

size_t tcp_sent_untold(struct l4_end *e)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	if (!c || !c->fast_owes)
		return 0;
	c->fast_owes = false;
	return c->m ? c->m->syn_copied : 0;
}

ssize_t tcp_send(struct l4_end *e, const void *buf, size_t len, int flags)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	if (c && unlikely(c->deferred || (c->fast_owes && c->h.state == TCP_ESTABLISHED)))
		return send_after_open(e, c, buf, len, flags);
	int err = tcp_may_send(e, c);
	if (err == -EAGAIN && flags & TCP_SEND_WAITS)
		c->write_waits = len != 0;
	if (err || !len)
		return err;
	tcp_note_app_limited(c);
	err = tcp_notes_ready(c, tcp_sock_of(e)->opts, flags);
	if (err)
		return err;
	size_t n = queue_all(c, buf, len);
	if (!n)
		return -EAGAIN;
	if (n == len && flags & MSG_OOB && tcp_mark_urgent(c, c->snd_end))
		return -ENOBUFS;
	if (n == len && flags & MSG_EOR)
		tcp_end_record(c);
	tcp_mark(c, tcp_sock_of(e)->opts, flags);
	push(c, flags & MSG_MORE, flags & MSG_MORE);
	graph_run(c->w);
	return (ssize_t)n;
}

/* Copies from one packet of the queue; with buf NULL it only counts. */
static uint32_t read_one(const struct tcp_conn *c, const struct pkt *p, seq32 at, uint8_t *buf, size_t len)
{
	uint32_t n = (uint32_t)MIN((size_t)(p->edge.tcp.end - at), len);
	struct cursor cur = pkt_cursor(p);
	if (!cur_skip(&cur, p->edge.tcp.off + (at - p->edge.tcp.seq)))
		return 0;
	if (buf && n)
		cur_copy(&cur, buf, n);
	return n;
}

static void pop_read(struct tcp_conn *c)
{
	while (c->rcv.head && seq_le(c->rcv.head->edge.tcp.end, c->rcv_read)) {
		struct pkt *p = tcp_queue_pop(&c->rcv);
		c->rcv_bytes -= l4_truesize(p);
		tcp_let_go(c->w, l4_truesize(p));
		pkt_free(c->w->lc, p);
	}
}

static size_t copy_queue(struct tcp_conn *c, uint8_t *buf, size_t len)
{
	size_t done = 0;
	for (const struct pkt *p = c->rcv.head; p && done < len; p = p->next)
		done += read_one(c, p, c->rcv_read + (uint32_t)done, buf ? buf + done : NULL, len - done);
	return done;
}

/* Nothing is there: why? */
ssize_t tcp_nothing(struct l4_end *e, const struct tcp_conn *c)
{
	int err = l4_take_error(e);
	if (err)
		return err;
	if (!c)
		return -ENOTCONN;
	return c->fin_got || e->shut & 1 || c->h.state == TCP_CLOSE ? 0 : -EAGAIN;
}

ssize_t tcp_recv(struct l4_end *e, void *buf, size_t len, int flags)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	bool skip = false;
	if (flags & MSG_OOB)
		return tcp_recv_urgent(c, buf, len, flags);
	if (!c || !c->rcv.head)
		return len || !c ? tcp_nothing(e, c) : 0;
	if (unlikely(c->rare != NULL))
		len = tcp_read_to_mark(c, len, &skip);
	c->rcv_read += skip;
	size_t n = copy_queue(c, flags & MSG_TRUNC ? NULL : buf, len);
	if (flags & MSG_PEEK) {
		c->rcv_read -= skip;
		return n || !skip || !len ? (ssize_t)n : tcp_nothing(e, c);
	}
	c->rcv_read += (uint32_t)n;
	if (c->rare)
		tcp_passed_mark(c);
	pop_read(c);
	tcp_space_read(c);
	if (c->h.state != TCP_CLOSE && tcp_should_tell_window(c)) {
		tcp_send_ack(c);
		graph_run(c->w);
	}
	return n || !skip || !len ? (ssize_t)n : tcp_nothing(e, c);
}

int tcp_at_mark(const struct l4_end *e)
{
	return tcp_is_at_mark(tcp_sock_of(e)->conn);
}

/* --- the end --- */

bool tcp_is_unlisted(const struct l4_end *e)
{
	const struct tcp_sock *s = tcp_sock_of(e);
	return tcp_end_of(s)->stream_port != TCP_PORT_BOUND && !s->listener;
}

int tcp_shutdown(struct l4_end *e, int how)
{
	struct tcp_sock *s = tcp_sock_of(e);
	struct tcp_conn *c = s->conn;
	uint8_t bits = (uint8_t)(how + 1);
	if (s->listener && bits & 1) {
		tcp_listener_free(s->listener);
		s->listener = NULL;
		return 0;
	}
	if (!c || c->h.state == TCP_CLOSE)
		return s->listener ? 0 : -ENOTCONN;
	if (c->h.state == TCP_SYN_SENT)
		return tcp_disconnect(e);
	e->shut |= bits;
	c->no_more_reading |= bits & 1;
	uint8_t next = tcp_states[c->h.state].on_close;
	if (c->fast && c->h.state == TCP_SYN_RECV) /* Linux: once it is open */
		return 0;
	if (bits & 2 && next) {
		tcp_set_state(c, next);
		c->fin_wanted = true;
		tcp_output(c);
		graph_run(c->w);
	}
	return 0;
}

/* --- state --- */

/* Linux: tcp_poll() */
uint32_t tcp_poll(const struct l4_end *e)
{
	const struct tcp_conn *c = e->stream.conn;
	if (c && c->h.kind == TCP_KIND_ASLEEP) /* nothing to be read, and all room to write */
		c = NULL;
	uint8_t state = tcp_state_of(e), shut = e->shut;
	uint32_t events = e->error || (c && tcp_notes_wait(e)) ? EPOLLERR : 0;
	if (state == TCP_LISTEN)
		return next_ready(e) ? EPOLLIN | EPOLLRDNORM : 0;
	if (c && c->fin_got)
		shut |= 1;
	if (c && state == TCP_CLOSE)
		shut = 3;
	if (shut == 3 || state == TCP_CLOSE)
		events |= EPOLLHUP;
	if (shut & 1)
		events |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (c && c->deferred)
		return events | EPOLLOUT | EPOLLWRNORM;
	if (state == TCP_SYN_SENT || (state == TCP_SYN_RECV && !(c && c->fast)))
		return events;
	bool alone = tcp_is_at_mark(c) && !c->rare->opts.oob_inline && c->rcv_nxt - c->rcv_read == 1;
	if (c && c->rcv.head && !alone && tcp_is_enough(c))
		events |= EPOLLIN | EPOLLRDNORM;
	if (c && c->rare && c->rare->urgent == TCP_URGENT_HERE)
		events |= EPOLLPRI;
	if (shut & 2 || !c || tcp_is_writable(c))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

uint32_t tcp_news(const struct l4_end *e)
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	return c ? c->rcv_nxt + tcp_notes_total(e) : 0;
}

void tcp_want_room(struct l4_end *e)
{
	if (tcp_sock_of(e)->conn)
		tcp_sock_of(e)->conn->send_blocked = true;
}

uint32_t tcp_readable(const struct l4_end *e)
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	return c ? c->rcv_nxt - c->rcv_read - c->fin_got : 0;
}

int tcp_inq(const struct l4_end *e)
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	int n = c ? (int)(c->rcv_nxt - c->rcv_read) : 0;
	return !n && c && c->fin_got ? 1 : n;
}

uint32_t tcp_unacked(const struct l4_end *e)
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	bool quiet = !c || is_opening(c) || c->h.state == TCP_CLOSE;
	return quiet || seq_le(c->snd_end, c->snd_una) ? 0 : c->snd_end - c->snd_una;
}

uint32_t tcp_unsent(const struct l4_end *e)
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	return tcp_unacked(e) && seq_lt(c->snd_nxt, c->snd_end) ? c->snd_end - c->snd_nxt : 0;
}
