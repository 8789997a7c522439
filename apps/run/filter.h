/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls of a run are looked at, as data. */
#ifndef LEAT_RUN_FILTER_H
#define LEAT_RUN_FILTER_H

#include <stddef.h>
#include <stdint.h>

struct sock_filter;

enum filter_if {
	IF_ANY,
	IF_EQ, /* the argument's low 32 bits, which is all that the kernel looks at in an int */
	IF_BITS, /* any of these bits of the low 32 */
	IF_PAGE, /* the low 32 bits but for the lowest 8 are val */
	IF_SET, /* all 64 bits: not 0 */
};

struct filter_rule {
	uint32_t nr;
	uint8_t arg;
	enum filter_if cond;
	uint32_t val;
	uint32_t then; /* SECCOMP_RET_*; the first rule that holds decides, a call without one is allowed */
};

/* prctl() of this option is answered by the supervisor: (buf, len) gets the name of the daemon. */
enum { FILTER_PRCTL_INSIDE = 0x7465656c };

/* Assembles the program into at most max instructions: their number, or 0 when they do not fit. */
size_t filter_build(struct sock_filter *to, size_t max);

#endif
