/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of netlink sockets: SOL_NETLINK, and the few of SOL_SOCKET that mean something here. */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <sys/socket.h>

/* Options that are a bit of the socket. */
static const struct {
	int name;
	unsigned flag;
	bool admin;
} flag_options[] = {
	{ NETLINK_PKTINFO, NL_F_PKTINFO },       { NETLINK_BROADCAST_ERROR, NL_F_BROADCAST_ERROR },
	{ NETLINK_NO_ENOBUFS, NL_F_NO_ENOBUFS }, { NETLINK_LISTEN_ALL_NSID, NL_F_LISTEN_ALL, .admin = true },
	{ NETLINK_CAP_ACK, NL_F_CAP_ACK },       { NETLINK_EXT_ACK, NL_F_EXT_ACK },
	{ NETLINK_GET_STRICT_CHK, NL_F_STRICT },
};

static int set_group(struct nl_sock *s, uint32_t group, bool member)
{
	if (group == 0 || group > s->proto->n_groups)
		return -EINVAL;
	if (member)
		bit_set(s->groups, group);
	else
		bit_clear(s->groups, group);
	return 0;
}

static int set_netlink(struct nl_sock *s, int name, uint32_t v)
{
	if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP)
		return set_group(s, v, name == NETLINK_ADD_MEMBERSHIP);
	for (unsigned i = 0; i < ARRAY_SIZE(flag_options); i++) {
		if (flag_options[i].name != name)
			continue;
		if (flag_options[i].admin && !s->creds.may_configure)
			return -EPERM;
		s->flags = v ? s->flags | flag_options[i].flag : s->flags & ~flag_options[i].flag;
		if (name == NETLINK_NO_ENOBUFS && v)
			s->congested = false;
		return 0;
	}
	return -ENOPROTOOPT;
}

/* Linux doubles what is asked for, bounds it, and lets only FORCE pass the bound. */
static int set_buffer(struct nl_sock *s, uint32_t *field, uint32_t v, bool force)
{
	if (force && !s->creds.may_configure)
		return -EPERM;
	if (!force)
		v = MIN(v, (uint32_t)NL_BUF_DEFAULT);
	v = MIN(v, (uint32_t)INT32_MAX / 2);
	*field = MAX(v * 2, (uint32_t)NL_BUF_MIN);
	return 0;
}

static int set_socket(struct nl_sock *s, int name, uint32_t v)
{
	switch (name) {
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		return set_buffer(s, &s->rcvbuf, v, name == SO_RCVBUFFORCE);
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		return set_buffer(s, &s->sndbuf, v, name == SO_SNDBUFFORCE);
	default:
		return -ENOPROTOOPT;
	}
}

int nl_sock_setsockopt(struct nl_sock *s, int level, int name, const void *val, size_t len_bytes)
{
	uint32_t v;
	if (level != SOL_NETLINK && level != SOL_SOCKET)
		return -ENOPROTOOPT;
	if (len_bytes < sizeof v)
		return -EINVAL;
	memcpy(&v, val, sizeof v);
	return level == SOL_NETLINK ? set_netlink(s, name, v) : set_socket(s, name, v);
}

/* Linux: a bitmap of 32-bit words, bit 0 being group 1; the length told is what would be needed. */
static int list_memberships(const struct nl_sock *s, void *val, size_t *len_bytes)
{
	size_t need = (s->proto->n_groups + 31) / 32 * 4, room = *len_bytes;
	for (size_t i = 0; i < need / 4 && (i + 1) * 4 <= room; i++) {
		uint32_t word = 0;
		for (unsigned k = 0; k < 32; k++)
			if (i * 32 + k + 1 < NL_GROUPS_MAX && bit_test(s->groups, (unsigned)i * 32 + k + 1))
				word |= 1u << k;
		memcpy((uint8_t *)val + i * 4, &word, sizeof word);
	}
	*len_bytes = need;
	return 0;
}

static int get_int(const struct nl_sock *s, int level, int name, int *ret)
{
	if (level == SOL_NETLINK) {
		for (unsigned i = 0; i < ARRAY_SIZE(flag_options); i++) {
			if (flag_options[i].name != name)
				continue;
			*ret = (s->flags & flag_options[i].flag) != 0;
			return 0;
		}
		return -ENOPROTOOPT;
	}
	switch (name) {
	case SO_RCVBUF:
		*ret = (int)s->rcvbuf;
		return 0;
	case SO_SNDBUF:
		*ret = (int)s->sndbuf;
		return 0;
	case SO_PROTOCOL:
		*ret = s->proto->protocol;
		return 0;
	case SO_DOMAIN:
		*ret = AF_NETLINK;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int nl_sock_getsockopt(struct nl_sock *s, int level, int name, void *val, size_t *len_bytes)
{
	int v;
	if (level != SOL_NETLINK && level != SOL_SOCKET)
		return -ENOPROTOOPT;
	if (level == SOL_NETLINK && name == NETLINK_LIST_MEMBERSHIPS)
		return list_memberships(s, val, len_bytes);
	int err = get_int(s, level, name, &v);
	if (err)
		return err;
	if (level == SOL_NETLINK && *len_bytes < sizeof v)
		return -EINVAL;
	*len_bytes = MIN(*len_bytes, sizeof v);
	memcpy(val, &v, *len_bytes);
	return 0;
}

bool nl_sock_wants_pktinfo(const struct nl_sock *s)
{
	return s->flags & NL_F_PKTINFO;
}
