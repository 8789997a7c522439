/* SPDX-License-Identifier: BSD-2-Clause */
#include "gso.c"

#include <stdio.h>

#include "pkt/csum.h"
#include "pkt/pkt_test.h"

static int setup_small(void **state)
{
	return setup_budget(state, sizeof(struct pkt_region) + sizeof(struct page_region));
}

static uint32_t rnd(struct fixture *f, uint32_t below)
{
	return (uint32_t)rand_r(&f->seed) % below;
}

/* What to build: every field within what its type allows. */
struct shape {
	uint8_t type; /* PKT_GSO_* */
	bool v6, partial;
	uint32_t ip_more; /* option or extension header bytes */
	uint32_t l4_len;
	uint32_t payload, in_head; /* bytes; of those in the head buffer */
	uint16_t size;
	uint8_t flags; /* TCP */
};

enum { IP_ID = 0xfffe, TCP_SEQ = 0xfffff000 };

static uint8_t payload_byte(uint32_t i)
{
	return (uint8_t)(i * 31 + i / 253);
}

static uint32_t naive(const uint8_t *b, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The pseudo header's sum (RFC 9293, 3.1; RFC 8200, 8.1) for the IP header at h. */
static uint32_t pseudo_of(const uint8_t *h, bool v6, uint8_t proto, uint32_t len)
{
	return v6 ? naive(h + 8, 32, proto + len) : naive(h + 12, 8, proto + len);
}

static uint32_t put_ip(const struct shape *s, uint8_t *h, uint8_t proto, uint32_t l4_bytes)
{
	uint32_t len = (s->v6 ? 40 : 20) + s->ip_more;
	if (s->v6) {
		h[0] = 0x60;
		put16(h + 4, (uint16_t)(s->ip_more + l4_bytes));
		h[6] = s->ip_more ? IPPROTO_DSTOPTS : proto;
		h[7] = 64;
		memset(h + 8, 0x2a, 16);
		memset(h + 24, 0x3b, 16);
		if (s->ip_more) {
			h[40] = proto;
			h[41] = (uint8_t)(s->ip_more / 8 - 1);
		}
		return len;
	}
	h[0] = (uint8_t)(0x40 | len / 4);
	put16(h + 2, (uint16_t)(len + l4_bytes));
	put16(h + 4, IP_ID);
	h[8] = 64;
	h[9] = proto;
	memcpy(h + 12, "\xc0\x00\x02\x01\xc6\x33\x64\x07", 8);
	memset(h + 20, 1, s->ip_more); /* no-operation options */
	return len;
}

static void put_l4(const struct shape *s, uint8_t *h, uint32_t l4_bytes)
{
	put16(h, 1234);
	put16(h + 2, 80);
	if (s->type == PKT_GSO_UDP_L4) {
		put16(h + 4, (uint16_t)l4_bytes);
		return;
	}
	be32 seq = be32_of(TCP_SEQ);
	memcpy(h + 4, &seq, 4);
	h[12] = (uint8_t)(s->l4_len / 4 << 4);
	h[13] = s->flags;
	memset(h + 20, 1, s->l4_len - 20);
}

static void add_payload(struct fixture *f, struct lcore *at, struct pkt *p, const struct shape *s)
{
	uint32_t i = 0;
	for (; i < s->in_head; i++) {
		uint8_t b = payload_byte(i);
		assert_true(pkt_append(at, p, &b, 1));
	}
	assert_int_equal(p->n_frags, 0);
	while (i < s->payload) {
		struct buf *page = buf_page_new(at);
		uint32_t off = rnd(f, 64), n = 3000 + rnd(f, 1000);
		n = MIN(n, s->payload - i);
		for (uint32_t k = 0; k < n; k++)
			page->mem[off + k] = payload_byte(i + k);
		assert_true(pkt_add_frag(at, p, page, off, n));
		i += n;
	}
}

static struct pkt *build(struct fixture *f, struct lcore *at, const struct shape *s)
{
	uint8_t h[200] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	uint8_t proto = s->type == PKT_GSO_UDP_L4 ? IPPROTO_UDP : IPPROTO_TCP;
	uint32_t l4_bytes = s->l4_len + s->payload;
	uint32_t ip_len = put_ip(s, h + 14, proto, l4_bytes);
	put_l4(s, h + 14 + ip_len, l4_bytes);
	struct pkt *p = pkt_new(at);
	assert_true(pkt_append(at, p, h, 14 + ip_len + s->l4_len));
	p->l2_off = p->headroom;
	p->l3_off = (uint16_t)(p->l2_off + 14);
	p->l4_off = (uint16_t)(p->l3_off + ip_len);
	p->gso = s->type;
	p->gso_size = s->size;
	p->out_if = 77;
	add_payload(f, at, p, s);
	if (s->partial)
		pkt_csum_defer(p, pseudo_of(h + 14, s->v6, proto, l4_bytes), proto == IPPROTO_TCP ? 16 : 6);
	else
		put16((uint8_t *)pkt_l4(p) + (proto == IPPROTO_TCP ? 16 : 6), 0xabcd);
	return p;
}

static struct shape random_shape(struct fixture *f)
{
	struct shape s = { .type = (uint8_t)(1 + rnd(f, 3)),
			   .partial = rnd(f, 4) > 0,
			   .flags = (uint8_t)rnd(f, 256) };
	s.v6 = s.type == PKT_GSO_UDP_L4 ? rnd(f, 2) : s.type == PKT_GSO_TCP6;
	if (s.v6)
		s.ip_more = rnd(f, 2) * 8 * (1 + rnd(f, 3));
	else if (s.partial)
		s.ip_more = 4 * rnd(f, 11);
	s.l4_len = s.type == PKT_GSO_UDP_L4 ? 8 : 20 + 4 * rnd(f, 11);
	s.payload = 1 + (rnd(f, 4) ? rnd(f, 50000) : rnd(f, 3000));
	s.size = (uint16_t)(1 + s.payload / 1000 + rnd(f, 3000));
	s.in_head = MIN(s.payload, rnd(f, 3) ? rnd(f, 1800) : 0);
	return s;
}

/* Everything that must hold of segment i, after the edge has summed it. */
static const char *seg_wrong(struct pkt *p, const struct shape *s, uint32_t i, uint32_t n, bool ecn)
{
	uint8_t b[66000];
	uint32_t ip_len = (s->v6 ? 40 : 20) + s->ip_more, hdr = 14 + ip_len + s->l4_len;
	uint32_t len = i + 1 < n ? s->size : s->payload - i * s->size;
	const uint8_t *l3 = b + 14, *l4 = l3 + ip_len;
	bool tcp = s->type != PKT_GSO_UDP_L4;
	struct cursor c = pkt_cursor(p);
	if (p->csum != PKT_CSUM_PARTIAL || p->gso || p->gso_size)
		return "offload state";
	if (pkt_csum_finish(p))
		return "csum_finish";
	if (p->len != hdr + len || !cur_copy(&c, b, p->len))
		return "length";
	if (p->out_if != 77 || pkt_l3(p) != p->data + 14 || pkt_l4(p) != p->data + 14 + ip_len)
		return "metadata";
	for (uint32_t k = 0; k < len; k++)
		if (b[hdr + k] != payload_byte(i * s->size + k))
			return "payload";
	if (s->v6 ? get16(l3 + 4) != p->len - 54 : get16(l3 + 2) != p->len - 14)
		return "IP length";
	if (!s->v6 && (get16(l3 + 4) != (uint16_t)(IP_ID + i) || naive(l3, ip_len, 0) != 0xffff))
		return "IPv4 id or checksum";
	uint32_t l4_bytes = s->l4_len + len;
	if (naive(l4, l4_bytes, pseudo_of(l3, s->v6, tcp ? IPPROTO_TCP : IPPROTO_UDP, l4_bytes)) != 0xffff)
		return "transport checksum";
	if (!tcp)
		return get16(l4 + 4) == l4_bytes ? NULL : "UDP length";
	if (((uint32_t)get16(l4 + 4) << 16 | get16(l4 + 6)) != TCP_SEQ + i * s->size)
		return "sequence number";
	uint8_t want = s->flags & (uint8_t) ~((i + 1 < n ? 0x09 : 0) | (i && ecn ? 0x80 : 0));
	return l4[13] == want ? NULL : "flags";
}

static void check_all(struct fixture *f, struct pkt_queue *q, const struct shape *s, bool ecn, unsigned seed)
{
	uint32_t n = q->n;
	if (n != (s->payload + s->size - 1) / s->size)
		fail_msg("seed %u: %u segments of %u for %u bytes", seed, n, s->size, s->payload);
	for (uint32_t i = 0; i < n; i++) {
		struct pkt *p = pkt_queue_pop(q);
		const char *wrong = n > 1 ? seg_wrong(p, s, i, n, ecn) : NULL;
		if (wrong)
			fail_msg("seed %u: segment %u of %u: %s", seed, i, n, wrong);
		pkt_free(f->lc, p);
	}
	assert_null(q->head);
}

static void every_segment_is_right(void **state)
{
	struct fixture *f = *state;
	for (unsigned seed = 1; seed < 1500; seed++) {
		f->seed = seed;
		struct shape s = random_shape(f);
		struct pkt *p = build(f, f->lc, &s);
		bool ecn = rnd(f, 2);
		p->gso |= ecn ? PKT_GSO_ECN : 0;
		uint32_t l3 = pkt_gso_l3_len(p), hdr = (s.v6 ? 40 : 20) + s.ip_more + s.l4_len;
		if (l3 != hdr + MIN(s.size, s.payload))
			fail_msg("seed %u: longest L3 length %u", seed, l3);
		struct pkt_queue q;
		pkt_queue_init(&q);
		enum drop why = pkt_gso_split(f->lc, p, &q);
		if (why)
			fail_msg("seed %u: %s", seed, drop_name(why));
		check_all(f, &q, &s, ecn, seed);
	}
}

static void no_payload_byte_moves(void **state)
{
	struct fixture *f = *state;
	struct shape s = { PKT_GSO_TCP4,     .partial = true, .l4_len = 32,
			   .payload = 60000, .in_head = 1500, .size = 1448 };
	struct pkt_stats before, after;
	struct pkt_queue q;
	struct pkt *p = build(f, f->lc, &s);
	pkt_queue_init(&q);
	pkt_stats(f->lc, &before);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NONE);
	pkt_stats(f->lc, &after);
	assert_int_equal(after.copied_bytes, before.copied_bytes);
	assert_int_equal(after.pages_in_use, before.pages_in_use);
	check_all(f, &q, &s, false, 0);
}

