/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a worker that believes what a router told (ip/pmtu.c, ip/redirect4.c, ip/redirect6.c) puts it into a ring of
 * its own and posts to the control lcore, which makes the exception and publishes it. Workers read the table without a lock, and
 * only when there is one: a stack that was never told anything pays a look at a NULL pointer, and only for what it sends
 * itself.
 *
 * Bounds: the table has FIB_EXC_BUCKETS buckets by keyed hash of the destination, each with FIB_EXC_WAYS ways; in a full bucket the
 * oldest makes room. A worker may tell FIB_EXC_NEWS_PER_SEC things a second and have FIB_EXC_NEWS_MAX on their way. So a flood of
 * errors, however good they look, costs no more memory than that, and little time.
 *
 * An exception is an exception from one way: interface and gateway of the route as they were. It does not apply to another way,
 * and goes when routes of a prefix around it change, with its interface, and with its time: each has a timer.
 *
 * Threads: one writer, the control lcore. An exception never changes once it is published: another takes its place. */
#include "net/fib_exc.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include "net/fib_exc_internal.h"
#include "net/neigh_internal.h"

/* The ring. head: the worker's; tail: control's. */
struct fib_exc_worker {
	struct fib_exc_news ring[FIB_EXC_NEWS_MAX];
	uint32_t head, tail;
	uint64_t full_us; /* token bucket: when it is full again */
};

/* --- any worker --- */

static unsigned bucket_of(const struct leat_stack *st, const struct ipaddr *dst)
{
	return siphash(&st->hash_key, dst, sizeof *dst) % FIB_EXC_BUCKETS;
}

static bool via_eq(const struct fib_via *a, const struct fib_via *b)
{
	return a->if_handle == b->if_handle && a->gw_family == b->gw_family && ipaddr_eq(&a->gw, &b->gw);
}

const struct fib_exc *fib_exc_lookup(const struct leat_stack *st, uint8_t family, const struct ipaddr *dst,
				     const struct fib_via *via)
{
	const struct fib_exc_table *t = fib_exc_table(st);
	unsigned b = t ? bucket_of(st, dst) : 0;
	for (unsigned i = 0; t && i < FIB_EXC_WAYS; i++) {
		const struct fib_exc *x = rcu_get(t->slot[b][i]);
		if (x && x->family == family && ipaddr_eq(&x->dst, dst) && via_eq(&x->via, via))
			return x;
	}
	return NULL;
}

/* As many at once as the ring holds. */
static bool may_tell(struct fib_exc_worker *ew, uint64_t now_us)
{
	const uint64_t token_us = 1000000 / FIB_EXC_NEWS_PER_SEC;
	uint64_t full_us = MAX(ew->full_us, now_us);
	if (full_us - now_us > (FIB_EXC_NEWS_MAX - 1) * token_us ||
	    ew->head - __atomic_load_n(&ew->tail, __ATOMIC_ACQUIRE) == FIB_EXC_NEWS_MAX)
		return false;
	ew->full_us = full_us + token_us;
	return true;
}

/* Linux, __ip_do_redirect(). */
static bool is_known(struct leat_stack *st, const struct fib_exc_news *n)
{
	struct neigh_info how = {
		.if_handle = n->via.if_handle, .family = n->family, .addr = n->gw, .flags = NTF_USE
	};
	struct neigh_info known;
	if (neigh_get(st, how.if_handle, how.family, &how.addr, &known) && known.state & NUD_VALID)
		return true;
	neigh_set(st, &how, NLM_F_CREATE);
	return false;
}

static void hear(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct fib_exc_worker *ew = worker_state(w, MODULE_fib_exc);
	if (!ew || ew->tail == __atomic_load_n(&ew->head, __ATOMIC_ACQUIRE))
		return; /* the module went meanwhile, or came anew */
	const struct fib_exc_news n = ew->ring[ew->tail % FIB_EXC_NEWS_MAX];
	__atomic_store_n(&ew->tail, ew->tail + 1, __ATOMIC_RELEASE);
	if (!n.must_be_known || is_known(w->st, &n))
		fib_exc_learn(w->st, &n, 0, 0); /* without memory: told again when it happens again */
}

