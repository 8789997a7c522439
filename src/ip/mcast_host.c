/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: for each interface and group that is reported there is a struct host_group. What listeners want is kept by
 * net/mcast.c; here is what is still to be said of it.
 *
 *	a change	told at once and again, `robustness` times in all, at random distances (RFC 3376, 5.1): the filter mode
 *			with the whole list while mode_left says so, else the sources in `pending`, each as often as it is left
 *	a query		answered after a random part of the time it gives (5.2): of all groups by the interface's timer, of one
 *			by the group's, for all its sources or those that were asked for
 *	old queriers	while one of version 1 or 2 was heard lately (7.2.1) everything is said in its words: groups without
 *			sources, a timer each, silent when somebody else has said it, and a leave by who spoke last
 *
 * A group that nobody listens to any more stays until that has been said as often as it must be.
 *
 * Messages are made here, on the control lcore, and sent by the first worker. */
#include "ip/mcast_host.h"

#include <stdlib.h>
#include <string.h>

enum {
	QUERY_INTERVAL_S = 125, /* RFC 3376, 8.2 */
	SECOND_US = 1000000,
	ASKED_MAX = 64, /* sources of a query that are remembered; of more, all are told */
};

struct host_source {
	struct ipaddr a;
	uint8_t left; /* reports that still have to tell of it */
};

struct host_group {
	struct list link; /* of the interface */
	struct host_if *hif;
	struct ipaddr addr;
	bool listened; /* else it is only here to say so */
	uint8_t mode_left, old_left; /* reports still to be sent: of the filter mode; of version 1 or 2 */
	bool spoke_last; /* version 2: nobody has reported it since we have */
	bool asked_all;
	uint32_t n_pending, n_asked;
	struct host_source *pending;
	struct ipaddr *asked;
	struct timer timer; /* an answer about this group; reports of version 1 or 2 */
};

struct host_if {
	struct list link, groups;
	struct mcast_host *h;
	uint32_t handle;
	uint8_t robustness;
	uint32_t interval_s; /* the querier's */
	uint64_t old_until_us[2]; /* a querier of version 1, 2 is there */
	struct timer changes, all; /* what changed; an answer about all groups */
};

static struct lcore *ctl_of(const struct mcast_host *h)
{
	return h->st->rt->ctl;
}

static uint64_t random_below(const struct mcast_host *h, uint64_t max_us)
{
	return max_us ? rt_random_u64(h->st->rt) % max_us : 0;
}

static struct iface *iface_of(const struct host_if *hif)
{
	struct iface *i = iface_by_handle(hif->h->st, hif->handle);
	return i && i->flags & IFF_UP && i->flags & IFF_MULTICAST ? i : NULL;
}

static uint8_t version_of(const struct host_if *hif, const struct iface *i)
{
	uint64_t now = ctl_of(hif->h)->now_us;
	uint8_t forced = hif->h->ops->forced(i);
	if (forced)
		return forced;
	return now < hif->old_until_us[0] ? 1 : now < hif->old_until_us[1] ? 2 : 3;
}

/* --- sending --- */

struct outgoing {
	const struct mcast_host_ops *ops;
	struct worker *w;
	uint32_t if_handle, len;
	struct ipaddr dst;
	uint8_t b[];
};

static void send_on_worker(struct lcore *at, const struct msg *m)
{
	struct outgoing *o = m->arg[0].p;
	const struct iface *out = iface_get(o->w, o->if_handle);
	if (out)
		o->ops->send(o->w, out, &o->dst, o->b, o->len);
	mem_free(o);
}

/* What finds no memory is as if it had been lost on the wire: it is said more than once, and asked for. */
static void send_message(const struct host_if *hif, const struct ipaddr *dst, const uint8_t *b, uint32_t len)
{
	struct mcast_host *h = hif->h;
	struct worker *w = h->st->worker[0];
	struct outgoing *o = mem_zalloc(&h->st->mem, sizeof *o + len);
	if (!o)
		return;
	*o = (struct outgoing){ .ops = h->ops, .w = w, .if_handle = hif->handle, .len = len, .dst = *dst };
	memcpy(o->b, b, len);
	const struct msg m = { .fn = send_on_worker, .arg = { { .p = o } } };
	if (!lcore_post(ctl_of(h), w->lc, &m))
		mem_free(o);
}

