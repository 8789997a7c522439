/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: icmp4-input takes ICMP for this stack: validate, then act by type, here or at the node that registered for
 * the type. An echo request becomes its reply where it lies: addresses swapped, the checksum corrected by the difference, the payload
 * untouched however many pieces it has. What we send of our own accord, errors, is in icmp4_error.c; how much of both, in icmp_limit.c.
 *
 * Ignored, each by a rule: information and address mask requests (RFC 6918), source quench (RFC 6633), router discovery's
 * messages (RFC 1256 is not spoken here), types that nobody knows (RFC 1122, 3.2.2). */
#include <sys/socket.h>

#include "ip/icmp_internal.h"
#include "ip/ip4_options.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/icmp4.h"
#include "net/l3.h"
#include "wire/ip4.h"
#include "wire/frame.h"

enum icmp4_input_next { ICMP4_INPUT_OUTPUT = 1, ICMP4_INPUT_OUTPUT_WHOLE };
enum {
	RATE_MASK = 1 << ICMP4_UNREACH | 1 << ICMP4_SOURCE_QUENCH | 1 << ICMP4_TIME_EXCEEDED |
		    1 << ICMP4_PARAM_PROBLEM
};

typedef uint8_t icmp4_act_fn(struct worker *w, struct pkt *p, const struct icmp4_msg *m);

static bool is_to_group(const struct worker *w, uint32_t in_if, be32 dst)
{
	if (ip4_is_group(dst) || be32_get(dst) == 0)
		return true;
	const struct fib_nh *nh = fib4_lookup_at(w, in_if, dst);
	return nh && nh->type == RTN_BROADCAST;
}

/* A fresh header in front of the message, whose place does not change; its options are at most as long as those that came. */
static void put_reply_header(const struct worker *w, struct pkt *p, be32 src, be32 dst, be32 hop,
			     const uint8_t *options, unsigned len)
{
	uint8_t tos = ((const struct ip4_hdr *)pkt_l3(p))->tos;
	pkt_pull(p, (unsigned)(p->l4_off - p->headroom) - (unsigned)sizeof(struct ip4_hdr) - len);
	p->l3_off = p->headroom;
	*(struct ip4_hdr *)p->data = (struct ip4_hdr){
		.ver_ihl = (uint8_t)(0x45 + len / 4),
		.tos = tos, /* RFC 1122, 3.2.2.6 says nothing; Linux */
		.ttl = ip4_hops(w, l3_handle_of(w, p->in_if), dst),
		.proto = IP_PROTO_ICMP4,
		.src = src,
		.dst = hop,
	};
	memcpy(p->data + sizeof(struct ip4_hdr), options, len);
}

/* RFC 1122, 3.2.2.6: the address that was asked, unless it was everybody's. */
static be32 reply_source(const struct worker *w, const struct pkt *p, const struct ip4_hdr *ip)
{
	struct ip_way way;
	if (!is_to_group(w, p->in_if, ip->dst))
		return ip->dst;
	return !ip4_way(w, l3_handle_of(w, p->in_if), ip->src, &way) && way.has_src ? way.src.v4 : be32_of(0);
}

/* The packet goes back with what its ICMP header says now. old: the first two bytes as they were, for a checksum that holds but for
 * them; the caller sees to any other change. */
static uint8_t reply(struct worker *w, struct pkt *p, uint16_t old)
{
	struct icmp4_hdr *h = pkt_l4(p);
	const struct ip4_hdr *ip = pkt_l3(p);
	enum pkt_csum csum = p->csum;
	uint8_t options[IP4_OPTIONS_MAX];
	uint32_t vrf = l3_handle_of(w, p->in_if);
	be32 src = reply_source(w, p, ip), dst = ip->src, hop;
	int len = ip4_options_echo(w, vrf, ip, src, dst, options, &hop);
	if (len < 0)
		return pkt_drop(p, DROP_IP_OPTIONS);
	if (!icmp4_may_send(w, p, dst, h->type, h->code))
		return pkt_drop(p, DROP_ICMP_RATE_LIMITED);
	if (csum != PKT_CSUM_PARTIAL)
		h->csum = be16_of(csum_update16(be16_get(h->csum), old, (uint16_t)(h->type << 8 | h->code)));
	put_reply_header(w, p, src, dst, hop, options, (unsigned)len);
	pkt_reset_meta(p);
	p->out_if = vrf;
	p->csum = csum == PKT_CSUM_PARTIAL ? PKT_CSUM_PARTIAL : PKT_CSUM_NONE;
	return len ? ICMP4_INPUT_OUTPUT_WHOLE : ICMP4_INPUT_OUTPUT;
}

