/* SPDX-License-Identifier: BSD-2-Clause */
/* TAP devices: what leat sends, the kernel's side of the device receives.
 *
 * Theory of operation: one system call per frame, there being no way to move several; batches come from reading until the
 * descriptor is empty. Several queues are several descriptors of one device (IFF_MULTI_QUEUE): the kernel chooses by flow which
 * of them a frame comes out of, the one that the flow's answers were last written to. A read lands in place: in a fresh packet's head and behind it in pages, kept from read to read
 * and replaced only when used, so nothing is copied and a short frame costs no page. With the virtio-net header (vnet=1, the
 * default) the kernel hands over large segments and partial checksums, and takes them.
 *
 * The carrier of the kernel's side follows the descriptor: closing it is pulling the plug. Since the descriptor is tied to
 * the device and not to a namespace, `ip link set IFNAME netns ...` may carry the kernel's side anywhere. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dev/hostdev.h"
#include "dev/options.h"
#include "dev/vnet.h"

enum { TAP_PAGES = 16, TAP_BATCH = 64, TAP_IOV = TAP_PAGES + 2 };
static_assert(BUF_HEAD_SIZE - BUF_HEADROOM + TAP_PAGES * BUF_PAGE_SIZE >= ETH_HLEN + 65535 + 4,
	      "the longest frame fits");

struct tap {
	struct hostdev dev;
	char ifname[IFNAMSIZ]; /* the kernel's side; ours may be renamed */
	bool vnet;
};

struct tap_queue {
	struct hostdev_queue q;
	bool vnet;
	struct pkt *pkt; /* what the next frame is read into; with TAP_PAGES pages behind it */
	struct buf *page[TAP_PAGES];
};

static struct tap_queue *tap_of(struct hostdev_queue *q)
{
	return container_of(q, struct tap_queue, q);
}

/* --- receive --- */

static bool refill(struct tap_queue *t, struct lcore *lc)
{
	if (!t->pkt)
		t->pkt = pkt_new(lc);
	for (unsigned i = 0; t->pkt && i < TAP_PAGES; i++) {
		if (t->page[i])
			continue;
		t->page[i] = buf_page_new(lc);
		if (!t->page[i])
			return false;
	}
	return t->pkt;
}

/* The frame's length, or -errno. */
static ssize_t read_frame(struct tap_queue *t, struct virtio_net_hdr *h)
{
	struct iovec iov[TAP_IOV];
	unsigned n = 0;
	if (t->vnet)
		iov[n++] = (struct iovec){ h, sizeof *h };
	iov[n++] = (struct iovec){ t->pkt->data, BUF_HEAD_SIZE - BUF_HEADROOM };
	for (unsigned i = 0; i < TAP_PAGES; i++)
		iov[n++] = (struct iovec){ t->page[i]->mem, BUF_PAGE_SIZE };
	ssize_t len = readv(t->q.fd, iov, (int)n);
	if (len < 0)
		return -errno;
	return t->vnet ? len - (ssize_t)sizeof *h : len;
}

/* Puts len bytes into p, pages included, and the next read gets new ones. Without memory for a list of fragments the page
 * stays ours. */
static enum drop take_frame(struct tap_queue *t, struct lcore *lc, struct pkt *p, uint32_t len)
{
	p->head_len = MIN(len, (uint32_t)(BUF_HEAD_SIZE - BUF_HEADROOM));
	p->len = p->head_len;
	for (unsigned i = 0; p->len < len; i++) {
		uint32_t n = MIN(len - p->len, (uint32_t)BUF_PAGE_SIZE);
		if (!pkt_add_frag(lc, p, t->page[i], 0, n))
			return DROP_NO_MEMORY;
		t->page[i] = NULL;
	}
	return len < ETH_HLEN ? DROP_TRUNCATED : DROP_NONE;
}

