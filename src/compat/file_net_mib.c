/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of RFC 4293 and RFC 4022 by Linux's names: /proc/net/snmp, netstat, snmp6, dev_snmp6/IF.
 *
 * leat counts packets by node and drops by node and reason; a row of the tables here says which of those make up one of Linux's
 * numbers. What nobody counts is 0, as are the counters of protocols that are not there. */
#include "compat/file_net.h"

#include <stdio.h>
#include <sys/socket.h>

#include "graph/node.h"
#include "ip/ip.h"
#include "ip/ip_count.h"
#include "l4/udp.h"
#include "tcp/tcp.h"

/* A sum: of packets that came to a node, of drops by a reason in all nodes of a kind, of what room ip counts besides. */
enum of { END, PACKETS, DROPS, COUNT4, COUNT6, TCP, UDP4, UDP6 };
struct part {
	enum of of;
	const char *node; /* PACKETS: its name; DROPS: what its name begins with */
	enum drop why; /* DROPS */
	size_t at; /* COUNT: in struct ip_counts; TCP: enum tcp_count; UDP: enum udp_count */
	bool lite; /* UDP */
};
#define NODE(name)                       \
	{                                \
		PACKETS, name, DROP_NONE \
	}
#define LOST(nodes, name)                 \
	{                                 \
		DROPS, nodes, DROP_##name \
	}
#define COUNT(family, what)                                                      \
	{                                                                        \
		COUNT##family, NULL, DROP_NONE, offsetof(struct ip_counts, what) \
	}
#define TCP_COUNTED(what)                          \
	{                                          \
		TCP, NULL, DROP_NONE, TCP_N_##what \
	}
#define UDP_COUNTED(family, lite, what)                          \
	{                                                        \
		UDP##family, NULL, DROP_NONE, UDP_N_##what, lite \
	}
#define ICMP_SLOT(type)         ((type)&0x80 ? (type)-0x60 : (type))
#define ICMP(family, way, type) COUNT(family, icmp_##way[ICMP_SLOT(type)])
struct field {
	const char *name;
	struct part part[8];
	uint64_t (*value)(const struct leat_stack *st); /* or a value of its own */
};

static uint64_t drops(const struct leat_stack *st, const char *nodes, enum drop why)
{
	uint64_t sum = 0;
	for (unsigned id = 1; id < graph_n_nodes(st); id++) {
		const struct node *n = graph_node(st, (uint16_t)id);
		if (n && !strncmp(n->name, nodes, strlen(nodes)))
			sum += graph_drops(st, (uint16_t)id, why);
	}
	return sum;
}

static uint64_t packets(const struct leat_stack *st, const char *node)
{
	struct node_stats s = { 0 };
	uint16_t id = node_find(st, node);
	if (id)
		graph_stats(st, id, &s);
	return s.packets;
}

static uint64_t part_of(const struct leat_stack *st, const struct part *p)
{
	switch (p->of) {
	case PACKETS:
		return packets(st, p->node);
	case DROPS:
		return drops(st, p->node, p->why);
	case TCP:
		return tcp_counted(st, (enum tcp_count)p->at);
	case UDP4:
	case UDP6:
		return udp_counted(st, p->lite, p->of == UDP4 ? AF_INET : AF_INET6, (enum udp_count)p->at);
	default:
		return ip_count(st, p->of == COUNT4 ? AF_INET : AF_INET6, p->at);
	}
}

static uint64_t value_of(const struct leat_stack *st, const struct field *f)
{
	uint64_t sum = f->value ? f->value(st) : 0;
	for (const struct part *p = f->part; p->of != END; p++)
		sum += part_of(st, p);
	return sum;
}

/* --- the tables, in Linux's order --- */

static uint64_t forwarding4(const struct leat_stack *st)
{
	return ip_forwarding(st, AF_INET) ? 1 : 2; /* RFC 4293: ipForwarding */
}
static uint64_t ttl4(const struct leat_stack *st)
{
	return ip4_default_ttl(st);
}
static uint64_t one(const struct leat_stack *st)
{
	return 1;
}
static uint64_t rto_min(const struct leat_stack *st)
{
	return 200;
}
static uint64_t rto_max(const struct leat_stack *st)
{
	return 120000;
}
static uint64_t no_limit(const struct leat_stack *st)
{
	return UINT64_MAX; /* -1 */
}

