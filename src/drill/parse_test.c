/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/parse.c"

#include "base/test.h"

static char why[256];

static struct script *read_as(const char *text, const char *version)
{
	struct script_option o = { "ip_version", version };
	struct script *s = NULL;
	int err = script_parse("t.pkt", text, strlen(text), &o, 1, &s, why, sizeof why);
	if (err)
		fail_msg("%s", why);
	return s;
}
static struct script *read_one(const char *text)
{
	return read_as(text, "ipv4");
}
static void refuse(const char *text, const char *complaint)
{
	struct script *s = NULL;
	assert_int_equal(script_parse("t.pkt", text, strlen(text), NULL, 0, &s, why, sizeof why), -EINVAL);
	assert_null(s);
	if (!strstr(why, complaint))
		fail_msg("'%s' does not say '%s'", why, complaint);
}

/* A packet reads as itself. */
static void same(const char *packet, const char *version)
{
	char text[256], out[256];
	snprintf(text, sizeof text, "0 < %s", packet);
	struct script *s = read_as(text, version);
	assert_int_equal(s->events->kind, EVENT_PACKET);
	packet_print(&s->events->packet, s->family, out, sizeof out);
	assert_string_equal(out, packet);
	script_free(s);
}

static void packets_print_as_they_were_read(void **state)
{
	same("udp (100)", "ipv4");
	same("[ect0] udp (0)", "ipv4");
	same("[ce, tos 0x1c, ttl 3] udp (7)", "ipv4");
	same("icmp unreachable port_unreachable [udp (8)]", "ipv4");
	same("icmp unreachable port_unreachable [udp (8)]", "ipv6");
	same("icmp unreachable frag_needed mtu 1400 [1:1461(1460)]", "ipv4");
	same("icmp packet_too_big mtu 1280 [udp (2000)]", "ipv6");
	same("icmp echo_request id 7 seq 65535 [raw (64)]", "ipv4");
	same("icmp echo_reply id 0 [raw (8)]", "ipv6");
	same("icmp type_200 code_9 [raw (8)]", "ipv4");
	same("udp 5353 > 53 (7)", "ipv4");
	same("S 0:0(0) win 32792 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>", "ipv4");
	same("S. 0:0(0) ack 1 <...>", "ipv4");
	same(". 1:1(0) ack 1 win 257 <sack 2001:3001 4001:5001,nop,nop>", "ipv4");
	same("FP. 4294967295:0(1) ack 4294967295", "ipv4");
	same("SEW 0:0(0) <mss 1000,FO 3021b9d889017eeb,nop,nop>", "ipv4");
	same("S 0:0(0) <FOEXP 1234123412341234,eol>", "ipv4");
	same("- 1:1(0)", "ipv4");
	same("U. 1:2(1) ack 1 win 5 urg 1", "ipv4");
	same("8080 > 9000 S 0:0(0)", "ipv4");
	same("udp 4000 > 53 (100)", "ipv4");
	same("udplite (100, 8)", "ipv6");
	same("icmp unreachable port_unreachable [udplite (100, 8)]", "ipv4");
	same("icmp router_advertisement mtu 1492 [raw (56)]", "ipv6");
	same("[ect0, flowlabel 0x12345] udp (1)", "ipv6");
	same("icmp address_mask_request id 1 [raw (36)]", "ipv4");
}