static void send_old(const struct host_group *g, uint8_t version, bool leave)
{
	const struct mcast_host_ops *ops = g->hif->h->ops;
	uint8_t b[MCAST_OLD_MAX];
	unsigned len = mcast_old_emit(ops->family, version, leave, &g->addr, b);
	const struct ipaddr dst = ops->to(version, leave, &g->addr);
	send_message(g->hif, &dst, b, len);
}

/* Records go into one message until it is full, then into the next. */
struct teller {
	const struct host_if *hif;
	uint32_t max;
	struct mcast_report r;
};

static void teller_begin(struct teller *t, const struct host_if *hif, const struct iface *i)
{
	enum { HEADERS = 64 }; /* IP's and its options */
	t->hif = hif;
	t->max = MAX(i->mtu, 2u * HEADERS) - HEADERS;
	mcast_report_begin(&t->r, hif->h->ops->family, t->max);
}

static void teller_send(struct teller *t)
{
	const struct mcast_host_ops *ops = t->hif->h->ops;
	if (!t->r.record)
		return;
	const struct ipaddr dst = ops->to(3, false, NULL);
	send_message(t->hif, &dst, t->r.b, t->r.len);
	mcast_report_begin(&t->r, ops->family, t->max);
}

/* Where n_sources fit: in this message, in a new one, or else as many as a new one takes. */
static void tell_record(struct teller *t, enum mcast_record type, const struct ipaddr *group,
			uint32_t n_sources)
{
	if (mcast_report_record(&t->r, type, group, n_sources))
		return;
	teller_send(t);
	if (!mcast_report_record(&t->r, type, group, n_sources))
		mcast_report_record(&t->r, type, group, 1);
}

/* RFC 3376, 4.2.16: what does not fit goes into a further record, but that an exclusion is cut short. */
static void tell_sources(struct teller *t, enum mcast_record type, const struct ipaddr *group, uint32_t n,
			 const struct ipaddr *src)
{
	bool cut = type == MCAST_IS_EX || type == MCAST_TO_EX;
	tell_record(t, type, group, cut ? n : MIN(n, 1u));
	for (uint32_t i = 0; i < n; i++) {
		if (mcast_report_source(&t->r, &src[i]))
			continue;
		if (cut)
			return;
		teller_send(t);
		tell_record(t, type, group, 1);
		mcast_report_source(&t->r, &src[i]);
	}
}

static struct mcast_state state_of(const struct host_group *g)
{
	const struct mcast_host *h = g->hif->h;
	const struct mcast_group *net =
		g->listened ? mcast_find_ctl(h->st, g->hif->handle, h->ops->family, &g->addr) : NULL;
	if (!net)
		return (struct mcast_state){ 0 }; /* include nobody */
	if (!net->sources)
		return (struct mcast_state){ .exclude = true };
	return (struct mcast_state){ net->sources->exclude, net->sources->n, net->sources->src };
}

static bool state_wants(const struct mcast_state *s, const struct ipaddr *a)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (ipaddr_eq(&s->src[i], a))
			return !s->exclude;
	return s->exclude;
}

/* --- groups --- */

static void group_timer(struct lcore *lc, struct timer *t);

static struct host_group *group_find(const struct host_if *hif, const struct ipaddr *a)
{
	struct host_group *g;
	list_for_each (g, &hif->groups, link)
		if (ipaddr_eq(&g->addr, a))
			return g;
	return NULL;
}

