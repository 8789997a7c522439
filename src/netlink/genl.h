/* SPDX-License-Identifier: BSD-2-Clause */
/* For the families of generic netlink, wherever their modules are. */
#ifndef LEAT_NETLINK_GENL_H
#define LEAT_NETLINK_GENL_H

#include "nlmsg/family.h"

/* Starts an answer or message. */
void genl_begin(struct nl_buf *b, uint16_t id, uint8_t cmd, uint8_t version, uint16_t flags, uint32_t seq,
		uint32_t portid);

/* The number of a family of some module of st; 0: none has it. */
uint16_t genl_family_id(const struct leat_stack *st, const struct nl_family *f);

#endif
