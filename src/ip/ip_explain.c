/* SPDX-License-Identifier: BSD-2-Clause */
/* What a node of IP decides by, in words. The decisions themselves are the nodes' own: what is said here of a route is the control
 * lcore's answer to the question that the node puts to the tables (fib_ask_why()), which tells more of it than workers want to
 * know; the next hop that follows is the one the node has left on the packet's edge. */
#include "ip/ip_explain.h"

#include <stdio.h>
#include <sys/socket.h>

#include "graph/facts.h"
#include "ip/ip_internal.h"
#include "net/mcast.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/text.h"

/* Rows by RTN_*, in ip-route(8)'s words. */
static const char *const types[RTN_MAX + 1] = {
	[RTN_UNICAST] = "",
	[RTN_LOCAL] = "local ",
	[RTN_BROADCAST] = "broadcast ",
	[RTN_ANYCAST] = "anycast ",
	[RTN_MULTICAST] = "multicast ",
	[RTN_BLACKHOLE] = "blackhole ",
	[RTN_UNREACHABLE] = "unreachable ",
	[RTN_PROHIBIT] = "prohibit ",
	[RTN_THROW] = "throw ",
};

static void add_addr(struct text *t, uint8_t family, const struct ipaddr *a)
{
	if (family == AF_INET6)
		text_ip6(t, &a->v6);
	else
		text_ip4(t, a->v4);
}

static void add_way(const struct worker *w, struct text *t, uint8_t gw_family, const struct ipaddr *gw,
		    uint32_t if_handle)
{
	const struct iface *i = iface_get(w, if_handle);
	if (gw_family) {
		text_add(t, " via ");
		add_addr(t, gw_family, gw);
	}
	if (i)
		text_add(t, " dev %s", i->name);
}

static void table_name(uint32_t id, char *to, size_t len)
{
	const char *name = id == RT_TABLE_LOCAL     ? "local"
			   : id == RT_TABLE_MAIN    ? "main"
			   : id == RT_TABLE_DEFAULT ? "default"
						    : NULL;
	if (name)
		snprintf(to, len, "%s", name);
	else
		snprintf(to, len, "%u", id);
}

static void say_route(const struct worker *w, const struct fib_route *r, struct facts *f)
{
	char s[256];
	struct text t = text_of(s, sizeof s);
	const char *type = r->nh.type <= RTN_MAX ? types[r->nh.type] : NULL;
	text_add(&t, "%s", type ? type : "");
	if (r->plen)
		add_addr(&t, r->family, &r->dst);
	text_add(&t, r->plen ? "/%u" : "default", r->plen);
	if (r->n_hops)
		text_add(&t, ", %u ways", r->n_hops);
	else
		add_way(w, &t, r->nh.gw_family, &r->nh.gw, r->nh.if_handle);
	if (r->nh.nh_id)
		text_add(&t, " nhid %u", r->nh.nh_id);
	if (r->metric)
		text_add(&t, " metric %u", r->metric);
	fact(f, "route", "%s", s);
}

static void say_lookup(const struct worker *w, const struct fib_query *q, struct facts *f)
{
	char table[16] = "";
	struct fib_why why;
	const struct fib_route *r = fib_ask_why(w->st, q, &why);
	if (r && r->table)
		table_name(r->table, table, sizeof table);
	if (why.by_rule)
		fact(f, "rule", "%u%s%s", why.priority, *table ? ": lookup " : ": answers by itself", table);
	else
		fact(f, "rule", "none has an answer");
	if (r && r->table)
		say_route(w, r, f);
	else if (!why.by_rule)
		fact(f, "route", "none");
}

static struct fib_query query_of(const struct worker *w, const struct pkt *p, uint8_t family, bool ours)
{
	struct fib_query q;
	fib_query_of(p, family, fib_looks(w, family), ours, &q);
	if (ours)
		q.oif = p->out_if;
	return q;
}

static void say_group(const struct worker *w, const struct pkt *p, uint8_t family, const struct ipaddr *a,
		      struct facts *f)
{
	const struct iface *i = iface_get(w, p->in_if);
	const struct mcast_group *g = mcast_find(w, p->in_if, family, a);
	fact(f, "group", "%s %s", g ? "somebody listens on" : "no socket or protocol listens on",
	     i ? i->name : "?");
}

/* Groups and, in IPv6, link-local addresses are not looked for in tables. */
static void say_in(struct worker *w, const struct pkt *p, uint8_t family, struct facts *f)
{
	struct fib_query q = query_of(w, p, family, false);
	bool group = family == AF_INET ? ip4_is_multicast(q.dst.v4) : ip6_is_multicast(&q.dst.v6);
	if (group)
		say_group(w, p, family, &q.dst, f);
	else if (family == AF_INET6 && ip6_is_link_local(&q.dst.v6))
		fact(f, "route", "none is needed: link-local");
	else if (family == AF_INET && be32_get(q.dst.v4) == UINT32_MAX)
		fact(f, "route", "none is needed: broadcast");
	else
		say_lookup(w, &q, f);
}

