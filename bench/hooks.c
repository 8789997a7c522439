/* SPDX-License-Identifier: BSD-2-Clause */
/* What hook points cost: forwards 64-byte packets through a whole stack before a module that listens at every point is
 * loaded, while it is, and after it has gone. Under callgrind each phase is a dump of its own named after it, in which only
 * the way from the input of one interface to the driver of the other is counted; tests/callgrind-hooks compares them.
 *
 *   hooks 4|6 [PACKETS [VECTOR]]
 *
 * Prints "PHASE packets N hooked M" for each phase. Status 0: every packet came out, and passed five points while hooked:
 * ingress, prerouting, forward, postrouting and egress. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT      ((void)0)
#define CALLGRIND_DUMP_STATS_AT(name) ((void)(name))
#endif

#include "../tests/hook_count.h"
#include "core/manual.h"
#include "net/addr.h"
#include "net/neigh.h"
#include "stack/stack_modules.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { FRAME_LEN = 60 /* and four bytes that the device adds */, WARM_UP = 4, POINTS_PASSED = 5 };

struct bench {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct iface *in, *out;
	uint8_t family;
	unsigned packets, vector;
	uint64_t sent, out_packets;
	uint8_t frame[FRAME_LEN];
};

/* --- two devices: nothing behind the one, and the other counts --- */

static void out_xmit(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct bench *b = i->driver;
	b->out_packets += n;
	pkt_free_bulk(w->lc, p, n);
}
static int dev_up(struct iface *i)
{
	iface_set_carrier(i, true);
	return 0;
}
static void dev_nothing(struct iface *i)
{
}
static const struct iface_ops ops = {
	.kind = "bench",
	.xmit = out_xmit,
	.up = dev_up,
	.down = dev_nothing,
	.stop = dev_nothing,
	.free = dev_nothing,
};

/* Interface k has the addresses 10.0.k.1/24 and fd00:k::1/64 and the neighbours .2 and ::2. */
static struct ipaddr address(uint8_t family, unsigned k, uint8_t host)
{
	struct ipaddr a = { 0 };
	if (family == AF_INET)
		a.v4 = be32_of(10u << 24 | k << 8 | host);
	else
		a.v6 = (struct ip6){ { 0xfd, [3] = (uint8_t)k, [15] = host } };
	return a;
}

static int add_address(struct bench *b, struct iface *i, uint8_t family, unsigned k)
{
	struct ipaddr a = address(family, k, 1);
	const struct addr how = {
		.if_handle = i->handle,
		.family = family,
		.plen = family == AF_INET ? 24 : 64,
		.flags = IFA_F_PERMANENT | IFA_F_NODAD,
		.local = a,
		.peer = a,
		.valid_s = UINT32_MAX,
		.preferred_s = UINT32_MAX,
	};
	const struct neigh_info peer = {
		.if_handle = i->handle,
		.family = family,
		.state = NUD_PERMANENT,
		.addr = address(family, k, 2),
		.mac = { 2, 0, 0, 0, (uint8_t)k, 2 },
		.has_mac = true,
	};
	int err = addr_add(b->st, &how, false);
	return err ? err : neigh_set(b->st, &peer, NLM_F_CREATE);
}

static int add_iface(struct bench *b, unsigned k, struct iface **ret)
{
	struct iface_new how = {
		.ops = &ops,
		.driver = b,
		.hw_type = ARPHRD_ETHER,
		.flags = IFF_BROADCAST | IFF_MULTICAST,
		.features = IFACE_TX_CSUM | IFACE_TX_SG,
		.mtu = 1500,
		.mtu_min = 68,
		.mtu_max = 9000,
		.mac = { 2, 0, 0, 0, (uint8_t)k, 1 },
	};
	snprintf(how.name, sizeof how.name, "bench%u", k);
	int err = iface_add(b->st, &how, ret);
	if (!err)
		err = iface_set_up(*ret, true);
	if (!err)
		err = add_address(b, *ret, AF_INET, k);
	return err ? err : add_address(b, *ret, AF_INET6, k);
}

