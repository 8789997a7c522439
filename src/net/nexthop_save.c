/* SPDX-License-Identifier: BSD-2-Clause */
/* Nexthop objects in a saved stack: single ones first, for groups name them. Of a resilient group the buckets come back with the ways
 * they had, so that flows stay where they were; when each was used last is not kept: they count as in use. */
#include <errno.h>
#include <netinet/in.h>

#include "core/save.h"
#include "net/nexthop.h"

static void save_members(struct saver *s, const struct nexthop *nh)
{
	save_list(s, "members");
	for (unsigned i = 0; i < nh->n_members; i++) {
		save_item(s);
		save_u64(s, "id", nh->members[i].id);
		save_u64(s, "weight", nh->members[i].weight);
		save_end(s);
	}
	save_end(s);
}

static void save_res(struct saver *s, const struct nexthop_res *res)
{
	save_u64(s, "idle_us", res->idle_us);
	save_u64(s, "unbalanced_us", res->unbalanced_us);
	save_list(s, "buckets");
	for (uint32_t i = 0; i < res->buckets->n; i++) {
		save_item(s);
		save_u64(s, "way", res->buckets->bucket[i].way);
		save_end(s);
	}
	save_end(s);
}

static void save_one(struct leat_stack *st, struct saver *s, const struct nexthop *nh)
{
	const struct iface *i = iface_by_handle(st, nh->hop.if_handle);
	save_item(s);
	save_u64(s, "id", nh->id);
	save_u64(s, "protocol", nh->protocol);
	save_u64(s, "family", nh->family);
	save_u64(s, "flags", nh->flags);
	save_u64(s, "scope", nh->scope);
	save_u64(s, "blackhole", nh->blackhole);
	save_u64(s, "fdb", nh->fdb);
	save_u64(s, "hw_stats", nh->hw_stats);
	save_u64(s, "ifindex", i ? i->ifindex : 0);
	save_u64(s, "gw_family", nh->hop.gw_family);
	save_bytes(s, "gw", nh->hop.gw.b, sizeof nh->hop.gw.b);
	if (nh->is_group)
		save_members(s, nh);
	if (nh->res)
		save_res(s, nh->res);
	save_end(s);
}

void nexthops_save(struct leat_stack *st, struct saver *s)
{
	save_list(s, "nexthops");
	for (unsigned groups = 0; groups < 2; groups++)
		for (struct nexthop *nh = nexthop_next(st, 0); nh; nh = nexthop_next(st, nh->id))
			if (nh->is_group == groups)
				save_one(st, s, nh);
	save_end(s);
}

static bool load_num(struct loader *l, const char *key, uint64_t max, uint64_t *to)
{
	return load_u64(l, key, 0, max, to);
}

static bool load_single(struct leat_stack *st, struct loader *l, struct nexthop *nh)
{
	uint64_t id, protocol, family, flags, scope, blackhole, fdb, hw, ifindex, gw_family;
	if (!load_num(l, "id", UINT32_MAX, &id) || !load_num(l, "protocol", UINT8_MAX, &protocol) ||
	    !load_num(l, "family", AF_INET6, &family) || !load_num(l, "flags", RTNH_F_ONLINK, &flags) ||
	    !load_num(l, "scope", UINT8_MAX, &scope) || !load_num(l, "blackhole", 1, &blackhole) ||
	    !load_num(l, "fdb", 1, &fdb) || !load_num(l, "hw_stats", 1, &hw) ||
	    !load_num(l, "ifindex", INT32_MAX, &ifindex) || !load_num(l, "gw_family", AF_INET6, &gw_family) ||
	    !load_bytes(l, "gw", nh->hop.gw.b, sizeof nh->hop.gw.b))
		return false;
	const struct iface *i = ifindex ? iface_by_index(st, (uint32_t)ifindex) : NULL;
	nh->id = (uint32_t)id;
	nh->protocol = (uint8_t)protocol;
	nh->family = (uint8_t)family;
	nh->flags = (uint8_t)flags;
	nh->scope = (uint8_t)scope;
	nh->blackhole = blackhole;
	nh->fdb = fdb;
	nh->hw_stats = hw;
	nh->hop.if_handle = i ? i->handle : 0;
	nh->hop.flags = nh->flags;
	nh->hop.gw_family = (uint8_t)gw_family;
	return nh->id || !load_bad(l, "id", "zero");
}

