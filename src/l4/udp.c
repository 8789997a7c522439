/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: UDP (RFC 768; over IPv6 RFC 8200, 8.1, and 6935) and UDP-Lite (RFC 3828). udp4-input and its like check length and
 * checksum and find the endpoint; without one the sender is told (RFC 1122, 4.1.3.1). A broadcast or a group's packet goes to every endpoint
 * that hears it, in copies, and nobody is told when there is none. What only the endpoint can say, whether it takes what nobody has
 * summed over IPv6, or what is covered so little, is asked of it before the packet goes there.
 *
 * A large packet of datagrams (UDP_SEGMENT of this host or of a guest) goes to the endpoint as it is: read.c takes it apart. Sending is in
 * udp_output.c.
 *
 * Left out: protocols within UDP that the kernel undoes (UDP_ENCAP). */
#include "core/save.h"
#include "l4/udp_internal.h"
#include "net/rx_split.h"
#include "pkt/csum.h"
#include "pkt/gso.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

enum udp_next { UDP_NEXT_DELIVER = 1, UDP_NEXT_ERROR };

/* --- in --- */

/* Which of four nodes it came to: constant in each, so that what does not concern it is not there. */
struct kind {
	bool is6, lite;
};

static uint32_t pseudo_of(const struct pkt *p, struct kind k, uint32_t len)
{
	const struct ip4_hdr *h4 = pkt_l3(p);
	const struct ip6_hdr *h6 = pkt_l3(p);
	uint8_t proto = k.lite ? IPPROTO_UDPLITE : IPPROTO_UDP;
	return k.is6 ? csum_pseudo6(&h6->src, &h6->dst, proto, len)
		     : csum_pseudo4(h4->src, h4->dst, proto, len);
}

static inline bool is_unsummed(const struct pkt *p)
{
	const struct udp_hdr *h = pkt_l4(p);
	return be16_get(h->csum) == 0 && p->csum != PKT_CSUM_PARTIAL;
}

static uint32_t length(const struct pkt *p)
{
	return p->len - (uint32_t)(p->l4_off - p->headroom);
}

/* Who it is for may take it without a sum: suits(). */
static enum drop check_full(struct pkt *p, struct kind k)
{
	const struct udp_hdr *h = pkt_l4(p);
	uint32_t len = be16_get(h->len);
	if (len < sizeof *h)
		return DROP_BAD_LENGTH;
	if (len > length(p))
		return DROP_TRUNCATED;
	if (is_unsummed(p))
		return DROP_NONE;
	return pkt_csum_ok(p, pseudo_of(p, k, len), len) ? DROP_NONE : DROP_L4_CSUM;
}

static uint32_t coverage(const struct pkt *p)
{
	uint32_t cover = be16_get(((const struct udp_hdr *)pkt_l4(p))->len);
	return cover ? cover : length(p);
}

/* RFC 3828, 3.1: the header at least is covered, and a sum there must be. */
static enum drop check_lite(struct pkt *p, struct kind k)
{
	uint32_t cover = coverage(p), len = length(p);
	if (cover < UDPLITE_COVERAGE_MIN || cover > len)
		return DROP_UDPLITE_COVERAGE;
	return !is_unsummed(p) && pkt_csum_ok(p, pseudo_of(p, k, len), cover) ? DROP_NONE : DROP_L4_CSUM;
}

static inline enum drop check(struct worker *w, struct pkt *p, struct kind k)
{
	enum drop why =
		pkt_pull_up(w->lc, p, (uint32_t)(p->l4_off - p->headroom) + (uint32_t)sizeof(struct udp_hdr));
	if (why)
		return why;
	return k.lite ? check_lite(p, k) : check_full(p, k);
}

/* What the endpoint has to say of it. RFC 8200, 8.1: over IPv6 sums are not optional, RFC 6935: unless the program says so. Linux: no
 * coverage that a receiver demands means all of it. */
static inline enum drop suits(const struct l4_end *e, const struct pkt *p, struct kind k)
{
	if (k.lite && e->opt->has_recv_coverage && coverage(p) < length(p) &&
	    (!e->opt->recv_coverage || coverage(p) < e->opt->recv_coverage))
		return DROP_UDPLITE_COVERAGE;
	if (k.is6 && !k.lite && unlikely(is_unsummed(p)) && !e->opt->no_check6_rx)
		return DROP_L4_CSUM;
	return DROP_NONE;
}

static cold_fn uint8_t refuse(const struct worker *w, struct pkt *p, struct kind k, enum drop why)
{
	bool broken = why == DROP_L4_CSUM;
	udp_count(w, k.lite, k.is6, UDP_N_IN_ERRORS, 1);
	if (broken)
		udp_count(w, k.lite, k.is6, UDP_N_IN_CSUM_ERRORS, 1);
	return pkt_drop(p, why);
}

