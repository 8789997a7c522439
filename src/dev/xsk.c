/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/xsk.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* libxdp's two ring types have the same members; a producer of size n starts with n free entries. */
#define RING_SET(r, mem, off, n, free)                             \
	do {                                                       \
		(r)->mask = (n)-1;                                 \
		(r)->size = (n);                                   \
		(r)->producer = (void *)((mem) + (off)->producer); \
		(r)->consumer = (void *)((mem) + (off)->consumer); \
		(r)->flags = (void *)((mem) + (off)->flags);       \
		(r)->ring = (mem) + (off)->desc;                   \
		(r)->cached_prod = *(r)->producer;                 \
		(r)->cached_cons = *(r)->consumer + (free);        \
	} while (0)

static int set_sizes(int fd, uint32_t n)
{
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING };
	for (unsigned i = 0; i < ARRAY_SIZE(rings); i++)
		if (setsockopt(fd, SOL_XDP, rings[i], &n, sizeof n))
			return -errno;
	/* By default a kernel that copies takes 32 frames a call. */
	setsockopt(fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &n, sizeof n);
	return 0;
}

static uint8_t *map(struct xsk *x, unsigned i, size_t len, off_t at)
{
	void *m = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, x->fd, at);
	if (m == MAP_FAILED)
		return NULL;
	x->map[i] = (struct xsk_map){ m, len };
	return m;
}

static int map_rings(struct xsk *x, uint32_t n)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof off;
	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return -errno;
	uint8_t *fill = map(x, 0, off.fr.desc + n * sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_FILL_RING);
	uint8_t *comp = map(x, 1, off.cr.desc + n * sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
	uint8_t *rx = map(x, 2, off.rx.desc + n * sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	uint8_t *tx = map(x, 3, off.tx.desc + n * sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
	if (!fill || !comp || !rx || !tx)
		return -ENOMEM;
	RING_SET(&x->fill, fill, &off.fr, n, n);
	RING_SET(&x->comp, comp, &off.cr, n, 0);
	RING_SET(&x->rx, rx, &off.rx, n, 0);
	RING_SET(&x->tx, tx, &off.tx, n, n);
	return 0;
}

int xsk_open(struct xsk *x, int fd, uint32_t ring_size)
{
	*x = (struct xsk){ .fd = fd };
	int err = set_sizes(fd, ring_size);
	return err ? err : map_rings(x, ring_size);
}

int xsk_adopt(struct xsk *x, int fd, uint32_t ring_size)
{
	*x = (struct xsk){ .fd = fd };
	return map_rings(x, ring_size);
}

void xsk_refresh(struct xsk *x)
{
	x->fill.cached_prod = *x->fill.producer;
	x->fill.cached_cons = *x->fill.consumer + x->fill.size;
	x->tx.cached_prod = *x->tx.producer;
	x->tx.cached_cons = *x->tx.consumer + x->tx.size;
	x->rx.cached_prod = *x->rx.producer;
	x->rx.cached_cons = *x->rx.consumer;
	x->comp.cached_prod = *x->comp.producer;
	x->comp.cached_cons = *x->comp.consumer;
}

int xsk_bind(const struct xsk *x, const struct xsk_bind *b)
{
	struct sockaddr_xdp a = { .sxdp_family = AF_XDP,
				  .sxdp_ifindex = b->ifindex,
				  .sxdp_queue_id = b->queue };
	if (b->shared_fd < 0) {
		a.sxdp_flags = (uint16_t)(b->flags | XDP_USE_NEED_WAKEUP);
	} else { /* all else is as it is for the other socket */
		a.sxdp_flags = XDP_SHARED_UMEM;
		a.sxdp_shared_umem_fd = (uint32_t)b->shared_fd;
	}
	return bind(x->fd, (struct sockaddr *)&a, sizeof a) ? -errno : 0;
}

void xsk_close(struct xsk *x)
{
	for (unsigned i = 0; i < XSK_MAPS; i++)
		if (x->map[i].mem)
			munmap(x->map[i].mem, x->map[i].len_bytes);
	if (x->fd >= 0)
		close(x->fd);
	*x = (struct xsk){ .fd = -1 };
}
