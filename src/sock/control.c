/* SPDX-License-Identifier: BSD-2-Clause */
/* Control messages: what a datagram's IP headers said, for those who asked for it; and what one datagram is to have otherwise than
 * its socket says. RFC 3542, 6 and ip(7), with Linux's order and lengths. */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/time.h>

#include "ip/ip.h"
#include "net/addr.h"
#include "net/anycast.h"
#include "net/iface.h"
#include "net/l3.h"
#include "sock/ext.h"

/* --- out of the stack --- */

/* Linux: what does not fit is cut, and the flag says so. */
void sock_put_control(struct sock_msg *m, size_t *at, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->control + *at);
	size_t room = m->control ? m->control_len - *at : 0;
	if (room < sizeof *c) {
		m->flags |= MSG_CTRUNC;
		return;
	}
	if (room < CMSG_LEN(len)) {
		m->flags |= MSG_CTRUNC;
		len = room - CMSG_LEN(0);
	}
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type };
	memcpy(CMSG_DATA(c), data, len);
	*at += MIN(room, CMSG_SPACE(len));
}

static void put_int(struct sock_msg *m, size_t *at, int level, int type, int n)
{
	sock_put_control(m, at, level, type, &n, sizeof n);
}

static void put_stamp(const struct sock *s, uint64_t at_ns, struct sock_msg *m, size_t *at)
{
	const struct timeval tv = { .tv_sec = (time_t)(at_ns / 1000000000),
				    .tv_usec = (suseconds_t)(at_ns % 1000000000 / 1000) };
	const struct timespec ts = { .tv_sec = (time_t)(at_ns / 1000000000),
				     .tv_nsec = (long)(at_ns % 1000000000) };
	switch ((enum l4_stamp)s->end.opt->stamp) {
	case L4_STAMP_NONE:
		return;
	case L4_STAMP_US:
		return sock_put_control(m, at, SOL_SOCKET, SO_TIMESTAMP_OLD, &tv, sizeof tv);
	case L4_STAMP_NS:
		return sock_put_control(m, at, SOL_SOCKET, SO_TIMESTAMPNS_OLD, &ts, sizeof ts);
	case L4_STAMP_US_NEW:
		return sock_put_control(m, at, SOL_SOCKET, SO_TIMESTAMP_NEW, &tv, sizeof tv);
	case L4_STAMP_NS_NEW:
		return sock_put_control(m, at, SOL_SOCKET, SO_TIMESTAMPNS_NEW, &ts, sizeof ts);
	}
}

/* Linux: SO_TIMESTAMP tells the time of reading of what came before anybody asked; SO_TIMESTAMPING nothing. */
void sock_put_times(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at)
{
	const uint32_t both = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	struct leat_runtime *rt = s->end.st->rt;
	uint64_t came_ns = p->edge.l4_wait.at_ns;
	if (likely(!s->end.opt->stamp && !s->end.opt->stamping))
		return;
	put_stamp(s, came_ns ? came_ns : rt->ops->wall_ns(rt), m, at);
	if ((s->end.opt->stamping & both) != both || !came_ns)
		return;
	const struct scm_timestamping when = { .ts[0] = { .tv_sec = (time_t)(came_ns / 1000000000),
							  .tv_nsec = (long)(came_ns % 1000000000) } };
	sock_put_control(m, at, SOL_SOCKET,
			 s->end.opt->stamping_new ? SO_TIMESTAMPING_NEW : SO_TIMESTAMPING_OLD, &when,
			 sizeof when);
}

/* In Linux's order. */
void sock_put_reading(const struct sock *s, const struct l4_reading *r, struct sock_msg *m, size_t *at)
{
	uint32_t drops = r->p->edge.l4_wait.drops;
	sock_put_times(s, r->p, m, at);
	if (s->end.opt->tell_drops && drops)
		sock_put_control(m, at, SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof drops);
	if (r->segment)
		put_int(m, at, SOL_UDP, UDP_GRO, (int)r->segment);
}

static int ifindex_of(const struct sock *s, const struct pkt *p)
{
	const struct iface *i = iface_by_handle(s->end.st, p->in_if);
	return i ? (int)i->ifindex : 0;
}

/* The address of ours that an answer would come from: of groups and broadcasts another one than the packet's destination. */
static be32 own_address(const struct sock *s, const struct pkt *p, const struct ip4_hdr *h)
{
	struct ipaddr a = { .v4 = h->dst };
	struct ip_way way;
	uint32_t vrf = l3_handle_of(s->end.home, p->in_if);
	if (addr_find_in(s->end.home, vrf, AF_INET, &a) || ip4_is_loopback(h->dst) ||
	    ip4_way(s->end.home, vrf, h->src, &way) || !way.has_src)
		return h->dst;
	return way.src.v4;
}

