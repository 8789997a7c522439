/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: IGMP as a host speaks it, all three versions (RFC 1112, 2236, 3376). igmp-input checks what arrives and hands
 * it to the control lcore, where mcast_host.c decides what to say and when; this file says how it looks. Groups are those of
 * net/mcast.c; the group of all hosts is never reported. An interface without an address reports from 0.0.0.0 (RFC 3376, 4.2.13).
 *
 * Left out: the router's side. */
#include <sys/socket.h>

#include "graph/node.h"
#include "ip/mcast_host.h"
#include "net/addr.h"
#include "pkt/csum.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/ip4.h"

enum { ALL_HOSTS = 0xe0000001, ALL_ROUTERS = 0xe0000002, ALL_V3_ROUTERS = 0xe0000016 };

struct igmp_stack {
	struct mcast_host host;
	uint8_t link_local_reports;
};

static struct igmp_stack *igmp_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_igmp);
}

/* --- how a host says it --- */

/* Linux: those of the link, 224.0.0.x, only when it is told so (RFC 4541 has switches flood them anyway). */
static bool is_reported(const struct ipaddr *group, const struct leat_stack *st)
{
	uint32_t a = be32_get(group->v4);
	return a != ALL_HOSTS && (a >> 8 != 0xe00000 || igmp_stack(st)->link_local_reports);
}

static uint8_t forced(const struct iface *i)
{
	return i->conf.igmp_version;
}

static uint32_t unsolicited_ms(const struct iface *i, uint8_t version)
{
	return version == 3 ? i->conf.igmp_report_ms[1] : i->conf.igmp_report_ms[0];
}

static struct ipaddr to(uint8_t version, bool leave, const struct ipaddr *group)
{
	if (version == 3)
		return (struct ipaddr){ .v4 = be32_of(ALL_V3_ROUTERS) };
	return leave ? (struct ipaddr){ .v4 = be32_of(ALL_ROUTERS) } : *group;
}

static void igmp_send(struct worker *w, const struct iface *out, const struct ipaddr *dst, uint8_t *msg,
		      uint32_t len)
{
	static const uint8_t alert[4] = { IP4_OPT_ROUTER_ALERT, 4 };
	struct ip4_msg ip = { .tos = 0xc0, /* internetwork control, as Linux */
			      .df = true,
			      .ttl = 1,
			      .proto = IP_PROTO_IGMP,
			      .dst = dst->v4,
			      .options = cur_of(alert, sizeof alert),
			      .body = cur_of(msg, len) };
	uint8_t hdr[IP4_HDR_MAX];
	struct ipaddr src;
	be16 csum = be16_of(csum_done(csum_mem(msg, len)));
	memcpy(msg + 2, &csum, sizeof csum);
	if (addr_select_source(w, out, AF_INET, dst, &src))
		ip.src = src.v4;
	unsigned hdr_len = ip4_emit(&ip, hdr);
	struct pkt *p = pkt_new(w->lc);
	if (!p || !pkt_append(w->lc, p, hdr, hdr_len) || !pkt_append(w->lc, p, msg, len)) {
		pkt_free(w->lc, p); /* as if lost on the wire */
		return;
	}
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + hdr_len);
	p->ethertype = ETH_P_IP;
	p->ip_proto = IP_PROTO_IGMP;
	p->out_if = out->handle;
	p->flags |= PKT_F_LOCAL_OUT;
	/* Not through ip4-output, which would find a source where there may be none: nothing is left to be decided. */
	memset(&p->edge, 0, sizeof p->edge);
	graph_enqueue(w, node_find(w->st, "ip4-post"), p);
	graph_run(w);
}

static const struct mcast_host_ops igmp_ops = {
	.family = AF_INET,
	.is_reported = is_reported,
	.forced = forced,
	.unsolicited_ms = unsolicited_ms,
	.to = to,
	.send = igmp_send,
};

/* --- in --- */

