/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the file is cut into lines and words first. Then, in this order and all at instant 0: nodes and wires in the
 * order of the file; each node's `ip` lines, as one batch; what else has no time. Lines with `at` become events. Expectations
 * without a time are judged at the end, which is where `run` says or a few seconds after nothing is left to happen.
 *
 * The words that can start a line are listed in topo_verbs.c. */
#include "sim/topo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/topo_internal.h"
#include "sim/units.h"

enum { LINGER_US = 5 * SIM_SEC, WRONG_LEN = 1024 };

/* --- the file --- */

bool topo_wrong(struct line *l, const char *fmt, ...)
{
	va_list ap;
	char text[WRONG_LEN];
	if (l->topo->bad) /* the first one is the cause */
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* whatever bytes the file has, a terminal shows this */
		*c = (unsigned char)*c < ' ' ? '?' : *c;
	fprintf(l->topo->o->err ? l->topo->o->err : stderr, "%s:%u: %s\n", l->topo->o->path, l->number, text);
	l->topo->bad = true;
	return false;
}

bool topo_usage(struct line *l)
{
	return topo_wrong(l, "usage: %s", l->verb->usage);
}

static bool cut_words(struct line *l)
{
	char *save, *w = strtok_r(l->text, " \t", &save);
	for (; w; w = strtok_r(NULL, " \t", &save)) {
		if (l->n == LINE_WORDS_MAX)
			return topo_wrong(l, "a line has at most %u words", LINE_WORDS_MAX);
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
		return topo_wrong(l, "usage: at TIME LINE, where times are written 20ms, 1.5s, 2m");
	l->timed = true;
	memmove(l->whole, l->whole + (l->word[2] - l->text), strlen(l->whole + (l->word[2] - l->text)) + 1);
	memmove(l->word, l->word + 2, (l->n - 1) * sizeof l->word[0]);
	l->n -= 2;
	return true;
}

static bool unknown_verb(struct line *l)
{
	char verbs[160];
	topo_list_verbs(verbs, sizeof verbs);
	return topo_wrong(l, "\"%s\" starts no line; what does: %s", l->word[0], verbs);
}

static bool read_line(struct line *l)
{
	if (!cut_words(l) || !read_time(l) || !l->n)
		return !l->topo->bad;
	l->verb = topo_verb(l);
	if (!l->verb)
		return unknown_verb(l);
	if (l->timed && !l->verb->timed)
		return topo_wrong(l, "`%s` cannot have a time; leave out `at T`", l->verb->name);
	return l->n >= l->verb->min_words || topo_usage(l);
}

static void line_free(struct line *l)
{
	if (!l)
		return;
	topo_chaos_free(l->chaos);
	free(l->text);
	free(l->whole);
	free(l);
}

/* NULL: it is empty, or wrong. The text is changed. */
static struct line *add_line(struct topo *t, char *text, unsigned number)
{
	struct line *l = calloc(1, sizeof *l), **more = realloc(t->line, (t->n_lines + 1) * sizeof *more);
	text[strcspn(text, "#\r\n")] = 0;
	if (!l || !more)
		abort();
	t->line = more;
	*l = (struct line){ .topo = t, .number = number, .text = strdup(text) };
	l->whole = strdup(text + strspn(text, " \t"));
	if (!l->text || !l->whole)
		abort();
	if (read_line(l) && l->n)
		return t->line[t->n_lines++] = l;
	line_free(l);
	return NULL;
}

bool topo_add_by_chance(struct line *by, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		abort();
	struct line *l = add_line(by->topo, copy, by->number);
	free(copy);
	if (!l)
		return false;
	l->timed = true;
	return l->verb->act(l);
}

/* As errno says; always false. */
static bool unreadable(struct topo *t)
{
	fprintf(t->o->err ? t->o->err : stderr, "%s: %s\n", t->o->path, strerror(errno));
	t->bad = true;
	return false;
}

static bool read_file(struct topo *t)
{
	char *text = NULL;
	size_t room = 0;
	FILE *f = t->o->text ? fmemopen((void *)t->o->text, t->o->text_len, "r") : fopen(t->o->path, "re");
	if (!f)
		return unreadable(t);
	for (unsigned n = 1; getline(&text, &room, f) >= 0; n++)
		add_line(t, text, n);
	bool whole = !ferror(f) || unreadable(t);
	free(text);
	fclose(f);
	return whole && !t->bad;
}

/* --- playing --- */

static void on_time(struct sim *s, struct sim_event *e)
{
	struct line *l = container_of(e, struct line, when);
	if (l->topo->bad)
		return;
	topo_overrule_chaos(l->topo, l);
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
		sim_at(t->sim, &l->when, l->at_us);
	}
}

