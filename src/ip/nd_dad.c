/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: duplicate address detection (RFC 4862, 5.4). The addr module marks a new IPv6 address tentative; we
 * hear of it, wait a random moment (router_solicitation_delay; optimistic addresses, RFC 4429, do not), ask who has it (dad_transmits times), and wait RetransTimer for an objection: then the
 * address is ours, or a duplicate. An objection is an advertisement for it, or a solicitation by somebody who is testing it
 * too; our own solicitation coming back is told from that by its nonce (RFC 7527).
 *
 *	ADDED tentative, interface up ── delay 0..1 s ── solicit ── 1 s ── addr_dad_done(not duplicate)
 *	                                        └── heard ──────────┴───── addr_dad_done(duplicate)
 *
 * While the interface is down the address waits untested and the test starts over when it comes up. Devices without
 * neighbours (loopback, NOARP) have no duplicates. Everything but sending happens on the control lcore. */
#include <sys/socket.h>

#include "ip/nd.h"

struct nd_dad {
	struct list link;
	struct leat_stack *st;
	uint32_t if_handle;
	struct ip6 addr;
	uint32_t left; /* solicitations still to send */
	uint8_t nonce[8]; /* ND_NONCE_LEN of them */
	bool has_nonce; /* RFC 7527 */
	struct timer timer;
};
static_assert(ND_NONCE_LEN <= 8, "the nonce travels in one word");

static struct nd_dad *dad_find(const struct leat_stack *st, uint32_t if_handle, const struct ip6 *a)
{
	struct nd_stack *nd = nd_stack(st);
	struct nd_dad *d;
	list_for_each (d, &nd->dads, link)
		if (d->if_handle == if_handle && ip6_eq(&d->addr, a))
			return d;
	return NULL;
}

static void dad_free(struct nd_dad *d)
{
	if (!d)
		return;
	lcore_timer_stop(d->st->rt->ctl, &d->timer);
	list_remove(&d->link);
	mem_free(d);
}

static void dad_end(struct nd_dad *d, bool duplicate)
{
	struct leat_stack *st = d->st;
	struct ip6 a = d->addr;
	uint32_t if_handle = d->if_handle;
	dad_free(d);
	addr_dad_done(st, if_handle, &a, duplicate);
	view_publish(st);
	const struct iface *i = duplicate ? NULL : iface_by_handle(st, if_handle);
	if (i)
		nd_announce(st, i, &a);
}

/* --- asking --- */

static void ask_on_worker(struct lcore *at, const struct msg *msg)
{
	struct worker *w = msg->arg[0].p;
	const struct iface *out = iface_get(w, (uint32_t)msg->arg[1].u);
	struct nd_ns_msg m = { .has_nonce = msg->arg[5].u };
	static const struct ip6 nobody;
	if (!out)
		return;
	memcpy(&m.target, &msg->arg[2], 8);
	memcpy(m.target.b + 8, &msg->arg[3], 8);
	memcpy(m.nonce, &msg->arg[4], sizeof m.nonce);
	struct ip6 dst = ip6_solicited_node(&m.target);
	nd_send_ns(w, out, &nobody, &dst, &m);
}

static void ask(struct nd_dad *d)
{
	struct worker *w = d->st->worker[0];
	struct msg m = { .fn = ask_on_worker, .arg = { { .p = w }, { .u = d->if_handle } } };
	memcpy(&m.arg[2], d->addr.b, 8);
	memcpy(&m.arg[3], d->addr.b + 8, 8);
	memcpy(&m.arg[4], d->nonce, 8);
	m.arg[5].u = d->has_nonce;
	lcore_post(d->st->rt->ctl, w->lc, &m); /* lost without memory: as if it had been lost on the wire */
}

static void dad_timer(struct lcore *lc, struct timer *t)
{
	struct nd_dad *d = container_of(t, struct nd_dad, timer);
	const struct iface *i = iface_by_handle(d->st, d->if_handle);
	if (!d->left || !i) {
		dad_end(d, false);
		return;
	}
	d->left--;
	ask(d);
	lcore_timer_in(lc, t, (uint64_t)i->conf.neigh[1].retrans_ms * 1000);
}

/* RFC 4862, 5.4.2; RFC 4429, 3.3: what is used meanwhile is tested at once. */
static uint64_t delay_us(const struct iface *i, const struct addr *a)
{
	uint64_t max_us = (uint64_t)i->conf.ip6.rs_delay_s * 1000000;
	return a->flags & IFA_F_OPTIMISTIC || !max_us ? 0 : rt_random_u64(i->st->rt) % max_us;
}

