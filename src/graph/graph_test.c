/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph.c"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graph/rig.h"

/* "sort" sends each packet along the edge that its first byte names; what reaches "end" is noted and dropped. */
enum { SORT_END = 1, SORT_LATE, SORT_MAKER, SORT_AGAIN };
enum { BYTE_KEEP = 100, BYTE_DROP };

static struct pkt *seen[1024];
static const struct pkt_vec *last_vec;
static unsigned n_seen, n_kept;
static struct pkt *kept[16];
static char order[64];

static void tell(char c)
{
	size_t n = strlen(order);
	if (n + 1 < sizeof order)
		memcpy(order + n, (char[]){ c, 0 }, 2);
}

static uint8_t sort_one(struct pkt *p)
{
	if (p->data[0] == BYTE_DROP)
		return pkt_drop(p, DROP_TRUNCATED);
	if (p->data[0] != BYTE_KEEP)
		return p->data[0];
	kept[n_kept++] = p;
	return NODE_KEPT;
}

static void sort_run(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	tell('s');
	last_vec = v;
	for (unsigned i = 0; i < v->n; i++)
		next[i] = sort_one(v->pkt[i]);
	vec_dispatch(w, v, next);
}

static void end_run(struct worker *w, struct pkt_vec *v)
{
	tell('e');
	last_vec = v;
	graph_run(w); /* as a device does that is handed packets while it hands in some */
	for (unsigned i = 0; i < v->n; i++) {
		seen[n_seen++] = v->pkt[i];
		pkt_drop(v->pkt[i], DROP_CONSUMED);
	}
	vec_dispatch_all(w, v, NEXT_DROP);
}

/* Sends a fresh packet after each that it is given. */
static void maker_run(struct worker *w, struct pkt_vec *v)
{
	tell('m');
	for (unsigned i = 0; i < v->n; i++) {
		node_send(w, 1, v->pkt[i]);
		node_send(w, 1, pkt_new(w->lc));
		node_send(w, 2, pkt_new(w->lc)); /* nobody there */
	}
}

static const struct node sort_node = {
	.name = "sort",
	.run = sort_run,
	.next = { [SORT_END] = "end", [SORT_LATE] = "late", [SORT_MAKER] = "maker", [SORT_AGAIN] = "sort" },
};
static const struct node end_node = { .name = "end", .run = end_run };
static const struct node maker_node = { .name = "maker",
					.run = maker_run,
					.next = { [1] = "end", [2] = "nowhere" } };
static const struct node late_node = { .name = "late", .run = end_run };

static const struct node *const test_nodes[] = { &sort_node, &end_node, &maker_node, NULL };
static const struct module test_module = { .name = "test", .id = MODULE_TEST, .nodes = test_nodes };

/* Stands in for any module that comes later. */
static const struct node *const late_nodes[] = { &late_node, NULL };
static const struct module late_module = { .name = "late", .id = MODULE_fib, .nodes = late_nodes };

static struct rig r;

static int open_one(void **state)
{
	n_seen = n_kept = 0;
	order[0] = 0;
	rig_open(&r, 1, &test_module);
	return 0;
}
static int open_two(void **state)
{
	n_seen = n_kept = 0;
	order[0] = 0;
	rig_open(&r, 2, &test_module);
	return 0;
}
static int close_all(void **state)
{
	while (n_kept)
		pkt_free(r.w->lc, kept[--n_kept]);
	rig_close(&r);
	return 0;
}

static void send(const char *bytes_then_0)
{
	for (const char *b = bytes_then_0; *b; b++)
		graph_enqueue(r.w, node_find(r.st, "sort"), rig_pkt(&r, (uint8_t)*b, 60));
	graph_run(r.w);
}
static uint64_t drops(const char *node, enum drop why)
{
	return graph_drops(r.st, node_find(r.st, node), why);
}
static struct node_stats stats(const char *node)
{
	struct node_stats s;
	graph_stats(r.st, node_find(r.st, node), &s);
	return s;
}

