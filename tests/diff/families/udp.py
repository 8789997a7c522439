# SPDX-License-Identifier: BSD-2-Clause
"""UDP to ports nobody has (RFC 768; RFC 1122, 4.1; RFC 8200, 8.1; RFC 6935)."""
import struct

from case import family
from craft import IP, IPv6, UDP, Raw, eth, payload
from families.ext6 import upper


def four(h, dport=7, sport=4000, data=b"hello", src=None, dst=None, mac=None, **kw):
    ip = {k: kw.pop(k) for k in ("ttl", "tos", "flags", "options") if k in kw}
    return eth("a", IP(src=src or h.far4("a"), dst=dst or h.own4(), id=h.ident, **ip) / UDP(sport=sport, dport=dport, **kw) / Raw(data), dst=mac)


def six(h, dport=7, sport=4000, data=b"hello", src=None, dst=None, mac=None, length=None, chksum=None, **ip):
    src, dst = src or h.far6("a"), dst or h.own6()
    body = upper(17, src, dst, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data)[1]
    if length is not None:
        body = upper(17, src, dst, body[:4] + struct.pack("!H", length) + body[6:])[1]
    if chksum is not None:
        body = body[:6] + struct.pack("!H", chksum) + body[8:]
    return eth("a", IPv6(src=src, dst=dst, nh=17, **ip) / Raw(body), dst=mac)


@family("udp")
def cases(c):
    for name, make in {"4": four, "6": six}.items():
        for port in (7, 53):
            where = f"{name}-port-{port}"
            for size in (0, 1, 2, 3, 8, 100, 1000, 1372, 1440, 1452):
                c.add(f"{where}-size-{size}", lambda h, m=make, p=port, s=size: [m(h, p, data=payload(s))])
            for length in (0, 1, 7, 8, 9, 12, 13, 14, 100, 65535):
                key = "len" if make is four else "length"
                c.add(f"{where}-length-{length}", lambda h, m=make, p=port, k=key, n=length: [m(h, p, **{k: n})])
            for chksum in (0, 1, 0xFFFF):
                c.add(f"{where}-sum-{chksum}", lambda h, m=make, p=port, x=chksum: [m(h, p, chksum=x)])
            for sport in (0, 1, 7, 65535):
                c.add(f"{where}-from-port-{sport}", lambda h, m=make, p=port, s=sport: [m(h, p, s)])
            for n in (2, 10):
                c.add(f"{where}-{n}-at-once", lambda h, m=make, p=port, k=n: [m(h, p, data=bytes([i])) for i in range(k)])
        for cut in range(1, 8):
            c.add(f"{name}-cut-{cut}", lambda h, n=cut, m=make: [(link, trim(f, n)) for link, f in [m(h, 9)]])
    for dst in ("10.1.0.255", "255.255.255.255", "224.0.0.1", "10.2.0.1", "127.0.0.1"):
        for port in (7, 9):
            for mac in ("ff:ff:ff:ff:ff:ff", None):
                c.add(f"4-to-{dst}-port-{port}-{'broadcast' if mac else 'unicast'}", lambda h, d=dst, p=port, m=mac: [four(h, p, dst=d, mac=m)])
    for dst in ("ff02::1", "fd02::1", "::1", "fe80::ff:fe00:a01"):
        for port in (7, 9):
            for mac in ("33:33:00:00:00:01", None):
                c.add(f"6-to-{dst}-port-{port}-{'group' if mac else 'unicast'}", lambda h, d=dst, p=port, m=mac: [six(h, p, dst=d, mac=m)])
    for ttl in (1, 255):
        c.add(f"4-ttl-{ttl}", lambda h, t=ttl: [four(h, ttl=t)])
        c.add(f"6-hops-{ttl}", lambda h, t=ttl: [six(h, hlim=t)])
    for tos in (1, 3, 0x88):
        c.add(f"4-tos-{tos}", lambda h, t=tos: [four(h, tos=t)])
        c.add(f"6-class-{tos}", lambda h, t=tos: [six(h, tc=t)])


def trim(frame, n):
    """Only n bytes of UDP header, the packet's length saying so."""
    six_ = frame[12:14] == b"\x86\xdd"
    f = bytearray(frame[:14 + (40 if six_ else 20) + n])
    if six_:
        f[18:20] = struct.pack("!H", n)
    else:
        import wire  # pylint: disable=import-outside-toplevel
        f[16:18] = struct.pack("!H", 20 + n)
        f[24:26] = b"\0\0"
        f[24:26] = struct.pack("!H", ~wire.inet_sum(bytes(f[14:34])) & 0xFFFF)
    return bytes(f)
