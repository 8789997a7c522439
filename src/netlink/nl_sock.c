/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink sockets: names, the queue to the receiver, overruns.
 *
 * Theory of operation: every datagram for a socket goes through its queue. Outside a transaction the queue is pumped
 * at once, so it is empty as long as the receiver takes what it is offered. When the receiver is full the queue grows up
 * to the receive buffer; what comes past that is lost, the receiver is told once (ENOBUFS, so it can ask again for
 * everything), and nothing more is queued until it has drained what it has: what follows a gap is of no use before
 * the listener knows of it. Who is told of many changes gets some of them together: from GATHER_FROM notifications in GATHER_US on they
 * wait for each other and share datagrams, which any reader of netlink goes through; a system call for each
 * would cost the daemon and the listener more than the changes. A dump is only continued when the queue is empty: it waits for its reader and for nobody else. */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <linux/genetlink.h>

/* A sleep that ends before the host's next tick makes it set its clock anew, twice, which in a virtual machine costs more than a request
 * (measured: 8 us): so what was gathered goes with what comes after GATHER_US, and a timer sees to the end alone, when nothing comes. */
enum { GATHER_US = 5000, GATHER_FROM = 32, GATHER_END_US = 20000 };
enum { DATAGRAM_OVERHEAD = 256, DUMP_STEPS_PER_TURN = 64, DUMP_WAIT_US = 500, AUTOBIND_TRIES = 64 };

static void go_on(struct lcore *lc, struct timer *t)
{
	nl_sock_pump(container_of(t, struct nl_sock, more));
}

static const struct nl_proto *find_proto(struct leat_stack *st, int protocol)
{
	struct nl_family_iter it = { 0 };
	if (protocol == NETLINK_GENERIC)
		return &nl_generic;
	return protocol == NETLINK_ROUTE && nl_family_next(st, protocol, &it) ? &nl_route : NULL;
}

int nl_sock_new(struct leat_stack *st, int protocol, const struct nl_creds *creds,
		const struct nl_sock_ops *ops, void *ctx, struct nl_sock **ret_sock)
{
	struct nl_state *ns = nl_state(st);
	const struct nl_proto *proto = ns ? find_proto(st, protocol) : NULL;
	if (!proto)
		return -EPROTONOSUPPORT;
	struct nl_sock *s = mem_zalloc(&st->rt->client_mem, sizeof *s);
	if (!s)
		return -ENOMEM;
	mem_account_init(&s->mem, "netlink-socket", &st->rt->client_mem, 0);
	s->st = st;
	s->proto = proto;
	s->creds = *creds;
	s->ops = ops;
	s->ctx = ctx;
	s->rcvbuf = s->sndbuf = NL_BUF_DEFAULT;
	list_init(&s->queue);
	timer_init(&s->more, go_on);
	list_append(&ns->socks, &s->link);
	*ret_sock = s;
	return 0;
}

static void forget_out(struct nl_sock *s, struct nl_out *o)
{
	s->queued_bytes -= o->len_bytes + DATAGRAM_OVERHEAD;
	s->n_answers -= !o->group;
	list_remove(&o->link);
	mem_free(o);
}

void nl_sock_free(struct nl_sock *s)
{
	if (!s)
		return;
	struct nl_state *ns = nl_state(s->st);
	struct nl_closer *c;
	struct nl_out *o, *tmp;
	list_for_each (c, &ns->closers, link)
		c->closed(c, s);
	list_remove(&s->link);
	lcore_timer_stop(s->st->rt->ctl, &s->more);
	nl_dump_end(s);
	list_for_each_safe (o, tmp, &s->queue, link)
		forget_out(s, o);
	mem_account_done(&s->mem);
	mem_free(s);
}

/* --- out --- */

static void overrun(struct nl_sock *s, bool answer)
{
	s->lost++;
	if (s->flags & NL_F_NO_ENOBUFS)
		return;
	if (s->congested) {
		s->lost_answer |= answer;
		return;
	}
	s->congested = true;
	nl_state(s->st)->overruns++;
	if (s->ops->error)
		s->ops->error(s->ctx, ENOBUFS);
}

/* Who has asked again after the first notice and before all was read, waits for an answer that was lost behind that notice: he hears of
 * it. (Linux leaves him waiting.) */
