/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat metrics`: counters for Prometheus. */
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"
#include "leat/metrics.h"

#define LISTEN_AT "127.0.0.1:9978"
enum { OPT_LISTEN = 256, OPT_ONCE, OPT_OPEN };

static int print_once(const char *daemon, bool open)
{
	struct metrics m;
	struct client *c;
	int err;

	if (client_open(daemon, &c))
		return 1;
	err = metrics_collect(c, &m);
	if (err)
		client_refused(c, "metrics", err);
	else
		metrics_text(&m, open, stdout);
	metrics_done(&m);
	client_close(c);
	return err ? 1 : 0;
}

static int run(struct leat_args *a)
{
	const char *listen = LISTEN_AT;
	bool once = false, open = false;
	int id;

	while ((id = leat_option(a)) > 0)
		switch (id) {
		case OPT_LISTEN:
			listen = a->value;
			break;
		case OPT_ONCE:
			once = true;
			break;
		case OPT_OPEN:
			open = once = true;
			break;
		}
	if (id < 0)
		return leat_bad_usage(a);
	if (a->argc)
		return leat_error("metrics: unknown word %s (see leat metrics --help)", a->argv[0]);
	return once ? print_once(a->name, open) : metrics_serve(a->name, listen);
}

static const struct cli_option options[] = {
	{ .id = OPT_LISTEN,
	  .name = "listen",
	  .arg = "WHERE",
	  .help = "ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH (" LISTEN_AT
		  "); a socket handed over by systemd goes "
		  "first" },
	{ .id = OPT_ONCE, .name = "once", .help = "print them, and serve nobody" },
	{ .id = OPT_OPEN, .name = "open", .help = "print them as OpenMetrics" },
	{ 0 },
};

const struct leat_command cmd_metrics = {
	.name = "metrics",
	.usage = "[--listen WHERE | --once | --open]",
	.what = "serve counters to Prometheus",
	.text = "Serves http://" LISTEN_AT
		"/metrics until a signal ends it: interfaces, queues, drops by node and "
		"reason, nodes, lcores, memory, routes, neighbours and netlink sockets, in Prometheus' text "
		"format, or "
		"as OpenMetrics for who asks for that. They come from the daemon over its control socket "
		"when they are "
		"asked for, at most five times a second. Any user may run it. While the daemon is not there, "
		"leat_up is "
		"0.\n\n"
		"It knows no users and no encryption: behind other addresses than those of the loopback put "
		"a proxy "
		"that does.\n",
	.options = options,
	.more = "A connection lasts ten seconds at most. leat_lcore_cpu_seconds_total is there when the "
		"daemon's "
		"threads are visible in /proc.\n",
	.run = run,
};
