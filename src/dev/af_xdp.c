/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_XDP: frames of an existing interface, in memory that the kernel and leat both see.
 *
 * Theory of operation: buffers are frames of an arena (pkt/arena.h), which is registered with the kernel as umem. In ring: an
 * empty frame goes to the kernel through the fill ring, comes back in the receive ring with bytes in it, and is a packet as it
 * lies there: its descriptor is the frame's own. When the packet is freed the frame is on the shelf again. A frame of several
 * pieces (9,000 bytes) becomes a packet with fragments. Out: a packet whose pieces all lie in the umem is sent where it lies,
 * whichever device it came by, and belongs to the kernel until the completion ring says so; any other is copied into frames and
 * counted. Nothing is allocated on the way.
 *
 * Which packet a completed address belongs to: umem addresses are in unaligned mode, 48 bits of base and 16 bits of offset, and
 * only their sum is a place. So the offset is the number of the packet's slot, and the base is less by as much; addresses come
 * back as they were given. The same bytes may then be in flight twice, as payload shared by two packets is.
 *
 * Holding on: packets may be kept for long (sockets, neighbours), and a device without empty frames is deaf. When the shelf runs
 * low, what arrives is copied into packets of the pool, and its frames go back at once.
 *
 * Kicks: one call at the end of the turn for all that was queued in it, and only when the kernel asks for it (need-wakeup). A
 * kernel that copies does its work in that call. What it did not take is tried again a little later, at most RETRIES_MAX times
 * without progress; it stays in the ring for the next kick.
 *
 * Losses are told by counters of the socket, read when the fill ring was found empty and a second after traffic.
 *
 * Threads: a queue of the device, a socket and its rings belong to one home lcore; hostdev.c brings the frames of others there. */
#include "dev/af_xdp.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

enum { RX_BATCH = 64, RETRY_US = 100, REAP_US = 5000, RETRIES_MAX = 64, ASK_US = 1000000, PIECES_MAX = 16 };
enum { NO_SLOT = UINT32_MAX };

/* --- frames to and from the kernel --- */

static void wake_receive(struct xdp_queue *x)
{
	if (unlikely(xsk_ring_prod__needs_wakeup(&x->xsk.fill)))
		recvfrom(x->q.fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

void af_xdp_refill(struct xdp_queue *x)
{
	uint32_t at = 0, n = MIN(xsk_prod_nb_free(&x->xsk.fill, x->xsk.fill.size), x->shelf->n_free);
	if (!n || xsk_ring_prod__reserve(&x->xsk.fill, n, &at) != n)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct pkt *p = pkt_shelf_take(x->shelf);
		p->buf->user = x->user;
		*xsk_ring_prod__fill_addr(&x->xsk.fill, at + i) = arena_addr(x->arena, p->buf->mem);
	}
	xsk_ring_prod__submit(&x->xsk.fill, n);
	wake_receive(x);
}

static void slot_free(struct xdp_queue *x, uint32_t i)
{
	x->slot[i] = (struct xdp_slot){ .left = x->free_slot };
	x->free_slot = i;
	x->n_in_flight--;
}

/* What has been sent. */
static void reap(struct xdp_queue *x, struct lcore *lc)
{
	uint32_t at = 0, n = x->n_in_flight ? xsk_ring_cons__peek(&x->xsk.comp, x->n_slots, &at) : 0;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t tag = xsk_umem__extract_offset(*xsk_ring_cons__comp_addr(&x->xsk.comp, at + i));
		struct xdp_slot *s = &x->slot[tag % x->n_slots];
		if (unlikely(!s->p) || --s->left)
			continue;
		pkt_free(lc, s->p);
		slot_free(x, (uint32_t)(s - x->slot));
	}
	if (n)
		xsk_ring_cons__release(&x->xsk.comp, n);
}

/* --- losses --- */

