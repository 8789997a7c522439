/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface as RTM_NEWLINK shows it: the attributes of Linux's rtnl_fill_ifinfo() that mean something here, in its
 * order. */
#include "net/link_fill.h"

#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"

static const struct {
	const char *leat, *linux_name;
} kind_names[] = { { "mem", "veth" }, { "tap", "tun" } };

const char *link_kind_of(const struct iface *i)
{
	for (unsigned k = 0; k < ARRAY_SIZE(kind_names); k++)
		if (strcmp(kind_names[k].leat, i->ops->kind) == 0)
			return kind_names[k].linux_name;
	return i->hw_type == ARPHRD_LOOPBACK ? NULL : i->ops->kind;
}

void link_stats64(const struct iface *i, struct rtnl_link_stats64 *ret)
{
	struct iface_worker_stats s;
	iface_stats(i, &s);
	*ret = (struct rtnl_link_stats64){
		.rx_packets = s.rx_packets,
		.tx_packets = s.tx_packets,
		.rx_bytes = s.rx_bytes,
		.tx_bytes = s.tx_bytes,
		.rx_errors = s.rx_errors,
		.tx_errors = s.tx_errors,
		.rx_dropped = s.rx_dropped,
		.tx_dropped = s.tx_dropped,
		.multicast = s.rx_multicast,
	};
}

static void put_stats(struct nl_buf *b, const struct iface *i)
{
	struct iface_worker_stats s;
	struct rtnl_link_stats64 wide;
	link_stats64(i, &wide);
	iface_stats(i, &s);
	struct rtnl_link_stats narrow = {
		.rx_packets = (uint32_t)s.rx_packets,
		.tx_packets = (uint32_t)s.tx_packets,
		.rx_bytes = (uint32_t)s.rx_bytes,
		.tx_bytes = (uint32_t)s.tx_bytes,
		.rx_errors = (uint32_t)s.rx_errors,
		.tx_errors = (uint32_t)s.tx_errors,
		.rx_dropped = (uint32_t)s.rx_dropped,
		.tx_dropped = (uint32_t)s.tx_dropped,
		.multicast = (uint32_t)s.rx_multicast,
	};
	nl_put_aligned64(b, IFLA_STATS64, &wide, sizeof wide, IFLA_PAD);
	nl_put(b, IFLA_STATS, &narrow, sizeof narrow);
}

static void put_inet(struct nl_buf *b, const struct iface *i)
{
	uint32_t conf[IPV4_DEVCONF_MAX] = { 0 };
	conf[IPV4_DEVCONF_FORWARDING - 1] = i->conf.forward4;
	nl_put(b, IFLA_INET_CONF, conf, sizeof conf);
}

static void put_auto_conf(uint32_t conf[DEVCONF_MAX], const struct ip6_auto_conf *c)
{
	conf[DEVCONF_ACCEPT_RA] = c->accept_ra;
	conf[DEVCONF_AUTOCONF] = c->autoconf;
	conf[DEVCONF_RTR_SOLICITS] = (uint32_t)c->rs_count;
	conf[DEVCONF_RTR_SOLICIT_INTERVAL] = (uint32_t)c->rs_interval_s * 1000; /* Linux shows milliseconds */
	conf[DEVCONF_RTR_SOLICIT_MAX_INTERVAL] = (uint32_t)c->rs_max_interval_s * 1000;
	conf[DEVCONF_RTR_SOLICIT_DELAY] = (uint32_t)c->rs_delay_s * 1000;
	conf[DEVCONF_USE_TEMPADDR] = (uint32_t)c->use_tempaddr;
	conf[DEVCONF_TEMP_VALID_LFT] = (uint32_t)c->temp_valid_s;
	conf[DEVCONF_TEMP_PREFERED_LFT] = (uint32_t)c->temp_preferred_s;
	conf[DEVCONF_REGEN_MAX_RETRY] = (uint32_t)c->regen_retry;
	conf[DEVCONF_MAX_DESYNC_FACTOR] = (uint32_t)c->max_desync_s;
	conf[DEVCONF_MAX_ADDRESSES] = c->max_addresses;
	conf[DEVCONF_ACCEPT_RA_DEFRTR] = c->defrtr;
	conf[DEVCONF_RA_DEFRTR_METRIC] = c->defrtr_metric;
	conf[DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT] = c->min_hop_limit;
	conf[DEVCONF_ACCEPT_RA_PINFO] = c->pinfo;
	conf[DEVCONF_ACCEPT_RA_RTR_PREF] = c->rtr_pref;
	conf[DEVCONF_ACCEPT_RA_RT_INFO_MIN_PLEN] = c->rt_info_min_plen;
	conf[DEVCONF_ACCEPT_RA_RT_INFO_MAX_PLEN] = c->rt_info_max_plen;
	conf[DEVCONF_DISABLE_IPV6] = c->disable;
	conf[DEVCONF_OPTIMISTIC_DAD] = c->optimistic_dad;
	conf[DEVCONF_USE_OPTIMISTIC] = c->use_optimistic;
	conf[DEVCONF_ACCEPT_RA_MTU] = c->ra_mtu;
	conf[DEVCONF_ACCEPT_RA_FROM_LOCAL] = c->from_local;
	conf[DEVCONF_USE_OIF_ADDRS_ONLY] = c->oif_addrs_only;
	conf[DEVCONF_KEEP_ADDR_ON_DOWN] = (uint32_t)c->keep_addr_on_down;
	conf[DEVCONF_ENHANCED_DAD] = c->enhanced_dad;
}

