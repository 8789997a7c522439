/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines that send something, and what is expected of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/topo_internal.h"
#include "sim/units.h"

enum { PING_SIZE = 56, COUNT_MAX = 65536, SIZE_MAX_BYTES = 60000, PORT_MAX = 65535 };

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

/* --- what is said behind `ping` and `udp` --- */

struct words {
	const char *to, *from;
	uint32_t count, size;
	uint64_t interval_us;
};

static bool read_word(struct line *l, const char *name, const char *value, struct words *w)
{
	if (!strcmp(name, "count"))
		return unit_u32(value, 1, COUNT_MAX, &w->count);
	if (!strcmp(name, "size"))
		return unit_u32(value, 0, SIZE_MAX_BYTES, &w->size);
	if (!strcmp(name, "interval"))
		return unit_time_us(value, &w->interval_us);
	if (!strcmp(name, "from"))
		return *(w->from = value);
	if (!strcmp(name, "to") && l->verb->act == topo_act_udp)
		return *(w->to = value);
	l->expects |= !strcmp(name, "expect");
	return !strcmp(name, "expect") && read_range(value, &l->min, &l->max);
}

static bool read_words(struct line *l, struct words *w)
{
	for (unsigned i = 3; i < l->n; i += 2) {
		const char *name = l->word[i], *value = l->word[i + 1] ? l->word[i + 1] : "";
		if (!read_word(l, name, value, w))
			return topo_wrong(l, "\"%s%s%s\" does not fit; usage: %s", name, *value ? " " : "",
					  value, l->verb->usage);
	}
	return true;
}

bool topo_act_ping(struct line *l)
{
	struct words w = { .count = 1, .size = PING_SIZE, .interval_us = SIM_SEC };
	struct sim_node *n = topo_node_of(l, l->word[1]);
	if (!n || !read_words(l, &w))
		return false;
	const struct sim_ping_conf c = { .to = l->word[2],
					 .count = w.count,
					 .size = w.size,
					 .interval_us = w.interval_us,
					 .from = w.from };
	int err = sim_ping(n, &c, &l->ping);
	if (err == -EINVAL)
		return topo_wrong(l,
				  "cannot ping \"%s\"%s%s: addresses are written 10.0.0.1 or 2001:db8::1, "
				  "both of one family",
				  l->word[2], w.from ? " from " : "", w.from ? w.from : "");
	return err ? topo_wrong(l, "cannot ping %s: %s", l->word[2], strerror(-err)) : true;
}

/* NODE:PORT */
static struct sim_node *read_at(struct line *l, uint32_t *ret_port)
{
	char name[STACK_NAME_MAX];
	const char *colon = strchr(l->word[2], ':');
	if (!colon || (size_t)(colon - l->word[2]) >= sizeof name ||
	    !unit_u32(colon + 1, 1, PORT_MAX, ret_port)) {
		topo_wrong(l, "\"%s\" is not NODE:PORT", l->word[2]);
		return NULL;
	}
	snprintf(name, sizeof name, "%.*s", (int)(colon - l->word[2]), l->word[2]);
	return topo_node_of(l, name);
}

bool topo_act_udp(struct line *l)
{
	struct words w = { .count = 1, .size = PING_SIZE, .interval_us = SIM_SEC };
	struct sim_node *n = topo_node_of(l, l->word[1]), *at;
	uint32_t port;
	if (!n || !(at = read_at(l, &port)) || !read_words(l, &w))
		return false;
	const struct sim_udp_conf c = { .to = w.to,
					.port = (uint16_t)port,
					.count = w.count,
					.size = w.size,
					.interval_us = w.interval_us,
					.from = w.from };
	int err = sim_udp(n, at, &c, &l->udp);
	if (err == -EADDRNOTAVAIL)
		return topo_wrong(l, "%s has no address yet; say `to ADDRESS`", sim_node_name(at));
	if (err == -EINVAL)
		return topo_wrong(l,
				  "the size is at least %u bytes, addresses are written 10.0.0.1 or "
				  "2001:db8::1, both of one family",
				  SIM_UDP_MIN);
	return err ? topo_wrong(l, "cannot send to %s: %s", l->word[2], strerror(-err)) : true;
}

