# SPDX-License-Identifier: BSD-2-Clause
"""Commands about interfaces: link, statistics, bridge link, netconf, token, groups."""
from gen import of, words

GOOD_MAC = ["02:11:22:33:44:55", "00:16:3e:01:02:03", "02:00:00:00:00:99"]
BAD_MAC = ["01:00:5e:00:00:01", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:11:22:33:44", "zz:11:22:33:44:55", "02:11:22:33:44:55:66"]


def mac(g):
    return g.of(GOOD_MAC) if g.chance(75) else g.of(BAD_MAC)


def flag(g):
    return g.pick("arp off", "arp on", "multicast off", "multicast on", "allmulticast on", "allmulticast off", "promisc on", "promisc off",
                  "dynamic on", "dynamic off", "trailers on", "trailers off")


def attribute(g):
    kind = g.weighted(mtu=14, address=8, broadcast=2, alias=8, txqueuelen=8, group=8, flag=14, updown=14, mode=5, carrier=2, protodown=2, addrgen=7,
                      master=3, nomaster=3, gso=4, state=2)
    return {
        "mtu": lambda: f"mtu {g.pick(68, 500, 1280, 1400, 1500, 9000, 65535, 67, 10, 65536, 70000, 0, -1, 'many')}",
        "address": lambda: f"address {mac(g)}",
        "broadcast": lambda: f"broadcast {g.pick('ff:ff:ff:ff:ff:ff', '02:00:00:00:00:01', 'ff:ff')}",
        "alias": lambda: f"alias {g.pick('uplink', 'a' * 40, 'a.b', '''two words'''.replace(' ', '-'), 'x' * 255, 'x' * 256, chr(39) * 2)}",
        "txqueuelen": lambda: f"txqueuelen {g.pick(0, 1, 100, 1000, 4294967295, -1)}",
        "group": lambda: f"group {g.pick(0, 5, 7, 'default', 4294967295, 'nogroup')}",
        "flag": lambda: flag(g),
        "updown": lambda: g.pick("up", "down"),
        "mode": lambda: g.pick("mode dormant", "mode default", "mode odd"),
        "carrier": lambda: g.pick("carrier on", "carrier off"),
        "protodown": lambda: g.pick("protodown on", "protodown off", "protodown_reason 3 on"),
        "addrgen": lambda: f"addrgenmode {g.pick('eui64', 'none', 'stable_secret', 'random', 'odd')}",
        "master": lambda: f"master {g.pick('lo', 'v0', 'v1', 'nodev')}",
        "nomaster": lambda: "nomaster",
        "gso": lambda: g.pick("gso_max_size 1000", "gso_max_size 65536", "gso_max_segs 10", "gso_max_segs 70000", "gro_max_size 3000", "gso_max_size 8000000"),
        "state": lambda: g.pick("state up", "state dormant", "state odd"),
    }[kind]()


def filters(g):
    return g.pick("", "", f"dev {g.dev()}", f"dev {g.dev()}", g.dev(), "up", f"group {g.pick('default', 5, 7)}", "type veth", "type dummy", f"master {g.dev()}",
                  "type bridge_slave", "nomaster", f"dev {g.dev()} up", "type nosuchtype", "vrf nodev")


def rename(g):
    old = g.veth()
    new = g.pick("x0", "x1", "longname-15char", "much-too-long-name", "v0", "a/b", "..", "eth%d", "x:1", "lo")
    if new in ("x0", "x1", "longname-15char") and new not in g.devs and old in g.devs and g.chance(90):
        g.devs[g.devs.index(old)] = new
    return f"ip link set dev {old} name {new}"


def altname(g):
    if g.chance(60):
        name = g.pick("alt0", "alt1", "another-name-that-is-rather-long-yet-fine", "v0", "lo", "a/b", "x" * 127, "x" * 128, f"alt{g.num(2, 9)}")
        return f"ip link property add dev {g.dev()} altname {g.new('alt', name)}"
    name = g.old("alt", lambda: "noalt")
    g.gone("alt", name)
    return f"ip link property del dev {g.pick(g.dev(), name)} altname {name}"


def add(g):
    n, p = g.pick("y0", "y1", "y2", "v0", "y%d"), g.pick("z0", "z1", "z2", "w0", "y1")
    if n in g.devs or p in g.devs or g.chance(25):
        return g.pick(f"ip link add {n} type veth peer name {p}", "ip link add q0 type nosuchtype", f"ip link add type veth peer name {p}x",
                      f"ip link add {n} mtu 20 type veth", f"ip link add {n} address {mac(g)} type veth peer name {p} address {mac(g)}",
                      f"ip link add {n} link v0 type veth peer name {p}", f"ip link add {n} numtxqueues 0 type veth",
                      "ip link add name a/b type veth", f"ip link replace {n} type veth", "ip link change v0 type veth", f"ip link add {n} index 1 type veth",
                      "ip link add y9 index 77 address 02:00:00:00:77:01 type veth peer name z9 index 78 address 02:00:00:00:77:02")
    g.devs += [n, p] if "%" not in n else []
    i = g.num(1, 99)
    return words(f"ip link add {n} address 02:00:00:00:{i:02}:01", g.some(20, "mtu 1400", "txqueuelen 50", "up", "group 5", "alias hey"),
                 f"type veth peer name {p} address 02:00:00:00:{i:02}:02", g.some(15, "mtu 1300"))


def delete(g):
    dev = g.pick("y0", "y1", "y2", "lo", "nodev", g.veth())
    if dev in g.devs and dev != "lo":
        pairs = [("v0", "w0"), ("v1", "w1")]
        g.devs = [d for d in g.devs if d not in {x for p in pairs if dev in p for x in p} | {dev}] or ["lo"]
    return f"ip link del {dev}" if g.chance(85) else g.pick("ip link del group 5", "ip link del group 0", "ip link del", "ip link del dev v0 type veth")


@of("link", 14, setup="up")
def link(g):
    kind = g.weighted(set=34, show=34, rename=6, alt=8, add=8, delete=4, many=3, noise=3)
    if kind == "set":
        return words(f"ip link set dev {g.dev()}", *[attribute(g) for _ in range(g.pick(1, 1, 1, 2, 2, 3))])
    if kind == "show":
        return words(g.fmt(), "link show", filters(g))
    if kind == "many":
        return g.pick(f"ip link set group 5 {g.pick('up', 'down', 'mtu 1400')}", f"ip link set group {g.num(0, 9)} group 5")
    if kind == "noise":
        return g.pick("ip link set", "ip link set dev v0", "ip link frob v0", "ip -6 link show", "ip -4 link", "ip -0 link", "ip link help", "ip link set v0 up down",
                      "ip link set dev v0 netns nosuch", "ip link set v0 vf 0 mac 02:00:00:00:00:01", "ip link set v0 xdp off", "ip link set v0 type veth",
                      "ip link set v0 link-netnsid 5", "ip link afstats", "ip link xstats type bridge")
    return {"rename": rename, "alt": altname, "add": add, "delete": delete}[kind](g)


@of("stats", 2, setup="net")
def stats(g):
    return words(g.pick("ip", "ip -j", "ip -s"), "stats show", g.pick("", f"dev {g.dev()}"),
                 g.pick("", "group link", "group afstats", "group offload", "group xstats", "group nosuch", "group afstats subgroup mpls",
                        "group link group afstats", "group offload subgroup cpu_hit", "group offload subgroup hw_stats_info", "group xstats_slave"))


@of("bridge", 3, setup="up")
def bridge(g):
    if g.chance(50):
        return words(g.pick("bridge", "bridge -d", "bridge -j", "bridge -s"), g.pick("link", "link show", "vlan show", "fdb show", "mdb show", "link show"),
                     g.pick("", f"dev {g.dev()}"))
    return g.pick(f"bridge link set dev {g.dev()} cost {g.num(1, 9)}", f"bridge link set dev {g.dev()} hwmode vepa", f"bridge link set dev {g.dev()} learning off",
                  f"bridge link set dev {g.dev()} state 3", f"bridge link set dev {g.dev()} cost 4 self", f"bridge link set dev {g.dev()} guard on master",
                  f"bridge fdb add 02:00:00:00:00:77 dev {g.pick('lo', 'nodev', 'v0')} self", f"bridge vlan add vid 5 dev {g.dev()}", f"bridge fdb del 02:00:00:00:00:77 dev {g.dev()}",
                  f"ip link set {g.veth()} {g.pick('up', 'down', 'mtu 1400')}")


@of("netconf", 2)
def netconf(g):
    return words(g.pick("ip", "ip -4", "ip -6", "ip -j", "ip -6 -j"), "netconf", g.pick("", "show"), g.pick("", f"dev {g.dev()}", f"dev {g.dev()}", "dev all", "dev default"))


@of("token", 3, setup="up")
def token(g):
    tok = g.pick("::1", "::1:2:3:4", "::5", "::", "fe80::1", "2001:db8::1", "1.2.3.4", "odd")
    return g.pick(f"ip token set {tok} dev {g.dev()}", f"ip token set {tok} dev {g.dev()}", f"ip token del dev {g.dev()}", f"ip token get dev {g.dev()}", "ip token",
                  "ip token list", f"ip -j token list dev {g.dev()}", "ip token get", f"ip link set {g.veth()} {g.pick('up', 'down', 'arp off', 'arp on')}",
                  f"ip -d link show {g.dev()}", f"ip -6 addr show {g.dev()}")


@of("maddr", 2, setup="up")
def maddr(g):
    mac_ = g.pick("33:33:00:00:00:05", "01:00:5e:00:00:05", "02:00:00:00:00:05", "odd")
    return g.pick(f"ip maddr add {g.new('maddr', mac_)} dev {g.dev()}", f"ip maddr del {g.old('maddr', lambda: mac_)} dev {g.dev()}", f"ip maddr show dev {g.dev()}",
                  "ip maddr", "ip -4 maddr", "ip -6 maddr show", "ip -0 maddr", f"ip -j maddr show dev {g.dev()}", f"ip addr add 224.1.1.{g.num(1, 5)}/32 dev v0 autojoin",
                  f"ip addr del 224.1.1.{g.num(1, 5)}/32 dev v0", f"ip addr add ff05::{g.num(1, 5)}/128 dev v0 autojoin")