void ip4_route_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	if (!leaves)
		say_in(w, p, AF_INET, f);
}

void ip6_route_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	if (!leaves)
		say_in(w, p, AF_INET6, f);
}

/* --- out --- */

static void say_next_hop(const struct worker *w, const struct pkt *p, struct facts *f)
{
	char s[128];
	struct text t = text_of(s, sizeof s);
	const struct fib_nh *nh = p->edge.ip_route.nh;
	const struct fib_exc *exc = p->edge.ip_route.exc;
	if (exc && exc->redirected) {
		struct ipaddr hop = ip_exc_hop(exc);
		add_way(w, &t,
			exc->gw_family           ? exc->gw_family
			: p->ethertype == 0x0800 ? AF_INET
						 : AF_INET6,
			&hop, p->out_if);
		text_add(&t, ", by a redirect");
	} else if (nh) {
		add_way(w, &t, nh->gw_family, &nh->gw, nh->type == RTN_LOCAL ? p->out_if : nh->if_handle);
	} else {
		add_way(w, &t, 0, NULL, p->out_if);
	}
	fact(f, "way", "%s", *s == ' ' ? s + 1 : s);
}

void ip_forward_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	if (!leaves && p->edge.ip_route.nh)
		say_next_hop(w, p, f);
}

static void say_out(struct worker *w, const struct pkt *p, bool leaves, uint8_t family, struct facts *f)
{
	char s[IP6_TEXT_MAX];
	if (!leaves) {
		struct fib_query q = query_of(w, p, family, true);
		if (family == AF_INET6 && ip6_is_link_local(&q.dst.v6))
			fact(f, "route", "none is needed: link-local");
		else
			say_lookup(w, &q, f);
		return;
	}
	if (p->drop)
		return;
	say_next_hop(w, p, f);
	if (family == AF_INET)
		fact(f, "source", "%s", ip4_text(((const struct ip4_hdr *)pkt_l3(p))->src, s));
	else
		fact(f, "source", "%s", ip6_text(&((const struct ip6_hdr *)pkt_l3(p))->src, s));
}

void ip4_output_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	say_out(w, p, leaves, AF_INET, f);
}

void ip6_output_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	say_out(w, p, leaves, AF_INET6, f);
}

static const char *whose_mtu(const struct pkt *p, const struct iface *out, uint32_t mtu)
{
	const struct fib_nh *nh = p->edge.ip_route.nh;
	if (p->flags & PKT_F_LINK_MTU)
		return "the link's";
	if (p->edge.ip_route.exc && p->edge.ip_route.exc->mtu == mtu)
		return "known of the path";
	if (nh && nh->metric[RTAX_MTU] == mtu)
		return "the route's";
	return mtu == racy_get(out->mtu) ? "the link's" : "as a router said";
}

void ip_post_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	const struct iface *out = iface_get(w, p->out_if);
	if (leaves || !out)
		return;
	uint32_t mtu = packet_mtu(w, p, out);
	fact(f, "mtu", "%u (%s), the packet has %u bytes%s", mtu, whose_mtu(p, out, mtu), p->len,
	     fits(p, mtu) ? "" : ": too long");
}

/* --- errors --- */

static void say_error(const struct pkt *p, bool leaves, const char *what, struct facts *f)
{
	if (leaves)
		return;
	fact(f, "icmp", "%s, type %u code %u, is for the sender", what, p->edge.icmp_error.type,
	     p->edge.icmp_error.code);
	if (p->edge.icmp_error.info)
		fact(f, "icmp-info", "%u", p->edge.icmp_error.info);
}

/* names: of types. */
static void explain_error(const struct pkt *p, bool leaves, const char *const *names, unsigned n,
			  struct facts *f)
{
	uint8_t type = p->edge.icmp_error.type;
	const char *name = type < n ? names[type] : NULL;
	say_error(p, leaves, name ? name : "an error", f);
}

void icmp4_error_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	static const char *const names[] = {
		[ICMP4_UNREACH] = "unreachable",
		[ICMP4_REDIRECT] = "redirect",
		[ICMP4_TIME_EXCEEDED] = "time exceeded",
		[ICMP4_PARAM_PROBLEM] = "parameter problem",
	};
	explain_error(p, leaves, names, ARRAY_SIZE(names), f);
}

void icmp6_error_explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	static const char *const names[] = {
		[ICMP6_UNREACH] = "unreachable",
		[ICMP6_TOO_BIG] = "packet too big",
		[ICMP6_TIME_EXCEEDED] = "time exceeded",
		[ICMP6_PARAM_PROBLEM] = "parameter problem",
	};
	explain_error(p, leaves, names, ARRAY_SIZE(names), f);
}
