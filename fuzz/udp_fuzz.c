/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagrams of UDP and UDP-Lite into live sockets, and out of them: a row of decisions (choice.h). What comes well-formed, alone or as a large packet, is
 * read one by one or joined, in rooms of any size, peeked at first or not; what is read must be what came, in order, whole, with its length. What
 * is spoiled comes to a port of its own. What the sockets send, segments and corked parts, must have lengths and sums that hold. Every packet
 * finds its way back. */
#include <errno.h>

#include <linux/if_arp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "choice.h"
#include "core/manual.h"
#include "fuzz.h"
#include "net/addr.h"
#include "net/neigh.h"
#include "pkt/gso.h"
#include "sock/sock.h"
#include "stack/stack_modules.h"
#include "wire/csum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/text.h"
#include "wire/udp.h"

enum {
	LITE = 136,
	SEND_CSCV = 10,
	RECV_CSCV,
	PORT = 7,
	WILD = 9,
	STEPS = 60,
	WAIT_MAX = 20000,
	PAYLOAD_MAX = 20000
};
enum { UDP4, UDP6, LITE4, KINDS };

struct waits {
	uint32_t id, off, len, from; /* which packet, and where in its payload; from: the sender's port */
};

struct lab {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct iface *ifc;
	struct sock *sock[KINDS], *wild[KINDS];
	struct waits wait[KINDS][WAIT_MAX]; /* from first to last */
	uint32_t first[KINDS], last[KINDS], next_id;
	bool joins[KINDS];
};

static const uint8_t ours4[4] = { 10, 0, 1, 1 }, theirs4[4] = { 10, 0, 1, 2 };
static const uint8_t ours6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 },
		     theirs6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 2 };

static uint8_t byte_of(uint32_t id, uint32_t off)
{
	return (uint8_t)(id * 31 + off + off / 256);
}

/* --- what leaves --- */

static uint32_t pseudo_of(const uint8_t *l3, uint8_t proto, uint32_t len)
{
	const struct ip4_hdr *h4 = (const void *)l3;
	const struct ip6_hdr *h6 = (const void *)l3;
	return l3[0] >> 4 == 6 ? csum_pseudo6(&h6->src, &h6->dst, proto, len)
			       : csum_pseudo4(h4->src, h4->dst, proto, len);
}

static bool is_fragment(const uint8_t *l3)
{
	return l3[0] >> 4 == 6 ? l3[6] == IPPROTO_FRAGMENT : (l3[6] & 0x3f) | l3[7];
}

/* The device takes frames that are whole, summed and no longer than its MTU. */
static void check_sent(const uint8_t *l3, uint32_t len)
{
	bool is6 = l3[0] >> 4 == 6;
	uint8_t proto = is6 ? l3[6] : l3[9];
	uint32_t hdr = is6 ? 40 : 20, l4_len = len - hdr;
	const uint8_t *l4 = l3 + hdr;
	struct udplite_msg lite;
	struct udp_msg udp;
	fuzz_check(len <= 1500);
	if (is_fragment(l3))
		return;
	if (proto == IPPROTO_UDP) {
		fuzz_check(udp_parse(cur_of(l4, l4_len), &udp) == DROP_NONE &&
			   cur_left(&udp.body) + 8 == l4_len);
		fuzz_check(!udp.csum ||
			   csum_ok(csum_add(pseudo_of(l3, proto, l4_len), csum_mem(l4, l4_len))));
	} else if (proto == LITE) {
		fuzz_check(udplite_parse(cur_of(l4, l4_len), &lite) == DROP_NONE && lite.csum);
		fuzz_check(csum_ok(csum_add(pseudo_of(l3, proto, l4_len), csum_mem(l4, lite.covered))));
	}
}

static void lab_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t frame[2000];
		struct cursor c = pkt_cursor(p[i]);
		uint32_t len = p[i]->len;
		fuzz_check(!pkt_is_gso(p[i]) && p[i]->csum != PKT_CSUM_PARTIAL && len <= sizeof frame);
		fuzz_check(cur_copy(&c, frame, len) && len >= 14);
		if (frame[12] == 0x08 && frame[13] == 0)
			check_sent(frame + 14, len - 14);
		else if (frame[12] == 0x86)
			check_sent(frame + 14, len - 14);
	}
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

/* --- the lab --- */

static bool is6(unsigned kind)
{
	return kind == UDP6;
}

static socklen_t name_of(unsigned kind, const void *addr, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in *in = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;
	memset(to, 0, sizeof *to);
	if (is6(kind)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, addr, 16);
		return sizeof *in6;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	memcpy(&in->sin_addr, addr, 4);
	return sizeof *in;
}

