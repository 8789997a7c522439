#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""halfway.py SOCKET STEP: asks the leatd that listens there for its place, goes along for so many steps (1: hello, 2: snapshot, 3: switch) and
ends without a word; or, with STEP 4, says what makes no sense. Prints how many descriptors came with each answer."""
import array
import os
import re
import socket
import struct
import sys

HEADER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../apps/leatd/handover.h")
MAGIC, TAKE_OVER = 0x6C656174, 12
with open(HEADER) as f:
    VERSION = int(re.search(r"HANDOVER_VERSION = (\d+)", f.read()).group(1))
MESSAGE = "<IIIiII232s"


def ask(s, op):
    s.send(struct.pack(MESSAGE, MAGIC, VERSION, op, 0, 0, 0, b""))
    _, _, said, err, n_fds, _, why = struct.unpack(MESSAGE, s.recv(256))
    assert said == op and err == 0, (said, err, why)
    fds = array.array("i")
    while len(fds) < n_fds:
        _, control, _, _ = s.recvmsg(4, socket.CMSG_SPACE(200 * 4))
        for _, _, data in control:
            fds.frombytes(data)
    return fds


client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.connect(sys.argv[1])
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
request = struct.pack("<II", TAKE_OVER, 1) + bytes(24) + struct.pack("<II", 0, 0) + bytes(512)
socket.send_fds(client, [request], [theirs.fileno()])
theirs.close()
_, _, err = struct.unpack("<IIi", client.recv(1024)[:12])
assert err == 0, err
if sys.argv[2] == "4":
    ours.send(b"nonsense")
    ours.settimeout(5)
    print("answered", len(ours.recv(256)))
else:
    for step in range(1, int(sys.argv[2]) + 1):
        print("step", step, len(ask(ours, step)), "descriptors")
