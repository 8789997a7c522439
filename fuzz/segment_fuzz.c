/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP segments, and what else can come over a wire, against a connection that lives, while its application writes, reads and closes, and time
 * passes. We are the other end, which knows what the stack has sent and is bound by no rule.
 *
 * The input: a byte (bit 0: the stack connects to us, else it listens; bit 1: IPv6; bit 2: no SYN to begin with), then records, at most
 * RECORDS_MAX, each a byte of what (its low 3 bits) and
 *	0 to 4	a segment: flags, where it begins (place()), what it acknowledges (place()), window (2 bytes), bytes of data (times 8), options
 *		(bit 0: a good timestamp, bit 1: SACK blocks, bits 2 to 7: so many bytes of the input)
 *	5	time: 2 ^ (a byte % 28) microseconds
 *	6	the application: a byte of what it does, a byte of how much
 *	7	an ICMP error about the stack's last segment: type and code, 2 bytes of MTU
 *
 * What must hold: each byte that the application reads is the one that belongs to its place in the stream, and so is each byte that the
 * stack sends; all that is sent has a good checksum; another connection is still accepted; when all is closed and time has passed, no
 * packet is held. */
#include <errno.h>
#include <linux/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "core/manual.h"
#include "fuzz.h"
#include "net/addr.h"
#include "net/neigh.h"
#include "sock/sock.h"
#include "stack/stack_modules.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/frame.h"
#include "wire/ip.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"
#include "wire/text.h"

enum {
	RECORDS_MAX = 200,
	STACK_PORT = 80,
	OUR_PORT = 4000,
	SYNS_MAX = 32,
	APPS_MAX = 4,
	QUOTE_MAX = 128,
	LONG_US = 1500 * 1000000,
	OUR_ISN = 0x7ffffff0, /* passes the middle of the space at once */
};

/* A socket of the application. Where its stream begins is not known: it is one of the SYNs that we have sent. */
struct app {
	struct sock *s;
	uint32_t may_begin; /* a bit per SYN */
	uint32_t n_read, n_written;
};

struct lab {
	struct manual_rt *m;
	struct leat_stack *st;
	struct iface *ifc;
	struct ipaddr own, its;
	bool is6;
	struct sock *listener;
	struct app app[APPS_MAX];
	seq32 syn[SYNS_MAX]; /* sequence numbers of those that we have sent */
	unsigned n_syns;
	seq32 isn, end,
		ack; /* of the stack: its SYN, the end of what it has sent, what it has acknowledged */
	uint16_t port; /* the stack's */
	uint32_t stamp; /* its last timestamp */
	unsigned n_synack; /* that came for a connection of the witness */
	uint8_t quote[QUOTE_MAX]; /* the last packet, from the IP header */
	uint32_t quote_len;
};

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t next_u8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static uint16_t next_u16(struct input *in)
{
	uint16_t high = next_u8(in);
	return (uint16_t)(high << 8 | next_u8(in));
}

/* Of ours by sequence number, of the application's by place in the stream. */
static uint8_t our_byte(seq32 seq)
{
	return (uint8_t)(seq * 131 + (seq >> 8) * 7 + (seq >> 16));
}
static uint8_t app_byte(uint32_t place)
{
	return (uint8_t)(place * 29 + (place >> 8) * 3 + 1);
}

/* --- what the stack sends --- */

static void read_options(struct lab *l, struct cursor options)
{
	struct tcp_opt o;
	while (tcp_opt_next(&options, &o))
		if (o.kind == TCP_OPT_STAMP && o.len == 8)
			l->stamp = be32_get(*(const be32 *)(const void *)o.data);
}

static void check_csum(const struct lab *l, struct cursor segment, const struct ipaddr *src,
		       const struct ipaddr *dst)
{
	uint32_t sum = l->is6 ? csum_pseudo6(&src->v6, &dst->v6, IPPROTO_TCP, segment.left)
			      : csum_pseudo4(src->v4, dst->v4, IPPROTO_TCP, segment.left);
	fuzz_check(csum_ok(csum_add(sum, csum_cursor(segment))));
}

