/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/leat.h"

#include <string.h>

#include "run/run.h"

static int run(const struct leat_args *a)
{
	const char *name = a->name;
	char **argv = a->argv;

	while (*argv && (*argv)[0] == '-') {
		if (!strcmp(*argv, "--")) {
			argv++;
			break;
		}
		if (strcmp(*argv, "-n") != 0 || !argv[1]) {
			leat_error("run: unknown option %s (see leat run --help)", *argv);
			return RUN_FAILED;
		}
		name = argv[1];
		argv += 2;
	}
	if (!*argv) {
		leat_error("run: no command given (see leat run --help)");
		return RUN_FAILED;
	}
	return run_command(name, argv);
}

const struct leat_command cmd_run = {
	.name = "run",
	.usage = "[-n NAME] [--] CMD [ARG]...",
	.what = "run a program whose network is leat",
	.help = "CMD runs in an empty network; its sockets are served by the daemon, and what the daemon "
		"does not serve does\n"
		"not exist. The host's network stays out of reach, for every program CMD starts, too. "
		"Without root, CMD runs\n"
		"in a user namespace: set-user-ID programs then gain nothing.\n"
		"The exit status is CMD's, 128+N when signal N ended it, 125 when leat failed, 126 or 127 "
		"when CMD cannot be\n"
		"executed or found. Daemons that CMD leaves behind keep their network.\n",
	.run = run,
	.own_options = true,
};
