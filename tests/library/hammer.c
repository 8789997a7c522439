/* SPDX-License-Identifier: BSD-2-Clause */
/* hammer SECONDS: eight threads, each with a ring of its own, on one datagram socket and on one stream socket; two stacks of a process,
 * two workers. The datagram socket is connected now to one peer, now to another, while all send: each datagram comes from the address
 * that is its own to a peer that it was connected to. The same once more with segments, corks and datagrams that are read joined, while their
 * options change. The stream carries records: none is torn, and those of a thread are in order. A
 * last round opens, cancels and closes: everything ends, once. For ThreadSanitizer. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "leat/leat.h"
#include "leat/socket.h"

enum { THREADS = 8, PORT = 5000, PEER = 7001, STREAM = 8000, CHURN = 8001, RECORD = 64, LARGE = 65536 };

struct hammer {
	struct leat *l;
	struct leat_stack *a, *b;
	int dgram, peer[2], stream, stream_end, listener;
	atomic_bool stop;
	atomic_uint sent[THREADS], heard[2], churned, ended;
};

struct thread {
	struct hammer *h;
	unsigned n;
	unsigned seed;
	pthread_t id;
};

static void fail(const char *what, long n)
{
	fprintf(stderr, "hammer: %s: %ld%s%s\n", what, n, n < 0 ? " " : "", n < 0 ? strerror((int)-n) : "");
	exit(1);
}

static long must(const char *what, long n)
{
	if (n < 0)
		fail(what, n);
	return n;
}

static struct sockaddr_in at(const char last, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(0x0a000000 | (uint32_t)last) };
}

static struct leat_ring *ring(struct leat_stack *st)
{
	const struct leat_ring_opts small = { .entries = 16, .worker = -1, .lends = 16 };
	struct leat_ring *r;
	must("ring", leat_ring_new(st, &small, &r));
	return r;
}

static int open_at(struct leat_ring *r, int type, char last, uint16_t port)
{
	struct sockaddr_in me = at(last, port);
	int fd = (int)must("socket", leat_socket(r, AF_INET, type, 0));
	must("bind", leat_bind(r, fd, (struct sockaddr *)&me, sizeof me));
	return fd;
}

/* --- datagrams --- */

static void *datagrams(void *arg)
{
	struct thread *t = arg;
	struct hammer *h = t->h;
	struct leat_ring *r = ring(h->a);
	char buf[32] = { 0 };
	for (unsigned i = 0; !h->stop; i++) {
		struct sockaddr_in to = at(2, (uint16_t)(PEER + i / 16 % 2));
		if (t->n % 2 && i % 16 == 0)
			must("connect", leat_connect(r, h->dgram, (struct sockaddr *)&to, sizeof to));
		else if (i % 3 == 0)
			leat_recv(r, h->dgram, buf, sizeof buf, MSG_DONTWAIT);
		must("send", leat_send(r, h->dgram, buf, sizeof buf, 0));
		h->sent[t->n]++;
	}
	leat_ring_free(r);
	return NULL;
}

static void *hear(void *arg)
{
	struct thread *t = arg;
	struct hammer *h = t->h;
	struct leat_ring *r = ring(h->b);
	struct sockaddr_in from, want = at(1, PORT);
	char buf[64];
	leat_patience(r, 100000);
	while (!h->stop) {
		socklen_t len = sizeof from;
		ssize_t n =
			leat_recvfrom(r, h->peer[t->n], buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
		if (n == -ETIME)
			continue;
		must("recvfrom", n);
		if (from.sin_port != want.sin_port || from.sin_addr.s_addr != want.sin_addr.s_addr)
			fail("a datagram from nowhere", ntohl(from.sin_addr.s_addr));
		h->heard[t->n]++;
	}
	leat_ring_free(r);
	return NULL;
}

/* --- many at a time, one in parts --- */

static const char xs[1000] = { [0 ... 999] = 'x' };

static long send_segments(struct leat_ring *r, int fd, uint16_t each, size_t len)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof each)] = { 0 };
	struct cmsghdr *c = (struct cmsghdr *)room;
	struct iovec v = { (void *)xs, len };
	const struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room
	};
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof each),
			       .cmsg_level = SOL_UDP,
			       .cmsg_type = UDP_SEGMENT };
	memcpy(CMSG_DATA(c), &each, sizeof each);
	return leat_sendmsg(r, fd, &m, 0);
}

