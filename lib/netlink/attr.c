/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes by policy: the same tables and checks as the daemon's (src/nlmsg). */
#include "netlink/internal.h"

#include <errno.h>
#include <string.h>

#define SAME(field)                                                                                \
	static_assert(offsetof(struct leat_nl_policy, field) == offsetof(struct nl_policy, field), \
		      "public policies are the daemon's")
SAME(type);
SAME(min);
SAME(max);
SAME(nested);
SAME(max_attr);
SAME(name);
SAME(help);
static_assert(sizeof(struct leat_nl_policy) == sizeof(struct nl_policy), "public policies are the daemon's");
#define SAME_TYPE(name) static_assert((int)LEAT_NL_##name == (int)NL_##name, "types are numbered alike")
SAME_TYPE(REJECT);
SAME_TYPE(FLAG);
SAME_TYPE(U8);
SAME_TYPE(U16);
SAME_TYPE(U32);
SAME_TYPE(U64);
SAME_TYPE(S32);
SAME_TYPE(BE16);
SAME_TYPE(BE32);
SAME_TYPE(STRING);
SAME_TYPE(NUL_STRING);
SAME_TYPE(BYTES);
SAME_TYPE(NESTED);
SAME_TYPE(NESTED_ARRAY);
SAME_TYPE(BITFIELD32);

static int parse(const void *p, size_t len, const struct leat_nl_policy *policy, uint16_t max_attr,
		 bool strict, const struct nlattr **attrs)
{
	return nl_parse(p, len, (const struct nl_policy *)policy, max_attr, strict ? NL_STRICT : 0, attrs,
			NULL);
}

int leat_nl_parse(const struct nlmsghdr *msg, size_t header_bytes, const struct leat_nl_policy *policy,
		  uint16_t max_attr, bool strict, const struct nlattr **attrs)
{
	size_t skip = NLMSG_ALIGN(header_bytes), len = mnl_nlmsg_get_payload_len(msg);

	memset(attrs, 0, (max_attr + 1U) * sizeof *attrs);
	if (len < header_bytes)
		return -EINVAL;
	return parse((const uint8_t *)mnl_nlmsg_get_payload(msg) + skip, len > skip ? len - skip : 0, policy,
		     max_attr, strict, attrs);
}

int leat_nl_parse_nested(const struct nlattr *nest, const struct leat_nl_policy *policy, uint16_t max_attr,
			 bool strict, const struct nlattr **attrs)
{
	return parse(leat_nl_data(nest), leat_nl_len(nest), policy, max_attr, strict, attrs);
}

const void *leat_nl_data(const struct nlattr *a)
{
	return a ? mnl_attr_get_payload(a) : "";
}

size_t leat_nl_len(const struct nlattr *a)
{
	return a ? mnl_attr_get_payload_len(a) : 0;
}

uint64_t leat_nl_number(const struct nlattr *a)
{
	uint64_t u64 = 0;
	uint32_t u32;
	uint16_t u16;

	switch (leat_nl_len(a)) {
	case sizeof u64:
		memcpy(&u64, leat_nl_data(a), sizeof u64);
		return u64;
	case sizeof u32:
		memcpy(&u32, leat_nl_data(a), sizeof u32);
		return u32;
	case sizeof u16:
		memcpy(&u16, leat_nl_data(a), sizeof u16);
		return u16;
	case 1:
		return *(const uint8_t *)leat_nl_data(a);
	default:
		return 0;
	}
}

const char *leat_nl_str(const struct nlattr *a)
{
	return a && memchr(leat_nl_data(a), 0, leat_nl_len(a)) ? leat_nl_data(a) : "";
}
