/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a transport's node finds the endpoint of a packet on whatever worker the packet came to, notes its id
 * on the edge, and sends the packet to l4-deliver. There what belongs to endpoints of other workers crosses in batches, to
 * l4-deliver again, and what is at home is parked in its endpoint's queue. An endpoint that went meanwhile is not found by its
 * id: the packet is stale.
 *
 * The first packet in an empty queue puts the endpoint on its worker's list of those to tell; at the end of the turn a message
 * per endpoint goes to the control lcore, where the owner's function runs. What comes before the queue is emptied tells nobody.
 *
 * Readers and everybody who changes an endpoint hold the workers between turns (l4_enter), so there is no lock anywhere. */
#include <linux/net_tstamp.h>
#include <stdio.h>

#include "graph/facts.h"
#include "ip/pmtu.h"
#include "l4/alert.h"
#include "l4/group.h"
#include "l4/l4_internal.h"
#include "pkt/gso.h"
#include "wire/ip.h"
#include "wire/text.h"

/* --- between turns --- */

void l4_enter(struct l4_end *e)
{
	struct leat_runtime *rt = e->st->rt;
	struct lcore *lc = e->home->lc;
	rt->ops->pause(rt);
	e->home->view = rcu_get(e->st->view);
	lc->now_us = MAX(lc->now_us, rt->ctl->now_us);
}

/* What was begun on the home worker's behalf, it finishes in a turn of its own. */
void l4_leave(struct l4_end *e)
{
	struct leat_runtime *rt = e->st->rt;
	rt->ops->wake(rt, e->home->lc);
	rt->ops->resume(rt);
}

/* --- what a queue holds --- */

/* Linux counts memory, too (truesize): many small datagrams fill a socket as fast as their buffers do. */
uint32_t l4_truesize(const struct pkt *p)
{
	return (uint32_t)sizeof *p + p->buf->size + p->n_frags * (uint32_t)BUF_PAGE_SIZE;
}

/* --- all queues together --- */

/* As tcp/space.c: each worker counts what its endpoints hold, and adds up what all do now and then. */
enum { JUDGED_BYTES = 16384, MEM_PAGE = 4096 };

static void judge(struct worker *w)
{
	struct l4_stack *s = l4_stack(w->st);
	struct l4_worker *own = worker_state(w, MODULE_l4);
	uint64_t sum = 0;
	for (unsigned i = 0; i < w->st->n_workers; i++) {
		const struct l4_worker *lw = worker_state(w->st->worker[i], MODULE_l4);
		sum += racy_get(lw->held);
	}
	const uint64_t *mem = s->conf.udp_mem_pages, pages = sum / MEM_PAGE;
	enum l4_memory now = pages > racy_get(mem[2])   ? L4_MEMORY_FULL
			     : pages > racy_get(mem[0]) ? L4_MEMORY_SCARCE
							: L4_MEMORY_PLENTY;
	if (racy_get(s->memory) != now)
		racy_set(s->memory, (uint8_t)now);
	own->judged = own->held;
}

static void hold(struct worker *w, int64_t bytes)
{
	struct l4_worker *lw = worker_state(w, MODULE_l4);
	racy_add(lw->held, (uint64_t)bytes);
	uint64_t moved = lw->held > lw->judged ? lw->held - lw->judged : lw->judged - lw->held;
	if (unlikely(moved >= JUDGED_BYTES || (!lw->held && moved)))
		judge(w);
}

/* Linux: __sk_mem_raise_allocated(): above the first of the three a socket has its least alone, for UDP knows no pressure. */
static bool has_memory(const struct l4_end *e)
{
	const struct l4_stack *s = l4_stack(e->st);
	uint8_t memory = racy_get(s->memory);
	return likely(memory == L4_MEMORY_PLENTY) ||
	       (memory == L4_MEMORY_SCARCE && e->rcv_bytes < racy_get(s->conf.udp_rmem_min));
}

static struct pkt *take(struct pkt_queue *q, uint32_t *bytes)
{
	struct pkt *p = pkt_queue_pop(q);
	if (!p)
		return NULL;
	*bytes -= l4_truesize(p);
	pkt_unpark(p);
	return p;
}

static struct pkt *take_datagram(struct l4_end *e)
{
	uint32_t had = e->rcv_bytes;
	struct pkt *p = take(&e->rcv, &e->rcv_bytes);
	if (p && e->ops->charged)
		hold(e->home, (int64_t)e->rcv_bytes - had);
	return p;
}

