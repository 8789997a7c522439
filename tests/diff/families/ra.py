# SPDX-License-Identifier: BSD-2-Clause
"""Router advertisements to a host that heeds them (RFC 4861, 6.1.2 and 6.3.4; RFC 4862, 5.5; RFC 4191), and to a router, which does not.
What was believed is asked for on the wire: is the address there (a solicitation), is the prefix on the link, who is the way to elsewhere,
with which hop limit and in which pieces does the answer come."""
import socket
import struct

from case import family
from craft import IPv6, Raw, eth, payload
from families.arp import ONE
from families.ext6 import ICMP6, chain, upper
from families.nd import option, solicit

RA = 134
FOREVER = 0xFFFFFFFF
SETTINGS = tuple((f"net.ipv6.conf.a.{k}", v) for k, v in (("accept_ra", 1), ("max_addresses", 0), ("accept_ra_rt_info_max_plen", 128), ("use_tempaddr", 0)))


def router(h):
    return f"fe80::{h.n + 0x100:x}"


def prefix(h, i=0):
    return f"fd20:{i:x}:0:{h.n:x}::"


def address(h, i=0):
    """What a dut makes of the prefix with its link-layer address (RFC 2464, 4)."""
    return f"fd20:{i:x}:0:{h.n:x}:0:ff:fe00:a01"


def info(h, net=None, plen=64, flags=0xC0, valid=86400, preferred=14400, i=0, length=4):
    return struct.pack("!BBBBIII", 3, length, plen, flags, valid, preferred, 0) + socket.inet_pton(socket.AF_INET6, net or prefix(h, i))


def route(net, plen, preference=0, life=1800, words=2):
    body = socket.inet_pton(socket.AF_INET6, net)[:(words - 1) * 8]
    return struct.pack("!BBBBI", 24, words, plen, preference << 3, life) + body


def advertise(h, options=b"", life=0, hops=0, flags=0, src=None, dst="ff02::1", hlim=255, code=0, cut=None, source=True, before=(), mac="33:33:00:00:00:01", link="a"):
    body = bytes([RA, code, 0, 0, hops, flags]) + struct.pack("!HII", life, 0, 0) + (option(1, ONE) if source else b"") + options
    src = src or router(h)
    number, data = chain(before, *upper(ICMP6, src, dst, body[:cut]))
    return eth(link, IPv6(src=src, dst=dst, nh=number, hlim=hlim) / Raw(data), dst=mac, src=ONE)


def forget(h, options=b"", **kw):
    """Takes back what the case taught."""
    return ["sync", advertise(h, options, **kw)]


def has(h, i=0, target=None):
    return ["sync", solicit(h, target or address(h, i), src=h.near_ll(), mac="02:00:00:00:0a:03")]


def ping(h, src, size=8, dst=None):
    dst = dst or h.own6()
    number, data = upper(ICMP6, src, dst, b"\x80\0\0\0\0\7\0\1" + payload(size))
    return ["sync", eth("a", IPv6(src=src, dst=dst, nh=number) / Raw(data))]


def elsewhere(h, i=0):
    return f"2001:db8:{i:x}::{h.n:x}"


def no_life(options):
    """The same with a first prefix that is on the link no more."""
    return options[:4] + bytes(8) + options[12:] if options[:1] == b"\3" else options


@family("ra", ip=("-6 route del default via fd01::2 dev a",), sysctls=SETTINGS, roles=("host",), quiet_s=0.01)
def host(c):
    played(c)


@family("ra-router", sysctls=SETTINGS, roles=("router",), quiet_s=0.01)
def as_router(c):
    played(c)


