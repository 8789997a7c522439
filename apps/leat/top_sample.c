/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/top.h"

#include <stdlib.h>
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"

/* NULL: no memory; the row is then left out. */
static struct top_row *add(struct top_sample *s, enum top_kind kind)
{
	size_t n = s->kind[kind].n, room = n ? n * 2 : 32;

	if (n == s->kind[kind].room) {
		struct top_row *p = realloc(s->kind[kind].row, room * sizeof *p);
		if (!p)
			return NULL;
		s->kind[kind].row = p;
		s->kind[kind].room = room;
	}
	s->kind[kind].n++;
	return memset(&s->kind[kind].row[n], 0, sizeof(struct top_row));
}

static void take_name(struct top_row *r, const struct answer *a, int attr)
{
	snprintf(r->name, sizeof r->name, "%s", answer_str(a, attr));
}

static void take_stack(const struct answer *a, void *ctx)
{
	struct top_sample *s = ctx;

	snprintf(s->stack, sizeof s->stack, "%s", answer_str(a, LEAT_A_NAME));
	s->time_us = answer_u64(a, LEAT_A_TIME_US);
	s->workers = answer_u32(a, LEAT_A_WORKERS);
}

static void take_dev(const struct answer *a, void *ctx)
{
	struct top_row *r = add(ctx, TOP_DEVS);

	if (!r)
		return;
	take_name(r, a, LEAT_A_IFNAME);
	r->v[DEV_RX_PACKETS] = answer_u64(a, LEAT_A_RX_PACKETS);
	r->v[DEV_RX_BYTES] = answer_u64(a, LEAT_A_RX_BYTES);
	r->v[DEV_RX_LOST] = answer_u64(a, LEAT_A_RX_DROPPED) + answer_u64(a, LEAT_A_RX_ERRORS);
	r->v[DEV_TX_PACKETS] = answer_u64(a, LEAT_A_TX_PACKETS);
	r->v[DEV_TX_BYTES] = answer_u64(a, LEAT_A_TX_BYTES);
	r->v[DEV_TX_LOST] = answer_u64(a, LEAT_A_TX_DROPPED) + answer_u64(a, LEAT_A_TX_ERRORS);
	r->v[DEV_FLAGS] = answer_u32(a, LEAT_A_FLAGS);
}

static void take_node(const struct answer *a, void *ctx)
{
	struct top_row *r = answer_u64(a, LEAT_A_VECTORS) ? add(ctx, TOP_NODES) : NULL;

	if (!r)
		return;
	take_name(r, a, LEAT_A_NODE_NAME);
	r->v[NODE_PACKETS] = answer_u64(a, LEAT_A_PACKETS);
	r->v[NODE_VECTORS] = answer_u64(a, LEAT_A_VECTORS);
	r->v[NODE_CYCLES] = answer_u64(a, LEAT_A_CYCLES);
}

static void take_drop(const struct answer *a, void *ctx)
{
	struct top_row *r = add(ctx, TOP_DROPS);

	if (!r)
		return;
	take_name(r, a, LEAT_A_DROP);
	snprintf(r->of, sizeof r->of, "%s", answer_str(a, LEAT_A_NODE_NAME));
	r->consumed = a->attr[LEAT_A_CONSUMED];
	r->v[DROP_COUNT] = answer_u64(a, LEAT_A_COUNT);
}

static void take_lcore(const struct answer *a, void *ctx)
{
	struct top_row *r = add(ctx, TOP_LCORES);

	if (!r)
		return;
	if (a->attr[LEAT_A_CONTROL])
		snprintf(r->name, sizeof r->name, "control");
	else
		snprintf(r->name, sizeof r->name, "%u", answer_u32(a, LEAT_A_LCORE));
	r->v[LCORE_BUSY] = answer_u64(a, LEAT_A_BUSY_TURNS);
	r->v[LCORE_TURNS] = answer_u64(a, LEAT_A_TURNS);
	r->v[LCORE_PACKETS] = answer_u64(a, LEAT_A_POOL_IN_USE);
}

/* --- rates --- */

static const struct top_row *find(const struct top_sample *s, enum top_kind kind, const struct top_row *r,
				  size_t hint)
{
	size_t n = s->kind[kind].n;

	for (size_t i = 0; i < n; i++) {
		const struct top_row *p = &s->kind[kind].row[(i + hint) % n];
		if (!strcmp(p->name, r->name) && !strcmp(p->of, r->of))
			return p;
	}
	return NULL;
}

/* A counter that went back belongs to another thing of the same name: it has no rate yet. */
static void rate_row(struct top_row *r, const struct top_row *before, double seconds)
{
	for (unsigned i = 0; i < TOP_VALUES; i++) {
		uint64_t old = before ? before->v[i] : 0;
		r->rate[i] = r->v[i] >= old ? (double)(r->v[i] - old) / seconds : 0;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->of, y->of);
}

static void rate(struct top_sample *s, const struct top_sample *prev)
{
	if (!prev || s->time_us <= prev->time_us)
		return;
	s->seconds = (double)(s->time_us - prev->time_us) / 1e6;
	for (unsigned k = 0; k < TOP_KINDS; k++)
		for (size_t i = 0; i < s->kind[k].n; i++) {
			struct top_row *r = &s->kind[k].row[i];
			rate_row(r, find(prev, k, r, i), s->seconds);
		}
}

/* --- asking --- */

static int ask(struct client *c, uint8_t cmd, bool dump, answer_fn *fn, struct top_sample *s)
{
	int err;

	client_begin(c, cmd, dump);
	err = client_run(c, fn, s);
	return err ? client_refused(c, "top", err) : 0;
}

int top_sample(struct client *c, const struct top_sample *prev, struct top_sample **ret)
{
	struct top_sample *s = calloc(1, sizeof *s);

	if (!s)
		return leat_error("out of memory");
	if (ask(c, LEAT_CMD_STACK_GET, false, take_stack, s) || ask(c, LEAT_CMD_DEV_GET, true, take_dev, s) ||
	    ask(c, LEAT_CMD_NODE_GET, true, take_node, s) || ask(c, LEAT_CMD_DROP_GET, true, take_drop, s) ||
	    ask(c, LEAT_CMD_LCORE_GET, true, take_lcore, s)) {
		top_sample_free(s);
		return 1;
	}
	for (unsigned k = 0; k < TOP_KINDS; k++) /* so that find() finds at the first try */
		if (s->kind[k].n)
			qsort(s->kind[k].row, s->kind[k].n, sizeof(struct top_row), by_name);
	rate(s, prev);
	*ret = s;
	return 0;
}

void top_sample_free(struct top_sample *s)
{
	if (!s)
		return;
	for (unsigned k = 0; k < TOP_KINDS; k++)
		free(s->kind[k].row);
	free(s);
}
