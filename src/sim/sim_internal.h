/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_SIM_INTERNAL_H
#define LEAT_SIM_INTERNAL_H

#include <linux/virtio_net.h>
#include <stdio.h>
#include <sys/socket.h>

#include "core/manual.h"
#include "sim/sim.h"

struct follow;
struct sockd;

enum { SIM_PINGS_MAX = 65535, SIM_WATCHES_MAX = 64, SIM_MODULES_MAX = MODULE_MAX + 1 };

struct sim_frame {
	struct sim_event arrival;
	struct sim_dir *dir;
	struct sim_frame *next; /* in the queue */
	struct virtio_net_hdr offload;
	uint64_t since_ns;
	uint32_t cuts; /* of the wire when it set out */
	uint32_t len;
	uint32_t trace_id; /* 0: not followed */
	uint8_t b[];
};

struct sim_flow {
	struct sim_frame *head, *tail;
	uint32_t bytes;
	/* CoDel: the names are those of RFC 8289, 5. */
	bool dropping;
	uint32_t count, last_count;
	uint64_t first_above_us, drop_next_us;
	/* FQ-CoDel. */
	int32_t deficit;
	struct list link; /* of sim_queue.fresh or .old, or on none */
};

struct sim_queue {
	enum sim_aqm aqm;
	struct sim_flow *flow; /* [n_flows]; the first one alone unless FQ-CoDel */
	unsigned n_flows;
	uint32_t n, bytes;
	struct list fresh, old;
};

/* One direction of a wire, named by the end that sends. */
struct sim_dir {
	struct sim_wire *wire;
	uint8_t from;
	bool bad; /* Gilbert-Elliott */
	struct sim_queue queue; /* waiting to be sent */
	uint64_t busy_ns; /* until when the sender is */
	uint64_t last_us; /* when the latest one in order arrives */
	uint64_t random;
	struct sim_event ready; /* the sender can take the next */
	struct sim_wire_stats stats;
};

struct sim_end {
	struct sim_wire *wire;
	uint8_t which;
	struct sim_node *node;
	struct iface *ifc; /* NULL: crashed or deleted */
	char ifname[IFACE_NAME_MAX];
	struct list link; /* of the node */
};

struct sim_wire {
	struct sim *sim;
	unsigned number;
	bool cut, unplugged;
	uint32_t cuts;
	struct sim_wire_conf conf;
	struct sim_end end[2];
	struct sim_dir dir[2];
	struct pcapng *capture; /* NULL: none */
};

struct sim_node {
	struct sim *sim;
	char name[STACK_NAME_MAX];
	unsigned workers;
	struct leat_stack *st;
	struct iface_kind kind;
	struct list ends;
	uint64_t life; /* how often it has started */
	bool kept; /* there is a save file */
	bool dying; /* what it says now nobody hears */
	struct list link;
};

/* What was sent, by number, and what of it came. */
struct tally {
	struct sim *sim;
	struct sim_ping_stats stats;
	uint64_t *sent_us; /* [count] */
	bool *came; /* [count] */
};

struct sim_ping {
	struct sim_node *node;
	uint16_t id;
	uint8_t family;
	struct ipaddr to, from;
	char from_if[IFACE_NAME_MAX]; /* "": any */
	struct sim_ping_conf conf;
	struct tally tally;
	struct sim_event next;
};

/* A socket that lives as long as its stack: `life` tells which life of the node it belongs to. */
struct udp_socket {
	struct sim_node *node;
	uint64_t life;
	struct sock *sock;
};

/* Where datagrams to a port of a node end. */
struct udp_sink {
	struct udp_socket s;
	uint16_t port;
	struct list link; /* of the simulation */
};

struct sim_udp {
	struct udp_socket s;
	uint32_t id;
	struct udp_sink *sink;
	struct sockaddr_storage to, from; /* ss_family 0: no matter where from */
	char from_if[IFACE_NAME_MAX];
	struct sim_udp_conf conf;
	struct tally tally;
	struct sim_event next;
};

