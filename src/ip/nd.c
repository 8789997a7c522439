/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: neighbour discovery (RFC 4861) behind the neighbour table. nd-input takes the five messages from
 * icmp6-input; wire/nd.c makes the checks of RFC 4861 that need no state, this file those that do, and then acts by type:
 * solicitations for our addresses are answered, what they and advertisements say goes to the neighbour table. The table calls
 * nd_solicit() when it wants to know an address. Duplicate detection is in nd_dad.c. Of proxied addresses (RFC 4861, 7.2.8) we
 * speak when the interface forwards and proxy_ndp is set, of anycast ones (7.2.7) whenever they are ours.
 *
 * Router solicitations teach a router where their senders are, and are not answered: advertisements are sent by a daemon, as on Linux.
 * Those of others are module ra's (ra.c), redirects redirect's. Our neighbour advertisements are in nd_advert.c. */
#include "ip/nd.h"

#include <sys/socket.h>

#include "graph/node.h"
#include "net/neigh.h"
#include "wire/eth.h"
#include "wire/frame.h"

/* --- in --- */

typedef uint8_t nd_act_fn(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip);

static const struct addr *ours_on(const struct worker *w, uint32_t if_handle, const struct ip6 *a)
{
	struct ipaddr ip = { .v6 = *a };
	return addr_find_on(w, if_handle, AF_INET6, &ip);
}

/* What the message is dropped as. */
static enum drop hear(struct worker *w, const struct pkt *p, const struct ip6 *who,
		      const uint8_t mac[ETH_ALEN], unsigned flags)
{
	struct ipaddr a = { .v6 = *who };
	enum drop why = DROP_NONE;
	if (!mac || eth_is_station(mac))
		why = neigh_heard(w, p->in_if, AF_INET6, &a, mac, flags);
	return why ? why : DROP_ND_DONE;
}

/* Of what is no address of ours on that link: do we answer? Of an anycast one as what we are there, of a proxied one as NTF_ROUTER
 * says. */
static bool stands_in(const struct worker *w, const struct pkt *p, const struct iface *in,
		      const struct ip6 *target, struct nd_answer *ret)
{
	struct ipaddr a = { .v6 = *target };
	uint8_t flags = 0;
	ret->for_other = true;
	if (anycast_find(w, p->in_if, target))
		return true;
	if (!nd_proxies(w, in) || !neigh_is_proxied(w, p->in_if, AF_INET6, &a, &flags))
		return false;
	ret->router = flags & NTF_ROUTER;
	return true;
}

/* RFC 4861, 7.2.7 and 7.2.8: what others may answer, too, is answered after a while. */
static bool must_wait(const struct pkt *p, const struct iface *in, const struct nd_answer *a, bool late)
{
	return a->for_other && a->override && !late && p->flags & PKT_F_L2_MULTICAST &&
	       racy_get(in->conf.neigh[1].proxy_delay_ms);
}

/* RFC 4861, 7.2.3 and 7.2.4 */
static uint8_t answer(struct worker *w, struct pkt *p, const struct nd_ns_msg *m,
		      const struct nd_envelope *ip, const struct iface *in, bool late)
{
	const struct addr *ours = ours_on(w, p->in_if, &m->target);
	struct nd_answer a = { .target = m->target,
			       .router = racy_get(in->conf.forward6),
			       .override = ip6_is_multicast(&ip->dst) };
	if (!ours && !stands_in(w, p, in, &m->target, &a))
		return pkt_drop(p, DROP_ND_NOT_FOR_US);
	uint32_t flags = ours ? racy_get(ours->flags) : 0;
	a.optimistic = flags & IFA_F_OPTIMISTIC; /* RFC 4429, 3.3: asked for by name, it answers */
	if (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) &&
	    (ip6_is_zero(&ip->src) || !a.optimistic)) { /* RFC 4862, 5.4.3 */
		if (ip6_is_zero(&ip->src))
			nd_dad_heard(w, p->in_if, &m->target, m->has_nonce ? m->nonce : NULL);
		return pkt_drop(p, DROP_IP_TENTATIVE);
	}
	if (!ip6_is_zero(&ip->src) && ours_on(w, p->in_if, &ip->src)) /* an echo of our own, or an impostor */
		return pkt_drop(p, DROP_ND_NOT_FOR_US);
	if (must_wait(p, in, &a, late)) {
		neigh_answer_late(w, p, AF_INET6, racy_get(in->conf.neigh[1].proxy_delay_ms),
				  nd_stack(w->st)->late_node);
		return NODE_KEPT;
	}
	enum drop why = DROP_ND_DONE;
	if (m->has_mac && !ip6_is_zero(&ip->src))
		why = hear(w, p, &ip->src, m->mac, NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE);
	const struct nd_asker to = { &ip->src, m->has_mac && eth_is_station(m->mac) ? m->mac : NULL };
	nd_send_answer(w, p, in, &to, &a);
	return pkt_drop(p, why);
}

