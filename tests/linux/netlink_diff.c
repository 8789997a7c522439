/* SPDX-License-Identifier: BSD-2-Clause */
/* The same netlink requests to the kernel (in a network namespace of this process's own) and to leat (a stack in this process),
 * one after another; answers must be the same but for what nobody can compare: interface numbers become names, times
 * and counters are left out, dumps and what listeners are told are sorted. Each row of steps[] is a request. Exit status 77: not root. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/manual.h"
#include "net/sysctl.h"
#include "netlink/nl_sock.h"
#include "pkt/pkt.h"
#include "stack/stack_modules.h"

enum { LINES_MAX = 256, LINE_MAX_LEN = 1024, NAMES_MAX = 16, TEXT_MAX = 120, REPLY_MAX = 1 << 16 };

/* An attribute as it is: alone, or (nest not 0) in a nest with the next ones of the same. */
struct raw {
	uint16_t nest, type, len;
	const char *bytes;
};
#define U32(v)                              \
	4, (const char *)(const uint32_t[]) \
	{                                   \
		v                           \
	}
#define U16(v)                              \
	2, (const char *)(const uint16_t[]) \
	{                                   \
		v                           \
	}
#define U8(v)                              \
	1, (const char *)(const uint8_t[]) \
	{                                  \
		v                          \
	}
#define U64(v)                              \
	8, (const char *)(const uint64_t[]) \
	{                                   \
		v                           \
	}
#define STR(s) sizeof(s), s
#define TBL(type, ...)                        \
	{                                     \
		NDTA_PARMS, type, __VA_ARGS__ \
	}
#define MX(type, ...)                          \
	{                                      \
		RTA_METRICS, type, __VA_ARGS__ \
	}
#define ATTR(type, ...)              \
	{                            \
		0, type, __VA_ARGS__ \
	}

struct step {
	const char *title;
	uint16_t type, flags; /* NLM_F_* beyond REQUEST and ACK */
	uint8_t family, plen, rtype, scope, proto, src_plen, tos;
	const char *dst, *gw, *dev, *src, *label, *brd, *lladdr, *newname, *kind, *peer, *alias;
	uint32_t metric, mtu, table, group, ifi_flags, change, nud, addr_flags, rtm_flags, txqlen;
	struct raw raw[7]; /* further attributes; the last stays empty */
	bool unheard; /* what listeners are told is not compared */
	int gen_mode; /* -1: IN6_ADDR_GEN_MODE_NONE */
	const char *sysctl,
		*value; /* no request: a setting is written, and what listeners hear of that is compared */
};

#ifndef RTNLGRP_IPV6_ACADDR
enum { RTM_NEWANYCAST = 60, RTM_DELANYCAST, RTNLGRP_IPV6_ACADDR = 39 };
#endif

#define NEW  .flags = NLM_F_CREATE | NLM_F_EXCL
#define REPL .flags = NLM_F_CREATE | NLM_F_REPLACE
#define DUMP .flags = NLM_F_DUMP
#define V4   .family = AF_INET
#define V6   .family = AF_INET6
#define UNI  .rtype = RTN_UNICAST, .proto = RTPROT_BOOT, .table = RT_TABLE_MAIN
#define DEL  .scope = RT_SCOPE_NOWHERE, .table = RT_TABLE_MAIN

