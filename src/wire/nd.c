/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/nd.h"

#include "wire/csum.h"
#include "wire/ip6.h"
#include "wire/text.h"

enum { ND_HOP_LIMIT = 255 };

bool nd_opt_next(struct cursor *c, struct nd_opt *ret_opt, bool *ret_bad)
{
	uint8_t tmp[2];
	const uint8_t *h;
	*ret_bad = false;
	if (cur_left(c) == 0)
		return false;
	h = cur_peek(c, tmp, sizeof tmp);
	*ret_bad = !h || h[1] == 0 || !cur_sub(c, h[1] * 8u, &ret_opt->whole);
	if (*ret_bad)
		return false;
	ret_opt->type = h[0];
	return true;
}

/* What the options of a message may hold of use here. */
struct found {
	bool has_source, has_target, has_nonce;
	uint8_t source[6], target[6], nonce[ND_NONCE_LEN];
};

/* Linux: a link-layer address of another length than the link's fails the message. The first of several counts. */
static bool take_mac(struct cursor c, bool *has, uint8_t mac[6])
{
	struct nd_lladdr_opt tmp;
	const struct nd_lladdr_opt *o = cur_take(&c, &tmp, sizeof tmp);
	if (!o || cur_left(&c) != 0)
		return false;
	if (!*has)
		memcpy(mac, o->mac, 6);
	*has = true;
	return true;
}

/* RFC 3971, 5.3.2: a nonce may be longer than the 6 bytes of ours; then it is not ours. */
static void take_nonce(struct cursor c, struct found *f)
{
	if (cur_left(&c) != 2 + ND_NONCE_LEN || f->has_nonce)
		return;
	f->has_nonce = cur_skip(&c, 2) && cur_copy(&c, f->nonce, ND_NONCE_LEN);
}

static enum drop options_parse(struct cursor c, struct found *f)
{
	struct nd_opt o;
	bool bad;
	*f = (struct found){ 0 };
	while (nd_opt_next(&c, &o, &bad)) {
		if (o.type == ND_OPT_SOURCE_LLADDR && !take_mac(o.whole, &f->has_source, f->source))
			return DROP_ND_MALFORMED;
		if (o.type == ND_OPT_TARGET_LLADDR && !take_mac(o.whole, &f->has_target, f->target))
			return DROP_ND_MALFORMED;
		if (o.type == ND_OPT_NONCE)
			take_nonce(o.whole, f);
	}
	return bad ? DROP_ND_MALFORMED : DROP_NONE;
}

/* What all messages share: came from this link, of the right type, code 0. */
static enum drop check_start(struct cursor c, const struct nd_envelope *ip, uint8_t type)
{
	uint8_t tmp[2];
	const uint8_t *h = cur_peek(&c, tmp, sizeof tmp);
	if (ip->hop_limit != ND_HOP_LIMIT)
		return DROP_ND_HOP_LIMIT;
	if (!h)
		return DROP_TRUNCATED;
	return h[0] == type && h[1] == 0 ? DROP_NONE : DROP_ND_MALFORMED;
}

static enum drop neigh_parse(struct cursor c, const struct nd_envelope *ip, uint8_t type,
			     struct nd_neigh_hdr *ret_hdr, struct found *ret_found)
{
	enum drop why = check_start(c, ip, type);
	if (why)
		return why;
	if (!cur_copy(&c, ret_hdr, sizeof *ret_hdr))
		return DROP_TRUNCATED;
	if (ip6_is_multicast(&ret_hdr->target))
		return DROP_ND_MALFORMED;
	return options_parse(c, ret_found);
}

static bool is_solicited_node(const struct ip6 *a)
{
	struct ip6 want = ip6_solicited_node(a);
	return ip6_eq(a, &want);
}

/* RFC 4861, 7.1.1 */
enum drop nd_ns_parse(struct cursor c, const struct nd_envelope *ip, struct nd_ns_msg *ret_msg)
{
	struct nd_neigh_hdr h;
	struct found f;
	enum drop why = neigh_parse(c, ip, ICMP6_NEIGH_SOLICIT, &h, &f);
	if (why)
		return why;
	if (ip6_is_zero(&ip->src) && (!is_solicited_node(&ip->dst) || f.has_source))
		return DROP_ND_MALFORMED;
	*ret_msg =
		(struct nd_ns_msg){ .target = h.target, .has_mac = f.has_source, .has_nonce = f.has_nonce };
	memcpy(ret_msg->mac, f.source, 6);
	memcpy(ret_msg->nonce, f.nonce, ND_NONCE_LEN);
	return DROP_NONE;
}

