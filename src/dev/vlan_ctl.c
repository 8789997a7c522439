/* SPDX-License-Identifier: BSD-2-Clause */
/* VLANs as interfaces: how they come, follow the interface below, and go. Control lcore. As on Linux a VLAN has carrier while the
 * interface below is up and has it, is taken down and brought up with it, follows its address until given one of its own, and goes
 * with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>

#include "dev/options.h"
#include "dev/vlan_internal.h"
#include "net/ctl_fill.h"
#include "net/ethertype.h"
#include "nlmsg/nlmsg.h"

enum { VID_MAX = 4094 };

/* --- the interface --- */

static void follow_carrier(const struct vlan *v)
{
	iface_set_carrier(v->ifc, (v->lower->flags & IFF_UP) && v->lower->carrier);
}

uint16_t vlan_id_of(const struct iface *i)
{
	return ((const struct vlan *)i->driver)->vid;
}

static int vlan_up(struct iface *ifc)
{
	const struct vlan *v = ifc->driver;
	if (!(v->lower->flags & IFF_UP) && !v->loose)
		return -ENETDOWN;
	follow_carrier(v);
	return 0;
}

static void vlan_down(struct iface *ifc)
{
}

static int vlan_set_mtu(struct iface *ifc, uint32_t mtu)
{
	const struct vlan *v = ifc->driver;
	return mtu > v->lower->mtu ? -ERANGE : 0;
}

static int vlan_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	struct vlan *v = ifc->driver;
	v->own_mac = memcmp(mac, v->lower->mac, ETH_ALEN) != 0;
	return 0;
}

static void vlan_stop(struct iface *ifc)
{
	struct vlan *v = ifc->driver;
	vlan_remove(ifc->st, v);
	list_remove(&v->link);
	if (!vlan_stack(ifc->st)->lower_goes)
		link_tell(v->lower, RTM_NEWLINK, 0);
}

static void vlan_free(struct iface *ifc)
{
	mem_free(ifc->driver);
}

static const char *proto_name(const struct vlan *v)
{
	return v->proto == ETH_P_8021AD ? "802.1ad" : "802.1Q";
}

static void vlan_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct vlan *v = ifc->driver;
	char maps[400];
	vlan_prio_describe(v, maps, sizeof maps);
	snprintf(to, len, "vlan:%s,link=%s,id=%u,proto=%s%s%s", ifc->name, v->lower->name, v->vid,
		 proto_name(v), v->loose ? ",loose=1" : "", maps);
}

static uint32_t vlan_lower(const struct iface *ifc)
{
	const struct vlan *v = ifc->driver;
	return v->lower->ifindex;
}

static void vlan_fill_info(const struct iface *ifc, struct nl_buf *b)
{
	const struct vlan *v = ifc->driver;
	const struct ifla_vlan_flags flags = {
		.flags = VLAN_FLAG_REORDER_HDR | (v->loose ? VLAN_FLAG_LOOSE_BINDING : 0), .mask = UINT32_MAX
	};
	const be16 proto = be16_of(v->proto);
	nl_put(b, IFLA_VLAN_PROTOCOL, &proto, sizeof proto);
	nl_put_u16(b, IFLA_VLAN_ID, v->vid);
	nl_put(b, IFLA_VLAN_FLAGS, &flags, sizeof flags);
	vlan_prio_fill(v, b);
}

/* --- what may be changed --- */

struct vlan_changes {
	char ingress[160], egress[256];
	bool loose;
};
#define CHANGES_AT(base)                                                                             \
	{ "loose", DEV_OPT_BOOL, (base) + offsetof(struct vlan_changes, loose), 0, 1 },              \
		{ "ingress", DEV_OPT_STR, (base) + offsetof(struct vlan_changes, ingress), 0, 160 }, \
	{                                                                                            \
		"egress", DEV_OPT_STR, (base) + offsetof(struct vlan_changes, egress), 0, 256        \
	}

static int change_to(struct vlan *v, const struct vlan_changes *c, char *ret_why, size_t why_len)
{
	int err = vlan_prio_set(v, c->ingress, c->egress);
	if (err == -ENOSPC)
		snprintf(ret_why, why_len, "No more than %d priorities can be mapped", VLAN_EGRESS_MAX);
	else if (err)
		snprintf(ret_why, why_len, "A map of priorities is FROM:TO/FROM:TO...");
	else
		v->loose = c->loose;
	return err;
}

