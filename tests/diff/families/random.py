# SPDX-License-Identifier: BSD-2-Clause
"""Packets from a seeded generator: good ones, of all kinds that the other families make, with some of their bytes and lengths changed
at random, and the checksums mostly put right again, so that what was changed is looked at and not only refused."""
import socket
import struct

import normal
import wire
from case import FAMILIES, Cases, family
from families.martian import FOUR, SIX

KINDS4 = ("icmp4", "forward4", "opt4", "frag4", "martian4")
KINDS6 = ("icmp6", "forward6", "ext6", "frag6", "martian6")
OWN_PROTOCOLS = (6,)  # what a kernel serves and leat does not have: TCP


def some_bytes(rnd, f, at):
    """One to three bytes behind the Ethernet header; in the first 60 mostly, where the headers are."""
    for _ in range(rnd.randint(1, 3)):
        end = min(len(f), at + rnd.choice((8, 20, 40, 60, 60, 80)))
        if end > at:
            i = rnd.randrange(at, end)
            f[i] = rnd.choice((0, 1, 255, f[i] ^ 1 << rnd.randrange(8), rnd.randrange(256)))


def change(rnd, f, at, kind):
    """One way of getting a packet wrong."""
    how = rnd.choice(("bytes", "bytes", "bytes", "cut", "grow", "length", "address", "upper", "none"))
    if how == "bytes":
        some_bytes(rnd, f, at)
    elif how == "cut":
        del f[rnd.randrange(at, len(f) + 1):]
    elif how == "grow":
        f += bytes(rnd.randrange(256) for _ in range(rnd.randint(1, 64)))
    elif how == "length" and len(f) >= at + 6:
        field = at + (2 if kind == 4 else 4)
        f[field:field + 2] = struct.pack("!H", max(0, (f[field] << 8 | f[field + 1]) + rnd.randint(-24, 24)) & 0xFFFF)
    elif how == "address" and len(f) >= at + (20 if kind == 4 else 40):
        pool, pton, width, first = (FOUR, socket.AF_INET, 4, 12) if kind == 4 else (SIX, socket.AF_INET6, 16, 8)
        field = at + first + rnd.choice((0, width))
        f[field:field + width] = socket.inet_pton(pton, rnd.choice(pool))
    elif how == "upper" and len(f) > at + 40:
        start = at + (20 if kind == 4 else 40)
        for _ in range(rnd.randint(1, 3)):
            f[rnd.randrange(start, len(f))] = rnd.randrange(256)
    return how


def mend4(f, at):
    """Header and ICMP checksums that fit."""
    hl = (f[at] & 15) * 4
    if len(f) < at + 20 or hl < 20 or len(f) < at + hl:
        return
    f[at + 10:at + 12] = b"\0\0"
    f[at + 10:at + 12] = struct.pack("!H", ~wire.inet_sum(bytes(f[at:at + hl])) & 0xFFFF)
    end, l4 = min(len(f), at + (f[at + 2] << 8 | f[at + 3])), at + hl
    if f[at + 9] == 1 and end >= l4 + 4 and not (f[at + 6] & 0x3F | f[at + 7]):
        f[l4 + 2:l4 + 4] = b"\0\0"
        f[l4 + 2:l4 + 4] = struct.pack("!H", ~wire.inet_sum(bytes(f[l4:end])) & 0xFFFF)


def mend6(f, at):
    """ICMPv6 and UDP checksums that fit, when all headers before them do."""
    if len(f) < at + 41:
        return
    proto, l4, fragment = normal.walk6(f, at)
    end = min(len(f), at + 40 + (f[at + 4] << 8 | f[at + 5]))
    field = {58: 2, 17: 6}.get(proto)
    if field is None or fragment or end < l4 + field + 2:
        return
    f[l4 + field:l4 + field + 2] = b"\0\0"
    pseudo = bytes(f[at + 8:at + 40]) + struct.pack("!II", end - l4, proto)
    f[l4 + field:l4 + field + 2] = struct.pack("!H", ~wire.inet_sum(pseudo + bytes(f[l4:end])) & 0xFFFF or 0xFFFF)


def spoil(rnd, frame):
    """(what was done, the frame)."""
    f = bytearray(frame)
    ethertype, at = normal.l3(frame)
    kind = 4 if ethertype == normal.ETH_IP else 6
    for _ in range(rnd.choice((1, 1, 1, 2, 3))):
        change(rnd, f, at, kind)
    mends = rnd.random() < 0.85
    if kind == 4 and len(f) >= at + 20:
        if f[at + 9] in OWN_PROTOCOLS:
            f[at + 9] = 17
        if mends:
            mend4(f, at)
    elif kind == 6 and len(f) >= at + 40:
        if f[at + 6] in OWN_PROTOCOLS:
            f[at + 6] = 17
        if mends:
            mend6(f, at)
    return bytes(f)


def generated(c, kinds):
    pools = []
    for name in kinds:
        fam = FAMILIES[name]
        pool = Cases(fam, c.role, c.seed, 0)
        fam.make(pool)
        pools.append([x for x in pool.rows if x.react is None and "-every-code" not in x.id])

    def make(h):
        """A case of another family; at least one of its frames is spoiled. No longer ones: they would not fit the link."""
        for _ in range(100):
            base = h.rnd.choice(h.rnd.choice(pools))
            steps = base.make(h)
            if len(steps) <= 4:
                break
        victim = h.rnd.randrange(len(steps))
        room = 14 + (1500 if steps[victim][0] == "a" else 1400)
        return [(link, spoil(h.rnd, f)[:room]) if i == victim or h.rnd.random() < 0.2 else (link, f) for i, (link, f) in enumerate(steps)]

    for i in range(c.count):
        c.add(f"{i:05}", make)


@family("random4", alone=True, generated=True)
def cases4(c):
    generated(c, KINDS4)


@family("random6", alone=True, generated=True)
def cases6(c):
    generated(c, KINDS6)
