/* SPDX-License-Identifier: BSD-2-Clause */
/* Code in %{ }%.
 *
 * Theory of operation. All blocks of a script are one Python program, in their order, with variables that live from one to the
 * next; it runs when the script has come to its end, as with the original tool. It goes to python3 over a file in memory; what it
 * prints is printed. A block that raises ends it: the harness below says the line of the script and the exception in
 * a line, which comes back over a pipe. A program that does not end is ended.
 *
 * TCP_INFO's members (tcpi_snd_cwnd, ...) are variables, as they were at the time of the block, of the socket that was made last.
 * A block that names what TCP does not measure yet is not run. */
#include "drill/run_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sock/sock.h"

enum { CODE_TIMEOUT_MS = 10000, WHY_MAX = 1024 };

/* As they were at an event. */
struct code_info {
	struct code_info *next;
	const struct event *e;
	struct tcp_info info;
};

#define FIELD(name)                                                    \
	{                                                              \
		"tcpi_" #name, offsetof(struct tcp_info, tcpi_##name), \
			sizeof(((struct tcp_info *)0)->tcpi_##name)    \
	}
static const struct {
	const char *name;
	size_t at, size;
} fields[] = {
	FIELD(state),
	FIELD(ca_state),
	FIELD(retransmits),
	FIELD(probes),
	FIELD(backoff),
	FIELD(options),
	FIELD(rto),
	FIELD(ato),
	FIELD(snd_mss),
	FIELD(rcv_mss),
	FIELD(unacked),
	FIELD(sacked),
	FIELD(lost),
	FIELD(retrans),
	FIELD(fackets),
	FIELD(last_data_sent),
	FIELD(last_ack_sent),
	FIELD(last_data_recv),
	FIELD(last_ack_recv),
	FIELD(pmtu),
	FIELD(rcv_ssthresh),
	FIELD(rtt),
	FIELD(rttvar),
	FIELD(snd_ssthresh),
	FIELD(snd_cwnd),
	FIELD(advmss),
	FIELD(reordering),
	FIELD(rcv_rtt),
	FIELD(rcv_space),
	FIELD(total_retrans),
	FIELD(notsent_bytes),
	FIELD(min_rtt),
	FIELD(busy_time),
	FIELD(rwnd_limited),
	FIELD(sndbuf_limited),
	FIELD(delivered),
};
/* States of congestion control (Linux: enum tcp_ca_state) and of connections, and bits, by name. */
static const char constants[] =
	"'TCP_CA_Open': 0, 'TCP_CA_Disorder': 1, 'TCP_CA_CWR': 2, 'TCP_CA_Recovery': 3, 'TCP_CA_Loss': 4, "
	"'TCP_INFINITE_SSTHRESH': 0x7fffffff, 'TCPI_OPT_TIMESTAMPS': 1, 'TCPI_OPT_SACK': 2, "
	"'TCPI_OPT_WSCALE': 4, 'TCPI_OPT_ECN': 8, 'TCPI_OPT_ECN_SEEN': 16, 'TCPI_OPT_SYN_DATA': 32, "
	"'TCP_ESTABLISHED': 1, 'TCP_SYN_SENT': 2, 'TCP_SYN_RECV': 3, 'TCP_FIN_WAIT1': 4, "
	"'TCP_FIN_WAIT2': 5, 'TCP_TIME_WAIT': 6, 'TCP_CLOSE': 7, 'TCP_CLOSE_WAIT': 8, "
	"'TCP_LAST_ACK': 9, 'TCP_LISTEN': 10, 'TCP_CLOSING': 11";

extern char **environ;

static const char harness[] =
	"import sys, textwrap, traceback\n"
	"variables = {'__name__': '__main__'}\n"
	"def block(name, line, text):\n"
	"    text = text.rstrip() + '\\n\\n'\n"
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

static bool is_field(const char *text, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		if (strlen(fields[i].name) == len && strncmp(fields[i].name, text, len) == 0)
			return true;
	return false;
}

const char *code_missing(const char *text)
{
	static const char *const names[] = {
		"tcp_rtt", "tcp_minrtt", "tcpv_", "bbr_", "dctcp_", "SK_MEMINFO"
	};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	while (*(text += strcspn(text, letters))) {
		bool missing = begins(text, "tcpi_") && !is_field(text, strspn(text, letters));
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
			missing |= begins(text, names[i]);
		if (missing)
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

void code_note(struct run *r, const struct event *e)
{
	struct code_info *c = calloc(1, sizeof *c);
	socklen_t len = sizeof c->info;
	struct sock *s = r->fd[r->newest].sock;
	if (!c || !s || sock_getsockopt(s, IPPROTO_TCP, TCP_INFO, &c->info, &len)) {
		free(c);
		return;
	}
	c->e = e;
	c->next = r->infos;
	r->infos = c;
}

void code_forget(struct run *r)
{
	for (struct code_info *c; (c = r->infos);) {
		r->infos = c->next;
		free(c);
	}
}

static void write_info(FILE *f, const struct code_info *c, const struct event *e)
{
	while (c && c->e != e)
		c = c->next;
	if (!c)
		return;
	fprintf(f, "variables.update({%s", constants);
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t v = 0;
		memcpy(&v, (const char *)&c->info + fields[i].at, fields[i].size); /* little end first */
		fprintf(f, ", '%s': %llu", fields[i].name, (unsigned long long)v);
	}
	fputs("})\n", f);
}

/* The program as a file in memory; -errno. */
static int write_program(const struct run *r, const struct script *s)
{
	int fd = memfd_create("code", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	if (!f)
		return fd < 0 ? -errno : -EMFILE;
	fputs(harness, f);
	for (const struct event *e = s->events; e; e = e->next) {
		if (e->kind != EVENT_CODE)
			continue;
		write_info(f, r->infos, e);
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
	int program = write_program(r, r->s);
	if (program < 0)
		return run_fail(r, first->line, "code: %s", strerror(-program));
	bool ok = run_program(r, first, program);
	close(program);
	return ok;
}
