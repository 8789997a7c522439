/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of leatd's generic netlink family "leat" (include/leat/genl.h) by libleat-netlink. */
#ifndef LEAT_LEAT_CLIENT_H
#define LEAT_LEAT_CLIENT_H

#include <jansson.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "leat/genl.h"
#include "leat/netlink.h"

struct client {
	const char *name; /* the daemon's */
	struct leat_nl *nl;
	uint16_t family;
	bool dump; /* what is being asked for */
};

/* One message of an answer. attr[type] is NULL when absent; of several (LEAT_A_EDGE) it is the last, all are in msg. */
struct answer {
	const struct nlmsghdr *msg;
	uint8_t cmd;
	const struct nlattr *attr[LEAT_A_MAX_PLUS_1];
};
typedef void answer_fn(const struct answer *a, void *ctx);

/* Connects to the daemon (NULL: the one of the surrounding run, or "leat") and finds the family. 0, or 1 after a line on
 * standard error. NULL memory never. */
int client_open(const char *name, struct client **ret);
/* The same without a word. 0 or -errno. */
int client_try(const char *name, struct client **ret);
void client_close(struct client *c);

/* Starts a request; attributes are put behind it with leat_nl_put*(c->nl, ...). */
void client_begin(struct client *c, uint8_t cmd, bool dump);
/* Sends it and hands each message of the answer, and what comes unasked meanwhile, to fn (may be NULL). 0 or -errno. */
int client_run(struct client *c, answer_fn *fn, void *ctx);
/* As client_run() for a dump without attributes, with the error line printed. 0 or 1. */
int client_dump(struct client *c, uint8_t cmd, answer_fn *fn, void *ctx);
/* Reads one datagram of unasked messages. 1, 0 at the end (the daemon is gone), or -errno. */
int client_listen(struct client *c, answer_fn *fn, void *ctx);
/* The daemon's words about a refusal, or "". */
const char *client_why(const struct client *c);
/* The line for a refusal: leat_error() with the daemon's words. Returns 1. */
int client_refused(const struct client *c, const char *what, int err);

const char *answer_str(const struct answer *a, int attr); /* "" when absent */
uint32_t answer_u32(const struct answer *a, int attr); /* 0 when absent */
uint64_t answer_u64(const struct answer *a, int attr);

/* What --json prints: attributes by name and type. Absent ones are left out, flags are true or left out. */
struct field {
	int attr;
	enum { F_U32, F_U64, F_STR, F_MAC, F_FLAG } type;
	const char *name;
};
/* A string; what is no UTF-8 in it becomes question marks. */
json_t *text_json(const char *s);
/* Ends with name NULL. */
json_t *answer_json(const struct answer *a, const struct field *fields);
/* Prints and frees. Returns the exit status. */
int print_json(json_t *j);

#endif
