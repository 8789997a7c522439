/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface at one end of a wire, kind "sim". What it sends becomes bytes and, where the wire carries offloads, a virtio-net
 * header that tells their state: nothing of the sending stack outlives it on the wire. What arrives is a message to the
 * lcore of one of the stack's workers, which makes a packet of it as a driver would. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/options.h"
#include "dev/vnet.h"
#include "pkt/pkt.h"
#include "sim/sim_internal.h"

enum { OFFLOADS = IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_USO | IFACE_TX_SG };

static struct sim_frame *frame_of(const struct pkt *p)
{
	struct cursor c = pkt_cursor(p);
	struct sim_frame *f = malloc(sizeof *f + p->len);
	if (!f || !cur_copy(&c, f->b, p->len)) {
		free(f);
		return NULL;
	}
	f->len = p->len;
	f->trace_id = p->flags & PKT_F_TRACED ? p->trace_id : 0;
	vnet_emit(p, 0, &f->offload);
	return f;
}

static void device_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct sim_end *e = ifc->driver;
	struct sim_dir *d = &e->wire->dir[e->which];
	if (e->node->dying) {
		pkt_free_bulk(w->lc, p, n);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct sim_frame *f = frame_of(p[i]);
		pkt_free(w->lc, p[i]);
		if (f) {
			wire_send(d, f);
			continue;
		}
		d->stats.in++;
		d->stats.dropped[SIM_DROP_MEMORY]++;
	}
}

/* --- in --- */

struct incoming {
	struct virtio_net_hdr offload;
	uint32_t len, trace_id;
	uint8_t b[];
};

static struct pkt *pkt_of(struct lcore *lc, const struct incoming *in)
{
	struct pkt *p = pkt_new(lc);
	if (!p)
		return NULL;
	p->trace_id = in->trace_id;
	p->flags |= in->trace_id ? PKT_F_TRACED : 0;
	if (pkt_append(lc, p, in->b, in->len) && !vnet_parse(&in->offload, p))
		return p;
	pkt_free(lc, p);
	return NULL;
}

static void come_in(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct iface *ifc = iface_get(w, (uint32_t)m->arg[1].u);
	struct incoming *in = m->arg[2].p;
	struct pkt *p = ifc ? pkt_of(at, in) : NULL;
	if (p)
		iface_input(w, ifc, &p, 1);
	else if (ifc)
		racy_add(iface_stats_of(ifc, w)->rx_dropped, 1);
	free(in);
	follow_flush(sim_of(at->rt), w->st->user);
}

/* Which worker a card would choose for its only queue: not always the same, so that hand-over is exercised. */
static struct worker *home_of(const struct sim_end *e)
{
	const struct leat_stack *st = e->ifc->st;
	return st->worker[e->wire->number % st->n_workers];
}

void device_receive(struct sim_end *e, const struct sim_frame *f)
{
	struct worker *w = home_of(e);
	struct incoming *in = malloc(sizeof *in + f->len);
	const struct msg m = { .fn = come_in, .arg = { { .p = w }, { .u = e->ifc->handle }, { .p = in } } };
	if (!in)
		abort(); /* as manual_rt_new() does */
	in->offload = f->offload;
	in->len = f->len;
	in->trace_id = f->trace_id;
	memcpy(in->b, f->b, f->len);
	if (!lcore_post(w->lc->rt->ctl, w->lc, &m))
		abort();
}

/* --- life --- */

static int device_up(struct iface *ifc)
{
	const struct sim_end *e = ifc->driver;
	iface_set_carrier(ifc, !e->wire->unplugged);
	return 0;
}

static void device_down(struct iface *ifc)
{
}

static int device_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0;
}

static void device_stop(struct iface *ifc)
{
	struct sim_end *e = ifc->driver;
	e->ifc = NULL;
}

static void device_free(struct iface *ifc)
{
}

static void device_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct sim_end *e = ifc->driver;
	snprintf(to, len, "sim:%s,wire=%u,end=%u", ifc->name, e->wire->number, e->which);
}

static const struct iface_ops device_ops = {
	.kind = "sim",
	.xmit = device_xmit,
	.up = device_up,
	.down = device_down,
	.set_mac = device_set_mac,
	.stop = device_stop,
	.free = device_free,
	.describe = device_describe,
};

/* The address says where it is: wire and end. */
int device_new(struct sim_end *e, struct leat_stack *st, const char *ifname)
{
	unsigned n = e->wire->number;
	struct iface_new how = {
		.ops = &device_ops,
		.driver = e,
		.hw_type = ARPHRD_ETHER,
		.flags = IFF_BROADCAST | IFF_MULTICAST,
		.features = e->wire->conf.offload ? OFFLOADS : 0,
		.mtu = ETH_DATA_LEN,
		.mtu_min = ETH_MIN_MTU,
		.mtu_max = e->wire->conf.offload ? ETH_MAX_MTU : BUF_HEAD_SIZE - BUF_HEADROOM - ETH_HLEN,
		.mac = { 2, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 0, (uint8_t)(e->which + 1) }
	};
	snprintf(how.name, sizeof how.name, "%s", ifname);
	int err = iface_add(st, &how, &e->ifc);
	return err || !e->wire->conf.up ? err : iface_set_up(e->ifc, true);
}

/* --- `sim:NAME,wire=N,end=N`, out of save files --- */

struct device_words {
	uint64_t wire, end;
};
static const struct dev_option device_options[] = {
	{ "wire", DEV_OPT_U64, offsetof(struct device_words, wire), 1, UINT32_MAX },
	{ "end", DEV_OPT_U64, offsetof(struct device_words, end), 0, 1 },
	{ 0 },
};

int device_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why, size_t why_len)
{
	struct device_words o = { 0 };
	int err = dev_options(device_options, options, &o, ret_why, why_len);
	if (err)
		return err;
	struct sim_wire *w = sim_wire_get(sim_of(st->rt), (unsigned)o.wire);
	if (!w || w->end[o.end].ifc || w->end[o.end].node != st->user) {
		snprintf(ret_why, why_len, "there is no such end of a wire free");
		return -ENODEV;
	}
	return device_new(&w->end[o.end], st, ifname);
}
