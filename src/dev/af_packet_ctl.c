/* SPDX-License-Identifier: BSD-2-Clause */
/* How an AF_PACKET device comes, follows its interface, and goes. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dev/af_packet.h"
#include "dev/options.h"

enum { FRAME_LARGE = ETH_HLEN + 4 + 65535, RX_SLOTS_LARGE = 255, TX_SLOTS_LARGE = 120, SLOTS_SMALL = 1024 };

static uint32_t features_of(const struct af_packet *a)
{
	uint32_t always = IFACE_TX_SG | IFACE_TX_VLAN;
	return a->vnet ? always | IFACE_TX_CSUM | a->link.features : always;
}

/* --- following the interface --- */

/* leat's MTU follows as long as it was the interface's. */
static void follow_mtu(struct af_packet *a, uint32_t mtu)
{
	struct iface *i = a->dev.ifc;
	uint32_t most = a->vnet ? mtu : MIN(mtu, a->frame_max - ETH_HLEN - 4);
	bool was_same = i->mtu == i->mtu_max;
	i->mtu_max = most;
	if (i->mtu > most || was_same)
		iface_set_mtu(i, most);
}

/* A station with another address than the hardware's hears only what it listens to everything for. */
static int hear_all(struct af_packet *a, bool on)
{
	struct packet_mreq m = { .mr_ifindex = (int)a->ifindex, .mr_type = PACKET_MR_PROMISC };
	return setsockopt(a->dev.fd, SOL_PACKET, on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &m,
			  sizeof m)
		       ? -errno
		       : 0;
}

static int packet_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	struct af_packet *a = ifc->driver;
	bool was_other = memcmp(ifc->mac, a->link.mac, ETH_ALEN),
	     is_other = memcmp(mac, a->link.mac, ETH_ALEN);
	return was_other == is_other ? 0 : hear_all(a, is_other);
}

static void follow_mac(struct af_packet *a, const uint8_t mac[6])
{
	struct iface *i = a->dev.ifc;
	bool was_same = !memcmp(i->mac, a->link.mac, ETH_ALEN);
	if (!memcmp(mac, a->link.mac, ETH_ALEN))
		return;
	memcpy(a->link.mac, mac, ETH_ALEN);
	if (was_same) {
		/* iface_set_mac() finds "another" turn into "the same", and takes it back. */
		hear_all(a, true);
		iface_set_mac(i, mac);
	}
}

static void follow(struct af_packet *a, const struct hostlink *now)
{
	struct iface *i = a->dev.ifc;
	if (now->present) {
		if (now->mtu != a->link.mtu)
			follow_mtu(a, now->mtu);
		follow_mac(a, now->mac);
		a->link.mtu = now->mtu;
		a->link.features = now->features;
		racy_set(i->features, features_of(a));
	}
	a->link.present = now->present;
	a->link.carrier = now->carrier;
	iface_set_carrier(i, now->carrier);
}

static void link_changed(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct af_packet *a = container_of(w, struct af_packet, link_watch);
	struct hostlink now;
	if (!hostlink_changed(w->fd, a->ifindex))
		return;
	if (hostlink_read(a->dev.fd, a->ifindex, &now) && a->link.present)
		rt_log(lc->rt, LOG_WARN, "%s: the interface is gone; leat's %s has no carrier any more",
		       a->ifname, a->dev.ifc->name);
	follow(a, &now);
}

/* --- going --- */

static void packet_stop(struct iface *ifc)
{
	struct af_packet *a = ifc->driver;
	struct leat_runtime *rt = ifc->st->rt;
	hostdev_stop(&a->dev);
	rt->ops->pause(rt);
	lcore_timer_stop(hostdev_worker(&a->dev)->lc, &a->retry);
	af_packet_give_up(a, hostdev_worker(&a->dev), DROP_IF_GONE);
	rt->ops->resume(rt);
	if (rt->ops->fd_unwatch)
		rt->ops->fd_unwatch(rt, rt->ctl, &a->link_watch);
}

/* Everything af_packet_open() took, in reverse; also when it got half of it. */
static void release(struct af_packet *a)
{
	packet_rings_unmap(&a->ring);
	if (a->link_watch.fd >= 0)
		close(a->link_watch.fd);
	if (a->dev.fd >= 0) {
		close(a->dev.fd);
		a->dev.host->give_back(a->dev.host, a->ifname);
	}
	mem_uncharge(&a->dev.st->mem, a->charged_bytes);
	mem_free(a);
}

static void packet_free(struct iface *ifc)
{
	release(ifc->driver);
}

static void packet_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct af_packet *a = ifc->driver;
	char lcore[HOSTDEV_LCORE_WORDS];
	snprintf(to, len, "af_packet:%s,vnet=%d%s,slots=%u", a->ifname, a->vnet,
		 hostdev_lcore_words(&a->dev, lcore), a->ring.rx.n);
}

static const struct iface_ops packet_ops = {
	.kind = "af_packet",
	.xmit = hostdev_xmit,
	.set_mac = packet_set_mac,
	.stop = packet_stop,
	.free = packet_free,
	.describe = packet_describe,
};

/* --- coming --- */

struct packet_words {
	uint64_t lcore, slots;
	bool vnet;
};

