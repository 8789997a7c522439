/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling the service manager how we are: sd_notify(3)'s protocol, datagrams of KEY=VALUE lines to the socket that NOTIFY_SOCKET
 * names; and the watchdog, which tells it only while every lcore makes progress. */
#ifndef LEATD_NOTIFY_H
#define LEATD_NOTIFY_H

#include "core/lcore.h"

struct notify {
	int fd; /* -1: nobody wants to know */
	uint64_t watchdog_us; /* 0: nor how we are from time to time */
	struct leat_runtime *rt;
	struct timer beat;
	uint64_t round; /* of questions */
	uint64_t heard[LCORE_MAX]; /* the round that each lcore has answered last; written by that lcore */
	unsigned missed; /* rounds in a row that somebody did not answer */
};

/* Reads the environment, and takes it away from children. */
void notify_init(struct notify *n);
/* As a format, lines of KEY=VALUE. */
void notify_say(const struct notify *n, const char *fmt, ...) printf_like(2, 3);
/* Before the lcores run. */
void notify_watch(struct notify *n, struct leat_runtime *rt);
void notify_done(struct notify *n);

#endif
