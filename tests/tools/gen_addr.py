# SPDX-License-Identifier: BSD-2-Clause
"""Commands about addresses, their labels, neighbours and their tables."""
from gen import of, words

LIVES = ["valid_lft 100 preferred_lft 50", "valid_lft 100 preferred_lft 0", "valid_lft forever preferred_lft forever", "valid_lft 0 preferred_lft 0",
         "valid_lft 50 preferred_lft 100", "preferred_lft 30", "valid_lft 4000000000", "valid_lft odd"]


def ip4(g):
    return g.pick("10.1.0.1/24", "10.1.0.2/24", "10.1.1.1/16", "192.168.5.1/32", "10.0.0.2/24", "10.0.0.1/24", "172.16.0.1/31", "172.16.0.2/30",
                  "10.0.0.3/25", f"10.2.{g.num(0, 3)}.1/24")


def ip6(g):
    return g.pick("2001:db8::1/64", "2001:db8::2/64", "2001:db8:1::1/128", "fd00::5/64", "fe80::5/64", "2001:db8::1/127", "fd00::1/64", f"2001:db8:2::{g.num(1, 4)}/64")


def bad(g):
    return g.pick("10.1.0.1/33", "0.0.0.0/0", "224.0.0.5/24", "127.0.0.5/8", "255.255.255.255/32", "::1/128", "::/0", "ff02::5/64", "2001:db8::1/129", "::ffff:1.2.3.4/128",
                  "10.1.0/24", "odd", "10.1.0.0/24", "10.1.0.255/24", "2001:db8::/64")


def extras4(g):
    return words(g.some(15, "brd +", "brd 10.1.0.255", "brd -"), g.some(15, "scope link", "scope host", "scope 50"), g.some(12, "label v0:x", "label odd", f"label v1:{g.num(0, 9)}"),
                 g.some(10, "metric 77", "noprefixroute", "secondary", "proto kernel_ll", "proto 50"), g.some(4, *LIVES), g.some(4, "nodad", "home", "mngtmpaddr", "autojoin"))


def extras6(g):
    return words("nodad" if g.chance(85) else "", g.some(12, "home", "noprefixroute", "metric 77", "scope link", "proto 50", "optimistic"), g.some(4, *LIVES),
                 g.some(5, "mngtmpaddr", "autojoin", "label v0:x", "brd +", "anycast fd00::9"))


def add(g):
    if g.chance(10):
        return f"ip addr add {bad(g)} dev {g.dev()}"
    six = g.chance(50)
    ip, dev = (ip6 if six else ip4)(g), g.veth() if g.chance(85) else g.dev()
    peer = g.pick(*([""] * 12), "peer 10.9.0.2", "peer 10.9.0.2/24", "peer fd09::2", "remote 10.9.0.3/32")
    if peer:
        ip = ip.split("/")[0]
    g.new("addr", f"{ip} dev {dev}")
    return words("ip addr", g.of(["add"] * 8 + ["replace", "change", "append", "prepend"]), ip, peer, f"dev {dev}", extras6(g) if six else extras4(g))


def change(g):
    which = g.old("addr", lambda: "10.0.0.1/24 dev v0")
    return words(f"ip addr {g.pick('change', 'replace', 'add')}", which, extras6(g) if ":" in which else extras4(g))


def delete(g):
    which = g.old("addr", lambda: g.pick("10.0.0.1/24 dev v0", "fd00::1/64 dev v0", "10.77.0.1/24 dev v0", "2001:db8:77::1/64 dev v0"))
    if g.chance(75):
        g.gone("addr", which)
        return f"ip addr del {which}"
    return g.pick(f"ip addr del {which.split()[0].split('/')[0]} dev {g.dev()}", f"ip addr del {which} label v0:x", f"ip addr del {which.split()[0]}", f"ip addr flush dev {g.dev()}",
                  f"ip -4 addr flush dev {g.dev()} scope global", "ip addr flush to 10.1.0.0/16", "ip addr flush label v0:*", f"ip -6 addr flush dev {g.veth()} temporary",
                  f"ip addr del {which} metric 5", f"ip addr del 10.0.0.1 peer 10.9.0.2 dev {g.dev()}")


def show(g):
    return words(g.fmt(), g.pick("", "-4", "-6"), "addr show", g.pick("", "", f"dev {g.dev()}", f"dev {g.dev()}", g.dev(), "up", "scope global", "scope link", "scope host",
                 "to 10.1.0.0/16", "to 2001:db8::/32", "label v0*", "permanent", "dynamic", "secondary", "primary", "deprecated", "tentative", "home", "-deprecated",
                 "group default", "type veth", "nodad", "noprefixroute", "mngtmpaddr", "dadfailed", "proto 50", f"dev {g.dev()} scope global", "master v0", "to odd"))


@of("address", 14)
def address(g):
    kind = g.weighted(add=30, change=8, delete=16, show=34, link=6, route=4, noise=2)
    if kind == "link":
        return f"ip link set {g.dev()} {g.pick('up', 'up', 'down', 'mtu 1000', 'mtu 1500', 'arp off', 'arp on')}"
    if kind == "route":
        return words(g.pick("ip", "ip -6"), "route show", g.pick("", "table local", "table all", f"dev {g.dev()}"))
    if kind == "noise":
        return g.pick("ip addr add", "ip addr add 10.5.0.1/24", "ip addr del", "ip addr frob", "ip addr flush", "ip addr add 10.5.0.1/24 dev v0 dev v1",
                      "ip addr showdump", "ip addr help", "ip -6 addr add 10.5.0.1/24 dev v0", "ip -4 addr add fd00::9/64 dev v0", "ip addr add 10.5.0.1/24 fd00::9/64 dev v0")
    return {"add": add, "change": change, "delete": delete, "show": show}[kind](g)


