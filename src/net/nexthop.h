/* SPDX-License-Identifier: BSD-2-Clause */
/* Nexthop objects: ways out, and groups of them, that routes name by number (RTA_NH_ID). Control lcore. */
#ifndef LEAT_NET_NEXTHOP_H
#define LEAT_NET_NEXTHOP_H

#include "net/fib_internal.h"

struct nexthop_member {
	uint32_t id;
	uint16_t weight;
	struct fib_hits *hits;
};

/* How a resilient group keeps flows: nexthop_res.c. */
struct nexthop_res {
	struct leat_stack *st;
	struct nexthop *group;
	struct fib_buckets *buckets; /* the ways are the group's members */
	struct fib_buckets *old; /* until paths no longer point to it */
	uint64_t idle_us,
		unbalanced_us; /* after which a bucket may move; unbalanced 0: never while it is in use */
	uint64_t unbalanced_since_us; /* 0: it is balanced */
	struct timer timer;
};

struct nexthop {
	struct list link; /* by id */
	uint32_t id;
	uint8_t protocol, family;
	uint8_t flags; /* RTNH_F_ONLINK */
	uint8_t scope; /* how far the gateway is (IPv4) */
	bool blackhole, fdb, is_group;
	struct fib_hop hop; /* of one that is no group */
	uint16_t n_members;
	bool hw_stats;
	struct nexthop_member *members;
	struct nexthop_res *res; /* NULL: hash-threshold */
};

/* What a request says of a new one. */
struct nexthop_new {
	struct nexthop nh;
	unsigned nlm_flags;
	struct {
		bool has_buckets, has_idle, has_unbalanced;
		uint16_t buckets;
		uint64_t idle_us, unbalanced_us;
	} res;
	bool resilient;
};

struct nexthop *nexthop_find(const struct leat_stack *st, uint32_t id); /* NULL: there is none */
struct nexthop *nexthop_next(const struct leat_stack *st, uint32_t after); /* by id */
/* 0 or what Linux says, with a line in *ret_why. Notifies. */
int nexthop_add(struct leat_stack *st, struct nexthop_new *how, const char **ret_why);
void nexthop_remove(struct leat_stack *st, struct nexthop *nh);
/* May a route of that family and scope use it? */
int nexthop_check_route(const struct leat_stack *st, uint32_t id, uint8_t family, uint8_t scope,
			const char **ret_why);
/* The ways of an object as hops, at most max of them; how many there are. *ret_blackhole: it discards. */
unsigned nexthop_hops(const struct leat_stack *st, uint32_t id, struct fib_hop *to, unsigned max,
		      bool *ret_blackhole);
bool nexthop_is_group(const struct leat_stack *st, uint32_t id);
/* What workers meet of the object that a next hop names; NULL without memory. */
struct fib_paths *nexthop_paths(struct leat_stack *st, const struct fib_nh *nh);
/* Interfaces that go take theirs along, as on Linux those that lose their carrier do. */
void nexthop_flush_iface(struct leat_stack *st, const struct iface *i, bool blackholes_too);
void nexthops_free(struct leat_stack *st);

/* nexthop_res.c */
int nexthop_res_new(struct leat_stack *st, struct nexthop *group, const struct nexthop_new *how);
void nexthop_res_free(struct nexthop_res *res);
/* The members have changed: was_id[] of n_was are those that buckets point to. Flows whose way is still there stay. */
int nexthop_res_rebalance(struct nexthop_res *res, const uint32_t *was_id, unsigned n_was, bool tell);
void nexthop_res_put_back(struct nexthop_res *res, uint32_t bucket, unsigned way); /* restoring */
void nexthop_res_drop_old(struct nexthop_res *res); /* NULL is welcome */
void nexthop_res_upkeep(struct nexthop_res *res, bool tell);

/* nexthop_ctl.c */
extern const struct nl_family nexthop_family;
void nexthop_tell(struct leat_stack *st, uint16_t type, uint16_t nlm_flags, const struct nexthop *nh);
void nexthop_tell_bucket(struct leat_stack *st, const struct nexthop *group, uint32_t bucket);

/* nexthop_save.c */
void nexthops_save(struct leat_stack *st, struct saver *s);
int nexthops_restore(struct leat_stack *st, struct loader *l);

#endif
