/* SPDX-License-Identifier: BSD-2-Clause */
/* setsockopt(), getsockopt(), fcntl(), ioctl(). */
#include "drill/call_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drill/values.h"
#include "sock/sock.h"

int64_t drill_setsockopt(struct call_ctx *c)
{
	const struct expr *e = call_arg(c, 3);
	int64_t level = call_int(c, 1, 0), name = call_int(c, 2, 0), len = call_int(c, 4, sizeof(int)), v = 0;
	uint8_t room[256] = { 0 };
	if (len < 0 || len > (int64_t)sizeof room)
		return call_wrong(c, "a length of %lld is out of bounds here", (long long)len), 0;
	if (value_is_string(e)) {
		memcpy(room, e->text, MIN(e->len, sizeof room));
	} else if (value_field(e, "onoff", NULL)) { /* struct linger */
		int64_t on = 0, linger = 0;
		value_int(value_field(e, "onoff", NULL), &on);
		value_int(value_field(e, "linger", NULL), &linger);
		memcpy(room, (const int32_t[]){ (int32_t)on, (int32_t)linger }, 8);
	} else if (!value_is_any(e)) {
		if (!value_int(e, &v))
			return call_wrong(c, "the value is not understood here"), 0;
		int32_t v32 = (int32_t)v;
		memcpy(room, &v32, sizeof v32);
	}
	return c->wrong ? 0 : sock_setsockopt(c->fd->sock, (int)level, (int)name, room, (socklen_t)len);
}

int64_t drill_getsockopt(struct call_ctx *c)
{
	int64_t level = call_int(c, 1, 0), name = call_int(c, 2, 0), want, len = sizeof(int), v;
	const struct expr *e = call_arg(c, 3), *room_of = call_arg(c, 4);
	uint8_t room[256] = { 0 };
	int32_t seen;
	if (!value_is_any(room_of) && !value_int(room_of, &len))
		return call_wrong(c, "the length is not understood here"), 0;
	socklen_t got = (socklen_t)MIN((uint64_t)len, sizeof room);
	int err = c->wrong ? 0 : sock_getsockopt(c->fd->sock, (int)level, (int)name, room, &got);
	if (err || value_is_any(e))
		return err;
	if (value_is_string(e)) {
		bool same = got >= e->len && memcmp(room, e->text, e->len) == 0;
		if (!same)
			call_wrong(c, "other bytes than expected");
		return err;
	}
	memcpy(&seen, room, sizeof seen);
	v = got == 1 ? room[0] : seen;
	if (!value_int(e, &want))
		call_wrong(c, "the value is not understood here");
	else if ((int32_t)want != (int32_t)v)
		call_wrong(c, "expected the value %lld, got %lld", (long long)want, (long long)v);
	return err;
}

int64_t drill_fcntl(struct call_ctx *c)
{
	int64_t cmd = call_int(c, 1, -1);
	if (cmd == F_GETFD || cmd == F_SETFD)
		return 0;
	if (cmd == F_GETFL)
		return O_RDWR | (c->fd->nonblock ? O_NONBLOCK : 0);
	if (cmd != F_SETFL)
		return -EINVAL;
	c->fd->nonblock = call_int(c, 2, 0) & O_NONBLOCK;
	return 0;
}

static int64_t number_out(struct call_ctx *c, int64_t n)
{
	int64_t want;
	if (value_int(call_arg(c, 2), &want) && want != n)
		call_wrong(c, "expected %lld bytes, there are %lld", (long long)want, (long long)n);
	return 0;
}

static int64_t amount(struct call_ctx *c, enum sock_amount which)
{
	int n = sock_amount(c->fd->sock, which);
	return n < 0 ? n : number_out(c, n);
}

int64_t drill_ioctl(struct call_ctx *c)
{
	int64_t what = call_int(c, 1, -1);
	if (c->wrong)
		return 0;
	switch (what) {
	case FIONREAD:
		return amount(c, SOCK_READABLE);
	case SIOCOUTQ:
		return amount(c, SOCK_UNACKED);
	case SIOCOUTQNSD:
		return amount(c, SOCK_UNSENT);
	case FIONBIO:
		c->fd->nonblock = call_int(c, 2, 0);
		return 0;
	default:
		return -ENOTTY;
	}
}