static const struct field ip4_fields[] = {
	{ "Forwarding", .value = forwarding4 },
	{ "DefaultTTL", .value = ttl4 },
	{ "InReceives", { NODE("ip4-input") } },
	{ "InHdrErrors",
	  { LOST("ip4-input", TRUNCATED), LOST("ip4-input", BAD_LENGTH), LOST("ip4-input", IP_VERSION),
	    LOST("ip4-input", IP_HEADER_CSUM), LOST("ip4-", IP_OPTIONS),
	    LOST("icmp4-error", IP_TTL_EXPIRED) } },
	{ "InAddrErrors",
	  { LOST("ip4-", IP_MARTIAN_SOURCE), LOST("ip4-", IP_MARTIAN_DEST),
	    LOST("ip4-", IP_FORWARDING_OFF) } },
	{ "ForwDatagrams", { NODE("ip4-forward") } },
	{ "InUnknownProtos", { LOST("ip4-local", IP_PROTO_UNKNOWN), LOST("icmp4-error", IP_PROTO_UNKNOWN) } },
	{ "InDiscards", { LOST("ip4-input", NO_BUFFER), LOST("ip4-local", NO_BUFFER) } },
	{ "InDelivers", { NODE("ip4-local") } },
	{ "OutRequests", { NODE("ip4-output"), NODE("ip4-output-whole") } },
	{ "OutDiscards", { LOST("ip4-output", NO_BUFFER), LOST("ip4-post", NO_BUFFER) } },
	{ "OutNoRoutes", { LOST("ip4-output", IP_NO_ROUTE) } },
	{ "ReasmTimeout", { LOST("ip4-reass", REASS_TIMEOUT) } },
	{ "ReasmReqds", { NODE("ip4-reass") } },
	{ "ReasmOKs", { COUNT(4, reass_ok) } },
	{ "ReasmFails",
	  { LOST("ip4-reass", REASS_TIMEOUT), LOST("ip4-reass", REASS_OVERTAKEN),
	    LOST("ip4-reass", REASS_FULL), LOST("ip4-reass", REASS_OVERLAP), LOST("ip4-reass", REASS_ECN) } },
	{ "FragOKs", { LOST("ip4-frag", IP_FRAGMENTED) } },
	{ "FragFails", { LOST("icmp4-error", IP_TOO_BIG), LOST("ip4-post", IP_TOO_BIG) } },
	{ "FragCreates", { COUNT(4, frag_created) } },
	{ "OutTransmits", { NODE("ip4-post") } },
	{ 0 },
};

static const struct field icmp4_fields[] = {
	{ "InMsgs", { NODE("icmp4-input") } },
	{ "InErrors", { LOST("icmp4-input", L4_CSUM), LOST("icmp4-input", TRUNCATED) } },
	{ "InCsumErrors", { LOST("icmp4-input", L4_CSUM) } },
	{ "InDestUnreachs", { ICMP(4, in, 3) } },
	{ "InTimeExcds", { ICMP(4, in, 11) } },
	{ "InParmProbs", { ICMP(4, in, 12) } },
	{ "InSrcQuenchs", { ICMP(4, in, 4) } },
	{ "InRedirects", { ICMP(4, in, 5) } },
	{ "InEchos", { ICMP(4, in, 8) } },
	{ "InEchoReps", { ICMP(4, in, 0) } },
	{ "InTimestamps", { ICMP(4, in, 13) } },
	{ "InTimestampReps", { ICMP(4, in, 14) } },
	{ "InAddrMasks", { ICMP(4, in, 17) } },
	{ "InAddrMaskReps", { ICMP(4, in, 18) } },
	{ "OutMsgs", { COUNT(4, icmp_out_all) } },
	{ "OutErrors" },
	{ "OutRateLimitGlobal", { LOST("icmp4-error", ICMP_RATE_LIMITED) } },
	{ "OutRateLimitHost" },
	{ "OutDestUnreachs", { ICMP(4, out, 3) } },
	{ "OutTimeExcds", { ICMP(4, out, 11) } },
	{ "OutParmProbs", { ICMP(4, out, 12) } },
	{ "OutSrcQuenchs", { ICMP(4, out, 4) } },
	{ "OutRedirects", { ICMP(4, out, 5) } },
	{ "OutEchos", { ICMP(4, out, 8) } },
	{ "OutEchoReps", { ICMP(4, out, 0) } },
	{ "OutTimestamps", { ICMP(4, out, 13) } },
	{ "OutTimestampReps", { ICMP(4, out, 14) } },
	{ "OutAddrMasks", { ICMP(4, out, 17) } },
	{ "OutAddrMaskReps", { ICMP(4, out, 18) } },
	{ 0 },
};

