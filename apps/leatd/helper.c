/* SPDX-License-Identifier: BSD-2-Clause */
/* The helper's process: requests in, descriptors out, and the cleaning up. Together with hold.c this is all that ever runs
 * with rights; it looks at no packet and no message of a client. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdpass.h"
#include "hold.h"
#include "rights.h"
#include "xdp.h"

enum { HELD_MAX = 256, SEND_BUFFER = 8 << 20 };

struct held {
	char ifname[IFNAMSIZ];
	unsigned ifindex, changed;
	struct xdp xdp;
};

struct server {
	int fd;
	struct hold hold;
	struct held held[HELD_MAX];
	unsigned n_held;
	const char *sock_path;
	struct stat sock;
};

static int say(struct helper_rep *rep, int err, const char *what, const char *ifname)
{
	snprintf(rep->why, sizeof rep->why, "%s %s: %s", what, ifname, strerror(-err));
	return err;
}

static int socket_for(const struct held *d, const struct helper_req *q, int umem, struct helper_rep *rep,
		      int *ret_fd)
{
	bool xdp = q->op == HELPER_QUEUE && d->xdp.link;
	int err = 0, fd = -1;
	if (xdp && q->arg == DEV_QUEUE_KEEP)
		return (*ret_fd = dup(d->xdp.link)) < 0 ? -errno : 0;
	if (xdp)
		err = xdp_socket(&d->xdp, q->arg, umem, &fd);
	else if ((fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		err = -errno;
	if (err)
		return say(rep, err,
			   xdp ? "cannot open an AF_XDP socket for" : "cannot open a packet socket for",
			   q->ifname);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ SEND_BUFFER }, sizeof(int));
	*ret_fd = fd;
	return 0;
}

static void give_up(struct server *s, struct held *d)
{
	xdp_detach(&d->xdp);
	hold_undo(&s->hold, d->ifindex, d->changed);
}

static int hold_open(struct server *s, const struct helper_req *q, struct helper_rep *rep, int *ret_fd)
{
	struct held *d = &s->held[s->n_held];
	if (s->n_held == HELD_MAX)
		return say(rep, -ENOSPC, "too many interfaces are held already; cannot hold", q->ifname);
	bool plain = q->arg & DEV_HOLD_PLAIN, generic = q->arg & DEV_HOLD_GENERIC;
	*d = (struct held){ 0 };
	int err = hold_take(&s->hold, q->ifname, plain, &d->ifindex, &d->changed, rep->why, sizeof rep->why);
	if (err)
		return err;
	if (q->arg & DEV_HOLD_XDP)
		err = xdp_attach(&d->xdp, d->ifindex, generic, rep->why, sizeof rep->why);
	if (!err)
		err = socket_for(d, q, -1, rep, ret_fd);
	if (err) {
		give_up(s, d);
		return err;
	}
	memcpy(d->ifname, q->ifname, sizeof d->ifname);
	s->n_held++;
	return 0;
}

static struct held *held_find(struct server *s, const char *ifname)
{
	for (unsigned i = 0; i < s->n_held; i++)
		if (!strcmp(s->held[i].ifname, ifname))
			return &s->held[i];
	return NULL;
}

static int queue_open(struct server *s, const struct helper_req *q, int umem, struct helper_rep *rep,
		      int *ret_fd)
{
	const struct held *d = held_find(s, q->ifname);
	return d ? socket_for(d, q, umem, rep, ret_fd) : say(rep, -ENODEV, "nobody holds", q->ifname);
}

static void undo(struct server *s, unsigned i)
{
	struct held d = s->held[i];
	s->held[i] = s->held[--s->n_held];
	give_up(s, &d);
}

static int give_back(struct server *s, const struct helper_req *q)
{
	struct held *d = held_find(s, q->ifname);
	if (d)
		undo(s, (unsigned)(d - s->held));
	return 0;
}

static int tap_open(const struct helper_req *q, struct helper_rep *rep, int *ret_fd)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	r.ifr_flags |= q->arg & DEV_TAP_VNET_HDR ? IFF_VNET_HDR : 0;
	r.ifr_flags |= q->arg & DEV_TAP_MULTI_QUEUE ? IFF_MULTI_QUEUE : 0;
	memcpy(r.ifr_name, q->ifname, IFNAMSIZ);
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return say(rep, -errno, "cannot open /dev/net/tun for", q->ifname);
	int err = ioctl(fd, TUNSETIFF, &r) ? say(rep, -errno, "cannot make the TAP device", q->ifname) : 0;
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

static int serve(struct server *s, struct helper_req *q, int got, struct helper_rep *rep, int *ret_fd)
{
	q->ifname[IFNAMSIZ - 1] = 0;
	switch (q->op) {
	case HELPER_HOLD:
		return hold_open(s, q, rep, ret_fd);
	case HELPER_QUEUE:
		return queue_open(s, q, got, rep, ret_fd);
	case HELPER_GIVE_BACK:
		return give_back(s, q);
	case HELPER_TAP:
		return tap_open(q, rep, ret_fd);
	default:
		return say(rep, -EOPNOTSUPP, "no such request, for", q->ifname);
	}
}

/* False when the daemon is gone. */
static bool one_request(struct server *s)
{
	struct helper_req q;
	struct helper_rep rep = { 0 };
	int fd = -1, got = -1;
	int err = fdpass_recv(s->fd, &q, sizeof q, &got);
	if (err && err != -EBADMSG)
		return false;
	rep.err = !err && q.ifname[0] ? serve(s, &q, got, &rep, &fd) : -EBADMSG;
	if (got >= 0)
		close(got);
	fdpass_send(s->fd, &rep, sizeof rep, fd); /* a daemon that is gone is noticed at the next receive */
	if (fd >= 0)
		close(fd);
	return true;
}

