/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a vector is cut into runs of packets that leave by the same interface, and each run is handed to its
 * driver in one call. Whatever a packet leaves to the device and the device cannot do is done here: large packets become
 * segments, partial checksums are finished, scatter lists are brought together (Linux: the same at validate_xmit_skb()).
 * What is then too long for the link, or has lost its link, goes by name.
 *
 * A run longer than a vector, because packets were split, takes a further call. The order of packets stays. */
#include "net/iface_output.h"

#include <linux/if_ether.h>
#include <stdio.h>

#include "graph/capture.h"
#include "net/iface.h"
#include "pkt/csum.h"
#include "pkt/gso.h"

enum { VLAN_TAG_LEN = 4 };

/* A run on its way to the driver, while some of it needs work first. */
struct burst {
	struct worker *w;
	struct iface *ifc;
	uint32_t features, frame_max;
	unsigned n;
	struct pkt *pkt[PKT_VEC_MAX];
};

static void transmit(const struct burst *b, struct pkt *const *p, unsigned n)
{
	struct iface_worker_stats *s = iface_stats_of(b->ifc, b->w);
	uint64_t bytes = 0;
	for (unsigned i = 0; i < n; i++)
		bytes += p[i]->len;
	racy_add(s->tx_packets, n);
	racy_add(s->tx_bytes, bytes);
	if (unlikely(capture_is_on(b->w)))
		capture_frames(b->w, CAPTURE_OUT, b->ifc->handle, p, n);
	b->ifc->ops->xmit(b->ifc, b->w, p, n);
}

static void burst_flush(struct burst *b)
{
	if (b->n)
		transmit(b, b->pkt, b->n);
	b->n = 0;
}

static inline uint8_t burst_put(struct burst *b, struct pkt *p)
{
	if (unlikely(b->n == PKT_VEC_MAX))
		burst_flush(b);
	b->pkt[b->n++] = p;
	return NODE_KEPT;
}

static cold_fn uint8_t refuse(struct burst *b, struct pkt *p, enum drop why)
{
	racy_add(iface_stats_of(b->ifc, b->w)->tx_dropped, 1);
	return pkt_drop(p, why);
}

static bool is_too_long(const struct burst *b, const struct pkt *p)
{
	if (likely(p->len <= b->frame_max))
		return false;
	const uint8_t *h = p->data;
	bool tagged = p->head_len >= ETH_HLEN && h[12] == ETH_P_8021Q >> 8 && h[13] == (ETH_P_8021Q & 0xff);
	return !tagged ||
	       p->len > b->frame_max + VLAN_TAG_LEN; /* Linux: a tag does not count against the MTU */
}

/* What the device must be able to do to get the packet as it is. Linux: it splits only what it can also sum and gather. */
static uint32_t needs(const struct pkt *p)
{
	static const uint32_t of_gso[PKT_GSO_TYPE_MASK + 1] = {
		[PKT_GSO_TCP4] = IFACE_TX_TSO4 | IFACE_TX_CSUM | IFACE_TX_SG,
		[PKT_GSO_TCP6] = IFACE_TX_TSO6 | IFACE_TX_CSUM | IFACE_TX_SG,
		[PKT_GSO_UDP_L4] = IFACE_TX_USO | IFACE_TX_CSUM | IFACE_TX_SG,
	};
	return of_gso[p->gso & PKT_GSO_TYPE_MASK] | (p->csum == PKT_CSUM_PARTIAL ? IFACE_TX_CSUM : 0) |
	       (p->n_frags ? IFACE_TX_SG : 0);
}

/* One frame that is not segmentable. */
static uint8_t output_frame(struct burst *b, struct pkt *p)
{
	if (unlikely(is_too_long(b, p)))
		return refuse(b, p, DROP_TOO_BIG_FOR_DEVICE);
	uint32_t missing = needs(p) & ~b->features;
	if (missing & IFACE_TX_SG && !pkt_linearise(b->w->lc, p))
		return refuse(b, p, DROP_TOO_BIG_FOR_DEVICE);
	enum drop why = missing & IFACE_TX_CSUM ? pkt_csum_finish(p) : DROP_NONE;
	return unlikely(why) ? refuse(b, p, why) : burst_put(b, p);
}

/* As somebody set it (`ip link set ... gso_max_size`). */
static bool is_too_large(const struct iface *i, const struct pkt *p)
{
	return p->len > racy_get(i->gso_max_size) + ETH_HLEN || p->gso_segs > racy_get(i->gso_max_segs);
}

static uint8_t output_large(struct burst *b, struct pkt *p)
{
	struct pkt_queue q;
	if (!(needs(p) & ~b->features) && likely(!is_too_large(b->ifc, p))) {
		if (pkt_gso_l3_len(p) + ETH_HLEN > b->frame_max)
			return refuse(b, p, DROP_TOO_BIG_FOR_DEVICE);
		return burst_put(b, p);
	}
	pkt_queue_init(&q);
	enum drop why = pkt_gso_split(b->w->lc, p, &q);
	if (why)
		return refuse(b, p, why);
	for (struct pkt *s; (s = pkt_queue_pop(&q));)
		if (output_frame(b, s) == NEXT_DROP)
			node_send(b->w, NEXT_DROP, s);
	return NODE_KEPT;
}

/* Any device takes it as it is. */
static inline bool is_plain(const struct burst *b, const struct pkt *p)
{
	return !pkt_is_gso(p) && p->csum != PKT_CSUM_PARTIAL && !p->n_frags && p->len <= b->frame_max;
}

static uint8_t output_one(struct burst *b, struct pkt *p)
{
	if (likely(is_plain(b, p)))
		return burst_put(b, p);
	return pkt_is_gso(p) ? output_large(b, p) : output_frame(b, p);
}

static bool are_plain(const struct burst *b, struct pkt *const *p, unsigned n)
{
	unsigned i = 0;
	while (i < n && likely(is_plain(b, p[i])))
		i++;
	return i == n;
}

static void drop_run(struct pkt *const *p, unsigned n, uint8_t *next, enum drop why)
{
	for (unsigned i = 0; i < n; i++)
		next[i] = pkt_drop(p[i], why);
}

static void output_run(struct burst *b, struct pkt *const *p, unsigned n, uint8_t *next)
{
	b->ifc = iface_get(b->w, p[0]->out_if);
	if (unlikely(!b->ifc)) {
		drop_run(p, n, next, DROP_IF_GONE);
		return;
	}
	if (unlikely(!iface_is_up(b->ifc))) {
		racy_add(iface_stats_of(b->ifc, b->w)->tx_dropped, n);
		drop_run(p, n, next, DROP_IF_DOWN);
		return;
	}
	b->features = racy_get(b->ifc->features);
	b->frame_max = racy_get(b->ifc->mtu) + ETH_HLEN;
	if (likely(are_plain(b, p, n))) {
		memset(next, NODE_KEPT, n);
		transmit(b, p, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		next[i] = output_one(b, p[i]);
	burst_flush(b);
}

static void iface_output(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct burst b;
	b.w = w;
	b.n = 0;
	for (unsigned i = 0, j; i < v->n; i = j) {
		for (j = i + 1; j < v->n && v->pkt[j]->out_if == v->pkt[i]->out_if;)
			j++;
		output_run(&b, &v->pkt[i], j - i, next + i);
	}
	vec_dispatch(w, v, next);
}

static void iface_output_print(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	const struct iface *i = iface_get(w, p->out_if);
	snprintf(to, len, "ifindex %u", i ? i->ifindex : 0);
}

const struct node iface_output_node = {
	.name = "iface-output",
	.run = iface_output,
	.print = iface_output_print,
};
