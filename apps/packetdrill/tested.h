/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack under test, as the library's files share it. */
#ifndef LEAT_PACKETDRILL_TESTED_H
#define LEAT_PACKETDRILL_TESTED_H

#include <pthread.h>

#include "drill/world.h"
#include "packetdrill/interface.h"
#include "packetdrill/preload.h"
#include "sock/sock.h"

enum { TESTED_FDS = 1024 };

/* A descriptor. Its number is a real one, of /dev/null, because the tool closes what a script has left open by close(2). */
struct tested_fd {
	struct sock *sock; /* one of these; all NULL: not open here */
	struct epolls *epolls;
	struct pipe *pipe;
	bool nonblock;
	uint32_t calls; /* how often the socket has called: it has become ready */
};

/* Tries a call once; -EAGAIN: it would block. */
typedef int64_t try_fn(struct tested_fd *fd, void *arg);

/* A call under way on the tool's second thread. */
struct waiting {
	try_fn *try; /* NULL: none */
	struct tested_fd *fd;
	void *arg;
	uint64_t until_us; /* UINT64_MAX: for ever */
	bool done;
	int64_t result;
};

struct tested {
	struct script *script; /* its addresses alone */
	struct world *w;
	struct tested_fd fd[TESTED_FDS];
	pthread_mutex_t lock; /* over everything here and the stack */
	pthread_t clockwork; /* the tool's first thread: the one that plays the script */
	pid_t first_tid; /* the same one, as /proc calls it */
	pthread_cond_t woken;
	struct waiting waiting;
	bool returned; /* the second thread has not asked yet when its call came back */
	uint64_t returned_us;
	uint64_t patience_us;
	struct preload_ops preload;
};

static inline void tested_lock(struct tested *t)
{
	pthread_mutex_lock(&t->lock);
}
static inline void tested_unlock(struct tested *t)
{
	pthread_mutex_unlock(&t->lock);
}

/* --- options.c --- */

/* From the tool's flags. False, and a line, when they are not understood. */
bool options_read(struct tested *t, const char *flags, char *ret_why, size_t why_len);

/* --- clock.c --- */

/* Tries until the call does not block, or until_us. Locked. A thread other than the clock's waits for it. */
int64_t clock_wait(struct tested *t, struct tested_fd *fd, try_fn *try, void *arg, uint64_t until_us);
/* The next packet that the stack sends, for the caller to free(); NULL when patience is at its end. Locked. */
struct caught *clock_packet(struct tested *t);
/* Something was done to the stack: tries the call under way. Locked. */
void clock_poke(struct tested *t);
int clock_usleep(void *u, useconds_t us);
int clock_gettimeofday(void *u, struct timeval *tv, struct timezone *tz);

/* --- calls.c --- */

/* -1 and errno, or the value. */
int64_t call_result(int64_t r);
bool calls_is_ours(void *u, int fd);
void calls_fill(struct tool_interface *i);
void calls_close_all(struct tested *t);
struct tested_fd *calls_find(struct tested *t, int fd); /* a socket's; NULL: there is none of that number */
struct tested_fd *calls_find_any(struct tested *t, int fd);
/* A number for it; -EMFILE. */
int64_t calls_take(struct tested *t, const struct tested_fd *f);
/* The stack has seen a call. */
void calls_settle(struct tested *t);

/* --- calls_bytes.c, calls_poll.c, calls_pipe.c --- */

void calls_fill_bytes(struct tool_interface *i);
void calls_fill_poll(struct tool_interface *i);
void calls_fill_pipe(struct tool_interface *i);
void calls_forget(struct tested *t, int fd); /* epolls, that it is closed */
void calls_look_again(struct tested *t); /* likewise, that a call was made */
void pipe_put(struct pipe *p); /* NULL is welcome */

#endif
