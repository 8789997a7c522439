/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: TCP in save files. What belongs to a socket (a listener with its requests and the connections nobody has
 * accepted yet; a connection) is saved with it by the room sock; the rest here: keys, closed connections with something left to
 * say, TIME-WAIT. Numbers are rows of tables; bytes that wait, in both directions and early ones too, go along in pieces.
 *
 * What was under way when the file was written may have come, or not: a restored connection treats it as a timeout would, and
 * measures no round trip by it. Times are told as how long ago or how long to go. Our time stamps go on where they were, by the
 * time that has passed if the clock is the same one, and a connection's worker is found anew: bucket and worker may be others. Without the
 * interface its link-local addresses are of, or without memory for it, a connection is not taken up; the peer is told when it asks.
 *
 * A file is outside input: what is read is checked for what the rest of the room takes for granted. */
#include "core/save.h"

#include "net/iface.h"
#include "tcp/host.h"
#include "tcp/tcp_internal.h"

enum { PIECE_BYTES = 16384, SAVED_BYTES_MAX = 1 << 30, SAVED_LATER_US_MAX = 1 << 30 };

/* --- rows --- */

struct field {
	const char *name;
	uint16_t off;
	uint8_t size;
};
#define FIELD(type, member)                                                                         \
	{                                                                                           \
		.name = #member, .off = offsetof(type, member), .size = sizeof(((type *)0)->member) \
	}

static uint64_t get(const void *at, uint8_t size)
{
	if (size == 1)
		return *(const uint8_t *)at;
	if (size == 2)
		return *(const uint16_t *)at;
	return size == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;
}

static void put(void *at, uint8_t size, uint64_t v)
{
	if (size == 1)
		*(uint8_t *)at = (uint8_t)v;
	else if (size == 2)
		*(uint16_t *)at = (uint16_t)v;
	else if (size == 4)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint64_t *)at = v;
}

static void save_fields(struct saver *s, const struct field *f, unsigned n, const void *from)
{
	for (unsigned i = 0; i < n; i++)
		save_u64(s, f[i].name, get((const char *)from + f[i].off, f[i].size));
}

static bool load_fields(struct loader *l, const struct field *f, unsigned n, void *to)
{
	uint64_t v;
	for (unsigned i = 0; i < n; i++) {
		if (!load_u64(l, f[i].name, 0, UINT64_MAX >> (64 - 8 * f[i].size), &v))
			return false;
		put((char *)to + f[i].off, f[i].size, v);
	}
	return true;
}

/* --- times --- */

static void save_ago(struct saver *s, const char *name, const struct leat_stack *st, uint64_t at_us)
{
	uint64_t now = st->rt->ctl->now_us;
	save_u64(s, name, at_us && at_us < now ? now - at_us : 0);
}

static bool load_ago(struct loader *l, const char *name, const struct leat_stack *st, uint64_t *ret)
{
	uint64_t v, now = st->rt->ctl->now_us;
	if (!load_u64(l, name, 0, UINT64_MAX, &v))
		return false;
	*ret = v < now ? now - v : 1;
	return true;
}

static void save_timer(struct saver *s, const char *name, const struct leat_stack *st, uint64_t at_us)
{
	uint64_t now = st->rt->ctl->now_us;
	if (at_us != UINT64_MAX)
		save_u64(s, name, MIN(at_us > now ? at_us - now : 0, (uint64_t)SAVED_LATER_US_MAX));
}

/* False: it is not there, or is wrong. */
static bool load_timer(struct loader *l, const char *name, uint64_t *ret_in_us)
{
	return load_has(l, name) && load_u64(l, name, 0, SAVED_LATER_US_MAX, ret_in_us);
}

static void save_stamp(struct saver *s, const struct leat_stack *st, uint32_t off)
{
	save_u64(s, "stamp", (uint32_t)(st->rt->ctl->now_us / 1000) + off);
}

static bool load_stamp(struct loader *l, const struct leat_stack *st, uint32_t *ret_off)
{
	uint64_t stamp, now = st->rt->ctl->now_us, then = tcp_stack(st)->saved_us;
	if (!load_u64(l, "stamp", 0, UINT32_MAX, &stamp))
		return false;
	uint64_t passed_us = then && then < now ? now - then : 0;
	*ret_off = (uint32_t)(stamp + passed_us / 1000 - now / 1000);
	return true;
}

/* --- names --- */

static uint32_t index_of(struct leat_stack *st, uint32_t handle)
{
	const struct iface *i = handle ? iface_by_handle(st, handle) : NULL;
	return i ? i->ifindex : 0;
}

