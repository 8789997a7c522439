/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: each worker has a growing hash of what its flows' packets are for: connections, half-open ones and those
 * that wait out their time, all by the whole key. Nobody else touches it but calls, with every worker between turns, so it needs
 * neither lock nor grace period. A flow's hash is symmetric: both ways meet in the same bucket, whatever the local port, so
 * connecting has no port to avoid.
 *
 * Listeners stand in one hash of the stack by their port: written between turns, read by any worker. Those that share a port by
 * SO_REUSEPORT are a group: a flow's hash says which of them hears it, the same one as long as it is there. */
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
	if (any ? is4 && e->family == AF_INET6 && e->v6only : !ip6_eq(&e->local.a, &k->local))
		return 0;
	if (e->opt->bound_if ? e->opt->bound_if != in_if && e->opt->bound_if != vrf : vrf != 0)
		return 0;
	return 1 + (!any ? 4 : e->family == (is4 ? AF_INET : AF_INET6) ? 2 : 0) + (e->opt->bound_if ? 1 : 0);
}

/* Linux: who was bound to the same with SO_REUSEPORT, by the same user. */
static bool is_of_group(const struct l4_end *a, const struct l4_end *b)
{
	return a->opt->reuseport && b->opt->reuseport && a->uid == b->uid && a->family == b->family &&
	       a->opt->bound_if == b->opt->bound_if && ip6_eq(&a->local.a, &b->local.a);
}

static struct tcp_listener *one_of_group(const struct worker *w, struct tcp_listener *first,
					 const struct tcp_key *k)
{
	uint32_t flow = key_hash(w->st, k);
	struct tcp_listener *best = first;
	struct hash_node *at;
	hash_for_each_same(at, &tcp_stack(w->st)->listening, tcp_port_hash(k->lport))
	{
		struct tcp_listener *l = container_of(at, struct tcp_listener, by_port);
		if (l->end->local.port == k->lport && is_of_group(first->end, l->end) &&
		    l4_share(w, flow, l->end) > l4_share(w, flow, best->end))
			best = l;
	}
	return best;
}

struct tcp_listener *tcp_find_listener(const struct worker *w, const struct tcp_key *k, uint32_t in_if)
{
	struct tcp_listener *best = NULL;
	unsigned best_fit = 0, group = 0;
	struct hash_node *n;
	hash_for_each_same(n, &tcp_stack(w->st)->listening, tcp_port_hash(k->lport))
	{
		struct tcp_listener *l = container_of(n, struct tcp_listener, by_port);
		unsigned fit = listener_fits(l->end, k, in_if, l3_handle_of(w, in_if));
		if (fit > best_fit) {
			best = l;
			best_fit = fit;
			group = 1;
		} else if (fit == best_fit && best && is_of_group(best->end, l->end)) {
			group++;
		}
	}
	return group > 1 ? one_of_group(w, best, k) : best;
}
