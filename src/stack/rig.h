/* SPDX-License-Identifier: BSD-2-Clause */
/* For scenario tests: a whole stack on the manual runtime between two wires, A and B. What it sends is kept as bytes, what
 * others send is put together here and given to it.
 *
 *	host A ── wa 10.0.1.1/24, 2001:db8:1::1/64 ── leat ── wb 10.0.2.1/24, 2001:db8:2::1/64 ── host B
 *	.2, ::2, 02:aa:..:02                                                              .2, ::2, 02:bb:..:02 */
#ifndef LEAT_STACK_RIG_H
#define LEAT_STACK_RIG_H

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/test.h"
#include "core/manual.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/l3.h"
#include "net/neigh.h"
#include "stack/stack_modules.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/nd.h"
#include "wire/text.h"

enum { RIG_FRAMES_MAX = 256, RIG_FRAME_LEN = 10000, SEC = 1000000 };

struct rig_frame {
	struct pkt meta; /* offload state only */
	uint32_t len;
	uint8_t b[RIG_FRAME_LEN];
};
struct rig_wire {
	struct iface *ifc;
	struct rig *rig;
	uint8_t mac[6]; /* the host's */
	bool wants_reports; /* of IGMP and MLD, which say what they do whatever a test is about: else they are only counted */
	unsigned n_reports;
	unsigned n, seen; /* frames sent, and looked at */
	struct rig_frame *frame[RIG_FRAMES_MAX];
};
struct rig {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct rig_wire a, b;
	uint32_t table; /* for rig_route() */
};

/* --- the device --- */

/* To the groups that routers of version 3 and 2 listen to, tagged or not. */
static inline bool rig_is_report(const uint8_t *frame)
{
	static const uint8_t igmp[6] = { 1, 0, 0x5e, 0, 0, 22 }, mld[6] = { 0x33, 0x33, 0, 0, 0, 22 };
	return !memcmp(frame, igmp, 6) || !memcmp(frame, mld, 6);
}

static void rig_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct rig_wire *wire = ifc->driver;
	for (unsigned i = 0; i < n; i++) {
		struct cursor c = pkt_cursor(p[i]);
		struct rig_frame *f = calloc(1, sizeof *f);
		assert_in_range(wire->n, 0, RIG_FRAMES_MAX - 1);
		assert_in_range(p[i]->len, 1, RIG_FRAME_LEN);
		f->len = p[i]->len;
		f->meta = *p[i];
		assert_true(cur_copy(&c, f->b, f->len));
		pkt_free(w->lc, p[i]);
		if (!wire->wants_reports && rig_is_report(f->b)) {
			wire->n_reports++;
			free(f);
			continue;
		}
		wire->frame[wire->n++] = f;
	}
}
static int rig_up(struct iface *ifc)
{
	iface_set_carrier(ifc, true);
	return 0;
}
static void rig_nothing(struct iface *ifc)
{
}
static const struct iface_ops rig_ops = {
	.kind = "rig",
	.xmit = rig_xmit,
	.up = rig_up,
	.down = rig_nothing,
	.stop = rig_nothing,
	.free = rig_nothing,
};

/* --- addresses --- */

static inline be32 ip4_of(const char *s)
{
	be32 a;
	assert_true(ip4_from_text(s, &a));
	return a;
}
static inline struct ip6 ip6_of(const char *s)
{
	struct ip6 a;
	assert_true(ip6_from_text(s, &a));
	return a;
}
static inline struct ipaddr ipaddr_of(const char *s, uint8_t *ret_family)
{
	struct ipaddr a = { 0 };
	*ret_family = strchr(s, ':') ? AF_INET6 : AF_INET;
	if (*ret_family == AF_INET6)
		a.v6 = ip6_of(s);
	else
		a.v4 = ip4_of(s);
	return a;
}