static void put_inet6(struct nl_buf *b, const struct iface *i)
{
	uint32_t conf[DEVCONF_MAX] = { 0 };
	struct ipv6_devconf_cacheinfo { /* struct ifla_cacheinfo, whose header collides with others */
		uint32_t max_reasm_len, tstamp, reachable_time, retrans_time;
	} ci = { .max_reasm_len = 65535,
		 .tstamp = ticks_of_us(i->in6.changed_us),
		 .reachable_time = i->conf.neigh[1].reachable_ms,
		 .retrans_time = i->conf.neigh[1].retrans_ms };
	conf[DEVCONF_FORWARDING] = i->conf.forward6;
	conf[DEVCONF_HOPLIMIT] = i->conf.hop_limit6;
	conf[DEVCONF_MTU6] = i->mtu6 ? i->mtu6 : i->mtu;
	conf[DEVCONF_DAD_TRANSMITS] = i->conf.dad_transmits;
	conf[DEVCONF_ACCEPT_DAD] = i->conf.accept_dad;
	put_auto_conf(conf, &i->conf.ip6);
	nl_put_u32(b, IFLA_INET6_FLAGS, i->in6.flags | (iface_is_up(i) ? 0x80000000u /* IF_READY */ : 0));
	nl_put(b, IFLA_INET6_CACHEINFO, &ci, sizeof ci);
	nl_put(b, IFLA_INET6_CONF, conf, sizeof conf);
	nl_put(b, IFLA_INET6_TOKEN, &i->in6.token, sizeof i->in6.token);
	nl_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, i->conf.addr_gen_mode);
	if (i->in6.ra_mtu)
		nl_put_u32(b, IFLA_INET6_RA_MTU, i->in6.ra_mtu);
}

static void put_af_spec(struct nl_buf *b, const struct iface *i)
{
	size_t spec = nl_nest_noflag(b, IFLA_AF_SPEC);
	size_t inet = nl_nest_noflag(b, AF_INET);
	put_inet(b, i);
	nl_nest_end(b, inet);
	size_t inet6 = nl_nest_noflag(b, AF_INET6);
	put_inet6(b, i);
	nl_nest_end(b, inet6);
	nl_nest_end(b, spec);
}

/* Linux: vrf_fill_slave_info() */
static void put_slave_info(struct nl_buf *b, const struct iface *i)
{
	const struct iface *master = iface_by_handle(i->st, i->l3_master);
	if (!master)
		return;
	nl_put_str(b, IFLA_INFO_SLAVE_KIND, link_kind_of(master));
	size_t data = nl_nest_noflag(b, IFLA_INFO_SLAVE_DATA);
	nl_put_u32(b, IFLA_VRF_PORT_TABLE, master->l3_table);
	nl_nest_end(b, data);
}

static void put_link_info(struct nl_buf *b, const struct iface *i)
{
	const char *kind = link_kind_of(i);
	if (!kind && !i->l3_master)
		return;
	size_t info = nl_nest_noflag(b, IFLA_LINKINFO);
	if (kind)
		nl_put_str(b, IFLA_INFO_KIND, kind);
	if (i->ops->fill_info) {
		size_t data = nl_nest_noflag(b, IFLA_INFO_DATA);
		i->ops->fill_info(i, b);
		nl_nest_end(b, data);
	}
	put_slave_info(b, i);
	nl_nest_end(b, info);
}

/* The other end of a pair that is still being made, or goes, is none. */
static void put_lower(struct nl_buf *b, const struct iface *i)
{
	uint32_t index = i->ops->lower ? i->ops->lower(i) : IFACE_LOWER_UNSEEN;
	const struct iface *lower = iface_by_index(i->st, index);
	if (index != IFACE_LOWER_UNSEEN)
		nl_put_u32(b, IFLA_LINK, lower && lower->quiet ? 0 : index);
}

static void put_altnames(struct nl_buf *b, const struct iface *i)
{
	const struct iface_altname *a;
	if (list_empty(&i->altnames))
		return;
	size_t list = nl_nest(b, IFLA_PROP_LIST);
	list_for_each (a, &i->altnames, link)
		nl_put_str(b, IFLA_ALT_IFNAME, a->name);
	nl_nest_end(b, list);
}

bool link_takes_large_segments(const struct iface *i)
{
	const struct iface *lower =
		i->ops->segments_as_lower ? iface_by_index(i->st, i->ops->lower(i)) : NULL;
	return lower ? link_takes_large_segments(lower) : i->ops->large_segments;
}

