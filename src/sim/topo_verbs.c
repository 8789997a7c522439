/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lines of a topology do. Each word that can start one is a row of the table at the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/topo_internal.h"
#include "sim/units.h"

bool topo_wrong(struct line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "%s:%u: ", l->topo->o->path, l->number);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	l->topo->bad = true;
	return false;
}

static struct sim_node *node_of(struct line *l, const char *name)
{
	struct sim_node *n = sim_node_find(l->topo->sim, name);
	if (!n)
		topo_wrong(l, "there is no node \"%s\"", name);
	return n;
}

/* --- wires --- */

/* Settings are words with one value, each a row. */
enum setting_kind { SET_TIME, SET_RATE, SET_CHANCE, SET_U32, SET_AQM };
static const struct setting {
	const char *name;
	enum setting_kind kind;
	size_t at;
} settings[] = {
	{ "rate", SET_RATE, offsetof(struct sim_wire_conf, rate_bps) },
	{ "delay", SET_TIME, offsetof(struct sim_wire_conf, delay_us) },
	{ "jitter", SET_TIME, offsetof(struct sim_wire_conf, jitter_us) },
	{ "queue", SET_U32, offsetof(struct sim_wire_conf, queue_packets) },
	{ "queue-bytes", SET_U32, offsetof(struct sim_wire_conf, queue_bytes) },
	{ "aqm", SET_AQM, offsetof(struct sim_wire_conf, aqm) },
	{ "loss", SET_CHANCE, offsetof(struct sim_wire_conf, loss) },
	{ "burst-enter", SET_CHANCE, offsetof(struct sim_wire_conf, burst_enter) },
	{ "burst-leave", SET_CHANCE, offsetof(struct sim_wire_conf, burst_leave) },
	{ "burst-loss", SET_CHANCE, offsetof(struct sim_wire_conf, burst_loss) },
	{ "reorder", SET_CHANCE, offsetof(struct sim_wire_conf, reorder) },
	{ "reorder-by", SET_TIME, offsetof(struct sim_wire_conf, reorder_us) },
	{ "duplicate", SET_CHANCE, offsetof(struct sim_wire_conf, duplicate) },
	{ "corrupt", SET_CHANCE, offsetof(struct sim_wire_conf, corrupt) },
	{ "mtu", SET_U32, offsetof(struct sim_wire_conf, mtu) },
};

static bool read_aqm(const char *value, enum sim_aqm *ret)
{
	static const char *const names[] = { "none", "codel", "fq_codel" };
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], value)) {
			*ret = (enum sim_aqm)i;
			return true;
		}
	return false;
}

static bool set_value(const struct setting *s, const char *value, struct sim_wire_conf *c)
{
	void *to = (char *)c + s->at;
	switch (s->kind) {
	case SET_TIME:
		return unit_time_us(value, to);
	case SET_RATE:
		return unit_rate_bps(value, to);
	case SET_CHANCE:
		return unit_chance(value, to);
	case SET_AQM:
		return read_aqm(value, to);
	default:
		return unit_u32(value, 0, INT32_MAX, to);
	}
}

static const struct setting *find_setting(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	return NULL;
}

static bool read_flag(const char *word, struct sim_wire_conf *c)
{
	bool offload = !strcmp(word, "offload"), up = !strcmp(word, "up");
	c->offload |= offload;
	c->up |= up;
	return offload || up;
}

/* From word `from` on. */
static bool read_settings(struct line *l, unsigned from, struct sim_wire_conf *c)
{
	for (unsigned i = from; i < l->n; i += 2) {
		const struct setting *s = find_setting(l->word[i]);
		if (read_flag(l->word[i], c)) {
			i--;
			continue;
		}
		if (!s)
			return topo_wrong(l, "a wire has no \"%s\"", l->word[i]);
		if (!l->word[i + 1] || !set_value(s, l->word[i + 1], c))
			return topo_wrong(l, "%s: \"%s\" does not fit", s->name,
					  l->word[i + 1] ? l->word[i + 1] : "");
	}
	if (c->burst_enter && !c->burst_loss)
		c->burst_loss = SIM_ALWAYS;
	return true;
}

