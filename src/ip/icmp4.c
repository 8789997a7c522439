/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: icmp4-input takes ICMP for this stack: validate, then act by type, here or at the node that registered for
 * the type. An echo request becomes its reply where it lies: addresses swapped, the checksum corrected by the difference, the payload untouched however many pieces it has.
 *
 * icmp4-error is fed by edges from any node that refuses a packet (edge.icmp_error says which error, and what the packet is dropped
 * as). It decides whether the sender may be told, makes the error with as much of the packet as RFC 1812, 4.3.2.3 wants
 * quoted, and drops the packet.
 *
 * Left out: timestamps (RFC 1122: may), redirects. */
#include <sys/socket.h>

#include "ip/icmp_limit.h"
#include "ip/ip_internal.h"
#include "pkt/csum.h"
#include "wire/eth.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"
#include "wire/frame.h"

enum icmp4_input_next { ICMP4_INPUT_OUTPUT = 1 };
enum icmp4_error_next { ICMP4_ERROR_OUTPUT = 1 };
enum { ERROR_MAX = 576, PREC_INTERNETCONTROL = 0xc0, TOS_MASK = 0x1e };

struct icmp4_stack {
	struct icmp_limit_conf limit; /* first: icmp_limit_conf() */
	struct icmp_types types;
};
struct icmp4_worker {
	struct icmp_limit limit;
};

static struct icmp4_stack *icmp4_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_icmp4);
}

/* --- in --- */

typedef uint8_t icmp4_act_fn(struct worker *w, struct pkt *p, const struct icmp4_msg *m);

static bool is_local(const struct worker *w, be32 a)
{
	const struct fib_nh *nh = fib4_lookup(w, a);
	return nh && nh->type == RTN_LOCAL;
}

/* A fresh header without options in front of the message, whose place does not change. */
static void put_reply_header(const struct worker *w, struct pkt *p)
{
	struct ip4_hdr was;
	memcpy(&was, pkt_l3(p), sizeof was);
	pkt_pull(p, (unsigned)(p->l4_off - p->headroom) - sizeof(struct ip4_hdr));
	p->l3_off = p->headroom;
	*(struct ip4_hdr *)p->data = (struct ip4_hdr){
		.ver_ihl = 0x45,
		.tos = was.tos, /* RFC 1122, 3.2.2.6 says nothing; Linux */
		.ttl = ip4_hops(w, was.src),
		.proto = IP_PROTO_ICMP4,
		.src = was.dst, /* RFC 1122, 3.2.2.6: the address that was asked */
		.dst = was.src,
	};
}

static uint8_t act_echo(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	struct icmp4_hdr *h = pkt_l4(p);
	enum pkt_csum csum = p->csum;
	if (!is_local(w, ((const struct ip4_hdr *)pkt_l3(p))->dst))
		/* RFC 1122, 3.2.2.6: groups may be silent; Linux is. */
		return pkt_drop(p, DROP_IP_NOT_MEMBER);
	h->type = ICMP4_ECHO_REPLY;
	if (csum != PKT_CSUM_PARTIAL)
		h->csum = be16_of(csum_update16(be16_get(h->csum), ICMP4_ECHO << 8 | h->code,
						ICMP4_ECHO_REPLY << 8 | h->code));
	put_reply_header(w, p);
	pkt_reset_meta(p);
	p->csum = csum == PKT_CSUM_PARTIAL ? PKT_CSUM_PARTIAL : PKT_CSUM_NONE;
	return ICMP4_INPUT_OUTPUT;
}

/* Errors about what we sent, in a stack without transports. */
static uint8_t act_error(struct worker *w, struct pkt *p, const struct icmp4_msg *m)
{
	return pkt_drop(p, DROP_ICMP_DONE);
}

