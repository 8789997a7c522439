/* SPDX-License-Identifier: BSD-2-Clause */
/* The XDP program of a held interface and the sockets it feeds. Part of the privileged helper. */
#ifndef LEATD_XDP_H
#define LEATD_XDP_H

#include <stdbool.h>
#include <stddef.h>

struct xdp {
	int link, map; /* 0: there is none */
};

/* Attaches it: in the driver, unless generic; where the driver refuses, in front of the stack, with the reason in why. 0, or
 * -errno with a line in why. */
int xdp_attach(struct xdp *x, unsigned ifindex, bool generic, char *why, size_t why_len);
/* A new AF_XDP socket, to which the frames of that queue go once it is bound to it. umem: what it has as its memory; -1: none
 * of its own. 0 and *ret_fd, or -errno. */
int xdp_socket(const struct xdp *x, unsigned queue, int umem, int *ret_fd);
void xdp_detach(struct xdp *x);

#endif
