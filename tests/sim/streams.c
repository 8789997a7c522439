/* SPDX-License-Identifier: BSD-2-Clause */
/* streams COUNT SEED: random programs over random wires. Two stacks, a wire that loses, doubles, reorders, delays and breaks frames, or
 * swallows all that are long (then both search for what passes, RFC 4821), a few
 * connections, whose ends write, read, rest and close as chance has it. Whatever happened on the way: what was written is
 * read, once, in order, and then the end; and when all is over nothing is left of it. In some runs an end is saved at any instant, gone for
 * a while, and restored in another stack, sockets and all. COUNT runs, from SEED on; a run that fails says
 * its own. */
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
#include "tcp/tcp_internal.h"

enum { STREAMS_MAX = 4, CHUNK_MAX = 30000, PORT = 7000, LONGEST_S = 7200 };

struct end {
	struct sock *s;
	uint32_t id; /* of the stream, twice, and which end */
	uint32_t to_send, sent, got, to_get;
	bool shut, ended, connected;
	uint32_t nap_us; /* between deeds, at most */
};

struct world {
	struct sim *sim;
	struct sim_node *a, *b;
	struct sock *listener;
	struct end end[STREAMS_MAX][2];
	unsigned n;
	unsigned seed;
	uint64_t random;
	uint64_t again;
	const char *wrong;
	bool ip6;
	unsigned moves; /* so often yet an end is saved and restored */
};

static uint32_t chance(struct world *w, uint32_t n)
{
	w->random = w->random * 6364136223846793005 + 1442695040888963407;
	return n ? (uint32_t)(w->random >> 33) % n : 0;
}

static uint8_t byte_at(uint32_t id, uint32_t i)
{
	return (uint8_t)(hash_u32(id * 0x9e3779b9U + i / 4) >> i % 4 * 8);
}

static void wrong(struct world *w, const char *what)
{
	if (!w->wrong)
		w->wrong = what;
}

/* --- one end --- */

static void write_some(struct world *w, struct end *e)
{
	static uint8_t buf[CHUNK_MAX];
	uint32_t n = MIN(1 + chance(w, chance(w, 4) ? 3000 : CHUNK_MAX), e->to_send - e->sent);
	for (uint32_t i = 0; i < n; i++)
		buf[i] = byte_at(e->id, e->sent + i);
	ssize_t did = n ? sock_sendto(e->s, buf, n, chance(w, 5) ? 0 : MSG_MORE, NULL, 0) : 0;
	if (did < 0 && did != -EAGAIN)
		wrong(w, strerrorname_np((int)-did));
	e->sent += did > 0 ? (uint32_t)did : 0;
	if (e->sent == e->to_send && !e->shut && did >= 0) {
		e->shut = true;
		if (sock_shutdown(e->s, SHUT_WR))
			wrong(w, "shutdown failed");
	}
}

static void read_some(struct world *w, struct end *e)
{
	static uint8_t buf[CHUNK_MAX];
	uint32_t most = 1 + chance(w, chance(w, 3) ? CHUNK_MAX - 1 : 500);
	ssize_t n = sock_recvfrom(e->s, buf, most, 0, NULL, NULL);
	if (n == -EAGAIN)
		return;
	if (n < 0) {
		wrong(w, strerrorname_np((int)-n));
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] != byte_at(e->id ^ 1, e->got + (uint32_t)i)) {
			wrong(w, "other bytes than were written");
			return;
		}
	e->got += (uint32_t)n;
	e->ended |= n == 0;
	if (e->got > e->to_get || (n == 0 && e->got != e->to_get))
		wrong(w, n ? "more bytes than were written" : "the end came too early");
}

static bool act(struct world *w, struct end *e)
{
	if (e->shut && e->ended && e->s) {
		sock_close(e->s);
		e->s = NULL;
	}
	if (!e->s)
		return e->ended;
	if (chance(w, 2) && !e->shut)
		write_some(w, e);
	if (chance(w, 2) && !e->ended)
		read_some(w, e);
	return false;
}

/* --- all of them --- */

static struct sockaddr_storage address(const struct world *w, const char *v4, const char *v6, uint16_t port)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in = (void *)&ss;
	struct sockaddr_in6 *in6 = (void *)&ss;
	if (w->ip6) {
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		inet_pton(AF_INET6, v6, &in6->sin6_addr);
	} else {
		*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		inet_pton(AF_INET, v4, &in->sin_addr);
	}
	return ss;
}

static void set_up(struct world *w, struct sock *s)
{
	int one = 1, small = 3000 + (int)chance(w, 60000), rate = 20000 + (int)chance(w, 10000000);
	const char *cc = cc_name(chance(w, 5));
	if (!chance(w, 3))
		sock_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (!chance(w, 4))
		sock_setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	if (!chance(w, 2))
		sock_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (!chance(w, 8))
		sock_setsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate);
	if (!chance(w, 2))
		sock_setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, cc, (socklen_t)strlen(cc));
}

