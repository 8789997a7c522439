/* SPDX-License-Identifier: BSD-2-Clause */
/* Our neighbour advertisements: answers, for ourselves and for others (RFC 4861, 7.2.4, 7.2.8; RFC 4389), and what nobody asked
 * for (7.2.6; Linux: ndisc_notify): when an address has become ours, when the interface comes up or has another MAC.
 *
 * An answer to who asked the group overrides what is known and says where we are. One to who asked us alone knows that, and as
 * the RFC allows and Linux does it says neither. An answer on another's behalf, or for an anycast address, never overrides.
 *
 * An answer goes to the station that the question says it came from (RFC 4861, 7.2.3 and 7.2.4), as ARP's do, whatever the neighbour table
 * makes of that: where somebody's claim to be a neighbour is looked into first (net/neigh_claim.c) he who has moved would else not
 * find us until then. It teaches him nothing but where we are, and takes nobody's packets away. Of a
 * permanent neighbour the administrator has said where it is. */
#include <sys/socket.h>

#include "graph/node.h"
#include "ip/nd.h"
#include "net/neigh.h"

static const struct ip6 all_nodes = { { 0xff, 0x02, [15] = 1 } };

/* From the target, or, when that is not ours, from what is. False: there is nothing yet. */
static bool source_of(const struct worker *w, const struct iface *out, const struct nd_answer *a,
		      const struct ip6 *dst, struct ip6 *ret)
{
	struct ipaddr to = { .v6 = *dst }, src;
	if (a->for_other && !addr_select_source(w, out, AF_INET6, &to, &src))
		return false;
	*ret = a->for_other ? src.v6 : a->target;
	return true;
}

static struct pkt *advert_new(struct worker *w, const struct iface *out, const struct nd_envelope *ip,
			      struct nd_na_msg *m)
{
	uint8_t msg[ND_NEIGH_MAX];
	memcpy(m->mac, out->mac, sizeof m->mac);
	struct ip6_hdr h = icmp6_ip_hdr(&ip->src, &ip->dst, ip->hop_limit);
	struct pkt *p = icmp6_new(w->lc, &h, msg, nd_na_emit(m, ip, msg));
	if (p)
		p->out_if = out->handle;
	return p;
}

/* Whether somebody listens where the packet would pass. */
static bool is_hooked(const struct nd_stack *nd, const struct iface *out)
{
	return racy_get(out->hooks.edge[HOOK_IP6_OUTPUT]) == nd->hooked[0] ||
	       racy_get(out->hooks.edge[HOOK_IP6_POSTROUTING]) == nd->hooked[1];
}

/* The way round the neighbour table. */
static void send_to_station(struct worker *w, struct pkt *p, const uint8_t mac[6], unsigned next)
{
	struct ip6_hdr *h = pkt_l3(p);
	struct ip_counts *c = ip_counts(w, AF_INET6);
	h->payload_len = be16_of((uint16_t)(p->len - sizeof *h));
	p->flags |= PKT_F_LOCAL_OUT;
	if (c)
		racy_add(c->direct, 1);
	ip_count_out(w, AF_INET6, p, IP_PROTO_ICMP6);
	memcpy(p->edge.eth_output.dst, mac, sizeof p->edge.eth_output.dst);
	node_send(w, next, p);
}

void nd_send_answer(struct worker *w, const struct pkt *req, const struct iface *in,
		    const struct nd_asker *to, const struct nd_answer *a)
{
	const struct nd_stack *nd = nd_stack(w->st);
	const struct ip6 *asker = to->addr;
	bool tests = ip6_is_zero(asker); /* RFC 4861, 7.2.4: to all, then, and not as an answer */
	struct nd_envelope ip = { .dst = tests ? all_nodes : *asker, .hop_limit = 255 };
	struct nd_na_msg m = { .target = a->target,
			       .router = a->router,
			       .solicited = !tests,
			       .override = a->override && !a->for_other && !a->optimistic,
			       .has_mac = a->override || tests };
	if (!source_of(w, in, a, &ip.dst, &ip.src))
		return;
	struct pkt *p = advert_new(w, in, &ip, &m);
	if (!p)
		return; /* who asked asks again */
	p->flags = req->flags & PKT_F_TRACED;
	p->trace_id = req->trace_id;
	const struct ipaddr who = { .v6 = *asker };
	if (to->mac && !tests && !is_hooked(nd, in) && !neigh_is_fixed(w, in->handle, AF_INET6, &who))
		send_to_station(w, p, to->mac, ND_TO_STATION);
	else
		node_send(w, ND_TO_OUTPUT, p);
}

/* --- unasked --- */

