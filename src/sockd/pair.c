/* SPDX-License-Identifier: BSD-2-Clause */
/* A pair: the daemon's end of a pair and the netlink socket behind it.
 *
 * Theory of operation: what the application writes is read a few messages a turn and fed to the netlink socket; what that
 * has to say is sent without waiting. When the pair is full, the message stays in the netlink socket, whose receive buffer
 * bounds it, and the pair is watched for room. The pair is the only thing that knows how many copies of
 * the application's descriptor exist: when the last is closed it hangs up, and the socket goes. */
#include "sockd/sockd_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/save.h"

static int watch_for(struct pair *s, uint32_t events)
{
	if (s->watch.events == events)
		return 0;
	s->watch.events = events;
	return s->d->rt->ops->fd_watch(s->d->rt, s->d->rt->ctl, &s->watch);
}

static int send_bytes(struct pair *s, const void *bytes, size_t len_bytes)
{
	int by_slot = slots_send(s, bytes, len_bytes);

	if (by_slot != SLOTS_NOT)
		return by_slot;
	if (send(s->watch.fd, bytes, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
		return -errno;
	watch_for(s, EPOLLIN | EPOLLOUT);
	return -EAGAIN;
}

void pair_send_lost(struct pair *s)
{
	struct nlmsghdr h = { .nlmsg_len = sizeof h, .nlmsg_type = NLMSG_OVERRUN };

	s->lost = send_bytes(s, &h, sizeof h) == -EAGAIN;
}

static int deliver(void *ctx, const void *bytes, size_t len_bytes, uint32_t src_portid, uint32_t group)
{
	return send_bytes(ctx, bytes, len_bytes);
}

static void lost(void *ctx, int err)
{
	pair_send_lost(ctx);
}

static const struct nl_sock_ops nl_ops = { .deliver = deliver, .error = lost };

/* A zero-length message and the end look alike to recv(). */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

static bool read_one(struct pair *s)
{
	ssize_t n = recv(s->watch.fd, s->d->buf, RECV_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0 || (n == 0 && hung_up(s->watch.fd))) {
		pair_close(s);
		return false;
	}
	if (s->client)
		slots_run(s->client);
	if (n > RECV_MAX || nl_sock_input_own(s->nl, s->d->buf, n) < 0)
		s->d->stats.refused++;
	return true;
}

/* False: there is nothing more; s may be gone. */
static bool input_one(struct pair *s)
{
	struct client *c = s->client;

	if (c)
		slots_reading(c, s->cookie);
	bool ret = read_one(s);
	if (c)
		slots_reading(c, 0);
	return ret;
}

/* Most senders wait for an answer before they send again; to find the pair empty after each message would cost as much as to read it. So
 * whether there is more is looked for now and then, and after a look that found more. s is gone when input_one() says false. */
static void input(struct pair *s)
{
	bool look_on = s->bursts || ++s->n_ready % LOOK_ON_EVERY == 0;
	for (unsigned i = 0; i < (look_on ? TURN_BUDGET : 1); i++) {
		s->bursts = i > 1;
		if (!input_one(s))
			return;
	}
}

void pair_room(struct pair *s)
{
	if (s->lost)
		pair_send_lost(s);
	if (!s->lost)
		nl_sock_writable(s->nl);
}

static void ready(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct pair *s = container_of(w, struct pair, watch);

	if (events & EPOLLOUT) {
		watch_for(s, EPOLLIN);
		pair_room(s);
	}
	if (events & ~EPOLLOUT)
		input(s);
}

int pair_cookie(int fd, uint64_t *ret)
{
	socklen_t len = sizeof *ret;

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, ret, &len) < 0 ? -errno : 0;
}

bool pair_is_end(int fd)
{
	int domain, type;
	socklen_t n = sizeof domain, m = sizeof type;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) && domain == AF_UNIX &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m) && type == SOCK_SEQPACKET;
}

/* What is sent into one end comes out of the other. Were they strangers, a client could leave us holding an end of a
 * connection that never hangs up. */
