/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes by ioctl. Linux: rtentry_to_fib_config() of net/ipv4/fib_frontend.c, rtmsg_to_fib6_config() of net/ipv6/route.c. */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>

enum { FLAG6_EXPIRES = 0x00400000 }; /* RTF_EXPIRES of <linux/ipv6_route.h>, which collides with others */
enum { METRIC6_DEFAULT = 1024, HEADERS_V4 = 40, RTT_UNITS = 8 };

static struct sockaddr_in sin_of(const struct sockaddr *a)
{
	struct sockaddr_in in;
	memcpy(&in, a, sizeof in);
	return in;
}

/* rt_dev stands behind the structure; a label behind a colon is that of the source to be preferred. */
static int read_dev(struct leat_stack *st, const struct ioctl_call *c, const struct iface **ret_i,
		    struct ipaddr *ret_src)
{
	char name[IFNAMSIZ] = "";
	size_t len = MIN(c->len_bytes - sizeof(struct rtentry), sizeof name - 1);
	*ret_i = NULL;
	memcpy(name, c->data + sizeof(struct rtentry), len);
	if (!len)
		return 0;
	struct iface *i = ioctl_iface(st, name);
	*ret_i = i;
	if (!i)
		return -ENODEV;
	if (!strchr(name, ':'))
		return 0;
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		if (a->family == AF_INET && !strcmp(a->label, name)) {
			*ret_src = a->local;
			return 0;
		}
	return -ENODEV;
}

static int read_dst(const struct rtentry *e, struct in_addr *ret_dst, uint8_t *ret_plen)
{
	struct sockaddr_in dst = sin_of(&e->rt_dst), mask = sin_of(&e->rt_genmask);
	if (dst.sin_family != AF_INET)
		return -EAFNOSUPPORT;
	*ret_dst = dst.sin_addr;
	*ret_plen = 32;
	if (e->rt_flags & RTF_HOST)
		return 0;
	if (mask.sin_family != AF_INET && (mask.sin_addr.s_addr || mask.sin_family))
		return -EAFNOSUPPORT;
	if (mask_len(mask.sin_addr) < 0 || dst.sin_addr.s_addr & ~mask.sin_addr.s_addr)
		return -EINVAL;
	*ret_plen = (uint8_t)mask_len(mask.sin_addr);
	return 0;
}

static bool is_unicast(struct leat_stack *st, struct in_addr in)
{
	struct ipaddr a = addr4_of(in);
	const struct fib_route *r = fib_lookup_ctl(st, AF_INET, &a, 0);
	return !ip4_is_group(a.v4) && !(r && (r->nh.type == RTN_LOCAL || r->nh.type == RTN_BROADCAST ||
					      r->nh.type == RTN_MULTICAST));
}

static void put_metrics(struct nl_buf *b, const struct rtentry *e)
{
	if (!(e->rt_flags & (RTF_MTU | RTF_WINDOW | RTF_IRTT)))
		return;
	size_t nest = nl_nest(b, RTA_METRICS);
	if (e->rt_flags & RTF_MTU) /* Linux: it has always been the MSS */
		nl_put_u32(b, RTAX_ADVMSS, (uint32_t)e->rt_mtu - HEADERS_V4);
	if (e->rt_flags & RTF_WINDOW)
		nl_put_u32(b, RTAX_WINDOW, (uint32_t)e->rt_window);
	if (e->rt_flags & RTF_IRTT)
		nl_put_u32(b, RTAX_RTT, (uint32_t)e->rt_irtt * RTT_UNITS);
	nl_nest_end(b, nest);
}

