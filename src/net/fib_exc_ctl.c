/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions as netlink shows them: entries of a cache (RTM_F_CLONED), as `ip route show cache` and `ip route get` ask for; and, for
 * IPv6, deletes them. IPv4's are flushed by a setting. */
#include <netinet/in.h>

#include "net/ctl_util.h"
#include "net/fib_exc.h"
#include "net/route_fill.h"

enum { CACHE_REDIRECTED = 0x00040000 }; /* RTCF_REDIRECTED of <linux/in_route.h> */

uint32_t route_exc_flags(const struct fib_exc *x)
{
	uint32_t redirected = x && x->redirected && x->family == AF_INET ? CACHE_REDIRECTED : 0;
	return x ? RTM_F_CLONED | redirected : 0;
}

struct rta_cacheinfo route_exc_cacheinfo(struct leat_stack *st, const struct fib_exc *x)
{
	struct rta_cacheinfo ci = { 0 };
	if (!x)
		return ci;
	uint64_t until_us = x->mtu ? x->mtu_until_us : x->gw_until_us, now_us = st->rt->ctl->now_us;
	ci.rta_expires = (int32_t)ticks_of_us(until_us > now_us ? until_us - now_us : 0);
	return ci;
}

void route_exc_apply(struct fib_nh *nh, const struct fib_exc *x)
{
	uint32_t mtu = nh->metric[RTAX_MTU];
	if (x && x->redirected) {
		nh->gw_family = x->gw_family;
		nh->gw = x->gw;
	}
	if (!x || !x->mtu)
		return;
	nh->metric[RTAX_MTU] = mtu ? MIN(mtu, x->mtu) : x->mtu;
	nh->metric[RTAX_LOCK] |= x->mtu_locked ? 1u << RTAX_MTU : 0;
}

/* rt_fill_info(), rt6_fill_node(). */
static int put_one(struct nl_req *r, const struct fib_exc *x)
{
	struct nl_buf *b = r->reply;
	struct fib_nh nh = { .gw_family = x->via.gw_family, .gw = x->via.gw };
	const struct rta_cacheinfo ci = route_exc_cacheinfo(r->st, x);
	struct rtmsg *m = nl_begin(b, RTM_NEWROUTE, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, sizeof *m);
	route_exc_apply(&nh, x);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = x->family,
			.rtm_dst_len = (uint8_t)(addr_len(x->family) * 8),
			.rtm_table = RT_TABLE_MAIN,
			.rtm_protocol =
				x->family == AF_INET6 && x->redirected ? RTPROT_REDIRECT : RTPROT_UNSPEC,
			.rtm_type = RTN_UNICAST,
			.rtm_flags = route_exc_flags(x),
		};
	put_addr(b, RTA_DST, x->family, &x->dst);
	nl_put_u32(b, RTA_TABLE, RT_TABLE_MAIN);
	nl_put_u32(b, RTA_OIF, ifindex_of(r->st, x->via.if_handle));
	route_put_gateway(b, x->family, nh.gw_family, &nh.gw);
	route_put_metrics(b, &nh);
	nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
	return nl_end(b);
}

int route_exc_dump(struct nl_req *r, struct nl_dump *d, uint8_t family, uint32_t oif_handle)
{
	const struct fib_exc *x;
	uint8_t all[] = { AF_INET, AF_INET6 };
	if (!fib_exc_state(r->st))
		return 0;
	for (; d->key[0] < ARRAY_SIZE(all); d->key[0]++, d->key[1] = 0) {
		uint8_t of = all[d->key[0]];
		if (family != AF_UNSPEC && family != of)
			continue;
		for (; (x = fib_exc_next(r->st, of, d->key[1])); d->key[1] = x->serial)
			if ((!oif_handle || x->via.if_handle == oif_handle) && put_one(r, x))
				return 1;
	}
	return 0;
}

int route_exc_delete(struct leat_stack *st, const struct fib_route *r)
{
	const struct fib_exc *x = NULL;
	while (fib_exc_state(st) && (x = fib_exc_next(st, r->family, x ? x->serial : 0))) {
		if (!ipaddr_eq(&x->dst, &r->dst))
			continue;
		fib_exc_forget(st, r->family, &r->dst, r->plen);
		return 0;
	}
	return -ESRCH;
}
