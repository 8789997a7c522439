/* SPDX-License-Identifier: BSD-2-Clause */
/* What ICMP says of the way to a destination, for other rooms. pmtu.c has the reasoning: whom to believe, and how much. */
#ifndef LEAT_IP_PMTU_H
#define LEAT_IP_PMTU_H

#include "ip/ip.h"

/* A router says that a packet was longer than mtu; quoted: the packet from its IP header on. DROP_NONE: that can be. Else it is
 * not to be passed on to anybody. Before pmtu_heard(), and before anybody has looked whose packet it was. */
enum drop pmtu_check(const struct leat_stack *st, uint8_t family, struct cursor quoted, uint32_t mtu);
/* The same, of a packet that the caller knows to be ours: by its ports, its sequence number, whatever strangers cannot know. mtu as
 * the message has it. q: what the packet's route was asked for with. */
void pmtu_heard(struct worker *w, const struct fib_query *q, uint32_t mtu);

/* Answers that the stack itself gives have no socket to vouch for them. The flow label of an echo reply does. */
uint32_t pmtu_answer_label(const struct leat_stack *st, const struct ip6 *src, const struct ip6 *dst,
			   uint16_t id);
/* ICMPv6 "packet too big" at l4_off, already checked: whether it is about such an answer. If so it has been heard. */
bool pmtu_answer_heard(struct worker *w, const struct pkt *p);

/* net.ipv4.ip_no_pmtu_disc */
enum pmtu_disc4 {
	PMTU_DISC_ON,
	PMTU_DISC_OFF, /* sockets start without; what is heard counts as the least there is */
	PMTU_DISC_DEAF, /* nothing is heard */
	PMTU_DISC_HARD, /* only of who can verify more than ports */
};
uint8_t pmtu_disc4(const struct leat_stack *st);

#endif
