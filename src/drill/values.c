/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/values.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "wire/text.h"

#define NAME(n)       \
	{             \
#n, n \
	}
static const struct {
	const char *name;
	int64_t value;
} names[] = {
	NAME(AF_INET),
	NAME(AF_INET6),
	NAME(AF_UNSPEC),
	NAME(PF_INET),
	NAME(PF_INET6),
	NAME(SOCK_STREAM),
	NAME(SOCK_DGRAM),
	NAME(SOCK_RAW),
	NAME(SOCK_NONBLOCK),
	NAME(SOCK_CLOEXEC),
	NAME(TCP_CONGESTION),
	NAME(TCP_USER_TIMEOUT),
	NAME(TCP_QUICKACK),
	NAME(TCP_KEEPIDLE),
	NAME(TCP_KEEPINTVL),
	NAME(TCP_KEEPCNT),
	NAME(TCP_SYNCNT),
	NAME(TCP_LINGER2),
	NAME(TCP_DEFER_ACCEPT),
	NAME(TCP_WINDOW_CLAMP),
	NAME(TCP_INFO),
	NAME(TCP_FASTOPEN),
	NAME(TCP_FASTOPEN_KEY),
	NAME(TCP_FASTOPEN_NO_COOKIE),
#ifdef TCP_NOTSENT_LOWAT
	NAME(TCP_NOTSENT_LOWAT),
#endif
#ifdef TCP_TIMESTAMP
	NAME(TCP_TIMESTAMP),
#endif
#ifdef TCP_INQ
	NAME(TCP_INQ),
#endif
#ifdef TCP_FASTOPEN_CONNECT
	NAME(TCP_FASTOPEN_CONNECT),
#endif
	NAME(SIOCOUTQNSD),
#ifdef TCP_RTO_MAX_MS
	NAME(TCP_RTO_MAX_MS),
#endif
	NAME(IPPROTO_IP),
	NAME(IPPROTO_ICMP),
	NAME(IPPROTO_TCP),
	NAME(IPPROTO_UDP),
	NAME(IPPROTO_IPV6),
	NAME(IPPROTO_ICMPV6),
	NAME(IPPROTO_RAW),
	NAME(IPPROTO_IGMP),
	NAME(IPPROTO_GRE),
	NAME(IPPROTO_UDPLITE),
	NAME(IPPROTO_SCTP),
	NAME(SOCK_SEQPACKET),
	NAME(SOCK_DCCP),
	NAME(PF_UNSPEC),
	NAME(AF_UNIX),
	NAME(AF_PACKET),
	NAME(SOL_SOCKET),
	NAME(SOL_IP),
	NAME(SOL_IPV6),
	NAME(SOL_TCP),
	NAME(SOL_UDP),
	{ "SOL_UDPLITE", 136 },
	{ "UDP_ENCAP", 100 },
	{ "UDP_NO_CHECK6_TX", 101 },
	{ "UDP_NO_CHECK6_RX", 102 },
	{ "UDPLITE_SEND_CSCV", 10 },
	{ "UDPLITE_RECV_CSCV", 11 },
	NAME(SOL_RAW),
	NAME(SOL_ICMPV6),
	NAME(INADDR_ANY),
	NAME(INADDR_LOOPBACK),
	NAME(SO_REUSEADDR),
	NAME(SO_REUSEPORT),
	NAME(SO_TYPE),
	NAME(SO_ERROR),
	NAME(SO_BROADCAST),
	NAME(SO_SNDBUF),
	NAME(SO_RCVBUF),
	NAME(SO_SNDBUFFORCE),
	NAME(SO_RCVBUFFORCE),
	NAME(SO_KEEPALIVE),
	NAME(SO_LINGER),
	NAME(SO_PRIORITY),
	NAME(SO_MARK),
	NAME(SO_PROTOCOL),
	NAME(SO_DOMAIN),
	NAME(SO_RXQ_OVFL),
	NAME(SO_TIMESTAMP),
	NAME(SO_TIMESTAMPNS),
	NAME(SO_BINDTOIFINDEX),
	NAME(SO_RCVLOWAT),
	NAME(SO_SNDLOWAT),
	NAME(SO_RCVTIMEO),
	NAME(SO_SNDTIMEO),
	NAME(SO_PEEK_OFF),
	NAME(SO_BUSY_POLL),
	NAME(SO_INCOMING_CPU),
	NAME(SO_MAX_PACING_RATE),
	NAME(SO_ZEROCOPY),
	NAME(SO_TXTIME),
	NAME(SO_TIMESTAMPING),
	NAME(SO_SELECT_ERR_QUEUE),
	NAME(SO_DONTROUTE),
	NAME(SO_OOBINLINE),
	NAME(SO_ATTACH_FILTER),
	NAME(SO_DETACH_FILTER),
	NAME(SO_ACCEPTCONN),
	NAME(SO_NO_CHECK),
	NAME(SO_BINDTODEVICE),
	NAME(IP_TOS),
	NAME(IP_TTL),
	NAME(IP_HDRINCL),
	NAME(IP_OPTIONS),
	NAME(IP_RECVERR),
	NAME(IP_RECVTTL),
	NAME(IP_RECVTOS),
	NAME(IP_PKTINFO),
	NAME(IP_MTU),
	NAME(IP_MTU_DISCOVER),
	NAME(IP_PMTUDISC_DONT),
	NAME(IP_PMTUDISC_WANT),
	NAME(IP_PMTUDISC_DO),
	NAME(IP_PMTUDISC_PROBE),
	NAME(IP_FREEBIND),
	NAME(IP_PMTUDISC_INTERFACE),
	NAME(IP_PMTUDISC_OMIT),
	NAME(IP_MINTTL),
	NAME(IP_TRANSPARENT),
	NAME(IP_RETOPTS),
	NAME(IP_RECVOPTS),
	NAME(IP_RECVORIGDSTADDR),
	NAME(IP_BIND_ADDRESS_NO_PORT),
	NAME(IP_MULTICAST_IF),
	NAME(IP_MULTICAST_ALL),
	NAME(IP_ADD_MEMBERSHIP),
	NAME(IP_DROP_MEMBERSHIP),
	NAME(IP_MULTICAST_TTL),
	NAME(IP_MULTICAST_LOOP),
	NAME(IPV6_UNICAST_HOPS),
	NAME(IPV6_MULTICAST_HOPS),
	NAME(IPV6_MULTICAST_LOOP),
	NAME(IPV6_MULTICAST_IF),
	NAME(IPV6_JOIN_GROUP),
	NAME(IPV6_LEAVE_GROUP),
	NAME(IPV6_PMTUDISC_DONT),
	NAME(IPV6_PMTUDISC_WANT),
	NAME(IPV6_PMTUDISC_DO),
	NAME(IPV6_PMTUDISC_PROBE),
	NAME(IPV6_PMTUDISC_INTERFACE),
	NAME(IPV6_PMTUDISC_OMIT),
	{ "IPV6_HDRINCL", 36 },
	NAME(IPV6_DONTFRAG),
	NAME(IPV6_RECVPATHMTU),
	NAME(IPV6_PATHMTU),
	NAME(IPV6_AUTOFLOWLABEL),
	{ "IPV6_FLOWINFO_SEND", 33 },
	{ "IPV6_FLOWINFO", 11 },
	NAME(IPV6_V6ONLY),
	NAME(IPV6_RECVERR),
	NAME(IPV6_RECVPKTINFO),
	NAME(IPV6_PKTINFO),
	NAME(IPV6_RECVHOPLIMIT),
	NAME(IPV6_HOPLIMIT),
	NAME(IPV6_RECVTCLASS),
	NAME(IPV6_TCLASS),
	NAME(IPV6_MTU),
	NAME(IPV6_MTU_DISCOVER),
	NAME(IPV6_CHECKSUM),
	NAME(ICMP6_FILTER),
	{ "ICMP_FILTER", 1 },
	NAME(UDP_CORK),
	{ "UDP_SEGMENT", 103 },
	{ "UDP_GRO", 104 },
	NAME(TCP_NODELAY),
	NAME(TCP_MAXSEG),
	NAME(TCP_CORK),
	NAME(MSG_OOB),
	NAME(MSG_PEEK),
	NAME(MSG_DONTROUTE),
	NAME(MSG_CTRUNC),
	NAME(MSG_TRUNC),
	NAME(MSG_DONTWAIT),
	NAME(MSG_EOR),
	NAME(MSG_WAITALL),
	NAME(MSG_CONFIRM),
	NAME(MSG_ERRQUEUE),
	NAME(MSG_NOSIGNAL),
	NAME(MSG_MORE),
	NAME(SHUT_RD),
	NAME(SHUT_WR),
	NAME(SHUT_RDWR),
	NAME(F_GETFL),
	NAME(F_SETFL),
	NAME(O_RDONLY),
	NAME(O_WRONLY),
	NAME(O_RDWR),
	NAME(O_NONBLOCK),
	NAME(POLLIN),
	NAME(POLLPRI),
	NAME(POLLOUT),
	NAME(POLLERR),
	NAME(POLLHUP),
	NAME(POLLNVAL),
	NAME(POLLRDHUP),
	NAME(POLLRDNORM),
	NAME(POLLWRNORM),
	NAME(EPOLLIN),
	NAME(EPOLLPRI),
	NAME(EPOLLOUT),
	NAME(EPOLLERR),
	NAME(EPOLLHUP),
	NAME(EPOLLRDHUP),
	NAME(EPOLLRDNORM),
	NAME(EPOLLWRNORM),
	NAME(EPOLLET),
	NAME(EPOLLONESHOT),
	NAME(EPOLLEXCLUSIVE),
	NAME(EPOLL_CTL_ADD),
	NAME(EPOLL_CTL_MOD),
	NAME(EPOLL_CTL_DEL),
	NAME(EPOLL_CLOEXEC),
	NAME(F_GETFD),
	NAME(F_SETFD),
	NAME(FD_CLOEXEC),
	NAME(O_CLOEXEC),
	NAME(FIONBIO),
	NAME(FIONREAD),
	NAME(SIOCINQ),
	NAME(SIOCOUTQ),
	NAME(SO_EE_ORIGIN_NONE),
	NAME(SO_EE_ORIGIN_LOCAL),
	NAME(SO_EE_ORIGIN_ICMP),
	NAME(SO_EE_ORIGIN_ICMP6),
	{ "ICMP_UNREACH", 3 },
	{ "ICMP_UNREACH_PORT", 3 },
	{ "ICMP_UNREACH_NEEDFRAG", 4 },
	NAME(ICMP6_DST_UNREACH),
	NAME(ICMP6_DST_UNREACH_NOPORT),
	NAME(ICMP6_PACKET_TOO_BIG),
	NAME(SO_EE_ORIGIN_TXSTATUS),
	NAME(SO_EE_ORIGIN_TIMESTAMPING),
	NAME(SO_EE_ORIGIN_ZEROCOPY),
	NAME(SO_ZEROCOPY),
	NAME(SO_TIMESTAMPING),
	NAME(SCM_TIMESTAMPING),
	NAME(MSG_ZEROCOPY),
	NAME(MSG_FASTOPEN),
	NAME(SOF_TIMESTAMPING_TX_SCHED),
	NAME(SOF_TIMESTAMPING_TX_SOFTWARE),
	NAME(SOF_TIMESTAMPING_TX_ACK),
	NAME(SOF_TIMESTAMPING_SOFTWARE),
	NAME(SOF_TIMESTAMPING_OPT_ID),
	NAME(SOF_TIMESTAMPING_OPT_TSONLY),
	NAME(SCM_TSTAMP_SCHED),
	NAME(SCM_TSTAMP_SND),
	NAME(SCM_TSTAMP_ACK),
	NAME(SO_EE_CODE_ZEROCOPY_COPIED),
	NAME(TCP_CM_INQ),
	{ "NULL", 0 },
};

