/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes in a saved stack. They were checked when they were added, and are put back in the order of a dump, which need not be one
 * in which gateways come first; so they are not checked against each other again, only for what a file can get wrong. */
#include <errno.h>
#include <netinet/in.h>

#include "core/save.h"
#include "net/anycast.h"
#include "net/fib_internal.h"
#include "net/nexthop.h"
#include "net/route_fill.h"
#include "net/rule_internal.h"

/* A table has a million of them: a field that says nothing is left out. */
static void save_if(struct saver *s, const char *key, uint64_t v)
{
	if (v)
		save_u64(s, key, v);
}

static void save_address(struct saver *s, const char *key, uint8_t family, const struct ipaddr *a)
{
	if (family)
		save_bytes(s, key, a->b, family == AF_INET ? sizeof a->v4 : sizeof a->b);
}

static bool has_metrics(const struct fib_nh *nh)
{
	for (unsigned i = 1; i <= RTAX_MAX; i++)
		if (nh->metric[i])
			return true;
	return nh->cc_algo[0];
}

static void save_metrics(struct saver *s, const struct fib_nh *nh)
{
	if (!has_metrics(nh))
		return;
	save_begin(s, "metrics");
	for (unsigned i = 1; i <= RTAX_MAX; i++)
		if (nh->metric[i])
			save_u64(s, route_metric_names[i], nh->metric[i]);
	if (nh->cc_algo[0])
		save_str(s, "congctl", nh->cc_algo);
	save_end(s);
}

static void save_hops(struct leat_stack *st, struct saver *s, const struct fib_route *r)
{
	if (!r->n_hops || r->nh.nh_id)
		return;
	save_list(s, "hops");
	for (unsigned k = 0; k < r->n_hops; k++) {
		const struct fib_hop *hop = &r->hops[k];
		const struct iface *i = iface_by_handle(st, hop->if_handle);
		save_item(s);
		save_u64(s, "ifindex", i ? i->ifindex : 0);
		save_u64(s, "gw_family", hop->gw_family);
		save_bytes(s, "gw", hop->gw.b, sizeof hop->gw.b);
		save_u64(s, "flags", hop->flags);
		save_u64(s, "weight", hop->weight);
		save_if(s, "realms", hop->realms);
		save_end(s);
	}
	save_end(s);
}

static void save_one(struct leat_stack *st, struct saver *s, const struct fib_route *r)
{
	const struct iface *i = iface_by_handle(st, r->nh.if_handle);
	save_item(s);
	save_u64(s, "family", r->family);
	save_address(s, "dst", r->family, &r->dst);
	save_u64(s, "plen", r->plen);
	save_if(s, "tos", r->tos);
	save_u64(s, "table", r->table);
	save_u64(s, "protocol", r->protocol);
	save_if(s, "metric", r->metric);
	save_if(s, "flags", r->flags);
	save_u64(s, "type", r->nh.type);
	save_if(s, "scope", r->nh.scope);
	save_if(s, "nexthop", r->nh.nh_id);
	save_if(s, "ifindex", i ? i->ifindex : 0);
	save_if(s, "gw_family", r->nh.gw_family);
	save_address(s, "gw", r->nh.gw_family, &r->nh.gw);
	save_if(s, "nh_flags", r->nh.flags);
	save_if(s, "prefsrc_family", r->nh.prefsrc_family);
	save_address(s, "prefsrc", r->nh.prefsrc_family, &r->nh.prefsrc);
	save_if(s, "realms", r->nh.realms);
	save_if(s, "src_plen", r->nh.src_plen);
	save_address(s, "src", r->nh.src_plen ? AF_INET6 : 0, &r->nh.src);
	if (r->family == AF_INET6)
		save_if(s, "pref", r->pref);
	if (r->until_us) { /* what is left of it */
		uint64_t now_us = st->rt->ctl->now_us;
		save_u64(s, "lifetime_us", r->until_us > now_us ? r->until_us - now_us : 1);
	}
	save_metrics(s, &r->nh);
	save_hops(st, s, r);
	save_end(s);
}

static bool is_of_program(const struct leat_stack *st, const struct fib_route *r)
{
	return r->nh.type == RTN_ANYCAST && r->family == AF_INET6 &&
	       anycast_is_of_programs(st, r->nh.if_handle, &r->dst.v6);
}

