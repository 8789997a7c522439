/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects of IPv4.
 *
 * In (RFC 1122, 3.2.2.2): believed when it is about a packet that a socket of ours sent (whose transport has seen to that: what the
 * stack itself answered proves nothing, and redirects about it are not needed), when it comes from the first hop that this
 * packet took, on its link, when it leads to a neighbour there that is not ourselves, and when the settings allow it: those
 * of Linux, with its meaning of "all". It has to come from the link-layer address that the first hop is known by, as in
 * redirect6.c. Redirects for nets are taken for the one host (RFC 1812, 5.2.7.2). As on Linux the better
 * first hop must be known as a neighbour; until then the redirect does no more than to ask for it.
 *
 * Out (RFC 1812, 5.2.7.2): when a packet leaves by where it came, its source is a neighbour there, and the next hop another
 * neighbour. Linux's algorithm spares hosts that do not listen: each redirect to a host makes the wait for the next one twice
 * as long, the tenth is never sent, and a host that has been silent for a while begins anew. */
#include "ip/redirect.h"

#include <netinet/in.h>

#include "ip/ip.h"
#include "ip/redirect_internal.h"
#include "net/l3.h"
#include "net/neigh.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

enum { CODE_HOST = 1, CODE_MAX = 3 };
enum { QUOTE_MAX = 576 };

/* --- in --- */

/* Linux: IN_DEV_RX_REDIRECTS() and its kin. */
static bool accepts(const struct redirect_stack *s, const struct iface *in)
{
	bool here = racy_get(in->conf.redirect.accept4), all = racy_get(s->accept);
	return racy_get(in->conf.forward4) ? here && all : here || all;
}

static bool shares(const struct redirect_stack *s, const struct iface *in)
{
	return racy_get(in->conf.redirect.shared4) || racy_get(s->shared);
}

static bool is_default_gateway(const struct worker *w, const struct ipaddr *gw, uint32_t if_handle)
{
	return redirect_way(w, fib4_lookup_at(w, l3_handle_of(w, if_handle), be32_of(0)), AF_INET, gw,
			    if_handle);
}

static bool may_lead(const struct worker *w, const struct iface *in, const struct ipaddr *gw)
{
	const struct redirect_stack *s = redirect_stack(w->st);
	const struct fib_nh *nh = fib4_lookup_at(w, l3_handle_of(w, in->handle), gw->v4);
	uint8_t first = gw->v4.b[0];
	struct neigh_hop hop;
	if (first == 0 || first == 127 || ip4_is_group(gw->v4) || !nh || nh->type != RTN_UNICAST)
		return false;
	bool on_link = redirect_is_neighbour(w, AF_INET, gw, in->handle);
	if (shares(s, in)) /* of another subnet: if it has shown to be on the link */
		return on_link || neigh_find((struct worker *)w, in->handle, AF_INET, gw, &hop);
	bool secure = racy_get(in->conf.redirect.secure4) || racy_get(s->secure);
	return on_link && (!secure || is_default_gateway(w, gw, in->handle));
}

/* What packets to that destination take now, redirects included. */
static bool is_first_hop(const struct ip_way *way, const struct ipaddr *gw)
{
	bool redirected = way->exc && way->exc->redirected;
	if (redirected)
		return way->exc->gw_family == AF_INET && ipaddr_eq(&way->exc->gw, gw);
	return way->via.gw_family == AF_INET && ipaddr_eq(&way->via.gw, gw);
}

enum drop redirect4_heard(struct worker *w, const struct pkt *p, const struct fib_query *q)
{
	const struct redirect_stack *s = redirect_stack(w->st);
	const struct iface *in = iface_get(w, p->in_if);
	const struct ipaddr from = { .v4 = ((const struct ip4_hdr *)pkt_l3(p))->src };
	struct icmp4_msg m;
	struct ip_way way;
	if (icmp4_parse(pkt_cursor_at(p, p->l4_off), &m) || m.code > CODE_MAX)
		return DROP_ICMP_UNKNOWN;
	if (!s || !in || !accepts(s, in))
		return DROP_REDIRECT_OFF;
	const struct ipaddr gw = { .v4 = be32_of(icmp4_info(&m)) };
	if (ip_way(w, q, &way) || way.type != RTN_UNICAST || way.out_if != p->in_if ||
	    !is_first_hop(&way, &from) || ipaddr_eq(&gw, &from) || !may_lead(w, in, &gw))
		return DROP_REDIRECT_REFUSED;
	if (!neigh_may_be_from(w, p, AF_INET, &from))
		return DROP_REDIRECT_FORGED;
	const struct fib_exc_news n = { .dst = q->dst,
					.family = AF_INET,
					.via = way.via,
					.redirected = true,
					.must_be_known = true,
					.gw_family = ipaddr_eq(&gw, &q->dst) ? 0 : AF_INET,
					.gw = gw };
	fib_exc_tell(w, &n);
	return DROP_ICMP_DONE;
}

