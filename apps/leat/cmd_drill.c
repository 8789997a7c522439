/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drill/drill.h"
#include "leat/leat.h"

enum { BAD_USAGE = 2, OPTIONS_MAX = 64, WHY_LEN = 8192, SCRIPT_LEN_MAX = 4 << 20, PATH_LEN = 4096 };

struct drill {
	struct script_option option[OPTIONS_MAX];
	unsigned n_options, passed, failed, skipped;
	bool quiet;
	const char *pcap_dir;
};

/* The whole file, to be freed. NULL: errno says why. */
static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? malloc(SCRIPT_LEN_MAX) : NULL;

	if (text) {
		*ret_len = fread(text, 1, SCRIPT_LEN_MAX, f);
		if (ferror(f) || !feof(f)) {
			errno = ferror(f) ? errno : EFBIG;
			free(text);
			text = NULL;
		}
	}
	if (f)
		fclose(f);
	return text;
}

static void tell(void *ctx, const char *line)
{
	printf("        %s\n", line);
}

/* The script's path as a name: DIR/icmp-echo-story.pkt-ipv6.pcapng */
static const char *pcap_path(const struct drill *d, const char *path, const struct script *s,
			     char to[PATH_LEN])
{
	char *p;
	int n;

	if (!d->pcap_dir)
		return NULL;
	path += strspn(path, "./");
	mkdir(d->pcap_dir, 0777); /* what fails here for good, fails with a reason when the file is opened */
	n = snprintf(to, PATH_LEN, "%s/", d->pcap_dir);
	p = to + (n < PATH_LEN ? n : PATH_LEN - 1);
	snprintf(p, PATH_LEN - (size_t)(p - to), "%s-%s.pcapng", path, script_is_ip6(s) ? "ipv6" : "ipv4");
	for (; *p; p++)
		if (*p == '/')
			*p = '-';
	return to;
}

static enum drill_outcome play(const struct drill *d, const char *path, char *why)
{
	enum drill_outcome out = DRILL_FAILED;
	struct drill_how how = { .tell = tell };
	char pcap[PATH_LEN];
	struct script *s;
	size_t len;
	char *text = read_file(path, &len);

	if (!text) {
		snprintf(why, WHY_LEN, "%s: %s", path, strerror(errno));
		return out;
	}
	if (script_parse(path, text, len, d->option, d->n_options, &s, why, WHY_LEN) == 0) {
		how.pcap = pcap_path(d, path, s, pcap);
		out = drill_play(s, &how, why, WHY_LEN);
		script_free(s);
	}
	free(text);
	return out;
}

/* So that a shell reads it as one word. */
static void print_word(const char *s)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=./:,+%@";

	if (*s && strspn(s, plain) == strlen(s)) {
		fputs(s, stdout);
		return;
	}
	putchar('\'');
	for (; *s; s++)
		*s == '\'' ? fputs("'\\''", stdout) : putchar(*s);
	putchar('\'');
}

/* The very command that plays it once more. */
static void print_again(const struct drill *d, const char *path)
{
	fputs("again:  leat drill --verbose --pcap=", stdout);
	print_word(d->pcap_dir ? d->pcap_dir : "/tmp/drill");
	for (unsigned i = 0; i < d->n_options; i++) {
		const struct script_option *o = &d->option[i];
		if (!strcmp(o->name, "verbose"))
			continue;
		printf(" --%s", o->name);
		if (o->value) {
			putchar('=');
			print_word(o->value);
		}
	}
	putchar(' ');
	print_word(path);
	putchar('\n');
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
		print_again(d, path);
	}
}

static bool option_add(struct drill *d, const char *name, const char *value)
{
	if (d->n_options == OPTIONS_MAX)
		return false;
	d->option[d->n_options++] = (struct script_option){ name, value };
	return true;
}

enum { OPT_QUIET = 256, OPT_PCAP, OPT_SCRIPT };

static bool take_option(struct drill *d, const struct cli_option *o, const char *value)
{
	switch (cli_id(o)) {
	case 'v':
		return option_add(d, "verbose", NULL);
	case 'D':
		return option_add(d, "define", value);
	case OPT_QUIET:
		d->quiet = true;
		return true;
	case OPT_PCAP:
		d->pcap_dir = value;
		return true;
	default:
		return option_add(d, o->name, value);
	}
}

/* 0, or -1: something is wrong, and has been said. */
static int read_options(struct drill *d, struct leat_args *a)
{
	char why[WHY_LEN];
	struct script *s;
	int id;

	while ((id = leat_option(a)) > 0)
		if (!take_option(d, a->words.option, a->value)) {
			leat_error("drill: too many options");
			return -1;
		}
	if (id < 0)
		return -1;
	if (script_of_options("leat: drill", d->option, d->n_options, &s, why, sizeof why)) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	script_free(s);
	return 0;
}