static bool open_all(struct world *w)
{
	const struct sockaddr_storage at = address(w, "10.0.0.2", "fd00::2", PORT);
	int family = w->ip6 ? AF_INET6 : AF_INET;
	if (sock_open(sim_node_stack(w->b), family, SOCK_STREAM, 0, NULL, &w->listener))
		return false;
	set_up(w, w->listener);
	if (sock_bind(w->listener, (const void *)&at, sizeof at) || sock_listen(w->listener, 10))
		return false;
	for (unsigned i = 0; i < w->n; i++) {
		struct end *e = w->end[i];
		e[0].id = i * 2;
		e[1].id = i * 2 + 1;
		for (unsigned k = 0; k < 2; k++) {
			e[k].to_send = e[!k].to_get = chance(w, chance(w, 3) ? 200000 : 5);
			e[k].nap_us = 1 + chance(w, chance(w, 2) ? 100000 : 1000);
		}
		if (sock_open(sim_node_stack(w->a), family, SOCK_STREAM, 0, NULL, &e[0].s))
			return false;
		set_up(w, e[0].s);
	}
	return true;
}

/* --- saved and restored --- */

/* The sockets of a node, in the order in which they were made; those that are open. */
static unsigned sockets_of(struct world *w, bool of_b, struct sock **ret[STREAMS_MAX + 1])
{
	unsigned n = 0;
	if (of_b)
		ret[n++] = &w->listener;
	for (unsigned i = 0; i < w->n; i++)
		if (w->end[i][of_b].s)
			ret[n++] = &w->end[i][of_b].s;
	return n;
}

static void move(struct world *w, bool of_b)
{
	struct sim_node *node = of_b ? w->b : w->a;
	struct sock **at[STREAMS_MAX + 1], *more;
	unsigned n = sockets_of(w, of_b, at);
	if (sim_crash(node, true)) {
		wrong(w, sim_why(w->sim));
		return;
	}
	sim_run(w->sim, chance(w, 3) ? 0 : chance(w, 5000) * SIM_MS);
	if (sim_return(node)) {
		wrong(w, sim_why(w->sim));
		return;
	}
	for (unsigned i = 0; i < n; i++)
		if (sock_restored(sim_node_stack(node), at[i]))
			wrong(w, "a socket is gone");
	if (!sock_restored(sim_node_stack(node), &more))
		wrong(w, "a socket more than there were");
	w->moves--;
}

/* One after the other, so that who is accepted next is known. */
static bool connect_one(struct world *w, struct end *e)
{
	const struct sockaddr_storage to = address(w, "10.0.0.2", "fd00::2", PORT);
	for (uint64_t began = sim_now_us(w->sim); sim_now_us(w->sim) - began < 600 * SIM_SEC;) {
		int err = sock_connect(e[0].s, (const void *)&to, sizeof to);
		if (!e[1].s && !sock_accept(w->listener, &e[1].s))
			e[1].connected = true;
		e[0].connected |= err == 0;
		if (e[0].connected && e[1].s)
			return true;
		if (err && err != -EINPROGRESS && err != -EALREADY && err != -EISCONN)
			return false;
		if (e[0].connected) /* it waits for the first data, if its ACK was lost */
			act(w, &e[0]);
		sim_run(w->sim, 1000 + chance(w, 50000));
		if (w->moves && !chance(w, 20))
			move(w, true);
	}
	return false;
}

static bool play(struct world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!connect_one(w, w->end[i])) {
			wrong(w, "no connection");
			return false;
		}
	uint64_t until = sim_now_us(w->sim) + LONGEST_S * (uint64_t)SIM_SEC;
	for (bool all = false; !all && !w->wrong;) {
		all = true;
		for (unsigned i = 0; i < w->n * 2; i++)
			all &= act(w, &w->end[i / 2][i % 2]);
		sim_run(w->sim, 1 + chance(w, w->end[chance(w, w->n)][chance(w, 2)].nap_us));
		if (w->moves && !w->wrong && !chance(w, 300))
			move(w, chance(w, 2));
		if (sim_now_us(w->sim) > until)
			wrong(w, "it does not come to an end");
	}
	return !w->wrong;
}

static void count(struct world *w, struct sim_node *n)
{
	struct leat_stack *st = sim_node_stack(n);
	for (unsigned i = 0; i < st->n_workers; i++)
		w->again += tcp_worker(st->worker[i])->counts[TCP_N_RETRANS_SEGS];
}

static void nothing_left(struct world *w, struct sim_node *n)
{
	struct leat_stack *st = sim_node_stack(n);
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct tcp_worker *tw = tcp_worker(st->worker[i]);
		if (tw->by_key.count || tw->chosen.count || tw->holds.count || tw->conns.used ||
		    tw->asleep.used || tw->motions.used || tw->requests.used || tw->waits.used)
			wrong(w, "something is left");
	}
	if (tcp_stack(st)->bound.count || tcp_stack(st)->listening.count)
		wrong(w, "a port is left");
}

