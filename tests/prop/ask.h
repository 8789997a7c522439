/* SPDX-License-Identifier: BSD-2-Clause */
/* How deeds ask a node over netlink, one request a socket; that each is answered once is checked there (config.c). */
#ifndef LEAT_PROP_ASK_H
#define LEAT_PROP_ASK_H

#include "netlink/nl_sock.h"
#include "prop.h"

enum { ASK_ROOM = 512 };

struct message {
	struct nl_buf b;
	uint8_t room[ASK_ROOM] __attribute__((aligned(8)));
};

/* The fixed header, of len bytes and zero, to be filled in. */
void *ask_begin(struct message *m, uint16_t type, unsigned flags, size_t len);
void ask_put_addr(struct message *m, uint16_t type, const struct prop_addr *a);
int ask(struct world *w, unsigned node,
	struct nl_buf *b); /* 0 or -errno: refusals are fine, plans are random */
/* An address of that end's interface, which has it or not. */
void ask_addr(struct world *w, unsigned node, uint32_t ifindex, const struct prop_addr *a, unsigned flags,
	      bool del);

#endif
