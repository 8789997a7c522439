/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a `chaos` line plays faults drawn from the seed between two instants. Each is a line of the language, written
 * out when it acts, with its time in front: cut and heal, down and up, crash and return, a setting and back. So a random
 * schedule can be read, and made a scripted one by copying its lines into the file.
 *
 * The time between two faults is anything up to twice the mean that the line asks for, how long one lasts anything up to four times
 * that; when the window ends all of them end, and the network is as the file left it. Only what is whole is broken. Where a
 * line of the file touches the same thing meanwhile, the thing is the file's from then on, and chance does not take it back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_internal.h"
#include "sim/topo_internal.h"
#include "sim/units.h"

enum fault_kind { FAULT_CUT, FAULT_DOWN, FAULT_CRASH, FAULT_SET, FAULT_KINDS };
static const char *const kind_words[FAULT_KINDS] = { "cut", "down", "crash", "set" };

enum { TEXT_MAX = 96, LASTS_UP_TO = 4 /* times the mean distance */ };

struct fault {
	struct sim_event over;
	struct chaos *chaos;
	enum fault_kind kind;
	unsigned wire; /* 0: a node */
	const char *what; /* the node's name, or a setting's */
	char undo[TEXT_MAX];
	struct list link;
};

struct chaos {
	struct line *line;
	uint64_t every_us, end_us, random;
	bool kinds[FAULT_KINDS];
	struct sim_event next;
	struct list faults;
};

static uint64_t below(struct chaos *c, uint64_t n)
{
	return sim_random(&c->random) % n;
}

static void say_and_do(struct chaos *c, const char *text)
{
	const struct topo *t = c->line->topo;
	uint64_t now = sim_now_us(t->sim);
	fprintf(t->o->out, "at %" PRIu64 ".%06" PRIu64 "s %s\n", now / SIM_SEC, now % SIM_SEC, text);
	topo_add_by_chance(c->line, text);
}

/* --- a fault and its end --- */

static void forget(struct fault *f)
{
	sim_cancel(f->chaos->line->topo->sim, &f->over);
	list_remove(&f->link);
	free(f);
}

static void end_fault(struct sim *s, struct sim_event *e)
{
	struct fault *f = container_of(e, struct fault, over);
	if (!f->chaos->line->topo->bad)
		say_and_do(f->chaos, f->undo);
	forget(f);
}

static void begin(struct chaos *c, const struct fault *how, const char *text)
{
	struct fault *f = malloc(sizeof *f);
	struct sim *s = c->line->topo->sim;
	uint64_t over_us = sim_now_us(s) + 1 + below(c, LASTS_UP_TO * c->every_us);
	if (!f)
		return; /* nothing was promised */
	*f = *how;
	f->chaos = c;
	f->over = (struct sim_event){ .fn = end_fault };
	list_append(&c->faults, &f->link);
	say_and_do(c, text);
	sim_at(s, &f->over, MIN(over_us, c->end_us));
}

static bool is_set_by_chance(const struct topo *t, unsigned wire, const char *setting)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct fault *f;
		if (!t->line[i]->chaos)
			continue;
		list_for_each (f, &t->line[i]->chaos->faults, link)
			if (f->kind == FAULT_SET && f->wire == wire && f->what == setting)
				return true;
	}
	return false;
}

/* --- what it can be --- */

static unsigned count_wires(struct sim *s)
{
	unsigned n = 0;
	while (sim_wire_get(s, n + 1))
		n++;
	return n;
}

static void break_wire(struct chaos *c, enum fault_kind kind, unsigned number)
{
	const struct sim_wire *w = sim_wire_get(c->line->topo->sim, number);
	char text[TEXT_MAX];
	struct fault f = { .kind = kind, .wire = number };
	bool cut = kind == FAULT_CUT;
	if (cut ? sim_wire_is_cut(w) : sim_wire_is_unplugged(w))
		return;
	snprintf(text, sizeof text, "wire %u %s", number, cut ? "cut" : "down");
	snprintf(f.undo, sizeof f.undo, "wire %u %s", number, cut ? "heal" : "up");
	begin(c, &f, text);
}

/* Each from `low` to `high`, in the unit. */
static const struct change {
	const char *setting, *unit;
	unsigned low, high;
} changes[] = {
	{ "loss", "%", 1, 50 },        { "corrupt", "%", 1, 10 },  { "duplicate", "%", 1, 50 },
	{ "delay", "ms", 0, 300 },     { "jitter", "ms", 0, 100 }, { "rate", "k", 50, 10000 },
	{ "burst-enter", "%", 1, 20 }, { "mtu", "", 576, 1499 },
};

static void change_wire(struct chaos *c, unsigned number)
{
	const struct change *ch = &changes[below(c, ARRAY_SIZE(changes))];
	unsigned value = ch->low + (unsigned)below(c, ch->high - ch->low + 1);
	char text[TEXT_MAX], old[TEXT_MAX / 2];
	struct fault f = { .kind = FAULT_SET, .wire = number, .what = ch->setting };
	if (is_set_by_chance(c->line->topo, number, ch->setting))
		return;
	topo_setting_text(sim_wire_get(c->line->topo->sim, number), ch->setting, old, sizeof old);
	snprintf(text, sizeof text, "wire %u %s %u%s", number, ch->setting, value, ch->unit);
	snprintf(f.undo, sizeof f.undo, "wire %u %s", number, old);
	begin(c, &f, text);
}