static uint8_t ns_body(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip,
		       bool late)
{
	struct nd_ns_msg m;
	enum drop why = nd_ns_parse(msg, ip, &m);
	const struct iface *in = iface_get(w, p->in_if);
	if (!why && !in)
		why = DROP_IF_GONE;
	return why ? pkt_drop(p, why) : answer(w, p, &m, ip, in, late);
}

static uint8_t act_ns(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip)
{
	return ns_body(w, p, msg, ip, false);
}

static bool is_own_mac(const struct iface *in, const struct nd_na_msg *m)
{
	return m->has_mac && eth_addr_eq(m->mac, in->mac);
}

/* That a router is none any more (RFC 4861, 7.3.3) is believed of what comes from where it is known to be. */
static unsigned na_flags(const struct worker *w, const struct pkt *p, const struct nd_na_msg *m)
{
	const struct ipaddr target = { .v6 = m->target };
	bool tells = m->router || neigh_may_be_from(w, p, AF_INET6, &target);
	return NEIGH_HEARD_NA | (m->router ? NEIGH_HEARD_ROUTER : 0) |
	       (tells ? NEIGH_HEARD_IS_ROUTER_KNOWN : 0) | (m->solicited ? NEIGH_HEARD_SOLICITED : 0) |
	       (m->override ? NEIGH_HEARD_OVERRIDE : 0);
}

/* RFC 4861, 7.2.5 */
static uint8_t act_na(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip)
{
	struct nd_na_msg m;
	const struct iface *in = iface_get(w, p->in_if);
	enum drop why = nd_na_parse(msg, ip, &m);
	if (why)
		return pkt_drop(p, why);
	if (in && !m.solicited && racy_get(in->conf.nd.drop_unsolicited))
		return pkt_drop(p, DROP_ND_UNSOLICITED);
	const struct addr *ours = ours_on(w, p->in_if, &m.target);
	if (ours) {
		if (racy_get(ours->flags) & IFA_F_TENTATIVE) /* RFC 4862, 5.4.4 */
			nd_dad_heard(w, p->in_if, &m.target, NULL);
		return pkt_drop(p, DROP_ND_DONE); /* else a conflict, which RFC 4862 leaves to people */
	}
	struct nd_answer unused;
	if (in && is_own_mac(in, &m) && stands_in(w, p, in, &m.target, &unused))
		return pkt_drop(p, DROP_ND_DONE); /* Linux: what we said ourselves on another's behalf */
	unsigned flags = na_flags(w, p, &m);
	if (in && m.has_mac && nd_accepts_untracked(w, in, &ip->src))
		flags |= NEIGH_HEARD_CREATE;
	/* Without: it stays where we know it to be. */
	return pkt_drop(p, hear(w, p, &m.target, m.has_mac ? m.mac : NULL, flags));
}

static uint8_t act_rs(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip)
{
	struct nd_rs_msg m;
	const struct iface *in = iface_get(w, p->in_if);
	enum drop why = nd_rs_parse(msg, ip, &m);
	if (!why && m.has_mac && in && racy_get(in->conf.forward6)) /* RFC 4861, 6.2.6: it is no router */
		hear(w, p, &ip->src, m.mac,
		     NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE | NEIGH_HEARD_IS_ROUTER_KNOWN);
	return pkt_drop(p, why ? why : DROP_ND_DONE);
}

static uint8_t act_ra(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip)
{
	struct nd_ra_msg m;
	enum drop why = nd_ra_parse(msg, ip, &m);
	return pkt_drop(p, why ? why : DROP_ND_DONE);
}

/* RFC 4861, 8.2: a router must not heed it. */
static uint8_t act_redirect(struct worker *w, struct pkt *p, struct cursor msg, const struct nd_envelope *ip)
{
	return pkt_drop(p, ip->hop_limit == 255 ? DROP_ND_DONE : DROP_ND_HOP_LIMIT);
}

static const struct nd_kind {
	uint8_t type;
	nd_act_fn *act;
} nd_kinds[] = {
	{ ICMP6_ROUTER_SOLICIT, act_rs }, { ICMP6_ROUTER_ADVERT, act_ra },  { ICMP6_NEIGH_SOLICIT, act_ns },
	{ ICMP6_NEIGH_ADVERT, act_na },   { ICMP6_REDIRECT, act_redirect },
};

static uint8_t nd_one(struct worker *w, struct pkt *p)
{
	const struct ip6_hdr *h = pkt_l3(p);
	uint8_t type = *(const uint8_t *)pkt_l4(p);
	struct nd_envelope ip = { .src = h->src, .dst = h->dst, .hop_limit = h->hop_limit };
	if (unlikely(h->next != IP_PROTO_ICMP6) && nd_has_fragment_header(p))
		return pkt_drop(p, DROP_ND_FRAGMENT);
	for (unsigned i = 0; i < ARRAY_SIZE(nd_kinds); i++)
		if (nd_kinds[i].type == type)
			return nd_kinds[i].act(w, p, pkt_cursor_at(p, p->l4_off), &ip);
	return pkt_drop(p, DROP_ICMP_UNKNOWN);
}

static void nd_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = nd_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

