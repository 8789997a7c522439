/* SPDX-License-Identifier: BSD-2-Clause */
/* Options in front of a script or of a run: all that the original tool has. A row each; what is about its own workings is taken
 * where it changes nothing, and refused where the script would mean something else without it. */
#include "drill/parse_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/text.h"

/* NULL: taken. Else what is wrong. value is "" for one without. */
typedef const char *option_fn(struct parse *p, const char *value, void *field);

static bool number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	struct lexer l = { .p = text, .end = text + strlen(text), .line = 1 };
	struct token t = lex_next(&l);
	if (t.kind != TOK_INT || t.num < min || t.num > max || lex_next(&l).kind != TOK_END)
		return false;
	*ret = t.num;
	return true;
}

/* --- which addresses --- */

static bool address(const struct script *s, const char *text, struct ipaddr *to)
{
	*to = (struct ipaddr){ 0 };
	return s->family == AF_INET6 ? ip6_from_text(text, &to->v6) : ip4_from_text(text, &to->v4);
}

/* The defaults of the original tool. */
static void addresses_of(struct script *s, uint8_t family)
{
	static const struct {
		const char *local, *remote, *gateway;
		uint8_t plen;
	} defaults[] = {
		{ "192.168.0.1", "192.0.2.1", "192.168.0.2", 16 },
		{ "fd3d:0a0b:17d6::1", "fd3d:fa7b:d17d::1", "fd3d:0a0b:17d6:8888::1", 48 },
	};
	unsigned i = family == AF_INET6;
	s->family = family;
	address(s, defaults[i].local, &s->local);
	address(s, defaults[i].remote, &s->remote);
	address(s, defaults[i].gateway, &s->gateway);
	s->plen = defaults[i].plen;
}

static const char *set_version(struct parse *p, const char *value, void *field)
{
	if (strcmp(value, "ipv4") != 0 && strcmp(value, "ipv6") != 0 &&
	    strcmp(value, "ipv4-mapped-ipv6") != 0)
		return "ip_version is ipv4, ipv6 or ipv4-mapped-ipv6";
	addresses_of(p->s, strcmp(value, "ipv6") ? AF_INET : AF_INET6);
	p->s->mapped = !strcmp(value, "ipv4-mapped-ipv6");
	return NULL;
}

/* remote_ip may be a prefix: its first address is meant. */
static const char *set_address(struct parse *p, const char *value, void *field)
{
	char text[64];
	const char *slash = strchr(value, '/');
	snprintf(text, sizeof text, "%.*s", (int)(slash ? MIN(slash - value, 60) : 60), value);
	return address(p->s, text, field) ? NULL : "that is no address of this version of IP";
}

static const char *set_netmask(struct parse *p, const char *value, void *field)
{
	be32 mask;
	uint8_t plen = 0;
	if (!ip4_from_text(value, &mask))
		return "that is no netmask";
	for (uint32_t m = be32_get(mask); m & 0x80000000; m <<= 1)
		plen++;
	if (be32_get(mask) != (plen ? UINT32_MAX << (32 - plen) : 0))
		return "a netmask is ones, then zeros";
	if (p->s->family == AF_INET)
		p->s->plen = plen;
	return NULL;
}

/* --- what is a number, or yes --- */

static const char *set_port(struct parse *p, const char *value, void *field)
{
	int64_t v;
	if (!number(value, 0, 65535, &v))
		return "a port is at most 65535";
	*(uint16_t *)field = (uint16_t)v;
	return NULL;
}

static const char *set_mtu(struct parse *p, const char *value, void *field)
{
	int64_t v;
	if (!number(value, 68, 65535, &v))
		return "an MTU is from 68 to 65535";
	p->s->mtu = (uint32_t)v;
	return NULL;
}

static const char *set_tolerance(struct parse *p, const char *value, void *field)
{
	return number(value, 0, 60000000, field) ? NULL : "a number of microseconds is wanted";
}

static const char *set_percent(struct parse *p, const char *value, void *field)
{
	return number(value, 0, 100, field) ? NULL : "a whole percentage is wanted";
}

static const char *set_yes(struct parse *p, const char *value, void *field)
{
	*(bool *)field = true;
	return NULL;
}

static const char *set_non_fatal(struct parse *p, const char *value, void *field)
{
	while (*value) {
		size_t n = strcspn(value, ",");
		if (n == 6 && !memcmp(value, "packet", n))
			p->s->packets_may_fail = true;
		else if (n == 7 && !memcmp(value, "syscall", n))
			p->s->calls_may_fail = true;
		else
			return "what may fail is packet, syscall or both with a comma";
		value += n + (value[n] == ',');
	}
	return NULL;
}

/* --- definitions --- */

static bool is_name(const char *s, size_t n)
{
	struct lexer l = { .p = s, .end = s + n, .line = 1 };
	struct token t = lex_next(&l);
	return t.kind == TOK_WORD && t.len == n;
}

static const char *set_define(struct parse *p, const char *value, void *field)
{
	const char *is = strchr(value, '=');
	struct lex_define *d = is ? script_alloc(p->s, sizeof *d) : NULL;
	if (!is || !is_name(value, (size_t)(is - value)))
		return "NAME=VALUE is wanted";
	if (!d)
		return "the script is too large";
	struct lexer l = { .p = is + 1, .end = is + strlen(is), .line = 1 };
	d->is = lex_next(&l);
	if (d->is.kind == TOK_END || d->is.kind == TOK_BAD || lex_next(&l).kind != TOK_END)
		return "a definition's value is one word, number or string";
	d->name = value;
	d->name_len = (size_t)(is - value);
	d->next = p->lex.defines;
	p->lex.defines = d; /* the last one counts */
	return NULL;
}

/* --- what is not --- */

