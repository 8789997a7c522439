/* SPDX-License-Identifier: BSD-2-Clause */
#include "rich.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addrlabel.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "net/iface.h"
#include "netlink/nl_sock.h"
#include "sock/sock.h"
#include "wire/text.h"

enum { ROOM = 1024, TABLE_RED = 10, TABLE_OTHER = 100, PRIVATE_PROTO = 253, ALERT_PROTO = 46 };

/* --- asking --- */

struct message {
	struct nl_buf b;
	uint8_t room[ROOM] __attribute__((aligned(8)));
};

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t src_portid, uint32_t group)
{
	const struct nlmsghdr *h = bytes;
	if (len >= sizeof *h + sizeof(struct nlmsgerr) && h->nlmsg_type == NLMSG_ERROR)
		*(int *)ctx = ((const struct nlmsgerr *)(h + 1))->error;
	return 0;
}
static const struct nl_sock_ops ops = { .deliver = deliver };

static void *begin(struct message *m, uint16_t type, size_t len)
{
	nl_buf_init_fixed(&m->b, m->room, sizeof m->room);
	return nl_begin(&m->b, type, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0, len);
}

/* Must be done: what is refused would be missed by nobody. */
static void ask(struct leat_stack *st, struct message *m)
{
	static const struct nl_creds root = { .pid = 1, .may_configure = true };
	struct nl_sock *s;
	int err = 1;
	fuzz_check(nl_end(&m->b) == 0 && nl_sock_new(st, NETLINK_ROUTE, &root, &ops, &err, &s) == 0);
	nl_sock_input(s, m->b.p, m->b.len_bytes);
	nl_sock_free(s);
	if (err)
		fprintf(stderr, "request of type %u: %s\n", ((struct nlmsghdr *)m->room)->nlmsg_type,
			strerror(-err));
	fuzz_check(err == 0);
}

static uint8_t put_addr(struct nl_buf *b, uint16_t type, const char *text)
{
	struct ipaddr a = { 0 };
	bool is4 = ip4_from_text(text, &a.v4);
	fuzz_check(is4 || ip6_from_text(text, &a.v6));
	nl_put(b, type, &a, is4 ? 4 : 16);
	return is4 ? AF_INET : AF_INET6;
}

static uint32_t index_of(struct leat_stack *st, const char *name)
{
	struct iface *i = iface_by_name(st, name);
	fuzz_check(i);
	return i->ifindex;
}

/* --- links --- */

static void add_vlan(struct leat_stack *st, const char *under, const char *name, uint16_t proto, uint16_t id)
{
	struct message m;
	struct ifinfomsg *h = begin(&m, RTM_NEWLINK, sizeof *h);
	h->ifi_flags = h->ifi_change = IFF_UP;
	nl_put_str(&m.b, IFLA_IFNAME, name);
	nl_put_u32(&m.b, IFLA_LINK, index_of(st, under));
	size_t info = nl_nest(&m.b, IFLA_LINKINFO);
	nl_put_str(&m.b, IFLA_INFO_KIND, "vlan");
	size_t data = nl_nest(&m.b, IFLA_INFO_DATA);
	nl_put_u16(&m.b, IFLA_VLAN_ID, id);
	nl_put_u16(&m.b, IFLA_VLAN_PROTOCOL, htons(proto));
	nl_nest_end(&m.b, data);
	nl_nest_end(&m.b, info);
	ask(st, &m);
}

static void add_vrf(struct leat_stack *st, const char *name, uint32_t table)
{
	struct message m;
	struct ifinfomsg *h = begin(&m, RTM_NEWLINK, sizeof *h);
	h->ifi_flags = h->ifi_change = IFF_UP;
	nl_put_str(&m.b, IFLA_IFNAME, name);
	size_t info = nl_nest(&m.b, IFLA_LINKINFO);
	nl_put_str(&m.b, IFLA_INFO_KIND, "vrf");
	size_t data = nl_nest(&m.b, IFLA_INFO_DATA);
	nl_put_u32(&m.b, IFLA_VRF_TABLE, table);
	nl_nest_end(&m.b, data);
	nl_nest_end(&m.b, info);
	ask(st, &m);
}

