/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums of packets by descriptor state (W:O3): what somebody has summed is not summed again. */
#ifndef LEAT_PKT_CSUM_H
#define LEAT_PKT_CSUM_H

#include "pkt/pkt.h"

/* Does the transport checksum that covers [l4_off, l4_off + l4_len) hold? pseudo is csum_pseudo4/6 of the addresses,
 * protocol and length (0 for ICMPv4), in host order, not folded. Partial and unnecessary say yes without reading. */
bool pkt_csum_ok(struct pkt *p, uint32_t pseudo, uint32_t l4_len);
/* Completes a partial checksum in place: at the edge, for devices that cannot. DROP_NONE or why not. */
enum drop pkt_csum_finish(struct pkt *p);
/* For what this stack sends: the field at l4_off + off gets the folded pseudo sum and the state becomes partial. */
void pkt_csum_defer(struct pkt *p, uint32_t pseudo, uint16_t off);
/* A header byte range changed under a complete or partial sum: nothing to do for partial; drops complete to none. */
static inline void pkt_csum_headers_changed(struct pkt *p)
{
	if (p->csum == PKT_CSUM_COMPLETE)
		p->csum = PKT_CSUM_NONE;
}

#endif
