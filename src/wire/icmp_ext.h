/* SPDX-License-Identifier: BSD-2-Clause */
/* What may follow the quoted packet of an ICMP error, in both families (RFC 4884), and the object that says by which interface
 * that packet came (RFC 5837). */
#ifndef LEAT_WIRE_ICMP_EXT_H
#define LEAT_WIRE_ICMP_EXT_H

#include "base/bytes.h"
#include "base/cursor.h"

struct icmp_ext_hdr { /* RFC 4884, 7 */
	uint8_t version, reserved; /* version in the upper half of its byte */
	be16 csum;
};
struct icmp_ext_object { /* RFC 4884, 8 */
	be16 len; /* this header's included */
	uint8_t class_num, c_type;
};
static_assert(sizeof(struct icmp_ext_hdr) == 4 && sizeof(struct icmp_ext_object) == 4, "as on the wire");

enum {
	ICMP_EXT_VERSION = 2,
	ICMP_EXT_QUOTE_MIN =
		128, /* RFC 4884, 3: where something follows, the packet is quoted at least so far, or filled up */
	ICMP_EXT_AFI_IP4 = 1, /* address families as IANA numbers them */
	ICMP_EXT_AFI_IP6 = 2,
};

/* The bytes that an error with this second word quotes, filling included; 0: it does not say. */
uint32_t icmp4_ext_quoted(uint8_t type, uint32_t info);
uint32_t icmp6_ext_quoted(uint8_t type, uint32_t info);
/* The second word of an error that quotes ICMP_EXT_QUOTE_MIN bytes; as it was for types that nothing may follow: *ret_may. */
uint32_t icmp4_ext_info(uint8_t type, uint32_t info, bool *ret_may);
uint32_t icmp6_ext_info(uint8_t type, uint32_t info, bool *ret_may);

/* Is what the cursor holds sound: checksum and objects that end where it ends? Of another version nothing is known, which is sound. */
bool icmp_ext_ok(struct cursor c);

/* RFC 5837, 4: the interface a packet came by. */
struct icmp_ext_iface {
	uint32_t ifindex, mtu;
	uint8_t family; /* of addr: AF_INET, AF_INET6; 0: none */
	struct ipaddr addr;
	const char *name; /* up to 15 bytes */
};
enum { ICMP_EXT_IFACE_MAX = 4 + 4 + 4 + 20 + 16 + 4 };
/* The whole extension: header, checksum and this object. Returns its length. */
uint32_t icmp_ext_emit_iface(const struct icmp_ext_iface *i, uint8_t to[ICMP_EXT_IFACE_MAX]);

#endif
