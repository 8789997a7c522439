# SPDX-License-Identifier: BSD-2-Clause
"""What errors and redirects do to a socket's packets (RFC 1191, 8201; RFC 5927; RFC 1122, 3.2.2.2): a program on the dut answers UDP, which is what
both kernels let vouch for a complaint. The answer, the complaint that quotes it, and another answer, whose pieces and way tell what was believed."""
import normal
from case import family
from craft import ICMP, IP, IPv6, UDP, Raw, eth, payload
from families import pmtu, redirect, udp
from families.ext6 import ICMP6, upper
import lab as L

SPORT, DPORT = 4000, 7
ASKED = {"program": ("echo",), "quiet_s": 0.006, "alone": True}
MTUS = (0, 1, 67, 68, 296, 551, 552, 553, 576, 1000, 1001, 1006, 1279, 1280, 1281, 1399, 1400, 1427, 1428, 1429, 1499, 1500, 1501, 9000, 65535)


def ask4(h, size=1400, data=None, src=None, link="a", dst=None, **ip):
    body = payload(size) if data is None else data
    return eth(link, IP(src=src or h.far4("a"), dst=dst or h.own4(), id=h.ident, **ip) / UDP(sport=SPORT, dport=DPORT) / Raw(body))


def answer4(h, size=1400, sport=DPORT, dport=SPORT, src=None, dst=None, flags="DF", proto=17, **ip):
    upper4 = UDP(sport=sport, dport=dport) / Raw(payload(size)) if proto == 17 else Raw(payload(size + 8))
    return bytes(IP(src=src or h.own4(), dst=dst or h.far4("a"), id=0, flags=flags, proto=proto, **ip) / upper4)


def is_answer4(frame, size):
    """UDP from port 7, or its first fragment."""
    kind, at = normal.l3(frame)
    return kind == normal.ETH_IP and len(frame) >= at + 28 and frame[at + 9] == 17 and frame[at + 20:at + 22] == b"\0\7" and not (
        frame[at + 6] & 31 | frame[at + 7]) and len(frame) - at - 28 == size


def honest4(mtu, cut=28, size=1400, code=4, src=None):
    """React: quotes what came, whoever it was made by."""
    def react(h, _link, frame):
        if not is_answer4(frame, size):
            return []
        mtus = mtu if isinstance(mtu, tuple) else (mtu,)
        return [pmtu.complain4(h, m, code=code, quote=frame[14:], cut=cut, src=src and src(h)) for m in mtus]
    return react


@family("pmtu4-udp", **ASKED)
def cases4(c):
    def heard(name, react, size=1400, again=1399, **ip):
        """An answer, the complaint about it, and a longer or shorter one (by which the complaint is not repeated)."""
        c.add(name, lambda h: [ask4(h, size), "sync", ask4(h, again, **ip), "sync"], react)
    for mtu in MTUS:
        heard(f"mtu-{mtu}", honest4(mtu))
        for again in (500, 523, 524, 525, 971, 972, 973):
            if mtu in (0, 68, 552, 1000):
                heard(f"mtu-{mtu}-then-{again}", honest4(mtu), again=again)
    for cut in (0, 8, 19, 20, 22, 24, 27, 28, 100, 548):
        heard(f"quotes-{cut}", honest4(1000, cut))
    for code in (0, 1, 2, 3, 5, 9, 13, 16):
        heard(f"code-{code}", honest4(1000, code=code))
    heard("smaller-and-larger", honest4((1000, 1200)))
    heard("larger-and-smaller", honest4((1200, 1000)))
    heard("smaller-and-gone", honest4((600, 1500)))
    heard("from-destination", honest4(1000, src=lambda h: h.far4("a")))
    heard("from-elsewhere", honest4(1000, src=lambda h: "198.19.3.4"))
    for size in (544, 545, 972, 973, 1300):
        heard(f"about-{size}", honest4(1000, size=size), size=size)
    heard("then-other-tos", honest4(1000), tos=0x10)
    c.add("then-echo", lambda h: [ask4(h), "sync", pmtu.large4(h, 1300), "sync"], honest4(1000))
    c.add("then-other-destination", lambda h: [ask4(h), "sync", ask4(h, 1399, src=f"198.18.250.{h.n & 255}"), "sync"], honest4(1000))
    c.add("then-through", lambda h: [ask4(h), "sync", eth("b", IP(src=h.far4("b"), dst=h.far4("a"), id=5, flags="DF") / Raw(payload(1200)))], honest4(1000))
    c.add("then-through-may-cut", lambda h: [ask4(h), "sync", eth("b", IP(src=h.far4("b"), dst=h.far4("a"), id=5) / Raw(payload(1200)))], honest4(1000))
    c.add("then-by-another-way", lambda h: [ask4(h), "sync", ask4(h, 1300, link="b"), "sync"], honest4(1000))
    # What nobody sent.
    for name, quote in {"other-port": lambda h: answer4(h, sport=8), "other-source": lambda h: answer4(h, src="10.2.0.1"), "foreign-source": lambda h: answer4(h, src="192.0.2.1"),
                        "other-destination": lambda h: answer4(h, dst=f"198.18.240.{h.n & 255}"), "other-peer-port": lambda h: answer4(h, dport=4001), "echo": lambda h: pmtu.answer4(h),
                        "unknown-protocol": lambda h: answer4(h, proto=253), "short": lambda h: answer4(h, 8), "may-cut": lambda h: answer4(h, flags=""),
                        "later-fragment": lambda h: answer4(h, frag=9), "broadcast": lambda h: answer4(h, dst="10.1.0.255"), "group": lambda h: answer4(h, dst="224.0.0.1")}.items():
        c.add(f"forged-{name}", lambda h, q=quote: [ask4(h), "sync", pmtu.complain4(h, 1000, quote=q(h)), "sync", ask4(h, 1399), "sync"])
    c.add("forged-never-spoken", lambda h: [pmtu.complain4(h, 1000, quote=answer4(h)), "sync", ask4(h), "sync"])


