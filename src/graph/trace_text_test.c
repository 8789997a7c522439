/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace_text.c"

#include <stdlib.h>

#include "base/test.h"

static char *printed(struct trace_words *w, unsigned n)
{
	char *text = NULL;
	size_t len;
	uint32_t last = 0;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		trace_print(f, &w[i], &last);
	fclose(f);
	return text;
}

static void lines_say_where_packets_were_and_went(void **state)
{
	struct trace_words w[] = {
		{ .time_us = 1000002,
		  .id = 1,
		  .node = "eth-input",
		  .next = "ip4-input",
		  .in = "eth0",
		  .len = 60 },
		{ .time_us = 1000002, .id = 1, .where = "a", .node = "ip4-input", .drop = "ttl", .len = 46 },
		{ .id = 2,
		  .node = "arp-input",
		  .kept = true,
		  .in = "x",
		  .out = "y",
		  .text = "waits",
		  .len = 1 },
		{ .id = 2, .node = "tx", .gso = true, .len = 9 },
		{ .id = 2, .node = "iface-output", .kept = true, .len = 9 },
		{ .id = 2, .node = "neigh-output", .kept = true, .len = 9 },
		{ .id = 2, .node = "iface-input", .kept = true, .to_worker = 3, .len = 9 },
	};
	char *text = printed(w, ARRAY_SIZE(w));
	assert_string_equal(text, "1.000002 #1 eth-input -> ip4-input | eth0, 60 bytes\n"
				  "1.000002 #1 a: ip4-input DROP ttl | 46 bytes\n"
				  "\n"
				  "0.000000 #2 arp-input kept | x > y, 1 bytes | waits\n"
				  "0.000000 #2 tx sent | 9 bytes (segments)\n"
				  "0.000000 #2 iface-output sent | 9 bytes\n"
				  "0.000000 #2 neigh-output waits for a neighbour | 9 bytes\n"
				  "0.000000 #2 iface-input to worker 2 | 9 bytes\n");
	free(text);
}

static void the_packet_is_told_once(void **state)
{
	static const uint8_t arp[] = { 0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 0, 1,
				       10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
	struct trace_words w = {
		.id = 1, .node = "n", .next = "m", .layer = 3, .ethertype = 0x806, .len = sizeof arp
	};
	char packet[TRACE_PACKET_MAX], again[2 * TRACE_PACKET_MAX];
	w.snap = cur_of(arp, sizeof arp);
	trace_packet_text(&w, packet, sizeof packet);
	assert_non_null(strstr(packet, "10.0.0.2"));
	w.text = packet;
	char *text = printed(&w, 1);
	snprintf(again, sizeof again, "0.000000 #1 n -> m | 28 bytes | %s\n", packet);
	assert_string_equal(text, again);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_say_where_packets_were_and_went),
		cmocka_unit_test(the_packet_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