static inline void rig_addr(struct rig *r, struct iface *i, const char *text, uint8_t plen, uint32_t flags)
{
	struct addr a = { .if_handle = i->handle,
			  .plen = plen,
			  .flags = flags,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	a.local = a.peer = ipaddr_of(text, &a.family);
	assert_int_equal(addr_add(r->st, &a, false), 0);
	view_publish(r->st);
	manual_rt_settle(r->m);
}

static inline void rig_route(struct rig *r, const char *dst, uint8_t plen, uint8_t type, struct iface *out,
			     const char *gw)
{
	struct fib_route f = { .plen = plen, .protocol = RTPROT_STATIC, .table = r->table, .nh.type = type };
	f.dst = ipaddr_of(dst, &f.family);
	f.metric = f.family == AF_INET6 ? 1024 : 0;
	f.nh.scope = gw || f.family == AF_INET6 || !out ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	f.nh.if_handle = out ? out->handle : 0;
	if (gw)
		f.nh.gw = ipaddr_of(gw, &f.nh.gw_family);
	assert_int_equal(fib_add(r->st, &f, FIB_ADD, NULL), 0);
	view_publish(r->st);
	manual_rt_settle(r->m);
}

/* The neighbour is known for good, so that nothing is asked. */
static inline void rig_neigh(struct rig *r, struct rig_wire *wire, const char *addr)
{
	struct neigh_info n = { .if_handle = wire->ifc->handle, .state = NUD_PERMANENT, .has_mac = true };
	n.addr = ipaddr_of(addr, &n.family);
	memcpy(n.mac, wire->mac, sizeof n.mac);
	assert_int_equal(neigh_set(r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	manual_rt_settle(r->m);
}

/* --- life --- */

static inline void rig_wire_new(struct rig *r, struct rig_wire *wire, const char *name, uint8_t id,
				uint32_t features)
{
	struct iface_new how = { .ops = &rig_ops,
				 .driver = wire,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = features,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 9000,
				 .mac = { 2, id, 0, 0, 0, 1 } };
	snprintf(how.name, sizeof how.name, "%s", name);
	wire->rig = r;
	memcpy(wire->mac, (const uint8_t[]){ 2, id, 0, 0, 0, 2 }, sizeof wire->mac);
	assert_int_equal(iface_add(r->st, &how, &wire->ifc), 0);
	assert_int_equal(iface_set_up(wire->ifc, true), 0);
}

static inline void rig_clear(struct rig_wire *wire)
{
	while (wire->n)
		free(wire->frame[--wire->n]);
	wire->seen = 0;
}

/* Addresses without duplicate detection, link-local ones gone quiet, nothing on the wires. */
static inline struct rig *rig_new(unsigned n_workers, uint32_t features)
{
	struct rig *r = calloc(1, sizeof *r);
	r->table = RT_TABLE_MAIN;
	r->m = manual_rt_new(n_workers, 11);
	r->rt = manual_rt_of(r->m);
	assert_int_equal(pkt_pools_init(r->rt, 64 << 20), 0);
	assert_int_equal(stack_new(r->rt, "rig", n_workers, leat_modules, &r->st), 0);
	struct iface *lo = iface_by_name(r->st, "lo");
	assert_non_null(lo);
	assert_int_equal(iface_set_up(lo, true), 0);
	rig_wire_new(r, &r->a, "wa", 0xaa, features);
	rig_wire_new(r, &r->b, "wb", 0xbb, features);
	rig_addr(r, r->a.ifc, "10.0.1.1", 24, 0);
	rig_addr(r, r->b.ifc, "10.0.2.1", 24, 0);
	rig_addr(r, r->a.ifc, "2001:db8:1::1", 64, IFA_F_NODAD);
	rig_addr(r, r->b.ifc, "2001:db8:2::1", 64, IFA_F_NODAD);
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	rig_clear(&r->b);
	return r;
}

/* A VRF with that table, for some of the wires. As on Linux they lose their IPv6 addresses by it. */
static inline struct iface *rig_vrf(struct rig *r, const char *name, uint32_t table)
{
	char options[32], why[100] = "";
	struct iface_kind *k = iface_kind_find(r->st, "vrf");
	snprintf(options, sizeof options, "table=%u", table);
	assert_int_equal(k->open(r->st, name, options, why, sizeof why), 0);
	struct iface *vrf = iface_by_name(r->st, name);
	assert_int_equal(iface_set_up(vrf, true), 0);
	return vrf;
}
static inline void rig_enslave(struct rig *r, struct rig_wire *wire, struct iface *vrf, const char *addr6)
{
	assert_int_equal(l3_enslave(wire->ifc, vrf), 0);
	rig_addr(r, wire->ifc, addr6, 64, IFA_F_NODAD);
}
/* All of the rig as it was, in a VRF: routes, too. */
static inline struct rig *rig_in_vrf(struct rig *r)
{
	r->table = 10;
	struct iface *red = rig_vrf(r, "red", r->table);
	rig_enslave(r, &r->a, red, "2001:db8:1::1");
	rig_enslave(r, &r->b, red, "2001:db8:2::1");
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	rig_clear(&r->b);
	return r;
}

/* Every packet must have found its way back. */
static inline void rig_free(struct rig *r)
{
	stack_free(r->st);
	manual_rt_settle(r->m);
	for (unsigned i = 0; i < r->rt->n_lcores; i++) {
		struct pkt_stats s;
		pkt_stats(r->rt->lcore[i], &s);
		assert_int_equal(s.in_use, 0);
	}
	rig_clear(&r->a);
	rig_clear(&r->b);
	pkt_pools_done(r->rt);
	manual_rt_free(r->m);
	free(r);
}

static inline uint64_t rig_drops(const struct rig *r, const char *node, enum drop why)
{
	return graph_drops(r->st, node_find(r->st, node), why);
}

/* --- frames to leat --- */

struct frame {
	uint32_t len;
	uint8_t b[RIG_FRAME_LEN];
};

static inline void frame_put(struct frame *f, const void *p, uint32_t len)
{
	assert_true(len <= sizeof f->b - f->len);
	if (len)
		memcpy(f->b + f->len, p, len);
	f->len += len;
}
static inline void frame_eth(struct frame *f, const struct rig_wire *from, const uint8_t *dst, uint16_t type)
{
	struct eth_msg m = { .type = type };
	struct eth_hdr h;
	memcpy(m.dst, dst ? dst : from->ifc->mac, 6);
	memcpy(m.src, from->mac, 6);
	eth_emit(&m, &h);
	f->len = 0;
	frame_put(f, &h, sizeof h);
}

/* The pieces: 0 for one, else each so long. As a driver does: on the lcore of a worker, in a turn or between turns. */
static inline struct pkt *rig_pkt(struct rig *r, const void *bytes, uint32_t len, uint32_t piece)
{
	struct lcore *lc = r->st->worker[0]->lc;
	struct pkt *p = pkt_new(lc);
	const uint8_t *b = bytes;
	uint32_t first = piece ? MIN(piece, len) : len;
	assert_non_null(p);
	assert_true(pkt_append(lc, p, b, first));
	for (uint32_t at = first; at < len; at += piece) {
		uint32_t n = MIN(piece, len - at);
		struct buf *page = buf_page_new(lc);
		memcpy(page->mem, b + at, n);
		assert_true(pkt_add_frag(lc, p, page, 0, n));
	}
	return p;
}
static inline void rig_send_pkt(struct rig *r, struct rig_wire *from, struct pkt *p)
{
	manual_rt_settle(r->m);
	iface_input(r->st->worker[0], from->ifc, &p, 1);
	manual_rt_settle(r->m);
}
static inline void rig_send(struct rig *r, struct rig_wire *from, const struct frame *f)
{
	rig_send_pkt(r, from, rig_pkt(r, f->b, f->len, 0));
}

/* --- frames from leat --- */

/* The next one that was not looked at yet; NULL: none. */
static inline const struct rig_frame *rig_next(struct rig_wire *wire)
{
	return wire->seen < wire->n ? wire->frame[wire->seen++] : NULL;
}
static inline struct cursor rig_expect(struct rig_wire *wire, uint16_t type, struct eth_msg *ret_eth)
{
	struct eth_msg eth;
	const struct rig_frame *f = rig_next(wire);
	assert_non_null(f);
	assert_int_equal(eth_parse(cur_of(f->b, f->len), &eth), DROP_NONE);
	assert_int_equal(eth.type, type);
	assert_memory_equal(eth.src, wire->ifc->mac, 6);
	if (ret_eth)
		*ret_eth = eth;
	return eth.body;
}
static inline void rig_expect_silence(struct rig *r)
{
	assert_null(rig_next(&r->a));
	assert_null(rig_next(&r->b));
}
static inline struct ip4_msg rig_expect_ip4(struct rig_wire *wire, const char *src, const char *dst)
{
	struct ip4_msg m;
	struct eth_msg eth;
	assert_int_equal(ip4_parse(rig_expect(wire, ETH_P_IP, &eth), &m), DROP_NONE);
	assert_true(be32_eq(m.src, ip4_of(src)));
	assert_true(be32_eq(m.dst, ip4_of(dst)));
	assert_memory_equal(eth.dst, wire->mac, 6);
	return m;
}
static inline struct icmp4_msg rig_expect_icmp4(struct rig_wire *wire, const char *src, const char *dst,
						uint8_t type, uint8_t code)
{
	struct icmp4_msg m;
	struct ip4_msg ip = rig_expect_ip4(wire, src, dst);
	assert_int_equal(ip.proto, IP_PROTO_ICMP4);
	assert_true(csum_ok(csum_cursor(ip.body)));
	assert_int_equal(icmp4_parse(ip.body, &m), DROP_NONE);
	assert_int_equal(m.type, type);
	assert_int_equal(m.code, code);
	return m;
}
static inline struct ip6_msg rig_expect_ip6(struct rig_wire *wire, const char *src, const char *dst)
{
	struct ip6_msg m;
	assert_int_equal(ip6_parse(rig_expect(wire, ETH_P_IPV6, NULL), &m), DROP_NONE);
	struct ip6 s = src ? ip6_of(src) : m.src, d = dst ? ip6_of(dst) : m.dst;
	assert_memory_equal(&m.src, &s, 16);
	assert_memory_equal(&m.dst, &d, 16);
	return m;
}
static inline struct icmp6_msg rig_expect_icmp6(struct rig_wire *wire, const char *src, const char *dst,
						uint8_t type, uint8_t code, struct ip6_msg *ret_ip)
{
	struct icmp6_msg m;
	struct ip6_msg ip = rig_expect_ip6(wire, src, dst);
	assert_int_equal(ip.next, IP_PROTO_ICMP6);
	assert_true(csum_ok(csum_add(csum_cursor(ip.body),
				     csum_pseudo6(&ip.src, &ip.dst, IP_PROTO_ICMP6, cur_left(&ip.body)))));
	assert_int_equal(icmp6_parse(ip.body, &m), DROP_NONE);
	assert_int_equal(m.type, type);
	assert_int_equal(m.code, code);
	if (ret_ip)
		*ret_ip = ip;
	return m;
}

/* --- whole packets by name --- */

/* An IPv4 packet of len bytes of payload 0, 1, 2, ... behind an echo header, or bare when proto is not ICMP. */
static inline void frame_ip4(struct frame *f, const struct rig_wire *from, const struct ip4_msg *how,
			     uint32_t len)
{
	uint8_t hdr[IP4_HDR_MAX], body[RIG_FRAME_LEN];
	struct icmp4_msg m = { .type = ICMP4_ECHO, .id = 0x1234, .seq = 7 };
	struct ip4_msg ip = *how;
	uint32_t off = ip.proto == IP_PROTO_ICMP4 ? sizeof(struct icmp4_hdr) : 0;
	for (uint32_t i = 0; i < len; i++)
		body[off + i] = (uint8_t)i;
	if (off) {
		struct icmp4_hdr h;
		m.body = cur_of(body + off, len);
		icmp4_emit(&m, &h);
		h.csum = icmp4_csum(&m);
		memcpy(body, &h, sizeof h);
	}
	ip.body = cur_of(body, off + len);
	frame_eth(f, from, NULL, ETH_P_IP);
	frame_put(f, hdr, ip4_emit(&ip, hdr));
	frame_put(f, body, off + len);
}
static inline struct ip4_msg ip4_packet(const char *src, const char *dst)
{
	return (struct ip4_msg){ .ttl = 64, .proto = IP_PROTO_ICMP4, .src = ip4_of(src), .dst = ip4_of(dst) };
}

/* An IPv6 echo request with ext_len bytes of extension headers in front, the first of which is `ext`; ext_len 0: none. */
static inline void frame_ip6(struct frame *f, const struct rig_wire *from, const struct ip6_msg *how,
			     const void *ext, uint32_t ext_len, uint32_t len)
{
	uint8_t body[RIG_FRAME_LEN];
	struct icmp6_msg m = { .type = ICMP6_ECHO, .info = 0x12340007 };
	struct ip6_msg ip = *how;
	struct ip6_hdr hdr;
	struct icmp6_hdr h;
	uint32_t off = ext_len + sizeof h;
	for (uint32_t i = 0; i < len; i++)
		body[off + i] = (uint8_t)i;
	m.body = cur_of(body + off, len);
	icmp6_emit(&m, &h);
	h.csum = icmp6_csum(&m, &ip.src, &ip.dst);
	if (ext_len)
		memcpy(body, ext, ext_len);
	memcpy(body + ext_len, &h, sizeof h);
	ip.body = cur_of(body, off + len);
	assert_true(ip6_emit(&ip, &hdr));
	uint8_t group[6];
	eth_group_of_ip6(&ip.dst, group);
	frame_eth(f, from, ip6_is_multicast(&ip.dst) ? group : NULL, ETH_P_IPV6);
	frame_put(f, &hdr, sizeof hdr);
	frame_put(f, body, off + len);
}
static inline struct ip6_msg ip6_packet(const char *src, const char *dst)
{
	return (struct ip6_msg){
		.hop_limit = 64, .next = IP_PROTO_ICMP6, .src = ip6_of(src), .dst = ip6_of(dst)
	};
}

/* --- ARP and neighbour discovery, as the hosts speak them --- */

static inline void frame_arp(struct frame *f, const struct rig_wire *from, uint16_t op, const char *spa,
			     const char *tpa)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct arp_msg m = { .op = op, .spa = ip4_of(spa), .tpa = ip4_of(tpa) };
	struct arp_hdr h;
	memcpy(m.sha, from->mac, 6);
	if (op == ARP_OP_REPLY)
		memcpy(m.tha, from->ifc->mac, 6);
	arp_emit(&m, &h);
	frame_eth(f, from, op == ARP_OP_REPLY ? NULL : all, ETH_P_ARP);
	frame_put(f, &h, sizeof h);
}
static inline struct arp_msg rig_expect_arp(struct rig_wire *wire, uint16_t op, const char *spa,
					    const char *tpa)
{
	struct arp_msg m;
	assert_int_equal(arp_parse(rig_expect(wire, ETH_P_ARP, NULL), &m), DROP_NONE);
	assert_int_equal(m.op, op);
	assert_true(be32_eq(m.spa, ip4_of(spa)));
	assert_true(be32_eq(m.tpa, ip4_of(tpa)));
	assert_memory_equal(m.sha, wire->ifc->mac, 6);
	return m;
}
/* Any ICMPv6 message in its IPv6 header. */
static inline void frame_nd(struct frame *f, const struct rig_wire *from, const struct nd_envelope *ip,
			    const void *msg, unsigned len)
{
	struct ip6_msg m = { .hop_limit = ip->hop_limit,
			     .next = IP_PROTO_ICMP6,
			     .src = ip->src,
			     .dst = ip->dst,
			     .body = cur_of(msg, len) };
	struct ip6_hdr h;
	uint8_t group[6];
	assert_true(ip6_emit(&m, &h));
	eth_group_of_ip6(&ip->dst, group);
	frame_eth(f, from, ip6_is_multicast(&ip->dst) ? group : NULL, ETH_P_IPV6);
	frame_put(f, &h, sizeof h);
	frame_put(f, msg, len);
}
static inline void frame_na(struct frame *f, const struct rig_wire *from, const char *target, const char *dst,
			    bool solicited)
{
	uint8_t msg[ND_NEIGH_MAX];
	struct nd_envelope ip = { .src = ip6_of(target), .dst = ip6_of(dst), .hop_limit = 255 };
	struct nd_na_msg m = { .target = ip.src, .solicited = solicited, .override = true, .has_mac = true };
	memcpy(m.mac, from->mac, 6);
	frame_nd(f, from, &ip, msg, nd_na_emit(&m, &ip, msg));
}
static inline void frame_ns(struct frame *f, const struct rig_wire *from, const char *src, const char *target)
{
	uint8_t msg[ND_NEIGH_MAX];
	struct nd_envelope ip = { .src = ip6_of(src), .hop_limit = 255 };
	struct nd_ns_msg m = { .target = ip6_of(target), .has_mac = !ip6_is_zero(&ip.src) };
	ip.dst = ip6_solicited_node(&m.target);
	memcpy(m.mac, from->mac, 6);
	frame_nd(f, from, &ip, msg, nd_ns_emit(&m, &ip, msg));
}

/* --- each test with one worker and with three --- */

static unsigned workers;

#define TWICE(test)                               \
	static void test##_on_one(void **state)   \
	{                                         \
		workers = 1;                      \
		test(state);                      \
	}                                         \
	static void test##_on_three(void **state) \
	{                                         \
		workers = 3;                      \
		test(state);                      \
	}
/* Once more with all of it in a VRF, for files that have a bool in_vrf. */
#define IN_VRF(test)                            \
	static void test##_in_vrf(void **state) \
	{                                       \
		workers = 2;                    \
		in_vrf = true;                  \
		test(state);                    \
		in_vrf = false;                 \
	}
#define BOTH(test) cmocka_unit_test(test##_on_one), cmocka_unit_test(test##_on_three)

#endif
