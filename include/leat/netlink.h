/* SPDX-License-Identifier: BSD-2-Clause */
/* libleat-netlink: a client of netlink that speaks to the kernel and to leat by the same calls. The one difference is the first
 * argument of leat_nl_open(). Messages and their types are those of <linux/netlink.h> and the families' headers.
 *
 * Functions that can fail return 0 or a negative errno value, the one the stack answered where it answered. A socket belongs to one
 * thread at a time. What a callback is given is valid until it returns. Every _close and _free welcomes NULL.
 *
 * Names are never taken away from a shared library of this soname, and enum values never change their meaning. */
#ifndef LEAT_NETLINK_H
#define LEAT_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- sockets --- */

struct leat_nl;

/* stack: NULL or "kernel": the kernel's, of this process's network namespace; "leat": the daemon of that name, or of the surrounding
 * `leat run`; "leat:NAME": the daemon NAME. protocol: NETLINK_ROUTE, NETLINK_GENERIC, ... The socket has extended
 * acks and strict checks. -ENOENT, -ECONNREFUSED: there is no such daemon; -EINVAL: no name of one. */
int leat_nl_open(const char *stack, int protocol, struct leat_nl **ret_nl);
void leat_nl_close(struct leat_nl *nl);
/* For poll() alone: readable when leat_nl_listen() would not wait. */
int leat_nl_fd(const struct leat_nl *nl);
/* The process that serves it, as far as this one can name it; 0: the kernel. */
int leat_nl_pid(const struct leat_nl *nl);
/* An option of level SOL_NETLINK that takes an int: NETLINK_GET_STRICT_CHK, NETLINK_LISTEN_ALL_NSID, ... */
int leat_nl_option(struct leat_nl *nl, int name, int value);
/* How long to wait for an answer: then -EAGAIN. 0: for ever, as at first. */
int leat_nl_timeout(struct leat_nl *nl, unsigned ms);

/* --- requests ---
 * leat_nl_request() begins one, leat_nl_put*() add to it, and one of leat_nl_talk(), leat_nl_dump(), leat_nl_batch_add() sends it.
 * Nothing in between fails: what did not fit is told by the last as -EMSGSIZE. */

typedef void leat_nl_fn(const struct nlmsghdr *msg, void *ctx);

/* NLM_F_REQUEST is understood; NLM_F_ACK and NLM_F_DUMP come from who sends it. Returns the family header (struct ifinfomsg, ...),
 * zeroed, header_bytes long (256 at most): to be filled in before the first attribute. Never NULL. */
void *leat_nl_request(struct leat_nl *nl, uint16_t type, uint16_t flags, size_t header_bytes);
void leat_nl_put(struct leat_nl *nl, uint16_t type, const void *data, size_t len_bytes);
void leat_nl_put_u8(struct leat_nl *nl, uint16_t type, uint8_t v);
void leat_nl_put_u16(struct leat_nl *nl, uint16_t type, uint16_t v);
void leat_nl_put_u32(struct leat_nl *nl, uint16_t type, uint32_t v);
void leat_nl_put_u64(struct leat_nl *nl, uint16_t type, uint64_t v);
void leat_nl_put_str(struct leat_nl *nl, uint16_t type, const char *s);
void leat_nl_put_flag(struct leat_nl *nl, uint16_t type);
size_t leat_nl_nest(struct leat_nl *nl, uint16_t type);
void leat_nl_nest_end(struct leat_nl *nl, size_t nest);
/* A family header inside of a nest (VETH_INFO_PEER has one), zeroed; to be filled in at once. Never NULL. */
void *leat_nl_put_header(struct leat_nl *nl, size_t header_bytes);

/* Sends the request, hands what answers it to fn (NULL: nobody) and waits for its ack. */
int leat_nl_talk(struct leat_nl *nl, leat_nl_fn *fn, void *ctx);
/* The same for a dump, message by message as it comes. 1: all has come, but something changed meanwhile (NLM_F_DUMP_INTR), so it may be
 * no state there ever was. */
int leat_nl_stream(struct leat_nl *nl, leat_nl_fn *fn, void *ctx);
/* A dump that is a state of one instant: kept until it is whole, and asked for again when something changed meanwhile. -EINTR: it kept
 * changing, ten times. */
int leat_nl_dump(struct leat_nl *nl, leat_nl_fn *fn, void *ctx);

/* What the stack said beside the number: of the last request, or of the one a batch tells of. */
struct leat_nl_ack {
	int err; /* 0 or -errno */
	const char *msg; /* "" when it said nothing */
	uint16_t bad_offset; /* of the attribute at fault, from the request's first byte; 0: none */
	uint16_t miss_type; /* the attribute that was missing; 0: none */
	uint16_t miss_offset; /* of the nest it was missing from; 0: the request itself */
};
const struct leat_nl_ack *leat_nl_ack(const struct leat_nl *nl);

/* Many requests in few system calls. fn is told the end of each, by its number from 0 on, in order. Ends with
 * leat_nl_batch_end(): the number of those that were refused, or -errno when the conversation broke. */
typedef void leat_nl_batch_fn(unsigned index, const struct leat_nl_ack *ack, void *ctx);
void leat_nl_batch_begin(struct leat_nl *nl, leat_nl_batch_fn *fn, void *ctx);
int leat_nl_batch_add(struct leat_nl *nl);
int leat_nl_batch_end(struct leat_nl *nl);

/* --- events --- */

