# SPDX-License-Identifier: BSD-2-Clause
"""IGMP and MLD as a host speaks them (RFC 1112, 2236, 3376; RFC 2710, 3810): queries of all versions, general, about a group, about
sources, with delays, and wrong ones; reports of others. What is answered within the delay counts as a set. A program on the dut listens
to groups. Older versions are families of their own, since an older querier is remembered for minutes."""
import socket
import struct

import wire
from case import family
from craft import IP, IPv6, Raw, eth
from families.ext6 import ICMP6, chain, upper
import lab as L

GROUPS4 = {"any": "239.1.1.1", "two": "239.1.1.2", "not": "239.1.1.3", "link": "224.0.0.77", "ssm": "232.1.1.1"}
GROUPS6 = {"any": "ff05::101", "two": "ff05::102", "not": "ff05::103", "link": "ff02::177", "ssm": "ff35::1"}
SOURCES4 = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
SOURCES6 = ["2001:db8::1", "2001:db8::2", "2001:db8::3"]
PROGRAM = tuple(f"join={groups['any']} join={groups['two']}+{s[0]},{s[1]} join={groups['not']}-{s[2]} join={groups['link']} join={groups['ssm']}+{s[0]}"
                for groups, s in ((GROUPS4, SOURCES4), (GROUPS6, SOURCES6)))
PROGRAM = tuple(" ".join(PROGRAM).split())
SPOKEN = {"keep": ("igmp", "mld"), "program": PROGRAM, "slow": True}
SETTLED_S = 3.5  # joining is told twice within a second, and once more an address's group
ALERT4 = b"\x94\4\0\0"
ALL4, ALL6 = "224.0.0.1", "ff02::1"
SOON_S = 0.05  # for what is answered without a delay, by timers all the same
SHORT_S = 0.14  # of a tenth of a second


def group_mac(group):
    if ":" in group:
        return "33:33:" + ":".join(f"{x:02x}" for x in socket.inet_pton(socket.AF_INET6, group)[12:])
    low = socket.inet_aton(group)
    return f"01:00:5e:{low[1] & 127:02x}:{low[2]:02x}:{low[3]:02x}"


def group_text(group):
    return group or "general"


def tail(version, sources, size, flags, interval, count=None):
    if version != 3:
        return b""
    pton = socket.AF_INET if size == 4 else socket.AF_INET6
    return struct.pack("!BBH", flags, interval, len(sources) if count is None else count) + b"".join(socket.inet_pton(pton, s) for s in sources)


