# SPDX-License-Identifier: BSD-2-Clause
"""Results: compared with the list of known differences, counted by family, printed, written."""
import fnmatch
import json
import os

import normal

SAID_MAX = 4  # frames of each side that said() tells
RIGHT = ("leat", "linux", "both")


def digest(link, frame, notes=()):
    """A frame in a few words that are the same for like cases."""
    kind, at = normal.l3(frame)
    words = [link, f"type-{kind:04x}" if kind is not None else "short"]
    if kind == normal.ETH_IP and len(frame) >= at + 24:
        proto, l4 = frame[at + 9], at + (frame[at] & 15) * 4
        words = [link, f"icmp4 {frame[l4]}/{frame[l4 + 1]}" if proto == 1 and len(frame) > l4 + 1 else f"ip4 {proto}"]
        words += ["fragment"] if (frame[at + 6] << 8 | frame[at + 7]) & 0x3FFF else []
    elif kind == normal.ETH_IP6 and len(frame) >= at + 42:
        proto, l4, fragment = normal.walk6(frame, at)
        words = [link, f"icmp6 {frame[l4]}/{frame[l4 + 1]}" if proto == 58 and len(frame) > l4 + 1 else f"ip6 {proto}"]
        words += ["fragment"] if fragment else []
    elif kind == normal.ETH_ARP and len(frame) >= at + 8:
        words = [link, f"arp {frame[at + 7]}"]
    return " ".join(words + list(notes))


def said(answers):
    """`what leat said <> what the oracle said`."""
    sides = []
    for rows in answers.values():
        words = [digest(*r) for r in rows[:SAID_MAX]] + (["..."] if len(rows) > SAID_MAX else [])
        sides.append(", ".join(words) or "nothing")
    return " <> ".join(sides)


class BadList(Exception):
    pass


class Known:
    """A row of the file differences: cases whose ids match, what was said (by show.said()), who is right, by which RFC, why."""

    def __init__(self, line, number):
        parts = [p.strip() for p in line.split("|")]
        if len(parts) != 5 or not all(parts) or parts[2] not in RIGHT:
            raise BadList(f"differences:{number}: not `cases | said | {' or '.join(RIGHT)} | decided by | why`")
        self.pattern, self.said, self.right, self.decided, self.why = parts
        self.number, self.matched, self.differed = number, 0, 0

    def fits(self, case):
        return fnmatch.fnmatchcase(case.id, self.pattern)

    def explains(self, r):
        return self.fits(r.case) and fnmatch.fnmatchcase(r.said, self.said)


def read_known(path):
    with open(path, encoding="utf-8") as f:
        return [Known(line, i) for i, line in enumerate(f, 1) if line.strip() and not line.startswith("#")]


class Result:
    def __init__(self, case, differs, answers, error=None):
        self.case, self.differs, self.answers, self.error = case, differs, answers, error
        self.known = None
        self.said = error or said(answers)


class Verdict:
    """left_out: cases that could not be played; rows of the list about them are not judged."""

    def __init__(self, results, known, left_out=()):
        self.results, self.known = results, known
        self.left_out = [k for k in known if any(k.fits(c) for c in left_out)]
        for r in results:
            for k in known:
                k.matched += k.fits(r.case)
                if r.differs and k.explains(r):
                    k.differed += 1
                    r.known = r.known or k

    def differing(self):
        return [r for r in self.results if r.differs]

    def unlisted(self):
        return [r for r in self.results if r.differs and not r.known]

    def stale(self, of_all=False):
        """Rows that no case needs any more; of_all: those without any case, too, since all cases were played."""
        return [k for k in self.known if not k.differed and (k.matched or of_all) and k not in self.left_out]

    def table(self):
        rows = {}
        for r in self.results:
            row = rows.setdefault(r.case.group, dict(cases=0, spoke=0, differ=0, unlisted=0, linux_right=0,
                                                                   oracle=r.case.oracle))
            row["cases"] += 1
            row["spoke"] += any(r.answers.values())
            row["differ"] += bool(r.differs)
            row["unlisted"] += bool(r.differs and not r.known)
            row["linux_right"] += bool(r.differs and r.known and r.known.right == "linux")
        for row in [*rows.values()]:
            row["agree"] = row["cases"] - row["differ"]
            row["percent"] = 100.0 * row["agree"] / row["cases"]
        return rows

    def percent(self):
        return 100.0 * sum(not r.differs for r in self.results) / max(len(self.results), 1)

    def text(self):
        rows = self.table()
        lines = [f"{'family':<22}{'cases':>7}{'answered':>9}{'agree':>7}{'differ':>7}{'%':>7}  {'Linux right':>11}{'unlisted':>9}  oracle"]
        for name, r in sorted(rows.items()):
            lines.append(f"{name:<22}{r['cases']:>7}{r['spoke']:>9}{r['agree']:>7}{r['differ']:>7}{r['percent']:>7.1f}  "
                         f"{r['linux_right']:>11}{r['unlisted']:>9}  {r['oracle']}")
        lines.append(f"{'all':<22}{len(self.results):>7}{sum(r['spoke'] for r in rows.values()):>9}{sum(r['agree'] for r in rows.values()):>7}"
                     f"{sum(r['differ'] for r in rows.values()):>7}{self.percent():>7.1f}  "
                     f"{sum(r['linux_right'] for r in rows.values()):>11}{len(self.unlisted()):>9}")
        return "\n".join(lines)

    def problems(self, least_all, least_family, of_all=False):
        out = []
        if of_all and self.stale(True):
            out.append(f"{len(self.stale(True))} rows of the list explain nothing any more")
        if self.unlisted():
            out.append(f"{len(self.unlisted())} differences are not in the list")
        if self.percent() < least_all:
            out.append(f"{self.percent():.1f} % agree over all, {least_all:g} % should")
        out += [f"{name}: {r['percent']:.1f} % agree, {least_family:g} % should"
                for name, r in sorted(self.table().items()) if r["percent"] < least_family]
        return out

    def write(self, path, seeds):
        rows = [dict(id=r.case.id, oracle=r.case.oracle, agree=not r.differs, error=r.error,
                     right=r.known and r.known.right, decided=r.known and r.known.decided,
                     answers={dut: [[link, f.hex(), list(notes)] for link, f, notes in frames]
                              for dut, frames in r.answers.items()} if r.differs else None)
                for r in self.results]
        part = path + ".part"
        with open(part, "w", encoding="utf-8") as f:
            json.dump(dict(seeds=seeds, families=self.table(), percent=self.percent(), cases=rows), f, indent=1)
        os.replace(part, path)
