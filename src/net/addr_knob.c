/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of addresses and of what makes them, named as Linux names them; its defaults. Which of them acts where is told
 * there: addr_auto.c, addr_temp.c, addr_select.c, and ip/ra*.c for what routers say. */
#include "net/addr_internal.h"

/* Linux: a new way to make addresses makes one at once, where there is none. */
static void gen_mode_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	if (i)
		iface_changed(i);
}

/* clang-format off */
#define CONF(name, member, dflt, min, max, ...) KNOB_IFACE("net.ipv6.conf.IF." name, member, dflt, min, max, __VA_ARGS__)
#define SWITCH(name, member, dflt, ...) CONF(name, member, dflt, 0, 1, __VA_ARGS__)
#define SECONDS(name, member, dflt, ...) \
	CONF(name, member, dflt, 0, INT32_MAX, .flags = KNOB_PER_IFACE | KNOB_SIGNED, .unit = "s", __VA_ARGS__)

const struct knob addr_knobs[] = {
	CONF("addr_gen_mode", addr_gen_mode, IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_RANDOM,
	     .changed = gen_mode_changed,
	     .help = "where interface identifiers come from; 0: the MAC, 1: nowhere, 2: stable_secret, 3: a secret made up"),
	CONF("accept_dad", accept_dad, 1, 0, 2,
	     .help = "test a new address for a duplicate before it is used; 2: a duplicate of the MAC's own ends IPv6 here"),
	CONF("dad_transmits", dad_transmits, 1, 0, UINT8_MAX, .unit = "solicitations",
	     .help = "how often the test asks; 0: addresses are not tested"),
	SWITCH("use_optimistic", ip6.use_optimistic, 0, .help = "an address under test is as good a source as another"),
	SWITCH("use_oif_addrs_only", ip6.oif_addrs_only, 0, .help = "sources are addresses of the outgoing interface alone"),
	CONF("use_tempaddr", ip6.use_tempaddr, 0, KNOB_MINUS(1), 2, .flags = KNOB_PER_IFACE | KNOB_SIGNED,
	     .help = "temporary addresses; 1: make them, 2: and prefer them"),
	{ 0 },
};
/* clang-format on */
