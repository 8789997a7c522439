/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a driver hands in frames on the lcore that received them. They are counted, offered to the trace, and
 * go to eth-input: at once in a stack of one worker, else by way of the node iface-input, which hashes their flows and
 * sends those of other workers' buckets across, one batch per worker. What has no flow (ARP, neighbour discovery, no IP)
 * stays. iface-input is also where a stack without an eth module drops what arrives. */
#include <linux/if_ether.h>
#include <stdio.h>

#include "graph/capture.h"
#include "graph/trace.h"
#include "net/flow.h"
#include "net/iface_internal.h"

enum iface_input_next { IFACE_INPUT_NEXT_DROP, IFACE_INPUT_NEXT_ETH };

static uint32_t frame_hash(const struct worker *w, const struct pkt *p)
{
	struct cursor c = pkt_cursor(p);
	uint8_t tmp[ETH_HLEN];
	const uint8_t *eth = cur_take(&c, tmp, sizeof tmp);
	return eth ? flow_hash(&w->st->flow_toeplitz, (uint16_t)(eth[12] << 8 | eth[13]), c) : 0;
}

/* Takes what is for worker `to` out of the vector in one batch. */
static void send_across(struct worker *w, struct pkt_vec *v, const uint8_t *owner, unsigned to)
{
	struct pkt *batch[PKT_VEC_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++)
		if (owner[i] == to)
			batch[n++] = v->pkt[i];
	graph_hand_over(w, to, graph_edge(w->st, v->node, IFACE_INPUT_NEXT_ETH), batch, n);
}

static void iface_input_run(struct worker *w, struct pkt_vec *v)
{
	uint8_t owner[PKT_VEC_MAX], next[PKT_VEC_MAX];
	uint32_t others = 0;
	if (w->st->n_workers == 1) {
		vec_dispatch_all(w, v, IFACE_INPUT_NEXT_ETH);
		return;
	}
	for (unsigned i = 0; i < v->n; i++) {
		struct pkt *p = v->pkt[i];
		pkt_prefetch(v, i + 4);
		p->hash = frame_hash(w, p);
		owner[i] = (uint8_t)(p->hash ? bucket_worker(w, p->hash) : w->index);
		next[i] = owner[i] == w->index ? IFACE_INPUT_NEXT_ETH : NODE_KEPT;
		others |= 1u << owner[i];
	}
	for (unsigned to = 0; to < w->st->n_workers; to++)
		if (to != w->index && others >> to & 1)
			send_across(w, v, owner, to);
	vec_dispatch(w, v, next);
}

static void iface_input_print(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	const struct iface *i = iface_get(w, p->in_if);
	snprintf(to, len, "ifindex %u hash %08x", i ? i->ifindex : 0, p->hash);
}

const struct node iface_input_node = {
	.name = "iface-input",
	.run = iface_input_run,
	.next = { [IFACE_INPUT_NEXT_ETH] = "eth-input" },
	.print = iface_input_print,
};

/* --- what drivers call --- */

static void mark_trace(struct worker *w, struct pkt *const *p, unsigned n)
{
	struct pkt_vec v;
	for (unsigned i = 0; i < n; i += v.n) {
		v.n = (uint16_t)MIN(n - i, (unsigned)PKT_VEC_MAX);
		memcpy(v.pkt, p + i, v.n * sizeof *p);
		trace_mark_slow(w, &v);
	}
}

static void refuse_all(struct worker *w, struct iface *i, uint16_t node, struct pkt *const *p, unsigned n)
{
	racy_add(iface_stats_of(i, w)->rx_dropped, n);
	for (unsigned k = 0; k < n; k++)
		p[k]->in_if = i->handle;
	if (trace_is_on(w))
		mark_trace(w, p, n);
	for (unsigned k = 0; k < n; k++)
		graph_drop(w, node, p[k], DROP_IF_DOWN);
}

void iface_input(struct worker *w, struct iface *i, struct pkt *const *p, unsigned n)
{
	uint16_t self = iface_state(w->st)->input_node;
	uint16_t eth = w->st->n_workers == 1 ? graph_edge(w->st, self, IFACE_INPUT_NEXT_ETH) : 0;
	struct iface_worker_stats *stats = iface_stats_of(i, w);
	uint64_t bytes = 0;
	if (unlikely(!(racy_get(i->flags) & IFF_UP))) {
		refuse_all(w, i, self, p, n);
		return;
	}
	for (unsigned k = 0; k < n; k++) {
		p[k]->in_if = i->handle;
		p[k]->edge.eth_input.frame_len = p[k]->len;
		bytes += p[k]->len;
	}
	racy_add(stats->rx_packets, n);
	racy_add(stats->rx_bytes, bytes);
	if (unlikely(trace_is_on(w)))
		mark_trace(w, p, n);
	if (unlikely(capture_is_on(w)))
		capture_frames(w, CAPTURE_IN, i->handle, p, n);
	graph_enqueue_bulk(w, eth ? eth : self, p, n);
	graph_run(w);
}
