/* SPDX-License-Identifier: BSD-2-Clause */
/* The labels of RFC 6724's policy table: what source selection prefers to keep together (`ip addrlabel`). */
#ifndef LEAT_NET_ADDR_LABEL_H
#define LEAT_NET_ADDR_LABEL_H

#include "net/addr_internal.h"

struct addr_label {
	struct ip6 prefix;
	uint32_t ifindex; /* 0: of any interface */
	uint32_t label;
	uint8_t plen;
};
/* In the order in which they count. Replaced as a whole. */
struct addr_labels {
	struct deferred deferred;
	uint32_t n;
	struct addr_label row[];
};

enum { ADDR_LABEL_NONE = 0xffffffff };

/* Any worker, within a turn, or the control lcore. NULL: no row. */
const struct addr_label *addr_label_find(const struct addr_table *t, const struct ip6 *a, uint32_t ifindex);
static inline uint32_t addr_label_of(const struct addr_table *t, const struct ip6 *a, uint32_t ifindex)
{
	const struct addr_label *l = addr_label_find(t, a, ifindex);
	return l ? l->label : ADDR_LABEL_NONE;
}

/* --- control lcore --- */

int addr_labels_init(struct leat_stack *st); /* Linux's table; 0, -ENOMEM */
void addr_labels_free(struct leat_stack *st); /* nobody reads any more */
int addr_label_add(struct leat_stack *st, const struct addr_label *l,
		   bool replace); /* -EEXIST, -EINVAL, -ENOMEM */
int addr_label_delete(struct leat_stack *st,
		      const struct addr_label *l); /* by prefix and interface; -ESRCH, -ENOMEM */
uint32_t addr_label_seq(const struct leat_stack *st); /* grows with every row that is added */

void addr_labels_save(struct leat_stack *st, struct saver *s);
int addr_labels_restore(struct leat_stack *st, struct loader *l);

extern const struct nl_family addr_label_family; /* addr_label_ctl.c: RTM_*ADDRLABEL */

#endif
