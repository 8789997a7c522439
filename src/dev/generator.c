/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the frames of the file lie at a fixed pitch in one block. A poller on the worker's lcore takes
 * fresh buffers, copies the next frames into them and hands them in, one vector a turn, as a driver does with what its
 * ring holds; so what it costs beside the stack is an allocation and a copy per packet. When the count is reached it
 * takes itself off the lcore, which then may sleep.
 *
 * The poller comes and goes while workers stand between turns, but for that last step, which is the lcore's own. */
#include "dev/generator.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "dev/options.h"
#include "dev/pcap_file.h"

enum { FRAMES_MAX = 1 << 20, FRAME_MAX = BUF_HEAD_SIZE - BUF_HEADROOM };

struct generator {
	struct poller poller;
	struct iface *ifc;
	struct worker *w;
	struct generator_opts opts;
	uint64_t made; /* read by any thread */
	uint32_t n, next; /* frames of the file, and whose turn it is */
	size_t pitch;
	uint8_t *bytes; /* [n][pitch] */
	uint16_t *len; /* [n] */
};

/* --- on the worker's lcore --- */

static void fill(struct generator *g, struct pkt *p)
{
	p->len = p->head_len = g->len[g->next];
	memcpy(p->data, g->bytes + g->next * g->pitch, p->len);
	if (++g->next == g->n)
		g->next = 0;
}

static unsigned generator_poll(struct poller *poller, struct lcore *lc)
{
	struct generator *g = container_of(poller, struct generator, poller);
	struct pkt *p[PKT_VEC_MAX];
	unsigned n = (unsigned)g->opts.vec;
	if (g->opts.count)
		n = (unsigned)MIN(n, g->opts.count - g->made);
	if (!n) {
		lcore_poll_remove(lc, poller);
		return 0;
	}
	n = pkt_new_bulk(lc, p, n);
	for (unsigned i = 0; i < n; i++)
		fill(g, p[i]);
	racy_set(g->made, g->made + n);
	iface_input(g->w, g->ifc, p, n);
	return MAX(n, 1U); /* without a buffer: come back and look again */
}

static void generator_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	racy_add(iface_stats_of(ifc, w)->tx_errors, n);
	for (unsigned i = 0; i < n; i++)
		graph_drop(w, node_find(w->st, "iface-output"), p[i], DROP_TX_ERROR);
}

/* --- on the control lcore --- */

static void poll_set(struct generator *g, bool on)
{
	struct leat_runtime *rt = g->ifc->st->rt;
	rt->ops->pause(rt);
	if (!list_empty(&g->poller.link))
		lcore_poll_remove(g->w->lc, &g->poller);
	if (on) {
		racy_set(g->made, 0);
		g->next = 0;
		lcore_poll_add(g->w->lc, &g->poller);
	}
	rt->ops->resume(rt);
	if (on)
		rt->ops->wake(rt, g->w->lc);
}

static int generator_up(struct iface *ifc)
{
	poll_set(ifc->driver, true);
	return 0;
}

static void generator_down(struct iface *ifc)
{
	poll_set(ifc->driver, false);
}

static void generator_free(struct iface *ifc)
{
	struct generator *g = ifc->driver;
	mem_free(g->bytes);
	mem_free(g->len);
	mem_free(g);
}

static void generator_describe(const struct iface *ifc, char *to, size_t len)
{
	const struct generator *g = ifc->driver;
	snprintf(to, len, "generator:%s,file=%s,count=%llu,vec=%u,worker=%u", ifc->name, g->opts.file,
		 (unsigned long long)g->opts.count, (unsigned)g->opts.vec, g->w->index);
}

static const struct iface_ops generator_ops = {
	.kind = "generator",
	.xmit = generator_xmit,
	.up = generator_up,
	.down = generator_down,
	.stop = generator_down,
	.free = generator_free,
	.describe = generator_describe,
};

uint64_t generator_made(const struct iface *ifc)
{
	const struct generator *g = ifc->driver;
	return racy_get(g->made);
}

/* --- the file --- */

static int say(char *why, size_t why_len, int err, const char *text)
{
	snprintf(why, why_len, "%s", text);
	return err;
}

/* First pass: how many frames there are and how long the longest is. */
static int file_measure(struct generator *g, char *why, size_t why_len)
{
	struct pcap_pkthdr *h;
	const u_char *b;
	pcap_t *f;
	size_t longest = 0;
	int got, err = pcap_file_open(g->opts.file, &f, why, why_len);
	if (err)
		return err;
	while ((got = pcap_next_ex(f, &h, &b)) == 1 && g->n < FRAMES_MAX && h->caplen >= ETH_HLEN &&
	       h->caplen <= FRAME_MAX) {
		longest = MAX(longest, (size_t)h->caplen);
		g->n++;
	}
	g->pitch = (longest + CACHELINE - 1) / CACHELINE * CACHELINE;
	if (got == 1)
		err = say(why, why_len, -EMSGSIZE,
			  "a frame too short or too long, or more than 2^20 of them");
	else if (got != PCAP_ERROR_BREAK)
		err = say(why, why_len, -EINVAL, pcap_geterr(f));
	else if (!g->n)
		err = say(why, why_len, -EINVAL, "no frame in the file");
	pcap_close(f);
	return err;
}

