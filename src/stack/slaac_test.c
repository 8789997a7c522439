/* SPDX-License-Identifier: BSD-2-Clause */
/* A host on wire A and the routers that speak there, in virtual time. */
#include "net/addr_label.h"
#include "net/sysctl.h"
#include "stack/rig.h"
#include "wire/nd_opt.h"

enum { HOUR = 3600, DAY = 86400 };
#define ROUTER  "fe80::1"
#define ROUTER2 "fe80::2"

static void set(struct rig *r, const char *name, const char *value)
{
	char why[256] = "";
	if (sysctl_set(r->st, name, value, why, sizeof why))
		fail_msg("%s", why);
	view_publish(r->st);
	manual_rt_settle(r->m);
}

/* A host with nothing but its link-local address. */
static struct rig *host(void)
{
	struct rig *r = rig_new(workers, 0);
	set(r, "net.ipv6.conf.all.forwarding", "0");
	iface_set_up(r->a.ifc, false);
	iface_set_up(r->b.ifc, false);
	iface_set_up(r->a.ifc, true);
	return r;
}
static struct rig *settled_host(void)
{
	struct rig *r = host();
	manual_rt_run(r->m, 3 * SEC);
	rig_clear(&r->a);
	return r;
}

/* --- what routers say --- */

struct ra {
	uint32_t len;
	uint8_t b[1400];
};

static struct ra ra_new(uint16_t lifetime_s, uint8_t flags)
{
	struct ra ra = { .len = sizeof(struct nd_ra_hdr) };
	struct nd_ra_msg m = { .hop_limit = 61, .flags = flags, .lifetime_s = lifetime_s };
	struct nd_ra_hdr h;
	nd_ra_emit(&m, &h);
	memcpy(ra.b, &h, sizeof h);
	return ra;
}
static void ra_put(struct ra *ra, const void *p, uint32_t len)
{
	assert_true(ra->len + len <= sizeof ra->b);
	memcpy(ra->b + ra->len, p, len);
	ra->len += len;
}
static void ra_prefix(struct ra *ra, const char *prefix, uint32_t valid_s, uint32_t preferred_s)
{
	struct nd_prefix_opt o = { .type = ND_OPT_PREFIX,
				   .len = 4,
				   .plen = 64,
				   .flags = ND_PREFIX_ON_LINK | ND_PREFIX_AUTONOMOUS,
				   .valid_s = be32_of(valid_s),
				   .preferred_s = be32_of(preferred_s),
				   .prefix = ip6_of(prefix) };
	ra_put(ra, &o, sizeof o);
}
static void ra_route(struct ra *ra, const char *prefix, uint8_t plen, enum nd_pref pref, uint32_t lifetime_s)
{
	struct ip6 p = ip6_of(prefix);
	be32 lifetime = be32_of(lifetime_s);
	uint8_t o[8] = { ND_OPT_ROUTE, 3, plen, (uint8_t)(pref << 3) };
	memcpy(o + 4, &lifetime, 4);
	ra_put(ra, o, sizeof o);
	ra_put(ra, &p, sizeof p);
}
static void ra_mtu(struct ra *ra, uint32_t mtu)
{
	struct nd_mtu_opt o = { .type = ND_OPT_MTU, .len = 1, .mtu = be32_of(mtu) };
	ra_put(ra, &o, sizeof o);
}

static void say_as(struct rig *r, struct ra ra, const char *router, uint8_t hop_limit)
{
	struct frame f;
	struct nd_envelope ip = { .src = ip6_of(router), .dst = ip6_of("ff02::1"), .hop_limit = hop_limit };
	uint8_t mac[8] = { ND_OPT_SOURCE_LLADDR, 1, 2, 0xaa, 0, 0, 0, ip.src.b[15] };
	ra_put(&ra, mac, sizeof mac);
	memset(ra.b + 2, 0, 2);
	uint32_t sum = csum_pseudo6(&ip.src, &ip.dst, IP_PROTO_ICMP6, ra.len);
	be16 csum = be16_of(csum_done(csum_add(sum, csum_mem(ra.b, ra.len))));
	memcpy(ra.b + 2, &csum, 2);
	frame_nd(&f, &r->a, &ip, ra.b, ra.len);
	rig_send(r, &r->a, &f);
}
static void say(struct rig *r, struct ra ra)
{
	say_as(r, ra, ROUTER, 255);
}
static void say_prefix(struct rig *r, uint32_t valid_s, uint32_t preferred_s)
{
	struct ra ra = ra_new(1800, 0);
	ra_prefix(&ra, "2001:db8:a::", valid_s, preferred_s);
	say(r, ra);
}

/* --- what the host has --- */

