/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio-net header in front of a frame, and the offload state of a descriptor, which say the same. */
#ifndef LEAT_DEV_VNET_H
#define LEAT_DEV_VNET_H

#include <linux/virtio_net.h>

#include "pkt/pkt.h"

/* What a header says about p, whose data is at the Ethernet header and complete. DROP_BAD_OFFLOAD when that makes no sense;
 * the offload state is then untouched. */
enum drop vnet_parse(const struct virtio_net_hdr *h, struct pkt *p);
/* What a device has to be told of p. `shift` more bytes (an inserted tag) will stand in front of the headers. */
void vnet_emit(const struct pkt *p, unsigned shift, struct virtio_net_hdr *ret);
/* A frame of which is only known that its transport checksum is partial: finds it from the headers, for TCP and UDP right
 * behind IPv4 or IPv6. DROP_BAD_OFFLOAD for anything else. */
enum drop vnet_guess_partial(struct pkt *p);

#endif