static void on_control(struct lcore *at, const struct msg *m)
{
	struct leat_stack *st = m->arg[0].p;
	struct pkt *p = m->arg[2].p;
	struct igmp_stack *s = igmp_stack(st);
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	uint8_t type = *(const uint8_t *)pkt_l4(p);
	struct mcast_query q;
	struct ipaddr group;
	if (!s)
		;
	else if (type == IGMP_QUERY && !igmp_query_parse(c, &q))
		mcast_host_asked(&s->host, (uint32_t)m->arg[1].u, &q);
	else if (type != IGMP_QUERY && !igmp_report_parse(c, &group))
		mcast_host_overheard(&s->host, (uint32_t)m->arg[1].u, &group);
	pkt_free(at, p);
}

static enum drop check(struct lcore *lc, struct pkt *p)
{
	uint32_t hdr_len = (uint32_t)(p->l4_off - p->headroom), len = p->len - hdr_len;
	struct mcast_query q;
	enum { MIN_LEN = 8 };
	if (p->len < hdr_len + MIN_LEN)
		return DROP_TRUNCATED;
	enum drop why = pkt_pull_up(lc, p, hdr_len + MIN_LEN);
	if (why)
		return why;
	if (!pkt_csum_ok(p, 0, len))
		return DROP_L4_CSUM;
	switch (*(const uint8_t *)pkt_l4(p)) {
	case IGMP_QUERY:
		return igmp_query_parse(pkt_cursor_at(p, p->l4_off), &q);
	case IGMP_V1_REPORT:
	case IGMP_V2_REPORT:
		return p->flags & PKT_F_LOCAL_OUT ? DROP_MCAST_DONE : DROP_NONE;
	default:
		return DROP_MCAST_DONE; /* for routers */
	}
}

static uint8_t igmp_one(struct worker *w, struct pkt *p)
{
	enum drop why = check(w->lc, p);
	if (why)
		return pkt_drop(p, why);
	return mcast_host_hand_up(w, p, on_control) ? NODE_KEPT : pkt_drop(p, DROP_HANDOVER_FULL);
}

static void igmp_input(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = igmp_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

static const struct node igmp_node = { .name = "igmp-input", .run = igmp_input };
static const struct node *const igmp_nodes[] = { &igmp_node, NULL };

/* --- the module --- */

static const struct knob igmp_knobs[] = {
	KNOB("net.ipv4.igmp_qrv", struct igmp_stack, host.robustness, 2, 1, 255,
	     .help = "how often a change is reported, until a querier says"),
	KNOB("net.ipv4.igmp_link_local_mcast_reports", struct igmp_stack, link_local_reports, 1, 0, 1,
	     .help = "report groups of the link, 224.0.0.x, too"),
	KNOB_IFACE("net.ipv4.conf.IF.force_igmp_version", igmp_version, 0, 0, 3,
		   .help = "0: by what queriers speak"),
	KNOB_IFACE("net.ipv4.conf.IF.igmpv2_unsolicited_report_interval", igmp_report_ms[0], 10000, 1,
		   INT32_MAX, .unit = "ms", .help = "between reports that nobody asked for"),
	KNOB_IFACE("net.ipv4.conf.IF.igmpv3_unsolicited_report_interval", igmp_report_ms[1], 1000, 1,
		   INT32_MAX, .unit = "ms", .help = "the same, of version 3"),
	{ 0 },
};

static int igmp_init(struct leat_stack *st)
{
	int err = ip4_proto_add(st, IP_PROTO_IGMP, igmp_node.name);
	if (!err)
		mcast_host_init(&igmp_stack(st)->host, st, &igmp_ops);
	return err;
}

static void igmp_unlink(struct leat_stack *st)
{
	ip4_proto_remove(st, IP_PROTO_IGMP);
	mcast_host_unlink(&igmp_stack(st)->host);
}

static void igmp_drain(struct leat_stack *st)
{
	mcast_host_drain(&igmp_stack(st)->host);
}

const struct module igmp_module = {
	.name = "igmp",
	.id = MODULE_igmp,
	.nodes = igmp_nodes,
	.knobs = igmp_knobs,
	.stack_size = sizeof(struct igmp_stack),
	.init = igmp_init,
	.unlink = igmp_unlink,
	.drain = igmp_drain,
};
