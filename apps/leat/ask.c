/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/ask.h"

#include <stdlib.h>
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"
#include "sockd/path.h"

struct asked {
	const struct cli_offers *offers;
	int attr;
	char last[256]; /* a name comes once, though it may be told of in many messages */
};

static void offer_answer(const struct answer *a, void *ctx)
{
	struct asked *q = ctx;
	const char *s = answer_str(a, q->attr);

	if (!*s || !strcmp(s, q->last))
		return;
	snprintf(q->last, sizeof q->last, "%s", s);
	cli_offer(q->offers, s);
}

/* What -n of the line says, or NULL. */
static const char *daemon_of(const char *line, char *to, size_t len)
{
	const char *at = strstr(line, " -n ");

	if (!at || sscanf(at, " -n %63s", to) != 1 || strlen(to) >= len)
		return NULL;
	return to;
}

static void ask_daemon(const char *line, uint8_t cmd, int attr, const struct cli_offers *o)
{
	struct asked q = { .offers = o, .attr = attr };
	struct client *c;
	char name[64];

	if (client_try(daemon_of(line, name, sizeof name), &c))
		return;
	leat_nl_timeout(c->nl, 1000);
	client_begin(c, cmd, true);
	if (cmd == LEAT_CMD_DROP_GET)
		leat_nl_put_flag(c->nl, LEAT_A_ALL);
	client_run(c, offer_answer, &q);
	client_close(c);
}

static void offer_daemon(void *ctx, const char *name)
{
	cli_offer(ctx, name);
}

void ask_values(const char *kind, const struct cli_offers *o, void *ctx)
{
	static const struct {
		const char *kind;
		uint8_t cmd;
		int attr;
	} rows[] = {
		{ "dev", LEAT_CMD_DEV_GET, LEAT_A_IFNAME },
		{ "node", LEAT_CMD_NODE_GET, LEAT_A_NODE_NAME },
		{ "drop", LEAT_CMD_DROP_GET, LEAT_A_DROP },
		{ "sysctl", LEAT_CMD_KNOB_GET, LEAT_A_KNOB },
	};

	if (!strcmp(kind, "daemon"))
		sockd_each(offer_daemon, (void *)o);
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!strcmp(kind, rows[i].kind))
			ask_daemon(ctx, rows[i].cmd, rows[i].attr, o);
}
