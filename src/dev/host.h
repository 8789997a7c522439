/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers of host devices need of the process they live in: descriptors that take rights to open. leatd answers these
 * through its privileged helper; a program with the rights may do it itself. */
#ifndef LEAT_DEV_HOST_H
#define LEAT_DEV_HOST_H

#include "net/iface.h"

enum dev_hold_flags {
	/* Switch off receive offloads that make large frames, since there will be no virtio-net header to tell of them. */
	DEV_HOLD_PLAIN = 1,
	/* Attach an XDP program that hands frames to the queues' AF_XDP sockets: in the driver, or where it refuses (then ret_why
	 * tells why, though the call succeeds), or with DEV_HOLD_GENERIC at once, in front of the kernel's stack. */
	DEV_HOLD_XDP = 2,
	DEV_HOLD_GENERIC = 4,
};
/* In place of a queue's number, with DEV_HOLD_XDP: a descriptor that keeps the program attached, should whoever attached it be gone
 * before us. */
enum { DEV_QUEUE_KEEP = 0xffff };
enum dev_tap_flags { DEV_TAP_VNET_HDR = 1, DEV_TAP_MULTI_QUEUE = 2 };

struct fds;
struct loader;

struct dev_host {
	/* Control lcore; each call may take some milliseconds. */

	/* Makes the interface deaf and mute to the kernel and brings it up. A raw AF_PACKET socket that is not bound yet, or
	 * -errno with a line for a person in ret_why. flags: enum dev_hold_flags. */
	int (*hold_interface)(struct dev_host *h, const char *ifname, unsigned flags, char *ret_why,
			      size_t why_len);
	/* For queue number `queue` of a held interface: another such socket; with DEV_HOLD_XDP an AF_XDP socket that is to be
	 * bound to that queue of the device, in place of the one given before. umem_fd: memory that it is to have as its umem, in
	 * unaligned chunks of ARENA_FRAME_SIZE (who registers it needs the right to lock memory); -1: none. */
	int (*open_queue)(struct dev_host *h, const char *ifname, unsigned queue, int umem_fd, char *ret_why,
			  size_t why_len);
	/* Gives it back as it was. The socket should be closed by then. */
	void (*give_back)(struct dev_host *h, const char *ifname);
	/* A TAP device of that name, made or attached to; with DEV_TAP_MULTI_QUEUE each call gives another queue of it. Its
	 * descriptor, or -errno: -EINVAL when it exists and was made in the other way. flags: enum dev_tap_flags. */
	int (*open_tap)(struct dev_host *h, const char *ifname, unsigned flags, char *ret_why,
			size_t why_len);

	/* What another process handed over (hand.h), until it is all taken; NULL: nothing. */
	struct loader *handed;
	struct fds *handed_fds;

	struct iface_kind af_packet, af_xdp, tap; /* dev_host_register()'s */
};

/* Makes these kinds known to a stack, through this host, until the stack is freed. One stack a host. */
void dev_host_register(struct leat_stack *st, struct dev_host *host);

#endif
