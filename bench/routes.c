/* SPDX-License-Identifier: BSD-2-Clause */
/* What a route costs by netlink: a file of prefixes is installed, dumped and withdrawn by the messages that `ip -batch` sends, one request a
 * datagram, each acknowledged. In-process: what is measured is what the daemon does behind its descriptors. --phase says which of
 * the three callgrind is to see. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
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
#include "dev/sink.h"
#include "net/fib.h"
#include "netlink/nl_sock.h"
#include "stack/stack_modules.h"

enum { SETTLE_US = 5000000, SETTLE_EVERY = 64, READ_BYTES = 32768 };
enum phase { LOAD, DUMP, WITHDRAW, N_PHASES };
static const char *const phase_names[N_PHASES] = { "load", "dump", "withdraw" };

struct prefix {
	struct ipaddr addr;
	uint8_t plen;
};

struct bench {
	struct manual_rt *m;
	struct leat_stack *st;
	struct iface *to;
	struct nl_sock *sock;
	bool v6;
	int callgrind_phase;
	struct prefix *prefix;
	size_t n;
	uint64_t acked, refused, shown, ns[N_PHASES];
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "routes: %s: %s\n", what, why);
	exit(1);
}

static void check(const char *what, int err)
{
	if (err)
		die(what, strerror(-err));
}

/* --- prefixes --- */

static struct prefix read_prefix(char *line, bool v6)
{
	struct prefix p = { 0 };
	char *slash = strchr(line, '/');
	if (slash)
		*slash = 0;
	if (!slash || inet_pton(v6 ? AF_INET6 : AF_INET, line, p.addr.b) != 1)
		die(line, "not a prefix of that family");
	p.plen = (uint8_t)atoi(slash + 1);
	return p;
}

static void read_prefixes(struct bench *b, const char *path)
{
	char line[128];
	FILE *f = fopen(path, "r");
	if (!f)
		die(path, strerror(errno));
	while (fgets(line, sizeof line, f)) {
		if (b->n % 65536 == 0)
			b->prefix = realloc(b->prefix, (b->n + 65536) * sizeof *b->prefix);
		if (!b->prefix)
			die(path, "no memory");
		b->prefix[b->n++] = read_prefix(line, b->v6);
	}
	fclose(f);
}

/* --- netlink --- */

static void count_message(struct bench *b, const struct nlmsghdr *h)
{
	if (h->nlmsg_type == NLMSG_ERROR) {
		int err = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
		b->acked++;
		b->refused += err != 0;
	} else if (h->nlmsg_type == RTM_NEWROUTE) {
		b->shown += ((const struct rtmsg *)mnl_nlmsg_get_payload(h))->rtm_protocol == RTPROT_BOOT;
	}
}

static int deliver(void *ctx, const void *bytes, size_t len_bytes, uint32_t src_portid, uint32_t group)
{
	const uint8_t *p = bytes;
	for (size_t off = 0; off + NLMSG_HDRLEN <= len_bytes;) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(p + off);
		count_message(ctx, h);
		off += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}
static const struct nl_sock_ops ops = { .deliver = deliver };

static void route_message(struct bench *b, const struct prefix *p, uint16_t type, struct nl_buf *out)
{
	uint16_t flags = type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0;
	uint8_t family = b->v6 ? AF_INET6 : AF_INET;
	struct ipaddr gw = { 0 };
	inet_pton(family, b->v6 ? "2001:db8::2" : "192.0.2.2", gw.b);
	struct rtmsg *m = nl_begin(out, type, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0, sizeof *m);
	*m = (struct rtmsg){ .rtm_family = family,
			     .rtm_dst_len = p->plen,
			     .rtm_table = RT_TABLE_MAIN,
			     .rtm_protocol = RTPROT_BOOT,
			     .rtm_scope = RT_SCOPE_UNIVERSE,
			     .rtm_type = RTN_UNICAST };
	nl_put(out, RTA_DST, p->addr.b, b->v6 ? 16 : 4);
	nl_put(out, RTA_GATEWAY, gw.b, b->v6 ? 16 : 4);
	nl_end(out);
}

static void send_all(struct bench *b, uint16_t type)
{
	uint8_t room[256] __attribute__((aligned(8)));
	struct nl_buf out;
	for (size_t i = 0; i < b->n; i++) {
		nl_buf_init_fixed(&out, room, sizeof room);
		route_message(b, &b->prefix[i], type, &out);
		check("request", nl_sock_input_own(b->sock, out.p, out.len_bytes));
		if (i % SETTLE_EVERY == 0)
			manual_rt_settle(b->m);
	}
	manual_rt_settle(b->m);
}