/* False: wrong. *ret 0 though the file names one: it is gone, and *ret_gone is set. */
static bool load_iface(struct loader *l, const char *name, struct leat_stack *st, uint32_t *ret,
		       bool *ret_gone)
{
	uint64_t v;
	if (!load_u64(l, name, 0, INT32_MAX, &v))
		return false;
	const struct iface *i = v ? iface_by_index(st, (uint32_t)v) : NULL;
	*ret = i ? i->handle : 0;
	*ret_gone |= v && !i;
	return true;
}

static const struct field head_fields[] = { FIELD(struct tcp_head, key.lport),
					    FIELD(struct tcp_head, key.rport),
					    FIELD(struct tcp_head, state) };

static void save_head(struct saver *s, struct leat_stack *st, const struct tcp_head *h)
{
	save_bytes(s, "local", h->key.local.b, sizeof h->key.local.b);
	save_bytes(s, "remote", h->key.remote.b, sizeof h->key.remote.b);
	save_u64(s, "scope", index_of(st, h->key.scope));
	save_u64(s, "out_if", index_of(st, h->out_if));
	save_fields(s, head_fields, ARRAY_SIZE(head_fields), h);
}

static bool load_head(struct loader *l, struct leat_stack *st, struct tcp_head *h, bool *ret_gone)
{
	return load_bytes(l, "local", h->key.local.b, sizeof h->key.local.b) &&
	       load_bytes(l, "remote", h->key.remote.b, sizeof h->key.remote.b) &&
	       load_iface(l, "scope", st, &h->key.scope, ret_gone) &&
	       load_iface(l, "out_if", st, &h->out_if, ret_gone) &&
	       load_fields(l, head_fields, ARRAY_SIZE(head_fields), h);
}

/* NULL: another has its name. What is over stands in no table: it may share it. */
static struct worker *owner_of(struct leat_stack *st, const struct tcp_key *k, bool over)
{
	struct worker *w = tcp_owner(st, k);
	tcp_wake_worker(w);
	return !over && tcp_find(w, k) ? NULL : w;
}

/* --- bytes --- */

static void save_run(struct saver *s, const char *name, seq32 seq, const uint8_t *at, uint32_t len)
{
	for (uint32_t n; len; len -= n, at += n, seq += n) {
		n = MIN(len, (uint32_t)PIECE_BYTES);
		save_item(s);
		save_u64(s, "seq", seq);
		save_bytes(s, name, at, n);
		save_end(s);
	}
}

/* Of a packet [seq, end), whose first byte is p's byte `off`. */
static void save_payload(struct saver *s, const struct pkt *p, uint32_t off, seq32 seq, seq32 end)
{
	struct cursor c = pkt_cursor(p);
	uint32_t n;
	if (!cur_skip(&c, off))
		return;
	for (const uint8_t *run; seq_lt(seq, end) && (run = cur_run(&c, &n)); seq += n) {
		n = MIN(n, end - seq);
		save_run(s, "bytes", seq, run, n);
	}
}

static void save_unacked(struct saver *s, const struct tcp_conn *c)
{
	seq32 at = c->snd_first;
	save_list(s, "sending");
	for (const struct pkt *p = c->snd.head; p && seq_lt(at, c->snd_end); p = p->next) {
		seq32 from = seq_max(at, c->snd_una), end = seq_min(at + p->len, c->snd_end);
		if (seq_lt(from, end))
			save_payload(s, p, from - at, from, end);
		at += p->len;
	}
	save_end(s);
}

static void save_unread(struct saver *s, const struct tcp_conn *c)
{
	save_list(s, "received");
	for (const struct pkt *p = c->rcv.head; p; p = p->next) {
		seq32 from = seq_max(p->edge.tcp.seq, c->rcv_read);
		if (seq_lt(from, p->edge.tcp.end))
			save_payload(s, p, p->edge.tcp.off + (from - p->edge.tcp.seq), from, p->edge.tcp.end);
	}
	for (const struct pkt *p = c->ofo ? c->ofo->head : NULL; p; p = p->next)
		save_payload(s, p, p->edge.tcp.off, p->edge.tcp.seq, p->edge.tcp.end);
	save_end(s);
}

typedef bool take_fn(struct tcp_conn *c, seq32 seq, const uint8_t *bytes, uint32_t len);

static bool take_sending(struct tcp_conn *c, seq32 seq, const uint8_t *bytes, uint32_t len)
{
	return seq == c->snd_end && tcp_queue_bytes(c, bytes, len) == (ssize_t)len;
}

static int load_pieces(struct loader *l, struct tcp_conn *c, const char *name, take_fn *take)
{
	uint8_t *piece = mem_zalloc(&c->w->st->mem, PIECE_BYTES);
	size_t n, len;
	uint64_t seq;
	int err = piece ? load_list(l, name, &n) ? 0 : -EINVAL : -ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		if (!load_item(l, i) || !load_u64(l, "seq", 0, UINT32_MAX, &seq) ||
		    !load_blob(l, "bytes", piece, PIECE_BYTES, &len))
			err = -EINVAL;
		else if (!take(c, (seq32)seq, piece, (uint32_t)len))
			err = -ENOMEM;
		else
			load_end(l);
	}
	if (!err)
		load_end(l);
	mem_free(piece);
	return err;
}

