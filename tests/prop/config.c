/* SPDX-License-Identifier: BSD-2-Clause */
/* Deeds about configuration. All of them are netlink messages to the stack, one a socket; that each is answered once, by an ack
 * or an errno, is a property of its own. Refusals are fine: plans are random. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ask.h"
#include "ip/ip.h"
#include "stack/stack_modules.h"

enum { SEQ = 7 };

struct answer {
	unsigned n;
	int err;
};

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t src_portid, uint32_t group)
{
	struct answer *a = ctx;
	const struct nlmsghdr *h = bytes;
	if (len < sizeof *h + sizeof(struct nlmsgerr) || h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq != SEQ)
		return 0;
	a->err = ((const struct nlmsgerr *)(h + 1))->error;
	a->n++;
	return 0;
}
static const struct nl_sock_ops ops = { .deliver = deliver };

int ask(struct world *w, unsigned node, struct nl_buf *b)
{
	static const struct nl_creds root = { .pid = 1, .may_configure = true };
	struct leat_stack *st = stack_of(w, node);
	struct answer a = { 0 };
	struct nl_sock *s;
	if (!st || nl_end(b) || nl_sock_new(st, NETLINK_ROUTE, &root, &ops, &a, &s))
		return -EIO;
	nl_sock_input(s, b->p, b->len_bytes);
	nl_sock_free(s);
	if (a.n != 1)
		broken(w, "netlink-answer: a request to n%u got %u answers", node, a.n);
	if (w->trace && a.err)
		fprintf(w->trace, "#   n%u says: %s\n", node, strerror(-a.err));
	return a.err;
}

void *ask_begin(struct message *m, uint16_t type, unsigned flags, size_t len)
{
	nl_buf_init_fixed(&m->b, m->room, sizeof m->room);
	return nl_begin(&m->b, type, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags), SEQ, 0, len);
}

static size_t len_of(const struct prop_addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

void ask_put_addr(struct message *m, uint16_t type, const struct prop_addr *a)
{
	nl_put(&m->b, type, &a->a, len_of(a));
}

/* --- links and addresses --- */

static void set_flags(struct world *w, unsigned wire, unsigned end, unsigned flags)
{
	struct iface *i = iface_of(w, wire, end);
	struct message m;
	if (!i)
		return;
	struct ifinfomsg *h = ask_begin(&m, RTM_NEWLINK, 0, sizeof *h);
	*h = (struct ifinfomsg){ .ifi_index = (int)i->ifindex, .ifi_flags = flags, .ifi_change = IFF_UP };
	ask(w, w->wire[wire].node[end], &m.b);
}

void deed_link_up(struct world *w, const uint32_t *arg)
{
	if (!iface_of(w, arg[0], arg[1]))
		return;
	set_flags(w, arg[0], arg[1], arg[2] ? IFF_UP : 0);
	if (!arg[2])
		return;
	config_end(w, arg[0], arg[1]); /* what of it went when it went down */
	config_routes_of(w, w->wire[arg[0]].node[arg[1]]);
}

void deed_link_mtu(struct world *w, const uint32_t *arg)
{
	struct iface *i = iface_of(w, arg[0], arg[1]);
	struct message m;
	if (!i)
		return;
	struct ifinfomsg *h = ask_begin(&m, RTM_NEWLINK, 0, sizeof *h);
	h->ifi_index = (int)i->ifindex;
	nl_put_u32(&m.b, IFLA_MTU, arg[2]);
	ask(w, w->wire[arg[0]].node[arg[1]], &m.b);
}

void deed_link_mac(struct world *w, const uint32_t *arg)
{
	struct iface *i = iface_of(w, arg[0], arg[1]);
	struct message m;
	if (!i)
		return;
	const uint8_t mac[6] = { 2, 0xaa, (uint8_t)arg[2], 0, (uint8_t)arg[0], (uint8_t)arg[1] };
	struct ifinfomsg *h = ask_begin(&m, RTM_NEWLINK, 0, sizeof *h);
	h->ifi_index = (int)i->ifindex;
	nl_put(&m.b, IFLA_ADDRESS, mac, sizeof mac);
	ask(w, w->wire[arg[0]].node[arg[1]], &m.b);
}

void ask_addr(struct world *w, unsigned node, uint32_t ifindex, const struct prop_addr *a, unsigned flags,
	      bool del)
{
	struct message m;
	struct ifaddrmsg *h =
		ask_begin(&m, del ? RTM_DELADDR : RTM_NEWADDR, del ? 0 : NLM_F_CREATE, sizeof *h);
	*h = (struct ifaddrmsg){ .ifa_family = a->family,
				 .ifa_prefixlen = a->plen,
				 .ifa_flags = (uint8_t)flags,
				 .ifa_index = ifindex };
	ask_put_addr(&m, IFA_LOCAL, a);
	ask_put_addr(&m, IFA_ADDRESS, a);
	if (a->family == AF_INET && a->plen == 24) {
		struct prop_addr all = *a;
		all.a.b[3] = 255;
		ask_put_addr(&m, IFA_BROADCAST, &all);
	}
	ask(w, node, &m.b);
}

