/* SPDX-License-Identifier: BSD-2-Clause */
/* What duplicate address detection (RFC 4862, 5.4; nd_dad.c in room ip asks and listens) means for addresses: which are tested, and
 * what becomes of a duplicate. One that a person gave stays, marked; others go: a temporary one is replaced, a stable private one
 * is made anew with the next counter (RFC 7217, 6), idgen_retries times. Where accept_dad is 2 and the duplicate is the link-local
 * address made of the MAC, somebody has our MAC, and IPv6 ends on the interface (RFC 4862, 5.4.5). */
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "net/addr_gen.h"
#include "net/addr_temp.h"
#include "net/ctl_fill.h"
#include "wire/text.h"

/* Linux asks nobody on devices that know no neighbours; neither can a stack without neighbour discovery. */
bool addr_needs_test(const struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	return a->family == AF_INET6 && !(a->flags & IFA_F_NODAD) &&
	       !ip6_is_multicast(&a->local.v6) && /* a group has many who listen */
	       !(i->flags & (IFF_NOARP | IFF_LOOPBACK)) && !addr_state(st)->trusted && i->conf.accept_dad &&
	       i->conf.dad_transmits && stack_state(st, MODULE_nd);
}

static void set_flags(struct leat_stack *st, struct addr *a, uint32_t on, uint32_t off)
{
	racy_set(a->flags, (a->flags & ~off) | on);
	if (!(a->flags & IFA_F_TENTATIVE))
		addr_routes_add(st, a);
	addr_tell(st, RTM_NEWADDR, a);
	addr_event_send(st, a, ADDR_CHANGED);
}

static void make_another(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct addr how = *a;
	if (a->retries >= addr_state(st)->idgen_retries || a->retries == UINT8_MAX)
		return;
	how.retries++;
	how.flags &= IFA_F_STABLE_PRIVACY | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE;
	how.valid_s = addr_left_s(st, a, a->valid_s);
	how.preferred_s = addr_left_s(st, a, a->preferred_s);
	if (how.valid_s && addr_gen_stable(st, i, how.retries, &how.local.v6))
		addr_add(st, &how, false);
}

static bool is_of_mac(const struct iface *i, const struct addr *a)
{
	struct ip6 want = { { 0xfe, 0x80 } };
	return addr_gen_eui64(i, &want) && ip6_eq(&want, &a->local.v6);
}

static void on_duplicate(struct leat_stack *st, struct iface *i, struct addr *a)
{
	char text[IP6_TEXT_MAX];
	bool stable = a->flags & IFA_F_STABLE_PRIVACY;
	bool ends_ip6 = i->conf.accept_dad > 1 && !stable && is_of_mac(i, a);
	rt_log(st->rt, LOG_WARN, "stack %s: %s: somebody else has the address %s%s", st->name, i->name,
	       ip6_text(&a->local.v6, text), ends_ip6 ? ": IPv6 ends here" : "");
	if (a->flags & IFA_F_TEMPORARY)
		addr_temp_was_duplicate(st, a);
	else if (stable)
		make_another(st, i, a);
	if (addr_is_permanent(a))
		set_flags(st, a, IFA_F_DADFAILED | IFA_F_TENTATIVE, IFA_F_OPTIMISTIC);
	else
		addr_remove(st, a);
	if (ends_ip6) {
		racy_set(i->conf.ip6.disable, 1);
		addr_ip6_switched(i);
	}
}

void addr_dad_done(struct leat_stack *st, uint32_t if_handle, const struct ip6 *who, bool duplicate)
{
	struct addr *a = addr_get6(st, if_handle, who);
	struct iface *i = iface_by_handle(st, if_handle);
	if (!a || !i || !(a->flags & IFA_F_TENTATIVE))
		return;
	if (duplicate)
		on_duplicate(st, i, a);
	else
		set_flags(st, a, 0, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED);
}
