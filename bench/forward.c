/* SPDX-License-Identifier: BSD-2-Clause */
/* What forwarding costs: frames from a generator through the whole graph (eth-input ... eth-output, iface-output) into a
 * sink; one stack, one worker, one thread. `--alone` leaves out all between eth-input and iface-output, which is what
 * generator and sink cost by themselves.
 *
 * The worker's lcore is turned by hand, so no other thread and no sleep is in the figures. Some packets go first: they
 * fill the buffer pool and the caches and are not counted. Under callgrind only the counted ones are instrumented. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION ((void)0)
#define CALLGRIND_STOP_INSTRUMENTATION  ((void)0)
#endif

#include "core/manual.h"
#include "dev/dev.h"
#include "dev/generator.h"
#include "dev/sink.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "net/rule_internal.h"
#include "stack/stack_modules.h"

enum { SETTLE_US = 5000000, POOL_BUDGET = 256 << 20, WAYS_MAX = 64, VLANS_MAX = 4094 };

struct conditions {
	const char *pcap, *routes;
	unsigned vec, repeat, ways, rules, vlans, rp_filter;
	uint64_t packets, warm_up;
	bool v6, alone, default_route;
};

struct bench {
	struct conditions is;
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct iface *from, *to;
	unsigned long n_routes;
	uint64_t mem_before; /* of the stack's account, warmed up */
	uint64_t out_before, drops_before[DROP_MAX]; /* the stack's own doing, before the generator ran */
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "forward: %s: %s\n", what, why);
	exit(1);
}

static void check(const char *what, int err)
{
	if (err)
		die(what, strerror(-err));
}

/* --- generator and sink alone: eth-input sends everything to the sink --- */

static void pass_run(struct worker *w, struct pkt_vec *v)
{
	const struct bench *b = w->st->user;
	for (unsigned i = 0; i < v->n; i++)
		v->pkt[i]->out_if = b->to->handle;
	vec_dispatch_all(w, v, 1);
}
static const struct node pass_node = { .name = "eth-input",
				       .run = pass_run,
				       .next = { [1] = "iface-output" } };
static const struct node *const pass_nodes[] = { &pass_node, NULL };
static const struct module pass_module = { .name = "pass", .id = MODULE_TEST, .nodes = pass_nodes };
static const struct module *const alone_modules[] = { &pkt_module,  &graph_module, &iface_module,
						      &pass_module, &dev_module,   NULL };

/* --- routes --- */

static struct ipaddr gateway(bool v6, unsigned k)
{
	struct ipaddr a = { 0 };
	check("gateway",
	      inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? "fe80::2" : "192.0.2.2", a.b) == 1 ? 0 : -EINVAL);
	a.b[v6 ? 15 : 3] = (uint8_t)(2 + k);
	return a;
}

static void add_route(struct bench *b, const struct ipaddr *dst, uint8_t plen)
{
	uint8_t family = b->is.v6 ? AF_INET6 : AF_INET;
	const char *why = NULL;
	struct fib_route r = { .family = family,
			       .plen = plen,
			       .protocol = RTPROT_STATIC,
			       .dst = *dst,
			       .table = RT_TABLE_MAIN,
			       .metric = b->is.v6 ? 1024 : 0,
			       .nh = { .if_handle = b->to->handle,
				       .type = RTN_UNICAST,
				       .scope = RT_SCOPE_UNIVERSE,
				       .gw_family = family,
				       .flags = RTNH_F_ONLINK,
				       .gw = gateway(b->is.v6, 0) } };
	struct fib_hop hop[WAYS_MAX];
	for (unsigned k = 0; k < b->is.ways; k++)
		hop[k] = (struct fib_hop){ .if_handle = b->to->handle,
					   .gw_family = family,
					   .flags = RTNH_F_ONLINK,
					   .weight = 1,
					   .gw = gateway(b->is.v6, k) };
	r.n_hops = (uint16_t)b->is.ways;
	r.hops = hop;
	int err = fib_add(b->st, &r, FIB_ADD, &why);
	if (err)
		die("route", why ? why : strerror(-err));
	b->n_routes++;
}

static void add_routes(struct bench *b)
{
	struct ipaddr dst = { 0 };
	char line[128], *slash;
	FILE *f = b->is.routes ? fopen(b->is.routes, "r") : NULL;
	if (b->is.routes && !f)
		die(b->is.routes, strerror(errno));
	while (f && fgets(line, sizeof line, f)) {
		memset(&dst, 0, sizeof dst);
		slash = strchr(line, '/');
		if (slash)
			*slash = 0;
		if (!slash || inet_pton(b->is.v6 ? AF_INET6 : AF_INET, line, dst.b) != 1)
			die(b->is.routes, "a line is no prefix");
		add_route(b, &dst, (uint8_t)atoi(slash + 1));
	}
	if (f)
		fclose(f);
	memset(&dst, 0, sizeof dst);
	if (!b->is.routes || b->is.default_route)
		add_route(b, &dst, 0);
	view_publish(b->st);
}

