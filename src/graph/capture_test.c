/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/capture.c"

#include "graph/rig.h"

static struct rig r;

/* Drops what begins with 'd', keeps nothing. */
static void node_fn_run(struct worker *w, struct pkt_vec *v)
{
	for (unsigned i = 0; i < v->n; i++)
		pkt_drop(v->pkt[i], v->pkt[i]->data[0] == 'd'   ? DROP_TRUNCATED
				    : v->pkt[i]->data[0] == 'f' ? DROP_ARP_DONE
								: DROP_CONSUMED);
	vec_dispatch_all(w, v, NEXT_DROP);
}
static const struct node node = { .name = "node", .run = node_fn_run };
static const struct node *const nodes[] = { &node, NULL };
static const struct module test_module = { .name = "test", .id = MODULE_TEST, .nodes = nodes };

static int open_one(void **state)
{
	rig_open(&r, 1, &test_module);
	return 0;
}
static int close_all(void **state)
{
	rig_close(&r);
	return 0;
}

static void frame(enum capture_what what, uint32_t if_handle, uint8_t first, uint32_t len)
{
	struct pkt *p = rig_pkt(&r, first, len);
	if (capture_is_on(r.w))
		capture_frames(r.w, what, if_handle, &p, 1);
	pkt_free(r.w->lc, p);
}

static void to_node(uint8_t first)
{
	graph_enqueue(r.w, node_find(r.st, "node"), rig_pkt(&r, first, 60));
	graph_run(r.w);
}

static struct capture *start(const struct capture_conf *conf)
{
	struct capture *c;
	assert_int_equal(capture_start(r.st, conf, &c), 0);
	return c;
}

static void frames_come_with_their_direction(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_IN | CAPTURE_OUT });
	frame(CAPTURE_IN, 5, 'a', 60);
	frame(CAPTURE_OUT, 6, 'b', 61);
	const struct capture_record *k = capture_next(c);
	assert_int_equal(k->what, CAPTURE_IN);
	assert_int_equal(k->in_if, 5);
	assert_int_equal(k->len, 60);
	assert_int_equal(k->snap_len, 60);
	assert_int_equal(capture_bytes(k)[0], 'a');
	assert_int_equal(capture_bytes(k)[59], 59);
	k = capture_next(c);
	assert_int_equal(k->what, CAPTURE_OUT);
	assert_int_equal(k->out_if, 6);
	assert_int_equal(capture_bytes(k)[0], 'b');
	assert_null(capture_next(c));
	capture_stop(c);
	assert_false(capture_is_on(r.w));
}

static void one_interface_and_one_direction_are_told_from_others(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_IN, .if_handle = 5 });
	frame(CAPTURE_OUT, 5, 'a', 60);
	frame(CAPTURE_IN, 6, 'b', 60);
	frame(CAPTURE_IN, 5, 'c', 60);
	assert_int_equal(capture_bytes(capture_next(c))[0], 'c');
	assert_null(capture_next(c));
	capture_stop(c);
}

static void the_tag_of_the_descriptor_is_in_the_frame(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_OUT });
	struct pkt *p = rig_pkt(&r, 'a', 60);
	p->vlan_proto = ETH_P_8021Q;
	p->vlan_tci = 77;
	capture_frames(r.w, CAPTURE_OUT, 1, &p, 1);
	pkt_free(r.w->lc, p);
	const struct capture_record *k = capture_next(c);
	assert_int_equal(k->len, 64);
	assert_int_equal(k->snap_len, 64);
	assert_memory_equal(capture_bytes(k) + 11, "\x0b\x81\x00\x00\x4d\x0c", 6);
	capture_stop(c);
}

static void drops_have_their_reason(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_DROPS });
	to_node('d');
	const struct capture_record *k = capture_next(c);
	assert_int_equal(k->drop, DROP_TRUNCATED);
	assert_int_equal(k->node, node_find(r.st, "node"));
	assert_null(capture_next(c));
	capture_stop(c);
}

static void what_is_no_loss_is_left_out_unless_wanted(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_DROPS });
	to_node('f');
	assert_null(capture_next(c));
	assert_int_equal(graph_drops_total(r.st), 0);
	capture_stop(c);
	c = start(&(struct capture_conf){ .what = CAPTURE_DROPS | CAPTURE_DONE });
	to_node('f');
	assert_int_equal(capture_next(c)->drop, DROP_ARP_DONE);
	capture_stop(c);
}

