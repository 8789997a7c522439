/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_ROUTE_FILL_H
#define LEAT_NET_ROUTE_FILL_H

#include "net/fib.h"
#include "nlmsg/nlmsg.h"

/* One RTM_NEWROUTE or RTM_DELROUTE. 0 or -EMSGSIZE. */
int route_put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	      uint32_t portid, const struct fib_route *r);
/* The same with the interface that was asked about; 0: none. */
int route_put_in(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
		 uint32_t portid, const struct fib_route *r, uint32_t iif);

/* Until it goes by itself, in hundredths of a second; 0: it does not. */
int32_t route_ticks_left(struct leat_stack *st, const struct fib_route *r);

/* route_metrics.c. RTA_METRICS, unless there are none; and reading it (nest NULL: none): 0 or -EINVAL. */
void route_put_metrics(struct nl_buf *b, const struct fib_nh *nh);
int route_read_metrics(const struct nlattr *nest, struct fib_nh *nh, struct nl_ext *ext);
extern const char *const
	route_metric_names[RTAX_MAX + 1]; /* as ip(8) has them; NULL: RTAX_CC_ALGO, which is no number */
uint32_t route_metric_bound(unsigned type, uint32_t v); /* the nearest that it may be */
bool route_cc_algo_known(const char *name);

/* RTA_PREF: RFC 4191, 2.1; what is none of these is medium. */
enum { ROUTE_PREF_MEDIUM, ROUTE_PREF_HIGH, ROUTE_PREF_LOW = 3 };

/* fib_exc_ctl.c: exceptions (net/fib_exc.h), x NULL: there is none. What they change; how the answer shows that. */
struct fib_exc;
struct nl_req;
struct nl_dump;
void route_exc_apply(struct fib_nh *nh, const struct fib_exc *x);
uint32_t route_exc_flags(const struct fib_exc *x);
struct rta_cacheinfo route_exc_cacheinfo(struct leat_stack *st, const struct fib_exc *x);
/* `ip route show cache`: all of a family (AF_UNSPEC: both), through an interface (0: any). */
int route_exc_dump(struct nl_req *r, struct nl_dump *d, uint8_t family, uint32_t oif_handle);
int route_exc_delete(struct leat_stack *st, const struct fib_route *r); /* 0 or -ESRCH */

/* RTM_GETROUTE for one destination (`ip route get`). */
struct nl_req;
int route_get(struct nl_req *r);

/* RTA_GATEWAY, or RTA_VIA of the other family. */
void route_put_gateway(struct nl_buf *b, uint8_t family, uint8_t gw_family, const struct ipaddr *gw);

/* What a request says of the ways of a route. */
struct nl_req;
int route_read_gateway(struct nl_ext *ext, const struct nlattr *gw, const struct nlattr *via, uint8_t family,
		       struct fib_hop *hop);
/* Room for those of RTA_MULTIPATH, NULL without it, for mem_free(); and what it says, into to->hops. */
int route_hops_new(struct nl_req *r, struct fib_hop **ret);
int route_read_hops(struct nl_req *r, struct fib_route *to, struct fib_hop *hops, bool adding);

#endif
