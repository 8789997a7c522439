/* SPDX-License-Identifier: BSD-2-Clause */
#include "req.c"
#include "pair.c"
#include "sockd.c"
#include "adopt.c"

#include "netlink/netlink_internal.h"
#include "sockd/sockd_test.h"

#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <stdarg.h>
#include <cmocka.h>

static int start(void **state)
{
	struct sockd_test *t = malloc(sizeof *t);

	test_start(t);
	*state = t;
	return 0;
}

static int end(void **state)
{
	test_end(*state);
	free(*state);
	return 0;
}

/* The error of the answer; -ENODATA when there is none. */
static int ask(struct sockd_test *t, int client, struct sockd_req *req, const int *fd, unsigned n_fds,
	       struct sockd_rep *ret)
{
	struct sockd_rep rep;

	req->seq = req->seq ? req->seq : 7;
	test_send(client, req, sizeof *req, fd, n_fds);
	test_settle(t);
	if (recv(client, &rep, sizeof rep, MSG_DONTWAIT) != sizeof rep)
		return -ENODATA;
	assert_int_equal(rep.seq, req->seq);
	assert_int_equal(rep.op, req->op);
	if (ret)
		*ret = rep;
	return rep.err;
}

/* The application's end, or an error. */
static int open_as(struct sockd_test *t, int client, int protocol, uint32_t rights, uint32_t pid)
{
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .open = { SOCK_RAW, protocol, rights, 0, 0, pid } };
	int pair[2], err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	err = ask(t, client, &req, pair, 2, NULL);
	close(pair[0]);
	if (!err)
		return pair[1];
	close(pair[1]);
	return err;
}

static int open_generic(struct sockd_test *t, int client)
{
	return open_as(t, client, NETLINK_GENERIC, SOCKD_RIGHT_ADMIN, 77);
}

/* Asks the controller for all families and returns how many bytes came back at once. */
static ssize_t dump_families(struct sockd_test *t, int fd, void *to, size_t len_bytes)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
	} q = { { sizeof q, GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { CTRL_CMD_GETFAMILY, 1, 0 } };

	assert_int_equal(send(fd, &q, sizeof q, MSG_DONTWAIT), sizeof q);
	test_settle(t);
	return recv(fd, to, len_bytes, MSG_DONTWAIT);
}

static void a_pair_carries_requests_and_answers(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client);
	char buf[8192];
	ssize_t n;

	assert_true(fd >= 0);
	n = dump_families(t, fd, buf, sizeof buf);
	assert_true(n > (ssize_t)sizeof(struct nlmsghdr));
	assert_int_equal(((struct nlmsghdr *)buf)->nlmsg_type, GENL_ID_CTRL);
	close(fd);
	close(client);
}

static void the_last_close_is_told_to_the_client(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), copy = dup(fd);
	struct sockd_stats st;
	struct sockd_rep rep;

	close(fd);
	test_settle(t);
	sockd_stats(t->d, &st);
	assert_int_equal(st.sockets, 1);
	close(copy);
	test_settle(t);
	sockd_stats(t->d, &st);
	assert_int_equal(st.sockets, 0);
	assert_int_equal(recv(client, &rep, sizeof rep, MSG_DONTWAIT), sizeof rep);
	assert_int_equal(rep.op, SOCKD_CLOSED);
	assert_int_equal(rep.seq, 0);
	close(client);
}

static void a_socket_outlives_the_client_that_opened_it(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), other;
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME };
	char buf[8192];

	close(client);
	test_settle(t);
	assert_true(dump_families(t, fd, buf, sizeof buf) > 0);
	other = test_connect(t); /* possession of the descriptor is all it takes */
	assert_int_equal(ask(t, other, &req, &fd, 1, NULL), 0);
	close(fd);
	test_settle(t);
	close(other);
}

static void authority_is_possession(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), pair[2];
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME };
	struct sockaddr_nl a;
	struct sockd_rep rep;

	assert_int_equal(ask(t, client, &req, &fd, 1, &rep), 0);
	assert_int_equal(rep.data_len, sizeof a);
	memcpy(&a, rep.data, sizeof a);
	assert_int_equal(a.nl_family, AF_NETLINK);
	assert_int_equal(ask(t, client, &req, NULL, 0, NULL), -EBADF);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(ask(t, client, &req, pair, 1, NULL), -EBADF);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	close(client);
}

