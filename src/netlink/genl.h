/* SPDX-License-Identifier: BSD-2-Clause */
/* For the families of generic netlink, wherever their modules are. */
#ifndef LEAT_NETLINK_GENL_H
#define LEAT_NETLINK_GENL_H

#include "nlmsg/nlmsg.h"

/* Starts an answer or message. */
void genl_begin(struct nl_buf *b, uint16_t id, uint8_t cmd, uint8_t version, uint16_t flags, uint32_t seq,
		uint32_t portid);

#endif
