/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmsg() and recvmsg(), writev() and readv(): {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_control=[...], msg_flags=0} */
#include "drill/call_internal.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drill/values.h"
#include "sock/sock.h"

/* {"bytes", n} or {..., n}: the buffer and its length; or, in the words of another dialect, {iov_base=..., iov_len=n}. */
static bool iov_of(struct call_ctx *c, const struct expr *e, const struct expr **ret_data, int64_t *ret_len)
{
	const struct expr *named = value_field(e, "iov_len", NULL);
	const struct expr *first = e->kind == EXPR_STRUCT ? e->first : NULL;
	if (!first || !value_int(named ? named : first->next, ret_len) || *ret_len < 0 ||
	    *ret_len > CALL_BYTES_MAX)
		return call_wrong(c, "{bytes, length} is wanted in msg_iov");
	*ret_data = named ? value_field(e, "iov_base", NULL) : first;
	return true;
}

/* All buffers in a row, filled with what the script says. */
static uint8_t *gather(struct call_ctx *c, const struct expr *iov, size_t *ret_len)
{
	const struct expr *data;
	int64_t len;
	uint8_t *p = calloc(1, CALL_BYTES_MAX);
	*ret_len = 0;
	if (!p)
		call_wrong(c, "no memory");
	for (const struct expr *e = p && iov && iov->kind == EXPR_LIST ? iov->first : NULL; e; e = e->next) {
		if (!iov_of(c, e, &data, &len) || (size_t)len > CALL_BYTES_MAX - *ret_len) {
			free(p);
			return NULL;
		}
		if (value_is_string(data))
			memcpy(p + *ret_len, data->text, MIN(data->len, (size_t)len));
		*ret_len += (size_t)len;
	}
	return p;
}

int64_t drill_writev(struct call_ctx *c)
{
	struct sock_msg msg = { 0 };
	uint8_t *p = gather(c, call_arg(c, 1), &msg.len);
	if (!p)
		return 0;
	msg.buf = p;
	int64_t n = c->wrong ? 0 : sock_sendmsg(c->fd->sock, &msg, 0);
	free(p);
	return n;
}

/* {cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=5}, ... */
static bool controls_of(struct call_ctx *c, const struct expr *list, uint8_t *room, size_t size,
			struct sock_msg *m)
{
	size_t at = 0;
	for (const struct expr *e = list && list->kind == EXPR_LIST ? list->first : NULL; e; e = e->next) {
		int64_t level, type, data;
		if (!value_int(value_field(e, "cmsg_level", NULL), &level) ||
		    !value_int(value_field(e, "cmsg_type", NULL), &type) ||
		    !value_int(value_field(e, "cmsg_data", NULL), &data))
			return call_wrong(c, "{cmsg_level=, cmsg_type=, cmsg_data=} is wanted");
		bool two = level == SOL_UDP && type == UDP_SEGMENT; /* bytes; all others are ints */
		const struct cmsghdr h = { .cmsg_len = CMSG_LEN(two ? sizeof(uint16_t) : sizeof(int)),
					   .cmsg_level = (int)level,
					   .cmsg_type = (int)type };
		const int v = (int)data;
		if (at + CMSG_SPACE(sizeof v) > size)
			return call_wrong(c, "too many control messages");
		memcpy(room + at, &h, sizeof h);
		memcpy(room + at + CMSG_LEN(0), &v, two ? sizeof(uint16_t) : sizeof v); /* little endian */
		at += CMSG_SPACE(sizeof v);
	}
	m->control = at ? room : NULL;
	m->control_len = at;
	return true;
}

