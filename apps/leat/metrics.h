/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of a daemon as text for Prometheus: collected (metrics_collect.c), written (metrics_text.c), served over HTTP
 * (metrics_serve.c). */
#ifndef LEAT_LEAT_METRICS_H
#define LEAT_LEAT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct client;

/* Where values come from; each has rows with labels, and columns, which metrics_text.c names. */
enum metrics_source {
	FROM_STACK,
	FROM_FAMILY,
	FROM_DEV,
	FROM_DEV_INFO,
	FROM_QUEUE,
	FROM_DROP,
	FROM_NODE,
	FROM_LCORE,
	FROM_MEM,
	FROM_SOCKS,
	METRICS_SOURCES
};
enum { STACK_UPTIME_US, STACK_WORKERS };
enum { FAMILY_ROUTES, FAMILY_NEIGHBOURS };
enum {
	DEV_RECEIVE_PACKETS,
	DEV_RECEIVE_BYTES,
	DEV_RECEIVE_DROPS,
	DEV_RECEIVE_ERRORS,
	DEV_TRANSMIT_PACKETS,
	DEV_TRANSMIT_BYTES,
	DEV_TRANSMIT_DROPS,
	DEV_TRANSMIT_ERRORS,
	DEV_UP,
	DEV_CARRIER,
	DEV_MTU,
};
enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUE_KICKS, QUEUE_RECEIVE_COPIED, QUEUE_TRANSMIT_COPIED };
enum { NODE_N_PACKETS, NODE_N_VECTORS, NODE_N_CYCLES };
enum {
	LCORE_N_TURNS,
	LCORE_N_BUSY,
	LCORE_CPU_MS,
	LCORE_LOST,
	LCORE_IN_USE,
	LCORE_PAGES,
	LCORE_BYTES,
	LCORE_EMPTY,
};
enum { DROP_N_LOST, DROP_N_CONSUMED };
enum { MEM_USED, MEM_PEAK, MEM_LIMIT, MEM_REFUSED };
enum { SOCKS_N, SOCKS_BYTES, SOCKS_BYTES_MOST };
enum { METRICS_COLUMNS = 11, METRICS_LABELS = 256 };

struct metrics_row {
	char labels[METRICS_LABELS]; /* device="eth0",queue="1"; escaped */
	uint64_t v[METRICS_COLUMNS];
	uint32_t has; /* a bit a column */
};
struct metrics {
	bool up; /* the daemon answered */
	struct {
		struct metrics_row *row;
		size_t n, room;
	} from[METRICS_SOURCES];
};

/* 0, or -errno: the daemon did not answer; m is then to be freed all the same. */
int metrics_collect(struct client *c, struct metrics *m);
void metrics_done(struct metrics *m);

/* open: as OpenMetrics 1.0, else Prometheus' older text. */
void metrics_text(const struct metrics *m, bool open, FILE *to);
/* Adds name="value" to labels; what does not fit is left out whole. */
void metrics_label(char labels[METRICS_LABELS], const char *name, const char *value);

/* Serves until SIGINT or SIGTERM. listen: ADDRESS:PORT, [ADDRESS]:PORT, unix:PATH. Exit status. */
int metrics_serve(const char *daemon, const char *listen);

#endif
