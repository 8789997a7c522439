/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef LEAT_IP_INTERNAL_H
#define LEAT_IP_INTERNAL_H

#include <sys/socket.h>

#include "ip/ip.h"
#include "ip/ip_count.h"
#include "net/addr.h"
#include "net/fib_exc.h"
#include "pkt/gso.h"

/* A Bloom filter over the addresses of this stack: nearly every packet's source is told at once to be none of them. A number counts
 * how many addresses share a bit.
 * Read: any worker, per packet.   Write: control lcore (racy_set). */
enum { IP_OWN_BITS = 1024 };
struct ip_own {
	uint64_t bit[IP_OWN_BITS / 64];
	uint16_t n[IP_OWN_BITS];
	struct addr_watch watch;
};
static inline unsigned ip4_own_slot(be32 a)
{
	return be32_get(a) * 0x9e3779b1u >> 22;
}
static inline bool ip4_may_be_own(const struct ip_own *o, be32 a)
{
	unsigned slot = ip4_own_slot(a);
	return racy_get(o->bit[slot / 64]) >> slot % 64 & 1;
}
void ip4_own_init(struct leat_stack *st, struct ip_own *o);
void ip4_own_unlink(struct leat_stack *st, struct ip_own *o);

/* One per family: the first member of the state of modules ip4 and ip6.
 * Read: any worker, per packet.   Write: control lcore (racy_set, or workers between turns). */
struct ip_stack {
	uint8_t forwarding; /* IPv4: what all interfaces were told last; IPv6: whether any forwards */
	uint8_t hops; /* IPv4: of our packets, where nothing else is said */
	uint8_t no_pmtu_disc; /* IPv4: enum pmtu_disc4 */
	uint8_t forward_use_pmtu; /* IPv4 */
	uint32_t lo_handle; /* the loopback interface; 0: none yet */
	struct iface_watch watch; /* finds it */
	struct ip_guard_conf
		all; /* net.ipvX.conf.all.*: what counts is the more, or the less, of it and the interface's */
	struct ip_own own; /* IPv4 */
	const char *local_node; /* whose edges proto_edge[] are */
	uint8_t proto_edge[256]; /* to the tap while there is one, else to who takes the protocol */
	const char *proto_node[256];
	/* The tap: who looks at packets of some protocols first (ip.h). */
	const char *tap_node[256]; /* NULL: none */
	uint8_t rest_edge[256]; /* the tap's, to who takes the protocol; 0: nobody */
	const char *alert_node; /* ip_alert_set() */
	uint8_t alert_edge; /* of ipX-route, to it; 0: nobody */
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
	uint64_t martian_us; /* when the next may be logged */
	struct ip_counts counts;
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
uint8_t ip4_hops(const struct worker *w, uint32_t vrf, be32 dst);
uint8_t ip6_hops(const struct worker *w, uint32_t out_if, const struct ip6 *dst);

/* Does every segment fit? A packet that fits whole is the common case and needs no look at its kind. */
static inline bool fits(const struct pkt *p, uint32_t mtu)
{
	return likely(p->len <= mtu) || (pkt_is_gso(p) && pkt_gso_l3_len(p) <= mtu);
}

/* --- what may come in (ip_guard.c) --- */

/* The settings of an interface together with those of all, as Linux combines them. family: 0 IPv4, 1 IPv6. */
enum ip_guard {
	IP_GUARD_STRICT = 1 << 0, /* reverse path filter */
	IP_GUARD_LOOSE = 1 << 1,
	IP_GUARD_RPF = IP_GUARD_STRICT | IP_GUARD_LOOSE,
	IP_GUARD_ACCEPT_LOCAL = 1 << 2,
	IP_GUARD_BC_FORWARDING = 1 << 3,
	IP_GUARD_L2_MULTICAST = 1 << 4,
	IP_GUARD_SRC_MARK = 1 << 5,
};
unsigned ip_guard_of(const struct ip_stack *ip, const struct iface *in, bool is6);
/* May 127.0.0.0/8 come by this interface? */
bool ip_guard_localnet(const struct worker *w, const struct iface *in);
/* May the packet have this source? guard: of in, by which it came. DROP_NONE, DROP_IP_MARTIAN_SOURCE, DROP_IP_REVERSE_PATH. */
enum drop ip4_guard_source(const struct worker *w, const struct pkt *p, const struct iface *in,
			   unsigned guard);
enum drop ip6_guard_source(const struct worker *w, const struct pkt *p, const struct iface *in,
			   unsigned guard);
/* For people, where log_martians says so; not more often than they can read. Returns why. */
enum drop ip_martian(const struct worker *w, const struct pkt *p, const struct iface *in, uint16_t ethertype,
		     enum drop why);

/* One file per node of each family. */
extern const struct node ip4_input_node, ip4_route_node, ip4_forward_node, ip4_post_node, ip4_local_node,
	ip4_output_node, ip4_output_whole_node, ip4_frag_node;
extern const struct node ip6_input_node, ip6_route_node, ip6_forward_node, ip6_post_node, ip6_local_node,
	ip6_output_node, ip6_output_whole_node, ip6_frag_node;

#endif
