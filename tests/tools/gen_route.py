# SPDX-License-Identifier: BSD-2-Clause
"""Commands about routes of both families, nexthop objects and rules."""
from gen import of, words

METRICS = ["mtu 1400", "mtu lock 1300", "advmss 1000", "hoplimit 60", "hoplimit 300", "initcwnd 10", "initrwnd 20", "rto_min 5ms", "quickack 1", "quickack 5", "congctl reno",
           "congctl nosuch", "window 1000", "rtt 20ms", "rttvar 10ms", "ssthresh 30", "cwnd 7", "cwnd lock 7", "reordering 5", "features ecn", "fastopen_no_cookie 1", "rto_min lock 1s"]
TYPES = ["unreachable", "blackhole", "prohibit", "throw", "local", "broadcast", "multicast", "unicast", "nat", "anycast"]


class Four:
    flag, other = "", "-6"
    local = ["10.0.0.1", "10.0.1.1"]
    prefixes = ["10.9.0.0/16", "10.9.1.0/24", "10.9.2.0/24", "10.8.0.0/13", "192.0.2.7", "192.0.2.0/24", "default", "10.9.1.0/25"]
    bad = ["10.9.0.1/16", "10.9.0.0/33", "odd", "fd01::/64", "10.0.0.0/24"]
    via = ["via 10.0.0.2 dev v0", "via 10.0.0.2", "via 10.0.1.2", "via 10.0.0.3 dev v0", "dev v1", "dev v0", "via 10.0.1.3 dev v1"]
    badvia = ["via 10.77.0.2", "via 10.0.0.1", "via 10.0.0.255", "dev nodev", "via 10.0.0.2 dev v1", "via fd00::2", "via inet6 fd00::2 dev v0", "via 10.77.0.2 dev v0 onlink",
              "via 10.77.0.2 onlink", "dev w0", "", "via 127.0.0.1", "via inet6 fe80::7 dev v1", "dev lo"]
    dests = ["10.9.1.1", "10.0.0.7", "192.0.2.7", "10.0.0.1", "127.0.0.1", "224.0.0.5", "255.255.255.255", "8.8.8.8", "10.9.2.2", "10.0.0.255", "0.0.0.0"]


class Six:
    flag, other = "-6", "-4"
    local = ["fd00::1", "fd00:1::1"]
    prefixes = ["2001:db8::/32", "2001:db8:1::/48", "2001:db8:2::/48", "2001:db8:7::7", "2001:db8:7::/64", "default", "2001:db8:1:8000::/49"]
    bad = ["2001:db8::1/32", "2001:db8::/129", "odd", "10.9.0.0/16", "fd00::/64"]
    via = ["via fd00::2 dev v0", "via fd00::2", "via fd00:1::2", "via fe80::7 dev v0", "dev v1", "dev v0", "via fe80::8 dev v1"]
    badvia = ["via fd77::2", "via fd00::1", "via fe80::7", "dev nodev", "via fd00::2 dev v1", "via 10.0.0.2", "via fd77::2 dev v0 onlink", "via fd77::2 onlink", "dev w0", "",
              "via ff02::5 dev v0", "via ::1", "dev lo", "via fd00::1 dev v0"]
    dests = ["2001:db8:1::1", "fd00::7", "2001:db8:7::7", "fd00::1", "::1", "ff02::5", "fe80::7", "2001:4860::8", "2001:db8:2::2", "::", "2001:db9::1"]


def table(g):
    return g.pick("", "", "", "", "table 100", "table 200", "table local", "table main", "table 100000", "table odd") if g.chance(40) else ""


def selectors(g, f):
    """What tells routes of one prefix apart."""
    out = [table(g)]
    out += g.some(22, f"metric {g.pick(0, 5, 10, 1024)}")
    out += g.some(8, f"tos {g.pick('0x10', '0x08', '4', 'odd')}") if not f.flag else []
    return words(out)


def extras(g, f):
    return words(g.some(10, f"proto {g.pick('static', 'bgp', 99, 'kernel', 300)}"), g.some(6, f"scope {g.pick('link', 'host', 'global', 'site')}"),
                 g.some(10, f"src {g.of(f.local)}"), g.some(2, "src 10.77.0.1", "src fd77::1"), g.some(18, g.of(METRICS)), g.some(4, g.of(METRICS)),
                 g.some(2, "realm 5", "realms 3/4", "expires 100", "pref high", "pref low", "onlink", "pervasive", "ttl-propagate disabled", "as to 10.1.1.1"))