static int vlan_change(struct iface *ifc, const char *options, char *ret_why, size_t why_len)
{
	static const struct dev_option table[] = { CHANGES_AT(0), { 0 } };
	struct vlan *v = ifc->driver;
	struct vlan_changes c = { .loose = v->loose };
	int err = dev_options(table, options, &c, ret_why, why_len);
	return err ? err : change_to(v, &c, ret_why, why_len);
}

static bool vlan_link(const struct iface *ifc, struct iface_link *ret)
{
	const struct vlan *v = ifc->driver;
	const struct iface *lower = v->lower;
	return lower->ops->link && lower->ops->link(lower, ret);
}

const struct iface_ops vlan_ops = {
	.kind = "vlan",
	.inward = true,
	.segments_as_lower = true,
	.xmit = vlan_xmit,
	.up = vlan_up,
	.down = vlan_down,
	.set_mtu = vlan_set_mtu,
	.set_mac = vlan_set_mac,
	.stop = vlan_stop,
	.free = vlan_free,
	.describe = vlan_describe,
	.lower = vlan_lower,
	.fill_info = vlan_fill_info,
	.link = vlan_link,
	.change = vlan_change,
};

static int vlan_new(struct leat_stack *st, const char *name, struct iface *lower, uint16_t proto,
		    uint16_t vid, struct vlan **ret)
{
	struct vlan *v = mem_zalloc(&st->mem, sizeof *v);
	if (!v)
		return -ENOMEM;
	*v = (struct vlan){ .lower_handle = lower->handle, .proto = proto, .vid = vid, .lower = lower };
	v->output_node = node_find(st, vlan_output_node.name);
	struct iface_new how = { .ops = &vlan_ops,
				 .driver = v,
				 .hw_type = ARPHRD_ETHER,
				 .flags = lower->flags & (IFF_BROADCAST | IFF_MULTICAST),
				 .features = lower->features,
				 .mtu = lower->mtu,
				 .mtu_max = 65535 };
	snprintf(how.name, sizeof how.name, "%s", name);
	memcpy(how.mac, lower->mac, sizeof how.mac);
	int err = iface_add(st, &how, &v->ifc);
	if (err) {
		mem_free(v);
		return err;
	}
	v->handle = v->ifc->handle;
	list_append(&vlan_stack(st)->vlans, &v->link);
	vlan_insert(st, v);
	link_tell(lower, RTM_NEWLINK, 0); /* Linux: netdev_upper_dev_link() */
	follow_carrier(v);
	*ret = v;
	return 0;
}

/* --- following --- */

static void follow(struct vlan *v)
{
	if (v->ifc->can != v->lower->features)
		iface_set_can(v->ifc, v->lower->features);
	if (v->ifc->mtu > v->lower->mtu)
		iface_set_mtu(v->ifc, v->lower->mtu);
	if (!v->own_mac && memcmp(v->ifc->mac, v->lower->mac, ETH_ALEN))
		iface_set_mac(v->ifc, v->lower->mac);
	follow_carrier(v);
}

/* The first VLAN of that interface behind `after`, which may be NULL. */
static struct vlan *vlan_of(struct vlan_stack *vs, const struct iface *lower, const struct vlan *after)
{
	struct list *l = after ? after->link.next : vs->vlans.next;
	for (; l != &vs->vlans; l = l->next) {
		struct vlan *v = list_entry(l, struct vlan, link);
		if (!lower || v->lower == lower)
			return v;
	}
	return NULL;
}

void vlan_lower_event(struct iface_watch *watch, struct iface *lower, enum iface_event e)
{
	struct vlan_stack *vs = container_of(watch, struct vlan_stack, watch);
	struct vlan *v = NULL;
	if (e == IFACE_GOING) {
		bool was_going = vs->lower_goes; /* a VLAN on a VLAN */
		vs->lower_goes = true;
		while ((v = vlan_of(vs, lower, NULL)))
			iface_delete(v->ifc);
		vs->lower_goes = was_going;
		return;
	}
	while ((v = vlan_of(vs, lower, v))) {
		if (e == IFACE_DOWN && !(v->ifc->flags & IFF_UP)) /* Linux: nobody sees to its carrier */
			continue;
		if ((e == IFACE_UP || e == IFACE_DOWN) && !v->loose)
			iface_set_up(v->ifc, e == IFACE_UP);
		follow(v);
	}
}

void vlan_delete_all(struct leat_stack *st)
{
	vlan_stack(st)->lower_goes = true;
	for (struct vlan *v; (v = vlan_of(vlan_stack(st), NULL, NULL));)
		iface_delete(v->ifc);
}

