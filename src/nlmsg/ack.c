/* SPDX-License-Identifier: BSD-2-Clause */
/* NLMSG_ERROR and NLMSG_DONE with their extended parts, laid out as Linux does (Documentation/userspace-api/netlink). */
#include "nlmsg/nlmsg.h"

/* Offset of an attribute in its request, or 0 when it is not inside. */
static uint32_t offset_in(const struct nlmsghdr *req, const struct nlattr *a)
{
	uintptr_t from = (uintptr_t)req, at = (uintptr_t)a;
	return at > from && at < from + req->nlmsg_len ? (uint32_t)(at - from) : 0;
}

static uint32_t policy_type(enum nl_type t)
{
	static const uint8_t map[] = {
		[NL_FLAG] = NL_ATTR_TYPE_FLAG,
		[NL_U8] = NL_ATTR_TYPE_U8,
		[NL_U16] = NL_ATTR_TYPE_U16,
		[NL_U32] = NL_ATTR_TYPE_U32,
		[NL_U64] = NL_ATTR_TYPE_U64,
		[NL_S32] = NL_ATTR_TYPE_S32,
		[NL_BE16] = NL_ATTR_TYPE_U16,
		[NL_BE32] = NL_ATTR_TYPE_U32,
		[NL_STRING] = NL_ATTR_TYPE_STRING,
		[NL_NUL_STRING] = NL_ATTR_TYPE_NUL_STRING,
		[NL_BYTES] = NL_ATTR_TYPE_BINARY,
		[NL_NESTED] = NL_ATTR_TYPE_NESTED,
		[NL_NESTED_ARRAY] = NL_ATTR_TYPE_NESTED_ARRAY,
		[NL_BITFIELD32] = NL_ATTR_TYPE_BITFIELD32,
		[NL_MASK32] = NL_ATTR_TYPE_U32,
	};
	return map[t];
}

void nl_put_policy(struct nl_buf *b, uint16_t type, const struct nl_policy *p, const uint32_t *nested)
{
	if (!policy_type(p->type))
		return; /* nothing to say about unused and refused ones */
	size_t nest = nl_nest(b, type);
	nl_put_u32(b, NL_POLICY_TYPE_ATTR_TYPE, policy_type(p->type));
	if (nested) {
		nl_put_u32(b, NL_POLICY_TYPE_ATTR_POLICY_IDX, *nested);
		nl_put_u32(b, NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE, p->max_attr);
	}
	if (p->type == NL_STRING || p->type == NL_NUL_STRING || p->type == NL_BYTES) {
		if (p->min)
			nl_put_u32(b, NL_POLICY_TYPE_ATTR_MIN_LENGTH, (uint32_t)p->min);
		if (p->max)
			nl_put_u32(b, NL_POLICY_TYPE_ATTR_MAX_LENGTH, (uint32_t)p->max);
	} else if (p->type == NL_S32 && (p->min || p->max)) {
		nl_put_u64(b, NL_POLICY_TYPE_ATTR_MIN_VALUE_S, p->min, NL_POLICY_TYPE_ATTR_PAD);
		nl_put_u64(b, NL_POLICY_TYPE_ATTR_MAX_VALUE_S, p->max, NL_POLICY_TYPE_ATTR_PAD);
	} else if (p->type == NL_BITFIELD32) {
		nl_put_u32(b, NL_POLICY_TYPE_ATTR_BITFIELD32_MASK, p->max ? (uint32_t)p->max : UINT32_MAX);
	} else if (p->type == NL_MASK32) {
		nl_put_u64(b, NL_POLICY_TYPE_ATTR_MASK, p->max, NL_POLICY_TYPE_ATTR_PAD);
	} else if (p->min || p->max) {
		nl_put_u64(b, NL_POLICY_TYPE_ATTR_MIN_VALUE_U, p->min, NL_POLICY_TYPE_ATTR_PAD);
		nl_put_u64(b, NL_POLICY_TYPE_ATTR_MAX_VALUE_U, p->max, NL_POLICY_TYPE_ATTR_PAD);
	}
	nl_nest_end(b, nest);
}

static void put_failure(struct nl_buf *b, const struct nlmsghdr *req, const struct nl_ext *ext)
{
	uint32_t at = ext->bad_attr ? offset_in(req, ext->bad_attr) : 0;
	uint32_t nest = ext->miss_nest ? offset_in(req, ext->miss_nest) : 0;
	if (at)
		nl_put_u32(b, NLMSGERR_ATTR_OFFS, at);
	if (ext->policy)
		nl_put_policy(b, NLMSGERR_ATTR_POLICY, ext->policy, NULL);
	if (ext->miss_type)
		nl_put_u32(b, NLMSGERR_ATTR_MISS_TYPE, ext->miss_type);
	if (nest)
		nl_put_u32(b, NLMSGERR_ATTR_MISS_NEST, nest);
}

void nl_put_error(struct nl_buf *b, const struct nlmsghdr *req, int err, const struct nl_ext *ext,
		  bool cap_ack, bool ext_ack, uint32_t pid)
{
	/* Linux: a failure returns the whole request unless capped; an ack its header alone. */
	size_t body = err && !cap_ack ? req->nlmsg_len - NLMSG_HDRLEN : 0;
	uint16_t flags = err && !cap_ack ? 0 : NLM_F_CAPPED;
	struct nlmsgerr *e = nl_begin(b, NLMSG_ERROR, flags, req->nlmsg_seq, pid, sizeof *e + body);
	if (!e)
		return nl_cancel(b);
	e->error = err;
	memcpy(&e->msg, req, sizeof *req + body);
	size_t before = b->len_bytes;
	if (ext_ack && ext) {
		if (ext->msg)
			nl_put_str(b, NLMSGERR_ATTR_MSG, ext->msg);
		if (ext->cookie_len)
			nl_put(b, NLMSGERR_ATTR_COOKIE, ext->cookie, ext->cookie_len);
		if (err)
			put_failure(b, req, ext);
	}
	if (b->len_bytes > before && !b->full)
		b->msg->nlmsg_flags |= NLM_F_ACK_TLVS;
	nl_end(b);
}

void nl_put_done(struct nl_buf *b, const struct nlmsghdr *req, int err, uint16_t flags,
		 const struct nl_ext *ext, bool ext_ack, uint32_t pid)
{
	bool say = ext_ack && ext && ext->msg;
	flags |= NLM_F_MULTI | (say ? NLM_F_ACK_TLVS : 0);
	int *e = nl_begin(b, NLMSG_DONE, flags, req->nlmsg_seq, pid, sizeof *e);
	if (!e)
		return nl_cancel(b);
	*e = err;
	if (say)
		nl_put_str(b, NLMSGERR_ATTR_MSG, ext->msg);
	nl_end(b);
}