static void packets_go_to_the_end_and_are_counted(void **state)
{
	send("\1\1\1");
	assert_int_equal(n_seen, 3);
	assert_string_equal(order, "se");
	assert_int_equal(stats("sort").vectors, 1);
	assert_int_equal(stats("sort").packets, 3);
	assert_int_equal(stats("end").packets, 3);
	assert_int_equal(stats("end").cycles, 0); /* a deterministic runtime */
	assert_int_equal(drops("end", DROP_CONSUMED), 3);
	assert_int_equal(graph_drops_total(r.st), 3);
}

static void a_vector_that_goes_one_way_is_not_copied(void **state)
{
	graph_enqueue(r.w, node_find(r.st, "sort"), rig_pkt(&r, SORT_END, 60));
	const struct pkt_vec *v = graph_worker(r.w)->head;
	graph_run(r.w);
	assert_int_equal(n_seen, 1);
	assert_ptr_equal(last_vec, v);
	graph_enqueue(r.w, node_find(r.st, "sort"), rig_pkt(&r, SORT_END, 60));
	assert_ptr_equal(graph_worker(r.w)->head, v); /* and was given back once */
	assert_null(graph_worker(r.w)->head->next);
	graph_run(r.w);
}

static void a_mixed_vector_is_sorted_and_keeps_its_order(void **state)
{
	send("\1\3\145\1\3\145\145\1"); /* 145 octal: BYTE_DROP */
	assert_int_equal(n_seen, 3 + 2 * 2);
	assert_string_equal(order, "seme");
	assert_int_equal(drops("sort", DROP_TRUNCATED), 3);
	assert_int_equal(drops("maker", DROP_NO_MODULE), 2);
	assert_int_equal(stats("maker").packets, 2);
	assert_int_equal(stats("end").packets, 7);
}

static void packets_leave_in_the_order_in_which_they_came(void **state)
{
	struct pkt *in[600];
	for (unsigned i = 0; i < 600; i++)
		in[i] = rig_pkt(&r, i % 7 == 3 ? BYTE_DROP : SORT_END, 60);
	graph_enqueue_bulk(r.w, node_find(r.st, "sort"), in, 600);
	graph_run(r.w);
	unsigned at = 0;
	for (unsigned i = 0; i < 600; i++)
		if (i % 7 != 3)
			assert_ptr_equal(seen[at++], in[i]);
	assert_int_equal(at, n_seen);
	assert_int_equal(stats("sort").vectors, 3);
	assert_string_equal(order, "ssseee");
}

static void a_full_open_vector_is_followed_by_another(void **state)
{
	struct pkt *in[PKT_VEC_MAX];
	for (unsigned i = 0; i < PKT_VEC_MAX; i++)
		in[i] = rig_pkt(&r, SORT_END, 60);
	graph_enqueue(r.w, node_find(r.st, "end"), rig_pkt(&r, SORT_END, 60));
	graph_enqueue_bulk(r.w, node_find(r.st, "end"), in, PKT_VEC_MAX);
	graph_run(r.w);
	assert_int_equal(n_seen, PKT_VEC_MAX + 1);
	assert_int_equal(stats("end").vectors, 2);
}

static void kept_packets_are_left_alone(void **state)
{
	send("\144\144"); /* octal: BYTE_KEEP */
	assert_int_equal(n_kept, 2);
	assert_int_equal(graph_drops_total(r.st), 0);
	send("\144\1");
	assert_int_equal(n_kept, 3);
	assert_int_equal(n_seen, 1);
}

static void an_edge_to_nobody_drops_until_the_module_comes(void **state)
{
	uint16_t sort = node_find(r.st, "sort");
	send("\2");
	assert_int_equal(drops("sort", DROP_NO_MODULE), 1);
	assert_int_equal(graph_edge(r.st, sort, SORT_LATE), 0);
	assert_string_equal(graph_edge_name(r.st, sort, SORT_LATE), "late");
	assert_int_equal(stack_load(r.st, &late_module), 0);
	uint16_t late = node_find(r.st, "late");
	assert_int_not_equal(late, 0);
	assert_int_equal(graph_edge(r.st, sort, SORT_LATE), late);
	send("\2");
	assert_int_equal(n_seen, 1);
	assert_int_equal(stack_unload(r.st, &late_module), 0);
	assert_int_equal(node_find(r.st, "late"), 0);
	assert_null(graph_node(r.st, late));
	send("\2");
	assert_int_equal(drops("sort", DROP_NO_MODULE), 2);
	assert_int_equal(graph_drops(r.st, late, DROP_CONSUMED), 1); /* what it has counted stays */
}

