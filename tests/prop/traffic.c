/* SPDX-License-Identifier: BSD-2-Clause */
/* Deeds of traffic, and the property that nothing is forged. A datagram carries its number, who sent it to whom, and bytes that
 * follow from the number. Whatever a socket reads must be one that was sent, whole, to this socket, by that sender; and copies must not
 * outnumber what wires have duplicated.
 *
 * The one excuse: two bits flipped under way can cancel out in a checksum. That is so rare that one datagram and one ping are let
 * pass, in a run in which wires have flipped two bits or more. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/hash.h"
#include "prop.h"
#include "wire/text.h"

enum { PORT_BASE = 5000, BUF_LEN = 65536, MAGIC = 0x6c656174, RAW_PROTO = 253 };

struct header {
	be32 magic, number, from, to, len;
};
static_assert(sizeof(struct header) <= LEN_MIN, "fits the shortest");

static uint8_t body_byte(uint32_t number, uint32_t i)
{
	return (uint8_t)(number * 167 + i * 13 + (i >> 8));
}

static void fill(uint8_t *buf, uint32_t number, const struct prop_msg *m)
{
	const struct header h = { .magic = be32_of(MAGIC),
				  .number = be32_of(number),
				  .from = be32_of(m->from),
				  .to = be32_of(m->to),
				  .len = be32_of(m->len) };
	for (uint32_t i = 0; i < m->len; i++)
		buf[i] = body_byte(number, i);
	memcpy(buf, &h, sizeof h);
}

/* --- addresses of sockets --- */

union name {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t name_of(union name *n, bool is6, const struct prop_addr *a, uint16_t port)
{
	memset(n, 0, sizeof *n);
	if (!is6) {
		n->in.sin_family = AF_INET;
		n->in.sin_port = htons(port);
		memcpy(&n->in.sin_addr, &a->a.v4, 4);
		return sizeof n->in;
	}
	n->in6.sin6_family = AF_INET6;
	n->in6.sin6_port = htons(port);
	memcpy(&n->in6.sin6_addr, &a->a.v6, 16);
	if (a->family == AF_INET) {
		memset(&n->in6.sin6_addr, 0, 10);
		memset((uint8_t *)&n->in6.sin6_addr + 10, 0xff, 2);
		memcpy((uint8_t *)&n->in6.sin6_addr + 12, &a->a.v4, 4);
	}
	return sizeof n->in6;
}

/* What is not sent by the routes leaves by that wire. */
static void set_scope(const struct world *w, unsigned node, const struct prop_addr *a, union name *n)
{
	for (unsigned e = 0; e < 2; e++)
		if (a->wire && iface_of(w, a->wire, e) && w->wire[a->wire].node[e] == node)
			n->in6.sin6_scope_id = iface_of(w, a->wire, e)->ifindex;
}

static struct prop_addr addr_of_name(const union name *n, uint16_t *ret_port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct prop_addr a = { .family = AF_INET };
	*ret_port = ntohs(n->in.sin_port);
	if (n->sa.sa_family == AF_INET) {
		memcpy(&a.a.v4, &n->in.sin_addr, 4);
	} else if (!memcmp(&n->in6.sin6_addr, mapped, sizeof mapped)) {
		memcpy(&a.a.v4, (const uint8_t *)&n->in6.sin6_addr + 12, 4);
	} else {
		a.family = AF_INET6;
		memcpy(&a.a.v6, &n->in6.sin6_addr, 16);
	}
	return a;
}

static struct prop_sock *sock_at(struct world *w, uint32_t i)
{
	return i && i <= SOCKS_MAX && w->sock[i].s ? &w->sock[i] : NULL;
}

/* --- what comes --- */

static uint64_t flipped_bits(const struct world *w)
{
	uint64_t n = 0;
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2 && w->wire[i].w; e++) {
			struct sim_wire_stats s;
			sim_wire_stats(w->wire[i].w, e, &s);
			n += s.corrupted;
		}
	return n;
}

static bool is_loopback(const struct prop_addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	return a->family == AF_INET ? a->a.b[0] == 127 : !memcmp(a->a.b, one, sizeof one);
}

