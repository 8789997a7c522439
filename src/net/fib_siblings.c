/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 routes that are given with several ways at once (RTA_MULTIPATH): each becomes an entry, as if they had been appended one by
 * one, and listeners hear of them once. Linux: ip6_route_multipath_add(). */
#include <errno.h>
#include <netinet/in.h>

#include "net/ctl_fill.h"
#include "net/fib_internal.h"

static bool is_same_hop(const struct fib_hop *a, const struct fib_hop *b)
{
	return a->if_handle == b->if_handle && a->gw_family == b->gw_family && ipaddr_eq(&a->gw, &b->gw);
}

static bool has_twins(const struct fib_route *r)
{
	for (unsigned i = 0; i < r->n_hops; i++)
		for (unsigned k = 0; k < i; k++)
			if (is_same_hop(&r->hops[i], &r->hops[k]))
				return true;
	return false;
}

static struct fib_route only_hop(const struct fib_route *r, unsigned i)
{
	struct fib_route one = *r;
	one.n_hops = 0;
	one.weight = r->hops[i].weight;
	one.nh = fib_nh_with_hop(&r->nh, &r->hops[i]);
	return one;
}

/* What was there is not harmed by those behind the first. */
static enum fib_how how_then(enum fib_how how, unsigned i)
{
	return i ? FIB_APPEND : how;
}

static void take_back(struct leat_stack *st, const struct fib_route *r, unsigned n)
{
	struct fib_route all = *r;
	all.n_hops = (uint16_t)n;
	if (n)
		fib_delete(st, &all);
}

static uint16_t told_of(enum fib_how how)
{
	if (how == FIB_REPLACE || how == FIB_CHANGE)
		return NLM_F_REPLACE;
	return how == FIB_APPEND ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE;
}

/* Linux: the first that came with all behind it; what was appended to others is shown with the eldest first. */
static void tell(struct leat_stack *st, const struct fib_route *r, enum fib_how how,
		 const struct fib_route *first)
{
	struct fib_route shown;
	if (fib_show_siblings(st, r, first->serial, how == FIB_APPEND, &shown))
		route_tell(st, RTM_NEWROUTE, told_of(how), &shown);
}

int fib_add_siblings(struct leat_stack *st, const struct fib_route *r, enum fib_how how,
		     fib_add_one_fn *add_one, const char **ret_why)
{
	struct fib_route first = { 0 }, added;
	unsigned told, i;
	int err = 0;
	if (has_twins(r))
		return -EEXIST;
	for (i = 0; i < r->n_hops; i++) {
		const struct fib_route one = only_hop(r, i);
		err = add_one(st, &one, how_then(how, i), &told, i ? &added : &first);
		if (err)
			break;
	}
	if (err && i && told_of(how) == NLM_F_REPLACE)
		*ret_why = "multipath route replace failed (check consistency of installed routes)";
	if (i)
		tell(st, r, how, &first);
	if (err)
		take_back(st, r, i);
	return err;
}
