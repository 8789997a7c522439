/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a group is an interface, a family and an address, and has listeners: sockets, and the stack itself for its
 * solicited-node groups. Each listener wants all sources, all but some, or some alone; together they want what RFC 3376, 3.2 makes
 * of that: if anybody excludes, everything but what all of those exclude and nobody includes, else what anybody includes. The
 * result is an immutable list that workers read; while it is "everything", as it nearly always is, there is none.
 *
 * An interface that goes takes its groups with it; their listeners find `group` empty. */
#include "net/mcast.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/siphash.h"
#include "net/ctl_util.h"
#include "net/mcast_auto.h"
#include "net/mcast_link.h"

struct mcast_stack {
	struct hash by_key;
	struct list groups, watches;
	struct iface_watch ifaces, link;
	struct mcast_auto autojoin;
	uint64_t serial; /* of the group that came last */
};

static struct mcast_stack *mcast_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_mcast);
}

/* --- finding --- */

static uint32_t group_hash(const struct leat_stack *st, uint32_t if_handle, uint8_t family,
			   const struct ipaddr *a)
{
	uint64_t w[2];
	memcpy(w, a->b, sizeof w);
	return (uint32_t)siphash_3u64(&st->hash_key, w[0], w[1], (uint64_t)family << 32 | if_handle);
}

static struct mcast_group *find(const struct leat_stack *st, uint32_t if_handle, uint8_t family,
				const struct ipaddr *a)
{
	const struct mcast_stack *s = mcast_state(st);
	struct hash_node *n;
	if (unlikely(!s))
		return NULL;
	hash_for_each_same(n, &s->by_key, group_hash(st, if_handle, family, a))
	{
		struct mcast_group *g = container_of(n, struct mcast_group, node);
		if (g->if_handle == if_handle && g->family == family && ipaddr_eq(&g->addr, a))
			return g;
	}
	return NULL;
}

const struct mcast_group *mcast_find(const struct worker *w, uint32_t if_handle, uint8_t family,
				     const struct ipaddr *group)
{
	return find(w->st, if_handle, family, group);
}

const struct mcast_group *mcast_find_ctl(const struct leat_stack *st, uint32_t if_handle, uint8_t family,
					 const struct ipaddr *group)
{
	return find(st, if_handle, family, group);
}

const struct mcast_group *mcast_next(const struct leat_stack *st, const struct mcast_group *after)
{
	const struct list *all = &mcast_state(st)->groups, *l = after ? after->link.next : all->next;
	return l == all ? NULL : list_entry(l, struct mcast_group, link);
}

const struct mcast_group *mcast_before(const struct leat_stack *st, const struct mcast_group *before)
{
	const struct list *all = &mcast_state(st)->groups, *l = before ? before->link.prev : all->prev;
	return l == all ? NULL : list_entry(l, struct mcast_group, link);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ipaddr));
}

static bool has(const struct mcast_sources *s, const struct ipaddr *a)
{
	return bsearch(a, s->src, s->n, sizeof *a, compare) != NULL;
}

bool mcast_wants(const struct mcast_sources *s, const struct ipaddr *source)
{
	return !s || has(s, source) != s->exclude;
}

/* --- what all want together --- */

static void sources_free(struct deferred *d)
{
	mem_free(container_of(d, struct mcast_sources, deferred));
}

static struct mcast_sources *sources_new(struct leat_stack *st, bool exclude, uint32_t room)
{
	struct mcast_sources *s = mem_zalloc(&st->mem, sizeof *s + room * sizeof s->src[0]);
	if (s)
		s->exclude = exclude;
	return s;
}

static void sort(struct mcast_sources *s)
{
	uint32_t n = 0;
	qsort(s->src, s->n, sizeof s->src[0], compare);
	for (uint32_t i = 0; i < s->n; i++)
		if (!n || !ipaddr_eq(&s->src[n - 1], &s->src[i]))
			s->src[n++] = s->src[i];
	s->n = n;
}

static bool excludes(const struct mcast_listener *l)
{
	return !l->want || l->want->exclude;
}

/* Does anybody want a, or (that who excludes) is there one who does not refuse it? */
static bool is_wanted(const struct mcast_group *g, const struct ipaddr *a)
{
	const struct mcast_listener *l;
	list_for_each (l, &g->listeners, link)
		if (mcast_wants(l->want, a))
			return true;
	return false;
}

/* Those of one listener's list that belong into the whole list. */
static void collect(const struct mcast_group *g, const struct mcast_listener *l, struct mcast_sources *to)
{
	for (uint32_t i = 0; l->want && i < l->want->n; i++)
		if (is_wanted(g, &l->want->src[i]) != to->exclude)
			to->src[to->n++] = l->want->src[i];
}

