/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation.
 *
 * A script is played by one thread in virtual time: the clock is moved to the next event's time, stopping wherever a timer of
 * the stack is due, so a script that waits for an hour takes no longer than one that does not, and the time at which the stack
 * sends a packet is exact. What the stack sends is caught with its time (world.c) and waits there for the event that
 * expects it; an event that expects a packet moves the clock until one is there or the tolerance has passed.
 *
 * Times are counted from the script's beginning, which is when the stack has come up. A relative time counts from when the last
 * event was due (after `*`: from when it happened).
 *
 * A call that does not return at once (0.1...0.3 recv(...) = 8) stays under way while events go on: it is tried again at each
 * instant at which something may have happened, and must return at its time. One call can be under way.
 *
 * Which packets belong to what is asked of the sockets: inbound packets go to the address and port of the socket used
 * last, from its peer; outbound ones must leave over the same flow. Without a socket they are between the script's addresses.
 *
 * Packets that nobody expected are met by the next expectation; those at the very end are let go, as by the original tool, whose
 * sockets end with it. Code runs after the last event (code.c). Not run: shell lines beyond shell.c. Scripts with those are skipped before they begin, by name of what is missing.
 *
 * A script that asks for absurdly much time is ended after STOPS_MAX stops of the clock: the stack has periodic work. */
#include "drill/run_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/side.h"
#include "wire/tcp.h"

enum { ANY_TIME_US = 300 * 1000000, REMOTE_PORT = 49152, LINE_MAX_LEN = 512, STOPS_MAX = 5000000 };

/* --- complaints --- */

static void printf_like(4, 0)
	complain(struct run *r, enum drill_outcome as, unsigned line, const char *fmt, va_list ap)
{
	if (r->outcome != DRILL_PASSED)
		return;
	r->outcome = as;
	int n = line ? snprintf(r->why, r->why_len, "%s:%u: ", r->s->name, line)
		     : snprintf(r->why, r->why_len, "%s: ", r->s->name);
	if (n >= 0 && (size_t)n < r->why_len)
		vsnprintf(r->why + n, r->why_len - (size_t)n, fmt, ap);
}
bool run_fail(struct run *r, unsigned line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	complain(r, DRILL_FAILED, line, fmt, ap);
	va_end(ap);
	return false;
}
bool run_skip(struct run *r, unsigned line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	complain(r, DRILL_SKIPPED, line, fmt, ap);
	va_end(ap);
	return false;
}

void run_tell(const struct run *r, const char *fmt, ...)
{
	char line[LINE_MAX_LEN * 4];
	va_list ap;
	if (!r->how->tell)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	r->how->tell(r->how->ctx, line);
}

#define SECONDS       "%lld.%06lld"
#define SECONDS_OF(t) (long long)((t) / 1000000), (long long)((t) % 1000000)

/* --- time --- */

int64_t run_now_us(const struct run *r)
{
	return (int64_t)(manual_rt_now_us(r->w->m) - r->zero_us);
}

static int64_t due_us(const struct run *r, const struct event_time *t, int64_t us)
{
	return t->kind == TIME_ABSOLUTE ? us : t->kind == TIME_RELATIVE ? r->prev_us + us : run_now_us(r);
}

/* What is let pass on either side of an instant: --tolerance_usecs, or the percentage of the time since the last event. */
static int64_t tolerance_of(const struct run *r, int64_t want)
{
	int64_t since = MAX(want - r->prev_us, (int64_t)0);
	return MAX(r->s->tolerance_us, since / 100 * r->s->tolerance_percent);
}

static bool check_return_time(struct run *r, const struct event *e, int64_t want)
{
	int64_t now = run_now_us(r), tolerance = tolerance_of(r, want);
	if (want == UNSAID)
		return true;
	if (now >= want - tolerance && now <= want + tolerance)
		return true;
	return run_fail(r, e->line,
			"%s(): timing: expected to return at " SECONDS ", returned at " SECONDS
			", tolerance " SECONDS,
			e->call.name, SECONDS_OF(want), SECONDS_OF(now), SECONDS_OF(tolerance));
}