static void drained(struct nl_sock *s)
{
	s->congested = false;
	if (s->lost_answer && s->ops->error)
		s->ops->error(s->ctx, ENOBUFS);
	s->lost_answer = false;
}

/* One more notification. Whether they come thick is seen by the last GATHER_US, and holds for the next. True: it begins those. */
static bool note_told(struct nl_sock *s)
{
	uint64_t ago_us = s->st->rt->ctl->now_us - s->told_from_us;
	bool begins = ago_us >= GATHER_US;
	if (begins) {
		s->gathers = s->n_told >= GATHER_FROM && ago_us < 2 * GATHER_US;
		s->told_from_us += ago_us;
		s->n_told = 0;
	}
	if (++s->n_told >= GATHER_FROM)
		s->gathers = true;
	return begins;
}

bool nl_sock_gathers(const struct nl_sock *s)
{
	return s->gathers && !s->n_answers && !s->dumping && s->queued_bytes < s->rcvbuf / 2;
}

/* The datagram that waits last, if these can go with it. */
static struct nl_out *last_with_room(struct nl_sock *s, size_t len_bytes, uint32_t src_portid, uint32_t group)
{
	if (list_empty(&s->queue))
		return NULL;
	struct nl_out *o = list_entry(s->queue.prev, struct nl_out, link);
	bool fits = NLMSG_ALIGN(o->len_bytes) + len_bytes <= o->room_bytes;
	return fits && o->group == group && o->src_portid == src_portid ? o : NULL;
}

static struct nl_out *out_new(struct nl_sock *s, size_t len_bytes, uint32_t src_portid, uint32_t group)
{
	size_t room = group && s->gathers ? MAX(len_bytes, (size_t)NL_DUMP_DEFAULT) : len_bytes;
	struct nl_out *o = mem_zalloc(&s->mem, sizeof *o + room);
	if (!o)
		return NULL;
	o->group = group;
	o->src_portid = src_portid;
	o->room_bytes = room;
	s->queued_bytes += DATAGRAM_OVERHEAD;
	s->n_answers += !group;
	list_append(&s->queue, &o->link);
	return o;
}

bool nl_sock_queue(struct nl_sock *s, const void *bytes, size_t len_bytes, uint32_t src_portid,
		   uint32_t group)
{
	struct nl_out *o = NULL;
	bool waited = group && note_told(s);
	/* Linux: the buffer may be passed by the message that fills it, not by one after it. */
	if (!s->congested && s->queued_bytes <= s->rcvbuf) {
		o = group ? last_with_room(s, len_bytes, src_portid, group) : NULL;
		o = o ? o : out_new(s, len_bytes, src_portid, group);
	}
	if (!o) {
		overrun(s, !group);
		return false;
	}
	size_t at = NLMSG_ALIGN(o->len_bytes);
	memcpy(o->bytes + at, bytes, len_bytes);
	s->queued_bytes += at + len_bytes - o->len_bytes;
	o->len_bytes = at + len_bytes;
	if (waited || !nl_sock_gathers(s))
		nl_sock_pump(s);
	if (nl_sock_gathers(s) && (waited || !timer_is_set(&s->more)))
		lcore_timer_in(s->st->rt->ctl, &s->more, GATHER_END_US);
	return true;
}

/* false: it has to wait. */
static bool offer(struct nl_sock *s, const void *bytes, size_t len_bytes, uint32_t src_portid, uint32_t group)
{
	int err = s->ops->deliver(s->ctx, bytes, len_bytes, src_portid, group);
	s->full = err == -EAGAIN || err == -ENOBUFS;
	return !s->full;
}

static void send_first(struct nl_sock *s)
{
	struct nl_out *o = list_first(&s->queue, struct nl_out, link);
	if (offer(s, o->bytes, o->len_bytes, o->src_portid, o->group))
		forget_out(s, o);
}

void nl_sock_send(struct nl_sock *s, const void *bytes, size_t len_bytes)
{
	bool at_once = list_empty(&s->queue) && !s->full && !s->congested && !nl_state(s->st)->held;
	if (!at_once || !offer(s, bytes, len_bytes, 0, 0))
		nl_sock_queue(s, bytes, len_bytes, 0, 0);
}

