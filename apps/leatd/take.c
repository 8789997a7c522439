/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking the place of another leatd: the other side of give.c, which has the theory. Until take_place() has returned 0 all that we
 * have is borrowed: who finds an error before that ends without giving anything back. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/save_file.h"
#include "daemon.h"
#include "dev/hand.h"
#include "handover.h"
#include "sockd/proto.h"

enum { BACKLOG = 128 };

static int cannot(int err, const char *why)
{
	return daemon_give_up(err, "cannot take over: %s", why);
}

/* --- who are you? --- */

/* 0, or what the daemon says to it. Its answer is waited for; a daemon that does not know the request refuses it. */
static int ask_for_place(int client, int fd)
{
	const struct sockd_req req = { .op = SOCKD_TAKE_OVER, .seq = 1 };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl = { .h = { CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)&req, sizeof req };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl
	};
	struct sockd_rep rep;
	memcpy(CMSG_DATA(&ctl.h), &fd, sizeof fd);
	handover_patience(client, HANDOVER_MOMENT_S);
	if (sendmsg(client, &m, MSG_NOSIGNAL) < 0)
		return -errno;
	ssize_t n = recv(client, &rep, sizeof rep, 0);
	return n == sizeof rep ? rep.err : n < 0 ? -errno : -EPROTO;
}

static int refused(struct daemon *d, int err)
{
	const char *why = err == -EPERM   ? "it belongs to another user: do this as whoever started it"
			  : err == -EBUSY ? "another leatd is doing so right now"
			  : err == -EOPNOTSUPP
				  ? "it is of a version that cannot hand over: stop it, and start this one"
				  : strerror(-err);
	return daemon_give_up(err, "cannot take over \"%s\": %s", d->opt.name, why);
}

static int find_daemon(struct daemon *d)
{
	int client, pair[2], err = sockd_connect(d->opt.name, d->sock_path, sizeof d->sock_path, &client);
	struct ucred peer = { 0 };
	if (err)
		return daemon_give_up(
			err, "no leatd named \"%s\" runs (looked at %s): start this one without --take-over",
			d->opt.name, d->sock_path);
	if (!getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer }))
		d->taken_from = peer.pid;
	err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ? -errno : 0;
	if (!err) {
		err = ask_for_place(client, pair[1]);
		close(pair[1]);
		d->taking = pair[0];
		handover_patience(d->taking, HANDOVER_PATIENCE_S);
	}
	close(client);
	return err ? refused(d, err) : 0;
}

