/* SPDX-License-Identifier: BSD-2-Clause */
#include "mem.c"

#include <unistd.h>

#include "dev/dev_test.h"
#include "pkt/csum.h"
#include "pkt/gso.h"
#include "wire/csum.h"

static void join(struct dev_test *t, const struct mem_opts *o, struct iface *e[2])
{
	assert_int_equal(mem_pair_new(t->st[0], "a0", t->st[1], "b0", o, e), 0);
	assert_int_equal(iface_set_up(e[0], true), 0);
	assert_int_equal(iface_set_up(e[1], true), 0);
	manual_rt_settle(t->m);
}

static void the_packet_itself_crosses(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct iface_worker_stats s;
	struct pkt_stats ps;
	struct worker *w = t->st[0]->worker[0];
	join(t, NULL, e);
	struct pkt *p = dev_test_frame(w, 60);
	const uint8_t *data = p->data;
	p->hash = 5;
	p->flags = PKT_F_LOCAL_OUT | PKT_F_TRACED;
	pkt_ext(w->lc, p)->mark = 9;
	dev_test_send(w, e[0], p);
	assert_int_equal(caught(t, 1, 0)->n, 0); /* not within the sender's run */
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 1, 0)->n, 1);
	assert_ptr_equal(caught(t, 1, 0)->pkt[0], p);
	assert_ptr_equal(p->data, data);
	assert_int_equal(p->in_if, e[1]->handle);
	assert_int_equal(p->out_if, 0);
	assert_int_equal(p->hash, 0);
	assert_int_equal(p->flags, 0);
	assert_null(p->ext);
	iface_stats(e[0], &s);
	assert_int_equal(s.tx_packets, 1);
	assert_int_equal(s.tx_bytes, 60);
	iface_stats(e[1], &s);
	assert_int_equal(s.rx_packets, 1);
	assert_int_equal(s.rx_bytes, 60);
	pkt_stats(w->lc, &ps);
	assert_int_equal(ps.copied_bytes, 0);
}

static void frames_keep_their_order(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct pkt *sent[600];
	struct worker *w = t->st[0]->worker[0];
	join(t, NULL, e);
	for (unsigned i = 0; i < ARRAY_SIZE(sent); i++) {
		sent[i] = dev_test_frame(w, 60);
		sent[i]->out_if = e[0]->handle;
	}
	graph_enqueue_bulk(w, node_find(w->st, "iface-output"), sent, ARRAY_SIZE(sent));
	graph_run(w);
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 1, 0)->n, ARRAY_SIZE(sent));
	assert_memory_equal(caught(t, 1, 0)->pkt, sent, sizeof sent);
}

/* The second stack has no worker on lcore 1: its frames cross to lcore 0, and go home when freed. */
static void a_stack_without_a_worker_here_gets_it_elsewhere(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct pkt_stats s;
	struct worker *w = t->st[0]->worker[1];
	join(t, NULL, e);
	struct pkt *p = dev_test_send(w, e[0], dev_test_frame(w, 60));
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 1, 0)->n, 1);
	assert_ptr_equal(caught(t, 1, 0)->pkt[0], p);
	catch_forget(t->st[1]->worker[0]);
	manual_rt_settle(t->m);
	pkt_stats(w->lc, &s);
	assert_int_equal(s.in_use, 0);
}

static void a_full_ring_drops_by_name(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct iface_worker_stats s;
	struct worker *w = t->st[0]->worker[1];
	join(t, NULL, e);
	for (unsigned i = 0; i < 300; i++) /* a message each; nobody runs lcore 0 meanwhile */
		dev_test_send(w, e[0], dev_test_frame(w, 60));
	uint64_t drops = graph_drops(t->st[0], node_find(t->st[0], "iface-output"), DROP_TX_FULL);
	manual_rt_settle(t->m);
	iface_stats(e[0], &s);
	assert_int_equal(drops + caught(t, 1, 0)->n, 300);
	assert_int_equal(s.tx_dropped, drops);
	assert_true(drops > 0 && drops < 100);
}

static void both_ways_within_a_lcore_nothing_is_lost(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	join(t, NULL, e);
	for (unsigned i = 0; i < 1000; i++)
		for (unsigned k = 0; k < 2; k++) {
			struct worker *w = t->st[k]->worker[0];
			dev_test_send(w, e[k], dev_test_frame(w, 60));
		}
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 0, 0)->n + caught(t, 0, 1)->n, 1000);
	assert_int_equal(caught(t, 1, 0)->n, 1000);
}

static void carrier_follows_the_peer(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2] = { NULL };
	struct worker *w = t->st[0]->worker[0];
	assert_int_equal(mem_pair_new(t->st[0], "a0", t->st[1], "b0", NULL, e), 0);
	assert_string_equal(e[0]->ops->kind, "veth");
	assert_false(e[0]->carrier);
	iface_set_up(e[0], true);
	assert_false(e[0]->carrier);
	assert_false(iface_is_up(e[0]));
	dev_test_send(w, e[0], dev_test_frame(w, 60));
	assert_int_equal(dev_test_drops(t->st[0], DROP_IF_DOWN), 1);
	iface_set_up(e[1], true);
	assert_true(iface_is_up(e[0]) && iface_is_up(e[1]));
	iface_set_up(e[0], false);
	assert_false(e[1]->carrier);
	assert_false(iface_is_up(e[1]));
	assert_true(e[1]->flags & IFF_UP);
}