def ask6(h, size=1400, **ip):
    return udp.six(h, DPORT, SPORT, payload(size), **ip)


def honest6(mtu, cut=1232, code=0, src=None, size=1400):
    def react(h, _link, frame):
        kind, at = normal.l3(frame)
        if kind != normal.ETH_IP6 or len(frame) != at + 48 + size or frame[at + 6] != 17 or frame[at + 40:at + 42] != b"\0\7":
            return []
        return [pmtu.complain6(h, m, code, frame[at:], cut, src and src(h)) for m in (mtu if isinstance(mtu, tuple) else (mtu,))]
    return react


@family("pmtu6-udp", **ASKED)
def cases6(c):
    def heard(name, react, size=1400, again=1399, **ip):
        c.add(name, lambda h: [ask6(h, size), "sync", ask6(h, again, **ip), "sync"], react)
    for mtu in (*MTUS, 1288, 1300, 1447, 1448, 1449):
        heard(f"mtu-{mtu}", honest6(mtu))
        for again in (1231, 1232, 1233, 1251, 1252, 1253, 1452):
            if mtu in (1000, 1279, 1280, 1300):
                heard(f"mtu-{mtu}-then-{again}", honest6(mtu), again=again)
    for cut in (0, 8, 39, 40, 42, 44, 47, 48, 56, 100, 1232):
        heard(f"quotes-{cut}", honest6(1300, cut))
    for code in (1, 255):
        heard(f"code-{code}", honest6(1300, code=code))
    heard("smaller-and-larger", honest6((1300, 1400)))
    heard("larger-and-smaller", honest6((1400, 1300)))
    heard("from-destination", honest6(1300, src=lambda h: h.far6("a")))
    heard("from-link-local", honest6(1300, src=lambda h: h.near_ll(host=4)))
    heard("then-other-class", honest6(1300), tc=0x10)
    c.add("then-echo", lambda h: [ask6(h), "sync", pmtu.large6(h, 1390), "sync"], honest6(1300))
    c.add("then-through", lambda h: [ask6(h), "sync", eth("b", IPv6(src=h.far6("b"), dst=h.far6("a"), nh=253) / Raw(payload(1350)))], honest6(1300))
    for name, quote in {"other-port": lambda h: said6(h, 8), "other-source": lambda h: said6(h, src="fd02::1"), "foreign-source": lambda h: said6(h, src="2001:db8::1"),
                        "other-destination": lambda h: said6(h, dst=f"fd18::f:{h.n:x}"), "short": lambda h: said6(h, size=8), "echo": pmtu.answer6}.items():
        c.add(f"forged-{name}", lambda h, q=quote: [ask6(h), "sync", pmtu.complain6(h, 1300, quote=q(h)), "sync", ask6(h, 1399), "sync"])


