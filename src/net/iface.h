/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces. A packet names its interfaces by handle: a slot and a generation (W:B5), so one that outlives its interface
 * is found stale instead of following a dead pointer. */
#ifndef LEAT_NET_IFACE_H
#define LEAT_NET_IFACE_H

#include <linux/if.h>
#include <linux/if_link.h>

#include "base/list.h"
#include "graph/hook.h"

enum { IFACE_GSO_SIZE = 65536, IFACE_GSO_SEGS = 65535, IFACE_GSO_SIZE_MAX = 524280 }; /* at first; at most */
enum { IFACE_SLOT_BITS = 20, IFACE_NAME_MAX = IFNAMSIZ, IFACE_PHYS_MAX = 64 };

/* What a device can do with packets that leave through it and what it promises of those that come in. */
enum iface_feature {
	IFACE_TX_CSUM = 1 << 0, /* finishes partial checksums */
	IFACE_TX_TSO4 = 1 << 1,
	IFACE_TX_TSO6 = 1 << 2,
	IFACE_TX_USO = 1 << 3, /* PKT_GSO_UDP_L4 */
	IFACE_TX_SG = 1 << 4, /* takes fragments */
	IFACE_TX_VLAN = 1 << 5, /* takes a tag in the descriptor */
	IFACE_FEATURES_ALL = (1 << 6) - 1,
};

#define IFACE_LOWER_UNSEEN UINT32_MAX /* it is in another stack */

struct iface;
struct nl_buf;
struct fib_trie;

/* What it says of its link (`ethtool IF`). */
enum { IFACE_SPEED_UNKNOWN = UINT32_MAX };
struct iface_link {
	uint32_t speed; /* Mbit/s */
	uint8_t duplex, port; /* DUPLEX_*, PORT_* */
};
/* The lengths of its rings, for each queue. */
struct iface_rings {
	uint32_t rx, rx_max, tx, tx_max;
	uint32_t rx_wait_us; /* how long what has come may wait for more; 0: not at all */
};

/* What one queue of a device did; written by the worker that has it. */
struct iface_queue_stats {
	unsigned worker;
	uint64_t rx_packets, tx_packets;
	uint64_t tx_kicks; /* calls of the kernel for them */
	uint64_t rx_copied, tx_copied; /* packets whose bytes were copied by us on the way */
};

/* A device driver. All but xmit run on the control lcore. */
struct iface_ops {
	/* "af_packet", "tap", "mem", "loopback", "generator", "sink": IFLA_INFO_KIND where Linux has one. */
	const char *kind;
	/* Takes up to n frames (Ethernet header at data, features already honoured by iface-output) on worker w's lcore.
	 * Consumes all of them; what it cannot send it drops through graph_drop(). Flush comes at the end of the turn. */
	void (*xmit)(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n);
	int (*up)(struct iface *ifc); /* 0 or -errno */
	void (*down)(struct iface *ifc);
	bool inward; /* what it is given goes on within this stack: lo, a VLAN, a VRF */
	bool stateless; /* it knows of no carrier: operstate is unknown until somebody says */
	bool large_segments; /* as Linux shows it: the device itself sets no bound to them */
	bool segments_as_lower; /* what it stands on says that */
	bool carrier_settable; /* IFLA_CARRIER says */
	int (*set_mtu)(struct iface *ifc, uint32_t mtu); /* NULL: any within min/max */
	/* NULL: only while down, nothing to tell the device. */
	int (*set_mac)(struct iface *ifc, const uint8_t mac[6]);
	/* Stops input: after it returns and every worker has been between turns, the device makes no more packets. */
	void (*stop)(struct iface *ifc);
	void (*free)(struct iface *ifc); /* last call; frees driver state, not ifc */
	/* For save files: the --dev words that reopen it, e.g. "af_packet:veth0,vnet=1". NULL: not saved. */
	void (*describe)(const struct iface *ifc, char *to, size_t len);
	/* Whom its end takes along: unhooks the two, and returns it. NULL: nobody. */
	struct iface *(*part)(struct iface *ifc);
	/* For netlink: the ifindex of what it stands on or is joined to (IFLA_LINK; 0: none any more; IFACE_LOWER_UNSEEN), and what
	 * IFLA_INFO_DATA says. */
	uint32_t (*lower)(const struct iface *ifc);
	void (*fill_info)(const struct iface *ifc, struct nl_buf *b);
	/* `ip link set NAME type KIND ...`: options as its kind has them. NULL: what it is made with stays. 0 or -errno and a line. */
	int (*change)(struct iface *ifc, const char *options, char *ret_why, size_t why_len);
	/* For people (`leat dev`), each may be NULL: its queue number i, false past the last; one line on how it works. */
	bool (*queue)(const struct iface *ifc, unsigned i, struct iface_queue_stats *ret);
	void (*mode)(const struct iface *ifc, char *to, size_t len);
	/* For ethtool; NULL: nothing is known. */
	bool (*link)(const struct iface *ifc, struct iface_link *ret); /* false: not yet either */
	void (*rings)(const struct iface *ifc, struct iface_rings *ret);
};