static const char *node_name(struct kind k)
{
	if (k.lite)
		return k.is6 ? "udplite6-input" : "udplite4-input";
	return k.is6 ? "udp6-input" : "udp4-input";
}

static struct l4_end *next_of_all(const struct worker *w, const struct pkt *p, struct kind k,
				  const struct l4_tuple *t, struct l4_end *after)
{
	struct l4_end *e = after;
	while ((e = l4_find_next(w, t, e)) && suits(e, p, k)) {}
	return e;
}

/* Each but the last gets a copy, the last the packet itself. */
static uint8_t to_all(struct worker *w, struct pkt *p, struct kind k, const struct l4_tuple *t)
{
	struct l4_end *e = next_of_all(w, p, k, t, NULL), *next;
	if (!e) {
		udp_count(w, k.lite, k.is6, UDP_N_IGNORED_MULTI, 1);
		return pkt_drop(p, DROP_IP_NOT_MEMBER);
	}
	for (; (next = next_of_all(w, p, k, t, e)); e = next) {
		struct pkt *c = l4_copy(w, node_name(k), p, p->len);
		if (c)
			node_send(w, l4_deliver_to(c, e, false, UDP_NEXT_DELIVER), c);
	}
	return l4_deliver_to(p, e, false, UDP_NEXT_DELIVER);
}

static uint8_t no_port(const struct worker *w, struct pkt *p, struct kind k)
{
	if (k.is6 && !k.lite && is_unsummed(p))
		return refuse(w, p, k, DROP_L4_CSUM);
	udp_count(w, k.lite, k.is6, UDP_N_NO_PORTS, 1);
	if (k.is6)
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

static inline uint8_t udp_one(struct worker *w, struct pkt *p, struct kind k)
{
	struct l4_tuple t = { .proto = k.lite ? IPPROTO_UDPLITE : IPPROTO_UDP };
	enum drop why = check(w, p, k);
	if (unlikely(why))
		return refuse(w, p, k, why);
	const struct udp_hdr *h = pkt_l4(p);
	l4_tuple_of(w, p, k.is6, &t);
	t.lport = be16_get(h->dport);
	t.rport = be16_get(h->sport);
	if (unlikely(is_for_all(p, &t, k.is6)))
		return to_all(w, p, k, &t);
	struct l4_end *e = l4_find(w, &t);
	if (unlikely(!e))
		return no_port(w, p, k);
	why = suits(e, p, k);
	return likely(!why) ? l4_deliver_to(p, e, false, UDP_NEXT_DELIVER) : refuse(w, p, k, why);
}

static inline void udp_body(struct worker *w, struct pkt_vec *v, struct kind k)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = udp_one(w, v->pkt[i], k);
	}
	vec_dispatch(w, v, next);
}

static void udp4_input(struct worker *w, struct pkt_vec *v)
{
	udp_body(w, v, (struct kind){ .is6 = false, .lite = false });
}

static void udp6_input(struct worker *w, struct pkt_vec *v)
{
	udp_body(w, v, (struct kind){ .is6 = true, .lite = false });
}

static void udplite4_input(struct worker *w, struct pkt_vec *v)
{
	udp_body(w, v, (struct kind){ .is6 = false, .lite = true });
}

static void udplite6_input(struct worker *w, struct pkt_vec *v)
{
	udp_body(w, v, (struct kind){ .is6 = true, .lite = true });
}

/* --- the endpoint --- */

/* UDP-Lite's datagram is as long as IP says. */
static struct cursor udp_payload(const struct l4_end *e, const struct pkt *p, struct l4_addr *ret_from)
{
	const struct udp_hdr *h = pkt_l4(p);
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	if (!udp_is_lite(e))
		cur_trim(&c, be16_get(h->len));
	cur_skip(&c, sizeof *h);
	ret_from->port = be16_get(h->sport);
	return c;
}

static void udp_note(const struct l4_end *e, const struct pkt *p, enum l4_fate fate, uint32_t n)
{
	bool lite = udp_is_lite(e), is6 = *(const uint8_t *)pkt_l3(p) >> 4 == 6;
	if (fate == L4_READ) {
		udp_count(e->home, lite, is6, UDP_N_IN_DATAGRAMS, n);
		return;
	}
	udp_count(e->home, lite, is6, UDP_N_IN_ERRORS, n);
	udp_count(e->home, lite, is6, fate == L4_LOST_RCVBUF ? UDP_N_RCVBUF_ERRORS : UDP_N_MEM_ERRORS, n);
}

/* What both have; PROTO is where they differ. */
#define UDP_OPS(name_, proto)                                                                               \
	{                                                                                                   \
		.name = (name_), .type = SOCK_DGRAM, .proto4 = (proto), .proto6 = (proto),                  \
		.has_ports = true, .by_peer = true, .charged = true, .close = udp_forget, .send = udp_send, \
		.payload = udp_payload, .count = udp_note,                                                  \
	}