static void announce_on_worker(struct lcore *at, const struct msg *msg)
{
	struct worker *w = msg->arg[0].p;
	const struct iface *out = iface_get(w, (uint32_t)msg->arg[1].u);
	struct nd_na_msg m = { .override = true, .has_mac = true };
	if (!out || !iface_is_up(out))
		return;
	memcpy(m.target.b, &msg->arg[2], 8);
	memcpy(m.target.b + 8, &msg->arg[3], 8);
	m.router = racy_get(out->conf.forward6);
	const struct nd_envelope ip = { .src = m.target, .dst = all_nodes, .hop_limit = 255 };
	struct pkt *p = advert_new(w, out, &ip, &m);
	if (!p)
		return;
	graph_enqueue(w, node_find(w->st, "ip6-output"), p);
	graph_run(w);
}

void nd_announce(struct leat_stack *st, const struct iface *i, const struct ip6 *a)
{
	struct worker *w = st->worker[0];
	struct msg m = { .fn = announce_on_worker, .arg = { { .p = w }, { .u = i->handle } } };
	if (i->flags & (IFF_LOOPBACK | IFF_NOARP) || !(i->conf.nd.notify || nd_stack(st)->all.notify))
		return;
	memcpy(&m.arg[2], a->b, 8);
	memcpy(&m.arg[3], a->b + 8, 8);
	lcore_post(st->rt->ctl, w->lc, &m); /* lost without memory: as if it had been lost on the wire */
}

static void on_iface(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	if (e != IFACE_UP && e != IFACE_MAC)
		return;
	for (struct addr *a = addr_first(i->st, i); a; a = addr_next(i->st, i, a))
		if (a->family == AF_INET6 && !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
			nd_announce(i->st, i, &a->local.v6);
}

static uint8_t edge_to(const struct leat_stack *st, const char *node, const char *next)
{
	uint16_t id = node_find(st, node);
	for (unsigned k = 1; k < NODE_NEXT_MAX; k++) {
		const char *name = graph_edge_name(st, id, k);
		if (name && !strcmp(name, next))
			return (uint8_t)k;
	}
	return 0;
}

void nd_advert_init(struct leat_stack *st)
{
	nd_stack(st)->hooked[0] = edge_to(st, "ip6-output", "hook-ip6-local-out");
	nd_stack(st)->hooked[1] = edge_to(st, "ip6-post", "hook-ip6-postrouting");
	nd_stack(st)->announces.event = on_iface;
	iface_watch_add(st, &nd_stack(st)->announces);
}

void nd_advert_unlink(struct leat_stack *st)
{
	iface_watch_remove(st, &nd_stack(st)->announces);
}

/* --- settings --- */

enum { ACCEPT_FROM_SUBNET = 2 };

bool nd_proxies(const struct worker *w, const struct iface *in)
{
	const struct nd_stack *nd = nd_stack(w->st); /* NULL: not built in */
	return nd && racy_get(in->conf.forward6) && (racy_get(in->conf.nd.proxy) || racy_get(nd->all.proxy));
}

/* RFC 9131, 6.1.1 */
bool nd_accepts_untracked(const struct worker *w, const struct iface *in, const struct ip6 *sender)
{
	const struct ipaddr a = { .v6 = *sender };
	uint8_t accept = racy_get(in->conf.nd.accept_untracked);
	return accept && (accept != ACCEPT_FROM_SUBNET || addr_with_subnet(w, in->handle, AF_INET6, &a, &a));
}

const struct knob nd_knobs[] = {
	KNOB("net.ipv6.conf.all.ndisc_notify", struct nd_stack, all.notify, 0, 0, 1,
	     .help = "on every interface"),
	KNOB("net.ipv6.conf.all.proxy_ndp", struct nd_stack, all.proxy, 0, 0, 1,
	     .help = "on every interface"),
	KNOB_IFACE(
		"net.ipv6.conf.IF.ndisc_notify", nd.notify, 0, 0, 1,
		.help = "announce addresses when they become ours, the interface comes up, its MAC changes"),
	KNOB_IFACE("net.ipv6.conf.IF.proxy_ndp", nd.proxy, 0, 0, 1,
		   .help = "answer for the addresses of ip neigh add proxy"),
	KNOB_IFACE("net.ipv6.conf.IF.drop_unsolicited_na", nd.drop_unsolicited, 0, 0, 1,
		   .help = "advertisements that nobody asked for are not heard"),
	KNOB_IFACE("net.ipv6.conf.IF.accept_untracked_na", nd.accept_untracked, 0, 0, 2,
		   .help = "advertisements make neighbours of strangers (RFC 9131); 2: those of our subnets"),
	{ 0 },
};