@of("addrlabel", 3, setup="up")
def addrlabel(g):
    prefix = g.pick("2001:db8::/32", "fd00::/8", "2002::/16", "::/0", "2001:db8:1::/48", "10.0.0.0/8", "odd", "2001:db8::1/129")
    dev = g.pick("", "", f"dev {g.dev()}")
    return g.pick(words(f"ip addrlabel add prefix {prefix}", dev, f"label {g.pick(7, 99, 100, 0, 4294967295, 'odd')}"),
                  words(f"ip addrlabel add prefix {prefix} label {g.num(20, 29)}", dev), words(f"ip addrlabel del prefix {prefix}", dev), "ip addrlabel", "ip addrlabel list",
                  "ip -j addrlabel", "ip addrlabel flush", "ip addrlabel add prefix fd01::/16", f"ip addrlabel del prefix {prefix} label 99 {dev}".strip())


NUD = ["permanent", "noarp", "stale", "reachable", "failed", "permanent", "none", "odd"]


def neighbour(g):
    return g.pick("10.0.0.7", "10.0.0.8", "10.0.1.7", "fd00::7", "fd00::8", "fe80::7", "10.99.0.1", "224.0.0.5", "255.255.255.255", "0.0.0.0", "::", "ff02::5", "fd00::1", "10.0.0.1")


def neigh_options(g):
    mac = g.pick("02:00:00:00:07:01", "02:00:00:00:07:02", "01:00:5e:00:00:01", "00:00:00:00:00:00", "02:00:00:00:07", "odd")
    return words(f"lladdr {mac}" if g.chance(85) else "", f"nud {g.of(NUD)}" if g.chance(55) else "", g.some(8, "router", "extern_learn", "proto static", "managed", "use", "proto 99"))


@of("neigh", 12)
def neigh(g):
    kind = g.weighted(add=34, delete=14, show=30, proxy=10, get=8, flush=2, link=2)
    dev = g.veth() if g.chance(85) else g.dev()
    if kind == "add":
        what = g.new("neigh", f"{neighbour(g)} dev {dev}") if g.chance(70) else g.old("neigh", lambda: "10.0.0.7 dev v0")
        return words("ip neigh", g.of(["add"] * 4 + ["replace"] * 3 + ["change", "change", "append"]), what, neigh_options(g))
    if kind == "delete":
        what = g.old("neigh", lambda: f"{neighbour(g)} dev {dev}")
        g.gone("neigh", what)
        return f"ip neigh del {what}"
    if kind == "proxy":  # always of a device: Linux does not take the others away with their namespace
        ip = neighbour(g)
        return g.pick(f"ip neigh add proxy {ip} dev {dev}", f"ip neigh add proxy {ip} dev {dev} {g.pick('router', 'proto 5', 'extern_learn')}", f"ip neigh del proxy {ip} dev {dev}",
                      words(g.fmt(), "neigh show proxy"), f"ip neigh show proxy dev {dev}", f"ip neigh replace proxy {ip} dev {dev}")
    if kind == "get":
        return words(g.pick("ip", "ip -j", "ip -s"), "neigh get", g.old("neigh", lambda: f"{neighbour(g)} dev {dev}"))
    if kind == "flush":
        return g.pick(f"ip neigh flush dev {dev}", "ip neigh flush all", "ip -s neigh flush nud stale", "ip neigh flush nud permanent", "ip -6 neigh flush all", "ip neigh flush")
    if kind == "link":
        return f"ip link set {dev} {g.pick('down', 'up', 'up', 'arp off', 'arp on', 'address 02:00:00:00:99:99')}"
    return words(g.fmt(), g.pick("", "-4", "-6"), "neigh show", g.pick("", "", f"dev {dev}", f"nud {g.of(NUD)}", "nud all", "10.0.0.0/24", "fd00::/64", neighbour(g), "unused", "vrf nodev",
                 f"dev {dev} nud all", "proto 99", "nomaster", "master v0"))


@of("ntable", 4, setup="up", oracle="first")
def ntable(g):
    name, dev = g.pick("arp_cache", "ndisc_cache", "nosuch"), g.pick("", f"dev {g.dev()}", f"dev {g.veth()}")
    what = g.pick("base_reachable 20000", "retrans 500", "gc_stale 5000", "delay_probe 1000", "queue 5", "app_probes 2", "ucast_probes 4", "mcast_probes 6", "anycast_delay 500",
                  "proxy_delay 100", "proxy_queue 5", "locktime 60", "retrans -1", "odd 5", "ucast_probes 0")
    if g.chance(50):
        dev = dev if g.chance(10) else f"dev {g.veth()}"  # Linux lets the first namespace alone change what the table has
        return words("ip ntable change name", name, dev, what, g.some(15, "retrans 700", "queue 7"))
    return words(g.pick("ip", "ip -4", "ip -6", "ip -s", "ip -j"), "ntable show", g.pick("", f"name {name}", f"name {name} {dev}", dev))