static const struct addr *addr_in(struct rig *r, const char *prefix, uint32_t with, uint32_t without)
{
	struct ip6 p = ip6_of(prefix);
	for (const struct addr *a = addr_first(r->st, r->a.ifc); a; a = addr_next(r->st, r->a.ifc, a))
		if (a->family == AF_INET6 && !memcmp(a->local.b, p.b, 8) && (a->flags & with) == with &&
		    !(a->flags & without))
			return a;
	return NULL;
}
static const struct addr *public_in(struct rig *r, const char *prefix)
{
	return addr_in(r, prefix, 0, IFA_F_TEMPORARY);
}
static unsigned count(struct rig *r, uint32_t with, uint32_t without)
{
	unsigned n = 0;
	for (const struct addr *a = addr_first(r->st, r->a.ifc); a; a = addr_next(r->st, r->a.ifc, a))
		n += a->family == AF_INET6 && (a->flags & with) == with && !(a->flags & without) &&
		     !ip6_is_link_local(&a->local.v6);
	return n;
}
static uint32_t left(struct rig *r, uint32_t lifetime_s, const struct addr *a)
{
	return addr_left_s(r->st, a, lifetime_s);
}
static const char *way_to(struct rig *r, const char *dst)
{
	static char text[IP6_TEXT_MAX];
	struct ipaddr d = { .v6 = ip6_of(dst) };
	const struct fib_route *f = fib_lookup_ctl(r->st, AF_INET6, &d, 0);
	if (!f)
		return "none";
	return f->nh.gw_family ? ip6_text(&f->nh.gw.v6, text) : "link";
}
static void expect_addr(const struct addr *a, const char *text)
{
	struct ip6 want = ip6_of(text);
	assert_non_null(a);
	assert_memory_equal(&a->local, &want, 16);
}

/* --- asking --- */

static void a_host_asks_for_routers_when_its_address_is_tested(void **state)
{
	struct rig *r = host();
	unsigned n = 0;
	uint64_t last = 0, gap[8] = { 0 };
	for (unsigned s = 0; s < 200; s++) {
		manual_rt_run(r->m, SEC / 2);
		for (const struct rig_frame *f; (f = rig_next(&r->a));)
			if (f->b[54] == ICMP6_ROUTER_SOLICIT && n < 8) {
				struct ip6 all = ip6_of("ff02::2");
				assert_memory_equal(f->b + 38, &all, 16);
				assert_int_equal(f->b[21], 255);
				gap[n++] = manual_rt_now_us(r->m) - last;
				last = manual_rt_now_us(r->m);
			}
	}
	assert_int_equal(n, 5); /* at 1, 5, 13, 29, 61 seconds or so */
	assert_in_range(gap[1], 3 * SEC, 5 * SEC);
	for (unsigned k = 2; k < n; k++)
		assert_in_range(gap[k], gap[k - 1] * 17 / 10, gap[k - 1] * 23 / 10);
	say(r, ra_new(1800, 0)); /* and is content then */
	rig_clear(&r->a);
	manual_rt_run(r->m, 600 * (uint64_t)SEC);
	for (const struct rig_frame *f; (f = rig_next(&r->a));)
		assert_int_not_equal(f->b[54], ICMP6_ROUTER_SOLICIT);
	rig_free(r);
}

static void a_router_asks_nobody_and_heeds_nobody(void **state)
{
	struct rig *r = rig_new(workers, 0);
	iface_set_up(r->a.ifc, false);
	iface_set_up(r->a.ifc, true);
	manual_rt_run(r->m, 30 * SEC);
	for (const struct rig_frame *f; (f = rig_next(&r->a));)
		assert_int_not_equal(f->b[54], ICMP6_ROUTER_SOLICIT);
	say_prefix(r, DAY, DAY);
	assert_null(public_in(r, "2001:db8:a::"));
	assert_string_equal(way_to(r, "3001::1"), "none");
	set(r, "net.ipv6.conf.wa.accept_ra", "2"); /* unless told to */
	say_prefix(r, DAY, DAY);
	assert_non_null(public_in(r, "2001:db8:a::"));
	assert_string_equal(way_to(r, "3001::1"), ROUTER);
	rig_free(r);
}

/* --- checks --- */

static void advertisements_from_afar_are_not_heeded(void **state)
{
	struct rig *r = settled_host();
	struct ra ra = ra_new(1800, 0);
	ra_prefix(&ra, "2001:db8:a::", DAY, DAY);
	say_as(r, ra, ROUTER, 254);
	assert_int_equal(rig_drops(r, "ra-input", DROP_ND_HOP_LIMIT), 1);
	say_as(r, ra, "2001:db8:1::9", 255); /* not link-local */
	assert_int_equal(rig_drops(r, "ra-input", DROP_ND_MALFORMED), 1);
	assert_null(public_in(r, "2001:db8:a::"));
	assert_string_equal(way_to(r, "3001::1"), "none");
	rig_free(r);
}

