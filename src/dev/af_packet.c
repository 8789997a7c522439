/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_PACKET: frames of an existing interface, through rings that the kernel and leat both see.
 *
 * Theory of operation: TPACKET_V2, both directions. V3 packs frames of all sizes densely, but hands them over by the
 * block, when it is full or after a timeout of a millisecond at least: a ping would wait for that. In V2 each frame
 * has a slot, and a slot is handed over at once. With the virtio-net header (vnet=1) a frame may be a 64 KiB segment, so
 * slots are that long; what a small frame does not touch costs no cache. Without it, slots are as long as the MTU.
 *
 * Receive: poll the next slot's status word, copy the frame into a packet's head and pages, give the slot back. Handing
 * out the slot itself would save the copy of large frames, but whoever kept such a packet for long would stop the ring,
 * which the kernel fills strictly in order.
 * Transmit: copy into the next slot; one sendto() at the end of the turn passes on all of them, past the qdisc
 * (PACKET_QDISC_BYPASS), which is also what lets them past the filter that makes the interface mute. A frame that the
 * device has no room for stays in its slot, and the call is made again a little later; after RETRIES_MAX times without
 * progress what waits is given up: drops named tx-full, or tx-error when the device is gone, at iface-output.
 *
 * Threads: one queue, one home lcore; hostdev.c brings the frames of others there. */
#include "dev/af_packet.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "dev/vnet.h"

enum { RX_BATCH = 64, RETRY_US = 100, RETRIES_MAX = 64, VLAN_TAG = 4, ADDRESSES = 2 * ETH_ALEN };

static struct af_packet *packet_of(struct hostdev *d)
{
	return container_of(d, struct af_packet, dev);
}

/* --- receive --- */

/* How many slots are ready from r->at on, up to max. */
static unsigned ready_slots(const struct packet_ring *r, unsigned max)
{
	unsigned n = 0;
	for (uint32_t i = r->at; n < max && slot_status(ring_slot(r, i)) & TP_STATUS_USER;
	     i = ring_next(r, i))
		n++;
	return n;
}

/* The frame's bytes: the head first, the rest into pages. False without buffers. */
static bool copy_in(struct lcore *lc, struct pkt *p, const uint8_t *from, uint32_t len)
{
	uint32_t n = MIN(len, (uint32_t)(BUF_HEAD_SIZE - BUF_HEADROOM));
	memcpy(p->data, from, n);
	p->len = p->head_len = n;
	for (uint32_t at = n; at < len; at += n) {
		struct buf *b = buf_page_new(lc);
		n = MIN(len - at, (uint32_t)BUF_PAGE_SIZE);
		if (!b)
			return false;
		memcpy(b->mem, from + at, n);
		if (!pkt_add_frag(lc, p, b, 0, n)) {
			buf_put(lc, b);
			return false;
		}
	}
	return true;
}

static enum drop take_offload(const struct af_packet *a, const struct tpacket2_hdr *h, uint32_t status,
			      struct pkt *p)
{
	struct virtio_net_hdr v;
	if (likely(a->vnet)) {
		memcpy(&v, (const uint8_t *)h + h->tp_mac - sizeof v, sizeof v);
		return vnet_parse(&v, p);
	}
	if (status & TP_STATUS_CSUMNOTREADY)
		return vnet_guess_partial(p);
	p->csum = status & TP_STATUS_CSUM_VALID ? PKT_CSUM_UNNECESSARY : PKT_CSUM_NONE;
	return DROP_NONE;
}

static enum drop take_frame(const struct af_packet *a, struct lcore *lc, const struct tpacket2_hdr *h,
			    struct pkt *p)
{
	uint32_t status = slot_status(h);
	if (!copy_in(lc, p, (const uint8_t *)h + h->tp_mac, h->tp_snaplen))
		return DROP_NO_BUFFER;
	if (h->tp_snaplen < h->tp_len || p->head_len < ETH_HLEN)
		return DROP_TRUNCATED; /* longer than a slot */
	if (status & TP_STATUS_VLAN_VALID) {
		p->vlan_tci = h->tp_vlan_tci;
		p->vlan_proto = status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid : ETH_P_8021Q;
	}
	return take_offload(a, h, status, p);
}

/* The kernel found no free slot. Reading its count also resets it. */
static void count_losses(struct af_packet *a, struct worker *w)
{
	struct tpacket_stats s;
	socklen_t len = sizeof s;
	if (getsockopt(a->dev.fd, SOL_PACKET, PACKET_STATISTICS, &s, &len))
		return;
	racy_add(iface_stats_of(a->dev.ifc, w)->rx_dropped, s.tp_drops);
	graph_count_lost(w, a->dev.node, s.tp_drops, DROP_RX_FULL);
}