static void what_comes_to_a_node_is_seen_there(void **state)
{
	struct capture *c =
		start(&(struct capture_conf){ .what = CAPTURE_NODE, .node = node_find(r.st, "node") });
	struct capture *elsewhere = start(&(struct capture_conf){ .what = CAPTURE_NODE, .node = 200 });
	to_node('x');
	assert_int_equal(capture_bytes(capture_next(c))[0], 'x');
	assert_null(capture_next(c));
	assert_null(capture_next(elsewhere));
	capture_stop(elsewhere);
	to_node('y');
	assert_int_equal(capture_bytes(capture_next(c))[0], 'y');
	capture_stop(c);
}

static void only_what_matches_is_captured(void **state)
{
	/* ldb [0]; jeq 'a', 0, 1; ret 1; ret 0 */
	const struct bpf_insn prog[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
					 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'a', 0, 1),
					 BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 0) };
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_IN, .prog = prog, .n_insns = 4 });
	struct capture_stats s;
	frame(CAPTURE_IN, 1, 'b', 60);
	frame(CAPTURE_IN, 1, 'a', 60);
	assert_int_equal(capture_bytes(capture_next(c))[0], 'a');
	assert_null(capture_next(c));
	capture_stats(c, &s);
	assert_int_equal(s.seen, 1);
	capture_stop(c);
}

static void snap_cuts_and_the_length_stays(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_IN, .snap = 20 });
	frame(CAPTURE_IN, 1, 'a', 600);
	const struct capture_record *k = capture_next(c);
	assert_int_equal(k->snap_len, 20);
	assert_int_equal(k->len, 600);
	capture_stop(c);
}

static void a_full_ring_loses_and_says_so(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_IN, .ring_bytes = 4096 });
	struct capture_stats s;
	const struct capture_record *k;
	unsigned n = 0;
	for (unsigned i = 0; i < 100; i++)
		frame(CAPTURE_IN, 1, 'a', 600);
	while (capture_next(c))
		n++;
	capture_stats(c, &s);
	assert_int_equal(s.seen, 100);
	assert_int_equal(s.lost, 100 - n);
	assert_true(n > 3 && n < 8);
	frame(CAPTURE_IN, 1, 'b', 600);
	k = capture_next(c);
	assert_int_equal(k->lost, 100 - n);
	assert_int_equal(capture_bytes(k)[0], 'b');
	capture_stop(c);
}

static void records_go_round_the_ring_whole(void **state)
{
	struct capture *c = start(&(struct capture_conf){ .what = CAPTURE_IN, .ring_bytes = 8192 });
	for (unsigned i = 0; i < 500; i++) {
		uint32_t len = 60 + i * 37 % 1400;
		frame(CAPTURE_IN, 1, (uint8_t)i, len);
		const struct capture_record *k = capture_next(c);
		assert_non_null(k);
		assert_int_equal(k->len, len);
		assert_int_equal(capture_bytes(k)[0], (uint8_t)i);
		assert_int_equal(capture_bytes(k)[len - 1], (uint8_t)(len - 1));
		assert_null(capture_next(c));
	}
	capture_stop(c);
}

static void there_are_so_many_and_no_more(void **state)
{
	const struct capture_conf conf = { .what = CAPTURE_IN, .ring_bytes = 4096 };
	struct capture *c[CAPTURES_MAX], *more;
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		c[i] = start(&conf);
	assert_int_equal(capture_start(r.st, &conf, &more), -EBUSY);
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		capture_stop(c[i]);
	c[0] = start(&conf);
	capture_stop(c[0]);
}

static void bad_programs_are_refused(void **state)
{
	const struct bpf_insn prog[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0) };
	struct capture *c;
	const struct capture_conf conf = { .what = CAPTURE_IN, .prog = prog, .n_insns = 1 };
	assert_int_equal(capture_start(r.st, &conf, &c), -EINVAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_one, close_all)
int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_come_with_their_direction),
		CASE(one_interface_and_one_direction_are_told_from_others),
		CASE(the_tag_of_the_descriptor_is_in_the_frame),
		CASE(drops_have_their_reason),
		CASE(what_is_no_loss_is_left_out_unless_wanted),
		CASE(what_comes_to_a_node_is_seen_there),
		CASE(only_what_matches_is_captured),
		CASE(snap_cuts_and_the_length_stays),
		CASE(a_full_ring_loses_and_says_so),
		CASE(records_go_round_the_ring_whole),
		CASE(there_are_so_many_and_no_more),
		CASE(bad_programs_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
