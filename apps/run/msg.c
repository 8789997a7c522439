/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/msg.h"

#include <errno.h>
#include <limits.h>

int msg_read(pid_t tid, uint64_t addr, struct target_msg *ret)
{
	int err = target_read(tid, addr, &ret->h, sizeof ret->h);

	if (err)
		return err;
	if (ret->h.msg_iovlen > ARRAY_SIZE(ret->iov))
		return -EMSGSIZE;
	if ((int)ret->h.msg_namelen < 0)
		return -EINVAL;
	err = target_read(tid, (uint64_t)ret->h.msg_iov, ret->iov, ret->h.msg_iovlen * sizeof ret->iov[0]);
	ret->room = 0;
	for (size_t i = 0; !err && i < ret->h.msg_iovlen; i++) {
		if (ret->iov[i].iov_len > SSIZE_MAX - ret->room)
			err = -EINVAL;
		else
			ret->room += ret->iov[i].iov_len;
	}
	return err;
}

void msg_from_buf(uint64_t buf, size_t len_bytes, uint64_t name, uint32_t name_len, struct target_msg *ret)
{
	ret->h = (struct msghdr){ .msg_name = (void *)name, .msg_namelen = name_len, .msg_iovlen = 1 };
	ret->room = MIN(len_bytes, (size_t)INT_MAX);
	ret->iov[0] = (struct iovec){ (void *)buf, ret->room };
}
