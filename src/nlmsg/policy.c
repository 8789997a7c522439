/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking attributes against policies. Which requests pass and what the refusals say is as in Linux (its lib/nlattr.c
 * decides it for every family): liberal parsing skips what it does not know, so that new tools work with old
 * kernels; strict parsing refuses it, so that a tool learns what is not understood. */
#include "nlmsg/nlmsg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { NESTING_MAX = 10 };

int nl_bad(struct nl_ext *ext, const struct nlattr *attr, int err, const char *msg)
{
	if (ext) {
		ext->msg = msg;
		ext->bad_attr = attr;
	}
	return err;
}

int nl_bad_text(struct nl_ext *ext, const struct nlattr *attr, int err, const char *fmt, ...)
{
	va_list ap;
	if (!ext)
		return err;
	va_start(ap, fmt);
	vsnprintf(ext->text, sizeof ext->text, fmt, ap);
	va_end(ap);
	return nl_bad(ext, attr, err, ext->text);
}

int nl_missing(struct nl_ext *ext, const struct nlattr *nest, uint16_t type, const char *msg)
{
	if (ext) {
		ext->msg = msg;
		ext->miss_nest = nest;
		ext->miss_type = type;
	}
	return -EINVAL;
}

static size_t number_len(enum nl_type t)
{
	switch (t) {
	case NL_U8:
		return 1;
	case NL_U16:
	case NL_BE16:
		return 2;
	case NL_U32:
	case NL_S32:
	case NL_BE32:
	case NL_MASK32:
		return 4;
	case NL_U64:
		return 8;
	default:
		return 0;
	}
}

static uint64_t number_get(enum nl_type t, const void *p)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (t) {
	case NL_U8:
		return *(const uint8_t *)p;
	case NL_U16:
		memcpy(&u16, p, sizeof u16);
		return u16;
	case NL_BE16:
		memcpy(&u16, p, sizeof u16);
		return __builtin_bswap16(u16);
	case NL_U32:
	case NL_S32:
	case NL_MASK32:
		memcpy(&u32, p, sizeof u32);
		return u32;
	case NL_BE32:
		memcpy(&u32, p, sizeof u32);
		return __builtin_bswap32(u32);
	default:
		memcpy(&u64, p, sizeof u64);
		return u64;
	}
}

static bool number_in_range(const struct nl_policy *pol, const void *p)
{
	uint64_t v = number_get(pol->type, p);
	if (!pol->min && !pol->max)
		return true;
	if (pol->type == NL_S32)
		return (int32_t)v >= (int64_t)pol->min && (int32_t)v <= (int64_t)pol->max;
	return v >= pol->min && v <= pol->max;
}

static int refuse(struct nl_ext *ext, const struct nlattr *a, const struct nl_policy *pol, int err,
		  const char *msg)
{
	if (ext)
		ext->policy = pol;
	return nl_bad(ext, a, err, msg);
}

static int parse(const void *p, size_t len, const struct nl_policy *policy, uint16_t max_attr, unsigned flags,
		 const struct nlattr **attrs, struct nl_ext *ext, unsigned depth);

static bool strings_fit(const struct nl_policy *pol, const char *s, size_t len)
{
	/* Linux: a bound counts the characters in front of a NUL that ends the attribute. */
	if (pol->type == NL_NUL_STRING && !memchr(s, 0, pol->max ? MIN(len, (size_t)pol->max + 1) : len))
		return false;
	if (len < 1)
		return false;
	if (s[len - 1] == 0)
		len--;
	return (!pol->max || len <= pol->max) && len >= pol->min;
}

static int check_nested(const struct nlattr *a, const struct nl_policy *pol, unsigned flags,
			struct nl_ext *ext, unsigned depth)
{
	size_t len = mnl_attr_get_payload_len(a);
	if (len == 0)
		return 0; /* Linux: an empty nest is allowed */
	if (len < NLA_HDRLEN)
		return refuse(ext, a, pol, -ERANGE, "Attribute failed policy validation");
	if (!pol->nested)
		return 0;
	if (depth >= NESTING_MAX)
		return nl_bad(ext, a, -EINVAL, "allowed policy recursion depth exceeded");
	return parse(mnl_attr_get_payload(a), len, pol->nested, pol->max_attr, flags, NULL, ext, depth + 1);
}

/* Each element is a nest with attributes of the one policy; the elements' types are free. */
static int check_nested_array(const struct nlattr *a, const struct nl_policy *pol, unsigned flags,
			      struct nl_ext *ext, unsigned depth)
{
	const struct nlattr *e;
	int err = 0;

	mnl_attr_for_each_nested(e, a) if (!err) err = check_nested(e, pol, flags, ext, depth);
	return err;
}

