/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: `leat [-n NAME] COMMAND ...`. Each command is a row of the table in leat.c and a file cmd_*.c. */
#ifndef LEAT_LEAT_LEAT_H
#define LEAT_LEAT_LEAT_H

#include "cli/cli.h"

struct leat_command;

struct leat_args {
	const char *name; /* of the daemon; NULL: not given */
	bool json;
	int argc; /* the operands, once leat_option() has said so; argv is NULL-terminated */
	char **argv;
	const char *value; /* of the last option */
	const struct leat_command *command;
	struct cli_words words;
};

struct leat_command {
	const char *name;
	const char *usage; /* behind the name */
	const char *what; /* a line for the list */
	const char *text; /* what the page says of it, as cli_page.text */
	const struct cli_option *options; /* beside those that leat.c adds */
	const char *more; /* behind the options */
	const char *operands; /* as cli_page.operands */
	int (*run)(struct leat_args *a); /* exit status */
	bool in_order; /* what follows the first operand is not ours */
	bool local; /* asks no daemon */
	bool json; /* has --json */
	int bad_usage; /* exit status for a wrong command line; 0: 1 */
};

/* The next option of the command's own; 0: argc and argv are the operands; -1 after a line on standard error: return
 * leat_bad_usage(). */
int leat_option(struct leat_args *a);
int leat_bad_usage(const struct leat_args *a);

extern const struct leat_command cmd_capture, cmd_dev, cmd_drill, cmd_drops, cmd_explain, cmd_graph,
	cmd_metrics, cmd_run, cmd_reload, cmd_restart, cmd_save, cmd_sim, cmd_stats, cmd_sysctl, cmd_top,
	cmd_trace;

/* `leat: ...` and a newline on standard error; returns 1, the exit status of failure. */
int leat_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
