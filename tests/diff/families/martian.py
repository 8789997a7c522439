# SPDX-License-Identifier: BSD-2-Clause
"""Addresses that must not be on a wire, or not in that place (RFC 1122, 3.2.1.3; RFC 1812, 4.2.2.11 and 5.3.7; RFC 4291; RFC 6890)."""
from case import family
from craft import ICMP, IP, IPv6, UDP, Raw, eth, payload
from families.ext6 import echo, udp

FOUR = ["0.0.0.0", "0.0.0.1", "0.1.2.3", "10.0.0.1", "10.1.0.0", "10.1.0.1", "10.1.0.3", "10.1.0.200", "10.1.0.255", "10.2.0.1", "10.2.0.3",
        "10.2.0.255", "100.64.0.1", "127.0.0.0", "127.0.0.1", "127.1.2.3", "127.255.255.255", "169.254.0.0", "169.254.1.1",
        "169.254.255.255", "172.16.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.0", "198.18.200.1",
        "198.19.200.1", "203.0.113.1", "223.255.255.255", "224.0.0.0", "224.0.0.1", "224.0.0.9", "232.1.1.1", "239.255.255.255",
        "240.0.0.0", "240.0.0.1", "250.1.2.3", "255.255.255.254", "255.255.255.255"]
SIX = ["::", "::1", "::2", "::10.1.0.1", "::ffff:10.1.0.1", "::ffff:0:10.1.0.1", "64:ff9b::a01:1", "100::1", "2001::1", "2001:db8::1", "2002:a01:1::1",
       "3ffe::1", "fc00::1", "fd01::", "fd01::1", "fd01::3", "fd02::", "fd02::1", "fd02::3", "fd18::200:1", "fd19::200:1", "fe80::", "fe80::1:3",
       "fe80::2:3", "fe80::ff:fe00:a01", "fe80::ff:fe00:b01", "fe80:1::1", "fec0::1", "ff00::1", "ff01::1", "ff02::1", "ff02::2", "ff02::1:ff00:1",
       "ff05::2", "ff0e::1", "ff0f::1", "ffff::1"]


def wire4(dst):
    """The link-layer address that fits, or None."""
    first = int(dst.split(".")[0])
    if dst == "255.255.255.255" or dst.endswith(".0.255"):
        return "ff:ff:ff:ff:ff:ff"
    if 224 <= first < 240:
        a = [int(x) for x in dst.split(".")]
        return f"01:00:5e:{a[1] & 127:02x}:{a[2]:02x}:{a[3]:02x}"
    return None


def wire6(dst):
    import socket  # pylint: disable=import-outside-toplevel
    low = socket.inet_pton(socket.AF_INET6, dst)
    return "33:33:" + ":".join(f"{x:02x}" for x in low[12:]) if low[0] == 0xFF else None


