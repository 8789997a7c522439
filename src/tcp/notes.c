/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what a program is told of bytes that it has sent, through the error queue: that they are no longer needed
 * (MSG_ZEROCOPY), when they left and when they were acknowledged (SO_TIMESTAMPING). A mark stands behind the last byte of a call that
 * asked; marks lie in the order of their bytes. When sending or an acknowledgment passes one, a note is queued. Neighbouring notes of
 * MSG_ZEROCOPY become one range of calls (Linux: __msg_zerocopy_callback()).
 *
 * Linux: bytes are told of as copied (SO_EE_CODE_ZEROCOPY_COPIED), since socket calls copy here; so a program's buffer is its own again
 * when the call returns, and the note comes in its time all the same. Scheduling and sending are one instant.
 *
 * Both lists are bounded: a call whose mark has no room is -ENOBUFS, a note that has none is lost and counted (SK_MEMINFO_DROPS).
 * Whoever asks for nothing pays one bit of his connection (c->noting). */
#include "tcp/tcp_internal.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

enum { MARKS_MAX = 4096, QUEUE_MAX = 1024 };
enum {
	MARK_ZEROCOPY = 1 << 0,
	MARK_SENT = 1 << 1,
	MARK_SCHED = 1 << 2,
	MARK_ACKED = 1 << 3,
	MARK_LEFT = 1 << 7
};

struct mark {
	seq32 end; /* behind the byte that it is about */
	uint32_t id; /* the call's, of MSG_ZEROCOPY */
	uint8_t what;
};
struct tcp_notes {
	seq32 first_key; /* SOF_TIMESTAMPING_OPT_ID counts bytes from here */
	uint32_t next_id, total, lost;
	struct mark *mark;
	struct tcp_note *note;
	unsigned n_marks, marks_room, n_notes, notes_room;
};

static struct tcp_notes *notes_of(struct tcp_conn *c)
{
	struct tcp_rare *r = tcp_rare(c->w, c);
	if (r && !r->notes)
		r->notes = mem_zalloc(&c->w->st->mem, sizeof *r->notes);
	return r ? r->notes : NULL;
}

void tcp_notes_free(struct tcp_notes *n)
{
	if (!n)
		return;
	mem_free(n->mark);
	mem_free(n->note);
	mem_free(n);
}

static void *room_for(struct mem_account *mem, void *at, size_t size, unsigned n, unsigned *room,
		      unsigned most)
{
	if (n < *room)
		return at;
	unsigned want = MIN(MAX(2 * n, 4U), most);
	void *more = n < most ? mem_resize(mem, at, want * size) : NULL;
	if (more)
		*room = want;
	return more;
}

/* --- marks --- */

/* What a call wants to be told of. */
static uint8_t wanted(const struct tcp_opts *o, int flags)
{
	enum { ZEROCOPY = 0x4000000 };
	uint32_t s = o->stamping;
	return (uint8_t)((flags & ZEROCOPY && o->zerocopy ? MARK_ZEROCOPY : 0) |
			 (s & SOF_TIMESTAMPING_TX_SOFTWARE ? MARK_SENT : 0) |
			 (s & SOF_TIMESTAMPING_TX_SCHED ? MARK_SCHED : 0) |
			 (s & SOF_TIMESTAMPING_TX_ACK ? MARK_ACKED : 0));
}

int tcp_notes_ready(struct tcp_conn *c, const struct tcp_opts *o, int flags)
{
	if (!wanted(o, flags))
		return 0;
	struct tcp_notes *n = notes_of(c);
	struct mark *at =
		n ? room_for(&c->w->st->mem, n->mark, sizeof *at, n->n_marks, &n->marks_room, MARKS_MAX)
		  : NULL;
	if (!at)
		return -ENOBUFS;
	n->mark = at;
	return 0;
}

void tcp_mark(struct tcp_conn *c, const struct tcp_opts *o, int flags)
{
	uint8_t what = wanted(o, flags);
	if (!what)
		return;
	struct tcp_notes *n = c->rare->notes;
	n->mark[n->n_marks++] = (struct mark){ .end = c->snd_end, .id = n->next_id, .what = what };
	n->next_id += what & MARK_ZEROCOPY;
	c->noting = true;
}