static const struct field tcp_fields[] = {
	{ "RtoAlgorithm", .value = one },
	{ "RtoMin", .value = rto_min },
	{ "RtoMax", .value = rto_max },
	{ "MaxConn", .value = no_limit },
	{ "ActiveOpens", { TCP_COUNTED(ACTIVE_OPENS) } },
	{ "PassiveOpens", { TCP_COUNTED(PASSIVE_OPENS) } },
	{ "AttemptFails", { TCP_COUNTED(ATTEMPT_FAILS) } },
	{ "EstabResets", { TCP_COUNTED(ESTAB_RESETS) } },
	{ "CurrEstab", { TCP_COUNTED(CURR_ESTAB) } },
	{ "InSegs", { TCP_COUNTED(IN_SEGS) } },
	{ "OutSegs", { TCP_COUNTED(OUT_SEGS) } },
	{ "RetransSegs", { TCP_COUNTED(RETRANS_SEGS) } },
	{ "InErrs", { TCP_COUNTED(IN_ERRS) } },
	{ "OutRsts", { TCP_COUNTED(OUT_RSTS) } },
	{ "InCsumErrors", { TCP_COUNTED(IN_CSUM_ERRORS) } },
	{ 0 },
};

/* Linux's order for IPv4. */
#define UDP_FIELDS(lite)                                                      \
	{ "InDatagrams", { UDP_COUNTED(4, lite, IN_DATAGRAMS) } },            \
		{ "NoPorts", { UDP_COUNTED(4, lite, NO_PORTS) } },            \
		{ "InErrors", { UDP_COUNTED(4, lite, IN_ERRORS) } },          \
		{ "OutDatagrams", { UDP_COUNTED(4, lite, OUT_DATAGRAMS) } },  \
		{ "RcvbufErrors", { UDP_COUNTED(4, lite, RCVBUF_ERRORS) } },  \
		{ "SndbufErrors", { UDP_COUNTED(4, lite, SNDBUF_ERRORS) } },  \
		{ "InCsumErrors", { UDP_COUNTED(4, lite, IN_CSUM_ERRORS) } }, \
		{ "IgnoredMulti", { UDP_COUNTED(4, lite, IGNORED_MULTI) } },  \
	{                                                                     \
		"MemErrors",                                                  \
		{                                                             \
			UDP_COUNTED(4, lite, MEM_ERRORS)                      \
		}                                                             \
	}
static const struct field udp_fields[] = { UDP_FIELDS(false), { 0 } };
static const struct field udplite_fields[] = { UDP_FIELDS(true), { 0 } };

/* Of TCP's only those that are not TCP's. */
static const struct field tcp_ext_fields[] = {
	{ "LockDroppedIcmps" },
	{ "ArpFilter" },
	{ "IPReversePathFilter", { LOST("ip4-", IP_REVERSE_PATH) } },
	{ 0 },
};

static const struct field ip_ext_fields[] = {
	{ "InNoRoutes", { LOST("icmp4-error", IP_NO_ROUTE) } },
	{ "InTruncatedPkts", { LOST("ip4-input", TRUNCATED) } },
	{ "InMcastPkts" },
	{ "OutMcastPkts" },
	{ "InBcastPkts" },
	{ "OutBcastPkts" },
	{ "InOctets" },
	{ "OutOctets" },
	{ "InMcastOctets" },
	{ "OutMcastOctets" },
	{ "InBcastOctets" },
	{ "OutBcastOctets" },
	{ "InCsumErrors", { LOST("ip4-input", IP_HEADER_CSUM) } },
	{ "InNoECTPkts" },
	{ "InECT1Pkts" },
	{ "InECT0Pkts" },
	{ "InCEPkts" },
	{ "ReasmOverlaps", { LOST("ip4-reass", REASS_OVERLAP) } },
	{ 0 },
};