int fib_save(struct leat_stack *st, struct saver *s)
{
	struct fib_route r;
	nexthops_save(st, s);
	save_list(s, "routes");
	for (bool more = fib_next(st, NULL, AF_UNSPEC, &r); more; more = fib_next(st, &r, AF_UNSPEC, &r))
		if (!is_of_program(st, &r))
			save_one(st, s, &r);
	save_end(s);
	rules_save(st, s);
	return save_error(s);
}

/* Number of a field that fits in so many bytes of r. */
static bool load_field(struct loader *l, const char *key, uint64_t max, void *to, size_t bytes)
{
	uint64_t v;
	if (!load_u64(l, key, 0, max, &v))
		return false;
	memcpy(to, &v, bytes); /* little-endian, as bytes.h asserts */
	return true;
}
#define LOAD(l, key, max, to) load_field(l, key, max, &(to), sizeof(to))

/* What is left out is 0. */
static bool load_if(struct loader *l, const char *key, uint64_t max, void *to, size_t bytes)
{
	return !load_has(l, key) || load_field(l, key, max, to, bytes);
}
#define LOAD_IF(l, key, max, to) load_if(l, key, max, &(to), sizeof(to))

/* As long as its family's, or (files of before) always of 16 bytes. */
static bool load_address(struct loader *l, const char *key, uint8_t family, struct ipaddr *a)
{
	size_t n;
	if (!load_has(l, key))
		return !family || !load_bad(l, key, "no such bytes");
	if (!load_blob(l, key, a->b, sizeof a->b, &n))
		return false;
	bool ok = n == sizeof a->b || (family == AF_INET && n == sizeof a->v4);
	return ok || !load_bad(l, key, "wrong length");
}

static bool load_pref(struct loader *l, struct fib_route *r)
{
	return r->family != AF_INET6 || LOAD_IF(l, "pref", ROUTE_PREF_LOW, r->pref);
}

static bool load_source(struct loader *l, struct fib_nh *nh)
{
	return LOAD_IF(l, "src_plen", 128, nh->src_plen) &&
	       load_address(l, "src", nh->src_plen ? AF_INET6 : 0, &nh->src);
}

static bool load_metrics(struct loader *l, struct fib_nh *nh)
{
	bool ok = true;
	if (!load_has(l, "metrics"))
		return true;
	if (!load_begin(l, "metrics"))
		return false;
	for (unsigned i = 1; i <= RTAX_MAX && ok; i++)
		if (route_metric_names[i] && load_has(l, route_metric_names[i]))
			ok = LOAD(l, route_metric_names[i], route_metric_bound(i, UINT32_MAX), nh->metric[i]);
	if (ok && load_has(l, "congctl"))
		ok = load_str(l, "congctl", nh->cc_algo, sizeof nh->cc_algo) &&
		     (route_cc_algo_known(nh->cc_algo) || !load_bad(l, "congctl", "unknown"));
	load_end(l);
	return ok;
}

static bool load_lifetime(struct loader *l, uint64_t now_us, struct fib_route *r)
{
	uint64_t left_us;
	if (!load_has(l, "lifetime_us"))
		return true;
	if (!load_u64(l, "lifetime_us", 1, UINT32_MAX * UINT64_C(1000000), &left_us))
		return false;
	r->until_us = now_us + left_us;
	return true;
}

static bool load_nh(struct loader *l, struct fib_nh *nh, uint32_t *ret_ifindex)
{
	return LOAD(l, "type", RTN_MAX, nh->type) && LOAD_IF(l, "scope", UINT8_MAX, nh->scope) &&
	       LOAD_IF(l, "ifindex", INT32_MAX, *ret_ifindex) &&
	       LOAD_IF(l, "gw_family", AF_INET6, nh->gw_family) &&
	       load_address(l, "gw", nh->gw_family, &nh->gw) &&
	       LOAD_IF(l, "nh_flags", UINT8_MAX, nh->flags) &&
	       LOAD_IF(l, "prefsrc_family", AF_INET6, nh->prefsrc_family) &&
	       load_address(l, "prefsrc", nh->prefsrc_family, &nh->prefsrc);
}

