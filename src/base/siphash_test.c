/* SPDX-License-Identifier: BSD-2-Clause */
#include "siphash.c"

#include "base/test.h"

static const struct sipkey paper_key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

/* Aumasson and Bernstein, appendix A: the 15 bytes 00..0e. */
static void the_papers_example_holds(void **state)
{
	uint8_t in[15];
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	assert_true(siphash(&paper_key, in, sizeof in) == 0xa129ca6149be45e5);
}

/* From the authors' vectors: lengths 0, 1, 8 and 63. */
static void reference_vectors_hold(void **state)
{
	uint8_t in[63];
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	assert_true(siphash(&paper_key, in, 0) == 0x726fdb47dd0e0e31);
	assert_true(siphash(&paper_key, in, 1) == 0x74f839c593dc67fd);
	assert_true(siphash(&paper_key, in, 8) == 0x93f5f5799a932462);
	assert_true(siphash(&paper_key, in, 63) == 0x958a324ceb064572);
}

static void words_hash_as_their_bytes_do(void **state)
{
	const uint64_t w[3] = { 0x1122334455667788, 42, UINT64_MAX };
	assert_true(siphash_2u64(&paper_key, w[0], w[1]) == siphash(&paper_key, w, 16));
	assert_true(siphash_3u64(&paper_key, w[0], w[1], w[2]) == siphash(&paper_key, w, 24));
}

static void another_key_gives_another_hash(void **state)
{
	const struct sipkey other = { { 1, 2 } };
	assert_true(siphash_2u64(&paper_key, 1, 2) != siphash_2u64(&other, 1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_papers_example_holds),
		cmocka_unit_test(reference_vectors_hold),
		cmocka_unit_test(words_hash_as_their_bytes_do),
		cmocka_unit_test(another_key_gives_another_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
