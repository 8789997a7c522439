/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an endpoint stands in three growing hashes: by its id (packets on their way to it name it so), by its
 * key (protocol, both addresses, both ports), and by its port alone. Raw endpoints stand in the last one under their protocol.
 *
 * The most specific endpoint wins: connected to the sender, else bound to the address, else to any address, of the packet's own
 * family first. Each of these is one look into the hash by key, for what an endpoint does not say is zero in its key. Among
 * equals: one bound to the interface of arrival; of a group that shares the port (SO_REUSEPORT) one by the flow's hash, the same as long
 * as it is there (l4_share()); else the youngest, as in Linux.
 *
 * The hash by port tells whether a port is free, and whom a group's packets are for.
 *
 * Ports are chosen from a random one on upwards until one is free. RFC 6056, 3.3.1: simple, and hard to foresee; its
 * algorithm 4 comes with connections that need their reply in a certain bucket. */
#include <string.h>

#include "l4/group.h"
#include "l4/l4_internal.h"

enum { KEY_RAW4 = 256, KEY_RAW6 = 512 }; /* beyond any port's protocol */

struct l4_key {
	struct ip6 local, remote;
	uint16_t lport, rport;
	uint32_t proto;
};
static_assert(sizeof(struct l4_key) == 40, "no holes: all of it is hashed");

static uint32_t key_hash(const struct leat_stack *st, const struct l4_key *k)
{
	return (uint32_t)siphash(&st->hash_key, k, sizeof *k);
}

static uint32_t port_hash(const struct leat_stack *st, uint32_t proto, uint16_t port)
{
	return (uint32_t)siphash_2u64(&st->hash_key, proto, port);
}

static uint32_t raw_proto(uint8_t family, uint8_t proto)
{
	return proto | (uint32_t)(family == AF_INET ? KEY_RAW4 : KEY_RAW6);
}

static struct l4_key key_of(const struct l4_end *e)
{
	struct l4_key k = { .local = e->local.a, .lport = e->local.port, .proto = e->proto };
	if (e->connected && e->ops->by_peer) {
		k.remote = e->peer.a;
		k.rport = e->peer.port;
	}
	return k;
}

/* --- in and out --- */

void l4_hash(struct l4_end *e)
{
	struct l4_stack *s = l4_stack(e->st);
	assert(!e->hashed);
	if (e->ops->type == SOCK_RAW) {
		hash_insert(&s->by_port, &e->by_port, port_hash(e->st, raw_proto(e->family, e->proto), 0));
		s->n_raw++;
	} else {
		struct l4_key k = key_of(e);
		hash_insert(&s->by_key, &e->by_key, key_hash(e->st, &k));
		hash_insert(&s->by_port, &e->by_port, port_hash(e->st, e->proto, e->local.port));
	}
	e->hashed = true;
}

void l4_unhash(struct l4_end *e)
{
	struct l4_stack *s = l4_stack(e->st);
	if (!e->hashed)
		return;
	hash_remove(&s->by_port, &e->by_port);
	if (e->ops->type == SOCK_RAW)
		s->n_raw--;
	else
		hash_remove(&s->by_key, &e->by_key);
	e->hashed = false;
}

/* --- packets --- */

struct l4_end *l4_end_by_id(const struct leat_stack *st, uint32_t id)
{
	struct hash_node *n;
	hash_for_each_same(n, &l4_stack(st)->by_id, hash_u32(id))
	{
		struct l4_end *e = container_of(n, struct l4_end, by_id);
		if (e->id == id)
			return e;
	}
	return NULL;
}

struct l4_end *l4_end_next(const struct leat_stack *st, const struct l4_end *after)
{
	const struct l4_stack *s = l4_stack(st);
	struct hash_node *n = !s ? NULL : after ? hash_next(&after->by_id) : hash_from(&s->by_id, 0);
	return n ? container_of(n, struct l4_end, by_id) : NULL;
}

static bool has_key(const struct l4_end *e, const struct l4_key *k)
{
	struct l4_key own = key_of(e);
	return memcmp(&own, k, sizeof own) == 0;
}

/* Linux: inet_bound_dev_eq(). What came in a VRF is for those who are bound to it or to its interface, and for others only when a knob
 * says so. */
