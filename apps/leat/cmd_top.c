/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat top`: what goes on, live or in lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "leat/client.h"
#include "leat/leat.h"
#include "leat/top.h"

struct how {
	bool batch, json;
	uint64_t times; /* 0: for ever */
	unsigned delay_ms;
	struct top_view view;
};

static void print_line(void *ctx, const char *text, bool is_head)
{
	puts(text);
}

static void print_sample(struct top_sample *s, const struct how *how, bool first)
{
	json_t *o;

	top_order(s, &how->view);
	if (!how->json) {
		if (!first)
			putchar('\n');
		top_text(s, &how->view, print_line, NULL);
		return;
	}
	o = top_json(s, &how->view);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

static void wait_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static int batch(struct client *c, const struct how *how)
{
	struct top_sample *now, *next;

	if (top_sample(c, NULL, &now))
		return 1;
	for (uint64_t i = 0; !how->times || i < how->times; i++) {
		wait_ms(how->delay_ms);
		if (top_sample(c, now, &next)) {
			top_sample_free(now);
			return 1;
		}
		top_sample_free(now);
		now = next;
		print_sample(now, how, i == 0);
		if (fflush(stdout))
			break; /* nobody reads; main() says so */
	}
	top_sample_free(now);
	return 0;
}

static bool read_seconds(const char *s, unsigned *ret_ms)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end || !(v >= 0.1 && v <= 3600))
		return false;
	*ret_ms = (unsigned)(v * 1000);
	return true;
}

static bool read_times(const char *s, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = *s >= '0' && *s <= '9' ? strtoull(s, &end, 10) : 0;
	return *ret && !errno && !*end;
}

/* 0, or 1 after a line. */
static int take_option(struct how *how, int id, const char *v)
{
	switch (id) {
	case 'a':
		how->view.all = true;
		return 0;
	case 'b':
		how->batch = true;
		return 0;
	case 'n':
		if (!read_times(v, &how->times))
			return leat_error(
				"top: -n takes how often, 1 or more, not %s; the daemon's name goes before: "
				"leat -n %s top",
				v, v);
		return 0;
	case 'd':
		if (!read_seconds(v, &how->delay_ms))
			return leat_error("top: -d takes seconds from 0.1 to 3600, not %s", v);
		return 0;
	case 's':
		if (!top_sort_find(v, &how->view.sort))
			return leat_error("top: -s takes rate, total or name, not %s", v);
		return 0;
	default:
		if (snprintf(how->view.filter, sizeof how->view.filter, "%s", v) >= TOP_NAME)
			return leat_error("top: the filter is too long");
		return 0;
	}
}

static int run(struct leat_args *a)
{
	struct how how = { .delay_ms = 1000 };
	struct client *c;
	int id, ret;

	while ((id = leat_option(a)) > 0)
		if (take_option(&how, id, a->value))
			return 1;
	if (id < 0)
		return leat_bad_usage(a);
	if (a->argc)
		return leat_error("top: unknown word %s (see leat top --help)", a->argv[0]);
	if (how.times && !how.batch && !a->json)
		return leat_error("top: -n goes with --batch");
	how.json = a->json;
	if (client_open(a->name, &c))
		return 1;
	ret = how.batch || how.json ? batch(c, &how) : top_screen(c, &how.view, how.delay_ms);
	client_close(c);
	return ret;
}

static const struct cli_option options[] = {
	{ .letter = 'a', .name = "all", .help = "also reasons of drops that are no loss (arp-done)" },
	{ .letter = 'b', .name = "batch", .help = "print lines in place of the live view" },
	{ .letter = 'n', .name = "iterations", .arg = "N", .help = "so often, with --batch; else for ever" },
	{ .letter = 'd', .name = "delay", .arg = "SECONDS", .help = "time between two looks (1)" },
	{ .letter = 's',
	  .name = "sort",
	  .arg = "KEY",
	  .help = "rate, total or name: what comes first",
	  .values = "rate total name" },
	{ .letter = 'f',
	  .name = "filter",
	  .arg = "TEXT",
	  .help = "only what has TEXT in its name",
	  .values = "@dev @node @drop" },
	{ 0 },
};

const struct leat_command cmd_top = {
	.name = "top",
	.usage = "[-ab [-n N]] [-d SECONDS] [-s KEY] [-f TEXT] [--json]",
	.what = "watch interfaces, nodes and drops",
	.text = "Lcores, their turns and those that found work each second (no processor time: an idle lcore "
		"has few); interfaces with packets, bits and what they "
		"lost each second; "
		"drops by "
		"reason and node; nodes of the graph with packets, vectors, packets a vector and clock "
		"cycles a "
		"packet. --json prints an object a line, with counters and rates.\n\n"
		"The daemon is named before the command: `leat -n NAME top`.\n",
	.options = options,
	.more = "Keys of the live view:\n\n"
		"  q           quit\n"
		"  s           sort by rate, total, name\n"
		"  /           type a filter; Enter keeps it, Escape takes it away\n"
		"  space, p    pause, go on\n"
		"  1 2 3 4     hide and show lcores, interfaces, drops, nodes\n"
		"  + -         look half as often, twice as often\n"
		"  arrows      scroll, also by page\n"
		"  ^L          draw all anew\n",
	.json = true,
	.run = run,
};
