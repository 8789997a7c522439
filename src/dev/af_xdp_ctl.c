/* SPDX-License-Identifier: BSD-2-Clause */
/* How an AF_XDP device comes and goes.
 *
 * Theory of operation: three modes, best first. Zero-copy: the device itself reads and writes frames of the umem. Copy: its
 * driver runs the program on every frame and the kernel copies between its buffers and ours. Generic: for drivers without
 * XDP, the same in front of the kernel's stack. Each refusal is kept for `leat dev`.
 *
 * One umem serves all queues of the device, and those of other devices on the same arena where the kernel allows: all of them
 * have the mode of the first then. So a device that could do without copies does not join one that copies; what it got is
 * tried in the order of open_first(). Each try has a new socket: one that has registered a umem cannot share another's. */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dev/af_xdp.h"
#include "dev/options.h"

enum { SLOTS_DEFAULT = 1024, TAGS_MAX = 8, VLAN_TAG = 4, XDP_HEADROOM = 256 };
enum { SLOTS_LEAST = 64, SLOTS_MOST = 16384 }; /* that one may ask for */

static struct af_xdp *af_xdp_of(const struct hostdev *d)
{
	return container_of(d, struct af_xdp, dev);
}

static bool asked_for(const struct af_xdp *a, const char *mode)
{
	return !strcmp(a->mode_asked, mode);
}

/* Neither sums nor segments; the kernel has no way yet to ask an AF_XDP device for more on the way out than single fields of a
 * few drivers. */
static uint32_t features_of(const struct hostdev *d, const struct hostlink *link)
{
	return IFACE_TX_SG;
}

static uint32_t mtu_most(const struct hostdev *d, uint32_t mtu)
{
	uint32_t most = ARENA_FRAME_SIZE - XDP_HEADROOM - ETH_HLEN - TAGS_MAX * VLAN_TAG;
	uint32_t ours = af_xdp_of(d)->sg ? mtu : MIN(mtu, most);
	for (unsigned i = 0; i < d->n_queues; i++)
		racy_set(xdp_queue_of(d->queue[i])->frame_max, ours + ETH_HLEN + TAGS_MAX * VLAN_TAG);
	return ours;
}

static int xdp_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	struct af_xdp *a = ifc->driver;
	return hostfollow_set_mac(&a->follow, mac);
}

/* --- going --- */

static void xdp_stop(struct iface *ifc)
{
	struct af_xdp *a = ifc->driver;
	hostdev_stop(&a->dev);
	hostfollow_stop(&a->follow);
}

/* What was on its way to the device when it stopped may have set timers since. */
static void close_queue(struct af_xdp *a, struct xdp_queue *x)
{
	struct leat_runtime *rt = a->dev.st->rt;
	struct worker *w = hostdev_worker(&x->q);
	xsk_close(&x->xsk);
	rt->ops->pause(rt);
	if (x->arena) {
		lcore_timer_stop(w->lc, &x->reap);
		lcore_timer_stop(w->lc, &x->ask);
		af_xdp_take_back(x, w, DROP_IF_GONE);
	}
	rt->ops->resume(rt);
	mem_free(x->slot);
	mem_free(x);
}

/* Everything af_xdp_open() took, in reverse; also when it got half of it. */
static void release(struct af_xdp *a)
{
	list_remove(&a->user);
	for (unsigned i = 0; i < a->dev.n_queues; i++)
		close_queue(a, xdp_queue_of(a->dev.queue[i]));
	if (a->arena)
		pkt_arena_put(a->arena, a->need);
	hostfollow_done(&a->follow);
	if (a->keep >= 0)
		close(a->keep);
	if (a->held) {
		close(a->follow.sock);
		a->dev.host->give_back(a->dev.host, a->follow.ifname);
	}
	mem_free(a);
}

static void xdp_free(struct iface *ifc)
{
	release(ifc->driver);
}

