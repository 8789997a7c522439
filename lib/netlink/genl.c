/* SPDX-License-Identifier: BSD-2-Clause */
/* Families of generic netlink, by name, from the controller. */
#include "netlink/internal.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

static const struct leat_nl_policy ctrl_policy[CTRL_ATTR_MAX + 1] = {
	[CTRL_ATTR_FAMILY_ID] = { LEAT_NL_U16 },
	[CTRL_ATTR_VERSION] = { LEAT_NL_U32 },
	[CTRL_ATTR_MCAST_GROUPS] = { LEAT_NL_NESTED_ARRAY },
};
static const struct leat_nl_policy group_policy[CTRL_ATTR_MCAST_GRP_MAX + 1] = {
	[CTRL_ATTR_MCAST_GRP_NAME] = { LEAT_NL_NUL_STRING },
	[CTRL_ATTR_MCAST_GRP_ID] = { LEAT_NL_U32 },
};

static void take_group(const struct nlattr *nest, struct leat_nl_family *f)
{
	const struct nlattr *at[CTRL_ATTR_MCAST_GRP_MAX + 1];

	if (f->n_groups == LEAT_NL_GROUPS_MAX ||
	    leat_nl_parse_nested(nest, group_policy, CTRL_ATTR_MCAST_GRP_MAX, false, at))
		return;
	f->group[f->n_groups].id = (uint32_t)leat_nl_number(at[CTRL_ATTR_MCAST_GRP_ID]);
	snprintf(f->group[f->n_groups++].name, LEAT_NL_NAME_MAX, "%s",
		 leat_nl_str(at[CTRL_ATTR_MCAST_GRP_NAME]));
}

static void take_family(const struct nlmsghdr *h, void *ctx)
{
	const struct nlattr *at[CTRL_ATTR_MAX + 1], *g;
	struct leat_nl_family *f = ctx;

	if (leat_nl_parse(h, sizeof(struct genlmsghdr), ctrl_policy, CTRL_ATTR_MAX, false, at))
		return;
	f->id = (uint16_t)leat_nl_number(at[CTRL_ATTR_FAMILY_ID]);
	f->version = (uint32_t)leat_nl_number(at[CTRL_ATTR_VERSION]);
	if (at[CTRL_ATTR_MCAST_GROUPS])
		mnl_attr_for_each_nested(g, at[CTRL_ATTR_MCAST_GROUPS]) take_group(g, f);
}

int leat_nl_family(struct leat_nl *nl, const char *name, struct leat_nl_family *ret_family)
{
	struct leat_nl_family f = { 0 };
	struct genlmsghdr *g = leat_nl_request(nl, GENL_ID_CTRL, 0, sizeof *g);
	int err;

	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	leat_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, name);
	err = leat_nl_talk(nl, take_family, &f);
	if (err || !f.id)
		return err ? err : -ENOENT;
	*ret_family = f;
	return 0;
}

uint32_t leat_nl_family_group(const struct leat_nl_family *f, const char *name)
{
	for (unsigned i = 0; i < f->n_groups; i++)
		if (!strcmp(f->group[i].name, name))
			return f->group[i].id;
	return 0;
}
