/* SPDX-License-Identifier: BSD-2-Clause */
/* Endpoints: what a socket is to the packets. A transport finds the endpoint of a packet, the endpoint keeps what came until
 * somebody reads it. The room sock puts names, options and error numbers of the socket calls in front of this.
 *
 * One form for both families: IPv4 addresses are written ::ffff:a.b.c.d, "any" is :: or ::ffff:0.0.0.0. Ports are in host order,
 * everywhere. */
#ifndef LEAT_L4_L4_H
#define LEAT_L4_L4_H

#include <sys/types.h>

#include "base/list.h"
#include "base/shared.h"
#include "ip/ip.h"
#include "ip/ip4_own_options.h"

struct l4_end;

/* One end of a conversation. */
struct l4_addr {
	struct ip6 a;
	uint16_t port; /* UDP's; a ping socket's identifier */
	uint32_t if_handle; /* for link-local addresses; 0: none */
};

/* An extension header to be sent; len 0: none. The bytes are its owner's. */
struct l4_ext {
	const uint8_t *bytes;
	uint16_t len;
};

/* What one datagram has otherwise than its endpoint says (control messages). */
struct l4_with {
	int16_t hops, tos, dontfrag6; /* -1: as the endpoint */
	bool has_src;
	struct ip6 src;
	uint32_t out_if; /* 0: as the endpoint */
	bool has_mark; /* SO_MARK */
	uint32_t mark;
	bool has_ext; /* the next two, instead of all the endpoint has */
	struct l4_ext hop_options, dst_options;
	bool has_options; /* IP_RETOPTS */
	struct ip4_own_options options;
	bool has_segment; /* UDP_SEGMENT */
	uint16_t segment;
};

struct l4_send {
	const void *buf;
	size_t len;
	const struct l4_addr *to; /* NULL: the peer */
	const struct l4_with *with; /* NULL: nothing */
	bool more; /* MSG_MORE: the datagram is not complete yet */
};

/* What became of a datagram, for who counts. */
enum l4_fate { L4_READ, L4_LOST_RCVBUF, L4_LOST_MEMORY };

/* A protocol that has endpoints. */
struct l4_ops {
	const char *name;
	uint8_t type; /* SOCK_DGRAM, SOCK_RAW */
	uint8_t proto4, proto6; /* by family; 0: none there. L4_ANY_PROTO: any but 0 */
	bool has_ports; /* ports of its own, to be bound and chosen */
	bool by_peer; /* a connected endpoint hears its peer alone */
	bool shares; /* SO_REUSEADDR is on from the beginning */
	bool one_host; /* cannot be bound to groups and broadcasts */
	/* When an endpoint is made (0 or -errno) and when it goes; may be NULL. */
	int (*open)(struct l4_end *e);
	void (*close)(struct l4_end *e);
	/* Bytes sent or -errno. */
	ssize_t (*send)(struct l4_end *e, const struct l4_send *s);
	/* Of a packet in e's queue: what the reader gets, and who sent it. */
	struct cursor (*payload)(const struct l4_end *e, const struct pkt *p, struct l4_addr *ret_from);
	/* May be NULL. Datagrams of a large packet count each. */
	void (*count)(const struct l4_end *e, const struct pkt *p, enum l4_fate fate, uint32_t n);
	bool charged; /* what waits is a part of net.ipv4.udp_mem */
};
enum { L4_ANY_PROTO = 255 };

/* Knobs (knob.c). Read: any worker.   Write: control lcore. */
struct l4_conf {
	uint32_t ports[2]; /* the first and the last that are chosen for an endpoint */
	uint32_t privileged_ports; /* those below need a right */
	uint32_t rcvbuf, rcvbuf_max, sndbuf, sndbuf_max;
	uint64_t udp_mem_pages
		[3]; /* over all endpoints: who has udp_rmem_min may have no more above the first, nobody above the last */
	uint32_t udp_rmem_min, udp_wmem_min;
	uint8_t udp_in_vrf, raw_in_vrf; /* sockets bound to no interface hear what comes in VRFs, too */
};
const struct l4_conf *l4_conf(const struct leat_stack *st);

