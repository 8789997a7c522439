/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an identifier is made of the MAC (EUI-64), drawn by lot (temporary addresses), or is a function of prefix,
 * interface, how often it had to be made anew, and a secret (RFC 7217): the same in this network each time, and unlike any in
 * another. The function is SipHash-2-4 under stable_secret, 128 bits as that wants; Linux's is SHA-1, so the same secret makes
 * other addresses there. Identifiers that standards reserve (RFC 5453) are passed over. */
#include "net/addr_gen.h"

#include <linux/if_arp.h>
#include <string.h>

bool addr_gen_eui64(const struct iface *i, struct ip6 *a)
{
	const uint8_t *mac = i->mac;
	if (i->hw_type != ARPHRD_ETHER)
		return false;
	memcpy(a->b + 8, (const uint8_t[]){ mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] },
	       8);
	return true;
}

/* RFC 5453: the subnet-router anycast address, those of Ethernet's own block, and the reserved anycast ones (RFC 2526). */
static bool is_reserved(const uint8_t id[8])
{
	static const uint8_t zero[8], anycast[7] = { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
				      ether[5] = { 0x02, 0x00, 0x5e, 0xff, 0xfe };
	return memcmp(id, zero, 8) == 0 || memcmp(id, ether, 5) == 0 ||
	       (memcmp(id, anycast, 7) == 0 && id[7] >= 0x80);
}

static bool has_secret(const struct iface_conf *c)
{
	return c->ip6.stable_secret[0] || c->ip6.stable_secret[1];
}

bool addr_gen_is_stable(struct leat_stack *st, struct iface *i)
{
	uint8_t mode = i->conf.addr_gen_mode;
	if (mode == IN6_ADDR_GEN_MODE_RANDOM && !has_secret(&i->conf))
		st->rt->ops->random(st->rt, i->conf.ip6.stable_secret, sizeof i->conf.ip6.stable_secret);
	return mode == IN6_ADDR_GEN_MODE_STABLE_PRIVACY || mode == IN6_ADDR_GEN_MODE_RANDOM;
}

bool addr_gen_stable(struct leat_stack *st, const struct iface *i, uint8_t dad_counter, struct ip6 *a)
{
	const struct iface_conf *c = has_secret(&i->conf) ? &i->conf : iface_conf_default(st);
	struct sipkey key;
	struct {
		uint8_t prefix[8], mac[6], dad_counter, tries;
	} in = { .dad_counter = dad_counter };
	if (!has_secret(c))
		return false;
	memcpy(key.k, c->ip6.stable_secret, sizeof key.k);
	memcpy(in.prefix, a->b, 8);
	memcpy(in.mac, i->mac, 6);
	do {
		uint64_t id = siphash(&key, &in, sizeof in);
		memcpy(a->b + 8, &id, 8);
		in.tries++;
	} while (is_reserved(a->b + 8));
	return true;
}

void addr_gen_random(struct leat_stack *st, struct ip6 *a)
{
	do
		st->rt->ops->random(st->rt, a->b + 8, 8);
	while (is_reserved(a->b + 8));
}
