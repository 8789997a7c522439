/* SPDX-License-Identifier: BSD-2-Clause */
/* How an AF_PACKET device comes and goes. */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dev/af_packet.h"
#include "dev/options.h"

/* Slots of all queues together, unless somebody asks for another number per queue. */
enum { FRAME_LARGE = ETH_HLEN + 4 + 65535, RX_SLOTS_LARGE = 255, TX_SLOTS_LARGE = 120, SLOTS_SMALL = 1024 };
enum { RX_SLOTS_V3 = 2048, RX_SLOTS_MIN = 150, TX_SLOTS_MIN = 30 };
enum { SLOTS_LEAST = 16, SLOTS_MOST = 65536 }; /* that one may ask for */

static struct af_packet *af_packet_of(const struct hostdev *d)
{
	return container_of(d, struct af_packet, dev);
}

static uint32_t features_of(const struct hostdev *d, const struct hostlink *link)
{
	uint32_t always = IFACE_TX_SG | IFACE_TX_VLAN;
	return af_packet_of(d)->vnet ? always | IFACE_TX_CSUM | link->features : always;
}

static uint32_t mtu_most(const struct hostdev *d, uint32_t mtu)
{
	if (af_packet_of(d)->vnet)
		return mtu;
	return MIN(mtu, packet_queue_of(d->queue[0])->frame_max - ETH_HLEN - 4);
}

static int packet_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	struct af_packet *a = ifc->driver;
	return hostfollow_set_mac(&a->follow, mac);
}

/* --- going --- */

static void packet_stop(struct iface *ifc)
{
	struct af_packet *a = ifc->driver;
	struct leat_runtime *rt = ifc->st->rt;
	hostdev_stop(&a->dev);
	rt->ops->pause(rt);
	for (unsigned i = 0; i < a->dev.n_queues; i++) {
		struct packet_queue *q = packet_queue_of(a->dev.queue[i]);
		lcore_timer_stop(hostdev_worker(&q->q)->lc, &q->retry);
		af_packet_give_up(q, hostdev_worker(&q->q), DROP_IF_GONE);
	}
	rt->ops->resume(rt);
	hostfollow_stop(&a->follow);
}

/* Everything af_packet_open() took, in reverse; also when it got half of it. */
static void release(struct af_packet *a)
{
	bool held = a->dev.n_queues > 0;
	for (unsigned i = 0; i < a->dev.n_queues; i++) {
		struct packet_queue *q = packet_queue_of(a->dev.queue[i]);
		packet_rings_unmap(&q->ring);
		mem_uncharge(&a->dev.st->mem, q->charged_bytes);
		close(q->q.fd);
		mem_free(q);
	}
	hostfollow_done(&a->follow);
	if (held)
		a->dev.host->give_back(a->dev.host, a->follow.ifname);
	mem_free(a);
}

static void packet_free(struct iface *ifc)
{
	release(ifc->driver);
}

/* --- saying what it is --- */

static const struct {
	const char *word;
	unsigned type;
} fanouts[] = {
	{ "hash", PACKET_FANOUT_HASH },
	{ "cpu", PACKET_FANOUT_CPU },
	{ "qm", PACKET_FANOUT_QM },
};

static const char *fanout_word(unsigned type)
{
	unsigned i = 0;
	while (fanouts[i].type != type)
		i++;
	return fanouts[i].word;
}

static void packet_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct af_packet *a = ifc->driver;
	char words[HOSTDEV_WORDS], slots[24] = "", fanout[24] = "", split[24] = "";
	if (a->slots_asked)
		snprintf(slots, sizeof slots, ",slots=%u", a->slots_asked);
	if (a->fanout != PACKET_FANOUT_HASH)
		snprintf(fanout, sizeof fanout, ",fanout=%s", fanout_word(a->fanout));
	if (a->split)
		snprintf(split, sizeof split, ",split=%u", a->split);
	snprintf(to, len, "af_packet:%s,vnet=%d,ring=%u%s%s%s%s", a->follow.ifname, a->vnet, a->version,
		 hostdev_words(&a->dev, words), slots, fanout, split);
}