static void one_end_is_opened_once(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), pair[2], mixed[2], pipe_fd[2];
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .open = { SOCK_RAW, NETLINK_GENERIC, 0, 0, 0, 0 } };

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	mixed[0] = pair[0];
	mixed[1] = fd;
	assert_int_equal(ask(t, client, &req, mixed, 2, NULL), -EEXIST);
	assert_int_equal(ask(t, client, &req, pair, 2, NULL), 0);
	assert_int_equal(ask(t, client, &req, (int[]){ pair[1], pair[0] }, 2, NULL), -EEXIST); /* crosswise */
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(ask(t, client, &req, pipe_fd, 2, NULL), -ENOTSOCK);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	close(client);
}

static void two_ends_that_are_no_pair_are_refused(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), one[2], two[2];
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .open = { SOCK_RAW, NETLINK_GENERIC, 0, 0, 0, 0 } };

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, one), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, two), 0);
	assert_int_equal(ask(t, client, &req, (int[]){ one[0], two[0] }, 2, NULL), -EINVAL);
	assert_int_equal(ask(t, client, &req, (int[]){ client, one[0] }, 2, NULL), -EINVAL);
	for (unsigned i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
	}
	close(client);
}

static void unknown_protocols_do_not_exist(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t);

	assert_int_equal(open_as(t, client, NETLINK_AUDIT, 0, 1), -EPROTONOSUPPORT);
	assert_int_equal(open_as(t, client, 4711, 0, 1), -EPROTONOSUPPORT);
	close(client);
}

static void bind_names_the_socket(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client);
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = 4242 };
	struct sockd_req req = { .op = SOCKD_BIND, .data_len = sizeof a };
	struct sockd_rep rep;

	memcpy(req.data, &a, sizeof a);
	assert_int_equal(ask(t, client, &req, &fd, 1, NULL), 0);
	req = (struct sockd_req){ .op = SOCKD_GETSOCKNAME };
	assert_int_equal(ask(t, client, &req, &fd, 1, &rep), 0);
	memcpy(&a, rep.data, sizeof a);
	assert_int_equal(a.nl_pid, 4242);
	req = (struct sockd_req){ .op = SOCKD_BIND, .data_len = 2 };
	assert_int_equal(ask(t, client, &req, &fd, 1, NULL), -EINVAL);
	close(fd);
	close(client);
}

static void options_are_told(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), val;
	struct sockd_req req = { .op = SOCKD_GETSOCKOPT, .opt = { SOL_SOCKET, SO_TYPE, sizeof val } };
	struct sockd_rep rep;

	assert_int_equal(ask(t, client, &req, &fd, 1, &rep), 0);
	memcpy(&val, rep.data, sizeof val);
	assert_int_equal(val, SOCK_RAW);
	req.opt.name = SO_PROTOCOL;
	assert_int_equal(ask(t, client, &req, &fd, 1, &rep), 0);
	memcpy(&val, rep.data, sizeof val);
	assert_int_equal(val, NETLINK_GENERIC);
	req.opt.len = UINT32_MAX;
	assert_int_equal(ask(t, client, &req, &fd, 1, &rep), 0);
	assert_true(rep.data_len <= SOCKD_DATA_MAX);
	req.opt.level = 12345;
	assert_int_equal(ask(t, client, &req, &fd, 1, &rep), -ENOPROTOOPT);
	close(fd);
	close(client);
}

/* As long as nobody serves descriptors nothing is answered, but for who asks that it be. */
static void what_was_sent_before_a_sync_is_answered_before_it(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), copy = dup(fd);
	struct client *c = list_first(&t->d->clients, struct client, link);
	struct sockd_req req = { .op = SOCKD_SYNC, .seq = 1 };
	struct raw_req raw = { .bytes = &req, .len_bytes = sizeof req, .fd = { copy, -1 }, .n_fds = 1 };
	struct sockd_rep rep;
	char buf[256];

	for (unsigned i = 1; i <= 3; i++) {
		struct nlmsghdr h = { sizeof h, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, i, 0 };
		assert_int_equal(send(fd, &h, sizeof h, MSG_DONTWAIT), sizeof h);
	}
	assert_int_equal(recv(fd, buf, sizeof buf, MSG_DONTWAIT), -1);
	assert_int_equal(client_request(c, &raw, &rep), 0);
	assert_int_equal(rep.err, 0);
	for (unsigned i = 1; i <= 3; i++)
		assert_true(recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0);
	assert_int_equal(recv(fd, buf, sizeof buf, MSG_DONTWAIT), -1);
	close(copy);
	close(fd);
	close(client);
}