static void heard(struct lab *l, const struct tcp_msg *t)
{
	struct cursor body = t->body;
	uint32_t n = 0;
	if (t->flags & TCP_F_RST)
		return;
	if (t->flags & TCP_F_SYN)
		l->isn = l->end = t->seq;
	read_options(l, t->options);
	for (uint8_t b; body.left && cur_u8(&body, &b); n++)
		fuzz_check(b == app_byte(t->seq + n + !!(t->flags & TCP_F_SYN) - l->isn - 1));
	n += !!(t->flags & TCP_F_SYN) + !!(t->flags & TCP_F_FIN);
	if ((int32_t)(t->seq + n - l->end) > 0)
		l->end = t->seq + n;
	if (t->flags & TCP_F_ACK)
		l->ack = t->ack;
	l->port = t->sport;
}

static void sent(struct lab *l, const struct pkt *p)
{
	struct cursor c = pkt_cursor(p), segment;
	uint8_t all[2048];
	struct tcp_msg t;
	uint32_t len = c.left, off = 14 + (l->is6 ? sizeof(struct ip6_hdr) : sizeof(struct ip4_hdr));
	fuzz_check(len <= sizeof all && cur_copy(&c, all, len));
	if (len < off + sizeof(struct tcp_hdr) || all[14] >> 4 != (l->is6 ? 6 : 4) ||
	    all[l->is6 ? 14 + 6 : 14 + 9] != IPPROTO_TCP)
		return; /* neighbour discovery, groups */
	segment = cur_of(all + off, len - off);
	check_csum(l, segment, &l->its, &l->own);
	fuzz_check(tcp_parse(segment, &t) == DROP_NONE);
	if (t.dport == OUR_PORT)
		heard(l, &t);
	else
		l->n_synack += (t.flags & (TCP_F_SYN | TCP_F_ACK)) == (TCP_F_SYN | TCP_F_ACK);
	l->quote_len = MIN(len - 14, (uint32_t)QUOTE_MAX);
	memcpy(l->quote, all + 14, l->quote_len);
}

static struct lab *the_lab;

static void lab_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sent(the_lab, p[i]);
	pkt_free_bulk(w->lc, p, n);
}
static int lab_up(struct iface *ifc)
{
	iface_set_carrier(ifc, true);
	return 0;
}
static void lab_nothing(struct iface *ifc)
{
}
static const struct iface_ops lab_ops = {
	.kind = "lab",
	.xmit = lab_xmit,
	.up = lab_up,
	.down = lab_nothing,
	.stop = lab_nothing,
	.free = lab_nothing,
};

/* --- what we send --- */

static void inject(struct lab *l, uint8_t *frame, uint32_t len)
{
	struct worker *w = l->st->worker[0];
	struct pkt *p = pkt_new(w->lc);
	memcpy(frame, l->ifc->mac, 6);
	memcpy(frame + 6, "\x02\0\0\0\0\x02", 6);
	memcpy(frame + 12, l->is6 ? "\x86\xdd" : "\x08\x00", 2);
	fuzz_check(p && pkt_append(w->lc, p, frame, len));
	iface_input(w, l->ifc, &p, 1);
	manual_rt_settle(l->m);
}

/* Returns where the payload begins. */
static uint32_t put_ip(const struct lab *l, uint8_t *frame, uint8_t proto, uint32_t len)
{
	if (l->is6) {
		struct ip6_hdr h = { .ver_tc_flow = be32_of(6u << 28),
				     .payload_len = be16_of((uint16_t)len),
				     .next = proto,
				     .hop_limit = 64,
				     .src = l->own.v6,
				     .dst = l->its.v6 };
		memcpy(frame + 14, &h, sizeof h);
		return 14 + sizeof h;
	}
	struct ip4_hdr h = { .ver_ihl = 0x45,
			     .len = be16_of((uint16_t)(sizeof h + len)),
			     .ttl = 64,
			     .proto = proto,
			     .src = l->own.v4,
			     .dst = l->its.v4 };
	ip4_csum_set(&h);
	memcpy(frame + 14, &h, sizeof h);
	return 14 + sizeof h;
}

