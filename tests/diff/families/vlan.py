# SPDX-License-Identifier: BSD-2-Clause
"""VLANs (IEEE 802.1Q, 802.1ad): tags that are ours, nobody's, nested, cut, with priorities; to us and through us. The guest is the oracle."""
from case import family
from craft import ICMP, IP, IPv6, Raw, payload
from families.ext6 import echo
from families.l2 import inner as plain
import lab as L

DEVICES = [
    "link add link a name a.5 type vlan id 5", "link add link a name s.6 type vlan protocol 802.1ad id 6", "link add link s.6 name s.6.7 type vlan id 7",
    "link add link b name b.5 type vlan id 5",
    *(f"link set dev {d} up" for d in ("a.5", "s.6", "s.6.7", "b.5")),
    *(x for i, d in enumerate(("a.5", "s.6", "s.6.7", "b.5")) for x in (
        f"address add 10.5.{i}.1/24 dev {d}", f"address add fd50:{i}::1/64 dev {d} nodad",
        f"neigh replace 10.5.{i}.2 lladdr 02:00:00:00:0{'b' if d[0] == 'b' else 'a'}:02 nud permanent dev {d}",
        f"neigh replace fd50:{i}::2 lladdr 02:00:00:00:0{'b' if d[0] == 'b' else 'a'}:02 nud permanent dev {d}")),
]
Q, AD = 0x8100, 0x88A8
OURS = {"a.5": ("a", 0, [(Q, 5)]), "s.6": ("a", 1, [(AD, 6)]), "s.6.7": ("a", 2, [(AD, 6), (Q, 7)]), "b.5": ("b", 3, [(Q, 5)])}


def tagged(body, kind, tags, link="a", dst=None, prio=0, dei=0):
    data = b"".join(t.to_bytes(2, "big") + (prio << 13 | dei << 12 | v).to_bytes(2, "big") for t, v in tags)
    return link, bytes.fromhex((dst or L.DUT_MAC[link]).replace(":", "") + L.HOST_MAC[link].format(2).replace(":", "")) + data + kind.to_bytes(2, "big") + body


def ping4(h, i, size=8, dst=None, **ip):
    return bytes(IP(src=f"10.5.{i}.2", dst=dst or f"10.5.{i}.1", id=h.ident, **ip) / ICMP(id=7) / Raw(payload(size)))


def ping6(i, size=8, dst=None, **ip):
    src, dst = f"fd50:{i}::2", dst or f"fd50:{i}::1"
    number, data = echo(src, dst, size)
    return bytes(IPv6(src=src, dst=dst, nh=number, **ip) / Raw(data))


@family("vlan", oracle=L.VM, ip=DEVICES, sysctls=(("net.ipv4.conf.all.drop_unicast_in_l2_multicast", 1),), quiet_s=0.01)
def cases(c):
    for name, (link, i, tags) in OURS.items():
        for prio in range(8):
            for dei in (0, 1):
                c.add(f"{name}-priority-{prio}-{dei}", lambda h, x=link, k=i, t=tags, p=prio, d=dei: [tagged(ping4(h, k), 0x800, t, x, prio=p, dei=d)])
        c.add(f"{name}-6", lambda h, x=link, k=i, t=tags: [tagged(ping6(k), 0x86DD, t, x)])
        for size in (0, 1, 18, 1000, 1372, 1400, 1464, 1468, 1472):
            if size > (1372 if link == "b" else 1476 - 4 * len(tags)):
                continue
            c.add(f"{name}-size-{size}", lambda h, x=link, k=i, t=tags, s=size: [tagged(ping4(h, k, s), 0x800, t, x)])
            if size <= (1352 if link == "b" else 1456 - 4 * len(tags)):
                c.add(f"{name}-6-size-{size}", lambda h, x=link, k=i, t=tags, s=size: [tagged(ping6(k, s), 0x86DD, t, x)])
        for dst in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "02:00:00:00:0a:77"):
            c.add(f"{name}-frame-to-{dst}", lambda h, x=link, k=i, t=tags, d=dst: [tagged(ping4(h, k), 0x800, t, x, d)])
        c.add(f"{name}-arp", lambda h, x=link, k=i, t=tags: [tagged(
            bytes.fromhex("0001080006040001020000000a02") + bytes([10, 5, k, 2]) + bytes(6) + bytes([10, 5, k, 1]), 0x806, t, x, "ff:ff:ff:ff:ff:ff")])
        for other, (_, o, _) in OURS.items():
            c.add(f"{name}-to-{other}", lambda h, x=link, k=i, t=tags, y=o: [tagged(ping4(h, k, dst=f"10.5.{y}.2"), 0x800, t, x)])
            c.add(f"{name}-to-{other}-6", lambda h, x=link, k=i, t=tags, y=o: [tagged(ping6(k, dst=f"fd50:{y}::2"), 0x86DD, t, x)])
            c.add(f"{name}-to-address-of-{other}", lambda h, x=link, k=i, t=tags, y=o: [tagged(ping4(h, k, dst=f"10.5.{y}.1"), 0x800, t, x)])
        c.add(f"{name}-expires", lambda h, x=link, k=i, t=tags: [tagged(ping4(h, k, dst="10.2.0.3", ttl=1), 0x800, t, x)])
        c.add(f"{name}-too-big", lambda h, x=link, k=i, t=tags: [tagged(ping4(h, k, 1371 if x == "b" else 1440, dst="10.2.0.3", flags="DF"), 0x800, t, x)])
        c.add(f"{name}-no-route", lambda h, x=link, k=i, t=tags: [tagged(ping4(h, k, dst="192.0.2.9"), 0x800, t, x)])
        for cut in (0, 1, 2):
            c.add(f"{name}-cut-{cut}", lambda h, x=link, k=i, t=tags, n=cut: [(y, f[:12 + 4 * len(t) - n]) for y, f in [tagged(b"", 0x800, t, x)]])
    foreign = {"none": [], "q0": [(Q, 0)], "q1": [(Q, 1)], "q6": [(Q, 6)], "q4095": [(Q, 4095)], "ad5": [(AD, 5)], "ad0": [(AD, 0)], "q5-q5": [(Q, 5), (Q, 5)],
               "q0-q5": [(Q, 0), (Q, 5)], "q5-q0": [(Q, 5), (Q, 0)], "ad0-q5": [(AD, 0), (Q, 5)], "ad6-q0": [(AD, 6), (Q, 0)], "ad6-q8": [(AD, 6), (Q, 8)], "q6-q7": [(Q, 6), (Q, 7)],
               "ad6-ad7": [(AD, 6), (AD, 7)], "q7-ad6": [(Q, 7), (AD, 6)], "9100-5": [(0x9100, 5)], "ad6-q7-q0": [(AD, 6), (Q, 7), (Q, 0)], "ad6-q7-q9": [(AD, 6), (Q, 7), (Q, 9)],
               "q0-q0-q5": [(Q, 0), (Q, 0), (Q, 5)], "six": [(Q, 5)] * 6}
    for name, tags in foreign.items():
        for i in range(3):
            c.add(f"tags-{name}-to-{i}", lambda h, t=tags, k=i: [tagged(ping4(h, k), 0x800, t)])
            c.add(f"tags-{name}-to-{i}-6", lambda h, t=tags, k=i: [tagged(ping6(k), 0x86DD, t)])
        c.add(f"tags-{name}-to-untagged", lambda h, t=tags: [tagged(plain(h, "ip4"), 0x800, t)])
