/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: four generations of structures ask for five things: join, leave, take or refuse a source, replace the list of
 * sources. Each is read into a struct ask, and what is done then is the same for both families; checks and errors are in the
 * order of Linux's ip_mc_join_group(), ip_mc_source() and ip_mc_msfilter(). */
#include "sock/group.h"

#include <stdlib.h>

#include "ip/ip.h"
#include "l4/group.h"
#include "net/addr.h"

enum { SOURCES_MAX = 1024 };

struct ask {
	uint8_t family;
	struct ipaddr group, source;
	struct ipaddr by; /* IPv4: the interface by an address of it */
	uint32_t ifindex;
};

/* --- which interface? --- */

static struct iface *by_route(struct sock *s, const struct ask *a)
{
	struct ip_way way;
	const struct fib_query q = { .family = a->family, .dst = a->group };
	if (ip_way(s->end.home, &q, &way))
		return NULL;
	return iface_by_handle(s->end.st, way.out_if);
}

static struct iface *iface_of(struct sock *s, const struct ask *a)
{
	struct leat_stack *st = s->end.st;
	if (a->ifindex)
		return iface_by_index(st, a->ifindex);
	const struct addr *at = ipaddr_is_zero(&a->by) ? NULL : addr_find(s->end.home, AF_INET, &a->by);
	return at ? iface_by_handle(st, at->if_handle) : by_route(s, a);
}

static bool is_group(const struct ask *a)
{
	return a->family == AF_INET6 ? ip6_is_multicast(&a->group.v6) : ip4_is_multicast(a->group.v4);
}

/* --- what is asked for --- */

static int join(struct sock *s, const struct ask *a, bool exclude)
{
	enum { MEMBERSHIPS_MAX = 20 }; /* Linux: net.ipv4.igmp_max_memberships */
	if (!is_group(a))
		return -EINVAL;
	struct iface *i = iface_of(s, a);
	if (!i)
		return -ENODEV;
	if (l4_group_find(&s->end, a->family, &a->group, i->handle))
		return -EADDRINUSE;
	if (a->family == AF_INET && l4_group_count(&s->end, AF_INET) >= MEMBERSHIPS_MAX)
		return -ENOBUFS;
	return l4_group_join(&s->end, i, a->family, &a->group, exclude);
}

static struct l4_membership *find(struct sock *s, const struct ask *a, const struct iface *i)
{
	return i ? l4_group_find(&s->end, a->family, &a->group, i->handle) : NULL;
}

/* Any of that group will do when no interface was named. */
static struct l4_membership *find_any(struct sock *s, const struct ask *a)
{
	struct l4_membership *m = s->end.more ? s->end.more->groups : NULL;
	while (m && !(m->family == a->family && ipaddr_eq(&m->group, &a->group)))
		m = m->next;
	return m;
}

static int leave(struct sock *s, const struct ask *a)
{
	bool named = a->ifindex || !ipaddr_is_zero(&a->by);
	struct iface *i = iface_of(s, a);
	if (!is_group(a))
		return -EINVAL;
	if (!named && !i && a->family == AF_INET)
		return -ENODEV;
	struct l4_membership *m = named ? find(s, a, i) : find_any(s, a);
	if (!m)
		return -EADDRNOTAVAIL;
	l4_group_leave(&s->end, m);
	return 0;
}

static uint32_t sources_of(const struct l4_membership *m, const struct ipaddr **ret)
{
	const struct mcast_sources *w = m->listener.want;
	*ret = w ? w->src : NULL;
	return w ? w->n : 0;
}

static int want_one_more(struct sock *s, struct l4_membership *m, bool exclude, const struct ipaddr *a)
{
	const struct ipaddr *old;
	uint32_t n = sources_of(m, &old),
		 max = m->family == AF_INET6 ? 64 : 10; /* mld_max_msf, igmp_max_msf */
	if (n >= max)
		return -ENOBUFS;
	struct ipaddr *list = calloc(n + 1, sizeof *list);
	if (!list)
		return -ENOBUFS;
	if (n)
		memcpy(list, old, n * sizeof *list);
	list[n] = *a;
	int err = l4_group_want(&s->end, m, exclude, list, n + 1);
	free(list);
	return err ? -ENOBUFS : 0;
}

