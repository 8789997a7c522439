/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: which local port is free, and numbers that strangers must not guess.
 *
 * A port is held by sockets that were bound to it, by sockets that it was chosen for when they connected, and by what
 * is no socket (any more, or yet): connections of a listener, closed ones with something left to say, TIME-WAIT. Bound sockets stand in
 * a table of the stack, written between turns: they alone are in the way of who connects. The rest comes and goes in turns, so each
 * worker has its own tables: of connected sockets, and counts of what is no socket, one `struct tcp_hold` for all that have port,
 * address and leave to share in common. Who binds asks them all. The rules are Linux's (inet_csk_bind_conflict): two may share when both
 * have SO_REUSEADDR and none of them listens, or both have SO_REUSEPORT and one user.
 *
 * Ports of connections are chosen by RFC 6056, 3.3.4: a keyed hash of the destination says where to begin, and a counter of its
 * own in a small table how far to go on, so ports of one destination follow each other (and come again as late as can be), and those
 * of others cannot be told from them. Taken is a port only for the same destination. A flow's hash is symmetric: whatever the port,
 * replies meet their connection in its bucket. */
#include "tcp/tcp_internal.h"

uint32_t tcp_port_hash(uint16_t port)
{
	return hash_u32(port);
}

/* --- those that are no sockets --- */

struct tcp_hold {
	struct hash_node by_port;
	struct ip6 local;
	uint32_t out_if, uid, n;
	uint16_t port, place;
	uint8_t how; /* TCP_HOLD_* */
};
const size_t tcp_hold_bytes = sizeof(struct tcp_hold), tcp_hold_place = offsetof(struct tcp_hold, place);

static struct tcp_hold *find_hold(const struct worker *w, const struct tcp_head *h, uint32_t uid, uint8_t how)
{
	struct hash_node *n;
	hash_for_each_same(n, &tcp_worker(w)->holds, tcp_port_hash(h->key.lport))
	{
		struct tcp_hold *o = container_of(n, struct tcp_hold, by_port);
		if (o->port == h->key.lport && o->how == how && o->uid == uid && o->out_if == h->out_if &&
		    ip6_eq(&o->local, &h->key.local))
			return o;
	}
	return NULL;
}

bool tcp_hold_port(struct worker *w, const struct tcp_head *h, uint32_t uid, uint8_t how)
{
	struct tcp_worker *tw = tcp_worker(w);
	struct tcp_hold *o = find_hold(w, h, uid, how);
	if (!o) {
		o = slab_zalloc(&tw->hold_slab);
		if (!o)
			return false;
		o->local = h->key.local;
		o->out_if = h->out_if;
		o->uid = uid;
		o->port = h->key.lport;
		o->how = how;
		hash_insert(&tw->holds, &o->by_port, tcp_port_hash(o->port));
	}
	o->n++;
	return true;
}

void tcp_unhold_port(struct worker *w, const struct tcp_head *h, uint32_t uid, uint8_t how)
{
	struct tcp_hold *o = find_hold(w, h, uid, how);
	assert(o && o->n);
	if (--o->n)
		return;
	hash_remove(&tcp_worker(w)->holds, &o->by_port);
	slab_free(o, place);
}

uint8_t tcp_sharing(const struct l4_end *e)
{
	return (uint8_t)((e->opt->reuseaddr ? TCP_HOLD_REUSEADDR : 0) |
			 (e->opt->reuseport ? TCP_HOLD_REUSEPORT : 0));
}

void tcp_conn_hold(struct tcp_conn *c, uint8_t how)
{
	if (c->port & TCP_HOLD_IS)
		return;
	c->port = how;
	if (tcp_hold_port(c->w, &c->h, c->uid, how))
		c->port |= TCP_HOLD_IS;
}

void tcp_conn_unhold(struct tcp_conn *c)
{
	if (!(c->port & TCP_HOLD_IS))
		return;
	c->port &= (uint8_t)~TCP_HOLD_IS;
	tcp_unhold_port(c->w, &c->h, c->uid, c->port);
}

/* --- who is in the way of whom --- */

/* Of something that holds a port, what matters to another. */
struct holder {
	const struct ip6 *a;
	uint32_t if_handle, uid;
	bool v6only, reuseaddr, reuseport, listens, waits;
};

static struct holder holder_of(const struct l4_end *e, const struct l4_addr *at)
{
	return (struct holder){
		.a = &at->a,
		.if_handle = e->opt->bound_if ? e->opt->bound_if : at->if_handle,
		.uid = e->uid,
		.v6only = e->v6only,
		.reuseaddr = e->opt->reuseaddr,
		.reuseport = e->opt->reuseport,
		.listens = e->stream.listener /* in a turn it may be another's: not to be woken */
	};
}

static bool covers(const struct holder *x, const struct holder *y)
{
	return l4_is_any(x->a) && (l4_is4(x->a) == l4_is4(y->a) || (!l4_is4(x->a) && !x->v6only));
}

static bool overlap(const struct holder *x, const struct holder *y)
{
	if (x->if_handle && y->if_handle && x->if_handle != y->if_handle)
		return false;
	return ip6_eq(x->a, y->a) || covers(x, y) || covers(y, x);
}

/* Linux: SO_REUSEADDR lets nobody in beside who listens; whose TIME-WAIT it is does not matter. */
static bool may_share(const struct holder *x, const struct holder *y)
{
	if (x->reuseaddr && y->reuseaddr && !x->listens && !y->listens)
		return true;
	return x->reuseport && y->reuseport && (y->waits || x->uid == y->uid);
}

static bool in_way(const struct holder *x, const struct holder *y, bool shared)
{
	return !(shared && may_share(x, y)) && overlap(x, y);
}