static void packet_mode(const struct iface *ifc, char *to, size_t len)
{
	const struct af_packet *a = ifc->driver;
	const struct packet_rings *r = &packet_queue_of(a->dev.queue[0])->ring;
	char in[64], fanout[32] = "";
	if (a->version == 3)
		snprintf(in, sizeof in, "%u blocks of %u KiB", r->blocks.n, r->blocks.block_size >> 10);
	else
		snprintf(in, sizeof in, "%u slots", r->rx.n);
	if (a->dev.n_queues > 1)
		snprintf(fanout, sizeof fanout, ", spread by %s", fanout_word(a->fanout));
	snprintf(to, len, "packet rings version %u, %s in, %u slots out%s", a->version, in, r->tx.n, fanout);
}

static bool packet_link(const struct iface *ifc, struct iface_link *ret)
{
	const struct af_packet *a = ifc->driver;
	return hostfollow_link(&a->follow, ret);
}

static void packet_ring_sizes(const struct iface *ifc, struct iface_rings *ret)
{
	const struct af_packet *a = ifc->driver;
	const struct packet_rings *r = &packet_queue_of(a->dev.queue[0])->ring;
	uint32_t rx = a->version == 3 ? r->blocks.n : r->rx.n;
	*ret = (struct iface_rings){ .rx = rx,
				     .rx_max = SLOTS_MOST,
				     .tx = r->tx.n,
				     .tx_max = SLOTS_MOST,
				     .rx_wait_us = a->version == 3 ? PACKET_RETIRE_MS * 1000 : 0 };
}

static const struct iface_ops packet_ops = {
	.kind = "af_packet",
	.xmit = hostdev_xmit,
	.set_mac = packet_set_mac,
	.stop = packet_stop,
	.free = packet_free,
	.describe = packet_describe,
	.queue = hostdev_queue_stats,
	.mode = packet_mode,
	.link = packet_link,
	.rings = packet_ring_sizes,
};

/* --- coming --- */

struct packet_words {
	uint64_t lcore, queues, slots, ring, split;
	char fanout[8];
	bool vnet;
};

static const struct dev_option packet_options[] = {
	{ "vnet", DEV_OPT_BOOL, offsetof(struct packet_words, vnet), 0, 1 },
	{ "lcore", DEV_OPT_U64, offsetof(struct packet_words, lcore), 0, LCORE_MAX - 2 },
	{ "queues", DEV_OPT_U64, offsetof(struct packet_words, queues), 1, HOSTDEV_QUEUES_MAX },
	{ "fanout", DEV_OPT_STR, offsetof(struct packet_words, fanout), 1, 8 },
	{ "ring", DEV_OPT_U64, offsetof(struct packet_words, ring), 2, 3 },
	{ "slots", DEV_OPT_U64, offsetof(struct packet_words, slots), SLOTS_LEAST, SLOTS_MOST },
	{ "split", DEV_OPT_U64, offsetof(struct packet_words, split), 1, 65535 },
	{ 0 },
};

static int set_option(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof value) ? -errno : 0;
}

/* Before the rings, which fix the layout, and before the bind, which starts the flow. */
static int set_options(const struct af_packet *a, int fd)
{
	const struct {
		int name, value;
	} opts[] = {
		{ PACKET_VERSION, a->version == 3 ? TPACKET_V3 : TPACKET_V2 },
		{ PACKET_VNET_HDR, a->vnet },
		{ PACKET_IGNORE_OUTGOING, 1 },
		{ PACKET_QDISC_BYPASS, 1 },
		{ PACKET_LOSS, 1 },
	};
	int err = 0;
	for (unsigned i = 0; !err && i < ARRAY_SIZE(opts); i++)
		err = set_option(fd, opts[i].name, opts[i].value);
	return err;
}

