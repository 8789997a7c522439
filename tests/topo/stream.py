#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""stream.py send ADDRESS RATE | receive ADDRESS: numbered datagrams. The sender says how many it sent when it is told to end; the receiver,
whenever a moment passes without any, how many different ones it has seen."""
import signal
import socket
import sys
import time

PORT = 9099


def send(to, rate):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    n, start, going = 0, time.monotonic(), [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    while going:
        due = int((time.monotonic() - start) * rate)
        while n < due:
            s.sendto(n.to_bytes(8, "big") + bytes(56), (to, PORT))
            n += 1
        time.sleep(0.001)
    print("sent", n)


def receive(at):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.settimeout(0.2)
    s.bind((at, PORT))
    seen, told = set(), -1
    while True:
        try:
            seen.add(s.recv(2048)[:8])
        except socket.timeout:
            if len(seen) != told:
                told = len(seen)
                print("received", told, flush=True)


if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]))
else:
    receive(sys.argv[2])
