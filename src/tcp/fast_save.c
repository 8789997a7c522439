/* SPDX-License-Identifier: BSD-2-Clause */
/* Fast Open in save files: objects of their own ("fast_open") in what save.c writes, only where there is something to say. Of a connection
 * whose last ACK is to come, its request; of hosts, the cookies they gave. */
#include "core/save.h"
#include "tcp/host.h"

/* --- options --- */

void tcp_fast_save_opts(struct saver *s, const struct tcp_opts *o)
{
	if (!o->fast_max && !o->n_fast_keys && !o->fast_connect && !o->fast_no_cookie)
		return;
	save_begin(s, "fast_open");
	save_u64(s, "backlog", o->fast_max);
	save_u64(s, "keys", o->n_fast_keys);
	save_bytes(s, "key", o->fast_key, sizeof o->fast_key);
	save_u64(s, "connect", o->fast_connect);
	save_u64(s, "no_cookie", o->fast_no_cookie);
	save_end(s);
}

bool tcp_fast_load_opts(struct loader *l, struct tcp_opts *o)
{
	uint64_t most, n, connect, none;
	if (!load_has(l, "fast_open"))
		return true;
	if (!load_begin(l, "fast_open") || !load_u64(l, "backlog", 0, INT32_MAX, &most) ||
	    !load_u64(l, "keys", 0, 2, &n) || !load_bytes(l, "key", o->fast_key, sizeof o->fast_key) ||
	    !load_u64(l, "connect", 0, 1, &connect) || !load_u64(l, "no_cookie", 0, 1, &none))
		return false;
	load_end(l);
	o->fast_max = (uint32_t)most;
	o->n_fast_keys = (uint8_t)n;
	o->fast_connect = connect;
	o->fast_no_cookie = none;
	return true;
}

/* --- a connection --- */

enum {
	BIT_ASKED = 1,
	BIT_EXP = 2,
	BIT_ACKED = 4,
	BIT_DATA = 8,
	BIT_TRIED = 16,
	BIT_DEFERRED = 32,
	BIT_WAITS = 64,
	FAIL_SHIFT = 8,
	BITS_MAX = 0x37f
};

static uint64_t bits_of(const struct tcp_conn *c)
{
	return (c->fast_asked ? BIT_ASKED : 0U) | (c->fast_exp ? BIT_EXP : 0U) |
	       (c->fast_acked ? BIT_ACKED : 0U) | (c->fast_data ? BIT_DATA : 0U) |
	       (c->fast_tried ? BIT_TRIED : 0U) | (c->deferred ? BIT_DEFERRED : 0U) |
	       (c->fast ? BIT_WAITS : 0U) | (uint64_t)c->fast_fail << FAIL_SHIFT;
}

void tcp_fast_save_conn(struct saver *s, const struct tcp_conn *c)
{
	if (!(bits_of(c) & ~(uint64_t)BIT_DATA))
		return;
	save_begin(s, "fast_open");
	save_u64(s, "bits", bits_of(c));
	if (c->fast) {
		const struct tcp_request *r = c->m->fast;
		save_u64(s, "irs", r->irs);
		save_u64(s, "rcv_nxt", r->rcv_nxt);
		save_u64(s, "mss_told", r->mss_told);
		save_u64(s, "timeouts", r->timeouts);
	}
	save_end(s);
}

/* What the answer said can be told from the connection. */
static void fill_request(struct tcp_request *r, struct tcp_conn *c)
{
	r->h.key = c->h.key;
	r->h.kind = TCP_KIND_REQUEST;
	r->h.state = TCP_SYN_RECV;
	r->h.out_if = c->h.out_if;
	r->w = c->w;
	r->conn = c;
	r->iss = c->snd_una - 1;
	r->ts_recent = c->ts_recent;
	r->ts_off = c->ts_off;
	r->rcv_wnd = MIN(c->rcv_wnd, (uint32_t)UINT16_MAX);
	r->mark = c->mark;
	r->uid = c->uid;
	r->peer_mss = c->peer_mss;
	r->pmtu = c->pmtu;
	r->snd_wscale = c->snd_wscale;
	r->rcv_wscale = c->rcv_wscale;
	r->tos = c->tos;
	r->ttl = c->ttl;
	r->retries = 1; /* no round trip is measured by it */
	r->ts_ok = c->ts_ok;
	r->sack_ok = c->sack_ok;
	r->wscale_ok = c->wscale_ok;
	r->df = c->df;
	r->ecn_ok = c->ecn_ok;
}

