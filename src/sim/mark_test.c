/* SPDX-License-Identifier: BSD-2-Clause */
#include "mark.c"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "wire/ip4.h"

static struct sim_frame *frame(uint16_t type)
{
	struct sim_frame *f = calloc(1, sizeof *f + 64);
	f->len = 64;
	f->b[12] = (uint8_t)(type >> 8);
	f->b[13] = (uint8_t)type;
	return f;
}

static void marks_leave_sums_right(void **state)
{
	struct sim_frame *f = frame(ETH_P_IP);
	uint8_t *ip = f->b + ETH_HLEN;
	for (unsigned tos = 0; tos < 256; tos++)
		for (unsigned id = 0; id < 1000; id++) {
			struct ip4_hdr h = { .ver_ihl = 0x45,
					     .tos = (uint8_t)tos,
					     .id = be16_of((uint16_t)(id * 65)) };
			h.csum = be16_of(csum_done(csum_mem(&h, sizeof h)));
			memcpy(ip, &h, sizeof h);
			assert_int_equal(mark_frame(f), (tos & 3) != 0);
			assert_int_equal(ip[1], tos & 3 ? tos | 3 : tos);
			assert_int_equal(csum_mem(ip, sizeof h), 0xffff);
		}
	free(f);
}

static void who_knows_nothing_of_ecn_is_left_alone(void **state)
{
	struct sim_frame *f = frame(ETH_P_IPV6);
	f->b[ETH_HLEN] = 0x60;
	assert_false(mark_frame(f));
	f->b[ETH_HLEN + 1] = 0x25; /* ECT(0), and a flow label */
	assert_true(mark_frame(f));
	assert_int_equal(f->b[ETH_HLEN + 1], 0x35);
	f->b[13] = 0x06; /* ARP */
	f->b[12] = 0x08;
	assert_false(mark_frame(f));
	f->len = 20;
	assert_false(mark_frame(f));
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_leave_sums_right),
		cmocka_unit_test(who_knows_nothing_of_ecn_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
