/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a prefix with the autonomous flag makes an address (RFC 4862, 5.5.3): its identifier is the interface's token,
 * or stable and private (RFC 7217), or made of the MAC, in this order. Hearing of the prefix again renews its lifetimes; who is
 * not believed to shorten them to less than two hours (5.5.3 e), lest a stranger take addresses away. There are never more than
 * max_addresses on an interface, so strangers cannot fill it either.
 *
 * The route to the prefix is another matter (ip/ra_prefix.c). Linux: addresses are made with addr_gen_mode 1, too, which only keeps
 * the link-local one away. */
#include "net/addr_slaac.h"

#include <string.h>

#include "net/addr_gen.h"
#include "net/addr_temp.h"

enum { TWO_HOURS_S = 7200 };

static unsigned count_addrs6(struct leat_stack *st, const struct iface *i)
{
	unsigned n = 0;
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		n += a->family == AF_INET6;
	return n;
}

/* What to call ours in this prefix. False: there is nothing to make it of. */
static bool make(struct leat_stack *st, struct iface *i, const struct addr_prefix *p, struct addr *ret)
{
	struct ip6 a = p->prefix;
	ret->tokenized = !ip6_is_zero(&i->in6.token);
	if (ret->tokenized)
		memcpy(a.b + 8, i->in6.token.b + 8, 8);
	else if (addr_gen_is_stable(st, i) && addr_gen_stable(st, i, 0, &a))
		ret->flags |= IFA_F_STABLE_PRIVACY;
	else if (!addr_gen_eui64(i, &a))
		return false;
	ret->local.v6 = a;
	return true;
}

/* The one made of this prefix before: the same, or what became of it when somebody had it already. */
static struct addr *find(struct leat_stack *st, const struct iface *i, const struct addr *want)
{
	for (struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a)) {
		bool retried = a->retries && want->flags & IFA_F_STABLE_PRIVACY && a->origin == ADDR_SLAAC &&
			       !(a->flags & IFA_F_TEMPORARY) && addr_same_prefix(&a->local, &want->local, 64);
		if (a->family == AF_INET6 && (ipaddr_eq(&a->local, &want->local) || retried))
			return a;
	}
	return NULL;
}

static void add(struct leat_stack *st, struct iface *i, const struct addr_prefix *p, struct addr *how)
{
	const struct ip6_auto_conf *c = &i->conf.ip6;
	if (!p->valid_s || (c->max_addresses && count_addrs6(st, i) >= c->max_addresses))
		return;
	how->if_handle = i->handle;
	how->family = AF_INET6;
	how->plen = 64;
	how->flags |= IFA_F_MANAGETEMPADDR;
	/* RFC 4429, 3.1: a host's, and one that knows whom to ask; Linux */
	if (c->optimistic_dad && !i->conf.forward6 && p->optimistic)
		how->flags |= IFA_F_OPTIMISTIC;
	how->valid_s = p->valid_s;
	how->preferred_s = p->preferred_s;
	how->proto = IFAPROT_KERNEL_RA;
	how->origin = ADDR_SLAAC;
	addr_add(st, how, false);
}

static void renew(struct leat_stack *st, const struct iface *i, const struct addr_prefix *p, struct addr *a)
{
	uint32_t left_s = addr_left_s(st, a, a->valid_s);
	struct addr how = { .valid_s = p->valid_s, .preferred_s = p->preferred_s };
	if (!left_s || a->origin != ADDR_SLAAC) /* what a person set up a router does not change */
		return;
	if (!i->conf.ip6.pio_life)
		how.valid_s = MAX(p->valid_s, MIN(left_s, (uint32_t)TWO_HOURS_S));
	addr_renew(st, a, &how);
}

void addr_slaac(struct leat_stack *st, struct iface *i, const struct addr_prefix *p)
{
	struct addr how = { 0 };
	if (!make(st, i, p, &how))
		return;
	struct addr *a = find(st, i, &how);
	if (a)
		renew(st, i, p, a);
	else
		add(st, i, p, &how);
}

void addr_token_changed(struct leat_stack *st, const struct iface *i)
{
	for (struct addr *a = addr_first(st, i); a;) {
		if (a->family == AF_INET6 && a->tokenized) {
			addr_remove(st, a);
			a = addr_first(st, i); /* its temporary ones have gone along */
		} else {
			a = addr_next(st, i, a);
		}
	}
}
