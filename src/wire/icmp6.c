/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/icmp6.h"
#include "wire/mcast.h"

#include "wire/csum.h"
#include "wire/ip6.h"
#include "wire/nd.h"
#include "wire/text.h"

enum drop icmp6_parse(struct cursor c, struct icmp6_msg *ret_msg)
{
	struct icmp6_hdr tmp;
	const struct icmp6_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret_msg =
		(struct icmp6_msg){ .type = h->type, .code = h->code, .info = be32_get(h->info), .body = c };
	return DROP_NONE;
}

void icmp6_emit(const struct icmp6_msg *m, struct icmp6_hdr *to)
{
	*to = (struct icmp6_hdr){ .type = m->type, .code = m->code, .info = be32_of(m->info) };
}

be16 icmp6_csum(const struct icmp6_msg *m, const struct ip6 *src, const struct ip6 *dst)
{
	struct icmp6_hdr h;
	icmp6_emit(m, &h);
	uint32_t sum = csum_pseudo6(src, dst, IP_PROTO_ICMP6, (uint32_t)sizeof h + cur_left(&m->body));
	return be16_of(csum_done(csum_add(csum_add(sum, csum_mem(&h, sizeof h)), csum_cursor(m->body))));
}

static const char *const type_names[256] = {
	[ICMP6_UNREACH] = "unreachable",
	[ICMP6_TOO_BIG] = "packet too big",
	[ICMP6_TIME_EXCEEDED] = "time exceeded",
	[ICMP6_PARAM_PROBLEM] = "parameter problem",
	[ICMP6_ECHO] = "echo",
	[ICMP6_ECHO_REPLY] = "echo reply",
	[ICMP6_MLD_QUERY] = "mld query",
	[ICMP6_MLD_REPORT] = "mld report",
	[ICMP6_MLD_DONE] = "mld done",
	[ICMP6_MLD2_REPORT] = "mldv2 report",
	[ICMP6_NODE_INFO] = "node information query",
	[ICMP6_NODE_INFO_REPLY] = "node information reply",
	[ICMP6_EXT_ECHO] = "extended echo",
	[ICMP6_EXT_ECHO_REPLY] = "extended echo reply",
};

static bool is_nd(uint8_t type)
{
	return type >= ICMP6_ROUTER_SOLICIT && type <= ICMP6_REDIRECT;
}

static void print_quote(const struct icmp6_msg *m, struct text *to, unsigned depth)
{
	text_add(to, " code %u", m->code);
	if (m->type == ICMP6_TOO_BIG)
		text_add(to, " mtu %u", m->info);
	if (m->type == ICMP6_PARAM_PROBLEM)
		text_add(to, " pointer %u", m->info);
	if (depth + 1 < IP_PRINT_DEPTH) {
		text_add(to, " [");
		ip6_print(m->body, to, depth + 1);
		text_add(to, "]");
	}
}

static bool is_mld(uint8_t type)
{
	return (type >= ICMP6_MLD_QUERY && type <= ICMP6_MLD_DONE) || type == ICMP6_MLD2_REPORT;
}

void icmp6_print(struct cursor c, struct text *to, unsigned depth)
{
	struct icmp6_msg m;
	if (icmp6_parse(c, &m)) {
		text_add(to, "icmp6, cut short");
		return;
	}
	const char *name = type_names[m.type];
	if (is_nd(m.type)) {
		nd_print(c, to);
		return;
	}
	if (is_mld(m.type)) {
		mld_print(c, to);
		return;
	}
	if (name)
		text_add(to, "icmp6 %s", name);
	else
		text_add(to, "icmp6 type %u code %u", m.type, m.code);
	if (name && icmp6_is_error(m.type))
		print_quote(&m, to, depth);
	else if (m.type == ICMP6_ECHO || m.type == ICMP6_ECHO_REPLY)
		text_add(to, " id %u seq %u, %u bytes", icmp6_echo_id(&m), icmp6_echo_seq(&m),
			 cur_left(&m.body));
}
