/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: icmp6-input takes ICMPv6 for this stack: validate, then act by type, here or at the node that registered
 * for the type (neighbour discovery, sockets, later MLD). An echo request becomes its reply where it lies, whatever its pieces. What
 * we send of our own accord, errors, is in icmp6_error.c.
 *
 * Ignored: node information queries (RFC 4620 says off at first), types of information that nobody knows (RFC 4443, 2.4(b)). */
#include <sys/socket.h>

#include "ip/icmp_internal.h"
#include "ip/ip6_internal.h"
#include "ip/pmtu.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "net/l3.h"
#include "wire/frame.h"

enum icmp6_input_next { ICMP6_INPUT_OUTPUT = 1 };

bool icmp6_is_local(const struct worker *w, uint32_t in_if, const struct ip6 *a)
{
	struct ipaddr ip = { .v6 = *a };
	if (ip6_is_link_local(a))
		return addr_find_on(w, in_if, AF_INET6, &ip) || addr_find(w, AF_INET6, &ip);
	const struct fib_nh *nh = fib6_lookup_at(w, in_if, a);
	return nh && nh->type == RTN_LOCAL;
}

bool icmp6_is_anycast(const struct worker *w, uint32_t in_if, const struct ip6 *a)
{
	const struct iface *in = iface_get(w, in_if);
	if (ip6_is_link_local(a)) /* from ourselves: whichever it is of */
		return anycast_find(w, in && racy_get(in->flags) & IFF_LOOPBACK ? 0 : in_if, a);
	const struct fib_nh *nh = ip6_is_multicast(a) ? NULL : fib6_lookup_at(w, in_if, a);
	return nh && nh->type == RTN_ANYCAST;
}

uint32_t icmp6_answer_if(const struct worker *w, const struct pkt *p, const struct ip6 *peer)
{
	uint32_t link = p->flags & PKT_F_LOCAL_OUT ? p->out_if : p->in_if;
	return ip6_is_link_local(peer) ? link : l3_handle_of(w, link);
}

/* --- in --- */

typedef uint8_t icmp6_act_fn(struct worker *w, struct pkt *p, const struct icmp6_msg *m);

/* RFC 6437, 3: labels are of a flow, and by them errors about the reply are believed (pmtu.c). Linux: the one of the request on demand. */
static uint32_t reply_label(const struct worker *w, const struct pkt *p, const struct ip6 *src,
			    const struct ip6 *dst)
{
	uint32_t asked = ip6_flow_label(pkt_l3(p));
	const struct icmp6_hdr *h = pkt_l4(p);
	if (asked && ip6_reflects_label(w->st, IP6_REFLECT_ECHO))
		return asked;
	return pmtu_answer_label(w->st, src, dst, (uint16_t)(be32_get(h->info) >> 16));
}

/* A header without extensions in front of the message, whose place does not change. */
static void put_reply_header(const struct worker *w, struct pkt *p, const struct ip6 *src,
			     const struct ip6 *dst, uint32_t label)
{
	uint32_t ver_tc = be32_get(((const struct ip6_hdr *)pkt_l3(p))->ver_tc_flow) & 0xfff00000;
	struct ip6_hdr h = icmp6_ip_hdr(src, dst, ip6_hops(w, icmp6_answer_if(w, p, dst), dst));
	h.ver_tc_flow = be32_of(ver_tc | label);
	pkt_pull(p, (unsigned)(p->l4_off - p->headroom) - sizeof h);
	p->l3_off = p->headroom;
	memcpy(p->data, &h, sizeof h);
}

/* May the source of an answer be the address that was asked? RFC 4443, 2.2 and 4.2: no group; Linux: no anycast address, but on
 * demand. */
static bool is_source(const struct worker *w, const struct ip6 *a, bool anycast)
{
	return !ip6_is_multicast(a) && (!anycast || racy_get(icmp6_stack(w->st)->anycast_source));
}

static bool echo_is_off(const struct worker *w, const struct ip6 *asked, bool anycast)
{
	const struct icmp6_stack *s = icmp6_stack(w->st);
	return racy_get(s->ignore_all) || (ip6_is_multicast(asked) && racy_get(s->ignore_multicast)) ||
	       (anycast && racy_get(s->ignore_anycast));
}

