/* SPDX-License-Identifier: BSD-2-Clause */
/* Who reads what a stack answers to a netlink socket, and holds that all of it is well-formed. */
#ifndef LEAT_ANSWERS_H
#define LEAT_ANSWERS_H

#include <stdbool.h>

#include "netlink/nl_sock.h"

/* ctx of answers_ops. */
struct receiver {
	unsigned room; /* datagrams until it is full */
	bool verbose; /* print them */
	bool generic; /* they are generic netlink's, whose controller has the number of RTM_NEWLINK */
};

extern const struct nl_sock_ops answers_ops;

#endif
