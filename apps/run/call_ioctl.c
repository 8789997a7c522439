/* SPDX-License-Identifier: BSD-2-Clause */
/* ioctl() of the commands that name interfaces, addresses, routes and neighbours, on any socket. The structures they point to are
 * read here, once, and answered by the daemon (compat/ioctl.h). */
#include "run/superv_internal.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "compat/ioctl.h"

enum {
	SIOC_LAST_OF_SOCKETS = 0x890a, /* up to here: owners, marks, timestamps */
	SIOCIW_FIRST = 0x8b00,
	IN6_IFREQ_BYTES = 24,
};

static int give(struct call *c, uint64_t to, const void *from, size_t len)
{
	/* Nobody but us holds the caller, and it may be gone: its number is then another's. */
	return call_is_alive(c) ? target_write(c->tid, to, from, len) : -ESRCH;
}

static void ask(struct call *c, int family, const void *data, size_t len,
		void (*answered)(struct call *, const struct sockd_rep *))
{
	struct sockd_req req = { .op = SOCKD_IOCTL, .data_len = (uint32_t)len };
	struct target_who who;
	int err = target_who(c->s, c->tid, &who);

	if (err) {
		call_fail(c, err);
		return;
	}
	req.ioctl.cmd = (uint32_t)c->arg[1];
	req.ioctl.family = (uint32_t)family;
	req.ioctl.rights = who.net_admin ? SOCKD_RIGHT_ADMIN : 0;
	memcpy(req.data, data, len);
	call_ask(c, &req, NULL, 0, answered);
}

/* What came back lies where the question lay. */
static void given_back(struct call *c, const struct sockd_rep *rep)
{
	int err = rep->err;

	if (!err && rep->data_len)
		err = give(c, c->arg[2], rep->data, rep->data_len);
	if (err)
		call_fail(c, err);
	else
		call_return(c, 0);
}

static void plain(struct call *c, int family, size_t len)
{
	uint8_t data[IOCTL_DATA_MAX];
	int err = target_read(c->tid, c->arg[2], data, len);

	if (err)
		call_fail(c, err);
	else
		ask(c, family, data, len, given_back);
}

/* --- SIOCGIFCONF: the answer may be long, and comes in pieces --- */

static void conf_piece(struct call *c, const struct sockd_rep *rep)
{
	struct ioctl_ifconf at;
	struct ifconf conf;
	size_t len = rep->data_len - sizeof at, room;
	int err = rep->err ? rep->err : target_read(c->tid, c->arg[2], &conf, sizeof conf);

	if (!err && rep->data_len < sizeof at)
		err = -EIO;
	if (err) {
		call_fail(c, err);
		return;
	}
	memcpy(&at, rep->data, sizeof at);
	if (conf.ifc_buf) { /* else only the length is wanted */
		room = (uint32_t)conf.ifc_len > c->part[0] ? (uint32_t)conf.ifc_len - c->part[0] : 0;
		at.more &= room >= len;
		len = MIN(len, room / sizeof(struct ifreq) * sizeof(struct ifreq));
		err = give(c, (uint64_t)(uintptr_t)conf.ifc_buf + c->part[0], rep->data + sizeof at, len);
	}
	c->part[0] += len;
	if (!err && at.more) {
		ask(c, AF_INET, &at, sizeof at, conf_piece);
		return;
	}
	conf.ifc_len = (int)c->part[0];
	if (!err)
		err = give(c, c->arg[2], &conf, sizeof conf);
	if (err)
		call_fail(c, err);
	else
		call_return(c, 0);
}

static void conf(struct call *c)
{
	struct ioctl_ifconf at = { 0 };
	struct ifconf conf;
	int err = target_read(c->tid, c->arg[2], &conf, sizeof conf);

	if (!err && conf.ifc_len < 0)
		err = -EINVAL;
	if (err)
		call_fail(c, err);
	else
		ask(c, AF_INET, &at, sizeof at, conf_piece);
}

/* --- structures with pointers --- */

/* As much of a name as can be read: it may end just before memory does. */
static size_t read_name(pid_t tid, uint64_t addr, char to[IFNAMSIZ])
{
	size_t n = 0;

	while (n < IFNAMSIZ - 1 && !target_read(tid, addr + n, to + n, 1) && to[n])
		n++;
	to[n] = '\0';
	return n;
}

static void route4(struct call *c)
{
	uint8_t data[sizeof(struct rtentry) + IFNAMSIZ];
	struct rtentry e;
	size_t len = sizeof e;
	int err = target_read(c->tid, c->arg[2], &e, sizeof e);

	if (err) {
		call_fail(c, err);
		return;
	}
	if (e.rt_dev) {
		if (!read_name(c->tid, (uint64_t)(uintptr_t)e.rt_dev, (char *)data + sizeof e)) {
			call_fail(c, -ENODEV);
			return;
		}
		len += IFNAMSIZ;
	}
	e.rt_dev = NULL;
	memcpy(data, &e, sizeof e);
	ask(c, AF_INET, data, len, given_back);
}

