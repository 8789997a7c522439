/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap's own validator is made for the output of its own compiler: it lets pass jumps backwards, on which bpf_filter()
 * never returns, and codes on which it aborts. Programs here come from whoever asks for a trace, so they are held against
 * the rules that Linux has for SO_ATTACH_FILTER: known codes only, jumps forward and inside, no scratch cell read that no way
 * there has written, a return at the end. */
#include "graph/filter.h"

#include <assert.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <string.h>

/* What to look at in the rest of an instruction. */
enum check { UNKNOWN, FINE, SHIFT, DIVISOR, LOAD_CELL, STORE_CELL, JUMP, BRANCH, RETURN };

static const uint8_t codes[256] = {
	[BPF_RET | BPF_K] = RETURN,
	[BPF_RET | BPF_A] = RETURN,
	[BPF_LD | BPF_W | BPF_ABS] = FINE,
	[BPF_LD | BPF_H | BPF_ABS] = FINE,
	[BPF_LD | BPF_B | BPF_ABS] = FINE,
	[BPF_LD | BPF_W | BPF_IND] = FINE,
	[BPF_LD | BPF_H | BPF_IND] = FINE,
	[BPF_LD | BPF_B | BPF_IND] = FINE,
	[BPF_LD | BPF_W | BPF_LEN] = FINE,
	[BPF_LD | BPF_IMM] = FINE,
	[BPF_LD | BPF_MEM] = LOAD_CELL,
	[BPF_LDX | BPF_W | BPF_LEN] = FINE,
	[BPF_LDX | BPF_B | BPF_MSH] = FINE,
	[BPF_LDX | BPF_IMM] = FINE,
	[BPF_LDX | BPF_MEM] = LOAD_CELL,
	[BPF_ST] = STORE_CELL,
	[BPF_STX] = STORE_CELL,
	[BPF_ALU | BPF_ADD | BPF_K] = FINE,
	[BPF_ALU | BPF_ADD | BPF_X] = FINE,
	[BPF_ALU | BPF_SUB | BPF_K] = FINE,
	[BPF_ALU | BPF_SUB | BPF_X] = FINE,
	[BPF_ALU | BPF_MUL | BPF_K] = FINE,
	[BPF_ALU | BPF_MUL | BPF_X] = FINE,
	[BPF_ALU | BPF_DIV | BPF_K] = DIVISOR,
	[BPF_ALU | BPF_DIV | BPF_X] = FINE, /* by zero: the packet does not match */
	[BPF_ALU | BPF_MOD | BPF_K] = DIVISOR,
	[BPF_ALU | BPF_MOD | BPF_X] = FINE,
	[BPF_ALU | BPF_AND | BPF_K] = FINE,
	[BPF_ALU | BPF_AND | BPF_X] = FINE,
	[BPF_ALU | BPF_OR | BPF_K] = FINE,
	[BPF_ALU | BPF_OR | BPF_X] = FINE,
	[BPF_ALU | BPF_XOR | BPF_K] = FINE,
	[BPF_ALU | BPF_XOR | BPF_X] = FINE,
	[BPF_ALU | BPF_LSH | BPF_K] = SHIFT,
	[BPF_ALU | BPF_LSH | BPF_X] = FINE, /* by 32 or more: zero */
	[BPF_ALU | BPF_RSH | BPF_K] = SHIFT,
	[BPF_ALU | BPF_RSH | BPF_X] = FINE,
	[BPF_ALU | BPF_NEG] = FINE,
	[BPF_MISC | BPF_TAX] = FINE,
	[BPF_MISC | BPF_TXA] = FINE,
	[BPF_JMP | BPF_JA] = JUMP,
	[BPF_JMP | BPF_JEQ | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JEQ | BPF_X] = BRANCH,
	[BPF_JMP | BPF_JGT | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JGT | BPF_X] = BRANCH,
	[BPF_JMP | BPF_JGE | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JGE | BPF_X] = BRANCH,
	[BPF_JMP | BPF_JSET | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JSET | BPF_X] = BRANCH,
};

static enum check check_of(const struct bpf_insn *in)
{
	return in->code < sizeof codes ? codes[in->code] : UNKNOWN;
}

/* Instruction i by itself; `behind` are those that follow it. */
static bool insn_ok(const struct bpf_insn *in, unsigned behind)
{
	switch (check_of(in)) {
	case UNKNOWN:
		return false;
	case SHIFT:
		return in->k < 32;
	case DIVISOR:
		return in->k != 0;
	case LOAD_CELL:
	case STORE_CELL:
		return in->k < BPF_MEMWORDS;
	case JUMP:
		return in->k < behind;
	case BRANCH:
		return in->jt < behind && in->jf < behind;
	case FINE:
	case RETURN:
		break;
	}
	return true;
}

/* Is every scratch cell written before it is read, whichever way leads there? All jumps go forward, so one pass does. */
static bool cells_ok(const struct bpf_insn *prog, unsigned n)
{
	uint16_t written[FILTER_INSNS_MAX], now = 0; /* a bit per cell: on every way to that instruction */
	static_assert(BPF_MEMWORDS <= 16, "bits of now");
	memset(written, 0xff, n * sizeof written[0]);
	for (unsigned i = 0; i < n; i++) {
		const struct bpf_insn *in = &prog[i];
		enum check c = check_of(in);
		now &= written[i];
		if (c == LOAD_CELL && !(now >> in->k & 1))
			return false;
		if (c == STORE_CELL)
			now |= (uint16_t)(1u << in->k);
		if (c == JUMP)
			written[i + 1 + in->k] &= now;
		if (c == BRANCH) {
			written[i + 1 + in->jt] &= now;
			written[i + 1 + in->jf] &= now;
		}
		if (c == JUMP || c == BRANCH || c == RETURN)
			now = UINT16_MAX; /* nothing falls through to the next */
	}
	return true;
}

bool filter_ok(const struct bpf_insn *prog, unsigned n)
{
	if (n == 0 || n > FILTER_INSNS_MAX || check_of(&prog[n - 1]) != RETURN)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!insn_ok(&prog[i], n - 1 - i))
			return false;
	return cells_ok(prog, n);
}
