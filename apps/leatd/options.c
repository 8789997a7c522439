/* SPDX-License-Identifier: BSD-2-Clause */
/* Options are rows of one table, which the command line, the configuration file and --help all read: a line
 * `workers 2` of the file is what `--workers 2` is on the command line. */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/runtime.h"
#include "sockd/path.h"

#define BLANKS " \t\r\n"

enum kind { FLAG, NUMBER, STRING, DEVICE, SETTING, IP_LINE, FILE_ROW, CHECK_ROW };

static const struct row {
	const char *name, *arg, *help;
	enum kind kind;
	size_t at, len; /* member of struct options */
	unsigned min, max;
} rows[] = {
#define AT(m) offsetof(struct options, m), sizeof((struct options *)0)->m
	{ "name", "NAME", "what clients call this daemon (\"" SOCKD_DEFAULT_NAME "\")", STRING, AT(name) },
	{ "dev", "DRIVER:IFNAME[,KEY=VALUE]...", "open a device; again for each", DEVICE, AT(dev) },
	{ "sysctl", "NAME=VALUE", "change a setting, also of devices named before; again for each", SETTING,
	  AT(setting) },
	{ "workers", "N", "lcores that carry packets, 1 to 16 (1)", NUMBER, AT(workers), 1, LCORE_MAX - 1 },
	{ "poll", NULL, "workers poll for ever instead of sleeping when idle", FLAG, AT(poll) },
	{ "pin", NULL, "give each worker a CPU of its own", FLAG, AT(pin) },
	{ "budget", "MIB", "memory at most, in MiB (512)", NUMBER, AT(budget_mib), 16, 1 << 20 },
	{ "restore", "FILE", "start from what `leat save FILE` wrote; devices open again by name", STRING,
	  AT(restore) },
	{ "take-over", NULL, "take the place of the daemon of that name: devices, state and clients go on",
	  FLAG, AT(take_over) },
	{ "user", NULL, "without root: in a user and network namespace of its own", FLAG, AT(user) },
	{ "run-as", "USER", "whose rights to take when started as root (leat, else nobody)", STRING,
	  AT(run_as) },
	{ "verbose", NULL, "log what is going on", FLAG, AT(verbose) },
	{ "config", "FILE", "read lines of `option value` from FILE", FILE_ROW, 0, 0 },
	{ "check", "FILE", "say what is wrong with FILE, and end", CHECK_ROW, 0, 0 },
	{ "ip", "OBJECT COMMAND...", "a command of ip(8); they are executed in order, before leatd is ready",
	  IP_LINE, AT(ip) },
	{ "help", NULL, "print this", FLAG, AT(help) },
	{ "version", NULL, "print the version", FLAG, AT(version) },
#undef AT
};

static const struct row *row_find(const char *name, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, name, len))
			return &rows[i];
	return NULL;
}

static int read_file(struct options *o, const char *path, FILE *err);

static int set_number(struct options *o, const struct row *r, const char *value, FILE *err, const char *where)
{
	char *end;
	errno = 0;
	unsigned long v = strtoul(value, &end, 10);
	if (errno || *end || end == value || *value == '-' || v < r->min || v > r->max) {
		fprintf(err, "leatd: %s%s takes a number from %u to %u, not \"%s\"\n", where, r->name, r->min,
			r->max, value);
		return -EINVAL;
	}
	*(unsigned *)((char *)o + r->at) = (unsigned)v;
	return 0;
}

static int set_device(struct options *o, const char *value, FILE *err, const char *where)
{
	const char *colon = strchr(value, ':');
	if (!colon || colon == value || !colon[1] || colon[1] == ',') {
		fprintf(err,
			"leatd: %sdev takes DRIVER:IFNAME[,KEY=VALUE]... as in af_packet:veth0, not \"%s\"\n",
			where, value);
		return -EINVAL;
	}
	if (o->n_devs == OPT_DEVICES_MAX) {
		fprintf(err, "leatd: %smore than %d devices\n", where, OPT_DEVICES_MAX);
		return -EINVAL;
	}
	o->dev_line[o->n_devs] = o->line;
	snprintf(o->dev[o->n_devs++], OPT_WORD_MAX, "%s", value);
	return 0;
}

