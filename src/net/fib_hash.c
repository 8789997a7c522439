/* SPDX-License-Identifier: BSD-2-Clause */
/* The hash by which flows spread over several ways.
 *
 * Theory of operation: a policy says what of a packet counts: its addresses (0), its ports too (1), the innermost addresses of
 * what tunnels carry (2), or what a set of fields names (3). The two ends are put in order before they are hashed, so an
 * error of ICMP, which is hashed as the packet that it quotes, follows the flow it speaks of: what one of several routers of an
 * anycast service is told of its path reaches it (RFC 7690). Linux does so for addresses alone; here ports follow, too.
 *
 * The hash is keyed by the stack's secret, so strangers cannot aim at a way; or by a number that all routers of a site share
 * (net.ipv4.fib_multipath_hash_seed), so that they choose alike. */
#include "net/fib_hash.h"

#include <netinet/in.h>

#include "net/fib_internal.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { TUNNELS_MAX = 4, IP6_LABEL_MASK = 0xfffff };
enum { GRE_CSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQ = 0x1000, GRE_VERSION = 7 };

/* --- reading --- */

/* A header of IP that has been read, and what comes behind it. */
struct layer {
	struct fib_flow flow;
	struct cursor rest;
	bool whole; /* rest begins with an upper-layer header */
};

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

/* A cut-off header has no ports. */
static void read_ports(struct layer *l)
{
	uint8_t tmp[4];
	const uint8_t *ports =
		l->whole && has_ports(l->flow.proto) ? cur_peek(&l->rest, tmp, sizeof tmp) : NULL;
	if (!ports)
		return;
	l->flow.sport = (uint16_t)(ports[0] << 8 | ports[1]);
	l->flow.dport = (uint16_t)(ports[2] << 8 | ports[3]);
}

static bool read4(struct cursor c, struct layer *l)
{
	struct ip4_hdr tmp;
	const struct ip4_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return false;
	l->flow =
		(struct fib_flow){ .family = AF_INET, .src.v4 = h->src, .dst.v4 = h->dst, .proto = h->proto };
	l->whole = !ip4_is_fragment(h) && ip4_hdr_len(h) >= sizeof *h &&
		   cur_skip(&c, ip4_hdr_len(h) - (uint32_t)sizeof *h);
	l->rest = c;
	return true;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_DSTOPTS;
}

static bool read6(struct cursor c, struct layer *l)
{
	struct ip6_hdr tmp;
	struct ip6_chain ch;
	struct cursor from = c;
	const struct ip6_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return false;
	l->flow = (struct fib_flow){ .family = AF_INET6,
				     .src.v6 = h->src,
				     .dst.v6 = h->dst,
				     .proto = h->next,
				     .flow_label = be32_get(h->ver_tc_flow) & IP6_LABEL_MASK };
	l->whole = true;
	l->rest = c;
	if (!is_extension(h->next))
		return true;
	ip6_walk(from, IP6_WALK_ROUTER, &ch);
	l->flow.proto = ch.proto;
	l->whole = !ip6_is_fragment(&ch) && cur_skip(&from, ch.l4_off);
	l->rest = from;
	return true;
}

static bool read_layer(uint8_t family, struct cursor c, struct layer *l)
{
	return family == AF_INET6 ? read6(c, l) : read4(c, l);
}

