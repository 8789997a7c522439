/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/nd_opt.h"

#include "wire/ip6.h"

struct nd_route_opt { /* RFC 4191, 2.3; 0, 8 or 16 bytes of prefix follow */
	uint8_t type, len, plen, flags;
	be32 lifetime_s;
};
static_assert(sizeof(struct nd_route_opt) == 8, "as on the wire");

static struct ip6 first_bits(const struct ip6 *a, unsigned plen)
{
	struct ipaddr x = { .v6 = *a };
	return ipaddr_prefix(&x, plen).v6;
}

/* RFC 4861, 4.6.2 */
bool nd_prefix_parse(struct cursor c, struct nd_prefix_msg *ret_msg)
{
	struct nd_prefix_opt tmp;
	const struct nd_prefix_opt *o = cur_take(&c, &tmp, sizeof tmp);
	if (!o || o->plen > 128)
		return false;
	*ret_msg = (struct nd_prefix_msg){
		.prefix = first_bits(&o->prefix, o->plen),
		.plen = o->plen,
		.flags = o->flags,
		.valid_s = be32_get(o->valid_s),
		.preferred_s = be32_get(o->preferred_s),
	};
	return true;
}

/* RFC 4191, 2.3: as many bytes of prefix as its length needs; more is allowed, and ignored. */
bool nd_route_parse(struct cursor c, struct nd_route_msg *ret_msg)
{
	struct nd_route_opt o;
	struct ip6 prefix = { { 0 } };
	uint32_t left;
	if (!cur_copy(&c, &o, sizeof o) || o.plen > 128)
		return false;
	left = cur_left(&c);
	if (left > sizeof prefix || left < (o.plen + 63u) / 64 * 8 || !cur_copy(&c, &prefix, left))
		return false;
	*ret_msg = (struct nd_route_msg){
		.prefix = first_bits(&prefix, o.plen),
		.plen = o.plen,
		.pref = (enum nd_pref)(o.flags >> 3 & 3),
		.lifetime_s = be32_get(o.lifetime_s),
	};
	return ret_msg->pref != ND_PREF_INVALID;
}

bool nd_mtu_parse(struct cursor c, uint32_t *ret_mtu)
{
	struct nd_mtu_opt tmp;
	const struct nd_mtu_opt *o = cur_take(&c, &tmp, sizeof tmp);
	if (!o || cur_left(&c))
		return false;
	*ret_mtu = be32_get(o->mtu);
	return true;
}
