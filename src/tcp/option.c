/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of level IPPROTO_TCP: a row each, where its number lies in struct tcp_opts, which values it takes, and what follows for a
 * connection that there is already. What has no row is -ENOPROTOOPT, so that a program can tell. */
#include <linux/net_tstamp.h>
#include <linux/tcp.h>

#include "tcp/tcp_internal.h"

struct option {
	int name;
	uint8_t size;
	uint16_t off; /* in struct tcp_opts */
	int min, max;
	bool flag; /* whatever is not 0 is 1 */
	uint32_t conf_off; /* of struct tcp_conf: what 0 stands for; 0: itself */
	void (*apply)(struct tcp_conn *c, const struct tcp_opts *o);
};

/* --- what follows for a connection --- */

static void apply_nodelay(struct tcp_conn *c, const struct tcp_opts *o)
{
	bool cork = c->cork;
	c->nodelay = o->nodelay;
	c->cork = cork && !c->nodelay; /* Linux: what a cork holds back leaves, too */
	tcp_output(c);
	c->cork = cork;
}

static void apply_cork(struct tcp_conn *c, const struct tcp_opts *o)
{
	bool was = c->cork, nodelay = c->nodelay;
	c->cork = o->cork;
	if (!was || c->cork)
		return;
	c->nodelay = true; /* Linux: what was held back leaves at once */
	tcp_output(c);
	c->nodelay = nodelay;
}

static void apply_quickack(struct tcp_conn *c, const struct tcp_opts *o)
{
	c->pingpong = o->quickack_off;
	if (!o->quickack_off && c->ack_later && tcp_states[c->h.state].sends)
		tcp_send_ack(c);
}

static void apply_keepalive(struct tcp_conn *c, const struct tcp_opts *o)
{
	c->keepalive = o->keepalive;
	if (c->keepalive && c->h.state != TCP_CLOSE && c->h.state != TCP_SYN_SENT)
		tcp_set_timer(c, TCP_TIMER_LIFE, (uint64_t)tcp_keep_idle_s(c) * 1000000);
	else
		tcp_stop_timer(c, TCP_TIMER_LIFE);
}

/* Linux: what has passed already counts. */
static void apply_keep_idle(struct tcp_conn *c, const struct tcp_opts *o)
{
	uint64_t idle = tcp_keep_idle_s(c) * 1000000ULL, silent = c->w->lc->now_us - c->heard_us;
	if (c->keepalive && c->h.state != TCP_CLOSE && c->h.state != TCP_SYN_SENT)
		tcp_set_timer(c, TCP_TIMER_LIFE, silent < idle ? idle - silent : 0);
}

uint32_t tcp_keep_idle_s(const struct tcp_conn *c)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	return c->rare && c->rare->opts.keep_idle_s ? c->rare->opts.keep_idle_s : f->keep_idle_s;
}

static void apply_mss(struct tcp_conn *c, const struct tcp_opts *o)
{
	if (c->h.state != TCP_CLOSE)
		tcp_set_mss(c);
}

/* There may be room for more now. */
static void apply_lowat(struct tcp_conn *c, const struct tcp_opts *o)
{
	if (c->send_blocked && tcp_is_writable(c))
		tcp_tell(c);
}

static void apply_window_clamp(struct tcp_conn *c, const struct tcp_opts *o)
{
	tcp_apply_window_clamp(c);
}

/* --- the table --- */