/* Nobody will read it any more. */
static void drop_one(struct l4_end *e, struct pkt *p, enum drop why)
{
	graph_drop(e->home, node_find(e->st, l4_deliver_node.name), p, why);
}

static void drop_all(struct l4_end *e, struct pkt_queue *q, uint32_t *bytes, enum drop why)
{
	for (struct pkt *p; (p = take(q, bytes));)
		drop_one(e, p, why);
}

static void empty(struct l4_end *e, enum drop why)
{
	for (struct pkt *p; !e->is_stream && e->rcv.n && (p = take_datagram(e));)
		drop_one(e, p, why);
	if (e->more)
		drop_all(e, &e->more->err, &e->more->err_bytes, why);
}

/* --- protocols --- */

int l4_ops_add(struct leat_stack *st, const struct l4_ops *ops)
{
	struct l4_stack *s = l4_stack(st);
	for (unsigned i = 0; s && i < L4_PROTOS_MAX; i++) {
		if (!s->ops[i]) {
			s->ops[i] = ops;
			return 0;
		}
	}
	return s ? -ENOSPC : 0;
}

/* Endpoints of a protocol that goes stay with their owners, without a protocol. */
void l4_ops_remove(struct leat_stack *st, const struct l4_ops *ops)
{
	struct l4_stack *s = l4_stack(st);
	struct hash_node *n;
	if (!s)
		return;
	for (unsigned i = 0; i < L4_PROTOS_MAX; i++)
		if (s->ops[i] == ops)
			s->ops[i] = NULL;
	hash_for_each (n, &s->by_id) {
		struct l4_end *e = container_of(n, struct l4_end, by_id);
		if (e->ops != ops)
			continue;
		l4_unhash(e);
		l4_alert_leave(e);
		empty(e, DROP_SHUTDOWN);
		if (ops->close)
			ops->close(e);
		e->ops = NULL;
	}
}

const struct l4_ops *l4_ops_find(const struct leat_stack *st, int type, uint8_t family, uint8_t proto)
{
	const struct l4_stack *s = l4_stack(st);
	for (unsigned i = 0; s && i < L4_PROTOS_MAX; i++) {
		const struct l4_ops *o = s->ops[i];
		uint8_t own = !o ? 0 : family == AF_INET ? o->proto4 : o->proto6;
		if (own && o->type == type && (own == proto || own == L4_ANY_PROTO))
			return o;
	}
	return NULL;
}

/* --- life --- */

static const struct l4_opts *first_opts(const struct leat_stack *st, const struct l4_ops *ops)
{
	const struct l4_conf *conf = l4_conf(st);
	struct l4_opts o;
	memset(&o, 0, sizeof o); /* padding is compared, too */
	o.pmtudisc4 = pmtu_disc4(st) ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
	o.pmtudisc6 = IPV6_PMTUDISC_WANT;
	o.ttl = o.hops = -1;
	o.mcast_ttl = o.mcast_hops = 1;
	o.mcast_loop4 = o.mcast_loop6 = o.mcast_all4 = o.mcast_all6 = true;
	o.csum_off = o.incoming_cpu = -1;
	o.reuseaddr = ops->shares;
	o.rcvbuf = racy_get(conf->rcvbuf);
	o.sndbuf = racy_get(conf->sndbuf);
	return shared_of(&l4_stack(st)->opts, &o);
}

struct l4_opts *l4_opts_own(struct l4_end *e)
{
	struct l4_opts *own = shared_own(&l4_stack(e->st)->opts, e->opt);
	if (own)
		e->opt = own;
	return own;
}

void l4_opts_settle(struct l4_end *e)
{
	e->opt = shared_settle(&l4_stack(e->st)->opts, e->opt);
}

struct l4_more *l4_more(struct l4_end *e)
{
	if (e->more)
		return e->more;
	struct l4_more *m = mem_zalloc(&e->st->mem, sizeof *m);
	if (!m)
		return NULL;
	m->end = e;
	pkt_queue_init(&m->err);
	list_init(&m->alert);
	return e->more = m;
}

/* What the room above has there it takes back first, or later. */
static void free_more(struct l4_end *e)
{
	struct l4_more *m = e->more;
	for (unsigned i = 0; m && i < ARRAY_SIZE(m->own); i++)
		if (m->own[i])
			return;
	mem_free(m);
	e->more = NULL;
}

