/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP (RFC 9293): segments and options, no states. */
#ifndef LEAT_WIRE_TCP_H
#define LEAT_WIRE_TCP_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

struct tcp_hdr {
	be16 sport, dport;
	be32 seq, ack;
	be16 off_flags; /* header length in 4-byte words in the upper 4 bits */
	be16 window, csum, urgent;
};
static_assert(sizeof(struct tcp_hdr) == 20, "as on the wire");

enum { TCP_HDR_MAX = 60, TCP_OPTIONS_LEN_MAX = 40 };
enum tcp_flag { /* in off_flags */
		TCP_F_FIN = 0x001,
		TCP_F_SYN = 0x002,
		TCP_F_RST = 0x004,
		TCP_F_PSH = 0x008,
		TCP_F_ACK = 0x010,
		TCP_F_URG = 0x020,
		TCP_F_ECE = 0x040,
		TCP_F_CWR = 0x080,
		TCP_F_AE = 0x100, /* RFC 9768 */
		TCP_F_MASK = 0xfff, /* reserved ones included */
};

static inline unsigned tcp_hdr_len(const struct tcp_hdr *h)
{
	return (be16_get(h->off_flags) >> 12) * 4u;
}
static inline unsigned tcp_flags(const struct tcp_hdr *h)
{
	return be16_get(h->off_flags) & TCP_F_MASK;
}

struct tcp_msg {
	uint16_t sport, dport;
	seq32 seq, ack;
	uint16_t flags, window, urgent;
	uint16_t csum; /* as it stands */
	struct cursor options, body;
};
/* The checksum is not looked at: pkt_csum_ok() knows whether that is needed. */
enum drop tcp_parse(struct cursor c, struct tcp_msg *ret_msg);
/* The header with its options, padded to a multiple of 4; returns its length, 0 for more than 40 bytes of options. */
unsigned tcp_emit(const struct tcp_msg *m, uint8_t to[static TCP_HDR_MAX]);
void tcp_print(struct cursor c, struct text *to);

enum tcp_option {
	TCP_OPT_END = 0,
	TCP_OPT_NOP = 1,
	TCP_OPT_MSS = 2,
	TCP_OPT_WSCALE = 3,
	TCP_OPT_SACK_OK = 4,
	TCP_OPT_SACK = 5,
	TCP_OPT_STAMP = 8,
	TCP_OPT_MD5 = 19, /* RFC 2385 */
	TCP_OPT_FASTOPEN = 34, /* RFC 7413 */
	TCP_OPT_EXP = 254, /* RFC 6994: a magic number follows */
};
struct tcp_opt {
	uint8_t kind, len; /* len: data bytes */
	const uint8_t *data; /* in place or in buf: good as long as this and the segment are */
	uint8_t buf[TCP_OPTIONS_LEN_MAX];
};
/* Takes the next option that is not padding. False at the end, and at one whose length does not hold: what is behind it
 * cannot be understood (RFC 9293, 3.1: it must not crash; Linux: stops there and uses what came before). */
bool tcp_opt_next(struct cursor *c, struct tcp_opt *ret_opt);

#endif