static bool is_sending(const struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++)
		if (topo_is_sending(t->line[i]))
			return true;
	return false;
}

static uint64_t last_us(const struct topo *t)
{
	uint64_t last = 0;
	for (unsigned i = 0; i < t->n_lines; i++)
		last = MAX(last, t->line[i]->at_us);
	return last;
}

/* How far to go from now, not to pass the end that the caller has set. */
static uint64_t bounded(const struct topo *t, uint64_t delta_us)
{
	uint64_t end = t->o->run_max_us, now = sim_now_us(t->sim), left = end > now ? end - now : 0;
	return end ? MIN(delta_us, left) : delta_us;
}

static void run(struct topo *t)
{
	if (t->run_us) {
		sim_run(t->sim, bounded(t, t->run_us));
		return;
	}
	sim_run(t->sim, bounded(t, last_us(t)));
	while (!t->bad && is_sending(t) && bounded(t, 1))
		sim_run(t->sim, bounded(t, SIM_SEC));
	sim_run(t->sim, bounded(t, LINGER_US));
}

/* --- the report --- */

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
	topo_report_traffic(t);
	fprintf(t->o->out, "seed %" PRIu64 ", %" PRIu64 ".%06" PRIu64 " s, digest %016" PRIx64 "\n",
		t->o->seed, sim_now_us(t->sim) / SIM_SEC, sim_now_us(t->sim) % SIM_SEC, sim_digest(t->sim));
}

static bool make_sim(struct topo *t)
{
	struct sim_opts o = {
		.seed = t->o->seed,
		.lcores = topo_lcores(t),
		.pcap_dir = t->o->pcap_dir,
		.trace = t->o->trace,
		.trace_out = t->o->out,
		.leat = t->o->leat,
		.events_max = t->o->events_max,
	};
	int err = sim_new(&o, &t->sim);
	if (!err)
		return true;
	if (!t->o->trace || err != -EINVAL) /* else that has been said */
		fprintf(stderr, "cannot simulate: %s\n", strerror(-err));
	t->bad = true;
	return false;
}

static void play_stages(struct topo *t)
{
	if (!do_stage(t, STAGE_BUILD) || !do_stage(t, STAGE_CONFIG))
		return;
	set_times(t);
	if (do_stage(t, STAGE_START))
		run(t);
	if (!t->bad && do_stage(t, STAGE_END)) {
		topo_judge_traffic(t);
		report(t);
	}
}

static void play(struct topo *t)
{
	play_stages(t);
	topo_nodes_done(t);
	uint64_t lost = sim_free(t->sim);
	if (!lost || t->bad)
		return;
	fprintf(t->o->out, "FAILED: %" PRIu64 " packets never came back\n", lost);
	t->failed++;
}

/* As a shell takes it. */
static void print_quoted(FILE *out, const char *s)
{
	bool plain = *s &&
		     !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+,:@%")];
	if (plain) {
		fputs(s, out);
		return;
	}
	fputc('\'', out);
	for (; *s; s++)
		fputs(*s == '\'' ? "'\\''" : (char[]){ *s, 0 }, out);
	fputc('\'', out);
}

/* With what the first failure was about in the trace, and captures in a directory named for file and seed. */
static void say_how_to_repeat(const struct topo *t)
{
	const struct topo_opts *o = t->o;
	char dir[256];
	const char *slash = strrchr(o->path, '/'), *base = slash ? slash + 1 : o->path;
	snprintf(dir, sizeof dir, "%.*s-%" PRIu64, (int)strcspn(base, "."), base, o->seed);
	fprintf(o->out, "%u failed; to see it again: leat sim ", t->failed);
	print_quoted(o->out, o->path);
	fprintf(o->out, " --seed %" PRIu64, o->seed);
	if (o->workers)
		fprintf(o->out, " --workers %u", o->workers);
	fprintf(o->out, " --trace ");
	print_quoted(o->out, t->show);
	fprintf(o->out, " --pcap ");
	print_quoted(o->out, dir);
	fputc('\n', o->out);
}

enum topo_result topo_play(const struct topo_opts *o)
{
	struct topo t = { .o = o };
	if (read_file(&t) && make_sim(&t))
		play(&t);
	if (!t.bad && t.failed)
		say_how_to_repeat(&t);
	for (unsigned i = 0; i < t.n_lines; i++)
		line_free(t.line[i]);
	free(t.line);
	return t.bad ? TOPO_BAD : t.failed ? TOPO_FAILED : TOPO_PASSED;
}
