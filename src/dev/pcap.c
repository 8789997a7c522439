/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the frames of the capture lie in memory, read when the interface was made, so nothing in a turn waits for a
 * disk. From `ip link set up` on they arrive at the distances the capture has them, by a timer on the worker's lcore, or with pace=0 a
 * vector a turn, by a poller; down stops them, up starts again with the first. What the capture had cut short is dropped as
 * truncated.
 *
 * What is sent into the interface goes to the control lcore as the packets it is, one message a batch, which writes it and frees
 * it: nothing is copied, and a disk that is slow costs a worker a full ring at worst, counted as TX_FULL. A file that cannot be
 * written is told once; what comes then is a TX_ERROR. */
#include "dev/pcap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>

#include "dev/options.h"
#include "dev/pcap_file.h"
#include "net/rx_split.h"

struct pcap_words {
	char in[256], out[256];
	bool pace;
	uint64_t worker, split;
	uint8_t mac[6];
};

struct pcap_dev {
	struct iface *ifc;
	struct worker *w; /* on which frames arrive */
	struct pcap_words words;
	struct pcap_frames frames;
	/* The worker's lcore, or the control lcore while paused. */
	struct poller poller;
	struct timer timer;
	uint32_t next;
	uint64_t start_us;
	/* Control lcore. */
	struct timer begin;
	struct pcap_writer *out;
	bool broken; /* any worker reads it */
};

/* --- in: on the worker's lcore --- */

static bool is_due(const struct pcap_dev *d, uint64_t now_us)
{
	return d->next < d->frames.n &&
	       (!d->words.pace || d->start_us + d->frames.frame[d->next].at_us <= now_us);
}

static struct pkt *make(struct pcap_dev *d, struct lcore *lc)
{
	const struct pcap_frame *f = &d->frames.frame[d->next];
	const uint8_t *b = d->frames.bytes + f->off;
	uint32_t at = d->words.split ? rx_split_at(d->w->st, b, f->len) : 0;
	struct pkt *p = pkt_new(lc);
	if (!p || !pkt_append_split(lc, p, b, f->len, f->len - at >= d->words.split ? at : 0)) {
		pkt_free(lc, p);
		return NULL;
	}
	d->next++;
	return p;
}

static bool is_whole(const struct pcap_dev *d)
{
	const struct pcap_frame *f = &d->frames.frame[d->next - 1];
	return !f->missing && f->len >= ETH_HLEN;
}

/* One vector of those that are due. False: there were no buffers. */
static bool arrive(struct pcap_dev *d, struct lcore *lc)
{
	struct pkt *p[PKT_VEC_MAX], *one;
	unsigned n = 0;
	bool made = true;
	while (n < PKT_VEC_MAX && is_due(d, lc->now_us)) {
		one = make(d, lc);
		made = one != NULL;
		if (!made)
			break;
		if (is_whole(d)) {
			p[n++] = one;
		} else {
			racy_add(iface_stats_of(d->ifc, d->w)->rx_errors, 1);
			graph_drop(d->w, node_find(d->w->st, "iface-input"), one, DROP_TRUNCATED);
		}
	}
	if (n)
		iface_input(d->w, d->ifc, p, n);
	return made;
}

static unsigned pcap_poll(struct poller *poller, struct lcore *lc)
{
	struct pcap_dev *d = container_of(poller, struct pcap_dev, poller);
	if (d->next == d->frames.n) {
		lcore_poll_remove(lc, poller);
		return 0;
	}
	arrive(d, lc);
	return 1;
}

static void pcap_time(struct lcore *lc, struct timer *t)
{
	struct pcap_dev *d = container_of(t, struct pcap_dev, timer);
	enum { NO_BUFFER_US = 1000 };
	bool made = arrive(d, lc);
	if (d->next == d->frames.n)
		return;
	uint64_t at = d->start_us + d->frames.frame[d->next].at_us;
	timer_set_at(&lc->wheel, t, made ? MAX(at, lc->now_us) : lc->now_us + NO_BUFFER_US);
}

/* --- in: on the control lcore --- */

