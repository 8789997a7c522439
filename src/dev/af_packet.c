/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_PACKET: frames of an existing interface, through rings that the kernel and leat both see.
 *
 * Theory of operation: two layouts of the receive ring. In version 3 (ring=3) the kernel packs frames of all sizes one behind
 * the other into blocks and hands over a block when it is full or a millisecond, the least it knows, after its first frame: a
 * burst of small frames takes no more memory than it is long, and a lone frame waits. In version 2 (ring=2, the default) each
 * frame has a slot of its own, handed over at once: a ping through leat takes 0.15 ms with it, 1.6 ms with version 3 (measured).
 * With the virtio-net header (vnet=1) a frame may be a 64 KiB segment, so slots are that long; what a small frame does not touch
 * costs no cache. Without it, slots are as long as the MTU. Transmit slots are the same in both versions but for where their
 * words stand.
 *
 * Receive: copy the frame into a packet's head and pages, give the slot or block back. Handing out the ring's memory itself
 * would save the copy of large frames, but whoever kept such a packet for long would stop the ring, which the kernel fills
 * strictly in order.
 * Transmit: copy into the next slot; one sendto() at the end of the turn passes on all of them, past the qdisc
 * (PACKET_QDISC_BYPASS), which is also what lets them past the filter that makes the interface mute. A frame that the
 * device has no room for stays in its slot, and the call is made again a little later; after RETRIES_MAX times without
 * progress what waits is given up: drops named tx-full, or tx-error when the device is gone, at iface-output.
 *
 * Threads: several queues are several sockets in one fanout group, among which the kernel spreads frames. Each has a home
 * lcore; hostdev.c brings the frames of others there. */
#include "dev/af_packet.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "dev/vnet.h"
#include "net/rx_split.h"

enum { RX_BATCH = 64, RETRY_US = 100, RETRIES_MAX = 64, VLAN_TAG = 4, ADDRESSES = 2 * ETH_ALEN };

/* --- receive --- */

/* What both versions say of a frame. */
struct received {
	const uint8_t *at; /* the Ethernet header; a virtio-net header may stand before it */
	uint32_t status, len, snaplen;
	uint16_t vlan_tci, vlan_proto;
};

/* Bytes in front of a payload that is to start a page; 0: there is none. */
static uint32_t split_at(const struct packet_queue *a, const struct received *f)
{
	uint32_t at = rx_split_at(a->q.dev->st, f->at, f->snaplen);
	return f->snaplen - at >= a->split ? at : 0;
}

static struct received received_v2(const struct packet_ring *r, const struct tpacket2_hdr *h)
{
	return (struct received){ .at = (const uint8_t *)h + h->tp_mac,
				  .status = slot_status(r, h),
				  .len = h->tp_len,
				  .snaplen = h->tp_snaplen,
				  .vlan_tci = h->tp_vlan_tci,
				  .vlan_proto = h->tp_vlan_tpid };
}

static struct received received_v3(const struct tpacket3_hdr *h)
{
	return (struct received){ .at = (const uint8_t *)h + h->tp_mac,
				  .status = h->tp_status,
				  .len = h->tp_len,
				  .snaplen = h->tp_snaplen,
				  .vlan_tci = (uint16_t)h->hv1.tp_vlan_tci,
				  .vlan_proto = h->hv1.tp_vlan_tpid };
}

static enum drop take_offload(bool vnet, const struct received *f, struct pkt *p)
{
	struct virtio_net_hdr v;
	if (likely(vnet)) {
		memcpy(&v, f->at - sizeof v, sizeof v);
		return vnet_parse(&v, p);
	}
	if (f->status & TP_STATUS_CSUMNOTREADY)
		return vnet_guess_partial(p);
	p->csum = f->status & TP_STATUS_CSUM_VALID ? PKT_CSUM_UNNECESSARY : PKT_CSUM_NONE;
	return DROP_NONE;
}

