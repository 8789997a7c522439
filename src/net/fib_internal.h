/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the route table share. Control lcore, but for struct fib, which workers read. */
#ifndef LEAT_NET_FIB_INTERNAL_H
#define LEAT_NET_FIB_INTERNAL_H

#include "net/fib.h"
#include "net/fib_trie.h"

struct saver;
struct loader;

/* VIEW_fib4, VIEW_fib6: the tables a lookup goes through, in this order. */
enum { FIB_LOCAL, FIB_MAIN, FIB_DEFAULT, FIB_TABLES };
struct fib {
	uint32_t n; /* of them; Linux: IPv6 does not go through table default */
	uint32_t n_small; /* the same; 0: one is large, and lookups go by indices */
	struct fib_trie trie[FIB_TABLES];
};

/* Of a resilient group: which way each bucket of flows has. The ways are those of each struct fib_paths that points here.
 * Read: any worker, within a turn.   Write: control lcore; used_us by workers, too (racy_set).   Free: rt_defer(). */
struct fib_bucket {
	uint64_t used_us; /* 0: not since it came here */
	uint16_t way;
	bool settled; /* control: it has a way */
};
struct fib_buckets {
	struct deferred deferred;
	uint32_t n;
	struct fib_bucket bucket[];
};

/* Packets that took a way of a nexthop group, by worker; each writes its own (racy_add). */
struct fib_hits {
	struct deferred deferred;
	uint64_t n[];
};

/* Several ways, as workers meet them. What it holds never changes; when an interface comes or goes another one takes its place. */
struct fib_path {
	const struct fib_nh *nh;
	int32_t upper; /* the highest hash, of 31 bits, that takes it; -1: none does */
	struct fib_hits *hits; /* NULL: not counted */
};
enum fib_paths_of {
	FIB_PATHS_OF_ROUTE6,
	FIB_PATHS_OF_ROUTE4, /* passes by gateways that do not answer when a knob says so */
	FIB_PATHS_OF_GROUP, /* of nexthop objects, always */
};
struct fib_paths {
	struct deferred deferred;
	uint32_t n;
	bool owns; /* references to the ways */
	uint8_t of; /* enum fib_paths_of */
	struct fib_buckets *buckets; /* NULL: by upper */
	struct fib_path path[];
};

/* A next hop that routes share. */
struct fib_leg {
	struct fib_shared_nh *nh;
	uint16_t weight;
};
struct fib_shared_nh {
	struct hash_node node;
	struct fib_nh nh;
	uint32_t refs;
	uint32_t n_legs; /* 0: it is one way */
	uint8_t family; /* of routes with several */
	bool siblings; /* made of routes that are siblings; the node that points to it holds the reference */
	struct fib_hop *hops; /* [n_legs]: the same as netlink says it */
	struct deferred deferred;
	struct fib_leg legs[]; /* each holds a reference */
};

/* One route; a node's list has them in the order in which they count: higher tos first, then lower metric.
 * Read: any worker, within a turn: next, nh, metric, tos, rank.   Write: control lcore.   Free: rt_defer() in entry_free(). */
struct fib_entry {
	rcu_ptr(struct fib_entry) next;
	struct fib_shared_nh *nh;
	uint32_t metric;
	uint32_t flags; /* RTM_F_* */
	uint8_t tos, protocol, pref;
	uint8_t rank; /* fib_set_rank() */
	uint16_t weight; /* among siblings */
	uint16_t place; /* the slab's */
	union {
		struct {
			union {
				uint64_t serial;
				struct fib_entry
					*gone; /* of one that is taken out with others: the next of them */
			};
			struct fib_expiry *expiry; /* NULL: for ever */
		};
		struct deferred deferred;
	};
};

struct fib_table {
	struct list link; /* by id */
	struct hash_node node;
	uint32_t id;
	bool shown; /* to those who ask for it: it has had a route (Linux: or an IPv6 rule) */
	struct fib_trie *trie; /* of the published fib, or own */
	struct fib_trie own, several;
};

/* By what flows spread; knobs (fib_hash.c). */
struct fib_spread {
	uint8_t policy[2]; /* enum fib_spread_policy; IPv4, IPv6 */
	uint16_t fields[2]; /* enum fib_hash_field */
	uint32_t seed; /* 0: the stack's own key */
	uint8_t use_neigh; /* ways of IPv4 routes whose gateway does not answer are passed by */
};

