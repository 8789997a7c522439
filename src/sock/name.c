/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses as applications write them, and as endpoints do. */
#include "net/iface.h"
#include "sock/sock_internal.h"

static int in4(const struct sockaddr_in *from, socklen_t len, struct l4_addr *ret)
{
	be32 a;
	if (len < sizeof *from)
		return -EINVAL;
	memcpy(&a, &from->sin_addr, sizeof a);
	*ret = (struct l4_addr){ .a = l4_of4(a), .port = ntohs(from->sin_port) };
	return 0;
}

static int in6(const struct sock *s, const struct sockaddr_in6 *from, socklen_t len, struct l4_addr *ret)
{
	if (len < offsetof(struct sockaddr_in6, sin6_scope_id)) /* Linux: SIN6_LEN_RFC2133 */
		return -EINVAL;
	*ret = (struct l4_addr){ .port = ntohs(from->sin6_port) };
	memcpy(&ret->a, &from->sin6_addr, sizeof ret->a);
	uint32_t scope = len >= sizeof *from ? from->sin6_scope_id : 0;
	bool scoped = ip6_is_link_local(&ret->a) || ip6_multicast_scope(&ret->a) == 2;
	if (!scope || !scoped)
		return 0;
	struct iface *i = iface_by_index(s->end.st, scope);
	if (!i)
		return -ENODEV;
	ret->if_handle = i->handle;
	return 0;
}

int sock_addr_in(struct sock *s, const struct sockaddr *addr, socklen_t len, struct l4_addr *ret)
{
	if (len < (socklen_t)sizeof addr->sa_family)
		return -EINVAL;
	if (s->end.family == AF_INET && len < (socklen_t)sizeof(struct sockaddr_in))
		return -EINVAL;
	if (addr->sa_family == AF_INET)
		return in4((const void *)addr, len, ret);
	if (addr->sa_family == AF_INET6 && s->end.family == AF_INET6)
		return in6(s, (const void *)addr, len, ret);
	return -EAFNOSUPPORT;
}

static uint32_t scope_of(const struct sock *s, const struct l4_addr *a)
{
	struct iface *i = a->if_handle ? iface_by_handle(s->end.st, a->if_handle) : NULL;
	return i && ip6_is_link_local(&a->a) ? i->ifindex : 0;
}

socklen_t sock_addr_fill(const struct sock *s, const struct l4_addr *a, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof *ret);
	if (s->end.family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;
		be32 v4 = l4_v4(&a->a);
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, &v4, sizeof v4);
		return sizeof *in;
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	memcpy(&in6->sin6_addr, &a->a, sizeof a->a);
	in6->sin6_scope_id = scope_of(s, a);
	return sizeof *in6;
}

void sock_addr_out(const struct sock *s, const struct l4_addr *a, struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_storage full;
	socklen_t n = sock_addr_fill(s, a, &full);
	memcpy(addr, &full, MIN(n, *len));
	*len = n;
}

int sock_getsockname(struct sock *s, struct sockaddr *addr, socklen_t *len)
{
	if ((int)*len < 0)
		return -EINVAL;
	sock_addr_out(s, &s->end.local, addr, len);
	return 0;
}

struct l4_addr sock_peer(const struct sock *s)
{
	return s->end.is_stream ? tcp_peer(&s->end) : s->end.peer;
}

int sock_getpeername(struct sock *s, struct sockaddr *addr, socklen_t *len)
{
	const struct l4_addr peer = sock_peer(s);
	if (!s->end.connected || !peer.port) /* Linux: who has no port is nobody, with raw sockets too */
		return -ENOTCONN;
	if ((int)*len < 0)
		return -EINVAL;
	sock_addr_out(s, &peer, addr, len);
	return 0;
}
