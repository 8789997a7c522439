/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/run.c"

#include <unistd.h>

#include "base/test.h"

static char why[1024];

static enum drill_outcome play_text(const char *text)
{
	struct script *s = NULL;
	if (script_parse("t.pkt", text, strlen(text), NULL, 0, &s, why, sizeof why))
		fail_msg("%s", why);
	enum drill_outcome out = drill_run(s, why, sizeof why);
	script_free(s);
	return out;
}
static void passes(const char *text)
{
	if (play_text(text) != DRILL_PASSED)
		fail_msg("%s", why);
}
static void fails(const char *text, const char *complaint)
{
	assert_int_equal(play_text(text), DRILL_FAILED);
	if (!strstr(why, complaint))
		fail_msg("'%s' does not say '%s'", why, complaint);
}
static void skips(const char *text, const char *complaint)
{
	assert_int_equal(play_text(text), DRILL_SKIPPED);
	if (!strstr(why, complaint))
		fail_msg("'%s' does not say '%s'", why, complaint);
}

#define PING "0 < icmp echo_request id 7 seq 1 [raw (36)]\n"

static void what_comes_as_expected_passes(void **state)
{
	passes(PING "+0 > icmp echo_reply id 7 seq 1 [raw (36)]");
	passes(PING "+0 > icmp echo_reply"); /* identifier and number unsaid: not compared */
	passes(PING "* > icmp echo_reply id 7 seq 1 [raw (36)]");
	passes(PING "+0~+1 > [noecn, ttl 64] icmp echo_reply");
	passes("--ip_version=ipv6\n" PING "+0 > icmp echo_reply id 7 seq 1 [raw (36)]");
}

static void both_packets_are_shown_when_they_differ(void **state)
{
	fails(PING "+0 > icmp echo_reply id 7 seq 1 [raw (37)]",
	      "t.pkt:2: ICMP payload length: expected 29, got 28\n"
	      "script packet: 0.000000 icmp echo_reply id 7 seq 1 [raw (37)]\n"
	      "actual packet: 0.000000 icmp echo_reply id 7 seq 1 [raw (36)]\n"
	      "                                                        ^^^^^");
	fails(PING "+0 > icmp echo_reply id 8 seq 1 [raw (36)]", "id: expected 8, got 7");
	fails(PING "+0 > icmp echo_reply id 7 seq 2 [raw (36)]", "seq: expected 2, got 1");
	fails(PING "+0 > icmp echo_request", "ICMP type: expected 8, got 0");
	fails(PING "+0 > udp (8)", "of another protocol");
	fails(PING "+0 > [ect0] icmp echo_reply", "ECN field: expected 2, got 0");
	fails(PING "+0 > [ttl 63] icmp echo_reply", "actual packet: 0.000000 [ttl 64] icmp echo_reply");
}

static void time_is_exact_but_for_the_tolerance(void **state)
{
	passes(PING "+0.004 > icmp echo_reply");
	fails(PING "+0.004001 > icmp echo_reply", "timing: expected at 0.004001, sent at 0.000000");
	fails("--tolerance_usecs=0\n" PING "+0.000001 > icmp echo_reply", "timing: expected at 0.000001");
	fails(PING "+1~+2 > icmp echo_reply",
	      "timing: expected from 1.000000 to 2.000000, sent at 0.000000, tolerance 0.004000");
	fails(PING "1 > icmp echo_reply", "timing");
	fails("1 > icmp echo_reply",
	      "timed out waiting for a packet (tolerance 0.004000)\n"
	      "script packet: 1.000000 icmp echo_reply [raw (36)]\nactual packet: none");
	fails("* > icmp echo_reply", "timed out");
}

static void what_was_not_expected_meets_the_next_expectation(void **state)
{
	fails(PING "+.1 < icmp echo_request id 9 seq 1 (8)\n+0 > icmp echo_reply id 9",
	      "id: expected 9, got 7");
}

