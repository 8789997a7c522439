/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole networks of the production code in one process and one thread, on a clock set by hand and wires made of rules. All of it
 * follows from the seed and the calls made, so a run can be repeated exactly; the digest over what was sent tells whether it
 * was. `leat sim` reads these calls from a file (topo.h); tests make them from C. */
#ifndef LEAT_SIM_SIM_H
#define LEAT_SIM_SIM_H

#include <stdio.h>

#include "core/stack.h"
#include "net/iface.h"

struct sim;
struct sim_node;
struct sim_wire;
struct sim_ping;

enum { SIM_MS = 1000, SIM_SEC = 1000000 };

struct sim_opts {
	uint64_t seed;
	unsigned lcores; /* 0: 1; what nodes' workers are spread over */
	const char *pcap_dir; /* a pcapng file per wire; NULL: none */
	/* A filter of pcap-filter(7), "" for all: what matches is followed through nodes and wires; NULL: none. */
	const char *trace;
	FILE *trace_out; /* NULL: standard output */
	uint64_t events_max; /* 0: no bound; else wires and schedules stand still after so many events */
	const char *leat; /* the program that sim_ip() starts; NULL: "leat" by the path */
};

/* 0 or -errno. */
int sim_new(const struct sim_opts *o, struct sim **ret);
/* Everything, nodes first. Packets that did not come back to their pool are counted: 0 unless something leaks. */
uint64_t sim_free(struct sim *s);

/* --- time --- */

uint64_t sim_now_us(const struct sim *s);
void sim_run(struct sim *s, uint64_t delta_us);
/* Lets everything happen that is due at this instant. */
void sim_settle(struct sim *s);
/* Over every frame sent into a wire: when, into which, at which end, and its bytes. */
uint64_t sim_digest(const struct sim *s);
struct leat_runtime *sim_rt(struct sim *s);
/* Why the latest call that had something to say beyond its -errno failed; "" when none has. */
const char *sim_why(const struct sim *s);

/* Something that is to happen; embedded where it belongs. Those of one instant run in the order in which they were set. */
struct sim_event {
	uint64_t at_us, order;
	void (*fn)(struct sim *s, struct sim_event *e);
	unsigned place; /* in the heap, from 1; 0: not set */
};
void sim_at(struct sim *s, struct sim_event *e, uint64_t at_us); /* never before now; set again: moved */
void sim_cancel(struct sim *s, struct sim_event *e);

/* --- nodes --- */

/* A stack of `workers` workers with "lo" up, or down when it has crashed. Names are of letters, digits, _, - and ., and begin with
 * neither of the last two. 0, -EINVAL (name), -EEXIST, -ERANGE (workers), or what stack_new() says. */
int sim_node_new(struct sim *s, const char *name, unsigned workers, struct sim_node **ret);
struct sim_node *sim_node_find(struct sim *s, const char *name);
struct sim_node *sim_node_next(struct sim *s,
			       const struct sim_node *after); /* NULL: the first; in order of making */
const char *sim_node_name(const struct sim_node *n);
struct leat_stack *sim_node_stack(const struct sim_node *n); /* NULL: crashed */
/* The stack goes as it stands, without a word to its peers. With `keep` its save file is written before. 0 or -errno. */
int sim_crash(struct sim_node *n, bool keep);
bool sim_node_is_kept(const struct sim_node *n); /* there is a save file to come back from */
/* It comes back: from the save file if there is one, else empty, with its interfaces on their wires. */
int sim_return(struct sim_node *n);
/* Runs `lines` through Debian's `ip -batch` for this stack while the clock stands still. 0, or -errno after a line on standard
 * error: -EINVAL when ip refused. */
int sim_ip(struct sim_node *n, const char *lines);
/* The same, and says nothing: `ret` is why not, and which line, from 1 (0: none of them). */
struct sim_refusal {
	unsigned line;
	char why[200];
};
int sim_ip_why(struct sim_node *n, const char *family, const char *lines,
	       struct sim_refusal *ret); /* family: "", "-4" or "-6" */

/* --- wires --- */

/* Probabilities are in billionths. Zero members: no limit, no delay, never. */
enum { SIM_ALWAYS = 1000000000 };
enum sim_aqm { SIM_AQM_NONE, SIM_AQM_CODEL /* RFC 8289 */, SIM_AQM_FQ_CODEL /* RFC 8290 */ };
struct sim_wire_conf {
	uint64_t rate_bps; /* of frames as pcap shows them */
	uint64_t delay_us, jitter_us; /* delay - jitter .. delay + jitter, in order */
	uint32_t queue_packets, queue_bytes; /* in front of a rate; both 0: 1000 packets */
	enum sim_aqm aqm;
	uint32_t mark_packets; /* of ECN's, while so many wait (RFC 3168, 5); 0: none */
	uint32_t loss; /* each for itself */
	uint32_t burst_enter, burst_leave,
		burst_loss; /* Gilbert-Elliott: into and out of the bad state, loss while in it */
	uint32_t reorder;
	uint64_t reorder_us; /* how long a frame is held back, for others to pass */
	uint32_t duplicate, corrupt; /* corrupt: one bit, anywhere */
	uint32_t mtu; /* frames with more payload vanish; the interfaces do not know */
	bool up; /* the interfaces start up */
	bool offload; /* ends that sum and split nothing: frames cross whole with their state */
};