struct nexthop_stack {
	struct list all; /* struct nexthop, by id */
	uint32_t last_id; /* given to one that asked for none */
	uint8_t compat; /* routes by an object show what it says, and are told again when it changes */
};

struct fib_stack {
	struct fib fib[2]; /* IPv4, IPv6 */
	struct slab nodes, entries; /* of all tables */
	struct nexthop_stack nexthops;
	struct fib_spread spread;
	struct list tables[2]; /* struct fib_table; the three of a lookup are always there */
	struct hash by_id[2]; /* the same */
	struct list rules[2]; /* struct rule */
	uint64_t rule_serial;
	struct fib_shared_nh *nh_blackhole, *nh_prohibit; /* what rules lead to by themselves */
	uint32_t going; /* the interface that is going right now */
	uint32_t lo_handle; /* the loopback interface; 0: none yet. Workers read it, too */
	uint32_t n_chosen
		[2]; /* routes by tos (IPv4), by source (IPv6); while there is one, rules are asked, which look at it */
	bool had_vrf; /* so the rules of VRFs were made */
	bool had_rules; /* IPv4 ones, beyond the built-in ones: tables local and main are told apart from then on */
	struct hash nhs;
	struct fib_shared_nh *
		last_nh; /* the one of a single way that was asked for last: of many routes the same; or NULL */
	uint64_t count[2];
	uint64_t serial; /* of the route that came last */
	struct fib_hop *described; /* the hops of siblings that fib_describe() told last */
	struct fib_route found; /* what fib_lookup_ctl() last answered */
	struct iface_watch watch;
	uint8_t ignore_linkdown[2]; /* knobs: net.ipv4.conf.all.ignore_routes_with_linkdown, and of IPv6 */
};

static inline struct fib_stack *fib_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_fib);
}
static inline unsigned fib_index(uint8_t family)
{
	return family == AF_INET6;
}
static inline struct fib_key fib_key_of(uint8_t family, const struct ipaddr *a)
{
	return family == AF_INET6 ? fib_key6(&a->v6) : fib_key4(a->v4);
}

/* fib.c */
/* Knobs of these names have been written. */
void fib_linkdown_changed(struct leat_stack *st, struct iface *i, const struct knob *k);
void fib_all_linkdown_changed(struct leat_stack *st, struct iface *none, const struct knob *k);
/* The route of r's prefix that has that serial number, with its siblings: it first (eldest false), or the eldest. */
bool fib_show_siblings(struct leat_stack *st, const struct fib_route *r, uint64_t serial, bool eldest,
		       struct fib_route *ret);
extern const uint32_t fib_table_ids[FIB_TABLES]; /* RT_TABLE_*, in the order of a lookup */
struct fib_table *fib_table_find(struct fib_stack *s, uint8_t family, uint32_t id); /* or NULL */
/* The same, made when there is none. NULL without memory. */
struct fib_table *fib_table_make(struct leat_stack *st, uint8_t family, uint32_t id);
/* As fib_add(), believing what the route says: for routes that were checked once. */
int fib_add_checked(struct leat_stack *st, const struct fib_route *r, enum fib_how how, const char **ret_why);

/* For nexthop objects: all routes by one go (IPv6: and are told of), or are told of again. */
void fib_nexthop_gone(struct leat_stack *st, uint32_t id);
void fib_nexthop_changed(struct leat_stack *st, uint32_t id);

/* Takes away all routes through i, and tells nobody but of IPv6 ones. */
void fib_iface_flush(struct iface *i);

/* fib_expiry.c: the end of a route that has one. NULL without memory. */
struct fib_expiry *fib_expiry_new(struct leat_stack *st, const struct fib_route *r, uint64_t serial);
void fib_expiry_set(struct fib_expiry *x, uint64_t until_us); /* another end */
void fib_expiry_free(struct fib_expiry *x); /* NULL is welcome */
uint64_t fib_expiry_until_us(const struct fib_expiry *x); /* 0 of NULL */

/* fib_nh.c */
/* The same with every byte defined and what does not matter zero: next hops are equal when these are, byte by byte. */
struct fib_nh fib_nh_canonical(const struct fib_nh *nh);
void fib_nh_put_hop(struct fib_nh *nh, const struct fib_hop *hop);
/* What nh says, with that way out, and of no nexthop object. */
struct fib_nh fib_nh_with_hop(const struct fib_nh *nh, const struct fib_hop *hop);
/* A reference to the object that stands for nh; NULL without memory. */
struct fib_shared_nh *fib_nh_get(struct leat_stack *st, const struct fib_nh *nh);
/* The same for what a route says, with one way or several. */
struct fib_shared_nh *fib_nh_of_route(struct leat_stack *st, const struct fib_route *r);
/* The same for several that are there. Takes the references of legs over. */
struct fib_shared_nh *fib_nh_join(struct leat_stack *st, uint8_t family, bool siblings,
				  const struct fib_leg *legs, unsigned n);
