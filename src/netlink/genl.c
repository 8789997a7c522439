/* SPDX-License-Identifier: BSD-2-Clause */
/* NETLINK_GENERIC: families by number, commands by number. A family's number follows from the module that brings it, so it
 * stays what it is while other modules come and go. */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <linux/genetlink.h>

enum {
	GENL_ID_FIRST =
		GENL_ID_CTRL + 16, /* ours begin here; Linux gives out its own from GENL_START_ALLOC */
	GENL_PER_MODULE = 4, /* families of a module, and groups of a family */
};
static_assert(GENL_ID_FIRST + MODULE_MAX * GENL_PER_MODULE < NL_GROUPS_MAX, "every group has a bit");

const struct nl_family *nl_family_next(const struct leat_stack *st, int protocol, struct nl_family_iter *it)
{
	for (; st->modules[it->module]; it->module++, it->i = 0) {
		const struct nl_family *const *list = st->modules[it->module]->netlink;
		while (list && list[it->i]) {
			const struct nl_family *f = list[it->i++];
			if (f->protocol == protocol)
				return f;
		}
	}
	return NULL;
}

uint16_t genl_family_id(const struct leat_stack *st, const struct nl_family *f)
{
	if (f == &genl_ctrl_family)
		return GENL_ID_CTRL;
	for (unsigned i = 0; st->modules[i]; i++) {
		const struct nl_family *const *list = st->modules[i]->netlink;
		unsigned n = 0;
		for (; list && *list; list++) {
			if ((*list)->protocol != NETLINK_GENERIC)
				continue;
			if (*list == f)
				return (uint16_t)(GENL_ID_FIRST + st->modules[i]->id * GENL_PER_MODULE + n);
			n++;
		}
	}
	return 0;
}

/* A module with groups has one family with groups: they take the numbers of the module's place. */
uint32_t genl_group_id(const struct leat_stack *st, const struct nl_family *f, unsigned i)
{
	assert(i < GENL_PER_MODULE);
	return genl_family_id(st, f) + i;
}

void genl_begin(struct nl_buf *b, uint16_t id, uint8_t cmd, uint8_t version, uint16_t flags, uint32_t seq,
		uint32_t portid)
{
	struct genlmsghdr *g = nl_begin(b, id, flags, seq, portid, GENL_HDRLEN);
	if (g)
		*g = (struct genlmsghdr){ .cmd = cmd, .version = version };
}

static const struct nl_family *find_family(const struct leat_stack *st, uint16_t id)
{
	struct nl_family_iter it = { 0 };
	const struct nl_family *f;
	if (id == GENL_ID_CTRL)
		return &genl_ctrl_family;
	while ((f = nl_family_next(st, NETLINK_GENERIC, &it)))
		if (genl_family_id(st, f) == id)
			return f;
	return NULL;
}

static const struct nl_msg *find_command(const struct nl_family *f, uint8_t cmd, bool dump)
{
	for (const struct nl_msg *m = f->msgs; m->name; m++)
		if (m->type == cmd && (dump ? (void *)m->dump : (void *)m->doit))
			return m;
	return NULL;
}

static int genl_receive(struct nl_sock *s, const struct nlmsghdr *h, struct nl_ext *ext, struct nl_buf *reply)
{
	const struct nl_family *f = find_family(s->st, h->nlmsg_type);
	if (!f)
		return -ENOENT;
	if (h->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return -EINVAL;
	const struct genlmsghdr *g = (const void *)((const uint8_t *)h + NLMSG_HDRLEN);
	bool dump = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct nl_msg *m = find_command(f, g->cmd, dump);
	if (!m)
		return -EOPNOTSUPP;
	if (m->flags & NL_ADMIN && !s->creds.may_configure)
		return -EPERM;
	if (dump)
		return nl_dump_begin(s, f, m, h);
	struct nl_call c = {
		.sock = s,
		.msg = m,
		.h = h,
		.ext = ext,
		.reply = reply,
		.hdr_off = GENL_HDRLEN,
		.parse_flags = f->parse_flags,
	};
	return nl_call(&c);
}

const struct nl_proto nl_generic = {
	.protocol = NETLINK_GENERIC,
	.name = "generic",
	.n_groups = NL_GROUPS_MAX - 1,
	.receive = genl_receive,
	.hdr_len = GENL_HDRLEN,
};
