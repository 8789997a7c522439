/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a packet is explained by letting it meet the stack, in a copy of the process that nobody else sees
 * (core/aside.h): the production nodes run, on the production tables, queues and counters as they are at this moment. A trace
 * follows it there, like any other packet (graph/trace.h): each step is a record of the trace. Beside it stands what the node
 * says of its reasons (struct node.explain), asked before the node has seen the packet and when it lets it go. What the
 * packet gives rise to, an ICMP error, a question for a neighbour, fragments, the copy for a socket, is followed too. The
 * end is where nothing is left to do at this instant; what would happen later, by a timer, is not told: a packet that waits is
 * said to be kept.
 *
 * What would touch the world is the drivers' transmit function alone. It is exchanged, in the copy, for one that notes the
 * frame; interfaces whose packets go on within the stack (iface_ops.inward) keep theirs. So nothing is made or probed, no
 * token of a rate limit is spent and nothing is learnt but in the copy.
 *
 * What can differ from a real packet: the worker whose queue it arrives at is chosen by the device, here by who asks (flows go to
 * their own worker from there); identifications and random choices that the copy draws are drawn again by the real one. */
#include "explain/explain.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/addr.h"
#include "net/fib.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

enum { OPEN_MAX = PKT_VEC_MAX + 1 };

/* A packet in the node that runs. */
struct open {
	const struct trace_record *r;
	const struct pkt *p;
	struct facts facts;
};

/* A frame that a driver was given, until its packet's own step has been told. */
struct going {
	struct going *next;
	const struct pkt *p;
	struct explain_step step;
	uint8_t bytes[];
};

struct explaining {
	struct trace_watcher watcher;
	struct leat_stack *st;
	explain_fn *fn;
	void *ctx;
	unsigned n_open;
	struct open open[OPEN_MAX];
	struct going *going, **going_tail;
};

/* --- frames --- */

static void tell_first(struct explaining *x)
{
	struct going *g = x->going;
	x->going = g->next;
	if (!x->going)
		x->going_tail = &x->going;
	g->step.frame = g->bytes;
	x->fn(&g->step, x->ctx);
	free(g);
}

static struct trace_record record_of(const struct worker *w, const struct iface *ifc, const struct pkt *p,
				     uint32_t before)
{
	struct cursor c = pkt_cursor(p);
	struct trace_record r = {
		.time_us = w->lc->now_us,
		.trace_id = p->trace_id - before,
		.node = node_find(w->st, "iface-output"),
		.worker = (uint16_t)w->index,
		.in_if = p->in_if,
		.out_if = ifc->handle,
		.len = p->len,
		.snap_len = MIN(p->len, (uint32_t)TRACE_SNAP),
		.ethertype = p->ethertype,
		.layer = 2,
		.gso = p->gso,
		.csum = p->csum,
	};
	cur_copy(&c, r.snap, r.snap_len);
	return r;
}

static void note(struct explaining *x, const struct worker *w, const struct iface *ifc, const struct pkt *p)
{
	struct cursor c = pkt_cursor(p);
	struct going *g = calloc(1, sizeof *g + p->len);
	if (!g)
		return;
	g->p = p;
	g->step.leaves = true;
	g->step.at = record_of(w, ifc, p, x->watcher.before);
	cur_copy(&c, g->bytes, p->len);
	fact(&g->step.facts, "device", "%s", ((const struct iface_ops *)ifc->ops)->kind);
	if (p->vlan_proto)
		fact(&g->step.facts, "tag", "the device writes VLAN tag %u", p->vlan_tci & 0xfff);
	if (p->gso)
		fact(&g->step.facts, "segments", "the device cuts it into segments of %u bytes", p->gso_size);
	*x->going_tail = g;
	x->going_tail = &g->next;
}

static void xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct explaining *x = ifc->driver;
	for (unsigned i = 0; i < n; i++)
		if (p[i]->flags & PKT_F_TRACED)
			note(x, w, ifc, p[i]);
	pkt_free_bulk(w->lc, p, n);
}