static int fill_in(struct l4_end *e, struct leat_stack *st, const struct l4_ops *ops, uint8_t family,
		   uint8_t proto)
{
	e->ops = ops;
	e->st = st;
	e->family = family;
	e->proto = proto;
	e->is_stream = ops->type == SOCK_STREAM;
	e->local.a = l4_any(family);
	e->opt = first_opts(st, ops);
	if (!e->opt)
		return -ENOBUFS;
	if (!e->is_stream) {
		e->peer.a = e->local.a;
		pkt_queue_init(&e->rcv);
	}
	int err = ops->open ? ops->open(e) : 0;
	if (err) {
		shared_put(e->opt);
		e->opt = NULL;
	}
	return err;
}

int l4_end_init(struct l4_end *e, struct leat_stack *st, const struct l4_ops *ops, uint8_t family,
		uint8_t proto)
{
	struct l4_stack *s = l4_stack(st);
	e->id = ++s->next_id;
	e->home = st->worker[e->id % st->n_workers];
	int err = fill_in(e, st, ops, family, proto);
	if (err)
		return err;
	l4_opts_settle(e);
	hash_insert(&s->by_id, &e->by_id, hash_u32(e->id));
	if (ops->type == SOCK_RAW)
		l4_hash(e);
	return 0;
}

int l4_end_init_in_turn(struct l4_end *e, struct worker *w, const struct l4_ops *ops, uint8_t family,
			uint8_t proto)
{
	assert(ops->type == SOCK_STREAM);
	e->home = w;
	return fill_in(e, w->st, ops, family, proto);
}

void l4_end_done(struct l4_end *e)
{
	if (e->gone)
		return;
	if (e->ops)
		l4_unhash(e);
	if (e->ops && e->ops->close)
		e->ops->close(e);
	l4_groups_leave(e);
	l4_alert_leave(e);
	if (e->id)
		hash_remove(&l4_stack(e->st)->by_id, &e->by_id);
	l4_tell_not(e);
	empty(e, DROP_SOCK_NOT_READ);
	shared_put(e->opt);
	free_more(e);
	e->opt = NULL;
	e->ops = NULL;
	e->gone = true;
}

int l4_take_error(struct l4_end *e)
{
	int err = e->error;
	e->error = 0;
	return -err;
}

/* --- queues --- */

struct pkt *l4_peek(const struct l4_end *e)
{
	return e->rcv.head;
}

void l4_pop(struct l4_end *e)
{
	pkt_free(e->home->lc, take_datagram(e));
}

struct pkt *l4_peek_error(const struct l4_end *e)
{
	return e->more ? e->more->err.head : NULL;
}

void l4_pop_error(struct l4_end *e)
{
	pkt_free(e->home->lc, take(&e->more->err, &e->more->err_bytes));
}

/* --- telling the owner --- */

void l4_on_ready(struct leat_stack *st, l4_ready_fn *fn, void (*gone)(struct l4_end *e))
{
	struct l4_stack *s = l4_stack(st);
	if (!s)
		return;
	s->ready = fn;
	s->gone = gone;
}

static void told(struct lcore *at, const struct msg *m)
{
	struct leat_stack *st = m->arg[0].p;
	struct l4_end *e = l4_end_by_id(st, (uint32_t)m->arg[1].u);
	if (e && l4_stack(st)->ready)
		l4_stack(st)->ready(e, e->home);
}

static void tell_one(struct l4_end *e, struct worker *at)
{
	const struct msg m = { .fn = told, .arg = { { .p = e->st }, { .u = e->id } } };
	l4_ready_fn *ready = l4_stack(e->st)->ready;
	if (ready && e->ready_here)
		ready(e, at);
	else if (ready)
		lcore_post(at->lc, at->lc->rt->ctl, &m);
}

static void tell_all(struct turn_end *end, struct lcore *lc)
{
	struct l4_worker *lw = container_of(end, struct l4_worker, tell_end);
	for (struct l4_end *e; (e = lw->tell);) {
		lw->tell = e->tell == e ? NULL : e->tell;
		e->tell = NULL;
		tell_one(e, e->home);
	}
}

void l4_tell(struct l4_end *e)
{
	struct l4_worker *lw = worker_state(e->home, MODULE_l4);
	if (e->tell)
		return;
	e->tell = e;
	if (lw->tell)
		lw->tell_last->tell = e;
	else
		lw->tell = e;
	lw->tell_last = e;
	lcore_at_turn_end(e->home->lc, &lw->tell_end);
}

void l4_tell_not(struct l4_end *e)
{
	struct l4_worker *lw = worker_state(e->home, MODULE_l4);
	struct l4_end *prev = NULL;
	if (!e->tell)
		return;
	for (struct l4_end *at = lw->tell; at != e; at = at->tell)
		prev = at;
	struct l4_end *next = e->tell == e ? NULL : e->tell;
	if (!next)
		lw->tell_last = prev;
	if (!prev)
		lw->tell = next;
	else
		prev->tell = next ? next : prev;
	e->tell = NULL;
}

