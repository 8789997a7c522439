/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an interface lives in a slot of an array that workers reach through the view; its handle is the
 * slot's number and a generation that changes each time the slot is taken again, so a handle that outlived its interface
 * finds nothing. The array grows by a larger copy. Slots are taken in turn rather than lowest first: 4,095 generations
 * then last 4,095 times the size of the array.
 *
 * State is in iface_oper.c.
 *
 * Deletion, in stages: (1) down, and IFACE_GOING takes addresses, routes and neighbours away: it can still be found;
 * (2) out of the slot: no new finders, a worker in its turn may still hold it; (3) the driver stops input; (4) after a grace
 * period nobody holds it: the driver's state and the interface are freed.
 *
 * What packets read (flags, mtu, mac, features) is written with the workers between turns, so that no driver and no node
 * ever meets half of a change. */
#include "net/iface.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/siphash.h"
#include "net/ctl_fill.h"
#include "net/hw_list.h"
#include "net/iface_internal.h"
#include "net/iface_output.h"
#include "net/netconf_ctl.h"

void iface_send_event(struct iface *i, enum iface_event e)
{
	struct iface_stack *s = iface_state(i->st);
	struct iface_watch *w, *next;
	list_for_each_safe (w, next, &s->watches, link)
		w->event(w, i, e);
}

static void send_event_reverse(struct iface *i, enum iface_event e)
{
	struct iface_stack *s = iface_state(i->st);
	for (struct list *l = s->watches.prev, *prev; l != &s->watches; l = prev) {
		struct iface_watch *w = list_entry(l, struct iface_watch, link);
		prev = l->prev;
		w->event(w, i, e);
	}
}

/* --- slots --- */

static void table_free(struct deferred *d)
{
	mem_free(container_of(d, struct iface_table, deferred));
}

/* Workers go on with the old one until their next turn. */
static int table_grow(struct leat_stack *st, struct iface_stack *s)
{
	struct iface_table *old = s->table, *t;
	uint32_t n = old ? old->n * 2 : IFACE_FIRST_SLOTS;
	if (n > IFACE_SLOTS)
		return -ENOSPC;
	uint16_t *gen = mem_resize(&st->mem, s->gen, n * sizeof *gen);
	if (!gen)
		return -ENOMEM;
	s->gen = gen;
	t = mem_zalloc(&st->mem, sizeof *t + n * sizeof t->slot[0]);
	if (!t)
		return -ENOMEM;
	t->n = n;
	if (old)
		memcpy(t->slot, old->slot, old->n * sizeof t->slot[0]);
	int err = view_stage(st, VIEW_ifaces, t);
	if (err) {
		mem_free(t);
		return err;
	}
	s->table = t;
	if (!old)
		return 0; /* the frame publishes what init stages */
	view_publish(st);
	rt_defer(st->rt->ctl, st->rt, &old->deferred, table_free);
	return 0;
}

/* The next free one, or table->n. */
static uint32_t slot_find(const struct iface_stack *s)
{
	const struct iface_table *t = s->table;
	for (uint32_t k = 0; k < t->n; k++)
		if (!t->slot[(s->next_slot + k) % t->n])
			return (s->next_slot + k) % t->n;
	return t->n;
}

static int slot_take(struct leat_stack *st, uint32_t *ret_handle)
{
	struct iface_stack *s = iface_state(st);
	uint32_t slot = slot_find(s);
	if (slot == s->table->n) {
		int err = table_grow(st, s); /* the first new slot has the number that was past the end */
		if (err)
			return err;
	}
	s->next_slot = slot + 1;
	s->gen[slot] = (uint16_t)((s->gen[slot] + 1) % IFACE_GENS);
	if (s->gen[slot] == 0) /* handle 0 means no interface */
		s->gen[slot] = 1;
	*ret_handle = (uint32_t)s->gen[slot] << IFACE_SLOT_BITS | slot;
	return 0;
}

static rcu_ptr(struct iface) * slot_of(struct iface_stack *s, uint32_t handle)
{
	return &s->table->slot[handle & (IFACE_SLOTS - 1)];
}

/* --- finding --- */

