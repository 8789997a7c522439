/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: icmp6-input takes ICMPv6 for this stack: validate, then act by type, here or at the node that registered
 * for the type (neighbour discovery, sockets, later MLD). An echo request becomes its reply where it lies, whatever its pieces.
 *
 * icmp6-error is fed by edges from any node that refuses a packet (edge.icmp_error says which error, and what the packet is
 * dropped as). It decides by RFC 4443, 2.4(e) whether the sender may be told, makes the error with as much of the packet as
 * the minimum MTU holds, and drops the packet.
 *
 * Left out: node information queries. */
#include <sys/socket.h>

#include "ip/icmp_limit.h"
#include "ip/ip6_internal.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/frame.h"

enum icmp6_input_next { ICMP6_INPUT_OUTPUT = 1 };
enum icmp6_error_next { ICMP6_ERROR_OUTPUT = 1 };

struct icmp6_stack {
	struct icmp_types types;
};
struct icmp6_worker {
	struct icmp_limit limit;
};

static struct icmp6_stack *icmp6_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_icmp6);
}

static bool is_local(const struct worker *w, uint32_t in_if, const struct ip6 *a)
{
	struct ipaddr ip = { .v6 = *a };
	if (ip6_is_link_local(a))
		return addr_find_on(w, in_if, AF_INET6, &ip) || addr_find(w, AF_INET6, &ip);
	const struct fib_nh *nh = fib6_lookup(w, a);
	return nh && nh->type == RTN_LOCAL;
}

/* Where an answer to `peer` goes: an address that means nothing without its link is on the one the packet came by. */
static uint32_t answer_if(const struct pkt *p, const struct ip6 *peer)
{
	uint32_t link = p->flags & PKT_F_LOCAL_OUT ? p->out_if : p->in_if;
	return ip6_is_link_local(peer) ? link : 0;
}

/* --- in --- */

typedef uint8_t icmp6_act_fn(struct worker *w, struct pkt *p, const struct icmp6_msg *m);

/* A header without extensions in front of the message, whose place does not change. */
static void put_reply_header(const struct worker *w, struct pkt *p, const struct ip6 *src,
			     const struct ip6 *dst)
{
	uint32_t ver_tc = be32_get(((const struct ip6_hdr *)pkt_l3(p))->ver_tc_flow) & 0xfff00000;
	struct ip6_hdr h = icmp6_ip_hdr(src, dst, ip6_hops(w, answer_if(p, dst), dst));
	h.ver_tc_flow = be32_of(ver_tc);
	pkt_pull(p, (unsigned)(p->l4_off - p->headroom) - sizeof h);
	p->l3_off = p->headroom;
	memcpy(p->data, &h, sizeof h);
}

/* RFC 4443, 4.2: from the address that was asked, or, for a group, from one of ours. */
static uint8_t act_echo(struct worker *w, struct pkt *p, const struct icmp6_msg *m)
{
	const struct ip6_hdr *ip = pkt_l3(p);
	struct icmp6_hdr *h = pkt_l4(p);
	struct ip6 src = ip->dst, dst = ip->src;
	uint32_t out_if = answer_if(p, &dst), l4_len = p->len - (uint32_t)(p->l4_off - p->headroom);
	bool to_group = ip6_is_multicast(&src), partial = p->csum == PKT_CSUM_PARTIAL;
	if (ip6_is_zero(&dst))
		return pkt_drop(p, DROP_IP_MARTIAN_SOURCE);
	if (to_group && !ip6_source(w, out_if, &dst, &src))
		return pkt_drop(p, DROP_IP_NO_SOURCE);
	h->type = ICMP6_ECHO_REPLY;
	if (!partial) /* swapped addresses do not change the sum */
		h->csum = be16_of(csum_update16(be16_get(h->csum), ICMP6_ECHO << 8 | h->code,
						ICMP6_ECHO_REPLY << 8 | h->code));
	put_reply_header(w, p, &src, &dst);
	pkt_reset_meta(p);
	p->out_if = out_if;
	p->csum = partial ? PKT_CSUM_PARTIAL : PKT_CSUM_NONE;
	if (to_group)
		pkt_csum_defer(p, csum_pseudo6(&src, &dst, IP_PROTO_ICMP6, l4_len),
			       offsetof(struct icmp6_hdr, csum));
	return ICMP6_INPUT_OUTPUT;
}

/* Errors about what we sent, in a stack without transports. */
static uint8_t act_error(struct worker *w, struct pkt *p, const struct icmp6_msg *m)
{
	return pkt_drop(p, DROP_ICMP_DONE);
}

