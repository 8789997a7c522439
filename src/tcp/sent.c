/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the log of what is sent and not acknowledged, which is the scoreboard of RFC 6675, too. Its entries lie in the
 * order of their sequence numbers without holes, from snd_una to snd_nxt; each is what left as one packet (and leaves so again, if all of
 * it is lost), with the time at which it was sent last, and whether it is SACKed, taken for lost, sent again. A block that ends within an entry splits it. SYN and
 * FIN are bytes like others.
 *
 * The array is used like a queue; its first two entries are part of struct tcp_motion, and more are taken when there are more. Memory that is
 * refused costs nothing but time: what cannot be logged is not sent yet, what cannot be split counts as not SACKed.
 *
 * pipe = (snd_nxt - snd_una) - sacked - lost + again, kept as sums (RFC 6675, 4, SetPipe). */
#include "tcp/sent.h"

#include <string.h>

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
	l->sacked = l->lost = l->again = l->waits = l->n_sacked = 0;
}

static uint32_t len_of(const struct tcp_sent *t)
{
	return t->end - t->start;
}

static uint32_t segs_of(const struct tcp_sent *t)
{
	return (len_of(t) + t->seg - 1U) / t->seg;
}

/* --- sums --- */

static bool is_again(uint8_t flags)
{
	return (flags & (TCP_SENT_AGAIN | TCP_SENT_SACKED)) == TCP_SENT_AGAIN;
}

static bool waits(uint8_t flags)
{
	return (flags & (TCP_SENT_LOST | TCP_SENT_AGAIN)) == TCP_SENT_LOST;
}

static void count(struct tcp_log *l, const struct tcp_sent *t, uint32_t sign)
{
	uint32_t n = len_of(t) * sign;
	if (!t->flags)
		return;
	if (t->flags & TCP_SENT_SACKED) {
		l->sacked += n;
		l->n_sacked += segs_of(t) * sign;
	}
	if (t->flags & TCP_SENT_LOST)
		l->lost += n;
	if (is_again(t->flags))
		l->again += n;
	if (waits(t->flags))
		l->waits += n;
}

static void set_flags(struct tcp_log *l, struct tcp_sent *t, uint8_t flags)
{
	uint8_t fresh = (uint8_t)(flags & ~t->flags), gone = (uint8_t)(t->flags & ~flags);
	if (fresh & TCP_SENT_LOST || (gone & TCP_SENT_AGAIN && flags & TCP_SENT_LOST))
		l->lost_ever += len_of(t);
	if (waits(flags) && (!l->waits || seq_lt(t->start, l->waits_from)))
		l->waits_from = t->start;
	count(l, t, UINT32_MAX);
	t->flags = flags;
	count(l, t, 1);
}

uint32_t tcp_log_segments(const struct tcp_log *l, uint8_t flags)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < l->n; i++)
		if ((l->at[l->first + i].flags & flags) == flags)
			n += segs_of(&l->at[l->first + i]);
	return n;
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