static const struct step steps[] = {
	{ "a pair", RTM_NEWLINK, NEW, .newname = "v0", .kind = "veth", .peer = "v1" },
	{ "again", RTM_NEWLINK, NEW, .newname = "v0", .kind = "veth", .peer = "v1" },
	{ "of a kind nobody knows", RTM_NEWLINK, NEW, .newname = "x0", .kind = "nosuchkind" },
	{ "the probe of ip", RTM_NEWLINK },
	{ "no link-local address, v0", RTM_NEWLINK, .dev = "v0", .gen_mode = -1 },
	{ "no link-local address, v1", RTM_NEWLINK, .dev = "v1", .gen_mode = -1 },
	{ "an address for v0", RTM_NEWLINK, .dev = "v0", .lladdr = "\x02\x00\x00\x00\x00\x01" },
	{ "a group address is none", RTM_NEWLINK, .dev = "v0", .lladdr = "\x03\x00\x00\x00\x00\x01" },
	{ "an address for v1", RTM_NEWLINK, .dev = "v1", .lladdr = "\x02\x00\x00\x00\x00\x02" },
	{ "mtu too small", RTM_NEWLINK, .dev = "v0", .mtu = 10 },
	{ "mtu too large", RTM_NEWLINK, .dev = "v0", .mtu = 70000 },
	{ "mtu", RTM_NEWLINK, .dev = "v0", .mtu = 1400 },
	{ "alias, group, queue", RTM_NEWLINK, .dev = "v0", .alias = "hello", .group = 5, .txqlen = 77 },
	{ "a taken name", RTM_NEWLINK, .dev = "v0", .newname = "v1" },
	{ "a bad name", RTM_NEWLINK, .dev = "v0", .newname = "a/b" },
	{ "another name", RTM_NEWLINK, .dev = "v0", .newname = "w0" },
	{ "and back", RTM_NEWLINK, .dev = "w0", .newname = "v0" },
	{ "v0 up", RTM_NEWLINK, .dev = "v0", .ifi_flags = IFF_UP, .change = IFF_UP },
	{ "v1 up", RTM_NEWLINK, .dev = "v1", .ifi_flags = IFF_UP, .change = IFF_UP },
	{ "lo up", RTM_NEWLINK, .dev = "lo", .ifi_flags = IFF_UP, .change = IFF_UP },
	{ "noarp", RTM_NEWLINK, .dev = "v1", .ifi_flags = IFF_NOARP, .change = IFF_NOARP },
	{ "arp", RTM_NEWLINK, .dev = "v1", .change = IFF_NOARP },
	{ "get v0", RTM_GETLINK, .dev = "v0" },
	{ "get by name", RTM_GETLINK, .newname = "v1" },
	{ "get nobody", RTM_GETLINK, .newname = "nobody" },
	{ "get nothing", RTM_GETLINK },
	{ "set nobody", RTM_SETLINK, .newname = "nobody", .mtu = 1500 },
	{ "delete nobody", RTM_DELLINK, .newname = "nobody" },
	{ "delete nothing", RTM_DELLINK },
	{ "delete lo", RTM_DELLINK, .dev = "lo" },
	{ "all links", RTM_GETLINK, DUMP },
	{ "veths", RTM_GETLINK, DUMP, .kind = "veth" },
	{ "links without a master", RTM_GETLINK, DUMP, .raw = { ATTR(IFLA_MASTER, U32(UINT32_MAX)) } },
	{ "links of any master", RTM_GETLINK, DUMP, .raw = { ATTR(IFLA_MASTER, U32(0)) } },
	{ "links of nobody", RTM_GETLINK, DUMP, .raw = { ATTR(IFLA_MASTER, U32(4711)) } },
	{ "strict: a name in a dump", RTM_GETLINK, DUMP, .newname = "v0" },

	{ "addr", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.1", .plen = 24, .dev = "v0", .brd = "10.0.0.255" },
	{ "addr again", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.1", .plen = 24, .dev = "v0" },
	{ "secondary", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.2", .plen = 24, .dev = "v0", .label = "v0:x" },
	{ "peer", RTM_NEWADDR, NEW, V4, .dst = "192.168.1.1", .gw = "192.168.1.2", .plen = 32, .dev = "v0" },
	{ "labels follow a name", RTM_NEWLINK, .dev = "v0", .newname = "w0" },
	{ "labels", RTM_GETADDR, DUMP, V4 },
	{ "labels follow a long name", RTM_NEWLINK, .dev = "w0", .newname = "w23456789abcdef" },
	{ "labels, cut", RTM_GETADDR, DUMP, V4 },
	{ "labels come back", RTM_NEWLINK, .dev = "w23456789abcdef", .newname = "v0" },
	{ "get v0 by its name", RTM_GETLINK, .newname = "v0" },
	{ "plen 33", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.3", .plen = 33, .dev = "v0" },
	{ "no address", RTM_NEWADDR, NEW, V4, .plen = 24, .dev = "v0" },
	{ "no device", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.3", .plen = 24 },
	{ "addr6", RTM_NEWADDR, NEW, V6, .dst = "2001:db8::1", .plen = 64, .dev = "v0",
	  .addr_flags = IFA_F_NODAD },
	{ "addr6 again", RTM_NEWADDR, NEW, V6, .dst = "2001:db8::1", .plen = 64, .dev = "v0",
	  .addr_flags = IFA_F_NODAD },
	{ "plen 129", RTM_NEWADDR, NEW, V6, .dst = "2001:db8::2", .plen = 129, .dev = "v0" },
	{ "no device 6", RTM_NEWADDR, NEW, V6, .dst = "2001:db8::2", .plen = 64 },
	{ "no device 6, delete", RTM_DELADDR, V6, .dst = "2001:db8::2", .plen = 64 },
	{ "no device, delete", RTM_DELADDR, V4, .dst = "10.0.0.1", .plen = 24 },
	{ "no address 6", RTM_NEWADDR, NEW, V6, .plen = 64, .dev = "v0" },
	{ "loopback address 6", RTM_NEWADDR, NEW, V6, .dst = "::1", .plen = 64, .dev = "v0" },
	{ "group6", RTM_NEWADDR, NEW, V6, .dst = "ff02::5", .plen = 64, .dev = "v0" },
	{ "all addresses", RTM_GETADDR, DUMP },
	{ "IPv4 addresses of v0", RTM_GETADDR, DUMP, V4, .dev = "v0" },
	{ "IPv6 addresses", RTM_GETADDR, DUMP, V6 },
	{ "strict: an attribute", RTM_GETADDR, DUMP, V4, .dst = "10.0.0.1" },
	{ "delete nobody's", RTM_DELADDR, V4, .dst = "10.9.9.9", .plen = 24, .dev = "v0" },
	{ "delete nobody's 6", RTM_DELADDR, V6, .dst = "2001:db8::9", .plen = 64, .dev = "v0" },
	{ "delete the secondary", RTM_DELADDR, V4, .dst = "10.0.0.2", .plen = 24, .dev = "v0" },
	{ "what is left", RTM_GETADDR, DUMP, V4 },

	{ "route", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.1.0.0", .plen = 16, .gw = "10.0.0.9" },
	{ "route again", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.1.0.0", .plen = 16, .gw = "10.0.0.9" },
	{ "replace", RTM_NEWROUTE, REPL, V4, UNI, .dst = "10.1.0.0", .plen = 16, .gw = "10.0.0.8",
	  .mtu = 1300 },
	{ "append", RTM_NEWROUTE, .flags = NLM_F_CREATE | NLM_F_APPEND, V4, UNI, .dst = "10.1.0.0",
	  .plen = 16, .gw = "10.0.0.7" },
	{ "change", RTM_NEWROUTE, .flags = NLM_F_REPLACE, V4, UNI, .dst = "10.1.0.0", .plen = 16,
	  .gw = "10.0.0.6" },
	{ "change nobody", RTM_NEWROUTE, .flags = NLM_F_REPLACE, V4, UNI, .dst = "10.5.0.0", .plen = 16,
	  .gw = "10.0.0.6" },
	{ "host bits", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.1.0.1", .plen = 16, .gw = "10.0.0.9" },
	{ "plen 33", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.1.0.0", .plen = 33, .gw = "10.0.0.9" },
	{ "no such gateway", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.2.0.0", .plen = 16, .gw = "10.77.0.1" },
	{ "no such type", RTM_NEWROUTE, NEW, V4, .rtype = 200, .table = RT_TABLE_MAIN, .dst = "10.2.0.0",
	  .plen = 16, .dev = "v0" },
	{ "no scope of ours", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.2.0.0", .plen = 16, .dev = "v0",
	  .scope = RT_SCOPE_HOST },
	{ "gateway is us", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.2.0.0", .plen = 16, .gw = "10.0.0.1" },
	{ "no way at all", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.2.0.0", .plen = 16 },
	{ "no source of ours", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.2.0.0", .plen = 16, .gw = "10.0.0.9",
	  .src = "1.2.3.4" },
	{ "on link", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.3.0.0", .plen = 16, .dev = "v0",
	  .scope = RT_SCOPE_LINK },
	{ "blackhole", RTM_NEWROUTE, NEW, V4, .rtype = RTN_BLACKHOLE, .proto = RTPROT_STATIC,
	  .table = RT_TABLE_MAIN, .dst = "10.4.0.0", .plen = 16 },
	{ "unreachable", RTM_NEWROUTE, NEW, V4, .rtype = RTN_UNREACHABLE, .proto = RTPROT_STATIC,
	  .table = RT_TABLE_MAIN, .dst = "10.6.0.0", .plen = 16, .metric = 7 },
	{ "default", RTM_NEWROUTE, NEW, V4, UNI, .gw = "10.0.0.254", .metric = 100 },
	{ "another table", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.8.0.0", .plen = 16, .gw = "10.0.0.9",
	  .table = 1000 },
	{ "table main", RTM_GETROUTE, DUMP, V4, .table = RT_TABLE_MAIN },
	{ "table 1000", RTM_GETROUTE, DUMP, V4, .table = 1000 },
	{ "table local of v0", RTM_GETROUTE, DUMP, V4, .table = RT_TABLE_LOCAL, .dev = "v0" },
	{ "table 77", RTM_GETROUTE, DUMP, V4, .table = 77 },
	{ "blackholes", RTM_GETROUTE, DUMP, V4, .rtype = RTN_BLACKHOLE },
	{ "by protocol", RTM_GETROUTE, DUMP, V4, .proto = RTPROT_STATIC },
	{ "route get", RTM_GETROUTE, V4, .dst = "10.1.2.3", .plen = 32 },
	{ "route get, with table", RTM_GETROUTE, V4, .dst = "10.1.2.3", .plen = 32,
	  .rtm_flags = RTM_F_LOOKUP_TABLE },
	{ "route get, the entry", RTM_GETROUTE, V4, .dst = "10.1.2.3", .plen = 32,
	  .rtm_flags = RTM_F_FIB_MATCH },
	{ "route get, default", RTM_GETROUTE, V4, .dst = "8.8.8.8", .plen = 32 },
	{ "route get, on link", RTM_GETROUTE, V4, .dst = "10.0.0.77", .plen = 32 },
	{ "route get, ours", RTM_GETROUTE, V4, .dst = "10.0.0.1", .plen = 32 },
	{ "route get, broadcast", RTM_GETROUTE, V4, .dst = "10.0.0.255", .plen = 32 },
	{ "route get, blackhole", RTM_GETROUTE, V4, .dst = "10.4.0.1", .plen = 32 },
	{ "route get, everyone", RTM_GETROUTE, V4, .dst = "255.255.255.255", .plen = 32 },
	{ "route get, a group", RTM_GETROUTE, V4, .dst = "224.0.0.5", .plen = 32 },
	{ "route get, unreachable", RTM_GETROUTE, V4, .dst = "10.6.0.1", .plen = 32 },
	{ "delete nobody", RTM_DELROUTE, V4, DEL, .dst = "10.77.0.0", .plen = 16 },
	{ "delete by gateway", RTM_DELROUTE, V4, DEL, .dst = "10.1.0.0", .plen = 16, .gw = "10.0.0.7" },
	{ "delete", RTM_DELROUTE, V4, DEL, .dst = "10.1.0.0", .plen = 16 },
	{ "delete once too often", RTM_DELROUTE, V4, DEL, .dst = "10.1.0.0", .plen = 16 },
	{ "no default, no way", RTM_DELROUTE, V4, DEL },
	{ "route get, nowhere", RTM_GETROUTE, V4, .dst = "8.8.8.8", .plen = 32 },

	{ "route6", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:1::", .plen = 48, .gw = "2001:db8::2" },
	{ "route6 again", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:1::", .plen = 48,
	  .gw = "2001:db8::2" },
	{ "route6 via link-local", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:2::", .plen = 48,
	  .gw = "fe80::9", .dev = "v0" },
	{ "route6 no device", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:3::", .plen = 48,
	  .gw = "fe80::9" },
	{ "route6 no such gateway", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:3::", .plen = 48,
	  .gw = "2001:db8:77::1" },
	{ "route6 mtu", RTM_NEWROUTE, REPL, V6, UNI, .dst = "2001:db8:1::", .plen = 48, .gw = "2001:db8::3",
	  .mtu = 1300 },
	{ "blackhole6", RTM_NEWROUTE, NEW, V6, .rtype = RTN_BLACKHOLE, .proto = RTPROT_STATIC,
	  .table = RT_TABLE_MAIN, .dst = "2001:db8:4::", .plen = 48, .dev = "lo" },
	{ "route6 get", RTM_GETROUTE, V6, .dst = "2001:db8:1::5", .plen = 128 },
	{ "route6 get, on link", RTM_GETROUTE, V6, .dst = "2001:db8::77", .plen = 128 },
	{ "route6 get, nowhere", RTM_GETROUTE, V6, .dst = "2002::1", .plen = 128 },
	{ "delete6", RTM_DELROUTE, V6, DEL, .dst = "2001:db8:1::", .plen = 48 },
	{ "delete6 nobody", RTM_DELROUTE, V6, DEL, .dst = "2001:db8:77::", .plen = 48 },

	{ "all metrics", RTM_NEWROUTE, REPL, V4, UNI, .dst = "10.20.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { MX(RTAX_ADVMSS, U32(1000)), MX(RTAX_HOPLIMIT, U32(7)), MX(RTAX_WINDOW, U32(5000)),
		   MX(RTAX_RTT, U32(80)), MX(RTAX_INITCWND, U32(10)), MX(RTAX_QUICKACK, U32(1)) } },
	{ "more metrics", RTM_NEWROUTE, REPL, V4, UNI, .dst = "10.21.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { MX(RTAX_RTTVAR, U32(8)), MX(RTAX_SSTHRESH, U32(9)), MX(RTAX_CWND, U32(3)),
		   MX(RTAX_REORDERING, U32(4)), MX(RTAX_INITRWND, U32(20)), MX(RTAX_RTO_MIN, U32(200)) } },
	{ "congestion control, mtu lock", RTM_NEWROUTE, REPL, V4, UNI, .dst = "10.22.0.0", .plen = 16,
	  .gw = "10.0.0.9",
	  .raw = { MX(RTAX_CC_ALGO, STR("reno")), MX(RTAX_LOCK, U32(1 << RTAX_MTU)), MX(RTAX_MTU, U32(1200)),
		   MX(RTAX_FEATURES, U32(RTAX_FEATURE_ECN)), MX(RTAX_FASTOPEN_NO_COOKIE, U32(1)) } },
	{ "metrics beyond what they may be", RTM_NEWROUTE, REPL, V4, UNI, .dst = "10.23.0.0", .plen = 16,
	  .gw = "10.0.0.9",
	  .raw = { MX(RTAX_ADVMSS, U32(70000)), MX(RTAX_MTU, U32(70000)), MX(RTAX_HOPLIMIT, U32(300)) } },
	{ "no such congestion control", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.24.0.0", .plen = 16,
	  .gw = "10.0.0.9", .raw = { MX(RTAX_CC_ALGO, STR("nosuch")) } },
	{ "no such feature", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.24.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { MX(RTAX_FEATURES, U32(0x100)) } },
	{ "no such metric", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.24.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { MX(RTAX_MAX + 1, U32(1)) } },
	{ "a short metric", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.24.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { MX(RTAX_RTT, U16(1)) } },
	{ "metric 0, and one that says nothing", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.24.0.0", .plen = 16,
	  .gw = "10.0.0.9", .raw = { MX(0, U32(1)), MX(RTAX_RTT, U32(0)) } },
	{ "the same again but for a metric", RTM_NEWROUTE, .flags = NLM_F_CREATE | NLM_F_APPEND, V4, UNI,
	  .dst = "10.24.0.0", .plen = 16, .gw = "10.0.0.9", .raw = { MX(RTAX_RTT, U32(5)) } },
	{ "routes with metrics", RTM_GETROUTE, DUMP, V4, .table = RT_TABLE_MAIN },
	{ "route get shows metrics", RTM_GETROUTE, V4, .dst = "10.20.1.1", .plen = 32 },
	{ "route get shows more", RTM_GETROUTE, V4, .dst = "10.22.1.1", .plen = 32 },
	{ "delete by another metric", RTM_DELROUTE, V4, DEL, .dst = "10.24.0.0", .plen = 16,
	  .raw = { MX(RTAX_RTT, U32(6)) } },
	{ "delete by its metric", RTM_DELROUTE, V4, DEL, .dst = "10.24.0.0", .plen = 16,
	  .raw = { MX(RTAX_RTT, U32(5)) } },
	{ "delete by a metric that is none", RTM_DELROUTE, V4, DEL, .dst = "10.24.0.0", .plen = 16,
	  .raw = { MX(RTAX_MAX + 1, U32(5)) } },
	{ "metrics 6", RTM_NEWROUTE, REPL, V6, UNI, .dst = "2001:db8:20::", .plen = 48, .gw = "2001:db8::2",
	  .raw = { MX(RTAX_HOPLIMIT, U32(7)), MX(RTAX_ADVMSS, U32(1000)), MX(RTAX_CC_ALGO, STR("cubic")),
		   ATTR(RTA_PREF, U8(1)) } },
	{ "low preference", RTM_NEWROUTE, REPL, V6, UNI, .dst = "2001:db8:21::", .plen = 48,
	  .gw = "2001:db8::2", .raw = { ATTR(RTA_PREF, U8(3)) } },
	{ "no such preference", RTM_NEWROUTE, REPL, V6, UNI, .dst = "2001:db8:22::", .plen = 48,
	  .gw = "2001:db8::2", .raw = { ATTR(RTA_PREF, U8(2)) } },
	{ "bad metric 6", RTM_NEWROUTE, REPL, V6, UNI, .dst = "2001:db8:23::", .plen = 48,
	  .gw = "2001:db8::2", .raw = { MX(RTAX_RTT, U16(2)) } },
	{ "routes with metrics 6", RTM_GETROUTE, DUMP, V6, .table = RT_TABLE_MAIN },
	{ "route6 get shows metrics", RTM_GETROUTE, V6, .dst = "2001:db8:20::1", .plen = 128 },
	{ "delete6 by another metric", RTM_DELROUTE, V6, DEL, .dst = "2001:db8:21::", .plen = 48,
	  .raw = { MX(RTAX_RTT, U32(6)) } },

	{ "rules", RTM_GETRULE, DUMP, V4 },
	{ "rules 6", RTM_GETRULE, DUMP, V6 },
#include "rule_steps.h"

	{ "neigh", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.5", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x05", .nud = NUD_PERMANENT },
	{ "neigh again", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.5", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x06", .nud = NUD_PERMANENT },
	{ "neigh replace", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.5", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x07", .nud = NUD_PERMANENT },
	{ "neigh noarp", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.6", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x08", .nud = NUD_NOARP },
	{ "neigh6", RTM_NEWNEIGH, NEW, V6, .dst = "2001:db8::5", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x05", .nud = NUD_PERMANENT },
	{ "neigh without create", RTM_NEWNEIGH, V4, .dst = "10.0.0.9", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x05", .nud = NUD_PERMANENT },
	{ "neigh nowhere", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.9", .lladdr = "\x02\x00\x00\x00\x00\x05",
	  .nud = NUD_PERMANENT },
	{ "neigh nobody", RTM_NEWNEIGH, NEW, V4, .dev = "v0", .nud = NUD_PERMANENT },
	{ "neigh get", RTM_GETNEIGH, V4, .dst = "10.0.0.5", .dev = "v0" },
	{ "neigh get nobody", RTM_GETNEIGH, V4, .dst = "10.0.0.99", .dev = "v0" },
	{ "neighbours", RTM_GETNEIGH, DUMP, V4 },
	{ "neighbours 6", RTM_GETNEIGH, DUMP, V6 },
	{ "neigh delete", RTM_DELNEIGH, V4, .dst = "10.0.0.5", .dev = "v0" },
	{ "neigh delete nobody", RTM_DELNEIGH, V4, .dst = "10.0.0.55", .dev = "v0" },

	{ "neigh without an address", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.31", .dev = "v0",
	  .nud = NUD_PERMANENT },
	{ "neigh without an address, reachable", RTM_NEWNEIGH, NEW, V6, .dst = "2001:db8::31", .dev = "v0",
	  .nud = NUD_REACHABLE },
	{ "neigh without an address or a state", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.32", .dev = "v0" },
	{ "neighbours of IPv4 now", RTM_GETNEIGH, DUMP, V4 },
	{ "neighbours of IPv6 now", RTM_GETNEIGH, DUMP, V6 },
	{ "a long address", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.33", .dev = "v0", .nud = NUD_PERMANENT,
	  .raw = { ATTR(NDA_LLADDR, 8, "\2\0\0\0\0\1\2\3") } },
	{ "a short address", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.34", .dev = "v0", .nud = NUD_PERMANENT,
	  .raw = { ATTR(NDA_LLADDR, 3, "\2\0\0") } },
	{ "a destination of the other family", RTM_NEWNEIGH, NEW, V4, .dev = "v0", .nud = NUD_PERMANENT,
	  .lladdr = "\x02\x00\x00\x00\x00\x05",
	  .raw = { ATTR(NDA_DST, 16, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1") } },
	{ "a protocol", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.35", .dev = "v0", .nud = NUD_PERMANENT,
	  .lladdr = "\x02\x00\x00\x00\x00\x05", .raw = { ATTR(NDA_PROTOCOL, U8(17)) } },
	{ "a short protocol", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.35", .dev = "v0", .nud = NUD_PERMANENT,
	  .lladdr = "\x02\x00\x00\x00\x00\x05", .raw = { ATTR(NDA_PROTOCOL, 0, "") } },
	{ "managed and permanent", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.36", .dev = "v0",
	  .nud = NUD_PERMANENT, .lladdr = "\x02\x00\x00\x00\x00\x05",
	  .raw = { ATTR(NDA_FLAGS_EXT, U32(1)) } },
	{ "an extended flag that there is none of", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.37", .dev = "v0",
	  .nud = NUD_PERMANENT, .lladdr = "\x02\x00\x00\x00\x00\x05",
	  .raw = { ATTR(NDA_FLAGS_EXT, U32(0x100)) } },
	{ "attributes that say nothing here", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.38", .dev = "v0",
	  .nud = NUD_PERMANENT, .lladdr = "\x02\x00\x00\x00\x00\x05",
	  .raw = { ATTR(NDA_VLAN, U16(5)), ATTR(NDA_VNI, U32(7)), ATTR(NDA_PORT, U16(8)),
		   ATTR(90, U32(1)) } },
	{ "an attribute beyond all, strictly", RTM_GETNEIGH, V4, .dst = "10.0.0.38", .dev = "v0",
	  .raw = { ATTR(90, U32(1)) } },
	{ "a filter in a dump of neighbours", RTM_GETNEIGH, DUMP, V4, .raw = { ATTR(NDA_MASTER, U32(77)) } },
	{ "neighbours without a master", RTM_GETNEIGH, DUMP, V4,
	  .raw = { ATTR(NDA_MASTER, U32(UINT32_MAX)) } },
	{ "a filter that says nothing", RTM_GETNEIGH, DUMP, V4, .raw = { ATTR(NDA_MASTER, U32(0)) } },
	{ "a state that is none", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.40", .dev = "v0", .nud = 0x200,
	  .lladdr = "\x02\x00\x00\x00\x00\x05" },

	{ "learned from outside", RTM_NEWNEIGH, NEW, V4, .dst = "10.0.0.50", .dev = "v0",
	  .nud = NUD_REACHABLE, .lladdr = "\x02\x00\x00\x00\x00\x50", .ifi_flags = NTF_EXT_LEARNED },
	{ "get what is learned", RTM_GETNEIGH, V4, .dst = "10.0.0.50", .dev = "v0" },
	{ "learned no more", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.50", .dev = "v0", .nud = NUD_STALE,
	  .lladdr = "\x02\x00\x00\x00\x00\x50" },
	{ "a router", RTM_NEWNEIGH, REPL, V6, .dst = "2001:db8::51", .dev = "v0", .nud = NUD_STALE,
	  .lladdr = "\x02\x00\x00\x00\x00\x51", .ifi_flags = NTF_ROUTER },
	{ "a router no more", RTM_NEWNEIGH, REPL, V6, .dst = "2001:db8::51", .dev = "v0", .nud = NUD_STALE,
	  .lladdr = "\x02\x00\x00\x00\x00\x51" },
	{ "a router by a change alone", RTM_NEWNEIGH, V6, .dst = "2001:db8::51", .dev = "v0",
	  .nud = NUD_STALE, .ifi_flags = NTF_ROUTER },
	{ "a managed one with an address", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.50", .dev = "v0",
	  .nud = NUD_STALE, .raw = { ATTR(NDA_FLAGS_EXT, U32(1)) } },
	{ "managed no more", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.50", .dev = "v0", .nud = NUD_STALE },
	{ "locked is for bridges", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.50", .dev = "v0", .nud = NUD_STALE,
	  .raw = { ATTR(NDA_FLAGS_EXT, U32(2)) } },
	{ "used", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.50", .dev = "v0", .ifi_flags = NTF_USE },
	{ "used, and permanent no more", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.38", .dev = "v0",
	  .ifi_flags = NTF_USE },
	{ "get what is used", RTM_GETNEIGH, V4, .dst = "10.0.0.38", .dev = "v0" },
	{ "delete what is used", RTM_DELNEIGH, V4, .dst = "10.0.0.38", .dev = "v0" },
	{ "delete what was learned", RTM_DELNEIGH, V4, .dst = "10.0.0.50", .dev = "v0" },
	{ "delete nowhere", RTM_DELNEIGH, V4, .dst = "10.0.0.50" },
	{ "delete of another family", RTM_DELNEIGH, .family = 77, .dst = NULL, .dev = "v0",
	  .raw = { ATTR(NDA_DST, 4, "\12\0\0\1") } },
	{ "validated without an address", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.52", .dev = "v0",
	  .nud = NUD_INCOMPLETE, .raw = { ATTR(NDA_FLAGS_EXT, U32(4)) } },
	{ "validated", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.52", .dev = "v0", .nud = NUD_STALE,
	  .lladdr = "\x02\x00\x00\x00\x00\x52", .raw = { ATTR(NDA_FLAGS_EXT, U32(4)) } },
	{ "validated still, without a state", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.52", .dev = "v0",
	  .nud = NUD_FAILED, .raw = { ATTR(NDA_FLAGS_EXT, U32(4)) } },
	{ "failed by order", RTM_NEWNEIGH, REPL, V4, .dst = "10.0.0.52", .dev = "v0", .nud = NUD_FAILED },
	{ "all of them", RTM_GETNEIGH, DUMP },
	{ "delete the last of them", RTM_DELNEIGH, V4, .dst = "10.0.0.52", .dev = "v0" },
	{ "get with a state", RTM_GETNEIGH, V4, .dst = "10.0.0.6", .dev = "v0", .nud = NUD_STALE },
	{ "get with a flag", RTM_GETNEIGH, V4, .dst = "10.0.0.6", .dev = "v0", .ifi_flags = NTF_USE },
	{ "get nowhere", RTM_GETNEIGH, V4, .dst = "10.0.0.6" },
	{ "get with too much", RTM_GETNEIGH, V4, .dst = "10.0.0.6", .dev = "v0",
	  .lladdr = "\x02\x00\x00\x00\x00\x52" },
	{ "get nothing of it", RTM_GETNEIGH, V4, .dev = "v0" },

	{ "a proxy", RTM_NEWNEIGH, NEW, V4, .dst = "10.9.0.1", .dev = "v0", .ifi_flags = NTF_PROXY },
	{ "a proxy again", RTM_NEWNEIGH, NEW, V4, .dst = "10.9.0.1", .dev = "v0", .ifi_flags = NTF_PROXY,
	  .raw = { ATTR(NDA_PROTOCOL, U8(17)) } },
	{ "a proxy everywhere", RTM_NEWNEIGH, NEW, V4, .dst = "10.9.0.2", .ifi_flags = NTF_PROXY },
	{ "a proxy everywhere 6", RTM_NEWNEIGH, NEW, V6, .dst = "2001:db8:9::2", .ifi_flags = NTF_PROXY },
	{ "a proxy 6", RTM_NEWNEIGH, NEW, V6, .dst = "2001:db8:9::1", .dev = "v0",
	  .ifi_flags = NTF_PROXY | NTF_ROUTER },
	{ "a managed proxy", RTM_NEWNEIGH, NEW, V4, .dst = "10.9.0.3", .dev = "v0", .ifi_flags = NTF_PROXY,
	  .raw = { ATTR(NDA_FLAGS_EXT, U32(1)) } },
	{ "get a proxy", RTM_GETNEIGH, V4, .dst = "10.9.0.1", .dev = "v0", .ifi_flags = NTF_PROXY },
	{ "get a proxy from any link", RTM_GETNEIGH, V4, .dst = "10.9.0.2", .dev = "v0",
	  .ifi_flags = NTF_PROXY },
	{ "get no proxy", RTM_GETNEIGH, V4, .dst = "10.9.0.7", .dev = "v0", .ifi_flags = NTF_PROXY },
	{ "proxies", RTM_GETNEIGH, DUMP, .ifi_flags = NTF_PROXY },
	{ "proxies of a link", RTM_GETNEIGH, DUMP, .ifi_flags = NTF_PROXY,
	  .raw = { ATTR(NDA_IFINDEX, U32(99)) } },
	{ "proxies are no neighbours", RTM_GETNEIGH, V4, .dst = "10.9.0.1", .dev = "v0" },
	{ "delete a proxy", RTM_DELNEIGH, V4, .dst = "10.9.0.1", .dev = "v0", .ifi_flags = NTF_PROXY },
	{ "delete it again", RTM_DELNEIGH, V4, .dst = "10.9.0.1", .dev = "v0", .ifi_flags = NTF_PROXY },
	{ "delete a proxy of any link by one", RTM_DELNEIGH, V4, .dst = "10.9.0.2", .dev = "v0",
	  .ifi_flags = NTF_PROXY },
	{ "delete a proxy of any link", RTM_DELNEIGH, V4, .dst = "10.9.0.2", .ifi_flags = NTF_PROXY },

	{ "tables of neighbours", RTM_GETNEIGHTBL, DUMP },
	{ "the IPv6 table", RTM_GETNEIGHTBL, DUMP, V6 },
	{ "one table", RTM_GETNEIGHTBL, V4 },
	{ "a table without a name", RTM_SETNEIGHTBL, V4 },
	{ "a table that is none", RTM_SETNEIGHTBL, V4, .raw = { ATTR(NDTA_NAME, STR("dog_cache")) } },
	{ "a table of the other family", RTM_SETNEIGHTBL, V6, .raw = { ATTR(NDTA_NAME, STR("arp_cache")) } },
	{ "a table, and nothing of it", RTM_SETNEIGHTBL, V4, .raw = { ATTR(NDTA_NAME, STR("arp_cache")) } },
	{ "settings of no link", RTM_SETNEIGHTBL, V4,
	  .raw = { ATTR(NDTA_NAME, STR("arp_cache")), { NDTA_PARMS, NDTPA_IFINDEX, U32(99) } } },
	{ "settings of a link", RTM_SETNEIGHTBL, V4, .dev = "v0",
	  .raw = { ATTR(NDTA_NAME, STR("arp_cache")), TBL(NDTPA_QUEUE_LEN, U32(7)),
		   TBL(NDTPA_APP_PROBES, U32(2)), TBL(NDTPA_UCAST_PROBES, U32(5)),
		   TBL(NDTPA_MCAST_REPROBES, U32(1)), TBL(NDTPA_PROXY_QLEN, U32(9)) } },
	{ "times of a link", RTM_SETNEIGHTBL, V4, .dev = "v0",
	  .raw = { ATTR(NDTA_NAME, STR("arp_cache")), TBL(NDTPA_BASE_REACHABLE_TIME, U64(20000)),
		   TBL(NDTPA_GC_STALETIME, U64(90000)), TBL(NDTPA_DELAY_PROBE_TIME, U64(4000)),
		   TBL(NDTPA_RETRANS_TIME, U64(500)), TBL(NDTPA_LOCKTIME, U64(100)) } },
	{ "an interval of nothing", RTM_SETNEIGHTBL, V4, .dev = "v0",
	  .raw = { ATTR(NDTA_NAME, STR("arp_cache")), TBL(NDTPA_INTERVAL_PROBE_TIME_MS, U64(0)) } },
	{ "tables of neighbours, changed", RTM_GETNEIGHTBL, DUMP, V4 },
	{ "strict: an attribute in a dump of tables", RTM_GETNEIGHTBL, DUMP, V4,
	  .raw = { ATTR(NDTA_NAME, STR("arp_cache")) } },

	{ "alias of nothing clears it", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_IFALIAS, 0, "") } },
	{ "it is gone", RTM_GETLINK, .dev = "v0" },
	{ "an alias again", RTM_NEWLINK, .dev = "v0", .alias = "x" },
	{ "alias of a zero clears it, too", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_IFALIAS, 1, "") } },
	{ "it is gone again", RTM_GETLINK, .dev = "v0" },
	{ "links of bridges", RTM_GETLINK, DUMP, .family = AF_BRIDGE },
	{ "a link attribute beyond all", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(120, U32(1)) } },
	{ "promiscuity is not to be set", RTM_NEWLINK, .dev = "v0",
	  .raw = { ATTR(IFLA_PROMISCUITY, U32(1)) } },
	{ "a short mtu", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_MTU, U16(1)) } },
	{ "a short hardware address", RTM_NEWLINK, .dev = "v0",
	  .raw = { ATTR(IFLA_ADDRESS, 4, "\2\0\0\0") } },
	{ "a short broadcast address", RTM_NEWLINK, .dev = "v0",
	  .raw = { ATTR(IFLA_BROADCAST, 4, "\2\0\0\0") } },
	{ "a long queue", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_TXQLEN, U32(0)) } },
	{ "a master that there is none of", RTM_NEWLINK, .dev = "v0",
	  .raw = { ATTR(IFLA_MASTER, U32(4711)) } },
	{ "no master", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_MASTER, U32(0)) } },
	{ "another peer for a veth", RTM_NEWLINK, .dev = "v0", .kind = "veth", .peer = "other" },
	{ "carrier", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_CARRIER, U8(1)) } },
	{ "a state while it is down", RTM_NEWLINK, .dev = "v1", .raw = { ATTR(IFLA_OPERSTATE, U8(5)) } },
	{ "waiting for a supplicant", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_LINKMODE, U8(1)) } },
	{ "it is up as yet", RTM_GETLINK, .dev = "v0" },
	{ "not before it says so", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_OPERSTATE, U8(5)) } },
	{ "it is dormant", RTM_GETLINK, .dev = "v0" },
	{ "a state that nobody sets", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_OPERSTATE, U8(2)) } },
	{ "testing, out of dormancy", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_OPERSTATE, U8(4)) } },
	{ "still dormant", RTM_GETLINK, .dev = "v0" },
	{ "it says so", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_OPERSTATE, U8(6)) } },
	{ "it is up", RTM_GETLINK, .dev = "v0" },
	{ "testing", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_OPERSTATE, U8(4)) } },
	{ "it is tested", RTM_GETLINK, .dev = "v0" },
	{ "tested", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_OPERSTATE, U8(6)) } },
	{ "a mode beyond all", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_LINKMODE, U8(77)) } },
	{ "it is kept", RTM_GETLINK, .dev = "v0" },
	{ "the mode again", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_LINKMODE, U8(0)) } },
	{ "protocol down", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_PROTO_DOWN, U8(1)) } },
	{ "an address family nobody knows", RTM_NEWLINK, .dev = "v0",
	  .raw = { { IFLA_AF_SPEC, 77, 0, "" } } },
	{ "a bad mode of addresses", RTM_NEWLINK, .dev = "v0",
	  .raw = { { IFLA_AF_SPEC, AF_INET6, 8, "\5\0\10\0\11\0\0\0" } } },
	{ "group of a size", RTM_NEWLINK, .raw = { ATTR(IFLA_GROUP, U32(9)), ATTR(IFLA_MTU, U32(1300)) } },
	{ "an alternative name", RTM_NEWLINK, .dev = "v0", .raw = { ATTR(IFLA_ALT_IFNAME, STR("nobody")) } },
	{ "a flag that nobody sets", RTM_NEWLINK, .dev = "v0", .ifi_flags = IFF_RUNNING,
	  .change = IFF_RUNNING },
	{ "promiscuous", RTM_NEWLINK, .dev = "v0", .ifi_flags = IFF_PROMISC, .change = IFF_PROMISC },
	{ "not so", RTM_NEWLINK, .dev = "v0", .change = IFF_PROMISC },
	{ "all groups", RTM_NEWLINK, .dev = "v0", .ifi_flags = IFF_ALLMULTI, .change = IFF_ALLMULTI },
	{ "not all", RTM_NEWLINK, .dev = "v0", .change = IFF_ALLMULTI },
	{ "v0 after all that", RTM_GETLINK, .dev = "v0" },
	{ "an unknown attribute, strictly", RTM_GETLINK, .dev = "v0", .raw = { ATTR(120, U32(1)) } },

	{ "an address attribute beyond all", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.50", .plen = 24,
	  .dev = "v0", .raw = { ATTR(40, U32(1)) } },
	{ "a label too long", RTM_NEWADDR, NEW, V4, .dst = "10.0.0.51", .plen = 24, .dev = "v0",
	  .label = "a-label-much-too-long-for-linux" },
	{ "a metric", RTM_NEWADDR, NEW, V4, .dst = "10.44.0.54", .plen = 24, .dev = "v0",
	  .raw = { ATTR(IFA_RT_PRIORITY, U32(55)) } },
	{ "a protocol of an address", RTM_NEWADDR, NEW, V4, .dst = "10.45.0.55", .plen = 24, .dev = "v0",
	  .raw = { ATTR(11, U8(9)) } },
	{ "flags of IPv6 for IPv4", RTM_NEWADDR, NEW, V4, .dst = "10.46.0.56", .plen = 24, .dev = "v0",
	  .addr_flags = IFA_F_MANAGETEMPADDR | IFA_F_HOMEADDRESS | IFA_F_STABLE_PRIVACY },
	{ "a prefix without its route", RTM_NEWADDR, NEW, V4, .dst = "10.47.0.56", .plen = 24, .dev = "v0",
	  .addr_flags = IFA_F_NOPREFIXROUTE },
	{ "temporary addresses of a long prefix", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:5::1", .plen = 80,
	  .dev = "v0", .addr_flags = IFA_F_NODAD | IFA_F_MANAGETEMPADDR },
	{ "metric of an address 6", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:7::1", .plen = 64, .dev = "v0",
	  .addr_flags = IFA_F_NODAD, .raw = { ATTR(IFA_RT_PRIORITY, U32(55)) } },
	{ "addresses after all that", RTM_GETADDR, DUMP, .dev = "v0" },
	{ "labels of prefixes", RTM_GETADDRLABEL, DUMP, V6 },
	{ "a label", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:7::", .plen = 48, .metric = 99 },
	{ "the same label", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:7::", .plen = 48, .metric = 99 },
	{ "another in its place", RTM_NEWADDRLABEL, REPL, V6, .dst = "2001:db8:7::", .plen = 48,
	  .metric = 98 },
	{ "one of a link", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:7::", .plen = 48, .metric = 97,
	  .dev = "v0" },
	{ "a newer one as long", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:8::", .plen = 48, .metric = 96 },
	{ "too long a prefix", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:8::", .plen = 129, .metric = 96 },
	{ "no prefix", RTM_NEWADDRLABEL, NEW, V6, .plen = 48, .metric = 96 },
	{ "no label", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:9::", .plen = 48 },
	{ "no label that could be", RTM_NEWADDRLABEL, NEW, V6, .dst = "2001:db8:9::", .plen = 48,
	  .metric = UINT32_MAX },
	{ "a mapped address", RTM_NEWADDRLABEL, NEW, V6, .dst = "::ffff:1.2.3.4", .plen = 128, .metric = 9 },
	{ "all labels", RTM_GETADDRLABEL, DUMP, V6 },
	{ "a dump of what is not asked", RTM_GETADDRLABEL, DUMP, V6, .plen = 5 },
	{ "which label", RTM_GETADDRLABEL, V6, .dst = "2001:db8:7::1", .plen = 128 },
	{ "which label there", RTM_GETADDRLABEL, V6, .dst = "2001:db8:7::1", .plen = 128, .dev = "v0" },
	{ "which of a prefix", RTM_GETADDRLABEL, V6, .dst = "2001:db8:7::1", .plen = 64 },
	{ "which of nothing", RTM_GETADDRLABEL, V6, .plen = 128 },
	{ "take a label away", RTM_DELADDRLABEL, V6, .dst = "2001:db8:7::", .plen = 48, .metric = 1 },
	{ "and again", RTM_DELADDRLABEL, V6, .dst = "2001:db8:7::", .plen = 48, .metric = 1 },
	{ "that of the link", RTM_DELADDRLABEL, V6, .dst = "2001:db8:7::", .plen = 48, .metric = 1,
	  .dev = "v0" },
	{ "no label to take", RTM_DELADDRLABEL, V6, .dst = "2001:db8:8::", .plen = 48 },
	{ "one of the first", RTM_DELADDRLABEL, V6, .dst = "fec0::", .plen = 10, .metric = 1 },
	{ "labels that are left", RTM_GETADDRLABEL, DUMP, V6 },
	{ "a token on a router", RTM_SETLINK, .dev = "lo",
	  .raw = { { IFLA_AF_SPEC, AF_INET6 | NLA_F_NESTED, 4 + 16,
		     "\x14\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x42" } } },
	{ "one address 6", RTM_GETADDR, V6, .dst = "2001:db8:7::1", .dev = "v0" },
	{ "one address that there is none of", RTM_GETADDR, V6, .dst = "2001:db8:70::1", .dev = "v0" },
	{ "one address", RTM_GETADDR, V4, .dst = "10.44.0.54", .dev = "v0" },

	{ "a route attribute beyond all", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.60.0.0", .plen = 16,
	  .gw = "10.0.0.9", .raw = { ATTR(60, U32(1)) } },
	{ "a realm", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.62.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { ATTR(RTA_FLOW, U32(5)) } },
	{ "a mark", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.63.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { ATTR(RTA_MARK, U32(5)) } },
	{ "a preference in IPv4", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.64.0.0", .plen = 16,
	  .gw = "10.0.0.9", .raw = { ATTR(RTA_PREF, U8(1)) } },
	{ "an input interface", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.66.0.0", .plen = 16, .gw = "10.0.0.9",
	  .raw = { ATTR(RTA_IIF, U32(1)) } },
	{ "a gateway of IPv6", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.67.0.0", .plen = 16, .dev = "v0",
	  .raw = { ATTR(RTA_VIA, 18, "\12\0\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1") } },
	{ "via of no family", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.68.0.0", .plen = 16, .dev = "v0",
	  .raw = { ATTR(RTA_VIA, 6, "\77\0\1\2\3\4") } },
	{ "flags of a route", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.70.0.0", .plen = 16, .gw = "10.0.0.9",
	  .rtm_flags = RTM_F_NOTIFY | RTM_F_CLONED | RTM_F_EQUALIZE },
	{ "a dead route", RTM_NEWROUTE, NEW, V4, UNI, .dst = "10.71.0.0", .plen = 16, .gw = "10.0.0.9",
	  .rtm_flags = RTNH_F_DEAD },
	{ "a dead route 6", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:71::", .plen = 48,
	  .gw = "2001:db8::2", .rtm_flags = RTNH_F_DEAD },
	{ "cloned 6", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:72::", .plen = 48, .gw = "2001:db8::2",
	  .rtm_flags = RTM_F_CLONED },
	{ "via in IPv6", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:73::", .plen = 48, .dev = "v0",
	  .raw = { ATTR(RTA_VIA, 18, "\12\0\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1") } },
	{ "a realm 6", RTM_NEWROUTE, NEW, V6, UNI, .dst = "2001:db8:74::", .plen = 48, .gw = "2001:db8::2",
	  .raw = { ATTR(RTA_FLOW, U32(5)) } },
	{ "routes after all that", RTM_GETROUTE, DUMP, V4, .table = RT_TABLE_MAIN },
	{ "routes 6 after all that", RTM_GETROUTE, DUMP, V6, .table = RT_TABLE_MAIN },
	{ "route get by an interface", RTM_GETROUTE, V4, .dst = "10.0.0.77", .plen = 32, .dev = "v1" },
	{ "route get elsewhere by an interface", RTM_GETROUTE, V4, .dst = "8.8.8.8", .plen = 32,
	  .dev = "v1" },
	{ "route get by its interface", RTM_GETROUTE, V4, .dst = "10.0.0.77", .plen = 32, .dev = "v0" },
	{ "route6 get by an interface", RTM_GETROUTE, V6, .dst = "2001:db8::77", .plen = 128, .dev = "v1" },
	{ "v1 has addresses, too", RTM_NEWADDR, NEW, V4, .dst = "172.16.1.1", .plen = 24, .dev = "v1" },
	{ "two of them", RTM_NEWADDR, NEW, V4, .dst = "172.16.2.1", .plen = 24, .dev = "v1" },
	{ "route get off its link, by the interface", RTM_GETROUTE, V4, .dst = "8.8.8.8", .plen = 32,
	  .dev = "v1" },
	{ "route get of another link, by the interface", RTM_GETROUTE, V4, .dst = "10.0.0.77", .plen = 32,
	  .dev = "v1" },
	{ "route get of its link, by the interface", RTM_GETROUTE, V4, .dst = "172.16.2.9", .plen = 32,
	  .dev = "v1" },
	{ "route get of its link, by another", RTM_GETROUTE, V4, .dst = "172.16.2.9", .plen = 32,
	  .dev = "v0" },
	{ "route get of a group, by the interface", RTM_GETROUTE, V4, .dst = "224.0.0.9", .plen = 32,
	  .dev = "v1" },
	{ "route get of everyone, by the interface", RTM_GETROUTE, V4, .dst = "255.255.255.255", .plen = 32,
	  .dev = "v1" },
	{ "v1 has addresses 6, too", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:91::1", .plen = 64, .dev = "v1",
	  .addr_flags = IFA_F_NODAD },
	{ "route6 get of another link, by the interface", RTM_GETROUTE, V6, .dst = "2001:db8::77",
	  .plen = 128, .dev = "v1" },
	{ "route6 get of its link, by the interface", RTM_GETROUTE, V6, .dst = "2001:db8:91::77", .plen = 128,
	  .dev = "v1" },
	{ "route get, an unknown attribute", RTM_GETROUTE, V4, .dst = "10.0.0.77", .plen = 32,
	  .raw = { ATTR(60, U32(1)) } },
	{ "route get, an attribute that says nothing", RTM_GETROUTE, V4, .dst = "10.0.0.77", .plen = 32,
	  .raw = { ATTR(RTA_PRIORITY, U32(1)) } },

	{ "a router of v0", .sysctl = "net.ipv6.conf.v0.forwarding", .value = "1" },
	{ "its anycast addresses", RTM_GETANYCAST, DUMP, V6 },
	{ "those of no family", RTM_GETANYCAST, DUMP },
	{ "those of IPv4", RTM_GETANYCAST, DUMP, V4 },
	{ "one of them", RTM_GETANYCAST, V6, .dst = "2001:db8::" },
	{ "those of v0", RTM_GETANYCAST, DUMP, V6, .dev = "v0" },
	{ "those of v1", RTM_GETANYCAST, DUMP, V6, .dev = "v1" },
	{ "strict: an attribute of anycast", RTM_GETANYCAST, DUMP, V6, .dst = "2001:db8::" },
	{ "their routes", RTM_GETROUTE, DUMP, V6, .table = RT_TABLE_LOCAL },
	{ "route get of one", RTM_GETROUTE, V6, .dst = "2001:db8::", .plen = 128 },
	{ "an address more", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:92::1", .plen = 64, .dev = "v0",
	  .addr_flags = IFA_F_NODAD },
	{ "another of its subnet", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:92::2", .plen = 64, .dev = "v0",
	  .addr_flags = IFA_F_NODAD },
	{ "one of a link of two", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:93::2", .plen = 127, .dev = "v0",
	  .addr_flags = IFA_F_NODAD },
	{ "one of four", RTM_NEWADDR, NEW, V6, .dst = "2001:db8:94::2", .plen = 126, .dev = "v0",
	  .addr_flags = IFA_F_NODAD },
	{ "an address less", RTM_DELADDR, V6, .dst = "2001:db8:92::1", .plen = 64, .dev = "v0" },
	{ "the last of its subnet", RTM_DELADDR, V6, .dst = "2001:db8:92::2", .plen = 64, .dev = "v0" },
	{ "a router of all", .sysctl = "net.ipv6.conf.all.forwarding", .value = "1" },
	{ "anycast addresses of all", RTM_GETANYCAST, DUMP, V6 },
	{ "a route of type anycast", RTM_NEWROUTE, NEW, V4, .rtype = RTN_ANYCAST, .proto = RTPROT_BOOT,
	  .scope = RT_SCOPE_LINK, .table = RT_TABLE_MAIN, .dst = "10.50.0.1", .plen = 32, .dev = "v0" },
	{ "of a scope too wide", RTM_NEWROUTE, NEW, V4, .rtype = RTN_ANYCAST, .proto = RTPROT_BOOT,
	  .table = RT_TABLE_MAIN, .dst = "10.50.0.2", .plen = 32, .dev = "v0" },
	{ "route get of type anycast", RTM_GETROUTE, V4, .dst = "10.50.0.1", .plen = 32 },
	{ "a host again", .sysctl = "net.ipv6.conf.all.forwarding", .value = "0" },
	{ "no anycast addresses", RTM_GETANYCAST, DUMP, V6 },
	{ "a router once more", .sysctl = "net.ipv6.conf.all.forwarding", .value = "1" },

	{ "v0 down", RTM_NEWLINK, .dev = "v0", .change = IFF_UP },
	{ "anycast addresses of what is up", RTM_GETANYCAST, DUMP, V6 },
	{ "routes of what is down", RTM_GETROUTE, DUMP, V4, .table = RT_TABLE_MAIN },
	{ "addresses stay", RTM_GETADDR, DUMP, V4 },
	{ "delete v0", RTM_DELLINK, .dev = "v0",
	  .unheard = true }, /* leat does not tell of its local routes */
	{ "both are gone", RTM_GETLINK, DUMP },
	{ "unknown type", RTM_MAX + 3 },
};

/* --- the two sides --- */

enum {
	GROUPS = RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_RULE | 1 << (RTNLGRP_IPV6_RULE - 1) | RTMGRP_IPV6_IFADDR |
		 RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_NEIGH,
};

struct side {
	const char *name;
	int fd, listener_fd; /* the kernel's */
	struct nl_sock *s, *listener; /* leat's */
	struct manual_rt *rt;
	struct leat_stack *st;
	unsigned n_lines, n_names;
	struct {
		int index;
		char name[IFNAMSIZ];
	} names[NAMES_MAX];
	char line[LINES_MAX][LINE_MAX_LEN];
	bool complete, listening;
};

static int index_of(const struct side *p, const char *name)
{
	for (unsigned i = 0; i < p->n_names; i++)
		if (strcmp(p->names[i].name, name) == 0)
			return p->names[i].index;
	return 0;
}

static const char *name_of(const struct side *p, int index)
{
	for (unsigned i = 0; i < p->n_names; i++)
		if (p->names[i].index == index)
			return p->names[i].name;
	return "?";
}

static void learn_name(struct side *p, const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	unsigned i = 0;
	while (i < p->n_names && p->names[i].index != m->ifi_index)
		i++;
	if (i == NAMES_MAX)
		return;
	if (i == p->n_names)
		p->n_names++;
	p->names[i].index = m->ifi_index;
	mnl_attr_for_each (a, h, sizeof *m)
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			snprintf(p->names[i].name, IFNAMSIZ, "%s", mnl_attr_get_str(a));
}

/* --- answers as text --- */

static void say(char *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(char *line, const char *fmt, ...)
{
	size_t at = strlen(line);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line + at, LINE_MAX_LEN - at, fmt, ap);
	va_end(ap);
}

/* What is compared of each kind of message: attributes that hold an interface's number are told by its name. */
static const struct shown {
	uint16_t type;
	size_t header;
	uint64_t attrs, index_attrs; /* bits by type */
} shown[] = {
#define B(n) ((uint64_t)1 << (n))
	{ RTM_NEWLINK, sizeof(struct ifinfomsg),
	  B(IFLA_IFNAME) | B(IFLA_MTU) | B(IFLA_TXQLEN) | B(IFLA_OPERSTATE) | B(IFLA_GROUP) |
		  B(IFLA_MIN_MTU) | B(IFLA_ADDRESS) | B(IFLA_BROADCAST) | B(IFLA_IFALIAS) | B(IFLA_LINKMODE) |
		  B(IFLA_PROMISCUITY) | B(IFLA_CARRIER),
	  0 },
	{ RTM_NEWADDR, sizeof(struct ifaddrmsg),
	  B(IFA_ADDRESS) | B(IFA_LOCAL) | B(IFA_LABEL) | B(IFA_BROADCAST) | B(IFA_FLAGS) | B(IFA_RT_PRIORITY),
	  0 },
	{ RTM_NEWANYCAST, sizeof(struct ifaddrmsg), ~B(IFA_CACHEINFO), 0 },
	{ RTM_NEWROUTE, sizeof(struct rtmsg),
	  B(RTA_DST) | B(RTA_SRC) | B(RTA_OIF) | B(RTA_GATEWAY) | B(RTA_PRIORITY) | B(RTA_PREFSRC) |
		  B(RTA_METRICS) | B(RTA_TABLE) | B(RTA_VIA) | B(RTA_PREF) | B(RTA_UID),
	  B(RTA_OIF) },
	{ RTM_NEWNEIGH, sizeof(struct ndmsg), B(NDA_DST) | B(NDA_LLADDR) | B(NDA_PROTOCOL) | B(NDA_FLAGS_EXT),
	  0 },
	{ RTM_NEWNEIGHTBL, sizeof(struct ndtmsg), B(NDTA_NAME) | B(NDTA_PARMS), 0 },
	{ RTM_NEWRULE, sizeof(struct fib_rule_hdr), ~B(FRA_PAD), 0 },
	{ RTM_NEWADDRLABEL, sizeof(struct ifaddrlblmsg), B(IFAL_ADDRESS) | B(IFAL_LABEL), 0 },
};

/* The time that was drawn at random and the references aside; and unset lengths in bytes are what each side makes of them. */
static void say_parms(const struct side *p, char *line, const struct nlattr *nest)
{
	const struct nlattr *a;
	mnl_attr_for_each_nested(a, nest)
	{
		uint16_t type = mnl_attr_get_type(a);
		if (type == NDTPA_IFINDEX)
			say(line, " %s", name_of(p, (int)mnl_attr_get_u32(a)));
		else if (type != NDTPA_REACHABLE_TIME && type != NDTPA_REFCNT && type != NDTPA_PAD)
			say(line, " .%u=%llu", type,
			    mnl_attr_get_payload_len(a) == 8 ? (unsigned long long)mnl_attr_get_u64(a)
							     : mnl_attr_get_u32(a));
	}
}

/* What is left of a route's life, to the next ten seconds: the rest of it is when either side was asked. */
static void say_life(char *line, const struct nlattr *a)
{
	const struct rta_cacheinfo *c = mnl_attr_get_payload(a);
	enum { TICKS_A_SECOND = 100 };
	if (c->rta_expires)
		say(line, " life=%d", (c->rta_expires / TICKS_A_SECOND + 9) / 10 * 10);
}

static void say_attr(const struct side *p, char *line, const struct shown *w, const struct nlattr *a)
{
	uint16_t type = mnl_attr_get_type(a);
	const uint8_t *b = mnl_attr_get_payload(a);
	if (w->type == RTM_NEWROUTE && type == RTA_CACHEINFO)
		return say_life(line, a);
	if (type >= 64 || !(w->attrs & B(type)))
		return;
	if (w->type == RTM_NEWNEIGHTBL && type == NDTA_PARMS)
		return say_parms(p, line, a);
	say(line, " %u=", type);
	if (w->index_attrs & B(type)) {
		say(line, "%s", name_of(p, (int)mnl_attr_get_u32(a)));
		return;
	}
	for (unsigned i = 0; i < mnl_attr_get_payload_len(a); i++)
		say(line, "%02x", b[i]);
}

static void say_header(const struct side *p, char *line, const struct nlmsghdr *h)
{
	const void *x = mnl_nlmsg_get_payload(h);
	const struct ifinfomsg *l = x;
	const struct ifaddrmsg *a = x;
	const struct rtmsg *r = x;
	const struct ndmsg *n = x;
	const struct fib_rule_hdr *f = x;
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
		say(line, "link %s type %u flags %x", name_of(p, l->ifi_index), l->ifi_type, l->ifi_flags);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		say(line, "addr %s %u/%u flags %x scope %u", name_of(p, (int)a->ifa_index), a->ifa_family,
		    a->ifa_prefixlen, a->ifa_flags, a->ifa_scope);
		break;
	case RTM_NEWANYCAST:
	case RTM_DELANYCAST:
	case RTM_GETANYCAST:
		say(line, "anycast %s %u/%u flags %x scope %u", name_of(p, (int)a->ifa_index), a->ifa_family,
		    a->ifa_prefixlen, a->ifa_flags, a->ifa_scope);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		say(line, "route %u/%u src %u tos %u table %u proto %u scope %u type %u flags %x",
		    r->rtm_family, r->rtm_dst_len, r->rtm_src_len, r->rtm_tos, r->rtm_table, r->rtm_protocol,
		    r->rtm_scope, r->rtm_type,
		    r->rtm_flags & ~(unsigned)RTNH_F_LINKDOWN /* leat does not tell */);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		say(line, "neigh %s %u state %x flags %x type %u", name_of(p, n->ndm_ifindex), n->ndm_family,
		    n->ndm_state, n->ndm_flags, n->ndm_type);
		break;
	case RTM_NEWNEIGHTBL:
		say(line, "table %u", ((const struct ndtmsg *)x)->ndtm_family);
		break;
	case RTM_NEWADDRLABEL:
		say(line, "label %u/%u %s seq %u", ((const struct ifaddrlblmsg *)x)->ifal_family,
		    ((const struct ifaddrlblmsg *)x)->ifal_prefixlen,
		    name_of(p, (int)((const struct ifaddrlblmsg *)x)->ifal_index),
		    ((const struct ifaddrlblmsg *)x)->ifal_seq);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		say(line, "rule %u from/%u to/%u tos %u table %u action %u flags %x", f->family, f->src_len,
		    f->dst_len, f->tos, f->table, f->action, f->flags);
		break;
	default:
		say(line, "type %u", h->nlmsg_type);
	}
}

static void say_error(char *line, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t skip = sizeof *e;
	const struct nlattr *a;
	say(line, "error %d", e->error);
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - NLMSG_HDRLEN;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each (a, h, (unsigned)skip) {
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			say(line, " \"%s\"", mnl_attr_get_str(a));
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS)
			say(line, " at %u", mnl_attr_get_u32(a));
	}
}

static void add_line(struct side *p, const struct nlmsghdr *h)
{
	const struct nlattr *a;
	const struct ndmsg *neigh = mnl_nlmsg_get_payload(h);
	bool is_group = (h->nlmsg_type & ~3) == RTM_NEWNEIGH && neigh->ndm_type == RTN_MULTICAST;
	bool is_group_rule = h->nlmsg_type == RTM_NEWRULE && neigh->ndm_family >= RTNL_FAMILY_IPMR;
	if (p->n_lines == LINES_MAX || is_group || /* the kernel's own reports make entries for groups */
	    is_group_rule) /* leat forwards none */
		return;
	char *line = p->line[p->n_lines++];
	line[0] = 0;
	say(line, h->nlmsg_flags & NLM_F_MULTI ? "multi " : "");
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		p->complete = true;
	if (h->nlmsg_type == NLMSG_ERROR)
		return say_error(line, h);
	if (h->nlmsg_type == NLMSG_DONE)
		return say(line, "done %d filtered %d", *(const int *)mnl_nlmsg_get_payload(h),
			   !!(h->nlmsg_flags & NLM_F_DUMP_FILTERED));
	if (h->nlmsg_type == RTM_NEWLINK)
		learn_name(p, h);
	say(line, "%s", (h->nlmsg_type & 3) == 1 ? "deleted " : "");
	say_header(p, line, h);
	for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++)
		if (shown[i].type == (h->nlmsg_type & ~3))
			for (uint16_t t = 0; t < 64; t++)
				mnl_attr_for_each (a, h, (unsigned)shown[i].header)
					if (mnl_attr_get_type(a) == t)
						say_attr(p, line, &shown[i], a);
}

/* The kernel tells of a link more often than of what changed in it; that is not compared. */
static bool is_compared(const struct nlmsghdr *h)
{
	return (h->nlmsg_type & ~3) != RTM_NEWLINK;
}

static int hear(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct side *p = ctx;
	int left = (int)len;
	const struct nlmsghdr *h = bytes;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		if (is_compared(h))
			add_line(p, h);
	return 0;
}

static int receive(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	int left = (int)len;
	const struct nlmsghdr *h = bytes;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		add_line(ctx, h);
	return 0;
}

/* --- requests --- */

static void put_ip(struct nl_buf *b, uint16_t type, uint8_t family, const char *text)
{
	uint8_t raw[16];
	if (!text)
		return;
	if (inet_pton(family, text, raw) != 1) {
		fprintf(stderr, "bad address %s\n", text);
		exit(2);
	}
	nl_put(b, type, raw, family == AF_INET ? 4 : 16);
}

static void put_u32_if(struct nl_buf *b, uint16_t type, uint32_t v)
{
	if (v)
		nl_put_u32(b, type, v);
}

static void put_str_if(struct nl_buf *b, uint16_t type, const char *s)
{
	if (s)
		nl_put_str(b, type, s);
}

static void put_raw(struct nl_buf *b, const struct side *p, const struct step *s)
{
	size_t nest = 0;
	for (unsigned i = 0; i < sizeof s->raw / sizeof s->raw[0] && s->raw[i].bytes; i++) {
		const struct raw *a = &s->raw[i];
		bool first = a->nest && (i == 0 || a->nest != a[-1].nest);
		if (first)
			nest = nl_nest(b, a->nest);
		if (first && (s->type & ~3) == RTM_NEWNEIGHTBL && s->dev)
			nl_put_u32(b, NDTPA_IFINDEX, (uint32_t)index_of(p, s->dev));
		nl_put(b, a->type, a->bytes, a->len);
		if (a->nest && a[1].nest != a->nest)
			nl_nest_end(b, nest);
	}
}

static void build_link(struct nl_buf *b, const struct side *p, const struct step *s)
{
	struct ifinfomsg *m = nl_begin(b, s->type, s->flags, 1, 0, sizeof *m);
	m->ifi_family = s->family;
	m->ifi_index = s->dev ? index_of(p, s->dev) : 0;
	m->ifi_flags = s->ifi_flags;
	m->ifi_change = s->change;
	put_str_if(b, IFLA_IFNAME, s->newname);
	put_str_if(b, IFLA_IFALIAS, s->alias);
	put_u32_if(b, IFLA_MTU, s->mtu);
	put_u32_if(b, IFLA_GROUP, s->group);
	put_u32_if(b, IFLA_TXQLEN, s->txqlen);
	if (s->lladdr)
		nl_put(b, IFLA_ADDRESS, s->lladdr, 6);
	if (s->gen_mode) {
		size_t spec = nl_nest(b, IFLA_AF_SPEC), inet6 = nl_nest(b, AF_INET6);
		nl_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		nl_nest_end(b, inet6);
		nl_nest_end(b, spec);
	}
	if (!s->kind)
		return;
	size_t info = nl_nest(b, IFLA_LINKINFO);
	nl_put_str(b, IFLA_INFO_KIND, s->kind);
	if (s->peer) {
		static const struct ifinfomsg none;
		size_t data = nl_nest(b, IFLA_INFO_DATA), peer = nl_nest(b, VETH_INFO_PEER);
		size_t at = b->len_bytes;
		/* An ifinfomsg of zeroes stands in front of the attributes. */
		nl_put(b, 0, &none, sizeof none - NLA_HDRLEN);
		memset(b->p + at, 0, sizeof none);
		nl_put_str(b, IFLA_IFNAME, s->peer);
		nl_nest_end(b, peer);
		nl_nest_end(b, data);
	}
	nl_nest_end(b, info);
}

static void build_addr(struct nl_buf *b, const struct side *p, const struct step *s)
{
	struct ifaddrmsg *m = nl_begin(b, s->type, s->flags, 1, 0, sizeof *m);
	m->ifa_family = s->family;
	m->ifa_prefixlen = s->plen;
	m->ifa_index = s->dev ? (uint32_t)index_of(p, s->dev) : 0;
	m->ifa_scope = s->scope;
	put_ip(b, IFA_LOCAL, s->family, s->dst);
	put_ip(b, IFA_ADDRESS, s->family, s->gw ? s->gw : s->dst);
	put_ip(b, IFA_BROADCAST, s->family, s->brd);
	put_str_if(b, IFA_LABEL, s->label);
	put_u32_if(b, IFA_FLAGS, s->addr_flags);
}

static void build_route(struct nl_buf *b, const struct side *p, const struct step *s)
{
	struct rtmsg *m = nl_begin(b, s->type, s->flags, 1, 0, sizeof *m);
	*m = (struct rtmsg){ .rtm_family = s->family,
			     .rtm_tos = s->tos,
			     .rtm_dst_len = s->plen,
			     .rtm_protocol = s->proto,
			     .rtm_scope = s->scope,
			     .rtm_type = s->rtype,
			     .rtm_flags = s->rtm_flags };
	put_ip(b, RTA_DST, s->family, s->dst);
	put_ip(b, RTA_GATEWAY, s->family, s->gw);
	put_ip(b, RTA_PREFSRC, s->family, s->src);
	put_u32_if(b, RTA_PRIORITY, s->metric);
	put_u32_if(b, RTA_TABLE, s->table);
	put_u32_if(b, RTA_OIF, s->dev ? (uint32_t)index_of(p, s->dev) : 0);
	if (s->mtu) {
		size_t nest = nl_nest(b, RTA_METRICS);
		nl_put_u32(b, RTAX_MTU, s->mtu);
		nl_nest_end(b, nest);
	}
}

static void build_neigh(struct nl_buf *b, const struct side *p, const struct step *s)
{
	struct ndmsg *m = nl_begin(b, s->type, s->flags, 1, 0, sizeof *m);
	m->ndm_family = s->family;
	m->ndm_ifindex = s->dev ? index_of(p, s->dev) : 0;
	m->ndm_state = (uint16_t)s->nud;
	m->ndm_flags = (uint8_t)s->ifi_flags;
	put_ip(b, NDA_DST, s->family, s->dst);
	if (s->lladdr)
		nl_put(b, NDA_LLADDR, s->lladdr, 6);
}

/* The first setting says whose, when .dev does. */
static void build_neightbl(struct nl_buf *b, const struct side *p, const struct step *s)
{
	struct ndtmsg *m = nl_begin(b, s->type, s->flags, 1, 0, sizeof *m);
	m->ndtm_family = s->family;
}

static void build_rule(struct nl_buf *b, const struct step *s)
{
	struct fib_rule_hdr *h = nl_begin(b, s->type, s->flags, 1, 0, sizeof *h);
	*h = (struct fib_rule_hdr){ .family = s->family,
				    .dst_len = s->plen,
				    .src_len = s->src_plen,
				    .tos = s->tos,
				    .table = s->table < 256 ? (uint8_t)s->table : 0,
				    .action = s->rtype,
				    .flags = s->rtm_flags };
	put_ip(b, FRA_DST, s->family, s->dst);
	put_ip(b, FRA_SRC, s->family, s->src);
	put_u32_if(b, FRA_PRIORITY, s->metric);
	if (s->table > 255)
		nl_put_u32(b, FRA_TABLE, s->table);
}

static void build_label(struct nl_buf *b, const struct side *p, const struct step *s)
{
	struct ifaddrlblmsg *h = nl_begin(b, s->type, s->flags, 1, 0, sizeof *h);
	*h = (struct ifaddrlblmsg){ .ifal_family = s->family,
				    .ifal_prefixlen = s->plen,
				    .ifal_index = s->dev ? (uint32_t)index_of(p, s->dev) : 0 };
	put_ip(b, IFAL_ADDRESS, s->family, s->dst);
	put_u32_if(b, IFAL_LABEL, s->metric);
}

static void build(struct nl_buf *b, const struct side *p, const struct step *s)
{
	switch (s->type & ~3) {
	case RTM_NEWLINK:
		build_link(b, p, s);
		break;
	case RTM_NEWADDR:
	case RTM_NEWANYCAST:
		build_addr(b, p, s);
		break;
	case RTM_NEWROUTE:
		build_route(b, p, s);
		break;
	case RTM_NEWNEIGH:
		build_neigh(b, p, s);
		break;
	case RTM_NEWNEIGHTBL:
		build_neightbl(b, p, s);
		break;
	case RTM_NEWADDRLABEL:
		build_label(b, p, s);
		break;
	default:
		build_rule(b, s);
	}
	put_raw(b, p, s);
	b->msg->nlmsg_flags |= NLM_F_REQUEST | (s->flags & NLM_F_DUMP && (s->type & 3) == 2 ? 0 : NLM_F_ACK);
	nl_end(b);
}

/* --- asking --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void ask_kernel(struct side *p, const void *bytes, size_t len)
{
	static uint8_t reply[REPLY_MAX] __attribute__((aligned(8)));
	if (send(p->fd, bytes, len, 0) < 0) {
		perror("send");
		exit(2);
	}
	while (!p->complete) {
		ssize_t n = recv(p->fd, reply, sizeof reply, 0);
		if (n < 0) {
			perror("recv");
			exit(2);
		}
		receive(p, reply, (size_t)n, 0, 0);
	}
}

static void write_setting(struct side *p, const struct step *s)
{
	char path[128], why[128];
	if (p->st) {
		if (sysctl_set(p->st, s->sysctl, s->value, why, sizeof why))
			printf("%s: not set\n", s->sysctl);
		manual_rt_run(p->rt, 100000);
		return;
	}
	snprintf(path, sizeof path, "/proc/sys/%s", s->sysctl);
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c;
	FILE *f = fopen(path, "w");
	if (!f || fputs(s->value, f) < 0 || fclose(f))
		perror(path);
}

static void ask(struct side *p, const struct step *s)
{
	if (s->sysctl) {
		p->n_lines = 0;
		write_setting(p, s);
		return;
	}
	struct nl_buf b;
	nl_buf_init(&b, REPLY_MAX);
	build(&b, p, s);
	p->n_lines = 0;
	p->complete = false;
	if (p->s) {
		nl_sock_input(p->s, b.p, b.len_bytes);
		manual_rt_run(p->rt, 100000);
	} else {
		ask_kernel(p, b.p, b.len_bytes);
	}
	nl_buf_done(&b);
	if (s->flags & NLM_F_DUMP && (s->type & 3) == 2)
		qsort(p->line, p->n_lines, sizeof p->line[0], by_text);
}

static void learn_names(struct side *p)
{
	static const struct step links = { .type = RTM_GETLINK, DUMP };
	p->n_names = 0;
	ask(p, &links);
}

static void settle(struct side *p)
{
	if (p->rt)
		manual_rt_run(p->rt, 2000000);
	else
		usleep(150000); /* the kernel watches carriers in the background */
}

