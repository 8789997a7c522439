/* SPDX-License-Identifier: BSD-2-Clause */
/* Running scripts. */
#ifndef LEAT_DRILL_DRILL_H
#define LEAT_DRILL_DRILL_H

#include "drill/script.h"

enum drill_outcome { DRILL_PASSED, DRILL_FAILED, DRILL_SKIPPED };

/* How scripts are played. All of it may be NULL or 0. */
struct drill_how {
	void (*tell)(void *ctx,
		     const char *line); /* what went on (--verbose), what was let pass (--non_fatal) */
	void *ctx;
	uint64_t stops_max; /* of the clock, until a script takes too long; 0: many */
	const char *pcap; /* a file for what went over the wire: pcapng */
};

/* Plays a script on a stack of its own. When it does not pass, the text says where and why: a line, or, when packets differ, the
 * expected and the actual one in lines below each other. */
enum drill_outcome drill_play(const struct script *s, const struct drill_how *how, char *ret_why,
			      size_t why_len);
static inline enum drill_outcome drill_run(const struct script *s, char *ret_why, size_t why_len)
{
	static const struct drill_how quietly;
	return drill_play(s, &quietly, ret_why, why_len);
}

#endif
