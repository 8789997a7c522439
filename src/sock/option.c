/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an option is a row: where its number lies in the socket, how wide it is, which values it takes, for
 * whom it is. Options that are more than a number have functions. Setting, getting and checking all read the rows, so an
 * option is added in one place.
 *
 * Not here: what would have no effect yet (priority, times of what is sent). Those are -ENOPROTOOPT, so that a program can tell. */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <limits.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>

#include "ip/ip.h"
#include "l4/alert.h"
#include "net/iface.h"
#include "sock/anycast.h"
#include "sock/ext.h"
#include "sock/group.h"

enum { RCVBUF_MIN = 2304, SNDBUF_MIN = 4608 }; /* Linux: SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF */

/* IPV6_PREFER_SRC_* of <linux/in6.h>, which clashes with the C library's. */
enum {
	PREFER_TMP = 0x1,
	PREFER_PUBLIC = 0x2,
	PREFER_EITHER = 0x100,
	PREFER_PRIVACY = PREFER_TMP | PREFER_PUBLIC | PREFER_EITHER,
	PREFER_COA = 0x4,
	PREFER_HOME = 0x400,
	PREFER_HOMES = PREFER_COA | PREFER_HOME,
	PREFER_CRYPTO = 0x8 | 0x800,
};

enum { UDPLITE_SEND_CSCV = 10, UDPLITE_RECV_CSCV }; /* of the kernel's net/udplite.h */
enum { ECN_BITS = 3 }; /* RFC 3168, 5 */
enum { DFLT_TTL = -2 }; /* net.ipv4.ip_default_ttl */

/* For whom a row is. */
enum option_for {
	FOR_ALL,
	FOR_STREAM,
	FOR_DATAGRAMS,
	FOR_UDP,
	FOR_INET6,
	FOR_RAW4,
	FOR_RAW4_ICMP,
	FOR_RAW6,
	FOR_RAW6_ICMP
};
/* How its number is kept and checked. */
enum option_as { AS_BOOL, AS_BYTE, AS_RANGE, AS_FN, AS_NAMED }; /* AS_BYTE: the low one, whatever is above */

struct option {
	int level, name;
	uint8_t as, size, whom;
	bool not0;
	bool any_name; /* whoever it leads to knows the names */
	uint16_t off; /* in struct l4_opts */
	int min, max;
	int dflt; /* what -1 stands for when read; 0: -1 is read as it is */
	int (*set)(struct sock *s, const void *val, socklen_t len);
	int (*get)(struct sock *s, void *val, socklen_t *len);
	/* AS_NAMED: one pair for many names (group.c). */
	int (*set_named)(struct sock *s, int name, const void *val, socklen_t len);
	int (*get_named)(struct sock *s, int name, void *val, socklen_t *len);
};

/* --- numbers --- */

static int64_t field_get(const struct sock *s, const struct option *o)
{
	const char *at = (const char *)s->end.opt + o->off;
	switch (o->size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const int16_t *)at;
	default:
		return *(const uint32_t *)at;
	}
}

static void field_set(struct l4_opts *own, const struct option *o, int val)
{
	char *at = (char *)own + o->off;
	if (o->size == 1)
		*(uint8_t *)at = (uint8_t)val;
	else if (o->size == 2)
		*(int16_t *)at = (int16_t)val;
	else
		*(uint32_t *)at = (uint32_t)val;
}

/* Linux: IPv4's options may be single bytes, all others are ints. */
static int read_int(const struct option *o, const void *val, socklen_t len, int *ret)
{
	bool bytes = o->level == IPPROTO_IP || o->level == SOL_RAW;
	if (len >= (socklen_t)sizeof *ret)
		memcpy(ret, val, sizeof *ret);
	else if (bytes && len >= 1)
		*ret = *(const uint8_t *)val;
	else
		return -EINVAL;
	return 0;
}

static int write_out(const void *from, size_t n, void *val, socklen_t *len)
{
	if ((int)*len < 0)
		return -EINVAL;
	*len = (socklen_t)MIN((size_t)*len, n);
	memcpy(val, from, *len);
	return 0;
}

static int write_int(const struct option *o, int n, void *val, socklen_t *len)
{
	uint8_t byte = (uint8_t)n;
	if (o && o->level == IPPROTO_IP && *len > 0 && *len < sizeof n && n >= 0 && n <= UINT8_MAX)
		return write_out(&byte, 1, val, len);
	return write_out(&n, sizeof n, val, len);
}

/* --- SOL_SOCKET --- */

static int read_plain(const void *val, socklen_t len, int *ret)
{
	if (len < sizeof *ret)
		return -EINVAL;
	memcpy(ret, val, sizeof *ret);
	return 0;
}

/* Linux doubles what is asked for, since it counts what buffers cost, and bounds it. */
static int buffer_size(const void *val, socklen_t len, uint32_t max, uint32_t min, uint32_t *ret)
{
	int n;
	int err = read_plain(val, len, &n);
	if (!err)
		*ret = MAX(MIN((uint32_t)n, max) * 2, min);
	return err;
}

static int set_rcvbuf(struct sock *s, const void *val, socklen_t len)
{
	int err = buffer_size(val, len, l4_conf(s->end.st)->rcvbuf_max, RCVBUF_MIN,
			      &l4_opts_own(&s->end)->rcvbuf);
	if (!err && sock_is_stream(s))
		err = tcp_set_rcvbuf(&s->end, s->end.opt->rcvbuf);
	return err;
}

