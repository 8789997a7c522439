/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: l4-error4 and l4-error6 take ICMP errors about what this stack sent. The start of that packet is quoted
 * in the error and names the endpoint. The error travels to it like a datagram; at its home it becomes the endpoint's error and,
 * when asked for (IP_RECVERR), stays in a queue of its own until somebody reads it. A path MTU becomes an exception from the route
 * (ip/pmtu.h), for the whole stack; what cannot be true of it ends here, by name.
 *
 * Which errors count follows Linux: a connected endpoint hears of hard ones, one with IP_RECVERR of all, others of none (RFC
 * 1122, 4.1.3.3 would have all be told). An error's sender is believed only as far as what it quotes names an endpoint of ours
 * (RFC 5927 says how far that goes). */
#include "ip/pmtu.h"
#include "ip/redirect.h"
#include "l4/l4_internal.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/icmp_ext.h"
#include "wire/udp.h"

enum { ERROR_NEXT_DELIVER = 1 };

/* --- what they mean --- */

struct meaning {
	int16_t err;
	bool hard;
};

/* By code of "unreachable". Linux: icmp_err_convert[]. */
static const struct meaning unreach4[] = {
	{ ENETUNREACH, false },  { EHOSTUNREACH, false }, { ENOPROTOOPT, true },  { ECONNREFUSED, true },
	{ EMSGSIZE, false },     { EOPNOTSUPP, false },   { ENETUNREACH, true },  { EHOSTDOWN, true },
	{ ENONET, true },        { ENETUNREACH, true },   { EHOSTUNREACH, true }, { ENETUNREACH, false },
	{ EHOSTUNREACH, false }, { EHOSTUNREACH, true },  { EHOSTUNREACH, true }, { EHOSTUNREACH, true },
};
/* Linux: tab_unreach[] of icmpv6_err_convert(). */
static const struct meaning unreach6[] = {
	{ ENETUNREACH, false }, { EACCES, true }, { EHOSTUNREACH, false }, { EHOSTUNREACH, false },
	{ ECONNREFUSED, true }, { EACCES, true }, { EACCES, true },
};

static struct meaning meaning4(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP4_UNREACH:
		return code < ARRAY_SIZE(unreach4) ? unreach4[code] : (struct meaning){ EHOSTUNREACH, false };
	case ICMP4_TIME_EXCEEDED:
		return (struct meaning){ EHOSTUNREACH, false };
	case ICMP4_PARAM_PROBLEM:
		return (struct meaning){ EPROTO, true };
	default:
		return (struct meaning){ 0, false };
	}
}

static struct meaning meaning6(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP6_UNREACH:
		return code < ARRAY_SIZE(unreach6) ? unreach6[code] : (struct meaning){ EPROTO, false };
	case ICMP6_TOO_BIG:
		return (struct meaning){ EMSGSIZE, false };
	case ICMP6_TIME_EXCEEDED:
		return (struct meaning){ EHOSTUNREACH, false };
	case ICMP6_PARAM_PROBLEM:
		return (struct meaning){ EPROTO, true };
	default: /* RFC 4443, 2.4(a): of a type that is not known yet */
		return (struct meaning){ EPROTO, false };
	}
}

/* --- what they are about --- */

/* The cursor stands at the quoted transport header and is left where the payload begins. */
static void take_ports(struct l4_error *r, struct cursor *c)
{
	struct udp_hdr udp;
	struct icmp4_hdr icmp; /* ICMPv6's is alike, as far as the identifier */
	struct cursor look = *c;
	if ((r->proto == IPPROTO_UDP || r->proto == IPPROTO_UDPLITE) && cur_copy(&look, &udp, sizeof udp)) {
		r->src.port = be16_get(udp.sport);
		r->dst.port = be16_get(udp.dport);
		*c = look;
	} else if ((r->proto == IPPROTO_ICMP || r->proto == IPPROTO_ICMPV6) &&
		   cur_copy(&look, &icmp, sizeof icmp)) {
		r->src.port = be16_get(icmp.id);
	}
	r->payload = *c;
}