def several(g, f):
    hops = [g.of(f.via if g.chance(93) else f.badvia) for _ in range(g.pick(1, 2, 2, 2, 3))]
    return words([words("nexthop", h, g.some(30, f"weight {g.pick(1, 2, 5, 256, 257, 0)}"), g.some(3, "onlink")) for h in hops])


def where(g, f):
    kind = g.weighted(via=68, several=14, type=10, bad=6, nhid=4)
    if kind == "via":
        return "", g.of(f.via)
    if kind == "bad":
        return "", g.of(f.badvia)
    if kind == "several":
        return "", several(g, f)
    if kind == "nhid":
        return "", f"nhid {g.pick(1, 2, 3, 99)}"
    kind = g.of(TYPES[:4] * 3 + TYPES)
    return kind, g.pick("", "", "dev v0", g.of(f.via))


def ask(g, f):
    return words("ip", f.flag, g.pick("", "", "", "-j", "-d", "-o"), "route get", g.pick("", "", "", "", "fibmatch"), g.of(f.dests),
                 g.some(18, f"from {g.of(f.local)}", f"oif {g.dev()}", f"iif {g.dev()}"), g.some(6, "mark 7", "tos 0x10", "uid 1000", "ipproto udp dport 53", "ipproto tcp sport 5 dport 6",
                 "dport 53", "from 10.77.0.1", "notify", "vrf nodev", "flowlabel 5", "connected"))


def show(g, f):
    what = g.pick("", "", "", "table all", "table local", "table 100", "table 200", "table cache", f"dev {g.dev()}", f"dev {g.dev()}", "proto static", "proto kernel", "proto boot", "scope link",
                  f"root {g.of(f.prefixes)}", f"match {g.of(f.prefixes)}", f"exact {g.of(f.prefixes)}", g.of(f.prefixes), f"to {g.of(f.prefixes)}", "type unicast", "type blackhole",
                  "type local", "via 10.0.0.2", "via fd00::2", f"src {g.of(f.local)}", "cached", "vrf nodev", f"from {g.of(f.prefixes)}", "metric 10", "tos 0x10", "table odd",
                  "nexthop via 10.0.0.2", f"nhid {g.num(1, 5)}", "root 10.0.0.0/8", f"dev {g.dev()} table all", "default", "proto 99 table all", "realm 5")
    return words("ip", f.flag, g.pick("", "", "", "-j", "-d", "-d -j", "-N", "-o", "-s"), g.pick("route show", "route show", "route list"), what)


def remove(g, f):
    prefix, sel, kind, to = g.old("route", lambda: (g.of(f.prefixes), "", "", g.of(f.via)))
    how = g.weighted(key=40, whole=40, part=20)
    if how == "whole":
        g.gone("route", (prefix, sel, kind, to))
    rest = {"key": sel, "whole": words(sel, to), "part": g.pick(table(g), "metric 5", "dev v0", "dev v1", "proto static", g.of(f.via), "scope link", f"src {g.of(f.local)}", g.of(METRICS), "tos 0x10",
                                                               "protocol 99", several(g, f), "nhid 1", "scope nowhere")}[how]
    return words("ip", f.flag, "route del", kind if how == "whole" else g.pick("", kind), prefix, rest)


def route(g, f):
    what = g.weighted(add=34, remove=14, show=24, get=17, flush=3, noise=2, link=3, again=3)
    if what in ("add", "again"):
        verb = g.of(["add"] * 6 + ["append"] * 2 + ["prepend"] * 1 + ["replace"] * 4 + ["change"] * 2)
        prefix, (kind, to) = g.of(f.prefixes if g.chance(95) else f.bad), where(g, f)
        if what == "again":
            prefix, sel, kind, _ = g.old("route", lambda: (prefix, "", "", to))
        else:
            sel = selectors(g, f)
        g.new("route", (prefix, sel, kind, to), 8)
        return words("ip", f.flag, "route", verb, kind, prefix, to, sel, extras(g, f))
    if what == "flush":
        return words("ip", f.flag, "route flush", g.pick("cache", "proto static", "table 100", "dev v1", "root 10.9.0.0/16", "exact 2001:db8::/32", "", "table 100 proto boot", "type blackhole", "scope link",
                                                          "table 4000000", "via 10.0.0.2"))
    if what == "link":
        return f"ip link set {g.pick('v0', 'v1', 'w0', 'w1')} {g.pick('up', 'up', 'up', 'down', 'mtu 1400')}"
    if what == "noise":
        return words("ip", f.flag, g.pick("route add", "route del", "route add default", "route get", "route frob", "route add 10.9.0.0/16 via", "route add 10.9.0.0/16 dev v0 dev v1", "route replace",
                                          "route add via 10.0.0.2", "route add nosuchtype 10.0.0.0/8", "route del default", "route help", "route get fibmatch"))
    return {"remove": remove, "show": show, "get": ask}[what](g, f)


