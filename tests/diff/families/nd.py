# SPDX-License-Identifier: BSD-2-Clause
"""Neighbour discovery (RFC 4861 section 7; RFC 4862, 5.4; RFC 6980): solicitations and advertisements in every shape, and what they do to
an entry in each of its states. What a dut believes is seen by the link-layer address its echo replies go to."""
import socket

from case import family
from craft import IPv6, Raw, eth, payload
from families.arp import ONE, TWO, ZERO, mac_bytes
from families.ext6 import FRAGMENT, ICMP6, chain, echo, upper
import lab as L

OURS = ["address add fd09::1/64 dev a nodad", "address add fd0a::1/64 dev b nodad"]
NS, NA, RS = 135, 136, 133
SOLICITED, OVERRIDE, ROUTER = 0x40000000, 0x20000000, 0x80000000
OWN = "fd09::1"


def near(h):
    return f"fd09::{h.n + 0x100:x}"


def group(target):
    low = socket.inet_pton(socket.AF_INET6, target)[13:]
    return f"ff02::1:ff{low[0]:02x}:{low[1]:02x}{low[2]:02x}", f"33:33:ff:{low[0]:02x}:{low[1]:02x}:{low[2]:02x}"


def option(kind, mac, length=1):
    return bytes([kind, length]) + mac_bytes(mac)


def nd(src, dst, mac, kind, word, target, options=b"", code=0, hlim=255, src_mac=ONE, link="a", before=(), cut=None):
    data = bytes([kind, code, 0, 0]) + word.to_bytes(4, "big") + (socket.inet_pton(socket.AF_INET6, target) if target else b"") + options
    number, body = chain(before, *upper(ICMP6, src, dst, data[:cut]))
    return eth(link, IPv6(src=src, dst=dst, nh=number, hlim=hlim) / Raw(body), dst=mac, src=src_mac)


def solicit(h, target=OWN, src=None, mac=ONE, options=None, to=None, **kw):
    """To the target's group, as at first, or to an address."""
    dst, dst_mac = to or group(target)
    return nd(src or near(h), dst, dst_mac, NS, 0, target, option(1, mac) if options is None else options, src_mac=kw.pop("src_mac", mac), **kw)


def advertise(h, flags, mac=ONE, options=None, dst=OWN, dst_mac=L.DUT_MAC["a"], **kw):
    return nd(kw.pop("src", near(h)), dst, dst_mac, NA, flags, kw.pop("target", near(h)), option(2, mac) if options is None else options,
              src_mac=mac, **kw)


def ping(h, mac=ONE):
    number, data = echo(near(h), OWN)
    return eth("a", IPv6(src=near(h), dst=OWN, nh=number) / Raw(data), src=mac)


UNICAST = (OWN, L.DUT_MAC["a"])


def words(c, states, ways):
    """Table of RFC 4861, 7.2.5 and appendix C: state before, advertisement or solicitation, state after."""
    for state, make in states.items():
        for flags in range(8):
            word = flags << 29
            text = "".join(x for x, bit in zip("rso", (4, 2, 1)) if flags & bit) or "none"
            for name, options in {"same": option(2, ONE), "other": option(2, TWO), "no": b""}.items():
                for to, (dst, mac) in ways.items():
                    c.add(f"{state}-advertise-{text}-{name}-address-to-{to}", lambda h, m=make, w=word, o=options, d=dst, x=mac: [
                        *m(h), advertise(h, w, options=o, dst=d, dst_mac=x), "sync", ping(h)])
        for name, mac in {"same": ONE, "other": TWO}.items():
            c.add(f"{state}-solicit-{name}", lambda h, m=make, x=mac: [*m(h), solicit(h, mac=x), "sync", ping(h)])
            c.add(f"{state}-solicit-unicast-{name}", lambda h, m=make, x=mac: [*m(h), solicit(h, mac=x, to=UNICAST), "sync", ping(h)])
            c.add(f"{state}-router-solicitation-{name}", lambda h, m=make, x=mac: [
                *m(h), nd(near(h), "ff02::2", "33:33:00:00:00:02", RS, 0, None, option(1, x)), "sync", ping(h)])
        c.add(f"{state}-solicit-without-option", lambda h, m=make: [*m(h), solicit(h, options=b"", src_mac=TWO, to=UNICAST), "sync", ping(h)])


