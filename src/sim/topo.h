/* SPDX-License-Identifier: BSD-2-Clause */
/* A simulation from a text file; docs/howto/write-a-simulation.md shows the language. */
#ifndef LEAT_SIM_TOPO_H
#define LEAT_SIM_TOPO_H

#include <stdio.h>

#include "base/base.h"

struct topo_opts {
	const char *path;
	const char *text; /* what the file says; NULL: it is read */
	size_t text_len;
	uint64_t seed;
	const char *pcap_dir; /* NULL: none */
	const char *trace; /* a filter; NULL: none */
	const char *leat; /* this program, to be started again as `leat run`; NULL: by the path */
	unsigned workers; /* of nodes that do not say; 0: 1 */
	FILE *out, *err; /* err: NULL: standard error */
	bool no_ip; /* lines for `ip` are read and not done */
	uint64_t run_max_us, events_max; /* 0: as long as the file says; see struct sim_opts */
};
enum topo_result { TOPO_PASSED = 0, TOPO_FAILED = 1, TOPO_BAD = 2 };

/* Plays the file and prints what happened. FAILED: an expectation did not hold. BAD: a line of the file, told on standard
 * error. */
enum topo_result topo_play(const struct topo_opts *o);

#endif
