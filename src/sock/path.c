/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IPv6 socket is told of paths (RFC 3542, 11): IPV6_PATHMTU, asked for, or with a message of its own after something was
 * too long that must not be cut (IPV6_DONTFRAG). */
#include <netinet/in.h>

#include "sock/sock_internal.h"

static void fill(const struct sock *s, const struct l4_addr *to, uint32_t mtu, struct ip6_mtuinfo *ret)
{
	struct sockaddr_storage name = { 0 };
	struct l4_addr a = *to;
	a.port = 0;
	memset(ret, 0, sizeof *ret);
	sock_addr_fill(s, &a, &name);
	memcpy(&ret->ip6m_addr, &name, sizeof ret->ip6m_addr);
	ret->ip6m_mtu = mtu;
}

int sock_get_pathmtu(struct sock *s, void *val, socklen_t *len)
{
	struct ip6_mtuinfo info = { 0 };
	int mtu = l4_mtu(&s->end);
	if (mtu < 0)
		return mtu;
	info.ip6m_mtu = (uint32_t)mtu; /* Linux: the address stays empty */
	if ((int)*len < 0)
		return -EINVAL;
	*len = (socklen_t)(*len < sizeof info ? *len : sizeof info);
	memcpy(val, &info, *len);
	return 0;
}

bool sock_has_path(const struct sock *s)
{
	return s->end.more && s->end.more->path_mtu && s->end.opt->recvpathmtu;
}

ssize_t sock_receive_path(struct sock *s, struct sock_msg *m)
{
	struct ip6_mtuinfo info;
	size_t at = 0;
	struct l4_more *more = s->end.more;
	fill(s, &more->path_to, more->path_mtu, &info);
	if (m->name)
		sock_addr_out(s, &more->path_to, m->name, &m->name_len);
	else
		m->name_len = 0;
	sock_put_control(m, &at, IPPROTO_IPV6, IPV6_PATHMTU, &info, sizeof info);
	m->control_len = at;
	more->path_mtu = 0;
	return 0;
}
