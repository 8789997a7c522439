/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers in front of a packet: IP in IP (RFC 2003, 2473), GRE (RFC 2784, 2890), MPLS in GRE (RFC 4023). */
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/bytes_internal.h"
#include "wire/ip.h"
#include "wire/text.h"

/* --- to bytes --- */

/* What an IP header says comes next, and a GRE header: the family is that of the packet at the end. */
static uint8_t next_proto(const struct packet *p, unsigned i, uint8_t family)
{
	enum encap_kind kind = family == AF_INET ? ENCAP_IP4 : ENCAP_IP6;
	if (i + 1 < p->n_encaps)
		kind = p->encap[i + 1].kind;
	return kind == ENCAP_IP4   ? IP_PROTO_IPIP
	       : kind == ENCAP_IP6 ? IP_PROTO_IPV6
	       : kind == ENCAP_GRE ? IP_PROTO_GRE
				   : 0;
}

static uint32_t put32(uint8_t *to, uint32_t v)
{
	be32 b = be32_of(v);
	memcpy(to, &b, sizeof b);
	return sizeof b;
}

static uint32_t emit_gre(const struct encap *e, uint8_t next, uint8_t *to)
{
	uint16_t type = next == IP_PROTO_IPIP ? ETH_P_IP : next == IP_PROTO_IPV6 ? ETH_P_IPV6 : ETH_P_MPLS_UC;
	uint32_t len = put32(to, (uint32_t)e->flags << 16 | type);
	if (e->flags & GRE_CSUM)
		len += put32(to + len, (uint32_t)e->sum << 16 | e->off);
	if (e->flags & GRE_KEY)
		len += put32(to + len, e->key);
	if (e->flags & GRE_SEQ)
		len += put32(to + len, e->seq);
	return len;
}

static uint32_t emit_outer_ip(const struct encap *e, uint8_t next, uint32_t len, uint8_t *to)
{
	struct flow f = { .family = e->kind == ENCAP_IP4 ? AF_INET : AF_INET6,
			  .local = e->src,
			  .remote = e->dst };
	const struct packet said = {
		.ecn = e->ecn, .ttl = e->ttl, .tos = e->tos, .flow_label = e->flow_label
	};
	return next && len <= 65535 - 20 ? emit_ip(&f, true, next, &said, (const uint8_t *)"", len, to) : 0;
}

static uint32_t emit_one(const struct packet *p, unsigned i, uint8_t family, uint32_t len, uint8_t *to)
{
	const struct encap *e = &p->encap[i];
	uint8_t next = next_proto(p, i, family);
	uint32_t n = 0;
	switch (e->kind) {
	case ENCAP_GRE:
		return emit_gre(e, next, to);
	case ENCAP_MPLS:
		for (unsigned k = 0; k < e->n_entries; k++)
			n += put32(to + n, e->entry[k]);
		return n;
	default:
		return emit_outer_ip(e, next, len, to);
	}
}

/* The first must be IP: that is what tun0 carries. */
uint32_t encap_emit(const struct packet *p, uint8_t family, uint32_t len, uint8_t to[static ENCAP_BYTES_MAX])
{
	uint32_t all = 0;
	if (p->encap[0].kind == ENCAP_GRE || p->encap[0].kind == ENCAP_MPLS)
		return 0;
	for (unsigned i = p->n_encaps; i-- > 0;) {
		uint8_t head[40];
		uint32_t n = emit_one(p, i, family, len + all, head);
		if (!n)
			return 0;
		memmove(to + n, to, all);
		memcpy(to, head, n);
		all += n;
	}
	return all;
}

/* --- from bytes --- */

bool encap_is(uint8_t proto)
{
	return proto == IP_PROTO_IPIP || proto == IP_PROTO_IPV6 || proto == IP_PROTO_GRE;
}

static struct encap *add(struct packet *p)
{
	return p->n_encaps < PACKET_ENCAPS_MAX ? &p->encap[p->n_encaps++] : NULL;
}

static bool take32(struct cursor *c, uint32_t *ret)
{
	be32 v;
	if (!cur_copy(c, &v, sizeof v))
		return false;
	*ret = be32_get(v);
	return true;
}

static const char *read_mpls(struct cursor *c, struct packet *p)
{
	struct encap *e = add(p);
	if (!e)
		return "too many headers in front";
	*e = (struct encap){ .kind = ENCAP_MPLS };
	do {
		if (e->n_entries == MPLS_MAX || !take32(c, &e->entry[e->n_entries++]))
			return "a malformed stack of labels";
	} while (!(e->entry[e->n_entries - 1] & 0x100));
	return NULL;
}