/* NULL is welcome. */
void fib_nh_put(struct leat_stack *st, struct fib_shared_nh *nh);
/* Whether it is the object for these. */
bool fib_nh_is(const struct fib_shared_nh *sh, const struct fib_nh *nh, const struct fib_hop *hops,
	       unsigned n_hops);

/* fib_path.c */
/* The ways, as the state of their interfaces is now. NULL without memory. */
static inline enum fib_paths_of fib_paths_kind(const struct fib_shared_nh *sh)
{
	return sh->family == AF_INET ? FIB_PATHS_OF_ROUTE4 : FIB_PATHS_OF_ROUTE6;
}
/* family 0: of routes of both. */
struct fib_paths *fib_paths_new(struct leat_stack *st, uint8_t family, enum fib_paths_of of,
				const struct fib_leg *legs, unsigned n);
/* Makes new ones seen in place of old, which go after a grace period. */
void fib_paths_swap(struct leat_stack *st, struct fib_shared_nh *sh, struct fib_paths *new);
/* There is no memory for new ones: what belongs to a group that has changed is no longer looked at. */
void fib_paths_detach(struct fib_paths *ps);
void fib_paths_drop_legs(struct leat_stack *st, struct fib_paths *ps);
/* The state of an interface has changed. */
void fib_paths_follow(struct leat_stack *st, uint32_t if_handle);
bool fib_path_is_alive(struct leat_stack *st, const struct fib_shared_nh *leg);
bool fib_paths_all_dead(struct leat_stack *st, const struct fib_shared_nh *sh);

/* The hop of a route with several that a flow would take; the first when none is alive. */
const struct fib_hop *fib_hop_by_hash(struct leat_stack *st, const struct fib_route *r, uint32_t hash);

/* fib_hash.c */
extern const struct knob fib_knobs[];

/* fib_several.c */
/* What a lookup wants beyond the destination. */
struct fib_choice {
	uint32_t oif,
		lo; /* it must lead there, 0: anywhere; the loopback interface, by which all that is ours can be reached */
	uint8_t family, tos; /* tos: FIB_TOS_BITS of the packet's; routes by that go before those by none */
	bool by_src; /* there are routes by source */
	struct ip6 src;
};
enum { FIB_TOS_BITS = 0x1c }; /* Linux: IPTOS_RT_MASK */
static inline struct fib_choice fib_choice_of(const struct leat_stack *st, const struct fib_query *q,
					      uint32_t oif)
{
	return (struct fib_choice){ .oif = oif,
				    .lo = oif ? racy_get(fib_state(st)->lo_handle) : 0,
				    .family = q->family,
				    .tos = q->family == AF_INET ? q->dsfield & FIB_TOS_BITS : 0,
				    .by_src = q->family == AF_INET6 && racy_get(fib_state(st)->n_chosen[1]),
				    .src = q->src.v6 };
}
bool fib_choice_leads(const struct fib_choice *c, const struct fib_nh *nh);
static inline bool fib_choice_fits(const struct fib_choice *c, const struct fib_entry *e)
{
	const struct fib_nh *nh = &e->nh->nh;
	if (nh->src_plen) {
		const struct fib_key want = fib_key6(&nh->src.v6), have = fib_key6(&c->src);
		if (!fib_key_match(&want, &have, nh->src_plen))
			return false;
	}
	return (!e->tos || e->tos == c->tos) && fib_choice_leads(c, nh);
}
/* By more than its destination. */
static inline bool fib_entry_is_chosen(const struct fib_entry *e)
{
	return e->tos || e->nh->nh.src_plen;
}
/* Any worker, within a turn: the route of a table for such a lookup, with its prefix's length; NULL: none. */
const struct fib_nh *fib_choose(const struct fib_trie *t, const struct fib_key *key,
				const struct fib_choice *c, unsigned *ret_plen);
/* The routes of n have changed. Without memory lookups see its best one alone. */
void fib_several_follow(struct leat_stack *st, struct fib_trie *t, struct fib_node *n);

