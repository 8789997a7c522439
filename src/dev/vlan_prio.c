/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a tag has three bits of priority (IEEE 802.1Q, 6.9.3). What they are to this host, and which of them its packets
 * get, says a VLAN's two maps: `ip link set v type vlan ingress-qos-map 3:6 egress-qos-map 6:3`. Without a word of theirs a packet has
 * priority 0, and a tag the bits 0.
 *
 * A packet that arrived keeps its priority in the extension block, which is there for those alone that have one. What leaves
 * has, as on Linux, the priority of its type of service where it is IPv4 and forwarded, or sent by a socket; else the one it
 * arrived with, and of what is forwarded always that where net.ipv4.ip_forward_update_priority is 0.
 *
 * Left out: the priority of reports of groups, for which Linux has TC_PRIO_CONTROL; SO_PRIORITY, which sockets do not have. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/if_link.h>

#include "dev/vlan_internal.h"
#include "nlmsg/nlmsg.h"
#include "wire/ip4.h"

/* --- packets --- */

void vlan_prio_in(struct lcore *lc, struct pkt *p, const struct vlan *v, uint16_t tci)
{
	uint32_t prio = racy_get(v->ingress[tci >> VLAN_PCP_SHIFT]);
	struct pkt_ext *ext = prio ? pkt_ext(lc, p) : p->ext;
	if (ext)
		ext->priority = prio;
}

/* Linux: rt_tos2priority(). */
static uint32_t prio_of_tos(uint8_t tos)
{
	enum { BESTEFFORT = 0, BULK = 2, INTERACTIVE_BULK = 4, INTERACTIVE = 6 };
	static const uint8_t prio[4] = { BESTEFFORT, BULK, INTERACTIVE, INTERACTIVE_BULK };
	return prio[tos >> 3 & 3];
}

static uint32_t prio_of(const struct pkt *p, bool update)
{
	bool ours = p->flags & PKT_F_LOCAL_OUT;
	if (p->ethertype == ETH_P_IP && (ours ? p->ip_proto != IP_PROTO_ICMP4 : update))
		return prio_of_tos(((const struct ip4_hdr *)pkt_l3(p))->tos);
	return !ours && p->ext ? p->ext->priority : 0;
}

uint16_t vlan_prio_out(const struct pkt *p, const struct vlan *v)
{
	uint32_t prio = prio_of(p, racy_get(vlan_stack(v->ifc->st)->update_priority));
	for (unsigned i = 0; i < racy_get(v->n_egress); i++)
		if (racy_get(v->egress[i].prio) == prio)
			return (uint16_t)(racy_get(v->egress[i].pcp) << VLAN_PCP_SHIFT);
	return 0;
}

/* --- maps --- */

/* Linux shows them by the last four bits, and of each of those the youngest first. */
static unsigned place_of(const struct vlan *v, uint32_t prio)
{
	unsigned i = 0;
	while (i < v->n_egress && (v->egress[i].prio & 15) < (prio & 15))
		i++;
	return i;
}

static int set_egress(struct vlan *v, uint32_t prio, uint8_t pcp)
{
	for (unsigned i = 0; i < v->n_egress; i++) {
		if (v->egress[i].prio == prio) {
			v->egress[i].pcp = pcp;
			return 0;
		}
	}
	if (v->n_egress == VLAN_EGRESS_MAX)
		return -ENOSPC;
	unsigned at = place_of(v, prio);
	memmove(v->egress + at + 1, v->egress + at, (v->n_egress - at) * sizeof v->egress[0]);
	v->egress[at] = (struct vlan_egress){ prio, pcp };
	v->n_egress++;
	return 0;
}

static int set_ingress(struct vlan *v, uint32_t pcp, uint32_t prio)
{
	v->ingress[pcp & 7] = prio;
	v->has_ingress = false;
	for (unsigned i = 0; i < ARRAY_SIZE(v->ingress); i++)
		v->has_ingress |= v->ingress[i] != 0;
	return 0;
}

/* "from:to/from:to" */
static int read_map(struct vlan *v, const char *text, bool in)
{
	int err = 0;
	while (*text && !err) {
		char *end;
		unsigned long from = strtoul(text, &end, 10), to;
		if (end == text || *end != ':')
			return -EINVAL;
		text = end + 1;
		to = strtoul(text, &end, 10);
		if (end == text || (*end && *end != '/') || from > UINT32_MAX || to > UINT32_MAX)
			return -EINVAL;
		text = end + (*end == '/');
		err = in ? set_ingress(v, (uint32_t)from, (uint32_t)to)
			 : set_egress(v, (uint32_t)from, (uint8_t)(to & 7));
	}
	return err;
}

/* To a copy, so that a map with a fault in it changes nothing. Workers see all of it or nothing: they are between turns. */
int vlan_prio_set(struct vlan *v, const char *ingress, const char *egress)
{
	struct vlan new = *v;
	struct leat_runtime *rt = v->ifc->st->rt;
	int err = read_map(&new, ingress, true);
	if (!err)
		err = read_map(&new, egress, false);
	if (err)
		return err;
	rt->ops->pause(rt);
	memcpy(v->ingress, new.ingress, sizeof v->ingress);
	memcpy(v->egress, new.egress, sizeof v->egress);
	v->has_ingress = new.has_ingress;
	v->n_egress = new.n_egress;
	rt->ops->resume(rt);
	return 0;
}

/* --- as others see them --- */

static size_t put(char *to, size_t len, size_t at, const char *before, uint32_t from, uint32_t goes_to)
{
	return at < len ? at + (size_t)snprintf(to + at, len - at, "%s%u:%u", before, from, goes_to) : at;
}

void vlan_prio_describe(const struct vlan *v, char *to, size_t len)
{
	const char *before = ",ingress=";
	size_t at = 0;
	to[0] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(v->ingress); i++) {
		if (v->ingress[i]) {
			at = put(to, len, at, before, i, v->ingress[i]);
			before = "/";
		}
	}
	before = ",egress=";
	for (unsigned i = v->n_egress; i-- > 0; before = "/") /* the oldest first, of those in one place */
		at = put(to, len, at, before, v->egress[i].prio, v->egress[i].pcp);
}

static void put_mapping(struct nl_buf *b, uint32_t from, uint32_t to)
{
	const struct ifla_vlan_qos_mapping m = { .from = from, .to = to };
	nl_put(b, IFLA_VLAN_QOS_MAPPING, &m, sizeof m);
}

void vlan_prio_fill(const struct vlan *v, struct nl_buf *b)
{
	size_t nest = v->has_ingress ? nl_nest_noflag(b, IFLA_VLAN_INGRESS_QOS) : 0;
	for (unsigned i = 0; i < ARRAY_SIZE(v->ingress); i++)
		if (v->ingress[i])
			put_mapping(b, i, v->ingress[i]);
	if (v->has_ingress)
		nl_nest_end(b, nest);
	bool any = false;
	for (unsigned i = 0; i < v->n_egress; i++)
		any |= v->egress[i].pcp != 0;
	if (!any)
		return;
	nest = nl_nest_noflag(b, IFLA_VLAN_EGRESS_QOS);
	for (unsigned i = 0; i < v->n_egress; i++)
		if (v->egress[i].pcp)
			put_mapping(b, v->egress[i].prio, v->egress[i].pcp);
	nl_nest_end(b, nest);
}