/* The memory of a device with default sizes does not grow with its queues. */
static int map_rings(const struct af_packet *a, struct packet_queue *q, unsigned n_queues)
{
	uint32_t rx = a->version == 3 ? RX_SLOTS_V3 : a->vnet ? RX_SLOTS_LARGE : SLOTS_SMALL;
	uint32_t tx = a->vnet ? TX_SLOTS_LARGE : SLOTS_SMALL;
	rx = a->slots_asked ? a->slots_asked : MAX(rx / n_queues, (uint32_t)RX_SLOTS_MIN);
	tx = MAX(tx / n_queues, (uint32_t)TX_SLOTS_MIN);
	q->frame_max = a->vnet ? FRAME_LARGE : a->follow.link.mtu + ETH_HLEN + 4;
	int err = packet_rings_map(q->q.fd, a->version, q->frame_max, rx, tx, &q->ring);
	if (err)
		return err;
	err = mem_charge(&a->dev.st->mem, q->ring.len_bytes);
	q->charged_bytes = err ? 0 : q->ring.len_bytes;
	return err;
}

static int bind_to(const struct af_packet *a, int fd)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = __builtin_bswap16(ETH_P_ALL),
				  .sll_ifindex = (int)a->follow.ifindex };
	return bind(fd, (struct sockaddr *)&ll, sizeof ll) ? -errno : 0;
}

/* The group's number is the kernel's choice for the first of them, and asked for by the others. */
static int join_fanout(const struct af_packet *a, int fd)
{
	int first = a->dev.queue[0]->fd;
	uint32_t word = 0;
	socklen_t len = sizeof word;
	if (fd == first)
		return set_option(fd, PACKET_FANOUT, (int)((a->fanout | PACKET_FANOUT_FLAG_UNIQUEID) << 16));
	if (getsockopt(first, SOL_PACKET, PACKET_FANOUT, &word, &len))
		return -errno;
	return set_option(fd, PACKET_FANOUT, (int)((word & 0xffff) | a->fanout << 16));
}

static int set_up_queue(const struct af_packet *a, struct packet_queue *q, unsigned n_queues,
			const char **ret_step)
{
	*ret_step = "packet socket options";
	int err = set_options(a, q->q.fd);
	if (err)
		return err;
	*ret_step = "the rings (memory; see slots=N and --budget)";
	err = map_rings(a, q, n_queues);
	if (err)
		return err;
	*ret_step = "bind";
	err = bind_to(a, q->q.fd);
	if (err || n_queues == 1)
		return err;
	*ret_step = "fanout";
	return join_fanout(a, q->q.fd);
}

/* From then on the descriptor is the queue's. */
struct packet_queue *af_packet_add_queue(struct af_packet *a, int fd)
{
	struct packet_queue *q = mem_zalloc(&a->dev.st->mem, sizeof *q);
	if (!q) {
		close(fd);
		return NULL;
	}
	q->vnet = a->vnet;
	q->split = a->split;
	af_packet_init_queue(q);
	hostdev_add_queue(&a->dev, &q->q, fd);
	return q;
}

/* Queue 0 is there: its socket came with the interface. */
static int open_queues(struct af_packet *a, unsigned n, char *ret_why, size_t why_len)
{
	struct dev_host *h = a->dev.host;
	const char *step = "reading its state";
	a->follow.sock = a->dev.queue[0]->fd;
	int err = hostfollow_init(&a->follow);
	if (!err)
		err = set_up_queue(a, packet_queue_of(a->dev.queue[0]), n, &step);
	for (unsigned i = 1; i < n && !err; i++) {
		int fd = h->open_queue(h, a->follow.ifname, i, -1, ret_why, why_len);
		if (fd < 0)
			return fd;
		struct packet_queue *q = af_packet_add_queue(a, fd);
		err = q ? set_up_queue(a, q, n, &step) : -ENOMEM;
	}
	if (err)
		snprintf(ret_why, why_len, "%s: %s", step, strerror(-err));
	return err;
}

