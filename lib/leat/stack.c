/* SPDX-License-Identifier: BSD-2-Clause */
/* Stacks, their devices, their rings. What takes rights is done by a process of its own, the daemon's privileged helper: it lives in
 * the namespace of the devices, and gives them back when this process is gone, however it goes. */
#include "internal.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "dev/mem.h"
#include "stack/stack_modules.h"

enum { AGAIN_US = 1000 };

/* --- the helper --- */

/* It is forked by this thread while it is in that namespace; -1: in its own. */
static int start_helper(struct holder *h, int netns)
{
	int old = netns < 0 ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int err = netns >= 0 && (old < 0 || setns(netns, CLONE_NEWNET)) ? -errno : 0;
	if (!err) {
		err = helper_start(&h->helper, NULL, CALLS_OFF);
		if (netns >= 0 && setns(old, CLONE_NEWNET))
			abort(); /* a thread in a namespace that is not its own would do anything wrong */
	}
	if (old >= 0)
		close(old);
	h->has_helper = !err;
	return err;
}

/* --- stacks --- */

struct new_stack {
	const char *name;
	int netns;
	struct leat_stack *st;
};

static void forget(struct holder *h)
{
	rings_free(h->rings);
	stack_free(h->st);
	if (h->has_helper)
		helper_stop(&h->helper);
	list_remove(&h->link);
	free(h);
}

static int make(struct leat *l, void *arg)
{
	struct new_stack *n = arg;
	struct holder *h = calloc(1, sizeof *h);
	if (!h)
		return -ENOMEM;
	h->l = l;
	list_init(&h->link);
	helper_none(&h->helper);
	int err = stack_new(l->rt, n->name, l->opts.workers, leat_modules, &h->st);
	if (!err) {
		h->st->user = h;
		err = rings_new(h->st, &h->rings);
	}
	if (!err)
		err = start_helper(h, n->netns);
	if (err) {
		forget(h);
		return leat_fails(l, err, "stack %s: %s", n->name, strerror(-err));
	}
	dev_host_register(h->st, &h->helper.host);
	iface_set_up(iface_by_name(h->st, "lo"), true);
	list_append(&l->stacks, &h->link);
	n->st = h->st;
	return 0;
}

int leat_stack_new(struct leat *l, const char *name, const char *netns, struct leat_stack **ret)
{
	struct new_stack n = { .name = name, .netns = netns ? open(netns, O_RDONLY | O_CLOEXEC) : -1 };
	if (netns && n.netns < 0)
		return -errno;
	int err = leat_call(l, make, &n);
	if (netns)
		close(n.netns);
	if (!err)
		*ret = n.st;
	return err;
}

static int unmake(struct leat *l, void *arg)
{
	forget(arg);
	return 0;
}

void leat_stack_free(struct leat_stack *st)
{
	if (st)
		leat_call(holder_of(st)->l, unmake, holder_of(st));
}

/* --- devices --- */

struct new_device {
	struct holder *h;
	const char *words;
};

static int open_device(struct leat *l, void *arg)
{
	const struct new_device *n = arg;
	char words[256], why[WHY] = "", *ifname, *options;
	if (strlen(n->words) >= sizeof words || !strchr(n->words, ':'))
		return leat_fails(l, -EINVAL, "%s: a device is DRIVER:NAME[,OPTION...]", n->words);
	strcpy(words, n->words);
	ifname = strchr(words, ':');
	*ifname++ = 0;
	options = strchr(ifname, ',');
	if (options)
		*options++ = 0;
	struct iface_kind *k = iface_kind_find(n->h->st, words);
	if (!k)
		return leat_fails(l, -ENODEV, "%s: there is no driver \"%s\"", n->words, words);
	int err = k->open(n->h->st, ifname, options ? options : "", why, sizeof why);
	if (!err)
		err = iface_set_up(iface_by_name(n->h->st, ifname), true);
	return err ? leat_fails(l, err, "%.100s: %s", n->words, *why ? why : strerror(-err)) : 0;
}

int leat_device(struct leat_stack *st, const char *words)
{
	struct new_device n = { holder_of(st), words };
	return leat_call(n.h->l, open_device, &n);
}

struct new_pair {
	struct leat_stack *st[2];
	const char *name[2];
};

static int join(struct leat *l, void *arg)
{
	const struct new_pair *n = arg;
	struct iface *both[2];
	int err = mem_pair_new(n->st[0], n->name[0], n->st[1], n->name[1], NULL, both);
	if (!err)
		err = iface_set_up(both[0], true);
	if (!err)
		err = iface_set_up(both[1], true);
	return err ? leat_fails(l, err, "%s and %s: %s", n->name[0], n->name[1], strerror(-err)) : 0;
}

int leat_join(struct leat_stack *a, const char *name_a, struct leat_stack *b, const char *name_b)
{
	struct new_pair n = { { a, b }, { name_a, name_b } };
	return holder_of(a)->l == holder_of(b)->l ? leat_call(holder_of(a)->l, join, &n) : -EXDEV;
}

/* --- rings --- */

struct new_ring {
	struct holder *h;
	const struct leat_ring_opts *opts;
	struct leat_ring **ret;
};

static int make_ring(struct leat *l, void *arg)
{
	const struct new_ring *n = arg;
	return ring_new(n->h->rings, n->opts, n->ret);
}

int leat_ring_new(struct leat_stack *st, const struct leat_ring_opts *opts, struct leat_ring **ret)
{
	struct new_ring n = { holder_of(st), opts, ret };
	return leat_call(n.h->l, make_ring, &n);
}

static int end_ring(struct leat *l, void *arg)
{
	if (!ring_end(arg))
		return -EAGAIN;
	ring_free(arg);
	return 0;
}

void leat_ring_free(struct leat_ring *r)
{
	const struct timespec again = { .tv_nsec = AGAIN_US * 1000 };
	if (!r)
		return;
	struct leat *l = holder_of(ring_stack(r))->l;
	while (leat_call(l, end_ring, r))
		nanosleep(&again, NULL);
}

/* --- settings --- */

struct config {
	struct holder *h;
	const char *lines;
};

static int configure(struct leat *l, void *arg)
{
	const struct config *c = arg;
	return config_lines(c->h, c->lines);
}

int leat_config(struct leat_stack *st, const char *lines)
{
	struct config c = { holder_of(st), lines };
	return leat_call(c.h->l, configure, &c);
}
