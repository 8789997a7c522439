/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of RFC 4293 that neither the packets of a node nor drops by reason tell: ICMP by type, and what is made anew. One set per
 * family and worker, of modules ip4 and ip6.
 * Written by its worker; read by any thread: ip_count(). Saved by its module; the first worker then carries it. */
#ifndef LEAT_IP_COUNT_H
#define LEAT_IP_COUNT_H

#include "core/stack.h"

struct pkt;
struct saver;
struct loader;

/* Types 0 to 31, and 128 to 159; others have no number of their own. */
enum { IP_COUNT_TYPES = 64 };
struct ip_counts {
	uint64_t icmp_in[IP_COUNT_TYPES], icmp_out[IP_COUNT_TYPES];
	uint64_t icmp_out_all, reass_ok, frag_created;
	uint64_t direct; /* of this stack's, that went past ip6-output */
};
struct ip_counts *ip_counts(const struct worker *w, uint8_t family); /* NULL: no such module */

/* -1: it has none. */
static inline int ip_count_slot(uint8_t type)
{
	return type & 0x60 ? -1 : (type & 0x80) >> 2 | (type & 0x1f);
}
static inline uint8_t ip_count_type(unsigned slot)
{
	return (uint8_t)((slot & 0x20) << 2 | (slot & 0x1f));
}
void ip_count_icmp_in(struct worker *w, uint8_t family, uint8_t type);
/* A message of this stack's, of protocol `proto`, that is on its way: ICMP counts. */
void ip_count_out(struct worker *w, uint8_t family, const struct pkt *p, uint8_t proto);

/* The sum over workers of the number that lies at `at` in struct ip_counts. */
uint64_t ip_count(const struct leat_stack *st, uint8_t family, size_t at);

int ip_count_save(struct leat_stack *st, struct saver *s, uint8_t family);
int ip_count_restore(struct leat_stack *st, struct loader *l, uint8_t family);

#endif
