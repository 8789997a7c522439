/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-input: is it an IPv6 packet that a router may look at? RFC 8200, 3. Leaves data at the header, cut to its length, with
 * l3_off, l4_off and ip_proto set. Extension headers are walked as a router does: hop-by-hop options are obeyed, what follows
 * is looked at only to find the transport header of packets that will have to be split. */
#include "ip/ip6_internal.h"
#include "pkt/csum.h"
#include "wire/eth.h"
#include "wire/frame.h"

enum ip6_input_next { IP6_INPUT_ROUTE = 1, IP6_INPUT_HOOK, IP6_INPUT_ERROR };

/* RFC 4291, 2.5.2, 2.5.3, 2.7 and, for mapped addresses, Linux. */
static enum drop check_addrs(const struct ip6_hdr *h, const struct iface *in)
{
	bool on_lo = racy_get(in->flags) & IFF_LOOPBACK;
	if (unlikely(ip6_is_multicast(&h->src) || ip6_is_v4_mapped(&h->src)))
		return DROP_IP_MARTIAN_SOURCE;
	if (unlikely(ip6_is_loopback(&h->src) && !on_lo))
		return DROP_IP_MARTIAN_SOURCE;
	if (unlikely(ip6_is_zero(&h->dst) || (ip6_is_loopback(&h->dst) && !on_lo)))
		return DROP_IP_MARTIAN_DEST;
	if (unlikely(ip6_is_multicast(&h->dst) && ip6_multicast_scope(&h->dst) <= 1 && !on_lo))
		return DROP_IP_MARTIAN_DEST;
	return DROP_NONE;
}

/* Addresses of which check_addrs() has nothing to say, nearly all: neither groups nor of 0000::/8. */
static inline bool is_plain(const struct ip6 *a)
{
	return likely(a->b[0] && a->b[0] != 0xff);
}

static enum drop check_header(struct lcore *lc, struct pkt *p, const struct iface *in)
{
	enum drop why = pkt_pull_up(lc, p, sizeof(struct ip6_hdr));
	if (unlikely(why))
		return why;
	const struct ip6_hdr *h = (const struct ip6_hdr *)p->data;
	why = ip6_check_lengths(h, p->len);
	if (unlikely(why))
		return why;
	uint32_t len = (uint32_t)sizeof *h + be16_get(h->payload_len);
	if (unlikely(p->len > len)) { /* the link padded it */
		pkt_trim(lc, p, len);
		pkt_csum_headers_changed(p);
	}
	return is_plain(&h->src) && is_plain(&h->dst) ? DROP_NONE : check_addrs(h, in);
}

/* Sets l4_off and ip_proto. Returns 0 to go on. */
static enum drop walk(const struct worker *w, struct pkt *p, struct ip6_chain *ch)
{
	enum drop why = ip6_walk_in(w, p, IP6_WALK_ROUTER, ch);
	if (why)
		return why;
	p->l4_off = (uint16_t)(p->headroom + ch->l4_off); /* at most IP6_EXT_MAX headers of 2 KiB: fits */
	p->ip_proto = ch->proto;
	if (ch->router_alert && racy_get(ip6_stack(w->st)->alert_edge))
		p->flags |= PKT_F_IP_OPTIONS; /* as far as ip6-route */
	return DROP_NONE;
}

static uint8_t ip6_input_one(struct worker *w, struct pkt *p, struct iface_run *run)
{
	const struct iface *in = iface_run_get(w, run, p->in_if);
	if (unlikely(!in))
		return pkt_drop(p, DROP_IF_GONE);
	enum drop why = check_header(w->lc, p, in);
	if (unlikely(why))
		return pkt_drop(p, why);
	const struct ip6_hdr *h = (const struct ip6_hdr *)p->data;
	struct ip6_chain ch;
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + sizeof *h);
	p->ip_proto = h->next;
	if (unlikely(ip6_is_ext(h->next)) && (why = walk(w, p, &ch)))
		return ip6_walk_failed(p, IP6_INPUT_ERROR, &ch, why);
	return racy_get(in->hooks.edge[HOOK_IP6_PREROUTING]);
}

static void ip6_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct iface_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip6_input_one(w, v->pkt[i], &run);
	}
	vec_dispatch(w, v, next);
}

static void print_ip6(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_IPV6, pkt_cursor(p), to, len);
}

const struct node ip6_input_node = {
	.name = "ip6-input",
	.run = ip6_input,
	.next = { [IP6_INPUT_ROUTE] = "ip6-route",
		  [IP6_INPUT_HOOK] = "hook-ip6-prerouting",
		  [IP6_INPUT_ERROR] = "icmp6-error" },
	.print = print_ip6,
};