static struct sim_node *read_end(struct line *l, char *word, const char **ret_if)
{
	char *colon = strchr(word, ':');
	if (!colon) {
		topo_wrong(l, "\"%s\" is not NODE:INTERFACE", word);
		return NULL;
	}
	*colon = 0;
	*ret_if = colon + 1;
	return node_of(l, word);
}

static bool new_wire(struct line *l)
{
	const char *a_if, *b_if;
	struct sim_wire_conf c = { 0 };
	struct sim_node *a = read_end(l, l->word[1], &a_if), *b = a ? read_end(l, l->word[2], &b_if) : NULL;
	if (!b || !read_settings(l, 3, &c))
		return false;
	int err = sim_wire_new(l->topo->sim, a, a_if, b, b_if, &c, NULL);
	return err ? topo_wrong(l, "cannot make the wire: %s", strerror(-err)) : true;
}

static bool change_wire(struct line *l, struct sim_wire *w)
{
	struct sim_wire_conf c = *sim_wire_conf(w);
	const char *what = l->word[2];
	if (l->n == 3 && (!strcmp(what, "cut") || !strcmp(what, "heal")))
		sim_wire_cut(w, !strcmp(what, "cut"));
	else if (l->n == 3 && (!strcmp(what, "down") || !strcmp(what, "up")))
		sim_wire_unplug(w, !strcmp(what, "down"));
	else if (read_settings(l, 2, &c) && sim_wire_set(w, &c))
		return topo_wrong(l, "out of memory");
	return !l->topo->bad;
}

static bool act_wire(struct line *l)
{
	uint32_t number;
	if (!unit_u32(l->word[1], 1, UINT32_MAX, &number))
		return l->timed ? topo_wrong(l, "wires come into being at the start alone") : new_wire(l);
	struct sim_wire *w = sim_wire_get(l->topo->sim, number);
	return w ? change_wire(l, w) : topo_wrong(l, "there is no wire %u", number);
}

/* --- nodes --- */

/* NAME... [workers N] */
static bool read_workers(const struct line *l, unsigned *ret_names, uint32_t *ret)
{
	*ret = l->topo->o->workers ? l->topo->o->workers : 1;
	for (unsigned i = 1; i < l->n; i++)
		if (!strcmp(l->word[i], "workers")) {
			*ret_names = i - 1;
			return i > 1 && i + 2 == l->n && unit_u32(l->word[i + 1], 1, LCORE_MAX - 1, ret);
		}
	*ret_names = l->n - 1;
	return true;
}

static bool act_node(struct line *l)
{
	struct sim_node *n;
	unsigned names;
	uint32_t workers;
	if (!read_workers(l, &names, &workers))
		return topo_wrong(l, "usage: %s", l->verb->usage);
	for (unsigned i = 1; i <= names; i++) {
		int err = sim_node_new(l->topo->sim, l->word[i], workers, &n);
		if (err)
			return topo_wrong(l, "cannot make node \"%s\": %s", l->word[i], strerror(-err));
	}
	return true;
}

static bool is_config_of(const struct line *l, const struct sim_node *n)
{
	return l->verb->stage == STAGE_CONFIG && !l->timed && !strcmp(l->word[0], sim_node_name(n));
}

static const char *behind_ip(const struct line *l)
{
	const char *s = l->whole + strlen(l->word[0]);
	return s + strspn(s, " \t") + strlen("ip");
}

