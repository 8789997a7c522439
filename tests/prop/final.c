/* SPDX-License-Identifier: BSD-2-Clause */
/* After the faults, when everything is whole again and some minutes have passed: nothing waits, neighbours have settled, and a ping gets
 * through wherever the routes as they stand lead there and back.
 *
 * Whether they do is read off the tables, hop by hop, by the lookups packets meet: a wrong table is not noticed here, but a
 * packet that does not follow it is. Nobody answers for what an administrator set for good: a permanent neighbour with a
 * made-up address breaks the way. */
#include <linux/neighbour.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "ip/ip.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh_internal.h"
#include "prop.h"

enum { QUIET_US = 150 * SIM_SEC, HOPS_MAX = 30, WARM_UP = 15, PROOF = 2 };

static unsigned node_of(const struct world *w, const struct leat_stack *st)
{
	for (unsigned i = 1; i <= NODES_MAX; i++)
		if (st && stack_of(w, i) == st)
			return i;
	return 0;
}

/* The interface at the other end of the wire that this one is on. */
static struct iface *far_end(const struct world *w, const struct iface *i)
{
	for (unsigned n = 1; n <= WIRES_MAX; n++)
		for (unsigned e = 0; e < 2; e++)
			if (iface_of(w, n, e) == i)
				return iface_of(w, n, !e);
	return NULL;
}

static bool has_addr(const struct iface *i, const struct prop_addr *a)
{
	for (const struct addr *x = addr_first(i->st, i); x; x = addr_next(i->st, i, x))
		if (x->family == a->family && !memcmp(&x->local, &a->a, sizeof a->a))
			return !(x->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
	return false;
}

static bool is_wrong(const struct iface *at, const struct iface *about)
{
	uint64_t pos = 0;
	struct neigh_info n;
	while (neigh_next(at->st, &pos, &n))
		if (n.if_handle == at->handle && n.state & (NUD_PERMANENT | NUD_NOARP) &&
		    memcmp(n.mac, about->mac, sizeof n.mac) != 0)
			return true;
	return false;
}

/* Whether the administrator has said something else about who is there. The answer to the question who it is takes the way back. */
static bool is_misled(const struct iface *a, const struct iface *b)
{
	return is_wrong(a, b) || is_wrong(b, a);
}

/* RFC 791, 3.2; RFC 8200, 5 */
static bool is_wide(const struct iface *i, uint8_t family)
{
	return i->mtu >= (family == AF_INET6 ? 1280 : 68);
}

static bool may_forward(const struct iface *in, uint8_t family)
{
	return family == AF_INET ? in->conf.forward4 : ip_forwarding(in->st, family);
}

/* Follows the routes; the node where they end, or 0. */
static unsigned follow(const struct world *w, unsigned node, const struct prop_addr *dst)
{
	for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
		struct leat_stack *st = stack_of(w, node);
		const struct fib_route *r = st ? fib_lookup_ctl(st, dst->family, &dst->a, 0) : NULL;
		if (!r)
			return 0;
		if (r->nh.type == RTN_LOCAL)
			return node;
		struct iface *out = iface_by_handle(st, r->nh.if_handle), *to = out ? far_end(w, out) : NULL;
		struct prop_addr hop = *dst;
		if (r->nh.gw_family)
			hop = (struct prop_addr){ .family = r->nh.gw_family, .a = r->nh.gw };
		if (r->nh.type != RTN_UNICAST || !to || !iface_is_up(out) || !iface_is_up(to) ||
		    !has_addr(to, &hop) || is_misled(out, to) || !is_wide(out, dst->family))
			return 0;
		node = node_of(w, to->st);
		const struct fib_route *next = fib_lookup_ctl(to->st, dst->family, &dst->a, 0);
		if (next && next->nh.type != RTN_LOCAL && !may_forward(to, dst->family))
			return 0;
	}
	return 0;
}

static bool source_of(const struct world *w, unsigned node, const struct prop_addr *dst,
		      struct prop_addr *ret)
{
	const struct leat_stack *st = stack_of(w, node);
	struct ip_way way;
	enum drop why = dst->family == AF_INET6 ? ip6_way(st->worker[0], 0, &dst->a.v6, &way)
						: ip4_way(st->worker[0], 0, dst->a.v4, &way);
	*ret = (struct prop_addr){ .family = dst->family, .a = way.src };
	return !why && way.has_src;
}