/* RFC 4861, 7.1.2 */
enum drop nd_na_parse(struct cursor c, const struct nd_envelope *ip, struct nd_na_msg *ret_msg)
{
	struct nd_neigh_hdr h;
	struct found f;
	enum drop why = neigh_parse(c, ip, ICMP6_NEIGH_ADVERT, &h, &f);
	if (why)
		return why;
	uint32_t flags = be32_get(h.icmp.info);
	if (ip6_is_multicast(&ip->dst) && (flags & ND_NA_SOLICITED))
		return DROP_ND_MALFORMED;
	*ret_msg = (struct nd_na_msg){
		.target = h.target,
		.router = flags & ND_NA_ROUTER,
		.solicited = flags & ND_NA_SOLICITED,
		.override = flags & ND_NA_OVERRIDE,
		.has_mac = f.has_target,
	};
	memcpy(ret_msg->mac, f.target, 6);
	return DROP_NONE;
}

/* RFC 4861, 6.1.1 */
enum drop nd_rs_parse(struct cursor c, const struct nd_envelope *ip, struct nd_rs_msg *ret_msg)
{
	struct found f;
	enum drop why = check_start(c, ip, ICMP6_ROUTER_SOLICIT);
	if (!why && !cur_skip(&c, sizeof(struct icmp6_hdr)))
		why = DROP_TRUNCATED;
	if (!why)
		why = options_parse(c, &f);
	if (why)
		return why;
	if (ip6_is_zero(&ip->src) && f.has_source)
		return DROP_ND_MALFORMED;
	*ret_msg = (struct nd_rs_msg){ .has_mac = f.has_source };
	memcpy(ret_msg->mac, f.source, 6);
	return DROP_NONE;
}

/* RFC 4861, 6.1.2 */
enum drop nd_ra_parse(struct cursor c, const struct nd_envelope *ip, struct nd_ra_msg *ret_msg)
{
	struct nd_ra_hdr tmp;
	struct found f;
	enum drop why = check_start(c, ip, ICMP6_ROUTER_ADVERT);
	if (why)
		return why;
	if (!ip6_is_link_local(&ip->src))
		return DROP_ND_MALFORMED;
	const struct nd_ra_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	why = options_parse(c, &f);
	if (why)
		return why;
	*ret_msg = (struct nd_ra_msg){
		.hop_limit = h->hop_limit,
		.flags = h->flags,
		.lifetime_s = be16_get(h->lifetime_s),
		.reachable_ms = be32_get(h->reachable_ms),
		.retrans_ms = be32_get(h->retrans_ms),
		.has_mac = f.has_source,
		.options = c,
	};
	memcpy(ret_msg->mac, f.source, 6);
	return DROP_NONE;
}

/* --- emit --- */

static unsigned put_mac(uint8_t *to, uint8_t type, const uint8_t mac[6])
{
	struct nd_lladdr_opt o = { .type = type, .len = 1 };
	memcpy(o.mac, mac, 6);
	memcpy(to, &o, sizeof o);
	return sizeof o;
}

static void put_csum(uint8_t *msg, unsigned len, const struct nd_envelope *ip)
{
	uint32_t sum = csum_pseudo6(&ip->src, &ip->dst, IP_PROTO_ICMP6, len);
	be16 csum = be16_of(csum_done(csum_add(sum, csum_mem(msg, len))));
	memcpy(msg + offsetof(struct icmp6_hdr, csum), &csum, sizeof csum);
}

unsigned nd_ns_emit(const struct nd_ns_msg *m, const struct nd_envelope *ip, uint8_t to[static ND_NEIGH_MAX])
{
	struct nd_neigh_hdr h = { .icmp.type = ICMP6_NEIGH_SOLICIT, .target = m->target };
	unsigned len = sizeof h;
	memcpy(to, &h, sizeof h);
	if (m->has_mac)
		len += put_mac(to + len, ND_OPT_SOURCE_LLADDR, m->mac);
	if (m->has_nonce)
		len += put_mac(to + len, ND_OPT_NONCE, m->nonce); /* of the same form */
	put_csum(to, len, ip);
	return len;
}

