# SPDX-License-Identifier: BSD-2-Clause
"""tagger.py IFNAME PROTO:ID...: from now on IFNAME speaks in nested VLANs, the outermost first (802.1ad:100 802.1Q:200), for kernels that
have no VLAN devices. Two eBPF programs on it (tcx, Linux 6.6) push all tags onto what leaves, and pop them from what comes; what has
not just these tags is dropped. They stay until the interface goes."""
import ctypes, ctypes.util, socket, struct, sys

SCHED_CLS, TCX_INGRESS, TCX_EGRESS = 3, 46, 47
TCX_PASS, TCX_DROP = 0, 2
VLAN_PUSH, VLAN_POP = 18, 19  # helpers
PROTOCOL, VLAN_PRESENT, VLAN_TCI, VLAN_PROTO = 16, 20, 24, 28  # in struct __sk_buff
ETHERTYPE = {"802.1Q": 0x8100, "802.1ad": 0x88A8}


def insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", code, src << 4 | dst, off, imm)


def mov_reg(dst, src):
    return insn(0xBF, dst, src)


def mov(dst, imm):
    return insn(0xB7, dst, 0, 0, imm)


def call(helper):
    return insn(0x85, 0, 0, 0, helper)


def load(dst, field):
    """Of the frame in r6."""
    return insn(0x61, dst, 6, field)


class Program:
    """Straight on, with ways out to a drop at the end."""

    def __init__(self):
        self.insns, self.outs = [mov_reg(6, 1)], []

    def add(self, *insns):
        self.insns += insns

    def drop_unless_equal(self, reg, imm):
        self.outs.append((len(self.insns), reg, imm))
        self.insns.append(None)

    def bytes(self):
        end = self.insns + [mov(0, TCX_PASS), insn(0x95), mov(0, TCX_DROP), insn(0x95)]
        for at, reg, imm in self.outs:
            end[at] = insn(0x55, reg, 0, len(end) - 2 - at - 1, imm)
        return b"".join(end)


def push(tags):
    p = Program()
    for proto, vid in reversed(tags):
        p.add(mov_reg(1, 6), mov(2, socket.htons(proto)), mov(3, vid), call(VLAN_PUSH))
        p.drop_unless_equal(0, 0)
    return p.bytes()


def pop(tags):
    p = Program()
    for proto, vid in tags:
        p.add(load(1, VLAN_PRESENT))
        p.drop_unless_equal(1, 1)
        p.add(load(1, VLAN_PROTO))
        p.drop_unless_equal(1, socket.htons(proto))
        p.add(load(1, VLAN_TCI), insn(0x57, 1, 0, 0, 0xFFF))
        p.drop_unless_equal(1, vid)
        p.add(mov_reg(1, 6), call(VLAN_POP))
        p.drop_unless_equal(0, 0)
    p.add(load(1, VLAN_PRESENT))
    p.drop_unless_equal(1, 0)
    return p.bytes()


def attach(bpf, name, program, ifindex, where):
    fd = bpf.bpf_prog_load(SCHED_CLS, name, b"BSD", program, len(program) // 8, None)
    if fd < 0:
        sys.exit(f"tagger: the kernel refuses {name.decode()}: {ctypes.get_errno()}")
    if bpf.bpf_prog_attach(fd, ifindex, where, 0) < 0:
        sys.exit(f"tagger: no tcx on the interface (Linux 6.6 has it): {ctypes.get_errno()}")


def main(ifname, *words):
    tags = [(ETHERTYPE[w.split(":")[0]], int(w.split(":")[1])) for w in words]
    bpf = ctypes.CDLL(ctypes.util.find_library("bpf") or "libbpf.so.1", use_errno=True)
    ifindex = socket.if_nametoindex(ifname)
    attach(bpf, b"push", push(tags), ifindex, TCX_EGRESS)
    attach(bpf, b"pop", pop(tags), ifindex, TCX_INGRESS)


main(*sys.argv[1:])