/* --- saying what it is --- */

static void xdp_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct af_xdp *a = ifc->driver;
	char words[HOSTDEV_WORDS], slots[24] = "", mode[24] = "";
	if (a->slots_asked)
		snprintf(slots, sizeof slots, ",slots=%u", a->slots);
	if (!asked_for(a, "auto"))
		snprintf(mode, sizeof mode, ",mode=%s", a->mode_asked);
	snprintf(to, len, "af_xdp:%s%s%s%s", a->follow.ifname, hostdev_words(&a->dev, words), slots, mode);
}

static void xdp_mode(const struct iface *ifc, char *to, size_t len)
{
	const struct af_xdp *a = ifc->driver;
	const char *name = a->zerocopy ? "zero-copy" : a->generic ? "generic" : "copy in the driver";
	const char *why = a->zerocopy ? "" : a->generic ? a->driver_why : a->zerocopy_why;
	why = a->zerocopy || *why ? why : asked_for(a, "auto") ? "as the umem it shares" : "asked for";
	snprintf(to, len, "AF_XDP %s%s%s%s, %s, umem %s", name, *why ? " (" : "", why, *why ? ")" : "",
		 a->sg ? "frames of several buffers" : "frames of one buffer",
		 a->shared ? "shared with other devices" : "of its own");
}

static bool xdp_link(const struct iface *ifc, struct iface_link *ret)
{
	const struct af_xdp *a = ifc->driver;
	return hostfollow_link(&a->follow, ret);
}

static void xdp_ring_sizes(const struct iface *ifc, struct iface_rings *ret)
{
	const struct af_xdp *a = ifc->driver;
	*ret = (struct iface_rings){
		.rx = a->slots, .rx_max = SLOTS_MOST, .tx = a->slots, .tx_max = SLOTS_MOST
	};
}

static const struct iface_ops xdp_ops = {
	.kind = "af_xdp",
	.xmit = hostdev_xmit,
	.set_mac = xdp_set_mac,
	.stop = xdp_stop,
	.free = xdp_free,
	.describe = xdp_describe,
	.queue = hostdev_queue_stats,
	.mode = xdp_mode,
	.link = xdp_link,
	.rings = xdp_ring_sizes,
};

/* --- sockets --- */

/* How a socket is tried; flags: those of the binds, best first. */
struct attempt {
	int shared_fd; /* -1: a umem of its own */
	unsigned n;
	unsigned flags[4];
};

/* The reason why not even the first was had; only of those that were asked for without copies. */
static void note_refusal(struct af_xdp *a, unsigned flags, int err)
{
	if (flags & XDP_ZEROCOPY)
		snprintf(a->zerocopy_why, sizeof a->zerocopy_why, "zero-copy: %s", strerror(-err));
}

/* *ret_flags: of the bind that was taken. 0, or -errno with x->xsk closed again. */
static int try(struct af_xdp *a, struct xdp_queue *x, const struct attempt *t, unsigned *ret_flags, char *why,
	       size_t why_len)
{
	struct dev_host *h = a->dev.host;
	struct xsk_bind b = { .ifindex = a->follow.ifindex, .queue = x->q.index, .shared_fd = t->shared_fd };
	int umem_fd = t->shared_fd < 0 ? a->arena->fd : -1;
	int fd = h->open_queue(h, a->follow.ifname, x->q.index, umem_fd, why, why_len);
	if (fd < 0)
		return fd;
	int err = xsk_open(&x->xsk, fd, a->slots);
	if (err)
		snprintf(why, why_len, "AF_XDP rings: %s (see slots=N)", strerror(-err));
	for (unsigned i = 0; i < t->n && !err; i++) {
		b.flags = *ret_flags = t->flags[i];
		err = xsk_bind(&x->xsk, &b);
		if (!err)
			break;
		note_refusal(a, b.flags, err);
		snprintf(why, why_len, "the kernel refuses an AF_XDP socket on queue %u: %s", x->q.index,
			 strerror(-err));
		err = i + 1 < t->n ? 0 : err;
	}
	if (err)
		xsk_close(&x->xsk);
	else
		x->q.fd = fd;
	return err;
}

