/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what routers said of routes, and until when: default routers, further routes (RFC 4191), prefixes that are on
 * the link. Each is in the FIB (RTPROT_RA; prefixes RTPROT_KERNEL, as Linux has them), which shows when it ends, while it is on the list
 * here, whose entries have a timer each. Hearing of one again sets its timer, and puts it into the FIB again should somebody have taken it out. There
 * are bounds for each interface and kind; beyond them the newest is not heeded, so that a flood of advertisements displaces no
 * router that is in use.
 *
 * Among routers of one metric (RFC 4861, 6.3.6; RFC 4191, 3.2) those count whose neighbour entry has not failed, then the most
 * preferred; the FIB is told by a rank, and several of the same rank share the flows (RFC 4311; Linux takes the first). */
#include "ip/ra.h"

#include <inttypes.h>

#include "net/l3.h"

static bool is_like(const struct ra_route *r, const struct ra_route *like)
{
	return r->if_handle == like->if_handle && r->kind == like->kind && r->plen == like->plen &&
	       ip6_eq(&r->prefix, &like->prefix) && ip6_eq(&r->gw, &like->gw);
}

struct ra_route *ra_route_find(const struct leat_stack *st, const struct ra_route *like)
{
	struct ra_route *r;
	list_for_each (r, &ra_stack(st)->routes, link)
		if (is_like(r, like))
			return r;
	return NULL;
}

static struct fib_route fib_route_of(const struct ra_route *r)
{
	bool on_link = r->kind == RA_ON_LINK;
	return (struct fib_route){
		.family = AF_INET6,
		.plen = r->plen,
		.protocol = on_link ? RTPROT_KERNEL : RTPROT_RA,
		.pref = r->pref,
		.dst.v6 = r->prefix,
		.table = l3_table_of(r->st, r->if_handle, RT_TABLE_MAIN),
		.metric = r->metric,
		.nh = { .if_handle = r->if_handle,
			.type = RTN_UNICAST,
			.gw_family = on_link ? 0 : AF_INET6,
			.gw.v6 = r->gw,
			.metric = { [RTAX_MTU] = r->mtu, [RTAX_HOPLIMIT] = r->hop_limit } },
	};
}

/* RFC 4191, 3.2: who can be reached first, then by preference; where nobody can, all are tried. */
static uint8_t rank_of(const struct ra_route *r)
{
	static const uint8_t rank[] = { [ND_PREF_LOW] = 1, [ND_PREF_MEDIUM] = 2, [ND_PREF_HIGH] = 3 };
	return r->failed ? 0 : rank[r->pref];
}

static void set_rank(struct ra_route *r)
{
	struct fib_route f = fib_route_of(r);
	if (r->kind != RA_ON_LINK)
		fib_set_rank(r->st, &f, rank_of(r));
}

/* -EEXIST: it is there, but ends at another time. */
static void into_fib(struct ra_route *r)
{
	struct fib_route f = fib_route_of(r);
	f.until_us = r->ends_us == UINT64_MAX ? 0 : r->ends_us;
	fib_add(r->st, &f, FIB_APPEND, NULL);
	fib_set_until(r->st, &f);
	set_rank(r);
}

static void out_of_fib(struct ra_route *r)
{
	struct fib_route f = fib_route_of(r);
	fib_delete(r->st, &f);
}

static void forget(struct ra_route *r)
{
	lcore_timer_stop(r->st->rt->ctl, &r->expiry);
	list_remove(&r->link);
	mem_free(r);
}

static void on_expiry(struct lcore *lc, struct timer *t)
{
	struct ra_route *r = container_of(t, struct ra_route, expiry);
	struct leat_stack *st = r->st;
	out_of_fib(r);
	forget(r);
	view_publish(st);
}

static void set_end(struct ra_route *r, uint32_t lifetime_s)
{
	struct lcore *ctl = r->st->rt->ctl;
	r->ends_us = lifetime_s == UINT32_MAX ? UINT64_MAX : ctl->now_us + (uint64_t)lifetime_s * 1000000;
	if (r->ends_us == UINT64_MAX)
		lcore_timer_stop(ctl, &r->expiry);
	else
		timer_set_at(&ctl->wheel, &r->expiry, r->ends_us);
}

/* --- coming --- */

static const struct {
	const char *name;
	unsigned max;
} bounds[RA_KINDS] = {
	[RA_DEFAULT] = { "default routers", RA_ROUTERS_MAX },
	[RA_INFO] = { "routes", RA_ROUTES_MAX },
	[RA_ON_LINK] = { "prefixes", RA_PREFIXES_MAX },
};

