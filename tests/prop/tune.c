/* SPDX-License-Identifier: BSD-2-Clause */
/* Deeds about settings by name: what bounds and times are. Some values are at the edge of what is allowed: nothing is to break for that,
 * it only works less well. At the end all have their defaults again. */
#include <errno.h>
#include <string.h>

#include "core/knob.h"
#include "prop.h"

static const struct tuning {
	const char *name;
	uint32_t value[4];
} tunings[] = {
	{ "net.ipv4.neigh.IF.unres_qlen", { 1, 2, 50, 300 } },
	{ "net.ipv6.neigh.IF.unres_qlen", { 1, 2, 50, 300 } },
	{ "net.ipv4.neigh.IF.base_reachable_time_ms", { 1, 100, 2000, 60000 } },
	{ "net.ipv6.neigh.IF.base_reachable_time_ms", { 1, 100, 2000, 60000 } },
	{ "net.ipv4.neigh.IF.retrans_time_ms", { 1, 10, 100, 3000 } },
	{ "net.ipv6.neigh.IF.retrans_time_ms", { 1, 10, 100, 3000 } },
	{ "net.ipv4.neigh.IF.delay_first_probe_time", { 0, 1, 2, 10 } },
	{ "net.ipv6.neigh.IF.delay_first_probe_time", { 0, 1, 2, 10 } },
	{ "net.ipv4.neigh.IF.gc_stale_time", { 0, 1, 2, 10 } },
	{ "net.ipv6.neigh.IF.gc_stale_time", { 0, 1, 2, 10 } },
	{ "net.ipv4.neigh.default.gc_thresh1", { 0, 0, 1, 2 } },
	{ "net.ipv6.neigh.default.gc_thresh1", { 0, 0, 1, 2 } },
	{ "net.ipv4.neigh.default.gc_thresh3", { 1, 1, 2, 3 } },
	{ "net.ipv6.neigh.default.gc_thresh3", { 1, 1, 2, 3 } },
	{ "net.ipv6.conf.IF.dad_transmits", { 0, 1, 2, 3 } },
	{ "net.ipv6.conf.IF.accept_dad", { 0, 1, 0, 1 } },
	{ "net.ipv4.ipfrag_high_thresh", { 0, 3000, 10000, 100000 } },
	{ "net.ipv6.ip6frag_high_thresh", { 0, 3000, 10000, 100000 } },
	{ "net.ipv4.ipfrag_time", { 1, 1, 2, 3 } },
	{ "net.ipv6.ip6frag_time", { 1, 1, 2, 3 } },
	{ "net.ipv4.ipfrag_max_dist", { 0, 1, 2, 3 } },
	{ "net.ipv6.ip6frag_max_dist", { 0, 1, 2, 3 } },
	{ "net.ipv4.ip_default_ttl", { 1, 2, 3, 255 } },
	{ "net.ipv6.conf.IF.hop_limit", { 1, 2, 3, 255 } },
	{ "net.ipv4.icmp_msgs_per_sec", { 0, 1, 10, 1000 } },
	{ "net.ipv4.conf.IF.arp_ignore", { 0, 1, 2, 8 } },
	{ "net.ipv4.conf.IF.arp_announce", { 0, 1, 2, 2 } },
	{ "net.ipv4.conf.IF.arp_accept", { 0, 1, 2, 1 } },
	{ "net.ipv4.conf.IF.arp_notify", { 0, 1, 0, 1 } },
	{ "net.ipv4.conf.IF.proxy_arp", { 0, 1, 0, 1 } },
	{ "net.ipv6.conf.IF.accept_untracked_na", { 0, 1, 2, 1 } },
	{ "net.ipv6.conf.IF.drop_unsolicited_na", { 0, 1, 0, 1 } },
	{ "net.ipv6.conf.IF.proxy_ndp", { 0, 1, 0, 1 } },
	{ "net.ipv4.route.mtu_expires", { 1, 2, 5, 600 } },
	{ "net.ipv6.route.mtu_expires", { 1, 2, 5, 600 } },
	{ "net.ipv4.fib_multipath_hash_policy", { 0, 1, 2, 3 } },
	{ "net.ipv6.fib_multipath_hash_policy", { 0, 1, 2, 3 } },
	{ "net.core.rmem_default", { 4096, 10000, 100000, 212992 } },
};

static const struct knob *find(const struct leat_stack *st, const char *name, const struct module **ret_m)
{
	for (unsigned i = 0; st->modules[i]; i++)
		for (const struct knob *k = st->modules[i]->knobs; k && k->name; k++)
			if (!strcmp(k->name, name)) {
				*ret_m = st->modules[i];
				return k;
			}
	return NULL;
}

/* i: NULL for the stack's, or for what interfaces to come begin with. v: NULL for the default. */
static void set(struct world *w, struct leat_stack *st, struct iface *i, const struct tuning *t,
		const uint64_t *v)
{
	const struct module *m;
	char why[200] = "";
	const struct knob *k = find(st, t->name, &m);
	if (!k)
		return; /* of a module that is not loaded */
	void *base = i && k->flags & KNOB_PER_IFACE ? (void *)&i->conf : knob_base(st, m, k);
	int err = base ? knob_set(st, i, k, base, v ? v : k->dflt, why, sizeof why) : 0;
	if (err)
		broken(w, "harness: %s: %s", t->name, why);
}

void deed_tune(struct world *w, const uint32_t *arg)
{
	struct leat_stack *st = stack_of(w, arg[0]);
	const struct tuning *t = &tunings[arg[2] % ARRAY_SIZE(tunings)];
	const uint64_t v[KNOB_VALUES] = { t->value[arg[3] % ARRAY_SIZE(t->value)] };
	struct iface *i = NULL;
	for (unsigned e = 0; e < 2 && !i; e++)
		if (iface_of(w, arg[1], e) && w->wire[arg[1]].node[e] == arg[0])
			i = iface_of(w, arg[1], e);
	if (!st)
		return;
	set(w, st, i, t, v);
	w->node[arg[0]].untested |= strstr(t->name, "dad") != NULL;
	if (strstr(t->name, "unres_qlen")) /* made smaller, it holds for who comes from then on */
		w->queue_max = MAX(w->queue_max, (uint32_t)v[0]);
}

void tune_reset(struct world *w)
{
	for (unsigned n = 1; n <= NODES_MAX; n++) {
		struct leat_stack *st = stack_of(w, n);
		for (unsigned t = 0; st && t < ARRAY_SIZE(tunings); t++) {
			set(w, st, NULL, &tunings[t], NULL);
			for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
				set(w, st, i, &tunings[t], NULL);
		}
	}
}
