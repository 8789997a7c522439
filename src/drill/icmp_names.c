/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/icmp_names.h"

#include <string.h>
#include <sys/socket.h>

#include "wire/icmp4.h"
#include "wire/icmp6.h"

struct name {
	uint8_t family, type;
	int code; /* -1: of the type itself */
	const char *name;
};
enum { V4 = AF_INET, V6 = AF_INET6, TYPE = -1 };

/* The first name of a number is the one that is printed. */
static const struct name names[] = {
	{ V4, ICMP4_ECHO_REPLY, TYPE, "echo_reply" },
	{ V4, ICMP4_UNREACH, TYPE, "unreachable" },
	{ V4, ICMP4_UNREACH, 0, "net_unreachable" },
	{ V4, ICMP4_UNREACH, 1, "host_unreachable" },
	{ V4, ICMP4_UNREACH, 2, "protocol_unreachable" },
	{ V4, ICMP4_UNREACH, 3, "port_unreachable" },
	{ V4, ICMP4_UNREACH, 4, "frag_needed" },
	{ V4, ICMP4_UNREACH, 5, "source_route_failed" },
	{ V4, ICMP4_UNREACH, 6, "net_unknown" },
	{ V4, ICMP4_UNREACH, 7, "host_unknown" },
	{ V4, ICMP4_UNREACH, 8, "source_host_isolated" },
	{ V4, ICMP4_UNREACH, 9, "net_prohibited" },
	{ V4, ICMP4_UNREACH, 10, "host_prohibited" },
	{ V4, ICMP4_UNREACH, 11, "net_unreachable_for_tos" },
	{ V4, ICMP4_UNREACH, 12, "host_unreachable_for_tos" },
	{ V4, ICMP4_UNREACH, 13, "packet_filtered" },
	{ V4, ICMP4_UNREACH, 13, "admin_prohibited" },
	{ V4, ICMP4_UNREACH, 14, "precedence_violation" },
	{ V4, ICMP4_UNREACH, 14, "host_precedence_violation" },
	{ V4, ICMP4_UNREACH, 15, "precedence_cutoff" },
	{ V4, ICMP4_SOURCE_QUENCH, TYPE, "source_quench" },
	{ V4, ICMP4_REDIRECT, TYPE, "redirect" },
	{ V4, ICMP4_REDIRECT, 0, "net" },
	{ V4, ICMP4_REDIRECT, 1, "host" },
	{ V4, ICMP4_ECHO, TYPE, "echo_request" },
	{ V4, ICMP4_TIME_EXCEEDED, TYPE, "time_exceeded" },
	{ V4, ICMP4_TIME_EXCEEDED, 0, "ttl" },
	{ V4, ICMP4_TIME_EXCEEDED, 1, "reassembly" },
	{ V4, ICMP4_PARAM_PROBLEM, TYPE, "parameter_problem" },
	{ V4, ICMP4_TIMESTAMP, TYPE, "timestamp_request" },
	{ V4, ICMP4_TIMESTAMP_REPLY, TYPE, "timestamp_reply" },
	{ V4, 15, TYPE, "information_request" },
	{ V4, 16, TYPE, "information_reply" },
	{ V4, 17, TYPE, "address_mask_request" },
	{ V4, 18, TYPE, "address_mask_reply" },
	{ V6, ICMP6_UNREACH, TYPE, "unreachable" },
	{ V6, ICMP6_UNREACH, 0, "net_unreachable" },
	{ V6, ICMP6_UNREACH, 0, "no_route" },
	{ V6, ICMP6_UNREACH, 1, "admin_prohibited" },
	{ V6, ICMP6_UNREACH, 2, "not_neighbour" },
	{ V6, ICMP6_UNREACH, 3, "address_unreachable" },
	{ V6, ICMP6_UNREACH, 3, "addr_unreachable" },
	{ V6, ICMP6_UNREACH, 4, "port_unreachable" },
	{ V6, ICMP6_UNREACH, 5, "policy_fail" },
	{ V6, ICMP6_UNREACH, 6, "reject_route" },
	{ V6, ICMP6_TOO_BIG, TYPE, "packet_too_big" },
	{ V6, ICMP6_TIME_EXCEEDED, TYPE, "time_exceeded" },
	{ V6, ICMP6_TIME_EXCEEDED, 0, "exceeded_hop_limit" },
	{ V6, ICMP6_TIME_EXCEEDED, 0, "exceed_hopcount" },
	{ V6, ICMP6_TIME_EXCEEDED, 1, "exceeded_frag_time" },
	{ V6, ICMP6_TIME_EXCEEDED, 1, "exceed_reassembly" },
	{ V6, ICMP6_PARAM_PROBLEM, TYPE, "parameter_problem" },
	{ V6, ICMP6_PARAM_PROBLEM, 0, "header_field" },
	{ V6, ICMP6_PARAM_PROBLEM, 1, "unknown_next_header" },
	{ V6, ICMP6_PARAM_PROBLEM, 2, "unknown_option" },
	{ V6, ICMP6_ECHO, TYPE, "echo_request" },
	{ V6, ICMP6_ECHO_REPLY, TYPE, "echo_reply" },
	{ V6, ICMP6_ROUTER_ADVERT, TYPE, "router_advertisement" },
};

bool icmp_type_of(uint8_t family, const char *name, uint8_t *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].family != family || names[i].code != TYPE || strcmp(names[i].name, name) != 0)
			continue;
		*ret = names[i].type;
		return true;
	}
	return false;
}

bool icmp_code_of(uint8_t family, uint8_t type, const char *name, uint8_t *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const struct name *n = &names[i];
		if (n->family != family || n->type != type || n->code == TYPE || strcmp(n->name, name) != 0)
			continue;
		*ret = (uint8_t)n->code;
		return true;
	}
	return false;
}

static const char *name_of(uint8_t family, uint8_t type, int code)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].family == family && names[i].type == type && names[i].code == code)
			return names[i].name;
	return NULL;
}
const char *icmp_type_name(uint8_t family, uint8_t type)
{
	return name_of(family, type, TYPE);
}
const char *icmp_code_name(uint8_t family, uint8_t type, uint8_t code)
{
	return name_of(family, type, code);
}