/* The sum of a message whose sender was another address. */
static uint16_t sum_from(uint16_t sum, const struct ip6 *was, const struct ip6 *now)
{
	for (unsigned i = 0; i < sizeof was->b; i += 2)
		sum = csum_update16(sum, (uint16_t)(was->b[i] << 8 | was->b[i + 1]),
				    (uint16_t)(now->b[i] << 8 | now->b[i + 1]));
	return sum;
}

/* The message, of which the first two bytes and the sum have been seen to, goes back from src. again: begin the sum anew. */
static uint8_t turn_around(struct worker *w, struct pkt *p, const struct ip6 *src, const struct ip6 *dst,
			   bool again)
{
	uint32_t out_if = icmp6_answer_if(w, p, dst), l4_len = p->len - (uint32_t)(p->l4_off - p->headroom);
	bool partial = p->csum == PKT_CSUM_PARTIAL;
	put_reply_header(w, p, src, dst, reply_label(w, p, src, dst));
	pkt_reset_meta(p);
	p->out_if = out_if;
	p->csum = partial ? PKT_CSUM_PARTIAL : PKT_CSUM_NONE;
	if (again)
		pkt_csum_defer(p, csum_pseudo6(src, dst, IP_PROTO_ICMP6, l4_len),
			       offsetof(struct icmp6_hdr, csum));
	return ICMP6_INPUT_OUTPUT;
}

/* RFC 4443, 4.2: from the address that was asked, or, for a group, from one of ours. Linux: any code. */
static uint8_t echo(struct worker *w, struct pkt *p, const struct icmp6_hdr *say)
{
	const struct ip6_hdr *ip = pkt_l3(p);
	struct icmp6_hdr *h = pkt_l4(p);
	struct ip6 src = ip->dst, dst = ip->src;
	bool anycast = icmp6_is_anycast(w, p->in_if, &src), keep = is_source(w, &src, anycast);
	if (echo_is_off(w, &src, anycast))
		return pkt_drop(p, DROP_ICMP_IGNORED);
	if (ip6_is_zero(&dst))
		return pkt_drop(p, DROP_IP_MARTIAN_SOURCE);
	if (!keep && !ip6_source(w, icmp6_answer_if(w, p, &dst), &dst, &src))
		return pkt_drop(p, DROP_IP_NO_SOURCE);
	if (!icmp6_may_send(w, p, &dst, say->type))
		return pkt_drop(p, DROP_ICMP_RATE_LIMITED);
	/* Swapped addresses do not change the sum. */
	uint16_t sum = be16_get(h->csum), was = (uint16_t)(h->type << 8 | h->code);
	sum = csum_update16(sum, was, (uint16_t)(say->type << 8 | say->code));
	sum = csum_update16(sum, (uint16_t)be32_get(h->info), (uint16_t)be32_get(say->info));
	sum = keep ? sum : sum_from(sum, &ip->dst, &src);
	bool partial = p->csum == PKT_CSUM_PARTIAL;
	if (partial)
		sum = be16_get(h->csum);
	*h = *say;
	h->csum = be16_of(sum);
	return turn_around(w, p, &src, &dst, partial && !keep);
}

static uint8_t act_echo(struct worker *w, struct pkt *p, const struct icmp6_msg *m)
{
	const struct icmp6_hdr say = { .type = ICMP6_ECHO_REPLY, .code = m->code, .info = be32_of(m->info) };
	return echo(w, p, &say);
}

/* RFC 8335, 4. */
static uint8_t act_probe(struct worker *w, struct pkt *p, const struct icmp6_msg *m)
{
	struct icmp_probe pr;
	if (!icmp_probe(w, (uint16_t)m->info, m->body, &pr))
		return pkt_drop(p, DROP_ICMP_IGNORED);
	const struct icmp6_hdr say = { .type = ICMP6_EXT_ECHO_REPLY,
				       .code = pr.code,
				       .info = be32_of((m->info & 0xffff0000) | pr.seq) };
	return echo(w, p, &say);
}

static uint8_t act_ignore(struct worker *w, struct pkt *p, const struct icmp6_msg *m)
{
	return pkt_drop(p, DROP_ICMP_IGNORED);
}