bool fib_exc_tell(struct worker *w, const struct fib_exc_news *n)
{
	struct fib_exc_worker *ew = worker_state(w, MODULE_fib_exc);
	if (!ew || !may_tell(ew, w->lc->now_us))
		return false;
	const struct msg m = { .fn = hear, .arg = { { .p = w } } };
	ew->ring[ew->head % FIB_EXC_NEWS_MAX] = *n;
	__atomic_store_n(&ew->head, ew->head + 1, __ATOMIC_RELEASE);
	bool posted = lcore_post(w->lc, w->lc->rt->ctl, &m);
	if (!posted) /* control takes one for each message, so it has not seen this one */
		__atomic_store_n(&ew->head, ew->head - 1, __ATOMIC_RELEASE);
	return posted;
}

/* --- control lcore: the table --- */

static void exc_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_exc, deferred));
}

/* Puts x, or nothing, into a slot; what was there goes. */
static void slot_set(struct leat_stack *st, struct fib_exc **slot, struct fib_exc *x)
{
	struct fib_exc_stack *s = fib_exc_state(st);
	struct fib_exc *was = *slot;
	if (x) {
		x->slot = slot;
		list_append(&s->all, &x->link);
	}
	racy_set(s->n_redirects, s->n_redirects + (x && x->redirected) - (was && was->redirected));
	racy_set(s->n_locked, s->n_locked + (x && x->mtu_locked) - (was && was->mtu_locked));
	rcu_set(*slot, x);
	if (!was)
		return;
	list_remove(&was->link);
	lcore_timer_stop(st->rt->ctl, &was->timer);
	rt_defer(st->rt->ctl, st->rt, &was->deferred, exc_free);
}

static bool is_about(const struct fib_exc *x, const struct fib_exc_news *n)
{
	return x && x->family == n->family && ipaddr_eq(&x->dst, &n->dst) && via_eq(&x->via, &n->via);
}

/* The one for this destination and way, else a free one, else the oldest. */
static struct fib_exc **slot_for(struct leat_stack *st, const struct fib_exc_news *n)
{
	struct fib_exc **way = fib_exc_table(st)->slot[bucket_of(st, &n->dst)], **best = way;
	for (unsigned i = 0; i < FIB_EXC_WAYS; i++)
		if (is_about(way[i], n))
			return &way[i];
	for (unsigned i = 0; i < FIB_EXC_WAYS; i++) {
		if (!way[i])
			return &way[i];
		if (way[i]->serial < (*best)->serial)
			best = &way[i];
	}
	return best;
}

static void on_time(struct lcore *lc, struct timer *timer);

static uint64_t next_time(const struct fib_exc *x)
{
	uint64_t mtu = x->mtu ? x->mtu_until_us : UINT64_MAX;
	return x->redirected ? MIN(mtu, x->gw_until_us) : mtu;
}

static void publish(struct fib_exc *x, struct fib_exc **slot)
{
	struct fib_exc_stack *s = fib_exc_state(x->st);
	x->serial = ++s->serial;
	timer_init(&x->timer, on_time);
	timer_set_at(&x->st->rt->ctl->wheel, &x->timer, next_time(x));
	slot_set(x->st, slot, x);
}

/* The time of it, or of a part of it, has come; what is left goes on. */
static void on_time(struct lcore *lc, struct timer *timer)
{
	struct fib_exc *was = container_of(timer, struct fib_exc, timer);
	bool has_mtu = was->mtu && was->mtu_until_us > lc->now_us;
	bool has_gw = was->redirected && was->gw_until_us > lc->now_us;
	struct fib_exc *x = has_mtu || has_gw ? mem_zalloc(&was->st->mem, sizeof *x) : NULL;
	if (!x) {
		slot_set(was->st, was->slot, NULL);
		return;
	}
	*x = *was;
	x->mtu = has_mtu ? x->mtu : 0;
	x->mtu_locked &= has_mtu;
	x->redirected = has_gw;
	publish(x, was->slot);
}

