/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: neigh-output finds the link-layer address for a packet's next hop and hands both to eth-output.
 * Group and broadcast addresses are computed, loopback and NOARP devices need none, the rest comes from the neighbour table;
 * neighbouring packets with the same next hop share one lookup. A packet whose next hop is not resolved is parked in the
 * neighbour's queue and goes on at neigh-resume. What it knew of its way is then worth nothing, so neigh-resume asks the FIB
 * again: it follows a route that changed while it waited.
 *
 * Out of scope: its length is not held against another route's MTU (a device refuses what is too long for it). */
#include <sys/socket.h>

#include "link/eth.h"
#include "net/fib_hash.h"
#include "graph/facts.h"
#include "net/neigh.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/text.h"

enum neigh_output_next { NEIGH_OUTPUT_ETH = 1 };
enum neigh_resume_next { NEIGH_RESUME_OUTPUT = 1 };

#define NO_RUN UINT32_MAX /* no interface's handle */

/* What the packets of a run share. */
struct hop_run {
	uint32_t out_if; /* NO_RUN: no run yet */
	uint16_t ethertype;
	uint8_t family;
	bool go; /* to eth-output, by what hop says */
	enum drop why; /* not DROP_NONE: they all fall */
	struct ipaddr next_hop;
	struct neigh_hop hop;
};

static uint8_t family_of(uint16_t ethertype)
{
	return ethertype == ETH_P_IP ? AF_INET : ethertype == ETH_P_IPV6 ? AF_INET6 : 0;
}

/* The limited broadcast address stands for every IPv4 broadcast: ip4-post sees to that. */
static bool group_mac(uint8_t family, const struct ipaddr *a, uint8_t mac[ETH_ALEN])
{
	if (family == AF_INET6) {
		if (ip6_is_multicast(&a->v6))
			eth_group_of_ip6(&a->v6, mac);
		return ip6_is_multicast(&a->v6);
	}
	if (be32_get(a->v4) == UINT32_MAX) {
		memset(mac, 0xff, ETH_ALEN);
		return true;
	}
	if (ip4_is_multicast(a->v4))
		eth_group_of_ip4(a->v4, mac);
	return ip4_is_multicast(a->v4);
}

static enum drop resolve(struct worker *w, struct hop_run *r)
{
	struct iface *out = iface_get(w, r->out_if);
	if (!out)
		return DROP_IF_GONE;
	if (!iface_is_up(out))
		return DROP_IF_DOWN;
	r->hop.usable = true;
	uint32_t flags = racy_get(out->flags);
	if (flags & IFF_LOOPBACK) {
		memcpy(r->hop.mac, out->mac, ETH_ALEN);
		return DROP_NONE;
	}
	if (group_mac(r->family, &r->next_hop, r->hop.mac))
		return DROP_NONE;
	if (neigh_find(w, r->out_if, r->family, &r->next_hop, &r->hop))
		return DROP_NONE;
	r->hop.usable = false;
	if (flags & IFF_NOARP) { /* Linux: the device's own address, unless a static entry says otherwise */
		memcpy(r->hop.mac, out->mac, ETH_ALEN);
		r->hop.usable = true;
	}
	return DROP_NONE;
}

/* An IPv4 packet may have an IPv6 next hop (RFC 8950, 4; RTA_VIA): one with anything behind the first four bytes is none of IPv4;
 * fib_check.c sees to it that those of IPv6 have. */
static uint8_t hop_family(const struct pkt *p, uint8_t family)
{
	const struct ipaddr v4 = { .v4 = p->edge.neigh_output.next_hop.v4 };
	return family == AF_INET && !ipaddr_eq(&v4, &p->edge.neigh_output.next_hop) ? AF_INET6 : family;
}

static void run_start(struct worker *w, struct hop_run *r, const struct pkt *p)
{
	r->out_if = p->out_if;
	r->ethertype = p->ethertype;
	r->family = hop_family(p, family_of(p->ethertype));
	r->next_hop = p->edge.neigh_output.next_hop;
	r->why = r->family ? resolve(w, r) : DROP_ETHERTYPE_UNKNOWN;
	r->go = !r->why && r->hop.usable;
}

static inline bool run_goes_on(const struct hop_run *r, const struct pkt *p)
{
	return likely(r->out_if == p->out_if && r->ethertype == p->ethertype &&
		      ipaddr_eq(&r->next_hop, &p->edge.neigh_output.next_hop));
}

/* It falls, or waits for its next hop's address. */
static uint8_t cannot_go(struct worker *w, struct pkt *p, const struct hop_run *r)
{
	if (r->why)
		return pkt_drop(p, r->why);
	neigh_wait(w, r->out_if, r->family, &r->next_hop, p, eth_stack(w->st)->neigh_resume);
	return NODE_KEPT;
}

static uint8_t neigh_output_one(struct worker *w, struct pkt *p, struct hop_run *r)
{
	if (!run_goes_on(r, p))
		run_start(w, r, p);
	pkt_edge_done(p);
	if (unlikely(!r->go))
		return cannot_go(w, p, r);
	memcpy(p->edge.eth_output.dst, r->hop.mac, ETH_ALEN);
	return NEIGH_OUTPUT_ETH;
}

