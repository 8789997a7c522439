/* SPDX-License-Identifier: BSD-2-Clause */
/* speed [NAME]: how fast data goes, in virtual time. Two stacks and one wire with a rate, a delay and a queue; each row of the table is an
 * algorithm on a path, with what it has to reach: of the wire's rate, of the queue, of fairness between two. Prints a line for each
 * row, and fails when one is out of its bounds. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"
#include "net/iface.h"
#include "sim/sim.h"
#include "sock/sock.h"

enum { PORT = 7000, FLOWS_MAX = 2, STEP_US = 2000 };

struct flow {
	struct sock *from, *to;
	uint64_t got, mark; /* mark: when it was measured from */
	bool connected;
};

/* What is asked of it. Rates in percent of the wire's, of which headers take 4. */
struct row {
	const char *name, *cc, *second; /* second: the other flow's algorithm; NULL: there is none */
	uint32_t rate_kbps, delay_ms, queue; /* delay: one way; queue: packets */
	uint32_t loss_ppm;
	uint32_t mark; /* ECN's marks while so many wait */
	uint32_t pace; /* SO_MAX_PACING_RATE, bytes in a second; 0: not set */
	uint32_t warm_s, run_s;
	uint32_t least, most; /* what all flows together reach */
	uint32_t least_share; /* percent of that which the slower flow has */
	uint32_t held_most; /* packets on the wire or in front of it, at any time; 0: whatever */
	uint32_t held_mean; /* likewise, on average */
	uint32_t seeds; /* so many are played, and their mean counts: where chance decides; 0: one */
};

/* Of one play, or the mean of several. */
struct outcome {
	uint64_t percent, share, believes, held_mean, held_most;
};

struct world {
	struct sim *sim;
	struct sim_node *a, *b;
	struct sim_wire *wire;
	struct sock *listener;
	struct flow flow[FLOWS_MAX];
	unsigned n;
	uint64_t held_sum, held_n, held_most;
};

static bool add_address(struct sim_node *n, const char *text)
{
	struct leat_stack *st = sim_node_stack(n);
	struct iface *i = iface_by_name(st, "eth0");
	struct addr how = { .if_handle = i->handle,
			    .family = AF_INET,
			    .plen = 24,
			    .flags = IFA_F_NODAD | IFA_F_PERMANENT,
			    .valid_s = UINT32_MAX,
			    .preferred_s = UINT32_MAX };
	inet_pton(AF_INET, text, &how.local);
	how.peer = how.local;
	int err = addr_add(st, &how, false);
	view_publish(st);
	return !err;
}

static bool build(struct world *w, const struct row *r, uint32_t seed)
{
	const struct sim_opts o = { .seed = seed, .lcores = 1 };
	const struct sim_wire_conf c = { .up = true,
					 .delay_us = r->delay_ms * SIM_MS,
					 .rate_bps = r->rate_kbps * UINT64_C(1000),
					 .queue_packets = r->queue,
					 .mark_packets = r->mark,
					 .loss = r->loss_ppm * (SIM_ALWAYS / 1000000) };
	return !sim_new(&o, &w->sim) && !sim_node_new(w->sim, "a", 1, &w->a) &&
	       !sim_node_new(w->sim, "b", 1, &w->b) &&
	       !sim_wire_new(w->sim, w->a, "eth0", w->b, "eth0", &c, &w->wire) &&
	       add_address(w->a, "10.0.0.1") && add_address(w->b, "10.0.0.2");
}

static bool listen_at_b(struct world *w, const struct sockaddr_in *at)
{
	return !sock_open(sim_node_stack(w->b), AF_INET, SOCK_STREAM, 0, NULL, &w->listener) &&
	       !sock_bind(w->listener, (const void *)at, sizeof *at) && !sock_listen(w->listener, 10);
}

static void move(struct flow *f)
{
	static uint8_t buf[65536];
	ssize_t n;
	while (sock_sendto(f->from, buf, sizeof buf, 0, NULL, 0) > 0)
		;
	while ((n = sock_recvfrom(f->to, buf, sizeof buf, 0, NULL, NULL)) > 0)
		f->got += (uint64_t)n;
}

