/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the log of what is sent and not acknowledged, which is the scoreboard of RFC 6675, too. Its entries lie in the
 * order of their sequence numbers without holes, from snd_una to snd_nxt; each is a range that was sent together, with the time at
 * which it was sent last, and whether it is SACKed, taken for lost, sent again. A block that ends within an entry splits it. SYN and
 * FIN are bytes like others.
 *
 * The array is used like a queue; its first two entries are part of struct tcp_motion, and more are taken when there are more. Memory that is
 * refused costs nothing but time: what cannot be logged is not sent yet, what cannot be split counts as not SACKed.
 *
 * pipe = (snd_nxt - snd_una) - sacked - lost + again, kept as sums (RFC 6675, 4, SetPipe). */
#include "tcp/tcp_internal.h"

enum { LOG_MAX = 16384 };

void tcp_log_init(struct tcp_log *l)
{
	l->at = l->own;
	l->room = TCP_SENT_INLINE;
}

void tcp_log_done(struct tcp_log *l)
{
	if (l->at != l->own)
		mem_free(l->at);
	tcp_log_init(l);
	l->first = l->n = 0;
	l->sacked = l->lost = l->again = 0;
}

static uint32_t len_of(const struct tcp_sent *t)
{
	return t->end - t->start;
}

/* --- sums --- */

static bool is_again(const struct tcp_sent *t)
{
	return (t->flags & (TCP_SENT_AGAIN | TCP_SENT_SACKED)) == TCP_SENT_AGAIN;
}

static void count(struct tcp_log *l, const struct tcp_sent *t, uint32_t sign)
{
	uint32_t n = len_of(t) * sign;
	if (t->flags & TCP_SENT_SACKED)
		l->sacked += n;
	if (t->flags & TCP_SENT_LOST)
		l->lost += n;
	if (is_again(t))
		l->again += n;
}

static void set_flags(struct tcp_log *l, struct tcp_sent *t, uint8_t flags)
{
	uint8_t fresh = (uint8_t)(flags & ~t->flags), gone = (uint8_t)(t->flags & ~flags);
	if (fresh & TCP_SENT_LOST || (gone & TCP_SENT_AGAIN && flags & TCP_SENT_LOST))
		l->lost_ever += len_of(t);
	count(l, t, UINT32_MAX);
	t->flags = flags;
	count(l, t, 1);
}

/* --- room --- */

static bool grow(struct tcp_log *l, struct mem_account *mem)
{
	unsigned room = l->room * 2U < 8 ? 8 : l->room * 2U;
	bool own = l->at == l->own;
	if (room > LOG_MAX)
		return false;
	struct tcp_sent *at = mem_resize(mem, own ? NULL : l->at, room * sizeof *at);
	if (!at)
		return false;
	if (own)
		memcpy(at, l->own, sizeof l->own);
	l->at = at;
	l->room = (uint16_t)room;
	return true;
}

/* For one more behind the last. */
static bool make_room(struct tcp_log *l, struct mem_account *mem)
{
	if (l->first + l->n < l->room)
		return true;
	if (l->first > l->room / 2 || (l->first && l->room == TCP_SENT_INLINE)) {
		memmove(l->at, l->at + l->first, l->n * sizeof *l->at);
		l->first = 0;
		return true;
	}
	return grow(l, mem);
}

bool tcp_log_add(struct tcp_log *l, struct mem_account *mem, seq32 start, seq32 end, uint64_t now_us)
{
	struct tcp_sent *last = l->n ? tcp_log_at(l, l->n - 1U) : NULL;
	if (last && last->end == start && !last->flags && last->sent_us == (uint32_t)now_us) {
		last->end = end;
		return true;
	}
	if (!make_room(l, mem))
		return false;
	*tcp_log_at(l, l->n++) = (struct tcp_sent){ .start = start, .end = end, .sent_us = (uint32_t)now_us };
	return true;
}

void tcp_log_cut(struct tcp_log *l, seq32 end)
{
	while (l->n) {
		struct tcp_sent *t = tcp_log_at(l, l->n - 1U);
		if (seq_lt(t->start, end)) {
			t->end = seq_min(t->end, end);
			return;
		}
		l->n--;
	}
}

/* Entry i becomes two that meet at `where`, the second i + 1. */
static bool split(struct tcp_log *l, struct mem_account *mem, unsigned i, seq32 where)
{
	if (!make_room(l, mem))
		return false;
	struct tcp_sent *t = tcp_log_at(l, i);
	memmove(t + 1, t, (l->n - i) * sizeof *t);
	l->n++;
	t[0].end = t[1].start = where;
	return true;
}

