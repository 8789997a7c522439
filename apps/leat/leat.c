/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/leat.h"

#include "leat/extcap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct leat_command *const commands[] = {
	&cmd_run,     &cmd_dev,     &cmd_graph,  &cmd_stats, &cmd_drops, &cmd_trace,
	&cmd_explain, &cmd_capture, &cmd_sysctl, &cmd_save,  &cmd_drill, &cmd_sim,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

int leat_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("leat: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return 1;
}

static int print_commands(FILE *to)
{
	fputs("Usage: leat [-n NAME] COMMAND ...\n"
	      "Talks to the daemon of that name (default: leat).\n\n",
	      to);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(to, "  leat %-7s %-32s %s\n", commands[i]->name, commands[i]->usage,
			commands[i]->what);
	fputs("\n`leat COMMAND --help` tells more. `leat --version` prints the version.\n", to);
	return 0;
}

static int print_help(const struct leat_command *c)
{
	printf("Usage: leat [-n NAME] %s %s\n%c%s.\n\n%s", c->name, c->usage, c->what[0] - 'a' + 'A',
	       c->what + 1, c->help);
	return 0;
}

static const struct leat_command *find(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* Takes the options that all commands share out of argv. -1: one is incomplete. */
static int take_options(struct leat_args *a)
{
	int kept = 0;

	for (int i = 0; i < a->argc; i++) {
		if (!strcmp(a->argv[i], "--json")) {
			a->json = true;
		} else if (!strcmp(a->argv[i], "-n")) {
			if (i + 1 == a->argc)
				return -1;
			a->name = a->argv[++i];
		} else {
			a->argv[kept++] = a->argv[i];
		}
	}
	a->argc = kept;
	a->argv[kept] = NULL;
	return 0;
}

/* What could not be written was not told, whatever the command thinks. */
static int flushed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	leat_error("cannot write: %s", strerror(errno));
	return status ? status : 1;
}

int main(int argc, char **argv)
{
	struct leat_args a = { 0 };
	const struct leat_command *c;
	const char *slash = strrchr(argv[0], '/');
	int i = 1;

	if (!strcmp(slash ? slash + 1 : argv[0], "leat-extcap")) /* a link in Wireshark's folder */
		return flushed(extcap_run(argv + 1));
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return flushed(print_commands(stdout));
		if (!strcmp(argv[i], "--version"))
			return flushed(printf("leat %s\n", LEAT_VERSION) < 0);
		if (!strcmp(argv[i], "--json"))
			a.json = true;
		else if (!strcmp(argv[i], "-n") && i + 1 < argc)
			a.name = argv[++i];
		else if (!strcmp(argv[i], "-n"))
			return leat_error("-n needs a name");
		else
			return leat_error("unknown option %s (see leat --help)", argv[i]);
	}
	if (i == argc) {
		print_commands(stderr);
		return 1;
	}
	c = find(argv[i]);
	if (!c)
		return leat_error("unknown command %s (see leat --help)", argv[i]);
	a.argc = argc - i - 1;
	a.argv = argv + i + 1;
	if (a.argc && (!strcmp(a.argv[0], "--help") || !strcmp(a.argv[0], "-h")))
		return flushed(print_help(c));
	if (!c->own_options && take_options(&a))
		return leat_error("-n needs a name");
	return flushed(c->run(&a));
}