static void go_on(struct world *w, uint32_t seconds, bool counts)
{
	struct sim_wire_stats s;
	for (uint64_t until = sim_now_us(w->sim) + seconds * (uint64_t)SIM_SEC; sim_now_us(w->sim) < until;) {
		for (unsigned i = 0; i < w->n; i++)
			move(&w->flow[i]);
		sim_run(w->sim, STEP_US);
		sim_wire_stats(w->wire, 0, &s);
		if (!counts)
			continue;
		w->held_sum += s.held;
		w->held_n++;
		w->held_most = s.held > w->held_most ? s.held : w->held_most;
	}
}

static bool connect_one(struct world *w, const struct row *r, struct flow *f, const char *cc,
			const struct sockaddr_in *to)
{
	if (sock_open(sim_node_stack(w->a), AF_INET, SOCK_STREAM, 0, NULL, &f->from) ||
	    sock_setsockopt(f->from, IPPROTO_TCP, TCP_CONGESTION, cc, (socklen_t)strlen(cc)))
		return false;
	if (r->pace && sock_setsockopt(f->from, SOL_SOCKET, SO_MAX_PACING_RATE, &r->pace, sizeof r->pace))
		return false;
	int err = sock_connect(f->from, (const void *)to, sizeof *to);
	for (unsigned i = 0; i < 1000 && err; i++) {
		sim_run(w->sim, 10 * SIM_MS);
		err = sock_connect(f->from, (const void *)to, sizeof *to);
	}
	w->n++;
	err = -EAGAIN;
	for (unsigned i = 0; i < 100 && err; i++) {
		sim_run(w->sim, 100 * SIM_MS);
		err = sock_accept(w->listener, &f->to);
	}
	return !err;
}

/* What a flow that is alone believes its rate to be, in percent of what it was. */
static uint64_t belief(const struct world *w, uint64_t bytes_per_s)
{
	struct tcp_info i;
	socklen_t len = sizeof i;
	if (sock_getsockopt(w->flow[0].from, IPPROTO_TCP, TCP_INFO, &i, &len) || !bytes_per_s)
		return 0;
	return i.tcpi_delivery_rate * 100 / bytes_per_s;
}

static struct outcome outcome_of(const struct world *w, const struct row *r)
{
	uint64_t all = 0, slow = UINT64_MAX;
	for (unsigned i = 0; i < w->n; i++) {
		uint64_t n = w->flow[i].got - w->flow[i].mark;
		all += n;
		slow = n < slow ? n : slow;
	}
	return (struct outcome){
		.percent = all * 100 / (r->rate_kbps * UINT64_C(125) * r->run_s),
		.share = all ? slow * 100 / all : 0,
		.believes = w->n == 1 && !r->loss_ppm ? belief(w, all / r->run_s) : 100,
		.held_mean = w->held_sum / (w->held_n ? w->held_n : 1),
		.held_most = w->held_most,
	};
}

static bool judge(const struct outcome *o, const struct row *r)
{
	bool ok = o->believes >= 80 && o->believes <= 125 && o->percent >= r->least &&
		  o->percent <= r->most && o->share >= r->least_share &&
		  (!r->held_most || o->held_most <= r->held_most) &&
		  (!r->held_mean || o->held_mean <= r->held_mean);
	printf("%-28s %3lu%% of the wire (%u..%u), slower flow %lu%% (%u), %lu packets on the way, at most "
	       "%lu%s\n",
	       r->name, o->percent, r->least, r->most, o->share, r->least_share, o->held_mean, o->held_most,
	       ok ? "" : "  <-- out of bounds");
	return ok;
}

