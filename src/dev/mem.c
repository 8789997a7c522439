/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: each end is an interface whose driver state points at the other end. What is sent into one comes
 * out of the other in the next turn of the peer's worker, as the packet it was (cross.c), with its checksum still
 * partial and its segments still joined unless the pair was made without these offloads.
 *
 * The pointers between the ends are written while all workers stand between turns. Deleting an end unhooks both first
 * and then deletes the other, so whichever stack goes first, no end points at one that is gone. */
#include "dev/mem.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "dev/cross.h"
#include "dev/options.h"

struct mem_end {
	struct iface *ifc;
	struct mem_end *peer; /* NULL once one of them is being deleted */
	struct mem_opts opts;
};

/* Without scatter lists a frame has to fit the first piece. */
enum { NO_SG_MTU_MAX = BUF_HEAD_SIZE - BUF_HEADROOM - ETH_HLEN };

static void mem_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct mem_end *me = ifc->driver, *peer = me->peer;
	if (likely(peer)) {
		dev_cross(w, ifc, cross_to(w, peer->ifc->st), peer->ifc->handle, p, n);
		return;
	}
	racy_add(iface_stats_of(ifc, w)->tx_dropped, n);
	for (unsigned i = 0; i < n; i++)
		graph_drop(w, node_find(w->st, "iface-output"), p[i], DROP_IF_GONE);
}

/* Linux: veth_open(), veth_close(): there is carrier while both ends are up. */
static int mem_up(struct iface *ifc)
{
	struct mem_end *me = ifc->driver;
	bool both = me->peer && me->peer->ifc->flags & IFF_UP;
	iface_set_carrier(ifc, both);
	if (both)
		iface_set_carrier(me->peer->ifc, true);
	return 0;
}

static void mem_down(struct iface *ifc)
{
	struct mem_end *me = ifc->driver;
	iface_set_carrier(ifc, false);
	if (me->peer)
		iface_set_carrier(me->peer->ifc, false);
}

static int mem_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0; /* also while up; nobody else needs to know */
}

static struct iface *mem_part(struct iface *ifc)
{
	struct leat_runtime *rt = ifc->st->rt;
	struct mem_end *me = ifc->driver, *peer = me->peer;
	if (!peer)
		return NULL;
	rt->ops->pause(rt);
	me->peer = peer->peer = NULL;
	rt->ops->resume(rt);
	return peer->ifc;
}

static void mem_free_end(struct iface *ifc)
{
	mem_free(ifc->driver);
}

static void mem_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct mem_end *me = ifc->driver;
	const struct iface *peer = me->peer ? me->peer->ifc : NULL;
	if (peer && peer->st == ifc->st) /* nobody but who joined two stacks can join them again */
		snprintf(to, len, "mem:%s,peer=%s,peer_index=%u,csum=%u,tso=%u,sg=%u", ifc->name, peer->name,
			 peer->ifindex, !me->opts.no_csum, !me->opts.no_tso, !me->opts.no_sg);
}

static uint32_t mem_lower(const struct iface *ifc)
{
	const struct mem_end *me = ifc->driver;
	if (!me->peer || !me->peer->ifc)
		return 0;
	return me->peer->ifc->st == ifc->st ? me->peer->ifc->ifindex : IFACE_LOWER_UNSEEN;
}

/* Linux: a veth says so, too. */
static bool mem_link(const struct iface *ifc, struct iface_link *ret)
{
	*ret = (struct iface_link){ .speed = SPEED_10000, .duplex = DUPLEX_FULL, .port = PORT_TP };
	return true;
}

static const struct iface_ops mem_ops = {
	.kind = "veth",
	.xmit = mem_xmit,
	.up = mem_up,
	.down = mem_down,
	.set_mac = mem_set_mac,
	.part = mem_part,
	.large_segments = true,
	.free = mem_free_end,
	.describe = mem_describe,
	.lower = mem_lower,
	.link = mem_link,
};

static uint32_t features_of(const struct mem_opts *o)
{
	return IFACE_TX_VLAN | (o->no_csum ? 0U : IFACE_TX_CSUM) | (o->no_sg ? 0U : IFACE_TX_SG) |
	       (o->no_tso ? 0U : IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_USO);
}

static void choose_mac(struct leat_runtime *rt, const uint8_t wish[6], uint8_t ret[6])
{
	static const uint8_t none[6];
	if (memcmp(wish, none, sizeof none)) {
		memcpy(ret, wish, 6);
		return;
	}
	rt->ops->random(rt, ret, 6);
	ret[0] = (uint8_t)((ret[0] & 0xfc) | 2);
}

