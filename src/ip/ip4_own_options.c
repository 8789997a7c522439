/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program may write, and what becomes of it in a packet, are Linux's ip_options_compile() and ip_options_build(): slots that will be
 * filled are shown empty, and of a source route the first address is where the packet goes and its own destination stands last. */
#include "ip/ip4_own_options.h"

#include <errno.h>

#include "ip/ip4_options.h"

enum { TS_ONLY = 0, TS_AND_ADDR = 1, TS_PRESPEC = 3, TS_KIND_MASK = 0x0f };

static bool is_full(const uint8_t *o)
{
	return o[2] > o[1];
}

/* --- taking --- */

static bool is_route_bad(const uint8_t *o)
{
	return o[2] != 4 || o[1] < 7 || (o[1] - 3) % 4;
}

static bool is_known_stamp(const uint8_t *o)
{
	unsigned kind = o[3] & TS_KIND_MASK;
	return is_full(o) || kind == TS_ONLY || kind == TS_AND_ADDR || kind == TS_PRESPEC;
}

/* Beyond what ip4_options_parse() has seen. */
static bool is_refused(const uint8_t *o, bool privileged)
{
	switch (o[0]) {
	case IP4_OPT_LOOSE_ROUTE:
	case IP4_OPT_STRICT_ROUTE:
		return is_route_bad(o);
	case IP4_OPT_TIMESTAMP:
		return !privileged && !is_known_stamp(o);
	case IP4_OPT_RECORD_ROUTE:
	case IP4_OPT_ROUTER_ALERT:
		return false;
	default:
		return !privileged;
	}
}

static bool any_refused(const uint8_t *o, unsigned len, bool privileged)
{
	for (unsigned i = 0; i < len && o[i] != IP4_OPT_END; i += o[i] == IP4_OPT_NOP ? 1 : o[i + 1])
		if (o[i] != IP4_OPT_NOP && is_refused(o + i, privileged))
			return true;
	return false;
}

/* The slots that the packet will have filled. o: the bytes behind the IP header. */
static void blank_slots(uint8_t *o, const struct ip4_options *where)
{
	if (where->record_route)
		ip4_blank_slot(o + where->record_route - sizeof(struct ip4_hdr));
	if (where->timestamp)
		ip4_blank_slot(o + where->timestamp - sizeof(struct ip4_hdr));
}

int ip4_own_options_take(const void *from, size_t len, bool privileged, struct ip4_own_options *ret)
{
	struct ip4_own_options o = { 0 };
	struct ip4_options where;
	uint8_t bad;
	if (len > sizeof o.bytes)
		return -EINVAL;
	if (len)
		memcpy(o.bytes, from, len);
	o.len = (uint8_t)((len + 3) & ~(size_t)3);
	if (ip4_options_parse(cur_of(o.bytes, o.len), &where, &bad) ||
	    any_refused(o.bytes, o.len, privileged))
		return -EINVAL;
	ip4_options_clear_rest(o.bytes, o.len);
	blank_slots(o.bytes, &where);
	if (where.source_route)
		memcpy(&o.hop, o.bytes + where.source_route - sizeof(struct ip4_hdr) + 3, sizeof o.hop);
	*ret = o;
	return 0;
}

/* --- putting --- */

static void put_route(uint8_t *o, be32 dst)
{
	memmove(o + 3, o + 7, o[1] - 7u);
	memcpy(o + o[1] - 4, &dst, sizeof dst);
}

void ip4_own_options_put(const struct worker *w, const struct ip4_own_options *o, be32 src, be32 dst,
			 uint8_t *to)
{
	memcpy(to, o->bytes, o->len);
	for (unsigned i = 0; i < o->len && to[i] != IP4_OPT_END; i += to[i] == IP4_OPT_NOP ? 1 : to[i + 1]) {
		if (to[i] == IP4_OPT_LOOSE_ROUTE || to[i] == IP4_OPT_STRICT_ROUTE)
			put_route(to + i, dst);
		else if (to[i] == IP4_OPT_RECORD_ROUTE)
			ip4_record_route(to + i, src);
		else if (to[i] == IP4_OPT_TIMESTAMP && !is_full(to + i))
			ip4_stamp(w, 0, to + i, src);
	}
}

/* --- answering --- */

/* Where it goes first stands first, as a program writes it. */
static void open_route(uint8_t *o, be32 hop)
{
	memmove(o + 7, o + 3, o[1] - 7u);
	memcpy(o + 3, &hop, sizeof hop);
}

int ip4_own_options_answer(const struct worker *w, const struct ip4_hdr *was,
			   uint8_t to[static IP4_OPTIONS_MAX])
{
	struct ip4_options where;
	uint8_t bad;
	be32 hop, none = be32_of(0);
	int n = ip4_options_echo(w, 0, was, none, none, to, &hop);
	if (n <= 0)
		return n;
	ip4_options_parse(cur_of(to, (unsigned)n), &where, &bad);
	if (where.source_route)
		open_route(to + where.source_route - sizeof(struct ip4_hdr), hop);
	return n;
}
