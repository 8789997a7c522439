/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls each of our two processes may make, once it has started: a seccomp filter that cannot be taken off again. */
#ifndef LEATD_CALLS_H
#define LEATD_CALLS_H

enum calls_mode {
	CALLS_REFUSE, /* any other call fails with EPERM, and the kernel's audit log names it */
	CALLS_KILL, /* any other call ends the process: for tests */
	CALLS_OFF,
};

/* By LEAT_SECCOMP in the environment: refuse, kill or off; refuse without it. -EINVAL: another word. */
int calls_mode(enum calls_mode *ret);
/* For the calling thread and all that it starts. 0, or -errno; -ENOSYS: this kernel, or what we run under, knows no such filters. */
int calls_of_daemon(enum calls_mode mode);
int calls_of_helper(enum calls_mode mode);

#endif
