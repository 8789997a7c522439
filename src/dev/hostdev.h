/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers of host devices share: queues, each a descriptor with one home lcore. Frames that an lcore without a queue of its
 * own sends cross over to the home of one, a message per batch. */
#ifndef LEAT_DEV_HOSTDEV_H
#define LEAT_DEV_HOSTDEV_H

#include "dev/hand.h"

enum { HOSTDEV_QUEUES_MAX = 64 };

struct hostdev;

/* Lies in the driver's struct of a queue. Home lcore, but for what the control lcore does while it is paused. */
struct hostdev_queue {
	struct hostdev *dev;
	unsigned index;
	unsigned home; /* worker */
	int fd;
	bool readable; /* the descriptor said so */
	struct poller poller;
	struct fd_watch watch;
	struct iface_queue_stats stats;
};

struct hostdev {
	struct iface *ifc;
	struct leat_stack *st;
	struct dev_host *host;
	const struct hostdev_hand *hand; /* NULL: it cannot go on in another process */
	const char *ifname; /* the host's name for it */
	uint16_t node; /* drops are counted at iface-output */
	bool home_asked,
		queues_asked; /* by an option; else they were chosen, and are again when the stack is restored */
	unsigned home; /* of queue 0 */
	unsigned n_queues;
	struct hostdev_queue *queue[HOSTDEV_QUEUES_MAX];
	uint8_t tx_queue
		[LCORE_MAX]; /* by worker: the queue that its frames leave by; its own where it has one */
	/* Home lcore. Takes frames for the queue and consumes them. */
	void (*send)(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n);
	/* Home lcore, in every turn. Hands frames to hostdev_input(); returns how much work there was. */
	unsigned (*receive)(struct hostdev_queue *q, struct worker *w);
};

/* iface_ops.xmit and .queue of such a device; its iface.driver starts with the struct hostdev. */
void hostdev_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n);
bool hostdev_queue_stats(const struct iface *ifc, unsigned i, struct iface_queue_stats *ret);

/* --- opening and closing; control lcore --- */

/* Options lcore=N and queues=N, UINT64_MAX where not given. 0, or -EINVAL with a line. */
int hostdev_check_lcore(const struct leat_stack *st, uint64_t lcore, char *ret_why, size_t why_len);
/* The next queue, with that descriptor. */
void hostdev_add_queue(struct hostdev *d, struct hostdev_queue *q, int fd);
/* Gives each queue its home: queue q goes to worker (lcore + q) mod n. lcore UINT64_MAX: a single queue is spread by `spread`,
 * several start at worker 0. */
void hostdev_place(struct hostdev *d, uint64_t lcore, unsigned spread);
/* After hostdev_place(): from here on queues are polled, and their descriptors wake their homes. 0 or -errno. */
int hostdev_start(struct hostdev *d);
/* After it returns nothing of the device runs on any lcore. */
void hostdev_stop(struct hostdev *d);
/* For iface_ops.describe: ",lcore=N,queues=N" as far as somebody asked for them. */
enum { HOSTDEV_WORDS = 40 };
const char *hostdev_words(const struct hostdev *d, char buf[HOSTDEV_WORDS]);

/* --- home lcore --- */

static inline struct worker *hostdev_worker(const struct hostdev_queue *q)
{
	return q->dev->st->worker[q->home];
}
/* Good frames that came in. Consumes. */
void hostdev_input(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n);
/* A frame that the device or its queue refused. Consumes. */
void hostdev_drop_tx(struct hostdev *d, struct worker *w, struct pkt *p, enum drop why);
/* Frames that were given to the device and did not leave. */
void hostdev_lost_tx(struct hostdev *d, struct worker *w, uint64_t n, enum drop why);
/* A frame that came in and is no good. Consumes. */
void hostdev_drop_rx(struct hostdev *d, struct worker *w, struct pkt *p, enum drop why);
/* Frames that came in and did not get as far as a packet. */
void hostdev_lost_rx(struct hostdev *d, struct worker *w, uint64_t n, enum drop why);
/* The device says that it is gone. Tells the control lcore. */
void hostdev_lost(struct hostdev_queue *q, struct worker *w);

/* iface_kind.open of the drivers; host.c lists them. */
int af_packet_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		   size_t why_len);
int af_xdp_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		size_t why_len);
int tap_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why, size_t why_len);

#endif
