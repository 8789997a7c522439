/* SPDX-License-Identifier: BSD-2-Clause */
/* Deeds about tables beyond the one of destinations: rules, nexthop objects and groups of them, routes of several ways; and about
 * what an interface may carry or belong to: VLANs, VRFs, proxies. At the end all is taken back that could lead packets elsewhere than
 * the main table says (final.c reads that one). */
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "ask.h"
#include "net/iface.h"

enum { RULE_FIRST = 100, RULES = 6, OBJECTS = 8, TABLE_OTHER = 100, TABLE_RED = 10 };

/* An interface of the node on some wire, from `wire` on. */
static struct iface *some_end(const struct world *w, unsigned node, unsigned wire, unsigned *ret_wire,
			      unsigned *ret_end)
{
	for (unsigned i = 0; i < WIRES_MAX; i++)
		for (unsigned e = 0; e < 2; e++) {
			*ret_wire = (wire + i) % WIRES_MAX + 1;
			*ret_end = e;
			if (w->wire[*ret_wire].w && w->wire[*ret_wire].node[e] == node &&
			    iface_of(w, *ret_wire, e))
				return iface_of(w, *ret_wire, e);
		}
	return NULL;
}

/* --- rules --- */

static void fill_rule(struct message *m, struct fib_rule_hdr *h, unsigned which, uint8_t family)
{
	const struct fib_rule_port_range ports = { 5001, 5004 };
	struct prop_addr one = addr_of_node(1, family == AF_INET6);
	h->action = FR_ACT_TO_TBL;
	switch (which) {
	case 0:
		h->src_len = one.plen;
		ask_put_addr(m, FRA_SRC, &one);
		break;
	case 1:
		h->dst_len = one.plen;
		ask_put_addr(m, FRA_DST, &one);
		break;
	case 2:
		nl_put_u8(&m->b, FRA_IP_PROTO, IPPROTO_UDP);
		nl_put(&m->b, FRA_DPORT_RANGE, &ports, sizeof ports);
		break;
	case 3:
		h->action = FR_ACT_GOTO;
		nl_put_u32(&m->b, FRA_GOTO, RULE_FIRST + 5);
		break;
	case 4:
		h->action = FR_ACT_UNREACHABLE;
		nl_put_str(&m->b, FRA_IIFNAME, "w1");
		break;
	default:
		nl_put_u32(&m->b, FRA_SUPPRESS_PREFIXLEN, 24);
	}
	nl_put_u32(&m->b, FRA_TABLE, which % 2 ? RT_TABLE_MAIN : TABLE_OTHER);
}

static void set_rule(struct world *w, unsigned node, uint8_t family, unsigned which, bool del)
{
	struct message m;
	struct fib_rule_hdr *h = ask_begin(&m, del ? RTM_DELRULE : RTM_NEWRULE,
					   del ? 0 : NLM_F_CREATE | NLM_F_EXCL, sizeof *h);
	h->family = family;
	nl_put_u32(&m.b, FRA_PRIORITY, RULE_FIRST + which);
	if (!del)
		fill_rule(&m, h, which, family);
	ask(w, node, &m.b);
}

void deed_rule(struct world *w, const uint32_t *arg)
{
	if (stack_of(w, arg[0]))
		set_rule(w, arg[0], arg[1] == 6 ? AF_INET6 : AF_INET, arg[2] % RULES, arg[3]);
}

/* --- objects --- */

static void delete_object(struct world *w, unsigned node, uint32_t id)
{
	struct message m;
	ask_begin(&m, RTM_DELNEXTHOP, 0, sizeof(struct nhmsg));
	nl_put_u32(&m.b, NHA_ID, id);
	ask(w, node, &m.b);
}

