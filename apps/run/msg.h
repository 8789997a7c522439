/* SPDX-License-Identifier: BSD-2-Clause */
/* A msghdr of the target, read once: what sendmsg() and recvmsg() have in common. */
#ifndef LEAT_RUN_MSG_H
#define LEAT_RUN_MSG_H

#include "run/superv_internal.h"

struct target_msg {
	struct msghdr h; /* its pointers are the target's */
	struct iovec iov[1024]; /* UIO_MAXIOV */
	size_t room; /* in all of iov */
};

/* Reads the header at addr and its vector. 0, -EFAULT, -EMSGSIZE, -EINVAL. */
int msg_read(pid_t tid, uint64_t addr, struct target_msg *ret);
/* As sendto() and recvfrom() have it. */
void msg_from_buf(uint64_t buf, size_t len_bytes, uint64_t name, uint32_t name_len, struct target_msg *ret);

#endif