static const char *what_is_wrong(struct world *w, unsigned self, const uint8_t *buf, uint32_t len,
				 const union name *from)
{
	static uint8_t want[BUF_LEN];
	struct header h;
	uint16_t port;
	struct prop_addr a = addr_of_name(from, &port);
	if (len < sizeof h)
		return "is none that anybody sent";
	memcpy(&h, buf, sizeof h);
	uint32_t number = be32_get(h.number);
	if (be32_get(h.magic) != MAGIC || !number || number > w->n_msgs)
		return "is none that anybody sent";
	struct prop_msg *m = &w->msg[number];
	if (m->len != len)
		return m->len ? "has another length" : "was refused when it was sent";
	fill(want, number, m);
	if (memcmp(want, buf, len) != 0)
		return "differs from what was sent";
	const struct prop_sock *s = &w->sock[self];
	if (s->raw != w->sock[m->from].raw)
		return "is of another protocol";
	if (s->raw ? w->sock[m->to].node != s->node && !m->to_all : m->to != self)
		return "is for another socket";
	if (!s->raw && port != PORT_BASE + m->from)
		return "shows another sender's port";
	if (!addr_is_of(w, w->sock[m->from].node, &a) &&
	    !(is_loopback(&a) && w->sock[m->from].node == w->sock[self].node))
		return "shows an address that its sender never had";
	if (s->connected && !s->raw && s->peer != m->from)
		return "is not of the peer";
	m->came += m->to == self; /* other raw sockets get copies */
	return NULL;
}

/* The protocol of raw sockets here has no checksum. */
static bool is_excused(struct world *w, unsigned self)
{
	uint64_t flipped = flipped_bits(w);
	return w->sock[self].raw ? flipped > 0 : flipped > 1 && !w->excused++;
}

static void came(struct world *w, unsigned self, const uint8_t *buf, uint32_t len, const union name *from)
{
	const char *wrong = what_is_wrong(w, self, buf, len, from);
	struct header h = { 0 };
	memcpy(&h, buf, MIN((size_t)len, sizeof h));
	struct sipkey key = { { w->outcome, sim_now_us(w->sim) } };
	w->outcome = siphash(&key, buf, len);
	if (w->trace)
		fprintf(w->trace, "#   socket %u reads datagram %u, %u bytes\n", self, be32_get(h.number),
			len);
	if (wrong && !is_excused(w, self))
		broken(w, "forged: a datagram of %u bytes to socket %u, number %u, %s", len, self,
		       be32_get(h.number), wrong);
}

static bool read_errors(struct world *w, struct prop_sock *s)
{
	uint8_t buf[2048], control[256];
	union name from;
	struct sock_msg m = { .buf = buf, .len = sizeof buf, .control = control };
	for (unsigned n = 0; n < 1000; n++) {
		m.name = &from;
		m.name_len = sizeof from;
		m.control_len = sizeof control;
		ssize_t got = sock_recvmsg(s->s, &m, MSG_ERRQUEUE);
		if (got == -EAGAIN || got == -EPROTONOSUPPORT)
			return true; /* the latter: its module is not loaded */
		if (got < 0)
			return broken(w, "error-queue: %s", strerror((int)-got));
		w->taken++;
	}
	return broken(w, "error-queue: does not end");
}

static void drain(struct world *w, unsigned self)
{
	static uint8_t buf[BUF_LEN];
	struct prop_sock *s = &w->sock[self];
	for (unsigned n = 0; n < 10000 && s->s && holds(w); n++) {
		union name from;
		socklen_t len = sizeof from;
		ssize_t got = sock_recvfrom(s->s, buf, sizeof buf, 0, &from.sa, &len);
		if (got == -EAGAIN || got == -EPROTONOSUPPORT)
			break;
		if (got < 0)
			continue; /* an error that waited, taken by that */
		w->taken++;
		/* Linux: a raw socket of IPv4 shows the header, too. */
		uint32_t skip = s->raw && !s->is6 && got >= 20 ? (buf[0] & 15) * 4u : 0;
		came(w, self, buf + skip, (uint32_t)got - MIN(skip, (uint32_t)got), &from);
	}
	if (s->s)
		read_errors(w, s);
}

static void ready(struct sock *sock, void *ctx)
{
	struct prop_sock *s = ctx;
	drain(s->world, (unsigned)(s - s->world->sock));
}

/* --- deeds --- */

/* An address that the socket can send to. */
static uint32_t kind_for(const struct prop_sock *s, uint32_t kind)
{
	if (s->raw && s->is6)
		kind |= 1;
	return s->is6 ? kind : kind & ~1u;
}

static void connect_to_peer(struct world *w, struct prop_sock *s, uint32_t peer, uint32_t kind)
{
	struct prop_addr a;
	union name n;
	if (!peer || peer > SOCKS_MAX || !w->sock[peer].node)
		return;
	kind = kind_for(s, kind);
	if (!addr_choose(w, w->sock[peer].node, kind, peer, &a))
		return;
	socklen_t len = name_of(&n, s->is6, &a, s->raw ? 0 : (uint16_t)(PORT_BASE + peer));
	s->connected = !sock_connect(s->s, &n.sa, len);
	s->peer = peer;
}

