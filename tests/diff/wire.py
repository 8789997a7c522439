# SPDX-License-Identifier: BSD-2-Clause
"""Frames to the devices under test, and what comes back.

Theory of operation. Each device under test ("dut") has two links, "a" and "b"; we sit on their other ends with one Port each.
exchange() sends the same frames to all duts, then a fence: an ICMP echo to each dut's own address on link a. A dut answers what
came before the fence no later than the fence, but for what it does in vectors or on another thread; so there are two fences
one after the other, and a quiet time behind them. That costs about a millisecond a case. When the answers of two duts differ, the
caller asks again with a longer quiet time, before it believes it.
"""
import ctypes, os, select, socket, struct, time

SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
SO_RCVBUFFORCE, CLONE_NEWNET = 33, 0x40000000
ETH_P_ALL = 3
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6
FENCE_ID = 0xFE2C
FENCE_WAIT_S = 4.0

libc = ctypes.CDLL(None, use_errno=True)


class Silent(Exception):
    """A dut that does not answer the fence."""


def enter_netns(path):
    with open(path, encoding="ascii") as f:
        if libc.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)


class PacketPort:
    """One end of a veth pair, by a packet socket in the namespace this thread is in."""

    def __init__(self, ifname):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.sock.bind((ifname, 0))
        self.sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    def send(self, frame):
        self.sock.send(frame)

    def receive(self):
        """The next frame, or None. The kernel takes the outer tag out of it; it is put back."""
        try:
            data, anc, _, _ = self.sock.recvmsg(65536, 256)
        except BlockingIOError:
            return None
        for level, kind, aux in anc:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", aux[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    return data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return data

    def close(self):
        self.sock.close()


class DgramPort:
    """QEMU's "dgram" network back end over Unix datagram sockets: a message is a frame."""

    def __init__(self, own, peer):
        self.peer = peer
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.sock.bind(own)
        self.sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    def send(self, frame):
        self.sock.sendto(frame, self.peer)

    def receive(self):
        try:
            return self.sock.recv(65536)
        except BlockingIOError:
            return None

    def close(self):
        self.sock.close()


def inet_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def fence_frame(dut_mac, own_mac, src, dst, seq):
    icmp = struct.pack("!BBHHH", 8, 0, 0, FENCE_ID, seq)
    icmp = icmp[:2] + struct.pack("!H", ~inet_sum(icmp) & 0xFFFF) + icmp[4:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0, socket.inet_aton(src), socket.inet_aton(dst))
    ip = ip[:10] + struct.pack("!H", ~inet_sum(ip) & 0xFFFF) + ip[12:]
    return bytes.fromhex(dut_mac.replace(":", "")) + bytes.fromhex(own_mac.replace(":", "")) + b"\x08\0" + ip + icmp


def is_fence(frame):
    """The sequence number when it is a fence's answer, else None."""
    if len(frame) >= 42 and frame[12:15] == b"\x08\0\x45" and frame[23] == 1 and frame[34] == 0 and frame[38:40] == b"\xfe\x2c":
        return frame[40] << 8 | frame[41]
    return None


class Exchange:
    """What one dut said, case by case."""

    def __init__(self, dut, fence):
        self.dut, self.fence = dut, fence  # fence(seq) makes the frame
        self.seq = 0
        self.answered = 0
        self.out = []

    def take(self, react):
        for link, port in self.dut.ports.items():
            while (frame := port.receive()) is not None:
                seq = is_fence(frame)
                if seq is not None:
                    self.answered = seq
                    continue
                self.out.append((link, frame))
                for to, answer in react(link, frame) if react else ():
                    self.send(to, answer)

    def send(self, link, frame):
        if len(frame) > 14 + 4 + self.dut.mtu[link]:
            raise ValueError(f"a frame of {len(frame)} bytes does not fit on link {link}")
        for _ in range(100):
            try:
                return self.dut.ports[link].send(frame)
            except (BlockingIOError, ConnectionRefusedError):
                time.sleep(0.001)
            except OSError as e:
                if e.errno != 105:  # ENOBUFS
                    raise
                time.sleep(0.001)
        raise Silent(f"{self.dut.name}: link {link} takes no frames")

    def send_fence(self):
        self.seq = self.seq % 65535 + 1
        self.send("a", self.fence(self.seq))


def _pump(exchanges, until, react, poll):
    """Receives until the time is up or until() says so."""
    def run(deadline):
        while True:
            for x in exchanges:
                x.take(react)
            left = deadline - time.monotonic()
            if until and until():
                return True
            if left <= 0:
                return False
            poll.poll(max(left * 1000, 0.2))
    return run


def exchange(exchanges, steps, quiet_s, react=None):
    """Plays the steps to all duts alike; each one's frames are then in .out. A step is (link, frame), a time to wait in seconds, or
    "sync", which waits until the duts are done with what came before."""
    poll = select.poll()
    for x in exchanges:
        x.take(None)
        x.out = []
        for port in x.dut.ports.values():
            poll.register(port.fileno(), select.POLLIN)

    def wait(seconds):
        _pump(exchanges, None, react, poll)(time.monotonic() + seconds)

    def settle():
        for _ in range(2):
            for x in exchanges:
                x.send_fence()
            done = _pump(exchanges, lambda: all(x.answered == x.seq for x in exchanges), react, poll)
            if not done(time.monotonic() + FENCE_WAIT_S):
                raise Silent(", ".join(x.dut.name for x in exchanges if x.answered != x.seq))
        wait(quiet_s)

    for step in [*steps, "sync"]:
        if step == "sync":
            settle()
        elif isinstance(step, (int, float)):
            wait(step)
        else:
            for x in exchanges:
                x.send(*step)