static bool table_make(struct leat_stack *st)
{
	struct fib_exc_stack *s = fib_exc_state(st);
	if (!s->table)
		rcu_set(s->table, mem_zalloc(&st->mem, sizeof *s->table));
	return s->table;
}

static void take_in(struct fib_exc *x, const struct fib_exc_news *n, uint64_t mtu_us, uint64_t gw_us)
{
	uint64_t now_us = x->st->rt->ctl->now_us;
	if (n->mtu) {
		x->mtu = n->mtu;
		x->mtu_locked = n->mtu_locked;
		x->mtu_until_us = now_us + mtu_us;
	}
	if (n->redirected) {
		x->redirected = true;
		x->gw_family = n->gw_family;
		x->gw = n->gw;
		x->gw_until_us = now_us + gw_us;
	}
}

int fib_exc_learn(struct leat_stack *st, const struct fib_exc_news *n, uint64_t mtu_us, uint64_t gw_us)
{
	const struct fib_exc_conf *conf = &fib_exc_state(st)->conf;
	struct fib_exc *x = table_make(st) ? mem_zalloc(&st->mem, sizeof *x) : NULL;
	unsigned f = n->family == AF_INET6;
	if (!x)
		return -ENOMEM;
	struct fib_exc **slot = slot_for(st, n);
	if (is_about(*slot, n))
		*x = **slot;
	x->st = st;
	x->dst = n->dst;
	x->via = n->via;
	x->family = n->family;
	take_in(x, n, mtu_us ? mtu_us : conf->mtu_expires_s[f] * UINT64_C(1000000),
		gw_us ? gw_us : conf->redirect_expires_s[f] * UINT64_C(1000000));
	publish(x, slot);
	return 0;
}

/* --- control lcore: forgetting --- */

typedef bool fib_exc_which_fn(const struct fib_exc *x, const void *ctx);

static void forget(struct leat_stack *st, fib_exc_which_fn *which, const void *ctx)
{
	struct fib_exc *x, *next;
	list_for_each_safe (x, next, &fib_exc_state(st)->all, link)
		if (which(x, ctx))
			slot_set(st, x->slot, NULL);
}

struct prefix {
	struct ipaddr dst;
	unsigned plen;
	uint8_t family;
};

static bool in_prefix(const struct fib_exc *x, const void *ctx)
{
	const struct prefix *p = ctx;
	struct ipaddr a = ipaddr_prefix(&x->dst, p->plen);
	return x->family == p->family && ipaddr_eq(&a, &p->dst);
}

void fib_exc_forget(struct leat_stack *st, uint8_t family, const struct ipaddr *dst, unsigned plen)
{
	const struct prefix p = { .dst = ipaddr_prefix(dst, plen), .plen = plen, .family = family };
	if (fib_exc_table(st))
		forget(st, in_prefix, &p);
}

static bool through_iface(const struct fib_exc *x, const void *ctx)
{
	return x->via.if_handle == *(const uint32_t *)ctx;
}

static void on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_DOWN || e == IFACE_GOING)
		forget(i->st, through_iface, &i->handle);
}

static bool leads_to(const struct fib_exc *x, const void *ctx)
{
	const struct fib_via *gone = ctx;
	uint8_t family = x->gw_family ? x->gw_family : x->family;
	const struct ipaddr *hop = x->gw_family ? &x->gw : &x->dst;
	return x->redirected && x->via.if_handle == gone->if_handle && family == gone->gw_family &&
	       ipaddr_eq(hop, &gone->gw);
}

