/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a stream of datagrams from a socket of one node to a socket of another, by the calls that a program makes
 * (sock/sock.h). Each datagram says which stream it is of and its number, and the rest of it is known, so whatever socket it comes
 * to can tell whether it is whole. One socket receives all that is sent to a port of a node.
 *
 * Sockets go with their stack. A receiver's is opened again when the node starts, as a service would be, and a sender's with the
 * next datagram; what is sent meanwhile counts as refused. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"
#include "sim/sim_internal.h"
#include "sock/sock.h"
#include "wire/text.h"

enum { UDP_SIZE_MAX = 60000, UDP_COUNT_MAX = 65536, UDPS_MAX = 65536 };

static uint8_t payload_byte(uint32_t id, uint32_t seq, uint32_t i)
{
	return (uint8_t)(id * 31 + seq * 7 + i);
}

static struct sock *living(const struct udp_socket *s)
{
	return s->node->st && s->life == s->node->life ? s->sock : NULL;
}

static int open_socket(struct udp_socket *s, int family)
{
	s->sock = NULL;
	s->life = s->node->life;
	return s->node->st ? sock_open(s->node->st, family, SOCK_DGRAM, 0, NULL, &s->sock) : -ENETDOWN;
}

static void close_socket(struct udp_socket *s)
{
	sock_close(s->sock);
	s->sock = NULL;
}

/* --- receiving --- */

static void take(struct sim *s, const uint8_t *b, size_t len)
{
	uint32_t id, seq;
	if (len < SIM_UDP_MIN)
		return; /* not ours */
	id = be32_get(*(const be32 *)b);
	seq = be32_get(*(const be32 *)(b + sizeof(be32)));
	struct sim_udp *u = id && id <= s->n_udps ? s->udp[id - 1] : NULL;
	if (!u || !tally_knows(&u->tally, seq))
		return;
	bool whole = len == u->conf.size;
	for (uint32_t i = SIM_UDP_MIN; i < len && whole; i++)
		whole = b[i] == payload_byte(id, seq, i);
	tally_came(&u->tally, seq, whole);
}

static void sink_ready(struct sock *sock, void *ctx)
{
	struct udp_sink *k = ctx;
	uint8_t b[UDP_SIZE_MAX];
	ssize_t n;
	while ((n = sock_recvfrom(sock, b, sizeof b, 0, NULL, NULL)) >= 0)
		take(k->s.node->sim, b, (size_t)n);
}

static int sink_open(struct udp_sink *k)
{
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(k->port) };
	int err = open_socket(&k->s, AF_INET6); /* of both families */
	if (!err)
		err = sock_bind(k->s.sock, (const void *)&any, sizeof any);
	if (!err)
		sock_on_ready(k->s.sock, sink_ready, k);
	else
		close_socket(&k->s);
	return err;
}

static struct udp_sink *sink_at(struct sim_node *n, uint16_t port)
{
	struct udp_sink *k;
	list_for_each (k, &n->sim->sinks, link)
		if (k->s.node == n && k->port == port)
			return k;
	k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->s.node = n;
	k->port = port;
	list_append(&n->sim->sinks, &k->link);
	return k;
}

void udp_node_started(struct sim_node *n)
{
	struct udp_sink *k;
	list_for_each (k, &n->sim->sinks, link)
		if (k->s.node == n)
			sink_open(k); /* nobody else has a socket in a stack this young */
}

/* --- sending --- */

static int sender_open(struct sim_udp *u)
{
	int err = open_socket(&u->s, u->to.ss_family);
	if (!err && *u->from_if)
		err = sock_setsockopt(u->s.sock, SOL_SOCKET, SO_BINDTODEVICE, u->from_if,
				      (socklen_t)strlen(u->from_if));
	if (!err && u->from.ss_family)
		err = sock_bind(u->s.sock, (const void *)&u->from, sizeof u->from);
	if (err)
		close_socket(&u->s);
	return err;
}

static int send_one(struct sim_udp *u, uint32_t seq)
{
	uint8_t b[UDP_SIZE_MAX];
	int err = living(&u->s) ? 0 : sender_open(u);
	if (err)
		return err;
	*(be32 *)b = be32_of(u->id);
	*(be32 *)(b + sizeof(be32)) = be32_of(seq);
	for (uint32_t i = SIM_UDP_MIN; i < u->conf.size; i++)
		b[i] = payload_byte(u->id, seq, i);
	ssize_t n = sock_sendto(u->s.sock, b, u->conf.size, 0, (const void *)&u->to, sizeof u->to);
	return n < 0 ? (int)n : 0;
}

