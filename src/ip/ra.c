/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the host's side of router discovery (RFC 4861, 6.3). An interface whose link-local address has passed its test
 * asks for routers (ra_solicit.c). What they answer, or say unasked, the node ra-input checks (wire/nd.c) and hands to the control
 * lcore whole, in one of a few slots of its worker; when none is free the advertisement is dropped by name, so a flood costs
 * little. Control heeds it (ra_heed.c) as the interface's settings say:
 *
 *	the header ............ default router; hop limit, timers of neighbours
 *	prefix information .... a route to the link, an address (net/addr_slaac.c)
 *	route information ..... a route through the router (RFC 4191)
 *	MTU ................... what IPv6 sends at most
 *	RDNSS, DNSSL, ... ..... passed to listeners of netlink
 *
 * Routes learnt are in the FIB as any other, and in a list with their lifetimes (ra_route.c), bounded for each interface.
 * Advertisements of a router that is one of us, in fragments (RFC 6980), from another link, or from elsewhere than the router is
 * known to be are not heeded. Without this module advertisements end at nd-input. */
#include "ip/ra.h"

#include "graph/node.h"
#include "ip/nd.h"
#include "net/neigh.h"
#include "wire/eth.h"
#include "wire/frame.h"

/* --- workers --- */

static struct ra_slot *slot_find(struct worker *w)
{
	struct ra_worker *rw = worker_state(w, MODULE_ra);
	for (unsigned i = 0; i < RA_SLOTS; i++)
		if (!__atomic_load_n(&rw->slot[i].busy, __ATOMIC_ACQUIRE))
			return &rw->slot[i];
	return NULL;
}

static void heed_on_ctl(struct lcore *at, const struct msg *m)
{
	struct leat_stack *st = m->arg[0].p;
	struct ra_slot *s = m->arg[1].p;
	if (ra_stack(st) && !ra_stack(st)->stopping) {
		ra_heed(st, s);
		view_publish(st);
	}
	__atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
}

static enum drop hand_over(struct worker *w, const struct pkt *p, struct cursor msg, const struct ip6 *src)
{
	struct ra_slot *s = slot_find(w);
	struct msg m = { .fn = heed_on_ctl, .arg = { { .p = w->st }, { .p = s } } };
	uint32_t len = cur_left(&msg);
	if (!s)
		return DROP_ND_BUSY;
	if (len > sizeof s->msg)
		return DROP_ND_MALFORMED;
	s->if_handle = p->in_if;
	s->src = *src;
	s->len = len;
	if (!cur_copy(&msg, s->msg, len))
		return DROP_TRUNCATED;
	s->busy = 1;
	if (lcore_try_post(w->lc, w->st->rt->ctl, &m))
		return DROP_ND_DONE;
	s->busy = 0;
	return DROP_ND_BUSY;
}

/* RFC 4861, 6.3.4: its sender is a router, and where, whatever else is heeded. */
static void hear(struct worker *w, const struct pkt *p, const struct ip6 *src, const struct nd_ra_msg *m)
{
	struct ipaddr who = { .v6 = *src };
	if (m->has_mac && eth_is_station(m->mac))
		neigh_heard(w, p->in_if, AF_INET6, &who, m->mac,
			    NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE | NEIGH_HEARD_ROUTER |
				    NEIGH_HEARD_IS_ROUTER_KNOWN);
}

/* In the name of a router that is known: from there, if it does not say otherwise (RFC 4861, 6.2.1 lets it leave the option out).
 * A router that has moved is heard again when the neighbour table has found that out (net/neigh_claim.c). */
static bool is_forged(const struct worker *w, const struct pkt *p, const struct ip6 *src,
		      const struct nd_ra_msg *m)
{
	const struct ipaddr who = { .v6 = *src };
	if (m->has_mac)
		return !neigh_may_be_at(w, p->in_if, AF_INET6, &who, m->mac);
	return !neigh_may_be_from(w, p, AF_INET6, &who);
}

static uint8_t ra_input_one(struct worker *w, struct pkt *p)
{
	const struct ip6_hdr *h = pkt_l3(p);
	struct nd_envelope ip = { .src = h->src, .dst = h->dst, .hop_limit = h->hop_limit };
	struct cursor msg = pkt_cursor_at(p, p->l4_off);
	struct nd_ra_msg m;
	enum drop why = nd_ra_parse(msg, &ip, &m);
	if (!why && h->next != IP_PROTO_ICMP6 && nd_has_fragment_header(p))
		why = DROP_ND_FRAGMENT;
	if (why)
		return pkt_drop(p, why);
	hear(w, p, &ip.src, &m);
	if (is_forged(w, p, &ip.src, &m))
		return pkt_drop(p, DROP_ND_FORGED);
	return pkt_drop(p, hand_over(w, p, msg, &ip.src));
}

static void ra_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ra_input_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

/* --- interfaces --- */

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	if (e != IFACE_DOWN && e != IFACE_GOING)
		return;
	ra_routes_forget(i->st, i->handle); /* the FIB lets go of them */
	i->in6.flags = 0;
}

void ra_became_router(struct leat_stack *st, const struct iface *i)
{
	if (ra_stack(st) && !ra_is_accepted(i))
		ra_routers_gone(st, i->handle, NULL);
}

/* --- the module --- */

static int ra_init(struct leat_stack *st)
{
	struct ra_stack *s = ra_stack(st);
	int err = icmp6_type_add(st, ICMP6_ROUTER_ADVERT, "ra-input");
	if (err)
		return err;
	s->ifaces.event = iface_event;
	iface_watch_add(st, &s->ifaces);
	ra_routes_init(st);
	ra_solicit_init(st);
	return 0;
}

static void ra_unlink(struct leat_stack *st)
{
	ra_stack(st)->stopping = true;
	icmp6_type_remove(st, ICMP6_ROUTER_ADVERT, "ra-input");
	iface_watch_remove(st, &ra_stack(st)->ifaces);
	ra_solicit_unlink(st);
	ra_routes_unlink(st);
}

static void ra_drain(struct leat_stack *st)
{
	ra_routes_forget(st, 0);
	ra_solicit_drain(st);
}

static void print_ip6(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_IPV6, pkt_cursor(p), to, len);
}

static const struct node ra_input_node = { .name = "ra-input", .run = ra_input, .print = print_ip6 };
static const struct node *const ra_nodes[] = { &ra_input_node, NULL };

const struct module ra_module = {
	.name = "ra",
	.id = MODULE_ra,
	.nodes = ra_nodes,
	.stack_size = sizeof(struct ra_stack),
	.worker_size = sizeof(struct ra_worker),
	.init = ra_init,
	.unlink = ra_unlink,
	.drain = ra_drain,
	.save = ra_save,
	.restore = ra_restore,
};