/* --- routers --- */

/* What is left of the life of the way there, as netlink shows it. */
static uint64_t left_of_way(struct rig *r, const char *to)
{
	const struct ipaddr dst = { .v6 = ip6_of(to) };
	const struct fib_route *f = fib_lookup_ctl(r->st, AF_INET6, &dst, 0);
	assert_non_null(f);
	return f->until_us ? (f->until_us - r->rt->ctl->now_us) / SEC : 0;
}

static void a_default_router_lives_as_long_as_it_says(void **state)
{
	struct rig *r = settled_host();
	say(r, ra_new(100, 0));
	assert_string_equal(way_to(r, "3001::1"), ROUTER);
	assert_int_equal(r->a.ifc->conf.hop_limit6, 61);
	assert_in_range(left_of_way(r, "3001::1"), 98, 100);
	manual_rt_run(r->m, 90 * (uint64_t)SEC);
	assert_in_range(left_of_way(r, "3001::1"), 8, 10);
	say(r, ra_new(100, 0));
	assert_in_range(left_of_way(r, "3001::1"), 98, 100);
	manual_rt_run(r->m, 99 * (uint64_t)SEC);
	assert_string_equal(way_to(r, "3001::1"), ROUTER);
	manual_rt_run(r->m, 2 * SEC);
	assert_string_equal(way_to(r, "3001::1"), "none");
	say(r, ra_new(100, 0));
	say(r, ra_new(0, 0)); /* RFC 4861, 6.3.4: a router no longer */
	assert_string_equal(way_to(r, "3001::1"), "none");
	rig_free(r);
}

static void routes_of_routers_have_their_lengths_and_times(void **state)
{
	struct rig *r = settled_host();
	struct ra ra = ra_new(0, 0);
	ra_route(&ra, "2001:db8:f::", 48, ND_PREF_MEDIUM, 60);
	ra_route(&ra, "2001:db8:e::", 65, ND_PREF_MEDIUM, 60);
	say(r, ra);
	assert_string_equal(way_to(r, "2001:db8:f::1"), "none"); /* Linux: not by default */
	set(r, "net.ipv6.conf.wa.accept_ra_rt_info_max_plen", "64");
	say(r, ra);
	assert_string_equal(way_to(r, "2001:db8:f::1"), ROUTER);
	assert_string_equal(way_to(r, "2001:db8:e::1"), "none");
	manual_rt_run(r->m, 61 * (uint64_t)SEC);
	assert_string_equal(way_to(r, "2001:db8:f::1"), "none");
	rig_free(r);
}

static void settings_say_what_is_heeded(void **state)
{
	struct rig *r = settled_host();
	struct ra ra = ra_new(1800, 0);
	ra_prefix(&ra, "2001:db8:a::", DAY, DAY);
	ra_mtu(&ra, 1400);
	set(r, "net.ipv6.conf.wa.accept_ra_defrtr", "0");
	set(r, "net.ipv6.conf.wa.accept_ra_mtu", "0");
	set(r, "net.ipv6.conf.wa.autoconf", "0");
	say(r, ra);
	assert_string_equal(way_to(r, "3001::1"), "none");
	assert_string_equal(way_to(r, "2001:db8:a::9"), "link");
	assert_null(public_in(r, "2001:db8:a::"));
	assert_int_equal(r->a.ifc->mtu6, 0);
	set(r, "net.ipv6.conf.wa.accept_ra_mtu", "1");
	set(r, "net.ipv6.conf.wa.accept_ra_min_lft", "1801");
	set(r, "net.ipv6.conf.wa.accept_ra_defrtr", "1");
	say(r, ra);
	assert_int_equal(r->a.ifc->mtu6, 1400);
	assert_string_equal(way_to(r, "3001::1"), "none");
	ra_mtu(&ra, 1279);
	say(r, ra);
	assert_int_equal(r->a.ifc->mtu6, 1400);
	assert_int_equal(r->a.ifc->in6.ra_mtu, 1279); /* as Linux shows it, wrong or not */
	rig_free(r);
}

static void floods_of_routers_and_prefixes_have_bounds(void **state)
{
	struct rig *r = settled_host();
	uint64_t used = 0;
	for (unsigned k = 0; k < 2000; k++) {
		char router[64], prefix[64];
		struct ra ra = ra_new(1800, 0);
		snprintf(router, sizeof router, "fe80::%x", k + 1);
		snprintf(prefix, sizeof prefix, "2001:db8:%x::", k);
		ra_prefix(&ra, prefix, DAY, DAY);
		say_as(r, ra, router, 255);
		rig_clear(&r->a);
		if (k == 1000)
			used = r->st->mem.used_bytes;
	}
	assert_in_range(count(r, 0, 0), 1, 16);
	assert_in_range(fib_count(r->st, AF_INET6), 30, 100);
	assert_in_range(r->st->mem.used_bytes, 0, used + used / 20);
	assert_string_equal(way_to(r, "3001::1"), ROUTER); /* the first, which nobody has displaced */
	rig_free(r);
}

