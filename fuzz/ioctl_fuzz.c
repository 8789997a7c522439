/* SPDX-License-Identifier: BSD-2-Clause */
/* Ioctls upon a whole stack: each of those that are known, and others, with structures whose names, addresses and numbers mean something to
 * it, or nothing. Whatever is answered fits, and says nothing of memory that was not asked for (what is left of the structure is what came). */
#include <errno.h>
#include <linux/ipv6.h>
#include <stdio.h>
#include <stdlib.h>

#include "choice.h"
#include "compat/ioctl_internal.h"
#include "core/manual.h"
#include "fuzz.h"
#include "net/iface.h"
#include "rich.h"
#include "stack/stack_modules.h"

enum { CALLS_MAX = 64, SECOND_US = 1000000 };

struct one {
	uint32_t cmd;
	uint16_t family;
	size_t len;
	_Alignas(8) uint8_t data[IOCTL_DATA_MAX];
};

static const uint32_t commands[] = {
	SIOCGIFCONF,    SIOCGIFNAME,    SIOCGIFFLAGS,       SIOCGIFMETRIC, SIOCGIFMTU,     SIOCGIFHWADDR,
	SIOCGIFSLAVE,   SIOCGIFMAP,     SIOCGIFINDEX,       SIOCGIFTXQLEN, SIOCSIFFLAGS,   SIOCSIFMETRIC,
	SIOCSIFMTU,     SIOCSIFHWADDR,  SIOCSIFHWBROADCAST, SIOCSIFMAP,    SIOCADDMULTI,   SIOCDELMULTI,
	SIOCSIFTXQLEN,  SIOCSIFNAME,    SIOCGMIIPHY,        SIOCGMIIREG,   SIOCETHTOOL,    SIOCGIFADDR,
	SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK,     SIOCSIFADDR,   SIOCSIFDSTADDR, SIOCSIFBRDADDR,
	SIOCSIFNETMASK, SIOCDIFADDR,    SIOCADDRT,          SIOCDELRT,     SIOCSARP,       SIOCDARP,
	SIOCGARP,       SIOCGIFPFLAGS,
};

static void put_name(struct choice *c, char to[IFNAMSIZ])
{
	static const char *const names[] = {
		"a",   "b",     "a.5", "a.9", "a.9.7", "red", "lo",
		"a:1", "a:lbl", "",    "xx",  "a:",    "all", "123456789012345"
	};
	strncpy(to, names[choose(c, sizeof names / sizeof names[0])], IFNAMSIZ);
	if (choose_rarely(c))
		choose_bytes(c, to, IFNAMSIZ);
}

static void put_addr(struct choice *c, struct sockaddr *to)
{
	static const uint32_t addr[] = { 0x0a000101, 0x0a000102, 0x0a000901, 0xffffff00,
					 0xffff0000, 0xc6336400, 0,          0xffffffff,
					 0x7f000001, 0xe000004d, 0x0a0001ff, 0xff00ff00 };
	struct sockaddr_in a = { .sin_family = choose_rarely(c) ? choose_byte(c) : AF_INET };
	a.sin_addr.s_addr = htonl(addr[choose(c, sizeof addr / sizeof addr[0])]);
	if (choose_rarely(c))
		choose_bytes(c, &a.sin_addr, 4);
	memcpy(to, &a, sizeof a);
}

static void put_addr6(struct choice *c, struct in6_addr *to)
{
	*to = (struct in6_addr){ .s6_addr = { 0x20, 1, 0xd, 0xb8, 0,
					      choose_byte(c) % 8, [15] = choose_byte(c) % 4 } };
	if (choose_rarely(c))
		choose_bytes(c, to, sizeof *to);
}

static int number(struct choice *c)
{
	return choose(c, 4) ? choose_byte(c) % 32 : (int)choose_u64(c);
}

static void make_ifreq(struct choice *c, struct ifreq *r)
{
	put_name(c, r->ifr_name);
	switch (choose(c, 5)) {
	case 0:
		r->ifr_ifindex = number(c);
		break;
	case 1:
		put_addr(c, &r->ifr_addr);
		break;
	case 2:
		put_name(c, r->ifr_newname);
		break;
	case 3:
		r->ifr_hwaddr.sa_family = choose(c, 2) ? ARPHRD_ETHER : choose_byte(c);
		choose_bytes(c, r->ifr_hwaddr.sa_data, 6);
		break;
	default:
		r->ifr_flags = (short)choose_u64(c);
	}
}

static void make_route4(struct choice *c, struct one *o)
{
	struct rtentry r = { .rt_flags =
				     (unsigned short)(choose(c, 2) ? RTF_UP | RTF_GATEWAY : choose_u64(c)) };
	put_addr(c, &r.rt_dst);
	put_addr(c, &r.rt_gateway);
	put_addr(c, &r.rt_genmask);
	r.rt_metric = (short)number(c);
	r.rt_mtu = (unsigned long)number(c);
	r.rt_window = (unsigned long)number(c);
	memcpy(o->data, &r, sizeof r);
	o->len = sizeof r;
	if (choose(c, 2)) {
		put_name(c, (char *)o->data + o->len);
		o->len += IFNAMSIZ;
	}
}

