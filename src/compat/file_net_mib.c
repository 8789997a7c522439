/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of RFC 4293 and RFC 4022 by Linux's names: /proc/net/snmp, netstat, snmp6, dev_snmp6/IF.
 *
 * leat counts packets by node and drops by node and reason; a row of the tables here says which of those make up one of Linux's
 * numbers. What nobody counts is 0, as are the counters of protocols that are not there. */
#include "compat/file_net.h"

#include <sys/socket.h>

#include "graph/node.h"
#include "ip/ip.h"

/* A sum: of packets that came to a node, or of drops by a reason in all nodes of a kind. */
enum of { END, PACKETS, DROPS };
struct part {
	enum of of;
	const char *node; /* PACKETS: its name; DROPS: what its name begins with */
	enum drop why; /* DROPS */
};
#define NODE(name)                       \
	{                                \
		PACKETS, name, DROP_NONE \
	}
#define LOST(nodes, name)                 \
	{                                 \
		DROPS, nodes, DROP_##name \
	}
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

static uint64_t value_of(const struct leat_stack *st, const struct field *f)
{
	uint64_t sum = f->value ? f->value(st) : 0;
	for (const struct part *p = f->part; p->of != END; p++)
		sum += p->of == PACKETS ? packets(st, p->node) : drops(st, p->node, p->why);
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
	{ "ReasmOKs" },
	{ "ReasmFails",
	  { LOST("ip4-reass", REASS_TIMEOUT), LOST("ip4-reass", REASS_OVERTAKEN),
	    LOST("ip4-reass", REASS_FULL), LOST("ip4-reass", REASS_OVERLAP), LOST("ip4-reass", REASS_ECN) } },
	{ "FragOKs", { LOST("ip4-frag", IP_FRAGMENTED) } },
	{ "FragFails", { LOST("icmp4-error", IP_TOO_BIG), LOST("ip4-post", IP_TOO_BIG) } },
	{ "FragCreates" },
	{ "OutTransmits", { NODE("ip4-post") } },
	{ 0 },
};

static const struct field icmp4_fields[] = {
	{ "InMsgs", { NODE("icmp4-input") } },
	{ "InErrors", { LOST("icmp4-input", L4_CSUM), LOST("icmp4-input", TRUNCATED) } },
	{ "InCsumErrors", { LOST("icmp4-input", L4_CSUM) } },
	{ "InDestUnreachs" },
	{ "InTimeExcds" },
	{ "InParmProbs" },
	{ "InSrcQuenchs" },
	{ "InRedirects" },
	{ "InEchos" },
	{ "InEchoReps" },
	{ "InTimestamps" },
	{ "InTimestampReps" },
	{ "InAddrMasks" },
	{ "InAddrMaskReps" },
	{ "OutMsgs" },
	{ "OutErrors" },
	{ "OutRateLimitGlobal", { LOST("icmp4-error", ICMP_RATE_LIMITED) } },
	{ "OutRateLimitHost" },
	{ "OutDestUnreachs" },
	{ "OutTimeExcds" },
	{ "OutParmProbs" },
	{ "OutSrcQuenchs" },
	{ "OutRedirects" },
	{ "OutEchos" },
	{ "OutEchoReps" },
	{ "OutTimestamps" },
	{ "OutTimestampReps" },
	{ "OutAddrMasks" },
	{ "OutAddrMaskReps" },
	{ 0 },
};

static const struct field tcp_fields[] = {
	{ "RtoAlgorithm", .value = one },
	{ "RtoMin", .value = rto_min },
	{ "RtoMax", .value = rto_max },
	{ "MaxConn", .value = no_limit },
	{ "ActiveOpens" },
	{ "PassiveOpens" },
	{ "AttemptFails" },
	{ "EstabResets" },
	{ "CurrEstab" },
	{ "InSegs" },
	{ "OutSegs" },
	{ "RetransSegs" },
	{ "InErrs" },
	{ "OutRsts" },
	{ "InCsumErrors" },
	{ 0 },
};

static const struct field udp_fields[] = {
	{ "InDatagrams" },
	{ "NoPorts", { LOST("icmp4-error", UDP_NO_PORT), LOST("udp4-input", UDP_NO_PORT) } },
	{ "InErrors",
	  { LOST("udp4-input", TRUNCATED), LOST("udp4-input", BAD_LENGTH), LOST("udp4-input", L4_CSUM) } },
	{ "OutDatagrams" },
	{ "RcvbufErrors" },
	{ "SndbufErrors" },
	{ "InCsumErrors", { LOST("udp4-input", L4_CSUM) } },
	{ "IgnoredMulti" },
	{ "MemErrors" },
	{ 0 },
};

