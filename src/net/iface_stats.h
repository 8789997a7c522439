/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of an interface by name, in saved state. Control lcore. */
#ifndef LEAT_NET_IFACE_STATS_H
#define LEAT_NET_IFACE_STATS_H

struct iface;
struct saver;
struct loader;

/* An object "stats": sums over all workers. */
void iface_stats_save(const struct iface *i, struct saver *s);
/* Adds them to the first worker's; that may not be in a turn. */
void iface_stats_load(struct iface *i, struct loader *l);

#endif
