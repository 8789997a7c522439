# SPDX-License-Identifier: BSD-2-Clause
"""Redirects sent (RFC 1812, 5.2.7.2; RFC 4861, 8.2) and believed (RFC 1122, 3.2.2.2; RFC 4861, 8.1 and 8.3). Whom a dut believes is
seen by the link-layer address its next echo reply goes to."""
import socket

from case import family
from craft import ICMP, IP, IPv6, UDP, Raw, eth, payload
from families.ext6 import ICMP6, echo, udp, upper
from families.arp import ONE
from families.nd import near, option, solicit
import lab as L

OTHER = 3  # the near host that is the better gateway
GATEWAY_LL = "fe80::1:2"


def ping4(h):
    return eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident) / ICMP(id=7, seq=2) / Raw(b"which way"))


def redirect4(h, code=1, gw=None, src=None, quote=None, host=2, cut=None, proto=1, link="a", dst=None, **ip):
    inner = IP(src=h.own4(), dst=quote or h.far4("a"), id=0, proto=proto) / (ICMP(type=0, id=7, seq=2) / Raw(b"which way") if proto == 1 else Raw(payload(28)))
    body = bytes(inner)[:cut]
    return eth(link, IP(src=src or f"10.{L.NET[link]}.0.2", dst=dst or h.own4(), id=h.ident, **ip) / ICMP(type=5, code=code, gw=gw or h.near4(host=OTHER))
               / Raw(body), host)


def believed4(c, prefix):
    def add(name, make):
        c.add(f"{prefix}{name}", lambda h, m=make: [ping4(h), "sync", *m(h), "sync", ping4(h)])
    for code in (0, 1, 2, 3, 4, 255):
        add(f"code-{code}", lambda h, k=code: [redirect4(h, k)])
    for name, gw in {"not-near": "198.19.0.9", "own": "10.1.0.1", "of-b": "10.2.0.3", "broadcast": "10.1.0.255", "group": "224.0.0.1", "zero": "0.0.0.0",
                     "same": "10.1.0.2", "loopback": "127.0.0.1", "reserved": "240.0.0.1", "net": "10.1.0.0"}.items():
        add(f"to-{name}", lambda h, g=gw: [redirect4(h, gw=g)])
    for name, src in {"not-the-gateway": "10.1.0.4", "own": "10.1.0.1", "far": "198.18.77.77", "loopback": "127.0.0.1", "target": "10.1.0.3"}.items():
        add(f"from-{name}", lambda h, s=src: [redirect4(h, src=s)])
    for name, quote in {"near": "10.1.0.5", "own": "10.1.0.1", "no-route": "192.0.2.9", "behind-b": "198.19.3.3"}.items():
        add(f"about-{name}", lambda h, q=quote: [redirect4(h, quote=q)])
    for cut in (0, 8, 19, 20, 24, 28):
        add(f"quotes-{cut}", lambda h, n=cut: [redirect4(h, cut=n)])
    for proto in (1, 6, 17, 253):
        add(f"protocol-{proto}", lambda h, p=proto: [redirect4(h, proto=p)])
    add("at-b", lambda h: [redirect4(h, link="b", gw="10.2.0.3")])
    add("twice", lambda h: [redirect4(h), "sync", redirect4(h, src="10.1.0.3", gw=h.near4(host=4))])
    add("and-back", lambda h: [redirect4(h), "sync", redirect4(h, src="10.1.0.3", gw="10.1.0.2")])
    add("to-group-address", lambda h: [redirect4(h, dst="224.0.0.1")])
    for ttl in (1, 255):
        add(f"ttl-{ttl}", lambda h, t=ttl: [redirect4(h, ttl=t)])
    add("affects-nobody-else", lambda h: [redirect4(h, quote=f"198.18.200.{h.n & 255}")])


