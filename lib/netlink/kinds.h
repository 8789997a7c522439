/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of objects a cache keeps, as data. */
#ifndef LEAT_LIB_NETLINK_KINDS_H
#define LEAT_LIB_NETLINK_KINDS_H

#include "netlink/internal.h"

enum { KINDS = 6, KEY_MAX = 8192, KEY_ATTRS = 12, VOLATILE_ATTRS = 6 };

struct kind {
	enum leat_nl_kind kind;
	uint16_t new_type, del_type, get_type;
	uint8_t group[2]; /* RTNLGRP_*; 0: no second one */
	uint8_t header_bytes;
	uint16_t header_key; /* bits: which bytes of the header are part of what it is */
	uint16_t key[KEY_ATTRS]; /* attributes that are; ends with 0 */
	bool key_is_all; /* all of them are, but for the volatile ones */
	uint16_t volatile_attr[VOLATILE_ATTRS]; /* differ from dump to dump, so no difference */
	bool (*is_kept)(const struct nlmsghdr *h); /* NULL: all */
	/* Whether an event tells less than has happened, so that only a look tells. */
	bool (*is_vague)(const struct nlmsghdr *h);
	unsigned upset; /* enum leat_nl_kind: what changes silently along with one of these */
};
extern const struct kind kinds[KINDS];

/* The kind that a message is of, or NULL. */
const struct kind *kind_of(const struct nlmsghdr *h);
/* What tells it from others of its kind: bytes to compare. Their number. What is beyond KEY_MAX is not looked
 * at. */
size_t kind_key(const struct kind *k, const struct nlmsghdr *h, uint8_t *ret_key);
/* Whether two messages say the same about one object. */
bool kind_same(const struct kind *k, const struct nlmsghdr *a, const struct nlmsghdr *b);

#endif