/* Who floods a link with advertisements should be looked for, but need not fill the log. */
static void tell_of_bound(struct leat_stack *st, const struct ra_route *how)
{
	enum { TELL_EVERY_US = 60 * 1000000 };
	struct ra_stack *s = ra_stack(st);
	const struct iface *i = iface_by_handle(st, how->if_handle);
	uint64_t now_us = st->rt->ctl->now_us;
	s->n_refused++;
	if (s->told_us && now_us - s->told_us < TELL_EVERY_US)
		return;
	s->told_us = now_us;
	rt_log(st->rt, LOG_WARN, "%s: routers advertise more than %u %s: %" PRIu64 " not heeded so far",
	       i ? i->name : "?", bounds[how->kind].max, bounds[how->kind].name, s->n_refused);
}

static bool is_room_for(struct leat_stack *st, const struct ra_route *how)
{
	const struct ra_route *r;
	unsigned n = 0;
	list_for_each (r, &ra_stack(st)->routes, link)
		n += r->if_handle == how->if_handle && r->kind == how->kind;
	if (n >= bounds[how->kind].max)
		tell_of_bound(st, how);
	return n < bounds[how->kind].max;
}

static struct ra_route *route_new(struct leat_stack *st, const struct ra_route *how)
{
	struct ra_route *r = is_room_for(st, how) ? mem_zalloc(&st->mem, sizeof *r) : NULL;
	if (!r)
		return NULL;
	*r = *how;
	r->st = st;
	timer_init(&r->expiry, on_expiry);
	list_append(&ra_stack(st)->routes, &r->link);
	return r;
}

static void take_away(struct ra_route *r)
{
	out_of_fib(r);
	forget(r);
}

static bool is_otherwise(const struct ra_route *r, const struct ra_route *how)
{
	return r->pref != how->pref || r->metric != how->metric || r->mtu != how->mtu ||
	       r->hop_limit != how->hop_limit;
}

void ra_route_heard(struct leat_stack *st, const struct ra_route *how, uint32_t lifetime_s)
{
	struct ra_route *r = ra_route_find(st, how);
	if (r && !lifetime_s)
		take_away(r);
	if (!lifetime_s)
		return;
	if (!r)
		r = route_new(st, how);
	if (!r)
		return;
	if (is_otherwise(r, how)) {
		out_of_fib(r);
		r->pref = how->pref;
		r->metric = how->metric;
		r->mtu = how->mtu;
		r->hop_limit = how->hop_limit;
	}
	set_end(r, lifetime_s);
	into_fib(r);
}

int ra_route_put_back(struct leat_stack *st, const struct ra_route *how, uint32_t lifetime_s)
{
	struct ra_route *r = ra_route_find(st, how) ? NULL : route_new(st, how);
	if (!r)
		return 0;
	set_rank(r);
	set_end(r, lifetime_s); /* the FIB has it from its own part of the file */
	return 0;
}

/* --- neighbours --- */

enum { VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE };

static void on_state(struct leat_stack *st, const struct neigh_info *n)
{
	struct ra_route *r;
	list_for_each (r, &ra_stack(st)->routes, link) {
		if (r->if_handle != n->if_handle || !ip6_eq(&r->gw, &n->addr.v6))
			continue;
		bool was = r->failed;
		r->failed = n->state & VALID ? false : n->state & NUD_FAILED ? true : was;
		if (r->failed != was)
			set_rank(r);
	}
}

static void neigh_event(struct neigh_watch *watch, struct leat_stack *st, const struct neigh_info *n,
			enum neigh_event e)
{
	if (n->family != AF_INET6)
		return;
	if (e == NEIGH_STATE)
		on_state(st, n);
	else if (e == NEIGH_ROUTER && !(n->flags & NTF_ROUTER)) /* RFC 4861, 7.2.5 */
		ra_routers_gone(st, n->if_handle, &n->addr.v6);
}

void ra_routes_init(struct leat_stack *st)
{
	list_init(&ra_stack(st)->routes);
	ra_stack(st)->neighs.event = neigh_event;
	neigh_watch_add(st, &ra_stack(st)->neighs);
}

void ra_routes_unlink(struct leat_stack *st)
{
	neigh_watch_remove(st, &ra_stack(st)->neighs);
}

/* --- going --- */

void ra_routes_forget(struct leat_stack *st, uint32_t if_handle)
{
	struct ra_route *r, *next;
	list_for_each_safe (r, next, &ra_stack(st)->routes, link)
		if (!if_handle || r->if_handle == if_handle)
			forget(r);
}

void ra_routers_gone(struct leat_stack *st, uint32_t if_handle, const struct ip6 *gw)
{
	struct ra_route *r, *next;
	if (!ra_stack(st))
		return;
	list_for_each_safe (r, next, &ra_stack(st)->routes, link)
		if (r->kind == RA_DEFAULT && r->if_handle == if_handle && (!gw || ip6_eq(&r->gw, gw)))
			take_away(r);
}
