/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/hostdev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static void count_tx(struct hostdev *d, struct worker *w, uint64_t n, enum drop why)
{
	struct iface_worker_stats *s = iface_stats_of(d->ifc, w);
	if (why == DROP_TX_ERROR)
		racy_add(s->tx_errors, n);
	else
		racy_add(s->tx_dropped, n);
}

void hostdev_drop_tx(struct hostdev *d, struct worker *w, struct pkt *p, enum drop why)
{
	count_tx(d, w, 1, why);
	graph_drop(w, d->node, p, why);
}

void hostdev_lost_tx(struct hostdev *d, struct worker *w, uint64_t n, enum drop why)
{
	count_tx(d, w, n, why);
	graph_count_lost(w, d->node, n, why);
}

void hostdev_drop_rx(struct hostdev *d, struct worker *w, struct pkt *p, enum drop why)
{
	struct iface_worker_stats *s = iface_stats_of(d->ifc, w);
	if (why == DROP_NO_BUFFER)
		racy_add(s->rx_dropped, 1);
	else
		racy_add(s->rx_errors, 1);
	p->in_if = d->ifc->handle;
	graph_drop(w, d->node, p, why);
}

void hostdev_lost_rx(struct hostdev *d, struct worker *w, uint64_t n, enum drop why)
{
	racy_add(iface_stats_of(d->ifc, w)->rx_dropped, n);
	graph_count_lost(w, d->node, n, why);
}

void hostdev_input(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n)
{
	racy_add(q->stats.rx_packets, n);
	iface_input(w, q->dev->ifc, p, n);
}

static void send_home(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n)
{
	racy_add(q->stats.tx_packets, n);
	q->dev->send(q, w, p, n);
}

/* --- other lcores' frames cross over --- */

/* The message names the interface by handle: it may be gone by the time it arrives. */
static void arrive(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct iface *ifc = iface_get(w, (uint32_t)m->arg[1].u);
	struct pkt *p = m->arg[2].p, *batch[PKT_VEC_MAX];
	while (p) {
		unsigned n = 0;
		for (; p && n < PKT_VEC_MAX; p = p->next)
			batch[n++] = p;
		if (likely(ifc)) {
			struct hostdev *d = ifc->driver;
			send_home(d->queue[m->arg[3].u], w, batch, n);
			continue;
		}
		for (unsigned i = 0; i < n; i++)
			graph_drop(w, 0, batch[i], DROP_IF_GONE);
	}
}

static void cross(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct worker *home = hostdev_worker(q);
	const struct msg m = {
		.fn = arrive,
		.arg = { { .p = home }, { .u = q->dev->ifc->handle }, { .p = p[0] }, { .u = q->index } }
	};
	for (unsigned i = 0; i < n; i++)
		p[i]->next = i + 1 < n ? p[i + 1] : NULL;
	if (likely(lcore_try_post(w->lc, home->lc, &m)))
		return;
	for (unsigned i = 0; i < n; i++)
		hostdev_drop_tx(q->dev, w, p[i], DROP_TX_FULL);
}

void hostdev_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct hostdev *d = ifc->driver;
	struct hostdev_queue *q = d->queue[d->tx_queue[w->index]];
	if (unlikely(n == 0))
		return;
	if (likely(w->index == q->home))
		send_home(q, w, p, n);
	else
		cross(q, w, p, n);
}

/* --- polling --- */

static unsigned poll_queue(struct poller *p, struct lcore *lc)
{
	struct hostdev_queue *q = container_of(p, struct hostdev_queue, poller);
	return q->dev->receive(q, hostdev_worker(q));
}

static void on_ready(struct fd_watch *fw, struct lcore *lc, uint32_t events)
{
	struct hostdev_queue *q = container_of(fw, struct hostdev_queue, watch);
	int err;
	/* A packet socket whose interface went down says so until it is asked; of the carrier, netlink tells. */
	if (events & EPOLLERR)
		getsockopt(fw->fd, SOL_SOCKET, SO_ERROR, &err, &(socklen_t){ sizeof err });
	q->readable = true;
}

/* --- opening and closing --- */

int hostdev_check_lcore(const struct leat_stack *st, uint64_t lcore, char *ret_why, size_t why_len)
{
	if (lcore == UINT64_MAX || lcore < st->n_workers)
		return 0;
	snprintf(ret_why, why_len, "lcore=%llu: the workers are 0 to %u", (unsigned long long)lcore,
		 st->n_workers - 1);
	return -EINVAL;
}