static const struct icmp4_kind {
	const char *name;
	icmp4_act_fn *act;
	uint8_t max_code, min_body;
} icmp4_kinds[256] = {
	/*                           name              act      max_code  min_body */
	[ICMP4_ECHO] = { "echo", act_echo, 255, 0 }, /* RFC 1122, 3.2.2.6; Linux: any code */
	[ICMP4_UNREACH] = { "unreachable", act_error, 15, 28 }, /* RFC 1122, 3.2.2.1 */
	[ICMP4_SOURCE_QUENCH] = { "source quench", act_error, 255, 28 }, /* RFC 6633: ignored */
	[ICMP4_REDIRECT] = { "redirect", act_error, 3,
			     28 }, /* RFC 1812, 5.2.7.2: a router need not heed it */
	[ICMP4_TIME_EXCEEDED] = { "time exceeded", act_error, 1, 28 }, /* RFC 1122, 3.2.2.4 */
	[ICMP4_PARAM_PROBLEM] = { "parameter problem", act_error, 2, 28 }, /* RFC 1122, 3.2.2.5 */
};

static uint8_t icmp4_one(struct worker *w, struct pkt *p)
{
	struct icmp4_msg m;
	uint32_t hdr_len = p->l4_off - p->headroom;
	enum drop why = pkt_pull_up(w->lc, p, hdr_len + sizeof(struct icmp4_hdr));
	if (why)
		return pkt_drop(p, why);
	if (!pkt_csum_ok(p, 0, p->len - hdr_len)) /* sums only what nobody has summed */
		return pkt_drop(p, DROP_L4_CSUM);
	why = icmp4_parse(pkt_cursor_at(p, p->l4_off), &m);
	if (why)
		return pkt_drop(p, why);
	uint8_t edge = icmp4_stack(w->st)->types.edge[m.type];
	if (edge)
		return edge;
	const struct icmp4_kind *t = &icmp4_kinds[m.type];
	if (!t->act || m.code > t->max_code)
		return pkt_drop(p, DROP_ICMP_UNKNOWN);
	if (cur_left(&m.body) < t->min_body)
		return pkt_drop(p, DROP_TRUNCATED);
	return t->act(w, p, &m);
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

/* --- errors --- */

static bool came_by_loopback(const struct worker *w, const struct pkt *p)
{
	const struct iface *in = iface_get(w, p->in_if);
	return in && racy_get(in->flags) & IFF_LOOPBACK;
}

/* RFC 1122, 3.2.2: the source must be one host; by loopback, any of our names for ourselves is. */
static bool is_one_host(const struct worker *w, const struct pkt *p, be32 a)
{
	if (a.b[0] == 0 || a.b[0] >= 224 || (a.b[0] == 127 && !came_by_loopback(w, p)))
		return false;
	const struct fib_nh *nh = fib4_lookup(w, a);
	return !nh || nh->type != RTN_BROADCAST;
}

/* An error, or ICMP of which one cannot tell. */
static bool is_icmp_error(const struct pkt *p, const struct ip4_hdr *h)
{
	uint8_t tmp;
	struct cursor c = pkt_cursor(p);
	if (h->proto != IP_PROTO_ICMP4)
		return false;
	if (!cur_skip(&c, ip4_hdr_len(h)))
		return true;
	const uint8_t *type = cur_take(&c, &tmp, sizeof tmp);
	return !type || icmp4_is_error(*type);
}

/* RFC 1122, 3.2.2 and RFC 1812, 4.3.2.7. What this stack sent itself has its errors come back by the loopback interface, where
 * sockets hear of them; a source that is not ours (IP_HDRINCL) hears nothing. */
static bool error_is_due(const struct worker *w, const struct pkt *p, const struct ip4_hdr *h)
{
	if (p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST))
		return false;
	if (p->flags & PKT_F_LOCAL_OUT && !is_local(w, h->src))
		return false;
	if (be16_get(h->frag) & IP4_FRAG_OFF_MASK)
		return false;
	if (ip4_is_group(h->dst) || !is_one_host(w, p, h->src))
		return false;
	const struct fib_nh *nh = fib4_lookup(w, h->dst);
	return !(nh && nh->type == RTN_BROADCAST) && !is_icmp_error(p, h);
}

static bool quote(struct lcore *lc, struct pkt *e, const struct pkt *cause)
{
	struct cursor c = pkt_cursor(cause);
	uint32_t n;
	cur_trim(&c, MIN(c.left, (uint32_t)(ERROR_MAX - sizeof(struct ip4_hdr) - sizeof(struct icmp4_hdr))));
	for (const uint8_t *run; (run = cur_run(&c, &n));)
		if (!pkt_append(lc, e, run, n))
			return false;
	return true;
}