/* A packet handed over by another lcore: only its home counts references, so the bytes are copied, and counted. */
static void payload_of_another_lcore_is_copied(void **state)
{
	struct fixture *f = *state;
	struct shape s = { PKT_GSO_TCP6, .v6 = true,       .partial = true,
			   .l4_len = 20, .payload = 20000, .size = 9000 };
	struct pkt_stats stats;
	struct pkt_queue q;
	s.in_head = 1000;
	struct pkt *p = build(f, f->rt->lcore[1], &s);
	pkt_queue_init(&q);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NONE);
	pkt_stats(f->lc, &stats);
	assert_int_equal(stats.copied_bytes, 20000);
	check_all(f, &q, &s, false, 0);
}

static void appending_to_a_segment_leaves_the_next_alone(void **state)
{
	struct fixture *f = *state;
	struct shape s = { PKT_GSO_UDP_L4, .partial = true, .l4_len = 8,
			   .payload = 300, .in_head = 300,  .size = 100 };
	struct pkt_queue q;
	struct pkt *p = build(f, f->lc, &s);
	pkt_queue_init(&q);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NONE);
	uint8_t pad[64];
	memset(pad, 0xee, sizeof pad);
	assert_true(pkt_append(f->lc, q.head, pad, sizeof pad));
	assert_true(pkt_trim(f->lc, q.head, q.head->len - sizeof pad));
	check_all(f, &q, &s, false, 0);
}