/* Counters one worker writes. Sums: iface_stats(). */
struct iface_worker_stats {
	uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors, rx_multicast;
	uint64_t tx_packets, tx_bytes, tx_dropped, tx_errors;
} cacheline_aligned;

/* Settings of an interface, each a knob of some module (core/knob.h). A new interface begins with those called "default".
 * Read: any worker.   Write: control lcore, knob_write(). */
struct neigh_conf {
	uint32_t reachable_ms, retrans_ms, delay_ms, stale_ms, ucast_probes, mcast_probes, queue_bytes;
	uint32_t mcast_reprobes, app_probes, interval_probe_ms, locktime_ms;
	uint32_t proxy_queue_max, proxy_delay_ms, anycast_delay_ms, override_probe_ms;
	uint8_t evict_nocarrier;
};
/* What ARP and neighbour discovery do with questions and what they hear: Linux's settings of these names. */
struct arp_conf {
	uint8_t ignore, announce, filter, accept, notify, proxy, proxy_pvlan, drop_gratuitous;
};
struct nd_conf {
	uint8_t notify, proxy, drop_unsolicited, accept_untracked;
};
/* What the neighbour table keeps of an interface and family. Control lcore. */
struct neigh_iface {
	uint64_t reachable_us, drawn_us; /* RFC 4861, 6.3.2: ReachableTime, and when it was drawn */
	uint32_t drawn_of_ms; /* from what */
};
/* What comes of router advertisements, and how IPv6 addresses are made, tested and chosen; named as Linux's settings are. */
struct ip6_auto_conf {
	uint8_t accept_ra, defrtr, pinfo, rt_info_min_plen, rt_info_max_plen, rtr_pref, ra_mtu, from_local;
	uint8_t autoconf, pio_life, pio_pflag;
	uint8_t enhanced_dad, optimistic_dad, use_optimistic, oif_addrs_only, disable;
	int8_t keep_addr_on_down;
	uint32_t min_hop_limit, min_lft_s, defrtr_metric, max_addresses;
	int32_t rs_count, rs_interval_s, rs_max_interval_s, rs_delay_s;
	int32_t use_tempaddr, temp_valid_s, temp_preferred_s, max_desync_s, regen_advance_s, regen_retry;
	uint64_t stable_secret[2]; /* both 0: none */
};
struct redirect_conf {
	uint8_t accept4, secure4, shared4, send4, accept6;
};
/* What an IP packet that comes in is measured by; not all of it for both families. Named as Linux's settings are. */
struct ip_guard_conf {
	uint8_t rp_filter; /* 0: off, 1: the way back must be by the same interface, 2: there must be one */
	uint8_t accept_local, route_localnet, log_martians, source_route, bc_forwarding, drop_l2_multicast,
		src_mark;
	uint8_t ignore_linkdown; /* ignore_routes_with_linkdown */
};
struct iface_conf {
	struct ip6_auto_conf ip6;
	uint8_t forward4, forward6, hop_limit6, addr_gen_mode, accept_dad;
	uint32_t dad_transmits;
	struct ip_guard_conf guard[2]; /* IPv4, IPv6 */
	struct neigh_conf neigh[2]; /* IPv4, IPv6 */
	struct redirect_conf redirect;
	struct arp_conf arp;
	struct nd_conf nd;
	uint8_t igmp_version, mld_version;
	uint32_t igmp_report_ms[2], mld_report_ms[2]; /* by version: the older ones, the latest */
};

/* What IPv6 keeps of an interface beside its settings. */
struct iface_in6 {
	struct ip6 token; /* the identifier of addresses made here, `ip token`; 0: none */
	uint32_t ra_mtu; /* as a router said it last, right or wrong */
	uint32_t flags; /* IF_RA_*, IF_RS_* as IFLA_INET6_FLAGS shows them */
	uint32_t desync_s; /* RFC 8981: DESYNC_FACTOR */
	bool has_desync;
	bool ready; /* Linux: IF_READY, since it was up with carrier, until it goes down */
	bool gone; /* the MTU is too small for it */
	uint64_t changed_us; /* when a router last changed timers */
};
enum iface_in6_flags { IN6_RS_SENT = 0x10, IN6_RA_RCVD = 0x20, IN6_RA_MANAGED = 0x40, IN6_RA_OTHER = 0x80 };

