/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "leat/client.h"
#include "leat/leat.h"

/* The daemon writes the file, and its working directory is another. */
static bool absolute(const char *path, char *to, size_t len)
{
	char cwd[PATH_MAX];
	int n;

	if (*path == '/')
		n = snprintf(to, len, "%s", path);
	else
		n = getcwd(cwd, sizeof cwd) ? snprintf(to, len, "%s/%s", cwd, path) : -1;
	return n >= 0 && (size_t)n < len;
}

static int run(const struct leat_args *a)
{
	char path[PATH_MAX];
	struct nlmsghdr *h;
	struct client *c;
	int err;

	if (a->argc != 1)
		return leat_error("save: give one file name (see leat save --help)");
	if (!absolute(a->argv[0], path, sizeof path))
		return leat_error("save: %s is too long a path", a->argv[0]);
	if (client_open(a->name, &c))
		return 1;
	h = client_begin(c, LEAT_CMD_SAVE, false);
	mnl_attr_put_strz(h, LEAT_A_PATH, path);
	err = client_run(c, h, NULL, NULL);
	if (err)
		client_refused(c, "save", err);
	client_close(c);
	return err ? 1 : 0;
}

const struct leat_command cmd_save = {
	.name = "save",
	.usage = "FILE",
	.what = "write the running stack to a file",
	.help = "The daemon writes it, with its own rights; leatd --restore FILE reads it.\n",
	.run = run,
};