void deed_hop(struct world *w, const uint32_t *arg)
{
	unsigned wire, end;
	struct iface *i = some_end(w, arg[0], arg[3], &wire, &end);
	uint32_t id = arg[1] % OBJECTS + 1;
	struct message m;
	if (!stack_of(w, arg[0]))
		return;
	if (arg[4]) {
		delete_object(w, arg[0], id);
		return;
	}
	if (!i)
		return;
	struct prop_addr gw = addr_of_end(wire, !end, 0, arg[2] == 6);
	struct nhmsg *h = ask_begin(&m, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, sizeof *h);
	h->nh_family = gw.family;
	nl_put_u32(&m.b, NHA_ID, id);
	ask_put_addr(&m, NHA_GATEWAY, &gw);
	nl_put_u32(&m.b, NHA_OIF, i->ifindex);
	ask(w, arg[0], &m.b);
}

/* Groups have the numbers behind those of single objects. */
void deed_group(struct world *w, const uint32_t *arg)
{
	uint32_t id = OBJECTS + arg[1] % OBJECTS + 1;
	const struct nexthop_grp g[] = { { .id = arg[2] % OBJECTS + 1 },
					 { .id = arg[3] % OBJECTS + 1, .weight = (uint8_t)arg[4] } };
	struct message m;
	if (!stack_of(w, arg[0]))
		return;
	if (arg[6]) {
		delete_object(w, arg[0], id);
		return;
	}
	ask_begin(&m, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct nhmsg));
	nl_put_u32(&m.b, NHA_ID, id);
	nl_put(&m.b, NHA_GROUP, g, g[0].id == g[1].id ? sizeof g[0] : sizeof g);
	if (arg[5]) {
		nl_put_u16(&m.b, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
		size_t res = nl_nest(&m.b, NHA_RES_GROUP);
		nl_put_u16(&m.b, NHA_RES_GROUP_BUCKETS, (uint16_t)arg[5]);
		nl_put_u32(&m.b, NHA_RES_GROUP_IDLE_TIMER, 10);
		nl_put_u32(&m.b, NHA_RES_GROUP_UNBALANCED_TIMER, arg[5] % 2 ? 100 : 0);
		nl_nest_end(&m.b, res);
	}
	ask(w, arg[0], &m.b);
}

/* --- routes of several ways --- */

struct leg {
	struct rtnexthop nh;
	struct nlattr attr;
	uint8_t gw[16];
};

static size_t put_leg(struct leg *to, const struct iface *i, const struct prop_addr *gw, unsigned hops)
{
	size_t n = gw->family == AF_INET ? 4 : 16;
	*to = (struct leg){ .nh = { .rtnh_len = (uint16_t)(offsetof(struct leg, gw) + n),
				    .rtnh_hops = (uint8_t)hops,
				    .rtnh_ifindex = (int)i->ifindex },
			    .attr = { .nla_type = RTA_GATEWAY, .nla_len = (uint16_t)(sizeof to->attr + n) } };
	memcpy(to->gw, &gw->a, n);
	return to->nh.rtnh_len;
}

static void put_legs(struct world *w, struct message *m, const uint32_t *arg)
{
	uint8_t both[2 * sizeof(struct leg)];
	size_t len = 0;
	for (unsigned k = 0; k < 2; k++) {
		unsigned wire, end;
		struct leg leg;
		struct iface *i = some_end(w, arg[0], arg[3 + k], &wire, &end);
		if (!i)
			continue;
		struct prop_addr gw = addr_of_end(wire, !end, 0, arg[2] == 6);
		size_t n = put_leg(&leg, i, &gw, k * 3);
		memcpy(both + len, &leg, n);
		len += n;
	}
	nl_put(&m->b, RTA_MULTIPATH, both, len);
}

