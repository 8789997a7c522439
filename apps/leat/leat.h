/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: `leat [-n NAME] COMMAND ...`. Each command is a row of the table in leat.c and a file cmd_*.c. */
#ifndef LEAT_LEAT_LEAT_H
#define LEAT_LEAT_LEAT_H

#include <stdbool.h>

struct leat_args {
	const char *name; /* of the daemon; NULL: not given */
	bool json;
	int argc; /* behind the command's own name; argv is NULL-terminated */
	char **argv;
};

struct leat_command {
	const char *name;
	const char *usage; /* behind the name */
	const char *what; /* a line for the list */
	const char *help; /* more, for --help; ends with a newline */
	int (*run)(const struct leat_args *a); /* exit status */
	bool own_options; /* takes all that follows as it is */
};

extern const struct leat_command cmd_capture, cmd_dev, cmd_drill, cmd_drops, cmd_explain, cmd_graph, cmd_run,
	cmd_save, cmd_sim, cmd_stats, cmd_sysctl, cmd_trace;

/* `leat: ...` and a newline on standard error; returns 1, the exit status of failure. */
int leat_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