static void add_neighbour(struct bench *b)
{
	for (unsigned k = 0; k < MAX(b->is.ways, 1u); k++) {
		struct neigh_info n = { .if_handle = b->to->handle,
					.family = b->is.v6 ? AF_INET6 : AF_INET,
					.state = NUD_PERMANENT,
					.addr = gateway(b->is.v6, k),
					.mac = { 2, 0, 0, 0, 0, 3 },
					.has_mac = true };
		check("neighbour", neigh_set(b->st, &n, NLM_F_CREATE));
	}
}

/* --- what a router may have beside routes --- */

/* Rules by mark and by interface in turns, before those that are always there; no packet is of any of them. */
static void add_rules(struct bench *b)
{
	for (unsigned i = 0; i < b->is.rules; i++) {
		struct rule r = { .family = b->is.v6 ? AF_INET6 : AF_INET,
				  .action = FR_ACT_TO_TBL,
				  .priority = 1000 + i,
				  .table = 100 + i,
				  .suppress_plen = UINT32_MAX,
				  .suppress_group = UINT32_MAX };
		if (i % 2) {
			r.mark = i;
			r.mark_mask = UINT32_MAX;
		} else {
			memcpy(r.iif, b->to->name, sizeof r.iif);
		}
		check("rule", rule_add(b->st, &r));
	}
}

static void add_vlans(struct bench *b)
{
	const struct iface_kind *kind = iface_kind_find(b->st, "vlan");
	char name[IFACE_NAME_MAX], options[64], why[256] = "there are none";
	for (unsigned id = 1; id <= b->is.vlans; id++) {
		snprintf(name, sizeof name, "v%u", id);
		snprintf(options, sizeof options, "link=%s,id=%u", b->from->name, id);
		if (!kind || kind->open(b->st, name, options, why, sizeof why))
			die("vlan", why);
	}
}

/* Sources are looked up, too, and are where they came from. */
static void guard_sources(struct bench *b)
{
	const char *from = b->is.v6 ? "2001:db8:0:77::" : "10.77.1.0";
	struct fib_route r = {
		.family = b->is.v6 ? AF_INET6 : AF_INET,
		.plen = b->is.v6 ? 64 : 24,
		.protocol = RTPROT_STATIC,
		.table = RT_TABLE_MAIN,
		.metric = b->is.v6 ? 1024 : 0,
		.nh = { .if_handle = b->from->handle, .type = RTN_UNICAST, .scope = RT_SCOPE_LINK }
	};
	if (!b->is.rp_filter)
		return;
	racy_set(b->from->conf.guard[b->is.v6].rp_filter, (uint8_t)b->is.rp_filter);
	inet_pton(r.family, from, r.dst.b);
	check("route to the sources", fib_add(b->st, &r, FIB_ADD, NULL));
	b->n_routes++;
	view_publish(b->st);
}

/* --- the stack --- */

static uint64_t sent(const struct bench *b)
{
	struct iface_worker_stats s;
	iface_stats(b->to, &s);
	return s.tx_packets;
}

static uint64_t drops(const struct bench *b, enum drop why)
{
	uint64_t sum = 0;
	for (uint16_t id = 0; id < graph_n_nodes(b->st); id++)
		sum += graph_drops(b->st, id, why);
	return sum;
}

static void note_before(struct bench *b)
{
	b->out_before = sent(b);
	for (enum drop why = DROP_NONE; why < DROP_MAX; why++)
		b->drops_before[why] = drops(b, why);
}

static void set_up(struct bench *b)
{
	struct generator_opts o = { .vec = b->is.vec };
	char why[256];
	snprintf(o.file, sizeof o.file, "%s", b->is.pcap);
	b->m = manual_rt_new(1, 1);
	b->rt = manual_rt_of(b->m);
	b->rt->deterministic = false; /* nodes count cycles, as they do in the daemon */
	check("pools", pkt_pools_init(b->rt, POOL_BUDGET));
	check("stack", stack_new(b->rt, "bench", 1, b->is.alone ? alone_modules : leat_modules, &b->st));
	b->st->user = b;
	check("sink", sink_new(b->st, "sink0", &b->to));
	if (generator_new(b->st, "gen0", &o, &b->from, why, sizeof why))
		die(b->is.pcap, why);
	check("sink up", iface_set_up(b->to, true));
	if (!b->is.alone) {
		add_routes(b);
		add_neighbour(b);
		add_rules(b);
		add_vlans(b);
	}
	manual_rt_run(b->m, SETTLE_US); /* duplicate address detection and the like */
	note_before(b);
	check("generator up", iface_set_up(b->from, true));
	if (!b->is.alone)
		guard_sources(b);
}

