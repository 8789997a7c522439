/* SPDX-License-Identifier: BSD-2-Clause */
/* Reassembly, the part that both families share. One table per family and worker: fragments of a datagram meet on one worker,
 * because what has no ports is spread by its addresses. */
#ifndef LEAT_IP_REASS_H
#define LEAT_IP_REASS_H

#include "ip/ip_internal.h"

enum {
	REASS_DATAGRAMS_MAX = 2048, /* begun in a table, forgotten ones that must stay forgotten included */
	REASS_PIECES_MAX = 256, /* of a datagram */
};

/* Whose fragments: RFC 791, 2.3, and RFC 8200, 4.5. All of it is hashed. */
struct reass_key {
	struct ipaddr src, dst;
	uint32_t in_if; /* where the addresses mean nothing without one, else 0 */
	uint32_t proto; /* IPv4; 0 for IPv6 */
	uint32_t id;
};
static_assert(sizeof(struct reass_key) == 44, "no holes");

/* A fragment: off and len of its payload in bytes, the payload being the packet's end. */
struct reass_piece {
	uint32_t off, len;
	bool more;
	uint8_t ecn; /* of its IP header, RFC 3168 */
};

/* What may be set, per family. */
struct reass_conf {
	uint32_t bytes_max; /* held by all workers' tables together */
	uint32_t timeout_s;
	uint32_t age_max; /* datagrams that a sender may begin after one; 0: any number */
};

/* What differs. */
struct reass_family {
	const char *node; /* whose drops they are */
	const char *error_node; /* "icmp4-error" */
	uint8_t exceeded; /* type of the ICMP error "reassembly time exceeded"; its code is 1 in both */
	unsigned hook; /* local-in of the family, where whole datagrams go */
	/* Makes the headers those of a whole datagram. A drop: there is no such. */
	enum drop (*finish)(struct pkt *whole, uint8_t ecn);
};

struct reass_table;

/* A fragment of at least a byte, off + len at most 65,535, len a multiple of 8 if there are more; data at the IP header. *t may
 * be NULL: the table is made; conf is borrowed while it lives. DROP_NONE: it is taken over, and *ret_whole is the datagram when it is complete: the first
 * fragment's headers as they came, the payload of all behind them, *ret_ecn what its ECN field is to be. Else the drop, and the
 * packet is still the caller's. */
enum drop reass_add(struct worker *w, const struct reass_family *fam, const struct reass_conf *conf,
		    struct reass_table **t, const struct reass_key *k, const struct reass_piece *piece,
		    struct pkt *p, struct pkt **ret_whole, uint8_t *ret_ecn);
/* Drops all that is held, by that name. NULL is welcome. */
void reass_drop_all(struct reass_table *t, enum drop why);
void reass_free(struct reass_table *t); /* holds nothing any more */

struct reass_counts {
	uint32_t datagrams, fragments;
	uint64_t bytes;
};
struct reass_counts reass_counts(const struct reass_table *t);

#endif
