/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a raw socket hears every packet of its protocol that is for this host (raw(7), RFC 3542, 3). While there is one
 * for a protocol, raw4-input or raw6-input is that protocol's tap (ip/ip.h): it sends a copy to each endpoint that hears the packet
 * and then the packet itself to who takes the protocol; without raw sockets nothing on a packet's way knows of them. A copy has
 * the headers of its own and shares the payload. When nobody takes the protocol but raw sockets, its sender is not told.
 *
 * IPv4 gives and, with IP_HDRINCL, takes IP headers; IPv6 gives what is behind them, and sums ICMPv6 and whatever IPV6_CHECKSUM
 * says. Checksums of copies are finished before they are delivered, since a reader may want to verify them.
 *
 * Linux does otherwise: a header that is included is routed by its own destination here, by the call's there; IPv6's extension
 * headers are no protocols that a socket could hear here. */
#include "l4/l4_internal.h"
#include "pkt/csum.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

enum raw_next { RAW_NEXT_DELIVER = 1, RAW_NEXT_ERROR };
/* Bytes of a copy that are its own, behind the IP header: transport headers, which others may still change. */
enum { KEEP_BYTES = 128, ICMP6_FILTER_BYTES = 4 };

struct raw_stack { /* open ones; control lcore */
	uint32_t n4[256], n6[256];
};

/* --- in --- */

static bool icmp4_wanted(const struct l4_end *e, const struct pkt *p)
{
	struct icmp4_hdr h;
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	return cur_copy(&c, &h, sizeof h) && (h.type > 31 || !(e->opt->icmp_filter >> h.type & 1));
}

static bool icmp6_wanted(const struct l4_end *e, const struct pkt *p)
{
	uint8_t h[ICMP6_FILTER_BYTES];
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	return cur_copy(&c, h, sizeof h) && !(e->opt->icmp6_filter[h[0] >> 5] >> (h[0] & 31) & 1);
}

/* RFC 3542, 3.1: what has a wrong sum is not for those who asked for sums. */
static bool sum_holds(struct pkt *p)
{
	const struct ip6_hdr *h = pkt_l3(p);
	uint32_t len = p->len - (uint32_t)(p->l4_off - p->headroom);
	uint8_t was = p->csum;
	bool ok = pkt_csum_ok(p, csum_pseudo6(&h->src, &h->dst, p->ip_proto, len), len);
	p->csum = was; /* whose protocol it is may see another length */
	return ok;
}

static bool is_wanted(const struct l4_end *e, struct pkt *p, bool is6)
{
	if (!is6)
		return e->proto != IPPROTO_ICMP || icmp4_wanted(e, p);
	if (e->proto == IPPROTO_ICMPV6 && !icmp6_wanted(e, p))
		return false;
	return e->opt->csum_off < 0 || sum_holds(p);
}

static void send_copy(struct worker *w, struct pkt *p, const struct l4_end *e)
{
	struct pkt *c = l4_copy(w, e->family == AF_INET6 ? "raw6-input" : "raw4-input", p,
				(uint32_t)(p->l4_off - p->headroom) + KEEP_BYTES);
	if (!c)
		return;
	enum drop why = pkt_csum_finish(c);
	node_send(w, why ? pkt_drop(c, why) : l4_deliver_to(c, e, false, RAW_NEXT_DELIVER), c);
}

/* Linux: who hears a packet has taken it, even if his filter does not let it through. */
static bool to_all(struct worker *w, struct pkt *p, bool is6)
{
	struct l4_tuple t = { .proto = p->ip_proto };
	bool taken = false;
	l4_tuple_of(w, p, is6, &t);
	for (struct l4_end *e = NULL; (e = l4_raw_next(w, &t, is6 ? AF_INET6 : AF_INET, e)); taken = true)
		if (is_wanted(e, p, is6))
			send_copy(w, p, e);
	return taken;
}

