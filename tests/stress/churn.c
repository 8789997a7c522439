/* SPDX-License-Identifier: BSD-2-Clause */
/* churn SECONDS WORKERS [SEED]: deletes and adds interfaces, addresses, routes and neighbours at random under traffic, on the
 * real runtime with real threads. Built with ASan and TSan it proves that nothing stale is followed and nothing leaks; built
 * plain that nothing hangs. Ends with a line of what happened.
 *
 *    wire 0 .. 3  --  a device each, whose far side is played here: it answers every ARP request and neighbour
 *                     solicitation it sees, and sends UDP, ICMP and nonsense to addresses on all the wires' subnets
 *
 * Every device input and output runs on the workers' lcores; the churn runs on the control lcore's timer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_arp.h>

#include "core/stack.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/iface.h"
#include "net/neigh.h"
#include "rt/rt.h"
#include "stack/stack_modules.h"

enum { WIRES = 4, HOSTS = 8, BATCH = 16, ANSWERS = 64 };

static const struct iface_ops wire_ops;

/* One worker's side of a wire. */
struct wire_port {
	struct poller poller;
	struct wire *wire;
	struct worker *w;
	uint64_t seed;
	uint64_t sent, received, answered;
	unsigned n_answers; /* frames that wait to go back */
	uint8_t answer[ANSWERS][90];
	uint8_t answer_len[ANSWERS];
};

struct wire {
	unsigned id;
	struct iface *ifc;
	struct wire_port *port; /* [n_workers] */
	unsigned n_ports;
};

static struct {
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct timer timer;
	struct wire *wire[WIRES];
	uint64_t seed, end_us, ops, failed_ops, by_kind[16];
	uint64_t sent, received, answered;
} churn;

