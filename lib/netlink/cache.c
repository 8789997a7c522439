/* SPDX-License-Identifier: BSD-2-Clause */
/* Caches.
 *
 * Theory of operation: two sockets, one in the groups of what is kept, one for dumps. The groups are joined first, so nothing falls
 * between a dump and the events after it; what is told twice is no difference the second time. An event that says all is
 * applied; after one that does not (kinds.c), after a change that has silent consequences, and after messages were lost, the kinds concerned
 * are looked at again: what a dump does not mention is gone. That happens at the end of an update, once for all it found, since events
 * come in crowds.
 *
 * Events older than a dump may be applied after it. They are in order and end in the state that the dump saw, so the cache does,
 * too. */
#include "netlink/internal.h"
#include "netlink/kinds.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/list.h"

enum { BUCKETS_FIRST = 64 };

struct object {
	struct list link; /* in the order of their making */
	struct object *next; /* of the same bucket */
	const struct kind *kind;
	uint32_t hash;
	uint32_t seen; /* the look that found it last */
	size_t key_len;
	uint8_t *key;
	struct nlmsghdr *msg;
};

struct leat_nl_cache {
	struct leat_nl *events, *asks;
	unsigned kinds, stale; /* enum leat_nl_kind: stale ones have to be looked at */
	leat_nl_change_fn *fn;
	void *ctx;
	struct object **bucket;
	size_t n_buckets; /* a power of two */
	size_t count[KINDS];
	struct list objects;
	uint32_t look;
	unsigned overruns;
	int err; /* of what a callback could not return */
};

/* --- the table --- */

static uint32_t hash_of(const uint8_t *key, size_t len) /* FNV-1a */
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ key[i]) * 16777619U;
	return h;
}

static size_t *count_of(struct leat_nl_cache *c, const struct kind *k)
{
	return &c->count[k - kinds];
}

static struct object **place_of(struct leat_nl_cache *c, const uint8_t *key, size_t len, uint32_t hash)
{
	struct object **at = &c->bucket[hash & (c->n_buckets - 1)];

	while (*at && ((*at)->hash != hash || (*at)->key_len != len || memcmp((*at)->key, key, len) != 0))
		at = &(*at)->next;
	return at;
}

static void grow(struct leat_nl_cache *c)
{
	size_t total = 0, n = c->n_buckets * 2;
	struct object **bucket, *o;

	for (unsigned i = 0; i < KINDS; i++)
		total += c->count[i];
	bucket = total > c->n_buckets ? calloc(n, sizeof(*bucket)) : NULL;
	if (!bucket) /* chains get longer */
		return;
	list_for_each (o, &c->objects, link) {
		o->next = bucket[o->hash & (n - 1)];
		bucket[o->hash & (n - 1)] = o;
	}
	free(c->bucket);
	c->bucket = bucket;
	c->n_buckets = n;
}

static void object_free(struct object *o)
{
	if (!o)
		return;
	free(o->key);
	free(o->msg);
	free(o);
}

static struct nlmsghdr *copy_of(const struct nlmsghdr *h)
{
	struct nlmsghdr *copy = malloc(h->nlmsg_len);

	return copy ? memcpy(copy, h, h->nlmsg_len) : NULL;
}

static struct object *object_new(const struct kind *k, const struct nlmsghdr *h, const uint8_t *key,
				 size_t len)
{
	struct object *o = calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->kind = k;
	o->key_len = len;
	o->key = malloc(len);
	o->msg = copy_of(h);
	if (o->key && o->msg) {
		memcpy(o->key, key, len);
		return o;
	}
	object_free(o);
	return NULL;
}

/* --- differences --- */

static void told(struct leat_nl_cache *c, const struct object *o, enum leat_nl_change what)
{
	if (c->fn)
		c->fn(o->kind->kind, what, o->msg, c->ctx);
}

static void appear(struct leat_nl_cache *c, struct object **at, struct object *o)
{
	*at = o;
	list_append(&c->objects, &o->link);
	++*count_of(c, o->kind);
	told(c, o, LEAT_NL_NEW);
	grow(c);
}

