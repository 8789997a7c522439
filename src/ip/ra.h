/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of module ra share: the host's side of router discovery. Control lcore, but for what says otherwise. */
#ifndef LEAT_IP_RA_H
#define LEAT_IP_RA_H

#include "ip/ip6_internal.h"
#include "net/neigh.h"
#include "wire/nd_opt.h"

struct saver;
struct loader;

enum {
	RA_SLOTS = 4, /* advertisements on their way from one worker to control */
	RA_MSG_MAX = 1984, /* bytes of one; longer ones are not heeded */
	/* What strangers can have us keep, an interface. RFC 4861, 6.3.4 wants two routers at least. */
	RA_ROUTERS_MAX = 16,
	RA_ROUTES_MAX = 64, /* of route information options */
	RA_PREFIXES_MAX = 32,
};

/* An advertisement as it came: filled in by a worker while it is free, read by control while it is busy. */
struct ra_slot {
	uint32_t busy; /* acquire and release */
	uint32_t if_handle, len;
	struct ip6 src;
	uint8_t msg[RA_MSG_MAX];
};
struct ra_worker {
	struct ra_slot slot[RA_SLOTS];
};

/* An interface that has asked for routers, or heard of one. */
struct ra_if {
	struct list link;
	struct leat_stack *st;
	uint32_t if_handle;
	bool asked; /* since it came up */
	uint32_t probes;
	uint64_t interval_us;
	struct ip6 token; /* that the addresses were made with */
	struct timer timer;
};

enum ra_route_kind { RA_DEFAULT, RA_INFO, RA_ON_LINK, RA_KINDS };

/* A route learnt, in the FIB as well, and for how long. */
struct ra_route {
	struct list link;
	struct leat_stack *st;
	uint32_t if_handle, metric;
	uint8_t kind, plen, pref; /* pref: enum nd_pref */
	uint8_t hop_limit; /* default routers: what they say, of packets through them; 0: nothing */
	uint32_t mtu;
	bool failed; /* its router did not answer when last asked */
	struct ip6 prefix, gw; /* gw: of all kinds but RA_ON_LINK */
	uint64_t ends_us; /* UINT64_MAX: never */
	struct timer expiry;
};

struct ra_stack {
	struct list ifs; /* struct ra_if */
	struct list routes; /* struct ra_route */
	struct iface_watch ifaces, solicits;
	struct addr_watch addrs;
	struct neigh_watch neighs;
	bool stopping;
	uint64_t n_refused, told_us; /* beyond the bounds; when the log was told last, 0: never */
};
static inline struct ra_stack *ra_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_ra);
}

/* Linux: a router heeds advertisements only when accept_ra is 2. */
static inline bool ra_is_accepted(const struct iface *i)
{
	const struct ip6_auto_conf *c = &i->conf.ip6;
	return !c->disable && (i->conf.forward6 ? c->accept_ra == 2 : c->accept_ra);
}

/* ra_heed.c */
void ra_heed(struct leat_stack *st, const struct ra_slot *m);

/* ra_route.c */
void ra_routes_init(struct leat_stack *st);
void ra_routes_unlink(struct leat_stack *st);
/* A router said so. lifetime_s: 0 takes it away, UINT32_MAX is for ever. `how`: all but the times. */
void ra_route_heard(struct leat_stack *st, const struct ra_route *how, uint32_t lifetime_s);
struct ra_route *ra_route_find(const struct leat_stack *st, const struct ra_route *like);
void ra_routes_forget(struct leat_stack *st, uint32_t if_handle); /* 0: all; the FIB keeps them */
/* This neighbour is a router no longer: default routes through it go. gw NULL: through anybody. */
void ra_routers_gone(struct leat_stack *st, uint32_t if_handle, const struct ip6 *gw);
int ra_route_put_back(struct leat_stack *st, const struct ra_route *how, uint32_t lifetime_s);

/* ra_solicit.c */
struct ra_if *ra_if_find(const struct leat_stack *st, uint32_t if_handle);
void ra_solicit_init(struct leat_stack *st);
void ra_solicit_unlink(struct leat_stack *st);
void ra_solicit_drain(struct leat_stack *st);

/* ra_tell.c: what listeners hear */
void ra_tell_prefix(struct leat_stack *st, const struct iface *i, const struct nd_prefix_msg *p);
void ra_tell_option(struct leat_stack *st, const struct iface *i, const struct ip6 *src,
		    struct cursor option);

/* ra_save.c */
int ra_save(struct leat_stack *st, struct saver *s);
int ra_restore(struct leat_stack *st, struct loader *l);

#endif