/* A reader that does not wait would take the gap until the daemon sees that there is room for the end of a dump. */
static void a_sync_goes_on_with_what_found_no_room(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), copy = dup(fd);
	struct client *c = list_first(&t->d->clients, struct client, link);
	struct sockd_req req = { .op = SOCKD_SYNC, .seq = 1 };
	struct raw_req raw = { .bytes = &req, .len_bytes = sizeof req, .fd = { copy, -1 }, .n_fds = 1 };
	struct sockd_rep rep;
	char buf[8192];

	for (unsigned i = 0; i < 2000; i++) {
		struct nlmsghdr h = { sizeof h, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, i, 0 };
		send(fd, &h, sizeof h, MSG_DONTWAIT);
		test_settle(t);
	}
	while (recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(client_request(c, &raw, &rep), 0);
	assert_int_equal(rep.err, 0);
	assert_true(recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0);
	close(copy);
	close(fd);
	close(client);
}

/* The application's end, or an error. The daemon's end is kept in *ret_own. */
static int open_kept(struct sockd_test *t, int client, int *ret_own, uint64_t *ret_cookie)
{
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .open = { SOCK_RAW, NETLINK_ROUTE, SOCKD_RIGHT_ADMIN, 0, 0, 5 } };
	struct sockd_rep rep;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(ask(t, client, &req, pair, 2, &rep), 0);
	*ret_own = pair[0];
	*ret_cookie = rep.cookie;
	return pair[1];
}

static int adopt(struct sockd_test *t, int client, int own, const struct sockd_adopt *a)
{
	struct sockd_req req = { .op = SOCKD_ADOPT_NETLINK,
				 .open = { SOCK_RAW, NETLINK_ROUTE, SOCKD_RIGHT_ADMIN, 0, 0, 5 },
				 .data_len = sizeof *a };

	memcpy(req.data, a, sizeof *a);
	return ask(t, client, &req, &own, 1, NULL);
}

static void restart_daemon(struct sockd_test *t)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	sockd_free(t->d);
	unlink(t->at.sun_path);
	if (bind(fd, (struct sockaddr *)&t->at, sizeof t->at) || listen(fd, 128) ||
	    sockd_new(t->st, fd, &t->d))
		abort();
}

static void next_is_overrun(int fd)
{
	struct nlmsghdr h;

	assert_int_equal(recv(fd, &h, sizeof h, MSG_DONTWAIT), sizeof h);
	assert_int_equal(h.nlmsg_type, NLMSG_OVERRUN);
}

static void the_next_daemon_adopts_what_outlived_the_last(void **state)
{
	struct sockd_test *t = *state;
	struct sockd_adopt a = {
		.portid = 4711, .options = 1 << NETLINK_EXT_ACK, .rcvbuf = 5000, .overrun = 1
	};
	struct nlmsghdr h = { sizeof h, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 8, 0 };
	int client = test_connect(t), own, fd = open_kept(t, client, &own, &a.cookie);
	struct sockd_req name = { .op = SOCKD_GETSOCKNAME };
	struct sockaddr_nl at;
	struct sockd_rep rep;
	char buf[256];

	restart_daemon(t);
	close(client);
	client = test_connect(t);
	assert_int_equal(ask(t, client, &name, &fd, 1, NULL), -EBADF);
	assert_int_equal(send(fd, &h, sizeof h, 0), sizeof h); /* while nobody is there to read it */
	a.groups[0] = 1 << RTNLGRP_LINK | 1ull << RTNLGRP_NEXTHOP;
	assert_int_equal(adopt(t, client, own, &a), 0);
	next_is_overrun(fd);
	assert_true(recv(fd, buf, sizeof buf, MSG_DONTWAIT) > (ssize_t)sizeof(struct nlmsghdr));
	assert_int_equal(((struct nlmsghdr *)buf)->nlmsg_pid, 4711);
	assert_int_equal(ask(t, client, &name, &fd, 1, &rep), 0);
	memcpy(&at, rep.data, sizeof at);
	assert_int_equal(at.nl_pid, 4711);
	assert_int_equal(at.nl_groups, 1 << (RTNLGRP_LINK - 1) | 1u << (RTNLGRP_NEXTHOP - 1));
	assert_int_equal(adopt(t, client, own, &a), -EEXIST);
	close(own);
	close(fd);
	close(client);
}

