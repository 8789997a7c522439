/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an echo client inside each stack of the simulation. Requests are made on the lcore of the stack's first worker
 * and go through ip4-output or ip6-output like everything a stack sends. Replies come to the nodes below, which registered for
 * the ICMP types; the identifier names the ping, whichever worker meets the reply. The payload is known, so a reply that
 * was changed under way and whose checksum holds all the same is noticed. Replies to others go on to ping sockets.
 *
 * The module is in the simulation's stacks alone. Errors that come back are not looked at: what has no reply is lost. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "graph/node.h"
#include "ip/ip.h"
#include "pkt/csum.h"
#include "sim/sim_internal.h"
#include "wire/csum.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/text.h"

enum reply_next { REPLY_NEXT_SOCKETS = 1 };
enum { PING_TTL = 64, PING_SIZE_MAX = 60000, PING_COUNT_MAX = 65536 };

static uint8_t payload_byte(const struct sim_ping *p, uint16_t seq, uint32_t i)
{
	return (uint8_t)(p->id * 31 + seq * 7 + i);
}

/* --- requests --- */

static bool add_payload(struct lcore *lc, struct pkt *q, const struct sim_ping *p, uint16_t seq)
{
	uint8_t b[256];
	for (uint32_t at = 0; at < p->conf.size; at += sizeof b) {
		uint32_t n = MIN((uint32_t)sizeof b, p->conf.size - at);
		for (uint32_t i = 0; i < n; i++)
			b[i] = payload_byte(p, seq, at + i);
		if (!pkt_append(lc, q, b, n))
			return false;
	}
	return true;
}

static bool add_headers4(struct worker *w, struct pkt *q, const struct sim_ping *p, uint16_t seq)
{
	struct {
		struct ip4_hdr ip;
		struct icmp4_hdr icmp;
	} h = { .ip = { .ver_ihl = 0x45,
			.ttl = PING_TTL,
			.proto = IP_PROTO_ICMP4,
			.src = p->from.v4,
			.dst = p->to.v4 } };
	struct icmp4_msg m = { .type = ICMP4_ECHO, .id = p->id, .seq = seq };
	icmp4_emit(&m, &h.icmp);
	q->l4_off = (uint16_t)(q->headroom + sizeof h.ip);
	return pkt_append(w->lc, q, &h, sizeof h);
}

static bool add_headers6(struct worker *w, struct pkt *q, const struct sim_ping *p, uint16_t seq)
{
	struct {
		struct ip6_hdr ip;
		struct icmp6_hdr icmp;
	} h = { .ip = { .ver_tc_flow = be32_of(6U << 28),
			.next = IP_PROTO_ICMP6,
			.hop_limit = PING_TTL,
			.src = p->from.v6,
			.dst = p->to.v6 } };
	struct icmp6_msg m = { .type = ICMP6_ECHO, .info = (uint32_t)p->id << 16 | seq };
	icmp6_emit(&m, &h.icmp);
	q->l4_off = (uint16_t)(q->headroom + sizeof h.ip);
	if (ip6_is_zero(&h.ip.src) && !ip6_source(w, q->out_if, &p->to.v6, &h.ip.src)) {
		q->drop = DROP_IP_NO_SOURCE;
		return false;
	}
	return pkt_append(w->lc, q, &h, sizeof h);
}

static void defer_csum(struct pkt *q, bool v6)
{
	const struct ip6_hdr *h = (const void *)q->data;
	uint32_t len = q->len - (uint32_t)sizeof *h;
	if (v6)
		pkt_csum_defer(q, csum_pseudo6(&h->src, &h->dst, IP_PROTO_ICMP6, len),
			       offsetof(struct icmp6_hdr, csum));
	else
		pkt_csum_defer(q, 0, offsetof(struct icmp4_hdr, csum));
}

