/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat trace`: brings what the workers record (graph/trace.h) to the socket that asked.
 *
 * Theory of operation: while a trace runs, a timer of the control lcore takes records out of the workers' rings every 20
 * ms and sends them as messages to the owner, as many to a datagram as fit. When the owner does not keep up, records
 * stay in the rings, and what the rings have no room for is lost and counted there; the owner is told the number. A
 * trace with a limit ends by itself when that many packets were marked and half a second has passed without a record: a
 * packet may wait for a neighbour in between. A trace ends with its owner's socket. */
#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>

#include "graph/trace.h"
#include "net/iface.h"
#include "netlink/genl_leat.h"

enum { POLL_US = 20000, QUIET_US = 500000, RECORDS_PER_POLL = 256, LAST_POLLS = 64, DATAGRAM = 3776 };

/* The filter comes in the kernel's form and libpcap runs its own; they are the same bytes. */
static_assert(sizeof(struct sock_filter) == sizeof(struct bpf_insn) &&
		      offsetof(struct sock_filter, k) == offsetof(struct bpf_insn, k) &&
		      offsetof(struct sock_filter, jt) == offsetof(struct bpf_insn, jt),
	      "one form of filter");

static void put_ifname(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint32_t handle)
{
	const struct iface *i = handle ? iface_by_handle(st, handle) : NULL;
	if (i)
		nl_put_str(b, type, i->name);
}

static void put_where(struct nl_buf *b, const struct leat_stack *st, const struct trace_record *t)
{
	const struct node *from = graph_node(st, t->node), *to = t->next ? graph_node(st, t->next) : NULL;
	nl_put_u32(b, LEAT_A_NODE, t->node);
	nl_put_str(b, LEAT_A_NODE_NAME, from ? from->name : "-");
	if (t->kept)
		nl_put_flag(b, LEAT_A_KEPT);
	else if (t->drop)
		nl_put_str(b, LEAT_A_DROP, drop_name((enum drop)t->drop));
	else if (to)
		nl_put_str(b, LEAT_A_NEXT_NAME, to->name);
}

void leat_put_record(struct nl_buf *b, struct leat_stack *st, const struct trace_record *t)
{
	leat_put_u64(b, LEAT_A_TIME_US, t->time_us);
	nl_put_u32(b, LEAT_A_TRACE_ID, t->trace_id);
	put_where(b, st, t);
	nl_put_u32(b, LEAT_A_WORKER, t->worker);
	if (t->to_worker)
		nl_put_u32(b, LEAT_A_TO_WORKER, t->to_worker - 1U);
	put_ifname(b, st, LEAT_A_IN_IFNAME, t->in_if);
	put_ifname(b, st, LEAT_A_OUT_IFNAME, t->out_if);
	nl_put_u32(b, LEAT_A_LEN, t->len);
	if (t->layer)
		nl_put_u32(b, LEAT_A_LAYER, t->layer);
	if (t->ethertype)
		nl_put_u32(b, LEAT_A_ETHERTYPE, t->ethertype);
	nl_put_u32(b, LEAT_A_GSO, t->gso);
	nl_put_u32(b, LEAT_A_CSUM, t->csum);
	if (t->text[0])
		nl_put_str(b, LEAT_A_TEXT, t->text);
	nl_put(b, LEAT_A_SNAP, t->snap, MIN(t->snap_len, (uint32_t)TRACE_SNAP));
}

static int put_record(struct nl_buf *b, struct leat_genl *g, uint16_t id, const struct trace_record *t)
{
	genl_begin(b, id, LEAT_CMD_TRACE_RECORD, LEAT_GENL_VERSION, 0, g->trace_seq, g->tracer->portid);
	leat_put_record(b, g->st, t);
	return nl_end(b);
}

static uint16_t family_id(const struct leat_genl *g)
{
	return genl_family_id(g->st, genl_leat_module.netlink[0]);
}

/* Sends what the buffer holds and empties it. */
static void flush(struct leat_genl *g, struct nl_buf *b, unsigned n)
{
	if (b->len_bytes && !nl_sock_queue(g->tracer, b->p, b->len_bytes, 0, 0))
		g->trace_lost += n;
	b->len_bytes = 0;
}

/* Takes up to RECORDS_PER_POLL records. */
static unsigned send_records(struct leat_genl *g)
{
	struct trace_record t;
	uint16_t id = family_id(g);
	unsigned n = 0, in_buf = 0;
	struct nl_buf b;
	nl_buf_init(&b, DATAGRAM);
	while (n < RECORDS_PER_POLL && trace_read(g->st, &t, 1, &g->trace_lost)) {
		if (put_record(&b, g, id, &t)) {
			flush(g, &b, in_buf);
			in_buf = 0;
			put_record(&b, g, id, &t);
		}
		in_buf++;
		n++;
	}
	flush(g, &b, in_buf);
	nl_buf_done(&b);
	return n;
}

static void send_end(struct leat_genl *g)
{
	struct nl_buf b;
	nl_buf_init(&b, DATAGRAM);
	genl_begin(&b, family_id(g), LEAT_CMD_TRACE_END, LEAT_GENL_VERSION, 0, g->trace_seq,
		   g->tracer->portid);
	leat_put_u64(&b, LEAT_A_LOST, g->trace_lost);
	nl_end(&b);
	flush(g, &b, 0);
	nl_buf_done(&b);
}

static void stop(struct leat_genl *g)
{
	trace_stop(g->st);
	g->tracer = NULL;
	lcore_timer_stop(g->st->rt->ctl, &g->trace_poll);
}

static void end(struct leat_genl *g)
{
	for (unsigned i = 0; i < LAST_POLLS && send_records(g) == RECORDS_PER_POLL; i++) {}
	send_end(g);
	stop(g);
}

static void poll_trace(struct lcore *lc, struct timer *t)
{
	struct leat_genl *g = container_of(t, struct leat_genl, trace_poll);
	if (!nl_sock_has_more(g->tracer) && send_records(g))
		g->trace_heard_us = lc->now_us;
	bool quiet = lc->now_us - g->trace_heard_us >= QUIET_US;
	if (g->trace_limit && trace_marked(g->st) >= g->trace_limit && quiet && !nl_sock_has_more(g->tracer))
		end(g);
	else
		lcore_timer_in(lc, t, POLL_US);
}

int leat_trace_start(struct nl_req *r)
{
	struct leat_genl *g = leat_genl(r->st);
	const struct nlattr *filter = r->attrs[LEAT_A_FILTER], *limit = r->attrs[LEAT_A_LIMIT_PACKETS];
	size_t len = filter ? mnl_attr_get_payload_len(filter) : 0;
	if (g->tracer)
		return nl_bad(r->ext, NULL, -EBUSY, "Somebody is tracing; one trace at a time");
	if (len % sizeof(struct bpf_insn))
		return nl_bad(r->ext, filter, -EINVAL, "The filter is no array of struct sock_filter");
	uint64_t n = limit ? mnl_attr_get_u64(limit) : 0;
	int err = trace_start(r->st, filter ? mnl_attr_get_payload(filter) : NULL,
			      (unsigned)(len / sizeof(struct bpf_insn)), n);
	if (err)
		return nl_bad(r->ext, filter, err,
			      err == -EINVAL ? "The filter is not a valid program" : NULL);
	g->tracer = r->sock;
	g->trace_seq = r->msg->nlmsg_seq;
	g->trace_lost = 0;
	g->trace_limit = n;
	g->trace_heard_us = r->st->rt->ctl->now_us;
	lcore_timer_in(r->st->rt->ctl, &g->trace_poll, POLL_US);
	return 0;
}

int leat_trace_stop(struct nl_req *r)
{
	struct leat_genl *g = leat_genl(r->st);
	if (g->tracer != r->sock)
		return nl_bad(r->ext, NULL, -ENOENT, "This socket has no trace running");
	end(g);
	return 0;
}

void leat_trace_init(struct leat_genl *g)
{
	timer_init(&g->trace_poll, poll_trace);
}

void leat_trace_closed(struct leat_genl *g, struct nl_sock *s)
{
	if (g->tracer == s)
		stop(g);
}

void leat_trace_done(struct leat_genl *g)
{
	if (g->tracer)
		stop(g);
}