/* SO_TIMESTAMP, SO_TIMESTAMPNS, and their forms with wide seconds. */
enum l4_stamp { L4_STAMP_NONE, L4_STAMP_US, L4_STAMP_NS, L4_STAMP_US_NEW, L4_STAMP_NS_NEW };
enum l4_label { L4_LABEL_UNSAID, L4_LABEL_NO, L4_LABEL_YES }; /* IPV6_AUTOFLOWLABEL */

/* Many endpoints have the same: whoever changes one makes it its own first (l4_opts_own()). */
struct l4_opts {
	struct shared shared;
	uint8_t reuseaddr, reuseport, broadcast;
	uint8_t recverr4, recverr6, hdrincl;
	uint8_t recverr_ext4, recverr_ext6; /* where an error's extension begins (RFC 4884), too */
	uint8_t recvinfo4, recvttl, recvtos, recvopts, retopts; /* control messages wanted */
	uint8_t recvinfo6, recvhops, recvtclass, recvhopopts, recvdstopts, recvrthdr;
	uint8_t tos, tclass;
	uint8_t pmtudisc4, pmtudisc6; /* IP_PMTUDISC_* */
	uint8_t dontfrag6, recvpathmtu;
	uint8_t freebind; /* IP_FREEBIND, IPV6_FREEBIND: names need not be ours */
	uint8_t autolabel; /* enum l4_label */
	int16_t ttl, mcast_ttl, hops, mcast_hops; /* -1: the stack's */
	int32_t csum_off; /* IPV6_CHECKSUM; -1: none */
	uint32_t icmp_filter; /* struct icmp_filter: types 0 to 31 that are not wanted */
	uint32_t icmp6_filter[8]; /* struct icmp6_filter: types that are not wanted */
	uint32_t bound_if; /* SO_BINDTODEVICE, a handle */
	uint32_t mark; /* SO_MARK */
	uint8_t alert,
		alert_isolate; /* IP_ROUTER_ALERT, IPV6_ROUTER_ALERT, IPV6_ROUTER_ALERT_ISOLATE, as set */
	uint8_t mcast_loop4, mcast_loop6, mcast_all4, mcast_all6;
	uint32_t mcast_if; /* IP_MULTICAST_IF, IPV6_MULTICAST_IF */
	uint32_t rcvbuf, sndbuf; /* sndbuf is kept and shown: what is sent leaves at once */
	uint32_t frag_size; /* IPV6_MTU: no fragment is longer; 0: than it may be */
	uint32_t src_prefs; /* IPV6_ADDR_PREFERENCES (RFC 5014) */
	uint8_t no_check; /* SO_NO_CHECK: no checksum over IPv4 */
	uint8_t no_check6_tx, no_check6_rx; /* UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX (RFC 6935) */
	uint8_t gro, cork; /* UDP_GRO, UDP_CORK */
	uint8_t has_send_coverage, has_recv_coverage;
	uint16_t send_coverage, recv_coverage; /* UDPLITE_SEND_CSCV, UDPLITE_RECV_CSCV; 0: all */
	uint16_t segment; /* UDP_SEGMENT; 0: none */
	uint8_t stamp; /* enum l4_stamp */
	uint8_t stamping_new; /* SO_TIMESTAMPING_NEW */
	uint8_t tell_drops; /* SO_RXQ_OVFL */
	uint32_t stamping; /* SO_TIMESTAMPING: SOF_TIMESTAMPING_*; of what comes */
	int16_t incoming_cpu; /* SO_INCOMING_CPU; -1: any */
	struct ip4_own_options options; /* IP_OPTIONS */
	struct l4_ext hop_options, dst_options; /* IPV6_HOPOPTS, IPV6_DSTOPTS */
};

/* Addresses, options and membership of tables: read by any worker within a turn; written while all workers of the stack are
 * between turns (l4_enter()). Queues and errors: the home worker's; read and emptied between turns, too. */
