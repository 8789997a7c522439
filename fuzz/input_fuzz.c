/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames into a whole stack that has addresses, routes and neighbours, and time passing between them. Whatever happens, every
 * packet has to find its way back to the pool.
 *
 * The input is a row of records, at most 24:
 *	1 byte `how`: bit 0 the interface; bits 1-3 how the frame is cut: 0, 1 not at all, else into pieces of 1, 14, 34, 41,
 *		60 or 200 bytes; bit 4 lets a second pass afterwards; bit 5 puts an Ethernet header for us in front, IPv6's when
 *		the bytes begin with 6, else IPv4's; bits 6-7 with that, tags: 1 VLAN 5, 2 VLAN 7 in 802.1ad VLAN 9, 3 VLAN 5
 *		taken out by the device
 *	2 bytes length, high byte first
 *	the frame
 * Interface i is 02:0i:00:00:00:01, its neighbour 02:0i:00:00:00:02; addresses are in lab_open(); VLANs, a VRF, objects, rules, sockets
 * are in rich.h. With LEAT_FUZZ_VERBOSE set (the
 * driver's -v) the nodes that an input reached are printed, and what they dropped. */
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/manual.h"
#include "fuzz.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "net/sysctl.h"
#include "rich.h"
#include "stack/stack_modules.h"
#include "wire/eth.h"
#include "wire/text.h"

enum { MAX_FRAMES = 24 };

struct lab {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct iface *ifc[2];
};

static void lab_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct cursor c = pkt_cursor(p[i]);
		uint32_t len;
		while (cur_run(&c, &len)) {}
		fuzz_check(c.left == 0);
	}
	pkt_free_bulk(w->lc, p, n);
}
static int lab_up(struct iface *ifc)
{
	iface_set_carrier(ifc, true);
	return 0;
}
static void lab_nothing(struct iface *ifc)
{
}
static const struct iface_ops lab_ops = {
	.kind = "lab",
	.xmit = lab_xmit,
	.up = lab_up,
	.down = lab_nothing,
	.stop = lab_nothing,
	.free = lab_nothing,
};

static uint8_t address(const char *s, struct ipaddr *ret)
{
	memset(ret, 0, sizeof *ret);
	if (ip4_from_text(s, &ret->v4))
		return AF_INET;
	fuzz_check(ip6_from_text(s, &ret->v6));
	return AF_INET6;
}

