/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat stats`: the stack, its lcores and pools, and who uses how much memory. */
#include <stdio.h>
#include <sys/socket.h>

#include "graph/node.h"
#include "net/fib.h"
#include "netlink/genl_leat.h"

int leat_stack_get(struct nl_req *r)
{
	struct nl_buf *b = r->reply;
	char modules[512] = "";
	size_t at = 0;
	for (unsigned i = 0; r->st->modules[i] && at < sizeof modules; i++)
		at += (size_t)snprintf(modules + at, sizeof modules - at, "%s%s", at ? " " : "",
				       r->st->modules[i]->name);
	leat_begin(r, LEAT_CMD_STACK_GET, 0);
	nl_put_str(b, LEAT_A_NAME, r->st->name);
	leat_put_u64(b, LEAT_A_TIME_US, r->st->rt->ctl->now_us);
	nl_put_u32(b, LEAT_A_WORKERS, r->st->n_workers);
	leat_put_u64(b, LEAT_A_PACKETS_DROPPED, graph_drops_total(r->st));
	nl_put_str(b, LEAT_A_MODULES, modules);
	if (stack_state(r->st, MODULE_fib)) { /* a stack may be without */
		leat_put_u64(b, LEAT_A_ROUTES_IP4, fib_count(r->st, AF_INET));
		leat_put_u64(b, LEAT_A_ROUTES_IP6, fib_count(r->st, AF_INET6));
	}
	return nl_end(b);
}

static void put_pool(struct nl_buf *b, const struct lcore *lc)
{
	struct pkt_stats s;
	if (!lc->slot[LCORE_SLOT_PKT])
		return;
	pkt_stats(lc, &s);
	leat_put_u64(b, LEAT_A_POOL_ALLOCATED, s.allocated);
	leat_put_u64(b, LEAT_A_POOL_FREED, s.freed);
	leat_put_u64(b, LEAT_A_POOL_IN_USE, s.in_use);
	leat_put_u64(b, LEAT_A_POOL_PAGES, s.pages_in_use);
	leat_put_u64(b, LEAT_A_POOL_BYTES, s.pool_bytes);
	leat_put_u64(b, LEAT_A_POOL_EMPTY, s.out_of_buffers);
	leat_put_u64(b, LEAT_A_POOL_COPIED, s.copied_bytes);
	leat_put_u64(b, LEAT_A_POOL_PULLED_UP, s.pulled_up);
}

int leat_lcore_dump(struct nl_req *r, struct nl_dump *d)
{
	struct leat_runtime *rt = r->st->rt;
	struct nl_buf *b = r->reply;
	for (; d->key[0] <= rt->n_lcores; d->key[0]++) {
		const struct lcore *lc = rt->lcore[d->key[0]];
		leat_begin(r, LEAT_CMD_LCORE_GET, NLM_F_MULTI);
		nl_put_u32(b, LEAT_A_LCORE, (uint32_t)d->key[0]);
		leat_put_u64(b, LEAT_A_TURNS, racy_get(lc->turns));
		leat_put_u64(b, LEAT_A_BUSY_TURNS, racy_get(lc->busy_turns));
		leat_put_u64(b, LEAT_A_MESSAGES_LOST, racy_get(lc->lost));
		if (lc == rt->ctl)
			nl_put_flag(b, LEAT_A_CONTROL);
		else
			put_pool(b, lc);
		if (nl_end(b))
			return 1;
	}
	return 0;
}

static int put_account(struct nl_req *r, const struct mem_account *a, uint32_t portid)
{
	struct nl_buf *b = r->reply;
	char name[64];
	/* A socket's account is named by its port, so that one can be told from another. */
	snprintf(name, sizeof name, portid ? "%s/%u" : "%s", a->name, portid);
	leat_begin(r, LEAT_CMD_MEM_GET, NLM_F_MULTI);
	nl_put_str(b, LEAT_A_ACCOUNT, name);
	leat_put_u64(b, LEAT_A_USED, racy_get(a->used_bytes));
	leat_put_u64(b, LEAT_A_PEAK, racy_get(a->peak_bytes));
	leat_put_u64(b, LEAT_A_LIMIT, a->limit_bytes);
	leat_put_u64(b, LEAT_A_REFUSED, racy_get(a->refused));
	return nl_end(b);
}

/* The runtime's, the clients', the stack's, then those of netlink sockets in order of their making: key[0] counts. */
int leat_mem_dump(struct nl_req *r, struct nl_dump *d)
{
	const struct mem_account *const roots[] = { &r->st->rt->mem, &r->st->rt->client_mem, &r->st->mem };
	const struct nl_sock *s;
	uint64_t i = ARRAY_SIZE(roots);
	for (; d->key[0] < ARRAY_SIZE(roots); d->key[0]++)
		if (put_account(r, roots[d->key[0]], 0))
			return 1;
	list_for_each (s, &nl_state(r->st)->socks, link) {
		if (i++ < d->key[0])
			continue;
		if (put_account(r, &s->mem, s->portid))
			return 1;
		d->key[0] = i;
	}
	return 0;
}
