/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes: /proc/net/route, ipv6_route, rt6_stats, rt_cache. They are in the order of their tables here; each record's place is the
 * route before it, by value, as with dumps. */
#include <linux/ipv6_route.h>

#include "compat/file_net.h"

enum { WIDTH = 127, HEADERS_V4 = 40, RTT_UNITS = 8 };
enum { RT_UP = 1, RT_GATEWAY = 2, RT_HOST = 4, RT_REJECT = 0x200 }; /* RTF_* of <linux/route.h> */

static bool next(struct leat_stack *st, struct file_pos *pos, uint8_t family)
{
	struct fib_route r;
	if (!fib_next(st, pos->route.family ? &pos->route : NULL, family, &r))
		return false;
	pos->route = r;
	return true;
}

static uint32_t raw32(const struct ipaddr *a) /* Linux prints them as the host reads them */
{
	uint32_t v;
	memcpy(&v, a->b, sizeof v);
	return v;
}

static const struct iface *first_iface(struct leat_stack *st, const struct fib_route *r)
{
	return iface_by_handle(st, r->n_hops ? r->hops[0].if_handle : r->nh.if_handle);
}

static bool first_gateway(const struct fib_route *r, struct ipaddr *ret)
{
	uint8_t family = r->n_hops ? r->hops[0].gw_family : r->nh.gw_family;
	*ret = family == r->family ? (r->n_hops ? r->hops[0].gw : r->nh.gw) : (struct ipaddr){ 0 };
	return family == r->family;
}

/* Linux: fib_route_seq_show() and fib_flag_trans(). */
static void put_route4(struct leat_stack *st, const struct fib_route *r, struct text *t)
{
	const struct iface *i = first_iface(st, r);
	const uint32_t *m = r->nh.metric;
	struct ipaddr gw, all, mask;
	bool has_gw = first_gateway(r, &gw);
	bool reject = r->nh.type == RTN_UNREACHABLE || r->nh.type == RTN_PROHIBIT;
	size_t at = t->len;
	memset(&all, 0xff, sizeof all);
	mask = ipaddr_prefix(&all, r->plen);
	text_add(t, "%s\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X\t%u\t%u\t%u", i ? i->name : "*", raw32(&r->dst),
		 raw32(&gw),
		 RT_UP | (has_gw ? RT_GATEWAY : 0) | (r->plen == 32 ? RT_HOST : 0) | (reject ? RT_REJECT : 0),
		 r->metric, raw32(&mask), m[RTAX_ADVMSS] ? m[RTAX_ADVMSS] + HEADERS_V4 : 0, m[RTAX_WINDOW],
		 m[RTAX_RTT] / RTT_UNITS);
	text_pad(t, at, WIDTH);
	text_add(t, "\n");
}

/* Those of the main table. */
int net_route(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	if (file_is_first(pos)) {
		text_add(t, "%-127s\n",
			 "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU"
			 "\tWindow\tIRTT");
		return 1;
	}
	if (!next(st, pos, AF_INET))
		return 0;
	uint8_t type = pos->route.nh.type;
	if (pos->route.table == RT_TABLE_MAIN && type != RTN_BROADCAST && type != RTN_MULTICAST)
		put_route4(st, &pos->route, t);
	return 1;
}

int net_rt_cache(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	text_add(t, "%-127s\n",
		 "Iface\tDestination\tGateway \tFlags\t\tRefCnt\tUse\tMetric\tSource\t\tMTU\tWindow"
		 "\tIRTT\tTOS\tHHRef\tHHUptod\tSpecDst");
	return 0;
}

/* --- IPv6 --- */

static void put_hex6(struct text *t, const struct ipaddr *a)
{
	for (unsigned k = 0; k < sizeof a->b; k++)
		text_add(t, "%02x", a->b[k]);
}

/* Linux keeps flags with its routes; here they follow from what the route is. */
static uint32_t flags6(const struct fib_route *r, bool has_gw)
{
	uint32_t f = RT_UP | (has_gw ? RT_GATEWAY : 0);
	if (r->nh.type == RTN_LOCAL)
		f |= (uint32_t)RTF_LOCAL | RTF_NONEXTHOP;
	if (r->nh.type == RTN_ANYCAST)
		f |= RTF_ANYCAST | RTF_NONEXTHOP;
	if (r->nh.type == RTN_UNREACHABLE || r->nh.type == RTN_PROHIBIT || r->nh.type == RTN_BLACKHOLE ||
	    r->nh.type == RTN_THROW)
		f |= RT_REJECT | RTF_NONEXTHOP;
	if (r->protocol == RTPROT_RA)
		f |= RTF_ADDRCONF | (r->plen ? 0 : RTF_DEFAULT);
	if (r->until_us)
		f |= RTF_EXPIRES;
	return f;
}

static void put_route6(struct leat_stack *st, const struct fib_route *r, struct text *t)
{
	static const struct ipaddr none;
	const struct iface *i = first_iface(st, r);
	struct ipaddr gw;
	bool has_gw = first_gateway(r, &gw);
	uint32_t flags = flags6(r, has_gw);
	put_hex6(t, &r->dst);
	text_add(t, " %02x ", r->plen);
	put_hex6(t, &none);
	text_add(t, " 00 ");
	put_hex6(t, &gw);
	text_add(t, " %08x %08x %08x %08x %8s\n", r->metric, 1, 0, flags,
		 i                   ? i->name
		 : flags & RT_REJECT ? "lo"
				     : "");
}

int net_ipv6_route(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	if (!next(st, pos, AF_INET6))
		return 0;
	put_route6(st, &pos->route, t);
	return 1;
}

/* Nodes and routes are one here; nothing is cached. */
int net_rt6_stats(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	unsigned n = (unsigned)fib_count(st, AF_INET6);
	text_add(t, "%04x %04x %04x %04x %04x %04x %04x\n", n, n, n, n, 0, 0, 0);
	return 0;
}