bool value_of_name(const char *name, int64_t *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].name, name) != 0)
			continue;
		*ret = names[i].value;
		return true;
	}
	int err = errno_of_name(name); /* as in ee_errno=EMSGSIZE */
	if (err)
		*ret = err;
	return err != 0;
}

int errno_of_name(const char *name)
{
	for (int err = 1; err < 134; err++) {
		const char *n = strerrorname_np(err);
		if (n && !strcmp(n, name))
			return err;
	}
	return !strcmp(name, "EWOULDBLOCK") ? EAGAIN : !strcmp(name, "ENOTSUP") ? EOPNOTSUPP : 0;
}

bool value_int(const struct expr *e, int64_t *ret)
{
	int64_t a, b;
	if (!e)
		return false;
	switch (e->kind) {
	case EXPR_INT:
		*ret = e->num;
		return true;
	case EXPR_WORD:
		return value_of_name(e->text, ret);
	case EXPR_OR:
		if (!value_int(e->first, &a) || !value_int(e->first->next, &b))
			return false;
		*ret = a | b;
		return true;
	case EXPR_CALL:
		return (!strcmp(e->text, "htons") || !strcmp(e->text, "htonl")) && value_int(e->first, ret);
	case EXPR_LIST:
		return e->first && !e->first->next && value_int(e->first, ret);
	default:
		return false;
	}
}

