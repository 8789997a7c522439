# SPDX-License-Identifier: BSD-2-Clause
"""ARP (RFC 826, 5227; RFC 1122, 2.3.2): requests in every shape, what unasked words do to an entry, resolution for what waits. What a dut
believes is seen by the link-layer address its echo replies go to."""
import socket
import struct

from case import family
from craft import ICMP, IP, Raw, eth, payload
import lab as L

OURS = ["address add 10.9.0.1/16 brd + dev a", "address add 10.10.0.1/16 brd + dev b", "route add 10.11.0.0/16 via 10.1.0.2 dev a",
        "address add 127.9.9.9/32 dev a", "route add blackhole 10.12.0.0/16"]
EVERYBODY = "ff:ff:ff:ff:ff:ff"
ONE, TWO = "02:00:00:00:09:01", "02:00:00:00:09:02"


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp(op, sha, spa, tha, tpa, htype=1, ptype=0x800, hlen=6, plen=4):
    return (struct.pack("!HHBBH", htype, ptype, hlen, plen, op) + mac_bytes(sha) + socket.inet_aton(spa) + mac_bytes(tha) + socket.inet_aton(tpa))


def frame(body, dst=EVERYBODY, src=ONE, link="a"):
    return link, mac_bytes(dst) + mac_bytes(src) + b"\x08\x06" + body


def near(h, n=0):
    """A host on link a whom the dut has never met."""
    return f"10.9.{h.n >> 8}.{h.n & 255}" if not n else f"10.9.{128 + (h.n >> 8)}.{h.n & 255}"


ZERO = "00:00:00:00:00:00"


def ping(h, mac=ONE, src=None, dst="10.9.0.1"):
    return eth("a", IP(src=src or near(h), dst=dst, id=h.ident) / ICMP(id=7) / Raw(b"who"), src=mac)


def request(h, mac=ONE, tpa="10.9.0.1", **kw):
    return frame(arp(1, mac, near(h), ZERO, tpa), src=mac, **kw)


def reply(h, mac=ONE, dst=L.DUT_MAC["a"], tpa="10.9.0.1"):
    return frame(arp(2, mac, near(h), L.DUT_MAC["a"], tpa), dst=dst, src=mac)


SAID = {  # by a link-layer address
    "request": lambda h, m: request(h, m), "request-for-another": lambda h, m: request(h, m, tpa="10.9.200.1"),
    "reply": lambda h, m: reply(h, m), "reply-for-another": lambda h, m: reply(h, m, tpa="10.9.200.1"),
    "reply-to-everybody": lambda h, m: reply(h, m, dst=EVERYBODY),
    "announce": lambda h, m: frame(arp(1, m, near(h), ZERO, near(h)), src=m),
    "announce-by-reply": lambda h, m: frame(arp(2, m, near(h), m, near(h)), src=m),
    "announce-by-reply-unicast": lambda h, m: frame(arp(2, m, near(h), m, near(h)), src=m, dst=L.DUT_MAC["a"]),
    "request-unicast": lambda h, m: request(h, m, dst=L.DUT_MAC["a"]),
    "reply-from-b": lambda h, m: frame(arp(2, m, near(h), L.DUT_MAC["b"], "10.10.0.1"), src=m, dst=L.DUT_MAC["b"], link="b"),
}


