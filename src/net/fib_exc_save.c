/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions in a saved stack: what was told, and how long it still holds. */
#include <errno.h>
#include <netinet/in.h>

#include "core/save.h"
#include "net/fib_exc_internal.h"

static void save_one(struct leat_stack *st, struct saver *s, const struct fib_exc *x)
{
	const struct iface *i = iface_by_handle(st, x->via.if_handle);
	uint64_t now_us = st->rt->ctl->now_us;
	if (!i)
		return;
	save_item(s);
	save_u64(s, "family", x->family);
	save_bytes(s, "dst", x->dst.b, sizeof x->dst.b);
	save_u64(s, "ifindex", i->ifindex);
	save_u64(s, "via_family", x->via.gw_family);
	save_bytes(s, "via", x->via.gw.b, sizeof x->via.gw.b);
	if (x->mtu) {
		save_u64(s, "mtu", x->mtu);
		save_u64(s, "mtu_locked", x->mtu_locked);
		save_u64(s, "mtu_left_us", x->mtu_until_us - now_us);
	}
	if (x->redirected) {
		save_u64(s, "gw_family", x->gw_family);
		save_bytes(s, "gw", x->gw.b, sizeof x->gw.b);
		save_u64(s, "gw_left_us", x->gw_until_us - now_us);
	}
	save_end(s);
}

int fib_exc_save(struct leat_stack *st, struct saver *s)
{
	const struct fib_exc *x = NULL;
	save_list(s, "exceptions");
	while ((x = fib_exc_next(st, AF_UNSPEC, x ? x->serial : 0)))
		save_one(st, s, x);
	save_end(s);
	return save_error(s);
}

/* A family, or 0 for none. */
static bool load_family(struct loader *l, const char *key, uint8_t *ret)
{
	uint64_t v;
	if (!load_u64(l, key, 0, AF_INET6, &v) ||
	    (v && v != AF_INET && v != AF_INET6 && load_bad(l, key, "unknown")))
		return false;
	*ret = (uint8_t)v;
	return true;
}

static bool load_mtu(struct loader *l, struct fib_exc_news *n, uint64_t *ret_left)
{
	uint64_t mtu, locked;
	if (!load_has(l, "mtu"))
		return true;
	if (!load_u64(l, "mtu", 68, UINT32_MAX, &mtu) || !load_u64(l, "mtu_locked", 0, 1, &locked) ||
	    !load_u64(l, "mtu_left_us", 1, INT64_MAX, ret_left))
		return false;
	n->mtu = (uint32_t)mtu;
	n->mtu_locked = locked;
	return true;
}

static bool load_gateway(struct loader *l, struct fib_exc_news *n, uint64_t *ret_left)
{
	if (!load_has(l, "gw"))
		return true;
	n->redirected = true;
	return load_family(l, "gw_family", &n->gw_family) && load_bytes(l, "gw", n->gw.b, sizeof n->gw.b) &&
	       load_u64(l, "gw_left_us", 1, INT64_MAX, ret_left);
}

static int load_one(struct leat_stack *st, struct loader *l)
{
	struct fib_exc_news n = { 0 };
	uint64_t ifindex, mtu_us = 0, gw_us = 0;
	if (!load_family(l, "family", &n.family) || !load_bytes(l, "dst", n.dst.b, sizeof n.dst.b) ||
	    !load_u64(l, "ifindex", 1, INT32_MAX, &ifindex) ||
	    !load_family(l, "via_family", &n.via.gw_family) ||
	    !load_bytes(l, "via", n.via.gw.b, sizeof n.via.gw.b) || !load_mtu(l, &n, &mtu_us) ||
	    !load_gateway(l, &n, &gw_us))
		return -EINVAL;
	if (!n.family)
		return load_bad(l, "family", "unknown");
	const struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	if (!i || (!n.mtu && !n.redirected))
		return 0; /* the interface did not come back, and that has been said */
	n.via.if_handle = i->handle;
	return fib_exc_learn(st, &n, mtu_us, gw_us);
}

int fib_exc_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = 0;
	if (!load_list(l, "exceptions", &n))
		return -EINVAL;
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = load_one(st, l);
		load_end(l);
	}
	load_end(l);
	return err;
}