static bool is_stream(const struct call_ctx *c)
{
	int type = 0;
	socklen_t len = sizeof type;
	return !sock_getsockopt(c->fd->sock, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_STREAM;
}

/* A stream that blocks takes all of it, little by little. */
static int64_t send_all(struct call_ctx *c, struct sock_msg *m, int64_t flags)
{
	int64_t len = (int64_t)m->len;
	size_t done = c->r->pending.sent;
	if (!is_stream(c))
		return sock_sendmsg(c->fd->sock, m, (int)flags);
	if (call_waits_for_room(c, flags))
		return -EAGAIN;
	m->buf = (uint8_t *)m->buf + done;
	m->len -= done;
	m->waits = call_waits(c, flags);
	int64_t n = call_sent(c, sock_sendmsg(c->fd->sock, m, (int)flags), len, flags);
	if (n == -EAGAIN && c->may_block)
		call_flow_follow(c->r, c->fd);
	return n;
}

static bool has_peer(const struct call_ctx *c)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	return !sock_getpeername(c->fd->sock, (struct sockaddr *)&ss, &len);
}

int64_t drill_sendmsg(struct call_ctx *c)
{
	const struct expr *m = call_arg(c, 1), *name = value_field(m, "msg_name", NULL);
	_Alignas(struct cmsghdr) uint8_t room[256] = { 0 };
	struct sockaddr_storage to;
	struct sock_msg msg = { 0 };
	if (!controls_of(c, value_field(m, "msg_control", NULL), room, sizeof room, &msg))
		return 0;
	int64_t flags = call_int(c, 2, 0);
	if (value_is_any(name) && flags & MSG_FASTOPEN && !has_peer(c)) { /* as for sendto() */
		call_own_address(c->r, false, &to, &msg.name_len);
		msg.name = &to;
	} else if (!value_is_any(name)) {
		if (!value_sockaddr(name, &to, &msg.name_len))
			return call_wrong(c, "msg_name is no address"), 0;
		msg.name = &to;
	}
	uint8_t *p = gather(c, value_field(m, "msg_iov", NULL), &msg.len);
	if (!p)
		return 0;
	msg.buf = p;
	int64_t n = c->wrong ? 0 : send_all(c, &msg, flags);
	free(p);
	return n;
}

/* --- what came --- */

static bool number_is(struct call_ctx *c, const char *what, const struct expr *e, int64_t seen)
{
	int64_t want;
	if (value_is_any(e))
		return true;
	if (!value_int(e, &want))
		return call_wrong(c, "%s is no number known here", what);
	return want == seen ||
	       call_wrong(c, "expected %s %lld, got %lld", what, (long long)want, (long long)seen);
}

static bool error_is(struct call_ctx *c, const struct expr *e, const void *data, size_t len)
{
	struct sock_extended_err seen;
	if (len < sizeof seen)
		return call_wrong(c, "a control message is too short for an error");
	memcpy(&seen, data, sizeof seen);
	return number_is(c, "ee_errno", value_field(e, "ee_errno", NULL), seen.ee_errno) &&
	       number_is(c, "ee_origin", value_field(e, "ee_origin", NULL), seen.ee_origin) &&
	       number_is(c, "ee_type", value_field(e, "ee_type", NULL), seen.ee_type) &&
	       number_is(c, "ee_code", value_field(e, "ee_code", NULL), seen.ee_code) &&
	       number_is(c, "ee_info", value_field(e, "ee_info", NULL), seen.ee_info) &&
	       number_is(c, "ee_data", value_field(e, "ee_data", NULL), seen.ee_data);
}

/* {scm_sec=0, scm_nsec=20000000}: of the script's time. */
static bool stamp_is(struct call_ctx *c, const struct expr *e, const void *data, size_t len)
{
	struct timespec seen;
	int64_t s, ns;
	if (len < sizeof seen || !value_int(value_field(e, "scm_sec", NULL), &s) ||
	    !value_int(value_field(e, "scm_nsec", NULL), &ns))
		return call_wrong(c, "{scm_sec=, scm_nsec=} is wanted, and a time");
	memcpy(&seen, data, sizeof seen);
	int64_t got = seen.tv_sec * 1000000LL + seen.tv_nsec / 1000 - (int64_t)c->r->zero_us,
		want = s * 1000000 + ns / 1000, off = got > want ? got - want : want - got;
	return off <= c->r->s->tolerance_us ||
	       call_wrong(c, "expected a time of %lld us, got %lld us", (long long)want, (long long)got);
}