/* All of a node's lines without a time, or this one. */
static bool configure(struct line *l, struct sim_node *n, bool all)
{
	struct topo *t = l->topo;
	char *batch = NULL;
	size_t len;
	FILE *f = open_memstream(&batch, &len);
	if (!f)
		return topo_wrong(l, "out of memory");
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *o = t->line[i];
		if (all ? is_config_of(o, n) : o == l)
			fprintf(f, "%s\n", behind_ip(o));
	}
	fclose(f);
	int err = len ? sim_ip(n, batch) : 0;
	free(batch);
	return err ? topo_wrong(l, "%s could not be configured: %s", sim_node_name(n), strerror(-err)) : true;
}

/* The first line of a node takes the others along. */
static bool is_first(const struct line *l)
{
	for (unsigned i = 0; i < l->topo->n_lines; i++) {
		const struct line *o = l->topo->line[i];
		if (o == l)
			return true;
		if (o->verb == l->verb && !o->timed && !strcmp(o->word[0], l->word[0]))
			return false;
	}
	return true;
}

static bool act_ip(struct line *l)
{
	struct sim_node *n = node_of(l, l->word[0]);
	if (!n)
		return false;
	return l->timed || is_first(l) ? configure(l, n, !l->timed) : true;
}

static bool act_crash(struct line *l)
{
	struct sim_node *n = node_of(l, l->word[1]);
	bool keep = l->n == 3 && !strcmp(l->word[2], "keep");
	if (!n)
		return false;
	if (l->n > 2 && !keep)
		return topo_wrong(l, "usage: %s", l->verb->usage);
	int err = sim_crash(n, keep);
	return err ? topo_wrong(l, "%s cannot crash: %s", l->word[1], strerror(-err)) : true;
}

static bool has_config(const struct topo *t, const struct sim_node *n)
{
	for (unsigned i = 0; i < t->n_lines; i++)
		if (is_config_of(t->line[i], n))
			return true;
	return false;
}

static bool act_return(struct line *l)
{
	struct sim_node *n = node_of(l, l->word[1]);
	bool kept = n && sim_node_is_kept(n);
	int err = n ? sim_return(n) : 0;
	if (!n)
		return false;
	if (err)
		return topo_wrong(l, "%s cannot return: %s", l->word[1], strerror(-err));
	return kept || !has_config(l->topo, n) ? true : configure(l, n, true);
}

/* --- pings --- */

/* "N", "N..", "..M", "N..M" */
static bool read_range(const char *s, uint32_t *ret_min, uint32_t *ret_max)
{
	char low[16];
	const char *dots = strstr(s, "..");
	*ret_min = 0;
	*ret_max = UINT32_MAX;
	if (!dots) {
		bool ok = unit_u32(s, 0, UINT32_MAX, ret_min);
		*ret_max = *ret_min;
		return ok;
	}
	if ((size_t)(dots - s) >= sizeof low)
		return false;
	snprintf(low, sizeof low, "%.*s", (int)(dots - s), s);
	return (!*low || unit_u32(low, 0, UINT32_MAX, ret_min)) &&
	       (!dots[2] || unit_u32(dots + 2, 0, UINT32_MAX, ret_max));
}

static void judge(const struct line *l, const char *to, const struct sim_ping_stats *st, uint32_t min,
		  uint32_t max)
{
	bool ok = st->received >= min && st->received <= max;
	fprintf(l->topo->o->out, "%s: %s (%" PRIu32 " sent, %" PRIu32 " received)\n", ok ? "ok" : "FAILED",
		l->whole, st->sent, st->received);
	if (!ok && !l->topo->failed++)
		l->topo->failed_to = to;
}

