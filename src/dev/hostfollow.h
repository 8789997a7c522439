/* SPDX-License-Identifier: BSD-2-Clause */
/* leat's interface follows the host's that it stands on: carrier, MTU, address, what it can do. Control lcore. */
#ifndef LEAT_DEV_HOSTFOLLOW_H
#define LEAT_DEV_HOSTFOLLOW_H

#include "dev/hostdev.h"
#include "dev/hostlink.h"

struct hostfollow {
	struct hostdev *dev;
	int sock; /* a packet socket: what the interface listens to for it ends with it */
	char ifname[IFACE_NAME_MAX]; /* as given; the device may have been renamed since */
	unsigned ifindex;
	bool taken; /* from another process, with what the socket listens to; until it runs here */
	struct fd_watch watch;
	struct hostlink link; /* as last seen */
	/* The driver's: the longest MTU it carries when the interface's is mtu; enum iface_feature. */
	uint32_t (*mtu_most)(const struct hostdev *d, uint32_t mtu);
	uint32_t (*features)(const struct hostdev *d, const struct hostlink *link);
};

/* f is zeroed but for dev, sock, ifname, taken and the driver's functions. Looks at the interface, and from here on it takes every
 * multicast frame. 0 or -errno. */
int hostfollow_init(struct hostfollow *f);
/* Takes back what init did, if it did; the socket is the caller's to close. */
void hostfollow_done(struct hostfollow *f);
/* For struct iface_new: what the interface says of itself. */
void hostfollow_fill(const struct hostfollow *f, struct iface_new *how);
/* Once dev->ifc is there. 0 or -errno. */
int hostfollow_start(struct hostfollow *f);
void hostfollow_stop(struct hostfollow *f);
/* For iface_ops.link: as the interface says. */
bool hostfollow_link(const struct hostfollow *f, struct iface_link *ret);
/* For iface_ops.set_mac. */
int hostfollow_set_mac(struct hostfollow *f, const uint8_t mac[6]);

#endif
