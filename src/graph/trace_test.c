/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.c"

#include <stdio.h>

#include "graph/rig.h"

/* "in" sends to "out", drops, keeps or hands over as the first byte says; "out" makes another packet and drops both. */
enum { BYTE_OUT = 1, BYTE_DROP = 2, BYTE_KEEP = 3, BYTE_CROSS = 4 };

static struct pkt *kept;
static struct rig r;
static struct trace_record got[64];
static uint64_t lost;
static unsigned read_all(void)
{
	return trace_read(r.st, got, ARRAY_SIZE(got), &lost);
}

/* The other worker has done with it, and somebody reads, before the node here is done. */
static unsigned read_meanwhile;
static void cross(struct worker *w, struct pkt *p)
{
	graph_hand_over(w, 1, node_find(r.st, "out"), &p, 1);
	lcore_turn(r.st->worker[1]->lc);
	read_meanwhile = read_all();
}

static void in_run(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		struct pkt *p = v->pkt[i];
		next[i] = p->data[0] == BYTE_DROP ? pkt_drop(p, DROP_TRUNCATED) : 1;
		if (p->data[0] == BYTE_KEEP) {
			kept = p;
			next[i] = NODE_KEPT;
		}
		if (p->data[0] == BYTE_CROSS) {
			next[i] = NODE_KEPT;
			cross(w, p);
		}
	}
	vec_dispatch(w, v, next);
}
static void out_run(struct worker *w, struct pkt_vec *v)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct pkt *born = pkt_new(w->lc);
		born->flags |= v->pkt[i]->flags & PKT_F_TRACED;
		born->trace_id = v->pkt[i]->trace_id;
		node_send(w, 1, born);
		pkt_drop(v->pkt[i], DROP_CONSUMED);
	}
	vec_dispatch_all(w, v, NEXT_DROP);
}
static void in_print(const struct worker *w, const struct pkt *p, char *to, size_t len)
{
	snprintf(to, len, "first byte %u", p->len ? p->data[0] : 0);
}
static const struct node in_node = {
	.name = "in", .run = in_run, .next = { [1] = "out" }, .print = in_print
};
static const struct node out_node = { .name = "out", .run = out_run, .next = { [1] = "nowhere" } };
static const struct node *const test_nodes[] = { &in_node, &out_node, NULL };
static const struct module test_module = { .name = "test", .id = MODULE_TEST, .nodes = test_nodes };

static int open_one(void **state)
{
	kept = NULL;
	rig_open(&r, 1, &test_module);
	return 0;
}
static int open_two(void **state)
{
	rig_open(&r, 2, &test_module);
	return 0;
}
static int close_all(void **state)
{
	rig_close(&r);
	return 0;
}

/* As a device's input does. */
static void feed(const char *bytes)
{
	struct pkt_vec v = { .n = 0 };
	for (; *bytes; bytes++)
		v.pkt[v.n++] = rig_pkt(&r, (uint8_t)*bytes, 60);
	if (trace_is_on(r.w))
		trace_mark_slow(r.w, &v);
	graph_enqueue_bulk(r.w, node_find(r.st, "in"), v.pkt, v.n);
	graph_run(r.w);
}

static void a_packet_is_followed_to_its_end(void **state)
{
	uint16_t in = node_find(r.st, "in"), out = node_find(r.st, "out");
	assert_false(trace_is_on(r.w));
	assert_int_equal(trace_start(r.st, NULL, 0, 0), 0);
	assert_true(trace_is_on(r.w));
	feed("\1");
	assert_int_equal(read_all(), 3);
	assert_int_equal(got[0].node, in);
	assert_int_equal(got[0].next, out);
	assert_int_equal(got[0].len, 60);
	assert_int_equal(got[0].snap_len, 60);
	assert_int_equal(got[0].snap[1], 1);
	assert_false(got[0].kept);
	assert_string_equal(got[0].text, "first byte 1");
	assert_int_equal(got[1].node, out);
	assert_int_equal(got[1].drop, DROP_CONSUMED);
	assert_int_equal(got[2].node, out); /* what it gave rise to, dropped at the edge */
	assert_int_equal(got[2].drop, DROP_NO_MODULE);
	assert_int_equal(got[2].trace_id, got[0].trace_id);
	assert_int_equal(read_all(), 0);
	assert_int_equal(lost, 0);
	trace_stop(r.st);
	assert_false(trace_is_on(r.w));
}