static void headers_in_front_print_as_they_were_read(void **state)
{
	same("ipv4 192.0.2.1 > 192.168.0.1: udp (1)", "ipv4");
	same("ipv6 [ttl 5] 2001:db8::1 > 2001:db8::2: icmp echo_request [raw (36)]", "ipv6");
	same("ipv4 1.2.3.4 > 5.6.7.8: gre: udp (1)", "ipv4");
	same("ipv4 1.2.3.4 > 5.6.7.8: gre flags 0x3000, sum 0x0, off 0, key=0x7, seq 1: udp (1)", "ipv4");
	same("ipv4 1.2.3.4 > 5.6.7.8: gre: mpls (label 16, tc 7, ttl 3) (label 1048575, tc 0, [S], ttl 255): "
	     "S 0:0(0)",
	     "ipv4");
	struct script *s = read_one("0 < ipv6 1:: > 2::: gre flags [key present, sequence present], sum 0x0, "
				    "off 0, key = 5, seq 6: (ttl 4) udp 1>2 (3)");
	const struct encap *e = s->events->packet.encap;
	assert_int_equal(s->events->packet.n_encaps, 2);
	assert_int_equal(e[0].dst.b[1], 2);
	assert_int_equal(e[1].flags, GRE_KEY | GRE_SEQ);
	assert_int_equal(e[1].key, 5);
	assert_int_equal(s->events->packet.ttl, 4);
	script_free(s);
	refuse("0 < ipv4 1.2.3 > 5.6.7.8: udp (1)", "an address of that version");
	refuse("0 < gre: gre: gre: gre: gre: udp (1)", "room for 4 headers");
	refuse("0 < gre flags [much]: udp (1)", "no flag of GRE");
	refuse("0 < mpls: udp (1)", "mpls wants labels");
}

static void times_are_microseconds(void **state)
{
	struct script *s = read_one("0 < udp (1)\n"
				    "0.25 < udp (1)\n"
				    "+.1 < udp (1)\n"
				    "+0.1~+1.000002 > udp (1)\n"
				    "2~3 > udp (1)\n"
				    "* > udp (1)\n"
				    "+0...0.2 read(3, ..., 10) = 1\n"
				    "1.1...1.3 close(3) = 0");
	const struct event *e = s->events;
	static const struct {
		enum time_kind kind;
		int64_t at, to, ends;
		bool range;
	} want[] = {
		{ TIME_ABSOLUTE, 0, 0, UNSAID, false },
		{ TIME_ABSOLUTE, 250000, 250000, UNSAID, false },
		{ TIME_RELATIVE, 100000, 100000, UNSAID, false },
		{ TIME_RELATIVE, 100000, 1000002, UNSAID, true },
		{ TIME_ABSOLUTE, 2000000, 3000000, UNSAID, true },
		{ TIME_ANY, 0, 0, UNSAID, false },
		{ TIME_RELATIVE, 0, 0, 200000, false },
		{ TIME_ABSOLUTE, 1100000, 1100000, 1300000, false },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++, e = e->next) {
		assert_non_null(e);
		assert_int_equal(e->time.kind, want[i].kind);
		assert_int_equal(e->time.at_us, want[i].at);
		assert_int_equal(e->time.to_us, want[i].to);
		assert_int_equal(e->time.range, want[i].range);
		assert_int_equal(e->call.ends_us, want[i].ends);
		assert_int_equal(e->line, i + 1);
	}
	assert_null(e);
	script_free(s);
}

static void calls_keep_arguments_results_and_errors(void **state)
{
	struct script *s = read_one("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n"
				    "+0 connect(3, {sa_family = AF_INET, sin_port = htons(8080), sin_addr = "
				    "inet_addr(\"192.0.2.1\")},"
				    " ...) = -1 ECONNREFUSED (Connection refused)\n"
				    "+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
				    "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{\"a\\x00\\\"b\"..., "
				    "10}], msg_flags=0}, 0x10) = 10\n"
				    "+0 poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 1");
	const struct event *e = s->events;
	assert_string_equal(e->call.name, "socket");
	assert_int_equal(e->call.n_args, 3);
	assert_int_equal(e->call.args->kind, EXPR_ANY);
	assert_string_equal(e->call.args->next->text, "SOCK_DGRAM");
	assert_int_equal(e->call.result->num, 3);
	e = e->next;
	const struct expr *sa = e->call.args->next;
	assert_int_equal(sa->kind, EXPR_STRUCT);
	assert_string_equal(sa->first->next->text, "sin_port");
	assert_int_equal(sa->first->next->first->kind, EXPR_CALL);
	assert_int_equal(sa->first->next->first->first->num, 8080);
	assert_int_equal(e->call.result->num, -1);
	assert_string_equal(e->call.err, "ECONNREFUSED");
	e = e->next;
	assert_int_equal(e->call.args->next->next->kind, EXPR_OR);
	e = e->next;
	const struct expr *msg = e->call.args->next;
	assert_string_equal(msg->first->text, "msg_name");
	const struct expr *iov = msg->first->next->first->first;
	assert_int_equal(iov->first->kind, EXPR_STRING_ANY);
	assert_int_equal(iov->first->len, 4);
	assert_memory_equal(iov->first->text, "a\0\"b", 4);
	assert_int_equal(e->call.args->next->next->num, 16);
	e = e->next;
	assert_int_equal(e->call.args->kind, EXPR_LIST);
	script_free(s);
}

