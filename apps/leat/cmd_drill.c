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

/* What stands behind `name`: in the same word, or in the next. How many words that were; 0: nothing. */
static int take_value(char **argv, char **ret_value)
{
	char *equals = strchr(argv[0], '=');

	if (equals) {
		*equals = 0;
		*ret_value = equals + 1;
		return 1;
	}
	*ret_value = argv[1];
	return argv[1] ? 2 : 0;
}

/* An option at argv[0], its value perhaps at argv[1]. How many words that were; 0: it is none, or has no value. */
static int option(struct drill *d, char **argv)
{
	char *arg = argv[0], *value;
	const char *name = arg + 2;

	if (!strcmp(arg, "--quiet"))
		return d->quiet = true;
	if (!strcmp(arg, "-v"))
		return option_add(d, "verbose", NULL);
	if (!strncmp(arg, "-D", 2)) {
		if (arg[2])
			return option_add(d, "define", arg + 2);
		return argv[1] && option_add(d, "define", argv[1]) ? 2 : 0;
	}
	if (strncmp(arg, "--", 2) != 0)
		return 0;
	if (script_option_values(name) == 0)
		return option_add(d, name, NULL);
	int words = take_value(argv, &value);
	if (!strcmp(name, "pcap"))
		d->pcap_dir = words ? value : NULL;
	else if (script_option_values(name) < 0 || (words && !option_add(d, name, value)))
		return 0;
	return words;
}

/* All in front of the files. Where those begin in argv; -1: something is wrong, and has been said. */
static int read_options(struct drill *d, const struct leat_args *a)
{
	char why[WHY_LEN];
	struct script *s;
	int i = 0, n;

	for (; i < a->argc && a->argv[i][0] == '-'; i += n) {
		if (!strcmp(a->argv[i], "--"))
			return i + 1;
		n = option(d, a->argv + i);
		if (!n) {
			leat_error("drill: %s is no option, or has no value (see leat drill --help)",
				   a->argv[i]);
			return -1;
		}
	}
	if (script_of_options("leat: drill", d->option, d->n_options, &s, why, sizeof why)) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	script_free(s);
	return i;
}

static int run(const struct leat_args *a)
{
	struct drill d = { 0 };
	int i = read_options(&d, a);

	if (i < 0)
		return BAD_USAGE;
	if (i == a->argc) {
		leat_error("drill: give the scripts to play (see leat drill --help)");
		return BAD_USAGE;
	}
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
		"does not pass is told with the script's line, and, when packets differ, both of them, with "
		"marks below what\n"
		"differs; then comes the command that plays it again. What leat cannot play is skipped, with "
		"the reason.\n"
		"\n"
		"  -D NAME=VALUE           NAME stands for VALUE (a word, a number, a string) in the "
		"scripts; also "
		"--define\n"
		"  --pcap=DIR              write what went over the wire into DIR, a pcapng file a script\n"
		"  -v, --verbose           tell each packet and call\n"
		"  --quiet                 not a line for each script that passed\n"
		"  --dry_run               read the scripts, play none\n"
		"\n"
		"For scripts that do not say them in their first lines:\n"
		"  --ip_version=V          ipv4, ipv6 or ipv4-mapped-ipv6\n"
		"  --local_ip=ADDRESS      likewise --remote_ip, --gateway_ip, --netmask_ip\n"
		"  --bind_port=PORT        likewise --connect_port\n"
		"  --mtu=BYTES             of the interface; --mss=BYTES of TCP segments that come in bulk\n"
		"  --tolerance_usecs=N     how much sooner or later than said is let pass (4000); "
		"--tolerance_percent=N of the\n"
		"                          time since the event before, when that is more\n"
		"  --non_fatal=WHAT        packet, syscall: tell what is wrong with them and go on\n"
		"  --tcp_ts_tick_usecs=N, --tcp_ts_ecr_scaled, --strict_segments\n"
		"                          about TCP\n"
		"\n"
		"Exit status: 0 none failed, 1 some did, 2 the command line is wrong.\n",
	.run = run,
	.own_options = true,
};