struct l4_end {
	struct hash_node by_id, by_port;
	const struct l4_ops *ops; /* NULL: the protocol is gone */
	struct leat_stack *st;
	struct worker *home;
	const struct l4_opts *opt; /* written to through l4_opts_own() alone: others may have the same */
	struct l4_more *more; /* what few have; NULL */
	struct l4_end *
		tell; /* the next whose owner is to be told, at the home worker, itself: the last; NULL: it is not there */
	uint32_t id; /* never used again; 0: it is found by nobody, and its owner told in a turn */
	uint32_t uid, gid; /* of its owner, for SO_REUSEPORT and rules */
	int error; /* SO_ERROR: positive, 0 none */
	uint8_t family, proto;
	uint8_t shut; /* 1: no more receiving, 2: no more sending */
	bool hashed : 1, connected : 1;
	bool gone : 1; /* so is module l4 */
	bool addr_bound : 1, port_bound : 1; /* by bind(), so disconnecting keeps it */
	bool probe : 1; /* what is sent now stays here (MSG_PROBE) */
	bool v6only : 1;
	bool is_stream : 1; /* which of the two it has at its end */
	/* What came to an endpoint that had nothing is told in a turn of `at` (l4_ready_fn), and not on the control lcore: at the end of one of
	 * the home worker; of a listener while `at` has a packet in hand, to which a connection came, so only to take note. */
	bool ready_here : 1;
	bool net_raw : 1, net_bind : 1, net_admin : 1; /* its owner's capabilities */
	uint8_t stream_port : 2; /* enum tcp_port: by_port is tcp's */
	uint16_t place; /* of its owner's slab */
	struct l4_addr local;
	/* The last member: a stream's memory ends behind its part. */
	union {
		struct tcp_sock {
			const struct tcp_opts *opts;
			struct tcp_conn *conn;
			struct tcp_listener *listener;
		} stream;
		struct {
			struct l4_addr peer;
			struct hash_node by_key;
			struct pkt_queue rcv;
			uint32_t rcv_bytes; /* memory, not payload */
			uint32_t drops; /* datagrams that had no room */
		};
	};
};
enum { L4_STREAM_BYTES = offsetof(struct l4_end, stream) + sizeof(struct tcp_sock) };

/* What few endpoints have, taken on use. */
struct l4_more {
	struct l4_end *end;
	struct pkt_queue err;
	uint32_t err_bytes;
	uint32_t path_mtu; /* 0: nothing */
	struct l4_addr path_to; /* where something was too long for, and for what MTU (IPV6_RECVPATHMTU) */
	struct ip6 last_to; /* where a raw one sent last */
	struct l4_membership *groups; /* group.h */
	struct list alert; /* alert.h: l4_stack.alert4, alert6 */
	uint32_t alert_value; /* which packets: IPv4 their protocol, IPv6 the value of the option */
	struct udp_cork *cork; /* what is not complete yet */
	bool peeks; /* SO_PEEK_OFF is not -1 */
	int32_t peek_off;
	void *own[4]; /* of the room above (sock) */
};
struct l4_more *l4_more(struct l4_end *e); /* NULL at a limit */

/* UDP or UDP-Lite. */
static inline bool l4_is_udp(const struct l4_end *e)
{
	return e->ops->charged;
}

static inline bool l4_has_error(const struct l4_end *e)
{
	return e->more && e->more->err.n;
}

/* Options that nobody else has, to be changed between turns; NULL at a limit. When they are complete, they are shared again. */
struct l4_opts *l4_opts_own(struct l4_end *e);
void l4_opts_settle(struct l4_end *e);

/* Who is told when something came to an endpoint that had nothing. One for a stack; NULL: nobody. */
typedef void l4_ready_fn(struct l4_end *e, struct worker *at);
/* gone: module l4 goes; nobody finds e any more, e->tell is its owner's now. */
void l4_on_ready(struct leat_stack *st, l4_ready_fn *fn, void (*gone)(struct l4_end *e));

/* The way to where e sent last is known to work (MSG_CONFIRM). Within l4_enter(). */
void l4_confirm(struct l4_end *e);

/* --- addresses --- */

static inline struct ip6 l4_of4(be32 a)
{
	return (struct ip6){ { [10] = 0xff, 0xff, a.b[0], a.b[1], a.b[2], a.b[3] } };
}
static inline be32 l4_v4(const struct ip6 *a)
{
	return (be32){ { a->b[12], a->b[13], a->b[14], a->b[15] } };
}
static inline bool l4_is4(const struct ip6 *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, 0xff };
	return memcmp(a, prefix, sizeof prefix) == 0;
}
static inline bool l4_is_any(const struct ip6 *a)
{
	return l4_is4(a) ? be32_get(l4_v4(a)) == 0 : ip6_is_zero(a);
}
static inline struct ip6 l4_any(uint8_t family)
{
	return family == 2 /* AF_INET */ ? l4_of4(be32_of(0)) : (struct ip6){ 0 };
}