const char *hostdev_words(const struct hostdev *d, char buf[HOSTDEV_WORDS])
{
	size_t at = 0;
	buf[0] = 0;
	if (d->home_asked)
		at = (size_t)snprintf(buf, HOSTDEV_WORDS, ",lcore=%u", d->home);
	if (d->queues_asked)
		snprintf(buf + at, HOSTDEV_WORDS - at, ",queues=%u", d->n_queues);
	return buf;
}

bool hostdev_queue_stats(const struct iface *ifc, unsigned i, struct iface_queue_stats *ret)
{
	const struct hostdev *d = ifc->driver;
	if (i >= d->n_queues)
		return false;
	const struct iface_queue_stats *s = &d->queue[i]->stats;
	*ret = (struct iface_queue_stats){
		.worker = d->queue[i]->home,
		.rx_packets = racy_get(s->rx_packets),
		.tx_packets = racy_get(s->tx_packets),
		.tx_kicks = racy_get(s->tx_kicks),
		.tx_copied = racy_get(s->tx_copied),
		.rx_copied = racy_get(s->rx_copied),
	};
	return true;
}

void hostdev_add_queue(struct hostdev *d, struct hostdev_queue *q, int fd)
{
	assert(d->n_queues < HOSTDEV_QUEUES_MAX);
	q->dev = d;
	q->fd = fd;
	q->index = d->n_queues;
	d->queue[d->n_queues++] = q;
}

void hostdev_place(struct hostdev *d, uint64_t lcore, unsigned spread)
{
	unsigned n = d->st->n_workers;
	d->home_asked = lcore != UINT64_MAX;
	d->home = d->home_asked ? (unsigned)lcore : d->n_queues == 1 ? spread % n : 0;
	for (unsigned w = 0; w < n; w++)
		d->tx_queue[w] = (uint8_t)(w % d->n_queues);
	for (unsigned i = d->n_queues; i--;) {
		d->queue[i]->home = (d->home + i) % n;
		d->tx_queue[d->queue[i]->home] = (uint8_t)i;
	}
}

static int start_queue(struct hostdev_queue *q)
{
	struct leat_runtime *rt = q->dev->st->rt;
	struct lcore *lc = hostdev_worker(q)->lc;
	q->watch = (struct fd_watch){ .fd = q->fd, .events = EPOLLIN, .ready = on_ready };
	q->poller.poll = poll_queue;
	int err = rt->ops->fd_watch ? rt->ops->fd_watch(rt, lc, &q->watch) : 0;
	if (!err)
		lcore_poll_add(lc, &q->poller);
	return err;
}

int hostdev_start(struct hostdev *d)
{
	struct leat_runtime *rt = d->st->rt;
	int err = 0;
	d->node = node_find(d->st, "iface-output");
	rt->ops->pause(rt);
	for (unsigned i = 0; i < d->n_queues; i++)
		list_init(&d->queue[i]->poller.link);
	for (unsigned i = 0; i < d->n_queues && !err; i++)
		err = start_queue(d->queue[i]);
	rt->ops->resume(rt);
	return err;
}

void hostdev_stop(struct hostdev *d)
{
	struct leat_runtime *rt = d->st->rt;
	rt->ops->pause(rt);
	for (unsigned i = 0; i < d->n_queues; i++) {
		struct hostdev_queue *q = d->queue[i];
		struct lcore *lc = hostdev_worker(q)->lc;
		lcore_poll_remove(lc, &q->poller);
		if (rt->ops->fd_unwatch)
			rt->ops->fd_unwatch(rt, lc, &q->watch);
	}
	rt->ops->resume(rt);
}

static void no_carrier(struct lcore *at, const struct msg *m)
{
	struct iface *ifc = iface_by_handle(m->arg[0].p, (uint32_t)m->arg[1].u);
	if (ifc)
		iface_set_carrier(ifc, false);
}

/* The descriptor is level-triggered and would go on saying so: nobody listens to it any more. */
void hostdev_lost(struct hostdev_queue *q, struct worker *w)
{
	struct hostdev *d = q->dev;
	struct leat_runtime *rt = d->st->rt;
	const struct msg m = { .fn = no_carrier, .arg = { { .p = d->st }, { .u = d->ifc->handle } } };
	if (rt->ops->fd_unwatch)
		rt->ops->fd_unwatch(rt, w->lc, &q->watch);
	q->readable = false;
	lcore_post(w->lc, rt->ctl, &m);
}