#define AT(member)   .size = sizeof(((struct tcp_opts *)0)->member), .off = offsetof(struct tcp_opts, member)
#define CONF(member) .conf_off = offsetof(struct tcp_conf, member)
/* clang-format off */
static const struct option options[] = {
	{ TCP_NODELAY,      AT(nodelay), .flag = true, .apply = apply_nodelay },
	{ TCP_CORK,         AT(cork), .flag = true, .apply = apply_cork },
	{ TCP_MAXSEG,       AT(mss), .min = 88, .max = 32767, .apply = apply_mss }, /* Linux: TCP_MIN_MSS, MAX_TCP_WINDOW */
	{ TCP_KEEPIDLE,     AT(keep_idle_s), .min = 1, .max = 32767, CONF(keep_idle_s), .apply = apply_keep_idle },
	{ TCP_KEEPINTVL,    AT(keep_interval_s), .min = 1, .max = 32767, CONF(keep_interval_s) },
	{ TCP_KEEPCNT,      AT(keep_probes), .min = 1, .max = 127, CONF(keep_probes) },
	{ TCP_SYNCNT,       AT(syn_retries), .min = 1, .max = 127, CONF(syn_retries) },
	{ TCP_INQ,          AT(inq), .flag = true },
	{ TCP_NOTSENT_LOWAT, AT(notsent_lowat), .min = INT32_MIN, .max = INT32_MAX, .apply = apply_lowat },
	{ TCP_USER_TIMEOUT, AT(user_timeout_ms), .min = 0, .max = INT32_MAX },
	{ TCP_FASTOPEN,     AT(fast_max), .min = 0, .max = INT32_MAX },
	{ TCP_FASTOPEN_CONNECT, AT(fast_connect), .min = 0, .max = 1 },
	{ TCP_FASTOPEN_NO_COOKIE, AT(fast_no_cookie), .min = 0, .max = 1 },
};
/* clang-format on */

static const struct option *find(int name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].name == name)
			return &options[i];
	return NULL;
}

static void put(void *at, uint8_t size, int v)
{
	if (size == 1)
		*(uint8_t *)at = (uint8_t)v;
	else if (size == 2)
		*(uint16_t *)at = (uint16_t)v;
	else
		*(uint32_t *)at = (uint32_t)v;
}

static int get(const void *at, uint8_t size)
{
	if (size == 4)
		return (int)*(const uint32_t *)at;
	return size == 1 ? *(const uint8_t *)at : *(const uint16_t *)at;
}

/* --- those that are no number --- */

enum { CC_LEN_MAX = 16 }; /* Linux: TCP_CA_NAME_MAX */

/* Linux: the default is for everybody, too. */
static bool may_choose(const struct l4_end *e, const struct cc_ops *cc)
{
	const struct tcp_conf *f = &tcp_stack(e->st)->conf;
	return e->net_admin || cc == tcp_default_cc(e->st) || racy_get(f->cc_allowed) >> cc_number(cc) & 1;
}

static int set_congestion(struct tcp_sock *s, const void *val, socklen_t len)
{
	char name[CC_LEN_MAX] = "";
	if (len < 1)
		return -EINVAL;
	memcpy(name, val, MIN((size_t)len, sizeof name - 1));
	const struct cc_ops *cc = cc_find(name);
	if (!cc)
		return -ENOENT;
	if ((s->conn && s->conn->cc_locked) || !may_choose(tcp_end_of(s), cc))
		return -EPERM;
	tcp_opts_own(s)->cc = cc;
	if (s->conn && s->conn->cc.ops != cc)
		tcp_change_cc(s->conn, cc);
	return 0;
}

static int get_bytes(const void *from, size_t n, void *val, socklen_t *len)
{
	*len = (socklen_t)MIN((size_t)*len, n);
	memcpy(val, from, *len);
	return 0;
}

static int get_congestion(const struct tcp_sock *s, void *val, socklen_t *len)
{
	char name[CC_LEN_MAX] = "";
	const struct cc_ops *cc = s->conn       ? s->conn->cc.ops
				  : s->opts->cc ? s->opts->cc
						: tcp_default_cc(tcp_end_of(s)->st);
	strncpy(name, cc->name, sizeof name - 1);
	return get_bytes(name, sizeof name, val, len);
}

/* What is not measured is 0. */
static int get_info(const struct tcp_sock *s, void *val, socklen_t *len)
{
	union {
		struct tcp_info i;
		uint8_t all[280]; /* Linux 6.18 has more members than the headers here, which stay 0 */
	} u = { .i.tcpi_state = tcp_state_of(tcp_end_of(s)) };
	if (s->conn && s->conn->mss)
		tcp_fill_info(s->conn, &u.i);
	return get_bytes(&u, sizeof u, val, len);
}