static struct host_group *group_get(struct host_if *hif, const struct ipaddr *a)
{
	struct host_group *g = group_find(hif, a);
	if (g)
		return g;
	g = mem_zalloc(&hif->h->st->mem, sizeof *g);
	if (!g)
		return NULL;
	g->hif = hif;
	g->addr = *a;
	timer_init(&g->timer, group_timer);
	list_append(&hif->groups, &g->link);
	return g;
}

static void group_free(struct host_group *g)
{
	lcore_timer_stop(ctl_of(g->hif->h), &g->timer);
	list_remove(&g->link);
	mem_free(g->pending);
	mem_free(g->asked);
	mem_free(g);
}

static void asked_clear(struct host_group *g)
{
	mem_free(g->asked);
	g->asked = NULL;
	g->n_asked = 0;
	g->asked_all = false;
}

static void pending_clear(struct host_group *g)
{
	mem_free(g->pending);
	g->pending = NULL;
	g->n_pending = 0;
}

/* Takes those out that have been told often enough. */
static void pending_settle(struct host_group *g)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->n_pending; i++)
		if (g->pending[i].left)
			g->pending[n++] = g->pending[i];
	g->n_pending = n;
	if (!n)
		pending_clear(g);
}

/* False without memory: then the whole list is told. */
static bool pending_add(struct host_group *g, const struct ipaddr *a)
{
	for (uint32_t i = 0; i < g->n_pending; i++)
		if (ipaddr_eq(&g->pending[i].a, a)) {
			g->pending[i].left = g->hif->robustness;
			return true;
		}
	struct host_source *p =
		mem_resize(&g->hif->h->st->mem, g->pending, (g->n_pending + 1) * sizeof *g->pending);
	if (!p)
		return false;
	g->pending = p;
	g->pending[g->n_pending++] = (struct host_source){ *a, g->hif->robustness };
	return true;
}

/* --- changes, version 3 --- */

static bool in_list(const struct mcast_state *s, const struct ipaddr *a)
{
	return state_wants(s, a) != s->exclude;
}

/* The addresses of one list that the other does not have. */
static bool differ(struct host_group *g, const struct mcast_state *a, const struct mcast_state *b)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (!in_list(b, &a->src[i]) && !pending_add(g, &a->src[i]))
			return false;
	return true;
}

static void note_change(struct host_group *g, const struct mcast_state *was, const struct mcast_state *is)
{
	uint8_t robustness = g->hif->robustness;
	if (was->exclude != is->exclude || g->mode_left || !differ(g, was, is) || !differ(g, is, was)) {
		g->mode_left = robustness;
		pending_clear(g);
	}
}

static void tell_pending(struct teller *t, struct host_group *g, const struct mcast_state *s)
{
	static const struct {
		bool wanted;
		enum mcast_record type;
	} rows[] = { { true, MCAST_ALLOW }, { false, MCAST_BLOCK } };
	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
		struct ipaddr src[ASKED_MAX];
		uint32_t n = 0;
		for (uint32_t i = 0; i < g->n_pending; i++) {
			if (state_wants(s, &g->pending[i].a) != rows[k].wanted)
				continue;
			src[n++] = g->pending[i].a;
			if (n == ASKED_MAX) {
				tell_sources(t, rows[k].type, &g->addr, n, src);
				n = 0;
			}
		}
		if (n)
			tell_sources(t, rows[k].type, &g->addr, n, src);
	}
	for (uint32_t i = 0; i < g->n_pending; i++)
		g->pending[i].left--;
	pending_settle(g);
}

static void tell_change(struct teller *t, struct host_group *g)
{
	const struct mcast_state s = state_of(g);
	if (g->mode_left) {
		g->mode_left--;
		tell_sources(t, s.exclude ? MCAST_TO_EX : MCAST_TO_IN, &g->addr, s.n, s.src);
	} else if (g->n_pending) {
		tell_pending(t, g, &s);
	}
}

