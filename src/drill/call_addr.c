/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in calls, and the flow of the socket that was used last. */
#include "drill/call_internal.h"

#include <netinet/in.h>
#include <string.h>

#include "drill/values.h"
#include "sock/sock.h"

static struct in6_addr map(be32 v4)
{
	struct in6_addr to = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(to.s6_addr + 12, &v4, sizeof v4);
	return to;
}

void call_own_address(const struct run *r, bool local, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	const struct script *s = r->s;
	const struct ipaddr *a = local ? &s->local : &s->remote;
	uint16_t port = local ? s->bind_port : s->connect_port;
	memset(ret, 0, sizeof *ret);
	if (s->family == AF_INET && !s->mapped) {
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&sin.sin_addr, &a->v4, sizeof a->v4);
		memcpy(ret, &sin, *ret_len = sizeof sin);
		return;
	}
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	if (s->mapped)
		sin6.sin6_addr = map(a->v4);
	else
		memcpy(&sin6.sin6_addr, &a->v6, sizeof a->v6);
	memcpy(ret, &sin6, *ret_len = sizeof sin6);
}

/* "..." is the script's own address and port. */
bool call_address_arg(struct call_ctx *c, unsigned i, bool local, struct sockaddr_storage *ret,
		      socklen_t *ret_len)
{
	const struct expr *e = call_arg(c, i);
	int64_t family_alone; /* connect(3, AF_UNSPEC, ...) */
	memset(ret, 0, sizeof *ret);
	if (e && e->kind == EXPR_WORD && value_int(e, &family_alone)) {
		ret->ss_family = (sa_family_t)family_alone;
		*ret_len = sizeof *ret;
		return true;
	}
	if (!value_is_any(e))
		return value_sockaddr(e, ret, ret_len) || call_wrong(c, "argument %u is no address", i + 1);
	call_own_address(c->r, local, ret, ret_len);
	return true;
}

static bool split(const struct sockaddr_storage *ss, uint8_t family, struct ipaddr *ret_addr,
		  uint16_t *ret_port)
{
	const struct sockaddr_in *sin = (const void *)ss;
	const struct sockaddr_in6 *sin6 = (const void *)ss;
	*ret_addr = (struct ipaddr){ 0 };
	if (ss->ss_family == AF_INET6 && family == AF_INET) {
		bool any = IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr);
		if (!any && !IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr))
			return false;
		memcpy(&ret_addr->v4, sin6->sin6_addr.s6_addr + 12, 4);
		*ret_port = ntohs(sin6->sin6_port);
		return true;
	}
	if (ss->ss_family != family)
		return false;
	if (family == AF_INET)
		memcpy(&ret_addr->v4, &sin->sin_addr, 4);
	else
		memcpy(&ret_addr->v6, &sin6->sin6_addr, 16);
	*ret_port = ntohs(family == AF_INET ? sin->sin_port : sin6->sin6_port);
	return true;
}

static bool is_any(const struct ipaddr *a)
{
	static const struct ipaddr zero;
	return memcmp(a, &zero, sizeof zero) == 0;
}

void call_flow_to(struct run *r, const struct sockaddr_storage *to)
{
	struct ipaddr a;
	uint16_t port;
	if (!split(to, r->flow.family, &a, &port))
		return;
	r->flow.remote = a;
	r->flow.remote_port = port;
}

void call_flow_follow(struct run *r, const struct drill_fd *fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	struct ipaddr a;
	uint16_t port;
	if (!sock_getsockname(fd->sock, (struct sockaddr *)&ss, &len) &&
	    split(&ss, r->flow.family, &a, &port) && port) {
		r->flow.local = is_any(&a) ? r->s->local : a;
		r->flow.local_port = port;
	}
	len = sizeof ss;
	if (!sock_getpeername(fd->sock, (struct sockaddr *)&ss, &len))
		call_flow_to(r, &ss);
}

/* --- comparing --- */

bool call_address_arg_is(struct call_ctx *c, unsigned i, const struct sockaddr_storage *seen)
{
	const struct expr *e = call_arg(c, i);
	return value_is_any(e) || call_address_is(c, e, seen);
}

bool call_address_is(struct call_ctx *c, const struct expr *e, const struct sockaddr_storage *seen)
{
	struct sockaddr_storage want;
	socklen_t len;
	struct ipaddr a, b;
	uint16_t pa, pb;
	if (!value_sockaddr(e, &want, &len))
		return call_wrong(c, "that is no address");
	if (!split(&want, (uint8_t)want.ss_family, &a, &pa) || !split(seen, (uint8_t)want.ss_family, &b, &pb))
		return call_wrong(c, "the address is of another family than expected");
	if (pa != pb)
		return call_wrong(c, "expected port %u, got %u", pa, pb);
	return memcmp(&a, &b, sizeof a) == 0 || call_wrong(c, "the address is another one than expected");
}
