/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files about shell lines share. */
#ifndef LEAT_DRILL_SHELL_INTERNAL_H
#define LEAT_DRILL_SHELL_INTERNAL_H

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "core/stack.h"
#include "drill/shell.h"

enum { SHELL_WORDS_MAX = 48, SHELL_LEN_MAX = 2048 };

/* --- shell_words.c --- */

/* One command: its words without quotes, comments and redirections. */
struct shell_words {
	char *w[SHELL_WORDS_MAX];
	unsigned n, at;
	bool odd; /* with something that is not known here: a variable, a background */
	bool piped; /* | stands among its words */
	bool otherwise; /* behind ||: only if the one before failed */
	char to[128]; /* the setting that its output goes to; "": none */
	char room[SHELL_LEN_MAX];
};
/* The next command of *text, which moves behind it. False: there is none. */
bool shell_cut(const char **text, struct shell_words *ret);
const char *shell_next(struct shell_words *w); /* NULL at the end */
bool shell_next_is(struct shell_words *w, const char *a); /* and it is taken */

/* --- shell.c --- */

enum shell_verb {
	VERB_NONE,
	VERB_NOTHING, /* understood, and nothing is to be done */
	VERB_LINK,
	VERB_ADDR,
	VERB_ROUTE,
	VERB_SYSCTL,
	VERB_GREP,
	VERB_METRICS, /* all of them are forgotten */
	VERB_COUNTS,
	VERB_FILE
};
struct shell_command {
	enum shell_verb verb;
	bool del, replace, set_up, up, has_gw, has_dst;
	uint8_t family, plen, route_type;
	char dev[IFNAMSIZ];
	uint32_t mtu; /* of a device; 0: unsaid */
	uint32_t metric[RTAX_MAX + 1]; /* of a route; 0: unsaid */
	struct ipaddr addr, gw;
	char *const *sets; /* NAME=VALUE ... */
	char set[160], *one; /* such a one, and where it is */
	unsigned n_sets;
	const char *file;
	const char *wanted[4]; /* of a grep */
	unsigned n_wanted;
	const char *count; /* of VERB_COUNTS: one that must have grown; NULL: none */
};

/* --- shell_grep.c --- */

bool shell_read_grep(struct shell_words *w, struct shell_command *c);
int shell_grep(const struct world *w, const struct shell_command *c); /* 0 or -ENOENT */

/* --- shell_ask.c --- */

struct shell_answer {
	struct world *w;
	char *why;
	size_t why_len;
	int err;
};
/* A command about links, addresses or routes, as a request of rtnetlink. 0 or -errno. */
int shell_ask(struct shell_answer *a, const struct shell_command *c);

#endif
