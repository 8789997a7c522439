/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor: answers the system calls that the filter notifies. One thread, one epoll, nothing blocks. */
#ifndef LEAT_RUN_SUPERV_H
#define LEAT_RUN_SUPERV_H

#include <stddef.h>
#include <stdint.h>

struct superv;

/* A descriptor in the supervisor's loop. fn may free the event. */
struct superv_event {
	int fd;
	void (*fn)(struct superv_event *e, uint32_t events);
};

/* Connects to the daemon. 0 or -errno, and a line that says what was wrong. */
int superv_new(const char *name, struct superv **ret, char *ret_why, size_t why_len);
/* Takes the listener of the filter. 0 or -errno. */
int superv_listen(struct superv *s, int listener);
void superv_run(struct superv *s) __attribute__((noreturn));

int superv_watch(struct superv *s, struct superv_event *e, uint32_t events);
void superv_unwatch(struct superv *s, struct superv_event *e);

#endif