static int set_sndbuf(struct sock *s, const void *val, socklen_t len)
{
	int err = buffer_size(val, len, l4_conf(s->end.st)->sndbuf_max, SNDBUF_MIN,
			      &l4_opts_own(&s->end)->sndbuf);
	if (!err && sock_is_stream(s))
		err = tcp_set_sndbuf(&s->end, s->end.opt->sndbuf);
	return err;
}

static int set_rcvbuf_force(struct sock *s, const void *val, socklen_t len)
{
	int err = s->end.net_admin
			  ? buffer_size(val, len, INT_MAX / 2, RCVBUF_MIN, &l4_opts_own(&s->end)->rcvbuf)
			  : -EPERM;
	if (!err && sock_is_stream(s))
		err = tcp_set_rcvbuf(&s->end, s->end.opt->rcvbuf);
	return err;
}

static int set_sndbuf_force(struct sock *s, const void *val, socklen_t len)
{
	int err = s->end.net_admin
			  ? buffer_size(val, len, INT_MAX / 2, SNDBUF_MIN, &l4_opts_own(&s->end)->sndbuf)
			  : -EPERM;
	if (!err && sock_is_stream(s))
		err = tcp_set_sndbuf(&s->end, s->end.opt->sndbuf);
	return err;
}

static int get_rcvbuf(struct sock *s, void *val, socklen_t *len)
{
	uint32_t both[2] = { s->end.opt->rcvbuf };
	if (sock_is_stream(s))
		tcp_get_bufs(&s->end, both);
	return write_int(NULL, (int)both[0], val, len);
}

static int get_sndbuf(struct sock *s, void *val, socklen_t *len)
{
	uint32_t both[2] = { 0, s->end.opt->sndbuf };
	if (sock_is_stream(s))
		tcp_get_bufs(&s->end, both);
	return write_int(NULL, (int)both[1], val, len);
}

static int get_error(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, -l4_take_error(&s->end), val, len);
}

static int get_type(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.ops->type, val, len);
}

static int get_domain(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.family, val, len);
}

static int get_protocol(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.proto, val, len);
}

static int get_no(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, 0, val, len);
}

static int get_listens(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, sock_is_stream(s) && tcp_state_of(&s->end) == TCP_LISTEN, val, len);
}

/* --- streams --- */

/* Linux: a negative one is as much as can be. */
static int set_rcvlowat(struct sock *s, const void *val, socklen_t len)
{
	int v;
	int err = read_plain(val, len, &v);
	return err ? err : tcp_set_rcvlowat(&s->end, v < 0 ? INT32_MAX : (uint32_t)v);
}
static int get_rcvlowat(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, (int)tcp_get_rcvlowat(&s->end), val, len);
}
static int get_sndlowat(struct sock *s, void *val, socklen_t *len) /* Linux: nothing else */
{
	return write_int(NULL, 1, val, len);
}

static int set_keepalive(struct sock *s, const void *val, socklen_t len)
{
	int on;
	int err = read_plain(val, len, &on);
	return err ? err : tcp_set_keepalive(&s->end, on);
}

static int get_keepalive(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, tcp_get_keepalive(&s->end), val, len);
}

/* Linux: as wide as the caller's long, or an unsigned int, whose largest means no limit, too. */
static int set_max_pacing(struct sock *s, const void *val, socklen_t len)
{
	uint64_t wide;
	uint32_t narrow;
	if (len < sizeof narrow)
		return -EINVAL;
	if (len >= sizeof wide) {
		memcpy(&wide, val, sizeof wide);
		return tcp_set_max_pacing(&s->end, wide);
	}
	memcpy(&narrow, val, sizeof narrow);
	return tcp_set_max_pacing(&s->end, narrow == UINT32_MAX ? UINT64_MAX : narrow);
}

static int get_max_pacing(struct sock *s, void *val, socklen_t *len)
{
	uint64_t wide = tcp_get_max_pacing(&s->end);
	uint32_t narrow = (uint32_t)MIN(wide, (uint64_t)UINT32_MAX);
	return *len >= sizeof wide ? write_out(&wide, sizeof wide, val, len)
				   : write_out(&narrow, sizeof narrow, val, len);
}

static int set_zerocopy(struct sock *s, const void *val, socklen_t len)
{
	int on;
	int err = read_plain(val, len, &on);
	if (err || on < 0 || on > 1)
		return err ? err : -EINVAL;
	return tcp_set_zerocopy(&s->end, on);
}

static int get_zerocopy(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, tcp_get_zerocopy(&s->end), val, len);
}

static int set_stamping(struct sock *s, const void *val, socklen_t len)
{
	int flags;
	int err = read_plain(val, len, &flags);
	return err ? err : tcp_set_stamping_flags(&s->end, (uint32_t)flags);
}

static int get_stamping(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, (int)tcp_get_stamping_flags(&s->end), val, len);
}

/* In Linux's order (linux/sock_diag.h); what is not counted here is 0. */
static int get_meminfo(struct sock *s, void *val, socklen_t *len)
{
	uint32_t m[SK_MEMINFO_VARS] = { 0 };
	uint32_t bufs[2] = { s->end.opt->rcvbuf, s->end.opt->sndbuf }, held[3] = { 0 };
	if (sock_is_stream(s)) {
		tcp_get_bufs(&s->end, bufs);
		tcp_get_memory(&s->end, held);
	} else {
		held[0] = s->end.rcv_bytes;
		held[2] = s->end.drops;
	}
	m[SK_MEMINFO_RMEM_ALLOC] = held[0];
	m[SK_MEMINFO_RCVBUF] = bufs[0];
	m[SK_MEMINFO_SNDBUF] = bufs[1];
	m[SK_MEMINFO_WMEM_QUEUED] = held[1];
	m[SK_MEMINFO_DROPS] = held[2];
	return write_out(m, sizeof m, val, len);
}

