/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that applies the configuration file once the daemon serves. */
#ifndef LEATD_CONFIGURE_H
#define LEATD_CONFIGURE_H

#include <stdbool.h>
#include <sys/types.h>

struct configure {
	pid_t pid; /* 0: there is none */
	int go, pid_fd; /* pid_fd reads as ready when it has ended */
};

/* Before rights are given up and threads exist. first: the daemon starts with nothing. 0 or -errno. */
int configure_prepare(struct configure *c, const char *name, const char *file, bool first);
int configure_start(struct configure *c);
/* Waits for its end, which is at once when it was not started. Whether all went well. */
bool configure_end(struct configure *c);

#endif