static bool are_connected(const struct world *w, unsigned from, unsigned to, const struct prop_addr *dst)
{
	struct prop_addr src;
	return stack_of(w, from) && stack_of(w, to) && follow(w, from, dst) == to &&
	       source_of(w, from, dst, &src) && follow(w, to, &src) == from;
}

/* --- pings --- */

struct pair {
	unsigned from, to;
	struct prop_addr dst;
	struct sim_ping *ping;
};
enum { PAIRS_MAX = NODES_MAX * NODES_MAX * 2 };

static unsigned find_pairs(const struct world *w, struct pair *p)
{
	unsigned n = 0;
	for (unsigned from = 1; from <= NODES_MAX; from++)
		for (unsigned to = 1; to <= NODES_MAX; to++)
			for (unsigned v6 = 0; v6 < 2; v6++) {
				struct prop_addr dst = addr_of_node(to, v6);
				if (from != to && are_connected(w, from, to, &dst))
					p[n++] = (struct pair){ .from = from, .to = to, .dst = dst };
			}
	return n;
}

static bool start(struct world *w, struct pair *p, uint32_t count)
{
	char text[64];
	addr_text(&p->dst, text);
	const struct sim_ping_conf c = { .to = text, .count = count, .size = 56, .interval_us = SIM_SEC };
	return !sim_ping(w->node[p->from].n, &c, &p->ping) || broken(w, "harness: ping");
}

static bool judge(struct world *w, const struct pair *p)
{
	struct sim_ping_stats s;
	char text[64];
	addr_text(&p->dst, text);
	sim_ping_stats(p->ping, &s);
	return s.received == PROOF ||
	       broken(w,
		      "unreached: routes lead from n%u to n%u (%s) and back, but %u of %u pings are answered",
		      p->from, p->to, text, s.received, s.sent);
}

static bool check_pings(struct world *w)
{
	struct pair pair[PAIRS_MAX];
	unsigned n = find_pairs(w, pair);
	for (unsigned i = 0; i < n; i++)
		if (!start(w, &pair[i], WARM_UP))
			return false;
	sim_run(w->sim, (WARM_UP + 2) * (uint64_t)SIM_SEC);
	if (!check_all(w))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!start(w, &pair[i], PROOF))
			return false;
	sim_run(w->sim, (PROOF + 2) * (uint64_t)SIM_SEC);
	for (unsigned i = 0; i < n; i++)
		if (!judge(w, &pair[i]))
			return false;
	return check_all(w);
}

/* --- nothing waits --- */

static bool has_settled(struct world *w, struct leat_stack *st)
{
	for (struct neigh_entry *e = neigh_entry_after(st, NULL); e; e = neigh_entry_after(st, e)) {
		uint8_t state = neigh_word_state(e->word);
		if (state & (NUD_INCOMPLETE | NUD_PROBE | NUD_DELAY | NUD_REACHABLE))
			return broken(w, "unsettled: %s: a neighbour nobody talks to is still in state %#x",
				      st->name, state);
	}
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
			if (a->flags & IFA_F_TENTATIVE && iface_is_up(i) && !(a->flags & IFA_F_DADFAILED))
				return broken(w, "unsettled: %s: an address of %s is still being tested",
					      st->name, i->name);
	return true;
}

static bool check_quiet(struct world *w)
{
	uint64_t held = 0;
	for (unsigned i = 1; i <= NODES_MAX; i++) {
		struct leat_stack *st = stack_of(w, i);
		if (!st)
			continue;
		if (!has_settled(w, st))
			return false;
		held += held_by_stack(st);
	}
	return !held || broken(w, "stuck: %lu packets are held after all has been quiet for long", held);
}

bool check_final(struct world *w)
{
	network_heal(w);
	sim_settle(w->sim);
	if (!check_all(w))
		return false;
	sim_run(w->sim, QUIET_US);
	traffic_read_all(w);
	sim_settle(w->sim);
	return check_all(w) && check_quiet(w) && check_pings(w);
}