static uint32_t pseudo(const struct lab *l, uint8_t proto, uint32_t len)
{
	return l->is6 ? csum_pseudo6(&l->own.v6, &l->its.v6, proto, len)
		      : csum_pseudo4(l->own.v4, l->its.v4, proto, len);
}

static void send_segment(struct lab *l, struct tcp_msg *t, uint32_t data)
{
	uint8_t frame[2048];
	uint32_t at = put_ip(l, frame, IPPROTO_TCP, 0), hdr = tcp_emit(t, frame + at);
	if (!hdr)
		return;
	data = MIN(data, 1500 - (at - 14) - hdr);
	put_ip(l, frame, IPPROTO_TCP, hdr + data);
	for (uint32_t i = 0; i < data; i++)
		frame[at + hdr + i] = our_byte(t->seq + !!(t->flags & TCP_F_SYN) + i);
	uint32_t sum = csum_add(pseudo(l, IPPROTO_TCP, hdr + data), csum_mem(frame + at, hdr + data));
	be16 csum = be16_of(csum_done(sum));
	memcpy(frame + at + offsetof(struct tcp_hdr, csum), &csum, sizeof csum);
	inject(l, frame, at + hdr + data);
}

/* A number relative to one that means something. */
static seq32 place(seq32 from, struct input *in)
{
	static const int32_t steps[] = { 0,    1,     -1,     2,         8,         1448,    -1448,     100,
					 -100, 65535, -65535, INT32_MAX, INT32_MIN, 1 << 20, -(1 << 20) };
	uint8_t b = next_u8(in);
	return b % 16 < ARRAY_SIZE(steps) ? from + (uint32_t)steps[b % 16]
					  : from + ((uint32_t)next_u16(in) << (b >> 4));
}

static unsigned put_stamp(const struct lab *l, uint8_t *to)
{
	be32 own = be32_of(1 + (uint32_t)(manual_rt_of(l->m)->ctl->now_us / 1000)), its = be32_of(l->stamp);
	memcpy(to, (const uint8_t[]){ TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_STAMP, 10 }, 4);
	memcpy(to + 4, &own, 4);
	memcpy(to + 8, &its, 4);
	return 12;
}

static unsigned put_sack(const struct lab *l, struct input *in, uint8_t *to)
{
	unsigned n = 1 + next_u8(in) % 3;
	to[0] = TCP_OPT_SACK;
	to[1] = (uint8_t)(2 + 8 * n);
	for (unsigned i = 0; i < 2 * n; i++) {
		be32 edge = be32_of(l->end - next_u16(in) + next_u8(in) % 8);
		memcpy(to + 2 + 4 * i, &edge, 4);
	}
	return 2 + 8 * n;
}

static unsigned put_options(const struct lab *l, struct input *in, uint8_t *to)
{
	uint8_t how = next_u8(in);
	unsigned len = how & 1 ? put_stamp(l, to) : 0, more = how >> 2;
	if (how & 2)
		len += put_sack(l, in, to + len);
	for (unsigned i = 0; i < more && len < TCP_OPTIONS_LEN_MAX; i++)
		to[len++] = next_u8(in);
	return MIN(len, (unsigned)TCP_OPTIONS_LEN_MAX);
}

static void note_syn(struct lab *l, struct tcp_msg *t)
{
	if (l->n_syns < SYNS_MAX)
		l->syn[l->n_syns++] = t->seq;
	else
		t->flags &= (uint16_t)~TCP_F_SYN;
}

static void segment(struct lab *l, struct input *in)
{
	uint8_t options[64];
	struct tcp_msg t = { .sport = OUR_PORT, .dport = l->port };
	t.flags = next_u8(in);
	t.seq = place(l->ack, in);
	t.ack = place(l->end, in);
	t.window = next_u16(in);
	t.urgent = t.flags & TCP_F_URG ? 1 + (t.window & 7) : 0;
	uint32_t data = 8u * next_u8(in);
	t.options = cur_of(options, put_options(l, in, options));
	if (t.flags & TCP_F_SYN)
		note_syn(l, &t);
	send_segment(l, &t, data);
}