static bool parse_quote4(struct l4_error *r, struct cursor c)
{
	struct ip4_hdr h;
	r->l3 = c;
	if (!cur_copy(&c, &h, sizeof h) || ip4_hdr_len(&h) < sizeof h ||
	    !cur_skip(&c, ip4_hdr_len(&h) - (uint32_t)sizeof h))
		return false;
	r->proto = h.proto;
	r->src.a = l4_of4(h.src);
	r->dst.a = l4_of4(h.dst);
	if (be16_get(h.frag) & IP4_FRAG_OFF_MASK)
		return false; /* no transport header to go by */
	r->l4 = c;
	take_ports(r, &c);
	return true;
}

static bool parse_quote6(struct l4_error *r, struct cursor c)
{
	struct ip6_hdr h;
	struct ip6_chain ch;
	struct cursor look = c;
	if (!cur_copy(&look, &h, sizeof h))
		return false;
	r->l3 = c;
	ip6_walk(c, IP6_WALK_ROUTER, &ch);
	if ((ch.fragment && ch.frag_off) || !cur_skip(&c, ch.l4_off))
		return false;
	r->proto = ch.proto;
	r->src.a = h.src;
	r->dst.a = h.dst;
	r->l4 = c;
	take_ports(r, &c);
	return true;
}

static bool parse4(const struct pkt *p, struct l4_error *r)
{
	struct icmp4_msg m;
	if (icmp4_parse(pkt_cursor_at(p, p->l4_off), &m))
		return false;
	struct meaning mean = meaning4(m.type, m.code);
	bool frag_needed = m.type == ICMP4_UNREACH && m.code == ICMP4_UNREACH_FRAG_NEEDED;
	*r = (struct l4_error){
		.err = mean.err, .hard = mean.hard, .type = m.type, .code = m.code, .family = AF_INET
	};
	r->info = frag_needed ? icmp4_info(&m) & 0xffff : 0;
	r->quoted = icmp4_ext_quoted(m.type, icmp4_info(&m));
	if (m.type == ICMP4_PARAM_PROBLEM)
		r->info = icmp4_info(&m) >> 24;
	r->from.a = l4_of4(((const struct ip4_hdr *)pkt_l3(p))->src);
	return (r->err || m.type == ICMP4_REDIRECT) && parse_quote4(r, m.body);
}

static bool parse6(const struct pkt *p, struct l4_error *r)
{
	struct icmp6_msg m;
	if (icmp6_parse(pkt_cursor_at(p, p->l4_off), &m))
		return false;
	struct meaning mean = meaning6(m.type, m.code);
	*r = (struct l4_error){
		.err = mean.err, .hard = mean.hard, .type = m.type, .code = m.code, .family = AF_INET6
	};
	r->quoted = icmp6_ext_quoted(m.type, m.info);
	r->info = m.type == ICMP6_TOO_BIG || m.type == ICMP6_PARAM_PROBLEM ? m.info : 0;
	r->from.a = ((const struct ip6_hdr *)pkt_l3(p))->src;
	return r->err && parse_quote6(r, m.body);
}

/* What this host found itself waits in the queue in this form, told from packets by its first byte. */
struct local_error {
	uint8_t version; /* of IP: none */
	uint8_t family;
	uint16_t port;
	uint32_t mtu;
	struct ip6 dst;
};

static bool parse_local(const struct pkt *p, struct l4_error *r)
{
	struct local_error le;
	memcpy(&le, p->data, sizeof le);
	*r = (struct l4_error){ .err = EMSGSIZE, .local = true, .family = le.family, .info = le.mtu };
	r->dst = (struct l4_addr){ .a = le.dst, .port = le.port };
	r->from.a = l4_any(le.family);
	return true;
}