static void enslave(struct leat_stack *st, const char *name, const char *master)
{
	struct message m;
	struct ifinfomsg *h = begin(&m, RTM_NEWLINK, sizeof *h);
	h->ifi_index = (int)index_of(st, name);
	nl_put_u32(&m.b, IFLA_MASTER, index_of(st, master));
	ask(st, &m);
}

static void add_addr(struct leat_stack *st, const char *on, const char *addr, uint8_t plen)
{
	struct message m;
	struct ifaddrmsg *h = begin(&m, RTM_NEWADDR, sizeof *h);
	h->ifa_prefixlen = plen;
	h->ifa_flags = IFA_F_NODAD;
	h->ifa_index = index_of(st, on);
	uint8_t family = put_addr(&m.b, IFA_LOCAL, addr);
	h->ifa_family = family;
	put_addr(&m.b, IFA_ADDRESS, addr);
	ask(st, &m);
}

/* --- nexthop objects --- */

static void add_hop(struct leat_stack *st, uint32_t id, const char *gw, const char *dev)
{
	struct message m;
	struct nhmsg *h = begin(&m, RTM_NEWNEXTHOP, sizeof *h);
	h->nh_family = AF_INET;
	nl_put_u32(&m.b, NHA_ID, id);
	if (gw) {
		uint8_t family = put_addr(&m.b, NHA_GATEWAY, gw);
		h->nh_family = family;
		nl_put_u32(&m.b, NHA_OIF, index_of(st, dev));
	} else {
		nl_put_flag(&m.b, NHA_BLACKHOLE);
	}
	ask(st, &m);
}