static int want_one_less(struct sock *s, struct l4_membership *m, bool exclude, const struct ipaddr *a)
{
	const struct ipaddr *old;
	uint32_t n = sources_of(m, &old), left = 0;
	if (n == 1 && !exclude) { /* RFC 3678: nobody is left to listen to */
		l4_group_leave(&s->end, m);
		return 0;
	}
	struct ipaddr *list = calloc(n + 1, sizeof *list);
	if (!list)
		return -ENOBUFS;
	for (uint32_t i = 0; i < n; i++)
		if (!ipaddr_eq(&old[i], a))
			list[left++] = old[i];
	int err = l4_group_want(&s->end, m, exclude, list, left);
	free(list);
	return err ? -ENOBUFS : 0;
}

static bool has_source(const struct l4_membership *m, const struct ipaddr *a)
{
	const struct ipaddr *src;
	uint32_t n = sources_of(m, &src);
	for (uint32_t i = 0; i < n; i++)
		if (ipaddr_eq(&src[i], a))
			return true;
	return false;
}

/* Linux: ip_mc_source(). exclude: the list that is meant is one of those who are refused. */
static int source(struct sock *s, const struct ask *a, bool exclude, bool add)
{
	const struct ipaddr *src;
	if (!is_group(a))
		return -EINVAL;
	struct iface *i = iface_of(s, a);
	if (!i)
		return -ENODEV;
	struct l4_membership *m = find(s, a, i);
	if (!m)
		return -EINVAL;
	if (m->exclude != exclude && sources_of(m, &src))
		return -EINVAL;
	if (has_source(m, &a->source) == add)
		return -EADDRNOTAVAIL;
	return add ? want_one_more(s, m, exclude, &a->source) : want_one_less(s, m, exclude, &a->source);
}

static int join_source(struct sock *s, const struct ask *a)
{
	int err = join(s, a, false);
	return err && err != -EADDRINUSE ? err : source(s, a, false, true);
}

static int filter(struct sock *s, const struct ask *a, uint32_t mode, const struct ipaddr *src, uint32_t n)
{
	if (!is_group(a) || (mode != MCAST_INCLUDE && mode != MCAST_EXCLUDE))
		return -EINVAL;
	struct iface *i = iface_of(s, a);
	if (!i)
		return -ENODEV;
	struct l4_membership *m = find(s, a, i);
	if (!m)
		return mode == MCAST_INCLUDE && !n ? -EADDRNOTAVAIL : -EINVAL;
	if (mode == MCAST_INCLUDE && !n) {
		l4_group_leave(&s->end, m);
		return 0;
	}
	return l4_group_want(&s->end, m, mode == MCAST_EXCLUDE, src, n) ? -ENOBUFS : 0;
}

/* --- IPv4's own structures --- */

