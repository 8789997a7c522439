/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat reload FILE`: what leatd's configuration file says and the running daemon has not.
 *
 * Theory of operation: the lines that were applied last are kept in a copy of the file beside the daemon's socket. What is no longer
 * in the file is taken back first: devices are closed, `ip ... add` becomes `ip ... del`. Then devices that are missing are opened,
 * settings set, and all `ip` lines run, with `replace` for `add` where ip(8) has it; that something exists already is what was
 * wanted. All of that are requests that any client may make who has the right to; packets flow meanwhile. What cannot be changed
 * in a running daemon (its workers, its memory, options of an open device) is said, and is for `leat restart`.
 *
 * leatd itself starts this program for its file before it says that it is ready (--first): then nothing is to exist already. One
 * that has taken over does, too (--again): then nothing waits for a restart. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leat/client.h"
#include "leat/leat.h"
#include "leatd/options.h"
#include "sockd/path.h"

struct reload {
	const char *name, *file;
	bool first, again; /* leatd itself asks, at its start or when it has taken over */
	struct at_start {
		unsigned workers, budget_mib, poll, pin, verbose;
	} started; /* what the file said of them when the process that runs was started */
	char kept[SOCKD_PATH_MAX + 16]; /* the copy */
	struct options *now, *before; /* before: what is in the copy; empty at first */
	struct client *c;
	bool failed;
};

static int __attribute__((format(printf, 2, 3))) complain(struct reload *r, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	r->failed = true;
	return 1;
}

/* --- files --- */

static int parse(struct options *o, const char *file, FILE *err)
{
	char leatd[] = "leatd", option[] = "-c", path[OPT_WORD_MAX];
	char *argv[] = { leatd, option, path, NULL };
	if ((size_t)snprintf(path, sizeof path, "%s", file) >= sizeof path)
		return -ENAMETOOLONG;
	return options_parse(o, 3, argv, err);
}

/* "PATH.sock" becomes "PATH.conf". */
static int find_kept(struct reload *r)
{
	char path[SOCKD_PATH_MAX] = "";
	int fd, err = sockd_connect(r->name, path, sizeof path, &fd);
	if (err)
		return leat_error(
			"no daemon named %s (looked at %s): start it with `leatd --name %s --config %s`",
			r->name, path, r->name, r->file ? r->file : "FILE");
	close(fd);
	char *dot = strrchr(path, '.');
	if (dot)
		*dot = 0;
	snprintf(r->kept, sizeof r->kept, "%s.conf", path);
	return 0;
}

#define STARTED_LINE "# started with workers %u budget %u poll %u pin %u verbose %u\n"

static struct at_start starts_with(const struct options *o)
{
	return (struct at_start){ o->workers, o->budget_mib, o->poll, o->pin, o->verbose };
}

/* The copy's second line. */
static void find_started(struct reload *r)
{
	char line[OPT_WORD_MAX + 8];
	struct at_start s = { 0 };
	FILE *f = fopen(r->kept, "re");
	bool ok = f && fgets(line, sizeof line, f) && fgets(line, sizeof line, f) &&
		  sscanf(line, STARTED_LINE, &s.workers, &s.budget_mib, &s.poll, &s.pin, &s.verbose) == 5;
	if (f)
		fclose(f);
	r->started = ok && !r->again && r->before->config[0] ? s : starts_with(r->now);
}

/* Its first line names the file it is a copy of. */
static const char *file_of_last_time(const struct reload *r)
{
	static char line[OPT_WORD_MAX + 8];
	FILE *f = fopen(r->kept, "re");
	bool ok = f && fgets(line, sizeof line, f) && !strncmp(line, "# ", 2);
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
	return ok ? line + 2 : NULL;
}

/* Where we may not, the next time finds nothing to take back, and says so. */
static void keep_copy(const struct reload *r)
{
	char piece[4096], full[4096], *path = realpath(r->file, full);
	FILE *from = fopen(r->file, "re"), *to = from ? fopen(r->kept, "we") : NULL;
	if (to)
		fprintf(to, "# %s\n" STARTED_LINE, path ? path : r->file, r->started.workers,
			r->started.budget_mib, r->started.poll, r->started.pin, r->started.verbose);
	for (size_t n; to && (n = fread(piece, 1, sizeof piece, from)) > 0;)
		fwrite(piece, 1, n, to);
	if (!to)
		fprintf(stderr,
			"leat: reload: cannot keep a copy at %s (%s): the next reload takes nothing back\n",
			r->kept, strerror(errno));
	if (from)
		fclose(from);
	if (to)
		fclose(to);
}

/* --- devices and settings --- */

/* Splits "DRIVER:IFNAME,OPTIONS". */
struct device {
	char words[OPT_WORD_MAX], *kind, *ifname, *options;
};

static struct device device_of(const char *words)
{
	struct device d;
	snprintf(d.words, sizeof d.words, "%s", words);
	return d;
}

static void device_split(struct device *d)
{
	d->kind = d->words;
	d->ifname = strchr(d->words, ':');
	*d->ifname++ = 0;
	d->options = strchr(d->ifname, ',');
	if (d->options)
		*d->options++ = 0;
}

static const char *device_named(const struct options *o, const char *words)
{
	struct device d = device_of(words);
	device_split(&d);
	for (unsigned i = 0; i < o->n_devs; i++) {
		struct device other = device_of(o->dev[i]);
		device_split(&other);
		if (!strcmp(other.kind, d.kind) && !strcmp(other.ifname, d.ifname))
			return o->dev[i];
	}
	return NULL;
}

static bool is_there(struct reload *r, const char *ifname)
{
	client_begin(r->c, LEAT_CMD_DEV_GET, false);
	leat_nl_put_str(r->c->nl, LEAT_A_IFNAME, ifname);
	return client_run(r->c, NULL, NULL) == 0;
}

static void close_device(struct reload *r, const char *words)
{
	struct device d = device_of(words);
	device_split(&d);
	client_begin(r->c, LEAT_CMD_DEV_DEL, false);
	leat_nl_put_str(r->c->nl, LEAT_A_IFNAME, d.ifname);
	int err = client_run(r->c, NULL, NULL);
	if (err && err != -ENODEV)
		complain(r, "%s: dev %s:%s is not in the file any more, and cannot be closed: %s", r->file,
			 d.kind, d.ifname, strerror(-err));
}

static void open_device(struct reload *r, const char *words)
{
	struct device d = device_of(words);
	const char *before = device_named(r->before, words);
	device_split(&d);
	if (is_there(r, d.ifname)) {
		if (before && strcmp(before, words))
			complain(r,
				 "%s: dev %s:%s stays as it was opened (%s): `leat restart` does not change "
				 "it either; close it "
				 "first, by a reload without that line",
				 r->file, d.kind, d.ifname, before);
		return;
	}
	client_begin(r->c, LEAT_CMD_DEV_ADD, false);
	leat_nl_put_str(r->c->nl, LEAT_A_KIND, d.kind);
	leat_nl_put_str(r->c->nl, LEAT_A_IFNAME, d.ifname);
	if (d.options)
		leat_nl_put_str(r->c->nl, LEAT_A_OPTIONS, d.options);
	int err = client_run(r->c, NULL, NULL);
	if (err)
		complain(r, "%s: dev %s: %s", r->file, words,
			 *client_why(r->c) ? client_why(r->c) : strerror(-err));
}

static void set_setting(struct reload *r, const char *words)
{
	char name[OPT_WORD_MAX], *value;
	snprintf(name, sizeof name, "%s", words);
	value = strchr(name, '=');
	*value++ = 0;
	name[strcspn(name, " \t")] = 0;
	value += strspn(value, " \t");
	client_begin(r->c, LEAT_CMD_KNOB_SET, false);
	leat_nl_put_str(r->c->nl, LEAT_A_KNOB, name);
	leat_nl_put_str(r->c->nl, LEAT_A_VALUE, value);
	int err = client_run(r->c, NULL, NULL);
	if (err)
		complain(r, "%s: sysctl %s: %s", r->file, words,
			 *client_why(r->c) ? client_why(r->c) : strerror(-err));
}

static void apply_devices(struct reload *r)
{
	for (unsigned i = 0; i < r->before->n_devs; i++)
		if (!device_named(r->now, r->before->dev[i]))
			close_device(r, r->before->dev[i]);
	for (unsigned i = 0; i < r->now->n_devs; i++)
		open_device(r, r->now->dev[i]);
	for (unsigned i = 0; i < r->now->n_settings; i++)
		set_setting(r, r->now->setting[i].words);
}

struct stay {
	const char *name;
	bool differs;
};

static void say_stay(const struct reload *r, const struct stay *row, unsigned n, const char *until)
{
	char names[128] = "";
	unsigned many = 0;
	for (unsigned i = 0; i < n; i++)
		if (row[i].differs) {
			size_t at = strlen(names);
			snprintf(names + at, sizeof names - at, "%s%s", many++ ? ", " : "", row[i].name);
		}
	if (many)
		fprintf(stderr, "%s: %s %s until %s\n", r->file, names,
			many > 1 ? "stay as they are" : "stays as it is", until);
}

/* What only a new process can have. */
static void say_what_stays(const struct reload *r)
{
	const struct options *a = r->before, *b = r->now;
	const struct at_start *s = &r->started, n = starts_with(b);
	const struct stay restart[] = { { "workers", s->workers != n.workers },
					{ "budget", s->budget_mib != n.budget_mib },
					{ "poll", s->poll != n.poll },
					{ "pin", s->pin != n.pin },
					{ "verbose", s->verbose != n.verbose } };
	const struct stay anew[] = { { "name", strcmp(a->name, b->name) != 0 },
				     { "user", a->user != b->user },
				     { "run-as", strcmp(a->run_as, b->run_as) != 0 } };
	char command[128];
	snprintf(command, sizeof command, "`leat -n %s restart`", r->name);
	if (!a->config[0])
		return;
	say_stay(r, restart, ARRAY_SIZE(restart), command);
	say_stay(r, anew, ARRAY_SIZE(anew), "leatd is stopped and started");
}

/* --- ip --- */

/* What ip(8) is to execute. */
struct todo {
	struct todo_line {
		char words[OPT_IP_WORDS];
		const char *written; /* in the file */
		unsigned line; /* of the file; 0: it takes back what an earlier file said */
	} * lines;
	unsigned n;
};

/* Behind the options, which ip(8) takes on its command line and not in a batch. */
static const char *object_of(const char *words)
{
	while (*words == '-') {
		words += strcspn(words, " \t");
		words += strspn(words, " \t");
	}
	return words;
}

/* Where its command starts, or NULL. */
static const char *command_of(const char *words)
{
	const char *p = object_of(words);
	p += strcspn(p, " \t");
	p += strspn(p, " \t");
	return *p ? p : NULL;
}

/* As ip(8) takes them: any beginning of a word. */
static bool is_word(const char *at, const char *word)
{
	size_t len = strcspn(at, " \t");
	return len && !strncmp(word, at, len);
}

static bool is_one_of(const char *at, const char *const *words)
{
	for (; at && *words; words++)
		if (is_word(at, *words))
			return true;
	return false;
}

static void put_line(struct todo *t, unsigned line, const char *words)
{
	struct todo_line *l = &t->lines[t->n++];
	l->line = line;
	l->written = words;
	snprintf(l->words, sizeof l->words, "%s", words);
}

static void put_changed(struct todo *t, unsigned line, const char *words, const char *with)
{
	const char *command = command_of(words);
	struct todo_line *l = &t->lines[t->n++];
	l->line = line;
	l->written = words;
	snprintf(l->words, sizeof l->words, "%.*s%s%s", (int)(command - words), words, with,
		 command + strcspn(command, " \t"));
}

static void put_forward(const struct reload *r, struct todo *t)
{
	static const char *const add[] = { "add", NULL };
	static const char *const know_replace[] = { "route", "address", "neighbour", "nexthop", NULL };
	for (unsigned i = 0; i < r->now->n_ip; i++) {
		const struct opt_ip *ip = &r->now->ip[i];
		if (!r->first && is_one_of(command_of(ip->words), add) &&
		    is_one_of(object_of(ip->words), know_replace))
			put_changed(t, ip->line, ip->words, "replace");
		else
			put_line(t, ip->line, ip->words);
	}
}

static bool has_line(const struct options *o, const char *words)
{
	for (unsigned i = 0; i < o->n_ip; i++)
		if (!strcmp(o->ip[i].words, words))
			return true;
	return false;
}

/* Newest first. What was set, not added, has nothing that would be its opposite. */
static void put_back(const struct reload *r, struct todo *t)
{
	static const char *const adding[] = { "add", "append", "prepend", "replace", NULL };
	for (unsigned i = r->before->n_ip; i--;) {
		const char *words = r->before->ip[i].words;
		if (has_line(r->now, words))
			continue;
		if (is_one_of(command_of(words), adding))
			put_changed(t, 0, words, "del");
		else
			fprintf(stderr,
				"%s: what `ip %s` did stays: the line is gone, and nothing says what was "
				"before\n",
				r->file, words);
	}
}

/* `leat run -- ip OPTIONS -force -batch FILE`, in the child. */
static _Noreturn void become_ip(const struct reload *r, const char *options, const char *path, int out)
{
	enum { OPTIONS_MAX = 16 };
	char words[OPT_IP_WORDS], name[64], file[64], *rest = words;
	char leat[] = "leat", n[] = "-n", run[] = "run", dashes[] = "--", ip[] = "ip", force[] = "-force",
	     batch[] = "-batch";
	char *argv[OPTIONS_MAX + 10] = { leat, n, name, run, dashes, ip };
	unsigned argc = 6;
	snprintf(words, sizeof words, "%.*s", (int)(object_of(options) - options), options);
	snprintf(name, sizeof name, "%s", r->name);
	snprintf(file, sizeof file, "%s", path);
	for (char *w; argc < OPTIONS_MAX && (w = strtok_r(rest, " \t", &rest));)
		argv[argc++] = w;
	argv[argc++] = force;
	argv[argc++] = batch;
	argv[argc++] = file;
	/* What a line shows is not asked for, and comes late: only what it complains of. */
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* On a reload, that something is there, or gone, is as wanted. */
static void tell(struct reload *r, const struct todo_line *l, const char *said)
{
	if (!l->line || (!r->first && strstr(said, "File exists")))
		return;
	complain(r, "%s:%u: ip %s: %s", r->file, l->line, l->written, *said ? said : "it failed");
}

/* Some mistakes ip(8) reports as "Command failed FILE:N" and goes on, behind others it just ends, with no word of where. So every
 * line is followed by one that cannot succeed: when that is reported, what stands before it has been executed. */
#define MARK "leat-done"

/* ret_said: what it said behind the last report. How many lines were executed. */
static unsigned listen_to_ip(struct reload *r, FILE *says, const struct todo_line *lines, unsigned n,
			     char *ret_said, size_t len)
{
	static const char failed[] = "Command failed ", unknown[] = "Object \"" MARK "\"",
			  warned[] = "leat run: ";
	char line[1024];
	unsigned done = 0;
	bool mark = false;
	ret_said[0] = 0;
	while (fgets(line, sizeof line, says)) {
		char *colon = strrchr(line, ':');
		unsigned at = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, failed, sizeof failed - 1) && at >= 1 && at <= 2 * n) {
			done = (at + 1) / 2;
			if (!mark)
				tell(r, &lines[done - 1], ret_said);
			ret_said[0] = 0;
			mark = false;
		} else if (!strncmp(line, unknown, sizeof unknown - 1)) {
			mark = true;
		} else if (!ret_said[0] || !strncmp(ret_said, warned, sizeof warned - 1)) {
			snprintf(ret_said, len, "%s", line);
		}
	}
	return done;
}

static int write_batch(char *path, const struct todo_line *lines, unsigned n)
{
	int file = mkostemp(path, O_CLOEXEC);
	FILE *batch = file < 0 ? NULL : fdopen(file, "w");
	if (!batch)
		return -errno;
	for (unsigned i = 0; i < n; i++)
		fprintf(batch, "%s\n" MARK "\n", object_of(lines[i].words));
	return fclose(batch) ? -errno : 0;
}

/* Behind ip's end, which may have come before the last line's. How many lines that settles, or -ENOEXEC: ip did not run. */
static int settle(struct reload *r, const struct todo_line *lines, unsigned n, unsigned done, int status,
		  char *said)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	if (done >= n)
		return (int)n;
	if (!done && code >= 125 && code <= 127)
		return complain(r,
				"%s: its lines of ip cannot be executed: %s; is iproute2 installed, and may "
				"`leat -n %s run -- ip link` run?",
				r->file, *said ? said : "ip did not start", r->name),
		       -ENOEXEC;
	tell(r, &lines[done], said);
	return (int)done + 1;
}

/* Lines that have the same options. How many were executed, at least one, or -errno. */
static int run_batch(struct reload *r, const struct todo_line *lines, unsigned n)
{
	char path[] = "/tmp/leat-reload-XXXXXX", said[1024] = "";
	int fd[2], status = 0, done = 0, err = write_batch(path, lines, n);
	if (!err && pipe2(fd, O_CLOEXEC))
		err = -errno;
	if (err)
		return err;
	pid_t pid = fork();
	if (pid == 0)
		become_ip(r, lines->words, path, fd[1]);
	close(fd[1]);
	FILE *says = pid < 0 ? NULL : fdopen(fd[0], "r");
	if (says) {
		done = (int)listen_to_ip(r, says, lines, n, said, sizeof said);
		fclose(says);
		waitpid(pid, &status, 0);
	}
	unlink(path);
	return says ? settle(r, lines, n, (unsigned)done, status, said) : -EAGAIN;
}

static bool same_options(const char *a, const char *b)
{
	size_t len = (size_t)(object_of(a) - a);
	return len == (size_t)(object_of(b) - b) && !strncmp(a, b, len);
}

static void apply_ip(struct reload *r)
{
	struct todo t = { .lines = calloc(2 * (size_t)OPT_IP_MAX, sizeof *t.lines) };
	int err = t.lines ? 0 : -ENOMEM;
	if (!err) {
		put_back(r, &t);
		put_forward(r, &t);
	}
	for (unsigned from = 0, to; from < t.n && !err;) {
		for (to = from + 1; to < t.n && same_options(t.lines[from].words, t.lines[to].words);)
			to++;
		int done = run_batch(r, t.lines + from, to - from);
		err = done < 0 ? done : 0;
		from += err ? 0 : (unsigned)done;
	}
	if (err && err != -ENOEXEC)
		complain(r, "%s: its lines of ip cannot be executed: %s", r->file, strerror(-err));
	free(t.lines);
}

/* --- the command --- */

enum { OPT_FIRST = 256, OPT_AGAIN };
static const struct cli_option reload_options[] = {
	{ .id = OPT_FIRST,
	  .name = "first",
	  .help = "as leatd does itself at its start: what is there already is an error" },
	{ .id = OPT_AGAIN, .name = "again", .help = "as leatd does itself when it has taken over" },
	{ 0 },
};

static int reload(struct reload *r)
{
	FILE *nowhere = fopen("/dev/null", "we");
	if (find_kept(r))
		return 1;
	if (!r->file && !(r->file = file_of_last_time(r)))
		return leat_error("reload: give the configuration file: leatd was started without one");
	if (parse(r->now, r->file, stderr))
		return 1;
	if (r->first || !nowhere || access(r->kept, R_OK) || parse(r->before, r->kept, nowhere))
		memset(r->before, 0, sizeof *r->before);
	if (nowhere)
		fclose(nowhere);
	find_started(r);
	if (client_open(r->name, &r->c))
		return 1;
	if (!r->first)
		apply_devices(r);
	client_close(r->c);
	apply_ip(r);
	say_what_stays(r);
	keep_copy(r);
	return r->failed;
}

static int run(struct leat_args *a)
{
	struct reload r = { .name = a->name ? a->name : SOCKD_DEFAULT_NAME };
	int opt, ret;
	while ((opt = leat_option(a)) > 0)
		*(opt == OPT_FIRST ? &r.first : &r.again) = true;
	if (opt < 0)
		return leat_bad_usage(a);
	if (a->argc > 1)
		return leat_error("reload: one file is enough (see leat reload --help)");
	r.file = a->argv[0];
	r.now = calloc(1, sizeof *r.now);
	r.before = calloc(1, sizeof *r.before);
	ret = r.now && r.before ? reload(&r) : leat_error("reload: out of memory");
	free(r.now);
	free(r.before);
	return ret;
}

const struct leat_command cmd_reload = {
	.name = "reload",
	.usage = "[FILE]",
	.what = "apply leatd's configuration file to the running daemon",
	.text = "FILE is the one that was applied last, unless it is named. Devices that are new in it are "
		"opened, those that are gone are "
		"closed; settings are set; lines of `ip` are executed, with `replace` for `add`, and those "
		"that are gone are taken "
		"back. Packets go on meanwhile. What a running daemon cannot change is said.\n",
	.options = reload_options,
	.operands = "@file",
	.run = run,
};