static void udp_without_a_checksum_stays_so(void **state)
{
	struct fixture *f = *state;
	struct shape s = { PKT_GSO_UDP_L4, .l4_len = 8, .payload = 300, .in_head = 300, .size = 100 };
	struct pkt_queue q;
	struct pkt *p = build(f, f->lc, &s);
	put16((uint8_t *)pkt_l4(p) + 6, 0);
	pkt_queue_init(&q);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NONE);
	assert_int_equal(q.n, 3);
	for (struct pkt *g; (g = pkt_queue_pop(&q)); pkt_free(f->lc, g)) {
		assert_int_equal(g->csum, PKT_CSUM_NONE);
		assert_int_equal(get16((uint8_t *)pkt_l4(g) + 6), 0);
	}
}

static const struct shape small = { PKT_GSO_TCP4,   .partial = true, .l4_len = 20,
				    .payload = 500, .in_head = 500,  .size = 100 };

static void what_fits_one_segment_is_no_longer_segmentable(void **state)
{
	struct fixture *f = *state;
	struct shape s = small;
	struct pkt_queue q;
	s.size = 500;
	struct pkt *p = build(f, f->lc, &s);
	pkt_queue_init(&q);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NONE);
	assert_ptr_equal(q.head, p);
	assert_int_equal(q.n, 1);
	assert_false(pkt_is_gso(p));
	assert_int_equal(pkt_gso_l3_len(p), 540);
	pkt_free(f->lc, pkt_queue_pop(&q));
}

