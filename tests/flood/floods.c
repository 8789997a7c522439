/* SPDX-License-Identifier: BSD-2-Clause */
/* floods SECONDS RATE: each kind of flood (frames.h) for so many virtual seconds, RATE frames a second, against a router on whose other
 * links datagrams and pings go on, begun a second earlier. Not one of those may be lost, and what the router's memory accounts say at
 * most after a sixth of the time must not be more than in the sixth before, but for a few entries of tables (SLACK_BYTES). Then a
 * scan without bounds, where memory must be seen to grow: without that this would have shown nothing.
 *
 * Not covered: a host that the router does not know yet cannot be told from the others that are asked for in a scan, and may wait.
 *
 *	client  eth0 ---- l0  leat  l1 ---- eth0  server
 *	                  l2  the flood comes in here       s0  takes everything */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/sink.h"
#include "frames.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "net/sysctl.h"
#include "sim/sim.h"

enum {
	STEP_MS = 20,
	FLOWS_EACH_S = 50,
	BEFORE_S = 1,
	SLACK_BYTES = 64 << 10,
	FRAMES_MIN = 600000 /* a sixth of them fills what has a bound */,
	VECTOR = 256
};
enum { CLIENT, LEAT, SERVER, NODES };

struct setting {
	const char *name, *value;
};

struct world {
	struct sim *s;
	struct sim_node *node[NODES];
	struct leat_stack *st; /* leat's */
	struct iface *l2;
	struct sim_wire *wire[2];
	struct flood flood;
	struct sim_ping *ping[4];
	struct sim_udp *udp[2];
	uint64_t arrived;
};

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	exit(2);
}

/* --- the network --- */

static struct ipaddr addr_of(const char *text, uint8_t *ret_family)
{
	struct ipaddr a = { 0 };
	*ret_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	must(inet_pton(*ret_family, text, a.b) == 1 ? 0 : -EINVAL, text);
	return a;
}

static void add_addr(struct iface *i, const char *text, uint8_t plen)
{
	struct addr a = {
		.if_handle = i->handle, .plen = plen, .valid_s = UINT32_MAX, .preferred_s = UINT32_MAX
	};
	a.local = a.peer = addr_of(text, &a.family);
	a.flags = a.family == AF_INET6 ? IFA_F_NODAD : 0;
	must(addr_add(i->st, &a, false), text);
	view_publish(i->st);
}

static void add_route(struct iface *i, const char *dst, uint8_t plen, const char *gw)
{
	struct fib_route r = { .plen = plen, .protocol = RTPROT_STATIC, .table = RT_TABLE_MAIN };
	r.dst = addr_of(dst, &r.family);
	r.metric = r.family == AF_INET6 ? 1024 : 0;
	r.nh.type = RTN_UNICAST;
	r.nh.scope = RT_SCOPE_UNIVERSE;
	r.nh.flags = RTNH_F_ONLINK;
	r.nh.if_handle = i->handle;
	r.nh.gw = addr_of(gw, &r.nh.gw_family);
	must(fib_add(i->st, &r, FIB_ADD, NULL), dst);
	view_publish(i->st);
}

static void add_neigh(struct iface *i, const char *text)
{
	struct neigh_info n = { .if_handle = i->handle,
				.state = NUD_PERMANENT,
				.has_mac = true,
				.mac = { 2, 0x66, 0, 0, 0, 2 } };
	n.addr = addr_of(text, &n.family);
	must(neigh_set(i->st, &n, NLM_F_CREATE), text);
}

static void set(struct leat_stack *st, const char *name, const char *value)
{
	char why[200] = "";
	int err = sysctl_set(st, name, value, why, sizeof why);
	must(err, *why ? why : name);
	view_publish(st);
}

/* The link the flood comes in by: nobody reads what goes out. */
static void quiet(struct iface *i)
{
}
static int up(struct iface *i)
{
	iface_set_carrier(i, true);
	return 0;
}
static void xmit(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	pkt_free_bulk(w->lc, p, n);
}
static const struct iface_ops l2_ops = {
	.kind = "flood", .xmit = xmit, .up = up, .down = quiet, .stop = quiet, .free = quiet
};

static void add_attacker(struct world *x)
{
	struct iface_new how = { .name = "l2",
				 .ops = &l2_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 1500,
				 .mac = { 2, 0, 0, 0, 3, 1 } };
	must(iface_add(x->st, &how, &x->l2), "l2");
	must(iface_set_up(x->l2, true), "l2");
	add_addr(x->l2, "10.77.3.1", 24);
	add_addr(x->l2, "fd77:3::1", 64);
	add_neigh(x->l2, "10.77.3.2");
	add_neigh(x->l2, "fd77:3::2");
	set(x->st, "net.ipv6.conf.l2.accept_ra", "2");
	set(x->st, "net.ipv6.conf.l2.accept_ra_rt_info_max_plen", "64");
	memcpy(x->flood.mac, x->l2->mac, 6);
}

