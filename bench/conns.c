/* SPDX-License-Identifier: BSD-2-Clause */
/* What connections cost while they do nothing: N of them between two stacks of this process, by socket calls, in virtual time on one
 * thread. Printed as one JSON object: bytes of each end and of an idle UDP socket, all told, by what the accounts of the stacks were
 * charged (socket, endpoint, connection, hash tables, what the slabs waste) and by the resident set; how many are opened and closed in a
 * second of CPU time, both ends together; what stays when all are closed; the longest of all steps (one connect, or all that the workers
 * do about a few) and how many took longer than a millisecond.
 *
 *	conns [CONNECTIONS [UDP-SOCKETS]]	200000, 100000 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/manual.h"
#include "dev/mem.h"
#include "net/addr.h"
#include "net/iface.h"
#include "net/sysctl.h"
#include "sock/sock.h"
#include "stack/stack_modules.h"

enum {
	BATCH = 8,
	PER_PORT = 50000,
	FIRST_PORT = 7000,
	PORTS_MAX = 64,
	POOL_BUDGET = 64 << 20,
	SEC = 1000000
};

struct steps {
	double longest_us;
	unsigned long n, over_1ms;
};

struct bench {
	struct manual_rt *m;
	struct leat_stack *one, *two;
	struct sock **client, **server, *listener[PORTS_MAX];
	unsigned long n, n_udp;
	struct steps steps;
};

static void check(const char *what, int err)
{
	if (!err)
		return;
	fprintf(stderr, "conns: %s: %s\n", what, strerror(-err));
	exit(1);
}

static double cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void step_done(struct bench *b, double since_us)
{
	double us = cpu_us() - since_us;
	b->steps.n++;
	b->steps.over_1ms += us > 1000;
	if (us > b->steps.longest_us)
		b->steps.longest_us = us;
}

static void settle(struct bench *b)
{
	double t = cpu_us();
	manual_rt_settle(b->m);
	step_done(b, t);
}

static uint64_t charged(const struct bench *b)
{
	return b->one->mem.used_bytes + b->two->mem.used_bytes;
}

static uint64_t resident(void)
{
	unsigned long all, rss = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%lu %lu", &all, &rss) != 2)
		rss = 0;
	if (f)
		fclose(f);
	return rss * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* --- two stacks --- */

static struct leat_stack *stack(struct bench *b, const char *name)
{
	struct leat_stack *st;
	char why[200];
	check(name, stack_new(manual_rt_of(b->m), name, 1, leat_modules, &st));
	check("lo", iface_set_up(iface_by_name(st, "lo"), true));
	if (sysctl_set(st, "net.ipv4.ip_local_port_range", "1024 65535", why, sizeof why))
		check(why, -EINVAL);
	return st;
}

static void address(struct leat_stack *st, struct iface *i, uint8_t last)
{
	struct addr a = { .if_handle = i->handle,
			  .family = AF_INET,
			  .plen = 24,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	a.local.v4 = a.peer.v4 = be32_of(0x0a000000 | last);
	a.broadcast.v4 = be32_of(0x0a0000ff);
	check("up", iface_set_up(i, true));
	check("address", addr_add(st, &a, false));
	view_publish(st);
}

static struct sockaddr_in name(uint32_t a, unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(a) };
}

static struct sock *bound(struct leat_stack *st, int type, uint32_t a, unsigned port)
{
	struct sockaddr_in at = name(a, port);
	struct sock *s;
	check("socket", sock_open(st, AF_INET, type, 0, NULL, &s));
	check("bind", sock_bind(s, (struct sockaddr *)&at, sizeof at));
	return s;
}

static void begin(struct bench *b)
{
	struct iface *both[2];
	b->m = manual_rt_new(1, 1);
	check("pools", pkt_pools_init(manual_rt_of(b->m), POOL_BUDGET));
	b->one = stack(b, "one");
	b->two = stack(b, "two");
	check("pair", mem_pair_new(b->one, "ma", b->two, "mb", NULL, both));
	address(b->one, both[0], 1);
	address(b->two, both[1], 2);
	for (unsigned i = 0; i < b->n / PER_PORT + 1; i++) {
		b->listener[i] = bound(b->two, SOCK_STREAM, 0, FIRST_PORT + i);
		check("listen", sock_listen(b->listener[i], 4096));
	}
	manual_rt_run(b->m, 5 * SEC);
}

/* --- opening and closing --- */

