/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files about calls share. */
#ifndef LEAT_DRILL_CALL_INTERNAL_H
#define LEAT_DRILL_CALL_INTERNAL_H

#include <stdarg.h>
#include <sys/socket.h>

#include "drill/run_internal.h"

enum { CALL_BYTES_MAX = 1 << 20 };

/* A call being tried. */
struct call_ctx {
	struct run *r;
	const struct event *e;
	struct drill_fd *fd;
	uint64_t waited_us;
	bool may_block; /* -EAGAIN means: try again later, unless the descriptor does not block */
	bool wrong; /* run_fail() was called */
};

const struct expr *call_arg(const struct call_ctx *c, unsigned i); /* NULL: there are fewer */
int64_t call_int(struct call_ctx *c, unsigned i, int64_t otherwise); /* otherwise: for "..." */
bool call_wrong(struct call_ctx *c, const char *fmt, ...) printf_like(2, 3); /* false */
struct drill_fd *call_fd(struct call_ctx *c);
bool call_address_is(struct call_ctx *c, const struct expr *e, const struct sockaddr_storage *seen);
bool call_bytes_are(struct call_ctx *c, const struct expr *e, const uint8_t *seen, size_t len);

/* call_msg.c */
int64_t drill_sendmsg(struct call_ctx *c);
int64_t drill_recvmsg(struct call_ctx *c);

#endif
