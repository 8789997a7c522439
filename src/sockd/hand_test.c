/* SPDX-License-Identifier: BSD-2-Clause */
/* One daemon's clients go on in another: both live in this process, the second with copies of the first one's descriptors. */
#include "hand.c"

#include <fcntl.h>
#include <linux/genetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/save_file.h"
#include "sockd/sockd_internal.h"
#include "sockd/sockd_test.h"

struct move {
	struct sockd_test from, to;
};

static int start(void **state)
{
	struct move *m = malloc(sizeof *m);
	test_start(&m->from);
	test_start(&m->to);
	*state = m;
	return 0;
}

static int end(void **state)
{
	struct move *m = *state;
	test_end(&m->from);
	test_end(&m->to);
	free(m);
	return 0;
}

static int sent_and_answered(struct sockd_test *t, int client, struct sockd_req *req, const int *fd,
			     unsigned n_fds)
{
	struct sockd_rep rep;
	req->seq = 7;
	test_send(client, req, sizeof *req, fd, n_fds);
	test_settle(t);
	return recv(client, &rep, sizeof rep, MSG_DONTWAIT) == sizeof rep ? rep.err : -ENODATA;
}

/* The application's end. */
static int open_socket(struct sockd_test *t, int client)
{
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .open = { SOCK_RAW, NETLINK_GENERIC, SOCKD_RIGHT_ADMIN, 0, 0, 4711 } };
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(sent_and_answered(t, client, &req, pair, 2), 0);
	close(pair[0]);
	return pair[1];
}

static void send_dump(int fd)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
	} q = { { sizeof q, GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { CTRL_CMD_GETFAMILY, 1, 0 } };
	assert_int_equal(send(fd, &q, sizeof q, MSG_DONTWAIT), sizeof q);
}

static void save(struct move *m, struct saver *s, struct fds *fds)
{
	sockd_save(m->from.d, s, fds);
	for (unsigned i = 0; i < fds->n; i++)
		fds->fd[i] = fcntl(fds->fd[i], F_DUPFD_CLOEXEC, 3);
}

/* The first one reads nothing any more. */
static int moved(struct move *m)
{
	struct fds fds = { 0 };
	int file = memfd_create("saved", MFD_CLOEXEC);
	struct saver *s = saver_new(save_to_fd, &file);
	char why[128];
	save(m, s, &fds);
	assert_int_equal(saver_end(s), 0);
	struct loader *l = loader_new_fd(file, "saved", why, sizeof why);
	assert_non_null(l);
	int err = sockd_restore(m->to.d, l, &fds);
	m->from.n_watches = 0;
	test_settle(&m->to);
	loader_free(l);
	saver_free(s);
	close(file);
	fds_close(&fds);
	return err;
}

static void a_request_that_nobody_has_read_is_answered_there(void **state)
{
	struct move *m = *state;
	uint8_t buf[8192];
	int client = test_connect(&m->from), app = open_socket(&m->from, client);
	send_dump(app);
	assert_int_equal(moved(m), 0);
	assert_true(recv(app, buf, sizeof buf, MSG_DONTWAIT) > (ssize_t)sizeof(struct nlmsghdr));
	close(app);
	close(client);
}

static void requests_about_a_socket_find_it_there_under_its_name(void **state)
{
	struct move *m = *state;
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME, .seq = 7 };
	struct sockd_rep rep;
	struct sockaddr_nl a;
	int client = test_connect(&m->from), app = open_socket(&m->from, client);
	send_dump(app); /* which gives it its name */
	assert_int_equal(moved(m), 0);
	test_send(client, &req, sizeof req, &app, 1);
	test_settle(&m->to);
	assert_int_equal(recv(client, &rep, sizeof rep, MSG_DONTWAIT), sizeof rep);
	assert_int_equal(rep.err, 0);
	memcpy(&a, rep.data, sizeof a);
	assert_int_equal(a.nl_pid, 4711);
	close(app);
	close(client);
}

