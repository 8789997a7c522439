/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation (RFC 8981, 3): while use_tempaddr says so, each public address of its prefix has a temporary one beside it, with
 * an identifier by lot, preferred for temp_prefered_lft less a share of max_desync_factor that hosts do not have in common, and
 * valid for temp_valid_lft; never longer than the public one. Shortly before it is deprecated (regen_min_advance and what the test
 * may take) its successor is made; old ones stay valid, so connections live on.
 *
 *	made ── RA: lifetimes as the public one's, but no longer than from its beginning ── regen: a successor ── deprecated ── gone
 *
 * A duplicate is replaced at once, regen_max_retry times; then the interface makes no more (use_tempaddr becomes -1), as on Linux. */
#include "net/addr_temp.h"

#include <errno.h>
#include <string.h>

#include "net/addr_gen.h"

enum { TRIES = 8 };

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t least = MIN(a, b);
	return MIN(least, c);
}

/* RFC 8981, 3.8: REGEN_ADVANCE */
static uint32_t advance_s(const struct iface *i)
{
	uint64_t test_ms = (uint64_t)i->conf.dad_transmits * MAX(i->conf.neigh[1].retrans_ms, 10U) *
			   (uint32_t)i->conf.ip6.regen_retry;
	uint64_t s = (uint32_t)i->conf.ip6.regen_advance_s + test_ms / 1000;
	return (uint32_t)MIN(s, (uint64_t)INT32_MAX);
}

/* DESYNC_FACTOR, drawn anew when the settings leave less room than it takes. */
static uint32_t desync_s(struct leat_stack *st, struct iface *i)
{
	const struct ip6_auto_conf *c = &i->conf.ip6;
	uint32_t advance = advance_s(i), preferred = (uint32_t)c->temp_preferred_s;
	uint32_t max = preferred > advance ? MIN((uint32_t)c->max_desync_s, preferred - advance) : 0;
	if (!i->in6.has_desync || i->in6.desync_s > max)
		i->in6.desync_s = max ? (uint32_t)(rt_random_u64(st->rt) % max) : 0;
	i->in6.has_desync = true;
	return i->in6.desync_s;
}

uint64_t addr_temp_regen_us(const struct iface *i, const struct addr *a)
{
	uint32_t advance = advance_s(i);
	if (a->renewed || a->preferred_s == UINT32_MAX)
		return UINT64_MAX;
	return a->updated_us +
	       (a->preferred_s > advance ? (uint64_t)(a->preferred_s - advance) * 1000000 : 0);
}

/* --- making --- */

static bool may_make(struct leat_stack *st, struct iface *i, struct addr *pub)
{
	struct ip6_auto_conf *c = &i->conf.ip6;
	if (c->use_tempaddr <= 0 || pub->plen != 64)
		return false;
	if (pub->regen_count++ < (uint32_t)c->regen_retry)
		return true;
	c->use_tempaddr = -1;
	rt_log(st->rt, LOG_WARN, "stack %s: %s: temporary addresses were all somebody's: no more are made",
	       st->name, i->name);
	return false;
}

static void make(struct leat_stack *st, struct addr *pub)
{
	struct iface *i = iface_by_handle(st, pub->if_handle);
	if (!i || !may_make(st, i, pub))
		return;
	struct addr how = {
		.if_handle = i->handle,
		.family = AF_INET6,
		.plen = 64,
		.flags = IFA_F_TEMPORARY | (pub->flags & IFA_F_OPTIMISTIC),
		.local = pub->local,
		.pub = pub->local.v6,
		.origin = ADDR_SLAAC,
	};
	uint32_t longest = (uint32_t)i->conf.ip6.temp_preferred_s, desync = desync_s(st, i);
	how.valid_s = MIN(addr_left_s(st, pub, pub->valid_s), (uint32_t)i->conf.ip6.temp_valid_s);
	how.preferred_s = min3(addr_left_s(st, pub, pub->preferred_s),
			       longest > desync ? longest - desync : 0, how.valid_s);
	if (how.preferred_s <= advance_s(i)) /* RFC 8981, 3.4, 5 */
		return;
	int err = -EEXIST;
	for (unsigned k = 0; err == -EEXIST && k < TRIES; k++) {
		addr_gen_random(st, &how.local.v6);
		err = addr_add(st, &how, false);
	}
}

static struct addr *pub_of(struct leat_stack *st, const struct addr *a)
{
	return addr_get6(st, a->if_handle, &a->pub);
}

void addr_temp_on_regen(struct lcore *lc, struct timer *t)
{
	struct addr *a = container_of(t, struct addr, regen), *pub = pub_of(a->st, a);
	if (a->renewed || a->flags & IFA_F_TENTATIVE || !pub)
		return;
	a->renewed = true;
	pub->regen_count = 0;
	make(a->st, pub);
	view_publish(a->st);
}

void addr_temp_was_duplicate(struct leat_stack *st, const struct addr *a)
{
	struct addr *pub = pub_of(st, a);
	if (pub)
		make(st, pub);
}

/* --- following --- */

static uint32_t rest(uint64_t lifetime_s, uint64_t age_s)
{
	return lifetime_s > age_s ? (uint32_t)(lifetime_s - age_s) : 0;
}

/* RFC 8981, 3.4, 1 and 2. True: it had to go. */
static bool follow_one(struct leat_stack *st, struct iface *i, const struct addr *pub, struct addr *a)
{
	uint64_t age_s = (st->rt->ctl->now_us - a->created_us) / 1000000;
	uint32_t preferred = (uint32_t)i->conf.ip6.temp_preferred_s, desync = desync_s(st, i);
	struct addr how = {
		.valid_s = MIN(addr_left_s(st, pub, pub->valid_s),
			       rest((uint32_t)i->conf.ip6.temp_valid_s, age_s)),
		.preferred_s = MIN(addr_left_s(st, pub, pub->preferred_s),
				   rest(preferred > desync ? preferred - desync : 0, age_s)),
	};
	if (!how.valid_s) {
		addr_remove(st, a);
		return true;
	}
	how.preferred_s = MIN(how.preferred_s, how.valid_s);
	addr_renew(st, a, &how);
	return false;
}

void addr_temp_follow(struct leat_stack *st, struct addr *pub, bool create)
{
	struct iface *i = iface_by_handle(st, pub->if_handle);
	bool any = false;
	for (struct addr *a = addr_first(st, i), *next; a; a = next) {
		next = addr_next(st, i, a);
		any |= a->family == AF_INET6 && a->flags & IFA_F_TEMPORARY;
		if (addr_is_temp_of(a, pub))
			follow_one(st, i, pub, a);
	}
	if (create || !any) /* Linux: where there is none at all, one is made whatever has been */
		make(st, pub);
}
