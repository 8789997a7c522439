/* SPDX-License-Identifier: BSD-2-Clause */
/* Without memory: each allocation in the life of a stack fails in turn. What was asked for is then refused with an errno for it, or
 * done all the same; nothing is leaked (the accounts assert it) and what is there still works. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/test.h"
#include "core/manual.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "stack/stack_modules.h"
#include "wire/text.h"

enum { SEC = 1000000, STEPS_MAX = 100000 };

struct life {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
};

static void refused_for_memory(int err)
{
	if (err && err != -ENOMEM && err != -ENOBUFS)
		fail_msg("%s", strerror(-err));
}

static struct ipaddr address(const char *s, uint8_t *ret_family)
{
	struct ipaddr a = { 0 };
	*ret_family = strchr(s, ':') ? AF_INET6 : AF_INET;
	assert_true(*ret_family == AF_INET6 ? ip6_from_text(s, &a.v6) : ip4_from_text(s, &a.v4));
	return a;
}

/* --- deeds: what may be gone already for want of memory is passed over --- */

static int make_stack(struct life *l)
{
	return stack_new(l->rt, "life", 2, leat_modules, &l->st);
}

static int add_pair(struct life *l)
{
	char why[128];
	return iface_kind_find(l->st, "mem")->open(l->st, "a0", "peer=b0", why, sizeof why);
}

static int set_up(struct life *l)
{
	struct iface *a = iface_by_name(l->st, "a0"), *b = iface_by_name(l->st, "b0");
	int err = a ? iface_set_up(a, true) : 0;
	return err || !b ? err : iface_set_up(b, true);
}

static int add_address(struct life *l, const char *text, uint8_t plen)
{
	const struct iface *i = iface_by_name(l->st, "a0");
	struct addr a = { .plen = plen, .valid_s = UINT32_MAX, .preferred_s = UINT32_MAX };
	if (!i)
		return 0;
	a.if_handle = i->handle;
	a.local = a.peer = address(text, &a.family);
	return addr_add(l->st, &a, false);
}
static int add_address4(struct life *l)
{
	return add_address(l, "10.0.1.1", 24);
}
static int add_address6(struct life *l)
{
	return add_address(l, "2001:db8:1::1", 64);
}

static int add_route(struct life *l, const char *dst, uint8_t plen)
{
	const struct iface *i = iface_by_name(l->st, "a0");
	struct fib_route r = { .plen = plen, .protocol = RTPROT_STATIC, .table = RT_TABLE_MAIN, .metric = 9 };
	if (!i)
		return 0;
	r.dst = address(dst, &r.family);
	r.nh.type = RTN_UNICAST;
	r.nh.if_handle = i->handle;
	r.nh.scope = r.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	int err = fib_add(l->st, &r, FIB_ADD, NULL);
	return err == -ENETDOWN ? 0 : err; /* it could not be set up */
}
static int add_route4(struct life *l)
{
	return add_route(l, "192.0.2.0", 24);
}
static int add_route6(struct life *l)
{
	return add_route(l, "2001:db8:2::", 48);
}

static int add_neighbour(struct life *l)
{
	const struct iface *i = iface_by_name(l->st, "a0");
	struct neigh_info n = { .state = NUD_STALE, .has_mac = true, .mac = { 2, 0, 0, 0, 0, 7 } };
	if (!i)
		return 0;
	n.if_handle = i->handle;
	n.addr = address("10.0.1.7", &n.family);
	int err = neigh_set(l->st, &n, NLM_F_CREATE);
	return err == -ENETDOWN ? 0 : err;
}

/* Frames for a neighbour who is not known: resolution, queues, ICMP errors. */
static int send_frames(struct life *l)
{
	static const uint8_t echo[] = { 0,    0,  0,  0,  0, 0, 2, 0, 0,    0,    0,    7,    0x08, 0x00,
					0x45, 0,  0,  28, 0, 0, 0, 0, 64,   1,    0x63, 0x92, 10,   0,
					2,    77, 10, 0,  1, 1, 8, 0, 0xf7, 0xff, 0,    0,    0,    0 };
	struct iface *i = iface_by_name(l->st, "a0");
	for (unsigned k = 0; i && k < 2; k++) {
		struct worker *w = l->st->worker[k];
		struct pkt *p = pkt_new(w->lc);
		w->view = l->st->view;
		if (!p)
			continue;
		assert_true(pkt_append(w->lc, p, echo, sizeof echo));
		memcpy(p->data, i->mac, sizeof i->mac);
		iface_input(w, i, &p, 1);
	}
	return 0;
}

static int pass_time(struct life *l)
{
	manual_rt_run(l->m, 3 * SEC);
	return 0;
}

static int delete_address(struct life *l)
{
	uint8_t family;
	const struct ipaddr a = address("10.0.1.1", &family);
	const struct iface *i = iface_by_name(l->st, "a0");
	int err = i ? addr_delete(l->st, i->handle, family, &a, 24) : 0;
	return err == -EADDRNOTAVAIL ? 0 : err;
}

static int delete_pair(struct life *l)
{
	struct iface *i = iface_by_name(l->st, "a0");
	if (i)
		iface_delete(i);
	assert_null(iface_by_name(l->st, "a0"));
	assert_null(iface_by_name(l->st, "b0"));
	return 0;
}

static int (*const deeds[])(struct life *l) = {
	add_pair,   set_up,        add_address4, add_address6, pass_time,      add_route4,
	add_route6, add_neighbour, send_frames,  pass_time,    delete_address, delete_pair,
};

/* Everything in turn; the n-th allocation fails. True when there were that many. */
static bool live(uint64_t n)
{
	struct life l = { .m = manual_rt_new(2, 11) };
	l.rt = manual_rt_of(l.m);
	uint64_t before = l.rt->mem.used_bytes;
	assert_int_equal(pkt_pools_init(l.rt, 16 << 20), 0);
	l.rt->mem.fail_after = n;
	int err = make_stack(&l);
	refused_for_memory(err);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(deeds); i++) {
		refused_for_memory(deeds[i](&l));
		view_publish(l.st);
		manual_rt_settle(l.m);
	}
	bool reached = l.rt->mem.fail_after == 0;
	l.rt->mem.fail_after = 0;
	if (!err) { /* and now that there is memory again, all goes as it should */
		for (unsigned i = 0; i < ARRAY_SIZE(deeds); i++) {
			int again = deeds[i](&l);
			if (again)
				fail_msg("deed %u after allocation %lu failed: %s", i, (unsigned long)n,
					 strerror(-again));
			view_publish(l.st);
			manual_rt_settle(l.m);
		}
		stack_free(l.st);
	}
	manual_rt_settle(l.m);
	for (unsigned i = 0; i < 2; i++) {
		struct pkt_stats s;
		pkt_stats(l.rt->lcore[i], &s);
		assert_int_equal(s.in_use, 0);
	}
	pkt_pools_done(l.rt);
	assert_int_equal(l.rt->mem.used_bytes, before);
	manual_rt_free(l.m);
	return reached;
}

static void each_allocation_may_fail(void **state)
{
	uint64_t n = 1;
	while (live(n))
		n++;
	assert_in_range(n, 50, STEPS_MAX); /* fewer would prove nothing */
	print_message("%lu allocations\n", (unsigned long)n - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_may_fail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