bool l4_error_parse(const struct pkt *p, struct l4_error *ret)
{
	const uint8_t *version = pkt_l3(p);
	if (!*version)
		return parse_local(p, ret);
	return *version >> 4 == 6 ? parse6(p, ret) : parse4(p, ret);
}

/* --- in --- */

static void to_raw(struct worker *w, struct pkt *p, const struct l4_tuple *t, uint8_t family)
{
	for (struct l4_end *e = NULL; (e = l4_raw_next(w, t, family, e));) {
		struct pkt *c = l4_copy(w, family == AF_INET6 ? "l4-error6" : "l4-error4", p, p->len);
		if (c)
			node_send(w, l4_deliver_to(c, e, true, ERROR_NEXT_DELIVER), c);
	}
}

/* A raw socket has no ports for a stranger to guess: it must have written there. */
static bool has_sent(const struct l4_end *e, const struct l4_error *r)
{
	if (e->ops->type != SOCK_RAW)
		return true;
	return e->connected ? ip6_eq(&e->peer.a, &r->dst.a) : e->more && ip6_eq(&e->more->last_to, &r->dst.a);
}

/* A redirect is no error: sockets do not hear of it, but have to vouch for what it quotes. */
static enum drop redirected(struct worker *w, struct pkt *p, struct l4_tuple *t, const struct l4_error *r)
{
	const struct l4_end *e = NULL;
	while ((e = l4_raw_next(w, t, AF_INET, e)) && !has_sent(e, r)) {}
	t->lport = r->src.port;
	t->rport = r->dst.port;
	if (!e)
		e = l4_find(w, t);
	if (!e)
		return DROP_SOCK_ERROR_NOBODY;
	const struct fib_query q = l4_query(e, &r->src, &r->dst);
	return redirect4_heard(w, p, &q);
}

static uint8_t error_one(struct worker *w, struct pkt *p)
{
	struct l4_error r;
	if (!l4_error_parse(p, &r))
		return pkt_drop(p, DROP_SOCK_ERROR_NOBODY);
	enum drop why = r.err == EMSGSIZE ? pmtu_check(w->st, r.family, r.l3, r.info) : DROP_NONE;
	if (why)
		return pkt_drop(p, why);
	if (r.err == EMSGSIZE && r.family == AF_INET6 && r.proto == IPPROTO_ICMPV6 && pmtu_answer_heard(w, p))
		return pkt_drop(p, DROP_ICMP_DONE);
	struct l4_tuple t = { .proto = r.proto, .in_if = p->in_if, .local = r.src.a, .remote = r.dst.a };
	const struct iface *in = iface_get(w, p->in_if);
	if (in &&
	    racy_get(in->flags) &
		    IFF_LOOPBACK) /* from this host, about what left or would have left by another one */
		t.in_if = L4_ANY_IF;
	if (in && in->l3_table) /* likewise */
		t.in_if = L4_ANY_IF;
	t.vrf = l3_handle_of(w, p->in_if);
	if (!r.err)
		return pkt_drop(p, redirected(w, p, &t, &r));
	if (l4_stack(w->st)->n_raw)
		to_raw(w, p, &t, r.family);
	t.lport = r.src.port;
	t.rport = r.dst.port;
	if (l4_stack(w->st)->errors.proto == r.proto && r.proto)
		return r.family == AF_INET6 ? l4_stack(w->st)->errors.edge6 : l4_stack(w->st)->errors.edge4;
	struct l4_end *e = l4_find(w, &t);
	return e ? l4_deliver_to(p, e, true, ERROR_NEXT_DELIVER) : pkt_drop(p, DROP_SOCK_ERROR_NOBODY);
}

static void l4_error_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = error_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node l4_error4_node = {
	.name = "l4-error4",
	.run = l4_error_input,
	.next = { [ERROR_NEXT_DELIVER] = "l4-deliver" },
};
const struct node l4_error6_node = {
	.name = "l4-error6",
	.run = l4_error_input,
	.next = { [ERROR_NEXT_DELIVER] = "l4-deliver" },
};