/* As from Linux: pieces of under 4 KiB for who is not known to take more. */
static void dumps_are_in_pieces_as_large_as_their_reader_takes(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client);
	struct sockd_req req = { .op = SOCKD_ROOM };
	struct client *c = list_first(&t->d->clients, struct client, link);
	struct pair *s = pair_find(c, fd);

	req.opt.len = 20000;
	assert_int_equal(ask(t, client, &req, &fd, 1, NULL), 0);
	assert_int_equal(s->nl->recv_hint, 20000);
	req.opt.len = 5; /* a smaller one does not take it back */
	assert_int_equal(ask(t, client, &req, &fd, 1, NULL), 0);
	assert_int_equal(s->nl->recv_hint, 20000);
	req.opt.len = UINT32_MAX;
	assert_int_equal(ask(t, client, &req, &fd, 1, NULL), 0);
	assert_int_equal(s->nl->recv_hint, 32768);
	assert_int_equal(ask(t, client, &req, NULL, 0, NULL), -EBADF);
	close(fd);
	close(client);
}

/* Anybody can say that a cookie is theirs. */
static void what_is_claimed_counts_for_who_claims_it(void **state)
{
	struct sockd_test *t = *state;
	struct sockd_adopt a = { 0 };
	int client = test_connect(t), other = test_connect(t), own,
	    fd = open_kept(t, client, &own, &a.cookie), pair[2];
	struct sockd_req name = { .op = SOCKD_GETSOCKNAME };
	struct sockd_stats st;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(adopt(t, other, pair[0], &a), -EEXIST); /* the owner has shown it */
	restart_daemon(t);
	close(client);
	close(other);
	client = test_connect(t);
	other = test_connect(t);
	assert_int_equal(adopt(t, other, pair[0], &a), 0);
	assert_int_equal(ask(t, client, &name, &fd, 1, NULL), -EBADF);
	assert_int_equal(adopt(t, client, own, &a), 0);
	assert_int_equal(ask(t, client, &name, &fd, 1, NULL), 0);
	close(other);
	test_settle(t);
	sockd_stats(t->d, &st);
	assert_int_equal(st.sockets, 1);
	assert_int_equal(ask(t, client, &name, &fd, 1, NULL), 0);
	close(client);
	test_settle(t);
	sockd_stats(t->d, &st);
	assert_int_equal(st.sockets, 0);
	for (unsigned i = 0; i < 2; i++)
		close(pair[i]);
	close(own);
	close(fd);
}

static void ioctls_need_no_descriptor_and_settings_a_right(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t);
	struct sockd_req req = { .op = SOCKD_IOCTL, .data_len = sizeof(struct ifreq) };
	struct sockd_rep rep;
	struct ifreq r = { .ifr_name = "eth0" };

	req.ioctl.cmd = SIOCGIFMTU;
	memcpy(req.data, &r, sizeof r);
	assert_int_equal(ask(t, client, &req, NULL, 0, &rep), 0);
	assert_int_equal(rep.data_len, sizeof r);
	memcpy(&r, rep.data, sizeof r);
	assert_int_equal(r.ifr_mtu, 1500);
	req.ioctl.cmd = SIOCSIFMTU;
	assert_int_equal(ask(t, client, &req, NULL, 0, NULL), -EPERM);
	req.ioctl.rights = SOCKD_RIGHT_ADMIN;
	memcpy(req.data, &r, sizeof r);
	assert_int_equal(ask(t, client, &req, NULL, 0, &rep), 0);
	assert_int_equal(rep.data_len, 0);
	req.data_len = 3;
	assert_int_equal(ask(t, client, &req, NULL, 0, NULL), -EFAULT);
	close(client);
}

