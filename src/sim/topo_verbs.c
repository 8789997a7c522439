/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that can start a line. */
#include <stdio.h>
#include <string.h>

#include "sim/topo_internal.h"
#include "sim/units.h"

static bool act_run(struct line *l)
{
	if (unit_time_us(l->word[1], &l->topo->run_us))
		return true;
	return topo_wrong(l, "\"%s\" is not a time (90s, 1.5s, 20ms, 2m, 1h)", l->word[1]);
}

static const struct verb verbs[] = {
	{ "node", topo_act_node, STAGE_BUILD, false, 2, "node NAME... [workers N]" },
	{ "wire", topo_act_wire, STAGE_BUILD, true, 3,
	  "wire NODE:IF NODE:IF [SETTING VALUE]... | at T wire N cut|heal|down|up|SETTING VALUE" },
	{ "ping", topo_act_ping, STAGE_START, true, 3,
	  "ping NODE ADDRESS [from ADDRESS|IF] [count N] [interval T] [size N] [expect RANGE]" },
	{ "udp", topo_act_udp, STAGE_START, true, 3,
	  "udp NODE NODE:PORT [to ADDRESS] [from ADDRESS|IF] [count N] [interval T] [size N] [expect "
	  "RANGE]" },
	{ "crash", topo_act_crash, STAGE_START, true, 2, "crash NODE [keep]" },
	{ "return", topo_act_return, STAGE_START, true, 2, "return NODE" },
	{ "chaos", topo_act_chaos, STAGE_START, false, 3,
	  "chaos FROM TO [every T] [cut] [down] [crash] [set]" },
	{ "expect", topo_act_expect, STAGE_END, true, 6,
	  "expect ping NODE ADDRESS received RANGE | expect udp NODE NODE:PORT received RANGE" },
	{ "run", act_run, STAGE_BUILD, false, 2, "run T" },
};
/* NODE ip ... */
static const struct verb verb_ip = { "ip", topo_act_ip, STAGE_CONFIG, true, 3, "NODE ip ..." };

const struct verb *topo_verb(const struct line *l)
{
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, l->word[0]))
			return &verbs[i];
	return l->n > 1 && !strcmp(l->word[1], "ip") ? &verb_ip : NULL;
}

void topo_list_verbs(char *to, size_t size)
{
	size_t at = 0;
	*to = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(verbs) && at < size; i++)
		at += (size_t)snprintf(to + at, size - at, "%s, ", verbs[i].name);
	if (at < size)
		snprintf(to + at, size - at, "at, NODE ip");
}
