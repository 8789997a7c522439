/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP sockets between two stacks, and within one. */
#include "stack/sock_rig.h"

static void datagrams_go_there_and_back(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "0.0.0.0", 7);
	assert_int_equal(send_to(d, a, "hello", 5, "10.0.0.2", 7), 5);
	expect_from(b, "hello", "10.0.0.1", 5000);
	assert_int_equal(send_to(d, b, "and you", 7, "10.0.0.1", 5000), 7);
	expect_from(a, "and you", "10.0.0.2", 7);
	expect_nothing(a);
	expect_nothing(b);
	sock_close(a);
	duo_free(d);
}

static void datagrams_go_there_and_back_over_ipv6(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "2001:db8::1", 5000), *b = udp_of(d->two, "::", 7);
	assert_int_equal(send_to(d, a, "hello", 5, "2001:db8::2", 7), 5);
	expect_from(b, "hello", "2001:db8::1", 5000);
	assert_int_equal(send_to(d, b, "", 0, "2001:db8::1", 5000), 0);
	expect_from(a, "", "2001:db8::2", 7);
	duo_free(d);
}

static void host_talks_to_itself(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "0.0.0.0", 5000), *b = udp_of(d->one, "127.0.0.1", 7);
	assert_int_equal(send_to(d, a, "me", 2, "127.0.0.1", 7), 2);
	expect_from(b, "me", "127.0.0.1", 5000);
	assert_int_equal(send_to(d, b, "me", 2, "0.0.0.0", 5000), 2);
	expect_from(a, "me", "127.0.0.1", 7);
	assert_int_equal(send_to(d, a, "me", 2, "10.0.0.1", 5000), 2);
	expect_from(a, "me", "10.0.0.1", 5000);
	struct sock *c = udp_of(d->one, "::1", 7);
	assert_int_equal(send_to(d, c, "six", 3, "::", 7), 3);
	expect_from(c, "six", "::1", 7);
	duo_free(d);
}

TWICE(datagrams_go_there_and_back)
TWICE(datagrams_go_there_and_back_over_ipv6)
TWICE(host_talks_to_itself)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(datagrams_go_there_and_back),
		BOTH(datagrams_go_there_and_back_over_ipv6),
		BOTH(host_talks_to_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