/* fib_siblings.c */
typedef int fib_add_one_fn(struct leat_stack *st, const struct fib_route *r, enum fib_how how,
			   unsigned *ret_told, struct fib_route *ret_added);
/* An IPv6 route with n_hops ways, as so many siblings; one message tells of them all. */
int fib_add_siblings(struct leat_stack *st, const struct fib_route *r, enum fib_how how,
		     fib_add_one_fn *add_one, const char **ret_why);

/* fib_node.c */
/* Tells nobody; *ret_told: the NLM_F_* to tell it with. 0, -EEXIST, -ENOENT or -ENOMEM; a node that is empty is left for the caller to
 * prune. */
int fib_node_add(struct leat_stack *st, struct fib_trie *t, struct fib_node *n, const struct fib_route *r,
		 enum fib_how how, unsigned *ret_told, const struct fib_entry **ret_entry);
/* Takes the entry *at out of the node's list, and tells nobody. */
void fib_node_delete(struct leat_stack *st, struct fib_trie *t, uint8_t family, struct fib_node *n,
		     struct fib_entry **at);
void fib_node_set_until(struct leat_stack *st, struct fib_node *n, const struct fib_route *r);
/* Packets pass by it: none of its ways has carrier, and that is to count. */
bool fib_nh_is_ignored(struct leat_stack *st, uint8_t family, const struct fib_shared_nh *sh);
/* What follows for packets from what its interfaces are now. */
void fib_node_settle(struct leat_stack *st, struct fib_trie *t, uint8_t family, struct fib_node *n);
void fib_node_set_rank(struct leat_stack *st, struct fib_trie *t, struct fib_node *n,
		       const struct fib_route *r, uint8_t rank);
/* The entry behind the one that `after` describes; when that is gone, the first that sorts behind it. */
const struct fib_entry *fib_node_after(const struct fib_node *n, const struct fib_route *after);
/* IPv6: the paths of one route are entries of their own. The first of them, e itself included; and the next, or NULL. */
const struct fib_entry *fib_first_sibling(const struct fib_node *n, const struct fib_entry *e);
const struct fib_entry *fib_next_sibling(const struct fib_entry *e);
/* The route that an entry of a node stands for: it alone, or with its siblings, e first. */
void fib_describe_one(uint8_t family, uint32_t table, const struct fib_node *n, const struct fib_entry *e,
		      struct fib_route *ret);
void fib_describe(struct leat_stack *st, uint8_t family, uint32_t table, const struct fib_node *n,
		  const struct fib_entry *e, struct fib_route *ret);

/* fib_ask.c */
/* The type that table local gives an address (Linux: inet_addr_type()): RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST, RTN_UNICAST. */
uint8_t fib_addr_type(struct leat_stack *st, uint8_t family, const struct ipaddr *a);
/* The route that leads to a in one table, or in those that the rules name (table 0), through that interface (0: any), of the first entry
 * that want() says yes to (NULL: any). */
typedef bool fib_want_fn(const struct fib_nh *nh);
const struct fib_nh *fib_find_route(struct leat_stack *st, uint8_t family, uint32_t table,
				    const struct ipaddr *a, uint32_t oif, fib_want_fn *want);

/* fib_check.c: may this route be added? Fills in the interface that follows from the gateway. 0 or what Linux says. */
/* ... in itself, whatever else there is? */
int fib_check_shape(const struct fib_route *r, const char **ret_why);
/* ... only the way it says in nh? */
int fib_check_hop(struct leat_stack *st, struct fib_route *r, const char **ret_why);
/* hops: r->hops, to be filled in, too. */
int fib_check(struct leat_stack *st, struct fib_route *r, struct fib_hop *hops, const char **ret_why);

/* fib_save.c */
int fib_save(struct leat_stack *st, struct saver *s);
int fib_restore(struct leat_stack *st, struct loader *l);

/* Linux keeps tables in 256 buckets by number, and shows them so. */
static inline uint64_t fib_table_rank(uint32_t id)
{
	return (uint64_t)(id & 255) << 32 | id;
}

/* fib_walk.c: the prefix that is shown after this one (key NULL: first), or NULL. IPv6 shows a prefix's routes by source first, then
 * what lies below it, then its others: sources, in and out, says which half is meant. */
struct fib_node *fib_walk(const struct fib_trie *t, uint8_t family, const struct fib_key *key, unsigned plen,
			  bool *sources);

#endif
