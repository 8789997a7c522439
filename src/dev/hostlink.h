/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says of an interface of the host, and when it changes. */
#ifndef LEAT_DEV_HOSTLINK_H
#define LEAT_DEV_HOSTLINK_H

#include "base/base.h"

struct hostlink {
	bool present, carrier; /* carrier: up, and a cable in it */
	uint32_t mtu;
	uint8_t mac[6];
	/* enum iface_feature: what the device has beyond sums and scatter lists, which need none. */
	uint32_t features;
	uint32_t speed; /* Mbit/s, or SPEED_UNKNOWN */
	uint8_t duplex, port; /* DUPLEX_*, PORT_* */
};

int hostlink_index(int sock, const char *ifname, unsigned *ret_ifindex); /* 0 or -ENODEV */
/* By any socket of the network namespace. 0, or -ENODEV when it is gone. */
int hostlink_read(int sock, unsigned ifindex, struct hostlink *ret);
/* How many receive queues it has; 1 when it does not say. */
unsigned hostlink_rx_queues(int sock, const char *ifname);
/* A non-blocking descriptor that becomes readable when links change, or -errno. */
int hostlink_watch(void);
/* Reads all that is there; true when any of it may be about ifindex (what was lost may be, too). */
bool hostlink_changed(int watch_fd, unsigned ifindex);

#endif
