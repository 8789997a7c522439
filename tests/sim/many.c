/* SPDX-License-Identifier: BSD-2-Clause */
/* many N SEED: N routers in one process, joined to a random connected graph with static routes between random pairs. An idle
 * virtual hour; then every pair pings while some wires are cut: exactly those whose way is whole are answered. Prints what
 * an idle stack takes. Ends with status 1, and a line that repeats it, when anything is not as it should be.
 *
 *	node i: 10.255.i/32 on lo; wire w: 10.128+.w.0/31, no IPv6 on it but the link-local addresses */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/addr.h"
#include "net/fib.h"
#include "sim/sim.h"

enum {
	PER_NODE_EXTRA = 2,
	IDLE_MAX_BYTES = 256 << 10,
	IDLE_MAX_S = 30 /* of processor time */,
	CUT_ONE_OF = 20
};

struct wire {
	unsigned end[2];
	struct sim_wire *w;
	bool cut;
};

struct pair {
	unsigned from, to, n_path, path[128]; /* wires, there and back */
	struct sim_ping *ping;
};

static struct many {
	struct sim *s;
	unsigned n, n_wires, n_pairs;
	uint64_t random;
	struct sim_node **node;
	struct wire *wire;
	struct pair *pair;
	unsigned *via; /* scratch: by which wire the search came to a node */
	unsigned *queue;
} m;

static unsigned below(unsigned n)
{
	m.random = m.random * 6364136223846793005U + 1442695040888963407U; /* Knuth's MMIX */
	return (unsigned)((m.random >> 33) % n);
}

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	exit(2);
}

static be32 node_addr(unsigned i)
{
	return be32_of(0x0aff0000 + i);
}
static be32 wire_addr(unsigned w, unsigned end)
{
	return be32_of(0x0a800000 + 2 * w + end);
}

static void add_addr(struct iface *i, be32 a, uint8_t plen)
{
	struct addr how = { .if_handle = i->handle,
			    .family = AF_INET,
			    .plen = plen,
			    .local.v4 = a,
			    .peer.v4 = a,
			    .valid_s = UINT32_MAX,
			    .preferred_s = UINT32_MAX };
	must(addr_add(i->st, &how, false), "address");
	view_publish(i->st);
}

/* --- the graph --- */

static void join(unsigned a, unsigned b)
{
	char a_if[16], b_if[16];
	struct sim_wire_conf c = { .rate_bps = 1000000000, .delay_us = 500 + below(5000) };
	unsigned w = m.n_wires++;
	m.wire[w] = (struct wire){ .end = { a, b } };
	snprintf(a_if, sizeof a_if, "w%u", w);
	snprintf(b_if, sizeof b_if, "w%u", w);
	must(sim_wire_new(m.s, m.node[a], a_if, m.node[b], b_if, &c, &m.wire[w].w), "wire");
	for (unsigned e = 0; e < 2; e++) {
		struct iface *i = sim_wire_iface(m.wire[w].w, e);
		must(iface_set_up(i, true), "up");
		add_addr(i, wire_addr(w, e), 31);
	}
}

static void make_nodes(void)
{
	for (unsigned i = 0; i < m.n; i++) {
		char name[16];
		snprintf(name, sizeof name, "r%u", i);
		must(sim_node_new(m.s, name, 1, &m.node[i]), "node");
		add_addr(iface_by_name(sim_node_stack(m.node[i]), "lo"), node_addr(i), 32);
	}
	sim_settle(m.s);
}

static void make_wires(void)
{
	for (unsigned i = 1; i < m.n; i++)
		join(i, below(i));
	for (unsigned i = 0; i < m.n / PER_NODE_EXTRA; i++) {
		unsigned a = below(m.n), b = below(m.n);
		if (a != b)
			join(a, b);
	}
	sim_run(m.s, 10 * SIM_SEC);
}

/* --- routes along the shortest way of each pair, there and back --- */

static void search(unsigned from)
{
	unsigned head = 0, tail = 0;
	for (unsigned i = 0; i < m.n; i++)
		m.via[i] = UINT32_MAX;
	m.queue[tail++] = from;
	m.via[from] = UINT32_MAX - 1;
	while (head < tail) {
		unsigned at = m.queue[head++];
		for (unsigned w = 0; w < m.n_wires; w++) {
			const unsigned *e = m.wire[w].end;
			unsigned to = e[0] == at ? e[1] : e[0];
			if ((e[0] != at && e[1] != at) || m.via[to] != UINT32_MAX)
				continue;
			m.via[to] = w;
			m.queue[tail++] = to;
		}
	}
}

static void route(unsigned at, unsigned wire, unsigned dst)
{
	unsigned e = m.wire[wire].end[1] == at;
	struct fib_route r = { .family = AF_INET,
			       .plen = 32,
			       .protocol = RTPROT_STATIC,
			       .table = RT_TABLE_MAIN,
			       .dst.v4 = node_addr(dst),
			       .nh = { .type = RTN_UNICAST,
				       .prefsrc.v4 = node_addr(at),
				       .prefsrc_family = AF_INET,
				       .gw_family = AF_INET,
				       .gw.v4 = wire_addr(wire, !e),
				       .if_handle = sim_wire_iface(m.wire[wire].w, e)->handle } };
	struct leat_stack *st = sim_node_stack(m.node[at]);
	int err = fib_add(st, &r, FIB_REPLACE, NULL);
	must(err, "route");
	view_publish(st);
}