static void add_host(struct world *x, unsigned n, const char *own4, const char *own6, const char *leat4,
		     const char *leat6)
{
	const struct sim_wire_conf c = { .delay_us = 100, .up = true };
	char name[8];
	snprintf(name, sizeof name, "l%u", n);
	must(sim_wire_new(x->s, x->node[n ? SERVER : CLIENT], "eth0", x->node[LEAT], name, &c, &x->wire[n]),
	     name);
	struct iface *host = sim_wire_iface(x->wire[n], 0), *leat = sim_wire_iface(x->wire[n], 1);
	add_addr(host, own4, 24);
	add_addr(host, own6, 64);
	add_addr(leat, leat4, 24);
	add_addr(leat, leat6, 64);
	add_route(host, "0.0.0.0", 0, leat4);
	add_route(host, "::", 0, leat6);
}

/* Living neighbours prove that they are there again and again, so that the flood meets each of their states. */
static void age_quickly(struct world *x)
{
	static const char *const links[] = { "ipv4.neigh.l0", "ipv4.neigh.l1", "ipv6.neigh.l0",
					     "ipv6.neigh.l1" };
	char name[80];
	for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(name, sizeof name, "net.%s.base_reachable_time_ms", links[i]);
		set(x->st, name, "1000");
		snprintf(name, sizeof name, "net.%s.delay_first_probe_time_ms", links[i]);
		set(x->st, name, "200");
	}
}

static void add_sink(struct world *x)
{
	struct iface *sink;
	must(sink_new(x->st, "s0", &sink), "s0");
	must(iface_set_up(sink, true), "s0");
	add_neigh(sink, "192.0.2.2");
	add_neigh(sink, "fe80::2");
	add_route(sink, "198.18.0.0", 15, "192.0.2.2");
	add_route(sink, "2001:db8::", 32, "fe80::2");
}

static void set_up(struct world *x, unsigned workers)
{
	static const char *const names[] = { "client", "leat", "server" };
	const struct sim_opts o = { .seed = 7, .lcores = workers };
	*x = (struct world){ .flood = { .seed = 1, .own = { 2, 0x66, 0, 0, 0, 2 } } };
	must(sim_new(&o, &x->s), "simulation");
	for (unsigned i = 0; i < NODES; i++)
		must(sim_node_new(x->s, names[i], i == LEAT ? workers : 1, &x->node[i]), names[i]);
	x->st = sim_node_stack(x->node[LEAT]);
	set(x->st, "net.ipv4.ip_forward", "1");
	set(x->st, "net.ipv6.conf.all.forwarding", "1");
	add_host(x, 0, "10.77.1.2", "fd77:1::2", "10.77.1.1", "fd77:1::1");
	add_host(x, 1, "10.77.2.2", "fd77:2::2", "10.77.2.1", "fd77:2::1");
	add_addr(sim_wire_iface(x->wire[1], 1), "10.80.0.1", 16);
	add_attacker(x);
	add_sink(x);
	age_quickly(x);
	sim_run(x->s, 3 * SIM_SEC);
}

/* --- flows --- */

static void start_flows(struct world *x, unsigned seconds)
{
	static const char *const pinged[] = { "10.77.2.2", "fd77:2::2", "10.77.1.1", "fd77:1::1" };
	static const char *const told[] = { "10.77.2.2", "fd77:2::2" };
	uint32_t count = seconds * FLOWS_EACH_S;
	uint64_t interval_us = SIM_SEC / FLOWS_EACH_S;
	for (unsigned i = 0; i < ARRAY_SIZE(pinged); i++) {
		const struct sim_ping_conf c = {
			.to = pinged[i], .count = count, .size = 64, .interval_us = interval_us
		};
		must(sim_ping(x->node[CLIENT], &c, &x->ping[i]), pinged[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(told); i++) {
		const struct sim_udp_conf c = { .to = told[i],
						.port = (uint16_t)(7000 + i),
						.count = count,
						.size = 200,
						.interval_us = interval_us };
		must(sim_udp(x->node[CLIENT], x->node[SERVER], &c, &x->udp[i]), told[i]);
	}
}

/* Messages that did not arrive. */
static uint64_t lost(const struct world *x)
{
	struct sim_ping_stats s;
	uint64_t n = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(x->ping); i++) {
		sim_ping_stats(x->ping[i], &s);
		n += s.sent - s.received;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(x->udp); i++) {
		sim_udp_stats(x->udp[i], &s);
		n += s.sent - s.received;
	}
	return n;
}

/* --- the flood --- */

static void arrive(struct world *x, const struct flood_kind *k, unsigned n)
{
	struct worker *w = x->st->worker[0];
	uint8_t frame[FLOOD_FRAME_MAX];
	struct pkt *p[VECTOR];
	unsigned made = 0;
	for (; made < n && (p[made] = pkt_new(w->lc)); made++) {
		x->flood.b = frame;
		k->make(&x->flood);
		if (!pkt_append(w->lc, p[made], frame, x->flood.len))
			must(-ENOBUFS, "a frame");
	}
	x->arrived += made;
	iface_input(w, x->l2, p, made);
}

struct outcome {
	uint64_t mark, most; /* bytes: the most until the mark, and after it */
	uint64_t lost, packets; /* of the flows; packets: descriptors in use at most */
};

static uint64_t packets_in_use(const struct world *x)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < x->st->n_workers; i++) {
		struct pkt_stats s;
		pkt_stats(x->st->worker[i]->lc, &s);
		n += s.in_use;
	}
	return n;
}

