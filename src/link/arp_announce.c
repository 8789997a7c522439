/* SPDX-License-Identifier: BSD-2-Clause */
/* Announcements of our own addresses (RFC 5227, 3; Linux: arp_notify): when an interface comes up or has another MAC, a request
 * for each of its addresses, by which nobody needs to answer and all who know it learn. */
#include <sys/socket.h>

#include "link/arp_internal.h"

static void announce_on_worker(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct iface *out = iface_get(w, (uint32_t)m->arg[1].u);
	be32 a = be32_of((uint32_t)m->arg[2].u);
	if (out && iface_is_up(out))
		arp_send_request(w, out, a, a, NULL);
}

static void announce_all(struct iface *i)
{
	struct worker *w = i->st->worker[0];
	for (const struct addr *a = addr_first(i->st, i); a; a = addr_next(i->st, i, (struct addr *)a)) {
		const struct msg m = {
			.fn = announce_on_worker,
			.arg = { { .p = w }, { .u = i->handle }, { .u = be32_get(a->local.v4) } }
		};
		if (a->family == AF_INET)
			lcore_post(i->st->rt->ctl, w->lc, &m); /* lost without memory: as on the wire */
	}
}

static void on_iface(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	bool deaf = i->flags & (IFF_LOOPBACK | IFF_NOARP);
	if ((e == IFACE_UP || e == IFACE_MAC) && !deaf && arp_notifies(i))
		announce_all(i);
}

void arp_announce_init(struct leat_stack *st)
{
	arp_stack(st)->watch.event = on_iface;
	iface_watch_add(st, &arp_stack(st)->watch);
}

void arp_announce_unlink(struct leat_stack *st)
{
	iface_watch_remove(st, &arp_stack(st)->watch);
}
