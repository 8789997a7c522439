/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 options as sockets write and read them (IP_OPTIONS, IP_RETOPTS). For other rooms. */
#ifndef LEAT_IP4_OWN_OPTIONS_H
#define LEAT_IP4_OWN_OPTIONS_H

#include "core/stack.h"
#include "wire/ip4.h"

/* Those of packets of ours, as they were written. */
struct ip4_own_options {
	uint8_t len; /* a multiple of 4 */
	uint8_t bytes[IP4_OPTIONS_MAX];
	be32 hop; /* a source route's first: where the packet goes; 0: there is none */
};

/* privileged: may write what nobody here understands. 0 or -EINVAL. */
int ip4_own_options_take(const void *from, size_t len, bool privileged, struct ip4_own_options *ret);
/* As they go into a packet from src that is in the end for dst: o->len bytes. */
void ip4_own_options_put(const struct worker *w, const struct ip4_own_options *o, be32 src, be32 dst,
			 uint8_t *to);
/* What to write to answer a packet that was received: how many bytes; negative: such options cannot be answered. */
int ip4_own_options_answer(const struct worker *w, const struct ip4_hdr *was,
			   uint8_t to[static IP4_OPTIONS_MAX]);

#endif