static void look(const struct world *x, bool marked, struct outcome *o)
{
	uint64_t *to = marked ? &o->most : &o->mark;
	*to = MAX(*to, x->st->mem.used_bytes);
	o->packets = MAX(o->packets, packets_in_use(x));
}

static struct outcome flood(struct world *x, const struct flood_kind *k, unsigned seconds, unsigned rate)
{
	struct outcome o = { 0 };
	unsigned each = rate * STEP_MS / 1000;
	start_flows(x, seconds + BEFORE_S);
	sim_run(x->s, BEFORE_S * SIM_SEC);
	for (unsigned ms = 0; ms < seconds * 1000; ms += STEP_MS) {
		for (unsigned n = 0; n < each; n += VECTOR)
			arrive(x, k, MIN((unsigned)VECTOR, each - n));
		sim_settle(x->s);
		look(x, ms >= seconds * 1000 / 6, &o);
		sim_run(x->s, STEP_MS * SIM_MS);
	}
	sim_run(x->s, 2 * SIM_SEC);
	o.lost = lost(x);
	return o;
}

static struct outcome run(const struct flood_kind *k, unsigned seconds, unsigned rate, unsigned workers,
			  const struct setting *settings)
{
	struct world x;
	set_up(&x, workers);
	for (; settings && settings->name; settings++)
		set(x.st, settings->name, settings->value);
	struct outcome o = flood(&x, k, seconds, rate);
	printf("%-10s %u worker%s%s: %llu frames, %llu of %u messages lost, %llu KiB at the mark, %lld more "
	       "after it, "
	       "%llu packets in use at most\n",
	       k->name, workers, workers > 1 ? "s" : "", settings ? ", unbounded" : "",
	       (unsigned long long)x.arrived, (unsigned long long)o.lost,
	       6 * (seconds + BEFORE_S) * FLOWS_EACH_S, (unsigned long long)o.mark >> 10,
	       (long long)(o.most - o.mark), (unsigned long long)o.packets);
	must(sim_free(x.s) ? -EFAULT : 0, "packets came back");
	return o;
}

static bool is_flat(const struct outcome *o)
{
	return o->most <= o->mark + SLACK_BYTES;
}

/* Without bounds of those who never answered: each address of the /64 becomes an entry. */
static bool shows_something(unsigned rate)
{
	static const struct setting no_bounds[] = { { "net.ipv4.neigh.default.unconfirmed_max", "0" },
						    { "net.ipv6.neigh.default.unconfirmed_max", "0" },
						    { "net.ipv4.neigh.default.solicit_rate", "0" },
						    { "net.ipv6.neigh.default.solicit_rate", "0" },
						    { "net.ipv4.neigh.default.gc_thresh3", "1000000000" },
						    { "net.ipv6.neigh.default.gc_thresh3", "1000000000" },
						    { NULL, NULL } };
	const struct outcome o = run(flood_kind_find("scan"), 6, rate, 1, no_bounds);
	return !is_flat(&o);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 0;
	unsigned rate = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 0;
	bool good = true;
	if (seconds < 6 || (uint64_t)seconds * rate < FRAMES_MIN) {
		fprintf(stderr, "usage: floods SECONDS RATE   (6 at least, and %u frames)\n", FRAMES_MIN);
		return 2;
	}
	for (const struct flood_kind *k = flood_kinds; k->name; k++)
		for (unsigned workers = 1; workers <= 3; workers += 2) {
			struct outcome o = run(k, seconds, rate, workers, NULL);
			bool ok = is_flat(&o) && !o.lost;
			printf("%s", ok ? "" : "FAILED\n");
			good &= ok;
		}
	if (!shows_something(rate)) {
		printf("FAILED: nothing grows without bounds either\n");
		good = false;
	}
	return !good;
}