/* Refusals. Each changes one thing in a good packet. */
static void set_size_0(struct pkt *p)
{
	p->gso_size = 0;
}
static void set_size_1(struct pkt *p)
{
	p->gso_size = 1;
	p->gso = PKT_GSO_TCP4 | PKT_GSO_ECN;
}
static void set_unknown_type(struct pkt *p)
{
	p->gso = 9;
}
static void set_type_of_other_family(struct pkt *p)
{
	p->gso = PKT_GSO_TCP6;
}
static void set_type_of_other_protocol(struct pkt *p)
{
	p->gso = PKT_GSO_UDP_L4;
}
static void set_short_tcp(struct pkt *p)
{
	((uint8_t *)pkt_l4(p))[12] = 0x40;
}
static void set_ihl(struct pkt *p)
{
	*(uint8_t *)pkt_l3(p) = 0x46;
}
static void set_fragment(struct pkt *p)
{
	((uint8_t *)pkt_l3(p))[6] = 0x20;
}
static void set_l4_past_the_head(struct pkt *p)
{
	p->l4_off = 65000;
}
static void set_l4_in_front_of_l3(struct pkt *p)
{
	p->l4_off = (uint16_t)(p->l3_off - 1);
}
static void set_l3_in_front_of_data(struct pkt *p)
{
	p->l3_off = 3;
}
static void set_csum_elsewhere(struct pkt *p)
{
	p->csum_start++;
}
static void set_headers_cut(struct pkt *p)
{
	p->len = p->head_len = 40;
}

static void lies_are_refused(void **state)
{
	static const struct {
		void (*change)(struct pkt *p);
		enum drop want;
	} rows[] = {
		{ set_size_0, DROP_BAD_OFFLOAD },
		{ set_unknown_type, DROP_GSO_UNSUPPORTED },
		{ set_type_of_other_family, DROP_BAD_OFFLOAD },
		{ set_type_of_other_protocol, DROP_BAD_OFFLOAD },
		{ set_short_tcp, DROP_BAD_OFFLOAD },
		{ set_ihl, DROP_BAD_OFFLOAD },
		{ set_fragment, DROP_BAD_OFFLOAD },
		{ set_l4_past_the_head, DROP_BAD_OFFLOAD },
		{ set_l4_in_front_of_l3, DROP_BAD_OFFLOAD },
		{ set_l3_in_front_of_data, DROP_BAD_OFFLOAD },
		{ set_csum_elsewhere, DROP_BAD_OFFLOAD },
		{ set_headers_cut, DROP_BAD_OFFLOAD },
	};
	struct fixture *f = *state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pkt_queue q;
		struct pkt *p = build(f, f->lc, &small);
		rows[i].change(p);
		pkt_queue_init(&q);
		pkt_gso_l3_len(p);
		if (pkt_gso_split(f->lc, p, &q) != rows[i].want)
			fail_msg("row %u", i);
		assert_int_equal(q.n, 0);
		pkt_free(f->lc, p);
	}
}

