/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat sysctl`: settings by name, with the words of sysctl(8). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"

enum { TEXT_MAX = 256 };

struct how {
	bool all, values_only, names_only, quiet, ignore, describe, json, load;
};

static const struct field knob_fields[] = {
	{ LEAT_A_KNOB, F_STR, "name" },
	{ LEAT_A_VALUE, F_STR, "value" },
	{ LEAT_A_DEFAULT, F_STR, "default" },
	{ LEAT_A_MIN, F_U64, "min" },
	{ LEAT_A_MAX, F_U64, "max" },
	{ LEAT_A_UNIT, F_STR, "unit" },
	{ LEAT_A_MODULE, F_STR, "module" },
	{ LEAT_A_HELP, F_STR, "help" },
	{ 0 },
};

/* What came back, to be sorted before it is printed. */
struct list {
	json_t *rows;
	const char *under; /* a name or the beginning of names; NULL: all */
};

static bool is_under(const char *name, const char *under)
{
	size_t len = under ? strlen(under) : 0;
	while (len && under[len - 1] == '.')
		len--;
	return !under || (!strncmp(name, under, len) && (!name[len] || name[len] == '.'));
}

static void keep(const struct answer *a, void *ctx)
{
	struct list *l = ctx;

	if (is_under(answer_str(a, LEAT_A_KNOB), l->under))
		json_array_append_new(l->rows, answer_json(a, knob_fields));
}

static const char *str(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

static void describe(const json_t *row)
{
	const char *unit = str(row, "unit");
	uint64_t min = json_integer_value(json_object_get(row, "min"));
	uint64_t max = json_integer_value(json_object_get(row, "max"));

	printf("%s = %s\n    %s; ", str(row, "name"), str(row, "value"), str(row, "help"));
	if (!json_object_get(row, "min")) /* words */
		printf("of:");
	else if (min > max) /* below zero */
		printf("%" PRId64 " to %" PRIu64, (int64_t)min, max);
	else
		printf("%" PRIu64 " to %" PRIu64, min, max);
	printf("%s%s, at first %s\n", *unit ? " " : "", unit, str(row, "default"));
}

static void print_row(const struct how *how, const json_t *row)
{
	if (how->describe)
		describe(row);
	else if (how->values_only)
		puts(str(row, "value"));
	else if (how->names_only)
		puts(str(row, "name"));
	else
		printf("%s = %s\n", str(row, "name"), str(row, "value"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(str(*(json_t *const *)a, "name"), str(*(json_t *const *)b, "name"));
}

static int print_sorted(const struct how *how, const json_t *rows)
{
	size_t n = json_array_size(rows);
	json_t **sorted = calloc(n ? n : 1, sizeof(*sorted));

	if (!sorted)
		return leat_error("out of memory");
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(rows, i);
	qsort(sorted, n, sizeof(json_t *), by_name);
	for (size_t i = 0; i < n; i++)
		print_row(how, sorted[i]);
	free(sorted);
	return 0;
}

/* As sysctl(8): with a slash first, slashes separate and dots belong to names. */
static void to_dots(char *name)
{
	bool by_slash = name[strcspn(name, "./")] == '/';

	for (; by_slash && *name; name++)
		*name = *name == '/' ? '.' : *name == '.' ? '/' : *name;
}

/* under NULL: all there are. A beginning of names shows all that begin so. */
static int show(struct client *c, const struct how *how, const char *under)
{
	char name[TEXT_MAX] = "";
	struct list l = { .rows = json_array(), .under = under ? name : NULL };
	int ret;

	if (under)
		snprintf(name, sizeof name, "%s", under);
	to_dots(name);
	client_begin(c, LEAT_CMD_KNOB_GET, true);
	ret = client_run(c, keep, &l);
	if (ret)
		ret = client_refused(c, "sysctl", ret);
	else if (under && !json_array_size(l.rows))
		ret = how->ignore ? 0
				  : leat_error("%s: there is no such setting (leat sysctl -a shows them all)",
					       under);
	else if (how->json)
		return print_json(l.rows);
	else
		ret = print_sorted(how, l.rows);
	json_decref(l.rows);
	return ret;
}

static int set(struct client *c, const struct how *how, const char *name, const char *value)
{
	int err;

	client_begin(c, LEAT_CMD_KNOB_SET, false);
	if (strlen(name) >= TEXT_MAX || strlen(value) >= TEXT_MAX)
		return leat_error("sysctl: %.40s...: too long", name);
	leat_nl_put_str(c->nl, LEAT_A_KNOB, name);
	leat_nl_put_str(c->nl, LEAT_A_VALUE, value);
	err = client_run(c, NULL, NULL);
	if (err == -ENOENT && how->ignore)
		return 0;
	if (err && *client_why(c))
		return leat_error("%s", client_why(c)); /* it begins with the name */
	if (err)
		return client_refused(c, name, err);
	if (!how->quiet && how->values_only)
		puts(value);
	else if (!how->quiet)
		printf("%s = %s\n", name, value);
	return 0;
}

/* Cuts blanks off both ends. */
static char *trim(char *s)
{
	char *end = s + strlen(s);

	s += strspn(s, " \t");
	while (end > s && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return s;
}

static int one(struct client *c, const struct how *how, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return show(c, how, word);
	*value++ = '\0';
	return set(c, how, trim(word), trim(value));
}

/* Lines of NAME = VALUE; # and ; begin comments; what a - stands before may be missing. */
static int load(struct client *c, const struct how *how, const char *path)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char line[2 * TEXT_MAX];
	int ret = 0;

	if (!f)
		return leat_error("sysctl: %s: %s", path, strerror(errno));
	for (int n = 1; fgets(line, sizeof line, f); n++) {
		struct how this = *how;
		char *s = trim(line);
		this.ignore |= *s == '-';
		s += *s == '-';
		if (!*s || *s == '#' || *s == ';')
			continue;
		if (!strchr(s, '='))
			ret |= leat_error("sysctl: %s:%d: the line is not NAME = VALUE", path, n);
		else
			ret |= one(c, &this, s);
	}
	if (f != stdin)
		fclose(f);
	return ret;
}

static void take_option(struct how *how, int id)
{
	switch (id) {
	case 'a':
	case 'A':
	case 'X':
		how->all = true;
		break;
	case 'n':
		how->values_only = true;
		break;
	case 'N':
		how->names_only = true;
		break;
	case 'q':
		how->quiet = true;
		break;
	case 'e':
		how->ignore = true;
		break;
	case 'd':
		how->describe = true;
		break;
	case 'p':
		how->load = true;
		break;
	}
}

/* Of a word behind -n that can hardly be a setting. */
static int hint(const struct how *how, const char *word)
{
	if (how->values_only && word && !strpbrk(word, "./="))
		leat_error("sysctl: -n prints values only here; the daemon's name goes before: leat -n %s "
			   "sysctl",
			   word);
	return 1;
}

static int run(struct leat_args *a)
{
	struct how how = { 0 };
	struct client *c;
	char **words;
	int id, ret = 0;

	while ((id = leat_option(a)) > 0)
		take_option(&how, id);
	if (id < 0)
		return leat_bad_usage(a);
	how.json = a->json;
	words = a->argv;
	if (!*words && !how.all)
		return leat_error("sysctl: give NAME, NAME=VALUE, or -a for all (see leat sysctl --help)");
	if (client_open(a->name, &c))
		return hint(&how, *words);
	if (how.all)
		ret = show(c, &how, NULL);
	for (; *words; words++)
		ret |= how.load ? load(c, &how, *words) : one(c, &how, *words);
	client_close(c);
	return ret ? hint(&how, a->argv[0]) : 0;
}

static const struct cli_option options[] = {
	{ .letter = 'a', .help = "all settings (also -A, -X)" },
	{ .letter = 'A', .help = "as -a" },
	{ .letter = 'X', .help = "as -a" },
	{ .letter = 'n', .help = "values only" },
	{ .letter = 'N', .help = "names only" },
	{ .letter = 'e', .help = "no complaint about unknown names" },
	{ .letter = 'q', .help = "do not print what was set" },
	{ .letter = 'w', .help = "what NAME=VALUE means anyway" },
	{ .letter = 'p', .help = "the operands are files with lines of NAME = VALUE; - is standard input" },
	{ .letter = 'd', .help = "tell of each what it does, its bounds and its default" },
	{ 0 },
};

const struct leat_command cmd_sysctl = {
	.name = "sysctl",
	.usage = "[-adeNnpqw] [--json] [NAME | NAME=VALUE | FILE]...",
	.what = "show and change settings",
	.text = "The words of sysctl(8): a beginning of names shows all below it, slashes may separate, too. "
		"--json tells all there is to tell.\n\n"
		"-n is not the daemon's name here: that stands before the command, `leat -n NAME sysctl`.\n\n"
		"Changes last as long as the daemon; `leat save` keeps them, and leatd -c FILE has lines "
		"`sysctl "
		"NAME=VALUE`.\n",
	.options = options,
	.operands = "@sysctl",
	.json = true,
	.run = run,
	.in_order = true,
};