static void what_is_under_way_when_the_peer_goes_down_is_dropped(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct worker *w = t->st[0]->worker[0];
	join(t, NULL, e);
	dev_test_send(w, e[0], dev_test_frame(w, 60));
	iface_set_up(e[1], false);
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 1, 0)->n, 0);
	assert_int_equal(dev_test_drops(t->st[1], DROP_IF_DOWN), 1);
}

static void deleting_one_end_deletes_the_other(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct worker *w = t->st[0]->worker[0];
	join(t, NULL, e);
	dev_test_send(w, e[0], dev_test_frame(w, 60));
	iface_delete(e[1]);
	assert_null(iface_by_name(t->st[0], "a0"));
	assert_null(iface_by_name(t->st[1], "b0"));
	manual_rt_settle(t->m);
	assert_int_equal(dev_test_drops(t->st[1], DROP_IF_GONE), 1);
}

static void a_stack_that_ends_takes_the_pair_along(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct worker *w[2] = { t->st[0]->worker[0], t->st[1]->worker[0] };
	join(t, NULL, e);
	dev_test_send(w[0], e[0], dev_test_frame(w[0], 60));
	dev_test_send(w[1], e[1], dev_test_frame(w[1], 60));
	stack_free(t->st[1]);
	t->st[1] = NULL;
	manual_rt_settle(t->m);
	assert_null(iface_by_name(t->st[0], "a0"));
	assert_int_equal(dev_test_drops(t->st[0], DROP_IF_GONE), 1);
}

/* 3,000 bytes of UDP payload in a page and the head, to become datagrams of 1,000. */
static struct pkt *large(struct worker *w)
{
	static const uint8_t head[42] = { 2,    0, 0,   0,    0, 1, 2, 0, 0,  0,  0,  2,    8,   0,
					  0x45, 0, 11,  0xd4, 0, 7, 0, 0, 64, 17, 0,  0,    192, 0,
					  2,    1, 192, 0,    2, 2, 0, 9, 0,  10, 11, 0xc0, 0,   0 };
	uint8_t body[3000];
	struct pkt *p = pkt_new(w->lc);
	for (unsigned i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i * 3);
	assert_true(pkt_append(w->lc, p, head, sizeof head));
	assert_true(pkt_append(w->lc, p, body, sizeof body));
	p->l2_off = p->headroom;
	p->l3_off = (uint16_t)(p->headroom + 14);
	p->l4_off = (uint16_t)(p->headroom + 34);
	p->gso = PKT_GSO_UDP_L4;
	p->gso_size = 1000;
	pkt_csum_defer(p, csum_pseudo4((be32){ { 192, 0, 2, 1 } }, (be32){ { 192, 0, 2, 2 } }, 17, 3008), 6);
	return p;
}

static void large_packets_cross_whole(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct worker *w = t->st[0]->worker[0];
	join(t, NULL, e);
	struct pkt *p = dev_test_send(w, e[0], large(w));
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 1, 0)->n, 1);
	assert_ptr_equal(caught(t, 1, 0)->pkt[0], p);
	assert_true(pkt_is_gso(p));
	assert_int_equal(p->csum, PKT_CSUM_PARTIAL);
}

static void without_offloads_the_edge_does_the_work(void **state)
{
	struct dev_test *t = *state;
	struct iface *e[2];
	struct mem_opts o = { .no_csum = true, .no_tso = true, .no_sg = true };
	struct worker *w = t->st[0]->worker[0];
	join(t, &o, e);
	assert_int_equal(e[0]->features, IFACE_TX_VLAN);
	dev_test_send(w, e[0], large(w));
	manual_rt_settle(t->m);
	struct catcher *c = caught(t, 1, 0);
	assert_int_equal(c->n, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct pkt *p = c->pkt[i];
		assert_int_equal(p->len, 1042);
		assert_int_equal(p->n_frags, 0);
		assert_int_equal(p->csum, PKT_CSUM_NONE);
		assert_false(pkt_is_gso(p));
		p->l4_off = (uint16_t)(p->headroom + 34);
		assert_true(pkt_csum_ok(
			p, csum_pseudo4((be32){ { 192, 0, 2, 1 } }, (be32){ { 192, 0, 2, 2 } }, 17, 1008),
			1008));
		for (unsigned k = 0; k < 1000; k++)
			assert_int_equal(p->data[42 + k], (uint8_t)((i * 1000 + k) * 3));
	}
}

