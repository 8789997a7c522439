/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/world.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ip/ip.h"
#include "net/addr.h"
#include "net/fib.h"
#include "stack/stack_modules.h"
#include "wire/eth.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"

enum { POOL_BYTES = 32 << 20, BOOT_US = 5000000, SEED = 1 };

/* --- the device --- */

/* Neighbour discovery and group membership are about the link, which a script does not see. */
static bool is_about_the_link(const uint8_t *p, uint32_t len)
{
	struct ip6_chain chain;
	if (len > 9 && p[0] >> 4 == 4)
		return p[9] == IP_PROTO_IGMP;
	if (ip6_walk(cur_of(p, len), IP6_WALK_DESTINATION, &chain) || chain.proto != IP_PROTO_ICMP6 ||
	    chain.l4_off >= len)
		return false;
	uint8_t type = p[chain.l4_off];
	return (type >= ICMP6_MLD_QUERY && type <= ICMP6_REDIRECT) || type == ICMP6_MLD2_REPORT;
}

static void catch_one(struct world *w, uint64_t now_us, const struct pkt *p)
{
	struct cursor c = pkt_cursor(p);
	struct eth_hdr eth;
	if (!cur_copy(&c, &eth, sizeof eth))
		return;
	uint32_t len = cur_left(&c);
	struct caught *k = malloc(sizeof *k + len);
	if (!k) {
		w->lost = true;
		return;
	}
	*k = (struct caught){ .at_us = now_us, .len = len };
	cur_copy(&c, k->bytes, len);
	uint16_t type = be16_get(eth.type);
	if ((type != ETH_P_IP && type != ETH_P_IPV6) || is_about_the_link(k->bytes, len)) {
		free(k);
		return;
	}
	*w->last = k;
	w->last = &k->next;
	pcapng_packet(w->capture, 0, PCAPNG_OUTBOUND, now_us - w->zero_us, cur_of(k->bytes, len));
}

static void tun_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		catch_one(ifc->driver, w->lc->now_us, p[i]);
	pkt_free_bulk(w->lc, p, n);
}
static int tun_up(struct iface *ifc)
{
	iface_set_carrier(ifc, true);
	return 0;
}
static void tun_nothing(struct iface *ifc)
{
}
static const struct iface_ops tun_ops = {
	.kind = "script",
	.xmit = tun_xmit,
	.up = tun_up,
	.down = tun_nothing,
	.stop = tun_nothing,
	.free = tun_nothing,
};

/* --- the stack --- */

/* No ARP and no discovery: whoever is out there, it is the script. */
static int add_tun(struct world *w, const struct script *s)
{
	struct iface_new how = { .name = "tun0",
				 .ops = &tun_ops,
				 .driver = w,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST | IFF_NOARP,
				 .mtu = s->mtu,
				 .mtu_min = 68,
				 .mtu_max = 65535,
				 .mac = { 2, 0, 0, 0, 0, 1 } };
	int err = iface_add(w->st, &how, &w->tun);
	if (err)
		return err;
	w->tun->conf.ip6.rs_count = 0; /* it need not answer for routers, either */
	return iface_set_up(w->tun, true);
}

static int add_addr(struct world *w, uint8_t family, const struct ipaddr *a, uint8_t plen)
{
	struct addr how = { .if_handle = w->tun->handle,
			    .family = family,
			    .plen = plen,
			    .flags = IFA_F_NODAD | IFA_F_PERMANENT,
			    .local = *a,
			    .peer = *a,
			    .valid_s = UINT32_MAX,
			    .preferred_s = UINT32_MAX };
	return addr_add(w->st, &how, false);
}

static int add_route(struct world *w, const struct script *s)
{
	struct fib_route r = { .family = s->family,
			       .plen = s->family == AF_INET ? 24 : 48,
			       .protocol = RTPROT_BOOT,
			       .table = RT_TABLE_MAIN,
			       .dst = s->remote,
			       .metric = s->family == AF_INET ? 0 : 1024,
			       .nh.if_handle = w->tun->handle,
			       .nh.type = RTN_UNICAST,
			       .nh.scope = RT_SCOPE_UNIVERSE,
			       .nh.gw = s->gateway,
			       .nh.gw_family = s->family };
	memset(r.dst.b + r.plen / 8, 0, sizeof r.dst - r.plen / 8);
	int err = fib_add(w->st, &r, FIB_ADD, NULL);
	return err == -EEXIST ? 0 : err;
}

