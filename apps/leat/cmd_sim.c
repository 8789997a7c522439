/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/leat.h"
#include "sim/topo.h"
#include "sim/units.h"

enum { BAD_USAGE = 2, WORKERS_MAX = 16 };

static bool read_seed(const char *s, uint64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

/* 0, or what is wrong. */
static const char *read_option(char *const *argv, struct topo_opts *o)
{
	if (!argv[1])
		return "needs a value";
	if (!strcmp(argv[0], "--seed"))
		return read_seed(argv[1], &o->seed) ? NULL : "needs a number";
	if (!strcmp(argv[0], "--workers"))
		return unit_u32(argv[1], 1, WORKERS_MAX, &o->workers) ? NULL : "needs a number from 1 to 16";
	if (!strcmp(argv[0], "--trace")) {
		o->trace = argv[1];
		return NULL;
	}
	if (strcmp(argv[0], "--pcap") != 0)
		return "is unknown (see leat sim --help)";
	o->pcap_dir = argv[1];
	return NULL;
}

static int run(const struct leat_args *a)
{
	struct topo_opts o = { .seed = 1, .leat = "/proc/self/exe", .out = stdout };
	for (char **argv = a->argv; *argv; argv++) {
		const char *why = NULL;
		if ((*argv)[0] != '-' && !o.path) {
			o.path = *argv;
			continue;
		}
		why = (*argv)[0] == '-' ? read_option(argv, &o) : "is one file too many";
		if (why) {
			leat_error("sim: %s %s", *argv, why);
			return BAD_USAGE;
		}
		argv++;
	}
	if (!o.path) {
		leat_error("sim: no file given (see leat sim --help)");
		return BAD_USAGE;
	}
	return (int)topo_play(&o);
}

const struct leat_command cmd_sim = {
	.name = "sim",
	.usage = "FILE [--seed N] [--workers N] [--pcap DIR] [--trace FILTER]",
	.what = "play a network of leats in virtual time",
	.help = "FILE describes nodes, wires, what `ip` is to configure, faults, pings and what is expected "
		"of them;\n"
		"docs/howto/write-a-simulation.md shows how. The same FILE, seed and workers give the same "
		"run: "
		"the digest\n"
		"printed at the end is over everything sent.\n\n"
		"  --seed N      where all randomness comes from (default 1)\n"
		"  --workers N   of nodes that do not say (default 1)\n"
		"  --pcap DIR    writes a capture of each wire into DIR\n"
		"  --trace FILTER   follows the packets that match (pcap-filter(7); '' for all) through "
		"every node "
		"and wire\n\n"
		"Exit status: 0 all held, 1 an expectation did not, 2 FILE or the command line is wrong.\n",
	.run = run,
	.own_options = true,
};