static void feel(struct rig *r, const char *router, uint16_t state)
{
	struct neigh_info n = { .if_handle = r->a.ifc->handle,
				.state = (uint8_t)state,
				.has_mac = true,
				.flags = NTF_ROUTER,
				.mac = { 2, 0xaa, 0, 0, 0, 0 } };
	n.addr = ipaddr_of(router, &n.family);
	n.mac[5] = n.addr.b[15];
	assert_int_equal(neigh_set(r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	manual_rt_settle(r->m);
}

/* What a flow that has this hash takes. */
static const char *way_of_flow(struct rig *r, uint32_t hash)
{
	static char text[IP6_TEXT_MAX];
	const struct ip6 dst = ip6_of("3001::1");
	manual_rt_settle(r->m);
	const struct fib_nh *nh = fib6_lookup(r->st->worker[0], &dst);
	assert_non_null(nh);
	nh = fib_nh_path(r->st->worker[0], nh, hash);
	return ip6_text(&nh->gw.v6, text);
}

static unsigned flows_through(struct rig *r, const char *router)
{
	unsigned n = 0;
	for (uint32_t h = 0; h < 64; h++)
		n += !strcmp(way_of_flow(r, h << 26), router);
	return n;
}

static void equal_routers_share_the_flows(void **state)
{
	struct rig *r = settled_host();
	say_as(r, ra_new(1800, 0), ROUTER, 255);
	assert_int_equal(flows_through(r, ROUTER), 64);
	say_as(r, ra_new(1800, 0), ROUTER2, 255);
	assert_int_equal(flows_through(r, ROUTER), 32);
	assert_int_equal(flows_through(r, ROUTER2), 32);
	say_as(r, ra_new(1800, 0x08), ROUTER2, 255); /* RFC 4191: high */
	assert_int_equal(flows_through(r, ROUTER2), 64);
	say_as(r, ra_new(1800, 0x18), ROUTER2, 255); /* low */
	assert_int_equal(flows_through(r, ROUTER), 64);
	say_as(r, ra_new(1800, 0), ROUTER2, 255);
	feel(r, ROUTER, NUD_FAILED); /* RFC 4861, 6.3.6 */
	assert_int_equal(flows_through(r, ROUTER2), 64);
	feel(r, ROUTER2, NUD_FAILED); /* nobody: all are tried */
	assert_int_equal(flows_through(r, ROUTER2), 32);
	feel(r, ROUTER2, NUD_REACHABLE);
	assert_int_equal(flows_through(r, ROUTER2), 64);
	say_as(r, ra_new(1800, 0), ROUTER, 255); /* it is heard again */
	assert_int_equal(flows_through(r, ROUTER), 32);
	rig_free(r);
}

static void a_router_that_says_it_is_none_is_left(void **state)
{
	struct rig *r = settled_host();
	struct frame f;
	say_as(r, ra_new(1800, 0), ROUTER, 255);
	assert_string_equal(way_to(r, "3001::1"), ROUTER);
	r->a.mac[1] = 0xaa;
	r->a.mac[5] = 1;
	frame_na(&f, &r->a, ROUTER, "ff02::1", false); /* without the router flag */
	rig_send(r, &r->a, &f);
	assert_string_equal(way_to(r, "3001::1"), "none");
	say_as(r, ra_new(1800, 0), ROUTER, 255);
	set(r, "net.ipv6.conf.all.forwarding", "1"); /* and we may become one */
	assert_string_equal(way_to(r, "3001::1"), "none");
	rig_free(r);
}

/* RFC 4861 has a host believe it; one that asks before (net/neigh_claim.c) has nobody take a router away that is there. */
static void who_speaks_in_a_routers_name_is_not_heard(void **state)
{
	struct rig *r = settled_host();
	struct frame f;
	uint8_t mac[6];
	say(r, ra_new(1800, 0));
	feel(r, ROUTER, NUD_REACHABLE); /* it has answered */
	struct neigh_info n = { .if_handle = r->a.ifc->handle, .has_mac = true, .state = NUD_REACHABLE };
	n.addr = ipaddr_of(ROUTER, &n.family);
	memcpy(n.mac, (const uint8_t[]){ 2, 0xbb, 0, 0, 0, 1 },
	       sizeof n.mac); /* elsewhere than say() has it */
	n.flags = NTF_ROUTER;
	assert_int_equal(neigh_set(r->st, &n, NLM_F_REPLACE), 0);
	say(r, ra_new(0, 0));
	assert_string_equal(way_to(r, "3001::1"), ROUTER);
	assert_int_equal(rig_drops(r, "ra-input", DROP_ND_FORGED), 1);
	memcpy(mac, r->a.mac, sizeof mac);
	memcpy(r->a.mac, n.mac, sizeof mac);
	frame_na(&f, &r->a, ROUTER, "ff02::1",
		 false); /* its address, but no router any more; from elsewhere */
	memcpy(r->a.mac, mac, sizeof mac);
	memcpy(f.b + 6, mac, sizeof mac);
	rig_send(r, &r->a, &f);
	assert_string_equal(way_to(r, "3001::1"), ROUTER);
	manual_rt_run(r->m, 2 * SEC);
	say(r, ra_new(0, 0));
	assert_int_equal(rig_drops(r, "ra-input", DROP_ND_FORGED), 2);
	manual_rt_run(r->m, 2 * SEC); /* nobody answers where it was: now it is believed to have moved */
	say(r, ra_new(0, 0));
	assert_string_equal(way_to(r, "3001::1"), "none");
	rig_free(r);
}

/* --- addresses --- */

static void a_prefix_makes_an_address_of_the_mac(void **state)
{
	struct rig *r = settled_host();
	say_prefix(r, DAY, HOUR);
	const struct addr *a = public_in(r, "2001:db8:a::");
	expect_addr(a, "2001:db8:a::aa:ff:fe00:1");
	assert_true(a->flags & IFA_F_TENTATIVE);
	assert_int_equal(a->flags & (IFA_F_PERMANENT | IFA_F_MANAGETEMPADDR), IFA_F_MANAGETEMPADDR);
	manual_rt_run(r->m, 3 * SEC);
	assert_false(a->flags & IFA_F_TENTATIVE);
	assert_string_equal(way_to(r, "2001:db8:a::9"), "link");
	manual_rt_run(r->m, HOUR * (uint64_t)SEC);
	assert_true(a->flags & IFA_F_DEPRECATED);
	say_prefix(r, DAY, HOUR); /* heard again */
	assert_false(a->flags & IFA_F_DEPRECATED);
	manual_rt_run(r->m, DAY * (uint64_t)SEC + SEC);
	assert_null(public_in(r, "2001:db8:a::"));
	assert_string_equal(way_to(r, "2001:db8:a::9"), "none");
	rig_free(r);
}

/* Linux: the last address of the prefix takes the route along, whoever brought it. */
static void the_prefix_of_a_router_outlives_an_address_set_by_hand(void **state)
{
	struct rig *r = settled_host();
	struct addr a = { .if_handle = r->a.ifc->handle,
			  .family = AF_INET6,
			  .plen = 64,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	a.local.v6 = ip6_of("2001:db8:a::5");
	say_prefix(r, DAY, HOUR);
	assert_int_equal(addr_add(r->st, &a, false), 0);
	assert_int_equal(addr_delete(r->st, a.if_handle, AF_INET6, &a.local, 64), 0);
	assert_string_equal(way_to(r, "2001:db8:a::9"), "link");
	rig_free(r);
}

/* RFC 4862, 5.5.3 e */
static void nobody_takes_an_address_away_within_two_hours(void **state)
{
	static const struct {
		uint32_t has, said, gets;
	} rows[] = { { DAY, 0, 2 * HOUR },   { DAY, 60, 2 * HOUR },          { DAY, 3 * HOUR, 3 * HOUR },
		     { HOUR, 60, HOUR },     { HOUR, HOUR + 60, HOUR + 60 }, { HOUR, 0, HOUR },
		     { 2 * HOUR, DAY, DAY }, { DAY, UINT32_MAX, UINT32_MAX } };
	struct rig *r = settled_host();
	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
		struct ra ra = ra_new(1800, 0);
		char prefix[32];
		snprintf(prefix, sizeof prefix, "2001:db8:%x::", 0xa0 + k);
		ra_prefix(&ra, prefix, rows[k].has, 30);
		say(r, ra);
		ra = ra_new(1800, 0);
		ra_prefix(&ra, prefix, rows[k].said, rows[k].said ? 20 : 0);
		say(r, ra);
		const struct addr *a = public_in(r, prefix);
		assert_non_null(a);
		assert_int_equal(left(r, a->valid_s, a), rows[k].gets);
		assert_int_equal(left(r, a->preferred_s, a), rows[k].said ? 20 : 0); /* that is believed */
	}
	set(r, "net.ipv6.conf.wa.ra_honor_pio_life", "1");
	say_prefix(r, DAY, DAY);
	say_prefix(r, 60, 60);
	const struct addr *a = public_in(r, "2001:db8:a::");
	assert_int_equal(left(r, a->valid_s, a), 60);
	rig_free(r);
}

static void identifiers_are_stable_and_private_where_wanted(void **state)
{
	struct rig *r = settled_host();
	set(r, "net.ipv6.conf.wa.stable_secret", "2001:db8::1234");
	assert_int_equal(r->a.ifc->conf.addr_gen_mode, IN6_ADDR_GEN_MODE_STABLE_PRIVACY);
	say_prefix(r, DAY, DAY);
	const struct addr *a = public_in(r, "2001:db8:a::");
	assert_non_null(a);
	struct ip6 first = a->local.v6;
	assert_true(a->flags & IFA_F_STABLE_PRIVACY);
	assert_memory_not_equal(first.b + 8, ip6_of("::aa:ff:fe00:1").b + 8, 8);
	iface_set_up(r->a.ifc, false);
	iface_set_up(r->a.ifc, true);
	manual_rt_run(r->m, 3 * SEC);
	say_prefix(r, DAY, DAY);
	a = public_in(r, "2001:db8:a::");
	assert_memory_equal(&a->local, &first, 16); /* the same in the same network */
	struct ra ra = ra_new(0, 0);
	ra_prefix(&ra, "2001:db8:b::", DAY, DAY);
	say(r, ra);
	assert_memory_not_equal(public_in(r, "2001:db8:b::")->local.b + 8, first.b + 8, 8);
	/* RFC 7217, 6: a duplicate is made anew, and hearing the prefix again makes no more */
	struct frame f;
	char text[IP6_TEXT_MAX];
	frame_na(&f, &r->a, ip6_text(&first, text), "ff02::1", false);
	rig_send(r, &r->a, &f);
	a = public_in(r, "2001:db8:a::");
	assert_non_null(a);
	assert_memory_not_equal(&a->local, &first, 16);
	assert_int_equal(a->retries, 1);
	say_prefix(r, DAY, DAY);
	assert_int_equal(count(r, 0, 0), 2);
	rig_free(r);
}

static void a_token_is_the_identifier(void **state)
{
	struct rig *r = settled_host();
	say_prefix(r, DAY, DAY);
	r->a.ifc->in6.token = ip6_of("::42");
	iface_changed(r->a.ifc);
	manual_rt_settle(r->m);
	struct icmp6_msg m = rig_expect_icmp6(&r->a, NULL, "ff02::2", ICMP6_ROUTER_SOLICIT, 0, NULL);
	(void)m;
	say_prefix(r, DAY, DAY);
	expect_addr(addr_in(r, "2001:db8:a::", 0, 0), "2001:db8:a::42");
	r->a.ifc->in6.token = ip6_of("::43");
	iface_changed(r->a.ifc);
	say_prefix(r, DAY, DAY);
	expect_addr(addr_in(r, "2001:db8:a::", 0, 0), "2001:db8:a::43");
	assert_int_equal(count(r, 0, 0), 2); /* and the one of the MAC */
	rig_free(r);
}

/* A month: the router speaks every ten minutes. Each day another temporary address, each a week long. */
static void temporary_addresses_change_every_day(void **state)
{
	struct rig *r = settled_host();
	unsigned changes = 0;
	struct ip6 last = { { 0 } };
	set(r, "net.ipv6.conf.wa.use_tempaddr", "2");
	for (uint64_t t = 0; t < 30ULL * DAY; t += 600) {
		say_prefix(r, 30 * DAY, 7 * DAY);
		manual_rt_run(r->m, 600 * (uint64_t)SEC);
		rig_clear(&r->a);
		const struct addr *a =
			addr_in(r, "2001:db8:a::", IFA_F_TEMPORARY, IFA_F_DEPRECATED | IFA_F_TENTATIVE);
		assert_non_null(a); /* there is one at all times */
		assert_true(left(r, a->preferred_s, a) <= DAY);
		assert_true(left(r, a->valid_s, a) <= 7 * DAY);
		assert_true(count(r, IFA_F_TEMPORARY, IFA_F_DEPRECATED) <= 2);
		assert_true(count(r, IFA_F_TEMPORARY, 0) <= 9);
		changes += !ip6_eq(&a->local.v6, &last);
		last = a->local.v6;
	}
	assert_in_range(changes, 30, 32);
	assert_in_range(count(r, IFA_F_TEMPORARY, 0), 7, 9);
	rig_free(r);
}

static void a_temporary_duplicate_is_replaced_and_then_given_up(void **state)
{
	struct rig *r = settled_host();
	set(r, "net.ipv6.conf.wa.use_tempaddr", "1");
	say_prefix(r, DAY, DAY);
	for (unsigned k = 0; k < 3; k++) {
		struct frame f;
		char text[IP6_TEXT_MAX];
		const struct addr *a = addr_in(r, "2001:db8:a::", IFA_F_TEMPORARY, 0);
		assert_non_null(a);
		frame_na(&f, &r->a, ip6_text(&a->local.v6, text), "ff02::1", false);
		rig_send(r, &r->a, &f);
	}
	assert_int_equal(count(r, IFA_F_TEMPORARY, 0), 0);
	assert_int_equal(r->a.ifc->conf.ip6.use_tempaddr, -1);
	assert_non_null(public_in(r, "2001:db8:a::"));
	rig_free(r);
}

static void duplicates_of_the_mac_end_ip6_where_wanted(void **state)
{
	struct rig *r = host();
	struct frame f;
	set(r, "net.ipv6.conf.wa.accept_dad", "2");
	frame_na(&f, &r->a, "fe80::aa:ff:fe00:1", "ff02::1", false);
	rig_send(r, &r->a, &f);
	assert_int_equal(r->a.ifc->conf.ip6.disable, 1);
	assert_null(addr_in(r, "fe80::", 0, 0));
	struct addr a = { .if_handle = r->a.ifc->handle,
			  .family = AF_INET6,
			  .plen = 64,
			  .valid_s = 9,
			  .local.v6 = ip6_of("2001:db8::9") };
	assert_int_equal(addr_add(r->st, &a, false), -EACCES);
	set(r, "net.ipv6.conf.wa.disable_ipv6", "0");
	assert_non_null(addr_in(r, "fe80::", 0, 0));
	rig_free(r);
}

/* RFC 4429 */
static void an_optimistic_address_is_used_before_its_test_is_over(void **state)
{
	struct rig *r = settled_host();
	struct frame f;
	struct nd_na_msg m;
	struct ip6_msg ip;
	set(r, "net.ipv6.conf.wa.optimistic_dad", "1");
	say_prefix(r, DAY, DAY);
	const struct addr *a = public_in(r, "2001:db8:a::");
	assert_int_equal(a->flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC), IFA_F_TENTATIVE | IFA_F_OPTIMISTIC);
	rig_expect_icmp6(&r->a, "::", NULL, ICMP6_NEIGH_SOLICIT, 0, NULL); /* at once */
	frame_ns(&f, &r->a, "fe80::9", "2001:db8:a::aa:ff:fe00:1");
	rig_neigh(r, &r->a, "fe80::9");
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, "2001:db8:a::aa:ff:fe00:1", "fe80::9", ICMP6_NEIGH_ADVERT, 0, &ip);
	struct nd_envelope env = { .src = ip.src, .dst = ip.dst, .hop_limit = ip.hop_limit };
	assert_int_equal(nd_na_parse(ip.body, &env, &m), DROP_NONE);
	assert_false(m.override);
	frame_ns(&f, &r->a, "::", "2001:db8:a::aa:ff:fe00:1"); /* somebody else tests it */
	rig_send(r, &r->a, &f);
	assert_null(public_in(r, "2001:db8:a::"));
	rig_free(r);
}

