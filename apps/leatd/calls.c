/* SPDX-License-Identifier: BSD-2-Clause */
/* Two lists of what is allowed. The daemon's may not execute a program, trace, mount, change its rights, enter a namespace, or open
 * sockets of other families than those it has use for: it forks copies of itself (core/aside.h), which have the same filter. The
 * helper's may do what takes its rights (devices, packet and AF_XDP sockets, netlink, BPF programs) and start no process at
 * all. A process that was started before (configure.c) has none. */
#include "calls.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"

/* What any C program needs. */
#define EVERYBODY                                                                                            \
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),               \
		SCMP_SYS(pwrite64), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(lseek),                 \
		SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),     \
		SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),             \
		SCMP_SYS(readlinkat), SCMP_SYS(fcntl), SCMP_SYS(ioctl), SCMP_SYS(dup), SCMP_SYS(dup2),       \
		SCMP_SYS(dup3), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap),      \
		SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(rseq),                           \
		SCMP_SYS(set_robust_list), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),  \
		SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),                    \
		SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),                \
		SCMP_SYS(tgkill), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),  \
		SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime),            \
		SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(clock_nanosleep),   \
		SCMP_SYS(nanosleep), SCMP_SYS(getrusage), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),          \
		SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(poll), SCMP_SYS(ppoll),         \
		SCMP_SYS(openat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(accept), SCMP_SYS(accept4), \
		SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(sendto), SCMP_SYS(sendmsg),    \
		SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),               \
		SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),    \
		SCMP_SYS(shutdown), SCMP_SYS(memfd_create), SCMP_SYS(ftruncate)

static const int daemon_calls[] = {
	EVERYBODY,
	/* lcores: threads that sleep */
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd2),
	SCMP_SYS(signalfd4),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(membarrier),
	SCMP_SYS(prctl),
	/* copies of the process, and what they write through */
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
	SCMP_SYS(kill),
	SCMP_SYS(alarm),
	SCMP_SYS(pipe2),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(splice),
	SCMP_SYS(vmsplice),
	SCMP_SYS(socketpair),
	/* captures */
	SCMP_SYS(rename),
	SCMP_SYS(renameat2),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(fallocate),
};

static const int helper_calls[] = {
	EVERYBODY,
	SCMP_SYS(bpf),
	SCMP_SYS(mlock),
	SCMP_SYS(perf_event_open), /* libbpf asks whether it may */
	SCMP_SYS(getdents64),
};

static const int daemon_families[] = { AF_UNIX, AF_NETLINK, AF_INET };
static const int helper_families[] = { AF_UNIX, AF_NETLINK, AF_INET, AF_PACKET, AF_XDP };

int calls_mode(enum calls_mode *ret)
{
	static const char *const words[] = {
		[CALLS_REFUSE] = "refuse", [CALLS_KILL] = "kill", [CALLS_OFF] = "off"
	};
	const char *word = getenv("LEAT_SECCOMP");
	*ret = CALLS_REFUSE;
	for (unsigned i = 0; word && i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i])) {
			*ret = (enum calls_mode)i;
			return 0;
		}
	return word && *word ? -EINVAL : 0;
}

static int allow(scmp_filter_ctx f, const int *call, unsigned n_calls, const int *family, unsigned n_families)
{
	int err = 0;
	for (unsigned i = 0; i < n_calls && !err; i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, call[i], 0);
	for (unsigned i = 0; i < n_families && !err; i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family[i]));
	return err;
}

static int load(enum calls_mode mode, const int *call, unsigned n_calls, const int *family,
		unsigned n_families)
{
	uint32_t other = mode == CALLS_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx f = mode == CALLS_OFF ? NULL : seccomp_init(other);
	if (!f)
		return mode == CALLS_OFF ? 0 : -ENOMEM;
	int err = seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 1);
	seccomp_attr_set(f, SCMP_FLTATR_CTL_LOG, 1); /* kernels before 4.14 do not know it */
	seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE,
			 2); /* a tree: a call costs a few comparisons, not a hundred */
	if (!err)
		err = allow(f, call, n_calls, family, n_families);
	if (!err)
		err = seccomp_load(f);
	seccomp_release(f);
	return err == -ECANCELED || err == -EINVAL ? -ENOSYS : err;
}

/* Their runtimes make calls of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

int calls_of_daemon(enum calls_mode mode)
{
	return load(SANITIZED ? CALLS_OFF : mode, daemon_calls, ARRAY_SIZE(daemon_calls), daemon_families,
		    ARRAY_SIZE(daemon_families));
}

int calls_of_helper(enum calls_mode mode)
{
	return load(SANITIZED ? CALLS_OFF : mode, helper_calls, ARRAY_SIZE(helper_calls), helper_families,
		    ARRAY_SIZE(helper_families));
}