/* struct ip_mreq or what begins like struct ip_mreqn. */
static int read_mreq(const void *val, socklen_t len, struct ask *ret)
{
	struct ip_mreqn m = { 0 };
	if (len < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(&m, val, MIN((size_t)len, sizeof m));
	*ret = (struct ask){ .family = AF_INET, .ifindex = len >= sizeof m ? (uint32_t)m.imr_ifindex : 0 };
	memcpy(ret->group.b, &m.imr_multiaddr, 4);
	memcpy(ret->by.b, &m.imr_address, 4);
	return 0;
}

static int read_mreq_source(const void *val, socklen_t len, struct ask *ret)
{
	struct ip_mreq_source m;
	if (len != sizeof m)
		return -EINVAL;
	memcpy(&m, val, sizeof m);
	*ret = (struct ask){ .family = AF_INET };
	memcpy(ret->group.b, &m.imr_multiaddr, 4);
	memcpy(ret->by.b, &m.imr_interface, 4);
	memcpy(ret->source.b, &m.imr_sourceaddr, 4);
	return 0;
}

static int set_msfilter4(struct sock *s, const void *val, socklen_t len)
{
	struct ip_msfilter h;
	struct ipaddr src[SOURCES_MAX];
	size_t head = offsetof(struct ip_msfilter, imsf_slist);
	enum { MSF_MAX = 10 };
	if (len < head)
		return -EINVAL;
	memcpy(&h, val, head);
	if (h.imsf_numsrc > MSF_MAX)
		return -ENOBUFS;
	if (len < head + h.imsf_numsrc * 4u)
		return -EINVAL;
	struct ask a = { .family = AF_INET };
	memcpy(a.group.b, &h.imsf_multiaddr, 4);
	memcpy(a.by.b, &h.imsf_interface, 4);
	for (uint32_t i = 0; i < h.imsf_numsrc; i++) {
		src[i] = (struct ipaddr){ 0 };
		memcpy(src[i].b, (const char *)val + head + i * 4, 4);
	}
	return filter(s, &a, h.imsf_fmode, src, h.imsf_numsrc);
}

/* --- RFC 3678's, for both --- */

/* A struct sockaddr_storage at an offset of val. */
static bool read_storage(const void *val, size_t at, uint8_t family, struct ipaddr *ret)
{
	struct sockaddr_storage ss;
	memcpy(&ss, (const char *)val + at, sizeof ss);
	*ret = (struct ipaddr){ 0 };
	if (ss.ss_family != family)
		return false;
	if (family == AF_INET6)
		memcpy(ret->b, &((struct sockaddr_in6 *)&ss)->sin6_addr, 16);
	else
		memcpy(ret->b, &((struct sockaddr_in *)&ss)->sin_addr, 4);
	return true;
}

static int read_group(const void *val, socklen_t len, uint8_t family, bool with_source, struct ask *ret)
{
	size_t want = with_source ? sizeof(struct group_source_req) : sizeof(struct group_req);
	uint32_t ifindex;
	if (len < want || (with_source && len != want))
		return -EINVAL;
	memcpy(&ifindex, val, sizeof ifindex);
	*ret = (struct ask){ .family = family, .ifindex = ifindex };
	if (!read_storage(val, offsetof(struct group_req, gr_group), family, &ret->group))
		return with_source ? -EADDRNOTAVAIL : -EINVAL;
	if (with_source &&
	    !read_storage(val, offsetof(struct group_source_req, gsr_source), family, &ret->source))
		return -EADDRNOTAVAIL;
	return 0;
}

static int set_msfilter(struct sock *s, uint8_t family, const void *val, socklen_t len)
{
	struct ipaddr *src;
	uint32_t head[1], mode, n, max = family == AF_INET6 ? 64 : 10;
	size_t at = offsetof(struct group_filter, gf_slist);
	struct ask a = { .family = family };
	if (len < at)
		return -EINVAL;
	memcpy(head, val, sizeof head);
	memcpy(&mode, (const char *)val + offsetof(struct group_filter, gf_fmode), sizeof mode);
	memcpy(&n, (const char *)val + offsetof(struct group_filter, gf_numsrc), sizeof n);
	if (n > max)
		return -ENOBUFS;
	if (len < at + n * sizeof(struct sockaddr_storage))
		return -EINVAL;
	a.ifindex = head[0];
	if (!read_storage(val, offsetof(struct group_filter, gf_group), family, &a.group))
		return -EINVAL;
	src = calloc(n + 1, sizeof *src);
	int err = src ? 0 : -ENOBUFS;
	for (uint32_t i = 0; !err && i < n; i++)
		if (!read_storage(val, at + i * sizeof(struct sockaddr_storage), family, &src[i]))
			err = -EADDRNOTAVAIL;
	if (!err)
		err = filter(s, &a, mode, src, n);
	free(src);
	return err;
}

static int set_any(struct sock *s, uint8_t family, int name, const void *val, socklen_t len)
{
	struct ask a;
	if (name == MCAST_MSFILTER)
		return set_msfilter(s, family, val, len);
	int err = read_group(val, len, family, name != MCAST_JOIN_GROUP && name != MCAST_LEAVE_GROUP, &a);
	if (err)
		return err;
	switch (name) {
	case MCAST_JOIN_GROUP:
		return join(s, &a, true);
	case MCAST_LEAVE_GROUP:
		return leave(s, &a);
	case MCAST_JOIN_SOURCE_GROUP:
		return join_source(s, &a);
	case MCAST_LEAVE_SOURCE_GROUP:
		return source(s, &a, false, false);
	case MCAST_BLOCK_SOURCE:
		return source(s, &a, true, true);
	default:
		return source(s, &a, true, false);
	}
}

int sock_group_set4(struct sock *s, int name, const void *val, socklen_t len)
{
	struct ask a;
	int err;
	if (name >= MCAST_JOIN_GROUP && name <= MCAST_MSFILTER)
		return set_any(s, AF_INET, name, val, len);
	if (name == IP_MSFILTER)
		return set_msfilter4(s, val, len);
	if (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP) {
		err = read_mreq(val, len, &a);
		return err ? err : name == IP_ADD_MEMBERSHIP ? join(s, &a, true) : leave(s, &a);
	}
	err = read_mreq_source(val, len, &a);
	if (err)
		return err;
	if (name == IP_ADD_SOURCE_MEMBERSHIP)
		return join_source(s, &a);
	if (name == IP_DROP_SOURCE_MEMBERSHIP)
		return source(s, &a, false, false);
	return source(s, &a, true, name == IP_BLOCK_SOURCE);
}

int sock_group_set6(struct sock *s, int name, const void *val, socklen_t len)
{
	struct ipv6_mreq m;
	if (name >= MCAST_JOIN_GROUP && name <= MCAST_MSFILTER)
		return set_any(s, AF_INET6, name, val, len);
	if (len < sizeof m)
		return -EINVAL;
	memcpy(&m, val, sizeof m);
	struct ask a = { .family = AF_INET6, .ifindex = m.ipv6mr_interface };
	memcpy(a.group.b, &m.ipv6mr_multiaddr, 16);
	return name == IPV6_JOIN_GROUP ? join(s, &a, true) : leave(s, &a);
}

/* --- what is wanted now --- */

static int get_sources(struct sock *s, const struct ask *a, bool *ret_exclude, const struct ipaddr **ret_src,
		       uint32_t *ret_n)
{
	if (!is_group(a))
		return -EINVAL;
	struct iface *i = iface_of(s, a);
	if (!i)
		return a->family == AF_INET6 ? -EADDRNOTAVAIL : -ENODEV;
	struct l4_membership *m = find(s, a, i);
	if (!m)
		return -EADDRNOTAVAIL;
	*ret_exclude = m->exclude;
	*ret_n = sources_of(m, ret_src);
	return 0;
}

static int get_msfilter(struct sock *s, uint8_t family, void *val, socklen_t *len)
{
	size_t at = offsetof(struct group_filter, gf_slist);
	struct ask a = { .family = family };
	const struct ipaddr *src;
	uint32_t room, n;
	bool exclude;
	if (*len < at)
		return -EINVAL;
	memcpy(&a.ifindex, val, sizeof a.ifindex);
	memcpy(&room, (char *)val + offsetof(struct group_filter, gf_numsrc), sizeof room);
	if (!read_storage(val, offsetof(struct group_filter, gf_group), family, &a.group))
		return family == AF_INET6 ? -EINVAL : -EADDRNOTAVAIL;
	int err = get_sources(s, &a, &exclude, &src, &n);
	if (err)
		return err;
	room = (uint32_t)MIN((uint64_t)room, (*len - at) / sizeof(struct sockaddr_storage));
	for (uint32_t i = 0; i < MIN(room, n); i++) {
		struct sockaddr_storage ss = { .ss_family = family };
		if (family == AF_INET6)
			memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr, src[i].b, 16);
		else
			memcpy(&((struct sockaddr_in *)&ss)->sin_addr, src[i].b, 4);
		memcpy((char *)val + at + i * sizeof ss, &ss, sizeof ss);
	}
	uint32_t mode = exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
	memcpy((char *)val + offsetof(struct group_filter, gf_fmode), &mode, sizeof mode);
	memcpy((char *)val + offsetof(struct group_filter, gf_numsrc), &n, sizeof n);
	*len = (socklen_t)(at + MIN(room, n) * sizeof(struct sockaddr_storage));
	return 0;
}

