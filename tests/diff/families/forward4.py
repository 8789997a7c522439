# SPDX-License-Identifier: BSD-2-Clause
"""What is for somebody else (RFC 1812): forwarded, refused by name, or by a host ignored."""
from case import family
from craft import ICMP, IP, TCP, UDP, Raw, eth, payload

THROUGH = "ab", "ba"


def across(h, way, inner, **ip):
    src, dst = way
    return [eth(src, IP(src=h.far4(src), dst=ip.pop("dst", None) or h.far4(dst), id=h.ident, **ip) / inner)]


def udp(size=20):
    return UDP(sport=4000, dport=5000) / Raw(payload(size))


@family("forward4")
def cases(c):
    for way in THROUGH:
        for ttl in (0, 1, 2, 3, 64, 255):
            c.add(f"ttl-{ttl}-{way}", lambda h, w=way, t=ttl: across(h, w, udp(), ttl=t))
            c.add(f"echo-ttl-{ttl}-{way}", lambda h, w=way, t=ttl: across(h, w, ICMP(id=3), ttl=t))
        for tos in (1, 2, 3, 4, 0x10, 0x88, 0xFF):
            c.add(f"tos-{tos}-{way}", lambda h, w=way, t=tos: across(h, w, udp(), tos=t))
        # b has an MTU of 1400.
        for total in (1371, 1372, 1373, 1376, 1399, 1400, 1401, 1407, 1408, 1409, 1480, 1499, 1500):
            if total > 1400 and way == "ba":
                continue
            for flags in ("", "DF"):
                c.add(f"length-{total}-{flags or 'may-cut'}-{way}",
                      lambda h, w=way, n=total, f=flags: across(h, w, udp(n - 28), flags=f))
        for proto in (0, 1, 2, 4, 6, 17, 41, 47, 50, 51, 89, 132, 136, 253, 255):
            c.add(f"protocol-{proto}-{way}", lambda h, w=way, p=proto: across(h, w, Raw(payload(40)), proto=p))
        for flags in range(8):
            c.add(f"flags-{flags}-{way}", lambda h, w=way, f=flags: across(h, w, udp(), flags=f))
        for offset in (1, 100, 8189, 8191):
            for more in (0, 1):
                c.add(f"fragment-{offset}-more-{more}-{way}",
                      lambda h, w=way, o=offset, m=more: across(h, w, Raw(payload(64)), proto=17, frag=o, flags=m))
        for bad in (0, 1, 0xFFFF):
            c.add(f"bad-header-sum-{bad}-{way}", lambda h, w=way, b=bad: across(h, w, udp(), chksum=b))
            c.add(f"bad-udp-sum-{bad}-{way}", lambda h, w=way, b=bad: across(
                h, w, UDP(sport=4000, dport=5000, chksum=b) / Raw(payload(20))))
        for version in (0, 3, 5, 6, 15):
            c.add(f"version-{version}-{way}", lambda h, w=way, v=version: across(h, w, udp(), version=v))
        for ihl in range(0, 16):
            c.add(f"header-length-{ihl}-{way}", lambda h, w=way, i=ihl: across(h, w, udp(60), ihl=i))
        for off in (-20, -8, -1, 1, 8, 100):
            c.add(f"total-length-{off:+}-{way}", lambda h, w=way, o=off: across(h, w, udp(40), len=68 + o))
        for cut in (0, 1, 8, 19, 20, 21):
            c.add(f"cut-{cut}-{way}", lambda h, w=way, n=cut: [
                (s, f[:14 + n]) for s, f in across(h, w, udp(40))])
        for trailer in (1, 2, 6, 18, 100):
            c.add(f"trailer-{trailer}-{way}", lambda h, w=way, n=trailer: [
                (s, f + b"\xAA" * n) for s, f in across(h, w, udp(1))])
        for flags in ("S", "SA", "A", "R", "F", "FPU", ""):
            c.add(f"tcp-{flags or 'none'}-{way}", lambda h, w=way, f=flags: across(h, w, TCP(sport=4000, dport=80, flags=f)))
        for size in (0, 1, 7, 64, 1000, 1372):
            c.add(f"udp-size-{size}-{way}", lambda h, w=way, s=size: across(h, w, udp(s)))
        for kind in range(0, 256, 1 if way == "ab" else 16):
            c.add(f"icmp-{kind}-{way}", lambda h, w=way, t=kind: across(h, w, ICMP(type=t) / Raw(payload(28))))
    for kind in (0, 3, 4, 5, 8, 11, 12, 13, 17, 30, 40):
        c.add(f"icmp-{kind}-expires", lambda h, t=kind: across(h, "ab", ICMP(type=t) / Raw(payload(28)), ttl=1))
        c.add(f"icmp-{kind}-no-route", lambda h, t=kind: across(h, "ab", ICMP(type=t) / Raw(payload(28)), dst="192.0.2.7"))
        c.add(f"icmp-{kind}-too-big", lambda h, t=kind: across(h, "ab", ICMP(type=t) / Raw(payload(1450)), flags="DF"))
    kinds = {"no-route": "192.0.2.7", "blackhole": "203.0.113.1", "unreachable": "203.0.113.17", "prohibit": "203.0.113.33",
             "throw": "203.0.113.49"}
    for name, dst in kinds.items():
        for ttl in (1, 2, 64):
            c.add(f"{name}-ttl-{ttl}", lambda h, d=dst, t=ttl: across(h, "ab", udp(), dst=d, ttl=t))
        c.add(f"{name}-later-fragment", lambda h, d=dst: across(h, "ab", udp(), dst=d, frag=10))
        c.add(f"{name}-long", lambda h, d=dst: across(h, "ab", udp(1400), dst=d))
        c.add(f"{name}-tos", lambda h, d=dst: across(h, "ab", udp(), dst=d, tos=0xB8))
        c.add(f"{name}-df", lambda h, d=dst: across(h, "ab", udp(), dst=d, flags="DF"))
    c.add("expires-later-fragment", lambda h: across(h, "ab", udp(), frag=10, ttl=1))
    c.add("expires-first-fragment", lambda h: across(h, "ab", udp(), flags="MF", ttl=1))
    for size in (0, 1, 8, 520, 547, 548, 549, 576, 1000, 1472):
        c.add(f"expires-size-{size}", lambda h, s=size: across(h, "ab", udp(s), ttl=1))
    for dst, mac in (("10.2.0.255", None), ("10.2.0.0", None), ("255.255.255.255", "ff:ff:ff:ff:ff:ff")):
        c.add(f"directed-broadcast-{dst}", lambda h, d=dst, m=mac: [
            eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / udp(), dst=m)])
    c.add("unicast-in-broadcast-frame", lambda h: [
        eth("a", IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident) / udp(), dst="ff:ff:ff:ff:ff:ff")])
    c.add("unicast-in-multicast-frame", lambda h: [
        eth("a", IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident) / udp(), dst="01:00:5e:01:02:03")])
    c.add("unicast-in-somebody-elses-frame", lambda h: [
        eth("a", IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident) / udp(), dst="02:00:00:00:0a:77")])
    c.add("multicast", lambda h: [eth("a", IP(src=h.far4("a"), dst="239.1.2.3", id=h.ident) / udp(), dst="01:00:5e:01:02:03")])
    for host in (3, 9):
        c.add(f"to-near-host-{host}", lambda h, x=host: across(h, "ab", udp(), dst=h.near4("b", x)))
    # RFC 1812, 4.3.2.7: the quotation is the packet as it came.
    for size in (20, 600, 1472):
        c.add(f"two-at-once-{size}", lambda h, s=size: across(h, "ab", udp(min(s, 1372))) + across(h, "ba", udp(min(s, 1372))))
