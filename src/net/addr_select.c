/* SPDX-License-Identifier: BSD-2-Clause */
/* The source of a packet that has none. IPv6 by RFC 6724, 5, in the order of Linux: 1 the destination itself, 2 scope, 3 not
 * deprecated (and not under test, unless use_optimistic), 5 the outgoing interface, 6 the same label (addr_label.h), 7 public or
 * temporary as use_tempaddr or the socket wishes, ORCHIDs among themselves, 8 the longest matching prefix, and what is under test
 * last. Rule 4 (home addresses) has none to tell apart; 5.5 (the prefix of the next hop's router) is left out, as Linux leaves it.
 * IPv4 as Linux: the primary in the destination's subnet, then the first of the interface, then of another. */
#include <linux/in6.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/addr_label.h"
#include "net/l3.h"
#include "wire/ip6.h"

enum { SCOPE_LINK = 2, SCOPE_SITE = 5, SCOPE_GLOBAL = 14 };
#ifndef IPV6_PREFER_SRC_TMP
enum { IPV6_PREFER_SRC_TMP = 1, IPV6_PREFER_SRC_PUBLIC = 2 };
#endif

/* What a destination asks of its source. */
struct wish {
	const struct worker *w;
	const struct addr_table *t;
	const struct ipaddr *dst;
	uint32_t out, prefs; /* prefs: IPV6_PREFER_SRC_* */
	uint32_t vrf; /* of the outgoing interface */
	uint32_t label; /* of dst, for IPv6 */
	uint8_t family, scope; /* RFC 4291 scope of dst, for IPv6 */
	bool out_only; /* IPv6: addresses of the outgoing interface alone will do */
};

struct candidate {
	const struct addr *a;
	uint32_t ifindex, flags;
	bool on_out, elsewhere; /* elsewhere: in another VRF */
	bool use_optimistic, prefer_temp; /* what the address's interface says */
};

/* RFC 4291, 2.7, and RFC 6724, 3.1: link-local, site-local once, global, or what a group's address says. */
static uint8_t scope6(const struct ip6 *a)
{
	if (ip6_is_multicast(a))
		return a->b[1] & 0xf;
	if (ip6_is_zero(a)) /* of no destination; Linux: less than any */
		return 0;
	if (ip6_is_link_local(a) || ip6_is_loopback(a))
		return SCOPE_LINK;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0 ? SCOPE_SITE : SCOPE_GLOBAL;
}

static unsigned common_prefix(const struct ipaddr *a, const struct ipaddr *b, unsigned max)
{
	unsigned n = 0;
	while (n < max && !((a->b[n / 8] ^ b->b[n / 8]) & 0x80 >> n % 8))
		n++;
	return n;
}

/* --- the rules; positive: x is the better one by this rule --- */

typedef int rule_fn(const struct wish *want, const struct candidate *x, const struct candidate *y);

static int by_being_it(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return ipaddr_eq(&x->a->local, want->dst) - ipaddr_eq(&y->a->local, want->dst);
}

static int by_scope(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	uint8_t sx = scope6(&x->a->local.v6), sy = scope6(&y->a->local.v6);
	if (sx == sy)
		return 0;
	if (sx < sy)
		return sx < want->scope ? -1 : 1;
	return sy < want->scope ? 1 : -1;
}

/* Linux: what is no address of a link is preferred whatever it is marked as. */
static bool is_preferred(const struct candidate *c)
{
	uint32_t avoid = IFA_F_DEPRECATED | (c->use_optimistic ? 0 : (uint32_t)IFA_F_OPTIMISTIC);
	return !(c->flags & avoid) || ip6_is_loopback(&c->a->local.v6) || ip6_is_v4_mapped(&c->a->local.v6);
}
static int by_preference(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return is_preferred(x) - is_preferred(y);
}

static int by_interface(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return x->on_out - y->on_out;
}

static bool has_label(const struct wish *want, const struct candidate *c)
{
	return addr_label_of(want->t, &c->a->local.v6, c->ifindex) == want->label;
}
static int by_label(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return has_label(want, x) - has_label(want, y);
}

static bool is_as_private(const struct wish *want, const struct candidate *c)
{
	bool temp = want->prefs & (IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_PUBLIC)
			    ? want->prefs & IPV6_PREFER_SRC_TMP
			    : c->prefer_temp;
	return !(c->flags & IFA_F_TEMPORARY) != temp;
}
static int by_privacy(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return is_as_private(want, x) - is_as_private(want, y);
}

/* RFC 4843 */
static bool is_orchid(const struct ip6 *a)
{
	return a->b[0] == 0x20 && a->b[1] == 0x01 && a->b[2] == 0 && (a->b[3] & 0xf0) == 0x10;
}
static int by_orchid(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	bool orchid = is_orchid(&want->dst->v6);
	return (is_orchid(&x->a->local.v6) == orchid) - (is_orchid(&y->a->local.v6) == orchid);
}

static int by_prefix(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return (int)common_prefix(&x->a->local, want->dst, x->a->plen) -
	       (int)common_prefix(&y->a->local, want->dst, y->a->plen);
}

static int by_test(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	return !(x->flags & IFA_F_OPTIMISTIC) - !(y->flags & IFA_F_OPTIMISTIC);
}

