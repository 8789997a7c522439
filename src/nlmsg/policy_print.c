/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies as documentation: one line an attribute, nested ones indented. The tables that check are the tables that are
 * printed, so the page cannot be wrong. */
#include "nlmsg/nlmsg.h"

#include <inttypes.h>
#include <stdio.h>

enum { PRINT_DEPTH_MAX = 6 };

static const char *const type_names[] = {
	[NL_UNUSED] = "unused",
	[NL_REJECT] = "refused",
	[NL_FLAG] = "flag",
	[NL_U8] = "u8",
	[NL_U16] = "u16",
	[NL_U32] = "u32",
	[NL_U64] = "u64",
	[NL_S32] = "s32",
	[NL_BE16] = "be16",
	[NL_BE32] = "be32",
	[NL_STRING] = "string",
	[NL_NUL_STRING] = "string0",
	[NL_BYTES] = "bytes",
	[NL_NESTED] = "nest",
	[NL_NESTED_ARRAY] = "nests",
	[NL_BITFIELD32] = "bitfield",
	[NL_MASK32] = "mask",
};
static_assert(ARRAY_SIZE(type_names) == NL_MASK32 + 1, "every type has a name");

static void print_bounds(const struct nl_policy *p, char *to, size_t len)
{
	bool is_len = p->type == NL_STRING || p->type == NL_NUL_STRING || p->type == NL_BYTES;
	to[0] = 0;
	if (p->type == NL_S32 && (p->min || p->max))
		snprintf(to, len, " %" PRId64 "..%" PRId64, (int64_t)p->min, (int64_t)p->max);
	else if (is_len && p->min && p->min == p->max)
		snprintf(to, len, "[%" PRIu64 "]", p->min);
	else if (is_len && p->max)
		snprintf(to, len, "[%" PRIu64 "..%" PRIu64 "]", p->min, p->max);
	else if (p->type == NL_MASK32)
		snprintf(to, len, " 0x%" PRIx64, p->max);
	else if (p->min || p->max)
		snprintf(to, len, " %" PRIu64 "..%" PRIu64, p->min, p->max);
}

static void print_level(const struct nl_policy *policy, uint16_t max_attr,
			void (*line)(void *ctx, const char *s), void *ctx, int depth)
{
	for (unsigned i = 1; i <= max_attr; i++) {
		const struct nl_policy *p = &policy[i];
		char what[64], bounds[48], out[256];
		if (!p->name)
			continue;
		print_bounds(p, bounds, sizeof bounds);
		snprintf(what, sizeof what, "%s%s", type_names[p->type], bounds);
		snprintf(out, sizeof out, "%*s%-*s %3u  %-20s%s%s", depth * 2, "", 28 - depth * 2, p->name, i,
			 what, p->help ? " " : "", p->help ? p->help : "");
		line(ctx, out);
		if (p->nested && depth < PRINT_DEPTH_MAX)
			print_level(p->nested, p->max_attr, line, ctx, depth + 1);
	}
}

void nl_policy_print(const struct nl_policy *policy, uint16_t max_attr,
		     void (*line)(void *ctx, const char *s), void *ctx)
{
	print_level(policy, max_attr, line, ctx, 0);
}
