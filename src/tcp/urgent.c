/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: urgent data by RFC 6093 and as Linux has it. The pointer of a segment says where the byte behind the urgent one
 * is; one byte at a time is urgent, the last that was pointed to. It is kept beside the stream, where MSG_OOB fetches it, unless
 * SO_OOBINLINE leaves it where it is; reading stops in front of it, once. Who sends points from every segment up to the mark, and such
 * segments leave one by one: whoever cuts large ones copies the pointer as it is. */
#include "tcp/tcp_internal.h"

/* --- receiving --- */

static void look_at_pointer(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_rare *r)
{
	seq32 at = s->seq + s->urgent - (s->urgent ? 1 : 0);
	if (seq_lt(at, c->rcv_read) || seq_lt(at, c->rcv_nxt) || (r->urgent && !seq_lt(r->urgent_seq, at)))
		return;
	r->urgent_seq = at;
	r->urgent = TCP_URGENT_COMES;
	tcp_tell(c);
}

static void look_at_byte(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_rare *r)
{
	uint32_t off = r->urgent_seq - s->seq;
	struct cursor cur = pkt_cursor(s->p);
	if (off >= s->len || !cur_skip(&cur, (uint32_t)(s->p->l4_off - s->p->headroom) + s->hdr_len + off) ||
	    !cur_copy(&cur, &r->urgent_byte, 1))
		return;
	r->urgent = TCP_URGENT_HERE;
	tcp_tell(c);
}

void tcp_take_urgent(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_rare *r = s->flags & TCP_F_URG ? tcp_rare(c->w, c) : c->rare;
	if (!r || !tcp_states[c->h.state].takes_data)
		return; /* without memory it is data like other */
	if (s->flags & TCP_F_URG)
		look_at_pointer(c, s, r);
	if (r->urgent == TCP_URGENT_COMES)
		look_at_byte(c, s, r);
}

bool tcp_is_at_mark(const struct tcp_conn *c)
{
	return c && c->rare && c->rare->urgent && c->rare->urgent_seq == c->rcv_read;
}

size_t tcp_read_to_mark(const struct tcp_conn *c, size_t len, bool *ret_skip)
{
	const struct tcp_rare *r = c->rare;
	uint32_t off = r->urgent_seq - c->rcv_read;
	*ret_skip = r->urgent && !off && !r->opts.oob_inline;
	return r->urgent && off && off < len ? off : len;
}

void tcp_passed_mark(struct tcp_conn *c)
{
	if (c->rare->urgent && seq_lt(c->rare->urgent_seq, c->rcv_read))
		c->rare->urgent = TCP_URGENT_NONE;
}

ssize_t tcp_recv_urgent(struct tcp_conn *c, void *buf, size_t len, int flags)
{
	struct tcp_rare *r = c ? c->rare : NULL;
	if (!r || !r->urgent || r->urgent == TCP_URGENT_READ || r->opts.oob_inline)
		return -EINVAL; /* Linux: there is none */
	if (r->urgent == TCP_URGENT_COMES)
		return c->fin_got || c->h.state == TCP_CLOSE ? 0 : -EAGAIN;
	if (!(flags & MSG_PEEK))
		r->urgent = TCP_URGENT_READ;
	if (len && !(flags & MSG_TRUNC))
		memcpy(buf, &r->urgent_byte, 1);
	return len ? 1 : 0;
}

/* --- sending --- */

bool tcp_is_urgent(const struct tcp_conn *c, seq32 seq)
{
	const struct tcp_rare *r = c->rare;
	return r->urgent_out && seq_lt(seq, r->urgent_end) && seq_lt(c->snd_una, r->urgent_end);
}

/* Farther than a pointer reaches: as far as it does. */
void tcp_put_urgent(const struct tcp_conn *c, struct pkt *p, seq32 seq)
{
	struct tcp_hdr *h = pkt_l4(p);
	uint32_t off = c->rare->urgent_end - seq;
	h->off_flags = be16_of(be16_get(h->off_flags) | TCP_F_URG);
	h->urgent = be16_of((uint16_t)MIN(off, (uint32_t)UINT16_MAX));
}

int tcp_mark_urgent(struct tcp_conn *c, seq32 end)
{
	struct tcp_rare *r = tcp_rare(c->w, c);
	if (!r)
		return -ENOBUFS;
	r->urgent_out = true;
	r->urgent_end = end;
	return 0;
}
