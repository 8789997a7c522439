/* SPDX-License-Identifier: BSD-2-Clause */
/* What ICMP errors of both families quote and, when told so, what they say behind it: by which of our interfaces the packet came (RFC
 * 4884, RFC 5837). Off at first, as on Linux: whoever asks with a TTL that runs out learns interfaces' names and addresses. */
#include "ip/icmp_internal.h"
#include "net/addr.h"
#include "wire/icmp_ext.h"

bool icmp_quote(struct lcore *lc, struct pkt *e, const struct pkt *cause, uint32_t room, bool extended)
{
	static const uint8_t zeros[ICMP_EXT_QUOTE_MIN];
	struct cursor c = pkt_cursor(cause);
	uint32_t n;
	cur_trim(&c, MIN(c.left, extended ? (uint32_t)ICMP_EXT_QUOTE_MIN : room));
	uint32_t fill = extended ? ICMP_EXT_QUOTE_MIN - c.left : 0;
	for (const uint8_t *run; (run = cur_run(&c, &n));)
		if (!pkt_append(lc, e, run, n))
			return false;
	return !fill || pkt_append(lc, e, zeros, fill);
}

bool icmp_extend(const struct worker *w, struct pkt *e, const struct pkt *cause, uint8_t family)
{
	const struct iface *in = iface_get(w, cause->in_if);
	const struct ipaddr anybody = { 0 };
	struct icmp_ext_iface i = { .ifindex = in ? in->ifindex : 0, .name = in ? in->name : "" };
	uint8_t b[ICMP_EXT_IFACE_MAX];
	if (!in) /* it went away meanwhile: a length with nothing behind it would be malformed */
		return false;
	i.mtu = racy_get(in->mtu);
	i.family = addr_select_source(w, in, family, &anybody, &i.addr) ? family : 0;
	return pkt_append(w->lc, e, b, icmp_ext_emit_iface(&i, b));
}
