/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/icmp_ext.h"

#include <string.h>
#include <sys/socket.h>

#include "wire/csum.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

/* RFC 4884, 4.1 to 4.3: the second byte of the second word, in words of 4 bytes. */
enum { LEN4_SHIFT = 16, LEN4_UNIT = 4 };
/* RFC 4884, 4.4 and 4.5: its first byte, in words of 8. */
enum { LEN6_SHIFT = 24, LEN6_UNIT = 8 };
/* RFC 5837, 4.1 */
enum {
	CLASS_INTERFACE = 2,
	IFACE_INCOMING = 0 << 6,
	IFACE_INDEX = 8,
	IFACE_ADDR = 4,
	IFACE_NAME = 2,
	IFACE_MTU = 1
};
enum { NAME_MAX_LEN = 15 };

static bool may_follow4(uint8_t type)
{
	return type == ICMP4_UNREACH || type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAM_PROBLEM;
}
static bool may_follow6(uint8_t type)
{
	return type == ICMP6_UNREACH || type == ICMP6_TIME_EXCEEDED;
}

uint32_t icmp4_ext_quoted(uint8_t type, uint32_t info)
{
	return may_follow4(type) ? (info >> LEN4_SHIFT & 0xff) * LEN4_UNIT : 0;
}
uint32_t icmp6_ext_quoted(uint8_t type, uint32_t info)
{
	return may_follow6(type) ? (info >> LEN6_SHIFT & 0xff) * LEN6_UNIT : 0;
}

uint32_t icmp4_ext_info(uint8_t type, uint32_t info, bool *ret_may)
{
	*ret_may = may_follow4(type);
	return *ret_may ? info | ICMP_EXT_QUOTE_MIN / LEN4_UNIT << LEN4_SHIFT : info;
}
uint32_t icmp6_ext_info(uint8_t type, uint32_t info, bool *ret_may)
{
	*ret_may = may_follow6(type);
	return *ret_may ? info | ICMP_EXT_QUOTE_MIN / LEN6_UNIT << LEN6_SHIFT : info;
}

bool icmp_ext_ok(struct cursor c)
{
	struct cursor all = c;
	struct icmp_ext_hdr h;
	struct icmp_ext_object o;
	if (!cur_copy(&c, &h, sizeof h))
		return false;
	if (h.version >> 4 != ICMP_EXT_VERSION)
		return true;
	if (be16_get(h.csum) && !csum_ok(csum_cursor(all)))
		return false;
	while (cur_left(&c)) {
		if (!cur_copy(&c, &o, sizeof o) || be16_get(o.len) < sizeof o ||
		    !cur_skip(&c, be16_get(o.len) - (uint32_t)sizeof o))
			return false;
	}
	return true;
}

/* --- out --- */

static uint8_t *put(uint8_t *to, const void *p, uint32_t len)
{
	memcpy(to, p, len);
	return to + len;
}
static uint8_t *put_be32(uint8_t *to, uint32_t v)
{
	be32 b = be32_of(v);
	return put(to, &b, sizeof b);
}

static uint8_t *put_addr(uint8_t *to, uint8_t family, const struct ipaddr *a)
{
	bool is6 = family == AF_INET6;
	const uint8_t head[4] = { 0, is6 ? ICMP_EXT_AFI_IP6 : ICMP_EXT_AFI_IP4 };
	to = put(to, head, sizeof head);
	return is6 ? put(to, &a->v6, sizeof a->v6) : put(to, &a->v4, sizeof a->v4);
}

/* RFC 5837, 4.3: its length counts itself, and is a multiple of 4. */
static uint8_t *put_name(uint8_t *to, const char *name)
{
	uint8_t sub[1 + NAME_MAX_LEN] = { 0 };
	uint32_t n = (uint32_t)strnlen(name, NAME_MAX_LEN), len = (1 + n + 3) & ~3u;
	sub[0] = (uint8_t)len;
	memcpy(sub + 1, name, n);
	return put(to, sub, len);
}

uint32_t icmp_ext_emit_iface(const struct icmp_ext_iface *i, uint8_t to[ICMP_EXT_IFACE_MAX])
{
	struct icmp_ext_hdr h = { .version = ICMP_EXT_VERSION << 4 };
	struct icmp_ext_object o = { .class_num = CLASS_INTERFACE,
				     .c_type = IFACE_INCOMING | IFACE_INDEX | IFACE_NAME | IFACE_MTU };
	uint8_t *at = to + sizeof h + sizeof o;
	at = put_be32(at, i->ifindex);
	if (i->family) {
		o.c_type |= IFACE_ADDR;
		at = put_addr(at, i->family, &i->addr);
	}
	at = put_name(at, i->name);
	at = put_be32(at, i->mtu);
	uint32_t len = (uint32_t)(at - to);
	o.len = be16_of((uint16_t)(len - sizeof h));
	put(put(to, &h, sizeof h), &o, sizeof o);
	h.csum = be16_of(csum_done(csum_mem(to, len)));
	put(to, &h, sizeof h);
	return len;
}
