/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: icmp6-error is fed by edges from any node that refuses a packet (edge.icmp_error says which error, and what the
 * packet is dropped as). It decides by RFC 4443, 2.4(e) whether the sender may be told, makes the error with as much of the packet as
 * the minimum MTU holds, and drops the packet. */
#include <sys/socket.h>

#include "ip/icmp_internal.h"
#include "ip/ip_explain.h"
#include "ip/ip6_internal.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/icmp_ext.h"

enum icmp6_error_next { ICMP6_ERROR_OUTPUT = 1 };

/* RFC 4443, 2.4(c) */
enum { QUOTE_MAX = IP6_MIN_MTU - sizeof(struct ip6_hdr) - sizeof(struct icmp6_hdr) };

/* Over an authentication header, to the transport's. False: the packet ends before that. */
static bool step_over_ah(struct cursor c, struct ip6_chain *ch)
{
	uint8_t tmp[2];
	const uint8_t *h = cur_skip(&c, ch->l4_off) ? cur_take(&c, tmp, sizeof tmp) : NULL;
	if (!h)
		return false;
	ch->proto = h[0];
	ch->l4_off += (h[1] + 2u) * 4; /* RFC 4302, 2.2 */
	return true;
}

/* Ineligible as cause: an error or a redirect, or ICMPv6 too short to tell. A later fragment is of neither: errors are not longer
 * than 1,280 bytes (RFC 4443, 2.4(c)), redirects not either (RFC 4861, 4.5), so nobody cuts them. Linux: the same. */
static bool is_icmp_error(const struct pkt *p)
{
	struct ip6_chain ch;
	uint8_t tmp;
	struct cursor c = pkt_cursor(p);
	ip6_walk(c, IP6_WALK_ROUTER, &ch);
	if (ch.proto == IP_PROTO_AH && !ch.frag_off && !step_over_ah(c, &ch))
		return false;
	if (ch.proto != IP_PROTO_ICMP6)
		return false;
	if (ch.fragment && ch.frag_off)
		return false;
	if (!cur_skip(&c, ch.l4_off))
		return true;
	const uint8_t *type = cur_take(&c, &tmp, sizeof tmp);
	return !type || icmp6_is_error(*type) || *type == ICMP6_REDIRECT;
}

/* What this stack sent itself has its errors come back by the loopback interface, where sockets hear of them; a source that is not
 * ours (IPV6_HDRINCL) hears nothing. */
static bool is_not_ours(const struct worker *w, const struct pkt *p, const struct ip6 *src)
{
	return p->flags & PKT_F_LOCAL_OUT && !icmp6_is_local(w, p->out_if, src);
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
	if (!racy_get(icmp6_stack(w->st)->error_anycast) &&
	    icmp6_is_anycast(w, p->in_if, &h->src)) /* is no single node */
		return false;
	if (ip6_is_loopback(&h->src) && !icmp_by_loopback(w, p))
		return false;
	return !is_icmp_error(p);
}

static bool may_be_source(const struct worker *w, const struct pkt *cause, const struct ip6 *a)
{
	return !ip6_is_multicast(a) && icmp6_is_local(w, cause->in_if, a);
}

/* RFC 4443, 2.2: the address the packet was for, if ours alone (Linux: an anycast one, too), else one of the interface it came by: Linux, RFC 4443 would rather have
 * the one by which the error leaves. A route that prefers a source has its way. */
static bool error_source(const struct worker *w, const struct pkt *cause, const struct ip6_hdr *was,
			 struct ip6 *ret)
{
	uint32_t out_if = icmp6_answer_if(w, cause, &was->src);
	const struct iface *in = iface_get(w, cause->in_if);
	const struct ipaddr to = { .v6 = was->src };
	struct ipaddr src;
	if (may_be_source(w, cause, &was->dst)) {
		*ret = was->dst;
		return true;
	}
	if (cause->flags & PKT_F_LOCAL_OUT) { /* from ourselves to ourselves */
		*ret = was->src;
		return true;
	}
	const struct fib_nh *nh = ip6_is_link_local(&was->src) ? NULL : fib6_lookup_at(w, out_if, &was->src);
	if (in && !(nh && nh->prefsrc_family) && addr_select_source(w, in, AF_INET6, &to, &src)) {
		*ret = src.v6;
		return true;
	}
	return ip6_source(w, out_if, &was->src, ret);
}

static struct pkt *make_error(struct worker *w, const struct pkt *cause, const struct ip6 *src)
{
	const struct ip6_hdr *was = pkt_l3(cause);
	uint8_t hops = ip6_hops(w, icmp6_answer_if(w, cause, &was->src), &was->src);
	struct ip6_hdr ip = icmp6_ip_hdr(src, &was->src, hops);
	uint32_t label = ip6_auto_label(w->st, src, &was->src, IP_PROTO_ICMP6, ip6_labels_by_default(w->st));
	ip.ver_tc_flow = be32_of(6u << 28 | label);
	struct icmp6_hdr h;
	struct icmp6_msg m = { .type = cause->edge.icmp_error.type,
			       .code = cause->edge.icmp_error.code,
			       .info = cause->edge.icmp_error.info };
	bool extended = icmp_is_extended(w, &icmp6_stack(w->st)->extension, cause);
	if (extended)
		m.info = icmp6_ext_info(m.type, m.info, &extended);
	icmp6_emit(&m, &h);
	struct pkt *e = icmp6_new(w->lc, &ip, &h, sizeof h);
	if (!e)
		return NULL;
	if (!icmp_quote(w->lc, e, cause, QUOTE_MAX, extended) ||
	    (extended && !icmp_extend(w, e, cause, AF_INET6))) {
		pkt_free(w->lc, e);
		return NULL;
	}
	e->out_if = icmp6_answer_if(w, cause, &was->src);
	e->flags = cause->flags & PKT_F_TRACED;
	e->trace_id = cause->trace_id;
	pkt_csum_defer(e, csum_pseudo6(src, &was->src, IP_PROTO_ICMP6, e->len - (uint32_t)sizeof ip),
		       offsetof(struct icmp6_hdr, csum));
	return e;
}

/* What the cause is dropped as: its own reason, unless its sender should have been told and was not. */
static enum drop icmp6_error_one(struct worker *w, struct pkt *p)
{
	const struct ip6_hdr *h = pkt_l3(p);
	enum drop why = p->edge.icmp_error.why;
	struct ip6 src;
	if (!error_is_due(w, p, h))
		return why ? why : DROP_ICMP_NO_ERROR_DUE;
	if (!error_source(w, p, h, &src))
		return why ? why : DROP_IP_NO_SOURCE;
	if (!icmp6_may_send(w, p, &h->src, p->edge.icmp_error.type))
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

const struct node icmp6_error_node = {
	.name = "icmp6-error",
	.run = icmp6_error,
	.explain = icmp6_error_explain,
	.next = { [ICMP6_ERROR_OUTPUT] = "ip6-output" },
};