/* What waits under a cork may be too long in the end, or of too many segments. */
static void large_once(struct thread *t, struct leat_ring *r)
{
	int fd = t->h->dgram, on = rand_r(&t->seed) % 2, each = on * 100;
	struct sockaddr_in to = at(2, (uint16_t)(PEER + rand_r(&t->seed) % 2));
	long n = 0;
	switch (rand_r(&t->seed) % 8) {
	case 0:
		n = leat_connect(r, fd, (struct sockaddr *)&to, sizeof to);
		break;
	case 1:
		n = leat_setsockopt(r, fd, SOL_UDP, UDP_CORK, &on, sizeof on);
		break;
	case 2:
		n = leat_setsockopt(r, fd, SOL_UDP, UDP_SEGMENT, &each, sizeof each);
		break;
	case 3:
		n = leat_send(r, fd, xs, 10, MSG_MORE);
		break;
	case 4:
		n = leat_send(r, fd, xs, 990, 0);
		break;
	default:
		n = send_segments(r, fd, 100, 550);
	}
	if (n < 0 && n != -EMSGSIZE && n != -EINVAL)
		fail("a call on a corked socket", n);
	t->h->sent[t->n]++;
}

static void *large(void *arg)
{
	struct thread *t = arg;
	struct leat_ring *r = ring(t->h->a);
	while (!t->h->stop)
		large_once(t, r);
	leat_ring_free(r);
	return NULL;
}