void l4_tell_from(struct worker *w, struct l4_end *e)
{
	tell_one(e, w);
}

/* --- l4-deliver --- */

static uint8_t refuse(struct l4_end *e, struct pkt *p, enum drop why)
{
	uint32_t n = pkt_is_gso(p) ? pkt_gso_count(p) : 1;
	e->drops += n;
	if (e->ops->count)
		e->ops->count(e, p, why == DROP_SOCK_RCVBUF ? L4_LOST_RCVBUF : L4_LOST_MEMORY, n);
	return pkt_drop(p, why);
}

static bool wants_time(const struct l4_end *e)
{
	return e->opt->stamp || e->opt->stamping & SOF_TIMESTAMPING_RX_SOFTWARE;
}

void l4_park(const struct l4_end *e, struct pkt *p, uint32_t drops)
{
	struct leat_runtime *rt = e->st->rt;
	pkt_park(p, 0);
	p->edge.l4_wait.at_ns = unlikely(wants_time(e)) ? rt->ops->wall_ns(rt) : 0;
	p->edge.l4_wait.drops = drops;
	p->edge.l4_wait.off = 0;
}

/* Linux: what is there may pass the limit by one datagram, so that a small buffer still takes a large one. */
static uint8_t enqueue(struct l4_end *e, struct pkt *p)
{
	if (e->rcv_bytes > e->opt->rcvbuf)
		return refuse(e, p, DROP_SOCK_RCVBUF);
	if (e->ops->charged && unlikely(!has_memory(e)))
		return refuse(e, p, DROP_SOCK_MEMORY);
	uint32_t bytes = l4_truesize(p);
	bool was_empty = !e->rcv.n;
	e->rcv_bytes += bytes;
	if (e->ops->charged)
		hold(e->home, bytes);
	l4_park(e, p, e->drops);
	pkt_queue_push(&e->rcv, p);
	if (was_empty)
		l4_tell(e);
	return NODE_KEPT;
}

static uint8_t deliver_one(struct worker *w, struct pkt *p, uint8_t *ret_owner)
{
	struct l4_end *e = l4_end_by_id(w->st, p->edge.l4_deliver.end);
	*ret_owner = (uint8_t)w->index;
	if (!e || !e->ops)
		return pkt_drop(p, DROP_STALE);
	if (e->home != w) {
		*ret_owner = (uint8_t)e->home->index;
		return NODE_KEPT;
	}
	return p->edge.l4_deliver.error ? l4_error_arrive(e, p) : enqueue(e, p);
}

static void send_across(struct worker *w, const struct pkt_vec *v, const uint8_t *owner, unsigned to)
{
	struct pkt *batch[PKT_VEC_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++)
		if (owner[i] == to)
			batch[n++] = v->pkt[i];
	graph_hand_over(w, to, v->node, batch, n);
}

static void l4_deliver(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX], owner[PKT_VEC_MAX];
	uint32_t others = 0;
	for (unsigned i = 0; i < v->n; i++) {
		next[i] = deliver_one(w, v->pkt[i], &owner[i]);
		others |= 1u << owner[i];
	}
	for (unsigned to = 0; to < w->st->n_workers; to++)
		if (to != w->index && others >> to & 1)
			send_across(w, v, owner, to);
	vec_dispatch(w, v, next);
}

static void say_end(const struct l4_addr *a, char *to, size_t len)
{
	char s[IP6_TEXT_MAX];
	if (l4_is4(&a->a))
		snprintf(to, len, "%s:%u", ip4_text(l4_v4(&a->a), s), a->port);
	else
		snprintf(to, len, "[%s]:%u", ip6_text(&a->a, s), a->port);
}

static void explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	char local[64], peer[64];
	const struct l4_end *e = leaves ? NULL : l4_end_by_id(w->st, p->edge.l4_deliver.end);
	if (!e || !e->ops || e->is_stream)
		return;
	const char *name = ip_proto_name(e->proto);
	say_end(&e->local, local, sizeof local);
	say_end(&e->peer, peer, sizeof peer);
	fact(f, "socket", "%s%s %s%s%s, uid %u, of worker %u", e->ops->type == SOCK_RAW ? "raw " : "",
	     name ? name : "?", local, e->connected ? " with " : "", e->connected ? peer : "", e->uid,
	     e->home->index);
	fact(f, "socket-queue", "%u packets, %u of %lu bytes", e->rcv.n, e->rcv_bytes,
	     (unsigned long)e->opt->rcvbuf);
}

