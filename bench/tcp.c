/* SPDX-License-Identifier: BSD-2-Clause */
/* What bench/tcp.py runs: a server, on the kernel's sockets or with a stack of its own, and a client on the kernel's.
 *
 *	tcp serve kernel PORT
 *	tcp serve NETNS DEVICE LINES PORT
 *	tcp client WHAT HOST PORT CONNECTIONS SECONDS
 *
 * WHAT is one letter, the first byte of each connection: d: the client sends all it can, s: the server does; r: 64 bytes there and 64 back,
 * again and again; c: once, then another connection. D and S are d and s without copies on the server's side (leat's alone). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "leat/leat.h"
#include "leat/socket.h"

enum { BIG = 256 << 10, SMALL = 64, EVENTS = 256, SLOTS = 100000 };

struct conn {
	int fd;
	char what; /* 0: not said yet */
	bool said, sending; /* what it is to be; an answer */
	char buf[SMALL];
	unsigned got;
	double since;
};

static char big[BIG];

static void fail(const char *what, int err)
{
	fprintf(stderr, "tcp: %s: %s\n", what, strerror(err));
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct conn *conn_new(int fd)
{
	struct conn *c = calloc(1, sizeof *c);
	if (!c)
		fail("memory", ENOMEM);
	c->fd = fd;
	return c;
}

/* --- the server on the kernel --- */

static void watch(int ep, int op, struct conn *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };
	if (epoll_ctl(ep, op, c->fd, &e))
		fail("epoll_ctl", errno);
}

static void kernel_accept(int ep, int listener)
{
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		watch(ep, EPOLL_CTL_ADD, conn_new(fd), EPOLLIN);
	}
}

/* > 0: go on. */
static ssize_t kernel_step(int ep, struct conn *c)
{
	if (!c->what) {
		ssize_t n = recv(c->fd, &c->what, 1, 0);
		if (n > 0 && c->what == 's')
			watch(ep, EPOLL_CTL_MOD, c, EPOLLOUT | EPOLLIN);
		return n;
	}
	if (c->what == 'd')
		return recv(c->fd, big, BIG, 0);
	if (c->what == 's')
		return send(c->fd, big, BIG, MSG_NOSIGNAL);
	ssize_t n = recv(c->fd, c->buf + c->got, SMALL - c->got, 0);
	if (n <= 0)
		return n;
	c->got += (unsigned)n;
	if (c->got == SMALL) {
		c->got = 0;
		return send(c->fd, c->buf, SMALL, MSG_NOSIGNAL);
	}
	return n;
}

static int kernel_listen(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&any, sizeof any) || listen(fd, 4096))
		fail("listen", errno);
	return fd;
}

static void serve_kernel(uint16_t port)
{
	struct epoll_event e[EVENTS];
	struct conn l = { .fd = kernel_listen(port) };
	int ep = epoll_create1(0);
	watch(ep, EPOLL_CTL_ADD, &l, EPOLLIN);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(ep, e, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = e[i].data.ptr;
			if (c == &l) {
				kernel_accept(ep, l.fd);
				continue;
			}
			ssize_t r;
			while ((r = kernel_step(ep, c)) > 0 && !c->what)
				;
			if (r > 0 || (r < 0 && errno == EAGAIN))
				continue;
			close(c->fd);
			free(c);
		}
	}
}

/* --- the server with a stack of its own --- */

static struct leat_sqe *put(struct leat_ring *r, enum leat_op op, struct conn *c)
{
	struct leat_sqe *e;
	while (!(e = leat_put(r, op, c->fd, (uintptr_t)c)))
		leat_submit(r);
	return e;
}

static void leat_step(struct leat_ring *r, struct conn *c)
{
	static const enum leat_op ops[] = {
		['d'] = LEAT_OP_RECV, ['D'] = LEAT_OP_RECV_LEND, ['s'] = LEAT_OP_SEND, ['S'] = LEAT_OP_SEND_ZC
	};
	bool stream = c->said && strchr("dDsS", c->what);
	struct leat_sqe *e = put(r, c->sending ? LEAT_OP_SEND : stream ? ops[(int)c->what] : LEAT_OP_RECV, c);
	e->buf = stream ? big : c->said ? c->buf + c->got : &c->what;
	e->len = stream ? BIG : c->sending ? SMALL : c->said ? SMALL - c->got : 1;
}

static void leat_done(struct leat_ring *r, struct conn *c, const struct leat_cqe *done)
{
	if (done->res <= 0) {
		put(r, LEAT_OP_CLOSE, c)->user_data = 0;
		free(c);
		return;
	}
	if (done->flags & LEAT_CQE_LENT) {
		struct leat_sqe *e = put(r, LEAT_OP_GIVE_BACK, c);
		e->len = done->lent;
		e->flags = LEAT_QUIET;
		if (done->flags & LEAT_CQE_MORE)
			return;
	} else if (c->said && (c->what == 'r' || c->what == 'c')) {
		c->got += c->sending ? 0 : (unsigned)done->res;
		c->sending = c->got == SMALL;
		c->got %= SMALL;
	}
	c->said = true;
	leat_step(r, c);
}