static struct af_xdp *other_user(const struct af_xdp *a)
{
	struct af_xdp *o;
	list_for_each (o, &a->arena->users, user)
		if (o->follow.link.present)
			return o;
	return NULL;
}

static void add_rungs(struct attempt *t, unsigned how)
{
	t->flags[t->n++] = how | XDP_USE_SG;
	t->flags[t->n++] = how;
}

static int try_own(struct af_xdp *a, struct xdp_queue *x, bool zerocopy, bool copy, char *why, size_t why_len)
{
	struct attempt t = { .shared_fd = -1 };
	unsigned flags;
	if (zerocopy && !a->generic && !asked_for(a, "copy"))
		add_rungs(&t, XDP_ZEROCOPY);
	if (copy && !asked_for(a, "zerocopy"))
		add_rungs(&t, XDP_COPY);
	int err = t.n ? try(a, x, &t, &flags, why, why_len) : -EOPNOTSUPP;
	if (err)
		return err;
	a->zerocopy = flags & XDP_ZEROCOPY;
	a->sg = flags & XDP_USE_SG;
	return 0;
}

static int try_shared(struct af_xdp *a, struct xdp_queue *x, const struct af_xdp *with, char *why,
		      size_t why_len)
{
	const struct attempt t = { .shared_fd = with->dev.queue[0]->fd, .n = 1 };
	unsigned flags;
	if (with->zerocopy ? a->generic || asked_for(a, "copy") : asked_for(a, "zerocopy"))
		return -EOPNOTSUPP;
	int err = try(a, x, &t, &flags, why, why_len);
	if (err)
		return err;
	a->zerocopy = with->zerocopy;
	a->sg = with->sg;
	a->shared = true;
	return 0;
}

static int open_first(struct af_xdp *a, struct xdp_queue *x, char *why, size_t why_len)
{
	const struct af_xdp *with = other_user(a);
	if (!with)
		return try_own(a, x, true, true, why, why_len);
	if (with->zerocopy && !try_shared(a, x, with, why, why_len))
		return 0;
	if (!try_own(a, x, true, false, why, why_len))
		return 0;
	if (!with->zerocopy && !try_shared(a, x, with, why, why_len))
		return 0;
	return try_own(a, x, false, true, why, why_len);
}

static int open_socket(struct af_xdp *a, struct xdp_queue *x, char *why, size_t why_len)
{
	struct attempt t = { .n = 1 };
	unsigned flags;
	if (x->q.index == 0)
		return open_first(a, x, why, why_len);
	t.shared_fd = a->dev.queue[0]->fd;
	return try(a, x, &t, &flags, why, why_len);
}

/* --- queues --- */

/* Queues first, for their homes; then memory by home; then sockets. */
int af_xdp_add_queues(struct af_xdp *a, unsigned n, uint64_t lcore)
{
	struct mem_account *mem = &a->dev.st->mem;
	for (unsigned i = 0; i < n; i++) {
		struct xdp_queue *x = mem_zalloc(mem, sizeof *x);
		if (!x)
			return -ENOMEM;
		x->xsk.fd = -1;
		hostdev_add_queue(&a->dev, &x->q, -1);
	}
	hostdev_place(&a->dev, lcore, a->follow.ifindex);
	/* The kernel's frames, and as many for what is under way. */
	for (unsigned i = 0; i < n; i++)
		a->need[hostdev_worker(a->dev.queue[i])->lc->id] += 2 * a->slots;
	return 0;
}

