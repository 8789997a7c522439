/* SPDX-License-Identifier: BSD-2-Clause */
#include "toeplitz.c"

#include <arpa/inet.h>
#include <string.h>

#include "base/test.h"

/* Microsoft, "Verifying the RSS hash calculation": the key and the results, addresses alone and with ports. */
static const uint8_t ms_key[TOEPLITZ_KEY] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};
static const struct {
	int family;
	const char *dst;
	uint16_t dport;
	const char *src;
	uint16_t sport;
	uint32_t with_ports, addresses;
} vectors[] = {
	{ AF_INET, "161.142.100.80", 1766, "66.9.149.187", 2794, 0x51ccc178, 0x323e8fc2 },
	{ AF_INET, "65.69.140.83", 4739, "199.92.111.2", 14230, 0xc626b0ea, 0xd718262a },
	{ AF_INET, "12.22.207.184", 38024, "24.19.198.95", 12898, 0x5c2b394a, 0xd2d0a5de },
	{ AF_INET, "209.142.163.6", 2217, "38.27.205.30", 48228, 0xafc7327f, 0x82989176 },
	{ AF_INET, "202.188.127.2", 1303, "153.39.163.191", 44251, 0x10e828a2, 0x5d1809c5 },
	{ AF_INET6, "3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x40207d3d, 0x2cc18cd5 },
	{ AF_INET6, "ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0xdde51bbf, 0x0f0c461c },
	{ AF_INET6, "fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251,
	  0x02d1feef, 0x4b61e985 },
};

static void the_published_vectors(void **state)
{
	struct toeplitz t;
	toeplitz_init(&t, ms_key);
	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
		unsigned n = vectors[i].family == AF_INET ? 4 : 16;
		uint8_t in[TOEPLITZ_INPUT];
		uint16_t ports[2] = { htons(vectors[i].sport), htons(vectors[i].dport) };
		assert_int_equal(inet_pton(vectors[i].family, vectors[i].src, in), 1);
		assert_int_equal(inet_pton(vectors[i].family, vectors[i].dst, in + n), 1);
		memcpy(in + 2 * n, ports, sizeof ports);
		assert_int_equal(toeplitz_part(&t, 0, in, 2 * n), vectors[i].addresses);
		assert_int_equal(toeplitz_part(&t, 0, in, 2 * n + 4), vectors[i].with_ports);
		assert_int_equal(toeplitz_part(&t, 0, in, n) ^ toeplitz_part(&t, n, in + n, n + 4),
				 vectors[i].with_ports);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
