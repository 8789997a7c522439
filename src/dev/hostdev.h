/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers of host devices share: a descriptor whose queue has one home lcore. Frames that other lcores send cross over
 * to it, one message per batch. */
#ifndef LEAT_DEV_HOSTDEV_H
#define LEAT_DEV_HOSTDEV_H

#include "dev/host.h"

struct hostdev {
	struct iface *ifc;
	struct leat_stack *st;
	struct dev_host *host;
	int fd;
	unsigned home; /* worker */
	bool home_asked; /* by an option; else it was spread, and is again when the stack is restored */
	uint16_t node; /* drops are counted at iface-output */
	struct poller poller;
	struct fd_watch watch;
	bool readable; /* home lcore: the descriptor said so */
	/* Home lcore. Takes frames for the device and consumes them. */
	void (*send)(struct hostdev *d, struct worker *w, struct pkt *const *p, unsigned n);
	/* Home lcore, in every turn. Hands frames to iface_input(); returns how much work there was. */
	unsigned (*receive)(struct hostdev *d, struct worker *w);
};

/* iface_ops.xmit of such a device; its iface.driver starts with the struct hostdev. */
void hostdev_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n);
/* Control lcore: from here on it is polled, and its descriptor wakes the home lcore. lcore 0 .. n_workers - 1, or -1: spread
 * by `spread`. 0 or -errno. */
int hostdev_start(struct hostdev *d, int lcore, unsigned spread);
/* Control lcore: after it returns nothing of the device runs on any lcore. */
void hostdev_stop(struct hostdev *d);
/* Home lcore: the device says that it is gone. Tells the control lcore. */
void hostdev_lost(struct hostdev *d, struct worker *w);

/* An option lcore=N (UINT64_MAX: not given). 0, or -EINVAL with a line. */
int hostdev_check_lcore(const struct leat_stack *st, uint64_t lcore, char *ret_why, size_t why_len);
/* The same for iface_ops.describe: ",lcore=N", or "" where nobody asked for it. */
enum { HOSTDEV_LCORE_WORDS = 24 };
const char *hostdev_lcore_words(const struct hostdev *d, char buf[HOSTDEV_LCORE_WORDS]);

static inline struct worker *hostdev_worker(const struct hostdev *d)
{
	return d->st->worker[d->home];
}
/* A frame that the device or its queue refused. Consumes. */
void hostdev_drop_tx(struct hostdev *d, struct worker *w, struct pkt *p, enum drop why);
/* Frames that were given to the device and did not leave. */
void hostdev_lost_tx(struct hostdev *d, struct worker *w, uint64_t n, enum drop why);
/* A frame that came in and is no good. Consumes. */
void hostdev_drop_rx(struct hostdev *d, struct worker *w, struct pkt *p, enum drop why);

/* iface_kind.open of the drivers; host.c lists them. */
int af_packet_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		   size_t why_len);
int tap_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why, size_t why_len);

#endif
