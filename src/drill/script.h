/* SPDX-License-Identifier: BSD-2-Clause */
/* A script as it was read: what the parser leaves to the interpreter. All of it lies in the script's own memory. */
#ifndef LEAT_DRILL_SCRIPT_H
#define LEAT_DRILL_SCRIPT_H

#include "base/bytes.h"
#include "base/mem.h"

/* --- expressions: arguments and results of calls --- */

enum expr_kind {
	EXPR_ANY, /* ... */
	EXPR_INT,
	EXPR_WORD, /* a name of a constant */
	EXPR_STRING,
	EXPR_STRING_ANY, /* "begins so"... */
	EXPR_OR, /* first | second */
	EXPR_LIST, /* [ a, b ] */
	EXPR_STRUCT, /* { a = b, c } */
	EXPR_FIELD, /* name = first, within a struct; name(n) = first: the n is let go */
	EXPR_CALL, /* name(first, ...), as in htons(80) */
};
struct expr {
	enum expr_kind kind;
	int64_t num;
	const char *text; /* word, string, name */
	size_t len; /* of a string, which may hold zeros */
	struct expr *first; /* child */
	struct expr *next; /* sibling */
};

/* --- packets --- */

enum packet_kind { PACKET_TCP, PACKET_UDP, PACKET_UDPLITE, PACKET_ICMP };
enum packet_ecn { ECN_UNSAID = -1, ECN_NONE = 0, ECN_ECT1 = 1, ECN_ECT0 = 2, ECN_CE = 3, ECN_ECT01 = 4 };
enum packet_quote {
	QUOTE_NONE,
	QUOTE_UDP,
	QUOTE_UDPLITE,
	QUOTE_TCP,
	QUOTE_RAW
}; /* what an ICMP message carries; raw: zeros, any */
enum { PACKET_OPTIONS_MAX = 40, PACKET_ENCAPS_MAX = 4, MPLS_MAX = 8, UNSAID = -1 };

/* A header in front of the packet's own. */
enum encap_kind { ENCAP_IP4, ENCAP_IP6, ENCAP_GRE, ENCAP_MPLS };
enum { GRE_CSUM = 0x8000, GRE_KEY = 0x2000, GRE_SEQ = 0x1000 }; /* RFC 2784, 2890 */
struct encap {
	enum encap_kind kind;
	/* IP */
	int ecn, ttl, tos;
	int64_t flow_label;
	struct ipaddr src, dst;
	/* GRE */
	uint16_t flags, sum, off;
	uint32_t key, seq;
	/* MPLS: label, class, bottom, time to live as on the wire (RFC 3032) */
	uint32_t entry[MPLS_MAX], n_entries;
};

/* Both what a script says and what was seen on the wire. Fields not said are UNSAID. */
struct packet {
	enum packet_kind kind;
	int ecn, ttl, tos;
	int64_t flow_label;
	uint8_t n_encaps;
	struct encap encap[PACKET_ENCAPS_MAX]; /* the outermost first */
	bool has_ports;
	uint16_t sport, dport; /* on the wire */
	uint32_t len; /* payload */
	uint32_t coverage; /* UDP-Lite, its own or what it quotes */
	/* TCP */
	uint16_t flags;
	bool has_ack, options_any, has_win, has_urg;
	uint32_t seq, ack;
	uint16_t win, urg;
	uint8_t options_len, options[PACKET_OPTIONS_MAX]; /* as on the wire */
	/* ICMP: numbers of the version at hand */
	uint8_t type, code;
	int64_t mtu, id, echo_seq, icmp_len;
	enum packet_quote quote;
	uint32_t quote_seq, quote_len;
};

/* --- events --- */

enum time_kind { TIME_ABSOLUTE, TIME_RELATIVE, TIME_ANY };
struct event_time {
	enum time_kind kind;
	bool range;
	int64_t at_us, to_us; /* of a range; both relative or both absolute */
};

enum event_kind { EVENT_PACKET, EVENT_CALL, EVENT_SHELL, EVENT_CODE };
struct call {
	const char *name;
	struct expr *args; /* first of a list */
	unsigned n_args;
	struct expr *result;
	const char *err; /* "ECONNREFUSED", or NULL */
	int64_t ends_us; /* a blocking call: when it returns, relative as the event's time; UNSAID: at once */
};
struct event {
	struct event *next;
	struct event_time time;
	unsigned line;
	enum event_kind kind;
	bool inbound;
	struct packet packet;
	struct call call;
	const char *text; /* shell line, code */
};

/* --- the whole --- */

struct script {
	struct mem_account mem;
	struct script_block *blocks;
	const char *name;
	uint8_t family; /* AF_INET or AF_INET6: of the packets */
	bool mapped; /* sockets are IPv6, packets IPv4 (RFC 4291, 2.5.5.2) */
	struct ipaddr local, remote, gateway;
	uint8_t plen;
	uint32_t mtu;
	uint16_t bind_port, connect_port, mss;
	int64_t tolerance_us,
		tolerance_percent; /* the larger one counts; the latter of the time since the event before */
	int64_t tcp_ts_tick_us;
	bool tcp_ts_ecr_scaled, strict_segments; /* about TCP */
	bool packets_may_fail, calls_may_fail; /* --non_fatal: told, and let go on */
	bool dry_run, verbose;
	const char *init; /* the shell line in front, or NULL */
	unsigned init_line;
	struct event *events;
};

/* Options in front of a script, or of a run: what a script says itself comes later and wins. */
struct script_option {
	const char *name, *value; /* "ip_version", "ipv6"; NULL: without a value */
};
int script_option_values(const char *name); /* how many it has, 0 or 1; -1: there is no such option */

/* Reads a script. 0 and *ret, which script_free() frees; else -EINVAL and one line, "name:line: ...", or -ENOMEM. name is
 * borrowed as long as the script is, text for the call; it needs no zero at its end. */
int script_parse(const char *name, const char *text, size_t len, const struct script_option *options,
		 unsigned n_options, struct script **ret, char *ret_why, size_t why_len);
/* One without events: the addresses, ports and so on that options make. Otherwise the same. */
int script_of_options(const char *name, const struct script_option *options, unsigned n_options,
		      struct script **ret, char *ret_why, size_t why_len);
void script_free(struct script *s); /* NULL is welcome */
bool script_is_ip6(const struct script *s); /* of its packets */

/* Zeroed memory of the script, gone with it. NULL at its limit. */
void *script_alloc(struct script *s, size_t len);

/* A packet as the language writes it, into `to`. */
void packet_print(const struct packet *p, uint8_t family, char *to, size_t size);

#endif
