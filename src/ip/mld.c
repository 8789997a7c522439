/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: MLD as a host speaks it, both versions (RFC 2710, 3810); igmp.c's twin. Groups of the interface alone, and
 * the one of all nodes, are never reported (RFC 3810, 6). The source is the interface's link-local address or, before there is one,
 * as while the address itself is tested, none (RFC 3590). A query must come from a link-local address, with hop limit 1 and
 * the router alert that says MLD (RFC 3810, 6.2; RFC 2711, 2.1). */
#include <sys/socket.h>

#include "graph/node.h"
#include "ip/ip6_internal.h"
#include "ip/mcast_host.h"
#include "net/addr.h"
#include "wire/csum.h"
#include "wire/eth.h"

struct mld_stack {
	struct mcast_host host;
};

static struct mld_stack *mld_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_mld);
}

/* --- how a host says it --- */

static bool is_reported(const struct ipaddr *group, const struct leat_stack *st)
{
	static const struct ip6 nodes = { { 0xff, 0x02, [15] = 1 } };
	return (group->b[1] & 0xf) >= 2 && !ip6_eq(&group->v6, &nodes);
}

static uint8_t forced(const struct iface *i)
{
	return i->conf.mld_version ? (uint8_t)(i->conf.mld_version + 1) : 0;
}

static uint32_t unsolicited_ms(const struct iface *i, uint8_t version)
{
	return version == 3 ? i->conf.mld_report_ms[1] : i->conf.mld_report_ms[0];
}

static struct ipaddr to(uint8_t version, bool leave, const struct ipaddr *group)
{
	static const struct ipaddr routers = { .b = { 0xff, 0x02, [15] = 2 } };
	static const struct ipaddr v3_routers = { .b = { 0xff, 0x02, [15] = 0x16 } };
	if (version == 3)
		return v3_routers;
	return leave ? routers : *group;
}

static struct ip6 source(struct worker *w, const struct iface *out)
{
	static const struct ipaddr on_link = { .b = { 0xfe, 0x80 } };
	struct ipaddr src;
	if (addr_select_source(w, out, AF_INET6, &on_link, &src) && ip6_is_link_local(&src.v6))
		return src.v6;
	return (struct ip6){ 0 };
}

static void mld_send(struct worker *w, const struct iface *out, const struct ipaddr *dst, uint8_t *msg,
		     uint32_t len)
{
	static const uint8_t alert[8] = {
		IP_PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0
	}; /* RFC 2711, and two bytes of padding */
	struct ip6_hdr h = { .ver_tc_flow = be32_of(6u << 28),
			     .payload_len = be16_of((uint16_t)(sizeof alert + len)),
			     .next = IP_PROTO_HOPOPTS,
			     .hop_limit = 1,
			     .src = source(w, out),
			     .dst = dst->v6 };
	uint32_t pseudo = csum_pseudo6(&h.src, &h.dst, IP_PROTO_ICMP6, len);
	be16 csum = be16_of(csum_done(csum_add(pseudo, csum_mem(msg, len))));
	memcpy(msg + 2, &csum, sizeof csum);
	struct pkt *p = icmp6_new(w->lc, &h, alert, sizeof alert);
	if (!p || !pkt_append(w->lc, p, msg, len)) {
		pkt_free(w->lc, p); /* as if lost on the wire */
		return;
	}
	p->l4_off = (uint16_t)(p->l4_off + sizeof alert);
	p->ip_proto = IP_PROTO_ICMP6;
	p->out_if = out->handle;
	p->flags |= PKT_F_LOCAL_OUT;
	memset(&p->edge, 0, sizeof p->edge);
	ip_count_out(w, AF_INET6, p, IP_PROTO_ICMP6);
	graph_enqueue(w, node_find(w->st, "ip6-post"), p);
	graph_run(w);
}

static const struct mcast_host_ops mld_ops = {
	.family = AF_INET6,
	.is_reported = is_reported,
	.forced = forced,
	.unsolicited_ms = unsolicited_ms,
	.to = to,
	.send = mld_send,
};

/* --- in --- */

