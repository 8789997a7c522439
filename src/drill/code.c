/* SPDX-License-Identifier: BSD-2-Clause */
/* Code in %{ }%.
 *
 * Theory of operation. All blocks of a script are one Python program, in their order, with variables that live from one to the
 * next; it runs when the script has come to its end, as with the original tool. It goes to python3 over a file in memory; what it
 * prints is printed. A block that raises ends it: the harness below says the line of the script and the exception in
 * a line, which comes back over a pipe. A program that does not end is ended.
 *
 * The original fills in TCP_INFO's members (tcpi_snd_cwnd, ...) as they were at the time of the block. A block that names one is
 * not run. */
#include "drill/run_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CODE_TIMEOUT_MS = 10000, WHY_MAX = 1024 };

extern char **environ;

static const char harness[] =
	"import sys, textwrap, traceback\n"
	"variables = {'__name__': '__main__'}\n"
	"def block(name, line, text):\n"
	"    text = text.rstrip()\n"
	"    if not text.split('\\n', 1)[0].strip():\n"
	"        text = textwrap.dedent(text)\n"
	"    else:\n"
	"        text = text.lstrip()\n"
	"    try:\n"
	"        exec(compile('\\n' * (line - 1) + text, name, 'exec'), variables)\n"
	"    except SystemExit:\n"
	"        raise\n"
	"    except BaseException as e:\n"
	"        at = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename == name]\n"
	"        at = e.lineno if isinstance(e, SyntaxError) and e.filename == name else at[-1] if at else "
	"line\n"
	"        said = ' '.join(traceback.format_exception_only(type(e), e)[-1].split())\n"
	"        sys.stdout.flush()\n"
	"        sys.stderr.write('%d %s' % (at or line, said))\n"
	"        sys.exit(1)\n";

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

const char *code_missing(const char *text)
{
	static const char *const names[] = { "tcpi_",  "tcp_rtt", "tcp_minrtt", "tcpv_",     "bbr_",
					     "dctcp_", "TCPI_",   "TCP_",       "SK_MEMINFO" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	while (*(text += strcspn(text, letters))) {
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
			if (begins(text, names[i]))
				return "code about tcp_info";
		text += strspn(text, letters);
	}
	return NULL;
}

/* Bytes in hexadecimal: nothing in them can end the string that they are in. */
static void put_hex(FILE *f, const char *s)
{
	for (; *s; s++)
		fprintf(f, "%02x", (unsigned char)*s);
}

/* The program as a file in memory; -errno. */
static int write_program(const struct script *s)
{
	int fd = memfd_create("code", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	if (!f)
		return fd < 0 ? -errno : -EMFILE;
	fputs(harness, f);
	for (const struct event *e = s->events; e; e = e->next) {
		if (e->kind != EVENT_CODE)
			continue;
		fputs("block(bytes.fromhex('", f);
		put_hex(f, s->name);
		fprintf(f, "').decode('utf8', 'replace'), %u, bytes.fromhex('", e->line);
		put_hex(f, e->text);
		fputs("').decode('utf8', 'replace'))\n", f);
	}
	fclose(f);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int spawn(int program, int errors, pid_t *ret)
{
	char *const argv[] = { (char *)"python3", (char *)"-I", (char *)"-", NULL };
	posix_spawn_file_actions_t a;
	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_adddup2(&a, program, 0);
	posix_spawn_file_actions_adddup2(&a, errors, 2);
	int err = posix_spawnp(ret, "python3", &a, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&a);
	return -err;
}

/* What it says until it ends, at most that long after it said something. False: it did not end. */
static bool listen_to(int fd, char *to, size_t size)
{
	size_t n = 0;
	char rest[256];
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		bool full = n + 1 >= size;
		if (poll(&p, 1, CODE_TIMEOUT_MS) <= 0)
			return false;
		ssize_t got = read(fd, full ? rest : to + n, full ? sizeof rest : size - 1 - n);
		if (got <= 0)
			return true;
		if (!full)
			n += (size_t)got;
		to[n] = 0;
	}
}

/* "12 AssertionError: no": at its line. */
static bool complain(struct run *r, const struct event *first, const char *said)
{
	unsigned line = first->line;
	int at = 0;
	if (sscanf(said, "%u %n", &line, &at) != 1)
		line = first->line;
	return run_fail(r, line, "code: %s", said[at] ? said + at : "it ended with an error");
}

static bool run_program(struct run *r, const struct event *first, int program)
{
	char said[WHY_MAX] = "";
	int ends[2], status = 0;
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC))
		return run_fail(r, first->line, "code: %s", strerror(errno));
	fflush(stdout); /* what it prints comes after what was printed before */
	int err = spawn(program, ends[1], &pid);
	close(ends[1]);
	bool ended = err || listen_to(ends[0], said, sizeof said);
	close(ends[0]);
	if (err)
		return run_fail(r, first->line, "code needs python3, and it cannot be started: %s",
				strerror(-err));
	if (!ended)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!ended)
		return run_fail(r, first->line, "code: it does not end");
	return status ? complain(r, first, said) : true;
}

bool code_run(struct run *r)
{
	const struct event *first = r->s->events;
	while (first && first->kind != EVENT_CODE)
		first = first->next;
	if (!first)
		return true;
	int program = write_program(r->s);
	if (program < 0)
		return run_fail(r, first->line, "code: %s", strerror(-program));
	bool ok = run_program(r, first, program);
	close(program);
	return ok;
}