static unsigned tap_receive(struct hostdev_queue *q, struct worker *w)
{
	static const struct virtio_net_hdr nothing;
	struct tap_queue *t = tap_of(q);
	struct hostdev *d = q->dev;
	struct pkt *batch[TAP_BATCH];
	unsigned n = 0, work = 0;
	if (likely(!q->readable))
		return 0;
	for (; work < TAP_BATCH; work++) {
		struct virtio_net_hdr h = nothing;
		if (!refill(t, w->lc))
			break; /* it waits in the device until buffers come back */
		ssize_t len = read_frame(t, &h);
		if (len == -EAGAIN || len == -EINTR || len == -EBADFD) {
			q->readable = false;
			if (len == -EBADFD)
				hostdev_lost(q, w);
			break;
		}
		if (len < 0) { /* no frame was taken from the device */
			racy_add(iface_stats_of(d->ifc, w)->rx_errors, 1);
			continue;
		}
		struct pkt *p = t->pkt;
		t->pkt = NULL;
		enum drop why = take_frame(t, w->lc, p, (uint32_t)len);
		if (!why)
			why = vnet_parse(&h, p);
		if (why)
			hostdev_drop_rx(d, w, p, why);
		else
			batch[n++] = p;
	}
	if (n)
		hostdev_input(q, w, batch, n);
	return work;
}

/* --- send --- */

static enum drop write_frame(struct tap_queue *t, struct worker *w, struct pkt *p)
{
	struct virtio_net_hdr h;
	struct iovec iov[PKT_FRAGS_MAX + 4];
	uint8_t head[ETH_ALEN * 2 + 4];
	unsigned n = 0, tag = p->vlan_proto ? 4 : 0;
	if (p->head_len < ETH_HLEN)
		return DROP_TRUNCATED;
	if (t->vnet) {
		vnet_emit(p, tag, &h);
		iov[n++] = (struct iovec){ &h, sizeof h };
	}
	uint8_t *rest = p->data;
	if (tag) { /* the tag goes behind the addresses */
		const uint8_t vlan[4] = { (uint8_t)(p->vlan_proto >> 8), (uint8_t)p->vlan_proto,
					  (uint8_t)(p->vlan_tci >> 8), (uint8_t)p->vlan_tci };
		memcpy(head, p->data, ETH_ALEN * 2);
		memcpy(head + ETH_ALEN * 2, vlan, sizeof vlan);
		iov[n++] = (struct iovec){ head, sizeof head };
		rest += ETH_ALEN * 2;
	}
	iov[n++] = (struct iovec){ rest, p->head_len - (size_t)(rest - p->data) };
	for (unsigned i = 0; i < p->n_frags; i++)
		iov[n++] = (struct iovec){ p->frags[i].buf->mem + p->frags[i].off, p->frags[i].len };
	if (likely(writev(t->q.fd, iov, (int)n) >= 0))
		return DROP_NONE;
	if (errno == EBADFD)
		hostdev_lost(&t->q, w);
	return errno == EAGAIN || errno == ENOBUFS ? DROP_TX_FULL : DROP_TX_ERROR;
}

static void tap_send(struct hostdev_queue *q, struct worker *w, struct pkt *const *p, unsigned n)
{
	racy_add(q->stats.tx_kicks, n);
	for (unsigned i = 0; i < n; i++) {
		enum drop why = write_frame(tap_of(q), w, p[i]);
		if (unlikely(why))
			hostdev_drop_tx(q->dev, w, p[i], why);
		else
			pkt_free(w->lc, p[i]);
	}
}

/* --- coming and going --- */

static int tap_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0; /* leat's end has it; the kernel's end has another */
}

static void tap_stop(struct iface *ifc)
{
	hostdev_stop(ifc->driver);
}

/* Everything tap_open() took; also when it got half of it. */
static void release(struct tap *t)
{
	struct lcore *ctl = t->dev.st->rt->ctl;
	for (unsigned i = 0; i < t->dev.n_queues; i++) {
		struct tap_queue *q = tap_of(t->dev.queue[i]);
		pkt_free(ctl, q->pkt);
		for (unsigned k = 0; k < TAP_PAGES; k++)
			if (q->page[k])
				buf_put(ctl, q->page[k]);
		close(q->q.fd);
		mem_free(q);
	}
	mem_free(t);
}