static void what_goes_over_is_read_in_its_order(void **state)
{
	uint16_t in = node_find(r.st, "in"), out = node_find(r.st, "out");
	trace_start(r.st, NULL, 0, 0);
	manual_rt_run(r.m, 1000);
	r.w->lc->now_us += 50; /* the other's clock is behind */
	feed("\2\4\2");
	assert_int_equal(read_meanwhile, 0);
	assert_int_equal(read_all(), 5);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(got[i].node, in);
	assert_int_equal(got[1].to_worker, 2);
	for (unsigned i = 3; i < 5; i++) {
		assert_int_equal(got[i].node, out);
		assert_int_equal(got[i].worker, 1);
		assert_int_equal(got[i].trace_id, got[1].trace_id);
		assert_true(got[i].time_us < got[1].time_us);
	}
	trace_stop(r.st);
	manual_rt_settle(r.m);
}

/* What is open elsewhere holds back what may follow from it, and nothing else. */
static void older_records_do_not_wait(void **state)
{
	trace_start(r.st, NULL, 0, 0);
	manual_rt_run(r.m, 1000);
	feed("\2");
	r.w->lc->now_us += 50;
	graph_worker(r.w)->trace->since = graph_worker(r.w)->trace->clock;
	assert_int_equal(read_all(), 1);
	graph_worker(r.st->worker[1])->trace->since = 1;
	feed("\2");
	assert_int_equal(read_all(), 0);
	graph_worker(r.st->worker[1])->trace->since = 0;
	assert_int_equal(read_all(), 1);
	trace_stop(r.st);
}

/* Not from the bytes: they may look like anything. */
static void the_record_says_where_data_stood_and_what_it_is(void **state)
{
	uint16_t in = node_find(r.st, "in");
	trace_start(r.st, NULL, 0, 0);
	for (unsigned layer = 0; layer <= 3; layer++) {
		struct pkt_vec v = { .n = 1, .pkt = { rig_pkt(&r, BYTE_DROP, 60) } };
		struct pkt *p = v.pkt[0];
		trace_mark_slow(r.w, &v);
		p->ethertype = layer == 1 ? 0 : 0x1234; /* 1: nobody has looked */
		p->l2_off = (uint16_t)(p->headroom - (layer == 2 ? 0 : 14));
		p->l3_off = (uint16_t)(p->headroom + (layer == 3 ? 0 : 14));
		graph_enqueue(r.w, in, p);
		graph_run(r.w);
		assert_int_equal(read_all(), 1);
		assert_int_equal(got[0].layer, layer == 1 ? 2 : layer);
		assert_int_equal(got[0].ethertype, layer == 1 ? 0 : 0x1234);
	}
	trace_stop(r.st);
}

static void drops_and_kept_packets_are_told_apart(void **state)
{
	trace_start(r.st, NULL, 0, 0);
	feed("\2\3");
	assert_int_equal(read_all(), 2);
	assert_int_equal(got[0].drop, DROP_TRUNCATED);
	assert_int_equal(got[0].next, 0);
	assert_false(got[0].kept);
	assert_true(got[1].kept);
	assert_int_equal(got[1].drop, DROP_NONE);
	assert_int_not_equal(got[0].trace_id, got[1].trace_id);
	graph_drop(r.w, node_find(r.st, "in"), kept, DROP_STALE); /* outside any run */
	assert_int_equal(read_all(), 1);
	assert_int_equal(got[0].drop, DROP_STALE);
	trace_stop(r.st);
}

static void a_drop_for_want_of_a_node_is_shown_at_once(void **state)
{
	struct node_slot *s = node_slot(graph_of(r.st), node_find(r.st, "out"));
	trace_start(r.st, NULL, 0, 0);
	s->node = NULL;
	feed("\1");
	s->node = &out_node;
	assert_int_equal(read_all(), 2);
	assert_int_equal(got[1].drop, DROP_NO_MODULE);
	trace_stop(r.st);
}

