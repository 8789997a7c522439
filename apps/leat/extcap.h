/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures: what `leat capture` and Wireshark may ask for. */
#ifndef LEAT_LEAT_EXTCAP_H
#define LEAT_LEAT_EXTCAP_H

#include <stdbool.h>
#include <stdint.h>

#include "leat/leat.h"

struct capture_opts {
	const char *daemon, *dev, *node, *path; /* NULL: not said; path: lines are printed */
	uint32_t what; /* enum leat_capture_what */
	uint32_t snap;
	uint64_t count; /* 0: no end */
	bool quiet;
	char filter[4096];
};
int capture_run(const struct capture_opts *o); /* exit status */
int capture_check_filter(const char *text); /* 0, or 1 after a line */

/* Wireshark's protocol with programs that capture (extcap(4)). */
bool extcap_is_wanted(char **argv);
int extcap_run(char **argv);

#endif
