/* SPDX-License-Identifier: BSD-2-Clause */
/* An AF_XDP socket: its four rings, its bind. Ring access is libxdp's (<xdp/xsk.h>). The set-up is ours, because
 * libxdp opens the sockets of a shared umem itself, which takes rights that this process has given up, and tells nobody why
 * a mode was refused. */
#ifndef LEAT_DEV_XSK_H
#define LEAT_DEV_XSK_H

#include <xdp/xsk.h>

#include "base/base.h"

/* Linux 6.6 and later; Debian 12's headers are older than the kernels it is run on. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

enum { XSK_MAPS = 4 };

struct xsk {
	int fd;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons rx, comp;
	struct xsk_map {
		void *mem;
		size_t len_bytes;
	} map[XSK_MAPS];
};

/* What to ask of a bind. */
struct xsk_bind {
	unsigned ifindex, queue;
	int shared_fd; /* a bound socket whose umem this one uses, too; -1: its own, with flags */
	unsigned flags; /* XDP_ZEROCOPY or XDP_COPY, XDP_USE_SG */
};

/* Makes and maps the rings of a socket. On failure xsk_close() is still due. 0 or -errno. */
int xsk_open(struct xsk *x, int fd, uint32_t ring_size);
/* As xsk_open() of one that has its rings, made by another process; xsk_refresh() once that has stopped using them. */
int xsk_adopt(struct xsk *x, int fd, uint32_t ring_size);
void xsk_refresh(struct xsk *x);
/* From here on frames flow. 0 or -errno, and it may be tried again. */
int xsk_bind(const struct xsk *x, const struct xsk_bind *b);
void xsk_close(struct xsk *x);

/* How far the kernel is in the transmit ring; and whether all that is there has been taken. */
static inline uint32_t xsk_tx_taken(const struct xsk *x)
{
	return __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE);
}
static inline bool xsk_tx_waits(const struct xsk *x)
{
	return xsk_tx_taken(x) != *x->tx.producer;
}
/* The kernel has taken all buffers that were put into the fill ring. */
static inline bool xsk_fill_is_empty(const struct xsk *x)
{
	return __atomic_load_n(x->fill.consumer, __ATOMIC_ACQUIRE) == *x->fill.producer;
}

#endif