# Linux believes nothing new within a second of the last; RFC 826 knows no such lock.
@family("arp", ip=OURS, sysctls=(("net.ipv4.neigh.a.locktime", 0),), quiet_s=0.003)
def cases(c):
    targets = {"own": "10.9.0.1", "own-other": "10.1.0.1", "own-of-b": "10.10.0.1", "own-of-b-first": "10.2.0.1", "loopback": "127.0.0.1",
               "loopback-added": "127.9.9.9", "somebody": "10.9.200.200", "somebody-permanent": "10.1.0.3", "behind-a": "10.11.0.1",
               "behind-b": "198.19.0.1", "no-route": "192.0.2.1", "blackhole": "10.12.0.1", "broadcast": "10.9.255.255", "all": "255.255.255.255",
               "group": "224.0.0.1", "zero": "0.0.0.0"}
    for name, tpa in targets.items():
        for dst in (EVERYBODY, L.DUT_MAC["a"], "01:00:5e:00:00:01", "02:00:00:00:0a:77"):
            c.add(f"request-{name}-to-{dst}", lambda h, t=tpa, d=dst: [request(h, tpa=t, dst=d)])
        c.add(f"probe-{name}", lambda h, t=tpa: [frame(arp(1, ONE, "0.0.0.0", ZERO, t))])
        c.add(f"announce-{name}", lambda h, t=tpa: [frame(arp(1, ONE, t, ZERO, t))])
        c.add(f"announce-by-reply-{name}", lambda h, t=tpa: [frame(arp(2, ONE, t, ZERO, t))])
        c.add(f"request-at-b-{name}", lambda h, t=tpa: [frame(arp(1, ONE, "10.10.7.7", ZERO, t), link="b")])
        c.add(f"request-from-other-net-{name}", lambda h, t=tpa: [frame(arp(1, ONE, f"172.20.{h.n >> 8}.{h.n & 255}", ZERO, t))])
        c.add(f"request-from-far-{name}", lambda h, t=tpa: [frame(arp(1, ONE, h.far4("b"), ZERO, t))])
        c.add(f"request-by-{name}", lambda h, s=tpa: [frame(arp(1, ONE, s, ZERO, "10.9.0.1"))])
    for op in (0, 1, 2, 3, 4, 8, 9, 10, 25, 256, 0x0100, 0xFFFF):
        c.add(f"operation-{op:#x}", lambda h, o=op: [frame(arp(o, ONE, near(h), ZERO, "10.9.0.1"))]) if op != 256 else None
    for name, kw in {"htype-0": {"htype": 0}, "htype-6": {"htype": 6}, "htype-24": {"htype": 24}, "htype-256": {"htype": 256}, "ptype-86dd": {"ptype": 0x86DD},
                     "ptype-0": {"ptype": 0}, "ptype-806": {"ptype": 0x806}, "hlen-0": {"hlen": 0}, "hlen-5": {"hlen": 5}, "hlen-8": {"hlen": 8},
                     "hlen-255": {"hlen": 255}, "plen-0": {"plen": 0}, "plen-3": {"plen": 3}, "plen-6": {"plen": 6}, "plen-16": {"plen": 16}}.items():
        c.add(f"wrong-{name}", lambda h, k=kw: [frame(arp(1, ONE, near(h), ZERO, "10.9.0.1", **k))])
    for cut in (0, 1, 7, 8, 14, 18, 24, 27):
        c.add(f"cut-{cut}", lambda h, n=cut: [(link, f[:14 + n]) for link, f in [request(h)]])
    for grow in (1, 18, 100, 1400):
        c.add(f"trailer-{grow}", lambda h, n=grow: [(link, f + b"\xAA" * n) for link, f in [request(h)]])
    for sha in (ZERO, EVERYBODY, "01:00:5e:00:00:01", "33:33:00:00:00:01", L.DUT_MAC["a"], L.DUT_MAC["b"], TWO):
        for src in (ONE, sha) if sha != TWO else (ONE,):
            c.add(f"sender-{sha}-in-frame-from-{src}", lambda h, s=sha, x=src: [frame(arp(1, s, near(h), ZERO, "10.9.0.1"), src=x), "sync", ping(h)])
    for tha in (EVERYBODY, L.DUT_MAC["a"], TWO):
        c.add(f"target-hardware-{tha}", lambda h, t=tha: [frame(arp(1, ONE, near(h), t, "10.9.0.1"))])
    # What is believed, after what was believed before.
    for name, make in SAID.items():
        c.add(f"nothing-known-then-{name}", lambda h, f=make: [f(h, ONE), "sync", ping(h)])
        c.add(f"known-then-{name}-from-another", lambda h, f=make: [request(h, ONE), "sync", f(h, TWO), "sync", ping(h)])
        c.add(f"asked-then-{name}", lambda h, f=make: [ping(h), "sync", f(h, TWO), "sync", ping(h)])
        c.add(f"asked-then-{name}-then-another", lambda h, f=make: [ping(h), "sync", f(h, TWO), "sync", f(h, ONE), "sync", ping(h)])
        c.add(f"in-use-then-{name}-from-another", lambda h, f=make: [request(h, ONE), "sync", ping(h), "sync", f(h, TWO), "sync", ping(h)])
    for bad in (ZERO, EVERYBODY, "01:00:5e:01:01:01", L.DUT_MAC["a"]):
        c.add(f"asked-then-reply-with-{bad}", lambda h, m=bad: [ping(h), "sync", frame(arp(2, m, near(h), L.DUT_MAC["a"], "10.9.0.1"), dst=L.DUT_MAC["a"]),
                                                               "sync", ping(h)])
    for count in (2, 5, 20):
        c.add(f"{count}-wait", lambda h, n=count: [eth("a", IP(src=near(h), dst="10.9.0.1", id=i + 1) / ICMP(id=7, seq=i), src=ONE) for i in range(n)]
              + ["sync", reply(h)])
    c.add("large-waits", lambda h: [eth("a", IP(src=near(h), dst="10.9.0.1", id=5) / ICMP(id=7) / Raw(payload(1472)), src=ONE), "sync", reply(h)])
    c.add("nobody-answers", lambda h: [ping(h), 3.6])
    c.add("nobody-answers-through", lambda h: [eth("b", IP(src=h.far4("b"), dst=near(h), id=h.ident) / ICMP(id=7) / Raw(b"through")), 3.6])
    c.add("nobody-answers-then-again", lambda h: [ping(h), 3.6, ping(h), 0.1])
    c.add("permanent-stays", lambda h: [frame(arp(2, TWO, "10.1.0.4", L.DUT_MAC["a"], "10.1.0.1"), src=TWO, dst=L.DUT_MAC["a"]), "sync",
                                        ping(h, src="10.1.0.4", dst="10.1.0.1")])