static const struct field ip6_fields[] = {
	{ "Ip6InReceives", { NODE("ip6-input") } },
	{ "Ip6InHdrErrors",
	  { LOST("ip6-input", BAD_LENGTH), LOST("ip6-input", IP_VERSION), LOST("ip6-", IP_EXT_HEADER),
	    LOST("icmp6-error", IP_TTL_EXPIRED) } },
	{ "Ip6InTooBigErrors", { LOST("icmp6-error", IP_TOO_BIG) } },
	{ "Ip6InNoRoutes", { LOST("icmp6-error", IP_NO_ROUTE) } },
	{ "Ip6InAddrErrors",
	  { LOST("ip6-", IP_MARTIAN_SOURCE), LOST("ip6-", IP_MARTIAN_DEST),
	    LOST("ip6-", IP_FORWARDING_OFF) } },
	{ "Ip6InUnknownProtos", { LOST("icmp6-error", IP_PROTO_UNKNOWN) } },
	{ "Ip6InTruncatedPkts", { LOST("ip6-input", TRUNCATED) } },
	{ "Ip6InDiscards", { LOST("ip6-input", NO_BUFFER) } },
	{ "Ip6InDelivers", { NODE("ip6-local") } },
	{ "Ip6OutForwDatagrams", { NODE("ip6-forward") } },
	{ "Ip6OutRequests", { NODE("ip6-output"), NODE("ip6-output-whole"), COUNT(6, direct) } },
	{ "Ip6OutDiscards", { LOST("ip6-post", NO_BUFFER) } },
	{ "Ip6OutNoRoutes", { LOST("ip6-output", IP_NO_ROUTE) } },
	{ "Ip6ReasmTimeout", { LOST("ip6-reass", REASS_TIMEOUT) } },
	{ "Ip6ReasmReqds", { NODE("ip6-reass") } },
	{ "Ip6ReasmOKs", { COUNT(6, reass_ok) } },
	{ "Ip6ReasmFails",
	  { LOST("ip6-reass", REASS_TIMEOUT), LOST("ip6-reass", REASS_OVERTAKEN),
	    LOST("ip6-reass", REASS_FULL), LOST("ip6-reass", REASS_OVERLAP), LOST("ip6-reass", REASS_ECN) } },
	{ "Ip6FragOKs", { LOST("ip6-frag", IP_FRAGMENTED) } },
	{ "Ip6FragFails" },
	{ "Ip6FragCreates", { COUNT(6, frag_created) } },
	{ "Ip6InMcastPkts" },
	{ "Ip6OutMcastPkts" },
	{ "Ip6InOctets" },
	{ "Ip6OutOctets" },
	{ "Ip6InMcastOctets" },
	{ "Ip6OutMcastOctets" },
	{ "Ip6InBcastOctets" },
	{ "Ip6OutBcastOctets" },
	{ "Ip6InNoECTPkts" },
	{ "Ip6InECT1Pkts" },
	{ "Ip6InECT0Pkts" },
	{ "Ip6InCEPkts" },
	{ "Ip6OutTransmits", { NODE("ip6-post"), COUNT(6, direct) } },
	{ 0 },
};