static void a_name_keeps_its_number(void **state)
{
	uint16_t sort = node_find(r.st, "sort");
	stack_load(r.st, &late_module);
	uint16_t late = node_find(r.st, "late");
	unsigned n = graph_n_nodes(r.st);
	stack_unload(r.st, &late_module);
	stack_load(r.st, &late_module);
	assert_int_equal(node_find(r.st, "late"), late);
	assert_int_equal(node_find(r.st, "sort"), sort);
	assert_int_equal(graph_n_nodes(r.st), n);
	assert_int_equal(node_find(r.st, "drop"), 0);
	assert_int_equal(node_find(r.st, "nowhere"), 0);
}

static void what_is_queued_for_a_node_that_goes_is_dropped_by_name(void **state)
{
	stack_load(r.st, &late_module);
	uint16_t late = node_find(r.st, "late");
	graph_enqueue(r.w, late, rig_pkt(&r, 1, 60));
	stack_unload(r.st, &late_module);
	graph_run(r.w);
	assert_int_equal(n_seen, 0);
	assert_int_equal(graph_drops(r.st, late, DROP_NO_MODULE), 1);
	graph_enqueue(r.w, late, rig_pkt(&r, 1, 60));
	graph_run(r.w);
	assert_int_equal(graph_drops(r.st, late, DROP_NO_MODULE), 2);
	graph_enqueue(r.w, 0, rig_pkt(&r, 1, 60));
	graph_enqueue(r.w, NODE_MAX - 1, rig_pkt(&r, 1, 60));
	assert_int_equal(graph_drops(r.st, 0, DROP_NO_MODULE), 2);
}

static void what_nobody_ran_is_dropped_with_the_stack(void **state)
{
	graph_enqueue(r.w, node_find(r.st, "end"), rig_pkt(&r, 1, 60)); /* rig_close() counts packets */
}

static void an_edge_can_be_added_to_a_living_node(void **state)
{
	uint8_t e = node_edge_add(r.st, "sort", "late");
	assert_int_equal(e, SORT_LATE); /* it had that one */
	e = node_edge_add(r.st, "sort", "maker2");
	assert_int_equal(e, SORT_AGAIN + 1);
	assert_int_equal(node_edge_add(r.st, "sort", "maker2"), e);
	assert_int_equal(node_edge_add(r.st, "nowhere", "end"), 0);
	assert_string_equal(graph_edge_name(r.st, node_find(r.st, "sort"), e), "maker2");
	send("\5\5");
	assert_int_equal(drops("sort", DROP_NO_MODULE), 2);
	assert_int_equal(node_edge_add(r.st, "end", "maker"), 1);
	assert_int_equal(graph_edge(r.st, node_find(r.st, "end"), 1), node_find(r.st, "maker"));
	node_edge_remove(r.st, "end", "maker");
	assert_int_equal(graph_edge(r.st, node_find(r.st, "end"), 1), 0);
	assert_null(graph_edge_name(r.st, node_find(r.st, "end"), 1));
	node_edge_remove(r.st, "nowhere", "maker");
	stack_load(r.st, &late_module); /* edges are worked out again */
	assert_string_equal(graph_edge_name(r.st, node_find(r.st, "sort"), e), "maker2");
	char name[NODE_NEXT_MAX][8];
	for (unsigned k = e + 1U; k < NODE_NEXT_MAX; k++) {
		snprintf(name[k], sizeof name[k], "n%u", k);
		assert_int_equal(node_edge_add(r.st, "sort", name[k]), k);
	}
	assert_int_equal(node_edge_add(r.st, "sort", "one-too-many"), 0);
}

static bool is_odd(struct worker *w, struct pkt *p)
{
	return p->data[1] == 1 && p->len % 2;
}

static void a_parked_packet_is_looked_at_again(void **state)
{
	uint16_t end = node_find(r.st, "end");
	for (unsigned i = 0; i < 2; i++) {
		struct pkt *p = rig_pkt(&r, 1, 60 + i);
		pkt_park(p, end);
		graph_set_validator(r.st, is_odd);
		graph_resume(r.w, p);
	}
	assert_int_equal(n_seen, 0);
	graph_run(r.w);
	assert_int_equal(n_seen, 1);
	assert_int_equal(drops("end", DROP_STALE), 1);
}

