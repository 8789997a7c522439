/* SPDX-License-Identifier: BSD-2-Clause */
/* Segmentation at the edge (W:B13): inside the stack packets are as large as they can be; a device that cannot split them
 * itself gets them split here. */
#ifndef LEAT_PKT_GSO_H
#define LEAT_PKT_GSO_H

#include "pkt/pkt.h"

static inline bool pkt_is_gso(const struct pkt *p)
{
	return (p->gso & PKT_GSO_TYPE_MASK) != PKT_GSO_NONE;
}
/* The L3 length of the longest segment this packet will become (its own L3 length when it is not segmentable): what is
 * compared with an MTU. */
uint32_t pkt_gso_l3_len(const struct pkt *p);
/* How many of gso_size its payload makes, by what the packet says of itself; for counters. */
static inline uint32_t pkt_gso_count(const struct pkt *p)
{
	uint32_t hdr = (uint32_t)(p->l4_off - p->headroom), bytes = p->len > hdr ? p->len - hdr : 0;
	return p->gso_segs ? p->gso_segs : p->gso_size ? bytes / p->gso_size + 1 : 1;
}
/* Splits p into segments appended to *ret: headers copied, payload shared (copied and counted where its home is another
 * lcore), ids, lengths, sequence numbers, FIN/PSH/CWR placed as RFC 9293 and Linux do, each segment's checksum partial.
 * l3_off and l4_off must be set. Consumes p on success; on failure p is as it was, for the caller to drop by that name. A
 * packet that fits in one segment comes out as it is, no longer segmentable. */
enum drop pkt_gso_split(struct lcore *lc, struct pkt *p, struct pkt_queue *ret);
/* For devices that take no fragments: all bytes into the first piece, counted as copied. False when they do not fit. */
bool pkt_linearise(struct lcore *lc, struct pkt *p);

/* Of one packet: 64 KB at a segment size of 64; beyond is an attack, not a transfer. */
enum { PKT_GSO_SEGS_MAX = 1024 };

#endif
