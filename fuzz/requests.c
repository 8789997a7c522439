/* SPDX-License-Identifier: BSD-2-Clause */
#include "requests.h"

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "answers.h"
#include "core/manual.h"
#include "fuzz.h"
#include "net/iface.h"
#include "netlink/netlink_internal.h"
#include "request_make.h"
#include "rich.h"
#include "stack/stack_modules.h"

enum { FAMILIES_MAX = 64, DATAGRAMS_MAX = 100, BUF = 8192, SECOND_US = 1000000 };

/* --- the stack --- */

struct lab {
	struct manual_rt *m;
	struct leat_stack *st;
	const struct nl_family *own[FAMILIES_MAX], *all[FAMILIES_MAX];
	unsigned n_own, n_all;
};

/* Kinds of device that reach out of the process: no place for a fuzzer. */
static void take_away_kinds(struct leat_stack *st)
{
	static const char *const out[] = { "generator", "pcap", "af_packet", "af_xdp", "tap" };
	for (unsigned i = 0; i < ARRAY_SIZE(out); i++) {
		struct iface_kind *k = iface_kind_find(st, out[i]);
		if (k)
			iface_kind_remove(st, k);
	}
}

static void lab_open(struct lab *l)
{
	l->m = manual_rt_new(1, 1);
	fuzz_check(pkt_pools_init(manual_rt_of(l->m), 4 << 20) == 0);
	fuzz_check(stack_new(manual_rt_of(l->m), "fuzz", 1, leat_modules, &l->st) == 0);
	take_away_kinds(l->st);
}

static void lab_close(struct lab *l)
{
	stack_free(l->st);
	pkt_pools_done(manual_rt_of(l->m));
	manual_rt_free(l->m);
}

static void fill(struct leat_stack *st, bool rich)
{
	char why[128];
	struct iface_kind *mem = iface_kind_find(st, "mem");
	fuzz_check(mem && mem->open(st, "a", "peer=b", why, sizeof why) == 0);
	iface_set_up(iface_by_name(st, "a"), true);
	iface_set_up(iface_by_name(st, "b"), true);
	if (!rich)
		return;
	rich_addresses(st, "a", "b");
	rich_fill(st, "a", "b");
}

static bool is_named(const struct nl_family *f, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(f->name, *names))
			return true;
	return false;
}

static void add_family(struct lab *l, const struct nl_family *f, const char *const *names)
{
	fuzz_check(l->n_all < FAMILIES_MAX);
	l->all[l->n_all++] = f;
	if (is_named(f, names))
		l->own[l->n_own++] = f;
}

static void find_families(struct lab *l, const char *const *names)
{
	static const int protocols[] = { NETLINK_ROUTE, NETLINK_GENERIC };
	const struct nl_family *f;
	l->n_own = l->n_all = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++)
		for (struct nl_family_iter it = { 0 }; (f = nl_family_next(l->st, protocols[i], &it));)
			add_family(l, f, names);
	add_family(l, &genl_ctrl_family, names);
	fuzz_check(l->n_own); /* one by a name that is gone would test nothing */
}

/* --- the conversation --- */

static struct nl_sock *open_sock(struct lab *l, int protocol, uint8_t how, struct receiver *r)
{
	const struct nl_creds creds = { .pid = 1, .may_configure = true };
	const int on = 1;
	struct nl_sock *s;
	fuzz_check(nl_sock_new(l->st, protocol, &creds, &answers_ops, r, &s) == 0);
	if (how & 1)
		nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	if (how & 2)
		nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	if (how & 4)
		nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	return s;
}

/* One datagram: requests to families of one protocol. */
static void make_datagram(struct lab *l, struct maker *m, struct nl_buf *b, int *ret_protocol)
{
	const struct nl_family *f =
		choose_rarely(m->c) ? l->all[choose(m->c, l->n_all)] : l->own[choose(m->c, l->n_own)];
	*ret_protocol = f->protocol;
	make_request(m, b, f, f->protocol == NETLINK_GENERIC ? genl_family_id(l->st, f) : 0);
	while (choose_byte(m->c) >= 0xc0 && !b->full) {
		const struct nl_family *next = l->own[choose(m->c, l->n_own)];
		if (next->protocol == f->protocol)
			make_request(m, b, next,
				     f->protocol == NETLINK_GENERIC ? genl_family_id(l->st, next) : 0);
	}
}

static void pass_time(struct lab *l, struct choice *c)
{
	static const uint32_t us[] = { 0, 0, 0, 0, 1000, 50000, SECOND_US, 60 * SECOND_US };
	uint32_t t = us[choose(c, ARRAY_SIZE(us))];
	if (t)
		manual_rt_run(l->m, t);
}

static void talk(struct lab *l, uint8_t how, struct choice *c)
{
	struct receiver me = { how & 16 ? 2 : 100000, getenv("LEAT_FUZZ_VERBOSE") },
			also_me = { me.room, me.verbose, .generic = true },
			other = { how & 32 ? 0 : 100000, false };
	struct nl_sock *route = open_sock(l, NETLINK_ROUTE, how, &me);
	struct nl_sock *generic = open_sock(l, NETLINK_GENERIC, how, &also_me);
	struct nl_sock *listener = open_sock(l, NETLINK_ROUTE, how, &other);
	nl_sock_bind(listener, 0, UINT32_MAX);
	for (unsigned n = 0; c->left && n < DATAGRAMS_MAX; n++) {
		uint8_t room[BUF] __attribute__((aligned(8)));
		struct maker m = { .c = c, .st = l->st };
		struct nl_buf b;
		int protocol;
		nl_buf_init_fixed(&b, room, sizeof room);
		make_datagram(l, &m, &b, &protocol);
		if (b.len_bytes)
			nl_sock_input(protocol == NETLINK_ROUTE ? route : generic, b.p, b.len_bytes);
		pass_time(l, c);
	}
	me.room = also_me.room = other.room = 100000;
	nl_sock_writable(route);
	nl_sock_writable(generic);
	nl_sock_writable(listener);
	manual_rt_run(l->m, SECOND_US);
	nl_sock_free(listener);
	nl_sock_free(generic);
	nl_sock_free(route);
}

static void save_and_restore(struct leat_stack *st)
{
	struct lab again = { 0 };
	char why[512] = "", *text;
	size_t len;
	fuzz_check(stack_save_text(st, &text, &len) == 0);
	lab_open(&again);
	int err = stack_restore_text(again.st, text, len, why, sizeof why);
	if (err)
		fprintf(stderr, "%s\n%s: %s\n", text, strerror(-err), why);
	fuzz_check(err == 0);
	lab_close(&again);
	free(text);
}

int requests_play(const char *const *families, const uint8_t *data, size_t size)
{
	struct choice c = { data, size };
	struct lab l = { 0 };
	if (size < 2)
		return 0;
	uint8_t how = choose_byte(&c);
	lab_open(&l);
	fill(l.st, !(how & 8));
	find_families(&l, families);
	talk(&l, how, &c);
	if (how >> 6 == 1)
		save_and_restore(l.st);
	lab_close(&l);
	return 0;
}
