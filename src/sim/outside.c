/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: programs outside the simulation, unmodified ones in the network of one of its stacks: `leat run` is started with
 * this process in the place of the daemon. For as long as the program lives the stack's sockets are served on a Unix socket
 * in a directory of our own, and the virtual clock stands still.
 *
 * When a program speaks is not ours to decide, so nothing it causes may depend on that: only the control lcore takes turns while
 * it runs; the workers, and with them all packets, follow when it has ended, with one order of events for any timing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim_internal.h"
#include "sockd/path.h"
#include "sockd/sockd.h"

enum { PATH_LEN = 160 };

extern char **environ;

/* --- descriptors: the control lcore's alone --- */

void outside_unwatch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	struct sim *s = sim_of(rt);
	for (unsigned i = 0; i < s->n_watches; i++)
		if (s->watch[i] == w)
			s->watch[i] = s->watch[--s->n_watches];
}

int outside_watch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	struct sim *s = sim_of(rt);
	outside_unwatch(rt, lc, w);
	if (s->n_watches == SIM_WATCHES_MAX)
		return -ENOSPC;
	s->watch[s->n_watches++] = w;
	return 0;
}

static bool still_watched(const struct sim *s, const struct fd_watch *w)
{
	for (unsigned i = 0; i < s->n_watches; i++)
		if (s->watch[i] == w)
			return true;
	return false;
}

/* What it owes the workers may not fit its mailboxes while they stand still: that is no reason to turn on. */
static void turn_control(struct lcore *ctl)
{
	uint64_t busy;
	do {
		busy = ctl->busy_turns;
		lcore_turn(ctl);
	} while (ctl->busy_turns != busy);
}

