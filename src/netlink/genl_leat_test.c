/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/genl_leat.c"

#include <linux/filter.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph/trace.h"
#include "net/neigh.h"
#include "netlink/genl_test.h"

static const struct module *const modules[] = {
	&pkt_module, &graph_module, &netlink_module, &iface_module, &fake_eth_module, &genl_leat_module, NULL,
};

static int set_up(void **state)
{
	struct fixture *f = fixture_new(1, modules, &leat_family);
	iface_set_up(f->eth0, true);
	*state = f;
	return 0;
}

static void ask(struct fixture *f, struct receiver *r, uint8_t cmd, uint16_t flags, uint16_t type,
		const void *p, size_t len)
{
	uint8_t room[512] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	genl_begin(&b, f->id, cmd, 1, NLM_F_REQUEST | flags, 5, 0);
	if (p)
		nl_put(&b, type, p, len);
	nl_end(&b);
	assert_int_equal(nl_sock_input(r->s, b.p, b.len_bytes), 0);
}

static const struct nlattr *attr_of(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a;
	mnl_attr_for_each (a, h, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

static const char *text_of(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a = attr_of(h, type);
	return a ? mnl_attr_get_str(a) : "";
}

/* The first message of command cmd whose string attribute is that. */
static const struct nlmsghdr *find(const struct receiver *r, uint8_t cmd, uint16_t type, const char *text)
{
	for (unsigned i = 0; i < r->n; i++) {
		int left = (int)r->got[i].len;
		for (const struct nlmsghdr *h = (const void *)r->got[i].bytes; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);
			if (h->nlmsg_type >= NLMSG_MIN_TYPE && g->cmd == cmd &&
			    strcmp(text_of(h, type), text) == 0)
				return h;
		}
	}
	return NULL;
}

static void a_device_shows_its_kind_and_how_to_reopen_it(void **state)
{
	struct fixture *f = *state;
	ask(f, &f->b, LEAT_CMD_DEV_GET, 0, LEAT_A_IFNAME, "eth0", 5);
	assert_string_equal(text_of(message(&f->b, 0), LEAT_A_KIND), "fake");
	assert_string_equal(text_of(message(&f->b, 0), LEAT_A_OPTIONS), "fake:eth0,speed=9");
	ask(f, &f->b, LEAT_CMD_DEV_GET, NLM_F_DUMP, 0, NULL, 0);
	assert_non_null(find(&f->b, LEAT_CMD_DEV_GET, LEAT_A_IFNAME, "eth0"));
	ask(f, &f->b, LEAT_CMD_DEV_GET, 0, LEAT_A_IFNAME, "eth7", 5);
	assert_int_equal(ack_error(&f->b, f->b.n - 1), -ENODEV);
}

static void devices_are_taken_away_by_those_who_may(void **state)
{
	struct fixture *f = *state;
	ask(f, &f->b, LEAT_CMD_DEV_DEL, 0, LEAT_A_IFNAME, "eth0", 5);
	assert_int_equal(ack_error(&f->b, 0), -EPERM);
	ask(f, &f->a, LEAT_CMD_DEV_DEL, NLM_F_ACK, LEAT_A_IFNAME, "eth0", 5);
	assert_int_equal(ack_error(&f->a, 0), 0);
	assert_null(iface_by_name(f->t->st, "eth0"));
}

static void the_graph_names_edges_that_lead_nowhere(void **state)
{
	struct fixture *f = *state;
	ask(f, &f->b, LEAT_CMD_NODE_GET, NLM_F_DUMP, 0, NULL, 0);
	const struct nlmsghdr *h = find(&f->b, LEAT_CMD_NODE_GET, LEAT_A_NODE_NAME, "eth-input");
	assert_non_null(h);
	const struct nlattr *edge, *a;
	bool demux = false;
	mnl_attr_for_each (edge, h, GENL_HDRLEN) {
		const char *name = "";
		bool leads = false;
		if (mnl_attr_get_type(edge) != LEAT_A_EDGE)
			continue;
		mnl_attr_for_each_nested(a, edge)
		{
			if (mnl_attr_get_type(a) == LEAT_EDGE_A_NAME)
				name = mnl_attr_get_str(a);
			leads |= mnl_attr_get_type(a) == LEAT_EDGE_A_NODE;
		}
		demux |= strcmp(name, "eth-demux") == 0 && !leads;
	}
	assert_true(demux);
}

static void receive_one(struct fixture *f)
{
	struct worker *w = f->t->st->worker[0];
	struct pkt *p = pkt_new(w->lc);
	uint8_t frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x08, 0x00 };
	assert_true(pkt_append(w->lc, p, frame, sizeof frame));
	iface_input(w, f->eth0, &p, 1);
}

