/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: Fast Open (RFC 7413) of who is called. A SYN with a good cookie makes a connection at once: its data can
 * be read and answered before the last ACK of the open, a round trip earlier. Until that comes it is in SYN_RECV with the bit `fast`,
 * and its request (as listen.c has it) hangs at its motion: the answer is sent again by that, and nothing else is (Linux).
 *
 * Whoever saw a cookie could send many such calls in another's name. So a listener has a bound on how many may be open so
 * (TCP_FASTOPEN), beyond which calls are taken the slow way; and one that was reset still counts for a minute (RFC 7413, 5.1),
 * since a host that is called in vain resets. A listener that is closed forgets those that were accepted; they go on alone. */
#include "tcp/tcp_internal.h"

enum { PENANCE_US = 60000000 };

/* --- how many --- */

static uint32_t open_so(const struct tcp_listener *l, const struct leat_stack *st)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < st->n_workers; i++)
		n += racy_get(l->of[i].n_fast);
	return n;
}

static bool has_room(const struct tcp_request *r)
{
	const struct leat_stack *st = r->w->st;
	uint32_t most = tcp_sock_of(r->l->end)->opts->fast_max;
	most = MIN(most, racy_get(tcp_stack(st)->conf.somaxconn));
	bool room = open_so(r->l, st) < most;
	if (most && !room)
		tcp_count(r->w, TCP_N_FAST_LISTEN_OVERFLOW);
	return room;
}

static void join(struct tcp_request *r)
{
	struct tcp_backlog *b = &r->l->of[r->w->index];
	list_append(&b->fast, &r->link);
	racy_add(b->n_fast, 1);
}

static void forget(struct tcp_request *r)
{
	if (r->l) {
		list_remove(&r->link);
		racy_add(r->l->of[r->w->index].n_fast, -1U);
	}
	lcore_timer_stop(r->w->lc, &r->timer);
	slab_free_at(r, sizeof *r, r->h.place);
}

static void penance_ends(struct lcore *lc, struct timer *t)
{
	forget(container_of(t, struct tcp_request, timer));
}

void tcp_fast_end(struct tcp_conn *c, bool reset)
{
	struct tcp_request *r = c->m->fast;
	c->fast = false;
	c->m->fast = NULL;
	r->conn = NULL;
	if (reset && r->l && !c->in_accept)
		lcore_timer_in(r->w->lc, &r->timer, PENANCE_US);
	else
		forget(r);
}

void tcp_fast_backlog_empty(struct tcp_backlog *b)
{
	while (!list_empty(&b->fast)) {
		struct tcp_request *r = list_first(&b->fast, struct tcp_request, link);
		if (r->conn) {
			list_remove(&r->link);
			racy_add(b->n_fast, -1U);
			r->l = NULL;
		} else {
			forget(r);
		}
	}
}

/* --- a call --- */

/* Is it a cookie of ours: by the first key (1), by the other one (2), by none (0)? */
static unsigned check_cookie(const struct tcp_request *r, const struct tcp_seg *s,
			     struct tcp_fast_cookie *ret_first)
{
	struct sipkey keys[2];
	unsigned n = tcp_fast_keys(tcp_stack(r->w->st), tcp_sock_of(r->l->end)->opts, keys);
	for (unsigned i = 0; i < n; i++) {
		struct tcp_fast_cookie ck = tcp_fast_cookie_of(&r->h.key, &keys[i]);
		if (!i)
			*ret_first = ck;
		if (ck.len == s->fast_len && !memcmp(ck.bytes, s->fast, (size_t)ck.len))
			return i + 1;
	}
	return 0;
}

static void take_data(struct tcp_conn *c, struct tcp_seg *s)
{
	uint32_t len = s->len, ssthresh = c->rcv_ssthresh;
	s->seq++; /* the SYN */
	tcp_receive(c, s);
	c->ack_now = c->ack_later = false; /* the answer says so */
	tcp_stop_timer(c, TCP_TIMER_DELACK);
	c->rcv_ssthresh = ssthresh; /* Linux: the window does not grow by it */
	c->fast_acked = c->rcv_nxt == s->seq + len;
	c->m->bytes_received += c->rcv_nxt - s->seq;
	c->m->data_in++;
	c->m->segs_in++;
}

void tcp_fast_put_back(struct tcp_conn *c, struct tcp_request *r)
{
	timer_init(&r->timer, penance_ends);
	c->fast = true;
	c->m->fast = r;
}

static bool open_now(struct tcp_request *r, struct tcp_seg *s)
{
	struct tcp_conn *c = tcp_request_conn(r, s);
	if (!c)
		return false;
	if (!tcp_move(c)) {
		tcp_conn_free(c);
		return false;
	}
	r->conn = c;
	tcp_fast_put_back(c, r);
	c->snd_wnd = c->max_wnd = s->win; /* RFC 7323, 2.2: a SYN's is not scaled */
	c->rcv_wnd = r->rcv_wnd = MIN(r->rcv_wnd, (uint32_t)UINT16_MAX); /* nor is that of the answer */
	tcp_set_state(c, TCP_SYN_RECV);
	tcp_begin_transfer(c, true);
	if (s->len)
		take_data(c, s);
	r->rcv_nxt = c->rcv_wup = c->rcv_nxt;
	join(r);
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_request_timeout_us(r));
	tcp_conn_ready(c, r->l);
	return true;
}

