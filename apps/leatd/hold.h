/* SPDX-License-Identifier: BSD-2-Clause */
/* Making an interface deaf and mute to the kernel, and undoing it. Part of the privileged helper. */
#ifndef LEATD_HOLD_H
#define LEATD_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was changed, and so has to be undone. Kept in the filter itself, where a killed helper's successor finds it. */
enum hold_changed {
	HOLD_MADE_CLSACT = 1, /* the qdisc was not there before */
	HOLD_MADE_UP = 2, /* the interface was down */
	HOLD_GRO_OFF = 4,
	HOLD_LRO_OFF = 8,
};

struct hold {
	int nl; /* route netlink socket; ioctls go over it too */
	int alive; /* listening abstract socket by which others see that this helper lives */
	uint64_t id; /* of this helper */
	uint32_t seq;
};

int hold_init(struct hold *h); /* h is zeroed; 0 or -errno */
/* 0, or -errno with a line in why. *ret_changed is what hold_undo() wants. */
int hold_take(struct hold *h, const char *ifname, bool plain, unsigned *ret_ifindex, unsigned *ret_changed,
	      char *why, size_t why_len);
void hold_undo(struct hold *h, unsigned ifindex, unsigned changed);
/* Gives back what helpers that are no more left behind. */
void hold_sweep(struct hold *h);

#endif
