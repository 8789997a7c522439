/* SPDX-License-Identifier: BSD-2-Clause */
#include "error.c"

#include "l4/l4_test.h"

/* 10.0.0.9 says that with this type and code about a UDP datagram from 10.0.0.1:5000 to 10.0.0.2:9, of which `quoted` bytes behind
 * the IP header came back. */
static struct pkt *error4(struct net_test *t, uint8_t type, uint8_t code, uint16_t frag, uint32_t quoted)
{
	struct lcore *lc = t->st->worker[0]->lc;
	const uint8_t icmp[8] = { type, code, 0, 0, 0, 0, 5, 0xdc };
	const struct udp_hdr udp = { .sport = be16_of(5000), .dport = be16_of(9), .len = be16_of(12) };
	struct ip4_hdr h = { .ver_ihl = 0x45, .proto = IPPROTO_UDP, .frag = be16_of(frag) };
	h.src = net_ip("10.0.0.1").v4;
	h.dst = net_ip("10.0.0.2").v4;
	struct ip4_hdr outer = { .ver_ihl = 0x45, .proto = IPPROTO_ICMP, .src = net_ip("10.0.0.9").v4 };
	uint8_t rest[64] = { 0 };
	struct pkt *p = pkt_new(lc);
	memcpy(rest, &udp, sizeof udp);
	assert_true(pkt_append(lc, p, &outer, sizeof outer) && pkt_append(lc, p, icmp, sizeof icmp) &&
		    pkt_append(lc, p, &h, sizeof h) && pkt_append(lc, p, rest, quoted));
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + sizeof outer);
	return p;
}

static void errors_mean_what_linux_says(void **state)
{
	static const struct {
		uint8_t type, code;
		int err;
		bool hard;
	} rows[] = {
		{ 3, 0, ENETUNREACH, false },  { 3, 1, EHOSTUNREACH, false },  { 3, 2, ENOPROTOOPT, true },
		{ 3, 3, ECONNREFUSED, true },  { 3, 4, EMSGSIZE, false },      { 3, 9, ENETUNREACH, true },
		{ 3, 13, EHOSTUNREACH, true }, { 3, 99, EHOSTUNREACH, false }, { 11, 0, EHOSTUNREACH, false },
		{ 12, 0, EPROTO, true },
	};
	struct net_test *t = *state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct l4_error r;
		struct pkt *p = error4(t, rows[i].type, rows[i].code, 0, 12);
		assert_true(l4_error_parse(p, &r));
		assert_int_equal(r.err, rows[i].err);
		assert_int_equal(r.hard, rows[i].hard);
		assert_int_equal(r.src.port, 5000);
		assert_int_equal(r.dst.port, 9);
		assert_int_equal(cur_left(&r.payload), 4);
		assert_int_equal(cur_left(&r.l4), 12);
		assert_int_equal(cur_left(&r.l3), 32);
		if (rows[i].err == EMSGSIZE)
			assert_int_equal(r.info, 1500);
		pkt_free(t->st->worker[0]->lc, p);
	}
}

static void malformed_quotes_name_nobody(void **state)
{
	struct net_test *t = *state;
	struct lcore *lc = t->st->worker[0]->lc;
	struct l4_error r;
	struct pkt *p = error4(t, 3, 3, 1, 12); /* of a later fragment */
	assert_false(l4_error_parse(p, &r));
	pkt_free(lc, p);
	p = error4(t, 8, 0, 0, 12); /* no error */
	assert_false(l4_error_parse(p, &r));
	pkt_free(lc, p);
	for (uint32_t cut = 0; cut < 60; cut++) { /* never beyond what is there */
		p = error4(t, 3, 3, 0, 12);
		pkt_trim(lc, p, MAX(cut, 20u));
		if (l4_error_parse(p, &r))
			assert_in_range(cut, 48, 60);
		pkt_free(lc, p);
	}
}

static void queue_of_errors_is_bounded(void **state)
{
	struct net_test *t = *state;
	struct l4_end *e = l4_test_udp(t, AF_INET, "10.0.0.1", 5000);
	struct lcore *lc = e->home->lc;
	unsigned kept = 0;
	l4_opts_own(e)->recverr4 = true;
	l4_opts_own(e)->rcvbuf = 10000;
	for (unsigned i = 0; i < 50; i++) {
		struct pkt *p = error4(t, 3, 1, 0, 12);
		if (l4_error_arrive(e, p) == NODE_KEPT)
			kept++;
		else
			pkt_free(lc, p);
	}
	assert_in_range(kept, 2, 20);
	assert_int_equal(e->more->err.n, kept);
	const struct l4_path path = { .dst = l4_test_addr("10.0.0.2", 0).a };
	l4_error_too_long(e, &path, 1500); /* this host's own, too */
	assert_int_equal(e->more->err.n, kept);
	while (l4_peek_error(e))
		l4_pop_error(e);
	assert_int_equal(e->more->err_bytes, 0);
	l4_error_too_long(e, &path, 1500);
	struct l4_error r;
	assert_true(l4_error_parse(l4_peek_error(e), &r));
	assert_true(r.local);
	assert_int_equal(r.info, 1500);
	assert_int_equal(r.err, EMSGSIZE);
	l4_test_end_free(e);
	struct pkt_stats s;
	pkt_stats(lc, &s);
	assert_int_equal(s.in_use, 0);
}

static void soft_errors_are_for_those_who_asked(void **state)
{
	struct net_test *t = *state;
	struct l4_end *e = l4_test_udp(t, AF_INET, "10.0.0.1", 5000);
	struct lcore *lc = e->home->lc;
	static const struct {
		bool connected, hard, told;
	} rows[] = { { false, true, false }, { true, true, true }, { true, false, false } };
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pkt *p = error4(t, 3, rows[i].hard ? 3 : 1, 0, 12);
		e->connected = rows[i].connected;
		assert_int_equal(l4_error_arrive(e, p), NEXT_DROP);
		assert_int_equal(l4_take_error(e) != 0, rows[i].told);
		pkt_free(lc, p);
	}
	e->connected = false;
	l4_test_end_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errors_mean_what_linux_says, one_worker, teardown),
		cmocka_unit_test_setup_teardown(malformed_quotes_name_nobody, one_worker, teardown),
		cmocka_unit_test_setup_teardown(queue_of_errors_is_bounded, one_worker, teardown),
		cmocka_unit_test_setup_teardown(soft_errors_are_for_those_who_asked, three_workers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