/* --- options --- */

static const struct field opt_fields[] = {
	FIELD(struct tcp_opts, rcvbuf),          FIELD(struct tcp_opts, sndbuf),
	FIELD(struct tcp_opts, user_timeout_ms), FIELD(struct tcp_opts, mss),
	FIELD(struct tcp_opts, keep_idle_s),     FIELD(struct tcp_opts, keep_interval_s),
	FIELD(struct tcp_opts, keep_probes),     FIELD(struct tcp_opts, syn_retries),
	FIELD(struct tcp_opts, defer_accept),    FIELD(struct tcp_opts, linger_s),
	FIELD(struct tcp_opts, linger2_s),       FIELD(struct tcp_opts, max_pacing),
	FIELD(struct tcp_opts, window_clamp),    FIELD(struct tcp_opts, notsent_lowat),
	FIELD(struct tcp_opts, rcvlowat),
};

/* Order matters: it is the file's. */
enum {
	OPT_NODELAY = 1,
	OPT_CORK = 2,
	OPT_KEEPALIVE = 4,
	OPT_LINGER = 8,
	OPT_QUICKACK_OFF = 16,
	OPT_RCVBUF = 32,
	OPT_SNDBUF = 64
};

static void save_opts(struct saver *s, const struct tcp_opts *o)
{
	save_begin(s, "options");
	save_str(s, "congestion", o->cc ? o->cc->name : ""); /* empty: the stack's */
	save_fields(s, opt_fields, ARRAY_SIZE(opt_fields), o);
	tcp_fast_save_opts(s, o);
	save_u64(s, "flags",
		 (o->nodelay ? OPT_NODELAY : 0U) | (o->cork ? OPT_CORK : 0U) |
			 (o->keepalive ? OPT_KEEPALIVE : 0U) | (o->linger ? OPT_LINGER : 0U) |
			 (o->quickack_off ? OPT_QUICKACK_OFF : 0U) | (o->rcvbuf_said ? OPT_RCVBUF : 0U) |
			 (o->sndbuf_said ? OPT_SNDBUF : 0U));
	save_end(s);
}

static bool load_opts(struct loader *l, struct tcp_opts *o)
{
	char name[CC_NAME_MAX];
	uint64_t v;
	if (!load_begin(l, "options") || !load_str(l, "congestion", name, sizeof name) ||
	    !load_fields(l, opt_fields, ARRAY_SIZE(opt_fields), o) || !load_u64(l, "flags", 0, 127, &v) ||
	    !tcp_fast_load_opts(l, o))
		return false;
	o->cc = cc_find(name);
	if (!o->cc && name[0])
		return !load_bad(l, "congestion", "not known here");
	if (o->mss && o->mss < TCP_MSS_MIN)
		return !load_bad(l, "mss", "too small");
	o->nodelay = v & OPT_NODELAY;
	o->cork = v & OPT_CORK;
	o->keepalive = v & OPT_KEEPALIVE;
	o->linger = v & OPT_LINGER;
	o->quickack_off = v & OPT_QUICKACK_OFF;
	o->rcvbuf_said = v & OPT_RCVBUF;
	o->sndbuf_said = v & OPT_SNDBUF;
	load_end(l);
	return true;
}

/* --- a connection --- */

static const struct field conn_fields[] = {
	FIELD(struct tcp_conn, snd_una),      FIELD(struct tcp_conn, snd_nxt),
	FIELD(struct tcp_conn, snd_wl1),      FIELD(struct tcp_conn, snd_wnd),
	FIELD(struct tcp_conn, max_wnd),      FIELD(struct tcp_conn, snd_small),
	FIELD(struct tcp_conn, rcv_wup),      FIELD(struct tcp_conn, rcv_read),
	FIELD(struct tcp_conn, rcv_wnd),      FIELD(struct tcp_conn, ts_recent),
	FIELD(struct tcp_conn, rcv_mss),      FIELD(struct tcp_conn, snd_wscale),
	FIELD(struct tcp_conn, rcv_wscale),   FIELD(struct tcp_conn, quick),
	FIELD(struct tcp_conn, rcv_ssthresh), FIELD(struct tcp_conn, srtt_us),
	FIELD(struct tcp_conn, rttvar_us),    FIELD(struct tcp_conn, rto_us),
	FIELD(struct tcp_conn, ato_us),       FIELD(struct tcp_conn, fin_at),
	FIELD(struct tcp_conn, rcvbuf),       FIELD(struct tcp_conn, sndbuf),
	FIELD(struct tcp_conn, mark),         FIELD(struct tcp_conn, uid),
	FIELD(struct tcp_conn, pmtu),         FIELD(struct tcp_conn, peer_mss),
	FIELD(struct tcp_conn, tos),          FIELD(struct tcp_conn, ttl),
	FIELD(struct tcp_conn, backoff),      FIELD(struct tcp_conn, probes),
	FIELD(struct tcp_conn, soft_error),   FIELD(struct tcp_conn, cc.cwnd),
	FIELD(struct tcp_conn, cc.ssthresh),
};

