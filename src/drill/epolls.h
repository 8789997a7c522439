/* SPDX-License-Identifier: BSD-2-Clause */
/* An epoll of sockets, for both interpreters. */
#ifndef LEAT_DRILL_EPOLLS_H
#define LEAT_DRILL_EPOLLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct epolls;
struct sock;

struct epolls *epolls_new(void); /* NULL: no memory */
void epolls_free(struct epolls *p); /* NULL is welcome */

/* What a descriptor's owner shows of it. calls: counted up whenever the socket calls (sock_on_ready()); it must stay where it is while
 * the epolls knows the descriptor. */
struct epolls_target {
	struct sock *sock;
	const uint32_t *calls;
};
/* epoll_ctl(2): 0, -EEXIST, -ENOENT, -ENOSPC, -EINVAL. */
int epolls_ctl(struct epolls *p, int op, int fd, const struct epolls_target *t, const struct epoll_event *e);
void epolls_forget(struct epolls *p, int fd); /* it is closed */
/* What there is to tell now, at most `room`; how many. */
unsigned epolls_wait(struct epolls *p, struct epoll_event *events, unsigned room);
/* A call may have changed what sockets are ready for: what was told and is no more is told again when it returns. */
void epolls_look_again(struct epolls *p);

#endif