static uint8_t act_echo(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	struct icmp4_hdr *h = pkt_l4(p);
	if (racy_get(icmp4_stack(w->st)->ignore_all))
		return pkt_drop(p, DROP_ICMP_IGNORED);
	h->type = ICMP4_ECHO_REPLY;
	return reply(w, p, (uint16_t)(ICMP4_ECHO << 8 | h->code));
}

/* RFC 8335, 4. */
static uint8_t act_probe(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	struct icmp4_hdr *h = pkt_l4(p);
	struct icmp_probe say;
	if (racy_get(icmp4_stack(w->st)->ignore_all) || !icmp_probe(w, m->seq, m->body, &say))
		return pkt_drop(p, DROP_ICMP_IGNORED);
	uint16_t old = (uint16_t)(h->type << 8 | h->code);
	if (p->csum != PKT_CSUM_PARTIAL)
		h->csum = be16_of(csum_update16(be16_get(h->csum), m->seq, say.seq));
	h->type = ICMP4_EXT_ECHO_REPLY;
	h->code = say.code;
	h->seq = be16_of(say.seq);
	return reply(w, p, old);
}

struct timestamps {
	be32 originate, receive, transmit;
};

/* RFC 1122, 3.2.2.8. Linux: received and sent in the same millisecond, the answer is of the right length whatever the question's. */
static uint8_t act_timestamp(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	struct timestamps t = { 0 };
	struct cursor body = m->body;
	uint32_t hdr_len = p->l4_off - p->headroom;
	cur_copy(&body, &t.originate, sizeof t.originate);
	t.receive = t.transmit = be32_of(ip4_time_of_day_ms(w));
	pkt_trim(w->lc, p, hdr_len + (uint32_t)sizeof(struct icmp4_hdr));
	struct icmp4_hdr *h = pkt_l4(p);
	h->type = ICMP4_TIMESTAMP_REPLY;
	h->code = 0;
	if (!pkt_append(w->lc, p, &t, sizeof t))
		return pkt_drop(p, DROP_NO_BUFFER);
	p->csum = PKT_CSUM_NONE;
	uint8_t next = reply(w, p, 0);
	if (next == ICMP4_INPUT_OUTPUT || next == ICMP4_INPUT_OUTPUT_WHOLE)
		pkt_csum_defer(p, 0, offsetof(struct icmp4_hdr, csum));
	return next;
}

/* Errors about what we sent, in a stack without transports. */
static uint8_t act_error(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	return pkt_drop(p, DROP_ICMP_DONE);
}

static uint8_t act_ignore(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	return pkt_drop(p, DROP_ICMP_IGNORED);
}

/* clang-format off */
static const struct icmp4_kind {
	const char *name;
	icmp4_act_fn *act;
	uint8_t max_code, min_body;
	bool asks; /* RFC 1122, 3.2.2.6, 3.2.2.8: may be sent to a group, but then icmp_echo_ignore_broadcasts counts */
} icmp4_kinds[256] = {
	/*                          name                  act            max_code min_body asks */
	[ICMP4_UNREACH]         = { "unreachable",        act_error,      15,      28 },	/* RFC 1122, 3.2.2.1 */
	[ICMP4_SOURCE_QUENCH]   = { "source quench",      act_ignore,     255,     0 },		/* RFC 6633, 3 */
	[ICMP4_REDIRECT]        = { "redirect",           act_error,      3,       28 },	/* RFC 1812, 5.2.7.2: a router need not heed it */
	[ICMP4_ECHO]            = { "echo",               act_echo,       255,     0, true },	/* RFC 1122, 3.2.2.6; Linux: any code */
	[ICMP4_ROUTER_ADVERT]   = { "router advertisement", act_ignore,   255,     0 },		/* RFC 1256 */
	[ICMP4_ROUTER_SOLICIT]  = { "router solicitation", act_ignore,    255,     0 },
	[ICMP4_TIME_EXCEEDED]   = { "time exceeded",      act_error,      255,     28 },	/* RFC 1122, 3.2.2.4; Linux: any code */
	[ICMP4_PARAM_PROBLEM]   = { "parameter problem",  act_error,      255,     28 },	/* RFC 1122, 3.2.2.5; Linux: any code */
	[ICMP4_TIMESTAMP]       = { "timestamp",          act_timestamp,  255,     4, true },	/* RFC 1122, 3.2.2.8 */
	[ICMP4_TIMESTAMP_REPLY] = { "timestamp reply",    act_ignore,     255,     0 },
	[ICMP4_INFO]            = { "information request", act_ignore,    255,     0 },		/* RFC 6918 */
	[ICMP4_INFO_REPLY]      = { "information reply",  act_ignore,     255,     0 },
	[ICMP4_MASK]            = { "address mask request", act_ignore,   255,     0, true },	/* RFC 6918 */
	[ICMP4_MASK_REPLY]      = { "address mask reply", act_ignore,     255,     0, true },
	[ICMP4_EXT_ECHO]        = { "extended echo",      act_probe,      255,     0, true },	/* RFC 8335 */
};
/* clang-format on */