static void next_datagram(struct sim *s, struct sim_event *e)
{
	struct sim_udp *u = container_of(e, struct sim_udp, next);
	int err = send_one(u, tally_sent(&u->tally));
	if (err)
		tally_refused(&u->tally, err);
	follow_flush(s, u->s.node);
	if (u->tally.stats.sent < u->conf.count)
		sim_at(s, e, sim_now_us(s) + u->conf.interval_us);
}

/* --- addresses --- */

static void put_address(struct sockaddr_storage *to, uint8_t family, const struct ipaddr *a, uint16_t port)
{
	*to = (struct sockaddr_storage){ .ss_family = family };
	if (family == AF_INET) {
		struct sockaddr_in *in = (void *)to;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->b, sizeof in->sin_addr);
	} else {
		struct sockaddr_in6 *in6 = (void *)to;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, a->b, sizeof in6->sin6_addr);
	}
}

/* The family, or 0: it is no address. */
static uint8_t read_address(const char *text, struct ipaddr *ret)
{
	*ret = (struct ipaddr){ 0 };
	if (ip4_from_text(text, &ret->v4))
		return AF_INET;
	return ip6_from_text(text, &ret->v6) ? AF_INET6 : 0;
}

static const struct addr *first_address(struct leat_stack *st)
{
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
			if (a->scope == RT_SCOPE_UNIVERSE)
				return a;
	return NULL;
}

static int read_to(struct sim_udp *u, struct sim_node *at)
{
	struct ipaddr a;
	if (u->conf.to) {
		uint8_t family = read_address(u->conf.to, &a);
		put_address(&u->to, family, &a, u->conf.port);
		return family ? 0 : -EINVAL;
	}
	const struct addr *first = at->st ? first_address(at->st) : NULL;
	if (first)
		put_address(&u->to, first->family, &first->local, u->conf.port);
	return first ? 0 : -EADDRNOTAVAIL;
}

static int read_from(struct sim_udp *u)
{
	struct ipaddr a;
	uint8_t family = u->conf.from ? read_address(u->conf.from, &a) : 0;
	if (!u->conf.from)
		return 0;
	if (family) {
		put_address(&u->from, family, &a, 0);
		return family == u->to.ss_family ? 0 : -EINVAL;
	}
	if (strlen(u->conf.from) >= sizeof u->from_if)
		return -EINVAL;
	snprintf(u->from_if, sizeof u->from_if, "%s", u->conf.from);
	return 0;
}

/* --- life --- */

static void udp_free(struct sim_udp *u)
{
	if (u)
		tally_done(&u->tally);
	free(u);
}

static int add_to(struct sim *s, struct sim_udp *u)
{
	if (s->n_udps == UDPS_MAX)
		return -ENOSPC;
	struct sim_udp **more = realloc(s->udp, (s->n_udps + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	s->udp = more;
	s->udp[s->n_udps++] = u;
	u->id = s->n_udps;
	return 0;
}

static int udp_init(struct sim_udp *u, struct sim_node *n, struct sim_node *at, const struct sim_udp_conf *c)
{
	u->s.node = n;
	u->conf = *c;
	if (!c->port || !c->count || c->count > UDP_COUNT_MAX || c->size < SIM_UDP_MIN ||
	    c->size > UDP_SIZE_MAX)
		return -EINVAL;
	int err = tally_init(&u->tally, n->sim, c->count);
	if (!err)
		err = read_to(u, at);
	if (!err)
		err = read_from(u);
	if (err)
		return err;
	u->sink = sink_at(at, c->port);
	if (!u->sink)
		return -ENOMEM;
	return living(&u->sink->s) || !at->st ? 0 : sink_open(u->sink);
}

int sim_udp(struct sim_node *n, struct sim_node *at, const struct sim_udp_conf *c, struct sim_udp **ret)
{
	struct sim_udp *u = calloc(1, sizeof *u);
	int err = u ? udp_init(u, n, at, c) : -ENOMEM;
	if (!err)
		err = add_to(n->sim, u);
	if (err) {
		udp_free(u);
		return err;
	}
	u->conf.to = u->conf.from = NULL; /* the caller's */
	u->next.fn = next_datagram;
	sim_at(n->sim, &u->next, sim_now_us(n->sim));
	if (ret)
		*ret = u;
	return 0;
}

void sim_udp_stats(const struct sim_udp *u, struct sim_ping_stats *ret)
{
	*ret = u->tally.stats;
}

bool sim_udp_sending(const struct sim_udp *u)
{
	return u->next.place;
}

void udp_done(struct sim *s)
{
	struct udp_sink *k, *tmp;
	for (unsigned i = 0; i < s->n_udps; i++)
		udp_free(s->udp[i]);
	list_for_each_safe (k, tmp, &s->sinks, link)
		free(k);
	free(s->udp);
}