int sock_group_get4(struct sock *s, int name, void *val, socklen_t *len)
{
	size_t at = offsetof(struct ip_msfilter, imsf_slist);
	struct ip_msfilter h;
	const struct ipaddr *src;
	uint32_t n;
	bool exclude;
	if (name == MCAST_MSFILTER)
		return get_msfilter(s, AF_INET, val, len);
	if (name != IP_MSFILTER)
		return -ENOPROTOOPT;
	if (*len < at)
		return -EINVAL;
	memcpy(&h, val, at);
	struct ask a = { .family = AF_INET };
	memcpy(a.group.b, &h.imsf_multiaddr, 4);
	memcpy(a.by.b, &h.imsf_interface, 4);
	int err = get_sources(s, &a, &exclude, &src, &n);
	if (err)
		return err;
	uint32_t room = (uint32_t)MIN((uint64_t)h.imsf_numsrc, (*len - at) / 4);
	for (uint32_t i = 0; i < MIN(room, n); i++)
		memcpy((char *)val + at + i * 4, src[i].b, 4);
	h.imsf_fmode = exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
	h.imsf_numsrc = n;
	memcpy(val, &h, at);
	*len = (socklen_t)(at + MIN(room, n) * 4);
	return 0;
}

int sock_group_get6(struct sock *s, int name, void *val, socklen_t *len)
{
	return name == MCAST_MSFILTER ? get_msfilter(s, AF_INET6, val, len) : -ENOPROTOOPT;
}
