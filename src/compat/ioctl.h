/* SPDX-License-Identifier: BSD-2-Clause */
/* The ioctls of sockets that name interfaces, addresses, routes and neighbours, as ifconfig, route and arp use them. */
#ifndef LEAT_COMPAT_IOCTL_H
#define LEAT_COMPAT_IOCTL_H

#include "netlink/nl_sock.h"

enum { IOCTL_DATA_MAX = 512 };

/* data: the structure that the caller's argument points to, with what its own pointers point to behind it:
 *   ifreq; struct in6_ifreq (SIOCSIFADDR, SIOCDIFADDR of AF_INET6); struct arpreq; struct in6_rtmsg;
 *   SIOCADDRT, SIOCDELRT of AF_INET: struct rtentry, then 16 bytes of rt_dev's name, or none;
 *   SIOCETHTOOL: struct ifreq, struct ioctl_ethtool, then the command and its structure; back comes as much of that as fits, from
 *   .at on;
 *   SIOCGIFCONF: struct ioctl_ifconf; back comes one, with struct ifreqs behind it. */
struct ioctl_call {
	uint32_t cmd;
	uint16_t family; /* of the socket */
	struct nl_creds creds; /* the caller's */
	uint8_t *data; /* aligned for 8 bytes */
	size_t len_bytes; /* at first what came; becomes what goes back, at most IOCTL_DATA_MAX */
};

/* Addresses in pieces: `after` is the interface of the last address and how many of it have been told; both 0 at first. */
struct ioctl_ifconf {
	uint32_t ifindex, told;
	uint32_t more; /* back: there may be more, ask again with what came back */
	uint32_t pad;
};

/* Long answers in pieces: `at` is 0 at first. */
struct ioctl_ethtool {
	uint32_t at; /* bytes of the answer that have been told */
	uint32_t more; /* back: there is more, ask again with what came back */
};
enum { IOCTL_IFREQ = 40, IOCTL_ETHTOOL_AT = IOCTL_IFREQ + sizeof(struct ioctl_ethtool) };

/* 0 or -errno, Linux's; -ENOTTY for what is not known. Control lcore. */
int ioctl_run(struct leat_stack *st, struct ioctl_call *c);

#endif
