# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 options (RFC 791 section 3.1; RFC 1122, 3.2.1.8; RFC 1812, 4.2.2.1 and 5.2.4; RFC 7126): to us, through us, and what errors
and echoes do with them."""
import socket
import struct

from case import family
from craft import ICMP, IP, UDP, Raw, eth, payload

END, NOP, RR, TS, SECURITY, LSRR, CIPSO, SID, SSRR, RA = 0, 1, 7, 68, 130, 131, 134, 136, 137, 148


class Opt(bytes):
    """Options as bytes that scapy puts behind the header, padded to words."""


def addrs(*names):
    return b"".join(socket.inet_aton(n) for n in names)


def route(kind, pointer, *names, room=0, length=None):
    body = addrs(*names) + bytes(4 * room)
    return bytes([kind, length if length is not None else 3 + len(body), pointer]) + body


def stamp(flag, pointer, body, over=0, length=None):
    return bytes([TS, length if length is not None else 4 + len(body), pointer, over << 4 | flag]) + body


def with_options(src, dst, options, inner, ident, **ip):
    """An IPv4 packet whose options are these bytes, whatever they mean."""
    padded = options + bytes(-len(options) % 4)
    p = bytes(IP(src=src, dst=dst, id=ident, ihl=5 + len(padded) // 4, **ip) / inner)
    p = bytearray(p[:20] + padded + p[20:])
    p[2:4] = struct.pack("!H", len(p))
    p[10:12] = b"\0\0"
    total = sum(struct.unpack(f"!{(20 + len(padded)) // 2}H", p[:20 + len(padded)]))
    total = (total & 0xFFFF) + (total >> 16)
    p[10:12] = struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return Raw(bytes(p))


def option_sets(h):
    """name: options; addresses are of the dut, of near hosts, of far ones."""
    own, own_b, near, far = h.own4(), h.own4("b"), h.near4("b"), h.far4("b")
    sets = {
        "end": b"\0", "end-nop": b"\0\1\1\1", "nop": b"\1", "nops": b"\1" * 40, "end-then-rubbish": b"\0\7\x28\4",
        "record-route": route(RR, 4, room=3), "record-route-1": route(RR, 4, room=1), "record-route-full": route(RR, 8, room=1),
        "record-route-9": route(RR, 4, room=9), "record-route-half": route(RR, 8, near, room=2),
        "record-route-pointer-3": route(RR, 3, room=3), "record-route-pointer-5": route(RR, 5, room=3),
        "record-route-pointer-0": route(RR, 0, room=3), "record-route-pointer-255": route(RR, 255, room=3),
        "record-route-empty": route(RR, 4), "record-route-length-2": route(RR, 4, length=2),
        "record-route-length-0": route(RR, 4, length=0), "record-route-length-255": route(RR, 4, room=1, length=255),
        "record-route-odd": route(RR, 4, length=6) + bytes(3), "record-route-twice": route(RR, 4, room=1) + b"\1" + route(RR, 4, room=1),
        "nop-record-route": b"\1" + route(RR, 4, room=2), "record-route-end": route(RR, 4, room=1) + b"\0",
        "lsrr-one": route(LSRR, 4, near), "lsrr-two": route(LSRR, 4, own_b, near), "lsrr-done": route(LSRR, 8, near),
        "lsrr-far": route(LSRR, 4, far), "lsrr-own": route(LSRR, 4, own), "lsrr-pointer-3": route(LSRR, 3, near),
        "lsrr-empty": route(LSRR, 4), "lsrr-length-2": route(LSRR, 4, length=2), "lsrr-to-group": route(LSRR, 4, "224.0.0.1"),
        "lsrr-to-loopback": route(LSRR, 4, "127.0.0.1"), "lsrr-to-nobody": route(LSRR, 4, "192.0.2.7"),
        "ssrr-near": route(SSRR, 4, near), "ssrr-far": route(SSRR, 4, far), "ssrr-two": route(SSRR, 4, own_b, near),
        "ssrr-done": route(SSRR, 8, near), "ssrr-pointer-255": route(SSRR, 255, near),
        "lsrr-and-ssrr": route(LSRR, 4, near) + b"\1" + route(SSRR, 4, near), "lsrr-and-rr": route(LSRR, 8, near) + b"\1" + route(RR, 4, room=2),
        "stamp": stamp(0, 5, bytes(12)), "stamp-full": stamp(0, 9, bytes(4)), "stamp-full-15": stamp(0, 9, bytes(4), over=15),
        "stamp-full-14": stamp(0, 9, bytes(4), over=14),
        "stamp-pointer-4": stamp(0, 4, bytes(12)), "stamp-pointer-0": stamp(0, 0, bytes(12)), "stamp-short": stamp(0, 5, b"", length=3),
        "stamp-no-room": stamp(0, 5, b""), "stamp-and-address": stamp(1, 5, bytes(16)), "stamp-and-address-full": stamp(1, 13, bytes(8)),
        "stamp-and-address-odd": stamp(1, 9, bytes(8)), "stamp-by-us": stamp(3, 5, addrs(own) + bytes(4)),
        "stamp-by-us-b": stamp(3, 5, addrs(own_b) + bytes(4)), "stamp-by-another": stamp(3, 5, addrs(near) + bytes(4)),
        "stamp-by-another-then-us": stamp(3, 5, addrs(near) + bytes(4) + addrs(own) + bytes(4)),
        "stamp-flag-2": stamp(2, 5, bytes(12)), "stamp-flag-15": stamp(15, 5, bytes(12)), "stamp-twice": stamp(0, 5, bytes(4)) * 2,
        "security": bytes([SECURITY, 11]) + bytes(9), "security-short": bytes([SECURITY, 3, 0]), "stream-id": bytes([SID, 4, 1, 2]),
        "cipso": bytes([CIPSO, 6, 0, 0, 0, 1]), "router-alert": bytes([RA, 4, 0, 0]), "router-alert-1": bytes([RA, 4, 0, 1]),
        "router-alert-5": bytes([RA, 5, 0, 0, 0]), "router-alert-2": bytes([RA, 2]), "router-alert-twice": bytes([RA, 4, 0, 0]) * 2,
        "unknown-copied": bytes([0x9E, 4, 1, 2]), "unknown": bytes([0x1E, 4, 1, 2]), "unknown-length-0": bytes([0x1E, 0, 0, 0]),
        "unknown-length-1": bytes([0x1E, 1, 0, 0]), "unknown-length-2": bytes([0x1E, 2, 0, 0]), "unknown-too-long": bytes([0x1E, 5, 0, 0]),
        "unknown-at-end": b"\1\1\1\x1E", "rr-at-end": b"\1\1\1\7", "quick-start": bytes([25, 8, 8, 0, 0, 0, 0, 0]),
        "mtu-probe": bytes([11, 4, 5, 0xDC]), "traceroute": bytes([82, 12]) + bytes(10), "upstream": bytes([149, 6, 10, 2, 0, 3]),
    }
    return sets


def probe(name, h, dst, inner, **ip):
    return [eth("a", with_options(h.far4("a"), dst or h.far4("b"), option_sets(h)[name], inner, h.ident, **ip), type=0x800)]


@family("opt4")
def cases(c):
    class Names:  # the names do not depend on the Hand
        own4 = staticmethod(lambda link="a": "10.1.0.1")
        near4 = staticmethod(lambda link="a", host=3: "10.1.0.3")
        far4 = staticmethod(lambda link: "198.19.0.1")
    for name in option_sets(Names):
        c.add(f"{name}-echo-to-us", lambda h, n=name: probe(n, h, h.own4(), ICMP(id=7) / Raw(payload(8))))
        c.add(f"{name}-udp-to-us", lambda h, n=name: probe(n, h, h.own4(), UDP(sport=4000, dport=9) / Raw(payload(20))))
        c.add(f"{name}-through", lambda h, n=name: probe(n, h, None, UDP(sport=4000, dport=9) / Raw(payload(20))))
        c.add(f"{name}-expires", lambda h, n=name: probe(n, h, None, UDP(sport=4000, dport=9) / Raw(payload(20)), ttl=1))
        c.add(f"{name}-no-route", lambda h, n=name: probe(n, h, "192.0.2.7", UDP(sport=4000, dport=9) / Raw(payload(20))))
        c.add(f"{name}-cut-in-two", lambda h, n=name: probe(n, h, None, UDP(sport=4000, dport=9) / Raw(payload(1400))))
        c.add(f"{name}-too-big", lambda h, n=name: probe(n, h, None, UDP(sport=4000, dport=9) / Raw(payload(1400)), flags="DF"))
    for name in ("record-route", "stamp", "nop", "unknown", "router-alert"):
        c.add(f"{name}-to-group", lambda h, n=name: [
            (link, bytes.fromhex("01005e000001") + f[6:]) for link, f in probe(n, h, "224.0.0.1", ICMP(id=7) / Raw(b"x"))])
