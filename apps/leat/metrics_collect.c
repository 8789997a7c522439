/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "leat/client.h"

enum { TIMEOUT_MS = 2000 };

/* NULL: no memory; the row is then left out. */
static struct metrics_row *add(struct metrics *m, enum metrics_source from)
{
	size_t n = m->from[from].n, room = n ? n * 2 : 16;

	if (n == m->from[from].room) {
		struct metrics_row *p = realloc(m->from[from].row, room * sizeof *p);
		if (!p)
			return NULL;
		m->from[from].row = p;
		m->from[from].room = room;
	}
	m->from[from].n++;
	return memset(&m->from[from].row[n], 0, sizeof(struct metrics_row));
}

static void set(struct metrics_row *r, unsigned column, uint64_t v)
{
	r->v[column] = v;
	r->has |= 1U << column;
}

/* Columns `to` onwards from attributes `attr` onwards, u64 all. */
static void take(struct metrics_row *r, const struct answer *a, unsigned to, int attr, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a->attr[attr + (int)i])
			set(r, to + i, answer_u64(a, attr + (int)i));
}

static void label(struct metrics_row *r, const char *name, const struct answer *a, int attr)
{
	metrics_label(r->labels, name, answer_str(a, attr));
}

/* --- the family "leat" --- */

static void take_family(struct metrics *m, const char *name, const struct answer *a, int routes)
{
	struct metrics_row *r = add(m, FROM_FAMILY);

	if (!r)
		return;
	metrics_label(r->labels, "family", name);
	take(r, a, FAMILY_ROUTES, routes, 1);
}

static void take_stack(const struct answer *a, void *ctx)
{
	struct metrics_row *r = add(ctx, FROM_STACK);

	if (!r)
		return;
	take(r, a, STACK_UPTIME_US, LEAT_A_TIME_US, 1);
	set(r, STACK_WORKERS, answer_u32(a, LEAT_A_WORKERS));
	take_family(ctx, "ip4", a, LEAT_A_ROUTES_IP4);
	take_family(ctx, "ip6", a, LEAT_A_ROUTES_IP6);
}

static void take_queue(struct metrics *m, const struct answer *a, const struct nlattr *nest, unsigned number)
{
	struct metrics_row *r = add(m, FROM_QUEUE);
	const struct nlattr *at;
	char text[16];

	if (!r)
		return;
	label(r, "device", a, LEAT_A_IFNAME);
	snprintf(text, sizeof text, "%u", number);
	metrics_label(r->labels, "queue", text);
	mnl_attr_for_each_nested(at, nest)
	{
		unsigned type = mnl_attr_get_type(at);
		if (type == LEAT_QUEUE_A_WORKER) {
			snprintf(text, sizeof text, "%u", (unsigned)leat_nl_number(at));
			metrics_label(r->labels, "worker", text);
		} else if (type > LEAT_QUEUE_A_WORKER && type < LEAT_QUEUE_A_MAX_PLUS_1) {
			set(r, QUEUE_RECEIVE + type - LEAT_QUEUE_A_RX_PACKETS, leat_nl_number(at));
		}
	}
}

static void take_queues(struct metrics *m, const struct answer *a)
{
	const struct nlattr *at;
	unsigned n = 0;

	mnl_attr_for_each (at, a->msg, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(at) == LEAT_A_QUEUE)
			take_queue(m, a, at, n++);
}

static void take_dev(const struct answer *a, void *ctx)
{
	struct metrics_row *r = add(ctx, FROM_DEV);
	uint32_t flags = answer_u32(a, LEAT_A_FLAGS);

	if (!r)
		return;
	label(r, "device", a, LEAT_A_IFNAME);
	take(r, a, DEV_RECEIVE_PACKETS, LEAT_A_RX_PACKETS, 8);
	set(r, DEV_UP, !!(flags & IFF_UP));
	set(r, DEV_CARRIER, !!(flags & IFF_RUNNING));
	set(r, DEV_MTU, answer_u32(a, LEAT_A_MTU));
	r = add(ctx, FROM_DEV_INFO);
	if (!r)
		return;
	label(r, "device", a, LEAT_A_IFNAME);
	label(r, "driver", a, LEAT_A_KIND);
	set(r, 0, 1);
	take_queues(ctx, a);
}

