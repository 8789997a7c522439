/* SPDX-License-Identifier: BSD-2-Clause */
/* For this room's tests and its fuzz target: a manual runtime that can watch descriptors, a stack with netlink, a daemon on
 * it and clients that speak the protocol. */
#ifndef LEAT_SOCKD_TEST_H
#define LEAT_SOCKD_TEST_H

#include <errno.h>
#include <linux/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/manual.h"
#include "net/addr.h"
#include "net/fib_exc.h"
#include "net/mcast.h"
#include "net/neigh.h"
#include "netlink/nl_sock.h"
#include "sockd/proto.h"
#include "sockd/slots.h"
#include "sockd/sockd.h"

enum { TEST_WATCHES = 1024 };

struct sockd_test {
	struct runtime_ops ops; /* the manual runtime's, and descriptors; rt->ops points here */
	struct fd_watch *watch[TEST_WATCHES];
	unsigned n_watches;
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct sockd *d;
	char dir[64];
	struct sockaddr_un at;
};

static inline struct sockd_test *test_of(struct leat_runtime *rt)
{
	return container_of(rt->ops, struct sockd_test, ops);
}

static inline void test_unwatch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	struct sockd_test *t = test_of(rt);

	for (unsigned i = 0; i < t->n_watches; i++)
		if (t->watch[i] == w)
			t->watch[i] = t->watch[--t->n_watches];
}

static inline int test_watch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	struct sockd_test *t = test_of(rt);

	test_unwatch(rt, lc, w);
	if (t->n_watches == TEST_WATCHES)
		return -ENOSPC;
	t->watch[t->n_watches++] = w;
	return 0;
}

/* Serves one ready descriptor: its handler may end any other watch. The next call starts behind it. */
static inline bool test_serve_one(struct sockd_test *t, unsigned from)
{
	for (unsigned i = 0; i < t->n_watches; i++) {
		struct fd_watch *w = t->watch[(from + i) % t->n_watches];
		struct pollfd p = { .fd = w->fd, .events = w->events };
		if (poll(&p, 1, 0) <= 0 || !p.revents)
			continue;
		if (w->events & EPOLLET) /* an eventfd: it is told of once */
			(void)!read(w->fd, &(uint64_t){ 0 }, sizeof(uint64_t));
		w->ready(w, t->rt->ctl, p.revents);
		return true;
	}
	return false;
}

static inline void test_settle(struct sockd_test *t)
{
	manual_rt_settle(t->m);
	for (unsigned i = 0; i < 10000 && test_serve_one(t, i); i++)
		manual_rt_settle(t->m);
}

static inline void test_xmit(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	pkt_free_bulk(w->lc, p, n);
}

static inline void test_start(struct sockd_test *t)
{
	static const struct module *const modules[] = { &pkt_module,   &graph_module, &netlink_module,
							&iface_module, &addr_module,  &mcast_module,
							&neigh_module, &fib_module,   &fib_exc_module,
							NULL };
	static const struct iface_ops ops = { .kind = "fake", .xmit = test_xmit };
	const struct iface_new eth0 = { .name = "eth0",
					.ops = &ops,
					.hw_type = ARPHRD_ETHER,
					.flags = IFF_BROADCAST | IFF_MULTICAST,
					.mtu = 1500,
					.mtu_min = 68,
					.mtu_max = 9000,
					.mac = { 2, 0, 0, 0, 0, 1 } };
	struct iface *i;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*t = (struct sockd_test){ .dir = "/tmp/leat-sockd-test-XXXXXX", .m = manual_rt_new(1, 1) };
	t->rt = manual_rt_of(t->m);
	t->ops = *t->rt->ops;
	t->ops.fd_watch = test_watch;
	t->ops.fd_unwatch = test_unwatch;
	t->rt->ops = &t->ops;
	t->at.sun_family = AF_UNIX;
	if (!mkdtemp(t->dir) || stack_new(t->rt, "test", 1, modules, &t->st) || iface_add(t->st, &eth0, &i))
		abort();
	snprintf(t->at.sun_path, sizeof t->at.sun_path, "%s/s", t->dir);
	if (bind(fd, (struct sockaddr *)&t->at, sizeof t->at) || listen(fd, 128) ||
	    sockd_new(t->st, fd, &t->d))
		abort();
}

static inline void test_end(struct sockd_test *t)
{
	sockd_free(t->d);
	stack_free(t->st);
	unlink(t->at.sun_path);
	rmdir(t->dir);
	manual_rt_free(t->m);
}

/* --- a client --- */

static inline int test_connect(struct sockd_test *t)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&t->at, sizeof t->at))
		abort();
	test_settle(t);
	return fd;
}

static inline void test_send(int client, const void *bytes, size_t len_bytes, const int *fd, unsigned n_fds)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} ctl = { 0 };
	struct iovec iov = { (void *)bytes, len_bytes };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds) {
		m.msg_control = &ctl;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		ctl.h = (struct cmsghdr){ CMSG_LEN(n_fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&ctl.h), fd, n_fds * sizeof(int));
	}
	sendmsg(client, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The application's end of a socket for generic netlink, which may configure. */
static inline int test_open(struct sockd_test *t, int client, uint32_t pid)
{
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .seq = 8,
				 .open = { SOCK_RAW, NETLINK_GENERIC, SOCKD_RIGHT_ADMIN, 0, 0, pid } };
	struct sockd_rep rep;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		abort();
	test_send(client, &req, sizeof req, pair, 2);
	test_settle(t);
	close(pair[0]);
	if (recv(client, &rep, sizeof rep, MSG_DONTWAIT) == sizeof rep && rep.seq == 8 && !rep.err)
		return pair[1];
	close(pair[1]);
	return -1;
}

/* A client's slots. */
struct test_slots {
	struct slots_shared *shared;
	int bell_fd;
};

/* 0 or -errno. */
static inline int test_slots_open(struct sockd_test *t, int client, struct test_slots *ret)
{
	struct sockd_req req = { .op = SOCKD_SLOTS, .seq = 8 };
	struct sockd_rep rep;
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} ctl = { 0 };
	struct iovec iov = { &rep, sizeof rep };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl
	};
	int fd[2];

	test_send(client, &req, sizeof req, NULL, 0);
	test_settle(t);
	if (recvmsg(client, &m, MSG_DONTWAIT) != sizeof rep)
		return -ENODATA;
	if (rep.err || ctl.h.cmsg_len != CMSG_LEN(sizeof fd))
		return rep.err ? rep.err : -EBADF;
	memcpy(fd, CMSG_DATA(&ctl.h), sizeof fd);
	ret->shared = mmap(NULL, sizeof *ret->shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd[0], 0);
	ret->bell_fd = fd[1];
	close(fd[0]);
	return ret->shared == MAP_FAILED ? -errno : 0;
}

static inline void test_slots_close(struct test_slots *s)
{
	munmap(s->shared, sizeof *s->shared);
	close(s->bell_fd);
}

static inline void test_ring(struct test_slots *s)
{
	(void)!write(s->bell_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

/* Whatever one client does, the next is answered (that it has no such socket). */
static inline bool test_serves_another(struct sockd_test *t)
{
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME, .seq = 9 };
	struct sockd_rep rep;
	int client = test_connect(t);

	test_send(client, &req, sizeof req, NULL, 0);
	test_settle(t);
	bool ret = recv(client, &rep, sizeof rep, MSG_DONTWAIT) == sizeof rep && rep.seq == 9 &&
		   rep.err == -EBADF;
	close(client);
	return ret;
}

#endif
