/* SPDX-License-Identifier: BSD-2-Clause */
/* What the IPv6 files of this room share. */
#ifndef LEAT_IP6_INTERNAL_H
#define LEAT_IP6_INTERNAL_H

#include "ip/ip_internal.h"
#include "net/addr.h"
#include "net/anycast.h"
#include "net/neigh.h"
#include "wire/icmp6.h"
#include "wire/ip6.h"

/* net.ipv6.auto_flowlabels, net.ipv6.flowlabel_reflect */
enum ip6_labels { IP6_LABELS_OFF, IP6_LABELS_OPT_OUT, IP6_LABELS_OPT_IN, IP6_LABELS_FORCED };
enum ip6_reflect { IP6_REFLECT_ESTABLISHED = 1, IP6_REFLECT_RESETS = 2, IP6_REFLECT_ECHO = 4 };
bool ip6_reflects_label(const struct leat_stack *st, enum ip6_reflect what);

/* The state of module ip6. */
struct ip6_state {
	struct ip_stack ip; /* first: ip6_stack() */
	struct ip6_limits limits; /* of headers of options */
	uint8_t auto_labels; /* enum ip6_labels */
	uint8_t reflect_labels; /* enum ip6_reflect */
	uint8_t label_ranges; /* those made here are of the upper half */
	struct hash groups; /* ip6_group.c */
	struct neigh_watch proxies; /* the same */
	struct addr_watch watch;
	struct anycast_watch anycasts;
	struct iface_watch ifaces;
};
static inline struct ip6_state *ip6_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_ip6);
}

/* As the settings of the stack have it. */
static inline enum drop ip6_walk_in(const struct worker *w, const struct pkt *p, enum ip6_walk_as as,
				    struct ip6_chain *ret_chain)
{
	const struct ip6_state *s = ip6_state(w->st);
	struct ip6_limits l = { racy_get(s->limits.hbh_n), racy_get(s->limits.dst_n),
				racy_get(s->limits.hbh_len), racy_get(s->limits.dst_len) };
	return ip6_walk_within(pkt_cursor(p), as, &l, ret_chain);
}

/* Per worker, of module ip6. */
struct ip6_worker {
	uint32_t next_id;
	struct ip_counts counts;
};

/* Groups whose packets are for us: the well-known ones, and the solicited-node group of each address (RFC 4291, 2.8). */
void ip6_groups_init(struct leat_stack *st);
void ip6_groups_unlink(struct leat_stack *st);
/* net.ipv6.conf.IF.forwarding has been written. */
void ip6_groups_forwarding_changed(struct leat_stack *st, const struct iface *i);
void ip6_groups_free(struct leat_stack *st);
bool ip6_hears_always(const struct worker *w, const struct ip6 *group); /* without anybody listening */

/* Is it ours, on that interface? Where an answer to `peer` goes: an address that means nothing without its link is on the one the packet
 * came by; 0: by its route. */
bool icmp6_is_local(const struct worker *w, uint32_t in_if, const struct ip6 *a);
bool icmp6_is_anycast(const struct worker *w, uint32_t in_if, const struct ip6 *a);
uint32_t icmp6_answer_if(const struct worker *w, const struct pkt *p, const struct ip6 *peer);

/* A packet of this stack's own: an IPv6 header and len bytes of ICMPv6 message, ready for ip6-output. NULL without a buffer. */
struct pkt *icmp6_new(struct lcore *lc, const struct ip6_hdr *ip, const void *msg, uint32_t len);

static inline struct ip6_hdr icmp6_ip_hdr(const struct ip6 *src, const struct ip6 *dst, uint8_t hop_limit)
{
	return (struct ip6_hdr){
		.ver_tc_flow = be32_of(6u << 28),
		.next = IP_PROTO_ICMP6,
		.hop_limit = hop_limit,
		.src = *src,
		.dst = *dst,
	};
}

static inline uint32_t ip6_packet_mtu(const struct worker *w, const struct pkt *p, const struct iface *out)
{
	return MAX(link_mtu6(out, packet_mtu(w, p, out)), (uint32_t)IP6_MIN_MTU);
}

/* A walk along the extension headers failed: the drop, or the error that RFC 8200 wants, by the caller's edge `next`. */
static inline uint8_t ip6_walk_failed(struct pkt *p, uint8_t next, const struct ip6_chain *ch, enum drop why)
{
	const struct ip6_hdr *h = pkt_l3(p);
	if (!ch->icmp_due || (ip6_is_multicast(&h->dst) && !ch->icmp_to_multicast))
		return pkt_drop(p, why);
	return ip_error(p, next, ICMP6_PARAM_PROBLEM, ch->icmp_code, ch->icmp_pointer, why);
}
static inline bool ip6_is_ext(uint8_t next)
{
	return next == IP_PROTO_HOPOPTS || next == IP_PROTO_ROUTING || next == IP_PROTO_FRAGMENT ||
	       next == IP_PROTO_DSTOPTS;
}

#endif
