/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/l3.h"

#include <errno.h>
#include <netinet/in.h>

#include "net/iface_internal.h"
#include "net/rule_internal.h"

enum { L3_RULE_PRIORITY = 1000 }; /* Linux: FIB_RULE_PREF */

static int add_rule(struct leat_stack *st, uint8_t family)
{
	const struct rule how = { .family = family,
				  .action = FR_ACT_TO_TBL,
				  .protocol = RTPROT_KERNEL,
				  .priority = L3_RULE_PRIORITY,
				  .l3mdev = 1,
				  .suppress_plen = UINT32_MAX,
				  .suppress_group = UINT32_MAX,
				  .uid_last = UINT32_MAX };
	return rule_add(st, &how);
}

/* Linux: vrf_add_fib_rules(): once in a stack's life; who deletes them has his reasons. */
static int add_rules(struct leat_stack *st)
{
	struct fib_stack *s = fib_state(st);
	int err = 0;
	if (s->had_vrf)
		return 0;
	err = add_rule(st, AF_INET);
	if (!err)
		err = add_rule(st, AF_INET6);
	if (!err)
		s->had_vrf = s->had_rules = true;
	return err;
}

static int point_at_table(struct iface *vrf, uint32_t table)
{
	const struct fib_table *t4 = fib_table_make(vrf->st, AF_INET, table),
			       *t6 = fib_table_make(vrf->st, AF_INET6, table);
	if (!t4 || !t6)
		return -ENOMEM;
	vrf->l3_trie[0] = t4->trie;
	vrf->l3_trie[1] = t6->trie;
	racy_set(vrf->l3_table, table);
	return 0;
}

int l3_begin(struct iface *vrf, uint32_t table)
{
	if (!fib_state(vrf->st))
		return -EOPNOTSUPP;
	int err = point_at_table(vrf, table);
	return err ? err : add_rules(vrf->st);
}

int l3_find_tables(struct leat_stack *st)
{
	int err = 0;
	for (struct iface *i = iface_next(st, 0); i && !err; i = iface_next(st, i->ifindex))
		if (i->l3_table)
			err = point_at_table(i, i->l3_table);
	return err;
}

void l3_lose_tables(struct leat_stack *st)
{
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		i->l3_trie[0] = i->l3_trie[1] = NULL;
}

int l3_enslave(struct iface *i, struct iface *master)
{
	uint32_t handle = master ? master->handle : 0;
	if (master && (!master->l3_table || i->l3_table || i->flags & IFF_LOOPBACK))
		return -EINVAL;
	if (i->l3_master == handle)
		return 0;
	racy_set(i->l3_master, handle);
	iface_changed(i);
	if (fib_state(i->st)) /* those of the table it was in */
		fib_iface_flush(i);
	return iface_cycle(i);
}

void l3_end(struct iface *vrf)
{
	for (struct iface *i = iface_next(vrf->st, 0); i; i = iface_next(vrf->st, i->ifindex))
		if (i->l3_master == vrf->handle)
			l3_enslave(i, NULL);
}

uint32_t l3_table_of(struct leat_stack *st, uint32_t if_handle, uint32_t otherwise)
{
	const struct iface *i = iface_by_handle(st, if_handle);
	if (i && i->l3_master)
		i = iface_by_handle(st, i->l3_master);
	return i && i->l3_table ? i->l3_table : otherwise;
}