static int set_oob_inline(struct sock *s, const void *val, socklen_t len)
{
	int on;
	int err = read_plain(val, len, &on);
	return err ? err : tcp_set_oob_inline(&s->end, on);
}

static int get_oob_inline(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, tcp_get_oob_inline(&s->end), val, len);
}

static int set_linger(struct sock *s, const void *val, socklen_t len)
{
	struct linger l;
	if (len < sizeof l)
		return -EINVAL;
	memcpy(&l, val, sizeof l);
	return tcp_set_linger(&s->end, l.l_onoff, l.l_linger);
}

static int get_linger(struct sock *s, void *val, socklen_t *len)
{
	int both[2];
	tcp_get_linger(&s->end, both);
	const struct linger l = { .l_onoff = both[0], .l_linger = both[1] };
	return write_out(&l, sizeof l, val, len);
}

static int set_tcp(struct sock *s, int name, const void *val, socklen_t len)
{
	return tcp_setopt(&s->end, name, val, len);
}

static int get_tcp(struct sock *s, int name, void *val, socklen_t *len)
{
	return tcp_getopt(&s->end, name, val, len);
}

static int set_mark(struct sock *s, const void *val, socklen_t len)
{
	int mark;
	int err = read_plain(val, len, &mark);
	if (err)
		return err;
	if (!s->end.net_admin && !s->end.net_raw)
		return -EPERM;
	l4_opts_own(&s->end)->mark = (uint32_t)mark;
	return 0;
}

static int get_mark(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, (int)s->end.opt->mark, val, len);
}

static int bind_to(struct sock *s, struct iface *i)
{
	l4_opts_own(&s->end)->bound_if = i ? i->handle : 0;
	return 0;
}

static int set_bindtodevice(struct sock *s, const void *val, socklen_t len)
{
	char name[IFACE_NAME_MAX] = "";
	if ((int)len < 0)
		return -EINVAL;
	memcpy(name, val, MIN((size_t)len, sizeof name - 1));
	if (!name[0])
		return bind_to(s, NULL);
	struct iface *i = iface_by_name(s->end.st, name);
	return i ? bind_to(s, i) : -ENODEV;
}

static struct iface *bound_iface(struct sock *s)
{
	return s->end.opt->bound_if ? iface_by_handle(s->end.st, s->end.opt->bound_if) : NULL;
}

static int get_bindtodevice(struct sock *s, void *val, socklen_t *len)
{
	struct iface *i = bound_iface(s);
	if (!i) {
		*len = 0;
		return 0;
	}
	if (*len < IFACE_NAME_MAX)
		return -EINVAL;
	return write_out(i->name, strlen(i->name) + 1, val, len);
}

static int set_bindtoifindex(struct sock *s, const void *val, socklen_t len)
{
	int index;
	int err = read_plain(val, len, &index);
	if (err)
		return err;
	struct iface *i = index > 0 ? iface_by_index(s->end.st, (uint32_t)index) : NULL;
	if (index < 0)
		return -EINVAL;
	return index && !i ? -ENODEV : bind_to(s, i);
}

static int get_bindtoifindex(struct sock *s, void *val, socklen_t *len)
{
	struct iface *i = bound_iface(s);
	return write_int(NULL, i ? (int)i->ifindex : 0, val, len);
}

/* --- IP and IPv6 --- */

static int get_mtu(struct sock *s, void *val, socklen_t *len)
{
	int mtu = l4_mtu(&s->end);
	return mtu < 0 ? mtu : write_int(NULL, mtu, val, len);
}

static int set_mtu6(struct sock *s, const void *val, socklen_t len)
{
	int mtu;
	int err = read_plain(val, len, &mtu);
	if (err)
		return err;
	if (mtu && mtu < IP6_MIN_MTU)
		return -EINVAL;
	l4_opts_own(&s->end)->frag_size = (uint32_t)mtu;
	return 0;
}

/* RFC 5014: of each pair that excludes another one at most. Some say what is so anyway. */
static int set_preferences(struct sock *s, const void *val, socklen_t len)
{
	int n;
	int err = read_plain(val, len, &n);
	if (err)
		return err;
	uint32_t privacy = (uint32_t)n & PREFER_PRIVACY;
	if (privacy & (privacy - 1) || (n & PREFER_HOMES) == PREFER_HOMES ||
	    (n & PREFER_CRYPTO) == PREFER_CRYPTO)
		return -EINVAL;
	l4_opts_own(&s->end)->src_prefs = (uint32_t)n & (PREFER_TMP | PREFER_PUBLIC | PREFER_COA);
	return 0;
}

static int get_preferences(struct sock *s, void *val, socklen_t *len)
{
	uint32_t own = s->end.opt->src_prefs, privacy = own & (PREFER_TMP | PREFER_PUBLIC);
	own = (privacy ? privacy : PREFER_EITHER) | (own & PREFER_COA ? PREFER_COA : PREFER_HOME);
	return write_int(NULL, (int)own, val, len);
}