static void neigh_output(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct hop_run run = { .out_if = NO_RUN };
	for (unsigned i = 0; i < v->n; i++)
		next[i] = neigh_output_one(w, v->pkt[i], &run);
	vec_dispatch(w, v, next);
}

/* --- after waiting --- */

/* Of several ways the flow's own, but one of ours that chose another interface by its source stays there. */
static const struct fib_nh *way_of(const struct worker *w, const struct fib_nh *nh, uint8_t family,
				   const struct pkt *p)
{
	const struct fib_nh *own = fib_nh_for(w, nh, family, p), *here = fib_nh_through(nh, p->out_if);
	return here && own->if_handle != p->out_if ? here : own;
}

/* What leat has made goes on by the interface it waited at, if a route still leads there; rules by interface must find it, too. */
static const struct fib_nh *find_way(struct worker *w, struct fib_query *q, const struct pkt *p)
{
	bool ours = p->flags & PKT_F_LOCAL_OUT;
	q->oif = ours ? p->out_if : 0;
	const struct fib_nh *nh = fib_lookup(w, q);
	if (!ours || (nh && fib_nh_through(nh, p->out_if)))
		return nh;
	q->oif = 0;
	return fib_lookup(w, q);
}

static bool next_hop_of(const struct worker *w, const struct fib_nh *nh, const struct fib_query *q,
			struct pkt *p)
{
	if (!nh || nh->type != RTN_UNICAST)
		return false;
	if (fib_nh_has_paths(nh))
		nh = way_of(w, nh, q->family, p);
	p->out_if = nh->if_handle;
	p->edge.neigh_output.next_hop = nh->gw_family ? nh->gw : q->dst;
	return !nh->gw_family || nh->gw_family == q->family || q->family == AF_INET;
}

static uint8_t neigh_resume_one(struct worker *w, struct pkt *p)
{
	uint8_t family = family_of(p->ethertype);
	struct fib_query q;
	if (!family)
		return pkt_drop(p, DROP_STALE);
	fib_query_of(p, family, fib_looks(w, family), p->flags & PKT_F_LOCAL_OUT, &q);
	if (family == AF_INET6 &&
	    ip6_is_link_local(&q.dst.v6)) { /* means nothing without its link, which is out_if */
		p->edge.neigh_output.next_hop = q.dst;
		return NEIGH_RESUME_OUTPUT;
	}
	return next_hop_of(w, find_way(w, &q, p), &q, p) ? NEIGH_RESUME_OUTPUT : pkt_drop(p, DROP_STALE);
}

static void neigh_resume(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = neigh_resume_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

/* --- in words --- */

static void say_hop(const struct pkt *p, const struct iface *out, uint8_t family, struct facts *f)
{
	char s[IP6_TEXT_MAX];
	const struct ipaddr *hop = &p->edge.neigh_output.next_hop;
	if (family == AF_INET6)
		ip6_text(&hop->v6, s);
	else
		ip4_text(hop->v4, s);
	fact(f, "next-hop", "%s dev %s", s, out->name);
}

static const char *state_name(uint8_t nud)
{
	static const struct {
		uint8_t nud;
		const char *name;
	} names[] = { { NUD_INCOMPLETE, "INCOMPLETE" }, { NUD_REACHABLE, "REACHABLE" },
		      { NUD_STALE, "STALE" },           { NUD_DELAY, "DELAY" },
		      { NUD_PROBE, "PROBE" },           { NUD_FAILED, "FAILED" },
		      { NUD_NOARP, "NOARP" },           { NUD_PERMANENT, "PERMANENT" } };
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].nud == nud)
			return names[i].name;
	return "NONE";
}

static void say_neighbour(struct worker *w, const struct pkt *p, const struct iface *out, uint8_t family,
			  struct facts *f)
{
	char mac[MAC_TEXT_MAX];
	struct neigh_info n;
	const struct ipaddr *hop = &p->edge.neigh_output.next_hop;
	uint8_t group[ETH_ALEN];
	if (racy_get(out->flags) & IFF_LOOPBACK)
		fact(f, "neighbour", "none is needed: loopback");
	else if (group_mac(family, hop, group))
		fact(f, "neighbour", "none is needed: %s for a group or everybody", mac_text(group, mac));
	else if (!neigh_get(w->st, out->handle, family, hop, &n))
		fact(f, "neighbour", racy_get(out->flags) & IFF_NOARP ? "none is needed: NOARP" : "unknown");
	else if (n.has_mac)
		fact(f, "neighbour", "%s %s", mac_text(n.mac, mac), state_name(n.state));
	else
		fact(f, "neighbour", "no address yet, %s, %u packets wait", state_name(n.state), n.queued);
}

static void explain(struct worker *w, const struct pkt *p, bool leaves, struct facts *f)
{
	const struct iface *out = iface_get(w, p->out_if);
	uint8_t family = hop_family(p, family_of(p->ethertype));
	if (leaves || !out || !family)
		return;
	say_hop(p, out, family, f);
	say_neighbour(w, p, out, family, f);
}

const struct node neigh_output_node = {
	.name = "neigh-output",
	.run = neigh_output,
	.explain = explain,
	.next = { [NEIGH_OUTPUT_ETH] = "eth-output" },
};
const struct node neigh_resume_node = {
	.name = "neigh-resume",
	.run = neigh_resume,
	.next = { [NEIGH_RESUME_OUTPUT] = "neigh-output" },
};