static bool load_route(struct loader *l, struct fib_route *r, uint32_t *ret_ifindex)
{
	return LOAD(l, "family", AF_INET6, r->family) && load_address(l, "dst", r->family, &r->dst) &&
	       LOAD(l, "plen", 128, r->plen) && LOAD_IF(l, "tos", UINT8_MAX, r->tos) &&
	       LOAD(l, "table", UINT32_MAX, r->table) && LOAD(l, "protocol", UINT8_MAX, r->protocol) &&
	       LOAD_IF(l, "metric", UINT32_MAX, r->metric) && LOAD_IF(l, "flags", UINT32_MAX, r->flags) &&
	       load_nh(l, &r->nh, ret_ifindex) && load_pref(l, r) && load_metrics(l, &r->nh) &&
	       LOAD_IF(l, "realms", UINT32_MAX, r->nh.realms) && load_source(l, &r->nh);
}

static int put_back(struct leat_stack *st, struct fib_route *r, uint32_t ifindex)
{
	const char *why;
	const struct iface *i = ifindex ? iface_by_index(st, ifindex) : NULL;
	if (ifindex && !i)
		return 0; /* the interface did not come back, and that has been said */
	r->nh.if_handle = i ? i->handle : 0;
	int err = fib_check_shape(r, &why);
	if (!err)
		err = fib_add_checked(st, r, FIB_APPEND, &why);
	/* An address has brought it already, but where it stands among its equals says which is taken. */
	if (err == -EEXIST && !fib_delete(st, r))
		err = fib_add_checked(st, r, FIB_APPEND, &why);
	return err == -EEXIST ? 0 : err;
}

static bool load_hop(struct leat_stack *st, struct loader *l, struct fib_hop *hop)
{
	uint32_t ifindex;
	bool ok = LOAD(l, "ifindex", INT32_MAX, ifindex) && LOAD(l, "gw_family", AF_INET6, hop->gw_family) &&
		  load_bytes(l, "gw", hop->gw.b, sizeof hop->gw.b) &&
		  LOAD(l, "flags", UINT8_MAX, hop->flags) && LOAD(l, "weight", UINT16_MAX, hop->weight) &&
		  LOAD_IF(l, "realms", UINT32_MAX, hop->realms);
	const struct iface *i = ok ? iface_by_index(st, ifindex) : NULL;
	hop->if_handle = i ? i->handle : 0;
	if (ok && hop->flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return !load_bad(l, "flags", "of a state");
	return ok && (hop->weight || !load_bad(l, "weight", "zero"));
}

/* Those whose interface did not come back are left out, which has been said. */
static bool load_hops(struct leat_stack *st, struct loader *l, struct fib_route *r, struct fib_hop *hops,
		      size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (!load_item(l, k))
			return false;
		bool ok = load_hop(st, l, &hops[r->n_hops]);
		load_end(l);
		if (!ok)
			return false;
		r->n_hops += hops[r->n_hops].if_handle != 0;
	}
	r->hops = hops;
	return true;
}

static int load_one(struct leat_stack *st, struct loader *l)
{
	struct fib_route r = { 0 };
	struct fib_hop *hops = NULL;
	uint32_t ifindex = 0;
	size_t n = 0;
	int err = load_route(l, &r, &ifindex) && load_lifetime(l, st->rt->ctl->now_us, &r) ? 0 : -EINVAL;
	if (!err && load_has(l, "nexthop")) {
		uint64_t id;
		if (!load_u64(l, "nexthop", 1, UINT32_MAX, &id))
			return -EINVAL;
		r.nh.nh_id = (uint32_t)id;
		r.nh.nh_family = r.family;
		return nexthop_find(st, r.nh.nh_id) ? put_back(st, &r, 0) : 0;
	}
	if (!err && load_has(l, "hops")) {
		if (!load_list(l, "hops", &n) || n > UINT16_MAX)
			return -EINVAL;
		hops = mem_zalloc(&st->mem, n * sizeof *hops + 1);
		err = !hops ? -ENOMEM : load_hops(st, l, &r, hops, n) ? 0 : -EINVAL;
		load_end(l);
	}
	if (!err && (!n || r.n_hops))
		err = put_back(st, &r, n ? 0 : ifindex);
	mem_free(hops);
	return err;
}

/* What addresses have brought: the file says which of that was there. An interface that joined a VRF while it was down has none. */
static void forget_routes(struct leat_stack *st)
{
	struct fib_route r;
	while (fib_next(st, NULL, AF_UNSPEC, &r) && !fib_delete(st, &r)) {}
}

int fib_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = nexthops_restore(st, l);
	if (err)
		return err;
	if (!load_list(l, "routes", &n))
		return -EINVAL;
	forget_routes(st);
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = load_one(st, l);
		load_end(l);
	}
	load_end(l);
	return err ? err : rules_restore(st, l);
}