static void open_with_syn(struct lab *l, bool answer)
{
	static const uint8_t options[] = { TCP_OPT_MSS,
					   4,
					   1448 >> 8,
					   1448 & 255,
					   TCP_OPT_SACK_OK,
					   2,
					   TCP_OPT_STAMP,
					   10,
					   0,
					   0,
					   0,
					   1,
					   0,
					   0,
					   0,
					   0,
					   TCP_OPT_NOP,
					   TCP_OPT_WSCALE,
					   3,
					   7 };
	uint8_t own[sizeof options];
	struct tcp_msg t = { .sport = OUR_PORT, .dport = l->port, .seq = OUR_ISN, .window = 20000 };
	be32 echo = be32_of(answer ? l->stamp : 0);
	memcpy(own, options, sizeof own);
	memcpy(own + 12, &echo, sizeof echo);
	t.options = cur_of(own, sizeof own);
	t.flags = answer ? TCP_F_SYN | TCP_F_ACK : TCP_F_SYN;
	t.ack = answer ? l->isn + 1 : 0;
	note_syn(l, &t);
	send_segment(l, &t, 0);
	t.options = cur_of(own, put_stamp(l, own));
	t.flags = TCP_F_ACK;
	t.seq++;
	t.ack = l->isn + 1;
	send_segment(l, &t, 0);
}

static void icmp_error(struct lab *l, struct input *in)
{
	static const uint8_t types4[] = { 3, 3, 3, 4, 5, 11, 12, 8 }, types6[] = { 1, 2, 2, 2, 3, 4, 1, 137 };
	uint8_t frame[256], b = next_u8(in);
	uint32_t len = 8 + l->quote_len, at = put_ip(l, frame, l->is6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, len);
	be32 rest = be32_of(next_u16(in));
	if (!l->quote_len)
		return;
	memset(frame + at, 0, 8);
	frame[at] = (l->is6 ? types6 : types4)[b & 7];
	frame[at + 1] = b >> 3 & 15;
	memcpy(frame + at + 4, &rest, 4);
	memcpy(frame + at + 8, l->quote, l->quote_len);
	uint32_t sum = csum_add(l->is6 ? pseudo(l, IPPROTO_ICMPV6, len) : 0, csum_mem(frame + at, len));
	be16 csum = be16_of(csum_done(sum));
	memcpy(frame + at + 2, &csum, 2);
	inject(l, frame, at + len);
}

/* --- the application --- */

static void adopt(struct lab *l, struct sock *s)
{
	for (unsigned i = 0; i < APPS_MAX; i++)
		if (!l->app[i].s) {
			l->app[i] = (struct app){ .s = s, .may_begin = UINT32_MAX };
			return;
		}
	sock_close(s);
}

static void read_some(struct lab *l, struct app *a, uint32_t n)
{
	uint8_t buf[2048];
	ssize_t got = sock_recvfrom(a->s, buf, MIN(n, (uint32_t)sizeof buf), 0, NULL, 0);
	for (unsigned i = 0; i < l->n_syns && got > 0; i++)
		for (ssize_t k = 0; k < got; k++)
			if (buf[k] != our_byte(l->syn[i] + 1 + a->n_read + (uint32_t)k))
				a->may_begin &= ~(1u << i);
	if (got <= 0)
		return;
	a->n_read += (uint32_t)got;
	fuzz_check(a->may_begin & (uint32_t)((1ull << l->n_syns) - 1));
}

static void write_some(struct app *a, uint32_t n)
{
	uint8_t buf[8192];
	n = MIN(n, (uint32_t)sizeof buf);
	for (uint32_t i = 0; i < n; i++)
		buf[i] = app_byte(a->n_written + i);
	ssize_t put = sock_sendto(a->s, buf, n, MSG_NOSIGNAL, NULL, 0);
	if (put > 0)
		a->n_written += (uint32_t)put;
}

