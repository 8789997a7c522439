/* SPDX-License-Identifier: BSD-2-Clause */
/* Shell lines about links, addresses and routes: requests to the stack's own netlink sockets. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/tcp_metrics.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/shell_internal.h"
#include "net/iface.h"
#include "netlink/genl.h"
#include "netlink/nl_sock.h"
#include "nlmsg/nlmsg.h"
#include "tcp/host.h"

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct shell_answer *a = ctx;
	const struct nlmsghdr *h = bytes;
	if (mnl_nlmsg_ok(h, (int)len) && h->nlmsg_type == NLMSG_ERROR)
		a->err = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
	return 0;
}

static int ask_of(struct shell_answer *a, const struct nl_buf *b, int protocol)
{
	static const struct nl_sock_ops ops = { .deliver = deliver };
	const struct nl_creds creds = { .may_configure = true };
	struct nl_sock *s;
	int err = nl_sock_new(a->w->st, protocol, &creds, &ops, a, &s);
	if (err)
		return err;
	a->err = 0;
	err = nl_sock_input(s, b->p, b->len_bytes);
	manual_rt_settle(a->w->m);
	nl_sock_free(s);
	return err ? err : a->err;
}

static int ask(struct shell_answer *a, const struct nl_buf *b)
{
	return ask_of(a, b, NETLINK_ROUTE);
}

static int ask_link(struct shell_answer *a, const struct shell_command *c, struct nl_buf *b, int index)
{
	struct ifinfomsg *m = nl_begin(b, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0, sizeof *m);
	m->ifi_index = index;
	if (c->set_up) {
		m->ifi_change = IFF_UP;
		m->ifi_flags = c->up ? IFF_UP : 0;
	}
	if (c->mtu)
		nl_put_u32(b, IFLA_MTU, c->mtu);
	nl_end(b);
	return ask(a, b);
}

static int ask_addr(struct shell_answer *a, const struct shell_command *c, struct nl_buf *b, int index)
{
	uint16_t flags = NLM_F_REQUEST | NLM_F_ACK | (c->del ? 0 : NLM_F_CREATE | NLM_F_EXCL);
	size_t len = c->family == AF_INET6 ? 16 : 4;
	struct ifaddrmsg *m = nl_begin(b, c->del ? RTM_DELADDR : RTM_NEWADDR, flags, 1, 0, sizeof *m);
	m->ifa_family = c->family;
	m->ifa_prefixlen = c->plen;
	m->ifa_flags = c->family == AF_INET6 ? IFA_F_NODAD : 0;
	m->ifa_index = (unsigned)index;
	nl_put(b, IFA_LOCAL, &c->addr, len);
	nl_put(b, IFA_ADDRESS, &c->addr, len);
	nl_end(b);
	return ask(a, b);
}

static void put_metrics(const struct shell_command *c, struct nl_buf *b)
{
	bool any = false;
	for (unsigned i = 0; i <= RTAX_MAX; i++)
		any |= c->metric[i] != 0;
	if (!any)
		return;
	size_t nest = nl_nest(b, RTA_METRICS);
	for (unsigned i = 1; i <= RTAX_MAX; i++)
		if (c->metric[i])
			nl_put_u32(b, (uint16_t)i, c->metric[i]);
	nl_nest_end(b, nest);
}

static int ask_route(struct shell_answer *a, const struct shell_command *c, struct nl_buf *b, int index)
{
	uint16_t flags = NLM_F_REQUEST | NLM_F_ACK |
			 (c->del ? 0 : NLM_F_CREATE | (c->replace ? NLM_F_REPLACE : NLM_F_EXCL));
	size_t len = c->family == AF_INET6 ? 16 : 4;
	bool link_scope = c->route_type == RTN_UNICAST && !c->has_gw && c->family == AF_INET;
	struct rtmsg *m = nl_begin(b, c->del ? RTM_DELROUTE : RTM_NEWROUTE, flags, 1, 0, sizeof *m);
	m->rtm_family = c->family;
	m->rtm_dst_len = c->plen;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = c->del ? RTPROT_UNSPEC : RTPROT_BOOT;
	m->rtm_scope = c->del ? RT_SCOPE_NOWHERE : link_scope ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->rtm_type = c->del && c->route_type == RTN_UNICAST ? RTN_UNSPEC : c->route_type;
	if (c->has_dst)
		nl_put(b, RTA_DST, &c->addr, len);
	if (c->has_gw)
		nl_put(b, RTA_GATEWAY, &c->gw, len);
	if (index)
		nl_put_u32(b, RTA_OIF, (uint32_t)index);
	put_metrics(c, b);
	nl_end(b);
	return ask(a, b);
}

/* Without an address it is about all. */
static int forget_metrics(struct shell_answer *a, struct nl_buf *b)
{
	struct genlmsghdr *g = nl_begin(b, genl_family_id(a->w->st, &tcp_hosts_family),
					NLM_F_REQUEST | NLM_F_ACK, 1, 0, GENL_HDRLEN);
	*g = (struct genlmsghdr){ .cmd = TCP_METRICS_CMD_DEL, .version = TCP_METRICS_GENL_VERSION };
	nl_end(b);
	return ask_of(a, b, NETLINK_GENERIC);
}

int shell_ask(struct shell_answer *a, const struct shell_command *c)
{
	struct iface *i = c->dev[0] ? iface_by_name(a->w->st, c->dev) : NULL;
	_Alignas(8) uint8_t room[512];
	struct nl_buf b;
	int index = i ? (int)i->ifindex : 0;
	if (c->dev[0] && !i)
		return -ENODEV;
	nl_buf_init_fixed(&b, room, sizeof room);
	if (c->verb == VERB_METRICS)
		return forget_metrics(a, &b);
	return c->verb == VERB_LINK    ? ask_link(a, c, &b, index)
	       : c->verb == VERB_ADDR  ? ask_addr(a, c, &b, index)
	       : c->verb == VERB_ROUTE ? ask_route(a, c, &b, index)
				       : -EINVAL;
}