static bool are_peers(struct sockd *d, int own_fd, int app_fd)
{
	uint64_t sent, got = 0;

	d->rt->ops->random(d->rt, &sent, sizeof sent);
	return send(own_fd, &sent, sizeof sent, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof sent &&
	       recv(app_fd, &got, sizeof got, MSG_DONTWAIT) == sizeof got && got == sent;
}

static uint32_t cookie_hash(uint64_t cookie)
{
	return hash_u32(cookie ^ cookie >> 32);
}

struct pair *pair_of_cookie(struct client *c, uint64_t cookie)
{
	struct hash_node *n;

	hash_for_each_same(n, &c->d->by_cookie, cookie_hash(cookie))
	{
		struct pair *s = container_of(n, struct pair, node);
		if (s->cookie == cookie && (!s->claimed || s->client == c))
			return s;
	}
	return NULL;
}

struct pair *pair_find(struct client *c, int app_fd)
{
	uint64_t cookie;

	return pair_cookie(app_fd, &cookie) ? NULL : pair_of_cookie(c, cookie);
}

static void add(struct pair *s, struct client *c)
{
	struct sockd *d = s->d;

	hash_insert(&d->by_cookie, &s->node, cookie_hash(s->cookie));
	list_append(&d->socks, &s->link);
	list_init(&s->of_client);
	if (c) {
		list_append(&c->owned, &s->of_client);
		c->n_owned++;
	}
	d->stats.sockets++;
}

int pair_may_open(struct client *c, uint64_t cookie)
{
	if (pair_of_cookie(c, cookie))
		return -EEXIST;
	if (c->n_owned >= SOCKS_PER_CLIENT)
		return -EMFILE;
	return c->d->stats.sockets >= SOCKS_MAX ? -ENFILE : 0;
}

static struct nl_creds creds_of(const struct client *c, const struct sockd_req *req)
{
	return (struct nl_creds){
		.uid = c->may_configure ? req->open.uid : c->uid,
		.gid = c->may_configure ? req->open.gid : c->gid,
		.pid = req->open.pid,
		.may_configure = c->may_configure && (req->open.rights & SOCKD_RIGHT_ADMIN),
	};
}

int pair_make(struct client *c, const struct sockd_req *req, int own_fd, uint64_t cookie, struct pair **ret)
{
	struct nl_creds creds = creds_of(c, req);
	struct sockd *d = c->d;
	struct pair *s = mem_zalloc(&d->mem, sizeof *s);
	int err;

	if (!s)
		return -ENOMEM;
	*s = (struct pair){ .d = d, .client = c, .cookie = cookie, .type = req->open.type };
	s->watch = (struct fd_watch){ .fd = own_fd, .events = EPOLLIN, .ready = ready };
	err = nl_sock_new(d->st, req->open.protocol, &creds, &nl_ops, s, &s->nl);
	if (err)
		goto free_sock;
	err = d->rt->ops->fd_watch(d->rt, d->rt->ctl, &s->watch);
	if (err)
		goto free_nl;
	add(s, c);
	*ret = s;
	return 0;
free_nl:
	nl_sock_free(s->nl);
free_sock:
	mem_free(s);
	return err;
}

int pair_open(struct client *c, const struct sockd_req *req, int own_fd, int app_fd, struct pair **ret)
{
	uint64_t cookie, own;
	int err;

	if (!pair_is_end(own_fd) || !pair_is_end(app_fd))
		return -ENOTSOCK;
	err = pair_cookie(app_fd, &cookie);
	if (!err)
		err = pair_cookie(own_fd, &own);
	if (!err)
		err = pair_may_open(c, cookie);
	if (!err && pair_of_cookie(c, own))
		err = -EEXIST; /* opened crosswise, the two ends would be held here, and never hang up */
	if (!err && !are_peers(c->d, own_fd, app_fd))
		err = -EINVAL;
	return err ? err : pair_make(c, req, own_fd, cookie, ret);
}

int pair_restore(struct sockd *d, struct loader *l, struct client *c, uint64_t cookie, int fd,
		 struct pair **ret)
{
	struct pair *s = mem_zalloc(&d->mem, sizeof *s);

	if (!s)
		return -ENOMEM;
	*s = (struct pair){ .d = d, .client = c, .cookie = cookie };
	s->watch = (struct fd_watch){ .fd = fd, .events = EPOLLIN, .ready = ready };
	int err = load_begin(l, "netlink") ? nl_sock_restore(d->st, l, &nl_ops, s, &s->nl) : -EINVAL;
	load_end(l);
	if (err)
		goto free_pair;
	err = d->rt->ops->fd_watch(d->rt, d->rt->ctl, &s->watch);
	if (err)
		goto free_nl;
	add(s, c);
	*ret = s;
	return 0;
free_nl:
	nl_sock_free(s->nl);
free_pair:
	mem_free(s);
	return err;
}

int pair_remember_gone(struct client *c, uint64_t cookie)
{
	struct pair *s = mem_zalloc(&c->d->mem, sizeof *s);

	if (!s)
		return -ENOMEM;
	*s = (struct pair){ .d = c->d, .client = c, .cookie = cookie };
	list_append(&c->gone, &s->of_client);
	c->n_owned++;
	return 0;
}

void pair_close(struct pair *s)
{
	struct client *c = s->client;

	slots_forget(s);
	s->d->rt->ops->fd_unwatch(s->d->rt, s->d->rt->ctl, &s->watch);
	close(s->watch.fd);
	nl_sock_free(s->nl);
	hash_remove(&s->d->by_cookie, &s->node);
	list_remove(&s->link);
	s->d->stats.sockets--;
	if (!c) {
		pair_forget(s);
		return;
	}
	list_remove(&s->of_client);
	list_append(&c->gone, &s->of_client);
	client_flush(c);
}

void pair_forget(struct pair *s)
{
	if (s->client)
		s->client->n_owned--;
	list_remove(&s->of_client);
	mem_free(s);
}

/* --- requests --- */

static int get_address(const struct sockd_req *req, struct sockaddr_nl *ret)
{
	if (req->data_len < sizeof *ret)
		return -EINVAL;
	memcpy(ret, req->data, sizeof *ret);
	return ret->nl_family == AF_NETLINK ? 0 : -EINVAL;
}

static int do_bind(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	struct sockaddr_nl a;
	int err = get_address(req, &a);

	return err ? err : nl_sock_bind(s->nl, a.nl_pid, a.nl_groups);
}

static int do_connect(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	struct sockaddr_nl a;
	sa_family_t family = AF_UNSPEC;
	int err;

	if (req->data_len < sizeof family)
		return -EINVAL;
	memcpy(&family, req->data, sizeof family);
	if (family == AF_UNSPEC)
		return nl_sock_connect(s->nl, 0, 0);
	err = get_address(req, &a);
	return err ? err : nl_sock_connect(s->nl, a.nl_pid, a.nl_groups);
}

static int put_address(struct sockd_rep *rep, uint32_t portid, uint32_t groups)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = portid, .nl_groups = groups };

	memcpy(rep->data, &a, sizeof a);
	rep->data_len = sizeof a;
	return 0;
}

