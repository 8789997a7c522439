/* SPDX-License-Identifier: BSD-2-Clause */
/* A msghdr of the target, read once: what sendmsg() and recvmsg() have in common. */
#ifndef LEAT_RUN_MSG_H
#define LEAT_RUN_MSG_H

#include <linux/netlink.h>

#include "run/superv_internal.h"

enum { MSG_FIELDS_MAX = 6 };

struct target_msg {
	struct msghdr h; /* its pointers are the target's */
	size_t room; /* in all of iov */
	unsigned n_fields; /* that msg_write() writes beside the data */
	struct iovec own[MSG_FIELDS_MAX + 1], its[MSG_FIELDS_MAX];
	struct sockaddr_nl name;
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov[1024]; /* UIO_MAXIOV */
};

/* Reads the header at addr and its vector. 0, -EFAULT, -EMSGSIZE, -EINVAL. */
int msg_read(pid_t tid, uint64_t addr, struct target_msg *ret);
/* As sendto() and recvfrom() have it. */
void msg_from_buf(uint64_t buf, size_t len_bytes, uint64_t name, uint32_t name_len, struct target_msg *ret);

/* from stays as it is until msg_write(). */
void msg_field(struct target_msg *m, uint64_t addr, const void *from, size_t len_bytes);
/* The fields, and data over the vector: in one step, since each costs more than what it moves. 0, -EFAULT, -ESRCH. */
int msg_write(pid_t tid, struct target_msg *m, const void *data, size_t len_bytes);

#endif
