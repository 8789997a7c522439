/* SPDX-License-Identifier: BSD-2-Clause */
/* Options about multicast groups (RFC 3678). Rows of option.c's table. */
#ifndef LEAT_SOCK_GROUP_H
#define LEAT_SOCK_GROUP_H

#include "sock/sock_internal.h"

/* What ip_mreq, group_req and their like say; by option name. 0 or -errno as Linux has it. */
int sock_group_set4(struct sock *s, int name, const void *val, socklen_t len);
int sock_group_set6(struct sock *s, int name, const void *val, socklen_t len);
int sock_group_get4(struct sock *s, int name, void *val, socklen_t *len); /* IP_MSFILTER, MCAST_MSFILTER */
int sock_group_get6(struct sock *s, int name, void *val, socklen_t *len); /* MCAST_MSFILTER */

#endif
