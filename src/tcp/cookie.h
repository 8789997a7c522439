/* SPDX-License-Identifier: BSD-2-Clause */
/* SYN cookies: pure arithmetic. */
#ifndef LEAT_TCP_COOKIE_H
#define LEAT_TCP_COOKIE_H

#include "base/base.h"

struct sipkey;

/* A first sequence number that says the MSS; names: of both ends, len bytes; irs: the caller's number. */
uint32_t cookie_make(const struct sipkey *key, const void *names, size_t len, uint32_t irs, uint64_t now_us,
		     uint16_t mss);
/* The MSS (rounded down) of a cookie that is not too old; 0: it is none of ours. */
uint16_t cookie_mss(const struct sipkey *key, const void *names, size_t len, uint32_t irs, uint64_t now_us,
		    uint32_t cookie);

struct cookie_options {
	int8_t wscale; /* -1: none */
	bool sack, ecn;
};
/* Our time stamp with the options in it, at most 127 before now. */
uint32_t cookie_stamp(uint32_t now, const struct cookie_options *o);
struct cookie_options cookie_stamp_read(uint32_t stamp);

#endif
