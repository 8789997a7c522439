# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 fragments to us (RFC 791, 815, 1122 section 3.3.2, 1858, 3128, 5722's rule for overlaps as Linux has it) and through us."""
import itertools

from case import family
from craft import ICMP, IP, UDP, Raw, eth, paced, payload

OVERLAPS = {  # byte ranges of a datagram of 64 bytes
    "second-in-first": [(0, 32), (8, 16), (32, 64)], "starts-same": [(0, 16), (0, 32), (32, 64)],
    "longer-later": [(0, 32), (0, 16), (32, 64)], "half": [(0, 32), (16, 48), (48, 64)], "half-before": [(16, 48), (0, 32), (48, 64)],
    "last-over": [(0, 32), (24, 64)], "last-inside": [(0, 48), (32, 64)], "covers-all": [(16, 32), (0, 64)],
    "covers-middle": [(16, 24), (8, 32), (0, 8), (32, 64)], "one-byte-less": [(0, 32), (32, 64), (24, 32)],
    "exact-twice": [(0, 32), (0, 32), (32, 64)], "last-twice": [(32, 64), (32, 64), (0, 32)],
    "middle-twice": [(16, 32), (16, 32), (0, 16), (32, 64)], "bridge": [(0, 16), (32, 64), (8, 40)],
    "then-again": [(0, 32), (16, 48), (48, 64), (0, 32), (32, 64)],
}


def datagram(size, src, dst):
    """An echo request of this size, its checksum over the whole."""
    return bytes(ICMP(id=7, seq=1) / Raw(payload(size)))