/* False: it is to leave by an interface that is not there. */
static bool name_interface(struct worker *w, const struct sim_ping *p, struct pkt *q)
{
	const struct iface *out = *p->from_if ? iface_by_name(w->st, p->from_if) : NULL;
	q->out_if = out ? out->handle : 0;
	if (out || !*p->from_if)
		return true;
	q->drop = DROP_IF_GONE;
	return false;
}

/* `output`: the node it is for; what cannot be made is dropped in its name. */
static struct pkt *make_request(struct worker *w, const struct sim_ping *p, uint16_t seq, uint16_t output)
{
	struct pkt *q = pkt_new(w->lc);
	bool v6 = p->family == AF_INET6;
	if (!q)
		return NULL;
	q->l3_off = q->headroom;
	q->drop = DROP_NO_BUFFER;
	if (!name_interface(w, p, q) || !(v6 ? add_headers6(w, q, p, seq) : add_headers4(w, q, p, seq)) ||
	    !add_payload(w->lc, q, p, seq)) {
		graph_drop(w, output, q, (enum drop)q->drop);
		return NULL;
	}
	q->drop = DROP_NONE;
	defer_csum(q, v6);
	return q;
}

static void send_request(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct sim_ping *p = m->arg[1].p;
	uint16_t output = node_find(w->st, p->family == AF_INET6 ? "ip6-output" : "ip4-output");
	struct pkt *q = make_request(w, p, (uint16_t)m->arg[2].u, output);
	if (!q) {
		tally_refused(&p->tally, -EADDRNOTAVAIL);
		return;
	}
	graph_enqueue(w, output, q);
	graph_run(w);
	follow_flush(p->node->sim, p->node);
}

static void next_request(struct sim *s, struct sim_event *e)
{
	struct sim_ping *p = container_of(e, struct sim_ping, next);
	uint32_t seq = tally_sent(&p->tally);
	if (p->node->st) {
		struct worker *w = p->node->st->worker[0];
		const struct msg m = { .fn = send_request, .arg = { { .p = w }, { .p = p }, { .u = seq } } };
		if (!lcore_post(s->rt->ctl, w->lc, &m))
			abort();
	} else { /* its program would be gone; ours goes on and counts */
		tally_refused(&p->tally, -ENETDOWN);
	}
	if (p->tally.stats.sent < p->conf.count)
		sim_at(s, e, sim_now_us(s) + p->conf.interval_us);
}

/* --- replies --- */

static bool payload_holds(const struct sim_ping *p, uint16_t seq, struct cursor c)
{
	const uint8_t *run;
	uint32_t n, at = 0;
	if (cur_left(&c) != p->conf.size)
		return false;
	while ((run = cur_run(&c, &n)))
		for (uint32_t i = 0; i < n; i++)
			if (run[i] != payload_byte(p, seq, at++))
				return false;
	return true;
}

/* False: it answers nothing that was sent here. */
static bool take_reply(struct worker *w, uint8_t family, uint16_t id, uint16_t seq, struct cursor body)
{
	struct sim_node *n = w->st->user;
	struct sim_ping *p = id && id <= n->sim->n_pings ? n->sim->ping[id - 1] : NULL;
	if (!p || p->node != n || p->family != family || !tally_knows(&p->tally, seq))
		return false;
	tally_came(&p->tally, seq, payload_holds(p, seq, body));
	return true;
}

static void reply4(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		struct icmp4_msg m;
		bool ours = !icmp4_parse(pkt_cursor_at(v->pkt[i], v->pkt[i]->l4_off), &m) &&
			    take_reply(w, AF_INET, m.id, m.seq, m.body);
		next[i] = ours ? pkt_drop(v->pkt[i], DROP_ICMP_DONE) : REPLY_NEXT_SOCKETS;
	}
	vec_dispatch(w, v, next);
}

static void reply6(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		struct icmp6_msg m;
		bool ours = !icmp6_parse(pkt_cursor_at(v->pkt[i], v->pkt[i]->l4_off), &m) &&
			    take_reply(w, AF_INET6, icmp6_echo_id(&m), icmp6_echo_seq(&m), m.body);
		next[i] = ours ? pkt_drop(v->pkt[i], DROP_ICMP_DONE) : REPLY_NEXT_SOCKETS;
	}
	vec_dispatch(w, v, next);
}