static void changes_timer(struct lcore *lc, struct timer *timer)
{
	struct host_if *hif = container_of(timer, struct host_if, changes);
	struct host_group *g, *next;
	struct iface *i = iface_of(hif);
	struct teller t;
	bool more = false;
	if (!i)
		return;
	teller_begin(&t, hif, i);
	list_for_each_safe (g, next, &hif->groups, link) {
		tell_change(&t, g);
		more |= g->mode_left || g->n_pending;
		if (!g->listened && !g->mode_left && !g->n_pending)
			group_free(g);
	}
	teller_send(&t);
	if (more)
		lcore_timer_in(lc, timer, random_below(hif->h, hif->h->ops->unsolicited_ms(i, 3) * 1000ull));
}

/* --- changes, versions 1 and 2 --- */

static void old_change(struct host_group *g, uint8_t version, bool joined)
{
	struct lcore *ctl = ctl_of(g->hif->h);
	g->mode_left = 0;
	pending_clear(g);
	if (joined) { /* RFC 2236, 3: at once, and again */
		g->old_left = g->hif->robustness;
		timer_set_at(&ctl->wheel, &g->timer, ctl->now_us);
	}
	if (!g->listened) {
		if (version == 2 && g->spoke_last)
			send_old(g, version, true);
		group_free(g);
	}
}

static void old_timer(struct host_group *g, const struct iface *i, uint8_t version)
{
	const struct mcast_host *h = g->hif->h;
	send_old(g, version, false);
	g->spoke_last = true;
	if (g->old_left && --g->old_left)
		lcore_timer_in(ctl_of(h), &g->timer,
			       random_below(h, h->ops->unsolicited_ms(i, version) * 1000ull));
}

/* --- interfaces --- */

static void all_timer(struct lcore *lc, struct timer *t);

static struct host_if *if_find(struct mcast_host *h, uint32_t handle)
{
	struct host_if *hif;
	list_for_each (hif, &h->ifs, link)
		if (hif->handle == handle)
			return hif;
	return NULL;
}

static struct host_if *if_get(struct mcast_host *h, uint32_t handle)
{
	struct host_if *hif = if_find(h, handle);
	if (hif)
		return hif;
	hif = mem_zalloc(&h->st->mem, sizeof *hif);
	if (!hif)
		return NULL;
	hif->h = h;
	hif->handle = handle;
	hif->robustness = h->robustness;
	hif->interval_s = QUERY_INTERVAL_S;
	list_init(&hif->groups);
	timer_init(&hif->changes, changes_timer);
	timer_init(&hif->all, all_timer);
	list_append(&h->ifs, &hif->link);
	return hif;
}

static void if_free(struct host_if *hif)
{
	struct host_group *g, *next;
	lcore_timer_stop(ctl_of(hif->h), &hif->changes);
	lcore_timer_stop(ctl_of(hif->h), &hif->all);
	list_for_each_safe (g, next, &hif->groups, link)
		group_free(g);
	list_remove(&hif->link);
	mem_free(hif);
}

static void changed(struct mcast_watch *watch, struct leat_stack *st, const struct mcast_group *net,
		    const struct mcast_state *was, const struct mcast_state *is)
{
	static const struct mcast_state nobody;
	struct mcast_host *h = container_of(watch, struct mcast_host, watch);
	struct iface *i = iface_by_handle(st, net->if_handle);
	if (!i || !(i->flags & IFF_UP) || !(i->flags & IFF_MULTICAST) || !h->ops->is_reported(&net->addr, st))
		return; /* told when it comes up */
	struct host_if *hif = if_get(h, net->if_handle);
	struct host_group *g = hif ? group_get(hif, &net->addr) : NULL;
	if (!g)
		return; /* without memory: the querier will ask */
	uint8_t version = version_of(hif, i);
	was = was ? was : &nobody;
	is = is ? is : &nobody;
	g->listened = is->exclude || is->n;
	if (version < 3) {
		old_change(g, version, g->listened && !was->exclude && !was->n);
		return;
	}
	note_change(g, was, is);
	if (g->mode_left || g->n_pending)
		timer_set_at(&ctl_of(h)->wheel, &hif->changes, ctl_of(h)->now_us);
}