def igmp(body, dst=ALL4, src="10.1.0.3", mac=None, ttl=1, options=ALERT4, csum=None, link="a", **ip):
    body = bytearray(body)
    if len(body) >= 4:
        body[2:4] = b"\0\0"
        body[2:4] = struct.pack("!H", (~wire.inet_sum(bytes(body)) & 0xFFFF) if csum is None else csum)
    packet = IP(src=src, dst=dst, proto=2, ttl=ttl, tos=0xC0, id=1, ihl=5 + len(options) // 4, len=20 + len(options) + len(body), **ip)
    head = bytearray(bytes(packet)[:20] + options)
    head[10:12] = b"\0\0"
    head[10:12] = struct.pack("!H", ~wire.inet_sum(bytes(head)) & 0xFFFF)
    return eth(link, Raw(bytes(head) + bytes(body)), 3, dst=mac or group_mac(dst), type=0x800)


def query4(version=3, code=0, group=None, sources=(), flags=2, interval=125, count=None, extra=b"", cut=None, kind=0x11, **kw):
    body = struct.pack("!BBH", kind, code, 0) + socket.inet_aton(group or "0.0.0.0") + tail(version, sources, 4, flags, interval, count) + extra
    return igmp(body[:cut], kw.pop("dst", group or ALL4), **kw)


def mld(body, dst=ALL6, src="fe80::1:3", mac=None, hlim=1, before=("hbh-router-alert",), csum=None, link="a", **ip):
    number, data = upper(ICMP6, src, dst, body) if len(body) >= 4 else (ICMP6, body)
    if csum is not None:
        data = data[:2] + struct.pack("!H", csum) + data[4:]
    number, data = chain(before, number, data)
    return eth(link, IPv6(src=src, dst=dst, nh=number, hlim=hlim, **ip) / Raw(data), 3, dst=mac or group_mac(dst))


def query6(version=3, code=1, group=None, sources=(), flags=2, interval=125, count=None, extra=b"", cut=None, kind=130, icmp_code=0, **kw):
    body = struct.pack("!BBHHH", kind, icmp_code, 0, code, 0) + socket.inet_pton(socket.AF_INET6, group or "::")
    body += tail(version, sources, 16, flags, interval, count) + extra
    return mld(body[:cut], kw.pop("dst", group or ALL6), **kw)


def queries(c, query, groups, sources, version, code, wait, tenth):
    """What both protocols share. tenth: the code that gives a tenth of a second, in which a second question comes."""
    def ask(name, *steps, **kw):
        c.add(name, lambda h: [*steps, query(version, tenth if steps else code, **kw), SHORT_S if steps else wait])
    ask("general")
    ask("general-twice", query(version, tenth))
    ask("general-at-b", link="b")
    for name, group in {**groups, "stranger": "239.9.9.9" if "any" in groups and "." in groups["any"] else "ff05::999"}.items():
        ask(f"group-{name}", group=group)
        ask(f"group-{name}-to-all", group=group, dst=ALL4 if "." in group else ALL6)
        ask(f"group-{name}-at-b", group=group, link="b")
        ask(f"group-{name}-then-general", query(version, tenth, group=group))
        if version != 3:
            continue
        if name in ("any", "not"):  # those that exclude, where Linux goes another way, the same each time (RFC 3376, 5.2)
            ask(f"group-{name}-sources-1", group=group, sources=sources[:1])
            ask(f"group-{name}-sources-then-all", query(3, tenth, group=group, sources=sources[:1]), group=group)
            ask(f"group-{name}-sources-then-others", query(3, tenth, group=group, sources=sources[:1]), group=group, sources=sources[1:])
        if name not in ("two", "ssm", "stranger"):
            continue
        for k in range(1, 8):
            asked = [s for i, s in enumerate(sources) if k >> i & 1]
            ask(f"group-{name}-sources-{k}", group=group, sources=asked)
            ask(f"group-{name}-sources-{k}-to-all", group=group, sources=asked, dst=ALL4 if "." in group else ALL6)
        ask(f"group-{name}-sources-then-others", query(3, tenth, group=group, sources=sources[:1]), group=group, sources=sources[1:])
        ask(f"group-{name}-sources-then-all", query(3, tenth, group=group, sources=sources[:1]), group=group)
        ask(f"group-{name}-sources-twice-the-same", group=group, sources=sources[:1] * 2)
        many = [f"198.51.100.{i}" if "." in group else f"2001:db8:9::{i}" for i in range(80)]
        ask(f"group-{name}-many-sources", group=group, sources=many + sources)


def wrong(c, query, group, sources, least, code, wait, **kw):
    """Malformed ones; least: bytes of a query without sources."""
    def ask(name, **more):
        c.add(name, lambda h: [query(3, code, **{**kw, **more}), wait])
    for cut in (0, 1, 3, 4, 7, least - 4, *range(least - 3, least)):
        if cut != 8 and cut != 24 or cut == least:  # those are older queries, which are remembered
            ask(f"cut-{cut}", cut=cut)
    for extra in (1, 3, 4, 16, 100):
        ask(f"longer-{extra}", extra=bytes(extra))
    for count in (1, 2, 100, 65535):
        ask(f"counts-{count}-of-none", group=group, count=count)
        ask(f"counts-{count}-of-one", group=group, sources=sources[:1], count=count)
    ask("general-with-sources", sources=sources)
    for flags in (0, 1, 7, 8, 0x0F, 0xF2):
        ask(f"flags-{flags:#x}", flags=flags)
    for interval in (0, 1, 127, 128, 255):
        ask(f"interval-{interval}", interval=interval)
    for bad in (0, 1, 0xFFFF):
        ask(f"sum-{bad}", csum=bad)


def state(version):
    return (("net.ipv4.conf.a.force_igmp_version", version), ("net.ipv4.conf.b.force_igmp_version", version)) if version else ()


@family("igmp3", settle_s=SETTLED_S, alone=True, **SPOKEN)
def igmp3(c):
    queries(c, query4, GROUPS4, SOURCES4, 3, 0, SOON_S, 1)
    wrong(c, query4, GROUPS4["two"], SOURCES4, 12, 0, SOON_S)
    for name, kw in {"ttl-0": {"ttl": 0}, "ttl-2": {"ttl": 2}, "ttl-255": {"ttl": 255}, "no-alert": {"options": b""}, "alert-9": {"options": b"\x94\4\0\x09"},
                     "nop": {"options": b"\1\1\1\1"}, "from-0.0.0.0": {"src": "0.0.0.0"}, "from-far": {"src": "198.18.77.1"}, "from-own": {"src": "10.1.0.1"},
                     "from-group": {"src": "224.0.0.5"}, "from-foreign": {"src": "192.0.2.200"}, "to-us": {"dst": "10.1.0.1", "mac": L.DUT_MAC["a"]},
                     "to-all-in-unicast": {"mac": L.DUT_MAC["a"]}, "to-routers": {"dst": "224.0.0.2"}, "to-broadcast": {"dst": "10.1.0.255", "mac": "ff:ff:ff:ff:ff:ff"},
                     "to-all-in-broadcast": {"mac": "ff:ff:ff:ff:ff:ff"}, "to-any": {"dst": GROUPS4["any"]}, "to-far": {"dst": "198.19.0.1", "mac": L.DUT_MAC["a"]}}.items():
        c.add(f"general-{name}", lambda h, k=kw: [query4(**k), SOON_S])
        c.add(f"about-group-{name}", lambda h, k=kw: [query4(group=GROUPS4["two"], **{"dst": ALL4, **k}), SOON_S])
    for group in ("10.1.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.1"):
        c.add(f"about-{group}", lambda h, g=group: [query4(group=g, dst=ALL4), SOON_S])
    for code in (1, 2):
        c.add(f"delay-{code}", lambda h, k=code: [query4(code=k), SHORT_S * k])
        c.add(f"delay-{code}-group", lambda h, k=code: [query4(code=k, group=GROUPS4["two"]), SHORT_S * k])
        c.add(f"delay-{code}-then-sooner", lambda h, k=code: [query4(code=k), query4(), SHORT_S * k])
        c.add(f"delay-{code}-all-then-group", lambda h, k=code: [query4(code=k), query4(code=k, group=GROUPS4["any"]), SHORT_S * k])
    for kind in (0x12, 0x16, 0x17, 0x22, 0x13, 0x14, 0x1E, 0x30, 0xFF, 0):
        c.add(f"type-{kind:#x}", lambda h, k=kind: [query4(kind=k), SOON_S])
        c.add(f"type-{kind:#x}-short", lambda h, k=kind: [query4(kind=k, group=GROUPS4["any"], cut=8), SOON_S])
    c.add("in-two-fragments", lambda h: [fragment4(query4(group=GROUPS4["two"], sources=SOURCES4), at) for at in (0, 8)] + [SOON_S])


def fragment4(step, at):
    """The first 8 bytes of a message, or the rest."""
    link, f = step
    head, body = bytearray(f[14:38]), f[38:46] if at == 0 else f[46:]
    head[2:4], head[6:8], head[10:12] = struct.pack("!H", 24 + len(body)), struct.pack("!H", 0x2000 if at == 0 else 1), b"\0\0"
    head[10:12] = struct.pack("!H", ~wire.inet_sum(bytes(head)) & 0xFFFF)
    return link, f[:14] + bytes(head) + body


@family("igmp2", settle_s=SETTLED_S + 1, sysctls=(*state(2), *((f"net.ipv4.conf.{d}.igmpv2_unsolicited_report_interval", 1000) for d in "ab")), alone=True, **SPOKEN)
def igmp2(c):
    """Told to speak version 2."""
    queries(c, query4, GROUPS4, SOURCES4, 2, 1, SHORT_S, 1)
    for group in (None, GROUPS4["any"], GROUPS4["two"]):
        c.add(f"asked-by-version-3-{group_text(group)}", lambda h, g=group: [query4(3, 1, group=g), SHORT_S])
        c.add(f"others-report-{group_text(group)}", lambda h, g=group: [
            query4(2, 15, group=g), 0.002, *(igmp(b"\x16\0\0\0" + socket.inet_aton(x), x) for x in GROUPS4.values()), 1.6])
    for cut in (0, 4, 7):
        c.add(f"cut-{cut}", lambda h, n=cut: [query4(2, 1, cut=n), SHORT_S])


@family("igmp-older", settle_s=SETTLED_S, alone=True, **SPOKEN)
def older4(c):
    """An older querier, after which version 3 is not spoken, and then one that is older yet."""
    c.add("1-version-3", lambda h: [query4(3), SOON_S])
    for group in (None, GROUPS4["two"]):
        c.add(f"2-version-2-{group_text(group)}", lambda h, g=group: [query4(2, 1, group=g), SHORT_S])
        c.add(f"3-version-3-{group_text(group)}-after-2", lambda h, g=group: [query4(3, 1, group=g), SHORT_S])
        c.add(f"4-version-3-{group_text(group)}-after-2-with-sources", lambda h, g=group: [query4(3, 1, group=g, sources=SOURCES4), SHORT_S])
    for group in (GROUPS4["any"], GROUPS4["ssm"], GROUPS4["link"], "224.0.0.1", "239.9.9.9"):
        c.add(f"4-version-3-{group}-after-2", lambda h, g=group: [query4(3, 1, group=g, dst=ALL4), SHORT_S])
    c.add("5-version-3-at-b", lambda h: [query4(3, link="b"), SOON_S])
    for i in range(2):
        c.add(f"6-version-1-{i}", lambda h: [query4(1, 0), 10.2])
    c.add("7-version-2-after-1", lambda h: [query4(2, 1), 10.2])
    c.add("7-version-3-after-1", lambda h: [query4(3, 1), 10.2])


@family("igmp-members", settle_s=SETTLED_S, alone=True, roles=("router",), ip=("address add 239.7.7.7/32 dev a autojoin",), **SPOKEN)
def members4(c):
    c.add("general", lambda h: [query4(), SOON_S])
    for group in ("239.7.7.7", "239.7.7.8"):
        c.add(f"group-{group}", lambda h, g=group: [query4(group=g), SOON_S])


@family("mld2", settle_s=SETTLED_S, alone=True, **SPOKEN)
def mld2(c):
    groups = {**GROUPS6, "solicited": "ff02::1:ff00:1", "routers": "ff02::2", "all": "ff02::1", "interface": "ff01::1"}
    queries(c, query6, groups, SOURCES6, 3, 1, SOON_S, 100)
    wrong(c, query6, GROUPS6["two"], SOURCES6, 28, 1, SOON_S)
    for name, kw in {"hops-0": {"hlim": 0}, "hops-2": {"hlim": 2}, "hops-255": {"hlim": 255}, "no-alert": {"before": ()}, "alert-9": {"before": ("hbh-router-alert-9",)},
                     "alert-twice": {"before": ("hbh-router-alert-twice",)}, "pad-only": {"before": ("hbh-pad",)}, "and-destination": {"before": ("hbh-router-alert", "dest-pad")},
                     "from-::": {"src": "::"}, "from-global": {"src": "fd01::3"}, "from-own": {"src": "fe80::ff:fe00:a01"}, "from-group": {"src": "ff02::5"},
                     "to-us": {"dst": "fe80::ff:fe00:a01", "mac": L.DUT_MAC["a"]}, "to-us-global": {"dst": "fd01::1", "mac": L.DUT_MAC["a"]},
                     "to-all-in-unicast": {"mac": L.DUT_MAC["a"]}, "to-routers": {"dst": "ff02::2"}, "to-all-in-broadcast": {"mac": "ff:ff:ff:ff:ff:ff"},
                     "to-any": {"dst": GROUPS6["any"]}, "code-1": {"icmp_code": 1}, "atomic": {"before": ("hbh-router-alert", "fragment-atomic")}}.items():
        c.add(f"general-{name}", lambda h, k=kw: [query6(**k), SOON_S])
        c.add(f"about-group-{name}", lambda h, k=kw: [query6(group=GROUPS6["two"], **{"dst": ALL6, **k}), SOON_S])
    for group in ("fd01::1", "::1", "ffff::1", "ff02::9:9"):
        c.add(f"about-{group}", lambda h, g=group: [query6(group=g, dst=ALL6), SOON_S])
    for code in (0, 2, 20, 100):
        c.add(f"delay-{code}", lambda h, k=code: [query6(code=k), SOON_S + k / 1000])
        c.add(f"delay-{code}-group", lambda h, k=code: [query6(code=k, group=GROUPS6["two"]), SOON_S + k / 1000])
    c.add("delay-100-then-sooner", lambda h: [query6(code=100), query6(), 0.1 + SOON_S])
    for kind in (131, 132, 143, 133, 151, 152, 153):
        c.add(f"type-{kind}", lambda h, k=kind: [query6(kind=k), SOON_S])
        c.add(f"type-{kind}-short", lambda h, k=kind: [query6(kind=k, group=GROUPS6["any"], cut=24), SOON_S])


@family("mld1", settle_s=SETTLED_S + 2, sysctls=(*((f"net.ipv6.conf.{d}.force_mld_version", 1) for d in "ab"),
                                                   *((f"net.ipv6.conf.{d}.mldv1_unsolicited_report_interval", 1000) for d in "ab")), alone=True, **SPOKEN)
def mld1(c):
    """Told to speak version 1."""
    groups = {**GROUPS6, "solicited": "ff02::1:ff00:1", "routers": "ff02::2", "all": "ff02::1"}
    queries(c, query6, groups, SOURCES6, 2, 2, SOON_S, 100)
    for code in (0, 1, 50, 100):
        c.add(f"delay-{code}", lambda h, k=code: [query6(2, k), SOON_S + k / 1000])
    for group in (None, GROUPS6["any"], GROUPS6["two"]):
        c.add(f"asked-by-version-2-{group_text(group)}", lambda h, g=group: [query6(3, 2, group=g), SOON_S])
        c.add(f"others-report-{group_text(group)}", lambda h, g=group: [
            query6(2, 900, group=g), 0.002, *(mld(b"\x83\0\0\0\0\0\0\0" + socket.inet_pton(socket.AF_INET6, x), x) for x in groups.values()), 1])
    for cut in (0, 4, 8, 23):
        c.add(f"cut-{cut}", lambda h, n=cut: [query6(2, 2, cut=n), SOON_S])


@family("mld-older", settle_s=SETTLED_S, alone=True, **SPOKEN)
def older6(c):
    c.add("1-version-2", lambda h: [query6(3), SOON_S])
    for group in (None, GROUPS6["two"]):
        c.add(f"2-version-1-{group_text(group)}", lambda h, g=group: [query6(2, 2, group=g), SOON_S])
        c.add(f"3-version-2-{group_text(group)}-after-1", lambda h, g=group: [query6(3, 2, group=g), SOON_S])
        c.add(f"4-version-2-{group_text(group)}-after-1-with-sources", lambda h, g=group: [query6(3, 2, group=g, sources=SOURCES6), SOON_S])
    for group in (GROUPS6["any"], GROUPS6["ssm"], GROUPS6["link"], "ff02::1", "ff02::1:ff00:1", "ff05::999"):
        c.add(f"2-version-1-{group}", lambda h, g=group: [query6(2, 2, group=g, dst=ALL6), SOON_S])
        c.add(f"4-version-2-{group}-after-1", lambda h, g=group: [query6(3, 2, group=g, dst=ALL6), SOON_S])
    c.add("5-version-2-at-b", lambda h: [query6(3, link="b"), SOON_S])


# Of the others Linux tells all when asked for some, the same each time (RFC 3376, 5.2).
INCLUDING = [g[k] for g in (GROUPS4, GROUPS6) for k in ("two", "ssm")]


def spoiled(c, make, first, mend):
    """Queries with a few bytes changed at random and the checksum right again; first: of the message's bytes that may change. Lengths stay
    those of the newest version, so that no older querier is heard."""
    def one(h):
        body, kw = make(h)
        body = bytearray(body)
        for _ in range(h.rnd.randint(0, 3)):
            i = h.rnd.randrange(first, len(body))
            body[i] = h.rnd.choice((0, 1, 255, body[i] ^ 1 << h.rnd.randrange(8), h.rnd.randrange(256)))
        return [mend(bytes(body), **kw), SOON_S]
    for i in range(c.count // 8):
        c.add(f"{i:05}", one)


@family("random-igmp", settle_s=SETTLED_S, alone=True, generated=True, **SPOKEN)
def random4(c):
    def make(h):
        group = h.rnd.choice([*GROUPS4.values(), None, "239.9.9.9"])
        body = struct.pack("!BBH", 0x11, 0, 0) + socket.inet_aton(group or "0.0.0.0")
        body += tail(3, h.rnd.sample(SOURCES4 + ["198.51.100.9"], h.rnd.randint(0, 4) if group in INCLUDING else 0), 4, h.rnd.randrange(16), h.rnd.randrange(256))
        return body, {"dst": h.rnd.choice([group or ALL4, ALL4]), "options": h.rnd.choice([ALERT4, ALERT4, b""])}
    spoiled(c, make, 4, igmp)


@family("random-mld", settle_s=SETTLED_S, alone=True, generated=True, **SPOKEN)
def random6(c):
    def make(h):
        group = h.rnd.choice([*GROUPS6.values(), None, "ff02::1:ff00:1", "ff05::999"])
        body = struct.pack("!BBHHH", 130, 0, 0, h.rnd.randrange(4), 0) + socket.inet_pton(socket.AF_INET6, group or "::")
        body += tail(3, h.rnd.sample(SOURCES6 + ["2001:db8::9"], h.rnd.randint(0, 4) if group in INCLUDING else 0), 16, h.rnd.randrange(16), h.rnd.randrange(256))
        return body, {"dst": h.rnd.choice([group or ALL6, ALL6]), "hlim": h.rnd.choice((1, 1, 1, 2)),
                      "before": h.rnd.choice([("hbh-router-alert",), ("hbh-router-alert",), ()])}
    spoiled(c, make, 6, mld)
