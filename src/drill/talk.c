/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation. A SYN's numbers are what the script says; all others are counted from both sides' SYNs. What the stack begins with
 * is seen in its first SYN; the script's own SYN has the number that it says.
 *
 * Time stamps are compared by value only if the script says how long a tick is (--tcp_ts_tick_usecs); otherwise whatever comes is
 * what was meant. An echo of one that was seen is the stack's own value; of one that was not it is as far from the first as the script's.
 *
 * Connections that the script opens have ports of their own, one after the other, since scripts name none. */
#include "drill/talk.h"

#include <stdlib.h>
#include <string.h>

#include "wire/tcp.h"

enum { FIRST_PORT = 49152 };

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return a->family == b->family && a->local_port == b->local_port && a->remote_port == b->remote_port &&
	       memcmp(&a->local, &b->local, sizeof a->local) == 0 &&
	       memcmp(&a->remote, &b->remote, sizeof a->remote) == 0;
}

static struct talk *find(struct talks *t, const struct flow *f)
{
	for (unsigned i = 0; i < TALKS_MAX; i++)
		if (t->of[i].used && same_flow(&t->of[i].flow, f))
			return &t->of[i];
	return NULL;
}

bool talk_is_known(const struct talks *t, const struct flow *f)
{
	return find((struct talks *)t, f) != NULL;
}

struct talk *talk_of(struct talks *t, const struct flow *f)
{
	struct talk *k = find(t, f);
	if (k)
		return k;
	k = &t->of[t->next++ % TALKS_MAX];
	*k = (struct talk){ .flow = *f, .used = true };
	return k;
}

void talk_begin(struct talks *t, struct flow *f, const struct packet *syn)
{
	const struct talk *k = find(t, f);
	bool same = !k || (k->remote_seq == syn->seq && !t->anew);
	t->anew = false;
	if (same) {
		talk_of(t, f)->remote_seq = syn->seq;
		return;
	}
	f->remote_port = (uint16_t)(FIRST_PORT + ++t->next_port);
	talk_of(t, f)->remote_seq = syn->seq;
}

/* --- options in place --- */

static uint32_t get32(const uint8_t *p)
{
	be32 b;
	memcpy(&b, p, sizeof b);
	return be32_get(b);
}

static void put32(uint8_t *p, uint32_t v)
{
	be32 b = be32_of(v);
	memcpy(p, &b, sizeof b);
}

/* The data of the first option of that kind; NULL: there is none. */
static uint8_t *option(struct packet *p, uint8_t kind, unsigned *ret_len)
{
	for (unsigned at = 0; at < p->options_len;) {
		uint8_t k = p->options[at], len = at + 1 < p->options_len ? p->options[at + 1] : 0;
		if (k <= TCP_OPT_NOP) {
			at++;
			continue;
		}
		if (len < 2 || at + len > p->options_len)
			return NULL;
		if (k == kind) {
			*ret_len = len - 2U;
			return p->options + at + 2;
		}
		at += len;
	}
	return NULL;
}

static uint8_t *stamp(struct packet *p)
{
	unsigned len;
	uint8_t *at = option(p, TCP_OPT_STAMP, &len);
	return at && len == 8 ? at : NULL;
}

/* --- in --- */

static uint32_t live_stamp(const struct talk *t, const struct script *s, uint32_t ecr)
{
	unsigned n = t->n_stamps < TALK_STAMPS_MAX ? t->n_stamps : TALK_STAMPS_MAX;
	for (unsigned i = n; i-- > 0;)
		if (t->stamp[i].script == ecr)
			return t->stamp[i].live;
	return t->has_stamp && s->tcp_ts_ecr_scaled ? ecr - t->first_script + t->first_live : ecr;
}

static void move_sacks(uint8_t *at, unsigned len, uint32_t by)
{
	for (unsigned i = 0; at && i + 4 <= len; i += 4)
		put32(at + i, get32(at + i) + by);
}

void talk_to_live(struct talk *t, const struct script *s, struct packet *p)
{
	unsigned len;
	p->quote_seq += t->local_isn;
	if (p->kind != PACKET_TCP)
		return;
	bool syn = p->flags & TCP_F_SYN;
	if (syn && !t->has_remote) {
		t->remote_isn = p->seq;
		t->has_remote = true;
	}
	p->seq += syn ? 0 : t->remote_isn;
	if (!(p->flags & TCP_F_ACK))
		return;
	uint32_t ahead = t->local_isn - (syn ? t->script_isn : 0);
	p->ack += ahead;
	uint8_t *at = option(p, TCP_OPT_SACK, &len);
	move_sacks(at, len, ahead);
	if ((at = stamp(p)))
		put32(at + 4, live_stamp(t, s, get32(at + 4)));
}

/* --- out --- */

static void note_stamp(struct talk *t, uint32_t script, uint32_t live)
{
	unsigned i = t->n_stamps++ % TALK_STAMPS_MAX;
	t->stamp[i].script = script;
	t->stamp[i].live = live;
	if (t->has_stamp)
		return;
	t->has_stamp = true;
	t->first_script = script;
	t->first_live = live;
}

static void translate_stamp(struct talk *t, const struct script *s, uint8_t *want, uint8_t *seen)
{
	uint32_t script = get32(want), live = get32(seen);
	note_stamp(t, script, live);
	uint32_t as_script = live - t->first_live + t->first_script;
	int64_t off = llabs((int32_t)(as_script - script)) * s->tcp_ts_tick_us;
	put32(seen, off <= s->tolerance_us ? script : as_script);
}

void talk_to_script(struct talk *t, const struct script *s, const struct packet *want, struct packet *seen)
{
	struct packet w = *want;
	if (seen->kind != PACKET_TCP || want->kind != PACKET_TCP)
		return;
	if (seen->flags & TCP_F_SYN && want->flags & TCP_F_SYN && !t->has_seq) {
		t->local_isn = seen->seq;
		t->script_isn = want->seq;
		t->has_seq = true;
	}
	bool bare_reset = (seen->flags & (TCP_F_RST | TCP_F_ACK)) == (TCP_F_RST | TCP_F_ACK) && !seen->seq;
	bool syn = seen->flags & TCP_F_SYN;
	unsigned len;
	if (!bare_reset) /* to who acknowledged nothing: it is 0 (RFC 9293, 3.5.2) */
		seen->seq -= t->local_isn - (syn ? t->script_isn : 0);
	if (!syn && seen->flags & TCP_F_ACK) {
		seen->ack -= t->remote_isn;
		uint8_t *sacks = option(seen, TCP_OPT_SACK, &len);
		move_sacks(sacks, len, -t->remote_isn);
	}
	uint8_t *a = stamp(&w), *b = stamp(seen);
	if (a && b)
		translate_stamp(t, s, a, b);
}

bool talk_join(struct packet *p, const struct packet *more)
{
	if (p->kind != PACKET_TCP || more->kind != PACKET_TCP || more->seq != p->seq + p->len ||
	    p->flags & (TCP_F_SYN | TCP_F_FIN | TCP_F_RST) || !more->len)
		return false;
	p->len += more->len;
	p->flags = (uint16_t)((p->flags & ~TCP_F_PSH) | (more->flags & (TCP_F_PSH | TCP_F_FIN)));
	return true;
}
