# SPDX-License-Identifier: BSD-2-Clause
"""The same from many threads at once."""
import sys, threading


def at_once(n, one):
    """Runs one() n times; ends the program with what was wrong, each a word or two, or well when all were silent."""
    said = []

    def run():
        try:
            said.append(one())
        except Exception as e:
            said.append(repr(e))

    threads = [threading.Thread(target=run) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sys.exit('; '.join(w for w in said if w) or None)