static uint8_t nobody(struct pkt *p, bool is6)
{
	struct ip6_chain ch;
	if (!is6) /* RFC 1122, 3.2.2.1 */
		return ip_error(p, RAW_NEXT_ERROR, ICMP4_UNREACH, ICMP4_UNREACH_PROTO, 0,
				DROP_IP_PROTO_UNKNOWN);
	ip6_walk(pkt_cursor(p), IP6_WALK_DESTINATION, &ch);
	if (p->ip_proto == IP_PROTO_NONE) /* RFC 8200, 4.7 */
		return pkt_drop(p, DROP_IP_PROTO_UNKNOWN);
	return ip_error(p, RAW_NEXT_ERROR, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_NEXT_HEADER, ch.next_off,
			DROP_IP_PROTO_UNKNOWN); /* RFC 8200, 4 */
}

static uint8_t raw_one(struct worker *w, struct pkt *p, bool is6)
{
	uint8_t edge = ip_proto_rest(w->st, is6 ? AF_INET6 : AF_INET, p->ip_proto);
	bool taken = to_all(w, p, is6);
	if (taken)
		p->flags |= PKT_F_RAW_SEEN;
	if (edge)
		return edge;
	return taken ? pkt_drop(p, DROP_RAW_DONE) : nobody(p, is6);
}

static void raw4_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = raw_one(w, v->pkt[i], false);
	vec_dispatch(w, v, next);
}

static void raw6_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = raw_one(w, v->pkt[i], true);
	vec_dispatch(w, v, next);
}

/* --- to the reader --- */

static struct cursor raw_payload(const struct l4_end *e, const struct pkt *p, struct l4_addr *ret_from)
{
	return pkt_cursor_at(p, e->family == AF_INET ? p->l3_off : p->l4_off);
}

/* --- out --- */

/* Linux: the type and code of ICMP are looked at on the way, so they must be there. */
static int check_len(uint8_t proto, size_t len)
{
	bool icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	return icmp && len < 2 ? -EFAULT : 0;
}

static int send4(struct l4_end *e, const struct l4_send *s, const struct l4_path *path)
{
	const struct l4_out o = { .csum_off = -1, .buf = s->buf, .len = s->len, .unchecked = true };
	int err = check_len(path->proto, s->len);
	return err ? err : l4_output(e, path, &o);
}

/* The sum is made here: it may be anywhere, and what is there now does not count. */
static int send6(struct l4_end *e, const struct l4_send *s, const struct l4_path *path)
{
	const uint8_t *buf = s->buf;
	struct l4_out o = { .csum_off = -1, .buf = buf, .len = s->len, .unchecked = true };
	int err = check_len(path->proto, s->len);
	if (err || e->opt->csum_off < 0)
		return err ? err : l4_output(e, path, &o);
	size_t at = (size_t)e->opt->csum_off, behind = at + sizeof(be16);
	if (behind > s->len)
		return -EINVAL;
	uint32_t sum = csum_pseudo6(&path->src, &path->dst, path->proto, (uint32_t)s->len);
	sum = csum_add(sum, csum_add(csum_mem(buf, at), csum_mem(buf + behind, s->len - behind)));
	be16 csum = be16_of(path->proto == IPPROTO_UDP ? csum_done_udp(sum) : csum_done(sum));
	o = (struct l4_out){ .hdr = buf,
			     .hdr_len = (uint16_t)at,
			     .csum_off = -1,
			     .buf = &csum,
			     .len = sizeof csum,
			     .tail = buf + behind,
			     .tail_len = s->len - behind,
			     .unchecked = true };
	return l4_output(e, path, &o);
}

/* With the headers that the caller wrote. */
static int send_whole(struct l4_end *e, const struct l4_send *s, const struct l4_path *path)
{
	struct ip4_hdr h;
	uint32_t hdr_len = sizeof(struct ip6_hdr);
	if (s->len > path->link_mtu) {
		l4_error_too_long(e, path, path->link_mtu);
		return -EMSGSIZE;
	}
	if (s->len < (path->is6 ? sizeof(struct ip6_hdr) : sizeof h))
		return -EINVAL;
	if (!path->is6) {
		memcpy(&h, s->buf, sizeof h);
		hdr_len = ip4_hdr_len(&h);
	}
	if (hdr_len > s->len || (!path->is6 && hdr_len < sizeof h))
		return -EINVAL;
	return l4_output_whole(e, path, s->buf, (uint32_t)s->len, hdr_len);
}