const struct node l4_deliver_node = { .name = "l4-deliver", .run = l4_deliver, .explain = explain };

static struct pkt *copy(struct lcore *lc, struct pkt *p, uint32_t keep_bytes)
{
	struct pkt *c = pkt_clone(lc, p, keep_bytes);
	uint32_t n;
	if (c)
		return c;
	c = pkt_new(lc); /* its payload lives elsewhere, or does not fit: byte by byte */
	if (!c)
		return NULL;
	struct cursor cur = pkt_cursor(p);
	for (const uint8_t *run; (run = cur_run(&cur, &n));) {
		if (!pkt_append(lc, c, run, n)) {
			pkt_free(lc, c);
			return NULL;
		}
	}
	c->l3_off = (uint16_t)(c->headroom + p->l3_off - p->headroom);
	c->l4_off = (uint16_t)(c->headroom + p->l4_off - p->headroom);
	c->in_if = p->in_if;
	c->flags = p->flags;
	c->ethertype = p->ethertype;
	c->ip_proto = p->ip_proto;
	c->csum = p->csum;
	c->csum_start = (uint16_t)(c->headroom + p->csum_start - p->headroom);
	c->csum_off = p->csum_off;
	c->gso = p->gso;
	c->gso_size = p->gso_size;
	c->gso_segs = p->gso_segs;
	return c;
}

struct pkt *l4_copy(struct worker *w, const char *node, struct pkt *p, uint32_t keep_bytes)
{
	struct pkt *c = copy(w->lc, p, keep_bytes);
	if (!c)
		graph_count_lost(w, node_find(w->st, node), 1, DROP_NO_BUFFER);
	return c;
}

/* --- the module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

static int l4_init(struct leat_stack *st)
{
	static const uint8_t types4[] = { 3, 5, 11, 12 }, types6[] = { 1, 2, 3, 4 };
	struct l4_stack *s = l4_stack(st);
	int err = 0;
	hash_init(&s->by_id, &st->mem, defer_chunk, st);
	hash_init(&s->by_key, &st->mem, defer_chunk, st);
	hash_init(&s->by_port, &st->mem, defer_chunk, st);
	l4_alert_init(st);
	shared_init(&s->opts, &st->mem, sizeof(struct l4_opts));
	s->out4 = node_find(st, "ip4-output");
	s->out6 = node_find(st, "ip6-output");
	s->whole4 = node_find(st, "ip4-output-whole");
	s->whole6 = node_find(st, "ip6-output-whole");
	for (unsigned i = 0; !err && i < sizeof types4; i++)
		err = icmp4_type_add(st, types4[i], l4_error4_node.name);
	for (unsigned i = 0; !err && i < sizeof types6; i++)
		err = icmp6_type_add(st, types6[i], l4_error6_node.name);
	return err;
}

static int l4_worker_init(struct worker *w)
{
	struct l4_worker *lw = worker_state(w, MODULE_l4);
	lw->w = w;
	lw->tell_end.fn = tell_all;
	return 0;
}

static void l4_unlink(struct leat_stack *st)
{
	static const uint8_t types4[] = { 3, 5, 11, 12 }, types6[] = { 1, 2, 3, 4 };
	for (unsigned i = 0; i < sizeof types4; i++)
		icmp4_type_remove(st, types4[i], l4_error4_node.name);
	for (unsigned i = 0; i < sizeof types6; i++)
		icmp6_type_remove(st, types6[i], l4_error6_node.name);
	for (struct l4_end *e; (e = l4_end_next(st, NULL));) {
		l4_end_done(e); /* their owners keep the memory */
		if (l4_stack(st)->gone)
			l4_stack(st)->gone(e);
	}
}

static void l4_free(struct leat_stack *st)
{
	struct l4_stack *s = l4_stack(st);
	shared_done(&s->opts);
	hash_done(&s->by_id);
	hash_done(&s->by_key);
	hash_done(&s->by_port);
}

static const struct node *const l4_nodes[] = { &l4_deliver_node, &l4_error4_node, &l4_error6_node,
					       &l4_alert4_node,  &l4_alert6_node, NULL };

const struct module l4_module = {
	.name = "l4",
	.id = MODULE_l4,
	.nodes = l4_nodes,
	.knobs = l4_knobs,
	.stack_size = sizeof(struct l4_stack),
	.worker_size = sizeof(struct l4_worker),
	.init = l4_init,
	.worker_init = l4_worker_init,
	.unlink = l4_unlink,
	.free = l4_free,
};
