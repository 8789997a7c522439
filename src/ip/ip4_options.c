/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: ip4-route takes a packet with options aside (PKT_F_IP_OPTIONS), once it is known where it goes. Its options are
 * checked, and the next free slot of a record route or a timestamp is filled: with the address of ours that was written to, or one of
 * the interface by which the packet goes on (timestamps: by which its sender knows us, as on Linux). What answers such a
 * packet carries the options on, as ip_options_echo() of Linux does: `ping -R` shows the way there and back.
 *
 * Source routes are followed where accept_source_route says so for this interface and for all, which it does not at first (RFC 7126, 4.3
 * and 4.4). Security labels (CIPSO) are looked at for their form only; what nobody knows is let through (RFC 1122, 3.2.1.8).
 *
 * An option is a pointer that counts from 1 at its first byte: o[2] == 4 is the slot at o + 3. */
#include "ip/ip4_options.h"

#include "net/addr.h"
#include "net/l3.h"
#include "pkt/csum.h"
#include "wire/eth.h"
#include "wire/icmp4.h"

enum { TS_ONLY = 0, TS_AND_ADDR = 1, TS_PRESPEC = 3, TS_KIND_MASK = 0x0f };

uint32_t ip4_time_of_day_ms(const struct worker *w)
{
	struct leat_runtime *rt = w->st->rt;
	return (uint32_t)(rt->ops->wall_ns(rt) / 1000000 % (24 * 3600 * 1000));
}

static void put_time(const struct worker *w, uint8_t *at)
{
	const be32 ms = be32_of(ip4_time_of_day_ms(w));
	memcpy(at, &ms, sizeof ms);
}

static void put_addr(uint8_t *at, be32 a)
{
	memcpy(at, &a, sizeof a);
}

static be32 addr_at(const uint8_t *at)
{
	be32 a;
	memcpy(&a, at, sizeof a);
	return a;
}

static uint8_t type_of(const struct worker *w, uint32_t vrf, be32 a)
{
	const struct fib_nh *nh = fib4_lookup_at(w, vrf, a);
	return nh ? nh->type : RTN_UNICAST;
}

/* Linux: ours, or nobody's who could write into it himself; it does not know those of a VRF. */
static bool is_ours_to_stamp(const struct worker *w, uint32_t vrf, be32 a)
{
	uint8_t type = type_of(w, vrf, a);
	return ip4_is_group(a) || a.b[0] == 0 || type == RTN_LOCAL || type == RTN_BROADCAST;
}

/* Linux: fib_compute_spec_dst(). Who we are to the packet's sender. */
static be32 our_name(const struct worker *w, uint32_t vrf, const struct ip4_hdr *h, const struct fib_nh *nh)
{
	struct ip_way way;
	if (nh && nh->type == RTN_LOCAL)
		return h->dst;
	return !ip4_way(w, vrf, h->src, &way) && way.has_src ? way.src.v4 : be32_of(0);
}

/* --- record route and timestamp --- */

static bool is_full(const uint8_t *o)
{
	return o[2] > o[1];
}

void ip4_record_route(uint8_t *o, be32 us)
{
	if (is_full(o))
		return;
	put_addr(o + o[2] - 1, us);
	o[2] += 4;
}

void ip4_stamp(const struct worker *w, uint32_t vrf, uint8_t *o, be32 us)
{
	uint8_t *slot = o + o[2] - 1;
	if (is_full(o)) {
		/* One more that had no room; where addresses are given, none was meant for us. */
		if (o[3] >> 4 < 15 && (o[3] & TS_KIND_MASK) != TS_PRESPEC)
			o[3] += 0x10;
		return;
	}
	switch (o[3] & TS_KIND_MASK) {
	case TS_ONLY:
		put_time(w, slot);
		o[2] += 4;
		return;
	case TS_AND_ADDR:
		put_addr(slot, us);
		put_time(w, slot + 4);
		o[2] += 8;
		return;
	case TS_PRESPEC:
		if (is_ours_to_stamp(w, vrf, addr_at(slot))) {
			put_time(w, slot + 4);
			o[2] += 8;
		}
		return;
	default:
		return;
	}
}

void ip4_blank_slot(uint8_t *o)
{
	bool short_one = o[0] == IP4_OPT_RECORD_ROUTE || (o[3] & TS_KIND_MASK) == TS_ONLY;
	unsigned from = o[2] - 1u, len = short_one ? 4 : 8;
	if (from + len > o[1])
		return;
	if (!short_one && (o[3] & TS_KIND_MASK) == TS_PRESPEC) /* the address is there */
		memset(o + from + 4, 0, 4);
	else if (short_one || (o[3] & TS_KIND_MASK) == TS_AND_ADDR)
		memset(o + from, 0, len);
}

