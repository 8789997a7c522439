/* SPDX-License-Identifier: BSD-2-Clause */
/* What ARP answers, asks with and believes: Linux's settings net.ipv4.conf.*.arp_*, proxy_arp and proxy_arp_pvlan, which mean
 * here what they mean there. Of an interface and "all" the larger counts. */
#include <sys/socket.h>

#include "link/arp_internal.h"
#include "net/fib.h"
#include "net/neigh.h"

#define SETTING(w, i, member) MAX(racy_get((i)->conf.arp.member), racy_get(arp_stack((w)->st)->all.member))

/* --- answers --- */

enum arp_ignore {
	IGNORE_NOT_HERE = 1, /* the address is another interface's */
	IGNORE_OTHER_SUBNET = 2, /* or the asker is in none of its subnets */
	IGNORE_HOST_SCOPE = 3, /* the address is of scope host */
	IGNORE_ALL = 8,
};

static bool ignores(const struct worker *w, const struct iface *in, const struct arp_msg *m)
{
	const struct ipaddr tip = { .v4 = m->tpa }, sip = { .v4 = m->spa };
	const struct addr *ours;
	switch (SETTING(w, in, ignore)) {
	case IGNORE_NOT_HERE:
		return !addr_find_on(w, in->handle, AF_INET, &tip);
	case IGNORE_OTHER_SUBNET:
		return !addr_find_on(w, in->handle, AF_INET, &tip) ||
		       !addr_with_subnet(w, in->handle, AF_INET, &tip, be32_get(m->spa) ? &sip : &tip);
	case IGNORE_HOST_SCOPE:
		ours = addr_find(w, AF_INET, &tip);
		return !ours || ours->scope > RT_SCOPE_LINK;
	case IGNORE_ALL:
		return true;
	default:
		return false;
	}
}

/* arp_filter: only where an answer by IP would go back. */
static bool filtered(const struct worker *w, const struct iface *in, be32 asker)
{
	if (!SETTING(w, in, filter) || !be32_get(asker))
		return false;
	const struct fib_nh *nh = fib4_lookup_at(w, l3_handle_of(w, in->handle), asker);
	return !nh || nh->if_handle != in->handle;
}

/* RFC 1027, and RFC 3069 for hosts of one link that are kept apart. */
static bool stands_in(const struct worker *w, const struct iface *in, const struct fib_nh *nh,
		      const struct arp_msg *m)
{
	const struct ipaddr tip = { .v4 = m->tpa };
	if (!be32_get(m->spa) || !racy_get(in->conf.forward4) || !nh || nh->type != RTN_UNICAST)
		return false;
	if (nh->if_handle == in->handle)
		return SETTING(w, in, proxy_pvlan) && !be32_eq(m->spa, m->tpa);
	return SETTING(w, in, proxy) || neigh_is_proxied(w, in->handle, AF_INET, &tip, NULL);
}

enum arp_policy arp_policy(const struct worker *w, const struct iface *in, const struct arp_msg *m)
{
	bool ours = arp_is_ours(w, in->handle, m->tpa);
	const struct fib_nh *nh = ours ? NULL : fib4_lookup_at(w, in->handle, m->tpa);
	if (ours || (nh && nh->type == RTN_LOCAL))
		return ignores(w, in, m) || filtered(w, in, m->spa) ? ARP_IGNORE : ARP_ANSWER;
	return stands_in(w, in, nh, m) ? ARP_ANSWER_FOR_OTHER : ARP_NOT_OURS;
}

/* --- what is believed --- */

enum { ACCEPT_FROM_SUBNET = 2 };

bool arp_accepts(const struct worker *w, const struct iface *in, be32 sender)
{
	const struct ipaddr sip = { .v4 = sender };
	uint8_t accept = SETTING(w, in, accept);
	if (!accept || !be32_get(sender))
		return false;
	if (accept == ACCEPT_FROM_SUBNET && !addr_with_subnet(w, in->handle, AF_INET, &sip, &sip))
		return false;
	const struct fib_nh *nh = fib4_lookup_at(w, l3_handle_of(w, in->handle), sender);
	return !nh || nh->type == RTN_UNICAST;
}

bool arp_drops_gratuitous(const struct worker *w, const struct iface *in)
{
	return SETTING(w, in, drop_gratuitous);
}

/* --- questions --- */

enum { ANNOUNCE_SUBNET = 1, ANNOUNCE_BEST = 2 };

static bool may_show(const struct worker *w, const struct iface *out, const struct ipaddr *target,
		     const struct ipaddr *hint)
{
	uint8_t announce = SETTING(w, out, announce);
	if (announce >= ANNOUNCE_BEST || !arp_is_ours(w, out->handle, hint->v4))
		return false;
	return announce != ANNOUNCE_SUBNET || addr_with_subnet(w, out->handle, AF_INET, target, hint);
}

be32 arp_solicit_source(const struct worker *w, const struct iface *out, const struct ipaddr *target,
			const struct ipaddr *hint)
{
	struct ipaddr src = { 0 };
	if (may_show(w, out, target, hint))
		return hint->v4;
	addr_select_source(w, out, AF_INET, target, &src);
	return src.v4; /* none: the request is a probe */
}

bool arp_notifies(const struct iface *i)
{
	return i->conf.arp.notify || arp_stack(i->st)->all.notify;
}

/* --- settings --- */

/* clang-format off */
#define ROWS(ROW)                                                                                                    \
	ROW("arp_ignore", ignore, 8, "1: asked where the address is not, 2: or from outside its subnet, 3: of scope "\
	    "host, 8: always")                                                                                       \
	ROW("arp_announce", announce, 2, "1: requests show addresses of the target's subnet, 2: the best one")       \
	ROW("arp_filter", filter, 1, "answer only where a packet to the asker would leave")                          \
	ROW("arp_accept", accept, 2, "unasked, strangers become neighbours; 2: those of our subnets")                \
	ROW("arp_notify", notify, 1, "announce addresses when the interface comes up or its MAC changes")            \
	ROW("proxy_arp", proxy, 1, "answer for whom we would forward to by another interface")                       \
	ROW("proxy_arp_pvlan", proxy_pvlan, 1, "answer for others on the same link (RFC 3069)")                      \
	ROW("drop_gratuitous_arp", drop_gratuitous, 1, "announcements are not heard")
#define ROW_ALL(name, member, max, text) \
	KNOB("net.ipv4.conf.all." name, struct arp_stack, all.member, 0, 0, max, .help = text),
#define ROW_IFACE(name, member, max, text) \
	KNOB_IFACE("net.ipv4.conf.IF." name, arp.member, 0, 0, max, .help = text),

const struct knob arp_knobs[] = { ROWS(ROW_ALL) ROWS(ROW_IFACE) { 0 } };