/* Linux: not once a port is taken. */
static int set_v6only(struct sock *s, const void *val, socklen_t len)
{
	int on;
	int err = read_plain(val, len, &on);
	if (err)
		return err;
	if (s->end.local.port)
		return -EINVAL;
	s->end.v6only = on != 0;
	return 0;
}

static int get_v6only(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.v6only, val, len);
}

static int set_mcast_if(struct sock *s, uint32_t ifindex)
{
	struct iface *i = ifindex ? iface_by_index(s->end.st, ifindex) : NULL;
	if (ifindex && !i)
		return -ENODEV;
	l4_opts_own(&s->end)->mcast_if = i ? i->handle : 0;
	return 0;
}

/* struct ip_mreqn or what begins like it; by interface index alone. */
static int set_mcast_if4(struct sock *s, const void *val, socklen_t len)
{
	struct ip_mreqn m;
	if (len < sizeof m)
		return len < sizeof(struct in_addr) ? -EINVAL : -EADDRNOTAVAIL;
	memcpy(&m, val, sizeof m);
	return set_mcast_if(s, (uint32_t)m.imr_ifindex);
}

static int set_mcast_if6(struct sock *s, const void *val, socklen_t len)
{
	int index;
	int err = read_plain(val, len, &index);
	return err ? err : set_mcast_if(s, (uint32_t)index);
}

static int get_mcast_if6(struct sock *s, void *val, socklen_t *len)
{
	struct iface *i = s->end.opt->mcast_if ? iface_by_handle(s->end.st, s->end.opt->mcast_if) : NULL;
	return write_int(NULL, i ? (int)i->ifindex : 0, val, len);
}

static int set_autolabel(struct sock *s, const void *val, socklen_t len)
{
	int on = 0; /* Linux: what is shorter is taken for 0 */
	if (len >= sizeof on)
		memcpy(&on, val, sizeof on);
	l4_opts_own(&s->end)->autolabel = on ? L4_LABEL_YES : L4_LABEL_NO;
	return 0;
}

static int get_autolabel(struct sock *s, void *val, socklen_t *len)
{
	uint8_t said = s->end.opt->autolabel;
	bool on = said ? said == L4_LABEL_YES : ip6_labels_by_default(s->end.st);
	return write_int(NULL, on, val, len);
}

static int set_options4(struct sock *s, const void *val, socklen_t len)
{
	return ip4_own_options_take(val, len, s->end.net_raw, &l4_opts_own(&s->end)->options);
}

static int get_options4(struct sock *s, void *val, socklen_t *len)
{
	return write_out(s->end.opt->options.bytes, s->end.opt->options.len, val, len);
}

/* --- router alerts --- */

static int set_alert4(struct sock *s, const void *val, socklen_t len)
{
	int on = 0;
	if (len >= sizeof on)
		memcpy(&on, val, sizeof on);
	else if (len)
		on = *(const uint8_t *)val;
	int err = l4_alert_set4(&s->end, on);
	if (!err)
		l4_opts_own(&s->end)->alert = on != 0;
	return err;
}

/* Linux: what is shown is whether the value was not 0, so not whether any is wanted. */
static int set_alert6(struct sock *s, const void *val, socklen_t len)
{
	int value;
	int err = read_plain(val, len, &value);
	if (!err)
		err = l4_alert_set6(&s->end, value);
	if (!err)
		l4_opts_own(&s->end)->alert = value != 0;
	return err;
}

static int get_alert(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->alert, val, len);
}

/* --- raw sockets --- */

static int set_icmp_filter(struct sock *s, const void *val, socklen_t len)
{
	memcpy(&l4_opts_own(&s->end)->icmp_filter, val, MIN((size_t)len, sizeof s->end.opt->icmp_filter));
	return 0;
}

static int get_icmp_filter(struct sock *s, void *val, socklen_t *len)
{
	return write_out(&s->end.opt->icmp_filter, sizeof s->end.opt->icmp_filter, val, len);
}

static int set_icmp6_filter(struct sock *s, const void *val, socklen_t len)
{
	memcpy(l4_opts_own(&s->end)->icmp6_filter, val, MIN((size_t)len, sizeof s->end.opt->icmp6_filter));
	return 0;
}

static int get_icmp6_filter(struct sock *s, void *val, socklen_t *len)
{
	return write_out(s->end.opt->icmp6_filter, sizeof s->end.opt->icmp6_filter, val, len);
}

/* RFC 3542, 3.1: an even offset, or -1. */
static int set_checksum_any(struct sock *s, const void *val, socklen_t len)
{
	int off;
	int err = read_plain(val, len, &off);
	if (err)
		return err;
	if (off > 0 && off & 1)
		return -EINVAL;
	l4_opts_own(&s->end)->csum_off = off < 0 ? -1 : off;
	return 0;
}

/* RFC 3542, 3.1: ICMPv6's is not the application's. Linux: by the other level it is. */
static int set_checksum(struct sock *s, const void *val, socklen_t len)
{
	return s->end.proto == IPPROTO_ICMPV6 ? -EINVAL : set_checksum_any(s, val, len);
}

static int get_checksum(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->csum_off, val, len);
}

/* --- datagrams --- */

static uint8_t stamp_of(int name)
{
	switch (name) {
	case SO_TIMESTAMP_OLD:
		return L4_STAMP_US;
	case SO_TIMESTAMPNS_OLD:
		return L4_STAMP_NS;
	case SO_TIMESTAMP_NEW:
		return L4_STAMP_US_NEW;
	default:
		return L4_STAMP_NS_NEW;
	}
}