/* --- out --- */

static bool sends(const struct redirect_stack *s, const struct iface *in)
{
	return s && (racy_get(in->conf.redirect.send4) || racy_get(s->send));
}

/* Linux: a packet that says its own way has its reasons. */
static bool is_source_routed(const struct ip4_hdr *h)
{
	struct ip4_options o;
	uint8_t bad;
	uint32_t len = ip4_hdr_len(h) - (uint32_t)sizeof *h;
	return len && (ip4_options_parse(cur_of(h + 1, len), &o, &bad) || o.source_route);
}

/* Linux: ip_rt_send_redirect(). */
static bool is_time(const struct redirect_stack *s, struct redirect4_slot *t, uint64_t now_us)
{
	uint64_t load_us = racy_get(s->load_ms) * UINT64_C(1000);
	if (now_us > t->last_us + racy_get(s->silence_ms) * UINT64_C(1000))
		t->n = 0;
	if (t->n >= racy_get(s->number)) {
		t->last_us = now_us;
		return false;
	}
	if (t->n && now_us <= t->last_us + (load_us << MIN(t->n, 32u)))
		return false;
	t->last_us = now_us;
	t->n++;
	return true;
}

/* Without shared_media both must be of one subnet; by the routes they are of one link. */
static bool is_for(const struct worker *w, const struct iface *in, const struct ipaddr *host,
		   const struct ipaddr *hop)
{
	return redirect_is_neighbour(w, AF_INET, host, in->handle) &&
	       (shares(redirect_stack(w->st), in) || redirect_is_neighbour(w, AF_INET, hop, in->handle));
}

/* As much as an error quotes. */
static struct pkt *copy_start(struct lcore *lc, const struct pkt *p)
{
	struct pkt *c = pkt_new(lc);
	struct cursor cur = pkt_cursor(p);
	uint32_t n;
	if (!c)
		return NULL;
	cur_trim(&cur, MIN(cur_left(&cur), (uint32_t)QUOTE_MAX));
	for (const uint8_t *run; (run = cur_run(&cur, &n));) {
		if (!pkt_append(lc, c, run, n)) {
			pkt_free(lc, c);
			return NULL;
		}
	}
	c->l3_off = c->headroom;
	c->in_if = p->in_if;
	c->ethertype = p->ethertype;
	c->flags = p->flags;
	c->trace_id = p->trace_id;
	return c;
}

void redirect4_send(struct worker *w, struct pkt *p, const struct fib_nh *nh, uint8_t error)
{
	const struct redirect_stack *s = redirect_stack(w->st);
	const struct iface *in = iface_get(w, p->in_if);
	const struct ip4_hdr *h = pkt_l3(p);
	const struct ipaddr host = { .v4 = h->src };
	const struct ipaddr hop = nh->gw_family == AF_INET ? nh->gw : (struct ipaddr){ .v4 = h->dst };
	if (!in || !sends(s, in) || nh->gw_family == AF_INET6 || is_source_routed(h) ||
	    !is_for(w, in, &host, &hop))
		return;
	uint32_t slot = (uint32_t)(siphash(&w->st->hash_key, &h->src, sizeof h->src) % REDIRECT_SLOTS);
	if (!is_time(s, &redirect_worker(w)->told4[slot], w->lc->now_us))
		return;
	struct pkt *cause = copy_start(w->lc, p);
	if (!cause)
		return; /* the next packet is as good a reason */
	ip_error(cause, error, ICMP4_REDIRECT, CODE_HOST, be32_get(hop.v4), DROP_NONE);
	node_send(w, error, cause);
}