/* RFC 7413, 4.2.2; Linux: tcp_try_fastopen() */
bool tcp_fast_accept(struct tcp_request *r, struct tcp_seg *s, struct tcp_fast_cookie *ret_give)
{
	uint32_t how = racy_get(tcp_stack(r->w->st)->conf.fastopen);
	struct tcp_fast_cookie own = { .len = -1 };
	if (!s->fast_len)
		tcp_count(r->w, TCP_N_FAST_COOKIE_REQD);
	if (!(how & TCP_FAST_SERVER) || !has_room(r))
		return false;
	bool free = how & TCP_FAST_SERVER_NO_COOKIE || r->no_cookie ||
		    tcp_sock_of(r->l->end)->opts->fast_no_cookie;
	if (!free && s->fast_len < 0)
		return false;
	unsigned by = free ? 1 : check_cookie(r, s, &own);
	own.exp = s->fast_exp;
	struct tcp_fast_cookie *fresh =
		by == 2 ? &own : NULL; /* in the place of one that will not be taken for long */
	if (by && open_now(r, s)) {
		tcp_request_answer(r, fresh);
		tcp_count(r->w, TCP_N_FAST_PASSIVE);
		if (fresh)
			tcp_count(r->w, TCP_N_FAST_PASSIVE_ALT_KEY);
		return true;
	}
	if (by || s->fast_len > 0)
		tcp_count(r->w, TCP_N_FAST_PASSIVE_FAIL);
	*ret_give = own;
	return false;
}

/* --- the last ACK, or what comes instead --- */

static enum drop say_where(struct tcp_conn *c, const struct tcp_seg *s, enum drop why)
{
	if (!(s->flags & TCP_F_RST) && !tcp_is_too_often(c->w, s, &c->refused_us, TCP_N_SKIPPED_SYN_RECV))
		tcp_send_ack(c);
	return why;
}

/* What the program has said meanwhile follows now (Linux: tcp_shutdown()). */
static void close_if_shut(struct tcp_conn *c)
{
	if (!c->end || !(c->end->shut & 2))
		return;
	tcp_set_state(c, TCP_FIN_WAIT1);
	c->fin_wanted = true;
}

/* RFC 9293, 3.10.7.4, fifth, SYN-RECEIVED. Linux: tcp_rcv_synrecv_state_fastopen() */
static void opened(struct tcp_conn *c, const struct tcp_seg *s)
{
	const struct tcp_request *r = c->m->fast;
	if (!c->srtt_us && !r->retries)
		tcp_measured(c, c->w->lc->now_us - r->sent_us);
	tcp_fast_end(c, false);
	c->backoff = 0;
	c->snd_wl1 = s->seq - 1; /* its window counts, and is scaled */
	tcp_stop_timer(c, TCP_TIMER_RETRANSMIT);
	if (c->h.state == TCP_SYN_RECV) {
		tcp_set_state(c, TCP_ESTABLISHED);
		close_if_shut(c);
		tcp_tell(c);
	}
	if (c->snd_una != c->snd_nxt) /* what was sent meanwhile */
		tcp_arm_retransmit(c);
}

/* Linux: tcp_check_req(), tcp_rcv_state_process() */
enum drop tcp_fast_input(struct tcp_conn *c, struct tcp_seg *s)
{
	struct tcp_request *r = c->m->fast;
	seq32 next = r->rcv_nxt;
	bool old = c->ts_ok && s->has_ts && seq_lt(s->ts_val, r->ts_recent);
	if (s->seq == r->irs && (s->flags & (TCP_F_SYN | TCP_F_ACK | TCP_F_RST)) == TCP_F_SYN)
		return old ? DROP_TCP_PAWS : tcp_request_again(r, s);
	if (old || seq_lt(s->end, next) || seq_lt(next + r->rcv_wnd, s->seq))
		return say_where(c, s, old ? DROP_TCP_PAWS : DROP_TCP_WINDOW);
	if (s->flags & TCP_F_RST) {
		if (s->seq != c->rcv_nxt) /* RFC 5961, 3.2 */
			return say_where(c, s, DROP_TCP_RST);
		tcp_fast_end(c, true);
		tcp_count(c->w, TCP_N_EMBRYONIC_RSTS);
		tcp_fail(c, ECONNRESET);
		return DROP_TCP_DONE;
	}
	if (!(s->flags & TCP_F_ACK))
		return s->flags & TCP_F_SYN ? DROP_TCP_SYN : DROP_TCP_NO_ACK;
	if (s->flags & TCP_F_SYN || seq_lt(s->ack, c->snd_una) || seq_lt(c->snd_nxt, s->ack)) {
		tcp_refuse(c->w, &c->h.key, s, s->p->in_if);
		return DROP_TCP_ACK;
	}
	opened(c, s);
	return DROP_NONE;
}

/* --- it does not come --- */

/* Once more than listeners do else, since somebody has the connection already (Linux: tcp_fastopen_synack_timer()). */
void tcp_fast_timeout(struct tcp_conn *c)
{
	struct tcp_request *r = c->m->fast;
	unsigned own = c->rare ? c->rare->opts.syn_retries : 0,
		 most = own ? own : racy_get(tcp_stack(c->w->st)->conf.synack_retries) + 1;
	tcp_count(c->w, TCP_N_TIMEOUTS);
	if (r->timeouts >= most) {
		tcp_count(c->w, TCP_N_ABORT_ON_TIMEOUT);
		tcp_fail(c, c->soft_error ? c->soft_error : ETIMEDOUT);
		return;
	}
	if (r->timeouts == 1) /* RFC 6298, 5.7, and one is forgiven */
		c->cc.cwnd = c->mss;
	r->retries++;
	r->timeouts++;
	tcp_request_answer(r, NULL);
	tcp_count(c->w, TCP_N_RETRANS_SEGS);
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_request_timeout_us(r));
}

void tcp_fast_join(struct tcp_conn *c, struct tcp_listener *l)
{
	c->m->fast->l = l;
	join(c->m->fast);
}
