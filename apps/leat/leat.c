/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/leat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/ask.h"
#include "leat/extcap.h"

static const struct leat_command *const commands[] = {
	&cmd_run,    &cmd_dev,     &cmd_graph,   &cmd_stats,  &cmd_drops,   &cmd_top,
	&cmd_trace,  &cmd_explain, &cmd_capture, &cmd_sysctl, &cmd_metrics, &cmd_save,
	&cmd_reload, &cmd_restart, &cmd_drill,   &cmd_sim,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* --- pages --- */

enum { OPT_JSON = 256, OPT_VERSION, OPT_COMPLETE, OPT_MAN };

#define ROW_NAME                                                              \
	{                                                                     \
		.letter = 'n', .arg = "NAME",                                 \
		.help = "the daemon of that name (`leat`, or the one of the " \
			"surrounding `leat run`)",                            \
		.values = "@daemon"                                           \
	}
#define ROW_JSON                                                     \
	{                                                            \
		.id = OPT_JSON, .name = "json", .help = "print JSON" \
	}
#define ROW_HELP                                                         \
	{                                                                \
		.letter = 'h', .name = "help", .help = "print this help" \
	}
static const struct cli_option shared_local[] = { ROW_HELP, { 0 } };
static const struct cli_option shared_plain[] = { ROW_NAME, ROW_HELP, { 0 } };
static const struct cli_option shared_json[] = { ROW_NAME, ROW_JSON, ROW_HELP, { 0 } };
static const struct cli_option main_options[] = {
	ROW_NAME, ROW_JSON, ROW_HELP, { .id = OPT_VERSION, .name = "version", .help = "print the version" },
	{ 0 },
};
/* For the shell and the build: told of nowhere. */
static const struct cli_option hidden_options[] = {
	{ .id = OPT_COMPLETE, .name = "complete", .arg = "LINE", .help = "" },
	{ .id = OPT_MAN, .name = "print-man", .arg = "COMMAND", .help = "" },
	{ 0 },
};

static struct cli_page page_of(const struct leat_command *c)
{
	return (struct cli_page){
		.program = "leat",
		.command = c->name,
		.section = 1,
		.usage = c->usage,
		.what = c->what,
		.text = c->text,
		.options = c->options,
		.shared = c->local  ? shared_local
			  : c->json ? shared_json
				    : shared_plain,
		.more = c->more,
		.operands = c->operands,
		.see = "leat(1), leatd(8)",
	};
}

static const char main_text[] =
	"Each command has a page of its own, leat-COMMAND(1), and `leat COMMAND --help`. "
	"Without -n a command talks to the daemon called leat, or, inside of `leat run`, to "
	"the one that serves it.\n\n";
static const char main_more[] =
	"Failure is a line on standard error and status 1; `run` has statuses of its own.\n\n"
	"Without -n, and outside of `leat run`, $LEAT_NAME is the daemon's name where it is set.\n\n"
	"A daemon NAME is looked for at $LEAT_RUNDIR/NAME.sock; without that variable in /run/leat for root, "
	"else in $XDG_RUNTIME_DIR/leat or /tmp/leat-UID, and then in /run/leat.\n\n"
	"Names of commands, options, daemons, interfaces, nodes, reasons of drops and settings are completed "
	"by "
	"bash and zsh.\n";

/* The list of commands is part of the text. */
static struct cli_page main_page(char *text, size_t len)
{
	size_t at = (size_t)snprintf(text, len, "%s", main_text);

	for (int i = 0; i < COMMANDS && at < len; i++)
		at += (size_t)snprintf(text + at, len - at, "  leat %-8s %s\n", commands[i]->name,
				       commands[i]->what);
	return (struct cli_page){
		.program = "leat",
		.section = 1,
		.usage = "[-n NAME] COMMAND ...",
		.what = "talk to leat, a network stack in user space",
		.text = text,
		.options = main_options,
		.shared = hidden_options,
		.more = main_more,
		.see = "leatd(8), leat-run(1), leat-dev(1), leat-top(1), leat-trace(1), leat-explain(1), "
		       "leat-capture(1)",
	};
}

enum { MAIN_TEXT = 4096 };

static int print_commands(FILE *to)
{
	char text[MAIN_TEXT];
	struct cli_page p = main_page(text, sizeof text);

	p.shared = NULL;
	cli_help(&p, to);
	return 0;
}

static int print_help(const struct leat_command *c)
{
	struct cli_page p = page_of(c);

	cli_help(&p, stdout);
	return 0;
}

static const struct leat_command *find(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* name "leat": the program's own. */
static int print_man(const char *name)
{
	const struct leat_command *c = find(name);
	char text[MAIN_TEXT];
	struct cli_page p = c ? page_of(c) : main_page(text, sizeof text);

	if (!c && strcmp(name, "leat") != 0)
		return leat_error("no page for %s", name);
	p.shared = c ? p.shared : NULL;
	cli_man(&p, "leat " LEAT_VERSION, stdout);
	return 0;
}

static int complete(const char *line)
{
	struct cli_page pages[COMMANDS], own;
	struct cli_program p = { .page = &own,
				 .commands = pages,
				 .n_commands = COMMANDS,
				 .ask = ask_values,
				 .ctx = (void *)line };
	char text[MAIN_TEXT];

	own = main_page(text, sizeof text);
	own.shared = NULL;
	for (int i = 0; i < COMMANDS; i++)
		pages[i] = page_of(commands[i]);
	cli_complete(&p, line, stdout);
	return 0;
}

/* --- the command line --- */

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

/* What could not be written was not told, whatever the command thinks. */
static int flushed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	leat_error("cannot write: %s", strerror(errno));
	return status ? status : 1;
}

int leat_bad_usage(const struct leat_args *a)
{
	return a->command->bad_usage ? a->command->bad_usage : 1;
}

static bool is_shared(const struct leat_args *a, const struct cli_option *o)
{
	const struct cli_option *own = a->command->options;

	for (; own && (own->letter || own->name); own++)
		if (own == o)
			return false;
	return true;
}

int leat_option(struct leat_args *a)
{
	struct cli_page page = page_of(a->command);
	int id;

	a->words.page = &page;
	while ((id = cli_next(&a->words)) > 0 && is_shared(a, a->words.option)) {
		if (id == 'h')
			exit(flushed(print_help(a->command)));
		if (id == OPT_JSON)
			a->json = true;
		else
			a->name = a->words.value;
	}
	a->value = a->words.value;
	a->argv = a->words.argv;
	for (a->argc = 0; a->argv[a->argc];)
		a->argc++;
	if (id == CLI_BAD)
		leat_error("%s: %s (see leat %s --help)", a->command->name, a->words.why, a->command->name);
	return id;
}

static int run(struct leat_args *a, const char *name, char **argv)
{
	a->command = find(name);
	if (!a->command)
		return leat_error("unknown command %s (see leat --help)", name);
	if (a->json && !a->command->json)
		return leat_error("%s has no --json (see leat %s --help)", name, name);
	a->words = (struct cli_words){ .argv = argv, .in_order = a->command->in_order };
	return a->command->run(a);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char text[MAIN_TEXT];
	struct cli_page page = main_page(text, sizeof text);
	struct cli_words w = { .argv = argv + 1, .page = &page, .in_order = true };
	struct leat_args a = { 0 };
	int id;

	if (!strcmp(slash ? slash + 1 : argv[0], "leat-extcap")) /* a link in Wireshark's folder */
		return flushed(extcap_run(argv + 1));
	while ((id = cli_next(&w)) > 0) {
		if (id == 'h')
			return flushed(print_commands(stdout));
		if (id == OPT_VERSION)
			return flushed(printf("leat %s\n", LEAT_VERSION) < 0);
		if (id == OPT_COMPLETE)
			return flushed(complete(w.value));
		if (id == OPT_MAN)
			return flushed(print_man(w.value));
		if (id == OPT_JSON)
			a.json = true;
		else
			a.name = w.value;
	}
	if (id == CLI_BAD)
		return leat_error("%s (see leat --help)", w.why);
	if (!*w.argv) {
		print_commands(stderr);
		return 1;
	}
	return flushed(run(&a, w.argv[0], w.argv + 1));
}