static bool vrf_fits(const struct l4_end *e, const struct l4_tuple *t)
{
	const struct l4_conf *conf = l4_conf(e->st);
	if (e->opt->bound_if)
		return e->opt->bound_if == t->in_if || e->opt->bound_if == t->vrf;
	if (e->ops->type == SOCK_RAW)
		return racy_get(conf->raw_in_vrf);
	return !l4_is_udp(e) || racy_get(conf->udp_in_vrf);
}

static bool if_fits(const struct l4_end *e, const struct l4_tuple *t)
{
	if (t->in_if == L4_ANY_IF)
		return true;
	if (unlikely(t->vrf) && !vrf_fits(e, t))
		return false;
	if (e->opt->bound_if && e->opt->bound_if != t->in_if && e->opt->bound_if != t->vrf)
		return false;
	return !e->local.if_handle || e->local.if_handle == t->in_if;
}

static uint32_t flow_hash(const struct leat_stack *st, const struct l4_tuple *t)
{
	struct l4_key k = { .local = t->local, .remote = t->remote, .lport = t->lport, .rport = t->rport };
	return key_hash(st, &k);
}

/* Those that are equal, one after the other. */
struct choice {
	struct l4_end *best;
	struct l4_end *sharer; /* with SO_REUSEPORT, as good as the best: who has the largest share */
	unsigned n_sharing;
	uint64_t share;
	uint32_t flow; /* hashed when there are two that share */
};

static void weigh_sharer(const struct worker *w, const struct l4_tuple *t, struct choice *c, struct l4_end *e)
{
	if (!c->n_sharing++) {
		c->sharer = e;
		return;
	}
	if (c->n_sharing == 2) {
		c->flow = flow_hash(w->st, t);
		c->share = l4_share(w, c->flow, c->sharer);
	}
	uint64_t share = l4_share(w, c->flow, e);
	if (share > c->share) {
		c->share = share;
		c->sharer = e;
	}
}

static void weigh(const struct worker *w, const struct l4_tuple *t, struct choice *c, struct l4_end *e)
{
	bool on_if = e->opt->bound_if, best_on_if = c->best && c->best->opt->bound_if;
	if (c->best && best_on_if && !on_if)
		return;
	if (!c->best || on_if != best_on_if)
		c->n_sharing = 0;
	c->best = e;
	if (e->opt->reuseport)
		weigh_sharer(w, t, c, e);
}

static struct l4_end *find_key(const struct worker *w, const struct l4_key *k, const struct l4_tuple *t)
{
	struct choice c = { 0 };
	struct hash_node *n;
	hash_for_each_same(n, &l4_stack(w->st)->by_key, key_hash(w->st, k))
	{
		struct l4_end *e = container_of(n, struct l4_end, by_key);
		if (has_key(e, k) && if_fits(e, t) && !(e->v6only && l4_is4(&t->local)))
			weigh(w, t, &c, e);
	}
	return c.n_sharing > 1 ? c.sharer : c.best;
}

struct l4_end *l4_find(const struct worker *w, const struct l4_tuple *t)
{
	struct l4_key k = { .local = t->local,
			    .remote = t->remote,
			    .lport = t->lport,
			    .rport = t->rport,
			    .proto = t->proto };
	if (unlikely(!l4_stack(w->st))) /* unloaded under its protocols */
		return NULL;
	struct l4_end *e = find_key(w, &k, t);
	if (e)
		return e;
	k.remote = (struct ip6){ 0 };
	k.rport = 0;
	e = find_key(w, &k, t);
	if (!e && l4_is4(&t->local)) {
		k.local = l4_any(AF_INET);
		e = find_key(w, &k, t);
	}
	if (!e) {
		k.local = l4_any(AF_INET6);
		e = find_key(w, &k, t);
	}
	return e;
}

/* Would e hear a packet like this? */
static bool hears(const struct l4_end *e, const struct l4_tuple *t)
{
	if (!if_fits(e, t) || (l4_is4(&t->local) && e->family == AF_INET6 && e->v6only))
		return false;
	if (!l4_is_any(&e->local.a) && !ip6_eq(&e->local.a, &t->local))
		return false;
	if (l4_is_any(&e->local.a) && l4_is4(&e->local.a) && !l4_is4(&t->local))
		return false;
	if (!l4_group_hears(e, t->in_if, &t->local, &t->remote))
		return false;
	return !e->connected ||
	       (ip6_eq(&e->peer.a, &t->remote) && (!e->ops->has_ports || e->peer.port == t->rport));
}

