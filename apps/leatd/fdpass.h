/* SPDX-License-Identifier: BSD-2-Clause */
/* One message over a Unix socket, with or without a descriptor. */
#ifndef LEATD_FDPASS_H
#define LEATD_FDPASS_H

#include <stddef.h>

/* pass_fd -1: none. The caller keeps it. 0 or -errno. */
int fdpass_send(int sock, const void *msg, size_t len, int pass_fd);
/* A message of exactly len bytes. *ret_fd: what came with it, or -1. 0, -EPIPE when the other end is closed, -errno. */
int fdpass_recv(int sock, void *msg, size_t len, int *ret_fd);

#endif