static bool unplug_all(struct explaining *x)
{
	for (struct iface *i = iface_next(x->st, 0); i; i = iface_next(x->st, i->ifindex)) {
		struct iface_ops *o = i->ops->inward ? NULL : calloc(1, sizeof *o);
		if (i->ops->inward)
			continue;
		if (!o)
			return false;
		o->kind = i->ops->kind;
		o->xmit = xmit;
		o->stateless = i->ops->stateless;
		i->ops = o;
		i->driver = x;
	}
	return true;
}

/* --- steps --- */

static struct open *find(struct explaining *x, const struct trace_record *r)
{
	for (unsigned i = x->n_open; i--;)
		if (x->open[i].r == r)
			return &x->open[i];
	return NULL;
}

static void ask_node(struct worker *w, const struct trace_record *r, const struct pkt *p, bool leaves,
		     struct facts *f)
{
	const struct node *n = graph_node(w->st, r->node);
	if (n && n->explain)
		n->explain(w, p, leaves, f);
}

static void met(struct trace_watcher *tw, struct worker *w, const struct trace_record *r, const struct pkt *p)
{
	struct explaining *x = container_of(tw, struct explaining, watcher);
	if (x->n_open == OPEN_MAX)
		return;
	struct open *o = &x->open[x->n_open++];
	o->r = r;
	o->p = p;
	o->facts.len = 0;
	ask_node(w, r, p, false, &o->facts);
}

static void leaves(struct trace_watcher *tw, struct worker *w, const struct trace_record *r,
		   const struct pkt *p)
{
	struct explaining *x = container_of(tw, struct explaining, watcher);
	struct open *o = find(x, r);
	if (!o)
		return;
	ask_node(w, r, p, true, &o->facts);
	if (r->drop)
		fact(&o->facts, "because", "%s", drop_help((enum drop)r->drop));
}

/* A step is told when its node is done with all of its vector, and then so are the frames that it made of it. */
static void done(struct trace_watcher *tw, struct worker *w, const struct trace_record *r)
{
	struct explaining *x = container_of(tw, struct explaining, watcher);
	struct open *o = find(x, r);
	struct explain_step s = { .at = *r };
	s.at.trace_id -= x->watcher.before;
	const struct pkt *p = o ? o->p : NULL;
	if (o) {
		s.facts = o->facts;
		*o = x->open[--x->n_open];
	}
	x->fn(&s, x->ctx);
	if (x->going && x->going->p == p)
		tell_first(x);
	while (x->going && !x->n_open)
		tell_first(x);
}

/* --- the packet --- */

static struct pkt *pkt_of(struct worker *w, const struct explain_ask *a)
{
	struct pkt *p = pkt_new(w->lc);
	if (p && pkt_append(w->lc, p, a->bytes, a->len))
		return p;
	pkt_free(w->lc, p);
	return NULL;
}

static int come_in(struct worker *w, const struct explain_ask *a)
{
	struct iface *ifc = iface_get(w, a->in_if);
	struct pkt *p = ifc ? pkt_of(w, a) : NULL;
	if (!ifc)
		return -ENODEV;
	if (!p)
		return -ENOMEM;
	iface_input(w, ifc, &p, 1);
	return 0;
}

/* What ip4-output or ip6-output will choose, since a transport sums it before. */
static struct ipaddr source_of(struct worker *w, const struct explain_ask *a, const struct fib_query *q)
{
	struct ipaddr src = q->src;
	const struct fib_nh *nh = fib_lookup(w, q);
	uint32_t out_if = a->out_if ? a->out_if : nh ? nh->if_handle : 0;
	const struct iface *out = iface_get(w, out_if);
	if (!ipaddr_is_zero(&src))
		return src;
	if (nh && nh->type == RTN_LOCAL)
		return q->dst;
	if (nh && nh->prefsrc_family == q->family)
		return nh->prefsrc;
	if (out)
		addr_select_source(w, out, q->family, &q->dst, &src);
	return src;
}

static int csum_offset(uint8_t proto)
{
	switch (proto) {
	case IP_PROTO_UDP:
		return offsetof(struct udp_hdr, csum);
	case IP_PROTO_TCP:
		return offsetof(struct tcp_hdr, csum);
	case IP_PROTO_ICMP4:
	case IP_PROTO_ICMP6:
		return offsetof(struct icmp4_hdr, csum);
	default:
		return -1;
	}
}

