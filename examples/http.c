/* SPDX-License-Identifier: BSD-2-Clause */
/* http OPTIONS PORT DIRECTORY: serves files (GET, HEAD; connections stay open). Each connection is a small state machine on one ring: a
 * request is received, a head is sent, and the file after it without a copy, straight from its mapping. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common.h"

enum { REQUEST_MAX = 8192 };

struct conn {
	int fd;
	enum { RECEIVING, HEAD, BODY } state;
	size_t got; /* bytes of requests that came */
	bool keep;
	void *file; /* mapped; NULL: none */
	size_t file_len;
	char head[256];
	char request[REQUEST_MAX + 1];
};

static const char *directory;

static void receive(struct leat_ring *r, struct conn *c)
{
	struct leat_sqe *e = leat_put(r, LEAT_OP_RECV, c->fd, (uintptr_t)c);

	e->buf = c->request + c->got;
	e->len = REQUEST_MAX - c->got;
	c->state = RECEIVING;
}

static void end(struct leat_ring *r, struct conn *c)
{
	leat_put(r, LEAT_OP_CLOSE, c->fd, 0)->flags = LEAT_QUIET;
	if (c->file)
		munmap(c->file, c->file_len);
	free(c);
}

/* --- a request --- */

/* The file that path names below the directory, mapped. 200, or what is wrong. */
static int find(struct conn *c, const char *path)
{
	char name[4096];
	struct stat st;
	int fd;

	if (*path != '/' || strstr(path, "..") ||
	    snprintf(name, sizeof name, "%s%s%s", directory, path,
		     path[strlen(path) - 1] == '/' ? "index.html" : "") >= (int)sizeof name)
		return 400;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return 404;
	}
	c->file_len = (size_t)st.st_size;
	c->file = c->file_len ? mmap(NULL, c->file_len, PROT_READ, MAP_SHARED, fd, 0) : NULL;
	close(fd);
	if (c->file == MAP_FAILED) {
		c->file = NULL;
		return 500;
	}
	return 200;
}

static void send_head(struct leat_ring *r, struct conn *c, int status)
{
	struct leat_sqe *e = leat_put(r, LEAT_OP_SEND, c->fd, (uintptr_t)c);

	e->buf = c->head;
	e->len = (size_t)snprintf(c->head, sizeof c->head,
				  "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n", status,
				  status == 200 ? "OK" : "No", status == 200 ? c->file_len : 0,
				  c->keep ? "keep-alive" : "close");
	e->arg = c->file ? MSG_MORE : 0;
	c->state = HEAD;
}

/* One whole request at the start of c->request: it is answered, and what follows it moves up. */
static void answer(struct leat_ring *r, struct conn *c, char *blank)
{
	char method[8] = "", path[2048] = "";
	int status = 400;
	size_t used = (size_t)(blank - c->request) + 4;

	*blank = 0;
	if (sscanf(c->request, "%7s %2047s", method, path) == 2)
		status = strcmp(method, "GET") && strcmp(method, "HEAD") ? 501 : find(c, path);
	c->keep = status < 500 && strstr(c->request, "HTTP/1.1") &&
		  !strcasestr(c->request, "Connection: close");
	memmove(c->request, c->request + used, c->got - used + 1);
	c->got -= used;
	send_head(r, c, status);
	if (c->file && !strcmp(method, "HEAD")) {
		munmap(c->file, c->file_len);
		c->file = NULL;
	}
}

static void next_request(struct leat_ring *r, struct conn *c)
{
	char *blank;

	c->request[c->got] = 0;
	blank = strstr(c->request, "\r\n\r\n");
	if (blank)
		answer(r, c, blank);
	else if (c->got < REQUEST_MAX)
		receive(r, c);
	else
		end(r, c);
}

/* --- what has been done --- */

static void send_body(struct leat_ring *r, struct conn *c)
{
	struct leat_sqe *e = leat_put(r, LEAT_OP_SEND_ZC, c->fd, (uintptr_t)c);

	e->buf = c->file;
	e->len = c->file_len;
	c->state = BODY;
}

static void sent(struct leat_ring *r, struct conn *c)
{
	if (c->state == HEAD && c->file) {
		send_body(r, c);
		return;
	}
	if (c->file)
		munmap(c->file, c->file_len);
	c->file = NULL;
	if (c->keep)
		next_request(r, c);
	else
		end(r, c);
}

static void done(struct leat_ring *r, struct conn *c, int res)
{
	if (res < 0 || (res == 0 && c->state == RECEIVING)) {
		end(r, c);
	} else if (c->state == RECEIVING) {
		c->got += (size_t)res;
		next_request(r, c);
	} else {
		sent(r, c);
	}
}

static void accepted(struct leat_ring *r, int fd)
{
	struct conn *c = fd < 0 ? NULL : calloc(1, sizeof *c);

	if (!c)
		return;
	c->fd = fd;
	receive(r, c);
}

int main(int argc, char **argv)
{
	struct leat *l = NULL;
	struct leat_stack *st = stack_of_args(argc, argv, &l);
	struct leat_ring *r;
	struct leat_cqe c[64];
	int listener;

	if (argc - optind != 2 ||
	    leat_ring_new(st, &(struct leat_ring_opts){ .entries = 4096, .worker = -1 }, &r))
		return 2;
	directory = argv[optind + 1];
	listener = listen_at(r, (uint16_t)atoi(argv[optind]));
	leat_put(r, LEAT_OP_ACCEPT, listener, 1)->flags = LEAT_MULTI;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = leat_submit_and_wait(r, c, 64, -1);
		for (int i = 0; i < n; i++) {
			if (c[i].user_data == 1)
				accepted(r, c[i].res);
			else if (c[i].user_data)
				done(r, (struct conn *)(uintptr_t)c[i].user_data, c[i].res);
		}
	}
}
