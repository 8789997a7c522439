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
		cmocka_unit_test(failures_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