static void start(struct pcap_dev *d, bool on)
{
	struct leat_runtime *rt = d->ifc->st->rt;
	rt->ops->pause(rt);
	lcore_timer_stop(d->w->lc, &d->timer);
	if (!list_empty(&d->poller.link))
		lcore_poll_remove(d->w->lc, &d->poller);
	d->next = 0;
	d->start_us = rt->ctl->now_us;
	if (on && d->frames.n && d->words.pace)
		timer_set_at(&d->w->lc->wheel, &d->timer, d->start_us);
	else if (on && d->frames.n)
		lcore_poll_add(d->w->lc, &d->poller);
	rt->ops->resume(rt);
	if (on)
		rt->ops->wake(rt, d->w->lc);
}

static void pcap_begin(struct lcore *lc, struct timer *t)
{
	start(container_of(t, struct pcap_dev, begin), true);
}

/* Not before everybody knows that it is up, and has routes for it: the first frame may be a question. */
static int pcap_up(struct iface *ifc)
{
	struct pcap_dev *d = ifc->driver;
	lcore_timer_in(ifc->st->rt->ctl, &d->begin, 0);
	return 0;
}

static void pcap_down(struct iface *ifc)
{
	struct pcap_dev *d = ifc->driver;
	lcore_timer_stop(ifc->st->rt->ctl, &d->begin);
	start(d, false);
}

/* --- out --- */

static void refuse(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n, enum drop why)
{
	uint16_t node = node_find(w->st, "iface-output");
	struct iface_worker_stats *s = iface_stats_of(ifc, w);
	if (why == DROP_TX_FULL)
		racy_add(s->tx_dropped, n);
	else
		racy_add(s->tx_errors, n);
	for (unsigned i = 0; i < n; i++)
		graph_drop(w, node, p[i], why);
}

static void fails(struct pcap_dev *d)
{
	racy_set(d->broken, true);
	rt_log(d->ifc->st->rt, LOG_ERROR, "%s: %s cannot be written", d->ifc->name, d->words.out);
}

/* Control lcore. arg: the stack, the interface's handle, the first packet, when they were sent. */
static void write_all(struct lcore *at, const struct msg *m)
{
	struct iface *ifc = iface_by_handle(m->arg[0].p, (uint32_t)m->arg[1].u);
	struct pcap_dev *d = ifc ? ifc->driver : NULL;
	for (struct pkt *p = m->arg[2].p, *next; p; p = next) {
		next = p->next;
		p->next = NULL;
		if (d && !d->broken)
			pcap_writer_put(d->out, m->arg[3].u, pkt_cursor(p));
		pkt_free(at, p);
	}
	if (d && !d->broken && pcap_writer_flush(d->out))
		fails(d);
}

static void pcap_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct pcap_dev *d = ifc->driver;
	struct leat_runtime *rt = ifc->st->rt;
	uint64_t at_us = rt->deterministic ? w->lc->now_us : rt->ops->wall_ns(rt) / 1000;
	const struct msg m = {
		.fn = write_all,
		.arg = { { .p = ifc->st }, { .u = ifc->handle }, { .p = p[0] }, { .u = at_us } }
	};
	if (!d->out || racy_get(d->broken)) {
		refuse(ifc, w, p, n, DROP_TX_ERROR);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		p[i]->next = i + 1 < n ? p[i + 1] : NULL;
	if (lcore_try_post(w->lc, rt->ctl, &m))
		return;
	for (unsigned i = 0; i < n; i++)
		p[i]->next = NULL;
	refuse(ifc, w, p, n, DROP_TX_FULL);
}

/* --- the interface --- */

static int pcap_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0;
}

static void pcap_free(struct iface *ifc)
{
	struct pcap_dev *d = ifc->driver;
	if (pcap_writer_close(d->out) && !d->broken)
		fails(d);
	pcap_frames_free(&d->frames);
	mem_free(d);
}

