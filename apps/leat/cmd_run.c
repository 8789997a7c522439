/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/leat.h"

#include <string.h>

#include "run/run.h"

static int run(struct leat_args *a)
{
	if (leat_option(a) < 0)
		return leat_bad_usage(a);
	return run_command(a->name, a->argv);
}

const struct leat_command cmd_run = {
	.name = "run",
	.usage = "[-n NAME] [--] [CMD [ARG]...]",
	.what = "run a program whose network is leat",
	.text = "CMD runs in an empty network; its sockets are served by the daemon, and what the daemon "
		"does not "
		"serve does not exist. The host's network stays out of reach, for every program CMD starts, "
		"too. "
		"Without root, CMD runs in a user namespace: set-user-ID programs then gain nothing.\n\n"
		"Without CMD a shell runs ($SHELL, else /bin/sh), with job control as everywhere; leaving or "
		"suspending "
		"it gives the terminal back. LEAT_NAME in its environment is the daemon's name.\n",
	.more = "The exit status is CMD's, 128+N when signal N ended it, 125 when leat failed, 126 or 127 "
		"when CMD "
		"cannot be executed or found. Daemons that CMD leaves behind keep their network.\n",
	.operands = "@command",
	.run = run,
	.in_order = true,
	.bad_usage = RUN_FAILED,
};