static void shell_lines_are_answered_by_the_stack(void **state)
{
	passes("`ip addr add 10.9.9.9/24 dev tun0; ip route add unreachable 10.1.0.0/16 && ip link set tun0 "
	       "mtu 1400`\n" PING "+0 `ip route del unreachable 10.1.0.0/16`");
	passes("`sysctl -q net.ipv4.ip_forward=1\n sysctl -w net.ipv6.conf.all.forwarding=0`\n" PING);
	passes("`sysctl -q net.ipv4.ip_forward=0; sysctl -w net.ipv4.ip_default_ttl=7`\n" PING
	       "+0 > [ttl 7] icmp echo_reply");
	fails("0 `sysctl -w net.ipv4.ip_default_ttl=1000`", "t.pkt:1: ");
	fails("0 `ip route del 10.1.0.0/16`", "ip route del 10.1.0.0/16: No such process");
	fails("0 `ip link set eth7 up`", "ip link set eth7 up: No such device");
	fails("`ip addr add 192.168.0.1/16 dev tun0`\n" PING, "File exists");
}

/* What scripts of the original begin with: a file of settings, of which only the last must be known. */
static void files_of_shell_lines_are_answered_too(void **state)
{
	char line[512];
	char name[] = "/tmp/leat-drill-XXXXXX.sh";
	int fd = mkstemps(name, 3);
	static const char text[] =
		"#!/bin/sh\n# says \"nothing\nsysctl -q net.ipv4.tcp_nonsense=1 net.ipv4.ip_default_ttl=7\n"
		"ip tcp_metrics flush all > /dev/null 2>&1\n\ntc qdisc add dev tun0 root pfifo\n";
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(line, sizeof line, "`%s`\n" PING "+0 > [ttl 7] icmp echo_reply", name);
	passes(line);
	snprintf(line, sizeof line,
		 "`%s\nset_sysctls.py /proc/sys/net/ipv4/ip_default_ttl=$((3*3))`\n" PING
		 "+0 > [ttl 9] icmp echo_reply\n+0 `/tmp/sysctl_restore_${PPID}.sh`",
		 name);
	skips(line, "t.pkt:1: a shell line that is not known here: set_sysctls.py");
	snprintf(line, sizeof line,
		 "`%s\n./set_sysctls.py /proc/sys/net/ipv4/ip_default_ttl=$((3*3))`\n" PING
		 "+0 > [ttl 9] icmp echo_reply\n+0 `/tmp/sysctl_restore_${PPID}.sh`",
		 name);
	passes(line);
	unlink(name);
}

#define UPS " up up up up up up up up"
static void what_cannot_be_run_is_skipped_by_name(void **state)
{
	skips("`../common/defaults.sh`\n" PING,
	      "t.pkt:1: a shell line that is not known here: ../common/defaults.sh");
	skips(PING "+0 `sysctl -q net.ipv4.tcp_nonsense=0`", "t.pkt:2: a shell line");
	skips(PING "+0 `sysctl net.ipv4.ip_forward`", "t.pkt:2: a shell line");
	skips(PING "+0 %{ assert tcpi_rcv_ooopack == 10 }%", "t.pkt:2: code about tcp_info");
	skips("0 dance(3) = 0", "t.pkt:1: dance(): a call that is not known here");
	skips("0 `ip link set tun0" UPS UPS UPS UPS UPS UPS "`\n" PING, "t.pkt:1: a shell line");
	skips("0 `ip link set tun0 up | cat`\n" PING, "t.pkt:1: a shell line");
	skips("0 `ip link set tun0 up > /tmp/x`\n" PING, "t.pkt:1: a shell line");
	skips("0 `ip link set ${HOME} up`\n" PING, "t.pkt:1: a shell line");
}

static void code_runs_at_the_end_and_keeps_its_variables(void **state)
{
	passes("0 %{ x = 4 }%\n" PING "+0 > icmp echo_reply\n+0 %{ assert x == 4 }%");
	passes("0 %{\n  x = 4\n  if x == 4:\n    y = 5\n}%\n" PING "+0 %{ assert y == 5, 'y' }%");
	fails(PING "+0 %{ x = 4 }%\n+0 %{\n\nassert x == 5, 'x is %d' % x\n}%",
	      "t.pkt:5: code: AssertionError: x is 4");
	fails(PING "+0 %{ assert }%", "t.pkt:2: code: SyntaxError");
	fails(PING "+0 %{ import os; os._exit(3) }%", "t.pkt:2: code: it ended with an error");
}

