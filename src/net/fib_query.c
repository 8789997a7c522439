/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules get to see of a packet. Nothing of this runs while there are none but the built-in ones. */
#include "net/fib.h"

#include <sys/socket.h>

#include "wire/ip4.h"
#include "wire/ip6.h"

static bool has_ports(uint8_t proto)
{
	return proto == IP_PROTO_TCP || proto == IP_PROTO_UDP || proto == IP_PROTO_UDPLITE ||
	       proto == IP_PROTO_SCTP || proto == IP_PROTO_DCCP;
}

static void take_ports(struct cursor c, uint32_t off, struct fib_query *q)
{
	be16 ports[2];
	if (!has_ports(q->proto) || !cur_skip(&c, off) || !cur_copy(&c, ports, sizeof ports))
		return;
	q->sport = be16_get(ports[0]);
	q->dport = be16_get(ports[1]);
}

/* Linux: fragments have a protocol and no ports, the first one included. */
static void look4(const struct pkt *p, uint32_t looks, struct fib_query *q)
{
	const struct ip4_hdr *h = pkt_l3(p);
	q->dst.v4 = h->dst;
	if (looks & FIB_LOOK_SRC)
		q->src.v4 = h->src;
	if (looks & FIB_LOOK_DSFIELD)
		q->dsfield = h->tos;
	if (looks & (FIB_LOOK_PROTO | FIB_LOOK_PORTS))
		q->proto = h->proto;
	if (looks & FIB_LOOK_PORTS && !ip4_is_fragment(h))
		take_ports(pkt_cursor_at(p, p->l3_off), ip4_hdr_len(h), q);
}

static void look_behind6(const struct pkt *p, uint32_t looks, struct fib_query *q)
{
	struct cursor c = pkt_cursor_at(p, p->l3_off);
	struct ip6_chain ch;
	if (ip6_walk(c, IP6_WALK_ROUTER, &ch))
		return;
	q->proto = ch.proto;
	if (looks & FIB_LOOK_PORTS && !ip6_is_fragment(&ch))
		take_ports(c, ch.l4_off, q);
}

static void look6(const struct pkt *p, uint32_t looks, struct fib_query *q)
{
	const struct ip6_hdr *h = pkt_l3(p);
	q->dst.v6 = h->dst;
	if (looks & FIB_LOOK_SRC)
		q->src.v6 = h->src;
	if (looks & FIB_LOOK_DSFIELD)
		q->dsfield = (uint8_t)(be32_get(h->ver_tc_flow) >> 20);
	if (looks & FIB_LOOK_FLOW)
		q->flow = be32_get(h->ver_tc_flow) & 0xfffff;
	if (looks & (FIB_LOOK_PROTO | FIB_LOOK_PORTS))
		look_behind6(p, looks, q);
}

void fib_query_of(const struct pkt *p, uint8_t family, uint32_t looks, bool ours, struct fib_query *ret)
{
	*ret = (struct fib_query){ .family = family, .iif = ours ? 0 : p->in_if };
	if (looks & FIB_LOOK_MARK && p->ext)
		ret->mark = p->ext->mark;
	if (looks & FIB_LOOK_UID && p->ext && ours)
		ret->uid = p->ext->sender.uid;
	if (family == AF_INET)
		look4(p, looks, ret);
	else
		look6(p, looks, ret);
	if (ours && p->ext && p->ext->sender.no_src)
		ret->src = (struct ipaddr){ 0 };
}
