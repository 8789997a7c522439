/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. Everything here is touched by the control lcore alone. */
#ifndef LEAT_NETLINK_INTERNAL_H
#define LEAT_NETLINK_INTERNAL_H

#include "base/bitmap.h"
#include "net/notify.h"
#include "netlink/genl.h"
#include "netlink/nl_sock.h"

enum {
	NL_GROUPS_MAX = 256,
	NL_BUF_DEFAULT =
		212992, /* net.core.rmem_default and _max of Linux; SO_RCVBUF doubles what is asked for */
	NL_BUF_MIN = 2304,
	NL_DUMP_DEFAULT = 3776, /* what Linux puts into a datagram for a receiver it knows nothing of */
	NL_DUMP_MAX = 32768,
	NL_MESSAGE_MAX = 65536,
	NL_DATAGRAM_MAX = 512 << 10, /* of what waits in a socket */
	NL_CLASSES = 64, /* of rtnetlink message types, four types each */
};

/* A datagram that waits. */
struct nl_out {
	struct list link;
	uint32_t group, src_portid;
	size_t len_bytes, room_bytes;
	uint8_t bytes[];
};

/* A dump that is going on: the request as it came, and how far it is. */
struct nl_dumping {
	const struct nl_msg *msg;
	const struct nl_family *family;
	struct nlmsghdr *req; /* a copy */
	struct nl_dump at;
	uint64_t generation; /* of the table when it began */
	bool intr; /* the table has changed since */
	bool ended; /* only DONE is left to say */
	int err;
	struct nl_ext ext;
};

enum nl_sock_flags {
	NL_F_PKTINFO = 1 << 0,
	NL_F_BROADCAST_ERROR = 1 << 1,
	NL_F_NO_ENOBUFS = 1 << 2,
	NL_F_LISTEN_ALL = 1 << 3,
	NL_F_CAP_ACK = 1 << 4,
	NL_F_EXT_ACK = 1 << 5,
	NL_F_STRICT = 1 << 6,
};

struct nl_sock {
	struct list link; /* nl_state.socks */
	struct leat_stack *st;
	struct mem_account mem;
	const struct nl_proto *proto;
	struct nl_creds creds;
	const struct nl_sock_ops *ops;
	void *ctx;
	uint32_t portid, peer_portid, peer_groups;
	bool bound;
	unsigned flags;
	uint64_t groups[BITMAP_WORDS(NL_GROUPS_MAX)];
	uint32_t rcvbuf, sndbuf;
	size_t recv_hint;
	struct list queue; /* struct nl_out */
	uint64_t queued_bytes;
	unsigned n_answers; /* in the queue: what is not a notification */
	bool gathers; /* notifications: so many come that they wait for each other */
	unsigned n_told; /* notifications since told_from_us */
	uint64_t told_from_us;
	bool full; /* deliver() said so; wait for nl_sock_writable() */
	bool congested; /* overrun: nothing more until the queue has drained */
	bool lost_answer; /* meanwhile: told of when it has */
	uint64_t lost; /* messages */
	struct nl_dumping *dumping;
	struct timer more; /* goes on in another turn: with a long dump, with what was gathered */
};

/* A request being executed, for notifications that name it. */
struct nl_current {
	struct nl_sock *sock;
	uint32_t seq;
	uint16_t type;
	bool echo;
};

/* What serves an rtnetlink request. */
struct nl_row {
	const struct nl_msg *msg; /* NULL: nothing */
	const struct nl_family *family;
	uint32_t modules_changed; /* of the stack, when it was looked for */
	uint16_t type;
	uint8_t pf;
	bool dump;
};

/* Stack state of the netlink module. */
struct nl_state {
	struct nl_notifier notifier; /* first: net/notify.h */
	struct list socks;
	struct nl_current current;
	unsigned held; /* inside a transaction: nothing is delivered before it is published */
	uint64_t generation[NL_CLASSES]; /* of rtnetlink's tables: grows with every notification */
	uint64_t overruns; /* sockets that lost messages, counted each time */
	struct list closers; /* struct nl_closer */
	struct nl_row row; /* of the last rtnetlink request: mostly that of the next one, too */
};

/* A room that keeps something per socket hears of its end. */
struct nl_closer {
	struct list link;
	void (*closed)(struct nl_closer *c, struct nl_sock *s);
	/* Whether it keeps anything for s; NULL: it keeps nothing that matters. */
	bool (*holds)(struct nl_closer *c, const struct nl_sock *s);
};

/* A protocol of AF_NETLINK: how its requests are found and executed. */
struct nl_proto {
	int protocol;
	const char *name;
	unsigned n_groups; /* highest group number */
	int (*receive)(struct nl_sock *s, const struct nlmsghdr *h, struct nl_ext *ext, struct nl_buf *reply);
	/* Family header in front of the attributes of a request, beyond msg->hdr_len (generic netlink: genlmsghdr). */
	size_t hdr_len;
};
extern const struct nl_proto nl_route, nl_generic;

static inline struct nl_state *nl_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_netlink);
}
/* Class of an rtnetlink type: NEW, DEL, GET and SET of one table share it. */
static inline unsigned nl_class(uint16_t type)
{
	return type / 4u % NL_CLASSES;
}

/* nl_sock.c: queues a datagram; past the receive buffer it is lost and the receiver told. */
bool nl_sock_queue(struct nl_sock *s, const void *bytes, size_t len_bytes, uint32_t src_portid,
		   uint32_t group);
/* The same outside of a transaction, without a copy while the receiver takes it. */
void nl_sock_send(struct nl_sock *s, const void *bytes, size_t len_bytes);
/* Whether what is queued is to wait for more of its kind; a timer is set. */
bool nl_sock_gathers(const struct nl_sock *s);
/* Sends what can be sent, unless a transaction holds it back. */
void nl_sock_pump(struct nl_sock *s);
struct nl_sock *nl_sock_by_portid(struct leat_stack *st, const struct nl_proto *proto, uint32_t portid);
int nl_sock_autobind(struct nl_sock *s);

/* nl_request.c */
/* The one way a handler is called, for requests and for each step of a dump: checks header and attributes. */
struct nl_call {
	struct nl_sock *sock;
	const struct nl_msg *msg;
	const struct nlmsghdr *h;
	struct nl_ext *ext;
	struct nl_buf *reply;
	size_t hdr_off; /* of the family header behind the netlink header */
	unsigned parse_flags;
	bool lenient; /* attributes that make no sense are as none (old dumps) */
	struct nl_dump *dump; /* NULL: doit */
};
int nl_call(const struct nl_call *c);

/* nl_dump.c: -EBUSY, -ENOMEM, or -EINTR: begun, say nothing. */
int nl_dump_begin(struct nl_sock *s, const struct nl_family *f, const struct nl_msg *m,
		  const struct nlmsghdr *h);
bool nl_dump_step(struct nl_sock *s); /* queues one datagram; false when there is no dump, or it waits */
void nl_dump_end(struct nl_sock *s);

/* nl_notify.c */
void nl_multicast(struct leat_stack *st, int protocol, unsigned group, uint16_t type, nl_fill_fn *fill,
		  const void *what);

/* genl.c: numbers follow from the module, so that they do not change when another comes or goes. */
uint32_t genl_group_id(const struct leat_stack *st, const struct nl_family *f, unsigned i);
extern const struct nl_family genl_ctrl_family;

/* Goes over the families of a protocol that the stack's modules bring. */
struct nl_family_iter {
	unsigned module, i;
};
const struct nl_family *nl_family_next(const struct leat_stack *st, int protocol, struct nl_family_iter *it);

#endif