/* Registers it. From then on iface_delete() releases a. */
static int add_iface(struct af_packet *a, uint64_t lcore)
{
	struct iface_new how = { .ops = &packet_ops, .driver = a };
	hostfollow_fill(&a->follow, &how);
	int err = iface_add(a->dev.st, &how, &a->dev.ifc);
	if (err) {
		release(a);
		return err;
	}
	hostdev_place(&a->dev, lcore, a->dev.ifc->ifindex);
	err = hostdev_start(&a->dev);
	if (!err)
		err = hostfollow_start(&a->follow);
	if (err)
		iface_delete(a->dev.ifc);
	return err;
}

static int read_options(const struct leat_stack *st, const char *options, struct packet_words *o,
			unsigned *ret_fanout, char *ret_why, size_t why_len)
{
	int err = dev_options(packet_options, options, o, ret_why, why_len);
	if (!err)
		err = hostdev_check_lcore(st, o->lcore, ret_why, why_len);
	if (err)
		return err;
	for (unsigned i = 0; i < ARRAY_SIZE(fanouts); i++)
		if (!strcmp(o->fanout, fanouts[i].word)) {
			*ret_fanout = fanouts[i].type;
			return 0;
		}
	snprintf(ret_why, why_len, "option \"fanout\" is hash, cpu or qm, not \"%s\"", o->fanout);
	return -EINVAL;
}

/* Another process has held it so far. */
static int take_device(struct af_packet *a, char *ret_why, size_t why_len)
{
	int err = af_packet_take(a);
	hand_leave(a->dev.host);
	if (!err) {
		a->follow.sock = a->dev.queue[0]->fd;
		a->follow.taken = true;
		err = hostfollow_init(&a->follow);
	}
	if (err)
		snprintf(ret_why, why_len, "as it was handed over: %s", strerror(-err));
	return err;
}

static int open_device(struct af_packet *a, unsigned n_queues, char *ret_why, size_t why_len)
{
	struct dev_host *h = a->dev.host;
	if (hand_enter(h, "af_packet", a->follow.ifname))
		return take_device(a, ret_why, why_len);
	int fd = h->hold_interface(h, a->follow.ifname, a->vnet ? 0 : DEV_HOLD_PLAIN, ret_why, why_len);
	if (fd < 0)
		return fd;
	if (af_packet_add_queue(a, fd))
		return open_queues(a, n_queues, ret_why, why_len);
	h->give_back(h, a->follow.ifname);
	return -ENOMEM;
}

int af_packet_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		   size_t why_len)
{
	struct packet_words o = {
		.vnet = true, .lcore = UINT64_MAX, .queues = UINT64_MAX, .ring = 2, .fanout = "hash"
	};
	unsigned fanout;
	int err = read_options(st, options, &o, &fanout, ret_why, why_len);
	if (err)
		return err;
	struct af_packet *a = mem_zalloc(&st->mem, sizeof *a);
	if (!a)
		return -ENOMEM;
	a->vnet = o.vnet;
	a->version = (unsigned)o.ring;
	a->fanout = fanout;
	a->slots_asked = (uint32_t)o.slots;
	a->split = (uint32_t)o.split;
	a->dev.st = st;
	a->dev.host = container_of(iface_kind_find(st, "af_packet"), struct dev_host, af_packet);
	a->dev.hand = &af_packet_hand;
	a->dev.ifname = a->follow.ifname;
	a->dev.send = af_packet_send;
	a->dev.receive = af_packet_receive;
	a->dev.queues_asked = o.queues != UINT64_MAX;
	a->follow = (struct hostfollow){ .dev = &a->dev, .mtu_most = mtu_most, .features = features_of };
	snprintf(a->follow.ifname, sizeof a->follow.ifname, "%s", ifname);
	err = open_device(a, a->dev.queues_asked ? (unsigned)o.queues : st->n_workers, ret_why, why_len);
	if (!err)
		return add_iface(a, o.lcore);
	release(a);
	return err;
}