static const struct field icmp6_fields[] = {
	{ "Icmp6InMsgs", { NODE("icmp6-input") } },
	{ "Icmp6InErrors", { LOST("icmp6-input", L4_CSUM), LOST("icmp6-input", TRUNCATED) } },
	{ "Icmp6OutMsgs", { COUNT(6, icmp_out_all) } },
	{ "Icmp6OutErrors" },
	{ "Icmp6InCsumErrors", { LOST("icmp6-input", L4_CSUM) } },
	{ "Icmp6OutRateLimitHost", { LOST("icmp6-error", ICMP_RATE_LIMITED) } },
	{ "Icmp6InDestUnreachs", { ICMP(6, in, 1) } },
	{ "Icmp6InPktTooBigs", { ICMP(6, in, 2) } },
	{ "Icmp6InTimeExcds", { ICMP(6, in, 3) } },
	{ "Icmp6InParmProblems", { ICMP(6, in, 4) } },
	{ "Icmp6InEchos", { ICMP(6, in, 128) } },
	{ "Icmp6InEchoReplies", { ICMP(6, in, 129) } },
	{ "Icmp6InGroupMembQueries", { ICMP(6, in, 130) } },
	{ "Icmp6InGroupMembResponses", { ICMP(6, in, 131) } },
	{ "Icmp6InGroupMembReductions", { ICMP(6, in, 132) } },
	{ "Icmp6InRouterSolicits", { ICMP(6, in, 133) } },
	{ "Icmp6InRouterAdvertisements", { ICMP(6, in, 134) } },
	{ "Icmp6InNeighborSolicits", { ICMP(6, in, 135) } },
	{ "Icmp6InNeighborAdvertisements", { ICMP(6, in, 136) } },
	{ "Icmp6InRedirects", { ICMP(6, in, 137) } },
	{ "Icmp6InMLDv2Reports", { ICMP(6, in, 143) } },
	{ "Icmp6OutDestUnreachs", { ICMP(6, out, 1) } },
	{ "Icmp6OutPktTooBigs", { ICMP(6, out, 2) } },
	{ "Icmp6OutTimeExcds", { ICMP(6, out, 3) } },
	{ "Icmp6OutParmProblems", { ICMP(6, out, 4) } },
	{ "Icmp6OutEchos", { ICMP(6, out, 128) } },
	{ "Icmp6OutEchoReplies", { ICMP(6, out, 129) } },
	{ "Icmp6OutGroupMembQueries", { ICMP(6, out, 130) } },
	{ "Icmp6OutGroupMembResponses", { ICMP(6, out, 131) } },
	{ "Icmp6OutGroupMembReductions", { ICMP(6, out, 132) } },
	{ "Icmp6OutRouterSolicits", { ICMP(6, out, 133) } },
	{ "Icmp6OutRouterAdvertisements", { ICMP(6, out, 134) } },
	{ "Icmp6OutNeighborSolicits", { ICMP(6, out, 135) } },
	{ "Icmp6OutNeighborAdvertisements", { ICMP(6, out, 136) } },
	{ "Icmp6OutRedirects", { ICMP(6, out, 137) } },
	{ "Icmp6OutMLDv2Reports", { ICMP(6, out, 143) } },
	{ 0 },
};

static const struct field udp6_fields[] = {
	{ "Udp6InDatagrams", { UDP_COUNTED(6, false, IN_DATAGRAMS) } },
	{ "Udp6NoPorts", { UDP_COUNTED(6, false, NO_PORTS) } },
	{ "Udp6InErrors", { UDP_COUNTED(6, false, IN_ERRORS) } },
	{ "Udp6OutDatagrams", { UDP_COUNTED(6, false, OUT_DATAGRAMS) } },
	{ "Udp6RcvbufErrors", { UDP_COUNTED(6, false, RCVBUF_ERRORS) } },
	{ "Udp6SndbufErrors", { UDP_COUNTED(6, false, SNDBUF_ERRORS) } },
	{ "Udp6InCsumErrors", { UDP_COUNTED(6, false, IN_CSUM_ERRORS) } },
	{ "Udp6IgnoredMulti", { UDP_COUNTED(6, false, IGNORED_MULTI) } },
	{ "Udp6MemErrors", { UDP_COUNTED(6, false, MEM_ERRORS) } },
	{ "UdpLite6InDatagrams", { UDP_COUNTED(6, true, IN_DATAGRAMS) } },
	{ "UdpLite6NoPorts", { UDP_COUNTED(6, true, NO_PORTS) } },
	{ "UdpLite6InErrors", { UDP_COUNTED(6, true, IN_ERRORS) } },
	{ "UdpLite6OutDatagrams", { UDP_COUNTED(6, true, OUT_DATAGRAMS) } },
	{ "UdpLite6RcvbufErrors", { UDP_COUNTED(6, true, RCVBUF_ERRORS) } },
	{ "UdpLite6SndbufErrors", { UDP_COUNTED(6, true, SNDBUF_ERRORS) } },
	{ "UdpLite6InCsumErrors", { UDP_COUNTED(6, true, IN_CSUM_ERRORS) } },
	{ "UdpLite6MemErrors", { UDP_COUNTED(6, true, MEM_ERRORS) } },
	{ 0 },
};

/* --- as text --- */

struct group {
	const char *name;
	const struct field *fields;
};

static int put_group(struct leat_stack *st, const struct group *g, struct text *t)
{
	text_add(t, "%s:", g->name);
	for (const struct field *f = g->fields; f->name; f++)
		text_add(t, " %s", f->name);
	text_add(t, "\n%s:", g->name);
	for (const struct field *f = g->fields; f->name; f++)
		text_add(t, " %lld", (long long)value_of(st, f));
	text_add(t, "\n");
	return 1;
}

