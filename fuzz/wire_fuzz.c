/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame through every parser and printer of wire. The same bytes are read whole and cut in two (the last byte says where):
 * the answers must be equal. What a parser takes, emit must give back, and the printers must stay within their bounds. */
#include <string.h>

#include "fuzz.h"
#include "wire/arp.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/frame.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/icmp_ext.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/nd_opt.h"
#include "wire/nd_redirect.h"
#include "wire/tcp.h"
#include "wire/text.h"
#include "wire/udp.h"

struct input {
	const uint8_t *p;
	uint32_t len, cut;
};

static const uint8_t *piece(const void *ctx, unsigned i, uint32_t *ret_len)
{
	const struct input *in = ctx;
	if (i > 1)
		return NULL;
	*ret_len = i ? in->len - in->cut : in->cut;
	return in->p + (i ? in->cut : 0);
}

static struct cursor cut_cursor(const struct input *in)
{
	return (struct cursor){ .p = in->p, .left = in->len, .more = piece, .ctx = in };
}

static bool same_rest(struct cursor a, struct cursor b)
{
	uint32_t n;
	const uint8_t *p;
	if (cur_left(&a) != cur_left(&b))
		return false;
	while ((p = cur_run(&a, &n))) {
		if (!cur_equal(&b, p, n) || !cur_skip(&b, n))
			return false;
	}
	return true;
}

/* Does the cursor start with these bytes? */
static bool starts(struct cursor c, const void *p, uint32_t len)
{
	return cur_equal(&c, p, len);
}

static void check_eth(struct cursor c, struct cursor d)
{
	struct eth_msg m, n;
	struct vlan_msg v;
	struct vlan_tag t;
	struct eth_hdr h;
	fuzz_check(eth_parse(c, &m) == eth_parse(d, &n));
	if (eth_parse(c, &m) == DROP_NONE) {
		eth_emit(&m, &h);
		fuzz_check(starts(d, &h, sizeof h));
	}
	if (vlan_parse(c, &v) == DROP_NONE) {
		vlan_emit(&v, &t);
		fuzz_check(starts(d, &t, sizeof t));
	}
}

static void check_arp(struct cursor c, struct cursor d)
{
	struct arp_msg m, n;
	struct arp_hdr h;
	enum drop why = arp_parse(c, &m);
	fuzz_check(why == arp_parse(d, &n));
	if (why)
		return;
	arp_emit(&m, &h);
	fuzz_check(memcmp(&m, &n, sizeof m) == 0);
	cur_skip(&d, 2); /* hardware type 6 is taken for 1 */
	fuzz_check(starts(d, (const uint8_t *)&h + 2, sizeof h - 2));
}

static void check_ip4(struct cursor c, struct cursor d)
{
	struct ip4_msg m, n;
	struct ip4_options o;
	uint8_t p[IP4_HDR_MAX], bad = 0;
	enum drop why = ip4_parse(c, &m);
	fuzz_check(why == ip4_parse(d, &n));
	if (ip4_options_parse(c, &o, &bad) == DROP_IP_OPTIONS)
		fuzz_check(bad >= 20 && bad <= 60);
	if (why)
		return;
	fuzz_check(same_rest(m.body, n.body) && same_rest(m.options, n.options));
	unsigned len = ip4_emit(&m, p);
	/* Byte for byte, but for the reserved flag, which parse forgets, and with it the checksum. */
	fuzz_check(len >= 20 && starts(d, p, 6));
	if (ip4_options_parse(m.options, &o, &bad))
		fuzz_check(bad >= 20 && bad < len);
}

static void check_ip6(struct cursor c, struct cursor d)
{
	struct ip6_msg m, n;
	struct ip6_hdr h;
	enum drop why = ip6_parse(c, &m);
	fuzz_check(why == ip6_parse(d, &n));
	if (why == DROP_NONE) {
		fuzz_check(ip6_emit(&m, &h) && starts(d, &h, sizeof h) && same_rest(m.body, n.body));
	}
	for (unsigned as = 0; as < 2; as++) {
		struct ip6_chain x, y;
		why = ip6_walk(c, (enum ip6_walk_as)as, &x);
		fuzz_check(why == ip6_walk(d, (enum ip6_walk_as)as, &y));
		fuzz_check(x.l4_off == y.l4_off && x.proto == y.proto && x.icmp_pointer == y.icmp_pointer);
		fuzz_check(why || x.l4_off <= cur_left(&c));
		/* At the end: where a header is missing that was announced. */
		fuzz_check(!x.icmp_due || (why && x.icmp_pointer <= cur_left(&c)));
	}
}