/* Linux: seconds; negative: none at all, beyond the stack's longest: the longest. */
static int set_linger2(struct tcp_sock *s, int v)
{
	tcp_opts_own(s)->linger2_s = v < 0 ? -1 : v > TCP_LONGEST_LINGER2_S ? TCP_LONGEST_LINGER2_S : v;
	return 0;
}

/* How many timeouts of a request, doubling from a second on, make so many seconds (Linux: secs_to_retrans()). */
static uint8_t timeouts_of(int seconds)
{
	int64_t period = TCP_RTO_FIRST_US / 1000000, timeout = period;
	uint8_t n = seconds > 0;
	while (seconds > period && n < 255) {
		timeout = MIN(timeout * 2, (int64_t)TCP_RTO_MAX_US / 1000000);
		period += timeout;
		n++;
	}
	return n;
}

static int seconds_of(uint8_t timeouts)
{
	int period = 0, timeout = TCP_RTO_FIRST_US / 1000000;
	for (; timeouts; timeouts--) {
		period += timeout;
		timeout = MIN(timeout * 2, TCP_RTO_MAX_US / 1000000);
	}
	return period;
}

/* --- the calls --- */

struct tcp_opts *tcp_opts_own(struct tcp_sock *s)
{
	struct tcp_opts *own = shared_own(&tcp_stack(tcp_end_of(s)->st)->opts, s->opts);
	if (own)
		s->opts = own;
	return own;
}

void tcp_opts_settle(struct l4_end *e)
{
	struct tcp_sock *s = tcp_sock_of(e);
	s->opts = shared_settle(&tcp_stack(e->st)->opts, s->opts);
}

/* What a connection keeps of them beside its own few bits. */
static int tell_conn(struct tcp_sock *s, void (*apply)(struct tcp_conn *c, const struct tcp_opts *o))
{
	struct tcp_conn *c = s->conn;
	if (!c)
		return 0;
	struct tcp_rare *r = tcp_rare(c->w, c);
	if (!r)
		return -ENOMEM;
	r->opts = *s->opts;
	if (apply && c->h.state != TCP_CLOSE)
		apply(c, s->opts);
	graph_run(c->w);
	return 0;
}

/* Linux: none again only where there is no connection; the least is half of SOCK_MIN_RCVBUF. */
static int set_window_clamp(struct tcp_sock *s, int v)
{
	enum { LEAST = 2304 / 2 };
	if (!v && tcp_state_of(tcp_end_of(s)) != TCP_CLOSE)
		return -EINVAL;
	tcp_opts_own(s)->window_clamp = v ? (uint32_t)MAX(v, LEAST) : 0;
	return tell_conn(s, apply_window_clamp);
}

/* Of Fast Open: before there is a connection. */
static int may_set_fast(const struct tcp_sock *s, int name)
{
	uint8_t state = tcp_state_of(tcp_end_of(s));
	bool idle = state == TCP_CLOSE, client = name == TCP_FASTOPEN_CONNECT;
	if (name != TCP_FASTOPEN && name != TCP_FASTOPEN_NO_COOKIE && !client)
		return 0;
	if (client && !(racy_get(tcp_stack(tcp_end_of(s)->st)->conf.fastopen) & TCP_FAST_CLIENT))
		return -EOPNOTSUPP;
	return idle || (!client && state == TCP_LISTEN) ? 0 : -EINVAL;
}

static int set_number(struct tcp_sock *s, int name, int v)
{
	const struct option *o = find(name);
	int err = may_set_fast(s, name);
	if (name == TCP_LINGER2) {
		set_linger2(s, v);
		return tell_conn(s, NULL);
	}
	if (name == TCP_WINDOW_CLAMP)
		return set_window_clamp(s, v);
	if (name == TCP_DEFER_ACCEPT) {
		tcp_opts_own(s)->defer_accept = timeouts_of(v);
		return 0;
	}
	if (name == TCP_QUICKACK) {
		tcp_opts_own(s)->quickack_off = !v;
		return tell_conn(s, apply_quickack);
	}
	if (!o)
		return -ENOPROTOOPT;
	if (err)
		return err;
	if (o->flag)
		v = v != 0;
	else if (name == TCP_MAXSEG && !v)
		v = 0; /* Linux: none */
	else if (v < o->min || v > o->max)
		return -EINVAL;
	put((char *)s->opts + o->off, o->size, v);
	return tell_conn(s, o->apply);
}

