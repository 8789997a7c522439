# SPDX-License-Identifier: BSD-2-Clause
"""Every ICMPv6 type and code to an address of the dut (RFC 4443), but for neighbour discovery, which is family nd."""
from case import family
from craft import ICMPv6Unknown, IPv6, UDP, Raw, eth, every_code, payload
from scapy.layers.inet6 import ICMPv6EchoRequest

EDGE_CODES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 255)
GROUPS = {"ff02::1": "33:33:00:00:00:01", "ff02::2": "33:33:00:00:00:02", "ff02::1:ff00:1": "33:33:ff:00:00:01",
          "ff02::16": "33:33:00:00:00:16", "ff02::1234": "33:33:00:00:12:34", "ff05::2": "33:33:00:00:00:02",
          "ff01::1": "33:33:00:00:00:01", "ff0e::1234": "33:33:00:00:12:34"}


def message(kind, code, body):
    return ICMPv6Unknown(type=kind, code=code, msgbody=body)


def quoted(h, size=16, kind=17):
    inner = UDP(sport=4000, dport=5000) / Raw(payload(size)) if kind == 17 else Raw(payload(size))
    return bytes(IPv6(src=h.own6(), dst=h.far6("a"), nh=kind) / inner)


def body(h, kind):
    return bytes(4) + quoted(h) if kind < 128 else bytes(4) + payload(24)


def to_us(h, inner, **ip):
    return [eth("a", IPv6(src=h.far6("a"), dst=ip.pop("dst", None) or h.own6(), **ip) / inner)]


def echo(size=8):
    return ICMPv6EchoRequest(id=7, seq=9, data=payload(size))