@family("arp-proxy", roles=("router",), ip=OURS, sysctls=(("net.ipv4.conf.a.proxy_arp", 1), ("net.ipv4.neigh.a.proxy_delay", 0)), quiet_s=0.003)
def proxy(c):
    for name, tpa in {"own": "10.9.0.1", "on-link": "10.9.200.200", "behind-a": "10.11.0.1", "behind-b": "198.19.0.1", "on-b": "10.10.5.5", "no-route": "192.0.2.1",
                      "blackhole": "10.12.0.1", "broadcast": "10.10.255.255", "group": "224.0.0.1"}.items():
        c.add(f"request-{name}", lambda h, t=tpa: [request(h, tpa=t)])
        c.add(f"probe-{name}", lambda h, t=tpa: [frame(arp(1, ONE, "0.0.0.0", ZERO, t))])
        c.add(f"announce-{name}", lambda h, t=tpa: [frame(arp(1, ONE, t, ZERO, t))])
        c.add(f"request-unicast-{name}", lambda h, t=tpa: [request(h, tpa=t, dst=L.DUT_MAC["a"])])
        c.add(f"request-at-b-{name}", lambda h, t=tpa: [frame(arp(1, ONE, "10.10.7.7", ZERO, t), link="b")])


NEIGH = "net.ipv4.neigh.a."


@family("arp-slow", ip=OURS, sysctls=((NEIGH + "locktime", 0), (NEIGH + "delay_first_probe_time", 1), (NEIGH + "retrans_time_ms", 300)), quiet_s=0.003, alone=True, slow=True)
def late(c):
    """Entries that are being asked about again (PROBE), or that could not be found (FAILED)."""
    for name, make in SAID.items():
        c.add(f"probed-then-{name}", lambda h, f=make: [request(h, ONE), "sync", ping(h), 1.15, f(h, ONE), "sync", ping(h)])
        c.add(f"probed-then-{name}-from-another", lambda h, f=make: [request(h, ONE), "sync", ping(h), 1.15, f(h, TWO), "sync", ping(h)])
        c.add(f"failed-then-{name}", lambda h, f=make: [ping(h), 1.1, f(h, ONE), "sync", ping(h)])
        c.add(f"probed-in-vain-then-{name}", lambda h, f=make: [request(h, ONE), "sync", ping(h), 2.4, f(h, TWO), "sync", ping(h)])
    c.add("probed", lambda h: [request(h, ONE), "sync", ping(h), 1.15])
    c.add("probed-in-vain", lambda h: [request(h, ONE), "sync", ping(h), 2.4, ping(h)])
    c.add("failed-then-asked-again", lambda h: [ping(h), 1.1, ping(h), 1.1])