def piece(h, data, at, end, more=None, ident=None, dst=None, host=2, link="a", proto=1, **ip):
    """Bytes at..end of a datagram as a fragment; `at` is a multiple of 8."""
    more = end < len(data) if more is None else more
    return eth(link, IP(src=ip.pop("src", None) or h.far4(link), dst=dst or h.own4(), id=h.ident if ident is None else ident,
                        proto=proto, frag=at // 8, flags="MF" if more else "", **ip) / Raw(data[at:end]), host)


def cuts(data, *at):
    edges = [0, *at, len(data)]
    return list(zip(edges, edges[1:]))


def orders(ranges):
    """All other orders of these, each once: [(name, [(place in the first order, range)])]."""
    seen, out = {tuple(ranges)}, []
    for p in itertools.permutations(range(len(ranges))):
        rows = tuple(ranges[i] for i in p)
        if rows not in seen and len(out) < 30:
            seen.add(rows)
            out.append(("".join(map(str, p)), [(i, ranges[i]) for i in p]))
    return out


def in_order(h, data, parts, order, **more):
    return [piece(h, data, *parts[i], **more) for i in order]


@family("frag4")
def cases(c):
    def echo(size):
        return datagram(size, None, None)

    for n in (2, 3, 4, 5):
        for order in itertools.permutations(range(n)):
            text = "".join(map(str, order))
            c.add(f"order-{text}", lambda h, o=order, k=n: in_order(
                h, echo(k * 16 - 8), [(i * 16, i * 16 + 16) for i in range(k)], o))
    for seed in range(20):
        def shuffled(h):
            data = echo(2000)
            parts = [(i, min(i + 104, len(data))) for i in range(0, len(data), 104)]
            h.rnd.shuffle(parts)
            return [piece(h, data, *p) for p in parts]
        c.add(f"order-of-20-shuffled-{seed}", shuffled)
    for size in (9, 16, 100, 1471, 1473, 3000, 8000, 30000, 65500, 65507):
        def whole(h, s=size):
            data = echo(s)
            return [piece(h, data, i, min(i + 1480, len(data))) for i in range(0, len(data), 1480)]
        c.add(f"echo-size-{size}", whole)
        c.add(f"echo-size-{size}-backwards", lambda h, f=whole: f(h)[::-1])
    for size in (9, 40, 64):
        for twice in (0, 1):
            c.add(f"twice-{twice}-of-{size}", lambda h, s=size, t=twice: [
                piece(h, echo(s), *cuts(echo(s), 8)[i]) for i in ((0, 0, 1) if t == 0 else (1, 1, 0))])
    # Overlaps: by byte ranges of a datagram of 64 bytes; what they say is the same or other.
    for same in (True, False):
        for name, ranges in OVERLAPS.items():
            c.add(f"overlap-{name}-{'same' if same else 'other'}-bytes", lambda h, r=ranges, s=same: [
                piece(h, echo(56) if s or i != 1 else b"\xEE" * 64, *x, more=x[1] < 64) for i, x in enumerate(r)])
            for text, rows in orders(ranges):
                c.add(f"overlap-{name}-{'same' if same else 'other'}-bytes-order-{text}", lambda h, r=rows, s=same: [
                    piece(h, echo(56) if s or i != 1 else b"\xEE" * 64, *x, more=x[1] < 64) for i, x in r])
    # Ends that contradict each other, lengths that are no multiple of 8.
    for name, rows in {
        "end-moves-back": [(0, 32, 1), (32, 64, 0), (24, 48, 0)], "two-ends": [(32, 48, 0), (32, 64, 0), (0, 32, 1)],
        "beyond-end": [(32, 48, 0), (48, 64, 1), (0, 32, 1)], "end-before-known": [(48, 64, 1), (32, 48, 0), (0, 32, 1)],
        "first-odd": [(0, 13, 1), (16, 64, 0)], "middle-odd": [(0, 16, 1), (16, 27, 1), (32, 64, 0)], "first-4": [(0, 4, 1), (8, 64, 0)],
        "empty-first": [(0, 0, 1), (0, 32, 1), (32, 64, 0)], "empty-middle": [(0, 32, 1), (32, 32, 1), (32, 64, 0)],
        "empty-last": [(0, 64, 1), (64, 64, 0)], "no-end": [(0, 32, 1), (32, 64, 1)], "only-end": [(32, 64, 0)],
        "only-first": [(0, 32, 1)], "hole": [(0, 16, 1), (32, 64, 0)],
    }.items():
        c.add(f"shape-{name}", lambda h, r=rows: [piece(h, echo(56), a, b, more=m) for a, b, m in r])
    # Beyond 65,535 bytes (the ping of death).
    for at, size, more in ((65528, 8, 0), (65528, 100, 0), (65520, 32, 0), (65520, 8, 1), (65512, 8, 0), (65504, 11, 0), (65504, 32, 0), (65496, 1480, 0)):
        c.add(f"end-at-{at}+{size}-more-{more}", lambda h, a=at, s=size, m=more: [
            eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident, proto=1, frag=a // 8, flags=m) / Raw(payload(s))),
            piece(h, echo(56), 0, 64, more=1)])
    # What belongs together: source, destination, protocol, identification (RFC 791, 3.2), and nothing else.
    data = echo(56)
    c.add("other-identification", lambda h: [piece(h, data, 0, 32), piece(h, data, 32, 64, ident=h.ident ^ 1)])
    c.add("other-protocol", lambda h: [piece(h, data, 0, 32), piece(h, data, 32, 64, proto=17)])
    c.add("other-source", lambda h: [piece(h, data, 0, 32), piece(h, data, 32, 64, src=h.near4())])
    c.add("other-destination", lambda h: [piece(h, data, 0, 32), piece(h, data, 32, 64, dst=h.own4("b"))])
    c.add("other-link", lambda h: [piece(h, data, 0, 32), piece(h, data, 32, 64, link="b", src=h.far4("a"))])
    for name, kw in {"ttl": {"ttl": 9}, "tos": {"tos": 0x88}, "ce": {"tos": 3}, "ect": {"tos": 2}}.items():
        c.add(f"second-with-{name}", lambda h, k=kw: [piece(h, data, 0, 32), piece(h, data, 32, 64, **k)])
        c.add(f"first-with-{name}", lambda h, k=kw: [piece(h, data, 0, 32, **k), piece(h, data, 32, 64)])
        c.add(f"second-with-{name}-backwards", lambda h, k=kw: [piece(h, data, 32, 64, **k), piece(h, data, 0, 32)])
    for one in range(4):
        for two in range(4):
            c.add(f"ecn-{one}-{two}", lambda h, x=one, y=two: [piece(h, data, 0, 32, tos=x), piece(h, data, 32, 64, tos=y)])
    c.add("df-in-first", lambda h: [eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident, proto=1, flags="MF+DF") / Raw(data[:32])),
                                    piece(h, data, 32, 64)])
    c.add("df-in-all", lambda h: [
        eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident, proto=1, frag=a // 8, flags=f) / Raw(data[a:a + 32]))
        for a, f in ((0, "MF+DF"), (32, "DF"))])
    c.add("evil-in-first", lambda h: [eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident, proto=1, flags="MF+evil") / Raw(data[:32])),
                                      piece(h, data, 32, 64)])
    c.add("identification-0", lambda h: [piece(h, data, 0, 32, ident=0), piece(h, data, 32, 64, ident=0)])
    wrapped(c, echo)
    for k in (2, 5):
        c.add(f"same-identification-again-{k}", lambda h, n=k: [
            piece(h, echo(56 + 8 * i), *p) for i in range(n) for p in cuts(echo(56 + 8 * i), 32)])
    c.add("two-datagrams-interleaved", lambda h: [
        piece(h, data, *p, ident=i) for p in cuts(data, 16, 32) for i in (h.ident, h.ident ^ 1)])
    for name, dst in (("closed-port", None), ("broadcast", "10.1.0.255"), ("group", "224.0.0.1")):
        u = bytes(UDP(sport=4000, dport=9, chksum=0) / Raw(payload(56)))
        c.add(f"udp-{name}", lambda h, d=dst, x=u: [piece(h, x, *p, dst=d, proto=17) for p in cuts(x, 32)])
        c.add(f"udp-{name}-backwards", lambda h, d=dst, x=u: [piece(h, x, *p, dst=d, proto=17) for p in cuts(x, 32)][::-1])
    c.add("unknown-protocol", lambda h: [piece(h, payload(64), *p, proto=253) for p in cuts(data, 32)])
    c.add("unknown-protocol-3000", lambda h: [piece(h, payload(3000), *p, proto=253) for p in cuts(payload(3000), 1480, 2960)])
    c.add("from-ttl-1", lambda h: [piece(h, data, *p, ttl=1) for p in cuts(data, 32)])
    # Through a router nothing is put together (RFC 1812, 4.2.2.8), but cut again where the link is smaller.
    for size in (64, 1392, 1400, 1408, 1472):
        for more in (0, 1):
            for at in (0, 64):
                c.add(f"through-{size}-more-{more}-at-{at}", lambda h, s=size, m=more, a=at: [
                    eth("a", IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident, proto=17, frag=a // 8, flags=m) / Raw(payload(s)))])
    c.add("through-overlapping", lambda h: [piece(h, data, *p, dst=h.far4("b"), more=1) for p in ((0, 32), (16, 48), (0, 8))])
    c.add("through-tiny-first", lambda h: [piece(h, data, *p, dst=h.far4("b"), proto=6) for p in cuts(data, 8)])
    # The reassembled echo is answered whole or in pieces, by the link it leaves by.
    for size in (1364, 1372, 1373, 1480, 2900):
        c.add(f"answer-by-the-smaller-link-{size}", lambda h, s=size: [
            piece(h, echo(s), *p, link="b", dst=h.own4("b")) for p in cuts(echo(s), *range(1024, s + 8, 1024))])


def wrapped(c, echo):
    """Identifications come again while old pieces wait (RFC 4963): how many datagrams may begin in between, and what is put together."""
    def begun(h, start, n, step=1):
        return [piece(h, echo(56), 0, 32, ident=(start + i * step) & 0xFFFF) for i in range(n)]

    def whole(h, ident, size=56):
        return [piece(h, echo(size), *p, ident=ident & 0xFFFF) for p in ((0, 32), (32, size + 8))]
    for first in (100, 65530, 65535, 0):
        for n in (0, 1, 2, 10, 31, 32, 62, 63, 64, 65, 66, 100):
            c.add(f"wrap-from-{first}-rest-after-{n}-others", lambda h, f=first, k=n: [
                piece(h, echo(56), 0, 32, ident=f), *begun(h, f + 1, k), piece(h, echo(56), 32, 64, ident=f)])
            c.add(f"wrap-from-{first}-first-after-{n}-others", lambda h, f=first, k=n: [
                piece(h, echo(56), 32, 64, ident=f), *begun(h, f + 1, k), piece(h, echo(56), 0, 32, ident=f)])
            if n in (1, 32, 64, 65, 100):
                c.add(f"wrap-from-{first}-whole-after-{n}-others", lambda h, f=first, k=n: [
                    piece(h, b"\xEE" * 64, 0, 32, more=1, ident=f), *begun(h, f + 1, k), *whole(h, f)])
                c.add(f"wrap-from-{first}-longer-after-{n}-others", lambda h, f=first, k=n: [
                    piece(h, b"\xEE" * 64, 32, 64, ident=f), *begun(h, f + 1, k), *whole(h, f, 120)])
    for step in (1024, 4096, 16384):
        c.add(f"wrap-by-{step}-all-whole", lambda h, s=step: paced([f for i in range(2 * 65536 // s) for f in whole(h, i * s, 56 + 8 * (i % 3))]))
        c.add(f"wrap-by-{step}-first-lost", lambda h, s=step: paced([piece(h, echo(56), 32, 64, ident=7)] + [
            f for i in range(65536 // s) for f in whole(h, 7 + s + i * s, 56 + 8 * (i % 3))]))
        c.add(f"wrap-by-{step}-rest-lost", lambda h, s=step: paced([piece(h, b"\xEE" * 64, 0, 32, more=1, ident=7)] + [
            f for i in range(65536 // s) for f in whole(h, 7 + s + i * s)]))