def source(h):
    """A near host of this playing's own: who is told is told ever more rarely, by the clock."""
    return 20 + (h.n % 16384 + h.n // 16384 * 70) % 230


def out4(h, inner, host=None, dst=None, mac=None, **ip):
    host = host or source(h)
    return [eth("a", IP(src=h.near4(host=host), dst=dst or h.far4("a"), id=h.ident, **ip) / inner, host, dst=mac)]


def about(size=20):
    return UDP(sport=4000, dport=9) / Raw(payload(size))


@family("redirect4", ip=[f"neigh replace 10.1.0.{n} lladdr {L.HOST_MAC['a'].format(n)} nud permanent dev a" for n in range(20, 250)], alone=True)
def cases4(c):
    believed4(c, "believe-")
    # Sent: what comes in at a and has to go out there again.
    for name, dst in {"far": lambda h: None, "near": lambda h: "10.1.0.4", "itself": lambda h: h.near4(host=source(h)), "gateway": lambda h: "10.1.0.2"}.items():
        c.add(f"send-about-{name}", lambda h, d=dst: out4(h, about(), dst=d(h)))
        c.add(f"send-twice-about-{name}", lambda h, d=dst: out4(h, about(), dst=d(h)) * 2)
    c.add("send-to-the-gateway", lambda h: out4(h, about(), 2))
    for name, kw in {"ttl-1": {"ttl": 1}, "ttl-2": {"ttl": 2}, "tos": {"tos": 0x10}, "df": {"flags": "DF"}, "fragment": {"frag": 9}, "first-fragment": {"flags": "MF"}}.items():
        c.add(f"send-{name}", lambda h, k=kw: out4(h, about(), **k))
    c.add("send-source-far", lambda h: [eth("a", IP(src="198.18.250.1", dst=h.far4("a"), id=h.ident) / UDP(sport=4000, dport=9) / Raw(b"x"))])
    c.add("send-source-elsewhere", lambda h: [eth("a", IP(src=h.far4("b"), dst=h.far4("a"), id=h.ident) / UDP(sport=4000, dport=9) / Raw(b"x"))])
    for kind in (0, 3, 5, 8, 11):
        c.add(f"send-about-icmp-{kind}", lambda h, t=kind: out4(h, ICMP(type=t) / Raw(payload(40))))
    for size in (1, 520, 548, 549, 600, 1472):
        c.add(f"send-size-{size}", lambda h, s=size: out4(h, about(s)))
    c.add("send-in-broadcast-frame", lambda h: out4(h, about(1), mac="ff:ff:ff:ff:ff:ff"))


def ping6(h):
    number, data = echo(h.far6("a"), h.own6())
    return eth("a", IPv6(src=h.far6("a"), dst=h.own6(), nh=number) / Raw(data))


def redirect6(h, target="fe80::1:3", dst=None, src=GATEWAY_LL, hlim=255, code=0, options=None, quoted=True, to=None, link="a", cut=None, host=2):
    about = dst or h.far6("a")
    rest = option(2, L.HOST_MAC["a"].format(OTHER)) if options is None else options
    if quoted:
        number, said = upper(ICMP6, h.own6(), about, b"\x81\0\0\0\0\7\0\1" + payload(8))
        inner = bytes(IPv6(src=h.own6(), dst=about, nh=number) / Raw(said))
        inner += bytes(-(len(inner)) % 8)
        rest += bytes([4, 1 + len(inner) // 8]) + bytes(6) + inner
    body = (bytes([137, code, 0, 0, 0, 0, 0, 0]) + socket.inet_pton(socket.AF_INET6, target) + socket.inet_pton(socket.AF_INET6, about) + rest)[:cut]
    number, data = upper(ICMP6, src, to or h.own6(), body)
    return eth(link, IPv6(src=src, dst=to or h.own6(), nh=number, hlim=hlim) / Raw(data), host)


@family("redirect6", ip=("-6 route replace fd18::/32 via fe80::1:2 dev a", "-6 route replace fd19::/32 via fe80::2:2 dev b", "address add fd09::1/64 dev a nodad"), alone=True)
def cases6(c):
    def add(name, make):
        c.add(f"believe-{name}", lambda h, m=make: [ping6(h), "sync", *m(h), "sync", ping6(h)])
    for code in (0, 1, 255):
        add(f"code-{code}", lambda h, k=code: [redirect6(h, code=k)])
    for hops in (1, 64, 254, 255):
        add(f"hops-{hops}", lambda h, n=hops: [redirect6(h, hlim=n)])
    for target in ("fe80::1:2", "fe80::1:4", "fe80::ff:fe00:a01", "fd01::3", "fd01::1", "ff02::1", "::", "::1", "fe80::99", "fd02::3"):
        add(f"to-{target}", lambda h, t=target: [redirect6(h, t)])
        add(f"to-{target}-no-option", lambda h, t=target: [redirect6(h, t, options=b"")])
    add("to-destination-itself", lambda h: [redirect6(h, h.far6("a"))])
    for src in ("fe80::1:4", "fe80::1:3", "fd01::2", "fe80::ff:fe00:a01", "fd18::77", "::", "fe80::99"):
        add(f"from-{src}", lambda h, s=src: [redirect6(h, src=s)])
    for name, dst in {"near": "fd01::5", "own": "fd01::1", "group": "ff02::1", "no-route": "2001:db8::9", "behind-b": "fd19::9", "link-local": "fe80::1:5", "::": "::"}.items():
        add(f"about-{name}", lambda h, d=dst: [redirect6(h, dst=d)])
    for cut in (8, 24, 39, 40, 41, 47, 48):
        add(f"cut-{cut}", lambda h, n=cut: [redirect6(h, cut=n)])
    add("no-quotation", lambda h: [redirect6(h, quoted=False)])
    add("bare", lambda h: [redirect6(h, quoted=False, options=b"")])
    for name, options in {"length-0": option(2, "02:00:00:00:0a:03", 0), "length-2": option(2, "02:00:00:00:0a:03", 2) + bytes(8), "source-option": option(1, "02:00:00:00:0a:03"),
                          "other-address": option(2, "02:00:00:00:0a:77"), "group-address": option(2, "33:33:00:00:00:01")}.items():
        add(f"option-{name}", lambda h, o=options: [redirect6(h, options=o)])
        add(f"option-{name}-for-stranger", lambda h, o=options: [redirect6(h, f"fe80::{h.n + 0x100:x}", options=o)])
    add("at-b", lambda h: [redirect6(h, "fe80::2:3", src="fe80::2:2", link="b")])
    add("to-link-local", lambda h: [redirect6(h, to=h.own_ll())])
    add("to-all-nodes", lambda h: [redirect6(h, to="ff02::1")])
    add("twice", lambda h: [redirect6(h), "sync", redirect6(h, "fe80::1:4", src="fe80::1:3", options=option(2, "02:00:00:00:0a:04"))])
    add("and-back", lambda h: [redirect6(h), "sync", redirect6(h, GATEWAY_LL, src="fe80::1:3", options=option(2, "02:00:00:00:0a:02"))])
    add("never-spoken", lambda h: [redirect6(h)])
    # Linux tells a source once a second, so sources are new ones.
    for name, dst in {"far": far, "near": lambda h: "fd01::4", "itself": near, "gateway": lambda h: "fd01::2"}.items():
        c.add(f"send-about-{name}", lambda h, d=dst: out6(h, near(h), d(h)))
        c.add(f"send-about-{name}-from-link-local", lambda h, d=dst: out6(h, f"fe80::{h.n + 0x100:x}", d(h)))
    for kw in ({"hlim": 1}, {"hlim": 2}, {"tc": 0x10}, {"fl": 9}):
        (key, value), = kw.items()
        c.add(f"send-{key}-{value}", lambda h, k=kw: out6(h, near(h), h.far6("a"), **k))
    c.add("send-source-far", lambda h: out6(h, "fd18::250", h.far6("a")))
    c.add("send-source-elsewhere", lambda h: out6(h, h.far6("b"), h.far6("a")))
    for size in (0, 1, 7, 8, 9, 600, 1100, 1104, 1112, 1120, 1128, 1400, 1452):
        c.add(f"send-size-{size}", lambda h, s=size: out6(h, near(h), h.far6("a"), s))
    for kind in (1, 2, 128, 129, 200):
        def about(h, k=kind):
            number, data = upper(ICMP6, near(h), h.far6("a"), bytes([k, 0, 0, 0, 0, 0, 0, 0]) + payload(48))
            return [solicit(h), "sync", eth("a", IPv6(src=near(h), dst=h.far6("a"), nh=number) / Raw(data), src=ONE)]
        c.add(f"send-about-icmp-{kind}", about)
    c.add("send-to-unknown-source", lambda h: out6(h, near(h), h.far6("a"))[-1:])


def far(h):
    return h.far6("a")


def out6(h, src, dst, size=20, **ip):
    """The dut hears of the source before, so that it can tell it."""
    number, data = udp(src, dst, size)
    return [solicit(h, src=src), "sync", eth("a", IPv6(src=src, dst=dst, nh=number, **ip) / Raw(data), src=ONE)]
