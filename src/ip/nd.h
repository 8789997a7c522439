/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of neighbour discovery share. */
#ifndef LEAT_IP_ND_H
#define LEAT_IP_ND_H

#include "ip/ip6_internal.h"
#include "wire/nd.h"

struct nd_stack {
	struct list dads; /* of struct nd_dad: addresses under test */
	struct addr_watch addrs;
	struct iface_watch ifaces;
	struct leat_stack *st;
	struct nd_conf all; /* knobs: net.ipv6.conf.all.* */
	struct iface_watch announces;
	uint16_t late_node;
	uint8_t hooked[2]; /* the edges of ip6-output and ip6-post that lead to listeners */
};
static inline struct nd_stack *nd_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_nd);
}

/* nd.c; worker's lcore, outside a node's run. */
void nd_send_ns(struct worker *w, const struct iface *out, const struct ip6 *src, const struct ip6 *dst,
		const struct nd_ns_msg *m);

/* nd_advert.c: our neighbour advertisements, and whose others we hear. */
struct nd_answer {
	struct ip6 target;
	bool router, override;
	bool for_other; /* the target is no address of ours alone */
	bool optimistic; /* RFC 4429: its test is not over */
};
struct nd_asker {
	const struct ip6 *addr; /* zero: who tests an address */
	const uint8_t *mac; /* as the solicitation says; NULL: it does not */
};
enum nd_next { ND_TO_OUTPUT = 1, ND_TO_STATION }; /* edges of nodes that answer: "ip6-output", "eth-output" */
/* Answers the solicitation req by the running node's edges. */
void nd_send_answer(struct worker *w, const struct pkt *req, const struct iface *in,
		    const struct nd_asker *to, const struct nd_answer *a);
bool nd_proxies(const struct worker *w, const struct iface *in);
bool nd_accepts_untracked(const struct worker *w, const struct iface *in, const struct ip6 *sender);
/* Control lcore: an address has become ours; told to all if ndisc_notify says so. */
void nd_announce(struct leat_stack *st, const struct iface *i, const struct ip6 *a);
void nd_advert_init(struct leat_stack *st);
void nd_advert_unlink(struct leat_stack *st);
extern const struct knob nd_knobs[];

/* RFC 6980, 5: also one that makes no fragments of anything. */
static inline bool nd_has_fragment_header(const struct pkt *p)
{
	struct ip6_chain ch;
	return !ip6_walk(pkt_cursor(p), IP6_WALK_DESTINATION, &ch) && ch.fragment;
}

/* nd_dad.c */
void nd_dad_init(struct leat_stack *st);
void nd_dad_unlink(struct leat_stack *st);
void nd_dad_drain(struct leat_stack *st);
/* Worker: a message says that somebody else has, or wants, an address that we are testing. nonce: what the solicitation
 * carried, or NULL. */
void nd_dad_heard(struct worker *w, uint32_t if_handle, const struct ip6 *a, const uint8_t *nonce);

#endif