/* RTNLGRP_*, or a group of leat_nl_family(). */
int leat_nl_join(struct leat_nl *nl, unsigned group);
int leat_nl_leave(struct leat_nl *nl, unsigned group);
/* Who is given events that come while an answer is waited for. At first nobody: they are then lost. */
void leat_nl_on_event(struct leat_nl *nl, leat_nl_fn *fn, void *ctx);
/* Waits for what nobody asked for and hands it to fn. 1; 0: the stack is gone; -ENOBUFS: messages were lost, and the socket goes on. */
int leat_nl_listen(struct leat_nl *nl, leat_nl_fn *fn, void *ctx);

/* --- generic netlink --- */

enum { LEAT_NL_NAME_MAX = 16, LEAT_NL_GROUPS_MAX = 32 };
struct leat_nl_family {
	uint16_t id; /* the type of its messages */
	uint32_t version;
	unsigned n_groups;
	struct {
		uint32_t id;
		char name[LEAT_NL_NAME_MAX];
	} group[LEAT_NL_GROUPS_MAX];
};
/* -ENOENT: the stack has no family of that name. */
int leat_nl_family(struct leat_nl *nl, const char *name, struct leat_nl_family *ret_family);
/* 0: it has no such group. */
uint32_t leat_nl_family_group(const struct leat_nl_family *f, const char *name);

/* --- attributes --- */

enum leat_nl_type {
	LEAT_NL_ANY,
	LEAT_NL_REJECT,
	LEAT_NL_FLAG,
	LEAT_NL_U8,
	LEAT_NL_U16,
	LEAT_NL_U32,
	LEAT_NL_U64,
	LEAT_NL_S32,
	LEAT_NL_BE16,
	LEAT_NL_BE32,
	LEAT_NL_STRING, /* with or without a NUL */
	LEAT_NL_NUL_STRING,
	LEAT_NL_BYTES,
	LEAT_NL_NESTED,
	LEAT_NL_NESTED_ARRAY,
	LEAT_NL_BITFIELD32,
};
/* What an attribute has to be; an array indexed by its type. */
struct leat_nl_policy {
	enum leat_nl_type type;
	uint64_t min, max; /* values of numbers, lengths of strings and bytes; 0, 0: any */
	const struct leat_nl_policy *nested; /* NULL: not looked into */
	uint16_t max_attr; /* of nested */
	const char *name, *help;
};
/* Checks the attributes of a message behind a family header of that length and indexes them: attrs[type], NULL when absent; max_attr + 1
 * places. Attributes the policy does not know are skipped, unless strict. 0, -EINVAL, -ERANGE. */
int leat_nl_parse(const struct nlmsghdr *msg, size_t header_bytes, const struct leat_nl_policy *policy,
		  uint16_t max_attr, bool strict, const struct nlattr **attrs);
int leat_nl_parse_nested(const struct nlattr *nest, const struct leat_nl_policy *policy, uint16_t max_attr,
			 bool strict, const struct nlattr **attrs);
/* NULL, and what is too short for its type, read as 0 and "". */
const void *leat_nl_data(const struct nlattr *a);
size_t leat_nl_len(const struct nlattr *a);
uint64_t leat_nl_number(const struct nlattr *a); /* of its own width: 1, 2, 4 or 8 bytes */
const char *leat_nl_str(const struct nlattr *a);

/* --- caches: what there is, kept up to date --- */

enum leat_nl_kind {
	LEAT_NL_LINKS = 1,
	LEAT_NL_ADDRESSES = 2,
	LEAT_NL_NEIGHBOURS = 4,
	LEAT_NL_ROUTES = 8,
	LEAT_NL_RULES = 16,
	LEAT_NL_NEXTHOPS = 32,
};
enum leat_nl_change { LEAT_NL_NEW, LEAT_NL_CHANGED, LEAT_NL_GONE };
/* The object is the message that describes it (RTM_NEWLINK, ...), also when it is gone. */
typedef void leat_nl_change_fn(enum leat_nl_kind kind, enum leat_nl_change what,
			       const struct nlmsghdr *object, void *ctx);

struct leat_nl_cache;
/* Tells of all there is as new, and from then on, by leat_nl_cache_update(), of every difference, once: messages that were lost are made
 * up for by looking again. kinds: enum leat_nl_kind, together. */
int leat_nl_cache_new(const char *stack, unsigned kinds, leat_nl_change_fn *fn, void *ctx,
		      struct leat_nl_cache **ret_cache);
void leat_nl_cache_free(struct leat_nl_cache *c);
/* For poll(): readable when there is something for leat_nl_cache_update(). */
int leat_nl_cache_fd(const struct leat_nl_cache *c);
/* Takes what has come, without waiting for more. 0; -EPIPE: the stack is gone. */
int leat_nl_cache_update(struct leat_nl_cache *c);
/* Looks at everything again. update() does when it has to. */
int leat_nl_cache_resync(struct leat_nl_cache *c);
void leat_nl_cache_each(const struct leat_nl_cache *c, enum leat_nl_kind kind, leat_nl_fn *fn, void *ctx);
size_t leat_nl_cache_count(const struct leat_nl_cache *c, enum leat_nl_kind kind);
/* NULL: no link has that number. */
const char *leat_nl_cache_ifname(const struct leat_nl_cache *c, unsigned ifindex);
/* How often messages were lost. */
unsigned leat_nl_cache_overruns(const struct leat_nl_cache *c);

#ifdef __cplusplus
}
#endif

#endif
