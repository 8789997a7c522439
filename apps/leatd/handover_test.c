/* SPDX-License-Identifier: BSD-2-Clause */
#include "handover.c"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct talk {
	int a, b;
};

static int talk_up(void **state)
{
	static struct talk t;
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -1;
	t = (struct talk){ fd[0], fd[1] };
	handover_patience(t.a, 1);
	handover_patience(t.b, 1);
	*state = &t;
	return 0;
}

static int talk_down(void **state)
{
	struct talk *t = *state;
	close(t->a);
	close(t->b);
	return 0;
}

static void an_answer_brings_as_many_descriptors_as_there_are(void **state)
{
	enum { N = 450 };
	struct talk *t = *state;
	struct fds given = { 0 }, got = { 0 };
	struct handover_msg m;
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(fds_add(&given, t->a), 0);
	assert_int_equal(handover_send(t->a, HANDOVER_HELLO, 0, NULL, &given), 0);
	assert_int_equal(handover_recv(t->b, HANDOVER_HELLO, &m, &got), 0);
	assert_int_equal(got.n, N);
	assert_true(fcntl(got.fd[N - 1], F_GETFD) & FD_CLOEXEC);
	fds_done(&given);
	fds_close(&got);
}

static void a_text_comes_last_and_names_the_others(void **state)
{
	struct talk *t = *state;
	struct fds given = { 0 }, got = { 0 };
	struct handover_text text;
	struct loader *l;
	char why[128];
	int fd;
	assert_int_equal(handover_text_begin(&text), 0);
	save_fd(text.saver, "here", &given, t->a);
	assert_int_equal(handover_text_send(t->a, HANDOVER_SWITCH, &text, &given), 0);
	assert_int_equal(handover_ask(t->b, HANDOVER_SWITCH, &got, &l, why, sizeof why), 0);
	assert_int_equal(got.n, 1);
	assert_true(load_fd(l, "here", &got, &fd));
	close(fd);
	loader_free(l);
	handover_text_done(&text);
	fds_done(&given);
	fds_close(&got);
}

static int asked(struct talk *t, char *why, size_t len)
{
	struct fds got = { 0 };
	struct loader *l;
	int err = handover_ask(t->b, HANDOVER_HELLO, &got, &l, why, len);
	fds_close(&got);
	return err;
}

static void what_is_refused_is_told_in_the_others_words(void **state)
{
	struct talk *t = *state;
	char why[128];
	handover_send(t->a, HANDOVER_HELLO, -EOPNOTSUPP, "eth0 stays", NULL);
	assert_int_equal(asked(t, why, sizeof why), -EOPNOTSUPP);
	assert_string_equal(why, "eth0 stays");
}

static void silence_and_the_end_are_told_apart(void **state)
{
	struct talk *t = *state;
	char why[128];
	assert_int_equal(asked(t, why, sizeof why), -EAGAIN);
	shutdown(t->a, SHUT_RDWR);
	assert_int_equal(asked(t, why, sizeof why), -EPIPE);
}

static void what_makes_no_sense_is_no_answer(void **state)
{
	struct talk *t = *state;
	struct handover_msg m = { .magic = HANDOVER_MAGIC,
				  .version = HANDOVER_VERSION,
				  .op = HANDOVER_HELLO };
	char why[128];
	assert_int_equal(send(t->a, "nonsense", 8, 0), 8);
	assert_int_equal(asked(t, why, sizeof why), -EPROTO);
	m.version++;
	assert_int_equal(send(t->a, &m, sizeof m, 0), sizeof m);
	assert_int_equal(asked(t, why, sizeof why), -EPROTO);
	assert_string_equal(why, "it speaks another version of this protocol");
	m.version--;
	m.op = HANDOVER_COMMIT; /* not what was asked */
	assert_int_equal(send(t->a, &m, sizeof m, 0), sizeof m);
	assert_int_equal(asked(t, why, sizeof why), -EPROTO);
	m.op = HANDOVER_HELLO; /* no text */
	assert_int_equal(send(t->a, &m, sizeof m, 0), sizeof m);
	assert_int_equal(asked(t, why, sizeof why), -EPROTO);
}

static void fewer_descriptors_than_told_are_no_answer(void **state)
{
	struct talk *t = *state;
	struct handover_msg m = {
		.magic = HANDOVER_MAGIC, .version = HANDOVER_VERSION, .op = HANDOVER_HELLO, .n_fds = 3
	};
	uint32_t n = 3;
	char why[128];
	assert_int_equal(send(t->a, &m, sizeof m, 0), sizeof m);
	assert_int_equal(send(t->a, &n, sizeof n, 0), sizeof n);
	assert_int_equal(asked(t, why, sizeof why), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, talk_up, talk_down)
		T(an_answer_brings_as_many_descriptors_as_there_are),
		T(a_text_comes_last_and_names_the_others),
		T(what_is_refused_is_told_in_the_others_words),
		T(silence_and_the_end_are_told_apart),
		T(what_makes_no_sense_is_no_answer),
		T(fewer_descriptors_than_told_are_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