static void options_shell_lines_code_and_comments(void **state)
{
	struct script *s = read_one("// a story\n"
				    "--tolerance_usecs=20000\n"
				    "--local_ip=fd::1 // before the version, which counts all the same\n"
				    "--ip_version=ipv6\n"
				    "`sysctl -q net.ipv4.ip_forward=0\n ip link show`\n"
				    "/* more\n */ +0 `ip route add 10.0.0.0/8 dev tun0`\n"
				    "# nothing\n"
				    "+1 %{ assert tcpi_state == 1, 'x' }%\n");
	assert_int_equal(s->tolerance_us, 20000);
	assert_int_equal(s->family, AF_INET6);
	assert_int_equal(s->local.v6.b[1], 0xfd);
	assert_int_equal(s->local.v6.b[2], 0);
	assert_int_equal(s->init_line, 5);
	assert_non_null(strstr(s->init, "ip_forward=0\n ip link"));
	assert_int_equal(s->events->kind, EVENT_SHELL);
	assert_int_equal(s->events->line, 8);
	assert_int_equal(s->events->next->kind, EVENT_CODE);
	assert_string_equal(s->events->next->text, " assert tcpi_state == 1, 'x' ");
	script_free(s);
}

static void mistakes_are_told_with_their_line(void **state)
{
	refuse("", "a script without events");
	refuse("0 < udp (70000)", "t.pkt:1: 70000 is not between 0 and 65535");
	refuse("0 < udp", "'(' is wanted");
	refuse("0 < udp 7", "'(' is wanted");
	refuse("0 < icmp echo_request [raw (7)]", "8 bytes");
	refuse("0 < icmp type_256", "no ICMP type");
	refuse("0 < S 0:5(4)", "5 apart");
	refuse("0 < Q 0:0(0)", "neither a protocol");
	refuse("0 < S 0:0(0) <mss>", "a number is wanted");
	refuse("0 < S 0:0(0) <sack 1:2 1:2 1:2 1:2,TS val 1 ecr 1>", "40 bytes");
	refuse("0 < S 0:0(0) <huh 1>", "'huh' is no TCP option");
	refuse("0 < icmp unreachable teapot", "'teapot' is no code");
	refuse("0 < icmp packet_too_big", "no ICMP type of this version");
	refuse("0 < [ect7] udp (1)", "'ect7' says nothing");
	refuse("\n\n0 socket(1, 2", "t.pkt:3: ',' is wanted");
	refuse("0 socket(1) 3", "'=' is wanted");
	refuse("0 f({a=b) = 0", "',' is wanted");
	refuse("0 f(\"abc) = 0", "a quote has no end");
	refuse("0 f() = -1 EINVAL (abc", "a note has no end");
	refuse("/* abc", "a comment has no end");
	refuse("0 %{ abc", "code has no end");
	refuse("x < udp (1)", "a time is wanted");
	refuse("+2~+1 < udp (1)", "ends before it begins");
	refuse("+2~1 < udp (1)", "both ends");
	refuse("+2...1 close(3) = 0", "ends before it begins");
	refuse("99999999999999999 < udp (1)", "a time is wanted");
	refuse("--mtu=5\n0 < udp (1)", "an MTU is from 68");
	refuse("--ip_version=ipv5\n0 < udp (1)", "ip_version is");
	refuse("--local_ip=1.2.3\n0 < udp (1)", "no address");
	refuse("0 f([[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]) = 0", "nested too deeply");
}