static void make_route6(struct choice *c, struct one *o)
{
	struct in6_rtmsg r = { .rtmsg_dst_len = (uint16_t)(choose_byte(c) % 130),
			       .rtmsg_src_len = choose_rarely(c) ? choose_byte(c) : 0,
			       .rtmsg_metric = (uint32_t)number(c),
			       .rtmsg_flags = choose(c, 2) ? RTF_UP | RTF_GATEWAY : (uint32_t)choose_u64(c),
			       .rtmsg_info = choose_rarely(c) ? choose_byte(c) : 0,
			       .rtmsg_ifindex = number(c) };
	put_addr6(c, &r.rtmsg_dst);
	put_addr6(c, &r.rtmsg_gateway);
	memcpy(o->data, &r, sizeof r);
	o->len = sizeof r;
}

static void make_arp(struct choice *c, struct one *o)
{
	struct arpreq r = { .arp_flags = (int)(choose(c, 2) ? ATF_COM | ATF_PERM : choose_u64(c)) };
	put_addr(c, &r.arp_pa);
	put_addr(c, &r.arp_netmask);
	r.arp_ha.sa_family = choose_rarely(c) ? choose_byte(c) : ARPHRD_ETHER;
	choose_bytes(c, r.arp_ha.sa_data, 6);
	put_name(c, r.arp_dev);
	memcpy(o->data, &r, sizeof r);
	o->len = sizeof r;
}

static void make_ethtool(struct choice *c, struct one *o)
{
	struct ifreq r = { 0 };
	uint32_t cmd = choose(c, 4) ? choose_byte(c) % 0x60 : (uint32_t)choose_u64(c);
	put_name(c, r.ifr_name);
	memcpy(o->data, &r, sizeof r);
	memcpy(o->data + sizeof r, &cmd, sizeof cmd);
	o->len = sizeof r + sizeof cmd;
	size_t more = choose(c, 8) ? 4u * choose(c, 64) : 0;
	if (more > sizeof o->data - o->len)
		more = sizeof o->data - o->len;
	for (size_t i = 0; i < more; i++)
		o->data[o->len + i] = choose(c, 4) ? 0 : choose_byte(c);
	o->len += more;
}

static void make_addr6(struct choice *c, struct one *o)
{
	struct in6_ifreq r = { .ifr6_prefixlen = choose_byte(c) % 130u, .ifr6_ifindex = number(c) };
	put_addr6(c, &r.ifr6_addr);
	memcpy(o->data, &r, sizeof r);
	o->len = sizeof r;
}

static void make(struct choice *c, struct one *o)
{
	struct ifreq r = { 0 };
	*o = (struct one){ .cmd = commands[choose(c, sizeof commands / sizeof commands[0])],
			   .family = choose(c, 3)   ? AF_INET
				     : choose(c, 4) ? AF_INET6
						    : AF_PACKET };
	bool six = o->family == AF_INET6;
	if ((o->cmd == SIOCADDRT || o->cmd == SIOCDELRT) && !six)
		make_route4(c, o);
	else if (o->cmd == SIOCADDRT || o->cmd == SIOCDELRT)
		make_route6(c, o);
	else if (o->cmd == SIOCSARP || o->cmd == SIOCDARP || o->cmd == SIOCGARP)
		make_arp(c, o);
	else if (o->cmd == SIOCETHTOOL)
		make_ethtool(c, o);
	else if (six && (o->cmd == SIOCSIFADDR || o->cmd == SIOCDIFADDR))
		make_addr6(c, o);
	else {
		make_ifreq(c, &r);
		memcpy(o->data, &r, sizeof r);
		o->len = sizeof r;
	}
	if (choose_rarely(c))
		o->len = choose_u64(c) % sizeof o->data;
	if (choose_rarely(c))
		o->cmd = (uint32_t)choose_u64(c);
}

/* In a block of exactly that size, so that sanitizers see a step past its end; what goes back may be longer. */
static void run(struct leat_stack *st, struct one *o, bool admin)
{
	uint8_t *data = aligned_alloc(8, IOCTL_DATA_MAX);
	fuzz_check(data);
	memset(data, 0xa5, IOCTL_DATA_MAX);
	memcpy(data, o->data, o->len);
	struct ioctl_call call = { .cmd = o->cmd,
				   .family = o->family,
				   .creds = { .may_configure = admin },
				   .data = data,
				   .len_bytes = o->len };
	int err = ioctl_run(st, &call);
	fuzz_check(err <= 0 && err > -4096 && call.len_bytes <= IOCTL_DATA_MAX);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choice c = { data, size };
	struct manual_rt *m = manual_rt_new(1, 1);
	struct leat_stack *st;
	char why[128];
	fuzz_check(pkt_pools_init(manual_rt_of(m), 4 << 20) == 0);
	fuzz_check(stack_new(manual_rt_of(m), "fuzz", 1, leat_modules, &st) == 0);
	fuzz_check(iface_kind_find(st, "mem")->open(st, "a", "peer=b", why, sizeof why) == 0);
	iface_set_up(iface_by_name(st, "a"), true);
	iface_set_up(iface_by_name(st, "b"), true);
	rich_addresses(st, "a", "b");
	rich_fill(st, "a", "b");
	bool admin = !choose_rarely(&c);
	for (unsigned n = 0; c.left && n < CALLS_MAX; n++) {
		struct one o;
		make(&c, &o);
		run(st, &o, admin);
	}
	view_publish(st);
	manual_rt_run(m, SECOND_US);
	stack_free(st);
	pkt_pools_done(manual_rt_of(m));
	manual_rt_free(m);
	return 0;
}
