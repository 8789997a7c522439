/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics as text. Names follow Prometheus' rules: base units, _total behind what only grows. OpenMetrics names a family without its
 * _total and ends with a line that says so; else the two are the same here. */
#include "leat/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum unit { ONE, MICRO, MILLI };

static const struct family {
	enum metrics_source from;
	uint8_t column;
	bool counter;
	enum unit unit;
	const char *name, *help;
} families[] = {
#define C true
#define G false
	/* clang-format off */
	{ FROM_STACK, STACK_UPTIME_US, G, MICRO, "leat_uptime_seconds", "Time since the daemon started." },
	{ FROM_STACK, STACK_WORKERS, G, ONE, "leat_workers", "Lcores that carry packets." },
	{ FROM_FAMILY, FAMILY_ROUTES, G, ONE, "leat_routes", "Routes in all tables." },
	{ FROM_FAMILY, FAMILY_NEIGHBOURS, G, ONE, "leat_neighbours", "Neighbours known or asked for." },
	{ FROM_DEV_INFO, 0, G, ONE, "leat_interface_info", "The driver of an interface." },
	{ FROM_DEV, DEV_UP, G, ONE, "leat_interface_up", "Whether it was set up." },
	{ FROM_DEV, DEV_CARRIER, G, ONE, "leat_interface_carrier", "Whether frames can pass." },
	{ FROM_DEV, DEV_MTU, G, ONE, "leat_interface_mtu_bytes", "The largest packet." },
	{ FROM_DEV, DEV_RECEIVE_PACKETS, C, ONE, "leat_interface_receive_packets_total", "Packets received." },
	{ FROM_DEV, DEV_RECEIVE_BYTES, C, ONE, "leat_interface_receive_bytes_total", "Bytes received." },
	{ FROM_DEV, DEV_RECEIVE_DROPS, C, ONE, "leat_interface_receive_drops_total", "Packets dropped on their way in." },
	{ FROM_DEV, DEV_RECEIVE_ERRORS, C, ONE, "leat_interface_receive_errors_total", "Frames that were none." },
	{ FROM_DEV, DEV_TRANSMIT_PACKETS, C, ONE, "leat_interface_transmit_packets_total", "Packets sent." },
	{ FROM_DEV, DEV_TRANSMIT_BYTES, C, ONE, "leat_interface_transmit_bytes_total", "Bytes sent." },
	{ FROM_DEV, DEV_TRANSMIT_DROPS, C, ONE, "leat_interface_transmit_drops_total", "Packets dropped on their way out." },
	{ FROM_DEV, DEV_TRANSMIT_ERRORS, C, ONE, "leat_interface_transmit_errors_total", "Packets the device refused." },
	{ FROM_QUEUE, QUEUE_RECEIVE, C, ONE, "leat_queue_receive_packets_total", "Packets received by a queue." },
	{ FROM_QUEUE, QUEUE_TRANSMIT, C, ONE, "leat_queue_transmit_packets_total", "Packets sent by a queue." },
	{ FROM_QUEUE, QUEUE_KICKS, C, ONE, "leat_queue_transmit_kicks_total", "Calls of the kernel to send them." },
	{ FROM_QUEUE, QUEUE_RECEIVE_COPIED, C, ONE, "leat_queue_receive_copied_packets_total", "Packets copied on their way in." },
	{ FROM_QUEUE, QUEUE_TRANSMIT_COPIED, C, ONE, "leat_queue_transmit_copied_packets_total", "Packets copied on their way out." },
	{ FROM_DROP, DROP_N_LOST, C, ONE, "leat_drops_total", "Packets dropped, by node and reason." },
	{ FROM_DROP, DROP_N_CONSUMED, C, ONE, "leat_consumed_total", "Packets that came to where they were going, by node and reason." },
	{ FROM_NODE, NODE_N_PACKETS, C, ONE, "leat_node_packets_total", "Packets a node has met." },
	{ FROM_NODE, NODE_N_VECTORS, C, ONE, "leat_node_vectors_total", "Vectors they came in." },
	{ FROM_NODE, NODE_N_CYCLES, C, ONE, "leat_node_cycles_total", "Clock cycles spent on them." },
	{ FROM_LCORE, LCORE_CPU_MS, C, MILLI, "leat_lcore_cpu_seconds_total", "Processor time of an lcore's thread." },
	{ FROM_LCORE, LCORE_N_TURNS, C, ONE, "leat_lcore_turns_total", "Turns of its loop." },
	{ FROM_LCORE, LCORE_N_BUSY, C, ONE, "leat_lcore_busy_turns_total", "Turns that found something to do." },
	{ FROM_LCORE, LCORE_LOST, C, ONE, "leat_lcore_messages_lost_total", "Messages to other lcores lost for want of memory." },
	{ FROM_LCORE, LCORE_IN_USE, G, ONE, "leat_pool_packets", "Packets in use of an lcore's pool." },
	{ FROM_LCORE, LCORE_PAGES, G, ONE, "leat_pool_pages", "Payload pages in use." },
	{ FROM_LCORE, LCORE_BYTES, G, ONE, "leat_pool_bytes", "Memory of its regions." },
	{ FROM_LCORE, LCORE_EMPTY, C, ONE, "leat_pool_empty_total", "Times that no buffer was free." },
	{ FROM_MEM, MEM_USED, G, ONE, "leat_memory_used_bytes", "Memory charged to an account." },
	{ FROM_MEM, MEM_PEAK, G, ONE, "leat_memory_peak_bytes", "The most it has been." },
	{ FROM_MEM, MEM_LIMIT, G, ONE, "leat_memory_limit_bytes", "What it may be, where it has a limit of its own." },
	{ FROM_MEM, MEM_REFUSED, C, ONE, "leat_memory_refused_total", "Allocations refused." },
	{ FROM_SOCKS, SOCKS_N, G, ONE, "leat_netlink_sockets", "Netlink sockets of clients." },
	{ FROM_SOCKS, SOCKS_BYTES, G, ONE, "leat_netlink_queue_bytes", "What waits in them to be read." },
	{ FROM_SOCKS, SOCKS_BYTES_MOST, G, ONE, "leat_netlink_queue_longest_bytes", "What waits in the fullest of them." },
/* clang-format on */
#undef C
#undef G
};