/* Members that did not come back are left out. */
static int load_members(struct leat_stack *st, struct loader *l, struct nexthop *nh)
{
	size_t n;
	if (!load_list(l, "members", &n) || n > UINT16_MAX)
		return -EINVAL;
	nh->is_group = true;
	nh->members = mem_zalloc(&st->mem, n * sizeof *nh->members + 1);
	for (size_t k = 0; nh->members && k < n; k++) {
		uint64_t id, weight;
		if (!load_item(l, k))
			return -EINVAL;
		bool ok = load_num(l, "id", UINT32_MAX, &id) && load_u64(l, "weight", 1, UINT16_MAX, &weight);
		load_end(l);
		if (!ok)
			return -EINVAL;
		for (unsigned i = 0; i < nh->n_members; i++)
			if (nh->members[i].id == id)
				return load_bad(l, "members", "one of them twice");
		const struct nexthop *way = nexthop_find(st, (uint32_t)id);
		if (way && !way->is_group)
			nh->members[nh->n_members++] =
				(struct nexthop_member){ .id = (uint32_t)id, .weight = (uint16_t)weight };
	}
	load_end(l);
	return nh->members ? 0 : -ENOMEM;
}

static int load_res(struct loader *l, struct nexthop_new *how)
{
	size_t n;
	how->resilient = how->res.has_buckets = true;
	if (!load_num(l, "idle_us", UINT64_MAX, &how->res.idle_us) ||
	    !load_num(l, "unbalanced_us", UINT64_MAX, &how->res.unbalanced_us) ||
	    !load_list(l, "buckets", &n))
		return -EINVAL;
	load_end(l);
	how->res.buckets = (uint16_t)n;
	return n && n <= UINT16_MAX ? 0 : -EINVAL;
}

static int load_ways(struct loader *l, struct nexthop *nh)
{
	size_t n;
	if (!load_list(l, "buckets", &n))
		return -EINVAL;
	for (size_t k = 0; k < n; k++) {
		uint64_t way;
		if (!load_item(l, k))
			return -EINVAL;
		bool ok = load_num(l, "way", UINT16_MAX, &way);
		load_end(l);
		if (!ok)
			return -EINVAL;
		nexthop_res_put_back(nh->res, (uint32_t)k, (unsigned)way);
	}
	load_end(l);
	return 0;
}

/* One whose interface did not come back is left out, which has been said. */
static bool is_whole(const struct nexthop *nh)
{
	return nh->is_group ? nh->n_members : nh->blackhole || nh->fdb || nh->hop.if_handle;
}

static int load_one(struct leat_stack *st, struct loader *l)
{
	struct nexthop_new how = { .nlm_flags = NLM_F_CREATE };
	const char *why = NULL;
	int err = load_single(st, l, &how.nh) ? 0 : -EINVAL;
	if (!err && load_has(l, "members"))
		err = load_members(st, l, &how.nh);
	bool has_res = !err && load_has(l, "buckets");
	if (has_res)
		err = load_res(l, &how);
	if (err || !is_whole(&how.nh)) {
		mem_free(how.nh.members);
		return err;
	}
	uint32_t id = how.nh.id;
	err = nexthop_add(st, &how, &why);
	return err || !has_res ? err : load_ways(l, nexthop_find(st, id));
}

int nexthops_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = 0;
	if (!load_has(l, "nexthops"))
		return 0;
	if (!load_list(l, "nexthops", &n))
		return -EINVAL;
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = load_one(st, l);
		load_end(l);
	}
	load_end(l);
	return err;
}