int tcp_setopt(struct l4_end *e, int name, const void *val, socklen_t len)
{
	struct tcp_sock *s = tcp_sock_of(e);
	int v;
	if (!tcp_opts_own(s))
		return -ENOMEM;
	if (name == TCP_CONGESTION)
		return set_congestion(s, val, len);
	if (name == TCP_FASTOPEN_KEY)
		return tcp_fast_set_keys(tcp_opts_own(s), val, len);
	if (len < (socklen_t)sizeof v)
		return -EINVAL;
	memcpy(&v, val, sizeof v);
	return set_number(s, name, v);
}

static int number_of(const struct tcp_sock *s, const struct option *o)
{
	const struct tcp_conf *f = &tcp_stack(tcp_end_of(s)->st)->conf;
	int v = get((const char *)s->opts + o->off, o->size), own = TCP_MSS_UNSAID;
	if (o->name == TCP_MAXSEG) { /* Linux: what is in force */
		if (s->conn && s->conn->h.state != TCP_CLOSE)
			return s->conn->mss;
		return v ? v : own;
	}
	return v || !o->conf_off ? v : get((const char *)f + o->conf_off, sizeof(uint32_t));
}

int tcp_getopt(struct l4_end *e, int name, void *val, socklen_t *len)
{
	struct tcp_sock *s = tcp_sock_of(e);
	const struct option *o = find(name);
	int v;
	if ((int)*len < 0)
		return -EINVAL;
	if (name == TCP_CONGESTION)
		return get_congestion(s, val, len);
	if (name == TCP_INFO)
		return get_info(s, val, len);
	if (name == TCP_FASTOPEN_KEY) {
		uint8_t keys[32];
		return get_bytes(keys, tcp_fast_get_keys(tcp_stack(e->st), s->opts, keys), val, len);
	}
	if (name == TCP_CC_INFO) { /* of algorithms that tell something; none does */
		*len = 0;
		return 0;
	}
	if (name == TCP_QUICKACK)
		v = s->conn ? !s->conn->pingpong : !s->opts->quickack_off;
	else if (name == TCP_DEFER_ACCEPT)
		v = seconds_of(s->opts->defer_accept);
	else if (name == TCP_LINGER2)
		v = s->opts->linger2_s ? s->opts->linger2_s : (int)tcp_stack(e->st)->conf.fin_timeout_s;
	else if (name == TCP_WINDOW_CLAMP)
		v = (int)(s->conn && s->conn->mss ? tcp_window_clamp(s->conn) : s->opts->window_clamp);
	else if (o)
		v = number_of(s, o);
	else
		return -ENOPROTOOPT;
	return get_bytes(&v, sizeof v, val, len);
}

/* --- of SOL_SOCKET --- */

int tcp_set_keepalive(struct l4_end *e, bool on)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->keepalive = on;
	if (s->conn)
		apply_keepalive(s->conn, s->opts);
	return 0;
}

int tcp_set_oob_inline(struct l4_end *e, bool on)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->oob_inline = on;
	return tell_conn(s, NULL);
}

bool tcp_get_oob_inline(const struct l4_end *e)
{
	return tcp_sock_of(e)->opts->oob_inline;
}

bool tcp_get_keepalive(const struct l4_end *e)
{
	return tcp_sock_of(e)->opts->keepalive;
}

static void apply_pacing(struct tcp_conn *c, const struct tcp_opts *o)
{
	tcp_pace_choose(c);
	tcp_output(c);
}

int tcp_set_max_pacing(struct l4_end *e, uint64_t bytes_per_s)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->max_pacing = bytes_per_s == UINT64_MAX ? 0 : MAX(bytes_per_s, (uint64_t)1);
	return tell_conn(s, apply_pacing);
}

uint64_t tcp_get_max_pacing(const struct l4_end *e)
{
	uint64_t most = tcp_sock_of(e)->opts->max_pacing;
	return most ? most : UINT64_MAX;
}

