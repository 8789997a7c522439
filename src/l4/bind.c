/* SPDX-License-Identifier: BSD-2-Clause */
/* What bind() and connect() do to an endpoint. */
#include <linux/rtnetlink.h>

#include "l4/l4_internal.h"
#include "net/addr.h"
#include "net/fib.h"

/* In the VRF of the interface the endpoint is bound to, if any. */
static bool may_bind4(const struct worker *w, uint32_t bound_if, be32 a)
{
	if (ip4_is_group(a))
		return true;
	const struct fib_nh *nh = fib4_lookup_at(w, l3_handle_of(w, bound_if), a);
	return nh && (nh->type == RTN_LOCAL || nh->type == RTN_BROADCAST);
}

static bool may_bind6(const struct worker *w, uint32_t bound_if, const struct l4_addr *to)
{
	struct ipaddr a = { .v6 = to->a };
	if (ip6_is_multicast(&to->a))
		return true;
	if (ip6_is_link_local(&to->a))
		return addr_find_on(w, to->if_handle, AF_INET6, &a) != NULL;
	const struct fib_nh *nh = fib6_lookup_at(w, l3_handle_of(w, bound_if), &to->a);
	return nh && nh->type == RTN_LOCAL; /* Linux: not to an anycast address */
}

static bool is_group(const struct ip6 *a)
{
	return l4_is4(a) ? ip4_is_multicast(l4_v4(a)) || be32_get(l4_v4(a)) == UINT32_MAX
			 : ip6_is_multicast(a);
}

bool l4_may_bind(const struct l4_end *e, const struct l4_addr *to)
{
	const struct worker *w = e->home;
	if (l4_is_any(&to->a))
		return true;
	if (e->opt->freebind && !is_group(&to->a))
		return true;
	if (!l4_is4(&to->a))
		return may_bind6(w, e->opt->bound_if, to) && !(e->ops->one_host && ip6_is_multicast(&to->a));
	const struct fib_nh *nh = fib4_lookup_at(w, l3_handle_of(w, e->opt->bound_if), l4_v4(&to->a));
	return e->ops->one_host ? nh && nh->type == RTN_LOCAL : may_bind4(w, e->opt->bound_if, l4_v4(&to->a));
}

int l4_bind(struct l4_end *e, const struct l4_addr *to)
{
	bool was_heard = e->hashed;
	if (!l4_may_bind(e, to))
		return -EADDRNOTAVAIL;
	if (e->connected || (e->ops->has_ports && e->hashed))
		return -EINVAL;
	l4_unhash(e);
	int err = 0;
	if (e->ops->has_ports)
		err = l4_take_port(e, to);
	else
		e->local = (struct l4_addr){ .a = to->a, .if_handle = to->if_handle, .port = e->local.port };
	if (!err) {
		e->addr_bound = !l4_is_any(&to->a);
		e->port_bound = e->ops->has_ports && to->port != 0;
		if (e->addr_bound && e->ops->by_peer && !l4_is4(&to->a))
			e->v6only = true; /* Linux */
	}
	if (e->ops->has_ports ? !err : was_heard)
		l4_hash(e);
	return err;
}

int l4_autobind(struct l4_end *e)
{
	if (!e->ops->has_ports || e->hashed)
		return 0;
	if (l4_take_port(e, &(struct l4_addr){ .a = e->local.a, .if_handle = e->local.if_handle }))
		return -EAGAIN;
	l4_hash(e);
	return 0;
}

int l4_connect(struct l4_end *e, const struct l4_addr *to)
{
	struct l4_path path;
	int err = l4_autobind(e); /* Linux: first of all, so the port stays when there is no way */
	if (!err)
		err = l4_path_find(e, to, NULL, &path);
	if (err)
		return err;
	bool was_heard = e->hashed;
	l4_unhash(e);
	e->peer = *to;
	e->peer.a = path.dst;
	if (!l4_is4(&path.dst) && ip6_is_link_local(&path.dst))
		e->peer.if_handle = path.out_if;
	if (l4_is_any(&e->local.a))
		e->local.a = path.src;
	e->connected = true;
	if (was_heard)
		l4_hash(e);
	return 0;
}

int l4_mtu(struct l4_end *e)
{
	struct l4_path path;
	if (!e->connected)
		return -ENOTCONN;
	int err = l4_path_find(e, &e->peer, NULL, &path);
	return err ? err : (int)path.known_mtu;
}

/* Linux: a raw socket loses its protocol as others lose a port they did not bind, and hears nothing from then on. */
void l4_disconnect(struct l4_end *e)
{
	bool had_port = e->hashed;
	l4_unhash(e);
	e->connected = false;
	e->peer = (struct l4_addr){ .a = l4_any(e->family) };
	if (!e->addr_bound)
		e->local.a = l4_any(e->family);
	if (!e->port_bound)
		e->local.port = 0;
	if (had_port && e->port_bound)
		l4_hash(e);
}
