/* SPDX-License-Identifier: BSD-2-Clause */
/* SIOCETHTOOL, as far as there is something to say of leat's devices. Newer programs ask by netlink. */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <stdio.h>

#include "net/link_fill.h"

/* What stands behind the struct ifreq, cut or filled with zeroes to the length of the answer. */
struct ask {
	const struct iface *i;
	uint8_t *data;
	size_t room, len;
};

static void take(struct ask *a, void *to, size_t len)
{
	memset(to, 0, len);
	memcpy(to, a->data, MIN(a->room, len));
}

static int give(struct ask *a, const void *from, size_t len)
{
	memcpy(a->data, from, len);
	a->len = len;
	return 0;
}

static int give_value(struct ask *a, uint32_t value)
{
	struct ethtool_value v;
	take(a, &v, sizeof v);
	v.data = value;
	return give(a, &v, sizeof v);
}

static int get_driver(struct ask *a)
{
	struct ethtool_drvinfo d;
	const char *kind = link_kind_of(a->i);
	memset(&d, 0, sizeof d);
	d.cmd = ETHTOOL_GDRVINFO;
	snprintf(d.driver, sizeof d.driver, "%s", kind ? kind : a->i->ops->kind);
	snprintf(d.version, sizeof d.version, "leat " LEAT_VERSION);
	return give(a, &d, sizeof d);
}

static int get_link(struct ask *a)
{
	return give_value(a, iface_is_up(a->i));
}

static int get_settings(struct ask *a)
{
	struct iface_link l;
	struct ethtool_cmd s;
	if (!a->i->ops->link || !a->i->ops->link(a->i, &l))
		return -EOPNOTSUPP;
	memset(&s, 0, sizeof s);
	s.cmd = ETHTOOL_GSET;
	s.duplex = l.duplex;
	s.port = l.port;
	ethtool_cmd_speed_set(&s, l.speed);
	return give(a, &s, sizeof s);
}

static int get_features(struct ask *a)
{
	static const struct {
		uint32_t cmd, feature;
	} of[] = {
		{ ETHTOOL_GTXCSUM, IFACE_TX_CSUM },
		{ ETHTOOL_GSG, IFACE_TX_SG },
		{ ETHTOOL_GTSO, IFACE_TX_TSO4 },
	};
	uint32_t cmd;
	take(a, &cmd, sizeof cmd);
	for (unsigned k = 0; k < ARRAY_SIZE(of); k++)
		if (cmd == of[k].cmd)
			return give_value(a, !!(a->i->features & of[k].feature));
	return -EOPNOTSUPP;
}

static const struct {
	uint32_t cmd;
	int (*fn)(struct ask *a);
} asks[] = {
	{ ETHTOOL_GSET, get_settings },    { ETHTOOL_GDRVINFO, get_driver }, { ETHTOOL_GLINK, get_link },
	{ ETHTOOL_GTXCSUM, get_features }, { ETHTOOL_GSG, get_features },    { ETHTOOL_GTSO, get_features },
};

int ioctl_ethtool(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct ask a = { .i = i, .data = c->data + sizeof *r, .room = c->len_bytes - sizeof *r };
	uint32_t cmd;
	take(&a, &cmd, sizeof cmd);
	for (unsigned k = 0; k < ARRAY_SIZE(asks); k++) {
		if (asks[k].cmd != cmd)
			continue;
		int err = asks[k].fn(&a);
		c->len_bytes = sizeof *r + a.len;
		return err;
	}
	return -EOPNOTSUPP;
}