static bool table_is_free(const struct hash *t, const struct l4_end *e, const struct holder *x, uint16_t port,
			  bool shared)
{
	struct hash_node *n;
	hash_for_each_same(n, t, tcp_port_hash(port))
	{
		const struct l4_end *o = container_of(n, struct l4_end, by_port);
		const struct holder y = holder_of(o, &o->local);
		if (o != e && o->local.port == port && in_way(x, &y, shared))
			return false;
	}
	return true;
}

static bool holds_are_free(const struct worker *w, const struct holder *x, uint16_t port, bool shared)
{
	struct hash_node *n;
	hash_for_each_same(n, &tcp_worker(w)->holds, tcp_port_hash(port))
	{
		const struct tcp_hold *o = container_of(n, struct tcp_hold, by_port);
		const struct holder y = { .a = &o->local,
					  .if_handle = o->out_if,
					  .uid = o->uid,
					  .reuseaddr = o->how & TCP_HOLD_REUSEADDR,
					  .reuseport = o->how & TCP_HOLD_REUSEPORT,
					  .waits = o->how & TCP_HOLD_WAIT };
		if (o->port == port && in_way(x, &y, shared))
			return false;
	}
	return true;
}

static bool is_free(const struct l4_end *e, const struct l4_addr *at, uint16_t port, bool shared)
{
	const struct tcp_stack *ts = tcp_stack(e->st);
	const struct holder x = holder_of(e, at);
	bool ok = table_is_free(&ts->bound, e, &x, port, shared);
	for (unsigned i = 0; ok && i < e->st->n_workers; i++) {
		const struct worker *w = e->st->worker[i];
		ok = table_is_free(&tcp_worker(w)->chosen, e, &x, port, shared) &&
		     holds_are_free(w, &x, port, shared);
	}
	return ok;
}

/* --- binding --- */

static struct hash *table_of(const struct l4_end *e)
{
	return e->stream_port == TCP_PORT_BOUND ? &tcp_stack(e->st)->bound : &tcp_worker(e->home)->chosen;
}

static void take(struct l4_end *e, enum tcp_port how, uint16_t port)
{
	e->local.port = port;
	e->stream_port = how;
	hash_insert(table_of(e), &e->by_port, tcp_port_hash(port));
}

int tcp_take_port(struct l4_end *e, const struct l4_addr *want)
{
	const uint32_t *range = l4_conf(e->st)->ports;
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
	take(e, TCP_PORT_BOUND, port);
	return 0;
}

void tcp_put_port_back(struct l4_end *e)
{
	take(e, TCP_PORT_BOUND, e->local.port);
}

void tcp_keep_port(struct l4_end *e)
{
	if (!e->stream_port)
		take(e, TCP_PORT_CHOSEN, e->local.port);
}

void tcp_give_port(struct l4_end *e)
{
	if (e->stream_port)
		hash_remove(table_of(e), &e->by_port);
	e->stream_port = TCP_PORT_NONE;
}

/* Several were bound beside each other; the first who listens has the port for himself. */
bool tcp_may_listen(const struct l4_end *e)
{
	const struct holder x = holder_of(e, &e->local);
	struct hash_node *n;
	hash_for_each_same(n, &tcp_stack(e->st)->bound, tcp_port_hash(e->local.port))
	{
		const struct l4_end *o = container_of(n, struct l4_end, by_port);
		const struct holder y = holder_of(o, &o->local);
		if (o != e && y.listens && o->local.port == e->local.port && in_way(&x, &y, true))
			return false;
	}
	return true;
}

/* --- connecting --- */

/* Somebody has these two names already. Linux: TIME-WAIT gives way where time stamps tell old from new. In a turn nobody else's
 * table may be looked at, and the flow is to be of the bucket of who calls. */
static bool is_in_use(const struct l4_end *e, const struct tcp_key *k, bool chosen, bool in_turn)
{
	struct worker *owner = in_turn ? tcp_owner_in_turn(e->home, k) : tcp_owner(e->st, k);
	struct tcp_head *h = in_turn && owner != e->home ? NULL : tcp_find(owner, k);
	if (in_turn && owner != e->home)
		return true;
	return h && !(h->kind == TCP_KIND_WAIT &&
		      tcp_wait_may_be_called(container_of(h, struct tcp_wait, h), chosen));
}

static bool is_taken(const struct l4_end *e, const struct tcp_key *k, bool in_turn)
{
	const struct l4_addr at = { .a = k->local, .if_handle = e->opt->bound_if };
	const struct holder x = holder_of(e, &at);
	return !table_is_free(&tcp_stack(e->st)->bound, e, &x, k->lport, false) ||
	       is_in_use(e, k, true, in_turn);
}

/* RFC 6056, 3.3.4: where to begin for k's destination, and the counter that is its. */
static uint32_t first_offset(struct tcp_stack *ts, const struct tcp_key *k, uint32_t **ret_next)
{
	struct tcp_key to = *k;
	to.lport = 0;
	uint64_t f = siphash(&ts->port_key, &to, sizeof to);
	*ret_next = &ts->port_table[(f >> 32) % TCP_PORT_TABLE];
	return (uint32_t)f;
}

static int choose(struct l4_end *e, struct tcp_key *k, bool in_turn)
{
	const uint32_t *range = l4_conf(e->st)->ports;
	uint32_t span = range[1] - range[0] + 1, *next, offset = first_offset(tcp_stack(e->st), k, &next);
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

int tcp_choose_port(struct l4_end *e, struct tcp_key *k, bool in_turn)
{
	if (!k->lport)
		return choose(e, k, in_turn);
	return is_in_use(e, k, false, in_turn) ? -EADDRNOTAVAIL : 0;
}

/* --- numbers --- */

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
