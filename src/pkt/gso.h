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
/* Splits p (consumed, on success and failure) into *ret: headers copied, payload shared, ids, lengths, sequence numbers,
 * FIN/PSH/CWR placed as RFC 9293 and Linux do, each segment's checksum partial. l2_off/l3_off/l4_off must be set. */
enum drop pkt_gso_split(struct lcore *lc, struct pkt *p, struct pkt_queue *ret);

#endif