static void add_group(struct leat_stack *st, uint32_t id, uint32_t first, uint16_t buckets)
{
	struct message m;
	const struct nexthop_grp g[] = { { .id = first }, { .id = first + 1, .weight = 3 } };
	begin(&m, RTM_NEWNEXTHOP, sizeof(struct nhmsg));
	nl_put_u32(&m.b, NHA_ID, id);
	nl_put(&m.b, NHA_GROUP, g, sizeof g);
	if (buckets) {
		nl_put_u16(&m.b, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
		size_t res = nl_nest(&m.b, NHA_RES_GROUP);
		nl_put_u16(&m.b, NHA_RES_GROUP_BUCKETS, buckets);
		nl_put_u32(&m.b, NHA_RES_GROUP_IDLE_TIMER, 100);
		nl_put_u32(&m.b, NHA_RES_GROUP_UNBALANCED_TIMER, 200);
		nl_nest_end(&m.b, res);
	}
	ask(st, &m);
}

/* --- routes --- */

static struct rtmsg *begin_route(struct message *m, const char *dst, uint8_t plen, uint32_t table)
{
	struct rtmsg *h = begin(m, RTM_NEWROUTE, sizeof *h);
	h->rtm_dst_len = plen;
	h->rtm_table = (uint8_t)table;
	h->rtm_protocol = RTPROT_STATIC;
	h->rtm_type = RTN_UNICAST;
	h->rtm_family = put_addr(&m->b, RTA_DST, dst);
	return h;
}

static void route_by(struct leat_stack *st, const char *dst, uint8_t plen, uint32_t object)
{
	struct message m;
	begin_route(&m, dst, plen, RT_TABLE_MAIN);
	nl_put_u32(&m.b, RTA_NH_ID, object);
	ask(st, &m);
}

static void route_via(struct leat_stack *st, const char *dst, uint8_t plen, uint32_t table, const char *gw,
		      const char *dev, uint32_t mtu)
{
	struct message m;
	begin_route(&m, dst, plen, table);
	put_addr(&m.b, RTA_GATEWAY, gw);
	nl_put_u32(&m.b, RTA_OIF, index_of(st, dev));
	if (mtu) {
		size_t metrics = nl_nest(&m.b, RTA_METRICS);
		nl_put_u32(&m.b, RTAX_LOCK, 1 << RTAX_MTU);
		nl_put_u32(&m.b, RTAX_MTU, mtu);
		nl_nest_end(&m.b, metrics);
	}
	ask(st, &m);
}

/* IPv4 by a neighbour that only IPv6 knows. */
static void route_via6(struct leat_stack *st, const char *dst, uint8_t plen, const char *gw, const char *dev)
{
	struct message m;
	struct {
		uint16_t family;
		struct ip6 a;
	} via = { .family = AF_INET6 };
	fuzz_check(ip6_from_text(gw, &via.a));
	begin_route(&m, dst, plen, RT_TABLE_MAIN);
	nl_put(&m.b, RTA_VIA, &via, sizeof via);
	nl_put_u32(&m.b, RTA_OIF, index_of(st, dev));
	ask(st, &m);
}

struct leg {
	struct rtnexthop nh;
	struct nlattr attr;
	be32 gw;
};

static struct leg leg(const char *gw, uint32_t ifindex, uint8_t weight)
{
	struct leg l = { .nh = { .rtnh_len = sizeof l,
				 .rtnh_hops = (uint8_t)(weight - 1),
				 .rtnh_ifindex = (int)ifindex },
			 .attr = { .nla_type = RTA_GATEWAY, .nla_len = sizeof l.attr + sizeof l.gw } };
	fuzz_check(ip4_from_text(gw, &l.gw));
	return l;
}

static void route_two_ways(struct leat_stack *st, const char *near, const char *far)
{
	struct message m;
	const struct leg legs[] = { leg("10.0.1.2", index_of(st, near), 1),
				    leg("10.0.2.2", index_of(st, far), 3) };
	begin_route(&m, "198.18.0.0", 15, RT_TABLE_MAIN);
	nl_put(&m.b, RTA_MULTIPATH, legs, sizeof legs);
	ask(st, &m);
}

/* --- rules, labels --- */

static struct fib_rule_hdr *begin_rule(struct message *m, uint8_t family, uint32_t priority, uint32_t table)
{
	struct fib_rule_hdr *h = begin(m, RTM_NEWRULE, sizeof *h);
	h->family = family;
	h->action = FR_ACT_TO_TBL;
	nl_put_u32(&m->b, FRA_PRIORITY, priority);
	if (table)
		nl_put_u32(&m->b, FRA_TABLE, table);
	return h;
}

static void add_rules(struct leat_stack *st, uint8_t family, const char *near)
{
	struct message m;
	const struct fib_rule_port_range ports = { 53, 100 };
	bool is4 = family == AF_INET;
	struct fib_rule_hdr *h = begin_rule(&m, family, 100, TABLE_OTHER);
	h->src_len = is4 ? 24 : 64;
	put_addr(&m.b, FRA_SRC, is4 ? "10.0.9.0" : "2001:db8:9::");
	ask(st, &m);
	h = begin_rule(&m, family, 110, TABLE_OTHER);
	h->dst_len = is4 ? 24 : 48;
	h->tos = 16;
	put_addr(&m.b, FRA_DST, is4 ? "172.16.1.0" : "2001:db8:77::");
	ask(st, &m);
	begin_rule(&m, family, 120, TABLE_OTHER);
	nl_put_u32(&m.b, FRA_FWMARK, 1);
	ask(st, &m);
	begin_rule(&m, family, 130, TABLE_OTHER);
	nl_put_u8(&m.b, FRA_IP_PROTO, IPPROTO_UDP);
	nl_put(&m.b, FRA_DPORT_RANGE, &ports, sizeof ports);
	nl_put_str(&m.b, FRA_IIFNAME, near);
	ask(st, &m);
	h = begin_rule(&m, family, 140, 0);
	h->action = FR_ACT_GOTO;
	h->dst_len = 8;
	put_addr(&m.b, FRA_DST, is4 ? "203.0.0.0" : "3f00::");
	nl_put_u32(&m.b, FRA_GOTO, 32766);
	ask(st, &m);
	begin_rule(&m, family, 150, RT_TABLE_MAIN);
	nl_put_u32(&m.b, FRA_SUPPRESS_PREFIXLEN, 0);
	ask(st, &m);
}

static void add_label(struct leat_stack *st, const char *prefix, uint8_t plen, uint32_t label)
{
	struct message m;
	struct ifaddrlblmsg *h = begin(&m, RTM_NEWADDRLABEL, sizeof *h);
	h->ifal_family = AF_INET6;
	h->ifal_prefixlen = plen;
	put_addr(&m.b, IFAL_ADDRESS, prefix);
	nl_put_u32(&m.b, IFAL_LABEL, label);
	ask(st, &m);
}

/* --- all of it --- */

void rich_addresses(struct leat_stack *st, const char *near, const char *far)
{
	add_addr(st, near, "10.0.1.1", 24);
	add_addr(st, near, "2001:db8:1::1", 64);
	add_addr(st, far, "10.0.2.1", 24);
	add_addr(st, far, "2001:db8:2::1", 64);
}

static void fill_links(struct leat_stack *st, const char *near)
{
	char outer[IFACE_NAME_MAX], plain[IFACE_NAME_MAX], inner[IFACE_NAME_MAX];
	snprintf(plain, sizeof plain, "%.4s.5", near);
	snprintf(outer, sizeof outer, "%.4s.9", near);
	snprintf(inner, sizeof inner, "%.4s.9.7", near);
	add_vlan(st, near, plain, ETH_P_8021Q, 5);
	add_vlan(st, near, outer, ETH_P_8021AD, 9);
	add_vlan(st, outer, inner, ETH_P_8021Q, 7);
	add_vrf(st, "red", TABLE_RED);
	enslave(st, inner, "red");
	add_addr(st, plain, "10.0.5.1", 24);
	add_addr(st, plain, "2001:db8:5::1", 64);
	add_addr(st, inner, "10.0.7.1", 24);
	add_addr(st, inner, "2001:db8:7::1", 64);
	route_via(st, "0.0.0.0", 0, TABLE_RED, "10.0.7.2", inner, 0);
}

static void fill_objects(struct leat_stack *st, const char *near, const char *far)
{
	add_hop(st, 1, "10.0.1.2", near);
	add_hop(st, 2, "10.0.2.2", far);
	add_hop(st, 3, "2001:db8:1::2", near);
	add_hop(st, 4, "2001:db8:2::2", far);
	add_hop(st, 5, NULL, NULL);
	add_group(st, 10, 1, 0);
	add_group(st, 11, 3, 0);
	add_group(st, 12, 1, 16);
}

void rich_fill(struct leat_stack *st, const char *near, const char *far)
{
	fill_links(st, near);
	fill_objects(st, near, far);
	route_by(st, "198.51.100.0", 24, 10);
	route_by(st, "203.0.113.0", 24, 12);
	route_by(st, "2001:db8:50::", 48, 11);
	route_by(st, "192.0.3.0", 24, 5);
	route_two_ways(st, near, far);
	route_via6(st, "192.88.99.0", 24, "2001:db8:1::2", near);
	route_via(st, "172.16.0.0", 16, RT_TABLE_MAIN, "10.0.1.2", near, 600);
	route_via(st, "2001:db8:60::", 48, RT_TABLE_MAIN, "2001:db8:1::2", near, 1300);
	route_via(st, "0.0.0.0", 0, TABLE_OTHER, "10.0.1.2", near, 0);
	route_via(st, "::", 0, TABLE_OTHER, "2001:db8:1::2", near, 0);
	add_rules(st, AF_INET, near);
	add_rules(st, AF_INET6, near);
	add_label(st, "2001:db8:1::", 64, 99);
}

enum { CONTROL_MAX = 8192 };

/* What came with a packet as what goes with the answer; what does not can be left out as well as not. Options that one is told to answer
 * with can be written. Returns how much of it. */
static size_t turn_controls(struct sock *s, uint8_t *control, size_t len)
{
	struct msghdr h = { .msg_control = control, .msg_controllen = len };
	size_t n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h), *next; c; c = next) {
		size_t bytes = c->cmsg_len;
		bool is4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RETOPTS;
		bool is6 = c->cmsg_level == IPPROTO_IPV6 &&
			   (c->cmsg_type == IPV6_HOPOPTS || c->cmsg_type == IPV6_DSTOPTS);
		next = CMSG_NXTHDR(&h, c);
		if (is4)
			fuzz_check(sock_setsockopt(s, IPPROTO_IP, IP_OPTIONS, CMSG_DATA(c),
						   (socklen_t)(bytes - CMSG_LEN(0))) == 0);
		if (is4 || is6) {
			memmove(control + n, c, bytes);
			n += CMSG_ALIGN(bytes);
		}
	}
	return n;
}

