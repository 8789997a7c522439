/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: icmp4-error is fed by edges from any node that refuses a packet (edge.icmp_error says which error, and what the
 * packet is dropped as). It decides whether the sender may be told, makes the error with as much of the packet as RFC 1812, 4.3.2.3
 * wants quoted, and drops the packet. */
#include <sys/socket.h>

#include "ip/icmp_internal.h"
#include "ip/ip_explain.h"
#include "ip/ip4_options.h"
#include "net/addr.h"
#include "pkt/csum.h"
#include "net/l3.h"
#include "wire/eth.h"
#include "wire/icmp4.h"
#include "wire/icmp_ext.h"
#include "wire/ip4.h"

enum icmp4_error_next { ICMP4_ERROR_OUTPUT = 1, ICMP4_ERROR_OUTPUT_WHOLE };
enum { ERROR_MAX = 576, PREC_INTERNETCONTROL = 0xc0, TOS_MASK = 0x1e };

/* The interface by which p belongs to a VRF. */
static uint32_t link_of(const struct pkt *p)
{
	return p->flags & PKT_F_LOCAL_OUT ? p->out_if : p->in_if;
}

static bool is_local(const struct worker *w, const struct pkt *p, be32 a)
{
	const struct fib_nh *nh = fib4_lookup_at(w, link_of(p), a);
	return nh && nh->type == RTN_LOCAL;
}

/* RFC 1122, 3.2.2: the source must be one host; by loopback, any of our names for ourselves is. */
static bool is_one_host(const struct worker *w, const struct pkt *p, be32 a)
{
	if (a.b[0] == 0 || ip4_is_group(a) || (a.b[0] == 127 && !icmp_by_loopback(w, p)))
		return false;
	const struct fib_nh *nh = fib4_lookup_at(w, link_of(p), a);
	return !nh || nh->type != RTN_BROADCAST;
}

/* An error, or ICMP of which one cannot tell. Linux: types that nobody knows may be errors. */
static bool is_icmp_error(const struct pkt *p, const struct ip4_hdr *h)
{
	uint8_t tmp;
	struct cursor c = pkt_cursor(p);
	if (h->proto != IP_PROTO_ICMP4)
		return false;
	if (!cur_skip(&c, ip4_hdr_len(h)))
		return true;
	const uint8_t *type = cur_take(&c, &tmp, sizeof tmp);
	return !type || icmp4_is_error(*type) || *type > ICMP4_MASK_REPLY;
}

/* RFC 1122, 3.2.2 and RFC 1812, 4.3.2.7. What this stack sent itself has its errors come back by the loopback interface, where
 * sockets hear of them; a source that is not ours (IP_HDRINCL) hears nothing. */
static bool error_is_due(const struct worker *w, const struct pkt *p, const struct ip4_hdr *h)
{
	if (p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST))
		return false;
	if (p->flags & PKT_F_LOCAL_OUT && !is_local(w, p, h->src))
		return false;
	if (be16_get(h->frag) & IP4_FRAG_OFF_MASK)
		return false;
	if (ip4_is_group(h->dst) || !is_one_host(w, p, h->src))
		return false;
	const struct fib_nh *nh = fib4_lookup_at(w, link_of(p), h->dst);
	return !(nh && nh->type == RTN_BROADCAST) && !is_icmp_error(p, h);
}

/* RFC 1812, 4.3.2.4: the address that was written to, if it is ours; else one of the interface the error leaves by, or of the
 * one the cause came by, when told so. RFC 7600, 4.8: a router without any has a name for itself. */
static be32 error_source(const struct worker *w, const struct pkt *cause, be32 dst, const struct ip_way *way)
{
	static const be32 dummy = { { 192, 0, 0, 8 } };
	const struct ip4_hdr *was = pkt_l3(cause);
	const struct iface *in = iface_get(w, cause->in_if);
	const struct ipaddr to = { .v4 = dst };
	struct ipaddr src;
	if (is_local(w, cause, was->dst))
		return was->dst;
	if (in && racy_get(icmp4_stack(w->st)->inbound_source) &&
	    addr_select_source(w, in, AF_INET, &to, &src))
		return src.v4;
	return way->has_src ? way->src.v4 : dummy;
}

struct error_hdr {
	struct ip4_hdr ip;
	uint8_t options[IP4_OPTIONS_MAX];
};

