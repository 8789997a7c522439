/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting a packet into fragments, what both families share. Room-internal. */
#ifndef LEAT_IP_FRAG_H
#define LEAT_IP_FRAG_H

#include "ip/ip_internal.h"

enum ip_frag_next { IP_FRAG_POST = 1 }; /* the edge of ip4-frag and ip6-frag by which fragments leave */

/* A fragment: its header, and the payload's bytes [at, at + len). NULL without a buffer. */
typedef struct pkt *ip_cut_fn(struct worker *w, const struct pkt *p, const void *how, uint32_t at,
			      uint32_t len);

/* From inside the node's run: cuts `body` bytes of payload in steps (a multiple of 8) and sends the fragments on: all of them or none,
 * for a part would only use the link. DROP_NONE or DROP_NO_BUFFER; p stays the caller's. */
enum drop ip_frag_all(struct worker *w, const struct pkt *p, uint32_t body, uint32_t step, ip_cut_fn *cut,
		      const void *how);
/* What a fragment, whose header of hdr_len bytes stands at data, has from the packet it was cut from. */
void ip_frag_inherit(struct pkt *f, const struct pkt *p, uint32_t hdr_len);

#endif