static void nonsense_ends_the_connection(void **state)
{
	struct sockd_test *t = *state;
	struct sockd_req bad = { .op = SOCKD_BIND, .seq = 1, .zero = 1 };
	int client = test_connect(t), other = test_connect(t), fd;
	char byte;

	test_send(client, "x", 1, NULL, 0);
	test_settle(t);
	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), 0);
	test_send(other, &bad, sizeof bad, NULL, 0);
	test_settle(t);
	assert_int_equal(recv(other, &byte, 1, MSG_DONTWAIT), 0);
	close(client);
	close(other);
	client = test_connect(t); /* and nobody else's */
	fd = open_generic(t, client);
	assert_true(fd >= 0);
	close(fd);
	close(client);
}

static void too_many_descriptors_are_not_kept(void **state)
{
	struct sockd_test *t = *state;
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME, .seq = 1 };
	int client = test_connect(t), pipe_fd[2], three[3];
	char byte;

	assert_int_equal(pipe(pipe_fd), 0);
	three[0] = three[1] = three[2] = pipe_fd[1];
	test_send(client, &req, sizeof req, three, 3);
	close(pipe_fd[1]);
	test_settle(t);
	assert_int_equal(read(pipe_fd[0], &byte, 1),
			 0); /* no copy of the other end is left: it would block */
	close(pipe_fd[0]);
	close(client);
}

/* A client that never reads: its answers fill the connection, and others notice nothing. */
static void a_stuck_client_harms_no_one(void **state)
{
	struct sockd_test *t = *state;
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME };
	int stuck = test_connect(t), client = test_connect(t), fd;

	for (unsigned i = 1; i < 5000; i++) {
		req.seq = i;
		test_send(stuck, &req, sizeof req, NULL, 0);
		if (i % 64 == 0)
			test_settle(t);
	}
	fd = open_generic(t, client);
	assert_true(fd >= 0);
	close(fd);
	close(stuck);
	close(client);
	test_settle(t);
}

/* An application that never reads: answers stop, nothing is lost that was promised, and it goes on when it reads again. */
static void an_application_that_does_not_read_waits_for_itself(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client);
	char buf[16384];
	unsigned got = 0;

	for (unsigned i = 0; i < 2000; i++) {
		struct nlmsghdr h = { sizeof h, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, i, 0 };
		send(fd, &h, sizeof h, MSG_DONTWAIT);
		test_settle(t);
	}
	while (recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0) {
		got++;
		test_settle(t);
	}
	assert_true(got > 100);
	assert_true(dump_families(t, fd, buf, sizeof buf) > 0);
	close(fd);
	close(client);
}

static void assert_refused(struct sockd_test *t, int client, int err)
{
	struct sockd_rep rep;

	test_settle(t);
	assert_int_equal(recv(client, &rep, sizeof rep, MSG_DONTWAIT), sizeof rep);
	assert_int_equal(rep.op, SOCKD_REFUSED);
	assert_int_equal(rep.err, err);
	assert_int_equal(recv(client, &rep, sizeof rep, MSG_DONTWAIT), 0);
}

static void too_many_clients_are_told_so(void **state)
{
	struct sockd_test *t = *state;
	uint64_t n = t->d->stats.clients;
	int client;

	t->d->stats.clients = CLIENTS_MAX;
	client = test_connect(t);
	assert_refused(t, client, -EUSERS);
	close(client);
	t->d->stats.clients = n;
	client = test_connect(t);
	close(open_generic(t, client));
	close(client);
}

