/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of `leat top`, and the same as JSON. */
#include "leat/top.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/client.h"

enum { LINE = 256, NUMBER = 16 };

static const char *const sort_names[TOP_SORTS] = {
	[TOP_BY_RATE] = "rate",
	[TOP_BY_TOTAL] = "total",
	[TOP_BY_NAME] = "name",
};

const char *top_sort_name(enum top_sort s)
{
	return sort_names[s];
}

bool top_sort_find(const char *name, enum top_sort *ret)
{
	for (unsigned i = 0; i < TOP_SORTS; i++)
		if (!strcmp(name, sort_names[i])) {
			*ret = i;
			return true;
		}
	return false;
}

/* --- order --- */

/* What a row is sorted by: all that passes through a device, else the first counter. */
static double weight(const struct top_row *r, enum top_kind kind, enum top_sort sort)
{
	double rate = r->rate[0], total = (double)r->v[0];

	if (kind == TOP_DEVS) {
		rate += r->rate[DEV_TX_PACKETS];
		total += (double)r->v[DEV_TX_PACKETS];
	}
	return sort == TOP_BY_RATE ? rate : sort == TOP_BY_TOTAL ? total : 0;
}

struct by {
	enum top_kind kind;
	enum top_sort sort;
};

static int compare(const void *a, const void *b, void *ctx)
{
	const struct top_row *x = a, *y = b;
	const struct by *by = ctx;
	double wx = weight(x, by->kind, by->sort), wy = weight(y, by->kind, by->sort);
	int d = (wx < wy) - (wx > wy);

	d = d ? d : strcmp(x->name, y->name);
	return d ? d : strcmp(x->of, y->of);
}

void top_order(struct top_sample *s, const struct top_view *v)
{
	for (enum top_kind k = 0; k < TOP_KINDS; k++) {
		struct by by = { k, k == TOP_LCORES ? TOP_BY_NAME : v->sort };
		if (s->kind[k].n)
			qsort_r(s->kind[k].row, s->kind[k].n, sizeof(struct top_row), compare, &by);
	}
}

static bool is_shown(const struct top_row *r, enum top_kind k, const struct top_view *v)
{
	return k == TOP_LCORES || strstr(r->name, v->filter) || strstr(r->of, v->filter);
}

/* --- text --- */

/* A number in at most six places: 12.3k. What is counted is whole as long as it has no unit. */
static const char *number(double v, bool whole, char to[NUMBER])
{
	static const char units[] = " kMGTPE";
	unsigned u = 0;

	for (; v >= 9999.5 && units[u + 1]; u++)
		v /= 1000;
	if (u)
		snprintf(to, NUMBER, "%.*f%c", v < 99.95 ? 1 : 0, v, units[u]);
	else
		snprintf(to, NUMBER, "%.*f", !whole && v > 0 && v < 9.95 ? 1 : 0, v);
	return to;
}

struct cells {
	char text[LINE];
	size_t len;
};

static void put(struct cells *c, int width, const char *s)
{
	int add = snprintf(c->text + c->len, sizeof c->text - c->len, " %*s", width, s);

	c->len = MIN(c->len + (size_t)add, sizeof c->text - 1);
}

static void cell(struct cells *c, double v)
{
	char n[NUMBER];

	put(c, 9, number(v, false, n));
}

static void count(struct cells *c, uint64_t v)
{
	char n[NUMBER];

	put(c, 9, number((double)v, true, n));
}

static void name(struct cells *c, const char *s, int width)
{
	c->len = (size_t)snprintf(c->text, sizeof c->text, "%-*.*s", width, width, s);
}

/* Its state has room within 80 columns. */
static void dev_line(const struct top_row *r, struct cells *c)
{
	char n[NUMBER];

	name(c, r->name, 15);
	for (unsigned i = 0; i < DEV_FLAGS; i++)
		put(c, 8, number(r->rate[i] * (i == DEV_RX_BYTES || i == DEV_TX_BYTES ? 8 : 1), false, n));
	if (!(r->v[DEV_FLAGS] & IFF_UP))
		put(c, 0, "down");
	else if (!(r->v[DEV_FLAGS] & IFF_RUNNING))
		put(c, 0, "no carrier");
}