static void drops_are_counted_by_node_and_reason(void **state)
{
	struct fixture *f = *state;
	receive_one(f);
	ask(f, &f->b, LEAT_CMD_DROP_GET, NLM_F_DUMP, 0, NULL, 0);
	const struct nlmsghdr *h = find(&f->b, LEAT_CMD_DROP_GET, LEAT_A_DROP, "consumed");
	assert_non_null(h);
	assert_string_equal(text_of(h, LEAT_A_NODE_NAME), "eth-input");
	assert_int_equal(mnl_attr_get_u64(attr_of(h, LEAT_A_COUNT)), 1);
	assert_null(find(&f->b, LEAT_CMD_DROP_GET, LEAT_A_DROP, "truncated"));
	ask(f, &f->b, LEAT_CMD_DROP_GET, NLM_F_DUMP, LEAT_A_ALL, "", 0);
	h = find(&f->b, LEAT_CMD_DROP_GET, LEAT_A_DROP, "truncated");
	assert_non_null(h);
	assert_null(attr_of(h, LEAT_A_CONSUMED));
	h = find(&f->b, LEAT_CMD_DROP_GET, LEAT_A_DROP, "arp-done"); /* no loss */
	assert_non_null(h);
	assert_non_null(attr_of(h, LEAT_A_CONSUMED));
}

static void statistics_cover_lcores_pools_and_memory(void **state)
{
	struct fixture *f = *state;
	receive_one(f);
	ask(f, &f->b, LEAT_CMD_STACK_GET, 0, 0, NULL, 0);
	assert_string_equal(text_of(message(&f->b, 0), LEAT_A_NAME), "test");
	assert_non_null(strstr(text_of(message(&f->b, 0), LEAT_A_MODULES), "genl_leat"));
	ask(f, &f->b, LEAT_CMD_LCORE_GET, NLM_F_DUMP, 0, NULL, 0);
	assert_int_equal(mnl_attr_get_u64(attr_of(message(&f->b, 1), LEAT_A_POOL_ALLOCATED)), 1);
	ask(f, &f->b, LEAT_CMD_MEM_GET, NLM_F_DUMP, 0, NULL, 0);
	assert_non_null(find(&f->b, LEAT_CMD_MEM_GET, LEAT_A_ACCOUNT, "test"));
}

static void a_trace_is_sent_to_who_asked_and_ends_by_itself(void **state)
{
	struct fixture *f = *state;
	uint64_t one = 1;
	ask(f, &f->a, LEAT_CMD_TRACE_START, NLM_F_ACK, LEAT_A_LIMIT_PACKETS, &one, sizeof one);
	assert_int_equal(ack_error(&f->a, 0), 0);
	receive_one(f);
	receive_one(f); /* one too many */
	manual_rt_run(f->t->m, 30000);
	const struct nlmsghdr *h = find(&f->a, LEAT_CMD_TRACE_RECORD, LEAT_A_NODE_NAME, "eth-input");
	assert_non_null(h);
	assert_string_equal(text_of(h, LEAT_A_DROP), "consumed");
	assert_string_equal(text_of(h, LEAT_A_IN_IFNAME), "eth0");
	assert_int_equal(mnl_attr_get_payload_len(attr_of(h, LEAT_A_SNAP)), 64);
	assert_int_equal(mnl_attr_get_u32(attr_of(h, LEAT_A_LAYER)), 2);
	assert_null(attr_of(h, LEAT_A_ETHERTYPE));
	assert_int_equal(h->nlmsg_seq, 5);
	assert_null(find(&f->a, LEAT_CMD_TRACE_END, LEAT_A_TEXT, ""));
	manual_rt_run(f->t->m, 2000000);
	assert_non_null(find(&f->a, LEAT_CMD_TRACE_END, LEAT_A_TEXT, ""));
	assert_false(trace_is_on(f->t->st->worker[0]));
	assert_int_equal(f->b.n, 0);
}

static void one_trace_at_a_time_and_only_its_owner_stops_it(void **state)
{
	struct fixture *f = *state;
	nl_sock_free(f->b.s);
	receiver_open(&f->b, f->t->st, NETLINK_GENERIC, true);
	ask(f, &f->a, LEAT_CMD_TRACE_START, NLM_F_ACK, 0, NULL, 0);
	ask(f, &f->b, LEAT_CMD_TRACE_START, NLM_F_ACK, 0, NULL, 0);
	assert_int_equal(ack_error(&f->b, 0), -EBUSY);
	ask(f, &f->b, LEAT_CMD_TRACE_STOP, NLM_F_ACK, 0, NULL, 0);
	assert_int_equal(ack_error(&f->b, 1), -ENOENT);
	receive_one(f);
	ask(f, &f->a, LEAT_CMD_TRACE_STOP, NLM_F_ACK, 0, NULL, 0);
	assert_non_null(find(&f->a, LEAT_CMD_TRACE_RECORD, LEAT_A_NODE_NAME, "eth-input"));
	assert_non_null(find(&f->a, LEAT_CMD_TRACE_END, LEAT_A_TEXT, ""));
	ask(f, &f->b, LEAT_CMD_TRACE_START, NLM_F_ACK, 0, NULL, 0);
	assert_int_equal(ack_error(&f->b, 2), 0);
}