/* The call under way, if any, once more. False: something was wrong. */
static bool pending_try(struct run *r)
{
	const struct event *e = r->pending.e;
	if (!e)
		return true;
	r->pending.tries++;
	enum call_state state = call_try(r, e, manual_rt_now_us(r->w->m) - r->pending.began_us);
	if (state == CALL_BLOCKS)
		return true;
	r->pending.e = NULL;
	r->blame = e;
	if (r->s->verbose)
		run_tell(r, "%s:%u: " SECONDS " %s()", r->s->name, e->line, SECONDS_OF(run_now_us(r)),
			 e->call.name);
	return state == CALL_DONE && check_return_time(r, e, r->pending.ends_us);
}

/* Where the clock stops next, at most at until_us (of the runtime). */
static uint64_t next_stop(struct run *r, uint64_t until_us)
{
	uint64_t stop = MIN(until_us, manual_rt_next_us(r->w->m)), now = manual_rt_now_us(r->w->m);
	if (r->pending.e) {
		uint64_t timeout = call_timeout_us(r, r->pending.e);
		if (timeout != UINT64_MAX)
			stop = MIN(stop, r->pending.began_us + timeout);
	}
	return MAX(stop, now);
}

static bool step(struct run *r, uint64_t until_us)
{
	if (++r->stops > r->stops_max)
		return run_fail(r, r->blame->line, "the script takes too long");
	manual_rt_run(r->w->m, next_stop(r, until_us) - manual_rt_now_us(r->w->m));
	manual_rt_settle(r->w->m);
	return pending_try(r);
}

/* Moves the clock to a time of the script, if that is not past. */
static bool go_to(struct run *r, int64_t us)
{
	uint64_t until = r->zero_us + (uint64_t)us;
	do {
		if (!step(r, until))
			return false;
	} while (manual_rt_now_us(r->w->m) < until);
	return true;
}

/* --- packets --- */

static void tell_packet(const struct run *r, unsigned line, const char *way, const struct packet *p,
			int64_t at_us)
{
	char text[LINE_MAX_LEN];
	if (!r->s->verbose)
		return;
	packet_print(p, r->s->family, text, sizeof text);
	run_tell(r, "%s:%u: " SECONDS " %s %s", r->s->name, line, SECONDS_OF(at_us), way, text);
}

static bool inbound(struct run *r, const struct event *e)
{
	uint8_t *bytes = malloc(DRILL_PACKET_MAX);
	struct packet p = e->packet;
	tell_packet(r, e->line, "<", &p, run_now_us(r));
	if (p.kind == PACKET_TCP && (p.flags & (TCP_F_SYN | TCP_F_ACK)) == TCP_F_SYN && call_listens(r))
		talk_begin(&r->talks, &r->flow, &p);
	if (p.kind == PACKET_TCP || p.quote == QUOTE_TCP || p.quote == QUOTE_NONE)
		talk_to_live(talk_of(&r->talks, &r->flow), r->s, &p);
	uint32_t len = bytes ? packet_emit(&p, &r->flow, bytes) : 0;
	if (len)
		pcapng_packet(r->w->capture, 0, PCAPNG_INBOUND, (uint64_t)MAX(run_now_us(r), 0),
			      cur_of(bytes, len));
	int err = len ? world_inject(r->w, bytes, len) : 0;
	free(bytes);
	if (!len || err)
		return run_fail(r, e->line, "this packet cannot be made");
	return pending_try(r);
}

static bool same_flow(const struct run *r, const struct packet *p, const struct flow *f)
{
	const struct flow *w = &r->flow;
	if (f->family != w->family || memcmp(&f->local, &w->local, sizeof f->local) != 0 ||
	    memcmp(&f->remote, &w->remote, sizeof f->remote) != 0)
		return false;
	return p->kind == PACKET_ICMP || p->has_ports ||
	       (f->local_port == w->local_port && f->remote_port == w->remote_port);
}

