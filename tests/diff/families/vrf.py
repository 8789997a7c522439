# SPDX-License-Identifier: BSD-2-Clause
"""VRFs: what the other families ask, again with both links in a VRF, and with only one. The guest is the oracle."""
from case import FAMILIES, Cases, family
import lab as L

RED = ["link add red type vrf table 10", "link set dev red up"]
EACH = 4  # every fourth case of a family is enough here
FAMILIES_OF_ALL = ("icmp4", "forward4", "frag4", "icmp6", "forward6", "frag6")


def move(link):
    """Into the VRF, with what moving may take away."""
    n = L.NET[link]
    lines = [f"link set dev {link} master red", f"address replace fd{n:02x}::1/64 dev {link} nodad",
             f"route replace 198.{17 + n}.0.0/16 via 10.{n}.0.2 dev {link} table 10", f"-6 route replace fd{17 + n}::/32 via fd{n:02x}::2 dev {link} table 10"]
    for h in L.HOSTS:
        lines += [f"neigh replace {a} lladdr {L.HOST_MAC[link].format(h)} nud permanent dev {link}" for a in (
            f"10.{n}.0.{h}", f"fd{n:02x}::{h}", f"fe80::{n}:{h}")]
    return lines


def again(c):
    for name in FAMILIES_OF_ALL:
        pool = Cases(FAMILIES[name], c.role, c.seed, 0)
        FAMILIES[name].make(pool)
        for row in [r for r in pool.rows if "-every-code" not in r.id][::EACH]:
            c.add(row.id.replace("/", "-"), row.make, row.react)


@family("vrf", oracle=L.VM, roles=("router",), ip=(*RED, *move("a"), *move("b")), quiet_s=0.006)
def both(c):
    again(c)


@family("vrf-apart", oracle=L.VM, roles=("router",), ip=(*RED, *move("b")), quiet_s=0.006)
def one(c):
    again(c)