def tidy(c):
    """Each case ends with a true word, for what waits: a kernel sends no more while too many of its answers wait for neighbours."""
    add = c.add
    c.add = lambda name, make, react=None: add(name, lambda h: [*make(h), "sync", advertise(h, SOLICITED | OVERRIDE)], react)


# Anycast addresses are answered for at once, not within a second.
@family("nd", ip=OURS, sysctls=[(f"net.ipv6.neigh.{d}.proxy_delay", 0) for d in "ab"], quiet_s=0.003)
def cases(c):
    tidy(c)
    targets = {"own": OWN, "own-first": "fd01::1", "link-local": "fe80::ff:fe00:a01", "of-b": "fd0a::1", "link-local-of-b": "fe80::ff:fe00:b01",
               "somebody": "fd09::99", "all-nodes": "ff02::1", "own-group": "ff02::1:ff00:1", "nobody": "::", "loopback": "::1",
               "anycast": "fd09::", "behind-b": "fd19::5", "mapped": "::ffff:10.1.0.1"}
    for name, target in targets.items():
        for where, to in {"group": group(target), "unicast": UNICAST, "all-nodes": ("ff02::1", "33:33:00:00:00:01"),
                          "group-unicast-frame": (group(target)[0], L.DUT_MAC["a"]), "all-routers": ("ff02::2", "33:33:00:00:00:02")}.items():
            c.add(f"solicit-{name}-by-{where}", lambda h, t=target, w=to: [solicit(h, t, to=w)])
        c.add(f"dad-{name}", lambda h, t=target: [solicit(h, t, src="::", options=b"")])
        c.add(f"dad-with-option-{name}", lambda h, t=target: [solicit(h, t, src="::")])
        c.add(f"dad-unicast-{name}", lambda h, t=target: [solicit(h, t, src="::", options=b"", to=UNICAST)])
        c.add(f"solicit-{name}-from-link-local", lambda h, t=target: [solicit(h, t, src=h.near_ll())])
        c.add(f"solicit-{name}-from-far", lambda h, t=target: [solicit(h, t, src=h.far6("a"))])
        c.add(f"solicit-{name}-at-b", lambda h, t=target: [solicit(h, t, src=h.near6("b"), link="b")])
        c.add(f"advertise-{name}-as-ours", lambda h, t=target: [advertise(h, OVERRIDE, target=t, dst="ff02::1", dst_mac="33:33:00:00:00:01")])
    for src in ("ff02::1", "::1", "fd09::1", "fe80::ff:fe00:a01", "::ffff:10.1.0.3"):
        c.add(f"solicit-from-{src}", lambda h, s=src: [solicit(h, src=s)])
    for hops in (0, 1, 64, 254):
        c.add(f"solicit-hops-{hops}", lambda h, n=hops: [solicit(h, hlim=n)])
        c.add(f"advertise-hops-{hops}", lambda h, n=hops: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE, hlim=n), "sync"])
    for code in (1, 255):
        c.add(f"solicit-code-{code}", lambda h, k=code: [solicit(h, code=k)])
        c.add(f"advertise-code-{code}", lambda h, k=code: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE, code=k), "sync"])
    for cut in (4, 8, 12, 20, 23, 24, 25, 31):
        c.add(f"solicit-cut-{cut}", lambda h, n=cut: [solicit(h, cut=n)])
        c.add(f"advertise-cut-{cut}", lambda h, n=cut: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE, cut=n), "sync"])
    shapes = {"none": b"", "length-0": option(1, ONE, 0), "length-2-short": option(1, ONE, 2), "length-2": option(1, ONE, 2) + bytes(8), "twice": option(1, TWO) + option(1, ONE),
              "unknown-first": b"\x7f\1" + bytes(6) + option(1, ONE), "unknown-length-0": b"\x7f\0" + bytes(6) + option(1, ONE), "target-instead": option(2, ONE),
              "nonce": option(1, ONE) + b"\x0e\1" + payload(6), "zero-address": option(1, ZERO), "group-address": option(1, "33:33:00:00:00:01"),
              "own-address": option(1, L.DUT_MAC["a"]), "everybody": option(1, "ff:ff:ff:ff:ff:ff"), "trailer": option(1, ONE) + b"\1", "trailer-7": option(1, ONE) + bytes(7),
              "prefix": option(1, ONE) + b"\3\4" + bytes(30), "mtu": option(1, ONE) + b"\5\1" + bytes(6), "many": (b"\x7f\1" + bytes(6)) * 30 + option(1, ONE)}
    for name, options in shapes.items():
        c.add(f"solicit-option-{name}", lambda h, o=options: [solicit(h, options=o), "sync", ping(h)])
        c.add(f"solicit-unicast-option-{name}", lambda h, o=options: [solicit(h, options=o, to=UNICAST), "sync", ping(h)])
        swapped = options.replace(b"\1\1", b"\2\1") if options[:2] == b"\1\1" else options.replace(option(1, ONE), option(2, ONE))
        c.add(f"advertise-option-{name}", lambda h, o=swapped: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE, options=o), "sync", ping(h)])
    for before in (("hbh-pad",), ("dest-pad",), ("fragment-atomic",), ("routing-0-done",)):
        c.add(f"solicit-behind-{before[0]}", lambda h, b=before: [solicit(h, before=b)])
        c.add(f"advertise-behind-{before[0]}", lambda h, b=before: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE, before=b), "sync"])
    states = {
        "none": lambda h: [],
        "asked": lambda h: [ping(h), "sync"],
        "stale": lambda h: [solicit(h, mac=ONE), "sync"],
        "reachable": lambda h: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE, ONE), "sync"],
        "delay": lambda h: [solicit(h, mac=ONE), "sync", ping(h), "sync"],
    }
    words(c, states, {"us": UNICAST, "all": ("ff02::1", "33:33:00:00:00:01")})
    for word in (0x10000000, 1, 0x1FFFFFFF):
        c.add(f"advertise-reserved-{word:#x}", lambda h, w=word: [ping(h), "sync", advertise(h, SOLICITED | OVERRIDE | w), "sync"])
    for count in (2, 5, 20):
        c.add(f"{count}-wait", lambda h, n=count: [ping(h) for _ in range(n)] + ["sync", advertise(h, SOLICITED | OVERRIDE)])
    c.add("nobody-answers", lambda h: [ping(h), 3.6])
    c.add("nobody-answers-through", lambda h: [eth("b", IPv6(src=h.far6("b"), dst=near(h), nh=17) / Raw(payload(30))), 3.6])
    c.add("permanent-stays", lambda h: [
        advertise(h, SOLICITED | OVERRIDE, TWO, src=h.near6(host=4), target=h.near6(host=4)), "sync",
        eth("a", IPv6(src=h.near6(host=4), dst=h.own6(), nh=58) / Raw(echo(h.near6(host=4), h.own6())[1]), host=4)])
    for size in (24, 32):
        c.add(f"solicit-in-fragments-{size}", lambda h, n=size: fragments(h, n))


