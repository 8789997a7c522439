/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments for this stack: in any order, twice, never, too many, contradicting each other. What is put together is an echo
 * request, so that the answer shows the bytes. */
#include "ip/ip.h"
#include "stack/rig.h"

#define A4       "10.0.1.2"
#define A6       "2001:db8:1::2"
#define LEAT4    "10.0.1.1"
#define LEAT6    "2001:db8:1::1"
#define NODE(v6) ((v6) ? "ip6-reass" : "ip4-reass")

enum { MORE = 1, PLAIN_LEN = 800 };

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	rig_neigh(r, &r->a, A6);
	rig_neigh(r, &r->a, A4);
	return r;
}

/* An echo request to be sent in pieces. */
struct dgram {
	bool v6;
	uint8_t ecn;
	uint32_t id, len;
	struct ipaddr src;
	uint8_t b[9000];
};

static struct dgram dgram_of(bool v6, uint32_t id, uint32_t len)
{
	uint8_t family;
	struct dgram d = { .v6 = v6, .id = id, .len = len, .src = ipaddr_of(v6 ? A6 : A4, &family) };
	for (uint32_t i = 8; i < len; i++)
		d.b[i] = (uint8_t)(id + i * 5 + i / 251);
	struct cursor body = cur_of(d.b + 8, len - 8);
	if (v6) {
		struct icmp6_msg m = { .type = ICMP6_ECHO, .info = id, .body = body };
		struct ip6 dst = ip6_of(LEAT6);
		struct icmp6_hdr h;
		icmp6_emit(&m, &h);
		h.csum = icmp6_csum(&m, &d.src.v6, &dst);
		memcpy(d.b, &h, sizeof h);
	} else {
		struct icmp4_msg m = { .type = ICMP4_ECHO, .id = (uint16_t)id, .seq = 3, .body = body };
		struct icmp4_hdr h;
		icmp4_emit(&m, &h);
		h.csum = icmp4_csum(&m);
		memcpy(d.b, &h, sizeof h);
	}
	return d;
}

static void frame_piece6(struct frame *f, const struct rig_wire *from, const struct dgram *d, uint32_t off,
			 uint32_t len, bool more)
{
	uint8_t body[9100];
	struct ip6_frag_hdr fh = { .next = IP_PROTO_ICMP6,
				   .off_more = be16_of((uint16_t)(off | more)),
				   .id = be32_of(d->id) };
	struct ip6_msg ip = { .next = IP_PROTO_FRAGMENT,
			      .hop_limit = 64,
			      .tc = d->ecn,
			      .src = d->src.v6,
			      .dst = ip6_of(LEAT6),
			      .body = cur_of(body, (uint32_t)sizeof fh + len) };
	struct ip6_hdr h;
	memcpy(body, &fh, sizeof fh);
	memcpy(body + sizeof fh, d->b + off, len);
	assert_true(ip6_emit(&ip, &h));
	frame_eth(f, from, NULL, ETH_P_IPV6);
	frame_put(f, &h, sizeof h);
	frame_put(f, body, (uint32_t)sizeof fh + len);
}

static void frame_piece4(struct frame *f, const struct rig_wire *from, const struct dgram *d, uint32_t off,
			 uint32_t len, bool more)
{
	uint8_t hdr[IP4_HDR_MAX];
	struct ip4_msg ip = ip4_packet(A4, LEAT4);
	ip.src = d->src.v4;
	ip.tos = d->ecn;
	ip.id = (uint16_t)d->id;
	ip.frag_off = (uint16_t)off;
	ip.mf = more;
	ip.body = cur_of(d->b + off, len);
	frame_eth(f, from, NULL, ETH_P_IP);
	frame_put(f, hdr, ip4_emit(&ip, hdr));
	frame_put(f, d->b + off, len);
}

static void send_piece(struct rig *r, const struct dgram *d, uint32_t off, uint32_t len, bool more)
{
	struct frame f;
	(d->v6 ? frame_piece6 : frame_piece4)(&f, &r->a, d, off, len, more);
	rig_send(r, &r->a, &f);
}