/* Its bits, in the file's order. */
#define CONN_BITS(bit)                                                                               \
	bit(ts_ok) bit(sack_ok) bit(wscale_ok) bit(df) bit(fin_wanted) bit(fin_sent) bit(fin_got)    \
		bit(fin_known) bit(told_connected) bit(no_more_reading) bit(small_out) bit(ts_asked) \
			bit(send_blocked) bit(pingpong) bit(ack_later) bit(cc_locked) bit(ecn_ok)    \
				bit(ecn_seen) bit(ecn_echo) bit(ecn_cwr)

static void save_bits(struct saver *s, const struct tcp_conn *c)
{
#define BIT(member) save_u64(s, #member, c->member);
	CONN_BITS(BIT)
#undef BIT
}

static bool load_bits(struct loader *l, struct tcp_conn *c)
{
	uint64_t v;
#define BIT(member)                          \
	if (!load_u64(l, #member, 0, 1, &v)) \
		return false;                \
	c->member = v;
	CONN_BITS(BIT)
#undef BIT
	return true;
}

static void save_conn(struct saver *s, struct leat_stack *st, const struct tcp_conn *c,
		      const struct tcp_opts *o)
{
	save_head(s, st, &c->h);
	save_opts(s, o);
	save_fields(s, conn_fields, ARRAY_SIZE(conn_fields), c);
	save_bits(s, c);
	tcp_fast_save_conn(s, c);
	save_str(s, "algorithm", c->cc.ops->name);
	save_u64(s, "holds_port", c->port);
	save_stamp(s, st, c->ts_off);
	save_ago(s, "ts_recent_ago_us", st, c->ts_recent_us);
	save_ago(s, "heard_ago_us", st, c->heard_us);
	save_ago(s, "last_data_ago_us", st, c->last_data_us);
	save_timer(s, "retransmit_in_us", st, c->due_us[TCP_TIMER_RETRANSMIT]);
	save_timer(s, "life_in_us", st, c->due_us[TCP_TIMER_LIFE]);
	save_unacked(s, c);
	save_unread(s, c);
	save_u64(s, "snd_end", c->snd_end); /* behind the bytes: they are put back first */
	save_u64(s, "rcv_nxt", c->rcv_nxt);
}

/* What was set for a connection that no socket has any more. */
static struct tcp_opts opts_of(const struct tcp_conn *c)
{
	struct tcp_opts o = { .rcvbuf = c->rcvbuf, .sndbuf = c->sndbuf };
	if (c->rare)
		o = c->rare->opts;
	o.cc = c->cc.ops;
	o.nodelay = c->nodelay;
	o.cork = c->cork;
	o.keepalive = c->keepalive;
	o.rcvbuf_said = c->rcvbuf_said;
	o.sndbuf_said = c->sndbuf_said;
	return o;
}

static bool is_opening(const struct tcp_conn *c)
{
	return (c->h.state == TCP_SYN_SENT || c->h.state == TCP_SYN_RECV) && !c->fast;
}

/* What all the rest takes for granted. */
static bool is_sane(const struct tcp_conn *c, uint8_t state)
{
	bool known = state && state < TCP_STATES && state != TCP_TIME_WAIT && state != TCP_LISTEN;
	return known && c->snd_nxt - c->snd_una <= SAVED_BYTES_MAX && c->snd_wscale <= TCP_WSCALE_MAX &&
	       c->rcv_wscale <= TCP_WSCALE_MAX && c->rto_us && c->rto_us <= TCP_RTO_MAX_US && c->pmtu >= 68 &&
	       c->rcv_wnd <= SAVED_BYTES_MAX && c->rcvbuf <= SAVED_BYTES_MAX &&
	       c->sndbuf <= SAVED_BYTES_MAX && c->srtt_us <= TCP_RTO_MAX_US &&
	       c->rttvar_us <= TCP_RTO_MAX_US && c->ato_us <= TCP_RTO_MAX_US && c->peer_mss && c->rcv_mss;
}

/* Both queues, as they stood. A FIN that was acknowledged lies between the last byte and snd_una, and a SYN behind it. */
static int load_queues(struct loader *l, struct tcp_conn *c, uint8_t state)
{
	uint32_t sndbuf = c->sndbuf, syn = (state == TCP_SYN_SENT || state == TCP_SYN_RECV) && !c->fast;
	uint64_t snd_end, rcv_nxt;
	if (!load_u64(l, "snd_end", 0, UINT32_MAX, &snd_end) ||
	    !load_u64(l, "rcv_nxt", 0, UINT32_MAX, &rcv_nxt))
		return -EINVAL;
	c->snd_first = c->snd_end = seq_min(c->snd_una + syn, (seq32)snd_end);
	c->rcv_nxt = c->rcv_read;
	c->sndbuf = SAVED_BYTES_MAX;
	int err = load_pieces(l, c, "sending", take_sending);
	c->sndbuf = sndbuf;
	if (!err)
		err = load_pieces(l, c, "received", tcp_put_back);
	if (err)
		return err;
	c->rcv_nxt += c->fin_got;
	if (state == TCP_CLOSE) /* nothing is sent any more */
		c->snd_end = c->snd_nxt = c->snd_una;
	else if (c->snd_end != snd_end || seq_lt(c->snd_end + c->fin_sent, c->snd_nxt))
		return load_bad(l, "snd_end", "not where the bytes end");
	return c->rcv_nxt == rcv_nxt ? 0 : load_bad(l, "rcv_nxt", "not where the bytes end");
}

static bool load_conn_numbers(struct loader *l, struct leat_stack *st, struct tcp_conn *c, uint8_t state)
{
	uint64_t port;
	if (!load_fields(l, conn_fields, ARRAY_SIZE(conn_fields), c) || !load_bits(l, c) ||
	    !load_u64(l, "holds_port", 0, 15, &port) || !load_stamp(l, st, &c->ts_off) ||
	    !load_ago(l, "ts_recent_ago_us", st, &c->ts_recent_us) ||
	    !load_ago(l, "heard_ago_us", st, &c->heard_us) ||
	    !load_ago(l, "last_data_ago_us", st, &c->last_data_us))
		return false;
	c->port = (uint8_t)port;
	return is_sane(c, state) || !load_bad(l, "state", "numbers that do not fit together");
}

/* What was under way is sent again when the timer strikes: nobody knows what has come of it. */
static int log_anew(struct tcp_conn *c, seq32 from)
{
	struct tcp_motion *m = tcp_move(c);
	if (!m || !tcp_log_add(&m->log, &c->w->st->mem, from, c->snd_nxt, c->mss, c->w->lc->now_us))
		return -ENOMEM;
	tcp_log_at(&m->log, 0)->flags = TCP_SENT_EVER_AGAIN;
	return 0;
}

static void start_timers(struct loader *l, struct tcp_conn *c)
{
	uint64_t in_us;
	if (c->fast || (is_opening(c) && !c->deferred))
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_rto_us(c));
	else if (tcp_states[c->h.state].sends)
		tcp_arm_retransmit(c);
	if (tcp_timer_runs(c, TCP_TIMER_RETRANSMIT) && load_timer(l, "retransmit_in_us", &in_us))
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, in_us);
	if (load_timer(l, "life_in_us", &in_us))
		tcp_set_timer(c, TCP_TIMER_LIFE, in_us);
	if (c->ack_later || c->rcv_nxt != c->rcv_wup) {
		c->ack_later = true;
		tcp_set_timer(c, TCP_TIMER_DELACK, TCP_DELACK_US);
	}
}

