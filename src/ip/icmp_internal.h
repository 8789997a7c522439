/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ICMP and ICMPv6 files of this room share. */
#ifndef LEAT_ICMP_INTERNAL_H
#define LEAT_ICMP_INTERNAL_H

#include "ip/icmp_limit.h"
#include "ip/ip_internal.h"

/* State of module icmp4. Read: any worker.   Write: control lcore. */
struct icmp4_stack {
	struct icmp_limit_conf limit; /* first: icmp_limit_take() */
	struct icmp_types types;
	uint32_t peer_ms, mask; /* limited are the types whose bit is set */
	uint8_t ignore_all, ignore_groups, probe; /* echo */
	uint8_t inbound_source; /* of errors: an address of the interface the cause came by */
	uint8_t extension; /* of errors: ICMP_EXTEND_IFACE */
	uint8_t ignore_bogus; /* errors about what was sent to a broadcast address are taken for what they seem */
};
struct icmp4_worker {
	struct icmp_limit limit;
};
static inline struct icmp4_stack *icmp4_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_icmp4);
}

/* State of module icmp6; the same. */
struct icmp6_stack {
	struct icmp_types types;
	uint32_t peer_ms;
	uint64_t rate_mask[2]; /* types that are limited, by number */
	uint8_t ignore_all, ignore_multicast, ignore_anycast; /* echo */
	uint8_t anycast_source; /* of echo replies: the anycast address that was asked */
	uint8_t error_anycast; /* who has an anycast address is told of errors */
	uint8_t extension; /* of errors: ICMP_EXTEND_IFACE */
};
struct icmp6_worker {
	struct icmp_limit limit;
};
static inline struct icmp6_stack *icmp6_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_icmp6);
}

enum { ICMP_EXTEND_IFACE = 1 << 0 }; /* Linux: of net.ipv4.icmp_errors_extension_mask */
/* Behind an error that quotes ICMP_EXT_QUOTE_MIN bytes of `cause`: the interface that one came by (RFC 5837). False: no buffer. */
bool icmp_extend(const struct worker *w, struct pkt *e, const struct pkt *cause, uint8_t family);
/* The start of `cause` into an error: all of it up to `room`, or, where an extension is to follow, exactly ICMP_EXT_QUOTE_MIN bytes,
 * filled up with zeros. False: no buffer. */
bool icmp_quote(struct lcore *lc, struct pkt *e, const struct pkt *cause, uint32_t room, bool extended);

/* Whether that is wanted (`extension`: of the stack) and can be said: of what came by an interface that is still there. */
static inline bool icmp_is_extended(const struct worker *w, const uint8_t *extension, const struct pkt *cause)
{
	return unlikely(racy_get(*extension)) && !(cause->flags & PKT_F_LOCAL_OUT) &&
	       iface_get(w, cause->in_if);
}

static inline bool icmp_by_loopback(const struct worker *w, const struct pkt *p)
{
	const struct iface *in = iface_get(w, p->in_if);
	return in && racy_get(in->flags) & IFF_LOOPBACK;
}

/* May a message of this kind be sent to dst now? Asked once for each that would be; in answer to what came by the loopback nothing
 * is limited. */
bool icmp4_may_send(const struct worker *w, const struct pkt *cause, be32 dst, uint8_t type, uint8_t code);
bool icmp6_may_send(const struct worker *w, const struct pkt *cause, const struct ip6 *dst, uint8_t type);

/* An extended echo request (RFC 8335) whose header is h, with `body` behind it: fills the reply's code and state bits in place.
 * False: no answer is due. seq: its second two bytes, sequence number and the L bit. */
struct icmp_probe {
	uint8_t code;
	uint16_t seq;
};
bool icmp_probe(const struct worker *w, uint16_t seq, struct cursor body, struct icmp_probe *ret);

extern const struct node icmp4_error_node, icmp6_error_node;

#endif