static void put_all(struct nl_buf *b, const struct link_view *v)
{
	const struct iface *i = v->i;
	nl_put_u32(b, IFLA_TXQLEN, i->txqlen);
	nl_put_u8(b, IFLA_OPERSTATE, i->operstate);
	nl_put_u8(b, IFLA_LINKMODE, i->link_mode);
	nl_put_u32(b, IFLA_MTU, i->mtu);
	nl_put_u32(b, IFLA_MIN_MTU, i->mtu_min);
	nl_put_u32(b, IFLA_MAX_MTU, i->mtu_max);
	nl_put_u32(b, IFLA_GROUP, i->group);
	nl_put_u32(b, IFLA_PROMISCUITY, i->flags & IFF_PROMISC ? 1 : 0);
	nl_put_u32(b, IFLA_ALLMULTI, i->flags & IFF_ALLMULTI ? 1 : 0);
	if (v->event)
		nl_put_u32(b, IFLA_EVENT, v->event);
	nl_put_u32(b, IFLA_NUM_TX_QUEUES, i->st->n_workers);
	nl_put_u32(b, IFLA_GSO_MAX_SEGS, i->gso_max_segs);
	nl_put_u32(b, IFLA_GSO_MAX_SIZE, i->gso_max_size);
	nl_put_u32(b, IFLA_TSO_MAX_SIZE, link_takes_large_segments(i) ? IFACE_GSO_SIZE_MAX : IFACE_GSO_SIZE);
	nl_put_u32(b, IFLA_TSO_MAX_SEGS, 65535);
	nl_put_u32(b, IFLA_GRO_MAX_SIZE, i->gro_max_size);
	nl_put_u32(b, IFLA_NUM_RX_QUEUES, i->st->n_workers);
	if (i->l3_master)
		nl_put_u32(b, IFLA_MASTER, ifindex_of(i->st, i->l3_master));
	put_lower(b, i);
	put_altnames(b, i);
	nl_put_u8(b, IFLA_CARRIER, i->carrier);
	nl_put_str(b, IFLA_QDISC, i->has_qdisc ? "noqueue" : "noop");
	if (i->alias[0])
		nl_put_str(b, IFLA_IFALIAS, i->alias);
	nl_put_u32(b, IFLA_CARRIER_CHANGES, i->carrier_changes[0] + i->carrier_changes[1]);
	nl_put_u32(b, IFLA_CARRIER_UP_COUNT, i->carrier_changes[1]);
	nl_put_u32(b, IFLA_CARRIER_DOWN_COUNT, i->carrier_changes[0]);
	nl_put_u8(b, IFLA_PROTO_DOWN, 0);
	nl_put(b, IFLA_ADDRESS, i->mac, sizeof i->mac);
	nl_put(b, IFLA_BROADCAST, i->broadcast, sizeof i->broadcast);
	if (!(v->ext_mask & RTEXT_FILTER_SKIP_STATS))
		put_stats(b, i);
	put_link_info(b, i);
	put_af_spec(b, i);
}

/* Linux: inet6_fill_ifinfo(), what `ip -6 addr` asks for. */
static void put_inet6_side(struct nl_buf *b, const struct iface *i)
{
	put_lower(b, i);
	nl_put(b, IFLA_ADDRESS, i->mac, sizeof i->mac);
	nl_put_u32(b, IFLA_MTU, i->mtu);
	nl_put_u32(b, IFLA_TXQLEN, i->txqlen); /* Linux: not here; ip then asks by ioctl */
	nl_put_u8(b, IFLA_OPERSTATE, i->operstate);
	size_t info = nl_nest_noflag(b, IFLA_PROTINFO);
	put_inet6(b, i);
	nl_nest_end(b, info);
}

int link_put(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const struct link_view *v)
{
	const struct iface *i = v->i;
	struct ifinfomsg *m = nl_begin(b, type, v->nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ifinfomsg){
			.ifi_family = v->family == AF_INET6 ? AF_INET6 : AF_UNSPEC,
			.ifi_type = i->hw_type,
			.ifi_index = (int)i->ifindex,
			.ifi_flags = i->flags,
			.ifi_change = v->change,
		};
	nl_put_str(b, IFLA_IFNAME, i->name);
	if (v->family == AF_INET6)
		put_inet6_side(b, i);
	else
		put_all(b, v);
	return nl_end(b);
}

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	link_put(b, type, seq, portid, what);
}

void link_tell6(const struct iface *i)
{
	struct link_view v = { .i = i, .family = AF_INET6 };
	nl_notify(i->st, NETLINK_ROUTE, RTNLGRP_IPV6_IFINFO, RTM_NEWLINK, fill_told, &v);
}

void link_tell_event(const struct iface *i, uint32_t event)
{
	struct link_view v = { .i = i, .event = event };
	if (!i->quiet)
		nl_notify(i->st, NETLINK_ROUTE, RTNLGRP_LINK, RTM_NEWLINK, fill_told, &v);
}

void link_tell(const struct iface *i, uint16_t type, uint32_t change)
{
	if (i->quiet)
		return;
	struct link_view v = { .i = i, .change = change };
	nl_notify(i->st, NETLINK_ROUTE, RTNLGRP_LINK, type, fill_told, &v);
}
