/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of the neighbour table, named as Linux names them: once for each interface and family, but for the bounds of the
 * whole table, which Linux shows under "default". The rows that are not Linux's are the milliseconds behind what it has in
 * seconds, and the strangers' share (neigh_table.c). */
#include "net/neigh_internal.h"

enum { USER_MS = 10, MS_PER_S = 1000 }; /* Linux's oldest times count hundredths of a second */

/* clang-format off */
#define NEIGH(v, f, name, ...) KNOB_IFACE("net." v ".neigh.IF." name, __VA_ARGS__)
#define ALIAS(v, f, name, ...) KNOB_IFACE_ALIAS("net." v ".neigh.IF." name, __VA_ARGS__)
#define WHOLE(v, f, name, ...) KNOB("net." v ".neigh.default." name, struct neigh_stack, __VA_ARGS__)
#define PER_IFACE(v, f, lock_ms)                                                                                     \
	NEIGH(v, f, "base_reachable_time_ms", neigh[f].reachable_ms, NEIGH_REACHABLE_MS, 1, NEIGH_MS_MAX,            \
	      .unit = "ms", .help = "how long an answer proves that a neighbour is there, times 0.5 to 1.5"),        \
	ALIAS(v, f, "base_reachable_time", neigh[f].reachable_ms, MS_PER_S, NEIGH_REACHABLE_MS / MS_PER_S, 1,        \
	      NEIGH_S_MAX, .unit = "s", .help = "the same in seconds"),                                              \
	NEIGH(v, f, "retrans_time_ms", neigh[f].retrans_ms, NEIGH_RETRANS_MS, 1, NEIGH_MS_MAX, .unit = "ms",         \
	      .help = "between two solicitations"),                                                                  \
	ALIAS(v, f, "retrans_time", neigh[f].retrans_ms, USER_MS, NEIGH_RETRANS_MS / USER_MS, 1,                     \
	      NEIGH_MS_MAX / USER_MS, .unit = "1/100 s", .help = "the same in hundredths of a second"),              \
	NEIGH(v, f, "delay_first_probe_time_ms", neigh[f].delay_ms, NEIGH_DELAY_S * MS_PER_S, 0, NEIGH_MS_MAX,       \
	      .unit = "ms", .help = "how long a stale neighbour is used before it is asked (not Linux's name)"),     \
	ALIAS(v, f, "delay_first_probe_time", neigh[f].delay_ms, MS_PER_S, NEIGH_DELAY_S, 0, NEIGH_S_MAX,            \
	      .unit = "s", .help = "the same in seconds"),                                                           \
	NEIGH(v, f, "gc_stale_time_ms", neigh[f].stale_ms, NEIGH_STALE_S * MS_PER_S, 0, NEIGH_MS_MAX, .unit = "ms",  \
	      .help = "how long an unused neighbour is kept when there are more than gc_thresh1 (not Linux's name)"),\
	ALIAS(v, f, "gc_stale_time", neigh[f].stale_ms, MS_PER_S, NEIGH_STALE_S, 0, NEIGH_S_MAX, .unit = "s",        \
	      .help = "the same in seconds"),                                                                        \
	NEIGH(v, f, "ucast_solicit", neigh[f].ucast_probes, NEIGH_PROBES, 0, NEIGH_PROBES_MAX,                       \
	      .help = "solicitations to a known neighbour before it has failed"),                                    \
	NEIGH(v, f, "mcast_solicit", neigh[f].mcast_probes, NEIGH_PROBES, 0, NEIGH_PROBES_MAX,                       \
	      .help = "solicitations to all before a neighbour has failed"),                                         \
	NEIGH(v, f, "mcast_resolicit", neigh[f].mcast_reprobes, 0, 0, NEIGH_PROBES_MAX,                              \
	      .help = "solicitations to all for a known neighbour that did not answer its own"),                     \
	NEIGH(v, f, "app_solicit", neigh[f].app_probes, 0, 0, NEIGH_PROBES_MAX,                                      \
	      .help = "questions to programs (RTM_GETNEIGH) before all are asked"),                                  \
	NEIGH(v, f, "interval_probe_time_ms", neigh[f].interval_probe_ms, NEIGH_INTERVAL_MS, 0, NEIGH_MS_MAX,        \
	      .unit = "ms", .help = "how often a managed neighbour is looked after"),                                \
	NEIGH(v, f, "unres_qlen_bytes", neigh[f].queue_bytes, NEIGH_QUEUE_BYTES, 0, NEIGH_QUEUE_BYTES_MAX,           \
	      .unit = "bytes", .help = "what waits for one neighbour, on each worker; a frame counts for 2,090"),    \
	ALIAS(v, f, "unres_qlen", neigh[f].queue_bytes, NEIGH_PKT_BYTES, NEIGH_QUEUE_MAX, 0,                         \
	      NEIGH_WORKER_QUEUE_MAX, .unit = "packets", .help = "the same in packets"),                             \
	NEIGH(v, f, "locktime", neigh[f].locktime_ms, (lock_ms) / USER_MS, 0, NEIGH_MS_MAX / USER_MS,                \
	      .scale = USER_MS, .unit = "1/100 s",                                                                   \
	      .help = "for so long the first answer counts and others are not heard"),                               \
	NEIGH(v, f, "override_probe_time_ms", neigh[f].override_probe_ms, NEIGH_OVERRIDE_PROBE_MS, 0, NEIGH_MS_MAX,  \
	      .unit = "ms",                                                                                          \
	      .help = "so long a neighbour is asked before another is believed to be it; 0: at once (not Linux's)"), \
	NEIGH(v, f, "proxy_qlen", neigh[f].proxy_queue_max, NEIGH_PROXY_QUEUE, 0, NEIGH_WORKER_QUEUE_MAX,            \
	      .unit = "packets", .help = "questions that wait for an answer on another's behalf, on each worker"),   \
	NEIGH(v, f, "proxy_delay", neigh[f].proxy_delay_ms, NEIGH_PROXY_DELAY_MS / USER_MS, 0,                       \
	      NEIGH_MS_MAX / USER_MS, .scale = USER_MS, .unit = "1/100 s",                                           \
	      .help = "such an answer waits a random time up to this"),                                              \
	NEIGH(v, f, "anycast_delay", neigh[f].anycast_delay_ms, NEIGH_ANYCAST_DELAY_MS / USER_MS, 0,                 \
	      NEIGH_MS_MAX / USER_MS, .scale = USER_MS, .unit = "1/100 s",                                           \
	      .help = "an answer for an anycast address waits a random time up to this"),                            \
	WHOLE(v, f, "gc_thresh1", few[f], NEIGH_FEW, 0, INT32_MAX, .unit = "neighbours",                             \
	      .help = "up to so many none is forgotten for its age"),                                                \
	WHOLE(v, f, "gc_thresh2", many[f], NEIGH_MANY, 0, INT32_MAX, .unit = "neighbours",                           \
	      .help = "beyond so many an idle one makes room for another that has answered"),                        \
	WHOLE(v, f, "gc_thresh3", max[f], NEIGH_MAX, 1, INT32_MAX, .unit = "neighbours",                             \
	      .help = "never more than so many that have answered once, permanent ones aside"),                      \
	WHOLE(v, f, "gc_interval", gc_s[f], NEIGH_GC_S, 1, NEIGH_S_MAX, .unit = "s",                                 \
	      .help = "how often it is looked whether one is old"),                                                  \
	WHOLE(v, f, "unconfirmed_max", strangers[f], NEIGH_STRANGERS, 0, INT32_MAX, .unit = "neighbours",            \
	      .help = "so many beside them that never answered; 0: no bound (RFC 6583, 7.1; not Linux's)"),          \
	WHOLE(v, f, "solicit_rate", solicit_rate[f], NEIGH_SOLICIT_RATE, 0, INT32_MAX, .unit = "1/s",                \
	      .help = "new ones a worker asks for; 0: no bound (RFC 6583, 7.1; not Linux's)")

const struct knob neigh_knobs[] = {
	/* "all" first: it is no interface. */
	KNOB("net.ipv4.conf.all.arp_evict_nocarrier", struct neigh_stack, evict_all[0], 1, 0, 1,
	     .help = "0: on no interface, whatever its own says"),
	KNOB("net.ipv6.conf.all.ndisc_evict_nocarrier", struct neigh_stack, evict_all[1], 1, 0, 1,
	     .help = "0: on no interface, whatever its own says"),
	PER_IFACE("ipv4", 0, NEIGH_LOCK_MS),
	PER_IFACE("ipv6", 1, 0),
	KNOB_IFACE("net.ipv4.conf.IF.arp_evict_nocarrier", neigh[0].evict_nocarrier, 1, 0, 1,
		   .help = "neighbours are forgotten when the carrier is lost"),
	KNOB_IFACE("net.ipv6.conf.IF.ndisc_evict_nocarrier", neigh[1].evict_nocarrier, 1, 0, 1,
		   .help = "neighbours are forgotten when the carrier is lost"),
	{ 0 }
};