static void check_joined(const struct msghdr *m, const char *buf, size_t n)
{
	const struct cmsghdr *c = m->msg_controllen ? CMSG_FIRSTHDR(m) : NULL;
	int each = 0;
	if (c && c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
		memcpy(&each, CMSG_DATA(c), sizeof each);
	if (c && (each <= 0 || (size_t)each >= n))
		fail("joined datagrams of a length", each);
	for (size_t i = 0; i < n; i++)
		if (buf[i] != 'x')
			fail("a byte that nobody sent", buf[i]);
}

static void *hear_large(void *arg)
{
	struct thread *t = arg;
	struct hammer *h = t->h;
	struct leat_ring *r = ring(h->b);
	char *buf = malloc(LARGE);
	leat_patience(r, 100000);
	for (int on = 0; !h->stop; on = !on) {
		_Alignas(struct cmsghdr) char control[64];
		struct iovec v = { buf, LARGE };
		struct msghdr m = { .msg_iov = &v,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof control };
		must("gro", leat_setsockopt(r, h->peer[t->n], SOL_UDP, UDP_GRO, &on, sizeof on));
		ssize_t n = leat_recvmsg(r, h->peer[t->n], &m, 0);
		if (n == -ETIME)
			continue;
		must("recvmsg", n);
		check_joined(&m, buf, (size_t)n);
		h->heard[t->n]++;
	}
	free(buf);
	leat_ring_free(r);
	return NULL;
}

/* --- a stream --- */

struct record {
	uint32_t thread, seq;
	uint8_t fill[RECORD - 8];
};

static void *records(void *arg)
{
	struct thread *t = arg;
	struct hammer *h = t->h;
	struct leat_ring *r = ring(h->a);
	struct record rec = { .thread = t->n };
	memset(rec.fill, (int)t->n + 1, sizeof rec.fill);
	for (; !h->stop; rec.seq++) {
		if (must("send", leat_send(r, h->stream, &rec, sizeof rec, 0)) != RECORD)
			fail("a short send", (long)rec.seq);
		h->sent[t->n]++;
	}
	leat_ring_free(r);
	return NULL;
}

static void check_record(const struct record *rec, uint32_t next[THREADS])
{
	if (rec->thread >= THREADS || rec->seq != next[rec->thread]++)
		fail("a record out of order, of thread", rec->thread);
	for (unsigned i = 0; i < sizeof rec->fill; i++)
		if (rec->fill[i] != rec->thread + 1)
			fail("a torn record of thread", rec->thread);
}

static void *read_records(void *arg)
{
	struct thread *t = arg;
	struct hammer *h = t->h;
	struct leat_ring *r = ring(h->b);
	uint32_t next[THREADS] = { 0 };
	struct record rec;
	ssize_t n;
	while ((n = must("recv", leat_recv(r, h->stream_end, &rec, sizeof rec, MSG_WAITALL))) == RECORD)
		check_record(&rec, next);
	if (n)
		fail("the end of half a record", n);
	for (unsigned i = 0; i < THREADS; i++)
		if (next[i] != h->sent[i])
			fail("records that did not come, of thread", i);
	leat_ring_free(r);
	return NULL;
}

/* --- opening, cancelling, closing --- */

static void *serve(void *arg)
{
	struct thread *t = arg;
	struct hammer *h = t->h;
	struct leat_ring *r = ring(h->b);
	char buf[100];
	leat_patience(r, 20000);
	while (!h->stop) {
		int fd = leat_accept(r, h->listener, NULL, NULL);
		if (fd < 0)
			continue;
		ssize_t n = leat_recv(r, fd, buf, sizeof buf, 0);
		if (n > 0)
			leat_send(r, fd, buf, (size_t)n, 0);
		leat_close(r, fd);
	}
	leat_ring_free(r);
	return NULL;
}

/* Two that wait, one that is cancelled, all that ends with the socket: each has one completion. */
static void churn_once(struct thread *t, struct leat_ring *r, unsigned how)
{
	struct sockaddr_in to = at(2, CHURN);
	struct leat_cqe c;
	char buf[3][16];
	int fd = (int)must("socket", leat_socket(r, AF_INET, SOCK_STREAM, 0));
	unsigned under_way = 0, done = 0;
	int err = leat_connect(r, fd, (struct sockaddr *)&to, sizeof to);
	for (unsigned i = 0; i < 3; i++, under_way++) {
		struct leat_sqe *e = leat_put(r, LEAT_OP_RECV, fd, 1 + i);
		e->buf = buf[i];
		e->len = sizeof buf[i];
		e->timeout_us = how & 4 ? 1000 : 0;
	}
	if (!err && how & 1)
		leat_send(r, fd, "hello", 5, 0);
	if (how & 2) {
		leat_put(r, LEAT_OP_CANCEL, fd, 9)->buf = (void *)2;
		under_way++;
	}
	leat_put(r, LEAT_OP_CLOSE, fd, 10);
	under_way++;
	leat_submit(r);
	while (done < under_way) {
		must("wait", leat_wait(r, 10000000));
		done += leat_reap(r, &c, 1);
	}
	if (leat_wait(r, 0) != -ETIME)
		fail("more completions than operations", done);
	t->h->ended++;
}

static void *churn(void *arg)
{
	struct thread *t = arg;
	struct leat_ring *r = ring(t->h->a);
	while (!t->h->stop)
		churn_once(t, r, (unsigned)rand_r(&t->seed));
	leat_ring_free(r);
	return NULL;
}

/* --- rounds --- */

typedef void *thread_fn(void *);

static void start(struct hammer *h, struct thread *t, unsigned n, thread_fn *fn)
{
	for (unsigned i = 0; i < n; i++) {
		t[i] = (struct thread){ .h = h, .n = i, .seed = i };
		if (pthread_create(&t[i].id, NULL, fn, &t[i]))
			fail("thread", i);
	}
}

static void join(struct thread *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i].id, NULL);
}