struct sim {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct runtime_ops ops; /* the manual runtime's, with descriptors and our randomness */
	struct sim_opts opts;
	const struct module *modules[SIM_MODULES_MAX];
	bool pools;
	uint64_t random, outside_random; /* of stacks; while something outside runs */
	bool outside;
	unsigned n_outside; /* runs so far */
	uint64_t digest, n_frames;
	struct sim_event **heap; /* from 1 */
	unsigned n_events, room_events;
	uint64_t happened;
	uint64_t order;
	struct list nodes;
	struct sim_wire **wire; /* [n_wires] */
	unsigned n_wires;
	struct sim_ping **ping; /* by id */
	unsigned n_pings;
	struct sim_udp **udp; /* by id */
	unsigned n_udps;
	struct list sinks;
	char why[800]; /* a path, and what is wrong with it */
	struct follow *follow; /* NULL: nothing is traced */
	char dir[64]; /* for sockets, batches and save files; "": not made yet */
	struct fd_watch *watch[SIM_WATCHES_MAX];
	unsigned n_watches;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t sim_random(uint64_t *state);
static inline bool sim_chance(uint64_t *state, uint32_t billionths)
{
	return billionths && (sim_random(state) >> 32) * SIM_ALWAYS >> 32 < billionths;
}
void sim_digest_add(struct sim *s, const struct sim_dir *d, const struct sim_frame *f);
/* 0 or -errno; the directory for what others have to open by name. */
int sim_make_dir(struct sim *s);

/* queue.c: frames in it count as held. Init and change: 0 or -ENOMEM. */
int queue_init(struct sim_dir *d, enum sim_aqm aqm);
void queue_done(struct sim_dir *d);
int queue_change(struct sim_dir *d, enum sim_aqm aqm);
bool mark_frame(struct sim_frame *f); /* false: it is not for that */
void queue_push(struct sim_dir *d, struct sim_frame *f); /* consumes */
struct sim_frame *queue_pop(struct sim_dir *d); /* NULL: none is left, some may have been dropped */
void queue_drop_all(struct sim_dir *d, enum sim_drop why);

/* A frame enters the wire; consumes it. */
void wire_send(struct sim_dir *d, struct sim_frame *f);
/* The end of the simulation: nothing happens any more, what is on wires is freed. */
void wires_forget_events(struct sim *s);
void wire_done(struct sim_wire *w);

/* device.c: the interface of one end */
int device_new(struct sim_end *e, struct leat_stack *st, const char *ifname);
void device_receive(struct sim_end *e,
		    const struct sim_frame *f); /* a copy of it comes in, in the next turn */
int device_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		size_t why_len);

/* capture.c */
int capture_open(struct sim_wire *w);
void capture_frame(struct sim_wire *w, unsigned end, bool inbound, const struct sim_frame *f);
void capture_close(struct sim_wire *w);

/* follow.c: does nothing unless something is traced. */
int follow_init(struct sim *s);
void follow_done(struct sim *s);
int follow_stack(struct sim_node *n); /* just made; 0 or -errno */
void follow_sent(struct sim_dir *d, struct sim_frame *f);
void follow_dropped(struct sim_dir *d, const struct sim_frame *f, enum sim_drop why);
void follow_changed(struct sim_dir *d, const struct sim_frame *f, const char *what); /* a constant */
/* Prints what has been recorded: by n, or (NULL) by all in order of their making. Outside a node's run. */
void follow_flush(struct sim *s, struct sim_node *n);

/* outside.c */
int outside_watch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w);
void outside_unwatch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w);

static inline struct sim *sim_of(struct leat_runtime *rt)
{
	return container_of(rt->ops, struct sim, ops);
}

/* tally.c. Init: 0 or -ENOMEM; done in either case. */
int tally_init(struct tally *t, struct sim *s, uint32_t count);
void tally_done(struct tally *t);
uint32_t tally_sent(struct tally *t); /* its number; at most count times */
void tally_refused(struct tally *t, int err); /* the one just sent could not be */
bool tally_knows(const struct tally *t, uint32_t seq);
void tally_came(struct tally *t, uint32_t seq, bool whole); /* one that it knows */

void ping_free(struct sim_ping *p);

/* udp.c */
void udp_node_started(struct sim_node *n);
void udp_done(struct sim *s);

extern const struct module sim_module;

#endif