void fib_exc_gateway_gone(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *gw)
{
	const struct fib_via gone = { .gw = *gw, .if_handle = if_handle, .gw_family = family };
	if (fib_exc_table(st) && fib_exc_state(st)->n_redirects)
		forget(st, leads_to, &gone);
}

static bool of_family(const struct fib_exc *x, const void *ctx)
{
	return x->family == *(const uint8_t *)ctx;
}

/* Linux: `ip route flush cache` writes here, whatever number it is. */
static void on_flush(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	const uint8_t family = k->at == offsetof(struct fib_exc_stack, flush[1]) ? AF_INET6 : AF_INET;
	forget(st, of_family, &family);
}

/* --- control lcore: asking --- */

const struct fib_exc *fib_exc_next(struct leat_stack *st, uint8_t family, uint64_t after)
{
	const struct fib_exc *x;
	list_for_each (x, &fib_exc_state(st)->all, link)
		if (x->serial > after && (family == AF_UNSPEC || x->family == family))
			return x;
	return NULL;
}

/* --- module --- */

static int fib_exc_init(struct leat_stack *st)
{
	struct fib_exc_stack *s = fib_exc_state(st);
	list_init(&s->all);
	s->watch.event = on_iface;
	iface_watch_add(st, &s->watch);
	return 0;
}

static void fib_exc_unlink(struct leat_stack *st)
{
	iface_watch_remove(st, &fib_exc_state(st)->watch);
}

static bool any(const struct fib_exc *x, const void *ctx)
{
	return true;
}

static void fib_exc_drain(struct leat_stack *st)
{
	forget(st, any, NULL);
}

static void fib_exc_free(struct leat_stack *st)
{
	mem_free(fib_exc_state(st)->table);
}

static const struct knob fib_exc_knobs[] = {
	KNOB("net.ipv4.route.min_pmtu", struct fib_exc_stack, conf.min_pmtu, 552, 68, INT32_MAX,
	     .unit = "bytes", .help = "a path MTU learned from ICMP is never taken to be less"),
	KNOB("net.ipv4.route.mtu_expires", struct fib_exc_stack, conf.mtu_expires_s[0], 600, 1, INT32_MAX,
	     .unit = "s", .help = "how long a path MTU learned from ICMP holds"),
	KNOB("net.ipv6.route.mtu_expires", struct fib_exc_stack, conf.mtu_expires_s[1], 600, 1, INT32_MAX,
	     .unit = "s", .help = "how long a path MTU learned from ICMPv6 holds"),
	KNOB("net.ipv4.route.gc_timeout", struct fib_exc_stack, conf.redirect_expires_s[0], 300, 1, INT32_MAX,
	     .unit = "s", .help = "how long a redirect holds"),
	KNOB("net.ipv6.route.gc_timeout", struct fib_exc_stack, conf.redirect_expires_s[1], 60, 1, INT32_MAX,
	     .unit = "s", .help = "how long a redirect holds"),
	KNOB("net.ipv4.route.flush", struct fib_exc_stack, flush[0], 0, KNOB_MINUS(INT32_MAX), INT32_MAX,
	     .flags = KNOB_SIGNED, .changed = on_flush,
	     .help = "writing to it forgets path MTUs and redirects"),
	KNOB("net.ipv6.route.flush", struct fib_exc_stack, flush[1], 0, KNOB_MINUS(INT32_MAX), INT32_MAX,
	     .flags = KNOB_SIGNED, .changed = on_flush,
	     .help = "writing to it forgets path MTUs and redirects"),
	{ 0 },
};

const struct module fib_exc_module = {
	.name = "fib_exc",
	.id = MODULE_fib_exc,
	.knobs = fib_exc_knobs,
	.stack_size = sizeof(struct fib_exc_stack),
	.worker_size = sizeof(struct fib_exc_worker),
	.init = fib_exc_init,
	.unlink = fib_exc_unlink,
	.drain = fib_exc_drain,
	.free = fib_exc_free,
	.save = fib_exc_save,
	.restore = fib_exc_restore,
};
