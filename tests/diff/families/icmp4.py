# SPDX-License-Identifier: BSD-2-Clause
"""Every ICMP type and code to an address of the dut (RFC 792, 1122 section 3.2.2, 1812 section 4.3)."""
from case import family
from craft import ICMP, IP, UDP, Raw, eth, every_code, payload

ERRORS = (3, 4, 5, 11, 12)


def to_us(h, icmp, **ip):
    return [eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident, **ip) / icmp)]


def quoted(h):
    """What an error that reaches us would quote: a datagram we never sent."""
    return IP(src=h.own4(), dst=h.far4("a"), id=99) / UDP(sport=4000, dport=5000) / Raw(payload(16))


def body(h, kind):
    return quoted(h) if kind in ERRORS else Raw(payload(24))


@family("icmp4")
def cases(c):
    for kind in range(256):
        c.add(f"type-{kind}-every-code", lambda h, t=kind: every_code(to_us(h, ICMP(type=t) / body(h, t))[0], 34))
        c.add(f"type-{kind}-every-code-through", lambda h, t=kind: every_code(
            eth("a", IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident) / ICMP(type=t) / body(h, t)), 34))
        c.add(f"type-{kind}-expires", lambda h, t=kind: [eth("a", IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident, ttl=1) / ICMP(type=t) / body(h, t))])
        c.add(f"type-{kind}-in-a-later-fragment", lambda h, t=kind: to_us(h, ICMP(type=t) / body(h, t), frag=2))
        for dst, mac in (("10.1.0.255", "ff:ff:ff:ff:ff:ff"), ("255.255.255.255", "ff:ff:ff:ff:ff:ff"), ("224.0.0.1", "01:00:5e:00:00:01")):
            c.add(f"type-{kind}-to-{dst}", lambda h, t=kind, d=dst, m=mac: [
                eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / ICMP(type=t) / body(h, t), dst=m)])
        for code in (0, 1, 2, 5, 15, 16, 255) if kind < 48 else (0,):
            c.add(f"type-{kind}-code-{code}",
                  lambda h, t=kind, k=code: to_us(h, ICMP(type=t, code=k) / body(h, t)))
    for code in set(range(256)) - {0, 1, 2, 5, 15, 16, 255}:
        for kind in (3, 8, 11):
            c.add(f"type-{kind}-code-{code}",
                  lambda h, t=kind, k=code: to_us(h, ICMP(type=t, code=k) / body(h, t)))
    for size in (0, 1, 2, 3, 7, 8, 9, 100, 1471, 1472):
        c.add(f"echo-size-{size}", lambda h, s=size: to_us(h, ICMP(id=7, seq=9) / Raw(payload(s))))
    for ttl in (0, 1, 2, 255):
        c.add(f"echo-ttl-{ttl}", lambda h, t=ttl: to_us(h, ICMP(id=7), ttl=t))
    for tos in (1, 2, 3, 4, 0x10, 0x88, 0xE0, 0xFF):
        c.add(f"echo-tos-{tos}", lambda h, t=tos: to_us(h, ICMP(id=7), tos=t))
    for flags in range(8):
        c.add(f"echo-flags-{flags}", lambda h, f=flags: to_us(h, ICMP(id=7) / Raw(b"x" * 8), flags=f))
    for bad in (0, 1, 0xFFFF):
        c.add(f"echo-bad-sum-{bad}", lambda h, b=bad: to_us(h, ICMP(id=7, chksum=b) / Raw(b"1234")))
        c.add(f"echo-bad-header-sum-{bad}", lambda h, b=bad: to_us(h, ICMP(id=7) / Raw(b"1234"), chksum=b))
    for cut in range(8):
        c.add(f"echo-cut-{cut}", lambda h, n=cut: to_us(h, Raw(bytes(ICMP(id=7))[:n]), proto=1))
        for kind in (3, 11, 13, 17):
            c.add(f"type-{kind}-cut-{cut}", lambda h, n=cut, t=kind: to_us(h, Raw(bytes(ICMP(type=t))[:n]), proto=1))
    for cut in range(0, 28, 4):
        c.add(f"unreachable-quotes-{cut}", lambda h, n=cut: to_us(h, ICMP(type=3, code=3) / Raw(bytes(quoted(h))[:n])))
    # RFC 1122, 3.2.2: no errors about errors, broadcasts, later fragments, or from nobody in particular.
    for kind in (0, 3, 5, 8, 11, 12, 13):
        c.add(f"bad-protocol-in-answer-to-{kind}", lambda h, t=kind: to_us(h, ICMP(type=t) / body(h, t), ttl=1))
    for dst in ("255.255.255.255", "10.1.0.255", "10.1.0.0", "224.0.0.1", "224.0.0.2", "239.1.2.3"):
        for group in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", None):
            c.add(f"echo-to-{dst}-in-{group or 'unicast'}", lambda h, d=dst, g=group: [
                eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / ICMP(id=7) / Raw(b"group"), dst=g)])
    for link in "ab":
        for at in "ab":
            c.add(f"echo-to-address-of-{link}-at-{at}", lambda h, l=link, x=at: [
                eth(x, IP(src=h.far4(x), dst=h.own4(l), id=h.ident) / ICMP(id=7) / Raw(b"which"))])
    c.add("echo-from-near", lambda h: [eth("a", IP(src=h.near4(), dst=h.own4(), id=1) / ICMP(id=7) / Raw(b"near"), host=3)])
    c.add("echo-source-behind-the-other-link", lambda h: [
        eth("a", IP(src=h.far4("b"), dst=h.own4(), id=1) / ICMP(id=7) / Raw(b"around"))])
    c.add("echo-source-without-route", lambda h: [
        eth("a", IP(src=f"192.0.2.{h.n % 200 + 1}", dst=h.own4(), id=1) / ICMP(id=7) / Raw(b"whence"))])
    for proto in (0, 2, 3, 4, 41, 47, 50, 51, 61, 89, 103, 112, 115, 143, 200, 253, 254, 255):
        c.add(f"protocol-{proto}", lambda h, p=proto: to_us(h, Raw(payload(32)), proto=p))
    for sport, dport in ((0, 7), (1, 1), (4000, 9), (4000, 33434), (4000, 65535), (4000, 0)):
        c.add(f"udp-closed-{sport}-{dport}", lambda h, s=sport, d=dport: to_us(h, UDP(sport=s, dport=d) / Raw(payload(40))))
    for size in (0, 1, 8, 500, 548, 549, 1000, 1472):
        c.add(f"udp-closed-size-{size}", lambda h, s=size: to_us(h, UDP(sport=4000, dport=9) / Raw(payload(s))))
