/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole room goes on in another process: the listener, the clients' connections, and each pair with the socket behind it.
 *
 * What clients and applications have sent and nobody has read lies in the kernel and is read by whoever comes; what was read has
 * been answered, or its answer waits here and goes along. So nobody who waits for an answer waits in vain. A pair whose
 * netlink socket cannot go (nl_sock_can_go()) is not given: its application sees the end of the connection when the old
 * process ends. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/fds.h"
#include "sockd/sockd_internal.h"

enum { NO_CLIENT = UINT32_MAX };

/* --- giving --- */

static void save_clients(struct sockd *d, struct saver *s, struct fds *fds)
{
	struct client *c;
	uint32_t n = 0;
	save_list(s, "clients");
	list_for_each (c, &d->clients, link) {
		c->number = n++;
		save_item(s);
		save_fd(s, "fd", fds, c->watch.fd);
		save_u64(s, "uid", c->uid);
		save_u64(s, "gid", c->gid);
		save_u64(s, "may_configure", c->may_configure);
		if (c->has_reply)
			save_bytes(s, "reply", &c->reply, sizeof c->reply);
		slots_save(c, s, fds);
		save_end(s);
	}
	save_end(s);
}

static void save_pairs(struct sockd *d, struct saver *s, struct fds *fds)
{
	struct pair *p;
	save_list(s, "pairs");
	list_for_each (p, &d->socks, link) {
		if (!nl_sock_can_go(p->nl))
			continue;
		save_item(s);
		save_fd(s, "fd", fds, p->watch.fd);
		save_u64(s, "cookie", p->cookie);
		save_u64(s, "type", p->type);
		save_u64(s, "claimed", p->claimed);
		save_u64(s, "lost", p->lost);
		save_u64(s, "client", p->client ? p->client->number : NO_CLIENT);
		save_begin(s, "netlink");
		nl_sock_save(p->nl, s);
		save_end(s);
		save_end(s);
	}
	save_end(s);
}

static void save_one_gone(struct saver *s, const struct pair *p)
{
	save_item(s);
	save_u64(s, "cookie", p->cookie);
	save_u64(s, "client", p->client->number);
	save_end(s);
}

/* Closed, and their clients are yet to be told; and those that cannot go, of which clients may hold copies. */
static void save_gone(struct sockd *d, struct saver *s)
{
	struct client *c;
	struct pair *p;
	save_list(s, "gone");
	list_for_each (c, &d->clients, link)
		list_for_each (p, &c->gone, of_client)
			save_one_gone(s, p);
	list_for_each (p, &d->socks, link)
		if (p->client && !nl_sock_can_go(p->nl))
			save_one_gone(s, p);
	save_end(s);
}

void sockd_save(struct sockd *d, struct saver *s, struct fds *fds)
{
	save_clients(d, s, fds);
	save_pairs(d, s, fds);
	save_gone(d, s);
}

/* --- taking --- */

static struct client *client_numbered(struct sockd *d, uint64_t number)
{
	struct client *c;
	list_for_each (c, &d->clients, link)
		if (c->number == number)
			return c;
	return NULL;
}

static int load_client(struct sockd *d, struct loader *l, struct fds *fds, uint32_t number)
{
	uint64_t uid, gid, may;
	struct client *c;
	int fd;
	if (!load_u64(l, "uid", 0, UINT32_MAX, &uid) || !load_u64(l, "gid", 0, UINT32_MAX, &gid) ||
	    !load_u64(l, "may_configure", 0, 1, &may) || !load_fd(l, "fd", fds, &fd))
		return -EINVAL;
	int err = client_add(d, fd, &(struct ucred){ .uid = (uid_t)uid, .gid = (gid_t)gid }, &c);
	if (err) {
		close(fd);
		return err;
	}
	c->number = number;
	c->may_configure = may;
	if (load_has(l, "reply") && !load_bytes(l, "reply", &c->reply, sizeof c->reply))
		return -EINVAL;
	c->has_reply = load_has(l, "reply");
	err = slots_restore(c, l, fds);
	if (!err && c->has_reply && c->reply.op == SOCKD_SLOTS && !c->reply.err && !c->slots)
		err = load_bad(l, "reply", "it brings slots, and there are none");
	return err;
}

static int load_pair(struct sockd *d, struct loader *l, struct fds *fds, uint32_t number)
{
	uint64_t cookie, type, claimed, lost, client;
	struct pair *p;
	int fd;
	if (!load_u64(l, "cookie", 0, UINT64_MAX, &cookie) || !load_u64(l, "type", 0, INT32_MAX, &type) ||
	    !load_u64(l, "claimed", 0, 1, &claimed) || !load_u64(l, "lost", 0, 1, &lost) ||
	    !load_u64(l, "client", 0, UINT32_MAX, &client) || !load_fd(l, "fd", fds, &fd))
		return -EINVAL;
	int err = pair_restore(d, l, client_numbered(d, client), cookie, fd, &p);
	if (err) {
		close(fd);
		return err;
	}
	p->type = (uint32_t)type;
	p->claimed = claimed;
	p->lost = lost;
	return 0;
}

static int load_gone(struct sockd *d, struct loader *l, struct fds *fds, uint32_t number)
{
	uint64_t cookie, client;
	if (!load_u64(l, "cookie", 0, UINT64_MAX, &cookie) || !load_u64(l, "client", 0, UINT32_MAX, &client))
		return -EINVAL;
	struct client *c = client_numbered(d, client);
	return c ? pair_remember_gone(c, cookie) : load_bad(l, "client", "no such client");
}

static int load_each(struct sockd *d, struct loader *l, struct fds *fds, const char *key,
		     int (*load)(struct sockd *, struct loader *, struct fds *, uint32_t))
{
	size_t n;
	int err = 0;
	if (!load_list(l, key, &n))
		return -EINVAL;
	for (size_t i = 0; i < n && !err; i++) {
		if (!load_item(l, i))
			return -EINVAL;
		err = load(d, l, fds, (uint32_t)i);
		load_end(l);
	}
	load_end(l);
	return err;
}

/* What waits for somebody's room is tried when the lcore first looks at its descriptors. */
static int watch_for_room(struct sockd *d)
{
	struct client *c;
	struct pair *p;
	int err = 0;
	list_for_each (c, &d->clients, link)
		slots_hold(c);
	list_for_each (c, &d->clients, link)
		if (!err && (c->has_reply || !list_empty(&c->gone))) {
			c->watch.events = EPOLLOUT;
			err = d->rt->ops->fd_watch(d->rt, d->rt->ctl, &c->watch);
		}
	list_for_each (p, &d->socks, link)
		if (!err) {
			p->watch.events = EPOLLIN | EPOLLOUT;
			err = d->rt->ops->fd_watch(d->rt, d->rt->ctl, &p->watch);
		}
	return err;
}

int sockd_restore(struct sockd *d, struct loader *l, struct fds *fds)
{
	int err = load_each(d, l, fds, "clients", load_client);
	if (!err)
		err = load_each(d, l, fds, "pairs", load_pair);
	if (!err)
		err = load_each(d, l, fds, "gone", load_gone);
	return err ? err : watch_for_room(d);
}