/* clang-format off */
static const struct icmp6_kind {
	const char *name;
	icmp6_act_fn *act;
	uint8_t max_code;
	uint8_t min_body;
} icmp6_kinds[256] = {
	/*                         name                 act        max_code  min_body */
	[ICMP6_UNREACH]       = { "unreachable",       act_error, 255,      40 },	/* RFC 4443, 3.1 */
	[ICMP6_TOO_BIG]       = { "packet too big",    act_error, 255,      40 },	/* RFC 4443, 3.2: any code */
	[ICMP6_TIME_EXCEEDED] = { "time exceeded",     act_error, 255,      40 },	/* RFC 4443, 3.3 */
	[ICMP6_PARAM_PROBLEM] = { "parameter problem", act_error, 255,      40 },	/* RFC 4443, 3.4 */
	[ICMP6_ECHO]          = { "echo",              act_echo,  255,       0 },	/* RFC 4443, 4.1; Linux: any code */
};
/* clang-format on */

static uint8_t icmp6_one(struct worker *w, struct pkt *p)
{
	struct icmp6_msg m;
	uint32_t hdr_len = p->l4_off - p->headroom;
	enum drop why = pkt_pull_up(w->lc, p, hdr_len + sizeof(struct icmp6_hdr));
	if (why)
		return pkt_drop(p, why);
	const struct ip6_hdr *ip = pkt_l3(p);
	if (!pkt_csum_ok(p, csum_pseudo6(&ip->src, &ip->dst, IP_PROTO_ICMP6, p->len - hdr_len),
			 p->len - hdr_len))
		return pkt_drop(p, DROP_L4_CSUM);
	why = icmp6_parse(pkt_cursor_at(p, p->l4_off), &m);
	if (why)
		return pkt_drop(p, why);
	uint8_t edge = icmp6_stack(w->st)->types.edge[m.type];
	if (edge)
		return edge;
	const struct icmp6_kind *k = &icmp6_kinds[m.type];
	if (!k->act || m.code > k->max_code)
		return pkt_drop(p, DROP_ICMP_UNKNOWN);
	if (cur_left(&m.body) < k->min_body)
		return pkt_drop(p, DROP_TRUNCATED);
	return k->act(w, p, &m);
}

static void icmp6_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = icmp6_one(w, v->pkt[i]);
	}
	vec_dispatch(w, v, next);
}

int icmp6_type_add(struct leat_stack *st, uint8_t type, const char *node)
{
	struct icmp6_stack *s = icmp6_stack(st);
	return s ? icmp_type_add(st, &s->types, "icmp6-input", type, node) : 0;
}

void icmp6_type_remove(struct leat_stack *st, uint8_t type, const char *node)
{
	struct icmp6_stack *s = icmp6_stack(st);
	if (s)
		icmp_type_remove(st, &s->types, "icmp6-input", type, node);
}

/* --- out --- */

static bool quote(struct lcore *lc, struct pkt *e, const struct pkt *cause)
{
	struct cursor c = pkt_cursor(cause);
	uint32_t n;
	cur_trim(&c,
		 MIN(c.left, (uint32_t)(IP6_MIN_MTU - sizeof(struct ip6_hdr) - sizeof(struct icmp6_hdr))));
	for (const uint8_t *run; (run = cur_run(&c, &n));)
		if (!pkt_append(lc, e, run, n))
			return false;
	return true;
}

struct pkt *icmp6_new(struct lcore *lc, const struct ip6_hdr *ip, const void *msg, uint32_t len)
{
	struct pkt *p = pkt_new(lc);
	if (!p)
		return NULL;
	if (!pkt_append(lc, p, ip, sizeof *ip) || !pkt_append(lc, p, msg, len)) {
		pkt_free(lc, p);
		return NULL;
	}
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + sizeof *ip);
	p->ethertype = ETH_P_IPV6;
	return p;
}

/* Ineligible as cause: an error or a redirect, or ICMPv6 of which one cannot tell. */
static bool is_icmp_error(const struct pkt *p)
{
	struct ip6_chain ch;
	uint8_t tmp;
	struct cursor c = pkt_cursor(p);
	ip6_walk(c, IP6_WALK_ROUTER, &ch);
	if (ch.proto != IP_PROTO_ICMP6)
		return false;
	if ((ch.fragment && ch.frag_off) || !cur_skip(&c, ch.l4_off))
		return true;
	const uint8_t *type = cur_take(&c, &tmp, sizeof tmp);
	return !type || icmp6_is_error(*type) || *type == ICMP6_REDIRECT;
}

static bool came_by_loopback(const struct worker *w, const struct pkt *p)
{
	const struct iface *in = iface_get(w, p->in_if);
	return in && racy_get(in->flags) & IFF_LOOPBACK;
}

/* What this stack sent itself has its errors come back by the loopback interface, where sockets hear of them; a source that is not
 * ours (IPV6_HDRINCL) hears nothing. */
static bool is_not_ours(const struct worker *w, const struct pkt *p, const struct ip6 *src)
{
	return p->flags & PKT_F_LOCAL_OUT && !is_local(w, p->out_if, src);
}