/* Linux: one of the four at a time, and any switches off. */
static int set_stamp(struct sock *s, int name, const void *val, socklen_t len)
{
	int on;
	int err = read_plain(val, len, &on);
	if (!err)
		l4_opts_own(&s->end)->stamp = on ? stamp_of(name) : (uint8_t)L4_STAMP_NONE;
	return err;
}

static int get_stamp(struct sock *s, int name, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->stamp == stamp_of(name), val, len);
}

/* Of what comes. No device here tells times of its own; to ask for them does no harm. */
static int set_rx_stamping(struct sock *s, int name, const void *val, socklen_t len)
{
	const uint32_t known = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
			       SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RAW_HARDWARE |
			       SOF_TIMESTAMPING_SYS_HARDWARE;
	int flags;
	int err = read_plain(val, len, &flags);
	if (err || (uint32_t)flags & ~known)
		return err ? err : -EINVAL;
	l4_opts_own(&s->end)->stamping = (uint32_t)flags;
	l4_opts_own(&s->end)->stamping_new = name == SO_TIMESTAMPING_NEW;
	return 0;
}

static int get_rx_stamping(struct sock *s, int name, void *val, socklen_t *len)
{
	bool same = s->end.opt->stamping_new == (name == SO_TIMESTAMPING_NEW);
	return write_int(NULL, same ? (int)s->end.opt->stamping : 0, val, len);
}

static int set_peek_off(struct sock *s, const void *val, socklen_t len)
{
	int off;
	int err = read_plain(val, len, &off);
	if (err || !l4_is_udp(&s->end)) /* Linux: raw and ping sockets have none */
		return err ? err : -EOPNOTSUPP;
	struct l4_more *m = l4_more(&s->end);
	if (!m)
		return -ENOMEM;
	m->peeks = true;
	m->peek_off = off;
	return 0;
}

static int get_peek_off(struct sock *s, void *val, socklen_t *len)
{
	const struct l4_more *m = s->end.more;
	if (!l4_is_udp(&s->end))
		return -EOPNOTSUPP;
	return write_int(NULL, m && m->peeks ? m->peek_off : -1, val, len);
}

static int set_cork(struct sock *s, const void *val, socklen_t len)
{
	int on;
	int err = read_plain(val, len, &on);
	if (err)
		return err;
	l4_opts_own(&s->end)->cork = on != 0;
	if (!on)
		udp_uncork(&s->end);
	return 0;
}

static int get_cork(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->cork, val, len);
}

/* What the kernel would undo within UDP: nothing is. */
static int set_encap(struct sock *s, const void *val, socklen_t len)
{
	int type;
	int err = read_plain(val, len, &type);
	return err || !type ? err : -ENOPROTOOPT;
}

static int set_segment(struct sock *s, const void *val, socklen_t len)
{
	int n;
	int err = read_plain(val, len, &n);
	if (err || n < 0 || n > UINT16_MAX)
		return err ? err : -EINVAL;
	l4_opts_own(&s->end)->segment = (uint16_t)n;
	return 0;
}

static int get_segment(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->segment, val, len);
}

/* RFC 3828, 3.1: the header at least, if not all (0). Linux: what is out of bounds goes to the next one. */
static int read_coverage(const struct sock *s, const void *val, socklen_t len, uint16_t *ret)
{
	int n;
	int err = read_plain(val, len, &n);
	if (!err && s->end.proto != IPPROTO_UDPLITE)
		err = -ENOPROTOOPT;
	if (!err)
		*ret = (uint16_t)(n && n < 8 ? 8 : MIN(n, UINT16_MAX));
	return err;
}

static int set_send_coverage(struct sock *s, const void *val, socklen_t len)
{
	struct l4_opts *o = l4_opts_own(&s->end);
	int err = read_coverage(s, val, len, &o->send_coverage);
	if (!err)
		o->has_send_coverage = true;
	return err;
}

static int set_recv_coverage(struct sock *s, const void *val, socklen_t len)
{
	struct l4_opts *o = l4_opts_own(&s->end);
	int err = read_coverage(s, val, len, &o->recv_coverage);
	if (!err)
		o->has_recv_coverage = true;
	return err;
}

static int get_send_coverage(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->send_coverage, val, len);
}

static int get_recv_coverage(struct sock *s, void *val, socklen_t *len)
{
	return write_int(NULL, s->end.opt->recv_coverage, val, len);
}

/* --- the table --- */

/* clang-format off */
#define AT(member)	.size = sizeof(((struct l4_opts *)0)->member), .off = offsetof(struct l4_opts, member)
#define BOOL(member)	.as = AS_BOOL, AT(member)
#define RANGE(member, lo, hi) .as = AS_RANGE, .min = (lo), .max = (hi), AT(member)
#define BYTE(member)	.as = AS_BYTE, AT(member)
#define GROUP4(name_) { IPPROTO_IP, (name_), .as = AS_NAMED, .set_named = sock_group_set4, .get_named = sock_group_get4 }
#define GROUP6(name_) { IPPROTO_IPV6, (name_), .as = AS_NAMED, .set_named = sock_group_set6, .get_named = sock_group_get6, .whom = FOR_INET6 }
#define ANYCAST(name_) { IPPROTO_IPV6, (name_), .as = AS_NAMED, .set_named = sock_anycast_set, .get_named = sock_anycast_get, .whom = FOR_INET6 }
#define EXT(name_) { IPPROTO_IPV6, (name_), .as = AS_NAMED, .set_named = sock_ext_set, .get_named = sock_ext_get, .whom = FOR_INET6 }
#define STAMP(name_) { SOL_SOCKET, (name_), .as = AS_NAMED, .set_named = set_stamp, .get_named = get_stamp, .whom = FOR_DATAGRAMS }
#define STAMPING(name_) { SOL_SOCKET, (name_), .as = AS_NAMED, .set_named = set_rx_stamping, .get_named = get_rx_stamping, .whom = FOR_DATAGRAMS }
#define FN(setter, getter) .as = AS_FN, .set = (setter), .get = (getter)