enum sim_drop {
	SIM_DROP_CUT, /* the wire was cut, or cut while the frame was on it */
	SIM_DROP_QUEUE, /* it was full */
	SIM_DROP_AQM,
	SIM_DROP_LOSS,
	SIM_DROP_BURST,
	SIM_DROP_MTU,
	SIM_DROP_NOBODY, /* the other end's interface is down or gone */
	SIM_DROP_MEMORY,
	SIM_DROPS
};
extern const char *const sim_drop_names[SIM_DROPS];

/* Of one direction. in + duplicated = out + all dropped + held, always. */
struct sim_wire_stats {
	uint64_t in, in_bytes, out, out_bytes, duplicated, corrupted, reordered, marked, held;
	uint64_t dropped[SIM_DROPS];
};

/* Joins two nodes by interfaces that it makes, down. 0, -EEXIST, -ENOMEM. */
int sim_wire_new(struct sim *s, struct sim_node *a, const char *a_if, struct sim_node *b, const char *b_if,
		 const struct sim_wire_conf *c, struct sim_wire **ret);
struct sim_wire *sim_wire_get(struct sim *s, unsigned number); /* from 1; NULL: none */
struct iface *sim_wire_iface(const struct sim_wire *w, unsigned end); /* NULL: gone */
void sim_wire_name(const struct sim_wire *w, char *to, size_t len); /* "A:eth0 B:eth0" */
void sim_wire_stats(const struct sim_wire *w, unsigned from_end, struct sim_wire_stats *ret);
/* Frames vanish, the ends notice nothing. */
void sim_wire_cut(struct sim_wire *w, bool cut);
/* The same, and the ends lose their carrier. */
void sim_wire_unplug(struct sim_wire *w, bool unplugged);
bool sim_wire_is_cut(const struct sim_wire *w);
bool sim_wire_is_unplugged(const struct sim_wire *w);
/* From the next frame on. 0 or -ENOMEM. */
int sim_wire_set(struct sim_wire *w, const struct sim_wire_conf *c);
const struct sim_wire_conf *sim_wire_conf(const struct sim_wire *w);

/* --- pings --- */

struct sim_ping_conf {
	const char *to; /* an address of either family */
	uint32_t count, size; /* size: bytes of payload */
	uint64_t interval_us;
	const char *
		from; /* an address, which need not be the node's, or an interface; NULL: the stack chooses */
};
struct sim_ping_stats {
	uint32_t sent, received, duplicates, bad; /* bad: with another payload than was sent */
	uint64_t min_us, max_us, sum_us;
	uint32_t refused; /* of those sent: by the node itself, for the reason `why` */
	int why; /* -errno, of the latest */
};
/* Starts now. A ping belongs to the simulation and outlives its node. 0, -EINVAL, -ENOSPC, -ENOMEM. */
int sim_ping(struct sim_node *n, const struct sim_ping_conf *c, struct sim_ping **ret);
void sim_ping_stats(const struct sim_ping *p, struct sim_ping_stats *ret);
bool sim_ping_sending(const struct sim_ping *p);

/* --- datagrams --- */

struct sim_udp;
struct sim_udp_conf {
	const char
		*to; /* an address of either family; NULL: the receiver's first one that others can reach */
	uint16_t port;
	uint32_t count, size; /* size: bytes of payload, at least SIM_UDP_MIN */
	uint64_t interval_us;
	const char *from; /* an address of the sender's or an interface; NULL: the stack chooses */
};
enum { SIM_UDP_MIN = 8 };
/* Starts now: from a socket of n to one of `at`, both in-process (sock/sock.h). Times are one way. Sockets go with their stack and
 * are opened again when it has returned. 0, -EINVAL, -EADDRNOTAVAIL (no address to send to), -ENOSPC, -ENOMEM. */
int sim_udp(struct sim_node *n, struct sim_node *at, const struct sim_udp_conf *c, struct sim_udp **ret);
void sim_udp_stats(const struct sim_udp *u, struct sim_ping_stats *ret);
bool sim_udp_sending(const struct sim_udp *u);

#endif