static void on_control(struct lcore *at, const struct msg *m)
{
	struct leat_stack *st = m->arg[0].p;
	struct pkt *p = m->arg[2].p;
	struct mld_stack *s = mld_stack(st);
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	uint8_t type = *(const uint8_t *)pkt_l4(p);
	struct mcast_query q;
	struct ipaddr group;
	if (!s)
		;
	else if (type == ICMP6_MLD_QUERY && !mld_query_parse(c, &q))
		mcast_host_asked(&s->host, (uint32_t)m->arg[1].u, &q);
	else if (type != ICMP6_MLD_QUERY && !mld_report_parse(c, &group))
		mcast_host_overheard(&s->host, (uint32_t)m->arg[1].u, &group);
	pkt_free(at, p);
}

static enum drop check(const struct pkt *p)
{
	enum { ALERT_MLD = 0 };
	const struct ip6_hdr *h = pkt_l3(p);
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	struct mcast_query q;
	struct ipaddr group;
	struct ip6_chain ch;
	bool query = *(const uint8_t *)pkt_l4(p) == ICMP6_MLD_QUERY;
	if (!ip6_is_link_local(&h->src) || h->hop_limit != 1 ||
	    ip6_walk(pkt_cursor(p), IP6_WALK_DESTINATION, &ch) || !ch.router_alert || ch.alert != ALERT_MLD)
		return DROP_MCAST_MALFORMED;
	return query ? mld_query_parse(c, &q) : mld_report_parse(c, &group);
}

static uint8_t mld_one(struct worker *w, struct pkt *p)
{
	uint8_t type = *(const uint8_t *)pkt_l4(p);
	if (type != ICMP6_MLD_QUERY && type != ICMP6_MLD_REPORT)
		return pkt_drop(p, DROP_MCAST_DONE); /* for routers */
	enum drop why = check(p);
	if (why)
		return pkt_drop(p, why);
	return mcast_host_hand_up(w, p, on_control) ? NODE_KEPT : pkt_drop(p, DROP_HANDOVER_FULL);
}

static void mld_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = mld_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

static const struct node mld_node = { .name = "mld-input", .run = mld_input };
static const struct node *const mld_nodes[] = { &mld_node, NULL };

/* --- the module --- */

static const uint8_t mld_types[] = { ICMP6_MLD_QUERY, ICMP6_MLD_REPORT, ICMP6_MLD_DONE, ICMP6_MLD2_REPORT };

static const struct knob mld_knobs[] = {
	KNOB("net.ipv6.mld_qrv", struct mld_stack, host.robustness, 2, 1, 255,
	     .help = "how often a change is reported, until a querier says"),
	KNOB_IFACE("net.ipv6.conf.IF.force_mld_version", mld_version, 0, 0, 2,
		   .help = "0: by what queriers speak"),
	KNOB_IFACE("net.ipv6.conf.IF.mldv1_unsolicited_report_interval", mld_report_ms[0], 10000, 1,
		   INT32_MAX, .unit = "ms", .help = "between reports that nobody asked for"),
	KNOB_IFACE("net.ipv6.conf.IF.mldv2_unsolicited_report_interval", mld_report_ms[1], 1000, 1, INT32_MAX,
		   .unit = "ms", .help = "the same, of version 2"),
	{ 0 },
};

static int mld_init(struct leat_stack *st)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mld_types); i++) {
		int err = icmp6_type_add(st, mld_types[i], mld_node.name);
		if (err)
			return err;
	}
	mcast_host_init(&mld_stack(st)->host, st, &mld_ops);
	return 0;
}

static void mld_unlink(struct leat_stack *st)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mld_types); i++)
		icmp6_type_remove(st, mld_types[i], mld_node.name);
	mcast_host_unlink(&mld_stack(st)->host);
}

static void mld_drain(struct leat_stack *st)
{
	mcast_host_drain(&mld_stack(st)->host);
}

const struct module mld_module = {
	.name = "mld",
	.id = MODULE_mld,
	.nodes = mld_nodes,
	.knobs = mld_knobs,
	.stack_size = sizeof(struct mld_stack),
	.init = mld_init,
	.unlink = mld_unlink,
	.drain = mld_drain,
};
