/* SPDX-License-Identifier: BSD-2-Clause */
/* Building messages into a buffer that may move while it grows: so everything is kept by offset. Running out of room is
 * remembered in `full` and told once, by nl_end(), which leaves the buffer as it was before nl_begin(). */
#include "nlmsg/nlmsg.h"

#include <errno.h>
#include <stdlib.h>

enum { GROW_FIRST = 512 };

void nl_buf_init(struct nl_buf *b, size_t max_bytes)
{
	*b = (struct nl_buf){ .max_bytes = max_bytes };
}

void nl_buf_init_fixed(struct nl_buf *b, void *p, size_t size_bytes)
{
	*b = (struct nl_buf){ .p = p, .size_bytes = size_bytes, .max_bytes = size_bytes, .fixed = true };
}

void nl_buf_done(struct nl_buf *b)
{
	if (b && !b->fixed)
		free(b->p);
	if (b)
		*b = (struct nl_buf){ 0 };
}

static bool grow(struct nl_buf *b, size_t want)
{
	size_t size = MAX(b->size_bytes * 2, (size_t)GROW_FIRST);
	size = MIN(MAX(size, want), b->max_bytes);
	uint8_t *p = realloc(b->p, size);
	if (!p)
		return false;
	b->p = p;
	b->size_bytes = size;
	if (b->msg)
		b->msg = (struct nlmsghdr *)(p + b->msg_off);
	return true;
}

/* len zeroed bytes at the end, or NULL: the message being built is lost. */
static void *reserve(struct nl_buf *b, size_t len)
{
	if (b->full)
		return NULL;
	size_t end = b->len_bytes + NLMSG_ALIGN(len);
	if (end > b->max_bytes || (end > b->size_bytes && (b->fixed || !grow(b, end)))) {
		b->full = true;
		return NULL;
	}
	void *at = b->p + b->len_bytes;
	memset(at, 0, NLMSG_ALIGN(len));
	b->len_bytes = end;
	return at;
}

void *nl_begin(struct nl_buf *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid, size_t extra_len)
{
	assert(!b->msg);
	size_t off = b->len_bytes;
	struct nlmsghdr *h = reserve(b, NLMSG_HDRLEN + extra_len);
	if (!h)
		return NULL;
	*h = (struct nlmsghdr){
		.nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq, .nlmsg_pid = pid
	};
	b->msg = h;
	b->msg_off = off;
	return (uint8_t *)h + NLMSG_HDRLEN;
}

void nl_cancel(struct nl_buf *b)
{
	if (b->msg)
		b->len_bytes = b->msg_off;
	b->msg = NULL;
	b->full = false;
}

int nl_end(struct nl_buf *b)
{
	if (b->full) {
		nl_cancel(b);
		return -EMSGSIZE;
	}
	assert(b->msg);
	b->msg->nlmsg_len = (uint32_t)(b->len_bytes - b->msg_off);
	b->msg = NULL;
	return 0;
}

/* An attribute's payload to be filled in; NULL when full. */
static void *attr(struct nl_buf *b, uint16_t type, size_t len)
{
	if (len > UINT16_MAX - NLA_HDRLEN)
		b->full = true;
	struct nlattr *a = reserve(b, NLA_HDRLEN + len);
	if (!a)
		return NULL;
	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	return (uint8_t *)a + NLA_HDRLEN;
}

void nl_put(struct nl_buf *b, uint16_t type, const void *data, size_t len_bytes)
{
	void *to = attr(b, type, len_bytes);
	if (to && len_bytes)
		memcpy(to, data, len_bytes);
}

void *nl_put_room(struct nl_buf *b, uint16_t type, size_t len_bytes)
{
	void *to = attr(b, type, len_bytes);
	return to ? memset(to, 0, len_bytes) : NULL;
}

void nl_put_u8(struct nl_buf *b, uint16_t type, uint8_t v)
{
	nl_put(b, type, &v, sizeof v);
}

void nl_put_u16(struct nl_buf *b, uint16_t type, uint16_t v)
{
	nl_put(b, type, &v, sizeof v);
}

void nl_put_u32(struct nl_buf *b, uint16_t type, uint32_t v)
{
	nl_put(b, type, &v, sizeof v);
}

void nl_put_aligned64(struct nl_buf *b, uint16_t type, const void *data, size_t len_bytes, uint16_t pad_type)
{
	if ((b->len_bytes + NLA_HDRLEN) % 8)
		attr(b, pad_type, 0);
	nl_put(b, type, data, len_bytes);
}

void nl_put_u64(struct nl_buf *b, uint16_t type, uint64_t v, uint16_t pad_type)
{
	nl_put_aligned64(b, type, &v, sizeof v, pad_type);
}

void nl_put_str(struct nl_buf *b, uint16_t type, const char *s)
{
	nl_put(b, type, s, strlen(s) + 1);
}

void nl_put_flag(struct nl_buf *b, uint16_t type)
{
	attr(b, type, 0);
}

size_t nl_nest_noflag(struct nl_buf *b, uint16_t type)
{
	size_t off = b->len_bytes;
	attr(b, type, 0);
	return off;
}

size_t nl_nest(struct nl_buf *b, uint16_t type)
{
	return nl_nest_noflag(b, type | NLA_F_NESTED);
}

void nl_nest_end(struct nl_buf *b, size_t nest)
{
	size_t len = b->len_bytes - nest;
	if (len > UINT16_MAX)
		b->full = true;
	if (!b->full)
		((struct nlattr *)(b->p + nest))->nla_len = (uint16_t)len;
}

void nl_nest_cancel(struct nl_buf *b, size_t nest)
{
	if (!b->full)
		b->len_bytes = nest;
}
