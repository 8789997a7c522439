/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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
	client_begin(c, LEAT_CMD_SAVE, true);
	err = client_run(c, write_piece, to);
	if (err)
		client_refused(c, "save", err);
	client_close(c);
	return err ? 1 : 0;
}

static int close_saved(FILE *to, const char *path)
{
	int err = fflush(to) || ferror(to) || (fsync(fileno(to)) && errno != EINVAL) ? errno : 0;

	fclose(to);
	return err ? leat_error("save: %s: %s", path, strerror(err)) : 0;
}

/* A pipe or a device is written to: nothing takes its place. */
static int save_through(const struct leat_args *a, const char *path)
{
	FILE *to = fopen(path, "we");
	int bad, write_bad;

	if (!to)
		return leat_error("save: %s: %s", path, strerror(errno));
	bad = save_to(a->name, to);
	write_bad = close_saved(to, path);
	return bad || write_bad;
}

/* The state holds keys, so the file is its owner's alone, and a new one. It takes the old one's place only when it is whole. */
static int save_whole(const struct leat_args *a, const char *path)
{
	char tmp[PATH_MAX];
	FILE *to;
	int fd, bad;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= sizeof tmp)
		return leat_error("save: %s is too long a path", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to)
		return leat_error("save: %s: %s", path, strerror(errno));
	bad = save_to(a->name, to);
	if (close_saved(to, path))
		bad = 1;
	if (!bad && rename(tmp, path))
		bad = leat_error("save: %s: %s", path, strerror(errno));
	if (bad)
		unlink(tmp);
	return bad;
}

static int run(struct leat_args *a)
{
	char real[PATH_MAX]; /* behind symbolic links, which stay */
	struct stat st;

	if (leat_option(a) < 0)
		return leat_bad_usage(a);
	if (a->argc != 1)
		return leat_error("save: give one file name (see leat save --help)");
	if (stat(a->argv[0], &st))
		return save_whole(a, a->argv[0]);
	if (!S_ISREG(st.st_mode))
		return save_through(a, a->argv[0]);
	return save_whole(a, realpath(a->argv[0], real) ? real : a->argv[0]);
}

const struct leat_command cmd_save = {
	.name = "save",
	.usage = "FILE",
	.what = "write the running stack to a file",
	.text = "leatd --restore FILE reads it. It holds keys: only its owner may read it.\n",
	.operands = "@file",
	.run = run,
};
