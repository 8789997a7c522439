/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: asking for routers (RFC 4861, 6.3.7). When an interface's link-local address has passed its test the first
 * solicitation goes out, without delay, for the test has waited by lot already (RFC 4862, 5.4.2). Then, until a router answers, at
 * intervals that double from router_solicitation_interval up to router_solicitation_max_interval, each a tenth more or less by lot
 * (RFC 7559), router_solicitations times or for ever.
 *
 *	link-local address is ours ── ask ── 4 s ── ask ── 8 s ── ask ── ...
 *	                                └── an advertisement came: done    down: all over again */
#include "ip/ra.h"
#include "net/addr_slaac.h"

enum { SEC_US = 1000000 };

struct ra_if *ra_if_find(const struct leat_stack *st, uint32_t if_handle)
{
	struct ra_if *f;
	list_for_each (f, &ra_stack(st)->ifs, link)
		if (f->if_handle == if_handle)
			return f;
	return NULL;
}

static void ra_if_free(struct ra_if *f)
{
	lcore_timer_stop(f->st->rt->ctl, &f->timer);
	list_remove(&f->link);
	mem_free(f);
}

/* RFC 8415, 15: 0.9 to 1.1 of it */
static uint64_t jittered(struct leat_stack *st, uint64_t us)
{
	return us * (900000 + rt_random_u64(st->rt) % 200001) / 1000000;
}

/* --- asking --- */

static void ask_on_worker(struct lcore *at, const struct msg *msg)
{
	static const struct ip6 all_routers = { { 0xff, 0x02, [15] = 2 } };
	struct worker *w = msg->arg[0].p;
	const struct iface *out = iface_get(w, (uint32_t)msg->arg[1].u);
	struct nd_rs_msg m = { .has_mac = true };
	struct nd_envelope ip = { .dst = all_routers, .hop_limit = 255 };
	uint8_t b[ND_NEIGH_MAX];
	if (!out)
		return;
	memcpy(ip.src.b, &msg->arg[2], 8);
	memcpy(ip.src.b + 8, &msg->arg[3], 8);
	memcpy(m.mac, out->mac, sizeof m.mac);
	struct ip6_hdr h = icmp6_ip_hdr(&ip.src, &ip.dst, ip.hop_limit);
	struct pkt *p = icmp6_new(w->lc, &h, b, nd_rs_emit(&m, &ip, b));
	if (!p)
		return; /* asked again when no answer comes */
	p->out_if = out->handle;
	graph_enqueue(w, node_find(w->st, "ip6-output"), p);
	graph_run(w);
}

static const struct addr *link_local(struct leat_stack *st, const struct iface *i)
{
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		if (a->family == AF_INET6 && ip6_is_link_local(&a->local.v6) &&
		    !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
			return a;
	return NULL;
}

static bool ask(struct ra_if *f, struct iface *i)
{
	struct leat_stack *st = f->st;
	struct worker *w = st->worker[0];
	const struct addr *from = link_local(st, i);
	struct msg m = { .fn = ask_on_worker, .arg = { { .p = w }, { .u = f->if_handle } } };
	if (!from)
		return false;
	memcpy(&m.arg[2], from->local.b, 8);
	memcpy(&m.arg[3], from->local.b + 8, 8);
	lcore_post(st->rt->ctl, w->lc, &m); /* lost without memory: as if on the wire */
	i->in6.flags |= IN6_RS_SENT;
	return true;
}

/* RFC 7559, 2 */
static void again(struct lcore *lc, struct timer *t)
{
	struct ra_if *f = container_of(t, struct ra_if, timer);
	struct iface *i = iface_by_handle(f->st, f->if_handle);
	if (!i || !iface_is_up(i) || !ra_is_accepted(i) || i->in6.flags & IN6_RA_RCVD)
		return;
	const struct ip6_auto_conf *c = &i->conf.ip6;
	if (c->rs_count >= 0 && f->probes >= (uint32_t)c->rs_count)
		return; /* there are no routers */
	f->probes++;
	ask(f, i);
	uint64_t max_us = (uint64_t)c->rs_max_interval_s * SEC_US;
	f->interval_us += jittered(f->st, f->interval_us);
	if (f->interval_us > max_us)
		f->interval_us = jittered(f->st, max_us);
	lcore_timer_in(lc, t, f->interval_us);
}

static void begin(struct ra_if *f, struct iface *i)
{
	if (!ask(f, i))
		return;
	f->probes = 1;
	f->interval_us = jittered(f->st, (uint64_t)i->conf.ip6.rs_interval_s * SEC_US);
	lcore_timer_in(f->st->rt->ctl, &f->timer, f->interval_us);
}

/* --- addresses and interfaces come and go --- */

static struct ra_if *ra_if_get(struct leat_stack *st, const struct iface *i)
{
	struct ra_if *f = ra_if_find(st, i->handle);
	if (f)
		return f;
	f = mem_zalloc(&st->mem, sizeof *f);
	if (!f)
		return NULL;
	f->st = st;
	f->if_handle = i->handle;
	f->token = i->in6.token;
	timer_init(&f->timer, again);
	list_append(&ra_stack(st)->ifs, &f->link);
	return f;
}

static void on_link_local(struct leat_stack *st, struct iface *i)
{
	if (!ra_is_accepted(i) || !i->conf.ip6.rs_count || i->flags & IFF_LOOPBACK)
		return;
	struct ra_if *f = ra_if_get(st, i);
	if (!f || f->asked)
		return;
	f->asked = true;
	begin(f, i);
}

static void addr_event(struct addr_watch *watch, struct leat_stack *st, const struct addr *a,
		       enum addr_event e)
{
	struct iface *i = iface_by_handle(st, a->if_handle);
	if (i && a->family == AF_INET6 && e != ADDR_GOING && ip6_is_link_local(&a->local.v6) &&
	    !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		on_link_local(st, i);
}

/* Linux: who sets a token asks again, to have addresses made with it at once. */
static void on_changed(struct leat_stack *st, struct iface *i)
{
	struct ra_if *f = ra_if_get(st, i);
	if (!f || ip6_eq(&f->token, &i->in6.token))
		return;
	f->token = i->in6.token;
	addr_token_changed(st, i);
	i->in6.flags &= ~(uint32_t)IN6_RA_RCVD;
	begin(f, i);
}

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	struct ra_if *f = ra_if_find(i->st, i->handle);
	if (e == IFACE_CHANGED && (f || !ip6_is_zero(&i->in6.token)))
		on_changed(i->st, i);
	if ((e == IFACE_DOWN || e == IFACE_GOING) && f)
		ra_if_free(f);
}

void ra_solicit_init(struct leat_stack *st)
{
	struct ra_stack *s = ra_stack(st);
	list_init(&s->ifs);
	s->addrs.event = addr_event;
	s->solicits.event = iface_event;
	addr_watch_add(st, &s->addrs);
	iface_watch_add(st, &s->solicits);
}

void ra_solicit_unlink(struct leat_stack *st)
{
	addr_watch_remove(st, &ra_stack(st)->addrs);
	iface_watch_remove(st, &ra_stack(st)->solicits);
}

void ra_solicit_drain(struct leat_stack *st)
{
	struct ra_if *f, *next;
	list_for_each_safe (f, next, &ra_stack(st)->ifs, link)
		ra_if_free(f);
}