struct l4_end *l4_find_next(const struct worker *w, const struct l4_tuple *t, const struct l4_end *after)
{
	const struct l4_stack *s = l4_stack(w->st);
	if (unlikely(!s))
		return NULL;
	struct hash_node *n = after ? hash_next_same(&after->by_port)
				    : hash_first(&s->by_port, port_hash(w->st, t->proto, t->lport));
	for (; n; n = hash_next_same(n)) {
		struct l4_end *e = container_of(n, struct l4_end, by_port);
		if (e->proto == t->proto && e->local.port == t->lport && e->ops->type != SOCK_RAW &&
		    hears(e, t))
			return e;
	}
	return NULL;
}

struct l4_end *l4_raw_next(const struct worker *w, const struct l4_tuple *t, uint8_t family,
			   const struct l4_end *after)
{
	const struct l4_stack *s = l4_stack(w->st);
	if (unlikely(!s))
		return NULL;
	struct hash_node *n =
		after ? hash_next_same(&after->by_port)
		      : hash_first(&s->by_port, port_hash(w->st, raw_proto(family, t->proto), 0));
	for (; n; n = hash_next_same(n)) {
		struct l4_end *e = container_of(n, struct l4_end, by_port);
		if (e->ops->type == SOCK_RAW && e->proto == t->proto && e->family == family && hears(e, t))
			return e;
	}
	return NULL;
}

/* --- ports --- */

/* Link-local addresses bind to their interface. */
static uint32_t if_of(const struct l4_end *e, const struct l4_addr *at)
{
	return e->opt->bound_if ? e->opt->bound_if : at->if_handle;
}

static bool overlap(const struct l4_end *a, const struct l4_addr *wanted, const struct l4_end *b)
{
	const struct ip6 *x = &wanted->a, *y = &b->local.a;
	uint32_t if_a = if_of(a, wanted), if_b = if_of(b, &b->local);
	if (if_a && if_b && if_a != if_b)
		return false;
	if (ip6_eq(x, y))
		return true;
	if (l4_is_any(x) && (l4_is4(x) == l4_is4(y) || (!l4_is4(x) && !a->v6only)))
		return true;
	return l4_is_any(y) && (l4_is4(x) == l4_is4(y) || (!l4_is4(y) && !b->v6only));
}

static bool may_share(const struct l4_end *a, const struct l4_end *b)
{
	return (a->opt->reuseaddr && b->opt->reuseaddr) ||
	       (a->opt->reuseport && b->opt->reuseport && a->uid == b->uid);
}

/* shared: even one that another has, if both are willing. */
static bool is_free(const struct l4_end *e, const struct l4_addr *a, uint16_t port, bool shared)
{
	struct hash_node *n;
	hash_for_each_same(n, &l4_stack(e->st)->by_port, port_hash(e->st, e->proto, port))
	{
		const struct l4_end *o = container_of(n, struct l4_end, by_port);
		if (o != e && o->ops->type != SOCK_RAW && o->proto == e->proto && o->local.port == port &&
		    !(shared && may_share(e, o)) && overlap(e, a, o))
			return false;
	}
	return true;
}

static uint16_t choose_port(const struct l4_end *e, const struct l4_addr *a)
{
	const uint32_t *range = l4_conf(e->st)->ports;
	unsigned span = range[1] - range[0] + 1;
	unsigned from = (unsigned)(rt_random_u64(e->st->rt) % span);
	for (unsigned i = 0; i < span; i++) {
		uint16_t port = (uint16_t)(range[0] + (from + i) % span);
		if (is_free(e, a, port, false))
			return port;
	}
	return 0;
}

int l4_take_port(struct l4_end *e, const struct l4_addr *want)
{
	uint16_t port = want->port;
	if (port ? !is_free(e, want, port, true) : !(port = choose_port(e, want)))
		return -EADDRINUSE;
	e->local = *want;
	e->local.port = port;
	return 0;
}
