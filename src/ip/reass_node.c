/* SPDX-License-Identifier: BSD-2-Clause */
/* The module reass. Fragments for this stack come from ip4-route and ip6-route; what is whole goes on to local-in, as if it had
 * come so. Those of others are forwarded untouched and never seen here. */
#include <linux/if_ether.h>

#include "core/knob.h"
#include "graph/hook.h"
#include "ip/ip_internal.h"
#include "ip/ip_route.h"
#include "ip/reass_internal.h"
#include "net/flow.h"

static void deliver(struct worker *w, uint16_t node, struct pkt *whole, uint32_t in_if, unsigned hook)
{
	const struct iface *in = iface_get(w, in_if);
	uint8_t next = in ? racy_get(in->hooks.edge[hook]) : IP_ROUTE_LOCAL;
	unsigned owner = w->index;
	struct ip_counts *c = ip_counts(w, whole->ethertype == ETH_P_IP ? AF_INET : AF_INET6);
	if (c)
		racy_add(c->reass_ok, 1);
	whole->in_if = in_if;
	whole->csum = PKT_CSUM_NONE;
	whole->edge.ip_route.nh = NULL; /* looked up for another turn */
	whole->edge.ip_route.exc = NULL;
	if (w->st->n_workers > 1) {
		whole->hash = flow_hash(&w->st->flow_toeplitz, whole->ethertype, pkt_cursor(whole));
		owner = bucket_worker(w, whole->hash);
	}
	if (owner == w->index)
		node_send(w, next, whole);
	else
		graph_hand_over(w, owner, graph_edge(w->st, node, next), &whole, 1);
}

uint8_t reass_take(struct worker *w, uint16_t node, const struct reass_family *fam,
		   const struct reass_conf *conf, struct reass_table **t, const struct reass_key *k,
		   const struct reass_piece *piece, struct pkt *p)
{
	uint32_t in_if = p->in_if; /* of the last one to come, as on Linux */
	struct pkt *whole;
	uint8_t ecn;
	enum drop why = reass_add(w, fam, conf, t, k, piece, p, &whole, &ecn);
	if (why)
		return pkt_drop(p, why);
	if (whole && (why = fam->finish(whole, ecn)))
		graph_drop(w, node, whole, why);
	else if (whole)
		deliver(w, node, whole, in_if, fam->hook);
	return NODE_KEPT;
}

static void drop_worker(struct worker *w, enum drop why)
{
	const struct reass_worker *rw = reass_worker(w);
	reass_drop_all(rw->t4, why);
	reass_drop_all(rw->t6, why);
}

static void reass_drain(struct leat_stack *st)
{
	for (unsigned i = 0; i < st->n_workers; i++)
		drop_worker(st->worker[i], DROP_SHUTDOWN);
}

static void reass_worker_free(struct worker *w)
{
	reass_free(reass_worker(w)->t4);
	reass_free(reass_worker(w)->t6);
}

/* Half a datagram is not worth keeping: the other half is on its way to the process that was. */
static int reass_save(struct leat_stack *st, struct saver *s)
{
	for (unsigned i = 0; i < st->n_workers; i++)
		drop_worker(st->worker[i], DROP_SAVED);
	return 0;
}

/* Timeouts: 30 s as Linux has it, RFC 8200, 4.5. The age has no name of its own for IPv6 on Linux, which does not know it there. */
static const struct knob reass_knobs[] = {
	KNOB("net.ipv4.ipfrag_high_thresh", struct reass_stack, c4.bytes_max, 4 << 20, 0, INT32_MAX,
	     .unit = "bytes", .help = "memory for fragments that wait for the rest of their datagrams"),
	KNOB("net.ipv4.ipfrag_time", struct reass_stack, c4.timeout_s, 30, 1, 3600, .unit = "s",
	     .help = "how long a datagram's fragments wait for the rest"),
	KNOB("net.ipv4.ipfrag_max_dist", struct reass_stack, c4.age_max, 64, 0, INT32_MAX,
	     .help = "datagrams that a sender may begin while fragments of one wait; 0: any number"),
	KNOB("net.ipv6.ip6frag_high_thresh", struct reass_stack, c6.bytes_max, 4 << 20, 0, INT32_MAX,
	     .unit = "bytes", .help = "memory for fragments that wait for the rest of their datagrams"),
	KNOB("net.ipv6.ip6frag_time", struct reass_stack, c6.timeout_s, 60, 1, 3600, .unit = "s",
	     .help = "how long a datagram's fragments wait for the rest"),
	KNOB("net.ipv6.ip6frag_max_dist", struct reass_stack, c6.age_max, 64, 0, INT32_MAX,
	     .help = "datagrams that a sender may begin while fragments of one wait; 0: any number"),
	{ 0 },
};

static const struct node *const reass_nodes[] = { &ip4_reass_node, &ip6_reass_node, NULL };

const struct module reass_module = {
	.name = "reass",
	.id = MODULE_reass,
	.nodes = reass_nodes,
	.knobs = reass_knobs,
	.stack_size = sizeof(struct reass_stack),
	.worker_size = sizeof(struct reass_worker),
	.drain = reass_drain,
	.worker_free = reass_worker_free,
	.save = reass_save,
};
