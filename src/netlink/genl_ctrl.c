/* SPDX-License-Identifier: BSD-2-Clause */
/* "nlctrl", the family that tells of families: a program asks it for the number behind a name. */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <linux/genetlink.h>

static const struct nl_policy ctrl_policy[CTRL_ATTR_MAX + 1] = {
	[CTRL_ATTR_FAMILY_ID] = { NL_U16, .name = "CTRL_ATTR_FAMILY_ID" },
	[CTRL_ATTR_FAMILY_NAME] = { NL_NUL_STRING, .max = GENL_NAMSIZ - 1, .name = "CTRL_ATTR_FAMILY_NAME" },
	[CTRL_ATTR_OP] = { NL_U32, .name = "CTRL_ATTR_OP" },
};

static uint16_t family_max_attr(const struct nl_family *f)
{
	uint16_t max = 0;
	for (const struct nl_msg *m = f->msgs; m->name; m++)
		max = MAX(max, m->max_attr);
	return max;
}

static bool same_command_before(const struct nl_family *f, const struct nl_msg *m)
{
	for (const struct nl_msg *o = f->msgs; o < m; o++)
		if (o->type == m->type)
			return true;
	return false;
}

static void put_ops(struct nl_buf *b, const struct nl_family *f)
{
	size_t nest = nl_nest(b, CTRL_ATTR_OPS);
	uint16_t i = 1;
	for (const struct nl_msg *m = f->msgs; m->name; m++) {
		if ((!m->doit && !m->dump) || same_command_before(f, m))
			continue;
		uint32_t flags = (m->flags & NL_ADMIN ? GENL_ADMIN_PERM : 0) |
				 (m->doit ? GENL_CMD_CAP_DO : 0) | (m->dump ? GENL_CMD_CAP_DUMP : 0) |
				 (m->policy ? GENL_CMD_CAP_HASPOL : 0);
		size_t op = nl_nest(b, i++);
		nl_put_u32(b, CTRL_ATTR_OP_ID, m->type);
		nl_put_u32(b, CTRL_ATTR_OP_FLAGS, flags);
		nl_nest_end(b, op);
	}
	nl_nest_end(b, nest);
}

static void put_groups(struct nl_buf *b, const struct leat_stack *st, const struct nl_family *f)
{
	if (!f->mcgrps || !f->mcgrps[0])
		return;
	size_t nest = nl_nest(b, CTRL_ATTR_MCAST_GROUPS);
	for (unsigned i = 0; f->mcgrps[i]; i++) {
		size_t grp = nl_nest(b, (uint16_t)(i + 1));
		nl_put_u32(b, CTRL_ATTR_MCAST_GRP_ID, genl_group_id(st, f, i));
		nl_put_str(b, CTRL_ATTR_MCAST_GRP_NAME, f->mcgrps[i]);
		nl_nest_end(b, grp);
	}
	nl_nest_end(b, nest);
}

static int put_family(struct nl_req *r, const struct nl_family *f, uint16_t flags)
{
	struct nl_buf *b = r->reply;
	genl_begin(b, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 2, flags, r->msg->nlmsg_seq, r->portid);
	nl_put_str(b, CTRL_ATTR_FAMILY_NAME, f->name);
	nl_put_u16(b, CTRL_ATTR_FAMILY_ID, genl_family_id(r->st, f));
	nl_put_u32(b, CTRL_ATTR_VERSION, f->version);
	nl_put_u32(b, CTRL_ATTR_HDRSIZE, 0);
	nl_put_u32(b, CTRL_ATTR_MAXATTR, family_max_attr(f));
	put_ops(b, f);
	put_groups(b, r->st, f);
	return nl_end(b);
}

/* Family i in the order of a dump: the controller first. */
static const struct nl_family *family_at(const struct leat_stack *st, uint64_t i)
{
	struct nl_family_iter it = { 0 };
	const struct nl_family *f = &genl_ctrl_family;
	while (f && i--)
		f = nl_family_next(st, NETLINK_GENERIC, &it);
	return f;
}

static const struct nl_family *family_asked(struct nl_req *r)
{
	const struct nlattr *id = r->attrs[CTRL_ATTR_FAMILY_ID], *name = r->attrs[CTRL_ATTR_FAMILY_NAME];
	const struct nl_family *f;
	for (uint64_t i = 0; (f = family_at(r->st, i)); i++) {
		if (id && genl_family_id(r->st, f) == mnl_attr_get_u16(id))
			return f;
		if (!id && strcmp(f->name, mnl_attr_get_str(name)) == 0)
			return f;
	}
	return NULL;
}

static int get_family(struct nl_req *r)
{
	if (!r->attrs[CTRL_ATTR_FAMILY_ID] && !r->attrs[CTRL_ATTR_FAMILY_NAME])
		return -EINVAL;
	const struct nl_family *f = family_asked(r);
	return f ? put_family(r, f, 0) : -ENOENT;
}

static int dump_families(struct nl_req *r, struct nl_dump *d)
{
	const struct nl_family *f;
	for (; (f = family_at(r->st, d->key[0])); d->key[0]++)
		if (put_family(r, f, NLM_F_MULTI))
			return 1;
	return 0;
}

