/* SPDX-License-Identifier: BSD-2-Clause */
/* proxy OPTIONS PORT HOST HOSTPORT: what comes to PORT goes to HOST, and back; both by the same stack. Bytes are
 * not copied on their way in (they are lent) and are given back when they have been sent on. */
#include <arpa/inet.h>

#include "common.h"

/* One direction: what comes from one end goes out at the other. */
struct way {
	struct pair *pair;
	int from, to;
	struct leat_cqe piece[32]; /* of one packet, all to be given back */
	unsigned n, at;
	bool over;
};

struct pair {
	struct way way[2];
	int fd[2];
};

enum {
	ACCEPT = 1,
	TAGS = 4
}; /* user_data: a pointer to a struct way, and in its lower bits what it is about */
enum { RECEIVED = 1, SENT = 2, CONNECTED = 3 };

static struct sockaddr_in host;

static void put(struct leat_ring *r, struct leat_sqe **ret, enum leat_op op, int fd, struct way *w, int tag)
{
	while (!(*ret = leat_put(r, op, fd, (uintptr_t)w | (unsigned)tag)))
		leat_submit(r);
}

static void receive(struct leat_ring *r, struct way *w)
{
	struct leat_sqe *e;

	w->n = w->at = 0;
	put(r, &e, LEAT_OP_RECV_LEND, w->from, w, RECEIVED);
}

static void send_on(struct leat_ring *r, struct way *w)
{
	struct leat_sqe *e;

	put(r, &e, LEAT_OP_SEND, w->to, w, SENT);
	e->buf = w->piece[w->at].data;
	e->len = (size_t)w->piece[w->at].res;
}

static void give_back(struct leat_ring *r, const struct leat_cqe *c)
{
	struct leat_sqe *e;

	put(r, &e, LEAT_OP_GIVE_BACK, -1, NULL, 0);
	e->len = c->lent;
	e->flags = LEAT_QUIET;
}

/* The end in one direction is told on; after both, the pair is gone. */
static void over(struct leat_ring *r, struct way *w)
{
	struct pair *p = w->pair;
	struct leat_sqe *e;

	w->over = true;
	put(r, &e, LEAT_OP_SHUTDOWN, w->to, NULL, 0);
	e->arg = SHUT_WR;
	if (!p->way[0].over || !p->way[1].over)
		return;
	for (int i = 0; i < 2; i++)
		put(r, &e, LEAT_OP_CLOSE, p->fd[i], NULL, 0);
	free(p);
}

static void received(struct leat_ring *r, struct way *w, const struct leat_cqe *c)
{
	if (c->res <= 0) {
		over(r, w);
		return;
	}
	w->piece[w->n++] = *c;
	if (!(c->flags & LEAT_CQE_MORE))
		send_on(r, w);
}

static void sent(struct leat_ring *r, struct way *w, int res)
{
	give_back(r, &w->piece[w->at++]);
	if (res < 0) {
		while (w->at < w->n)
			give_back(r, &w->piece[w->at++]);
		over(r, w);
	} else if (w->at < w->n) {
		send_on(r, w);
	} else {
		receive(r, w);
	}
}

static void connected(struct leat_ring *r, struct pair *p, int err)
{
	struct leat_sqe *e;

	if (!err) {
		receive(r, &p->way[0]);
		receive(r, &p->way[1]);
		return;
	}
	for (int i = 0; i < 2; i++)
		put(r, &e, LEAT_OP_CLOSE, p->fd[i], NULL, 0);
	free(p);
}

/* Its own end is opened at once, by a call that waits: the answer is the next worker's turn away. */
static void accepted(struct leat_ring *r, int fd)
{
	struct pair *p = fd < 0 ? NULL : calloc(1, sizeof *p);
	struct leat_sqe *e;

	if (!p)
		return;
	p->fd[0] = fd;
	p->fd[1] = leat_socket(r, AF_INET, SOCK_STREAM, 0);
	p->way[0] = (struct way){ .pair = p, .from = p->fd[0], .to = p->fd[1] };
	p->way[1] = (struct way){ .pair = p, .from = p->fd[1], .to = p->fd[0] };
	put(r, &e, LEAT_OP_CONNECT, p->fd[1], &p->way[0], CONNECTED);
	e->addr = &host;
	e->addr_len = sizeof host;
}

static void done(struct leat_ring *r, const struct leat_cqe *c)
{
	struct way *w = (struct way *)(uintptr_t)(c->user_data & ~(uint64_t)(TAGS - 1));

	if (c->user_data == ACCEPT)
		accepted(r, c->res);
	else if (!w)
		return;
	else if (c->user_data % TAGS == RECEIVED)
		received(r, w, c);
	else if (c->user_data % TAGS == SENT)
		sent(r, w, c->res);
	else
		connected(r, w->pair, c->res);
}

int main(int argc, char **argv)
{
	struct leat *l = NULL;
	struct leat_stack *st = stack_of_args(argc, argv, &l);
	struct leat_ring *r;
	struct leat_cqe c[64];
	int listener;

	host = (struct sockaddr_in){ .sin_family = AF_INET };
	if (argc - optind != 3 || inet_pton(AF_INET, argv[optind + 1], &host.sin_addr) != 1 ||
	    leat_ring_new(st, &(struct leat_ring_opts){ .entries = 1024, .worker = -1, .lends = 1024 }, &r))
		return 2;
	host.sin_port = htons((uint16_t)atoi(argv[optind + 2]));
	listener = listen_at(r, (uint16_t)atoi(argv[optind]));
	leat_put(r, LEAT_OP_ACCEPT, listener, ACCEPT)->flags = LEAT_MULTI;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = leat_submit_and_wait(r, c, 64, -1);
		for (int i = 0; i < n; i++)
			done(r, &c[i]);
	}
}