static bool play(const struct row *r, uint32_t seed, struct outcome *ret)
{
	struct world w = { 0 };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	inet_pton(AF_INET, "10.0.0.2", &at.sin_addr);
	bool ok = build(&w, r, seed);
	if (ok) {
		sim_run(w.sim, SIM_SEC);
		ok = listen_at_b(&w, &at) && connect_one(&w, r, &w.flow[w.n], r->cc, &at);
	}
	if (ok && r->second) {
		go_on(&w, 1, false);
		ok = connect_one(&w, r, &w.flow[w.n], r->second, &at);
	}
	if (ok) {
		go_on(&w, r->warm_s, false);
		for (unsigned i = 0; i < w.n; i++)
			w.flow[i].mark = w.flow[i].got;
		go_on(&w, r->run_s, true);
		*ret = outcome_of(&w, r);
	} else {
		printf("%s: no connection, seed %u\n", r->name, seed);
	}
	for (unsigned i = 0; i < w.n; i++) {
		sock_close(w.flow[i].from);
		sock_close(w.flow[i].to);
	}
	sock_close(w.listener);
	if (sim_free(w.sim)) {
		printf("%s: packets are left, seed %u\n", r->name, seed);
		ok = false;
	}
	return ok;
}

static bool play_all(const struct row *r)
{
	struct outcome mean = { 0 };
	uint32_t n = r->seeds ? r->seeds : 1;
	for (uint32_t seed = 1; seed <= n; seed++) {
		struct outcome o;
		if (!play(r, seed, &o))
			return false;
		mean.percent += o.percent;
		mean.share += o.share;
		mean.believes += o.believes;
		mean.held_mean += o.held_mean;
		mean.held_most = o.held_most > mean.held_most ? o.held_most : mean.held_most;
	}
	mean.percent /= n;
	mean.share /= n;
	mean.believes /= n;
	mean.held_mean /= n;
	return judge(&mean, r);
}

/* 10 Mbit/s and 40 ms there and back are 33 packets under way. */
#define PATH .rate_kbps = 10000, .delay_ms = 20, .queue = 40, .warm_s = 10, .run_s = 20

#define LONG .rate_kbps = 50000, .delay_ms = 20, .queue = 400, .warm_s = 5, .run_s = 10

static const struct row rows[] = {
	{ "reno", "reno", PATH, .least = 88, .most = 96 },
	{ "cubic", "cubic", PATH, .least = 90, .most = 96 },
	{ "bic", "bic", PATH, .least = 90, .most = 96 },
	{ "dctcp without marks", "dctcp", PATH, .least = 88, .most = 96 },
	{ "dctcp", "dctcp", .mark = 6, PATH, .least = 90, .most = 96, .held_mean = 28 },
	{ "dctcp and dctcp", "dctcp", "dctcp", .mark = 6, PATH, .least = 90, .most = 96, .least_share = 25,
	  .held_mean = 30 },
	{ "reno and reno", "reno", "reno", PATH, .least = 90, .most = 96, .least_share = 25 },
	{ "cubic and cubic", "cubic", "cubic", PATH, .least = 90, .most = 96, .least_share = 20 },
	{ "cubic and reno", "cubic", "reno", PATH, .least = 90, .most = 96, .least_share = 15 },
	{ "bic and bic", "bic", "bic", PATH, .least = 90, .most = 96, .least_share = 15 },
	{ "bbr", "bbr", PATH, .least = 88, .most = 96 },
	{ "bbr and bbr", "bbr", "bbr", PATH, .least = 88, .most = 96, .least_share = 30 },
	{ "bbr and cubic", "bbr", "cubic", PATH, .least = 88, .most = 96, .least_share = 10 },
	/* Of 200 seeds the mean is 69, and one in eight is below 60. */
	{ "bbr, 1 % lost", "bbr", .loss_ppm = 10000, LONG, .least = 60, .most = 96, .seeds = 12 },
	{ "cubic, 1 % lost", "cubic", .loss_ppm = 10000, LONG, .least = 5, .most = 50 },
	{ "paced at a tenth", "cubic", .pace = 125000, PATH, .least = 9, .most = 10, .held_most = 8 },
	{ "paced above the wire", "cubic", .pace = 2500000, PATH, .least = 90, .most = 96 },
};

int main(int argc, char **argv)
{
	bool ok = true;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (argc < 2 || strstr(rows[i].name, argv[1]))
			ok &= play_all(&rows[i]);
	return !ok;
}