/* --- `vlan:NAME,link=NAME,id=N,proto=802.1Q,loose=0,ingress=PCP:PRIORITY/...,egress=PRIORITY:PCP/...` --- */

struct vlan_words {
	char link[IFACE_NAME_MAX], proto[16];
	uint64_t id;
	struct vlan_changes changes;
};
static const struct dev_option vlan_options[] = {
	{ "link", DEV_OPT_STR, offsetof(struct vlan_words, link), 0, IFACE_NAME_MAX },
	{ "id", DEV_OPT_U64, offsetof(struct vlan_words, id), 0, VID_MAX },
	{ "proto", DEV_OPT_STR, offsetof(struct vlan_words, proto), 0, 16 },
	CHANGES_AT(offsetof(struct vlan_words, changes)),
	{ 0 },
};

static int refuse(char *ret_why, size_t why_len, int err, const char *why)
{
	snprintf(ret_why, why_len, "%s", why);
	return err;
}

static int vlan_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		     size_t why_len)
{
	struct vlan_words o = { .proto = "802.1Q" };
	int err = dev_options(vlan_options, options, &o, ret_why, why_len);
	if (err)
		return err;
	bool is_ad = !strcmp(o.proto, "802.1ad");
	uint16_t proto = is_ad ? ETH_P_8021AD : ETH_P_8021Q;
	struct iface *lower = iface_by_name(st, o.link);
	if (!is_ad && strcmp(o.proto, "802.1Q"))
		return refuse(ret_why, why_len, -EPROTONOSUPPORT, "8021q: Invalid VLAN protocol");
	if (!lower)
		return refuse(ret_why, why_len, -ENODEV, "8021q: link does not exist");
	if (lower->hw_type != ARPHRD_ETHER)
		return refuse(ret_why, why_len, -EOPNOTSUPP, "8021q: VLANs not supported on device");
	if (vlan_find(st, lower->handle, proto, (uint16_t)o.id))
		return refuse(ret_why, why_len, -EEXIST, "8021q: VLAN device already exists");
	struct vlan *v;
	err = vlan_new(st, ifname, lower, proto, (uint16_t)o.id, &v);
	if (err)
		return refuse(ret_why, why_len, err, strerror(-err));
	err = change_to(v, &o.changes, ret_why, why_len);
	if (err)
		iface_delete(v->ifc);
	return err;
}

const struct iface_kind vlan_kind = { .name = "vlan", .open = vlan_open };

/* --- the module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

static int vlan_init(struct leat_stack *st)
{
	struct vlan_stack *vs = vlan_stack(st);
	int err = ethertype_add(st, ETH_P_8021Q, vlan_input_node.name);
	if (!err)
		err = ethertype_add(st, ETH_P_8021AD, vlan_input_node.name);
	if (err) {
		ethertype_remove(st, ETH_P_8021Q);
		return err;
	}
	hash_init(&vs->by_tag, &st->mem, defer_chunk, st);
	list_init(&vs->vlans);
	vs->kind = vlan_kind;
	vs->watch.event = vlan_lower_event;
	iface_kind_add(st, &vs->kind);
	iface_watch_add(st, &vs->watch);
	return 0;
}

static void vlan_unlink(struct leat_stack *st)
{
	struct vlan_stack *vs = vlan_stack(st);
	vlan_delete_all(st);
	iface_watch_remove(st, &vs->watch);
	iface_kind_remove(st, &vs->kind);
	ethertype_remove(st, ETH_P_8021Q);
	ethertype_remove(st, ETH_P_8021AD);
}

static void vlan_done(struct leat_stack *st)
{
	hash_done(&vlan_stack(st)->by_tag);
}

static const struct node *const vlan_nodes[] = { &vlan_input_node, &vlan_output_node, NULL };

static const struct knob vlan_knobs[] = {
	KNOB("net.ipv4.ip_forward_update_priority", struct vlan_stack, update_priority, 1, 0, 1,
	     .help = "IPv4 packets that are forwarded get the priority of their type of service, for the "
		     "tags of VLANs"),
	{ 0 },
};

const struct module vlan_module = {
	.name = "vlan",
	.id = MODULE_vlan,
	.nodes = vlan_nodes,
	.knobs = vlan_knobs,
	.stack_size = sizeof(struct vlan_stack),
	.init = vlan_init,
	.unlink = vlan_unlink,
	.free = vlan_done,
};
