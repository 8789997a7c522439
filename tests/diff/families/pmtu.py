# SPDX-License-Identifier: BSD-2-Clause
"""Path MTU from ICMP (RFC 1191, 8201; RFC 5927; RFC 6946): a large echo, the complaint about its answer, and the echo again. How the second
answer is cut tells what was believed. Over IPv6 the complaint quotes what the dut really sent, but for the forged ones. Over IPv4 neither
forbids cutting its echo replies, so nobody has a reason to complain: leat believes nothing of it, nor does Linux with
ip_no_pmtu_disc=3 (without, it does)."""
import normal
from case import family
from craft import ICMP, IP, IPv6, Raw, eth, payload
from families.ext6 import ICMP6, echo, upper


def large4(h, size=1400, seq=1, **ip):
    return eth("a", IP(src=h.far4("a"), dst=h.own4(), id=(h.ident + seq) & 0xFFFF, **ip) / ICMP(id=7, seq=seq) / Raw(payload(size)))


def answer4(h, size=1400, proto=1, dst=None, src=None):
    inner = ICMP(type=0, id=7, seq=1) / Raw(payload(size)) if proto == 1 else Raw(payload(size))
    return bytes(IP(src=src or h.own4(), dst=dst or h.far4("a"), id=0, proto=proto) / inner)


def complain4(h, mtu, kind=3, code=4, quote=None, cut=28, src=None):
    return eth("a", IP(src=src or h.near4(host=4), dst=h.own4(), id=h.ident) / ICMP(type=kind, code=code, nexthopmtu=mtu) / Raw((quote or answer4(h))[:cut]), 4)


@family("pmtu4", sysctls=(("net.ipv4.ip_no_pmtu_disc", 3),), alone=True)
def cases4(c):
    def add(name, make, **again):
        c.add(name, lambda h, m=make: [large4(h), "sync", *m(h), "sync", large4(h, **{"seq": 2, **again})])
    for mtu in (0, 1, 28, 67, 68, 100, 296, 508, 551, 552, 553, 575, 576, 577, 1000, 1005, 1279, 1280, 1281, 1399, 1400, 1427, 1428, 1499, 1500, 1501, 9000, 65535):
        add(f"mtu-{mtu}", lambda h, m=mtu: [complain4(h, m)])
    for cut in (0, 8, 19, 20, 24, 27, 28, 100, 548):
        add(f"quotes-{cut}", lambda h, n=cut: [complain4(h, 1000, cut=n)])
    for name, quote in {"other-source": lambda h: answer4(h, src="10.2.0.1"), "foreign-source": lambda h: answer4(h, src="192.0.2.1"), "other-destination":
                        lambda h: answer4(h, dst=f"198.18.240.{h.n & 255}"), "udp": lambda h: answer4(h, proto=17), "tcp": lambda h: answer4(h, proto=6), "unknown-protocol":
                        lambda h: answer4(h, proto=253), "short": lambda h: answer4(h, 8), "request": lambda h: bytes(IP(src=h.own4(), dst=h.far4("a")) / ICMP(id=7))}.items():
        add(f"about-{name}", lambda h, q=quote: [complain4(h, 1000, quote=q(h))])
    for code in (0, 1, 3, 5, 13):
        add(f"code-{code}", lambda h, k=code: [complain4(h, 1000, code=k)])
    add("smaller-and-larger", lambda h: [complain4(h, 1000), "sync", complain4(h, 1200)])
    add("smaller-and-smaller", lambda h: [complain4(h, 1200), "sync", complain4(h, 1000)])
    add("then-df", lambda h: [complain4(h, 1000)], flags="DF")
    add("then-small", lambda h: [complain4(h, 1000)], size=100)
    add("then-exactly", lambda h: [complain4(h, 1000)], size=972)
    add("then-one-more", lambda h: [complain4(h, 1000)], size=973)
    add("from-destination", lambda h: [complain4(h, 1000, src=h.far4("a"))])
    c.add("never-spoken", lambda h: [complain4(h, 1000), "sync", large4(h)])
    # What a router knows does not matter to what it forwards.
    c.add("through-after", lambda h: [complain4(h, 1000), "sync", eth("b", IP(src=h.far4("b"), dst=h.far4("a"), id=5, flags="DF") / Raw(payload(1200)))])