/* Solicitations that have waited: whether the answer is still ours to give is asked again. */
static uint8_t nd_late_one(struct worker *w, struct pkt *p)
{
	const struct ip6_hdr *h = pkt_l3(p);
	struct nd_envelope ip = { .src = h->src, .dst = h->dst, .hop_limit = h->hop_limit };
	return ns_body(w, p, pkt_cursor_at(p, p->l4_off), &ip, true);
}

static void nd_late(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = nd_late_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

/* --- out, asked by the neighbour table or by duplicate detection --- */

void nd_send_ns(struct worker *w, const struct iface *out, const struct ip6 *src, const struct ip6 *dst,
		const struct nd_ns_msg *m)
{
	uint8_t msg[ND_NEIGH_MAX];
	struct nd_envelope ip = { .src = *src, .dst = *dst, .hop_limit = 255 };
	struct ip6_hdr h = icmp6_ip_hdr(src, dst, ip.hop_limit);
	struct pkt *p = icmp6_new(w->lc, &h, msg, nd_ns_emit(m, &ip, msg));
	if (!p)
		return; /* asked again when no answer comes */
	p->out_if = out->handle;
	graph_enqueue(w, node_find(w->st, "ip6-output"), p);
	graph_run(w);
}

/* RFC 4861, 7.2.2: the source of the packet that waits, if it is the interface's; else any of its (Linux: the link-local one),
 * and none of another's, to which the answer might go another way. */
static bool solicit_source(const struct worker *w, const struct iface *out, const struct ipaddr *hint,
			   struct ip6 *ret)
{
	static const struct ipaddr on_link = { .b = { 0xfe, 0x80 } };
	struct ipaddr src;
	const struct addr *a = ours_on(w, out->handle, &hint->v6);
	bool use_hint = a && !(racy_get(a->flags) & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
	if (!use_hint && !addr_select_source(w, out, AF_INET6, &on_link, &src))
		return false;
	*ret = use_hint ? hint->v6 : src.v6;
	return true;
}

static void nd_solicit(struct worker *w, struct iface *out, const struct ipaddr *target, const uint8_t *mac,
		       const struct ipaddr *src_hint)
{
	struct nd_ns_msg m = { .target = target->v6, .has_mac = true };
	struct ip6 src, dst = mac ? target->v6 : ip6_solicited_node(&target->v6);
	if (!solicit_source(w, out, src_hint, &src))
		return; /* no address may be shown yet: the table asks again */
	const struct addr *from = ours_on(w, out->handle, &src);
	if (from && racy_get(from->flags) & IFA_F_TENTATIVE) /* RFC 4429, 3.2: nobody is to note it yet */
		m.has_mac = false;
	memcpy(m.mac, out->mac, sizeof m.mac);
	nd_send_ns(w, out, &src, &dst, &m);
}

static void nd_unreachable(struct worker *w, struct pkt *p)
{
	uint16_t node = node_find(w->st, "icmp6-error");
	if (!node) {
		graph_drop(w, node_find(w->st, "nd-input"), p, DROP_NEIGH_FAILED);
		return;
	}
	ip_error(p, 0, ICMP6_UNREACH, ICMP6_UNREACH_ADDRESS, 0, DROP_NEIGH_FAILED);
	graph_enqueue(w, node, p);
	graph_run(w);
}

/* --- the module --- */

static const struct neigh_proto nd_proto = {
	.family = AF_INET6,
	.solicit = nd_solicit,
	.unreachable = nd_unreachable,
};

static int nd_init(struct leat_stack *st)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nd_kinds); i++) {
		int err = icmp6_type_add(st, nd_kinds[i].type, "nd-input");
		if (err)
			return err;
	}
	neigh_proto_set(st, &nd_proto);
	nd_stack(st)->late_node = node_find(st, "nd-late");
	nd_dad_init(st);
	nd_advert_init(st);
	return 0;
}

static void nd_unlink(struct leat_stack *st)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nd_kinds); i++)
		icmp6_type_remove(st, nd_kinds[i].type, "nd-input");
	neigh_proto_clear(st, AF_INET6);
	nd_advert_unlink(st);
	nd_dad_unlink(st);
}

static void print_ip6(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_IPV6, pkt_cursor(p), to, len);
}

static const struct node nd_input_node = {
	.name = "nd-input",
	.run = nd_input,
	.next = { [ND_TO_OUTPUT] = "ip6-output", [ND_TO_STATION] = "eth-output" },
	.print = print_ip6,
};
static const struct node nd_late_node = {
	.name = "nd-late",
	.run = nd_late,
	.next = { [ND_TO_OUTPUT] = "ip6-output", [ND_TO_STATION] = "eth-output" },
};
static const struct node *const nd_nodes[] = { &nd_input_node, &nd_late_node, NULL };

const struct module nd_module = {
	.name = "nd",
	.id = MODULE_nd,
	.nodes = nd_nodes,
	.knobs = nd_knobs,
	.stack_size = sizeof(struct nd_stack),
	.init = nd_init,
	.unlink = nd_unlink,
	.drain = nd_dad_drain,
};
