/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's end of applications' descriptors.
 *
 * Theory of operation: everything runs on the control lcore. The listener accepts clients; a client sends requests, each
 * answered before the next is read. A client that does not take its answers is not read from, so it holds up to one
 * answer and whatever closed sockets it has not been told of, which count against its limit; nobody waits for it. Sockets
 * outlive the client that opened them, since applications hold them. At the limit of clients or of
 * the process's descriptors whoever comes is told so (SOCKD_REFUSED): for that one descriptor is kept. When the kernel has no memory the
 * listener rests for a moment instead of spinning.
 *
 * Limits: CLIENTS_MAX, SOCKS_PER_CLIENT, SOCKS_MAX in sockd_internal.h. */
#include "sockd/sockd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat/ioctl.h"

static_assert((int)IOCTL_DATA_MAX <= (int)SOCKD_DATA_MAX, "answers fit");

enum { REST_US = 100000 };

/* --- clients --- */

static void client_free(struct client *c)
{
	struct sockd *d = c->d;
	struct pair *s, *tmp;

	slots_close(c);
	list_for_each_safe (s, tmp, &c->gone, of_client)
		pair_forget(s);
	list_for_each_safe (s, tmp, &c->owned, of_client) {
		list_remove(&s->of_client);
		s->client = NULL;
		if (s->claimed)
			pair_close(s);
	}
	d->rt->ops->fd_unwatch(d->rt, d->rt->ctl, &c->watch);
	close(c->watch.fd);
	list_remove(&c->link);
	d->stats.clients--;
	mem_free(c);
}

/* True when it is on its way, or when nobody will ever read it. */
static bool sent(ssize_t n)
{
	return n >= 0 || (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM);
}

