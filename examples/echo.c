/* SPDX-License-Identifier: BSD-2-Clause */
/* echo OPTIONS PORT: a server that sends back what it is sent. One ring, one thread, any number of connections: each of them has one
 * operation under way, whose user_data is the connection. */
#include "common.h"

struct conn {
	int fd;
	bool sending;
	char buf[16384];
};

static void receive(struct leat_ring *r, struct conn *c)
{
	struct leat_sqe *e = leat_put(r, LEAT_OP_RECV, c->fd, (uintptr_t)c);

	e->buf = c->buf;
	e->len = sizeof c->buf;
	c->sending = false;
}

static void send_back(struct leat_ring *r, struct conn *c, int n)
{
	struct leat_sqe *e = leat_put(r, LEAT_OP_SEND, c->fd, (uintptr_t)c);

	e->buf = c->buf;
	e->len = (size_t)n;
	c->sending = true;
}

static void accepted(struct leat_ring *r, int fd)
{
	struct conn *c = fd < 0 ? NULL : malloc(sizeof *c);

	if (!c)
		return;
	c->fd = fd;
	receive(r, c);
}

/* user_data 0 is nobody's: the answer to a close. */
static void done(struct leat_ring *r, struct conn *c, int res)
{
	if (res <= 0) {
		leat_put(r, LEAT_OP_CLOSE, c->fd, 0);
		free(c);
	} else if (c->sending) {
		receive(r, c);
	} else {
		send_back(r, c, res);
	}
}

static void serve(struct leat_ring *r, int listener)
{
	struct leat_cqe c[64];

	leat_put(r, LEAT_OP_ACCEPT, listener, (uint64_t)-1)->flags = LEAT_MULTI;
	for (;;) {
		int n = leat_submit_and_wait(r, c, 64, -1);
		for (int i = 0; i < n; i++) {
			if (c[i].user_data == (uint64_t)-1)
				accepted(r, c[i].res);
			else if (c[i].user_data)
				done(r, (struct conn *)(uintptr_t)c[i].user_data, c[i].res);
		}
	}
}

int main(int argc, char **argv)
{
	struct leat *l = NULL;
	struct leat_stack *st = stack_of_args(argc, argv, &l);
	struct leat_ring *r;
	int fd;

	if (optind == argc || leat_ring_new(st, NULL, &r))
		return 2;
	fd = listen_at(r, (uint16_t)atoi(argv[optind]));
	puts("ready");
	fflush(stdout);
	serve(r, fd);
}
