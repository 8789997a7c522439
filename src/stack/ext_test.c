/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs say about single packets beyond addresses: extension headers (RFC 3542), sizes of fragments, and that a way works. */
#include "net/neigh.h"
#include "sock/sock.h"
#include "stack/rig.h"
#include "wire/udp.h"

#define LEAT_B "2001:db8:2::1"
#define B      "2001:db8:2::2"

static const uint8_t hop[8] = { 99, 0, 0x1e, 4, 1, 2, 3, 4 }, dst[8] = { 98, 0, 0x1e, 4, 5, 6, 7, 8 };

static struct sock *udp(struct rig *r, int domain)
{
	struct sock *s;
	rig_neigh(r, &r->b, B);
	assert_int_equal(sock_open(r->st, domain, SOCK_DGRAM, 0, NULL, &s), 0);
	return s;
}

static void send_to(struct rig *r, struct sock *s, size_t len, int flags)
{
	static const uint8_t zeros[9000];
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	const struct ip6 a = ip6_of(B);
	memcpy(&to.sin6_addr, &a, sizeof a);
	assert_int_equal(sock_sendto(s, zeros, len, flags, (struct sockaddr *)&to, sizeof to), len);
	manual_rt_settle(r->m);
}

static void set(struct sock *s, int name, const void *val, socklen_t len)
{
	assert_int_equal(sock_setsockopt(s, IPPROTO_IPV6, name, val, len), 0);
}

/* Takes one header off the body; it is as it was written, but for the first byte. */
static uint8_t take(struct cursor *c, const uint8_t want[8])
{
	uint8_t got[8];
	assert_true(cur_copy(c, got, sizeof got));
	assert_memory_equal(got + 1, want + 1, sizeof got - 1);
	return got[0];
}

static void headers_stand_in_their_order(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct sock *s = udp(r, AF_INET6);
	set(s, IPV6_DSTOPTS, dst, sizeof dst);
	set(s, IPV6_HOPOPTS, hop, sizeof hop);
	send_to(r, s, 20, 0);
	struct ip6_msg m = rig_expect_ip6(&r->b, LEAT_B, B);
	assert_int_equal(m.next, IP_PROTO_HOPOPTS);
	assert_int_equal(take(&m.body, hop), IP_PROTO_DSTOPTS);
	assert_int_equal(take(&m.body, dst), IP_PROTO_UDP);
	assert_int_equal(cur_left(&m.body), sizeof(struct udp_hdr) + 20);
	assert_true(csum_ok(csum_add(csum_cursor(m.body),
				     csum_pseudo6(&m.src, &m.dst, IP_PROTO_UDP, cur_left(&m.body)))));
	rig_free(r);
}

/* RFC 8200, 4.5 */
static void expect_fragments(struct rig *r, uint32_t len, uint32_t max, unsigned n)
{
	uint32_t off = 0;
	for (unsigned i = 0; i < n; i++) {
		struct ip6_msg m = rig_expect_ip6(&r->b, LEAT_B, B);
		struct ip6_frag_hdr f;
		assert_in_range(cur_left(&m.body) + sizeof(struct ip6_hdr), 1, max);
		assert_int_equal(m.next, IP_PROTO_HOPOPTS);
		assert_int_equal(take(&m.body, hop), IP_PROTO_FRAGMENT);
		assert_true(cur_copy(&m.body, &f, sizeof f));
		assert_int_equal(f.next, IP_PROTO_DSTOPTS);
		assert_int_equal(be16_get(f.off_more) & IP6_FRAG_OFF_MASK, off);
		assert_int_equal(be16_get(f.off_more) & IP6_FRAG_MORE, i + 1 < n);
		off += cur_left(&m.body);
		if (i == 0)
			assert_int_equal(take(&m.body, dst), IP_PROTO_UDP);
	}
	assert_int_equal(off, sizeof dst + sizeof(struct udp_hdr) + len);
	assert_null(rig_next(&r->b));
}

static void each_fragment_has_what_is_for_each_hop(void **state)
{
	const int size = 1280;
	struct rig *r = rig_new(workers, 0);
	struct sock *s = udp(r, AF_INET6);
	set(s, IPV6_DSTOPTS, dst, sizeof dst);
	set(s, IPV6_HOPOPTS, hop, sizeof hop);
	send_to(r, s, 3000, 0);
	expect_fragments(r, 3000, 1500, 3);
	set(s, IPV6_MTU, &size, sizeof size);
	send_to(r, s, 3600, 0);
	expect_fragments(r, 3600, 1280, 3);
	send_to(r, s, 1240, 0); /* would fit the link */
	expect_fragments(r, 1240, 1280, 2);
	rig_free(r);
}

static void too_many_headers_do_not_go(void **state)
{
	uint8_t many[1024] = { 0, 127, [2] = 0x1e, 250 };
	struct rig *r = rig_new(workers, 0);
	struct sock *s = udp(r, AF_INET6);
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	const struct ip6 a = ip6_of(B);
	memcpy(&to.sin6_addr, &a, sizeof a);
	set(s, IPV6_DSTOPTS, many, sizeof many);
	set(s, IPV6_HOPOPTS, many, sizeof many);
	assert_int_equal(sock_sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to), -EMSGSIZE);
	rig_expect_silence(r);
	sock_close(s);
	rig_free(r);
}

/* --- MSG_CONFIRM --- */

static uint16_t state_of_b(struct rig *r)
{
	struct neigh_info n;
	const struct ipaddr a = { .v6 = ip6_of(B) };
	assert_true(neigh_get(r->st, r->b.ifc->handle, AF_INET6, &a, &n));
	return n.state;
}

static void stale(struct rig *r)
{
	struct neigh_info n = { .if_handle = r->b.ifc->handle,
				.family = AF_INET6,
				.state = NUD_STALE,
				.has_mac = true,
				.addr.v6 = ip6_of(B) };
	memcpy(n.mac, r->b.mac, sizeof n.mac);
	assert_int_equal(neigh_set(r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	manual_rt_settle(r->m);
}

/* RFC 4861, 7.3.1: the program has had an answer, so nobody needs to be asked. */
static void a_way_that_works_is_not_probed(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct sock *s = udp(r, AF_INET6);
	enum { PROBE = 0x10 };
	stale(r);
	send_to(r, s, 1, 0);
	assert_int_equal(state_of_b(r), NUD_DELAY);
	send_to(r, s, 1, MSG_CONFIRM);
	assert_int_equal(state_of_b(r), NUD_REACHABLE);
	assert_int_equal(r->b.n, 2);
	manual_rt_run(r->m, 5 * SEC);
	stale(r);
	send_to(r, s, 1, MSG_CONFIRM | PROBE); /* nothing but the news */
	assert_int_equal(state_of_b(r), NUD_REACHABLE);
	assert_int_equal(r->b.n, 2);
	rig_free(r);
}

TWICE(headers_stand_in_their_order)
TWICE(each_fragment_has_what_is_for_each_hop)
TWICE(too_many_headers_do_not_go)
TWICE(a_way_that_works_is_not_probed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(headers_stand_in_their_order),
		BOTH(each_fragment_has_what_is_for_each_hop),
		BOTH(too_many_headers_do_not_go),
		BOTH(a_way_that_works_is_not_probed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