static int build(struct world *w, const struct script *s)
{
	struct iface *lo = iface_by_name(w->st, "lo");
	int err = lo ? iface_set_up(lo, true) : 0;
	ip_set_forwarding(w->st, AF_INET, false);
	ip_set_forwarding(w->st, AF_INET6, false);
	err = err ? err : add_tun(w, s);
	err = err ? err : add_addr(w, s->family, &s->local, s->plen);
	err = err ? err : add_route(w, s);
	view_publish(w->st);
	return err;
}

int world_new(const struct script *s, struct world **ret)
{
	struct world *w = calloc(1, sizeof *w);
	int err = -ENOMEM;
	if (!w)
		return err;
	w->last = &w->first;
	w->mss = s->mss;
	w->m = manual_rt_new(1, SEED);
	err = pkt_pools_init(manual_rt_of(w->m), POOL_BYTES);
	if (err)
		goto free_rt;
	err = stack_new(manual_rt_of(w->m), "drill", 1, leat_modules, &w->st);
	err = err ? err : build(w, s);
	if (err)
		goto free_world;
	manual_rt_run(w->m,
		      BOOT_US); /* what a stack says when it comes up is said before the script begins */
	for (struct caught *k; (k = world_take(w));)
		free(k);
	*ret = w;
	return 0;
free_world:
	world_free(w);
	return err;
free_rt:
	manual_rt_free(w->m);
	free(w);
	return err;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	stack_free(w->st);
	manual_rt_settle(w->m);
	for (struct caught *k; (k = world_take(w));)
		free(k);
	pkt_pools_done(manual_rt_of(w->m));
	manual_rt_free(w->m);
	free(w);
}

/* --- both ways --- */

/* As a device says of segments that it has joined. */
static void say_joined(const struct world *w, struct pkt *p, const uint8_t *bytes, uint32_t len)
{
	bool is6 = bytes[0] >> 4 == 6;
	uint32_t ip = is6 ? sizeof(struct ip6_hdr) : 4U * (bytes[0] & 15);
	if (len < ip + sizeof(struct tcp_hdr) || bytes[is6 ? 6 : 9] != IP_PROTO_TCP)
		return;
	uint32_t hdrs = ip + (bytes[ip + 12] >> 4) * 4U;
	if (!w->mss || len <= hdrs + w->mss)
		return;
	p->gso = is6 ? PKT_GSO_TCP6 : PKT_GSO_TCP4;
	p->gso_size = w->mss;
	p->gso_segs = (uint16_t)((len - hdrs + w->mss - 1) / w->mss);
}

int world_inject(struct world *w, const uint8_t *bytes, uint32_t len)
{
	struct worker *wk = w->st->worker[0];
	struct eth_msg m = { .type = bytes[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP };
	struct eth_hdr h;
	struct pkt *p = pkt_new(wk->lc);
	if (!p)
		return -ENOMEM;
	memcpy(m.dst, w->tun->mac, sizeof m.dst);
	memcpy(m.src, (const uint8_t[]){ 2, 0, 0, 0, 0, 2 }, sizeof m.src);
	eth_emit(&m, &h);
	if (!pkt_append(wk->lc, p, &h, sizeof h) || !pkt_append(wk->lc, p, bytes, len)) {
		pkt_free(wk->lc, p);
		return -EMSGSIZE;
	}
	say_joined(w, p, bytes, len);
	iface_input(wk, w->tun, &p, 1);
	manual_rt_settle(w->m);
	return 0;
}

const struct caught *world_peek(const struct world *w)
{
	return w->first;
}

struct caught *world_take(struct world *w)
{
	struct caught *k = w->first;
	if (!k)
		return NULL;
	w->first = k->next;
	if (!w->first)
		w->last = &w->first;
	return k;
}