static void window_anew(struct tcp_conn *c)
{
	uint32_t cwnd = c->cc.cwnd, ssthresh = c->cc.ssthresh;
	tcp_set_mss(c);
	cc_init(&c->cc, c->cc.ops, c->mss);
	tcp_pace_choose(c);
	tcp_ask_metrics(c);
	c->cc.cwnd = MIN(MAX(cwnd, c->mss), tcp_initial_window(c));
	c->cc.ssthresh = MAX(ssthresh, 2U * c->mss);
}

/* It need not be the socket's: a route may have chosen it. */
static bool load_algorithm(struct loader *l, struct tcp_conn *c)
{
	char name[CC_NAME_MAX];
	if (!load_str(l, "algorithm", name, sizeof name))
		return false;
	const struct cc_ops *ops = cc_find(name);
	if (ops)
		c->cc.ops = ops;
	return ops || !load_bad(l, "algorithm", "not known here");
}

static int begin(struct loader *l, struct tcp_conn *c, uint8_t state)
{
	if (!load_algorithm(l, c))
		return -EINVAL;
	bool held = c->port & TCP_HOLD_IS;
	c->port &= (uint8_t)~TCP_HOLD_IS;
	window_anew(c);
	if (state == TCP_CLOSE)
		return 0;
	tcp_enter_table(c->w, &c->h);
	tcp_set_state(c, state);
	if (held)
		tcp_conn_hold(c, c->port);
	bool opening = is_opening(c);
	if (opening) {
		c->syn_again = true;
		c->snd_end = c->snd_nxt;
	}
	if (c->snd_una + opening != c->snd_nxt && log_anew(c, c->snd_una + opening)) /* behind the SYN */
		return -ENOMEM;
	c->last_sent_us = c->w->lc->now_us;
	start_timers(l, c);
	return load_error(l);
}

