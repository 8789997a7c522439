/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace filter is a program from a netlink message: whatever it is, it is refused or ends, and reads nothing outside
 * the packet. Input: a count of instructions, the instructions (8 bytes each), the packet. */
#include "graph/filter.c"
#include "graph/trace.c"

#include <stdlib.h>

#include "core/manual.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void none_run(struct worker *w, struct pkt_vec *v)
{
	for (unsigned i = 0; i < v->n; i++)
		pkt_drop(v->pkt[i], DROP_CONSUMED);
	vec_dispatch_all(w, v, NEXT_DROP);
}
static const struct node none_node = { .name = "none", .run = none_run };
static const struct node *const none_nodes[] = { &none_node, NULL };
static const struct module none_module = { .name = "none", .id = MODULE_TEST, .nodes = none_nodes };

static void run(struct leat_stack *st, const struct bpf_insn *prog, unsigned n, const uint8_t *data,
		size_t len)
{
	struct worker *w = st->worker[0];
	struct trace_record r;
	uint64_t lost = 0;
	if (trace_start(st, prog, n, 0))
		return;
	struct pkt_vec v = { .n = 1, .pkt = { pkt_new(w->lc) } };
	pkt_append(w->lc, v.pkt[0], data, (uint32_t)len);
	trace_mark_slow(w, &v);
	graph_enqueue_bulk(w, node_find(st, "none"), v.pkt, 1);
	graph_run(w);
	while (trace_read(st, &r, 1, &lost)) {}
	trace_stop(st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct module *const modules[] = { &pkt_module, &graph_module, &none_module, NULL };
	static struct manual_rt *m;
	static struct leat_stack *st;
	struct bpf_insn prog[32];
	unsigned n = len ? data[0] % (ARRAY_SIZE(prog) + 1) : 0;
	if (!m) {
		m = manual_rt_new(1, 1);
		if (pkt_pools_init(manual_rt_of(m), 8 << 20) ||
		    stack_new(manual_rt_of(m), "fuzz", 1, modules, &st))
			abort();
	}
	if (len < 1 + n * sizeof *prog)
		return 0;
	memcpy(prog, data + 1, n * sizeof *prog);
	run(st, prog, n, data + 1 + n * sizeof *prog, MIN(len - 1 - n * sizeof *prog, (size_t)6000));
	manual_rt_settle(m);
	return 0;
}