static void set_option(struct app *a, uint8_t b)
{
	static const struct {
		int level, name;
	} options[] = { { SOL_TCP, TCP_NODELAY },
			{ SOL_TCP, TCP_CORK },
			{ SOL_TCP, TCP_QUICKACK },
			{ SOL_TCP, TCP_KEEPIDLE },
			{ SOL_TCP, TCP_KEEPINTVL },
			{ SOL_TCP, TCP_KEEPCNT },
			{ SOL_SOCKET, SO_KEEPALIVE },
			{ SOL_TCP, TCP_USER_TIMEOUT },
			{ SOL_TCP, TCP_LINGER2 },
			{ SOL_SOCKET, SO_RCVBUF },
			{ SOL_SOCKET, SO_SNDBUF },
			{ SOL_TCP, TCP_MAXSEG },
			{ SOL_TCP, TCP_NOTSENT_LOWAT },
			{ SOL_TCP, TCP_WINDOW_CLAMP },
			{ SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS } };
	static const char *const cc[] = { "reno", "cubic", "bic", "dctcp", "bbr" };
	static const int values[] = { 0, 1, 2, 10, 100, 1000, 3000, 70000 };
	unsigned i = b % 16;
	if (i < ARRAY_SIZE(options))
		sock_setsockopt(a->s, options[i].level, options[i].name, &values[b >> 4 & 7],
				sizeof values[0]);
	else
		sock_setsockopt(a->s, SOL_TCP, TCP_CONGESTION, cc[(b >> 4) % ARRAY_SIZE(cc)],
				(socklen_t)strlen(cc[(b >> 4) % ARRAY_SIZE(cc)]));
}

static void act_on(struct lab *l, struct app *a, uint8_t what, uint8_t much)
{
	struct tcp_info info;
	socklen_t len = sizeof info;
	switch (what % 8) {
	case 0:
	case 1:
		write_some(a, much * 32u + 1);
		break;
	case 2:
	case 3:
		read_some(l, a, much * 32u + 1);
		break;
	case 4:
		sock_shutdown(a->s, much % 3);
		break;
	case 5:
		set_option(a, much);
		break;
	case 6:
		sock_getsockopt(a->s, SOL_TCP, TCP_INFO, &info, &len);
		sock_amount(a->s, SOCK_UNACKED);
		sock_poll(a->s);
		break;
	case 7:
		if (much & 1)
			sock_setsockopt(a->s, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, much >> 4 },
					sizeof(struct linger));
		sock_close(a->s);
		a->s = NULL;
		break;
	}
}

static void application(struct lab *l, struct input *in)
{
	uint8_t what = next_u8(in), much = next_u8(in);
	struct sock *s;
	if (l->listener && sock_accept(l->listener, &s) == 0)
		adopt(l, s);
	for (unsigned i = 0; i < APPS_MAX; i++) {
		struct app *a = &l->app[((what >> 3) + i) % APPS_MAX];
		if (!a->s)
			continue;
		act_on(l, a, what, much);
		break;
	}
	manual_rt_settle(l->m);
}

/* --- the lab --- */

