/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the interface table share. */
#ifndef LEAT_NET_IFACE_INTERNAL_H
#define LEAT_NET_IFACE_INTERNAL_H

#include "net/rx_split.h"

enum { IFACE_SLOTS = 1 << IFACE_SLOT_BITS, IFACE_GENS = 1 << (32 - IFACE_SLOT_BITS) };
enum { IFACE_FIRST_SLOTS = 16 };

/* Who says where payload begins. Read: any worker.   Write: control lcore, workers between turns. */
enum { RX_SPLIT_RULES_MAX = 32 };
struct rx_splits {
	unsigned n;
	struct rx_split_rule rule[RX_SPLIT_RULES_MAX];
};

/* Control lcore, but for splits, and input_node, which is set before there is an interface to take input from. */
struct iface_stack {
	struct iface_table *table; /* the published one */
	uint16_t *gen; /* [table->n]: the last generation each slot has had */
	/* Where the search for a free one begins, so that a slot rests before it comes again. */
	uint32_t next_slot;
	uint32_t last_ifindex;
	/* Of the interface a saved stack is reopening; else 0 and NULL. Its device knows the name from before it was renamed. */
	uint32_t want_ifindex;
	const char *want_name;
	bool want_quiet; /* iface.quiet of those to come */
	unsigned n_carrier_news,
		holding; /* iface_set_up() in iface_set_up(): carrier_news is for the outermost */
	const struct iface *cycled; /* iface_cycle() takes it down and up again; or NULL */
	uint8_t cycled_state; /* its operstate before */
	struct list ifaces; /* struct iface.link, by ifindex */
	struct hash by_index, by_name;
	unsigned n_altnames;
	struct list watches, kinds;
	uint16_t input_node;
	struct rx_splits splits;
	struct iface_conf conf; /* "default" */
};

static inline struct iface_stack *iface_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_iface);
}

/* iface.c */
void iface_send_event(struct iface *i, enum iface_event e); /* to all who watch, in their order */
/* A quiet one is whole: now it is told of, and comes up if that is wanted. What iface_set_up() says. */
int iface_announce(struct iface *i, bool up);

/* Down and up again, so that all that depends on it comes anew. Linux: cycle_netdev(); what follows from carriers happens once, after. */
int iface_cycle(struct iface *i);

/* iface_oper.c */
/* Everything that follows from IFF_UP and carrier. Returns the flags that changed. */
uint32_t iface_settle(struct iface *i, bool up);
void iface_hold(struct leat_stack *st); /* what follows from carriers waits */
void iface_release(struct leat_stack *st, struct iface *first); /* and happens */
bool iface_set_operstate(struct iface *i, uint8_t wish); /* IFLA_OPERSTATE. Whether it changed */

/* iface_name.c */
bool iface_name_valid(const char *name); /* as Linux's dev_valid_name() */
/* Writes what an interface asking for `pattern` is called: itself, or with the lowest free number for "%d". 0, -EINVAL, -EEXIST,
 * -ENFILE. */
int iface_name_take(struct leat_stack *st, const char *pattern, char ret[IFACE_NAME_MAX]);

/* iface_input.c */
extern const struct node iface_input_node;

/* iface_save.c */
int iface_save(struct leat_stack *st, struct saver *s);
int iface_restore(struct leat_stack *st, struct loader *l);

#endif