static const char *read_gre(struct cursor *c, struct packet *p)
{
	struct encap *e = add(p);
	uint32_t first, sum = 0;
	if (!e)
		return "too many headers in front";
	*e = (struct encap){ .kind = ENCAP_GRE };
	if (!take32(c, &first))
		return "a malformed GRE header";
	e->flags = (uint16_t)(first >> 16);
	if ((e->flags & GRE_CSUM && !take32(c, &sum)) || (e->flags & GRE_KEY && !take32(c, &e->key)) ||
	    (e->flags & GRE_SEQ && !take32(c, &e->seq)))
		return "a malformed GRE header";
	e->sum = (uint16_t)(sum >> 16);
	e->off = (uint16_t)sum;
	return (first & 0xffff) == ETH_P_MPLS_UC ? read_mpls(c, p) : NULL;
}

const char *encap_read(struct cursor *c, const struct flow *f, uint8_t proto, struct packet *p)
{
	struct encap *e = add(p);
	if (!e)
		return "too many headers in front";
	*e = (struct encap){ .kind = f->family == AF_INET ? ENCAP_IP4 : ENCAP_IP6,
			     .ecn = p->tos & IP_ECN_MASK,
			     .ttl = p->ttl,
			     .tos = p->tos,
			     .flow_label = p->flow_label,
			     .src = f->local,
			     .dst = f->remote };
	return proto == IP_PROTO_GRE ? read_gre(c, p) : NULL;
}

/* --- comparing, printing --- */

static bool said_ip(const struct encap *want, const struct encap *seen)
{
	return (want->ecn == ECN_UNSAID || want->ecn == seen->ecn) &&
	       (want->ttl == UNSAID || want->ttl == seen->ttl) &&
	       (want->tos == UNSAID || want->tos == seen->tos) &&
	       (want->flow_label == UNSAID || want->flow_label == seen->flow_label) &&
	       memcmp(&want->src, &seen->src, sizeof want->src) == 0 &&
	       memcmp(&want->dst, &seen->dst, sizeof want->dst) == 0;
}

static bool same(const struct encap *want, const struct encap *seen)
{
	if (want->kind != seen->kind)
		return false;
	if (want->kind == ENCAP_GRE)
		return want->flags == seen->flags && want->sum == seen->sum && want->off == seen->off &&
		       want->key == seen->key && want->seq == seen->seq;
	if (want->kind == ENCAP_MPLS)
		return want->n_entries == seen->n_entries &&
		       memcmp(want->entry, seen->entry, want->n_entries * sizeof *want->entry) == 0;
	return said_ip(want, seen);
}

const char *encap_differs(const struct encap *want, const struct encap *seen, char *room, size_t size)
{
	struct text t = text_of(room, size);
	if (same(want, seen))
		return NULL;
	text_add(&t, "header in front: expected ");
	encap_print(want, &t);
	text_add(&t, " got ");
	encap_print(seen, &t);
	return room;
}

static const char *address_text(uint8_t family, const struct ipaddr *a, char to[static IP6_TEXT_MAX])
{
	return family == AF_INET ? ip4_text(a->v4, to) : ip6_text(&a->v6, to);
}

static void print_outer_ip(const struct encap *e, struct text *t)
{
	char src[IP6_TEXT_MAX], dst[IP6_TEXT_MAX];
	uint8_t family = e->kind == ENCAP_IP4 ? AF_INET : AF_INET6;
	const struct packet said = {
		.ecn = e->ecn, .ttl = e->ttl, .tos = e->tos, .flow_label = e->flow_label
	};
	text_add(t, "ipv%d ", family == AF_INET ? 4 : 6);
	packet_print_ip(&said, t);
	text_add(t, "%s > %s: ", address_text(family, &e->src, src), address_text(family, &e->dst, dst));
}

static void print_gre(const struct encap *e, struct text *t)
{
	text_add(t, "gre");
	if (e->flags)
		text_add(t, " flags 0x%04x, sum 0x%x, off %u, key=0x%x, seq %u", e->flags, e->sum, e->off,
			 e->key, e->seq);
	text_add(t, ": ");
}

void encap_print(const struct encap *e, struct text *t)
{
	if (e->kind == ENCAP_GRE) {
		print_gre(e, t);
	} else if (e->kind == ENCAP_MPLS) {
		text_add(t, "mpls");
		for (unsigned i = 0; i < e->n_entries; i++)
			text_add(t, " (label %u, tc %u, %sttl %u)", e->entry[i] >> 12, e->entry[i] >> 9 & 7,
				 e->entry[i] & 0x100 ? "[S], " : "", e->entry[i] & 0xff);
		text_add(t, ": ");
	} else {
		print_outer_ip(e, t);
	}
}
