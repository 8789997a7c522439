/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a short array, longest prefix first, of which the first row that fits counts; workers read it, a change
 * makes another. What is in it at first is Linux's table, which is that of RFC 6724, 2.1, and rows for what once was. */
#include "net/addr_label.h"

#include <errno.h>
#include <string.h>

#include "core/save.h"
#include "wire/ip6.h"

enum { LABELS_MAX = 4096 };

static const struct addr_label linux_labels[] = {
	{ .label = 1 },
	{ { { 0xfc } }, 0, 5, 7 }, /* unique local */
	{ { { 0xfe, 0xc0 } }, 0, 11, 10 }, /* site-local, once */
	{ { { 0x20, 0x02 } }, 0, 2, 16 }, /* 6to4 */
	{ { { 0x3f, 0xfe } }, 0, 12, 16 }, /* 6bone, once */
	{ { { 0x20, 0x01 } }, 0, 6, 32 }, /* Teredo */
	{ { { 0x20, 0x01, 0x00, 0x10 } }, 0, 7, 28 }, /* ORCHID */
	{ { { [10] = 0xff, [11] = 0xff } }, 0, 4, 96 }, /* IPv4-mapped */
	{ { { 0 } }, 0, 3, 96 }, /* IPv4-compatible, once */
	{ { { [15] = 1 } }, 0, 0, 128 }, /* loopback */
};

static bool fits(const struct addr_label *l, const struct ip6 *a, uint32_t ifindex)
{
	struct ipaddr x = { .v6 = l->prefix }, y = { .v6 = *a };
	return (!l->ifindex || l->ifindex == ifindex) && addr_same_prefix(&x, &y, l->plen);
}

const struct addr_label *addr_label_find(const struct addr_table *t, const struct ip6 *a, uint32_t ifindex)
{
	const struct addr_labels *all = rcu_get(t->labels);
	for (uint32_t i = 0; all && i < all->n; i++)
		if (fits(&all->row[i], a, ifindex))
			return &all->row[i];
	return NULL;
}

uint32_t addr_label_seq(const struct leat_stack *st)
{
	return addr_state(st)->label_seq;
}

/* --- changes --- */

static void labels_free(struct deferred *d)
{
	mem_free(container_of(d, struct addr_labels, deferred));
}

static struct addr_labels *labels_new(struct leat_stack *st, uint32_t n)
{
	return mem_zalloc(&st->mem, sizeof(struct addr_labels) + n * sizeof(struct addr_label));
}

static void publish(struct leat_stack *st, struct addr_labels *now)
{
	struct addr_table *t = &addr_state(st)->table;
	struct addr_labels *old = t->labels;
	rcu_set(t->labels, now);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, labels_free);
}

static bool is_same(const struct addr_label *a, const struct addr_label *b)
{
	return a->plen == b->plen && a->ifindex == b->ifindex && ip6_eq(&a->prefix, &b->prefix);
}

static uint32_t position_of(const struct addr_labels *all, const struct addr_label *l)
{
	uint32_t i = 0;
	while (all && i < all->n && !is_same(&all->row[i], l))
		i++;
	return i;
}

/* Linux: longer prefixes first; of the same length those of an interface, and then the newest. */
static uint32_t place_of(const struct addr_labels *all, const struct addr_label *l)
{
	uint32_t i = 0;
	while (all && i < all->n && !(all->row[i].plen < l->plen) &&
	       !(all->row[i].plen == l->plen && !all->row[i].ifindex))
		i++;
	return i;
}

static struct addr_label normalised(const struct addr_label *l)
{
	struct ipaddr a = { .v6 = l->prefix };
	struct addr_label r = *l;
	r.prefix = ipaddr_prefix(&a, l->plen).v6;
	return r;
}