/* An error of ICMP quotes the packet it is about. */
static bool read_quoted(const struct layer *outer, struct layer *l)
{
	uint8_t tmp, v4 = outer->flow.family == AF_INET;
	struct cursor c = outer->rest;
	if (!outer->whole || outer->flow.proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	const uint8_t *type = cur_peek(&c, &tmp, 1);
	if (!type || !(v4 ? icmp4_is_error(*type) : icmp6_is_error(*type)))
		return false;
	return cur_skip(&c, 8) && read_layer(outer->flow.family, c, l);
}

/* RFC 2784, RFC 2890: 0, or the family of what GRE carries, with c behind its header. */
static uint8_t open_gre(struct cursor *c)
{
	uint8_t tmp[4];
	const uint8_t *h = cur_take(c, tmp, sizeof tmp);
	if (!h)
		return 0;
	unsigned flags = (unsigned)h[0] << 8 | h[1], type = (unsigned)h[2] << 8 | h[3];
	unsigned more = (flags & GRE_CSUM ? 4u : 0) + (flags & GRE_KEY ? 4u : 0) + (flags & GRE_SEQ ? 4u : 0);
	if (flags & (GRE_ROUTING | GRE_VERSION) || !cur_skip(c, more))
		return 0;
	return type == 0x0800 ? AF_INET : type == 0x86dd ? AF_INET6 : 0;
}

/* What a tunnel carries. */
static bool read_inner(const struct layer *outer, struct layer *l)
{
	struct cursor c = outer->rest;
	uint8_t family = 0;
	if (!outer->whole)
		return false;
	if (outer->flow.proto == IPPROTO_IPIP)
		family = AF_INET;
	else if (outer->flow.proto == IPPROTO_IPV6)
		family = AF_INET6;
	else if (outer->flow.proto == IPPROTO_GRE)
		family = open_gre(&c);
	return family && read_layer(family, c, l);
}

/* --- hashing --- */

static struct sipkey key_of(const struct leat_stack *st)
{
	uint32_t seed = racy_get(fib_state(st)->spread.seed);
	return seed ? (struct sipkey){ { seed, seed } } : st->hash_key;
}

static void order_ends(struct fib_flow *f)
{
	int diff = memcmp(&f->src, &f->dst, sizeof f->src);
	if (diff < 0 || (diff == 0 && f->sport <= f->dport))
		return;
	*f = (struct fib_flow){ .family = f->family,
				.proto = f->proto,
				.flow_label = f->flow_label,
				.src = f->dst,
				.dst = f->src,
				.sport = f->dport,
				.dport = f->sport };
}

/* Zero what is not to count, first. */
static uint32_t hash_all(const struct sipkey *key, struct fib_flow *f)
{
	order_ends(f);
	uint64_t rest = (uint64_t)f->sport << 48 | (uint64_t)f->dport << 32 | f->proto;
	if (f->family == AF_INET)
		return (uint32_t)siphash_2u64(key, (uint64_t)be32_get(f->src.v4) << 32 | be32_get(f->dst.v4),
					      rest);
	uint64_t word[6];
	memcpy(word, &f->src, 16);
	memcpy(word + 2, &f->dst, 16);
	word[4] = rest;
	word[5] = f->flow_label;
	return (uint32_t)siphash(key, word, sizeof word);
}

/* Linux: the label and the protocol count in IPv6. */
static uint32_t hash_l3(const struct sipkey *key, struct fib_flow f)
{
	f.sport = f.dport = 0;
	if (f.family == AF_INET)
		f.proto = 0;
	return hash_all(key, &f);
}

static uint32_t hash_l4(const struct sipkey *key, struct fib_flow f)
{
	f.flow_label = 0;
	return hash_all(key, &f);
}

/* fields: those of one layer, as FIB_HASH_SRC to FIB_HASH_DPORT name them. */
static uint32_t hash_fields(const struct sipkey *key, struct fib_flow f, unsigned fields)
{
	const struct ipaddr none = { 0 };
	f.src = fields & FIB_HASH_SRC ? f.src : none;
	f.dst = fields & FIB_HASH_DST ? f.dst : none;
	f.proto = fields & FIB_HASH_PROTO ? f.proto : 0;
	f.flow_label = fields & FIB_HASH_LABEL ? f.flow_label : 0;
	f.sport = fields & FIB_HASH_SPORT ? f.sport : 0;
	f.dport = fields & FIB_HASH_DPORT ? f.dport : 0;
	return hash_all(key, &f);
}

static uint32_t hash_custom(const struct sipkey *key, const struct layer *outer, unsigned fields)
{
	struct layer inner;
	uint32_t h = hash_fields(key, outer->flow, fields);
	unsigned inside = fields >> FIB_HASH_INNER_SHIFT;
	if (!inside || !read_inner(outer, &inner))
		return h;
	if (inside & (FIB_HASH_SPORT | FIB_HASH_DPORT))
		read_ports(&inner);
	return (uint32_t)siphash_2u64(key, h, hash_fields(key, inner.flow, inside));
}

static void go_inside(struct layer *l)
{
	struct layer inner;
	for (unsigned n = 0; n < TUNNELS_MAX && read_inner(l, &inner); n++)
		*l = inner;
}

uint32_t fib_hash_flow(const struct worker *w, const struct fib_flow *f)
{
	const struct fib_spread *s = &fib_state(w->st)->spread;
	unsigned v = fib_index(f->family);
	const struct sipkey key = key_of(w->st);
	switch (racy_get(s->policy[v])) {
	case FIB_SPREAD_L4:
		return hash_l4(&key, *f);
	case FIB_SPREAD_CUSTOM:
		return hash_fields(&key, *f, racy_get(s->fields[v]));
	default:
		return hash_l3(&key, *f);
	}
}

/* By addresses, of IPv4 that is no ICMP: all of it is in the header, which lies together. The same as hash_l3(). */
static uint32_t hash_addresses4(const struct leat_stack *st, const struct ip4_hdr *h)
{
	const struct sipkey key = key_of(st);
	uint32_t a = be32_get(h->src), b = be32_get(h->dst);
	return (uint32_t)siphash_2u64(&key, a <= b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a, 0);
}

uint32_t fib_hash_pkt(const struct worker *w, uint8_t family, const struct pkt *p)
{
	const struct fib_spread *s = &fib_state(w->st)->spread;
	struct layer l, quoted;
	uint8_t policy = racy_get(s->policy[fib_index(family)]);
	if (family == AF_INET && policy == FIB_SPREAD_L3 &&
	    ((const struct ip4_hdr *)pkt_l3(p))->proto != IPPROTO_ICMP)
		return hash_addresses4(w->st, pkt_l3(p));
	const struct sipkey key = key_of(w->st);
	if (!read_layer(family, pkt_cursor_at(p, p->l3_off), &l))
		return 0;
	if (policy == FIB_SPREAD_CUSTOM) {
		read_ports(&l);
		return hash_custom(&key, &l, racy_get(s->fields[fib_index(family)]));
	}
	if (policy == FIB_SPREAD_INNER)
		go_inside(&l);
	if (read_quoted(&l, &quoted))
		l = quoted;
	if (policy != FIB_SPREAD_L4)
		return hash_l3(&key, l.flow);
	read_ports(&l);
	return hash_l4(&key, l.flow);
}

/* --- knobs --- */

#define SPREAD_KNOBS(v, i)                                                                                 \
	KNOB("net." v ".fib_multipath_hash_policy", struct fib_stack, spread.policy[i], FIB_SPREAD_L3,     \
	     FIB_SPREAD_L3, FIB_SPREAD_CUSTOM,                                                             \
	     .help = "flows spread by: 0 addresses, 1 ports too, 2 addresses inside tunnels, 3 chosen "    \
		     "fields"),                                                                            \
		KNOB("net." v ".fib_multipath_hash_fields", struct fib_stack, spread.fields[i],            \
		     FIB_HASH_SRC | FIB_HASH_DST | FIB_HASH_PROTO, 1, FIB_HASH_ALL,                        \
		     .help = "for policy 3: 1 source, 2 destination, 4 protocol, 8 flow label, 16 and 32 " \
			     "ports; "                                                                     \
			     "the same times 64 inside tunnels")

const struct knob fib_knobs[] = {
	SPREAD_KNOBS("ipv4", 0),
	SPREAD_KNOBS("ipv6", 1),
	KNOB("net.ipv4.fib_multipath_hash_seed", struct fib_stack, spread.seed, 0, 0, UINT32_MAX,
	     .help = "what flows are spread by, for routers that are to choose alike; 0: a secret"),
	KNOB("net.ipv4.fib_multipath_use_neigh", struct fib_stack, spread.use_neigh, 0, 0, 1,
	     .help = "of several ways those whose gateway does not answer are passed by"),
	KNOB("net.ipv4.conf.all.ignore_routes_with_linkdown", struct fib_stack, ignore_linkdown[0], 0, 0, 1,
	     .changed = fib_all_linkdown_changed, .help = "on every interface"),
	KNOB("net.ipv6.conf.all.ignore_routes_with_linkdown", struct fib_stack, ignore_linkdown[1], 0, 0, 1,
	     .changed = fib_all_linkdown_changed, .help = "written to every interface"),
	KNOB_IFACE("net.ipv4.conf.IF.ignore_routes_with_linkdown", guard[0].ignore_linkdown, 0, 0, 1,
		   .changed = fib_linkdown_changed,
		   .help = "routes through it are passed by while it has no carrier"),
	KNOB_IFACE("net.ipv6.conf.IF.ignore_routes_with_linkdown", guard[1].ignore_linkdown, 0, 0, 1,
		   .flags = KNOB_PER_IFACE | KNOB_FOLLOWS, .changed = fib_linkdown_changed,
		   .help = "routes through it are passed by while it has no carrier"),
	KNOB("net.ipv4.nexthop_compat_mode", struct fib_stack, nexthops.compat, 1, 0, 1,
	     .help = "routes by a nexthop object show what it says and are told again when it changes"),
	{ 0 },
};