int af_xdp_set_up_queue(struct af_xdp *a, struct xdp_queue *x)
{
	x->arena = a->arena;
	x->shelf = &a->arena->shelf[hostdev_worker(&x->q)->lc->id];
	x->user = ++a->arena->next_user;
	x->slot = mem_zalloc(&a->dev.st->mem, a->slots * sizeof *x->slot);
	x->n_slots = x->slot ? a->slots : 0;
	af_xdp_init_queue(x);
	return x->slot ? 0 : -ENOMEM;
}

static int open_queues(struct af_xdp *a, char *why, size_t why_len)
{
	struct leat_runtime *rt = a->dev.st->rt;
	int err = pkt_arena_get(rt, a->need, &a->arena);
	for (unsigned i = 0; i < a->dev.n_queues && !err; i++)
		err = af_xdp_set_up_queue(a, xdp_queue_of(a->dev.queue[i]));
	if (err) {
		snprintf(why, why_len, "memory for its frames: %s (see slots=N and --budget)",
			 strerror(-err));
		return err;
	}
	for (unsigned i = 0; i < a->dev.n_queues && !err; i++)
		err = open_socket(a, xdp_queue_of(a->dev.queue[i]), why, why_len);
	for (unsigned i = 0; i < a->dev.n_queues; i++)
		xdp_queue_of(a->dev.queue[i])->sg = a->sg;
	return err;
}

/* --- coming --- */

struct xdp_words {
	uint64_t lcore, queues, slots;
	char mode[12];
};

static const struct dev_option xdp_options[] = {
	{ "queues", DEV_OPT_U64, offsetof(struct xdp_words, queues), 1, HOSTDEV_QUEUES_MAX },
	{ "lcore", DEV_OPT_U64, offsetof(struct xdp_words, lcore), 0, LCORE_MAX - 2 },
	{ "mode", DEV_OPT_STR, offsetof(struct xdp_words, mode), 1, 12 },
	{ "slots", DEV_OPT_U64, offsetof(struct xdp_words, slots), SLOTS_LEAST, SLOTS_MOST },
	{ 0 },
};

static int read_options(const struct leat_stack *st, const char *options, struct xdp_words *o, char *ret_why,
			size_t why_len)
{
	static const char *const modes[] = { "auto", "zerocopy", "copy", "generic" };
	int err = dev_options(xdp_options, options, o, ret_why, why_len);
	if (!err)
		err = hostdev_check_lcore(st, o->lcore, ret_why, why_len);
	if (err)
		return err;
	if (o->slots & (o->slots - 1)) {
		snprintf(ret_why, why_len, "slots=%llu: a power of two is wanted",
			 (unsigned long long)o->slots);
		return -EINVAL;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(o->mode, modes[i]))
			return 0;
	snprintf(ret_why, why_len, "option \"mode\" is auto, zerocopy, copy or generic, not \"%s\"", o->mode);
	return -EINVAL;
}

/* The program is attached from here on. */
static int hold(struct af_xdp *a, char *ret_why, size_t why_len)
{
	struct dev_host *h = a->dev.host;
	unsigned flags = DEV_HOLD_PLAIN | DEV_HOLD_XDP | (asked_for(a, "generic") ? DEV_HOLD_GENERIC : 0);
	char why[256] = "";
	int fd = h->hold_interface(h, a->follow.ifname, flags, why, sizeof why);
	if (fd < 0) {
		snprintf(ret_why, why_len, "%s", why);
		return fd;
	}
	a->held = true;
	a->follow.sock = fd;
	a->generic = *why || asked_for(a, "generic");
	snprintf(a->driver_why, sizeof a->driver_why, "%s", why);
	if (a->generic && (asked_for(a, "copy") || asked_for(a, "zerocopy"))) {
		snprintf(ret_why, why_len, "mode=%s: %s", a->mode_asked, why);
		return -EOPNOTSUPP;
	}
	a->keep = h->open_queue(h, a->follow.ifname, DEV_QUEUE_KEEP, -1, ret_why, why_len);
	return a->keep < 0 ? a->keep : hostfollow_init(&a->follow);
}

