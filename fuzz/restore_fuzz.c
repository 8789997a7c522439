/* SPDX-License-Identifier: BSD-2-Clause */
/* Saved state, good and bad, into a whole stack; then frames, and what came of it is saved and restored once more. The first
 * byte says what follows: 0, a file; 1, changes to a good one (text_change.h).
 * A file that was taken must make a stack whose own file is taken. No packet and no byte may be left over. */
#include <string.h>

#include "core/manual.h"
#include "core/save_file.h"
#include "fuzz.h"
#include "net/addr.h"
#include "net/fib_exc.h"
#include "net/neigh.h"
#include "rich.h"
#include "stack/stack_modules.h"
#include "text_change.h"
#include "wire/text.h"

enum { TEXT_MAX = 1 << 18, SECOND_US = 1000000 };

struct lab {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
};

static void lab_open(struct lab *l)
{
	l->m = manual_rt_new(2, 5);
	l->rt = manual_rt_of(l->m);
	fuzz_check(pkt_pools_init(l->rt, 64 << 20) == 0);
	fuzz_check(stack_new(l->rt, "lab", 2, leat_modules, &l->st) == 0);
	/* The kinds of device whose options name a file: no place for a fuzzer. */
	iface_kind_remove(l->st, iface_kind_find(l->st, "generator"));
	iface_kind_remove(l->st, iface_kind_find(l->st, "pcap"));
}

static void lab_close(struct lab *l)
{
	manual_rt_run(l->m, 3 * SECOND_US);
	stack_free(l->st);
	manual_rt_settle(l->m);
	for (unsigned i = 0; i < l->rt->n_lcores; i++) {
		struct pkt_stats s;
		pkt_stats(l->rt->lcore[i], &s);
		fuzz_check(s.in_use == 0 && s.pages_in_use == 0);
	}
	pkt_pools_done(l->rt);
	manual_rt_free(l->m);
}

/* --- a good file --- */

static uint8_t address(const char *s, struct ipaddr *ret)
{
	memset(ret, 0, sizeof *ret);
	if (ip4_from_text(s, &ret->v4))
		return AF_INET;
	fuzz_check(ip6_from_text(s, &ret->v6));
	return AF_INET6;
}

static void add_address(struct lab *l, const struct iface *i, const char *s, uint8_t plen, uint32_t valid_s)
{
	struct addr a = { .if_handle = i->handle, .plen = plen, .valid_s = valid_s, .preferred_s = valid_s };
	a.family = address(s, &a.local);
	a.peer = a.local;
	fuzz_check(addr_add(l->st, &a, false) == 0);
}

static void add_route(struct lab *l, const char *dst, uint8_t plen, uint8_t type, const char *gw)
{
	struct fib_route r = {
		.plen = plen, .protocol = RTPROT_STATIC, .table = RT_TABLE_MAIN, .metric = 9, .nh.type = type
	};
	r.family = address(dst, &r.dst);
	r.nh.if_handle = type == RTN_UNICAST ? iface_by_name(l->st, "a0")->handle : 0;
	if (gw)
		r.nh.gw_family = address(gw, &r.nh.gw);
	fuzz_check(fib_add(l->st, &r, FIB_ADD, NULL) == 0);
}

static void add_neigh(struct lab *l, const char *s, uint8_t state)
{
	struct neigh_info n = { .if_handle = iface_by_name(l->st, "a0")->handle,
				.state = state,
				.has_mac = true,
				.mac = { 2, 0, 0, 0, 0, 9 } };
	n.family = address(s, &n.addr);
	fuzz_check(neigh_set(l->st, &n, NLM_F_CREATE) == 0);
}

static void add_proxy(struct lab *l, const char *s)
{
	struct neigh_info n = { .if_handle = iface_by_name(l->st, "a0")->handle };
	n.family = address(s, &n.addr);
	fuzz_check(neigh_proxy_set(l->st, &n) == 0);
}

/* What routers on the way have said: exceptions. */
static void learn(struct lab *l)
{
	struct fib_exc_news mtu = { .mtu = 1280 }, redirect = { .redirected = true };
	uint32_t a = iface_by_name(l->st, "a0")->handle;
	mtu.via = redirect.via = (struct fib_via){ .if_handle = a };
	mtu.family = address("2001:db8:2::5", &mtu.dst);
	mtu.via.gw_family = address("2001:db8:1::2", &mtu.via.gw);
	redirect.family = address("203.0.114.5", &redirect.dst);
	redirect.via.gw_family = address("10.0.1.2", &redirect.via.gw);
	redirect.gw_family = address("10.0.1.3", &redirect.gw);
	fuzz_check(fib_exc_learn(l->st, &mtu, 0, 0) == 0 && fib_exc_learn(l->st, &redirect, 0, 0) == 0);
}