static uint32_t rnd(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* --- frames --- */

static unsigned sum16(const uint8_t *p, unsigned n, unsigned sum)
{
	for (unsigned i = 0; i + 1 < n; i += 2)
		sum += (unsigned)p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += (unsigned)p[n - 1] << 8;
	return sum;
}

static void put_sum(uint8_t *at, unsigned sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

/* Host h of wire w: 10.w.0.(10+h), fd00:w::(10+h), MAC 02:00:00:w:0:h. */
static void host4(uint8_t *a, unsigned w, unsigned h)
{
	memcpy(a, (uint8_t[]){ 10, (uint8_t)w, 0, (uint8_t)(10 + h) }, 4);
}

static void host6(uint8_t *a, unsigned w, unsigned h)
{
	memset(a, 0, 16);
	a[0] = 0xfd;
	a[3] = (uint8_t)w;
	a[15] = (uint8_t)(10 + h);
}

static unsigned frame4(uint8_t *f, unsigned w, uint64_t *seed)
{
	unsigned ttl = 1 + rnd(seed) % 3, body = 26;
	f[12] = 8;
	f[13] = 0;
	uint8_t *ip = f + 14;
	memcpy(ip, (uint8_t[]){ 0x45, 0, 0, 46, 1, 2, 0x40, 0, (uint8_t)ttl, 17, 0, 0 }, 12);
	host4(ip + 12, w, rnd(seed) % HOSTS);
	host4(ip + 16, rnd(seed) % (WIRES + 1), rnd(seed) % HOSTS);
	if (rnd(seed) % 8 == 0)
		ip[19] = 1; /* leat itself */
	memset(ip + 20, 0, body);
	ip[21] = (uint8_t)rnd(seed);
	ip[25] = (uint8_t)body;
	if (rnd(seed) % 4 == 0) {
		ip[9] = 1; /* ICMP echo */
		memcpy(ip + 20, (uint8_t[]){ 8, 0, 0, 0, 0, 1, 0, 1 }, 8);
		put_sum(ip + 22, sum16(ip + 20, body, 0));
	}
	put_sum(ip + 10, sum16(ip, 20, 0));
	return 14 + 46;
}

static unsigned frame6(uint8_t *f, unsigned w, uint64_t *seed)
{
	unsigned hops = 1 + rnd(seed) % 3;
	f[12] = 0x86;
	f[13] = 0xdd;
	uint8_t *ip = f + 14;
	memset(ip, 0, 60);
	memcpy(ip, (uint8_t[]){ 0x60, 0, 0, 0, 0, 20, 17, (uint8_t)hops }, 8);
	host6(ip + 8, w, rnd(seed) % HOSTS);
	host6(ip + 24, rnd(seed) % (WIRES + 1), rnd(seed) % HOSTS);
	if (rnd(seed) % 8 == 0)
		ip[39] = 1;
	ip[45] = 20;
	if (rnd(seed) % 4 == 0) {
		ip[6] = 58; /* ICMPv6 echo */
		ip[40] = 128;
		ip[41] = ip[45] = 0;
		put_sum(ip + 42, sum16(ip + 40, 20, sum16(ip + 8, 32, 58 + 20)));
	} else {
		put_sum(ip + 46, sum16(ip + 40, 20, sum16(ip + 8, 32, 17 + 20)));
	}
	return 14 + 60;
}

static unsigned random_frame(struct wire_port *port, const struct iface *ifc, uint8_t *f)
{
	unsigned len;
	memcpy(f, ifc->mac, 6);
	memcpy(f + 6, (uint8_t[]){ 2, 0, 0, (uint8_t)port->wire->id, 0, (uint8_t)(rnd(&port->seed) % HOSTS) },
	       6);
	len = rnd(&port->seed) % 2 ? frame4(f, port->wire->id, &port->seed)
				   : frame6(f, port->wire->id, &port->seed);
	if (rnd(&port->seed) % 16 == 0)
		f[rnd(&port->seed) % len] ^= (uint8_t)rnd(&port->seed);
	return len;
}

/* --- the far side: answers resolution --- */

static uint8_t *answer_slot(struct wire_port *port, unsigned len)
{
	if (port->n_answers == ANSWERS)
		return NULL;
	port->answer_len[port->n_answers] = (uint8_t)len;
	port->answered++;
	return memset(port->answer[port->n_answers++], 0, len);
}

static void answer_arp(struct wire_port *port, const uint8_t *f)
{
	uint8_t *a = f[21] == 1 ? answer_slot(port, 42) : NULL;
	if (!a)
		return;
	memcpy(a, f + 6, 6);
	memcpy(a + 6, (uint8_t[]){ 2, 0, 0, (uint8_t)port->wire->id, 0, f[41] }, 6);
	memcpy(a + 12, (uint8_t[]){ 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 }, 10);
	memcpy(a + 22, a + 6, 6);
	memcpy(a + 28, f + 38, 4);
	memcpy(a + 32, f + 22, 10);
}

static void answer_ns(struct wire_port *port, const uint8_t *f)
{
	static const uint8_t zero[16];
	if (f[54] != 135 || !memcmp(f + 22, zero, 16))
		return;
	uint8_t *a = answer_slot(port, 86);
	if (!a)
		return;
	memcpy(a, f + 6, 6);
	memcpy(a + 6, (uint8_t[]){ 2, 0, 0, (uint8_t)port->wire->id, 0, f[77] }, 6);
	memcpy(a + 12, (uint8_t[]){ 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255 }, 10);
	memcpy(a + 22, f + 62, 16); /* from the target */
	memcpy(a + 38, f + 22, 16);
	a[54] = 136;
	a[58] = 0x60; /* solicited, override */
	memcpy(a + 62, f + 62, 16);
	a[78] = 2;
	a[79] = 1;
	memcpy(a + 80, a + 6, 6);
	put_sum(a + 56, sum16(a + 54, 32, sum16(a + 22, 32, 58 + 32)));
}

static void wire_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct wire *wire = ifc->driver;
	struct wire_port *port = &wire->port[w->index];
	for (unsigned i = 0; i < n; i++) {
		uint8_t f[90];
		struct cursor c = pkt_cursor(p[i]);
		port->received++;
		if (p[i]->len >= 42 && cur_copy(&c, f, MIN(p[i]->len, 86u))) {
			if (f[12] == 8 && f[13] == 6)
				answer_arp(port, f);
			else if (f[12] == 0x86 && f[20] == 58 && p[i]->len >= 86)
				answer_ns(port, f);
		}
	}
	pkt_free_bulk(w->lc, p, n);
}

static unsigned wire_poll(struct poller *poller, struct lcore *lc)
{
	struct wire_port *port = container_of(poller, struct wire_port, poller);
	struct pkt *p[BATCH + ANSWERS];
	unsigned n = 0;
	for (unsigned i = 0; i < port->n_answers + BATCH; i++) {
		uint8_t f[90];
		const uint8_t *from = i < port->n_answers ? port->answer[i] : f;
		unsigned len =
			i < port->n_answers ? port->answer_len[i] : random_frame(port, port->wire->ifc, f);
		p[n] = pkt_new(lc);
		if (p[n] && pkt_append(lc, p[n], from, len))
			n++;
		else
			pkt_free(lc, p[n]);
	}
	port->n_answers = 0;
	port->sent += n;
	iface_input(port->w, port->wire->ifc, p, n);
	return n;
}

static int wire_up(struct iface *ifc)
{
	return 0;
}

/* The control lcore may touch another's pollers only while it is paused. */
static void wire_stop(struct iface *ifc)
{
	struct wire *wire = ifc->driver;
	churn.rt->ops->pause(churn.rt);
	for (unsigned i = 0; i < wire->n_ports; i++)
		lcore_poll_remove(wire->port[i].w->lc, &wire->port[i].poller);
	churn.rt->ops->resume(churn.rt);
}

static void wire_free(struct iface *ifc)
{
	struct wire *wire = ifc->driver;
	for (unsigned i = 0; i < wire->n_ports; i++) {
		churn.sent += wire->port[i].sent;
		churn.received += wire->port[i].received;
		churn.answered += wire->port[i].answered;
	}
	free(wire->port);
	free(wire);
}

static const struct iface_ops wire_ops = {
	.kind = "wire",
	.xmit = wire_xmit,
	.up = wire_up,
	.stop = wire_stop,
	.free = wire_free,
};

static bool wire_add(unsigned id)
{
	struct wire *wire = calloc(1, sizeof *wire);
	struct iface_new how = { .ops = &wire_ops,
				 .driver = wire,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 9000,
				 .mac = { 2, 0, 0, 0xee, 0, (uint8_t)id } };
	snprintf(how.name, sizeof how.name, "w%u", id);
	wire->id = id;
	wire->n_ports = churn.st->n_workers;
	wire->port = calloc(wire->n_ports, sizeof *wire->port);
	if (iface_add(churn.st, &how, &wire->ifc)) {
		free(wire->port);
		free(wire);
		return false;
	}
	iface_set_carrier(wire->ifc, true);
	churn.wire[id] = wire;
	churn.rt->ops->pause(churn.rt);
	for (unsigned i = 0; i < wire->n_ports; i++) {
		struct wire_port *port = &wire->port[i];
		*port = (struct wire_port){ .poller.poll = wire_poll,
					    .wire = wire,
					    .w = churn.st->worker[i],
					    .seed = rnd(&churn.seed) };
		lcore_poll_add(port->w->lc, &port->poller);
	}
	churn.rt->ops->resume(churn.rt);
	return true;
}

/* --- the churn: each deed may fail for good reason (the thing is gone already); that it fails cleanly is the point --- */

static struct ipaddr addr_of(uint8_t family, unsigned w, unsigned host)
{
	struct ipaddr a = { 0 };
	if (family == AF_INET)
		memcpy(a.b, (uint8_t[]){ 10, (uint8_t)w, 0, (uint8_t)host }, 4);
	else
		memcpy(a.b,
		       (uint8_t[]){ 0xfd, 0, 0, (uint8_t)w, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)host },
		       16);
	return a;
}

