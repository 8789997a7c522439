/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that wait, as socket(2) and its family have them: a thin layer on a ring (leat/ring.h). Each submits one operation and sleeps
 * until it has completed; completions of others that come meanwhile are kept for leat_reap(). As a ring, they belong to one
 * thread at a time; sockets may be used by any ring of their stack.
 *
 * Results are those of the system calls, but errors are returned as -errno. flags: MSG_DONTWAIT makes -EAGAIN of what would wait.
 * user_data of which the upper 16 bits are all set are this layer's own. */
#ifndef LEAT_SOCKET_H
#define LEAT_SOCKET_H

#include <poll.h>
#include <sys/types.h>

#include "leat/ring.h"

#ifdef __cplusplus
extern "C" {
#endif

int leat_socket(struct leat_ring *r, int domain, int type, int protocol);
int leat_bind(struct leat_ring *r, int fd, const struct sockaddr *addr, socklen_t len);
int leat_listen(struct leat_ring *r, int fd, int backlog);
int leat_accept(struct leat_ring *r, int fd, struct sockaddr *addr,
		socklen_t *len); /* addr, len: may be NULL */
int leat_connect(struct leat_ring *r, int fd, const struct sockaddr *addr, socklen_t len);
int leat_shutdown(struct leat_ring *r, int fd, int how);
int leat_close(struct leat_ring *r, int fd);

/* Of a stream all of it, as a descriptor that blocks would. */
ssize_t leat_send(struct leat_ring *r, int fd, const void *buf, size_t len, int flags);
ssize_t leat_recv(struct leat_ring *r, int fd, void *buf, size_t len, int flags);
ssize_t leat_sendto(struct leat_ring *r, int fd, const void *buf, size_t len, int flags,
		    const struct sockaddr *to, socklen_t to_len);
ssize_t leat_recvfrom(struct leat_ring *r, int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		      socklen_t *from_len);
/* Control messages both ways as of ip(7), ipv6(7) and udp(7): UDP_SEGMENT sends many datagrams in one call, UDP_GRO says how long those are that
 * were read together. */
ssize_t leat_sendmsg(struct leat_ring *r, int fd, const struct msghdr *m, int flags);
ssize_t leat_recvmsg(struct leat_ring *r, int fd, struct msghdr *m, int flags);

int leat_setsockopt(struct leat_ring *r, int fd, int level, int name, const void *val, socklen_t len);
int leat_getsockopt(struct leat_ring *r, int fd, int level, int name, void *val, socklen_t *len);
int leat_getsockname(struct leat_ring *r, int fd, struct sockaddr *addr, socklen_t *len);
int leat_getpeername(struct leat_ring *r, int fd, struct sockaddr *addr, socklen_t *len);

/* How many of fds have revents. timeout_ms < 0: for ever. Descriptors of the kernel's are not among them: leat_ring_fd(). */
int leat_poll(struct leat_ring *r, struct pollfd *fds, nfds_t n, int timeout_ms);

/* From now on calls of this ring that wait end with -ETIME after so long; 0: never, as at first. */
void leat_patience(struct leat_ring *r, uint64_t timeout_us);

#ifdef __cplusplus
}
#endif

#endif