static int check_exact(const struct nlattr *a, const struct nl_policy *pol, struct nl_ext *ext)
{
	bool nest = pol->type == NL_NESTED || pol->type == NL_NESTED_ARRAY;
	size_t want = number_len(pol->type);
	if (want && mnl_attr_get_payload_len(a) != want)
		return refuse(ext, a, pol, -EINVAL, "invalid attribute length");
	if (nest && !(a->nla_type & NLA_F_NESTED))
		return refuse(ext, a, pol, -EINVAL, "NLA_F_NESTED is missing");
	if (!nest && (a->nla_type & NLA_F_NESTED))
		return refuse(ext, a, pol, -EINVAL, "NLA_F_NESTED not expected");
	return 0;
}

static int check_bitfield32(const struct nlattr *a, const struct nl_policy *pol, struct nl_ext *ext)
{
	struct nla_bitfield32 f;
	if (mnl_attr_get_payload_len(a) != sizeof f)
		return refuse(ext, a, pol, -ERANGE, "Attribute failed policy validation");
	memcpy(&f, mnl_attr_get_payload(a), sizeof f);
	uint32_t valid = pol->max ? (uint32_t)pol->max : UINT32_MAX;
	if ((f.value & ~valid) || (f.selector & ~valid) || (f.value & ~f.selector))
		return refuse(ext, a, pol, -EINVAL, "Attribute failed policy validation");
	return 0;
}

static int check_one(const struct nlattr *a, const struct nl_policy *pol, unsigned flags, struct nl_ext *ext,
		     unsigned depth)
{
	static const char failed[] = "Attribute failed policy validation";
	const void *p = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);
	int err = flags & NL_EXACT && pol->type != NL_UNUSED ? check_exact(a, pol, ext) : 0;

	if (err)
		return err;
	switch (pol->type) {
	case NL_UNUSED:
		return flags & NL_EXACT ? nl_bad(ext, a, -EINVAL, "Unsupported attribute") : 0;
	case NL_REJECT:
		return nl_bad(ext, a, -EINVAL, pol->help ? pol->help : failed);
	case NL_FLAG:
		return len ? refuse(ext, a, pol, -ERANGE, failed) : 0;
	case NL_STRING:
	case NL_NUL_STRING:
		if (pol->type == NL_NUL_STRING && !memchr(p, 0, len))
			return refuse(ext, a, pol, -EINVAL, failed);
		return strings_fit(pol, p, len) ? 0 : refuse(ext, a, pol, -ERANGE, failed);
	case NL_BYTES:
		return len < pol->min || (pol->max && len > pol->max) ? refuse(ext, a, pol, -ERANGE, failed)
								      : 0;
	case NL_NESTED:
		return check_nested(a, pol, flags, ext, depth);
	case NL_NESTED_ARRAY:
		return check_nested_array(a, pol, flags, ext, depth);
	case NL_BITFIELD32:
		return check_bitfield32(a, pol, ext);
	case NL_MASK32:
		if (len < number_len(pol->type))
			return refuse(ext, a, pol, -ERANGE, failed);
		return number_get(pol->type, p) & ~pol->max ? refuse(ext, a, pol, -EINVAL, "reserved bit set")
							    : 0;
	default:
		if (len < number_len(pol->type))
			return refuse(ext, a, pol, -ERANGE, failed);
		return number_in_range(pol, p) ? 0 : refuse(ext, a, pol, -ERANGE, "integer out of range");
	}
}

static int parse(const void *p, size_t len, const struct nl_policy *policy, uint16_t max_attr, unsigned flags,
		 const struct nlattr **attrs, struct nl_ext *ext, unsigned depth)
{
	const struct nlattr *a = p;

	if (attrs)
		memset(attrs, 0, (max_attr + 1u) * sizeof *attrs);
	while (mnl_attr_ok(a, (int)len)) {
		uint16_t type = mnl_attr_get_type(a);
		if (type == 0 || type > max_attr) {
			if (flags & NL_STRICT)
				return nl_bad(ext, a, -EINVAL, "Unknown attribute type");
		} else {
			int err = check_one(a, &policy[type], flags, ext, depth);
			if (err)
				return err;
			if (attrs)
				attrs[type] = a;
		}
		size_t step = MIN((size_t)MNL_ALIGN(a->nla_len), len);
		len -= step;
		a = (const struct nlattr *)((const uint8_t *)a + step);
	}
	if (len > 0 && flags & NL_STRICT)
		return nl_bad(ext, NULL, -EINVAL, "bytes leftover after parsing attributes");
	return 0;
}

int nl_parse(const void *p, size_t len_bytes, const struct nl_policy *policy, uint16_t max_attr,
	     unsigned flags, const struct nlattr **attrs, struct nl_ext *ext)
{
	return parse(p, len_bytes, policy, max_attr, flags, attrs, ext, 0);
}

int nl_parse_nested(const struct nlattr *nest, unsigned flags, const struct nl_policy *policy,
		    uint16_t max_attr, const struct nlattr **attrs, struct nl_ext *ext)
{
	return nl_parse(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), policy, max_attr, flags,
			attrs, ext);
}
