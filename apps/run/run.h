/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat run -- CMD`: runs CMD in an empty network whose sockets leatd serves. */
#ifndef LEAT_RUN_RUN_H
#define LEAT_RUN_RUN_H

/* Exit statuses of our own, as env(1) has them. */
enum { RUN_FAILED = 125, RUN_CANNOT_EXEC = 126, RUN_NOT_FOUND = 127 };

/* In the environment: the daemon that commands talk to when nothing else says; CMD finds that of its run there. */
#define RUN_NAME_VARIABLE "LEAT_NAME"

/* Runs argv (NULL-terminated; empty: the caller's shell) and returns the status to exit with: the command's, 128 + n when signal n ended it, or one of
 * those above after a line on standard error. name: the daemon's, or NULL: that of the surrounding run, or the default. */
int run_command(const char *name, char *const argv[]);

/* The name of the daemon that serves the `leat run` this process is in: 0, or -errno when it is in none. */
int run_inside(char *ret_name, unsigned len_bytes);

#endif
