/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink messages on top of libmnl: policies, parsing with extended acks, building. No state, no sockets.
 * Types and constants are those of <linux/netlink.h> and the families' headers. */
#ifndef LEAT_NLMSG_NLMSG_H
#define LEAT_NLMSG_NLMSG_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "base/bytes.h"

/* --- extended acks --- */

enum { NL_EXT_TEXT = 160 };

/* Why a request was refused: what NLMSGERR_ATTR_* will say. Messages are static strings, worded as Linux does, or made
 * here (nl_bad_text). Not to be copied: msg may point inside. */
struct nl_ext {
	const char *msg;
	const struct nlattr *bad_attr; /* inside the request; its offset is reported */
	const struct nl_policy *policy; /* what the attribute should have been */
	uint16_t miss_type; /* a required attribute that was absent */
	const struct nlattr *miss_nest; /* the nest it was absent from */
	uint8_t cookie[20];
	uint8_t cookie_len;
	char text[NL_EXT_TEXT];
};
/* `return nl_bad(ext, attr, -EINVAL, "...")` */
int nl_bad(struct nl_ext *ext, const struct nlattr *attr, int err, const char *msg);
int nl_bad_text(struct nl_ext *ext, const struct nlattr *attr, int err, const char *fmt, ...)
	printf_like(4, 5);
int nl_missing(struct nl_ext *ext, const struct nlattr *nest, uint16_t type, const char *msg);

/* --- policies --- */

enum nl_type {
	NL_UNUSED, /* accepted and ignored by old families, refused when strict */
	NL_REJECT,
	NL_FLAG,
	NL_U8,
	NL_U16,
	NL_U32,
	NL_U64,
	NL_S32,
	NL_BE16,
	NL_BE32,
	NL_STRING, /* at most max bytes, with or without a NUL */
	NL_NUL_STRING,
	NL_BYTES, /* min <= length <= max; max 0: any */
	NL_NESTED, /* .nested and .max_attr, or none: opaque */
	NL_NESTED_ARRAY,
	NL_BITFIELD32,
	NL_MASK32, /* a number that has no other bits than those of max */
};
/* An array indexed by attribute type. `help` makes the table print itself as documentation. */
struct nl_policy {
	enum nl_type type;
	uint64_t min, max; /* values for numbers (0, 0: any), lengths for strings and bytes */
	const struct nl_policy *nested;
	uint16_t max_attr; /* of nested */
	const char *name; /* "IFLA_MTU" */
	const char *help;
};

enum nl_parse_flags {
	NL_STRICT = 1, /* refuse unknown attributes, trailing bytes */
	NL_EXACT =
		2, /* and numbers of a wrong length, a missing or unexpected NLA_F_NESTED: what new families ask for */
};

/* Checks every attribute of [p, p + len) against the policy and indexes it: attrs[type], NULL when absent; the last of a kind
 * wins. attrs has max_attr + 1 places and is cleared first. 0, -EINVAL, -ERANGE with ext filled in. */
int nl_parse(const void *p, size_t len_bytes, const struct nl_policy *policy, uint16_t max_attr,
	     unsigned flags, const struct nlattr **attrs, struct nl_ext *ext);
int nl_parse_nested(const struct nlattr *nest, unsigned flags, const struct nl_policy *policy,
		    uint16_t max_attr, const struct nlattr **attrs, struct nl_ext *ext);
/* Prints a policy as a table, one line an attribute, nested ones indented. */
void nl_policy_print(const struct nl_policy *policy, uint16_t max_attr,
		     void (*line)(void *ctx, const char *s), void *ctx);

/* --- building --- */

/* A growing buffer of messages. Building never fails in the middle: running out of space sets `full`, and nl_end()
 * then takes the message back and says so. */
struct nl_buf {
	uint8_t *p;
	size_t len_bytes, size_bytes, max_bytes; /* grows (malloc) from size to max */
	struct nlmsghdr *msg; /* being built */
	size_t msg_off;
	bool full, fixed; /* fixed: the memory is the caller's */
};
void nl_buf_init(struct nl_buf *b, size_t max_bytes);
void nl_buf_init_fixed(struct nl_buf *b, void *p, size_t size_bytes);
void nl_buf_done(struct nl_buf *b);
/* Starts a message with room for a family header of extra_len zeroed bytes; returns that header or NULL when full. */
void *nl_begin(struct nl_buf *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid, size_t extra_len);
/* 0, or -EMSGSIZE: the message did not fit and has been taken back. */
int nl_end(struct nl_buf *b);
void nl_cancel(struct nl_buf *b);
void nl_put(struct nl_buf *b, uint16_t type, const void *data, size_t len_bytes);
/* Zeroed room for an attribute's payload, to be filled in at once; NULL when full. */
void *nl_put_room(struct nl_buf *b, uint16_t type, size_t len_bytes);
void nl_put_u8(struct nl_buf *b, uint16_t type, uint8_t v);
void nl_put_u16(struct nl_buf *b, uint16_t type, uint16_t v);
void nl_put_u32(struct nl_buf *b, uint16_t type, uint32_t v);
/* 8-byte aligned behind a pad attribute of pad_type where needed, as Linux aligns. */
void nl_put_u64(struct nl_buf *b, uint16_t type, uint64_t v, uint16_t pad_type);
void nl_put_aligned64(struct nl_buf *b, uint16_t type, const void *data, size_t len_bytes, uint16_t pad_type);
void nl_put_str(struct nl_buf *b, uint16_t type, const char *s); /* with its NUL */
void nl_put_flag(struct nl_buf *b, uint16_t type);
/* Nesting by offset, since the buffer may move. */
size_t nl_nest(struct nl_buf *b, uint16_t type); /* with NLA_F_NESTED */
size_t nl_nest_noflag(struct nl_buf *b, uint16_t type); /* as old rtnetlink attributes are sent */
void nl_nest_end(struct nl_buf *b, size_t nest);
void nl_nest_cancel(struct nl_buf *b, size_t nest);

/* NLMSG_ERROR (err 0: an ack) for request `req`; capped and with TLVs as the socket asked. */
void nl_put_error(struct nl_buf *b, const struct nlmsghdr *req, int err, const struct nl_ext *ext,
		  bool cap_ack, bool ext_ack, uint32_t pid);
/* flags: NLM_F_DUMP_INTR, NLM_F_DUMP_FILTERED. */
void nl_put_done(struct nl_buf *b, const struct nlmsghdr *req, int err, uint16_t flags,
		 const struct nl_ext *ext, bool ext_ack, uint32_t pid);
/* A nest of NL_POLICY_TYPE_ATTR_*: what an attribute should be, for extended acks and the controller, which has a number for the
 * policy of what is nested (NULL: it is not said). */
void nl_put_policy(struct nl_buf *b, uint16_t type, const struct nl_policy *policy, const uint32_t *nested);

#endif