static int add_one(struct sim_node *n, uint8_t family, const char *text, uint8_t plen)
{
	struct leat_stack *st = sim_node_stack(n);
	struct iface *i = iface_by_name(st, "eth0");
	struct addr how = { .if_handle = i->handle,
			    .family = family,
			    .plen = plen,
			    .flags = IFA_F_NODAD | IFA_F_PERMANENT,
			    .valid_s = UINT32_MAX,
			    .preferred_s = UINT32_MAX };
	inet_pton(family, text, &how.local);
	how.peer = how.local;
	int err = addr_add(st, &how, false);
	view_publish(st);
	return err;
}

static int streams_address(struct sim_node *n, const char *v4, const char *v6)
{
	int err = add_one(n, AF_INET, v4, 24);
	return err ? err : add_one(n, AF_INET6, v6, 64);
}

static void configure(struct world *w, struct sim_node *n)
{
	struct tcp_conf *f = &tcp_stack(sim_node_stack(n))->conf;
	f->sack = chance(w, 4) != 0;
	f->stamps = chance(w, 3) != 0;
	f->wscale = chance(w, 4) != 0;
	f->ecn = (uint8_t)chance(w, 3);
	f->recovery = chance(w, 4) ? 1 : (uint8_t)chance(w, 8);
	f->early = chance(w, 4) ? 3 : 0;
	f->frto = chance(w, 4) ? 2 : 0;
	f->orphan_retries = 15; /* a bad wire may be silent for longer than a closed end waits by itself */
}

/* Nobody tells that what is longer than this is lost. */
static uint32_t hole(struct world *w)
{
	uint8_t probing = (uint8_t)(1 + chance(w, 2));
	tcp_stack(sim_node_stack(w->a))->conf.mtu_probing = probing;
	tcp_stack(sim_node_stack(w->b))->conf.mtu_probing = probing;
	return 600 + chance(w, 800);
}

static bool build(struct world *w)
{
	const struct sim_opts o = { .seed = w->seed, .lcores = 3 };
	bool bad = chance(w, 3) != 0;
	struct sim_wire_conf c = { .up = true,
				   .delay_us = chance(w, 100) * SIM_MS,
				   .rate_bps = chance(w, 2) ? 0 : 500000 + chance(w, 100000000),
				   .queue_packets = 2 + chance(w, 200),
				   .loss = bad ? SIM_ALWAYS / 1000 * chance(w, 150) : 0,
				   .reorder = bad && chance(w, 2) ? SIM_ALWAYS / 1000 * chance(w, 300) : 0,
				   .reorder_us = chance(w, 40) * SIM_MS,
				   .duplicate = bad && chance(w, 2) ? SIM_ALWAYS / 1000 * chance(w, 300) : 0,
				   .corrupt = bad && chance(w, 2) ? SIM_ALWAYS / 1000 * chance(w, 50) : 0,
				   .offload = chance(w, 3) == 0 };
	w->ip6 = chance(w, 2);
	if (c.offload || !w->ip6) /* nobody would see it: there are no sums, or none in ARP */
		c.corrupt = 0;
	w->n = 1 + chance(w, STREAMS_MAX);
	w->moves = chance(w, 3) ? 0 : 1 + chance(w, 8);
	if (sim_new(&o, &w->sim) || sim_node_new(w->sim, "a", 1 + chance(w, 3), &w->a) ||
	    sim_node_new(w->sim, "b", 1 + chance(w, 3), &w->b))
		return false;
	configure(w, w->a);
	configure(w, w->b);
	c.mtu = chance(w, 6) ? 0 : hole(w);
	c.offload = c.offload && !c.mtu;
	if (sim_wire_new(w->sim, w->a, "eth0", w->b, "eth0", &c, NULL))
		return false;
	return !streams_address(w->a, "10.0.0.1", "fd00::1") && !streams_address(w->b, "10.0.0.2", "fd00::2");
}

static bool run(unsigned seed, uint64_t *bytes, uint64_t *again)
{
	struct world w = { .seed = seed, .random = seed * 0x9e3779b97f4a7c15ULL + 1 };
	if (!build(&w)) {
		printf("seed %u: no world\n", seed);
		return false;
	}
	sim_run(w.sim, SIM_SEC);
	if (!open_all(&w))
		wrong(&w, "no sockets");
	else if (play(&w)) {
		sock_close(w.listener);
		sim_run(w.sim, 1300 * (uint64_t)SIM_SEC); /* whoever still asks gives up */
		nothing_left(&w, w.a);
		nothing_left(&w, w.b);
	}
	for (unsigned i = 0; i < w.n * 2; i++)
		*bytes += w.end[i / 2][i % 2].got;
	count(&w, w.a);
	count(&w, w.b);
	*again += w.again;
	uint64_t lost = sim_free(w.sim);
	if (lost && !w.wrong)
		w.wrong = "packets are left";
	if (w.wrong)
		printf("seed %u: %s\n", seed, w.wrong);
	return !w.wrong;
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 100, first = argc > 2 ? (unsigned)atoi(argv[2]) : 1,
		 bad = 0;
	uint64_t bytes = 0, again = 0;
	for (unsigned i = 0; i < n; i++)
		bad += !run(first + i, &bytes, &again);
	printf("%u runs, %u bad, %lu bytes came, %lu segments were sent again\n", n, bad, bytes, again);
	return bad || !again; /* wires that lose nothing would show nothing */
}
