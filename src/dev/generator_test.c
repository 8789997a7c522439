/* SPDX-License-Identifier: BSD-2-Clause */
#include "generator.c"

#include <unistd.h>

#include "dev/dev_test.h"
#include "dev/sink.h"

/* A capture of n frames, frame i being 60 + i bytes of i behind the header. Returns its path. */
static const char *capture(int linktype, unsigned n, unsigned first_len)
{
	static char path[64];
	uint8_t b[4000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	snprintf(path, sizeof path, "/tmp/leat-generator-test.%d", (int)getpid());
	pcap_t *f = pcap_open_dead(linktype, 65535);
	pcap_dumper_t *d = pcap_dump_open(f, path);
	for (unsigned i = 0; i < n; i++) {
		struct pcap_pkthdr h = { .caplen = first_len + i, .len = first_len + i };
		memset(b + 14, (int)i, 100);
		pcap_dump((u_char *)d, &h, b);
	}
	pcap_dump_close(d);
	pcap_close(f);
	return path;
}

static struct iface *make(struct dev_test *t, const char *more)
{
	char words[200];
	snprintf(words, sizeof words, "file=%s%s", capture(DLT_EN10MB, 3, 60), more);
	assert_int_equal(generator_open(t->st[0], "g0", words, t->why, sizeof t->why), 0);
	unlink(capture(DLT_EN10MB, 3, 60)); /* read once */
	return iface_by_name(t->st[0], "g0");
}

static void it_makes_its_count_and_stops(void **state)
{
	struct dev_test *t = *state;
	struct iface *g = make(t, ",count=1000,vec=32,worker=1");
	struct catcher *c = caught(t, 0, 1);
	struct iface_worker_stats s;
	manual_rt_settle(t->m);
	assert_int_equal(c->n, 0); /* only when started */
	assert_memory_equal(g->mac, "\2\0\0\0\0\1", 6);
	iface_set_up(g, true);
	assert_true(lcore_turn(t->rt->lcore[1]));
	assert_int_equal(c->n, 32);
	manual_rt_settle(t->m); /* comes to an end: the poller has gone */
	assert_int_equal(c->n, 1000);
	assert_int_equal(generator_made(g), 1000);
	iface_stats(g, &s);
	assert_int_equal(s.rx_packets, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(c->pkt[i]->len, 60 + i % 3);
		assert_int_equal(c->pkt[i]->data[20], i % 3);
		assert_int_equal(c->pkt[i]->in_if, g->handle);
	}
}

static void down_stops_it_and_up_starts_anew(void **state)
{
	struct dev_test *t = *state;
	struct iface *g = make(t, ",vec=8");
	struct lcore *lc = t->rt->lcore[0];
	iface_set_up(g, true);
	lcore_turn(lc);
	lcore_turn(lc);
	assert_int_equal(generator_made(g), 16);
	iface_set_up(g, false);
	assert_false(lcore_turn(lc));
	assert_int_equal(caught(t, 0, 0)->n, 16);
	iface_set_up(g, true);
	lcore_turn(lc);
	assert_int_equal(generator_made(g), 8);
	iface_delete(g);
	manual_rt_settle(t->m);
}

static void frames_sent_into_it_are_refused_and_a_sink_takes_all(void **state)
{
	struct dev_test *t = *state;
	struct worker *w = t->st[0]->worker[0];
	struct iface *g = make(t, ",count=1"), *s;
	struct iface_worker_stats st;
	assert_int_equal(iface_kind_find(t->st[0], "sink")
				 ->open(t->st[0], "s0", "mac=02:00:00:00:00:05", t->why, sizeof t->why),
			 0);
	s = iface_by_name(t->st[0], "s0");
	assert_int_equal(s->mac[5], 5);
	iface_set_up(g, true);
	iface_set_up(s, true);
	manual_rt_settle(t->m);
	dev_test_send(w, g, dev_test_frame(w, 60));
	assert_int_equal(dev_test_drops(t->st[0], DROP_TX_ERROR), 1);
	dev_test_send(w, s, dev_test_frame(w, 60));
	iface_stats(s, &st);
	assert_int_equal(st.tx_packets, 1);
	assert_int_equal(dev_test_drops(t->st[0], DROP_TX_ERROR), 1);
}

static void files_that_will_not_do_are_named(void **state)
{
	static const struct {
		int linktype;
		unsigned n, len;
		const char *more, *why;
	} rows[] = {
		{ DLT_RAW, 1, 60, "", "not a capture of Ethernet frames" },
		{ DLT_EN10MB, 0, 60, "", "no frame in the file" },
		{ DLT_EN10MB, 1, 13, "", "a frame too short or too long, or more than 2^20 of them" },
		{ DLT_EN10MB, 1, 2081, "", "a frame too short or too long, or more than 2^20 of them" },
		{ DLT_EN10MB, 1, 60, ",worker=2", "no such worker, or vectors that long" },
		{ DLT_EN10MB, 1, 60, ",vec=257", "option \"vec\" cannot be \"257\"" },
	};
	struct dev_test *t = *state;
	char words[200];
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = capture(rows[i].linktype, rows[i].n, rows[i].len);
		snprintf(words, sizeof words, "file=%s%s", path, rows[i].more);
		assert_true(generator_open(t->st[0], "g0", words, t->why, sizeof t->why) < 0);
		assert_string_equal(t->why, rows[i].why);
		assert_null(iface_by_name(t->st[0], "g0"));
		unlink(path);
	}
	assert_int_equal(generator_open(t->st[0], "g0", words, t->why, sizeof t->why), -EINVAL);
	assert_int_equal(generator_open(t->st[0], "g0", "", t->why, sizeof t->why), -EINVAL);
	assert_int_equal(generator_open(t->st[0], "g0", "file=/nonexistent", t->why, sizeof t->why), -ENOENT);
}

#define row(name) cmocka_unit_test_setup_teardown(name, dev_test_setup, dev_test_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		row(it_makes_its_count_and_stops),
		row(down_stops_it_and_up_starts_anew),
		row(frames_sent_into_it_are_refused_and_a_sink_takes_all),
		row(files_that_will_not_do_are_named),
	};
	return cmocka_run_group_tests_name("generator", tests, NULL, NULL);
}