static void packets_cross_to_another_worker(void **state)
{
	struct pkt *in[300];
	uint16_t end = node_find(r.st, "end");
	for (unsigned i = 0; i < 300; i++)
		in[i] = rig_pkt(&r, 1, 60);
	graph_hand_over(r.w, 1, end, in, 300);
	assert_int_equal(n_seen, 0);
	manual_rt_settle(r.m);
	assert_int_equal(n_seen, 300);
	assert_memory_equal(seen, in, sizeof in);
	assert_int_equal(node_run(graph_worker(r.st->worker[1]), end)->packets, 300);
	for (unsigned round = 0; round < 1000; round++) { /* blocks come back: no more memory than once */
		uint64_t used = r.rt->mem.used_bytes;
		struct pkt *p = rig_pkt(&r, 1, 60);
		graph_hand_over(r.w, 1, end, &p, 1);
		n_seen = 0;
		manual_rt_settle(r.m);
		if (round > 16)
			assert_int_equal(r.rt->mem.used_bytes, used);
	}
}

static void a_full_ring_drops_by_name(void **state)
{
	uint16_t end = node_find(r.st, "end");
	struct pkt *p;
	unsigned sent = 0;
	do {
		p = rig_pkt(&r, 1, 60);
		graph_hand_over(r.w, 1, end, &p, 1);
	} while (++sent < 600);
	uint64_t lost = graph_drops(r.st, 0, DROP_HANDOVER_FULL);
	assert_in_range(lost, 1, 599);
	manual_rt_settle(r.m);
	assert_int_equal(n_seen + lost, 600);
}

static void a_hand_over_to_oneself_is_a_queue(void **state)
{
	struct pkt *p = rig_pkt(&r, 1, 60);
	graph_hand_over(r.w, 0, node_find(r.st, "end"), &p, 1);
	graph_run(r.w);
	assert_int_equal(n_seen, 1);
}

static void without_memory_for_vectors_packets_are_dropped_by_name(void **state)
{
	struct pkt *p = rig_pkt(&r, 1, 60);
	r.rt->mem.fail_after = 1;
	graph_enqueue(r.w, node_find(r.st, "end"), p);
	graph_run(r.w);
	assert_int_equal(n_seen, 0);
	assert_int_equal(drops("end", DROP_NO_MEMORY), 1);
}

static void without_memory_for_a_row_drops_are_counted_with_the_drop_node(void **state)
{
	struct pkt *p = rig_pkt(&r, 1, 60);
	r.st->mem.fail_after = 1;
	graph_drop(r.w, node_find(r.st, "end"), p, DROP_STALE);
	assert_int_equal(drops("end", DROP_STALE), 0);
	assert_int_equal(graph_drops(r.st, 0, DROP_STALE), 1);
	graph_drop(r.w, node_find(r.st, "end"), rig_pkt(&r, 1, 60), DROP_STALE);
	assert_int_equal(drops("end", DROP_STALE), 1);
}

static void a_module_whose_nodes_do_not_fit_in_is_not_loaded(void **state)
{
	static const struct node *const twice[] = { &end_node, NULL };
	static const struct module imposter = { .name = "imposter", .id = MODULE_fib, .nodes = twice };
	uint16_t end = node_find(r.st, "end");
	assert_int_equal(stack_load(r.st, &imposter), -EEXIST);
	assert_ptr_equal(graph_node(r.st, end), &end_node);
	r.st->mem.fail_after = 1;
	assert_int_equal(stack_load(r.st, &late_module), -ENOMEM);
	assert_int_equal(node_find(r.st, "late"), 0);
	assert_int_equal(stack_load(r.st, &late_module), 0);
	send("\1\2");
	assert_int_equal(n_seen, 2);
}

