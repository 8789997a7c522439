/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef LEAT_L4_INTERNAL_H
#define LEAT_L4_INTERNAL_H

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "l4/l4.h"
#include "net/l3.h"
#include "wire/csum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { L4_PROTOS_MAX = 16 };

/* The state of module l4.
 * Read: any worker, within a turn.   Write: control lcore, workers between turns.   Free: elements by their owners. */
struct l4_stack {
	struct l4_conf conf;
	const struct l4_ops *ops[L4_PROTOS_MAX];
	struct hash by_id, by_key, by_port;
	uint32_t next_id;
	uint16_t out4, out6, whole4, whole6; /* nodes */
	uint32_t n_raw; /* raw endpoints */
	struct {
		const char *node4, *node6;
		uint8_t proto, edge4, edge6;
	} errors; /* l4_error_add(); proto 0: nobody */
	struct list alert4, alert6; /* struct l4_more.alert */
	struct shared_pool opts;
	uint8_t memory; /* enum l4_memory; any worker */
	l4_ready_fn *ready; /* l4_on_ready() */
	void (*gone)(struct l4_end *e);
};
static inline struct l4_stack *l4_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_l4);
}

struct l4_worker {
	struct worker *w;
	struct turn_end tell_end;
	struct l4_end *tell, *tell_last; /* struct l4_end.tell */
	uint64_t held,
		judged; /* bytes that wait in its endpoints' queues and are charged; the same when they were last added up */
	struct ip6 last_to; /* where one of its endpoints sent last, for l4_confirm() right after */
};

int l4_ops_add(struct leat_stack *st, const struct l4_ops *ops);
void l4_ops_remove(struct leat_stack *st, const struct l4_ops *ops);

/* --- knob.c --- */

extern const struct knob l4_knobs[];

/* --- demux.c --- */

enum { L4_ANY_IF = UINT32_MAX };
struct l4_tuple { /* as an arriving packet has it: local is its destination */
	uint8_t proto;
	uint32_t in_if;
	uint32_t vrf; /* that in_if belongs to, itself if it is one; 0: none */
	uint16_t lport, rport;
	struct ip6 local, remote;
};
/* The endpoint a unicast packet is for, the most specific one; NULL: none. */
struct l4_end *l4_find(const struct worker *w, const struct l4_tuple *t);
/* Those a group's packet is for: one after the other, `after` NULL at first. */
struct l4_end *l4_find_next(const struct worker *w, const struct l4_tuple *t, const struct l4_end *after);
/* The raw endpoints of a protocol, one after the other. */
struct l4_end *l4_raw_next(const struct worker *w, const struct l4_tuple *t, uint8_t family,
			   const struct l4_end *after);
/* Of a group that shares its port (SO_REUSEPORT) the member with the largest share hears a flow, whose hash is `flow`. When one comes or goes only
 * its own flows move (rendezvous hashing). Who wants what comes by this worker (SO_INCOMING_CPU; a worker counts as a CPU) goes first. */
static inline uint64_t l4_share(const struct worker *w, uint32_t flow, const struct l4_end *e)
{
	bool wants_here = e->opt->incoming_cpu == (int)w->index;
	return (uint64_t)wants_here << 32 | hash_u32(flow ^ hash_u32(e->id));
}
struct l4_end *l4_end_by_id(const struct leat_stack *st, uint32_t id);
void l4_hash(struct l4_end *e);
void l4_unhash(struct l4_end *e);
int l4_take_port(struct l4_end *e, const struct l4_addr *want); /* 0 or -EADDRINUSE; writes e->local */

/* Fills the edge to l4-deliver; returns the caller's edge `next` that leads there. */
static inline uint8_t l4_deliver_to(struct pkt *p, const struct l4_end *e, bool error, uint8_t next)
{
	p->edge.l4_deliver.end = e->id;
	p->edge.l4_deliver.error = error;
	return next;
}

/* The tuple of a packet whose IP header is at data; without ports. */
static inline void l4_tuple_of(const struct worker *w, const struct pkt *p, bool is6, struct l4_tuple *ret)
{
	const struct ip4_hdr *h4 = pkt_l3(p);
	const struct ip6_hdr *h6 = pkt_l3(p);
	ret->in_if = p->in_if;
	ret->vrf = l3_handle_of(w, p->in_if);
	ret->lport = ret->rport = 0;
	ret->local = is6 ? h6->dst : l4_of4(h4->dst);
	ret->remote = is6 ? h6->src : l4_of4(h4->src);
}

/* A copy of the packet that belongs to this lcore: the first keep_bytes of its own, the rest shared where it can be. NULL at the
 * budget, counted as lost at `node`. */
struct pkt *l4_copy(struct worker *w, const char *node, struct pkt *p, uint32_t keep_bytes);

