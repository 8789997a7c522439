/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/leat.h"
#include "sim/topo.h"
#include "sim/units.h"

enum { BAD_USAGE = 2, WORKERS_MAX = 16, OPT_SEED = 256, OPT_WORKERS, OPT_PCAP, OPT_TRACE };

static bool read_seed(const char *s, uint64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

/* NULL, or what is wrong with the value. */
static const char *take_option(struct topo_opts *o, int id, const char *value)
{
	switch (id) {
	case OPT_SEED:
		return read_seed(value, &o->seed) ? NULL : "--seed needs a number";
	case OPT_WORKERS:
		return unit_u32(value, 1, WORKERS_MAX, &o->workers) ? NULL
								    : "--workers needs a number from 1 to 16";
	case OPT_TRACE:
		o->trace = value;
		return NULL;
	default:
		o->pcap_dir = value;
		return NULL;
	}
}

static int run(struct leat_args *a)
{
	struct topo_opts o = { .seed = 1, .leat = "/proc/self/exe", .out = stdout };
	int id;

	while ((id = leat_option(a)) > 0) {
		const char *why = take_option(&o, id, a->value);
		if (why) {
			leat_error("sim: %s", why);
			return BAD_USAGE;
		}
	}
	if (id < 0)
		return leat_bad_usage(a);
	if (a->argc > 1) {
		leat_error("sim: %s is one file too many", a->argv[1]);
		return BAD_USAGE;
	}
	o.path = a->argv[0];
	if (!o.path) {
		leat_error("sim: no file given (see leat sim --help)");
		return BAD_USAGE;
	}
	return (int)topo_play(&o);
}

static const struct cli_option options[] = {
	{ .id = OPT_SEED, .name = "seed", .arg = "N", .help = "where all randomness comes from (1)" },
	{ .id = OPT_WORKERS, .name = "workers", .arg = "N", .help = "of nodes that do not say (1)" },
	{ .id = OPT_PCAP,
	  .name = "pcap",
	  .arg = "DIR",
	  .help = "write a capture of each wire into DIR",
	  .values = "@file" },
	{ .id = OPT_TRACE,
	  .name = "trace",
	  .arg = "FILTER",
	  .help = "follow the packets that match (pcap-filter(7); '' for all) through every node and wire" },
	{ 0 },
};

const struct leat_command cmd_sim = {
	.name = "sim",
	.usage = "FILE [--seed N] [--workers N] [--pcap DIR] [--trace FILTER]",
	.what = "play a network of leats in virtual time",
	.text = "FILE describes nodes, wires, what `ip` is to configure, faults, pings and what is expected "
		"of them; "
		"docs/howto/write-a-simulation.md shows how. The same FILE, seed and workers give the same "
		"run: the "
		"digest printed at the end is over everything sent.\n",
	.options = options,
	.more = "Exit status: 0 all held, 1 an expectation did not, 2 FILE or the command line is wrong.\n",
	.operands = "@file",
	.local = true,
	.bad_usage = BAD_USAGE,
	.run = run,
};