static void pcap_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct pcap_words *o = &((const struct pcap_dev *)ifc->driver)->words;
	char split[24] = "";
	if (o->split)
		snprintf(split, sizeof split, ",split=%u", (unsigned)o->split);
	snprintf(to, len, "pcap:%s%s%s%s%s,pace=%u,worker=%u%s", ifc->name, o->in[0] ? ",in=" : "", o->in,
		 o->out[0] ? ",out=" : "", o->out, o->pace, (unsigned)o->worker, split);
}

static const struct iface_ops pcap_ops = {
	.kind = "pcap",
	.xmit = pcap_xmit,
	.up = pcap_up,
	.down = pcap_down,
	.set_mac = pcap_set_mac,
	.stop = pcap_down,
	.free = pcap_free,
	.describe = pcap_describe,
};

static int add(struct leat_stack *st, const char *name, struct pcap_dev *d)
{
	static const uint8_t none[6];
	struct iface_new how = { .ops = &pcap_ops,
				 .driver = d,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = IFACE_TX_SG,
				 .mtu = ETH_DATA_LEN,
				 .mtu_min = ETH_MIN_MTU,
				 .mtu_max = ETH_MAX_MTU };
	snprintf(how.name, sizeof how.name, "%s", name);
	memcpy(how.mac, d->words.mac, sizeof how.mac);
	if (!memcmp(how.mac, none, sizeof none)) {
		st->rt->ops->random(st->rt, how.mac, sizeof how.mac);
		how.mac[0] = (uint8_t)((how.mac[0] & 0xfc) | 2);
	}
	return iface_add(st, &how, &d->ifc);
}

static int make_files(struct leat_stack *st, const char *name, struct pcap_dev *d, char *ret_why,
		      size_t why_len)
{
	const struct pcap_words *o = &d->words;
	int err = 0;
	if (!o->in[0] && !o->out[0]) {
		snprintf(ret_why, why_len, "a file is wanted: in=PATH, out=PATH, or both");
		return -EINVAL;
	}
	if (o->worker >= st->n_workers) {
		snprintf(ret_why, why_len, "no such worker");
		return -EINVAL;
	}
	if (o->in[0])
		err = pcap_frames_load(st, o->in, &d->frames, ret_why, why_len);
	if (!err && o->out[0])
		err = pcap_writer_open(o->out, name, &d->out, ret_why, why_len);
	return err;
}

static const struct dev_option pcap_options[] = {
	{ "in", DEV_OPT_STR, offsetof(struct pcap_words, in), 0, sizeof(((struct pcap_words *)0)->in) },
	{ "out", DEV_OPT_STR, offsetof(struct pcap_words, out), 0, sizeof(((struct pcap_words *)0)->out) },
	{ "pace", DEV_OPT_BOOL, offsetof(struct pcap_words, pace), 0, 1 },
	{ "split", DEV_OPT_U64, offsetof(struct pcap_words, split), 1, 65535 },
	{ "worker", DEV_OPT_U64, offsetof(struct pcap_words, worker), 0, LCORE_MAX },
	{ "mac", DEV_OPT_MAC, offsetof(struct pcap_words, mac), 0, 0 },
	{ 0 },
};

static int pcap_dev_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
			 size_t why_len)
{
	struct pcap_dev *d = mem_zalloc(&st->mem, sizeof *d);
	if (!d)
		return -ENOMEM;
	d->words.pace = true;
	d->poller.poll = pcap_poll;
	list_init(&d->poller.link);
	timer_init(&d->timer, pcap_time);
	timer_init(&d->begin, pcap_begin);
	int err = dev_options(pcap_options, options, &d->words, ret_why, why_len);
	if (!err)
		err = make_files(st, ifname, d, ret_why, why_len);
	if (err)
		goto free_dev;
	d->w = st->worker[d->words.worker];
	err = add(st, ifname, d);
	if (!err)
		return 0;
	snprintf(ret_why, why_len, "%s", strerror(-err));
free_dev:
	pcap_writer_close(d->out);
	pcap_frames_free(&d->frames);
	mem_free(d);
	return err;
}

const struct iface_kind pcap_kind = { .name = "pcap", .open = pcap_dev_open };
