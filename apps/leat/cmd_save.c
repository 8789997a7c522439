/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leat/client.h"
#include "leat/leat.h"

static void write_piece(const struct answer *a, void *ctx)
{
	const struct nlattr *piece = a->attr[LEAT_A_TEXT_PIECE];

	if (piece)
		fwrite(mnl_attr_get_payload(piece), 1, mnl_attr_get_payload_len(piece), ctx);
}

static int save_to(const char *name, FILE *to)
{
	struct client *c;
	int err;

	if (client_open(name, &c))
		return 1;
	err = client_run(c, client_begin(c, LEAT_CMD_SAVE, true), write_piece, to);
	if (err)
		client_refused(c, "save", err);
	client_close(c);
	return err ? 1 : 0;
}

/* The state holds keys, so the file is its owner's alone. It takes the old one's place only when it is whole. */
static int run(const struct leat_args *a)
{
	char tmp[PATH_MAX];
	const char *path;
	FILE *to;
	int fd, bad;

	if (a->argc != 1)
		return leat_error("save: give one file name (see leat save --help)");
	path = a->argv[0];
	if ((size_t)snprintf(tmp, sizeof tmp, "%s.new", path) >= sizeof tmp)
		return leat_error("save: %s is too long a path", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to)
		return leat_error("save: %s: %s", path, strerror(errno));
	bad = save_to(a->name, to);
	if ((fflush(to) || ferror(to) || fsync(fd)) && !bad)
		bad = leat_error("save: %s: %s", path, strerror(errno));
	fclose(to);
	if (!bad && rename(tmp, path))
		bad = leat_error("save: %s: %s", path, strerror(errno));
	if (bad)
		unlink(tmp);
	return bad;
}

const struct leat_command cmd_save = {
	.name = "save",
	.usage = "FILE",
	.what = "write the running stack to a file",
	.help = "leatd --restore FILE reads it. It holds keys: only its owner may read it.\n",
	.run = run,
};