static void undo_conn(struct tcp_conn *c)
{
	c->end = NULL;
	if (c->fast)
		tcp_fast_end(c, false);
	if (c->h.state == TCP_CLOSE)
		tcp_conn_free(c);
	else
		tcp_done(c);
}

/* 0 with *ret NULL: there is no place for it any more. */
static int load_conn(struct loader *l, struct leat_stack *st, struct tcp_opts *o, struct tcp_conn **ret)
{
	struct tcp_head h = { 0 };
	bool gone = false;
	*ret = NULL;
	if (!load_head(l, st, &h, &gone) || !load_opts(l, o))
		return -EINVAL;
	struct worker *w = gone ? NULL : owner_of(st, &h.key, h.state == TCP_CLOSE);
	if (!w)
		return 0;
	struct tcp_conn *c = tcp_conn_new(w, &h.key, o);
	if (!c)
		return -ENOMEM;
	c->h.out_if = h.out_if;
	int err = load_conn_numbers(l, st, c, h.state) ? tcp_fast_load_conn(l, c, h.state) : -EINVAL;
	if (!err)
		err = load_queues(l, c, h.state);
	if (!err)
		err = begin(l, c, h.state);
	if (err)
		undo_conn(c);
	else
		*ret = c;
	return err;
}

/* --- a request --- */

static const struct field request_fields[] = {
	FIELD(struct tcp_request, iss),        FIELD(struct tcp_request, irs),
	FIELD(struct tcp_request, ts_recent),  FIELD(struct tcp_request, rcv_wnd),
	FIELD(struct tcp_request, mark),       FIELD(struct tcp_request, peer_mss),
	FIELD(struct tcp_request, mss_told),   FIELD(struct tcp_request, pmtu),
	FIELD(struct tcp_request, snd_wscale), FIELD(struct tcp_request, rcv_wscale),
	FIELD(struct tcp_request, tos),        FIELD(struct tcp_request, ttl),
	FIELD(struct tcp_request, timeouts),   FIELD(struct tcp_request, retries),
	FIELD(struct tcp_request, acked),      FIELD(struct tcp_request, ts_ok),
	FIELD(struct tcp_request, sack_ok),    FIELD(struct tcp_request, wscale_ok),
	FIELD(struct tcp_request, ecn_ok),     FIELD(struct tcp_request, df),
};

static void save_request(struct saver *s, struct leat_stack *st, const struct tcp_request *r)
{
	save_item(s);
	save_head(s, st, &r->h);
	save_fields(s, request_fields, ARRAY_SIZE(request_fields), r);
	save_stamp(s, st, r->ts_off);
	save_timer(s, "timer_in_us", st, r->timer.when_us);
	save_end(s);
}

/* Numbers alone; tcp_request_put_back() gives it its place. */
static int load_request(struct loader *l, struct leat_stack *st, struct tcp_listener *o)
{
	struct tcp_request like = { 0 };
	bool gone = false;
	uint64_t in_us;
	if (!load_head(l, st, &like.h, &gone) ||
	    !load_fields(l, request_fields, ARRAY_SIZE(request_fields), &like) ||
	    !load_stamp(l, st, &like.ts_off) || !load_u64(l, "timer_in_us", 0, SAVED_LATER_US_MAX, &in_us))
		return -EINVAL;
	if (like.snd_wscale > TCP_WSCALE_MAX || like.rcv_wscale > TCP_WSCALE_MAX ||
	    like.rcv_wnd > SAVED_BYTES_MAX || !like.peer_mss || like.pmtu < 68)
		return load_bad(l, "peer_mss", "numbers that do not fit together");
	struct worker *w = gone ? NULL : owner_of(st, &like.h.key, false);
	return w ? tcp_request_put_back(w, o, &like, in_us) : 0;
}

/* --- TIME-WAIT --- */

static const struct field wait_fields[] = {
	FIELD(struct tcp_wait, rcv_nxt),    FIELD(struct tcp_wait, snd_nxt), FIELD(struct tcp_wait, rcv_wnd),
	FIELD(struct tcp_wait, ts_recent),  FIELD(struct tcp_wait, mark),    FIELD(struct tcp_wait, uid),
	FIELD(struct tcp_wait, rcv_wscale), FIELD(struct tcp_wait, tos),     FIELD(struct tcp_wait, ttl),
	FIELD(struct tcp_wait, port),       FIELD(struct tcp_wait, ts_ok),   FIELD(struct tcp_wait, df),
};

