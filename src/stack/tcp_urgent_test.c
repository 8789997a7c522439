/* SPDX-License-Identifier: BSD-2-Clause */
/* Urgent data (RFC 6093) from one end of a connection to the other. */
#include <arpa/inet.h>
#include <sys/epoll.h>

#include "sock/sock.h"
#include "stack/rig.h"

struct pair {
	struct rig *r;
	struct sock *listener, *from, *to;
};

static struct pair setup(void)
{
	struct pair p = { .r = rig_new(workers, 0) };
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(700),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	iface_set_up(iface_by_name(p.r->st, "lo"), true);
	assert_int_equal(sock_open(p.r->st, AF_INET, SOCK_STREAM, 0, NULL, &p.listener), 0);
	assert_int_equal(sock_open(p.r->st, AF_INET, SOCK_STREAM, 0, NULL, &p.from), 0);
	assert_int_equal(sock_bind(p.listener, (void *)&a, sizeof a), 0);
	assert_int_equal(sock_listen(p.listener, 5), 0);
	assert_int_equal(sock_connect(p.from, (void *)&a, sizeof a), -EINPROGRESS);
	manual_rt_settle(p.r->m);
	assert_int_equal(sock_accept(p.listener, &p.to), 0);
	return p;
}

static void say(struct pair *p, const char *what, int flags)
{
	assert_int_equal(sock_sendto(p->from, what, strlen(what), flags, NULL, 0), strlen(what));
	manual_rt_settle(p->r->m);
}

static void hears(struct pair *p, const char *what, int flags)
{
	char buf[20] = "";
	assert_int_equal(sock_recvfrom(p->to, buf, sizeof buf - 1, flags, NULL, NULL), strlen(what));
	assert_string_equal(buf, what);
}

static void end(struct pair *p)
{
	sock_close(p->from);
	sock_close(p->to);
	sock_close(p->listener);
	rig_free(p->r);
}

static void the_last_byte_is_beside_the_stream(void **state)
{
	struct pair p = setup();
	char buf[4];
	assert_int_equal(sock_recvfrom(p.to, buf, 1, MSG_OOB, NULL, NULL), -EINVAL);
	say(&p, "ab", 0);
	say(&p, "cd!", MSG_OOB);
	say(&p, "ef", 0);
	assert_true(sock_poll(p.to) & EPOLLPRI);
	hears(&p, "!", MSG_OOB | MSG_PEEK);
	hears(&p, "!", MSG_OOB);
	assert_false(sock_poll(p.to) & EPOLLPRI);
	assert_int_equal(sock_recvfrom(p.to, buf, 1, MSG_OOB, NULL, NULL), -EINVAL);
	assert_int_equal(sock_amount(p.to, SOCK_AT_MARK), 0);
	hears(&p, "abcd", 0); /* up to the mark */
	assert_int_equal(sock_amount(p.to, SOCK_AT_MARK), 1);
	hears(&p, "ef", MSG_PEEK);
	hears(&p, "ef", 0);
	assert_int_equal(sock_amount(p.to, SOCK_AT_MARK), 0);
	end(&p);
}

static void it_may_stay_in_line(void **state)
{
	struct pair p = setup();
	int one = 1;
	char buf[4];
	assert_int_equal(sock_setsockopt(p.to, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one), 0);
	say(&p, "ab!", MSG_OOB);
	say(&p, "cd", 0);
	assert_int_equal(sock_recvfrom(p.to, buf, 1, MSG_OOB, NULL, NULL), -EINVAL);
	hears(&p, "ab", 0);
	assert_int_equal(sock_amount(p.to, SOCK_AT_MARK), 1);
	hears(&p, "!cd", 0);
	end(&p);
}

static void alone_it_is_nothing_to_be_read(void **state)
{
	struct pair p = setup();
	char buf[4];
	say(&p, "!", MSG_OOB);
	assert_int_equal(sock_poll(p.to) & (EPOLLIN | EPOLLPRI), EPOLLPRI);
	assert_int_equal(sock_recvfrom(p.to, buf, 4, 0, NULL, NULL), -EAGAIN);
	end(&p);
}

TWICE(the_last_byte_is_beside_the_stream)
TWICE(it_may_stay_in_line)
TWICE(alone_it_is_nothing_to_be_read)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(the_last_byte_is_beside_the_stream),
		BOTH(it_may_stay_in_line),
		BOTH(alone_it_is_nothing_to_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