static void if_up(struct mcast_host *h, struct iface *i)
{
	for (const struct mcast_group *g = mcast_next(h->st, NULL); g; g = mcast_next(h->st, g)) {
		if (g->if_handle != i->handle || g->family != h->ops->family)
			continue;
		const struct mcast_state is = {
			!g->sources || g->sources->exclude,
			g->sources ? g->sources->n : 0,
			g->sources ? g->sources->src : NULL,
		};
		changed(&h->watch, h->st, g, NULL, &is);
	}
}

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	struct mcast_host *h = container_of(watch, struct mcast_host, iface_watch);
	struct host_if *hif = if_find(h, i->handle);
	if (hif && (e == IFACE_DOWN || e == IFACE_GOING))
		if_free(hif);
	else if (e == IFACE_UP)
		if_up(h, i);
}

/* --- queries --- */

/* RFC 3376, 5.2: what of the group is to be told? */
static void tell_current(struct teller *t, const struct host_group *g)
{
	const struct mcast_state s = state_of(g);
	struct ipaddr src[ASKED_MAX];
	uint32_t n = 0;
	if (!s.exclude && !s.n)
		return;
	if (g->asked_all || !g->n_asked) {
		tell_sources(t, s.exclude ? MCAST_IS_EX : MCAST_IS_IN, &g->addr, s.n, s.src);
		return;
	}
	for (uint32_t i = 0; i < g->n_asked; i++)
		if (state_wants(&s, &g->asked[i]))
			src[n++] = g->asked[i];
	if (n)
		tell_sources(t, MCAST_IS_IN, &g->addr, n, src);
}

static void group_timer(struct lcore *lc, struct timer *timer)
{
	struct host_group *g = container_of(timer, struct host_group, timer);
	struct iface *i = iface_of(g->hif);
	struct teller t;
	uint8_t version = i ? version_of(g->hif, i) : 3;
	if (!i || !g->listened)
		return;
	if (version < 3) {
		old_timer(g, i, version);
		return;
	}
	teller_begin(&t, g->hif, i);
	tell_current(&t, g);
	teller_send(&t);
	asked_clear(g);
}

static void all_timer(struct lcore *lc, struct timer *timer)
{
	struct host_if *hif = container_of(timer, struct host_if, all);
	struct iface *i = iface_of(hif);
	struct host_group *g;
	struct teller t;
	if (!i)
		return;
	teller_begin(&t, hif, i);
	list_for_each (g, &hif->groups, link) {
		const struct mcast_state s = state_of(g);
		if (s.exclude || s.n)
			tell_sources(&t, s.exclude ? MCAST_IS_EX : MCAST_IS_IN, &g->addr, s.n, s.src);
	}
	teller_send(&t);
}

/* At `at` or, where something is due before, then. */
static void set_sooner(struct mcast_host *h, struct timer *t, uint64_t at)
{
	if (!timer_is_set(t) || at < t->when_us)
		timer_set_at(&ctl_of(h)->wheel, t, at);
}

/* RFC 3376, 7.2.1: an old querier is there, and what was to be said in other words is forgotten. */
static void heed_version(struct host_if *hif, const struct mcast_query *q)
{
	struct host_group *g, *next;
	uint64_t now = ctl_of(hif->h)->now_us;
	bool known = q->version < 3 && now < hif->old_until_us[q->version - 1];
	if (q->version == 3) {
		hif->robustness = q->robustness ? q->robustness : hif->h->robustness;
		hif->interval_s = q->interval_s ? q->interval_s : QUERY_INTERVAL_S;
		return;
	}
	hif->old_until_us[q->version - 1] =
		now + (uint64_t)hif->robustness * hif->interval_s * SECOND_US + q->max_resp_us;
	if (known)
		return;
	lcore_timer_stop(ctl_of(hif->h), &hif->changes);
	lcore_timer_stop(ctl_of(hif->h), &hif->all);
	list_for_each_safe (g, next, &hif->groups, link) {
		g->mode_left = 0;
		pending_clear(g);
		asked_clear(g);
		lcore_timer_stop(ctl_of(hif->h), &g->timer);
		if (!g->listened)
			group_free(g);
	}
}