/* Errors about what we sent, in a stack without transports. */
static uint8_t act_error(struct worker *w, struct pkt *p, const struct icmp6_msg *m)
{
	enum drop why = m->type == ICMP6_TOO_BIG ? pmtu_check(w->st, AF_INET6, m->body, m->info) : DROP_NONE;
	if (why)
		return pkt_drop(p, why);
	if (m->type == ICMP6_TOO_BIG)
		pmtu_answer_heard(w, p);
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
	[ICMP6_NODE_INFO]     = { "node information query", act_ignore, 255, 0 },	/* RFC 4620, 6 */
	[ICMP6_NODE_INFO_REPLY] = { "node information reply", act_ignore, 255, 0 },
	[ICMP6_EXT_ECHO]      = { "extended echo",     act_probe, 255,       0 },	/* RFC 8335 */
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
	ip_count_icmp_in(w, AF_INET6, m.type);
	const uint8_t *edges = icmp6_stack(w->st)->types.edge;
	uint8_t edge = edges[m.type];
	if (!edge &&
	    icmp6_is_error(m.type)) /* RFC 4443, 2.4(a): an error, whatever it says, is for the upper layer */
		edge = edges[ICMP6_UNREACH];
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

/* --- limits --- */

/* As net.ipv6.icmp.ratemask says: at first errors, but for what path MTU discovery needs. Linux can be told to limit what is no error,
 * too. */
static bool is_limited(const struct worker *w, uint8_t type)
{
	return icmp6_is_error(type) && racy_get(icmp6_stack(w->st)->rate_mask[type / 64]) >> type % 64 & 1;
}

bool icmp6_may_send(const struct worker *w, const struct pkt *cause, const struct ip6 *dst, uint8_t type)
{
	struct icmp6_worker *iw = worker_state(w, MODULE_icmp6);
	if (!is_limited(w, type) || cause->flags & PKT_F_LOCAL_OUT || icmp_by_loopback(w, cause))
		return true;
	return icmp_limit_take(w, &iw->limit, siphash(&w->st->hash_key, dst, sizeof *dst),
			       racy_get(icmp6_stack(w->st)->peer_ms));
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
static const struct node *const icmp6_nodes[] = { &icmp6_input_node, &icmp6_error_node, NULL };

static const struct knob icmp6_knobs[] = {
	KNOB("net.ipv6.icmp.ratelimit", struct icmp6_stack, peer_ms, 100, 0, INT32_MAX, .unit = "ms",
	     .help = "how often a destination is sent an error, but for path MTUs; 0: any number"),
	KNOB("net.ipv6.icmp.ratemask", struct icmp6_stack, rate_mask, ~UINT64_C(4), 0, UINT64_MAX,
	     .flags = KNOB_BITS, .more = 1, .size = 8, .dflt[1] = UINT64_MAX,
	     .help = "types of which ratelimit speaks; those from 128 on are not limited"),
	KNOB("net.ipv6.icmp.echo_ignore_all", struct icmp6_stack, ignore_all, 0, 0, 1,
	     .help = "do not answer echo requests"),
	KNOB("net.ipv6.icmp.echo_ignore_multicast", struct icmp6_stack, ignore_multicast, 0, 0, 1,
	     .help = "do not answer those to groups"),
	KNOB("net.ipv6.icmp.echo_ignore_anycast", struct icmp6_stack, ignore_anycast, 0, 0, 1,
	     .help = "do not answer those to anycast addresses"),
	KNOB("net.ipv6.anycast_src_echo_reply", struct icmp6_stack, anycast_source, 0, 0, 1,
	     .help = "answer those from the anycast address"),
	KNOB("net.ipv6.icmp.errors_extension_mask", struct icmp6_stack, extension, 0, 0, ICMP_EXTEND_IFACE,
	     .help = "1: errors say by which interface the packet came (RFC 5837)"),
	KNOB("net.ipv6.icmp.error_anycast_as_unicast", struct icmp6_stack, error_anycast, 0, 0, 1,
	     .help = "who has an anycast address is told of errors as anybody else"),
	{ 0 },
};

const struct module icmp6_module = {
	.name = "icmp6",
	.id = MODULE_icmp6,
	.nodes = icmp6_nodes,
	.knobs = icmp6_knobs,
	.stack_size = sizeof(struct icmp6_stack),
	.worker_size = sizeof(struct icmp6_worker),
	.init = icmp6_init,
	.unlink = icmp6_unlink,
};
