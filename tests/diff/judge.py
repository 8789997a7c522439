# SPDX-License-Identifier: BSD-2-Clause
"""Results: compared with the list of known differences, counted by family, printed, written."""
import fnmatch
import json
import os

RIGHT = ("leat", "linux", "both")


class BadList(Exception):
    pass


class Known:
    """A row of the file differences: cases whose ids match, who is right, by which RFC, why."""

    def __init__(self, line, number):
        parts = [p.strip() for p in line.split("|")]
        if len(parts) != 4 or not all(parts) or parts[1] not in RIGHT:
            raise BadList(f"differences:{number}: not `pattern | {' or '.join(RIGHT)} | decided by | why`")
        self.pattern, self.right, self.decided, self.why = parts
        self.number, self.matched, self.differed = number, 0, 0


def read_known(path):
    with open(path, encoding="utf-8") as f:
        return [Known(line, i) for i, line in enumerate(f, 1) if line.strip() and not line.startswith("#")]


class Result:
    def __init__(self, case, differs, answers, error=None):
        self.case, self.differs, self.answers, self.error = case, differs, answers, error
        self.known = None


class Verdict:
    def __init__(self, results, known):
        self.results, self.known = results, known
        for r in results:
            for k in known:
                if fnmatch.fnmatchcase(r.case.id, k.pattern):
                    k.matched += 1
                    if r.differs:
                        k.differed += 1
                        r.known = r.known or k

    def differing(self):
        return [r for r in self.results if r.differs]

    def unlisted(self):
        return [r for r in self.results if r.differs and not r.known]

    def stale(self):
        """Rows that no case needs any more, as far as their cases were played."""
        return [k for k in self.known if k.matched and not k.differed]

    def table(self):
        rows = {}
        for r in self.results:
            row = rows.setdefault(r.case.family.name, dict(cases=0, spoke=0, differ=0, unlisted=0, linux_right=0,
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
        lines = [f"{'family':<14}{'cases':>7}{'answered':>9}{'agree':>7}{'differ':>7}{'%':>7}  {'Linux right':>11}{'unlisted':>9}  oracle"]
        for name, r in sorted(rows.items()):
            lines.append(f"{name:<14}{r['cases']:>7}{r['spoke']:>9}{r['agree']:>7}{r['differ']:>7}{r['percent']:>7.1f}  "
                         f"{r['linux_right']:>11}{r['unlisted']:>9}  {r['oracle']}")
        lines.append(f"{'all':<14}{len(self.results):>7}{sum(r['spoke'] for r in rows.values()):>9}{sum(r['agree'] for r in rows.values()):>7}"
                     f"{sum(r['differ'] for r in rows.values()):>7}{self.percent():>7.1f}  "
                     f"{sum(r['linux_right'] for r in rows.values()):>11}{len(self.unlisted()):>9}")
        return "\n".join(lines)

    def problems(self, least_all, least_family):
        out = []
        if self.unlisted():
            out.append(f"{len(self.unlisted())} differences are not in the list")
        if self.percent() < least_all:
            out.append(f"{self.percent():.1f} % agree over all, {least_all:g} % should")
        out += [f"{name}: {r['percent']:.1f} % agree, {least_family:g} % should"
                for name, r in sorted(self.table().items()) if r["percent"] < least_family]
        return out

    def write(self, path, seed):
        rows = [dict(id=r.case.id, oracle=r.case.oracle, agree=not r.differs, error=r.error,
                     right=r.known and r.known.right, decided=r.known and r.known.decided,
                     answers={dut: [[link, f.hex(), list(notes)] for link, f, notes in frames]
                              for dut, frames in r.answers.items()} if r.differs else None)
                for r in self.results]
        part = path + ".part"
        with open(part, "w", encoding="utf-8") as f:
            json.dump(dict(seed=seed, families=self.table(), percent=self.percent(), cases=rows), f, indent=1)
        os.replace(part, path)