/* RFC 4443, 2.4(e). */
static bool error_is_due(const struct worker *w, const struct pkt *p, const struct ip6_hdr *h)
{
	uint8_t type = p->edge.icmp_error.type, code = p->edge.icmp_error.code;
	bool even_to_group =
		type == ICMP6_TOO_BIG || (type == ICMP6_PARAM_PROBLEM && code == ICMP6_PARAM_OPTION);
	bool to_group = ip6_is_multicast(&h->dst) || p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST);
	if (is_not_ours(w, p, &h->src) || (to_group && !even_to_group))
		return false;
	if (ip6_is_zero(&h->src) || ip6_is_multicast(&h->src))
		return false;
	if (ip6_is_loopback(&h->src) && !came_by_loopback(w, p))
		return false;
	return !is_icmp_error(p);
}

/* RFC 4443, 2.2: the address the packet was for, if ours, else one of the interface it leaves by. */
static bool error_source(const struct worker *w, const struct pkt *cause, const struct ip6_hdr *was,
			 struct ip6 *ret)
{
	if (!ip6_is_multicast(&was->dst) && is_local(w, cause->in_if, &was->dst)) {
		*ret = was->dst;
		return true;
	}
	if (cause->flags & PKT_F_LOCAL_OUT) { /* from ourselves to ourselves */
		*ret = was->src;
		return true;
	}
	return ip6_source(w, answer_if(cause, &was->src), &was->src, ret);
}

static struct pkt *make_error(struct worker *w, const struct pkt *cause, const struct ip6 *src)
{
	const struct ip6_hdr *was = pkt_l3(cause);
	uint8_t hops = ip6_hops(w, answer_if(cause, &was->src), &was->src);
	struct ip6_hdr ip = icmp6_ip_hdr(src, &was->src, hops);
	struct icmp6_hdr h;
	struct icmp6_msg m = { .type = cause->edge.icmp_error.type,
			       .code = cause->edge.icmp_error.code,
			       .info = cause->edge.icmp_error.info };
	icmp6_emit(&m, &h);
	struct pkt *e = icmp6_new(w->lc, &ip, &h, sizeof h);
	if (!e)
		return NULL;
	if (!quote(w->lc, e, cause)) {
		pkt_free(w->lc, e);
		return NULL;
	}
	e->out_if = answer_if(cause, &was->src);
	e->flags = cause->flags & PKT_F_TRACED;
	e->trace_id = cause->trace_id;
	pkt_csum_defer(e, csum_pseudo6(src, &was->src, IP_PROTO_ICMP6, e->len - (uint32_t)sizeof ip),
		       offsetof(struct icmp6_hdr, csum));
	return e;
}

/* What the cause is dropped as: its own reason, unless its sender should have been told and was not. */
static enum drop icmp6_error_one(struct worker *w, struct pkt *p)
{
	struct icmp6_worker *iw = worker_state(w, MODULE_icmp6);
	const struct ip6_hdr *h = pkt_l3(p);
	enum drop why = p->edge.icmp_error.why;
	struct ip6 src;
	if (!error_is_due(w, p, h))
		return why ? why : DROP_ICMP_NO_ERROR_DUE;
	if (!error_source(w, p, h, &src))
		return why ? why : DROP_IP_NO_SOURCE;
	bool to_us = p->flags & PKT_F_LOCAL_OUT || came_by_loopback(w, p); /* Linux: then without limit */
	if (!to_us && !icmp_limit_take(&iw->limit, icmp_limit_conf(w->st), w->lc->now_us))
		return DROP_ICMP_RATE_LIMITED;
	struct pkt *e = make_error(w, p, &src);
	if (!e)
		return DROP_NO_BUFFER;
	node_send(w, ICMP6_ERROR_OUTPUT, e);
	return why ? why : DROP_ICMP_DONE;
}

static void icmp6_error(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = pkt_drop(v->pkt[i], icmp6_error_one(w, v->pkt[i]));
	vec_dispatch(w, v, next);
}

/* --- the module --- */

static int icmp6_init(struct leat_stack *st)
{
	return ip6_proto_add(st, IP_PROTO_ICMP6, "icmp6-input");
}

static void icmp6_unlink(struct leat_stack *st)
{
	ip6_proto_remove(st, IP_PROTO_ICMP6);
}

static void print_ip6(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_IPV6, pkt_cursor(p), to, len);
}

static const struct node icmp6_input_node = {
	.name = "icmp6-input",
	.run = icmp6_input,
	.next = { [ICMP6_INPUT_OUTPUT] = "ip6-output" },
	.print = print_ip6,
};
static const struct node icmp6_error_node = {
	.name = "icmp6-error",
	.run = icmp6_error,
	.next = { [ICMP6_ERROR_OUTPUT] = "ip6-output" },
};
static const struct node *const icmp6_nodes[] = { &icmp6_input_node, &icmp6_error_node, NULL };

const struct module icmp6_module = {
	.name = "icmp6",
	.id = MODULE_icmp6,
	.nodes = icmp6_nodes,
	.stack_size = sizeof(struct icmp6_stack),
	.worker_size = sizeof(struct icmp6_worker),
	.init = icmp6_init,
	.unlink = icmp6_unlink,
};