static void set(struct sock *s, int level, int name, int val)
{
	sock_setsockopt(s, level, name, &val, sizeof val);
}

static struct sock *open_sock(struct lab *l, unsigned kind, uint16_t port)
{
	struct sockaddr_storage at;
	struct sock *s;
	socklen_t len = name_of(kind, is6(kind) ? (const void *)ours6 : ours4, port, &at);
	fuzz_check(!sock_open(l->st, is6(kind) ? AF_INET6 : AF_INET, SOCK_DGRAM, kind == LITE4 ? LITE : 0,
			      NULL, &s));
	fuzz_check(!sock_bind(s, (struct sockaddr *)&at, len));
	set(s, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 28);
	set(s, SOL_UDP, RECV_CSCV, 8);
	return s;
}

static void add_addr(struct lab *l, uint8_t family, const void *ours, const void *theirs, size_t len)
{
	struct addr a = { .if_handle = l->ifc->handle,
			  .family = family,
			  .plen = family == AF_INET ? 24 : 64,
			  .flags = IFA_F_NODAD,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	struct neigh_info n = { .if_handle = l->ifc->handle,
				.state = NUD_PERMANENT,
				.has_mac = true,
				.mac = { 2, 0, 0, 0, 0, 2 },
				.family = family };
	memcpy(&a.local, ours, len);
	a.peer = a.local;
	memcpy(&n.addr, theirs, len);
	fuzz_check(addr_add(l->st, &a, false) == 0);
	fuzz_check(neigh_set(l->st, &n, NLM_F_CREATE) == 0);
}

static void lab_open(struct lab *l)
{
	struct iface_new how = { .name = "w0",
				 .ops = &lab_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 9000,
				 .mac = { 2, 0, 0, 0, 0, 1 } };
	l->m = manual_rt_new(1, 3);
	l->rt = manual_rt_of(l->m);
	fuzz_check(pkt_pools_init(l->rt, 256 << 20) == 0);
	fuzz_check(stack_new(l->rt, "lab", 1, leat_modules, &l->st) == 0);
	fuzz_check(iface_add(l->st, &how, &l->ifc) == 0);
	fuzz_check(iface_set_up(l->ifc, true) == 0);
	add_addr(l, AF_INET, ours4, theirs4, 4);
	add_addr(l, AF_INET6, ours6, theirs6, 16);
	view_publish(l->st);
	manual_rt_settle(l->m);
	for (unsigned k = 0; k < KINDS; k++) {
		l->sock[k] = open_sock(l, k, PORT);
		l->wild[k] = open_sock(l, k, WILD);
		set(l->wild[k], SOL_UDP, UDP_GRO, 1);
	}
}

static void lab_close(struct lab *l)
{
	struct pkt_stats s;
	stack_free(l->st);
	manual_rt_settle(l->m);
	pkt_stats(l->rt->lcore[0], &s);
	fuzz_check(s.in_use == 0);
	pkt_pools_done(l->rt);
	manual_rt_free(l->m);
}

/* --- what comes --- */

struct shape {
	unsigned kind;
	uint16_t from, to;
	uint32_t len, each; /* each: of a large packet; 0: it is none */
	uint16_t length; /* the third field */
	uint32_t covered;
};

static uint32_t put_ip(const struct shape *s, uint8_t *to)
{
	uint32_t l4_len = s->len + 8;
	uint8_t proto = s->kind == LITE4 ? LITE : IPPROTO_UDP;
	if (is6(s->kind)) {
		const uint8_t h[8] = { 0x60, 0, 0, 0, (uint8_t)(l4_len >> 8), (uint8_t)l4_len, proto, 64 };
		memcpy(to, h, 8);
		memcpy(to + 8, theirs6, 16);
		memcpy(to + 24, ours6, 16);
		return 40;
	}
	struct ip4_hdr h = {
		.ver_ihl = 0x45, .len = be16_of((uint16_t)(20 + l4_len)), .ttl = 64, .proto = proto
	};
	memcpy(&h.src, theirs4, 4);
	memcpy(&h.dst, ours4, 4);
	ip4_csum_set(&h);
	memcpy(to, &h, sizeof h);
	return 20;
}

static void put_udp(const struct shape *s, const uint8_t *l3, uint8_t *l4)
{
	struct udp_hdr h = { .sport = be16_of(s->from), .dport = be16_of(s->to), .len = be16_of(s->length) };
	uint32_t pseudo = pseudo_of(l3, s->kind == LITE4 ? LITE : IPPROTO_UDP, s->len + 8);
	memcpy(l4, &h, sizeof h);
	h.csum = be16_of(s->each ? csum_fold(pseudo)
				 : csum_done_udp(csum_add(pseudo, csum_mem(l4, s->covered))));
	memcpy(l4, &h, sizeof h);
}

static void come(struct lab *l, struct choice *c, const struct shape *s, bool spoil)
{
	static uint8_t frame[14 + 40 + 8 + PAYLOAD_MAX];
	static const uint8_t ether[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	struct worker *w = l->st->worker[0];
	memcpy(frame, ether, sizeof ether);
	memcpy(frame + 12, is6(s->kind) ? "\x86\xdd" : "\x08\x00", 2);
	uint32_t hdr = 14 + put_ip(s, frame + 14), len = hdr + 8 + s->len;
	for (uint32_t i = 0; i < s->len; i++)
		frame[hdr + 8 + i] = byte_of(l->next_id, i);
	put_udp(s, frame + 14, frame + hdr);
	for (unsigned n = spoil ? 1 + choose(c, 4) : 0; n; n--)
		frame[hdr + choose(c, 8)] ^= (uint8_t)(1 << choose(c, 8));
	memcpy(frame + hdr + 2, (const uint8_t[]){ 0, (uint8_t)s->to }, 2);
	struct pkt *p = pkt_new(w->lc);
	fuzz_check(p && pkt_append_split(w->lc, p, frame, len, choose(c, 2) ? hdr + 8 : 0));
	if (s->each) {
		p->gso = PKT_GSO_UDP_L4;
		p->gso_size = (uint16_t)s->each;
		p->csum = PKT_CSUM_PARTIAL;
		p->csum_start = (uint16_t)(p->headroom + hdr);
		p->csum_off = 6;
	}
	iface_input(w, l->ifc, &p, 1);
	manual_rt_settle(l->m);
}

static void note(struct lab *l, const struct shape *s)
{
	uint32_t off = 0;
	do {
		uint32_t n = s->each ? MIN(s->each, s->len - off) : s->len;
		fuzz_check(l->last[s->kind] < WAIT_MAX);
		l->wait[s->kind][l->last[s->kind]++] = (struct waits){ l->next_id, off, n, s->from };
		off += n;
	} while (off < s->len);
}

static void datagram(struct lab *l, struct choice *c)
{
	static const uint16_t lens[] = { 0, 1, 2, 7, 8, 100, 101, 500, 1000, 1400 };
	bool spoil = choose(c, 4) == 3;
	struct shape s = { .kind = choose(c, KINDS),
			   .from = (uint16_t)(1000 + choose(c, 2)),
			   .to = spoil ? WILD : PORT,
			   .len = lens[choose(c, ARRAY_SIZE(lens))] };
	if (s.kind != LITE4 && choose(c, 3) == 2) {
		s.each = 1 + choose_byte(c) * 5u;
		s.len = s.each * (1 + choose(c, 130)) + choose(c, 200) % s.each;
		s.len = MIN(s.len, (uint32_t)PAYLOAD_MAX);
	}
	s.length = (uint16_t)(s.len + 8);
	s.covered = s.len + 8;
	if (s.kind == LITE4 && choose(c, 2)) {
		s.covered = 8 + (s.len ? choose_byte(c) % s.len : 0);
		s.length = (uint16_t)s.covered;
	} else if (s.kind == LITE4 && choose(c, 2)) {
		s.length = 0;
	}
	if (s.each && l->last[s.kind] + s.len / s.each + 2 >= WAIT_MAX)
		return;
	come(l, c, &s, spoil);
	if (!spoil)
		note(l, &s);
	l->next_id++;
}

/* --- reading --- */

static void check_bytes(const struct waits *d, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		fuzz_check(b[i] == byte_of(d->id, d->off + i));
}

static int segment_of(const struct sock_msg *m)
{
	struct msghdr h = { .msg_control = m->control, .msg_controllen = m->control_len };
	int each = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&each, CMSG_DATA(c), sizeof each);
	return each;
}

/* How many datagrams that was. */
static uint32_t check_joined(struct lab *l, unsigned k, const struct sock_msg *m, uint32_t n)
{
	const struct waits *d = &l->wait[k][l->first[k]];
	uint32_t done = 0, many = 0, each = d->len;
	for (; many == 0 || done < n; many++) {
		fuzz_check(l->first[k] + many < l->last[k]);
		fuzz_check(d[many].from == d->from && d[many].len <= each && done + d[many].len <= n);
		fuzz_check(!many || (d[many].len && d[many - 1].len == each));
		check_bytes(&d[many], (const uint8_t *)m->buf + done, d[many].len);
		done += d[many].len;
	}
	fuzz_check(segment_of(m) == (many > 1 ? (int)each : 0));
	return many;
}

static void read_one(struct lab *l, struct choice *c)
{
	static uint8_t buf[70000];
	_Alignas(struct cmsghdr) uint8_t control[128];
	unsigned k = choose(c, KINDS), flags = choose(c, 3) == 2 ? MSG_PEEK : 0, step = choose_byte(c);
	struct sockaddr_storage from;
	struct sock_msg m = { .buf = buf,
			      .len = step < 128 ? sizeof buf : (step - 128u) * 20,
			      .name = &from,
			      .name_len = sizeof from,
			      .control = control,
			      .control_len = sizeof control };
	size_t room = m.len;
	ssize_t n = sock_recvmsg(l->sock[k], &m, (int)flags);
	const struct waits *d = &l->wait[k][l->first[k]];
	if (l->first[k] == l->last[k]) {
		fuzz_check(n == -EAGAIN);
		return;
	}
	uint32_t many = 1;
	fuzz_check(n >= 0);
	if (d->len > room) {
		fuzz_check((size_t)n == room && m.flags & MSG_TRUNC);
		check_bytes(d, buf, (uint32_t)n);
	} else {
		many = check_joined(l, k, &m, (uint32_t)n);
		fuzz_check(many == 1 || l->joins[k]);
	}
	if (!(flags & MSG_PEEK))
		l->first[k] += many;
}

/* Whatever came there is read or not; nobody knows what it was. */
static void read_wild(struct lab *l, struct choice *c)
{
	static uint8_t buf[70000];
	_Alignas(struct cmsghdr) uint8_t control[128];
	struct sock_msg m = {
		.buf = buf, .len = choose_byte(c) * 300u, .control = control, .control_len = sizeof control
	};
	sock_recvmsg(l->wild[choose(c, KINDS)], &m, choose(c, 2) ? MSG_PEEK : 0);
}

/* --- sending --- */

static void send_one(struct lab *l, struct choice *c)
{
	static const uint8_t bytes[70000];
	unsigned k = choose(c, KINDS);
	struct sockaddr_storage to;
	socklen_t len = name_of(k, is6(k) ? (const void *)theirs6 : theirs4, 53, &to);
	size_t n = (size_t)choose_byte(c) * (choose(c, 2) ? 260 : 9);
	ssize_t sent = sock_sendto(l->sock[k], bytes, n, choose(c, 3) == 2 ? MSG_MORE : 0,
				   (struct sockaddr *)&to, len);
	fuzz_check(sent == (ssize_t)n || sent == -EMSGSIZE || sent == -EINVAL || sent == -EIO);
	manual_rt_settle(l->m);
}

static void option(struct lab *l, struct choice *c)
{
	unsigned k = choose(c, KINDS);
	int v = choose_byte(c) * (choose(c, 2) ? 10 : 1);
	switch (choose(c, 7)) {
	case 0:
		l->joins[k] = v & 1;
		set(l->sock[k], SOL_UDP, UDP_GRO, v & 1);
		return;
	case 1:
		set(l->sock[k], SOL_UDP, UDP_SEGMENT, v);
		return;
	case 2:
		set(l->sock[k], SOL_UDP, UDP_CORK, v & 1);
		return;
	case 3:
		set(l->sock[k], SOL_UDP, SEND_CSCV, v);
		return;
	case 4:
		set(l->sock[k], SOL_SOCKET, SO_NO_CHECK, v & 1);
		return;
	case 5:
		set(l->wild[k], SOL_SOCKET, SO_PEEK_OFF, v - 20);
		return;
	default:
		set(l->wild[k], SOL_UDP, v & 1 ? RECV_CSCV : 102 /* UDP_NO_CHECK6_RX */, v / 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choice c = { data, size };
	struct lab *l = calloc(1, sizeof *l);
	lab_open(l);
	for (unsigned i = 0; i < STEPS && c.left; i++) {
		switch (choose(&c, 8)) {
		case 0:
		case 1:
		case 2:
			datagram(l, &c);
			break;
		case 3:
		case 4:
			read_one(l, &c);
			break;
		case 5:
			read_wild(l, &c);
			break;
		case 6:
			option(l, &c);
			break;
		default:
			send_one(l, &c);
		}
	}
	lab_close(l);
	free(l);
	return 0;
}