void deed_sock(struct world *w, const uint32_t *arg)
{
	struct leat_stack *st = stack_of(w, arg[1]);
	static const struct prop_addr any4 = { .family = AF_INET }, any6 = { .family = AF_INET6 };
	union name n;
	if (!st || !arg[0] || arg[0] > SOCKS_MAX || w->sock[arg[0]].node)
		return;
	struct prop_sock *s = &w->sock[arg[0]];
	*s = (struct prop_sock){
		.world = w, .node = arg[1], .is6 = arg[2] == 6, .lazy = arg[3], .raw = arg[8]
	};
	if (sock_open(st, s->is6 ? AF_INET6 : AF_INET, s->raw ? SOCK_RAW : SOCK_DGRAM, s->raw ? RAW_PROTO : 0,
		      NULL, &s->s)) {
		s->s = NULL; /* UDP may just be unloaded */
		return;
	}
	socklen_t len = name_of(&n, s->is6, s->is6 ? &any6 : &any4, (uint16_t)(PORT_BASE + arg[0]));
	int err = s->raw ? 0 : sock_bind(s->s, &n.sa, len), on = 1, rcvbuf = (int)arg[7];
	if (err)
		broken(w, "bind: socket %u: %s", arg[0], strerror(-err));
	connect_to_peer(w, s, arg[4], arg[5]);
	sock_setsockopt(s->s, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
	if (arg[6]) {
		sock_setsockopt(s->s, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
		sock_setsockopt(s->s, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
	}
	if (rcvbuf)
		sock_setsockopt(s->s, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
	if (!s->lazy)
		sock_on_ready(s->s, ready, s);
}

/* The group of a wire, by the sender's own end of it. */
static void choose_wire(const struct world *w, struct prop_sock *s, const struct prop_addr *a)
{
	for (unsigned e = 0; e < 2; e++)
		if (iface_of(w, a->wire, e) && w->wire[a->wire].node[e] == s->node) {
			const struct ip_mreqn m = { .imr_ifindex = (int)iface_of(w, a->wire, e)->ifindex };
			sock_setsockopt(s->s, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof m);
		}
}

static void send_one(struct world *w, struct prop_sock *s, uint32_t to, const struct prop_addr *a,
		     uint32_t len, bool to_all)
{
	static uint8_t buf[BUF_LEN];
	union name n;
	if (w->n_msgs + 1 >= MSGS_MAX)
		return;
	struct prop_msg *m = &w->msg[++w->n_msgs];
	*m = (struct prop_msg){
		.from = (uint16_t)(s - w->sock), .to = (uint16_t)to, .len = len, .to_all = to_all
	};
	fill(buf, w->n_msgs, m);
	socklen_t name_len = name_of(&n, s->is6, a, s->raw ? 0 : (uint16_t)(PORT_BASE + to));
	if (s->is6)
		set_scope(w, s->node, a, &n);
	if (a->family == AF_INET && a->wire)
		choose_wire(w, s, a);
	ssize_t sent = s->connected && s->peer == to && !to_all
			       ? sock_sendto(s->s, buf, len, 0, NULL, 0)
			       : sock_sendto(s->s, buf, len, 0, &n.sa, name_len);
	if (sent < 0)
		m->len = 0;
	else if (sent != (ssize_t)len)
		broken(w, "send: %zd of %u bytes", sent, len);
	if (w->trace)
		fprintf(w->trace, "#   datagram %u: %s\n", w->n_msgs,
			sent < 0 ? strerror((int)-sent) : "sent");
}

void deed_send(struct world *w, const uint32_t *arg)
{
	struct prop_sock *s = sock_at(w, arg[0]);
	uint32_t to = arg[1], kind = arg[2];
	struct prop_addr a;
	if (!s || !to || to > SOCKS_MAX || !w->sock[to].node || arg[3] < LEN_MIN || arg[3] > BUF_LEN)
		return;
	kind = kind_for(s, kind % ADDR_KINDS);
	/* Whom a group is for is on a wire of the sender's. */
	unsigned node = kind >= ADDR_ALL4 ? s->node : w->sock[to].node;
	for (uint32_t i = 0; i < arg[4] && addr_choose(w, node, kind, to + i, &a); i++)
		send_one(w, s, to, &a, arg[3], kind >= ADDR_ALL4);
}

void deed_join(struct world *w, const uint32_t *arg)
{
	struct prop_sock *s = sock_at(w, arg[0]);
	for (unsigned e = 0; e < 2 && s; e++) {
		struct iface *i = iface_of(w, arg[1], e);
		if (!i || w->wire[arg[1]].node[e] != s->node)
			continue;
		struct prop_addr g = addr_of_group(arg[1], s->is6);
		struct ip_mreqn m4 = { .imr_ifindex = (int)i->ifindex };
		struct ipv6_mreq m6 = { .ipv6mr_interface = i->ifindex };
		memcpy(&m4.imr_multiaddr, &g.a.v4, 4);
		memcpy(&m6.ipv6mr_multiaddr, &g.a.v6, 16);
		if (s->is6)
			sock_setsockopt(s->s, IPPROTO_IPV6, arg[2] ? IPV6_LEAVE_GROUP : IPV6_JOIN_GROUP, &m6,
					sizeof m6);
		else
			sock_setsockopt(s->s, IPPROTO_IP, arg[2] ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP,
					&m4, sizeof m4);
	}
}

void deed_read(struct world *w, const uint32_t *arg)
{
	if (sock_at(w, arg[0]))
		drain(w, arg[0]);
}

void deed_close(struct world *w, const uint32_t *arg)
{
	struct prop_sock *s = sock_at(w, arg[0]);
	if (!s)
		return;
	sock_close(s->s);
	s->s = NULL;
}

void traffic_ping(struct world *w, unsigned node, const struct prop_addr *to, uint32_t size, uint32_t count,
		  uint32_t interval_us)
{
	char text[64];
	addr_text(to, text);
	const struct sim_ping_conf c = {
		.to = text, .size = size, .count = count, .interval_us = interval_us
	};
	if (count && w->n_pings < DEEDS_MAX && stack_of(w, node) &&
	    !sim_ping(w->node[node].n, &c, &w->ping[w->n_pings]))
		w->n_pings++;
}

void deed_ping(struct world *w, const uint32_t *arg)
{
	struct prop_addr a;
	if (arg[1] && arg[1] <= NODES_MAX && w->node[arg[1]].n && addr_choose(w, arg[1], arg[2], arg[4], &a))
		traffic_ping(w, arg[0], &a, arg[3], arg[4], arg[5]);
}

void deed_cross(struct world *w, const uint32_t *arg)
{
	if (!arg[0] || arg[0] > WIRES_MAX || arg[1] > 1 || !w->wire[arg[0]].w)
		return;
	struct prop_addr a = addr_of_end(arg[0], !arg[1], 0, arg[2] == 6);
	traffic_ping(w, w->wire[arg[0]].node[arg[1]], &a, 56, arg[3], 0);
}

void traffic_node_gone(struct world *w, unsigned node)
{
	for (unsigned i = 1; i <= SOCKS_MAX; i++)
		if (w->sock[i].node == node)
			w->sock[i].s = NULL;
}

void traffic_read_all(struct world *w)
{
	for (unsigned i = 1; i <= SOCKS_MAX; i++)
		if (w->sock[i].s)
			drain(w, i);
}

/* --- what must hold --- */

static uint64_t duplicated(const struct world *w)
{
	uint64_t n = 0;
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2 && w->wire[i].w; e++) {
			struct sim_wire_stats s;
			sim_wire_stats(w->wire[i].w, e, &s);
			n += s.duplicated;
		}
	return n;
}

static bool check_wakeups(struct world *w)
{
	for (unsigned i = 1; i <= SOCKS_MAX; i++) {
		struct prop_sock *s = &w->sock[i];
		if (s->s && !s->lazy && sock_poll(s->s) & EPOLLIN)
			return broken(w, "wake-up: socket %u has something to read and was not told", i);
	}
	return true;
}

bool check_traffic(struct world *w)
{
	uint64_t extra = 0, bad = 0;
	for (unsigned i = 1; i <= w->n_msgs; i++)
		extra += w->msg[i].came > 1 ? w->msg[i].came - 1 : 0;
	for (unsigned i = 0; i < w->n_pings; i++) {
		struct sim_ping_stats st;
		sim_ping_stats(w->ping[i], &st);
		extra += st.duplicates;
		if (st.received > st.sent)
			return broken(w, "forged: ping %u has %u replies to %u requests", i, st.received,
				      st.sent);
		bad += st.bad;
		if (bad > (flipped_bits(w) > 1))
			return broken(w, "forged: ping %u has %u replies that differ from the request", i,
				      st.bad);
	}
	if (extra > duplicated(w))
		return broken(w, "copies: %lu came twice, but wires duplicated %lu frames", extra,
			      duplicated(w));
	return check_wakeups(w);
}