/* Waits for a watched descriptor or for `also`, and serves what is ready: a handler may end other watches. True: `also` is. */
static bool serve_ready(struct sim *s, int also, int timeout_ms)
{
	struct pollfd p[SIM_WATCHES_MAX + 1];
	struct fd_watch *w[SIM_WATCHES_MAX];
	unsigned n = s->n_watches;
	for (unsigned i = 0; i < n; i++) {
		w[i] = s->watch[i];
		p[i] = (struct pollfd){ .fd = w[i]->fd, .events = (short)w[i]->events };
	}
	p[n] = (struct pollfd){ .fd = also, .events = POLLIN };
	if (poll(p, n + 1, timeout_ms) <= 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (p[i].revents && still_watched(s, w[i]))
			w[i]->ready(w[i], s->rt->ctl, (uint32_t)p[i].revents);
	turn_control(s->rt->ctl);
	return p[n].revents;
}

/* --- one program --- */

static int serve_until_end(struct sim *s, pid_t pid)
{
	int fd = pidfd_open(pid, 0), status;
	if (fd < 0)
		return -errno;
	while (!serve_ready(s, fd, -1))
		;
	close(fd);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char **make_environ(char *rundir)
{
	unsigned n = 0;
	while (environ[n])
		n++;
	char **env = calloc(n + 2, sizeof *env);
	if (!env)
		return NULL;
	env[0] = rundir;
	for (unsigned i = 0, to = 1; i < n; i++)
		if (strncmp(environ[i], "LEAT_RUNDIR=", strlen("LEAT_RUNDIR=")) != 0)
			env[to++] = environ[i];
	return env;
}

/* What it says on standard error goes to the file "said" of our directory. */
static int spawn_quiet(pid_t *pid, const char *exe, char *const argv[], char *const env[], const char *dir)
{
	posix_spawn_file_actions_t act;
	char said[PATH_LEN];
	snprintf(said, sizeof said, "%s/said", dir);
	int err = posix_spawn_file_actions_init(&act);
	if (err)
		return err;
	err = posix_spawn_file_actions_addopen(&act, STDERR_FILENO, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (!err)
		err = posix_spawnp(pid, exe, &act, NULL, argv, env);
	posix_spawn_file_actions_destroy(&act);
	return err;
}

/* `leat -n NODE run -- argv`. Its exit status, or -errno. */
static int spawn(struct sim_node *n, char *const argv[])
{
	char leat[] = "leat", opt[] = "-n", run[] = "run", dashes[] = "--", rundir[PATH_LEN];
	char *all[16] = { leat, opt, n->name, run, dashes };
	const char *exe = n->sim->opts.leat ? n->sim->opts.leat : leat;
	pid_t pid;
	for (unsigned i = 0; argv[i]; i++)
		all[5 + i] = argv[i];
	snprintf(rundir, sizeof rundir, "LEAT_RUNDIR=%s", n->sim->dir);
	char **env = make_environ(rundir);
	if (!env)
		return -ENOMEM;
	fflush(NULL);
	int err = spawn_quiet(&pid, exe, all, env, n->sim->dir);
	free(env);
	return err ? -err : serve_until_end(n->sim, pid);
}

static int run_outside(struct sim_node *n, char *const argv[])
{
	struct sim *s = n->sim;
	struct sockd *d;
	char path[SOCKD_PATH_MAX];
	int fd;
	snprintf(path, sizeof path, "%s/%s.sock", s->dir, n->name);
	int err = sockd_listen(path, &fd);
	if (err)
		return err;
	sim_settle(s); /* what is due is the simulation's own, and by its random numbers */
	s->outside = true;
	s->outside_random = s->opts.seed + ++s->n_outside;
	err = sockd_new(n->st, fd, &d);
	if (err) {
		close(fd);
	} else {
		err = spawn(n, argv);
		sockd_free(d);
	}
	unlink(path);
	s->outside = false;
	sim_settle(s);
	return err;
}

/* --- ip --- */

static int write_batch(struct sim *s, const char *lines, char to[static PATH_LEN])
{
	snprintf(to, PATH_LEN, "%s/batch", s->dir);
	FILE *f = fopen(to, "we");
	if (!f)
		return -errno;
	bool ok = fputs(lines, f) >= 0;
	return fclose(f) == 0 && ok ? 0 : -EIO;
}

/* ip says what is wrong, and then "Command failed FILE:LINE". */
static void read_refusal(const struct sim *s, struct sim_refusal *ret)
{
	char path[PATH_LEN], line[sizeof ret->why];
	snprintf(path, sizeof path, "%s/said", s->dir);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		const char *colon = strrchr(line, ':');
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "Command failed ", 15) && colon)
			ret->line = (unsigned)strtoul(colon + 1, NULL, 10);
		else if (!*ret->why)
			snprintf(ret->why, sizeof ret->why, "%s", line);
	}
	if (f)
		fclose(f);
}

static void forget_outside(const struct sim *s)
{
	static const char *const files[] = { "batch", "said" };
	char path[PATH_LEN];
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof path, "%s/%s", s->dir, files[i]);
		unlink(path);
	}
}

int sim_ip_why(struct sim_node *n, const char *family, const char *lines, struct sim_refusal *ret)
{
	char path[PATH_LEN], ip[] = "ip", batch[] = "-batch", option[4];
	char *const plain[] = { ip, batch, path, NULL }, *const of_family[] = { ip, option, batch, path,
										NULL };
	char *const *argv = *family ? of_family : plain;
	snprintf(option, sizeof option, "%s", family);
	int err = n->st ? sim_make_dir(n->sim) : -ENETDOWN;
	*ret = (struct sim_refusal){ 0 };
	if (!err)
		err = write_batch(n->sim, lines, path);
	if (!err)
		err = run_outside(n, argv);
	if (err > 0)
		read_refusal(n->sim, ret);
	if (n->sim->dir[0])
		forget_outside(n->sim);
	if (!*ret->why)
		snprintf(ret->why, sizeof ret->why, "%s", err > 0 ? "ip failed" : strerror(-err));
	return err > 0 ? -EINVAL : err;
}

int sim_ip(struct sim_node *n, const char *lines)
{
	struct sim_refusal r;
	int err = sim_ip_why(n, "", lines, &r);
	if (err)
		fprintf(stderr, "%s: line %u for ip: %s\n", n->name, r.line, r.why);
	return err;
}
