/* SPDX-License-Identifier: BSD-2-Clause */
/* What ip4-output and ip6-output share: from a destination's route to the interface, the source and the edge. */
#ifndef LEAT_IP_OUTPUT_H
#define LEAT_IP_OUTPUT_H

#include "ip/ip_internal.h"
#include "net/l3.h"
#include "net/fib_hash.h"

/* To ourselves: out by the loopback interface, to come back in. */
static inline enum drop ip_to_loopback(const struct worker *w, const struct ip_stack *ip, uint32_t *out_if)
{
	uint32_t vrf = l3_handle_of(w, *out_if); /* its own loopback */
	*out_if = vrf ? vrf : racy_get(ip->lo_handle);
	return *out_if ? DROP_NONE : DROP_IP_NO_ROUTE;
}

/* Which of several ways one of our flows takes: the one it would take anyway, had it no source yet. p: NULL before there is a packet. */
const struct fib_nh *ip_flow_path(const struct worker *w, const struct fib_nh *nh, const struct fib_flow *f,
				  const struct pkt *p);

/* A VRF stands for whatever interface its routes lead through. */
static inline uint32_t ip_named_if(const struct worker *w, uint32_t oif)
{
	return unlikely(l3_is_master(w, oif)) ? 0 : oif;
}

/* To others, by the route nh (NULL: there is none). *out_if is what the sender asked for, 0 for none, and becomes where the packet
 * goes. *ret_nh NULL: the destination is on the link. */
enum drop ip_to_others(const struct fib_nh *nh, uint32_t *out_if, const struct fib_nh **ret_nh);

/* The source for a packet to dst that goes out that way. False: no address of ours will do. */
bool ip_choose_source(const struct worker *w, const struct fib_nh *nh, uint32_t out_if, uint8_t family,
		      const struct ipaddr *dst, struct ipaddr *ret);

/* The lookup of a packet that a node has: by destination and interface, and what else the rules look at. */
static inline void ip_output_query(const struct worker *w, const struct pkt *p, uint8_t family,
				   const struct ipaddr *dst, struct fib_query *q)
{
	uint32_t looks = fib_looks(w, family);
	if (likely(!looks))
		*q = (struct fib_query){ .family = family, .dst = *dst };
	else
		fib_query_of(p, family, looks, true, q);
	q->oif = p->out_if;
}

static inline struct fib_flow ip_flow_of(const struct fib_query *q)
{
	return (struct fib_flow){ .src = q->src,
				  .dst = q->dst,
				  .flow_label = q->flow,
				  .sport = q->sport,
				  .dport = q->dport,
				  .family = q->family,
				  .proto = q->proto };
}

/* What ip4_way() and ip6_way() tell once the route is known. */
enum drop ip_way_of(const struct worker *w, const struct fib_nh *nh, uint32_t out_if, uint8_t family,
		    const struct ipaddr *dst, struct ip_way *ret);

static inline const struct fib_exc *ip_output_exc(const struct worker *w, const struct pkt *p,
						  const struct fib_nh *nh, uint8_t family)
{
	return likely(!fib_exc_table(w->st)) ? NULL : ip_exc_of(w, p, nh, family);
}

/* The last of both nodes: the edge by which p leaves them. */
static inline uint8_t ip_output_done(const struct worker *w, struct pkt *p, const struct fib_nh *nh,
				     const struct fib_exc *exc, uint16_t ethertype, uint8_t proto,
				     enum hook_point hook)
{
	const struct iface *out = iface_get(w, p->out_if);
	if (!out)
		return pkt_drop(p, DROP_IF_GONE);
	p->ethertype = ethertype;
	p->ip_proto = proto;
	p->flags |= PKT_F_LOCAL_OUT;
	p->edge.ip_route.nh = nh;
	p->edge.ip_route.exc = exc;
	return racy_get(out->hooks.edge[hook]);
}

#endif