static const struct field udplite_fields[] = {
	{ "InDatagrams" },  { "NoPorts" },      { "InErrors" },     { "OutDatagrams" }, { "RcvbufErrors" },
	{ "SndbufErrors" }, { "InCsumErrors" }, { "IgnoredMulti" }, { "MemErrors" },    { 0 },
};

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
	{ "Ip6OutRequests", { NODE("ip6-output"), NODE("ip6-output-whole") } },
	{ "Ip6OutDiscards", { LOST("ip6-post", NO_BUFFER) } },
	{ "Ip6OutNoRoutes", { LOST("ip6-output", IP_NO_ROUTE) } },
	{ "Ip6ReasmTimeout", { LOST("ip6-reass", REASS_TIMEOUT) } },
	{ "Ip6ReasmReqds", { NODE("ip6-reass") } },
	{ "Ip6ReasmOKs" },
	{ "Ip6ReasmFails",
	  { LOST("ip6-reass", REASS_TIMEOUT), LOST("ip6-reass", REASS_OVERTAKEN),
	    LOST("ip6-reass", REASS_FULL), LOST("ip6-reass", REASS_OVERLAP), LOST("ip6-reass", REASS_ECN) } },
	{ "Ip6FragOKs", { LOST("ip6-frag", IP_FRAGMENTED) } },
	{ "Ip6FragFails" },
	{ "Ip6FragCreates" },
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
	{ "Ip6OutTransmits", { NODE("ip6-post") } },
	{ 0 },
};

static const struct field icmp6_fields[] = {
	{ "Icmp6InMsgs", { NODE("icmp6-input") } },
	{ "Icmp6InErrors", { LOST("icmp6-input", L4_CSUM), LOST("icmp6-input", TRUNCATED) } },
	{ "Icmp6OutMsgs" },
	{ "Icmp6OutErrors" },
	{ "Icmp6InCsumErrors", { LOST("icmp6-input", L4_CSUM) } },
	{ "Icmp6OutRateLimitHost", { LOST("icmp6-error", ICMP_RATE_LIMITED) } },
	{ "Icmp6InDestUnreachs" },
	{ "Icmp6InPktTooBigs" },
	{ "Icmp6InTimeExcds" },
	{ "Icmp6InParmProblems" },
	{ "Icmp6InEchos" },
	{ "Icmp6InEchoReplies" },
	{ "Icmp6InGroupMembQueries" },
	{ "Icmp6InGroupMembResponses" },
	{ "Icmp6InGroupMembReductions" },
	{ "Icmp6InRouterSolicits" },
	{ "Icmp6InRouterAdvertisements" },
	{ "Icmp6InNeighborSolicits" },
	{ "Icmp6InNeighborAdvertisements" },
	{ "Icmp6InRedirects" },
	{ "Icmp6InMLDv2Reports" },
	{ "Icmp6OutDestUnreachs" },
	{ "Icmp6OutPktTooBigs" },
	{ "Icmp6OutTimeExcds" },
	{ "Icmp6OutParmProblems" },
	{ "Icmp6OutEchos" },
	{ "Icmp6OutEchoReplies" },
	{ "Icmp6OutGroupMembQueries" },
	{ "Icmp6OutGroupMembResponses" },
	{ "Icmp6OutGroupMembReductions" },
	{ "Icmp6OutRouterSolicits" },
	{ "Icmp6OutRouterAdvertisements" },
	{ "Icmp6OutNeighborSolicits" },
	{ "Icmp6OutNeighborAdvertisements" },
	{ "Icmp6OutRedirects" },
	{ "Icmp6OutMLDv2Reports" },
	{ 0 },
};

static const struct field udp6_fields[] = {
	{ "Udp6InDatagrams" },
	{ "Udp6NoPorts", { LOST("icmp6-error", UDP_NO_PORT), LOST("udp6-input", UDP_NO_PORT) } },
	{ "Udp6InErrors",
	  { LOST("udp6-input", TRUNCATED), LOST("udp6-input", BAD_LENGTH), LOST("udp6-input", L4_CSUM) } },
	{ "Udp6OutDatagrams" },
	{ "Udp6RcvbufErrors" },
	{ "Udp6SndbufErrors" },
	{ "Udp6InCsumErrors", { LOST("udp6-input", L4_CSUM) } },
	{ "Udp6IgnoredMulti" },
	{ "Udp6MemErrors" },
	{ "UdpLite6InDatagrams" },
	{ "UdpLite6NoPorts" },
	{ "UdpLite6InErrors" },
	{ "UdpLite6OutDatagrams" },
	{ "UdpLite6RcvbufErrors" },
	{ "UdpLite6SndbufErrors" },
	{ "UdpLite6InCsumErrors" },
	{ "UdpLite6MemErrors" },
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

int net_snmp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	static const struct group groups[] = {
		{ "Ip", ip4_fields },  { "Icmp", icmp4_fields },      { "Tcp", tcp_fields },
		{ "Udp", udp_fields }, { "UdpLite", udplite_fields },
	};
	uint64_t n = pos->key[KEY_AT]++;
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

int net_snmp6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	static const struct field *const all[] = { ip6_fields, icmp6_fields, udp6_fields };
	uint64_t n = pos->key[KEY_AT]++;
	return n < ARRAY_SIZE(all) ? put_lines(st, all[n], t) : 0;
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