static int do_getsockname(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	uint32_t portid, groups;

	nl_sock_getname(s->nl, &portid, &groups);
	return put_address(rep, portid, groups);
}

static int do_getpeername(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	uint32_t portid, groups;

	nl_sock_getpeer(s->nl, &portid, &groups);
	return put_address(rep, portid, groups);
}

static int do_setsockopt(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	return nl_sock_setsockopt(s->nl, req->opt.level, req->opt.name, req->data, req->data_len);
}

static int do_getsockopt(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	size_t len = MIN(req->opt.len, (uint32_t)SOCKD_DATA_MAX);
	int err;

	if (req->opt.level == SOL_SOCKET && req->opt.name == SO_TYPE) {
		rep->data_len = MIN(len, sizeof s->type);
		memcpy(rep->data, &s->type, rep->data_len);
		return 0;
	}
	err = nl_sock_getsockopt(s->nl, req->opt.level, req->opt.name, rep->data, &len);
	rep->data_len = err ? 0 : MIN(len, (size_t)SOCKD_DATA_MAX);
	return err;
}

/* Whoever asks holds the application's end, so it hangs up only when that was shut down; to see that is then input()'s. */
static bool has_input(const struct pair *s)
{
	struct pollfd p = { .fd = s->watch.fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) > 0 && p.revents == POLLIN;
}

/* What found the pair full may find room by now. */
static int do_sync(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	if (s->client)
		slots_run(s->client);
	if (s->lost || nl_sock_has_more(s->nl))
		ready(&s->watch, s->d->rt->ctl, EPOLLOUT);
	for (unsigned i = 0; i < SYNC_MAX && has_input(s); i++)
		if (!input_one(s))
			return -EBADF;
	return 0;
}

static int do_room(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	nl_sock_recv_hint(s->nl, req->opt.len);
	return 0;
}

int pair_request(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep)
{
	static int (*const todo[SOCKD_OP_MAX])(struct pair *, const struct sockd_req *,
					       struct sockd_rep *) = {
		[SOCKD_BIND] = do_bind,
		[SOCKD_CONNECT] = do_connect,
		[SOCKD_GETSOCKNAME] = do_getsockname,
		[SOCKD_GETPEERNAME] = do_getpeername,
		[SOCKD_SETSOCKOPT] = do_setsockopt,
		[SOCKD_GETSOCKOPT] = do_getsockopt,
		[SOCKD_SYNC] = do_sync,
		[SOCKD_ROOM] = do_room,
	};

	return todo[req->op](s, req, rep);
}