static int set_setting(struct options *o, const char *value, FILE *err, const char *where)
{
	const char *equals = strchr(value, '=');
	if (!equals || equals == value) {
		fprintf(err, "leatd: %ssysctl takes NAME=VALUE as in net.ipv4.ip_forward=1, not \"%s\"\n",
			where, value);
		return -EINVAL;
	}
	if (o->n_settings == OPT_SETTINGS_MAX) {
		fprintf(err, "leatd: %smore than %d settings\n", where, OPT_SETTINGS_MAX);
		return -EINVAL;
	}
	struct opt_setting *s = &o->setting[o->n_settings++];
	snprintf(s->words, sizeof s->words, "%s", value);
	s->n_devs = o->n_devs;
	s->line = o->line;
	return 0;
}

/* As ip(8) takes them: any beginning of one will do. */
static bool is_ip_object(const char *word, size_t len)
{
	static const char *const objects[] = { "address",  "addrlabel", "link",    "maddress",
					       "neighbor", "neighbour", "nexthop", "ntable",
					       "route",    "rule",      "token" };
	for (unsigned i = 0; len && i < ARRAY_SIZE(objects); i++)
		if (!strncmp(objects[i], word, len))
			return true;
	return false;
}

static int set_ip(struct options *o, const char *value, unsigned line, FILE *err, const char *where)
{
	const char *word = value;
	while (*word == '-')
		word += strcspn(word, BLANKS), word += strspn(word, BLANKS);
	if (!is_ip_object(word, strcspn(word, BLANKS))) {
		fprintf(err,
			"leatd: %sip takes an object and a command as in `ip route add default via "
			"192.0.2.1`, not \"%.40s\"\n",
			where, value);
		return -EINVAL;
	}
	if (o->n_ip == OPT_IP_MAX || strlen(value) >= OPT_IP_WORDS) {
		fprintf(err,
			o->n_ip == OPT_IP_MAX ? "leatd: %smore than %d lines of ip: use ip -batch\n"
					      : "leatd: %sthe line is longer than %d characters\n",
			where, o->n_ip == OPT_IP_MAX ? (int)OPT_IP_MAX : (int)OPT_IP_WORDS - 1);
		return -EINVAL;
	}
	struct opt_ip *i = &o->ip[o->n_ip++];
	snprintf(i->words, sizeof i->words, "%s", value);
	i->line = line;
	return 0;
}

static int set(struct options *o, const struct row *r, const char *value, FILE *err, const char *where)
{
	if (value && strlen(value) >= (r->kind == STRING ? r->len : OPT_WORD_MAX)) {
		fprintf(err, "leatd: the value of %s%s is too long\n", where, r->name);
		return -EINVAL;
	}
	switch (r->kind) {
	case FLAG:
		*((bool *)((char *)o + r->at)) = true;
		return 0;
	case NUMBER:
		return set_number(o, r, value, err, where);
	case STRING:
		strcpy((char *)o + r->at, value);
		return 0;
	case DEVICE:
		return set_device(o, value, err, where);
	case SETTING:
		return set_setting(o, value, err, where);
	case CHECK_ROW:
		o->check = true;
		return read_file(o, value, err);
	case FILE_ROW:
		return read_file(o, value, err);
	case IP_LINE:
		fprintf(err, "leatd: %sip is for the configuration file alone; see leatd --config\n", where);
		return -EINVAL;
	}
	return -EINVAL;
}

/* --- the file: `name value` or `name`, # starts a comment --- */

enum { LINE_MAX_BYTES = 1024 };

/* The rest of the line without the blanks around it, or NULL. */
static char *rest_of(char *s)
{
	char *end = s + strlen(s);
	s += strspn(s, BLANKS);
	while (end > s && strchr(BLANKS, end[-1]))
		*--end = 0;
	return *s ? s : NULL;
}

static bool is_for_file(const struct row *r)
{
	return r->kind != FILE_ROW && r->kind != CHECK_ROW && r->at != offsetof(struct options, take_over) &&
	       r->at != offsetof(struct options, help) && r->at != offsetof(struct options, version);
}

static int read_line(struct options *o, char *line, unsigned n, FILE *err, const char *where)
{
	char *rest, *name = strtok_r(line, BLANKS, &rest);
	if (!name)
		return 0;
	const struct row *r = row_find(name, strlen(name));
	bool whole = r && (r->kind == SETTING || r->kind == IP_LINE);
	char *value = whole ? rest_of(rest) : strtok_r(NULL, BLANKS, &rest);
	bool more = !whole && strtok_r(NULL, BLANKS, &rest);
	if (!r) {
		fprintf(err, "leatd: %sno option is called \"%.40s\"; leatd --help lists them\n", where,
			name);
		return -EINVAL;
	}
	if (!is_for_file(r)) {
		fprintf(err, "leatd: %s%s is for the command line alone\n", where, name);
		return -EINVAL;
	}
	if (!r->arg != !value || more) {
		fprintf(err, "leatd: %s%s takes %s\n", where, name, r->arg ? r->arg : "no value");
		return -EINVAL;
	}
	return r->kind == IP_LINE ? set_ip(o, value, n, err, where) : set(o, r, value, err, where);
}

