/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: UDP (RFC 768; over IPv6 RFC 8200, 8.1). udp4-input and udp6-input check length and checksum and find the
 * endpoint; without one the sender is told (RFC 1122, 4.1.3.1). A broadcast or a group's packet goes to every endpoint that
 * hears it, in copies, and nobody is told when there is none.
 *
 * Left out: a host's own copies of what it broadcasts, segmentation and collation (large datagrams of UDP_SEGMENT from a device are dropped by name), UDP-Lite. */
#include "l4/l4_internal.h"
#include "net/rx_split.h"
#include "pkt/csum.h"
#include "pkt/gso.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/udp.h"

enum udp_next { UDP_NEXT_DELIVER = 1, UDP_NEXT_ERROR };

/* --- in --- */

static enum drop check(struct worker *w, struct pkt *p, bool is6)
{
	uint32_t hdr_len = (uint32_t)(p->l4_off - p->headroom), have = p->len - hdr_len;
	enum drop why = pkt_pull_up(w->lc, p, hdr_len + (uint32_t)sizeof(struct udp_hdr));
	if (why)
		return why;
	if (pkt_is_gso(p))
		return DROP_GSO_UNSUPPORTED;
	const struct udp_hdr *h = pkt_l4(p);
	const struct ip4_hdr *h4 = pkt_l3(p);
	const struct ip6_hdr *h6 = pkt_l3(p);
	uint32_t len = be16_get(h->len);
	if (len < sizeof *h)
		return DROP_BAD_LENGTH;
	if (len > have)
		return DROP_TRUNCATED;
	if (be16_get(h->csum) == 0 && p->csum != PKT_CSUM_PARTIAL)
		return is6 ? DROP_L4_CSUM : DROP_NONE; /* RFC 8200, 8.1: over IPv6 it is not optional */
	uint32_t pseudo = is6 ? csum_pseudo6(&h6->src, &h6->dst, IPPROTO_UDP, len)
			      : csum_pseudo4(h4->src, h4->dst, IPPROTO_UDP, len);
	return pkt_csum_ok(p, pseudo, len) ? DROP_NONE : DROP_L4_CSUM;
}

/* Each but the last gets a copy, the last the packet itself. */
static uint8_t to_all(struct worker *w, struct pkt *p, const struct l4_tuple *t)
{
	struct l4_end *e = l4_find_next(w, t, NULL), *next;
	if (!e)
		return pkt_drop(p, DROP_IP_NOT_MEMBER);
	for (; (next = l4_find_next(w, t, e)); e = next) {
		struct pkt *c = l4_copy(w, l4_is4(&t->local) ? "udp4-input" : "udp6-input", p, p->len);
		if (c)
			node_send(w, l4_deliver_to(c, e, false, UDP_NEXT_DELIVER), c);
	}
	return l4_deliver_to(p, e, false, UDP_NEXT_DELIVER);
}

static uint8_t no_port(struct pkt *p, bool is6)
{
	if (is6)
		return ip_error(p, UDP_NEXT_ERROR, ICMP6_UNREACH, ICMP6_UNREACH_PORT, 0, DROP_UDP_NO_PORT);
	return ip_error(p, UDP_NEXT_ERROR, ICMP4_UNREACH, ICMP4_UNREACH_PORT, 0, DROP_UDP_NO_PORT);
}

static bool is_for_all(const struct pkt *p, const struct l4_tuple *t, bool is6)
{
	if (p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST))
		return true;
	be32 d4 = l4_v4(&t->local);
	return is6 ? ip6_is_multicast(&t->local) : ip4_is_multicast(d4) || be32_get(d4) == UINT32_MAX;
}

static inline uint8_t udp_one(struct worker *w, struct pkt *p, bool is6)
{
	struct l4_tuple t = { .proto = IPPROTO_UDP };
	enum drop why = check(w, p, is6);
	if (unlikely(why))
		return pkt_drop(p, why);
	const struct udp_hdr *h = pkt_l4(p);
	l4_tuple_of(w, p, is6, &t);
	t.lport = be16_get(h->dport);
	t.rport = be16_get(h->sport);
	if (unlikely(is_for_all(p, &t, is6)))
		return to_all(w, p, &t);
	struct l4_end *e = l4_find(w, &t);
	return likely(e) ? l4_deliver_to(p, e, false, UDP_NEXT_DELIVER) : no_port(p, is6);
}