static const struct option options[] = {
	{ SOL_SOCKET, SO_REUSEADDR,		BOOL(reuseaddr) },
	{ SOL_SOCKET, SO_REUSEPORT,		BOOL(reuseport) },
	{ SOL_SOCKET, SO_BROADCAST,		BOOL(broadcast) },
	{ SOL_SOCKET, SO_RCVBUF,		FN(set_rcvbuf, get_rcvbuf) },
	{ SOL_SOCKET, SO_RCVBUFFORCE,		FN(set_rcvbuf_force, NULL) },
	{ SOL_SOCKET, SO_SNDBUF,		FN(set_sndbuf, get_sndbuf) },
	{ SOL_SOCKET, SO_SNDBUFFORCE,		FN(set_sndbuf_force, NULL) },
	{ SOL_SOCKET, SO_ERROR,			FN(NULL, get_error) },
	{ SOL_SOCKET, SO_TYPE,			FN(NULL, get_type) },
	{ SOL_SOCKET, SO_DOMAIN,		FN(NULL, get_domain) },
	{ SOL_SOCKET, SO_PROTOCOL,		FN(NULL, get_protocol) },
	{ SOL_SOCKET, SO_ACCEPTCONN,		FN(NULL, get_listens) },
	{ SOL_SOCKET, SO_OOBINLINE,		FN(set_oob_inline, get_oob_inline), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_KEEPALIVE,		FN(set_keepalive, get_keepalive), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_RCVLOWAT,		FN(set_rcvlowat, get_rcvlowat), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_SNDLOWAT,		FN(NULL, get_sndlowat), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_LINGER,		FN(set_linger, get_linger), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_MAX_PACING_RATE,	FN(set_max_pacing, get_max_pacing), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_ZEROCOPY,		FN(set_zerocopy, get_zerocopy), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_TIMESTAMPING_OLD,	FN(set_stamping, get_stamping), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_TIMESTAMPING_NEW,	FN(set_stamping, get_stamping), .whom = FOR_STREAM },
	{ SOL_SOCKET, SO_MEMINFO,		FN(NULL, get_meminfo) },
	STAMP(SO_TIMESTAMP_OLD), STAMP(SO_TIMESTAMPNS_OLD), STAMP(SO_TIMESTAMP_NEW), STAMP(SO_TIMESTAMPNS_NEW),
	STAMPING(SO_TIMESTAMPING_OLD), STAMPING(SO_TIMESTAMPING_NEW),
	{ SOL_SOCKET, SO_RXQ_OVFL,		BOOL(tell_drops), .whom = FOR_DATAGRAMS },
	{ SOL_SOCKET, SO_PEEK_OFF,		FN(set_peek_off, get_peek_off), .whom = FOR_DATAGRAMS },
	{ SOL_SOCKET, SO_NO_CHECK,		BOOL(no_check) },
	{ SOL_SOCKET, SO_INCOMING_CPU,		RANGE(incoming_cpu, -1, INT16_MAX) },
	{ SOL_SOCKET, SO_MARK,			FN(set_mark, get_mark) },
	{ SOL_SOCKET, SO_BINDTODEVICE,		FN(set_bindtodevice, get_bindtodevice) },
	{ SOL_SOCKET, SO_BINDTOIFINDEX,		FN(set_bindtoifindex, get_bindtoifindex) },

	{ IPPROTO_IP, IP_TOS,			BYTE(tos) },
	{ IPPROTO_IP, IP_TTL,			RANGE(ttl, -1, 255), .not0 = true, .dflt = DFLT_TTL },
	{ IPPROTO_IP, IP_MULTICAST_TTL,		RANGE(mcast_ttl, -1, 255), .dflt = 1 },
	{ IPPROTO_IP, IP_MULTICAST_IF,		FN(set_mcast_if4, NULL) },
	{ IPPROTO_IP, IP_MULTICAST_LOOP,	BOOL(mcast_loop4) },
	{ IPPROTO_IP, IP_MULTICAST_ALL,		RANGE(mcast_all4, 0, 1) },
	GROUP4(IP_ADD_MEMBERSHIP), GROUP4(IP_DROP_MEMBERSHIP), GROUP4(IP_ADD_SOURCE_MEMBERSHIP),
	GROUP4(IP_DROP_SOURCE_MEMBERSHIP), GROUP4(IP_BLOCK_SOURCE), GROUP4(IP_UNBLOCK_SOURCE), GROUP4(IP_MSFILTER),
	GROUP4(MCAST_JOIN_GROUP), GROUP4(MCAST_LEAVE_GROUP), GROUP4(MCAST_JOIN_SOURCE_GROUP),
	GROUP4(MCAST_LEAVE_SOURCE_GROUP), GROUP4(MCAST_BLOCK_SOURCE), GROUP4(MCAST_UNBLOCK_SOURCE), GROUP4(MCAST_MSFILTER),
	{ IPPROTO_IP, IP_MTU_DISCOVER,		RANGE(pmtudisc4, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT) },
	{ IPPROTO_IP, IP_MTU,			FN(NULL, get_mtu) },
	{ IPPROTO_IP, IP_FREEBIND,		BOOL(freebind) },
	{ IPPROTO_IP, IP_RECVERR,		BOOL(recverr4) },
	{ IPPROTO_IP, IP_RECVERR_RFC4884,	RANGE(recverr_ext4, 0, 1) },
	{ IPPROTO_IP, IP_PKTINFO,		BOOL(recvinfo4) },
	{ IPPROTO_IP, IP_RECVTTL,		BOOL(recvttl) },
	{ IPPROTO_IP, IP_RECVTOS,		BOOL(recvtos) },
	{ IPPROTO_IP, IP_OPTIONS,		FN(set_options4, get_options4) },
	{ IPPROTO_IP, IP_RECVOPTS,		BOOL(recvopts) },
	{ IPPROTO_IP, IP_RETOPTS,		BOOL(retopts) },
	{ IPPROTO_IP, IP_ROUTER_ALERT,		FN(set_alert4, get_alert) },
	{ IPPROTO_IP, IP_HDRINCL,		BOOL(hdrincl), .whom = FOR_RAW4 },
	{ IPPROTO_IP, IP_HDRINCL,		FN(NULL, get_no) },

	{ IPPROTO_IPV6, IPV6_V6ONLY,		FN(set_v6only, get_v6only), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS,	RANGE(hops, -1, 255), .dflt = 64, .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS,	RANGE(mcast_hops, -1, 255), .dflt = 1, .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_IF,	FN(set_mcast_if6, get_mcast_if6), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP,	RANGE(mcast_loop6, 0, 1), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL,	BOOL(mcast_all6), .whom = FOR_INET6 },
	GROUP6(IPV6_JOIN_GROUP), GROUP6(IPV6_LEAVE_GROUP), GROUP6(MCAST_JOIN_GROUP), GROUP6(MCAST_LEAVE_GROUP),
	GROUP6(MCAST_JOIN_SOURCE_GROUP), GROUP6(MCAST_LEAVE_SOURCE_GROUP), GROUP6(MCAST_BLOCK_SOURCE),
	GROUP6(MCAST_UNBLOCK_SOURCE), GROUP6(MCAST_MSFILTER),
	ANYCAST(IPV6_JOIN_ANYCAST), ANYCAST(IPV6_LEAVE_ANYCAST),
	{ IPPROTO_IPV6, IPV6_TCLASS,		RANGE(tclass, -1, 255), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER,	RANGE(pmtudisc6, IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_OMIT), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_MTU,		FN(set_mtu6, get_mtu), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_ADDR_PREFERENCES,	FN(set_preferences, get_preferences), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_DONTFRAG,		BOOL(dontfrag6), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL,	FN(set_autolabel, get_autolabel), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVPATHMTU,	BOOL(recvpathmtu), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_PATHMTU,		FN(NULL, sock_get_pathmtu), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_FREEBIND,		BOOL(freebind), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVERR,		BOOL(recverr6), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVERR_RFC4884,	RANGE(recverr_ext6, 0, 1), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO,	BOOL(recvinfo6), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT,	BOOL(recvhops), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS,	BOOL(recvtclass), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_ROUTER_ALERT,	FN(set_alert6, get_alert), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_ROUTER_ALERT_ISOLATE, BOOL(alert_isolate), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVHOPOPTS,	BOOL(recvhopopts), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVDSTOPTS,	BOOL(recvdstopts), .whom = FOR_INET6 },
	{ IPPROTO_IPV6, IPV6_RECVRTHDR,		BOOL(recvrthdr), .whom = FOR_INET6 },
	EXT(IPV6_HOPOPTS), EXT(IPV6_RTHDRDSTOPTS), EXT(IPV6_RTHDR), EXT(IPV6_DSTOPTS),
	{ IPPROTO_IPV6, IPV6_HDRINCL,		BOOL(hdrincl), .whom = FOR_RAW6 },
	{ IPPROTO_IPV6, IPV6_CHECKSUM,		FN(set_checksum, get_checksum), .whom = FOR_RAW6 },
	{ SOL_RAW, IPV6_CHECKSUM,		FN(set_checksum_any, get_checksum), .whom = FOR_RAW6 },

	{ IPPROTO_TCP, 0,			.as = AS_NAMED, .any_name = true, .set_named = set_tcp, .get_named = get_tcp, .whom = FOR_STREAM },

	{ SOL_UDP, UDP_CORK,			FN(set_cork, get_cork), .whom = FOR_UDP },
	{ SOL_UDP, UDP_ENCAP,			FN(set_encap, get_no), .whom = FOR_UDP },
	{ SOL_UDP, UDP_NO_CHECK6_TX,		BOOL(no_check6_tx), .whom = FOR_UDP },
	{ SOL_UDP, UDP_NO_CHECK6_RX,		BOOL(no_check6_rx), .whom = FOR_UDP },
	{ SOL_UDP, UDP_SEGMENT,			FN(set_segment, get_segment), .whom = FOR_UDP },
	{ SOL_UDP, UDP_GRO,			BOOL(gro), .whom = FOR_UDP },
	{ SOL_UDP, UDPLITE_SEND_CSCV,		FN(set_send_coverage, get_send_coverage), .whom = FOR_UDP },
	{ SOL_UDP, UDPLITE_RECV_CSCV,		FN(set_recv_coverage, get_recv_coverage), .whom = FOR_UDP },

	{ SOL_RAW, ICMP_FILTER,			FN(set_icmp_filter, get_icmp_filter), .whom = FOR_RAW4_ICMP },
	{ IPPROTO_ICMPV6, ICMPV6_FILTER,	FN(set_icmp6_filter, get_icmp6_filter), .whom = FOR_RAW6_ICMP },
};
/* clang-format on */

