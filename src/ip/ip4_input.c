/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-input: is it an IPv4 packet that a router may look at? RFC 1122, 3.2.1 and RFC 1812, 5.2.2. Leaves data at the header,
 * cut to its length, with l3_off, l4_off and ip_proto set.
 * What options say is for ip4-route, which knows where the packet goes. */
#include "ip/ip_internal.h"
#include "pkt/csum.h"
#include "wire/eth.h"
#include "wire/frame.h"
#include "wire/ip4.h"

enum ip4_input_next { IP4_INPUT_ROUTE = 1, IP4_INPUT_HOOK };

static bool is_to_all(be32 dst)
{
	return ip4_is_group(dst) || be32_get(dst) == 0;
}

/* RFC 1812, 5.3.7 as Linux has it. 0.0.0.0 speaks to groups only, when a host asks who it is; 0.0.0.0 is an old name of the limited
 * broadcast. Addresses from 240.0.0.0 on are as any others. */
static enum drop check_addrs(const struct worker *w, const struct ip4_hdr *h, const struct iface *in)
{
	uint32_t src = be32_get(h->src), dst = be32_get(h->dst);
	if (unlikely(ip4_is_multicast(h->src) || src == UINT32_MAX))
		return DROP_IP_MARTIAN_SOURCE;
	if (unlikely(src >> 24 == 0 && !(src == 0 && is_to_all(h->dst))))
		return DROP_IP_MARTIAN_SOURCE;
	if (unlikely(dst >> 24 == 0 && (dst || src)))
		return DROP_IP_MARTIAN_DEST;
	if (unlikely(ip4_is_loopback(h->src) || ip4_is_loopback(h->dst)) && !ip_guard_localnet(w, in))
		return ip4_is_loopback(h->dst) ? DROP_IP_MARTIAN_DEST : DROP_IP_MARTIAN_SOURCE;
	return DROP_NONE;
}

/* Addresses of which check_addrs() has nothing to say, nearly all. */
static inline bool are_plain(const struct ip4_hdr *h)
{
	return ip4_is_common(h->src) &&
	       likely(!ip4_is_loopback(h->src) && h->dst.b[0] && !ip4_is_loopback(h->dst));
}

/* Lengths that are wrong, or options, or scattered bytes. */
static cold_fn enum drop check_lengths(struct lcore *lc, struct pkt *p)
{
	enum drop why = pkt_pull_up(lc, p, sizeof(struct ip4_hdr));
	if (why)
		return why;
	unsigned hdr_len = ip4_hdr_len((const struct ip4_hdr *)p->data);
	why = ip4_check_lengths((const struct ip4_hdr *)p->data, p->len);
	return why ? why : pkt_pull_up(lc, p, hdr_len);
}

/* A header without options that is there, and a length that holds. */
static inline bool is_usual(const struct pkt *p)
{
	const struct ip4_hdr *h = (const struct ip4_hdr *)p->data;
	return likely(p->head_len >= sizeof *h && h->ver_ihl == IP4_VER_IHL &&
		      be16_get(h->len) >= sizeof *h && be16_get(h->len) <= p->len);
}

static enum drop check_header(struct lcore *lc, struct pkt *p)
{
	bool usual = is_usual(p);
	enum drop why = likely(usual) ? DROP_NONE : check_lengths(lc, p);
	if (unlikely(why))
		return why;
	const struct ip4_hdr *h = (const struct ip4_hdr *)p->data;
	if (unlikely(!(likely(usual) ? csum_ip4_hdr20_ok(h) : ip4_csum_ok(h))))
		return DROP_IP_HEADER_CSUM;
	uint16_t len = be16_get(h->len);
	if (unlikely(p->len > len)) { /* the link padded it */
		pkt_trim(lc, p, len);
		pkt_csum_headers_changed(p);
	}
	return DROP_NONE;
}

static uint8_t ip4_input_one(struct worker *w, struct pkt *p, struct iface_run *run)
{
	const struct iface *in = iface_run_get(w, run, p->in_if);
	if (unlikely(!in))
		return pkt_drop(p, DROP_IF_GONE);
	enum drop why = check_header(w->lc, p);
	if (unlikely(why))
		return pkt_drop(p, why);
	const struct ip4_hdr *h = (const struct ip4_hdr *)p->data;
	unsigned hdr_len = ip4_hdr_len(h);
	why = are_plain(h) ? DROP_NONE : check_addrs(w, h, in);
	if (unlikely(why))
		return pkt_drop(p, ip_martian(w, p, in, ETH_P_IP, why));
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + hdr_len);
	p->ip_proto = h->proto;
	if (unlikely(hdr_len > sizeof *h))
		p->flags |= PKT_F_IP_OPTIONS;
	return racy_get(in->hooks.edge[HOOK_IP4_PREROUTING]);
}

static void ip4_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct iface_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip4_input_one(w, v->pkt[i], &run);
	}
	vec_dispatch(w, v, next);
}

static void print_ip4(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	wire_print_l3(ETH_P_IP, pkt_cursor(p), to, len);
}

const struct node ip4_input_node = {
	.name = "ip4-input",
	.run = ip4_input,
	.next = { [IP4_INPUT_ROUTE] = "ip4-route", [IP4_INPUT_HOOK] = "hook-ip4-prerouting" },
	.print = print_ip4,
};
