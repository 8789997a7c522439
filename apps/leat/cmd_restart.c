/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat restart`: the command line of the running leatd once more, with --take-over. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leat/leat.h"
#include "sockd/path.h"

enum { WORDS_MAX = 256, LINE_MAX_BYTES = 65536 };

struct restart {
	pid_t pid; /* of the one that runs */
	char line[LINE_MAX_BYTES]; /* its words, each with its NUL */
	char *argv[WORDS_MAX + 2];
	unsigned argc;
	char program[PATH_MAX];
};

/* Who listens: a leatd that takes over listens anew, so this is always the one that runs. */
static int find_daemon(const char *name, pid_t *ret)
{
	char path[SOCKD_PATH_MAX] = "";
	struct ucred peer;
	int fd, err = sockd_connect(name, path, sizeof path, &fd);
	if (err)
		return leat_error("no daemon named %s (looked at %s): %s; start one with `leatd --name %s`",
				  name, path, strerror(-err), name);
	err = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer });
	close(fd);
	*ret = err ? 0 : peer.pid;
	return *ret ? 0
		    : leat_error("restart: who listens at %s cannot be told: it lives in another process "
				 "namespace",
				 path);
}

static int read_command_line(struct restart *r)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)r->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, r->line, sizeof r->line - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return leat_error("restart: cannot read %s: %s", path, strerror(errno));
	for (char *w = r->line; w < r->line + n && r->argc < WORDS_MAX; w += strlen(w) + 1)
		if (strcmp(w, "--take-over"))
			r->argv[r->argc++] = w;
	return 0;
}

/* The file that the running one came from: a newer one may lie there by now. */
static int find_program(struct restart *r, const char *given)
{
	static const char gone[] = " (deleted)";
	char link[64];
	if (given) {
		snprintf(r->program, sizeof r->program, "%s", given);
		return 0;
	}
	snprintf(link, sizeof link, "/proc/%d/exe", (int)r->pid);
	ssize_t n = readlink(link, r->program, sizeof r->program - 1);
	if (n <= 0)
		return leat_error("restart: cannot read %s: %s; name the program with --leatd", link,
				  strerror(errno));
	r->program[n] = 0;
	if ((size_t)n > strlen(gone) && !strcmp(r->program + n - strlen(gone), gone))
		r->program[(size_t)n - strlen(gone)] = 0;
	return 0;
}

/* Its words may name files relative to where it was started. */
static void go_where_it_was(const struct restart *r)
{
	char link[64];
	snprintf(link, sizeof link, "/proc/%d/cwd", (int)r->pid);
	if (chdir(link))
		return;
}

/* --- the service it belongs to --- */

/* Of the one hierarchy (cgroups(7), version 2). "" when there is none. */
static void cgroup_of(pid_t pid, char *ret, size_t len)
{
	char path[64], line[PATH_MAX];
	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
	FILE *f = fopen(path, "re");
	*ret = 0;
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::/", 4))
			snprintf(ret, len, "%s", line + 3);
	}
	if (f)
		fclose(f);
}

static int enter_cgroup(const char *cgroup)
{
	char path[PATH_MAX + 64];
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/cgroup.procs", cgroup);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;
	if (fd < 0 || write(fd, "0", 1) != 1)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* Where the one that runs was told of a service manager, as it was started. */
static bool manager_of(pid_t pid, char *ret, size_t len)
{
	static const char name[] = "NOTIFY_SOCKET=";
	char path[64], *line = NULL;
	size_t room = 0;
	bool found = false;
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && !found && getdelim(&line, &room, 0, f) > 0) {
		found = !strncmp(line, name, sizeof name - 1);
		if (found)
			snprintf(ret, len, "%s", line + sizeof name - 1);
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* systemd hears from processes of a service alone, and ends what is left of one whose main process has gone: so the new leatd has to be one of
 * them before it says that it is the main process now. */
static int join_service(const struct restart *r)
{
	char its[PATH_MAX], own[PATH_MAX], manager[PATH_MAX];
	cgroup_of(r->pid, its, sizeof its);
	cgroup_of(getpid(), own, sizeof own);
	bool managed = manager_of(r->pid, manager, sizeof manager);
	int err = *its && strcmp(its, own) ? enter_cgroup(its) : 0;
	if (managed)
		setenv("NOTIFY_SOCKET", manager,
		       1); /* it takes the old one's; this is for the restart after this */
	if (!managed || !err)
		return 0;
	return leat_error("restart: process %d belongs to the service manager, in %s, which this one cannot "
			  "enter (%s): do this as who may, or restart the service",
			  (int)r->pid, its, strerror(-err));
}

/* In the child: behind "ready" nobody reads its standard output any more. */
static _Noreturn void become_leatd(struct restart *r, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (join_service(r))
		_exit(1);
	setsid();
	go_where_it_was(r);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execv(r->program, r->argv);
	leat_error("restart: cannot execute %s: %s", r->program, strerror(errno));
	_exit(127);
}

/* ret_but: what it says before that, if anything. */
static bool says_ready(int fd, char *ret_but, size_t len)
{
	FILE *f = fdopen(fd, "r");
	char line[1024];
	bool ready = false;
	while (f && !ready && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		ready = !strcmp(line, "ready");
		if (!ready)
			snprintf(ret_but, len, "%s", line);
	}
	if (f)
		fclose(f);
	return ready;
}

/* Its parent is gone at once, so that it becomes init's, who may be the service manager. 0 or -errno. */
static int start_orphan(struct restart *r, int out)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (fork() == 0)
			become_leatd(r, out);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

static int start(struct restart *r)
{
	char but[1024] = "";
	int fd[2], err = pipe2(fd, O_CLOEXEC) ? -errno : 0;
	if (err)
		return leat_error("restart: %s", strerror(-err));
	err = start_orphan(r, fd[1]);
	close(fd[1]);
	if (err)
		return leat_error("restart: %s", strerror(-err));
	if (says_ready(fd[0], but, sizeof but))
		return *but ? leat_error("restart: restarted, but %s", but) : 0;
	return leat_error("restart: the new leatd did not take over: process %d goes on", (int)r->pid);
}

static const struct cli_option restart_options[] = {
	{ .id = 'l',
	  .name = "leatd",
	  .arg = "PROGRAM",
	  .help = "start this one, not the one that runs",
	  .values = "@file" },
	{ 0 },
};

static int run(struct leat_args *a)
{
	static struct restart r;
	const char *program = NULL;
	int opt;
	while ((opt = leat_option(a)) > 0)
		program = a->value;
	if (opt < 0)
		return leat_bad_usage(a);
	signal(SIGPIPE, SIG_IGN);
	if (find_daemon(a->name ? a->name : SOCKD_DEFAULT_NAME, &r.pid) || read_command_line(&r) ||
	    find_program(&r, program))
		return 1;
	static char take_over[] = "--take-over";
	for (int i = 0; i < a->argc && r.argc < WORDS_MAX; i++)
		r.argv[r.argc++] = a->argv[i];
	r.argv[r.argc++] = take_over;
	return start(&r);
}

const struct leat_command cmd_restart = {
	.name = "restart",
	.usage = "[--leatd PROGRAM] [-- OPTION...]",
	.what = "put a new leatd in the place of the one that runs",
	.text = "Starts leatd again with the words that the running one was started with, with OPTIONs of "
		"leatd(8) "
		"behind them. It takes over devices, state and clients; packets go on. When that fails the "
		"old one goes on. "
		"Its configuration file is read again, too; where one of its lines fails, the new one goes "
		"on "
		"and the status is 1.\n",
	.options = restart_options,
	.run = run,
};
