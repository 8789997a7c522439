# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 extension headers (RFC 8200 section 4; RFC 5095; RFC 7112; RFC 8504): alone and in chains, to us and through us."""
import struct

from case import family
from craft import ICMPv6Unknown, IPv6, UDP, Raw, eth, payload
from scapy.layers.inet6 import in6_chksum

HBH, ROUTING, FRAGMENT, ESP, AH, ICMP6, NONE, DEST, MOBILITY, HIP, SHIM6 = 0, 43, 44, 50, 51, 58, 59, 60, 135, 139, 140


def options(data):
    """The part behind next header and length, padded with PadN to 8 bytes."""
    short = -(len(data) + 2) % 8
    if short == 1:
        data += b"\0"
    elif short:
        data += bytes([1, short - 2]) + bytes(short - 2)
    return bytes([(len(data) + 2) // 8 - 1]) + data


def routing(kind, left, *names, room=None):
    import socket  # pylint: disable=import-outside-toplevel
    body = b"".join(socket.inet_pton(socket.AF_INET6, n) for n in names)
    return bytes([len(body) // 8 if room is None else room, kind, left]) + bytes(4) + body


HEADERS = {  # name: (number, what follows the next header byte)
    "hbh-pad": (HBH, options(b"")), "hbh-pad1": (HBH, options(b"\0" * 6)), "hbh-padn": (HBH, options(b"\1\4\0\0\0\0")),
    "hbh-padn-not-zero": (HBH, options(b"\1\4\0\0\7\0")), "hbh-padn-long": (HBH, options(b"\1\x0c" + bytes(12))),
    "hbh-pad1-many": (HBH, options(bytes(14))), "hbh-router-alert": (HBH, options(b"\5\2\0\0")),
    "hbh-router-alert-9": (HBH, options(b"\5\2\0\x09")), "hbh-router-alert-3": (HBH, options(b"\5\3\0\0\0")),
    "hbh-router-alert-twice": (HBH, options(b"\5\2\0\0\5\2\0\0")),
    "hbh-jumbo": (HBH, options(b"\xc2\4\0\1\0\0")), "hbh-jumbo-small": (HBH, options(b"\xc2\4\0\0\0\x40")),
    "hbh-skip": (HBH, options(b"\x1e\2\0\0")), "hbh-drop": (HBH, options(b"\x5e\2\0\0")), "hbh-tell": (HBH, options(b"\x9e\2\0\0")),
    "hbh-tell-unicast": (HBH, options(b"\xde\2\0\0")), "hbh-change": (HBH, options(b"\x3e\2\0\0")),
    "hbh-tell-second": (HBH, options(b"\x1e\2\0\0\x9e\2\0\0")), "hbh-overrun": (HBH, options(b"\x1e\x40\0\0")[:8]),
    "hbh-overrun-1": (HBH, b"\0\x1e\5\0\0\0\0"), "hbh-length-missing": (HBH, b"\0\0\0\0\0\0\x1e"),
    "hbh-ioam": (HBH, options(b"\x31\x0a" + bytes(10))), "hbh-calipso": (HBH, options(b"\7\x08" + bytes(8))),
    "hbh-empty-option": (HBH, options(b"\x1e\0")), "hbh-many": (HBH, options(b"\x1e\0" * 9)), "hbh-long": (HBH, options(b"\x1e\xf0" + bytes(240))),
    "hbh-rpl": (HBH, options(b"\x23\4\0\0\0\0")), "hbh-quick-start": (HBH, options(b"\x26\6" + bytes(6))), "hbh-mtu": (HBH, options(b"\x30\4\5\xdc\0\0")),
    "dest-pad": (DEST, options(b"")), "dest-skip": (DEST, options(b"\x1e\2\0\0")), "dest-drop": (DEST, options(b"\x5e\2\0\0")),
    "dest-tell": (DEST, options(b"\x9e\2\0\0")), "dest-tell-unicast": (DEST, options(b"\xde\2\0\0")),
    "dest-home-address": (DEST, options(b"\xc9\x10" + bytes.fromhex("fd180000000000000000000000009999"))),
    "dest-home-address-short": (DEST, options(b"\xc9\4\0\0\0\0")), "dest-router-alert": (DEST, options(b"\5\2\0\0")),
    "dest-jumbo": (DEST, options(b"\xc2\4\0\1\0\0")), "dest-tunnel-limit": (DEST, options(b"\4\1\0")),
    "dest-overrun": (DEST, b"\0\x1e\5\0\0\0\0"), "dest-padn-not-zero": (DEST, options(b"\1\4\0\0\7\0")),
    "dest-padn-long": (DEST, options(b"\1\x0c" + bytes(12))), "dest-many": (DEST, options(b"\x1e\0" * 9)),
    "dest-pad1-many": (DEST, options(bytes(14))),
    "routing-0-done": (ROUTING, routing(0, 0, "fd02::3")), "routing-0": (ROUTING, routing(0, 1, "fd02::3")),
    "routing-0-two": (ROUTING, routing(0, 2, "fd02::3", "fd02::4")), "routing-0-odd": (ROUTING, routing(0, 1, room=1)),
    "routing-0-empty": (ROUTING, routing(0, 0)), "routing-0-too-many-left": (ROUTING, routing(0, 5, "fd02::3")),
    "routing-2-done": (ROUTING, routing(2, 0, "fd02::3")), "routing-2": (ROUTING, routing(2, 1, "fd02::3")),
    "routing-2-own": (ROUTING, routing(2, 1, "fd01::1")), "routing-3": (ROUTING, routing(3, 1, "fd02::3")),
    "routing-3-done": (ROUTING, routing(3, 0, "fd02::3")), "routing-4": (ROUTING, routing(4, 1, "fd02::3")),
    "routing-4-done": (ROUTING, routing(4, 0, "fd02::3")), "routing-1": (ROUTING, routing(1, 1, "fd02::3")),
    "routing-253": (ROUTING, routing(253, 1, "fd02::3")), "routing-253-done": (ROUTING, routing(253, 0, "fd02::3")),
    "routing-255": (ROUTING, routing(255, 7)), "routing-overrun": (ROUTING, routing(0, 1, room=40)),
    "fragment-atomic": (FRAGMENT, b"\0\0\0\0\0\0\x63"), "fragment-atomic-reserved": (FRAGMENT, b"\xff\0\6\0\0\0\x63"),
    "esp": (ESP, b"\0\1\0\0\0\1\0"), "ah": (AH, b"\4\0\0\0\0\1\0\0\0\1" + bytes(13)), "ah-short": (AH, b"\0\0\0\0\0\1\0"),
    "mobility": (MOBILITY, b"\0\0\0\0\0\0\0"), "hip": (HIP, b"\0\0\0\0\0\0\0"), "shim6": (SHIM6, b"\0\0\0\0\0\0\0"),
}
CHAINS = [
    ("hbh-pad", "dest-pad"), ("dest-pad", "hbh-pad"), ("hbh-pad", "hbh-pad"), ("dest-pad", "dest-pad"), ("dest-pad", "routing-0-done"),
    ("routing-0-done", "dest-pad"), ("hbh-pad", "dest-pad", "routing-0-done", "fragment-atomic", "dest-pad"),
    ("fragment-atomic", "hbh-pad"), ("fragment-atomic", "dest-pad"), ("fragment-atomic", "fragment-atomic"),
    ("routing-0-done", "routing-0-done"), ("routing-0-done", "routing-0"), ("routing-0-done", "hbh-pad"), ("hbh-pad", "fragment-atomic", "dest-tell"),
    ("dest-pad", "dest-tell"), ("hbh-skip", "dest-skip"), ("routing-253-done", "dest-pad"), ("ah", "dest-pad"), ("fragment-atomic", "routing-0"),
    ("dest-pad",) * 5, ("dest-pad",) * 8, ("dest-pad",) * 9, ("dest-pad",) * 20, ("dest-pad",) * 100, ("hbh-pad",) + ("dest-pad",) * 6,
    ("dest-pad", "fragment-atomic"), ("routing-2-done", "routing-0-done"), ("hbh-router-alert", "dest-pad"), ("fragment-atomic",) * 5,
    ("hbh-tell", "hbh-pad"), ("hbh-pad", "hbh-tell"), ("dest-pad", "routing-0"), ("hbh-pad", "routing-253"),
]


def chain(names, last, inner):
    """(first next header, bytes) of these headers before a payload of protocol `last`."""
    kind, data = last, inner
    for name in reversed(names):
        number, rest = HEADERS[name]
        data, kind = bytes([kind]) + rest + data, number
    return kind, data


def upper(proto, src, dst, data):
    """The payload with its checksum."""
    at = 2 if proto == ICMP6 else 6
    data = bytearray(data)
    data[at:at + 2] = b"\0\0"
    data[at:at + 2] = in6_chksum(proto, IPv6(src=src, dst=dst, nh=proto), bytes(data)).to_bytes(2, "big")
    return proto, bytes(data)


def echo(src, dst, size=8):
    return upper(ICMP6, src, dst, b"\x80\0\0\0\0\7\0\1" + payload(size))


def udp(src, dst, size=20, port=9):
    return upper(17, src, dst, struct.pack("!HHHH", 4000, port, 8 + size, 0) + payload(size))


def unknown(_src, _dst):
    return 253, payload(40)


def nothing(_src, _dst):
    return NONE, b""


def send(h, names, dst, make, mac=None, **ip):
    src, dst = h.far6("a"), dst or h.far6("b")
    kind, data = chain(names, *make(src, dst))
    return [eth("a", IPv6(src=src, dst=dst, nh=kind, **ip) / Raw(data), dst=mac)]


@family("ext6")
def cases(c):
    for names in [(n,) for n in HEADERS] + CHAINS:
        text = names[0] + f"-x{len(names)}" if len(names) > 4 and len(set(names)) == 1 else "+".join(names)
        c.add(f"{text}-echo-to-us", lambda h, x=names: send(h, x, h.own6(), echo))
        c.add(f"{text}-udp-to-us", lambda h, x=names: send(h, x, h.own6(), udp))
        c.add(f"{text}-unknown-to-us", lambda h, x=names: send(h, x, h.own6(), unknown))
        c.add(f"{text}-nothing-to-us", lambda h, x=names: send(h, x, h.own6(), nothing))
        c.add(f"{text}-echo-to-group", lambda h, x=names: send(h, x, "ff02::1", echo, "33:33:00:00:00:01"))
        c.add(f"{text}-through", lambda h, x=names: send(h, x, None, udp))
        c.add(f"{text}-expires", lambda h, x=names: send(h, x, None, udp, hlim=1))
        c.add(f"{text}-no-route", lambda h, x=names: send(h, x, "2001:db8::7", udp))
        c.add(f"{text}-too-big", lambda h, x=names: send(h, x, None, lambda s, d: udp(s, d, 1440 - 8 - len(chain(x, 17, b"")[1]))))
    for name in HEADERS:
        number, rest = HEADERS[name]
        for cut in (1, 2, 4, 7, 8):
            if cut < len(rest):
                c.add(f"{name}-cut-{cut}-to-us", lambda h, n=number, r=rest, k=cut: [
                    eth("a", IPv6(src=h.far6("a"), dst=h.own6(), nh=n) / Raw((b"\x3a" + r)[:k]))])
                if cut in (1, 7):
                    c.add(f"{name}-cut-{cut}-through", lambda h, n=number, r=rest, k=cut: [
                        eth("a", IPv6(src=h.far6("a"), dst=h.far6("b"), nh=n) / Raw((b"\x3a" + r)[:k]))])