static void open_one(struct bench *b, unsigned long i)
{
	struct sockaddr_in to = name(0x0a000002, FIRST_PORT + (unsigned)(i / PER_PORT));
	check("socket", sock_open(b->one, AF_INET, SOCK_STREAM, 0, NULL, &b->client[i]));
	double t = cpu_us();
	int err = sock_connect(b->client[i], (struct sockaddr *)&to, sizeof to);
	step_done(b, t);
	check("connect", err == -EINPROGRESS ? 0 : err);
}

static void open_all(struct bench *b)
{
	unsigned long accepted = 0;
	for (unsigned long i = 0; i < b->n;) {
		for (unsigned k = 0; k < BATCH && i < b->n; k++)
			open_one(b, i++);
		settle(b);
		while (accepted < i) {
			check("accept", sock_accept(b->listener[accepted / PER_PORT], &b->server[accepted]));
			accepted++;
		}
	}
}

static void close_all(struct bench *b)
{
	for (unsigned long i = 0; i < b->n;) {
		unsigned long from = i;
		for (unsigned k = 0; k < BATCH && i < b->n; k++)
			sock_close(b->client[i++]);
		settle(b);
		while (from < i)
			sock_close(b->server[from++]);
		settle(b);
	}
}

static void udp_all(struct bench *b, struct sock **s)
{
	for (unsigned long i = 0; i < b->n_udp; i++) {
		double t = cpu_us();
		s[i] = bound(b->one, SOCK_DGRAM, 0x7f000001 + (uint32_t)(i / PER_PORT),
			     1024 + (unsigned)(i % PER_PORT));
		step_done(b, t);
	}
}

static double per(uint64_t after, uint64_t before, unsigned long n)
{
	return n ? ((double)after - (double)before) / (double)n : 0;
}

int main(int argc, char **argv)
{
	struct bench b = { .n = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000,
			   .n_udp = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000 };
	if (b.n / PER_PORT >= PORTS_MAX || !b.n || b.n_udp > 200UL * PER_PORT) {
		fprintf(stderr, "usage: conns [CONNECTIONS [UDP-SOCKETS]]\n");
		return 2;
	}
	begin(&b);
	b.client = calloc(b.n, sizeof *b.client);
	b.server = calloc(b.n, sizeof *b.server);
	struct sock **udp = calloc(b.n_udp + 1, sizeof *udp);
	if (!b.client || !b.server || !udp)
		check("memory", -ENOMEM);
	memset(b.client, 1, b.n * sizeof *b.client); /* resident before anything is measured */
	memset(b.server, 1, b.n * sizeof *b.server);
	memset(udp, 1, b.n_udp * sizeof *udp);

	uint64_t before = charged(&b), rss_before = resident();
	double t = cpu_us();
	open_all(&b);
	double open_us = cpu_us() - t;
	manual_rt_run(b.m, 30 * SEC);
	uint64_t open = charged(&b), rss_open = resident();
	t = cpu_us();
	close_all(&b);
	double close_us = cpu_us() - t;
	manual_rt_run(b.m, 100 * SEC);
	uint64_t after = charged(&b);

	udp_all(&b, udp);
	uint64_t with_udp = charged(&b);
	for (unsigned long i = 0; i < b.n_udp; i++)
		sock_close(udp[i]);
	manual_rt_settle(b.m);

	printf("{\"connections\": %lu, \"bytes_per_end\": %.1f, \"resident_per_end\": %.1f, \"opens_per_s\": "
	       "%.0f, "
	       "\"closes_per_s\": %.0f, \"udp_sockets\": %lu, \"bytes_per_udp\": %.1f, \"before\": %lu, "
	       "\"open\": %lu, "
	       "\"after\": %lu, \"after_udp\": %lu, \"longest_step_us\": %.0f, \"steps\": %lu, \"over_1ms\": "
	       "%lu}\n",
	       b.n, per(open, before, 2 * b.n), per(rss_open, rss_before, 2 * b.n),
	       (double)b.n / open_us * 1e6, (double)b.n / close_us * 1e6, b.n_udp,
	       per(with_udp, after, b.n_udp), (unsigned long)before, (unsigned long)open,
	       (unsigned long)after, (unsigned long)charged(&b), b.steps.longest_us, b.steps.n,
	       b.steps.over_1ms);
	for (unsigned i = 0; i < b.n / PER_PORT + 1; i++)
		sock_close(b.listener[i]);
	stack_free(b.one);
	stack_free(b.two);
	manual_rt_settle(b.m);
	pkt_pools_done(manual_rt_of(b.m));
	manual_rt_free(b.m);
	free(b.client);
	free(b.server);
	free(udp);
	return 0;
}