static void tap_free(struct iface *ifc)
{
	release(ifc->driver);
}

static void tap_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct tap *t = ifc->driver;
	const uint8_t *m = ifc->mac;
	char words[HOSTDEV_WORDS];
	snprintf(to, len, "tap:%s,vnet=%d%s,mac=%02x:%02x:%02x:%02x:%02x:%02x", t->ifname, t->vnet,
		 hostdev_words(&t->dev, words), m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void tap_mode(const struct iface *ifc, char *to, size_t len)
{
	const struct tap *t = ifc->driver;
	snprintf(to, len, "tap %s, %s, one call a frame", t->ifname,
		 t->vnet ? "with virtio-net header" : "plain frames");
}

static const struct iface_ops tap_ops = {
	.kind = "tap",
	.xmit = hostdev_xmit,
	.set_mac = tap_set_mac,
	.stop = tap_stop,
	.free = tap_free,
	.describe = tap_describe,
	.queue = hostdev_queue_stats,
	.mode = tap_mode,
};

/* What the kernel may hand us, and by that what it knows to take: UDP segmentation since Linux 6.2. */
static uint32_t offloads(int fd)
{
	enum {
		BASIC = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_USO = 0x20 | 0x40 /* USO4 | USO6 */
	};
	uint32_t f = IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_SG;
	if (ioctl(fd, TUNSETOFFLOAD, BASIC | TUN_F_USO) == 0)
		return f | IFACE_TX_USO;
	ioctl(fd, TUNSETOFFLOAD, BASIC);
	return f;
}

struct tap_words {
	uint64_t mtu, lcore, queues;
	bool vnet;
	uint8_t mac[6];
};

static const struct dev_option tap_options[] = {
	{ "vnet", DEV_OPT_BOOL, offsetof(struct tap_words, vnet), 0, 1 },
	{ "mtu", DEV_OPT_U64, offsetof(struct tap_words, mtu), ETH_MIN_MTU, ETH_MAX_MTU },
	{ "lcore", DEV_OPT_U64, offsetof(struct tap_words, lcore), 0, LCORE_MAX - 2 },
	{ "queues", DEV_OPT_U64, offsetof(struct tap_words, queues), 1, HOSTDEV_QUEUES_MAX },
	{ "mac", DEV_OPT_MAC, offsetof(struct tap_words, mac), 0, 0 },
	{ 0 },
};

static void choose_mac(struct leat_runtime *rt, uint8_t mac[6])
{
	static const uint8_t none[6];
	if (memcmp(mac, none, sizeof none))
		return;
	rt->ops->random(rt, mac, 6);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 2); /* IEEE 802-2014, 8.4: locally administered, one station */
}

/* --- opening --- */

static int add_queue(struct tap *t, int fd)
{
	struct tap_queue *q = mem_zalloc(&t->dev.st->mem, sizeof *q);
	if (!q) {
		close(fd);
		return -ENOMEM;
	}
	q->vnet = t->vnet;
	hostdev_add_queue(&t->dev, &q->q, fd);
	return 0;
}

static int open_queue(struct tap *t, unsigned flags, char *ret_why, size_t why_len)
{
	flags |= t->vnet ? DEV_TAP_VNET_HDR : 0;
	int fd = t->dev.host->open_tap(t->dev.host, t->ifname, flags, ret_why, why_len);
	return fd < 0 ? fd : add_queue(t, fd);
}

/* A device that exists was made with several queues or with one, for good, and the kernel refuses to attach to it in the other
 * way. Unless somebody asked for a number, what it was made with counts. */
static int open_queues(struct tap *t, const struct tap_words *o, char *ret_why, size_t why_len)
{
	bool asked = t->dev.queues_asked = o->queues != UINT64_MAX;
	unsigned n = asked ? (unsigned)o->queues : t->dev.st->n_workers;
	unsigned flags = n > 1 ? DEV_TAP_MULTI_QUEUE : 0;
	int err = open_queue(t, flags, ret_why, why_len);
	if (err == -EINVAL && (n == 1 || !asked)) {
		flags ^= DEV_TAP_MULTI_QUEUE;
		n = 1;
		err = open_queue(t, flags, ret_why, why_len);
	}
	for (unsigned i = 1; i < n && !err; i++)
		err = open_queue(t, flags, ret_why, why_len);
	return err;
}