/* Any bytes but control characters: a file that is no text at all is told apart, and does not reach the terminal. */
static bool is_text(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c == 0x7f || (c < ' ' && c != '\t' && c != '\r'))
			return false;
	}
	return true;
}

/* 0 also when the file failed: ferror() and errno tell. */
static int read_lines(struct options *o, FILE *f, const char *path, FILE *err)
{
	char line[LINE_MAX_BYTES + 1], at[OPT_WORD_MAX + 32];
	int ret = 0, c = 0;
	for (unsigned n = 1; (!ret || o->check) && c != EOF; n++) {
		size_t len = 0;
		while (len < LINE_MAX_BYTES && (c = getc(f)) != EOF && c != '\n')
			line[len++] = (char)c;
		if (ferror(f))
			break;
		line[len] = 0;
		snprintf(at, sizeof at, "%s:%u: ", path, n);
		if (!is_text(line, len)) {
			fprintf(err, "leatd: %sthis is not text; --config takes lines of `option value`\n",
				at);
			return -EINVAL;
		}
		if (len == LINE_MAX_BYTES) {
			fprintf(err, "leatd: %sthe line is longer than %d characters\n", at,
				LINE_MAX_BYTES - 1);
			return -EINVAL;
		}
		line[strcspn(line, "#")] = 0;
		o->line = n;
		if (read_line(o, line, n, err, at))
			ret = -EINVAL;
	}
	o->line = 0;
	return ret;
}

/* A directory opens like a file and fails at the first read. */
static int read_file(struct options *o, const char *path, FILE *err)
{
	FILE *f = fopen(path, "re");
	errno = f ? 0 : errno;
	int ret = f ? read_lines(o, f, path, err) : 0;
	snprintf(o->config, sizeof o->config, "%s", path);
	if (!f || ferror(f)) {
		fprintf(err,
			"leatd: cannot read %s: %s; --config takes a file with lines of `option value`\n",
			path, strerror(errno));
		ret = -EINVAL;
	}
	if (f)
		fclose(f);
	return ret;
}

/* --- the command line: --name value, --name=value, -c file --- */

int options_parse(struct options *o, int argc, char **argv, FILE *err)
{
	memset(o, 0, sizeof *o);
	snprintf(o->name, sizeof o->name, "%s", SOCKD_DEFAULT_NAME);
	o->workers = 1;
	o->budget_mib = 512;
	for (int i = 1; i < argc; i++) {
		const char *a = strcmp(argv[i], "-c") ? argv[i] : "--config";
		a = strcmp(a, "-h") ? a : "--help";
		size_t len = strncmp(a, "--", 2) ? 0 : strcspn(a + 2, "=");
		const struct row *r = len ? row_find(a + 2, len) : NULL;
		const char *value = r && a[2 + len] == '=' ? a + 3 + len : NULL;
		if (!r) {
			fprintf(err, "leatd: no option is called \"%s\"; leatd --help lists them\n", argv[i]);
			return -EINVAL;
		}
		if (r->arg && !value && i + 1 < argc)
			value = argv[++i];
		if (!r->arg != !value) {
			fprintf(err, "leatd: --%s takes %s\n", r->name, r->arg ? r->arg : "no value");
			return -EINVAL;
		}
		if (set(o, r, value, err, "--"))
			return -EINVAL;
	}
	return 0;
}

void options_rows(struct cli_option to[OPT_ROWS_MAX], bool of_file)
{
	unsigned n = 0;
	static_assert(ARRAY_SIZE(rows) < OPT_ROWS_MAX, "there is room for all, and the end");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		if (of_file ? !is_for_file(r) : r->kind == IP_LINE)
			continue;
		to[n++] = (struct cli_option){ .id = (int)i + 1,
					       .letter = !strcmp(r->name, "config") ? 'c'
							 : !strcmp(r->name, "help") ? 'h'
										    : 0,
					       .name = r->name,
					       .arg = r->arg,
					       .help = r->help,
					       .values = r->arg && !strcmp(r->arg, "FILE") ? "@file"
							 : r->kind == DEVICE               ? "@driver"
							 : !strcmp(r->name, "run-as")      ? "@user"
											   : NULL };
	}
	to[n] = (struct cli_option){ 0 };
}
