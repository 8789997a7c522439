/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcapng.c"

#include <fcntl.h>
#include <unistd.h>

#include "base/test.h"

static const uint8_t frame[7] = { 1, 2, 3, 4, 5, 6, 7 };

static const uint8_t *piece_of(const void *ctx, unsigned i, uint32_t *ret_len)
{
	*ret_len = 1;
	return i < sizeof frame ? frame + i : NULL;
}

static uint32_t u32_at(const uint8_t *b, uint32_t at)
{
	uint32_t v;
	memcpy(&v, b + at, sizeof v);
	return v;
}

/* Blocks as the draft has them: type, length, body, length again; lengths lead from each to the next, to the last byte. */
static void blocks_lead_to_each_other(void **state)
{
	char path[] = "/tmp/leat-pcapng.XXXXXX";
	uint8_t b[1024];
	struct pcapng *c;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(pcapng_open(path, "a test", "in pieces and whole", &c), 0);
	pcapng_interface(c, PCAPNG_LINK_ETHERNET, "eth0", 1000000000);
	pcapng_packet(c, 0, PCAPNG_OUTBOUND, 0x123456789, cur_of(frame, sizeof frame));
	struct cursor pieces = { .p = frame, .here = 1, .left = sizeof frame, .piece = 1, .more = piece_of };
	pcapng_packet(c, 0, PCAPNG_ANY_WAY, 5, pieces);
	assert_int_equal(pcapng_flush(c), 0);
	assert_int_equal(pcapng_close(c), 0);
	ssize_t n = read(fd, b, sizeof b);
	close(fd);
	unlink(path);
	static const uint32_t types[] = { BLOCK_SECTION, BLOCK_INTERFACE, BLOCK_PACKET, BLOCK_PACKET };
	uint32_t at = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		uint32_t len = u32_at(b, at + 4);
		assert_true(n >= 12 && at + len <= (size_t)n && len % 4 == 0);
		assert_int_equal(u32_at(b, at), types[i]);
		assert_int_equal(u32_at(b, at + len - 4), len);
		if (types[i] == BLOCK_PACKET) {
			assert_int_equal(u32_at(b, at + 20), sizeof frame);
			assert_memory_equal(b + at + 28, frame, sizeof frame);
		}
		at += len;
	}
	assert_int_equal(at, n);
}

/* What `leat capture` writes beside packets. */
static void what_is_said_of_packets_and_interfaces_is_there(void **state)
{
	uint8_t b[1024];
	FILE *f = tmpfile();
	struct pcapng *c;
	const struct pcapng_about about = {
		.way = PCAPNG_INBOUND, .at = 1, .len = 1000, .lost = 7, .comment = "dropped"
	};
	const struct pcapng_counts counts = { .from = 1, .at = 2, .accepted = 3, .lost = 4, .delivered = 5 };
	assert_non_null(f);
	assert_int_equal(pcapng_open_file(f, "a test", NULL, true, 96, &c), 0);
	pcapng_interface(c, PCAPNG_LINK_ETHERNET, "eth0", 0);
	pcapng_packet_as(c, 0, &about, cur_of(frame, sizeof frame));
	pcapng_statistics(c, 0, &counts);
	assert_int_equal(pcapng_flush(c), 0);
	ssize_t n = pread(fileno(f), b, sizeof b, 0);
	uint32_t at = u32_at(b, 4);
	assert_int_equal(u32_at(b, at + 12), 96); /* snap length */
	assert_non_null(memmem(b + at, u32_at(b, at + 4), "\x09\0\x01\0\x09", 5)); /* nanoseconds */
	at += u32_at(b, at + 4);
	assert_int_equal(u32_at(b, at + 20), sizeof frame);
	assert_int_equal(u32_at(b, at + 24), 1000);
	assert_non_null(memmem(b + at, u32_at(b, at + 4), "\x04\0\x08\0\x07", 5)); /* epb_dropcount */
	assert_non_null(memmem(b + at, u32_at(b, at + 4), "\x01\0\x07\0dropped", 11));
	at += u32_at(b, at + 4);
	assert_int_equal(u32_at(b, at), BLOCK_STATISTICS);
	assert_non_null(memmem(b + at, u32_at(b, at + 4), "\x07\0\x08\0\x04", 5)); /* isb_osdrop */
	assert_int_equal(at + u32_at(b, at + 4), n);
	assert_int_equal(pcapng_close(c), 0);
}

static void failures_are_told(void **state)
{
	struct pcapng *c;
	assert_int_equal(pcapng_open("/nowhere/at/all", "a test", NULL, &c), -ENOENT);
	assert_int_equal(pcapng_open("/dev/full", "a test", NULL, &c), 0);
	assert_int_equal(pcapng_flush(c), -EIO);
	assert_int_equal(pcapng_close(c), -EIO);
	assert_int_equal(pcapng_close(NULL), 0);
	pcapng_packet(NULL, 0, PCAPNG_INBOUND, 0, cur_of(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_lead_to_each_other),
		cmocka_unit_test(what_is_said_of_packets_and_interfaces_is_there),
		cmocka_unit_test(failures_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
