/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications to groups. A notification that a request caused carries the request's sequence number and port, so that
 * its sender knows it from others; NLM_F_ECHO also sends it back to a sender that is no member. */
#include "netlink/netlink_internal.h"

#include <linux/rtnetlink.h>

/* Whether this notification tells of what the current request asked for, rather than of a consequence (the routes that
 * an address brings). Linux: changes of links are told without naming the request. */
static bool is_caused(const struct nl_state *ns, int protocol, uint16_t type)
{
	const struct nl_current *c = &ns->current;
	if (!c->sock || c->sock->proto->protocol != protocol)
		return false;
	if (protocol != NETLINK_ROUTE)
		return true;
	return nl_class(type) == nl_class(c->type) && nl_class(type) != nl_class(RTM_NEWLINK);
}

static bool anybody(const struct nl_state *ns, int protocol, unsigned group)
{
	const struct nl_sock *s;
	list_for_each (s, &ns->socks, link)
		if (s->proto->protocol == protocol && bit_test(s->groups, group))
			return true;
	return false;
}

static void to_members(struct leat_stack *st, int protocol, unsigned group, const struct nl_buf *b,
		       const struct nl_sock *but)
{
	struct nl_sock *s;
	list_for_each (s, &nl_state(st)->socks, link)
		if (s != but && s->proto->protocol == protocol && bit_test(s->groups, group))
			nl_sock_queue(s, b->p, b->len_bytes, 0, group);
}

void nl_multicast(struct leat_stack *st, int protocol, unsigned group, uint16_t type, nl_fill_fn *fill,
		  const void *what)
{
	struct nl_state *ns = nl_state(st);
	struct nl_buf b;

	assert(group > 0 && group < NL_GROUPS_MAX);
	if (protocol == NETLINK_ROUTE)
		ns->generation[nl_class(type)]++;
	bool caused = is_caused(ns, protocol, type);
	struct nl_sock *echo = caused && ns->current.echo ? ns->current.sock : NULL;
	if (!echo && !anybody(ns, protocol, group))
		return;
	nl_buf_init(&b, NL_MESSAGE_MAX);
	fill(&b, type, caused ? ns->current.seq : 0, caused ? ns->current.sock->portid : 0, what);
	if (b.len_bytes) {
		to_members(st, protocol, group, &b, echo);
		if (echo)
			nl_sock_queue(echo, b.p, b.len_bytes, 0, 0);
	}
	nl_buf_done(&b);
}