static bool add_asked(struct host_group *g, const struct ipaddr *a)
{
	for (uint32_t i = 0; i < g->n_asked; i++)
		if (ipaddr_eq(&g->asked[i], a))
			return true;
	struct ipaddr *asked = g->n_asked < ASKED_MAX ? mem_resize(&g->hif->h->st->mem, g->asked,
								   (g->n_asked + 1) * sizeof *asked)
						      : NULL;
	if (!asked)
		return false;
	g->asked = asked;
	g->asked[g->n_asked++] = *a;
	return true;
}

/* RFC 3376, 5.2, rules 3 to 5. */
static void asked_of_group(struct host_group *g, const struct mcast_query *q, uint64_t at)
{
	struct mcast_host *h = g->hif->h;
	struct cursor c = q->sources;
	struct ipaddr a;
	if (!timer_is_set(&g->timer))
		asked_clear(g);
	if (!q->n_sources)
		g->asked_all = true;
	while (!g->asked_all && mcast_source_next(&c, h->ops->family, &a))
		if (!add_asked(g, &a))
			g->asked_all = true;
	set_sooner(h, &g->timer, at);
}

void mcast_host_asked(struct mcast_host *h, uint32_t if_handle, const struct mcast_query *q)
{
	struct host_if *hif = if_find(h, if_handle);
	struct iface *i = hif ? iface_of(hif) : NULL;
	struct host_group *g;
	if (!i)
		return; /* nothing to report there */
	heed_version(hif, q);
	uint8_t version = version_of(hif, i);
	uint64_t at = ctl_of(h)->now_us + random_below(h, q->max_resp_us);
	bool general = ipaddr_is_zero(&q->group);
	if (version == 3 && timer_is_set(&hif->all) && hif->all.when_us < at)
		return; /* rule 1 */
	if (version == 3 && general) {
		timer_set_at(&ctl_of(h)->wheel, &hif->all, at); /* rule 2 */
		return;
	}
	list_for_each (g, &hif->groups, link) {
		if (!g->listened || (!general && !ipaddr_eq(&g->addr, &q->group)))
			continue;
		if (version == 3)
			asked_of_group(g, q, at);
		else /* a delay each */
			set_sooner(h, &g->timer, ctl_of(h)->now_us + random_below(h, q->max_resp_us));
	}
}

void mcast_host_overheard(struct mcast_host *h, uint32_t if_handle, const struct ipaddr *group)
{
	struct host_if *hif = if_find(h, if_handle);
	struct iface *i = hif ? iface_of(hif) : NULL;
	struct host_group *g = i && version_of(hif, i) < 3 ? group_find(hif, group) : NULL;
	if (!g)
		return;
	lcore_timer_stop(ctl_of(h), &g->timer); /* RFC 2236, 3 */
	g->old_left = 0;
	g->spoke_last = false;
}

/* --- life --- */

void mcast_host_init(struct mcast_host *h, struct leat_stack *st, const struct mcast_host_ops *ops)
{
	h->ops = ops;
	h->st = st;
	list_init(&h->ifs);
	h->watch.family = ops->family;
	h->watch.changed = changed;
	h->iface_watch.event = iface_event;
	mcast_watch_add(st, &h->watch);
	iface_watch_add(st, &h->iface_watch);
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		if (i->flags & IFF_UP)
			if_up(h, i);
}

void mcast_host_unlink(struct mcast_host *h)
{
	mcast_watch_remove(h->st, &h->watch);
	iface_watch_remove(h->st, &h->iface_watch);
}

void mcast_host_drain(struct mcast_host *h)
{
	struct host_if *hif, *next;
	list_for_each_safe (hif, next, &h->ifs, link)
		if_free(hif);
}