static const struct dev_option packet_options[] = {
	{ "vnet", DEV_OPT_BOOL, offsetof(struct packet_words, vnet), 0, 1 },
	{ "lcore", DEV_OPT_U64, offsetof(struct packet_words, lcore), 0, LCORE_MAX - 2 },
	{ "slots", DEV_OPT_U64, offsetof(struct packet_words, slots), 16, 65536 },
	{ 0 },
};

static int set_option(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof value) ? -errno : 0;
}

/* Before the rings, which fix the layout, and before the bind, which starts the flow. */
static int set_options(struct af_packet *a)
{
	const struct {
		int name, value;
	} opts[] = {
		{ PACKET_VERSION, TPACKET_V2 }, { PACKET_VNET_HDR, a->vnet }, { PACKET_IGNORE_OUTGOING, 1 },
		{ PACKET_QDISC_BYPASS, 1 },     { PACKET_LOSS, 1 },
	};
	int err = 0;
	for (unsigned i = 0; !err && i < ARRAY_SIZE(opts); i++)
		err = set_option(a->dev.fd, opts[i].name, opts[i].value);
	return err;
}

static int map_rings(struct af_packet *a, const struct packet_words *o)
{
	uint32_t rx = o->slots ? (uint32_t)o->slots : a->vnet ? RX_SLOTS_LARGE : SLOTS_SMALL;
	uint32_t tx = a->vnet ? TX_SLOTS_LARGE : SLOTS_SMALL;
	a->frame_max = a->vnet ? FRAME_LARGE : a->link.mtu + ETH_HLEN + 4;
	int err = packet_rings_map(a->dev.fd, a->frame_max, rx, tx, &a->ring);
	if (err)
		return err;
	err = mem_charge(&a->dev.st->mem, a->ring.len_bytes);
	a->charged_bytes = err ? 0 : a->ring.len_bytes;
	return err;
}

static int bind_to(struct af_packet *a)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = __builtin_bswap16(ETH_P_ALL),
				  .sll_ifindex = (int)a->ifindex };
	struct packet_mreq groups = { .mr_ifindex = (int)a->ifindex, .mr_type = PACKET_MR_ALLMULTI };
	if (bind(a->dev.fd, (struct sockaddr *)&ll, sizeof ll) ||
	    setsockopt(a->dev.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &groups, sizeof groups))
		return -errno;
	return 0;
}

static int open_socket(struct af_packet *a, const struct packet_words *o, char *ret_why, size_t why_len)
{
	const char *step = "reading its state";
	a->link_watch.fd = hostlink_watch();
	int err = a->link_watch.fd < 0 ? a->link_watch.fd : hostlink_index(a->dev.fd, a->ifname, &a->ifindex);
	if (!err)
		err = hostlink_read(a->dev.fd, a->ifindex, &a->link);
	if (!err) {
		step = "packet socket options";
		err = set_options(a);
	}
	if (!err) {
		step = "the rings (memory; see slots=N and --budget)";
		err = map_rings(a, o);
	}
	if (!err) {
		step = "bind";
		err = bind_to(a);
	}
	if (err)
		snprintf(ret_why, why_len, "%s: %s", step, strerror(-err));
	return err;
}

/* Registers it. From then on iface_delete() releases a. */
static int add_iface(struct af_packet *a, const struct packet_words *o)
{
	struct leat_runtime *rt = a->dev.st->rt;
	struct iface_new how = { .ops = &packet_ops,
				 .driver = a,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = features_of(a),
				 .mtu = a->link.mtu,
				 .mtu_min = ETH_MIN_MTU,
				 .mtu_max = a->link.mtu };
	memcpy(how.mac, a->link.mac, sizeof how.mac);
	memcpy(how.name, a->ifname, sizeof how.name);
	int err = iface_add(a->dev.st, &how, &a->dev.ifc);
	if (err) {
		release(a);
		return err;
	}
	iface_set_carrier(a->dev.ifc, a->link.carrier);
	a->link_watch.events = EPOLLIN;
	a->link_watch.ready = link_changed;
	err = hostdev_start(&a->dev, o->lcore == UINT64_MAX ? -1 : (int)o->lcore, a->dev.ifc->ifindex);
	if (!err && rt->ops->fd_watch)
		err = rt->ops->fd_watch(rt, rt->ctl, &a->link_watch);
	if (err)
		iface_delete(a->dev.ifc);
	return err;
}

int af_packet_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		   size_t why_len)
{
	struct packet_words o = { .vnet = true, .lcore = UINT64_MAX };
	struct dev_host *h = container_of(iface_kind_find(st, "af_packet"), struct dev_host, af_packet);
	int err = dev_options(packet_options, options, &o, ret_why, why_len);
	if (!err)
		err = hostdev_check_lcore(st, o.lcore, ret_why, why_len);
	if (err)
		return err;
	struct af_packet *a = mem_zalloc(&st->mem, sizeof *a);
	if (!a)
		return -ENOMEM;
	a->vnet = o.vnet;
	a->dev.st = st;
	a->dev.host = h;
	a->link_watch.fd = -1;
	af_packet_init_queue(a);
	snprintf(a->ifname, sizeof a->ifname, "%s", ifname);
	a->dev.fd = h->hold_interface(h, ifname, !o.vnet, ret_why, why_len);
	err = a->dev.fd < 0 ? a->dev.fd : open_socket(a, &o, ret_why, why_len);
	if (!err)
		return add_iface(a, &o);
	release(a);
	return err;
}