/* Linux: over IPv6 the port of a destination is the protocol, if it is not zero. */
static int proto_of(const struct l4_end *e, const struct l4_addr *to, uint8_t *ret)
{
	*ret = e->proto;
	if (e->family == AF_INET || !to || !to->port || to->port == e->proto)
		return 0;
	if (e->proto != IPPROTO_RAW || to->port > UINT8_MAX)
		return -EINVAL;
	*ret = (uint8_t)to->port;
	return 0;
}

static ssize_t raw_send(struct l4_end *e, const struct l4_send *s)
{
	const struct l4_addr *to = s->to ? s->to : &e->peer;
	struct l4_path path;
	uint8_t proto;
	if (s->len > UINT16_MAX)
		return -EMSGSIZE;
	int err = proto_of(e, s->to, &proto);
	if (err)
		return err;
	if (!s->to && !e->connected)
		return -EDESTADDRREQ;
	if (e->family == AF_INET && e->opt->hdrincl && l4_options_of(e, s->with))
		return -EINVAL; /* whose header is it? */
	if (e->family == AF_INET6 && l4_is4(&to->a))
		return -ENETUNREACH;
	err = l4_path_find(e, to, s->with, &path);
	if (err)
		return err;
	path.proto = proto;
	if (e->opt->hdrincl)
		err = send_whole(e, s, &path);
	else
		err = path.is6 ? send6(e, s, &path) : send4(e, s, &path);
	return err ? err : (ssize_t)s->len;
}

/* --- life --- */

static uint32_t *count_of(const struct l4_end *e)
{
	struct raw_stack *rs = stack_state(e->st, MODULE_raw);
	return e->family == AF_INET ? &rs->n4[e->proto] : &rs->n6[e->proto];
}

/* Options are shared by all who have the stack's own, until somebody changes one. */
static int open_options(struct l4_end *e)
{
	bool with_sum = e->family == AF_INET6 && e->proto == IPPROTO_ICMPV6,
	     with_header = e->proto == IPPROTO_RAW;
	struct l4_opts *o = with_sum || with_header ? l4_opts_own(e) : NULL;
	if (!o)
		return with_sum || with_header ? -ENOBUFS : 0;
	o->hdrincl = with_header;
	if (with_sum)
		o->csum_off = offsetof(struct icmp6_hdr, csum);
	return 0;
}

static int raw_open(struct l4_end *e)
{
	int err = open_options(e);
	if (err)
		return err;
	if (!*count_of(e))
		err = ip_proto_tap(e->st, e->family, e->proto,
				   e->family == AF_INET ? "raw4-input" : "raw6-input");
	if (err)
		return -ENOBUFS;
	++*count_of(e);
	e->local.port = e->proto; /* Linux: shown as if it were one */
	return 0;
}

static void raw_close(struct l4_end *e)
{
	if (--*count_of(e) == 0)
		ip_proto_untap(e->st, e->family, e->proto);
}

static const struct l4_ops raw_ops = {
	.name = "raw",
	.type = SOCK_RAW,
	.proto4 = L4_ANY_PROTO,
	.proto6 = L4_ANY_PROTO,
	.shares = true,
	.open = raw_open,
	.close = raw_close,
	.send = raw_send,
	.payload = raw_payload,
};

/* --- the module --- */

static int raw_init(struct leat_stack *st)
{
	return l4_ops_add(st, &raw_ops);
}

static void raw_unlink(struct leat_stack *st)
{
	l4_ops_remove(st, &raw_ops);
}

static const struct node raw4_node = {
	.name = "raw4-input",
	.run = raw4_input,
	.next = { [RAW_NEXT_DELIVER] = "l4-deliver", [RAW_NEXT_ERROR] = "icmp4-error" },
};
static const struct node raw6_node = {
	.name = "raw6-input",
	.run = raw6_input,
	.next = { [RAW_NEXT_DELIVER] = "l4-deliver", [RAW_NEXT_ERROR] = "icmp6-error" },
};
static const struct node *const raw_nodes[] = { &raw4_node, &raw6_node, NULL };

const struct module raw_module = {
	.name = "raw",
	.id = MODULE_raw,
	.nodes = raw_nodes,
	.stack_size = sizeof(struct raw_stack),
	.init = raw_init,
	.unlink = raw_unlink,
};
