/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests between leatd and its clients (`leat run`'s supervisor, `leat`): one fixed struct each way, over a
 * SOCK_SEQPACKET connection, any number under way, each answered once under the seq it came with.
 *
 * Authority is possession: OPEN brings both ends of a SOCK_SEQPACKET pair (SCM_RIGHTS: the daemon's, then the
 * application's). The daemon notes the SO_COOKIE of the application's end and closes its copy; every later request about
 * the socket brings the application's descriptor again, and is refused (-EBADF) unless that cookie is known. Over the pair
 * itself go bare netlink messages. One that holds nothing but a header of type NLMSG_OVERRUN tells that messages
 * were lost: ENOBUFS.
 *
 * A pair outlives its daemon when the client keeps a copy of the daemon's end. ADOPT brings that to the next daemon, with what the client
 * knows of the socket; what else there was is gone. Nothing proves whose the application's end is, so the cookie counts
 * for this client alone, and the socket ends with its connection.
 *
 * A client that sends for others (`leat run`'s supervisor) may have slots: memory through which short requests go (slots.h).
 *
 * Rights come from SO_PEERCRED of the connection. What a request says of its caller can only lower them. */
#ifndef LEAT_SOCKD_PROTO_H
#define LEAT_SOCKD_PROTO_H

#include "base/base.h"

enum sockd_op {
	SOCKD_OPEN_NETLINK = 1, /* open; two descriptors. Reply: cookie */
	SOCKD_BIND, /* data: the address; one descriptor, as in all that follow */
	SOCKD_CONNECT, /* data: the address */
	SOCKD_GETSOCKNAME, /* reply: data */
	SOCKD_GETPEERNAME, /* reply: data */
	SOCKD_SETSOCKOPT, /* opt; data: the value */
	SOCKD_GETSOCKOPT, /* opt with len; reply: data */
	SOCKD_IOCTL, /* ioctl; data: what compat/ioctl.h says; no descriptor. Reply: data */
	SOCKD_ADOPT_NETLINK, /* open; data: struct sockd_adopt; one descriptor: the daemon's end. Reply: cookie */
	SOCKD_SYNC, /* one descriptor. Reply: what was written to it before has been read and executed */
	SOCKD_ROOM, /* opt.len: how much its reader takes at a time; one descriptor. Dumps then come in pieces of up to that */
	SOCKD_TAKE_OVER =
		12, /* for good: the other may be of another version. A leatd asks to take this one's place; one descriptor, over which they talk */
	SOCKD_SLOTS, /* no descriptor. The reply brings two: the memory of slots.h, and an eventfd to ring by */
	SOCKD_OP_MAX,

	SOCKD_CLOSED =
		0x100, /* daemon to client, seq 0: the application's end of `cookie` is closed everywhere */
	SOCKD_REFUSED, /* the same, the first and last a client hears: it is not served, for the reason err */
	SOCKD_SLOTS_DONE, /* the same: a slot is done, for which it waits */
};

enum { SOCKD_DATA_MAX = 512, SOCKD_FDS_MAX = 2, SOCKD_MSG_MAX = 128 << 10 };

enum sockd_rights {
	SOCKD_RIGHT_ADMIN = 1, /* the caller has CAP_NET_ADMIN where it lives */
};

struct sockd_req {
	uint32_t op; /* enum sockd_op */
	uint32_t seq; /* the client's; not 0 */
	union {
		struct {
			uint32_t type; /* SOCK_RAW, SOCK_DGRAM */
			uint32_t protocol;
			uint32_t rights; /* enum sockd_rights, of the caller */
			uint32_t uid, gid,
				pid; /* the caller's, as the client sees them; pid becomes the port id if free */
		} open;
		struct {
			int32_t level, name;
			uint32_t
				len; /* GETSOCKOPT: how many bytes are wanted; ROOM: how many there is room for */
		} opt;
		struct {
			uint32_t cmd; /* SIOC* */
			uint32_t family; /* of the socket it was given to */
			uint32_t rights; /* enum sockd_rights, of the caller */
		} ioctl;
	};
	uint32_t data_len;
	uint32_t zero; /* must be 0 */
	uint8_t data[SOCKD_DATA_MAX];
};
static_assert(sizeof(struct sockd_req) == 40 + SOCKD_DATA_MAX, "no padding");

enum { SOCKD_GROUPS = 256 };

/* Data of ADOPT. */
struct sockd_adopt {
	uint64_t cookie; /* of the application's end */
	uint64_t groups[SOCKD_GROUPS / 64]; /* bit g: a member of group g */
	uint32_t options; /* bit n: the option n of SOL_NETLINK is on */
	uint32_t portid; /* 0: not known, or not bound */
	uint32_t rcvbuf, sndbuf; /* as asked for; 0: never */
	uint32_t overrun; /* not 0: it is to be told that messages were lost */
	uint32_t zero;
};

struct sockd_rep {
	uint32_t op; /* of the request, or SOCKD_CLOSED, SOCKD_REFUSED */
	uint32_t seq;
	int32_t err; /* 0 or -errno */
	uint32_t data_len;
	uint64_t cookie;
	uint8_t data[SOCKD_DATA_MAX];
};
static_assert(sizeof(struct sockd_rep) == 24 + SOCKD_DATA_MAX, "no padding");

#endif