static bool is_for(const struct sock *s, uint8_t whom)
{
	const struct l4_end *e = &s->end;
	bool raw = e->ops->type == SOCK_RAW, six = e->family == AF_INET6;
	switch ((enum option_for)whom) {
	case FOR_ALL:
		return true;
	case FOR_STREAM:
		return sock_is_stream(s);
	case FOR_DATAGRAMS:
		return !sock_is_stream(s);
	case FOR_UDP:
		return l4_is_udp(e);
	case FOR_INET6:
		return six;
	case FOR_RAW4:
		return raw && !six;
	case FOR_RAW4_ICMP:
		return raw && !six && e->proto == IPPROTO_ICMP;
	case FOR_RAW6:
		return raw && six;
	case FOR_RAW6_ICMP:
		return raw && six && e->proto == IPPROTO_ICMPV6;
	}
	return false;
}

static const struct option *option_find(const struct sock *s, int level, int name)
{
	if (level == IPPROTO_IP && s->end.ops->type == SOCK_RAW && s->end.family == AF_INET6)
		return NULL; /* Linux: no IPv4 there */
	if (level == IPPROTO_UDPLITE) /* Linux: of either protocol by either name */
		level = SOL_UDP;
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].level == level && (options[i].name == name || options[i].any_name) &&
		    is_for(s, options[i].whom))
			return &options[i];
	return NULL;
}

