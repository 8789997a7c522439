/* SPDX-License-Identifier: BSD-2-Clause */
/* A plan being played: the network as it stands, and what the properties need to remember of it. */
#ifndef LEAT_PROP_PROP_H
#define LEAT_PROP_PROP_H

#include "plan.h"
#include "sim/sim.h"
#include "sock/sock.h"

enum { WHY_MAX = 400, MSGS_MAX = 20000, LEN_MIN = 24 };

struct world;

/* What interfaces and graphs have counted that is there no more, or was counted before we looked. */
struct tally {
	uint64_t tx, drops;
};

struct prop_node {
	struct sim_node *n; /* NULL: not made */
	bool forward;
	bool unloaded[4]; /* modules, by module_at() */
	bool reordered; /* one of them has gone: the save file of this life lists them otherwise, or not */
	bool kept_reordered; /* the one that is kept does */
	struct counters *kept; /* at the time of a crash that is to be returned from */
	uint64_t gone_rx; /* what interfaces that went had received */
	bool replugged; /* since then: what follows from carrier may differ */
	bool untested; /* addresses that were being tested may come back without */
};

/* One end of a wire: what its interface has counted when the count began. */
struct prop_end {
	bool counting; /* there is one */
	uint64_t tx0, rx0, in0, out0;
};

struct prop_wire {
	struct sim_wire *w;
	struct sim_wire_conf plain; /* as the plan made it */
	unsigned node[2];
	struct prop_end end[2];
};

struct prop_sock {
	struct sock *s; /* NULL: not open, or went with its node */
	unsigned node;
	bool is6, lazy, connected, raw;
	unsigned peer;
	uint64_t rcvbuf; /* as asked for; 0: as it comes */
	struct world *world;
};

/* A datagram that was sent. Its number is in it. */
struct prop_msg {
	uint16_t from, to; /* sockets */
	bool to_all; /* on a wire of the sender's, or all of a group */
	uint32_t len;
	uint32_t came;
};

/* What plans reach, for who asks (--count): packets dropped by each name, datagrams, replies. */
struct reached {
	uint64_t drop[DROP_MAX];
	uint64_t sent, came, asked, answered, restored, explained;
};

struct world {
	const struct plan *plan;
	struct sim *sim;
	struct prop_node node[NODES_MAX + 1];
	struct prop_wire wire[WIRES_MAX + 1];
	struct prop_sock sock[SOCKS_MAX + 1];
	struct prop_msg *msg; /* [MSGS_MAX], by number from 1 */
	unsigned n_msgs;
	bool has_routes, has_subnets; /* static routes along the shortest ways */
	struct sim_ping *ping[DEEDS_MAX];
	unsigned n_pings;
	unsigned excused; /* datagrams that differed, and were let pass */
	uint64_t taken; /* packets that readers took out of sockets */
	struct tally gone; /* what stacks that are no more had counted */
	uint64_t freed_else; /* packets freed while their stack went */
	struct reached reached;
	uint32_t queue_max; /* the largest that a neighbour's queue was ever allowed to be; 0: not set */
	uint64_t outcome; /* a hash over what came where */
	char why[WHY_MAX]; /* the first property that did not hold: "name: ..."; "": all do */
	FILE *trace; /* deeds and their effect, for a person; NULL: no */
	uint64_t *explain; /* as in struct play_opts */
	uint64_t explain_random;
};

/* Records the first failure. Always false, so that checks read `return broken(...)`. */
bool broken(struct world *w, const char *fmt, ...) printf_like(2, 3) cold_fn;
static inline bool holds(const struct world *w)
{
	return !w->why[0];
}

struct play_opts {
	FILE *trace;
	const char *follow; /* a filter: packets through nodes and wires; NULL: none */
	const char *pcap_dir;
	bool counts; /* result.reached is wanted */
	uint64_t *explain; /* how many packets are still to be explained, between deeds; NULL: none */
};
struct result {
	uint64_t digest, outcome;
	struct reached reached;
	char why[WHY_MAX];
};
/* Plays the plan from end to end. True: every property held. */
bool play(const struct plan *p, const struct play_opts *o, struct result *ret);

/* --- address.c: who is called what --- */

enum addr_kind {
	ADDR_LO4,
	ADDR_LO6,
	ADDR_WIRE4,
	ADDR_WIRE6,
	ADDR_ALL4,
	ADDR_ALL6,
	ADDR_GROUP4,
	ADDR_GROUP6,
	ADDR_KINDS
};
struct prop_addr {
	uint8_t family, plen;
	struct ipaddr a;
	uint8_t wire; /* of the sender's that it is sent into; 0: by the routes */
};
struct prop_addr addr_of_node(unsigned node, bool v6);
/* The number-th address of that end; 0 is the first. */
struct prop_addr addr_of_end(unsigned wire, unsigned end, unsigned number, bool v6);
/* Of the number-th VLAN on that end. */
struct prop_addr addr_of_vlan(unsigned wire, unsigned end, unsigned number, bool v6);
/* The group that sockets join there. */
struct prop_addr addr_of_group(unsigned wire, bool v6);
/* An address of the node; false: it has none of that kind. salt chooses among several. */
bool addr_choose(const struct world *w, unsigned node, uint32_t kind, unsigned salt, struct prop_addr *ret);
/* Could it be an address of that node, now or at some time? */
bool addr_is_of(const struct world *w, unsigned node, const struct prop_addr *a);
void addr_text(const struct prop_addr *a, char to[static 64]);