def fragments(h, cut):
    """RFC 6980: not even when they can be put together."""
    dst, mac = group(OWN)
    data = bytes([NS, 0, 0, 0, 0, 0, 0, 0]) + socket.inet_pton(socket.AF_INET6, OWN) + option(1, ONE) + b"\x0e\1" + payload(6)
    data = upper(ICMP6, near(h), dst, data)[1]
    parts = [(0, data[:cut], 1), (cut, data[cut:], 0)]
    return [eth("a", IPv6(src=near(h), dst=dst, nh=FRAGMENT, hlim=255) / Raw(bytes([ICMP6, 0]) + (at | m).to_bytes(2, "big") + h.n.to_bytes(4, "big") + part),
                dst=mac) for at, part, m in parts]


NEIGH = "net.ipv6.neigh.a."


@family("nd-slow", ip=OURS, sysctls=((NEIGH + "delay_first_probe_time", 1), (NEIGH + "retrans_time_ms", 300)), quiet_s=0.003, alone=True, slow=True)
def late(c):
    """Entries that are being asked about again (PROBE), or that could not be found (FAILED)."""
    tidy(c)
    words(c, {"probe": lambda h: [solicit(h, mac=ONE), "sync", ping(h), 1.15], "failed": lambda h: [ping(h), 1.1]}, {"us": UNICAST})
    c.add("probed-in-vain", lambda h: [solicit(h, mac=ONE), "sync", ping(h), 2.4, ping(h)])
    c.add("failed-then-asked-again", lambda h: [ping(h), 1.1, ping(h), 1.1])
