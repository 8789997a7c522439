/* SPDX-License-Identifier: BSD-2-Clause */
/* Each in a child, for a filter cannot be taken off. */
#include "calls.c"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef int filter_fn(enum calls_mode mode);

/* How a child ended that tried it under that filter: its status, or the negative number of the signal. */
static int tried(filter_fn *filter, enum calls_mode mode, int (*what)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(filter(mode) ? 99 : what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int execute(void)
{
	char name[] = "true", *argv[] = { name, NULL };
	execv("/bin/true", argv);
	return errno;
}

static int start_a_process(void)
{
	int status;
	pid_t pid = fork();
	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(0);
	return waitpid(pid, &status, 0) == pid ? 0 : errno;
}

static int open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? errno : 0;
}

static int open_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM ? EPERM : 0;
}

static int leave(void)
{
	return unshare(CLONE_NEWNS) ? errno : 0;
}

static void nobody_executes_a_program(void **state)
{
	assert_int_equal(tried(calls_of_daemon, CALLS_REFUSE, execute), EPERM);
	assert_int_equal(tried(calls_of_helper, CALLS_REFUSE, execute), EPERM);
	assert_int_equal(tried(calls_of_daemon, CALLS_KILL, execute), -SIGSYS);
	assert_int_equal(tried(calls_of_daemon, CALLS_OFF, execute), 0);
}

static void the_daemon_copies_itself_and_the_helper_does_not(void **state)
{
	assert_int_equal(tried(calls_of_daemon, CALLS_KILL, start_a_process), 0);
	assert_int_equal(tried(calls_of_helper, CALLS_KILL, start_a_process), -SIGSYS);
}

static void sockets_are_of_the_families_they_have_use_for(void **state)
{
	assert_int_equal(tried(calls_of_daemon, CALLS_KILL, open_netlink), 0);
	assert_int_equal(tried(calls_of_helper, CALLS_KILL, open_netlink), 0);
	assert_int_equal(tried(calls_of_daemon, CALLS_KILL, open_packet), -SIGSYS);
	assert_true(tried(calls_of_helper, CALLS_KILL, open_packet) >= 0);
}

static void nobody_changes_its_namespaces(void **state)
{
	assert_int_equal(tried(calls_of_daemon, CALLS_KILL, leave), -SIGSYS);
	assert_int_equal(tried(calls_of_helper, CALLS_KILL, leave), -SIGSYS);
}

static void the_environment_says_how_strict(void **state)
{
	enum calls_mode mode;
	unsetenv("LEAT_SECCOMP");
	assert_int_equal(calls_mode(&mode), 0);
	assert_int_equal(mode, CALLS_REFUSE);
	setenv("LEAT_SECCOMP", "kill", 1);
	assert_int_equal(calls_mode(&mode), 0);
	assert_int_equal(mode, CALLS_KILL);
	setenv("LEAT_SECCOMP", "perhaps", 1);
	assert_int_equal(calls_mode(&mode), -EINVAL);
	unsetenv("LEAT_SECCOMP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_executes_a_program),
		cmocka_unit_test(the_daemon_copies_itself_and_the_helper_does_not),
		cmocka_unit_test(sockets_are_of_the_families_they_have_use_for),
		cmocka_unit_test(nobody_changes_its_namespaces),
		cmocka_unit_test(the_environment_says_how_strict),
	};
	/* A sanitizer's runtime has no filter. */
	return SANITIZED ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
}