static double part(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static void node_line(const struct top_row *r, struct cells *c)
{
	name(c, r->name, 29);
	cell(c, r->rate[NODE_PACKETS]);
	cell(c, r->rate[NODE_VECTORS]);
	cell(c, part(r->rate[NODE_PACKETS], r->rate[NODE_VECTORS]));
	cell(c, part(r->rate[NODE_CYCLES], r->rate[NODE_PACKETS]));
	count(c, r->v[NODE_PACKETS]);
}

static void drop_line(const struct top_row *r, struct cells *c)
{
	char both[LINE];

	snprintf(both, sizeof both, "%-29s %s", r->name, r->of);
	name(c, both, 50);
	cell(c, r->rate[DROP_COUNT]);
	count(c, r->v[DROP_COUNT]);
}

/* Turns are no processor time: one that sleeps in between has few, and work in all of them. */
static void lcore_line(const struct top_row *r, struct cells *c)
{
	name(c, r->name, 20);
	cell(c, r->rate[LCORE_TURNS]);
	cell(c, r->rate[LCORE_BUSY]);
	count(c, r->v[LCORE_PACKETS]);
}

static const struct section {
	const char *json, *head;
	void (*line)(const struct top_row *r, struct cells *c);
} sections[TOP_KINDS] = {
	[TOP_DEVS] = { "devices", "interface           rx/s rx bit/s   lost/s     tx/s tx bit/s   lost/s",
		       dev_line },
	[TOP_NODES] = { "nodes",
			"node                          packets/s vectors/s   pkt/vec clock/pkt   packets",
			node_line },
	[TOP_DROPS] = { "drops", "drop reason                   node                   drops/s     drops",
			drop_line },
	[TOP_LCORES] = { "lcores", "lcore                  turns/s w/ work/s   packets", lcore_line },
};

/* In which order they stand: what is long comes last. */
static const enum top_kind order[TOP_KINDS] = { TOP_LCORES, TOP_DEVS, TOP_DROPS, TOP_NODES };

static void head_line(const struct top_sample *s, const struct top_view *v, top_line_fn *line, void *ctx)
{
	uint64_t up = s->time_us / 1000000;
	double drops = 0;
	char text[LINE], n[NUMBER];

	for (size_t i = 0; i < s->kind[TOP_DROPS].n; i++)
		if (!s->kind[TOP_DROPS].row[i].consumed)
			drops += s->kind[TOP_DROPS].row[i].rate[DROP_COUNT];
	snprintf(text, sizeof text,
		 "leat %s  up %" PRIu64 ":%02u:%02u  %u workers  %s drops/s  sorted by %s%s%s", s->stack,
		 up / 3600, (unsigned)(up / 60 % 60), (unsigned)(up % 60), s->workers,
		 number(drops, false, n), sort_names[v->sort], *v->filter ? "  filter " : "", v->filter);
	line(ctx, text, true);
}

void top_text(const struct top_sample *s, const struct top_view *v, top_line_fn *line, void *ctx)
{
	head_line(s, v, line, ctx);
	for (unsigned i = 0; i < TOP_KINDS; i++) {
		enum top_kind k = order[i];
		if (v->hidden[k])
			continue;
		line(ctx, "", false);
		line(ctx, sections[k].head, true);
		for (size_t j = 0; j < s->kind[k].n; j++) {
			struct cells c;
			if (!is_shown(&s->kind[k].row[j], k, v) || (s->kind[k].row[j].consumed && !v->all))
				continue;
			sections[k].line(&s->kind[k].row[j], &c);
			line(ctx, c.text, false);
		}
	}
}

/* --- JSON --- */

static const char *const value_names[TOP_KINDS][TOP_VALUES] = {
	[TOP_DEVS] = { "rx_packets", "rx_bytes", "rx_lost", "tx_packets", "tx_bytes", "tx_lost" },
	[TOP_NODES] = { "packets", "vectors", "cycles" },
	[TOP_DROPS] = { "count" },
	[TOP_LCORES] = { "busy_turns", "turns" },
};
static const char *const name_names[TOP_KINDS] = {
	[TOP_DEVS] = "ifname",
	[TOP_NODES] = "node",
	[TOP_DROPS] = "reason",
	[TOP_LCORES] = "lcore",
};

static json_t *row_json(const struct top_row *r, enum top_kind k)
{
	json_t *o = json_object();
	char per_s[NUMBER * 2];

	json_object_set_new(o, name_names[k], text_json(r->name));
	if (k == TOP_DROPS)
		json_object_set_new(o, "node", text_json(r->of));
	if (r->consumed)
		json_object_set_new(o, "consumed", json_true());
	for (unsigned i = 0; i < TOP_VALUES && value_names[k][i]; i++) {
		json_object_set_new(o, value_names[k][i], json_integer((json_int_t)r->v[i]));
		snprintf(per_s, sizeof per_s, "%s_per_s", value_names[k][i]);
		json_object_set_new(o, per_s, json_real(r->rate[i]));
	}
	if (k == TOP_DEVS) {
		json_object_set_new(o, "up", json_boolean(r->v[DEV_FLAGS] & IFF_UP));
		json_object_set_new(o, "carrier", json_boolean(r->v[DEV_FLAGS] & IFF_RUNNING));
	}
	if (k == TOP_LCORES)
		json_object_set_new(o, "packets", json_integer((json_int_t)r->v[LCORE_PACKETS]));
	return o;
}

json_t *top_json(const struct top_sample *s, const struct top_view *v)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", text_json(s->stack));
	json_object_set_new(o, "time_us", json_integer((json_int_t)s->time_us));
	json_object_set_new(o, "seconds", json_real(s->seconds));
	json_object_set_new(o, "workers", json_integer(s->workers));
	for (enum top_kind k = 0; k < TOP_KINDS; k++) {
		json_t *list = json_array();
		for (size_t i = 0; i < s->kind[k].n; i++)
			if (is_shown(&s->kind[k].row[i], k, v))
				json_array_append_new(list, row_json(&s->kind[k].row[i], k));
		json_object_set_new(o, sections[k].json, list);
	}
	return o;
}
