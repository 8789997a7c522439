/* SPDX-License-Identifier: BSD-2-Clause */
/* The source of a packet that has none. IPv6 by RFC 6724, 5: rules 1 (the destination itself), 2 (scope), 3 (not deprecated),
 * 5 (the outgoing interface), 8 (longest matching prefix); 4, 6 and 7 (home, label, temporary) have no addresses to tell
 * apart yet. IPv4 as Linux: the primary in the destination's subnet, then the first of the interface, then of another. */
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/addr_internal.h"

/* What a destination asks of its source. */
struct wish {
	const struct ipaddr *dst;
	uint32_t out;
	uint8_t family, scope; /* RFC 4291 scope of dst, for IPv6 */
};

struct candidate {
	const struct addr *a;
	uint32_t ifindex;
	bool on_out;
};

/* RFC 4291, 2.7, and RFC 6724, 3.1: link-local, global, or what a group's address says. */
static uint8_t scope6(const struct ip6 *a)
{
	static const struct ip6 loopback = { { [15] = 1 } };
	if (ip6_is_multicast(a))
		return a->b[1] & 0xf;
	return ip6_is_link_local(a) || ip6_eq(a, &loopback) ? 2 : 14;
}

static unsigned common_prefix(const struct ipaddr *a, const struct ipaddr *b, unsigned max)
{
	unsigned n = 0;
	while (n < max && !((a->b[n / 8] ^ b->b[n / 8]) & 0x80 >> n % 8))
		n++;
	return n;
}

/* Positive: x is the better one by this rule. */
static int by_scope6(const struct wish *want, const struct addr *x, const struct addr *y)
{
	uint8_t sx = scope6(&x->local.v6), sy = scope6(&y->local.v6);
	if (sx == sy)
		return 0;
	if (sx < sy)
		return sx < want->scope ? -1 : 1;
	return sy < want->scope ? 1 : -1;
}

static int better6(const struct wish *want, const struct candidate *x, const struct candidate *y)
{
	int d = ipaddr_eq(&x->a->local, want->dst) - ipaddr_eq(&y->a->local, want->dst);
	if (!d)
		d = by_scope6(want, x->a, y->a);
	if (!d)
		d = !(racy_get(x->a->flags) & IFA_F_DEPRECATED) - !(racy_get(y->a->flags) & IFA_F_DEPRECATED);
	if (!d)
		d = x->on_out - y->on_out;
	if (!d)
		d = (int)common_prefix(&x->a->local, want->dst, x->a->plen) -
		    (int)common_prefix(&y->a->local, want->dst, y->a->plen);
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

/* Linux: addresses of scope host stay inside, those of scope link on their link. */
static bool may_serve(const struct wish *want, const struct candidate *c)
{
	const struct addr *a = c->a;
	if (a->family != want->family || !addr_is_ours(a))
		return false;
	if (a->family == AF_INET6)
		return c->on_out || (want->scope > 2 && scope6(&a->local.v6) > 2);
	return !(racy_get(a->flags) & IFA_F_SECONDARY) && (c->on_out || a->scope < RT_SCOPE_LINK);
}

static void look_through(const struct wish *want, const struct addr_if *f, struct candidate *best)
{
	const struct addr_set *set = rcu_get(f->set);
	for (uint32_t i = 0; set && i < set->n; i++) {
		struct candidate c = { set->addr[i], f->ifindex, f->if_handle == want->out };
		if (!may_serve(want, &c))
			continue;
		if (!best->a ||
		    (want->family == AF_INET6 ? better6(want, &c, best) : better4(want, &c, best)) > 0)
			*best = c;
	}
}

/* IPv4 is content with what the interface has; IPv6 with nothing but an address of its scope. */
static bool is_content(const struct wish *want, const struct candidate *best)
{
	if (!best->a)
		return false;
	return want->family == AF_INET || scope6(&best->a->local.v6) >= want->scope || want->scope <= 2;
}

bool addr_select_source(const struct worker *w, const struct iface *out, uint8_t family,
			const struct ipaddr *dst, struct ipaddr *ret)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	struct wish want = { .dst = dst, .out = out->handle, .family = family };
	struct candidate best = { 0 };
	if (!t)
		return false;
	if (family == AF_INET6)
		want.scope = scope6(&dst->v6);
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
