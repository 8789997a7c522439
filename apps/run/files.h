/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/net, /proc/sys/net and /sys/class/net inside of a run, served out of leatd (leat/file.h). */
#ifndef LEAT_RUN_FILES_H
#define LEAT_RUN_FILES_H

#include <stddef.h>
#include <sys/types.h>

/* Mounts them and starts the thread that serves them, in pid 1 of the run. 0, or -errno and a line: the run then goes on with the
 * files of its empty network. user_ns: whose CAP_NET_ADMIN counts (superv_internal.h). name: the daemon's, lives on. */
int files_start(const char *name, char *ret_why, size_t why_len);

/* Linux has the network's files in a directory of each process and thread as well (/proc/self/net, /proc/thread-self/net), and no mount
 * follows from fork to fork. So they are mounted anew for each program that begins. */
struct files_place {
	unsigned major, minor; /* of the device that is mounted on /proc/1/net; both 0: nothing of ours is */
};
void files_find(struct files_place *ret);
void files_follow(const struct files_place *at, pid_t tid);

/* --- files_ask.c: one request at a time to the daemon; blocks for some seconds at most --- */

struct files_ask;
struct nlmsghdr;

/* A conversation with the daemon. admin: in the name of somebody who may configure. 0 or -errno (-EIO: there is no daemon). */
int files_ask_new(const char *name, int admin, struct files_ask **ret);
void files_ask_free(struct files_ask *a); /* NULL is welcome */
/* Sends a request about a path; text NULL: none. 0 or -errno; -EPIPE: the daemon has hung up, -EIO: it does not answer. */
int files_ask_send(struct files_ask *a, unsigned char cmd, int dump, const char *path, const void *text,
		   size_t text_len);
/* 1 and the next message of the answer, until 0: it has ended; or -errno as above. */
int files_ask_next(struct files_ask *a, const struct nlmsghdr **ret);

#endif
