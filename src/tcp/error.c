/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: ICMP errors about our segments. l4-error4 and l4-error6 have read and judged them; one about TCP comes here, goes
 * to the worker of the quoted flow, and is believed if its sequence number is one that is under way (RFC 5927, 4): then "too big"
 * makes segments smaller and sends again what did not fit, at once (RFC 1191, RFC 8201), and others are remembered in
 * case the connection fails anyway (RFC 9293, 3.9.2.2: soft errors), or end an open that was not answered yet. */
#include "ip/pmtu.h"
#include "wire/ip6.h"
#include "tcp/tcp_internal.h"

enum { LEAST_MTU4 = 552 }; /* Linux: net.ipv4.route.min_pmtu */

static bool read_ports(const struct l4_error *r, struct tcp_key *k, seq32 *ret_seq)
{
	struct {
		be16 sport, dport;
		be32 seq;
	} h;
	struct cursor c = r->l4;
	if (!cur_copy(&c, &h, sizeof h))
		return false;
	k->lport = be16_get(h.sport);
	k->rport = be16_get(h.dport);
	*ret_seq = be32_get(h.seq);
	return true;
}

static struct tcp_head *find(struct worker *w, const struct pkt *p, struct tcp_key *k)
{
	k->scope = tcp_scope(w, p->in_if, &k->local);
	return tcp_find(w, k);
}

/* What is smaller is sent again, without a smaller window: nothing was lost to congestion. */
static void shrink(struct tcp_conn *c, uint32_t mtu)
{
	const struct tcp_ip ip = { .out_if = c->h.out_if, .mark = c->mark, .uid = c->uid, .tos = c->tos };
	const struct fib_query q = tcp_query(&c->h.key, &ip);
	struct tcp_path path;
	pmtu_heard(c->w, &q, mtu);
	if (tcp_path_find(c->w, &c->h.key, &ip, &path))
		return;
	uint32_t least = tcp_is6(&c->h.key) ? IP6_MIN_MTU : LEAST_MTU4; /* the table hears of it by and by */
	mtu = mtu ? MIN(MAX(mtu, least), path.mtu) : path.mtu;
	if (mtu >= c->pmtu)
		return;
	c->pmtu = (uint16_t)mtu;
	if (c->mtu_search)
		tcp_mtu_heard(c);
	tcp_set_mss(c);
	if (c->h.state == TCP_SYN_SENT && c->snd_nxt - c->snd_una > 1) { /* with data: it was too long */
		c->syn_again = true;
		tcp_send_syn(c);
		tcp_count(c->w, TCP_N_RETRANS_SEGS);
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, c->rto_us);
		return;
	}
	if (!tcp_states[c->h.state].sends || c->snd_una == c->snd_nxt)
		return;
	tcp_log_all_lost(&c->m->log, false, 0, 0);
	tcp_output(c);
}

static enum drop conn_error(struct tcp_conn *c, const struct l4_error *r, seq32 seq)
{
	bool opening = c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV;
	if (seq_lt(seq, c->snd_una - c->fast) || seq_lt(c->snd_nxt, seq)) {
		tcp_count(c->w, TCP_N_OUT_OF_WINDOW_ICMPS);
		return DROP_TCP_WINDOW;
	}
	if (r->err == EMSGSIZE) {
		shrink(c, r->info);
		return DROP_SOCK_ERROR_DONE;
	}
	if (opening && c->fast ? c->in_accept : opening && r->hard)
		tcp_fail(c, r->err);
	else
		c->soft_error = (uint8_t)r->err;
	return DROP_SOCK_ERROR_DONE;
}

/* A call that is not open yet (Linux: tcp_req_err()). */
static enum drop request_error(struct tcp_request *q, const struct l4_error *r, seq32 seq)
{
	bool gone = r->err == ENETUNREACH || r->err == EHOSTUNREACH;
	if (seq != q->iss) {
		tcp_count(q->w, TCP_N_OUT_OF_WINDOW_ICMPS);
		return DROP_TCP_WINDOW;
	}
	if (gone) {
		tcp_count(q->w, TCP_N_LISTEN_DROPS);
		tcp_request_free(q);
	}
	return DROP_SOCK_ERROR_DONE;
}

static enum drop error_one(struct worker *w, struct pkt *p, unsigned *ret_owner)
{
	struct l4_error r;
	seq32 seq;
	*ret_owner = w->index;
	if (!l4_error_parse(p, &r))
		return DROP_SOCK_ERROR_NOBODY;
	struct tcp_key k = { .local = r.src.a, .remote = r.dst.a };
	if (!read_ports(&r, &k, &seq))
		return DROP_SOCK_ERROR_NOBODY;
	struct worker *owner = tcp_owner_in_turn(w, &k);
	if (owner != w) {
		*ret_owner = owner->index;
		return DROP_NONE;
	}
	struct tcp_head *h = find(w, p, &k);
	if (!h)
		return DROP_SOCK_ERROR_NOBODY;
	if (h->kind == TCP_KIND_REQUEST)
		return request_error(container_of(h, struct tcp_request, h), &r, seq);
	struct tcp_conn *c = container_of(h, struct tcp_conn, h);
	if (h->kind == TCP_KIND_ASLEEP)
		c = tcp_wake(c); /* h is no more */
	return c && c->h.kind == TCP_KIND_CONN ? conn_error(c, &r, seq) : DROP_SOCK_ERROR_DONE;
}

static void error_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		unsigned owner;
		enum drop why = error_one(w, v->pkt[i], &owner);
		next[i] = NODE_KEPT;
		if (owner != w->index)
			graph_hand_over(w, owner, v->node, &v->pkt[i], 1);
		else
			next[i] = pkt_drop(v->pkt[i], why);
	}
	vec_dispatch(w, v, next);
}

const struct node tcp_error4_node = { .name = "tcp-error4", .run = error_input };
const struct node tcp_error6_node = { .name = "tcp-error6", .run = error_input };