/* --- what follows is called with the workers between turns: between these two --- */

void l4_enter(struct l4_end *e);
void l4_leave(struct l4_end *e);

/* Who makes endpoints of that kind; NULL: nobody. */
const struct l4_ops *l4_ops_find(const struct leat_stack *st, int type, uint8_t family, uint8_t proto);
struct l4_end *l4_end_next(const struct leat_stack *st, const struct l4_end *after); /* all that have an id */
/* e is the caller's, zeroed. It is found as soon as it is bound (raw ones: at once). 0 or -errno. */
int l4_end_init(struct l4_end *e, struct leat_stack *st, const struct l4_ops *ops, uint8_t family,
		uint8_t proto);
/* The same in a turn of w, which will be its home, for a stream that stands in no table of the stack. What ends it is l4_end_done(),
 * in a turn of w, as long as it is not bound and does not listen. */
int l4_end_init_in_turn(struct l4_end *e, struct worker *w, const struct l4_ops *ops, uint8_t family,
			uint8_t proto);
/* Nobody finds it any more and what it had queued is gone; its memory may go after a grace period. */
void l4_end_done(struct l4_end *e);

/* Is there such an address to be bound to? */
bool l4_may_bind(const struct l4_end *e, const struct l4_addr *to);
/* 0; -EINVAL (bound already), -EADDRNOTAVAIL, -EADDRINUSE. Port 0: a free one is chosen. */
int l4_bind(struct l4_end *e, const struct l4_addr *to);
int l4_autobind(struct l4_end *e); /* before sending, when it has no port: 0 or -EAGAIN */
/* 0; -ENETUNREACH and its like, -EACCES for a broadcast without leave, -EADDRNOTAVAIL, -EAGAIN. */
int l4_connect(struct l4_end *e, const struct l4_addr *to);
void l4_disconnect(struct l4_end *e);

/* The pending error as -errno, taken; 0: none. */
int l4_take_error(struct l4_end *e);
/* The MTU of the way to the peer, as far as known; -ENOTCONN and what l4_connect() says. */
int l4_mtu(struct l4_end *e);

/* The next datagram, left in the queue: its packet, NULL: none. */
struct pkt *l4_peek(const struct l4_end *e);
/* What a reader gets: a datagram, which may be one of a large packet; with UDP_GRO, where there are several of one flow, as many as there is
 * room for. */
struct l4_reading {
	struct pkt *p; /* with the headers of the first; NULL: nothing */
	struct l4_addr from;
	uint32_t off; /* in its payload, where it begins */
	uint32_t skip; /* so much of it is left out (SO_PEEK_OFF) */
	uint32_t len; /* bytes in all, without what is left out */
	uint32_t segment; /* of several: how long each but the last is; 0: it is one */
	uint32_t n; /* how many */
};
/* off: bytes of the queue that are passed over, whole datagrams first. */
void l4_read(const struct l4_end *e, size_t room, uint32_t off, struct l4_reading *ret);
void l4_read_bytes(const struct l4_end *e, const struct l4_reading *r, void *to, uint32_t len);
void l4_read_done(struct l4_end *e,
		  const struct l4_reading *r); /* what was read without passing over anything goes */

/* An error as sockets see it: an ICMP message, or what this host found itself. */
struct l4_error {
	int err; /* errno */
	bool local; /* no ICMP: type, code, from and what was quoted are nothing */
	bool hard; /* reported to connected sockets without IP_RECVERR */
	uint8_t type, code, family, proto;
	uint32_t info; /* MTU */
	struct l4_addr from; /* who sent the error */
	struct l4_addr src, dst; /* of what it is about: src is ours */
	struct cursor payload; /* of what it is about, behind the transport header where there is one */
	struct cursor l3, l4; /* from its IP header and from its transport header on */
	uint32_t
		quoted; /* so much is quoted of it, from l3 on, before an extension; 0: nobody says (RFC 4884) */
};
struct pkt *l4_peek_error(const struct l4_end *e);
void l4_pop_error(struct l4_end *e);
/* False: malformed, or no error. */
bool l4_error_parse(const struct pkt *p, struct l4_error *ret);

/* UDP_CORK is off: what waits leaves. */
void udp_uncork(struct l4_end *e);

extern const struct module l4_module, udp_module, raw_module, ping_module;

#endif