static void dad_start(struct leat_stack *st, const struct addr *a)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	if (!i || !iface_is_up(i) || dad_find(st, a->if_handle, &a->local.v6))
		return;
	struct nd_dad *d = mem_zalloc(&st->mem, sizeof *d);
	if (!d) {
		rt_log(st->rt, LOG_ERROR, "stack %s: no memory to test an address: it stays tentative",
		       st->name);
		return;
	}
	d->st = st;
	d->if_handle = a->if_handle;
	d->addr = a->local.v6;
	st->rt->ops->random(st->rt, d->nonce, sizeof d->nonce);
	d->has_nonce = i->conf.ip6.enhanced_dad;
	timer_init(&d->timer, dad_timer);
	list_append(&nd_stack(st)->dads, &d->link);
	if (!(i->flags & (IFF_LOOPBACK | IFF_NOARP))) /* else nobody is there to ask: done in the next turn */
		d->left = i->conf.dad_transmits;
	lcore_timer_in(st->rt->ctl, &d->timer, d->left ? delay_us(i, a) : 0);
}

/* --- hearing --- */

static void heard_on_ctl(struct lcore *at, const struct msg *msg)
{
	struct leat_stack *st = msg->arg[0].p;
	struct ip6 a;
	memcpy(a.b, &msg->arg[2], 8);
	memcpy(a.b + 8, &msg->arg[3], 8);
	struct nd_dad *d = nd_stack(st) ? dad_find(st, (uint32_t)msg->arg[1].u, &a) : NULL;
	bool is_echo =
		d && d->has_nonce && msg->arg[5].u && memcmp(&msg->arg[4], d->nonce, ND_NONCE_LEN) == 0;
	if (d && !is_echo)
		dad_end(d, true);
}

void nd_dad_heard(struct worker *w, uint32_t if_handle, const struct ip6 *a, const uint8_t *nonce)
{
	struct msg m = { .fn = heard_on_ctl, .arg = { { .p = w->st }, { .u = if_handle } } };
	memcpy(&m.arg[2], a->b, 8);
	memcpy(&m.arg[3], a->b + 8, 8);
	if (nonce)
		memcpy(&m.arg[4], nonce, ND_NONCE_LEN);
	m.arg[5].u = nonce != NULL;
	lcore_post(w->lc, w->st->rt->ctl, &m);
}

/* --- addresses and interfaces come and go --- */

static void addr_event(struct addr_watch *watch, struct leat_stack *st, const struct addr *a,
		       enum addr_event e)
{
	if (a->family != AF_INET6)
		return;
	if (e == ADDR_GOING)
		dad_free(dad_find(st, a->if_handle, &a->local.v6));
	else if (a->flags & IFA_F_TENTATIVE && !(a->flags & IFA_F_DADFAILED))
		dad_start(st, a);
}

static void start_all(struct leat_stack *st, struct iface *i)
{
	for (struct addr *a = addr_first(st, i), *next; a; a = next) {
		next = addr_next(st, i, a);
		addr_event(NULL, st, a, ADDR_CHANGED);
	}
}

static void stop_all(struct leat_stack *st, const struct iface *i)
{
	struct nd_dad *d, *tmp;
	list_for_each_safe (d, tmp, &nd_stack(st)->dads, link)
		if (d->if_handle == i->handle)
			dad_free(d);
}

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	if (e == IFACE_GOING || !iface_is_up(i))
		stop_all(i->st, i);
	else
		start_all(i->st, i);
}

void nd_dad_init(struct leat_stack *st)
{
	struct nd_stack *nd = nd_stack(st);
	nd->st = st;
	list_init(&nd->dads);
	nd->addrs.event = addr_event;
	nd->ifaces.event = iface_event;
	addr_watch_add(st, &nd->addrs);
	iface_watch_add(st, &nd->ifaces);
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		start_all(st, i);
}

void nd_dad_unlink(struct leat_stack *st)
{
	addr_watch_remove(st, &nd_stack(st)->addrs);
	iface_watch_remove(st, &nd_stack(st)->ifaces);
}

void nd_dad_drain(struct leat_stack *st)
{
	struct nd_dad *d, *tmp;
	list_for_each_safe (d, tmp, &nd_stack(st)->dads, link)
		dad_free(d);
}