/* What Linux says when there is no such option: an IPv4 socket asked for a level it does not know, and filters of raw sockets
 * that have none, have an error of their own. */
static int no_option(const struct sock *s, int level, int name, bool get)
{
	bool raw = s->end.ops->type == SOCK_RAW, six = s->end.family == AF_INET6;
	if (raw && (six ? level == IPPROTO_ICMPV6 : level == SOL_RAW && name == ICMP_FILTER))
		return -EOPNOTSUPP;
	bool udp = (level == SOL_UDP || level == IPPROTO_UDPLITE) && l4_is_udp(&s->end);
	bool known =
		level == SOL_SOCKET || level == IPPROTO_IP || udp || level == (raw ? SOL_RAW : s->end.proto);
	return get && !six && !known ? -EOPNOTSUPP : -ENOPROTOOPT;
}

static int set_number(const struct sock *s, struct l4_opts *own, const struct option *o, const void *val,
		      socklen_t len)
{
	int n;
	int err = read_int(o, val, len, &n);
	if (err)
		return err;
	if (o->as == AS_BOOL)
		n = n != 0;
	else if (o->as == AS_BYTE)
		n &= 0xff;
	else if (n < o->min || n > o->max || (!n && o->not0))
		return -EINVAL;
	else if (n < 0 && o->size == 1) /* back to the default, which is 0 */
		n = 0;
	if (s->end.is_stream &&
	    (o->off == offsetof(struct l4_opts, tos) || o->off == offsetof(struct l4_opts, tclass)))
		n &= ~ECN_BITS; /* Linux: a stream's own */
	field_set(own, o, n);
	return 0;
}

static int set_one(struct sock *s, const struct option *o, int name, const void *val, socklen_t len)
{
	if (o->as == AS_NAMED)
		return o->set_named(s, name, val, len);
	if (o->as != AS_FN)
		return set_number(s, l4_opts_own(&s->end), o, val, len);
	return o->set ? o->set(s, val, len) : -ENOPROTOOPT;
}

int sock_setsockopt(struct sock *s, int level, int name, const void *val, socklen_t len)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	const struct option *o = option_find(s, level, name);
	if (!o)
		return no_option(s, level, name, false);
	l4_enter(&s->end);
	if (!l4_opts_own(&s->end))
		return (int)sock_leave(s, -ENOMEM);
	int err = set_one(s, o, name, val, len);
	l4_opts_settle(&s->end);
	if (sock_is_stream(s)) {
		tcp_opts_settle(&s->end);
		tcp_heed(&s->end);
	}
	return (int)sock_leave(s, err);
}

static int get_one(struct sock *s, const struct option *o, int name, void *val, socklen_t *len)
{
	if ((int)*len < 0)
		return -EINVAL;
	if (o->as == AS_NAMED)
		return o->get_named(s, name, val, len);
	if (o->as == AS_FN)
		return o->get ? o->get(s, val, len) : -ENOPROTOOPT;
	int64_t n = field_get(s, o);
	if (n < 0 && o->dflt)
		n = o->dflt == DFLT_TTL ? ip4_default_ttl(s->end.st) : o->dflt;
	return write_int(o, (int)n, val, len);
}

int sock_getsockopt(struct sock *s, int level, int name, void *val, socklen_t *len)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	const struct option *o = option_find(s, level, name);
	if (!o)
		return no_option(s, level, name, true);
	l4_enter(&s->end);
	return (int)sock_leave(s, get_one(s, o, name, val, len));
}