/* --- source routes --- */

static bool accepts_source_route(const struct worker *w, const struct iface *in)
{
	return racy_get(ip4_stack(w->st)->all.source_route) && racy_get(in->conf.guard[0].source_route);
}

static enum drop problem(struct ip4_options_say *say, unsigned pointer)
{
	say->type = ICMP4_PARAM_PROBLEM;
	say->pointer = (uint8_t)pointer;
	return DROP_IP_OPTIONS;
}

/* To the first address of the rest of the route that is not ours; those that are need no sending. at: of the option. *ret_slot: where
 * that address stands, 0 when the route ends here. */
static enum drop follow(const struct worker *w, struct ip4_hdr *h, uint8_t at, const struct iface *in,
			struct ip4_options_say *say, uint8_t *ret_slot)
{
	const uint8_t *o = (const uint8_t *)h + at;
	for (unsigned i = o[2]; i <= o[1]; i += 4) {
		if (i + 3 > o[1])
			return problem(say, at + 2);
		be32 next = addr_at(o + i - 1);
		const struct fib_nh *nh = ip4_is_group(next) ? NULL : fib4_lookup_at(w, in->handle, next);
		if (!nh || (nh->type != RTN_LOCAL && nh->type != RTN_UNICAST))
			return DROP_IP_OPTIONS;
		h->dst = next;
		if (nh->type == RTN_LOCAL)
			continue;
		say->nh = fib_nh_path(w, nh, 0);
		say->forward = true;
		*ret_slot = (uint8_t)(at + i - 1);
		return racy_get(in->conf.forward4) ? DROP_NONE : DROP_IP_FORWARDING_OFF;
	}
	return DROP_NONE;
}

/* Linux: ip_options_rcv_srr(). */
static enum drop source_route(const struct worker *w, struct pkt *p, const struct ip4_options *o,
			      const struct iface *in, struct ip4_options_say *say, uint8_t *ret_slot)
{
	if (!accepts_source_route(w, in))
		return ip_martian(w, p, in, ETH_P_IP, DROP_IP_OPTIONS);
	if (p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST) || !say->nh)
		return DROP_IP_OPTIONS;
	if (say->nh->type == RTN_LOCAL)
		return follow(w, pkt_l3(p), o->source_route, in, say, ret_slot);
	if (say->nh->type == RTN_UNICAST) /* RFC 1812, 5.2.4.1 */
		return o->strict ? problem(say, offsetof(struct ip4_hdr, dst)) : DROP_NONE;
	return DROP_IP_OPTIONS;
}

/* --- in --- */

void ip4_options_clear_rest(uint8_t *o, unsigned len)
{
	unsigned i = 0;
	while (i < len && o[i] != IP4_OPT_END)
		i += o[i] == IP4_OPT_NOP ? 1 : i + 1 < len && o[i + 1] > 1 ? o[i + 1] : len;
	if (i < len)
		memset(o + i, IP4_OPT_END, len - i);
}

/* Will ip4-forward have no reason to refuse it? By say->nh; *ret_out: an address of the interface it leaves by. */
static bool goes_on(const struct worker *w, const struct ip4_hdr *h, const struct ip4_options_say *say,
		    be32 *ret_out)
{
	struct ip_way way;
	if (!say->forward || h->ttl <= 1 || ip4_way(w, say->nh->if_handle, h->dst, &way))
		return false;
	if (be16_get(h->frag) & IP4_DF && be16_get(h->len) > way.mtu)
		return false;
	*ret_out = way.has_src ? way.src.v4 : be32_of(0);
	return true;
}

/* slot: of a source route that leads on. Linux: the header's sum is made anew when the packet goes on, not before, so what errors quote
 * has the one it came with. */
static void record(const struct worker *w, uint32_t vrf, struct ip4_hdr *h, const struct ip4_options *o,
		   const struct ip4_options_say *say, uint8_t slot, bool bad)
{
	uint8_t *l3 = (uint8_t *)h;
	be32 us = our_name(w, vrf, h, say->nh), out = us;
	bool on = goes_on(w, h, say, &out);
	if (slot) {
		put_addr(l3 + slot, out);
		l3[o->source_route + 2] = (uint8_t)(slot - o->source_route + 5);
	}
	if (o->record_route)
		ip4_record_route(l3 + o->record_route, out);
	if (o->timestamp)
		ip4_stamp(w, vrf, l3 + o->timestamp, slot ? out : us);
	if (!bad) /* else the end was not reached */
		ip4_options_clear_rest(l3 + sizeof *h, ip4_hdr_len(h) - (unsigned)sizeof *h);
	if (on)
		ip4_csum_set(h);
}

