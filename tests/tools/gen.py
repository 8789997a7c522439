# SPDX-License-Identifier: BSD-2-Clause
"""The seeded generator: sessions of commands about one object each. It keeps in mind what its commands made, so that most of what it
says next is about something that exists; it does not look at answers, so a seed is always the same commands."""
import random

LENGTH = 30  # commands of a session: what went apart early bears on few
OBJECTS = {}  # name: (function, share of the commands)

LINKS = [
    "ip link set lo up",
    "ip link add v0 address 02:00:00:00:00:10 type veth peer name w0 address 02:00:00:00:00:11",
    "ip link add v1 address 02:00:00:00:01:10 type veth peer name w1 address 02:00:00:00:01:11",
]
UP = [f"ip link set {d} up" for d in ("v0", "w0", "v1", "w1")]
ADDRESSES = [
    "ip addr add 10.0.0.1/24 dev v0", "ip addr add 10.0.1.1/24 dev v1",
    "ip addr add fd00::1/64 dev v0 nodad", "ip addr add fd00:1::1/64 dev v1 nodad",
]
SETUPS = {"none": [], "lo": LINKS[:1], "links": LINKS, "up": LINKS + UP, "net": LINKS + UP + ADDRESSES}


def of(name, share, setup="net", monitor="ip monitor all", oracle="host"):
    """Declares a function to make commands of an object, and who is asked for Linux's answers; share is out of 100."""
    def add(fn):
        OBJECTS[name] = (fn, share, setup, monitor, oracle)
        return fn
    return add


class World:
    """What a session's commands have made so far, as far as they were meant to succeed."""

    def __init__(self, seed, name):
        self.r = random.Random(f"{seed}/{name}")
        self.devs = ["lo", "v0", "w0", "v1", "w1"]
        self.made = {}  # kind: [words that name each]
        self.n = 0

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def pick(self, *xs):
        return self.r.choice(xs)

    def of(self, xs):
        return self.r.choice(list(xs))

    def num(self, least, most):
        return self.r.randint(least, most)

    def weighted(self, **kinds):
        return self.r.choices(list(kinds), kinds.values())[0]

    def dev(self):
        return self.of(self.devs) if self.chance(95) else self.pick("nodev", "v9")

    def veth(self):
        return self.of([d for d in self.devs if d != "lo"] or ["v0"])

    def some(self, percent, *texts):
        """Each of the texts with that chance."""
        return [t for t in texts if self.chance(percent)]

    def new(self, kind, what, most=12):
        rows = self.made.setdefault(kind, [])
        if what not in rows and len(rows) < most:
            rows.append(what)
        return what

    def old(self, kind, otherwise):
        """One that was made, mostly; else what otherwise() says."""
        rows = self.made.get(kind)
        return self.of(rows) if rows and self.chance(85) else otherwise()

    def gone(self, kind, what):
        if what in self.made.get(kind, ()):
            self.made[kind].remove(what)

    def fmt(self):
        """Options of ip for showing."""
        return self.of(["ip", "ip", "ip -j", "ip -d", "ip -d -j", "ip -o", "ip -br", "ip -s", "ip -s -s", "ip -N", "ip -j -p"])


def words(*parts):
    flat = []
    for p in parts:
        flat += [p] if isinstance(p, str) else p
    return " ".join(x for x in flat if x)


def sessions(seed, count, only=()):
    """(object, name, setup, monitor, [command], oracle) until about count commands are made."""
    total = sum(share for _, share, *_ in OBJECTS.values())
    for obj, (fn, share, setup, monitor, oracle) in OBJECTS.items():
        if only and obj not in only:
            continue
        want = max(LENGTH, count * share // total)
        for i in range((want + LENGTH - 1) // LENGTH):
            name = f"{obj}/{i}"
            w = World(seed, name)
            yield obj, f"generated/{name}", setup, monitor, [fn(w) for _ in range(LENGTH)], oracle
