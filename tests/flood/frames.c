/* SPDX-License-Identifier: BSD-2-Clause */
#include "frames.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

static uint64_t draw(struct flood *f)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 7;
	f->seed ^= f->seed << 17;
	return f->seed * 0x2545f4914f6cdd1dULL;
}
static unsigned below(struct flood *f, unsigned n)
{
	return (unsigned)((draw(f) >> 32) * n >> 32);
}

/* --- bytes --- */

static void put(struct flood *f, const void *p, unsigned len)
{
	memcpy(f->b + f->len, p, len);
	f->len += len;
}
static void put8(struct flood *f, unsigned v)
{
	f->b[f->len++] = (uint8_t)v;
}
static void put16(struct flood *f, unsigned v)
{
	put8(f, v >> 8);
	put8(f, v);
}
static void put32(struct flood *f, uint32_t v)
{
	put16(f, v >> 16);
	put16(f, v);
}
static void put_random(struct flood *f, unsigned len)
{
	for (; len >= 8; len -= 8)
		put(f, &(uint64_t){ draw(f) }, 8);
	put(f, &(uint64_t){ draw(f) }, len);
}
static void set16(struct flood *f, unsigned at, unsigned v)
{
	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

static uint32_t sum(const uint8_t *p, unsigned len, uint32_t with)
{
	for (; len > 1; p += 2, len -= 2)
		with += (uint32_t)p[0] << 8 | p[1];
	return len ? with + ((uint32_t)p[0] << 8) : with;
}
static unsigned sum_end(uint32_t s)
{
	s = (s & 0xffff) + (s >> 16);
	return ~(s + (s >> 16)) & 0xffff;
}

/* --- headers --- */

static void eth(struct flood *f, const uint8_t to[6], unsigned type)
{
	f->len = 0;
	put(f, to, 6);
	put(f, f->own, 6);
	put16(f, type);
}

/* What stands behind it has to follow; then end4() or end6(). */
static void ip4(struct flood *f, uint32_t src, uint32_t dst, unsigned ttl, unsigned proto, unsigned frag)
{
	eth(f, f->mac, ETH_P_IP);
	put32(f, 0x45000000);
	put16(f, (unsigned)draw(f));
	put16(f, frag);
	put8(f, ttl);
	put8(f, proto);
	put16(f, 0);
	put32(f, src);
	put32(f, dst);
}
static void end4(struct flood *f)
{
	set16(f, 16, f->len - 14);
	set16(f, 24, sum_end(sum(f->b + 14, 20, 0)));
}

struct ip6 {
	uint8_t b[16];
};
/* The first 64 bits as given, the rest drawn. */
static struct ip6 in_64(struct flood *f, uint64_t net)
{
	struct ip6 a;
	uint64_t low = draw(f), be = __builtin_bswap64(net);
	memcpy(a.b, &be, 8);
	memcpy(a.b + 8, &low, 8);
	return a;
}
static struct ip6 exactly(uint64_t net, uint64_t host)
{
	struct ip6 a;
	memcpy(a.b, &(uint64_t){ __builtin_bswap64(net) }, 8);
	memcpy(a.b + 8, &(uint64_t){ __builtin_bswap64(host) }, 8);
	return a;
}
#define NET(n)     (0xfd77000000000000ULL | (uint64_t)(n) << 32)
#define LINK_LOCAL 0xfe80000000000000ULL
#define ROUTED     0x20010db800000000ULL

static void ip6(struct flood *f, struct ip6 src, struct ip6 dst, unsigned hops, unsigned next)
{
	uint8_t group[6] = { 0x33, 0x33, dst.b[12], dst.b[13], dst.b[14], dst.b[15] };
	eth(f, dst.b[0] == 0xff ? group : f->mac, ETH_P_IPV6);
	put32(f, 6U << 28);
	put16(f, 0);
	put8(f, next);
	put8(f, hops);
	put(f, &src, 16);
	put(f, &dst, 16);
}
static void end6(struct flood *f)
{
	set16(f, 18, f->len - 54);
}
/* ICMPv6 behind the header: its sum, too. */
static void end_icmp6(struct flood *f)
{
	end6(f);
	set16(f, 56, 0);
	set16(f, 56, sum_end(sum(f->b + 22, f->len - 22, f->len - 54 + IPPROTO_ICMPV6)));
}
static void end_icmp4(struct flood *f)
{
	end4(f);
	set16(f, 36, 0);
	set16(f, 36, sum_end(sum(f->b + 34, f->len - 34, 0)));
}

static uint32_t addr4(unsigned b, unsigned c, unsigned d)
{
	return 10U << 24 | b << 16 | c << 8 | d;
}

/* --- kinds --- */

static void udp(struct flood *f, unsigned port)
{
	put16(f, 1024 + below(f, 60000));
	put16(f, port);
	put16(f, 26);
	put16(f, 0);
	put_random(f, 18);
}

static void udp4(struct flood *f, uint32_t src, uint32_t dst, unsigned ttl)
{
	ip4(f, src, dst, ttl, IPPROTO_UDP, 0);
	udp(f, 9);
	end4(f);
}
static void udp6(struct flood *f, struct ip6 src, struct ip6 dst, unsigned hops)
{
	ip6(f, src, dst, hops, IPPROTO_UDP);
	udp(f, 9);
	end6(f);
	set16(f, 60, sum_end(sum(f->b + 22, f->len - 22, f->len - 54 + IPPROTO_UDP)));
}
static struct ip6 anywhere6(struct flood *f)
{
	return in_64(f, 0x2000000000000000ULL | draw(f) >> 3);
}
static uint32_t routed4(struct flood *f)
{
	return 0xc6120000 + below(f, 1 << 17);
}
static struct ip6 routed6(struct flood *f)
{
	return in_64(f, ROUTED | below(f, 1U << 31));
}

static void make_random(struct flood *f)
{
	uint32_t any = (uint32_t)draw(f);
	switch (below(f, 6)) {
	case 0:
		udp4(f, any, (uint32_t)draw(f), 64);
		break;
	case 1:
		udp4(f, any, routed4(f), 64);
		break;
	case 2:
		udp4(f, any, addr4(77, 1 + below(f, 2), 3 + below(f, 250)), 64);
		break;
	case 3:
		udp6(f, anywhere6(f), anywhere6(f), 64);
		break;
	case 4:
		udp6(f, anywhere6(f), routed6(f), 64);
		break;
	case 5:
		udp6(f, anywhere6(f), in_64(f, NET(1 + below(f, 2))), 64);
		break;
	}
}

static void make_fragment(struct flood *f)
{
	unsigned at = below(f, 100), len = 8 * (1 + below(f, 100));
	if (below(f, 2)) {
		ip4(f, (uint32_t)draw(f) % 0x7e000000 + 0x01000000, addr4(77, 1 + below(f, 3), 1), 64,
		    IPPROTO_UDP, 0x2000 | at);
		put_random(f, len);
		end4(f);
		return;
	}
	ip6(f, anywhere6(f), exactly(NET(1 + below(f, 3)), 1), 64, IPPROTO_FRAGMENT);
	put16(f, IPPROTO_UDP << 8);
	put16(f, at << 3 | 1);
	put32(f, (uint32_t)draw(f));
	put_random(f, len);
	end6(f);
}

/* The address of one that nobody has heard of. */
static void put_station(struct flood *f)
{
	put8(f, 2);
	put_random(f, 5);
}

static void stranger_asks4(struct flood *f)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	eth(f, all, ETH_P_ARP);
	put32(f, 0x00010800);
	put32(f, 0x06040001);
	put_station(f);
	put32(f, addr4(77, 3, 3 + below(f, 250)));
	put_random(f, 6);
	put32(f, addr4(77, 3, 1));
}
static void stranger_asks6(struct flood *f)
{
	struct ip6 leat = exactly(NET(3), 1);
	ip6(f, in_64(f, below(f, 2) ? NET(3) : LINK_LOCAL), leat, 255, IPPROTO_ICMPV6);
	put32(f, 135U << 24);
	put32(f, 0);
	put(f, &leat, 16);
	put16(f, 0x0101);
	put_station(f);
	end_icmp6(f);
}

