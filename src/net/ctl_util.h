/* SPDX-License-Identifier: BSD-2-Clause */
/* What the netlink families of this room share. */
#ifndef LEAT_NET_CTL_UTIL_H
#define LEAT_NET_CTL_UTIL_H

#include <errno.h>
#include <sys/socket.h>

#include "net/ctl_fill.h"

static inline unsigned addr_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* An address out of an attribute; false when it has not exactly the family's length. */
static inline bool addr_of_attr(const struct nlattr *a, uint8_t family, struct ipaddr *ret)
{
	if (mnl_attr_get_payload_len(a) != addr_len(family))
		return false;
	*ret = (struct ipaddr){ 0 };
	memcpy(ret, mnl_attr_get_payload(a), addr_len(family));
	return true;
}

/* Clears what lies behind the first plen bits; says whether that changed anything. */
static inline bool addr_mask(struct ipaddr *a, unsigned plen)
{
	struct ipaddr was = *a;
	*a = ipaddr_prefix(a, plen);
	return !ipaddr_eq(a, &was);
}

static inline void put_addr(struct nl_buf *b, uint16_t type, uint8_t family, const struct ipaddr *a)
{
	nl_put(b, type, a, addr_len(family));
}

static inline uint32_t ifindex_of(struct leat_stack *st, uint32_t handle)
{
	const struct iface *i = iface_by_handle(st, handle);
	return i ? i->ifindex : 0;
}

/* Does an interface pass a dump's filter by master (NULL: none)? Linux: 0 says nothing, -1 who has none. */
static inline bool has_master(const struct iface *i, const struct nlattr *filter)
{
	uint32_t want = filter ? mnl_attr_get_u32(filter) : 0;
	uint32_t have = i ? ifindex_of(i->st, i->l3_master) : 0;
	if (!want)
		return true;
	return want == UINT32_MAX ? !have : have == want;
}

/* 0 without one. */
static inline uint32_t loopback_index(struct leat_stack *st)
{
	struct iface *i = NULL;
	while ((i = iface_next(st, i ? i->ifindex : 0)))
		if (i->flags & IFF_LOOPBACK)
			return i->ifindex;
	return 0;
}

/* Linux shows times in hundredths of a second (USER_HZ). */
static inline uint32_t ticks_of_us(uint64_t us)
{
	return (uint32_t)(us / 10000);
}

/* Whether a string attribute, with or without its NUL, is this name. */
static inline bool attr_is_name(const struct nlattr *a, const char *name)
{
	size_t len = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	return len == strlen(name) && memcmp(mnl_attr_get_payload(a), name, len) == 0;
}

/* Copies a string attribute; false when it has no room. */
static inline bool attr_copy_name(const struct nlattr *a, char *to, size_t room)
{
	size_t len = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	if (len >= room)
		return false;
	memcpy(to, mnl_attr_get_payload(a), len);
	to[len] = 0;
	return true;
}

#endif