/* The header's length. Linux: options of the cause are answered as those of an echo request are. */
static unsigned fill_ip(const struct worker *w, struct error_hdr *h, const struct pkt *cause,
			const struct ip_way *way)
{
	const struct ip4_hdr *was = pkt_l3(cause);
	be32 src = error_source(w, cause, was->src, way), hop;
	int len = ip4_options_echo(w, l3_handle_of(w, link_of(cause)), was, src, was->src, h->options, &hop);
	h->ip = (struct ip4_hdr){
		.ver_ihl = (uint8_t)(0x45 + (len > 0 ? len : 0) / 4),
		.tos = (was->tos & TOS_MASK) | PREC_INTERNETCONTROL, /* RFC 1812, 4.3.2.5 */
		.ttl = way->hops,
		.proto = IP_PROTO_ICMP4,
		.src = src,
		.dst = len > 0 ? hop : was->src,
	};
	return (unsigned)sizeof h->ip + (len > 0 ? (unsigned)len : 0);
}

/* *extended: whether it would be, and then whether this type is. */
static struct icmp4_hdr icmp_of(const struct pkt *cause, bool *extended)
{
	struct icmp4_msg m = { .type = cause->edge.icmp_error.type, .code = cause->edge.icmp_error.code };
	struct icmp4_hdr h;
	uint32_t info = cause->edge.icmp_error.info;
	icmp4_set_info(&m, *extended ? icmp4_ext_info(m.type, info, extended) : info);
	icmp4_emit(&m, &h);
	return h;
}

static struct pkt *make_error(struct worker *w, const struct pkt *cause, const struct ip_way *way)
{
	struct error_hdr ip;
	bool extended = icmp_is_extended(w, &icmp4_stack(w->st)->extension, cause);
	struct icmp4_hdr icmp = icmp_of(cause, &extended);
	uint32_t room = MAX(MIN(way->mtu, (uint32_t)ERROR_MAX), (uint32_t)IP4_MIN_MTU + IP4_OPTIONS_MAX);
	struct pkt *e = pkt_new(w->lc);
	if (!e)
		return NULL;
	uint32_t len = fill_ip(w, &ip, cause, way);
	if (!pkt_append(w->lc, e, &ip, len) || !pkt_append(w->lc, e, &icmp, sizeof icmp) ||
	    !icmp_quote(w->lc, e, cause, room - len - (uint32_t)sizeof icmp, extended) ||
	    (extended && !icmp_extend(w, e, cause, AF_INET))) {
		pkt_free(w->lc, e);
		return NULL;
	}
	e->l3_off = e->headroom;
	e->out_if = l3_handle_of(w, link_of(cause));
	e->ethertype = ETH_P_IP;
	e->l4_off = (uint16_t)(e->headroom + len);
	e->flags = cause->flags & PKT_F_TRACED;
	e->trace_id = cause->trace_id;
	pkt_csum_defer(e, 0, offsetof(struct icmp4_hdr, csum));
	return e;
}

/* What the cause is dropped as: its own reason, unless its sender should have been told and was not. */
static enum drop icmp4_error_one(struct worker *w, struct pkt *p)
{
	const struct ip4_hdr *h = pkt_l3(p);
	enum drop why = p->edge.icmp_error.why;
	struct ip_way way;
	if (!error_is_due(w, p, h))
		return why ? why : DROP_ICMP_NO_ERROR_DUE;
	if (ip4_way(w, l3_handle_of(w, link_of(p)), h->src, &way)) /* the sender cannot be reached */
		return why ? why : DROP_IP_NO_ROUTE;
	if (!icmp4_may_send(w, p, h->src, p->edge.icmp_error.type, p->edge.icmp_error.code))
		return DROP_ICMP_RATE_LIMITED;
	struct pkt *e = make_error(w, p, &way);
	if (!e)
		return DROP_NO_BUFFER;
	bool options = e->l4_off - e->l3_off > (int)sizeof *h;
	node_send(w, options ? ICMP4_ERROR_OUTPUT_WHOLE : ICMP4_ERROR_OUTPUT, e);
	return why ? why : DROP_ICMP_DONE;
}

static void icmp4_error(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = pkt_drop(v->pkt[i], icmp4_error_one(w, v->pkt[i]));
	vec_dispatch(w, v, next);
}

const struct node icmp4_error_node = {
	.name = "icmp4-error",
	.run = icmp4_error,
	.explain = icmp4_error_explain,
	.next = { [ICMP4_ERROR_OUTPUT] = "ip4-output", [ICMP4_ERROR_OUTPUT_WHOLE] = "ip4-output-whole" },
};