static void make_strangers(struct flood *f)
{
	if (below(f, 2))
		stranger_asks4(f);
	else
		stranger_asks6(f);
}

static void make_scan(struct flood *f)
{
	switch (below(f, 8)) {
	case 0:
		stranger_asks4(f);
		break;
	case 1:
		stranger_asks6(f);
		break;
	case 2:
		udp4(f, addr4(77, 3, 2), addr4(80, below(f, 256), 2 + below(f, 250)), 64);
		break;
	default:
		udp6(f, in_64(f, NET(3)), in_64(f, NET(1 + below(f, 3))), 64);
		break;
	}
}

static void echo4(struct flood *f, uint32_t src)
{
	ip4(f, src, addr4(77, 1 + below(f, 3), 1), 64, IPPROTO_ICMP, 0);
	put32(f, 8U << 24);
	put_random(f, 36);
	end_icmp4(f);
}
static void echo6(struct flood *f, struct ip6 src)
{
	ip6(f, src, exactly(NET(1 + below(f, 3)), 1), 64, IPPROTO_ICMPV6);
	put32(f, 128U << 24);
	put_random(f, 36);
	end_icmp6(f);
}

static void make_icmp(struct flood *f)
{
	uint32_t src4 = addr4(77, 3, below(f, 4) ? 2 : 3 + below(f, 250));
	struct ip6 src6 = below(f, 4) ? exactly(NET(3), 2) : in_64(f, NET(3));
	switch (below(f, 6)) {
	case 0:
		echo4(f, src4);
		break;
	case 1:
		udp4(f, src4, addr4(77, 3, 1), 64); /* nobody listens */
		break;
	case 2:
		udp4(f, src4, routed4(f), 1); /* on its last hop */
		break;
	case 3:
		echo6(f, src6);
		break;
	case 4:
		udp6(f, src6, exactly(NET(3), 1), 64);
		break;
	case 5:
		udp6(f, src6, routed6(f), 1);
		break;
	}
}