static void take_node(const struct answer *a, void *ctx)
{
	struct metrics_row *r = answer_u64(a, LEAT_A_VECTORS) ? add(ctx, FROM_NODE) : NULL;

	if (!r)
		return;
	label(r, "node", a, LEAT_A_NODE_NAME);
	take(r, a, NODE_N_PACKETS, LEAT_A_PACKETS, 1);
	take(r, a, NODE_N_VECTORS, LEAT_A_VECTORS, 1);
	take(r, a, NODE_N_CYCLES, LEAT_A_CYCLES, 1);
}

static void take_drop(const struct answer *a, void *ctx)
{
	struct metrics_row *r = add(ctx, FROM_DROP);

	if (!r)
		return;
	label(r, "node", a, LEAT_A_NODE_NAME);
	label(r, "reason", a, LEAT_A_DROP);
	take(r, a, a->attr[LEAT_A_CONSUMED] ? DROP_N_CONSUMED : DROP_N_LOST, LEAT_A_COUNT, 1);
}

static void take_lcore(const struct answer *a, void *ctx)
{
	struct metrics_row *r = add(ctx, FROM_LCORE);
	char name[16] = "control";

	if (!r)
		return;
	if (!a->attr[LEAT_A_CONTROL])
		snprintf(name, sizeof name, "%u", answer_u32(a, LEAT_A_LCORE));
	metrics_label(r->labels, "lcore", name);
	take(r, a, LCORE_N_TURNS, LEAT_A_TURNS, 1);
	take(r, a, LCORE_N_BUSY, LEAT_A_BUSY_TURNS, 1);
	take(r, a, LCORE_LOST, LEAT_A_MESSAGES_LOST, 1);
	take(r, a, LCORE_IN_USE, LEAT_A_POOL_IN_USE, 1);
	take(r, a, LCORE_PAGES, LEAT_A_POOL_PAGES, 1);
	take(r, a, LCORE_BYTES, LEAT_A_POOL_BYTES, 1);
	take(r, a, LCORE_EMPTY, LEAT_A_POOL_EMPTY, 1);
}

/* Sockets come and go: they are told of together, since each name would be a series for ever. */
static void take_socket(struct metrics *m, uint64_t used)
{
	struct metrics_row *r = m->from[FROM_SOCKS].n ? m->from[FROM_SOCKS].row : add(m, FROM_SOCKS);

	if (!r)
		return;
	set(r, SOCKS_N, r->v[SOCKS_N] + 1);
	set(r, SOCKS_BYTES, r->v[SOCKS_BYTES] + used);
	set(r, SOCKS_BYTES_MOST, MAX(r->v[SOCKS_BYTES_MOST], used));
}

static void take_mem(const struct answer *a, void *ctx)
{
	struct metrics_row *r;

	if (strchr(answer_str(a, LEAT_A_ACCOUNT), '/')) {
		take_socket(ctx, answer_u64(a, LEAT_A_USED));
		return;
	}
	r = add(ctx, FROM_MEM);
	if (!r)
		return;
	label(r, "account", a, LEAT_A_ACCOUNT);
	take(r, a, MEM_USED, LEAT_A_USED, 4);
	if (!r->v[MEM_LIMIT])
		r->has &= ~(1U << MEM_LIMIT);
}

/* --- route netlink: neighbours --- */

static const struct leat_nl_policy table_policy[NDTA_MAX + 1] = {
	[NDTA_PARMS] = { LEAT_NL_NESTED },
	[NDTA_CONFIG] = { LEAT_NL_BYTES, .min = sizeof(struct ndt_config) },
};

/* Messages about a device's settings have no NDTA_CONFIG. */
static void take_table(const struct nlmsghdr *h, void *ctx)
{
	const struct nlattr *at[NDTA_MAX + 1];
	const struct ndtmsg *n = mnl_nlmsg_get_payload(h);
	struct metrics *m = ctx;
	struct ndt_config c;
	size_t i;

	if (h->nlmsg_type != RTM_NEWNEIGHTBL ||
	    leat_nl_parse(h, sizeof *n, table_policy, NDTA_MAX, false, at) || !at[NDTA_CONFIG])
		return;
	memcpy(&c, leat_nl_data(at[NDTA_CONFIG]), sizeof c);
	i = n->ndtm_family == AF_INET6;
	if (i < m->from[FROM_FAMILY].n)
		set(&m->from[FROM_FAMILY].row[i], FAMILY_NEIGHBOURS, c.ndtc_entries);
}

