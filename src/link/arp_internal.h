/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of ARP share. */
#ifndef LEAT_LINK_ARP_INTERNAL_H
#define LEAT_LINK_ARP_INTERNAL_H

#include "net/addr.h"
#include "net/l3.h"
#include "wire/arp.h"

struct arp_stack {
	struct arp_conf all; /* knobs: net.ipv4.conf.all.* */
	struct iface_watch watch;
	uint16_t late_node;
};
static inline struct arp_stack *arp_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_arp);
}

/* On that interface: a VRF has addresses of its own. */
static inline bool arp_is_ours(const struct worker *w, uint32_t if_handle, be32 a)
{
	struct ipaddr ip = { .v4 = a };
	return addr_find_in(w, l3_handle_of(w, if_handle), AF_INET, &ip) != NULL;
}

/* arp.c; outside a node's run. mac NULL: to all. */
void arp_send_request(struct worker *w, struct iface *out, be32 from, be32 target, const uint8_t *mac);

/* arp_policy.c */
enum arp_policy {
	ARP_NOT_OURS, /* the address asked for */
	ARP_IGNORE, /* it is ours, and we do not say so here */
	ARP_ANSWER,
	ARP_ANSWER_FOR_OTHER,
};
enum arp_policy arp_policy(const struct worker *w, const struct iface *in, const struct arp_msg *request);
/* May a stranger who was not asked become a neighbour? */
bool arp_accepts(const struct worker *w, const struct iface *in, be32 sender);
bool arp_drops_gratuitous(const struct worker *w, const struct iface *in);
/* Who a request says that it is from; zero: nobody. hint: the source of the packet that waits. */
be32 arp_solicit_source(const struct worker *w, const struct iface *out, const struct ipaddr *target,
			const struct ipaddr *hint);
bool arp_notifies(const struct iface *i); /* control lcore */
extern const struct knob arp_knobs[];

/* arp_announce.c */
void arp_announce_init(struct leat_stack *st);
void arp_announce_unlink(struct leat_stack *st);

#endif