static void check_icmp(struct cursor c, struct cursor d)
{
	struct icmp4_msg m4;
	struct icmp6_msg m6;
	struct icmp4_hdr h4;
	struct icmp6_hdr h6;
	fuzz_check((icmp4_parse(c, &m4) == DROP_NONE) == (cur_left(&c) >= 8));
	fuzz_check((icmp6_parse(c, &m6) == DROP_NONE) == (cur_left(&c) >= 8));
	if (cur_left(&c) < 8)
		return;
	icmp4_emit(&m4, &h4);
	icmp6_emit(&m6, &h6);
	fuzz_check(starts(d, &h4, 2) && starts(d, &h6, 2));
	fuzz_check(memcmp((uint8_t *)&h4 + 4, (uint8_t *)&h6 + 4, 4) == 0);
	(void)icmp4_csum(&m4);
}

static void check_redirect(struct cursor c, struct cursor d, const struct nd_envelope *ip)
{
	uint8_t p[ND_REDIRECT_HEAD_MAX];
	struct nd_redirect_msg m = { 0 }, n = { 0 };
	fuzz_check(nd_redirect_parse(c, ip, &m) == nd_redirect_parse(d, ip, &n));
	if (nd_redirect_parse(c, ip, &m))
		return;
	fuzz_check(same_rest(m.packet, n.packet));
	fuzz_check(nd_redirect_parse(cur_of(p, nd_redirect_emit(&m, 0, p)), ip, &n) == DROP_NONE);
	fuzz_check(ip6_eq(&m.target, &n.target) && ip6_eq(&m.dst, &n.dst) && m.has_mac == n.has_mac);
}

/* The input as one option, whatever its own length says. */
static void check_nd_options(struct cursor c, struct cursor d)
{
	struct nd_prefix_msg p, p2;
	struct nd_route_msg r, r2;
	uint32_t mtu, mtu2;
	bool has = nd_prefix_parse(c, &p);
	fuzz_check(has == nd_prefix_parse(d, &p2));
	if (has)
		fuzz_check(p.plen <= 128 && ip6_eq(&p.prefix, &p2.prefix) && p.valid_s == p2.valid_s);
	has = nd_route_parse(c, &r);
	fuzz_check(has == nd_route_parse(d, &r2));
	if (has)
		fuzz_check(r.plen <= 128 && ip6_eq(&r.prefix, &r2.prefix) && r.pref != ND_PREF_INVALID);
	has = nd_mtu_parse(c, &mtu);
	fuzz_check(has == nd_mtu_parse(d, &mtu2));
	if (has)
		fuzz_check(mtu == mtu2);
}

static void check_nd(struct cursor c, struct cursor d)
{
	const struct nd_envelope ip = { .src = { { 0xfe, 0x80, [15] = 1 } },
					.dst = { { 0xfe, 0x80, [15] = 2 } },
					.hop_limit = 255 };
	struct nd_ns_msg s = { 0 }, s2 = { 0 };
	struct nd_na_msg a = { 0 }, a2 = { 0 };
	struct nd_rs_msg r, r2;
	struct nd_ra_msg ra, ra2;
	uint8_t p[ND_NEIGH_MAX];
	fuzz_check(nd_ns_parse(c, &ip, &s) == nd_ns_parse(d, &ip, &s2));
	if (nd_ns_parse(c, &ip, &s) == DROP_NONE) {
		fuzz_check(nd_ns_parse(cur_of(p, nd_ns_emit(&s, &ip, p)), &ip, &s2) == DROP_NONE);
		fuzz_check(memcmp(&s, &s2, sizeof s) == 0);
	}
	fuzz_check(nd_na_parse(c, &ip, &a) == nd_na_parse(d, &ip, &a2));
	if (nd_na_parse(c, &ip, &a) == DROP_NONE) {
		fuzz_check(nd_na_parse(cur_of(p, nd_na_emit(&a, &ip, p)), &ip, &a2) == DROP_NONE);
		fuzz_check(memcmp(&a, &a2, sizeof a) == 0);
	}
	fuzz_check(nd_rs_parse(c, &ip, &r) == nd_rs_parse(d, &ip, &r2));
	fuzz_check(nd_ra_parse(c, &ip, &ra) == nd_ra_parse(d, &ip, &ra2));
	check_redirect(c, d, &ip);
	check_nd_options(c, d);
}

