/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/hostfollow.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* leat's MTU follows as long as it was the interface's. */
static void follow_mtu(struct hostfollow *f, uint32_t mtu)
{
	struct iface *i = f->dev->ifc;
	uint32_t most = f->mtu_most(f->dev, mtu);
	bool was_same = i->mtu == i->mtu_max;
	i->mtu_max = most;
	if (i->mtu > most || was_same)
		iface_set_mtu(i, most);
}

static int listen_to(struct hostfollow *f, int what, bool on)
{
	if (f->taken)
		return 0;
	struct packet_mreq m = { .mr_ifindex = (int)f->ifindex, .mr_type = (unsigned short)what };
	int op = on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP;
	return setsockopt(f->sock, SOL_PACKET, op, &m, sizeof m) ? -errno : 0;
}

/* A station with another address than the hardware's hears only what it listens to everything for. */
int hostfollow_set_mac(struct hostfollow *f, const uint8_t mac[6])
{
	bool was_other = memcmp(f->dev->ifc->mac, f->link.mac, ETH_ALEN),
	     is_other = memcmp(mac, f->link.mac, ETH_ALEN);
	return was_other == is_other ? 0 : listen_to(f, PACKET_MR_PROMISC, is_other);
}

static void follow_mac(struct hostfollow *f, const uint8_t mac[6])
{
	struct iface *i = f->dev->ifc;
	bool was_same = !memcmp(i->mac, f->link.mac, ETH_ALEN);
	if (!memcmp(mac, f->link.mac, ETH_ALEN))
		return;
	memcpy(f->link.mac, mac, ETH_ALEN);
	if (was_same) {
		/* iface_set_mac() finds "another" turn into "the same", and takes it back. */
		listen_to(f, PACKET_MR_PROMISC, true);
		iface_set_mac(i, mac);
	}
}

static void follow(struct hostfollow *f, const struct hostlink *now)
{
	struct iface *i = f->dev->ifc;
	if (now->present) {
		if (now->mtu != f->link.mtu)
			follow_mtu(f, now->mtu);
		follow_mac(f, now->mac);
		f->link.mtu = now->mtu;
		f->link.features = now->features;
		iface_set_can(i, f->features(f->dev, now));
		f->link.speed = now->speed;
		f->link.duplex = now->duplex;
		f->link.port = now->port;
	}
	f->link.present = now->present;
	f->link.carrier = now->carrier;
	iface_set_carrier(i, now->carrier);
}

static void link_changed(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct hostfollow *f = container_of(w, struct hostfollow, watch);
	struct hostlink now;
	if (!hostlink_changed(w->fd, f->ifindex))
		return;
	if (hostlink_read(f->sock, f->ifindex, &now) && f->link.present)
		rt_log(lc->rt, LOG_WARN, "%s: the interface is gone; leat's %s has no carrier any more",
		       f->ifname, f->dev->ifc->name);
	follow(f, &now);
}

bool hostfollow_link(const struct hostfollow *f, struct iface_link *ret)
{
	*ret = (struct iface_link){ .speed = f->link.speed, .duplex = f->link.duplex, .port = f->link.port };
	return f->link.present;
}

int hostfollow_init(struct hostfollow *f)
{
	f->watch = (struct fd_watch){ .fd = hostlink_watch(), .events = EPOLLIN, .ready = link_changed };
	int err = f->watch.fd < 0 ? f->watch.fd : hostlink_index(f->sock, f->ifname, &f->ifindex);
	if (!err)
		err = hostlink_read(f->sock, f->ifindex, &f->link);
	return err ? err : listen_to(f, PACKET_MR_ALLMULTI, true);
}

void hostfollow_done(struct hostfollow *f)
{
	if (f->watch.ready && f->watch.fd >= 0)
		close(f->watch.fd);
}

void hostfollow_fill(const struct hostfollow *f, struct iface_new *how)
{
	how->hw_type = ARPHRD_ETHER;
	how->flags = IFF_BROADCAST | IFF_MULTICAST;
	how->features = f->features(f->dev, &f->link);
	how->mtu_min = ETH_MIN_MTU;
	how->mtu = how->mtu_max = f->mtu_most(f->dev, f->link.mtu);
	memcpy(how->mac, f->link.mac, sizeof how->mac);
	memcpy(how->name, f->ifname, sizeof how->name);
}

int hostfollow_start(struct hostfollow *f)
{
	struct leat_runtime *rt = f->dev->st->rt;
	iface_set_carrier(f->dev->ifc, f->link.carrier);
	return rt->ops->fd_watch ? rt->ops->fd_watch(rt, rt->ctl, &f->watch) : 0;
}

void hostfollow_stop(struct hostfollow *f)
{
	struct leat_runtime *rt = f->dev->st->rt;
	if (rt->ops->fd_unwatch)
		rt->ops->fd_unwatch(rt, rt->ctl, &f->watch);
}
