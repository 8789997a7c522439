/* SPDX-License-Identifier: BSD-2-Clause */
/* Extension headers of IPv6, written and read by programs (RFC 3542, 6 to 9). */
#ifndef LEAT_SOCK_EXT_H
#define LEAT_SOCK_EXT_H

#include "sock/sock_internal.h"

/* IPV6_HOPOPTS, IPV6_RTHDRDSTOPTS, IPV6_RTHDR, IPV6_DSTOPTS: rows of option.c's table. */
int sock_ext_set(struct sock *s, int name, const void *val, socklen_t len);
int sock_ext_get(struct sock *s, int name, void *val, socklen_t *len);
void sock_ext_free(struct sock *s);

/* The same for one datagram. What ret says of it is good while the control message is. */
int sock_ext_take(struct sock *s, const struct cmsghdr *c, struct l4_with *ret);
/* Those of a packet that the socket asked for. */
void sock_ext_put(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at);

#endif