void nl_sock_pump(struct nl_sock *s)
{
	unsigned steps = 0;
	if (nl_state(s->st)->held)
		return;
	while (!s->full) {
		if (!list_empty(&s->queue)) {
			send_first(s);
			continue;
		}
		drained(s);
		if (!s->dumping)
			break;
		if (++steps > DUMP_STEPS_PER_TURN) {
			lcore_timer_in(s->st->rt->ctl, &s->more, 0);
			break;
		}
		/* Held, so that what is queued is not pumped from inside. */
		nl_state(s->st)->held++;
		bool stepped = nl_dump_step(s);
		nl_state(s->st)->held--;
		if (!stepped) {
			lcore_timer_in(s->st->rt->ctl, &s->more, DUMP_WAIT_US);
			break;
		}
	}
}

void nl_sock_writable(struct nl_sock *s)
{
	s->full = false;
	nl_sock_pump(s);
}

void nl_sock_recv_hint(struct nl_sock *s, size_t len_bytes)
{
	s->recv_hint = MAX(s->recv_hint, MIN(len_bytes, (size_t)NL_DUMP_MAX));
}

bool nl_sock_has_more(const struct nl_sock *s)
{
	return s->dumping || !list_empty(&s->queue);
}

bool nl_sock_at(const struct leat_stack *st, uint64_t n, struct nl_sock_facts *ret)
{
	const struct nl_sock *s;
	list_for_each (s, &nl_state(st)->socks, link) {
		if (n--)
			continue;
		*ret = (struct nl_sock_facts){ .protocol = s->proto->protocol,
					       .portid = s->portid,
					       .groups = (uint32_t)(s->groups[0] >> 1),
					       .waiting_bytes = s->queued_bytes,
					       .lost = s->lost,
					       .dumping = s->dumping };
		return true;
	}
	return false;
}

/* --- names --- */

struct nl_sock *nl_sock_by_portid(struct leat_stack *st, const struct nl_proto *proto, uint32_t portid)
{
	struct nl_sock *s;
	list_for_each (s, &nl_state(st)->socks, link)
		if (s->proto == proto && s->bound && s->portid == portid)
			return s;
	return NULL;
}

static int take_portid(struct nl_sock *s, uint32_t portid)
{
	if (nl_sock_by_portid(s->st, s->proto, portid))
		return -EADDRINUSE;
	s->portid = portid;
	s->bound = true;
	return 0;
}

/* Linux: the process id when it is free, else any number below -4096. */
int nl_sock_autobind(struct nl_sock *s)
{
	if (s->bound)
		return 0;
	if (s->creds.pid > 0 && take_portid(s, (uint32_t)s->creds.pid) == 0)
		return 0;
	for (unsigned i = 0; i < AUTOBIND_TRIES; i++) {
		uint32_t low = (uint32_t)rt_random_u64(s->st->rt) % 0x7ffff000u;
		if (take_portid(s, 0x80000000u + low) == 0)
			return 0;
	}
	return -EADDRINUSE;
}

int nl_sock_bind(struct nl_sock *s, uint32_t portid, uint32_t groups)
{
	uint64_t mask = s->proto->n_groups < 32 ? ((uint64_t)1 << s->proto->n_groups) - 1 : UINT32_MAX;
	int err = 0;
	if (s->bound && portid != s->portid && (s->portid || portid))
		return -EINVAL;
	if (!s->bound)
		err = portid ? take_portid(s, portid) : nl_sock_autobind(s);
	if (err)
		return err;
	/* Group g is bit g - 1 of the mask and bit g of ours. */
	s->groups[0] = (s->groups[0] & ~((uint64_t)UINT32_MAX << 1)) | (groups & mask) << 1;
	return 0;
}

void nl_sock_getname(const struct nl_sock *s, uint32_t *ret_portid, uint32_t *ret_groups)
{
	*ret_portid = s->portid;
	*ret_groups = (uint32_t)(s->groups[0] >> 1);
}

int nl_sock_connect(struct nl_sock *s, uint32_t portid, uint32_t groups)
{
	/* Linux: only those who may configure talk to others than the kernel. */
	if ((portid || groups) && !s->creds.may_configure)
		return -EPERM;
	int err = nl_sock_autobind(s);
	if (err)
		return err;
	s->peer_portid = portid;
	s->peer_groups = groups;
	return 0;
}

void nl_sock_getpeer(const struct nl_sock *s, uint32_t *ret_portid, uint32_t *ret_groups)
{
	*ret_portid = s->peer_portid;
	*ret_groups = s->peer_groups;
}