static void a_trace_ends_with_its_socket(void **state)
{
	struct fixture *f = *state;
	ask(f, &f->a, LEAT_CMD_TRACE_START, NLM_F_ACK, 0, NULL, 0);
	nl_sock_free(f->a.s);
	f->a.s = NULL;
	assert_false(trace_is_on(f->t->st->worker[0]));
	manual_rt_run(f->t->m, 100000);
}

static void a_filter_chooses_packets_and_nonsense_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sock_filter none[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_filter loop[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	ask(f, &f->a, LEAT_CMD_TRACE_START, NLM_F_ACK, LEAT_A_FILTER, loop, sizeof loop);
	assert_int_equal(ack_error(&f->a, 0), -EINVAL);
	ask(f, &f->a, LEAT_CMD_TRACE_START, NLM_F_ACK, LEAT_A_FILTER, none, sizeof none);
	assert_int_equal(ack_error(&f->a, 1), 0);
	receive_one(f);
	manual_rt_run(f->t->m, 100000);
	assert_int_equal(f->a.n, 2);
}

static void a_slow_reader_leaves_records_behind_and_is_told_how_many(void **state)
{
	struct fixture *f = *state;
	f->a.room = 2;
	ask(f, &f->a, LEAT_CMD_TRACE_START, NLM_F_ACK, 0, NULL, 0);
	for (unsigned i = 0; i < 3000; i++) {
		receive_one(f);
		manual_rt_run(f->t->m, 1000);
	}
	f->a.room = UINT32_MAX;
	nl_sock_writable(f->a.s);
	manual_rt_run(f->t->m, 1000000);
	ask(f, &f->a, LEAT_CMD_TRACE_STOP, 0, 0, NULL, 0);
	const struct nlmsghdr *end = find(&f->a, LEAT_CMD_TRACE_END, LEAT_A_TEXT, "");
	assert_non_null(end);
	assert_true(mnl_attr_get_u64(attr_of(end, LEAT_A_LOST)) > 0);
}

/* All pieces so far are that text. */
static void got_text(const struct fixture *f, const char *want, size_t want_len)
{
	char *got = calloc(1, 1 << 20);
	size_t n = 0;
	for (unsigned i = 0; i < f->a.n; i++) {
		int left = (int)f->a.got[i].len;
		for (const struct nlmsghdr *h = (const void *)f->a.got[i].bytes; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			const struct nlattr *piece =
				h->nlmsg_type == f->id ? attr_of(h, LEAT_A_TEXT_PIECE) : NULL;
			if (!piece)
				continue;
			memcpy(got + n, mnl_attr_get_payload(piece), mnl_attr_get_payload_len(piece));
			n += mnl_attr_get_payload_len(piece);
		}
	}
	assert_int_equal(n, want_len);
	assert_memory_equal(got, want, n);
	free(got);
}

static void a_save_comes_in_pieces_to_those_who_may_configure(void **state)
{
	struct fixture *f = *state;
	char *want;
	size_t want_len;
	ask(f, &f->b, LEAT_CMD_SAVE, NLM_F_DUMP, 0, NULL, 0);
	assert_int_equal(ack_error(&f->b, 0), -EPERM);
	ask(f, &f->a, LEAT_CMD_SAVE, NLM_F_DUMP, 0, NULL, 0);
	assert_int_equal(stack_save_text(f->t->st, &want, &want_len), 0);
	got_text(f, want, want_len);
	free(want);
}

static struct runtime_ops ops_that_fork(const struct fixture *f)
{
	struct runtime_ops ops = *f->t->st->rt->ops;
	ops.may_fork = true;
	return ops;
}

static void a_copy_of_the_process_saves_what_was(void **state)
{
	struct fixture *f = *state;
	struct runtime_ops ops = ops_that_fork(f);
	const struct runtime_ops *before = f->t->st->rt->ops;
	char *want;
	size_t want_len;
	assert_int_equal(stack_save_text(f->t->st, &want, &want_len), 0);
	f->t->st->rt->ops = &ops;
	ask(f, &f->a, LEAT_CMD_SAVE, NLM_F_DUMP, 0, NULL, 0);
	iface_set_up(f->eth0, false); /* too late */
	for (unsigned i = 0; i < 10000 && nl_sock_has_more(f->a.s); i++) {
		usleep(1000);
		manual_rt_run(f->t->m, 500);
	}
	assert_false(nl_sock_has_more(f->a.s));
	assert_int_equal(leat_genl(f->t->st)->n_saving, 0);
	got_text(f, want, want_len);
	f->t->st->rt->ops = before;
	free(want);
}

static void the_copy_goes_with_who_asked(void **state)
{
	struct fixture *f = *state;
	struct runtime_ops ops = ops_that_fork(f);
	const struct runtime_ops *before = f->t->st->rt->ops;
	f->t->st->rt->ops = &ops;
	f->a.room = 0;
	ask(f, &f->a, LEAT_CMD_SAVE, NLM_F_DUMP, 0, NULL, 0);
	assert_int_equal(leat_genl(f->t->st)->n_saving, 1);
	nl_sock_free(f->a.s);
	f->a.s = NULL;
	assert_int_equal(leat_genl(f->t->st)->n_saving, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
	f->t->st->rt->ops = before;
}

/* --- settings --- */

static int set_knob(struct fixture *f, struct receiver *r, const char *name, const char *value)
{
	uint8_t room[512] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	genl_begin(&b, f->id, LEAT_CMD_KNOB_SET, 1, NLM_F_REQUEST | NLM_F_ACK, 5, 0);
	if (name)
		nl_put_str(&b, LEAT_A_KNOB, name);
	if (value)
		nl_put_str(&b, LEAT_A_VALUE, value);
	nl_end(&b);
	assert_int_equal(nl_sock_input(r->s, b.p, b.len_bytes), 0);
	return ack_error(r, r->n - 1);
}

static void settings_are_shown_and_changed_by_those_who_may(void **state)
{
	static const char name[] = "net.ipv4.neigh.eth0.mcast_solicit";
	struct fixture *f = *state;
	assert_int_equal(stack_load(f->t->st, &neigh_module), 0);
	assert_int_equal(set_knob(f, &f->a, name, "9"), 0);
	assert_int_equal(set_knob(f, &f->b, name, "8"), -EPERM);
	assert_int_equal(set_knob(f, &f->a, name, "256"), -EINVAL);
	assert_int_equal(set_knob(f, &f->a, name, "nine"), -EINVAL);
	assert_int_equal(set_knob(f, &f->a, "net.ipv4.neigh.eth9.mcast_solicit", "9"), -ENOENT);
	assert_int_equal(set_knob(f, &f->a, NULL, "9"), -EINVAL);
	assert_int_equal(set_knob(f, &f->a, name, NULL), -EINVAL);
	ask(f, &f->b, LEAT_CMD_KNOB_GET, 0, LEAT_A_KNOB, name, sizeof name);
	const struct nlmsghdr *h = message(&f->b, f->b.n - 1);
	assert_string_equal(text_of(h, LEAT_A_VALUE), "9");
	assert_string_equal(text_of(h, LEAT_A_DEFAULT), "3");
	assert_int_equal(mnl_attr_get_u64(attr_of(h, LEAT_A_MAX)), 255);
	assert_string_equal(text_of(h, LEAT_A_MODULE), "neigh");
	forget_all(&f->b);
	ask(f, &f->b, LEAT_CMD_KNOB_GET, NLM_F_DUMP, 0, NULL, 0);
	unsigned n = 0;
	for (unsigned i = 0; i < f->b.n; i++) {
		int left = (int)f->b.got[i].len;
		for (h = message(&f->b, i); mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			n += h->nlmsg_type == f->id;
	}
	assert_int_equal(n,
			 2 * (21 * 2 + 7)); /* "default" and eth0; seven of the whole table; two families */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(a_device_shows_its_kind_and_how_to_reopen_it),
		T(devices_are_taken_away_by_those_who_may),
		T(the_graph_names_edges_that_lead_nowhere),
		T(drops_are_counted_by_node_and_reason),
		T(statistics_cover_lcores_pools_and_memory),
		T(a_trace_is_sent_to_who_asked_and_ends_by_itself),
		T(one_trace_at_a_time_and_only_its_owner_stops_it),
		T(a_trace_ends_with_its_socket),
		T(a_filter_chooses_packets_and_nonsense_is_refused),
		T(a_slow_reader_leaves_records_behind_and_is_told_how_many),
		T(a_save_comes_in_pieces_to_those_who_may_configure),
		T(a_copy_of_the_process_saves_what_was),
		T(the_copy_goes_with_who_asked),
		T(settings_are_shown_and_changed_by_those_who_may),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