static void make_advert(struct flood *f)
{
	ip6(f, in_64(f, LINK_LOCAL), exactly(0xff02000000000000ULL, 1), 255, IPPROTO_ICMPV6);
	put32(f, 134U << 24);
	put8(f, 64);
	put8(f, below(f, 2) ? 0x08 : 0); /* of high preference */
	put16(f, 1800);
	put32(f, 0);
	put32(f, 0);
	put16(f, 0x0101);
	put_station(f);
	struct ip6 net = in_64(f, 0xfd99000000000000ULL | draw(f) >> 16);
	memset(net.b + 8, 0, 8);
	put32(f, 0x030440c0); /* a prefix of 64 bits, on link, for addresses */
	put32(f, 86400);
	put32(f, 14400);
	put32(f, 0);
	put(f, &net, 16);
	put32(f, 0x18034008); /* a route */
	put32(f, 1800);
	net = in_64(f, 0xfd98000000000000ULL | draw(f) >> 16);
	memset(net.b + 8, 0, 8);
	put(f, &net, 16);
	put32(f, 0x19030000); /* a name server */
	put32(f, 1800);
	put_random(f, 16);
	end_icmp6(f);
}

static void make_malformed(struct flood *f)
{
	static void (*const whole[])(struct flood *) = { make_random, make_fragment, make_scan, make_icmp,
							 make_advert };
	whole[below(f, 5)](f);
	unsigned last = f->len, n = 1 + below(f, 4);
	while (n--)
		f->b[12 + below(f, last - 12 < 60 ? last - 12 : 60)] = (uint8_t)draw(f);
	if (!below(f, 3))
		f->len = 14 + below(f, last - 14);
	else if (!below(f, 4))
		put_random(f, below(f, 64));
}

const struct flood_kind flood_kinds[] = {
	{ "random", make_random },  { "fragments", make_fragment },
	{ "scan", make_scan },      { "strangers", make_strangers },
	{ "icmp", make_icmp },      { "malformed", make_malformed },
	{ "adverts", make_advert }, { 0 },
};

const struct flood_kind *flood_kind_find(const char *name)
{
	const struct flood_kind *k = flood_kinds;
	while (k->name && strcmp(k->name, name))
		k++;
	return k->name ? k : NULL;
}
