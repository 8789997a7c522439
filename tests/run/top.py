# SPDX-License-Identifier: BSD-2-Clause
"""top.py LEAT NAME: `leat top` on a terminal: keys, filter, pause, sizes, ends."""
import os
import signal
import subprocess
import sys
import time

from terminal import Terminal

leat, name = sys.argv[1:]


def top(*args, **kw):
    t = Terminal([leat, '-n', name, 'top', '-d', '0.2', *args], **kw)
    t.wait_for('leat ' + name)
    return t


t = top(rows=50)
for text in ('lcore', 'control', 'interface', 'g0', 'drop reason', 'node', 'q quit'):
    t.wait_for(text)
t.type('s\x0c')
t.wait_for('total')
t.type('s\x0c')
t.wait_for('name')
t.type('/')
t.wait_for('filter:')
t.type('nosuch\x0c')
t.wait_for('nosuch')
t.type('\x7f' * 6 + 'g0\r\x0c')
t.wait_for('filter g0')
t.type(' ')
t.wait_for('paused')
t.read(0.5)
assert t.read(0.6) == '', 'nothing is drawn anew while paused'
t.type('p')
t.wait_for('pause')
t.type('/\x1b')
t.resize(12, 40)
t.wait_for('leat ' + name)
t.type('1234')
t.read(0.5)
t.resize(5, 10)
t.resize(2, 2)
t.read(0.4)
t.resize(24, 80)
t.type('\x1b[B' * 3 + '\x1b[6~' * 3 + '\x1b[A' * 9)
t.read(0.3)
t.type('q')
assert t.status() == 0, 'q ends it'
assert b'\x1b[?1049l' in t.out, 'the screen is as before'

t = top()
os.kill(t.pid, signal.SIGTERM)
assert t.status() in (0, 1, 143), 'a signal ends it'
assert b'\x1b[?1049l' in t.out, 'and gives the screen back'
t = top()
t.type('\x03')
t.status()
t = Terminal([leat, '-n', name, 'top'], env={'TERM': 'no-such-terminal'})
t.wait_for('is not known')
assert t.status() == 1
r = subprocess.run([leat, '-n', name, 'top'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
assert r.returncode == 1 and 'there is no terminal' in r.stderr, r
