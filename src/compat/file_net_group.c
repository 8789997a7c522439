/* SPDX-License-Identifier: BSD-2-Clause */
/* Who listens to which groups: /proc/net/igmp, igmp6, mcfilter, mcfilter6, dev_mcast, and anycast6. Linux shows them interface
 * by interface, the youngest first. Timers of reports are not shown. */
#include "compat/file_net.h"
#include "net/anycast.h"
#include "net/hw_list.h"
#include "net/mcast.h"

static unsigned length(const struct list *l)
{
	unsigned n = 0;
	for (const struct list *at = l->next; at != l; at = at->next)
		n++;
	return n;
}

/* Of an interface's groups of a family the youngest that is older than `before` (0: any). */
static const struct mcast_group *older(struct leat_stack *st, const struct iface *i, uint8_t family,
				       uint64_t before)
{
	const struct mcast_group *g = NULL, *found = NULL;
	while ((g = mcast_next(st, g)) && (!before || g->serial < before))
		if (g->if_handle == i->handle && g->family == family)
			found = g;
	return found;
}

/* What every node listens to without anybody's asking: Linux keeps groups for that. */
static const struct always {
	uint8_t family;
	struct ipaddr addr;
} always[] = {
	{ AF_INET, { .b = { 224, 0, 0, 1 } } },
	{ AF_INET6, { .b = { 0xff, 0x02, [15] = 1 } } },
	{ AF_INET6, { .b = { 0xff, 0x01, [15] = 1 } } },
};

static bool is_always_heard(const struct iface *i, const struct always *a)
{
	return a->family == AF_INET6 || i->flags & IFF_UP;
}

static unsigned count(struct leat_stack *st, const struct iface *i, uint8_t family)
{
	const struct mcast_group *g = NULL;
	unsigned n = 0;
	for (unsigned k = 0; k < ARRAY_SIZE(always); k++)
		n += always[k].family == family && is_always_heard(i, &always[k]);
	while ((g = mcast_next(st, g)))
		n += g->if_handle == i->handle && g->family == family;
	return n;
}

/* A group as it is shown: somebody's, or (g NULL) everybody's. head: the first of its interface. */
struct shown {
	const struct iface *i;
	const struct mcast_group *g;
	struct ipaddr addr;
	unsigned users;
	bool head;
};
enum { KEY_ALWAYS = 3 }; /* so many of always[] have been looked at */

static bool next_of(struct leat_stack *st, uint8_t family, struct file_pos *pos, struct shown *ret)
{
	const struct mcast_group *g =
		pos->key[KEY_ALWAYS] ? NULL : older(st, ret->i, family, pos->key[KEY_MORE]);
	ret->head = !pos->key[KEY_MORE] && !pos->key[KEY_ALWAYS];
	ret->g = g;
	if (g) {
		pos->key[KEY_MORE] = g->serial;
		ret->addr = g->addr;
		ret->users = length(&g->listeners);
		return true;
	}
	while (pos->key[KEY_ALWAYS] < ARRAY_SIZE(always)) {
		const struct always *a = &always[pos->key[KEY_ALWAYS]++];
		ret->addr = a->addr;
		ret->users = 1;
		if (a->family == family && is_always_heard(ret->i, a))
			return true;
		ret->head &= a->family != family || !is_always_heard(ret->i, a);
	}
	return false;
}

/* The next in the order of the files. KEY_AT: 1 + ifindex of the interface that is told, KEY_MORE: the serial that was told last; they
 * begin at 1. */
static bool next(struct leat_stack *st, uint8_t family, struct file_pos *pos, struct shown *ret)
{
	for (;;) {
		uint32_t ifindex = pos->key[KEY_AT] ? (uint32_t)pos->key[KEY_AT] - 1 : 0;
		ret->i = ifindex ? iface_by_index(st, ifindex) : NULL;
		if (ret->i && next_of(st, family, pos, ret))
			return true;
		const struct iface *i = iface_next(st, ifindex);
		if (!i)
			return false;
		pos->key[KEY_AT] = 1 + (uint64_t)i->ifindex;
		pos->key[KEY_MORE] = pos->key[KEY_ALWAYS] = 0;
	}
}

static uint32_t raw32(be32 a) /* Linux prints them as the host reads them */
{
	uint32_t v;
	memcpy(&v, &a, sizeof v);
	return v;
}

static void put_hex6(struct text *t, const struct ip6 *a)
{
	for (unsigned k = 0; k < sizeof a->b; k++)
		text_add(t, "%02x", a->b[k]);
}

int net_igmp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct shown s;
	if (file_is_first(pos)) {
		text_add(t, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
		return 1;
	}
	if (!next(st, AF_INET, pos, &s))
		return 0;
	if (s.head)
		text_add(t, "%u\t%-10s: %5u %7s\n", s.i->ifindex, s.i->name, count(st, s.i, AF_INET),
			 s.i->conf.igmp_version == 1   ? "V1"
			 : s.i->conf.igmp_version == 2 ? "V2"
						       : "V3");
	text_add(t, "\t\t\t\t%08X %5u 0:00000000\t\t0\n", raw32(s.addr.v4), s.users);
	return 1;
}