/* Both in the same words, with what the script left unsaid left out of both where it would only distract. */
static bool differ(struct run *r, const struct event *e, const struct packet *seen, int64_t at_us,
		   int64_t due, const char *why)
{
	char want[LINE_MAX_LEN], got[LINE_MAX_LEN], both[LINE_MAX_LEN * 3];
	struct packet show = *seen;
	packet_leave_unsaid(&e->packet, &show);
	int n = snprintf(want, sizeof want, SECONDS " ", SECONDS_OF(due));
	packet_print(&e->packet, r->s->family, want + n, sizeof want - (size_t)n);
	n = snprintf(got, sizeof got, SECONDS " ", SECONDS_OF(at_us));
	packet_print(&show, r->s->family, got + n, sizeof got - (size_t)n);
	side_by_side("script packet: ", want, "actual packet: ", got, both, sizeof both);
	return run_fail(r, e->line, "%s\n%s", why, both);
}

static void timing_text(char *to_text, size_t size, bool range, int64_t from, int64_t to, int64_t at,
			int64_t tolerance)
{
	char until[48] = "";
	if (range)
		snprintf(until, sizeof until, " to " SECONDS, SECONDS_OF(to));
	snprintf(to_text, size, "timing: expected %s " SECONDS "%s, sent at " SECONDS ", tolerance " SECONDS,
		 range ? "from" : "at", SECONDS_OF(from), until, SECONDS_OF(at), SECONDS_OF(tolerance));
}

/* What a script wants as one segment may come as several (without --strict_segments), in the same instant. */
static void join_rest(struct run *r, const struct event *e, struct packet *seen, struct talk *t)
{
	const struct caught *next;
	struct packet more;
	struct flow flow;
	while (!r->s->strict_segments && seen->kind == PACKET_TCP && e->packet.kind == PACKET_TCP &&
	       seen->len && seen->len < e->packet.len && (next = world_peek(r->w))) {
		if (packet_read(next->bytes, next->len, &more, &flow) || !same_flow(r, &more, &flow))
			return;
		more.seq -= t->local_isn;
		if (!talk_join(seen, &more))
			return;
		free(world_take(r->w));
	}
}

static bool check_caught(struct run *r, const struct event *e, const struct caught *k, int64_t from,
			 int64_t to)
{
	struct packet seen;
	struct flow flow;
	char room[160];
	int64_t at = (int64_t)(k->at_us - r->zero_us), tolerance = tolerance_of(r, from);
	const char *why = packet_read(k->bytes, k->len, &seen, &flow);
	struct talk *t = talk_of(&r->talks, &r->flow);
	if (!why && same_flow(r, &e->packet, &flow)) {
		talk_to_script(t, r->s, &e->packet, &seen);
		join_rest(r, e, &seen, t);
	}
	tell_packet(r, e->line, ">", &seen, at);
	if (!why)
		why = packet_differs(&e->packet, &seen, room, sizeof room);
	if (!why && !same_flow(r, &e->packet, &flow))
		why = "between other addresses or ports than expected";
	if (!why && e->time.kind != TIME_ANY && (at < from - tolerance || at > to + tolerance)) {
		why = room;
		timing_text(room, sizeof room, e->time.range, from, to, at, tolerance);
	}
	return why ? differ(r, e, &seen, at, from, why) : true;
}

/* The next one; of a script's earlier connections nothing is looked at any more, as in the original. */
static struct caught *take(struct run *r, const struct event *e)
{
	struct packet seen;
	struct flow flow;
	struct caught *k;
	while ((k = world_take(r->w))) {
		bool tcp = e->packet.kind == PACKET_TCP && !packet_read(k->bytes, k->len, &seen, &flow) &&
			   seen.kind == PACKET_TCP;
		if (!tcp || same_flow(r, &e->packet, &flow) || !talk_is_known(&r->talks, &flow))
			return k;
		free(k);
	}
	return NULL;
}

