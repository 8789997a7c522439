/* SPDX-License-Identifier: BSD-2-Clause */
/* What a netlink message meets of host.c: `ip tcp_metrics`. Of Linux's metrics those of Fast Open are there; round trips and
 * windows are not remembered, so they are neither told nor missed. */
#include <linux/genetlink.h>
#include <linux/tcp_metrics.h>

#include "nlmsg/family.h"
#include "tcp/host.h"

static const struct nl_policy policy[TCP_METRICS_ATTR_MAX + 1] = {
	[TCP_METRICS_ATTR_ADDR_IPV4] = { NL_U32, .name = "TCP_METRICS_ATTR_ADDR_IPV4",
					 .help = "the other host" },
	[TCP_METRICS_ATTR_ADDR_IPV6] = { NL_BYTES, 16, 16, .name = "TCP_METRICS_ATTR_ADDR_IPV6",
					 .help = "the other host" },
	[TCP_METRICS_ATTR_SADDR_IPV4] = { NL_U32, .name = "TCP_METRICS_ATTR_SADDR_IPV4", .help = "this one" },
	[TCP_METRICS_ATTR_SADDR_IPV6] = { NL_BYTES, 16, 16, .name = "TCP_METRICS_ATTR_SADDR_IPV6",
					  .help = "this one" },
};

/* --- telling --- */

static void put_addr(struct nl_buf *b, const struct ip6 *a, uint16_t as4, uint16_t as6)
{
	const be32 v4 = l4_v4(a);
	if (l4_is4(a))
		nl_put(b, as4, &v4, sizeof v4);
	else
		nl_put(b, as6, a, sizeof *a);
}

/* Linux: tcp_metrics_fill_info() */
static int put(struct nl_req *r, const struct tcp_host *m, uint16_t flags)
{
	struct nl_buf *b = r->reply;
	uint64_t now_us = r->st->rt->ctl->now_us;
	struct genlmsghdr *g =
		nl_begin(b, r->msg->nlmsg_type, flags, r->msg->nlmsg_seq, r->portid, GENL_HDRLEN);
	if (g)
		*g = (struct genlmsghdr){ .cmd = TCP_METRICS_CMD_GET, .version = TCP_METRICS_GENL_VERSION };
	put_addr(b, &m->path.remote, TCP_METRICS_ATTR_ADDR_IPV4, TCP_METRICS_ATTR_ADDR_IPV6);
	put_addr(b, &m->path.local, TCP_METRICS_ATTR_SADDR_IPV4, TCP_METRICS_ATTR_SADDR_IPV6);
	nl_put_u64(b, TCP_METRICS_ATTR_AGE, (now_us - m->heard_us) / 1000, TCP_METRICS_ATTR_PAD);
	if (m->mss)
		nl_put_u16(b, TCP_METRICS_ATTR_FOPEN_MSS, m->mss);
	if (m->syn_losses) {
		nl_put_u16(b, TCP_METRICS_ATTR_FOPEN_SYN_DROPS, m->syn_losses);
		nl_put_u64(b, TCP_METRICS_ATTR_FOPEN_SYN_DROP_TS, (now_us - m->lost_us) / 1000,
			   TCP_METRICS_ATTR_PAD);
	}
	if (m->cookie.len > 0)
		nl_put(b, TCP_METRICS_ATTR_FOPEN_COOKIE, m->cookie.bytes, (size_t)m->cookie.len);
	return nl_end(b);
}

/* --- asking --- */

/* 1: said; 0: not. */
static int take_addr(const struct nl_req *r, uint16_t as4, uint16_t as6, struct ip6 *ret)
{
	const struct nlattr *a4 = r->attrs[as4], *a6 = r->attrs[as6];
	be32 v4;
	if (a4) {
		memcpy(&v4, mnl_attr_get_payload(a4), sizeof v4);
		*ret = l4_of4(v4);
	} else if (a6) {
		memcpy(ret, mnl_attr_get_payload(a6), sizeof *ret);
	}
	return a4 || a6;
}

struct wanted {
	struct ip6 remote, local;
	bool has_remote, has_local;
};

static struct wanted wanted_of(const struct nl_req *r)
{
	struct wanted w = { 0 };
	w.has_remote = take_addr(r, TCP_METRICS_ATTR_ADDR_IPV4, TCP_METRICS_ATTR_ADDR_IPV6, &w.remote);
	w.has_local = take_addr(r, TCP_METRICS_ATTR_SADDR_IPV4, TCP_METRICS_ATTR_SADDR_IPV6, &w.local);
	return w;
}

static bool fits(const struct wanted *w, const struct tcp_host *m)
{
	return (!w->has_remote || !memcmp(&w->remote, &m->path.remote, sizeof w->remote)) &&
	       (!w->has_local || !memcmp(&w->local, &m->path.local, sizeof w->local));
}

static int get(struct nl_req *r)
{
	const struct wanted w = wanted_of(r);
	const struct tcp_host *m;
	if (!w.has_remote)
		return -EAFNOSUPPORT;
	list_for_each (m, &tcp_stack(r->st)->hosts_by_age, link)
		if (fits(&w, m))
			return put(r, m, 0);
	return -ESRCH;
}

/* key[0]: the serial of the last that was told. */
static int dump(struct nl_req *r, struct nl_dump *d)
{
	const struct tcp_host *m;
	list_for_each (m, &tcp_stack(r->st)->hosts_by_age, link) {
		if (m->serial <= d->key[0])
			continue;
		if (put(r, m, NLM_F_MULTI))
			return 1;
		d->key[0] = m->serial;
	}
	return 0;
}

/* Without an address all of them. */
static int del(struct nl_req *r)
{
	const struct wanted w = wanted_of(r);
	struct tcp_host *m, *next;
	bool any = false;
	list_for_each_safe (m, next, &tcp_stack(r->st)->hosts_by_age, link) {
		if (!fits(&w, m))
			continue;
		tcp_host_forget(r->st, m);
		any = true;
	}
	return any || !w.has_remote ? 0 : -ESRCH;
}

static const struct nl_msg msgs[] = {
	{ .name = "TCP_METRICS_CMD_GET",
	  .type = TCP_METRICS_CMD_GET,
	  .max_attr = TCP_METRICS_ATTR_MAX,
	  .policy = policy,
	  .doit = get,
	  .dump = dump },
	{ .name = "TCP_METRICS_CMD_DEL",
	  .type = TCP_METRICS_CMD_DEL,
	  .flags = NL_ADMIN,
	  .max_attr = TCP_METRICS_ATTR_MAX,
	  .policy = policy,
	  .doit = del },
	{ 0 },
};

const struct nl_family tcp_hosts_family = {
	.name = TCP_METRICS_GENL_NAME,
	.protocol = NETLINK_GENERIC,
	.version = TCP_METRICS_GENL_VERSION,
	.msgs = msgs,
};