static inline void udp_body(struct worker *w, struct pkt_vec *v, bool is6)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = udp_one(w, v->pkt[i], is6);
	}
	vec_dispatch(w, v, next);
}

static void udp4_input(struct worker *w, struct pkt_vec *v)
{
	udp_body(w, v, false);
}

static void udp6_input(struct worker *w, struct pkt_vec *v)
{
	udp_body(w, v, true);
}

/* --- to and from the endpoint --- */

static struct cursor udp_payload(const struct l4_end *e, const struct pkt *p, struct l4_addr *ret_from)
{
	const struct udp_hdr *h = pkt_l4(p);
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	cur_trim(&c, be16_get(h->len));
	cur_skip(&c, sizeof *h);
	ret_from->port = be16_get(h->sport);
	return c;
}

static ssize_t udp_send(struct l4_end *e, const struct l4_send *s)
{
	const struct l4_addr *to = s->to ? s->to : &e->peer;
	struct l4_path path;
	if (s->len > UINT16_MAX)
		return -EMSGSIZE;
	if (!s->to && !e->connected)
		return -EDESTADDRREQ;
	if (!to->port)
		return -EINVAL;
	int err = l4_path_find(e, to, s->with, &path);
	if (err)
		return err;
	const struct udp_hdr h = { .sport = be16_of(e->local.port),
				   .dport = be16_of(to->port),
				   .len = be16_of((uint16_t)(sizeof h + s->len)) };
	const struct l4_out o = { .hdr = &h,
				  .hdr_len = sizeof h,
				  .csum_off = offsetof(struct udp_hdr, csum),
				  .pseudo = true,
				  .buf = s->buf,
				  .len = s->len };
	err = l4_output(e, &path, &o);
	return err ? err : (ssize_t)s->len;
}

static const struct l4_ops udp_ops = {
	.name = "udp",
	.type = SOCK_DGRAM,
	.proto4 = IPPROTO_UDP,
	.proto6 = IPPROTO_UDP,
	.has_ports = true,
	.by_peer = true,
	.send = udp_send,
	.payload = udp_payload,
};

/* Where its payload begins, for devices that split. */
static uint32_t udp_split(struct cursor c)
{
	return sizeof(struct udp_hdr);
}
static const struct rx_split_rule udp_split_rule = { IPPROTO_UDP, 0, udp_split };

/* --- the module --- */

static int udp_init(struct leat_stack *st)
{
	int err = l4_ops_add(st, &udp_ops);
	if (!err)
		err = rx_split_add(st, &udp_split_rule);
	if (!err)
		err = ip4_proto_add(st, IPPROTO_UDP, "udp4-input");
	return err ? err : ip6_proto_add(st, IPPROTO_UDP, "udp6-input");
}

static void udp_unlink(struct leat_stack *st)
{
	ip4_proto_remove(st, IPPROTO_UDP);
	ip6_proto_remove(st, IPPROTO_UDP);
	rx_split_remove(st, &udp_split_rule);
	l4_ops_remove(st, &udp_ops);
}

static const struct node udp4_node = {
	.name = "udp4-input",
	.run = udp4_input,
	.next = { [UDP_NEXT_DELIVER] = "l4-deliver", [UDP_NEXT_ERROR] = "icmp4-error" },
};
static const struct node udp6_node = {
	.name = "udp6-input",
	.run = udp6_input,
	.next = { [UDP_NEXT_DELIVER] = "l4-deliver", [UDP_NEXT_ERROR] = "icmp6-error" },
};
static const struct node *const udp_nodes[] = { &udp4_node, &udp6_node, NULL };

const struct module udp_module = {
	.name = "udp",
	.id = MODULE_udp,
	.nodes = udp_nodes,
	.init = udp_init,
	.unlink = udp_unlink,
};