static int load_request(struct loader *l, struct tcp_conn *c)
{
	uint64_t irs, rcv_nxt, mss, timeouts;
	if (!load_u64(l, "irs", 0, UINT32_MAX, &irs) || !load_u64(l, "rcv_nxt", 0, UINT32_MAX, &rcv_nxt) ||
	    !load_u64(l, "mss_told", TCP_MSS_MIN, UINT16_MAX, &mss) ||
	    !load_u64(l, "timeouts", 0, 127, &timeouts))
		return -EINVAL;
	struct tcp_motion *m = tcp_move(c);
	struct tcp_request *r = m ? slab_zalloc(&tcp_worker(c->w)->requests) : NULL;
	if (!r)
		return -ENOMEM;
	fill_request(r, c);
	r->irs = (seq32)irs;
	r->rcv_nxt = (seq32)rcv_nxt;
	r->mss_told = (uint16_t)mss;
	r->timeouts = (uint8_t)timeouts;
	tcp_fast_put_back(c, r);
	return 0;
}

int tcp_fast_load_conn(struct loader *l, struct tcp_conn *c, uint8_t state)
{
	uint64_t bits;
	if (!load_has(l, "fast_open"))
		return 0;
	if (!load_begin(l, "fast_open") || !load_u64(l, "bits", 0, BITS_MAX, &bits))
		return -EINVAL;
	bool waits = bits & BIT_WAITS, opening = state == TCP_SYN_RECV || state == TCP_FIN_WAIT1;
	if ((waits && !opening) || (bits & BIT_DEFERRED && state != TCP_SYN_SENT))
		return load_bad(l, "bits", "not in that state");
	c->fast_asked = bits & BIT_ASKED;
	c->fast_exp = bits & BIT_EXP;
	c->fast_acked = bits & BIT_ACKED;
	c->fast_data = bits & BIT_DATA;
	c->fast_tried = bits & BIT_TRIED;
	c->deferred = bits & BIT_DEFERRED;
	c->fast_fail = bits >> FAIL_SHIFT & 3;
	int err = waits ? load_request(l, c) : 0;
	if (!err)
		load_end(l);
	return err;
}

/* --- hosts --- */

void tcp_hosts_save(struct saver *s, const struct leat_stack *st)
{
	const struct tcp_host *m;
	save_list(s, "hosts");
	list_for_each (m, &tcp_stack(st)->hosts_by_age, link) {
		save_item(s);
		save_bytes(s, "local", m->path.local.b, sizeof m->path.local.b);
		save_bytes(s, "remote", m->path.remote.b, sizeof m->path.remote.b);
		save_u64(s, "mss", m->mss);
		save_u64(s, "try_exp", m->try_exp);
		save_u64(s, "cookie_exp", m->cookie.exp);
		save_bytes(s, "cookie", m->cookie.bytes, m->cookie.len > 0 ? (size_t)m->cookie.len : 0);
		save_end(s);
	}
	save_end(s);
}

static int load_host(struct loader *l, struct leat_stack *st)
{
	struct tcp_host_news n = { 0 };
	uint64_t mss, try_exp, exp;
	size_t len;
	if (!load_bytes(l, "local", n.local.b, sizeof n.local.b) ||
	    !load_bytes(l, "remote", n.remote.b, sizeof n.remote.b) ||
	    !load_u64(l, "mss", 0, UINT16_MAX, &mss) || !load_u64(l, "try_exp", 0, 2, &try_exp) ||
	    !load_u64(l, "cookie_exp", 0, 1, &exp) ||
	    !load_blob(l, "cookie", n.cookie.bytes, sizeof n.cookie.bytes, &len))
		return -EINVAL;
	if (len && (len < TCP_FAST_COOKIE_MIN || len & 1))
		return load_bad(l, "cookie", "of a length that none has");
	n.mss = (uint16_t)mss;
	n.try_exp = (uint8_t)try_exp;
	n.cookie.len = (int8_t)len;
	n.cookie.exp = exp;
	tcp_host_learn(st, &n);
	return 0;
}

/* Absent in files of before. */
int tcp_hosts_restore(struct loader *l, struct leat_stack *st)
{
	size_t n;
	if (!load_has(l, "hosts"))
		return 0;
	int err = load_list(l, "hosts", &n) ? 0 : -EINVAL;
	for (size_t i = 0; !err && i < n; i++) {
		err = load_item(l, i) ? load_host(l, st) : -EINVAL;
		if (!err)
			load_end(l);
	}
	if (!err)
		load_end(l);
	return err;
}