struct iface {
	/* Read per packet, the first line of it; written by the control lcore only (racy_set). */
	uint32_t handle;
	uint32_t mtu;
	uint32_t mtu6; /* IPv6: what a router says, less than mtu; 0: nothing */
	uint32_t flags; /* IFF_UP, IFF_RUNNING, IFF_LOOPBACK, IFF_BROADCAST, IFF_MULTICAST, IFF_NOARP ... */
	uint32_t features; /* enum iface_feature: what is made use of */
	uint8_t mac[6];
	uint32_t l3_master; /* handle of the VRF it is enslaved to (net/l3.h); 0: none */
	struct iface_worker_stats *stats; /* [st->n_workers] */
	const struct iface_ops *ops;
	struct hook_edges hooks;
	uint32_t l3_table; /* of a VRF; 0: it is none */
	const struct fib_trie *l3_trie[2]; /* that table's, IPv4 and IPv6 */
	struct iface_conf conf;
	struct leat_stack *st;

	/* Control lcore. */
	uint32_t ifindex;
	char name[IFACE_NAME_MAX];
	char alias[256];
	struct list altnames; /* struct iface_altname */
	uint32_t mtu_min, mtu_max, txqlen;
	uint32_t gso_max_size,
		gso_max_segs; /* what is larger is split before it (bytes, segments); workers read them of large packets */
	uint32_t gro_max_size; /* kept and shown */
	uint32_t group;
	uint32_t can,
		off; /* enum iface_feature: what the device can, and what somebody does not want of it */
	uint8_t operstate; /* IF_OPER_* (RFC 2863) */
	uint8_t carrier, link_mode;
	uint32_t carrier_changes[2]; /* how often it was lost, and came */
	bool has_qdisc; /* as Linux: since it was up for the first time */
	bool quiet; /* a request is still making it: nobody is told before it is whole */
	bool carrier_news; /* what follows from its carrier waits for the end of what changed it */
	uint16_t hw_type; /* ARPHRD_ETHER, ARPHRD_LOOPBACK */
	uint8_t broadcast[6];
	struct list hw[2]; /* struct hw_addr (net/hw_list.h): single addresses, groups */
	bool hears_all[2]; /* the groups of all nodes, IPv4 and IPv6 */
	struct iface_in6 in6;
	void *driver; /* the driver's */
	struct neigh_iface neigh[2]; /* IPv4, IPv6 */
	struct list link; /* by ifindex */
	struct hash_node by_index, by_name;
	struct deferred deferred;
};

static_assert(offsetof(struct iface, hooks.edge) + HOOK_MAX <= CACHELINE, "packets touch one line of it");

static inline bool iface_is_up(const struct iface *i)
{
	return (racy_get(i->flags) & (IFF_UP | IFF_LOWER_UP)) == (IFF_UP | IFF_LOWER_UP);
}

/* --- any worker, within a turn --- */

/* By slot and generation; the array may only grow, by publishing a larger copy. */
struct iface_table {
	struct deferred deferred;
	uint32_t n;
	struct iface *slot[];
};
/* NULL when the handle is stale or 0. */
static inline struct iface *iface_get(const struct worker *w, uint32_t handle)
{
	const struct iface_table *t = view_get(w, VIEW_ifaces);
	uint32_t slot = handle & ((1u << IFACE_SLOT_BITS) - 1);
	struct iface *i = t && slot < t->n ? rcu_get(t->slot[slot]) : NULL;
	return likely(i && i->handle == handle) ? i : NULL;
}
/* The same for the packets of a vector, which mostly share an interface: asked for again only when the handle changes. */
struct iface_run {
	uint32_t handle;
	struct iface *ifc;
};
static inline struct iface *iface_run_get(const struct worker *w, struct iface_run *r, uint32_t handle)
{
	if (unlikely(handle != r->handle || !r->ifc)) {
		r->handle = handle;
		r->ifc = iface_get(w, handle);
	}
	return r->ifc;
}
static inline struct iface_worker_stats *iface_stats_of(struct iface *i, const struct worker *w)
{
	return &i->stats[w->index];
}
/* A driver's input: frames with data at the Ethernet header, in_if not yet set. Consumes; runs the graph. Counts. */
void iface_input(struct worker *w, struct iface *i, struct pkt *const *p, unsigned n);

/* --- control lcore --- */