static void vanish(struct leat_nl_cache *c, struct object **at)
{
	struct object *o = *at;

	*at = o->next;
	list_remove(&o->link);
	--*count_of(c, o->kind);
	told(c, o, LEAT_NL_GONE);
	object_free(o);
}

static void change(struct leat_nl_cache *c, struct object *o, const struct nlmsghdr *h)
{
	struct nlmsghdr *copy = copy_of(h);

	if (!copy) {
		c->err = -ENOMEM;
		return;
	}
	free(o->msg);
	o->msg = copy;
	told(c, o, LEAT_NL_CHANGED);
}

/* An object as it is now. Whether that is a difference. */
static bool is_there(struct leat_nl_cache *c, const struct kind *k, const struct nlmsghdr *h)
{
	uint8_t key[KEY_MAX];
	size_t len = kind_key(k, h, key);
	uint32_t hash = hash_of(key, len);
	struct object **at = place_of(c, key, len, hash), *o = *at;
	bool differs = !o || !kind_same(k, o->msg, h);

	if (o && differs)
		change(c, o, h);
	if (!o)
		o = object_new(k, h, key, len);
	if (!o) {
		c->err = -ENOMEM;
		return false;
	}
	o->seen = c->look;
	o->hash = hash;
	if (!*at)
		appear(c, at, o);
	return differs;
}

static bool is_gone(struct leat_nl_cache *c, const struct kind *k, const struct nlmsghdr *h)
{
	uint8_t key[KEY_MAX];
	size_t len = kind_key(k, h, key);
	struct object **at = place_of(c, key, len, hash_of(key, len));

	if (*at)
		vanish(c, at);
	else
		c->stale |= k->kind; /* something is gone that we know by another name, or not yet */
	return true;
}

/* --- looking --- */

static void found(const struct nlmsghdr *h, void *ctx)
{
	struct leat_nl_cache *c = ctx;
	const struct kind *k = kind_of(h);

	if (k && c->kinds & k->kind)
		is_there(c, k, h);
}

static void forget_unseen(struct leat_nl_cache *c, const struct kind *k)
{
	struct object *o, *tmp;

	list_for_each_safe (o, tmp, &c->objects, link)
		if (o->kind == k && o->seen != c->look)
			vanish(c, place_of(c, o->key, o->key_len, o->hash));
}

/* Linux: links ask for a whole ifinfomsg when strict; so do the others for their headers. */
static int look_at(struct leat_nl_cache *c, const struct kind *k)
{
	int err;

	c->look++;
	leat_nl_request(c->asks, k->get_type, 0, k->header_bytes);
	err = leat_nl_dump(c->asks, found, c);
	if (err == -EINTR)
		return 0; /* it keeps changing, so events keep coming: later */
	c->stale &= ~(unsigned)k->kind;
	if (err == -EOPNOTSUPP)
		return 0; /* this stack has none of the kind */
	if (!err)
		forget_unseen(c, k);
	return err;
}

static int look_at_stale(struct leat_nl_cache *c)
{
	int err = 0;

	for (unsigned i = 0; i < KINDS && !err; i++)
		if (c->stale & c->kinds & kinds[i].kind)
			err = look_at(c, &kinds[i]);
	return err;
}

int leat_nl_cache_resync(struct leat_nl_cache *c)
{
	c->stale |= c->kinds;
	return look_at_stale(c);
}

/* --- events --- */

static void heard(const struct nlmsghdr *h, void *ctx)
{
	struct leat_nl_cache *c = ctx;
	const struct kind *k = kind_of(h);
	bool differs;

	if (!k || !(c->kinds & k->kind))
		return;
	differs = h->nlmsg_type == k->new_type ? is_there(c, k, h) : is_gone(c, k, h);
	if (differs)
		c->stale |= k->upset;
	if (k->is_vague && k->is_vague(h))
		c->stale |= k->kind;
}