static bool outbound(struct run *r, const struct event *e)
{
	bool any = e->time.kind == TIME_ANY;
	int64_t from = due_us(r, &e->time, e->time.at_us), to = due_us(r, &e->time, e->time.to_us);
	int64_t tolerance = tolerance_of(r, from);
	int64_t until = any ? run_now_us(r) + ANY_TIME_US : to + tolerance;
	char want[LINE_MAX_LEN];
	struct caught *k;
	while (!(k = take(r, e)) && run_now_us(r) < until)
		if (!step(r, r->zero_us + (uint64_t)until))
			return false;
	if (!k) {
		packet_print(&e->packet, r->s->family, want, sizeof want);
		return run_fail(r, e->line,
				"timed out waiting for a packet (tolerance " SECONDS
				")\nscript packet: " SECONDS " %s\nactual packet: none",
				SECONDS_OF(tolerance), SECONDS_OF(any ? run_now_us(r) : from), want);
	}
	bool ok = check_caught(r, e, k, from, to);
	r->prev_us = any ? (int64_t)(k->at_us - r->zero_us) : from;
	free(k);
	return ok;
}

/* --- the other events --- */

/* The call under way must return by its time. */
static bool pending_finish(struct run *r)
{
	while (r->pending.e) {
		const struct event *e = r->pending.e;
		int64_t until = r->pending.ends_us + tolerance_of(r, r->pending.ends_us);
		r->blame = e;
		if (run_now_us(r) >= until)
			return run_fail(r, e->line, "%s() has not returned at " SECONDS, e->call.name,
					SECONDS_OF(until));
		if (!step(r, r->zero_us + (uint64_t)until))
			return false;
	}
	return true;
}

/* A call that is not said to take time may take it all the same; what follows counts from when it is back. */
static bool return_late(struct run *r)
{
	const struct event *e = r->pending.e;
	uint64_t until = r->pending.began_us + ANY_TIME_US;
	while (r->pending.e && manual_rt_now_us(r->w->m) < until)
		if (!step(r, until))
			return false;
	r->prev_us = run_now_us(r);
	return !r->pending.e || run_fail(r, e->line, "%s() does not return", e->call.name);
}

static bool call_begin(struct run *r, const struct event *e)
{
	bool blocking = e->call.ends_us != UNSAID;
	if (!pending_finish(r)) /* one at a time */
		return false;
	r->pending = (struct drill_call){ .e = e, .began_us = manual_rt_now_us(r->w->m), .ends_us = UNSAID };
	if (blocking) /* said as its beginning is: relative or not */
		r->pending.ends_us = due_us(r, &e->time, e->call.ends_us);
	r->prev_us = due_us(r, &e->time, e->time.at_us);
	if (!pending_try(r))
		return false;
	if (r->pending.e && !blocking && !return_late(r))
		return false;
	manual_rt_settle(r->w->m); /* what goes to ourselves arrives in the next turn */
	return true;
}

static bool shell(struct run *r, const char *text, unsigned line)
{
	char why[LINE_MAX_LEN];
	int err = shell_run(r->w, r->dir, text, why, sizeof why);
	if (r->s->verbose)
		run_tell(r, "%s:%u: " SECONDS " `%s`", r->s->name, line, SECONDS_OF(run_now_us(r)), text);
	manual_rt_settle(r->w->m);
	return err ? run_fail(r, line, "%s", why) : true;
}

static bool play_event(struct run *r, const struct event *e)
{
	r->blame = e;
	if (e->kind == EVENT_PACKET && !e->inbound)
		return outbound(r, e);
	int64_t due = due_us(r, &e->time, e->time.at_us);
	if (!go_to(r, due))
		return false;
	if (e->kind == EVENT_CALL)
		return call_begin(r, e);
	r->prev_us = due;
	if (e->kind == EVENT_CODE) {
		code_note(r, e);
		return true; /* it runs at the end: code.c */
	}
	return e->kind == EVENT_SHELL ? shell(r, e->text, e->line) : inbound(r, e);
}