/* What of a command's structure says what is asked; the rest is only written. */
static size_t ethtool_len(uint32_t cmd)
{
	static const struct {
		uint32_t cmd, len;
	} known[] = {
		{ ETHTOOL_GDRVINFO, sizeof cmd },
		{ ETHTOOL_GSTRINGS, sizeof(struct ethtool_gstrings) },
		{ ETHTOOL_GSSET_INFO, sizeof(struct ethtool_sset_info) },
		{ ETHTOOL_GRSSH, sizeof(struct ethtool_rxfh) },
		{ ETHTOOL_GLINKSETTINGS, sizeof(struct ethtool_link_settings) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].cmd == cmd)
			return known[i].len;
	return sizeof(struct ethtool_value);
}

/* The answer comes in pieces. */
static void ethtool_ask(struct call *c, const struct ioctl_ethtool *at);

static void ethtool_piece(struct call *c, const struct sockd_rep *rep)
{
	struct ioctl_ethtool at;
	struct ifreq r;
	int err = rep->err ? rep->err : target_read(c->tid, c->arg[2], &r, sizeof r);
	bool whole = err || rep->data_len <= IOCTL_ETHTOOL_AT; /* nothing to give back */

	if (!whole) {
		memcpy(&at, rep->data + sizeof r, sizeof at);
		err = give(c, (uint64_t)(uintptr_t)r.ifr_data + c->part[0], rep->data + IOCTL_ETHTOOL_AT,
			   rep->data_len - IOCTL_ETHTOOL_AT);
		c->part[0] = at.at;
	}
	if (err)
		call_fail(c, err);
	else if (!whole && at.more)
		ethtool_ask(c, &at);
	else
		call_return(c, 0);
}

static void ethtool_ask(struct call *c, const struct ioctl_ethtool *at)
{
	uint8_t data[IOCTL_DATA_MAX];
	struct ifreq r;
	uint32_t cmd;
	size_t len = sizeof cmd;
	int err = target_read(c->tid, c->arg[2], &r, sizeof r);

	if (!err)
		err = target_read(c->tid, (uint64_t)(uintptr_t)r.ifr_data, &cmd, sizeof cmd);
	if (err) {
		call_fail(c, err);
		return;
	}
	memcpy(data, &r, sizeof r);
	memcpy(data + sizeof r, at, sizeof *at);
	memcpy(data + IOCTL_ETHTOOL_AT, &cmd, sizeof cmd);
	if (!target_read(c->tid, (uint64_t)(uintptr_t)r.ifr_data, data + IOCTL_ETHTOOL_AT, ethtool_len(cmd)))
		len = ethtool_len(cmd);
	ask(c, AF_INET, data, IOCTL_ETHTOOL_AT + len, ethtool_piece);
}

static void ethtool(struct call *c)
{
	ethtool_ask(c, &(struct ioctl_ethtool){ 0 });
}

/* --- all --- */

/* Marks, owners and timestamps are the socket's own business. */
static bool is_of_socket(const struct call *c)
{
	return (uint32_t)c->arg[1] <= SIOC_LAST_OF_SOCKETS;
}

static size_t len_of(uint32_t cmd, int family)
{
	switch (cmd) {
	case SIOCGARP:
	case SIOCSARP:
	case SIOCDARP:
		return sizeof(struct arpreq);
	case SIOCADDRT:
	case SIOCDELRT:
		return sizeof(struct in6_rtmsg);
	case SIOCSIFADDR:
	case SIOCDIFADDR:
	case SIOCSIFDSTADDR:
		return family == AF_INET6 ? IN6_IFREQ_BYTES : sizeof(struct ifreq);
	}
	return sizeof(struct ifreq);
}

static int family_of(const struct call *c)
{
	int fd = target_fd(c->s, c->tid, c->arg[0]), family;

	if (fd < 0)
		return 0;
	family = inet_family(fd);
	close(fd);
	return call_is_alive(c) ? family : 0;
}

void call_ioctl(struct call *c)
{
	uint32_t cmd = (uint32_t)c->arg[1];
	int family = is_of_socket(c) ? 0 : family_of(c);

	if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
		call_continue(c);
	else if (cmd >= SIOCIW_FIRST)
		call_fail(c, -EOPNOTSUPP);
	else if (cmd == SIOCGIFCONF)
		conf(c);
	else if (cmd == SIOCETHTOOL)
		ethtool(c);
	else if (family == AF_INET && (cmd == SIOCADDRT || cmd == SIOCDELRT))
		route4(c);
	else
		plain(c, family, len_of(cmd, family));
}
