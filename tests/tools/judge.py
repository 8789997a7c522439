# SPDX-License-Identifier: BSD-2-Clause
"""Results: held against the list of known differences, counted by object, printed."""
import difflib
import fnmatch

import tidy

RIGHT = ("leat", "linux", "both")


class BadList(Exception):
    pass


class Known:
    """A row of the file differences: object, command, what was said, who is right, why."""

    def __init__(self, line, number):
        parts = [p.strip() for p in line.split(" | ")]
        if len(parts) != 5 or not all(parts) or parts[3] not in RIGHT:
            raise BadList(f"differences:{number}: not `object | command | said | {' or '.join(RIGHT)} | why`")
        self.object, self.command, self.said, self.right, self.why = parts
        self.number, self.used = number, 0

    def explains(self, r):
        return (fnmatch.fnmatchcase(r.object, self.object) and fnmatch.fnmatchcase(r.command, self.command) and fnmatch.fnmatchcase(r.said, self.said))

    def is_about(self, objects):
        return any(fnmatch.fnmatchcase(o, self.object) for o in objects)


def read_known(path):
    with open(path, encoding="utf-8") as f:
        return [Known(line.rstrip("\n"), i) for i, line in enumerate(f, 1) if line.strip() and not line.startswith("#")]


def lines_apart(a, b):
    """The lines that only one side has: (of a, of b)."""
    only = ([], [])
    for line in difflib.ndiff(a.splitlines(), b.splitlines()):
        if line[0] in "-+":
            only[line[0] == "+"].append(" ".join(line[2:].split()))
    return only


def said(one, other, fields):
    """`field: what leat said <> what the oracle said`, the first lines of the first field that tells."""
    telling = [f for f in ("stderr", "stdout", "events", "status") if f in fields][0]
    a, b = one[tidy.FIELDS.index(telling)], other[tidy.FIELDS.index(telling)]
    if telling == "status":
        return f"status: {a} <> {b}"
    here, there = lines_apart(a, b)
    return f"{telling}: {' / '.join(here[:2]) or 'nothing'} <> {' / '.join(there[:2]) or 'nothing'}"


class Result:
    def __init__(self, obj, name, command, leat, oracle):
        self.object, self.name, self.command = obj, name, command
        self.leat, self.oracle = tidy.tidy(command, leat), tidy.tidy(command, oracle)
        self.fields = tidy.differing(command, self.leat, self.oracle)
        self.differs = bool(self.fields)
        self.said = said(self.leat, self.oracle, self.fields) if self.fields else ""
        self.known = None

    def text(self):
        """The difference in lines of both sides."""
        out = [f"\n{self.name}: {self.command}" + (f"  [{self.known.right} right: {self.known.why}]" if self.known else "")]
        for f in self.fields:
            a, b = self.leat[tidy.FIELDS.index(f)], self.oracle[tidy.FIELDS.index(f)]
            if f == "status":
                out.append(f"  status {a} <> {b}")
                continue
            out.append(f"  {f}:")
            diff = [d for d in difflib.ndiff(b.splitlines(), a.splitlines()) if d[0] in "-+"]
            out += ["    " + {"-": "oracle ", "+": "leat   "}[d[0]] + d[2:] for d in diff[:12]]
            out += ["    (the order alone, or times)"] if not diff else []
        return "\n".join(out)


class Verdict:
    def __init__(self, results, known):
        self.results, self.known = results, known
        for r in results:
            for k in known:
                if r.differs and k.explains(r):
                    k.used += 1
                    r.known = r.known or k

    def differing(self):
        return [r for r in self.results if r.differs]

    def unlisted(self):
        return [r for r in self.results if r.differs and not r.known]

    def stale(self):
        return [k for k in self.known if not k.used]

    def percent(self, obj=None):
        rows = [r for r in self.results if obj in (None, r.object)]
        return 100.0 * sum(not r.differs for r in rows) / max(len(rows), 1)

    def objects(self):
        return sorted({r.object for r in self.results})

    def text(self):
        lines = [f"{'object':<12}{'commands':>9}{'well':>7}{'equal':>7}{'differ':>7}{'%':>7}{'unlisted':>9}"]
        for obj in [*self.objects(), "all"]:
            rows = [r for r in self.results if obj in ("all", r.object)]
            differ = [r for r in rows if r.differs]
            lines.append(f"{obj:<12}{len(rows):>9}{sum(r.oracle[0] == 0 for r in rows):>7}{len(rows) - len(differ):>7}{len(differ):>7}"
                         f"{100.0 * (len(rows) - len(differ)) / len(rows):>7.1f}{sum(not r.known for r in differ):>9}")
        return "\n".join(lines)

    def kinds(self):
        groups = {}
        for r in self.differing():
            groups.setdefault((r.object, r.said, r.known), []).append(r)
        out = []
        for (obj, what, known), rows in sorted(groups.items(), key=lambda g: (g[0][0], -len(g[1]))):
            out.append(f"{len(rows):4} {obj} | {what}" + (f"  [{known.right}]" if known else ""))
            out += [f"       {r.name}: {r.command}" for r in rows[:3]]
        return "\n".join(out)