/* NULL in *ret: everything. 0 or -ENOMEM. */
static int merge(struct leat_stack *st, const struct mcast_group *g, struct mcast_sources **ret)
{
	const struct mcast_listener *l;
	bool exclude = false;
	uint32_t room = 0;
	list_for_each (l, &g->listeners, link) {
		exclude |= excludes(l);
		room += l->want ? l->want->n : 0;
	}
	*ret = NULL;
	if (exclude && !room)
		return 0;
	struct mcast_sources *s = sources_new(st, exclude, room);
	if (!s)
		return -ENOMEM;
	list_for_each (l, &g->listeners, link)
		collect(g, l, s);
	sort(s);
	if (exclude && !s->n) {
		mem_free(s);
		s = NULL;
	}
	*ret = s;
	return 0;
}

static struct mcast_state state_of(const struct mcast_sources *s)
{
	return s ? (struct mcast_state){ s->exclude, s->n, s->src } : (struct mcast_state){ .exclude = true };
}

static void tell(struct leat_stack *st, const struct mcast_group *g, const struct mcast_state *was,
		 const struct mcast_state *is)
{
	struct mcast_watch *w;
	list_for_each (w, &mcast_state(st)->watches, link)
		if (w->family == g->family)
			w->changed(w, st, g, was, is);
}

static bool is_same(const struct mcast_state *a, const struct mcast_state *b)
{
	return a->exclude == b->exclude && a->n == b->n &&
	       (!a->n || !memcmp(a->src, b->src, a->n * sizeof *a->src));
}

/* A listener came, went or changed its mind. is_new: nobody listened before. Without memory the group stays as wide as it was, or
 * becomes everything: nothing that is wanted is lost, and each listener still has a filter of his own. */
static void settle(struct leat_stack *st, struct mcast_group *g, bool is_new)
{
	struct mcast_sources *old = g->sources, *new;
	if (merge(st, g, &new))
		new = NULL;
	const struct mcast_state was = state_of(old), is = state_of(new);
	rcu_set(g->sources, new);
	if (is_new || !is_same(&was, &is))
		tell(st, g, is_new ? NULL : &was, &is);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, sources_free);
}

/* --- coming and going --- */

static bool is_group(uint8_t family, const struct ipaddr *a)
{
	return family == AF_INET6 ? ip6_is_multicast(&a->v6) : a->b[0] >= 224 && a->b[0] < 240;
}

static struct mcast_group *group_new(struct leat_stack *st, const struct iface *i, uint8_t family,
				     const struct ipaddr *a)
{
	struct mcast_stack *s = mcast_state(st);
	struct mcast_group *g = mem_zalloc(&st->mem, sizeof *g);
	if (!g)
		return NULL;
	g->if_handle = i->handle;
	g->family = family;
	g->addr = *a;
	g->serial = ++s->serial;
	list_init(&g->listeners);
	list_append(&s->groups, &g->link);
	hash_insert(&s->by_key, &g->node, group_hash(st, i->handle, family, a));
	return g;
}

static void group_free(struct deferred *d)
{
	struct mcast_group *g = container_of(d, struct mcast_group, deferred);
	mem_free(g->sources);
	mem_free(g);
}

/* Its last listener has gone. */
static void group_end(struct leat_stack *st, struct mcast_group *g)
{
	const struct mcast_state was = state_of(g->sources);
	tell(st, g, &was, NULL);
	struct iface *i = iface_by_handle(st, g->if_handle);
	if (i)
		mcast_link_gone(i, g);
	hash_remove(&mcast_state(st)->by_key, &g->node);
	list_remove(&g->link);
	rt_defer(st->rt->ctl, st->rt, &g->deferred, group_free);
}

int mcast_join(struct leat_stack *st, const struct iface *i, uint8_t family, const struct ipaddr *group,
	       bool exclude, struct mcast_listener *l)
{
	if (!mcast_state(st))
		return -EOPNOTSUPP; /* not built in */
	if (!is_group(family, group))
		return -EINVAL;
	struct mcast_group *g = find(st, i->handle, family, group);
	struct mcast_sources *nobody = exclude ? NULL : sources_new(st, false, 0);
	bool is_new = !g;
	if (!g && (exclude || nobody))
		g = group_new(st, i, family, group);
	if (!g || (!exclude && !nobody)) {
		mem_free(nobody);
		return -ENOMEM;
	}
	*l = (struct mcast_listener){ .group = g, .want = nobody };
	list_append(&g->listeners, &l->link);
	if (is_new)
		mcast_link_came(iface_by_handle(st, i->handle), g);
	settle(st, g, is_new);
	return 0;
}

int mcast_want(struct leat_stack *st, struct mcast_listener *l, bool exclude, const struct ipaddr *src,
	       uint32_t n)
{
	struct mcast_sources *old = l->want, *new = NULL;
	if (!exclude || n) {
		new = sources_new(st, exclude, n);
		if (!new)
			return -ENOMEM;
		new->n = n;
		if (n)
			memcpy(new->src, src, n * sizeof *src);
		sort(new);
	}
	rcu_set(l->want, new);
	if (l->group)
		settle(st, l->group, false);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, sources_free);
	return 0;
}