static void a_client_hears_there_that_its_socket_is_closed(void **state)
{
	struct move *m = *state;
	struct sockd_rep rep;
	int client = test_connect(&m->from), app = open_socket(&m->from, client);
	assert_int_equal(moved(m), 0);
	/* The first one's copy of the daemon's end plays no part in that: the application's end is what closes. */
	close(app);
	test_settle(&m->to);
	assert_int_equal(recv(client, &rep, sizeof rep, MSG_DONTWAIT), sizeof rep);
	assert_int_equal(rep.op, SOCKD_CLOSED);
	close(client);
}

static void a_socket_outlives_its_client_there_too(void **state)
{
	struct move *m = *state;
	struct sockd_stats stats;
	int client = test_connect(&m->from), app = open_socket(&m->from, client);
	close(client);
	test_settle(&m->from);
	assert_int_equal(moved(m), 0);
	sockd_stats(m->to.d, &stats);
	assert_int_equal(stats.clients, 0);
	assert_int_equal(stats.sockets, 1);
	close(app);
	test_settle(&m->to);
	sockd_stats(m->to.d, &stats);
	assert_int_equal(stats.sockets, 0);
}

static void post(struct test_slots *sl, unsigned i, int app, uint32_t seq)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
	} q = { { sizeof q, GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, seq, 0 }, { CTRL_CMD_GETFAMILY, 1, 0 } };
	struct slot_head *h = &sl->shared->head[i];
	assert_int_equal(pair_cookie(app, &h->cookie), 0);
	h->req_len = sizeof q;
	memcpy(sl->shared->req[i], &q, sizeof q);
	slot_set_state(h, SLOT_POSTED);
	test_ring(sl);
}

static void slots_go_along_with_what_lies_in_them(void **state)
{
	struct move *m = *state;
	struct test_slots sl = { 0 };
	struct nlmsghdr h;
	uint8_t buf[8192];
	int client = test_connect(&m->from), one = open_socket(&m->from, client), two;
	two = open_socket(&m->from, client);
	assert_int_equal(test_slots_open(&m->from, client, &sl), 0);
	post(&sl, 0, one, 1);
	test_settle(&m->from);
	assert_int_equal(sl.shared->head[0].state, SLOT_DONE);
	post(&sl, 1, two, 2); /* which the first one has not looked at */
	send_dump(one);
	assert_int_equal(moved(m), 0);
	assert_int_equal(sl.shared->head[1].state, SLOT_DONE);
	assert_true(recv(two, buf, sizeof buf, MSG_DONTWAIT) >
		    (ssize_t)sizeof h); /* nobody knew yet that there was room in the pair */
	memcpy(&h, buf, sizeof h);
	assert_int_equal(h.nlmsg_seq, 2);
	assert_int_equal(recv(one, buf, sizeof buf, MSG_DONTWAIT), -1); /* the dump waits for slot 0 */
	assert_int_equal(sl.shared->head[0].more, 1);
	slot_set_state(&sl.shared->head[0], SLOT_FREE);
	test_ring(&sl);
	test_settle(&m->to);
	assert_true(recv(one, buf, sizeof buf, MSG_DONTWAIT) > (ssize_t)sizeof(struct nlmsghdr));
	test_slots_close(&sl);
	close(one);
	close(two);
	close(client);
}

static void only_who_started_the_daemon_may_take_its_place(void **state)
{
	struct move *m = *state;
	struct sockd_req req = { .op = SOCKD_TAKE_OVER };
	int client = test_connect(&m->from), fd = dup(client);
	m->from.d->owner++;
	assert_int_equal(sent_and_answered(&m->from, client, &req, &fd, 1), -EPERM);
	m->from.d->owner--;
	assert_int_equal(sent_and_answered(&m->from, client, &req, &fd, 1), -EOPNOTSUPP);
	close(fd);
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
		T(a_request_that_nobody_has_read_is_answered_there),
		T(requests_about_a_socket_find_it_there_under_its_name),
		T(a_client_hears_there_that_its_socket_is_closed),
		T(a_socket_outlives_its_client_there_too),
		T(slots_go_along_with_what_lies_in_them),
		T(only_who_started_the_daemon_may_take_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
