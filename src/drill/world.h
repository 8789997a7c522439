/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack under test with its one interface, tun0, and the far side of it, which is the script: what is injected arrives on
 * tun0, what the stack sends there is caught with its time. */
#ifndef LEAT_DRILL_WORLD_H
#define LEAT_DRILL_WORLD_H

#include "core/manual.h"
#include "base/pcapng.h"
#include "drill/script.h"
#include "tcp/tcp.h"

struct caught {
	struct caught *next;
	uint64_t at_us;
	uint32_t len;
	uint8_t bytes[]; /* from the IP header on */
};
struct world {
	struct manual_rt *m;
	struct leat_stack *st;
	struct iface *tun;
	uint16_t mss; /* longer segments arrive as a device joins them (--mss); 0: none do */
	struct caught *first, **last; /* in the order of sending */
	bool lost; /* one that could not be kept */
	struct pcapng *capture; /* NULL: none */
	uint64_t zero_us; /* the script's time 0 on the clock */
	uint64_t counted[TCP_COUNTS]; /* as nstat saw it last */
};

/* Addresses, prefix and MTU from the script; a route to the remote address's network; a host, that is no forwarding. 0 or -errno. */
int world_new(const struct script *s, struct world **ret);
void world_free(struct world *w); /* NULL is welcome */

/* An IP packet arrives now. 0, -ENOMEM, -EMSGSIZE. */
int world_inject(struct world *w, const uint8_t *bytes, uint32_t len);
/* As world_take(), left where it is. */
const struct caught *world_peek(const struct world *w);
/* The next packet that was sent, for the caller to free(); NULL: none is there. What only keeps a link going (neighbour discovery,
 * group membership) is left out. */
struct caught *world_take(struct world *w);

#endif
