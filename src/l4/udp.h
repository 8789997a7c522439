/* SPDX-License-Identifier: BSD-2-Clause */
/* What UDP and UDP-Lite count, under the names of /proc/net/snmp. */
#ifndef LEAT_L4_UDP_H
#define LEAT_L4_UDP_H

#include "core/stack.h"

enum udp_count {
	UDP_N_IN_DATAGRAMS, /* that somebody read */
	UDP_N_NO_PORTS,
	UDP_N_IN_ERRORS, /* all that follows but those that left, too */
	UDP_N_OUT_DATAGRAMS,
	UDP_N_RCVBUF_ERRORS,
	UDP_N_SNDBUF_ERRORS,
	UDP_N_IN_CSUM_ERRORS,
	UDP_N_IGNORED_MULTI,
	UDP_N_MEM_ERRORS,
	UDP_COUNTS
};

/* Over all workers. Any thread. family: of the packets. */
uint64_t udp_counted(const struct leat_stack *st, bool lite, uint8_t family, enum udp_count n);

#endif