/* MAF_*: reports are due for all but what every node listens to and what does not leave it. */
static unsigned flags6(const struct ip6 *a)
{
	enum { LOADED = 0x04, NOREPORT = 0x08, SCOPE_LINK = 2 };
	static const struct ip6 all_nodes = { { 0xff, 0x02, [15] = 1 } };
	unsigned scope = a->b[1] & 0xf;
	return (scope >= SCOPE_LINK ? LOADED : 0) |
	       (scope < SCOPE_LINK || ip6_eq(a, &all_nodes) ? NOREPORT : 0);
}

int net_igmp6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct shown s;
	if (!next(st, AF_INET6, pos, &s))
		return 0;
	text_add(t, "%-4u %-15s ", s.i->ifindex, s.i->name);
	put_hex6(t, &s.addr.v6);
	text_add(t, " %5u %08X %d\n", s.users, flags6(&s.addr.v6), 0);
	return 1;
}

/* --- sources: who of those that listen includes and excludes each --- */

static void count_source(const struct mcast_group *g, const struct ipaddr *src, unsigned ret_n[2])
{
	const struct mcast_listener *l;
	ret_n[0] = ret_n[1] = 0;
	list_for_each (l, &g->listeners, link)
		for (uint32_t k = 0; l->want && k < l->want->n; k++)
			if (ipaddr_eq(&l->want->src[k], src))
				ret_n[l->want->exclude]++;
}

/* route.serial counts the sources of the group at hand that were told: a file of groups has no other use for it. */
static bool next_source(struct leat_stack *st, uint8_t family, struct file_pos *pos, struct shown *ret,
			struct ipaddr *ret_src)
{
	for (;;) {
		struct file_pos here = *pos;
		if (!next(st, family, &here, ret))
			return false;
		const struct mcast_sources *s = ret->g ? rcu_get(ret->g->sources) : NULL;
		if (s && pos->route.serial < s->n) {
			*ret_src = s->src[pos->route.serial++];
			return true;
		}
		here.route.serial = 0;
		*pos = here;
	}
}

int net_mcfilter(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct shown s;
	struct ipaddr src;
	unsigned n[2];
	if (file_is_first(pos)) {
		text_add(t, "Idx Device        MCA        SRC    INC    EXC\n");
		return 1;
	}
	if (!next_source(st, AF_INET, pos, &s, &src))
		return 0;
	count_source(s.g, &src, n);
	text_add(t, "%3u %6.6s 0x%08x 0x%08x %6u %6u\n", s.i->ifindex, s.i->name, be32_get(s.addr.v4),
		 be32_get(src.v4), n[0], n[1]);
	return 1;
}

int net_mcfilter6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct shown s;
	struct ipaddr src;
	unsigned n[2];
	if (file_is_first(pos)) {
		text_add(t, "Idx Device                Multicast Address                   Source Address"
			    "    INC    EXC\n");
		return 1;
	}
	if (!next_source(st, AF_INET6, pos, &s, &src))
		return 0;
	count_source(s.g, &src, n);
	text_add(t, "%3u %6.6s ", s.i->ifindex, s.i->name);
	put_hex6(t, &s.addr.v6);
	text_add(t, " ");
	put_hex6(t, &src.v6);
	text_add(t, " %6u %6u\n", n[0], n[1]);
	return 1;
}

/* --- what the link layer hears of it --- */

static const struct hw_addr *nth_group(const struct iface *i, uint64_t n)
{
	const struct hw_addr *a;
	list_for_each (a, &i->hw[HW_GROUPS], link)
		if (!n--)
			return a;
	return NULL;
}

/* KEY_AT: the ifindex that is told; KEY_MORE: how many of its addresses were. */
int net_dev_mcast(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	const struct iface *i = pos->key[KEY_AT] ? iface_by_index(st, (uint32_t)pos->key[KEY_AT]) : NULL;
	const struct hw_addr *a = i ? nth_group(i, pos->key[KEY_MORE]) : NULL;
	while (!a) {
		i = iface_next(st, (uint32_t)pos->key[KEY_AT]);
		if (!i)
			return 0;
		pos->key[KEY_AT] = i->ifindex;
		pos->key[KEY_MORE] = 0;
		a = nth_group(i, 0);
	}
	pos->key[KEY_MORE]++;
	text_add(t, "%-4u %-15s %-5u %-5d %02x%02x%02x%02x%02x%02x\n", i->ifindex, i->name, a->refs,
		 a->is_static, a->mac[0], a->mac[1], a->mac[2], a->mac[3], a->mac[4], a->mac[5]);
	return 1;
}

int net_anycast6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	const struct anycast *a = NULL;
	while (stack_state(st, MODULE_anycast) && (a = anycast_next(st, a))) {
		const struct iface *i = iface_by_handle(st, a->if_handle);
		bool told = a->ifindex < pos->key[KEY_AT] ||
			    (a->ifindex == pos->key[KEY_AT] && a->serial >= pos->key[KEY_MORE]);
		if (!i || told)
			continue;
		pos->key[KEY_AT] = a->ifindex;
		pos->key[KEY_MORE] = a->serial;
		text_add(t, "%-4u %-15s ", i->ifindex, i->name);
		put_hex6(t, &a->addr);
		text_add(t, " %5u\n", a->users);
		return 1;
	}
	return 0;
}