static void count_losses(struct xdp_queue *x, struct worker *w)
{
	struct xdp_statistics s = x->seen;
	socklen_t len = sizeof s;
	if (getsockopt(x->q.fd, SOL_XDP, XDP_STATISTICS, &s, &len))
		return;
	uint64_t full = s.rx_ring_full - x->seen.rx_ring_full + s.rx_fill_ring_empty_descs -
			x->seen.rx_fill_ring_empty_descs;
	uint64_t refused = s.rx_dropped - x->seen.rx_dropped;
	x->seen = s;
	/* The kernel counts a frame that found no buffer as dropped, too, and tells no more of those too long. */
	if (full)
		hostdev_lost_rx(x->q.dev, w, full, DROP_RX_FULL);
	if (refused > full)
		hostdev_lost_rx(x->q.dev, w, refused - full, DROP_RX_TOO_LONG);
}

static void ask_later(struct lcore *lc, struct timer *t)
{
	struct xdp_queue *x = container_of(t, struct xdp_queue, ask);
	count_losses(x, hostdev_worker(&x->q));
	if (x->received != x->q.stats.rx_packets)
		lcore_timer_in(lc, t, ASK_US);
	x->received = x->q.stats.rx_packets;
}

/* --- receive --- */

/* The same bytes in buffers of the pool; p's own go back. NULL without buffers. */
static struct pkt *copy_out(struct xdp_queue *x, struct lcore *lc, struct pkt *p)
{
	struct pkt *c = pkt_new(lc);
	bool ok = c && pkt_append(lc, c, p->data, p->head_len);
	for (unsigned i = 0; i < p->n_frags && ok; i++)
		ok = pkt_append(lc, c, p->frags[i].buf->mem + p->frags[i].off, p->frags[i].len);
	racy_add(x->q.stats.rx_copied, ok);
	pkt_free(lc, p);
	if (ok)
		return c;
	pkt_free(lc, c);
	return NULL;
}

static inline bool is_low(const struct pkt_shelf *s)
{
	return s->n_free < s->n / 8;
}

static enum drop check_frame(const struct xdp_queue *x, const struct pkt *p)
{
	if (unlikely(p->len > racy_get(x->frame_max)))
		return DROP_RX_TOO_LONG;
	return unlikely(p->head_len < ETH_HLEN) ? DROP_TRUNCATED : DROP_NONE;
}

/* The first piece of a frame, or one more. */
static void take_piece(struct xdp_queue *x, struct pkt *frame, const struct xdp_desc *d)
{
	uint32_t off = (uint32_t)xsk_umem__extract_offset(d->addr);
	frame->buf->user = 0;
	if (!x->partial)
		pkt_shelf_fill(x->shelf, x->partial = frame, off, d->len);
	else if (!pkt_shelf_append(x->shelf, x->partial, frame, off, d->len)) {
		pkt_shelf_put(x->shelf, frame);
		x->spoilt = true;
	}
}

/* The frame is complete: it, or NULL when it was dropped. */
static struct pkt *end_frame(struct xdp_queue *x, struct worker *w)
{
	struct pkt *p = x->partial;
	enum drop why = x->spoilt ? DROP_RX_TOO_LONG : check_frame(x, p);
	x->partial = NULL;
	x->spoilt = false;
	if (unlikely(why)) {
		hostdev_drop_rx(x->q.dev, w, p, why);
		return NULL;
	}
	if (likely(!is_low(x->shelf)))
		return p;
	p = copy_out(x, w->lc, p);
	if (!p)
		hostdev_lost_rx(x->q.dev, w, 1, DROP_NO_BUFFER);
	return p;
}

