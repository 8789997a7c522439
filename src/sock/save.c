/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: stream sockets in save files: whose each is, its names, what was set, and its part in TCP. A restored socket has
 * no owner yet; sock_restored() gives them out one after the other, in the order in which they were made, and who takes one looks at its
 * names to see which it is.
 *
 * Left out: datagram sockets and others, which lose what waits in them; sockets of the calls in turn.h, which their program cannot get back;
 * multicast memberships, IP options and extension headers. */
#include "core/save.h"

#include <stdlib.h>

#include "l4/l4_internal.h"
#include "net/iface.h"
#include "sock/sock_internal.h"

struct field {
	const char *name;
	uint16_t off; /* in struct l4_opts */
	uint8_t size;
	bool flag;
};
#define FIELD(member, ...)                                                                        \
	{                                                                                         \
#member, offsetof(struct l4_opts, member), sizeof(((struct l4_opts *)0)->member), \
			__VA_ARGS__                                                               \
	}
static const struct field fields[] = {
	FIELD(reuseaddr, true), FIELD(reuseport, true), FIELD(tos),       FIELD(tclass), FIELD(pmtudisc4),
	FIELD(pmtudisc6),       FIELD(autolabel),       FIELD(ttl),       FIELD(hops),   FIELD(mark),
	FIELD(rcvbuf),          FIELD(sndbuf),          FIELD(src_prefs),
};

static uint64_t get(const void *at, uint8_t size)
{
	if (size == 1)
		return *(const uint8_t *)at;
	return size == 2 ? *(const uint16_t *)at : *(const uint32_t *)at;
}

static void put(void *at, uint8_t size, uint64_t v)
{
	if (size == 1)
		*(uint8_t *)at = (uint8_t)v;
	else if (size == 2)
		*(uint16_t *)at = (uint16_t)v;
	else
		*(uint32_t *)at = (uint32_t)v;
}

/* Of struct l4_end. */
#define BITS(bit) \
	bit(connected) bit(addr_bound) bit(port_bound) bit(v6only) bit(net_raw) bit(net_bind) bit(net_admin)
#define NUMBERS(number)                                                                     \
	number(uid, UINT32_MAX) number(gid, UINT32_MAX) number(shut, 3) number(error, 4095) \
		number(local.port, UINT16_MAX)

/* --- saving --- */

static uint32_t index_of(struct leat_stack *st, uint32_t handle)
{
	const struct iface *i = handle ? iface_by_handle(st, handle) : NULL;
	return i ? i->ifindex : 0;
}

static void save_one(struct leat_stack *st, struct saver *s, const struct l4_end *e)
{
	save_item(s);
	save_u64(s, "family", e->family);
	save_bytes(s, "local", e->local.a.b, sizeof e->local.a.b);
	save_u64(s, "local_if", index_of(st, e->local.if_handle));
	save_u64(s, "bound_if", index_of(st, e->opt->bound_if));
#define SAVE(member, ...) save_u64(s, #member, (uint64_t)e->member);
	BITS(SAVE)
	NUMBERS(SAVE)
#undef SAVE
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		save_u64(s, fields[i].name, get((const char *)e->opt + fields[i].off, fields[i].size));
	tcp_save_end(e, s);
	save_end(s);
}

/* In the order in which they were made. */
static int by_id(const void *a, const void *b)
{
	const struct l4_end *x = *(struct l4_end *const *)a, *y = *(struct l4_end *const *)b;
	return (x->id > y->id) - (x->id < y->id);
}

static bool is_ours(const struct l4_end *e)
{
	return e->ops && e->is_stream && tcp_is_worth_saving(e);
}

static size_t list_all(struct leat_stack *st, struct l4_end **to)
{
	size_t n = 0;
	for (struct l4_end *e = NULL; (e = l4_end_next(st, e));) {
		if (to && is_ours(e))
			to[n] = e;
		n += is_ours(e);
	}
	return n;
}