static void what_may_fail_is_told_and_let_pass(void **state)
{
	passes("--non_fatal=packet\n" PING "+0 > icmp echo_reply id 8");
	fails("--non_fatal=syscall\n" PING "+0 > icmp echo_reply id 8", "id: expected 8, got 7");
	passes("--non_fatal=packet,syscall\n0 close(3) = 0\n" PING "+0 > icmp echo_reply id 8");
	fails("--non_fatal=packet\n0 close(3) = 0", "close");
}

static void tolerance_may_be_a_part_of_the_time_waited(void **state)
{
	fails(PING "+1 > icmp echo_reply", "tolerance 0.004000");
	fails("--tolerance_percent=50\n" PING "+1 > icmp echo_reply", "tolerance 0.500000");
	passes("--tolerance_percent=100\n" PING "+1 > icmp echo_reply");
}

#define BOUND "0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 bind(3, ..., ...) = 0\n"

static void epoll_tells_what_descriptors_are_ready_for(void **state)
{
#define EPOLL(how) \
	BOUND "+0 epoll_create(1) = 4\n+0 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=" how ", fd=3}) = 0\n"
	passes(EPOLL(
		"EPOLLIN") "+0 epoll_wait(4, ..., 1, 0) = 0\n+.1 < udp (5)\n"
			   "+0 epoll_wait(4, {events=EPOLLIN, fd=3}, 1, 0) = 1\n"
			   "+0 epoll_wait(4, [{events=EPOLLIN, fd=3}], 5, 0) = 1\n"
			   "+0 read(3, ..., 9) = 5\n+0 epoll_wait(4, ..., 1, 0) = 0\n"
			   "+0...0.25 epoll_wait(4, {events=EPOLLIN, fd=3}, 1, 1000) = 1\n.35 < udp (1)\n"
			   "+0 close(3) = 0\n+0 epoll_wait(4, ..., 1, 0) = 0");
	passes(EPOLL(
		"EPOLLIN|EPOLLET") "+.1 < udp (5)\n+0 epoll_wait(4, {events=EPOLLIN, fd=3}, 1, 0) = 1\n"
				   "+0 epoll_wait(4, ..., 1, 0) = 0\n+0 read(3, ..., 9) = 5\n+0 < udp (6)\n"
				   "+0 epoll_wait(4, {events=EPOLLIN, fd=3}, 1, 0) = 1");
	passes(EPOLL(
		"EPOLLOUT|EPOLLONESHOT") "+0 epoll_wait(4, {events=EPOLLOUT, fd=3}, 1, 0) = 1\n"
					 "+0...0.1 epoll_wait(4, ..., 1, 100) = 0\n"
					 "+0 epoll_ctl(4, EPOLL_CTL_MOD, 3, {events=EPOLLOUT, u32=9}) = 0\n"
					 "+0 epoll_wait(4, {events=EPOLLOUT, u32=9}, 1, 0) = 1\n"
					 "+0 epoll_ctl(4, EPOLL_CTL_DEL, 3, ...) = 0\n"
					 "+0 epoll_ctl(4, EPOLL_CTL_DEL, 3, ...) = -1 ENOENT (x)");
	fails(EPOLL("EPOLLOUT") "+0 epoll_wait(4, {events=EPOLLIN, fd=3}, 1, 0) = 1", "expected events 0x1");
	fails(EPOLL("EPOLLOUT") "+0 epoll_wait(4, {events=EPOLLOUT, fd=5}, 1, 0) = 1", "expected data 5");
	passes(EPOLL(
		"EPOLLIN") "+0 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, fd=3}) = -1 EEXIST (x)\n"
			   "+0 epoll_ctl(4, EPOLL_CTL_ADD, 9, {events=EPOLLIN, fd=9}) = -1 EBADF (x)\n"
			   "+0 epoll_wait(3, ..., 1, 0) = -1 EINVAL (x)\n+0 recv(4, ..., 1, 0) = -1 ENOTSOCK "
			   "(x)\n"
			   "+0 epoll_create(0) = -1 EINVAL (x)\n+0 epoll_wait(4, ..., 0, 0) = -1 EINVAL (x)");
}

