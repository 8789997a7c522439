/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink requests made out of decisions, by the tables that families declare: message types, headers and attributes as their
 * policies want them, with values that mean something to a rich stack (rich.h); now and then one that is not as it should be. */
#ifndef LEAT_REQUEST_MAKE_H
#define LEAT_REQUEST_MAKE_H

#include "choice.h"
#include "nlmsg/family.h"

struct maker {
	struct choice *c;
	struct leat_stack *st;
	uint8_t pf; /* whom the netlink family serves, AF_UNSPEC: all */
	uint8_t family; /* of the message's header: how long its addresses are */
	const char *kind; /* of link: what IFLA_INFO_DATA holds */
	unsigned depth;
};

/* Appends a request for a row of f; type is the family's for generic netlink, or 0. */
void make_request(struct maker *m, struct nl_buf *b, const struct nl_family *f, uint16_t genl_type);

/* --- request_value.c --- */

/* The family's header, as long as the row says. */
void make_header(struct maker *m, const struct nl_family *f, uint16_t type, void *h, size_t len);
/* One attribute that the policy describes. */
void make_attr(struct maker *m, struct nl_buf *b, uint16_t type, const struct nl_policy *p);
/* First those that a request of that kind hardly ever goes without, then any. */
void make_usual(struct maker *m, struct nl_buf *b, const struct nl_policy *policy, uint16_t max_attr);
void make_attrs(struct maker *m, struct nl_buf *b, const struct nl_policy *policy, uint16_t max_attr);

#endif