static void make_frame(struct bench *b)
{
	struct eth_hdr *eth = (struct eth_hdr *)b->frame;
	struct ipaddr src = address(b->family, 1, 2), dst = address(b->family, 2, 2);
	memcpy(eth->dst, b->in->mac, ETH_ALEN);
	memcpy(eth->src, (uint8_t[]){ 2, 0, 0, 0, 1, 2 }, ETH_ALEN);
	if (b->family == AF_INET) {
		struct ip4_hdr *h = (struct ip4_hdr *)(eth + 1);
		*h = (struct ip4_hdr){
			.ver_ihl = 0x45, .ttl = 64, .proto = IPPROTO_UDP, .src = src.v4, .dst = dst.v4
		};
		h->len = be16_of(FRAME_LEN - sizeof *eth);
		ip4_csum_set(h);
		eth->type = be16_of(ETH_P_IP);
	} else {
		struct ip6_hdr *h = (struct ip6_hdr *)(eth + 1);
		*h = (struct ip6_hdr){ .ver_tc_flow = be32_of(6u << 28),
				       .next = 59, /* nothing follows */
				       .hop_limit = 64,
				       .src = src.v6,
				       .dst = dst.v6 };
		h->payload_len = be16_of(FRAME_LEN - sizeof *eth - sizeof *h);
		eth->type = be16_of(ETH_P_IPV6);
	}
}

/* --- phases --- */

static void burst(struct bench *b, bool counted)
{
	struct worker *w = b->st->worker[0];
	struct pkt *p[PKT_VEC_MAX];
	unsigned n = pkt_new_bulk(w->lc, p, b->vector);
	for (unsigned i = 0; i < n; i++)
		pkt_append(w->lc, p[i], b->frame, FRAME_LEN);
	b->sent += n;
	if (counted)
		CALLGRIND_TOGGLE_COLLECT;
	iface_input(w, b->in, p, n);
	if (counted)
		CALLGRIND_TOGGLE_COLLECT;
}

static uint64_t hooked(const struct bench *b)
{
	uint64_t sum = 0;
	for (unsigned h = 0; h < HOOK_MAX; h++)
		sum += hook_count(b->st, h);
	return sum;
}

/* Returns whether every packet came out, `times` of them seen at points. */
static bool phase(struct bench *b, const char *name, bool loaded)
{
	manual_rt_settle(b->m); /* the worker loads the view */
	for (unsigned i = 0; i < WARM_UP; i++)
		burst(b, false);
	uint64_t from = loaded ? hooked(b) : 0;
	b->sent = b->out_packets = 0;
	while (b->sent < b->packets)
		burst(b, true);
	CALLGRIND_DUMP_STATS_AT(name);
	uint64_t seen = loaded ? hooked(b) - from : 0;
	printf("%s packets %llu hooked %llu\n", name, (unsigned long long)b->out_packets,
	       (unsigned long long)seen);
	return b->out_packets == b->sent && seen == (loaded ? POINTS_PASSED * b->sent : 0);
}

static bool run(struct bench *b)
{
	if (!phase(b, "before", false) || stack_load(b->st, &hook_count_module))
		return false;
	bool held = phase(b, "loaded", true);
	if (stack_unload(b->st, &hook_count_module))
		return false;
	return phase(b, "after", false) && held;
}

int main(int argc, char **argv)
{
	struct bench b = {
		.family = argc > 1 && argv[1][0] == '6' ? AF_INET6 : AF_INET,
		.packets = argc > 2 ? (unsigned)atoi(argv[2]) : 8192,
		.vector = argc > 3 ? MIN((unsigned)atoi(argv[3]), (unsigned)PKT_VEC_MAX) : 32,
	};
	b.m = manual_rt_new(1, 1);
	b.rt = manual_rt_of(b.m);
	int err = pkt_pools_init(b.rt, 16 << 20);
	if (!err)
		err = stack_new(b.rt, "bench", 1, leat_modules, &b.st);
	if (!err)
		err = add_iface(&b, 1, &b.in);
	if (!err)
		err = add_iface(&b, 2, &b.out);
	if (err) {
		fprintf(stderr, "hooks: cannot set up: %s\n", strerror(-err));
		return 2;
	}
	make_frame(&b);
	bool held = run(&b);
	stack_free(b.st);
	manual_rt_settle(b.m);
	pkt_pools_done(b.rt);
	manual_rt_free(b.m);
	return !held;
}