static uint32_t hash_name(const struct leat_stack *st, const char *name)
{
	return (uint32_t)siphash(&st->hash_key, name, strnlen(name, IFACE_NAME_MAX));
}

struct iface *iface_by_index(struct leat_stack *st, uint32_t ifindex)
{
	struct hash_node *n;
	hash_for_each_same(n, &iface_state(st)->by_index, hash_u32(ifindex))
	{
		struct iface *i = container_of(n, struct iface, by_index);
		if (i->ifindex == ifindex)
			return i;
	}
	return NULL;
}

struct iface *iface_by_name(struct leat_stack *st, const char *name)
{
	struct hash_node *n;
	hash_for_each_same(n, &iface_state(st)->by_name, hash_name(st, name))
	{
		struct iface *i = container_of(n, struct iface, by_name);
		if (!strcmp(i->name, name))
			return i;
	}
	return NULL;
}

struct iface *iface_by_handle(struct leat_stack *st, uint32_t handle)
{
	struct iface_stack *s = iface_state(st);
	uint32_t slot = handle & (IFACE_SLOTS - 1);
	struct iface *i = slot < s->table->n ? s->table->slot[slot] : NULL;
	return i && i->handle == handle ? i : NULL;
}

struct iface *iface_next(struct leat_stack *st, uint32_t after)
{
	struct list *all = &iface_state(st)->ifaces;
	struct iface *i = iface_by_index(st, after); /* so that going through all is not quadratic */
	struct list *l = i ? i->link.next : all->next;
	while (l != all && list_entry(l, struct iface, link)->ifindex <= after)
		l = l->next;
	return l == all ? NULL : list_entry(l, struct iface, link);
}

struct iface *iface_before(struct leat_stack *st, uint32_t before)
{
	struct list *all = &iface_state(st)->ifaces;
	struct iface *i = iface_by_index(st, before);
	struct list *l = i ? i->link.prev : all->prev;
	while (l != all && list_entry(l, struct iface, link)->ifindex >= before)
		l = l->prev;
	return l == all ? NULL : list_entry(l, struct iface, link);
}

void iface_stats(const struct iface *i, struct iface_worker_stats *ret_sum)
{
	*ret_sum = (struct iface_worker_stats){ 0 };
	for (unsigned k = 0; k < i->st->n_workers; k++) {
		const struct iface_worker_stats *s = &i->stats[k];
		ret_sum->rx_packets += racy_get(s->rx_packets);
		ret_sum->rx_bytes += racy_get(s->rx_bytes);
		ret_sum->rx_dropped += racy_get(s->rx_dropped);
		ret_sum->rx_errors += racy_get(s->rx_errors);
		ret_sum->rx_multicast += racy_get(s->rx_multicast);
		ret_sum->tx_packets += racy_get(s->tx_packets);
		ret_sum->tx_bytes += racy_get(s->tx_bytes);
		ret_sum->tx_dropped += racy_get(s->tx_dropped);
		ret_sum->tx_errors += racy_get(s->tx_errors);
	}
}

/* --- coming --- */

/* Linux counts up and takes a number again only after all others have been used. */
static int ifindex_take(struct leat_stack *st, uint32_t want, uint32_t *ret)
{
	struct iface_stack *s = iface_state(st);
	if (want == 0)
		want = s->want_ifindex;
	if (want > INT32_MAX)
		return -EINVAL;
	if (want) {
		if (iface_by_index(st, want))
			return -EEXIST;
		if (!s->want_quiet) /* Linux: a number that a request names is no step of the count */
			s->last_ifindex = MAX(s->last_ifindex, want);
		*ret = want;
		return 0;
	}
	do
		s->last_ifindex = s->last_ifindex >= INT32_MAX ? 1 : s->last_ifindex + 1;
	while (iface_by_index(st, s->last_ifindex));
	*ret = s->last_ifindex;
	return 0;
}

static void insert(struct iface_stack *s, struct iface *i)
{
	struct list *l = s->ifaces.prev;
	while (l != &s->ifaces && list_entry(l, struct iface, link)->ifindex > i->ifindex)
		l = l->prev;
	list_insert(l, &i->link);
	hash_insert(&s->by_index, &i->by_index, hash_u32(i->ifindex));
	hash_insert(&s->by_name, &i->by_name, hash_name(i->st, i->name));
}