static void vectors_of_buffers_are_one_datagram(void **state)
{
	passes(BOUND
	       "+0 connect(3, ..., ...) = 0\n+0 writev(3, [{..., 5}, {..., 7}], 2) = 12\n+0 > udp (12)\n"
	       "+0 < udp (9)\n+0 readv(3, [{..., 4}, {..., 7}], 2) = 9\n"
	       "+0 ioctl(3, SIOCOUTQ, [0]) = 0\n+0 ioctl(3, FIONBIO, [1]) = 0\n+0 read(3, ..., 1) = -1 "
	       "EAGAIN (x)");
}

static void a_script_cannot_take_for_ever(void **state)
{
	play_text(PING "+9000000000 < udp (1)");
	fails("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n0...9000000000 read(3, ..., 1) = 1", "read");
}

#define UDP "0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 connect(3, ..., ...) = 0\n"

/* Not said to take time, it may; what follows counts from its return. */
static void a_call_may_take_time_unsaid(void **state)
{
	passes(UDP "+0 poll([{fd=3, events=POLLIN, revents=0}], 1, 250) = 0\n"
		   "+0 write(3, ..., 4) = 4\n.25 > udp (4)");
	fails(UDP "+0 read(3, ..., 4) = 4", "read() does not return");
}

static void ports_and_lengths_are_the_scripts_own(void **state)
{
	passes("0 < udp 2000 > 4000 (20)\n+0 > icmp unreachable port_unreachable [raw (56)]");
	fails("0 < udp 2000 > 4000 (20)\n+0 > icmp unreachable port_unreachable [udp (20)]",
	      "expected 28, got 48");
	passes("0 socket(..., SOCK_DGRAM, IPPROTO_ICMP) = 3\n"
	       "+0 sendto(3, ..., 64, 0, ..., ...) = 64\n+0 > icmp echo_request [raw (64)]");
}

static void an_error_is_read_in_two_dialects(void **state)
{
#define ERROR                                                                                       \
	"+0 setsockopt(3, SOL_IP, IP_RECVERR, [1], 4) = 0\n+0 write(3, ..., 9) = 9\n+0 > udp (9)\n" \
	"+0 < icmp unreachable port_unreachable [udp (9)]\n"
#define IS "{cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=ECONNREFUSED, ee_type="
	passes(UDP ERROR "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=MSG_ERRQUEUE, "
			 "msg_control=[" IS "3}}]}, MSG_ERRQUEUE) = 0");
	passes(UDP ERROR "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{iov_base=..., iov_len=9}], "
			 "msg_control(48)=[" IS
			 "ICMP_UNREACH}}], msg_flags=MSG_ERRQUEUE}, MSG_ERRQUEUE) = 0");
	fails(UDP ERROR "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{iov_base=..., iov_len=9}], "
			"msg_control(48)=[" IS "4}}], msg_flags=MSG_ERRQUEUE}, MSG_ERRQUEUE) = 0",
	      "ee_type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_as_expected_passes),
		cmocka_unit_test(both_packets_are_shown_when_they_differ),
		cmocka_unit_test(time_is_exact_but_for_the_tolerance),
		cmocka_unit_test(what_was_not_expected_meets_the_next_expectation),
		cmocka_unit_test(shell_lines_are_answered_by_the_stack),
		cmocka_unit_test(files_of_shell_lines_are_answered_too),
		cmocka_unit_test(what_cannot_be_run_is_skipped_by_name),
		cmocka_unit_test(code_runs_at_the_end_and_keeps_its_variables),
		cmocka_unit_test(what_may_fail_is_told_and_let_pass),
		cmocka_unit_test(tolerance_may_be_a_part_of_the_time_waited),
		cmocka_unit_test(epoll_tells_what_descriptors_are_ready_for),
		cmocka_unit_test(vectors_of_buffers_are_one_datagram),
		cmocka_unit_test(a_script_cannot_take_for_ever),
		cmocka_unit_test(a_call_may_take_time_unsaid),
		cmocka_unit_test(ports_and_lengths_are_the_scripts_own),
		cmocka_unit_test(an_error_is_read_in_two_dialects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
