/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: operational state, RFC 2863 as Linux shows it. IFF_UP is what the administrator wants, carrier what the
 * device reports (IFF_LOWER_UP): both together, and packets pass. What users are shown, operstate, is told apart further. Down
 * without carrier, or IF_OPER_LOWERLAYERDOWN where what the interface rests on has none; with carrier IF_OPER_UP, or what the
 * link mode makes of it: a supplicant (802.1X) or a tester that wants the link announced only when it says so sets the mode, then
 * IFLA_OPERSTATE. Loopback and dummy have no state of their own: IF_OPER_UNKNOWN, until somebody sets their carrier. IFF_RUNNING
 * stands for IF_OPER_UP or IF_OPER_UNKNOWN and, as on Linux, holds no packet back: the supplicant's own have to pass. */
#include <linux/rtnetlink.h>

#include "net/iface_internal.h"
#include "net/ctl_fill.h"

static bool shows_running(uint8_t operstate)
{
	return operstate == IF_OPER_UP || operstate == IF_OPER_UNKNOWN;
}

/* Linux: rfc2863_policy(), default_operstate() */
static uint8_t operstate_by_policy(const struct iface *i)
{
	uint32_t index = i->ops->lower ? i->ops->lower(i) : 0;
	const struct iface *lower = index ? iface_by_index(i->st, index) : NULL;
	if (!i->carrier)
		return lower && !lower->carrier ? IF_OPER_LOWERLAYERDOWN : IF_OPER_DOWN;
	if (i->link_mode == IF_LINK_MODE_DORMANT)
		return IF_OPER_DORMANT;
	if (i->link_mode == IF_LINK_MODE_TESTING)
		return IF_OPER_TESTING;
	return i->ops->stateless && !i->carrier_changes[0] && !i->carrier_changes[1] ? IF_OPER_UNKNOWN
										     : IF_OPER_UP;
}

static void write_flags(struct iface *i, uint32_t flags)
{
	i->st->rt->ops->pause(i->st->rt);
	racy_set(i->flags, flags);
	i->st->rt->ops->resume(i->st->rt);
}

static uint32_t settle_as(struct iface *i, bool up, uint8_t operstate)
{
	uint32_t flags = i->flags & ~(uint32_t)(IFF_UP | IFF_RUNNING | IFF_LOWER_UP), change;
	if (up)
		flags |= IFF_UP | (i->carrier ? IFF_LOWER_UP : 0) |
			 (shows_running(operstate) ? IFF_RUNNING : 0);
	change = flags ^ i->flags;
	i->operstate = operstate;
	write_flags(i, flags);
	return change;
}

/* Linux: the state follows a carrier that has just come a moment later (linkwatch). */
static uint8_t operstate_now(const struct iface *i)
{
	const struct iface_stack *s = iface_state(i->st);
	if (s->cycled == i && s->holding)
		return s->cycled_state;
	if (i->carrier_news && i->carrier)
		return i->ops->lower ? IF_OPER_LOWERLAYERDOWN : IF_OPER_DOWN;
	return operstate_by_policy(i);
}

uint32_t iface_settle(struct iface *i, bool up)
{
	return settle_as(i, up, up ? operstate_now(i) : IF_OPER_DOWN);
}

/* Linux: linkwatch_do_dev(). Those who watch are told before those who listen. */
static void follow_carrier(struct iface *i)
{
	i->carrier_news = false;
	iface_state(i->st)->n_carrier_news--;
	if (!(i->flags & IFF_UP))
		return;
	uint32_t change = iface_settle(i, true);
	iface_send_event(i, IFACE_CHANGED);
	link_tell(i, RTM_NEWLINK, change);
}

void iface_set_carrier(struct iface *i, bool carrier)
{
	struct iface_stack *s = iface_state(i->st);
	if (!i->carrier == !carrier)
		return;
	i->carrier = carrier;
	i->carrier_changes[carrier]++;
	s->n_carrier_news += !i->carrier_news;
	i->carrier_news = true;
	if (!s->holding)
		follow_carrier(i);
}

void iface_hold(struct leat_stack *st)
{
	iface_state(st)->holding++;
}

void iface_release(struct leat_stack *st, struct iface *first)
{
	struct iface_stack *s = iface_state(st);
	if (--s->holding)
		return;
	if (first->carrier_news)
		follow_carrier(first);
	for (struct iface *i = NULL; s->n_carrier_news && (i = iface_next(st, i ? i->ifindex : 0));)
		if (i->carrier_news)
			follow_carrier(i);
}

/* Linux: set_operstate() */
bool iface_set_operstate(struct iface *i, uint8_t wish)
{
	uint8_t now = i->operstate, next = now;
	if (wish == IF_OPER_UP &&
	    (now == IF_OPER_DORMANT || now == IF_OPER_TESTING || now == IF_OPER_UNKNOWN))
		next = IF_OPER_UP;
	if ((wish == IF_OPER_TESTING || wish == IF_OPER_DORMANT) && shows_running(now))
		next = wish;
	if (next == now || !(i->flags & IFF_UP))
		return false;
	settle_as(i, true, next);
	return true;
}
