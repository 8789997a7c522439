# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 for somebody else (RFC 8200, RFC 4443): forwarded, refused by name, or by a host ignored."""
from case import family
from craft import ICMPv6Unknown, IPv6, TCP, UDP, Raw, eth, payload
from scapy.layers.inet6 import IPv6ExtHdrFragment

THROUGH = "ab", "ba"


def across(h, way, inner, **ip):
    src, dst = way
    return [eth(src, IPv6(src=ip.pop("src", None) or h.far6(src), dst=ip.pop("dst", None) or h.far6(dst), **ip) / inner)]


def udp(size=20):
    return UDP(sport=4000, dport=5000) / Raw(payload(size))


def icmp(kind, size=28):
    return ICMPv6Unknown(type=kind, msgbody=payload(size))


@family("forward6")
def cases(c):
    for way in THROUGH:
        for hops in (0, 1, 2, 3, 64, 255):
            c.add(f"hops-{hops}-{way}", lambda h, w=way, t=hops: across(h, w, udp(), hlim=t))
        for tc in (1, 2, 3, 4, 0x10, 0x88, 0xFF):
            c.add(f"class-{tc}-{way}", lambda h, w=way, t=tc: across(h, w, udp(), tc=t))
        for label in (1, 0x12345, 0xFFFFF):
            c.add(f"label-{label}-{way}", lambda h, w=way, x=label: across(h, w, udp(), fl=x))
        for total in (1280, 1281, 1399, 1400, 1401, 1407, 1408, 1480, 1499, 1500):
            if total > 1400 and way == "ba":
                continue
            c.add(f"length-{total}-{way}", lambda h, w=way, n=total: across(h, w, udp(n - 48)))
            c.add(f"length-{total}-in-fragment-{way}", lambda h, w=way, n=total: across(
                h, w, IPv6ExtHdrFragment(id=h.n, m=1) / Raw(payload((n - 48) // 8 * 8)), nh=44))
        for proto in (0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 89, 132, 135, 136, 139, 140, 253, 254, 255):
            c.add(f"next-header-{proto}-{way}", lambda h, w=way, p=proto: across(h, w, Raw(payload(40)), nh=p))
        for bad in (0, 1, 0xFFFF):
            c.add(f"bad-udp-sum-{bad}-{way}", lambda h, w=way, b=bad: across(
                h, w, UDP(sport=4000, dport=5000, chksum=b) / Raw(payload(20))))
        for version in (0, 4, 5, 7, 15):
            c.add(f"version-{version}-{way}", lambda h, w=way, v=version: across(h, w, udp(), version=v))
        for off in (-48, -20, -8, -1, 1, 8, 100):
            c.add(f"payload-length-{off:+}-{way}", lambda h, w=way, o=off: across(h, w, udp(40), plen=48 + o))
        c.add(f"payload-length-0-hop-by-hop-{way}", lambda h, w=way: across(h, w, Raw(b"\x11\0\xc2\x04\0\0\0\x40" + payload(56)), nh=0, plen=0))
        for cut in (0, 1, 8, 39, 40, 41):
            c.add(f"cut-{cut}-{way}", lambda h, w=way, n=cut: [(s, f[:14 + n]) for s, f in across(h, w, udp(40))])
        for trailer in (1, 2, 6, 18, 100):
            c.add(f"trailer-{trailer}-{way}", lambda h, w=way, n=trailer: [(s, f + b"\xAA" * n) for s, f in across(h, w, udp(1))])
        for flags in ("S", "SA", "A", "R", "F", "FPU", ""):
            c.add(f"tcp-{flags or 'none'}-{way}", lambda h, w=way, f=flags: across(h, w, TCP(sport=4000, dport=80, flags=f)))
        for size in (0, 1, 7, 64, 1000, 1352):
            c.add(f"udp-size-{size}-{way}", lambda h, w=way, s=size: across(h, w, udp(s)))
        for kind in range(0, 256, 1 if way == "ab" else 16):
            c.add(f"icmp-{kind}-{way}", lambda h, w=way, t=kind: across(h, w, icmp(t)))
    for kind in (1, 2, 3, 4, 5, 100, 127, 128, 129, 130, 133, 134, 135, 136, 137, 143, 200, 255):
        c.add(f"icmp-{kind}-expires", lambda h, t=kind: across(h, "ab", icmp(t), hlim=1))
        c.add(f"icmp-{kind}-no-route", lambda h, t=kind: across(h, "ab", icmp(t), dst="2001:db8::7"))
        c.add(f"icmp-{kind}-too-big", lambda h, t=kind: across(h, "ab", icmp(t, 1420)))
    kinds = {"no-route": "2001:db8::7", "blackhole": "fdbb:0::1", "unreachable": "fdbb:1::1", "prohibit": "fdbb:2::1",
             "throw": "fdbb:3::1"}
    for name, dst in kinds.items():
        for hops in (1, 2, 64):
            c.add(f"{name}-hops-{hops}", lambda h, d=dst, t=hops: across(h, "ab", udp(), dst=d, hlim=t))
        c.add(f"{name}-long", lambda h, d=dst: across(h, "ab", udp(1430), dst=d))
        c.add(f"{name}-class", lambda h, d=dst: across(h, "ab", udp(), dst=d, tc=0xB8))
        c.add(f"{name}-later-fragment", lambda h, d=dst: across(
            h, "ab", IPv6ExtHdrFragment(id=h.n, offset=10) / Raw(payload(40)), dst=d, nh=44))
    for size in (0, 1, 8, 1180, 1184, 1185, 1192, 1193, 1232, 1452):
        c.add(f"expires-size-{size}", lambda h, s=size: across(h, "ab", udp(s), hlim=1))
    c.add("expires-later-fragment", lambda h: across(h, "ab", IPv6ExtHdrFragment(id=h.n, offset=10) / Raw(payload(40)), nh=44, hlim=1))
    c.add("expires-first-fragment", lambda h: across(h, "ab", IPv6ExtHdrFragment(id=h.n, m=1, nh=17) / Raw(payload(40)), nh=44, hlim=1))
    for src in ("ll", "::", "::1", "ff02::1", "fd01::1"):
        for dst in ("fd19::77", "fd02::3", "fe80::2:3", "ff0e::1234", "ff02::1234", "::1", "::"):
            c.add(f"scope-from-{src}-to-{dst}", lambda h, s=src, d=dst: across(h, "ab", udp(), src=h.near_ll() if s == "ll" else s, dst=d))
    c.add("beyond-scope-link-local-source", lambda h: across(h, "ab", udp(), src=h.near_ll()))
    for mac in ("ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:5e:01:02:03", "02:00:00:00:0a:77"):
        c.add(f"in-frame-to-{mac}", lambda h, m=mac: [eth("a", IPv6(src=h.far6("a"), dst=h.far6("b")) / udp(), dst=m)])
    for host in (3, 9):
        c.add(f"to-near-host-{host}", lambda h, x=host: across(h, "ab", udp(), dst=h.near6("b", x)))
    c.add("to-subnet-router-anycast", lambda h: across(h, "ab", udp(), dst="fd02::"))
    for size in (20, 600, 1352):
        c.add(f"two-at-once-{size}", lambda h, s=size: across(h, "ab", udp(s)) + across(h, "ba", udp(s)))
