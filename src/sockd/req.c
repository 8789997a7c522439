/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockd/sockd_internal.h"

#include <errno.h>
#include <string.h>

static const struct req_shape {
	uint8_t n_fds;
	uint16_t min_data, max_data;
} shapes[SOCKD_OP_MAX] = {
	/* clang-format off */
	/*                      fds  min  max data */
	[SOCKD_OPEN_NETLINK] = { 2,   0,   0 },
	[SOCKD_BIND]         = { 1,   0,   SOCKD_DATA_MAX },
	[SOCKD_CONNECT]      = { 1,   0,   SOCKD_DATA_MAX },
	[SOCKD_GETSOCKNAME]  = { 1,   0,   0 },
	[SOCKD_GETPEERNAME]  = { 1,   0,   0 },
	[SOCKD_SETSOCKOPT]   = { 1,   0,   SOCKD_DATA_MAX },
	[SOCKD_GETSOCKOPT]   = { 1,   0,   0 },
	[SOCKD_IOCTL]        = { 0,   0,   SOCKD_DATA_MAX },
	[SOCKD_ADOPT_NETLINK] = { 1,  sizeof(struct sockd_adopt), sizeof(struct sockd_adopt) },
	[SOCKD_SYNC]         = { 1,   0,   0 },
	[SOCKD_ROOM]         = { 1,   0,   0 },
	[SOCKD_TAKE_OVER]    = { 1,   0,   0 },
	[SOCKD_SLOTS]        = { 0,   0,   0 },
	/* clang-format on */
};

int req_parse(const struct raw_req *raw, struct sockd_req *ret)
{
	const struct req_shape *shape;

	if (raw->len_bytes != sizeof *ret)
		return -EPROTO;
	memcpy(ret, raw->bytes, sizeof *ret);
	if (!ret->seq || ret->zero || ret->data_len > SOCKD_DATA_MAX)
		return -EPROTO;
	if (!ret->op || ret->op >= SOCKD_OP_MAX)
		return -EOPNOTSUPP;
	shape = &shapes[ret->op];
	if (raw->n_fds != shape->n_fds)
		return -EBADF;
	return ret->data_len < shape->min_data || ret->data_len > shape->max_data ? -EINVAL : 0;
}