/* The entry that holds s; n: none. */
static unsigned entry_of(struct tcp_log *l, seq32 s)
{
	unsigned lo = 0, hi = l->n;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		if (seq_le(tcp_log_at(l, mid)->end, s))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* --- acknowledgments --- */

/* The oldest of what was not SACKed: whose round trip is measured, unless it was sent again (RFC 6298, 3). */
static void note_time(struct tcp_log_acked *a, const struct tcp_sent *t)
{
	if (t->flags & TCP_SENT_EVER_AGAIN)
		a->was_again = true;
	if (!a->has_time)
		a->sent_us = t->sent_us;
	a->has_time = true;
}

static void note_delivered(struct tcp_log *l, const struct tcp_sent *t, uint32_t bytes)
{
	l->delivered += bytes;
	if (!l->any_new || (int32_t)(t->sent_us - l->newest_us) > 0)
		l->newest_us = t->sent_us;
	l->any_new = true;
}

struct tcp_log_acked tcp_log_ack(struct tcp_log *l, seq32 una)
{
	struct tcp_log_acked a = { 0 };
	while (l->n && seq_lt(tcp_log_at(l, 0)->start, una)) {
		struct tcp_sent *t = tcp_log_at(l, 0);
		seq32 upto = seq_min(t->end, una);
		a.bytes += upto - t->start;
		a.sacked += t->flags & TCP_SENT_SACKED ? upto - t->start : 0;
		if (!(t->flags & TCP_SENT_SACKED)) {
			note_time(&a, t);
			note_delivered(l, t, upto - t->start);
		}
		count(l, t, UINT32_MAX);
		t->start = upto;
		if (upto != t->end) {
			count(l, t, 1);
			break;
		}
		l->first++;
		l->n--;
	}
	if (!l->n)
		l->first = 0;
	return a;
}

uint32_t tcp_log_sack(struct tcp_log *l, struct mem_account *mem, const struct tcp_range *r)
{
	uint32_t newly = 0;
	unsigned i = entry_of(l, r->start);
	if (i < l->n && seq_lt(tcp_log_at(l, i)->start, r->start)) {
		if (tcp_log_at(l, i)->flags & TCP_SENT_SACKED)
			i++;
		else if (split(l, mem, i, r->start))
			i++;
		else
			return 0;
	}
	for (; i < l->n && seq_lt(tcp_log_at(l, i)->start, r->end); i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		if (t->flags & TCP_SENT_SACKED)
			continue;
		if (seq_lt(r->end, t->end) && !split(l, mem, i, r->end))
			break;
		t = tcp_log_at(l, i);
		newly += len_of(t);
		note_delivered(l, t, len_of(t));
		set_flags(l, t, (uint8_t)((t->flags | TCP_SENT_SACKED) & ~TCP_SENT_LOST));
	}
	return newly;
}

void tcp_log_forget_sacks(struct tcp_log *l)
{
	l->delivered -= l->sacked;
	for (unsigned i = 0; l->sacked && i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		set_flags(l, t, t->flags & TCP_SENT_LOST ? t->flags & (uint8_t)~TCP_SENT_SACKED : 0);
	}
}

/* --- loss --- */

/* RFC 6675, 4: IsLost(): DupThresh ranges, or more than DupThresh - 1 segments' bytes, were SACKed above it. */
bool tcp_log_find_lost(struct tcp_log *l, uint32_t dup_thresh, uint32_t mss)
{
	uint32_t ranges = 0, bytes = 0;
	bool was_sacked = false, any = false;
	for (unsigned i = l->n; i-- > 0;) {
		struct tcp_sent *t = tcp_log_at(l, i);
		bool sacked = t->flags & TCP_SENT_SACKED;
		if (sacked) {
			bytes += len_of(t);
			ranges += !was_sacked;
		} else if (!(t->flags & TCP_SENT_LOST) &&
			   (ranges >= dup_thresh || bytes > (dup_thresh - 1) * mss)) {
			set_flags(l, t, t->flags | TCP_SENT_LOST);
			any = true;
		}
		was_sacked = sacked;
	}
	return any;
}

/* RFC 6298, 5.4; RFC 6675, 5.1: all that was not SACKed; and what was sent again may be lost again. */
void tcp_log_all_lost(struct tcp_log *l, bool forget_sacks)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		uint8_t flags = t->flags & (uint8_t)~TCP_SENT_AGAIN;
		if (forget_sacks)
			flags &= (uint8_t)~TCP_SENT_SACKED;
		set_flags(l, t, flags & TCP_SENT_SACKED ? flags : flags | TCP_SENT_LOST);
	}
}

/* Without SACK: the first segment (RFC 5681, 3.2; RFC 6582), even if it was sent again. */
void tcp_log_lose_first(struct tcp_log *l, struct mem_account *mem, uint32_t bytes)
{
	if (!l->n)
		return;
	struct tcp_sent *t = tcp_log_at(l, 0);
	if (t->flags & TCP_SENT_LOST)
		return;
	if (len_of(t) > bytes && split(l, mem, 0, t->start + bytes))
		t = tcp_log_at(l, 0);
	set_flags(l, t, t->flags | TCP_SENT_LOST);
}

/* RFC 6675, 4: NextSeg(), rule 1. */
struct tcp_sent *tcp_log_next_lost(struct tcp_log *l, struct mem_account *mem, uint32_t max)
{
	if (l->lost == l->again)
		return NULL;
	for (unsigned i = 0; i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		if ((t->flags & (TCP_SENT_LOST | TCP_SENT_AGAIN)) != TCP_SENT_LOST)
			continue;
		if (len_of(t) > max && !split(l, mem, i, t->start + max))
			return NULL;
		return tcp_log_at(l, i);
	}
	return NULL;
}

/* RFC 6675, 4: NextSeg(), rule 3: what may be lost, since something beyond it has arrived. */
bool tcp_log_lose_hole(struct tcp_log *l, struct mem_account *mem, uint32_t bytes)
{
	unsigned hole = l->n;
	for (unsigned i = l->n; i-- > 0;) {
		uint8_t flags = tcp_log_at(l, i)->flags;
		if (flags & TCP_SENT_SACKED)
			break;
		hole = i;
	}
	for (unsigned i = 0; i < hole; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		if (t->flags & (TCP_SENT_SACKED | TCP_SENT_LOST | TCP_SENT_EVER_AGAIN))
			continue;
		if (len_of(t) > bytes && !split(l, mem, i, t->start + bytes))
			return false;
		t = tcp_log_at(l, i);
		set_flags(l, t, t->flags | TCP_SENT_LOST);
		return true;
	}
	return false;
}

void tcp_log_sent_again(struct tcp_log *l, struct tcp_sent *t, uint64_t now_us)
{
	set_flags(l, t, t->flags | TCP_SENT_AGAIN | TCP_SENT_EVER_AGAIN);
	t->sent_us = (uint32_t)now_us;
}