static void dump(struct bench *b)
{
	uint8_t room[64] __attribute__((aligned(8)));
	struct nl_buf out;
	nl_buf_init_fixed(&out, room, sizeof room);
	struct rtmsg *m = nl_begin(&out, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0, sizeof *m);
	m->rtm_family = b->v6 ? AF_INET6 : AF_INET;
	nl_end(&out);
	nl_sock_recv_hint(b->sock, READ_BYTES);
	check("request", nl_sock_input_own(b->sock, out.p, out.len_bytes));
	while (nl_sock_has_more(b->sock))
		manual_rt_run(b->m, 1);
}

/* --- phases --- */

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void run_phase(struct bench *b, enum phase p)
{
	uint64_t from = cpu_ns();
	if (b->callgrind_phase == (int)p)
		CALLGRIND_START_INSTRUMENTATION;
	if (p == DUMP)
		dump(b);
	else
		send_all(b, p == LOAD ? RTM_NEWROUTE : RTM_DELROUTE);
	if (b->callgrind_phase == (int)p)
		CALLGRIND_STOP_INSTRUMENTATION;
	b->ns[p] = cpu_ns() - from;
}

static void add_link_route(struct bench *b)
{
	struct fib_route r = { .family = b->v6 ? AF_INET6 : AF_INET,
			       .plen = b->v6 ? 64 : 24,
			       .protocol = RTPROT_STATIC,
			       .table = RT_TABLE_MAIN,
			       .metric = b->v6 ? 1024 : 0,
			       .nh = { .if_handle = b->to->handle,
				       .type = RTN_UNICAST,
				       .scope = b->v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK } };
	inet_pton(r.family, b->v6 ? "2001:db8::" : "192.0.2.0", r.dst.b);
	check("link route", fib_add(b->st, &r, FIB_ADD, NULL));
}

static void set_up(struct bench *b)
{
	struct nl_creds creds = { .pid = 77, .may_configure = true };
	b->m = manual_rt_new(1, 1);
	struct leat_runtime *rt = manual_rt_of(b->m);
	check("pools", pkt_pools_init(rt, 64 << 20));
	check("stack", stack_new(rt, "bench", 1, leat_modules, &b->st));
	check("sink", sink_new(b->st, "sink0", &b->to));
	check("sink up", iface_set_up(b->to, true));
	manual_rt_run(b->m, SETTLE_US);
	add_link_route(b);
	check("socket", nl_sock_new(b->st, NETLINK_ROUTE, &creds, &ops, b, &b->sock));
}

static void tear_down(struct bench *b)
{
	nl_sock_free(b->sock);
	stack_free(b->st);
	manual_rt_settle(b->m);
	pkt_pools_done(manual_rt_of(b->m));
	manual_rt_free(b->m);
	free(b->prefix);
}

static int phase_of(const char *name)
{
	for (int p = 0; p < N_PHASES; p++)
		if (!strcmp(name, phase_names[p]))
			return p;
	die("no such phase", name);
	return 0;
}

static void read_arguments(struct bench *b, int argc, char **argv)
{
	static const struct option longopts[] = { { "ipv6", no_argument, NULL, '6' },
						  { "phase", required_argument, NULL, 'p' },
						  { 0 } };
	for (int o; (o = getopt_long(argc, argv, "", longopts, NULL)) != -1;) {
		if (o == '6')
			b->v6 = true;
		else if (o == 'p')
			b->callgrind_phase = phase_of(optarg);
		else
			exit(1);
	}
	if (optind + 1 != argc)
		die("usage", "routes [--ipv6] [--phase load|dump|withdraw] FILE");
	read_prefixes(b, argv[optind]);
}

int main(int argc, char **argv)
{
	struct bench b = { .callgrind_phase = -1 };
	read_arguments(&b, argc, argv);
	set_up(&b);
	uint64_t before = b.st->mem.used_bytes, full;
	run_phase(&b, LOAD);
	full = b.st->mem.used_bytes;
	run_phase(&b, DUMP);
	run_phase(&b, WITHDRAW);
	if (b.acked != 2 * b.n || b.refused || b.shown != b.n)
		die("netlink", "not every route was acknowledged and shown");
	printf("{\"routes\": %zu, \"bytes\": %llu, \"left\": %lld", b.n, (unsigned long long)(full - before),
	       (long long)(b.st->mem.used_bytes - before));
	for (enum phase p = 0; p < N_PHASES; p++)
		printf(", \"%s_ns\": %llu", phase_names[p], (unsigned long long)b.ns[p]);
	printf("}\n");
	tear_down(&b);
	return 0;
}
