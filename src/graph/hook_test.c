/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook.c"

#include "graph/rig.h"

/* The owner of the point "ip4-forward" and the node behind it. */
enum { FORWARD_POST = 1, FORWARD_HOOK };

static unsigned n_post;
static struct hook_edges edges;

static void forward_run(struct worker *w, struct pkt_vec *v)
{
	vec_dispatch_all(w, v, hook_read_edge(&edges, HOOK_IP4_FORWARD));
}
static void post_run(struct worker *w, struct pkt_vec *v)
{
	n_post += v->n;
	for (unsigned i = 0; i < v->n; i++)
		pkt_drop(v->pkt[i], DROP_CONSUMED);
	vec_dispatch_all(w, v, NEXT_DROP);
}
static const struct node forward_node = {
	.name = "ip4-forward",
	.run = forward_run,
	.next = { [FORWARD_POST] = "ip4-post", [FORWARD_HOOK] = "hook-ip4-forward" },
};
static const struct node post_node = { .name = "ip4-post", .run = post_run };
static const struct node *const forward_nodes[] = { &forward_node, &post_node, NULL };
static const struct module forward_module = { .name = "forward", .id = MODULE_TEST, .nodes = forward_nodes };
static const struct module nothing_module = { .name = "nothing", .id = MODULE_ip6 };

static struct rig r;
static char order[32];
static struct pkt *stolen;

/* Each listener leaves the letter of its name and treats packets as their first byte, capital for it, says. */
static void listen_fn(struct worker *w, struct hook_listener *l, struct pkt_vec *v, uint8_t *verdict)
{
	strcat(order, l->name);
	for (unsigned i = 0; i < v->n; i++) {
		assert_int_equal(verdict[i], HOOK_ACCEPT);
		if (v->pkt[i]->data[0] != l->name[0])
			continue;
		if (v->pkt[i]->data[1] == 0xff) {
			verdict[i] = HOOK_STOLEN;
			stolen = v->pkt[i];
			continue;
		}
		verdict[i] = HOOK_DROP;
		if (l->ctx)
			v->pkt[i]->drop = DROP_IP_PROHIBIT;
	}
}
static struct hook_listener a = { .name = "a", .point = HOOK_IP4_FORWARD, .priority = -100, .fn = listen_fn };
static struct hook_listener b = { .name = "b", .point = HOOK_IP4_FORWARD, .fn = listen_fn };
static struct hook_listener c = { .name = "c", .point = HOOK_IP4_FORWARD, .fn = listen_fn, .ctx = &c };

static int open_with(const struct module *own)
{
	n_post = 0;
	order[0] = 0;
	stolen = NULL;
	rig_open(&r, 1, own);
	hook_edges_add(r.st, &edges);
	return 0;
}
static int open_owner(void **state)
{
	return open_with(&forward_module);
}
static int open_without(void **state)
{
	return open_with(&nothing_module);
}
static int close_all(void **state)
{
	hook_edges_remove(r.st, &edges);
	rig_close(&r);
	return 0;
}

static void send(const char *bytes)
{
	manual_rt_settle(r.m); /* workers load the view */
	for (; *bytes; bytes++)
		graph_enqueue(r.w, node_find(r.st, "ip4-forward"), rig_pkt(&r, (uint8_t)*bytes, 60));
	graph_run(r.w);
}
static uint64_t hook_drops(enum drop why)
{
	return graph_drops(r.st, node_find(r.st, "hook-ip4-forward"), why);
}

static void an_empty_hook_is_a_straight_edge(void **state)
{
	assert_int_equal(hook_read_edge(&edges, HOOK_IP4_FORWARD), FORWARD_POST);
	assert_false(hook_is_busy(r.st, HOOK_IP4_FORWARD));
	send("xyz");
	assert_int_equal(n_post, 3);
	assert_int_equal(graph_worker(r.w)->head != NULL, 0);
}

static void listeners_are_called_while_they_listen(void **state)
{
	assert_int_equal(hook_listen(r.st, &a), 0);
	assert_true(hook_is_busy(r.st, HOOK_IP4_FORWARD));
	assert_int_equal(hook_read_edge(&edges, HOOK_IP4_FORWARD), FORWARD_HOOK);
	send("x");
	assert_string_equal(order, "a");
	assert_int_equal(n_post, 1);
	hook_unlisten(r.st, &a);
	assert_int_equal(hook_read_edge(&edges, HOOK_IP4_FORWARD), FORWARD_POST);
	send("x");
	assert_string_equal(order, "a");
	assert_int_equal(n_post, 2);
}

static void priority_then_arrival_is_the_order(void **state)
{
	hook_listen(r.st, &b);
	hook_listen(r.st, &c);
	hook_listen(r.st, &a);
	send("x");
	assert_string_equal(order, "abc");
	hook_unlisten(r.st, &b);
	send("x");
	assert_string_equal(order, "abcac");
	hook_unlisten(r.st, &a);
	hook_unlisten(r.st, &c);
}