static void check_l4(struct cursor c, struct cursor d)
{
	struct udp_msg u, u2;
	struct udplite_msg lite, lite2;
	struct udp_hdr h;
	struct tcp_msg t, t2;
	struct tcp_opt o;
	uint8_t p[TCP_HDR_MAX];
	fuzz_check(udp_parse(c, &u) == udp_parse(d, &u2));
	if (udp_parse(c, &u) == DROP_NONE)
		fuzz_check(udp_emit(&u, &h) && starts(d, &h, sizeof h) && same_rest(u.body, u2.body));
	fuzz_check(udplite_parse(c, &lite) == udplite_parse(d, &lite2));
	if (udplite_parse(c, &lite) == DROP_NONE) {
		udplite_emit(&lite, &h);
		fuzz_check(starts(d, &h, sizeof h) && same_rest(lite.body, lite2.body));
	}
	fuzz_check(tcp_parse(c, &t) == tcp_parse(d, &t2));
	if (tcp_parse(c, &t) == DROP_NONE) {
		unsigned len = tcp_emit(&t, p);
		fuzz_check(len >= 20 && starts(d, p, len) && same_rest(t.body, t2.body));
		while (tcp_opt_next(&t2.options, &o))
			fuzz_check(o.len <= TCP_OPTIONS_LEN_MAX && o.data);
	}
}

static void check_print(struct cursor c, struct cursor d)
{
	char whole[512], again[512];
	wire_print_frame(c, whole, sizeof whole);
	wire_print_frame(d, again, sizeof again);
	fuzz_check(strcmp(whole, again) == 0 && !strchr(whole, '\n'));
	wire_print_frame(c, again, 20);
	fuzz_check(strncmp(whole, again, 19) == 0);
	wire_print_frame(cur_of_cut(c.p, cur_left(&c) / 2, cur_left(&c)), again, sizeof again);
	wire_print_l3(ETH_P_IP, c, whole, sizeof whole);
	wire_print_l3(ETH_P_IPV6, d, whole, sizeof whole);
	struct text t = text_of(whole, sizeof whole);
	nd_print(d, &t);
	icmp4_print(c, &t, 0);
	icmp6_print(d, &t, 0);
	tcp_print(d, &t);
	udp_print(d, &t);
	udplite_print(d, &t);
	fuzz_check(t.len < sizeof whole);
}

/* Parsers of inner layers see the input from its start and from where a frame would have them. */
static void check_from(struct cursor c, struct cursor d)
{
	check_ip4(c, d);
	check_ip6(c, d);
	fuzz_check(icmp_ext_ok(c) == icmp_ext_ok(d));
	check_arp(c, d);
	check_icmp(c, d);
	check_nd(c, d);
	check_l4(c, d);
	fuzz_check(csum_cursor(c) == csum_cursor(d));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t offsets[] = { 0, 14, 34, 54 };
	if (size == 0 || size > 4096)
		return 0;
	struct input in = { .p = data, .len = (uint32_t)size, .cut = data[size - 1] % (uint32_t)(size + 1) };
	check_eth(cur_of(data, in.len), cut_cursor(&in));
	check_print(cur_of(data, in.len), cut_cursor(&in));
	for (unsigned i = 0; i < sizeof offsets && offsets[i] < size; i++) {
		struct cursor c = cur_of(data, in.len), d = cut_cursor(&in);
		cur_skip(&c, offsets[i]);
		cur_skip(&d, offsets[i]);
		check_from(c, d);
	}
	return 0;
}