void tcp_set_stamping(struct tcp_conn *c, uint32_t was, uint32_t now)
{
	struct tcp_notes *n = now & ~was & SOF_TIMESTAMPING_OPT_ID ? notes_of(c) : NULL;
	if (n) /* Linux: from what is not acknowledged */
		n->first_key = c->snd_una;
}

/* --- notes --- */

static void note(struct tcp_conn *c, struct tcp_notes *n, struct tcp_note what)
{
	struct tcp_note *last = n->n_notes ? &n->note[n->n_notes - 1] : NULL;
	n->total++;
	tcp_tell(c);
	if (what.zerocopy && last && last->zerocopy && last->data + 1 == what.info) {
		last->data = what.data;
		return;
	}
	struct tcp_note *at =
		room_for(&c->w->st->mem, n->note, sizeof *at, n->n_notes, &n->notes_room, QUEUE_MAX);
	if (!at) {
		n->lost++;
		return;
	}
	n->note = at;
	at[n->n_notes++] = what;
}

static void note_time(struct tcp_conn *c, struct tcp_notes *n, const struct mark *m, uint32_t which)
{
	struct leat_runtime *rt = c->w->st->rt;
	uint32_t key = m->end - 1 - n->first_key;
	note(c, n, (struct tcp_note){ .info = which, .data = key, .at_ns = rt->ops->wall_ns(rt) });
}

void tcp_note_sent(struct tcp_conn *c)
{
	struct tcp_notes *n = c->rare->notes;
	for (unsigned i = 0; i < n->n_marks; i++) {
		struct mark *m = &n->mark[i];
		if (m->what & MARK_LEFT)
			continue;
		if (seq_lt(c->snd_nxt, m->end))
			break;
		m->what |= MARK_LEFT;
		if (m->what & MARK_SCHED)
			note_time(c, n, m, SCM_TSTAMP_SCHED);
		if (m->what & MARK_SENT)
			note_time(c, n, m, SCM_TSTAMP_SND);
	}
}

static void pass(struct tcp_conn *c, struct tcp_notes *n, const struct mark *m, bool acked)
{
	if (m->what & MARK_ACKED && acked)
		note_time(c, n, m, SCM_TSTAMP_ACK);
	if (m->what & MARK_ZEROCOPY)
		note(c, n, (struct tcp_note){ .zerocopy = true, .info = m->id, .data = m->id });
}

static void drop_marks(struct tcp_conn *c, struct tcp_notes *n, unsigned many)
{
	n->n_marks -= many;
	memmove(n->mark, n->mark + many, n->n_marks * sizeof *n->mark);
	c->noting = n->n_marks != 0;
}

void tcp_note_acked(struct tcp_conn *c)
{
	struct tcp_notes *n = c->rare->notes;
	unsigned i = 0;
	while (i < n->n_marks && seq_le(n->mark[i].end, c->snd_una))
		pass(c, n, &n->mark[i++], true);
	drop_marks(c, n, i);
}

void tcp_note_dropped(struct tcp_conn *c)
{
	struct tcp_notes *n = c->rare->notes;
	for (unsigned i = 0; i < n->n_marks; i++)
		pass(c, n, &n->mark[i], false);
	drop_marks(c, n, n->n_marks);
}

/* --- who asks --- */

static struct tcp_notes *notes_there(const struct l4_end *e)
{
	const struct tcp_conn *c = tcp_sock_of(e)->conn;
	return c && c->rare ? c->rare->notes : NULL;
}

bool tcp_take_note(struct l4_end *e, struct tcp_note *ret)
{
	struct tcp_notes *n = notes_there(e);
	if (!n || !n->n_notes)
		return false;
	*ret = n->note[0];
	memmove(n->note, n->note + 1, --n->n_notes * sizeof *n->note);
	return true;
}

uint32_t tcp_notes_total(const struct l4_end *e)
{
	const struct tcp_notes *n = notes_there(e);
	return n ? n->total : 0;
}

uint32_t tcp_notes_lost(const struct l4_end *e)
{
	const struct tcp_notes *n = notes_there(e);
	return n ? n->lost : 0;
}

bool tcp_notes_wait(const struct l4_end *e)
{
	const struct tcp_notes *n = notes_there(e);
	return n && n->n_notes;
}