static bool send_rep(struct client *c, const struct sockd_rep *rep)
{
	return sent(send(c->watch.fd, rep, sizeof *rep, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* The answer that brings descriptors along. */
static bool send_slots(struct client *c)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} ctl = { .h = { CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { &c->reply, sizeof c->reply };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl
	};
	int fd[2];

	slots_fds(c, fd);
	memcpy(CMSG_DATA(&ctl.h), fd, sizeof fd);
	return sent(sendmsg(c->watch.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static bool send_reply(struct client *c)
{
	bool with_fds = c->reply.op == SOCKD_SLOTS && !c->reply.err;

	return with_fds ? send_slots(c) : send_rep(c, &c->reply);
}

/* Sends what waits. While something does, requests are left unread. */
void client_flush(struct client *c)
{
	uint32_t events = EPOLLIN;

	if (c->has_reply && send_reply(c))
		c->has_reply = false;
	while (!c->has_reply && !list_empty(&c->gone)) {
		struct pair *s = list_first(&c->gone, struct pair, of_client);
		struct sockd_rep rep = { .op = SOCKD_CLOSED, .cookie = s->cookie };
		if (!send_rep(c, &rep))
			break;
		pair_forget(s);
	}
	if (c->has_reply || !list_empty(&c->gone))
		events = EPOLLOUT;
	if (events == c->watch.events)
		return;
	c->watch.events = events;
	c->d->rt->ops->fd_watch(c->d->rt, c->d->rt->ctl, &c->watch);
}

/* Once, until somebody is served again. */
static void say_full(struct sockd *d, int err)
{
	if (!d->refusing)
		rt_log(d->rt, LOG_WARN, "%llu clients are connected; more are refused until one goes: %s",
		       (unsigned long long)d->stats.clients, strerror(-err));
	d->refusing = true;
}

static int do_ioctl(struct client *c, struct sockd_req *req, struct sockd_rep *rep)
{
	struct ioctl_call call = {
		.cmd = req->ioctl.cmd,
		.family = (uint16_t)req->ioctl.family,
		.creds = { .uid = c->uid,
			   .gid = c->gid,
			   .may_configure = c->may_configure && (req->ioctl.rights & SOCKD_RIGHT_ADMIN) },
		.data = req->data,
		.len_bytes = req->data_len,
	};
	int err = ioctl_run(c->d->st, &call);

	if (!err) {
		memcpy(rep->data, req->data, call.len_bytes);
		rep->data_len = call.len_bytes;
	}
	return err;
}

static int do_take_over(struct client *c, struct raw_req *raw)
{
	struct sockd *d = c->d;
	if (c->uid != d->owner)
		return -EPERM;
	int err = d->take_over ? d->take_over(d->take_over_ctx, raw->fd[0]) : -EOPNOTSUPP;
	if (!err)
		raw->fd[0] = -1;
	return err;
}

void sockd_on_take_over(struct sockd *d, sockd_take_over_fn *fn, void *ctx)
{
	d->take_over = fn;
	d->take_over_ctx = ctx;
}

/* Of what cannot be adopted the cookie is told, too. */
static int do_open(struct client *c, const struct sockd_req *req, struct raw_req *raw, struct sockd_rep *rep)
{
	struct pair *s;
	int err;

	if (req->op == SOCKD_ADOPT_NETLINK) {
		memcpy(&rep->cookie, req->data + offsetof(struct sockd_adopt, cookie), sizeof rep->cookie);
		err = pair_adopt(c, req, raw->fd[0], &s);
	} else {
		err = pair_open(c, req, raw->fd[0], raw->fd[1], &s);
	}
	if (err)
		return err;
	raw->fd[0] = -1;
	rep->cookie = s->cookie;
	c->d->refusing = false;
	return 0;
}

int client_request(struct client *c, struct raw_req *raw, struct sockd_rep *rep)
{
	struct sockd_req req = { 0 };
	struct pair *s;
	int err = req_parse(raw, &req);

	if (err == -EPROTO)
		return err;
	*rep = (struct sockd_rep){ .op = req.op, .seq = req.seq };
	c->d->stats.requests++;
	if (!err && (req.op == SOCKD_OPEN_NETLINK || req.op == SOCKD_ADOPT_NETLINK)) {
		err = do_open(c, &req, raw, rep);
	} else if (!err && req.op == SOCKD_IOCTL) {
		err = do_ioctl(c, &req, rep);
	} else if (!err && req.op == SOCKD_TAKE_OVER) {
		err = do_take_over(c, raw);
	} else if (!err && req.op == SOCKD_SLOTS) {
		err = slots_open(c);
	} else if (!err) {
		s = pair_find(c, raw->fd[0]);
		rep->cookie = s ? s->cookie : 0;
		err = s ? pair_request(s, &req, rep) : -EBADF;
	}
	c->d->stats.refused += err != 0;
	rep->err = err;
	return 0;
}

static unsigned take_fds(struct msghdr *m, int *fd)
{
	unsigned n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fd, CMSG_DATA(h), n * sizeof(int));
	}
	return n;
}

/* Not all descriptors came with it: there were more than any request has, or this process can have no more. */
static int truncated(struct client *c, const struct raw_req *raw, struct sockd_rep *rep)
{
	struct sockd_req req = { 0 };
	int err = raw->n_fds < SOCKD_FDS_MAX ? req_parse(raw, &req) : -EPROTO;

	if (err == -EPROTO)
		return err;
	c->d->stats.requests++;
	c->d->stats.refused++;
	say_full(c->d, -EMFILE);
	*rep = (struct sockd_rep){ .op = req.op, .seq = req.seq, .err = -EMFILE };
	return 0;
}

/* False when there is nothing (more) to read now, or the client is gone. */
static bool client_input(struct client *c)
{
	struct sockd_req req;
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SOCKD_FDS_MAX * sizeof(int))];
	} ctl;
	struct iovec iov = { &req, sizeof req };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl
	};
	struct raw_req raw = { .bytes = &req, .fd = { -1, -1 } };
	ssize_t n = recvmsg(c->watch.fd, &m, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	raw.len_bytes = n > 0 ? n : 0;
	raw.n_fds = n >= 0 ? take_fds(&m, raw.fd) : 0;
	err = m.msg_flags & MSG_CTRUNC ? truncated(c, &raw, &c->reply) : client_request(c, &raw, &c->reply);
	for (unsigned i = 0; i < raw.n_fds; i++)
		if (raw.fd[i] >= 0)
			close(raw.fd[i]);
	if (err) {
		c->d->stats.bad_requests += n > 0;
		client_free(c);
		return false;
	}
	c->has_reply = true;
	client_flush(c);
	return !c->has_reply;
}

static void client_ready(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct client *c = container_of(w, struct client, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		client_free(c);
		return;
	}
	if (events & EPOLLOUT)
		client_flush(c);
	if (events & EPOLLIN && !c->has_reply)
		for (unsigned i = 0; i < TURN_BUDGET && client_input(c); i++)
			;
}

static int peer_of(int fd, struct ucred *ret)
{
	socklen_t len = sizeof *ret;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len) < 0 ? -errno : 0;
}

static bool has_room(const struct sockd *d, const struct client *c)
{
	return d->stats.clients < CLIENTS_MAX - (c->may_configure ? 0 : CLIENTS_RESERVED);
}

