/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/hand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dev/hostdev.h"
#include "net/iface_stats.h"

static struct hostdev *hostdev_of(const struct iface *i)
{
	static const char *const kinds[] = { "af_packet", "af_xdp", "tap" };
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		if (!strcmp(i->ops->kind, kinds[k]))
			return i->driver;
	return NULL;
}

/* --- giving --- */

int dev_hand_over(struct leat_stack *st, struct saver *s, struct fds *fds, char *ret_why, size_t why_len)
{
	save_list(s, "devices");
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
		struct hostdev *d = hostdev_of(i);
		if (!d)
			continue;
		if (!d->hand) {
			snprintf(ret_why, why_len, "%s is of kind %s, which cannot be handed over", i->name,
				 i->ops->kind);
			return -EOPNOTSUPP;
		}
		save_item(s);
		save_str(s, "kind", i->ops->kind);
		save_str(s, "ifname", d->ifname);
		d->hand->give(d, s, fds);
		save_end(s);
	}
	save_end(s);
	return save_error(s);
}

void dev_hand_state(struct leat_stack *st, struct saver *s)
{
	save_list(s, "state");
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
		struct hostdev *d = hostdev_of(i);
		save_item(s);
		save_u64(s, "ifindex", i->ifindex);
		iface_stats_save(i, s);
		if (d)
			d->hand->give_state(d, s);
		save_end(s);
	}
	save_end(s);
}

void hand_give_queues(const struct hostdev *d, struct saver *s, struct fds *fds)
{
	save_list(s, "queues");
	for (unsigned i = 0; i < d->n_queues; i++) {
		save_item(s);
		save_fd(s, "fd", fds, d->queue[i]->fd);
		save_end(s);
	}
	save_end(s);
}

/* --- taking --- */

static int take_one(struct leat_stack *st, struct loader *l)
{
	uint64_t ifindex;
	if (!load_u64(l, "ifindex", 1, INT32_MAX, &ifindex))
		return -EINVAL;
	struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	if (!i)
		return 0; /* it did not open again, and restore said so */
	struct hostdev *d = hostdev_of(i);
	memset(&i->stats[0], 0, sizeof i->stats[0]); /* no lcore has run yet: what it has was saved earlier */
	iface_stats_load(i, l);
	return d ? d->hand->take_state(d, l) : 0;
}

int dev_take_state(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = 0;
	if (!load_list(l, "state", &n))
		return -EINVAL;
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = take_one(st, l);
		load_end(l);
	}
	load_end(l);
	return err;
}

static bool is_it(struct loader *l, const char *kind, const char *ifname)
{
	char k[16], name[IFACE_NAME_MAX];
	return load_str(l, "kind", k, sizeof k) && load_str(l, "ifname", name, sizeof name) &&
	       !strcmp(k, kind) && !strcmp(name, ifname);
}

bool hand_enter(const struct dev_host *h, const char *kind, const char *ifname)
{
	size_t n;
	if (!h->handed || !load_list(h->handed, "devices", &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!load_item(h->handed, i))
			break;
		if (is_it(h->handed, kind, ifname))
			return true;
		load_end(h->handed);
	}
	load_end(h->handed);
	return false;
}

void hand_leave(const struct dev_host *h)
{
	load_end(h->handed);
	load_end(h->handed);
}
