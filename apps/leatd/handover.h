/* SPDX-License-Identifier: BSD-2-Clause */
/* What two leatds say to each other while one takes the other's place: the new one asks, the old one answers, over a
 * SOCK_SEQPACKET pair. An answer comes with descriptors; the last of them holds its text (core/save.h), which names the others. */
#ifndef LEATD_HANDOVER_H
#define LEATD_HANDOVER_H

#include "base/base.h"

struct fds;
struct loader;
struct saver;

enum { HANDOVER_MAGIC = 0x6c656174, HANDOVER_VERSION = 2 };
/* How long one waits for the other: to restore what was saved, and for what is only a few steps. */
enum { HANDOVER_PATIENCE_S = 120, HANDOVER_MOMENT_S = 10 };

enum handover_op {
	HANDOVER_HELLO =
		1, /* who are you? The listener, the lock, the helper, the namespaces; nothing has changed after it */
	HANDOVER_SNAPSHOT, /* the stack, devices, clients; from here on the old one configures nothing */
	HANDOVER_SWITCH, /* where the rings stand; from here on the old one moves no packet */
	HANDOVER_COMMIT, /* behind the answer the old one ends */
};

struct handover_msg {
	uint32_t magic, version;
	uint32_t op; /* enum handover_op; the answer's is the same */
	int32_t err; /* 0 or -errno, with a line in why */
	uint32_t n_fds;
	uint32_t zero;
	char why[232];
};
static_assert(sizeof(struct handover_msg) == 256, "no padding");

/* 0 or -errno. fds may be NULL: none; they stay the caller's. */
int handover_send(int sock, enum handover_op op, int err, const char *why, const struct fds *fds);
/* An answer's text: what is written to saver, in memory that the other gets as the last descriptor. */
struct handover_text {
	struct saver *saver;
	int fd;
};
int handover_text_begin(struct handover_text *t); /* 0 or -errno: then there is nothing to be done with it */
int handover_text_send(int sock, enum handover_op op, struct handover_text *t, struct fds *fds);
void handover_text_done(struct handover_text *t);
/* 0 with the caller having the descriptors; -EPIPE: the other has ended; -EPROTO: it says something else; -EAGAIN: it is silent; or
 * the err that the message has. *ret_msg is written when a message came. */
int handover_recv(int sock, enum handover_op op, struct handover_msg *ret_msg, struct fds *fds);
/* Asks, and takes the answer's text off the descriptors. 0 or -errno with a line. ret may be NULL: there is none. */
int handover_ask(int sock, enum handover_op op, struct fds *fds, struct loader **ret, char *ret_why,
		 size_t why_len);
/* How long receives wait. */
void handover_patience(int sock, unsigned seconds);

#endif
