/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of endpoints, named as on Linux. */
#include "l4/l4_internal.h"

enum { BUF_DEFAULT = 212992, RCVBUF_MIN = 2304, SNDBUF_MIN = 4608 };

const struct l4_conf *l4_conf(const struct leat_stack *st)
{
	return &l4_stack(st)->conf;
}

/* Linux: none of those chosen may need a right. */
static int check_range(struct leat_stack *st, struct iface *i, const uint64_t v[KNOB_VALUES])
{
	return v[0] <= v[1] && v[0] >= l4_conf(st)->privileged_ports ? 0 : -EINVAL;
}

static int check_privileged(struct leat_stack *st, struct iface *i, const uint64_t v[KNOB_VALUES])
{
	return v[0] <= l4_conf(st)->ports[0] ? 0 : -EINVAL;
}

const struct knob l4_knobs[] = {
	KNOB("net.ipv4.ip_unprivileged_port_start", struct l4_stack, conf.privileged_ports, 1024, 0,
	     UINT16_MAX, .check = check_privileged, .unit = "port",
	     .help = "the first that anybody may bind to"),
	KNOB("net.ipv4.ip_local_port_range", struct l4_stack, conf.ports[0], 32768, 1, UINT16_MAX,
	     .dflt[1] = 60999, .more = 1, .check = check_range, .unit = "ports",
	     .help = "the first and the last that are chosen for a socket"),
	KNOB("net.core.rmem_default", struct l4_stack, conf.rcvbuf, BUF_DEFAULT, RCVBUF_MIN, INT32_MAX,
	     .unit = "bytes", .help = "receive buffer of a new socket (netlink's have their own)"),
	KNOB("net.core.rmem_max", struct l4_stack, conf.rcvbuf_max, BUF_DEFAULT, RCVBUF_MIN, INT32_MAX / 2,
	     .unit = "bytes", .help = "the most that SO_RCVBUF gives"),
	KNOB("net.core.wmem_default", struct l4_stack, conf.sndbuf, BUF_DEFAULT, SNDBUF_MIN, INT32_MAX,
	     .unit = "bytes", .help = "send buffer of a new socket"),
	KNOB("net.core.wmem_max", struct l4_stack, conf.sndbuf_max, BUF_DEFAULT, SNDBUF_MIN, INT32_MAX / 2,
	     .unit = "bytes", .help = "the most that SO_SNDBUF gives"),
	KNOB("net.ipv4.udp_mem", struct l4_stack, conf.udp_mem_pages[0], 98304, 0, INT32_MAX,
	     .dflt[1] = 131072, .dflt[2] = 196608, .more = 2, .unit = "pages",
	     .help = "what waits in all UDP sockets: above the first each has udp_rmem_min alone, above the "
		     "last nothing"),
	KNOB("net.ipv4.udp_rmem_min", struct l4_stack, conf.udp_rmem_min, 4096, 1, INT32_MAX, .unit = "bytes",
	     .help = "what a UDP socket may have waiting when memory is scarce (udp_mem)"),
	KNOB("net.ipv4.udp_wmem_min", struct l4_stack, conf.udp_wmem_min, 4096, 1, INT32_MAX, .unit = "bytes",
	     .help = "the same of sending: kept and shown, for what is sent leaves at once"),
	KNOB("net.ipv4.udp_l3mdev_accept", struct l4_stack, conf.udp_in_vrf, 0, 0, 1,
	     .help = "UDP sockets bound to no interface hear what comes in VRFs, too"),
	KNOB("net.ipv4.raw_l3mdev_accept", struct l4_stack, conf.raw_in_vrf, 1, 0, 1,
	     .help = "likewise raw sockets"),
	{ 0 },
};
