/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of libleat share. */
#ifndef LEAT_LIB_LEAT_INTERNAL_H
#define LEAT_LIB_LEAT_INTERNAL_H

#include <errno.h>
#include <net/if.h> /* in front of <linux/if.h> */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "leat/leat.h"

#include "core/stack.h"
#include "helper.h"
#include "ring/ring.h"

enum { WHY = 256 };

struct leat {
	struct leat_opts opts;
	struct leat_runtime *rt;
	pthread_t thread; /* the control lcore's */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list calls; /* under lock */
	int call_fd; /* eventfd */
	struct fd_watch calls_watch;
	bool started; /* under lock: err says how */
	int err;
	struct list stacks; /* struct holder; control lcore */
	char why[WHY];
};

/* A stack and what the library has for it; leat_stack.user. */
struct holder {
	struct leat *l;
	struct leat_stack *st;
	struct rings *rings;
	struct helper helper;
	bool has_helper;
	struct list link;
};
static inline struct holder *holder_of(const struct leat_stack *st)
{
	return st->user;
}

/* Runs fn on the control lcore and waits for it. */
typedef int call_fn(struct leat *l, void *arg);
int leat_call(struct leat *l, call_fn *fn, void *arg);

/* Notes why; returns err. Control lcore. */
int leat_fails(struct leat *l, int err, const char *fmt, ...) printf_like(3, 4);

/* config.c */
int config_lines(struct holder *h, const char *lines);

#endif