/* --- going on in another process: of a queue the descriptor is all there is --- */

static void tap_give_state(struct hostdev *d, struct saver *s)
{
}

static int tap_take_state(struct hostdev *d, struct loader *l)
{
	return 0;
}

static const struct hostdev_hand tap_hand = { .give = hand_give_queues,
					      .give_state = tap_give_state,
					      .take_state = tap_take_state };

static int take_queues(struct tap *t)
{
	const struct dev_host *h = t->dev.host;
	size_t n;
	int fd, err = load_list(h->handed, "queues", &n) && n && n <= HOSTDEV_QUEUES_MAX ? 0 : -EINVAL;
	for (size_t i = 0; i < n && !err; i++) {
		err = load_item(h->handed, i) && load_fd(h->handed, "fd", h->handed_fds, &fd)
			      ? add_queue(t, fd)
			      : -EINVAL;
		load_end(h->handed);
	}
	load_end(h->handed);
	return err;
}

static int take_device(struct tap *t, const struct tap_words *o, char *ret_why, size_t why_len)
{
	int err = take_queues(t);
	t->dev.queues_asked = o->queues != UINT64_MAX;
	hand_leave(t->dev.host);
	if (err)
		snprintf(ret_why, why_len, "as it was handed over: %s", strerror(-err));
	return err;
}

/* Registers it. From then on iface_delete() frees t. */
static int tap_add(struct tap *t, const char *ifname, const struct tap_words *o)
{
	uint32_t offloaded = t->vnet ? UINT32_MAX : 0;
	for (unsigned i = 0; i < t->dev.n_queues && t->vnet; i++)
		offloaded &= offloads(t->dev.queue[i]->fd);
	struct iface_new how = { .ops = &tap_ops,
				 .driver = t,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = IFACE_TX_SG | IFACE_TX_VLAN | offloaded,
				 .mtu = (uint32_t)o->mtu,
				 .mtu_min = ETH_MIN_MTU,
				 .mtu_max = ETH_MAX_MTU };
	memcpy(how.mac, o->mac, sizeof how.mac);
	snprintf(how.name, sizeof how.name, "%s", ifname);
	int err = iface_add(t->dev.st, &how, &t->dev.ifc);
	if (err) {
		release(t);
		return err;
	}
	hostdev_place(&t->dev, o->lcore, t->dev.ifc->ifindex);
	err = hostdev_start(&t->dev);
	if (err)
		iface_delete(t->dev.ifc);
	return err;
}

int tap_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why, size_t why_len)
{
	struct tap_words o = { .vnet = true, .mtu = ETH_DATA_LEN, .lcore = UINT64_MAX, .queues = UINT64_MAX };
	struct dev_host *h = container_of(iface_kind_find(st, "tap"), struct dev_host, tap);
	int err = dev_options(tap_options, options, &o, ret_why, why_len);
	if (!err)
		err = hostdev_check_lcore(st, o.lcore, ret_why, why_len);
	if (err)
		return err;
	choose_mac(st->rt, o.mac);
	struct tap *t = mem_zalloc(&st->mem, sizeof *t);
	if (!t)
		return -ENOMEM;
	snprintf(t->ifname, sizeof t->ifname, "%s", ifname);
	t->vnet = o.vnet;
	t->dev.st = st;
	t->dev.host = h;
	t->dev.send = tap_send;
	t->dev.receive = tap_receive;
	t->dev.hand = &tap_hand;
	t->dev.ifname = t->ifname;
	if (hand_enter(h, "tap", t->ifname))
		err = take_device(t, &o, ret_why, why_len);
	else
		err = open_queues(t, &o, ret_why, why_len);
	if (!err)
		return tap_add(t, ifname, &o);
	release(t);
	return err;
}
