/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of bounded length: what printers write into. Never more than `size` bytes with the terminating zero; what does not
 * fit is left out and remembered. */
#ifndef LEAT_WIRE_TEXT_H
#define LEAT_WIRE_TEXT_H

#include "base/bytes.h"

struct text {
	char *p; /* always a proper string, when size > 0 */
	size_t size, len;
	bool cut; /* something did not fit */
};

static inline struct text text_of(char *p, size_t size)
{
	if (size)
		p[0] = 0;
	return (struct text){ .p = p, .size = size };
}
void text_add(struct text *t, const char *fmt, ...) printf_like(2, 3);

/* Addresses. Each `*_text` fills `to` and returns it; the longest one has a place for its terminating zero. */
enum { IP4_TEXT_MAX = 16, IP6_TEXT_MAX = 46, MAC_TEXT_MAX = 18 };

const char *ip4_text(be32 a, char to[static IP4_TEXT_MAX]);
const char *ip6_text(const struct ip6 *a, char to[static IP6_TEXT_MAX]); /* RFC 5952 */
const char *mac_text(const uint8_t a[6], char to[static MAC_TEXT_MAX]);

/* The whole string must be an address; false, and *ret untouched, when it is not. */
bool ip4_from_text(const char *s, be32 *ret);
bool ip6_from_text(const char *s, struct ip6 *ret);
bool mac_from_text(const char *s, uint8_t ret[6]); /* "02:00:5e:10:00:01", one or two digits each */

void text_ip4(struct text *t, be32 a);
void text_ip6(struct text *t, const struct ip6 *a);
void text_mac(struct text *t, const uint8_t a[6]);

#endif
