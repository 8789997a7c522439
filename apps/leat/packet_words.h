/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet in words: "from 10.0.0.1 to 10.1.2.3 udp sport 5 dport 53 ttl 1 len 100". */
#ifndef LEAT_LEAT_PACKET_WORDS_H
#define LEAT_LEAT_PACKET_WORDS_H

#include "base/base.h"

enum { PACKET_WORDS_MAX = 60000 };

struct packet_words {
	/* Read by packet_words_read(): what is said beside the packet itself. */
	const char *oif; /* NULL: nothing */
	uint32_t mark, uid, worker;
	/* The frame, or with `framed` false the packet from its IP header on. */
	uint32_t len;
	uint8_t bytes[PACKET_WORDS_MAX];
};

/* framed: it comes in by an interface whose address is `mac`, so there is an Ethernet header in front and checksums are right; else
 * the stack makes it, and fills them in. 0, or -EINVAL with a line in ret_why. */
int packet_words_read(char *const *words, int n, bool framed, const uint8_t mac[6], struct packet_words *ret,
		      char *ret_why, size_t why_len);
/* Hexadecimal digits, with blanks, colons, line ends and "0x" between them as they come. */
int packet_hex_read(char *const *words, int n, struct packet_words *ret, char *ret_why, size_t why_len);

#endif
