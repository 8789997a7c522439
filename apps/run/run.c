/* SPDX-License-Identifier: BSD-2-Clause */
/* The front process of a run: what the shell sees.
 *
 * Theory of operation: three processes. The front process (here) stays outside; it starts pid 1 of the new namespaces
 * (init.c), which starts CMD, reaps, and supervises its system calls. When CMD ends, pid 1 reports its status and the
 * front process leaves with it, while pid 1 stays for as long as CMD left processes behind (daemons), and ends with
 * the last. Should the front process be killed before, the kernel kills pid 1 and with it everything inside.
 *
 * CMD stays in the process group of the front process, so what the terminal sends (^C, ^\, ^Z) reaches it; signals sent to
 * the front process alone are handed on. A shell takes a group of its own, and with it the terminal. When it stops itself, the front
 * process stops, too, so that whoever started the run gets the terminal back; continued, it gives the terminal to where it was.
 * At the end the terminal is again with the group it was with at the start: a script that goes on could not read from it else. */
#include "run/run_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "run/filter.h"
#include "sockd/path.h"

int run_inside(char *ret_name, unsigned len_bytes)
{
	return prctl(FILTER_PRCTL_INSIDE, ret_name, len_bytes, 0, 0) < 0 ? -errno : 0;
}

static void complain(const char *what, int err)
{
	fprintf(stderr, err ? "leat run: %s: %s\n" : "leat run: %s\n", what, strerror(err));
}

/* A socket of the host's network must not slip in by inheritance. The standard three are the caller's explicit gift. */
static void close_host_sockets(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int fd = atoi(e->d_name), domain;
		socklen_t len = sizeof domain;
		if (fd > STDERR_FILENO && !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
		    domain != AF_UNIX)
			close(fd);
	}
	if (d)
		closedir(d);
}

static int block_forwarded(sigset_t *ret_old)
{
	static const int sigs[] = { RUN_FORWARDED };
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaddset(&set, sigs[i]);
	sigprocmask(SIG_BLOCK, &set, ret_old);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* SI_USER and the like are at most 0; the terminal's own come from the kernel and have reached CMD already. */
static void forward(int sig_fd, pid_t init)
{
	struct signalfd_siginfo si;

	if (read(sig_fd, &si, sizeof si) != sizeof si)
		return;
	if (si.ssi_code <= 0 || (si.ssi_signo != SIGINT && si.ssi_signo != SIGQUIT))
		kill(init, si.ssi_signo);
}

/* Without a terminal tty is -1, and all of this fails. From the background, to change a terminal's group means SIGTTOU. */
static void give_terminal(int tty, pid_t group)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &old);
	tcsetpgrp(tty, group);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Stops with CMD, and goes on with it. */
static void stop(int tty, pid_t init)
{
	pid_t its_group = tcgetpgrp(tty);

	if (its_group > 0 && its_group != getpgrp())
		give_terminal(tty, getpgrp());
	kill(getpid(), SIGSTOP);
	if (its_group > 0 && tcgetpgrp(tty) == getpgrp())
		give_terminal(tty, its_group);
	kill(init, SIGCONT);
}

static int wait_for_report(int report_fd, int sig_fd, int tty, pid_t init)
{
	struct pollfd p[] = { { .fd = report_fd, .events = POLLIN }, { .fd = sig_fd, .events = POLLIN } };
	struct run_report rep;

	for (;;) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			return RUN_FAILED;
		if (p[1].revents)
			forward(sig_fd, init);
		if (!p[0].revents)
			continue;
		if (read(report_fd, &rep, sizeof rep) != sizeof rep) {
			complain("the supervisor was killed", 0);
			return RUN_FAILED;
		}
		if (!rep.stopped)
			break;
		stop(tty, init);
	}
	if (rep.text[0])
		complain(rep.text, 0);
	return rep.exit_status;
}

/* Whether the front process died before PR_SET_PDEATHSIG: getppid() cannot tell, for it has no number in here. */
static bool front_is_gone(int report_fd)
{
	struct pollfd p = { .fd = report_fd };

	return poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

static pid_t start_init(struct run *r, int front_fd)
{
	unsigned long flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | SIGCHLD;
	pid_t pid;

	if (r->user_ns)
		flags |= CLONE_NEWUSER;
	pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (pid)
		return pid;
	close(front_fd);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (front_is_gone(r->report))
		_exit(RUN_FAILED);
	init_main(r);
}

static int run_outermost(struct run *r)
{
	int pipe_fd[2], sig_fd, status, tty;
	pid_t init, group;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0) {
		complain("cannot make a pipe", errno);
		return RUN_FAILED;
	}
	close_host_sockets();
	sig_fd = block_forwarded(&r->sigmask);
	r->report = pipe_fd[1];
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	group = tcgetpgrp(tty);
	init = start_init(r, pipe_fd[0]);
	if (init < 0) {
		complain(r->user_ns ? "cannot make namespaces (as an unprivileged user)"
				    : "cannot make namespaces",
			 errno);
		return RUN_FAILED;
	}
	close(pipe_fd[1]);
	status = wait_for_report(pipe_fd[0], sig_fd, tty, init);
	if (group > 0 && group == getpgrp() && tcgetpgrp(tty) != group)
		give_terminal(tty, group);
	if (tty >= 0)
		close(tty);
	close(pipe_fd[0]);
	close(sig_fd);
	sigprocmask(SIG_SETMASK, &r->sigmask, NULL);
	return status;
}

/* Inside of a run there is nothing to set up: its supervisor serves CMD as it serves us. */
static int run_nested(const char *name, const char *outer, char *const argv[])
{
	if (name && strcmp(name, outer) != 0) {
		fprintf(stderr,
			"leat run: this process is inside of `leat run -n %s`, a run of %s inside it is not "
			"supported\n",
			outer, name);
		return RUN_FAILED;
	}
	execvp(argv[0], argv);
	complain(argv[0], errno);
	return errno == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_EXEC;
}

static const char *default_name(void)
{
	const char *name = getenv(RUN_NAME_VARIABLE);

	return name && *name ? name : SOCKD_DEFAULT_NAME;
}

static char *shell(void)
{
	char *path = getenv("SHELL");

	return path && *path ? path : (char *)"/bin/sh";
}

int run_command(const char *name, char *const argv[])
{
	char outer[64], *sh[] = { shell(), NULL };
	struct run r = { .name = name ? name : default_name(), .argv = argv[0] ? argv : sh };

	argv = r.argv;

	if (!run_inside(outer, sizeof outer))
		return run_nested(name, outer, argv);
	r.uid = geteuid();
	r.gid = getegid();
	r.user_ns = r.uid != 0;
	return run_outermost(&r);
}
