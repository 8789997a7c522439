/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers of host devices need of the process they live in: descriptors that take rights to open. leatd answers these
 * through its privileged helper; a program with the rights may do it itself. */
#ifndef LEAT_DEV_HOST_H
#define LEAT_DEV_HOST_H

#include "net/iface.h"

struct dev_host {
	/* Control lcore; each call may take some milliseconds. */

	/* Makes the interface deaf and mute to the kernel and brings it up. A raw AF_PACKET socket that is not bound yet, or
	 * -errno with a line for a person in ret_why. plain: switch off receive offloads that make large frames, since there
	 * will be no virtio-net header to tell of them. */
	int (*hold_interface)(struct dev_host *h, const char *ifname, bool plain, char *ret_why,
			      size_t why_len);
	/* Gives it back as it was. The socket should be closed by then. */
	void (*give_back)(struct dev_host *h, const char *ifname);
	/* A TAP device of that name, made or attached to. Its descriptor, or -errno. */
	int (*open_tap)(struct dev_host *h, const char *ifname, bool vnet_hdr, char *ret_why, size_t why_len);

	struct iface_kind af_packet, tap; /* dev_host_register()'s */
};

/* Makes the kinds "af_packet" and "tap" known to a stack, through this host, until the stack is freed. One stack a host. */
void dev_host_register(struct leat_stack *st, struct dev_host *host);

#endif