/* RFC 1122, 3.2.2.6: groups may be silent; Linux is, unless told otherwise. Nothing but questions is sent to them at all. */
static bool is_for_us(const struct worker *w, const struct pkt *p, const struct icmp4_kind *t)
{
	if (!is_to_group(w, p->in_if, ((const struct ip4_hdr *)pkt_l3(p))->dst))
		return true;
	return t->asks && !racy_get(icmp4_stack(w->st)->ignore_groups);
}

/* Linux: an error about what we can only have sent to a broadcast address was made up, or by somebody who should not have made it. */
static bool is_bogus(const struct worker *w, const struct pkt *p, const struct icmp4_msg *m)
{
	struct ip4_hdr quoted;
	struct cursor c = m->body;
	if (racy_get(icmp4_stack(w->st)->ignore_bogus) || !icmp4_is_error(m->type) ||
	    !cur_copy(&c, &quoted, sizeof quoted))
		return false;
	const struct fib_nh *nh = fib4_lookup_at(w, p->in_if, quoted.dst);
	return nh && nh->type == RTN_BROADCAST;
}

static enum drop check(struct worker *w, struct pkt *p, struct icmp4_msg *ret_msg)
{
	uint32_t hdr_len = p->l4_off - p->headroom;
	enum drop why = pkt_pull_up(w->lc, p, hdr_len + sizeof(struct icmp4_hdr));
	if (why)
		return why;
	if (!pkt_csum_ok(p, 0, p->len - hdr_len)) /* sums only what nobody has summed */
		return DROP_L4_CSUM;
	return icmp4_parse(pkt_cursor_at(p, p->l4_off), ret_msg);
}

static uint8_t icmp4_one(struct worker *w, struct pkt *p)
{
	struct icmp4_msg m;
	enum drop why = check(w, p, &m);
	if (why)
		return pkt_drop(p, why);
	ip_count_icmp_in(w, AF_INET, m.type);
	const struct icmp4_kind *t = &icmp4_kinds[m.type];
	uint8_t edge = icmp4_stack(w->st)->types.edge[m.type];
	if (!t->act && !edge)
		return pkt_drop(p, DROP_ICMP_UNKNOWN);
	if (!is_for_us(w, p, t))
		return pkt_drop(p, DROP_IP_NOT_MEMBER);
	if (t->act && m.code > t->max_code)
		return pkt_drop(p, DROP_ICMP_UNKNOWN);
	if (is_bogus(w, p, &m))
		return pkt_drop(p, DROP_ICMP_IGNORED);
	if (edge)
		return edge;
	return cur_left(&m.body) < t->min_body ? pkt_drop(p, DROP_TRUNCATED) : t->act(w, p, &m);
}

static void icmp4_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = icmp4_one(w, v->pkt[i]);
	}
	vec_dispatch(w, v, next);
}

int icmp4_type_add(struct leat_stack *st, uint8_t type, const char *node)
{
	struct icmp4_stack *s = icmp4_stack(st);
	return s ? icmp_type_add(st, &s->types, "icmp4-input", type, node) : 0;
}

void icmp4_type_remove(struct leat_stack *st, uint8_t type, const char *node)
{
	struct icmp4_stack *s = icmp4_stack(st);
	if (s)
		icmp_type_remove(st, &s->types, "icmp4-input", type, node);
}

/* --- limits --- */

