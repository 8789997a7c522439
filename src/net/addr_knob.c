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

/* Linux: who has a secret wants it used; "default" speaks for all there are. */
static void secret_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	const struct ip6_auto_conf *c = i ? &i->conf.ip6 : &iface_conf_default(st)->ip6;
	if (!c->stable_secret[0] && !c->stable_secret[1])
		return;
	if (i) {
		i->conf.addr_gen_mode = IN6_ADDR_GEN_MODE_STABLE_PRIVACY;
		return;
	}
	iface_conf_default(st)->addr_gen_mode = IN6_ADDR_GEN_MODE_STABLE_PRIVACY;
	while ((i = iface_next(st, i ? i->ifindex : 0)))
		i->conf.addr_gen_mode = IN6_ADDR_GEN_MODE_STABLE_PRIVACY;
}

static void disable_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	if (i)
		addr_ip6_switched(i);
}

/* Linux: it is written to every interface, and to "default". */
static void disable_all_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	uint8_t on = addr_state(st)->disable_all;
	iface_conf_default(st)->ip6.disable = on;
	while ((i = iface_next(st, i ? i->ifindex : 0))) {
		bool changed = i->conf.ip6.disable != on;
		racy_set(i->conf.ip6.disable, on);
		if (changed)
			addr_ip6_switched(i);
	}
}

/* Rows that speak for others stand before those, for a saved stack is restored in this order. */
/* clang-format off */
#define CONF(name, member, dflt, min, max, ...) KNOB_IFACE("net.ipv6.conf.IF." name, member, dflt, min, max, __VA_ARGS__)
#define SWITCH(name, member, dflt, ...) CONF(name, member, dflt, 0, 1, __VA_ARGS__)
#define SIGNED(name, member, dflt, min, ...) \
	CONF(name, member, dflt, min, INT32_MAX, .flags = KNOB_PER_IFACE | KNOB_SIGNED, __VA_ARGS__)
#define SECONDS(name, member, dflt, ...) SIGNED(name, member, dflt, 0, .unit = "s", __VA_ARGS__)

