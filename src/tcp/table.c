/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: each worker has a growing hash of what its flows' packets are for: connections, half-open ones and those
 * that wait out their time, all by the whole key. Nobody else touches it but calls, with every worker between turns, so it needs
 * neither lock nor grace period. A flow's hash is symmetric: both ways meet in the same bucket, whatever the local port, so
 * connecting has no port to avoid.
 *
 * Listeners stand in one hash of the stack by their port: written between turns, read by any worker. So do all endpoints
 * that were bound, for who asks whether a port is free.
 *
 * Ports of connections are chosen by RFC 6056, 3.3.4: a keyed hash of the destination says where to begin, and a counter of its
 * own in a small table how far to go on, so ports of one destination follow each other (and come again as late as can be), and those
 * of others cannot be told from them. Taken is a port only for the same destination. */
#include <linux/if_ether.h>

#include "net/fib.h"
#include "net/flow.h"
#include "net/l3.h"
#include "tcp/tcp_internal.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

static uint32_t key_hash(const struct leat_stack *st, const struct tcp_key *k)
{
	return (uint32_t)siphash(&st->hash_key, k, sizeof *k);
}

static uint32_t port_hash(uint16_t port)
{
	return hash_u32(port);
}

/* --- flows --- */

struct tcp_head *tcp_find(const struct worker *w, const struct tcp_key *k)
{
	struct hash_node *n;
	hash_for_each_same(n, &tcp_worker(w)->by_key, key_hash(w->st, k))
	{
		struct tcp_head *h = container_of(n, struct tcp_head, by_key);
		if (memcmp(&h->key, k, sizeof *k) == 0)
			return h;
	}
	return NULL;
}

void tcp_enter_table(struct worker *w, struct tcp_head *h)
{
	hash_insert(&tcp_worker(w)->by_key, &h->by_key, key_hash(w->st, &h->key));
}

void tcp_leave_table(struct worker *w, struct tcp_head *h)
{
	hash_remove(&tcp_worker(w)->by_key, &h->by_key);
}

/* As its packets are hashed where they come in. */
static uint32_t flow_of(const struct leat_stack *st, const struct tcp_key *k)
{
	struct {
		union {
			struct ip4_hdr v4;
			struct ip6_hdr v6;
		} ip;
		be16 ports[2];
	} b = { 0 };
	const be16 ports[2] = { be16_of(k->rport), be16_of(k->lport) };
	bool is6 = tcp_is6(k);
	uint32_t hdr = is6 ? sizeof b.ip.v6 : sizeof b.ip.v4;
	if (is6)
		b.ip.v6 = (struct ip6_hdr){ .ver_tc_flow = be32_of(6U << 28),
					    .payload_len = be16_of(sizeof ports),
					    .next = IPPROTO_TCP,
					    .src = k->remote,
					    .dst = k->local };
	else
		b.ip.v4 = (struct ip4_hdr){ .ver_ihl = 0x45,
					    .len = be16_of(sizeof b.ip.v4 + sizeof ports),
					    .proto = IPPROTO_TCP,
					    .src = l4_v4(&k->remote),
					    .dst = l4_v4(&k->local) };
	memcpy((uint8_t *)&b + hdr, ports, sizeof ports);
	return flow_hash(&st->flow_toeplitz, is6 ? ETH_P_IPV6 : ETH_P_IP,
			 cur_of(&b, hdr + (uint32_t)sizeof ports));
}

struct worker *tcp_owner(struct leat_stack *st, const struct tcp_key *k)
{
	st->worker[0]->view = rcu_get(st->view);
	return tcp_owner_in_turn(st->worker[0], k);
}

struct worker *tcp_owner_in_turn(struct worker *w, const struct tcp_key *k)
{
	return w->st->n_workers == 1 ? w : w->st->worker[bucket_worker(w, flow_of(w->st, k))];
}

uint32_t tcp_scope(const struct worker *w, uint32_t in_if, const struct ip6 *local)
{
	return !l4_is4(local) && ip6_is_link_local(local) ? in_if : l3_handle_of(w, in_if);
}

/* --- listeners --- */

/* 0: does not hear it; the more, the closer. */
static unsigned listener_fits(const struct l4_end *e, const struct tcp_key *k, uint32_t in_if, uint32_t vrf)
{
	bool is4 = l4_is4(&k->local), any = l4_is_any(&e->local.a);
	if (e->local.port != k->lport || (e->family == AF_INET && !is4))
		return 0;
	if (any ? is4 && e->family == AF_INET6 && e->opt.v6only : !ip6_eq(&e->local.a, &k->local))
		return 0;
	if (e->opt.bound_if ? e->opt.bound_if != in_if && e->opt.bound_if != vrf : vrf != 0)
		return 0;
	return 1 + (!any ? 4 : e->family == (is4 ? AF_INET : AF_INET6) ? 2 : 0) + (e->opt.bound_if ? 1 : 0);
}

struct tcp_listener *tcp_find_listener(const struct worker *w, const struct tcp_key *k, uint32_t in_if)
{
	struct tcp_listener *best = NULL;
	unsigned best_fit = 0;
	struct hash_node *n;
	hash_for_each_same(n, &tcp_stack(w->st)->listening, port_hash(k->lport))
	{
		struct tcp_listener *l = container_of(n, struct tcp_listener, by_port);
		unsigned fit = listener_fits(l->end, k, in_if, l3_handle_of(w, in_if));
		if (fit > best_fit) {
			best = l;
			best_fit = fit;
		}
	}
	return best;
}

/* --- ports --- */

