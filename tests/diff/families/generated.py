# SPDX-License-Identifier: BSD-2-Clause
"""Cases made by chance for each seed, more to the point than changed bytes (random.py) are: datagrams cut into any pieces in any order, chains of any
headers, neighbours who say anything. What chance may choose is drawn from what the other families have by name."""
from case import family
from craft import ICMP, UDP, IPv6, Raw, eth, payload
from families import arp, frag4, frag6, nd, opt4
from families.ext6 import HEADERS, chain, echo, nothing, udp, unknown
import lab as L


def pieces(rnd, total):
    """[(from, to, more, own bytes)]: a datagram cut at multiples of 8, with some of the pieces missing, twice, grown, or lying."""
    edges = sorted({0, total, *(8 * rnd.randrange(0, total // 8 + 1) for _ in range(rnd.randint(1, 6)))})
    rows = [[a, b, b < total, True] for a, b in zip(edges, edges[1:])]
    for _ in range(rnd.choice((0, 0, 0, 1, 1, 2))):
        i = rnd.randrange(len(rows))
        how = rnd.choice(("twice", "missing", "grown", "earlier", "more", "odd", "other", "again"))
        if how == "twice":
            rows.append(list(rows[i]))
        elif how == "missing" and len(rows) > 1:
            del rows[i]
        elif how == "grown":
            rows[i][1] = min(total, rows[i][1] + 8 * rnd.randint(1, 3))
        elif how == "earlier":
            rows[i][0] = max(0, rows[i][0] - 8 * rnd.randint(1, 3))
        elif how == "more":
            rows[i][2] = not rows[i][2]
        elif how == "odd":
            rows[i][1] = max(rows[i][0], rows[i][1] - rnd.randint(1, 7))
        elif how == "other":
            rows[i][3] = False
        else:
            a = 8 * rnd.randrange(0, total // 8)
            rows.append([a, min(total, a + 8 * rnd.randint(1, 5)), True, True])
    if rnd.random() < 0.7:
        rnd.shuffle(rows)
    return rows


@family("random-frag4", alone=True, generated=True)
def fragments4(c):
    def make(h):
        total = h.rnd.choice((24, 64, 64, 120, 400, 1200, 3003))
        data = frag4.datagram(total - 8, None, None)
        through = h.rnd.random() < 0.15
        out = []
        for a, b, more, own in pieces(h.rnd, total):
            out.append(frag4.piece(h, data if own else bytes(total), a, min(b, a + 1480), more, dst=h.far4("b") if through else None, tos=h.rnd.choice((0,) * 9 + (1, 2, 3)),
                                   ident=h.ident ^ (h.rnd.random() < 0.03)))
        return out
    for i in range(c.count):
        c.add(f"{i:05}", make)


@family("random-frag6", alone=True, generated=True)
def fragments6(c):
    def make(h):
        total = h.rnd.choice((24, 64, 64, 120, 400, 1200, 3003))
        data = frag6.request(h, total - 8)
        through = h.rnd.random() < 0.15
        before = h.rnd.choice(((),) * 6 + (("hbh-pad",), ("dest-pad",)))
        out = []
        for a, b, more, own in pieces(h.rnd, total):
            out.append(frag6.piece(h, data if own else bytes(total), a, min(b, a + 1440), more, dst=h.far6("b") if through else None, before=before,
                                   tc=h.rnd.choice((0,) * 9 + (1, 2, 3)), ident=h.n << 8 | (h.rnd.random() < 0.03)))
        return out
    for i in range(c.count):
        c.add(f"{i:05}", make)


@family("random-ext6", alone=True, generated=True)
def chains(c):
    names = sorted(n for n in HEADERS if "calipso" not in n)  # which Linux drops without a domain of it, wherever it is

    def make(h):
        picked = tuple(h.rnd.choice(names) for _ in range(h.rnd.choice((1, 2, 2, 3, 3, 4, 5, 6))))
        src, way = h.far6("a"), h.rnd.choice(("us", "us", "us", "through", "through", "expires", "group", "no-route"))
        dst = {"us": h.own6(), "group": "ff02::1", "no-route": "2001:db8::7"}.get(way, h.far6("b"))
        kind, data = chain(picked, *h.rnd.choice((echo, echo, udp, unknown, nothing))(src, dst))
        cut = h.rnd.randrange(1, len(data) + 1) if h.rnd.random() < 0.1 and data else None
        return [eth("a", IPv6(src=src, dst=dst, nh=kind, hlim=1 if way == "expires" else 64) / Raw(data[:cut]), dst="33:33:00:00:00:01" if way == "group" else None)]
    for i in range(c.count):
        c.add(f"{i:05}", make)


def some_options(h):
    """Bytes that are options, mostly: 40 at most."""
    rnd, out = h.rnd, b""
    for _ in range(rnd.choice((1, 1, 2, 2, 3, 4))):
        kind = rnd.choice((opt4.END, opt4.NOP, opt4.NOP, opt4.RR, opt4.RR, opt4.TS, opt4.TS, opt4.LSRR, opt4.SSRR, opt4.RA, opt4.SECURITY, 0x1E, 0x9E, rnd.randrange(256)))
        room = rnd.choice((0, 1, 2, 3))
        hops = [rnd.choice((h.own4(), h.own4("b"), h.near4(), h.near4("b"), h.far4("b"), "0.0.0.0")) for _ in range(room)]
        pointer = rnd.choice((4, 4, 5, 5, 8, 9, 3, 12, 13, rnd.randrange(256)))
        if kind in (opt4.END, opt4.NOP):
            out += bytes([kind])
        elif kind == opt4.TS:
            out += opt4.stamp(rnd.choice((0, 0, 1, 3, 2, rnd.randrange(16))), pointer, opt4.addrs(*hops) + bytes(4 * rnd.randint(0, 2)), rnd.choice((0, 0, 0, 1, 15)),
                              rnd.choice((None,) * 6 + (4, rnd.randrange(256))))
        elif kind == opt4.RA:
            out += bytes([kind, 4, 0, rnd.choice((0, 0, 1))])
        else:
            out += opt4.route(kind, pointer, *hops, room=rnd.choice((0, 0, 1, 2)), length=rnd.choice((None,) * 6 + (2, 3, rnd.randrange(256))))
    return out[:40]


@family("random-opt4", alone=True, generated=True)
def options4(c):
    def make(h):
        dst = h.rnd.choice((h.own4(), h.own4(), h.far4("b"), h.far4("b"), h.far4("b"), "192.0.2.7"))
        inner = h.rnd.choice((ICMP(id=7), UDP(sport=4000, dport=9))) / Raw(payload(h.rnd.choice((0, 8, 20, 1340, 1400))))
        return [eth("a", opt4.with_options(h.far4("a"), dst, some_options(h), inner, h.ident, ttl=h.rnd.choice((64, 64, 64, 64, 1))), type=0x800)]
    for i in range(c.count):
        c.add(f"{i:05}", make)


def talk(h, say, ping, settle, most=4):
    """Some words of neighbours with a question between them and at the end, which shows who is believed. Then a true word, for what waits:
    a kernel sends no more while too many of its answers wait for neighbours."""
    out = [ping(h), "sync"] if h.rnd.random() < 0.5 else []
    for _ in range(h.rnd.randint(1, most)):
        out += [say(h), "sync"]
        if h.rnd.random() < 0.3:
            out += [ping(h), "sync"]
    return out + [ping(h), "sync", settle]


@family("random-arp", ip=arp.OURS, sysctls=(("net.ipv4.neigh.a.locktime", 0),), quiet_s=0.003, alone=True, generated=True)
def neighbours4(c):
    def say(h):
        pick = h.rnd.choice
        mac = pick((arp.ONE, arp.ONE, arp.TWO, arp.TWO, L.DUT_MAC["a"], L.HOST_MAC["a"].format(3)))
        sender = pick((arp.near(h),) * 6 + ("0.0.0.0", "10.9.0.1", "10.1.0.3", "10.9.255.255", "10.10.0.1", "172.20.1.1"))
        target = pick(("10.9.0.1", "10.9.0.1", arp.near(h), "10.9.200.200", "0.0.0.0", "10.10.0.1", "198.19.0.1", "10.9.255.255"))
        body = arp.arp(pick((1, 1, 1, 2, 2, 2, 3, 0)), mac, sender, pick((arp.ZERO, L.DUT_MAC["a"], arp.EVERYBODY, mac)), target, **pick(({},) * 12 + (
            {"hlen": 8}, {"plen": 16}, {"htype": 6}, {"ptype": 0x86DD})))
        return arp.frame(body[:pick((None,) * 12 + (27, 20))], dst=pick((arp.EVERYBODY, L.DUT_MAC["a"], L.DUT_MAC["a"], "02:00:00:00:0a:77")), src=pick((mac, mac, arp.ONE)),
                         link=pick("aaaaaab"))
    for i in range(c.count):
        c.add(f"{i:05}", lambda h: talk(h, say, arp.ping, arp.reply(h)))


@family("random-nd", ip=nd.OURS, quiet_s=0.003, alone=True, generated=True)
def neighbours6(c):
    def say(h):
        pick = h.rnd.choice
        mac = pick((nd.ONE, nd.ONE, nd.TWO, nd.TWO, L.HOST_MAC["a"].format(3)))
        about = pick((nd.near(h),) * 5 + (nd.OWN, nd.OWN, "fd09::99", "fe80::ff:fe00:a01", "fd0a::1", "ff02::1", "::"))
        src = pick((nd.near(h),) * 8 + ("::", "fe80::1:3", "fd09::98", "fd01::3"))
        dst, dst_mac = pick((nd.UNICAST, nd.UNICAST, nd.group(nd.OWN), ("ff02::1", "33:33:00:00:00:01"), ("fe80::ff:fe00:a01", L.DUT_MAC["a"])))
        kind = pick((nd.NS, nd.NA, nd.NA))
        options = b"".join(pick((nd.option(1 if kind == nd.NS else 2, mac),) * 6 + (nd.option(2 if kind == nd.NS else 1, mac), b"\x0e\1" + payload(6), b"\x7f\1" + bytes(6), b"\x7f\0" + bytes(6)))
                           for _ in range(pick((0, 1, 1, 1, 1, 1, 2))))
        if kind == nd.NS:
            about = pick((nd.OWN, nd.OWN, about))
        return nd.nd(src, dst, dst_mac, kind, pick(range(8)) << 29 if kind == nd.NA else 0, about, options, pick((0,) * 15 + (1,)), pick((255,) * 15 + (64,)), mac)
    for i in range(c.count):
        c.add(f"{i:05}", lambda h: talk(h, say, nd.ping, nd.advertise(h, nd.SOLICITED | nd.OVERRIDE)))