static void expect_whole(struct rig *r, const struct dgram *d)
{
	struct cursor body;
	if (d->v6)
		body = rig_expect_icmp6(&r->a, LEAT6, NULL, ICMP6_ECHO_REPLY, 0, NULL).body;
	else
		body = rig_expect_icmp4(&r->a, LEAT4, A4, ICMP4_ECHO_REPLY, 0).body;
	assert_int_equal(cur_left(&body), d->len - 8);
	assert_true(cur_equal(&body, d->b + 8, d->len - 8));
}

/* --- put together --- */

static void any_order_will_do(void **state)
{
	static const struct {
		uint32_t off, len;
	} pieces[] = { { 0, 160 }, { 160, 8 }, { 168, 312 }, { 480, 200 }, { 680, 120 } };
	struct rig *r = setup();
	unsigned n = ARRAY_SIZE(pieces), total = 0;
	for (unsigned code = 0; code < 120; code++) {
		for (unsigned v6 = 0; v6 < 2; v6++) {
			struct dgram d = dgram_of(v6, 1000 + code, PLAIN_LEN);
			unsigned left[5] = { 0, 1, 2, 3, 4 }, c = code;
			for (unsigned i = n; i > 0; i--) {
				unsigned k = c % i, at = left[k];
				c /= i;
				left[k] = left[i - 1];
				rig_expect_silence(r);
				send_piece(r, &d, pieces[at].off, pieces[at].len, at != n - 1);
			}
			expect_whole(r, &d);
			rig_clear(&r->a);
			total++;
		}
	}
	assert_int_equal(rig_drops(r, "ip4-reass", DROP_REASSEMBLED), total / 2 * (n - 1));
	assert_int_equal(rig_drops(r, "ip6-reass", DROP_REASSEMBLED), total / 2 * (n - 1));
	rig_free(r);
}

/* Two senders' datagrams of the same identification, piece by piece in turn. */
static void senders_are_kept_apart(void **state)
{
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram d = dgram_of(v6, 5, PLAIN_LEN), other = dgram_of(v6, 5, PLAIN_LEN);
		uint8_t family;
		other.src = ipaddr_of(v6 ? "2001:db8:1::3" : "10.0.1.3", &family);
		memset(other.b, 0xee, sizeof other.b);
		for (uint32_t off = 0; off < PLAIN_LEN; off += 200) {
			if (off < 600)
				send_piece(r, &other, off, 200, MORE);
			send_piece(r, &d, off, 200, off < 600);
		}
		expect_whole(r, &d);
	}
	rig_expect_silence(r);
	rig_free(r);
}

/* More pieces than a scatter list holds, and an answer that has to be cut again. */
static void the_largest_datagrams_come_together(void **state)
{
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram d = dgram_of(v6, 9, 9000);
		uint8_t got[9000];
		uint32_t have = 0;
		for (uint32_t off = 0; off < d.len; off += 200)
			send_piece(r, &d, off, MIN(200u, d.len - off), off + 200 < d.len);
		while (!v6 && have < d.len) {
			struct ip4_msg ip = rig_expect_ip4(&r->a, LEAT4, A4);
			uint32_t n = cur_left(&ip.body);
			assert_int_equal(ip.frag_off, have);
			assert_true(cur_copy(&ip.body, got + have, n));
			have += n;
			assert_int_equal(ip.mf, have < d.len);
		}
		while (v6 && have < d.len) {
			struct ip6_frag_hdr fh;
			struct ip6_msg ip = rig_expect_ip6(&r->a, LEAT6, A6);
			assert_int_equal(ip.next, IP_PROTO_FRAGMENT);
			assert_true(cur_copy(&ip.body, &fh, sizeof fh));
			uint32_t n = cur_left(&ip.body);
			assert_int_equal(be16_get(fh.off_more) & IP6_FRAG_OFF_MASK, have);
			assert_true(cur_copy(&ip.body, got + have, n));
			have += n;
			assert_int_equal(be16_get(fh.off_more) & IP6_FRAG_MORE, have < d.len);
		}
		assert_memory_equal(got + 8, d.b + 8, d.len - 8);
	}
	rig_expect_silence(r);
	rig_free(r);
}

