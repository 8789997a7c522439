/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 and IPv6, for other rooms. */
#ifndef LEAT_IP_IP_H
#define LEAT_IP_IP_H

#include "net/fib_exc.h"
#include "net/fib_hash.h"

/* Forwarding of a whole stack, as the knobs net.ipv4.ip_forward and net.ipv6.conf.all.forwarding set it. leat is a router
 * first, so, unlike on Linux, it starts on. As on Linux, IPv4 asks the interface a packet came in by
 * (net.ipv4.conf.IF.forwarding), IPv6 the stack. ip_set_forwarding: control lcore. */
void ip_set_forwarding(struct leat_stack *st, uint8_t family, bool on);
bool ip_forwarding(const struct leat_stack *st, uint8_t family);
/* net.ipv4.ip_default_ttl; 64 in a stack without IPv4. */
uint8_t ip4_default_ttl(const struct leat_stack *st);

/* Who takes which protocol of local delivery: packets come to `node` with data at the IP header, l4_off and ip_proto set,
 * checksums of the transport not looked at. In a module's init and unlink. 0, -EEXIST, -ENOBUFS (no room, or no memory); 0
 * without effect in a stack without that family. `node` is borrowed. */
int ip4_proto_add(struct leat_stack *st, uint8_t proto, const char *node);
void ip4_proto_remove(struct leat_stack *st, uint8_t proto);
int ip6_proto_add(struct leat_stack *st, uint8_t proto, const char *node);
void ip6_proto_remove(struct leat_stack *st, uint8_t proto);

/* A tap: `node` gets what comes for a protocol in front of who takes it, or in his place when there is nobody, in the form in
 * which he would. It sends packets on by its own edge ipX_proto_rest(); 0: nobody takes the protocol, and the tap decides
 * what becomes of the packet. One per protocol. Without one, packets pass as if there were no such thing. Control lcore, workers
 * between turns. 0, -EEXIST, -ENOBUFS. */
int ip_proto_tap(struct leat_stack *st, uint8_t family, uint8_t proto, const char *node);
void ip_proto_untap(struct leat_stack *st, uint8_t family, uint8_t proto);
uint8_t ip_proto_rest(const struct leat_stack *st, uint8_t family, uint8_t proto); /* any worker */

/* Who looks at what would be forwarded but asks routers to look (RFC 2113, RFC 2711): `node` gets it with data at the IP header, and
 * sends on what it does not take to "ip4-forward" or "ip6-forward", with the edge as it came. NULL: nobody any more. One per family.
 * Control lcore, workers between turns. 0, -ENOBUFS. */
int ip_alert_set(struct leat_stack *st, uint8_t family, const char *node);

/* Who takes which type of ICMP and ICMPv6 that the module does not act on itself (echo replies), or instead of it: messages
 * come to `node` with data at the IP header and l4_off at the message, whose checksum holds. Several types may have the same
 * node. Who comes later takes a type over from who had it (-EEXIST only for a third); it is his again when the later one goes. */
int icmp4_type_add(struct leat_stack *st, uint8_t type, const char *node);
void icmp4_type_remove(struct leat_stack *st, uint8_t type, const char *node);
int icmp6_type_add(struct leat_stack *st, uint8_t type, const char *node);
void icmp6_type_remove(struct leat_stack *st, uint8_t type, const char *node);

/* How to send from here: give a packet to the node "ip4-output" or "ip6-output" with data at an IP header, of IPv4 with its
 * options, in one piece, l3_off and l4_off set, and in the header destination, protocol, time to live and traffic class.
 * A zero source is chosen there, as are length, identification and checksum. out_if, when not 0, says by which interface
 * (needed for groups, the limited broadcast and link-local destinations). A transport checksum that covers the source
 * address must already: choose it by ip_way() or ip6_source() then. For rules, ext->mark and ext->sender say who sent it, if ext is
 * there.
 *
 * "ip4-output-whole" and "ip6-output-whole" are for headers that somebody else wrote, with options and extension headers. Of those
 * only what a raw socket leaves to the stack is filled in: IPv4's source and identification where they are zero, its length and
 * checksum. */

/* The source that a packet to dst would get; out_if as above, 0: by the route. False: there is none. Worker. */
bool ip6_source(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip6 *ret);

/* The flow label of a packet of ours; 0: it gets none. flow: what else than addresses makes the flow. wanted: by whom it is from, as
 * far as he may choose. */
uint32_t ip6_auto_label(const struct leat_stack *st, const struct ip6 *src, const struct ip6 *dst,
			uint64_t flow, bool wanted);
bool ip6_labels_by_default(const struct leat_stack *st); /* wanted by who has said nothing */

/* Where a packet to dst would go, before it is made: a transport wants the source for its checksum, the MTU, and to say why not
 * in its own words. out_if as above. The drop ip4-output or ip6-output would name, or DROP_NONE. */
struct ip_way {
	uint32_t out_if, mtu; /* mtu: of the path, as far as known */
	uint32_t link_mtu;
	struct fib_via via;
	const struct fib_nh *nh; /* the route; NULL: none was asked. Until the end of the turn */
	const struct fib_exc *exc; /* what is known of the path; NULL: nothing. Until the end of the turn */
	uint8_t hops; /* time to live, or hop limit, where the sender says nothing else */
	uint8_t type; /* RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST */
	bool mtu_locked; /* a route says so: whatever ICMP says, and fragments may be made on the way */
	bool src_by_route; /* it names src */
	bool has_src; /* false: no address of ours can be the source */
	struct ipaddr src;
};
enum drop ip_way(const struct worker *w, const struct fib_query *q, struct ip_way *ret); /* q->oif: out_if */
/* The same for a packet of which rules see nothing but the destination. */
enum drop ip4_way(const struct worker *w, uint32_t out_if, be32 dst, struct ip_way *ret);
enum drop ip6_way(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip_way *ret);

/* Fills the edge to icmp4-error or icmp6-error, which tell the sender and drop the packet as `why`; returns the caller's edge
 * `next` that leads there. data must be at the IP header. */
static inline uint8_t ip_error(struct pkt *p, uint8_t next, uint8_t type, uint8_t code, uint32_t info,
			       enum drop why)
{
	p->edge.icmp_error.type = type;
	p->edge.icmp_error.code = code;
	p->edge.icmp_error.info = info;
	p->edge.icmp_error.why = (uint8_t)why;
	return next;
}

extern const struct module ip4_module, ip6_module, icmp4_module, icmp6_module, igmp_module, mld_module,
	nd_module, reass_module, redirect_module;

#endif
