/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/drill.h"
#include "leat/leat.h"

enum { OPTIONS_MAX = 16, WHY_LEN = 2048, SCRIPT_LEN_MAX = 4 << 20 };

struct drill {
	struct script_option option[OPTIONS_MAX];
	unsigned n_options, passed, failed, skipped;
	bool quiet;
};

/* The whole file, to be freed. NULL: errno says why. */
static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? malloc(SCRIPT_LEN_MAX) : NULL;

	if (text) {
		*ret_len = fread(text, 1, SCRIPT_LEN_MAX, f);
		if (ferror(f) || !feof(f)) {
			errno = ferror(f) ? EIO : EFBIG;
			free(text);
			text = NULL;
		}
	}
	if (f)
		fclose(f);
	return text;
}

static enum drill_outcome play(const struct drill *d, const char *path, char *why)
{
	enum drill_outcome out = DRILL_FAILED;
	struct script *s;
	size_t len;
	char *text = read_file(path, &len);

	if (!text) {
		snprintf(why, WHY_LEN, "%s: %s", path, strerror(errno));
		return out;
	}
	if (script_parse(path, text, len, d->option, d->n_options, &s, why, WHY_LEN) == 0) {
		out = drill_run(s, why, WHY_LEN);
		script_free(s);
	}
	free(text);
	return out;
}

static void play_and_tell(struct drill *d, const char *path)
{
	char why[WHY_LEN] = "";

	switch (play(d, path, why)) {
	case DRILL_PASSED:
		d->passed++;
		if (!d->quiet)
			printf("ok      %s\n", path);
		break;
	case DRILL_SKIPPED:
		d->skipped++;
		printf("skipped %s\n", why);
		break;
	default:
		d->failed++;
		printf("FAILED  %s\n", why);
	}
}

/* --name=value, as in a script. */
static bool option(struct drill *d, char *arg)
{
	char *value = strchr(arg, '=');

	if (!strcmp(arg, "--quiet"))
		return d->quiet = true;
	if (!value || d->n_options == OPTIONS_MAX)
		return false;
	*value = 0;
	d->option[d->n_options++] = (struct script_option){ arg + 2, value + 1 };
	return true;
}

static int run(const struct leat_args *a)
{
	struct drill d = { 0 };
	int i = 0;

	for (; i < a->argc && !strncmp(a->argv[i], "--", 2); i++)
		if (!option(&d, a->argv[i]))
			return leat_error("drill: %s is not --name=value (see leat drill --help)",
					  a->argv[i]);
	if (i == a->argc)
		return leat_error("drill: give the scripts to play (see leat drill --help)");
	for (; i < a->argc; i++)
		play_and_tell(&d, a->argv[i]);
	printf("%u passed, %u failed, %u skipped\n", d.passed, d.failed, d.skipped);
	return d.failed ? 1 : 0;
}

const struct leat_command cmd_drill = {
	.name = "drill",
	.usage = "[--OPTION=VALUE...] FILE...",
	.what = "play packetdrill scripts in virtual time",
	.help = "Each script is played on a stack of its own, in this process and in virtual time; no daemon "
		"is asked. What\n"
		"does not pass is told with the script's line, and, when packets differ, both of them.\n"
		"\n"
		"  --ip_version=ipv6       for scripts that do not say it; likewise --local_ip, --remote_ip, "
		"--gateway_ip,\n"
		"                          --mtu, --tolerance_usecs, --bind_port, --connect_port\n"
		"  --quiet                 not a line for each script that passed\n",
	.run = run,
	.own_options = true,
};