static enum drop take_frame(const struct packet_queue *a, struct lcore *lc, const struct received *f,
			    struct pkt *p)
{
	uint32_t at = unlikely(a->split) ? split_at(a, f) : 0;
	if (!pkt_append_split(lc, p, f->at, f->snaplen, at))
		return DROP_NO_BUFFER;
	if (f->snaplen < f->len || p->head_len < ETH_HLEN)
		return DROP_TRUNCATED; /* longer than a slot */
	if (f->status & TP_STATUS_VLAN_VALID) {
		p->vlan_tci = f->vlan_tci;
		p->vlan_proto = f->status & TP_STATUS_VLAN_TPID_VALID ? f->vlan_proto : ETH_P_8021Q;
	}
	return take_offload(a->vnet, f, p);
}

/* The kernel found no free slot. Reading its count also resets it. */
static void count_losses(struct packet_queue *a, struct worker *w)
{
	struct tpacket_stats_v3 s;
	socklen_t len = sizeof s;
	if (!getsockopt(a->q.fd, SOL_PACKET, PACKET_STATISTICS, &s, &len))
		hostdev_lost_rx(a->q.dev, w, s.tp_drops, DROP_RX_FULL);
}

/* The next frame that waits, if any. */
static bool peek(struct packet_rings *r, struct received *ret)
{
	if (r->version == 3) {
		const struct tpacket3_hdr *h = blocks_peek(&r->blocks);
		if (!h)
			return false;
		*ret = received_v3(h);
		__builtin_prefetch((const uint8_t *)h + h->tp_next_offset);
		return true;
	}
	const void *h = ring_slot(&r->rx, r->rx.at);
	if (!(slot_status(&r->rx, h) & TP_STATUS_USER))
		return false;
	*ret = received_v2(&r->rx, h);
	__builtin_prefetch(ring_slot(&r->rx, ring_next(&r->rx, r->rx.at)));
	return true;
}

static void next(struct packet_rings *r)
{
	if (r->version == 3) {
		blocks_next(&r->blocks);
		return;
	}
	slot_set_status(&r->rx, ring_slot(&r->rx, r->rx.at), TP_STATUS_KERNEL);
	r->rx.at = ring_next(&r->rx, r->rx.at);
}

unsigned af_packet_receive(struct hostdev_queue *q, struct worker *w)
{
	struct packet_queue *a = packet_queue_of(q);
	struct pkt *p, *good[RX_BATCH];
	struct received f;
	unsigned n = 0, n_good = 0;
	bool losing = false;
	for (; n < RX_BATCH && peek(&a->ring, &f); n++) {
		if (unlikely(!(p = pkt_new(w->lc))))
			break; /* for what finds no buffer, the ring is the queue */
		enum drop why = take_frame(a, w->lc, &f, p);
		losing |= f.status & TP_STATUS_LOSING;
		next(&a->ring);
		if (unlikely(why))
			hostdev_drop_rx(q->dev, w, p, why);
		else
			good[n_good++] = p;
	}
	if (unlikely(losing))
		count_losses(a, w);
	if (n_good)
		hostdev_input(q, w, good, n_good);
	return n;
}

/* --- transmit --- */

static uint8_t *put(uint8_t *to, const void *from, uint32_t len)
{
	memcpy(to, from, len);
	return to + len;
}

/* Writes header, tag and bytes; returns how many. */
static uint32_t fill(const struct packet_queue *a, void *slot, const struct pkt *p)
{
	uint8_t *start = (uint8_t *)slot + a->ring.tx.frame_at, *to = start;
	const uint8_t *rest = p->data;
	unsigned tag = p->vlan_proto ? VLAN_TAG : 0;
	if (a->vnet) {
		struct virtio_net_hdr v;
		vnet_emit(p, tag, &v);
		to = put(to, &v, sizeof v);
	}
	if (tag) { /* between the addresses and the EtherType */
		const be16 words[2] = { be16_of(p->vlan_proto), be16_of(p->vlan_tci) };
		to = put(to, rest, ADDRESSES);
		to = put(to, words, sizeof words);
		rest += ADDRESSES;
	}
	to = put(to, rest, p->head_len - (uint32_t)(rest - p->data));
	for (unsigned i = 0; i < p->n_frags; i++)
		to = put(to, p->frags[i].buf->mem + p->frags[i].off, p->frags[i].len);
	return (uint32_t)(to - start);
}

