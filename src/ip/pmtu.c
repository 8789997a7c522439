/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: path MTU discovery of the whole stack (RFC 1191, RFC 8201). A router that cannot pass on a packet of ours says
 * how long it may be. Who sent the packet (a transport, or icmp6 for its answers) proves that it was ours, and then tells
 * here; from here it becomes an exception from the route (net/fib_exc.h), which ip4-output and ip6-output put beside the
 * route of each packet of ours. ip4-post, ip6-post and the nodes that cut obey it, sockets ask for it by ip4_way() and
 * ip6_way(). It ends after net.ipv4.route.mtu_expires, and then the path is tried anew.
 *
 * Whom to believe. Anybody can forge such an error, so each must get past all of this:
 *   - What it quotes could have met this fate: it was longer than the MTU claimed.
 *   - It was ours: sockets compare addresses and ports. For echo replies of ours, which no socket vouches for, IPv4 sends them
 *     without "do not fragment", so there is never anything to be told; over IPv6 the flow label of each is a keyed
 *     hash that only who saw the reply can quote; where net.ipv6.auto_flowlabels makes no labels, or the label is the asker's
 *     (net.ipv6.flowlabel_reflect), nobody is believed. (Linux believes any error that quotes an echo reply.) No other answer of
 *     the stack is ever longer than the least MTU.
 *   - The MTU is less than what is known. Nothing raises it but time.
 *   - IPv6: at least 1280 (RFC 8201, 4: less is discarded; so there are no atomic fragments, RFC 8021). IPv4: what is below
 *     net.ipv4.route.min_pmtu becomes that, and packets may then be cut on their way, as on Linux.
 *   - Not too much of it: net/fib_exc.c has the bounds.
 * What remains is that somebody who guesses a socket's ports makes its packets to one destination smaller for ten minutes.
 *
 * Routes may forbid it (`mtu lock`), sockets may (IP_MTU_DISCOVER: PROBE and above go by the link's MTU, PKT_F_LINK_MTU), and
 * net.ipv4.ip_no_pmtu_disc. What is forwarded goes by its route alone, but with net.ipv4.ip_forward_use_pmtu (IPv4).
 *
 * Left out: RFC 4821 probing, which is the transports'. */
#include "ip/pmtu.h"

#include <netinet/in.h>

#include "ip/ip6_internal.h"
#include "wire/ip4.h"

/* --- what may be --- */

static enum drop check4(const struct leat_stack *st, struct cursor quoted, uint32_t mtu)
{
	struct ip4_hdr h;
	uint8_t disc = pmtu_disc4(st);
	if (!cur_copy(&quoted, &h, sizeof h))
		return DROP_TRUNCATED;
	bool verifies = h.proto == IPPROTO_TCP || h.proto == IPPROTO_SCTP || h.proto == IPPROTO_DCCP;
	if (disc == PMTU_DISC_DEAF || (disc == PMTU_DISC_HARD && !verifies))
		return DROP_PMTU_OFF;
	return be16_get(h.len) > mtu ? DROP_NONE : DROP_PMTU_IMPLAUSIBLE;
}

static enum drop check6(struct cursor quoted, uint32_t mtu)
{
	struct ip6_hdr h;
	if (!cur_copy(&quoted, &h, sizeof h))
		return DROP_TRUNCATED;
	if (mtu < IP6_MIN_MTU) /* RFC 8201, 4 */
		return DROP_PMTU_TOO_SMALL;
	return be16_get(h.payload_len) + sizeof h > mtu ? DROP_NONE : DROP_PMTU_IMPLAUSIBLE;
}

enum drop pmtu_check(const struct leat_stack *st, uint8_t family, struct cursor quoted, uint32_t mtu)
{
	return family == AF_INET6 ? check6(quoted, mtu) : check4(st, quoted, mtu);
}

uint8_t pmtu_disc4(const struct leat_stack *st)
{
	const struct ip_stack *ip = ip4_stack(st);
	return ip ? racy_get(ip->no_pmtu_disc) : PMTU_DISC_ON;
}

/* --- what is learned --- */

/* Linux, __ip_rt_update_pmtu(). */
static void bound4(const struct leat_stack *st, struct fib_exc_news *n, uint32_t known)
{
	uint32_t min = racy_get(fib_exc_state(st)->conf.min_pmtu);
	if (pmtu_disc4(st) == PMTU_DISC_OFF)
		n->mtu = 0;
	if (n->mtu >= min)
		return;
	n->mtu = MIN(known, min);
	n->mtu_locked = true;
}

/* Linux: what is known is taken again once half of its time is over. */
static bool wants_refresh(const struct worker *w, const struct fib_exc *x, const struct fib_exc_news *n)
{
	const struct fib_exc_conf *conf = &fib_exc_state(w->st)->conf;
	uint64_t half_us = racy_get(conf->mtu_expires_s[n->family == AF_INET6]) * UINT64_C(500000);
	return x && x->mtu == n->mtu && x->mtu_until_us < w->lc->now_us + half_us;
}

/* A socket that is bound to no address vouches for any, so somebody else's is refused here. Linux: no way leads from it. */
static bool is_from_us(const struct worker *w, const struct fib_query *q)
{
	return q->family != AF_INET || ipaddr_is_zero(&q->src) || addr_find(w, AF_INET, &q->src);
}

void pmtu_heard(struct worker *w, const struct fib_query *q, uint32_t mtu)
{
	struct ip_way way;
	struct fib_exc_news n = { .dst = q->dst, .family = q->family, .mtu = mtu };
	if (!is_from_us(w, q) || ip_way(w, q, &way) || way.type != RTN_UNICAST || way.mtu_locked ||
	    !fib_exc_state(w->st))
		return;
	n.via = way.via;
	if (q->family == AF_INET)
		bound4(w->st, &n, way.mtu);
	if (n.mtu < way.mtu || n.mtu_locked || wants_refresh(w, way.exc, &n))
		fib_exc_tell(w, &n);
}

/* --- answers --- */

uint32_t pmtu_answer_label(const struct leat_stack *st, const struct ip6 *src, const struct ip6 *dst,
			   uint16_t id)
{
	uint64_t flow = (uint64_t)IP_PROTO_ICMP6 << 32 | id;
	return ip6_auto_label(st, src, dst, flow, ip6_labels_by_default(st));
}

/* *ret: how the answer was routed. */
static bool is_answer(const struct leat_stack *st, struct cursor c, struct fib_query *ret)
{
	struct ip6_hdr h;
	struct icmp6_hdr icmp;
	struct ip6_chain ch;
	struct cursor look = c;
	if (!cur_copy(&look, &h, sizeof h))
		return false;
	ip6_walk(c, IP6_WALK_ROUTER, &ch);
	if (ch.proto != IP_PROTO_ICMP6 || (ch.fragment && ch.frag_off) || !cur_skip(&c, ch.l4_off) ||
	    !cur_copy(&c, &icmp, sizeof icmp) || icmp.type != ICMP6_ECHO_REPLY)
		return false;
	*ret = (struct fib_query){ .family = AF_INET6,
				   .src.v6 = h.src,
				   .dst.v6 = h.dst,
				   .proto = IP_PROTO_ICMP6,
				   .flow = be32_get(h.ver_tc_flow) & IP6_FLOW_MASK };
	return ret->flow &&
	       ret->flow == pmtu_answer_label(st, &h.src, &h.dst, (uint16_t)(be32_get(icmp.info) >> 16));
}

bool pmtu_answer_heard(struct worker *w, const struct pkt *p)
{
	struct icmp6_msg m;
	struct fib_query q;
	if (icmp6_parse(pkt_cursor_at(p, p->l4_off), &m) || !is_answer(w->st, m.body, &q))
		return false;
	if (ip6_is_link_local(&q.dst.v6))
		q.oif = p->in_if;
	pmtu_heard(w, &q, m.info);
	return true;
}

/* --- what packets obey --- */

const struct fib_exc *ip_exc_of(const struct worker *w, const struct pkt *p, const struct fib_nh *nh,
				uint8_t family)
{
	struct ipaddr dst = { 0 };
	const struct fib_via via = fib_via_of(p->out_if, nh);
	if (family == AF_INET6)
		dst.v6 = ((const struct ip6_hdr *)pkt_l3(p))->dst;
	else
		dst.v4 = ((const struct ip4_hdr *)pkt_l3(p))->dst;
	return fib_exc_lookup(w->st, family, &dst, &via);
}

/* Linux, ip_dst_mtu_maybe_forward(). */
static bool obeys(const struct worker *w, const struct pkt *p, const struct fib_exc *x)
{
	if (p->flags & PKT_F_LOCAL_OUT || x->mtu_locked)
		return true;
	return x->family == AF_INET && racy_get(ip4_stack(w->st)->forward_use_pmtu);
}

uint32_t ip_packet_mtu_otherwise(const struct worker *w, const struct pkt *p, const struct iface *out)
{
	const struct fib_exc *x = p->edge.ip_route.exc;
	if (p->flags & PKT_F_LINK_MTU)
		return p->ext && p->ext->sender.cut_at ? p->ext->sender.cut_at : racy_get(out->mtu);
	uint32_t mtu = route_mtu(p->edge.ip_route.nh, out);
	return x && x->mtu && obeys(w, p, x) ? MIN(mtu, x->mtu) : mtu;
}
