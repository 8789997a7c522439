/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the file is cut into lines and words first. Then, in this order and all at instant 0: nodes and wires in the
 * order of the file; each node's `ip` lines, as one batch; what else has no time. Lines with `at` become events. Expectations
 * without a time are judged at the end, which is where `run` says or a few seconds after nothing is left to happen.
 *
 * Each word that can start a line is a row of the table at the end of the file. */
#include "sim/topo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "sim/units.h"

enum { LINE_WORDS_MAX = 48, LINGER_US = 5 * SIM_SEC, BATCH_MAX = 65536 };

struct line {
	struct sim_event when;
	struct topo *topo;
	const struct verb *verb;
	unsigned number, n;
	bool timed;
	uint64_t at_us;
	char *text, *whole; /* cut into words; as it was, from behind `at T` */
	char *word[LINE_WORDS_MAX + 1]; /* [n..] are NULL */
	struct sim_ping *ping; /* that it started */
};

struct topo {
	const struct topo_opts *o;
	struct sim *sim;
	struct line **line;
	unsigned n_lines, n_nodes, waiting;
	uint64_t run_us; /* 0: not said */
	unsigned failed;
	bool bad;
};

enum stage { STAGE_BUILD, STAGE_CONFIG, STAGE_START, STAGE_END };
struct verb {
	const char *name;
	bool (*act)(struct line *l); /* false: what is wrong has been said */
	enum stage stage; /* when, if the line has no time */
	bool timed; /* may have one */
	unsigned min_words;
	const char *usage;
};

static bool printf_like(2, 3) cold_fn wrong(struct line *l, const char *fmt, ...)
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
		wrong(l, "there is no node \"%s\"", name);
	return n;
}

/* --- wires --- */

/* Settings are words with one value, each a row. */
enum setting_kind { SET_TIME, SET_RATE, SET_CHANCE, SET_U32 };
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