static int take_events(struct leat_nl_cache *c)
{
	for (;;) {
		ssize_t n = receive(c->events, MSG_DONTWAIT);
		int left = (int)n;
		if (n == -EAGAIN)
			return 0;
		if (n == -ENOBUFS) {
			c->overruns++;
			c->stale = c->kinds;
			continue;
		}
		if (n <= 0)
			return n ? (int)n : -EPIPE;
		for (const struct nlmsghdr *h = (void *)c->events->in; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			heard(h, c);
	}
}

int leat_nl_cache_update(struct leat_nl_cache *c)
{
	int err;

	c->err = 0;
	err = take_events(c);
	if (!err)
		err = look_at_stale(c);
	return err ? err : c->err;
}

/* --- life --- */

static int join(struct leat_nl_cache *c)
{
	int err = 0;

	for (unsigned i = 0; i < KINDS; i++)
		for (unsigned g = 0; g < 2 && !err; g++)
			if (c->kinds & kinds[i].kind && kinds[i].group[g])
				err = leat_nl_join(c->events, kinds[i].group[g]);
	return err;
}

int leat_nl_cache_new(const char *stack, unsigned kinds_wanted, leat_nl_change_fn *fn, void *ctx,
		      struct leat_nl_cache **ret_cache)
{
	struct leat_nl_cache *c = calloc(1, sizeof *c);
	int err;

	if (!c)
		return -ENOMEM;
	list_init(&c->objects);
	c->kinds = kinds_wanted;
	c->fn = fn;
	c->ctx = ctx;
	c->n_buckets = BUCKETS_FIRST;
	c->bucket = calloc(c->n_buckets, sizeof(*c->bucket));
	err = c->bucket ? leat_nl_open(stack, NETLINK_ROUTE, &c->events) : -ENOMEM;
	if (!err)
		err = leat_nl_open(stack, NETLINK_ROUTE, &c->asks);
	if (!err)
		err = join(c);
	if (!err)
		err = leat_nl_cache_resync(c);
	if (!err)
		err = c->err;
	if (err)
		leat_nl_cache_free(c);
	else
		*ret_cache = c;
	return err;
}

void leat_nl_cache_free(struct leat_nl_cache *c)
{
	struct object *o, *tmp;

	if (!c)
		return;
	list_for_each_safe (o, tmp, &c->objects, link)
		object_free(o);
	leat_nl_close(c->events);
	leat_nl_close(c->asks);
	free(c->bucket);
	free(c);
}

/* --- reading --- */

int leat_nl_cache_fd(const struct leat_nl_cache *c)
{
	return leat_nl_fd(c->events);
}

void leat_nl_cache_each(const struct leat_nl_cache *c, enum leat_nl_kind kind, leat_nl_fn *fn, void *ctx)
{
	const struct object *o;

	list_for_each (o, &c->objects, link)
		if (o->kind->kind == kind)
			fn(o->msg, ctx);
}

size_t leat_nl_cache_count(const struct leat_nl_cache *c, enum leat_nl_kind kind)
{
	size_t n = 0;

	for (unsigned i = 0; i < KINDS; i++)
		n += kinds[i].kind == kind ? c->count[i] : 0;
	return n;
}

const char *leat_nl_cache_ifname(const struct leat_nl_cache *c, unsigned ifindex)
{
	const struct object *o;
	const struct nlattr *a;

	list_for_each (o, &c->objects, link) {
		const struct ifinfomsg *i = mnl_nlmsg_get_payload(o->msg);
		if (o->kind->kind != LEAT_NL_LINKS || (unsigned)i->ifi_index != ifindex)
			continue;
		mnl_attr_for_each (a, o->msg, sizeof *i)
			if (mnl_attr_get_type(a) == IFLA_IFNAME)
				return leat_nl_str(a);
	}
	return NULL;
}

unsigned leat_nl_cache_overruns(const struct leat_nl_cache *c)
{
	return c->overruns;
}
