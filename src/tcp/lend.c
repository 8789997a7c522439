/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are not copied. What a program lends to be sent goes into the send queue as a packet of its own, whose one piece is the
 * program's memory; when all of it is acknowledged the packet goes, and when no device has it in hand any more either, so does the last
 * reference (buf.release). What came is lent to the program by giving it the packet: its payload lies in page-aligned pages, where
 * the device has headers and payload apart. A lent packet is not in the window's way any more. */
#include "tcp/tcp_internal.h"

int tcp_send_lent(struct l4_end *e, struct buf *b)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	int err = tcp_may_send(e, c);
	if (err)
		return err;
	if (c->snd_end - c->snd_una >= c->sndbuf) {
		c->send_blocked = true;
		return -EAGAIN;
	}
	struct pkt *p = pkt_new(c->w->lc);
	if (!p)
		return -ENOBUFS;
	tcp_note_app_limited(c);
	pkt_add_frag(c->w->lc, p, b, 0, b->size);
	tcp_queue_pkt(c, p);
	c->snd_end += b->size;
	tcp_end_write(c);
	tcp_output(c);
	graph_run(c->w);
	return 0;
}

void tcp_lent_is_lost(struct pkt *p)
{
	for (unsigned i = 0; i < p->n_frags; i++)
		if (p->frags[i].buf->kind == BUF_FOREIGN)
			p->frags[i].buf->user = TCP_LENT_LOST;
}

struct pkt *tcp_recv_lent(struct l4_end *e, uint32_t *ret_off, ssize_t *ret_len)
{
	struct tcp_conn *c = tcp_sock_of(e)->conn;
	if (!c || !c->rcv.head) {
		*ret_len = tcp_nothing(e, c);
		return NULL;
	}
	struct pkt *p = tcp_queue_pop(&c->rcv);
	*ret_off = p->edge.tcp.off + (c->rcv_read - p->edge.tcp.seq);
	*ret_len = p->edge.tcp.end - c->rcv_read;
	c->rcv_read = p->edge.tcp.end;
	c->rcv_bytes -= l4_truesize(p);
	tcp_let_go(c->w, l4_truesize(p));
	tcp_space_read(c);
	if (c->h.state != TCP_CLOSE && tcp_should_tell_window(c)) {
		tcp_send_ack(c);
		graph_run(c->w);
	}
	return p;
}

static bool has_lent(const struct tcp_conn *c, tcp_lent_fn *is_it, void *ctx)
{
	for (const struct pkt *p = c->snd.head; p; p = p->next)
		for (unsigned i = 0; i < p->n_frags; i++)
			if (p->frags[i].buf->kind == BUF_FOREIGN && is_it(p->frags[i].buf, ctx))
				return true;
	return false;
}

static struct tcp_conn *next_with(struct worker *w, tcp_lent_fn *is_it, void *ctx)
{
	struct hash_node *n;
	hash_for_each (n, &tcp_worker(w)->by_key) {
		struct tcp_head *h = container_of(n, struct tcp_head, by_key);
		if (h->kind == TCP_KIND_CONN && has_lent(container_of(h, struct tcp_conn, h), is_it, ctx))
			return container_of(h, struct tcp_conn, h);
	}
	return NULL;
}

void tcp_abort_lent(struct worker *w, tcp_lent_fn *is_it, void *ctx)
{
	tcp_wake_worker(w);
	for (struct tcp_conn *c; (c = next_with(w, is_it, ctx));) {
		tcp_send_reset(c);
		tcp_fail(c, ECONNABORTED);
	}
	graph_run(w);
}
