/* SPDX-License-Identifier: BSD-2-Clause */
/* The module. */
#include "ip/ip.h"
#include "tcp/host.h"
#include "tcp/tcp_internal.h"

uint64_t tcp_counted(const struct leat_stack *st, enum tcp_count n)
{
	uint64_t sum = 0;
	for (unsigned i = 0; tcp_stack(st) && i < st->n_workers; i++)
		sum += racy_get(tcp_worker(st->worker[i])->counts[n]);
	return sum;
}

static int tcp_init(struct leat_stack *st)
{
	struct tcp_stack *ts = tcp_stack(st);
	hash_init(&ts->bound, &st->mem, NULL, NULL);
	hash_init(&ts->listening, &st->mem, NULL, NULL);
	st->rt->ops->random(st->rt, &ts->isn_key, sizeof ts->isn_key);
	st->rt->ops->random(st->rt, &ts->stamp_key, sizeof ts->stamp_key);
	st->rt->ops->random(st->rt, &ts->port_key, sizeof ts->port_key);
	st->rt->ops->random(st->rt, &ts->cookie_key, sizeof ts->cookie_key);
	tcp_fast_first_key(ts);
	tcp_hosts_init(st);
	shared_init(&ts->opts, &st->mem, sizeof(struct tcp_opts));
	ts->out4 = node_find(st, "ip4-output");
	ts->out6 = node_find(st, "ip6-output");
	int err = l4_ops_add(st, &tcp_ops);
	if (!err)
		err = l4_error_add(st, IPPROTO_TCP, "tcp-error4", "tcp-error6");
	if (!err)
		err = ip4_proto_add(st, IPPROTO_TCP, "tcp4-input");
	return err ? err : ip6_proto_add(st, IPPROTO_TCP, "tcp6-input");
}

static int tcp_worker_init(struct worker *w)
{
	struct tcp_worker *tw = tcp_worker(w);
	tw->w = w;
	hash_init(&tw->by_key, &w->st->mem, NULL, NULL);
	slab_init(&tw->asleep, &w->st->mem, TCP_ASLEEP_BYTES, offsetof(struct tcp_conn, h.place));
	SLAB_INIT(&tw->conns, &w->st->mem, struct tcp_conn, h.place);
	SLAB_INIT(&tw->motions, &w->st->mem, struct tcp_motion, place);
	SLAB_INIT(&tw->requests, &w->st->mem, struct tcp_request, h.place);
	SLAB_INIT(&tw->waits, &w->st->mem, struct tcp_wait, h.place);
	list_init(&tw->all_waits);
	tw->conns.smooth = tw->asleep.smooth = tw->motions.smooth = tw->requests.smooth = tw->waits.smooth =
		true;
	hash_init(&tw->chosen, &w->st->mem, NULL, NULL);
	hash_init(&tw->holds, &w->st->mem, NULL, NULL);
	slab_init(&tw->hold_slab, &w->st->mem, tcp_hold_bytes, tcp_hold_place);
	tcp_pacer_init(w);
	return 0;
}

static void tcp_unlink(struct leat_stack *st)
{
	ip4_proto_remove(st, IPPROTO_TCP);
	ip6_proto_remove(st, IPPROTO_TCP);
	l4_error_remove(st, IPPROTO_TCP);
	l4_ops_remove(st, &tcp_ops); /* closes what is open */
}

/* Connections that nobody has any more end without a word. */
static void tcp_drain(struct leat_stack *st)
{
	for (unsigned i = 0; i < st->n_workers; i++) {
		struct tcp_worker *tw = tcp_worker(st->worker[i]);
		for (struct hash_node *n; (n = hash_from(&tw->by_key, 0));) {
			struct tcp_head *h = container_of(n, struct tcp_head, by_key);
			if (h->kind == TCP_KIND_WAIT)
				tcp_wait_free(container_of(h, struct tcp_wait, h));
			else
				tcp_done(container_of(h, struct tcp_conn,
						      h)); /* none sleeps: those have owners */
		}
	}
}

static void tcp_worker_free(struct worker *w)
{
	struct tcp_worker *tw = tcp_worker(w);
	tcp_pacer_stop(w);
	hash_done(&tw->by_key);
	slab_done(&tw->conns);
	slab_done(&tw->asleep);
	slab_done(&tw->motions);
	slab_done(&tw->requests);
	slab_done(&tw->waits);
	hash_done(&tw->chosen);
	hash_done(&tw->holds);
	slab_done(&tw->hold_slab);
}

static void tcp_free(struct leat_stack *st)
{
	tcp_hosts_free(st);
	shared_done(&tcp_stack(st)->opts);
	hash_done(&tcp_stack(st)->bound);
	hash_done(&tcp_stack(st)->listening);
}

static const struct node *const tcp_nodes[] = { &tcp4_node, &tcp6_node, &tcp_error4_node, &tcp_error6_node,
						NULL };

static const struct nl_family *const tcp_families[] = { &tcp_hosts_family, NULL };

const struct module tcp_module = {
	.name = "tcp",
	.id = MODULE_tcp,
	.nodes = tcp_nodes,
	.netlink = tcp_families,
	.knobs = tcp_knobs,
	.stack_size = sizeof(struct tcp_stack),
	.worker_size = sizeof(struct tcp_worker),
	.init = tcp_init,
	.worker_init = tcp_worker_init,
	.unlink = tcp_unlink,
	.drain = tcp_drain,
	.worker_free = tcp_worker_free,
	.free = tcp_free,
	.save = tcp_save,
	.restore = tcp_restore,
};
