/* SPDX-License-Identifier: BSD-2-Clause */
/* What the interpreter's files share. */
#ifndef LEAT_DRILL_RUN_INTERNAL_H
#define LEAT_DRILL_RUN_INTERNAL_H

#include "drill/bytes.h"
#include "drill/drill.h"
#include "drill/shell.h"
#include "drill/talk.h"
#include "drill/world.h"

struct sock;
enum { DRILL_FDS = 64 };

/* A descriptor of the script: its number is the script's own. */
struct epolls;
struct drill_fd {
	struct sock *sock; /* NULL: not open, or */
	struct epolls *epoll;
	struct drill_pipe *pipe; /* an end of it */
	uint32_t calls; /* how often the socket has called: it has become ready */
	uint8_t family;
	bool nonblock;
};

/* A call under way. */
struct drill_call {
	const struct event *e; /* NULL: none */
	uint64_t began_us; /* of the runtime's clock */
	int64_t ends_us; /* of the script's time; UNSAID: at once */
	unsigned tries;
	size_t sent; /* of a call that sends */
};

struct run {
	const struct script *s;
	const struct drill_how *how;
	struct world *w;
	char dir[1024];
	uint64_t zero_us; /* the script's time 0 on the clock */
	int64_t prev_us; /* when the last event was due, in the script's time */
	struct flow flow; /* of the socket that was used last */
	struct talks talks;
	unsigned newest; /* descriptor */
	struct code_info *infos;
	struct drill_fd fd[DRILL_FDS];
	struct drill_call pending;
	uint64_t stops, stops_max; /* of the clock */
	const struct event *blame; /* whose complaint it is */
	enum drill_outcome outcome; /* DRILL_PASSED as long as nothing was wrong */
	char *why;
	size_t why_len;
};

/* The first complaint counts. line 0: of none. Always false. */
bool run_fail(struct run *r, unsigned line, const char *fmt, ...) printf_like(3, 4);
bool run_skip(struct run *r, unsigned line, const char *fmt, ...) printf_like(3, 4);
/* A line for who follows what goes on. */
void run_tell(const struct run *r, const char *fmt, ...) printf_like(2, 3);
int64_t run_now_us(const struct run *r); /* in the script's time */

/* --- call.c --- */

/* Before a script runs: NULL, or why it cannot (a call or a protocol that does not exist yet). */
const char *call_missing(const struct call *c);
enum call_state { CALL_DONE, CALL_BLOCKS, CALL_WRONG /* and run_fail() was called */ };
/* Does what the call says and compares; called again, at a later time, for one that blocked. waited_us: since it began. */
enum call_state call_try(struct run *r, const struct event *e, uint64_t waited_us);
/* How long poll() and its like wait at most, or UINT64_MAX: for ever. */
uint64_t call_timeout_us(struct run *r, const struct event *e);
void call_close_all(struct run *r);
bool call_listens(const struct run *r); /* somebody does, and nobody calls */

/* --- code.c --- */

/* NULL, or why this code cannot be run. */
const char *code_missing(const char *text);
/* What code may ask of is kept as it is now. */
void code_note(struct run *r, const struct event *e);
void code_forget(struct run *r);
/* All of the script's code, when its last event has been. */
bool code_run(struct run *r);

#endif