@of("route", 20)
def route4(g):
    return route(g, Four)


@of("route6", 18)
def route6(g):
    return route(g, Six)


def rule_selectors(g, six):
    f = Six if six else Four
    return words(g.some(35, f"from {g.of(f.prefixes + ['all'])}"), g.some(20, f"to {g.of(f.prefixes)}"), g.some(15, f"fwmark {g.pick('7', '0x10/0xff', '5/0')}"),
                 g.some(12, f"iif {g.dev()}", f"oif {g.dev()}"), g.some(6, f"tos {g.pick('0x10', '0x08', '3')}", "uidrange 5-10", "uidrange 10-5", f"ipproto {g.pick('tcp', 'udp', 17, 300)}", "sport 5-9", "dport 53",
                 "sport 9-5", "dport 0", "tun_id 7", "not", "dsfield 0x10", "l3mdev", "dscp 10", "from odd"))


def rule_action(g):
    return g.pick("table 100", "table main", "lookup 200", "table local", "blackhole", "unreachable", "prohibit", "goto 500", "goto 40000", "nop", "table 100", "lookup main suppress_prefixlength 0",
                  "lookup main suppress_ifgroup 5", "goto 5", "nat 1.2.3.4", "table odd", "realms 3 table 100", "table 0", "table 100 proto 5", "table 100 protocol static", "type throw")


@of("rule", 12)
def rule(g):
    six = g.chance(45)
    flag = "-6" if six else g.pick("", "", "-4")
    kind = g.weighted(add=46, delete=20, show=26, get=4, noise=2, flush=2)
    if kind == "add":
        pref, what = g.pick("", "", "pref 100", "pref 500", "pref 1000", "priority 40000", "pref 0", "order 77", "pref 32766"), rule_selectors(g, six)
        action = rule_action(g)
        g.new("rule" + flag, words(pref, what, action))
        return words("ip", flag, "rule add", pref, what, action)
    if kind == "delete":
        which = g.old("rule" + flag, lambda: g.pick("pref 100", "table 100", "pref 7", "from 10.9.0.0/16", "fwmark 7", "", "pref 0", "pref 32766", "lookup local"))
        g.gone("rule" + flag, which)
        return words("ip", flag, "rule del", which if g.chance(75) else g.of([which.split("table")[0].strip(), "pref 100", "table 100", which.split(" ", 2)[-1]]))
    if kind == "get":
        return ask(g, Six if six else Four)
    if kind == "noise":
        return words("ip", flag, g.pick("rule add", "rule frob", "rule add odd", "rule del odd", "rule add from", "rule add from 10.0.0.0/8 to", "rule help"))
    if kind == "flush":
        return words("ip", flag, g.pick("rule flush", "rule flush table 100", "rule flush proto 5", "rule restore"))
    return words("ip", flag, g.pick("", "-j", "-d", "-N", "-d -j", "-o"), "rule show", g.pick("", "", "", "pref 100", "table 100", "from 10.9.0.0/16", "fwmark 7", "iif v0", "oif v1", "tos 0x10", "uidrange 5-10",
                 "ipproto tcp", "sport 5-9", "dport 53", "to 192.0.2.7", "not", "lookup main", "proto 5", "l3mdev", "dev v0", "table odd", "pref 100-200", "tun_id 7"))


def nexthop_id(g):
    return g.old("nh", lambda: str(g.pick(1, 2, 3, 4, 5, 6, 77)))


def group(g):
    ids = [nexthop_id(g) for _ in range(g.pick(1, 2, 2, 3))]
    return "group " + "/".join(i + g.pick("", "", ",2", ",255", ",256", ",0") for i in ids)