void mcast_leave(struct leat_stack *st, struct mcast_listener *l)
{
	struct mcast_group *g = l->group;
	struct mcast_sources *want = l->want;
	l->group = NULL;
	rcu_set(l->want, NULL);
	if (g) {
		list_remove(&l->link);
		if (list_empty(&g->listeners))
			group_end(st, g);
		else
			settle(st, g, false);
	}
	if (want)
		rt_defer(st->rt->ctl, st->rt, &want->deferred, sources_free);
}

static void group_go(struct leat_stack *st, struct mcast_group *g)
{
	struct mcast_listener *l, *next;
	list_for_each_safe (l, next, &g->listeners, link) {
		list_remove(&l->link);
		l->group = NULL; /* what it wants, it keeps: the listener may ask */
	}
	group_end(st, g);
}

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	struct mcast_stack *s = container_of(watch, struct mcast_stack, ifaces);
	struct mcast_group *g, *next;
	if (e != IFACE_GOING)
		return;
	list_for_each_safe (g, next, &s->groups, link)
		if (g->if_handle == i->handle)
			group_go(i->st, g);
}

void mcast_watch_add(struct leat_stack *st, struct mcast_watch *w)
{
	list_append(&mcast_state(st)->watches, &w->link);
}

void mcast_watch_remove(struct leat_stack *st, struct mcast_watch *w)
{
	list_remove(&w->link);
}

/* --- RTM_GETMULTICAST --- */

static int put(struct nl_req *r, const struct mcast_group *g, const struct iface *i)
{
	struct nl_buf *b = r->reply;
	struct ifaddrmsg *m =
		nl_begin(b, RTM_GETMULTICAST, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct ifaddrmsg){ .ifa_family = g->family,
					 .ifa_prefixlen = g->family == AF_INET6 ? 128 : 32,
					 .ifa_flags = IFA_F_PERMANENT,
					 .ifa_scope = RT_SCOPE_UNIVERSE,
					 .ifa_index = i->ifindex };
	nl_put(b, IFA_MULTICAST, g->addr.b, g->family == AF_INET6 ? 16 : 4);
	return nl_end(b);
}

/* key[0]: the serial of the last group that was shown. */
static int dump_groups(struct nl_req *r, struct nl_dump *d)
{
	const struct ifaddrmsg *h = r->hdr;
	for (const struct mcast_group *g = mcast_next(r->st, NULL); g; g = mcast_next(r->st, g)) {
		const struct iface *i = iface_by_handle(r->st, g->if_handle);
		if (g->serial <= d->key[0])
			continue;
		if (i && (h->ifa_family == AF_UNSPEC || h->ifa_family == g->family) &&
		    (!h->ifa_index || h->ifa_index == i->ifindex) && put(r, g, i))
			return 1;
		d->key[0] = g->serial;
	}
	return 0;
}

static const struct nl_msg mcast_msgs[] = {
	{ RTM_GETMULTICAST, 0, sizeof(struct ifaddrmsg), 0, NULL, NULL, dump_groups, "RTM_GETMULTICAST" },
	{ 0 },
};
static const struct nl_family mcast_family = {
	.name = "route/multicast", .protocol = NETLINK_ROUTE, .pf = AF_UNSPEC, .msgs = mcast_msgs
};
static const struct nl_family *const mcast_families[] = { &mcast_family, NULL };

/* --- the module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

static int mcast_init(struct leat_stack *st)
{
	struct mcast_stack *s = mcast_state(st);
	hash_init(&s->by_key, &st->mem, defer_chunk, st);
	list_init(&s->groups);
	list_init(&s->watches);
	s->ifaces.event = iface_event;
	iface_watch_add(st, &s->ifaces);
	mcast_auto_init(st, &s->autojoin);
	mcast_link_init(st, &s->link);
	return 0;
}

static void mcast_unlink(struct leat_stack *st)
{
	struct mcast_stack *s = mcast_state(st);
	mcast_auto_unlink(st, &s->autojoin);
	iface_watch_remove(st, &s->link);
	iface_watch_remove(st, &s->ifaces);
	while (!list_empty(&s->groups))
		group_go(st, list_first(&s->groups, struct mcast_group, link));
}

static void mcast_free(struct leat_stack *st)
{
	hash_done(&mcast_state(st)->by_key);
}

const struct module mcast_module = {
	.name = "mcast",
	.id = MODULE_mcast,
	.netlink = mcast_families,
	.stack_size = sizeof(struct mcast_stack),
	.init = mcast_init,
	.unlink = mcast_unlink,
	.free = mcast_free,
};