static int better6(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	static rule_fn *const rules[] = { by_being_it, by_scope,  by_preference, by_interface, by_label,
					  by_privacy,  by_orchid, by_prefix,     by_test };
	int d = 0;
	for (unsigned i = 0; !d && i < ARRAY_SIZE(rules); i++)
		d = rules[i](want, x, y);
	return d ? d : (int)y->ifindex - (int)x->ifindex;
}

static bool in_subnet4(const struct addr *a, const struct ipaddr *dst)
{
	return addr_same_prefix(addr_far_end(a), dst, a->plen);
}

static int better4(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	int d = x->on_out - y->on_out;
	if (!d)
		d = in_subnet4(x->a, want->dst) - in_subnet4(y->a, want->dst);
	if (!d)
		d = (int)y->a->scope - (int)x->a->scope; /* the wider one */
	return d ? d : (int)y->ifindex - (int)x->ifindex;
}

/* Addresses of scope host stay inside, those of scope link on their link (Linux: IPv6 ones may be seen on another, if the host
 * has nothing else; they could not be answered). */
static bool may_serve(const struct wish *want, const struct candidate *c)
{
	const struct addr *a = c->a;
	if (a->family != want->family || c->elsewhere || !addr_is_ours(a) || c->flags & IFA_F_MCAUTOJOIN)
		return false; /* or a group, which nobody is */
	if (a->family == AF_INET6)
		return c->on_out || (!want->out_only && scope6(&a->local.v6) > SCOPE_LINK);
	return !(c->flags & IFA_F_SECONDARY) && a->scope <= RT_SCOPE_LINK - !c->on_out;
}

static struct candidate candidate_of(const struct wish *want, const struct addr_if *f, const struct iface *i,
				     const struct addr *a)
{
	return (struct candidate){
		.a = a,
		.ifindex = f->ifindex,
		.flags = racy_get(a->flags),
		.on_out = f->if_handle == want->out,
		.elsewhere = l3_handle_of(want->w, f->if_handle) != want->vrf,
		.use_optimistic = i && racy_get(i->conf.ip6.use_optimistic),
		.prefer_temp = i && racy_get(i->conf.ip6.use_tempaddr) >= 2,
	};
}

static void look_through(const struct wish *want, const struct addr_if *f, struct candidate *best)
{
	const struct addr_set *set = rcu_get(f->set);
	const struct iface *i = iface_get(want->w, f->if_handle);
	for (uint32_t k = 0; set && k < set->n; k++) {
		struct candidate c = candidate_of(want, f, i, set->addr[k]);
		if (!may_serve(want, &c))
			continue;
		if (!best->a ||
		    (want->family == AF_INET6 ? better6(want, &c, best) : better4(want, &c, best)) > 0)
			*best = c;
	}
}

/* IPv4 is content with what the interface has. IPv6 when nothing elsewhere could win before the interface counts: rules 1 to
 * 3. A destination that is ours is nobody's but its own. */
static bool is_content(const struct wish *want, const struct candidate *best)
{
	if (want->family == AF_INET)
		return best->a;
	if (want->out_only || !best->a)
		return want->out_only;
	return scope6(&best->a->local.v6) == want->scope && is_preferred(best) &&
	       !addr_find(want->w, AF_INET6, want->dst);
}

static void complete6(struct wish *want, const struct iface *out)
{
	const struct ip6 *dst = &want->dst->v6;
	want->scope = scope6(dst);
	want->label = addr_label_of(want->t, dst, out->ifindex);
	/* RFC 6724, 4 */
	want->out_only =
		ip6_is_multicast(dst) || want->scope <= SCOPE_LINK || racy_get(out->conf.ip6.oif_addrs_only);
}

bool addr_select_source_as(const struct worker *w, const struct iface *out, uint8_t family,
			   const struct ipaddr *dst, uint32_t prefs, struct ipaddr *ret)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	struct wish want = {
		.w = w, .t = t, .dst = dst, .out = out->handle, .prefs = prefs, .family = family
	};
	struct candidate best = { 0 };
	if (!t)
		return false;
	want.vrf = l3_handle_of(w, out->handle);
	if (family == AF_INET6)
		complete6(&want, out);
	const struct addr_if *own = addr_if_find(t, out->handle);
	if (own)
		look_through(&want, own, &best);
	if (!is_content(&want, &best)) {
		struct hash_node *n;
		hash_for_each (n, &t->ifs)
			look_through(&want, container_of(n, struct addr_if, node), &best);
	}
	if (best.a)
		*ret = best.a->local;
	return best.a != NULL;
}

bool addr_select_source(const struct worker *w, const struct iface *out, uint8_t family,
			const struct ipaddr *dst, struct ipaddr *ret)
{
	return addr_select_source_as(w, out, family, dst, 0, ret);
}

bool addr_any_on(const struct worker *w, uint32_t if_handle, uint8_t family)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	const struct addr_if *f = t ? addr_if_find(t, if_handle) : NULL;
	const struct addr_set *set = f ? rcu_get(f->set) : NULL;
	for (uint32_t i = 0; set && i < set->n; i++)
		if (set->addr[i]->family == family)
			return true;
	return false;
}
