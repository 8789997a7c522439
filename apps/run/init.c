/* SPDX-License-Identifier: BSD-2-Clause */
/* pid 1 of a run: sets the namespaces up, starts CMD under the filter, then reaps and supervises. It is not under the
 * filter itself, but lives in the same empty network, so it holds nothing of the host's that a program inside
 * could take from it. */
#include "run/run_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "run/files.h"
#include "run/superv.h"
#include "sockd/path.h"

struct init {
	struct run *r;
	struct superv *superv;
	struct superv_event signals;
	pid_t cmd; /* 0 once it has ended */
};

static void report(const struct run *r, int exit_status, const char *text)
{
	struct run_report rep = { .exit_status = exit_status };

	snprintf(rep.text, sizeof rep.text, "%s", text);
	if (write(r->report, &rep, sizeof rep) != sizeof rep)
		_exit(RUN_FAILED);
}

void init_fail(const struct run *r, int exit_status, int err, const char *what)
{
	char text[sizeof((struct run_report *)0)->text];

	snprintf(text, sizeof text, err ? "%s: %s" : "%s", what, strerror(err));
	report(r, exit_status, text);
	_exit(exit_status);
}

/* --- CMD --- */

static void command(struct run *r, int to_init, int from_init) __attribute__((noreturn));
static void command(struct run *r, int to_init, int from_init)
{
	int listener, err;
	char go;

	if (r->user_ns) {
		err = ns_keep_net_caps();
		if (err)
			init_fail(r, RUN_FAILED, -err, "cannot keep the capabilities over the network");
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			init_fail(r, RUN_FAILED, errno, "cannot give up new privileges");
	}
	setenv(RUN_NAME_VARIABLE, r->name, 1);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &r->sigmask, NULL);
	listener = filter_install();
	if (listener < 0)
		init_fail(r, RUN_FAILED, -listener, "cannot install the system call filter");
	if (write(to_init, &listener, sizeof listener) != sizeof listener || read(from_init, &go, 1) != 1)
		_exit(RUN_FAILED);
	close(listener);
	execvp(r->argv[0], r->argv);
	init_fail(r, errno == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_EXEC, errno, r->argv[0]);
}

/* CMD cannot send its listener over a socket, since sendmsg() is one of the calls that wait for us: we fetch it. */
static int fetch_listener(pid_t pid, int from_cmd)
{
	int theirs, pidfd, fd;

	if (read(from_cmd, &theirs, sizeof theirs) != sizeof theirs)
		return -ECHILD;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		return -errno;
	fd = pidfd_getfd(pidfd, theirs, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}

/* Starts CMD up to where it waits for the go, a byte written to *ret_go. */
static int start_command(struct init *in, int *ret_go)
{
	int up[2], down[2], listener;

	if (pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0)
		init_fail(in->r, RUN_FAILED, errno, "cannot make a pipe");
	in->cmd = fork();
	if (in->cmd < 0)
		init_fail(in->r, RUN_FAILED, errno, "cannot fork");
	if (in->cmd == 0) {
		close(up[0]);
		close(down[1]);
		command(in->r, up[1], down[0]);
	}
	close(up[1]);
	close(down[0]);
	listener = fetch_listener(in->cmd, up[0]);
	close(up[0]);
	if (listener == -ECHILD)
		_exit(RUN_FAILED); /* it has said why */
	if (listener < 0)
		init_fail(in->r, RUN_FAILED, -listener, "cannot fetch the system call listener");
	*ret_go = down[1];
	return listener;
}

/* --- signals --- */

static int exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static void command_ended(struct init *in, int wait_status)
{
	in->cmd = 0;
	prctl(PR_SET_PDEATHSIG, 0);
	report(in->r, exit_status(wait_status), "");
	close(in->r->report);
}

/* A shell that suspends itself, or a program in a group of its own. In the front process's group (0: it has no number in here) what
 * stops CMD stops that, too. */
static void command_stopped(struct init *in)
{
	struct run_report rep = { .stopped = true };

	if (getpgid(in->cmd) > 0 && write(in->r->report, &rep, sizeof rep) != sizeof rep)
		kill(in->cmd, SIGCONT); /* nobody could */
}

static void reap(struct init *in)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == in->cmd && WIFSTOPPED(status))
			command_stopped(in);
		else if (pid == in->cmd)
			command_ended(in, status);
	}
	if (pid < 0 && errno == ECHILD)
		_exit(0);
}

/* The front process goes on after both were stopped. */
static void command_goes_on(struct init *in, const struct signalfd_siginfo *si)
{
	pid_t group = in->cmd ? getpgid(in->cmd) : 0;

	if (group > 0 && si->ssi_code <= 0 && si->ssi_pid == 0)
		kill(-group, SIGCONT);
}

static void signalled(struct superv_event *e, uint32_t events)
{
	struct init *in = container_of(e, struct init, signals);
	struct signalfd_siginfo si;

	if (read(e->fd, &si, sizeof si) != sizeof si)
		return;
	if (si.ssi_signo == SIGCHLD)
		reap(in);
	else if (si.ssi_signo == SIGCONT)
		command_goes_on(in, &si);
	else if (in->cmd && si.ssi_code <= 0 && si.ssi_pid == 0) /* from outside: the front process */
		kill(in->cmd, si.ssi_signo);
}

static int watch_signals(struct init *in)
{
	static const int sigs[] = { SIGCHLD, SIGCONT, RUN_FORWARDED };
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaddset(&set, sigs[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	in->signals = (struct superv_event){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					     .fn = signalled };
	return superv_watch(in->superv, &in->signals, EPOLLIN);
}

/* --- start --- */

/* Pipelines end when their last writer closes, and that must be CMD or what it left behind. */
static void let_go_of_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
}

static void raise_fd_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

void init_main(struct run *r)
{
	struct init in = { .r = r };
	const char *failed = ns_set_up(r);
	char why[256];
	int err, go, listener;

	if (failed)
		init_fail(r, RUN_FAILED, errno, failed);
	err = superv_new(r->name, &in.superv, why, sizeof why);
	if (err)
		init_fail(r, RUN_FAILED, 0, why);
	if (files_start(r->name, why, sizeof why))
		fprintf(stderr, "leat run: %s\n", why);
	listener = start_command(&in, &go);
	err = superv_listen(in.superv, listener);
	if (!err)
		err = watch_signals(&in);
	if (err)
		init_fail(r, RUN_FAILED, -err, "cannot watch for system calls");
	raise_fd_limit();
	let_go_of_stdio();
	if (write(go, "", 1) != 1)
		_exit(RUN_FAILED);
	close(go);
	superv_run(in.superv);
}