int tcp_set_linger(struct l4_end *e, bool on, int seconds)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->linger = on;
	tcp_opts_own(s)->linger_s = (uint16_t)MIN(MAX(seconds, 0), UINT16_MAX);
	return tell_conn(s, NULL);
}

void tcp_get_linger(const struct l4_end *e, int ret[2])
{
	const struct tcp_opts *o = tcp_sock_of(e)->opts;
	ret[0] = o->linger;
	ret[1] = o->linger_s;
}

int tcp_set_rcvbuf(struct l4_end *e, uint32_t bytes)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->rcvbuf = bytes;
	tcp_opts_own(s)->rcvbuf_said = true;
	if (s->conn) {
		s->conn->rcvbuf = bytes;
		s->conn->rcvbuf_said = true;
	}
	return 0;
}

int tcp_set_sndbuf(struct l4_end *e, uint32_t bytes)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->sndbuf = bytes;
	tcp_opts_own(s)->sndbuf_said = true;
	if (s->conn) {
		s->conn->sndbuf = bytes;
		s->conn->sndbuf_said = true;
	}
	return 0;
}

void tcp_get_bufs(const struct l4_end *e, uint32_t ret_rcv_snd[2])
{
	const struct tcp_sock *s = tcp_sock_of(e);
	ret_rcv_snd[0] = s->conn ? s->conn->rcvbuf : s->opts->rcvbuf;
	ret_rcv_snd[1] = s->conn ? s->conn->sndbuf : s->opts->sndbuf;
}

static void apply_rcvlowat(struct tcp_conn *c, const struct tcp_opts *o)
{
	tcp_apply_rcvlowat(c);
	if (c->rcv.head && tcp_is_enough(c))
		tcp_tell(c);
}

/* Linux: half of what the buffer may become at most. */
int tcp_set_rcvlowat(struct l4_end *e, uint32_t bytes)
{
	struct tcp_sock *s = tcp_sock_of(e);
	uint32_t most = s->opts->rcvbuf_said ? s->opts->rcvbuf : racy_get(tcp_stack(e->st)->conf.rmem[2]);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->rcvlowat = MIN(bytes, most / 2);
	return tell_conn(s, apply_rcvlowat);
}
uint32_t tcp_get_rcvlowat(const struct l4_end *e)
{
	return MAX(tcp_sock_of(e)->opts->rcvlowat, 1U);
}

int tcp_set_zerocopy(struct l4_end *e, bool on)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (!tcp_opts_own(s))
		return -ENOMEM;
	tcp_opts_own(s)->zerocopy = on;
	return 0;
}
bool tcp_get_zerocopy(const struct l4_end *e)
{
	return tcp_sock_of(e)->opts->zerocopy;
}

/* Times of what comes, and those that a device takes, are not there. */
int tcp_set_stamping_flags(struct l4_end *e, uint32_t flags)
{
	const uint32_t known = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |
			       SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
			       SOF_TIMESTAMPING_OPT_TSONLY;
	struct tcp_sock *s = tcp_sock_of(e);
	if (flags & ~known)
		return -EINVAL;
	if (flags & ~s->opts->stamping & SOF_TIMESTAMPING_OPT_ID &&
	    (!s->conn || s->conn->h.state == TCP_CLOSE))
		return -EINVAL;
	if (!tcp_opts_own(s))
		return -ENOMEM;
	if (s->conn)
		tcp_set_stamping(s->conn, s->opts->stamping, flags);
	tcp_opts_own(s)->stamping = flags;
	return 0;
}
uint32_t tcp_get_stamping_flags(const struct l4_end *e)
{
	return tcp_sock_of(e)->opts->stamping;
}

bool tcp_tells_inq(const struct l4_end *e)
{
	return tcp_sock_of(e)->opts->inq;
}

void tcp_get_memory(const struct l4_end *e, uint32_t ret[3])
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	ret[0] = c ? tcp_rcv_held(c) : 0;
	ret[1] = c ? c->snd_end - c->snd_una : 0;
	ret[2] = tcp_notes_lost(e);
}