/* --- what came of it --- */

static bool stats_of(const struct line *l, struct sim_ping_stats *ret)
{
	if (l->ping)
		sim_ping_stats(l->ping, ret);
	else if (l->udp)
		sim_udp_stats(l->udp, ret);
	return l->ping || l->udp;
}

bool topo_is_sending(const struct line *l)
{
	return (l->ping && sim_ping_sending(l->ping)) || (l->udp && sim_udp_sending(l->udp));
}

/* `to` is an address or NODE:PORT: what a trace of a failure looks for. */
static void judge(const struct line *l, const char *to, const struct sim_ping_stats *st, uint32_t min,
		  uint32_t max)
{
	struct topo *t = l->topo;
	const char *port = l->ping || !strcmp(l->word[1], "ping") ? NULL : strrchr(to, ':') + 1;
	bool ok = st->received >= min && st->received <= max;
	fprintf(t->o->out, "%s: %s (%" PRIu32 " sent, %" PRIu32 " received)\n", ok ? "ok" : "FAILED",
		l->whole, st->sent, st->received);
	if (!ok && !t->failed++)
		snprintf(t->show, sizeof t->show, "%s %s", port ? "udp port" : "host", port ? port : to);
}

/* All from that node to that address or port so far, together. */
static unsigned sum_up(const struct line *l, struct sim_ping_stats *ret)
{
	unsigned n = 0;
	*ret = (struct sim_ping_stats){ 0 };
	for (unsigned i = 0; i < l->topo->n_lines; i++) {
		const struct line *o = l->topo->line[i];
		struct sim_ping_stats st;
		if (strcmp(o->word[0], l->word[1]) != 0 || !stats_of(o, &st) ||
		    strcmp(o->word[1], l->word[2]) != 0 || strcmp(o->word[2], l->word[3]) != 0)
			continue;
		ret->sent += st.sent;
		ret->received += st.received;
		n++;
	}
	return n;
}

bool topo_act_expect(struct line *l)
{
	struct sim_ping_stats st;
	uint32_t min, max;
	bool ping = !strcmp(l->word[1], "ping");
	if (l->n != 6 || (!ping && strcmp(l->word[1], "udp") != 0) || strcmp(l->word[4], "received") != 0 ||
	    !read_range(l->word[5], &min, &max))
		return topo_usage(l);
	if (!sum_up(l, &st))
		return topo_wrong(l, "no line `%s %s %s` has begun", l->word[1], l->word[2], l->word[3]);
	judge(l, l->word[3], &st, min, max);
	return true;
}

void topo_judge_traffic(struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		const struct line *l = t->line[i];
		struct sim_ping_stats st = { 0 };
		if (!l->expects)
			continue;
		stats_of(l, &st);
		judge(l, l->word[2], &st, l->min, l->max);
	}
}

static void report(const struct line *l, const struct sim_ping_stats *s)
{
	FILE *out = l->topo->o->out;
	fprintf(out, "%s %s %s: %" PRIu32 " sent, %" PRIu32 " received", l->word[0], l->word[1], l->word[2],
		s->sent, s->received);
	if (s->received)
		fprintf(out, ", min/mean/max %" PRIu64 "/%" PRIu64 "/%" PRIu64 " us", s->min_us,
			s->sum_us / s->received, s->max_us);
	if (s->duplicates || s->bad)
		fprintf(out, ", %" PRIu32 " duplicates, %" PRIu32 " bad", s->duplicates, s->bad);
	if (s->refused)
		fprintf(out, ", %" PRIu32 " refused (%s)", s->refused, strerror(-s->why));
	fputc('\n', out);
}

void topo_report_traffic(const struct topo *t)
{
	for (unsigned i = 0; i < t->n_lines; i++) {
		struct sim_ping_stats s;
		if (stats_of(t->line[i], &s))
			report(t->line[i], &s);
	}
}