static int run(struct leat_args *a)
{
	struct drill d = { 0 };
	int i = 0;

	if (read_options(&d, a))
		return BAD_USAGE;
	if (!a->argc) {
		leat_error("drill: give the scripts to play (see leat drill --help)");
		return BAD_USAGE;
	}
	for (; i < a->argc; i++)
		play_and_tell(&d, a->argv[i]);
	printf("%u passed, %u failed, %u skipped\n", d.passed, d.failed, d.skipped);
	return d.failed ? 1 : 0;
}

/* What the scripts themselves may say in their first lines. */
#define SCRIPT(n, a, h)                                          \
	{                                                        \
		.id = OPT_SCRIPT, .name = n, .arg = a, .help = h \
	}
#define OF_THE_ORIGINAL "of the original program: let pass where it does not matter here, else refused"

static const struct cli_option options[] = {
	{ .letter = 'D',
	  .name = "define",
	  .arg = "NAME=VALUE",
	  .help = "NAME stands for VALUE (a word, a number, a string) in the scripts" },
	{ .id = OPT_PCAP,
	  .name = "pcap",
	  .arg = "DIR",
	  .help = "write what went over the wire into DIR, a pcapng file a script",
	  .values = "@file" },
	{ .letter = 'v', .name = "verbose", .help = "tell each packet and call" },
	{ .id = OPT_QUIET, .name = "quiet", .help = "not a line for each script that passed" },
	SCRIPT("dry_run", NULL, "read the scripts, play none"),
	SCRIPT("debug", NULL, "as --verbose"),
	SCRIPT("ip_version", "V", "ipv4, ipv6 or ipv4-mapped-ipv6"),
	SCRIPT("local_ip", "ADDRESS", "of the stack"),
	SCRIPT("remote_ip", "ADDRESS", "of who it talks to"),
	SCRIPT("gateway_ip", "ADDRESS", "of the router between them"),
	SCRIPT("netmask_ip", "MASK", "of the stack's link"),
	SCRIPT("bind_port", "PORT", "that the scripts' sockets are bound to"),
	SCRIPT("connect_port", "PORT", "that they connect to"),
	SCRIPT("mtu", "BYTES", "of the interface"),
	SCRIPT("mss", "BYTES", "of TCP segments that come in bulk"),
	SCRIPT("tolerance_usecs", "N", "how much sooner or later than said is let pass (4000)"),
	SCRIPT("tolerance_percent", "N",
	       "the same as part of the time since the event before, when that is more"),
	SCRIPT("non_fatal", "WHAT", "packet, syscall: tell what is wrong with them and go on"),
	SCRIPT("tcp_ts_tick_usecs", "N", "TCP: length of a tick of timestamps"),
	SCRIPT("tcp_ts_ecr_scaled", NULL, "TCP: echoed timestamps are scaled"),
	SCRIPT("strict_segments", NULL, "TCP: segments may not be cut otherwise than said"),
	SCRIPT("send_omit_free", NULL, OF_THE_ORIGINAL),
	SCRIPT("is_anyip", NULL, OF_THE_ORIGINAL),
	SCRIPT("speed", "N", OF_THE_ORIGINAL),
	SCRIPT("code_command", "CMD", OF_THE_ORIGINAL),
	SCRIPT("code_format", "FORMAT", OF_THE_ORIGINAL),
	SCRIPT("code_sockopt", "NAME", OF_THE_ORIGINAL),
	SCRIPT("init_scripts", "FILES", OF_THE_ORIGINAL),
	SCRIPT("so_filename", "FILE", OF_THE_ORIGINAL),
	SCRIPT("so_flags", "FLAGS", OF_THE_ORIGINAL),
	SCRIPT("wire_client", NULL, OF_THE_ORIGINAL),
	SCRIPT("wire_server", NULL, OF_THE_ORIGINAL),
	SCRIPT("wire_server_ip", "ADDRESS", OF_THE_ORIGINAL),
	SCRIPT("wire_server_at", "ADDRESS", OF_THE_ORIGINAL),
	SCRIPT("wire_server_port", "PORT", OF_THE_ORIGINAL),
	SCRIPT("wire_client_dev", "DEV", OF_THE_ORIGINAL),
	SCRIPT("wire_server_dev", "DEV", OF_THE_ORIGINAL),
	{ 0 },
};

const struct leat_command cmd_drill = {
	.name = "drill",
	.usage = "[--OPTION=VALUE...] FILE...",
	.what = "play packetdrill scripts in virtual time",
	.text = "Each script is played on a stack of its own, in this process and in virtual time; no daemon "
		"is asked. "
		"What does not pass is told with the script's line, and, when packets differ, both of them, "
		"with "
		"marks below what differs; then comes the command that plays it again. What leat cannot play "
		"is "
		"skipped, with the reason.\n",
	.options = options,
	.more = "Options from --ip_version on are for scripts that do not say them in their first lines.\n\n"
		"Exit status: 0 none failed, 1 some did, 2 the command line is wrong.\n",
	.operands = "@file",
	.run = run,
	.in_order = true,
	.local = true,
	.bad_usage = BAD_USAGE,
};