static void words_open_a_pair_and_describe_it(void **state)
{
	struct dev_test *t = *state;
	char words[128];
	struct iface_kind *k = iface_kind_find(t->st[0], "mem");
	assert_int_equal(k->open(t->st[0], "p0", "peer=p1,csum=0,mtu=9000,mac=02:00:00:00:00:07", t->why,
				 sizeof t->why),
			 0);
	struct iface *a = iface_by_name(t->st[0], "p0"), *b = iface_by_name(t->st[0], "p1");
	assert_int_equal(a->mtu, 9000);
	assert_int_equal(b->mtu, 9000);
	assert_int_equal(a->mac[5], 7);
	assert_int_equal(b->mac[0] & 3, 2);
	assert_false(a->features & IFACE_TX_CSUM);
	a->ops->describe(a, words, sizeof words);
	assert_string_equal(words, "mem:p0,peer=p1,peer_index=3,csum=0,tso=1,sg=1");
}

static void words_that_make_no_pair_are_refused(void **state)
{
	static const struct {
		const char *name, *options;
		int err;
		const char *why;
	} rows[] = {
		{ "p0", "", -EINVAL, "the other end is wanted: peer=NAME" },
		{ "p0", "peer=p0", -EEXIST, "File exists" },
		{ "p0", "peer=lo", -EEXIST, "File exists" },
		{ "lo", "peer=p0", -EEXIST, "File exists" },
		{ "p0", "peer=p1,mtu=9000,sg=0", -EINVAL, "Invalid argument" },
		{ "p0", "peer=p1,speed=9", -EINVAL, "no option is called \"speed\"" },
	};
	struct dev_test *t = *state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = mem_open(t->st[0], rows[i].name, rows[i].options, t->why, sizeof t->why);
		assert_int_equal(err, rows[i].err);
		assert_string_equal(t->why, rows[i].why);
		assert_null(iface_by_name(t->st[0], "p0"));
	}
}

static void a_saved_pair_opens_again(void **state)
{
	struct dev_test *t = *state;
	char path[64];
	struct iface *a, *b;
	snprintf(path, sizeof path, "/tmp/leat-mem-test.%d", (int)getpid());
	assert_int_equal(mem_open(t->st[0], "p0", "peer=p1,tso=0", t->why, sizeof t->why), 0);
	uint8_t mac[6];
	memcpy(mac, iface_by_name(t->st[0], "p1")->mac, 6);
	iface_set_up(iface_by_name(t->st[0], "p0"), true);
	iface_set_up(iface_by_name(t->st[0], "p1"), true);
	iface_set_up(iface_by_index(t->st[0], 1), true);
	assert_int_equal(stack_save(t->st[0], path, t->why, sizeof t->why), 0);
	assert_int_equal(stack_restore(t->st[1], path, t->why, sizeof t->why), 0);
	unlink(path);
	a = iface_by_name(t->st[1], "p0");
	b = iface_by_name(t->st[1], "p1");
	assert_int_equal(a->ifindex, 2);
	assert_int_equal(b->ifindex, 3);
	assert_true(iface_is_up(a) && iface_is_up(b));
	assert_memory_equal(b->mac, mac, 6);
	assert_false(a->features & IFACE_TX_TSO4);
	assert_true(iface_is_up(iface_by_index(t->st[1], 1)));
}

/* What goes out through lo comes in through it, a turn later, with what the stack knows of it. */
static void lo_gives_back(void **state)
{
	struct dev_test *t = *state;
	struct worker *w = t->st[0]->worker[1];
	struct iface *lo = iface_by_index(t->st[0], 1);
	assert_string_equal(lo->name, "lo");
	assert_false(lo->flags & IFF_UP);
	assert_int_equal(iface_set_up(lo, true), 0);
	assert_int_equal(lo->flags, IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_LOOPBACK);
	manual_rt_settle(t->m);
	struct pkt *p = dev_test_frame(w, 60);
	pkt_ext(w->lc, p)->mark = 9;
	p->ext->ct = 1;
	dev_test_send(w, lo, p);
	assert_int_equal(caught(t, 0, 1)->n, 0);
	manual_rt_settle(t->m);
	assert_int_equal(caught(t, 0, 1)->n, 1);
	assert_ptr_equal(caught(t, 0, 1)->pkt[0], p);
	assert_int_equal(p->in_if, lo->handle);
	assert_int_equal(p->ext->mark, 9);
	assert_int_equal(p->ext->ct, 0);
}

#define row(name) cmocka_unit_test_setup_teardown(name, dev_test_setup, dev_test_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		row(the_packet_itself_crosses),
		row(frames_keep_their_order),
		row(a_stack_without_a_worker_here_gets_it_elsewhere),
		row(a_full_ring_drops_by_name),
		row(both_ways_within_a_lcore_nothing_is_lost),
		row(carrier_follows_the_peer),
		row(what_is_under_way_when_the_peer_goes_down_is_dropped),
		row(deleting_one_end_deletes_the_other),
		row(a_stack_that_ends_takes_the_pair_along),
		row(large_packets_cross_whole),
		row(without_offloads_the_edge_does_the_work),
		row(words_open_a_pair_and_describe_it),
		row(words_that_make_no_pair_are_refused),
		row(a_saved_pair_opens_again),
		row(lo_gives_back),
	};
	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
