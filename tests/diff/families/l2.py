# SPDX-License-Identifier: BSD-2-Clause
"""Frames (IEEE 802.3; RFC 894, 1042, 2464; RFC 1122, 2.3): whose they are, what is in them, how long they are."""
from case import family
from craft import ARP, ICMP, IP, IPv6, LLC, SNAP, Dot1AD, Dot1Q, Ether, Raw, payload
from families.ext6 import echo
import lab as L

DSTS = {"own": L.DUT_MAC["a"], "own-of-b": L.DUT_MAC["b"], "broadcast": "ff:ff:ff:ff:ff:ff", "all-hosts": "01:00:5e:00:00:01", "all-nodes": "33:33:00:00:00:01",
        "own-group": "33:33:ff:00:00:01", "stranger": "02:00:00:00:0a:77", "foreign-group": "01:00:5e:11:22:33", "stp": "01:80:c2:00:00:00", "zero": "00:00:00:00:00:00",
        "lldp": "01:80:c2:00:00:0e", "pause": "01:80:c2:00:00:01"}


def inner(h, kind):
    if kind == "ip4":
        return bytes(IP(src=h.far4("a"), dst=h.own4(), id=h.ident) / ICMP(id=7) / Raw(payload(8)))
    if kind == "ip6":
        number, data = echo(h.far6("a"), h.own6())
        return bytes(IPv6(src=h.far6("a"), dst=h.own6(), nh=number) / Raw(data))
    if kind == "ip4-through":
        return bytes(IP(src=h.far4("a"), dst=h.far4("b"), id=h.ident) / ICMP(id=7) / Raw(payload(8)))
    if kind == "ip6-through":
        number, data = echo(h.far6("a"), h.far6("b"))
        return bytes(IPv6(src=h.far6("a"), dst=h.far6("b"), nh=number) / Raw(data))
    return bytes(ARP(op=1, hwsrc=L.HOST_MAC["a"].format(3), psrc="10.1.0.3", pdst="10.1.0.1"))


TYPES = {"ip4": 0x800, "ip6": 0x86DD, "arp": 0x806, "ip4-through": 0x800, "ip6-through": 0x86DD}


def frame(body, dst=L.DUT_MAC["a"], kind=0x800, src=L.HOST_MAC["a"].format(2), link="a"):
    return link, bytes.fromhex(dst.replace(":", "") + src.replace(":", "")) + kind.to_bytes(2, "big") + body


# leat takes no unicast out of a group's frame (RFC 1122, 3.3.6); Linux can be told not to.
@family("l2", sysctls=(("net.ipv4.conf.all.drop_unicast_in_l2_multicast", 1), ("net.ipv6.conf.a.drop_unicast_in_l2_multicast", 1)))
def cases(c):
    for what in TYPES:
        for name, dst in DSTS.items():
            c.add(f"{what}-to-{name}", lambda h, w=what, d=dst: [frame(inner(h, w), d, TYPES[w])])
        for kind in (0, 46, 100, 1500, 1501, 1535, 1536, 0x0800, 0x0801, 0x0805, 0x0806, 0x0808, 0x6003, 0x8035, 0x80F3, 0x8100, 0x86DD, 0x86DE, 0x8808, 0x8847,
                     0x8863, 0x888E, 0x88A8, 0x88CC, 0x88F7, 0x9000, 0x9100, 0xFFFF):
            c.add(f"{what}-as-{kind:#06x}", lambda h, w=what, k=kind: [frame(inner(h, w), kind=k)])
        for pad in (1, 6, 17, 18, 46, 200):
            c.add(f"{what}-padded-{pad}", lambda h, w=what, n=pad: [frame(inner(h, w) + bytes(n), kind=TYPES[w])])
        for cut in (0, 1, 4, 8, 19, 20, 27, 28, 39, 40, 47):
            c.add(f"{what}-cut-{cut}", lambda h, w=what, n=cut: [frame(inner(h, w)[:n], kind=TYPES[w])])
        for src in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", L.DUT_MAC["a"], L.DUT_MAC["b"], "02:00:00:00:0a:78"):
            c.add(f"{what}-from-{src}", lambda h, w=what, s=src: [frame(inner(h, w), src=s, kind=TYPES[w])])
        c.add(f"{what}-as-llc", lambda h, w=what: [frame(bytes(LLC(dsap=6, ssap=6, ctrl=3)) + inner(h, w), kind=3 + len(inner(h, w)))])
        c.add(f"{what}-as-snap", lambda h, w=what: [frame(bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=TYPES[w])) + inner(h, w), kind=8 + len(inner(h, w)))])
        # No VLAN is configured here: the tag 0 says only a priority (IEEE 802.1Q, 6.9), others are nobody's.
        for vlan in (0, 1, 5, 4095):
            for tag in (Dot1Q, Dot1AD):
                c.add(f"{what}-{tag.__name__.lower()}-{vlan}", lambda h, w=what, v=vlan, t=tag: [tagged(h, w, t(vlan=v, prio=3, type=TYPES[w]))])
        c.add(f"{what}-priority-twice", lambda h, w=what: [tagged(h, w, Dot1AD(vlan=0, type=0x8100) / Dot1Q(vlan=0, type=TYPES[w]))])
        c.add(f"{what}-tag-cut", lambda h, w=what: [frame(b"\0\0", kind=0x8100)])


def tagged(h, what, tags):
    return "a", bytes(Ether(dst=L.DUT_MAC["a"], src=L.HOST_MAC["a"].format(2)) / tags / Raw(inner(h, what)))