/* Linux: netdev_fix_features(). */
static uint32_t features_of(const struct iface *i)
{
	uint32_t f = i->can & ~i->off;
	uint32_t large = IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_USO;
	return (f & IFACE_TX_CSUM) && (f & IFACE_TX_SG) ? f : f & ~large;
}

void iface_set_can(struct iface *i, uint32_t features)
{
	i->can = features;
	racy_set(i->features, features_of(i));
}

void iface_set_off(struct iface *i, uint32_t features)
{
	i->off = features;
	racy_set(i->features, features_of(i));
}

static void fill_in(struct iface *i, struct leat_stack *st, const struct iface_new *how)
{
	i->st = st;
	list_init(&i->altnames);
	hw_lists_init(i);
	i->ops = how->ops;
	i->driver = how->driver;
	i->hw_type = how->hw_type;
	i->flags = how->flags & ~(uint32_t)(IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
	i->can = i->features = how->features;
	i->mtu = how->mtu;
	i->mtu_min = how->mtu_min;
	i->mtu_max = how->mtu_max;
	i->txqlen = 1000;
	i->gso_max_size = i->gro_max_size = IFACE_GSO_SIZE;
	i->gso_max_segs = IFACE_GSO_SEGS;
	i->carrier = 1;
	i->operstate = IF_OPER_DOWN;
	i->conf = iface_state(st)->conf;
	memcpy(i->mac, how->mac, sizeof i->mac);
	if (how->hw_type != ARPHRD_LOOPBACK)
		memset(i->broadcast, 0xff, sizeof i->broadcast);
}

/* Linux: the protocols tell of their settings before the interface is told of. */
static void tell_new(struct iface *i)
{
	if (i->quiet)
		return;
	netconf_tell_iface(i, RTM_NEWNETCONF);
	link_tell(i, RTM_NEWLINK, UINT32_MAX);
}

int iface_add(struct leat_stack *st, const struct iface_new *how, struct iface **ret)
{
	struct iface_stack *s = iface_state(st);
	struct iface *i = mem_zalloc_aligned(&st->mem, sizeof *i, CACHELINE);
	int err = -ENOMEM;
	if (!i)
		return err;
	i->stats = mem_zalloc_aligned(&st->mem, st->n_workers * sizeof *i->stats, CACHELINE);
	if (!i->stats)
		goto free_iface;
	err = iface_name_take(st, s->want_name ? s->want_name : how->name, i->name);
	s->want_name = NULL; /* a device may come with a second interface */
	if (!err)
		err = ifindex_take(st, how->ifindex, &i->ifindex);
	if (!err)
		err = slot_take(st, &i->handle);
	if (err)
		goto free_stats;
	if (!s->input_node)
		s->input_node = node_find(st, iface_input_node.name);
	fill_in(i, st, how);
	i->quiet = s->want_quiet;
	hook_edges_add(st, &i->hooks);
	insert(s, i);
	rcu_set(*slot_of(s, i->handle), i);
	tell_new(i);
	iface_send_event(i, IFACE_ADDED);
	*ret = i;
	return 0;
free_stats:
	mem_free(i->stats);
free_iface:
	mem_free(i);
	return err;
}

/* --- changing --- */

static void write_begin(struct iface *i)
{
	i->st->rt->ops->pause(i->st->rt);
}

static void write_end(struct iface *i)
{
	i->st->rt->ops->resume(i->st->rt);
}

int iface_set_up(struct iface *i, bool up)
{
	if (!(i->flags & IFF_UP) == !up)
		return 0;
	iface_hold(i->st);
	i->has_qdisc |= up;
	int err = up && i->ops->up ? i->ops->up(i) : 0;
	if (!err) {
		uint32_t change = iface_settle(i, up);
		if (!up && i->ops->down)
			i->ops->down(i);
		link_tell(i, RTM_NEWLINK, change);
		if (up)
			iface_send_event(i, IFACE_UP);
		else
			send_event_reverse(i, IFACE_DOWN);
	}
	iface_release(i->st, i);
	return err;
}

int iface_cycle(struct iface *i)
{
	struct iface_stack *s = iface_state(i->st);
	if (!(i->flags & IFF_UP))
		return 0;
	s->cycled = i;
	s->cycled_state = i->operstate;
	iface_hold(i->st);
	iface_set_up(i, false);
	int err = iface_set_up(i, true);
	iface_release(i->st, i);
	s->cycled = NULL;
	return err;
}

int iface_announce(struct iface *i, bool up)
{
	i->quiet = false;
	netconf_tell_iface(i, RTM_NEWNETCONF);
	if (!up)
		link_tell(i, RTM_NEWLINK, UINT32_MAX);
	return up ? iface_set_up(i, true) : 0;
}

void iface_changed(struct iface *i)
{
	link_tell(i, RTM_NEWLINK, 0);
	iface_send_event(i, IFACE_CHANGED);
}

void iface_features_changed(struct iface *i)
{
	link_tell_event(i, IFLA_EVENT_FEATURES);
	iface_send_event(i, IFACE_CHANGED);
}

int iface_set_mtu(struct iface *i, uint32_t mtu)
{
	if (mtu == i->mtu)
		return 0;
	if (mtu > INT32_MAX || mtu < i->mtu_min || (i->mtu_max && mtu > i->mtu_max))
		return -EINVAL;
	int err = i->ops->set_mtu ? i->ops->set_mtu(i, mtu) : 0;
	if (err)
		return err;
	write_begin(i);
	racy_set(i->mtu, mtu);
	racy_set(i->mtu6, 0); /* Linux: what a router said is forgotten */
	write_end(i);
	iface_changed(i);
	return 0;
}

static bool mac_is_station(const uint8_t mac[6])
{
	static const uint8_t zero[6];
	return !(mac[0] & 1) && memcmp(mac, zero, sizeof zero);
}

int iface_set_mac(struct iface *i, const uint8_t mac[6])
{
	if (i->hw_type != ARPHRD_ETHER && i->hw_type != ARPHRD_LOOPBACK)
		return -EOPNOTSUPP;
	if (!mac_is_station(mac))
		return -EADDRNOTAVAIL;
	if (!i->ops->set_mac && i->flags & IFF_UP)
		return -EBUSY;
	int err = i->ops->set_mac ? i->ops->set_mac(i, mac) : 0;
	if (err)
		return err;
	write_begin(i);
	bool other = memcmp(i->mac, mac, sizeof i->mac) != 0;
	memcpy(i->mac, mac, sizeof i->mac);
	write_end(i);
	if (other)
		iface_send_event(i, IFACE_MAC);
	iface_changed(i);
	return 0;
}

/* Linux: since 6.2 also while the interface is up. */
int iface_rename(struct iface *i, const char *name)
{
	if (!strncmp(i->name, name, IFACE_NAME_MAX))
		return 0;
	struct iface_stack *s = iface_state(i->st);
	int err = iface_name_take(i->st, name, i->name);
	if (err)
		return err;
	hash_remove(&s->by_name, &i->by_name);
	hash_insert(&s->by_name, &i->by_name, hash_name(i->st, i->name));
	link_tell(i, RTM_NEWLINK, 0);
	iface_send_event(i, IFACE_RENAMED);
	netconf_tell_renamed(i);
	return 0;
}

/* --- going --- */

static void iface_free(struct deferred *d)
{
	struct iface *i = container_of(d, struct iface, deferred);
	if (i->ops->free)
		i->ops->free(i);
	mem_free(i->stats);
	mem_free(i);
}

static void withdraw(struct iface *i)
{
	struct leat_stack *st = i->st;
	send_event_reverse(i, IFACE_GOING);
	i->has_qdisc = false;
	if (!i->quiet)
		netconf_tell_iface(i, RTM_DELNETCONF);
	link_tell(i, RTM_DELLINK, UINT32_MAX);
	while (!list_empty(&i->altnames))
		iface_altname_remove(i, list_first(&i->altnames, struct iface_altname, link)->name);
	hw_lists_done(i);
	rcu_set(*slot_of(iface_state(st), i->handle), NULL);
	list_remove(&i->link);
	hash_remove(&iface_state(st)->by_index, &i->by_index);
	hash_remove(&iface_state(st)->by_name, &i->by_name);
	hook_edges_remove(st, &i->hooks);
	if (i->ops->stop)
		i->ops->stop(i);
	rt_defer(st->rt->ctl, st->rt, &i->deferred, iface_free);
}

/* Linux: unregister_netdevice_many(): the ends of a pair are both down before the first of them goes. */
void iface_delete(struct iface *i)
{
	struct iface *other = i->ops->part ? i->ops->part(i) : NULL;
	iface_set_up(i, false);
	if (other)
		iface_set_up(other, false);
	withdraw(i);
	if (other)
		withdraw(other);
}

/* --- watches and kinds --- */

void iface_watch_add(struct leat_stack *st, struct iface_watch *w)
{
	list_append(&iface_state(st)->watches, &w->link);
}

void iface_watch_add_first(struct leat_stack *st, struct iface_watch *w)
{
	list_insert(&iface_state(st)->watches, &w->link);
}

void iface_watch_remove(struct leat_stack *st, struct iface_watch *w)
{
	list_remove(&w->link);
}

void iface_kind_add(struct leat_stack *st, struct iface_kind *k)
{
	list_append(&iface_state(st)->kinds, &k->link);
}

void iface_kind_remove(struct leat_stack *st, struct iface_kind *k)
{
	list_remove(&k->link);
}

struct iface_kind *iface_kind_find(struct leat_stack *st, const char *name)
{
	struct iface_kind *k;
	list_for_each (k, &iface_state(st)->kinds, link)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

/* --- module --- */

/* A parked packet goes on only where both of its interfaces still are. */
static bool handles_valid(struct worker *w, struct pkt *p)
{
	return (!p->in_if || iface_get(w, p->in_if)) && (!p->out_if || iface_get(w, p->out_if));
}

struct iface_conf *iface_conf_default(const struct leat_stack *st)
{
	return st->iface_conf;
}

/* A module comes to a stack that has interfaces already: they have its settings from now on. */
static void on_knobs(struct leat_stack *st, const struct module *m)
{
	struct iface *i;
	for (const struct knob *k = m->knobs; k && k->name; k++)
		if (k->flags & KNOB_PER_IFACE && !(k->flags & KNOB_ALIAS))
			list_for_each (i, &iface_state(st)->ifaces, link)
				knob_set_default(k, &i->conf);
}

static int iface_init(struct leat_stack *st)
{
	struct iface_stack *s = iface_state(st);
	st->iface_conf = &s->conf;
	st->on_knobs = on_knobs;
	list_init(&s->ifaces);
	list_init(&s->watches);
	list_init(&s->kinds);
	hash_init(&s->by_index, &st->mem, NULL, NULL); /* control lcore only: no reader to wait for */
	hash_init(&s->by_name, &st->mem, NULL, NULL);
	graph_set_validator(st, handles_valid);
	int err = table_grow(st, s);
	if (err)
		mem_free(s->gen);
	return err;
}

static void iface_unlink(struct leat_stack *st)
{
	struct list *ifaces = &iface_state(st)->ifaces;
	while (!list_empty(ifaces)) /* an end of a pair takes the other with it */
		iface_delete(list_first(ifaces, struct iface, link));
	graph_set_validator(st, NULL);
	st->iface_conf = NULL;
	st->on_knobs = NULL;
	view_stage(st, VIEW_ifaces, NULL);
}

static void iface_done(struct leat_stack *st)
{
	struct iface_stack *s = iface_state(st);
	hash_done(&s->by_index);
	hash_done(&s->by_name);
	mem_free(s->table);
	mem_free(s->gen);
}

static const struct node *const iface_nodes[] = { &iface_input_node, &iface_output_node, NULL };

const struct module iface_module = {
	.name = "iface",
	.id = MODULE_iface,
	.nodes = iface_nodes,
	.netlink = link_families,
	.stack_size = sizeof(struct iface_stack),
	.init = iface_init,
	.unlink = iface_unlink,
	.free = iface_done,
	.save = iface_save,
	.restore = iface_restore,
};
