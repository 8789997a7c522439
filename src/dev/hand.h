/* SPDX-License-Identifier: BSD-2-Clause */
/* Host devices that go on in another process (core/fds.h): their descriptors, and where their rings stand.
 *
 * In order: the old process writes what they are (dev_hand_over()); the new one, whose dev_host has that text, opens devices of
 * these names as it always does, and they take the descriptors instead of asking for new ones. Nothing moves there yet: the old
 * process goes on using them. When it has stopped its lcores between turns it writes where they stand (dev_hand_state()), and
 * the new one reads that (dev_take_state()) before its lcores run for the first time. Control lcore. */
#ifndef LEAT_DEV_HAND_H
#define LEAT_DEV_HAND_H

#include "core/fds.h"
#include "dev/host.h"

struct hostdev;

/* What a driver adds to that. */
struct hostdev_hand {
	void (*give)(const struct hostdev *d, struct saver *s, struct fds *fds);
	void (*give_state)(struct hostdev *d, struct saver *s);
	int (*take_state)(struct hostdev *d, struct loader *l); /* 0, -EINVAL */
};

/* 0, or -errno with a line. */
int dev_hand_over(struct leat_stack *st, struct saver *s, struct fds *fds, char *ret_why, size_t why_len);
/* With the counters of all interfaces. */
void dev_hand_state(struct leat_stack *st, struct saver *s);
int dev_take_state(struct leat_stack *st, struct loader *l);

/* --- for drivers --- */

/* While they open. Enters what was handed over for it; false: nothing. hand_leave() leaves it again. */
bool hand_enter(const struct dev_host *h, const char *kind, const char *ifname);
void hand_leave(const struct dev_host *h);
/* Descriptors are all that its queues have. */
void hand_give_queues(const struct hostdev *d, struct saver *s, struct fds *fds);

#endif