/* Sends back what comes, with what came with it. */
static bool answer_one(struct sock *s, uint8_t *buf, size_t room)
{
	static _Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
	struct sockaddr_in6 from;
	struct sock_msg m = { .buf = buf,
			      .len = room,
			      .name = &from,
			      .name_len = sizeof from,
			      .control = control,
			      .control_len = sizeof control };
	ssize_t n = sock_recvmsg(s, &m, 0);
	if (n == -EAGAIN)
		return false;
	if (n < 0)
		return true;
	m.len = (size_t)n;
	m.control_len = turn_controls(s, control, m.control_len);
	sock_sendmsg(s, &m, 0);
	sock_setsockopt(s, IPPROTO_IP, IP_OPTIONS, "", 0);
	return true;
}

/* And reads what errors say. */
static void answer(struct sock *s, void *ctx)
{
	static uint8_t buf[65536];
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct sockaddr_in6 from;
	struct sock_msg error = { .buf = buf, .name = &from, .control = control };
	for (unsigned i = 0; i < 100 && answer_one(s, buf, sizeof buf); i++) {}
	do {
		error.len = sizeof buf;
		error.name_len = sizeof from;
		error.control_len = sizeof control;
	} while (sock_recvmsg(s, &error, MSG_ERRQUEUE) >= 0);
}