const struct expr *value_field(const struct expr *e, const char *name, const char *or_name)
{
	for (const struct expr *f = e && e->kind == EXPR_STRUCT ? e->first : NULL; f; f = f->next)
		if (f->kind == EXPR_FIELD &&
		    (!strcmp(f->text, name) || (or_name && !strcmp(f->text, or_name))))
			return f->first;
	return NULL;
}

/* inet_addr("..."), inet6_addr("..."), inet_pton(AF_INET6, "..."), or a number for IPv4. */
static bool address(const struct expr *e, uint8_t family, struct ipaddr *ret)
{
	int64_t v;
	const struct expr *text = e && e->kind == EXPR_CALL ? e->first : NULL;
	while (text && text->kind != EXPR_STRING)
		text = text->next;
	*ret = (struct ipaddr){ 0 };
	if (text)
		return family == AF_INET6 ? ip6_from_text(text->text, &ret->v6)
					  : ip4_from_text(text->text, &ret->v4);
	if (family == AF_INET6 || !value_int(e, &v))
		return false;
	ret->v4 = be32_of((uint32_t)v);
	return true;
}

bool value_sockaddr(const struct expr *e, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	int64_t family, port = 0;
	struct ipaddr a = { 0 };
	const struct expr *p = value_field(e, "sin_port", "sin6_port"),
			  *at = value_field(e, "sin_addr", "sin6_addr");
	if (!value_int(value_field(e, "sa_family", "sin_family"), &family) || (p && !value_int(p, &port)) ||
	    (at && !address(at, (uint8_t)family, &a)))
		return false;
	memset(ret, 0, sizeof *ret);
	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
		memcpy(&sin6.sin6_addr, &a.v6, sizeof a.v6);
		memcpy(ret, &sin6, sizeof sin6);
		*ret_len = sizeof sin6;
		return true;
	}
	struct sockaddr_in sin = { .sin_family = (sa_family_t)family, .sin_port = htons((uint16_t)port) };
	memcpy(&sin.sin_addr, &a.v4, sizeof a.v4);
	memcpy(ret, &sin, sizeof sin);
	*ret_len = sizeof sin;
	return true;
}