/* CTRL_CMD_GETPOLICY. Every policy table of the family has an index; index 0 is the first command's. */
enum { POLICIES_MAX = 32 };
struct policy_list {
	unsigned n;
	struct {
		const struct nl_policy *policy;
		uint16_t max_attr;
	} row[POLICIES_MAX];
};

static unsigned policy_index(struct policy_list *l, const struct nl_policy *p, uint16_t max_attr)
{
	unsigned i = 0;
	while (i < l->n && l->row[i].policy != p)
		i++;
	if (i == l->n && l->n < POLICIES_MAX) {
		l->row[i].policy = p;
		l->row[i].max_attr = max_attr;
		l->n++;
	}
	return i;
}

/* CTRL_ATTR_OP: of that command alone. */
static bool op_is_asked(struct nl_req *r, const struct nl_msg *m)
{
	const struct nlattr *op = r->attrs[CTRL_ATTR_OP];
	return m->policy && (!op || mnl_attr_get_u32(op) == m->type);
}

static void list_policies(struct policy_list *l, struct nl_req *r, const struct nl_family *f)
{
	for (const struct nl_msg *m = f->msgs; m->name; m++)
		if (op_is_asked(r, m))
			policy_index(l, m->policy, m->max_attr);
	for (unsigned i = 0; i < l->n; i++)
		for (unsigned k = 1; k <= l->row[i].max_attr; k++)
			if (l->row[i].policy[k].nested)
				policy_index(l, l->row[i].policy[k].nested, l->row[i].policy[k].max_attr);
}

static int put_op_policy(struct nl_req *r, const struct nl_family *f, const struct nl_msg *m,
			 struct policy_list *l)
{
	struct nl_buf *b = r->reply;
	unsigned i = policy_index(l, m->policy, m->max_attr);
	genl_begin(b, GENL_ID_CTRL, CTRL_CMD_GETPOLICY, 2, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid);
	nl_put_u16(b, CTRL_ATTR_FAMILY_ID, genl_family_id(r->st, f));
	size_t all = nl_nest(b, CTRL_ATTR_OP_POLICY), op = nl_nest(b, m->type);
	if (m->doit)
		nl_put_u32(b, CTRL_ATTR_POLICY_DO, i);
	if (m->dump)
		nl_put_u32(b, CTRL_ATTR_POLICY_DUMP, i);
	nl_nest_end(b, op);
	nl_nest_end(b, all);
	return nl_end(b);
}

static int put_attr_policy(struct nl_req *r, const struct nl_family *f, struct policy_list *l, unsigned i,
			   uint16_t type)
{
	const struct nl_policy *p = &l->row[i].policy[type];
	struct nl_buf *b = r->reply;
	uint32_t nested = p->nested ? policy_index(l, p->nested, p->max_attr) : 0;
	if (!p->name || p->type == NL_UNUSED || p->type == NL_REJECT)
		return 0;
	genl_begin(b, GENL_ID_CTRL, CTRL_CMD_GETPOLICY, 2, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid);
	nl_put_u16(b, CTRL_ATTR_FAMILY_ID, genl_family_id(r->st, f));
	size_t all = nl_nest(b, CTRL_ATTR_POLICY), idx = nl_nest(b, (uint16_t)i);
	nl_put_policy(b, type, p, p->nested ? &nested : NULL);
	nl_nest_end(b, idx);
	nl_nest_end(b, all);
	return nl_end(b);
}

/* key[0]: rows put so far, operations first, then attributes. */
static int dump_policy(struct nl_req *r, struct nl_dump *d)
{
	struct policy_list l = { 0 };
	uint64_t row = 0;
	if (!r->attrs[CTRL_ATTR_FAMILY_ID] && !r->attrs[CTRL_ATTR_FAMILY_NAME])
		return -EINVAL;
	const struct nl_family *f = family_asked(r);
	if (!f)
		return -ENOENT;
	list_policies(&l, r, f);
	if (!l.n && r->attrs[CTRL_ATTR_OP])
		return nl_bad(r->ext, r->attrs[CTRL_ATTR_OP], -ENOENT, NULL);
	for (const struct nl_msg *m = f->msgs; m->name; m++, row++) {
		if (row < d->key[0] || !op_is_asked(r, m))
			continue;
		if (put_op_policy(r, f, m, &l))
			return 1;
		d->key[0] = row + 1;
	}
	for (unsigned i = 0; i < l.n; i++) {
		for (uint16_t k = 1; k <= l.row[i].max_attr; k++, row++) {
			if (row < d->key[0])
				continue;
			if (put_attr_policy(r, f, &l, i, k))
				return 1;
			d->key[0] = row + 1;
		}
	}
	return 0;
}

static const struct nl_msg ctrl_msgs[] = {
	{ CTRL_CMD_GETFAMILY, 0, 0, CTRL_ATTR_MAX, ctrl_policy, get_family, dump_families,
	  "CTRL_CMD_GETFAMILY" },
	{ CTRL_CMD_GETPOLICY, 0, 0, CTRL_ATTR_MAX, ctrl_policy, NULL, dump_policy, "CTRL_CMD_GETPOLICY" },
	{ 0 },
};

const struct nl_family genl_ctrl_family = {
	.name = "nlctrl",
	.protocol = NETLINK_GENERIC,
	.version = 2,
	.msgs = ctrl_msgs,
};