@family("icmp6")
def cases(c):
    for kind in range(256):
        c.add(f"type-{kind}-every-code", lambda h, t=kind: every_code(to_us(h, message(t, 0, body(h, t)), hlim=255)[0], 54))
        c.add(f"type-{kind}-every-code-through", lambda h, t=kind: every_code(to_us(h, message(t, 0, body(h, t)), dst=h.far6("b"))[0], 54))
        c.add(f"type-{kind}-expires", lambda h, t=kind: to_us(h, message(t, 0, body(h, t)), dst=h.far6("b"), hlim=1))
        c.add(f"type-{kind}-hops-64", lambda h, t=kind: to_us(h, message(t, 0, body(h, t))))
        c.add(f"type-{kind}-from-near", lambda h, t=kind: [eth("a", IPv6(src=h.near_ll(), dst=h.own_ll(), hlim=255) / message(t, 0, body(h, t)), host=3)])
        c.add(f"type-{kind}-to-all-nodes", lambda h, t=kind: [
            eth("a", IPv6(src=h.far6("a"), dst="ff02::1", hlim=255) / message(t, 0, body(h, t)), dst="33:33:00:00:00:01")])
        for code in EDGE_CODES if kind < 5 or 127 < kind < 162 else (0, 255):
            c.add(f"type-{kind}-code-{code}", lambda h, t=kind, k=code: to_us(h, message(t, k, body(h, t)), hlim=255))
    for code in sorted(set(range(256)) - set(EDGE_CODES)):
        for kind in (1, 3, 128):
            c.add(f"type-{kind}-code-{code}", lambda h, t=kind, k=code: to_us(h, message(t, k, body(h, t)), hlim=255))
    for size in (0, 1, 2, 3, 7, 8, 9, 100, 1451, 1452):
        c.add(f"echo-size-{size}", lambda h, s=size: to_us(h, echo(s)))
    for hops in (0, 1, 2, 255):
        c.add(f"echo-hops-{hops}", lambda h, n=hops: to_us(h, echo(), hlim=n))
    for tc in (1, 2, 3, 4, 0x10, 0x88, 0xFF):
        c.add(f"echo-class-{tc}", lambda h, t=tc: to_us(h, echo(), tc=t))
    for label in (1, 0x12345, 0xFFFFF):
        c.add(f"echo-label-{label}", lambda h, x=label: to_us(h, echo(), fl=x))
    for bad in (0, 1, 0xFFFF):
        c.add(f"echo-bad-sum-{bad}", lambda h, b=bad: to_us(h, ICMPv6EchoRequest(id=7, data=b"1234", cksum=b)))
    for cut in range(8):
        for kind in (1, 2, 3, 4, 128, 129, 130, 135, 139):
            c.add(f"type-{kind}-cut-{cut}", lambda h, n=cut, t=kind: to_us(h, cut_message(h, t, n), hlim=255))
    for cut in range(0, 48, 8):
        for kind in (1, 2):
            c.add(f"type-{kind}-quotes-{cut}", lambda h, n=cut, t=kind: to_us(
                h, message(t, 0, b"\0\0\5\0" + quoted(h)[:n])))
    for dst, mac in GROUPS.items():
        for group in (mac, "33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff", None):
            if group == "33:33:00:00:00:01" and mac == group:
                continue
            c.add(f"echo-to-{dst}-in-{group or 'unicast'}", lambda h, d=dst, g=group: [
                eth("a", IPv6(src=h.far6("a"), dst=d) / echo(), dst=g)])
            c.add(f"echo-to-{dst}-in-{group or 'unicast'}-from-near", lambda h, d=dst, g=group: [
                eth("a", IPv6(src=h.near_ll(), dst=d) / echo(), host=3, dst=g)])
    # RFC 4443, 2.4(e): no errors to groups but for two, none about errors, none to nobody.
    for dst in ("ff02::1", "ff02::2"):
        c.add(f"udp-closed-to-{dst}", lambda h, d=dst: [
            eth("a", IPv6(src=h.far6("a"), dst=d) / UDP(sport=4000, dport=9) / Raw(b"x"), dst=GROUPS[d])])
        c.add(f"unknown-header-to-{dst}", lambda h, d=dst: [
            eth("a", IPv6(src=h.far6("a"), dst=d, nh=253) / Raw(payload(40)), dst=GROUPS[d])])
    for link in "ab":
        for at in "ab":
            c.add(f"echo-to-address-of-{link}-at-{at}", lambda h, l=link, x=at: [
                eth(x, IPv6(src=h.far6(x), dst=h.own6(l)) / echo())])
            c.add(f"echo-to-link-local-of-{link}-at-{at}", lambda h, l=link, x=at: [
                eth(x, IPv6(src=h.near_ll(x), dst=h.own_ll(l)) / echo(), host=3)])
            c.add(f"echo-to-link-local-of-{link}-at-{at}-from-far", lambda h, l=link, x=at: [
                eth(x, IPv6(src=h.far6(x), dst=h.own_ll(l)) / echo(), host=3)])
    c.add("echo-from-near", lambda h: [eth("a", IPv6(src=h.near6(), dst=h.own6()) / echo(), host=3)])
    c.add("echo-from-near-link-local", lambda h: [eth("a", IPv6(src=h.near_ll(), dst=h.own6()) / echo(), host=3)])
    c.add("echo-source-behind-the-other-link", lambda h: [eth("a", IPv6(src=h.far6("b"), dst=h.own6()) / echo())])
    c.add("echo-source-without-route", lambda h: [eth("a", IPv6(src=f"2001:db8::{h.n:x}", dst=h.own6()) / echo())])
    for proto in (1, 2, 3, 4, 41, 47, 50, 51, 59, 61, 89, 99, 103, 112, 115, 143, 200, 253, 254, 255):
        c.add(f"next-header-{proto}", lambda h, p=proto: to_us(h, Raw(payload(32, 16)), nh=p))
    for sport, dport in ((0, 7), (1, 1), (4000, 9), (4000, 33434), (4000, 65535), (4000, 0)):
        c.add(f"udp-closed-{sport}-{dport}", lambda h, s=sport, d=dport: to_us(h, UDP(sport=s, dport=d) / Raw(payload(40))))
    for size in (0, 1, 8, 500, 1180, 1184, 1185, 1192, 1193, 1452):
        c.add(f"udp-closed-size-{size}", lambda h, s=size: to_us(h, UDP(sport=4000, dport=9) / Raw(payload(s))))
    for bad in (0, 1, 0xFFFF):
        c.add(f"udp-closed-bad-sum-{bad}", lambda h, b=bad: to_us(h, UDP(sport=4000, dport=9, chksum=b) / Raw(payload(9))))
    for tc in (1, 3, 0x88):
        c.add(f"udp-closed-class-{tc}", lambda h, t=tc: to_us(h, UDP(sport=4000, dport=9) / Raw(b"x"), tc=t, fl=77))


def cut_message(h, kind, n):
    """The first n bytes of an ICMPv6 message as a whole payload, summed as far as it has a sum."""
    from scapy.layers.inet6 import in6_chksum  # pylint: disable=import-outside-toplevel
    data = bytearray(bytes([kind, 0, 0, 0, 0, 0, 0, 0])[:n])
    ip = IPv6(src=h.far6("a"), dst=h.own6(), nh=58)
    if n >= 4:
        data[2:4] = in6_chksum(58, ip, bytes(data)).to_bytes(2, "big")
    ip.plen = n
    return Raw58(bytes(data))


class Raw58(Raw):
    """Bytes that make the header before them say ICMPv6."""
    overload_fields = {IPv6: {"nh": 58}}