static void serve_leat(const char *netns, const char *device, const char *lines, uint16_t port)
{
	const struct leat_ring_opts opts = { .entries = 8192, .worker = -1, .lends = 1024 };
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct leat_stack *st = NULL;
	struct leat_ring *r = NULL;
	struct leat_cqe c[EVENTS];
	struct leat *l = NULL;
	if (leat_new(NULL, &l) || leat_stack_new(l, "bench", netns, &st) || leat_device(st, device) ||
	    leat_config(st, lines) || leat_ring_new(st, &opts, &r))
		fail("stack", EINVAL);
	int fd = leat_socket(r, AF_INET, SOCK_STREAM, 0);
	leat_setsockopt(r, fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (leat_bind(r, fd, (struct sockaddr *)&any, sizeof any) || leat_listen(r, fd, 4096))
		fail("listen", EINVAL);
	leat_put(r, LEAT_OP_ACCEPT, fd, 1)->flags = LEAT_MULTI;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = leat_submit_and_wait(r, c, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (c[i].user_data == 1 && c[i].res >= 0)
				leat_step(r, conn_new(c[i].res));
			else if (c[i].user_data > 1)
				leat_done(r, (struct conn *)(uintptr_t)c[i].user_data, &c[i]);
		}
	}
}

/* --- the client --- */

struct client {
	char what;
	struct sockaddr_in to;
	int ep;
	uint64_t bytes, ops;
	double *took; /* of the first SLOTS */
	uint64_t n_took;
	double begin, end;
};

static void call(struct client *k, struct conn *c)
{
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	c->got = 0;
	c->since = now();
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&k->to, sizeof k->to))
		fail("connect", errno);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (send(c->fd, &k->what, 1, MSG_NOSIGNAL) != 1)
		fail("send", errno);
	watch(k->ep, EPOLL_CTL_ADD, c, k->what == 'd' || k->what == 'D' ? EPOLLOUT : EPOLLIN);
}

static void request(struct conn *c)
{
	if (send(c->fd, c->buf, SMALL, MSG_NOSIGNAL) != SMALL)
		fail("send", errno);
}

static void one_done(struct client *k, struct conn *c)
{
	double t = now();
	k->ops++;
	if (t >= k->begin && k->n_took < SLOTS)
		k->took[k->n_took++] = t - c->since;
	c->since = t;
	c->got = 0;
	if (k->what == 'c') {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
		close(c->fd);
		call(k, c);
	}
	request(c);
}

static void client_step(struct client *k, struct conn *c)
{
	bool out = k->what == 'd' || k->what == 'D', stream = out || k->what == 's' || k->what == 'S';
	ssize_t n = out      ? send(c->fd, big, BIG, MSG_NOSIGNAL)
		    : stream ? recv(c->fd, big, BIG, 0)
			     : recv(c->fd, c->buf, SMALL - c->got, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		fail("the server is gone", n ? errno : EPIPE);
	k->bytes += (uint64_t)n;
	c->got += (unsigned)n;
	if (!stream && c->got == SMALL)
		one_done(k, c);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void run_until(struct client *k, double end)
{
	struct epoll_event e[EVENTS];
	while (now() < end) {
		int n = epoll_wait(k->ep, e, EVENTS, 100);
		for (int i = 0; i < n; i++)
			client_step(k, e[i].data.ptr);
	}
}

static double cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* "begin" and "end" are said so that who looks at the server's CPU time does so then. */
static void client(char what, const char *host, uint16_t port, unsigned n, double seconds)
{
	struct client k = { .what = what, .ep = epoll_create1(0), .took = calloc(SLOTS, sizeof(double)) };
	k.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, host, &k.to.sin_addr);
	k.begin = 1e30;
	for (unsigned i = 0; i < n; i++) {
		struct conn *c = conn_new(-1);
		call(&k, c);
		if (what == 'r' || what == 'c')
			request(c);
	}
	run_until(&k, now() + seconds / 4);
	puts("begin");
	fflush(stdout);
	uint64_t bytes = k.bytes, ops = k.ops;
	double used = cpu();
	k.begin = now();
	run_until(&k, k.begin + seconds);
	k.end = now();
	puts("end");
	qsort(k.took, k.n_took, sizeof *k.took, by_size);
	printf("{\"seconds\": %.6f, \"bytes\": %llu, \"ops\": %llu, \"client_cpu\": %.3f, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f}\n",
	       k.end - k.begin, (unsigned long long)(k.bytes - bytes), (unsigned long long)(k.ops - ops),
	       cpu() - used, k.n_took ? k.took[k.n_took / 2] * 1e6 : 0,
	       k.n_took ? k.took[k.n_took * 99 / 100] * 1e6 : 0);
}

int main(int argc, char **argv)
{
	struct rlimit many = { 1 << 20, 1 << 20 };
	if (setrlimit(RLIMIT_NOFILE, &many)) {
		getrlimit(RLIMIT_NOFILE, &many);
		many.rlim_cur = many.rlim_max;
		setrlimit(RLIMIT_NOFILE, &many);
	}
	if (argc == 4 && !strcmp(argv[2], "kernel"))
		serve_kernel((uint16_t)atoi(argv[3]));
	else if (argc == 6 && !strcmp(argv[1], "serve"))
		serve_leat(argv[2], argv[3], argv[4], (uint16_t)atoi(argv[5]));
	else if (argc == 7)
		client(*argv[2], argv[3], (uint16_t)atoi(argv[4]), (unsigned)atoi(argv[5]), atof(argv[6]));
	else
		return 2;
	return 0;
}