static bool overlap(const struct l4_end *a, const struct l4_addr *at, const struct l4_end *b)
{
	const struct ip6 *x = &at->a, *y = &b->local.a;
	uint32_t if_a = a->opt.bound_if ? a->opt.bound_if : at->if_handle;
	uint32_t if_b = b->opt.bound_if ? b->opt.bound_if : b->local.if_handle;
	if (if_a && if_b && if_a != if_b)
		return false;
	if (ip6_eq(x, y))
		return true;
	if (l4_is_any(x) && (l4_is4(x) == l4_is4(y) || (!l4_is4(x) && !a->opt.v6only)))
		return true;
	return l4_is_any(y) && (l4_is4(x) == l4_is4(y) || (!l4_is4(y) && !b->opt.v6only));
}

/* Linux: SO_REUSEADDR lets nobody in beside who listens. */
static bool may_share(const struct l4_end *a, const struct tcp_sock *b)
{
	const struct l4_end *o = b->end;
	if (a->opt.reuseaddr && o->opt.reuseaddr && !b->listener && !tcp_sock_of(a)->listener)
		return true;
	return a->opt.reuseport && o->opt.reuseport && a->uid == o->uid;
}

static bool is_free(const struct l4_end *e, const struct l4_addr *at, uint16_t port, bool shared)
{
	struct hash_node *n;
	hash_for_each_same(n, &tcp_stack(e->st)->bound, port_hash(port))
	{
		const struct tcp_sock *o = container_of(n, struct tcp_sock, by_port);
		if (o->end != e && o->end->local.port == port && !(shared && may_share(e, o)) &&
		    overlap(e, at, o->end))
			return false;
	}
	return true;
}

int tcp_take_port(struct l4_end *e, const struct l4_addr *want)
{
	const uint32_t *range = l4_conf(e->st)->ports;
	struct tcp_sock *s = tcp_sock_of(e);
	uint32_t span = range[1] - range[0] + 1, from = (uint32_t)(rt_random_u64(e->st->rt) % span);
	uint16_t port = want->port;
	if (port && !is_free(e, want, port, true))
		return -EADDRINUSE;
	for (uint32_t i = 0; !port && i < span; i++) {
		uint16_t p = (uint16_t)(range[0] + (from + i) % span);
		port = is_free(e, want, p, false) ? p : 0;
	}
	if (!port)
		return -EADDRINUSE;
	e->local = *want;
	e->local.port = port;
	s->bound = true;
	hash_insert(&tcp_stack(e->st)->bound, &s->by_port, port_hash(port));
	return 0;
}

void tcp_give_port(struct l4_end *e)
{
	struct tcp_sock *s = tcp_sock_of(e);
	if (s->bound)
		hash_remove(&tcp_stack(e->st)->bound, &s->by_port);
	s->bound = false;
}

/* Several were bound beside each other; the first who listens has the port for himself. */
bool tcp_may_listen(const struct l4_end *e)
{
	struct hash_node *n;
	hash_for_each_same(n, &tcp_stack(e->st)->bound, port_hash(e->local.port))
	{
		const struct tcp_sock *o = container_of(n, struct tcp_sock, by_port);
		bool together = e->opt.reuseport && o->end->opt.reuseport && e->uid == o->end->uid;
		if (o->end != e && o->listener && o->end->local.port == e->local.port && !together &&
		    overlap(e, &e->local, o->end))
			return false;
	}
	return true;
}

/* In a turn nobody else's table may be looked at, and the flow is to be of the bucket of who calls. */
static bool is_taken(struct l4_end *e, struct tcp_key *k, bool in_turn)
{
	struct l4_addr at = { .a = k->local, .if_handle = e->opt.bound_if };
	struct worker *owner = in_turn ? tcp_owner_in_turn(e->home, k) : tcp_owner(e->st, k);
	return (in_turn && owner != e->home) || tcp_find(owner, k) || !is_free(e, &at, k->lport, false);
}

int tcp_choose_port(struct l4_end *e, struct tcp_key *k, bool in_turn)
{
	struct tcp_stack *ts = tcp_stack(e->st);
	const uint32_t *range = l4_conf(e->st)->ports;
	uint32_t span = range[1] - range[0] + 1;
	k->lport = 0;
	uint64_t f = siphash(&ts->port_key, k, sizeof *k);
	uint32_t *next = &ts->port_table[(f >> 32) % TCP_PORT_TABLE], offset = (uint32_t)f;
	for (uint32_t i = 0; i < span; i++) {
		uint32_t at =
			racy_get(*next); /* another worker's step may get lost: then both try the same next */
		racy_set(*next, at + 1);
		k->lport = (uint16_t)(range[0] + (offset + at) % span);
		if (!is_taken(e, k, in_turn))
			return 0;
	}
	return -EADDRNOTAVAIL;
}

/* --- numbers that strangers must not guess --- */

/* RFC 6528, 3: a clock of 4 us and a keyed hash of the connection. */
uint32_t tcp_first_seq(const struct worker *w, const struct tcp_key *k)
{
	return (uint32_t)(w->lc->now_us / 4 + siphash(&tcp_stack(w->st)->isn_key, k, sizeof *k));
}

/* RFC 7323, 5.4: for each pair of hosts another, so that nobody learns how long we are up. */
uint32_t tcp_stamp_offset(const struct leat_stack *st, const struct tcp_key *k)
{
	const struct ip6 pair[2] = { k->local, k->remote };
	return (uint32_t)siphash(&tcp_stack(st)->stamp_key, pair, sizeof pair);
}