static void tear_down(struct bench *b)
{
	iface_set_up(b->from, false);
	stack_free(b->st);
	manual_rt_settle(b->m);
	pkt_pools_done(b->rt);
	manual_rt_free(b->m);
}

/* --- measuring --- */

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void turn_until(struct bench *b, uint64_t made)
{
	while (generator_made(b->from) < made)
		lcore_turn(b->rt->lcore[0]);
}

/* Nanoseconds for is.packets of them. */
static uint64_t run_once(struct bench *b)
{
	uint64_t made = generator_made(b->from), from = now_ns();
	turn_until(b, made + b->is.packets);
	return now_ns() - from;
}

static uint64_t best_run(struct bench *b)
{
	uint64_t best = UINT64_MAX;
	turn_until(b, b->is.warm_up);
	b->mem_before = b->st->mem.used_bytes;
	CALLGRIND_START_INSTRUMENTATION;
	for (unsigned i = 0; i < b->is.repeat; i++)
		best = MIN(best, run_once(b));
	CALLGRIND_STOP_INSTRUMENTATION;
	return best;
}

/* {"reason": count, ...} */
static void print_drops(const struct bench *b)
{
	const char *sep = "";
	printf("{");
	for (enum drop why = DROP_NONE + 1; why < DROP_MAX; why++) {
		uint64_t n = drops(b, why) - b->drops_before[why];
		if (n)
			printf("%s\"%s\": %llu", sep, drop_name(why), (unsigned long long)n);
		sep = n ? ", " : sep;
	}
	printf("}");
}

static struct conditions read_arguments(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "pcap", required_argument, NULL, 'p' },
		{ "routes", required_argument, NULL, 'r' },
		{ "vec", required_argument, NULL, 'v' },
		{ "packets", required_argument, NULL, 'n' },
		{ "warm-up", required_argument, NULL, 'w' },
		{ "repeat", required_argument, NULL, 'R' },
		{ "ipv6", no_argument, NULL, '6' },
		{ "alone", no_argument, NULL, 'a' },
		{ "default-route", no_argument, NULL, 'd' },
		{ "ways", required_argument, NULL, 'W' },
		{ "rules", required_argument, NULL, 'u' },
		{ "vlans", required_argument, NULL, 'V' },
		{ "rp-filter", required_argument, NULL, 'f' },
		{ 0 },
	};
	struct conditions c = { .vec = PKT_VEC_MAX, .repeat = 1, .packets = 1000000, .warm_up = 100000 };
	for (int o; (o = getopt_long(argc, argv, "", longopts, NULL)) != -1;) {
		switch (o) {
		case 'p':
			c.pcap = optarg;
			break;
		case 'r':
			c.routes = optarg;
			break;
		case 'v':
			c.vec = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'n':
			c.packets = strtoull(optarg, NULL, 0);
			break;
		case 'w':
			c.warm_up = strtoull(optarg, NULL, 0);
			break;
		case 'R':
			c.repeat = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'W':
			c.ways = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'u':
			c.rules = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'V':
			c.vlans = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			c.rp_filter = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case '6':
			c.v6 = true;
			break;
		case 'a':
			c.alone = true;
			break;
		case 'd':
			c.default_route = true;
			break;
		default:
			exit(1);
		}
	}
	if (!c.pcap || !c.packets || !c.repeat || !c.vec || c.vec > PKT_VEC_MAX || c.ways > WAYS_MAX ||
	    c.vlans > VLANS_MAX || c.rp_filter > 2)
		die("usage", "forward --pcap FILE [--routes FILE] [--default-route] [--ipv6] [--alone] "
			     "[--vec 1..256] [--ways 1..64] [--rules N] [--vlans 1..4094] [--rp-filter 0..2] "
			     "[--packets N] [--warm-up N] [--repeat N]");
	return c;
}

int main(int argc, char **argv)
{
	struct bench b = { .is = read_arguments(argc, argv) };
	set_up(&b);
	uint64_t ns = best_run(&b), made = generator_made(b.from), out = sent(&b) - b.out_before;
	uint64_t grown = b.st->mem.used_bytes - b.mem_before;
	printf("{\"packets\": %llu, \"runs\": %u, \"ns\": %llu, \"routes\": %lu, \"made\": %llu, \"out\": "
	       "%llu, \"grown\": %lld, \"drops\": ",
	       (unsigned long long)b.is.packets, b.is.repeat, (unsigned long long)ns, b.n_routes,
	       (unsigned long long)made, (unsigned long long)out, (long long)grown);
	print_drops(&b);
	printf("}\n");
	tear_down(&b);
	return 0;
}
