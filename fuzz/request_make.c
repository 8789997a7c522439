/* SPDX-License-Identifier: BSD-2-Clause */
#include "request_make.h"

#include <linux/genetlink.h>

#include "base/base.h"
#include "fuzz.h"

static uint16_t make_flags(struct maker *m, const struct nl_msg *row)
{
	static const uint16_t doit[] = {
		NLM_F_CREATE,
		NLM_F_CREATE | NLM_F_EXCL,
		0,
		NLM_F_CREATE | NLM_F_REPLACE,
		NLM_F_REPLACE,
		NLM_F_CREATE | NLM_F_APPEND,
		NLM_F_CREATE | NLM_F_ECHO,
		NLM_F_ECHO,
		NLM_F_CREATE | NLM_F_BULK,
	};
	static const uint16_t dump[] = { NLM_F_DUMP, NLM_F_ROOT, NLM_F_MATCH, NLM_F_DUMP | NLM_F_ATOMIC };
	uint16_t flags = NLM_F_REQUEST;
	if (choose_rarely(m->c))
		return (uint16_t)(flags | choose_u64(m->c));
	if (row->dump && (!row->doit || choose(m->c, 2)))
		return flags | dump[choose(m->c, ARRAY_SIZE(dump))];
	if (choose(m->c, 4))
		flags |= NLM_F_ACK;
	return flags | doit[choose(m->c, ARRAY_SIZE(doit))];
}

static const struct nl_msg *choose_row(struct maker *m, const struct nl_family *f)
{
	unsigned n = 0;
	while (f->msgs[n].name)
		n++;
	return &f->msgs[choose(m->c, n)];
}

/* What no well-meaning program sends. */
static void damage(struct maker *m, uint8_t *msg, size_t len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)msg;
	unsigned how = choose(m->c, 4);
	size_t at = choose_u64(m->c) % len;
	if (how == 0)
		msg[at] = choose_byte(m->c);
	else if (how == 1)
		h->nlmsg_len = (uint32_t)at;
	else if (how == 2)
		msg[at] ^= (uint8_t)(1u << choose(m->c, 8));
	else
		h->nlmsg_len += choose_byte(m->c);
}

static void make_genl_header(struct maker *m, const struct nl_family *f, const struct nl_msg *row, void *h)
{
	*(struct genlmsghdr *)h =
		(struct genlmsghdr){ .cmd = (uint8_t)row->type, .version = (uint8_t)f->version };
	make_header(m, f, row->type, (uint8_t *)h + GENL_HDRLEN, row->hdr_len);
}

void make_request(struct maker *m, struct nl_buf *b, const struct nl_family *f, uint16_t genl_type)
{
	const struct nl_msg *row = choose_row(m, f);
	bool genl = f->protocol == NETLINK_GENERIC;
	size_t at = b->len_bytes;
	uint16_t flags = make_flags(m, row);
	void *h = nl_begin(b, genl ? genl_type : row->type, flags, 1, 0,
			   row->hdr_len + (genl ? GENL_HDRLEN : 0));
	m->family = 0;
	m->pf = f->pf;
	m->kind = NULL;
	m->depth = 0;
	if (!h)
		return;
	if (genl)
		make_genl_header(m, f, row, h);
	else
		make_header(m, f, row->type, h, row->hdr_len);
	make_usual(m, b, row->policy, row->max_attr);
	make_attrs(m, b, row->policy, row->max_attr);
	if (!nl_end(b) && choose_rarely(m->c))
		damage(m, b->p + at, b->len_bytes - at);
}
