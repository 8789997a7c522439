# SPDX-License-Identifier: BSD-2-Clause
"""Commands written by hand, a file a subject. Its lines: `# text`; `@object NAME [SETUP [ORACLE]]` begins a session; all else is a command."""
import os

import gen


class BadFile(Exception):
    pass


def read(path, title):
    current = None
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("@"):
                if current:
                    yield current
                parts = line[1:].split()
                if len(parts) < 2 or len(parts) > 4 or parts[2:3] and parts[2] not in gen.SETUPS:
                    raise BadFile(f"{path}:{n}: not `@object name [setup [oracle]]`")
                obj, name, setup, oracle = (parts + ["net", "host"][len(parts) - 2:])[:4]
                current = (obj, f"{title}/{name}", setup, "ip monitor all", [], oracle)
            elif current:
                current[4].append(line)
            else:
                raise BadFile(f"{path}:{n}: no session has begun")
    if current:
        yield current


def sessions(directory, only=()):
    for name in sorted(os.listdir(directory)):
        if name.endswith(".txt"):
            for s in read(os.path.join(directory, name), name[:-4]):
                if not only or s[0] in only:
                    yield s