static void too_many_segments_are_refused(void **state)
{
	struct fixture *f = *state;
	struct shape s = small;
	struct pkt_queue q;
	s.payload = PKT_GSO_SEGS_MAX + 1;
	struct pkt *p = build(f, f->lc, &s);
	set_size_1(p);
	pkt_queue_init(&q);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_GSO_UNSUPPORTED);
	pkt_free(f->lc, p);
}

/* Without a partial sum the pseudo header needs the final address, which a routing header hides. */
static void source_routes_need_a_partial_sum(void **state)
{
	struct fixture *f = *state;
	struct shape s = { PKT_GSO_TCP6,   .v6 = true,     .ip_more = 24, .l4_len = 20,
			   .payload = 500, .in_head = 500, .size = 100 };
	struct pkt_queue q;
	struct pkt *p = build(f, f->lc, &s);
	((uint8_t *)pkt_l3(p))[6] = IPPROTO_ROUTING;
	((uint8_t *)pkt_l3(p))[43] = 1;
	pkt_queue_init(&q);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_GSO_UNSUPPORTED);
	pkt_free(f->lc, p);
}

static void without_buffers_nothing_is_lost(void **state)
{
	struct fixture *f = *state;
	struct pkt *p = build(f, f->lc, &small), *all = NULL;
	struct pkt_queue q;
	unsigned left = 0;
	pkt_queue_init(&q);
	for (struct pkt *x; (x = pkt_new(f->lc)); all = x)
		x->next = all;
	for (; left < 4; left++) {
		struct pkt *x = all;
		all = x->next;
		pkt_free(f->lc, x);
	}
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NO_BUFFER);
	assert_int_equal(q.n, 0);
	struct pkt *x = all;
	all = x->next;
	pkt_free(f->lc, x);
	assert_int_equal(pkt_gso_split(f->lc, p, &q), DROP_NONE);
	check_all(f, &q, &small, false, 0);
	for (; (x = all); pkt_free(f->lc, x))
		all = x->next;
}

static void linearise_counts_what_it_copies(void **state)
{
	struct fixture *f = *state;
	struct shape s = { PKT_GSO_TCP4,    .partial = true, .l4_len = 20,
			   .payload = 1000, .in_head = 100,  .size = 100 };
	struct pkt_stats st;
	struct pkt *p = build(f, f->lc, &s);
	assert_true(pkt_linearise(f->lc, p));
	assert_int_equal(p->n_frags, 0);
	assert_int_equal(p->head_len, p->len);
	pkt_stats(f->lc, &st);
	assert_int_equal(st.copied_bytes, 900);
	for (uint32_t i = 0; i < s.payload; i++)
		assert_int_equal(p->data[54 + i], payload_byte(i));
	pkt_free(f->lc, p);
	s.payload = 5000;
	p = build(f, f->lc, &s);
	assert_false(pkt_linearise(f->lc, p));
	pkt_free(f->lc, p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_segment_is_right, setup, teardown),
		cmocka_unit_test_setup_teardown(no_payload_byte_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(payload_of_another_lcore_is_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(appending_to_a_segment_leaves_the_next_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(udp_without_a_checksum_stays_so, setup, teardown),
		cmocka_unit_test_setup_teardown(what_fits_one_segment_is_no_longer_segmentable, setup,
						teardown),
		cmocka_unit_test_setup_teardown(lies_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_segments_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(source_routes_need_a_partial_sum, setup, teardown),
		cmocka_unit_test_setup_teardown(without_buffers_nothing_is_lost, setup_small, teardown),
		cmocka_unit_test_setup_teardown(linearise_counts_what_it_copies, setup, teardown),
	};
	return cmocka_run_group_tests_name("gso", tests, NULL, NULL);
}