/* --- what cannot be run --- */

static bool runnable(struct run *r)
{
	char room[LINE_MAX_LEN];
	const char *why = NULL;
	for (const struct event *e = r->s->events; e; e = e->next) {
		if (e->kind == EVENT_CALL && (why = call_missing(&e->call)))
			return run_skip(r, e->line, "%s(): %s", e->call.name, why);
	}
	if (r->s->init && (why = shell_missing(r->dir, r->s->init, room, sizeof room)))
		return run_skip(r, r->s->init_line, "%s", why);
	for (const struct event *e = r->s->events; e; e = e->next) {
		if (e->kind == EVENT_CODE && (why = code_missing(e->text)))
			return run_skip(r, e->line, "%s", why);
		if (e->kind == EVENT_SHELL && (why = shell_missing(r->dir, e->text, room, sizeof room)))
			return run_skip(r, e->line, "%s", why);
	}
	return true;
}

/* --- all of it --- */

static bool world_begin(struct run *r)
{
	int err = world_new(r->s, &r->w);
	if (err)
		return run_fail(r, 0, "no stack for it: %s", strerror(-err));
	r->zero_us = manual_rt_now_us(r->w->m);
	r->w->zero_us = r->zero_us;
	if (r->how->pcap) {
		err = pcapng_open(r->how->pcap, "leat drill", NULL, &r->w->capture);
		if (err)
			return run_fail(r, 0, "%s: %s", r->how->pcap, strerror(-err));
		pcapng_interface(r->w->capture, PCAPNG_LINK_RAW, "tun0", 0);
	}
	r->flow = (struct flow){ .family = r->s->family,
				 .local = r->s->local,
				 .remote = r->s->remote,
				 .local_port = r->s->bind_port,
				 .remote_port = REMOTE_PORT };
	return true;
}

/* --non_fatal: the complaint is told, and the script goes on. */
static bool let_pass(struct run *r)
{
	enum event_kind kind = r->blame->kind;
	if (r->outcome != DRILL_FAILED || r->stops > r->stops_max ||
	    !(kind == EVENT_PACKET ? r->s->packets_may_fail : kind == EVENT_CALL && r->s->calls_may_fail))
		return false;
	run_tell(r, "let pass: %s", r->why);
	r->outcome = DRILL_PASSED;
	if (r->why_len)
		r->why[0] = 0;
	return true;
}

static void play(struct run *r)
{
	bool ok = world_begin(r) && (!r->s->init || shell(r, r->s->init, r->s->init_line));
	for (const struct event *e = r->s->events; ok && e; e = e->next)
		ok = play_event(r, e) || let_pass(r);
	if (ok && (pending_finish(r) || let_pass(r)))
		code_run(r);
	code_forget(r);
	call_close_all(r);
	if (r->w && pcapng_close(r->w->capture))
		run_fail(r, 0, "%s: it could not be written", r->how->pcap);
	world_free(r->w);
}

/* Where the script is: files that it names are seen from there. */
static void dir_of(const char *name, char *to, size_t size)
{
	const char *slash = strrchr(name, '/');
	snprintf(to, size, "%.*s", slash ? (int)(slash - name) : 1, slash ? name : ".");
}

enum drill_outcome drill_play(const struct script *s, const struct drill_how *how, char *ret_why,
			      size_t why_len)
{
	struct run r = { .s = s,
			 .how = how,
			 .stops_max = how->stops_max ? how->stops_max : STOPS_MAX,
			 .why = ret_why,
			 .why_len = why_len };
	if (why_len)
		ret_why[0] = 0;
	dir_of(s->name, r.dir, sizeof r.dir);
	if (!s->dry_run && runnable(&r))
		play(&r);
	return r.outcome;
}