static int do_address(unsigned w, uint8_t family, bool add)
{
	struct addr a = { .if_handle = churn.wire[w]->ifc->handle,
			  .family = family,
			  .plen = family == AF_INET ? 24 : 64,
			  .flags = rnd(&churn.seed) % 2 ? IFA_F_NODAD | IFA_F_PERMANENT : IFA_F_PERMANENT,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	a.local = a.peer = addr_of(family, w, 1);
	return add ? addr_add(churn.st, &a, rnd(&churn.seed) % 2)
		   : addr_delete(churn.st, a.if_handle, family, &a.local, a.plen);
}

static int do_route(unsigned w, uint8_t family, bool add)
{
	struct fib_route r = { .family = family,
			       .plen = family == AF_INET ? 24 : 64,
			       .protocol = RTPROT_STATIC,
			       .table = RT_TABLE_MAIN,
			       .metric = rnd(&churn.seed) % 3,
			       .dst = addr_of(family, WIRES, 0),
			       .nh = { .if_handle = churn.wire[w]->ifc->handle,
				       .type = RTN_UNICAST,
				       .gw_family = family,
				       .gw = addr_of(family, w, 10 + rnd(&churn.seed) % HOSTS) } };
	return add ? fib_add(churn.st, &r, (enum fib_how)(rnd(&churn.seed) % 4), NULL)
		   : fib_delete(churn.st, &r);
}

static int do_neigh(unsigned w, uint8_t family, bool add)
{
	struct neigh_info n = { .if_handle = churn.wire[w]->ifc->handle,
				.family = family,
				.state = rnd(&churn.seed) % 2 ? NUD_PERMANENT : NUD_STALE,
				.has_mac = true,
				.mac = { 2, 0, 0, (uint8_t)w, 0, 10 },
				.addr = addr_of(family, w, 10 + rnd(&churn.seed) % HOSTS) };
	return add ? neigh_set(churn.st, &n, NLM_F_CREATE | NLM_F_REPLACE)
		   : neigh_delete(churn.st, n.if_handle, family, &n.addr);
}

static int one_deed(void)
{
	unsigned w = rnd(&churn.seed) % WIRES, what = rnd(&churn.seed) % 16;
	uint8_t family = rnd(&churn.seed) % 2 ? AF_INET : AF_INET6;
	churn.by_kind[what]++;
	if (!churn.wire[w])
		return wire_add(w) ? iface_set_up(churn.wire[w]->ifc, true) : -ENOMEM;
	switch (what) {
	case 0: {
		struct wire *gone = churn.wire[w];
		churn.wire[w] = NULL;
		iface_delete(gone->ifc);
		return 0;
	}
	case 1:
		return iface_set_up(churn.wire[w]->ifc, false);
	case 2:
	case 3:
		return iface_set_up(churn.wire[w]->ifc, true);
	case 4:
		return iface_set_mtu(churn.wire[w]->ifc, 1280 + rnd(&churn.seed) % 300);
	case 5:
		iface_set_carrier(churn.wire[w]->ifc, rnd(&churn.seed) % 4);
		return 0;
	case 6:
		return do_address(w, family, false);
	case 7:
	case 8:
	case 9:
		return do_address(w, family, true);
	case 10:
		return do_route(w, family, false);
	case 11:
	case 12:
		return do_route(w, family, true);
	case 13:
		return do_neigh(w, family, false);
	default:
		return do_neigh(w, family, true);
	}
}

static void churn_tick(struct lcore *lc, struct timer *t)
{
	for (unsigned i = 0; i < 4; i++) {
		churn.ops++;
		if (one_deed())
			churn.failed_ops++;
	}
	view_publish(churn.st);
	if (lc->now_us >= churn.end_us)
		rt_stop(churn.rt);
	else
		lcore_timer_in(lc, t, 1000);
}

/* --- start and end --- */

static int check_pools(void)
{
	int bad = 0;
	for (unsigned i = 0; i <= churn.rt->n_lcores; i++) {
		struct pkt_stats s;
		pkt_stats(churn.rt->lcore[i], &s);
		if (s.in_use || s.pages_in_use) {
			printf("lcore %u: %lu packets and %lu pages never came back\n", i,
			       (unsigned long)s.in_use, (unsigned long)s.pages_in_use);
			bad = 1;
		}
	}
	return bad;
}

static void print_drops(void)
{
	printf("drops:");
	for (unsigned why = 1; why < DROP_MAX; why++) {
		uint64_t n = 0;
		for (uint16_t id = 0; id < graph_n_nodes(churn.st); id++)
			n += graph_drops(churn.st, id, (enum drop)why);
		if (n)
			printf(" %s %lu", drop_name((enum drop)why), (unsigned long)n);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 5,
		 workers = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	struct rt_opts opts = { .log_level = LOG_WARN };
	churn.seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
	printf("seed %lu\n", (unsigned long)churn.seed);
	fflush(stdout);
	if (rt_new(workers, &opts, &churn.rt) || pkt_pools_init(churn.rt, 256 << 20) ||
	    stack_new(churn.rt, "churn", workers, leat_modules, &churn.st)) {
		printf("cannot start\n");
		return 1;
	}
	for (unsigned i = 0; i < WIRES; i++)
		if (wire_add(i))
			iface_set_up(churn.wire[i]->ifc, true);
	timer_init(&churn.timer, churn_tick);
	churn.end_us = churn.rt->ctl->now_us + seconds * 1000000ull;
	lcore_timer_in(churn.rt->ctl, &churn.timer, 1000);
	if (rt_run(churn.rt))
		return 1;
	print_drops();
	stack_free(churn.st);
	int bad = check_pools();
	printf("%lu deeds (%lu refused), %lu frames in, %lu out, %lu resolutions answered\n",
	       (unsigned long)churn.ops, (unsigned long)churn.failed_ops, (unsigned long)churn.sent,
	       (unsigned long)churn.received, (unsigned long)churn.answered);
	/* A churn in which nothing got through would prove nothing. */
	if (churn.received < 1000 || churn.answered < 10 || churn.ops < 100 * seconds) {
		printf("too little happened\n");
		bad = 1;
	}
	pkt_pools_done(churn.rt);
	rt_free(churn.rt);
	return bad;
}
