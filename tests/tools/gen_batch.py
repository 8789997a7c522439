# SPDX-License-Identifier: BSD-2-Clause
"""Files for `ip -batch`: what other generators say, several lines at a time."""
from gen import OBJECTS, of, words

FROM = ["address", "route", "route6", "neigh", "rule", "nexthop"]


@of("batch", 3)
def batch(g):
    fn = OBJECTS[g.of(FROM)][0]
    lines = []
    while len(lines) < g.num(2, 6):
        command = fn(g).split(" ")
        if command[0] == "ip" and not command[1].startswith("-"):
            lines.append(" ".join(command[1:]))
    if g.chance(10):
        lines.insert(g.num(0, len(lines)), g.pick("# a comment", "", "frob", "link show dev v0"))
    return words("ip", g.pick("", "", "-force", "-force", "-6", "-d"), "-batch -") + " <<< " + "\\n".join(lines) + "\\n"
