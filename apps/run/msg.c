/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/msg.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

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
	ret->n_fields = 0;
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
	ret->n_fields = 0;
	ret->room = MIN(len_bytes, (size_t)INT_MAX);
	ret->iov[0] = (struct iovec){ (void *)buf, ret->room };
}

void msg_field(struct target_msg *m, uint64_t addr, const void *from, size_t len_bytes)
{
	if (!len_bytes)
		return;
	m->own[m->n_fields] = (struct iovec){ (void *)from, len_bytes };
	m->its[m->n_fields++] = (struct iovec){ (void *)addr, len_bytes };
}

/* No more of the target's vector than data fills: the kernel brings in all pages that it is told of. */
static unsigned room_for(const struct target_msg *m, size_t len_bytes, struct iovec *its)
{
	unsigned n = 0;

	for (size_t left = len_bytes; left && n < m->h.msg_iovlen; n++) {
		its[n] = m->iov[n];
		its[n].iov_len = MIN(its[n].iov_len, left);
		left -= its[n].iov_len;
	}
	return n;
}

int msg_write(pid_t tid, struct target_msg *m, const void *data, size_t len_bytes)
{
	struct iovec its[ARRAY_SIZE(m->iov) + MSG_FIELDS_MAX];
	unsigned n = m->n_fields, n_data = room_for(m, len_bytes, its + n);
	size_t bytes = len_bytes;

	if (n + n_data > ARRAY_SIZE(m->iov)) {
		int err = target_scatter(tid, its + n, n_data, data, len_bytes);
		return err ? err : msg_write(tid, m, NULL, 0);
	}
	for (unsigned i = 0; i < n; i++)
		bytes += m->own[i].iov_len;
	memcpy(its, m->its, n * sizeof its[0]);
	m->own[n] = (struct iovec){ (void *)data, len_bytes };
	return target_write_all(tid, m->own, n + !!n_data, its, n + n_data, bytes);
}
