/* SPDX-License-Identifier: BSD-2-Clause */
/* IPV6_JOIN_ANYCAST and IPV6_LEAVE_ANYCAST. Rows of option.c's table. */
#ifndef LEAT_SOCK_ANYCAST_H
#define LEAT_SOCK_ANYCAST_H

#include "sock/sock_internal.h"

int sock_anycast_set(struct sock *s, int name, const void *val, socklen_t len);
int sock_anycast_get(struct sock *s, int name, void *val,
		     socklen_t *len); /* Linux: there is nothing to read */
void sock_anycasts_leave(struct sock *s);

#endif