static void save_wait(struct saver *s, struct leat_stack *st, const struct tcp_wait *t)
{
	save_item(s);
	save_head(s, st, &t->h);
	save_fields(s, wait_fields, ARRAY_SIZE(wait_fields), t);
	save_stamp(s, st, t->ts_off);
	save_ago(s, "ts_recent_ago_us", st, t->ts_recent_us);
	save_timer(s, "timer_in_us", st, t->timer.when_us);
	save_end(s);
}

static int load_wait(struct loader *l, struct leat_stack *st)
{
	struct tcp_wait like = { 0 };
	bool gone = false;
	uint64_t in_us;
	if (!load_head(l, st, &like.h, &gone) ||
	    !load_fields(l, wait_fields, ARRAY_SIZE(wait_fields), &like) ||
	    !load_stamp(l, st, &like.ts_off) || !load_ago(l, "ts_recent_ago_us", st, &like.ts_recent_us) ||
	    !load_u64(l, "timer_in_us", 0, SAVED_LATER_US_MAX, &in_us))
		return -EINVAL;
	if ((like.h.state != TCP_TIME_WAIT && like.h.state != TCP_FIN_WAIT2) ||
	    like.rcv_wscale > TCP_WSCALE_MAX)
		return load_bad(l, "state", "not one that waits");
	struct worker *w = gone ? NULL : owner_of(st, &like.h.key, false);
	if (w)
		tcp_wait_put_back(w, &like, in_us);
	return 0;
}

/* --- what belongs to an endpoint --- */

static void save_listener(struct saver *s, struct leat_stack *st, const struct tcp_listener *o)
{
	const struct tcp_request *r;
	const struct tcp_conn *c;
	save_begin(s, "listener");
	save_u64(s, "backlog", o->backlog);
	save_list(s, "requests");
	for (unsigned i = 0; i < st->n_workers; i++)
		list_for_each (r, &o->of[i].half, link)
			save_request(s, st, r);
	save_end(s);
	save_list(s, "ready");
	for (unsigned i = 0; i < st->n_workers; i++)
		list_for_each (c, &o->of[i].ready, accept) {
			const struct tcp_opts opts = opts_of(c);
			save_item(s);
			save_conn(s, st, c, &opts);
			save_end(s);
		}
	save_end(s);
	save_end(s);
}

static int load_ready(struct loader *l, struct leat_stack *st, struct tcp_listener *o)
{
	struct tcp_opts opts = { 0 };
	struct tcp_conn *c;
	int err = load_conn(l, st, &opts, &c);
	if (c)
		tcp_ready_put_back(c, o);
	if (c && c->fast)
		tcp_fast_join(c, o);
	return err;
}

static int load_each(struct loader *l, const char *name, struct leat_stack *st, struct tcp_listener *o,
		     int (*one)(struct loader *l, struct leat_stack *st, struct tcp_listener *o))
{
	size_t n;
	int err = load_list(l, name, &n) ? 0 : -EINVAL;
	for (size_t i = 0; !err && i < n; i++) {
		err = load_item(l, i) ? one(l, st, o) : -EINVAL;
		if (!err)
			load_end(l);
	}
	if (!err)
		load_end(l);
	return err;
}

static int load_listener(struct loader *l, struct l4_end *e)
{
	uint64_t backlog;
	if (!load_begin(l, "listener") || !load_u64(l, "backlog", 0, INT32_MAX, &backlog))
		return -EINVAL;
	int err = tcp_listen(e, (int)backlog);
	if (!err) {
		tcp_sock_of(e)->listener->backlog = (uint32_t)backlog; /* whatever somaxconn is now */
		err = load_each(l, "requests", e->st, tcp_sock_of(e)->listener, load_request);
	}
	if (!err)
		err = load_each(l, "ready", e->st, tcp_sock_of(e)->listener, load_ready);
	if (!err)
		load_end(l);
	return err;
}

bool tcp_is_worth_saving(const struct l4_end *e)
{
	const struct tcp_sock *k = tcp_sock_of(e);
	return k->listener || k->conn || e->stream_port;
}

void tcp_save_end(const struct l4_end *e, struct saver *s)
{
	const struct tcp_sock *k = tcp_sock_of(e);
	save_opts(s, k->opts);
	save_u64(s, "port_kind", e->stream_port);
	if (k->listener)
		save_listener(s, e->st, k->listener);
	if (!k->conn)
		return;
	save_begin(s, "connection");
	save_conn(s, e->st, k->conn, k->opts);
	save_end(s);
}

static int load_own_conn(struct loader *l, struct l4_end *e)
{
	struct tcp_opts opts = { 0 };
	struct tcp_conn *c;
	if (!load_begin(l, "connection"))
		return -EINVAL;
	int err = load_conn(l, e->st, &opts, &c);
	if (err)
		return err;
	load_end(l);
	if (!c) {
		e->error = ECONNABORTED;
		return 0;
	}
	c->end = e;
	tcp_sock_of(e)->conn = c;
	e->home = c->w;
	return 0;
}