struct error_hdr {
	struct ip4_hdr ip;
	struct icmp4_hdr icmp;
};

static void fill_headers(const struct worker *w, struct error_hdr *h, const struct pkt *cause)
{
	const struct ip4_hdr *was = pkt_l3(cause);
	struct icmp4_msg m = { .type = cause->edge.icmp_error.type, .code = cause->edge.icmp_error.code };
	icmp4_set_info(&m, cause->edge.icmp_error.info);
	h->ip = (struct ip4_hdr){
		.ver_ihl = 0x45,
		.tos = (was->tos & TOS_MASK) | PREC_INTERNETCONTROL, /* RFC 1812, 4.3.2.5 */
		.ttl = ip4_hops(w, was->src),
		.proto = IP_PROTO_ICMP4,
		.dst = was->src,
	};
	if (is_local(w, was->dst)) /* else RFC 1812, 4.3.2.4: of the interface it leaves by */
		h->ip.src = was->dst;
	icmp4_emit(&m, &h->icmp);
}

static struct pkt *make_error(struct worker *w, const struct pkt *cause)
{
	struct error_hdr h;
	struct pkt *e = pkt_new(w->lc);
	if (!e)
		return NULL;
	fill_headers(w, &h, cause);
	if (!pkt_append(w->lc, e, &h, sizeof h) || !quote(w->lc, e, cause)) {
		pkt_free(w->lc, e);
		return NULL;
	}
	e->l3_off = e->headroom;
	e->ethertype = ETH_P_IP;
	e->l4_off = (uint16_t)(e->headroom + sizeof h.ip);
	e->flags = cause->flags & PKT_F_TRACED;
	e->trace_id = cause->trace_id;
	pkt_csum_defer(e, 0, offsetof(struct icmp4_hdr, csum));
	return e;
}

/* What the cause is dropped as: its own reason, unless its sender should have been told and was not. */
static enum drop icmp4_error_one(struct worker *w, struct pkt *p)
{
	struct icmp4_worker *iw = worker_state(w, MODULE_icmp4);
	enum drop why = p->edge.icmp_error.why;
	if (!error_is_due(w, p, pkt_l3(p)))
		return why ? why : DROP_ICMP_NO_ERROR_DUE;
	bool to_us = p->flags & PKT_F_LOCAL_OUT || came_by_loopback(w, p); /* Linux: then without limit */
	if (!to_us && !icmp_limit_take(&iw->limit, icmp_limit_conf(w->st), w->lc->now_us))
		return DROP_ICMP_RATE_LIMITED;
	struct pkt *e = make_error(w, p);
	if (!e)
		return DROP_NO_BUFFER;
	node_send(w, ICMP4_ERROR_OUTPUT, e);
	return why ? why : DROP_ICMP_DONE;
}

static void icmp4_error(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = pkt_drop(v->pkt[i], icmp4_error_one(w, v->pkt[i]));
	vec_dispatch(w, v, next);
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
	.next = { [ICMP4_INPUT_OUTPUT] = "ip4-output" },
	.print = print_ip4,
};
static const struct node icmp4_error_node = {
	.name = "icmp4-error",
	.run = icmp4_error,
	.next = { [ICMP4_ERROR_OUTPUT] = "ip4-output" },
};
static const struct node *const icmp4_nodes[] = { &icmp4_input_node, &icmp4_error_node, NULL };

static const struct knob icmp4_knobs[] = {
	KNOB("net.ipv4.icmp_msgs_per_sec", struct icmp4_stack, limit.per_sec, ICMP_LIMIT_PER_SEC, 0,
	     INT32_MAX, .unit = "messages/s",
	     .help = "ICMP and ICMPv6 errors of each worker and family, at most"),
	KNOB("net.ipv4.icmp_msgs_burst", struct icmp4_stack, limit.burst, ICMP_LIMIT_BURST, 0, INT32_MAX,
	     .unit = "messages", .help = "so many of them at once"),
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