/* From word `from` on. */
static bool read_settings(struct line *l, unsigned from, struct sim_wire_conf *c)
{
	for (unsigned i = from; i < l->n; i += 2) {
		const struct setting *s = find_setting(l->word[i]);
		if (!strcmp(l->word[i], "offload")) {
			c->offload = true;
			i--;
			continue;
		}
		if (!s)
			return wrong(l, "a wire has no \"%s\"", l->word[i]);
		if (!l->word[i + 1] || !set_value(s, l->word[i + 1], c))
			return wrong(l, "%s: \"%s\" does not fit", s->name,
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
		wrong(l, "\"%s\" is not NODE:INTERFACE", word);
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
	return err ? wrong(l, "cannot make the wire: %s", strerror(-err)) : true;
}

static bool change_wire(struct line *l, struct sim_wire *w)
{
	struct sim_wire_conf c = *sim_wire_conf(w);
	const char *what = l->word[2];
	if (l->n == 3 && (!strcmp(what, "cut") || !strcmp(what, "heal")))
		sim_wire_cut(w, !strcmp(what, "cut"));
	else if (l->n == 3 && (!strcmp(what, "down") || !strcmp(what, "up")))
		sim_wire_unplug(w, !strcmp(what, "down"));
	else if (read_settings(l, 2, &c))
		sim_wire_set(w, &c);
	return !l->topo->bad;
}

static bool act_wire(struct line *l)
{
	uint32_t number;
	if (!unit_u32(l->word[1], 1, UINT32_MAX, &number))
		return l->timed ? wrong(l, "wires come into being at the start alone") : new_wire(l);
	struct sim_wire *w = sim_wire_get(l->topo->sim, number);
	return w ? change_wire(l, w) : wrong(l, "there is no wire %u", number);
}

/* --- nodes --- */

static bool read_workers(struct line *l, uint32_t *ret)
{
	*ret = l->topo->o->workers ? l->topo->o->workers : 1;
	if (l->n == 2)
		return true;
	return l->n == 4 && !strcmp(l->word[2], "workers") && unit_u32(l->word[3], 1, LCORE_MAX - 1, ret);
}

static bool act_node(struct line *l)
{
	struct sim_node *n;
	uint32_t workers;
	if (!read_workers(l, &workers))
		return wrong(l, "usage: %s", l->verb->usage);
	int err = sim_node_new(l->topo->sim, l->word[1], workers, &n);
	return err ? wrong(l, "cannot make node \"%s\": %s", l->word[1], strerror(-err)) : true;
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
		return wrong(l, "out of memory");
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *o = t->line[i];
		if (all ? is_config_of(o, n) : o == l)
			fprintf(f, "%s\n", behind_ip(o));
	}
	fclose(f);
	int err = len ? sim_ip(n, batch) : 0;
	free(batch);
	return err ? wrong(l, "%s could not be configured: %s", sim_node_name(n), strerror(-err)) : true;
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
		return wrong(l, "usage: %s", l->verb->usage);
	int err = sim_crash(n, keep);
	return err ? wrong(l, "%s cannot crash: %s", l->word[1], strerror(-err)) : true;
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
		return wrong(l, "%s cannot return: %s", l->word[1], strerror(-err));
	return kept || !has_config(l->topo, n) ? true : configure(l, n, true);
}

/* --- pings --- */

static bool act_ping(struct line *l)
{
	struct sim_ping_conf c = { .to = l->word[2], .count = 1, .size = 56, .interval_us = SIM_SEC };
	struct sim_node *n = node_of(l, l->word[1]);
	if (!n)
		return false;
	for (unsigned i = 3; i < l->n; i += 2) {
		const char *name = l->word[i], *value = l->word[i + 1] ? l->word[i + 1] : "";
		bool ok = !strcmp(name, "count")      ? unit_u32(value, 1, 65536, &c.count)
			  : !strcmp(name, "size")     ? unit_u32(value, 0, 60000, &c.size)
			  : !strcmp(name, "interval") ? unit_time_us(value, &c.interval_us)
						      : false;
		if (!ok)
			return wrong(l, "\"%s %s\" does not fit; usage: %s", name, value, l->verb->usage);
	}
	int err = sim_ping(n, &c, &l->ping);
	return err ? wrong(l, "cannot ping %s: %s", l->word[2], strerror(-err)) : true;
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

/* "N", "N..", "..M", "N..M" */
static bool read_range(char *s, uint32_t *ret_min, uint32_t *ret_max)
{
	char *dots = strstr(s, "..");
	*ret_min = 0;
	*ret_max = UINT32_MAX;
	if (!dots) {
		bool ok = unit_u32(s, 0, UINT32_MAX, ret_min);
		*ret_max = *ret_min;
		return ok;
	}
	*dots = 0;
	bool ok = (!*s || unit_u32(s, 0, UINT32_MAX, ret_min)) &&
		  (!dots[2] || unit_u32(dots + 2, 0, UINT32_MAX, ret_max));
	*dots = '.';
	return ok;
}

static bool act_expect(struct line *l)
{
	struct sim_ping_stats st;
	uint32_t min, max;
	if (l->n != 6 || strcmp(l->word[1], "ping") != 0 || strcmp(l->word[4], "received") != 0 ||
	    !read_range(l->word[5], &min, &max))
		return wrong(l, "usage: %s", l->verb->usage);
	if (!sum_pings(l, &st))
		return wrong(l, "there has been no such ping");
	bool ok = st.received >= min && st.received <= max;
	fprintf(l->topo->o->out, "%s: %s (%" PRIu32 " sent, %" PRIu32 " received)\n", ok ? "ok" : "FAILED",
		l->whole, st.sent, st.received);
	l->topo->failed += !ok;
	return true;
}

static bool act_run(struct line *l)
{
	return unit_time_us(l->word[1], &l->topo->run_us) ? true
							  : wrong(l, "\"%s\" is not a time", l->word[1]);
}

/* --- the file --- */

static const struct verb verbs[] = {
	{ "node", act_node, STAGE_BUILD, false, 2, "node NAME [workers N]" },
	{ "wire", act_wire, STAGE_BUILD, true, 3,
	  "wire NODE:IF NODE:IF [SETTING VALUE]... | at T wire N cut|heal|down|up|SETTING VALUE" },
	{ "ping", act_ping, STAGE_START, true, 3, "ping NODE ADDRESS [count N] [interval T] [size N]" },
	{ "crash", act_crash, STAGE_START, true, 2, "crash NODE [keep]" },
	{ "return", act_return, STAGE_START, true, 2, "return NODE" },
	{ "expect", act_expect, STAGE_END, true, 6, "expect ping NODE ADDRESS received N|N..|..M|N..M" },
	{ "run", act_run, STAGE_BUILD, false, 2, "run T" },
};
/* NODE ip ... */
static const struct verb verb_ip = { "ip", act_ip, STAGE_CONFIG, true, 3, "NODE ip ..." };

static const struct verb *find_verb(const struct line *l)
{
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, l->word[0]))
			return &verbs[i];
	return l->n > 1 && !strcmp(l->word[1], "ip") ? &verb_ip : NULL;
}

