/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing of saved state: JSON, a field a line, as it comes. What has been written is in the sink's hands; here is a buffer, and how deep
 * we are. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json_text.h"
#include "core/save_file.h"

enum { DEPTH_MAX = 16, BUF_BYTES = 65536 };

struct saver {
	save_sink_fn *sink;
	void *ctx;
	int err;
	unsigned depth;
	struct {
		char close; /* how it will end */
		bool any; /* it has a member */
	} at[DEPTH_MAX]; /* at[0] is the root */
	size_t n;
	char buf[BUF_BYTES];
};

void save_failed(struct saver *s, int err)
{
	s->err = s->err ? s->err : err;
}

static void flush(struct saver *s)
{
	if (!s->err && s->n)
		save_failed(s, s->sink(s->ctx, s->buf, s->n));
	s->n = 0;
}

static void put(struct saver *s, const char *text, size_t len)
{
	while (len) {
		if (s->n == sizeof s->buf)
			flush(s);
		size_t n = MIN(len, sizeof s->buf - s->n);
		memcpy(s->buf + s->n, text, n);
		s->n += n;
		text += n;
		len -= n;
	}
}

static void put_char(struct saver *s, char c)
{
	if (s->n == sizeof s->buf)
		flush(s);
	s->buf[s->n++] = c;
}

static void new_line(struct saver *s)
{
	static const char spaces[DEPTH_MAX + 1] = "\n               ";
	put(s, spaces, 1 + MIN(s->depth, DEPTH_MAX - 1u));
}

/* RFC 8259, 7. */
static void put_quoted(struct saver *s, const char *v)
{
	put_char(s, '"');
	for (; *v; v++) {
		if (*v == '"' || *v == '\\')
			put_char(s, '\\');
		if ((uint8_t)*v >= ' ') {
			put_char(s, *v);
			continue;
		}
		char code[8];
		put(s, code, (size_t)snprintf(code, sizeof code, "\\u%04x", (unsigned)*v));
	}
	put_char(s, '"');
}

/* What stands in front of a value. Members of a list have no name. */
static void member(struct saver *s, const char *key)
{
	if (s->at[s->depth].any)
		put_char(s, ',');
	s->at[s->depth].any = true;
	s->depth++;
	new_line(s);
	s->depth--;
	if (s->at[s->depth].close == ']')
		return;
	put_quoted(s, key);
	put(s, ": ", 2);
}

static void enter(struct saver *s, const char *key, char open, char close)
{
	if (s->depth + 1 == DEPTH_MAX) {
		save_failed(s, -EOVERFLOW);
		return;
	}
	member(s, key);
	put_char(s, open);
	s->depth++;
	s->at[s->depth].close = close;
	s->at[s->depth].any = false;
}

static void put_u64(struct saver *s, uint64_t v)
{
	char digits[20];
	unsigned n = 0;
	do
		digits[sizeof digits - ++n] = (char)('0' + v % 10);
	while (v /= 10);
	put(s, digits + sizeof digits - n, n);
}

/* Above INT64_MAX as a negative number: most readers of JSON have no larger ones. */
void save_u64(struct saver *s, const char *key, uint64_t v)
{
	member(s, key);
	if (v > INT64_MAX)
		put_char(s, '-');
	put_u64(s, v > INT64_MAX ? -v : v);
}

/* Names of interfaces may be any bytes, JSON's strings not: what is no UTF-8 is a list of its bytes. */
static void put_bytes_of(struct saver *s, const char *v)
{
	put_char(s, '[');
	for (const char *p = v; *p; p++) {
		if (p > v)
			put(s, ", ", 2);
		put_u64(s, (uint8_t)*p);
	}
	put_char(s, ']');
}

void save_str(struct saver *s, const char *key, const char *v)
{
	member(s, key);
	if (utf8_valid(v, strlen(v)))
		put_quoted(s, v);
	else
		put_bytes_of(s, v);
}

void save_bytes(struct saver *s, const char *key, const void *p, size_t len_bytes)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *b = p;
	member(s, key);
	put_char(s, '"');
	for (size_t i = 0; i < len_bytes; i++)
		put(s, (char[]){ hex[b[i] >> 4], hex[b[i] & 15] }, 2);
	put_char(s, '"');
}

void save_begin(struct saver *s, const char *key)
{
	enter(s, key, '{', '}');
}

void save_list(struct saver *s, const char *key)
{
	enter(s, key, '[', ']');
}

void save_item(struct saver *s)
{
	enter(s, NULL, '{', '}');
}

static void leave(struct saver *s)
{
	char close = s->at[s->depth].close;
	bool any = s->at[s->depth].any;
	s->depth -= s->depth > 0;
	if (any)
		new_line(s);
	put_char(s, close);
}

void save_end(struct saver *s)
{
	if (s->depth)
		leave(s);
}

int save_error(const struct saver *s)
{
	return s->err;
}

struct saver *saver_new(save_sink_fn *sink, void *ctx)
{
	struct saver *s = malloc(sizeof *s);
	if (!s)
		return NULL;
	memset(s, 0, offsetof(struct saver, buf));
	s->sink = sink;
	s->ctx = ctx;
	s->at[0].close = '}';
	put_char(s, '{');
	return s;
}

int saver_end(struct saver *s)
{
	save_end(s);
	leave(s);
	put_char(s, '\n');
	flush(s);
	return s->err;
}

void saver_free(struct saver *s)
{
	free(s);
}

int save_to_fd(void *ctx, const void *bytes, size_t len_bytes)
{
	int fd = *(const int *)ctx;
	for (const char *p = bytes; len_bytes;) {
		ssize_t n = write(fd, p, len_bytes);
		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		p += MAX(n, 0);
		len_bytes -= (size_t)MAX(n, 0);
	}
	return 0;
}