/* Second pass. The file may have changed since, so nothing of the first is taken for granted but the room. */
static int file_read(struct generator *g, char *why, size_t why_len)
{
	struct pcap_pkthdr *h;
	const u_char *b;
	uint32_t i = 0;
	pcap_t *f;
	int err = pcap_file_open(g->opts.file, &f, why, why_len);
	if (err)
		return err;
	for (; i < g->n && pcap_next_ex(f, &h, &b) == 1 && h->caplen >= ETH_HLEN && h->caplen <= g->pitch;
	     i++) {
		g->len[i] = (uint16_t)h->caplen;
		memcpy(g->bytes + i * g->pitch, b, h->caplen);
	}
	pcap_close(f);
	return i == g->n ? 0 : say(why, why_len, -EAGAIN, "the file changes while it is read");
}

static int frames_load(struct generator *g, struct leat_stack *st, char *why, size_t why_len)
{
	int err = file_measure(g, why, why_len);
	if (err)
		return err;
	g->bytes = mem_zalloc_aligned(&st->mem, g->n * g->pitch, CACHELINE);
	g->len = mem_zalloc(&st->mem, g->n * sizeof *g->len);
	if (!g->bytes || !g->len)
		return say(why, why_len, -ENOMEM, "no memory for the frames");
	return file_read(g, why, why_len);
}

/* --- coming --- */

static int add(struct leat_stack *st, const char *name, struct generator *g)
{
	static const uint8_t none[6];
	struct iface_new how = { .ops = &generator_ops,
				 .driver = g,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .mtu = ETH_DATA_LEN,
				 .mtu_min = ETH_MIN_MTU,
				 .mtu_max = ETH_MAX_MTU };
	snprintf(how.name, sizeof how.name, "%s", name);
	memcpy(how.mac, memcmp(g->opts.mac, none, 6) ? g->opts.mac : g->bytes, 6);
	how.mac[0] &= 0xfe; /* a group's address is nobody's own */
	return iface_add(st, &how, &g->ifc);
}

int generator_new(struct leat_stack *st, const char *name, const struct generator_opts *opts,
		  struct iface **ret, char *ret_why, size_t why_len)
{
	struct generator *g = mem_zalloc(&st->mem, sizeof *g);
	if (!g)
		return say(ret_why, why_len, -ENOMEM, "no memory");
	int err = opts->worker < st->n_workers && opts->vec <= PKT_VEC_MAX ? 0 : -EINVAL;
	g->opts = *opts;
	g->opts.vec = opts->vec ? opts->vec : PKT_VEC_MAX;
	g->poller.poll = generator_poll;
	list_init(&g->poller.link);
	if (err)
		say(ret_why, why_len, err, "no such worker, or vectors that long");
	else
		err = frames_load(g, st, ret_why, why_len);
	if (err)
		goto free_generator;
	g->w = st->worker[opts->worker];
	err = add(st, name, g);
	if (err) {
		say(ret_why, why_len, err, strerror(-err));
		goto free_generator;
	}
	if (ret)
		*ret = g->ifc;
	return 0;
free_generator:
	mem_free(g->bytes);
	mem_free(g->len);
	mem_free(g);
	return err;
}

static const struct dev_option generator_options[] = {
	{ "file", DEV_OPT_STR, offsetof(struct generator_opts, file), 0,
	  sizeof(((struct generator_opts *)0)->file) },
	{ "count", DEV_OPT_U64, offsetof(struct generator_opts, count), 0, UINT64_MAX },
	{ "vec", DEV_OPT_U64, offsetof(struct generator_opts, vec), 1, PKT_VEC_MAX },
	{ "worker", DEV_OPT_U64, offsetof(struct generator_opts, worker), 0, LCORE_MAX },
	{ "mac", DEV_OPT_MAC, offsetof(struct generator_opts, mac), 0, 0 },
	{ 0 },
};

static int generator_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
			  size_t why_len)
{
	struct generator_opts o = { 0 };
	int err = dev_options(generator_options, options, &o, ret_why, why_len);
	if (err)
		return err;
	if (!o.file[0])
		return say(ret_why, why_len, -EINVAL, "frames are wanted: file=PATH");
	return generator_new(st, ifname, &o, NULL, ret_why, why_len);
}

const struct iface_kind generator_kind = { .name = "generator", .open = generator_open };