static bool is_ours(int ns_fd, const char *path)
{
	struct stat a, b;
	return !fstat(ns_fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int enter(struct loader *l, struct fds *fds, const char *key, const char *path, int type)
{
	int fd, err = 0;
	if (!load_has(l, key) || !load_fd(l, key, fds, &fd))
		return 0;
	if (!is_ours(fd, path) && setns(fd, type))
		err = -errno;
	close(fd);
	return err;
}

static int enter_namespaces(struct daemon *d, struct loader *l, struct fds *fds)
{
	int err = d->opt.user ? enter(l, fds, "user_ns", "/proc/self/ns/user", CLONE_NEWUSER) : 0;
	if (!err)
		err = enter(l, fds, "net_ns", "/proc/self/ns/net", CLONE_NEWNET);
	return err ? cannot(err, "its network namespace is not this one's, and entering it is refused") : 0;
}

/* Who listens again is from then on the one whom clients see. */
static int take_listener(struct daemon *d, struct loader *l, struct fds *fds)
{
	if (!load_fd(l, "listen", fds, &d->listen_fd) || !load_fd(l, "lock", fds, &d->lock_fd))
		return -EPROTO;
	if (load_has(l, "log") && !load_fd(l, "log", fds, &d->log_fd))
		return -EPROTO;
	return listen(d->listen_fd, BACKLOG) ? -errno : 0;
}

/* The manager's socket, as the old one has it: who is started beside the service may have none. */
static int take_notify(struct daemon *d, struct loader *l, struct fds *fds)
{
	int fd;
	if (!load_has(l, "notify"))
		return 0;
	if (!load_u64(l, "watchdog_us", 0, UINT64_MAX, &d->notify.watchdog_us) ||
	    !load_fd(l, "notify", fds, &fd))
		return -EPROTO;
	notify_done(&d->notify);
	d->notify.fd = fd;
	return 0;
}

static int take_helper(struct daemon *d, struct loader *l, struct fds *fds)
{
	uint64_t pid, protocol;
	int fd;
	if (!load_has(l, "helper"))
		return 0;
	if (!load_u64(l, "helper_protocol", 0, UINT32_MAX, &protocol) ||
	    !load_u64(l, "helper_pid", 0, INT32_MAX, &pid) || !load_fd(l, "helper", fds, &fd))
		return -EPROTO;
	if (protocol != HELPER_PROTOCOL) {
		close(fd);
		return cannot(-EPROTO,
			      "its privileged helper speaks another version: stop it, and start this one");
	}
	helper_adopt(&d->helper, fd, (pid_t)pid);
	if (load_has(l, "helper_kept") && !load_str(l, "helper_kept", d->helper.kept, sizeof d->helper.kept))
		return -EPROTO;
	return 0;
}

int take_hello(struct daemon *d)
{
	char why[256] = "";
	struct fds fds = { 0 };
	struct loader *l = NULL;
	uint64_t user = 0;
	int err = find_daemon(d);
	if (err)
		return err;
	err = handover_ask(d->taking, HANDOVER_HELLO, &fds, &l, why, sizeof why);
	if (err)
		return cannot(err, why);
	if (!load_u64(l, "user", 0, 1, &user))
		err = -EPROTO;
	d->opt.user = user;
	if (!err)
		err = take_listener(d, l, &fds);
	if (!err)
		err = take_notify(d, l, &fds);
	if (err)
		cannot(err, load_error(l) ? load_error_text(l) : strerror(-err));
	if (!err)
		err = take_helper(d, l, &fds);
	if (!err)
		err = enter_namespaces(d, l, &fds);
	loader_free(l);
	fds_close(&fds);
	return err;
}

/* --- the snapshot --- */

static int restore_stack(struct daemon *d, struct loader *l, struct fds *fds)
{
	char why[512] = "";
	int fd;
	if (!load_fd(l, "stack", fds, &fd))
		return cannot(-EPROTO, load_error_text(l));
	/* The copy writes as fast as we read, and ends behind its last byte. */
	int err = stack_restore_fd(d->st, fd, "its state", why, sizeof why);
	close(fd);
	return err ? cannot(err, *why ? why : strerror(-err)) : 0;
}

static int restore_clients(struct daemon *d, struct loader *l, struct fds *fds)
{
	int listen_fd = dup(d->listen_fd), err = listen_fd < 0 ? -errno : 0;
	if (!err)
		err = sockd_new(d->st, listen_fd, &d->sockd);
	if (!err)
		err = sockd_restore(d->sockd, l, fds);
	return err ? cannot(err, load_error(l) ? load_error_text(l) : strerror(-err)) : 0;
}

int take_state(struct daemon *d)
{
	char why[256] = "";
	struct fds fds = { 0 };
	struct loader *l = NULL;
	int err = handover_ask(d->taking, HANDOVER_SNAPSHOT, &fds, &l, why, sizeof why);
	if (err)
		return cannot(err, why);
	d->helper.host.handed = l;
	d->helper.host.handed_fds = &fds;
	err = restore_stack(d, l, &fds);
	d->helper.host.handed = NULL;
	d->helper.host.handed_fds = NULL;
	if (!err)
		err = restore_clients(d, l, &fds);
	loader_free(l);
	fds_close(&fds);
	return err;
}

/* --- the switch --- */

int take_place(struct daemon *d)
{
	char why[256] = "";
	struct fds fds = { 0 };
	struct loader *l = NULL;
	int err = handover_ask(d->taking, HANDOVER_SWITCH, &fds, &l, why, sizeof why);
	if (!err && (err = dev_take_state(d->st, l)))
		snprintf(why, sizeof why, "%s", load_error_text(l));
	if (!err) /* before the other ends: a service whose main process has ended is over */
		notify_say(&d->notify, "MAINPID=%d", (int)getpid());
	if (!err && (err = handover_ask(d->taking, HANDOVER_COMMIT, &fds, NULL, why, sizeof why)))
		notify_say(&d->notify, "MAINPID=%d", (int)d->taken_from);
	loader_free(l);
	fds_close(&fds);
	if (err)
		return cannot(err, why);
	close(d->taking);
	d->taking = -1;
	d->helper.borrowed = false;
	if (d->log_fd >= 0) { /* who started us may not want to listen for ever */
		dup2(d->log_fd, STDERR_FILENO);
		close(d->log_fd);
		d->log_fd = -1;
	}
	return 0;
}
