/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-forward and ip4-post: RFC 1812, 5.3. The first decides that a packet goes on and takes one hop off it; the second is
 * where all that leaves comes through, forwarded or ours: it cuts what is too long for the link and may be cut, and says
 * whose link-layer address is wanted. */
#include "ip/ip_way_run.h"
#include "ip/ip_explain.h"
#include "ip/redirect_internal.h"
#include "pkt/csum.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

enum ip4_forward_next { IP4_FORWARD_POST = 1, IP4_FORWARD_HOOK, IP4_FORWARD_ERROR };
enum ip4_post_next { IP4_POST_NEIGH = 1, IP4_POST_HOOK, IP4_POST_FRAG, IP4_POST_ERROR };

/* How long a packet for which there may be an exception may be. */
static uint32_t mtu_otherwise(struct worker *w, struct pkt *p, const struct ip_way_run *run)
{
	p->edge.ip_route.exc = ip_exc_of(w, p, run->nh, AF_INET);
	return packet_mtu(w, p, run->out);
}

static uint8_t ip4_forward_one(struct worker *w, struct pkt *p, struct ip_way_run *run, bool look)
{
	const struct fib_nh *nh = p->edge.ip_route.nh;
	struct ip4_hdr *h = pkt_l3(p);
	if (!ip_way_goes_on(run, nh, nh->if_handle) &&
	    !ip_way_start(w, run, nh, nh->if_handle, HOOK_IP4_FORWARD))
		return pkt_drop(p, DROP_IF_GONE);
	if (unlikely(h->ttl <= 1)) /* RFC 1812, 5.3.1 */
		return ip_error(p, IP4_FORWARD_ERROR, ICMP4_TIME_EXCEEDED, ICMP4_EXCEEDED_TTL, 0,
				DROP_IP_TTL_EXPIRED);
	p->out_if = run->out_if;
	uint32_t mtu = likely(!look) ? run->mtu : mtu_otherwise(w, p, run);
	if (unlikely(!fits(p, mtu)) && be16_get(h->frag) & IP4_DF) /* RFC 1191, 4 */
		return ip_error(p, IP4_FORWARD_ERROR, ICMP4_UNREACH, ICMP4_UNREACH_FRAG_NEEDED,
				MIN(mtu, 0xffffU), DROP_IP_TOO_BIG);
	ip4_ttl_decrement(h);
	/* What goes on is quoted, as Linux does (RFC 1812, 4.3.2.3 has it either way). */
	if (unlikely(p->in_if == run->out_if))
		redirect4_send(w, p, nh, IP4_FORWARD_ERROR);
	pkt_csum_headers_changed(p);
	return run->edge;
}

/* RFC 1812, 5.2.7.2: what was told about single destinations is for our own packets, unless somebody has asked for it. */
static bool exceptions_matter(const struct worker *w)
{
	const struct fib_exc_stack *s = fib_exc_state(w->st);
	return s && rcu_get(s->table) &&
	       (racy_get(s->n_redirects) || racy_get(s->n_locked) ||
		racy_get(ip4_stack(w->st)->forward_use_pmtu));
}

static void ip4_forward(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_way_run run = { .out_if = IP_WAY_NONE };
	bool look = exceptions_matter(w);
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip4_forward_one(w, v->pkt[i], &run, look);
	vec_dispatch(w, v, next);
}

/* No route (a group, or an interface that was named): the destination is on the link. */
static bool post_start(const struct worker *w, struct ip_way_run *run, const struct fib_nh *nh,
		       uint32_t out_if)
{
	if (!ip_way_start(w, run, nh, out_if, HOOK_IP4_POSTROUTING))
		return false;
	bool broadcast = nh && nh->type == RTN_BROADCAST;
	run->has_hop = broadcast || (nh && nh->gw_family);
	run->hop = broadcast      ? (struct ipaddr){ .v4 = be32_of(UINT32_MAX) }
		   : run->has_hop ? nh->gw
				  : run->hop;
	return true;
}

static void set_next_hop(struct pkt *p, const struct ip_way_run *run, const struct fib_exc *exc, be32 dst)
{
	struct ipaddr *hop = &p->edge.neigh_output.next_hop;
	if (unlikely(exc && exc->redirected))
		*hop = ip_exc_hop(exc);
	else if (likely(run->has_hop))
		*hop = run->hop;
	else
		*hop = (struct ipaddr){ .v4 = dst };
}

static uint8_t ip4_post_one(struct worker *w, struct pkt *p, struct ip_way_run *run)
{
	const struct fib_nh *nh = p->edge.ip_route.nh;
	const struct ip4_hdr *h = pkt_l3(p);
	if (!ip_way_goes_on(run, nh, p->out_if) && !post_start(w, run, nh, p->out_if))
		return pkt_drop(p, DROP_IF_GONE);
	uint32_t mtu = ip_way_is_own(p) ? packet_mtu(w, p, run->out) : run->mtu;
	if (unlikely(!fits(p, mtu)))
		return be16_get(h->frag) & IP4_DF
			       ? ip_error(p, IP4_POST_ERROR, ICMP4_UNREACH, ICMP4_UNREACH_FRAG_NEEDED,
					  MIN(mtu, 0xffffU), DROP_IP_TOO_BIG)
			       : IP4_POST_FRAG;
	set_next_hop(p, run, p->edge.ip_route.exc, h->dst);
	return run->edge;
}

static void ip4_post(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_way_run run = { .out_if = IP_WAY_NONE };
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip4_post_one(w, v->pkt[i], &run);
	vec_dispatch(w, v, next);
}

const struct node ip4_forward_node = {
	.name = "ip4-forward",
	.run = ip4_forward,
	.explain = ip_forward_explain,
	.next = { [IP4_FORWARD_POST] = "ip4-post",
		  [IP4_FORWARD_HOOK] = "hook-ip4-forward",
		  [IP4_FORWARD_ERROR] = "icmp4-error" },
};
const struct node ip4_post_node = {
	.name = "ip4-post",
	.run = ip4_post,
	.explain = ip_post_explain,
	.next = { [IP4_POST_NEIGH] = "neigh-output",
		  [IP4_POST_HOOK] = "hook-ip4-postrouting",
		  [IP4_POST_FRAG] = "ip4-frag",
		  [IP4_POST_ERROR] = "icmp4-error" },
};