static bool control_is(struct call_ctx *c, const struct expr *e, const struct cmsghdr *h)
{
	const struct expr *data = value_field(e, "cmsg_data", NULL);
	size_t len = h->cmsg_len - CMSG_LEN(0);
	int32_t v = 0;
	if (!number_is(c, "cmsg_len", value_field(e, "cmsg_len", NULL), (int64_t)h->cmsg_len) ||
	    !number_is(c, "cmsg_level", value_field(e, "cmsg_level", NULL), h->cmsg_level) ||
	    !number_is(c, "cmsg_type", value_field(e, "cmsg_type", NULL), h->cmsg_type))
		return false;
	if (value_field(data, "scm_sec", NULL))
		return stamp_is(c, data, CMSG_DATA(h), len);
	if (data && data->kind == EXPR_STRUCT)
		return error_is(c, data, CMSG_DATA(h), len);
	memcpy(&v, CMSG_DATA(h), MIN(len, sizeof v));
	return number_is(c, "cmsg_data", data, v);
}

static bool controls_are(struct call_ctx *c, const struct expr *list, const struct sock_msg *m)
{
	struct msghdr h = { .msg_control = m->control, .msg_controllen = m->control_len };
	struct cmsghdr *at = CMSG_FIRSTHDR(&h);
	if (!list || list->kind != EXPR_LIST)
		return true;
	for (const struct expr *e = list->first; e; e = e->next, at = CMSG_NXTHDR(&h, at)) {
		if (!at)
			return call_wrong(c, "fewer control messages came than expected");
		if (!control_is(c, e, at))
			return false;
	}
	return !at || call_wrong(c, "more control messages came than expected");
}

/* Each buffer's bytes, as far as they were filled. */
static bool buffers_are(struct call_ctx *c, const struct expr *iov, const uint8_t *p, size_t n)
{
	const struct expr *data;
	int64_t len;
	for (const struct expr *e = iov && iov->kind == EXPR_LIST ? iov->first : NULL; e; e = e->next) {
		if (!iov_of(c, e, &data, &len))
			return false;
		size_t here = MIN((size_t)len, n);
		if (!call_bytes_are(c, data, p, here))
			return false;
		p += here;
		n -= here;
	}
	return true;
}

int64_t drill_readv(struct call_ctx *c)
{
	const struct expr *iov = call_arg(c, 1);
	struct sock_msg msg = { 0 };
	uint8_t *p = gather(c, iov, &msg.len);
	if (!p)
		return 0;
	msg.buf = p;
	int64_t n = c->wrong ? 0 : sock_recvmsg(c->fd->sock, &msg, 0);
	c->may_block = true;
	if (n >= 0 && !c->wrong)
		buffers_are(c, iov, p, (size_t)n);
	free(p);
	return n;
}

int64_t drill_recvmsg(struct call_ctx *c)
{
	const struct expr *m = call_arg(c, 1), *iov = value_field(m, "msg_iov", NULL);
	const struct expr *name = value_field(m, "msg_name", NULL),
			  *control = value_field(m, "msg_control", NULL);
	struct sockaddr_storage from = { 0 };
	_Alignas(struct cmsghdr) uint8_t room[1024] = { 0 };
	struct sock_msg msg = {
		.name = &from, .name_len = sizeof from, .control = room, .control_len = sizeof room
	};
	int64_t flags = call_int(c, 2, 0), n;
	uint8_t *p = gather(c, iov, &msg.len);
	if (!p)
		return 0;
	msg.buf = p;
	if (!control)
		msg.control_len = 0;
	n = c->wrong ? 0 : sock_recvmsg(c->fd->sock, &msg, (int)flags);
	c->may_block = !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE));
	if (n >= 0 && !c->wrong)
		(void)(buffers_are(c, iov, p, (size_t)MIN((uint64_t)n, msg.len)) &&
		       (value_is_any(name) || call_address_is(c, name, &from)) &&
		       controls_are(c, control, &msg) &&
		       number_is(c, "msg_flags", value_field(m, "msg_flags", NULL), msg.flags));
	free(p);
	return n;
}