/* The old rows with `l` in place i; there: instead of the one that is in it. */
static int put_in(struct leat_stack *st, const struct addr_label *l, uint32_t i, bool there)
{
	const struct addr_labels *old = addr_state(st)->table.labels;
	uint32_t n = old ? old->n : 0;
	struct addr_labels *now = labels_new(st, n + 1);
	if (!now)
		return -ENOMEM;
	now->n = n + !there;
	if (i)
		memcpy(now->row, old->row, i * sizeof *l);
	now->row[i] = *l;
	if (n > i + there)
		memcpy(now->row + i + 1, old->row + i + there, (n - i - there) * sizeof *l);
	publish(st, now);
	addr_state(st)->label_seq++;
	return 0;
}

int addr_label_add(struct leat_stack *st, const struct addr_label *how, bool replace)
{
	const struct addr_labels *all = addr_state(st)->table.labels;
	struct addr_label l = normalised(how);
	uint32_t n = all ? all->n : 0, at = position_of(all, &l);
	if (ip6_is_v4_mapped(&how->prefix) && l.plen > 96) /* Linux: those are not addresses on links */
		return -EINVAL;
	if (at < n && !replace)
		return -EEXIST;
	if (at == n && n >= LABELS_MAX)
		return -ENOMEM;
	return put_in(st, &l, at < n ? at : place_of(all, &l), at < n);
}

int addr_label_delete(struct leat_stack *st, const struct addr_label *how)
{
	const struct addr_labels *all = addr_state(st)->table.labels;
	struct addr_label l = normalised(how);
	uint32_t n = all ? all->n : 0, at = position_of(all, &l);
	if (at == n)
		return -ESRCH;
	struct addr_labels *now = labels_new(st, n);
	if (!now)
		return -ENOMEM;
	now->n = n - 1;
	memcpy(now->row, all->row, at * sizeof l);
	memcpy(now->row + at, all->row + at + 1, (n - 1 - at) * sizeof l);
	publish(st, now);
	return 0;
}

int addr_labels_init(struct leat_stack *st)
{
	int err = 0;
	for (unsigned i = 0; !err && i < ARRAY_SIZE(linux_labels); i++)
		err = addr_label_add(st, &linux_labels[i], false);
	if (err)
		addr_labels_free(st);
	return err;
}

void addr_labels_free(struct leat_stack *st)
{
	mem_free(addr_state(st)->table.labels);
	addr_state(st)->table.labels = NULL;
}

/* --- a saved stack --- */

/* Backwards, so that adding them one by one puts each in its place again. */
void addr_labels_save(struct leat_stack *st, struct saver *s)
{
	const struct addr_labels *all = addr_state(st)->table.labels;
	save_list(s, "labels");
	for (uint32_t i = all ? all->n : 0; i-- > 0;) {
		save_item(s);
		save_bytes(s, "prefix", all->row[i].prefix.b, sizeof all->row[i].prefix.b);
		save_u64(s, "plen", all->row[i].plen);
		save_u64(s, "ifindex", all->row[i].ifindex);
		save_u64(s, "label", all->row[i].label);
		save_end(s);
	}
	save_end(s);
}

static int put_back(struct leat_stack *st, struct loader *l)
{
	struct addr_label a = { 0 };
	uint64_t plen, ifindex, label;
	if (!load_bytes(l, "prefix", a.prefix.b, sizeof a.prefix.b) || !load_u64(l, "plen", 0, 128, &plen) ||
	    !load_u64(l, "ifindex", 0, INT32_MAX, &ifindex) ||
	    !load_u64(l, "label", 0, ADDR_LABEL_NONE - 1, &label))
		return -EINVAL;
	a.plen = (uint8_t)plen;
	a.ifindex = (uint32_t)ifindex;
	a.label = (uint32_t)label;
	return addr_label_add(st, &a, false);
}

int addr_labels_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = 0;
	if (!load_has(l, "labels"))
		return 0; /* of a leat that had none */
	if (!load_list(l, "labels", &n) || n > LABELS_MAX)
		return -EINVAL;
	publish(st, NULL);
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = put_back(st, l);
		load_end(l);
	}
	load_end(l);
	return err;
}