enum drop ip4_options_receive(struct worker *w, struct pkt *p, const struct iface *in,
			      struct ip4_options_say *say)
{
	struct ip4_hdr *h = pkt_l3(p);
	struct ip4_options o;
	uint8_t bad = 0, slot = 0;
	unsigned len = ip4_hdr_len(h) - (unsigned)sizeof *h;
	uint32_t vrf = l3_handle_of(w, in->handle);
	if (!len)
		return DROP_NONE;
	if (ip4_options_parse(cur_of(h + 1, len), &o, &bad)) {
		say->forward = false;
		record(w, vrf, h, &o, say, 0, true);
		return problem(say, bad);
	}
	enum drop why = o.source_route ? source_route(w, p, &o, in, say, &slot) : DROP_NONE;
	if (why)
		return why;
	if (slot && o.strict && say->nh->gw_family) { /* RFC 1812, 5.2.7.1 */
		say->type = ICMP4_UNREACH;
		say->code = ICMP4_UNREACH_SOURCE_ROUTE;
		return DROP_IP_OPTIONS;
	}
	record(w, vrf, h, &o, say, slot, false);
	say->router_alert = o.router_alert;
	pkt_csum_headers_changed(p);
	return DROP_NONE;
}

/* --- echo --- */

struct echo {
	const struct worker *w;
	uint8_t *to;
	unsigned n; /* bytes so far */
	be32 src;
	bool blank; /* nobody fills slots yet */
	uint32_t vrf;
};

static void *copy(struct echo *e, const uint8_t *o)
{
	uint8_t *at = e->to + e->n;
	memcpy(at, o, o[1]);
	e->n += o[1];
	return at;
}

static bool echo_record_route(struct echo *e, const uint8_t *o)
{
	if (!is_full(o) && o[2] + 3 > o[1])
		return false;
	uint8_t *at = copy(e, o);
	if (e->blank)
		ip4_blank_slot(at);
	else
		ip4_record_route(at, e->src);
	return true;
}

static bool echo_timestamp(struct echo *e, const uint8_t *o)
{
	unsigned kind = o[3] & TS_KIND_MASK, each = kind == TS_ONLY ? 4 : 8;
	bool room = !is_full(o) && o[2] + each - 1 <= o[1];
	if (!is_full(o) && !room && (kind == TS_ONLY || kind == TS_AND_ADDR))
		return false;
	uint8_t *at = copy(e, o);
	if (e->blank)
		ip4_blank_slot(at);
	else if (room)
		ip4_stamp(e->w, e->vrf, at, e->src);
	return true;
}

/* RFC 1122, 3.2.1.8: the way back is the way that it came, whose last entry is the one it came from last. */
static void echo_source_route(struct echo *e, const uint8_t *o, const struct ip4_hdr *was, be32 dst,
			      be32 *ret_hop)
{
	uint8_t *at = e->to + e->n;
	int from = MIN(o[2], o[1] + 1) - 4, n = 0;
	if (from <= 3)
		return;
	be32 hop = addr_at(o + from - 1);
	for (from -= 4, n = 4; from > 3; from -= 4, n += 4)
		memcpy(at + n - 1, o + from - 1, 4);
	if (be32_eq(was->src, addr_at(o + from + 3))) /* RFC 1812, 5.3.13.4: the sender should not be in it */
		n -= 4;
	if (n <= 3)
		return;
	at[0] = o[0];
	at[1] = (uint8_t)(n + 3);
	at[2] = 4;
	put_addr(at + n - 1, dst);
	e->n += (unsigned)n + 3;
	*ret_hop = hop;
}

int ip4_options_echo(const struct worker *w, uint32_t vrf, const struct ip4_hdr *was, be32 src, be32 dst,
		     uint8_t to[static IP4_OPTIONS_MAX], be32 *ret_hop)
{
	unsigned len = ip4_hdr_len(was) - (unsigned)sizeof *was;
	const uint8_t *l3 = (const uint8_t *)was;
	struct echo e = { .w = w, .to = to, .src = src, .vrf = vrf, .blank = !be32_get(src) };
	struct ip4_options o;
	uint8_t bad;
	*ret_hop = dst;
	if (!len)
		return 0;
	ip4_options_parse(cur_of(was + 1, len), &o, &bad); /* what was right about them */
	if (o.record_route && !echo_record_route(&e, l3 + o.record_route))
		return -1;
	if (o.timestamp && !echo_timestamp(&e, l3 + o.timestamp))
		return -1;
	if (o.source_route)
		echo_source_route(&e, l3 + o.source_route, was, dst, ret_hop);
	if (o.cipso)
		copy(&e, l3 + o.cipso);
	while (e.n % 4)
		to[e.n++] = IP4_OPT_END;
	return (int)e.n;
}