static int collect_neighbours(const struct client *c, struct metrics *m)
{
	struct leat_nl *nl;
	char stack[80];
	int err;

	snprintf(stack, sizeof stack, "leat:%s", c->name);
	err = leat_nl_open(stack, NETLINK_ROUTE, &nl);
	if (err)
		return err;
	leat_nl_timeout(nl, TIMEOUT_MS);
	leat_nl_request(nl, RTM_GETNEIGHTBL, 0, sizeof(struct ndtmsg));
	err = leat_nl_stream(nl, take_table, m);
	leat_nl_close(nl);
	return MIN(err, 0);
}

/* --- the threads' time, from /proc, where that can be seen --- */

/* "12 (lcore-0) S ...": user and system time are the 12th and 13th behind the name. -1: it cannot be read. */
static int64_t cpu_ms_of(const char *path, char ret_name[16])
{
	unsigned long user, sys;
	char line[512] = "";
	FILE *f = fopen(path, "re");
	char *end;
	int n = 0;

	if (!f)
		return -1;
	if (!fgets(line, sizeof line, f))
		line[0] = 0;
	fclose(f);
	end = strrchr(line, ')');
	if (!end || sscanf(line, "%*d (%15[^)]", ret_name) != 1)
		return -1;
	n = sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys);
	return n == 2 ? (int64_t)((user + sys) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK)) : -1;
}

static struct metrics_row *lcore_of(struct metrics *m, const char *thread)
{
	char labels[METRICS_LABELS] = "";

	if (!strncmp(thread, "lcore-", 6))
		metrics_label(labels, "lcore", thread + 6);
	for (size_t i = 0; i < m->from[FROM_LCORE].n; i++)
		if (*labels && !strcmp(m->from[FROM_LCORE].row[i].labels, labels))
			return &m->from[FROM_LCORE].row[i];
	return NULL;
}

static void collect_cpu(const struct client *c, struct metrics *m)
{
	char path[320], name[16];
	int pid = leat_nl_pid(c->nl);
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	d = pid ? opendir(path) : NULL;
	while (d && (e = readdir(d))) {
		struct metrics_row *r;
		int64_t ms;
		snprintf(path, sizeof path, "/proc/%d/task/%.200s/stat", pid, e->d_name);
		ms = cpu_ms_of(path, name);
		r = ms < 0 ? NULL : lcore_of(m, name);
		if (!r && ms >= 0 && atoi(e->d_name) == pid && m->from[FROM_LCORE].n)
			r = &m->from[FROM_LCORE].row[m->from[FROM_LCORE].n - 1]; /* the control lcore */
		if (r)
			set(r, LCORE_CPU_MS, (uint64_t)ms);
	}
	if (d)
		closedir(d);
}

/* --- all --- */

int metrics_collect(struct client *c, struct metrics *m)
{
	static const struct {
		uint8_t cmd;
		bool dump;
		answer_fn *fn;
	} asked[] = {
		{ LEAT_CMD_STACK_GET, false, take_stack }, { LEAT_CMD_DEV_GET, true, take_dev },
		{ LEAT_CMD_NODE_GET, true, take_node },    { LEAT_CMD_DROP_GET, true, take_drop },
		{ LEAT_CMD_LCORE_GET, true, take_lcore },  { LEAT_CMD_MEM_GET, true, take_mem },
	};
	int err = 0;

	*m = (struct metrics){ 0 };
	leat_nl_timeout(c->nl, TIMEOUT_MS);
	for (unsigned i = 0; i < ARRAY_SIZE(asked) && !err; i++) {
		client_begin(c, asked[i].cmd, asked[i].dump);
		err = client_run(c, asked[i].fn, m);
	}
	if (!err)
		err = collect_neighbours(c, m);
	if (!err)
		collect_cpu(c, m);
	m->up = !err;
	return err;
}

void metrics_done(struct metrics *m)
{
	for (unsigned i = 0; i < METRICS_SOURCES; i++)
		free(m->from[i].row);
	*m = (struct metrics){ 0 };
}
