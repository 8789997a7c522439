/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file's lines of `ip` are executed by ip(8) itself, as a client like any other: `leat reload` runs it in our
 * network. It takes rights that we are about to give up (namespaces, reading the file once more), so the process that will do it is
 * started before that, waits until there is somebody to serve it, and is gone afterwards. It never hears from a packet or a
 * client. */
#include "configure.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beside us, as installed; where the build has it; or wherever PATH says. */
static void find_leat(char *ret, size_t len)
{
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *dir = n > 0 ? dirname(self) : ".";
	static const char *const places[] = { "leat", "../bin/leat", "../leat/leat" };
	for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
		snprintf(ret, len, "%s/%s", dir, places[i]);
		if (!access(ret, X_OK))
			return;
	}
	snprintf(ret, len, "leat");
}

static _Noreturn void wait_and_run(int go, const char *name, const char *file, bool first)
{
	char leat[PATH_MAX], byte;
	find_leat(leat, sizeof leat);
	signal(SIGPIPE, SIG_DFL);
	/* The end instead of a byte: there will be nobody. */
	if (recv(go, &byte, 1, 0) != 1)
		_exit(0);
	execlp(leat, "leat", "-n", name, "reload", file, first ? "--first" : "--again", NULL);
	fprintf(stderr, "leatd: cannot execute %s, which applies %s: %s\n", leat, file, strerror(errno));
	_exit(127);
}

int configure_prepare(struct configure *c, const char *name, const char *file, bool first)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -errno;
	c->pid = fork();
	if (c->pid == 0) {
		close(fd[0]);
		wait_and_run(fd[1], name, file, first);
	}
	int err = c->pid < 0 ? -errno : 0;
	close(fd[1]);
	c->go = fd[0];
	c->pid_fd = err ? -1 : (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (!err && c->pid_fd < 0)
		err = -errno;
	return err;
}

int configure_start(struct configure *c)
{
	return send(c->go, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

bool configure_end(struct configure *c)
{
	int status = 0;
	if (c->pid <= 0)
		return true;
	close(c->go);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {}
	close(c->pid_fd);
	c->pid = 0;
	c->go = c->pid_fd = -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
