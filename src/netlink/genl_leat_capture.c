/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat capture`: brings what workers have copied (graph/capture.h) to the socket that asked.
 *
 * Theory of operation: while a capture runs, a timer of the control lcore takes records out of the workers' rings and sends them, as many to
 * a datagram as fit, for as long as the owner takes them: often while there are some, else every 20 ms. When he does not keep up,
 * records stay in the rings, and what the rings have no room for is lost and counted there, packet by packet: workers never wait. A
 * capture that is told to stop takes nothing more, sends what it has, and says how much there was. It ends with its owner's socket.
 *
 * Time is the one of the worker's turn in which the packet was seen, on the wall clock as it was when the capture began. */
#include <errno.h>
#include <pcap/pcap.h>

#include "base/drop_kind.h"
#include "graph/capture.h"
#include "net/iface.h"
#include "netlink/genl_leat.h"

enum {
	IDLE_US = 20000,
	BUSY_US = 2000,
	DATAGRAM = 61440,
	AROUND = 1024,
	BYTES_PER_POLL = 1 << 20,
	LAST_POLLS = 3
};

static_assert(CAPTURE_IN == (int)LEAT_CAPTURE_IN && CAPTURE_OUT == (int)LEAT_CAPTURE_OUT &&
		      CAPTURE_DROPS == (int)LEAT_CAPTURE_DROPS && CAPTURE_NODE == (int)LEAT_CAPTURE_NODE &&
		      CAPTURE_DONE == (int)LEAT_CAPTURE_CONSUMED,
	      "include/leat/genl.h");

struct capturing {
	struct list link;
	struct leat_genl *g;
	struct nl_sock *owner;
	uint32_t seq;
	struct capture *capture;
	uint64_t wall_ns; /* of the runtime's time 0 */
	unsigned polls_left; /* once it is to end; 0: it goes on */
	struct timer poll;
};

static void begin(const struct capturing *c, struct nl_buf *b, uint8_t cmd)
{
	genl_begin(b, genl_family_id(c->g->st, genl_leat_module.netlink[0]), cmd, LEAT_GENL_VERSION, 0,
		   c->seq, c->owner->portid);
}

static void put_ifname(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint32_t handle)
{
	const struct iface *i = handle ? iface_by_handle(st, handle) : NULL;
	if (i)
		nl_put_str(b, type, i->name);
}

static void put_record(const struct capturing *c, struct nl_buf *b, const struct capture_record *r)
{
	const struct node *n = r->node ? graph_node(c->g->st, r->node) : NULL;
	begin(c, b, LEAT_CMD_CAPTURE_RECORD);
	leat_put_u64(b, LEAT_A_TIME_NS, c->wall_ns + r->time_us * 1000);
	nl_put_u32(b, LEAT_A_WHAT, r->what);
	put_ifname(b, c->g->st, LEAT_A_IN_IFNAME, r->in_if);
	put_ifname(b, c->g->st, LEAT_A_OUT_IFNAME, r->out_if);
	if (n)
		nl_put_str(b, LEAT_A_NODE_NAME, n->name);
	if (r->drop) {
		nl_put_str(b, LEAT_A_DROP, drop_name((enum drop)r->drop));
		nl_put_str(b, LEAT_A_HELP, drop_help((enum drop)r->drop));
		if (drop_is_done((enum drop)r->drop))
			nl_put_flag(b, LEAT_A_CONSUMED);
	}
	if (r->lost)
		leat_put_u64(b, LEAT_A_LOST, r->lost);
	if (r->layer)
		nl_put_u32(b, LEAT_A_LAYER, r->layer);
	if (r->ethertype)
		nl_put_u32(b, LEAT_A_ETHERTYPE, r->ethertype);
	nl_put_u32(b, LEAT_A_LEN, r->len);
	nl_put(b, LEAT_A_SNAP, capture_bytes(r), r->snap_len);
	nl_end(b);
}

static void flush(const struct capturing *c, struct nl_buf *b)
{
	if (b->len_bytes)
		nl_sock_queue(c->owner, b->p, b->len_bytes, 0, 0);
	b->len_bytes = 0;
}

/* False: none was waiting. */
static bool send_records(const struct capturing *c)
{
	const struct capture_record *r;
	size_t bytes = 0;
	struct nl_buf b;
	nl_buf_init(&b, DATAGRAM + AROUND);
	while (bytes < BYTES_PER_POLL && !nl_sock_has_more(c->owner) && (r = capture_next(c->capture))) {
		if (b.len_bytes && b.len_bytes + r->snap_len + AROUND > DATAGRAM)
			flush(c, &b);
		put_record(c, &b, r);
		bytes += r->snap_len + AROUND / 8;
	}
	flush(c, &b);
	nl_buf_done(&b);
	return bytes;
}

static void forget(struct capturing *c)
{
	lcore_timer_stop(c->g->st->rt->ctl, &c->poll);
	capture_stop(c->capture);
	list_remove(&c->link);
	mem_free(c);
}

static void end(struct capturing *c)
{
	struct capture_stats s;
	uint8_t room[128] __attribute__((aligned(8)));
	struct nl_buf b;
	capture_stats(c->capture, &s);
	nl_buf_init_fixed(&b, room, sizeof room);
	begin(c, &b, LEAT_CMD_CAPTURE_END);
	leat_put_u64(&b, LEAT_A_PACKETS, s.seen);
	leat_put_u64(&b, LEAT_A_LOST, s.lost);
	nl_end(&b);
	flush(c, &b);
	forget(c);
}

static void poll_capture(struct lcore *lc, struct timer *t)
{
	struct capturing *c = container_of(t, struct capturing, poll);
	bool some = send_records(c), waits = nl_sock_has_more(c->owner);
	/* A worker may have been within a turn when it was halted. */
	if (c->polls_left && !some && !waits && !--c->polls_left)
		end(c);
	else
		lcore_timer_in(lc, t, some || waits || c->polls_left ? BUSY_US : IDLE_US);
}

static int read_conf(struct nl_req *r, struct capture_conf *ret)
{
	const struct nlattr *filter = r->attrs[LEAT_A_FILTER], *dev = r->attrs[LEAT_A_IFNAME],
			    *node = r->attrs[LEAT_A_NODE_NAME], *what = r->attrs[LEAT_A_WHAT];
	size_t len = filter ? mnl_attr_get_payload_len(filter) : 0;
	const struct iface *i = dev ? iface_by_name(r->st, mnl_attr_get_str(dev)) : NULL;
	*ret = (struct capture_conf){
		.prog = filter ? mnl_attr_get_payload(filter) : NULL,
		.n_insns = (unsigned)(len / sizeof(struct bpf_insn)),
		.what = what ? (uint8_t)mnl_attr_get_u32(what) : CAPTURE_IN | CAPTURE_OUT,
		.node = node ? node_find(r->st, mnl_attr_get_str(node)) : 0,
		.if_handle = i ? i->handle : 0,
		.snap = r->attrs[LEAT_A_SNAP_LEN] ? mnl_attr_get_u32(r->attrs[LEAT_A_SNAP_LEN]) : 0,
	};
	if (len % sizeof(struct bpf_insn))
		return nl_bad(r->ext, filter, -EINVAL, "The filter is no array of struct sock_filter");
	if (dev && !i)
		return nl_bad(r->ext, dev, -ENODEV, "There is no interface of that name");
	if (node && !ret->node)
		return nl_bad(r->ext, node, -ENOENT, "There is no node of that name");
	if (ret->what & CAPTURE_NODE && !node)
		return nl_missing(r->ext, NULL, LEAT_A_NODE_NAME, "Which node?");
	return 0;
}

int leat_capture_start(struct nl_req *r)
{
	struct leat_genl *g = leat_genl(r->st);
	struct leat_runtime *rt = r->st->rt;
	struct capture_conf conf;
	struct capturing *c;
	list_for_each (c, &g->capturing, link)
		if (c->owner == r->sock)
			return nl_bad(r->ext, NULL, -EBUSY, "This socket has a capture running");
	int err = read_conf(r, &conf);
	if (err)
		return err;
	c = mem_zalloc(&rt->client_mem, sizeof *c);
	if (!c)
		return -ENOMEM;
	*c = (struct capturing){ .g = g, .owner = r->sock, .seq = r->msg->nlmsg_seq };
	err = capture_start(r->st, &conf, &c->capture);
	if (err) {
		mem_free(c);
		return nl_bad(r->ext, NULL, err,
			      err == -EBUSY    ? "Too many captures are running"
			      : err == -EINVAL ? "The filter is not a valid program"
					       : NULL);
	}
	c->wall_ns = rt->ops->wall_ns(rt) - rt->ctl->now_us * 1000;
	timer_init(&c->poll, poll_capture);
	lcore_timer_in(rt->ctl, &c->poll, BUSY_US);
	list_append(&g->capturing, &c->link);
	return 0;
}

int leat_capture_stop(struct nl_req *r)
{
	struct capturing *c;
	list_for_each (c, &leat_genl(r->st)->capturing, link)
		if (c->owner == r->sock && !c->polls_left) {
			capture_halt(c->capture);
			c->polls_left = LAST_POLLS;
			return 0;
		}
	return nl_bad(r->ext, NULL, -ENOENT, "This socket has no capture running");
}

void leat_capture_init(struct leat_genl *g)
{
	list_init(&g->capturing);
}

void leat_capture_closed(struct leat_genl *g, struct nl_sock *s)
{
	struct capturing *c, *tmp;
	list_for_each_safe (c, tmp, &g->capturing, link)
		if (!s || c->owner == s)
			forget(c);
}

bool leat_capture_has(const struct leat_genl *g, const struct nl_sock *s)
{
	const struct capturing *c;
	list_for_each (c, &g->capturing, link)
		if (c->owner == s)
			return true;
	return false;
}

void leat_capture_done(struct leat_genl *g)
{
	leat_capture_closed(g, NULL);
}