/* --- network.c: nodes, wires, faults --- */

struct leat_stack *stack_of(const struct world *w, unsigned node); /* NULL: none, or crashed */
struct iface *iface_of(const struct world *w, unsigned wire, unsigned end);
void deed_node(struct world *w, const uint32_t *arg);
void deed_wire(struct world *w, const uint32_t *arg);
void deed_cut(struct world *w, const uint32_t *arg);
void deed_unplug(struct world *w, const uint32_t *arg);
void deed_faults(struct world *w, const uint32_t *arg);
void deed_crash(struct world *w, const uint32_t *arg);
void deed_return(struct world *w, const uint32_t *arg);
/* Everything whole, up and loaded again. */
void network_heal(struct world *w);

/* --- config.c: by netlink --- */

void deed_routes(struct world *w, const uint32_t *arg);
void deed_link_up(struct world *w, const uint32_t *arg);
void deed_link_mtu(struct world *w, const uint32_t *arg);
void deed_link_gone(struct world *w, const uint32_t *arg);
void deed_link_back(struct world *w, const uint32_t *arg);
void deed_addr(struct world *w, const uint32_t *arg);
void deed_route(struct world *w, const uint32_t *arg);
void deed_neigh(struct world *w, const uint32_t *arg);
void deed_forward(struct world *w, const uint32_t *arg);
void deed_module(struct world *w, const uint32_t *arg);
void deed_link_mac(struct world *w, const uint32_t *arg);
/* What a node is told when it is fresh: its own addresses, and those of its ends. */
void config_node(struct world *w, unsigned node);
void config_end(struct world *w, unsigned wire, unsigned end);
void config_routes_of(struct world *w, unsigned node);

/* --- tables.c --- */

void deed_rule(struct world *w, const uint32_t *arg);
void deed_hop(struct world *w, const uint32_t *arg);
void deed_group(struct world *w, const uint32_t *arg);
void deed_ways(struct world *w, const uint32_t *arg);
void deed_vlan(struct world *w, const uint32_t *arg);
void deed_vrf(struct world *w, const uint32_t *arg);
void deed_proxy(struct world *w, const uint32_t *arg);
/* What of it could lead packets elsewhere is taken back. */
void tables_reset(struct world *w);
/* The VLANs upon an end go with it: what they have received. */
uint64_t tables_received_above(const struct world *w, unsigned wire, unsigned end);

/* --- tune.c --- */

void deed_tune(struct world *w, const uint32_t *arg);
void tune_reset(struct world *w);

/* --- traffic.c --- */

void deed_sock(struct world *w, const uint32_t *arg);
void deed_send(struct world *w, const uint32_t *arg);
void deed_read(struct world *w, const uint32_t *arg);
void deed_close(struct world *w, const uint32_t *arg);
void deed_ping(struct world *w, const uint32_t *arg);
void deed_cross(struct world *w, const uint32_t *arg);
void deed_join(struct world *w, const uint32_t *arg);
void traffic_ping(struct world *w, unsigned node, const struct prop_addr *to, uint32_t size, uint32_t count,
		  uint32_t interval_us);
void traffic_node_gone(struct world *w, unsigned node); /* its sockets went with it */
void traffic_read_all(struct world *w);
/* Nothing forged: pings, and copies of datagrams. */
bool check_traffic(struct world *w);

/* --- check.c: what must hold whenever nothing is left to do at an instant --- */

bool check_all(struct world *w);
/* Packets that stacks hold: parked for neighbours, queued to sockets. */
uint64_t held_by_stack(const struct leat_stack *st);
/* Around a stack's end. */
void account_before_end(struct world *w, unsigned node);
void account_after_end(struct world *w);
void account_back(struct world *w, unsigned node); /* it has been restored, counters and all */
void account_end_gone(struct world *w, unsigned wire, unsigned end);
/* Counters over save and restore. */
struct counters;
struct counters *counters_take(struct leat_stack *st);
void counters_free(struct counters *c);
/* whole: the rest of the save file must be the same, too. */
bool counters_continue(struct world *w, const struct counters *was, struct leat_stack *st, bool whole);

/* Adds what the living stacks have dropped. */
void reached_add(const struct world *w, struct reached *to);

/* --- explained.c: what is said of packets, and what becomes of them --- */

/* A few random packets, at most *left; *left is then so many fewer. */
void explained_some(struct world *w, uint64_t *random, uint64_t *left);

/* --- final.c: after the faults --- */

bool check_final(struct world *w);

#endif