static void round_of(struct hammer *h, double seconds, thread_fn *fn, thread_fn *other, unsigned n_other,
		     void (*at_end)(struct hammer *h, struct leat_ring *r))
{
	struct thread t[THREADS], o[THREADS];
	struct leat_ring *r = ring(h->a);
	h->stop = false;
	memset(h->sent, 0, sizeof h->sent);
	start(h, o, n_other, other);
	start(h, t, THREADS, fn);
	usleep((useconds_t)(seconds * 1e6));
	h->stop = true;
	join(t, THREADS);
	if (at_end)
		at_end(h, r);
	join(o, n_other);
	leat_ring_free(r);
}

static void end_stream(struct hammer *h, struct leat_ring *r)
{
	must("close", leat_close(r, h->stream));
}

static unsigned total(struct hammer *h)
{
	unsigned n = 0;
	for (unsigned i = 0; i < THREADS; i++)
		n += h->sent[i];
	return n;
}

static void up(struct hammer *h)
{
	const struct leat_opts two = { .workers = 2 };
	struct sockaddr_in to = at(2, STREAM), peer = at(2, PEER);
	must("leat_new", leat_new(&two, &h->l));
	must("stack", leat_stack_new(h->l, "a", NULL, &h->a));
	must("stack", leat_stack_new(h->l, "b", NULL, &h->b));
	must("join", leat_join(h->a, "ma", h->b, "mb"));
	must("config", leat_config(h->a, "address 10.0.0.1/24 dev ma"));
	must("config", leat_config(h->b, "address 10.0.0.2/24 dev mb"));
	struct leat_ring *a = ring(h->a), *b = ring(h->b);
	h->dgram = open_at(a, SOCK_DGRAM, 1, PORT);
	must("connect", leat_connect(a, h->dgram, (struct sockaddr *)&peer, sizeof peer));
	h->peer[0] = open_at(b, SOCK_DGRAM, 2, PEER);
	h->peer[1] = open_at(b, SOCK_DGRAM, 2, PEER + 1);
	int l = open_at(b, SOCK_STREAM, 2, STREAM);
	must("listen", leat_listen(b, l, 8));
	h->stream = (int)must("socket", leat_socket(a, AF_INET, SOCK_STREAM, 0));
	must("connect", leat_connect(a, h->stream, (struct sockaddr *)&to, sizeof to));
	h->stream_end = (int)must("accept", leat_accept(b, l, NULL, NULL));
	h->listener = open_at(b, SOCK_STREAM, 2, CHURN);
	must("listen", leat_listen(b, h->listener, 64));
	leat_ring_free(a);
	leat_ring_free(b);
}

/* What a round left unread. */
static void empty(struct hammer *h)
{
	struct leat_ring *r = ring(h->b);
	char buf[64];
	for (unsigned i = 0; i < 2; i++)
		while (leat_recv(r, h->peer[i], buf, sizeof buf, MSG_DONTWAIT) >= 0) {}
	leat_ring_free(r);
}

int main(int argc, char **argv)
{
	static struct hammer h;
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	up(&h);
	round_of(&h, seconds, datagrams, hear, 2, NULL);
	printf("%u datagrams sent, %u and %u heard\n", total(&h), h.heard[0], h.heard[1]);
	if (!h.heard[0] || !h.heard[1])
		fail("a peer heard nothing", h.heard[0]);
	empty(&h);
	h.heard[0] = h.heard[1] = 0;
	round_of(&h, seconds, large, hear_large, 2, NULL);
	printf("%u calls with segments and corks, %u and %u times heard\n", total(&h), h.heard[0],
	       h.heard[1]);
	if (!h.heard[0] || !h.heard[1])
		fail("a peer heard nothing large", h.heard[0]);
	round_of(&h, seconds, records, read_records, 1, end_stream);
	printf("%u records\n", total(&h));
	round_of(&h, seconds, churn, serve, 2, NULL);
	printf("%u connections opened and closed\n", h.ended);
	leat_free(h.l);
	return 0;
}
