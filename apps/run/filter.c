/* SPDX-License-Identifier: BSD-2-Clause */
/* The seccomp filter of a run.
 *
 * Theory of operation: system calls that could make a socket of the host's kernel, or that name an address or an option
 * of one of ours, are notified to the supervisor or refused; the rest pass. It is a list of comparisons, which the kernel
 * caches for calls that no rule looks at. Foreign ABIs (i386, x32) do not exist here: their numbers differ, so each would need
 * rules of its own, and a program that gets ENOSYS says so.
 *
 * This is not what keeps the host's network out of reach: the empty network namespace is. The filter makes what is inside
 * meet leat instead of an empty network, keeps it in that namespace, and closes the families that have no namespace (vsock)
 * or reach around the notified calls (io_uring, which would make and use sockets without any of them). */
#include "run/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "run/run_internal.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define X32_BIT  0x40000000u
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#define X32_BIT  0
#else
#error "leat run knows the system call numbers of x86-64 and aarch64 only"
#endif

#define NOTIFY    SECCOMP_RET_USER_NOTIF
#define ALLOW     SECCOMP_RET_ALLOW
#define REFUSE(e) (SECCOMP_RET_ERRNO | (e))

enum { SIOC_PAGE = 0x8900, SIOCIW_PAGE = 0x8b00 }; /* <linux/sockios.h>, <linux/wireless.h> */

static const struct filter_rule rules[] = {
	/* clang-format off */
	{ SYS_socket,     0, IF_EQ, AF_UNIX, ALLOW },
	{ SYS_socket,     0, IF_EQ, AF_NETLINK, NOTIFY },
	{ SYS_socket,     0, IF_EQ, AF_INET, NOTIFY },
	{ SYS_socket,     0, IF_EQ, AF_INET6, NOTIFY },
	{ SYS_socket,     0, IF_ANY, 0, REFUSE(EAFNOSUPPORT) },
	{ SYS_socketpair, 0, IF_EQ, AF_UNIX, ALLOW },
	{ SYS_socketpair, 0, IF_ANY, 0, REFUSE(EOPNOTSUPP) },

	/* calls that name an address or an option; a pair's plain reads and writes need no help */
	{ SYS_bind,        0, IF_ANY, 0, NOTIFY },
	{ SYS_connect,     0, IF_ANY, 0, NOTIFY },
	{ SYS_getsockname, 0, IF_ANY, 0, NOTIFY },
	{ SYS_getpeername, 0, IF_ANY, 0, NOTIFY },
	{ SYS_setsockopt,  0, IF_ANY, 0, NOTIFY },
	{ SYS_getsockopt,  0, IF_ANY, 0, NOTIFY },
	{ SYS_sendto,      4, IF_SET, 0, NOTIFY },
	{ SYS_recvfrom,    4, IF_SET, 0, NOTIFY },
	{ SYS_sendmsg,     0, IF_ANY, 0, NOTIFY },
	{ SYS_recvmsg,     0, IF_ANY, 0, NOTIFY },
	{ SYS_sendmmsg,    0, IF_ANY, 0, NOTIFY },
	{ SYS_recvmmsg,    0, IF_ANY, 0, NOTIFY },

	/* interfaces, addresses, routes, neighbours by ioctl, whatever the socket; wireless ones */
	{ SYS_ioctl,       1, IF_PAGE, SIOC_PAGE, NOTIFY },
	{ SYS_ioctl,       1, IF_PAGE, SIOCIW_PAGE, NOTIFY },

	/* ways around those above */
	{ SYS_io_uring_setup,    0, IF_ANY, 0, REFUSE(ENOSYS) },
	{ SYS_io_uring_enter,    0, IF_ANY, 0, REFUSE(ENOSYS) },
	{ SYS_io_uring_register, 0, IF_ANY, 0, REFUSE(ENOSYS) },
	{ SYS_bpf,               0, IF_ANY, 0, REFUSE(ENOSYS) },

	/* other network namespaces: none may be entered, and a new one would still be served by the same stack. clone3()
	 * keeps its flags in memory, where a filter cannot see them; C libraries then use clone(). */
	{ SYS_setns,   1, IF_EQ, 0, REFUSE(EPERM) },
	{ SYS_setns,   1, IF_BITS, CLONE_NEWNET, REFUSE(EPERM) },
	{ SYS_unshare, 0, IF_BITS, CLONE_NEWNET, REFUSE(EINVAL) },
	{ SYS_clone,   0, IF_BITS, CLONE_NEWNET, REFUSE(EINVAL) },
	{ SYS_clone3,  0, IF_ANY, 0, REFUSE(ENOSYS) },

	{ SYS_prctl, 0, IF_EQ, FILTER_PRCTL_INSIDE, NOTIFY },

	/* who is going to be another program sees leat's files in /proc/self, too */
	{ SYS_execve,   0, IF_ANY, 0, NOTIFY },
	{ SYS_execveat, 0, IF_ANY, 0, NOTIFY },
	/* clang-format on */
};

enum { PROGRAM_MAX = 16 + 7 * (int)ARRAY_SIZE(rules) };

struct program {
	struct sock_filter *to;
	size_t n, max;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n < p->max)
		p->to[p->n] = (struct sock_filter){ .code = code, .k = k, .jt = jt, .jf = jf };
	p->n++;
}

static void put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void put_return(struct program *p, uint32_t what)
{
	put(p, BPF_RET | BPF_K, what, 0, 0);
}

/* The number is loaded again after each look at an argument, so every rule starts from the same state. Little endian. */
static void put_rule(struct program *p, const struct filter_rule *r)
{
	size_t arg = offsetof(struct seccomp_data, args) + 8 * r->arg;
	static const uint8_t skip[] = {
		[IF_ANY] = 1, [IF_EQ] = 4, [IF_BITS] = 4, [IF_PAGE] = 5, [IF_SET] = 6
	};

	put(p, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, skip[r->cond]);
	switch (r->cond) {
	case IF_ANY:
		put_return(p, r->then);
		return;
	case IF_EQ:
		put_load(p, arg);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->val, 0, 1);
		break;
	case IF_BITS:
		put_load(p, arg);
		put(p, BPF_JMP | BPF_JSET | BPF_K, r->val, 0, 1);
		break;
	case IF_PAGE:
		put_load(p, arg);
		put(p, BPF_ALU | BPF_AND | BPF_K, 0xffffff00u, 0, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->val, 0, 1);
		break;
	case IF_SET:
		put_load(p, arg);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
		put_load(p, arg + 4);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
		break;
	}
	put_return(p, r->then);
	put_load(p, offsetof(struct seccomp_data, nr));
}

size_t filter_build(struct sock_filter *to, size_t max)
{
	struct program p = { .to = to, .max = max };

	put_load(&p, offsetof(struct seccomp_data, arch));
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
	put_return(&p, REFUSE(ENOSYS));
	put_load(&p, offsetof(struct seccomp_data, nr));
	if (X32_BIT) {
		put(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
		put_return(&p, REFUSE(ENOSYS));
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		put_rule(&p, &rules[i]);
	put_return(&p, ALLOW);
	return p.n <= max ? p.n : 0;
}

int filter_install(void)
{
	struct sock_filter code[PROGRAM_MAX];
	struct sock_fprog prog = { .len = filter_build(code, PROGRAM_MAX), .filter = code };
	int fd;

	if (!prog.len)
		return -E2BIG;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	return fd < 0 ? -errno : fd;
}
