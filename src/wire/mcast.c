/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mcast.h"

#include <sys/socket.h>

#include "wire/icmp6.h"
#include "wire/text.h"

struct igmp_hdr { /* RFC 2236, 2; RFC 3376, 4.1 */
	uint8_t type, max_resp;
	be16 csum;
	be32 group;
};
struct mld_hdr { /* RFC 2710, 3; RFC 3810, 5.1 */
	uint8_t type, code;
	be16 csum, max_resp, reserved;
	struct ip6 group;
};
struct query_tail { /* of version 3 */
	uint8_t flags, interval;
	be16 n_sources;
};
struct report_hdr { /* RFC 3376, 4.2; RFC 3810, 5.2 */
	uint8_t type, reserved;
	be16 csum, reserved2, n_records;
};
struct record_hdr {
	uint8_t type, aux_len;
	be16 n_sources;
};
static_assert(sizeof(struct igmp_hdr) == 8 && sizeof(struct mld_hdr) == 24, "as on the wire");

static unsigned addr_len(uint8_t family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* --- queries --- */

/* RFC 3376, 4.1.1 and 4.1.7; RFC 3810, 5.1.3: a small float of so many bits of mantissa behind three of exponent. */
static uint32_t expand(uint32_t code, unsigned mant_bits)
{
	uint32_t top = 1u << (mant_bits + 3);
	if (code < top)
		return code;
	uint32_t mant = code & ((1u << mant_bits) - 1), exp = code >> mant_bits & 7;
	return (mant | 1u << mant_bits) << (exp + 3);
}

static enum drop parse_tail(struct cursor c, uint8_t family, struct mcast_query *ret)
{
	struct query_tail tmp;
	const struct query_tail *t = cur_take(&c, &tmp, sizeof tmp);
	if (!t)
		return DROP_MCAST_MALFORMED; /* longer than version 2 and shorter than 3 */
	ret->robustness = t->flags & 7;
	ret->interval_s = expand(t->interval, 4);
	ret->n_sources = be16_get(t->n_sources);
	if (!cur_sub(&c, ret->n_sources * addr_len(family), &ret->sources))
		return DROP_TRUNCATED;
	if (ret->n_sources && ipaddr_is_zero(&ret->group))
		return DROP_MCAST_MALFORMED;
	return DROP_NONE;
}

enum drop igmp_query_parse(struct cursor c, struct mcast_query *ret)
{
	enum { TENTH_US = 100000, V1_RESP_US = 10 * 1000000 }; /* RFC 2236, 4: what version 1 gives */
	struct igmp_hdr tmp;
	const struct igmp_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret = (struct mcast_query){ .group.v4 = h->group };
	ret->version = cur_left(&c) ? 3 : h->max_resp ? 2 : 1;
	if (ret->version == 1)
		ret->max_resp_us = V1_RESP_US;
	else
		ret->max_resp_us =
			(uint64_t)(ret->version == 3 ? expand(h->max_resp, 4) : h->max_resp) * TENTH_US;
	return ret->version == 3 ? parse_tail(c, AF_INET, ret) : DROP_NONE;
}

enum drop mld_query_parse(struct cursor c, struct mcast_query *ret)
{
	struct mld_hdr tmp;
	const struct mld_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret = (struct mcast_query){ .group.v6 = h->group, .version = cur_left(&c) ? 3 : 2 };
	uint32_t code = be16_get(h->max_resp);
	ret->max_resp_us = (uint64_t)(ret->version == 3 ? expand(code, 12) : code) * 1000;
	return ret->version == 3 ? parse_tail(c, AF_INET6, ret) : DROP_NONE;
}

enum drop igmp_report_parse(struct cursor c, struct ipaddr *ret_group)
{
	struct igmp_hdr tmp;
	const struct igmp_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret_group = (struct ipaddr){ .v4 = h->group };
	return DROP_NONE;
}

enum drop mld_report_parse(struct cursor c, struct ipaddr *ret_group)
{
	struct mld_hdr tmp;
	const struct mld_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret_group = (struct ipaddr){ .v6 = h->group };
	return DROP_NONE;
}

bool mcast_source_next(struct cursor *c, uint8_t family, struct ipaddr *ret)
{
	*ret = (struct ipaddr){ 0 };
	return cur_left(c) >= addr_len(family) && cur_copy(c, ret->b, addr_len(family));
}

/* --- reports --- */

static unsigned igmp_old_emit(uint8_t version, bool leave, const struct ipaddr *group, uint8_t *to)
{
	const struct igmp_hdr h = { .type = leave          ? IGMP_V2_LEAVE
					    : version == 1 ? IGMP_V1_REPORT
							   : IGMP_V2_REPORT,
				    .group = group->v4 };
	memcpy(to, &h, sizeof h);
	return sizeof h;
}

unsigned mcast_old_emit(uint8_t family, uint8_t version, bool leave, const struct ipaddr *group,
			uint8_t to[static MCAST_OLD_MAX])
{
	if (family == AF_INET)
		return igmp_old_emit(version, leave, group, to);
	const struct mld_hdr h = { .type = leave ? ICMP6_MLD_DONE : ICMP6_MLD_REPORT, .group = group->v6 };
	memcpy(to, &h, sizeof h);
	return sizeof h;
}

void mcast_report_begin(struct mcast_report *r, uint8_t family, uint32_t max)
{
	const struct report_hdr h = { .type = family == AF_INET6 ? ICMP6_MLD2_REPORT : IGMP_V3_REPORT };
	r->family = family;
	r->len = sizeof h;
	r->max = MIN(max, (uint32_t)sizeof r->b);
	r->record = 0;
	memcpy(r->b, &h, sizeof h);
}

bool mcast_report_record(struct mcast_report *r, enum mcast_record type, const struct ipaddr *group,
			 uint32_t n_sources)
{
	const struct record_hdr h = { .type = (uint8_t)type };
	unsigned n = addr_len(r->family);
	struct report_hdr head;
	memcpy(&head, r->b, sizeof head);
	if (r->len + sizeof h + n + (uint64_t)n * n_sources > r->max ||
	    be16_get(head.n_records) == UINT16_MAX)
		return false;
	r->record = r->len;
	memcpy(r->b + r->len, &h, sizeof h);
	memcpy(r->b + r->len + sizeof h, group->b, n);
	r->len += (uint32_t)sizeof h + n;
	head.n_records = be16_of((uint16_t)(be16_get(head.n_records) + 1));
	memcpy(r->b, &head, sizeof head);
	return true;
}

bool mcast_report_source(struct mcast_report *r, const struct ipaddr *source)
{
	struct record_hdr h;
	unsigned n = addr_len(r->family);
	if (r->len + n > r->max)
		return false;
	memcpy(&h, r->b + r->record, sizeof h);
	h.n_sources = be16_of((uint16_t)(be16_get(h.n_sources) + 1));
	memcpy(r->b + r->record, &h, sizeof h);
	memcpy(r->b + r->len, source->b, n);
	r->len += n;
	return true;
}

/* --- as text --- */

static void print_group(struct text *to, uint8_t family, const struct ipaddr *a)
{
	if (family == AF_INET)
		text_ip4(to, a->v4);
	else
		text_ip6(to, &a->v6);
}

static void print_query(struct text *to, uint8_t family, const struct mcast_query *q)
{
	text_add(to, "query");
	if (!ipaddr_is_zero(&q->group)) {
		text_add(to, " ");
		print_group(to, family, &q->group);
	}
	if (q->n_sources)
		text_add(to, " of %u sources", q->n_sources);
}

static void print_records(struct cursor c, struct text *to, uint8_t family)
{
	static const char *const names[] = { "?", "is-in", "is-ex", "to-in", "to-ex", "allow", "block" };
	struct report_hdr head;
	struct record_hdr h;
	struct ipaddr group = { 0 };
	text_add(to, "report");
	if (!cur_copy(&c, &head, sizeof head))
		return;
	for (unsigned n = be16_get(head.n_records); n && cur_copy(&c, &h, sizeof h); n--) {
		if (!cur_copy(&c, group.b, addr_len(family)))
			return;
		text_add(to, " %s ", names[h.type < ARRAY_SIZE(names) ? h.type : 0]);
		print_group(to, family, &group);
		if (be16_get(h.n_sources))
			text_add(to, " of %u", be16_get(h.n_sources));
		if (!cur_skip(&c, be16_get(h.n_sources) * addr_len(family) + h.aux_len * 4u))
			return;
	}
}

static void print_old(struct cursor c, struct text *to, uint8_t family, const char *what)
{
	struct ipaddr group;
	enum drop why = family == AF_INET ? igmp_report_parse(c, &group) : mld_report_parse(c, &group);
	text_add(to, "%s ", what);
	if (!why)
		print_group(to, family, &group);
}

void igmp_print(struct cursor c, struct text *to)
{
	struct mcast_query q;
	uint8_t tmp;
	const uint8_t *type = cur_peek(&c, &tmp, 1);
	text_add(to, "igmp ");
	if (!type)
		text_add(to, "(truncated)");
	else if (*type == IGMP_QUERY && !igmp_query_parse(c, &q))
		print_query(to, AF_INET, &q);
	else if (*type == IGMP_V3_REPORT)
		print_records(c, to, AF_INET);
	else if (*type == IGMP_V1_REPORT || *type == IGMP_V2_REPORT)
		print_old(c, to, AF_INET, "report");
	else if (*type == IGMP_V2_LEAVE)
		print_old(c, to, AF_INET, "leave");
	else
		text_add(to, "type %u", *type);
}

void mld_print(struct cursor c, struct text *to)
{
	struct mcast_query q;
	uint8_t tmp;
	const uint8_t *type = cur_peek(&c, &tmp, 1);
	text_add(to, "mld ");
	if (!type)
		text_add(to, "(truncated)");
	else if (*type == ICMP6_MLD_QUERY && !mld_query_parse(c, &q))
		print_query(to, AF_INET6, &q);
	else if (*type == ICMP6_MLD2_REPORT)
		print_records(c, to, AF_INET6);
	else
		print_old(c, to, AF_INET6, *type == ICMP6_MLD_DONE ? "done" : "report");
}
