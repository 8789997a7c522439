/* SPDX-License-Identifier: BSD-2-Clause */
/* The stages of a run and what they pass on. */
#ifndef LEAT_RUN_INTERNAL_H
#define LEAT_RUN_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "run/run.h"

struct run {
	const char *name; /* of the daemon */
	char *const *argv;
	bool user_ns; /* we have no rights, so the namespaces hang below a user namespace of our own */
	uid_t uid;
	gid_t gid;
	sigset_t sigmask; /* CMD's */
	int report; /* pipe to the front process: struct run_report */
};

/* What pid 1 of the run tells the front process; smaller than PIPE_BUF. */
struct run_report {
	bool stopped; /* CMD is, and what follows says nothing; else it has ended */
	int exit_status;
	char text[200]; /* a line for standard error, or empty */
};

/* Signals that the front process hands on to CMD. Those of the terminal reach it without our help. */
#define RUN_FORWARDED SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT

/* pid 1 of the new namespaces; never returns. */
void init_main(struct run *r) __attribute__((noreturn));
/* Reports and exits. `what` is followed by strerror(err) when err is not 0. */
void init_fail(const struct run *r, int exit_status, int err, const char *what) __attribute__((noreturn));

/* Makes the namespaces that pid 1 was born into ours: identity maps, fresh /proc and /sys. NULL, or what failed (errno). */
const char *ns_set_up(const struct run *r);
/* For a CMD that is not root: the capabilities over its network that root would have, kept across exec. 0 or -errno. */
int ns_keep_net_caps(void);

/* Installs the filter on this thread and returns the descriptor its notifications come from, or -errno. */
int filter_install(void);

#endif
