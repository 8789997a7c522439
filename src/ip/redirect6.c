/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects of IPv6: RFC 4861, 8.
 *
 * In: from the first hop of that destination, on its link (the hop limit proves it), for an interface that does not forward. What
 * it says of the target's link-layer address goes to the neighbour table. Where neighbours are asked before others are believed to
 * be them (net/neigh_claim.c), it also has to come from the link-layer address that the first hop is known by, and to quote a packet
 * to that destination with the flow label that this stack gives such a packet: its IP source anybody can write, and its frame's; the
 * label, a keyed hash, knows only who saw the packet (RFC 6437, 6.1), which routers quote (RFC 4861, 8.2). So redirects of
 * flows whose labels are not made here (IPV6_AUTOFLOWLABEL 0, net.ipv6.flowlabel_reflect) are not heeded, which costs no more than
 * the longer way; where net.ipv6.auto_flowlabels makes none at all they are.
 *
 * Out: when a packet leaves by where it came and its source is a neighbour there: with the target's link-layer address, if it is
 * known, and as much of the packet as fits. Not more than one a second to a source, nor about a destination, six at once
 * (Linux: inet_peer_xrlim_allow()). */
#include "ip/redirect_internal.h"

#include <netinet/in.h>

#include "ip/ip6_internal.h"
#include "net/neigh.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/nd_redirect.h"

/* --- in --- */

static void hear_neighbour(struct worker *w, const struct pkt *p, const struct nd_redirect_msg *m)
{
	const struct ipaddr target = { .v6 = m->target };
	bool router = !ip6_eq(&m->target, &m->dst);
	unsigned flags = NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE |
			 (router ? NEIGH_HEARD_ROUTER | NEIGH_HEARD_IS_ROUTER_KNOWN : 0);
	if (m->has_mac && eth_is_station(m->mac))
		neigh_heard(w, p->in_if, AF_INET6, &target, m->mac, flags);
}

/* The route's way, if `from` is the first hop that packets to dst take: the route's own, or where a redirect has led them. */
static const struct fib_nh *way_from(const struct worker *w, const struct fib_query *q, uint32_t in_if,
				     const struct ipaddr *from)
{
	const struct fib_nh *nh = fib_lookup(w, q), *way = redirect_way(w, nh, AF_INET6, from, in_if);
	way = way ? way : nh;
	const struct fib_exc *x = way ? fib_exc_find(w, AF_INET6, &q->dst, in_if, way) : NULL;
	if (x && x->redirected)
		return x->gw_family && ipaddr_eq(&x->gw, from) ? way : NULL;
	return redirect_way(w, way, AF_INET6, from, in_if);
}

/* What the labels of packets of ours are made of: of sockets with ports and of ping sockets, of raw ones, of echo replies, of errors. */
static bool is_label_of_ours(const struct leat_stack *st, const struct ip6_hdr *h, uint8_t proto, be32 l4[2])
{
	const uint64_t by_proto = (uint64_t)proto << 32, id = be32_get(l4[1]) >> 16;
	const uint64_t flows[] = { by_proto | be32_get(l4[0]), by_proto | id << 16, by_proto | id, by_proto,
				   proto };
	uint32_t label = ip6_flow_label(h);
	for (unsigned i = 0; i < ARRAY_SIZE(flows); i++)
		if (label && label == ip6_auto_label(st, &h->src, &h->dst, flows[i], true))
			return true;
	return false;
}

bool redirect6_quotes_ours(const struct leat_stack *st, const struct nd_redirect_msg *m, const struct ip6 *us)
{
	struct cursor c = m->packet, at = c;
	struct ip6_chain ch;
	struct ip6_hdr h;
	be32 l4[2];
	if (!cur_copy(&at, &h, sizeof h) || !ip6_eq(&h.src, us) || !ip6_eq(&h.dst, &m->dst))
		return false;
	ip6_walk(c, IP6_WALK_ROUTER, &ch);
	if (ch.frag_off || !cur_skip(&c, ch.l4_off) || !cur_copy(&c, l4, sizeof l4))
		return false;
	return is_label_of_ours(st, &h, ch.proto, l4);
}

static bool is_forged(const struct worker *w, const struct pkt *p, const struct nd_redirect_msg *m,
		      const struct nd_envelope *ip)
{
	const struct ipaddr from = { .v6 = ip->src };
	const struct iface *in = iface_get(w, p->in_if);
	if (!in || !racy_get(in->conf.neigh[1].override_probe_ms))
		return false;
	return !neigh_may_be_from(w, p, AF_INET6, &from) ||
	       (ip6_labels_by_default(w->st) && !redirect6_quotes_ours(w->st, m, &ip->dst));
}

static enum drop redirect6_heard(struct worker *w, const struct pkt *p, const struct nd_redirect_msg *m,
				 const struct nd_envelope *ip)
{
	const struct ipaddr from = { .v6 = ip->src }, target = { .v6 = m->target };
	const struct fib_query q = {
		.family = AF_INET6, .src.v6 = ip->dst, .dst.v6 = m->dst, .oif = p->in_if
	};
	const struct fib_nh *way = way_from(w, &q, p->in_if, &from);
	if (!way || addr_find_on(w, p->in_if, AF_INET6, &target))
		return DROP_REDIRECT_REFUSED;
	if (is_forged(w, p, m, ip))
		return DROP_REDIRECT_FORGED;
	hear_neighbour(w, p, m);
	const struct fib_exc_news n = { .dst = q.dst,
					.family = AF_INET6,
					.via = fib_via_of(p->in_if, way),
					.redirected = true,
					.gw_family = ip6_eq(&m->target, &m->dst) ? 0 : AF_INET6,
					.gw = target };
	fib_exc_tell(w, &n);
	return DROP_ND_DONE;
}