def large6(h, size=1400, seq=1, **ip):
    number, data = upper(ICMP6, h.far6("a"), h.own6(), b"\x80\0\0\0\0\7\0" + bytes([seq]) + payload(size))
    return eth("a", IPv6(src=h.far6("a"), dst=h.own6(), nh=number, **ip) / Raw(data))


def answer6(h, size=1400, nh=58, src=None, dst=None):
    src, dst = src or h.own6(), dst or h.far6("a")
    data = upper(ICMP6, src, dst, b"\x81\0\0\0\0\7\0\1" + payload(size))[1] if nh == 58 else payload(size + 8)
    return bytes(IPv6(src=src, dst=dst, nh=nh) / Raw(data))


def complain6(h, mtu, code=0, quote=None, cut=1232, src=None, dst=None):
    src, dst = src or h.near6(host=4), dst or h.own6()
    number, data = upper(ICMP6, src, dst, b"\2" + bytes([code]) + b"\0\0" + mtu.to_bytes(4, "big") + (quote or answer6(h))[:cut])
    return eth("a", IPv6(src=src, dst=dst, nh=number) / Raw(data), 4)


def honest(mtu, code=0, cut=1232, src=None):
    """React: complains about the first answer by quoting it, whole or the beginning of it."""
    def react(h, link, frame):
        kind, at = normal.l3(frame)
        if kind != normal.ETH_IP6 or len(frame) < at + 48 or frame[at + 6] != 58 or frame[at + 40] != 129 or frame[at + 47] != 1:
            return []
        return [complain6(h, m, code, frame[at:], cut, src and src(h)) for m in (mtu if isinstance(mtu, tuple) else (mtu,))]
    return react


@family("pmtu6", alone=True)
def cases6(c):
    def add(name, react, **again):
        c.add(name, lambda h: [large6(h), "sync", large6(h, **{"seq": 2, **again})], react)
    for mtu in (0, 1, 68, 552, 1000, 1272, 1279, 1280, 1281, 1288, 1300, 1399, 1400, 1447, 1448, 1449, 1499, 1500, 1501, 9000, 65535, 0xFFFFFFFF):
        add(f"mtu-{mtu}", honest(mtu))
        for size in (100, 1231, 1232, 1233, 1452):
            add(f"mtu-{mtu}-then-{size}", honest(mtu), size=size)
    for cut in (0, 8, 39, 40, 44, 47, 48, 56, 100, 1232):
        add(f"quotes-{cut}", honest(1300, cut=cut))
    for code in (1, 255):
        add(f"code-{code}", honest(1300, code))
    add("smaller-and-larger", honest((1300, 1400)))
    add("smaller-and-smaller", honest((1400, 1300)))
    for size in (1251, 1252, 1253, 1260):
        add(f"then-{size}", honest(1300), size=size)
    add("from-destination", honest(1300, src=lambda h: h.far6("a")))
    add("from-link-local", honest(1300, src=lambda h: h.near_ll(host=4)))
    c.add("through-after", lambda h: [large6(h), "sync", eth("b", IPv6(src=h.far6("b"), dst=h.far6("a"), nh=253) / Raw(payload(1350)))], honest(1300))
    for name, quote in {"other-source": lambda h: answer6(h, src="fd02::1"), "foreign-source": lambda h: answer6(h, src="2001:db8::1"), "answer": answer6,
                        "other-destination": lambda h: answer6(h, dst=f"fd18::f:{h.n:x}"), "udp": lambda h: answer6(h, nh=17), "tcp": lambda h: answer6(h, nh=6),
                        "unknown-protocol": lambda h: answer6(h, nh=253), "short": lambda h: answer6(h, 8),
                        "request": lambda h: bytes(IPv6(src=h.own6(), dst=h.far6("a"), nh=58) / Raw(echo(h.own6(), h.far6("a"))[1]))}.items():
        c.add(f"forged-{name}", lambda h, q=quote: [large6(h), "sync", complain6(h, 1300, quote=q(h)), "sync", large6(h, seq=2)])
    c.add("forged-never-spoken", lambda h: [complain6(h, 1300), "sync", large6(h)])
