/* SPDX-License-Identifier: BSD-2-Clause */
#include "filter.c"

#include "base/test.h"

#define OK(...)  check(true, (struct bpf_insn[]){ __VA_ARGS__ }, sizeof((struct bpf_insn[]){ __VA_ARGS__ }))
#define BAD(...) check(false, (struct bpf_insn[]){ __VA_ARGS__ }, sizeof((struct bpf_insn[]){ __VA_ARGS__ }))
#define RET      BPF_STMT(BPF_RET | BPF_K, 1)

static void check(bool want, const struct bpf_insn *prog, size_t len)
{
	assert_int_equal(filter_ok(prog, (unsigned)(len / sizeof *prog)), want);
}

static void what_the_compiler_makes_is_fine(void **state)
{
	static const char *const texts[] = {
		"",
		"tcp port 80 and not host 10.0.0.1",
		"ip6 and icmp6",
		"ip[6:2] & 0x1fff != 0 or ip[2:2] - (ip[0] & 15) * 4 > 100",
		"vlan 5 and arp",
		"ether[0] & 1 = 1 and len / 3 % 2 = 1",
		"tcp[tcpflags] & (tcp-syn | tcp-fin) != 0 and greater 80",
		"ip6 protochain 6 or ip protochain 17",
	};
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	unsigned fine = 0;
	for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct bpf_program prog;
		assert_int_equal(pcap_compile(p, &prog, texts[i], 1, PCAP_NETMASK_UNKNOWN), 0);
		fine += filter_ok(prog.bf_insns, prog.bf_len);
		pcap_freecode(&prog);
	}
	assert_int_equal(fine, sizeof texts / sizeof texts[0] - 1); /* protochain is a loop */
	pcap_close(p);
}

static void programs_end(void **state)
{
	struct bpf_insn none = { 0 };
	assert_false(filter_ok(&none, 0));
	OK(RET);
	BAD(BPF_STMT(BPF_LD | BPF_IMM, 0));
	OK(BPF_STMT(BPF_JMP | BPF_JA, 0), RET);
	BAD(BPF_STMT(BPF_JMP | BPF_JA, 1), RET);
	BAD(BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)-1), RET);
	OK(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RET, RET);
	BAD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), RET, RET);
	BAD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0), RET, RET);
}

static void unknown_codes_are_refused(void **state)
{
	BAD(BPF_STMT(0xffff, 0), RET);
	BAD(BPF_STMT(BPF_LD | BPF_B | BPF_LEN, 0), RET);
	BAD(BPF_STMT(BPF_MISC | 0x20, 0), RET); /* some BSDs' coprocessor */
	BAD(BPF_STMT(BPF_ALU | 0xb0, 0), RET);
	BAD(BPF_STMT(BPF_RET | BPF_X, 0), RET);
}

static void operands_are_bounded(void **state)
{
	OK(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31), RET);
	BAD(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RET);
	BAD(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET);
	BAD(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), RET);
	OK(BPF_STMT(BPF_ST, BPF_MEMWORDS - 1), RET);
	BAD(BPF_STMT(BPF_ST, BPF_MEMWORDS), RET);
	BAD(BPF_STMT(BPF_STX, (uint32_t)-1), RET);
}

static void cells_are_written_before_they_are_read(void **state)
{
	BAD(BPF_STMT(BPF_LD | BPF_MEM, 0), RET);
	OK(BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), RET);
	BAD(BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LDX | BPF_MEM, 1), RET);
	/* one of two ways does not write */
	BAD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3),
	    RET);
	OK(BPF_STMT(BPF_ST, 3), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 4),
	   BPF_STMT(BPF_LD | BPF_MEM, 3), RET);
	/* the way that does not write returns */
	OK(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RET, BPF_STMT(BPF_ST, 3),
	   BPF_STMT(BPF_LD | BPF_MEM, 3), RET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_compiler_makes_is_fine),
		cmocka_unit_test(programs_end),
		cmocka_unit_test(unknown_codes_are_refused),
		cmocka_unit_test(operands_are_bounded),
		cmocka_unit_test(cells_are_written_before_they_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
