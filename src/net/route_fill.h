/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_ROUTE_FILL_H
#define LEAT_NET_ROUTE_FILL_H

#include "net/fib.h"
#include "nlmsg/nlmsg.h"

/* One RTM_NEWROUTE or RTM_DELROUTE. 0 or -EMSGSIZE. */
int route_put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	      uint32_t portid, const struct fib_route *r);

/* RTA_METRICS, unless there are none. */
void route_put_metrics(struct nl_buf *b, const struct fib_nh *nh);

/* RTM_GETROUTE for one destination (`ip route get`). */
struct nl_req;
int route_get(struct nl_req *r);

#endif