int client_add(struct sockd *d, int fd, const struct ucred *peer, struct client **ret)
{
	struct client *c = mem_zalloc(&d->mem, sizeof *c);
	int err;

	if (!c)
		return -ENOMEM;
	c->d = d;
	c->uid = peer->uid;
	c->gid = peer->gid;
	c->may_configure = peer->uid == 0 || peer->uid == d->owner;
	c->watch = (struct fd_watch){ .fd = fd, .events = EPOLLIN, .ready = client_ready };
	list_init(&c->owned);
	list_init(&c->gone);
	err = has_room(d, c) ? d->rt->ops->fd_watch(d->rt, d->rt->ctl, &c->watch) : -EUSERS;
	if (err)
		goto free_client;
	list_append(&d->clients, &c->link);
	d->stats.clients++;
	*ret = c;
	return 0;
free_client:
	mem_free(c);
	return err;
}

static int client_new(struct sockd *d, int fd)
{
	struct ucred peer;
	struct client *c;
	int err = peer_of(fd, &peer);

	return err ? err : client_add(d, fd, &peer, &c);
}

/* --- the listener --- */

static void refuse(struct sockd *d, int fd, int err)
{
	const struct sockd_rep rep = { .op = SOCKD_REFUSED, .err = err };

	send(fd, &rep, sizeof rep, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
	d->stats.refused++;
	say_full(d, err);
}

static void spare_open(struct sockd *d)
{
	if (d->spare_fd < 0)
		d->spare_fd = fcntl(d->listen.fd, F_DUPFD_CLOEXEC, 0);
}

/* Its connection is the last descriptor there is: it gets the spare one's place while it is told. */
static bool refuse_next(struct sockd *d)
{
	int fd, err = -errno;

	if (d->spare_fd < 0)
		return false;
	close(d->spare_fd);
	d->spare_fd = -1;
	fd = accept4(d->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		refuse(d, fd, err);
	spare_open(d);
	return fd >= 0;
}

static int listen_watch(struct sockd *d)
{
	return d->rt->ops->fd_watch(d->rt, d->rt->ctl, &d->listen);
}

static void listen_rested(struct lcore *lc, struct timer *t)
{
	listen_watch(container_of(t, struct sockd, listen_again));
}

static void rest(struct sockd *d)
{
	d->rt->ops->fd_unwatch(d->rt, d->rt->ctl, &d->listen);
	lcore_timer_in(d->rt->ctl, &d->listen_again, REST_US);
}

static void listen_ready(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct sockd *d = container_of(w, struct sockd, listen);
	int fd, err;

	spare_open(d);
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		err = client_new(d, fd);
		if (err)
			refuse(d, fd, err);
	} else if ((errno == EMFILE || errno == ENFILE) && refuse_next(d)) {
		return;
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		rest(d);
	}
}

int sockd_new(struct leat_stack *st, int listen_fd, struct sockd **ret)
{
	struct ucred starter; /* a listening socket keeps the credentials of who called listen() */
	int err = peer_of(listen_fd, &starter);
	struct sockd *d = err ? NULL : mem_zalloc(&st->rt->client_mem, sizeof *d);

	if (!d)
		return err ? err : -ENOMEM;
	err = -ENOMEM;
	d->owner = starter.uid;
	d->spare_fd = -1;
	d->st = st;
	d->rt = st->rt;
	mem_account_init(&d->mem, "sockd", &st->rt->client_mem, 0);
	list_init(&d->clients);
	list_init(&d->socks);
	hash_init(&d->by_cookie, &d->mem, NULL, NULL);
	timer_init(&d->listen_again, listen_rested);
	d->listen = (struct fd_watch){ .fd = listen_fd, .events = EPOLLIN, .ready = listen_ready };
	d->buf = mem_zalloc(&d->mem, RECV_MAX);
	if (!d->buf)
		goto free_sockd;
	err = d->rt->ops->fd_watch ? listen_watch(d) : -EOPNOTSUPP;
	if (err)
		goto free_buf;
	spare_open(d);
	*ret = d;
	return 0;
free_buf:
	mem_free(d->buf);
free_sockd:
	hash_done(&d->by_cookie);
	mem_account_done(&d->mem);
	mem_free(d);
	return err;
}

void sockd_free(struct sockd *d)
{
	struct client *c, *next_client;
	struct pair *s, *next_sock;

	if (!d)
		return;
	lcore_timer_stop(d->rt->ctl, &d->listen_again);
	d->rt->ops->fd_unwatch(d->rt, d->rt->ctl, &d->listen);
	close(d->listen.fd);
	if (d->spare_fd >= 0)
		close(d->spare_fd);
	list_for_each_safe (c, next_client, &d->clients, link)
		client_free(c);
	list_for_each_safe (s, next_sock, &d->socks, link)
		pair_close(s);
	hash_done(&d->by_cookie);
	mem_free(d->buf);
	mem_account_done(&d->mem);
	mem_free(d);
}

void sockd_stats(const struct sockd *d, struct sockd_stats *ret)
{
	*ret = d->stats;
}