static bool cut_words(struct line *l)
{
	char *save, *w = strtok_r(l->text, " \t", &save);
	for (; w; w = strtok_r(NULL, " \t", &save)) {
		if (l->n == LINE_WORDS_MAX)
			return wrong(l, "too many words");
		l->word[l->n++] = w;
	}
	return true;
}

/* Takes `at T` away from the front. */
static bool read_time(struct line *l)
{
	if (!l->n || strcmp(l->word[0], "at") != 0)
		return true;
	if (l->n < 3 || !unit_time_us(l->word[1], &l->at_us))
		return wrong(l, "usage: at TIME ...");
	l->timed = true;
	memmove(l->whole, l->whole + (l->word[2] - l->text), strlen(l->whole + (l->word[2] - l->text)) + 1);
	memmove(l->word, l->word + 2, (l->n - 1) * sizeof l->word[0]);
	l->n -= 2;
	return true;
}

static bool read_line(struct line *l)
{
	if (!cut_words(l) || !read_time(l) || !l->n)
		return !l->topo->bad;
	l->verb = find_verb(l);
	if (!l->verb)
		return wrong(l, "\"%s\" starts no line", l->word[0]);
	if (l->timed && !l->verb->timed)
		return wrong(l, "%s cannot have a time", l->verb->name);
	if (l->n < l->verb->min_words)
		return wrong(l, "usage: %s", l->verb->usage);
	return true;
}

static void line_free(struct line *l)
{
	if (!l)
		return;
	free(l->text);
	free(l->whole);
	free(l);
}

static void add_line(struct topo *t, char *text, unsigned number)
{
	struct line *l = calloc(1, sizeof *l), **more = realloc(t->line, (t->n_lines + 1) * sizeof *more);
	text[strcspn(text, "#\n")] = 0;
	if (!l || !more)
		abort();
	t->line = more;
	*l = (struct line){ .topo = t, .number = number, .text = strdup(text) };
	l->whole = strdup(text + strspn(text, " \t"));
	if (!l->text || !l->whole)
		abort();
	if (read_line(l) && l->n)
		t->line[t->n_lines++] = l;
	else
		line_free(l);
}

static bool read_file(struct topo *t)
{
	char *text = NULL;
	size_t room = 0;
	FILE *f = fopen(t->o->path, "re");
	if (!f) {
		fprintf(stderr, "%s: %s\n", t->o->path, strerror(errno));
		t->bad = true;
		return false;
	}
	for (unsigned n = 1; getline(&text, &room, f) >= 0; n++)
		add_line(t, text, n);
	free(text);
	fclose(f);
	return !t->bad;
}

/* --- playing --- */

static unsigned lcores_needed(const struct topo *t)
{
	uint32_t n = 1, workers;
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->line[i]->verb->act == act_node && read_workers(t->line[i], &workers))
			n = MAX(n, workers);
	return n;
}

static void on_time(struct sim *s, struct sim_event *e)
{
	struct line *l = container_of(e, struct line, when);
	l->topo->waiting--;
	if (!l->topo->bad)
		l->verb->act(l);
}

static bool do_stage(struct topo *t, enum stage stage)
{
	for (unsigned i = 0; i < t->n_lines && !t->bad; i++)
		if (!t->line[i]->timed && t->line[i]->verb->stage == stage)
			t->line[i]->verb->act(t->line[i]);
	sim_settle(t->sim);
	return !t->bad;
}

static void set_times(struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		struct line *l = t->line[i];
		if (!l->timed)
			continue;
		l->when.fn = on_time;
		t->waiting++;
		sim_at(t->sim, &l->when, l->at_us);
	}
}

static bool is_pinging(const struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->line[i]->ping && sim_ping_sending(t->line[i]->ping))
			return true;
	return false;
}

static void run(struct topo *t)
{
	if (t->run_us) {
		sim_run(t->sim, t->run_us);
		return;
	}
	while (!t->bad && (t->waiting || is_pinging(t)))
		sim_run(t->sim, SIM_SEC);
	sim_run(t->sim, LINGER_US);
}