int l4_error_add(struct leat_stack *st, uint8_t proto, const char *node4, const char *node6)
{
	struct l4_stack *s = l4_stack(st);
	if (!s)
		return 0;
	s->errors.node4 = node4;
	s->errors.node6 = node6;
	s->errors.edge4 = node_edge_add(st, l4_error4_node.name, node4);
	s->errors.edge6 = node_edge_add(st, l4_error6_node.name, node6);
	if (!s->errors.edge4 || !s->errors.edge6)
		return -ENOBUFS;
	s->errors.proto = proto;
	return 0;
}

void l4_error_remove(struct leat_stack *st, uint8_t proto)
{
	struct l4_stack *s = l4_stack(st);
	if (!s || s->errors.proto != proto)
		return;
	s->errors.proto = 0;
	node_edge_remove(st, l4_error4_node.name, s->errors.node4);
	node_edge_remove(st, l4_error6_node.name, s->errors.node6);
}

/* --- at home --- */

/* Linux: INTERFACE and OMIT let nobody learn from them (ip_sk_accept_pmtu()). False: the socket does not want to know. */
static bool learn_mtu(struct l4_end *e, struct l4_error *r, const struct pkt *p)
{
	bool is6 = r->family == AF_INET6;
	uint8_t disc = is6 ? e->opt->pmtudisc6 : e->opt->pmtudisc4;
	if (is6 && ip6_is_link_local(&r->dst.a))
		r->dst.if_handle = p->in_if;
	const struct fib_query q = l4_query(e, &r->src, &r->dst);
	if (disc < IP_PMTUDISC_INTERFACE && has_sent(e, r))
		pmtu_heard(e->home, &q, r->info);
	r->hard = e->ops->type != SOCK_RAW || !is6 || disc == IPV6_PMTUDISC_DO; /* Linux */
	return disc != IP_PMTUDISC_DONT;
}

static uint8_t enqueue(struct l4_end *e, struct pkt *p)
{
	struct l4_more *m = l4_more(e);
	if (!m)
		return pkt_drop(p, DROP_NO_MEMORY);
	if (m->err_bytes > e->opt->rcvbuf)
		return pkt_drop(p, DROP_SOCK_RCVBUF);
	m->err_bytes += l4_truesize(p);
	l4_park(e, p, 0);
	pkt_queue_push(&m->err, p);
	l4_tell(e);
	return NODE_KEPT;
}

void l4_error_too_long(struct l4_end *e, const struct l4_path *path, uint32_t mtu)
{
	/* Linux: over IPv4 the port is the peer's, whoever was written to. */
	const struct local_error le = { .family = path->is6 ? AF_INET6 : AF_INET,
					.port = path->is6 ? path->dport : e->peer.port,
					.mtu = mtu,
					.dst = path->dst };
	struct lcore *lc = e->home->lc;
	struct pkt *p = (path->is6 ? e->opt->recverr6 : e->opt->recverr4) ? pkt_new(lc) : NULL;
	if (!p)
		return;
	p->l3_off = p->l4_off = p->headroom;
	if (!pkt_append(lc, p, &le, sizeof le) || enqueue(e, p) != NODE_KEPT)
		pkt_free(lc, p);
}

uint8_t l4_error_arrive(struct l4_end *e, struct pkt *p)
{
	struct l4_error r;
	if (!l4_error_parse(p, &r))
		return pkt_drop(p, DROP_SOCK_ERROR_NOBODY);
	if (r.err == EMSGSIZE && !learn_mtu(e, &r, p))
		return pkt_drop(p, DROP_SOCK_ERROR_DONE);
	bool queued = r.family == AF_INET6 ? e->opt->recverr6 : e->opt->recverr4;
	if (!queued && !(r.hard && e->connected))
		return pkt_drop(p, DROP_SOCK_ERROR_DONE);
	e->error = r.err;
	l4_tell(e);
	return queued ? enqueue(e, p) : pkt_drop(p, DROP_SOCK_ERROR_DONE);
}