static void only_what_matches_is_followed(void **state)
{
	struct bpf_insn prog[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	assert_int_equal(trace_start(r.st, prog, ARRAY_SIZE(prog), 0), 0);
	feed("\1\2\1\2");
	assert_int_equal(read_all(), 2);
	assert_string_equal(got[0].text, "first byte 2");
	trace_stop(r.st);
}

/* EtherType IPv4, and the version in what follows the link-layer header. */
static void the_stacks_own_packets_are_followed_too(void **state)
{
	struct bpf_insn prog[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x800, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),       BPF_STMT(BPF_RET | BPF_K, 0),
	};
	static const uint8_t first[] = { 0x45, 0x60, 0x45 };
	trace_start(r.st, prog, ARRAY_SIZE(prog), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(first); i++) {
		struct pkt *p = rig_pkt(&r, first[i], 40);
		if (i < 2)
			p->l3_off = p->headroom; /* the last one is a frame, whose EtherType is its bytes */
		graph_enqueue(r.w, node_find(r.st, "in"), p);
		graph_run(r.w);
	}
	assert_int_equal(trace_marked(r.st), 1);
	assert_int_equal(read_all(), 3); /* "in", "out" and what that makes of it */
	assert_int_equal(got[0].snap[0], 0x45);
	trace_stop(r.st);
}

static void traces_together_share_their_numbers(void **state)
{
	uint32_t ids = 7;
	assert_int_equal(trace_start_together(r.st, NULL, 0, &ids), 0);
	struct pkt_vec v = { .n = 2, .pkt = { rig_pkt(&r, BYTE_DROP, 60), rig_pkt(&r, BYTE_DROP, 60) } };
	v.pkt[1]->flags |= PKT_F_TRACED; /* as it came from a neighbour */
	v.pkt[1]->trace_id = 3;
	trace_mark_slow(r.w, &v);
	graph_enqueue_bulk(r.w, node_find(r.st, "in"), v.pkt, v.n);
	graph_run(r.w);
	assert_int_equal(read_all(), 2);
	assert_int_equal(got[0].trace_id, 8);
	assert_int_equal(got[1].trace_id, 3);
	assert_int_equal(ids, 8);
	trace_stop(r.st);
}

static void the_filter_sees_bytes_of_later_pieces(void **state)
{
	struct bpf_insn prog[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 70),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xab, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct pkt_vec v = { .n = 2 };
	for (unsigned i = 0; i < 2; i++) {
		struct buf *page = buf_page_new(r.w->lc);
		memset(page->mem, i ? 0xab : 0, 100);
		v.pkt[i] = rig_pkt(&r, BYTE_DROP, 60);
		assert_true(pkt_add_frag(r.w->lc, v.pkt[i], page, 0, 100));
	}
	trace_start(r.st, prog, ARRAY_SIZE(prog), 0);
	trace_mark_slow(r.w, &v);
	assert_false(v.pkt[0]->flags & PKT_F_TRACED);
	assert_true(v.pkt[1]->flags & PKT_F_TRACED);
	graph_enqueue_bulk(r.w, node_find(r.st, "in"), v.pkt, 2);
	graph_run(r.w);
	assert_int_equal(read_all(), 1);
	assert_int_equal(got[0].len, 160);
	assert_int_equal(got[0].snap_len, TRACE_SNAP);
	assert_int_equal(got[0].snap[TRACE_SNAP - 1], 0xab);
	trace_stop(r.st);
}

/* A driver may have taken the tag out of the frame: the filter is about the frame as it was on the wire. */
static void the_filter_sees_the_tag_beside_the_frame(void **state)
{
	struct bpf_insn prog[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x88a8a007, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),       BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct pkt_vec v = { .n = 2 };
	for (unsigned i = 0; i < 2; i++) {
		v.pkt[i] = rig_pkt(&r, BYTE_DROP, 60);
		v.pkt[i]->vlan_proto = 0x88a8;
		v.pkt[i]->vlan_tci = i ? 0xa007 : 7;
	}
	trace_start(r.st, prog, ARRAY_SIZE(prog), 0);
	trace_mark_slow(r.w, &v);
	assert_false(v.pkt[0]->flags & PKT_F_TRACED);
	assert_true(v.pkt[1]->flags & PKT_F_TRACED);
	graph_enqueue_bulk(r.w, node_find(r.st, "in"), v.pkt, 2);
	graph_run(r.w);
	trace_stop(r.st);
}