int tcp_restore_end(struct l4_end *e, struct loader *l)
{
	struct tcp_sock *k = tcp_sock_of(e);
	uint64_t kind;
	if (!tcp_opts_own(k))
		return -ENOMEM;
	if (!load_opts(l, tcp_opts_own(k)) || !load_u64(l, "port_kind", 0, TCP_PORT_CHOSEN, &kind))
		return -EINVAL;
	tcp_opts_settle(e);
	if (kind == TCP_PORT_BOUND)
		tcp_put_port_back(e);
	int err = load_has(l, "listener") ? load_listener(l, e) : 0;
	if (!err && load_has(l, "connection"))
		err = load_own_conn(l, e);
	if (!err && kind == TCP_PORT_CHOSEN)
		tcp_keep_port(e);
	return err;
}

/* --- the module --- */

static void save_keys(struct saver *s, const struct tcp_stack *ts)
{
	save_bytes(s, "isn_key", &ts->isn_key, sizeof ts->isn_key);
	save_bytes(s, "stamp_key", &ts->stamp_key, sizeof ts->stamp_key);
	save_bytes(s, "port_key", &ts->port_key, sizeof ts->port_key);
	save_bytes(s, "cookie_key", &ts->cookie_key, sizeof ts->cookie_key);
	save_bytes(s, "port_table", ts->port_table, sizeof ts->port_table);
}

static bool load_keys(struct loader *l, struct tcp_stack *ts)
{
	return load_bytes(l, "isn_key", &ts->isn_key, sizeof ts->isn_key) &&
	       load_bytes(l, "stamp_key", &ts->stamp_key, sizeof ts->stamp_key) &&
	       load_bytes(l, "port_key", &ts->port_key, sizeof ts->port_key) &&
	       load_bytes(l, "cookie_key", &ts->cookie_key, sizeof ts->cookie_key) &&
	       load_bytes(l, "port_table", ts->port_table, sizeof ts->port_table);
}

/* A connection that no socket has, and no listener. */
static const struct tcp_conn *orphan_of(const struct tcp_head *h)
{
	const struct tcp_conn *c = container_of(h, struct tcp_conn, h);
	return h->kind == TCP_KIND_CONN && c->orphan && !c->end ? c : NULL;
}

static void save_orphans(struct saver *s, struct leat_stack *st, struct worker *w)
{
	const struct hash_node *n;
	hash_for_each (n, &tcp_worker(w)->by_key) {
		const struct tcp_conn *c = orphan_of(container_of(n, struct tcp_head, by_key));
		if (!c)
			continue;
		const struct tcp_opts o = opts_of(c);
		save_item(s);
		save_conn(s, st, c, &o);
		save_end(s);
	}
}

int tcp_save(struct leat_stack *st, struct saver *s)
{
	const struct tcp_wait *t;
	save_u64(s, "saved_us", st->rt->ctl->now_us);
	save_keys(s, tcp_stack(st));
	save_list(s, "waits");
	for (unsigned i = 0; i < st->n_workers; i++)
		list_for_each (t, &tcp_worker(st->worker[i])->all_waits, link)
			save_wait(s, st, t);
	save_end(s);
	save_list(s, "orphans");
	for (unsigned i = 0; i < st->n_workers; i++)
		save_orphans(s, st, st->worker[i]);
	save_end(s);
	tcp_hosts_save(s, st);
	return save_error(s);
}

static int load_orphan(struct loader *l, struct leat_stack *st, struct tcp_listener *none)
{
	struct tcp_opts o = { 0 };
	struct tcp_conn *c;
	int err = load_conn(l, st, &o, &c);
	if (!c)
		return err;
	if (c->h.state == TCP_CLOSE)
		tcp_conn_free(c);
	else
		tcp_orphan(c);
	return 0;
}

static int load_one_wait(struct loader *l, struct leat_stack *st, struct tcp_listener *none)
{
	return load_wait(l, st);
}

int tcp_restore(struct leat_stack *st, struct loader *l)
{
	struct tcp_stack *ts = tcp_stack(st);
	if (!load_has(l, "saved_us")) /* of one that had no TCP to save */
		return 0;
	if (!load_u64(l, "saved_us", 0, UINT64_MAX, &ts->saved_us) || !load_keys(l, ts))
		return -EINVAL;
	int err = load_each(l, "waits", st, NULL, load_one_wait);
	if (!err)
		err = load_each(l, "orphans", st, NULL, load_orphan);
	if (!ts->conf.fast_key[0]) /* of one that had none to save */
		tcp_fast_first_key(ts);
	return err ? err : tcp_hosts_restore(l, st);
}
