/* SPDX-License-Identifier: BSD-2-Clause */
/* What libleat says to configuration, right and wrong; two stacks joined; no rights are needed. */
#include "leat/leat.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "leat/socket.h"

struct fixture {
	struct leat *l;
	struct leat_stack *a, *b;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_int_equal(leat_new(NULL, &f->l), 0);
	assert_int_equal(leat_stack_new(f->l, "a", NULL, &f->a), 0);
	assert_int_equal(leat_stack_new(f->l, "b", NULL, &f->b), 0);
	assert_int_equal(leat_join(f->a, "ma", f->b, "mb"), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	leat_free(f->l);
	free(f);
	return 0;
}

static void refused(struct fixture *f, const char *lines, int err, const char *why)
{
	assert_int_equal(leat_config(f->a, lines), err);
	assert_string_equal(leat_why(f->l), why);
}

static void lines_are_applied_in_order_up_to_the_first_that_fails(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(leat_config(f->a,
				     "address 10.0.0.1/24 dev ma\n# a remark\n;route default via 10.0.0.2;"
				     "link ma mtu 1400; neighbour 10.0.0.9 lladdr 02:00:00:00:00:09 dev ma;"
				     "address 2001:db8::1/64 dev ma nodad; net.ipv4.ip_default_ttl = 32"),
			 0);
	assert_string_equal(leat_why(f->l), "");
	refused(f, "address 10.0.0.1/24 dev ma", -EEXIST, "address 10.0.0.1/24 dev ma: File exists");
	refused(f, "address 10.0.0.1/33 dev ma", -EINVAL,
		"address 10.0.0.1/33 dev ma: ADDRESS/LENGTH is wanted");
	refused(f, "address 10.0.0.5/24 dev nowhere", -EINVAL,
		"address 10.0.0.5/24 dev nowhere: there is no such interface");
	refused(f, "route 10.9.0.0/16 via 172.16.0.1", -ENETUNREACH,
		"route 10.9.0.0/16 via 172.16.0.1: Network is unreachable");
	refused(f, "adress 1", -EINVAL,
		"adress 1: link, address, route, neighbour or SETTING=VALUE is wanted");
	assert_true(leat_config(f->a, "no.such=1") < 0);
	assert_int_equal(leat_device(f->a, "nothing:eth0"), -ENODEV);
	assert_int_equal(leat_device(f->a, "eth0"), -EINVAL);
}

struct heard {
	unsigned links, ends;
};

static void hear(const void *msg, size_t len, void *ctx)
{
	const struct nlmsghdr *h = msg;
	struct heard *x = ctx;
	assert_int_equal(len, h->nlmsg_len);
	x->links += h->nlmsg_type == RTM_NEWLINK;
	x->ends += h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
}

static void netlink_messages_are_answered(void **state)
{
	struct fixture *f = *state;
	struct heard x = { 0 };
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
	} q = { .h = { sizeof q, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 } };
	assert_int_equal(leat_netlink(f->a, NETLINK_ROUTE, &q, sizeof q, hear, &x), 0);
	assert_int_equal(x.links, 2);
	assert_int_equal(x.ends, 1);
	q.h.nlmsg_type = RTM_NEWLINK;
	q.h.nlmsg_flags = NLM_F_REQUEST;
	q.m.ifi_index = 77;
	assert_int_equal(leat_netlink(f->a, NETLINK_ROUTE, &q, sizeof q, hear, &x), -ENODEV);
	assert_int_equal(x.ends, 2);
	assert_int_equal(leat_netlink(f->a, NETLINK_ROUTE, &q, 3, NULL, NULL), -EINVAL);
}

static void calls_that_wait(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(7),
				  .sin_addr.s_addr = htonl(0x0a000002) };
	struct pollfd p = { .events = POLLIN };
	struct leat_ring *a, *b;
	char buf[8] = "";
	assert_int_equal(leat_config(f->a, "address 10.0.0.1/24 dev ma"), 0);
	assert_int_equal(leat_config(f->b, "address 10.0.0.2/24 dev mb"), 0);
	assert_int_equal(leat_ring_new(f->a, NULL, &a), 0);
	assert_int_equal(leat_ring_new(f->b, NULL, &b), 0);
	int l = leat_socket(b, AF_INET, SOCK_STREAM, 0), c = leat_socket(a, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(leat_bind(b, l, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(leat_listen(b, l, 5), 0);
	p.fd = l;
	assert_int_equal(leat_poll(b, &p, 1, 0), 0);
	assert_int_equal(leat_connect(a, c, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(leat_poll(b, &p, 1, 5000), 1);
	int s = leat_accept(b, l, NULL, NULL);
	assert_true(s >= 0);
	assert_int_equal(leat_recv(b, s, buf, 8, MSG_DONTWAIT), -EAGAIN);
	p.fd = s;
	assert_int_equal(leat_poll(b, &p, 1, 10), 0);
	assert_int_equal(leat_send(a, c, "hello", 5, 0), 5);
	assert_int_equal(leat_poll(b, &p, 1, -1), 1);
	assert_int_equal(p.revents, POLLIN);
	assert_int_equal(leat_recv(b, s, buf, 8, 0), 5);
	leat_patience(b, 1000);
	assert_int_equal(leat_recv(b, s, buf, 8, 0), -ETIME);
	assert_int_equal(leat_close(a, c), 0);
	leat_patience(b, 0);
	assert_int_equal(leat_recv(b, s, buf, 8, 0), 0);
	assert_int_equal(leat_close(b, s), 0);
	assert_int_equal(leat_poll(b, &p, 1, -1), 1);
	assert_int_equal(p.revents, POLLNVAL);
	leat_ring_free(a);
	leat_ring_free(b);
}

/* The worker stops where completions are not taken, and sleeps: who then waits for them must not sleep, too. */
static void a_ring_that_was_full_goes_on(void **state)
{
	struct fixture *f = *state;
	const struct leat_ring_opts small = { .entries = 2, .worker = -1 };
	struct leat_ring *r;
	struct leat_cqe c;
	unsigned sent = 0, got = 0;
	assert_int_equal(leat_ring_new(f->a, &small, &r), 0);
	for (unsigned idle = 0; idle < 50; usleep(1000), idle++)
		while (leat_put(r, LEAT_OP_NOP, -1, sent)) {
			sent++;
			idle = 0;
			leat_submit(r);
		}
	assert_int_equal(sent, 8 + 2);
	while (got < sent) {
		assert_int_equal(leat_wait(r, 5000000), 0);
		while (leat_reap(r, &c, 1))
			assert_int_equal(c.user_data, got++);
	}
	leat_ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_applied_in_order_up_to_the_first_that_fails, setup,
						teardown),
		cmocka_unit_test_setup_teardown(netlink_messages_are_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(calls_that_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ring_that_was_full_goes_on, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