unsigned af_xdp_receive(struct hostdev_queue *q, struct worker *w)
{
	struct xdp_queue *x = xdp_queue_of(q);
	struct pkt *good[RX_BATCH], *p;
	unsigned n_good = 0;
	uint32_t at = 0, n;
	reap(x, w->lc);
	n = xsk_ring_cons__peek(&x->xsk.rx, RX_BATCH, &at);
	if (likely(!n))
		return 0;
	bool was_empty = xsk_fill_is_empty(&x->xsk);
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d = xsk_ring_cons__rx_desc(&x->xsk.rx, at + i);
		struct pkt *frame = pkt_arena_at(x->arena, xsk_umem__extract_addr(d->addr));
		assert(frame);
		__builtin_prefetch(frame->buf->mem + xsk_umem__extract_offset(d->addr));
		take_piece(x, frame, d);
		if (likely(!(d->options & XDP_PKT_CONTD)) && likely((p = end_frame(x, w))))
			good[n_good++] = p;
	}
	xsk_ring_cons__release(&x->xsk.rx, n);
	af_xdp_refill(x);
	if (unlikely(was_empty))
		count_losses(x, w);
	if (unlikely(!timer_is_set(&x->ask)))
		lcore_timer_in(w->lc, &x->ask, ASK_US);
	if (n_good)
		hostdev_input(q, w, good, n_good);
	return n;
}

/* --- transmit --- */

static bool lies_in_umem(const struct xdp_queue *x, const struct pkt *p)
{
	if (!arena_has(x->arena, p->data) || p->n_frags >= PIECES_MAX || (p->n_frags && !x->sg))
		return false;
	for (unsigned i = 0; i < p->n_frags; i++)
		if (!arena_has(x->arena, p->frags[i].buf->mem) || p->frags[i].len > ARENA_FRAME_SIZE)
			return false;
	return true;
}

/* A packet of frames with the same bytes, or NULL. */
static struct pkt *copy_in(struct xdp_queue *x, struct lcore *lc, const struct pkt *p)
{
	struct cursor c = pkt_cursor(p);
	struct pkt *to = NULL;
	for (uint32_t at = 0, n; at < p->len; at += n) {
		struct pkt *frame = pkt_shelf_take(x->shelf);
		n = MIN(p->len - at, (uint32_t)ARENA_FRAME_SIZE);
		if (!frame) {
			pkt_free(lc, to);
			return NULL;
		}
		cur_copy(&c, frame->buf->mem, n);
		if (!to)
			pkt_shelf_fill(x->shelf, to = frame, 0, n);
		else /* the longest frame has fewer pieces than the list has places */
			pkt_shelf_append(x->shelf, to, frame, 0, n);
	}
	return to;
}

static void put_piece(struct xdp_queue *x, uint32_t at, uint64_t slot, const uint8_t *bytes, uint32_t len,
		      bool more)
{
	*xsk_ring_prod__tx_desc(&x->xsk.tx, at) = (struct xdp_desc){
		.addr = (arena_addr(x->arena, bytes) - slot) | slot << XSK_UNALIGNED_BUF_OFFSET_SHIFT,
		.len = len,
		.options = more ? XDP_PKT_CONTD : 0,
	};
}

/* There is room for it. */
static void put_packet(struct xdp_queue *x, struct pkt *p)
{
	uint32_t at = 0, slot = x->free_slot, n = 1U + p->n_frags;
	x->free_slot = x->slot[slot].left;
	x->slot[slot] = (struct xdp_slot){ p, n };
	x->n_in_flight++;
	xsk_ring_prod__reserve(&x->xsk.tx, n, &at);
	put_piece(x, at, slot, p->data, p->head_len, p->n_frags);
	for (unsigned i = 0; i < p->n_frags; i++)
		put_piece(x, at + 1 + i, slot, p->frags[i].buf->mem + p->frags[i].off, p->frags[i].len,
			  i + 1U < p->n_frags);
	xsk_ring_prod__submit(&x->xsk.tx, n);
}

static void kick(struct xdp_queue *x);

static bool has_room(struct xdp_queue *x, struct lcore *lc, uint32_t n)
{
	if (likely(x->free_slot != NO_SLOT && xsk_prod_nb_free(&x->xsk.tx, n) >= n))
		return true;
	kick(x);
	reap(x, lc);
	return x->free_slot != NO_SLOT && xsk_prod_nb_free(&x->xsk.tx, n) >= n;
}

