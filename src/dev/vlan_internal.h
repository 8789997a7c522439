/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of vlan share. */
#ifndef LEAT_DEV_VLAN_INTERNAL_H
#define LEAT_DEV_VLAN_INTERNAL_H

#include "dev/vlan.h"
#include "wire/eth.h"

enum { VLAN_EGRESS_MAX = 16 };

/* An interface of kind "vlan".
 * Read: any worker, within a turn, found by its key.   Write: control lcore, before it can be found.   Free: with its interface,
 * after a grace period. */
struct vlan {
	struct hash_node node;
	uint32_t lower_handle; /* the key: whose frames, which tag */
	uint16_t proto, vid; /* proto: ETH_P_8021Q, ETH_P_8021AD */
	uint32_t handle;
	uint16_t output_node;
	struct iface *ifc, *lower; /* lower outlives it: it takes its VLANs with it */
	bool loose; /* goes up and down by itself */
	/* Priorities, vlan_prio.c: of the tag's to the packet's, and back. Written while workers are between turns. */
	bool has_ingress;
	uint8_t n_egress;
	uint32_t ingress[8];
	struct vlan_egress {
		uint32_t prio;
		uint8_t pcp;
	} egress[VLAN_EGRESS_MAX];
	bool own_mac; /* not the lower interface's, which else is followed */
	struct list link; /* in vlan_stack.vlans; control lcore */
};

struct vlan_stack {
	struct hash by_tag;
	struct list vlans;
	bool lower_goes; /* all of its VLANs go with it, and nobody hears of it for each */
	struct iface_watch watch;
	struct iface_kind kind;
	uint8_t update_priority; /* knob: forwarded IPv4 packets get that of their type of service */
};
static inline struct vlan_stack *vlan_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_vlan);
}

/* NULL: there is none. Within a turn, or on the control lcore. */
struct vlan *vlan_find(const struct leat_stack *st, uint32_t lower_handle, uint16_t proto, uint16_t vid);
void vlan_insert(struct leat_stack *st, struct vlan *v);
void vlan_remove(struct leat_stack *st, struct vlan *v);

void vlan_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n);

/* vlan_prio.c. On a worker: of a packet whose tag was tci; the bits for the tag of one that leaves. */
void vlan_prio_in(struct lcore *lc, struct pkt *p, const struct vlan *v, uint16_t tci);
uint16_t vlan_prio_out(const struct pkt *p, const struct vlan *v);
/* On the control lcore. Maps as "from:to/from:to", "" changes nothing; 0, -EINVAL or -ENOSPC. */
int vlan_prio_set(struct vlan *v, const char *ingress, const char *egress);
void vlan_prio_describe(const struct vlan *v, char *to, size_t len); /* ",ingress=...,egress=..." */
void vlan_prio_fill(const struct vlan *v, struct nl_buf *b);

extern const struct node vlan_input_node, vlan_output_node;
extern const struct iface_kind vlan_kind;
extern const struct iface_ops vlan_ops;
void vlan_lower_event(struct iface_watch *watch, struct iface *lower, enum iface_event e);
void vlan_delete_all(struct leat_stack *st);

#endif
