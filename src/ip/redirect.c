/* SPDX-License-Identifier: BSD-2-Clause */
/* The module redirect: what both families share, settings, and what ends a redirect before its time.
 *
 * Theory of operation: a router that sends a packet back by where it came tells the sender of the better first hop (RFC 1812,
 * 5.2.7.2; RFC 4861, 8.2), at a bounded rate: redirect4.c and redirect6.c, called by the nodes that forward. A host that is
 * told makes an exception from its route (net/fib_exc.h), for that one destination, if it may believe it. Exceptions end
 * with net.ipv4.route.gc_timeout (net.ipv6.route.gc_timeout), when the routes change, and, since a first hop that is gone
 * would swallow everything until then, when it stops to answer as a neighbour (RFC 1122, 3.3.1.4) or to be a router (RFC
 * 4861, 7.3.3).
 *
 * Linux keeps redirects of IPv6 for as long as they are used; here their time is fixed, and the router tells again. */
#include <netinet/in.h>

#include "ip/ip.h"
#include "ip/redirect_internal.h"
#include "net/l3.h"
#include "net/neigh.h"
#include "wire/icmp6.h"

struct wanted {
	const struct ipaddr *gw;
	uint32_t if_handle;
};

static bool leads_there(const struct worker *w, const struct fib_nh *nh, const void *ctx)
{
	const struct wanted *want = ctx;
	return nh->if_handle == want->if_handle && nh->gw_family && ipaddr_eq(&nh->gw, want->gw);
}

const struct fib_nh *redirect_way(const struct worker *w, const struct fib_nh *nh, uint8_t family,
				  const struct ipaddr *gw, uint32_t if_handle)
{
	const struct wanted want = { gw, if_handle };
	if (nh && fib_nh_has_paths(nh))
		nh = fib_path_that_fits(w, nh, 0, leads_there, &want);
	return nh && nh->type == RTN_UNICAST && nh->gw_family == family && leads_there(w, nh, &want) ? nh
												     : NULL;
}

bool redirect_is_neighbour(const struct worker *w, uint8_t family, const struct ipaddr *a, uint32_t if_handle)
{
	uint32_t vrf = l3_handle_of(w, if_handle);
	const struct fib_nh *nh =
		family == AF_INET6 ? fib6_lookup_at(w, vrf, &a->v6) : fib4_lookup_at(w, vrf, a->v4);
	return nh && nh->type == RTN_UNICAST && !nh->gw_family && fib_nh_uses_if(nh, if_handle);
}

static void on_neigh(struct neigh_watch *watch, struct leat_stack *st, const struct neigh_info *n,
		     enum neigh_event e)
{
	bool gone = e == NEIGH_GOING || (e == NEIGH_STATE && n->state & NUD_FAILED);
	bool no_router = e == NEIGH_ROUTER && n->family == AF_INET6 && !(n->flags & NTF_ROUTER);
	if (gone || no_router)
		fib_exc_gateway_gone(st, n->if_handle, n->family, &n->addr);
}

static int redirect_init(struct leat_stack *st)
{
	redirect_stack(st)->watch.event = on_neigh;
	neigh_watch_add(st, &redirect_stack(st)->watch);
	return icmp6_type_add(st, ICMP6_REDIRECT, redirect6_node.name);
}

static void redirect_unlink(struct leat_stack *st)
{
	icmp6_type_remove(st, ICMP6_REDIRECT, redirect6_node.name);
	neigh_watch_remove(st, &redirect_stack(st)->watch);
}

/* clang-format off */
static const struct knob redirect_knobs[] = {
	KNOB("net.ipv4.conf.all.accept_redirects", struct redirect_stack, accept, 0, 0, 1, .flags = KNOB_FOLLOWS,
	     .help = "heed redirects where the interface says so, too (a host: or); 0 when ip_forward is set to 1, and back"),
	KNOB("net.ipv4.conf.all.secure_redirects", struct redirect_stack, secure, 1, 0, 1,
	     .help = "the same on all interfaces"),
	KNOB("net.ipv4.conf.all.shared_media", struct redirect_stack, shared, 1, 0, 1,
	     .help = "the same on all interfaces"),
	KNOB("net.ipv4.conf.all.send_redirects", struct redirect_stack, send, 1, 0, 1,
	     .help = "the same on all interfaces"),
	KNOB_IFACE("net.ipv4.conf.IF.accept_redirects", redirect.accept4, 1, 0, 1,
		   .help = "heed redirects; where packets are passed on, only if \"all\" says so, too"),
	KNOB_IFACE("net.ipv4.conf.IF.secure_redirects", redirect.secure4, 1, 0, 1,
		   .help = "heed redirects to default gateways only (without shared_media)"),
	KNOB_IFACE("net.ipv4.conf.IF.shared_media", redirect.shared4, 1, 0, 1,
		   .help = "others on the link may be of other subnets (RFC 1620)"),
	KNOB_IFACE("net.ipv4.conf.IF.send_redirects", redirect.send4, 1, 0, 1,
		   .help = "tell hosts of better first hops"),
	KNOB("net.ipv6.conf.all.accept_redirects", struct redirect_stack, accept6, 1, 0, 1,
	     .help = "no effect, as on Linux"),
	KNOB_IFACE("net.ipv6.conf.IF.accept_redirects", redirect.accept6, 1, 0, 1,
		   .help = "heed redirects, unless the interface forwards"),
	KNOB("net.ipv4.route.redirect_number", struct redirect_stack, number, 9, 0, INT32_MAX,
	     .help = "redirects to a host that does not heed them, at most"),
	KNOB("net.ipv4.route.redirect_load", struct redirect_stack, load_ms, 20, 0, 1 << 20, .unit = "ms",
	     .help = "from the first redirect to the next; doubles each time"),
	KNOB("net.ipv4.route.redirect_silence", struct redirect_stack, silence_ms, 20480, 0, INT32_MAX, .unit = "ms",
	     .help = "after so long without a reason for redirects a host is told anew"),
	{ 0 },
};
/* clang-format on */

static const struct node *const redirect_nodes[] = { &redirect6_node, NULL };

const struct module redirect_module = {
	.name = "redirect",
	.id = MODULE_redirect,
	.nodes = redirect_nodes,
	.knobs = redirect_knobs,
	.stack_size = sizeof(struct redirect_stack),
	.worker_size = sizeof(struct redirect_worker),
	.init = redirect_init,
	.unlink = redirect_unlink,
};
