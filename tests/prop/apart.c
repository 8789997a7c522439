/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

enum { LIMIT_S = 30, ERRORS_MAX = 65536 };

double seconds_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void child(const struct plan *p, int out, int errors)
{
	static struct result r;
	const struct play_opts o = { 0 };
	dup2(errors, STDERR_FILENO);
	alarm(LIMIT_S);
	play_twice(p, &o, &r);
	if (write(out, &r, sizeof r) != (ssize_t)sizeof r)
		_exit(2);
	_exit(0);
}

bool play_twice(const struct plan *p, const struct play_opts *o, struct result *ret)
{
	static struct result again;
	if (!play(p, o, ret))
		return false;
	if (play(p, o, &again) && ret->digest == again.digest && ret->outcome == again.outcome)
		return true;
	snprintf(ret->why, sizeof ret->why, "digest: it differs when the plan is played again");
	return false;
}

/* The line on standard error that says most: of an assertion or a sanitizer. Addresses differ from run to run: left out. */
static void telling_line(int fd, char *to, size_t len)
{
	static char text[ERRORS_MAX];
	static const char *const marks[] = { "Assertion", "ERROR: AddressSanitizer",
					     "runtime error:", "ERROR: LeakSanitizer" };
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	*to = 0;
	text[MAX(n, 0)] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(marks) && !*to; i++) {
		const char *at = strstr(text, marks[i]);
		if (at)
			snprintf(to, len, "%.*s", (int)MIN(strcspn(at, "\n"), (size_t)120), at);
	}
	char *address = strstr(to, " on address");
	address = address ? address : strstr(to, " on unknown");
	if (address)
		*address = 0;
}

static void tell_end(int status, int errors, char why[WHY_MAX])
{
	char line[200];
	telling_line(errors, line, sizeof line);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(why, WHY_MAX, "hang: it took more than %d seconds", LIMIT_S);
	else if (WIFSIGNALED(status))
		snprintf(why, WHY_MAX, "crash (%s): signal %d", line, WTERMSIG(status));
	else
		snprintf(why, WHY_MAX, "crash (%s): exit status %d", line, WEXITSTATUS(status));
}

bool play_apart(const struct plan *p, struct result *ret)
{
	int out[2], status = 0, errors = memfd_create("stderr", MFD_CLOEXEC);
	*ret = (struct result){ 0 };
	if (errors < 0 || pipe(out))
		abort();
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (!pid)
		child(p, out[1], errors);
	close(out[1]);
	bool whole = read(out[0], ret, sizeof *ret) == (ssize_t)sizeof *ret;
	waitpid(pid, &status, 0);
	if (!whole || status)
		tell_end(status, errors, ret->why);
	close(out[0]);
	close(errors);
	return !ret->why[0];
}
