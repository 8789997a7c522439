/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon, as its own files see it: main.c has the order of start and end, give.c and take.c how it goes on in another
 * process. */
#ifndef LEATD_DAEMON_H
#define LEATD_DAEMON_H

#include "calls.h"
#include "configure.h"
#include "core/fds.h"
#include "core/stack.h"
#include "helper.h"
#include "notify.h"
#include "options.h"
#include "sockd/path.h"
#include "sockd/sockd.h"

struct daemon {
	struct options opt;
	char sock_path[SOCKD_PATH_MAX];
	int listen_fd, lock_fd;
	struct helper helper;
	struct leat_runtime *rt;
	bool pools;
	struct leat_stack *st;
	struct sockd *sockd;
	struct fd_watch signals, helper_end;
	int saved_fd; /* what --restore names */
	struct fd_watch giving; /* to a process that takes our place; fd -1: there is none */
	int taking; /* from one whose place we take; -1: none */
	pid_t taken_from; /* who listened before */
	int log_fd; /* where that one writes what is to be told; -1: there is none */
	struct notify notify;
	enum calls_mode calls;
	struct configure configure;
	struct fd_watch configured;
	bool failed; /* what the configuration file says could not be done */
	struct timer begin; /* what is left to do when the lcores run */
};

/* One line: what was wrong, and what to do where that is not the same. Returns err. */
int daemon_give_up(int err, const char *fmt, ...) printf_like(2, 3);
/* "DRIVER:IFNAME[,KEY=VALUE]...", which it cuts. 0 or -errno, having said why. */
int daemon_open_device(struct daemon *d, char *words);

/* give.c: the way of sockd_on_take_over(); ctx: the daemon. Does not return when the other has taken over. */
int give_start(void *ctx, int fd);

/* take.c, in this order; 0, or -errno having said why: then nothing may be undone, for it is the other's. */
int take_hello(struct daemon *d); /* before the rights go: listener, lock, helper, namespaces */
int take_state(struct daemon *d); /* into a stack and a sockd that are empty; makes the sockd */
int take_place(struct daemon *d); /* when all is ready to run: from here on there is no way back */

#endif
