# SPDX-License-Identifier: BSD-2-Clause
"""Cases in words: what was sent, what each dut answered, and what leat says about it."""
import difflib
import subprocess
import time

import craft
import judge
import lab as L


def brief(link, frame, notes=()):
    """One line for a frame."""
    text = craft.Ether(frame).summary().removeprefix("Ether / ")
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"{link}: {len(frame)} bytes {text}{note}  {frame[:14].hex()} {frame[14:90].hex()}{'...' if len(frame) > 90 else ''}"


def kinds(results):
    """Differences of one kind together: what leat and the other said, and the cases."""
    groups = {}
    for r in results:
        groups.setdefault((r.said, r.known), []).append(r.case.id)
    lines = []
    for (said, known), ids in sorted(groups.items(), key=lambda g: -len(g[1])):
        lines.append(f"\n{len(ids):5} {said}" + (f"  [{known.right} right: {known.decided}]" if known else ""))
        lines += ["        " + i for i in ids[:12]] + (["        ..."] if len(ids) > 12 else [])
    return "\n".join(lines)


def whole(link, frame):
    return f"{link}: {len(frame)} bytes\n" + craft.Ether(frame).show(dump=True).rstrip()


def difference(r):
    """What the duts said otherwise, as lines of - and +."""
    head = f"\n{r.case.id}" + (f"  [{r.known.right} right: {r.known.decided}]" if r.known else "")
    if r.error:
        return f"{head}\n  {r.error}"
    (one, other), lines = list(r.answers), []
    for d in difflib.ndiff([brief(*f) for f in r.answers[other]], [brief(*f) for f in r.answers[one]]):
        if d[0] != "?":
            lines.append("  " + {"-": other, "+": one, " ": "both"}[d[0]].ljust(6) + d[1:])
    return "\n".join([head, *(lines or ["  nothing but the order"])])


def play_shown(lab, c, play_once):
    """One case, once, with everything that can be seen of it."""
    leat = lab.duts[L.LEAT]
    before = leat.drops()
    tracer = subprocess.Popen([leat.leat, "-n", lab.prefix, "trace"], env=lab.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace")
    time.sleep(0.3)
    answers, steps = play_once(lab, c, 0, 0.3)
    tracer.terminate()
    trace = tracer.communicate()[0]
    print(f"\n==== {c.id}")
    for s in steps:
        print(f"---- sent at {whole(*s)}" if isinstance(s, tuple) else f"---- {s}")
    for name, frames in answers.items():
        print(f"---- {name} answered {len(frames)} frames")
        for link, frame, notes in frames:
            print(f"at {whole(link, frame)}", *notes)
    print("---- leat trace\n" + trace.rstrip())
    for (node, reason), n in sorted(leat.drops().items()):
        if n > before.get((node, reason), 0):
            print(f"---- leat drops: {n - before.get((node, reason), 0)} at {node}: {reason}")
    rows = list(answers.values())
    differs = any(r != rows[0] for r in rows)
    r = judge.Result(c, differs, answers)
    print("---- " + ("the answers differ" + difference(r) if differs else "the answers agree"))
    return r
