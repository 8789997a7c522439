/* SPDX-License-Identifier: BSD-2-Clause */
#include "vnet.c"

#include "base/test.h"
#include "core/manual.h"

struct bed {
	struct manual_rt *m;
	struct lcore *lc;
	struct pkt *p;
};

/* A frame of 1514 bytes with IPv4 and TCP headers where they belong. */
static int setup(void **state)
{
	static struct bed b;
	uint8_t frame[1514] = { [12] = 0x08, [14] = 0x45, [23] = IPPROTO_TCP, [46] = 0x50 };
	b.m = manual_rt_new(1, 1);
	assert_int_equal(pkt_pools_init(manual_rt_of(b.m), 1 << 24), 0);
	b.lc = manual_rt_of(b.m)->lcore[0];
	b.p = pkt_new(b.lc);
	assert_non_null(b.p);
	assert_true(pkt_append(b.lc, b.p, frame, sizeof frame));
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;
	pkt_free(b->lc, b->p);
	manual_rt_settle(b->m);
	pkt_pools_done(manual_rt_of(b->m));
	manual_rt_free(b->m);
	return 0;
}

static const struct virtio_net_hdr tso4 = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					    .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					    .hdr_len = 54,
					    .gso_size = 536,
					    .csum_start = 34,
					    .csum_offset = 16 };

static void an_empty_header_says_nothing(void **state)
{
	struct bed *b = *state;
	struct virtio_net_hdr h = { 0 };
	assert_int_equal(vnet_parse(&h, b->p), DROP_NONE);
	assert_int_equal(b->p->csum, PKT_CSUM_NONE);
	assert_int_equal(b->p->gso, PKT_GSO_NONE);
	h.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	assert_int_equal(vnet_parse(&h, b->p), DROP_NONE);
	assert_int_equal(b->p->csum, PKT_CSUM_UNNECESSARY);
}

static void a_large_segment_goes_in_and_comes_out_alike(void **state)
{
	struct bed *b = *state;
	const uint8_t types[] = { VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6,
				  VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN };
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		struct virtio_net_hdr h = tso4, out;
		h.gso_type = types[i];
		assert_int_equal(vnet_parse(&h, b->p), DROP_NONE);
		assert_int_equal(b->p->csum, PKT_CSUM_PARTIAL);
		assert_int_equal(b->p->csum_start, b->p->headroom + 34);
		vnet_emit(b->p, 0, &out);
		assert_memory_equal(&h, &out, sizeof h);
	}
}

static void a_tag_in_front_moves_the_offsets(void **state)
{
	struct bed *b = *state;
	struct virtio_net_hdr out;
	assert_int_equal(vnet_parse(&tso4, b->p), DROP_NONE);
	vnet_emit(b->p, 4, &out);
	assert_int_equal(out.csum_start, 38);
	assert_int_equal(out.hdr_len, 58);
	assert_int_equal(out.csum_offset, 16);
}

static void pushing_a_header_moves_the_offsets_along(void **state)
{
	struct bed *b = *state;
	struct virtio_net_hdr out;
	assert_int_equal(vnet_parse(&tso4, b->p), DROP_NONE);
	assert_true(pkt_push(b->p, 8));
	vnet_emit(b->p, 0, &out);
	assert_int_equal(out.csum_start, 42);
	assert_true(pkt_pull(b->p, 8));
}

static void datagrams_keep_their_kind(void **state)
{
	struct bed *b = *state;
	struct virtio_net_hdr h = tso4, out;
	h.gso_type = GSO_UDP_L4;
	h.csum_offset = 6;
	h.hdr_len = 42;
	assert_int_equal(vnet_parse(&h, b->p), DROP_NONE);
	assert_int_equal(b->p->gso, PKT_GSO_UDP_L4);
	vnet_emit(b->p, 0, &out);
	assert_memory_equal(&h, &out, sizeof h);
}

static void nonsense_is_dropped_by_name_and_changes_nothing(void **state)
{
	struct bed *b = *state;
	const struct {
		const char *what;
		struct virtio_net_hdr h;
	} bad[] = {
#define BAD(text, ...)                                                                                   \
	{                                                                                                \
		text,                                                                                    \
		{                                                                                        \
			.flags = 1, .gso_type = 1, .gso_size = 536, .csum_start = 34, .csum_offset = 16, \
			__VA_ARGS__                                                                      \
		}                                                                                        \
	}
		BAD("a sum behind the frame", .csum_start = 1513),
		BAD("a sum that wraps", .csum_start = 65535, .csum_offset = 65535),
		BAD("a sum within the Ethernet header", .csum_start = 2),
		BAD("segments of nothing", .gso_size = 0),
		BAD("segments without a sum", .flags = 0),
		BAD("a sum field that TCP does not have", .csum_offset = 6),
		BAD("UDP with TCP's sum field", .gso_type = GSO_UDP_L4),
		BAD("UDP with ECN", .gso_type = GSO_UDP_L4 | VIRTIO_NET_HDR_GSO_ECN, .csum_offset = 6),
		BAD("UDP fragmentation, long gone", .gso_type = VIRTIO_NET_HDR_GSO_UDP),
		BAD("an unknown kind", .gso_type = 0x42),
		BAD("ECN alone", .gso_type = VIRTIO_NET_HDR_GSO_ECN),
		BAD("a TCP header cut short", .csum_start = 1495, .csum_offset = 16),
#undef BAD
	};
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		if (vnet_parse(&bad[i].h, b->p) != DROP_BAD_OFFLOAD)
			fail_msg("%s was accepted", bad[i].what);
		assert_int_equal(b->p->csum, PKT_CSUM_NONE);
		assert_int_equal(b->p->gso, PKT_GSO_NONE);
	}
}

static void a_partial_sum_is_found_from_the_headers(void **state)
{
	struct bed *b = *state;
	assert_int_equal(vnet_guess_partial(b->p), DROP_NONE);
	assert_int_equal(b->p->csum_start, b->p->headroom + 34);
	assert_int_equal(b->p->csum_off, 16);
	b->p->data[14] = 0x4f; /* options */
	assert_int_equal(vnet_guess_partial(b->p), DROP_NONE);
	assert_int_equal(b->p->csum_start, b->p->headroom + 74);
	b->p->data[23] = IPPROTO_ICMP;
	assert_int_equal(vnet_guess_partial(b->p), DROP_BAD_OFFLOAD);
	b->p->data[12] = 0x86, b->p->data[13] = 0xdd, b->p->data[20] = IPPROTO_UDP;
	assert_int_equal(vnet_guess_partial(b->p), DROP_NONE);
	assert_int_equal(b->p->csum_start, b->p->headroom + 54);
	assert_int_equal(b->p->csum_off, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_header_says_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_segment_goes_in_and_comes_out_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tag_in_front_moves_the_offsets, setup, teardown),
		cmocka_unit_test_setup_teardown(pushing_a_header_moves_the_offsets_along, setup, teardown),
		cmocka_unit_test_setup_teardown(datagrams_keep_their_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_dropped_by_name_and_changes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_partial_sum_is_found_from_the_headers, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
