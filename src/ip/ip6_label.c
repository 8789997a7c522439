/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the flow labels of what this stack sends (RFC 6437). A label is a keyed hash of what makes the flow, so that it
 * is the same for all packets of a flow, spread over all labels (RFC 6437, 2), and nobody's guess who does not see the flow (6.1).
 *
 * Linux: net.ipv6.auto_flowlabels says for whom labels are made, IPV6_AUTOFLOWLABEL what one socket wants. What is forwarded
 * keeps its own. Left out: leases of labels (IPV6_FLOWLABEL_MGR) and what goes by them. */
#include "ip/ip6_internal.h"

enum { STATELESS = 0x80000 }; /* Linux: the upper half, while the lower one is for leases */

bool ip6_labels_by_default(const struct leat_stack *st)
{
	const struct ip6_state *s = ip6_state(st);
	uint8_t how = s ? racy_get(s->auto_labels) : IP6_LABELS_OFF;
	return how == IP6_LABELS_OPT_OUT || how == IP6_LABELS_FORCED;
}

uint32_t ip6_auto_label(const struct leat_stack *st, const struct ip6 *src, const struct ip6 *dst,
			uint64_t flow, bool wanted)
{
	const struct ip6_state *s = ip6_state(st);
	const struct {
		struct ip6 src, dst;
		uint64_t flow;
	} of = { *src, *dst, flow };
	uint8_t how = s ? racy_get(s->auto_labels) : IP6_LABELS_OFF;
	if (how == IP6_LABELS_OFF || (!wanted && how != IP6_LABELS_FORCED))
		return 0;
	uint32_t label = (uint32_t)siphash(&st->hash_key, &of, sizeof of) & IP6_FLOW_MASK;
	if (racy_get(s->label_ranges))
		label |= STATELESS;
	return label ? label : 1; /* RFC 6437, 3: 0 is none */
}

bool ip6_reflects_label(const struct leat_stack *st, enum ip6_reflect what)
{
	const struct ip6_state *s = ip6_state(st);
	return s && racy_get(s->reflect_labels) & what;
}
