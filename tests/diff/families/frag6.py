# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 fragments to us and through us (RFC 8200, 4.5; RFC 5722; RFC 6946; RFC 7112; RFC 8021)."""
import itertools

from case import family
from craft import IPv6, Raw, eth, payload
from families.ext6 import DEST, FRAGMENT, HBH, ICMP6, NONE, chain, echo, udp
from families.frag4 import OVERLAPS, cuts, orders

import struct


def piece(h, data, at, end, more=None, ident=None, nh=ICMP6, reserved=0, before=(), link="a", **ip):
    """Bytes at..end of the fragmentable part as a fragment, behind these unfragmentable headers."""
    more = end < len(data) if more is None else more
    header = struct.pack("!BBHI", nh, reserved, at | more, h.n << 8 | 1 if ident is None else ident)
    kind, body = chain(before, FRAGMENT, header + data[at:end])
    return eth(link, IPv6(src=ip.pop("src", None) or h.far6(link), dst=ip.pop("dst", None) or h.own6(), nh=kind, **ip) / Raw(body))


def request(h, size, link="a"):
    return echo(h.far6(link), h.own6(), size)[1]


def play(h, size, ranges, **more):
    data = request(h, size)
    return [piece(h, data, *r, **more) for r in ranges]


@family("frag6")
def cases(c):
    for n in (2, 3, 4, 5):
        for order in itertools.permutations(range(n)):
            c.add(f"order-{''.join(map(str, order))}", lambda h, o=order, k=n: play(h, k * 16 - 8, [(i * 16, i * 16 + 16) for i in o]))
    for seed in range(20):
        def shuffled(h):
            parts = [(i, min(i + 104, 2008)) for i in range(0, 2008, 104)]
            h.rnd.shuffle(parts)
            return play(h, 2000, parts)
        c.add(f"order-of-20-shuffled-{seed}", shuffled)
    for size in (9, 16, 100, 1451, 1453, 3000, 8000, 30000, 65400, 65519):
        def whole(h, s=size):
            return play(h, s, [(i, min(i + 1448, s + 8)) for i in range(0, s + 8, 1448)])
        c.add(f"echo-size-{size}", whole)
        c.add(f"echo-size-{size}-backwards", lambda h, f=whole: f(h)[::-1])
    for same in (True, False):
        for name, ranges in OVERLAPS.items():
            def overlap(h, r=ranges, s=same):
                data = request(h, 56)
                return [piece(h, data if s or i != 1 else b"\xEE" * 64, *x, more=x[1] < 64) for i, x in enumerate(r)]
            c.add(f"overlap-{name}-{'same' if same else 'other'}-bytes", overlap)
            for text, rows in orders(ranges):
                c.add(f"overlap-{name}-{'same' if same else 'other'}-bytes-order-{text}", lambda h, r=rows, s=same: [
                    piece(h, request(h, 56) if s or i != 1 else b"\xEE" * 64, *x, more=x[1] < 64) for i, x in r])
    for n in (1, 63, 64, 65, 100):
        c.add(f"rest-after-{n}-others", lambda h, k=n: [
            piece(h, request(h, 56), 0, 32), *(piece(h, request(h, 56), 0, 32, ident=i) for i in range(k)), piece(h, request(h, 56), 32, 64)])
    for name, rows in {
        "end-moves-back": [(0, 32, 1), (32, 64, 0), (24, 48, 0)], "two-ends": [(32, 48, 0), (32, 64, 0), (0, 32, 1)],
        "beyond-end": [(32, 48, 0), (48, 64, 1), (0, 32, 1)], "end-before-known": [(48, 64, 1), (32, 48, 0), (0, 32, 1)],
        "first-odd": [(0, 13, 1), (16, 64, 0)], "middle-odd": [(0, 16, 1), (16, 27, 1), (32, 64, 0)], "first-4": [(0, 4, 1), (8, 64, 0)],
        "empty-first": [(0, 0, 1), (0, 32, 1), (32, 64, 0)], "empty-middle": [(0, 32, 1), (32, 32, 1), (32, 64, 0)],
        "empty-last": [(0, 64, 1), (64, 64, 0)], "no-end": [(0, 32, 1), (32, 64, 1)], "only-end": [(32, 64, 0)],
        "only-first": [(0, 32, 1)], "hole": [(0, 16, 1), (32, 64, 0)], "atomic": [(0, 64, 0)], "atomic-then-rest": [(0, 32, 0), (32, 64, 0)],
        "rest-then-atomic": [(32, 64, 0), (0, 64, 0)], "atomic-empty": [(0, 0, 0)], "first-odd-atomic": [(0, 13, 0)],
    }.items():
        c.add(f"shape-{name}", lambda h, r=rows: [piece(h, request(h, 56), a, b, more=m) for a, b, m in r])
    for at, size, more in ((65528, 8, 0), (65528, 100, 0), (65520, 32, 0), (65520, 8, 1), (65512, 8, 0), (65512, 24, 0), (65496, 1400, 0)):
        c.add(f"end-at-{at}+{size}-more-{more}", lambda h, a=at, s=size, m=more: [
            eth("a", IPv6(src=h.far6("a"), dst=h.own6(), nh=FRAGMENT) / Raw(struct.pack("!BBHI", 58, 0, a | m, h.n) + payload(s)))])
    whole64 = [(0, 32), (32, 64)]
    c.add("other-identification", lambda h: [piece(h, request(h, 56), *r, ident=i) for i, r in enumerate(whole64)])
    c.add("other-source", lambda h: [piece(h, request(h, 56), *r, src=s) for r, s in zip(whole64, (None, h.near6()))])
    c.add("other-destination", lambda h: [piece(h, request(h, 56), *r, dst=d) for r, d in zip(whole64, (None, h.own6("b")))])
    # RFC 8200, 4.5: the next header of the first fragment is the one that counts.
    for first, second in ((ICMP6, 17), (ICMP6, NONE), (17, ICMP6), (ICMP6, 0)):
        for back in (0, 1):
            c.add(f"next-headers-{first}-{second}{'-backwards' * back}", lambda h, f=first, s=second, b=back: [
                piece(h, request(h, 56), *r, nh=n) for r, n in zip(whole64, (f, s))][::-1 if b else 1])
    for name, kw in {"hops": {"hlim": 9}, "class": {"tc": 0x88}, "ce": {"tc": 3}, "ect": {"tc": 2}, "label": {"fl": 5}, "reserved": {"reserved": 9}}.items():
        for where in (0, 1):
            for back in (0, 1):
                c.add(f"{'second' if where else 'first'}-with-{name}{'-backwards' * back}", lambda h, k=kw, w=where, b=back: [
                    piece(h, request(h, 56), *r, **(k if i == w else {})) for i, r in enumerate(whole64)][::-1 if b else 1])
    for one in range(4):
        for two in range(4):
            c.add(f"ecn-{one}-{two}", lambda h, x=one, y=two: [piece(h, request(h, 56), *r, tc=t) for r, t in zip(whole64, (x, y))])
    for name, before in {"hbh": ("hbh-pad",), "dest": ("dest-pad",), "routing": ("routing-0-done",), "all": ("hbh-pad", "dest-pad", "routing-0-done"),
                         "hbh-tell": ("hbh-tell",), "atomic": ("fragment-atomic",)}.items():
        c.add(f"behind-{name}", lambda h, b=before: play(h, 56, whole64, before=b))
        c.add(f"behind-{name}-backwards", lambda h, b=before: play(h, 56, whole64, before=b)[::-1])
        c.add(f"second-behind-{name}", lambda h, b=before: [piece(h, request(h, 56), *r, before=x) for r, x in zip(whole64, ((), b))])
    # RFC 7112: the first fragment has all headers.
    for cut in (8, 16, 24):
        for hdr in ("dest-pad", "hbh-pad", "routing-0-done", "dest-tell"):
            def inside(h, k=cut, n=hdr):
                kind, data = chain((n,), *echo(h.far6("a"), h.own6(), 56))
                return [piece(h, data, a, b, nh=kind) for a, b in cuts(data, k)]
            c.add(f"{hdr}-inside-cut-{cut}", inside)
    c.add("header-chain-in-second", lambda h: [
        piece(h, chain(("dest-pad", "dest-pad"), *echo(h.far6("a"), h.own6(), 56))[1], a, b, nh=DEST) for a, b in ((0, 8), (8, 80))])
    c.add("hop-by-hop-inside", lambda h: [
        piece(h, chain(("hbh-pad",), *echo(h.far6("a"), h.own6(), 56))[1], a, b, nh=HBH) for a, b in ((0, 32), (32, 72))])
    for k in (2, 5):
        c.add(f"same-identification-again-{k}", lambda h, n=k: [
            piece(h, request(h, 56 + 8 * i), *r) for i in range(n) for r in cuts(bytes(64 + 8 * i), 32)])
    c.add("two-datagrams-interleaved", lambda h: [piece(h, request(h, 56), *r, ident=i) for r in cuts(bytes(64), 16, 32) for i in (5, 6)])
    for size in (20, 2000):
        def closed(h, s=size):
            data = udp(h.far6("a"), h.own6(), s)[1]
            return [piece(h, data, *r, nh=17) for r in cuts(data, *range(16 if s < 100 else 1448, s + 8, 1448))]
        c.add(f"udp-closed-{size}", closed)
        c.add(f"unknown-protocol-{size}", lambda h, s=size: [
            piece(h, payload(s), *r, nh=253) for r in cuts(payload(s), *range(16 if s < 100 else 1448, s, 1448))])
    for size in (64, 1352, 1360, 1440, 1448):
        for more in (0, 1):
            for at in (0, 64):
                c.add(f"through-{size}-more-{more}-at-{at}", lambda h, s=size, m=more, a=at: [
                    piece(h, bytes(a) + payload(s), a, a + s, more=m, dst=h.far6("b"), nh=17)])
    for size in (1344, 1352, 1353, 1500, 2900):
        c.add(f"answer-by-the-smaller-link-{size}", lambda h, s=size: [
            piece(h, echo(h.far6("b"), h.own6("b"), s)[1], *r, link="b", dst=h.own6("b")) for r in cuts(bytes(s + 8), *range(1024, s + 8, 1024))])
