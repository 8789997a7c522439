/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef LEAT_IP_INTERNAL_H
#define LEAT_IP_INTERNAL_H

#include <sys/socket.h>

#include "ip/ip.h"
#include "net/fib_exc.h"
#include "pkt/gso.h"

/* One per family: the first member of the state of modules ip4 and ip6.
 * Read: any worker, per packet.   Write: control lcore (racy_set, or workers between turns). */
struct ip_stack {
	uint8_t forwarding; /* IPv4: what all interfaces were told last; IPv6: whether any forwards */
	uint8_t hops; /* IPv4: of our packets, where nothing else is said */
	uint8_t no_pmtu_disc; /* IPv4: enum pmtu_disc4 */
	uint8_t forward_use_pmtu; /* IPv4 */
	uint32_t lo_handle; /* the loopback interface; 0: none yet */
	struct iface_watch watch; /* finds it */
	const char *local_node; /* whose edges proto_edge[] are */
	uint8_t proto_edge[256]; /* to the tap while there is one, else to who takes the protocol */
	const char *proto_node[256];
	/* The tap: who looks at packets of some protocols first (ip.h). */
	const char *tap_node[256]; /* NULL: none */
	uint8_t rest_edge[256]; /* the tap's, to who takes the protocol; 0: nobody */
};

int ip_stack_init(struct leat_stack *st, struct ip_stack *ip, const char *local_node);
void ip_stack_unlink(struct leat_stack *st, struct ip_stack *ip);
/* What follows from these knobs, of module ip4 and ip6. */
void ip_all_forwarding_changed(struct leat_stack *st, struct iface *i, const struct knob *k);
/* ra.c: the host that was may not be one any more; default routers are not for routers (Linux). */
void ra_became_router(struct leat_stack *st, const struct iface *i);
void ip_iface_forwarding_changed(struct leat_stack *st, struct iface *i, const struct knob *k);

static inline struct ip_stack *ip4_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_ip4);
}

static inline struct ip_stack *ip6_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_ip6);
}

/* Per worker, of module ip4. */
struct ip4_worker {
	uint16_t next_id;
};

/* Who takes which type of ICMP or ICMPv6: the edges and names of up to two nodes, of which the later one counts. */
struct icmp_types {
	uint8_t edge[256]; /* of the one that counts; 0: none */
	const char *node[256][2];
};
int icmp_type_add(struct leat_stack *st, struct icmp_types *t, const char *input, uint8_t type,
		  const char *node);
void icmp_type_remove(struct leat_stack *st, struct icmp_types *t, const char *input, uint8_t type,
		      const char *node);

/* RFC 4861, 6.3.4: a router may say that the link carries less. */
static inline uint32_t link_mtu6(const struct iface *out, uint32_t mtu)
{
	uint32_t said = racy_get(out->mtu6);
	return unlikely(said && said < mtu) ? said : mtu;
}
static inline uint32_t route_mtu(const struct fib_nh *nh, const struct iface *out)
{
	uint32_t mtu = racy_get(out->mtu);
	return nh && nh->metric[RTAX_MTU] && nh->metric[RTAX_MTU] < mtu ? nh->metric[RTAX_MTU] : mtu;
}
/* pmtu.c: the exception for a packet of ours, or one that is forwarded, when there are any; and how long what has one may be. */
const struct fib_exc *ip_exc_of(const struct worker *w, const struct pkt *p, const struct fib_nh *nh,
				uint8_t family);
uint32_t ip_packet_mtu_otherwise(const struct worker *w, const struct pkt *p, const struct iface *out);
/* Where a redirect has it go. */
static inline struct ipaddr ip_exc_hop(const struct fib_exc *x)
{
	return x->gw_family ? x->gw : x->dst;
}
/* How long a packet on its way out may be. */
static inline uint32_t packet_mtu(const struct worker *w, const struct pkt *p, const struct iface *out)
{
	if (likely(!p->edge.ip_route.exc && !(p->flags & PKT_F_LINK_MTU)))
		return route_mtu(p->edge.ip_route.nh, out);
	return ip_packet_mtu_otherwise(w, p, out);
}
/* Time to live or hop limit of a packet of ours: the route's, else the stack's, or the interface's. */
static inline uint8_t route_hops(const struct worker *w, const struct fib_nh *nh, const struct iface *out,
				 uint8_t family)
{
	if (nh && nh->metric[RTAX_HOPLIMIT])
		return (uint8_t)nh->metric[RTAX_HOPLIMIT];
	if (family == AF_INET)
		return racy_get(ip4_stack(w->st)->hops);
	return out ? racy_get(out->conf.hop_limit6) : 64;
}
enum drop ip4_way_of(const struct worker *w, const struct fib_query *q, struct ip_way *ret);
enum drop ip6_way_of(const struct worker *w, const struct fib_query *q, struct ip_way *ret);
uint8_t ip4_hops(const struct worker *w, be32 dst);
uint8_t ip6_hops(const struct worker *w, uint32_t out_if, const struct ip6 *dst);

/* Does every segment fit? A packet that fits whole is the common case and needs no look at its kind. */
static inline bool fits(const struct pkt *p, uint32_t mtu)
{
	return likely(p->len <= mtu) || (pkt_is_gso(p) && pkt_gso_l3_len(p) <= mtu);
}

/* One file per node of each family. */
extern const struct node ip4_input_node, ip4_route_node, ip4_forward_node, ip4_post_node, ip4_local_node,
	ip4_output_node, ip4_output_whole_node, ip4_frag_node;
extern const struct node ip6_input_node, ip6_route_node, ip6_forward_node, ip6_post_node, ip6_local_node,
	ip6_output_node, ip6_output_whole_node, ip6_frag_node;

#endif