static void set_up(struct lab *l)
{
	static const char *const own[] = { "10.0.0.2", "2001:db8::2" }, *const its[] = { "10.0.0.1",
											 "2001:db8::1" };
	struct addr a = { .plen = l->is6 ? 64 : 24,
			  .flags = IFA_F_NODAD,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	struct neigh_info n = { .state = NUD_PERMANENT, .has_mac = true, .mac = { 2, 0, 0, 0, 0, 2 } };
	struct iface_new how = { .name = "w0",
				 .ops = &lab_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 9000,
				 .mac = { 2, 0, 0, 0, 0, 1 } };
	if (l->is6)
		fuzz_check(ip6_from_text(own[1], &l->own.v6) && ip6_from_text(its[1], &l->its.v6));
	else
		fuzz_check(ip4_from_text(own[0], &l->own.v4) && ip4_from_text(its[0], &l->its.v4));
	fuzz_check(iface_add(l->st, &how, &l->ifc) == 0 && iface_set_up(l->ifc, true) == 0);
	a.if_handle = n.if_handle = l->ifc->handle;
	a.family = n.family = l->is6 ? AF_INET6 : AF_INET;
	a.local = a.peer = l->its;
	n.addr = l->own;
	fuzz_check(addr_add(l->st, &a, false) == 0 && neigh_set(l->st, &n, NLM_F_CREATE) == 0);
	view_publish(l->st);
	manual_rt_settle(l->m);
}

static socklen_t name_of(const struct lab *l, const struct ipaddr *addr, uint16_t port,
			 struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof *ret);
	if (l->is6) {
		struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&a.sin6_addr, &addr->v6, sizeof a.sin6_addr);
		memcpy(ret, &a, sizeof a);
		return sizeof a;
	}
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	memcpy(&a.sin_addr, &addr->v4, sizeof a.sin_addr);
	memcpy(ret, &a, sizeof a);
	return sizeof a;
}

static struct sock *new_sock(struct lab *l)
{
	struct sock *s;
	fuzz_check(sock_open(l->st, l->is6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0, NULL, &s) == 0);
	sock_setsockopt(s, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof(int));
	return s;
}

static void begin(struct lab *l, uint8_t how)
{
	struct sockaddr_storage a;
	l->listener = new_sock(l);
	l->port = STACK_PORT;
	socklen_t len = name_of(l, &l->its, STACK_PORT, &a);
	fuzz_check(sock_bind(l->listener, (struct sockaddr *)&a, len) == 0 &&
		   sock_listen(l->listener, 16) == 0);
	if (how & 1) {
		adopt(l, new_sock(l));
		len = name_of(l, &l->own, OUR_PORT, &a);
		fuzz_check(sock_connect(l->app[0].s, (struct sockaddr *)&a, len) == -EINPROGRESS);
		manual_rt_settle(l->m);
	}
	if (!(how & 4))
		open_with_syn(l, how & 1);
}

/* Whatever we did, another one is answered. */
static void check_serves(struct lab *l)
{
	struct tcp_msg t = {
		.sport = OUR_PORT + 1, .dport = STACK_PORT, .seq = 1, .flags = TCP_F_SYN, .window = 1000
	};
	send_segment(l, &t, 0);
	manual_rt_run(l->m, 10000);
	fuzz_check(l->n_synack);
}

static void end(struct lab *l)
{
	struct leat_runtime *rt = manual_rt_of(l->m);
	struct pkt_stats s;
	check_serves(l);
	for (unsigned i = 0; i < APPS_MAX; i++)
		sock_close(l->app[i].s);
	sock_close(l->listener);
	manual_rt_run(l->m, LONG_US);
	pkt_stats(rt->lcore[0], &s);
	fuzz_check(s.in_use == 0 && s.pages_in_use == 0);
	stack_free(l->st);
	manual_rt_settle(l->m);
	pkt_pools_done(rt);
	manual_rt_free(l->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t how = next_u8(&in);
	struct lab l = { .m = manual_rt_new(1, 3), .is6 = how & 2 };
	the_lab = &l;
	fuzz_check(pkt_pools_init(manual_rt_of(l.m), 16 << 20) == 0);
	fuzz_check(stack_new(manual_rt_of(l.m), "segment", 1, leat_modules, &l.st) == 0);
	set_up(&l);
	begin(&l, how);
	for (unsigned i = 0; i < RECORDS_MAX && in.left; i++) {
		uint8_t what = next_u8(&in);
		if ((what & 7) < 5)
			segment(&l, &in);
		else if ((what & 7) == 5)
			manual_rt_run(l.m, 1ull << next_u8(&in) % 28);
		else if ((what & 7) == 6)
			application(&l, &in);
		else
			icmp_error(&l, &in);
	}
	end(&l);
	return 0;
}