def played(c):
    def prefixed(name, options, extra=None, **kw):
        c.add(f"prefix-{name}", lambda h, o=options: [
            advertise(h, o(h), **kw), *has(h), *(extra(h) if extra else []), *forget(h, no_life(o(h)))])
    for flags in range(0, 256, 32):
        prefixed(f"flags-{flags:#x}", lambda h, f=flags: info(h, flags=f), lambda h: ping(h, f"fd20:0:0:{h.n:x}::99"))
    for plen in (0, 1, 32, 48, 63, 65, 96, 127, 128, 129, 255):
        prefixed(f"length-{plen}", lambda h, n=plen: info(h, plen=n))
        prefixed(f"length-{plen}-then-elsewhere", lambda h, n=plen: info(h, plen=n), lambda h: ping(h, elsewhere(h)))
        prefixed(f"length-{plen}-then-inside", lambda h, n=plen: info(h, plen=n), lambda h: ping(h, f"fd20:0:0:{h.n:x}::99"))
    for valid, preferred in ((0, 0), (1, 0), (1, 1), (7200, 7200), (100, 200), (FOREVER, FOREVER), (FOREVER, 0), (0, FOREVER), (7201, 0), (86400, 86400)):
        prefixed(f"valid-{valid}-preferred-{preferred}", lambda h, v=valid, p=preferred: info(h, valid=v, preferred=p))
    for net in ("fe80::", "ff02::", "::", "::1", "fd01::", "2001:db8:77::", "::ffff:0:0"):
        c.add(f"prefix-of-{net}", lambda h, n=net: [advertise(h, info(h, n)), *has(h, target="fd01::ff:fe00:a01" if n == "fd01::" else "2001:db8:77::ff:fe00:a01")])
    prefixed("two", lambda h: info(h) + info(h, i=1), lambda h: has(h, 1))
    prefixed("same-twice", lambda h: info(h) + info(h, valid=7200))
    prefixed("not-at-its-start", lambda h: info(h, prefix(h) + "6:7:8"))
    for length in (0, 1, 3, 5):
        prefixed(f"option-length-{length}", lambda h, n=length: info(h, length=n) + bytes(8))
    for hops in (0, 1, 64, 254):
        prefixed(f"hops-{hops}", info, hlim=hops)
    for code in (1, 255):
        prefixed(f"code-{code}", info, code=code)
    for src in ("fd01::3", "::", "ff02::1", "fe80::ff:fe00:a01", "::1"):
        prefixed(f"from-{src}", info, src=src)
    for dst, mac in (("fd01::1", None), ("fe80::ff:fe00:a01", None), ("ff02::2", "33:33:00:00:00:02"), ("ff02::1:ff00:1", "33:33:ff:00:00:01")):
        prefixed(f"to-{dst}", info, dst=dst, mac=mac)
    for before in (("hbh-pad",), ("dest-pad",), ("fragment-atomic",)):
        prefixed(f"behind-{before[0]}", info, before=before)
    for cut in (4, 8, 15, 16, 20, 24, 32, 40, 55):
        prefixed(f"cut-{cut}", info, cut=cut)
    prefixed("after-unknown-option", lambda h: b"\x7f\1" + bytes(6) + info(h))
    prefixed("before-option-length-0", lambda h: info(h) + b"\x7f\0" + bytes(6))
    prefixed("with-dns", lambda h: info(h) + struct.pack("!BBHI", 25, 3, 0, 600) + bytes(16))
    prefixed("managed", info, flags=0xC0)
    c.add("prefix-then-taken-back", lambda h: [advertise(h, info(h)), "sync", advertise(h, info(h, valid=0, preferred=0)), *has(h)])
    c.add("prefix-then-deprecated", lambda h: [advertise(h, info(h)), "sync", advertise(h, info(h, preferred=0)), *has(h)])
    c.add("prefix-one-second", lambda h: [advertise(h, info(h, valid=1, preferred=1)), *has(h), 2.5, *has(h)])
    c.add("prefix-on-link-then-not", lambda h: [advertise(h, info(h, flags=0x80)), "sync", advertise(h, info(h, flags=0x80, valid=0, preferred=0)),
                                                *ping(h, f"fd20:0:0:{h.n:x}::98")])
    # The way to elsewhere.
    for life in (0, 1, 1800, 9000, 65535):
        c.add(f"router-life-{life}", lambda h, n=life: [advertise(h, life=n), *ping(h, elsewhere(h)), *forget(h)])
    c.add("router-then-gone", lambda h: [advertise(h, life=1800), *ping(h, elsewhere(h)), "sync", advertise(h), *ping(h, elsewhere(h))])
    c.add("router-expires", lambda h: [advertise(h, life=1), *ping(h, elsewhere(h)), 2.5, *ping(h, elsewhere(h))])
    c.add("router-without-address", lambda h: [advertise(h, life=1800, source=False), *ping(h, elsewhere(h)), *forget(h)])
    for preference in range(4):
        c.add(f"router-preference-{preference}", lambda h, p=preference: [advertise(h, life=1800, flags=p << 3), *ping(h, elsewhere(h)), *forget(h)])
    for hops in (1, 33, 64, 255):
        c.add(f"hop-limit-{hops}", lambda h, n=hops: [advertise(h, hops=n), *ping(h, h.far6("a")), *forget(h, hops=64)])
    c.add("hop-limit-0-keeps", lambda h: [advertise(h, hops=33), "sync", advertise(h), *ping(h, h.far6("a")), *forget(h, hops=64)])
    for mtu in (0, 68, 1279, 1280, 1281, 1400, 1499, 1500, 1501, 9000, FOREVER):
        c.add(f"mtu-{mtu}", lambda h, m=mtu: [advertise(h, struct.pack("!BBHI", 5, 1, 0, m)), *ping(h, h.far6("a"), 1450), *forget(h, struct.pack("!BBHI", 5, 1, 0, 1500))])
    # RFC 4191: more specific ways.
    for plen in (0, 1, 32, 64, 65, 128, 129):
        for words in (1, 2, 3):
            if words < 1 + (plen > 0) + (plen > 64) and plen in (1, 32, 65, 129):
                continue  # Linux reads a prefix that is not there, and would keep it
            c.add(f"route-{plen}-in-{words}", lambda h, n=plen, w=words: [
                advertise(h, route(elsewhere(h, h.n), n, words=w)), *ping(h, elsewhere(h, h.n)), *forget(h, route(elsewhere(h, h.n), n, life=0, words=w))])
    for preference in range(4):
        c.add(f"route-preference-{preference}", lambda h, p=preference: [
            advertise(h, route(elsewhere(h, h.n), 48, p)), *ping(h, elsewhere(h, h.n)), *forget(h, route(elsewhere(h, h.n), 48, p, 0))])
    for life in (0, 1, FOREVER):
        c.add(f"route-life-{life}", lambda h, n=life: [
            advertise(h, route(elsewhere(h, h.n), 48, life=n)), *ping(h, elsewhere(h, h.n)), *forget(h, route(elsewhere(h, h.n), 48, life=0))])
    c.add("learns-its-address", lambda h: [advertise(h), *ping(h, router(h), dst=h.own_ll())])
