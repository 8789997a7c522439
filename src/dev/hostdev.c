/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/hostdev.h"

#include <errno.h>
#include <stdio.h>
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
			d->send(d, w, batch, n);
			continue;
		}
		for (unsigned i = 0; i < n; i++)
			graph_drop(w, 0, batch[i], DROP_IF_GONE);
	}
}

static void cross(struct hostdev *d, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct worker *home = hostdev_worker(d);
	const struct msg m = { .fn = arrive,
			       .arg = { { .p = home }, { .u = d->ifc->handle }, { .p = p[0] } } };
	for (unsigned i = 0; i < n; i++)
		p[i]->next = i + 1 < n ? p[i + 1] : NULL;
	if (likely(lcore_try_post(w->lc, home->lc, &m)))
		return;
	for (unsigned i = 0; i < n; i++)
		hostdev_drop_tx(d, w, p[i], DROP_TX_FULL);
}

void hostdev_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct hostdev *d = ifc->driver;
	if (unlikely(n == 0))
		return;
	if (likely(w->index == d->home))
		d->send(d, w, p, n);
	else
		cross(d, w, p, n);
}

/* --- polling --- */

static unsigned poll_device(struct poller *p, struct lcore *lc)
{
	struct hostdev *d = container_of(p, struct hostdev, poller);
	return d->receive(d, hostdev_worker(d));
}

static void on_ready(struct fd_watch *fw, struct lcore *lc, uint32_t events)
{
	struct hostdev *d = container_of(fw, struct hostdev, watch);
	int err;
	/* A packet socket whose interface went down says so until it is asked; of the carrier, netlink tells. */
	if (events & EPOLLERR)
		getsockopt(fw->fd, SOL_SOCKET, SO_ERROR, &err, &(socklen_t){ sizeof err });
	d->readable = true;
}

int hostdev_check_lcore(const struct leat_stack *st, uint64_t lcore, char *ret_why, size_t why_len)
{
	if (lcore == UINT64_MAX || lcore < st->n_workers)
		return 0;
	snprintf(ret_why, why_len, "lcore=%llu: the workers are 0 to %u", (unsigned long long)lcore,
		 st->n_workers - 1);
	return -EINVAL;
}

const char *hostdev_lcore_words(const struct hostdev *d, char buf[HOSTDEV_LCORE_WORDS])
{
	buf[0] = 0;
	if (d->home_asked)
		snprintf(buf, HOSTDEV_LCORE_WORDS, ",lcore=%u", d->home);
	return buf;
}

int hostdev_start(struct hostdev *d, int lcore, unsigned spread)
{
	struct leat_runtime *rt = d->st->rt;
	d->home_asked = lcore >= 0;
	d->home = lcore >= 0 ? (unsigned)lcore : spread % d->st->n_workers;
	d->node = node_find(d->st, "iface-output");
	list_init(&d->poller.link);
	d->poller.poll = poll_device;
	d->watch = (struct fd_watch){ .fd = d->fd, .events = EPOLLIN, .ready = on_ready };
	struct lcore *lc = hostdev_worker(d)->lc;
	rt->ops->pause(rt);
	int err = rt->ops->fd_watch ? rt->ops->fd_watch(rt, lc, &d->watch) : 0;
	if (!err)
		lcore_poll_add(lc, &d->poller);
	rt->ops->resume(rt);
	return err;
}

void hostdev_stop(struct hostdev *d)
{
	struct leat_runtime *rt = d->st->rt;
	struct lcore *lc = hostdev_worker(d)->lc;
	rt->ops->pause(rt);
	lcore_poll_remove(lc, &d->poller);
	if (rt->ops->fd_unwatch)
		rt->ops->fd_unwatch(rt, lc, &d->watch);
	rt->ops->resume(rt);
}

static void no_carrier(struct lcore *at, const struct msg *m)
{
	struct iface *ifc = iface_by_handle(m->arg[0].p, (uint32_t)m->arg[1].u);
	if (ifc)
		iface_set_carrier(ifc, false);
}

/* The descriptor is level-triggered and would go on saying so: nobody listens to it any more. */
void hostdev_lost(struct hostdev *d, struct worker *w)
{
	struct leat_runtime *rt = d->st->rt;
	const struct msg m = { .fn = no_carrier, .arg = { { .p = d->st }, { .u = d->ifc->handle } } };
	if (rt->ops->fd_unwatch)
		rt->ops->fd_unwatch(rt, w->lc, &d->watch);
	d->readable = false;
	lcore_post(w->lc, rt->ctl, &m);
}