def said6(h, sport=DPORT, size=1400, src=None, dst=None):
    src, dst = src or h.own6(), dst or h.far6("a")
    number, data = upper(17, src, dst, sport.to_bytes(2, "big") + SPORT.to_bytes(2, "big") + (8 + size).to_bytes(2, "big") + b"\0\0" + payload(size))
    return bytes(IPv6(src=src, dst=dst, nh=number) / Raw(data))


def redirected4(h, quote=None, code=1, gw=None, src="10.1.0.2", host=2, cut=None, dst=None):
    inner = answer4(h, 9, dst=quote) if not isinstance(quote, bytes) else quote
    return eth("a", IP(src=src, dst=dst or h.own4(), id=h.ident) / ICMP(type=5, code=code, gw=gw or h.near4(host=redirect.OTHER)) / Raw(inner[:cut]), host)


@family("redirect4-udp", **ASKED)
def redirects4(c):
    def add(name, make):
        c.add(name, lambda h, m=make: [ask4(h, 9), "sync", *m(h), "sync", ask4(h, 9), "sync"])
    for code in (0, 1, 2, 3, 4, 255):
        add(f"code-{code}", lambda h, k=code: [redirected4(h, code=k)])
    for name, gw in {"not-near": "198.19.0.9", "own": "10.1.0.1", "of-b": "10.2.0.3", "broadcast": "10.1.0.255", "group": "224.0.0.1", "zero": "0.0.0.0", "same": "10.1.0.2",
                     "loopback": "127.0.0.1", "reserved": "240.0.0.1", "net": "10.1.0.0", "other": "10.1.0.4"}.items():
        add(f"to-{name}", lambda h, g=gw: [redirected4(h, gw=g)])
    for name, src in {"not-the-gateway": "10.1.0.4", "own": "10.1.0.1", "far": "198.18.77.77", "target": "10.1.0.3"}.items():
        add(f"from-{name}", lambda h, s=src: [redirected4(h, src=s)])
    for name, quote in {"near": "10.1.0.5", "no-route": "192.0.2.9", "behind-b": "198.19.3.3", "somebody": "198.18.200.1"}.items():
        add(f"about-{name}", lambda h, q=quote: [redirected4(h, q)])
    for name, quote in {"other-port": lambda h: answer4(h, 9, sport=8), "other-source": lambda h: answer4(h, 9, src="10.2.0.1"), "echo": lambda h: pmtu.answer4(h, 9)}.items():
        add(f"quotes-{name}", lambda h, q=quote: [redirected4(h, q(h))])
    for cut in (0, 19, 20, 24, 27, 28):
        add(f"cut-{cut}", lambda h, n=cut: [redirected4(h, cut=n)])
    add("twice", lambda h: [redirected4(h), "sync", redirected4(h, src="10.1.0.3", host=3, gw=h.near4(host=4))])
    add("and-back", lambda h: [redirected4(h), "sync", redirected4(h, src="10.1.0.3", host=3, gw="10.1.0.2")])
    add("to-group-address", lambda h: [redirected4(h, dst="224.0.0.1")])
    c.add("then-echo", lambda h: [ask4(h, 9), "sync", redirected4(h), "sync", redirect.ping4(h)])
    c.add("then-through", lambda h: [ask4(h, 9), "sync", redirected4(h), "sync", eth("b", IP(src=h.far4("b"), dst=h.far4("a"), id=5) / Raw(payload(20)))])


# As in family l2.
@family("udp-open", program=("echo",), quiet_s=0.006,
        sysctls=(("net.ipv4.conf.all.drop_unicast_in_l2_multicast", 1), ("net.ipv6.conf.a.drop_unicast_in_l2_multicast", 1)))
def opened(c):
    """The cases of family udp again, with somebody at port 7."""
    udp.cases(c)
    for size in (1472, 1473, 3000, 20000):
        c.add(f"4-large-{size}", lambda h, s=size: pieces4(h, s))


def pieces4(h, size):
    whole = bytes(UDP(sport=SPORT, dport=DPORT, chksum=0) / Raw(payload(size)))
    return [eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident, proto=17, frag=i // 8, flags="MF" if i + 1480 < len(whole) else "") / Raw(whole[i:i + 1480]))
            for i in range(0, len(whole), 1480)]