static void put_info4(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at)
{
	const struct ip4_hdr *h = pkt_l3(p);
	struct in_pktinfo info = { .ipi_ifindex = ifindex_of(s, p) };
	be32 own = p == l4_peek(&s->end) ? own_address(s, p, h) : be32_of(0); /* Linux: not of errors */
	memcpy(&info.ipi_spec_dst, &own, sizeof own);
	memcpy(&info.ipi_addr, &h->dst, sizeof h->dst);
	sock_put_control(m, at, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void put_options4(struct sock_msg *m, size_t *at, const struct ip4_hdr *h)
{
	unsigned len = ip4_hdr_len(h) - (unsigned)sizeof *h;
	if (len)
		sock_put_control(m, at, IPPROTO_IP, IP_RECVOPTS, h + 1, len);
}

/* Linux: what cannot be answered is as if it had no room. */
static void put_answer4(const struct sock *s, struct sock_msg *m, size_t *at, const struct ip4_hdr *h)
{
	uint8_t b[IP4_OPTIONS_MAX];
	int len = ip4_own_options_answer(s->end.home, h, b);
	if (ip4_hdr_len(h) == sizeof *h)
		return;
	if (len < 0)
		m->flags |= MSG_CTRUNC;
	else
		sock_put_control(m, at, IPPROTO_IP, IP_RETOPTS, b, (size_t)len);
}

static void controls4(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at)
{
	const struct ip4_hdr *h = pkt_l3(p);
	if (s->end.opt->recvinfo4)
		put_info4(s, p, m, at);
	if (s->end.opt->recvttl)
		put_int(m, at, IPPROTO_IP, IP_TTL, h->ttl);
	if (s->end.opt->recvtos)
		sock_put_control(m, at, IPPROTO_IP, IP_TOS, &h->tos, sizeof h->tos);
	if (s->end.opt->recvopts)
		put_options4(m, at, h);
	if (s->end.opt->retopts)
		put_answer4(s, m, at, h);
}

static void put_info6(const struct sock *s, const struct pkt *p, bool is6, struct sock_msg *m, size_t *at)
{
	const struct ip6_hdr *h = pkt_l3(p);
	struct in6_pktinfo info = { .ipi6_ifindex = (unsigned)ifindex_of(s, p) };
	struct ip6 dst = is6 ? h->dst : l4_of4(((const struct ip4_hdr *)pkt_l3(p))->dst);
	memcpy(&info.ipi6_addr, &dst, sizeof dst);
	sock_put_control(m, at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static void controls6(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at)
{
	const struct ip6_hdr *h = pkt_l3(p);
	if (s->end.opt->recvhops)
		put_int(m, at, IPPROTO_IPV6, IPV6_HOPLIMIT, h->hop_limit);
	if (s->end.opt->recvtclass)
		put_int(m, at, IPPROTO_IPV6, IPV6_TCLASS, ip6_traffic_class(h));
	sock_ext_put(s, p, m, at);
}

void sock_put_controls(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at)
{
	const uint8_t *l3 = pkt_l3(p);
	bool is6 = *l3 >> 4 == 6;
	if (s->end.family == AF_INET6 && s->end.opt->recvinfo6)
		put_info6(s, p, is6, m, at);
	if (is6)
		controls6(s, p, m, at);
	else
		controls4(s, p, m, at);
}

/* --- into the stack --- */

/* Linux: int or, where said, a single byte. */
static int number(const struct cmsghdr *c, bool or_byte, int min, int max, int16_t *ret)
{
	int n;
	if (c->cmsg_len == CMSG_LEN(sizeof n))
		memcpy(&n, CMSG_DATA(c), sizeof n);
	else if (or_byte && c->cmsg_len == CMSG_LEN(1))
		n = *(const uint8_t *)CMSG_DATA(c);
	else
		return -EINVAL;
	if (n < min || n > max)
		return -EINVAL;
	*ret = (int16_t)n;
	return 0;
}

static int take_if(struct sock *s, int ifindex, struct l4_with *ret)
{
	if (!ifindex)
		return 0;
	const struct iface *i = ifindex > 0 ? iface_by_index(s->end.st, (uint32_t)ifindex) : NULL;
	if (!i)
		return -ENODEV;
	if (s->end.opt->bound_if && s->end.opt->bound_if != i->handle)
		return -EINVAL;
	ret->out_if = i->handle;
	return 0;
}

static int take_source(struct l4_with *ret, const struct ip6 *a)
{
	ret->has_src = !l4_is_any(a);
	ret->src = *a;
	return 0;
}

static bool is_ours(const struct sock *s, uint8_t family, const struct ipaddr *a)
{
	return addr_find(s->end.home, family, a) || (family == AF_INET && ip4_is_loopback(a->v4));
}

/* Linux: an anycast address, too, which nothing can be bound to: that of its link, if it is link-local. */
static bool is_source6(const struct sock *s, const struct l4_with *with, const struct ipaddr *a)
{
	uint32_t link = with->out_if ? with->out_if : s->end.opt->bound_if;
	return is_ours(s, AF_INET6, a) ||
	       anycast_find(s->end.home, ip6_is_link_local(&a->v6) ? link : 0, &a->v6);
}

static int take_info4(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	struct in_pktinfo info;
	struct ipaddr a = { 0 };
	if (c->cmsg_len != CMSG_LEN(sizeof info))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(c), sizeof info);
	memcpy(&a.v4, &info.ipi_spec_dst, sizeof a.v4);
	if (be32_get(a.v4) && !is_ours(s, AF_INET, &a))
		return -ENETUNREACH;
	int err = take_if(s, info.ipi_ifindex, ret);
	struct ip6 src = l4_of4(a.v4);
	return err ? err : take_source(ret, &src);
}

static int take_info6(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	struct in6_pktinfo info;
	struct ipaddr a = { 0 };
	if (c->cmsg_len < CMSG_LEN(sizeof info))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(c), sizeof info);
	memcpy(&a.v6, &info.ipi6_addr, sizeof a.v6);
	int err = take_if(s, (int)info.ipi6_ifindex, ret);
	if (err)
		return err;
	if (ip6_is_link_local(&a.v6) && !info.ipi6_ifindex && !s->end.opt->bound_if)
		return -EINVAL;
	return ip6_is_zero(&a.v6) || is_source6(s, ret, &a) ? take_source(ret, &a.v6) : -EINVAL;
}

/* Linux: what is too long is cut, not refused. */
static int take_options4(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	size_t len = c->cmsg_len - CMSG_LEN(0);
	ret->has_options = true;
	return ip4_own_options_take(CMSG_DATA(c), MIN(len, (size_t)IP4_OPTIONS_MAX), s->end.net_raw,
				    &ret->options);
}

static int take4(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	switch (c->cmsg_type) {
	case IP_PKTINFO:
		return take_info4(s, c, ret);
	case IP_RETOPTS:
		return take_options4(s, c, ret);
	case IP_TTL:
		return number(c, false, 1, 255, &ret->hops);
	case IP_TOS:
		return number(c, true, 0, 255, &ret->tos);
	default:
		return -EINVAL;
	}
}

static int take6(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	switch (c->cmsg_type) {
	case IPV6_PKTINFO:
		return take_info6(s, c, ret);
	case IPV6_HOPLIMIT:
		return number(c, false, -1, 255, &ret->hops);
	case IPV6_TCLASS:
		return number(c, false, -1, 255, &ret->tos);
	case IPV6_HOPOPTS:
	case IPV6_RTHDRDSTOPTS:
	case IPV6_RTHDR:
	case IPV6_DSTOPTS:
		return sock_ext_take(s, c, ret);
	case IPV6_DONTFRAG: /* RFC 3542, 11.2 */
		return number(c, false, 0, 1, &ret->dontfrag6);
	default:
		return -EINVAL;
	}
}

/* Linux: whether one may is asked before what it says. */
static int take_mark(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	if (!s->end.net_admin && !s->end.net_raw)
		return -EPERM;
	if (c->cmsg_len != CMSG_LEN(sizeof ret->mark))
		return -EINVAL;
	memcpy(&ret->mark, CMSG_DATA(c), sizeof ret->mark);
	ret->has_mark = true;
	return 0;
}

static int take_udp(const struct cmsghdr *c, struct l4_with *ret)
{
	if (c->cmsg_type != UDP_SEGMENT || c->cmsg_len != CMSG_LEN(sizeof ret->segment))
		return -EINVAL;
	memcpy(&ret->segment, CMSG_DATA(c), sizeof ret->segment);
	ret->has_segment = true;
	return 0;
}

/* Rights and credentials are for other families and do no harm; what has another level is let pass. */
static int take_one(struct sock *s, const struct cmsghdr *c, int level, struct l4_with *ret)
{
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK)
		return take_mark(s, c, ret);
	if (c->cmsg_level == SOL_SOCKET)
		return c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS ? 0 : -EINVAL;
	if (c->cmsg_level == SOL_UDP && l4_is_udp(&s->end))
		return take_udp(c, ret);
	if (c->cmsg_level != level)
		return 0;
	return level == IPPROTO_IP ? take4(s, c, ret) : take6(s, c, ret);
}

int sock_take_controls(struct sock *s, const struct sock_msg *m, bool is6, struct l4_with *ret)
{
	const char *at = m->control;
	size_t left = at ? m->control_len : 0;
	*ret = (struct l4_with){ .hops = -1, .tos = -1, .dontfrag6 = -1 };
	while (left >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const struct cmsghdr *)at;
		if (c->cmsg_len < sizeof *c || c->cmsg_len > left)
			return -EINVAL;
		int err = take_one(s, c, is6 ? IPPROTO_IPV6 : IPPROTO_IP, ret);
		if (err)
			return err;
		size_t step = MIN(left, CMSG_ALIGN(c->cmsg_len));
		at += step;
		left -= step;
	}
	return 0;
}
