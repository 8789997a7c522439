/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of UDP share: udp.c hears, udp_output.c sends. */
#ifndef LEAT_L4_UDP_INTERNAL_H
#define LEAT_L4_UDP_INTERNAL_H

#include "l4/l4_internal.h"
#include "l4/udp.h"
#include "wire/udp.h"

/* Of one worker. Write: it, or whoever holds it between turns.   Read: any thread. */
struct udp_worker {
	uint64_t n[2][2][UDP_COUNTS]; /* UDP, UDP-Lite; IPv4, IPv6 */
};

static inline void udp_count(const struct worker *w, bool lite, bool is6, enum udp_count what, uint64_t n)
{
	struct udp_worker *uw = worker_state(w, MODULE_udp);
	racy_add(uw->n[lite][is6][what], n);
}
static inline bool udp_is_lite(const struct l4_end *e)
{
	return e->proto == IPPROTO_UDPLITE;
}

ssize_t udp_send(struct l4_end *e, const struct l4_send *s);
void udp_forget(struct l4_end *e); /* what is corked is not sent */

#endif