bool tcp_log_add(struct tcp_log *l, struct mem_account *mem, seq32 start, seq32 end, uint32_t seg,
		 uint64_t now_us)
{
	seg = MIN(seg, MAX(end - start, 1U));
	if (!make_room(l, mem))
		return false;
	*tcp_log_at(l, l->n++) = (struct tcp_sent){
		.start = start, .end = end, .sent_us = (uint32_t)now_us, .seg = (uint16_t)seg
	};
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

void tcp_log_pushed(struct tcp_log *l)
{
	tcp_log_at(l, l->n - 1U)->flags |= TCP_SENT_PUSHED;
}

/* Entry i becomes two that meet at `where`, the second i + 1. */
static bool split(struct tcp_log *l, struct mem_account *mem, unsigned i, seq32 where)
{
	if (!make_room(l, mem))
		return false;
	struct tcp_sent *t = tcp_log_at(l, i);
	count(l, t, UINT32_MAX);
	memmove(t + 1, t, (l->n - i) * sizeof *t);
	l->n++;
	t[0].end = t[1].start = where;
	t[0].flags &= (uint8_t)~TCP_SENT_PUSHED;
	count(l, &t[0], 1);
	count(l, &t[1], 1);
	return true;
}

/* Entry i and the one behind it become one, if there is no difference. */
static void join(struct tcp_log *l, unsigned i)
{
	struct tcp_sent *t = tcp_log_at(l, i);
	if (i + 1U >= l->n || !(t[0].flags & TCP_SENT_SACKED) ||
	    (t[0].flags ^ t[1].flags) & ~TCP_SENT_PUSHED || t[0].seg != t[1].seg || len_of(&t[0]) % t[0].seg)
		return;
	t[0].end = t[1].end;
	t[0].flags = t[1].flags;
	l->n--;
	memmove(t + 1, t + 2, (l->n - i - 1U) * sizeof *t);
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

/* RFC 8985, 6.2, step 2: unless it was sent again, and came back too early to be the answer to that. */
static void note_newest(struct tcp_took *t, const struct tcp_sent *e)
{
	if (e->flags & TCP_SENT_EVER_AGAIN && t->now_us - e->sent_us < t->min_rtt_us)
		return;
	int32_t later = (int32_t)(e->sent_us - t->newest_us);
	t->last_arrived_us = e->sent_us;
	if (t->has_newest && (later < 0 || (!later && !seq_lt(t->newest_end, e->end))))
		return;
	t->has_newest = true;
	t->newest_us = e->sent_us;
	t->newest_end = e->end;
}

static void note_delivered(struct tcp_log *l, const struct tcp_sent *e)
{
	l->delivered += len_of(e);
	if (!l->any_new || (int32_t)(e->sent_us - l->newest_us) > 0)
		l->newest_us = e->sent_us;
	l->any_new = true;
}

/* It is news that e has arrived: by a block, or because all before `una` has. */
static void note_arrival(struct tcp_log *l, struct tcp_took *t, const struct tcp_sent *e)
{
	note_delivered(l, e);
	t->newly += len_of(e);
	t->n_newly += segs_of(e);
	note_newest(t, e);
	if (e->flags & TCP_SENT_EVER_AGAIN)
		return;
	if (!seq_lt(t->recover, e->end))
		t->original = true;
	if (seq_lt(e->start, t->highest) && (!t->was_overtaken || seq_lt(e->start, t->overtaken))) {
		t->was_overtaken = true;
		t->overtaken = e->start;
	}
}

static void note_acked(struct tcp_log *l, struct tcp_took *t, const struct tcp_sent *e)
{
	t->acked += len_of(e);
	t->n_acked += segs_of(e);
	if (e->flags & TCP_SENT_EVER_AGAIN && !t->again_acked) {
		t->again_acked = true;
		t->again_us = e->sent_us;
	}
	if (e->flags & TCP_SENT_SACKED)
		return;
	note_arrival(l, t, e);
	if (e->flags & TCP_SENT_EVER_AGAIN)
		return;
	if (!t->has_time)
		t->first_us = e->sent_us;
	t->last_us = e->sent_us;
	t->has_time = true;
}

void tcp_log_ack(struct tcp_log *l, seq32 una, struct tcp_took *t)
{
	while (l->n && seq_lt(tcp_log_at(l, 0)->start, una)) {
		struct tcp_sent *e = tcp_log_at(l, 0), upto = *e;
		upto.end = seq_min(e->end, una);
		note_acked(l, t, &upto);
		count(l, e, UINT32_MAX);
		e->start = upto.end;
		if (upto.end != e->end) {
			count(l, e, 1);
			break;
		}
		l->first++;
		l->n--;
	}
	if (!l->n)
		l->first = 0;
}

static void note_sacked(struct tcp_log *l, struct tcp_took *t, const struct tcp_sent *e)
{
	t->sacked += len_of(e);
	note_arrival(l, t, e);
	if (e->flags & TCP_SENT_EVER_AGAIN)
		return;
	if (!t->has_sack_time)
		t->sack_first_us = e->sent_us;
	t->sack_last_us = e->sent_us;
	t->has_sack_time = true;
}

/* Linux: what was sent again without being lost (a probe) may still be under way. */
static uint8_t sacked_flags(uint8_t flags)
{
	uint8_t gone = flags & TCP_SENT_LOST ? TCP_SENT_LOST | TCP_SENT_AGAIN : 0;
	return (uint8_t)((flags & ~gone) | TCP_SENT_SACKED);
}

/* Where a segment of e begins at or behind s. Linux: a part of a segment is not SACKed. */
static seq32 segment_from(const struct tcp_sent *e, seq32 s)
{
	uint32_t off = s - e->start;
	return seq_min(e->start + (off + e->seg - 1U) / e->seg * e->seg, e->end);
}

static seq32 segment_upto(const struct tcp_sent *e, seq32 s)
{
	return seq_lt(s, e->end) ? s - (s - e->start) % e->seg : e->end;
}

/* The first entry that is wholly behind `start`; what lies before it in its segments is made an entry of its own. */
static unsigned first_within(struct tcp_log *l, struct mem_account *mem, seq32 start)
{
	unsigned i = entry_of(l, start);
	if (i == l->n || !seq_lt(tcp_log_at(l, i)->start, start))
		return i;
	const struct tcp_sent *e = tcp_log_at(l, i);
	seq32 from = segment_from(e, start);
	if (e->flags & TCP_SENT_SACKED || from == e->end)
		return i + 1;
	return split(l, mem, i, from) ? i + 1 : l->n;
}

void tcp_log_sack(struct tcp_log *l, struct mem_account *mem, const struct tcp_range *r, struct tcp_took *t)
{
	unsigned i = first_within(l, mem, r->start);
	for (; i < l->n && seq_lt(tcp_log_at(l, i)->start, r->end); i++) {
		struct tcp_sent *e = tcp_log_at(l, i);
		seq32 upto = segment_upto(e, r->end);
		if (e->flags & TCP_SENT_SACKED)
			continue;
		if (upto == e->start || (upto != e->end && !split(l, mem, i, upto)))
			break;
		e = tcp_log_at(l, i);
		note_sacked(l, t, e);
		set_flags(l, e, sacked_flags(e->flags));
		if (i) {
			unsigned n = l->n;
			join(l, i - 1);
			i -= n - l->n;
		}
	}
	if (i && i < l->n)
		join(l, i - 1);
}

uint32_t tcp_log_twice(struct tcp_log *l, const struct tcp_range *r, struct tcp_took *t)
{
	uint32_t bytes = 0;
	for (unsigned i = entry_of(l, r->start); i < l->n && seq_lt(tcp_log_at(l, i)->start, r->end); i++) {
		struct tcp_sent *e = tcp_log_at(l, i);
		if (!(e->flags & TCP_SENT_EVER_AGAIN))
			continue;
		bytes += seq_min(e->end, r->end) - seq_max(e->start, r->start);
		if (e->flags & TCP_SENT_SACKED && seq_lt(e->start, t->highest) &&
		    (!t->was_overtaken || seq_lt(e->start, t->overtaken))) {
			t->was_overtaken = true;
			t->overtaken = e->start;
		}
		if (!seq_lt(e->start, r->start) && !seq_lt(r->end, e->end))
			set_flags(l, e, e->flags & (uint8_t)~TCP_SENT_AGAIN);
	}
	return bytes;
}

bool tcp_log_dup(struct tcp_log *l, struct mem_account *mem)
{
	struct tcp_took unused = { 0 };
	if (!l->n)
		return false;
	const struct tcp_sent *e = tcp_log_at(l, 0);
	seq32 start = seq_min(e->start + e->seg, e->end) + l->sacked;
	unsigned i = entry_of(l, start);
	if (i == l->n)
		return false;
	const struct tcp_range r = { start, seq_min(start + tcp_log_at(l, i)->seg, tcp_log_at(l, i)->end) };
	tcp_log_sack(l, mem, &r, &unused);
	return unused.sacked != 0;
}

void tcp_log_forget_sacks(struct tcp_log *l)
{
	l->delivered -= l->sacked;
	for (unsigned i = 0; l->sacked && i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		set_flags(l, t, t->flags & (uint8_t)~TCP_SENT_SACKED);
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

/* Was e sent after what was delivered? Of what left at once, the higher is the later. */
static bool is_after(const struct tcp_sent *e, const struct tcp_took *newest)
{
	int32_t later = (int32_t)(e->sent_us - newest->newest_us);
	return later > 0 || (!later && !seq_lt(e->end, newest->newest_end));
}

static uint8_t lost_flags(uint8_t flags)
{
	return (uint8_t)((flags & ~TCP_SENT_AGAIN) | TCP_SENT_LOST);
}

/* The first that was sent but once, and later, ends it: all behind it was sent later still. */
bool tcp_log_rack(struct tcp_log *l, const struct tcp_took *newest, uint32_t most_us, uint32_t *ret_again_us,
		  uint32_t *ret_lost_again)
{
	bool any = false;
	*ret_again_us = *ret_lost_again = 0;
	for (unsigned i = 0; i < l->n; i++) {
		struct tcp_sent *e = tcp_log_at(l, i);
		if (e->flags & TCP_SENT_SACKED || waits(e->flags))
			continue;
		if (is_after(e, newest)) {
			if (e->flags & TCP_SENT_EVER_AGAIN)
				continue;
			break;
		}
		int32_t left_us = (int32_t)(e->sent_us + most_us - newest->now_us);
		if (left_us > 0) {
			*ret_again_us = MAX(*ret_again_us, (uint32_t)left_us);
			continue;
		}
		if (e->flags & TCP_SENT_LOST)
			*ret_lost_again += segs_of(e);
		set_flags(l, e, lost_flags(e->flags));
		any = true;
	}
	return any;
}

/* RFC 6298, 5.4; RFC 6675, 5.1; and what was sent again may be lost again. */
void tcp_log_all_lost(struct tcp_log *l, bool forget_sacks, uint32_t now_us, uint32_t spare_us)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		if (forget_sacks && t->flags & TCP_SENT_SACKED)
			set_flags(l, t, t->flags & (uint8_t) ~(TCP_SENT_SACKED | TCP_SENT_AGAIN));
		if (t->flags & TCP_SENT_SACKED || (i && now_us - t->sent_us < spare_us))
			continue;
		set_flags(l, t, lost_flags(t->flags));
	}
}

void tcp_log_find_all(struct tcp_log *l)
{
	for (unsigned i = 0; l->lost && i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		set_flags(l, t, t->flags & (uint8_t)~TCP_SENT_LOST);
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
	if (!l->waits)
		return NULL;
	for (unsigned i = entry_of(l, l->waits_from); i < l->n; i++) {
		struct tcp_sent *t = tcp_log_at(l, i);
		if (!waits(t->flags))
			continue;
		l->waits_from = t->start;
		if (len_of(t) > max && !split(l, mem, i, t->start + max))
			return NULL;
		return tcp_log_at(l, i);
	}
	return NULL;
}

struct tcp_sent *tcp_log_tail(struct tcp_log *l, struct mem_account *mem)
{
	if (!l->n)
		return NULL;
	struct tcp_sent *t = tcp_log_at(l, l->n - 1U);
	uint32_t whole = (segs_of(t) - 1) * t->seg;
	if (whole && !split(l, mem, l->n - 1U, t->start + whole))
		return NULL;
	return tcp_log_at(l, l->n - 1U);
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

void tcp_log_sent_again(struct tcp_log *l, struct tcp_sent *t, bool probe, uint64_t now_us)
{
	set_flags(l, t, t->flags | TCP_SENT_EVER_AGAIN | (probe ? 0 : TCP_SENT_AGAIN));
	t->sent_us = (uint32_t)now_us;
}