/* It outlives the daemon whatever is done to the terminal or the process group, and keeps nothing of the daemon's open. */
static void detach(struct server *s, int fd)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "leatd-helper", 0, 0, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	s->fd = dup2(fd, 3);
	close_range(4, ~0U, 0);
	(void)!chdir("/");
}

static void clean_up(struct server *s)
{
	struct stat now;
	while (s->n_held)
		undo(s, s->n_held - 1);
	if (s->sock_path && stat(s->sock_path, &now) == 0 && now.st_ino == s->sock.st_ino &&
	    now.st_dev == s->sock.st_dev && now.st_ctim.tv_sec == s->sock.st_ctim.tv_sec &&
	    now.st_ctim.tv_nsec == s->sock.st_ctim.tv_nsec) /* a number may be another one's by now */
		unlink(s->sock_path);
}

void helper_main(int fd, const char *sock_path, enum calls_mode calls)
{
	struct server server = { 0 }, *s = &server;
	if (sock_path && stat(sock_path, &s->sock) == 0)
		s->sock_path = sock_path;
	detach(s, fd);
	rights_keep(1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW | 1ULL << CAP_BPF | 1ULL << CAP_IPC_LOCK);
	int err = hold_init(&s->hold);
	int bare = err ? 0 : calls_of_helper(calls);
	err = bare && bare != -ENOSYS ? bare : err;
	if (err) {
		fprintf(stderr, "leatd-helper: cannot start: %s\n", strerror(-err));
		_exit(1);
	}
	hold_sweep(&s->hold);
	for (bool on = true; on;) {
		struct pollfd p[2] = { { s->fd, POLLIN, 0 }, { s->hold.alive, POLLIN, 0 } };
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents) { /* somebody asked whether we live: that was the answer */
			int asked = accept(s->hold.alive, NULL, NULL);
			if (asked >= 0)
				close(asked);
		}
		if (p[0].revents)
			on = one_request(s);
	}
	clean_up(s);
	_exit(0); /* what was to be done at the end is whoever forked us to do */
}