/* By an object, or with 0 by two ways of its own. */
static void set_ways(struct world *w, const uint32_t *arg, uint32_t table, bool del)
{
	struct message m;
	struct prop_addr dst = addr_of_node(arg[1], arg[2] == 6);
	struct rtmsg *h = ask_begin(&m, del ? RTM_DELROUTE : RTM_NEWROUTE,
				    del ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof *h);
	*h = (struct rtmsg){ .rtm_family = dst.family,
			     .rtm_dst_len = dst.plen,
			     .rtm_table = (uint8_t)table,
			     .rtm_protocol = RTPROT_BOOT,
			     .rtm_type = RTN_UNICAST };
	ask_put_addr(&m, RTA_DST, &dst);
	if (arg[5])
		nl_put_u32(&m.b, RTA_NH_ID, arg[5] % (2 * OBJECTS) + 1);
	else if (!del)
		put_legs(w, &m, arg);
	ask(w, arg[0], &m.b);
}

/* In the main table, or in one that only rules lead to. */
void deed_ways(struct world *w, const uint32_t *arg)
{
	if (stack_of(w, arg[0]) && arg[1] && arg[1] <= NODES_MAX)
		set_ways(w, arg, arg[4] % 2 ? TABLE_OTHER : RT_TABLE_MAIN, arg[6]);
}

/* --- VLANs --- */

static void vlan_name(const struct world *w, unsigned wire, unsigned end, unsigned number, char to[IFNAMSIZ])
{
	const struct iface *i = iface_of(w, wire, end);
	snprintf(to, IFNAMSIZ, number == 1 ? "%.8s.5" : "%.8s.5.7", i->name);
}

static struct iface *vlan_of(const struct world *w, unsigned wire, unsigned end, unsigned number)
{
	char name[IFNAMSIZ];
	if (!iface_of(w, wire, end))
		return NULL;
	vlan_name(w, wire, end, number, name);
	return iface_by_name(iface_of(w, wire, end)->st, name);
}

uint64_t tables_received_above(const struct world *w, unsigned wire, unsigned end)
{
	uint64_t n = 0;
	for (unsigned number = 1; number <= VLANS_MAX; number++) {
		struct iface *i = vlan_of(w, wire, end, number);
		struct iface_worker_stats s = { 0 };
		if (i)
			iface_stats(i, &s);
		n += s.rx_packets;
	}
	return n;
}

static void add_vlan(struct world *w, unsigned wire, unsigned end, unsigned number)
{
	struct iface *under = number == 1 ? iface_of(w, wire, end) : vlan_of(w, wire, end, number - 1);
	unsigned node = w->wire[wire].node[end];
	char name[IFNAMSIZ];
	struct message m;
	if (!under)
		return;
	vlan_name(w, wire, end, number, name);
	struct ifinfomsg *h = ask_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *h);
	h->ifi_flags = h->ifi_change = IFF_UP;
	nl_put_str(&m.b, IFLA_IFNAME, name);
	nl_put_u32(&m.b, IFLA_LINK, under->ifindex);
	size_t info = nl_nest(&m.b, IFLA_LINKINFO);
	nl_put_str(&m.b, IFLA_INFO_KIND, "vlan");
	size_t data = nl_nest(&m.b, IFLA_INFO_DATA);
	nl_put_u16(&m.b, IFLA_VLAN_ID, number == 1 ? 5 : 7);
	nl_put_u16(&m.b, IFLA_VLAN_PROTOCOL, htons(number == 1 ? 0x88a8 : 0x8100));
	nl_nest_end(&m.b, data);
	nl_nest_end(&m.b, info);
	if (ask(w, node, &m.b))
		return;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct prop_addr a = addr_of_vlan(wire, end, number, v6);
		ask_addr(w, node, vlan_of(w, wire, end, number)->ifindex, &a, v6 ? IFA_F_NODAD : 0, false);
	}
}

