/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: five instructions hand each frame to the AF_XDP socket that the map has for its receive queue; what finds
 * none goes on to the kernel, where the filter of hold.c drops it. The program hangs on a BPF link, and the link on two
 * descriptors, the helper's and the daemon's: when both are gone, for whatever reason, so is the program. Written out as
 * instructions, it needs no compiler and no file at run time; libxdp's dispatcher would pin its program where it outlives
 * everybody. */
#include "xdp.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "dev/hostdev.h"
#include "pkt/arena.h"

static int load(int map, uint32_t flags)
{
	const struct bpf_insn prog[] = {
		/* r2 = ctx->rx_queue_index */
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		/* r1 = map, which takes two */
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		/* r3 = what to answer where the map has nothing */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .prog_flags = flags);
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "leat", "BSD", prog, ARRAY_SIZE(prog), &o);
}

/* One way to attach it. The link, or -errno. */
static int attach(int map, unsigned ifindex, uint32_t prog_flags, uint32_t mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, o, .flags = mode);
	int prog = load(map, prog_flags);
	if (prog < 0)
		return prog;
	int link = bpf_link_create(prog, (int)ifindex, BPF_XDP, &o);
	close(prog);
	return link;
}

int xdp_attach(struct xdp *x, unsigned ifindex, bool generic, char *why, size_t why_len)
{
	static const struct {
		uint32_t prog_flags, mode; /* frames of several buffers are worth asking for first */
	} ways[] = { { BPF_F_XDP_HAS_FRAGS, XDP_FLAGS_DRV_MODE },
		     { 0, XDP_FLAGS_DRV_MODE },
		     { BPF_F_XDP_HAS_FRAGS, XDP_FLAGS_SKB_MODE },
		     { 0, XDP_FLAGS_SKB_MODE } };
	int link = -EOPNOTSUPP;
	x->map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "leat", sizeof(int), sizeof(int), HOSTDEV_QUEUES_MAX,
				NULL);
	for (unsigned i = generic ? 2 : 0; x->map >= 0 && link < 0 && i < ARRAY_SIZE(ways); i++) {
		link = attach(x->map, ifindex, ways[i].prog_flags, ways[i].mode);
		if (link < 0 && i < 2)
			snprintf(why, why_len, "the driver refuses XDP: %s", strerror(-link));
	}
	if (link >= 0) {
		x->link = link;
		return 0;
	}
	int err = x->map < 0 ? x->map : link;
	snprintf(why, why_len, "the kernel refuses %s: %s", x->map < 0 ? "an XDP map" : "an XDP program",
		 strerror(-err));
	xdp_detach(x);
	return err;
}

/* The kernel keeps the pages, not the mapping: the daemon has one of its own. Done here, because what is registered counts as
 * locked memory, of which the daemon may have little. */
static int register_umem(int fd, int umem)
{
	struct stat st;
	if (fstat(umem, &st))
		return -errno;
	size_t len = (size_t)st.st_size;
	void *m = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, umem, 0);
	if (m == MAP_FAILED)
		return -errno;
	const struct xdp_umem_reg reg = { .addr = (uintptr_t)m,
					  .len = len,
					  .chunk_size = ARENA_FRAME_SIZE,
					  .flags = XDP_UMEM_UNALIGNED_CHUNK_FLAG };
	int err = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof reg) ? -errno : 0;
	munmap(m, len);
	return err;
}

int xdp_socket(const struct xdp *x, unsigned queue, int umem, int *ret_fd)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 ? -errno : umem >= 0 ? register_umem(fd, umem) : 0;
	if (!err)
		err = bpf_map_update_elem(x->map, &queue, &fd, BPF_ANY);
	if (!err)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

void xdp_detach(struct xdp *x)
{
	if (x->link > 0)
		close(x->link);
	if (x->map > 0)
		close(x->map);
	*x = (struct xdp){ 0 };
}
