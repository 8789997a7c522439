/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects, in and out: the better first hop for one destination. */
#ifndef LEAT_IP_REDIRECT_H
#define LEAT_IP_REDIRECT_H

#include "net/fib.h"
#include "pkt/pkt.h"

/* A redirect at l4_off (icmp4-input has checked its sum), about a packet of ours as the caller knows: q is what its route was
 * asked for with. What the redirect is dropped as. */
enum drop redirect4_heard(struct worker *w, const struct pkt *p, const struct fib_query *q);

#endif
