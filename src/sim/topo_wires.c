/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines that make and change wires. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/topo_internal.h"
#include "sim/units.h"

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
	{ "mark", SET_U32, offsetof(struct sim_wire_conf, mark_packets) },
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

static const char *const aqm_names[] = { "none", "codel", "fq_codel" };

static bool read_aqm(const char *value, enum sim_aqm *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(aqm_names); i++)
		if (!strcmp(aqm_names[i], value)) {
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

static const char *const kind_help[] = {
	[SET_TIME] = "a time (0, 20ms, 1.5s)",   [SET_RATE] = "bits a second (9600, 10M, 1G)",
	[SET_CHANCE] = "a chance (0.1%, 0.001)", [SET_U32] = "a number",
	[SET_AQM] = "none, codel or fq_codel",
};

static bool unknown_setting(struct line *l, const char *word)
{
	char all[256] = "";
	for (unsigned i = 0; i < ARRAY_SIZE(settings); i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), ", %s", settings[i].name);
	return topo_wrong(l, "a wire has no \"%s\"; it has up, offload%s", word, all);
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
			return unknown_setting(l, l->word[i]);
		if (!l->word[i + 1] || !set_value(s, l->word[i + 1], c))
			return topo_wrong(l, "%s: \"%s\" does not fit, it is %s", s->name,
					  l->word[i + 1] ? l->word[i + 1] : "", kind_help[s->kind]);
	}
	if (c->burst_enter && !c->burst_loss)
		c->burst_loss = SIM_ALWAYS;
	return true;
}

static struct sim_node *read_end(struct line *l, char *word, const char **ret_if)
{
	char *colon = strchr(word, ':');
	if (!colon) {
		topo_wrong(l, "\"%s\" is no end of a wire, which is written NODE:INTERFACE", word);
		return NULL;
	}
	*colon = 0;
	*ret_if = colon + 1;
	return topo_node_of(l, word);
}

static const char *why_no_wire(const struct sim *s, int err)
{
	if (*sim_why(s))
		return sim_why(s);
	switch (err) {
	case -EEXIST:
		return "an interface of that name is there already";
	case -EINVAL:
		return "interface names have 1 to 15 characters";
	default:
		return strerror(-err);
	}
}

static bool new_wire(struct line *l)
{
	const char *a_if, *b_if;
	struct sim_wire_conf c = { 0 };
	struct sim_node *a = read_end(l, l->word[1], &a_if), *b = a ? read_end(l, l->word[2], &b_if) : NULL;
	if (!b || !read_settings(l, 3, &c))
		return false;
	int err = sim_wire_new(l->topo->sim, a, a_if, b, b_if, &c, NULL);
	return err ? topo_wrong(l, "cannot make the wire: %s", why_no_wire(l->topo->sim, err)) : true;
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

bool topo_act_wire(struct line *l)
{
	uint32_t number;
	if (!unit_u32(l->word[1], 1, UINT32_MAX, &number))
		return l->timed ? topo_wrong(l, "wires come into being at the start alone; `at T wire N` "
						"changes one by its number")
				: new_wire(l);
	struct sim_wire *w = sim_wire_get(l->topo->sim, number);
	return w ? change_wire(l, w)
		 : topo_wrong(l, "there is no wire %u; wires are numbered from 1 in the order of their lines",
			      number);
}

/* As a decimal fraction, without zeros behind it. */
static void chance_text(uint32_t billionths, char to[static 16])
{
	size_t len = (size_t)snprintf(to, 16, "%u.%09u", billionths / SIM_ALWAYS, billionths % SIM_ALWAYS);
	while (to[len - 1] == '0')
		to[--len] = 0;
	if (to[len - 1] == '.')
		to[--len] = 0;
}

/* In units that lose nothing. */
void topo_setting_text(const struct sim_wire *w, const char *name, char *to, size_t size)
{
	const struct setting *s = find_setting(name);
	const void *at = (const char *)sim_wire_conf(w) + s->at;
	char chance[16];
	switch (s->kind) {
	case SET_TIME:
		snprintf(to, size, "%s %" PRIu64 "us", name, *(const uint64_t *)at);
		break;
	case SET_RATE:
		snprintf(to, size, "%s %" PRIu64, name, *(const uint64_t *)at);
		break;
	case SET_CHANCE:
		chance_text(*(const uint32_t *)at, chance);
		snprintf(to, size, "%s %s", name, chance);
		break;
	case SET_AQM:
		snprintf(to, size, "%s %s", name, aqm_names[*(const enum sim_aqm *)at]);
		break;
	default:
		snprintf(to, size, "%s %u", name, *(const uint32_t *)at);
	}
}