/* --- pings --- */

/* An address of the same family, or the name of an interface. */
static int read_from(const char *from, struct sim_ping *p)
{
	bool v6 = p->family == AF_INET6;
	struct ipaddr other;
	if (!from || (v6 ? ip6_from_text(from, &p->from.v6) : ip4_from_text(from, &p->from.v4)))
		return 0;
	if ((v6 ? ip4_from_text(from, &other.v4) : ip6_from_text(from, &other.v6)) ||
	    strlen(from) >= IFACE_NAME_MAX)
		return -EINVAL;
	snprintf(p->from_if, sizeof p->from_if, "%s", from);
	return 0;
}

static int check(const struct sim_ping_conf *c, struct sim_ping *p)
{
	if (ip6_from_text(c->to, &p->to.v6))
		p->family = AF_INET6;
	else if (ip4_from_text(c->to, &p->to.v4))
		p->family = AF_INET;
	else
		return -EINVAL;
	if (!c->count || c->count > PING_COUNT_MAX || c->size > PING_SIZE_MAX)
		return -EINVAL;
	return read_from(c->from, p);
}

static int add_to(struct sim *s, struct sim_ping *p)
{
	if (s->n_pings == SIM_PINGS_MAX)
		return -ENOSPC;
	struct sim_ping **more = realloc(s->ping, (s->n_pings + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	s->ping = more;
	s->ping[s->n_pings++] = p;
	p->id = (uint16_t)s->n_pings;
	return 0;
}

void ping_free(struct sim_ping *p)
{
	if (p)
		tally_done(&p->tally);
	free(p);
}

int sim_ping(struct sim_node *n, const struct sim_ping_conf *c, struct sim_ping **ret)
{
	struct sim_ping *p = calloc(1, sizeof *p);
	int err = p ? check(c, p) : -ENOMEM;
	if (!err)
		err = tally_init(&p->tally, n->sim, c->count);
	if (!err)
		err = add_to(n->sim, p);
	if (err) {
		ping_free(p);
		return err;
	}
	p->node = n;
	p->conf = *c;
	p->conf.to = p->conf.from = NULL; /* the caller's */
	p->next.fn = next_request;
	sim_at(n->sim, &p->next, sim_now_us(n->sim));
	if (ret)
		*ret = p;
	return 0;
}

void sim_ping_stats(const struct sim_ping *p, struct sim_ping_stats *ret)
{
	*ret = p->tally.stats;
}

bool sim_ping_sending(const struct sim_ping *p)
{
	return p->next.place;
}

/* --- the module --- */

static int ping_init(struct leat_stack *st)
{
	int err = icmp4_type_add(st, ICMP4_ECHO_REPLY, "sim-reply4");
	if (err)
		return err;
	err = icmp6_type_add(st, ICMP6_ECHO_REPLY, "sim-reply6");
	if (err)
		icmp4_type_remove(st, ICMP4_ECHO_REPLY, "sim-reply4");
	return err;
}

static void ping_unlink(struct leat_stack *st)
{
	icmp6_type_remove(st, ICMP6_ECHO_REPLY, "sim-reply6");
	icmp4_type_remove(st, ICMP4_ECHO_REPLY, "sim-reply4");
}

static const struct node reply4_node = {
	.name = "sim-reply4",
	.run = reply4,
	.next = { [REPLY_NEXT_SOCKETS] = "ping4-input" },
};
static const struct node reply6_node = {
	.name = "sim-reply6",
	.run = reply6,
	.next = { [REPLY_NEXT_SOCKETS] = "ping6-input" },
};
static const struct node *const ping_nodes[] = { &reply4_node, &reply6_node, NULL };

const struct module sim_module = {
	.name = "sim",
	.id = MODULE_SIM,
	.nodes = ping_nodes,
	.init = ping_init,
	.unlink = ping_unlink,
};