/* --- output.c --- */

/* How a datagram of an endpoint would go. */
struct l4_path {
	bool is6;
	bool no_src; /* the sender has no address yet: src was chosen for it */
	bool df; /* IPv4: must not be fragmented, here or on its way */
	bool whole6; /* IPv6: what is longer than mtu is refused */
	bool by_link; /* whatever is known of the path: PKT_F_LINK_MTU */
	uint8_t proto, ttl, tos, type; /* type: RTN_* */
	uint32_t asked_if; /* what the sender named; 0: nothing */
	uint32_t mark;
	uint32_t out_if, mtu; /* mtu: that it goes by */
	uint32_t link_mtu, known_mtu; /* known: of the path, whether it goes by that or not */
	uint16_t cut_at; /* fragments are no longer, by the sender's will; 0: he has none */
	uint16_t dport; /* of `to` */
	uint32_t max_len; /* IP packet: more is -EMSGSIZE */
	struct ip6 src, dst;
	const struct ip4_own_options *options; /* of e or with; NULL: none */
	struct l4_ext ext[2]; /* IPv6, in their order: hop-by-hop options, destination options */
};
/* IPv4's, of e or said with the datagram; NULL: none. */
const struct ip4_own_options *l4_options_of(const struct l4_end *e, const struct l4_with *with);
/* 0 or -errno. `to` is the wanted destination; dst is where it really goes (0.0.0.0: this host). with may be NULL. */
int l4_path_find(struct l4_end *e, const struct l4_addr *to, const struct l4_with *with, struct l4_path *ret);
/* How the route of a datagram from src to dst was asked for, where nothing was said with it. */
struct fib_query l4_query(const struct l4_end *e, const struct l4_addr *src, const struct l4_addr *dst);
/* A packet with IP header and transport header (hdr_len bytes at hdr) and payload (buf, tail), on its way. 0 or -errno. csum_off is
 * where the transport's checksum is, with a pseudo header if `pseudo`; -1: none. */
struct l4_out {
	const void *hdr;
	uint16_t hdr_len;
	int16_t csum_off;
	bool pseudo;
	const void *buf, *tail;
	size_t len, tail_len;
	uint16_t segment; /* it is a large packet: the payload of each datagram; 0: it is one */
	bool unchecked; /* a pending error and shutdown do not keep it from leaving (Linux: raw sockets) */
};
/* Of IP's. */
size_t l4_headers_len(const struct l4_path *path);
/* Is a transport's packet of l4_len bytes too long for the path? 0 or -EMSGSIZE, which goes into the error queue, too. */
int l4_check_len(struct l4_end *e, const struct l4_path *path, size_t l4_len, uint16_t segment);
/* Linux: pending errors and shutdown are seen when memory is asked for, after everything that is wrong with the call itself. */
int l4_may_send(struct l4_end *e);
int l4_output(struct l4_end *e, const struct l4_path *path, const struct l4_out *o);
/* A whole IP packet, hdr_len bytes of it IP's. */
int l4_output_whole(struct l4_end *e, const struct l4_path *path, const void *buf, uint32_t len,
		    uint32_t hdr_len);

extern const struct node l4_deliver_node, l4_error4_node, l4_error6_node;
/* An error came to the home of its endpoint: keeps p and returns NODE_KEPT, or drops it by name. */
uint8_t l4_error_arrive(struct l4_end *e, struct pkt *p);
/* What was to go to path->dst is too long for that MTU: for the queue of errors, when somebody reads it (IP_RECVERR). */
void l4_error_too_long(struct l4_end *e, const struct l4_path *path, uint32_t mtu);
/* The owner is told at the end of the turn. */
void l4_tell(struct l4_end *e);
void l4_tell_not(struct l4_end *e); /* it goes, or moves to another worker */
/* The same from any worker: at once. */
void l4_tell_from(struct worker *w, struct l4_end *e);
/* Errors about a protocol whose endpoints are not found here go to these nodes, read and judged: l4_error_parse() holds, and a path
 * MTU can be. In a module's init and unlink. 0, -ENOBUFS. */
int l4_error_add(struct leat_stack *st, uint8_t proto, const char *node4, const char *node6);
void l4_error_remove(struct leat_stack *st, uint8_t proto);
uint32_t l4_truesize(const struct pkt *p);
void l4_park(const struct l4_end *e, struct pkt *p,
	     uint32_t drops); /* before p goes into one of e's queues */
void l4_pop(struct l4_end *e); /* the first packet of its queue goes */
/* What all queues of a stack hold together, of those that are charged (net.ipv4.udp_mem). */
enum l4_memory { L4_MEMORY_PLENTY, L4_MEMORY_SCARCE, L4_MEMORY_FULL };

#endif
