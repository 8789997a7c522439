/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever a daemon that fell into wrong hands sends to its privileged helper: nothing but the four requests has an effect, each
 * name is a bounded string, what is held is given back exactly once, and no descriptor stays open in the helper. What the
 * helper does to the kernel is played here. Input: a row of messages, each a byte that says how long it is (bit 7: with a
 * descriptor) and its bytes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "fuzz.h"

static struct {
	unsigned taken, undone; /* interfaces */
	unsigned attached, detached; /* XDP programs */
	unsigned opened; /* descriptors handed out */
	bool refuse;
} kernel;

static int kernel_fd(int err)
{
	if (kernel.refuse) {
		errno = err;
		return -1;
	}
	kernel.opened++;
	return memfd_create("device", MFD_CLOEXEC);
}

#define socket(family, type, protocol) kernel_fd(EPERM)
#define open(path, flags)              kernel_fd(ENOENT)
#define dup(fd)                        kernel_fd(EMFILE)
#define ioctl(fd, request, arg)        (kernel.refuse ? (errno = EBUSY, -1) : ((void)(arg), 0))
#include "../apps/leatd/helper.c"
#undef socket
#undef open
#undef ioctl
#undef dup
#include "../apps/leatd/fdpass.c"

int hold_init(struct hold *h)
{
	return 0;
}
int calls_of_helper(enum calls_mode mode)
{
	return 0;
}
void hold_sweep(struct hold *h)
{
}
int rights_keep(uint64_t caps)
{
	return 0;
}

int xdp_attach(struct xdp *x, unsigned ifindex, bool generic, char *why, size_t why_len)
{
	if (kernel.refuse)
		return -EBUSY;
	kernel.attached++;
	x->link = x->map = 1;
	return 0;
}
int xdp_socket(const struct xdp *x, unsigned queue, int umem, int *ret_fd)
{
	fuzz_check(x->link == 1);
	*ret_fd = kernel_fd(E2BIG);
	return *ret_fd < 0 ? -errno : 0;
}
void xdp_detach(struct xdp *x)
{
	kernel.detached += x->link == 1;
	x->link = x->map = 0;
}

static bool is_name(const char *s)
{
	size_t len = strnlen(s, IFNAMSIZ);
	return len > 0 && len < IFNAMSIZ;
}

int hold_take(struct hold *h, const char *ifname, bool plain, unsigned *ret_ifindex, unsigned *ret_changed,
	      char *why, size_t why_len)
{
	fuzz_check(is_name(ifname));
	if (ifname[0] == '!') {
		snprintf(why, why_len, "no such interface");
		return -ENODEV;
	}
	*ret_ifindex = ++kernel.taken;
	*ret_changed = 0;
	return 0;
}

void hold_undo(struct hold *h, unsigned ifindex, unsigned changed)
{
	fuzz_check(ifindex >= 1 && ifindex <= kernel.taken);
	kernel.undone++;
}

static void send_message(int fd, const uint8_t *bytes, size_t len, bool with_fd)
{
	fdpass_send(fd, bytes, len, with_fd ? fd : -1);
}

static void check_answer(int fd, const uint8_t *request, size_t len)
{
	struct helper_rep rep;
	struct helper_req q;
	int got = -1;
	fuzz_check(fdpass_recv(fd, &rep, sizeof rep, &got) == 0);
	fuzz_check(memchr(rep.why, 0, sizeof rep.why));
	memcpy(&q, request, MIN(len, sizeof q));
	if (len != sizeof q || !q.ifname[0] || q.op > HELPER_TAP || q.op == HELPER_GIVE_BACK)
		fuzz_check(got < 0);
	else
		fuzz_check((got >= 0) == (rep.err == 0));
	if (len != sizeof q || !q.ifname[0] || q.op > HELPER_TAP)
		fuzz_check(rep.err < 0);
	if (got >= 0)
		close(got);
}

static int lowest_free_fd(void)
{
	int fd = dup(0);
	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server s;
	int fd[2], before = lowest_free_fd();
	memset(&s, 0, sizeof s);
	memset(&kernel, 0, sizeof kernel);
	fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) == 0);
	s.fd = fd[1];
	while (size >= 2) {
		size_t len = data[0] & 0x7f, room = size - 1;
		bool with_fd = data[0] & 0x80;
		len = MIN(len, room);
		if (len == 0)
			break; /* to the helper, an empty message is the end */
		kernel.refuse = len > 4 && data[5] & 0x80; /* a byte of the flags that nobody reads */
		send_message(fd[0], data + 1, len, with_fd);
		fuzz_check(one_request(&s));
		check_answer(fd[0], data + 1, len);
		data += 1 + len;
		size -= 1 + len;
	}
	kernel.refuse = false;
	close(fd[0]);
	fuzz_check(!one_request(&s));
	clean_up(&s);
	close(fd[1]);
	fuzz_check(kernel.undone == kernel.taken && kernel.detached == kernel.attached && s.n_held == 0);
	fuzz_check(lowest_free_fd() == before);
	return 0;
}