static void the_limit_counts_packets(void **state)
{
	trace_start(r.st, NULL, 0, 2);
	feed("\2\2\2");
	feed("\2");
	assert_int_equal(read_all(), 2);
	trace_stop(r.st);
}

static void a_full_ring_counts_what_it_lost(void **state)
{
	uint64_t before = lost;
	unsigned n = 0, k;
	trace_start(r.st, NULL, 0, 0);
	for (unsigned i = 0; i < TRACE_RING / 4 + 10; i++)
		feed("\2\2\2\2");
	feed("\3");
	graph_drop(r.w, node_find(r.st, "in"), kept, DROP_STALE);
	while ((k = read_all()))
		n += k;
	assert_int_equal(n, TRACE_RING);
	assert_int_equal(lost - before, 42);
	feed("\3");
	graph_drop(r.w, node_find(r.st, "in"), kept, DROP_STALE);
	assert_int_equal(read_all(), 2);
	assert_int_equal(lost - before, 42);
	trace_stop(r.st);
}

static void bad_programs_and_second_traces_are_refused(void **state)
{
	struct bpf_insn no_end[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	struct bpf_insn loop[] = { BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)-1), BPF_STMT(BPF_RET | BPF_K, 0) };
	struct bpf_insn past[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 7, 0),
				   BPF_STMT(BPF_RET | BPF_K, 0) };
	assert_int_equal(trace_start(r.st, no_end, 1, 0), -EINVAL);
	assert_int_equal(trace_start(r.st, loop, 2, 0), -EINVAL);
	assert_int_equal(trace_start(r.st, past, 2, 0), -EINVAL);
	assert_int_equal(trace_start(r.st, loop, 0, 0), -EINVAL);
	assert_int_equal(trace_start(r.st, NULL, 0, 0), 0);
	assert_int_equal(trace_start(r.st, NULL, 0, 0), -EBUSY);
	trace_stop(r.st);
	trace_stop(r.st);
	for (unsigned n = 1; n <= 2; n++) {
		r.st->mem.fail_after = n;
		assert_int_equal(trace_start(r.st, NULL, 0, 0), -ENOMEM);
	}
	assert_int_equal(read_all(), 0);
}

static void a_trace_ends_with_its_stack(void **state)
{
	trace_start(r.st, NULL, 0, 0);
	feed("\1");
}

static void a_traced_packet_outlives_its_trace(void **state)
{
	trace_start(r.st, NULL, 0, 0);
	feed("\3");
	trace_stop(r.st);
	manual_rt_settle(r.m);
	trace_start(r.st, NULL, 0, 0); /* and is none of the next one's */
	graph_enqueue(r.w, node_find(r.st, "out"), kept);
	graph_run(r.w);
	assert_int_equal(read_all(), 0);
	feed("\2");
	assert_int_equal(read_all(), 1);
	trace_stop(r.st);
}

#define CASE(name)     cmocka_unit_test_setup_teardown(name, open_one, close_all)
#define CASE_TWO(name) cmocka_unit_test_setup_teardown(name, open_two, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_packet_is_followed_to_its_end),
		CASE_TWO(what_goes_over_is_read_in_its_order),
		CASE_TWO(older_records_do_not_wait),
		CASE(the_record_says_where_data_stood_and_what_it_is),
		CASE(drops_and_kept_packets_are_told_apart),
		CASE(a_drop_for_want_of_a_node_is_shown_at_once),
		CASE(only_what_matches_is_followed),
		CASE(the_stacks_own_packets_are_followed_too),
		CASE(traces_together_share_their_numbers),
		CASE(the_filter_sees_bytes_of_later_pieces),
		CASE(the_filter_sees_the_tag_beside_the_frame),
		CASE(the_limit_counts_packets),
		CASE(a_full_ring_counts_what_it_lost),
		CASE(bad_programs_and_second_traces_are_refused),
		CASE(a_trace_ends_with_its_stack),
		CASE(a_traced_packet_outlives_its_trace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