void deed_addr(struct world *w, const uint32_t *arg)
{
	struct iface *i = iface_of(w, arg[0], arg[1]);
	if (!i || arg[3] > 100)
		return;
	struct prop_addr a = addr_of_end(arg[0], arg[1], arg[3], arg[2] == 6);
	ask_addr(w, w->wire[arg[0]].node[arg[1]], i->ifindex, &a, 0, arg[4]);
}

void config_end(struct world *w, unsigned wire, unsigned end)
{
	struct iface *i = iface_of(w, wire, end);
	unsigned node = w->wire[wire].node[end];
	if (!i)
		return;
	set_flags(w, wire, end, IFF_UP);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct prop_addr a = addr_of_end(wire, end, 0, v6);
		ask_addr(w, node, i->ifindex, &a, IFA_F_NODAD, false);
	}
}

void config_node(struct world *w, unsigned node)
{
	struct leat_stack *st = stack_of(w, node);
	if (!st)
		return;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct prop_addr a = addr_of_node(node, v6);
		ip_set_forwarding(st, a.family, w->node[node].forward);
		ask_addr(w, node, 1, &a, IFA_F_NODAD, false);
	}
}

/* --- routes --- */

struct way {
	unsigned type, metric;
	bool del;
	unsigned wire, end; /* by that end of the sender's; wire 0: none */
};

static void set_route(struct world *w, unsigned node, const struct prop_addr *dst, const struct way *way)
{
	struct message m;
	struct prop_addr self = addr_of_node(node, dst->family == AF_INET6);
	struct prop_addr gw = addr_of_end(way->wire, !way->end, 0, dst->family == AF_INET6);
	struct iface *i = way->wire ? iface_of(w, way->wire, way->end) : NULL;
	struct rtmsg *h = ask_begin(&m, way->del ? RTM_DELROUTE : RTM_NEWROUTE,
				    way->del ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof *h);
	*h = (struct rtmsg){ .rtm_family = dst->family,
			     .rtm_dst_len = dst->plen,
			     .rtm_table = RT_TABLE_MAIN,
			     .rtm_protocol = RTPROT_STATIC,
			     .rtm_type = (uint8_t)way->type };
	struct prop_addr masked = *dst;
	memset(masked.a.b + dst->plen / 8, 0, sizeof masked.a.b - dst->plen / 8);
	ask_put_addr(&m, RTA_DST, &masked);
	if (way->metric)
		nl_put_u32(&m.b, RTA_PRIORITY, way->metric);
	if (i && way->type == RTN_UNICAST && !way->del) {
		ask_put_addr(&m, RTA_GATEWAY, &gw);
		ask_put_addr(&m, RTA_PREFSRC, &self);
		nl_put_u32(&m.b, RTA_OIF, i->ifindex);
	}
	ask(w, node, &m.b);
}

/* How far each node is from there, along wires, whether they are whole or not. */
static void distances(const struct world *w, unsigned from, unsigned dist[NODES_MAX + 1])
{
	for (unsigned i = 0; i <= NODES_MAX; i++)
		dist[i] = NODES_MAX + 1;
	dist[from] = 0;
	for (unsigned round = 0; round < NODES_MAX; round++)
		for (unsigned i = 1; i <= WIRES_MAX; i++) {
			const unsigned *n = w->wire[i].node;
			if (!w->wire[i].w)
				continue;
			dist[n[0]] = MIN(dist[n[0]], dist[n[1]] + 1);
			dist[n[1]] = MIN(dist[n[1]], dist[n[0]] + 1);
		}
}

/* The first step from a node to where `dist` counts from. */
static bool step(const struct world *w, unsigned node, const unsigned *dist, struct way *ret)
{
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2; e++)
			if (w->wire[i].w && w->wire[i].node[e] == node && iface_of(w, i, e) &&
			    dist[w->wire[i].node[!e]] < dist[node]) {
				*ret = (struct way){ .type = RTN_UNICAST, .wire = i, .end = e };
				return true;
			}
	return false;
}

static void routes_to(struct world *w, unsigned node, unsigned dst_node, unsigned subnet_of_wire)
{
	unsigned dist[NODES_MAX + 1];
	struct way way;
	distances(w, dst_node, dist);
	if (!step(w, node, dist, &way))
		return;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct prop_addr a =
			subnet_of_wire ? addr_of_end(subnet_of_wire, 0, 0, v6) : addr_of_node(dst_node, v6);
		set_route(w, node, &a, &way);
	}
}