/* A first fragment whose payload lies in pieces, behind options or another extension header. */
static void headers_of_the_first_are_kept(void **state)
{
	struct rig *r = setup();
	struct dgram d = dgram_of(true, 77, PLAIN_LEN);
	struct frame f, g;
	static const uint8_t hop_by_hop[8] = { IP_PROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0 };
	frame_piece6(&f, &r->a, &d, 0, 400, MORE);
	g = f;
	memcpy(g.b + 54, hop_by_hop, 8);
	memcpy(g.b + 62, f.b + 54, f.len - 54);
	g.len += 8;
	g.b[14 + 6] = IP_PROTO_HOPOPTS;
	g.b[14 + 5] = (uint8_t)(g.b[14 + 5] + 8);
	rig_send_pkt(r, &r->a, rig_pkt(r, g.b, g.len, 90));
	send_piece(r, &d, 400, 400, 0);
	expect_whole(r, &d);
	rig_free(r);
}

static void congestion_of_one_is_congestion_of_all(void **state)
{
	static const struct {
		uint8_t first, last, want;
		bool dropped;
	} cases[] = { { 2, 2, 2, false }, { 2, 3, 3, false }, { 3, 1, 3, false },
		      { 0, 0, 0, false }, { 0, 3, 0, true },  { 2, 0, 0, true } };
	struct rig *r = setup();
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dgram d = dgram_of(false, 100 + i, PLAIN_LEN);
		d.ecn = cases[i].first;
		send_piece(r, &d, 0, 400, MORE);
		d.ecn = cases[i].last;
		send_piece(r, &d, 400, 400, 0);
		if (!cases[i].dropped)
			assert_int_equal(rig_expect_ip4(&r->a, LEAT4, A4).tos & 3, cases[i].want);
	}
	assert_int_equal(rig_drops(r, "ip4-reass", DROP_REASS_ECN), 4);
	rig_expect_silence(r);
	rig_free(r);
}

/* --- not put together --- */

static void repeated_pieces_are_dropped_alone(void **state)
{
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram d = dgram_of(v6, 6, PLAIN_LEN);
		send_piece(r, &d, 0, 400, MORE);
		send_piece(r, &d, 0, 400, MORE);
		send_piece(r, &d, 160, 200, MORE);
		send_piece(r, &d, 480, 320, 0);
		send_piece(r, &d, 480, 320, 0);
		assert_int_equal(rig_drops(r, NODE(v6), DROP_REASS_DUPLICATE), 3);
		send_piece(r, &d, 400, 80, MORE);
		expect_whole(r, &d);
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void contradictions_condemn_the_datagram(void **state)
{
	static const struct {
		uint32_t off, len, more;
	} bad[][3] = {
		{ { 0, 400, 1 }, { 392, 408, 0 } }, /* overlap in front */
		{ { 400, 400, 0 }, { 0, 408, 1 } }, /* behind */
		{ { 160, 80, 1 }, { 80, 400, 1 } }, /* around */
		{ { 400, 400, 0 }, { 240, 160, 0 } }, /* two ends */
		{ { 8, 392, 0 }, { 400, 400, 1 } }, /* beyond the end */
		{ { 400, 400, 1 }, { 8, 392, 0 } }, /* an end in front of what is there */
		{ { 160, 240, 0 }, { 80, 320, 1 } }, /* no end after all */
	};
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
			struct dgram d = dgram_of(v6, 20 + i, PLAIN_LEN);
			uint64_t before = rig_drops(r, NODE(v6), DROP_REASS_OVERLAP);
			for (unsigned k = 0; k < 2; k++)
				send_piece(r, &d, bad[i][k].off, bad[i][k].len, bad[i][k].more);
			assert_int_equal(rig_drops(r, NODE(v6), DROP_REASS_OVERLAP), before + 2);
			send_piece(r, &d, 0, 400, MORE); /* RFC 5722: those still to come as well */
			send_piece(r, &d, 400, 400, 0);
			assert_int_equal(rig_drops(r, NODE(v6), DROP_REASS_OVERLAP), before + 4);
		}
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void a_sender_is_told_when_time_ran_out(void **state)
{
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram with = dgram_of(v6, 7, PLAIN_LEN), without = dgram_of(v6, 8, PLAIN_LEN);
		unsigned timeout = v6 ? 60 : 30;
		send_piece(r, &with, 0, 400, MORE);
		send_piece(r, &with, 480, 320, 0);
		send_piece(r, &without, 400, 400, 0);
		manual_rt_run(r->m, (timeout - 1) * SEC);
		rig_expect_silence(r);
		manual_rt_run(r->m, 2 * SEC);
		if (v6)
			rig_expect_icmp6(&r->a, LEAT6, A6, ICMP6_TIME_EXCEEDED, ICMP6_EXCEEDED_REASSEMBLY,
					 NULL);
		else
			rig_expect_icmp4(&r->a, LEAT4, A4, ICMP4_TIME_EXCEEDED, 1);
		rig_expect_silence(r);
		assert_int_equal(rig_drops(r, NODE(v6), DROP_REASS_TIMEOUT), 2);
		send_piece(r, &with, 400, 80, MORE); /* too late */
		rig_expect_silence(r);
	}
	rig_free(r);
}