/* The next descriptor there is can be had, and no more. */
static void limit_descriptors(struct rlimit *ret_before)
{
	int next = dup(0);
	struct rlimit lim;

	close(next);
	getrlimit(RLIMIT_NOFILE, ret_before);
	lim = *ret_before;
	lim.rlim_cur = (rlim_t)next;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static void without_a_descriptor_left_clients_are_told_so(void **state)
{
	struct sockd_test *t = *state;
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct rlimit before;

	assert_int_equal(connect(client, (struct sockaddr *)&t->at, sizeof t->at), 0);
	limit_descriptors(&before);
	assert_refused(t, client, -EMFILE);
	setrlimit(RLIMIT_NOFILE, &before);
	close(client);
	client = test_connect(t);
	close(open_generic(t, client));
	close(client);
}

static void descriptors_that_cannot_be_taken_are_named(void **state)
{
	struct sockd_test *t = *state;
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .seq = 5,
				 .open = { SOCK_RAW, NETLINK_GENERIC, 0, 0, 0, 0 } };
	int client = test_connect(t), pair[2];
	struct sockd_rep rep;
	struct rlimit before;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	limit_descriptors(&before);
	test_send(client, &req, sizeof req, pair, 2);
	test_settle(t);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(recv(client, &rep, sizeof rep, MSG_DONTWAIT), sizeof rep);
	assert_int_equal(rep.seq, 5);
	assert_int_equal(rep.err, -EMFILE);
	close(open_generic(t, client)); /* and the connection goes on */
	close(pair[0]);
	close(pair[1]);
	close(client);
}

static void too_many_sockets_are_refused(void **state)
{
	struct sockd_test *t = *state;
	int client = test_connect(t), fd = open_generic(t, client), err;
	struct client *c = list_first(&t->d->clients, struct client, link);

	assert_true(fd >= 0);
	c->n_owned = SOCKS_PER_CLIENT;
	err = open_generic(t, client);
	c->n_owned = 1;
	assert_int_equal(err, -EMFILE);
	close(fd);
	test_settle(t);
	assert_int_equal(c->n_owned, 0);
	close(client);
}

static void rights_are_only_ever_lowered(void **state)
{
	struct client owner = { .may_configure = true, .uid = 5 }, other = { .uid = 6 };
	struct sockd_req plain = { 0 }, admin = { .open.rights = SOCKD_RIGHT_ADMIN };

	assert_true(creds_of(&owner, &admin).may_configure);
	assert_false(creds_of(&owner, &plain).may_configure);
	assert_false(creds_of(&other, &admin).may_configure);
	assert_int_equal(creds_of(&other, &admin).uid, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pair_carries_requests_and_answers, start, end),
		cmocka_unit_test_setup_teardown(the_last_close_is_told_to_the_client, start, end),
		cmocka_unit_test_setup_teardown(a_socket_outlives_the_client_that_opened_it, start, end),
		cmocka_unit_test_setup_teardown(authority_is_possession, start, end),
		cmocka_unit_test_setup_teardown(one_end_is_opened_once, start, end),
		cmocka_unit_test_setup_teardown(two_ends_that_are_no_pair_are_refused, start, end),
		cmocka_unit_test_setup_teardown(unknown_protocols_do_not_exist, start, end),
		cmocka_unit_test_setup_teardown(bind_names_the_socket, start, end),
		cmocka_unit_test_setup_teardown(options_are_told, start, end),
		cmocka_unit_test_setup_teardown(what_was_sent_before_a_sync_is_answered_before_it, start,
						end),
		cmocka_unit_test_setup_teardown(a_sync_goes_on_with_what_found_no_room, start, end),
		cmocka_unit_test_setup_teardown(the_next_daemon_adopts_what_outlived_the_last, start, end),
		cmocka_unit_test_setup_teardown(what_is_claimed_counts_for_who_claims_it, start, end),
		cmocka_unit_test_setup_teardown(dumps_are_in_pieces_as_large_as_their_reader_takes, start,
						end),
		cmocka_unit_test_setup_teardown(ioctls_need_no_descriptor_and_settings_a_right, start, end),
		cmocka_unit_test_setup_teardown(nonsense_ends_the_connection, start, end),
		cmocka_unit_test_setup_teardown(too_many_descriptors_are_not_kept, start, end),
		cmocka_unit_test_setup_teardown(a_stuck_client_harms_no_one, start, end),
		cmocka_unit_test_setup_teardown(an_application_that_does_not_read_waits_for_itself, start,
						end),
		cmocka_unit_test_setup_teardown(too_many_sockets_are_refused, start, end),
		cmocka_unit_test_setup_teardown(too_many_clients_are_told_so, start, end),
		cmocka_unit_test_setup_teardown(without_a_descriptor_left_clients_are_told_so, start, end),
		cmocka_unit_test_setup_teardown(descriptors_that_cannot_be_taken_are_named, start, end),
		cmocka_unit_test(rights_are_only_ever_lowered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