static void crash_node(struct chaos *c)
{
	const struct topo *t = c->line->topo;
	struct sim_node *n = t->node[below(c, t->n_nodes)].node;
	bool keep = below(c, 2);
	char text[TEXT_MAX];
	struct fault f = { .kind = FAULT_CRASH, .what = sim_node_name(n) };
	if (!sim_node_stack(n))
		return;
	snprintf(text, sizeof text, "crash %s%s", f.what, keep ? " keep" : "");
	snprintf(f.undo, sizeof f.undo, "return %s", f.what);
	begin(c, &f, text);
}

static enum fault_kind choose(struct chaos *c)
{
	for (;;) {
		enum fault_kind k = (enum fault_kind)below(c, FAULT_KINDS);
		if (c->kinds[k])
			return k;
	}
}

static void next_fault(struct sim *s, struct sim_event *e)
{
	struct chaos *c = container_of(e, struct chaos, next);
	enum fault_kind kind = choose(c);
	unsigned wires = count_wires(s), number = wires ? 1 + (unsigned)below(c, wires) : 0;
	if (c->line->topo->bad)
		return;
	if (kind == FAULT_CRASH)
		crash_node(c);
	else if (number && kind == FAULT_SET)
		change_wire(c, number);
	else if (number)
		break_wire(c, kind, number);
	uint64_t at = sim_now_us(s) + 1 + below(c, 2 * c->every_us);
	if (at < c->end_us)
		sim_at(s, &c->next, at);
}

/* --- what the file says meanwhile --- */

static bool sets(const struct line *l, const char *setting)
{
	for (unsigned i = 2; i < l->n; i++)
		if (!strcmp(l->word[i], setting))
			return true;
	return false;
}

static bool is_about(const struct line *l, const struct fault *f)
{
	uint32_t number;
	bool wire = !strcmp(l->word[0], "wire") && unit_u32(l->word[1], 1, UINT32_MAX, &number);
	switch (f->kind) {
	case FAULT_CUT:
		return wire && number == f->wire && (sets(l, "cut") || sets(l, "heal"));
	case FAULT_DOWN:
		return wire && number == f->wire && (sets(l, "down") || sets(l, "up"));
	case FAULT_SET:
		return wire && number == f->wire && sets(l, f->what);
	default:
		return (!strcmp(l->word[0], "crash") || !strcmp(l->word[0], "return")) &&
		       !strcmp(l->word[1], f->what);
	}
}

void topo_overrule_chaos(struct topo *t, const struct line *l)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		struct fault *f, *tmp;
		if (!t->line[i]->chaos)
			continue;
		list_for_each_safe (f, tmp, &t->line[i]->chaos->faults, link)
			if (is_about(l, f))
				forget(f);
	}
}

/* --- the line --- */

static bool read_kind(const char *word, struct chaos *c)
{
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		if (!strcmp(word, kind_words[i])) {
			c->kinds[i] = true;
			return true;
		}
	return false;
}

static bool read_chaos(struct line *l, struct chaos *c, uint64_t *ret_from)
{
	unsigned i = 3;
	if (!unit_time_us(l->word[1], ret_from) || !unit_time_us(l->word[2], &c->end_us) ||
	    *ret_from >= c->end_us)
		return topo_wrong(l, "chaos lasts from one time to a later one: chaos 5s 60s");
	if (i + 1 < l->n && !strcmp(l->word[i], "every")) {
		if (!unit_time_us(l->word[i + 1], &c->every_us) || !c->every_us ||
		    c->every_us > INT64_MAX / 8)
			return topo_wrong(l, "every: \"%s\" is not a time", l->word[i + 1]);
		i += 2;
	}
	for (unsigned k = 0; k < FAULT_KINDS; k++)
		c->kinds[k] = i == l->n;
	for (; i < l->n; i++)
		if (!read_kind(l->word[i], c))
			return topo_wrong(l,
					  "chaos has no \"%s\"; it has cut, down, crash, set, all of them "
					  "when none is named",
					  l->word[i]);
	return true;
}

bool topo_act_chaos(struct line *l)
{
	struct chaos *c = calloc(1, sizeof *c);
	uint64_t from_us;
	if (!c)
		return topo_wrong(l, "out of memory");
	*c = (struct chaos){ .line = l, .every_us = SIM_SEC, .next.fn = next_fault };
	list_init(&c->faults);
	c->random = l->topo->o->seed ^ (uint64_t)l->number << 48;
	if (!read_chaos(l, c, &from_us)) {
		free(c);
		return false;
	}
	l->chaos = c;
	l->at_us = c->end_us;
	sim_at(l->topo->sim, &c->next, from_us);
	return true;
}

void topo_chaos_free(struct chaos *c)
{
	struct fault *f, *tmp;
	if (!c)
		return;
	list_for_each_safe (f, tmp, &c->faults, link)
		free(f);
	free(c);
}