int sock_save(struct leat_stack *st, struct saver *s)
{
	size_t n = list_all(st, NULL);
	struct l4_end **all = mem_zalloc(&st->mem, (n + 1) * sizeof(struct l4_end *));
	if (!all)
		return -ENOMEM;
	list_all(st, all);
	qsort(all, n, sizeof *all, by_id);
	save_list(s, "streams");
	for (size_t i = 0; i < n; i++)
		save_one(st, s, all[i]);
	save_end(s);
	mem_free(all);
	return save_error(s);
}

/* --- restoring --- */

/* Gone is 0: it hears what comes by another. */
static bool load_iface(struct loader *l, const char *name, struct leat_stack *st, uint32_t *ret)
{
	uint64_t v;
	if (!load_u64(l, name, 0, INT32_MAX, &v))
		return false;
	const struct iface *i = v ? iface_by_index(st, (uint32_t)v) : NULL;
	*ret = i ? i->handle : 0;
	return true;
}

static bool load_names(struct loader *l, struct l4_end *e, struct l4_opts *o)
{
	return load_bytes(l, "local", e->local.a.b, sizeof e->local.a.b) &&
	       load_iface(l, "local_if", e->st, &e->local.if_handle) &&
	       load_iface(l, "bound_if", e->st, &o->bound_if);
}

static bool load_numbers(struct loader *l, struct l4_end *e, struct l4_opts *o)
{
	uint64_t v;
#define LOAD_BIT(member)                     \
	if (!load_u64(l, #member, 0, 1, &v)) \
		return false;                \
	e->member = v;
#define LOAD_NUMBER(member, most)               \
	if (!load_u64(l, #member, 0, most, &v)) \
		return false;                   \
	e->member = (typeof(e->member))v;
	BITS(LOAD_BIT)
	NUMBERS(LOAD_NUMBER)
#undef LOAD_BIT
#undef LOAD_NUMBER
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		if (!load_u64(l, f->name, 0, f->flag ? 1 : UINT64_MAX >> (64 - 8 * f->size), &v))
			return false;
		put((char *)o + f->off, f->size, v);
	}
	bool ok = o->ttl >= -1 && o->ttl <= 255 && o->hops >= -1 && o->hops <= 255;
	return ok || !load_bad(l, "ttl", "not one that a packet can have");
}

static int load_one(struct leat_stack *st, struct loader *l)
{
	struct sock_stack *ss = sock_stack(st);
	const struct l4_ops *ops;
	struct sock *k;
	uint64_t family;
	uint8_t proto;
	if (!load_u64(l, "family", AF_INET, AF_INET6, &family))
		return -EINVAL;
	int err = sock_find_ops(st, (int)family, SOCK_STREAM, 0, &sock_creds_root, &ops, &proto);
	if (!err)
		err = sock_new(st, ops, (uint8_t)family, proto, &sock_creds_root, &k);
	if (err)
		return err;
	if (!ss->restored_next)
		ss->restored_next = k->end.id;
	ss->restored_end = k->end.id + 1;
	struct l4_opts *o = l4_opts_own(&k->end);
	if (!o)
		return -ENOMEM;
	if (!load_names(l, &k->end, o) || !load_numbers(l, &k->end, o))
		return -EINVAL;
	l4_opts_settle(&k->end);
	return tcp_restore_end(&k->end, l);
}

int sock_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = 0;
	if (!load_has(l, "streams")) /* of one that saved none */
		return 0;
	if (!load_list(l, "streams", &n))
		return -EINVAL;
	for (size_t i = 0; !err && i < n; i++) {
		err = load_item(l, i) ? load_one(st, l) : -EINVAL;
		if (!err)
			load_end(l);
	}
	if (!err)
		load_end(l);
	return err;
}

int sock_restored(struct leat_stack *st, struct sock **ret)
{
	struct sock_stack *ss = sock_stack(st);
	while (ss && ss->restored_next < ss->restored_end) {
		struct l4_end *e = l4_end_by_id(st, ss->restored_next++);
		if (!e)
			continue;
		*ret = sock_of(e);
		return 0;
	}
	return -ENOENT;
}