/* ICMP by type, those that were met. Linux: all that came, then all that went. */
static bool next_type(const struct leat_stack *st, uint8_t family, unsigned *n, const char **ret_way,
		      unsigned *ret_type, uint64_t *ret)
{
	for (; *n < 2 * IP_COUNT_TYPES; ++*n) {
		bool out = *n >= IP_COUNT_TYPES;
		unsigned slot = *n % IP_COUNT_TYPES;
		size_t base =
			out ? offsetof(struct ip_counts, icmp_out) : offsetof(struct ip_counts, icmp_in);
		*ret = ip_count(st, family, base + slot * sizeof(uint64_t));
		*ret_way = out ? "Out" : "In";
		*ret_type = ip_count_type(slot);
		if (*ret)
			return true;
	}
	return false;
}

static int put_icmp_types(struct leat_stack *st, struct text *t)
{
	const char *way;
	unsigned type;
	uint64_t v;
	unsigned n = 0;
	if (!next_type(st, AF_INET, &n, &way, &type, &v))
		return 1;
	text_add(t, "IcmpMsg:");
	for (n = 0; next_type(st, AF_INET, &n, &way, &type, &v); n++)
		text_add(t, " %sType%u", way, type);
	text_add(t, "\nIcmpMsg:");
	for (n = 0; next_type(st, AF_INET, &n, &way, &type, &v); n++)
		text_add(t, " %llu", (unsigned long long)v);
	text_add(t, "\n");
	return 1;
}

int net_snmp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	static const struct group groups[] = {
		{ "Ip", ip4_fields },  { "Icmp", icmp4_fields },      { "Tcp", tcp_fields },
		{ "Udp", udp_fields }, { "UdpLite", udplite_fields },
	};
	enum { TYPES_AT = 2 };
	uint64_t n = pos->key[KEY_AT]++;
	if (n == TYPES_AT)
		return put_icmp_types(st, t);
	n -= n > TYPES_AT;
	return n < ARRAY_SIZE(groups) ? put_group(st, &groups[n], t) : 0;
}

int net_netstat(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	static const struct group groups[] = { { "TcpExt", tcp_ext_fields }, { "IpExt", ip_ext_fields } };
	uint64_t n = pos->key[KEY_AT]++;
	return n < ARRAY_SIZE(groups) ? put_group(st, &groups[n], t) : 0;
}

static int put_lines(struct leat_stack *st, const struct field *fields, struct text *t)
{
	for (const struct field *f = fields; f->name; f++)
		text_add(t, "%-32s\t%lld\n", f->name, (long long)value_of(st, f));
	return 1;
}

static int put_icmp6_types(struct leat_stack *st, struct text *t)
{
	const char *way;
	unsigned type, n = 0;
	uint64_t v;
	char name[32];
	for (; next_type(st, AF_INET6, &n, &way, &type, &v); n++) {
		snprintf(name, sizeof name, "Icmp6%sType%u", way, type);
		text_add(t, "%-32s\t%llu\n", name, (unsigned long long)v);
	}
	return 1;
}

int net_snmp6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	static const struct field *const all[] = { ip6_fields, icmp6_fields, NULL, udp6_fields };
	uint64_t n = pos->key[KEY_AT]++;
	if (n >= ARRAY_SIZE(all))
		return 0;
	return all[n] ? put_lines(st, all[n], t) : put_icmp6_types(st, t);
}

/* Nobody counts IPv6 by interface. Linux: nor the answers that were too many, by name. */
int net_dev_snmp6(struct leat_stack *st, const char *name, struct file_pos *pos, struct text *t)
{
	static const struct field *const all[] = { ip6_fields, icmp6_fields };
	const struct iface *i = iface_by_name(st, name);
	uint64_t n = pos->key[KEY_AT]++;
	if (n >= ARRAY_SIZE(all))
		return 0;
	if (n == 0 && i)
		text_add(t, "%-32s\t%u\n", "ifIndex", i->ifindex);
	for (const struct field *f = all[n]; f->name; f++)
		if (strcmp(f->name, "Icmp6OutRateLimitHost"))
			text_add(t, "%-32s\t0\n", f->name);
	return 1;
}