static void defer_csum(struct worker *w, struct pkt *p, const struct explain_ask *a, uint8_t family)
{
	struct fib_query q;
	int off = csum_offset(p->ip_proto);
	uint32_t len = p->len - (uint32_t)(p->l4_off - p->l3_off);
	if (off < 0 || len < (uint32_t)off + 2)
		return;
	fib_query_of(p, family, UINT32_MAX, true, &q);
	q.oif = a->out_if;
	struct ipaddr src = source_of(w, a, &q);
	uint32_t pseudo = family == AF_INET6 ? csum_pseudo6(&src.v6, &q.dst.v6, p->ip_proto, len)
					     : csum_pseudo4(src.v4, q.dst.v4, p->ip_proto, len);
	pkt_csum_defer(p, p->ip_proto == IP_PROTO_ICMP4 ? 0 : pseudo, (uint16_t)off);
}

/* The length of its header of IP; 0: it has none, or there is more in it than ip4-output takes. */
static uint16_t header_of(const struct explain_ask *a, struct pkt *p)
{
	const struct ip4_hdr *h4 = pkt_l3(p);
	const struct ip6_hdr *h6 = pkt_l3(p);
	unsigned version = a->len ? a->bytes[0] >> 4 : 0, len = 0;
	if (version == 4 && p->head_len >= sizeof *h4) {
		len = ip4_hdr_len(h4);
		p->ethertype = ETH_P_IP;
		p->ip_proto = h4->proto;
	} else if (version == 6 && p->head_len >= sizeof *h6) {
		len = sizeof *h6;
		p->ethertype = ETH_P_IPV6;
		p->ip_proto = h6->next;
	}
	bool fits = len >= sizeof *h4 && len <= p->head_len;
	return (uint16_t)(fits && (a->whole || version == 6 || len == sizeof *h4) ? len : 0);
}

static bool put_sender(struct worker *w, struct pkt *p, const struct explain_ask *a, uint8_t family)
{
	struct pkt_ext *ext = pkt_ext(w->lc, p);
	struct fib_query q;
	if (!ext)
		return false;
	fib_query_of(p, family, UINT32_MAX, true, &q);
	p->out_if = a->out_if;
	ext->mark = a->mark;
	ext->sender.uid = a->uid;
	ext->sender.no_src = ipaddr_is_zero(&q.src);
	return true;
}

static int go_out(struct worker *w, const struct explain_ask *a)
{
	struct pkt *p = pkt_of(w, a);
	if (!p)
		return -ENOMEM;
	p->l3_off = p->headroom;
	uint16_t len = header_of(a, p);
	uint8_t family = p->ethertype == ETH_P_IPV6 ? AF_INET6 : AF_INET;
	const char *name = family == AF_INET6 ? (a->whole ? "ip6-output-whole" : "ip6-output")
					      : (a->whole ? "ip4-output-whole" : "ip4-output");
	uint16_t node = node_find(w->st, name);
	int err = !len ? -EINVAL : !node ? -ENOPROTOOPT : put_sender(w, p, a, family) ? 0 : -ENOMEM;
	if (err) {
		pkt_free(w->lc, p);
		return err;
	}
	p->l4_off = (uint16_t)(p->l3_off + len);
	if (!a->whole)
		defer_csum(w, p, a, family);
	graph_enqueue(w, node, p);
	graph_run(w);
	return 0;
}

int explain_play(struct leat_stack *st, const struct explain_ask *a, explain_fn *fn, void *ctx)
{
	struct explaining *x = calloc(1, sizeof *x);
	struct worker *w = st->worker[a->worker < st->n_workers ? a->worker : 0];
	if (!x)
		return -ENOMEM;
	*x = (struct explaining){ .watcher = { .met = met, .leaves = leaves, .done = done },
				  .st = st,
				  .fn = fn,
				  .ctx = ctx,
				  .going_tail = &x->going };
	if (a->out_if && !iface_get(w, a->out_if))
		return -ENODEV;
	aside_settle(st->rt); /* what is under way between lcores is there before it */
	trace_stop(st);
	int err = unplug_all(x) ? trace_watch(st, &x->watcher) : -ENOMEM;
	if (!err)
		err = a->in_if ? come_in(w, a) : go_out(w, a);
	if (!err)
		aside_settle(st->rt);
	while (x->going)
		tell_first(x);
	return err;
}
