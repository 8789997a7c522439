/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's command line as a table: what is parsed by it is what --help, the man page and completion tell of. */
#ifndef LEAT_CLI_CLI_H
#define LEAT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A row ends the table when it has neither letter nor name. */
struct cli_option {
	int id; /* what cli_next() returns; 0: the letter */
	char letter; /* -c; 0: none */
	const char *name; /* --count; NULL: none */
	const char *arg; /* "N"; NULL: takes no value */
	const char *help; /* begins small, without a full stop */
	const char *
		values; /* for completion: words with blanks between; @dev and its like are asked for (cli_ask_fn) */
};

struct cli_section {
	const char *title, *text; /* "EXIT STATUS" */
};

/* Text: paragraphs with an empty line between. Lines that begin with a blank stay as they are, the others are filled. */
struct cli_page {
	const char *program; /* "leat" */
	const char *command; /* "top"; NULL: the page of the program */
	unsigned section; /* of the manual */
	const char *usage; /* what stands behind the name */
	const char *what; /* a line, begins small, without a full stop */
	const char *text; /* before the options; may be NULL, as all that follow */
	const struct cli_option *options,
		*shared; /* shared: an option of the same letter in options comes first */
	const char *more; /* behind them */
	const struct cli_section *sections; /* of the man page alone; ends with one without a title */
	bool of_file; /* a file's page: what are options elsewhere stand in it as words without dashes */
	const char *operands; /* values of what is no option, as cli_option.values */
	const char *see; /* "leat(1), ip(8)" */
};

/* --- words.c --- */

enum { CLI_END = 0, CLI_BAD = -1 };

struct cli_words {
	char **argv; /* NULL-terminated; what is left */
	const struct cli_page *page;
	bool in_order; /* options end at the first operand; else operands are moved to the end */
	/* of the last option */
	const struct cli_option *option;
	const char *value; /* NULL: takes none */
	char why[160]; /* of CLI_BAD */
	/* private */
	const char *letters; /* the rest of -abc */
	char **to; /* where the next operand goes; NULL: not begun */
	char **first;
};
/* The next option's id; CLI_END: argv are the operands; CLI_BAD: why. Values are -cN, -c N, --name=N, --name N; -- ends the options. */
int cli_next(struct cli_words *w);
int cli_id(const struct cli_option *o);
/* The row of that id, or NULL. */
const struct cli_option *cli_find(const struct cli_page *p, const char *name, char letter);

/* --- help.c, man.c --- */

void cli_help(const struct cli_page *p, FILE *to);
/* As roff for man(1). version: "leat 1.0". */
void cli_man(const struct cli_page *p, const char *version, FILE *to);

/* Calls each for every row that is told of: those of options, and of shared that they do not hide. */
typedef void cli_row_fn(const struct cli_option *o, void *ctx);
void cli_each(const struct cli_page *p, cli_row_fn *each, void *ctx);

/* --- complete.c --- */

/* Prints the values of a kind ("dev") that a program has to ask for, each by cli_offer(). */
struct cli_offers {
	const char *begins; /* what has been typed of the word */
	const char *prefix; /* to stand before each: "--name=" */
	FILE *to;
};
typedef void cli_ask_fn(const char *kind, const struct cli_offers *o, void *ctx);
void cli_offer(const struct cli_offers *o, const char *value);

struct cli_program {
	const struct cli_page *page; /* of the program */
	const struct cli_page *commands; /* NULL: it has none */
	unsigned n_commands;
	cli_ask_fn *ask;
	void *ctx;
};
/* Prints what the last word of line, perhaps an empty one, may become, one a line; or :file, :command, which the shell knows itself. */
void cli_complete(const struct cli_program *p, const char *line, FILE *to);

#endif
