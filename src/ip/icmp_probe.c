/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended echo, "probe" (RFC 8335): somebody asks whether an interface of ours is there and works, by its name, index or an address.
 * As on Linux it is off at first (icmp_echo_enable_probe), for strangers need not know; what is asked must be ours (the L bit): the
 * neighbours we know are not told of. */
#include "ip/icmp_internal.h"
#include "net/addr.h"
#include "wire/icmp_ext.h"

enum { PROBE_L = 1, PROBE_SEQ_MASK = 0xff00 };
enum { STATE_ACTIVE = 4, STATE_IP4 = 2, STATE_IP6 = 1 };
enum { CODE_MALFORMED = 1, CODE_NO_IFACE = 2 };
enum { BY_NAME = 1, BY_INDEX = 2, BY_ADDR = 3 };
enum { OBJECT_LEN_MAX = 4 + 20 }; /* of an address of the longest kind, with its headers */

static const struct iface *by_index(const struct worker *w, uint32_t ifindex)
{
	const struct iface_table *t = view_get(w, VIEW_ifaces);
	for (uint32_t i = 0; t && i < t->n; i++) {
		const struct iface *ifc = rcu_get(t->slot[i]);
		if (ifc && ifc->ifindex == ifindex)
			return ifc;
	}
	return NULL;
}

static const struct iface *by_name(const struct worker *w, const char name[IFACE_NAME_MAX])
{
	const struct iface_table *t = view_get(w, VIEW_ifaces);
	for (uint32_t i = 0; t && i < t->n; i++) {
		const struct iface *ifc = rcu_get(t->slot[i]);
		if (ifc && strncmp(ifc->name, name, IFACE_NAME_MAX) == 0)
			return ifc;
	}
	return NULL;
}

static const struct iface *by_addr(const struct worker *w, uint8_t family, struct cursor c)
{
	struct ipaddr a = { 0 };
	cur_copy(&c, &a, cur_left(&c));
	const struct addr *found = addr_find(w, family, &a);
	return found ? iface_get(w, found->if_handle) : NULL;
}

/* c: who is meant. False: the question makes no sense. *ret NULL: there is none. */
static bool find(const struct worker *w, uint8_t c_type, struct cursor c, const struct iface **ret)
{
	char name[IFACE_NAME_MAX] = "";
	uint8_t afi[2], len, reserved;
	be32 index;
	switch (c_type) {
	case BY_NAME:
		*ret = cur_left(&c) < sizeof name && cur_copy(&c, name, cur_left(&c)) ? by_name(w, name)
										      : NULL;
		return c.left == 0;
	case BY_INDEX:
		if (cur_left(&c) != sizeof index || !cur_copy(&c, &index, sizeof index))
			return false;
		*ret = by_index(w, be32_get(index));
		return true;
	case BY_ADDR:
		if (!cur_copy(&c, afi, sizeof afi) || !cur_u8(&c, &len) || !cur_u8(&c, &reserved) || afi[0] ||
		    len != cur_left(&c))
			return false;
		if (!(afi[1] == ICMP_EXT_AFI_IP4 && len == 4) && !(afi[1] == ICMP_EXT_AFI_IP6 && len == 16))
			return false;
		*ret = by_addr(w, afi[1] == ICMP_EXT_AFI_IP4 ? AF_INET : AF_INET6, c);
		return true;
	default:
		return false;
	}
}

static uint16_t state_of(const struct worker *w, const struct iface *ifc)
{
	return (racy_get(ifc->flags) & IFF_UP ? STATE_ACTIVE : 0) |
	       (addr_any_on(w, ifc->handle, AF_INET) ? STATE_IP4 : 0) |
	       (addr_any_on(w, ifc->handle, AF_INET6) ? STATE_IP6 : 0);
}

bool icmp_probe(const struct worker *w, uint16_t seq, struct cursor body, struct icmp_probe *ret)
{
	const struct icmp4_stack *s = icmp4_stack(w->st);
	const struct iface *ifc = NULL;
	struct icmp_ext_object o;
	struct cursor who;
	if (!s || !racy_get(s->probe) || !(seq & PROBE_L))
		return false;
	*ret = (struct icmp_probe){ .code = CODE_MALFORMED, .seq = seq & PROBE_SEQ_MASK };
	if (!cur_skip(&body, sizeof(struct icmp_ext_hdr)) || !cur_copy(&body, &o, sizeof o) ||
	    be16_get(o.len) <= sizeof o || be16_get(o.len) > OBJECT_LEN_MAX ||
	    !cur_sub(&body, be16_get(o.len) - (uint32_t)sizeof o, &who) || !find(w, o.c_type, who, &ifc))
		return true;
	ret->code = ifc ? 0 : CODE_NO_IFACE;
	if (ifc)
		ret->seq |= state_of(w, ifc);
	return true;
}