/* Linux: path MTU discovery is never held up, and a type is limited when its bit in icmp_ratemask is set. */
static bool is_limited(const struct icmp4_stack *s, uint8_t type, uint8_t code)
{
	if (type == ICMP4_UNREACH && code == ICMP4_UNREACH_FRAG_NEEDED)
		return false;
	return type < 32 && racy_get(s->mask) >> type & 1;
}

bool icmp4_may_send(const struct worker *w, const struct pkt *cause, be32 dst, uint8_t type, uint8_t code)
{
	const struct icmp4_stack *s = icmp4_stack(w->st);
	struct icmp4_worker *iw = worker_state(w, MODULE_icmp4);
	if (!is_limited(s, type, code) || cause->flags & PKT_F_LOCAL_OUT || icmp_by_loopback(w, cause))
		return true;
	return icmp_limit_take(w, &iw->limit, siphash_2u64(&w->st->hash_key, be32_get(dst), 4),
			       racy_get(s->peer_ms));
}

/* --- the module --- */

static int icmp4_init(struct leat_stack *st)
{
	return ip4_proto_add(st, IP_PROTO_ICMP4, "icmp4-input");
}

static void icmp4_unlink(struct leat_stack *st)
{
	ip4_proto_remove(st, IP_PROTO_ICMP4);
}

static void print_ip4(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_IP, pkt_cursor(p), to, len);
}

static const struct node icmp4_input_node = {
	.name = "icmp4-input",
	.run = icmp4_input,
	.next = { [ICMP4_INPUT_OUTPUT] = "ip4-output", [ICMP4_INPUT_OUTPUT_WHOLE] = "ip4-output-whole" },
	.print = print_ip4,
};
static const struct node *const icmp4_nodes[] = { &icmp4_input_node, &icmp4_error_node, NULL };

static const struct knob icmp4_knobs[] = {
	KNOB("net.ipv4.icmp_msgs_per_sec", struct icmp4_stack, limit.per_sec, ICMP_LIMIT_PER_SEC, 0,
	     INT32_MAX, .unit = "messages/s",
	     .help = "ICMP messages of the limited types, and as many of ICMPv6, at most"),
	KNOB("net.ipv4.icmp_msgs_burst", struct icmp4_stack, limit.burst, ICMP_LIMIT_BURST, 0, INT32_MAX,
	     .unit = "messages", .help = "so many of them at once, about"),
	KNOB("net.ipv4.icmp_ratelimit", struct icmp4_stack, peer_ms, 1000, 0, INT32_MAX, .unit = "ms",
	     .help = "how often a destination is sent one of the limited types; 0: any number"),
	KNOB("net.ipv4.icmp_ratemask", struct icmp4_stack, mask, RATE_MASK, 0, UINT32_MAX,
	     .help = "which types are limited: a bit for each, the lowest for type 0"),
	KNOB("net.ipv4.icmp_echo_ignore_all", struct icmp4_stack, ignore_all, 0, 0, 1,
	     .help = "do not answer echo requests"),
	KNOB("net.ipv4.icmp_echo_ignore_broadcasts", struct icmp4_stack, ignore_groups, 1, 0, 1,
	     .help = "do not answer echo and timestamp requests to groups and broadcast addresses"),
	KNOB("net.ipv4.icmp_echo_enable_probe", struct icmp4_stack, probe, 0, 0, 1,
	     .help = "answer extended echo requests, of both families"),
	KNOB("net.ipv4.icmp_errors_use_inbound_ifaddr", struct icmp4_stack, inbound_source, 0, 0, 1,
	     .help = "errors come from an address of the interface their cause came by, not of that they "
		     "leave by"),
	KNOB("net.ipv4.icmp_errors_extension_mask", struct icmp4_stack, extension, 0, 0, ICMP_EXTEND_IFACE,
	     .help = "1: errors say by which interface the packet came (RFC 5837)"),
	KNOB("net.ipv4.icmp_ignore_bogus_error_responses", struct icmp4_stack, ignore_bogus, 1, 0, 1,
	     .help = "make nothing of it that an error answers what was sent to a broadcast address"),
	{ 0 },
};

const struct module icmp4_module = {
	.name = "icmp4",
	.id = MODULE_icmp4,
	.nodes = icmp4_nodes,
	.knobs = icmp4_knobs,
	.stack_size = sizeof(struct icmp4_stack),
	.worker_size = sizeof(struct icmp4_worker),
	.init = icmp4_init,
	.unlink = icmp4_unlink,
};
