/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices as ethtool sees them: driver, link, queues. */
#include "netlink/ethtool.h"

#include <stdio.h>
#include <string.h>

#include "net/link_fill.h"

/* Linux: a device without a driver has nothing to say of it. */
bool ethtool_driver(const struct iface *i, struct ethtool_drvinfo *ret)
{
	const char *kind = link_kind_of(i);
	if (!kind)
		return false;
	snprintf(ret->driver, sizeof ret->driver, "%s", kind);
	snprintf(ret->version, sizeof ret->version, "leat " LEAT_VERSION);
	ret->n_stats = ethtool_n_names(i, ETH_SS_STATS);
	return true;
}

bool ethtool_link(const struct iface *i, struct iface_link *ret)
{
	return i->ops->link && i->ops->link(i, ret);
}

bool ethtool_rings(const struct iface *i, struct ethtool_ringparam *ret)
{
	struct iface_rings s;
	if (!i->ops->rings)
		return false;
	i->ops->rings(i, &s);
	ret->rx_max_pending = s.rx_max;
	ret->rx_pending = s.rx;
	ret->tx_max_pending = s.tx_max;
	ret->tx_pending = s.tx;
	return true;
}

static uint32_t n_queues(const struct iface *i)
{
	struct iface_queue_stats s;
	uint32_t n = 0;
	while (i->ops->queue && i->ops->queue(i, n, &s))
		n++;
	return n;
}

/* As many as it was opened with. A pair has no queues of its own: each worker sends, and receives what it is sent. */
bool ethtool_channels(const struct iface *i, struct ethtool_channels *ret)
{
	uint32_t n = n_queues(i);
	if (n) {
		ret->max_combined = ret->combined_count = n;
		return true;
	}
	if (strcmp(i->ops->kind, "veth") != 0)
		return false;
	ret->max_rx = ret->max_tx = ret->rx_count = ret->tx_count = i->st->n_workers;
	return true;
}

/* How long what has come waits for more to come. */
bool ethtool_coalesce(const struct iface *i, struct ethtool_coalesce *ret)
{
	struct iface_rings s;
	if (!i->ops->rings)
		return false;
	i->ops->rings(i, &s);
	ret->rx_coalesce_usecs = s.rx_wait_us;
	return s.rx_wait_us != 0;
}

/* What comes in at the edge is spread (iface_input.c), not what comes in once more. One worker has nothing to spread. */
bool ethtool_spread(const struct iface *i, struct ethtool_spread *ret)
{
	const struct leat_stack *st = i->st;
	const struct bucket_map *m = st->view->root[VIEW_buckets];
	if (st->n_workers < 2 || i->ops->inward || !m)
		return false;
	*ret = (struct ethtool_spread){ st->n_workers, BUCKETS, m->worker, st->flow_key };
	return true;
}