struct iface_new {
	char name[IFACE_NAME_MAX]; /* "%d" patterns allowed; must be valid (dev_valid_name) and free */
	uint32_t ifindex; /* 0: the next free one */
	const struct iface_ops *ops;
	void *driver;
	uint16_t hw_type;
	uint32_t flags; /* beyond IFF_UP */
	uint32_t features;
	uint32_t mtu, mtu_min, mtu_max;
	uint8_t mac[6];
};
/* Registers an interface, down. Notifies RTM_NEWLINK. 0, -EEXIST, -EINVAL, -ENOMEM. */
int iface_add(struct leat_stack *st, const struct iface_new *how, struct iface **ret);
/* Takes it away in stages: its addresses, routes and neighbours go (iface_watch), then the device, then, after a grace
 * period, the memory. Notifies RTM_DELLINK. */
void iface_delete(struct iface *i);
/* As `ip link set`: asks the driver first, then tells watchers and notifies RTM_NEWLINK. 0 when nothing changes, too; what the
 * driver says; -EINVAL for an MTU out of bounds; for a MAC -EOPNOTSUPP (no Ethernet), -EADDRNOTAVAIL (a group's, or zero),
 * -EBUSY (up, and the driver cannot); for a name -EINVAL, -EEXIST, -ENFILE. */
int iface_set_up(struct iface *i, bool up);
int iface_set_mtu(struct iface *i, uint32_t mtu); /* bytes at the network layer */
int iface_set_mac(struct iface *i, const uint8_t mac[6]);
int iface_rename(struct iface *i, const char *name);
/* What the device can, when a driver learns that it is something else; and what of it nobody wants (`ethtool -K`). In use is what is
 * left, less what cannot be without something else: segments need sums and scatter lists. Neither tells anybody. */
void iface_set_can(struct iface *i, uint32_t features);
void iface_set_off(struct iface *i, uint32_t features);
/* Something else has been written (alias, group, txqlen, settings): watchers and listeners are told. */
void iface_changed(struct iface *i);
void iface_features_changed(struct iface *i); /* the same, and listeners hear what it was */
/* A driver learned that the link has (no) carrier; it is there at first. */
void iface_set_carrier(struct iface *i, bool carrier);

/* Borrowed until iface_delete(). NULL: there is none. */
struct iface *iface_by_index(struct leat_stack *st, uint32_t ifindex);
struct iface *iface_by_name(struct leat_stack *st, const char *name);
struct iface *iface_by_any_name(struct leat_stack *st, const char *name); /* also an alternative one */
struct iface *iface_by_handle(struct leat_stack *st, uint32_t handle);
/* The one with the smallest ifindex > after, or NULL: dumps resume by it. */
struct iface *iface_next(struct leat_stack *st, uint32_t after);
struct iface *iface_before(struct leat_stack *st, uint32_t before); /* the one with the largest < before */
void iface_stats(const struct iface *i,
		 struct iface_worker_stats *ret_sum); /* any thread; over all workers */

/* Further names it is found by in requests. 0, -EEXIST: somebody has it, -ENOSPC, -ENOMEM; -ENOENT: nobody has it, -EINVAL: somebody else. */
struct iface_altname {
	struct list link;
	char name[ALTIFNAMSIZ];
};
int iface_altname_add(struct iface *i, const char *name);
int iface_altname_remove(struct iface *i, const char *name);

/* The settings that new interfaces begin with. */
struct iface_conf *iface_conf_default(const struct leat_stack *st);

/* Rooms that keep something per interface watch it come and go. Called in order of registration; in reverse for going. */
enum iface_event {
	IFACE_ADDED,
	IFACE_UP,
	IFACE_DOWN,
	IFACE_CHANGED, /* mtu, mac, flags */
	IFACE_RENAMED,
	IFACE_GOING,
	IFACE_MAC, /* the mac; then CHANGED */
	IFACE_ARP, /* IFF_NOARP; then CHANGED */
};
struct iface_watch {
	struct list link;
	void (*event)(struct iface_watch *w, struct iface *i, enum iface_event e);
};
void iface_watch_add(struct leat_stack *st, struct iface_watch *w);
void iface_watch_add_first(struct leat_stack *st, struct iface_watch *w); /* what others do follows from it */
void iface_watch_remove(struct leat_stack *st, struct iface_watch *w);

/* Kinds of device that `leatd --dev KIND:NAME,...` (and later RTM_NEWLINK) can open. Registered by the rooms that have them;
 * `open` creates the interface. *ret_why: one line for a person, when it fails. */
struct iface_kind {
	struct list link;
	const char *name; /* "af_packet", "tap" */
	int (*open)(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		    size_t why_len);
};
void iface_kind_add(struct leat_stack *st, struct iface_kind *k);
void iface_kind_remove(struct leat_stack *st, struct iface_kind *k);
struct iface_kind *iface_kind_find(struct leat_stack *st, const char *name);

extern const struct module iface_module;

#endif