/* --- the report --- */

static void report_pings(const struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *l = t->line[i];
		struct sim_ping_stats s;
		if (!l->ping)
			continue;
		sim_ping_stats(l->ping, &s);
		fprintf(t->o->out, "ping %s %s: %" PRIu32 " sent, %" PRIu32 " received", l->word[1],
			l->word[2], s.sent, s.received);
		if (s.received)
			fprintf(t->o->out, ", min/mean/max %" PRIu64 "/%" PRIu64 "/%" PRIu64 " us", s.min_us,
				s.sum_us / s.received, s.max_us);
		if (s.duplicates || s.bad)
			fprintf(t->o->out, ", %" PRIu32 " duplicates, %" PRIu32 " bad", s.duplicates, s.bad);
		fputc('\n', t->o->out);
	}
}

static uint64_t sum_dropped(const struct sim_wire_stats *s)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < SIM_DROPS; i++)
		n += s->dropped[i];
	return n;
}

static void report_count(const struct topo *t, uint64_t n, const char *what)
{
	if (n)
		fprintf(t->o->out, ", %" PRIu64 " %s", n, what);
}

static void report_direction(struct topo *t, const struct sim_wire *w, unsigned from)
{
	struct sim_wire_stats s;
	sim_wire_stats(w, from, &s);
	fprintf(t->o->out, "    %s %" PRIu64 " frames in, %" PRIu64 " out", from ? "<" : ">", s.in, s.out);
	for (unsigned i = 0; i < SIM_DROPS; i++)
		report_count(t, s.dropped[i], sim_drop_names[i]);
	report_count(t, s.duplicated, "duplicated");
	report_count(t, s.corrupted, "corrupted");
	report_count(t, s.reordered, "held back");
	report_count(t, s.held, "under way");
	fputc('\n', t->o->out);
	if (s.in + s.duplicated == s.out + sum_dropped(&s) + s.held)
		return;
	fprintf(t->o->out, "FAILED: this does not add up\n");
	t->failed++;
}

static void report(struct topo *t)
{
	char name[128];
	const struct sim_wire *w;
	for (unsigned i = 1; (w = sim_wire_get(t->sim, i)); i++) {
		sim_wire_name(w, name, sizeof name);
		fprintf(t->o->out, "wire %u %s\n", i, name);
		report_direction(t, w, 0);
		report_direction(t, w, 1);
	}
	report_pings(t);
	fprintf(t->o->out, "seed %" PRIu64 ", %" PRIu64 ".%06" PRIu64 " s, digest %016" PRIx64 "\n",
		t->o->seed, sim_now_us(t->sim) / SIM_SEC, sim_now_us(t->sim) % SIM_SEC, sim_digest(t->sim));
}

static void play(struct topo *t)
{
	struct sim_opts o = {
		.seed = t->o->seed, .lcores = lcores_needed(t), .pcap_dir = t->o->pcap_dir, .leat = t->o->leat
	};
	int err = sim_new(&o, &t->sim);
	if (err) {
		fprintf(stderr, "cannot simulate: %s\n", strerror(-err));
		t->bad = true;
		return;
	}
	if (do_stage(t, STAGE_BUILD) && do_stage(t, STAGE_CONFIG)) {
		set_times(t);
		if (do_stage(t, STAGE_START))
			run(t);
		if (!t->bad && do_stage(t, STAGE_END))
			report(t);
	}
	uint64_t lost = sim_free(t->sim);
	if (!lost || t->bad)
		return;
	fprintf(t->o->out, "FAILED: %" PRIu64 " packets never came back\n", lost);
	t->failed++;
}

enum topo_result topo_play(const struct topo_opts *o)
{
	struct topo t = { .o = o };
	if (read_file(&t))
		play(&t);
	for (unsigned i = 0; i < t.n_lines; i++)
		line_free(t.line[i]);
	free(t.line);
	if (t.bad)
		return TOPO_BAD;
	if (!t.failed)
		return TOPO_PASSED;
	fprintf(o->out, "%u failed; to see it again: leat sim %s --seed %" PRIu64, t.failed, o->path,
		o->seed);
	if (o->workers)
		fprintf(o->out, " --workers %u", o->workers);
	fprintf(o->out, " --pcap DIR\n");
	return TOPO_FAILED;
}