static void defined_words_stand_for_others(void **state)
{
	static const struct script_option outer[] = { { "ip_version", "ipv4" },
						      { "define", "CODE=port_unreachable" },
						      { "define", "WHO=17" },
						      { "define", "SAY=\"a b\"" } };
	static const char text[] =
		"--define=TWICE=WHO --define=WHO=4\n0 < icmp unreachable CODE [udp (WHO)]\n"
		"+0 f(SAY, TWICE) = WHO";
	struct script *s = NULL;
	if (script_parse("t.pkt", text, strlen(text), outer, ARRAY_SIZE(outer), &s, why, sizeof why))
		fail_msg("%s", why);
	assert_int_equal(s->events->packet.code, 3);
	assert_int_equal(s->events->packet.quote_len, 4); /* the last definition counts */
	const struct call *c = &s->events->next->call;
	assert_string_equal(c->args->text, "a b");
	assert_string_equal(c->args->next->text, "WHO"); /* and is not looked up again */
	assert_int_equal(c->result->num, 4);
	script_free(s);
	refuse("--define=A\n0 < udp (1)", "t.pkt:1: --define: NAME=VALUE is wanted");
	refuse("--define=A=b=c\n0 < udp (1)", "is one word");
	refuse("--define=1=b\n0 < udp (1)", "NAME=VALUE is wanted");
	refuse("--define\n0 < udp (1)", "a value is wanted");
}

static void options_are_taken_or_refused(void **state)
{
	struct script *s =
		read_one("--tolerance_percent=5 --non_fatal=packet,syscall --mss=1000 --strict_segments\n"
			 "--netmask_ip=255.255.255.0 --tcp_ts_tick_usecs=1000\n0 < udp (1)");
	assert_int_equal(s->tolerance_percent, 5);
	assert_true(s->packets_may_fail && s->calls_may_fail && s->strict_segments);
	assert_int_equal(s->mss, 1000);
	assert_int_equal(s->plen, 24);
	assert_int_equal(s->tcp_ts_tick_us, 1000);
	script_free(s);
	refuse("--bogus=1\n0 < udp (1)", "t.pkt:1: --bogus: no such option");
	refuse("--non_fatal=all\n0 < udp (1)", "packet, syscall or both");
	refuse("--netmask_ip=255.0.255.0\n0 < udp (1)", "ones, then zeros");
	refuse("--so_filename=x.so\n0 < udp (1)", "not a shared library");
	refuse("--wire_client\n0 < udp (1)", "not over a wire");
	refuse("--code_command=ruby\n0 < udp (1)", "Python");
}

static void memory_of_a_script_is_bounded(void **state)
{
	size_t len = 4 << 20;
	char *text = malloc(len + 32);
	struct script *s = NULL;
	strcpy(text, "0 f(");
	for (size_t at = 4; at < len; at += 2)
		memcpy(text + at, "1,", 2);
	strcpy(text + len, "1) = 0");
	assert_int_equal(script_parse("t.pkt", text, strlen(text), NULL, 0, &s, why, sizeof why), -EINVAL);
	assert_non_null(strstr(why, "too large"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_print_as_they_were_read),
		cmocka_unit_test(headers_in_front_print_as_they_were_read),
		cmocka_unit_test(times_are_microseconds),
		cmocka_unit_test(calls_keep_arguments_results_and_errors),
		cmocka_unit_test(options_shell_lines_code_and_comments),
		cmocka_unit_test(mistakes_are_told_with_their_line),
		cmocka_unit_test(defined_words_stand_for_others),
		cmocka_unit_test(options_are_taken_or_refused),
		cmocka_unit_test(memory_of_a_script_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
