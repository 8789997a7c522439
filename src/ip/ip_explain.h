/* SPDX-License-Identifier: BSD-2-Clause */
/* What the nodes of both versions of IP say for `leat explain` (struct node.explain). Room-internal. */
#ifndef LEAT_IP_EXPLAIN_H
#define LEAT_IP_EXPLAIN_H

#include "graph/node.h"

typedef void ip_explain_fn(struct worker *w, const struct pkt *p, bool leaves, struct facts *f);

ip_explain_fn ip4_route_explain, ip6_route_explain; /* rule, table, route */
ip_explain_fn ip4_output_explain, ip6_output_explain; /* the same, next hop and source */
ip_explain_fn ip_forward_explain; /* which way of the route */
ip_explain_fn ip_post_explain; /* MTU */
ip_explain_fn icmp4_error_explain, icmp6_error_explain; /* what the sender is told */

#endif