/* --- labels --- */

/* Bytes that are no UTF-8 would make the whole text unreadable; names are ASCII but for an odd one. */
static size_t escape(const char *s, char *to, size_t room)
{
	size_t n = 0;

	for (; *s; s++) {
		bool special = *s == '\\' || *s == '"' || *s == '\n';
		if (n + 2 >= room)
			return room;
		if (special)
			to[n++] = '\\';
		to[n++] = *s == '\n' ? 'n' : *s & 0x80 ? '?' : *s;
	}
	to[n] = 0;
	return n;
}

void metrics_label(char labels[METRICS_LABELS], const char *name, const char *value)
{
	char text[METRICS_LABELS];
	size_t at = strlen(labels);

	if (escape(value, text, sizeof text) == sizeof text ||
	    (size_t)snprintf(labels + at, METRICS_LABELS - at, "%s%s=\"%s\"", at ? "," : "", name, text) >=
		    METRICS_LABELS - at)
		labels[at] = 0;
}

/* --- text --- */

static void head(const char *name, const char *type, const char *help, bool open, FILE *to)
{
	size_t len = strlen(name);

	if (open && len > 6 && !strcmp(name + len - 6, "_total"))
		len -= 6;
	fprintf(to, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, name, help, (int)len, name, type);
}

static void value(uint64_t v, enum unit unit, FILE *to)
{
	if (unit == ONE)
		fprintf(to, " %" PRIu64 "\n", v);
	else if (unit == MICRO)
		fprintf(to, " %" PRIu64 ".%06u\n", v / 1000000, (unsigned)(v % 1000000));
	else
		fprintf(to, " %" PRIu64 ".%03u\n", v / 1000, (unsigned)(v % 1000));
}

static void family(const struct metrics *m, const struct family *f, bool open, FILE *to)
{
	bool told = false;

	for (size_t i = 0; i < m->from[f->from].n; i++) {
		const struct metrics_row *r = &m->from[f->from].row[i];
		if (!(r->has >> f->column & 1))
			continue;
		if (!told)
			head(f->name, f->counter ? "counter" : "gauge", f->help, open, to);
		told = true;
		fputs(f->name, to);
		if (*r->labels)
			fprintf(to, "{%s}", r->labels);
		value(r->v[f->column], f->unit, to);
	}
}

void metrics_text(const struct metrics *m, bool open, FILE *to)
{
	head("leat_up", "gauge", "Whether the daemon answered.", open, to);
	fprintf(to, "leat_up %d\n", m->up);
	head("leat_build_info", "gauge", "The version of the exporter.", open, to);
	fprintf(to, "leat_build_info{version=\"%s\"} 1\n", LEAT_VERSION);
	for (unsigned i = 0; m->up && i < sizeof families / sizeof families[0]; i++)
		family(m, &families[i], open, to);
	if (open)
		fputs("# EOF\n", to);
}
