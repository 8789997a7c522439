# SPDX-License-Identifier: BSD-2-Clause
"""Cases and the families they come in.

A family is a function with @family(...) over it that adds cases: a name and a function that makes the steps (wire.exchange) from a
Hand. All addresses that a dut might remember come from the Hand, and are others each time a case is played, so cases do not meet.
"""
import random

import lab as L

FAMILIES = {}


class Family:
    """alone: cases leave something behind, so no other family is played beside them. generated: by chance, for each seed again.
    program: what runs on the dut (program.py). settle_s: until a dut has said what it says by itself. slow: no part of samples."""

    def __init__(self, name, make, roles, oracle, sysctls, ip, keep, quiet_s, alone, generated, program, settle_s, slow):
        self.name, self.make, self.roles, self.oracle = name, make, roles, oracle
        self.sysctls, self.ip, self.keep, self.quiet_s = tuple(sysctls), tuple(ip), tuple(keep), quiet_s
        self.alone = name if alone else ""
        self.generated, self.program, self.settle_s, self.slow = generated, tuple(program), settle_s, slow

    def lab_key(self, role):
        """Families with equal keys share a lab."""
        return role, self.oracle, self.sysctls, self.ip, self.alone, self.program, self.settle_s

    def cases(self, role, seeds, count):
        rows = []
        for seed in seeds if self.generated else seeds[:1]:
            c = Cases(self, role, seed, count)
            self.make(c)
            rows += c.rows
        return rows


def family(name, roles=("router", "host"), oracle=L.LINUX, sysctls=(), ip=(), keep=(), quiet_s=0.0015, alone=False, generated=False, program=(),
           settle_s=0.3, slow=False):
    def add(make):
        FAMILIES[name] = Family(name, make, roles, oracle, sysctls, ip, keep, quiet_s, alone, generated, program, settle_s, slow)
        return make
    return add


class Case:
    def __init__(self, fam, role, name, make, n, seed, react=None):
        self.family, self.role, self.make, self.n, self.seed, self.react = fam, role, make, n, seed, react
        self.id = f"{fam.name}/{role}/{f'seed-{seed}-' * fam.generated}{name}"
        self.group = f"{fam.name} seed {seed}" if fam.generated else fam.name  # what is counted together
        self.oracle = fam.oracle

    def play(self, attempt):
        """(steps, react) with addresses of their own."""
        h = Hand((self.n + attempt * 16384) % 65000, random.Random(f"{self.seed} {self.id}"))
        return self.make(h), self.react and (lambda link, frame: self.react(h, link, frame))


class Cases:
    def __init__(self, fam, role, seed, count):
        self.family, self.role, self.seed, self.count = fam, role, seed, count
        self.rows, self.names = [], set()

    def add(self, name, make, react=None):
        assert name not in self.names, f"two cases named {name}"
        self.names.add(name)
        self.rows.append(Case(self.family, self.role, name, make, len(self.rows) + 1, self.seed, react))


class Hand:
    """Number n of the case being played, and chance by seed and case."""

    def __init__(self, n, rnd):
        self.n, self.rnd = n, rnd
        self.ident = (n * 31 + 7) & 0xFFFF or 1

    def far4(self, link):
        """A host behind the gateway of a link, unique to this playing."""
        return f"198.{17 + L.NET[link]}.{self.n >> 8}.{self.n & 255}"

    def far6(self, link):
        return f"fd{17 + L.NET[link]}::{self.n:x}"

    @staticmethod
    def own4(link="a"):
        return f"10.{L.NET[link]}.0.1"

    @staticmethod
    def own6(link="a"):
        return f"fd{L.NET[link]:02x}::1"

    @staticmethod
    def own_ll(link="a"):
        return f"fe80::ff:fe00:{0xa01 if link == 'a' else 0xb01:x}"

    @staticmethod
    def near4(link="a", host=3):
        return f"10.{L.NET[link]}.0.{host}"

    @staticmethod
    def near6(link="a", host=3):
        return f"fd{L.NET[link]:02x}::{host}"

    @staticmethod
    def near_ll(link="a", host=3):
        return f"fe80::{L.NET[link]}:{host}"
