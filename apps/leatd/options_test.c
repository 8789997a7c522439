/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.c"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct options o;
static char said[512];

static int parse_words(int argc, char **argv)
{
	FILE *err = fmemopen(said, sizeof said, "w");
	memset(said, 0, sizeof said);
	int ret = options_parse(&o, argc, argv, err);
	fclose(err);
	return ret;
}

static int parse(const char *text)
{
	char leatd[] = "leatd", c[] = "-c", path[32];
	int fd = memfd_create("conf", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int ret = parse_words(3, (char *[]){ leatd, c, path, NULL });
	close(fd);
	return ret;
}

static void a_file_says_what_the_command_line_says(void **state)
{
	assert_int_equal(
		parse("name r1 # a name\n\nworkers 3\ndev dummy:d0\nsysctl net.ipv4.ip_forward = 1\npoll\n"),
		0);
	assert_string_equal(o.name, "r1");
	assert_int_equal(o.workers, 3);
	assert_int_equal(o.n_devs, 1);
	assert_string_equal(o.setting[0].words, "net.ipv4.ip_forward = 1");
	assert_int_equal(o.setting[0].n_devs, 1);
	assert_true(o.poll);
	assert_true(o.config[0]);
}

static void lines_of_ip_are_kept_whole_with_their_number(void **state)
{
	assert_int_equal(parse("# first\nip link set  d0 alias \"a b\" # why\nip -6 route add default via "
			       "fe80::1 dev d0\n"),
			 0);
	assert_int_equal(o.n_ip, 2);
	assert_string_equal(o.ip[0].words, "link set  d0 alias \"a b\"");
	assert_int_equal(o.ip[0].line, 2);
	assert_string_equal(o.ip[1].words, "-6 route add default via fe80::1 dev d0");
	assert_int_equal(o.ip[1].line, 3);
}

static void what_is_wrong_is_said_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "workers 2\nworkers two\n", ":2: workers takes a number from 1 to 16, not \"two\"" },
		{ "ip\n", ":1: ip takes OBJECT COMMAND..." },
		{ "ip roote add default via 192.0.2.1\n", ":1: ip takes an object and a command" },
		{ "ip -6\n", ":1: ip takes an object and a command" },
		{ "take-over\n", ":1: take-over is for the command line alone" },
		{ "config other\n", ":1: config is for the command line alone" },
		{ "check other\n", ":1: check is for the command line alone" },
		{ "dev veth0\n", ":1: dev takes DRIVER:IFNAME" },
		{ "nonsense\n", ":1: no option is called \"nonsense\"" },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(rows[i].text), -EINVAL);
		assert_non_null(strstr(said, rows[i].says));
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

static void check_tells_every_line_that_is_wrong(void **state)
{
	static const char text[] = "workers two\ndev dummy:d0\nnonsense\nsysctl a.b = 1\n";
	char leatd[] = "leatd", check[] = "--check", path[32];
	int fd = memfd_create("conf", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	assert_int_equal(parse_words(3, (char *[]){ leatd, check, path, NULL }), -EINVAL);
	close(fd);
	assert_non_null(strstr(said, ":1: workers takes a number"));
	assert_non_null(strstr(said, ":3: no option is called \"nonsense\""));
	assert_int_equal(o.dev_line[0], 2);
	assert_int_equal(o.setting[0].line, 4);
}

static void lines_of_ip_have_no_place_on_the_command_line(void **state)
{
	char leatd[] = "leatd", ip[] = "--ip", words[] = "link";
	assert_int_equal(parse_words(3, (char *[]){ leatd, ip, words, NULL }), -EINVAL);
	assert_non_null(strstr(said, "for the configuration file alone"));
}

static void there_is_room_for_so_many_lines_and_no_more(void **state)
{
	char *text = malloc(32 * (OPT_IP_MAX + 1)), *to = text;
	for (unsigned i = 0; i < OPT_IP_MAX; i++)
		to += sprintf(to, "ip link show\n");
	assert_int_equal(parse(text), 0);
	sprintf(to, "ip link show\n");
	assert_int_equal(parse(text), -EINVAL);
	assert_non_null(strstr(said, "more than 1024 lines of ip"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_says_what_the_command_line_says),
		cmocka_unit_test(lines_of_ip_are_kept_whole_with_their_number),
		cmocka_unit_test(what_is_wrong_is_said_with_file_and_line),
		cmocka_unit_test(check_tells_every_line_that_is_wrong),
		cmocka_unit_test(lines_of_ip_have_no_place_on_the_command_line),
		cmocka_unit_test(there_is_room_for_so_many_lines_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