static int end_new(struct leat_stack *st, const char *name, const struct mem_opts *o, unsigned which,
		   struct mem_end **ret)
{
	struct mem_end *me = mem_zalloc(&st->mem, sizeof *me);
	if (!me)
		return -ENOMEM;
	me->opts = *o;
	struct iface_new how = { .ops = &mem_ops,
				 .driver = me,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = features_of(o),
				 .ifindex = o->ifindex[which],
				 .mtu = o->mtu ? o->mtu : ETH_DATA_LEN,
				 .mtu_min = ETH_MIN_MTU,
				 .mtu_max = o->no_sg ? (uint32_t)NO_SG_MTU_MAX : ETH_MAX_MTU };
	snprintf(how.name, sizeof how.name, "%s", name);
	choose_mac(st->rt, o->mac[which], how.mac);
	int err = how.mtu < how.mtu_min || how.mtu > how.mtu_max ? -EINVAL : iface_add(st, &how, &me->ifc);
	if (err) {
		mem_free(me);
		return err;
	}
	iface_set_carrier(me->ifc, false);
	*ret = me;
	return 0;
}

int mem_pair_new(struct leat_stack *st_a, const char *name_a, struct leat_stack *st_b, const char *name_b,
		 const struct mem_opts *opts, struct iface *ret[2])
{
	static const struct mem_opts plain;
	const struct mem_opts *o = opts ? opts : &plain;
	struct leat_stack *st[2] = { st_a, st_b };
	const char *name[2] = { name_a, name_b };
	struct mem_end *end[2];
	unsigned first = o->peer_first ? 1 : 0;
	int err = end_new(st[first], name[first], o, first, &end[first]);
	if (err)
		return err;
	err = end_new(st[!first], name[!first], o, !first, &end[!first]);
	if (err) {
		iface_delete(end[first]->ifc);
		return err;
	}
	end[0]->peer = end[1];
	end[1]->peer = end[0];
	if (ret) {
		ret[0] = end[0]->ifc;
		ret[1] = end[1]->ifc;
	}
	return 0;
}

/* --- `--dev mem:NAME,peer=NAME,...` --- */

struct mem_words {
	char peer[IFACE_NAME_MAX];
	uint64_t mtu, index, peer_index;
	bool csum, tso, sg, peer_first;
	uint8_t mac[6], peer_mac[6];
};

static const struct dev_option mem_options[] = {
	{ "peer", DEV_OPT_STR, offsetof(struct mem_words, peer), 0, IFACE_NAME_MAX },
	{ "peer_index", DEV_OPT_U64, offsetof(struct mem_words, peer_index), 1, INT32_MAX },
	{ "mtu", DEV_OPT_U64, offsetof(struct mem_words, mtu), ETH_MIN_MTU, ETH_MAX_MTU },
	{ "csum", DEV_OPT_BOOL, offsetof(struct mem_words, csum), 0, 1 },
	{ "tso", DEV_OPT_BOOL, offsetof(struct mem_words, tso), 0, 1 },
	{ "sg", DEV_OPT_BOOL, offsetof(struct mem_words, sg), 0, 1 },
	{ "peer_first", DEV_OPT_BOOL, offsetof(struct mem_words, peer_first), 0, 1 },
	{ "index", DEV_OPT_U64, offsetof(struct mem_words, index), 1, INT32_MAX },
	{ "mac", DEV_OPT_MAC, offsetof(struct mem_words, mac), 0, 0 },
	{ "peer_mac", DEV_OPT_MAC, offsetof(struct mem_words, peer_mac), 0, 0 },
	{ 0 },
};

static int mem_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		    size_t why_len)
{
	struct mem_words o = { .csum = true, .tso = true, .sg = true };
	int err = dev_options(mem_options, options, &o, ret_why, why_len);
	if (err)
		return err;
	if (!o.peer[0]) {
		snprintf(ret_why, why_len, "the other end is wanted: peer=NAME");
		return -EINVAL;
	}
	struct mem_opts opts = { .mtu = (uint32_t)o.mtu,
				 .no_csum = !o.csum,
				 .no_tso = !o.tso,
				 .no_sg = !o.sg,
				 .peer_first = o.peer_first,
				 .ifindex = { (uint32_t)o.index, (uint32_t)o.peer_index } };
	memcpy(opts.mac[0], o.mac, 6);
	memcpy(opts.mac[1], o.peer_mac, 6);
	err = mem_pair_new(st, ifname, st, o.peer, &opts, NULL);
	if (err)
		snprintf(ret_why, why_len, "%s", strerror(-err));
	return err;
}

const struct iface_kind mem_kind = { .name = "mem", .open = mem_open };
