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
static inline bool call_fd_is_open(const struct drill_fd *fd)
{
	return fd->sock || fd->epoll || fd->pipe;
}
struct drill_fd *call_fd(struct call_ctx *c);

/* call_addr.c. "..." is the script's own address and port. */
bool call_address_arg(struct call_ctx *c, unsigned i, bool local, struct sockaddr_storage *ret,
		      socklen_t *ret_len);
void call_own_address(const struct run *r, bool local, struct sockaddr_storage *ret, socklen_t *ret_len);
bool call_address_arg_is(struct call_ctx *c, unsigned i, const struct sockaddr_storage *seen);
void call_flow_to(struct run *r, const struct sockaddr_storage *to);
void call_flow_follow(struct run *r, const struct drill_fd *fd);
bool call_address_is(struct call_ctx *c, const struct expr *e, const struct sockaddr_storage *seen);

/* call_bytes.c */
/* What a call that sends has sent by this try, of so much; it may block. */
bool call_waits_for_room(struct call_ctx *c, int64_t flags); /* and there is none yet */
int64_t call_sent(struct call_ctx *c, int64_t n, int64_t len, int64_t flags);
bool call_waits(const struct call_ctx *c, int64_t flags); /* of a call that sends: it blocks */
bool call_is_null(const struct expr *e); /* NULL or 0 was said */
bool call_bytes_are(struct call_ctx *c, const struct expr *e, const uint8_t *seen, size_t len);

/* A row of the table each: what the call returns, or -errno. */

/* call_name.c */
int64_t drill_socket(struct call_ctx *c);
int64_t drill_bind(struct call_ctx *c);
int64_t drill_connect(struct call_ctx *c);
int64_t drill_close(struct call_ctx *c);
int64_t drill_shutdown(struct call_ctx *c);
int64_t drill_listen(struct call_ctx *c);
int64_t drill_accept(struct call_ctx *c);
int64_t drill_getsockname(struct call_ctx *c);
int64_t drill_getpeername(struct call_ctx *c);

/* call_bytes.c */
int64_t drill_send(struct call_ctx *c);
int64_t drill_sendto(struct call_ctx *c);
int64_t drill_read(struct call_ctx *c);
int64_t drill_recv(struct call_ctx *c);
int64_t drill_recvfrom(struct call_ctx *c);

/* call_option.c */
int64_t drill_setsockopt(struct call_ctx *c);
int64_t drill_getsockopt(struct call_ctx *c);
int64_t drill_fcntl(struct call_ctx *c);
int64_t drill_ioctl(struct call_ctx *c);

/* call_pipe.c */
int64_t drill_pipe(struct call_ctx *c);
int64_t drill_splice(struct call_ctx *c);
void call_pipe_put(struct drill_pipe *p); /* an end is closed; NULL is welcome */

/* call_poll.c */
int64_t drill_poll(struct call_ctx *c);

/* call_epoll.c */
int64_t drill_epoll_create(struct call_ctx *c);
int64_t drill_epoll_create1(struct call_ctx *c);
int64_t drill_epoll_ctl(struct call_ctx *c);
int64_t drill_epoll_wait(struct call_ctx *c);
void call_epoll_forget(struct run *r, int fd); /* it is closed */
void call_epoll_look_again(struct run *r); /* a call may have changed what sockets are ready for */

/* call_msg.c */
int64_t drill_writev(struct call_ctx *c);
int64_t drill_readv(struct call_ctx *c);
int64_t drill_sendmsg(struct call_ctx *c);
int64_t drill_recvmsg(struct call_ctx *c);

#endif