unsigned af_packet_receive(struct hostdev *d, struct worker *w)
{
	struct af_packet *a = packet_of(d);
	struct packet_ring *r = &a->ring.rx;
	struct pkt *fresh[RX_BATCH], *good[RX_BATCH];
	unsigned ready = ready_slots(r, RX_BATCH), n_good = 0;
	bool losing = false;
	if (likely(!ready))
		return 0;
	unsigned n = pkt_new_bulk(w->lc, fresh, ready); /* for what finds no buffer, the ring is the queue */
	for (unsigned i = 0; i < n; i++) {
		struct tpacket2_hdr *h = ring_slot(r, r->at);
		__builtin_prefetch(ring_slot(r, ring_next(r, r->at)));
		enum drop why = take_frame(a, w->lc, h, fresh[i]);
		losing |= slot_status(h) & TP_STATUS_LOSING;
		slot_set_status(h, TP_STATUS_KERNEL);
		r->at = ring_next(r, r->at);
		if (unlikely(why))
			hostdev_drop_rx(d, w, fresh[i], why);
		else
			good[n_good++] = fresh[i];
	}
	if (unlikely(losing))
		count_losses(a, w);
	if (n_good)
		iface_input(w, d->ifc, good, n_good);
	return ready;
}

/* --- transmit --- */

static uint8_t *put(uint8_t *to, const void *from, uint32_t len)
{
	memcpy(to, from, len);
	return to + len;
}

/* Writes header, tag and bytes; returns how many. */
static uint32_t fill(const struct af_packet *a, struct tpacket2_hdr *h, const struct pkt *p)
{
	uint8_t *start = (uint8_t *)h + RING_TX_FRAME_AT, *to = start;
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
	return slot_status(ring_slot(r, i)) == TP_STATUS_SEND_REQUEST;
}

/* Takes back what the kernel has not taken, so that it starts anew at r->at. */
void af_packet_give_up(struct af_packet *a, struct worker *w, enum drop why)
{
	struct packet_ring *r = &a->ring.tx;
	uint32_t n = 0;
	while (n < r->n && waits(r, ring_before(r, r->at))) {
		r->at = ring_before(r, r->at);
		slot_set_status(ring_slot(r, r->at), TP_STATUS_AVAILABLE);
		n++;
	}
	hostdev_lost_tx(&a->dev, w, n, why);
	a->retries = 0;
}

/* One system call for all slots that wait. */
static void kick(struct af_packet *a, struct worker *w)
{
	struct packet_ring *r = &a->ring.tx;
	ssize_t sent = sendto(a->dev.fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	int err = sent < 0 ? errno : 0;
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
	struct af_packet *a = container_of(e, struct af_packet, flush);
	kick(a, hostdev_worker(&a->dev));
}

static void retry(struct lcore *lc, struct timer *t)
{
	struct af_packet *a = container_of(t, struct af_packet, retry);
	kick(a, hostdev_worker(&a->dev));
}

void af_packet_init_queue(struct af_packet *a)
{
	a->dev.send = af_packet_send;
	a->dev.receive = af_packet_receive;
	a->flush.fn = flush;
	timer_init(&a->retry, retry);
}

static struct tpacket2_hdr *free_slot(struct af_packet *a, struct worker *w)
{
	struct packet_ring *r = &a->ring.tx;
	struct tpacket2_hdr *h = ring_slot(r, r->at);
	if (likely(slot_status(h) == TP_STATUS_AVAILABLE))
		return h;
	if (slot_status(h) == TP_STATUS_SEND_REQUEST)
		kick(a, w);
	/* PACKET_LOSS makes the kernel pass over what it finds malformed, so no other state stays. */
	return slot_status(h) == TP_STATUS_AVAILABLE ? h : NULL;
}

static enum drop send_one(struct af_packet *a, struct worker *w, const struct pkt *p)
{
	struct packet_ring *r = &a->ring.tx;
	if (unlikely(p->len > a->frame_max))
		return DROP_TOO_BIG_FOR_DEVICE;
	if (unlikely(p->head_len < ETH_HLEN))
		return DROP_TRUNCATED;
	struct tpacket2_hdr *h = free_slot(a, w);
	if (unlikely(!h))
		return DROP_TX_FULL;
	h->tp_len = fill(a, h, p);
	slot_set_status(h, TP_STATUS_SEND_REQUEST);
	r->at = ring_next(r, r->at);
	return DROP_NONE;
}

void af_packet_send(struct hostdev *d, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct af_packet *a = packet_of(d);
	struct pkt *sent[PKT_VEC_MAX];
	unsigned n_sent = 0;
	for (unsigned i = 0; i < n; i++) {
		enum drop why = send_one(a, w, p[i]);
		if (unlikely(why))
			hostdev_drop_tx(d, w, p[i], why);
		else
			sent[n_sent++] = p[i];
	}
	pkt_free_bulk(w->lc, sent, n_sent);
	lcore_at_turn_end(w->lc, &a->flush);
}