static const struct l4_ops udp_ops = UDP_OPS("udp", IPPROTO_UDP);
static const struct l4_ops udplite_ops = UDP_OPS("udplite", IPPROTO_UDPLITE);

/* Where its payload begins, for devices that split. */
static uint32_t udp_split(struct cursor c)
{
	return sizeof(struct udp_hdr);
}
static const struct rx_split_rule udp_split_rule = { IPPROTO_UDP, 0, udp_split };

/* --- counters --- */

uint64_t udp_counted(const struct leat_stack *st, bool lite, uint8_t family, enum udp_count n)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct udp_worker *uw = worker_state(st->worker[i], MODULE_udp);
		sum += uw ? racy_get(uw->n[lite][family == AF_INET6][n]) : 0;
	}
	return sum;
}

static const char *const count_names[UDP_COUNTS] = {
	[UDP_N_IN_DATAGRAMS] = "in-datagrams",   [UDP_N_NO_PORTS] = "no-ports",
	[UDP_N_IN_ERRORS] = "in-errors",         [UDP_N_OUT_DATAGRAMS] = "out-datagrams",
	[UDP_N_RCVBUF_ERRORS] = "rcvbuf-errors", [UDP_N_SNDBUF_ERRORS] = "sndbuf-errors",
	[UDP_N_IN_CSUM_ERRORS] = "csum-errors",  [UDP_N_IGNORED_MULTI] = "ignored-multi",
	[UDP_N_MEM_ERRORS] = "mem-errors",
};
static const struct kind kinds[] = { { false, false }, { true, false }, { false, true }, { true, true } };
static const char *const kind_names[ARRAY_SIZE(kinds)] = { "udp4", "udp6", "udplite4", "udplite6" };

static int udp_save(struct leat_stack *st, struct saver *s)
{
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		save_begin(s, kind_names[k]);
		for (unsigned n = 0; n < UDP_COUNTS; n++) {
			uint64_t v = udp_counted(st, kinds[k].lite, kinds[k].is6 ? AF_INET6 : AF_INET,
						 (enum udp_count)n);
			if (v)
				save_u64(s, count_names[n], v);
		}
		save_end(s);
	}
	return save_error(s);
}

/* The first worker carries them. */
static int udp_restore(struct leat_stack *st, struct loader *l)
{
	uint64_t v;
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!load_has(l, kind_names[k]) || !load_begin(l, kind_names[k]))
			continue;
		for (unsigned n = 0; n < UDP_COUNTS; n++)
			if (load_has(l, count_names[n]) && load_u64(l, count_names[n], 0, UINT64_MAX, &v))
				udp_count(st->worker[0], kinds[k].lite, kinds[k].is6, (enum udp_count)n, v);
		load_end(l);
	}
	return load_error(l);
}

/* --- the module --- */

static const struct {
	const struct l4_ops *ops;
	uint8_t proto;
	const char *node4, *node6;
} protos[] = {
	{ &udp_ops, IPPROTO_UDP, "udp4-input", "udp6-input" },
	{ &udplite_ops, IPPROTO_UDPLITE, "udplite4-input", "udplite6-input" },
};

static int udp_init(struct leat_stack *st)
{
	int err = rx_split_add(st, &udp_split_rule);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(protos); i++) {
		err = l4_ops_add(st, protos[i].ops);
		if (!err)
			err = ip4_proto_add(st, protos[i].proto, protos[i].node4);
		if (!err)
			err = ip6_proto_add(st, protos[i].proto, protos[i].node6);
	}
	return err;
}

static void udp_unlink(struct leat_stack *st)
{
	for (unsigned i = 0; i < ARRAY_SIZE(protos); i++) {
		ip4_proto_remove(st, protos[i].proto);
		ip6_proto_remove(st, protos[i].proto);
		l4_ops_remove(st, protos[i].ops);
	}
	rx_split_remove(st, &udp_split_rule);
}

#define UDP_NODE(name_, fn, error)                                                         \
	{                                                                                  \
		.name = (name_), .run = (fn),                                              \
		.next = { [UDP_NEXT_DELIVER] = "l4-deliver", [UDP_NEXT_ERROR] = (error) }, \
	}
static const struct node udp4_node = UDP_NODE("udp4-input", udp4_input, "icmp4-error");
static const struct node udp6_node = UDP_NODE("udp6-input", udp6_input, "icmp6-error");
static const struct node udplite4_node = UDP_NODE("udplite4-input", udplite4_input, "icmp4-error");
static const struct node udplite6_node = UDP_NODE("udplite6-input", udplite6_input, "icmp6-error");
static const struct node *const udp_nodes[] = { &udp4_node, &udp6_node, &udplite4_node, &udplite6_node,
						NULL };

const struct module udp_module = {
	.name = "udp",
	.id = MODULE_udp,
	.nodes = udp_nodes,
	.worker_size = sizeof(struct udp_worker),
	.init = udp_init,
	.unlink = udp_unlink,
	.save = udp_save,
	.restore = udp_restore,
};