static struct sock *open_socket(struct leat_stack *st, int domain, int type, int proto, uint16_t port)
{
	static const int wants4[] = { IP_RECVERR, IP_PKTINFO, IP_RECVTTL, IP_RECVOPTS, IP_RETOPTS };
	static const int wants6[] = { IPV6_RECVERR,     IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT,
				      IPV6_RECVHOPOPTS, IPV6_RECVDSTOPTS, IPV6_RECVRTHDR };
	struct sockaddr_in6 any = { .sin6_family = (sa_family_t)domain, .sin6_port = htons(port) };
	struct sock *s;
	int on = 1;
	fuzz_check(sock_open(st, domain, type, proto, NULL, &s) == 0);
	if (port)
		fuzz_check(sock_bind(s, (struct sockaddr *)&any,
				     domain == AF_INET ? sizeof(struct sockaddr_in) : sizeof any) == 0);
	for (unsigned i = 0; i < sizeof wants4 / sizeof wants4[0]; i++)
		sock_setsockopt(s, IPPROTO_IP, wants4[i], &on, sizeof on);
	for (unsigned i = 0; i < sizeof wants6 / sizeof wants6[0]; i++)
		sock_setsockopt(s, IPPROTO_IPV6, wants6[i], &on, sizeof on);
	if (type == SOCK_DGRAM)
		sock_on_ready(s, answer, NULL);
	return s;
}

static void join_groups(struct leat_stack *st, struct sock *s4, struct sock *s6, const char *near)
{
	struct ip_mreqn m4 = { .imr_ifindex = (int)index_of(st, near) };
	struct ipv6_mreq m6 = { .ipv6mr_interface = index_of(st, near) };
	m4.imr_multiaddr.s_addr = htonl(0xe000004d);
	memcpy(&m6.ipv6mr_multiaddr, (const uint8_t[]){ 0xff, 2, [15] = 0x77 }, 16);
	int err = sock_setsockopt(s4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m4, sizeof m4);
	fuzz_check(!err || err == -ENOPROTOOPT);
	err = sock_setsockopt(s6, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m6, sizeof m6);
	fuzz_check(!err || err == -ENOPROTOOPT);
}

void rich_sockets(struct leat_stack *st, const char *near)
{
	struct sock *s4 = open_socket(st, AF_INET, SOCK_DGRAM, 0, 53);
	struct sock *s6 = open_socket(st, AF_INET6, SOCK_DGRAM, 0, 54);
	join_groups(st, s4, s6, near);
	open_socket(st, AF_INET, SOCK_RAW, IPPROTO_ICMP, 0);
	open_socket(st, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, 0);
	open_socket(st, AF_INET, SOCK_RAW, PRIVATE_PROTO, 0);
	const int on = 1, rsvp = 1;
	struct sock *a4 = open_socket(st, AF_INET, SOCK_RAW, ALERT_PROTO, 0);
	struct sock *a6 = open_socket(st, AF_INET6, SOCK_RAW, IPPROTO_RAW, 0);
	sock_setsockopt(a4, IPPROTO_IP, IP_ROUTER_ALERT, &on, sizeof on);
	sock_setsockopt(a6, IPPROTO_IPV6, IPV6_ROUTER_ALERT, &rsvp, sizeof rsvp);
}
