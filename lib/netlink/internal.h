/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of libleat-netlink share. */
#ifndef LEAT_LIB_NETLINK_INTERNAL_H
#define LEAT_LIB_NETLINK_INTERNAL_H

#include "leat/netlink.h"

#include "nlmsg/nlmsg.h"

enum { HEADER_MAX = 256, IN_BYTES = 128 << 10, OUT_BYTES = 128 << 10, ACK_TEXT = 256 };

struct batch {
	bool open;
	leat_nl_batch_fn *fn;
	void *ctx;
	uint32_t first_seq; /* of the number 0 */
	unsigned n_waiting, refused;
	int broken; /* -errno: nothing is sent any more */
};

struct leat_nl {
	int fd;
	int ctl; /* leat: the connection that options are asked over; the kernel: -1 */
	uint32_t portid; /* the kernel: ours; leat: 0, since a pair has no strangers */
	uint32_t seq; /* of the last request */
	struct nl_buf out;
	uint8_t nowhere[HEADER_MAX]; /* of a request that there was no memory for */
	struct leat_nl_ack ack;
	char ack_text[ACK_TEXT];
	bool interrupted; /* NLM_F_DUMP_INTR has been seen */
	leat_nl_fn *event; /* NULL: nobody */
	void *event_ctx;
	struct batch batch;
	uint8_t *in; /* IN_BYTES */
};

/* --- daemon.c: a socket of leat's --- */

/* Fills in fd and ctl. */
int daemon_open(struct leat_nl *nl, const char *name, int protocol);
int daemon_option(struct leat_nl *nl, int name, int value);

/* --- receive.c --- */

/* Reads one datagram: its length, 0 at the end, -errno; -ENOBUFS: messages were lost. */
ssize_t receive(struct leat_nl *nl, int flags);
/* Reads an NLMSG_ERROR or NLMSG_DONE into nl->ack. Returns its error. */
int take_ack(struct leat_nl *nl, const struct nlmsghdr *h);
/* Whether a message answers the request of that number. */
bool answers(const struct leat_nl *nl, const struct nlmsghdr *h, uint32_t seq);

/* --- request.c --- */

/* Ends the request being built with more flags: the finished message. 0, -EMSGSIZE. */
int request_end(struct leat_nl *nl, uint16_t flags);
int send_all(struct leat_nl *nl, const void *bytes, size_t len_bytes);

#endif