/* The ways to one node always form the same tree, so pairs do not spoil each other's. */
static void lead(struct pair *p, unsigned from, unsigned to)
{
	search(to);
	for (unsigned at = from; at != to;) {
		unsigned w = m.via[at];
		if (p->n_path == ARRAY_SIZE(p->path))
			must(-E2BIG, "path");
		p->path[p->n_path++] = w;
		route(at, w, to);
		at = m.wire[w].end[m.wire[w].end[0] == at];
	}
}

static void make_pair(struct pair *p)
{
	p->from = below(m.n);
	p->to = (p->from + 1 + below(m.n - 1)) % m.n;
	lead(p, p->from, p->to);
	lead(p, p->to, p->from);
}

/* --- what is measured --- */

static uint64_t resident_bytes(void)
{
	unsigned long size = 0, rss = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%lu %lu", &size, &rss) != 2)
		rss = 0;
	if (f)
		fclose(f);
	return (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t accounted_bytes(void)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < m.n; i++)
		sum += sim_node_stack(m.node[i])->mem.used_bytes;
	return sum;
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others on the machine do not count */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What a stack takes, and that time is cheap when nothing happens. 1 when it takes more than it may. */
static int idle_hour(const char *when, uint64_t rss_before)
{
	uint64_t rss = (resident_bytes() - rss_before) / m.n, accounted = accounted_bytes() / m.n;
	double start = seconds();
	sim_run(m.s, 3600ULL * SIM_SEC);
	double took = seconds() - start;
	printf("%u stacks, %u wires, %s: %lu KiB a stack (resident %lu KiB); an idle virtual hour took %.2f "
	       "s\n",
	       m.n, m.n_wires, when, accounted >> 10, rss >> 10, took);
	return accounted > IDLE_MAX_BYTES || took > IDLE_MAX_S;
}

/* --- pings --- */

static bool is_whole(const struct pair *p)
{
	for (unsigned i = 0; i < p->n_path; i++)
		if (m.wire[p->path[i]].cut)
			return false;
	return true;
}

static void cut_some(void)
{
	for (unsigned i = 0; i < m.n_wires; i++) {
		m.wire[i].cut = !below(CUT_ONE_OF);
		sim_wire_cut(m.wire[i].w, m.wire[i].cut);
	}
}

/* How many of the pairs are not answered as they should be. */
static unsigned ping_all(void)
{
	unsigned wrong = 0, whole = 0;
	for (unsigned i = 0; i < m.n_pairs; i++) {
		char to[32];
		be32 a = node_addr(m.pair[i].to);
		snprintf(to, sizeof to, "%u.%u.%u.%u", a.b[0], a.b[1], a.b[2], a.b[3]);
		const struct sim_ping_conf c = { .to = to, .count = 2, .size = 56, .interval_us = SIM_SEC };
		must(sim_ping(m.node[m.pair[i].from], &c, &m.pair[i].ping), "ping");
	}
	sim_run(m.s, 60ULL * SIM_SEC);
	for (unsigned i = 0; i < m.n_pairs; i++) {
		struct sim_ping_stats st;
		sim_ping_stats(m.pair[i].ping, &st);
		whole += is_whole(&m.pair[i]);
		wrong += st.received != (is_whole(&m.pair[i]) ? 2 : 0) || st.bad || st.duplicates;
	}
	printf("%u pairs ping, the way of %u is whole: %u not as expected\n", m.n_pairs, whole, wrong);
	return wrong;
}

static unsigned check_wires(void)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < 2 * m.n_wires; i++) {
		struct sim_wire_stats s;
		uint64_t dropped = 0;
		sim_wire_stats(m.wire[i / 2].w, i % 2, &s);
		for (unsigned k = 0; k < SIM_DROPS; k++)
			dropped += s.dropped[k];
		wrong += s.in + s.duplicated != s.out + dropped + s.held;
	}
	return wrong;
}

int main(int argc, char **argv)
{
	uint64_t before = resident_bytes();
	m.n = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
	struct sim_opts o = { .seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1 };
	if (m.n < 2 || m.n > 65535)
		return 2;
	m.random = o.seed;
	m.n_pairs = m.n;
	m.node = calloc(m.n, sizeof *m.node);
	m.wire = calloc(2 * m.n, sizeof *m.wire);
	m.pair = calloc(m.n_pairs, sizeof *m.pair);
	m.via = calloc(m.n, sizeof *m.via);
	m.queue = calloc(m.n, sizeof *m.queue);
	must(sim_new(&o, &m.s), "simulation");
	make_nodes();
	make_wires();
	unsigned wrong = (unsigned)idle_hour("fresh", before);
	for (unsigned i = 0; i < m.n_pairs; i++)
		make_pair(&m.pair[i]);
	wrong += ping_all();
	wrong += (unsigned)idle_hour("after pings", before);
	cut_some();
	wrong += ping_all();
	wrong += check_wires();
	printf("seed %lu, digest %016lx\n", o.seed, sim_digest(m.s));
	wrong += sim_free(m.s) != 0;
	free(m.node);
	free(m.wire);
	free(m.pair);
	free(m.via);
	free(m.queue);
	if (wrong)
		printf("FAILED; to see it again: %s %u %lu\n", argv[0], m.n, o.seed);
	return wrong ? 1 : 0;
}