/* What listeners were told of the last request, in any order. */
static void listen_to(struct side *p)
{
	static uint8_t bytes[REPLY_MAX] __attribute__((aligned(8)));
	ssize_t n;
	unsigned before = p->n_lines;
	if (p->s) {
		p->listening = true;
		nl_sock_writable(p->listener);
		p->listening = false;
	} else {
		while ((n = recv(p->listener_fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
			hear(p, bytes, (size_t)n, 0, 0);
	}
	qsort(p->line + before, p->n_lines - before, sizeof p->line[0], by_text);
}

static void step_both(struct side *k, struct side *l, const struct step *s)
{
	if ((s->type & ~3) == RTM_NEWLINK) {
		learn_names(k);
		learn_names(l);
	}
	ask(k, s);
	ask(l, s);
	if (((s->type & ~3) == RTM_NEWLINK || s->type == RTM_NEWADDR) && (s->type & 3) != 2) {
		settle(k);
		settle(l);
	}
	unsigned answers_k = k->n_lines, answers_l = l->n_lines;
	listen_to(k);
	listen_to(l);
	if (s->unheard) {
		k->n_lines = answers_k;
		l->n_lines = answers_l;
	}
}

static bool is_same(const struct side *k, const struct side *l)
{
	if (k->n_lines != l->n_lines)
		return false;
	for (unsigned i = 0; i < k->n_lines; i++)
		if (strcmp(k->line[i], l->line[i]) != 0)
			return false;
	return true;
}

static void show(const struct side *p)
{
	for (unsigned i = 0; i < p->n_lines; i++)
		printf("    %-6s %s\n", p->name, p->line[i]);
}

/* --- set up --- */

static const int anycast_group = RTNLGRP_IPV6_ACADDR;

/* Linux 6.18 forgets to take proxies without a device along when their namespace goes: a later namespace that gets the same place in
 * memory has them. */
static void forget_proxies(void)
{
	if (system("for f in -4 -6; do ip $f neigh show proxy | while read -r a rest; do ip $f neigh del "
		   "proxy $a; done; done"))
		printf("proxies of namespaces that are no more may be in the way\n");
}

static void open_kernel(struct side *p)
{
	int on = 1;
	if (geteuid() || unshare(CLONE_NEWNET)) {
		printf("needs root\n");
		exit(77);
	}
	forget_proxies();
	atexit(forget_proxies);
	p->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl groups = { .nl_family = AF_NETLINK, .nl_groups = GROUPS };
	p->listener_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (p->listener_fd < 0 || bind(p->listener_fd, (struct sockaddr *)&groups, sizeof groups) ||
	    setsockopt(p->listener_fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &anycast_group,
		       sizeof anycast_group)) {
		perror("listener");
		exit(2);
	}
	if (p->fd < 0 || setsockopt(p->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) ||
	    setsockopt(p->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on)) {
		perror("socket");
		exit(2);
	}
}

/* Waits until it is asked for, so that answers come first. */
static int hear_later(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct side *p = ctx;
	return p->listening ? hear(ctx, bytes, len, portid, group) : -EAGAIN;
}

static void open_leat(struct side *p)
{
	static const struct nl_sock_ops ops = { .deliver = receive },
					listener_ops = { .deliver = hear_later };
	struct nl_creds creds = { .pid = 1, .may_configure = true };
	char why[128];
	int on = 1;
	p->rt = manual_rt_new(1, 1);
	if (pkt_pools_init(manual_rt_of(p->rt), 16 << 20) ||
	    stack_new(manual_rt_of(p->rt), "diff", 1, leat_modules, &p->st) ||
	    nl_sock_new(p->st, NETLINK_ROUTE, &creds, &ops, p, &p->s) ||
	    nl_sock_new(p->st, NETLINK_ROUTE, &creds, &listener_ops, p, &p->listener) ||
	    nl_sock_bind(p->listener, 0, GROUPS) ||
	    nl_sock_setsockopt(p->listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &anycast_group,
			       sizeof anycast_group) ||
	    sysctl_set(p->st, "net.ipv6.conf.all.forwarding", "0", why, sizeof why)) {
		fprintf(stderr, "the stack does not start\n");
		exit(2);
	}
	nl_sock_setsockopt(p->s, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	nl_sock_setsockopt(p->s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
}

int main(void)
{
	static struct side k = { .name = "kernel" }, l = { .name = "leat" };
	unsigned wrong = 0, n = sizeof steps / sizeof steps[0];
	open_kernel(&k);
	open_leat(&l);
	for (unsigned i = 0; i < n; i++) {
		step_both(&k, &l, &steps[i]);
		if (is_same(&k, &l))
			continue;
		printf("%s: differs\n", steps[i].title);
		show(&k);
		show(&l);
		wrong++;
	}
	printf("%u requests, %u answered otherwise than by the kernel\n", n, wrong);
	nl_sock_free(l.listener);
	nl_sock_free(l.s);
	stack_free(l.st);
	pkt_pools_done(manual_rt_of(l.rt));
	manual_rt_free(l.rt);
	return wrong != 0;
}