/* Another process has held it so far. */
static int take_device(struct af_xdp *a, uint64_t lcore, char *ret_why, size_t why_len)
{
	int err = af_xdp_take(a, lcore);
	hand_leave(a->dev.host);
	if (err)
		snprintf(ret_why, why_len, "as it was handed over: %s%s", strerror(-err),
			 err == -EXDEV ? " (AF_XDP devices want as many workers as before)" : "");
	return err;
}

static int open_device(struct af_xdp *a, const struct xdp_words *o, char *ret_why, size_t why_len)
{
	if (hand_enter(a->dev.host, "af_xdp", a->follow.ifname))
		return take_device(a, o->lcore, ret_why, why_len);
	int err = hold(a, ret_why, why_len);
	if (err)
		return err;
	unsigned have = hostlink_rx_queues(a->follow.sock, a->follow.ifname);
	unsigned n = a->dev.queues_asked ? (unsigned)o->queues : MIN(have, (unsigned)HOSTDEV_QUEUES_MAX);
	if (n > have) {
		snprintf(ret_why, why_len, "queues=%u: it has %u (see ethtool -l)", n, have);
		return -EINVAL;
	}
	if (n < have)
		rt_log(a->dev.st->rt, LOG_WARN,
		       "%s: what its other %u receive queues take in is lost; see ethtool -L and -X",
		       a->follow.ifname, have - n);
	err = af_xdp_add_queues(a, n, o->lcore);
	return err ? err : open_queues(a, ret_why, why_len);
}

/* Registers it. From then on iface_delete() releases a. */
static int add_iface(struct af_xdp *a)
{
	struct leat_runtime *rt = a->dev.st->rt;
	struct iface_new how = { .ops = &xdp_ops, .driver = a };
	hostfollow_fill(&a->follow, &how);
	int err = iface_add(a->dev.st, &how, &a->dev.ifc);
	if (err) {
		release(a);
		return err;
	}
	list_append(&a->arena->users, &a->user);
	rt->ops->pause(rt);
	for (unsigned i = 0; i < a->dev.n_queues && !a->follow.taken; i++)
		af_xdp_refill(xdp_queue_of(a->dev.queue[i]));
	rt->ops->resume(rt);
	err = hostdev_start(&a->dev);
	if (!err)
		err = hostfollow_start(&a->follow);
	if (err)
		iface_delete(a->dev.ifc);
	return err;
}

int af_xdp_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why, size_t why_len)
{
	struct xdp_words o = { .lcore = UINT64_MAX, .queues = UINT64_MAX, .mode = "auto" };
	int err = read_options(st, options, &o, ret_why, why_len);
	if (err)
		return err;
	struct af_xdp *a = mem_zalloc(&st->mem, sizeof *a);
	if (!a)
		return -ENOMEM;
	list_init(&a->user);
	a->keep = -1;
	a->slots_asked = o.slots;
	a->slots = o.slots ? (uint32_t)o.slots : SLOTS_DEFAULT;
	memcpy(a->mode_asked, o.mode, sizeof a->mode_asked);
	a->dev.st = st;
	a->dev.host = container_of(iface_kind_find(st, "af_xdp"), struct dev_host, af_xdp);
	a->dev.hand = &af_xdp_hand;
	a->dev.ifname = a->follow.ifname;
	a->dev.send = af_xdp_send;
	a->dev.receive = af_xdp_receive;
	a->dev.queues_asked = o.queues != UINT64_MAX;
	a->follow = (struct hostfollow){ .dev = &a->dev, .mtu_most = mtu_most, .features = features_of };
	snprintf(a->follow.ifname, sizeof a->follow.ifname, "%s", ifname);
	err = open_device(a, &o, ret_why, why_len);
	if (!err)
		return add_iface(a);
	release(a);
	return err;
}
