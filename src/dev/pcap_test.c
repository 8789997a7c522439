/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcap.c"

#include <pcap/pcap.h>
#include <unistd.h>

#include "dev/dev_test.h"

static const char *path_of(const char *what)
{
	static char path[2][64];
	static unsigned k;
	k = !k;
	snprintf(path[k], sizeof path[k], "/tmp/leat-pcap-test.%d.%s", (int)getpid(), what);
	return path[k];
}

/* Frame i comes i seconds after the first and is 60 + 1000 * i bytes; the last is cut short when `cut`. */
static const char *capture(unsigned n, bool cut)
{
	const char *path = path_of("in");
	static uint8_t b[70000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	pcap_t *f = pcap_open_dead(DLT_EN10MB, 65549);
	pcap_dumper_t *d = pcap_dump_open(f, path);
	for (unsigned i = 0; i < n; i++) {
		struct pcap_pkthdr h = { .ts = { 1000 + i, 5 },
					 .caplen = 60 + 1000 * i,
					 .len = 60 + 1000 * i };
		if (cut && i == n - 1)
			h.len++;
		memset(b + 14, (int)i + 1, 46 + 1000 * i);
		pcap_dump((u_char *)d, &h, b);
	}
	pcap_dump_close(d);
	pcap_close(f);
	return path;
}

static struct iface *make_dev(struct dev_test *t, const char *name, const char *words)
{
	int err = pcap_dev_open(t->st[0], name, words, t->why, sizeof t->why);
	if (err)
		print_message("%s\n", t->why);
	assert_int_equal(err, 0);
	return iface_by_name(t->st[0], name);
}

static struct iface *make_in(struct dev_test *t, unsigned n, bool cut, const char *more)
{
	char words[300];
	const char *path = capture(n, cut);
	snprintf(words, sizeof words, "in=%s%s", path, more);
	struct iface *i = make_dev(t, "p0", words);
	unlink(path); /* read once */
	return i;
}

static void frames_come_at_their_times(void **state)
{
	struct dev_test *t = *state;
	struct iface *i = make_in(t, 4, true, ",worker=1");
	struct catcher *c = caught(t, 0, 1);
	struct iface_worker_stats s;
	iface_set_up(i, true);
	for (unsigned k = 1; k <= 3; k++) {
		manual_rt_run(t->m, k == 1 ? 1000 : 1000000);
		assert_int_equal(c->n, k);
		assert_int_equal(c->pkt[k - 1]->len, 60 + 1000 * (k - 1));
	}
	manual_rt_run(t->m, 10000000); /* the fourth was cut short by who captured it */
	assert_int_equal(c->n, 3);
	assert_int_equal(dev_test_drops(t->st[0], DROP_TRUNCATED), 1);
	iface_stats(i, &s);
	assert_int_equal(s.rx_errors, 1);
	iface_set_up(i, false);
	iface_set_up(i, true); /* from the first */
	manual_rt_run(t->m, 1000);
	assert_int_equal(c->n, 4);
	iface_set_up(i, false);
	manual_rt_run(t->m, 10000000);
	assert_int_equal(c->n, 4);
}

static void without_pace_all_come_at_once(void **state)
{
	struct dev_test *t = *state;
	struct iface *i = make_in(t, 60, false, ",pace=0");
	iface_set_up(i, true);
	manual_rt_settle(t->m);
	struct catcher *c = caught(t, 0, 0);
	assert_int_equal(c->n, 60);
	for (unsigned k = 0; k < c->n; k++) {
		uint8_t last = 0;
		struct cursor cur = pkt_cursor(c->pkt[k]);
		assert_int_equal(c->pkt[k]->len, 60 + 1000 * k);
		assert_true(cur_skip(&cur, 59 + 1000 * k) && cur_copy(&cur, &last, 1));
		assert_int_equal(last, k + 1);
	}
}

/* libpcap reads back what was sent, in either format. */
static void what_is_sent_can_be_read(void **state)
{
	static const char *const formats[] = { "out.pcap", "out.pcapng" };
	struct dev_test *t = *state;
	struct worker *w = t->st[0]->worker[1];
	for (unsigned k = 0; k < ARRAY_SIZE(formats); k++) {
		char words[100], err[PCAP_ERRBUF_SIZE];
		const char *path = path_of(formats[k]);
		struct pcap_pkthdr *h;
		const u_char *b;
		snprintf(words, sizeof words, "out=%s", path);
		struct iface *i = make_dev(t, "p1", words);
		iface_set_up(i, true);
		for (unsigned n = 0; n < 3; n++)
			dev_test_send(w, i, dev_test_frame(w, 60 + n * 700)); /* the last lies in pieces */
		manual_rt_settle(t->m);
		pcap_t *f = pcap_open_offline(path, err); /* while the interface still is there */
		assert_non_null(f);
		for (unsigned n = 0; n < 3; n++) {
			struct pkt *same = dev_test_frame(w, 60 + n * 700);
			struct cursor c = pkt_cursor(same);
			uint8_t bytes[2000];
			assert_true(cur_copy(&c, bytes, same->len));
			assert_int_equal(pcap_next_ex(f, &h, &b), 1);
			assert_int_equal(h->len, same->len);
			assert_memory_equal(b, bytes, same->len);
			pkt_free(w->lc, same);
		}
		assert_int_equal(pcap_next_ex(f, &h, &b), PCAP_ERROR_BREAK);
		pcap_close(f);
		dev_test_send(w, i, dev_test_frame(w, 60));
		iface_delete(i); /* with a frame on its way to the file */
		manual_rt_settle(t->m);
		unlink(path);
	}
}

static void a_full_disk_is_an_error_of_transmission(void **state)
{
	struct dev_test *t = *state;
	struct worker *w = t->st[0]->worker[0];
	struct iface *i = make_dev(t, "p0", "out=/dev/full");
	iface_set_up(i, true);
	dev_test_send(w, i, dev_test_frame(w, 60));
	manual_rt_settle(t->m);
	dev_test_send(w, i, dev_test_frame(w, 60));
	manual_rt_settle(t->m);
	assert_int_equal(dev_test_drops(t->st[0], DROP_TX_ERROR), 1);
}

static void what_cannot_be_is_said(void **state)
{
	static const struct {
		const char *words, *why;
	} rows[] = {
		{ "", "a file is wanted: in=PATH, out=PATH, or both" },
		{ "in=/nowhere", "/nowhere: No such file or directory" },
		{ "out=/nowhere/at/all", "/nowhere/at/all: No such file or directory" },
		{ "out=/nowhere/at/all.pcap", "/nowhere/at/all.pcap: No such file or directory" },
		{ "in=/dev/null,worker=9", "no such worker" },
		{ "pace=2", "option \"pace\" cannot be \"2\"" },
	};
	struct dev_test *t = *state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(pcap_dev_open(t->st[0], "p0", rows[i].words, t->why, sizeof t->why) < 0);
		assert_string_equal(t->why, rows[i].why);
	}
	assert_true(pcap_dev_open(t->st[0], "p0", "in=/dev/null", t->why, sizeof t->why) < 0);
	assert_null(iface_by_name(t->st[0], "p0"));
}