static const char *let_go(struct parse *p, const char *value, void *field)
{
	return NULL;
}
static const char *no_wire(struct parse *p, const char *value, void *field)
{
	return "scripts are played in this process, not over a wire";
}
static const char *no_library(struct parse *p, const char *value, void *field)
{
	return "the stack under test is leat itself, not a shared library";
}
static const char *no_scripts(struct parse *p, const char *value, void *field)
{
	return *value ? "shell scripts are not run" : NULL;
}
static const char *only_python(struct parse *p, const char *value, void *field)
{
	return strstr(value, "python") ? NULL : "code is Python here";
}
static const char *only_tcp_info(struct parse *p, const char *value, void *field)
{
	return strcmp(value, "TCP_INFO") ? "code is about TCP_INFO here" : NULL;
}

#define FIELD(f) offsetof(struct script, f)
static const struct option {
	const char *name;
	bool flag; /* it has no value */
	option_fn *set;
	size_t field;
} options[] = {
	{ "ip_version", false, set_version, 0 }, /* the first: parse_options() */
	{ "local_ip", false, set_address, FIELD(local) },
	{ "remote_ip", false, set_address, FIELD(remote) },
	{ "gateway_ip", false, set_address, FIELD(gateway) },
	{ "netmask_ip", false, set_netmask, 0 },
	{ "bind_port", false, set_port, FIELD(bind_port) },
	{ "connect_port", false, set_port, FIELD(connect_port) },
	{ "mtu", false, set_mtu, 0 },
	{ "mss", false, set_port, FIELD(mss) },
	{ "tolerance_usecs", false, set_tolerance, FIELD(tolerance_us) },
	{ "tolerance_percent", false, set_percent, FIELD(tolerance_percent) },
	{ "tcp_ts_tick_usecs", false, set_tolerance, FIELD(tcp_ts_tick_us) },
	{ "tcp_ts_ecr_scaled", true, set_yes, FIELD(tcp_ts_ecr_scaled) },
	{ "strict_segments", true, set_yes, FIELD(strict_segments) },
	{ "non_fatal", false, set_non_fatal, 0 },
	{ "define", false, set_define, 0 },
	{ "dry_run", true, set_yes, FIELD(dry_run) },
	{ "verbose", true, set_yes, FIELD(verbose) },
	{ "debug", true, set_yes, FIELD(verbose) },
	{ "send_omit_free", true, let_go, 0 }, /* about the original's own memory */
	{ "is_anyip", true, let_go, 0 }, /* without it the original lets no packet in before one went out */
	{ "speed", false, let_go, 0 }, /* what the interface is said to have */
	{ "code_command", false, only_python, 0 },
	{ "code_format", false, only_python, 0 },
	{ "code_sockopt", false, only_tcp_info, 0 },
	{ "init_scripts", false, no_scripts, 0 },
	{ "so_filename", false, no_library, 0 },
	{ "so_flags", false, no_library, 0 },
	{ "wire_client", true, no_wire, 0 },
	{ "wire_server", true, no_wire, 0 },
	{ "wire_server_ip", false, no_wire, 0 },
	{ "wire_server_at", false, no_wire, 0 },
	{ "wire_server_port", false, no_wire, 0 },
	{ "wire_client_dev", false, no_wire, 0 },
	{ "wire_server_dev", false, no_wire, 0 },
};

int script_option_values(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, name))
			return !options[i].flag;
	return -1;
}

/* value: NULL without one. */
static const char *option_set(struct parse *p, const char *name, const char *value)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		if (strcmp(o->name, name) != 0)
			continue;
		if (!o->flag && !value)
			return "a value is wanted";
		return o->set(p, value ? value : "", (char *)p->s + o->field);
	}
	return "no such option";
}

static bool is_said(const struct parse *p, const char *name)
{
	for (unsigned i = 0; i < p->n_outer; i++)
		if (!strcmp(p->outer[i].name, name))
			return strcmp(name, "define") != 0 && strcmp(name, options[0].name) != 0;
	return false;
}

static bool parse_option(struct parse *p, bool version)
{
	struct token name = lex_next(&p->lex), value = { 0 };
	const char *n = parse_text(p, &name), *v = NULL, *why;
	if (p->lex.p < p->lex.end && *p->lex.p == '=') {
		p->lex.p++;
		value = lex_value(&p->lex);
		if (value.kind == TOK_BAD)
			return parse_bad(p, value.line, "%s", value.why);
		if (!(v = parse_text(p, &value)))
			return false;
	}
	if (!n)
		return false;
	why = version == !strcmp(n, options[0].name) && !is_said(p, n) ? option_set(p, n, v) : NULL;
	return why ? parse_bad(p, name.line, "--%s: %s", n, why) : true;
}

/* The version of IP first, since addresses are read by it wherever it stands. */
bool parse_options(struct parse *p)
{
	const char *begin = p->lex.p;
	unsigned line = p->lex.line;
	for (int version = 1; version >= 0; version--) {
		p->lex.p = begin;
		p->lex.line = line;
		while (lex_peek(&p->lex).kind == TOK_OPTION)
			if (!parse_option(p, version))
				return false;
	}
	return true;
}

bool parse_outer_options(struct parse *p, const struct script_option *o, unsigned n)
{
	for (int version = 1; version >= 0; version--)
		for (unsigned i = 0; i < n; i++) {
			const char *why = version == !strcmp(o[i].name, options[0].name)
						  ? option_set(p, o[i].name, o[i].value)
						  : NULL;
			if (why)
				return parse_bad(p, 0, "--%s: %s", o[i].name, why);
		}
	return true;
}

void parse_defaults(struct script *s)
{
	addresses_of(s, AF_INET);
	s->mtu = 1500;
	s->bind_port = s->connect_port = 8080;
	s->tolerance_us = 4000;
}
