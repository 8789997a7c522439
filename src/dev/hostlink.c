/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink says when, ioctls say what: then a message that got lost costs nothing but a look. */
#include "dev/hostlink.h"

#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/iface.h"

enum { FEATURES_MAX = 128 };

static int ethtool(int sock, struct ifreq *r, void *cmd)
{
	r->ifr_data = cmd;
	return ioctl(sock, SIOCETHTOOL, r) ? -errno : 0;
}

/* --- features by name: their numbers differ between kernels --- */

static const struct {
	const char *name;
	uint32_t feature;
} wanted[] = {
	{ "tx-tcp-segmentation", IFACE_TX_TSO4 },
	{ "tx-tcp6-segmentation", IFACE_TX_TSO6 },
	{ "tx-udp-segmentation", IFACE_TX_USO },
};

static unsigned n_features(int sock, struct ifreq *r)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t n;
	} q = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	return ethtool(sock, r, &q) || !q.info.sset_mask ? 0 : MIN(q.n, (uint32_t)FEATURES_MAX);
}

static uint32_t read_features(int sock, struct ifreq *r)
{
	struct {
		struct ethtool_gstrings head;
		char name[FEATURES_MAX][ETH_GSTRING_LEN];
	} s = { .head = { .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES } };
	struct {
		struct ethtool_gfeatures head;
		struct ethtool_get_features_block block[FEATURES_MAX / 32];
	} f = { .head = { .cmd = ETHTOOL_GFEATURES, .size = FEATURES_MAX / 32 } };
	uint32_t found = 0;
	s.head.len = n_features(sock, r);
	if (!s.head.len || ethtool(sock, r, &s) || ethtool(sock, r, &f))
		return 0;
	for (unsigned i = 0; i < s.head.len && i / 32 < f.head.size; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(wanted); k++)
			if (f.block[i / 32].active >> i % 32 & 1 && !strcmp(s.name[i], wanted[k].name))
				found |= wanted[k].feature;
	return found;
}

/* IFF_RUNNING follows the carrier with a delay; the driver is asked first, where it can say. */
static bool read_carrier(int sock, struct ifreq *r)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	struct ifreq copy = *r;
	if (ioctl(sock, SIOCGIFFLAGS, r) || !(r->ifr_flags & IFF_UP))
		return false;
	return ethtool(sock, &copy, &link) ? r->ifr_flags & IFF_RUNNING : link.data != 0;
}

/* ETHTOOL_GLINKSETTINGS is asked twice: first it says how many words of modes there are, as a negative number. */
static void read_link(int sock, struct ifreq *r, struct hostlink *l)
{
	struct {
		struct ethtool_link_settings s;
		uint32_t modes[3 * SCHAR_MAX];
	} q = { .s = { .cmd = ETHTOOL_GLINKSETTINGS } };
	l->speed = (uint32_t)SPEED_UNKNOWN;
	l->duplex = DUPLEX_UNKNOWN;
	l->port = PORT_OTHER;
	if (ethtool(sock, r, &q) || q.s.link_mode_masks_nwords >= 0)
		return;
	q.s = (struct ethtool_link_settings){ .cmd = ETHTOOL_GLINKSETTINGS,
					      .link_mode_masks_nwords = (int8_t)-q.s.link_mode_masks_nwords };
	if (ethtool(sock, r, &q))
		return;
	l->speed = q.s.speed;
	l->duplex = q.s.duplex;
	l->port = q.s.port;
}

int hostlink_index(int sock, const char *ifname, unsigned *ret_ifindex)
{
	struct ifreq r = { 0 };
	strncpy(r.ifr_name, ifname, sizeof r.ifr_name - 1);
	if (ioctl(sock, SIOCGIFINDEX, &r))
		return -ENODEV;
	*ret_ifindex = (unsigned)r.ifr_ifindex;
	return 0;
}

int hostlink_read(int sock, unsigned ifindex, struct hostlink *ret)
{
	struct ifreq r = { .ifr_ifindex = (int)ifindex };
	struct hostlink l = { .present = true };
	*ret = (struct hostlink){ 0 };
	if (ioctl(sock, SIOCGIFNAME, &r)) /* it may have been renamed */
		return -ENODEV;
	if (ioctl(sock, SIOCGIFMTU, &r))
		return -ENODEV;
	l.mtu = (uint32_t)r.ifr_mtu;
	if (ioctl(sock, SIOCGIFHWADDR, &r))
		return -ENODEV;
	memcpy(l.mac, r.ifr_hwaddr.sa_data, sizeof l.mac);
	l.carrier = read_carrier(sock, &r);
	l.features = read_features(sock, &r);
	read_link(sock, &r, &l);
	*ret = l;
	return 0;
}

unsigned hostlink_rx_queues(int sock, const char *ifname)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq r = { 0 };
	strncpy(r.ifr_name, ifname, sizeof r.ifr_name - 1);
	if (ethtool(sock, &r, &c))
		return 1;
	return MAX(1U, c.combined_count + c.rx_count);
}

/* --- when --- */

int hostlink_watch(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof a)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static bool is_about(const struct nlmsghdr *h, int left, unsigned ifindex)
{
	for (; NLMSG_OK(h, (unsigned)left); h = NLMSG_NEXT(h, left)) {
		const struct ifinfomsg *i = NLMSG_DATA(h);
		if (h->nlmsg_len >= NLMSG_LENGTH(sizeof *i) && (unsigned)i->ifi_index == ifindex)
			return true;
	}
	return false;
}

bool hostlink_changed(int watch_fd, unsigned ifindex)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	bool yes = false;
	for (;;) {
		ssize_t n = recv(watch_fd, buf, sizeof buf, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ENOBUFS)
			return yes;
		yes |= n < 0 || n > (ssize_t)sizeof buf || is_about((struct nlmsghdr *)buf, (int)n, ifindex);
	}
}