/* The identification comes round while half a datagram waits. */
static void halves_of_different_datagrams_never_meet(void **state)
{
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram old = dgram_of(v6, 500, PLAIN_LEN), fresh = dgram_of(v6, 500, PLAIN_LEN);
		memset(old.b + 8, 0xaa, PLAIN_LEN - 8);
		send_piece(r, &old, 0, 400, MORE);
		for (unsigned i = 0; i < 64; i++) {
			struct dgram d = dgram_of(v6, 1000 + i, PLAIN_LEN);
			send_piece(r, &d, 0, 400, MORE);
			send_piece(r, &d, 400, 400, 0);
			expect_whole(r, &d);
		}
		assert_int_equal(rig_drops(r, NODE(v6), DROP_REASS_OVERTAKEN), 1);
		send_piece(r, &fresh, 400, 400, 0);
		rig_expect_silence(r);
		send_piece(r, &fresh, 0, 400, MORE);
		expect_whole(r, &fresh);
		rig_clear(&r->a);
	}
	rig_free(r);
}

/* Strangers' halves fill the table; who completes his datagrams still gets through, and memory stays where it is. */
static void a_flood_of_halves_harms_nobody(void **state)
{
	struct rig *r = setup();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram flood = dgram_of(v6, 0, PLAIN_LEN);
		uint64_t used = 0;
		for (unsigned i = 0; i < 20000; i++) {
			flood.id = i;
			flood.src.b[v6 ? 15 : 3] = (uint8_t)(3 + i % 250);
			send_piece(r, &flood, 400, 8, MORE);
			if (i == 10000)
				used = r->st->mem.used_bytes;
			if (i % 1000 == 999) {
				struct dgram d = dgram_of(v6, 70000 + i, PLAIN_LEN);
				send_piece(r, &d, 0, 400, MORE);
				send_piece(r, &d, 400, 400, 0);
				expect_whole(r, &d);
				rig_clear(&r->a);
			}
		}
		assert_int_equal(r->st->mem.used_bytes, used);
		assert_true(rig_drops(r, NODE(v6), DROP_REASS_FULL) > 10000);
		manual_rt_run(r->m, 61 * SEC);
		assert_true(r->st->mem.used_bytes + (2 << 20) < used);
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void a_datagram_has_only_so_many_pieces(void **state)
{
	struct rig *r = setup();
	struct dgram d = dgram_of(false, 11, 4000);
	for (uint32_t off = 0; off < 257 * 8; off += 8)
		send_piece(r, &d, off, 8, MORE);
	assert_int_equal(rig_drops(r, "ip4-reass", DROP_REASS_FULL), 257);
	send_piece(r, &d, 2056, 4000 - 2056, 0);
	rig_expect_silence(r);
	rig_free(r);
}

static void impossible_lengths_fall_by_name(void **state)
{
	struct rig *r = setup();
	struct dgram d = dgram_of(false, 12, 1000), d6 = dgram_of(true, 12, 1000);
	struct frame f;
	frame_piece4(&f, &r->a, &d, 0, 400, 0);
	f.b[14 + 6] = 0x1f; /* the last offset there is */
	f.b[14 + 7] = 0xff;
	f.b[14 + 10] = f.b[14 + 11] = 0;
	ip4_csum_set((struct ip4_hdr *)(void *)(f.b + 14));
	rig_send(r, &r->a, &f);
	send_piece(r, &d, 800, 0, 0);
	assert_int_equal(rig_drops(r, "ip4-reass", DROP_BAD_LENGTH), 2);
	rig_expect_silence(r);
	send_piece(r, &d6, 0, 401, MORE); /* RFC 8200, 4.5: a pointer to the payload length */
	struct icmp6_msg m = rig_expect_icmp6(&r->a, LEAT6, A6, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_FIELD, NULL);
	assert_int_equal(m.info, 4);
	frame_piece6(&f, &r->a, &d6, 0, 400, 0);
	f.b[14 + 40] = IP_PROTO_UDP; /* ICMP, of which one cannot tell, might be an error */
	f.b[14 + 42] = 0xff; /* and to the offset */
	f.b[14 + 43] = 0xf8;
	rig_send(r, &r->a, &f);
	m = rig_expect_icmp6(&r->a, LEAT6, A6, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_FIELD, NULL);
	assert_int_equal(m.info, 42);
	assert_int_equal(rig_drops(r, "icmp6-error", DROP_BAD_LENGTH), 2);
	rig_expect_silence(r);
	rig_free(r);
}

/* RFC 7112: who looks at the first fragment only must see what it is. */
static void the_first_fragment_shows_the_whole_chain(void **state)
{
	struct rig *r = setup();
	struct dgram d = dgram_of(true, 13, PLAIN_LEN);
	struct frame f;
	frame_piece6(&f, &r->a, &d, 0, 8, MORE);
	f.b[14 + 40] = IP_PROTO_TCP;
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT6, A6, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_HEADER_CHAIN, NULL);
	f.b[14 + 40] = IP_PROTO_DSTOPTS;
	f.b[14 + 48 + 1] = 3;
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT6, A6, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_HEADER_CHAIN, NULL);
	rig_expect_silence(r);
	rig_free(r);
}

