/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache.c"
#include "kinds.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netlink/fake.h"

struct rig {
	struct fake events, asks;
	struct leat_nl_cache *c;
	unsigned n[3]; /* by enum leat_nl_change */
};

static void changed(enum leat_nl_kind kind, enum leat_nl_change what, const struct nlmsghdr *h, void *ctx)
{
	((struct rig *)ctx)->n[what]++;
}

/* A cache of addresses that has seen those from 1 to n. */
static void rig_init(struct rig *r, uint8_t n)
{
	struct leat_nl_cache *c = calloc(1, sizeof *c);

	*r = (struct rig){ .c = c };
	fake_init(&r->events);
	fake_init(&r->asks);
	c->events = r->events.nl;
	c->asks = r->asks.nl;
	c->kinds = LEAT_NL_ADDRESSES;
	c->fn = changed;
	c->ctx = r;
	c->n_buckets = 2;
	c->bucket = calloc(2, sizeof(*c->bucket));
	list_init(&c->objects);
	for (uint8_t i = 1; i <= n; i++)
		fake_address(&r->asks, 1, RTM_NEWADDR, NLM_F_MULTI, i);
	fake_done_msg(&r->asks, 1, 0);
	fake_says(&r->asks);
	assert_int_equal(leat_nl_cache_resync(c), 0);
	assert_int_equal(r->n[LEAT_NL_NEW], n);
	r->n[LEAT_NL_NEW] = 0;
}

static void rig_done(struct rig *r)
{
	leat_nl_cache_free(r->c);
	fake_done(&r->events);
	fake_done(&r->asks);
}

static void events_are_differences_once(void **state)
{
	struct rig r;

	rig_init(&r, 9);
	fake_address(&r.events, 0, RTM_NEWADDR, 0, 9); /* known */
	fake_address(&r.events, 0, RTM_NEWADDR, 0, 10);
	fake_address(&r.events, 0, RTM_DELADDR, 0, 1);
	fake_says(&r.events);
	assert_int_equal(leat_nl_cache_update(r.c), 0);
	assert_int_equal(r.n[LEAT_NL_NEW], 1);
	assert_int_equal(r.n[LEAT_NL_CHANGED], 0);
	assert_int_equal(r.n[LEAT_NL_GONE], 1);
	assert_int_equal(leat_nl_cache_count(r.c, LEAT_NL_ADDRESSES), 9);
	rig_done(&r);
}

static void lost_messages_are_made_up_for(void **state)
{
	struct rig r;

	rig_init(&r, 4);
	nl_begin(&r.events.b, NLMSG_OVERRUN, 0, 0, 0, 0);
	nl_end(&r.events.b);
	fake_says(&r.events);
	for (uint8_t i = 3; i <= 6; i++)
		fake_address(&r.asks, 2, RTM_NEWADDR, NLM_F_MULTI, i);
	fake_done_msg(&r.asks, 2, 0);
	fake_says(&r.asks);
	assert_int_equal(leat_nl_cache_update(r.c), 0);
	assert_int_equal(r.n[LEAT_NL_NEW], 2);
	assert_int_equal(r.n[LEAT_NL_GONE], 2);
	assert_int_equal(leat_nl_cache_overruns(r.c), 1);
	assert_int_equal(leat_nl_cache_count(r.c, LEAT_NL_ADDRESSES), 4);
	rig_done(&r);
}

static void the_end_of_the_stack_is_told(void **state)
{
	struct rig r;

	rig_init(&r, 1);
	shutdown(r.events.fd, SHUT_RDWR);
	assert_int_equal(leat_nl_cache_update(r.c), -EPIPE);
	rig_done(&r);
}

static void route(struct nl_buf *b, uint16_t flags, uint8_t family)
{
	struct rtmsg *r = nl_begin(b, RTM_NEWROUTE, flags, 0, 0, sizeof *r);

	r->rtm_family = family;
	nl_end(b);
}

static void a_replacement_does_not_name_what_it_replaced(void **state)
{
	struct nl_buf b;

	nl_buf_init(&b, 4096);
	route(&b, NLM_F_REPLACE, AF_INET);
	assert_true(is_vague_route((struct nlmsghdr *)b.p));
	b.len_bytes = 0;
	route(&b, NLM_F_APPEND, AF_INET);
	assert_false(is_vague_route((struct nlmsghdr *)b.p));
	b.len_bytes = 0;
	route(&b, NLM_F_APPEND, AF_INET6);
	assert_true(is_vague_route((struct nlmsghdr *)b.p));
	nl_buf_done(&b);
}

static void many_are_found_again(void **state)
{
	struct rig r;

	rig_init(&r, 250);
	assert_true(r.c->n_buckets >= 250);
	for (unsigned i = 1; i <= 250; i++)
		fake_address(&r.events, 0, RTM_DELADDR, 0, (uint8_t)i);
	fake_says(&r.events);
	assert_int_equal(leat_nl_cache_update(r.c), 0);
	assert_int_equal(r.n[LEAT_NL_GONE], 250);
	assert_true(list_empty(&r.c->objects));
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_differences_once),
		cmocka_unit_test(lost_messages_are_made_up_for),
		cmocka_unit_test(the_end_of_the_stack_is_told),
		cmocka_unit_test(a_replacement_does_not_name_what_it_replaced),
		cmocka_unit_test(many_are_found_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
