/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a connection: its source address, MTU and hop limit, asked once when it begins (and again when ICMP says that the MTU
 * is another one). Packets look up their route themselves, in ip4-output and ip6-output. */
#include <linux/rtnetlink.h>

#include "net/fib.h"
#include "net/neigh.h"
#include "tcp/tcp_internal.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

static struct ipaddr ipaddr_of(const struct ip6 *a)
{
	return l4_is4(a) ? (struct ipaddr){ .v4 = l4_v4(a) } : (struct ipaddr){ .v6 = *a };
}

static int errno_of(enum drop why)
{
	switch (why) {
	case DROP_IP_NO_ROUTE:
		return -ENETUNREACH;
	case DROP_IP_BLACKHOLE:
		return -EINVAL;
	case DROP_IP_PROHIBIT:
		return -EACCES;
	case DROP_IF_GONE:
		return -ENODEV;
	default:
		return -EHOSTUNREACH;
	}
}

struct fib_query tcp_query(const struct tcp_key *k, const struct tcp_ip *ip)
{
	bool any = l4_is_any(&k->local);
	return (struct fib_query){ .family = tcp_is6(k) ? AF_INET6 : AF_INET,
				   .dst = ipaddr_of(&k->remote),
				   .src = any ? (struct ipaddr){ .v6 = { { 0 } } } : ipaddr_of(&k->local),
				   .oif = ip->out_if,
				   .mark = ip->mark,
				   .uid = ip->uid,
				   .proto = IPPROTO_TCP,
				   .dsfield = ip->tos,
				   .sport = k->lport,
				   .dport = k->rport };
}

/* RTAX_CC_ALGO; one that was a name when the route was made. */
static uint8_t cc_of(const struct fib_nh *nh)
{
	const struct cc_ops *ops = nh && nh->cc_algo[0] ? cc_find(nh->cc_algo) : NULL;
	bool locked = ops && nh->metric[RTAX_LOCK] & 1u << RTAX_CC_ALGO;
	return ops ? (uint8_t)(cc_number(ops) + 1) | (locked ? TCP_CC_LOCKED : 0) : 0;
}

int tcp_path_find(struct worker *w, const struct tcp_key *k, const struct tcp_ip *ip, struct tcp_path *ret)
{
	struct ip_way way;
	const struct fib_query q = tcp_query(k, ip);
	enum drop why = ip_way(w, &q, &way);
	if (why)
		return errno_of(why);
	if (way.type == RTN_BROADCAST || way.type == RTN_MULTICAST)
		return -ENETUNREACH; /* RFC 9293, 3.9.2.3: connections have two ends */
	if (l4_is_any(&k->local) && !way.has_src)
		return tcp_is6(k) ? -EADDRNOTAVAIL : -ENETUNREACH;
	*ret = (struct tcp_path){
		.src = k->local, .mtu = way.mtu, .out_if = way.out_if, .hops = way.hops, .type = way.type
	};
	ret->cc = cc_of(way.nh);
	if (way.nh)
		tcp_read_metrics(way.nh, &ret->metrics);
	ret->ecn = way.nh && way.nh->metric[RTAX_FEATURES] & RTAX_FEATURE_ECN;
	ret->no_cookie = way.nh && way.nh->metric[RTAX_FASTOPEN_NO_COOKIE];
	if (l4_is_any(&k->local))
		ret->src = tcp_is6(k) ? way.src.v6 : l4_of4(way.src.v4);
	return 0;
}

/* RFC 9293, 3.7.1: options are not counted. */
uint16_t tcp_mss_of_mtu(const struct tcp_key *k, uint32_t mtu)
{
	uint32_t hdr = (uint32_t)(tcp_is6(k) ? sizeof(struct ip6_hdr) : sizeof(struct ip4_hdr)) +
		       (uint32_t)sizeof(struct tcp_hdr);
	mtu = MIN(mtu, (uint32_t)UINT16_MAX);
	return (uint16_t)MAX(mtu > hdr ? mtu - hdr : 0, (uint32_t)TCP_MSS_MIN);
}

static struct tcp_ip ip_of(const struct tcp_conn *c)
{
	return (struct tcp_ip){ .out_if = c->h.out_if, .mark = c->mark, .uid = c->uid, .tos = c->tos };
}

void tcp_heed(struct l4_end *e)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	const struct l4_opts *o = e->opt;
	struct tcp_path path;
	if (!c || c->h.state == TCP_CLOSE)
		return;
	bool is6 = tcp_is6(&c->h.key);
	int hops = is6 ? o->hops : o->ttl;
	c->tos = (uint8_t)((is6 ? o->tclass : o->tos) | (c->tos & 3));
	c->mark = o->mark;
	c->df = is6 || o->pmtudisc4 != IP_PMTUDISC_DONT;
	const struct tcp_ip ip = ip_of(c);
	if (hops >= 0)
		c->ttl = (uint8_t)hops;
	else if (!tcp_path_find(c->w, &c->h.key, &ip, &path))
		c->ttl = path.hops;
}

/* Its peer has heard of us: the next hop there is alive (RFC 4861, 7.3.1). */
void tcp_confirm(struct tcp_conn *c)
{
	const struct tcp_ip ip = ip_of(c);
	const struct fib_query q = tcp_query(&c->h.key, &ip);
	const struct fib_nh *nh = fib_lookup(c->w, &q);
	if (nh && nh->type == RTN_UNICAST)
		neigh_confirm(c->w, nh->if_handle, nh->gw_family ? nh->gw_family : q.family,
			      nh->gw_family ? &nh->gw : &q.dst);
}
