/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink requests of somebody who may do everything, on a whole stack with a pair of devices. The first byte chooses: bit
 * 0 the protocol, bit 1 strict checking, bit 2 extended acks, bit 3 capped acks, bits 4 to 6 how many datagrams the
 * receiver takes before it is full, bit 7 that the stack is rich in configuration (rich.h; devices a and b). The rest is one datagram. Whatever comes back has to be well-formed, and when all
 * sockets are closed the stack must come down without a leak (the accounts say so). With LEAT_FUZZ_VERBOSE set (the
 * driver's -v) the answers are printed. */
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "answers.h"
#include "core/manual.h"
#include "fuzz.h"
#include "leat/genl.h"
#include "net/iface.h"
#include "netlink/netlink_internal.h"
#include "rich.h"
#include "stack/stack_modules.h"

enum { LEAT_FAMILY = GENL_ID_CTRL + 1, ETHTOOL_FAMILY, DATAGRAM_MAX = 1 << 16, MINUTE_US = 60 * 1000000 };

/* Two requests touch files, where a fuzzer has no business. And the families "leat" and "ethtool" have the numbers LEAT_FAMILY
 * and ETHTOOL_FAMILY in seeds, since their real ones change with the list of modules. */
static void defuse(const struct leat_stack *st, uint8_t *p, size_t len)
{
	const uint16_t leat = genl_family_id(st, genl_leat_module.netlink[0]);
	for (size_t off = 0; off + NLMSG_HDRLEN + GENL_HDRLEN <= len;) {
		struct nlmsghdr h;
		memcpy(&h, p + off, sizeof h);
		struct genlmsghdr *g = (struct genlmsghdr *)(p + off + NLMSG_HDRLEN);
		if (h.nlmsg_type == LEAT_FAMILY)
			h.nlmsg_type = leat;
		else if (h.nlmsg_type == ETHTOOL_FAMILY)
			h.nlmsg_type = genl_family_id(st, genl_ethtool_module.netlink[0]);
		memcpy(p + off, &h, sizeof h);
		if (h.nlmsg_type == leat && (g->cmd == LEAT_CMD_SAVE || g->cmd == LEAT_CMD_DEV_ADD))
			g->cmd = LEAT_CMD_UNSPEC;
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len - off)
			break;
		off += NLMSG_ALIGN(h.nlmsg_len);
	}
}

static void open_devices(struct leat_stack *st)
{
	char why[128];
	struct iface_kind *mem = iface_kind_find(st, "mem");
	fuzz_check(mem && mem->open(st, "a", "peer=b", why, sizeof why) == 0);
	iface_set_up(iface_by_name(st, "a"), true);
	iface_set_up(iface_by_name(st, "b"), true);
}

static void talk(struct manual_rt *m, struct leat_stack *st, uint8_t how, const uint8_t *data, size_t size)
{
	struct nl_creds creds = { .pid = 1, .may_configure = true };
	struct receiver me = { .room = how >> 4 & 7,
			       .verbose = getenv("LEAT_FUZZ_VERBOSE"),
			       .generic = how & 1 },
			monitor = { .room = 3 };
	struct nl_sock *s, *listener;
	int on = 1, protocol = how & 1 ? NETLINK_GENERIC : NETLINK_ROUTE;
	uint8_t copy[4096];

	fuzz_check(nl_sock_new(st, protocol, &creds, &answers_ops, &me, &s) == 0);
	fuzz_check(nl_sock_new(st, NETLINK_ROUTE, &creds, &answers_ops, &monitor, &listener) == 0);
	nl_sock_bind(listener, 0, UINT32_MAX);
	if (how & 2)
		nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	if (how & 4)
		nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	if (how & 8)
		nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	size = size > sizeof copy ? sizeof copy : size;
	memcpy(copy, data, size);
	if (protocol == NETLINK_GENERIC)
		defuse(st, copy, size);
	nl_sock_input(s, copy, size);
	manual_rt_run(m, 50000);
	me.room = monitor.room = 1000;
	nl_sock_writable(s);
	nl_sock_input(s, copy, size); /* again, upon what it made of the stack */
	manual_rt_run(m, MINUTE_US);
	nl_sock_free(listener);
	nl_sock_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leat_stack *st;
	if (size < 1 || size > DATAGRAM_MAX)
		return 0;
	struct manual_rt *m = manual_rt_new(1, 1);
	fuzz_check(pkt_pools_init(manual_rt_of(m), 4 << 20) == 0);
	fuzz_check(stack_new(manual_rt_of(m), "fuzz", 1, leat_modules, &st) == 0);
	open_devices(st);
	if (data[0] & 128) {
		rich_addresses(st, "a", "b");
		rich_fill(st, "a", "b");
	}
	talk(m, st, data[0], data + 1, size - 1);
	stack_free(st);
	pkt_pools_done(manual_rt_of(m));
	manual_rt_free(m);
	return 0;
}