static uint32_t after_20(struct cursor c)
{
	return 20;
}

/* What a protocol calls payload starts a page; what is too short to be worth one stays. */
static void payload_starts_a_page(void **state)
{
	static const struct rx_split_rule rule = { 253, 0, after_20 };
	struct dev_test *t = *state;
	char words[200];
	uint8_t b[3000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 };
	pcap_t *f = pcap_open_dead(DLT_EN10MB, 65549);
	pcap_dumper_t *d = pcap_dump_open(f, path_of("in"));
	const struct pcap_pkthdr h[2] = { { .caplen = sizeof b, .len = sizeof b },
					  { .caplen = 80, .len = 80 } };
	b[14 + 9] = 253;
	for (uint32_t i = 54; i < sizeof b; i++)
		b[i] = (uint8_t)i;
	pcap_dump((u_char *)d, &h[0], b);
	pcap_dump((u_char *)d, &h[1], b);
	pcap_dump_close(d);
	pcap_close(f);
	assert_int_equal(rx_split_add(t->st[0], &rule), 0);
	snprintf(words, sizeof words, "in=%s,pace=0,split=100", path_of("in"));
	struct iface *i = make_dev(t, "p0", words);
	unlink(path_of("in"));
	iface_set_up(i, true);
	manual_rt_settle(t->m);
	struct catcher *c = caught(t, 0, caught(t, 0, 0)->n ? 0 : 1); /* wherever the flow's worker is */
	assert_int_equal(c->n, 2);
	const struct pkt *p = c->pkt[0];
	assert_int_equal(p->head_len, 14 + 20 + 20);
	assert_int_equal(p->n_frags, 1);
	assert_int_equal(p->frags[0].off, 0);
	assert_int_equal((uintptr_t)p->frags[0].buf->mem % 4096, 0);
	assert_memory_equal(p->frags[0].buf->mem, b + 54, sizeof b - 54);
	assert_int_equal(c->pkt[1]->n_frags, 0);
	assert_int_equal(c->pkt[1]->head_len, 80);
}

static void its_words_open_it_again(void **state)
{
	struct dev_test *t = *state;
	char words[200];
	pcap_ops.describe(make_dev(t, "p0", "out=/dev/null,pace=0,worker=1"), words, sizeof words);
	assert_string_equal(words, "pcap:p0,out=/dev/null,pace=0,worker=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_come_at_their_times, dev_test_setup,
						dev_test_teardown),
		cmocka_unit_test_setup_teardown(without_pace_all_come_at_once, dev_test_setup,
						dev_test_teardown),
		cmocka_unit_test_setup_teardown(what_is_sent_can_be_read, dev_test_setup, dev_test_teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_an_error_of_transmission, dev_test_setup,
						dev_test_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_is_said, dev_test_setup, dev_test_teardown),
		cmocka_unit_test_setup_teardown(payload_starts_a_page, dev_test_setup, dev_test_teardown),
		cmocka_unit_test_setup_teardown(its_words_open_it_again, dev_test_setup, dev_test_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
