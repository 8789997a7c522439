/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's side of the privileged helper: one request, one answer, in turn. */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdpass.h"

/* The descriptor, 0 where there is none to be had, or -errno. */
static int call(struct dev_host *host, enum helper_op op, unsigned arg, int pass_fd, const char *ifname,
		char *why, size_t why_len)
{
	struct helper *h = container_of(host, struct helper, host);
	struct helper_req q = { .op = op, .arg = arg };
	struct helper_rep rep;
	int fd = -1;
	if (h->fd < 0) {
		snprintf(why, why_len,
			 "leatd has no right to open devices: start it as root, or with --user");
		return -EPERM;
	}
	if (strlen(ifname) >= sizeof q.ifname) {
		snprintf(why, why_len, "\"%s\" is too long for the name of an interface", ifname);
		return -ENAMETOOLONG;
	}
	memcpy(q.ifname, ifname, strlen(ifname));
	int err = fdpass_send(h->fd, &q, sizeof q, pass_fd);
	if (!err)
		err = fdpass_recv(h->fd, &rep, sizeof rep, &fd);
	if (err) {
		snprintf(why, why_len, "the privileged helper does not answer (%s): restart leatd",
			 strerror(-err));
		return -EIO; /* EPIPE would tell a client that the daemon itself is gone */
	}
	rep.why[sizeof rep.why - 1] = 0;
	snprintf(why, why_len, "%s", rep.why);
	return rep.err ? rep.err : fd >= 0 ? fd : 0;
}

static int hold_interface(struct dev_host *host, const char *ifname, unsigned flags, char *why,
			  size_t why_len)
{
	return call(host, HELPER_HOLD, flags, -1, ifname, why, why_len);
}

static int open_queue(struct dev_host *host, const char *ifname, unsigned queue, int umem_fd, char *why,
		      size_t why_len)
{
	return call(host, HELPER_QUEUE, queue, umem_fd, ifname, why, why_len);
}

static int open_tap(struct dev_host *host, const char *ifname, unsigned flags, char *why, size_t why_len)
{
	return call(host, HELPER_TAP, flags, -1, ifname, why, why_len);
}

static void note_kept(struct helper *h, const char *ifname)
{
	size_t at = strlen(h->kept);
	if (at + strlen(ifname) + sizeof ", , ..." > sizeof h->kept)
		ifname = "...";
	if (at < 3 || strcmp(h->kept + at - 3, "..."))
		snprintf(h->kept + at, sizeof h->kept - at, "%s%s", at ? ", " : "", ifname);
}

/* What the helper undoes, nobody else can: it was killed, and we have no rights. */
static void give_back(struct dev_host *host, const char *ifname)
{
	struct helper *h = container_of(host, struct helper, host);
	char why[sizeof((struct helper_rep *)0)->why];
	if (!h->borrowed && h->fd >= 0 && call(host, HELPER_GIVE_BACK, 0, -1, ifname, why, sizeof why))
		note_kept(h, ifname);
}

void helper_none(struct helper *h)
{
	*h = (struct helper){
		.fd = -1,
		.host = { .hold_interface = hold_interface,
			  .open_queue = open_queue,
			  .give_back = give_back,
			  .open_tap = open_tap },
	};
}

int helper_start(struct helper *h, const char *sock_path, enum calls_mode calls)
{
	struct timeval patience = { .tv_sec = 10 };
	int fd[2];
	helper_none(h);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -errno;
	h->pid = fork();
	if (h->pid == 0)
		helper_main(fd[1], sock_path, calls);
	int err = h->pid < 0 ? -errno : 0;
	close(fd[1]);
	if (err) {
		close(fd[0]);
		return err;
	}
	setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	h->fd = fd[0];
	return 0;
}

void helper_adopt(struct helper *h, int fd, pid_t pid)
{
	helper_none(h);
	h->fd = fd;
	h->pid = pid;
	h->borrowed = true;
}

int helper_reap(struct helper *h)
{
	int status = 0;
	while (h->pid && waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	h->pid = 0;
	return status;
}

/* Its end of the socket closes when it ends; that is all that tells of one that is not our child. */
static void wait_for_end(struct helper *h)
{
	char byte;
	ssize_t n;
	shutdown(h->fd, SHUT_WR);
	do
		n = recv(h->fd, &byte, 1, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
}

bool helper_stop(struct helper *h)
{
	if (h->fd >= 0) {
		wait_for_end(h);
		close(h->fd);
		h->fd = -1;
		helper_reap(h);
	}
	return !h->kept[0];
}