static void a_whole_packet_with_a_fragment_header_is_whole(void **state)
{
	struct rig *r = setup();
	struct dgram d = dgram_of(true, 14, PLAIN_LEN);
	send_piece(r, &d, 0, 400,
		   MORE); /* RFC 6946: it does not meet the fragments of the same identification */
	send_piece(r, &d, 0, PLAIN_LEN, 0);
	expect_whole(r, &d);
	assert_int_equal(rig_drops(r, "ip6-reass", DROP_REASS_OVERLAP), 0);
	rig_free(r);
}

static void what_waits_is_dropped_by_name_when_the_stack_is_saved(void **state)
{
	struct rig *r = setup();
	char *text;
	size_t len;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct dgram d = dgram_of(v6, 15, PLAIN_LEN);
		send_piece(r, &d, 0, 400, MORE);
	}
	assert_int_equal(stack_save_text(r->st, &text, &len), 0);
	free(text);
	assert_int_equal(rig_drops(r, "ip4-reass", DROP_SAVED), 1);
	assert_int_equal(rig_drops(r, "ip6-reass", DROP_SAVED), 1);
	rig_free(r);
}

TWICE(any_order_will_do)
TWICE(senders_are_kept_apart)
TWICE(the_largest_datagrams_come_together)
TWICE(headers_of_the_first_are_kept)
TWICE(congestion_of_one_is_congestion_of_all)
TWICE(repeated_pieces_are_dropped_alone)
TWICE(contradictions_condemn_the_datagram)
TWICE(a_sender_is_told_when_time_ran_out)
TWICE(halves_of_different_datagrams_never_meet)
TWICE(a_flood_of_halves_harms_nobody)
TWICE(a_datagram_has_only_so_many_pieces)
TWICE(impossible_lengths_fall_by_name)
TWICE(the_first_fragment_shows_the_whole_chain)
TWICE(a_whole_packet_with_a_fragment_header_is_whole)
TWICE(what_waits_is_dropped_by_name_when_the_stack_is_saved)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(any_order_will_do),
		BOTH(senders_are_kept_apart),
		BOTH(the_largest_datagrams_come_together),
		BOTH(headers_of_the_first_are_kept),
		BOTH(congestion_of_one_is_congestion_of_all),
		BOTH(repeated_pieces_are_dropped_alone),
		BOTH(contradictions_condemn_the_datagram),
		BOTH(a_sender_is_told_when_time_ran_out),
		BOTH(halves_of_different_datagrams_never_meet),
		BOTH(a_flood_of_halves_harms_nobody),
		BOTH(a_datagram_has_only_so_many_pieces),
		BOTH(impossible_lengths_fall_by_name),
		BOTH(the_first_fragment_shows_the_whole_chain),
		BOTH(a_whole_packet_with_a_fragment_header_is_whole),
		BOTH(what_waits_is_dropped_by_name_when_the_stack_is_saved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
