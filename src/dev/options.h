/* SPDX-License-Identifier: BSD-2-Clause */
/* The "key=value,..." behind `--dev KIND:NAME,`: each kind lists its keys in a table. */
#ifndef LEAT_DEV_OPTIONS_H
#define LEAT_DEV_OPTIONS_H

#include "base/base.h"

enum dev_option_type {
	DEV_OPT_U64, /* uint64_t within min..max */
	DEV_OPT_BOOL, /* bool: 0 or 1 */
	DEV_OPT_STR, /* char[max], cut by nothing: longer is an error */
	DEV_OPT_MAC, /* uint8_t[6]: a station's address */
};

struct dev_option {
	const char *key; /* NULL ends the table */
	enum dev_option_type type;
	size_t at; /* offset in what is filled in */
	uint64_t min, max;
};

/* Writes what `text` says into `to`; what it does not name stays. 0 or -EINVAL with a line in *ret_why. */
int dev_options(const struct dev_option *table, const char *text, void *to, char *ret_why, size_t why_len);

#endif