void config_routes_of(struct world *w, unsigned node)
{
	if (!w->has_routes || !stack_of(w, node))
		return;
	for (unsigned i = 1; i <= NODES_MAX; i++)
		if (i != node && w->node[i].n)
			routes_to(w, node, i, 0);
	for (unsigned i = 1; i <= WIRES_MAX && w->has_subnets; i++)
		if (w->wire[i].w && w->wire[i].node[0] != node && w->wire[i].node[1] != node)
			routes_to(w, node, w->wire[i].node[0], i);
}

void deed_routes(struct world *w, const uint32_t *arg)
{
	w->has_routes = true;
	w->has_subnets = arg[0];
	for (unsigned i = 1; i <= NODES_MAX; i++)
		config_routes_of(w, i);
}

void deed_route(struct world *w, const uint32_t *arg)
{
	static const uint8_t types[] = { RTN_UNICAST, RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT };
	struct way way = { .type = types[arg[4] % 4], .metric = arg[6], .del = arg[5] };
	if (!stack_of(w, arg[0]) || !arg[1] || arg[1] > NODES_MAX)
		return;
	for (unsigned i = 0, k = arg[3]; i < WIRES_MAX && !way.wire; i++, k++) {
		unsigned wire = k % WIRES_MAX + 1;
		for (unsigned e = 0; e < 2; e++)
			if (w->wire[wire].w && w->wire[wire].node[e] == arg[0] && !way.wire)
				way = (struct way){ way.type, way.metric, way.del, wire, e };
	}
	struct prop_addr dst = addr_of_node(arg[1], arg[2] == 6);
	set_route(w, arg[0], &dst, &way);
}

/* --- neighbours --- */

void deed_neigh(struct world *w, const uint32_t *arg)
{
	static const uint16_t states[] = { NUD_PERMANENT, NUD_REACHABLE, NUD_STALE,
					   NUD_FAILED,    NUD_NOARP,     NUD_INCOMPLETE };
	struct iface *i = iface_of(w, arg[0], arg[1]), *peer = iface_of(w, arg[0], !arg[1]);
	struct message m;
	if (!i)
		return;
	uint8_t mac[6] = { 2, 0xee, 0, 0, (uint8_t)arg[0], (uint8_t)arg[1] };
	if (peer && !arg[4])
		memcpy(mac, peer->mac, sizeof mac);
	struct prop_addr a = addr_of_end(arg[0], !arg[1], 0, arg[2] == 6);
	struct ndmsg *h = ask_begin(&m, arg[5] ? RTM_DELNEIGH : RTM_NEWNEIGH,
				    arg[5] ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof *h);
	*h = (struct ndmsg){ .ndm_family = a.family,
			     .ndm_ifindex = (int)i->ifindex,
			     .ndm_state = states[arg[3] % ARRAY_SIZE(states)] };
	ask_put_addr(&m, NDA_DST, &a);
	if (!arg[5])
		nl_put(&m.b, NDA_LLADDR, mac, sizeof mac);
	ask(w, w->wire[arg[0]].node[arg[1]], &m.b);
}

/* --- the rest --- */

void deed_forward(struct world *w, const uint32_t *arg)
{
	if (stack_of(w, arg[0]))
		ip_set_forwarding(stack_of(w, arg[0]), arg[1] == 6 ? AF_INET6 : AF_INET, arg[2]);
}

/* Those that nobody rests on: a module that comes back takes its place behind those that were there. */
static const struct module *module_at(unsigned i)
{
	static const char *const names[] = { "udp", "genl_leat", "arp", "nd" };
	static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(((struct prop_node *)0)->unloaded), "a flag each");
	for (unsigned k = 0; leat_modules[k]; k++)
		if (!strcmp(leat_modules[k]->name, names[i]))
			return leat_modules[k];
	return NULL;
}

void deed_module(struct world *w, const uint32_t *arg)
{
	struct leat_stack *st = stack_of(w, arg[0]);
	if (!st || arg[1] >= ARRAY_SIZE(w->node[0].unloaded) || w->node[arg[0]].unloaded[arg[1]] == !arg[2])
		return;
	const struct module *m = module_at(arg[1]);
	int err = !m ? -ENOENT : arg[2] ? stack_load(st, m) : stack_unload(st, m);
	if (err)
		broken(w, "module: %s of n%u: %s", m ? m->name : "?", arg[0], strerror(-err));
	w->node[arg[0]].unloaded[arg[1]] = !arg[2];
	w->node[arg[0]].reordered = true;
}