/* What the routes to a gateway, and those without one, are otherwise than refusing ones. */
static int put_way(struct leat_stack *st, const struct ioctl_call *c, const struct rtentry *e,
		   struct request *q, struct rtmsg *m)
{
	struct sockaddr_in gw = sin_of(&e->rt_gateway);
	struct ipaddr src = { 0 };
	const struct iface *i;
	int err = read_dev(st, c, &i, &src);
	if (err)
		return err;
	bool has_gw = gw.sin_family == AF_INET && gw.sin_addr.s_addr;
	m->rtm_type = RTN_UNICAST;
	m->rtm_scope = RT_SCOPE_NOWHERE;
	if (has_gw && e->rt_flags & RTF_GATEWAY && is_unicast(st, gw.sin_addr))
		m->rtm_scope = RT_SCOPE_UNIVERSE;
	if (c->cmd == SIOCADDRT && e->rt_flags & RTF_GATEWAY && !has_gw)
		return -EINVAL;
	if (c->cmd == SIOCADDRT && m->rtm_scope == RT_SCOPE_NOWHERE)
		m->rtm_scope = RT_SCOPE_LINK;
	if (i)
		nl_put_u32(&q->b, RTA_OIF, i->ifindex);
	if (has_gw)
		nl_put(&q->b, RTA_GATEWAY, &gw.sin_addr, sizeof gw.sin_addr);
	if (!ipaddr_is_zero(&src))
		nl_put(&q->b, RTA_PREFSRC, &src, sizeof gw.sin_addr);
	return 0;
}

static void begin(struct request *q, const struct ioctl_call *c, struct rtmsg **ret_m)
{
	bool add = c->cmd == SIOCADDRT;
	struct rtmsg *m =
		request_begin(q, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE : 0, sizeof *m);
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = add ? RTPROT_BOOT : RTPROT_UNSPEC;
	*ret_m = m;
}

int ioctl_route4(struct leat_stack *st, struct ioctl_call *c)
{
	struct request q;
	struct rtentry e;
	struct rtmsg *m;
	struct in_addr dst;
	memcpy(&e, c->data, sizeof e);
	begin(&q, c, &m);
	m->rtm_family = AF_INET;
	int err = read_dst(&e, &dst, &m->rtm_dst_len);
	if (err)
		return err;
	nl_put(&q.b, RTA_DST, &dst, sizeof dst);
	if (e.rt_metric)
		nl_put_u32(&q.b, RTA_PRIORITY, (uint32_t)e.rt_metric - 1);
	if (e.rt_flags & RTF_REJECT) {
		m->rtm_scope = RT_SCOPE_HOST;
		m->rtm_type = RTN_UNREACHABLE;
	} else {
		err = put_way(st, c, &e, &q, m);
		if (err)
			return err;
		if (c->cmd == SIOCADDRT)
			put_metrics(&q.b, &e);
	}
	c->len_bytes = 0;
	return request_run(st, &c->creds, &q);
}

int ioctl_route6(struct leat_stack *st, struct ioctl_call *c)
{
	struct request q;
	struct in6_rtmsg e;
	struct rtmsg *m;
	memcpy(&e, c->data, sizeof e);
	begin(&q, c, &m);
	if (e.rtmsg_dst_len > 128)
		return -EINVAL;
	m->rtm_family = AF_INET6;
	m->rtm_dst_len = (uint8_t)e.rtmsg_dst_len;
	m->rtm_src_len = (uint8_t)e.rtmsg_src_len;
	m->rtm_type = e.rtmsg_flags & RTF_REJECT ? RTN_UNREACHABLE : c->cmd == SIOCADDRT ? RTN_UNICAST : 0;
	nl_put(&q.b, RTA_DST, &e.rtmsg_dst, sizeof e.rtmsg_dst);
	if (e.rtmsg_flags & RTF_GATEWAY)
		nl_put(&q.b, RTA_GATEWAY, &e.rtmsg_gateway, sizeof e.rtmsg_gateway);
	if (e.rtmsg_ifindex)
		nl_put_u32(&q.b, RTA_OIF, (uint32_t)e.rtmsg_ifindex);
	nl_put_u32(&q.b, RTA_PRIORITY, e.rtmsg_metric ? e.rtmsg_metric : METRIC6_DEFAULT);
	if (e.rtmsg_flags & FLAG6_EXPIRES)
		nl_put_u32(&q.b, RTA_EXPIRES, (uint32_t)e.rtmsg_info);
	c->len_bytes = 0;
	return request_run(st, &c->creds, &q);
}