static enum drop redirect6_one(struct worker *w, struct pkt *p)
{
	const struct iface *in = iface_get(w, p->in_if);
	const struct ip6_hdr *h = pkt_l3(p);
	const struct nd_envelope ip = { .src = h->src, .dst = h->dst, .hop_limit = h->hop_limit };
	struct nd_redirect_msg m;
	enum drop why = nd_redirect_parse(pkt_cursor_at(p, p->l4_off), &ip, &m);
	if (why)
		return why;
	if (!in || racy_get(in->conf.forward6) || !racy_get(in->conf.redirect.accept6))
		return DROP_REDIRECT_OFF;
	return redirect6_heard(w, p, &m, &ip);
}

static void redirect6_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = pkt_drop(v->pkt[i], redirect6_one(w, v->pkt[i]));
	vec_dispatch(w, v, next);
}

const struct node redirect6_node = { .name = "redirect6-input", .run = redirect6_input };

/* --- out --- */

enum { PER_US = 1000000, BURST = 6 };

static bool take_token(struct worker *w, const struct ip6 *a, uint64_t salt)
{
	uint64_t hash = siphash(&w->st->hash_key, a, sizeof *a) + salt;
	uint64_t *full_us = &redirect_worker(w)->full6_us[hash % REDIRECT_SLOTS];
	uint64_t now_us = w->lc->now_us, full = MAX(*full_us, now_us);
	if (full - now_us > (uint64_t)(BURST - 1) * PER_US)
		return false;
	*full_us = full + PER_US;
	return true;
}

static bool is_source_routed(const struct pkt *p, const struct ip6_hdr *h)
{
	struct ip6_chain ch;
	if (likely(!ip6_is_ext(h->next)))
		return false;
	return ip6_walk(pkt_cursor(p), IP6_WALK_ROUTER, &ch) || ch.routing_type || ch.segments_left;
}

static bool link_local_of(const struct worker *w, const struct iface *i, struct ip6 *ret)
{
	static const struct ipaddr on_link = { .b = { 0xfe, 0x80 } };
	struct ipaddr a;
	if (!addr_select_source(w, i, AF_INET6, &on_link, &a) || !ip6_is_link_local(&a.v6))
		return false;
	*ret = a.v6;
	return true;
}

static bool append_packet(struct lcore *lc, struct pkt *r, const struct pkt *p, uint32_t len)
{
	struct cursor c = pkt_cursor(p);
	uint32_t n;
	cur_trim(&c, len);
	for (const uint8_t *run; (run = cur_run(&c, &n));)
		if (!pkt_append(lc, r, run, n))
			return false;
	return true;
}

static struct pkt *make(struct worker *w, const struct pkt *p, const struct ip6 *src,
			const struct nd_redirect_msg *m)
{
	const struct ip6_hdr *was = pkt_l3(p);
	uint8_t head[ND_REDIRECT_HEAD_MAX];
	struct ip6_hdr ip = icmp6_ip_hdr(src, &was->src, 255);
	uint32_t quoted = nd_redirect_room(m, p->len);
	struct pkt *r = icmp6_new(w->lc, &ip, head, nd_redirect_emit(m, quoted, head));
	if (!r)
		return NULL;
	if (!append_packet(w->lc, r, p, quoted)) {
		pkt_free(w->lc, r);
		return NULL;
	}
	r->out_if = p->in_if;
	r->flags = p->flags & PKT_F_TRACED;
	r->trace_id = p->trace_id;
	pkt_csum_defer(r, csum_pseudo6(src, &was->src, IP_PROTO_ICMP6, r->len - (uint32_t)sizeof ip),
		       offsetof(struct icmp6_hdr, csum));
	return r;
}

void redirect6_send(struct worker *w, struct pkt *p, const struct fib_nh *nh, uint8_t output)
{
	const struct iface *in = iface_get(w, p->in_if);
	const struct ip6_hdr *h = pkt_l3(p);
	const struct ipaddr host = { .v6 = h->src };
	const struct ipaddr target = nh->gw_family ? nh->gw : (struct ipaddr){ .v6 = h->dst };
	struct nd_redirect_msg m = { .target = target.v6, .dst = h->dst };
	struct neigh_hop hop;
	struct ip6 src;
	if (!in || !redirect_worker(w) || is_source_routed(p, h) ||
	    (nh->gw_family && !ip6_is_link_local(&target.v6)) ||
	    !redirect_is_neighbour(w, AF_INET6, &host, in->handle) || !link_local_of(w, in, &src) ||
	    !take_token(w, &h->src, 0) || !take_token(w, &h->dst, 1))
		return;
	m.has_mac = neigh_find(w, in->handle, AF_INET6, &target, &hop) && hop.usable;
	memcpy(m.mac, hop.mac, m.has_mac ? sizeof m.mac : 0);
	struct pkt *r = make(w, p, &src, &m);
	if (r)
		node_send(w, output, r);
}