/* At both ends, where they stay until the wire's interface goes; and a ping from one to the other. */
void deed_vlan(struct world *w, const uint32_t *arg)
{
	if (!arg[0] || arg[0] > WIRES_MAX || !w->wire[arg[0]].w)
		return;
	unsigned number = arg[1] % VLANS_MAX + 1;
	for (unsigned e = 0; e < 2; e++)
		for (unsigned k = 1; k <= number; k++)
			if (!vlan_of(w, arg[0], e, k))
				add_vlan(w, arg[0], e, k);
	struct prop_addr to = addr_of_vlan(arg[0], 1, number, arg[2] == 6);
	if (vlan_of(w, arg[0], 0, number))
		traffic_ping(w, w->wire[arg[0]].node[0], &to, 56 + arg[3], 3, 10000);
}

/* --- VRFs --- */

static void add_vrf(struct world *w, unsigned node)
{
	struct message m;
	struct ifinfomsg *h = ask_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *h);
	h->ifi_flags = h->ifi_change = IFF_UP;
	nl_put_str(&m.b, IFLA_IFNAME, "red");
	size_t info = nl_nest(&m.b, IFLA_LINKINFO);
	nl_put_str(&m.b, IFLA_INFO_KIND, "vrf");
	size_t data = nl_nest(&m.b, IFLA_INFO_DATA);
	nl_put_u32(&m.b, IFLA_VRF_TABLE, TABLE_RED);
	nl_nest_end(&m.b, data);
	nl_nest_end(&m.b, info);
	ask(w, node, &m.b);
}

static void set_master(struct world *w, unsigned wire, unsigned end, uint32_t master)
{
	struct message m;
	struct ifinfomsg *h = ask_begin(&m, RTM_NEWLINK, 0, sizeof *h);
	h->ifi_index = (int)iface_of(w, wire, end)->ifindex;
	nl_put_u32(&m.b, IFLA_MASTER, master);
	ask(w, w->wire[wire].node[end], &m.b);
}

void deed_vrf(struct world *w, const uint32_t *arg)
{
	if (!iface_of(w, arg[0], arg[1]))
		return;
	unsigned node = w->wire[arg[0]].node[arg[1]];
	struct iface *red = iface_by_name(stack_of(w, node), "red");
	if (!red && arg[2])
		add_vrf(w, node);
	red = iface_by_name(stack_of(w, node), "red");
	if (red)
		set_master(w, arg[0], arg[1], arg[2] ? red->ifindex : 0);
}

/* --- proxies --- */

void deed_proxy(struct world *w, const uint32_t *arg)
{
	struct iface *i = iface_of(w, arg[0], arg[1]);
	struct message m;
	if (!i)
		return;
	struct prop_addr a = addr_of_end(arg[0], !arg[1], 9, arg[2] == 6);
	struct ndmsg *h = ask_begin(&m, arg[3] ? RTM_DELNEIGH : RTM_NEWNEIGH,
				    arg[3] ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof *h);
	*h = (struct ndmsg){ .ndm_family = a.family, .ndm_ifindex = (int)i->ifindex, .ndm_flags = NTF_PROXY };
	ask_put_addr(&m, NDA_DST, &a);
	ask(w, w->wire[arg[0]].node[arg[1]], &m.b);
}

/* --- the end --- */

static void reset_node(struct world *w, unsigned node)
{
	for (unsigned i = 0; i < RULES; i++) {
		set_rule(w, node, AF_INET, i, true);
		set_rule(w, node, AF_INET6, i, true);
	}
	for (uint32_t id = 1; id <= 2 * OBJECTS; id++)
		delete_object(w, node, id);
	for (uint32_t to = 1; to <= NODES_MAX; to++)
		for (uint32_t family = 4; family <= 6; family += 2)
			set_ways(w, (uint32_t[]){ node, to, family, 0, 0, 0, 0 }, RT_TABLE_MAIN, true);
}

void tables_reset(struct world *w)
{
	for (unsigned i = 1; i <= NODES_MAX; i++)
		if (stack_of(w, i))
			reset_node(w, i);
	for (uint32_t i = 1; i <= WIRES_MAX; i++)
		for (uint32_t e = 0; e < 2; e++)
			deed_vrf(w, (uint32_t[]){ i, e, 0 });
}