@of("nexthop", 13)
def nexthop(g):
    kind = g.weighted(add=32, groups=16, resilient=5, delete=10, show=20, get=5, route=8, bucket=5, noise=2, flush=1, link=2)
    if kind == "add":
        ident = g.new("nh", str(g.pick(1, 2, 3, 4, 5, 6, 7, 8)))
        f = g.pick(Four, Six)
        to = g.pick(g.of(f.via), g.of(f.via), g.of(f.via), g.of(f.via), g.of(f.badvia), "blackhole", "blackhole dev v0", f"fdb via {g.pick('10.0.0.2', 'fd00::2')}", "dev v0 onlink", "via 10.0.0.2 dev v0 onlink",
                    "encap mpls 100 via 10.0.0.2 dev v0")
        return words("ip", g.pick("", "", "-4", "-6"), "nexthop", g.of(["add"] * 5 + ["replace"] * 3), f"id {ident if g.chance(96) else g.pick(0, 4294967295, 'odd')}", to,
                     g.some(10, "proto static", "proto 99"), g.some(4, "scope link", "onlink"))
    if kind in ("groups", "resilient"):
        ident = g.pick("11", "12", "13")
        g.new("group", ident)
        more = "" if kind == "groups" else g.pick("type resilient", "type resilient buckets 8", "type resilient buckets 4 idle_timer 10 unbalanced_timer 20", "type resilient buckets 1", "type resilient buckets 0",
                                                  "type odd", "type mpath", "type resilient buckets 70000")
        return words("ip nexthop", g.of(["add"] * 4 + ["replace"] * 2), f"id {ident}", group(g), more, g.some(8, "proto 99", "fdb", "via 10.0.0.2", "hw_stats on"))
    if kind == "delete":
        ident = g.pick(nexthop_id(g), g.old("group", lambda: "11"))
        g.gone("nh", ident)
        return f"ip nexthop del id {ident}"
    if kind == "get":
        return words("ip", g.pick("", "-j", "-d"), f"nexthop get id {g.pick(nexthop_id(g), g.old('group', lambda: '11'), '999')}")
    if kind == "bucket":
        ident = g.old("group", lambda: "11")
        return words("ip", g.pick("", "-j"), g.pick("nexthop bucket show", f"nexthop bucket show id {ident}", f"nexthop bucket show nhid {nexthop_id(g)}", f"nexthop bucket get id {ident} index {g.num(0, 9)}",
                                                    f"nexthop bucket show dev {g.dev()}"))
    if kind == "route":
        f, ident = g.pick(Four, Six), g.pick(nexthop_id(g), g.old("group", lambda: "11"))
        return words("ip", f.flag, g.pick(f"route {g.pick('add', 'replace', 'append')} {g.of(f.prefixes)} nhid {ident}", f"route {g.pick('add', 'replace')} {g.of(f.prefixes)} nhid {ident}", "route show",
                                          f"route get {g.of(f.dests)}", f"route del {g.of(f.prefixes)} nhid {ident}", f"route show nhid {ident}", "-d route show",
                                          f"route add {g.of(f.prefixes)} nhid {ident} via 10.0.0.2", "-j route show"))
    if kind == "link":
        return f"ip link set {g.pick('v0', 'v1', 'w0', 'w1')} {g.pick('up', 'up', 'up', 'down')}"
    if kind == "noise":
        return g.pick("ip nexthop add", "ip nexthop frob", "ip nexthop add id 5", "ip nexthop del", "ip nexthop add dev v0", "ip nexthop add via 10.0.0.2 dev v0", "ip nexthop get", "ip nexthop add id 5 group",
                      "ip nexthop add id 5 group 1/odd", "ip nexthop help", "ip nexthop del id odd")
    if kind == "flush":
        return g.pick("ip nexthop flush", "ip nexthop flush dev v0", "ip nexthop flush proto 99", "ip nexthop flush groups")
    return words("ip", g.pick("", "", "-j", "-d", "-4", "-6", "-d -j", "-o", "-N"), "nexthop show", g.pick("", "", "", f"dev {g.dev()}", "groups", "proto 99", "proto static", "fdb", "master v0", "vrf nodev", "id 1",
                 "nogroups", "proto odd"))