static void a_refused_packet_meets_no_later_listener(void **state)
{
	hook_listen(r.st, &a);
	hook_listen(r.st, &b);
	hook_listen(r.st, &c);
	send("xabcayc");
	assert_int_equal(n_post, 2);
	assert_int_equal(hook_drops(DROP_HOOK), 3);
	assert_int_equal(hook_drops(DROP_IP_PROHIBIT), 2);
	order[0] = 0;
	send("aa");
	assert_string_equal(order, "a"); /* nothing was left for the others */
	hook_unlisten(r.st, &a);
	hook_unlisten(r.st, &b);
	hook_unlisten(r.st, &c);
}

static void a_stolen_packet_is_the_listeners(void **state)
{
	hook_listen(r.st, &a);
	manual_rt_settle(r.m);
	struct pkt *p = rig_pkt(&r, 'a', 60);
	p->data[1] = 0xff;
	graph_enqueue(r.w, node_find(r.st, "ip4-forward"), p);
	graph_run(r.w);
	assert_ptr_equal(stolen, p);
	assert_int_equal(n_post, 0);
	assert_int_equal(graph_drops_total(r.st), 0);
	pkt_free(r.w->lc, p);
	hook_unlisten(r.st, &a);
}

static void a_worker_in_the_middle_of_a_turn_is_not_led_astray(void **state)
{
	manual_rt_settle(r.m);
	hook_listen(r.st, &a); /* flips the edge under a worker that still holds the old view */
	graph_enqueue(r.w, node_find(r.st, "ip4-forward"), rig_pkt(&r, 'a', 60));
	graph_run(r.w);
	assert_int_equal(n_post, 1);
	hook_unlisten(r.st, &a);
}

static void listening_without_the_owner_waits_for_it(void **state)
{
	assert_int_equal(hook_listen(r.st, &a), 0);
	assert_int_equal(hook_read_edge(&edges, HOOK_IP4_FORWARD), 0);
	assert_int_equal(stack_load(r.st, &forward_module), 0);
	assert_int_equal(hook_read_edge(&edges, HOOK_IP4_FORWARD), FORWARD_HOOK);
	send("ax");
	assert_int_equal(n_post, 1);
	hook_unlisten(r.st, &a);
	assert_int_equal(hook_read_edge(&edges, HOOK_IP4_FORWARD), FORWARD_POST);
}

static void an_interface_that_comes_later_takes_the_same_edges(void **state)
{
	struct hook_edges late;
	hook_listen(r.st, &a);
	hook_edges_add(r.st, &late);
	assert_int_equal(hook_read_edge(&late, HOOK_IP4_FORWARD), FORWARD_HOOK);
	hook_unlisten(r.st, &a);
	assert_int_equal(hook_read_edge(&late, HOOK_IP4_FORWARD), FORWARD_POST);
	hook_edges_remove(r.st, &late);
}

static void listening_fails_without_memory_and_leaves_nothing(void **state)
{
	for (unsigned n = 1; n <= 2; n++) {
		r.st->mem.fail_after = n;
		assert_int_equal(hook_listen(r.st, &a), -ENOMEM);
		assert_false(hook_is_busy(r.st, HOOK_IP4_FORWARD));
		send("a");
		assert_int_equal(n_post, n);
	}
	struct hook_listener bad = { .point = HOOK_MAX, .fn = listen_fn };
	assert_int_equal(hook_listen(r.st, &bad), -EINVAL);
}

static void leaving_cannot_fail(void **state)
{
	hook_listen(r.st, &a);
	hook_listen(r.st, &b);
	r.st->mem.fail_after = 1;
	hook_unlisten(r.st, &a);
	assert_int_equal(r.st->mem.fail_after, 0);
	send("ab");
	assert_string_equal(order, "b");
	assert_int_equal(n_post, 1);
	hook_unlisten(r.st, &b);
}

static void every_point_has_a_node_with_its_edge(void **state)
{
	for (unsigned h = 0; h < HOOK_MAX; h++) {
		char name[64];
		snprintf(name, sizeof name, "hook-%s", hook_name(h));
		uint16_t id = node_find(r.st, name);
		assert_int_not_equal(id, 0);
		assert_string_equal(graph_edge_name(r.st, id, HOOK_NEXT_ON), points[h].next);
	}
	assert_string_equal(hook_name(HOOK_MAX), "?");
}

#define CASE(name)         cmocka_unit_test_setup_teardown(name, open_owner, close_all)
#define CASE_WITHOUT(name) cmocka_unit_test_setup_teardown(name, open_without, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_empty_hook_is_a_straight_edge),
		CASE(listeners_are_called_while_they_listen),
		CASE(priority_then_arrival_is_the_order),
		CASE(a_refused_packet_meets_no_later_listener),
		CASE(a_stolen_packet_is_the_listeners),
		CASE(a_worker_in_the_middle_of_a_turn_is_not_led_astray),
		CASE_WITHOUT(listening_without_the_owner_waits_for_it),
		CASE(an_interface_that_comes_later_takes_the_same_edges),
		CASE(listening_fails_without_memory_and_leaves_nothing),
		CASE(leaving_cannot_fail),
		CASE(every_point_has_a_node_with_its_edge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