@family("martian4")
def cases4(c):
    for src in FOUR:
        c.add(f"echo-from-{src}", lambda h, s=src: [eth("a", IP(src=s, dst=h.own4(), id=h.ident) / ICMP(id=7) / Raw(b"abc"))])
        c.add(f"udp-from-{src}", lambda h, s=src: [eth("a", IP(src=s, dst=h.own4(), id=h.ident) / UDP(sport=4000, dport=9) / Raw(payload(9)))])
        c.add(f"through-from-{src}", lambda h, s=src: [
            eth("a", IP(src=s, dst=h.far4("b"), id=h.ident) / UDP(sport=4000, dport=9) / Raw(payload(9)))])
        c.add(f"expires-from-{src}", lambda h, s=src: [
            eth("a", IP(src=s, dst=h.far4("b"), id=h.ident, ttl=1) / UDP(sport=4000, dport=9) / Raw(payload(9)))])
        c.add(f"to-broadcast-from-{src}", lambda h, s=src: [
            eth("a", IP(src=s, dst="255.255.255.255", id=h.ident) / UDP(sport=4000, dport=9) / Raw(b"x"), dst="ff:ff:ff:ff:ff:ff")])
        c.add(f"to-group-from-{src}", lambda h, s=src: [
            eth("a", IP(src=s, dst="224.0.0.1", id=h.ident) / ICMP(id=7) / Raw(b"x"), dst="01:00:5e:00:00:01")])
    for dst in FOUR:
        c.add(f"echo-to-{dst}", lambda h, d=dst: [eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / ICMP(id=7) / Raw(b"abc"), dst=wire4(d))])
        c.add(f"udp-to-{dst}", lambda h, d=dst: [
            eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / UDP(sport=4000, dport=9) / Raw(payload(9)), dst=wire4(d))])
        c.add(f"expires-to-{dst}", lambda h, d=dst: [
            eth("a", IP(src=h.far4("a"), dst=d, id=h.ident, ttl=1) / UDP(sport=4000, dport=9) / Raw(payload(9)), dst=wire4(d))])
        if wire4(dst):
            c.add(f"udp-to-{dst}-in-unicast", lambda h, d=dst: [
                eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / UDP(sport=4000, dport=9) / Raw(payload(9)))])
        else:
            for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"):
                c.add(f"udp-to-{dst}-in-{mac}", lambda h, d=dst, m=mac: [
                    eth("a", IP(src=h.far4("a"), dst=d, id=h.ident) / UDP(sport=4000, dport=9) / Raw(payload(9)), dst=m)])
    for who in FOUR:
        c.add(f"from-itself-{who}", lambda h, d=who: [eth("a", IP(src=d, dst=d, id=h.ident) / ICMP(id=7) / Raw(b"land"), dst=wire4(d))])
    for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:01:02:03", "02:00:00:00:0a:01", "00:00:00:00:00:00"):
        c.add(f"frame-from-{mac}", lambda h, m=mac: [eth("a", IP(src=h.far4("a"), dst=h.own4(), id=h.ident) / ICMP(id=7), src=m)])


@family("martian6")
def cases6(c):
    def send(src, dst, make, mac=None, **ip):
        kind, data = make(src, dst)
        return [eth("a", IPv6(src=src, dst=dst, nh=kind, **ip) / Raw(data), dst=mac)]

    for src in SIX:
        c.add(f"echo-from-{src}", lambda h, s=src: send(s, h.own6(), echo))
        c.add(f"udp-from-{src}", lambda h, s=src: send(s, h.own6(), udp))
        c.add(f"to-link-local-from-{src}", lambda h, s=src: send(s, h.own_ll(), echo))
        c.add(f"through-from-{src}", lambda h, s=src: send(s, h.far6("b"), udp))
        c.add(f"expires-from-{src}", lambda h, s=src: send(s, h.far6("b"), udp, hlim=1))
        c.add(f"to-all-nodes-from-{src}", lambda h, s=src: send(s, "ff02::1", echo, "33:33:00:00:00:01"))
    for dst in SIX:
        c.add(f"echo-to-{dst}", lambda h, d=dst: send(h.far6("a"), d, echo, wire6(d)))
        c.add(f"echo-to-{dst}-from-link-local", lambda h, d=dst: send(h.near_ll(), d, echo, wire6(d)))
        c.add(f"udp-to-{dst}", lambda h, d=dst: send(h.far6("a"), d, udp, wire6(d)))
        c.add(f"expires-to-{dst}", lambda h, d=dst: send(h.far6("a"), d, udp, wire6(d), hlim=1))
        for mac in ("ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "02:00:00:00:0a:01"):
            if mac != wire6(dst):
                c.add(f"udp-to-{dst}-in-{mac}", lambda h, d=dst, m=mac: send(h.far6("a"), d, udp, m))
    for who in SIX:
        c.add(f"from-itself-{who}", lambda h, d=who: send(d, d, echo, wire6(d)))
    for mac in ("ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "02:00:00:00:0a:01", "00:00:00:00:00:00"):
        c.add(f"frame-from-{mac}", lambda h, m=mac: [
            (link, f[:6] + bytes.fromhex(m.replace(":", "")) + f[12:]) for link, f in send(h.far6("a"), h.own6(), echo)])