static void there_are_numbers_for_so_many_nodes(void **state)
{
	static struct node many[NODE_MAX];
	static const struct node *list[NODE_MAX + 1];
	static char name[NODE_MAX][16];
	static const struct module crowd = { .name = "crowd", .id = MODULE_fib, .nodes = list };
	for (unsigned i = 0; i < NODE_MAX; i++) {
		snprintf(name[i], sizeof name[i], "n%u", i);
		many[i] = (struct node){ .name = name[i], .run = end_run };
		list[i] = &many[i];
	}
	assert_int_equal(stack_load(r.st, &crowd), -ENOSPC);
	assert_int_equal(node_find(r.st, "n0"), 0);
	send("\1");
	assert_int_equal(n_seen, 1);
	assert_int_equal(graph_n_nodes(r.st), NODE_MAX); /* a name once given keeps its number */
	list[100] = NULL;
	assert_int_equal(stack_load(r.st, &crowd), 0);
	graph_enqueue(r.w, node_find(r.st, "n99"), rig_pkt(&r, 1, 60));
	graph_run(r.w);
	assert_int_equal(stats("n99").packets, 1);
}

static void an_idle_stack_is_small(void **state)
{
	assert_in_range(r.st->mem.used_bytes, 1, 24 << 10);
}

static void counters_survive_in_a_save_file(void **state)
{
	char path[] = "/tmp/leat-graph-test-XXXXXX", why[128];
	struct leat_stack *old = r.st;
	const struct module *const modules[] = { &pkt_module, &graph_module, &late_module, NULL };
	send("\1\1\145");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stack_save(old, path, why, sizeof why), 0);
	assert_int_equal(stack_new(r.rt, "new", 1, old->modules, &r.st), 0);
	assert_int_equal(stack_restore(r.st, path, why, sizeof why), 0);
	assert_int_equal(stats("sort").packets, 3);
	assert_int_equal(stats("end").vectors, 1);
	assert_int_equal(drops("sort", DROP_TRUNCATED), 1);
	assert_int_equal(graph_drops_total(r.st), 3);
	stack_free(r.st);
	assert_int_equal(stack_new(r.rt, "other", 1, modules, &r.st), 0); /* knows neither sort nor end */
	stack_restore(r.st, path, why, sizeof why);
	assert_int_equal(graph_drops_total(r.st), 3);
	stack_free(r.st);
	r.st = old;
	unlink(path);
}

static void a_graph_without_memory_does_not_start(void **state)
{
	for (unsigned n = 1; n < 64; n++) {
		struct leat_stack *st = NULL;
		uint64_t used = r.rt->mem.used_bytes;
		r.rt->mem.fail_after = n;
		int err = stack_new(r.rt, "late", 1, r.st->modules, &st);
		r.rt->mem.fail_after = 0;
		if (!err) {
			stack_free(st);
			return;
		}
		assert_int_equal(err, -ENOMEM);
		manual_rt_settle(r.m);
		assert_int_equal(r.rt->mem.used_bytes, used);
	}
}

#define CASE(name)     cmocka_unit_test_setup_teardown(name, open_one, close_all)
#define CASE_TWO(name) cmocka_unit_test_setup_teardown(name, open_two, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(packets_go_to_the_end_and_are_counted),
		CASE(a_vector_that_goes_one_way_is_not_copied),
		CASE(a_mixed_vector_is_sorted_and_keeps_its_order),
		CASE(packets_leave_in_the_order_in_which_they_came),
		CASE(a_full_open_vector_is_followed_by_another),
		CASE(kept_packets_are_left_alone),
		CASE(an_edge_to_nobody_drops_until_the_module_comes),
		CASE(a_name_keeps_its_number),
		CASE(what_is_queued_for_a_node_that_goes_is_dropped_by_name),
		CASE(what_nobody_ran_is_dropped_with_the_stack),
		CASE(an_edge_can_be_added_to_a_living_node),
		CASE(a_parked_packet_is_looked_at_again),
		CASE_TWO(packets_cross_to_another_worker),
		CASE_TWO(a_full_ring_drops_by_name),
		CASE_TWO(a_hand_over_to_oneself_is_a_queue),
		CASE(without_memory_for_vectors_packets_are_dropped_by_name),
		CASE(without_memory_for_a_row_drops_are_counted_with_the_drop_node),
		CASE(a_module_whose_nodes_do_not_fit_in_is_not_loaded),
		CASE(there_are_numbers_for_so_many_nodes),
		CASE(an_idle_stack_is_small),
		CASE(counters_survive_in_a_save_file),
		CASE(a_graph_without_memory_does_not_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