static bool waits(const struct packet_ring *r, uint32_t i)
{
	return slot_status(r, ring_slot(r, i)) == TP_STATUS_SEND_REQUEST;
}

/* Takes back what the kernel has not taken, so that it starts anew at r->at. */
void af_packet_give_up(struct packet_queue *a, struct worker *w, enum drop why)
{
	struct packet_ring *r = &a->ring.tx;
	uint32_t n = 0;
	while (n < r->n && waits(r, ring_before(r, r->at))) {
		r->at = ring_before(r, r->at);
		slot_set_status(r, ring_slot(r, r->at), TP_STATUS_AVAILABLE);
		n++;
	}
	hostdev_lost_tx(a->q.dev, w, n, why);
	a->retries = 0;
}

/* One system call for all slots that wait. */
static void kick(struct packet_queue *a, struct worker *w)
{
	struct packet_ring *r = &a->ring.tx;
	ssize_t sent = sendto(a->q.fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	int err = sent < 0 ? errno : 0;
	racy_add(a->q.stats.tx_kicks, 1);
	if (!waits(r, ring_before(r, r->at))) {
		a->retries = 0;
		return;
	}
	a->retries = sent > 0 ? 0 : a->retries + 1;
	if (err == ENETDOWN || err == ENXIO || err == ENODEV)
		af_packet_give_up(a, w, DROP_TX_ERROR); /* of the carrier, netlink tells */
	else if (a->retries > RETRIES_MAX)
		af_packet_give_up(a, w, DROP_TX_FULL);
	else
		lcore_timer_in(w->lc, &a->retry, RETRY_US);
}

static void flush(struct turn_end *e, struct lcore *lc)
{
	struct packet_queue *a = container_of(e, struct packet_queue, flush);
	kick(a, hostdev_worker(&a->q));
}

static void retry(struct lcore *lc, struct timer *t)
{
	struct packet_queue *a = container_of(t, struct packet_queue, retry);
	kick(a, hostdev_worker(&a->q));
}

void af_packet_init_queue(struct packet_queue *a)
{
	a->flush.fn = flush;
	timer_init(&a->retry, retry);
}

void af_packet_resume(struct packet_queue *a)
{
	struct lcore *lc = hostdev_worker(&a->q)->lc;
	if (waits(&a->ring.tx, ring_before(&a->ring.tx, a->ring.tx.at)))
		lcore_timer_in(lc, &a->retry, 0);
}

static void *free_slot(struct packet_queue *a, struct worker *w)
{
	struct packet_ring *r = &a->ring.tx;
	void *slot = ring_slot(r, r->at);
	if (likely(slot_status(r, slot) == TP_STATUS_AVAILABLE))
		return slot;
	if (slot_status(r, slot) == TP_STATUS_SEND_REQUEST)
		kick(a, w);
	/* PACKET_LOSS makes the kernel pass over what it finds malformed, so no other state stays. */
	return slot_status(r, slot) == TP_STATUS_AVAILABLE ? slot : NULL;
}

static enum drop send_one(struct packet_queue *a, struct worker *w, const struct pkt *p)
{
	struct packet_ring *r = &a->ring.tx;
	if (unlikely(p->len > a->frame_max))
		return DROP_TOO_BIG_FOR_DEVICE;
	if (unlikely(p->head_len < ETH_HLEN))
		return DROP_TRUNCATED;
	void *slot = free_slot(a, w);
	if (unlikely(!slot))
		return DROP_TX_FULL;
	slot_set_len(r, slot, fill(a, slot, p));
	slot_set_status(r, slot, TP_STATUS_SEND_REQUEST);
	r->at = ring_next(r, r->at);
	return DROP_NONE;
}

void af_packet_send(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct packet_queue *a = packet_queue_of(q);
	struct pkt *sent[PKT_VEC_MAX];
	unsigned n_sent = 0;
	for (unsigned i = 0; i < n; i++) {
		enum drop why = send_one(a, w, p[i]);
		if (unlikely(why))
			hostdev_drop_tx(q->dev, w, p[i], why);
		else
			sent[n_sent++] = p[i];
	}
	pkt_free_bulk(w->lc, sent, n_sent);
	lcore_at_turn_end(w->lc, &a->flush);
}