/* Consumes p unless there is a reason not to. */
static enum drop send_one(struct xdp_queue *x, struct lcore *lc, struct pkt *p)
{
	bool in_place = lies_in_umem(x, p);
	uint32_t n = in_place ? 1U + p->n_frags : (p->len + ARENA_FRAME_SIZE - 1) / ARENA_FRAME_SIZE;
	if (unlikely(p->head_len < ETH_HLEN))
		return DROP_TRUNCATED;
	if (unlikely(n > PIECES_MAX || (n > 1 && !x->sg)))
		return DROP_TOO_BIG_FOR_DEVICE;
	if (unlikely(!has_room(x, lc, n)))
		return DROP_TX_FULL;
	if (in_place) {
		put_packet(x, p);
		return DROP_NONE;
	}
	struct pkt *c = copy_in(x, lc, p);
	if (unlikely(!c))
		return DROP_NO_BUFFER;
	racy_add(x->q.stats.tx_copied, 1);
	put_packet(x, c);
	pkt_free(lc, p);
	return DROP_NONE;
}

/* A kernel that copies may stop in the middle, at its budget. */
static void kick(struct xdp_queue *x)
{
	uint32_t before, now;
	if (!xsk_tx_waits(&x->xsk) || !xsk_ring_prod__needs_wakeup(&x->xsk.tx))
		return;
	do {
		before = xsk_tx_taken(&x->xsk);
		racy_add(x->q.stats.tx_kicks, 1);
		sendto(x->q.fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
		now = xsk_tx_taken(&x->xsk);
	} while (now != before && xsk_tx_waits(&x->xsk));
}

bool af_xdp_sent_all(struct xdp_queue *x, struct lcore *lc)
{
	kick(x);
	reap(x, lc);
	return !x->n_in_flight;
}

/* What was sent is to come back without anybody asking, but not for ever: the device may be down. */
static void come_again(struct xdp_queue *x, struct lcore *lc)
{
	if (x->n_in_flight && x->retries <= RETRIES_MAX)
		lcore_timer_in(lc, &x->reap, xsk_tx_waits(&x->xsk) ? RETRY_US : REAP_US);
}

static void reap_later(struct lcore *lc, struct timer *t)
{
	struct xdp_queue *x = container_of(t, struct xdp_queue, reap);
	uint32_t before = x->n_in_flight;
	kick(x);
	reap(x, lc);
	x->retries = x->n_in_flight < before ? 0 : x->retries + 1;
	come_again(x, lc);
}

static void flush(struct turn_end *e, struct lcore *lc)
{
	struct xdp_queue *x = container_of(e, struct xdp_queue, flush);
	kick(x);
	reap(x, lc);
	x->retries = 0;
	come_again(x, lc);
}

void af_xdp_send(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct xdp_queue *x = xdp_queue_of(q);
	for (unsigned i = 0; i < n; i++) {
		enum drop why = send_one(x, w->lc, p[i]);
		if (unlikely(why))
			hostdev_drop_tx(q->dev, w, p[i], why);
	}
	lcore_at_turn_end(w->lc, &x->flush);
}

/* --- coming and going --- */

void af_xdp_init_queue(struct xdp_queue *x)
{
	x->free_slot = NO_SLOT;
	x->n_in_flight = x->n_slots;
	for (uint32_t i = x->n_slots; i--;)
		slot_free(x, i);
	x->flush.fn = flush;
	timer_init(&x->reap, reap_later);
	timer_init(&x->ask, ask_later);
}

static void take_frames_back(struct xdp_queue *x)
{
	struct pkt *p;
	for (uint64_t at = ARENA_START; (p = pkt_arena_at(x->arena, at)); at += 1 << ARENA_PITCH_SHIFT) {
		if (p->buf->user != x->user)
			continue;
		p->buf->user = 0;
		pkt_shelf_put(x->shelf, p);
	}
}

void af_xdp_take_back(struct xdp_queue *x, struct worker *w, enum drop why)
{
	for (uint32_t i = 0; i < x->n_slots; i++) {
		if (!x->slot[i].p)
			continue;
		pkt_free(w->lc, x->slot[i].p);
		slot_free(x, i);
		hostdev_lost_tx(x->q.dev, w, 1, why);
	}
	pkt_free(w->lc, x->partial);
	x->partial = NULL;
	take_frames_back(x);
}