/* RFC 6980 */
static void discovery_with_a_fragment_header_is_ignored(void **state)
{
	struct rig *r = settled_host();
	struct frame f, g;
	frame_ns(&f, &r->a, "fe80::9", "fe80::aa:ff:fe00:1");
	g = f;
	g.len = 0;
	frame_put(&g, f.b, 54);
	frame_put(&g, (const uint8_t[]){ IP_PROTO_ICMP6, 0, 0, 0, 0, 0, 0, 7 }, 8);
	frame_put(&g, f.b + 54, f.len - 54);
	g.b[14 + 6] = IP_PROTO_FRAGMENT;
	g.b[14 + 5] = (uint8_t)(g.b[14 + 5] + 8);
	rig_send(r, &r->a, &g);
	assert_int_equal(rig_drops(r, "nd-input", DROP_ND_FRAGMENT), 1);
	g.b[54 + 3] = 1; /* and more are to come */
	rig_send(r, &r->a, &g);
	assert_int_equal(rig_drops(r, "ip6-reass", DROP_ND_FRAGMENT), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void addresses_are_kept_over_a_downtime_where_wanted(void **state)
{
	struct rig *r = settled_host();
	set(r, "net.ipv6.conf.wa.keep_addr_on_down", "1");
	rig_addr(r, r->a.ifc, "2001:db8:1::1", 64, 0);
	say_prefix(r, DAY, DAY);
	manual_rt_run(r->m, 3 * SEC);
	iface_set_up(r->a.ifc, false);
	assert_int_equal(count(r, 0, 0), 1);
	assert_string_equal(way_to(r, "2001:db8:1::1"), "none");
	iface_set_up(r->a.ifc, true);
	assert_true(addr_in(r, "2001:db8:1::", 0, 0)->flags & IFA_F_TENTATIVE);
	manual_rt_run(r->m, 3 * SEC);
	assert_false(addr_in(r, "2001:db8:1::", 0, 0)->flags & IFA_F_TENTATIVE);
	assert_string_equal(way_to(r, "2001:db8:1::1"), "link");
	rig_free(r);
}

static void what_routers_said_comes_back_with_what_is_left_of_it(void **state)
{
	struct rig *r = settled_host(), *s = settled_host();
	char *text, why[256] = "";
	size_t len;
	struct ra ra = ra_new(1000, 0);
	ra_mtu(&ra, 1400);
	ra_prefix(&ra, "2001:db8:a::", 2000, 1500);
	set(r, "net.ipv6.conf.wa.use_tempaddr", "1");
	say(r, ra);
	manual_rt_run(r->m, 100 * (uint64_t)SEC);
	assert_int_equal(count(r, 0, 0), 2);
	assert_int_equal(stack_save_text(r->st, &text, &len), 0);
	if (stack_restore_text(s->st, text, len, why, sizeof why))
		fail_msg("%s", why);
	free(text);
	assert_int_equal(count(s, 0, 0), 2);
	assert_int_equal(s->a.ifc->mtu6, 1400);
	assert_string_equal(way_to(s, "3001::1"), ROUTER);
	const struct addr *a = public_in(s, "2001:db8:a::"),
			  *t = addr_in(s, "2001:db8:a::", IFA_F_TEMPORARY, 0);
	assert_in_range(left(s, a->valid_s, a), 1899, 1901);
	assert_true(ip6_eq(&t->pub, &a->local.v6));
	manual_rt_run(s->m, 899 * (uint64_t)SEC);
	assert_string_equal(way_to(s, "3001::1"), ROUTER);
	manual_rt_run(s->m, 3 * SEC);
	assert_string_equal(way_to(s, "3001::1"), "none");
	assert_string_equal(way_to(s, "2001:db8:a::9"), "link");
	manual_rt_run(s->m, 1000 * (uint64_t)SEC);
	assert_string_equal(way_to(s, "2001:db8:a::9"), "none");
	assert_int_equal(count(s, 0, 0), 0);
	rig_free(r);
	rig_free(s);
}

TWICE(a_host_asks_for_routers_when_its_address_is_tested)
TWICE(a_router_asks_nobody_and_heeds_nobody)
TWICE(advertisements_from_afar_are_not_heeded)
TWICE(a_default_router_lives_as_long_as_it_says)
TWICE(routes_of_routers_have_their_lengths_and_times)
TWICE(settings_say_what_is_heeded)
TWICE(floods_of_routers_and_prefixes_have_bounds)
TWICE(equal_routers_share_the_flows)
TWICE(a_router_that_says_it_is_none_is_left)
TWICE(who_speaks_in_a_routers_name_is_not_heard)
TWICE(a_prefix_makes_an_address_of_the_mac)
TWICE(the_prefix_of_a_router_outlives_an_address_set_by_hand)
TWICE(nobody_takes_an_address_away_within_two_hours)
TWICE(identifiers_are_stable_and_private_where_wanted)
TWICE(a_token_is_the_identifier)
TWICE(temporary_addresses_change_every_day)
TWICE(a_temporary_duplicate_is_replaced_and_then_given_up)
TWICE(duplicates_of_the_mac_end_ip6_where_wanted)
TWICE(an_optimistic_address_is_used_before_its_test_is_over)
TWICE(discovery_with_a_fragment_header_is_ignored)
TWICE(addresses_are_kept_over_a_downtime_where_wanted)
TWICE(what_routers_said_comes_back_with_what_is_left_of_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_host_asks_for_routers_when_its_address_is_tested),
		BOTH(a_router_asks_nobody_and_heeds_nobody),
		BOTH(advertisements_from_afar_are_not_heeded),
		BOTH(a_default_router_lives_as_long_as_it_says),
		BOTH(routes_of_routers_have_their_lengths_and_times),
		BOTH(settings_say_what_is_heeded),
		BOTH(floods_of_routers_and_prefixes_have_bounds),
		BOTH(equal_routers_share_the_flows),
		BOTH(a_router_that_says_it_is_none_is_left),
		BOTH(who_speaks_in_a_routers_name_is_not_heard),
		BOTH(a_prefix_makes_an_address_of_the_mac),
		BOTH(the_prefix_of_a_router_outlives_an_address_set_by_hand),
		BOTH(nobody_takes_an_address_away_within_two_hours),
		BOTH(identifiers_are_stable_and_private_where_wanted),
		BOTH(a_token_is_the_identifier),
		BOTH(temporary_addresses_change_every_day),
		BOTH(a_temporary_duplicate_is_replaced_and_then_given_up),
		BOTH(duplicates_of_the_mac_end_ip6_where_wanted),
		BOTH(an_optimistic_address_is_used_before_its_test_is_over),
		BOTH(discovery_with_a_fragment_header_is_ignored),
		BOTH(addresses_are_kept_over_a_downtime_where_wanted),
		BOTH(what_routers_said_comes_back_with_what_is_left_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
