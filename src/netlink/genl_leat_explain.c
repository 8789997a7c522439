/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat explain`: brings what a process aside finds out (explain/explain.h) to the socket that asked.
 *
 * Theory of operation: the copy writes netlink messages, one per step, into its pipe. A timer of the control lcore passes them on, as
 * many to a datagram as fit, while the asker takes them; when he does not, they stay in the pipe and the copy waits. At the end
 * of the pipe the copy is reaped and the asker told that this was all, or how the copy ended before its time. A copy goes
 * with the socket of who asked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explain/explain.h"
#include "net/iface.h"
#include "netlink/genl_leat.h"
#include "pkt/arena.h"

enum { JOBS_MAX = 8, POLL_US = 500, STEP_MAX = 4096, BUF = 32768 };

struct job {
	struct list link;
	struct leat_genl *g;
	struct nl_sock *asker;
	uint32_t seq;
	struct explain_ask ask;
	struct aside aside;
	struct timer poll;
	size_t len; /* of buf */
	uint8_t buf[BUF];
};

static uint16_t family_id(const struct leat_genl *g)
{
	return genl_family_id(g->st, genl_leat_module.netlink[0]);
}

static void begin(const struct job *j, struct nl_buf *b, uint8_t cmd)
{
	genl_begin(b, family_id(j->g), cmd, LEAT_GENL_VERSION, 0, j->seq, j->asker->portid);
}

/* --- in the copy --- */

struct telling {
	const struct job *j;
	int out;
};

static void put_facts(struct nl_buf *b, const struct facts *f)
{
	const char *name, *value;
	for (size_t at = 0; facts_next(f, &at, &name, &value);) {
		size_t nest = nl_nest(b, LEAT_A_FACT);
		nl_put_str(b, LEAT_FACT_A_NAME, name);
		nl_put_str(b, LEAT_FACT_A_VALUE, value);
		nl_nest_end(b, nest);
	}
}

static void tell(const struct explain_step *s, void *ctx)
{
	const struct telling *t = ctx;
	uint8_t room[STEP_MAX] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	begin(t->j, &b, LEAT_CMD_EXPLAIN_STEP);
	leat_put_record(&b, t->j->g->st, &s->at);
	if (s->leaves)
		nl_put_flag(&b, LEAT_A_LEAVES);
	put_facts(&b, &s->facts);
	if (!nl_end(&b))
		aside_write(t->out, b.p, b.len_bytes);
}

static void play(struct leat_runtime *rt, int out, void *ctx)
{
	const struct job *j = ctx;
	struct telling t = { .j = j, .out = out };
	int err = explain_play(j->g->st, &j->ask, tell, &t);
	if (err)
		_exit(-err);
}

/* --- the original --- */

static void forget(struct job *j, bool heard, int *ret_status)
{
	lcore_timer_stop(j->g->st->rt->ctl, &j->poll);
	*ret_status = aside_end(&j->aside, heard);
	list_remove(&j->link);
	j->g->n_explaining--;
}

static const char *why_of(int status, char *to, size_t len)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(to, len, "it took longer than %d seconds", ASIDE_SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(to, len, "the process that found out ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == EINVAL)
		snprintf(to, len, "the packet has no proper IP header");
	else
		snprintf(to, len, "%s", strerror(WEXITSTATUS(status)));
	return to;
}

static void end(struct job *j)
{
	uint8_t room[512] __attribute__((aligned(8)));
	char why[128];
	struct nl_buf b;
	int status;
	forget(j, true, &status);
	nl_buf_init_fixed(&b, room, sizeof room);
	begin(j, &b, LEAT_CMD_EXPLAIN_END);
	if (status)
		nl_put_str(&b, LEAT_A_HELP, why_of(status, why, sizeof why));
	if (!nl_end(&b))
		nl_sock_queue(j->asker, b.p, b.len_bytes, 0, 0);
	mem_free(j);
}

/* Whole messages of what was read; the rest moves to the front. */
static void pass_on(struct job *j)
{
	size_t whole = 0;
	while (j->len - whole >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *)(j->buf + whole);
		if (NLMSG_ALIGN(h->nlmsg_len) > j->len - whole)
			break;
		whole += NLMSG_ALIGN(h->nlmsg_len);
	}
	if (whole)
		nl_sock_queue(j->asker, j->buf, whole, 0, 0);
	memmove(j->buf, j->buf + whole, j->len - whole);
	j->len -= whole;
}

static void poll_job(struct lcore *lc, struct timer *t)
{
	struct job *j = container_of(t, struct job, poll);
	while (!nl_sock_has_more(j->asker)) {
		ssize_t n = read(j->aside.fd, j->buf + j->len, sizeof j->buf - j->len);
		if (n == 0) {
			end(j);
			return;
		}
		if (n < 0)
			break;
		j->len += (size_t)n;
		pass_on(j);
	}
	lcore_timer_in(lc, t, POLL_US);
}

static uint32_t u32_of(const struct nlattr *a)
{
	return a ? mnl_attr_get_u32(a) : 0;
}

static int handle_of(struct nl_req *r, int attr, uint32_t *ret)
{
	const struct nlattr *a = r->attrs[attr];
	const struct iface *i = a ? iface_by_name(r->st, mnl_attr_get_str(a)) : NULL;
	*ret = i ? i->handle : 0;
	return a && !i ? nl_bad(r->ext, a, -ENODEV, "There is no interface of that name") : 0;
}

/* Of the device's queues the first, where nobody says which. */
static uint32_t worker_of(struct leat_stack *st, uint32_t in_if)
{
	const struct iface *i = in_if ? iface_by_handle(st, in_if) : NULL;
	struct iface_queue_stats q;
	return i && i->ops->queue && i->ops->queue(i, 0, &q) ? q.worker : 0;
}

/* The bytes stay the request's: the copy is made before it goes. */
static int read_ask(struct nl_req *r, struct explain_ask *ret)
{
	const struct nlattr *packet = r->attrs[LEAT_A_PACKET];
	if (!packet)
		return nl_missing(r->ext, NULL, LEAT_A_PACKET, "Which packet?");
	*ret = (struct explain_ask){
		.worker = u32_of(r->attrs[LEAT_A_WORKER]),
		.bytes = mnl_attr_get_payload(packet),
		.len = mnl_attr_get_payload_len(packet),
		.mark = u32_of(r->attrs[LEAT_A_MARK]),
		.uid = u32_of(r->attrs[LEAT_A_UID]),
		.whole = r->attrs[LEAT_A_WHOLE],
	};
	int err = handle_of(r, LEAT_A_IFNAME, &ret->in_if);
	if (!r->attrs[LEAT_A_WORKER])
		ret->worker = worker_of(r->st, ret->in_if);
	return err ? err : handle_of(r, LEAT_A_OUT_IFNAME, &ret->out_if);
}

int leat_explain(struct nl_req *r)
{
	struct leat_genl *g = leat_genl(r->st);
	struct explain_ask ask;
	int err = read_ask(r, &ask);
	if (err)
		return err;
	if (!r->st->rt->ops->may_fork)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP,
			      "This stack runs in a process that is not to be copied");
	if (g->n_explaining >= JOBS_MAX)
		return nl_bad(r->ext, NULL, -EBUSY,
			      "Too many packets are being explained; ask again in a moment");
	struct job *j = mem_zalloc(&r->st->rt->client_mem, sizeof *j);
	if (!j)
		return -ENOMEM;
	*j = (struct job){ .g = g, .asker = r->sock, .seq = r->msg->nlmsg_seq, .ask = ask };
	err = aside_start(r->st->rt, pkt_arenas_own, play, j, &j->aside);
	if (err) {
		mem_free(j);
		return nl_bad(r->ext, NULL, err, "The host has no room for a copy of the daemon");
	}
	fcntl(j->aside.fd, F_SETFL, O_NONBLOCK);
	timer_init(&j->poll, poll_job);
	lcore_timer_in(r->st->rt->ctl, &j->poll, POLL_US);
	list_append(&g->explaining, &j->link);
	g->n_explaining++;
	return 0;
}

void leat_explain_init(struct leat_genl *g)
{
	list_init(&g->explaining);
}

void leat_explain_closed(struct leat_genl *g, struct nl_sock *s)
{
	struct job *j, *tmp;
	int status;
	list_for_each_safe (j, tmp, &g->explaining, link)
		if (!s || j->asker == s) {
			forget(j, false, &status);
			mem_free(j);
		}
}

bool leat_explain_has(const struct leat_genl *g, const struct nl_sock *s)
{
	const struct job *j;
	list_for_each (j, &g->explaining, link)
		if (j->asker == s)
			return true;
	return false;
}

void leat_explain_done(struct leat_genl *g)
{
	leat_explain_closed(g, NULL);
}
