/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of the neighbour table, named as Linux names them: once for each interface and family, but for the bounds of the
 * whole table, which Linux shows under "default". */
#include "net/neigh_internal.h"

/* clang-format off */
#define PER_IFACE(v, f)                                                                                              \
	KNOB_IFACE("net." v ".neigh.IF.base_reachable_time_ms", neigh[f].reachable_ms, NEIGH_REACHABLE_MS, 1,        \
		   NEIGH_MS_MAX, .unit = "ms",                                                                       \
		   .help = "how long an answer proves that a neighbour is there, times 0.5 to 1.5"),                 \
	KNOB_IFACE_ALIAS("net." v ".neigh.IF.base_reachable_time", neigh[f].reachable_ms, 1000,                      \
			 NEIGH_REACHABLE_MS / 1000, 1, NEIGH_S_MAX, .unit = "s",                                     \
			 .help = "the same in seconds"),                                                             \
	KNOB_IFACE("net." v ".neigh.IF.retrans_time_ms", neigh[f].retrans_ms, NEIGH_RETRANS_MS, 1, NEIGH_MS_MAX,     \
		   .unit = "ms", .help = "between two solicitations"),                                               \
	KNOB_IFACE("net." v ".neigh.IF.delay_first_probe_time", neigh[f].delay_s, NEIGH_DELAY_S, 0, NEIGH_S_MAX,     \
		   .unit = "s", .help = "how long a stale neighbour is used before it is asked"),                    \
	KNOB_IFACE("net." v ".neigh.IF.gc_stale_time", neigh[f].stale_s, NEIGH_STALE_S, 0, NEIGH_S_MAX, .unit = "s", \
		   .help = "how long an unused neighbour is kept when there are more than gc_thresh1"),              \
	KNOB_IFACE("net." v ".neigh.IF.ucast_solicit", neigh[f].ucast_probes, NEIGH_PROBES, 1, NEIGH_PROBES_MAX,     \
		   .help = "solicitations to a known neighbour before it has failed"),                               \
	KNOB_IFACE("net." v ".neigh.IF.mcast_solicit", neigh[f].mcast_probes, NEIGH_PROBES, 1, NEIGH_PROBES_MAX,     \
		   .help = "solicitations to all before a neighbour has failed"),                                    \
	KNOB_IFACE("net." v ".neigh.IF.unres_qlen", neigh[f].queue_max, NEIGH_QUEUE_MAX, 1, NEIGH_WORKER_QUEUE_MAX,  \
		   .unit = "packets", .help = "how many wait for one neighbour, on each worker"),                    \
	KNOB("net." v ".neigh.default.gc_thresh1", struct neigh_stack, few[f], NEIGH_FEW, 0, INT32_MAX,              \
	     .unit = "neighbours", .help = "up to so many none is forgotten for its age"),                           \
	KNOB("net." v ".neigh.default.gc_thresh3", struct neigh_stack, max[f], NEIGH_MAX, 1, INT32_MAX,              \
	     .unit = "neighbours", .help = "never more than so many, permanent ones aside")

const struct knob neigh_knobs[] = { PER_IFACE("ipv4", 0), PER_IFACE("ipv6", 1), { 0 } };