static void add_addr(struct lab *l, unsigned i, const char *s, uint8_t plen, uint32_t flags)
{
	struct addr a = { .if_handle = l->ifc[i]->handle,
			  .plen = plen,
			  .flags = flags,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	a.family = address(s, &a.local);
	a.peer = a.local;
	fuzz_check(addr_add(l->st, &a, false) == 0);
}

static void add_neigh(struct lab *l, unsigned i, const char *s)
{
	struct neigh_info n = { .if_handle = l->ifc[i]->handle,
				.state = NUD_PERMANENT,
				.has_mac = true,
				.mac = { 2, (uint8_t)i, 0, 0, 0, 2 } };
	n.family = address(s, &n.addr);
	fuzz_check(neigh_set(l->st, &n, NLM_F_CREATE) == 0);
}

static void add_route(struct lab *l, unsigned i, const char *dst, uint8_t plen, uint8_t type, const char *gw)
{
	struct fib_route r = {
		.plen = plen, .protocol = RTPROT_STATIC, .table = RT_TABLE_MAIN, .nh.type = type
	};
	r.family = address(dst, &r.dst);
	r.nh.if_handle = type == RTN_UNICAST || r.family == AF_INET6 ? l->ifc[i]->handle : 0;
	if (gw)
		r.nh.gw_family = address(gw, &r.nh.gw);
	fuzz_check(fib_add(l->st, &r, FIB_ADD, NULL) == 0);
}

static void add_iface(struct lab *l, unsigned i)
{
	struct iface_new how = { .name = { 'w', (char)('0' + i) },
				 .ops = &lab_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = i ? 0 : IFACE_TX_CSUM | IFACE_TX_SG,
				 .mtu = i ? 1280 : 1500,
				 .mtu_min = 68,
				 .mtu_max = 9000,
				 .mac = { 2, (uint8_t)i, 0, 0, 0, 1 } };
	fuzz_check(iface_add(l->st, &how, &l->ifc[i]) == 0);
	if (i == 0) { /* heeds routers, though it is one itself */
		struct ip6_auto_conf *c = &l->ifc[i]->conf.ip6;
		c->accept_ra = 2;
		c->use_tempaddr = 2;
		c->rt_info_max_plen = 128;
	}
	fuzz_check(iface_set_up(l->ifc[i], true) == 0);
}

/* What is off at first can be reached, too. */
static void allow(struct lab *l)
{
	static const char *const on[] = {
		"net.ipv4.conf.all.accept_source_route",
		"net.ipv4.conf.all.bc_forwarding",
		"net.ipv4.conf.w0.bc_forwarding",
		"net.ipv4.conf.w1.rp_filter",
		"net.ipv6.conf.w1.rp_filter",
		"net.ipv4.icmp_echo_enable_probe",
		"net.ipv4.conf.all.route_localnet",
		"net.ipv4.conf.all.accept_redirects",
		"net.ipv4.conf.w0.accept_redirects",
		"net.ipv6.conf.w1.accept_redirects",
		"net.ipv4.fib_multipath_hash_policy",
		"net.ipv6.fib_multipath_hash_policy",
	};
	static const char *const off[] = { "net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv4.icmp_ratelimit",
					   "net.ipv4.icmp_ratemask", "net.ipv6.conf.w1.forwarding",
					   "net.ipv4.conf.w0.drop_unicast_in_l2_multicast" };
	char why[200];
	for (unsigned i = 0; i < ARRAY_SIZE(on); i++)
		fuzz_check(sysctl_set(l->st, on[i], "1", why, sizeof why) == 0);
	for (unsigned i = 0; i < ARRAY_SIZE(off); i++)
		fuzz_check(sysctl_set(l->st, off[i], "0", why, sizeof why) == 0);
}

/* Interface 0 answers for others, and makes neighbours of strangers. */
static void add_proxies(struct lab *l)
{
	struct neigh_info n = { .if_handle = l->ifc[0]->handle };
	struct iface_conf *c = &l->ifc[0]->conf;
	n.family = address("10.0.2.9", &n.addr);
	fuzz_check(neigh_proxy_set(l->st, &n) == 0);
	n.family = address("2001:db8:2::9", &n.addr);
	fuzz_check(neigh_proxy_set(l->st, &n) == 0);
	c->nd.proxy = c->nd.accept_untracked = c->arp.accept = c->arp.proxy_pvlan = 1;
}

static void lab_open(struct lab *l)
{
	l->m = manual_rt_new(1, 3);
	l->rt = manual_rt_of(l->m);
	fuzz_check(pkt_pools_init(l->rt, 64 << 20) == 0);
	fuzz_check(stack_new(l->rt, "lab", 1, leat_modules, &l->st) == 0);
	for (unsigned i = 0; i < 2; i++)
		add_iface(l, i);
	add_addr(l, 0, "10.0.1.1", 24, 0);
	add_addr(l, 1, "10.0.2.1", 24, 0);
	add_addr(l, 0, "2001:db8:1::1", 64, IFA_F_NODAD);
	add_addr(l, 1, "2001:db8:2::1", 64, IFA_F_NODAD);
	add_addr(l, 0, "2001:db8:1::99", 64, 0); /* under test */
	add_neigh(l, 0, "10.0.1.2");
	add_neigh(l, 0, "2001:db8:1::2");
	add_neigh(l, 1, "10.0.2.2");
	add_neigh(l, 1, "2001:db8:2::2");
	add_route(l, 1, "0.0.0.0", 0, RTN_UNICAST, "10.0.2.254");
	add_route(l, 1, "::", 0, RTN_UNICAST, "2001:db8:2::2");
	add_route(l, 1, "2001:db8:99::", 48, RTN_UNICAST, "fe80::1:2"); /* who may redirect */
	add_route(l, 1, "192.0.2.0", 24, RTN_PROHIBIT, NULL);
	allow(l);
	add_proxies(l);
	rich_fill(l->st, "w0", "w1");
	rich_sockets(l->st, "w0");
	view_publish(l->st);
	manual_rt_settle(l->m);
}

static void print_reached(const struct leat_stack *st)
{
	for (unsigned id = 1; id < graph_n_nodes(st); id++) {
		struct node_stats s = { 0 };
		if (graph_node(st, (uint16_t)id))
			graph_stats(st, (uint16_t)id, &s);
		if (!s.packets)
			continue;
		printf("  %s: %llu", s.name, (unsigned long long)s.packets);
		for (unsigned why = 1; why < DROP_MAX; why++) {
			uint64_t n = graph_drops(st, (uint16_t)id, (enum drop)why);
			if (n)
				printf(", %s %llu", drop_name((enum drop)why), (unsigned long long)n);
		}
		printf("\n");
	}
}

static void lab_close(struct lab *l)
{
	struct pkt_stats s;
	manual_rt_run(l->m, 5000000);
	if (getenv("LEAT_FUZZ_VERBOSE"))
		print_reached(l->st);
	stack_free(l->st);
	manual_rt_settle(l->m);
	pkt_stats(l->rt->lcore[0], &s);
	fuzz_check(s.in_use == 0);
	pkt_pools_done(l->rt);
	manual_rt_free(l->m);
}

/* The first piece like a driver's, the rest as pages. */
static struct pkt *make_pkt(struct lcore *lc, const uint8_t *b, uint32_t len, uint32_t piece)
{
	struct pkt *p = pkt_new(lc);
	uint32_t first = piece ? MIN(piece, len) : MIN(len, 1500U);
	fuzz_check(p && pkt_append(lc, p, b, first));
	for (uint32_t at = first, n; at < len; at += n) {
		struct buf *page = buf_page_new(lc);
		n = MIN(piece && p->n_frags < PKT_FRAGS_MAX - 4 ? piece : (uint32_t)BUF_PAGE_SIZE, len - at);
		memcpy(page->mem, b + at, n);
		fuzz_check(pkt_add_frag(lc, p, page, 0, n));
	}
	return p;
}

/* Returns how many bytes that is. */
static uint32_t put_ether(const struct iface *in, unsigned how, bool is6, uint8_t *to)
{
	static const uint8_t tags[][8] = {
		{ 0 }, { 0x81, 0, 0, 5 }, { 0x88, 0xa8, 0, 9, 0x81, 0, 0, 7 }, { 0 }
	};
	static const uint32_t lens[] = { 0, 4, 8, 0 };
	uint32_t tagged = lens[how >> 6];
	memcpy(to, in->mac, 6);
	memcpy(to + 6, (const uint8_t[]){ 2, how & 1, 0, 0, 0, 2 }, 6);
	memcpy(to + 12, tags[how >> 6], tagged);
	memcpy(to + 12 + tagged, is6 ? "\x86\xdd" : "\x08\x00", 2);
	return 14 + tagged;
}

static void send_frame(struct lab *l, unsigned how, const uint8_t *b, uint32_t len)
{
	static const uint32_t pieces[] = { 0, 0, 1, 14, 34, 41, 60, 200 };
	struct worker *w = l->st->worker[0];
	struct iface *in = l->ifc[how & 1];
	uint8_t frame[14 + 8 + 9000];
	uint32_t off = how & 32 ? put_ether(in, how, len && b[0] >> 4 == 6, frame) : 0;
	memcpy(frame + off, b, len);
	struct pkt *p = make_pkt(w->lc, frame, off + len, pieces[how >> 1 & 7]);
	if (how & 32 && how >> 6 == 3) {
		p->vlan_proto = ETH_P_8021Q;
		p->vlan_tci = 5;
	}
	iface_input(w, in, &p, 1);
	manual_rt_settle(l->m);
	if (how & 16)
		manual_rt_run(l->m, 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab l;
	lab_open(&l);
	for (unsigned i = 0; i < MAX_FRAMES && size >= 3; i++) {
		unsigned how = data[0];
		size_t len = (size_t)data[1] << 8 | data[2];
		data += 3;
		size -= 3;
		len = MIN(len, size);
		len = MIN(len, (size_t)9000);
		send_frame(&l, how, data, (uint32_t)len);
		data += len;
		size -= len;
	}
	lab_close(&l);
	return 0;
}