unsigned nd_na_emit(const struct nd_na_msg *m, const struct nd_envelope *ip, uint8_t to[static ND_NEIGH_MAX])
{
	uint32_t flags = (m->router ? ND_NA_ROUTER : 0) | (m->solicited ? (uint32_t)ND_NA_SOLICITED : 0) |
			 (m->override ? (uint32_t)ND_NA_OVERRIDE : 0);
	struct nd_neigh_hdr h = {
		.icmp = { .type = ICMP6_NEIGH_ADVERT, .info = be32_of(flags) },
		.target = m->target,
	};
	unsigned len = sizeof h;
	memcpy(to, &h, sizeof h);
	if (m->has_mac)
		len += put_mac(to + len, ND_OPT_TARGET_LLADDR, m->mac);
	put_csum(to, len, ip);
	return len;
}

unsigned nd_rs_emit(const struct nd_rs_msg *m, const struct nd_envelope *ip, uint8_t to[static ND_NEIGH_MAX])
{
	struct icmp6_hdr h = { .type = ICMP6_ROUTER_SOLICIT };
	unsigned len = sizeof h;
	memcpy(to, &h, sizeof h);
	if (m->has_mac)
		len += put_mac(to + len, ND_OPT_SOURCE_LLADDR, m->mac);
	put_csum(to, len, ip);
	return len;
}

void nd_ra_emit(const struct nd_ra_msg *m, struct nd_ra_hdr *to)
{
	*to = (struct nd_ra_hdr){
		.type = ICMP6_ROUTER_ADVERT,
		.hop_limit = m->hop_limit,
		.flags = m->flags,
		.lifetime_s = be16_of(m->lifetime_s),
		.reachable_ms = be32_of(m->reachable_ms),
		.retrans_ms = be32_of(m->retrans_ms),
	};
}

/* --- print --- */

static void print_macs(struct cursor options, struct text *to)
{
	struct found f;
	if (options_parse(options, &f)) {
		text_add(to, " (bad options)");
		return;
	}
	if (f.has_source) {
		text_add(to, " from ");
		text_mac(to, f.source);
	}
	if (f.has_target) {
		text_add(to, " is-at ");
		text_mac(to, f.target);
	}
}

static void print_neigh(struct cursor c, struct text *to)
{
	struct nd_neigh_hdr h;
	if (!cur_copy(&c, &h, sizeof h)) {
		text_add(to, "nd, cut short");
		return;
	}
	uint32_t flags = be32_get(h.icmp.info);
	bool solicit = h.icmp.type == ICMP6_NEIGH_SOLICIT;
	text_add(to, "nd %s ", solicit ? "who-has" : "advert");
	text_ip6(to, &h.target);
	if (!solicit)
		text_add(to, "%s%s%s", flags & ND_NA_ROUTER ? " router" : "",
			 flags & ND_NA_SOLICITED ? " solicited" : "",
			 flags & ND_NA_OVERRIDE ? " override" : "");
	print_macs(c, to);
}

static void print_router(struct cursor c, uint8_t type, struct text *to)
{
	uint32_t skip = type == ICMP6_ROUTER_SOLICIT ? sizeof(struct icmp6_hdr) : sizeof(struct nd_ra_hdr);
	if (!cur_skip(&c, skip)) {
		text_add(to, "nd router message, cut short");
		return;
	}
	text_add(to, "nd router %s", type == ICMP6_ROUTER_SOLICIT ? "solicit" : "advert");
	print_macs(c, to);
}

void nd_print(struct cursor c, struct text *to)
{
	struct icmp6_msg m;
	if (icmp6_parse(c, &m))
		text_add(to, "nd, cut short");
	else if (m.type == ICMP6_NEIGH_SOLICIT || m.type == ICMP6_NEIGH_ADVERT)
		print_neigh(c, to);
	else if (m.type == ICMP6_ROUTER_SOLICIT || m.type == ICMP6_ROUTER_ADVERT)
		print_router(c, m.type, to);
	else
		text_add(to, "nd redirect, %u bytes", cur_left(&c));
}