static void fill(struct lab *l)
{
	char why[128];
	struct iface_kind *mem = iface_kind_find(l->st, "mem");
	fuzz_check(mem->open(l->st, "a0", "peer=b0,csum=0,mtu=1400", why, sizeof why) == 0);
	struct iface *a = iface_by_name(l->st, "a0"), *b = iface_by_name(l->st, "b0");
	fuzz_check(iface_set_up(a, true) == 0 && iface_set_up(b, true) == 0);
	rich_addresses(l->st, "a0", "b0");
	add_address(l, a, "10.0.1.9", 24, 100);
	add_address(l, a, "2001:db8:1::9", 64, UINT32_MAX); /* under test */
	add_route(l, "0.0.0.0", 0, RTN_UNICAST, "10.0.1.2");
	add_route(l, "192.0.2.0", 24, RTN_PROHIBIT, NULL);
	add_route(l, "2001:db8:2::", 48, RTN_UNICAST, "2001:db8:1::2");
	add_neigh(l, "10.0.1.2", NUD_PERMANENT);
	add_neigh(l, "10.0.1.3", NUD_STALE);
	add_neigh(l, "2001:db8:1::2", NUD_REACHABLE);
	add_proxy(l, "10.0.1.77");
	add_proxy(l, "2001:db8:1::77");
	rich_fill(l->st, "a0", "b0");
	learn(l);
	view_publish(l->st);
	manual_rt_run(l->m, SECOND_US / 2);
}

static char *good_file(void)
{
	struct lab l;
	char *text;
	size_t len;
	lab_open(&l);
	fill(&l);
	fuzz_check(stack_save_text(l.st, &text, &len) == 0 && len < TEXT_MAX / 2);
	lab_close(&l);
	return text;
}

static const char *const values[] = {
	"0",
	"1",
	"2",
	"10",
	"31",
	"32",
	"33",
	"127",
	"128",
	"129",
	"254",
	"255",
	"256",
	"65535",
	"2147483647",
	"2147483648",
	"4294967295",
	"4294967296",
	"-1",
	"9223372036854775807",
	"\"\"",
	"null",
	"[]",
	"{}",
	"\"lo\"",
	"\"a0\"",
	"\"mem:c0,peer=d0\"",
	"\"mem:a0,peer=a0\"",
	"\"a%d\"",
	"\"tap:x\"",
	"[{}]",
	"\"mem:c0,peer=b0,mtu=68\"",
	"\"02000000000000000000000000000000\"",
};

/* --- and then --- */

static void send_frames(struct lab *l)
{
	/* an echo request to 10.0.1.1, to be answered to 10.0.2.77, which is somewhere or nowhere */
	static const uint8_t echo[] = { 0,    0,  0,  0,  0, 0, 2, 0, 0,    0,    0,    7,    0x08, 0x00,
					0x45, 0,  0,  28, 0, 0, 0, 0, 64,   1,    0x63, 0x92, 10,   0,
					2,    77, 10, 0,  1, 1, 8, 0, 0xf7, 0xff, 0,    0,    0,    0 };
	struct worker *w = l->st->worker[0];
	for (struct iface *i = iface_next(l->st, 0); i; i = iface_next(l->st, i->ifindex)) {
		struct pkt *p = pkt_new(w->lc);
		fuzz_check(p && pkt_append(w->lc, p, echo, sizeof echo));
		memcpy(p->data, i->mac, sizeof i->mac);
		w->view = l->st->view;
		iface_input(w, i, &p, 1);
	}
	manual_rt_run(l->m, SECOND_US);
}

static void save_and_restore(struct lab *l)
{
	struct lab again;
	char why[512], *text;
	size_t len;
	fuzz_check(stack_save_text(l->st, &text, &len) == 0);
	lab_open(&again);
	int err = stack_restore_text(again.st, text, len, why, sizeof why);
	if (err)
		fprintf(stderr, "%s\n%s\n", text, why);
	fuzz_check(err == 0);
	lab_close(&again);
	free(text);
}

/* What is no JSON at all is not worth a stack. */
static bool is_json(const char *text, size_t len)
{
	char why[128];
	struct loader *l = loader_new_text(text, len, why, sizeof why);
	loader_free(l);
	return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX], *good;
	struct lab l;
	char why[512] = "";
	if (size == 0)
		return 0;
	size_t len = MIN(size - 1, sizeof text);
	good = good ? good : good_file();
	if (data[0])
		len = text_change(good, values, ARRAY_SIZE(values), data + 1, size - 1, text, sizeof text);
	else
		memcpy(text, data + 1, len);
	if (!is_json(text, len))
		return 0;
	lab_open(&l);
	int err = stack_restore_text(l.st, text, len, why, sizeof why);
	fuzz_check(!err || why[0]); /* whoever is refused learns why */
	send_frames(&l);
	if (!err)
		save_and_restore(&l);
	lab_close(&l);
	return 0;
}
