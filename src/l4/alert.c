/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: raw sockets that look at what others are sent with a router alert (IP_ROUTER_ALERT, RFC 2113; IPV6_ROUTER_ALERT,
 * RFC 2711). While there are any, ip4-route and ip6-route send what would be forwarded and asks for it to alert4 or alert6: who
 * wants it gets a copy each, and then it goes no further; what nobody wants goes on. IPv4 asks for the socket's protocol, IPv6
 * for the value in the option, and gives packets with their headers, as they are. Lists are written while all workers stand
 * between turns.
 *
 * Linux does otherwise: it puts fragments together for them; here those go on. */
#include "l4/alert.h"

#include "l4/l4_internal.h"

enum alert_next { ALERT_NEXT_DELIVER = 1, ALERT_NEXT_FORWARD };

static struct list *all_of(const struct leat_stack *st, uint8_t family)
{
	struct l4_stack *s = l4_stack(st);
	return family == AF_INET6 ? &s->alert6 : &s->alert4;
}

static const char *node_of(uint8_t family)
{
	return family == AF_INET6 ? "alert6" : "alert4";
}

/* --- in --- */

static bool wants(const struct l4_end *e, const struct pkt *p, uint32_t value)
{
	return e->more->alert_value == value && (!e->opt->bound_if || e->opt->bound_if == p->in_if);
}

static bool to_all(struct worker *w, struct pkt *p, uint8_t family, uint32_t value)
{
	const struct l4_more *m;
	bool taken = false;
	list_for_each (m, all_of(w->st, family), alert) {
		const struct l4_end *e = m->end;
		if (!wants(e, p, value))
			continue;
		taken = true;
		struct pkt *c = l4_copy(w, node_of(family), p, p->len);
		if (!c)
			continue;
		if (family == AF_INET6)
			c->l4_off = c->l3_off; /* all of it is what is read */
		node_send(w, l4_deliver_to(c, e, false, ALERT_NEXT_DELIVER), c);
	}
	return taken;
}

static uint8_t alert4_one(struct worker *w, struct pkt *p)
{
	const struct ip4_hdr *h = pkt_l3(p);
	bool taken = !ip4_is_fragment(h) && to_all(w, p, AF_INET, h->proto);
	return taken ? pkt_drop(p, DROP_RAW_DONE) : ALERT_NEXT_FORWARD;
}

static uint8_t alert6_one(struct worker *w, struct pkt *p)
{
	struct ip6_chain ch;
	bool found = !ip6_walk(pkt_cursor(p), IP6_WALK_ROUTER, &ch) && ch.router_alert;
	return found && to_all(w, p, AF_INET6, ch.alert) ? pkt_drop(p, DROP_RAW_DONE) : ALERT_NEXT_FORWARD;
}

static void alert4(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = alert4_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

static void alert6(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = alert6_one(w, v->pkt[i]);
	vec_dispatch(w, v, next);
}

/* --- who wants them --- */

static bool is_in(const struct l4_end *e)
{
	return e->more && !list_empty(&e->more->alert);
}

/* Linux: to leave where one is not is answered as a lack of memory. */
static int set(struct l4_end *e, bool on, uint32_t value)
{
	struct list *all = all_of(e->st, e->family);
	bool first = list_empty(all);
	if (is_in(e) && on)
		return -EADDRINUSE;
	if (!is_in(e) && !on)
		return -ENOBUFS;
	if (!on) {
		l4_alert_leave(e);
		return 0;
	}
	if (!l4_more(e))
		return -ENOMEM;
	int err = first ? ip_alert_set(e->st, e->family, node_of(e->family)) : 0;
	if (err)
		return err;
	e->more->alert_value = value;
	list_append(all, &e->more->alert);
	return 0;
}

int l4_alert_set4(struct l4_end *e, bool on)
{
	if (e->ops->type != SOCK_RAW || e->proto == IPPROTO_RAW)
		return -EINVAL;
	return set(e, on, e->proto);
}

int l4_alert_set6(struct l4_end *e, int value)
{
	if (e->ops->type != SOCK_RAW || e->proto != IPPROTO_RAW)
		return -ENOPROTOOPT;
	return set(e, value >= 0, (uint32_t)value);
}

void l4_alert_leave(struct l4_end *e)
{
	if (!is_in(e))
		return;
	list_remove(&e->more->alert);
	if (list_empty(all_of(e->st, e->family)))
		ip_alert_set(e->st, e->family, NULL);
}

void l4_alert_init(struct leat_stack *st)
{
	list_init(&l4_stack(st)->alert4);
	list_init(&l4_stack(st)->alert6);
}

const struct node l4_alert4_node = {
	.name = "alert4",
	.run = alert4,
	.next = { [ALERT_NEXT_DELIVER] = "l4-deliver", [ALERT_NEXT_FORWARD] = "ip4-forward" },
};
const struct node l4_alert6_node = {
	.name = "alert6",
	.run = alert6,
	.next = { [ALERT_NEXT_DELIVER] = "l4-deliver", [ALERT_NEXT_FORWARD] = "ip6-forward" },
};