const struct knob addr_knobs[] = {
	/* how addresses are made */
	CONF("stable_secret", ip6.stable_secret, 0, 0, UINT64_MAX, .flags = KNOB_PER_IFACE | KNOB_IP6, .more = 1, .size = 8,
	     .changed = secret_changed, .help = "what stable private identifiers are made of, written as an address; none at first"),
	CONF("addr_gen_mode", addr_gen_mode, IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_RANDOM,
	     .changed = gen_mode_changed,
	     .help = "where identifiers come from; 0: the MAC, 1: no link-local address, 2: stable_secret, 3: a secret by lot"),
	SIGNED("max_addresses", ip6.max_addresses, 16, 0, .help = "routers bring no more addresses than that; 0: no bound"),
	SIGNED("use_tempaddr", ip6.use_tempaddr, 0, KNOB_MINUS(1), .help = "temporary addresses; 1: make them, 2: and prefer them"),
	SECONDS("temp_valid_lft", ip6.temp_valid_s, 7 * 86400, .help = "how long a temporary address is valid at most"),
	SECONDS("temp_prefered_lft", ip6.temp_preferred_s, 86400, .help = "how long a temporary address is preferred at most"),
	SECONDS("max_desync_factor", ip6.max_desync_s, 600, .help = "less up to so much, by lot, so that hosts do not change together"),
	SECONDS("regen_min_advance", ip6.regen_advance_s, 2, .help = "so long before its end a temporary address has a successor"),
	CONF("regen_max_retry", ip6.regen_retry, 3, 0, UINT8_MAX, .help = "temporary addresses that were somebody's before no more are made"),
	KNOB("net.ipv6.idgen_retries", struct addr_stack, idgen_retries, 3, 0, UINT8_MAX,
	     .help = "stable private addresses that were somebody's before no more are made"),
	/* how they are tested */
	CONF("accept_dad", accept_dad, 1, 0, 2,
	     .help = "test a new address for a duplicate before it is used; 2: a duplicate of the MAC's own ends IPv6 here"),
	CONF("dad_transmits", dad_transmits, 1, 0, UINT8_MAX, .unit = "solicitations",
	     .help = "how often the test asks; 0: addresses are not tested"),
	SWITCH("enhanced_dad", ip6.enhanced_dad, 1, .help = "solicitations of the test carry a nonce, which tells their echo"),
	SWITCH("optimistic_dad", ip6.optimistic_dad, 0, .help = "use an address while it is tested"),
	/* how they are chosen, and when they go */
	SWITCH("use_optimistic", ip6.use_optimistic, 0, .help = "an address under test is as good a source as another"),
	SWITCH("use_oif_addrs_only", ip6.oif_addrs_only, 0, .help = "sources are addresses of the outgoing interface alone"),
	CONF("keep_addr_on_down", ip6.keep_addr_on_down, 0, KNOB_MINUS(1), 1, .flags = KNOB_PER_IFACE | KNOB_SIGNED,
	     .help = "addresses a person set up outlive an interface that goes down"),
	KNOB("net.ipv6.conf.all.disable_ipv6", struct addr_stack, disable_all, 0, 0, 1, .changed = disable_all_changed,
	     .help = "no IPv6 on any interface; setting it sets every interface and \"default\""),
	SWITCH("disable_ipv6", ip6.disable, 0, .changed = disable_changed, .help = "no IPv6 on this interface"),
	/* what is heeded of router advertisements (ip/ra.c) */
	CONF("accept_ra", ip6.accept_ra, 1, 0, 2, .help = "heed router advertisements; 2: as a router, too"),
	SWITCH("accept_ra_defrtr", ip6.defrtr, 1, .help = "learn default routers"),
	SWITCH("accept_ra_pinfo", ip6.pinfo, 1, .help = "learn prefixes"),
	SWITCH("accept_ra_rtr_pref", ip6.rtr_pref, 1, .help = "heed preferences of routers, and learn routes"),
	CONF("accept_ra_rt_info_min_plen", ip6.rt_info_min_plen, 0, 0, 128, .help = "the shortest prefix of routes that are learnt"),
	CONF("accept_ra_rt_info_max_plen", ip6.rt_info_max_plen, 0, 0, 128, .help = "the longest prefix of routes that are learnt"),
	SWITCH("accept_ra_mtu", ip6.ra_mtu, 1, .help = "learn the link's MTU"),
	SIGNED("accept_ra_min_hop_limit", ip6.min_hop_limit, 1, 0, .help = "a lower hop limit is not learnt"),
	SIGNED("accept_ra_min_lft", ip6.min_lft_s, 0, 0, .unit = "s", .help = "shorter lifetimes but 0 are not heeded"),
	SWITCH("accept_ra_from_local", ip6.from_local, 0, .help = "heed advertisements from an address of our own"),
	CONF("ra_defrtr_metric", ip6.defrtr_metric, 1024, 1, UINT32_MAX, .help = "metric of routes to default routers"),
	SWITCH("autoconf", ip6.autoconf, 1, .help = "make addresses of prefixes that routers announce"),
	SWITCH("ra_honor_pio_life", ip6.pio_life, 0, .help = "believe who shortens a lifetime to less than two hours"),
	SWITCH("ra_honor_pio_pflag", ip6.pio_pflag, 0, .help = "make no addresses of prefixes that are to be had by delegation"),
	/* how routers are asked for (ip/ra_solicit.c) */
	SIGNED("router_solicitations", ip6.rs_count, KNOB_MINUS(1), KNOB_MINUS(1), .help = "how often routers are asked for; -1: without end"),
	SECONDS("router_solicitation_interval", ip6.rs_interval_s, 4, .help = "between the first two, and longer each time"),
	SECONDS("router_solicitation_max_interval", ip6.rs_max_interval_s, 3600, .help = "but never longer"),
	SECONDS("router_solicitation_delay", ip6.rs_delay_s, 1, .help = "before an address is tested for the first time, at most"),
	{ 0 },
};
/* clang-format on */