static bool act_ping(struct line *l)
{
	struct sim_ping_conf c = { .to = l->word[2], .count = 1, .size = 56, .interval_us = SIM_SEC };
	struct sim_node *n = node_of(l, l->word[1]);
	if (!n)
		return false;
	for (unsigned i = 3; i < l->n; i += 2) {
		const char *name = l->word[i], *value = l->word[i + 1] ? l->word[i + 1] : "";
		l->expects |= !strcmp(name, "expect");
		bool ok = !strcmp(name, "count")      ? unit_u32(value, 1, 65536, &c.count)
			  : !strcmp(name, "size")     ? unit_u32(value, 0, 60000, &c.size)
			  : !strcmp(name, "interval") ? unit_time_us(value, &c.interval_us)
			  : !strcmp(name, "expect")   ? read_range(value, &l->min, &l->max)
						      : false;
		if (!ok)
			return topo_wrong(l, "\"%s %s\" does not fit; usage: %s", name, value,
					  l->verb->usage);
	}
	int err = sim_ping(n, &c, &l->ping);
	return err ? topo_wrong(l, "cannot ping %s: %s", l->word[2], strerror(-err)) : true;
}

/* All pings from that node to that address so far, together. */
static unsigned sum_pings(const struct line *l, struct sim_ping_stats *ret)
{
	unsigned n = 0;
	*ret = (struct sim_ping_stats){ 0 };
	for (unsigned i = 0; i < l->topo->n_lines; i++) {
		const struct line *o = l->topo->line[i];
		struct sim_ping_stats st;
		if (!o->ping || strcmp(o->word[1], l->word[2]) != 0 || strcmp(o->word[2], l->word[3]) != 0)
			continue;
		sim_ping_stats(o->ping, &st);
		ret->sent += st.sent;
		ret->received += st.received;
		n++;
	}
	return n;
}

static bool act_expect(struct line *l)
{
	struct sim_ping_stats st;
	uint32_t min, max;
	if (l->n != 6 || strcmp(l->word[1], "ping") != 0 || strcmp(l->word[4], "received") != 0 ||
	    !read_range(l->word[5], &min, &max))
		return topo_wrong(l, "usage: %s", l->verb->usage);
	if (!sum_pings(l, &st))
		return topo_wrong(l, "there has been no such ping");
	judge(l, l->word[3], &st, min, max);
	return true;
}

void topo_judge_pings(const struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *l = t->line[i];
		struct sim_ping_stats st = { 0 };
		if (!l->expects)
			continue;
		if (l->ping)
			sim_ping_stats(l->ping, &st);
		judge(l, l->word[2], &st, l->min, l->max);
	}
}

static bool act_run(struct line *l)
{
	return unit_time_us(l->word[1], &l->topo->run_us) ? true
							  : topo_wrong(l, "\"%s\" is not a time", l->word[1]);
}

/* --- what can start a line --- */

static const struct verb verbs[] = {
	{ "node", act_node, STAGE_BUILD, false, 2, "node NAME... [workers N]" },
	{ "wire", act_wire, STAGE_BUILD, true, 3,
	  "wire NODE:IF NODE:IF [SETTING VALUE]... | at T wire N cut|heal|down|up|SETTING VALUE" },
	{ "ping", act_ping, STAGE_START, true, 3,
	  "ping NODE ADDRESS [count N] [interval T] [size N] [expect RANGE]" },
	{ "crash", act_crash, STAGE_START, true, 2, "crash NODE [keep]" },
	{ "return", act_return, STAGE_START, true, 2, "return NODE" },
	{ "expect", act_expect, STAGE_END, true, 6, "expect ping NODE ADDRESS received RANGE" },
	{ "run", act_run, STAGE_BUILD, false, 2, "run T" },
};
/* NODE ip ... */
static const struct verb verb_ip = { "ip", act_ip, STAGE_CONFIG, true, 3, "NODE ip ..." };

const struct verb *topo_verb(const struct line *l)
{
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, l->word[0]))
			return &verbs[i];
	return l->n > 1 && !strcmp(l->word[1], "ip") ? &verb_ip : NULL;
}

unsigned topo_lcores(const struct topo *t)
{
	uint32_t n = 1, workers;
	unsigned names;
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->line[i]->verb->act == act_node && read_workers(t->line[i], &names, &workers))
			n = MAX(n, workers);
	return n;
}
